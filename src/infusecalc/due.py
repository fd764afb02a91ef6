"""A Course with a history to what is due next: by the plan, from the last infusion given, within what a label says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Unpack

from infusecalc.choices import Choices
from infusecalc.course import Course, make_course
from infusecalc.dates import add
from infusecalc.errors import BadInput
from infusecalc.findings import SEVERITIES, Finding, block_keys
from infusecalc.frozen import Frozen
from infusecalc.history import Given
from infusecalc.options import CourseOptions
from infusecalc.patient import Patient
from infusecalc.phase_dose import Infusion
from infusecalc.plan import PhaseStart
from infusecalc.statements import Citation, Note
from infusecalc.table import Table


class Bound(Frozen):
    """An earliest or a latest date, and what it rests on."""

    date: date
    text: str
    source: tuple[Citation, ...]


class Due(Frozen):
    """What is due: `infusion` is None where the regimen is complete.

    `planned` is its date in the original plan, `from_given` the one counted from the last infusion given. The
    infusion is on one of the two, on the next planned date that leaves room, or on an open day near it. `overdue` is
    the course as it would be if it were given on the day that was said.
    """

    course: Course
    infusion: Infusion | None
    planned: date | None
    from_given: date | None
    earliest: Bound | None
    latest: Bound | None
    late: tuple[tuple[str, Note], ...]
    overdue: Course | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the course, and what the day that was said (--on) adds where the infusion is overdue."""
        own = self.course.findings
        known, keys = {(finding.code, finding.infusions) for finding in own}, {finding.key for finding in own}
        more = self.overdue.findings if self.overdue else ()
        added = tuple(
            finding
            for finding in more
            if (finding.code, finding.infusions) not in known and (finding.infusions or finding.key not in keys)
        )
        return tuple(sorted((*own, *added), key=lambda finding: SEVERITIES.index(finding.severity)))

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every source that the answer rests on."""
        bounds = [bound.source for bound in (self.earliest, self.latest) if bound]
        cited = [*bounds, *(note.source for _, note in self.late), *(finding.source for finding in self.findings)]
        return tuple(dict.fromkeys((*self.course.sources, *(each.id for source in cited for each in source))))

    @property
    def blocks(self) -> tuple[str, ...]:
        """The keys of the findings that block."""
        return block_keys(self.findings)

    @property
    def if_given(self) -> Infusion | None:
        """The infusion as it would be on the day that was said, where it is overdue."""
        return (
            next((each for each in self.overdue.infusions if each.planned.number == self.place), None)
            if self.overdue
            else None
        )

    @property
    def place(self) -> int:
        """The number of the infusion that is due."""
        return len(self.course.choices.history) + 1

    @property
    def given(self) -> tuple[Infusion, ...]:
        """The infusions that were given."""
        return tuple(infusion for infusion in self.course.infusions if infusion.planned.given)

    @property
    def late_days(self) -> int | None:
        """The days from the date by the plan to the one counted from the last infusion given."""
        return (self.from_given - self.planned).days if self.from_given and self.planned else None

    @property
    def days_left(self) -> int | None:
        """The days from the day that was said (--on) to the infusion; negative where it is overdue."""
        on = self.course.choices.on
        return (self.infusion.planned.date - on).days if self.infusion and on else None


def find_due(table: Table, drug: str, indication: str, patient: Patient, **options: Unpack[CourseOptions]) -> Due:
    """What is due after what was given; the options are `CourseOptions`, the history among them.

    Raises BadInput where nothing was given, and as `make_course` does.
    """
    choices = Choices.of(**options)
    history, on = choices.history, choices.on
    if not history:
        hint = "give the infusions so far, each as DATE or DATE:MG, or a file of them with `history`"
        raise BadInput("`given`", None, "is missing", hint=hint)
    choices = choices.but(horizon=choices.horizon.but(infusions=len(history) + 1))
    course = make_course(table, drug, indication, patient, choices)
    if on and history[-1].date > on:
        hint = "give only infusions up to `on`"
        raise BadInput("`given`", history[-1].date, "is after `on`", detail=f", {on}", hint=hint)
    left = [infusion for infusion in course.infusions if not infusion.planned.given]
    if not left:
        late = tuple(course.regimen.drug_rules.late.items())
        return Due(course, None, None, None, None, None, late, None)
    from_given = left[0].planned.due
    if course.choices.anchor == "planned":
        other = make_course(table, drug, indication, patient, choices.but(anchor="given"))
        from_given = next(each.planned.due for each in other.infusions if not each.planned.given)
    return due_in(
        course, left[0], from_given, on, lambda as_given: make_course(table, drug, indication, patient, as_given)
    )


def due_in(
    course: Course, infusion: Infusion, from_given: date, on: date | None, again: Callable[[Choices], Course]
) -> Due:
    """The first infusion of a course that was not given, as what is due; `again` makes the course of other choices."""
    overdue = None
    if on and on > infusion.planned.date:
        overdue = again(course.choices.but(history=(*course.choices.history, Given(on, None))))
    bounds = _earliest(course, infusion), _latest(course, infusion)
    late = tuple(course.regimen.drug_rules.late.items())
    return Due(course, infusion, infusion.planned.by_plan, from_given, *bounds, late, overdue)


def _earliest(course: Course, infusion: Infusion) -> Bound | None:
    """The earliest day that the source gives: after the infusion before, or for the start of a phase."""
    last, name = course.choices.history[-1].date, infusion.dose.name
    least, phase = course.ordered.least_gap(name), course.regimen.phases[name]
    found = [
        Bound(start.earliest, f"window for the start of {name}", _cited(start))
        for start in _starting(course, infusion)
        if start.earliest
    ]
    if least and infusion.planned.head:
        gap = phase.gap if phase.gap and phase.gap.least else None
        text = f"{least} after the last infusion given{f': {gap.text}' if gap else ''}{_own_start(infusion)}"
        found.append(Bound(add(last, least), text, gap.source if gap else phase.source))
    return max(found, key=lambda bound: bound.date, default=None)


def _own_start(infusion: Infusion) -> str:
    """That the regimen starts a phase on a day of its own, where a gap alone would let it be earlier."""
    planned, starts = infusion.planned, infusion.dose.phase.starts
    if planned.block or not starts or starts.window:
        return ""
    return f"; but the regimen starts {planned.phase} {infusion.dose.phase.wait} after the {starts.after}"


def _latest(course: Course, infusion: Infusion) -> Bound | None:
    """The latest day that the source gives: of the window for giving the drug again, or of the start of a phase."""
    last, name = course.choices.history[-1].date, infusion.dose.name
    found = [
        Bound(start.latest, f"window for the start of {name}", _cited(start))
        for start in _starting(course, infusion)
        if start.latest
    ]
    gaps = [phase.gap for phase in course.regimen.phases.values() if phase.gap]
    found += [
        Bound(add(last, gap.most), f"{gap.most} after the last infusion given", gap.source) for gap in gaps if gap.most
    ]
    return min(found, key=lambda bound: bound.date, default=None)


def _starting(course: Course, infusion: Infusion) -> list[PhaseStart]:
    """The start of a phase, where the infusion is the first of it."""
    planned = infusion.planned
    starts = course.plan.starts if course.plan and planned.head and planned.block == 0 else ()
    return [start for start in starts if start.phase == planned.phase]


def _cited(start: PhaseStart) -> tuple[Citation, ...]:
    return start.rule.window.source if start.rule.window else start.rule.source
