"""Timed events in a calendar: each is read at the same moment by Outlook, by the standard, and by the zone itself."""

from __future__ import annotations

import io
import re
import zoneinfo
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from dateutil.tz import tzical

from infusecalc.cli import run
from infusecalc.output.zones import begins, component, place_of
from support import cases, sampled

PLACES = [
    "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "America/Santiago", "America/St_Johns", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Africa/Casablanca", "Africa/Cairo", "Asia/Kolkata", "Asia/Jerusalem",
]  # set in rows # fmt: skip
SAMPLE = ["America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
LAST = 5  # how Outlook counts the last weekday of a month
DAY = timedelta(days=1)
KNOWN = re.compile(r"^(DTSTART|RRULE|TZOFFSETFROM|TZOFFSETTO):(.*?)\r$", re.MULTILINE)
CHANGE = re.compile(r"BEGIN:(STANDARD|DAYLIGHT)\r\n(.*?)END:\1", re.DOTALL)


def schedule(path: Path, tz: str, *more: str, start: str = "2026-12-01", at: str = "09:30") -> int:
    order = f"schedule infliximab as --weight 70kg --start {start} --patient-id 17 --at {at}"
    return run([*order.split(), "--tz", tz, "-o", str(path), *more])


# --- a reader that knows what Outlook knows ------------------------------------------------------------------------


class Rule(NamedTuple):
    """When clocks change to an offset: the weekday of a month by its number (5 is the last), and the time of day."""

    month: int
    weekday: int
    number: int
    at: time
    offset: timedelta

    @cache  # noqa: B019 - a tuple, and a handful of years
    def on(self, year: int) -> datetime:
        days = [date(year, self.month, day) for day in range(1, monthrange(year, self.month)[1] + 1)]
        listed = [day for day in days if day.weekday() == self.weekday]
        return datetime.combine(listed[min(self.number, len(listed)) - 1], self.at)


class Outlook:
    """A calendar as Outlook takes it ([MS-OXCICAL] 2.1.3.1.1.19): TZID, DTSTART, RRULE and the offsets; no RDATE."""

    def __init__(self, content: bytes) -> None:
        text = content.decode().replace("\r\n ", "")
        self.zones: dict[str, dict[str, Rule]] = {}
        for zone in re.findall(r"BEGIN:VTIMEZONE\r\n(.*?)END:VTIMEZONE", text, re.DOTALL):
            parts = re.findall(r"BEGIN:(\w+)\r\n(.*?)END:\1", zone, re.DOTALL)
            name = re.search(r"^TZID:(.*?)\r$", zone, re.MULTILINE)[1]
            self.zones[name] = {kind: rule_of(dict(KNOWN.findall(part))) for kind, part in parts}
        found = re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT", text, re.DOTALL)
        self.events = [self.moment(re.search(r"^DTSTART[:;](.*?)\r$", each, re.MULTILINE)[1]) for each in found]

    def moment(self, text: str) -> datetime:
        if text.endswith("Z"):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        name, _, clock = text.removeprefix("TZID=").partition(":")
        local = datetime.strptime(clock, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the time of a zone
        return (local - self.offset(self.zones[name], local)).replace(tzinfo=UTC)

    @staticmethod
    def offset(zone: dict[str, Rule], local: datetime) -> timedelta:
        standard, summer = zone["STANDARD"], zone.get("DAYLIGHT")
        if summer is None:
            return standard.offset
        begins, ends = summer.on(local.year), standard.on(local.year)
        inside = begins <= local < ends if begins < ends else local >= begins or local < ends
        return summer.offset if inside else standard.offset


def rule_of(kept: dict[str, str]) -> Rule:
    """A change with a rule by that; without one by the weekday of its first date, whatever else is listed."""
    first = datetime.strptime(kept["DTSTART"], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the time of a zone
    month, weekday, number = first.month, first.weekday(), (first.day + 6) // 7
    if "RRULE" in kept:
        parts = dict(part.split("=") for part in kept["RRULE"].split(";"))
        assert parts.keys() <= {"FREQ", "BYMONTH", "BYDAY"}
        assert parts["FREQ"] == "YEARLY"
        month, weekday = int(parts["BYMONTH"]), WEEKDAYS.index(parts["BYDAY"][-2:])
        number = LAST if parts["BYDAY"].startswith("-1") else int(parts["BYDAY"][:-2])
    return Rule(month, weekday, number, first.time(), hours(kept["TZOFFSETTO"]))


def hours(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    assert len(text) == len("+0100"), "Outlook knows no seconds of an offset"
    return sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))


def law_of(content: bytes) -> list[str] | str:
    """What stands in a file of its zone, in short."""
    zone, end, _ = content.decode().partition("END:VTIMEZONE")
    if not end:
        return "utc"
    return [short(kind, dict(line.split(":", 1) for line in part.splitlines())) for kind, part in CHANGE.findall(zone)]


def short(kind: str, part: dict[str, str]) -> str:
    before, after = part["TZOFFSETFROM"], part["TZOFFSETTO"]
    assert (kind == "DAYLIGHT") is (hours(before) < hours(after)), "summer time is the one that is ahead"
    if "RRULE" not in part:
        assert before == after
        return after
    rule = re.fullmatch(r"FREQ=YEARLY;BYDAY=(-?\d\w\w);BYMONTH=(\d+)", part["RRULE"])
    clock = datetime.strptime(part["DTSTART"], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the time of a zone
    return f"{rule[1]} {rule[2]} {clock:%H:%M} {before} {after}"


# --- what is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("zones", "given expect refused"))
def test_a_zone_is_written_as_every_calendar_reads_it_or_refused(case, tmp_path, capfd):
    path = tmp_path / "plan.ics"
    given, tz = case["given"], case["given"]["tz"]
    more = {name: given[name] for name in ("start", "at") if name in given}
    code = schedule(path, tz, *(["--for", given["horizon"]] if "horizon" in given else []), **more)
    said = capfd.readouterr().err
    if "refused" in case:
        assert code == 2
        words = case["refused"] if isinstance(case["refused"], list) else [case["refused"]]
        assert said.startswith(f"infusecalc: {words[0]}")
        assert [each for each in words if each not in said] == []
        assert not path.exists()
    else:
        assert code == 0
        assert law_of(path.read_bytes()) == case["expect"]
        told = case["expect"] == "utc" and tz not in ("UTC", "Etc/UTC")
        assert ("the times are written in UTC" in said) is told
        assert (f"begins 09:30 in {tz}\\; written in UTC" in path.read_text("utf-8").replace("\n ", "")) is told


def test_that_times_are_in_utc_is_said_where_talk_is_wanted_and_never_in_a_private_event(tmp_path, capfd):
    path = tmp_path / "plan.ics"
    assert schedule(path, "Africa/Casablanca", "--private", "--quiet") == 0
    assert capfd.readouterr().err == ""
    assert "Casablanca" not in path.read_text("utf-8")


# --- every moment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tz", sampled(PLACES, SAMPLE))
def test_fifteen_years_of_events_are_read_at_their_moment(tz, tmp_path):
    path = tmp_path / "plan.ics"
    assert schedule(path, tz, "--for", "15y", "--quiet") == 0
    content = path.read_bytes()
    days = [date(2026, 12, 1) + timedelta(days=each) for each in (0, 14, *range(42, 15 * 366, 42))]
    days = [day for day in days if day <= date(2041, 12, 1)]
    expected = [datetime.combine(day, time(9, 30), zoneinfo.ZoneInfo(tz)).astimezone(UTC) for day in days]
    assert Outlook(content).events == expected
    read = expected
    if b"VTIMEZONE" in content:
        zone = tzical(io.StringIO(content.decode())).get(tz)  # a reader of the whole standard, by its rules alone
        read = [datetime.combine(day, time(9, 30), zone).astimezone(UTC) for day in days]
    assert read == expected


@pytest.mark.parametrize("tz", sampled(PLACES, SAMPLE))
def test_every_day_of_fifteen_years_is_read_at_its_moment(tz):
    zone = zoneinfo.ZoneInfo(tz)
    for year in range(2026, 2041, 3):
        days = [date(year, 1, 15) + each * DAY for each in range(3 * 366)]
        place = place_of(tz, 9 * 60 + 30, days)
        rules = Outlook(component(tz, place.law, year - 1).to_ical()).zones[tz] if place.law else None
        for day in days:
            moment = begins(day, place)
            assert (moment.tzinfo is UTC) is (rules is None)
            local = moment.replace(tzinfo=None)
            read = local - Outlook.offset(rules, local) if rules else local
            assert read.replace(tzinfo=UTC) == datetime.combine(day, time(9, 30), zone), day


def test_a_zone_with_dates_alone_is_read_wrongly_on_42_days_of_2027():
    """What the readers of this file are worth: the way that zones were written before fails."""
    dates = b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"
    for part, first, others, offsets in (
        (b"DAYLIGHT", b"19800406T030000", b"RDATE:20270328T030000", (b"+0100", b"+0200")),
        (b"STANDARD", b"19800928T030000", b"RDATE:20271031T030000", (b"+0200", b"+0100")),
    ):
        dates += b"BEGIN:%s\r\nDTSTART:%s\r\n%s\r\nTZOFFSETFROM:%s\r\nTZOFFSETTO:%s\r\nEND:%s\r\n" % (
            part, first, others, *offsets, part,
        )  # set in rows # fmt: skip
    reader = Outlook(dates + b"END:VTIMEZONE\r\n")
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    days = [date(2027, 1, 1) + each * DAY for each in range(365)]
    wrong = [
        day
        for day in days
        if reader.moment(f"TZID=Europe/Berlin:{day:%Y%m%d}T093000") != datetime.combine(day, time(9, 30), berlin)
    ]
    # the first Sunday of April for the last of March (7 days), the fourth of September for the last of October (35)
    assert len(wrong) == 42
    assert date(2027, 3, 30) in wrong


def test_zones_are_known_where_the_system_has_none(tmp_path):
    try:
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()
        assert schedule(tmp_path / "plan.ics", "Europe/Berlin", "--quiet") == 0
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
    expected = ["-1SU 3 02:00 +0100 +0200", "-1SU 10 03:00 +0200 +0100"]
    assert law_of((tmp_path / "plan.ics").read_bytes()) == expected
