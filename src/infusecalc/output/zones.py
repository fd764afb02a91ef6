"""A name to the time zone of a place, and the zone to a law that every calendar reads alike, if it has one.

Of a zone in a file Outlook takes only the name and, for each change of the clocks, DTSTART, RRULE and the two
offsets: one weekday of one month, counted from its start or its end ([MS-OXCICAL] 2.1.3.1.1.19). It ignores RDATE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import product
from typing import Any

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen

_ALLOWED = "the zone of a place, as in Europe/Berlin, or UTC"
_UTC = ("UTC", "Etc/UTC")
_COPIES = ("posix/", "right/")
# names that the zone files know, of no place; most never change to summer time, and Etc/GMT+3 is behind Greenwich
_PLACELESS = frozenset({
    "CET", "CST6CDT", "EET", "EST", "EST5EDT", "Factory", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "MET",
    "MST", "MST7MDT", "PST8PDT", "UCT", "Universal", "WET", "Zulu", "localtime", "posixrules",
})  # set in rows # fmt: skip
_AFTER = timedelta(days=3653)  # a law must hold for ten years beyond the last event to be written as one
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST = -1


class ClockChange(Frozen):
    """A yearly change of the clocks: which weekday (Monday is 0) of which month, and when by the old offset."""

    month: int
    weekday: int
    nth: int
    at: time
    before: timedelta
    after: timedelta
    name: str

    def on(self, year: int) -> datetime:
        """The change of a year, by the clocks before it."""
        if self.nth == _LAST:
            end = date(year + self.month // 12, self.month % 12 + 1, 1) - _DAY
            day = end - (end.weekday() - self.weekday) % 7 * _DAY
        else:
            first = date(year, self.month, 1)
            day = first + ((self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1)) * _DAY
        return datetime.combine(day, self.at)


class Law(Frozen):
    """How the clocks of a zone go: an offset all year, or two changes a year."""

    offset: timedelta
    name: str
    changes: tuple[ClockChange, ...] = ()


class ZonedPlace(Frozen):
    """Where and when events begin: the zone by its name, the time of day in minutes, the first year, and the law."""

    name: str
    at: int
    zone: tzinfo
    year: int
    law: Law | None

    @property
    def clock(self) -> str:
        """The time of day."""
        return f"{self.at // 60:02}:{self.at % 60:02}"

    @property
    def note(self) -> str | None:
        """What to know of times of a place that are written in UTC, because no law describes its zone."""
        if self.law or self.zone is UTC:
            return None
        return (
            f"the times are written in UTC, because the clocks of {self.name} follow no rule that every calendar can "
            "read; if its law changes, write and import the file again"
        )


def place_of(name: str, at: int, days: Iterable[date]) -> ZonedPlace:
    """A zone and what describes it on some days; raises BadInput for a name of no place, or a time that is not one."""
    zone, listed = _zone(name), sorted(days)
    place = ZonedPlace(name, at, zone, listed[0].year, None)
    first, *_, last = (begins(day, place) for day in [*listed, listed[-1]])
    return place if zone is UTC else place.but(law=_law(zone, first, last))


def begins(day: date, place: ZonedPlace) -> datetime:
    """When an event begins, in UTC without a law; raises BadInput where the clocks skip that time or show it twice."""
    moment = datetime.combine(day, time(*divmod(place.at, 60)), place.zone)
    first, second = (moment.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first != second:
        problem = "does not exist on that day" if first < second else "comes twice on that day"
        hint = "the clocks change; give another time of day"
        raise BadInput("`at`", place.clock, problem, detail=f", {day}, in {place.name}", hint=hint)
    return moment if place.law else moment.astimezone(UTC)


def component(name: str, law: Law, year: int) -> Any:
    """A zone in a calendar file, from a year on: one rule for each change, or an offset without one."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard  # noqa: PLC0415 - only a calendar needs it

    zone = Timezone()
    zone.add("tzid", name)
    fixed = ClockChange(1, 0, 1, time(), law.offset, law.offset, law.name)
    for change in law.changes or (fixed,):
        part = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
        part.add("dtstart", change.on(year))
        if law.changes:
            byday = f"{change.nth}{_WEEKDAYS[change.weekday]}"
            part.add("rrule", {"freq": "yearly", "bymonth": change.month, "byday": byday})
        part.add("tzoffsetfrom", change.before)
        part.add("tzoffsetto", change.after)
        part.add("tzname", change.name)
        zone.add_component(part)
    return zone


def _zone(name: str) -> tzinfo:
    """The zone of a place, or UTC."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only timed events need it

    if name in _UTC:
        return UTC
    if name.startswith(_COPIES):
        raise BadInput(
            "`tz`", name, "is not a name that calendars know", allowed=_ALLOWED, hint=f"give {name.partition('/')[2]}"
        )
    if name in _PLACELESS or name.startswith("Etc/"):
        hint = "its clocks may differ from those of your clinic"
        raise BadInput("`tz`", name, "is not the zone of a place", allowed=_ALLOWED, hint=hint)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("`tz`", name, "is not a known time zone", allowed=_ALLOWED, hint=_nearest(name)) from None


def _nearest(name: str) -> str:
    import difflib  # noqa: PLC0415 - only a miss needs it
    from zoneinfo import available_timezones  # noqa: PLC0415 - only a miss needs it

    known = {each.lower(): each for each in sorted(available_timezones()) if "/" in each}
    found = difflib.get_close_matches(name.lower(), known)
    return f"nearest: {', '.join(known[each] for each in found)}" if found else "no similar name"


def _law(zone: tzinfo, first: datetime, last: datetime) -> Law | None:
    """What describes a zone from the first event to the last and ten years beyond; None where no such law does."""
    since, until = first.astimezone(UTC) - _DAY, last.astimezone(UTC) + _AFTER
    found = list(_changes(zone, since, until))
    start = since.astimezone(zone)
    offsets = [start.utcoffset() or timedelta(), *(after for _, _, after in found)]
    if any(offset % _MINUTE for offset in offsets):
        return None  # local mean time, of which Outlook would drop the seconds
    if not found:
        return Law(offsets[0], start.tzname() or "")
    for pair in product(*(_yearly(zone, *change) for change in found[:2])):
        changes = tuple(sorted(pair, key=lambda each: each.month))
        if list(_by_law(changes, since, until)) == found:
            return Law(min(offsets), "", changes)
    return None


def _changes(zone: tzinfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """When the offset of a zone changes, in UTC to the second, and the offsets before and after."""

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(zone).utcoffset() or timedelta()

    low = since
    while low < until:
        below, above = low, low + _DAY
        before, after = offset(below), offset(above)
        if before != after:
            while above - below > _SECOND:
                middle = below + (above - below) // 2
                below, above = (middle, above) if offset(middle) == before else (below, middle)
            yield above.replace(microsecond=0), before, after
        low += _DAY


def _yearly(zone: tzinfo, moment: datetime, before: timedelta, after: timedelta) -> Iterator[ClockChange]:
    """The yearly changes of which a change may be one: on a weekday counted from the end of its month, or its start."""
    local = (moment + before).replace(tzinfo=None)
    name = moment.astimezone(zone).tzname() or ""
    for nth in (_LAST, (local.day + 6) // 7):
        change = ClockChange(local.month, local.weekday(), nth, local.time(), before, after, name)
        if change.on(local.year) == local:
            yield change


def _by_law(
    changes: tuple[ClockChange, ...], since: datetime, until: datetime
) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """The changes that yearly ones make, as `_changes` has them."""
    for year in range(since.year - 1, until.year + 2):
        for change in changes:
            moment = (change.on(year) - change.before).replace(tzinfo=UTC)
            if since < moment <= until:
                yield moment, change.before, change.after
