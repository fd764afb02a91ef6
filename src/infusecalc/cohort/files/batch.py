"""A cohort's file to the file of its infusions and the file of its rejected rows, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from infusecalc.cohort.beside import Beside, Kind, PatientLines
from infusecalc.cohort.expansion import BUNDLE, Expansion, line_rows, rejected
from infusecalc.cohort.faults import RowFault
from infusecalc.cohort.files.reading import BUNDLES, Broken, Chunk, Cohort, choose_form, open_cohort
from infusecalc.cohort.header import COLUMNS, FILE, REJECTED, check_lines, told_of
from infusecalc.cohort.parse_columns import id_texts
from infusecalc.cohort.repaired import RAW, still_broken
from infusecalc.cohort.result_columns import (
    extra_types,
    json_number,
    own_text,
    schema,
    times_as_texts,
    unquoted,
    with_extra,
)
from infusecalc.errors import BadInput, escape

Watcher = Callable[[int, float | None], None]
"""Is told the rows that were read and, where it is known, their share of the whole."""
LineOf = Callable[[int], int | None]
"""The line of the file on which a row stands, where that is known."""
Refuser = Callable[[pl.DataFrame, LineOf], None]
"""Takes rejected rows, all their own columns as texts, then row, column, code, reason and raw; and their lines."""


class Batch:
    """One run over a cohort."""

    def __init__(
        self, expansion: Expansion, cohort: Cohort, *, strict: bool, form: str, beside: Beside | None = None
    ) -> None:
        """`strict`: the first row that cannot be used ends the run; `form` is that of the result."""
        self.expansion, self.cohort, self.strict, self.form = expansion, cohort, strict, form
        self._beside = beside
        self.columns = tuple(name for name in cohort.columns if name not in told_of(cohort.columns))
        self._again = cohort.form == "csv" and len(self.columns) < len(cohort.columns)  # rejected rows, repaired
        extra = extra_types({name: cohort.types[name] for name in self.columns if name not in COLUMNS})
        self._extra = extra if form == "parquet" else times_as_texts(extra)
        self.extra = tuple(self._extra)

    @property
    def rejects_schema(self) -> dict[str, Any]:
        """The columns of rejected rows."""
        told = (FILE, *REJECTED) if self._beside else REJECTED
        return dict.fromkeys((*self.columns, *told), pl.String) | {"row": pl.Int64}

    @property
    def schema(self) -> dict[str, Any]:
        """The columns of the result, the extra ones last; for CSV, doubles are texts already."""
        if self.form == BUNDLES:
            return {BUNDLE: pl.String}
        return schema(self.expansion.columns, texts=self.form == "csv") | self._extra

    def infusions(self, refuse: Refuser, watch: Watcher) -> Iterator[pl.DataFrame]:
        """The rows of the result, chunk by chunk; raises BadInput for a file, or in a strict run a row, that is bad."""
        self._refuse_lines(refuse)
        for chunk in map(self._own, self.cohort.chunks()):
            parts, bad = self._parts(chunk.frame)
            self._refuse_lines(refuse)
            self._set_aside(chunk, bad, refuse)
            extra = self._written(chunk.frame)
            for part in parts:
                yield with_extra(part, extra)
            watch(chunk.first - 1 + chunk.frame.height + len(chunk.broken), chunk.done)

    def _parts(self, frame: pl.DataFrame) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
        """The infusions, or the bundles, of a chunk, and its bad rows."""
        if self.form == BUNDLES:
            return self.expansion.bundles(frame)
        return self.expansion.parts(frame, texts=self.form != "parquet", harmless=self.form == "csv")

    def each(self, take: Callable[[pl.DataFrame], pl.DataFrame], refuse: Refuser) -> None:
        """Hand every chunk to somebody who says which rows are bad (`place`, `fault`); raises as `infusions`."""
        self._refuse_lines(refuse)
        for chunk in map(self._own, self.cohort.chunks()):
            bad = take(chunk.frame)
            self._refuse_lines(refuse)
            self._set_aside(chunk, bad, refuse)

    def _own(self, chunk: Chunk) -> Chunk:
        """A chunk without the columns of rejected rows, its cells as they were before they were rejected."""
        return chunk.but(frame=self._bare(still_broken(chunk.frame, self.columns)))

    def _bare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts without the quotes that the CSV of rejected rows has before formulas, where that is what was read."""
        quoted = (*self.columns, *(name for name in (RAW,) if name in frame.columns))
        return frame.with_columns(unquoted(pl.col(quoted))) if self._again else frame

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
        rows = rejected(chunk.frame, chunk.numbers, bad, self.expansion.faults)
        if self._beside:
            rows = rows.with_columns(pl.lit(self.cohort.name).alias(FILE))
        rows = rows.select(list(self.rejects_schema))
        broken = pl.DataFrame([self._broken(each) for each in chunk.broken], schema=self.rejects_schema, orient="row")
        found = pl.concat([rows, self._bare(broken)]).sort("row")
        if self.strict:
            raise _refused(found.row(0, named=True), chunk.line_of)
        self.expansion.tally.rejected += found.height
        refuse(found, chunk.line_of)

    def _refuse_lines(self, refuse: Refuser) -> None:
        """Hand on the lines about patients that cannot be used."""
        if not self._beside or not self._beside.rejected:
            return
        found = line_rows(self._beside.told(), self.rejects_schema)
        worded = [self.expansion.faults.worded(reason) for reason in found["reason"]]
        found = found.with_columns(pl.Series("reason", worded, pl.String))
        if self.strict:
            raise _refused(found.row(0, named=True), no_line)
        self.expansion.tally.lines += found.height
        refuse(found, no_line)

    def _broken(self, each: Broken) -> tuple[Any, ...]:
        cells = (each.cells.get(name) for name in self.columns)
        file = (self.cohort.name,) if self._beside else ()
        return (*cells, *file, each.row, each.column, each.code, each.reason, each.raw)


def no_line(_: int) -> None:
    """The line of a row of which nobody knows it."""


def where_of(row: dict[str, Any], line_of: LineOf) -> str:
    """Which row is rejected, and for which column: `row 4 (line 5 of the file), column weight_kg`."""
    file = f"{row[FILE]} " if row.get(FILE) else ""
    line = line_of(row["row"])
    told = "" if line in (None, row["row"]) else f" (line {line} of the file)"
    return f"{file}row {row['row']}{told}" + (f", column {row['column']}" if row["column"] else "")


def _refused(row: dict[str, Any], line_of: LineOf) -> BadInput:
    """The refusal of a strict run: which row, which column, and why."""
    return BadInput(
        escape(where_of(row, line_of)), None, f"cannot be used: {row['reason']}", hint="nothing was written"
    )


def read_lines(kind: Kind, name: str) -> PatientLines:
    """The lines about patients of a file: CSV, NDJSON or Parquet; raises BadInput where it is none of them."""
    form = choose_form(None, name, kind.option)

    def check(names: Sequence[str]) -> tuple[str, ...]:
        return check_lines(names, kind.option, kind.columns, optional=kind.optional)

    try:
        cohort = open_cohort(name, form, _LINES, check, frozenset(kind.columns))
        chunks = list(cohort.chunks())
    except BadInput as error:
        if error.what != "cohort":
            raise
        raise BadInput(f"`{kind.option}`", error.value, error.problem, allowed=error.allowed, hint=error.hint) from None
    frame = pl.concat([pl.DataFrame(schema=cohort.types), *(chunk.frame for chunk in chunks)])
    numbers = pl.concat([pl.Series("row", [], pl.Int64), *(chunk.numbers for chunk in chunks)])
    broken = tuple(
        (each.cells.get("patient_id"), each.row, RowFault(each.column or "", each.code, each.reason))
        for chunk in chunks
        for each in chunk.broken
    )
    return PatientLines(kind, name, frame, numbers, broken)


def ids_of(chunks: Iterable[Chunk]) -> pl.Series:
    """The ids of the patients of a cohort that was read."""
    found = [id_texts(chunk.frame["patient_id"]) for chunk in chunks if "patient_id" in chunk.frame.columns]
    empty = pl.Series("patient_id", [], pl.String)
    return pl.concat([empty, *(each.cast(pl.String) for each in found)])


_LINES = 200_000
"""Lines that are read at a time."""
