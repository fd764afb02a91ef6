"""A cohort's file to the file of its infusions and the file of its rejected rows, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from infusecalc.cohort.expansion import Expansion, rejected
from infusecalc.cohort.files.reading import Broken, Chunk, Cohort
from infusecalc.cohort.header import COLUMNS, REJECTED
from infusecalc.cohort.result_columns import (
    extra_types,
    json_number,
    own_text,
    schema,
    times_as_texts,
    unquoted,
    with_extra,
)
from infusecalc.errors import BadInput

Watcher = Callable[[int, float | None], None]
"""Is told the rows that were read and, where it is known, their share of the whole."""
Refuser = Callable[[pl.DataFrame], None]
"""Takes rejected rows: all their own columns as texts, then row, column, code, reason and raw."""


class Batch:
    """One run over a cohort."""

    def __init__(self, expansion: Expansion, cohort: Cohort, *, strict: bool, form: str) -> None:
        """`strict`: the first row that cannot be used ends the run; `form` is that of the result."""
        self.expansion, self.cohort, self.strict, self.form = expansion, cohort, strict, form
        self.columns = tuple(name for name in cohort.columns if name not in REJECTED)
        self._again = cohort.form == "csv" and len(self.columns) < len(cohort.columns)  # rejected rows, repaired
        extra = extra_types({name: cohort.types[name] for name in self.columns if name not in COLUMNS})
        self._extra = extra if form == "parquet" else times_as_texts(extra)
        self.extra = tuple(self._extra)

    @property
    def rejects_schema(self) -> dict[str, Any]:
        """The columns of rejected rows."""
        return dict.fromkeys((*self.columns, *REJECTED), pl.String) | {"row": pl.Int64}

    @property
    def schema(self) -> dict[str, Any]:
        """The columns of the result, the extra ones last; for CSV, doubles are texts already."""
        return schema(self.expansion.columns, texts=self.form == "csv") | self._extra

    def infusions(self, refuse: Refuser, watch: Watcher) -> Iterator[pl.DataFrame]:
        """The rows of the result, chunk by chunk; raises BadInput for a file, or in a strict run a row, that is bad."""
        for chunk in map(self._own, self.cohort.chunks()):
            texts, csv = self.form != "parquet", self.form == "csv"
            parts, bad = self.expansion.parts(chunk.frame, texts=texts, harmless=csv)
            self._set_aside(chunk, bad, refuse)
            extra = self._written(chunk.frame)
            for part in parts:
                yield with_extra(part, extra)
            watch(chunk.first - 1 + chunk.frame.height + len(chunk.broken), chunk.done)

    def _own(self, chunk: Chunk) -> Chunk:
        """A chunk without the columns of rejected rows, its cells as they were before they were rejected."""
        return chunk.but(frame=self._bare(chunk.frame.select(self.columns)))

    def _bare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts without the quotes that the CSV of rejected rows has before formulas, where that is what was read."""
        return frame.with_columns(unquoted(pl.col(self.columns))) if self._again else frame

    def _written(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The extra columns of a chunk as the form of the result has them."""
        return frame.select(map(self._column, frame.select(self.extra).get_columns()))

    def _column(self, column: pl.Series) -> pl.Series:
        if self.form == "ndjson" and column.dtype.is_float():
            return column.to_frame().select(json_number(pl.first())).to_series()
        return own_text(column) if column.dtype != self._extra[column.name] else column

    def _set_aside(self, chunk: Chunk, bad: pl.DataFrame, refuse: Refuser) -> None:
        """Hand on what cannot be used, in the order of the rows."""
        if not bad.height and not chunk.broken:
            return
        rows = rejected(chunk.frame, chunk.numbers, bad, self.expansion.faults).select(list(self.rejects_schema))
        broken = pl.DataFrame([self._broken(each) for each in chunk.broken], schema=self.rejects_schema, orient="row")
        found = pl.concat([rows, self._bare(broken)]).sort("row")
        if self.strict:
            raise _refused(found.row(0, named=True))
        self.expansion.tally.rejected += found.height
        refuse(found)

    def _broken(self, each: Broken) -> tuple[Any, ...]:
        cells = (each.cells.get(name) for name in self.columns)
        return (*cells, each.row, each.column, each.code, each.reason, each.raw)


def _refused(row: dict[str, Any]) -> BadInput:
    """The refusal of a strict run: which row, which column, and why."""
    where = f"row {row['row']}" + (f", column {row['column']}" if row["column"] else "")
    return BadInput(where, None, f"cannot be used: {row['reason']}", hint="nothing was written")
