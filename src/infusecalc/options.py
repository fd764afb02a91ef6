"""The options of a course and of a cohort under the names of the library, with their types, declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from infusecalc.errors import UnknownName

_ALIKE = 0.6


class SharedOptions(TypedDict, total=False):
    """What may be asked of a course and of a cohort; texts are read as on the command line, dates may be dates."""

    start: str | date | None
    """The first infusion: `2026-12-01`."""
    on: str | date | None
    """The reference date for an age or a weight, where nothing is dated."""
    label: str | None
    """The label to follow: `us` or `eu`."""
    variant: str | None
    """A variant of the regimen."""
    product: str | None
    """A product of the drug."""
    for_: str | None
    """The horizon as a time, its last day included: `12m`, `52w`, `2y`."""
    until: str | date | None
    """The horizon as a date, inclusive."""
    doses: str | int | None
    """The horizon as a number of infusions."""
    courses: str | int | None
    """The horizon as a number of courses in all, where a course repeats."""
    from_: str | None
    """`maintenance`: the induction is past, and `start` is the first maintenance infusion."""
    maintenance_start: str | date | None
    """When maintenance starts: a date, or a time after the induction, as in `20w`."""
    dose: str | Sequence[str]
    """Other doses: `10mg/kg` (maintenance, or all of a regimen without), or `PHASE=10mg/kg`."""
    every: str | Sequence[str]
    """Other intervals: `6w`, or `PHASE=6w`."""
    round_: str
    """How the dose is rounded: `none`, `1mg`, `5mg`, `10mg`, `50mg`, `100mg`, `vial`."""
    round_within: str | None
    """The most that rounding may change, in per cent: `10%`."""
    bag: str | int | None
    """The bag in mL."""
    protocol: str | None
    """A protocol of rates."""
    weight_change: str | None
    """The change of weight that asks for a second look, in per cent."""
    anchor: str | None
    """What the rest is counted from: `given` or `planned`."""
    days: str | None
    """The clinic's open weekdays: `mon-fri`."""
    holidays: str | None
    """The country, or its region, on whose public holidays the clinic is closed: `US-CA`."""
    tolerance: str | Sequence[str]
    """How far an infusion may move to an open day: `3d`, or `PHASE=3d`."""
    price: str | Sequence[str]
    """What vials cost: `100mg=174.63`, or `PRODUCT:100mg=174.63`."""
    turnover: str | float | None
    """The minutes that a chair needs between two patients."""
    has: str | Sequence[str]
    """Conditions of the patient."""
    accept: str | Sequence[str]
    """Blocking findings that are accepted, each with its reason: `CODE=REASON`, `CODE:DETAIL=REASON`."""
    done: str | Sequence[str]
    """Screenings that were done before the start: `tuberculosis`, `tuberculosis=2026-11-20`."""


class CourseOptions(SharedOptions, total=False):
    """What may be asked of a course."""

    given: str | Sequence[str | date]
    """What was given: dates, or `DATE:MG`."""
    history: str | None
    """A CSV file of what was given, with `date` and `dose_mg` (mg)."""


class CohortOptions(SharedOptions, total=False):
    """What may be asked of a cohort: what holds for every course, and for the rows whose cells are empty."""

    given: Any
    """A frame of what was given: `patient_id`, `date`, `dose_mg` (mg, may be empty)."""
    weights: Any
    """A frame of weights over time: `patient_id`, `date`, `weight_kg` (kg)."""

    bsa_formula: str | None
    """The formula of the body surface area; `mosteller` unless given."""
    bsa_cap: str | float | None
    """The most that a body surface area counts, in m2."""
    drug: str
    """The drug where a row says none; so are the next ones."""
    indication: str
    """The indication."""
    weight: str | float
    """The weight: kg, or with its unit."""
    height: str | float
    """The height: cm, or with its unit."""
    bsa: str | float
    """The body surface area in m2."""
    age: str | float
    """The age: years, or with its unit."""


def check_names(options: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse an option of another name with UnknownName, which lists the nearest."""
    names = tuple(known)
    for name in options:
        if name not in names:
            import difflib  # noqa: PLC0415 - only a miss needs it

            nearest = tuple(difflib.get_close_matches(name, names, cutoff=_ALIKE))
            raise UnknownName("option", name, known=names, nearest=nearest)
