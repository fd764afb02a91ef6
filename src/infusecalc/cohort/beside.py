"""What stands beside a cohort, by patient: infusions given and weights, read from lines of a file or of a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from infusecalc.arithmetic import half_up
from infusecalc.cohort.faults import CONFLICT, MISSING, UNKNOWN, Faults, RowFault
from infusecalc.cohort.header import check_lines
from infusecalc.cohort.parse_columns import Unit, dates, read_dates, read_ids, read_numbers
from infusecalc.cohort.patients import out_of_limits
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import parse_amount, parse_weight
from infusecalc.statements import House

LINE = ("file", "row", "patient_id", "column", "code", "reason")
"""What a rejected line is told by."""
Place = tuple[Any, int | None, int]
"""A line that can be used: its date, its value (0.01 mg or 0.01 kg), and its row."""


class Kind(Frozen):
    """A kind of lines: the option that brings it, the column of its values, whether that may be empty, its parser."""

    option: str
    value: str
    optional: bool
    parse: Callable[[str], int]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its lines."""
        return ("patient_id", "date", self.value)


GIVEN = Kind("given", "dose_mg", True, lambda text: parse_amount(text, "dose_mg"))  # noqa: FBT003 - a part
WEIGHTS = Kind("weights", "weight_kg", False, parse_weight)  # noqa: FBT003 - a part


class PatientLines(Frozen):
    """Lines as they were read: the name of their file, their cells by column, the number of each, the broken ones.

    A broken line has its patient (None where it cannot be told), its row, and what is wrong with it.
    """

    kind: Kind
    name: str
    frame: pl.DataFrame
    numbers: pl.Series
    broken: tuple[tuple[str | None, int, RowFault], ...] = ()

    @classmethod
    def of(cls, kind: Kind, frame: pl.DataFrame) -> PatientLines:
        """The lines of a frame; raises BadInput for columns that are missing or unknown."""
        names = check_lines(frame.columns, kind.option, kind.columns, optional=kind.optional)
        named = frame.rename(dict(zip(frame.columns, names, strict=True)))
        numbers = pl.int_range(1, frame.height + 1, eager=True, dtype=pl.Int64)
        return cls(kind, kind.option, named, numbers)


class Beside:
    """What is known of each patient beside the rows of a cohort; `rejected` are the lines that cannot be used.

    Of a patient of whom a line cannot be used nothing is planned (`unusable`): the rest of the lines would be taken for
    all of them.
    """

    def __init__(self, given: PatientLines | None, weights: PatientLines | None, ids: pl.Series, house: House) -> None:
        """Sort the lines by patient; `ids` are those of all rows of the cohort, as they stand there."""
        self.rejected: list[tuple[Any, ...]] = []
        self.unusable: set[str] = set()
        self.has_history = given is not None
        rows = read_ids(ids, Faults()).values.drop_nulls()
        counts = rows.value_counts(name="rows").rename({rows.name: "patient_id"})
        self.given, self.weights = (self._sorted(lines, counts, house) for lines in (given, weights))
        self.file = given.name if given else ""

    @property
    def ids(self) -> set[str]:
        """The patients of whom something is known."""
        return self.given.keys() | self.weights.keys() | self.unusable

    def _sorted(self, lines: PatientLines | None, counts: pl.DataFrame, house: House) -> dict[str, list[Place]]:
        if lines is None:
            return {}
        faults = Faults()
        read = _typed(lines, faults).join(counts, on="patient_id", how="left", maintain_order="left")
        read = read.with_columns(fault=pl.coalesce(_wrong(lines.kind, faults, house)))
        bad = read.filter(pl.col("fault").is_not_null()).select("row", "patient_id", "fault")
        found = [(id_, row, faults.known[fault]) for row, id_, fault in bad.iter_rows()]
        for id_, row, fault in sorted([*found, *lines.broken], key=lambda each: each[1]):
            self.rejected.append((lines.name, row, id_, fault.column or None, fault.code, fault.reason))
        known = set(counts["patient_id"])
        self.unusable |= known.intersection(id_ for id_, _, _ in (*found, *lines.broken) if id_)
        good = read.filter(pl.col("fault").is_null() & ~pl.col("patient_id").is_in(list(self.unusable)))
        kept: dict[str, list[Place]] = {}
        for id_, day, value, row in good.sort("date").select("patient_id", "date", "value", "row").iter_rows():
            kept.setdefault(id_, []).append((day, value, row))
        return kept

    @property
    def dated(self) -> pl.Series:
        """The patients who need no start: something was given, or the line that says so cannot be used."""
        return pl.Series(sorted(self.given.keys() | self.unusable), dtype=pl.String)

    def reject(self, row: int, id_: str, fault: RowFault) -> None:
        """Reject an infusion given that its patient's plan has no place for."""
        self.rejected.append((self.file, row, id_, fault.column, fault.code, fault.reason))

    def told(self) -> pl.DataFrame:
        """The lines that were rejected since this was asked last, as they are told."""
        found, self.rejected = self.rejected, []
        return pl.DataFrame(found, schema=dict.fromkeys(LINE, pl.String) | {"row": pl.Int64}, orient="row")


def _typed(lines: PatientLines, faults: Faults) -> pl.DataFrame:
    """The cells of lines as values; a column of a wrong type is refused as one of the option that brought them."""
    try:
        return _read(lines, faults)
    except BadInput as error:
        whose = f"{error.what} of `{lines.kind.option}`"
        raise BadInput(whose, error.value, error.problem, allowed=error.allowed, hint=error.hint) from None


def _read(lines: PatientLines, faults: Faults) -> pl.DataFrame:
    """The cells of lines as values, with what is wrong with each; empty lines are left out."""
    kind, frame = lines.kind, lines.frame
    empty = pl.repeat(None, frame.height, dtype=pl.Null, eager=True)
    columns = {name: frame[name] if name in frame.columns else empty for name in kind.columns}
    ids = read_ids(columns["patient_id"].alias("patient_id"), faults)
    day_unit, unit = dates(faults, "date"), Unit(kind.value, lambda number: half_up(number, 100), kind.parse, faults)
    days, values = read_dates(_said(columns["date"]), day_unit), read_numbers(_said(columns[kind.value]), unit)
    return pl.DataFrame(
        {
            "row": lines.numbers,
            "patient_id": ids.values.cast(pl.String),
            "date": days.values,
            "value": values.values,
            "id_fault": ids.faults,
            "date_fault": days.faults,
            "value_fault": values.faults,
        }
    ).filter(~pl.all_horizontal(pl.exclude("row").is_null()))


def _said(column: pl.Series) -> pl.Series:
    """A column in which a blank text says nothing."""
    if column.dtype != pl.String:
        return column
    return column.alias("cell").to_frame().select(pl.when(pl.first().str.strip_chars() != "").then("cell")).to_series()


def _wrong(kind: Kind, faults: Faults, house: House) -> Iterator[pl.Expr]:
    """What is wrong with a line, the first thing first."""

    def mark(wrong: pl.Expr, column: str, code: str, reason: str) -> pl.Expr:
        return pl.when(wrong).then(pl.lit(faults.place(RowFault(column, code, reason)), dtype=pl.Int32))

    nobody = pl.col("patient_id").is_null()
    several = "the patient has several rows in the cohort, and nobody knows to which of them this line belongs; "
    several += "for a patient on two drugs: run one cohort, with its own file of lines, for each drug"
    yield pl.col("id_fault")
    yield mark(nobody, "patient_id", MISSING, "patient_id is missing")
    yield mark(pl.col("rows").is_null(), "patient_id", UNKNOWN, "the patient is not in the cohort")
    yield mark(pl.col("rows") > 1, "patient_id", CONFLICT, several)
    yield pl.col("date_fault")
    yield mark(pl.col("date").is_null(), "date", MISSING, "date is missing (must be YYYY-MM-DD)")
    yield pl.col("value_fault")
    if not kind.optional:
        value: Any = pl.col("value")
        yield mark(value.is_null(), kind.value, MISSING, f"{kind.value} is missing")
        for wrong, fault in out_of_limits(house, value):
            yield mark(wrong, fault.column, fault.code, fault.reason)
    again = ~pl.struct("patient_id", "date").is_first_distinct() & pl.col("date").is_not_null() & ~nobody
    yield mark(again, "date", CONFLICT, "an earlier line has the same patient and date: one line for each day")
