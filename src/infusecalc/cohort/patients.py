"""The rows of a cohort to patients in whole numbers, each with its shape or with the fault that rejects the row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from infusecalc.arithmetic import at_most, bmi_within, outside, past
from infusecalc.cohort.compiler import Compiler, Group, RowNames
from infusecalc.cohort.faults import CONFLICT, MISSING, OUTSIDE, Faults, RowFault, fault_of
from infusecalc.cohort.header import COLUMNS, NAMES
from infusecalc.cohort.memo import Known
from infusecalc.cohort.parse_columns import (
    dates,
    months_of,
    read_dates,
    read_ids,
    read_numbers,
    read_texts,
    slack_of,
    units,
)
from infusecalc.cohort.repaired import CODE, NOT_UTF8, RAW
from infusecalc.cohort.surfaces import areas
from infusecalc.errors import BadInput
from infusecalc.patient import Patient, Weighed
from infusecalc.quantities import Age
from infusecalc.statements import Band, House, Place
from infusecalc.statements.kinds import Size

_BESIDE = {"weight_kg": "weight_lb", "weight_lb": "weight_kg", "height_cm": "bsa_m2", "bsa_m2": "height_cm"}
"""Columns that say the same in two ways: where a row has one, the other takes no value of the cohort's."""


_UNFIT = RowFault(
    RAW,
    "ragged",
    "the row is as it was rejected: its cells may stand under the wrong columns; check each, then empty the cell in "
    "the column raw (in code, if the file has no column raw)",
)
_SPELLED_OUT = RowFault(
    "", NOT_UTF8, r"the row is as it was rejected: \xNN stands for a byte that is not UTF-8; write the letter"
)
_BANDS = 1000  # more than the bands of a table: ends by weight and by BSA are counted apart
_APART = 1 << 24  # added to dates, so that none is taken for a number of days


class Defaults:
    """What holds for every row that says nothing: texts by column, the BSA formula, and the cap (0.01 m2)."""

    def __init__(self, cells: Mapping[str, str], formula: str, cap: int | None) -> None:
        """Read the texts; raises BadInput."""
        known = {**units(Faults()), "start": dates(Faults())}
        self.values = {name: known[name].value_of(text) if name in known else text for name, text in cells.items()}
        self.formula, self.cap = formula, cap


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column; one that is not there is empty."""
    return frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.Null, eager=True)


def _filled(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column in which an empty text says nothing; categories are texts."""
    column = _column(frame, name)
    return read_texts(column) if column.dtype in (pl.String, pl.Categorical, pl.Enum) else column


def _without_empty(read: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that were read, without those of a frame in which no cell says anything, extra ones included."""
    silent = read.select(pl.all_horizontal(pl.exclude("place").is_null())).to_series()
    if not silent.any():
        return read
    extra = (
        pl.col(name).str.strip_chars() != "" if kind == pl.String else pl.col(name).is_not_null()
        for name, kind in frame.schema.items()
        if name not in COLUMNS
    )
    said = frame.select(pl.any_horizontal(~silent, *extra).fill_null(value=False))
    return read.filter(said.to_series())


class Patients:
    """Reads rows; keeps what it has met, so that each name, start and odd cell is looked at once."""

    def __init__(self, compiler: Compiler, defaults: Defaults, faults: Faults) -> None:
        """Begin with nothing met."""
        self._compiler, self._defaults, self._faults = compiler, defaults, faults
        self._units, self._starts = units(faults), dates(faults)
        self._faulty = {f"{name}_fault" for name in (*self._units, "start")}
        kinds = {"group": pl.Int32, "by_start": pl.Boolean, "no_group": pl.Int32}
        self._groups: list[Group] = []
        self._banded: dict[int, tuple[Place, ...]] = {}
        self._named = Known(NAMES, kinds, self._group)
        self._days = Known(["start"], {"ahead": pl.Int32}, self._ahead)
        self._plans = Known(["group", "key", "band"], {"shape": pl.Int32, "no_plan": pl.Int32}, self._shape)

    def read(self, frame: pl.DataFrame, dated: pl.Series | None = None) -> pl.DataFrame:
        """Every row of a frame with `place` in it, its names, the patient in whole numbers, and `fault` (null: good).

        A row of empty cells alone, as spreadsheets leave them, is no patient, and is left out. Patients who are
        `dated` have a history, and need no start.
        Raises BadInput where a whole column holds what it cannot.
        """
        cells = {name: read_numbers(_filled(frame, name), unit) for name, unit in self._units.items()}
        start = read_dates(_filled(frame, "start"), self._starts)
        ids = read_ids(_column(frame, "patient_id"), self._faults)
        read = pl.DataFrame(
            {
                "place": pl.int_range(frame.height, eager=True),
                "patient_id": ids.values,
                **{name: read_texts(_column(frame, name)) for name in NAMES},
                **{name: each.values for name, each in cells.items()},
                "start": start.values,
                "id_fault": ids.faults,
                "start_fault": start.faults,
                **{f"{name}_fault": each.faults for name, each in cells.items()},
            }
        )
        read = _without_empty(read, frame).with_columns(self._defaulted())
        faults = (*self._still_broken(frame, read["place"]), *self._of_cells(read.columns, dated))
        return self._sized(read.with_columns(fault=pl.coalesce(faults)))

    def _still_broken(self, frame: pl.DataFrame, places: pl.Series) -> Iterator[pl.Expr]:
        """What is wrong with rows that were rejected before, and are as they were."""
        if CODE in frame.columns:
            was = frame[CODE][places]
            yield self._mark(pl.lit(was == NOT_UTF8), _SPELLED_OUT)
            yield self._mark(pl.lit(was.is_not_null()), _UNFIT)

    # --- cells ----------------------------------------------------------------------------------------------------

    def _defaulted(self) -> Iterator[pl.Expr]:
        """The columns that have a value for the cohort, with it in the rows that say nothing."""
        for name, value in self._defaults.values.items():
            silent = pl.col(name).is_null()
            for column in (name, _BESIDE.get(name)):
                if column and f"{column}_fault" in self._faulty:
                    silent &= pl.col(column).is_null() & pl.col(f"{column}_fault").is_null()
            yield pl.when(silent).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)

    def _of_cells(self, columns: Iterable[str], dated: pl.Series | None) -> list[pl.Expr]:
        """What is wrong with single cells, in the order in which one patient is read."""
        both, given = pl.all_horizontal, pl.col
        kg, lb, height, bsa = (given(name).is_not_null() for name in ("weight_kg", "weight_lb", "height_cm", "bsa_m2"))
        unread = [given(name) for name in columns if name.endswith("_fault")]
        no_start = given("start").is_null() & given("start_fault").is_null()
        if dated is not None:
            no_start &= ~given("patient_id").is_in(dated.implode()).fill_null(value=False)
        no_weight = ~kg & ~lb & given("weight_kg_fault").is_null() & given("weight_lb_fault").is_null()
        return [
            self._where(both(height, bsa), "bsa_m2", CONFLICT, "BSA cannot be combined with a height; give one"),
            self._where(both(kg, lb), "weight_lb", CONFLICT, "weight is given in kg and in lb; give one"),
            *unread,
            self._where(no_weight, "weight_kg", MISSING, "weight is missing (allowed: weight_kg or weight_lb)"),
            self._where(no_start, "start", MISSING, "start is missing (must be YYYY-MM-DD or today)"),
        ]

    def _where(self, wrong: pl.Expr, column: str, code: str, reason: str) -> pl.Expr:
        return self._mark(wrong, RowFault(column, code, reason))

    def _mark(self, wrong: pl.Expr, fault: RowFault) -> pl.Expr:
        return pl.when(wrong).then(pl.lit(self._faults.place(fault), dtype=pl.Int32))

    # --- sizes ----------------------------------------------------------------------------------------------------

    def _sized(self, read: pl.DataFrame) -> pl.DataFrame:
        """Weight (0.01 kg), height (0.1 cm), BSA (0.01 m2) before and after a cap, age in months, within the limits."""
        height, cap = pl.col("height_cm"), self._defaults.cap
        sized = read.select(
            "place", "patient_id", *NAMES, "start", "fault", "bsa_m2",
            weight=pl.coalesce("weight_kg", "weight_lb"),
            height=height,
            months=months_of(pl.col("age_years")),
            slack=slack_of(pl.col("age_years")),
        )  # set in rows # fmt: skip
        sized = sized.with_columns(fault=pl.coalesce("fault", *self._outside(self._compiler.house)))
        area = areas(self._defaults.formula, sized["weight"], sized["height"])
        sized = sized.with_columns(uncapped=pl.col("bsa_m2").fill_null(area)).drop("bsa_m2")
        uncapped: Any = pl.col("uncapped")
        return sized.with_columns(bsa=uncapped if cap is None else at_most(uncapped, cap))

    def _outside(self, house: House) -> Iterable[pl.Expr]:
        """What lies outside the house limits on input, as one patient would be refused."""
        columns: Any = map(pl.col, ("weight", "height", "bsa_m2", "months"))
        weight, height, area, months = columns
        yield from (self._mark(wrong, fault) for wrong, fault in out_of_limits(house, weight))
        low, high = house.height.from_, house.height.to
        yield self._mark(height < low, _refusal(house, "height_cm", house.weight.from_, height=low - 1))
        yield self._mark(height > high, _refusal(house, "height_cm", house.weight.from_, height=high + 1))
        sound: Any = bmi_within(weight, height, house.bmi.from_, house.bmi.to)
        yield self._mark(~sound, _refusal(house, "weight_kg", house.weight.to, height=house.height.from_))
        wrong: Any = outside(area, house.bsa.from_, house.bsa.to)
        yield self._mark(wrong, _refusal(house, "bsa_m2", house.weight.from_, bsa_given=house.bsa.to + 1))
        wrong = outside(months, house.age.from_, house.age.to)
        yield self._mark(wrong, _refusal(house, "age_years", house.weight.from_, age=Age(house.age.to + 1)))

    # --- shapes ---------------------------------------------------------------------------------------------------

    def shaped(self, sized: pl.DataFrame) -> pl.DataFrame:
        """Rows with their `shape`: of their names, and of what of their start decides the plan."""
        named = self._named.look_up(sized.select(NAMES))
        sized = pl.concat([sized.drop(NAMES), named], how="horizontal")
        sized = sized.with_columns(fault=pl.coalesce("fault", "no_group"))
        good = sized.filter(pl.col("fault").is_null())
        pairs = good.select("group", "start", "by_start", ahead=self._days.look_up(good.select("start"))["ahead"])
        by_start = pl.col("by_start") | ~pl.col("ahead").is_between(-1, self._compiler.far)
        key = pl.when(by_start).then(pl.col("start").cast(pl.Int32) + _APART).otherwise("ahead")
        sizes = good.select("weight", "bsa", band=self._band())
        looked = pl.concat([pairs.select("group", "start", key=key), sizes], how="horizontal")
        found = self._plans.look_up(looked.select("group", "key", "band", "start", "weight", "bsa"))
        good = good.with_columns(shape=found["shape"], fault=found["no_plan"])
        bad = sized.filter(pl.col("fault").is_not_null()).with_columns(shape=pl.lit(None, dtype=pl.Int32))
        return good if not bad.height else pl.concat([good, bad]).sort("place")

    def _group(self, *names: str | None) -> tuple[int | None, bool, int | None]:
        """The number of the group of some names, whether it needs the start itself, and what is wrong with them."""
        group = self._compiler.group(RowNames(*names))
        if isinstance(group, RowFault):
            return None, False, self._faults.place(group)
        self._groups.append(group)
        if group.ordered.places:
            self._banded[len(self._groups) - 1] = group.ordered.places
        return len(self._groups) - 1, group.moves != "days", None

    def _ahead(self, start: date) -> tuple[int]:
        """The days from a start to the horizon; -1 where that counts infusions."""
        ahead = self._compiler.ahead(start)
        return (-1 if ahead is None else ahead,)

    def _band(self) -> Any:
        """The bands that a patient is in, as a number for each group that has bands: how many ends are passed.

        Null where a size is missing: that is no band of its own.
        """
        number: Any = pl.lit(0, dtype=pl.Int32)
        for group, places in self._banded.items():
            ends = [place.band for place in places if place.band.end]
            passed = [_passes(band) * _BANDS ** (band.end is not None and band.end.by == "bsa") for band in ends]
            number = pl.when(pl.col("group") == group).then(sum(passed, pl.lit(0))).otherwise(number)
        return number

    def _shape(
        self, group: int, _: int, band: int | None, start: date, weight: int, bsa: int | None
    ) -> tuple[int | None, int | None]:
        """The shape that a group has for a start, or why there is no plan."""
        sized = self._compiler.in_bands(self._groups[group], band, weight, bsa)
        shape = sized if isinstance(sized, RowFault) else self._compiler.shape(sized, start)
        return (None, self._faults.place(shape)) if isinstance(shape, RowFault) else (shape, None)


def out_of_limits(house: House, weight: Any) -> Iterator[tuple[pl.Expr, RowFault]]:
    """Whether a weight is out of range, on either side, and what is said of it."""
    low, high = house.weight.from_, house.weight.to
    yield weight < low, _refusal(house, "weight_kg", low - 1)
    yield weight > high, _refusal(house, "weight_kg", high + 1)


def _passes(band: Band) -> Any:
    """Whether a patient's size passes the end of a band, as a number; null where the size is missing."""
    end = band.end or Size(0, "kg")
    size: Any = pl.col("weight" if end.by == "weight" else "bsa")
    passed: Any = past(size, end.number, included=band.to is not None)
    return passed.cast(pl.Int32)


def _refusal(house: House, column: str, weight: int, **parts: Any) -> RowFault:
    """What is said of one patient outside the limits."""
    try:
        Patient(weight, "", weights=(Weighed(None, weight, ""),), **parts).check(house, date.min)
    except BadInput as error:
        return fault_of(error, column, OUTSIDE)
    raise AssertionError(column)  # pragma: no cover - the values lie outside the limits
