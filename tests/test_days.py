"""Every regimen under both labels, on its days and with its doses."""

from pathlib import Path

import pytest

from infusecalc.table.files import shipped_path
from support import cases, course, every_regimen

CASES = cases("days", "given expect because source")
OPTIONS = {"for": "for_", "variant": "variant"}


@pytest.mark.parametrize("case", CASES)
def test_a_regimen_falls_on_its_days(case):
    given, expect = case["given"], case["expect"]
    options = {OPTIONS[key]: given[key] for key in OPTIONS if key in given}
    for regimen in given["regimens"]:
        for label in given["labels"]:
            planned = course(regimen, label=label, **options).infusions
            assert [infusion.planned.day for infusion in planned] == expect["days"], (regimen, label)
            optional = [infusion.planned.day for infusion in planned if infusion.planned.optional]
            assert optional == expect.get("optional", []), (regimen, label)


@pytest.mark.parametrize("case", CASES)
def test_a_phase_has_its_dose(case):
    given = case["given"]
    for regimen in given["regimens"]:
        for label in given["labels"]:
            phases = course(regimen, label=label, variant=given.get("variant"), start=None).phases
            assert {dose.name: str(dose.asked) for dose in phases} == case["expect"]["doses"], (regimen, label)


def test_every_regimen_of_the_table_has_its_days_here():
    here = {(name, label) for case in CASES for name in case.values[0]["given"]["regimens"] for label in ("us", "eu")}
    assert set(every_regimen()) <= here
    assert len({name for name, _ in every_regimen()}) == 37


def test_the_table_under_test_is_the_one_of_the_checkout():
    shipped, own = shipped_path(), Path(__file__).parent.parent / "regimens.yaml"
    assert shipped.read_bytes() == own.read_bytes()
