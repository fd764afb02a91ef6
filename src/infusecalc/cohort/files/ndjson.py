"""Lines of JSON objects, one patient a row, to chunks: numbers keep their text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from infusecalc.cohort.files.text import ONE_A_LINE, SIZE, Broken, Check, Reader, Record, RowFault, TextLines
from infusecalc.cohort.files.utf8 import is_text
from infusecalc.errors import BadInput


class _Fields(list[tuple[str, Any]]):
    """The fields of a JSON object, in order: a key that is there twice is seen."""


class _Double(str):
    """The text of a JSON number with a fraction or an exponent, or of NaN."""

    __slots__ = ()


_SIMPLE = {str, _Double, type(None)}
_DECODER = json.JSONDecoder(object_pairs_hook=_Fields, parse_float=_Double, parse_int=str, parse_constant=_Double)


class JsonReader(Reader):
    """Rows of JSON objects, one a line; numbers keep their text, a field that is null or absent is null."""

    def __init__(self, name: str, lines: TextLines, check: Check, rows: int, also: frozenset[str]) -> None:
        """Find the columns in the first lines, and add `also`; raises BadInput where these hold no object."""
        ahead = lines.ahead(rows, SIZE)
        if next(filter(None, (line.strip(" \t\r") for line in ahead)), "").startswith("["):
            raise BadInput("cohort", name, "is a JSON array", allowed="one object a line, {...}", hint=ONE_A_LINE)
        objects = [found for line in ahead if (found := _fields(line)) is not None]
        names = tuple(dict.fromkeys(key for found in objects for key, _ in found if is_text(key)))
        if not names:
            raise _no_objects(name, "".join(ahead).strip(" \t\r"))
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
            return (), line, (None, "not-json", "the line is not a JSON object")
        row = dict(fields)
        if len(row) == len(fields) and row.keys() <= self._names.keys() and set(map(type, row.values())) <= _SIMPLE:
            return self._with_id([*map(row.get, self._names), *self._more]), line, None
        return self._one_by_one(fields, line)

    def _one_by_one(self, fields: _Fields, line: str) -> Record:
        """A row of which some field is not simple, or not in its place."""
        cells: list[str | None] = [None] * len(self.columns)
        met: set[int] = set()
        fault: RowFault | None = None
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
                    fault = fault or (self.columns[place], "not-json", "the field is a list or an object")
                elif value is not None:
                    cells[place] = value if isinstance(value, str) else "true" if value else "false"
        return self._with_id(cells), line, fault

    def _with_id(self, cells: list[str | None]) -> list[str | None]:
        """Cells of which an id that was a number is without decimals where it is whole, and none where it is NaN."""
        if self._id is not None and isinstance(found := cells[self._id], _Double):
            cells[self._id] = None if found == "NaN" else found.removesuffix(".0")
        return cells


def _no_objects(name: str, text: str) -> BadInput:
    """What is wrong with a file in whose first lines no JSON object stands."""
    if text.startswith("{") and not text.startswith("{}"):
        return BadInput("cohort", name, "has a JSON object that runs over several lines", hint=ONE_A_LINE)
    problem = "has no JSON object with a field in its first lines" if text else "is empty"
    return BadInput("cohort", name, problem, hint="write one object a line, {...}; or name its format with `from_`")


def _unknown(key: str) -> tuple[None, str, str]:
    if is_text(key):
        return None, "ragged", "the row has a field that the first rows do not have"
    return None, "not-utf8", "the name of a field is not in UTF-8"


def _fields(line: str) -> _Fields | None:
    try:
        found = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, _Fields) else None
