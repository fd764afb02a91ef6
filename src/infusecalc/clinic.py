"""A clinic's days to whether a date is open, and how far an infusion of a phase may be moved for it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import parse_days
from infusecalc.spelling import normal, plain_marks

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = ""  # the tolerance of the phases that are not named


class Clinic(Frozen):
    """Open weekdays (0 is Monday), a holiday calendar such as `US-CA`, and tolerances in days by phase."""

    weekdays: tuple[int, ...]
    holidays: str | None
    tolerances: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, days: str | None, holidays: str | None, tolerances: Iterable[str]) -> Clinic | None:
        """A clinic from what was asked, or None where nothing was; raises BadInput."""
        told = tuple(tolerances)
        if days is None and holidays is None:
            if told:
                hint = "without them every day is open"
                raise BadInput("`tolerance`", told[0], "needs `days` or `holidays`", hint=hint)
            return None
        if holidays is not None:
            calendar = _calendar(holidays)
            holidays = "-".join(filter(None, (calendar.country, calendar.subdiv)))  # as the calendar spells it
        return cls(_weekdays(days) if days is not None else tuple(range(7)), holidays, _tolerances(told))

    def tolerance(self, phase: str) -> int:
        """The days by which an infusion of a phase may be moved."""
        found = dict(self.tolerances)
        return found.get(phase, found.get(_EVERY, 0))

    def has_tolerance(self, phase: str) -> bool:
        """Whether a tolerance was given for a phase, 0 days among them."""
        return bool({phase, _EVERY} & dict(self.tolerances).keys())

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that the tolerances name."""
        return tuple(phase for phase, _ in self.tolerances if phase)

    def is_open(self, day: date) -> bool:
        """Whether the clinic is open; raises BadInput for a year whose holidays are not known."""
        return day.weekday() in self.weekdays and self.holiday(day) is None

    def holiday(self, day: date) -> str | None:
        """The name of the holiday on a day, or None."""
        if self.holidays is None:
            return None
        calendar = _calendar(self.holidays)
        if not calendar.start_year <= day.year <= calendar.end_year:
            allowed = f"{calendar.start_year} to {calendar.end_year}"
            raise BadInput(
                "`holidays`", self.holidays, "are not known for that year", detail=f": {day.year}", allowed=allowed
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # years that a calendar knows in part; what it is, is said beside it
            found: str | None = calendar.get(day)
        return found

    def __str__(self) -> str:
        """In words: `open mon, tue; closed on the public holidays of US`."""
        days = ", ".join(WEEKDAYS[day] for day in self.weekdays)
        return f"open {days}" + (f"; closed on the public holidays of {self.holidays}" if self.holidays else "")


@cache
def _calendar(code: str) -> Any:
    """The holiday calendar of a country, or of a part of one; raises BadInput."""
    import holidays  # noqa: PLC0415 - imported only when asked for: it takes longer than a look-up

    country, dash, part = plain_marks(code).strip(" ").upper().partition("-")
    known = holidays.list_supported_countries()
    if country not in known or (dash and not part):
        raise BadInput(
            "`holidays`", code, "is not known", allowed="a country, as in US, or a region of it, as in US-CA"
        )
    parts = {name.upper(): name for name in known[country]}
    if part and part not in parts:
        listed = ", ".join(known[country]) or f"{country} alone"
        raise BadInput("`holidays`", code, "is not a known region", detail=f"of {country}", allowed=listed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return holidays.country_holidays(country, subdiv=parts.get(part), language="en_US")


def _weekdays(text: str) -> tuple[int, ...]:
    """Weekdays from `mon-fri` or `mon,wed,fri`, with any dash."""
    found: set[int] = set()
    for part in plain_marks(text).lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise BadInput("`days`", text, "is not a list of weekdays", allowed="as in mon-fri or mon,wed,fri")
        low, high = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        found |= {day % 7 for day in range(low, high + 1 if high >= low else high + 8)}
    return tuple(sorted(found))


def _tolerances(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Tolerances from `3d`, or `induction=1d,maintenance=7d`."""
    found: dict[str, int] = {}
    for text in texts:
        for part in text.split(","):
            phase, equals, days = part.rpartition("=")
            name, allowed = normal(phase) if equals else _EVERY, "3d, or induction=1d,maintenance=7d"
            if equals and not name:
                raise BadInput("`tolerance`", text, "has no phase before the equals sign", allowed=allowed)
            if name in found:
                whose = name or "every phase"
                raise BadInput("`tolerance`", text, f"is a second tolerance for {whose}", allowed=allowed)
            found[name] = parse_days(days, "`tolerance`")
    return tuple(found.items())
