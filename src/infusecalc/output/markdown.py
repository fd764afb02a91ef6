"""A Course to Markdown: the same facts as the terminal view, in tables that a wiki or a mail shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from infusecalc.course import Course
from infusecalc.errors import escape
from infusecalc.findings import Finding
from infusecalc.output import words
from infusecalc.output.working import working
from infusecalc.table import cited

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~!&])")
_HEADS = ("#", "date", "day", "phase", "dose", "vials", "waste", "bag", "time")


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", escape(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def page(course: Course) -> str:
    """The dated course, or the look-up where there is no start."""
    return "\n".join(_lines(course)) + "\n"


def _lines(course: Course) -> Iterator[str]:
    title, about = words.regimen(course)
    yield from (f"# {title}", "", about, "")
    on = course.choices.start or course.choices.on
    if course.patient.id is not None:
        yield f"- Id: {plain(course.patient.id)}"
    yield f"- Patient: {words.patient(course.patient, on)}"
    yield f"- Product: {words.product(course)}"
    yield from _infusions(course) if course.plan else _phases(course)
    yield from ("", "## Findings", "")
    rows = (_finding_row(course, finding) for finding in course.findings)
    yield from table(("severity", "finding", "message", "infusions", "source"), rows)
    yield from ("", "## Sources", "")
    sources = ((name, course.table.source(name)) for name in course.sources)
    yield from table(("id", "grade", "title"), ((name, source.grade, plain(source.title)) for name, source in sources))
    yield from ("", plain(words.footer(course)))


def _finding_row(course: Course, finding: Finding) -> tuple[str, ...]:
    numbers = "all" if finding.infusions is None else ", ".join(map(str, finding.infusions))
    message = words.tall_man(course, finding.message) + (f" - accepted: {finding.reason}" if finding.reason else "")
    return finding.severity, plain(finding.key), plain(message), numbers, plain(cited(finding.source))


def _infusions(course: Course) -> Iterator[str]:
    yield from ("", "## Schedule", "")
    rows = []
    for infusion in course.infusions:
        planned, made_up = infusion.planned, infusion.dose.preparation
        time = words.time(infusion.time) + (" (if needed)" if planned.optional else "")
        rows.append(
            (str(planned.number), words.day(planned.date), f"{planned.day:,}", planned.phase,
             words.mg(infusion.dose.amount.dose), words.vials(made_up.vials), words.mg(made_up.waste),
             words.bag(made_up), time)
        )  # fmt: skip
    yield from table(_HEADS, rows)
    yield from ("", words.totals(course))


def _phases(course: Course) -> Iterator[str]:
    for dose in course.phases:
        yield from ("", f"## {words.heading(dose)}", "")
        yield from (f"- {plain(step)}" for step in working(course, dose))
    yield from ("", "## Preparation", "")
    yield from (f"- {name}: {plain(text)}" for name, text in words.handling(course))
