"""A plan and a clinic's days to the plan with its infusions on open days, each moved on its own: no shift adds up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from infusecalc.clinic import Clinic
from infusecalc.dates import add
from infusecalc.errors import BadInput
from infusecalc.overrides import Ordered
from infusecalc.plan.dated import Plan, Planned


def move_to_open_days(plan: Plan, ordered: Ordered, clinic: Clinic) -> Plan:
    """Every infusion that is still to come on the nearest open day within its phase's tolerance.

    Of two days equally near, the later; none that is too near the infusion before it, and none on or after the day of
    the next. An infusion for which there is no such day stays where it is, and is marked `shut`. Raises BadInput for a
    tolerance of no phase.
    """
    for phase in clinic.phases:
        if phase not in ordered.phases:
            raise BadInput("`tolerance` phase", phase, "is not in this plan", allowed=", ".join(ordered.phases))
    found: list[Planned] = []
    for item, after in zip(plan.infusions, (*plan.infusions[1:], None), strict=True):
        soonest = _soonest(item, found[-1], ordered) if found else date.min
        latest = after.due - timedelta(days=1) if after else date.max
        moved = item if item.given else _moved(item, soonest, latest, clinic)
        found.append(moved.but(day=(moved.date - plan.start).days))
    return plan.but(infusions=tuple(found))


def _soonest(item: Planned, before: Planned, ordered: Ordered) -> date:
    """The first day after the infusion before that the label's least gap leaves."""
    least = ordered.least_gap(item.phase) if item.head else None
    return add(before.date, least) if least else before.date + timedelta(days=1)


def _moved(item: Planned, soonest: date, latest: date, clinic: Clinic) -> Planned:
    """An infusion on the nearest open day from `soonest` to `latest`, or marked where there is none."""
    for day in _nearest_first(item.due, clinic.tolerance(item.phase)):
        if soonest <= day <= latest and clinic.is_open(day):
            return item.but(date=day)
    return item.but(shut=not clinic.is_open(item.due))


def _nearest_first(day: date, tolerance: int) -> Iterator[date]:
    yield day
    for days in range(1, tolerance + 1):
        yield day + timedelta(days=days)
        yield day - timedelta(days=days)
