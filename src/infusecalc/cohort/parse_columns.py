"""The cells of a cohort to whole numbers: plain decimals by columns, all else by the parsers of the single patient."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from infusecalc.arithmetic import half_up, weight_of_pounds
from infusecalc.cohort.faults import UNREADABLE, Faults, RowFault, fault_of
from infusecalc.cohort.memo import Known
from infusecalc.cohort.numbers import divided
from infusecalc.dates import parse_date, taken_dates
from infusecalc.errors import BadInput
from infusecalc.quantities import parse_age, parse_bsa, parse_height, parse_weight

_PLAIN = r"^[0-9]{1,4}(\.[0-9]{1,4})?$"  # what is read at once, by columns, in 0.0001 of the unit
_SCALE, _BELOW = 10_000, 10_000
_OVER = 10**7  # outside any limit, and small enough to multiply
_EXACT = 2**53  # up to here, a double holds every whole number
_SLACKS = 100  # an age as one number: completed months x 100 + the months for which it may have gone on


_EPOCH = date(1970, 1, 1)
PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
"""How many of each unit of time are a day."""
_TIMED, _FAR_OFF = "2000-01-01 09:00", "0001-01-01"


class Unit:
    """How one column is read: what a number in 0.0001 of its unit comes to, and the parser of all other texts."""

    def __init__(
        self,
        column: str,
        scaled: Callable[[Any], Any],
        parse: Callable[[str], Any],
        faults: Faults,
        kind: Any = pl.Int64,
    ) -> None:
        """Keep both, and begin with no text met."""
        self.column, self.scaled, self._parse, self._faults = column, scaled, parse, faults
        self.known = Known(["text"], {"parsed": kind or pl.Int64, "fault": pl.Int32}, self._parsed)

    def _parsed(self, text: Any) -> tuple[Any, int | None]:
        """A cell by the parser of the single patient: its value, or the place of what is wrong with it."""
        try:
            value = self._parse(str(text))
        except BadInput as error:
            return None, self._faults.place(fault_of(error, self.column))
        return min(value, _OVER) if isinstance(value, int) else value, None

    def value_of(self, text: str) -> Any:
        """What a text that holds for many rows comes to; raises BadInput."""
        return self._parse(text)


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


def units(faults: Faults) -> dict[str, Unit]:
    """How each column of numbers is read: weights in 0.01 kg, heights in 0.1 cm, areas in 0.01 m2, ages as one."""
    listed = (
        Unit("weight_kg", lambda number: half_up(number, 100), parse_weight, faults),
        Unit("weight_lb", lambda number: weight_of_pounds(number, _SCALE), _pounds, faults),
        Unit("height_cm", lambda number: half_up(number, 1000), parse_height, faults),
        Unit("bsa_m2", lambda number: half_up(number, 100), parse_bsa, faults),
        Unit("age_years", _whole_years, _age, faults),
    )
    return {unit.column: unit for unit in listed}


def dates(faults: Faults, column: str = "start") -> Unit:
    """How a column of dates is read."""
    return Unit(column, lambda number: number, lambda text: parse_date(text.strip(" "), column), faults, pl.Date)


class Cells:
    """A column as it was read: its values, and the places of the faults of cells that could not be."""

    def __init__(self, values: pl.Series, faults: pl.Series) -> None:
        """Keep both."""
        self.values, self.faults = values, faults


def read_numbers(column: pl.Series, unit: Unit) -> Cells:
    """A column of texts or numbers in a unit; raises BadInput where the whole column holds neither."""
    cell = pl.col("cell")
    if column.dtype == pl.Float32:
        column = column.cast(pl.String)  # as it is written: 1.805, and not the nearest double of it
    if column.null_count() == len(column):
        return Cells(pl.repeat(None, len(column), dtype=pl.Int64, eager=True), _no_fault(len(column)))
    if column.dtype == pl.String:
        cell = pl.when(cell.str.contains(_PLAIN)).then(cell)
    elif not column.dtype.is_numeric():
        raise _of_type(unit.column, column.dtype, "numbers or texts")
    plain = cell.cast(pl.Float64)
    counted = (plain * _SCALE + 0.5).floor().cast(pl.Int64, strict=False)
    fits = (plain > 0) & (plain < _BELOW) & (divided(counted, _SCALE) == plain)  # no further decimals
    scaled = column.alias("cell").to_frame().select(value=unit.scaled(pl.when(fits).then(counted)))
    return _merged(column, scaled.select(pl.when(pl.col("value") != 0).then("value")).to_series(), unit)


def read_dates(column: pl.Series, unit: Unit) -> Cells:
    """A column of dates, or of texts as YYYY-MM-DD; raises BadInput where it holds neither."""
    kind = column.dtype
    if kind in (pl.String, pl.Null):
        return _merged(column.cast(pl.String), pl.repeat(None, len(column), dtype=pl.Date, eager=True), unit)
    if kind == pl.Date:
        days, whole = column.cast(pl.Int32).cast(pl.Int64), column.is_not_null()
    elif isinstance(kind, pl.Datetime) and kind.time_zone is None:
        per_day = PER_DAY[kind.time_unit]
        days, whole = column.cast(pl.Int64) // per_day, column.cast(pl.Int64) % per_day == 0
    else:
        zoned = isinstance(kind, pl.Datetime)
        hint = "cast it to dates, in the time zone of the clinic" if zoned else ""
        raise _of_type(unit.column, kind, "dates, times of midnight without a time zone, or texts", hint)
    low, high = ((day - _EPOCH).days for day in taken_dates())
    taken = pl.when(days.is_between(low, high) & whole).then(days).cast(pl.Int32).cast(pl.Date)
    # what cannot be taken is told by a text of its kind: no cell is written out
    odd = pl.when(days.is_not_null() & ~whole).then(pl.lit(_TIMED)).when(days.is_not_null()).then(pl.lit(_FAR_OFF))
    return _merged(pl.select(odd).to_series(), pl.select(taken).to_series(), unit)


def _no_fault(length: int) -> pl.Series:
    return pl.repeat(None, length, dtype=pl.Int32, eager=True)


def _merged(column: pl.Series, read: pl.Series, unit: Unit) -> Cells:
    """What was read at once, with the cells that go through the parser of the single patient, each once."""
    odd = (read.is_null() & column.is_not_null()).arg_true()
    if not len(odd):
        return Cells(read, _no_fault(len(read)))
    known = unit.known.look_up(column[odd].cast(pl.String).alias("text").to_frame())
    return Cells(read.scatter(odd, known["parsed"]), _no_fault(len(read)).scatter(odd, known["fault"]))


def read_texts(column: pl.Series) -> pl.Series:
    """A column of names or ids as texts; an empty or blank one says nothing. Raises BadInput for what is no text."""
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null, pl.Categorical, pl.Enum)):
        raise _of_type(column.name, column.dtype, "texts or numbers")
    texts = column.cast(pl.String)
    if texts.is_between("!", "~").all():  # none is empty, and none begins with a space of any kind
        return texts
    return texts.to_frame().select(pl.when(pl.first().str.strip_chars() != "").then(pl.first())).to_series()


def id_texts(column: pl.Series) -> pl.Series:
    """Ids as texts: a number that is whole has no decimals, and what is no number is no id."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
        whole = (column == column.floor()) & (column.abs() < _EXACT)
        return column.cast(pl.String).zip_with(~whole, column.cast(pl.Int64, strict=False).cast(pl.String))
    return column.cast(pl.String).str.replace(r"\.0+$", "") if column.dtype.is_decimal() else column


def read_ids(column: pl.Series, faults: Faults) -> Cells:
    """A column of patient ids, as the single patient's may be: no control characters."""
    ids = read_texts(id_texts(column))
    controls = RowFault("patient_id", UNREADABLE, "patient id has control characters (allowed: printable characters)")
    place = pl.when(pl.col("id").str.contains(r"\p{Cc}")).then(faults.place(controls))
    return Cells(ids, ids.alias("id").to_frame().select(place.cast(pl.Int32)).to_series())


def _of_type(column: str, dtype: Any, allowed: str, hint: str = "") -> BadInput:
    return BadInput("column", column, f"has the type {dtype}", allowed=allowed, hint=hint)
