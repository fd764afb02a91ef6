"""A plan and what was given so far to the rest of the plan: counted from the last infusion given, or from the start.

Nothing given is moved, and nothing is added or doubled: an infusion follows the one given before it, later or
earlier by as much as that one was, or stays on the date of the original plan if that leaves room.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain, islice

from infusecalc.choices import Choices
from infusecalc.dates import Position, days_long
from infusecalc.errors import BadInput
from infusecalc.history import Given
from infusecalc.overrides import Ordered
from infusecalc.plan.events import Event, Since, Trail, events, offsets_of, start_of
from infusecalc.statements import Phase

_WHOLE = 10_000  # 100 % in 0.01 %

Followed = Iterator[tuple[Event, date, date, Given | None]]


def follow(ordered: Ordered, choices: Choices, start: date, trail: Trail, doubled: int) -> Followed:
    """What was given, each on its own date, then the rest; `doubled` is a share of 0.01 % of the time between two."""
    own = rest = events(ordered, choices, start, trail.shared())  # one walk, until something was given on another day
    planned = date.min
    for number, given in enumerate(choices.history, 1):
        event = next(rest, None)
        if event is None:
            repeats = any(phase.repeat for phase in ordered.phases.values())
            hint = "check the dates" + (", or give `courses`, how many are planned in all" if repeats else "")
            detail = f": number {number}, and {ordered.regimen.id} has {number - 1}"
            problem = "is one too many for this plan"
            raise BadInput("infusion given", given.date, problem, detail=detail, hint=hint, field="given")
        due = event.position.date
        planned = due if rest is own else next(own).position.date
        if given.date != due:
            if rest is own:
                trail.part()
            event = Event(event.phase, Position(given.date), event.block, event.place)
            rest = events(ordered, choices, start, trail, _since(event, ordered.phases[event.phase], trail))
        yield event, given.date, planned, Given(given.date, given.amount, due if number > 1 else None)
    if choices.anchor == "planned":
        first = Trail()
        slots = islice(events(ordered, choices, start, first), len(choices.history), None)
        roomy = _with_room(ordered, trail, slots, planned, choices.history[-1].date, doubled)
        if roomy:
            trail.part()
            rest = _on_the_way(ordered, roomy, trail, first)
    for event in rest:
        day = event.position.date
        yield event, day, day if rest is own else next(own).position.date, None


def _since(event: Event, phase: Phase, trail: Trail) -> Since:
    """What is to come, counted from an infusion that was given on another day than planned."""
    head = Position(event.position.date - days_long(offsets_of(phase, event.block)[event.place]))
    found = trail.starts.get(event.phase)
    if found and event.head and event.block == 0:
        trail.starts[event.phase] = found.but(anchor=head, how="given")
    if event.block == 0:
        trail.edges["first", event.phase] = head
        trail.edges["last", event.phase] = head.later_days(phase.offsets[-1])
    return Since(event, head, event.block)


def _with_room(
    ordered: Ordered, trail: Trail, slots: Iterator[Event], before: date, last: date, doubled: int
) -> Iterator[Event] | None:
    """The slots of the original plan, from the first that leaves room after the last infusion given.

    A slot without room is passed over where the next one is its equal; where it is one of a set (weeks 0, 2, 6), or the
    last, there are none: the rest counted from the last infusion given takes its place.
    """
    skipped: tuple[str, int] | None = None
    for event in slots:
        day, phase = event.position.date, ordered.phases[event.phase]
        if (event.phase, event.block) == skipped:
            continue
        if (day - last).days * _WHOLE >= max(_WHOLE, (day - before).days * doubled):
            return chain([event], slots)
        trail.passed.append(day)
        if not (event.head and phase.interval and (phase.repeat or event.block or len(phase.offsets) == 1)):
            break
        skipped, before = (event.phase, event.block), day
    return None


def _on_the_way(ordered: Ordered, slots: Iterator[Event], trail: Trail, first: Trail) -> Iterator[Event]:
    """The slots of the original plan; the edges of their phases, and the windows counted from them, noted."""
    for event in slots:
        phase, name = ordered.phases[event.phase], event.phase
        if name in first.starts and name not in trail.starts:
            how = "default" if event.block else first.starts[name].how  # the day that was asked for was passed over
            found = start_of(name, phase, trail, event.position.date, how)
            trail.starts[name] = found.but(anchor=event.position)
        if event.block == 0:
            if event.head:
                trail.edges["first", name] = event.position
            trail.edges["last", name] = event.position
        yield event
