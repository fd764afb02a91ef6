"""A Course and an order to its Verdict: how far dose and interval are from the regimen, and what was mistaken.

An order that is outside is held against the doses that the usual mistakes would give: a factor of ten, pounds for
kilograms, weight for surface, another drug. What comes nearest is named; nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.arithmetic import at_most, half_up, pounds, read_as_pounds, tenths_of_percent, within
from infusecalc.bsa import body_surface
from infusecalc.choices import Rounding, parse_count
from infusecalc.course import Course
from infusecalc.dates import stretch
from infusecalc.errors import BadInput
from infusecalc.findings import Finding, block_keys
from infusecalc.frozen import Frozen
from infusecalc.infusions import round_dose
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose
from infusecalc.plan import event_of
from infusecalc.quantities import Dose, Span, decisive, parse_amount, parse_span, people, plain
from infusecalc.spelling import normal
from infusecalc.statements import Allowed, Citation, Phase

MATCH, WITHIN_ROUNDING, WITHIN_RANGE, OUTSIDE = VERDICTS = ("match", "within-rounding", "within-range", "outside")
_SAME = 1  # 0.01 mg
_FINE = 10**9  # fine enough to order mistakes by


class Mistake(Frozen):
    """What an order may have been mistaken for: a code, the dose (0.01 mg) that it would give, and how."""

    code: str
    amount: int
    message: str


class Verdict(Frozen):
    """An order against a phase of a course; amounts in 0.01 mg, `difference` in 0.1 % of the expected dose.

    `interval` is None where no interval was ordered; `verdict` is the worse of the two.
    """

    course: Course
    dose: PhaseDose
    number: int | None
    ordered: int
    every: Span | None
    dose_verdict: str
    interval_verdict: str | None
    notes: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    sources: tuple[Citation, ...]
    contraindicated: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the order itself gives to see, and then the findings of the course."""
        return (*self.contraindicated, *self.course.findings)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The keys of the findings that block."""
        return block_keys(self.findings)

    @property
    def expected(self) -> int:
        """The exact dose that the regimen gives."""
        return self.dose.amount.exact

    @property
    def difference(self) -> int:
        """The signed difference in 0.1 % of the expected dose, half away from zero."""
        size = tenths_of_percent(self.ordered - self.expected, self.expected)
        return size if self.ordered >= self.expected else -size

    @property
    def percent(self) -> str:
        """The difference for people, with the digits that show its side of the rounding limit: `+10.003 %`."""
        within = self.course.choices.rounding.most(self.course.house.rounding.within)
        size = decisive(abs(self.ordered - self.expected) * 100, self.expected, [(within, 100)])
        sign = "+" if self.ordered > self.expected else "-" if self.ordered < self.expected else ""
        return f"{sign}{size} %"

    @property
    def verdict(self) -> str:
        """The worse of the two verdicts."""
        return max(self.dose_verdict, self.interval_verdict or MATCH, key=VERDICTS.index)

    @property
    def failed(self) -> bool:
        """Whether the order is outside the regimen."""
        return self.verdict == OUTSIDE


def check_order(
    course: Course,
    ordered: str | int,
    *,
    ordered_every: str | None = None,
    phase: str | None = None,
    number: str | int | None = None,
) -> Verdict:
    """Compare an ordered dose (mg), and an interval, with what the regimen gives; raises BadInput."""
    amount = parse_amount(str(ordered), "`ordered`")
    every = None if ordered_every is None else parse_span(ordered_every, "`ordered_every`")
    counted = parse_count(number, "`number`")
    if counted is not None and counted > course.house.horizon.infusions:
        raise BadInput("`number`", number, "is too high", allowed=f"up to {course.house.horizon.infusions}")
    dose = _phase(course, phase, counted, every)
    rows = [row for row in course.regimen.rules.allowed if row.phase in (None, dose.name)]
    notes: list[str] = []
    dose_verdict = _dose_verdict(course, dose, amount, rows, notes)
    mistakes = _mistakes(course, dose, amount, dose_verdict)
    interval_verdict = None if every is None else _interval_verdict(dose, every, rows, notes)
    if every is not None and dose_verdict == interval_verdict == WITHIN_RANGE and _combined(dose, amount, every, rows):
        notes.append("a higher dose and a shorter interval together: the label allows one or the other")
        dose_verdict = interval_verdict = OUTSIDE
    cited = dict.fromkeys([*dose.phase.source, *(source for row in rows for source in row.source)])
    return Verdict(
        course,
        dose,
        counted,
        amount,
        every,
        dose_verdict,
        interval_verdict,
        tuple(notes),
        tuple(mistakes),
        tuple(cited),
        tuple(_contraindicated(course, dose, amount)),
    )


def _contraindicated(course: Course, dose: PhaseDose, amount: int) -> Iterator[Finding]:
    """What is contraindicated at the ordered dose, and was not at the regimen's own."""
    known = {(finding.code, finding.detail) for finding in course.findings}
    for has in course.conditions:
        limit = has.rule.above if has.rule else None
        over = limit is not None and amount > limit.amount(dose.patient.weight, dose.patient.bsa)
        if has.rule and over and ("contraindicated", has.id) not in known:
            message = f"{has.name}, at the ordered dose: {has.rule.text}"
            yield Finding("contraindicated", message, has.rule.source, has.id, phases=(dose.name,))


def _phase(course: Course, phase: str | None, number: int | None, every: Span | None) -> PhaseDose:
    """The phase that the order is for: as said, or by the infusion's number, or the first where all have one dose."""
    names = list(course.ordered.phases)
    if phase is not None and number is not None:
        raise BadInput("`phase`", phase, "cannot be combined with `number`", hint="give one of the two")
    if number is not None:
        found = event_of(course.ordered, course.choices, number)[0].phase
    elif phase is not None:
        found = normal(phase)
        if found not in names:
            raise BadInput("`phase`", phase, "is not in this plan", allowed=", ".join(names))
    else:
        if len({dose.asked for dose in course.phases}) > 1:
            doses = ", ".join(f"{dose.name} {dose.asked.people}" for dose in course.phases)
            raise BadInput("`phase`", None, "is missing, and doses differ", allowed=doses, hint="or give `number`")
        going_on = [dose.name for dose in course.phases if dose.phase.interval]
        found = going_on[0] if every and going_on else names[0]
    dated = [infusion.dose for infusion in course.infusions if infusion.planned.number == number]
    return dated[0] if dated else next(dose for dose in course.phases if dose.name == found)


# --- the dose and the interval -------------------------------------------------------------------------------


def _dose_verdict(course: Course, dose: PhaseDose, amount: int, rows: list[Allowed], notes: list[str]) -> str:
    expected, share = dose.amount.exact, course.choices.rounding.most(course.house.rounding.within)
    if abs(amount - expected) <= _SAME:
        return MATCH
    if within(amount - expected, share, expected):
        return WITHIN_ROUNDING
    for row in rows:
        if row.dose:
            low, high = (_amount(bound, dose.patient) for bound in (row.dose.low, row.dose.high))
            if low is None or high is None:
                notes.append(f"the source allows {row.dose.text}: {row.when}")
            elif low - _SAME <= amount <= high + _SAME:
                notes.append(f"within {row.dose.text}: {row.when}")
                return WITHIN_RANGE
            else:
                span = f"{people(low)} mg" if low == high else f"{people(low)} to {people(high)} mg"
                notes.append(f"the source allows {row.dose.text} ({span}): {row.when}")
    notes += _elsewhere(course, dose, amount)
    return OUTSIDE


def _amount(dose: Dose | None, patient: Patient) -> int | None:
    return None if dose is None else dose.amount(patient.weight, patient.bsa)


def _elsewhere(course: Course, dose: PhaseDose, amount: int) -> Iterator[str]:
    """Where else in the regimen the ordered dose would be right."""
    for other in course.phases:
        if other.name != dose.name and abs(other.amount.exact - amount) <= _SAME:
            yield f"it is the dose of {other.name}, and not of {dose.name}"
    for row in course.regimen.rules.allowed:
        low, high = (
            (_amount(bound, dose.patient) for bound in (row.dose.low, row.dose.high)) if row.dose else (None, None)
        )
        if row.phase not in (None, dose.name) and low and high and row.dose and low - _SAME <= amount <= high + _SAME:
            yield f"{row.dose.text} is allowed in {row.phase} ({row.when}), and not in {dose.name}"


def _interval_verdict(dose: PhaseDose, every: Span, rows: list[Allowed], notes: list[str]) -> str:
    own = dose.phase.interval
    if own is None:
        hint = f"leave it out: {dose.name} is given once"
        raise BadInput("`ordered_every`", every, "is for a phase that repeats", hint=hint)
    if every.size == own.size or _reaches(every, own, own):
        return MATCH
    for row in rows:
        if row.every and _reaches(every, row.every.low or _least(dose), row.every.high):
            notes.append(f"{row.every.text} is allowed: {row.when}")
            return WITHIN_RANGE
    notes.append(f"every {every} instead of every {own}")
    return OUTSIDE


def _least(dose: PhaseDose) -> Span | None:
    """The least gap of a phase, which bounds an interval without a figure."""
    return dose.phase.gap.least if dose.phase.gap else None


def _reaches(every: Span, low: Span | None, high: Span | None) -> bool:
    """Whether an interval is not under a bound and not over one; weeks against months by the calendar."""
    return (low is None or stretch(every)[1] >= stretch(low)[0]) and (
        high is None or stretch(every)[0] <= stretch(high)[1]
    )


def _combined(dose: PhaseDose, amount: int, every: Span, rows: list[Allowed]) -> bool:
    """Whether dose and interval are both escalated, and no statement of the source allows the two together."""
    own = dose.phase.interval
    if own is None or amount <= dose.amount.exact + _SAME or every.size >= own.size or _reaches(every, own, own):
        return False
    offered = any(row.dose for row in rows) and any(row.every for row in rows)
    return offered and not any(_allows_both(row, dose, amount, every) for row in rows)


def _allows_both(row: Allowed, dose: PhaseDose, amount: int, every: Span) -> bool:
    if row.dose is None or row.every is None:
        return False
    high = _amount(row.dose.high, dose.patient)
    return high is not None and amount <= high + _SAME and _reaches(every, row.every.low, row.every.high)


# --- mistakes ----------------------------------------------------------------------------------------------


def _mistakes(course: Course, dose: PhaseDose, amount: int, verdict: str) -> list[Mistake]:
    """The mistakes whose dose the order is, nearest first; none where it is the dose of another phase.

    An order that is outside is a mistake's dose nearly (`near_mistake` of house), or as rounded to whole vials (a
    tenfold one as far as rounding may go); one that is in a range only if nearer, because there it may be meant.
    """
    if verdict in (MATCH, WITHIN_ROUNDING) or any(_elsewhere(course, dose, amount)):
        return []
    found = [each for each in _candidates(course, dose) if _is(course, each, amount, loosely=verdict == OUTSIDE)]
    listed = sorted(found, key=lambda each: half_up(abs(each.amount - amount) * _FINE, each.amount))
    return list({mistake.code: mistake for mistake in reversed(listed)}.values())[::-1]


def _is(course: Course, candidate: Mistake, amount: int, *, loosely: bool) -> bool:
    """Whether an order is a candidate's dose, exactly enough, or rounded to whole vials."""
    near, share = course.house.near_mistake, course.house.rounding.within
    off = candidate.amount - amount
    if within(off, near.outside if loosely else near.in_range, candidate.amount):
        return True
    if not loosely or candidate.code == "tenfold":
        return loosely and within(off, share, candidate.amount)
    vials = round_dose(candidate.amount, Rounding(vials=True), share, course.product.vials.sizes)
    return vials.dose == amount


def _candidates(course: Course, dose: PhaseDose) -> Iterator[Mistake]:
    """What each usual mistake would give for this patient and phase."""
    exact, asked, patient = dose.amount.exact, dose.asked, dose.patient
    yield Mistake("tenfold", exact * 10, f"ten times the dose: {people(exact * 10)} mg")
    yield Mistake("tenfold", half_up(exact, 10), f"a tenth of the dose: {people(half_up(exact, 10))} mg")
    for code, weight, how in (
        ("pounds-for-kilograms", pounds(patient.weight) * 10, "the weight in lb taken for kg"),
        ("pounds-for-kilograms", read_as_pounds(patient.weight), "the weight in kg taken for lb"),
    ):
        amount = asked.amount(weight, _surface(patient, weight))
        if amount and amount != exact:
            yield Mistake(code, amount, f"{how}: {plain(weight)} kg would give {people(amount)} mg")
    yield from _wrong_size(asked, patient)
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


def _other_drugs(course: Course, patient: Patient) -> Iterator[Mistake]:
    """The doses of the regimens of other drugs under the same label; those of the same indication first."""
    table, mine = course.table, course.regimen
    for id_ in sorted(table.names("regimens"), key=lambda name: name.partition("/")[2] != mine.indication):
        drug, _, indication = id_.partition("/")
        if drug == mine.drug_id or not table.has_part("regimens", id_, mine.label):
            continue
        for name, phase in table.regimen(drug, indication, mine.label).phases.items():
            if patient.bsa is None and (any(each.basis == "mg/m2" for each in phase.doses) or _by_bsa(phase)):
                continue
            asked = phase.dose_of(patient.weight, patient.bsa)
            amount = asked.amount(patient.weight, patient.bsa)
            message = f"the {name} dose of {id_} is {asked.people}: {people(amount)} mg"
            yield Mistake("other-drug", amount, message)
