"""What people see, kept as files that a person can open: tests/__snapshots__.

A view is kept once, as a terminal shows it, and one of them as Markdown too; test_formats.py holds the other formats
against each other and against their schema.
"""

from __future__ import annotations

import re

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from infusecalc.cli import run
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.formats import FORMATS, Look
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
    """The text without the digest of the table, which changes with every word of it, and the program's version."""
    text = re.sub(r'"program": "[^"]+"', '"program": "VERSION"', text)
    return re.sub(r"\b[0-9a-f]{64}\b|\([0-9a-f]{12}\b", "(DIGEST", text)


@pytest.mark.parametrize(
    ("view", "form"),
    [*((view, "table") for view in VIEWS), ("gpa_two_years_three_severities", "md"), ("crohns_schedule", "full")],
)
def test_a_view(view, form, snapshot):
    regimen, known, options = VIEWS[view]
    answer = CourseAnswer(course(regimen, someone(regimen, **known), **options))
    look = Look(80, False, {"full": form == "full"})
    text, _ = FORMATS["table" if form == "full" else form].write(answer, look)
    assert without_digest(text) == snapshot(extension_class=Text)


SHOWN = ["list", "show infliximab crohns --label us", "show rituximab gpa --label eu"]


@pytest.mark.parametrize("line", SHOWN)
def test_the_table_as_it_is_shown(line, snapshot, capfd):
    assert run(["regimens", *line.split()]) == 0
    assert capfd.readouterr().out == snapshot(extension_class=Text)


CHAIR = {
    "rate_arthritis_first": "rate rituximab ra --weight 70kg --first --at 09:30",
    "rate_stopped_and_resumed": (
        "rate rituximab gpa --weight 70kg --height 175cm --stopped-at 100 --pause 20 --at 23:10"
    ),
    "rate_shortened": "rate infliximab crohns --label eu --weight 70kg --number 4 --protocol shortened --dose 7mg/kg",
    "check_pounds": "check infliximab crohns --weight 70kg --ordered 771.5mg",
    "check_both_escalated": "check infliximab ra --weight 70kg --ordered 700mg --ordered-every 4w",
    "next_late": (
        "next infliximab crohns --label eu --weight 70kg --given 2026-01-05:350mg --given 2026-01-25 --on 2026-03-01"
    ),
    "next_on_the_plan": (
        "next infliximab uc --weight 70kg --anchor planned --given 2026-01-05 --given 2026-01-19 --given 2026-02-16 "
        "--given 2026-06-01"
    ),
    "schedule_of_a_clinic": (
        "schedule infliximab as --weight 70kg --weight 2027-03-01=78kg --given 2026-12-01:350mg --given 2026-12-18 "
        "--days mon,wed-fri --holidays US --tolerance 3d --totals --price 100mg=174.63"
    ),
}


@pytest.mark.parametrize("form", ["table"])
@pytest.mark.parametrize("view", CHAIR)
def test_a_view_of_the_chair(view, form, snapshot, capfd):
    assert run([*CHAIR[view].split(), "--format", form]) in (0, 3)
    assert without_digest(capfd.readouterr().out) == snapshot(extension_class=Text)
