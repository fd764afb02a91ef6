"""A Course as a few lines of text, for a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.output.entered import entered
from infusecalc.quantities import plain
from infusecalc.spelling import counted

_SHOWN = 8  # blocks that are named


def lines(course: Course) -> Iterator[str]:
    """Regimen, label, product; weight, doses; start, infusions, first and last date; what blocks; how many cautions.

    Where no condition was entered, it says that nothing was checked against one.
    """
    regimen, doses = course.regimen, dict.fromkeys(dose.amount.dose for dose in course.phases)
    variant = f", {regimen.variant}" if regimen.variant else ""
    yield f"Course({regimen.id}{variant}, {regimen.label} label, {course.product_name}"
    several = "dose" if len(doses) == 1 else "doses"
    amounts = ", ".join(f"{plain(dose)} mg" for dose in doses)
    yield f"  weight {plain(course.patient.weight)} kg, {several} {amounts}"
    if course.plan:
        dates = f"{course.infusions[0].planned.date} to {course.infusions[-1].planned.date}"
        yield f"  start {course.plan.start}, {len(course.infusions)} infusions, {dates}"
    else:
        yield "  no dates: no start was given"
    yield f"  conditions: {entered([has.id for has in course.conditions])}"
    shown, more = course.blocks[:_SHOWN], len(course.blocks) - _SHOWN
    blocks = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    cautions = sum(finding.severity == "caution" for finding in course.findings)
    beside = counted(cautions, "caution") if cautions else "no cautions"
    yield f"  blocked by {blocks}; {beside})" if shown else f"  nothing blocks; {beside})"
