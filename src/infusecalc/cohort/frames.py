"""Frames of any kind, eager or lazy, to the infusions of their patients, or to the rows that cannot be used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from infusecalc.cohort.expansion import Expansion, rejected
from infusecalc.cohort.header import COLUMNS, REJECTED, check_header
from infusecalc.cohort.result_columns import extra_types, schema, with_extra
from infusecalc.errors import BadInput, MissingExtra
from infusecalc.table import Table, load_table

ROWS = 200_000
"""Patients that are expanded at a time."""


class RejectedRows(UserWarning):
    """Rows of a frame were left out, because they cannot be used."""


class Frame:
    """A frame and the options for it: expands chunk after chunk."""

    def __init__(
        self, columns: tuple[str, ...], table: Table | None, options: dict[str, Any], *, keep_extra: bool
    ) -> None:
        """Check options and columns; raises BadInput."""
        self.expansion = Expansion(table or load_table(), **options)
        self.given = columns
        self.columns = check_header(columns, keep_extra=keep_extra, given=self.expansion.given)
        self.extra = [name for name in self.columns if name not in (*COLUMNS, *REJECTED)]
        self._row = 0

    def schema(self, types: dict[str, Any]) -> dict[str, Any]:
        """The columns of the result, the extra ones with these types; raises BadInput for one that cannot be kept."""
        return schema(self.expansion.columns) | extra_types({name: types[name] for name in self.extra})

    def named(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """A chunk under the names of the columns, without those of rejected rows."""
        return chunk.rename(dict(zip(self.given, self.columns, strict=True))).drop(REJECTED, strict=False)

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
        return rejected(chunk, numbers, bad, self.expansion.faults).drop("raw")

    def warn(self) -> None:
        """Say how many rows were left out, if any were."""
        left = self.expansion.tally.rejected
        if left:
            text = f"{left:,} rows cannot be used and were left out; infusecalc.cohort.rejects lists them, with reasons"
            warnings.warn(text, RejectedRows, stacklevel=4)


def expand_frame(frame: Any, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> Any:
    """The infusions of a frame, lazily where it is lazy."""
    if isinstance(frame, pl.LazyFrame):
        return _lazily(frame, table, options, keep_extra=keep_extra)
    eager = as_frame(frame)
    work = Frame(tuple(eager.columns), table, options, keep_extra=keep_extra)
    named = work.named(eager)
    found = [work.infusions(chunk) for chunk in named.iter_slices(ROWS)]
    work.warn()
    return pl.concat([pl.DataFrame(schema=work.schema(dict(named.schema))), *found])


def _lazily(frame: pl.LazyFrame, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> pl.LazyFrame:
    types = frame.collect_schema()
    work = Frame(tuple(types.names()), table, options, keep_extra=keep_extra)

    def made(*asked: Any) -> Iterator[pl.DataFrame]:
        return lazily(frame, Frame(tuple(types.names()), table, options, keep_extra=keep_extra), *asked)

    return register_io_source(made, schema=work.schema(dict(zip(work.columns, types.dtypes(), strict=True))))


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
    """The rows of a frame that cannot be used; a lazy one is read chunk after chunk."""
    lazy = isinstance(frame, pl.LazyFrame)
    eager = pl.DataFrame() if lazy else as_frame(frame)
    types = frame.collect_schema() if lazy else eager.schema
    names = types.names()
    work = Frame(tuple(names), table, options, keep_extra=keep_extra)
    work.schema(dict(zip(work.columns, types.dtypes(), strict=True)))
    chunks = frame.collect_batches(chunk_size=ROWS, maintain_order=True) if lazy else eager.iter_slices(ROWS)
    nothing = work.rejects(work.named(pl.DataFrame(schema=dict.fromkeys(names, pl.String))))
    return pl.concat([nothing, *(work.rejects(work.named(chunk)) for chunk in chunks)])


def like(result: Any, frame: Any) -> Any:
    """A result as a frame of the kind that was given: pandas and PyArrow as such, all others as Polars."""
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        return result.to_pandas()
    return result.to_arrow() if kind == "pyarrow" else result


def as_frame(frame: Any) -> pl.DataFrame:
    """A Polars frame, or one of what hands out an Arrow stream; raises BadInput for anything else."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        allowed = "a Polars frame, or one with an Arrow stream (pandas, PyArrow, DuckDB)"
        raise BadInput("frame", type(frame).__name__, "is not a frame", allowed=allowed)
    try:
        return pl.DataFrame(frame)
    except ImportError:
        raise MissingExtra(f"a frame of {type(frame).__module__.partition('.')[0]}", "PyArrow", "frames") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # a panic is no Exception
        problem = f"has a column of a type that cannot be used: {str(error).partition('. ')[0]}"
        hint = "cast it, a decimal of over 38 digits to a double; or leave the column out"
        allowed = "texts, numbers, dates or truth values"
        raise BadInput("frame", type(frame).__name__, problem, allowed=allowed, hint=hint) from None
