"""Which conditions of a patient were entered, in words: what was not entered was not checked."""

from __future__ import annotations

from collections.abc import Collection

from infusecalc.course import Course

NOT_CHECKED = "contraindications not checked (no --has)"
"""That no condition was entered, where more stands on the line."""


def conditions(course: Course) -> str:
    """The conditions entered, and that no others were checked; nothing that blocks is not the same as clear."""
    return f"conditions: {entered([has.id for has in course.conditions], '(--has)')}"


def entered(names: Collection[str], how: str = "") -> str:
    """What was entered (and how), and what was not checked: `none entered, so contraindications were not checked`."""
    said = f"{', '.join(names) or 'none'} entered{how and f' {how}'}"
    return f"{said}, {'no other was checked' if names else 'so contraindications were not checked'}"
