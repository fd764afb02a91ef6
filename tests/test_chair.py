"""Chair time: what an infusion takes in the chair beside its own time, in one place and in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.errors import BadInput
from infusecalc.output import phrases
from infusecalc.output.records import document, records
from support import cases, course

OURS = "sources: {ours: {title: A, publisher: B, date: unknown, section: unknown, url: unknown, grade: house}}\n"
OPTIONS = {"for": "for_"}
CASES = cases("chair", "regimen asked undated site parts time chair total because")


@pytest.mark.parametrize("case", CASES)
def test_the_time_in_the_chair(case: dict[str, Any], tmp_path: Path) -> None:
    asked = {OPTIONS.get(name, name): value for name, value in case.get("asked", {}).items()}
    if "site" in case:
        (tmp_path / "site.yaml").write_text(OURS + case["site"], encoding="utf-8")
        asked["table"] = load_table(tmp_path / "site.yaml")
    if case.get("undated"):
        asked["start"] = None
    made = course(case["regimen"], **asked)
    found = document(made)
    rows = found["phases" if case.get("undated") else "infusions"]
    assert [row["duration_min"] for row in rows] == case["time"]
    assert [row["chair_min"] for row in rows] == case["chair"]
    assert [row["chair_min"] for row in records(made)] == case["chair"]
    assert found.get("totals", {}).get("chair_min") == case.get("total")
    if "parts" in case:
        assert list(found["chair"].values()) == case["parts"]


def test_every_case_is_a_sentence_of_its_own_and_says_why() -> None:
    assert all(case.values[0]["because"] for case in CASES)


@pytest.mark.parametrize(
    ("regimen", "asked", "said"),
    [
        (
            "infliximab/crohns",
            {"label": "eu"},
            "premedication 0 min (none stated) before, the infusion, observation 1 h ",
        ),
        (
            "rituximab/ra",
            {"turnover": "75"},
            "premedication 30 min before, the infusion, observation 0 min (none stated) ",
        ),
    ],
)
def test_where_nothing_is_stated_that_is_said(regimen: str, asked: dict[str, str], said: str) -> None:
    turnover = "1 h 15 min" if "turnover" in asked else "0 min"
    assert phrases.chair(course(regimen, **asked).chair) == f"Chair time: {said}after, turnover {turnover}"


@pytest.mark.parametrize(("turnover", "problem"), [("-5", "is negative"), ("1 h", "unknown unit"), ("", "is empty")])
def test_a_turnover_that_is_none_is_refused(turnover: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        course("infliximab/crohns", turnover=turnover)


def test_the_sums_tell_infusion_time_and_chair_time_apart(capsys: pytest.CaptureFixture[str]) -> None:
    asked = "schedule infliximab crohns --label eu --weight 70kg --start 2026-12-01 --doses 3 --totals"
    line = asked.split()
    assert run(line) == 0
    page = capsys.readouterr().out
    # 2 and 1 infusions, each 2 h and 1 h of observation
    assert "infusion time  chair time" in page
    assert re.search(r"^2026-12 +2 +700 mg +8 x 100 mg +100 mg +4 h +6 h$", page, re.MULTILINE)
    assert "Chair time: premedication 0 min (none stated) before" in page
    assert run([*line, "--format", "ndjson"]) == 0
    rows = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [row["chair_min"] for row in rows] == [360, 180, 360, 180, 540]
    assert list(rows[0])[-6:] == ["findings", "accepted", "severity", "blocks", "cautions", "chair_min"]


def test_the_other_answers_have_the_chair_time_of_their_infusion(capsys: pytest.CaptureFixture[str]) -> None:
    for line, place, chair in (
        # 120 + 60; 1000 mg: 255 and 195 minutes, and 30 minutes before
        ("next infliximab crohns --label eu --weight 70kg --given 2026-12-01", "due", 180),
        ("rate rituximab ra --weight 70kg", None, 285),
        ("rate rituximab ra --weight 70kg --subsequent", None, 225),
    ):
        assert run([*line.split(), "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found[place] if place else found)["chair_min"] == chair
