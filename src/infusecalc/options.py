"""The options of a course and of a cohort under the names of the library, with their types, declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import Any, TypedDict

from infusecalc.errors import BadInput, UnknownName

_ALIKE = 0.7
GIVEN = "DATE or DATE:MG, as in 2026-12-01:350mg"
"""How an infusion that was given is written."""
OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born", "id")
"""What `Patient.of` takes."""
_HOW_OF_PATIENT = dict.fromkeys(OF_PATIENT, "give it to Patient.of") | {
    "weights": 'give several to Patient.of in place of one: ["2026-12-01=70kg", "2027-02-01=90kg"]',
    "patient_id": "give it to Patient.of, as id",
}
"""How what belongs to the patient is given, under its name in files too."""
_TYPES = {"str": "text", "int": "a whole number", "float": "a number", "date": "a date"}
_HOW = {"`given`": f"write each as {GIVEN}"}
"""What to do next about a value of another type, where its type does not say how it is written."""
_NOTHING = ("None", "nan", "NaN", "NaT", "<NA>")
"""How a value that is missing in a frame is written."""


class SharedOptions(TypedDict, total=False):
    """The options of a course and of a cohort, each with its unit and with what holds where it is not given.

    start: the first infusion, a date (2026-12-01, `today`, or a date of Python); without it there are no dates
    on: without `start` and `given`: the day for an age (from a date of birth) and for dated weights
    label: the label to follow, us or eu; default us
    variant: a variant of the regimen; default: the regimen without one
    product: a product of the drug; default: the drug's usual one
    for_: how long to plan from the start, as in 12m, 2y; default: 12 months from the start or the last infusion given
    until: plan up to and including a date
    doses: the number of infusions to plan
    courses: the number of courses in all, where courses repeat
    from_: `maintenance`: induction is over, and `start` is the first maintenance infusion
    maintenance_start: the start of maintenance: a date, or a time after induction, as in 20w; default: the regimen's
    dose: another dose: 10mg/kg (for maintenance, or for all of a regimen without it), or PHASE=10mg/kg; or a list
    every: another interval: 6w, or PHASE=6w; or a list
    round_: how the dose is rounded: none, 1mg, 5mg, 10mg, 50mg, 100mg, vial; default none
    round_within: the largest change that rounding may make, in per cent; default: the limit in the regimen table
    bag: the bag in mL; default: the usual one
    protocol: rates by a named protocol; default: the label's rates
    weight_change: the weight change that gives a caution, in per cent; default: the limit in the regimen table
    anchor: what later infusions are counted from: given or planned; default given
    days: the clinic's open weekdays: mon-fri, or mon,wed; default: every day
    holidays: the country, or a part of it, on whose public holidays the clinic is closed: US, US-CA; default: none
    tolerance: how many days an infusion may move to an open day: 3d, or PHASE=3d; or a list; without it, none moves
    price: what a vial costs, in any currency: 100mg=174.63, or PRODUCT:100mg=174.63; or a list
    turnover: the minutes between two patients in a chair, for the chair time; default 0
    has: a condition of the patient, or a list
    accept: a blocking finding accepted, with its reason: CODE:DETAIL=REASON, or CODE=REASON for all of it; or a list
    done: a screening done before the start: tuberculosis, or tuberculosis=2026-11-20; or a list
    """

    start: str | date | None
    on: str | date | None
    label: str | None
    variant: str | None
    product: str | None
    for_: str | None
    until: str | date | None
    doses: str | int | None
    courses: str | int | None
    from_: str | None
    maintenance_start: str | date | None
    dose: str | Sequence[str]
    every: str | Sequence[str]
    round_: str
    round_within: str | float | None
    bag: str | int | None
    protocol: str | None
    weight_change: str | float | None
    anchor: str | None
    days: str | None
    holidays: str | None
    tolerance: str | Sequence[str]
    price: str | Sequence[str]
    turnover: str | float | None
    has: str | Sequence[str]
    accept: str | Sequence[str]
    done: str | Sequence[str]


class CourseOptions(SharedOptions, total=False):
    """The options of a course, each with its unit and with what holds where it is not given.

    given: what was given: a date, or DATE:MG, as in 2026-12-01:350mg; or a list
    history: a CSV file of what was given, with the columns date and dose_mg (mg); - is standard input
    """

    given: str | Sequence[str | date]
    history: str | None


class CohortOptions(SharedOptions, total=False):
    """The options of a cohort: they hold for every course, or for the rows whose cells are empty.

    given: a frame of what was given: `patient_id`, `date`, `dose_mg` (mg, may be empty)
    weights: a frame of weights over time: `patient_id`, `date`, `weight_kg` (kg)
    bsa_formula: the formula of the body surface area; default mosteller
    bsa_cap: the most that a body surface area counts, in m2; default: no cap
    drug: the drug of the rows whose cell is empty
    indication: the indication of the rows whose cell is empty
    weight: the weight of the rows whose cell is empty: kg, or with its unit
    height: the height of the rows whose cell is empty: cm, or with its unit
    bsa: the body surface area of the rows whose cell is empty, in m2
    age: the age of the rows whose cell is empty, on the day of the first infusion: years, or with its unit
    """

    given: Any
    weights: Any
    bsa_formula: str | None
    bsa_cap: str | float | None
    drug: str
    indication: str
    weight: str | float
    height: str | float
    bsa: str | float
    age: str | float


for _options in (CourseOptions, CohortOptions):  # help shows the text of a class alone
    _options.__doc__ = f"{_options.__doc__}\n{SharedOptions.__doc__}"


def check_names(options: Mapping[str, object], known: Iterable[str], also: tuple[str, ...] = ()) -> None:
    """Refuse an option of another name with UnknownName, which lists the nearest, and those of the patient.

    `also`: options that are read elsewhere, and listed with the others.
    """
    names = tuple(known)
    for name in options:
        if name in names:
            continue
        if name in _HOW_OF_PATIENT and OF_PATIENT[0] not in names:
            raise BadInput("option", name, "belongs to the patient", hint=_HOW_OF_PATIENT[name], field=name)
        import difflib  # noqa: PLC0415 - only a miss needs it

        listed = (*names, *also)
        nearest = tuple(difflib.get_close_matches(name, listed, cutoff=_ALIKE))
        raise UnknownName("option", name, known=listed, nearest=nearest, field=name)


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
    raise BadInput(what, value, f"is {_type(value)}", allowed=allowed, hint=_HOW.get(what, ""))


def _number(value: Any, kinds: tuple[str, ...]) -> Any:
    """A number where one is declared, a whole one without its decimals (frames have 7.0 for 7); else its text."""
    if "float" in kinds:
        return value
    whole = int(value) if "int" in kinds and isinstance(value, float) and value.is_integer() else value
    return whole if "int" in kinds else str(value)


def _type(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
