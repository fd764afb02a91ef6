"""An agenda to one calendar for the clinic: a whole-day event an infusion, the overdue ones on the first day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from infusecalc.choices import parse_count
from infusecalc.errors import BadInput
from infusecalc.output import phrases
from infusecalc.output.agenda import Agenda
from infusecalc.output.agenda_page import as_given, bag, dose, minutes, opened, told_of
from infusecalc.output.flat import Record
from infusecalc.output.ical import new_calendar, stamp_now, uid_of


def agenda_calendar(agenda: Agenda, options: Mapping[str, Any]) -> bytes:
    """The calendar file. Events are those of the patient's own calendar: known by the same id, so none is doubled.

    Raises BadInput where a patient has no id.
    """
    revision = parse_count(options["revision"], "`revision`", least=0) or 0
    found, stamp = new_calendar(), stamp_now()
    listed = [(agenda.on, item) for item in agenda.overdue]
    listed += [(day.date, item) for day in agenda.days for item in day.items]
    for day, item in listed:
        event = _event(day, as_given(item), stamp, private=bool(options["private"]))
        event.add("sequence", revision)
        found.add_component(event)
    content: bytes = found.to_ical()
    return content


def _event(day: date, item: Record, stamp: datetime, *, private: bool) -> Any:
    from icalendar import Event  # noqa: PLC0415 - the calendar library is imported only to write one

    if item["patient_id"] is None:
        hint = "a calendar needs it, so that its events can be moved later"
        raise BadInput("patient_id", None, "is missing in a row", hint=hint)
    regimen = f"{item['drug']}/{item['indication']}"
    start = item["on"] - timedelta(days=item["day"])
    event = Event()
    event.add("uid", uid_of(item["patient_id"], regimen, item["variant"] or "", str(start), str(item["number"])))
    event.add("dtstamp", stamp)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("summary", "Appointment" if private else _summary(item))
    if not private:
        event.add("description", _description(item))
    event.add("status", "TENTATIVE" if item["blocks"] or item["optional"] or item["days_late"] else "CONFIRMED")
    event.add("class", "PRIVATE")
    return event


def _summary(item: Record) -> str:
    late = f"OVERDUE {phrases.days(item['days_late'])}: " if item["days_late"] else ""
    blocked = "BLOCKED: " if item["blocks"] else ""
    needed = " (as needed)" if item["optional"] else ""
    return f"{blocked}{late}{item['patient_id']}, {dose(item)}, infusion {item['number']}{needed}"


def _description(item: Record) -> str:
    lines = [
        f"{opened(item)}; {bag(item)}",
        f"planned for {phrases.day(item['on'])}" if item["days_late"] else "",
        f"premedication {minutes(item['premedication_min'])} before" if item["premedication_min"] else "",
        f"chair time: {minutes(item['chair_min'])}",
        *told_of(item),
    ]
    return "\n".join(line for line in lines if line)
