"""The cells of a cohort to whole numbers: plain decimals by columns, all else by the parsers of the single patient."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from infusecalc.cohort.faults import UNREADABLE, Fault, Faults, fault_of
from infusecalc.cohort.numbers import divided
from infusecalc.dates import parse_date
from infusecalc.errors import BadInput
from infusecalc.quantities import half_up, parse_age, parse_bsa, parse_height, parse_weight

_PLAIN = r"^[0-9]{1,4}(\.[0-9]{1,4})?$"  # what is read at once, by columns, in 0.0001 of the unit
_SCALE, _BELOW = 10_000, 10_000
_MEMORY = 100_000  # distinct texts that are kept for the chunks to come
_SLACKS = 100  # an age as one number: completed months x 100 + the months for which it may have gone on


class Unit:
    """How one column is read: what a number in 0.0001 of its unit comes to, and the parser of all other texts."""

    def __init__(self, column: str, scaled: Callable[[Any], Any], parse: Callable[[str], Any]) -> None:
        """Keep both, and begin without memory."""
        self.column, self.scaled, self.parse = column, scaled, parse
        self.known: dict[str, tuple[Any, int | None]] = {}


def _pounds(text: str) -> int:
    return parse_weight(text if any(map(str.isalpha, text)) else f"{text.strip(' ')}lb")


def _age(text: str) -> int:
    age = parse_age(text)
    return age.months * _SLACKS + age.slack


def months_of(age: Any) -> Any:
    """The completed months of an age that was read as one number."""
    return age // _SLACKS


def slack_of(age: Any) -> Any:
    """The months for which an age that was read as one number may have gone on."""
    return age % _SLACKS


def _whole_years(number: Any) -> Any:
    return pl.when(number % _SCALE == 0).then(number // _SCALE * 12 * _SLACKS + 12)


def units() -> dict[str, Unit]:
    """How each column of numbers is read: weights in 0.01 kg, heights in 0.1 cm, areas in 0.01 m2, ages as one."""
    listed = (
        Unit("weight_kg", lambda number: half_up(number, 100), parse_weight),
        Unit("weight_lb", lambda number: half_up(number * 45_359_237, 10**10), _pounds),  # 0.45359237 kg, exactly
        Unit("height_cm", lambda number: half_up(number, 1000), parse_height),
        Unit("bsa_m2", lambda number: half_up(number, 100), parse_bsa),
        Unit("age_years", _whole_years, _age),
    )
    return {unit.column: unit for unit in listed}


class Cells:
    """A column as it was read: its values, and the places of the faults of cells that could not be."""

    def __init__(self, values: pl.Series, faults: pl.Series) -> None:
        """Keep both."""
        self.values, self.faults = values, faults


def read_numbers(column: pl.Series, unit: Unit, faults: Faults) -> Cells:
    """A column of texts or numbers in a unit; raises BadInput where the whole column holds neither."""
    number, text = pl.col("cell"), pl.col("cell")
    if column.dtype == pl.String:
        plain = pl.when(text.str.contains(_PLAIN)).then(text).cast(pl.Float64)
    elif column.dtype.is_numeric():
        plain, text = number.cast(pl.Float64), number.cast(pl.Float64)
    elif column.dtype == pl.Null:
        plain, text = number.cast(pl.Float64), number.cast(pl.String)
    else:
        raise _of_type(unit.column, column.dtype, "numbers or texts")
    if column.dtype.is_integer() or column.dtype.is_decimal():
        text = number.cast(pl.String)
    units_ = (plain * _SCALE + 0.5).floor()
    counted = units_.cast(pl.Int64, strict=False)
    fits = (plain > 0) & (plain < _BELOW) & (divided(counted, _SCALE) == plain)  # no further decimals
    scaled = unit.scaled(pl.when(fits).then(counted))
    read = column.alias("cell").to_frame().select(text=text, value=scaled)
    read = read.with_columns(value=pl.when(pl.col("value") != 0).then(pl.col("value")))
    odd = read.filter(pl.col("value").is_null() & pl.col("text").is_not_null())["text"].unique()
    if not len(odd):
        return Cells(read["value"], pl.Series([None], dtype=pl.Int32).new_from_index(0, len(column)))
    return _merged(read, odd, unit, faults, pl.Int64)


def read_dates(column: pl.Series, unit: Unit, faults: Faults) -> Cells:
    """A column of dates, or of texts in the one form that is taken; raises BadInput where it holds neither."""
    cell, midnight = pl.col("cell"), pl.lit(value=True)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None:
        midnight = cell.dt.truncate("1d") == cell
        cell = pl.when(midnight).then(cell.cast(pl.Date).cast(pl.String)).otherwise(cell.cast(pl.String))
    elif column.dtype == pl.Date:
        cell = cell.cast(pl.String)
    elif column.dtype not in (pl.String, pl.Null):
        raise _of_type(unit.column, column.dtype, "dates or texts")
    read = column.alias("cell").to_frame().select(text=cell.cast(pl.String), value=pl.lit(None, dtype=pl.Date))
    return _merged(read, read["text"].drop_nulls().unique(), unit, faults, pl.Date)


def dates() -> Unit:
    """How the column of starts is read."""
    return Unit("start", lambda number: number, _day)


def _day(text: str) -> date:
    return parse_date(text.strip(" "), "start")


def _merged(read: pl.DataFrame, odd: pl.Series, unit: Unit, faults: Faults, kind: Any) -> Cells:
    """What was read at once, with the texts that go through the parser of the single patient, each once."""
    if len(unit.known) > _MEMORY:
        unit.known.clear()
    texts = odd.to_list()
    for text in texts:
        if text not in unit.known:
            unit.known[text] = _parsed(text, unit, faults)
    values, places = zip(*(unit.known[text] for text in texts), strict=True) if texts else ((), ())
    known = pl.DataFrame(
        {"text": odd, "parsed": pl.Series(values, dtype=kind), "fault": pl.Series(places, dtype=pl.Int32)}
    )
    joined = read.join(known, on="text", how="left", maintain_order="left")
    return Cells(joined.select(pl.coalesce("value", "parsed")).to_series(), joined["fault"])


def _parsed(text: Any, unit: Unit, faults: Faults) -> tuple[Any, int | None]:
    """A cell by the parser of the single patient: its value, or the place of what is wrong with it."""
    try:
        return unit.parse(str(text)), None
    except BadInput as error:
        return None, faults.place(fault_of(error, unit.column))


def read_texts(column: pl.Series) -> pl.Series:
    """A column of names or ids as texts; an empty one says nothing. Raises BadInput for what is no text."""
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null, pl.Categorical, pl.Enum)):
        raise _of_type(column.name, column.dtype, "texts or numbers")
    texts = column.cast(pl.String)
    return texts.to_frame().select(pl.when(pl.first() != "").then(pl.first())).to_series()


def read_ids(column: pl.Series, faults: Faults) -> Cells:
    """A column of patient ids, as the single patient's may be: no control characters, and not blank."""
    ids = read_texts(column)
    blank = faults.place(Fault("patient_id", UNREADABLE, "patient id is blank; leave it empty, or give one"))
    controls = Fault("patient_id", UNREADABLE, "patient id has control characters (allowed: printable characters)")
    place = (
        pl.when(pl.col("id").str.contains(r"\p{Cc}"))
        .then(faults.place(controls))
        .when(pl.col("id").str.strip_chars() == "")
        .then(blank)
    )
    return Cells(ids, ids.alias("id").to_frame().select(place.cast(pl.Int32)).to_series())


def _of_type(column: str, dtype: Any, allowed: str) -> BadInput:
    return BadInput(f"column {column}", None, f"holds {dtype}", allowed=allowed)
