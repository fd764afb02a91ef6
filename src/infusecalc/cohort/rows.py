"""Infusions in whole numbers to the rows that people and programs read: typed columns, or texts as data writes them."""

from __future__ import annotations

from typing import Any

import polars as pl

from infusecalc.choices import Choices
from infusecalc.cohort.numbers import divided
from infusecalc.output.records import COLUMNS, FORMULA_STARTS

_SCALED = {
    "weight_kg": ("weight", 100), "bsa_m2": ("bsa", 100), "exact_dose_mg": ("exact", 100), "dose_mg": ("dose", 100),
    "waste_mg": ("waste", 100), "drug_volume_ml": ("volume", 10), "concentration_mg_per_ml": ("concentration", 100),
    "duration_min": ("time", 100), "cost": ("cost", 100), "waste_cost": ("waste_cost", 100),
}  # fmt: skip
_NAMED = {"bag_ml": "bag", "billing_units": "units"}
_DAYS = {"date": "day", "planned_date": "planned_day"}
_TYPES: dict[str, Any] = (
    dict.fromkeys(COLUMNS, pl.String)
    | dict.fromkeys(_SCALED, pl.Float64)
    | dict.fromkeys(_DAYS, pl.Date)
    | dict.fromkeys(("number", "day", "bag_ml", "billing_units", "wasted_units", "moved_days"), pl.Int64)
    | {"optional": pl.Boolean}
)


def columns(choices: Choices) -> tuple[str, ...]:
    """The columns of the rows: those of `schedule`, with the ones that clinic days and prices add."""
    moved = ("planned_date", "moved_days") if choices.clinic else ()
    return (*COLUMNS, *moved, *(("cost", "waste_cost") if choices.prices else ()))


def schema(names: tuple[str, ...]) -> dict[str, Any]:
    """The types of some columns."""
    return {name: _TYPES[name] for name in names}


def typed(infusions: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The rows with typed columns: numbers as doubles, dates as dates; an id is as CSV has it."""
    if not infusions.height:
        return pl.DataFrame(schema=schema(names))
    return infusions.select(_value(name).alias(name) for name in names)


def _value(name: str) -> pl.Expr:
    if name in _SCALED:
        source, one = _SCALED[name]
        return divided(pl.col(source), one)
    if name in _DAYS:
        return pl.col("start") + pl.duration(days=pl.col(_DAYS[name]))
    if name == "patient_id":
        return quoted(pl.col(name))
    return pl.col(_NAMED.get(name, name))


def quoted(texts: pl.Expr) -> pl.Expr:
    """Texts of which no spreadsheet takes one for a formula: such a one begins with a quote."""
    formula = pl.any_horizontal(texts.str.starts_with(start) for start in FORMULA_STARTS)
    return pl.when(formula).then(pl.lit("'") + texts).otherwise(texts)


def as_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Typed rows as data writes them: a whole number without `.0`, a date as `YYYY-MM-DD`, `true` or `false`."""
    numbers = [name for name, kind in rows.schema.items() if kind == pl.Float64]
    return rows.with_columns(pl.col(numbers).cast(pl.String).str.strip_suffix(".0")).with_columns(
        pl.all().cast(pl.String)
    )
