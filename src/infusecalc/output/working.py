"""A phase's dose to its working, line by line, so that a second person can check it by hand."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.output import phrases
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose, last_number
from infusecalc.pump import Rates
from infusecalc.quantities import KG_PER_POUND, decisive, people, plain
from infusecalc.spelling import counted

_FORMULAS = {
    "mosteller": "sqrt({cm} cm x {kg} kg / 3600)",
    "given": "given",
}


def working(course: Course, dose: PhaseDose) -> Iterator[str]:
    """Every step from the weight to the billing units of one infusion of a phase."""
    yield from _size(dose.patient, dose.asked.basis)
    yield from _amount(course, dose.patient, dose)
    yield from _vials(course, dose)
    yield from _bag(course, dose)
    yield from _billing(course, dose)
    yield from _time(course, dose)


def _size(patient: Patient, basis: str) -> Iterator[str]:
    if patient.in_pounds:
        pounds = patient.weight_text.lower().rstrip("lbs ")
        yield f"{pounds} lb x {KG_PER_POUND} kg/lb = {plain(patient.weight)} kg"
    if basis != "mg/m2" or patient.bsa_uncapped is None:
        return
    if patient.height is not None:
        size = {"cm": plain(patient.height, 1), "kg": plain(patient.weight)}
        how = _FORMULAS.get(patient.formula, "{cm} cm and {kg} kg").format(**size)
        yield f"BSA by {patient.formula}: {how} = {plain(patient.bsa_uncapped)} m2"
    if patient.bsa != patient.bsa_uncapped:
        yield f"BSA capped as requested: {plain(patient.bsa or 0)} m2"


def _amount(course: Course, patient: Patient, dose: PhaseDose) -> Iterator[str]:
    asked, amount = dose.asked, dose.amount
    if dose.place:
        yield f"{dose.place}: {asked.people}"
    if asked.basis == "mg":
        yield f"flat dose = {phrases.mg(amount.exact)}"
    else:
        size = f"{people(patient.weight)} kg" if asked.basis == "mg/kg" else f"{plain(patient.bsa or 0)} m2"
        uncapped = asked.uncapped(patient.weight, patient.bsa)
        yield f"{asked.but(most=None).people} x {size} = {phrases.mg(uncapped)}"
        if uncapped != amount.exact:
            yield f"capped: {phrases.mg(amount.exact)}"
    if amount.applied:
        change = amount.change(course.choices.rounding.most(course.house.rounding.within))
        yield f"rounded to {phrases.mg(amount.dose)} ({change})"


def _vials(course: Course, dose: PhaseDose) -> Iterator[str]:
    sizes, made_up = course.product.vials.sizes, dose.preparation
    given, opened = phrases.mg(dose.amount.dose), phrases.mg(made_up.opened)
    if len(sizes) == 1:
        yield f"{given} / {phrases.mg(sizes[0])} a vial, rounded up = {phrases.vials(made_up.vials)} = {opened}"
    else:
        listed = " and ".join(people(size) for size in sizes)
        yield f"least waste from vials of {listed} mg: {phrases.vials(made_up.vials)} = {opened}"
    yield f"{opened} - {given} = {phrases.mg(made_up.waste)} waste"


def _bag(course: Course, dose: PhaseDose) -> Iterator[str]:
    made_up, limits = dose.preparation, course.regimen.drug_rules.preparation.concentration
    given, drug = phrases.mg(dose.amount.dose), phrases.volume(made_up.drug_volume)
    yield f"{given} / {plain(course.product.vials.concentration, 3)} mg/mL = {drug} of drug"
    if made_up.too_much is None:
        yield f"{people(made_up.bag, 0)} mL bag: take out {drug}, add {drug} of drug = {people(made_up.bag, 0)} mL"
    else:
        yield phrases.bag(made_up)
    low = f"{plain(limits.from_, 3)} to " if limits.from_ is not None else "at most "
    allowed = f"{low}{plain(limits.to, 3)} mg/mL"
    limits_by = course.whose("preparation", "concentration")
    bounds = [(bound, 1000) for bound in (limits.from_, limits.to) if bound is not None]
    strength = decisive(dose.amount.dose, made_up.bag * 100, bounds, 2)
    yield f"{given} / {people(made_up.bag, 0)} mL = {strength} mg/mL ({limits_by}: {allowed})"


def _billing(course: Course, dose: PhaseDose) -> Iterator[str]:
    billing, charge, made_up = course.product.billing, dose.preparation.charge, dose.preparation
    if billing and charge:
        unit = phrases.mg(billing.unit)
        yield f"{charge.code}: {phrases.mg(dose.amount.dose)} / {unit}, rounded up = {counted(charge.units, 'unit')}"
        left = f"{phrases.mg(made_up.opened)} / {unit} - {charge.units:,}, rounded down"
        modifier = f": {charge.modifier}" if charge.modifier else ""
        yield f"{left} = {counted(charge.wasted, 'unit')} wasted{modifier}"


def _time(course: Course, dose: PhaseDose) -> Iterator[str]:
    running, first_phase = course.running, dose.name == course.phases[0].name
    if dose.later_time is None:
        yield "time: no labelled rate"
        return
    later = running.rates(last_number(course.ordered, dose.name), first=False)
    if running.first and running.first.titration is None and running.protocol is None:
        least = f"at least {running.first.minutes} min by the {course.whose('infusion_time')}"
        yield f"time: {least} = {phrases.time(dose.later_time)}"
        return
    if first_phase and dose.first_time is not None:
        first = rates_in_words(running.rates(1, first=True))
        yield f"first infusion of the course: {first} = {phrases.time(dose.first_time)}"
    yield f"later infusions: {rates_in_words(later)} = {phrases.time(dose.later_time)}"


def rates_in_words(rates: Rates | None) -> str:
    """How an infusion runs: `50 mg/h, +50 mg/h every 30 min, at most 400 mg/h`, or `over 120 min`."""
    if rates is None or rates.titration is None:
        return f"over {rates.minutes} min" if rates else "no labelled rate"
    return str(rates.titration)
