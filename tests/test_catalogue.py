"""The catalogue of findings: each code once, for one patient, for a cohort, on its page and in the tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from infusecalc import findings
from infusecalc.cli import run
from infusecalc.cohort import expand
from infusecalc.findings import CATALOGUE, RULES, SEVERITIES, Case, Finding
from infusecalc.findings.catalogue import Code, never_accepted, of_numbers
from infusecalc.findings.model import HOUSE
from support import HERE, read_yaml

TOLD = read_yaml(HERE / "cases" / "findings.yaml")["severities"]
ELSEWHERE = {"infusion-too-long", "over-capacity"}
"""Codes that no course has: their cases stand with the stops of an infusion, and with the agenda."""

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")


def test_the_cases_name_every_code_with_its_severities() -> None:
    told = {code: {one} if isinstance(one, str) else set(one) for code, one in TOLD.items()}
    assert told == {code: set(each.severities) for code, each in CATALOGUE.items() if code not in ELSEWHERE}


def test_of_several_severities_the_first_is_the_usual_one() -> None:
    assert {code: entry.severities for code, entry in CATALOGUE.items() if len(entry.severities) > 1} == {
        "gap-below-label": ("block", "caution"),
        "start-outside-window": ("block", "caution"),
        "protocol": ("caution", "info"),
    }


def test_every_entry_has_known_severities_and_one_line_of_meaning() -> None:
    for code, entry in CATALOGUE.items():
        assert entry.severities, code
        assert set(entry.severities) <= set(SEVERITIES), code
        assert entry.when.strip() == entry.when, code
        assert not {"|", "\n"} & set(entry.when), code
        assert not entry.when.endswith("."), code


def test_every_finding_of_numbers_names_a_rule_and_stands_in_the_order_of_the_rules() -> None:
    listed = [entry.numbers for code, entry in CATALOGUE.items() if entry.numbers]
    assert list(dict.fromkeys(listed)) == [name for name in RULES if name in listed]
    assert of_numbers() == tuple(code for name in RULES for code in of_numbers(name))


def test_what_hangs_on_a_patients_own_numbers_is_asked_row_by_row_in_a_cohort() -> None:
    rules = dict.fromkeys(entry.numbers for entry in CATALOGUE.values() if entry.numbers)
    assert {rule: of_numbers(rule) for rule in rules} == {
        "size": ("age-unknown", "age-outside-regimen", "age-crosses-limit", "weight-unusual", "size-unusual"),
        "usual": ("dose-above-usual",),
        "preparation": (
            "bsa-capped",
            "dose-capped",
            "rounding-applied",
            "rounding-refused",
            "bag-too-small",
            "concentration-low",
            "concentration-high",
            "concentration-margin",
            "waste-below-unit",
            "price-missing",
        ),
        "protocol": ("protocol-not-studied", "time-below-label"),
    }


def test_what_cannot_be_accepted_blocks_and_says_what_to_do_instead() -> None:
    final = [code for code in CATALOGUE if never_accepted(code)]
    assert final == ["bag-too-small"]
    assert CATALOGUE["bag-too-small"].severities == ("block",)
    assert CATALOGUE["bag-too-small"].told == "block, cannot be accepted"
    assert CATALOGUE["protocol"].told == "caution, info"
    assert never_accepted("bag-too-small") == (
        "what does not fit in the bag cannot be made up",
        "give a larger bag, with `bag`",
    )
    assert never_accepted("nothing") is None


def test_a_code_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(LookupError, match="the finding 'made-up' is not declared in the catalogue"):
        Finding("made-up", "text", HOUSE)


def test_a_severity_that_is_not_declared_for_the_code_is_an_error() -> None:
    assert Finding("start-outside-window", "text", HOUSE).severity == "block"
    assert Finding("start-outside-window", "text", HOUSE, severity="caution").severity == "caution"
    with pytest.raises(LookupError, match="'start-outside-window' is block or caution, never 'info'"):
        Finding("start-outside-window", "text", HOUSE, severity="info")


def test_a_block_that_is_accepted_is_a_caution() -> None:
    block = Finding("concentration-low", "text", HOUSE)
    assert (block.severity, block.but(reason="agreed").severity) == ("block", "caution")
    assert block.but(reason="agreed").but(message="more").severity == "caution"


def made_up(case: Case) -> Iterator[Finding]:
    """A made-up rule: it always finds."""
    yield case.about("made-up", case.phases, "a made-up rule", HOUSE)


def test_a_new_finding_is_one_entry_and_one_rule(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(CATALOGUE, "made-up", Code(("caution",), "a made-up rule finds it"))
    monkeypatch.setitem(findings.RULES, "made-up", made_up)
    line = ["schedule", "infliximab", "crohns", "--weight", "70kg", "--start", "2026-12-01", "--patient-id", "17"]

    def said(*options: str) -> str:
        assert run([*line, *options]) == 0
        return capfd.readouterr().out

    assert "made-up" in said()
    assert "a made-up rule" in said("--format", "md")
    [found] = [each for each in json.loads(said("--format", "json"))["findings"] if each["code"] == "made-up"]
    assert found["severity"] == "caution"
    assert all("made-up" in row for row in said("--format", "csv").splitlines()[1:])
    assert "caution: made-up" in said("--format", "ics").replace("\r\n ", "")
    row: dict[str, Any] = {"drug": "infliximab", "indication": "crohns", "weight_kg": "70", "start": "2026-12-01"}

    assert expand(pl.DataFrame([row]))["findings"].str.contains("made-up").all()
