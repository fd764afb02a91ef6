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


def open_cohort(name: str, form: str, rows: int, check: Check, known: Sequence[str] = ()) -> Cohort:
    """A cohort from a file, or from standard input (`-`); `known` columns may begin anywhere in NDJSON.

    `rows` is how many are aimed at for one chunk of Parquet. Raises BadInput for what is wrong with the whole file.
    """
    if form == "parquet":
        return _parquet(name, rows, check)
    raw = _opened(name)
    size = None if name == "-" else os.fstat(raw.fileno()).st_size
    lines = Lines(_unpacked(raw, name, form), lambda: raw.tell() / size if size else None)
    with _told(name):
        if form == "csv":
            columns = check(csv_header(lines, name))
            return Cohort(dict.fromkeys(columns, pl.String), lambda: _told_of(csv_chunks(lines, columns), name))
        names = json_columns(lines, name)
        columns = check(names)
        more = tuple(each for each in known if each not in columns)
        renamed = dict(zip(names, columns, strict=True))
        types = dict.fromkeys((*columns, *more), pl.String)
        return Cohort(types, lambda: _told_of(json_chunks(lines, tuple(types), renamed), name))


# --- streams --------------------------------------------------------------------------------------------------


def _opened(name: str) -> Any:
    if name == "-":
        if sys.stdin is None:
            raise BadInput("standard input", None, "is closed", hint="name a file")
        stream: Any = sys.stdin.buffer
        return stream if hasattr(stream, "peek") else io.BufferedReader(stream)
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(name, getattr(error, "strerror", None) or "it is not a file name") from None


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
        raise BadInput(
            "cohort", name, "is damaged gzip: it ends too early, or does not add up", hint="copy it again"
        ) from None
    except OSError as error:
        raise _unreadable(name, error.strerror or "reading failed") from None


def _told_of(chunks: Iterator[Chunk], name: str) -> Iterator[Chunk]:
    with _told(name):
        yield from chunks


def _unreadable(name: str, reason: str) -> BadInput:
    return BadInput("cohort", name, f"cannot be read: {reason}", hint="name a file that is there and may be read")


# --- Parquet ---------------------------------------------------------------------------------------------------


def _parquet(name: str, rows: int, check: Check) -> Cohort:
    raw = _opened(name)
    if raw.peek(4)[:4] != _PARQUET:
        raise BadInput("cohort", name, "is no Parquet file", allowed=", ".join(FORMS), hint="is the name right?")
    if name != "-":
        raw.close()
        return _scanned(name, name, rows, check, contextlib.nullcontext())
    folder = tempfile.TemporaryDirectory()
    copy = Path(folder.name) / "cohort.parquet"
    with copy.open("wb") as file:
        shutil.copyfileobj(raw, file)
    return _scanned(str(copy), name, rows, check, folder)


def _scanned(path: str, name: str, rows: int, check: Check, folder: Any) -> Cohort:
    """The rows of a Parquet file; `folder` is left behind when all have been read."""
    with _sound(name):
        scan = pl.scan_parquet(path, glob=False)
        types = scan.collect_schema()
        total = scan.select(pl.len()).collect().item()
    columns = check(types.names())
    named = dict(zip(types.names(), columns, strict=True))

    def chunks() -> Iterator[Chunk]:
        first = 1
        with folder, _sound(name):
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
