"""What a user must see: every finding on both sides of its boundary, acceptances, and the order of severity."""

from functools import cache
from typing import Any

import pytest

from infusecalc import Course, InfusecalcError, load_table
from infusecalc.choices import Acceptance
from infusecalc.findings import Finding, carries, settle
from infusecalc.output.ical import Appointment, calendar
from infusecalc.output.records import records
from infusecalc.statements import Citation
from support import HERE, every_regimen, only, read_yaml, someone
from support import course as planned

FINDINGS = read_yaml(HERE / "cases" / "findings.yaml")
CASES = [case for rule in FINDINGS["rules"] for case in rule["cases"]]
SEVERITIES = {code: [one] if isinstance(one, str) else one for code, one in FINDINGS["severities"].items()}
GRAVEST_FIRST = ["block", "caution", "info"]
OPTIONS = {"for": "for_", "from": "from_", "round": "round_"}
COMPARED = ("detail", "infusions", "phases", "reason")
FOUND_KEYS = {*COMPARED, "severity", "says", "message", "cites"}
KEYS = "regimen undated patient asked table findings blocked because"


def sentences(cases):
    return [pytest.param(case, id=case["name"]) for case in cases]


@cache
def local_table(name: str):
    return load_table(HERE / "tables" / name)


def course(case: dict[str, Any]) -> Course:
    options = {OPTIONS.get(name, name.replace("-", "_")): value for name, value in case.get("asked", {}).items()}
    if case.get("undated"):
        options["start"] = None
    if "table" in case:
        options["table"] = local_table(case["table"])
    return planned(case["regimen"], someone(case["regimen"], **case.get("patient", {})), **options)


@pytest.fixture(scope="session")
def answers():
    """The course of a case of FINDINGS, made once."""
    made: dict[str, Course] = {}

    def answer(case: dict[str, Any]) -> Course:
        if case["name"] not in made:
            made[case["name"]] = course(case)
        return made[case["name"]]

    return answer


def expected(case, code):
    """What a case says of the findings of a code, with what it leaves out filled in; a bare word is a detail."""
    told = [one if isinstance(one, dict) else {"detail": one} for one in case["findings"].get(code, [])]
    words = [one.get("says", []) for one in told]
    return [
        dict.fromkeys(COMPARED) | one | {"says": says if isinstance(says, list) else [says]}
        for one, says in zip(told, words, strict=True)
    ]


def compared(finding, wanted):
    """A finding as far as a case speaks of it, in the words of the case."""
    shown = {name: getattr(finding, name) for name in COMPARED}
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}
    shown["says"] = [words for words in wanted["says"] if words in finding.message]
    also = {
        "message": finding.message,
        "severity": finding.severity,
        "cites": "; ".join(map(str, finding.source)),
    }
    return shown | {name: value for name, value in also.items() if name in wanted}


def blocks(case):
    """Whether a case expects a block: of its findings one is of a code that blocks, and no reason accepts it."""
    told = [(code, one) for code in case["findings"] for one in expected(case, code) if one["reason"] is None]
    return any("block" in SEVERITIES[code] and one.get("severity", "block") == "block" for code, one in told)


@pytest.mark.parametrize("case", sentences(CASES))
def test_what_is_found(case, answers):
    answer = answers(case)
    for code in case["findings"]:
        found = [finding for finding in answer.findings if finding.code == code]
        wanted = expected(case, code)
        assert len(found) == len(wanted), (code, [finding.message for finding in found])
        assert [compared(*pair) for pair in zip(found, wanted, strict=True)] == wanted
    assert answer.blocked is case.get("blocked", blocks(case))
    ranks = [GRAVEST_FIRST.index(finding.severity) for finding in answer.findings]
    assert ranks == sorted(ranks), "blocks come before cautions, and cautions before info"
    assert {finding.code for finding in answer.findings} <= SEVERITIES.keys()
    assert all(finding.source and finding.message for finding in answer.findings)


@pytest.mark.parametrize("code", SEVERITIES)
def test_every_finding_of_a_code_is_as_grave_as_the_code(code, answers):
    asked = [case for case in CASES if case["findings"].get(code)]
    found = [finding for case in asked for finding in answers(case).findings if finding.code == code]
    assert {finding.severity for finding in found if not finding.accepted} == set(SEVERITIES[code])
    assert {finding.severity for finding in found if finding.accepted} <= {"caution"}


@pytest.mark.parametrize("code", SEVERITIES)
def test_every_code_has_cases_on_both_sides(code):
    asked = [case["findings"][code] for case in CASES if code in case["findings"]]
    assert any(asked)
    assert not all(asked)


@pytest.mark.parametrize("code", SEVERITIES)
def test_one_case_of_every_code_holds_its_message_and_its_source(code):
    asked = [one for case in CASES for one in expected(case, code)]
    assert any("cites" in one for one in asked)
    assert any("message" in one for one in asked)


def test_findings_of_all_three_severities_come_in_that_order():
    answer = course({"regimen": "infliximab/gpp", "patient": {"weight": "29kg"}, "asked": {"has": ["active-tb"]}})
    severities = [finding.severity for finding in answer.findings]
    assert list(dict.fromkeys(severities)) == GRAVEST_FIRST


def test_a_finding_is_accepted_only_where_it_has_a_reason():
    answer = course({"regimen": "infliximab/uc", "asked": {"dose": ["6mg/kg"], "accept": ["dose-above-label=agreed"]}})
    assert [finding.code for finding in answer.findings if finding.accepted] == ["dose-above-label"]
    assert [finding.reason for finding in answer.findings if finding.accepted] == ["agreed"]


def test_a_finding_is_named_by_its_code_and_its_detail():
    answer = course({"regimen": "infliximab/ra", "asked": {"has": ["active-tb"]}})
    keys = {finding.key for finding in answer.findings}
    assert {"contraindicated:active-tb", "companion:methotrexate", "age-unknown"} <= keys


# of the drug, under both labels: sources beside the rules of cases/findings.yaml
HOLDS_EVERYWHERE = {
    "infliximab": {"latent-tb-untreated": "block", "active-tb": "block"},
    "rituximab": {
        "hepatitis-b-active": "block",
        "hepatitis-b-past": "caution",
        "drug-hypersensitivity": "block",
        "murine-allergy": "block",
    },
}


@pytest.mark.parametrize(("regimen", "label"), every_regimen())
def test_what_holds_for_a_drug_holds_for_every_regimen_and_variant_of_it(regimen, label):
    conditions = HOLDS_EVERYWHERE[regimen.partition("/")[0]]
    variants = planned(regimen, label=label, start=None).regimen.rules.variants
    for variant in (None, *variants):
        for condition, severity in conditions.items():
            answer = planned(regimen, label=label, variant=variant, has=[condition])
            found = [finding for finding in answer.findings if finding.detail == condition]
            assert [finding.severity for finding in found] == [severity], (variant, condition)
            assert answer.blocked is (severity == "block"), (variant, condition)


@pytest.mark.parametrize("case", sentences(FINDINGS["refused"]))
def test_an_acceptance_that_meets_no_block_is_refused(case):
    with pytest.raises(InfusecalcError) as refused:
        course(case)
    assert str(refused.value) == case["refused"]
    assert refused.value.exit_code == 2


def test_no_reason_turns_a_bag_that_is_too_small_into_a_caution():
    found = course({"regimen": "infliximab/crohns", "asked": {"bag": "34mL"}}).findings
    accepted = settle(found, (), (), [Acceptance("bag-too-small", None, "agreed")])
    assert [finding.severity for finding in accepted if finding.code == "bag-too-small"] == ["block", "block"]


@pytest.mark.parametrize(
    ("about", "carried"),
    [
        (None, True),  # the whole course
        ((), True),  # no infusion
        ((2, 3), True),  # one of the row
        ((3, 4), False),  # others that are shown
        ((9,), True),  # one that no row shows
        ((3, 9), False),  # one that is shown elsewhere, and one that is not
    ],
)
def test_a_row_carries_what_is_about_it_and_what_no_other_row_carries(about, carried):
    assert carries({1, 2}, about, {1, 2, 3, 4}) is carried


def test_a_finding_about_what_is_not_shown_is_in_every_row_and_event():
    made_up = Finding("companion", "made up", (Citation("house"),), infusions=(99,), phases=("afterwards",))
    for start in ("2026-12-01", None):
        plan = planned("infliximab/crohns", someone(id="17"), start=start).but(findings=(made_up,))
        assert {row["findings"] for row in records(plan)} == {"companion"}
    dated = planned("infliximab/crohns", someone(id="17")).but(findings=(made_up,))
    assert calendar(dated, Appointment())[0].count(b"info: companion") == len(dated.infusions)


def test_a_finding_about_no_infusion_and_no_phase_is_about_the_whole_course():
    found = Finding("companion", "made up", (), infusions=(), phases=())
    assert (found.infusions, found.phases) == (None, None)


def test_every_case_is_a_sentence_of_its_own_and_says_why():
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(only(case, KEYS)["because"] for case in CASES)
    assert all(only(case, "regimen patient asked refused") for case in FINDINGS["refused"])
    assert all(only(rule, "rule source cases")["source"] for rule in FINDINGS["rules"])
    assert all(one.keys() <= FOUND_KEYS for case in CASES for code in case["findings"] for one in expected(case, code))
    assert {code for case in CASES for code in case["findings"]} == SEVERITIES.keys()
