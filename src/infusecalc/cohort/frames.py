"""Frames of any kind, eager or lazy, to the infusions of their patients, or to the rows that cannot be used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from infusecalc.cohort.beside import GIVEN, LINE, WEIGHTS, Beside, Kind, PatientLines
from infusecalc.cohort.expansion import Expansion, line_rows, rejected
from infusecalc.cohort.header import COLUMNS, FILE, REJECTED, check_header, told_of
from infusecalc.cohort.repaired import still_broken
from infusecalc.cohort.result_columns import extra_types, schema, with_extra
from infusecalc.errors import BadInput, MissingExtra
from infusecalc.options import check_type
from infusecalc.spelling import counted
from infusecalc.table import Table, load_table

ROWS = 200_000
"""Patients that are expanded at a time."""


class RejectedRows(UserWarning):
    """Rows of a frame were left out, because they cannot be used."""


class Frame:
    """A frame and the options for it: expands chunk after chunk."""

    def __init__(
        self,
        columns: tuple[str, ...],
        table: Table | None,
        options: dict[str, Any],
        *,
        keep_extra: bool,
        beside: Beside | None = None,
    ) -> None:
        """Check options and columns; raises BadInput."""
        self.beside = beside
        self.expansion = Expansion(table or load_table(), beside=beside, **options)
        self.given, dated = columns, {"start"} if beside and beside.has_history else set()
        reserved = (FILE,) if beside else ()
        self.columns = check_header(
            columns, keep_extra=keep_extra, given=self.expansion.given | dated, reserved=reserved
        )
        told = told_of(self.columns)
        self._own = [name for name in self.columns if name not in told]
        self.extra = [name for name in self._own if name not in COLUMNS]
        self._row = 0

    def schema(self, types: dict[str, Any]) -> dict[str, Any]:
        """The columns of the result, the extra ones with these types; raises BadInput for one that cannot be kept."""
        return schema(self.expansion.columns) | extra_types({name: types[name] for name in self.extra})

    def named(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """A chunk under the names of the columns, without those of rejected rows that were repaired."""
        return still_broken(chunk.rename(dict(zip(self.given, self.columns, strict=True))), self._own)

    def infusions(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """The infusions of a chunk; rows that cannot be used are counted."""
        infusions, bad = self.expansion.expand(chunk)
        self.expansion.tally.rejected += bad.height
        return with_extra(infusions, chunk.select(self.extra))

    def rejects(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """The rows of a chunk that cannot be used."""
        numbers = pl.int_range(self._row + 1, self._row + 1 + chunk.height, eager=True)
        self._row += chunk.height
        _, bad = self.expansion.expand(chunk)
        rows = rejected(chunk, numbers, bad, self.expansion.faults).drop("raw")
        if self.beside is None:
            return rows
        own = (name for name in rows.columns if name not in REJECTED)
        return rows.select(*own, pl.lit("cohort").alias(FILE), *REJECTED[:-1])

    def lines(self, types: dict[str, Any]) -> pl.DataFrame:
        """The lines about patients that cannot be used, among rejected rows of some types."""
        told = self.beside.told() if self.beside else pl.DataFrame(schema=dict.fromkeys(LINE, pl.String))
        return line_rows(told, types)

    def warn(self) -> None:
        """Say how many rows were left out, if any were."""
        counts = (self.expansion.tally.rejected, "row", "the frame"), (self._lines, "line", "`given` or `weights`")
        told = [f"{counted(count, word)} of {where}" for count, word, where in counts if count]
        if told:
            were = "was" if sum(count for count, *_ in counts) == 1 else "were"
            left = f"{' and '.join(told)} cannot be used and {were} left out"
            text = f"{left}; infusecalc.cohort.rejects with the same arguments lists them, with reasons"
            warnings.warn(text, RejectedRows, stacklevel=4)

    @property
    def _lines(self) -> int:
        """How many lines about patients cannot be used."""
        return len(self.beside.rejected) if self.beside else 0


def beside_of(ids: pl.Series, table: Table, options: dict[str, Any]) -> Beside | None:
    """What the options `given` and `weights` tell of patients, taken out of the options; None where neither is there.

    `ids` are those of all rows. Raises BadInput for columns, and for what is no frame.
    """
    told = {kind: options.pop(kind.option, None) for kind in (GIVEN, WEIGHTS)}
    read = {kind: None if found is None else _lines_of(kind, found) for kind, found in told.items()}
    return Beside(read[GIVEN], read[WEIGHTS], ids, table.house()) if any(read.values()) else None


def _lines_of(kind: Kind, found: Any) -> PatientLines:
    """The lines of a frame; raises BadInput for what is none."""
    return PatientLines.of(kind, as_frame(found, f"`{kind.option}`", f", with {', '.join(kind.columns)}"))


def _ids(frame: Any) -> pl.Series:
    """The ids of the patients of a frame; none where it has no such column."""
    types = frame.collect_schema() if isinstance(frame, pl.LazyFrame) else frame.schema
    name = next((name for name in types if name.strip().lower() == "patient_id"), None)
    if name is None:
        return pl.Series("patient_id", [], pl.String)
    found: pl.DataFrame = frame.lazy().select(name).collect()
    return found.to_series().alias("patient_id")


def _with_beside(
    frame: Any, table: Table | None, options: dict[str, Any]
) -> tuple[Table, dict[str, Any], Beside | None]:
    """The table, the options without what is told of patients, and that."""
    if table is not None:
        check_type("table", table, Table, "read it first: load_table(FILE)")
    table, rest = table or load_table(), dict(options)
    told = any(rest.get(name) is not None for name in ("given", "weights"))
    beside = beside_of(_ids(_collected(frame)) if told else pl.Series([], dtype=pl.String), table, rest)
    return table, rest, beside


def _collected(frame: Any) -> Any:
    return frame if isinstance(frame, pl.LazyFrame) else as_frame(frame)


def expand_frame(frame: Any, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> Any:
    """The infusions of a frame, lazily where it is lazy."""
    if isinstance(frame, pl.LazyFrame):
        return _lazily(frame, table, options, keep_extra=keep_extra)
    eager = as_frame(frame)
    table, options, beside = _with_beside(eager, table, options)
    work = Frame(tuple(eager.columns), table, options, keep_extra=keep_extra, beside=beside)
    named = work.named(eager)
    found = [work.infusions(chunk) for chunk in named.iter_slices(ROWS)]
    work.warn()
    return pl.concat([pl.DataFrame(schema=work.schema(dict(named.schema))), *found])


def _lazily(frame: pl.LazyFrame, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> pl.LazyFrame:
    types = frame.collect_schema()
    names = tuple(types.names())
    table, rest, beside = _with_beside(frame, table, options)

    def work() -> Frame:
        return Frame(names, table, rest, keep_extra=keep_extra, beside=beside)

    def made(*asked: Any) -> Iterator[pl.DataFrame]:
        return lazily(frame, work(), *asked)

    found = work()
    return register_io_source(made, schema=found.schema(dict(zip(found.columns, types.dtypes(), strict=True))))


def lazily(
    frame: pl.LazyFrame,
    work: Frame,
    columns: list[str] | None = None,
    predicate: pl.Expr | None = None,
    most: int | None = None,
    _size: int | None = None,
) -> Iterator[pl.DataFrame]:
    """The infusions of a lazy frame, chunk by chunk: as many, and such of them, as are asked for."""
    left = most
    for chunk in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
        rows = work.infusions(work.named(chunk))
        if left is not None:
            rows = rows.head(left)
            left -= rows.height
        rows = rows if predicate is None else rows.filter(predicate)
        yield rows if columns is None else rows.select(columns)
        if left == 0:
            return
    work.warn()


def rejects_of(frame: Any, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> pl.DataFrame:
    """The rows of a frame that cannot be used; a lazy one is read chunk after chunk. Behind them lines on patients."""
    lazy = isinstance(frame, pl.LazyFrame)
    frame = frame if lazy else as_frame(frame)
    table, options, beside = _with_beside(frame, table, options)
    types = frame.collect_schema()
    names = types.names()
    work = Frame(tuple(names), table, options, keep_extra=keep_extra, beside=beside)
    work.schema(dict(zip(work.columns, types.dtypes(), strict=True)))
    chunks = frame.collect_batches(chunk_size=ROWS, maintain_order=True) if lazy else frame.iter_slices(ROWS)
    nothing = work.rejects(work.named(pl.DataFrame(schema=dict.fromkeys(names, pl.String))))
    rows = [nothing, *(work.rejects(work.named(chunk)) for chunk in chunks)]
    return pl.concat([*rows, work.lines(dict(nothing.schema))] if beside else rows)


def like(result: Any, frame: Any) -> Any:
    """A result as a frame of the kind that was given: pandas and PyArrow as such, all others as Polars."""
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        return result.to_pandas()
    return result.to_arrow() if kind == "pyarrow" else result


def as_frame(frame: Any, what: str = "frame", columns: str = "") -> pl.DataFrame:
    """A Polars frame, or one of what hands out an Arrow stream; raises BadInput for anything else.

    `what` names the argument, and `columns` says which it has.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        allowed = f"a Polars frame, or one with an Arrow stream (pandas, PyArrow, DuckDB){columns}"
        raise BadInput(what, type(frame).__name__, "is not a frame", allowed=allowed)
    try:
        return pl.DataFrame(frame)
    except ImportError:
        raise MissingExtra(f"a frame of {type(frame).__module__.partition('.')[0]}", "PyArrow", "frames") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # a panic is no Exception
        problem = f"has a column of a type that cannot be used: {str(error).partition('. ')[0]}"
        hint = "cast it, a decimal of over 38 digits to a double; or leave the column out"
        allowed = "texts, numbers, dates or truth values"
        raise BadInput(what, type(frame).__name__, problem, allowed=allowed, hint=hint) from None
