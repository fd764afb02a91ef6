"""Phases, a start, what was given and a clinic's days to a Plan: which phase's dose falls on which date."""

from __future__ import annotations

from datetime import date

from infusecalc.choices import Choices, Horizon
from infusecalc.errors import BadInput
from infusecalc.overrides import Ordered
from infusecalc.plan.dated import PhaseStart, Plan, Planned
from infusecalc.plan.events import Event, Since, Trail, events
from infusecalc.plan.horizon import Dated, cut
from infusecalc.statements import House

__all__ = ["Event", "PhaseStart", "Plan", "Planned", "Since", "event_of", "make_plan"]


def make_plan(ordered: Ordered, choices: Choices, house: House) -> Plan:
    """The dated plan; raises BadInput for a horizon that is too far or ends before it begins."""
    history = choices.history
    start = choices.start or (history[0].date if history else None)
    if start is None:
        raise BadInput("`start`", None, "is missing", hint="give it as YYYY-MM-DD or today")
    trail = Trail()
    dated = _dated(ordered, choices, start, trail, house)
    last_given = history[-1].date if history else None
    infusions, ended = cut(dated, ordered.phases, choices.horizon, start, last_given, house.horizon)
    while choices.maintenance_start is not None and not trail.starts:
        next(dated)  # beyond the horizon; but what was asked for is held against its window all the same
    starts = tuple(found for found in trail.starts.values() if found.how == "asked" or found.rule.window)
    plan = Plan(start, infusions, starts, ended, tuple(trail.passed))
    if choices.clinic is None:
        return plan
    from infusecalc.plan.moved import move_to_open_days  # noqa: PLC0415 - only a clinic's days need it

    return move_to_open_days(plan, ordered, choices.clinic)


def _dated(ordered: Ordered, choices: Choices, start: date, trail: Trail, house: House) -> Dated:
    """Every event with its day, its date in the original plan, and what was given for it."""
    if not choices.history:
        walk = events(ordered, choices, start, trail)
        return ((event, day, day, None) for event, day in ((event, event.position.date) for event in walk))
    from infusecalc.plan.followed import follow  # noqa: PLC0415 - only a history needs it

    return follow(ordered, choices, start, trail, house.doubled.under)


def event_of(ordered: Ordered, choices: Choices, number: int) -> tuple[Event, Event | None]:
    """The place of an infusion by its number, and the place before it; raises BadInput.

    Which phase comes when does not depend on the date, so any will do; a course that repeats does so often enough.
    """
    repeats = any(phase.repeat for phase in ordered.phases.values())
    undated = choices.but(history=(), maintenance_start=None, horizon=Horizon(courses=number if repeats else None))
    walk = events(ordered, undated, date(2000, 1, 1), Trail())
    event, before = next(walk), None
    for counted in range(1, number):
        after = next(walk, None)
        if after is None:
            detail = f": {ordered.regimen.id} has {counted} infusions"
            raise BadInput("`number`", number, "is not in this plan", detail=detail)
        event, before = after, event
    return event, before
