"""A dated Course to iCalendar (RFC 5545): one event an infusion, known by the same id in every later revision."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from infusecalc.arithmetic import ceil_div
from infusecalc.choices import parse_clock, parse_count
from infusecalc.course import Course
from infusecalc.errors import BadInput, escape
from infusecalc.findings import carries, together
from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.output.page import change
from infusecalc.output.zones import ZonedPlace, begins, component, place_of
from infusecalc.phase_dose import Infusion
from infusecalc.quantities import Span, parse_span


class Appointment(Frozen):
    """How events are written: time of day in minutes and its zone, revision, reminder, details or not, id or not."""

    at: int | None = None
    zone: str | None = None
    revision: int = 0
    remind: Span | None = None
    private: bool = False
    show_id: bool = False


def appointment(options: Mapping[str, Any]) -> Appointment:
    """How events are written, from options as they are typed; raises BadInput."""
    remind = None if options["remind"] is None else parse_span(options["remind"], "`remind`", months=False)
    revision = parse_count(options["revision"], "`revision`", least=0) or 0
    private, show_id = options["private"], options["show_id"]
    return Appointment(parse_clock(options["at"], "`at`"), options["tz"], revision, remind, private, show_id)


def calendar(course: Course, how: Appointment) -> tuple[bytes, str | None]:
    """The calendar file, and what to know of its times.

    Raises BadInput without a patient's id, for a zone of no place, for a time without a zone, or for one that an
    infusion's day skips or has twice. An event is known by patient, regimen, start of the course and number: a
    re-planned course has its own events again, and never another patient's. The stamp is now, unless
    SOURCE_DATE_EPOCH is set.
    """
    if course.patient.id is None:
        hint = "a calendar needs it, so that its events can be moved later"
        raise BadInput("`id`", None, "is missing", hint=hint)
    if (how.at is None) != (how.zone is None):
        missing, other = ("`tz`", "`at`") if how.zone is None else ("`at`", "`tz`")
        raise BadInput(missing, None, "is missing", hint=f"give {missing} with {other}, or neither for whole days")
    place = _place_of(course, how)
    found = new_calendar()
    stamp = stamp_now()
    if place and place.law:
        found.add_component(component(place.name, place.law, place.year - 1))  # begins before the first event
    for infusion in course.infusions:
        found.add_component(_event(course, infusion, how, place, stamp))
    content: bytes = found.to_ical()
    return content, place.note if place else None


def new_calendar() -> Any:
    """A calendar without events."""
    from icalendar import Calendar  # noqa: PLC0415 - the calendar library is imported only to write one

    found = Calendar()
    found.add("prodid", "-//infusecalc//infusecalc//EN")
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    return found


def _place_of(course: Course, how: Appointment) -> ZonedPlace | None:
    if how.at is None or how.zone is None:
        return None
    return place_of(how.zone, how.at, [infusion.planned.date for infusion in course.infusions])


def stamp_now() -> datetime:
    """Now, or the moment that SOURCE_DATE_EPOCH names, in UTC."""
    return told_stamp() or datetime.now(UTC).replace(microsecond=0)


def told_stamp() -> datetime | None:
    """The moment that SOURCE_DATE_EPOCH names, in UTC; None where it names none."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return None
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > len("99999999999"):
        raise BadInput("SOURCE_DATE_EPOCH", epoch, "is not a number of seconds", allowed="whole seconds since 1970")
    return datetime.fromtimestamp(int(epoch), UTC)


def _event(course: Course, infusion: Infusion, how: Appointment, place: ZonedPlace | None, stamp: datetime) -> Any:
    from icalendar import Alarm, Event  # noqa: PLC0415 - the calendar library is imported only to write one

    planned, event = infusion.planned, Event()
    event.add("uid", uid(course, planned.number))
    event.add("dtstamp", stamp)
    event.add("sequence", how.revision)
    _when(event, planned.date, infusion.time, place)
    summary = _summary(course, infusion, how)
    event.add("summary", summary)
    if not how.private:
        event.add("description", _description(course, infusion, how, place))
    event.add("status", "TENTATIVE" if planned.optional or course.blocks else "CONFIRMED")
    event.add("class", "PRIVATE")  # also where the title tells nothing: that somebody is treated is private
    if how.remind is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", timedelta(days=-how.remind.days))
        event.add_component(alarm)
    return event


def uid(course: Course, number: int | str) -> str:
    """What an event is known by; a digest, so that no id of a patient stands in a calendar by it.

    In place of a number may stand the name of what else is made of the course.
    """
    start = course.plan.start if course.plan else ""
    return uid_of(course.patient.id or "", course.regimen.id, course.regimen.variant or "", str(start), str(number))


def uid_of(*parts: str) -> str:
    """The digest of what an event is known by: patient, regimen, variant, start of the course, number."""
    known = "\n".join(parts)
    return f"{sha256(known.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@infusecalc"


def _when(event: Any, day: date, time: int | None, place: ZonedPlace | None) -> None:
    """The day, or the time with the length of the infusion; without a labelled rate, a moment."""
    if place is None:
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        return
    event.add("dtstart", begins(day, place))
    if time is not None:
        event.add("duration", timedelta(minutes=ceil_div(time, 100)))


def _summary(course: Course, infusion: Infusion, how: Appointment) -> str:
    """The title: that the plan is blocked, never why, nor a reason; the id where it is to be shown."""
    before = ("BLOCKED: " if course.blocks else "") + (f"{_id(course)}: " if how.show_id else "")
    return before + ("Appointment" if how.private else _what(course, infusion))


def _id(course: Course) -> str:
    return escape(course.patient.id or "")


def _what(course: Course, infusion: Infusion) -> str:
    planned = infusion.planned
    note = " (if needed)" if planned.optional else " (given)" if planned.given else ""
    return f"{course.regimen.drug.name} {phrases.mg(infusion.dose.amount.dose)}, infusion {planned.number}{note}"


def _description(course: Course, infusion: Infusion, how: Appointment, place: ZonedPlace | None) -> str:
    """The text of an event: every block of the plan first, then what is given, and what was found of it."""
    blocks = [each for each in together(course.findings) if each.severity == "block"]
    vials = f"{phrases.vials(infusion.dose.preparation.vials)} of {course.product_name}"
    lines = [
        *(f"BLOCKED: {each.key}: {phrases.tall_man(course, each.message)}{phrases.about(each)}" for each in blocks),
        *([f"patient {_id(course)}"] if how.show_id else []),
        f"{course.regimen.name}, {infusion.dose.name}: {infusion.dose.asked.people}",
        f"{vials}; {phrases.bag(infusion.dose.preparation)}",
        f"time: {phrases.time(infusion.time)}",
    ]
    if place and place.note:
        lines.append(f"begins {place.clock} in {place.name}; written in UTC")
    if infusion.planned.date != infusion.planned.by_plan:
        lines.append(f"planned {phrases.day(infusion.planned.by_plan)}: {change(infusion.planned)}")
    shown = {each.planned.number for each in course.infusions}
    lines += [
        f"{finding.severity}: {finding.key}" + (f" - accepted: {escape(finding.reason)}" if finding.reason else "")
        for finding in course.findings
        if carries((infusion.planned.number,), finding.infusions, shown)
    ]
    lines.append(phrases.footer(course))
    return "\n".join(lines)
