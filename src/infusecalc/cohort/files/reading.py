"""A cohort's file, or standard input, to chunks of rows: CSV, NDJSON or Parquet, with memory for one chunk."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from infusecalc.cohort.files.ndjson import JsonReader
from infusecalc.cohort.files.text import Broken as Broken
from infusecalc.cohort.files.text import Check, CsvReader, TextLines
from infusecalc.cohort.files.text import Chunk as Chunk
from infusecalc.errors import BadInput, shown
from infusecalc.spelling import listed

FORMS = ("csv", "ndjson", "parquet")
"""The forms of a file with rows."""
BUNDLES = "fhir"
"""The form of a result that has a bundle of FHIR a line, one a patient; no cohort is read from it."""
_BY_EXTENSION = {
    ".csv": "csv", ".csv.gz": "csv", ".ndjson": "ndjson", ".ndjson.gz": "ndjson", ".jsonl": "ndjson",
    ".jsonl.gz": "ndjson", ".parquet": "parquet",
}  # set in rows # fmt: skip
_OF_FORMS = ("from_", "to")
"""The options that name a form; the others name a file."""
_RESULTS = {
    ".nonmem.csv": "nonmem", ".nonmem.csv.gz": "nonmem", ".fhir.ndjson": BUNDLES, ".fhir.ndjson.gz": BUNDLES,
}  # set in rows # fmt: skip
"""What only a result can be."""
_STDIN = "-"
_PARQUET, _ENCRYPTED, _GZIP = b"PAR1", b"PARE", b"\x1f\x8b"
_ALIEN = {
    _PARQUET: "is Parquet", _ENCRYPTED: "is encrypted Parquet", _GZIP: "is compressed with gzip",
    b"PK\x03\x04": "is a ZIP file or a spreadsheet",
    b"\xff\xfe": "is in UTF-16", b"\xfe\xff": "is in UTF-16",
}  # set in rows # fmt: skip
_DIGITS = 38  # of a decimal that the engine reads
_SAVE_AS = "save it as CSV in UTF-8, or name its format with `from_`"


def choose_form(asked: str | None, name: str, option: str) -> str | None:
    """The form that was asked for with an option, or that the extension names; raises BadInput where they clash.

    None for a standard stream of which nothing is said.
    """
    forms = (*FORMS, *dict.fromkeys(_RESULTS.values())) if option == "to" else FORMS
    if asked is not None and asked not in forms:
        raise BadInput(f"`{option}`", asked, "is not a format for cohorts", allowed=", ".join(forms))
    if name == _STDIN:
        return asked
    json = {".json": "ndjson"} if option == "from_" else {}  # that it holds an array is told when it is read
    known = _BY_EXTENSION | json | (_RESULTS if option == "to" else {})
    extension = max((end for end in known if name.lower().endswith(end)), key=len, default=None)
    if asked and extension and asked != known[extension]:
        problem, detail = "does not match the file name", f", {shown(name)}"
        own = next(end for end, form in known.items() if form == asked)
        hint = f"give {known[extension]}, or name the file NAME{own}"
        raise BadInput(f"`{option}`", asked, problem, detail=detail, allowed=known[extension], hint=hint)
    if asked or extension:
        return asked or known[str(extension)]
    array = "a JSON array is not taken here: name the file .ndjson; or " if name.lower().endswith(".json") else ""
    ends = listed(forms) if option in _OF_FORMS else "a name that ends so"
    hint = f"{array}give `{option}` {ends}"
    allowed = ", ".join(known if option == "to" else _BY_EXTENSION)
    raise BadInput("file", name, "has no known extension", allowed=allowed, hint=hint)


class Cohort:
    """A cohort that was opened: the names and types of its columns, and its rows, which can be read once.

    Its file is closed, and a copy of standard input removed, after the last chunk, or when nobody holds it any more.
    """

    name = _STDIN

    def __init__(
        self, form: str, types: dict[str, Any], chunks: Callable[[], Iterator[Chunk]], stack: ExitStack
    ) -> None:
        """`stack` holds what has to be closed."""
        self.form, self.columns, self.types = form, tuple(types), types
        self._chunks = chunks
        self._close = weakref.finalize(self, stack.close)

    def keep(self) -> list[Chunk]:
        """All chunks, which are kept, and handed out again; raises BadInput where the file cannot be read."""
        kept = list(self.chunks())
        self._chunks = lambda: iter(kept)
        return kept

    def chunks(self) -> Iterator[Chunk]:
        """Chunk after chunk; raises BadInput where the file cannot be read on."""
        try:
            yield from self._chunks()
        finally:
            self._close()


def open_cohort(name: str, form: str | None, rows: int, check: Check, also: frozenset[str] = frozenset()) -> Cohort:
    """Open a cohort of a form, from a file or from standard input (`-`), for chunks of about so many rows.

    Where no form is said, the first bytes tell it: Parquet and JSON by how they begin, all else is CSV.
    `check` gets the names of the header and gives those of the columns, as many. `also` names columns that an NDJSON
    file has whether or not its first rows have them. Raises BadInput where the file is not of its form, or cannot be
    read, and what `check` raises.
    """
    found = _open(name, form, rows, check, also)
    found.name = name
    return found


def _open(name: str, form: str | None, rows: int, check: Check, also: frozenset[str]) -> Cohort:
    """Open a cohort, which does not know the name of its file."""
    stack = ExitStack()
    try:
        with _readable(name):
            raw = _opened(name, stack)
            head = raw.peek(4)
        if form == "parquet" or (form is None and head.startswith((_PARQUET, _ENCRYPTED))):
            return _open_parquet(name, raw, rows, check, stack)
        file = _unpacked(name, raw, head)
        form = form or _form_of_text(name, file)
        lines = TextLines(_reading(name, file))
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
        problem = "is compressed with gzip, but its name does not say so" if packed else "is not compressed with gzip"
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


def _form_of_text(name: str, file: io.BufferedReader) -> str:
    """NDJSON where a text begins as JSON does, else CSV."""
    with _readable(name):
        head = file.peek(4)
    return "ndjson" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")) else "csv"


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the system says about a file into BadInput."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BadInput("cohort", name, "is damaged: its gzip is cut off or corrupt", hint="copy it again") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a file name"
        raise BadInput("cohort", name, f"cannot be read: {reason}", hint="give a file with rows") from None


def _opened(name: str, stack: ExitStack) -> io.BufferedReader:
    """A file, or standard input, which is left open; its first bytes can be looked at, from a pipe too."""
    if name == _STDIN:
        if sys.stdin is None:
            raise BadInput("standard input", None, "is closed", hint="give a file")
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


# --- Parquet --------------------------------------------------------------------------------------------------


def _open_parquet(name: str, raw: io.BufferedReader, rows: int, check: Check, stack: ExitStack) -> Cohort:
    head = raw.peek(4)
    if not head.startswith(_PARQUET):
        if head.startswith(_ENCRYPTED):
            raise BadInput("cohort", name, _ALIEN[_ENCRYPTED], hint="write it without encryption")
        problem = "is not Parquet" if head else "is empty"
        raise BadInput("cohort", name, problem, hint="name its format with `from_`")
    path = _copied(raw, name, stack) if name == _STDIN or _size(raw) is None else Path(name).resolve()
    with _sound(name):
        # as a plain file: its name is no pattern, and its folder names no columns
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        found = scan.collect_schema()
        total = int(scan.select(pl.len()).collect().item())
    if not found:
        raise BadInput("cohort", name, "has no columns", hint="give columns for drug, indication, weight and start")
    types = dict(zip(check(found.names()), map(_kept, found.dtypes()), strict=True))
    for column, kind in types.items():
        if isinstance(kind, pl.Decimal) and kind.precision > _DIGITS:
            problem, hint = f"has decimals of {kind.precision} digits", "write it with fewer digits, or as doubles"
            raise BadInput("column", column, problem, allowed=f"up to {_DIGITS} digits", hint=hint)
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
        yield Chunk(first, numbers, frame, (), (first - 1 + frame.height) / max(total, 1), None)
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
        raise BadInput("cohort", name, "is damaged: it cannot be read as Parquet", hint="copy it again") from None
