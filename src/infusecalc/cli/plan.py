"""Options to a course, and the course to the format that was asked for: what `dose` and `schedule` share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infusecalc.choices import parse_clock, parse_count
from infusecalc.cli.options import (
    SHEETS,
    VIEWS,
    regimen_typed,
)
from infusecalc.cli.reply import Reply, colour, draw, site_table, width
from infusecalc.course import Course, make_course
from infusecalc.errors import BadInput
from infusecalc.output import words
from infusecalc.output.blocks import Block
from infusecalc.output.files import FORMATS, choose_format
from infusecalc.output.flat import as_csv, as_json, as_ndjson
from infusecalc.output.page import page
from infusecalc.output.records import columns, document, records
from infusecalc.patient import Patient
from infusecalc.quantities import parse_span
from infusecalc.spelling import one_of

_OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born")
_OF_CALENDAR = ("at", "tz", "revision", "remind", "private")
_NO_CHOICE = {
    "drug", "indication", "patient_id", "regimens", "format_", "output", "quiet", "no_color", "totals", "paper",
    "sheet", "view", *_OF_CALENDAR, *_OF_PATIENT,
}  # fmt: skip


def course_reply(given: dict[str, Any], formats: tuple[str, ...]) -> Reply:
    """Read the options, make the course, and carry it in the format asked for."""
    output, sheet, view = given["output"], _word(given, "sheet", SHEETS), _word(given, "view", VIEWS)
    form = choose_format(given["format_"], output, formats)
    _check_looks(given, form, sheet, view)
    course = course_of(given)
    if form == "ics":
        content, note = _calendar(course, given)
        return Reply(content, output, given["quiet"], course.blocks, note=note)
    if form in FORMATS and sheet == SHEETS[0] and view == VIEWS[0]:
        coloured = colour(output, no_color=given["no_color"])
        text = render(course, form, width(output), coloured=coloured, totals=given.get("totals", False))
        return Reply(text, output, given["quiet"], course.blocks)
    return Reply(_document(course, given, form, sheet, view), output, given["quiet"], course.blocks)


def check_day(given: dict[str, Any]) -> None:
    """Refuse a day (--on) on which nothing hangs."""
    if given["on"] is None:
        return
    if given.get("start") is not None:
        raise BadInput("--on", given["on"], "stands beside --start", hint="the start is the day that counts")
    if given["born"] is None and not any("=" in text for text in given["weight"]):
        hint = "it is the day for which --born gives the age, or dated weights the weight"
        raise BadInput("--on", given["on"], "stands alone", hint=hint)


def _word(given: dict[str, Any], name: str, words: tuple[str, ...]) -> str:
    """The word of an option that takes one of a few; the first unless one was given."""
    typed = given.get(name)
    return words[0] if typed is None else one_of(f"--{name}", typed, words)


def _check_looks(given: dict[str, Any], form: str, sheet: str, view: str) -> None:
    """Refuse an option that the format has no use for."""
    for name, value, usual in (("--sheet", sheet, SHEETS[0]), ("--view", view, VIEWS[0])):
        if value != usual and form in ("json", "ndjson", "csv", "ics"):
            raise BadInput(name, value, f"has no use in {form}", hint="it is for pages: table, md, html or pdf")
    check_paper(given, form)
    for name in _OF_CALENDAR:
        asked = given.get(name)
        if asked not in (None, False) and form != "ics":
            typed = None if asked is True else asked  # a flag has no value to show
            raise BadInput(f"--{name}", typed, f"has no use in {form}", hint="it is for --format ics")


def check_paper(given: dict[str, Any], form: str) -> None:
    """Refuse a paper for anything but a PDF."""
    if given["paper"] is not None and form != "pdf":
        raise BadInput("--paper", given["paper"], f"has no use in {form}", hint="it is for --format pdf")


def _calendar(course: Course, given: dict[str, Any]) -> tuple[bytes, str | None]:
    from infusecalc.output.ical import Appointment, calendar  # noqa: PLC0415 - only this format needs it

    remind = None if given["remind"] is None else parse_span(given["remind"], "--remind", months=False)
    revision = parse_count(given["revision"], "--revision", least=0) or 0
    how = Appointment(parse_clock(given["at"], "--at"), given["tz"], revision, remind, given["private"])
    return calendar(course, how)


def _document(course: Course, given: dict[str, Any], form: str, sheet: str, view: str) -> str | bytes:
    """A course as a page: the clinic's or the patient's, in any form that has pages."""
    from infusecalc.output.clinic_sheet import clinic_page  # noqa: PLC0415 - only documents need them
    from infusecalc.output.patient_sheet import patient_page  # noqa: PLC0415 - as above

    if sheet == "patient":
        blocks = patient_page(course)
    elif form in ("html", "pdf") and course.plan:
        blocks = clinic_page(course)
    else:
        blocks = page(course, totals=given.get("totals", False), view=view)
    return document_of(blocks, course, given, form, sheet)


def document_of(blocks: Iterable[Block], course: Course, given: dict[str, Any], form: str, sheet: str) -> str | bytes:
    """Blocks in any form that has pages."""
    if form == "pdf":
        from infusecalc.output import pdf  # noqa: PLC0415 - only this format needs it

        return pdf.draw(blocks, words.footer(course), sheet, given["paper"] or "a4", course.patient.id)
    if form == "html":
        from infusecalc.output import html  # noqa: PLC0415 - only this format needs it

        return html.draw(blocks, words.footer(course), sheet)
    output = given["output"]
    return draw(blocks, form, width(output), coloured=colour(output, no_color=given["no_color"]))


def course_of(given: dict[str, Any], **also: Any) -> Course:
    """The course that the options ask for."""
    patient, asked = options_of(given)
    table = site_table(given)
    return make_course(table, *regimen_typed(table, given), patient, **(asked | also))


def options_of(given: dict[str, Any]) -> tuple[Patient, dict[str, Any]]:
    """The patient, and the choices under the names of the library."""
    patient = Patient.of(id=given["patient_id"], **{name: given[name] for name in _OF_PATIENT})
    return patient, {name: value for name, value in given.items() if name not in _NO_CHOICE and value is not None}


def render(course: Course, form: str, columns_wide: int, *, coloured: bool, totals: bool = False) -> str:
    """A course in one of the formats; with `totals`, rows of data are months and years, not infusions."""
    if form == "json":
        return as_json(document(course))
    if form in ("csv", "ndjson"):
        names, rows = columns(course), records(course)
        if totals:
            from infusecalc.output import periods  # noqa: PLC0415 - only --totals needs it

            listed = list(periods.rows(course))
            names, rows = tuple(listed[0]), iter(listed)
        return as_csv(names, rows) if form == "csv" else as_ndjson(rows)
    return draw(page(course, totals=totals), form, columns_wide, coloured=coloured)
