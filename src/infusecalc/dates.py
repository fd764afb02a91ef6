"""Text to calendar dates, and the calendar arithmetic: days, and months clamped to the month's last day."""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, timedelta
from functools import cache, lru_cache

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import Span
from infusecalc.spelling import odd_characters

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_LOCAL = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}", re.ASCII)
_HINTS = (
    (_LOCAL, "day and month can be taken for each other: write the year first"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", re.ASCII), "it has a time: write the date alone"),
    (re.compile(r"[0-9]{5}(\.[0-9]+)?", re.ASCII), "a spreadsheet's day number? save the column as YYYY-MM-DD"),
)
"""What to do next, by the form of what is no date."""
_YEARS = (1900, 2200)
_FEBRUARY = 2
_MONTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each in a common year
_ALLOWED = "YYYY-MM-DD or today"
TODAY = "today"
days_long = lru_cache(10_000)(timedelta)
"""A number of days as a difference of dates: to make one takes five times as long as to add it."""


def parse_date(text: str, what: str = "date") -> date:
    """A date from `YYYY-MM-DD`, or `today`; every other form is refused with BadInput."""
    if text.lower() == TODAY:
        return date.today()  # noqa: DTZ011 - the day that the user's own calendar shows
    found = _ISO.fullmatch(text)
    if not found and not text.isascii():
        detail = f": '{odd_characters(text)}'"
        raise BadInput(
            what, text, "has characters that are not plain ASCII", detail=detail, how="must be", allowed=_ALLOWED
        )
    if not found:
        hint = next((told for form, told in _HINTS if form.fullmatch(text)), "")
        raise BadInput(what, text, "is not a date", how="must be", allowed=_ALLOWED, hint=hint)
    year, month, day = (int(part) for part in found.groups())
    try:
        parsed = date(year, month, day)
    except ValueError:
        problem, hint = "does not exist as a date", "check the day and the month"
        raise BadInput(what, text, problem, how="must be", allowed=_ALLOWED, hint=hint) from None
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise BadInput(what, text, "is out of range", allowed="years 1900 to 2200")
    return parsed


def taken_dates() -> tuple[date, date]:
    """The first and the last date that are taken."""
    return date(_YEARS[0], 1, 1), date(_YEARS[1], 12, 31)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, clamped to that month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, _last_day(year, month)))


def _last_day(year: int, month: int) -> int:
    """The number of days in a month."""
    if month == _FEBRUARY and isleap(year):
        return 29
    return _MONTHS[month]


def add(day: date, span: Span) -> date:
    """A span after a date."""
    months = span.months
    return (add_months(day, months) if months else day) + days_long(span.days)


@cache
def stretch(span: Span) -> tuple[int, int]:
    """The fewest and the most days that a span can take: 6 months take 181 to 184."""
    starts = [date(year, month, 1) for year in (2000, 2001, 2002, 2003) for month in range(1, 13)]
    taken = [(add(start, span) - start).days for start in starts]
    return min(taken), max(taken)


def completed_months(born: date, on: date) -> int:
    """The whole calendar months from one date to a later one."""
    months = (on.year - born.year) * 12 + on.month - born.month
    return months if add_months(born, months) <= on else months - 1


class Position(Frozen):
    """A day counted from a fixed date: `lead` days, then months, then days, so that no clamped date is counted from."""

    base: date
    months: int = 0
    days: int = 0
    lead: int = 0

    @property
    def date(self) -> date:
        """The calendar date."""
        if not self.months:
            return self.base + days_long(self.lead + self.days)
        return add_months(self.base + days_long(self.lead), self.months) + days_long(self.days)

    def later(self, span: Span, times: int = 1) -> Position:
        """The position a span later, or several: months are added to months, and days to days."""
        return self.after(span.months * times, span.days * times)

    def after(self, months: int, days: int) -> Position:
        """The position a span of that many months, or else of that many days, later."""
        if not months:
            return self.later_days(days)
        if self.days and self.months:
            return Position(self.date, months, 0, 0)
        return Position(self.base, self.months + months, 0, self.lead + self.days)

    def later_days(self, days: int) -> Position:
        """The position some days later."""
        return Position(self.base, self.months, self.days + days, self.lead) if days else self
