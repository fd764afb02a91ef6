"""Spark frames to the infusions of their patients: the work that is done for any frame, where the rows are."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from infusecalc.cohort.frames import Frame
from infusecalc.cohort.header import REJECTED
from infusecalc.errors import BadInput, MissingExtra
from infusecalc.table import Table, load_table

for _needed in ("pyspark", "pyarrow", "pandas"):
    if importlib.util.find_spec(_needed) is None:
        raise MissingExtra("a Spark cohort", "PySpark, PyArrow and pandas", "spark")

Work = Callable[[Frame, pl.DataFrame], pl.DataFrame]


def expand(df: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The infusions of every patient of a Spark frame: same columns, types and options as `infusecalc.cohort.expand`.

    A Spark DataFrame, made with `mapInArrow`; the rows of a patient stay together and in order, and those of a
    partition in the order of its patients. Rows that cannot be used are left out; `rejects` lists them. The workers
    need `infusecalc[spark]`. Raises BadInput for columns and options at once, before any row is read.
    """
    frame = _frame(df, table, options, keep_extra=keep_extra)
    empty = frame.infusions(frame.named(_empty(df)))
    return _mapped(df, empty, table, options, Frame.infusions, keep_extra=keep_extra)


def rejects(df: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The rows of a Spark frame that cannot be used, as `infusecalc.cohort.rejects` has them.

    `row` is null: the rows of a Spark frame have no numbers.
    """
    frame = _frame(df, table, options, keep_extra=keep_extra)
    empty = _unnumbered(frame, frame.named(_empty(df)))
    return _mapped(df, empty, table, options, _unnumbered, keep_extra=keep_extra)


def _unnumbered(frame: Frame, chunk: pl.DataFrame) -> pl.DataFrame:
    return frame.rejects(chunk).with_columns(pl.lit(None, dtype=pl.Int64).alias(REJECTED[0]))


def _frame(df: Any, table: Table | None, options: dict[str, Any], *, keep_extra: bool) -> Frame:
    for field in df.schema.fields:
        if field.dataType.typeName() == "timestamp":
            raise BadInput("column", field.name, "has the type timestamp", hint="cast it to date, or to string")
    return Frame(tuple(df.columns), table, options, keep_extra=keep_extra)


def _empty(df: Any) -> pl.DataFrame:
    """A frame with the columns of a Spark frame, and no row."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415 - only where there is a Spark frame

    return pl.DataFrame(to_arrow_schema(df.schema).empty_table())


def _mapped(
    df: Any, empty: pl.DataFrame, table: Table | None, options: dict[str, Any], work: Work, *, keep_extra: bool
) -> Any:
    """The frame that some work makes of another, batch by batch; `empty` has its columns."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema  # noqa: PLC0415 - as above

    columns = tuple(df.columns)
    schema = from_arrow_schema(empty.to_arrow().schema)
    kinds = to_arrow_schema(schema)

    def made(batches: Iterator[Any]) -> Iterator[Any]:
        frame = Frame(columns, table or load_table(), options, keep_extra=keep_extra)
        for batch in batches:
            rows = work(frame, frame.named(pl.DataFrame(batch)))
            yield from rows.to_arrow().cast(kinds).to_batches(max_chunksize=_ROWS)

    return df.mapInArrow(made, schema)


_ROWS = 10_000
"""Rows of a batch that goes back to Spark."""
