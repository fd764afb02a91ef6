"""Weights over time: every dose follows the last weight on or before its day, and a change asks for a second look."""

from __future__ import annotations

import datetime as dt
import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infusecalc import Patient
from infusecalc.cli import run
from infusecalc.errors import BadInput
from lines import check, read, sentences
from strategies import examples, kg
from support import course

CASES = read("weights")


@pytest.mark.parametrize("case", sentences(CASES))
def test_a_dose_follows_the_weight_of_its_day(case, capsys):
    check(case, capsys)


def test_every_case_is_a_sentence_of_its_own_and_says_why():
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case.get("because") or "refused" in case for case in CASES)


@pytest.mark.parametrize(("day", "weight", "dose"), [("2026-06-03", 70, 350), ("2026-06-04", 78, 390)])
def test_a_look_up_is_dosed_by_the_weight_of_the_day_said(day, weight, dose, capsys):
    """The last weight on or before the day: 5 x 70 = 350, and 5 x 78 = 390 from 2026-06-04 on."""
    weights = ["--weight", "2026-01-01=70kg", "--weight", "2026-06-04=78kg"]
    assert run(["dose", "infliximab", "crohns", *weights, "--on", day, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["patient"]["weight_kg"] == weight
    assert [phase["dose_mg"] for phase in document["phases"]] == [dose, dose]


# --- rules that hold for all weights --------------------------------------------------------------------------

START = dt.date(2026, 1, 1)
PER_KG = {"infliximab/crohns": 5, "infliximab/ra": 3, "infliximab/takayasu": 5, "infliximab/gpp": 5}
weighings = st.dictionaries(st.integers(1, 400), st.integers(3000, 20000), max_size=6)
"""Weights in 0.01 kg by the days after the start."""


def weighed(first: int, later: dict[int, int], **known: str) -> Patient:
    """A patient at one weight, and from some days on at others."""
    dated = [f"{START + dt.timedelta(days=days)}={kg(weight)}" for days, weight in later.items()]
    return Patient.of([*dated, kg(first)], **known)


def held(first: int, later: dict[int, int], day: dt.date) -> int:
    """The last weight on or before a day, by looking at each day back to the start."""
    return next((later[days] for days in range((day - START).days, 0, -1) if days in later), first)


@settings(max_examples=examples(60))
@given(regimen=st.sampled_from(sorted(PER_KG)), first=st.integers(3000, 20000), later=weighings)
@example(regimen="infliximab/crohns", first=7000, later={14: 7700, 42: 8000})
@example(regimen="infliximab/crohns", first=7000, later={13: 7699, 43: 6929})
def test_a_dose_per_kg_is_the_factor_times_the_last_weight_on_or_before_its_day(regimen, first, later):
    """Each infusion's dose follows the last weight on or before it; a change of 10 % or more gives weight-changed."""
    answer = course(regimen, weighed(first, later), start=START)
    dated = [(infusion, held(first, later, infusion.planned.date)) for infusion in answer.infusions]
    for infusion, weight in dated:
        assert infusion.dose.patient.weight == weight
        assert infusion.dose.amount.exact == infusion.dose.amount.dose == PER_KG[regimen] * weight
    changed = [
        (infusion.planned.number,)
        for (_, old), (infusion, new) in pairwise(dated)
        if abs(Fraction(new - old, old)) >= Fraction(1, 10)
    ]
    assert [found.infusions for found in answer.findings if found.code == "weight-changed"] == changed


@settings(max_examples=examples(60))
@given(first=st.integers(4000, 16000), later=st.dictionaries(st.integers(1, 25), st.integers(4000, 16000), max_size=4))
@example(first=8000, later={7: 8001, 14: 8800})
def test_a_dose_per_m2_is_the_factor_times_the_surface_at_the_last_weight(first, later):
    """From the shown weight and height; shown and used to 0.01 m2 (Mosteller)."""
    answer = course("rituximab/aiha", weighed(first, later, height="170cm"), start=START)
    for infusion in answer.infusions:
        weight = Decimal(held(first, later, infusion.planned.date)) / 100
        surface = (weight * 170 / 3600).sqrt().quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert infusion.dose.amount.dose == 375 * surface * 100


@settings(max_examples=examples(30))
@given(first=st.integers(3000, 20000), later=weighings)
def test_a_flat_dose_follows_no_weight(first, later):
    """A change gives a caution only where the dose follows the weight."""
    answer = course("rituximab/ra", weighed(first, later), start=START)
    assert {infusion.dose.amount.dose for infusion in answer.infusions} == {100_000}
    assert "weight-changed" not in {found.code for found in answer.findings}


def test_no_weight_at_all_is_refused():
    with pytest.raises(BadInput, match="weight is missing"):
        Patient.of([])
