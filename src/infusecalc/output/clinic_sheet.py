"""A dated Course to the clinic's own sheet: order, working, pump tables, checks, and boxes to write in."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.output import phrases
from infusecalc.output.blocks import Block, Heading, Lines, Months, Rows, Timeline
from infusecalc.output.calendar import marks
from infusecalc.output.page import cited_below, found, planned, sheet_below, top
from infusecalc.output.pump_page import pump_block
from infusecalc.output.working import working
from infusecalc.pump import Load
from infusecalc.pump_table import make_pump_table

_BOXES = ("#", "planned", "dose", "initials", "actual dose", "start", "stop", "lot number")


def clinic_page(course: Course) -> Iterator[Block]:
    """The blocks of the sheet."""
    yield from top(course)
    yield from planned(course)
    yield Heading("Calendar")
    yield Timeline(marks(course))
    yield Months(marks(course))
    yield from found(course)
    yield from _working(course)
    yield from _pumps(course)
    yield from sheet_below(course)
    yield from _boxes(course)
    yield from cited_below(course)


def _working(course: Course) -> Iterator[Block]:
    for dose in course.phases:
        if any(infusion.dose is dose for infusion in course.infusions):
            yield Heading(f"Working, {phrases.heading(dose)}")
            yield Lines(tuple(working(course, dose)), listed=True)


def _pumps(course: Course) -> Iterator[Block]:
    """The pump table of each dose and way to run it, once."""
    seen: set[tuple[Load, int | None]] = set()
    for infusion in course.infusions:
        key = infusion.dose.load, infusion.time
        if infusion.time is None or key in seen:
            continue
        seen.add(key)
        table = make_pump_table(course, number=infusion.planned.number)
        same = [each.planned.number for each in course.infusions if (each.dose.load, each.time) == key]
        yield Heading(f"Pump, infusion{'s' if len(same) > 1 else ''} {phrases.ranges(tuple(same))}")
        yield from pump_block(table)


def _boxes(course: Course) -> Iterator[Block]:
    """A row for each infusion that is still to come, to be filled in by hand."""
    rows = tuple(
        (
            str(infusion.planned.number),
            phrases.day(infusion.planned.date),
            phrases.mg(infusion.dose.amount.dose),
            "", "", "", "", "",
        )
        for infusion in course.infusions
        if not infusion.planned.given
    )  # fmt: skip
    yield Heading("Record")
    yield Rows(_BOXES, rows, right=(0, 2), boxes=True)
