"""A plan and what was given so far to the rest of the plan: counted from the last infusion given, or from the start.

Nothing given is moved, and nothing is made up or doubled: an infusion follows the one given before it, later or
earlier by as much as that one was, or stays on the date of the plan as it was started if that leaves room.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from infusecalc.choices import Choices
from infusecalc.dates import Position
from infusecalc.errors import BadInput
from infusecalc.history import Given
from infusecalc.ordered import Ordered
from infusecalc.plan.events import Event, Since, Trail, events, offsets_of, start_of
from infusecalc.regimen import Phase

_WHOLE = 10_000  # 100 % in 0.01 %

Followed = Iterator[tuple[Event, date, Given | None]]


def follow(ordered: Ordered, choices: Choices, start: date, trail: Trail, doubled: int) -> Followed:
    """What was given, each on its own date, then the rest; `doubled` is a share of 0.01 % of the time between two."""
    own = events(ordered, choices, start, Trail())
    rest = events(ordered, choices, start, trail)
    planned = date.min
    for number, given in enumerate(choices.history, 1):
        event = next(rest, None)
        if event is None:
            hint = "look for one too many; --courses says how many courses there are"
            problem = f"is infusion {number}, and {ordered.regimen.id} has {number - 1}"
            raise BadInput("history", given.date, problem, hint=hint)
        planned = next(own).position.date
        if given.date != event.position.date:
            event = event.but(position=Position(given.date))
            rest = events(ordered, choices, start, trail, _since(event, ordered.phases[event.phase], trail))
        yield event, planned, given
    if choices.anchor == "planned":
        slots = islice(events(ordered, choices, start, Trail()), len(choices.history), None)
        rest = _as_planned(ordered, trail, rest, slots, planned, choices.history[-1].date, doubled)
    for event in rest:
        yield event, next(own).position.date, None


def _since(event: Event, phase: Phase, trail: Trail) -> Since:
    """What is to come, counted from an infusion that was given on another day than planned."""
    head = Position(event.position.date - timedelta(days=offsets_of(phase, event.block)[event.place]))
    if event.head and event.block == 0 and event.phase in trail.starts:
        trail.starts[event.phase] = trail.starts[event.phase].but(anchor=head, how="given")
    return Since(event, head, event.block)


def _as_planned(
    ordered: Ordered,
    trail: Trail,
    rest: Iterator[Event],
    slots: Iterator[Event],
    before: date,
    last: date,
    doubled: int,
) -> Iterator[Event]:
    """The slots of the plan as it was started, from the first that leaves room after the last infusion given.

    A slot without room is passed over where the next one is its equal; where it is one of a set (weeks 0, 2, 6), the
    `rest` counted from the last infusion given takes its place.
    """
    skipped: tuple[str, int] | None = None
    for event in slots:
        day, phase = event.position.date, ordered.phases[event.phase]
        if (event.phase, event.block) == skipped:
            continue
        if (day - last).days >= max(1, (day - before).days * doubled // _WHOLE):
            if event.head and event.block == 0 and phase.starts:
                trail.starts[event.phase] = start_of(event.phase, phase, trail, day, "default")
            yield event
            yield from slots
            return
        trail.passed.append(day)
        if not (event.head and phase.interval and (phase.repeat or event.block or len(phase.offsets) == 1)):
            yield from rest
            return
        skipped, before = (event.phase, event.block), day
