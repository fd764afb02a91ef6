"""A Course and an order to its Verdict: how far dose and interval are from the regimen, and what was mistaken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from infusecalc.arithmetic import tenths_of_percent, within
from infusecalc.choices import parse_count
from infusecalc.course import Course
from infusecalc.dates import stretch
from infusecalc.errors import BadInput
from infusecalc.findings import Finding, block_keys
from infusecalc.frozen import Frozen
from infusecalc.infusions import least_cover
from infusecalc.order_findings import findings_of
from infusecalc.order_mistakes import SAME, Mistake, find_mistakes
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose
from infusecalc.plan import event_of
from infusecalc.quantities import Dose, Span, decisive, parse_amount, parse_dose, parse_span, people, plain
from infusecalc.spelling import normal
from infusecalc.statements import Allowed, Citation, Phase
from infusecalc.statements.kinds import DoseRange

MATCH, WITHIN_ROUNDING, WITHIN_RANGE, OUTSIDE = VERDICTS = ("match", "within-rounding", "within-range", "outside")
_INSIDE, _ROUNDED = "within", "within rounding of"
_Notes = dict[str, str]
"""What is said of an order, each with the condition on which the order is allowed, or none."""
_TOGETHER = (
    "both together are outside: the label allows a higher dose or a shorter interval, "
    "and no text that we found allows both"
)

_ORDERS = "mg, mg/kg or mg/m2, as in 350mg"


class Verdict(Frozen):
    """An order against a phase of a course; amounts in 0.01 mg, `difference` in 0.1 % of the expected dose.

    `basis` is what was ordered by weight or surface, None for an order in mg. `interval_verdict` is None where no
    interval was ordered; `verdict` is the worse of the two. `told`: it was said which phase or infusion it is for.
    `conditions` are those on which an order in range is allowed.
    """

    course: Course
    dose: PhaseDose
    number: int | None
    told: bool
    ordered: int
    basis: Dose | None
    every: Span | None
    dose_verdict: str
    interval_verdict: str | None
    notes: tuple[str, ...]
    conditions: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    sources: tuple[Citation, ...]
    findings: tuple[Finding, ...]

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
    def entered(self) -> tuple[tuple[str, str], ...]:
        """The dose and the interval that were entered for the phase, each with the regimen's own that it replaces."""
        own, asked = (each.phases[self.dose.name] for each in (self.course.regimen, self.course.ordered))
        dose = [(self.dose.asked.people, own.people)] if own.doses != asked.doses else []
        changed = self.course.ordered.interval_changed(self.dose.name)
        return (*dose, *([(f"every {asked.interval}", f"every {own.interval}")] if changed else []))

    @property
    def within_block(self) -> bool:
        """Whether the ordered interval is the one between the infusions of a phase that is given once."""
        return self.every is not None and self.dose.phase.interval is None

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
    accept: str | Sequence[str] = (),
) -> Verdict:
    """Compare an ordered dose (mg, mg/kg or mg/m2), and an interval, with the regimen; raises BadInput.

    `accept` is for blocks of the course and of the order alike.
    """
    basis = parse_dose(ordered, "`ordered`") if isinstance(ordered, str) and "/" in ordered else None
    amount = parse_amount(str(ordered), "`ordered`", _ORDERS) if basis is None else 0
    every = None if ordered_every is None else parse_span(ordered_every, "`ordered_every`")
    counted = parse_count(number, "`number`")
    if counted is not None and counted > course.house.horizon.infusions:
        raise BadInput("`number`", number, "is too high", allowed=f"up to {course.house.horizon.infusions}")
    dose = _phase(course, phase, counted, every)
    if basis is not None:
        amount = basis.amount(dose.patient.weight, dose.patient.bsa)
    rows = [row for row in course.regimen.rules.allowed if row.phase in (None, dose.name)]
    notes: _Notes = {}
    dose_verdict = _dose_verdict(course, dose, amount, every, rows, notes)
    mistakes = _mistakes(course, dose, amount, dose_verdict)
    interval_verdict = None if every is None else _interval_verdict(dose, every, rows, notes)
    if (
        every is not None
        and dose_verdict == interval_verdict == WITHIN_RANGE
        and _combined(course, dose, amount, every, rows)
    ):
        notes = {_TOGETHER: ""} | {f"alone: {note}": condition for note, condition in notes.items()}
        dose_verdict = interval_verdict = OUTSIDE
    cited = dict.fromkeys([*dose.phase.source, *(source for row in rows for source in row.source)])
    return Verdict(
        course,
        dose,
        counted,
        phase is not None or counted is not None,
        amount,
        basis,
        every,
        dose_verdict,
        interval_verdict,
        tuple(notes),
        _conditions(course, dose, amount, every, rows, notes),
        mistakes,
        tuple(cited),
        findings_of(course, dose, amount, None if interval_verdict == OUTSIDE else every, accept),
    )


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


def _dose_verdict(
    course: Course, dose: PhaseDose, amount: int, every: Span | None, rows: list[Allowed], notes: _Notes
) -> str:
    expected, share = dose.amount.exact, course.choices.rounding.most(course.house.rounding.within)
    if abs(amount - expected) <= SAME:
        return MATCH
    if within(amount - expected, share, expected):
        return WITHIN_ROUNDING
    for row in rows:
        if row.dose:
            low, high = _bounds(row.dose, dose.patient)
            how = _allowed(course, low, high, amount)
            if how and row.once and every is not None:
                notes[f"{row.dose.text} is allowed once, and not every {every}: {row.when}"] = ""
            elif low is None or high is None:
                notes[f"the source allows {row.dose.text}: {row.when}"] = ""
            elif how:
                notes[f"{_met(how, row.dose, low, high)}: {row.when}"] = row.when
                return WITHIN_RANGE
            elif low == high:
                notes[f"the source also allows exactly {row.dose.text}{_span(low, high)}: {row.when}"] = ""
            else:
                notes[f"the source allows {row.dose.text}{_span(low, high)}: {row.when}"] = ""
    if least_cover(expected, course.product.vials.sizes) == amount:
        whole = f"{people(amount)} mg is {people(expected)} mg rounded up to whole vials"
        notes[f"{whole}: more than the {plain(share)} % by which rounding may change a dose"] = ""
    notes.update(dict.fromkeys(_elsewhere(course, dose, amount), ""))
    return OUTSIDE


def _met(how: str, allowed: DoseRange, low: int, high: int) -> str:
    """How an order meets what the source allows, in words: one dose, or a range."""
    if how != _INSIDE:
        return f"{how} {allowed.text}{_span(low, high)}"
    return f"it is {allowed.text}, which the source allows" if low == high else f"{how} {allowed.text}"


def _bounds(allowed: DoseRange, patient: Patient) -> tuple[int | None, int | None]:
    low, high = (
        None if bound is None else bound.amount(patient.weight, patient.bsa) for bound in (allowed.low, allowed.high)
    )
    return low, high


def _span(low: int, high: int) -> str:
    return f" ({people(low)} mg)" if low == high else f" ({people(low)} to {people(high)} mg)"


def _allowed(course: Course, low: int | None, high: int | None, amount: int) -> str | None:
    """How an order meets what the source allows: inside, or rounded to whole vials or to the step that was asked for.

    A rounded order is held against the rounded bound: it may be as far from it as rounding may go.
    """
    if low is None or high is None:
        return None
    if low - SAME <= amount <= high + SAME:
        return _INSIDE
    rounding = course.choices.rounding
    near = high if amount > high else low
    whole = amount % rounding.step == 0 if rounding.step else least_cover(amount, course.product.vials.sizes) == amount
    return _ROUNDED if whole and within(amount - near, rounding.most(course.house.rounding.within), near) else None


def _elsewhere(course: Course, dose: PhaseDose, amount: int) -> Iterator[str]:
    """Where else in the regimen the ordered dose would be right."""
    for other in course.phases:
        if other.name != dose.name and abs(other.amount.exact - amount) <= SAME:
            yield f"it is the dose of {other.name}, and not of {dose.name}"
    for row in course.regimen.rules.allowed:
        if row.phase in (None, dose.name) or not row.dose:
            continue
        if _allowed(course, *_bounds(row.dose, dose.patient), amount):
            yield f"{row.dose.text} is allowed in {row.phase}: {row.when}. It is not allowed in {dose.name}"


def _is_spacing(phase: Phase, every: Span) -> bool:
    """Whether an interval is the time between the infusions of one block of a phase: 2 weeks for days 0 and 14."""
    gaps = {later - day for day, later in pairwise(phase.offsets)}
    return gaps == {every.days}


def _interval_verdict(dose: PhaseDose, every: Span, rows: list[Allowed], notes: _Notes) -> str:
    own = dose.phase.interval
    spacing = f"every {every} is the time between infusions within the {dose.name}, "
    if _is_spacing(dose.phase, every):
        if own is None:
            notes[f"{spacing}which does not go on"] = ""
            return WITHIN_RANGE
        notes[f"{spacing}not how it goes on; to check its days alone, leave out the ordered interval"] = ""
    if own is None:
        offsets = dose.phase.offsets
        plural, days = "s" if len(offsets) > 1 else "", ", ".join(map(str, offsets))
        hint = f"leave it out: {dose.name} does not repeat: {len(offsets)} infusion{plural}, day{plural} {days}"
        raise BadInput("`ordered_every`", every, "is for a phase that repeats", hint=hint)
    if every.size == own.size or _reaches(every, own, own):
        return MATCH
    for row in rows:
        if row.every and _reaches(every, row.every.low or _least(dose), row.every.high):
            notes[f"{row.every.text} is allowed: {row.when}"] = row.when
            return WITHIN_RANGE
    notes[f"every {every} instead of every {own}"] = ""
    return OUTSIDE


def _least(dose: PhaseDose) -> Span | None:
    """The least gap of a phase, which bounds an interval without a figure."""
    return dose.phase.gap.least if dose.phase.gap else None


def _reaches(every: Span, low: Span | None, high: Span | None) -> bool:
    """Whether an interval is not under a bound and not over one; weeks against months by the calendar."""
    return (low is None or stretch(every)[1] >= stretch(low)[0]) and (
        high is None or stretch(every)[0] <= stretch(high)[1]
    )


def _combined(course: Course, dose: PhaseDose, amount: int, every: Span, rows: list[Allowed]) -> bool:
    """Whether dose and interval are both escalated, and no statement of the source allows the two together."""
    own = dose.phase.interval
    if own is None or amount <= dose.amount.exact + SAME or every.size >= own.size or _reaches(every, own, own):
        return False
    offered = any(row.dose for row in rows) and any(row.every for row in rows)
    return offered and not any(_allows_both(course, row, dose, amount, every) for row in rows)


def _conditions(
    course: Course, dose: PhaseDose, amount: int, every: Span | None, rows: list[Allowed], notes: _Notes
) -> tuple[str, ...]:
    """On what an order in range is allowed: what allows dose and interval together alone, where both are met by it."""
    found = tuple(dict.fromkeys(filter(None, notes.values())))
    if every is None or len(found) == 1:
        return found
    return (
        tuple(row.when for row in rows if row.when in found and _allows_both(course, row, dose, amount, every)) or found
    )


def _allows_both(course: Course, row: Allowed, dose: PhaseDose, amount: int, every: Span) -> bool:
    if row.dose is None or row.every is None:
        return False
    _, high = _bounds(row.dose, dose.patient)
    met = high is not None and (amount <= high or _allowed(course, high, high, amount) is not None)
    return met and _reaches(every, row.every.low, row.every.high)


def _mistakes(course: Course, dose: PhaseDose, amount: int, verdict: str) -> tuple[Mistake, ...]:
    """The mistakes that the order may be; none where it is right, or the dose of another phase."""
    if verdict in (MATCH, WITHIN_ROUNDING) or any(_elsewhere(course, dose, amount)):
        return ()
    return find_mistakes(course, dose, amount, in_range=verdict == WITHIN_RANGE)
