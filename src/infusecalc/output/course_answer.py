"""A Course as an answer: with or without dates, for the clinic or for the patient, infusions or sums as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infusecalc.choices import parse_clock
from infusecalc.course import Course
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import Block
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.output.flat import Record
from infusecalc.output.records import document, records

SHEETS = ("clinic", "patient")
VIEWS = ("table", "calendar", "timeline")
_NOT_SAID = ClinicDetails()


class CourseAnswer(Answer):
    """What `dose` and `schedule` answer; with `totals`, rows are months and years, not infusions."""

    def __init__(
        self,
        course: Course,
        *,
        totals: bool = False,
        sheet: str = SHEETS[0],
        view: str = VIEWS[0],
        at: str | None = None,
        clinic: ClinicDetails = _NOT_SAID,
        first_weekday: int = 0,
    ) -> None:
        """A course, and how it is to be shown; `at` is the time of day of each infusion, weeks begin on a weekday.

        Raises BadInput for a time that is none.
        """
        self.course, self.totals, self.reader, self.view = course, totals, sheet, view
        self.clinic, self.first_weekday, self.at = clinic, first_weekday, parse_clock(at, "`at`")
        self.foot, self.patient_id, self.blocks = phrases.footer(course), course.patient.id, course.blocks

    def document(self) -> Record:
        """`infusecalc.schedule/1`, or `infusecalc.dose/1` without dates."""
        return document(self.course)

    def rows(self) -> Iterator[Record]:
        """A record an infusion, a phase where there are no dates, or the sums."""
        if not self.totals:
            return records(self.course)
        from infusecalc.output import periods  # noqa: PLC0415 - only --totals needs it

        return periods.rows(self.course)

    def page(self) -> Iterator[Block]:
        """The plan in full, or the patient's sheet."""
        if self.reader == "patient":
            from infusecalc.output.patient_sheet import patient_page  # noqa: PLC0415 - only this sheet needs it

            return patient_page(self.course, self.clinic, at=self.at, view=self.view, first_weekday=self.first_weekday)
        from infusecalc.output.page import page  # noqa: PLC0415 - data need no page

        return page(self.course, totals=self.totals, view=self.view, first_weekday=self.first_weekday)

    def screen(self) -> Iterator[Block]:
        """One screen of the plan; the patient's sheet is one page of its own."""
        if self.reader == "patient":
            return self.page()
        from infusecalc.output.screen import course_screen  # noqa: PLC0415 - data need no screen

        return course_screen(self.course, totals=self.totals, view=self.view, first_weekday=self.first_weekday)

    def calendar(self, options: Mapping[str, Any]) -> tuple[bytes, str | None]:
        """An event an infusion."""
        from infusecalc.output import ical  # noqa: PLC0415 - only this format needs it

        return ical.calendar(self.course, ical.appointment(options))

    def bundle(self) -> Record:
        """The course as a bundle of FHIR."""
        from infusecalc.output import fhir  # noqa: PLC0415 - only this format needs it

        return fhir.bundle(self.course)

    def paper(self) -> Iterator[Block]:
        """The clinic's own sheet of a dated course; else what a screen shows."""
        if self.reader == "patient" or not self.course.plan:
            return self.page()
        from infusecalc.output.clinic_sheet import clinic_page  # noqa: PLC0415 - only paper needs it

        return clinic_page(
            self.course, self.clinic, at=self.at, totals=self.totals, view=self.view, first_weekday=self.first_weekday
        )
