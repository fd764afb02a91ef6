"""An order to the mistakes whose dose it is: the dose of another regimen, ten times, pounds, surface, another drug.

Nothing is decided by it: a mistake is named, for somebody to ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.arithmetic import at_most, half_up, pounds, read_as_pounds, within
from infusecalc.bsa import body_surface
from infusecalc.choices import Rounding
from infusecalc.course import Course
from infusecalc.frozen import Frozen
from infusecalc.infusions import round_dose
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose
from infusecalc.quantities import Dose, people, plain
from infusecalc.regimen import Regimen
from infusecalc.spelling import counted
from infusecalc.statements import Phase

SAME = 1  # 0.01 mg
_FINE = 10**9  # fine enough to order mistakes by
_POUNDS, _REGIMEN, _UNIT = "pounds-for-kilograms", "other-regimen", "unit-left-out"


class Mistake(Frozen):
    """What an order may have been mistaken for: a code, the dose (0.01 mg) that it would give, and how."""

    code: str
    amount: int
    message: str


def find_mistakes(course: Course, dose: PhaseDose, amount: int, *, in_range: bool) -> tuple[Mistake, ...]:
    """The mistakes whose dose the order is, likeliest first: what it is exactly, and then what is nearest.

    An order that is outside is a mistake's dose nearly (`near_mistake` of house), or as rounded to whole vials (a
    tenfold one as far as rounding may go). One in an allowed range may be meant: there only pounds are named, and the
    exact dose of another drug.
    """
    met = _in_range if in_range else _outside
    found = [each for each in _candidates(course, dose, amount) if met(course, each, amount)]
    listed = sorted(found, key=lambda each: half_up(abs(each.amount - amount) * _FINE, each.amount))
    return tuple({mistake.code: mistake for mistake in reversed(listed)}.values())[::-1]


def _in_range(course: Course, mistake: Mistake, amount: int) -> bool:
    """Whether an order that is allowed is a mistake's dose all the same."""
    if mistake.code == _POUNDS:
        return within(mistake.amount - amount, course.house.near_mistake.in_range, mistake.amount)
    return mistake.code != _REGIMEN and abs(mistake.amount - amount) <= SAME


def _outside(course: Course, mistake: Mistake, amount: int) -> bool:
    """Whether an order is a mistake's dose: exactly, nearly, or rounded to whole vials."""
    off, share = mistake.amount - amount, course.house.rounding.within
    if mistake.code in (_REGIMEN, _UNIT):
        return abs(off) <= SAME
    if mistake.code == "tenfold":
        return within(off, share, mistake.amount)
    if within(off, course.house.near_mistake.outside, mistake.amount):
        return True
    return round_dose(mistake.amount, Rounding(vials=True), share, course.product.vials.sizes).dose == amount


def _candidates(course: Course, dose: PhaseDose, ordered: int) -> Iterator[Mistake]:
    """What each usual mistake would give for this patient and phase."""
    exact, asked, patient = dose.amount.exact, dose.asked, dose.patient
    yield Mistake("tenfold", exact * 10, "ten times the dose")
    yield Mistake("tenfold", half_up(exact, 10), "a tenth of the dose")
    yield from _other_regimens(course, patient, ordered)
    in_pounds, lighter = pounds(patient.weight), read_as_pounds(patient.weight)
    for weight, how in (
        (in_pounds * 10, f"{plain(in_pounds, 1)} lb ({plain(patient.weight)} kg) read as {plain(in_pounds, 1)} kg"),
        (lighter, f"{plain(patient.weight)} kg read as {plain(patient.weight)} lb ({plain(lighter)} kg)"),
    ):
        amount = asked.amount(weight, _surface(patient, weight))
        if amount and amount != exact:
            yield Mistake(_POUNDS, amount, f"{how} would give {people(amount)} mg")
    yield from _wrong_size(asked, patient)
    if asked.basis != "mg":
        yield from _wrong_unit(asked, exact, patient)
    yield from _other_drugs(course, patient)


def _by_bsa(phase: Phase) -> bool:
    return any(place.by == "bsa" for place in phase.places)


def _surface(patient: Patient, weight: int) -> int | None:
    """The surface at another weight; a surface that was given stays as it is."""
    if patient.height is None:
        return patient.bsa
    area = body_surface(patient.formula, weight, patient.height)
    return area if patient.bsa_cap is None else at_most(area, patient.bsa_cap)


def _wrong_size(asked: Dose, patient: Patient) -> Iterator[Mistake]:
    """A dose by weight taken by surface, or the other way, or a flat dose taken by either."""
    for basis in ("mg/kg", "mg/m2"):
        if basis == asked.basis or (basis == "mg/m2" and patient.bsa is None):
            continue
        amount = asked.but(basis=basis, most=None).amount(patient.weight, patient.bsa)
        size = f"{plain(patient.weight)} kg" if basis == "mg/kg" else f"{plain(patient.bsa or 0)} m2"
        code = "kg-for-m2" if basis == "mg/kg" else "m2-for-kg"
        if asked.basis == "mg":
            code = "flat-dose-multiplied"
        yield Mistake(code, amount, f"{asked.people} taken as {basis}: times {size} it would be {people(amount)} mg")


def _wrong_unit(asked: Dose, exact: int, patient: Patient) -> Iterator[Mistake]:
    """A dose by weight or surface typed as mg, and its mg typed as a dose by weight or surface."""
    own = asked.but(most=None)
    typed = own.but(basis="mg").amount(patient.weight, patient.bsa)
    yield Mistake(_UNIT, typed, f"{asked.basis} typed as mg: {own.people} would be {people(exact)} mg")
    amount = own.but(factor=exact * 10).uncapped(patient.weight, patient.bsa)  # 0.01 mg in 0.001 of the basis
    yield Mistake(
        "unit-added", amount, f"mg typed as {asked.basis}: {people(exact)} {asked.basis} would be {people(amount)} mg"
    )


def _other_drugs(course: Course, patient: Patient) -> Iterator[Mistake]:
    """The doses of the labelled regimens of other drugs under the same label; those of the same indication first."""
    table, mine = course.table, course.regimen
    for id_ in sorted(table.names("regimens"), key=lambda name: name.partition("/")[2] != mine.indication):
        drug, _, indication = id_.partition("/")
        if drug == mine.drug_id or not table.has_part("regimens", id_, mine.label):
            continue
        regimen = table.regimen(drug, indication, mine.label)
        if _labelled(regimen):
            for name, asked in _doses(regimen, patient):
                amount = asked.amount(patient.weight, patient.bsa)
                message = f"the {name} dose of {id_} is {_given(asked, amount)}"
                yield Mistake("other-drug", amount, message)


def _other_regimens(course: Course, patient: Patient, ordered: int) -> Iterator[Mistake]:
    """The first of the drug's other regimens and variants that have the ordered dose: how many there are is said."""
    found = [
        (regimen, name, asked, amount)
        for regimen in _regimens(course)
        for name, asked in _doses(regimen, patient)
        if abs((amount := asked.amount(patient.weight, patient.bsa)) - ordered) <= SAME
    ]
    for regimen, name, asked, amount in found[:1]:
        others = len({each.title for each, *_ in found}) - 1
        more = f", and of {counted(others, 'other regimen')}" if others else ""
        basis = "" if asked.basis == "mg" else f" ({asked.people})"
        ask = _which(regimen) if regimen.indication == course.regimen.indication else ""
        yield Mistake(_REGIMEN, amount, f"it is the {name} dose of {regimen.title}{basis}{more}{ask}")


def _which(regimen: Regimen) -> str:
    """What to do about the dose of another variant for the same disease: it may have been meant."""
    how = f"with --variant {regimen.variant}" if regimen.variant else "without --variant"
    return f"; ask which was meant, and check {how}"


def _given(asked: Dose, amount: int) -> str:
    """A dose and what it comes to: `5 mg/kg: 350 mg`; a flat one once."""
    return asked.people if asked.basis == "mg" else f"{asked.people}: {people(amount)} mg"


def _regimens(course: Course) -> list[Regimen]:
    """The drug's other regimens under the label: those of the indication itself first, then labelled ones."""
    table, mine = course.table, course.regimen
    listed = []
    for id_ in table.names("regimens"):
        drug, _, indication = id_.partition("/")
        if drug == mine.drug_id and table.has_part("regimens", id_, mine.label):
            usual = table.regimen(drug, indication, mine.label)
            variants = (table.regimen(drug, indication, mine.label, name) for name in usual.rules.variants)
            own = indication == mine.indication
            listed += [each for each in (usual, *variants) if each.title != mine.title and (own or _labelled(each))]
    return sorted(listed, key=lambda each: each.indication != mine.indication)


def _labelled(regimen: Regimen) -> bool:
    return regimen.rules.status.is_ == "labelled"


def _doses(regimen: Regimen, patient: Patient) -> Iterator[tuple[str, Dose]]:
    """The dose of each phase for a patient, where the patient's size is known."""
    for name, phase in regimen.phases.items():
        by_surface = any(each.basis == "mg/m2" for each in phase.doses) or _by_bsa(phase)
        if patient.bsa is not None or not by_surface:
            yield name, phase.dose_of(patient.weight, patient.bsa)
