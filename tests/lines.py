"""Cases that are lines as people type them: the line is run, and every word of the case held against the answer."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from infusecalc.cli import run
from support import HERE, only, read_yaml

ADULT = {"--weight": "70kg", "--height": "175cm"}
CHILD = {"--weight": "30kg", "--height": "130cm"}
KEYS = "run given file due given_rows plan findings also exit refused because"


def read(name: str) -> list[dict[str, Any]]:
    """The cases of a file."""
    groups = read_yaml(HERE / "cases" / f"{name}.yaml")
    assert all(only(group, "source cases")["source"] for group in groups.values())
    return [only(case, KEYS) for group in groups.values() for case in group["cases"]]


def sentences(cases):
    return [pytest.param(case, id=case["name"]) for case in cases]


def written(value: Any) -> Any:
    """An expected value as JSON writes it: dates as text."""
    if isinstance(value, dict):
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, list):
        return [written(each) for each in value]
    return str(value) if isinstance(value, dt.date) else value


def line_of(case: dict[str, Any]) -> list[str]:
    """The words of a case's line, with what was given and, unless said, a weight and a height that fit."""
    words = shlex.split(case["run"])
    words += [word for day in case.get("given", []) for word in ("--given", str(day))]
    if "file" in case:
        Path("given.csv").write_text(case["file"], encoding="utf-8", newline="")
        words += ["--history", "given.csv"]
    child = "pediatric" in words[2] or words[2] in ("jia", "kawasaki")
    usual = (CHILD if child else ADULT).items()
    added = [
        (flag, value) for flag, value in usual if flag not in words and (flag != "--height" or "--bsa" not in words)
    ]
    return [*words, *(word for pair in added for word in pair if pair[1])]


def parts(value: Any, wanted: Any) -> Any:
    """A value as far as a case speaks of it."""
    if isinstance(wanted, list) and len(value) == len(wanted):
        return [parts(*pair) for pair in zip(value, wanted, strict=True)]
    return {name: parts(value[name], wanted[name]) for name in wanted} if isinstance(wanted, dict) else value


def told(finding: dict[str, Any], wanted: Any) -> Any:
    """A finding as far as a case speaks of it: the infusions that it is about, or the parts that are named."""
    if not isinstance(wanted, dict):
        return finding["infusions"]
    message, says = finding["message"], wanted.get("says", "")
    return {name: (finding | {"says": says if says in message else message})[name] for name in wanted}


def check(case: dict[str, Any], capsys) -> None:
    """Run the line of a case, and hold every word of the case against the answer."""
    code = run([*line_of(case), "--format", "json"])
    out, err = capsys.readouterr()
    if "refused" in case:
        assert (code, out, err) == (2, "", f"infusecalc: {case['refused']}\n")
        return
    assert code == case.get("exit", 0), err
    document, expected = json.loads(out), written(case)
    rows = {"given_rows": document.get("given"), "plan": document.get("infusions")}
    for kind, listed in rows.items():
        wanted = expected.get(kind, {})
        assert {name: [row[name] for row in listed] for name in wanted} == wanted
    if "due" in case:
        due = document["due"]
        assert (due and {name: due[name] for name in expected["due"]}) == expected["due"]
    for finding, wanted in expected.get("findings", {}).items():
        found = [each for each in document["findings"] if each["code"] == finding]
        assert len(found) == len(wanted), [each["message"] for each in found]
        assert [told(*pair) for pair in zip(found, wanted, strict=True)] == wanted
    wanted = expected.get("also", {})
    assert parts(document, wanted) == wanted


CASES = read("history")
