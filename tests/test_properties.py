"""Rules that hold for every patient, each quoted in its test."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import product

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from infusecalc import Patient
from infusecalc.arithmetic import half_up, pounds
from infusecalc.bsa import body_surface
from infusecalc.dates import add_months
from infusecalc.infusions import largest_within, least_cover, total
from infusecalc.output.records import document
from infusecalc.preparation import choose_vials
from infusecalc.pump import Load, Rates, run_time
from infusecalc.quantities import parse_weight, plain
from strategies import ADULT, WEEKLY, cm, examples, heights, kg, roundings, starts, vial_sizes, weights
from support import course, table

labels = st.sampled_from(["us", "eu"])


def patient(weight: int, height: int) -> Patient:
    bmi = Fraction(weight * 10_000, height * height)
    assume(10 < bmi < 60)
    return Patient.of(kg(weight), height=cm(height), age="40y")


@given(st.sampled_from(WEEKLY), labels, starts, st.integers(1, 4000))
def test_moving_the_start_by_n_days_moves_weekly_phases_by_n_days(regimen, label, start, days):
    """Weeks are exactly 7 days."""
    someone = Patient.of("70kg", height="175cm")
    later = start + dt.timedelta(days=days)
    one, two = (course(regimen, someone, label=label, start=day, for_="52w").infusions for day in (start, later))
    moved = [infusion.planned.date + dt.timedelta(days=days) for infusion in one]
    assert moved == [infusion.planned.date for infusion in two]


@given(st.sampled_from(["rituximab/ms", "rituximab/pv"]), labels, starts, st.integers(1, 20))
def test_months_count_from_the_anchor_and_never_from_a_clamped_date(regimen, label, start, years):
    """Months are calendar months from the phase's anchor, clamped to the month's last day."""
    someone = Patient.of("70kg")
    planned = [
        infusion.planned for infusion in course(regimen, someone, label=label, start=start, for_=f"{years}y").infusions
    ]
    first = 6 if regimen == "rituximab/ms" else 12
    later = [item for item in planned if item.phase == "maintenance"]
    assert [item.date for item in later] == [add_months(start, first + 6 * index) for index in range(len(later))]
    for item in later:
        assert item.date.day in (start.day, 28, 29, 30)


@given(weights, st.integers(2, 5))
def test_a_dose_per_kg_is_linear_in_weight(weight, times):
    """Dose: factor x shown weight, to 0.01 mg, without a cap."""
    assume(weight * times <= 50000)
    one, more = (course("infliximab/crohns", Patient.of(kg(size)), start=None) for size in (weight, weight * times))
    assert more.phases[0].amount.dose == times * one.phases[0].amount.dose == times * weight * 5


@settings(max_examples=examples(200))
@given(vial_sizes, st.integers(1, 90))
@example((100, 500), 701)
@example((3, 7), 5)
def test_vials_cover_the_dose_with_the_least_waste_and_then_the_fewest_vials(sizes, dose):
    """The combination of the product's vials that covers the dose with the least waste; among equals the fewest."""
    chosen = choose_vials(dose, sizes)
    ours = (sum(size * number for size, number in chosen), sum(number for _, number in chosen))
    every = product(*(range(-(-dose // size) + 1) for size in sizes))
    covering = [(total(counts, sizes), sum(counts)) for counts in every if total(counts, sizes) >= dose]
    assert ours == min(covering)
    assert least_cover(dose, tuple(reversed(sizes))) == ours[0]


@given(vial_sizes, st.integers(1, 90))
def test_whole_vials_within_a_dose_are_as_many_as_fit(sizes, dose):
    """`vial`: the nearest sum of whole vials, from below."""
    every = product(*(range(dose // size + 1) for size in sizes))
    assert largest_within(dose, tuple(reversed(sizes))) == max(
        total(counts, sizes) for counts in every if total(counts, sizes) <= dose
    )


@settings(max_examples=examples(300))
@given(st.sampled_from(ADULT), labels, weights, heights, roundings)
def test_every_printed_number_can_be_derived_from_the_other_printed_numbers(regimen, label, weight, height, rounding):
    """Section 2: every printed number can be re-derived by hand from the other printed numbers."""
    someone = patient(weight, height)
    found = document(course(regimen, someone, label=label, start="2026-12-01", round_=rounding, for_="2y"))
    size = {"mg/kg": found["patient"]["weight_kg"], "mg/m2": found["patient"]["bsa_m2"], "mg": 1}
    for row in found["infusions"]:
        number, basis = row["dose_basis"].split(" ")
        exact = Fraction(number) * Fraction(str(size[basis]))
        assert Fraction(str(row["exact_dose_mg"])) == Fraction(half_up(*(exact * 100).as_integer_ratio()), 100)
        dose = Fraction(str(row["dose_mg"]))
        assert abs(dose - exact) <= exact / 10 + Fraction(1, 100)
        opened = sum(each["size_mg"] * each["count"] for each in row["vials"])
        assert Fraction(str(row["waste_mg"])) == opened - dose >= 0
        assert Fraction(str(row["drug_volume_ml"])) == Fraction(half_up(*dose.as_integer_ratio()), 10)
        shown = Fraction(half_up(*(dose / row["bag_ml"] * 100).as_integer_ratio()), 100)
        assert Fraction(str(row["concentration_mg_per_ml"])) == shown
        assert row["final_volume_ml"] == row["bag_ml"]
        if label == "us":
            assert row["billing_units"] == -(-dose // 10)
            assert row["wasted_units"] == opened // 10 - row["billing_units"]
            assert row["modifier"] == ("JW" if row["wasted_units"] else "JZ")
        else:
            assert row["billing_units"] is row["wasted_units"] is row["modifier"] is None
    counted = [row for row in found["infusions"] if not row["optional"]]
    for key in ("dose_mg", "waste_mg", "duration_min"):
        assert Fraction(str(found["totals"][key])) == sum(Fraction(str(row[key])) for row in counted)
    assert found["totals"]["infusions"] == len(counted)


@given(st.integers(1, 120_000), st.booleans())
def test_a_titration_gives_the_dose_in_its_time_and_never_passes_its_rate(dose, first):
    """Steps in mg/h held for their minutes; the last step ends when the dose is in."""
    rates = table().get("titrations", "rituximab-first" if first else "rituximab-subsequent")
    minutes = Fraction(run_time(Load(dose, 500, 7000), Rates(None, rates)), 100)
    given_, rate, clock = Fraction(0), rates.start.number, Fraction(0)
    while clock < minutes:
        held = min(Fraction(rates.every), minutes - clock) if rate < rates.most.number else minutes - clock
        given_ += rate * held / 60
        clock += held
        rate = min(rate + rates.step.number, rates.most.number)
    assert abs(given_ - dose) <= Fraction(rates.most.number, 60) / 100, "within 0.01 min at the highest rate"


@given(st.integers(1, 50000))
def test_a_weight_is_read_back_as_it_is_printed(weight):
    """Used and shown to 0.01 kg."""
    assert parse_weight(kg(weight)) == parse_weight(plain(weight)) == weight
    tenths = pounds(weight)
    assert abs(Fraction(tenths, 10) * Fraction(45359237, 10**8) - Fraction(weight, 100)) <= Fraction(23, 1000)


@given(st.integers(300, 2500), st.integers(50, 50000))
@example(867, 1470)
def test_mosteller_is_rounded_from_the_exact_radicand(height, weight):
    """Mosteller is rounded from the exact radicand (86.7 cm and 14.7 kg is 0.595 exactly, so 0.60)."""
    area = body_surface("mosteller", weight, height)
    radicand = Fraction(height * weight, 3_600_000)  # m2 squared, from 0.1 cm and 0.01 kg
    assert Fraction(2 * area - 1, 200) ** 2 <= radicand < Fraction(2 * area + 1, 200) ** 2
