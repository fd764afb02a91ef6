"""The off-label regimens and variants as people type them, under both labels, and how their phases are told."""

import pytest

from infusecalc.output.phrases import heading
from infusecalc.output.working import working
from lines import check, read, sentences
from support import LABELS, course, table

CASES = read("off_label")
LINES = [case for case in CASES if "--label" in case["run"]] + [
    case | {"name": f"{case['name']} ({label})", "run": f"{case['run']} --label {label}"}
    for case in CASES
    if "--label" not in case["run"]
    for label in LABELS
]
"""Every line under both labels, unless it names one."""

ELSEWHERE = {f"infliximab/{name}" for name in ("gpp", "takayasu", "jia")} | {
    f"rituximab/{name}" for name in ("sle", "ms", "aiha")
}
"""Off-label regimens with their cases in other files."""

TOLD = {
    "rituximab/membranous": "second-course: 1,000 mg, days 0 and 14, only if needed, "
    "from 6 months after the first course infusion",
    "rituximab/nephrotic-pediatric": "course: 375 mg/m2, days 0 and 14, the one on day 14 only if needed",
    "rituximab/gpa mainritsan": "maintenance: 500 mg, days 0 and 14, then every 6 months, 5 infusions in all",
    "rituximab/mpa ritazarem": "maintenance: 1,000 mg, every 4 months, 5 infusions in all",
    "infliximab/acute-severe-uc": "week-3: 5 mg/kg, 2 weeks after the first week-1 infusion",
    "infliximab/hidradenitis": "course: 7.5 mg/kg, every 4 weeks",
    "rituximab/pv": "maintenance: 500 mg, every 6 months",
}
"""The last phase of a regimen, or of its variant, in one line."""


@pytest.mark.parametrize("case", sentences(LINES))
def test_an_off_label_regimen_is_as_its_source_has_it(case, capsys):
    check(case, capsys)


def test_every_off_label_regimen_and_every_variant_has_a_case_that_plans_it():
    lines = [case["run"].split() for case in CASES if case["run"].startswith("schedule")]
    planned = {
        (f"{words[1]}/{words[2]}", words[words.index("--variant") + 1] if "--variant" in words else None)
        for words in lines
    }
    for name in table().names("regimens"):
        rules = table().regimen(*name.split("/"), "us").rules
        own = {(name, None)} if rules.status.is_ == "off-label" and name not in ELSEWHERE else set()
        assert own | {(name, variant) for variant in rules.variants} <= planned


@pytest.mark.parametrize(("which", "line"), TOLD.items())
def test_a_phase_tells_when_it_begins_and_ends_and_what_is_if_needed(which, line):
    regimen, _, variant = which.partition(" ")
    assert heading(course(regimen, variant=variant or None, start=None).phases[-1]) == line


@pytest.mark.parametrize(
    ("regimen", "told"),
    [
        # 6 infusions, and the protocol begins with the fifth
        ("infliximab/sarcoidosis", "100 mL/h for 15 min, 300 mL/h to the end = 1 h"),
        # an induction of 3 infusions is over before it
        ("infliximab/behcet-uveitis", "over 120 min = 2 h"),
    ],
)
def test_the_working_tells_the_rate_of_the_time_beside_it(regimen, told):
    answer = course(regimen, protocol="rapid-250", start=None)
    assert f"later infusions: {told}" in list(working(answer, answer.phases[0]))
