"""A Course and one of its infusions to the pump table: step by step, with a stop in it where there was one."""

from __future__ import annotations

from collections.abc import Sequence

from infusecalc.choices import Choices, parse_clock, parse_count
from infusecalc.course import Course
from infusecalc.dates import add
from infusecalc.errors import BadInput
from infusecalc.findings import Finding, block_keys, concerns, settle, too_long
from infusecalc.frozen import Frozen
from infusecalc.phase_dose import PhaseDose, first_number, last_number
from infusecalc.plan import event_of
from infusecalc.pump import Rates, Step, Stop, pump_steps
from infusecalc.quantities import parse_minutes
from infusecalc.spelling import normal
from infusecalc.statements import Protocol


class PumpTable(Frozen):
    """The steps of one infusion; `number` is None for a later infusion without one, `at` is in minutes of the day.

    `findings` are those of the course, and what a stop adds.
    """

    course: Course
    dose: PhaseDose
    number: int | None
    first: bool
    rates: Rates
    steps: tuple[Step, ...]
    stop: Stop | None
    at: int | None
    findings: tuple[Finding, ...]

    @property
    def duration(self) -> int:
        """The time of the whole infusion in 0.01 min, a pause counted in."""
        return sum(step.minutes for step in self.steps)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The keys of the findings that block."""
        return block_keys(self.findings)

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every source that the answer rests on."""
        stopped = self.course.house.after_stop.source if self.stop else ()
        cited = [stopped, *(finding.source for finding in self.findings)]
        return tuple(dict.fromkeys((*self.course.sources, *(each.id for source in cited for each in source))))


def make_pump_table(
    course: Course,
    *,
    number: str | int | None = None,
    first: bool = False,
    subsequent: bool = False,
    phase: str | None = None,
    at: str | None = None,
    stopped_at: str | None = None,
    pause: str | None = None,
    hold: bool = False,
    accept: str | Sequence[str] = (),
) -> PumpTable:
    """The pump table of an infusion: by its number, the first, or a later one; the first unless said.

    `accept` is for blocks of the course and of the table alike. Raises BadInput for an infusion that is not planned, a
    protocol that does not run it, a regimen without a rate, a stop outside the infusion, and an acceptance that meets
    no block.
    """
    asked = [
        name for name, given in {"`number`": number, "`first`": first, "`subsequent`": subsequent}.items() if given
    ]
    if len(asked) > 1:
        hint = "give one of them; `first` is infusion 1, with its own dose"
        raise BadInput(" and ".join(asked), None, "cannot be combined", hint=hint)
    counted = parse_count(number, "`number`")
    if phase is not None and not asked:
        counted = _first_of(course, phase)
    if counted is not None and counted > course.house.horizon.infusions:
        raise BadInput("`number`", number, "is too high", allowed=f"up to {course.house.horizon.infusions}")
    place = None if subsequent else counted or 1
    dose = _dose(course, place or _later(course), phase, by_number=place is not None)
    is_first = _is_first(course, place)
    rates = _rates(course, place, "`number`" if number is not None else "infusion", first=is_first)
    stop = _stop(course, stopped_at, pause, hold=hold)
    made = PumpTable(
        course, dose, place, is_first, rates, pump_steps(dose.load, rates, stop), stop, parse_clock(at, "`at`"), ()
    )
    found = [finding for finding in course.findings if concerns(finding, dose.name)]
    if stop:
        numbers = None if place is None else (place,)
        over = too_long(made.duration, course.house, course.product_name, course.product)
        found += [finding.but(infusions=numbers, phases=(dose.name,)) for finding in over]
    return made.but(findings=settle(found, Choices.of(accept=accept).acceptances, course.conditions))


def _first_of(course: Course, phase: str) -> int:
    """The number of the first infusion of a phase; raises BadInput for one that is not planned."""
    asked = normal(phase)
    if asked not in course.ordered.phases:
        raise BadInput("`phase`", phase, "is not in this plan", allowed=", ".join(course.ordered.phases))
    return first_number(course.ordered, asked)


def _later(course: Course) -> int:
    """The first infusion that runs as a later one, and by the protocol where one was chosen."""
    protocol = course.running.protocol
    return max(2, protocol.from_infusion) if protocol else 2


def _dose(course: Course, number: int, phase: str | None, *, by_number: bool) -> PhaseDose:
    """The dose of an infusion: of its own day where the course has dates, else of its phase."""
    dated = [infusion.dose for infusion in course.infusions if infusion.planned.number == number]
    name = event_of(course.ordered, course.choices, number)[0].phase
    if phase is not None:
        _first_of(course, phase)
        asked = normal(phase)
        if by_number and asked != name:
            raise BadInput("`phase`", phase, f"is not the phase of infusion {number}", allowed=name)
        if asked != name:
            _check_phase(course, asked)
            return next(dose for dose in course.phases if dose.name == asked)
    return dated[0] if dated else next(dose for dose in course.phases if dose.name == name)


def _check_phase(course: Course, name: str) -> None:
    """Refuse a phase that is over before the protocol begins."""
    protocol, last = course.running.protocol, last_number(course.ordered, name)
    if protocol and last is not None and last < protocol.from_infusion:
        problem = f"ends with infusion {last}, and {_in_a_sentence(protocol)} begins later"
        raise BadInput("`phase`", name, problem, allowed=f"phases from infusion {protocol.from_infusion} on")


def _is_first(course: Course, number: int | None) -> bool:
    """Whether an infusion runs as a first one: the first of the course, or of a course after a long pause."""
    if number is None or number == 1:
        return number == 1
    dated = [infusion for infusion in course.infusions if infusion.planned.number == number]
    if dated:
        return dated[0].first
    again, (event, before) = course.running.again, event_of(course.ordered, course.choices, number)
    return bool(again and before and event.position.date >= add(before.position.date, again.after))


def _rates(course: Course, number: int | None, what: str, *, first: bool) -> Rates:
    protocol = course.running.protocol
    if protocol and number is not None and number < protocol.from_infusion:
        allowed = f"infusion {protocol.from_infusion} and later ones"
        hint = "" if what == "`number`" else f"give `number` {protocol.from_infusion}, or `subsequent`"
        raise BadInput(what, number, f"is too early for {_in_a_sentence(protocol)}", allowed=allowed, hint=hint)
    rates = course.running.rates(number, first=first)
    if rates is None:
        note = course.regimen.rules.rate_not_labelled
        known = ", ".join(course.table.protocols(course.regimen))
        problem = "is missing, and the label gives no rate" + (f": {note.text}" if note else "")
        raise BadInput("`protocol`", None, problem, allowed=known, hint="choose one")
    return rates


def _in_a_sentence(protocol: Protocol) -> str:
    """The name of a protocol within a sentence: its first letter small, unless more capitals follow."""
    name = protocol.name
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _stop(course: Course, stopped_at: str | None, pause: str | None, *, hold: bool) -> Stop | None:
    if stopped_at is None:
        if pause is not None or hold:
            what = "`hold`" if pause is None else "`pause`"
            hint = "give the minutes after which it was stopped"
            raise BadInput(what, pause, "needs `stopped_at`", hint=hint)
        return None
    reaction = course.regimen.drug_rules.reaction
    if reaction is None:
        problem = "cannot be used: the table does not say how to go on after a stop"
        raise BadInput("`stopped_at`", stopped_at, problem, hint="leave it out")
    longest = course.house.longest_pause.most
    paused = parse_minutes(pause, "`pause`") if pause is not None else 0
    if paused > longest * 100:
        raise BadInput("`pause`", pause, "is too long", allowed=f"up to {longest} min")
    return Stop(parse_minutes(stopped_at, "`stopped_at`"), paused, reaction.resume, hold)
