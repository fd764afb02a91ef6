"""An order to its findings: those of the order itself, and those of its course that concern it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infusecalc.choices import Choices
from infusecalc.course import Course
from infusecalc.findings import Finding, concerns, settle
from infusecalc.findings.by_calendar import repeats_too_soon
from infusecalc.phase_dose import PhaseDose
from infusecalc.quantities import Span


def findings_of(
    course: Course, dose: PhaseDose, amount: int, every: Span | None, accept: str | Sequence[str]
) -> tuple[Finding, ...]:
    """The findings of an ordered amount (0.01 mg) and an interval, gravest first, with what is accepted.

    `every` is None where no interval is ordered, or it is outside anyway. A caution of the course that is about the
    regimen's own dose is left out where the ordered dose is contraindicated. Raises BadInput for an acceptance that
    matches no blocking finding.
    """
    own = [*_contraindicated(course, dose, amount), *_too_soon(dose, every)]
    against = {finding.detail for finding in own if finding.code == "contraindicated"}
    of_course = [finding for finding in course.findings if concerns(finding, dose.name)]
    kept = [finding for finding in of_course if finding.code != "precaution" or finding.detail not in against]
    return settle([*own, *kept], Choices.of(accept=accept).acceptances, course.conditions)


def _contraindicated(course: Course, dose: PhaseDose, amount: int) -> Iterator[Finding]:
    """What is contraindicated at the ordered dose, and was not at the regimen's own."""
    known = {(finding.code, finding.detail) for finding in course.findings}
    for has in course.conditions:
        limit = has.rule.above if has.rule else None
        over = limit is not None and amount > limit.amount(dose.patient.weight, dose.patient.bsa)
        if has.rule and over and ("contraindicated", has.id) not in known:
            message = f"{has.name}, at the ordered dose: {has.rule.text}"
            yield Finding("contraindicated", message, has.rule.source, has.id, phases=(dose.name,))


def _too_soon(dose: PhaseDose, every: Span | None) -> Iterator[Finding]:
    """An interval that leaves too little time after the infusion before, as in a plan."""
    if every is not None and dose.phase.interval:
        yield from repeats_too_soon(dose.name, dose.phase, every)
