"""Spark frames to the infusions of their patients: the work that is done for any frame, where the rows are."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from infusecalc.cohort.beside import Beside
from infusecalc.cohort.frames import Frame, beside_of
from infusecalc.cohort.header import REJECTED
from infusecalc.errors import BadInput, MissingExtra
from infusecalc.table import Table, load_table

for _needed in ("pyspark", "pyarrow", "pandas"):
    if importlib.util.find_spec(_needed) is None:
        raise MissingExtra("a Spark cohort", "PySpark, PyArrow and pandas", "spark")

Work = Callable[[Frame, pl.DataFrame], pl.DataFrame]


def expand(df: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The infusions of every patient of a Spark frame: same columns, types and options as `infusecalc.cohort.expand`.

    With `given` or `weights` (frames of any kind, Spark's too) these and the ids of `df` are read here, once, and go to
    every worker.

    A Spark DataFrame, made with `mapInArrow`; the rows of a patient stay together and in order, and those of a
    partition in the order of its patients. Rows that cannot be used are left out; `rejects` lists them. The workers
    need `infusecalc[spark]`. Raises BadInput for columns and options at once, before any row is read.
    """
    table, options, beside = _beside(df, table, options)
    frame = _frame(df, table, options, keep_extra=keep_extra, beside=beside)
    empty = frame.infusions(frame.named(_empty(df)))
    return _mapped(df, empty, table, options, Frame.infusions, keep_extra=keep_extra, beside=beside)


def rejects(df: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The rows of a Spark frame that cannot be used, as `infusecalc.cohort.rejects` has them.

    `row` is null: the rows of a Spark frame have no numbers. With `given` or `weights`, the lines of these that cannot
    be used are among them.
    """
    table, options, beside = _beside(df, table, options)
    frame = _frame(df, table, options, keep_extra=keep_extra, beside=beside)
    lines = _unnumbered(frame, frame.named(_empty(df)))
    empty = lines.clear()
    rows = _mapped(df, empty, table, options, _unnumbered, keep_extra=keep_extra, beside=beside)
    return rows.unionByName(df.sparkSession.createDataFrame(lines.rows(), rows.schema)) if lines.height else rows


def _beside(
    df: Any, table: Table | None, options: dict[str, Any]
) -> tuple[Table | None, dict[str, Any], Beside | None]:
    """The table, the options without what is told of patients, and that."""
    rest = dict(options)
    told = {name: rest[name] for name in ("given", "weights") if rest.get(name) is not None}
    if not told:
        return table, rest, None
    rest |= {name: _here(found) for name, found in told.items()}
    name = next((name for name in df.columns if name.strip().lower() == "patient_id"), None)
    ids = pl.Series([], dtype=pl.String) if name is None else _here(df.select(f"`{name}`")).to_series()
    table = table or load_table()
    return table, rest, beside_of(ids.alias("patient_id"), table, rest)


def _here(frame: Any) -> Any:
    """A Spark frame as a Polars frame; another frame as it is."""
    return pl.DataFrame(frame.toArrow()) if hasattr(frame, "sparkSession") else frame


def _unnumbered(frame: Frame, chunk: pl.DataFrame) -> pl.DataFrame:
    """The rows that cannot be used, without numbers, and the lines on patients that were rejected since."""
    rows = frame.rejects(chunk).with_columns(pl.lit(None, dtype=pl.Int64).alias(REJECTED[0]))
    return pl.concat([rows, frame.lines(dict(rows.schema))]) if frame.beside else rows


def _frame(df: Any, table: Table | None, options: dict[str, Any], *, keep_extra: bool, beside: Beside | None) -> Frame:
    for field in df.schema.fields:
        if field.dataType.typeName() == "timestamp":
            raise BadInput("column", field.name, "has the type timestamp", hint="cast it to date, or to string")
    return Frame(tuple(df.columns), table, options, keep_extra=keep_extra, beside=beside)


def _empty(df: Any) -> pl.DataFrame:
    """A frame with the columns of a Spark frame, and no row."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415 - only where there is a Spark frame

    return pl.DataFrame(to_arrow_schema(df.schema).empty_table())


def _mapped(
    df: Any,
    empty: pl.DataFrame,
    table: Table | None,
    options: dict[str, Any],
    work: Work,
    *,
    keep_extra: bool,
    beside: Beside | None,
) -> Any:
    """The frame that some work makes of another, batch by batch; `empty` has its columns."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema  # noqa: PLC0415 - only where there is a Spark frame

    columns = tuple(df.columns)
    schema = from_arrow_schema(empty.to_arrow().schema)
    kinds = to_arrow_schema(schema)

    def made(batches: Iterator[Any]) -> Iterator[Any]:
        frame = Frame(columns, table or load_table(), options, keep_extra=keep_extra, beside=beside)
        for batch in batches:
            rows = work(frame, frame.named(pl.DataFrame(batch)))
            yield from rows.to_arrow().cast(kinds).to_batches(max_chunksize=_ROWS)

    return df.mapInArrow(made, schema)


_ROWS = 10_000
"""Rows of a batch that goes back to Spark."""
