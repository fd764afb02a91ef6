"""The phases as ordered and a start to the places for infusions, each counted from its phase's anchor; no end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count

from infusecalc.choices import Choices
from infusecalc.dates import Position, add
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.overrides import Ordered
from infusecalc.plan.dated import PhaseStart
from infusecalc.quantities import Span
from infusecalc.statements import Phase, Starts

_NONE = -1  # before the first place of a block


class Event(Frozen):
    """A place for an infusion: `place` counts the offsets of its block, `block` the repeats of its phase."""

    phase: str
    position: Position
    block: int
    place: int

    @property
    def head(self) -> bool:
        """Whether it is the first of its block."""
        return self.place == 0


class Since(Frozen):
    """From where events go on: after one of a phase, whose block `base` begins at `anchor`."""

    event: Event
    anchor: Position
    base: int


class Trail:
    """What is noted while events are walked: the edges of each phase, when later phases start, dates passed over."""

    def __init__(self) -> None:
        """Start with nothing noted."""
        self.edges: dict[tuple[str, str], Position] = {}
        self.starts: dict[str, PhaseStart] = {}
        self.passed: list[date] = []

    def shared(self) -> Trail:
        """Another trail in which all is noted for both, until they part."""
        other = Trail()
        self.edges, self.starts = other.edges, other.starts
        return other

    def part(self) -> None:
        """Keep what was noted so far, and share nothing that comes."""
        self.edges, self.starts = dict(self.edges), dict(self.starts)


def events(
    ordered: Ordered, choices: Choices, start: date, trail: Trail, since: Since | None = None
) -> Iterator[Event]:
    """The events of every phase in turn, or those after one of them; what is met on the way is noted in `trail`."""
    asked = choices.maintenance_start
    maintenance = None if asked is None else ordered.regimen.maintenance
    if asked is not None and not (maintenance in ordered.phases and ordered.phases[maintenance].starts):
        problem, detail = "cannot be used: maintenance does not follow an induction here", f"({ordered.regimen.id})"
        raise BadInput("`maintenance_start`", asked, problem, detail=detail, hint="leave it out")
    names = list(ordered.phases)
    for name in names[names.index(since.event.phase) if since else 0 :]:
        phase = ordered.phases[name]
        resumed = since if since and name == since.event.phase else None
        if resumed:
            anchor = resumed.anchor
        elif phase.starts and name != names[0]:
            trail.starts[name] = found = start_of(name, phase, trail, asked if name == maintenance else None)
            _check_start(found, trail, asked)
            anchor = found.anchor
        else:
            anchor = Position(start)
        trail.edges["first", name] = anchor
        trail.edges["last", name] = anchor.later_days(phase.offsets[-1])
        yield from _of_phase(name, phase, anchor, _courses(phase, choices), resumed)


def offsets_of(phase: Phase, block: int) -> tuple[int, ...]:
    """The days of a block from its head: the phase's own, or just one where a later block is a single infusion."""
    return phase.offsets if block == 0 or phase.repeat else (0,)


def _courses(phase: Phase, choices: Choices) -> int | None:
    """How many blocks there are; None for no end."""
    courses = choices.horizon.courses
    if courses is not None and not phase.repeat:
        problem, hint = "is for a regimen that repeats its course", "use `for_` or `doses`"
        raise BadInput("`courses`", courses, problem, hint=hint)
    if courses is None and (phase.interval is None or (phase.repeat and phase.repeat.planned == "asked")):
        return -(-len(choices.history) // len(phase.offsets)) or 1 if phase.repeat else 1
    if phase.infusions:
        return phase.infusions - len(phase.offsets) + 1
    return courses


def _of_phase(name: str, phase: Phase, anchor: Position, courses: int | None, since: Since | None) -> Iterator[Event]:
    """The blocks of a phase, or what comes after one of its infusions: every one counted from the anchor."""
    base, done = (since.base, since.event.place) if since else (0, _NONE)
    first, later, interval = offsets_of(phase, 0), offsets_of(phase, 1), phase.interval
    months, days = (interval.months, interval.days) if interval else (0, 0)
    for block in count(base) if courses is None else range(base, courses):
        head = anchor.after(months * (block - base), days * (block - base))
        for place, offset in enumerate(later if block else first):
            if place > done:
                yield Event(name, head.later_days(offset), block, place)
        done = _NONE


# --- starts of later phases ------------------------------------------------------------------------------


def start_of(name: str, phase: Phase, trail: Trail, asked: date | Span | None, how: str = "asked") -> PhaseStart:
    """Where a later phase begins: its wait after the infusion that the table names, or as asked."""
    rule: Starts | None = phase.starts
    if rule is None:  # pragma: no cover - only phases that start after another are asked for
        raise AssertionError(name)
    after = trail.edges[rule.after.which, rule.after.phase]
    usual = after.later(phase.wait or Span(0, "day"))
    anchor = usual
    if asked is not None:
        anchor = after.later(asked) if isinstance(asked, Span) else Position(asked)
    day = usual.date
    earliest: date | None = day
    latest: date | None = day  # without a window, the usual day is the only one that the table knows
    if rule.window:
        since = after.date
        earliest = add(since, rule.window.earliest) if rule.window.earliest else None
        latest = add(since, rule.window.latest) if rule.window.latest else None
    return PhaseStart(name, rule, anchor, day, earliest, latest, "default" if asked is None else how)


def _check_start(found: PhaseStart, trail: Trail, asked: date | Span | None) -> None:
    last = trail.edges["last", found.rule.after.phase].date
    if found.planned <= last:
        detail = f": the infusion before it is on {last}"
        raise BadInput("`maintenance_start`", asked, "is too early", detail=detail, hint="give a later date")
