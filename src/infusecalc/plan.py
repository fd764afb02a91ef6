"""Phases and a start date to a Plan: which phase's dose falls on which date, and how far the plan goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count

from infusecalc.choices import Choices, Horizon
from infusecalc.dates import Position, add
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.ordered import Ordered
from infusecalc.quantities import Span
from infusecalc.regimen import HorizonLimits, Phase, Starts


class Planned(Frozen):
    """One infusion by the plan. `block` counts the repeats of its phase; `head`: the first of its block."""

    number: int
    phase: str
    day: int
    date: date
    position: Position
    optional: bool
    block: int
    head: bool


class PhaseStart(Frozen):
    """When a phase starts after another: as planned, and the window that the table gives."""

    phase: str
    rule: Starts
    anchor: Position
    usual: date
    earliest: date | None
    latest: date | None
    chosen: bool

    @property
    def planned(self) -> date:
        """The date of the phase's first infusion."""
        return self.anchor.date


class Plan(Frozen):
    """The infusions in order. `ended`: the regimen is complete before the horizon."""

    start: date
    infusions: tuple[Planned, ...]
    starts: tuple[PhaseStart, ...]
    ended: bool

    def of_phase(self, name: str) -> tuple[Planned, ...]:
        """The infusions of one phase."""
        return tuple(item for item in self.infusions if item.phase == name)


class _Event(Frozen):
    """A place for an infusion in a phase, before it is known whether the plan goes so far."""

    phase: str
    position: Position
    block: int
    head: bool


def make_plan(ordered: Ordered, choices: Choices, limits: HorizonLimits) -> Plan:
    """The dated plan; raises BadInput for a horizon that is too far or ends before it begins."""
    start = choices.start
    if start is None:
        raise BadInput("--start", None, "is missing", allowed="YYYY-MM-DD or today")
    starts: list[PhaseStart] = []
    events = _events(ordered, choices, start, starts)
    infusions, ended = _cut(events, ordered.phases, choices.horizon, start, limits)
    while choices.maintenance_start is not None and not starts:
        next(events)  # beyond the horizon; but what was asked for is held against its window all the same
    return Plan(start, infusions, tuple(found for found in starts if found.chosen or found.rule.window), ended)


# --- the events of a regimen, without an end -----------------------------------------------------------


def _events(ordered: Ordered, choices: Choices, start: date, starts: list[PhaseStart]) -> Iterator[_Event]:
    """The events of every phase in turn; what the windows are is noted in `starts` on the way."""
    edges: dict[tuple[str, str], Position] = {}
    if choices.maintenance_start is not None and not any(phase.starts for phase in ordered.phases.values()):
        raise BadInput("--maintenance-start", choices.maintenance_start, f"fits no phase of {ordered.regimen.id}")
    for index, (name, phase) in enumerate(ordered.phases.items()):
        anchor = Position(start)
        if phase.starts and index:
            after = edges[phase.starts.after.which, phase.starts.after.phase]
            asked = choices.maintenance_start if name == "maintenance" else None
            found = _phase_start(name, phase.starts, phase.interval, after, asked)
            if found.planned <= edges["last", phase.starts.after.phase].date:
                hint = f"the last infusion before it is on {edges['last', phase.starts.after.phase].date}"
                raise BadInput("--maintenance-start", asked, "is too early", hint=hint)
            starts.append(found)
            anchor = found.anchor
        edges["first", name] = anchor
        edges["last", name] = anchor.later_days(phase.offsets[-1])
        yield from _phase_events(name, phase, anchor, choices.horizon.courses)


def _phase_events(name: str, phase: Phase, anchor: Position, courses: int | None) -> Iterator[_Event]:
    """The first block of offsets, then the repeats: every one counted from the phase's anchor."""
    if courses is not None and not phase.repeat:
        raise BadInput("--courses", courses, "fits no regimen that gives its course once", hint="use --for or --doses")
    for offset in phase.offsets:
        yield _Event(name, anchor.later_days(offset), 0, head=offset == 0)
    if phase.interval is None or (phase.repeat and phase.repeat.planned == "asked" and courses is None):
        return
    for block in count(1) if courses is None else range(1, courses):
        head = anchor.later(phase.interval.times(block))
        for offset in phase.offsets if phase.repeat else (0,):
            yield _Event(name, head.later_days(offset), block, head=offset == 0)


def _phase_start(
    name: str, rule: Starts, interval: Span | None, after: Position, asked: date | Span | None
) -> PhaseStart:
    """Where a later phase begins: its wait after the infusion that the table names, or as asked."""
    usual = after.later(rule.wait or interval or Span(0, "day"))
    anchor = usual
    if asked is not None:
        anchor = after.later(asked) if isinstance(asked, Span) else Position(asked)
    earliest: date | None = usual.date
    latest: date | None = usual.date  # without a window, the usual day is the only one that the table knows
    if rule.window:
        earliest = add(after.date, rule.window.earliest) if rule.window.earliest else None
        latest = add(after.date, rule.window.latest) if rule.window.latest else None
    return PhaseStart(name, rule, anchor, usual.date, earliest, latest, asked is not None)


# --- the horizon -----------------------------------------------------------------------------------------


def _cut(
    events: Iterator[_Event], phases: dict[str, Phase], horizon: Horizon, start: date, limits: HorizonLimits
) -> tuple[tuple[Planned, ...], bool]:
    """The infusions up to the horizon, and whether the regimen ended before it."""
    farthest = add(start, limits.longest)
    end = _end(horizon, start, limits, farthest)
    found: list[Planned] = []
    seen: dict[str, int] = {}
    for event in events:
        day = event.position.date
        if end is not None and day > end:
            return tuple(found), False
        if day > farthest or len(found) == limits.infusions:
            raise _too_far(horizon, limits)
        seen[event.phase] = seen.get(event.phase, 0) + 1
        from_ = phases[event.phase].if_needed_from
        optional = from_ is not None and seen[event.phase] >= from_
        number = len(found) + 1
        found.append(
            Planned(number, event.phase, (day - start).days, day, event.position, optional, event.block, event.head)
        )
        if number == horizon.infusions:
            return tuple(found), False
    ended = horizon.courses is None and (end is None or found[-1].date < end)
    return tuple(found), ended


def _end(horizon: Horizon, start: date, limits: HorizonLimits, farthest: date) -> date | None:
    """The last day of the horizon, inclusive; None where it counts infusions or courses."""
    if horizon.infusions is not None or horizon.courses is not None:
        if max(horizon.infusions or 0, horizon.courses or 0) > limits.infusions:
            raise _too_far(horizon, limits)
        return None
    if horizon.until is not None:
        if horizon.until < start:
            raise BadInput("--until", horizon.until, f"is before the start, {start}", hint="give a later date")
        end = horizon.until
    else:
        span = horizon.span or limits.default
        if span.size > limits.longest.size * 2:
            raise _too_far(horizon, limits)
        end = add(start, span)
    if end > farthest:
        raise _too_far(horizon, limits)
    return end


def _too_far(horizon: Horizon, limits: HorizonLimits) -> BadInput:
    asked = horizon.span or horizon.until or horizon.infusions or horizon.courses
    allowed = f"up to {limits.infusions} infusions and {limits.longest}"
    return BadInput("horizon", asked, "is too far", allowed=allowed, hint="plan a shorter stretch")
