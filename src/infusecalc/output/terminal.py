"""The blocks of a page to what a nurse reads: aligned text that fits 80 columns, in ASCII, with or without colour."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from infusecalc.findings import Finding
from infusecalc.output import phrases
from infusecalc.output.blocks import (
    SECTION,
    TITLE,
    Banner,
    Block,
    Findings,
    Heading,
    Lines,
    Mark,
    Months,
    Pairs,
    Rows,
    Sources,
    Timeline,
    unbroken,
)
from infusecalc.output.calendar import Month, months, places, weekdays

_STYLES = {"block": "bold red", "caution": "yellow", "info": ""}
_NAMES = {"block": "BLOCK", "caution": "CAUTION", "info": "info"}
_FOLDED = 12  # columns that a cell has at least before it is folded
_TRAILING = re.compile(r" +$", re.MULTILINE)
_KEPT = "\ue000"  # a space at which no line ends, while a page is set


class Page:
    """A page of text under way: headings, lines and grids, rendered at the end."""

    def __init__(self, width: int, *, colour: bool) -> None:
        """Start an empty page of a width in columns."""
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )

    def heading(self, text: str) -> None:
        """A line that stands out."""
        self._console.print(Text(_whole(text), "bold"))

    def banner(self, lines: Iterable[str]) -> None:
        """Lines above all else, as a block is coloured, with an empty line below."""
        for line in lines:
            self._print(Text(_whole(line), _STYLES["block"], overflow="fold"), 0)
        self.line()

    def line(self, text: str = "", indent: int = 0) -> None:
        """A line of prose, wrapped under its own indent."""
        self._print(Text(_whole(text), overflow="fold"), indent)

    def hanging(self, text: str) -> None:
        """A line of prose, wrapped under an indent of its own."""
        for line in textwrap.wrap(_whole(text), self._console.width, subsequent_indent="  "):
            self.line(line)

    def grid(
        self,
        rows: Iterable[Sequence[str | Text]],
        right: Sequence[int] = (),
        indent: int = 0,
        folds: Sequence[int] = (),
    ) -> None:
        """Aligned columns, those in `right` to the right; the last one wraps, and those in `folds`."""
        listed = [[Text(_whole(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows]
        if not listed:
            return
        last = len(listed[0]) - 1
        grid = Grid.grid(padding=(0, self._between(listed, indent, folds), 0, 0))
        for index in range(last + 1):
            justify: Any = "right" if index in right else "left"
            least = min(_FOLDED, max(len(row[index]) for row in listed)) if index in folds else None
            wraps = index == last or index in folds
            grid.add_column(justify=justify, no_wrap=not wraps, min_width=least, overflow="fold")
        for row in listed:
            grid.add_row(*row)
        self._print(grid, indent)

    def _between(self, rows: list[list[Text]], indent: int, folds: Sequence[int]) -> int:
        """The spaces between columns: two, or one in a table whose last column would have a word broken."""
        *columns, last = zip(*rows, strict=True)
        wide = [max(map(len, cells)) for cells in columns]
        taken = indent + sum(min(_FOLDED, each) if index in folds else each for index, each in enumerate(wide))
        room = self._console.width - taken - max(len(word) for cell in last for word in cell.plain.split(" "))
        return 1 if len(columns) > 1 and room < 2 * len(columns) else 2

    def _print(self, what: RenderableType, indent: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, indent)) if indent else what)

    def text(self) -> str:
        """All of the page, without trailing spaces."""
        return _TRAILING.sub("", self._out.getvalue().replace(_KEPT, " "))


def _whole(text: str) -> str:
    """Text in which no line ends between a number and its unit."""
    return unbroken(text, _KEPT)


def without_infos(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without what is only to be known, which is named, and without the heads of what is left empty."""
    waiting: list[Block] = []
    for block in blocks:
        shown = [block]
        if isinstance(block, Findings):
            kept = tuple(row for row in block.rows if row[0].severity != "info")
            left = dict.fromkeys(finding.key for finding, _ in block.rows if finding.severity == "info")
            named = [Lines((f"left out (--quiet): {', '.join(left)}",), tight=True)] if left else []
            shown = [*([block.but(rows=kept)] if kept else ()), *named]
            waiting = waiting if kept else []
        yield from waiting
        waiting = [block] if isinstance(block, Heading) else []
        yield from () if waiting else shown
    yield from waiting


def draw(blocks: Iterable[Block], width: int, *, colour: bool) -> str:
    """A page of blocks as text; sections are set apart by an empty line."""
    page = Page(width, colour=colour)
    inside = False
    for block in blocks:
        if isinstance(block, Banner):
            page.banner(block.lines)
        elif isinstance(block, Heading):
            if block.level == SECTION:
                page.line()
            page.heading(block.text)
            inside = block.level != TITLE
        elif isinstance(block, Lines):
            if inside and not (block.listed or block.tight):
                page.line()
            for line in block.lines:
                page.line(line, indent=2 if block.listed else 0)
        else:
            _grid(page, block)
    return page.text()


def _grid(page: Page, block: Pairs | Rows | Findings | Sources | Timeline | Months) -> None:
    if isinstance(block, Pairs):
        page.grid(block.rows, indent=2 if block.inset else 0)
    elif isinstance(block, Rows):
        heads: list[Sequence[str | Text]] = [tuple(Text(head, "bold") for head in block.heads)]
        page.grid(heads + list(block.rows), right=block.right, folds=block.folds)
    elif isinstance(block, Findings) and block.brief:
        _brief(page, block)
    elif isinstance(block, Findings):
        page.grid([_finding(finding, text) for finding, text in block.rows])
    elif isinstance(block, Timeline):
        _timeline(page, block.marks)
    elif isinstance(block, Months):
        _months(page, block)
    elif isinstance(block, Sources):
        page.grid([(grade, f"{name}: {title}") for name, grade, title in block.rows])
    else:
        assert_never(block)


def _finding(finding: Finding, text: str) -> tuple[Text, Text]:
    name = Text(_NAMES[finding.severity], _STYLES[finding.severity])
    return name, Text(_whole(f"{finding.key}: {text}{phrases.about(finding)} ({phrases.cited(finding.source)})"))


def _brief(page: Page, block: Findings) -> None:
    """Findings of a first screen: what asks for a second look, what is to be known one a line, without sources."""
    grave = [(finding, text) for finding, text in block.rows if finding.severity != "info"]
    if not block.tight:
        page.line()
    page.grid([_grave(finding, text) for finding, text in grave])
    for finding, text in block.rows:
        if finding.severity == "info":
            page.hanging(f"{finding.key}: {text}")


def _grave(finding: Finding, text: str) -> tuple[Text, Text]:
    name = Text(_NAMES[finding.severity], _STYLES[finding.severity])
    return name, Text(_whole(f"{finding.key}: {text}{phrases.about(finding)}"))


_LINE = 60  # columns of a line of time
_ABREAST = 3  # months beside each other


def _timeline(page: Page, marks: tuple[Mark, ...]) -> None:
    """A line with a mark for each infusion, `o` for one that is only given if needed."""
    line = ["-"] * (_LINE + 1)
    for mark, place in zip(marks, places(marks, _LINE), strict=True):
        line[place] = "o" if mark.optional else "*"
    page.line("".join(line), indent=2)
    first, last = str(marks[0].date), str(marks[-1].date)
    page.line(f"{first}{last:>{_LINE + 1 - len(first)}}", indent=2)


def _months(page: Page, block: Months) -> None:
    """Months beside each other, the days of infusions in brackets."""
    names = weekdays(block)
    drawn = [_month(month, names) for month in months(block)]
    for start in range(0, len(drawn), _ABREAST):
        abreast = drawn[start : start + _ABREAST]
        height = max(map(len, abreast))
        for row in range(height):
            page.line("  ".join(month[row] if row < len(month) else " " * 24 for month in abreast).rstrip(), indent=2)
        page.line()


def _month(month: Month, names: Sequence[str]) -> list[str]:
    """The lines of one month, each as wide as the others."""
    lines = [month.name, "".join(f" {day[:2]}" for day in names)]
    for week in month.weeks:
        cells = ""
        for day in week:
            number = f"{day.day or '':>2}"
            cells = (
                f"{cells}[{number}]"
                if day.mark
                else f"{cells[:-1] if cells.endswith('] ') else cells}{_gap(cells)}{number}"
            )
        lines.append(cells)
    return [f"{line:<24}" for line in lines]


def _gap(before: str) -> str:
    """What stands before a day: the bracket of the day before takes the place of the space."""
    return "" if before.endswith("]") else " "
