"""A cohort's file, or standard input, to chunks of rows: CSV, NDJSON or Parquet, with memory for one chunk."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from infusecalc.cohort.lines import SIZE, Check, CsvReader, Fault, Lines, Reader, Record, is_text
from infusecalc.cohort.lines import Broken as Broken
from infusecalc.cohort.lines import Chunk as Chunk
from infusecalc.errors import BadInput, shown

FORMS = ("csv", "ndjson", "parquet")
"""The forms of a file with rows."""
_BY_EXTENSION = {
    ".csv": "csv", ".csv.gz": "csv", ".ndjson": "ndjson", ".ndjson.gz": "ndjson", ".jsonl": "ndjson",
    ".jsonl.gz": "ndjson", ".parquet": "parquet",
}  # fmt: skip
_STDIN = "-"
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_ALIEN = {
    _PARQUET: "holds Parquet", _GZIP: "is compressed with gzip", b"PK\x03\x04": "is a ZIP file or a spreadsheet",
    b"\xff\xfe": "holds UTF-16", b"\xfe\xff": "holds UTF-16",
}  # fmt: skip
_SAVE_AS = "save it as CSV in UTF-8, or say with --from what it is"


def choose_form(asked: str | None, name: str, option: str) -> str:
    """The form that was asked for with an option, or that the extension names; raises BadInput where they clash."""
    if asked is not None and asked not in FORMS:
        raise BadInput(option, asked, "is not a form of a cohort", allowed=", ".join(FORMS))
    lowered = name.lower()
    extension = next((end for end in _BY_EXTENSION if lowered.endswith(end) and name != _STDIN), None)
    if asked and extension and asked != _BY_EXTENSION[extension]:
        hint = f"its extension {extension} names another"
        raise BadInput(option, asked, f"is not the form of {shown(name)}", allowed=_BY_EXTENSION[extension], hint=hint)
    if asked or extension:
        return asked or _BY_EXTENSION[str(extension)]
    problem = "has no form" if name == _STDIN else "has no extension that names a form"
    allowed = ", ".join(_BY_EXTENSION)
    raise BadInput("file", name, problem, allowed=allowed, hint=f"give {option} {', '.join(FORMS[:-1])} or {FORMS[-1]}")


class Cohort:
    """A cohort that was opened: the names and types of its columns, and its rows, which can be read once.

    Its file is closed, and a copy of standard input removed, after the last chunk, or when nobody holds it any more.
    """

    def __init__(
        self, form: str, types: dict[str, Any], chunks: Callable[[], Iterator[Chunk]], stack: ExitStack
    ) -> None:
        """`stack` holds what has to be closed."""
        self.form, self.columns, self.types = form, tuple(types), types
        self._chunks = chunks
        self._close = weakref.finalize(self, stack.close)

    def chunks(self) -> Iterator[Chunk]:
        """Chunk after chunk; raises BadInput where the file cannot be read on."""
        try:
            yield from self._chunks()
        finally:
            self._close()


def open_cohort(name: str, form: str, rows: int, check: Check, also: frozenset[str] = frozenset()) -> Cohort:
    """Open a cohort of a form, from a file or from standard input (`-`), for chunks of about so many rows.

    `check` gets the names of the header and gives those of the columns, as many. `also` names columns that an NDJSON
    file has whether or not its first rows have them. Raises BadInput where the file is not of its form, or cannot be
    read, and what `check` raises.
    """
    stack = ExitStack()
    try:
        with _readable(name):
            raw = _opened(name, stack)
            head = raw.peek(4)
        if form == "parquet":
            return _open_parquet(name, raw, rows, check, stack)
        file = _unpacked(name, raw, head)
        lines = Lines(_reading(name, file))
        csv = form == "csv"
        reader = CsvReader(name, lines, check, rows) if csv else JsonReader(name, lines, check, rows, also)
    except BaseException:
        stack.close()
        raise
    size = _size(raw)
    share = (lambda: min(raw.tell() / size, 1.0)) if size else (lambda: None)
    return Cohort(form, dict.fromkeys(reader.columns, pl.String), lambda: reader.chunks(share), stack)


def _unpacked(name: str, raw: io.BufferedReader, head: bytes) -> io.BufferedReader:
    """The text of a file that may be compressed; raises BadInput where it is no text, or not as its name says."""
    file, packed = raw, head.startswith(_GZIP)
    if name != _STDIN and packed != name.lower().endswith(".gz"):
        problem = "is compressed with gzip, against its name" if packed else "is not compressed with gzip"
        hint = "give it a name that ends in .gz" if packed else "give it a name without .gz"
        raise BadInput("cohort", name, problem, hint=hint)
    if packed:
        file = io.BufferedReader(gzip.GzipFile(fileobj=raw))
        with _readable(name):
            head = file.peek(4)
    for magic, problem in _ALIEN.items():
        if head.startswith(magic):
            raise BadInput("cohort", name, problem, hint=_SAVE_AS)
    return file


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the system says about a file into BadInput."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BadInput("cohort", name, "is damaged: its gzip is cut off or corrupt", hint="copy it anew") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a file name"
        raise BadInput("cohort", name, f"cannot be read: {reason}", hint="name a file with rows") from None


def _opened(name: str, stack: ExitStack) -> io.BufferedReader:
    """A file, or standard input, which is left open; its first bytes can be looked at, from a pipe too."""
    if name == _STDIN:
        if sys.stdin is None:
            raise BadInput("standard input", None, "is closed", hint="name a file")
        own: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", sys.stdin.buffer))
        stack.callback(own.detach)
        return own
    # a buffer around the buffer: the outer one is filled whole where a pipe gives a few bytes at a time
    file = open(name, "rb")  # noqa: PTH123, SIM115 - a name may be no path; the stack closes it
    return stack.enter_context(io.BufferedReader(cast("io.RawIOBase", file)))


def _reading(name: str, file: io.BufferedReader) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        with _readable(name):
            return file.read(size)

    return read


def _size(raw: io.BufferedReader) -> int | None:
    """Bytes of a file; of a pipe nobody knows."""
    try:
        status = os.fstat(raw.fileno())
    except OSError:  # no file at all
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


# --- NDJSON ---------------------------------------------------------------------------------------------------


class _Fields(list[tuple[str, Any]]):
    """The fields of a JSON object, in order: a key that is there twice is seen."""


class _Double(str):
    """The text of a JSON number with a fraction or an exponent, or of NaN."""

    __slots__ = ()


_SIMPLE = {str, _Double, type(None)}
_DECODER = json.JSONDecoder(object_pairs_hook=_Fields, parse_float=_Double, parse_int=str, parse_constant=_Double)


class JsonReader(Reader):
    """Rows of JSON objects, one a line; numbers keep their text, a field that is null or absent is null."""

    def __init__(self, name: str, lines: Lines, check: Check, rows: int, also: frozenset[str]) -> None:
        """Find the columns in the first lines, and add `also`; raises BadInput where these hold no object."""
        objects = [found for line in lines.ahead(rows, SIZE) if (found := _fields(line)) is not None]
        names = tuple(dict.fromkeys(key for found in objects for key, _ in found if is_text(key)))
        if not names:
            problem = "holds no JSON object with a field in its first lines" if lines.ahead(1, SIZE) else "is empty"
            raise BadInput("cohort", name, problem, hint="one object a line, {...}; or say with --from what it is")
        columns = check(names)
        columns = (*columns, *sorted(also.difference(columns)))
        self._places = {key: place for place, key in enumerate(columns) if key in also}
        self._places |= {key: place for place, key in enumerate(names)}
        self._id = self._places.get("patient_id")
        self._names, self._more = dict.fromkeys(names), [None] * (len(columns) - len(names))
        super().__init__(lines, columns, rows)

    def _split(self, batch: list[str], first: int) -> tuple[Sequence[int], pl.DataFrame, list[Broken], int]:
        records = (self._record(line.removesuffix("\r")) for line in batch if line.strip(" \r"))
        return *self._sorted(first, records), len(batch)

    def _record(self, line: str) -> Record:
        fields = _fields(line)
        if fields is None:
            return (), line, (None, "not-json", "the line is no JSON object")
        row = dict(fields)
        if len(row) == len(fields) and row.keys() <= self._names.keys() and set(map(type, row.values())) <= _SIMPLE:
            return self._with_id([*map(row.get, self._names), *self._more]), line, None
        return self._one_by_one(fields, line)

    def _one_by_one(self, fields: _Fields, line: str) -> Record:
        """A row of which some field is not simple, or not in its place."""
        cells: list[str | None] = [None] * len(self.columns)
        met: set[int] = set()
        fault: Fault | None = None
        for key, value in fields:
            place = self._places.get(key)
            if place is None:
                fault = fault or _unknown(key)
            elif place in met:
                fault = fault or (self.columns[place], "not-json", "the field is there twice")
                cells[place] = None  # neither of the two is the one that counts
            else:
                met.add(place)
                if isinstance(value, list):
                    fault = fault or (self.columns[place], "not-json", "the field holds a list or an object")
                elif value is not None:
                    cells[place] = value if isinstance(value, str) else "true" if value else "false"
        return self._with_id(cells), line, fault

    def _with_id(self, cells: list[str | None]) -> list[str | None]:
        """Cells of which an id that was a number is without decimals where it is whole, and none where it is NaN."""
        if self._id is not None and isinstance(found := cells[self._id], _Double):
            cells[self._id] = None if found == "NaN" else found.removesuffix(".0")
        return cells


def _unknown(key: str) -> tuple[None, str, str]:
    if is_text(key):
        return None, "ragged", "the row has a field that the first rows do not have"
    return None, "not-utf8", "the name of a field holds bytes that are not UTF-8"


def _fields(line: str) -> _Fields | None:
    try:
        found = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, _Fields) else None


# --- Parquet --------------------------------------------------------------------------------------------------


def _open_parquet(name: str, raw: io.BufferedReader, rows: int, check: Check, stack: ExitStack) -> Cohort:
    head = raw.peek(4)
    if not head.startswith(_PARQUET):
        problem = "holds no Parquet" if head else "is empty"
        raise BadInput("cohort", name, problem, hint="say with --from what it is")
    path = _copied(raw, name, stack) if name == _STDIN or _size(raw) is None else Path(name).resolve()
    with _sound(name):
        # as a plain file: its name is no pattern, and its folder names no columns
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        found = scan.collect_schema()
        total = int(scan.select(pl.len()).collect().item())
    if not found:
        raise BadInput("cohort", name, "has no columns", hint="one column for each of drug, indication, weight, start")
    types = dict(zip(check(found.names()), map(_kept, found.dtypes()), strict=True))
    return Cohort("parquet", types, lambda: _batches(name, scan, types, rows, total), stack)


def _copied(raw: IO[bytes], name: str, stack: ExitStack) -> Path:
    """Standard input as a file: the end of a Parquet file is read before its beginning."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="infusecalc-"))
    path = Path(folder) / "cohort.parquet"
    with _readable(name), path.open("wb") as file:
        shutil.copyfileobj(raw, file, 1 << 20)
    return path


def _batches(name: str, scan: pl.LazyFrame, types: dict[str, Any], rows: int, total: int) -> Iterator[Chunk]:
    first = 1
    batches = iter(scan.collect_batches(chunk_size=rows, maintain_order=True))
    while True:
        with _sound(name):
            frame = next(batches, None)
        if frame is None:
            return
        named = zip(types.items(), frame.get_columns(), strict=True)
        frame = pl.DataFrame([column.alias(key).cast(kind) for (key, kind), column in named])
        numbers = pl.Series("row", range(first, first + frame.height), pl.Int64)
        yield Chunk(first, numbers, frame, (), (first - 1 + frame.height) / max(total, 1))
        first += frame.height


def _kept(kind: pl.DataType) -> Any:
    """The type that a column is handed on with."""
    return pl.String() if isinstance(kind, pl.Categorical | pl.Enum) else kind


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """Turn what Polars says about a file into BadInput; a panic is no Exception."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise BadInput("cohort", name, "is damaged: it cannot be read as Parquet", hint="copy it anew") from None
