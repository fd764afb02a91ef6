"""Findings of the patient: age, weight, size, and the conditions named with `--has`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from infusecalc.arithmetic import (
    bmi_unusual,
    may_cross,
    months_begun,
    moved,
    outside,
    pounds,
    read_as_pounds,
    too_old,
    too_young,
    years_and_months,
)
from infusecalc.dates import add_months, completed_months
from infusecalc.findings.model import HOUSE, Case, Finding, HasCondition
from infusecalc.patient import Patient
from infusecalc.phase_dose import Infusion, PhaseDose
from infusecalc.plan import Plan
from infusecalc.quantities import Age, decisive, people, plain
from infusecalc.regimen import Regimen
from infusecalc.spelling import counted
from infusecalc.statements import AgeRange, Citation, Limits


def by_size(case: Case) -> Iterator[Finding]:
    """Every finding about age, weight and size."""
    if case.regimen.rules.age:
        yield from _age(case, case.regimen.rules.age)
    given = case.given_doses
    weights = dict.fromkeys(dose.patient.weight for dose in given)
    for weight in weights:
        doses = [dose for dose in given if dose.patient.weight == weight] if len(weights) > 1 else None
        yield from _weight(case, weight, doses)
        yield from _size(case, weight, doses)


def by_weights(case: Case) -> Iterator[Finding]:
    """Every finding about weights as they were written, and over time."""
    yield from _unit_assumed(case)
    if case.patient.dated:
        yield from _weight_changes(case)
        yield from _bands_crossed(case)


def by_condition(case: Case) -> Iterator[Finding]:
    """What the label says of each condition of the patient."""
    for condition in case.conditions:
        yield of_condition(case.regimen, condition, over=bool(condition.above and case.above(condition.above)))


def _years(months: int) -> str:
    years, rest = years_and_months(months)
    text = [counted(years, "year")] if years else []
    text += [counted(rest, "month")] if rest or not years else []
    return " ".join(text)


def _range(limits: AgeRange) -> str:
    return f"from {_years(limits.from_)}" + (f", under {_years(limits.under)}" if limits.under else "")


def _meant_for(limits: AgeRange) -> str:
    return f"this regimen is for patients {_range(limits)}"


def _age(case: Case, limits: AgeRange) -> Iterator[Finding]:
    age = case.patient.age_on(case.day)
    if age is None:
        message = f"No age given: {_meant_for(limits)}"
        yield Finding("age-unknown", message, limits.source, short=f"only {_range(limits)}")
        return
    if not _within(age, limits):
        taken = case.plan is None and case.patient.born is not None
        when = f"on {case.day}, taken as the day of the first infusion," if taken else "at the first infusion"
        told = f"Age {_years(age.months)} {when} is out of range"
        message = f"{told}: {_meant_for(limits)}{_fitting(case.regimen, age)}"
        yield Finding("age-outside-regimen", message, limits.source)
    for limit in (limits.from_, limits.under):
        if limit is not None and age.months < limit and case.plan is not None:
            yield from _crossing(case.patient, case.plan, limits, limit)


def _within(age: Age, limits: AgeRange) -> bool:
    """Whether an age is one of a range."""
    late = limits.under is not None and too_old(age.months, limits.under)
    return not late and not too_young(age.months, limits.from_)


def _fitting(regimen: Regimen, age: Age) -> str:
    """The regimens of the same disease that an age fits, to be said after a full range; empty for none."""
    fit = [f"{id_} ({_range(limits)})" for id_, limits in regimen.other_ages.items() if _within(age, limits)]
    return f"; for this age: {' or '.join(fit)}" if fit else ""


def _crossing(patient: Patient, plan: Plan, limits: AgeRange, limit: int) -> Iterator[Finding]:
    """A birthday in the course that takes the patient over a limit of the age range, for certain or perhaps."""
    born, age = patient.born, patient.age
    last = plan.infusions[-1].date
    if born is not None and completed_months(born, last) >= limit:
        message = (
            f"The patient turns {_years(limit)} on {add_months(born, limit)}, during the course: {_meant_for(limits)}"
        )
        late = tuple(item.number for item in plan.infusions if completed_months(born, item.date) >= limit)
        yield _crosses(message, limits, late)
    if born is None and age and _may_reach(age, plan.start, last, limit):
        message = (
            f"The patient may turn {_years(limit)} during the course (give --born to be sure): {_meant_for(limits)}"
        )
        yield _crosses(message, limits, None)


def _crosses(message: str, limits: AgeRange, infusions: tuple[int, ...] | None) -> Finding:
    return Finding("age-crosses-limit", message, limits.source, infusions=infusions)


def _may_reach(age: Age, start: date, last: date, months: int) -> bool:
    """Whether an age that is known to `age.slack` months may reach some months by the last infusion."""
    begun = months_begun((start.year, start.month, start.day), (last.year, last.month, last.day))
    return may_cross(age.months, age.slack, begun, months)


def _weight(case: Case, weight: int, doses: list[PhaseDose] | None) -> Iterator[Finding]:
    usual = case.house.usual_weight.of(case.regimen.population)
    if not outside(weight, usual.from_, usual.to):
        return
    whose = "an adult" if case.regimen.population == "adult" else "a paediatric"
    limits = f"{plain(usual.from_)} to {plain(usual.to)} kg"
    told = f"Weight {plain(weight)} kg ({people(pounds(weight), 1)} lb) is unusual for {whose} regimen ({limits})"
    message = f"{told}: {_what_happened(case, weight, usual)}"
    yield _of_weight(case, "weight-unusual", message, usual.source, doses)


def _what_happened(case: Case, weight: int, usual: Limits) -> str:
    """What may be wrong with a weight: its unit, where the same number in the other one is usual; else a digit too."""
    typed = next(dose.patient for dose in case.given_doses if dose.patient.weight == weight)
    low = weight < usual.from_
    if typed.in_pounds:
        other, meant = pounds(weight) * 10, "was this weight in kg?"
    else:
        other = read_as_pounds(weight)
        meant = f"was this weight in lb? {plain(weight)} lb would be {plain(other)} kg"
    if outside(other, usual.from_, usual.to):
        return f"is {'a digit missing' if low else 'there a digit too many'}, or is the unit (kg or lb) wrong?"
    return meant


def _size(case: Case, weight: int, doses: list[PhaseDose] | None) -> Iterator[Finding]:
    height, limits = case.patient.height, case.house.bmi
    if height is None:
        return
    if bmi_unusual(weight, height, limits.unusual_to, limits.unusual_from):
        value = decisive(weight * 10_000, height * height, [(limits.unusual_to, 1), (limits.unusual_from, 1)])
        message = f"Weight and height give a body mass index of {value} kg/m2: check both, and their units"
        yield _of_weight(case, "size-unusual", message, limits.source, doses)


def _of_weight(
    case: Case, code: str, message: str, source: tuple[Citation, ...], doses: list[PhaseDose] | None
) -> Finding:
    """A caution about the weight: of the whole course, or of the infusions at one of several weights."""
    if doses is None:
        return Finding(code, message, source)
    return case.of_doses(code, doses, message, source)


def _unit_assumed(case: Case) -> Iterator[Finding]:
    """Weights without a unit that would be ordinary ones as pounds."""
    usual = case.house.usual_weight.of(case.regimen.population)
    limits, least = case.house.bare_weight, case.house.bare_weight.of(case.regimen.population)
    given = case.given_doses
    several = len({dose.patient.weight for dose in given}) > 1
    bare = [dose for dose in given if dose.patient.weight >= least and _is_bare(case, dose)]
    for weight in dict.fromkeys(dose.patient.weight for dose in bare):
        other = read_as_pounds(weight)
        if outside(other, usual.from_, usual.to):
            continue
        number = plain(weight)
        message = (
            f"Weight {number} has no unit and is read as {number} kg ({plain(pounds(weight), 1)} lb); {number} lb "
            f"would be {plain(other)} kg: write {number}kg, or {number}lb where pounds are meant"
        )
        doses = [dose for dose in bare if dose.patient.weight == weight] if several else None
        yield _of_weight(case, "weight-unit-assumed", message, limits.source, doses)


def _is_bare(case: Case, dose: PhaseDose) -> bool:
    """Whether the weight of a dose was written without a unit, for one of its infusions at least."""
    if not case.patient.dated:
        return case.patient.bare
    days = [infusion.planned.date for infusion in case.infusions if infusion.dose is dose]
    return any(case.patient.weighed_on(day).bare for day in days) if days else dose.patient.bare


def _weight_changes(case: Case) -> Iterator[Finding]:
    """A weight that has moved since the infusion before, where the dose follows it."""
    limit = case.house.weight_change.from_ if case.choices.weight_change is None else case.choices.weight_change
    for before, infusion in pairwise(case.infusions):
        old, new, phase = before.dose.patient, infusion.dose.patient, infusion.dose.phase
        if old.weight == new.weight or not moved(new.weight - old.weight, limit, old.weight):
            continue
        dose = phase.dose_of(new.weight, new.bsa)
        was, now = phase.dose_of(old.weight, old.bsa).amount(old.weight, old.bsa), dose.amount(new.weight, new.bsa)
        if was == now:
            continue
        change = decisive(abs(new.weight - old.weight) * 100, old.weight, [(limit, 100)])
        sign = "+" if new.weight > old.weight else "-"
        message = (
            f"Weight {plain(old.weight)} kg to {plain(new.weight)} kg ({sign}{change} %) on "
            f"{infusion.planned.date}: the dose of {dose.people} goes from {people(was)} mg to {people(now)} mg"
        )
        numbers, phases = (infusion.planned.number,), (infusion.dose.name,)
        yield Finding("weight-changed", message, case.house.weight_change.source, None, numbers, phases)


def _bands_crossed(case: Case) -> Iterator[Finding]:
    """A weight over time that takes a phase's dose into another band."""
    last: dict[str, Infusion] = {}
    for infusion in case.infusions:
        dose, before = infusion.dose, last.get(infusion.dose.name)
        last[dose.name] = infusion
        if before and before.dose.place != dose.place:
            message = (
                f"{dose.name}: weight {plain(before.dose.patient.weight)} kg to {plain(dose.patient.weight)} kg on "
                f"{infusion.planned.date} changes the dose band: {before.dose.asked.people} ({before.dose.place}) to "
                f"{dose.asked.people} ({dose.place})"
            )
            numbers = (infusion.planned.number,)
            yield Finding("weight-band-crossed", message, dose.phase.source, None, numbers, (dose.name,))


def of_condition(regimen: Regimen, has: HasCondition, *, over: bool) -> Finding:
    """What the label says of a condition; `over`: a dose is above the one from which the label speaks."""
    name = has.name
    if has.named != has.id:
        names = f"exact names: infusecalc info {regimen.drug_id}"
        name = f"'{has.typed}' was entered, and is taken as the worst it can mean, {name} ({names})"
    if has.removed:
        message = f"{name}: the site's file removes what the shipped table says about it"
        return Finding("condition-not-covered", message, HOUSE, has.id)
    if has.rule is None:
        return _not_covered(regimen, has, name)
    if has.rule.above and not over:
        message = f"{name}: {has.rule.text}; no dose here is above {has.rule.above}"
        return Finding("precaution", message, has.rule.source, has.id)
    code = "contraindicated" if has.rule.rule == "contraindicated" else "precaution"
    return Finding(code, f"{name}: {has.rule.text}", has.rule.source, has.id)


def _not_covered(regimen: Regimen, has: HasCondition, name: str) -> Finding:
    """A condition of which the label says nothing that was read: first what another label says of it, then that."""
    others = [f"under the {label} label {rule.rule}: {rule.text}" for label, rule in has.elsewhere]
    none = f"no {regimen.label} statement on {regimen.drug.name} found in our sources"
    told = "; ".join((*others, f"{none}, which does not mean that it is safe: ask the prescriber"))
    source = dict.fromkeys((*HOUSE, *(each for _, rule in has.elsewhere for each in rule.source)))
    return Finding("condition-not-covered", f"{name}: {told}", tuple(source), has.id)
