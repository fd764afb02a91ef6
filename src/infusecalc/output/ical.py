"""A dated Course to iCalendar (RFC 5545): one event an infusion, which a calendar moves when it is imported again."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from infusecalc.course import Course
from infusecalc.errors import BadInput
from infusecalc.findings import carries
from infusecalc.frozen import Frozen
from infusecalc.output import words
from infusecalc.phase_dose import Infusion
from infusecalc.quantities import Span, ceil_div


class Appointment(Frozen):
    """How events are written: time of day in minutes and its zone, revision, reminder, with or without details."""

    at: int | None = None
    zone: str | None = None
    revision: int = 0
    remind: Span | None = None
    private: bool = False


def calendar(course: Course, how: Appointment) -> bytes:
    """The calendar file; raises BadInput without a patient's id, for an unknown zone, or for a time without one.

    An event is known by patient, regimen, start of the course and number: a re-planned course moves its own events
    and never touches another patient's. The stamp is now, unless SOURCE_DATE_EPOCH is set.
    """
    from icalendar import Calendar  # noqa: PLC0415 - the calendar library is imported only to write one

    if course.patient.id is None:
        hint = "events are known by it, so that they can be moved later"
        raise BadInput("--patient-id", None, "is missing for a calendar", hint=hint)
    if (how.at is None) != (how.zone is None):
        missing, other = ("--tz", "--at") if how.zone is None else ("--at", "--tz")
        raise BadInput(missing, None, f"is missing beside {other}", allowed="both, or neither for whole days")
    zone = _zone(how.zone)
    found = Calendar()
    found.add("prodid", "-//infusecalc//infusecalc//EN")
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    stamp = _stamp()
    for infusion in course.infusions:
        found.add_component(_event(course, infusion, how, zone, stamp))
    if zone is not None:
        found.add_missing_timezones()
    content: bytes = found.to_ical()
    return content


def _zone(name: str | None) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only timed events need it

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("--tz", name, "is no time zone that is known", allowed="as in Europe/Berlin") from None


def _stamp() -> datetime:
    """Now, or the moment that SOURCE_DATE_EPOCH names, in UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now(UTC).replace(microsecond=0)
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > len("99999999999"):
        raise BadInput("SOURCE_DATE_EPOCH", epoch, "is no number of seconds", allowed="whole seconds since 1970")
    return datetime.fromtimestamp(int(epoch), UTC)


def _event(course: Course, infusion: Infusion, how: Appointment, zone: Any, stamp: datetime) -> Any:
    from icalendar import Alarm, Event  # noqa: PLC0415 - as above

    planned, event = infusion.planned, Event()
    event.add("uid", uid(course, planned.number))
    event.add("dtstamp", stamp)
    event.add("sequence", how.revision)
    _place(event, planned.date, infusion.time, how, zone)
    summary = "Appointment" if how.private else _summary(course, infusion)
    event.add("summary", summary)
    if not how.private:
        event.add("description", _description(course, infusion))
    event.add("status", "TENTATIVE" if planned.optional else "CONFIRMED")
    event.add("class", "PRIVATE" if how.private else "PUBLIC")
    if how.remind is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", timedelta(days=-how.remind.days))
        event.add_component(alarm)
    return event


def uid(course: Course, number: int) -> str:
    """What an event is known by; a digest, so that no id of a patient stands in a calendar by it."""
    start = course.plan.start if course.plan else ""
    known = "\n".join(
        (course.patient.id or "", course.regimen.id, course.regimen.variant or "", str(start), str(number))
    )
    return f"{sha256(known.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@infusecalc"


def _place(event: Any, day: date, time: int | None, how: Appointment, zone: Any) -> None:
    """The day, or the time with the length of the infusion; without a labelled rate, a moment."""
    if how.at is None:
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        return
    begins = datetime(day.year, day.month, day.day, how.at // 60, how.at % 60, tzinfo=zone)
    event.add("dtstart", begins)
    if time is not None:
        event.add("duration", timedelta(minutes=ceil_div(time, 100)))


def _summary(course: Course, infusion: Infusion) -> str:
    planned = infusion.planned
    note = " (if needed)" if planned.optional else " (given)" if planned.given else ""
    return f"{course.regimen.drug.name} {words.mg(infusion.dose.amount.dose)}, infusion {planned.number}{note}"


def _description(course: Course, infusion: Infusion) -> str:
    vials = f"{words.vials(infusion.dose.preparation.vials)} of {course.product_name}"
    lines = [
        f"{course.regimen.name}, {infusion.dose.name}: {infusion.dose.phase.dose.people}",
        f"{vials}; {words.bag(infusion.dose.preparation)}",
        f"time: {words.time(infusion.time)}",
    ]
    if infusion.planned.date != infusion.planned.by_plan:
        lines.append(f"planned {words.day(infusion.planned.by_plan)}: {words.change(infusion.planned)}")
    shown = {each.planned.number for each in course.infusions}
    lines += [
        f"{finding.severity}: {finding.key}" + (f" - accepted: {finding.reason}" if finding.reason else "")
        for finding in course.findings
        if carries((infusion.planned.number,), finding.infusions, shown)
    ]
    lines.append(words.footer(course))
    return "\n".join(lines)
