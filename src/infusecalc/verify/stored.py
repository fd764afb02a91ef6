"""A file of a plan, JSON or CSV, to the courses in it: each infusion as plain values. Nothing of the engine is used."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from infusecalc.errors import BadInput, shown
from infusecalc.frozen import Frozen
from infusecalc.verify.kinds import CSV_ALONE, EXTRA, FINDING, HEADS, INFUSION, from_text

Record = dict[str, Any]
_MORE = "give the JSON or CSV of schedule, or the CSV of batch"
_SCHEDULE, _OWN = "infusecalc.schedule/", "infusecalc."
_NAMED = 4  # missing columns that a message names
_COLUMNS = INFUSION | HEADS | CSV_ALONE
_OTHER = {b"PAR1": "Parquet", b"PK\x03\x04": "a spreadsheet", b"%PDF": "a PDF"}
"""How files begin that are not text, and what they are."""
_UNREAD = "which verify does not read"


class StoredCourse(Frozen):
    """One patient's infusions, in the order of the file; `lines` are their lines, None in JSON."""

    heads: Record
    infusions: list[Record]
    lines: list[int | None]


class StoredFile(Frozen):
    """What a file holds: the document of a JSON, None for a CSV; no courses where it is another answer of ours."""

    name: str
    document: Record | None
    courses: list[StoredCourse]

    @property
    def form(self) -> str:
        """Its format."""
        return "csv" if self.document is None else "json"

    @property
    def blocks(self) -> tuple[str, ...]:
        """The keys of the findings that block in it, as it says itself."""
        if self.document is None:
            cells = (row.get("blocks") or "" for course in self.courses for row in course.infusions)
            return tuple(dict.fromkeys(key for cell in cells for key in cell.split(";") if key))
        stopping = (
            (each for each in self.document["findings"] if each.get("severity") == "block") if self.courses else ()
        )
        return tuple(
            dict.fromkeys(f"{each['code']}:{each['detail']}" if each["detail"] else each["code"] for each in stopping)
        )


def read_stored(name: str) -> StoredFile:
    """The plan in a file, or on standard input (`-`); raises BadInput for what is no whole plan of ours."""
    text = _text(name)
    base = "-" if name == "-" else os.path.basename(name)  # noqa: PTH119 - a name may be no path at all
    extension = os.path.splitext(base)[1].lower()  # noqa: PTH122 - a name may be no path at all
    if not text.strip():
        raise BadInput("file", name, "is empty", hint=_MORE)
    is_json = text.lstrip()[0] in "{["
    if (extension == ".csv" and is_json) or (extension == ".json" and not is_json):
        raise BadInput("file", name, f"is not what its extension {extension} says", hint=_MORE)
    return _json(name, base, text) if is_json else StoredFile(base, None, list(_csv(name, text)))


def _text(name: str) -> str:
    try:
        content = _bytes(name)
        _check_form(name, content)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("file", name, f"is not UTF-8 at byte {error.start}", hint=_MORE) from None
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'it is not a file name'}"
        hint = "check its name and its folder" if isinstance(error, FileNotFoundError) else _MORE
        raise BadInput("file", name, problem, hint=hint) from None
    if "\0" in text:
        raise BadInput("file", name, "is not text", hint=_MORE)
    return text


def _check_form(name: str, content: bytes) -> None:
    """Refuse with BadInput a file of another format, by how it begins."""
    form = next((form for start, form in _OTHER.items() if content.startswith(start)), None)
    if form:
        raise BadInput("file", name, f"is {form}, {_UNREAD}", hint=_MORE)


def _bytes(name: str) -> bytes:
    if name != "-":
        with open(name, "rb") as file:  # noqa: PTH123 - a name may be no path at all
            return file.read()
    if sys.stdin is None:
        raise BadInput("standard input", None, "is closed", hint="name a file")
    return sys.stdin.buffer.read()


# --- JSON -------------------------------------------------------------------------------------------------


def _json(name: str, base: str, text: str) -> StoredFile:
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if _is_lines(error, text):
            raise BadInput("file", name, f"is NDJSON, {_UNREAD}", hint=_MORE) from None
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else f": {error}"
        problem = f"is not a whole JSON document: it is cut off or damaged{where}"
        raise BadInput("file", name, problem, hint="take the file as it was written") from None
    schema = found.get("schema") if isinstance(found, dict) else None
    if isinstance(found, dict) and "resourceType" in found:
        raise BadInput("file", name, f"is FHIR, {_UNREAD}", hint=_MORE)
    if not isinstance(schema, str) or not schema.startswith(_OWN):
        raise BadInput("file", name, "is JSON, but not of infusecalc", hint=_MORE)
    if not schema.startswith(_SCHEDULE):
        return StoredFile(base, found, [])
    return StoredFile(base, found, [_course(name, found)])


def _is_lines(error: Exception, text: str) -> bool:
    """Whether a text has more JSON behind a whole one: NDJSON."""
    if not isinstance(error, json.JSONDecodeError) or error.msg != "Extra data":
        return False
    return text[error.pos :].startswith(("{", "["))


def _no_number(text: str) -> Any:
    message = f"{text} is not a number in JSON"
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name stands twice in one object"
        raise ValueError(message)
    return found


def _course(name: str, document: Record) -> StoredCourse:
    for part, kind in {"regimen": dict, "patient": dict, "product": dict, "table": dict, "totals": dict,
                       "infusions": list, "findings": list}.items():  # set in rows # fmt: skip
        if not isinstance(document.get(part), kind):
            raise BadInput("file", name, f"has no {part}, or not as schedule writes it", hint="is it whole?")
    infusions = document["infusions"]
    if not infusions or not all(isinstance(each, dict) for each in infusions):
        raise BadInput("file", name, "has no infusions, or not as schedule writes them", hint="is it whole?")
    for place, infusion in enumerate(infusions, 1):
        _check(name, f"infusion {place}", infusion, INFUSION)
    for place, finding in enumerate(document["findings"], 1):
        _check(name, f"finding {place}", finding if isinstance(finding, dict) else {}, FINDING)
    regimen, product = document["regimen"], document["product"]
    heads = {key: regimen.get(key) for key in ("drug", "indication", "label", "variant")}
    heads |= {"product": product.get("name"), "patient_id": document["patient"].get("id")}
    _check(name, "the regimen, the product or the patient", heads, HEADS)
    return StoredCourse(heads, infusions, [None] * len(infusions))


def _check(name: str, where: str, record: Record, kinds: dict[str, Callable[[Any], bool]]) -> None:
    """Refuse with BadInput a record that lacks a value, or has one of another kind."""
    for key, fits in kinds.items():
        if key not in record:
            raise BadInput("file", name, f"has no {key} in {where}", hint="is it whole?")
        if not fits(record[key]):
            problem = f"has {key} {shown(record[key])} in {where}, which is not how schedule writes it"
            raise BadInput("file", name, problem, hint="take the file as it was written")


# --- CSV --------------------------------------------------------------------------------------------------


def _csv(name: str, text: str) -> Iterator[StoredCourse]:
    """The courses of a CSV: a new one begins with another patient or regimen, or where the numbers begin again."""
    if not text.endswith(("\n", "\r")):
        hint = "take the file as it was written; if nothing is missing, end the last line"
        raise BadInput("file", name, "ends in the middle of a line", hint=hint)
    course: StoredCourse | None = None
    for line, row in _rows(name, text):
        cells = {key: _value(name, line, key, cell) for key, cell in row.items() if key in _COLUMNS | EXTRA}
        _check(name, f"line {line}", cells, _COLUMNS)
        heads = {key: cells[key] for key in HEADS}
        if course is None or course.heads != heads or cells["number"] <= course.infusions[-1]["number"]:
            if course:
                yield course
            course = StoredCourse(heads, [], [])
        course.infusions.append(cells)
        course.lines.append(line)
    if course is None:
        raise BadInput("file", name, "has a header and no infusion", hint=_MORE)
    yield course


def _rows(name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader)
        missing = [key for key in _COLUMNS if key not in header]
        if missing or len(set(header)) != len(header):
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            what = f"lacks the columns {', '.join(missing[:_NAMED])}{more}" if missing else "names a column twice"
            raise BadInput("file", name, f"is not a CSV file of schedule or batch: its header {what}", hint=_MORE)
        for row in reader:
            if len(row) != len(header):
                problem = f"has {len(row)} cells in line {reader.line_num}, and its header {len(header)}"
                raise BadInput("file", name, problem, hint="is it whole?")
            yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        hint = "give the file as it was written"
        raise BadInput("file", name, f"is not a whole CSV file: {error}", hint=hint) from None


def _value(name: str, line: int, key: str, cell: str) -> Any:
    try:
        return from_text(key, cell)
    except ValueError:
        problem = f"has {key} {shown(cell)} in line {line}, which is not how schedule writes it"
        raise BadInput("file", name, problem, hint="take the file as it was written") from None
