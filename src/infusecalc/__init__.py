"""Dated, dosed, vial-counted infliximab and rituximab courses, with a source on every number."""

from infusecalc.course import Course, make_course
from infusecalc.errors import InfusecalcError
from infusecalc.patient import Patient
from infusecalc.table import load_table

__all__ = ["Course", "InfusecalcError", "Patient", "load_table", "make_course"]
