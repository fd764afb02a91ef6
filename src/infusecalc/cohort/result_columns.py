"""Infusions in whole numbers to the rows that people and programs read: typed columns, or texts as data writes them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import polars as pl

from infusecalc.choices import Choices
from infusecalc.cohort.numbers import divided
from infusecalc.cohort.parse_columns import PER_DAY
from infusecalc.course import Course
from infusecalc.errors import BadInput
from infusecalc.output.flat import FORMULA_STARTS
from infusecalc.output.records import COLUMNS, records
from infusecalc.output.records import columns as course_columns

_SCALED = {
    "weight_kg": ("weight", 100), "bsa_m2": ("bsa", 100), "exact_dose_mg": ("exact", 100), "dose_mg": ("dose", 100),
    "waste_mg": ("waste", 100), "drug_volume_ml": ("volume", 10), "concentration_mg_per_ml": ("concentration", 100),
    "duration_min": ("time", 100), "chair_min": ("chair", 100), "cost": ("cost", 100),
    "waste_cost": ("waste_cost", 100),
}  # set in rows # fmt: skip
_NAMED = {"bag_ml": "bag", "billing_units": "units"}
_FIRST, _LAST = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))  # in days from 1970
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"
_FORMULA = f"^'*[{re.escape(''.join(FORMULA_STARTS))}]"  # quotes before it too, so that one can be taken off again
_OF_DOSE = ("patient_id", "vials", "bag_ml", "billing_units", "wasted_units", "modifier", *_SCALED)
_TOLD = ("given_mg",)  # of what was given: nothing, where a row has no history
_DAYS = {"date": "day", "planned_date": "planned_day"}
_TYPES: dict[str, Any] = (
    dict.fromkeys(COLUMNS, pl.String)
    | dict.fromkeys(_SCALED, pl.Float64)
    | dict.fromkeys(_DAYS, pl.Date)
    | dict.fromkeys(("number", "day", "bag_ml", "billing_units", "wasted_units", "moved_days"), pl.Int64)
    | {"optional": pl.Boolean, "given": pl.Boolean, "given_mg": pl.Float64}
)


def columns(choices: Choices, *, history: bool = False) -> tuple[str, ...]:
    """The columns of the rows: those of `schedule`, with the ones that clinic days, a history and prices add."""
    added = {
        "planned_date": history or choices.clinic,
        "moved_days": choices.clinic,
        "given": history,
        "given_mg": history,
        "cost": choices.prices,
        "waste_cost": choices.prices,
    }
    return (*COLUMNS, *(name for name, asked in added.items() if asked))


def schema(names: tuple[str, ...], *, texts: bool = False) -> dict[str, Any]:
    """The types of some columns; with `texts`, doubles are texts."""
    kinds = {name: _TYPES[name] for name in names}
    return {name: pl.String if texts and kind == pl.Float64 else kind for name, kind in kinds.items()}


def course_frame(course: Course) -> pl.DataFrame:
    """The records of one course as a frame."""
    rows = list(records(course))
    kinds = {name: _TYPES[name] for name in course_columns(course)}
    dates = [name for name in _DAYS if name in kinds]
    read = pl.DataFrame(rows, schema=kinds | dict.fromkeys(dates, pl.String), strict=False)
    return read.with_columns(pl.col(dates).str.to_date())


def extra_types(types: dict[str, Any]) -> dict[str, Any]:
    """The types of the columns that are passed through; raises BadInput for one that is not written as a text."""
    for name, kind in types.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Duration, pl.Object):
            allowed = "texts, numbers, dates or truth values"
            raise BadInput("column", name, f"has the type {kind}", allowed=allowed)
    return types


def measured(stretches: pl.DataFrame, names: tuple[str, ...], *, texts: bool) -> pl.DataFrame:
    """The columns of the rows that are the same for every infusion of a stretch, as numbers or as texts."""
    return stretches.select(
        "place", "start", *(_value(name, texts=texts).alias(name) for name in names if name in _OF_DOSE)
    )


def joined(rows: pl.DataFrame, events: pl.DataFrame, names: tuple[str, ...], *, texts: bool = False) -> pl.DataFrame:
    """The rows with the columns of their events, and their dates; behind them the `place` of the patient."""
    nothing = (
        pl.lit(None, dtype=kind).alias(name) for name, kind in schema(names, texts=texts).items() if name in _TOLD
    )
    whole = pl.concat([rows, events], how="horizontal")
    days = (
        (pl.col("start") + pl.duration(days=pl.col(day))).alias(name) for name, day in _DAYS.items() if name in names
    )
    given = (pl.lit(value=False).alias(name) for name in names if name == "given")
    return whole.with_columns(*days, *nothing, *given).select(*names, "place")


def _value(name: str, *, texts: bool) -> pl.Expr:
    if name not in _SCALED:
        return pl.col(_NAMED.get(name, name))
    source, one = _SCALED[name]
    number = divided(pl.col(source), one)
    return as_text(number) if texts else number


def with_extra(infusions: pl.DataFrame, extra: pl.DataFrame) -> pl.DataFrame:
    """Infusions with the extra columns of the rows that they are of, which their `place` tells."""
    rows = infusions.drop("place")
    return pl.concat([rows, extra[infusions["place"]]], how="horizontal") if extra.width else rows


def quoted(texts: pl.Expr) -> pl.Expr:
    """Texts of which no spreadsheet takes one for a formula: such a one begins with a quote."""
    formula = pl.any_horizontal(texts.str.starts_with(start) for start in FORMULA_STARTS)
    return pl.when(formula).then(pl.lit("'") + texts).otherwise(texts)


def harmless(texts: pl.Expr) -> pl.Expr:
    """Rejected cells of which no spreadsheet takes one for a formula; a negative number is none."""
    return pl.when(texts.str.contains(_NUMBER)).then(texts).otherwise(texts.str.replace(_FORMULA, "'$0"))


def unquoted(texts: pl.Expr) -> pl.Expr:
    """What `harmless` made of cells, as they were."""
    return texts.str.replace(f"^'({_FORMULA[1:]})", "$1")


def as_text(number: pl.Expr) -> pl.Expr:
    """Doubles as data writes them: a whole number without `.0`."""
    return number.cast(pl.String).str.strip_suffix(".0")


def json_number(number: pl.Expr) -> pl.Expr:
    """Doubles of anybody's as JSON has them; it has none that are not finite."""
    return as_text(pl.when(number.is_finite()).then(number))


def own_text(column: pl.Series) -> pl.Series:
    """A column of a cohort as texts, dates and times as ISO 8601 has them; days beyond any calendar as numbers."""
    kind = column.dtype
    if not kind.is_temporal():
        return column.cast(pl.String)
    if kind == pl.Time:
        return column.dt.to_string("iso:strict")
    counted = column.to_physical().cast(pl.Int64)
    days = counted // PER_DAY[kind.time_unit] if isinstance(kind, pl.Datetime) else counted
    near = days.is_between(_FIRST, _LAST)  # the engine breaks off where it writes others out
    written = pl.select(pl.when(near).then(column)).to_series().dt.to_string("iso:strict")
    return written.zip_with(near.fill_null(value=True), counted.cast(pl.String))


def times_as_texts(types: dict[str, Any]) -> dict[str, Any]:
    """The types of some columns where all that tell a date or a time are texts."""
    return {name: pl.String if kind.is_temporal() else kind for name, kind in types.items()}
