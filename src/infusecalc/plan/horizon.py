"""Dated events to the infusions of a plan: as far as the horizon goes, and not beyond what is taken at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from infusecalc.choices import Horizon
from infusecalc.dates import add
from infusecalc.errors import BadInput
from infusecalc.plan.dated import Planned
from infusecalc.plan.events import Event
from infusecalc.statements import HorizonLimits, Phase

if TYPE_CHECKING:
    from infusecalc.history import Given

Dated = Iterator["tuple[Event, date, date, Given | None]"]
"""Each event with its day, its date in the original plan, and what was given for it."""


def cut(
    dated: Dated,
    phases: dict[str, Phase],
    horizon: Horizon,
    start: date,
    last_given: date | None,
    limits: HorizonLimits,
) -> tuple[tuple[Planned, ...], bool]:
    """The infusions up to the horizon, and whether the regimen ended before it; what was given is always kept."""
    farthest = add(start, limits.to)
    end = end_of(horizon, start, last_given or start, limits)
    found: list[Planned] = []
    seen: dict[str, int] = {}
    for event, day, by_plan, given in dated:
        full = horizon.infusions is not None and len(found) >= horizon.infusions
        if not given and (full or (end is not None and day > end)):
            return tuple(found), False
        if day > farthest or len(found) == limits.infusions:
            raise _too_far(horizon, limits)
        seen[event.phase] = seen.get(event.phase, 0) + 1
        from_ = phases[event.phase].if_needed_from
        optional = from_ is not None and seen[event.phase] >= from_ and not given
        number, days = len(found) + 1, (day - start).days
        found.append(
            Planned(
                number, event.phase, days, day, event.position, optional, event.block, event.head, by_plan, day, given
            )
        )
        if horizon.infusions is not None and number >= horizon.infusions and not given:
            return tuple(found), False
    ended = horizon.courses is None and (end is None or found[-1].date < end)
    return tuple(found), ended


def end_of(horizon: Horizon, start: date, since: date, limits: HorizonLimits) -> date | None:
    """The last day of the horizon, inclusive; None where it counts infusions or courses.

    Unless a horizon is asked for, the usual one counts from the last infusion given (`since`). Raises BadInput for one
    that is too far, or that ends before the start.
    """
    if horizon.infusions is not None or horizon.courses is not None:
        if max(horizon.infusions or 0, horizon.courses or 0) > limits.infusions:
            raise _too_far(horizon, limits)
        return None
    if horizon.until is not None:
        if horizon.until < start:
            raise BadInput(
                "`until`", horizon.until, "is before the start", detail=f", {start}", hint="give a later date"
            )
        end = horizon.until
    else:
        span = horizon.span or limits.default
        if span.size > limits.to.size * 2:
            raise _too_far(horizon, limits)
        end = add(start if horizon.span else since, span)
    if end > add(start, limits.to):
        raise _too_far(horizon, limits)
    return end


def _too_far(horizon: Horizon, limits: HorizonLimits) -> BadInput:
    by_name = {
        "`for_`": horizon.span, "`until`": horizon.until, "`doses`": horizon.infusions, "`courses`": horizon.courses,
    }  # set in rows # fmt: skip
    what, asked = next(((name, value) for name, value in by_name.items() if value), ("horizon", None))
    allowed = f"up to {limits.infusions} infusions and {limits.to}"
    return BadInput(what, asked, "is too far", allowed=allowed, hint="plan less far")
