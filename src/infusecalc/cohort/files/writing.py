"""Rows, chunk after chunk, to a CSV, NDJSON or Parquet file that appears whole or not at all, or to standard output."""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import polars as pl
from polars.io.plugins import register_io_source

from infusecalc.cohort.files.batch import Refuser
from infusecalc.cohort.files.reading import BUNDLES
from infusecalc.cohort.result_columns import harmless
from infusecalc.errors import BadInput
from infusecalc.output.files import drop_stdout, whole_file, write_all

_LIMIT = 1 << 20  # bytes that are copied at a time


class ReaderGone(Exception):
    """The reader of standard output has gone away."""


def write_rows(chunks: Iterable[pl.DataFrame], schema: dict[str, Any], form: str, name: str, *, spooled: bool) -> None:
    """Write chunks of rows with one schema to a file, or to standard output (`-`).

    `spooled`: standard output gets nothing before the last chunk is made. Raises BadInput where it cannot be written,
    ReaderGone where nobody reads any more, and whatever making a chunk raises.
    """
    if name != "-":
        with whole_file(name) as path:
            _write(chunks, schema, form, path, name)
    elif form == "parquet" or spooled:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows"
            _write(chunks, schema, form, path, "")
            with path.open("rb") as file, _standard_output() as out:
                while part := file.read(_LIMIT):
                    write_all(out, part)
    else:
        with _standard_output() as out:
            _write_texts(chunks, schema, form, out)


@contextlib.contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    """Standard output for bytes; a reader that goes away, or a full disk behind it, is told apart from all else."""
    if sys.stdout is None:
        raise BadInput("standard output", None, "is closed", hint="leave it open, or write to a file with `output`")
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_stdout()
        raise ReaderGone from None
    except OSError as error:
        drop_stdout()
        raise BadInput("standard output", None, f"cannot be written: {error.strerror}", hint="free some room") from None


def _write(chunks: Iterable[pl.DataFrame], schema: dict[str, Any], form: str, path: Path, name: str) -> None:
    if form == "parquet" or (form == "csv" and not name.lower().endswith(".gz") and path.is_file()):
        _sink(chunks, schema, form, path)
        return
    with path.open("wb") as file, _packed(file, name) as out:
        _write_texts(chunks, schema, form, out)


@contextlib.contextmanager
def _packed(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Where the bytes of a file go, packed where its name says so."""
    if not name.lower().endswith(".gz"):
        yield file
        return
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        yield packed  # type: ignore[misc]  # it is written to as a file is


def _sink(chunks: Iterable[pl.DataFrame], schema: dict[str, Any], form: str, path: Path) -> None:
    """One file, written by the engine as the chunks are made; what making them raises comes through as it is."""
    source = register_io_source(lambda *_: _ahead(chunks), schema=schema)
    try:
        if form == "parquet":
            source.sink_parquet(path)
        else:
            source.sink_csv(path)
    except pl.exceptions.PolarsError as error:  # what the system says, in the words of the engine
        raise OSError(None, str(error).split(":")[-1].strip()) from None


def _ahead(chunks: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same chunks, each made while the one before it is written."""
    left = iter(chunks)
    with ThreadPoolExecutor(1) as maker:
        made = maker.submit(next, left, None)
        while (chunk := made.result()) is not None:
            made = maker.submit(next, left, None)
            yield chunk


def _write_texts(chunks: Iterable[pl.DataFrame], schema: dict[str, Any], form: str, out: IO[bytes]) -> None:
    if form == "csv":
        write_all(out, _csv(pl.DataFrame(schema=schema), header=True))
    for rows in chunks:
        write_all(out, _WRITERS[form](rows, schema))


@contextlib.contextmanager
def rejects_file(name: str, form: str, schema: dict[str, Any]) -> Iterator[Refuser]:
    """A file for rejected rows, which takes them as they come and appears whole when the block ends well."""
    with whole_file(name, "`rejects`") as path:
        if form == "parquet":
            with tempfile.TemporaryDirectory() as folder:
                parts = _Parts(Path(folder))
                parts.take(pl.DataFrame(schema=schema))
                yield lambda rows, _: parts.take(rows)
                pl.scan_parquet(parts.files).sink_parquet(path)
            return
        with path.open("wb") as file, _packed(file, name) as out:
            if form == "csv":
                out.write(_csv(pl.DataFrame(schema=schema), header=True))

            def take(rows: pl.DataFrame, _: object) -> None:
                out.write(_csv(_harmless(rows)) if form == "csv" else _ndjson(rows, schema))

            yield take


class _Parts:
    """Frames in files of their own, until they are made one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, list[Path]()

    def take(self, rows: pl.DataFrame) -> None:
        self.files.append(self.folder / f"{len(self.files):08}.parquet")
        rows.write_parquet(self.files[-1])


def _harmless(rows: pl.DataFrame) -> pl.DataFrame:
    """Rejected rows of which no spreadsheet takes a cell for a formula."""
    return rows.with_columns(harmless(pl.col(name)) for name, kind in rows.schema.items() if kind == pl.String)


def _csv(rows: pl.DataFrame, *, header: bool = False) -> bytes:
    """CSV as bytes: what then goes wrong in writing them is told by the system, not by an engine."""
    return rows.write_csv(include_header=header).encode()


def _ndjson(rows: pl.DataFrame, schema: dict[str, Any]) -> bytes:
    """One JSON object a line, numbers as data writes them."""
    members = [_member(name, kind) for name, kind in schema.items()]
    lines = rows.select(pl.concat_str(pl.lit("{"), pl.concat_str(*members, separator=", "), pl.lit("}"))).to_series()
    return ("\n".join(lines.to_list()) + "\n").encode()


def _bundles(rows: pl.DataFrame, _: dict[str, Any]) -> bytes:
    """One bundle a line."""
    return ("\n".join(rows.to_series().to_list()) + "\n").encode()


_WRITERS = {"csv": lambda rows, _: _csv(rows), "ndjson": _ndjson, BUNDLES: _bundles}


def _member(name: str, kind: Any) -> pl.Expr:
    """A column as the members of JSON objects: `"name": value`."""
    key = pl.lit(f"{json.dumps(name)}: ")
    if kind.is_numeric() or kind == pl.Boolean:
        return pl.concat_str(key, pl.col(name).cast(pl.String).fill_null("null"))
    encoded = pl.struct(v=pl.col(name).cast(pl.String)).struct.json_encode()
    return pl.concat_str(key, encoded.str.slice(len('{"v":')).str.head(-1))
