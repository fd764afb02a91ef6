"""The options of a course and of a cohort under the names of the library, with their types, declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import Any, TypedDict

from infusecalc.errors import BadInput, UnknownName

_ALIKE = 0.7
OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born", "id")
"""What `Patient.of` takes."""
_TYPES = {"str": "text", "int": "a whole number", "float": "a number", "date": "a date"}
_NOTHING = ("None", "nan", "NaN", "NaT", "<NA>")
"""How a value that is missing in a frame is written."""


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
    round_within: str | float | None
    """The most that rounding may change, in per cent: `10%`."""
    bag: str | int | None
    """The bag in mL."""
    protocol: str | None
    """A protocol of rates."""
    weight_change: str | float | None
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
    """Refuse an option of another name with UnknownName, which lists the nearest, and those of the patient."""
    names = tuple(known)
    for name in options:
        if name in names:
            continue
        if name in OF_PATIENT and OF_PATIENT[0] not in names:
            raise BadInput("option", name, "belongs to the patient", hint="give it to Patient.of", field=name)
        import difflib  # noqa: PLC0415 - only a miss needs it

        nearest = tuple(difflib.get_close_matches(name, names, cutoff=_ALIKE))
        raise UnknownName("option", name, known=names, nearest=nearest, field=name)


# --- types -----------------------------------------------------------------------------------------------------


def as_declared(values: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the types that are declared for their names, which are read as text; raises BadInput for others.

    A midnight is its date. A number where text is declared is that text: who reads it says what it lacks.
    """
    return {
        name: value if type(value) is str else _as_declared(f"`{name}`", value, str(_text(declared[name])))
        for name, value in values.items()
    }


def check_type(name: str, value: object, kind: type, hint: str) -> None:
    """Refuse with BadInput an argument that is not of one type of ours."""
    if not isinstance(value, kind):
        problem = "is missing" if value is None else f"is {_type(value)}"
        raise BadInput(f"`{name}`", value, problem, allowed=f"a {kind.__name__}", hint=hint)


def _text(annotation: Any) -> object:
    """A type as it is written: in a signature as text, in a TypedDict as a reference to it."""
    return getattr(annotation, "__forward_arg__", annotation)


@cache
def _split(declared: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The types that a value may be of, and those of the items of a list; none of these where it may be no list."""
    one, _, each = declared.partition(" | Sequence[")
    return tuple(one.split(" | ")), tuple(each.removesuffix("]").split(" | ")) if each else ()


def _as_declared(what: str, value: Any, declared: str) -> Any:
    """A value of one type of `str | date | Sequence[str]`, as it is written."""
    if declared == "Any":
        return value
    alone, listed = _split(declared)
    if value is None and "None" in alone:
        return value
    value = value.tolist() if hasattr(value, "tolist") else value
    if not listed:
        return _one(what, value, alone)
    if isinstance(value, Mapping):
        hint = "write each entry as text, NAME=VALUE"
        raise BadInput(what, value, f"is {_type(value)}", allowed="text, or a list of texts", hint=hint)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_one(what, each, listed) for each in value]
    return _one(what, value, alone, f", or a list of {'these' if len(listed) > 1 else 'texts'}")


def _one(what: str, value: Any, kinds: tuple[str, ...], more: str = "") -> Any:
    """A value of one of some types, none of them a list; raises BadInput, which says what `more` is allowed."""
    if isinstance(value, str):
        return value
    allowed = " or ".join(_TYPES[kind] for kind in kinds if kind in _TYPES) + more
    if str(value) in _NOTHING:
        raise BadInput(what, None, "is missing", detail=f"({value})", allowed=allowed)
    if hasattr(value, "__float__") and not isinstance(value, bool):
        return _number(value, kinds)
    if isinstance(value, datetime) and "date" in kinds:
        if value.timetz() != time():
            raise BadInput(what, value, "is a date with a time", allowed=allowed, hint="give the date alone")
        return value.date()
    if isinstance(value, date) and "date" in kinds:
        return value
    raise BadInput(what, value, f"is {_type(value)}", allowed=allowed)


def _number(value: Any, kinds: tuple[str, ...]) -> Any:
    """A number where one is declared, a whole one without its decimals (frames have 7.0 for 7); else its text."""
    if "float" in kinds:
        return value
    whole = int(value) if "int" in kinds and isinstance(value, float) and value.is_integer() else value
    return whole if "int" in kinds else str(value)


def _type(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
