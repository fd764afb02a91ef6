"""The days of a course to what pictures of them are drawn from: months as weeks of days, and places on a line."""

from __future__ import annotations

from calendar import Calendar, month_name
from collections.abc import Iterator
from datetime import date

from infusecalc.course import Course
from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.output.blocks import Mark, Months

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Day(Frozen):
    """A day of a month's picture: 0 where the week begins or ends in another month."""

    day: int
    mark: Mark | None


class Month(Frozen):
    """A month that has an infusion: its name, and its weeks, each of seven days."""

    name: str
    weeks: tuple[tuple[Day, ...], ...]


def marks(course: Course) -> tuple[Mark, ...]:
    """The days of a course's infusions."""
    return tuple(
        Mark(
            infusion.planned.date,
            infusion.planned.number,
            f"{infusion.planned.phase}, {phrases.mg(infusion.dose.amount.dose)}",
            infusion.planned.optional,
        )
        for infusion in course.infusions
    )


def weekdays(block: Months) -> tuple[str, ...]:
    """The names of the days of a week, in the order of its weeks."""
    return WEEKDAYS[block.first_weekday :] + WEEKDAYS[: block.first_weekday]


def months(block: Months) -> Iterator[Month]:
    """The months in which there is an infusion."""
    by_day = {mark.date: mark for mark in block.marks}
    for year, month in dict.fromkeys((mark.date.year, mark.date.month) for mark in block.marks):
        weeks = tuple(
            tuple(Day(day, by_day.get(date(year, month, day)) if day else None) for day in week)
            for week in Calendar(block.first_weekday).monthdayscalendar(year, month)
        )
        yield Month(f"{month_name[month]} {year}", weeks)


def places(listed: tuple[Mark, ...], length: int) -> tuple[int, ...]:
    """Where the infusions lie on a line of some length, from the first at 0 to the last at the end; half up."""
    first, last = listed[0].date, listed[-1].date
    whole = max(1, (last - first).days)
    return tuple((2 * (mark.date - first).days * length + whole) // (2 * whole) for mark in listed)
