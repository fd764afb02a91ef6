"""What people see, kept as files that a person can open: tests/__snapshots__."""

from __future__ import annotations

import re

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from infusecalc.cli import run
from infusecalc.cli.plan import render
from support import course, someone

VIEWS = {
    "crohns_schedule": ("infliximab/crohns", {}, {}),
    "crohns_look_up": ("infliximab/crohns", {"weight": "154lb", "age": "34y"}, {"start": None}),
    "gpa_two_years_three_severities": (
        "rituximab/gpa",
        {"age": "17y", "id": "A-17"},
        {"for_": "2y", "label": "eu", "round_": "100mg", "has": ["heart-failure"], "dose": ["maintenance=1200mg"]},
    ),
    "pemphigus_if_needed": ("rituximab/pv", {}, {"label": "eu", "for_": "30m", "start": "2026-08-31"}),
    "child_without_a_labelled_rate": ("rituximab/gpa-pediatric", {"age": "9y"}, {"start": None}),
    "arthritis_accepted": (
        "infliximab/ra",
        {"age": "61y"},
        {"dose": ["10mg/kg"], "every": ["4w"], "accept": ["escalation-combined=third line, board of 3 June"]},
    ),
}


class Text(SingleFileSnapshotExtension):
    """One readable file for each view."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def without_digest(text: str) -> str:
    """The text without the digest of the table, which changes with every word of it."""
    return re.sub(r"\b[0-9a-f]{64}\b|\([0-9a-f]{12}\b", "(DIGEST", text)


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view(view, form, snapshot):
    regimen, known, options = VIEWS[view]
    text = render(course(regimen, someone(regimen, **known), **options), form, 80, coloured=False)
    assert without_digest(text) == snapshot(extension_class=Text)


SHOWN = ["list", "show infliximab crohns --label us", "show rituximab gpa --label eu"]


@pytest.mark.parametrize("line", SHOWN)
def test_the_table_as_it_is_shown(line, snapshot, capfd):
    assert run(["regimens", *line.split()]) == 0
    assert capfd.readouterr().out == snapshot(extension_class=Text)
