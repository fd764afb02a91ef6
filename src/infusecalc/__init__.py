"""Dated, dosed, vial-counted infliximab and rituximab courses, with a source on every number.

`load_table` reads the regimen table, `Patient.of` a patient, `make_course` puts a course together, `Course` holds it.
What cannot be used raises an `InfusecalcError`; a `BadInput` names the argument in `field`. Amounts are whole numbers
in small units: weight in 0.01 kg, height in 0.1 cm, BSA in 0.01 m2, age in months, drug in 0.01 mg, a dose per kg or
m2 in 0.001 mg, volume of drug in 0.1 mL, bag in mL, concentration in 0.01 mg/mL, time in 0.01 min. Cohorts are in
`infusecalc.cohort`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infusecalc.course import Course, make_course
    from infusecalc.errors import BadInput, InfusecalcError
    from infusecalc.patient import Patient
    from infusecalc.table import load_table

__all__ = ["BadInput", "Course", "InfusecalcError", "Patient", "load_table", "make_course"]

_HOMES = {
    "BadInput": "errors",
    "Course": "course",
    "InfusecalcError": "errors",
    "Patient": "patient",
    "load_table": "table",
    "make_course": "course",
}
"""The module of each name; it is imported when the name is first used, so that the command line starts quickly."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'infusecalc' has no attribute '{name}'"
        raise AttributeError(message)
    home = import_module(f"infusecalc.{_HOMES[name]}")
    globals()[name] = getattr(home, name)
    return globals()[name]


def _lines(course: "Course") -> str:
    from infusecalc.output.summary import lines  # noqa: PLC0415 - a program needs no summary

    return "\n".join(lines(course))


def _page(course: "Course") -> str:
    from infusecalc.output.html import fragment  # noqa: PLC0415 - only a notebook needs it

    return fragment(course)


def _frame(course: "Course") -> Any:
    from infusecalc.cohort.result_columns import course_frame  # noqa: PLC0415 - a course alone needs no frame library

    return course_frame(course)
