"""A Course as a few lines of text, for a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.quantities import plain

_SHOWN = 8  # blocks that are named


def lines(course: Course) -> Iterator[str]:
    """Regimen, label and product; weight and doses; start, infusions, first and last date, or none; what blocks."""
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
    shown, more = course.blocks[:_SHOWN], len(course.blocks) - _SHOWN
    blocks = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    yield f"  blocked by {blocks})" if shown else "  nothing blocks)"
