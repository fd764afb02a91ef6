"""A Course to the view that a nurse reads: aligned text that fits 80 columns, in ASCII, with or without colour."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from infusecalc.course import Course
from infusecalc.errors import escape
from infusecalc.findings import Finding
from infusecalc.output import words
from infusecalc.output.working import working
from infusecalc.phase_dose import PhaseDose
from infusecalc.table import cited

_STYLES = {"block": "bold red", "caution": "yellow", "info": ""}
_NAMES = {"block": "BLOCK", "caution": "CAUTION", "info": "info"}
_TRAILING = re.compile(r" +$", re.MULTILINE)


class Page:
    """A page of text under way: headings, lines and grids, rendered at the end."""

    def __init__(self, width: int, *, colour: bool) -> None:
        """Start an empty page of a width in columns."""
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )

    def heading(self, text: str) -> None:
        """A line that stands out."""
        self._console.print(Text(text, "bold"))

    def line(self, text: str = "", indent: int = 0) -> None:
        """A line of prose, wrapped under its own indent."""
        self._print(Text(text, overflow="fold"), indent)

    def grid(self, rows: Iterable[Sequence[str | Text]], right: Sequence[int] = (), indent: int = 0) -> None:
        """Aligned columns, those in `right` to the right; the last one wraps."""
        listed = list(rows)
        if not listed:
            return
        grid = Grid.grid(padding=(0, 2, 0, 0))
        last = len(listed[0]) - 1
        for index in range(last + 1):
            grid.add_column(justify="right" if index in right else "left", no_wrap=index < last, overflow="fold")
        for row in listed:
            grid.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        self._print(grid, indent)

    def _print(self, what: RenderableType, indent: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, indent)) if indent else what)

    def text(self) -> str:
        """All of the page, without trailing spaces."""
        return _TRAILING.sub("", self._out.getvalue())


def schedule(course: Course, width: int, *, colour: bool) -> str:
    """The dated course, phases set apart, findings gravest first, and sources."""
    page = Page(width, colour=colour)
    _top(page, course)
    for dose in course.phases:
        _dated_phase(page, course, dose)
    page.line()
    page.heading(words.totals(course))
    _below(page, course)
    return page.text()


def dose(course: Course, width: int, *, colour: bool) -> str:
    """One look-up: each phase with its working and its preparation."""
    page = Page(width, colour=colour)
    _top(page, course)
    for found in course.phases:
        page.line()
        page.heading(words.heading(found))
        for step in working(course, found):
            page.line(step, indent=2)
    page.line()
    page.heading("Preparation")
    page.grid(words.handling(course), indent=2)
    _below(page, course)
    return page.text()


def _top(page: Page, course: Course) -> None:
    """Who and what: the drug and indication, the patient, the product, the start."""
    title, about = words.regimen(course)
    page.heading(title)
    page.line(about)
    on = course.choices.start or course.choices.on
    rows = [("Patient", words.patient(course.patient, on)), ("Product", words.product(course))]
    if course.patient.id is not None:
        rows.insert(0, ("Id", escape(course.patient.id)))
    if course.plan:
        rows.append(("Start", words.day(course.plan.start)))
    page.grid(rows)


def _dated_phase(page: Page, course: Course, dose: PhaseDose) -> None:
    infusions = [infusion for infusion in course.infusions if infusion.dose is dose]
    if not infusions:
        return
    page.line()
    page.heading(words.heading(dose))
    amount = "" if dose.phase.dose.basis == "mg" else f"{words.mg(dose.amount.exact)} exactly; "
    page.line(f"{amount if dose.amount.applied else ''}{words.bag(dose.preparation)}", indent=2)
    rows: list[Sequence[str | Text]] = [
        tuple(Text(head, "bold") for head in ("", "#", "date", "day", "dose", "vials", "waste", "time"))
    ]
    for infusion in infusions:
        planned, made_up = infusion.planned, infusion.dose.preparation
        note = " (if needed)" if planned.optional else ""
        rows.append(
            (
                _mark(course, planned.number),
                str(planned.number),
                words.day(planned.date),
                f"{planned.day:,}",
                words.mg(infusion.dose.amount.dose),
                words.vials(made_up.vials),
                words.mg(made_up.waste),
                words.time(infusion.time) + note,
            )
        )
    page.grid(rows, right=(1, 3, 4, 6))


def _mark(course: Course, number: int) -> str:
    """`!` beside an infusion that a block names."""
    named = (finding.infusions or () for finding in course.findings if finding.severity == "block")
    return "!" if any(number in numbers for numbers in named) else ""


def _below(page: Page, course: Course) -> None:
    """Findings in order of severity, then the sources with their grades, then the table's version."""
    page.line()
    page.heading("Findings")
    page.grid([_finding(course, finding) for finding in course.findings])
    page.line()
    page.heading("Sources")
    rows = []
    for name in course.sources:
        source = course.table.source(name)
        local = ", local" if course.table.is_local("sources", name) else ""
        rows.append((f"{source.grade}{local}", f"{name}: {source.title}"))
    page.grid(rows)
    page.line()
    page.line(words.footer(course))


def _finding(course: Course, finding: Finding) -> tuple[Text, Text]:
    name = Text(_NAMES[finding.severity], _STYLES[finding.severity])
    about = "" if finding.infusions is None else f" [infusions {_ranges(finding.infusions)}]"
    accepted = f" - accepted: {escape(finding.reason)}" if finding.reason else ""
    message = words.tall_man(course, finding.message)
    return name, Text(f"{finding.key}: {message}{about}{accepted} ({cited(finding.source)})")


def _ranges(numbers: tuple[int, ...]) -> str:
    """Ascending numbers as `1 to 3, 5`; `none` where there are none."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans) or "none"
