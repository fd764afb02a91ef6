"""A cohort's file, or standard input, to chunks of its rows: CSV, NDJSON or Parquet, in bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import polars as pl

from infusecalc.cohort.texts import Chunk, Lines, csv_chunks, csv_header, json_chunks, json_columns
from infusecalc.errors import BadInput

FORMS = ("csv", "ndjson", "parquet")
_EXTENSIONS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_OTHERS = {b"PK\x03\x04": "a ZIP or Excel file", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", _PARQUET: "Parquet"}

Check = Callable[[Sequence[str]], tuple[str, ...]]
"""Takes the names of a header and gives those of the columns; raises BadInput."""


def choose_form(asked: str | None, name: str, option: str) -> str:
    """The form that a file's extension names, or that was asked for; raises BadInput for none, or a clash."""
    if asked is not None and asked not in FORMS:
        raise BadInput(option, asked, "is no form of a cohort", allowed=", ".join(FORMS))
    plain = name.lower().removesuffix(".gz")
    named = _EXTENSIONS.get(Path(plain).suffix) if name != "-" else None
    if named == "parquet" and plain != name.lower():
        raise BadInput("file", name, "is Parquet under a name of gzip", hint="Parquet is packed already: leave .gz out")
    if named and asked and named != asked:
        raise BadInput(option, asked, f"is not the form of {name}", allowed=named, hint="its extension names another")
    if named is None and asked is None:
        allowed = ", ".join(_EXTENSIONS)
        raise BadInput("file", name, "has no extension that names a form", allowed=allowed, hint=f"or give {option}")
    return str(named or asked)


class Cohort:
    """The columns of a cohort with their types, and its rows, chunk by chunk, once."""

    def __init__(self, types: dict[str, Any], chunks: Callable[[], Iterator[Chunk]]) -> None:
        """Keep both."""
        self.types, self.chunks = types, chunks

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.types)


@contextlib.contextmanager
def open_cohort(name: str, form: str, rows: int, check: Check, known: Sequence[str] = ()) -> Iterator[Cohort]:
    """A cohort from a file, or from standard input (`-`); `known` columns may begin anywhere in NDJSON.

    `rows` is how many are aimed at for one chunk of Parquet. Raises BadInput for what is wrong with the whole file,
    also while its chunks are read.
    """
    with _opened(name) as raw, _told(name):
        if form == "parquet":
            with _on_disk(raw, name) as path:
                yield _scanned(path, name, rows, check)
        else:
            size = None if name == "-" else os.fstat(raw.fileno()).st_size
            stream = _unpacked(raw, name, form)
            with contextlib.closing(Lines(stream, lambda: raw.tell() / size if size else None)) as lines:
                yield _of_lines(lines, name, form, check, known)


def _of_lines(lines: Lines, name: str, form: str, check: Check, known: Sequence[str]) -> Cohort:
    if form == "csv":
        columns = check(csv_header(lines, name))
        return Cohort(dict.fromkeys(columns, pl.String), lambda: csv_chunks(lines, columns))
    names = json_columns(lines, name)
    columns = check(names)
    types = dict.fromkeys((*columns, *(each for each in known if each not in columns)), pl.String)
    renamed = dict(zip(names, columns, strict=True))
    return Cohort(types, lambda: json_chunks(lines, tuple(types), renamed))


# --- streams --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(name: str) -> Iterator[Any]:
    if name == "-":
        if sys.stdin is None:
            raise BadInput("standard input", None, "is closed", hint="name a file")
        stream: Any = sys.stdin.buffer
        yield stream if hasattr(stream, "peek") else io.BufferedReader(stream)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - what is raised while it is read is told in other words
    except (OSError, ValueError) as error:
        raise _unreadable(name, getattr(error, "strerror", None) or "it is not a file name") from None
    with file:
        yield file


def _unpacked(raw: Any, name: str, form: str) -> IO[bytes]:
    """The stream of a text, unpacked where it is gzip; raises BadInput for what is no text."""
    begin = raw.peek(4)[:4]
    packed = begin.startswith(_GZIP)
    if packed and name != "-" and not name.lower().endswith(".gz"):
        raise BadInput("cohort", name, f"is gzip, and its name says {form}", hint=f"name it {name}.gz")
    if name.lower().endswith(".gz") and not packed:
        raise BadInput("cohort", name, "is no gzip, and its name says so", hint="leave .gz out of the name")
    for magic, what in _OTHERS.items():
        if begin.startswith(magic):
            raise BadInput(
                "cohort", name, f"is {what}, not {form}", allowed=", ".join(FORMS), hint="is the name right?"
            )
    return gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[return-value]  # it is read as a file is


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """What goes wrong while a file is read, as a refusal of the file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        problem = "is damaged gzip: it ends too early, or does not add up"
        raise BadInput("cohort", name, problem, hint="copy it again") from None


def _unreadable(name: str, reason: str) -> BadInput:
    return BadInput("cohort", name, f"cannot be read: {reason}", hint="name a file that is there and may be read")


# --- Parquet ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _on_disk(raw: Any, name: str) -> Iterator[str]:
    """The place of a Parquet file; one from a pipe is copied to a place of its own for as long as it is read."""
    if raw.peek(4)[:4] != _PARQUET:
        raise BadInput("cohort", name, "is no Parquet file", allowed=", ".join(FORMS), hint="is the name right?")
    if name != "-":
        yield name
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "cohort.parquet"
        with copy.open("wb") as file:
            shutil.copyfileobj(raw, file)
        yield str(copy)


def _scanned(path: str, name: str, rows: int, check: Check) -> Cohort:
    """The rows of a Parquet file."""
    with _sound(name):
        scan = pl.scan_parquet(path, glob=False)
        types = scan.collect_schema()
        total = scan.select(pl.len()).collect().item()
    columns = check(types.names())
    named = dict(zip(types.names(), columns, strict=True))

    def chunks() -> Iterator[Chunk]:
        first = 1
        with _sound(name):
            for frame in scan.rename(named).collect_batches(chunk_size=rows, maintain_order=True):
                numbers = pl.int_range(first, first + frame.height, eager=True)
                first += frame.height
                yield Chunk(first - frame.height, numbers, frame, (), (first - 1) / total)

    return Cohort(dict(zip(columns, types.dtypes(), strict=True)), chunks)


@contextlib.contextmanager
def _sound(name: str) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError):
        raise BadInput("cohort", name, "is a damaged Parquet file", hint="write it again") from None
