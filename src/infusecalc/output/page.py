"""A Course to the blocks of its page: the dated course, or the look-up with its working where there is no start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby

from infusecalc.course import Course
from infusecalc.errors import escape
from infusecalc.findings import Finding, together
from infusecalc.output import phrases
from infusecalc.output.blocks import (
    TITLE,
    Banner,
    Block,
    Findings,
    Heading,
    Lines,
    Months,
    Pairs,
    Rows,
    Sources,
    Timeline,
)
from infusecalc.output.entered import conditions
from infusecalc.output.topics import Topic, sheet
from infusecalc.output.working import working
from infusecalc.phase_dose import Infusion
from infusecalc.plan import Planned
from infusecalc.statements import OURS, grades_said


def page(course: Course, *, totals: bool = False, view: str = "table", first_weekday: int = 0) -> Iterator[Block]:
    """The blocks of a course, from the patient to the sources; `view` adds a `calendar` or a `timeline`."""
    yield from top(course)
    yield from attention(course)
    if course.plan is None:
        yield from how_made(course)
    else:
        yield from planned(course)
        yield from more(course, totals=totals, view=view, first_weekday=first_weekday)
    yield from below(course)


def more(
    course: Course, *, totals: bool, view: str, first_weekday: int = 0, said: Callable[[date], str] = phrases.day
) -> Iterator[Block]:
    """What was asked for beside the dates: a calendar or a timeline, sums, costs."""
    if view != "table":
        from infusecalc.output.calendar import marks  # noqa: PLC0415 - only these views need it

        yield Heading(view.capitalize())
        yield Months(marks(course), first_weekday) if view == "calendar" else Timeline(marks(course))
    if totals or course.choices.prices:
        from infusecalc.output.periods import blocks  # noqa: PLC0415 - only these views need it

        yield from blocks(course, said)


def how_made(course: Course) -> Iterator[Block]:
    """The working of every phase, for a second person to check."""
    for dose in course.phases:
        yield Heading(phrases.heading(dose, undated=not course.choices.from_maintenance))
        mark = ("BLOCKED, do not make up",) if course.blocked else ()
        yield Lines((*mark, *working(course, dose)), listed=True)


def planned(course: Course) -> Iterator[Block]:
    """The infusions, run by run of one dose, their sums, and what is not where the plan had it."""
    for _, run in groupby(course.infusions, lambda infusion: id(infusion.dose)):
        yield from _dated(course, list(run))
    yield Lines((phrases.totals(course), phrases.horizon(course)))
    yield from changes(course)


def top(
    course: Course,
    findings: Iterable[Finding] | None = None,
    *,
    long: bool = False,
    also: tuple[tuple[str, str], ...] = (),
) -> Iterator[Block]:
    """What blocks, of the findings given or the course's own; then who and what, and what is to be said `also`.

    Dates are `long` on paper.
    """
    yield from blocked(course, course.findings if findings is None else findings)
    title, about = phrases.regimen(course)
    yield Heading(title, TITLE)
    yield Lines((about,))
    patient = f"{phrases.patient(course.patient, course.day)}; {conditions(course)}"
    rows = [("Patient", patient), ("Product", phrases.product(course))]
    if len(course.patient.weights) > 1:
        rows.insert(1, ("Weights", phrases.weights(course.patient, phrases.long_date if long else str)))
    if course.patient.id is not None:
        rows.insert(0, ("Id", escape(course.patient.id)))
    if course.plan:
        rows.append(("Start", (phrases.long_date if long else phrases.day)(course.plan.start)))
    yield Pairs((*rows, *also))


def blocked(course: Course, findings: Iterable[Finding]) -> Iterator[Block]:
    """That the plan is blocked, and by what; nothing where no finding blocks."""
    lines = tuple(
        f"BLOCKED: {finding.key}: {told(course, finding)}{phrases.about(finding)}"
        for finding in together(findings)
        if finding.severity == "block"
    )
    if lines:
        yield Banner(lines)


def _dated(course: Course, infusions: list[Infusion]) -> Iterator[Block]:
    """A run of infusions of one dose."""
    dose = infusions[0].dose
    several = sum(each.name == dose.name for each in course.phases) > 1
    yield Heading(phrases.heading(dose) + (f", at {phrases.weight(dose.patient.weight)}" if several else ""))
    amount = "" if dose.asked.basis == "mg" else f"{phrases.mg(dose.amount.exact)} exact; "
    bag = f"{amount if dose.amount.applied else ''}{phrases.bag(dose.preparation)}"
    yield Lines((phrases.marked(bag, blocked=course.blocked),), listed=True)
    heads = ("", "#", "date", "day", "dose", "vials", "waste", "duration")
    yield Rows(heads, tuple(_row(course, infusion) for infusion in infusions), right=(1, 3, 4, 6))


def _row(course: Course, infusion: Infusion) -> tuple[str, ...]:
    made_up = infusion.dose.preparation
    return (
        *when(course, infusion),
        phrases.mg(infusion.dose.amount.dose),
        phrases.vials(made_up.vials),
        phrases.mg(made_up.waste),
        timed(infusion),
    )


def when(course: Course, infusion: Infusion) -> tuple[str, ...]:
    """The first cells of an infusion: its mark, number, date and day."""
    planned = infusion.planned
    return mark(course, planned.number), str(planned.number), phrases.day(planned.date), f"{planned.day:,}"


def timed(infusion: Infusion) -> str:
    """The time of an infusion, and whether it was given, with another dose than planned, or is only if needed."""
    planned = infusion.planned
    amount = planned.given.amount if planned.given else None
    other = "" if amount in (None, infusion.dose.amount.dose) else f" {phrases.mg(amount or 0)}"
    note = f" (given{other})" if planned.given else " (if needed)" if planned.optional else ""
    return phrases.time(infusion.time) + note


def mark(course: Course, number: int) -> str:
    """`!` beside an infusion that a block names."""
    named = (finding.infusions or () for finding in course.findings if finding.severity == "block")
    return "!" if any(number in numbers for numbers in named) else ""


def changes(course: Course, said: Callable[[date], str] = phrases.day) -> Iterator[Block]:
    """The infusions that are not on the day of the original plan, or were given."""
    listed = [
        item for item in (infusion.planned for infusion in course.infusions) if item.given or item.date != item.by_plan
    ]
    if listed:
        any_moved = any(item.moved_days for item in listed)
        heads = ("#", "planned", *(("due",) if any_moved else ()), "date", "change")
        yield Heading("Planned and given" if course.choices.history else "Moved to open days")
        rows = (_changed(course, item, said, any_moved=any_moved) for item in listed)
        yield Rows(heads, tuple(rows), right=(0,))


def _changed(course: Course, item: Planned, said: Callable[[date], str], *, any_moved: bool) -> tuple[str, ...]:
    """A row of an infusion with another day; the day it was due stands in it where any was moved to an open day."""
    due = said(item.due) if item.moved_days else ""
    why = change(item, assumed=course.choices.start is None)
    return str(item.number), said(item.by_plan), *((due,) if any_moved else ()), said(item.date), why


def change(item: Planned, *, assumed: bool = False) -> str:
    """Why an infusion is not on the day of the original plan; only one that was given is late or early.

    `assumed`: the plan was counted from the first date given.
    """
    if item.given:
        amount = "" if item.given.amount is None else f" {phrases.mg(item.given.amount)}"
        return f"given{amount}, {kept(item, assumed=assumed)}"
    late = (item.due - item.by_plan).days
    closed = phrases.shift(item.moved_days, f"later {phrases.CLOSED}", f"earlier {phrases.CLOSED}")
    if late and closed:
        whole = phrases.shift(item.late_days, "later", "earlier")
        return f"{whole}: {late:+d} by what was given, {item.moved_days:+d} clinic closed"
    return closed or phrases.shift(late, "after the planned date", "before the planned date")


def kept(item: Planned, *, assumed: bool) -> str:
    """How far from the plan an infusion was given; `assumed`: the plan was counted from the first date given."""
    if assumed and item.number == 1:
        return "first date entered"
    return phrases.shift(item.late_days, "late", "early") or "on time"


def sheet_below(course: Course, sections: tuple[str, ...] = (), but: tuple[str, ...] = ()) -> Iterator[Block]:
    """How it is made up and kept, what is done before, during and after; all of it, or some sections."""
    topics_ = (
        topic for topic in sheet(course) if (not sections or topic.section in sections) and topic.section not in but
    )
    for section, topics in groupby(topics_, lambda topic: topic.section):
        yield Heading(section)
        yield Pairs(tuple((topic.name, _text(course, topic)) for topic in topics), inset=True)


def _text(course: Course, topic: Topic) -> str:
    named = ", ".join(dict.fromkeys(phrases.cited([citation.but(section="")]) for citation in topic.source))
    return f"{phrases.tall_man(course, topic.text)} ({named})"


def attention(course: Course, findings: Iterable[Finding] | None = None) -> Iterator[Block]:
    """What blocks, and then what asks for a second look: it stands before the answer; nothing where there is none."""
    listed = course.findings if findings is None else findings
    grave = tuple(finding for finding in listed if finding.severity != "info")
    if grave:
        yield from found(course, grave, "Needs attention")


def informed(course: Course, findings: Iterable[Finding] | None = None) -> Iterator[Block]:
    """What else is to be known."""
    listed = course.findings if findings is None else findings
    yield from found(course, [finding for finding in listed if finding.severity == "info"])


def below(course: Course) -> Iterator[Block]:
    """What else is to be known, the sheet, the sources with their grades, and the table's version."""
    yield from informed(course)
    yield from sheet_below(course)
    yield from cited_below(course)


def found(course: Course, findings: Iterable[Finding] | None = None, heading: str = "Findings") -> Iterator[Block]:
    """Findings in order of severity, all of the course unless some are given."""
    yield Heading(heading)
    listed = course.findings if findings is None else findings
    yield Findings(tuple((finding, told(course, finding)) for finding in together(listed)))


def cited_below(course: Course, names: Iterable[str] | None = None) -> Iterator[Block]:
    """The sources with their grades, those of the course unless some are named, and the table's version."""
    yield Heading("Sources")
    rows = []
    for name in course.sources if names is None else names:
        source = course.table.source(name)
        local = ", local" if course.table.is_local("sources", name) else ""
        share = course.site.share(name)
        confirmed = f" ({share.said})" if share else ""
        said = "infusecalc" if name == OURS else name
        rows.append((said, f"{grades_said(source.grade)}{local}", f"{source.title}{confirmed}"))
    yield Sources(tuple(rows))
    yield Lines((phrases.footer(course),))


def told(course: Course, finding: Finding) -> str:
    """A finding as people read it: its message, after the reason for which it was accepted."""
    accepted = f"accepted: {escape(finding.reason)}; before that, this blocked: " if finding.reason else ""
    return accepted + phrases.tall_man(course, finding.message)
