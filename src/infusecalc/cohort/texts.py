"""Lines of CSV or NDJSON to chunks of rows, and to the rows that could not be split into their columns."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import polars as pl

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen

RAGGED, NOT_UTF8, NOT_JSON, TOO_LONG = "ragged", "not-utf8", "not-json", "too-long"
_BLOCK = 4_000_000  # characters of a chunk
_LONGEST = 10_000  # characters of a cell; no quantity, name or id needs as many
_MOST_LINES, _MOST_TEXT = 100, 1_000_000  # of one record in quotes
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


class Broken(Frozen):
    """A row that could not be split into its columns, or that is no text: what could be read of it, and what is wrong.

    `raw` is the line where its cells do not fit the columns. `reason` holds nothing of the row.
    """

    row: int
    cells: dict[str, str]
    raw: str | None
    column: str | None
    code: str
    reason: str


class Chunk(Frozen):
    """Rows in their order: their numbers (from 1, the header not counted), their cells, and the broken ones.

    `done` is the share of the input that was read, None where its size is not known.
    """

    first: int
    numbers: pl.Series
    frame: pl.DataFrame
    broken: tuple[Broken, ...]
    done: float | None


class Lines:
    """A text, block after block of whole lines; bytes that are not UTF-8 are kept as lone surrogates."""

    def __init__(self, stream: IO[bytes], done: Callable[[], float | None]) -> None:
        """`done` tells the share that was read."""
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="\n")
        self._done = done
        self._back: list[str] = []

    def block(self, size: int = _BLOCK) -> list[str]:
        """The next lines, about so many characters; blank ones are left out. Empty at the end."""
        if self._back:
            lines, self._back = self._back, []
            return lines
        while lines := self._text.readlines(size):
            if full := list(filter(str.strip, lines)):
                return full
        return []

    def give_back(self, lines: list[str]) -> None:
        """Lines that are to come again."""
        self._back = lines + self._back

    def close(self) -> None:
        """Let go of the stream, which is not closed: it may be standard input."""
        self._text.detach()

    @property
    def done(self) -> float | None:
        """The share of the input that was read."""
        return self._done()


def visible(text: str) -> str:
    """A text with the bytes that are not UTF-8 spelled out: a backslash, x, two hexadecimal digits."""
    return _NOT_UTF8.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text)


# --- CSV --------------------------------------------------------------------------------------------------------


def csv_header(lines: Lines, name: str) -> list[str]:
    """The names in the first line; raises BadInput where there is none."""
    csv.field_size_limit(sys.maxsize)
    block = lines.block(1)
    if not block:
        raise BadInput("cohort", name, "is empty", hint="its first line names the columns")
    lines.give_back(block[1:])
    if block[0].lstrip().startswith(("{", "[")):
        raise BadInput("cohort", name, "is JSON, not CSV", hint="name it .ndjson, with one object a line")
    cells = next(csv.reader([block[0]]))
    if any(map(_NOT_UTF8.search, cells)):
        raise BadInput("cohort", name, "is not UTF-8 in its header", hint="save it as UTF-8")
    return cells


def csv_chunks(lines: Lines, columns: Sequence[str]) -> Iterator[Chunk]:
    """The rows behind the header."""
    first = 1
    while block := lines.block():
        records = list(_records(block, lines, len(columns))) if any('"' in line for line in block) else None
        chunk = None if records else _plain_chunk(block, columns, first, lines.done)
        if chunk is None:
            split = records or [(_split(line), line) for line in block]
            chunk = _sorted_out(split, columns, first, lines.done)
        yield chunk
        first += chunk.frame.height + len(chunk.broken)


def _plain_chunk(block: list[str], columns: Sequence[str], first: int, done: float | None) -> Chunk | None:
    """A block in which every line is a row without quotes, as texts and of the right width; None where one is not."""
    try:
        rows = list(csv.reader(block))
        if len(rows) != len(block) or set(map(len, rows)) != {len(columns)} or max(map(len, block)) > _LONGEST:
            return None
        cells = {
            name: pl.Series(cells, dtype=pl.String)
            for name, cells in zip(columns, zip(*rows, strict=True), strict=True)
        }
    except (csv.Error, UnicodeEncodeError):
        return None
    return _chunk(pl.DataFrame(cells), list(range(first, first + len(rows))), first, [], done)


def _records(block: list[str], lines: Lines, width: int) -> Iterator[tuple[list[str] | None, str]]:
    """The cells of each record, with its text; None where they cannot be told. A record in quotes may span lines."""
    place = 0
    while place < len(block):
        line = block[place]
        place += 1
        cells = _split(line)
        if cells is None and line.count('"') % 2:
            if len(block) - place < _MOST_LINES:
                block += lines.block(_MOST_TEXT)
            found = _closed(line, block[place : place + _MOST_LINES], width)
            if found:
                cells, taken = found
                place += taken
        yield cells, line


def _split(line: str) -> list[str] | None:
    """The cells of one line; None where a quote does not close, or has text behind it."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def _closed(line: str, more: list[str], width: int) -> tuple[list[str], int] | None:
    """The cells of a record that goes on over the next lines, and how many; None where that makes no row."""
    text, quotes = line, line.count('"')
    for taken, follows in enumerate(more, 1):
        text, quotes = text + follows, quotes + follows.count('"')
        if len(text) > _MOST_TEXT:
            return None
        if quotes % 2 == 0:
            try:
                rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
            except csv.Error:
                return None
            return (rows[0], taken) if len(rows) == 1 and len(rows[0]) == width else None
    return None


def _sorted_out(
    split: Sequence[tuple[list[str] | None, str]], columns: Sequence[str], first: int, done: float | None
) -> Chunk:
    """A chunk of which some rows do not fit."""
    broken: list[Broken] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, (cells, line) in enumerate(split, first):
        fault = _fault(number, cells, line, columns)
        if fault:
            broken.append(fault)
        else:
            rows.append(cells or [])
            numbers.append(number)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return _chunk(frame, numbers, first, broken, done)


def _fault(number: int, cells: list[str] | None, line: str, columns: Sequence[str]) -> Broken | None:
    """What is wrong with a row, if anything is."""
    raw = visible(line.rstrip("\r\n"))
    if cells is None:
        reason = "a quote is not closed on its line, or has text behind it"
        return Broken(number, {}, raw, None, RAGGED, reason)
    named = dict(zip(columns, map(visible, cells), strict=False))
    if len(cells) != len(columns):
        reason = f"the row has {len(cells)} cells, and the header {len(columns)}"
        return Broken(number, named, raw, None, RAGGED, reason)
    return _unfit(number, dict(zip(columns, cells, strict=True)), named)


def _unfit(number: int, cells: dict[str, str | None], named: dict[str, str]) -> Broken | None:
    """A cell that is no UTF-8, or too long."""
    for column, cell in cells.items():
        if cell is not None and _NOT_UTF8.search(cell):
            return Broken(number, named, None, column, NOT_UTF8, "the cell holds bytes that are not UTF-8")
        if cell is not None and len(cell) > _LONGEST:
            reason = f"the cell has over {_LONGEST:,} characters"
            return Broken(number, named, None, column, TOO_LONG, reason)
    return None


def _chunk(frame: pl.DataFrame, numbers: list[int], first: int, broken: list[Broken], done: float | None) -> Chunk:
    return Chunk(first, pl.Series(numbers, dtype=pl.Int64), frame, tuple(broken), done)


# --- NDJSON -------------------------------------------------------------------------------------------------------


def json_columns(lines: Lines, name: str) -> list[str]:
    """The keys of the objects in the first block; raises BadInput where it holds no object."""
    block = lines.block()
    found: dict[str, None] = {}
    objects = [each for each in map(_object, block) if isinstance(each, dict)]
    for each in objects:
        found.update(dict.fromkeys(each))
    if not objects:
        problem = "holds no JSON object" if block else "is empty"
        raise BadInput("cohort", name, problem, allowed="one JSON object a line", hint="is the name right?")
    lines.give_back(block)
    return list(found)


def json_chunks(lines: Lines, columns: Sequence[str], renamed: dict[str, str]) -> Iterator[Chunk]:
    """The rows of all lines."""
    first = 1
    while block := lines.block():
        broken: list[Broken] = []
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        for number, line in enumerate(block, first):
            row = _row(number, line, columns, renamed)
            if isinstance(row, Broken):
                broken.append(row)
            else:
                rows.append([row.get(name) for name in columns])
                numbers.append(number)
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
        yield _chunk(frame, numbers, first, broken, lines.done)
        first += len(block)


def _row(number: int, line: str, columns: Sequence[str], renamed: dict[str, str]) -> dict[str, str | None] | Broken:
    """The cells of one line by column, or what is wrong with it."""
    found, raw = _object(line), visible(line.rstrip("\r\n"))
    if isinstance(found, str):
        return Broken(number, {}, raw, None, NOT_JSON, found)
    cells = {renamed.get(key, key): value for key, value in found.items()}
    named = {name: visible(str(value)) for name, value in cells.items() if name in columns and value is not None}
    if set(cells) - set(columns):
        return Broken(number, named, raw, None, RAGGED, "the object has a key that the first ones do not have")
    for column, value in cells.items():
        if isinstance(value, list | dict):
            return Broken(number, named, raw, column, NOT_JSON, "the value is a list or an object")
    texts = {name: _as_text(value) for name, value in cells.items()}
    return _unfit(number, texts, named) or texts


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value).lower()


def _object(line: str) -> dict[str, Any] | str:
    """The object that a line holds, its numbers as they are written; or what is wrong with the line."""
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
    except _TwiceError:
        return "a key of the object is there twice"
    except (ValueError, RecursionError):
        return "the line is no JSON"
    return found if isinstance(found, dict) else "the line is no JSON object"


class _TwiceError(ValueError):
    """A key is there twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found
