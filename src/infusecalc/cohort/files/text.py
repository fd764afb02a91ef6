"""Lines of text, one patient a row, to chunks: a frame of texts, and the rows that could not be split; CSV is here."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress, repeat

import polars as pl

from infusecalc.cohort.files.utf8 import is_text, readable
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.spelling import counted

Check = Callable[[Sequence[str]], tuple[str, ...]]
"""Names as they stand in a header to the names of the columns, as many; raises BadInput."""
SIZE = 16_000_000  # characters of a chunk: it stays small however long the cells are
_FIRST = 25_000  # rows of the first chunk; each has twice as many as the one before, so that writing begins soon
_BLOCK = 1 << 20  # bytes that are read at a time
_LONGEST_LINE = 64_000_000  # bytes that are kept of a line; the rest of a longer one is dropped
_LONGEST_CELL = 10_000  # characters
_OPEN_LINES, _OPEN_SIZE = 100, 1_000_000  # lines and characters within which a quote has to be closed
ONE_A_LINE = "write each object on a line of its own, as jq -c '.[]' does, and name the file .ndjson"
_TOO_MANY = "put quotes around a cell that holds a comma"
_TOO_FEW = "write a comma for each cell, also for an empty one"
_NOTHING = ' ,"\t\r'  # what a line of empty cells is made of


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let the CSV parser, in the whole process and for a while, take cells of any length: such a one is a bad row."""
    usual = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


class Broken(Frozen):
    r"""A row that could not be split into its columns, or that is no text; `reason` holds no value of the row.

    `cells` are those that could be read, by column, empty ones left out; `raw` is the whole line where it did not fit
    the columns. Bytes that are not UTF-8 stand there as `\xNN`. `code` is ragged, not-utf8, not-json or too-long.
    """

    row: int
    cells: dict[str, str]
    raw: str | None
    column: str | None
    code: str
    reason: str


class Chunk(Frozen):
    """Rows that follow each other; they count from 1, without header and blank lines.

    `first` is the number of the first row, `numbers` (Int64) those of the rows of `frame`, `broken` are the rows that
    are not in it, in order. `done` is the share of the input that was read so far, 0 to 1, None where unknown.
    `above` is how many lines of the file stand above its first row, None where a row may be no line of its own.
    """

    first: int
    numbers: pl.Series
    frame: pl.DataFrame
    broken: tuple[Broken, ...]
    done: float | None
    above: int | None

    def line_of(self, row: int) -> int | None:
        """The line of the file on which a row stands, from 1, where that is known."""
        return None if self.above is None else self.above + row - self.first + 1


class TextLines:
    """Lines of UTF-8, read ahead only as far as they are looked at; bytes that are none become lone surrogates."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """`read` gives up to so many bytes, and none at the end."""
        self._read = read
        self._ready: list[str] = []
        self._held = 0  # characters of them
        self._tail = bytearray()  # of a line whose end was not read yet
        self._begun = self._ended = False
        self.dropped = 0
        """Lines that are behind."""
        self.quotes = self.returns = self.alien = False
        """Whether a quote, a carriage return or a byte that is not UTF-8 was met so far."""

    def ahead(self, count: int, size: int) -> list[str]:
        """Up to so many lines without their ends, or fewer that hold about `size` characters; they stay."""
        while not self._ended and len(self._ready) < count and self._held < size:
            self._fill()
        return self._ready[:count]

    def drop(self, count: int) -> None:
        """Go on behind so many lines."""
        del self._ready[:count]
        self.dropped += count
        self._held = sum(map(len, self._ready))

    def _fill(self) -> None:
        block = self._read(_BLOCK)
        self._ended = not block
        whole, end, rest = block.rpartition(b"\n")
        if end:
            self._add(bytes(self._tail) + whole)
            self._tail = bytearray(rest)
        else:
            self._tail += rest[: max(_LONGEST_LINE - len(self._tail), 0)]
        if self._ended and self._tail:
            self._add(bytes(self._tail))

    def _add(self, content: bytes) -> None:
        if not self._begun:
            self._begun, content = True, content.removeprefix(b"\xef\xbb\xbf")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text, self.alien = content.decode(errors="surrogateescape"), True
        self.quotes = self.quotes or '"' in text
        self.returns = self.returns or "\r" in text
        self._ready += text.split("\n")
        self._held += len(text)


RowFault = tuple[str | None, str, str]
"""What is wrong with a row: the column (None where it is no single one), a short code, and the reason in words."""
Record = tuple[Sequence[str | None], str, RowFault | None]
"""One row: its cells in the order of the columns, its line, and what is wrong with it."""


class Reader(ABC):
    """What CSV and NDJSON have in common: records to chunks, counted through."""

    def __init__(self, lines: TextLines, columns: tuple[str, ...], rows: int) -> None:
        """`rows` is how many a chunk has, unless they are long."""
        self.lines, self.columns, self.rows = lines, columns, rows

    def chunks(self, share: Callable[[], float | None]) -> Iterator[Chunk]:
        """Chunk after chunk; `share` tells how much was read."""
        first, rows = 1, min(self.rows, _FIRST)
        while batch := self.lines.ahead(rows, SIZE):
            rows = min(self.rows, 2 * rows)
            numbers, frame, broken, used = self._split(batch, first)
            count = frame.height + len(broken)
            above = self.lines.dropped if used == count else None  # no blank line, no row over several lines
            self.lines.drop(used)
            if count:
                yield Chunk(first, pl.Series("row", numbers, pl.Int64), frame, tuple(broken), share(), above)
            first += count

    @abstractmethod
    def _split(self, batch: list[str], first: int) -> tuple[Sequence[int], pl.DataFrame, list[Broken], int]:
        """Numbers and frame of the good rows that begin in some lines, the bad rows, and how many lines it took."""

    def _frame(self, cells: Iterable[Sequence[str | None] | pl.Series]) -> pl.DataFrame:
        """Good rows, given by columns; there may be none."""
        columns = list(cells) or [()] * len(self.columns)
        return pl.DataFrame([pl.Series(name, c, pl.String) for name, c in zip(self.columns, columns, strict=True)])

    def _sorted(self, first: int, records: Iterable[Record]) -> tuple[list[int], pl.DataFrame, list[Broken]]:
        """Good rows and bad ones apart."""
        numbers, good, broken = [], [], []
        for row, (cells, line, wrong) in enumerate(records, first):
            fault = wrong or self._unfit(cells)
            if fault is None:
                numbers.append(row)
                good.append(cells)
            else:
                broken.append(self._broken(row, cells, line if wrong else None, fault))
        return numbers, self._frame(zip(*good, strict=True)), broken

    def _unfit(self, cells: Sequence[str | None]) -> RowFault | None:
        """What is wrong with a row that has the right columns."""
        text = "".join(filter(None, cells))
        if len(text) <= _LONGEST_CELL and is_text(text):
            return None
        for column, cell in zip(self.columns, cells, strict=True):
            if cell and not is_text(cell):
                return column, "not-utf8", "the cell is not in UTF-8"
        for column, cell in zip(self.columns, cells, strict=True):
            if cell and len(cell) > _LONGEST_CELL:
                return column, "too-long", f"the cell is over {_LONGEST_CELL:,} characters"
        return None

    def _broken(self, row: int, cells: Sequence[str | None], raw: str | None, fault: RowFault) -> Broken:
        found = {name: readable(cell) for name, cell in zip(self.columns, cells, strict=False) if cell}
        return Broken(row, found, raw if raw is None else readable(raw), *fault)


class CsvReader(Reader):
    """Rows of comma-separated values; an empty cell is null."""

    def __init__(self, name: str, lines: TextLines, check: Check, rows: int) -> None:
        """Read the header; raises BadInput where it is none, and where `check` does."""
        header = _header(name, lines)
        super().__init__(lines, check(header), rows)

    def _split(self, batch: list[str], first: int) -> tuple[Sequence[int], pl.DataFrame, list[Broken], int]:
        with _long_cells():
            return self._parted(batch, first)

    def _parted(self, batch: list[str], first: int) -> tuple[Sequence[int], pl.DataFrame, list[Broken], int]:
        rows = [line.removesuffix("\r") for line in batch] if self.lines.returns else batch
        rows = [row for row in rows if row.strip(" ")]
        if not self.lines.quotes or not any('"' in row for row in rows):
            return *self._unquoted(rows, first), len(batch)
        cells = _one_line_each(rows)
        if cells is None:
            records, used = self._spanning(batch)
            return *self._sorted(first, records), used
        if set(map(len, cells)) == {len(self.columns)} and not any(map(self._special, rows)):
            return range(first, first + len(rows)), self._frame(zip(*cells, strict=True)), [], len(batch)
        return *self._sorted(first, map(self._record, rows, cells)), len(batch)

    def _unquoted(self, rows: list[str], first: int) -> tuple[Sequence[int], pl.DataFrame, list[Broken]]:
        """Rows without quotes, which are split by columns at once; the few that are special, one by one."""
        commas = len(self.columns) - 1
        numbers: Sequence[int] = range(first, first + len(rows))
        broken: list[Broken] = []
        fit = set(map(str.count, rows, repeat(","))) == {commas}
        if not fit or self.lines.alien or max(map(len, rows)) > _LONGEST_CELL:
            rows = [row if row.strip(_NOTHING) else "," * commas for row in rows]
            sorted_out = [row.count(",") != commas or self._special(row) for row in rows]
            for number, row in compress(zip(numbers, rows, strict=True), sorted_out):
                cells, line, wrong = self._record(row, row.split(","))
                fault = wrong or self._unfit(cells)
                if fault:
                    broken.append(self._broken(number, cells, line if wrong else None, fault))
            bad = {each.row for each in broken}
            rows = [row for number, row in zip(numbers, rows, strict=True) if number not in bad]
            numbers = [number for number in numbers if number not in bad]
        texts = pl.Series(rows, dtype=pl.String)
        cells_of = texts.str.split_exact(",", commas).struct.unnest().get_columns() if commas else [texts]
        return numbers, self._frame(cells_of), broken

    def _spanning(self, batch: list[str]) -> tuple[list[Record], int]:
        """Rows that begin in the lines of a batch, of which some may end in a later one."""
        every = self.lines.ahead(len(batch) + _OPEN_LINES, sum(map(len, batch)) + 2 * _OPEN_SIZE)
        records, at = [], 0
        while at < len(batch):
            line = every[at].removesuffix("\r")
            used = 1
            if '"' in line:
                cells, used, fault = _csv_record(every[at : at + _OPEN_LINES])
                if used > 1 and len(cells) != len(self.columns):
                    cells, used, fault = _csv_record(every[at : at + 1])  # it ran into others: the first alone is bad
                records.append(self._record(line, cells, fault))
            elif line.strip(" "):
                records.append(self._record(line, line.split(",")))
            at += used
        return records, at

    def _record(self, line: str, cells: list[str], fault: str | None = None) -> Record:
        if fault is None and len(cells) != len(self.columns):
            if not line.strip(_NOTHING):  # as spreadsheets leave it: of whatever width, it is an empty row
                return [""] * len(self.columns), line, None
            hint = _TOO_MANY if len(cells) > len(self.columns) else _TOO_FEW
            fault = f"the row has {_cells(cells)}, the header has {_cells(self.columns)}; {hint}"
        return cells, line, (None, "ragged", fault) if fault else None

    def _special(self, row: str) -> bool:
        return len(row) > _LONGEST_CELL or (self.lines.alien and not is_text(row))

    def _frame(self, cells: Iterable[Sequence[str | None] | pl.Series]) -> pl.DataFrame:
        return super()._frame(cells).select(pl.when(pl.all() != "").then(pl.all()))


def _cells(cells: Sequence[str]) -> str:
    return counted(len(cells), "cell")


def _header(name: str, lines: TextLines) -> list[str]:
    """The cells of the first line in which something stands; raises BadInput."""
    while (found := lines.ahead(1, SIZE)) and not found[0].strip(_NOTHING):
        lines.drop(1)
    if not found:
        raise BadInput("cohort", name, "is empty", hint="its first line must name the columns")
    line = found[0].removesuffix("\r")
    text = line.strip(" ")
    if text.startswith(("{", "[{")) or text == "[":
        hint = "read it with `from_` ndjson" if text.startswith("{") else ONE_A_LINE
        raise BadInput("cohort", name, "is JSON, not CSV", hint=hint)
    if not is_text(line):
        raise BadInput("cohort", name, "has a header that is not UTF-8", hint="save it as CSV in UTF-8")
    with _long_cells():
        cells, _, fault = _csv_record([line])
    if fault or "\r" in line:
        hint = "close each quote, and end each line with a line feed"
        raise BadInput("cohort", name, "has a header that runs over several lines", hint=hint)
    lines.drop(1)
    return cells


def _one_line_each(rows: list[str]) -> list[list[str]] | None:
    """The cells of rows that hold quotes, where each quote is closed on its line; None where one is not."""
    try:
        found = list(csv.reader([*rows, ""]))  # a quote that is still open would take the empty line
    except csv.Error:
        return None
    return found[:-1] if len(found) == len(rows) + 1 else None


def _csv_record(lines: list[str]) -> tuple[list[str], int, str | None]:
    """The cells of the row that begins in the first of some lines, the lines it takes, and what is wrong with it.

    Where its quote is not closed in time, it is the first line alone, and its cells end before the quote.
    """
    closed = True

    def feed() -> Iterator[str]:
        nonlocal closed
        size = 0
        for line in lines:
            if size > _OPEN_SIZE:
                break
            size += len(line)
            yield f"{line}\n"
        closed = False

    reader = csv.reader(feed())
    try:
        cells = next(reader)
    except csv.Error:
        return [], 1, "the line has a carriage return in its middle"
    used = reader.line_num
    if closed and (used == 1 or _is_strict(lines[:used])):
        return cells, used, None
    if len(lines) > 1:
        return _csv_record(lines[:1])
    return cells[:-1], 1, "the row has a quote that is not closed on its line"


def _is_strict(lines: list[str]) -> bool:
    """Whether each quote that closes stands before a comma or a line end: else it may open the cell of a later row."""
    try:
        list(csv.reader((f"{line}\n" for line in lines), strict=True))
    except csv.Error:
        return False
    return True
