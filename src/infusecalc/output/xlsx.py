"""A dated Course to a spreadsheet: the plan, what was found, and the sources, each on a sheet of its own.

Cells are typed and hold no formula: a text is written as a text, whatever it begins with. Equal input, equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from infusecalc.errors import BadInput, MissingExtra
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.flat import Record
from infusecalc.output.ical import told_stamp
from infusecalc.output.records import columns, document
from infusecalc.version import __version__

_DATES = ("date", "planned_date", "done")
_CREATED = datetime(1980, 1, 1, tzinfo=UTC)  # as the parts of the file have it, which is a ZIP file
_LONGEST = 32_767  # characters of a cell
_WIDEST = 60
_DAY_WIDTH = 11
_FINDING = ("severity", "code", "detail", "message", "infusions", "done", "accepted", "reason", "source")
_SOURCE = ("id", "title", "publisher", "date", "section", "url", "grade", "local")
_BLOCKED = "BLOCKED"


def workbook(answer: CourseAnswer) -> bytes:
    """The file; raises MissingExtra without XlsxWriter, BadInput for a text that no cell holds."""
    try:
        import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only this format needs it
    except ImportError:
        raise MissingExtra("a spreadsheet", "XlsxWriter", "xlsx") from None
    course, told, content = answer.course, document(answer.course), io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    stopped = ";".join(course.blocks)
    looks = {
        "head": {"bold": True, "bottom": 1, "num_format": "@"},
        "text": {"num_format": "@"},  # typed again it stays a text
        "date": {"num_format": "yyyy-mm-dd", "align": "left"},
        "stop": {"num_format": "@", "bold": True, "font_color": "#9C0006", "bg_color": "#FFC7CE"},
    }
    pen = _Pen({name: book.add_format(look) for name, look in looks.items()}, stopped, answer.foot)
    rows: Iterable[Record] = CourseAnswer(course).rows()
    pen.sheet(book, "plan", _marked(columns(course), stopped), (_marked(row, stopped) for row in rows))
    if answer.totals:
        sums = list(answer.rows())
        pen.sheet(book, "totals", tuple(sums[0]), sums)
    pen.sheet(book, "findings", _FINDING, map(_finding, told["findings"]))
    pen.sheet(book, "sources", _SOURCE, told["sources"])
    _set_properties(book, answer, told["table"])
    book.close()
    return content.getvalue()


def _marked(row: Any, stopped: str) -> Any:
    """A row, or the names of its columns, with the mark of a plan that is blocked before all else."""
    if not stopped:
        return row
    return {_BLOCKED: stopped} | row if isinstance(row, dict) else (_BLOCKED, *row)


def _finding(found: Record) -> Record:
    """A finding with one value in a cell."""
    done, infusions = found["done"], found["infusions"]
    listed = None if infusions is None else ";".join(map(str, infusions))
    return found | {"infusions": listed, "done": done and (done["date"] or "yes")}


def _set_properties(book: Any, answer: CourseAnswer, table: Record) -> None:
    """What the file says of itself: the program, the table, the day that was named, and whether the plan is blocked."""
    title = f"{_BLOCKED}: infusion plan" if answer.blocks else "Infusion plan"
    program = f"infusecalc {__version__}"
    created = (told_stamp() or _CREATED).replace(tzinfo=None)
    book.set_properties({"title": title, "author": program, "comments": answer.foot, "created": created})
    known = {"program": program} | {f"table {name}": value for name, value in table.items()}
    for name, value in known.items():
        if value is not None:
            book.set_custom_property(name, value, "text")


class _Pen:
    """Writes sheets, every one with the same looks."""

    def __init__(self, looks: dict[str, Any], stopped: str, foot: str) -> None:
        self._looks, self._stopped, self._foot = looks, stopped, foot

    def sheet(self, book: Any, name: str, names: Iterable[str], rows: Iterable[Record]) -> None:
        """A sheet with a header that stays in sight, also on paper."""
        page, heads, count = book.add_worksheet(name), tuple(names), 0
        widths = [len(head) for head in heads]
        for place, head in enumerate(heads):
            page.write_string(0, place, head, self._looks["stop" if head == _BLOCKED else "head"])
        for count, row in enumerate(rows, 1):
            for place, head in enumerate(heads):
                widths[place] = max(widths[place], self._write(page, (count, place), head, row[head]))
        for place, width in enumerate(widths):
            page.set_column(place, place, min(width, _WIDEST) + 2)
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{count + 1}"})
        page.freeze_panes(1, 1 if heads[0] == _BLOCKED else 0)
        page.repeat_rows(0)
        page.set_landscape()
        page.set_footer(f"&L{self._foot[:200]}&R&P / &N")
        if self._stopped:
            page.set_tab_color("red")
            page.set_header(f"&C{_BLOCKED} by {self._stopped[:200]}")

    def _write(self, page: Any, place: tuple[int, int], head: str, value: Any) -> int:
        """Write a value as what it is, and tell how wide it is."""
        if value is None:
            return 0
        if isinstance(value, bool):
            page.write_boolean(*place, value)
        elif isinstance(value, int | float):
            page.write_number(*place, value)
        elif head in _DATES and (day := _day(value)):
            page.write_datetime(*place, day, self._looks["date"])
            return _DAY_WIDTH
        else:
            if len(value) > _LONGEST:
                problem, allowed = "cannot be written: a text is too long for a cell", f"up to {_LONGEST:,} characters"
                raise BadInput("`format_`", "xlsx", problem, detail=f": {head}", allowed=allowed, hint="write json")
            page.write_string(*place, value, self._looks["stop" if head == _BLOCKED else "text"])
        return len(str(value))


def _day(text: str) -> date | None:
    """A day; None for a source's date that is a month, a year or not known."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
