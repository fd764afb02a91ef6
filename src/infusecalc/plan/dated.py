"""The shapes of a plan: its infusions with their dates, and the starts of its later phases."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from infusecalc.dates import Position
from infusecalc.frozen import Frozen
from infusecalc.statements import Starts

if TYPE_CHECKING:
    from infusecalc.history import Given


class Planned(Frozen):
    """One infusion of a plan, given already or not.

    `block` counts the repeats of its phase, and `head` is the first of its block. `by_plan` is its date in the
    original plan, `due` its date after what was given so far, and `date` the day of the infusion: an open one near
    `due` where the clinic's days were asked for (`shut`: none was found).
    """

    number: int
    phase: str
    day: int
    date: dt.date
    position: Position
    optional: bool
    block: int
    head: bool
    by_plan: dt.date
    due: dt.date
    given: Given | None = None
    shut: bool = False

    @property
    def moved_days(self) -> int:
        """The days by which the clinic's days moved it."""
        return (self.date - self.due).days

    @property
    def late_days(self) -> int:
        """The days after its date in the original plan; negative where it is early."""
        return (self.date - self.by_plan).days


class PhaseStart(Frozen):
    """When a phase starts after another: as planned, and the window that the table gives.

    `how` says whether that start is the plan's (`default`), was `asked` for, or was `given`.
    """

    phase: str
    rule: Starts
    anchor: Position
    usual: dt.date
    earliest: dt.date | None
    latest: dt.date | None
    how: str

    @property
    def planned(self) -> dt.date:
        """The date of the phase's first infusion."""
        return self.anchor.date

    @property
    def chosen(self) -> bool:
        """Whether the start was not the plan's own."""
        return self.how != "default"


class Plan(Frozen):
    """The infusions in order. `ended`: the regimen is complete before the end of the planned time.

    `passed` are dates of the original plan that were passed over, because a later infusion than planned
    left no room for them.
    """

    start: dt.date
    infusions: tuple[Planned, ...]
    starts: tuple[PhaseStart, ...]
    ended: bool
    passed: tuple[dt.date, ...] = ()

    def of_phase(self, name: str) -> tuple[Planned, ...]:
        """The infusions of one phase."""
        return tuple(item for item in self.infusions if item.phase == name)
