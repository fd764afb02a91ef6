"""A Course to the patient's own sheet: large dates, what to expect, what to tell the nurse, when to call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from infusecalc.course import Course
from infusecalc.errors import BadInput, Blocked, escape
from infusecalc.findings import how_to_go_on
from infusecalc.output import phrases
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Months, Pairs, Rows, Timeline
from infusecalc.output.calendar import marks
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.statements import ForPatients, Question, Told

_LINE = "_" * 28
"""A line to write on."""


def patient_page(
    course: Course,
    clinic: ClinicDetails = ClinicDetails(),  # noqa: B008 - it cannot be changed
    *,
    at: int | None = None,
    view: str = "table",
    first_weekday: int = 0,
) -> Iterator[Block]:
    """The blocks of the sheet; raises Blocked for a plan that blocks, BadInput where the table has no words for it."""
    if course.blocks:
        raise Blocked("A patient sheet", course.blocks, how_to_go_on(course.blocks))
    told: ForPatients | None = course.table.get("drugs", course.regimen.drug_id, "patient")
    if told is None:
        detail = f": the table has no words for patients on {course.regimen.drug_id}"
        raise BadInput("`sheet`", "patient", "is not possible here", detail=detail, allowed="clinic")
    yield Heading(f"Your infusions of {course.product_name} ({course.regimen.drug_id})", TITLE)
    yield Pairs(tuple(_contacts(course, clinic)))
    yield from _dates(course, at)
    sections: tuple[tuple[str, tuple[Told, ...]], ...] = (
        ("Call an emergency number at once if", told.emergency),
        ("What to expect", told.expect),
        ("Tell the nurse before each drip if", told.tell),
        ("What many people feel", told.common),
        ("Call us at once if", told.call),
        ("If you miss a date", told.missed),
    )
    mine = {heading: _told_to(course, notes) for heading, notes in sections}
    for heading, notes in mine.items():
        if notes:
            yield Heading(heading, beside=True)
            yield Lines(tuple(note.text for note in notes), listed=True)
    asked = _asked(course)
    if asked:
        yield Heading("What people ask", beside=True)
        yield Lines(tuple(_answers(asked)), listed=True)
    yield Heading("Your calendar")
    yield Timeline(marks(course)) if view == "timeline" else Months(marks(course), first_weekday)
    yield Heading("Where this comes from")
    yield Lines((_sources(course, [*(note for notes in mine.values() for note in notes), *asked]),))


def _contacts(course: Course, clinic: ClinicDetails) -> Iterator[tuple[str, str]]:
    """Whose sheet it is, and how to reach the clinic; a line to write on where a site has not said it."""
    if course.patient.id is not None:
        yield "Your number", escape(course.patient.id)
    yield "Clinic", clinic.name or _LINE
    yield "Telephone", clinic.telephone or _LINE
    yield "Emergency number", clinic.emergency or _LINE


def _dates(course: Course, at: int | None) -> Iterator[Block]:
    """The dates in large letters, with the time of day where there is one."""
    clock = "" if at is None else phrases.clock(at, 0)
    dates = tuple(_date(course, index, clock) for index in range(len(course.infusions)))
    noted = any(note for _, _, _, note in dates)
    yield Heading("Your dates", beside=not noted)  # a note needs the whole width
    if any(finding.accepted for finding in course.findings):
        yield Lines(("Your team has checked this plan.",))
    heads = ("number", "day", *(("time",) if clock else ()), *(("note",) if noted else ()))
    rows = (
        (number, day, *((time,) if clock else ()), *((note,) if noted else ())) for number, day, time, note in dates
    )
    yield Rows(heads, tuple(rows), large=True)


def _told_to(course: Course, notes: tuple[Told, ...]) -> list[Told]:
    """What is told under the label of a course, to patients of its population."""
    return [note for note in notes if note.is_for(course.regimen.label, course.regimen.population)]


def _asked(course: Course) -> list[Question]:
    """What is asked for the sheet, under the label of a course, with its indication."""
    regimen = course.regimen
    asked: dict[str, Question] = course.table.get("drugs", regimen.drug_id, "questions") or {}
    who = regimen.label, regimen.population, regimen.indication
    return [question for question in asked.values() if question.is_asked(*who)]


def _answers(asked: list[Question]) -> Iterator[str]:
    """Each question once, with its answers."""
    for question, answers in groupby(asked, lambda each: each.question):
        yield " ".join((question, *(each.text for each in answers)))


def _date(course: Course, index: int, clock: str) -> tuple[str, str, str, str]:
    planned = course.infusions[index].planned
    note = "done" if planned.given else "only if your doctor says so" if planned.optional else ""
    return str(planned.number), phrases.long_date(planned.date), "" if planned.given else clock, note


def _sources(course: Course, notes: Sequence[Told]) -> str:
    """What the words were written from, by short names, each once."""
    names = dict.fromkeys(citation.id for note in notes for citation in note.source)
    return "; ".join(dict.fromkeys(phrases.short_title(course.table.source(name).title) for name in names))
