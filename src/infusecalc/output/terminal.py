"""The blocks of a page to what a nurse reads: aligned text that fits 80 columns, in ASCII, with or without colour."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import assert_never

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from infusecalc.findings import Finding
from infusecalc.output.blocks import TITLE, Block, Findings, Heading, Lines, Pairs, Rows, Sources
from infusecalc.table import cited

_STYLES = {"block": "bold red", "caution": "yellow", "info": ""}
_NAMES = {"block": "BLOCK", "caution": "CAUTION", "info": "info"}
_TRAILING = re.compile(r" +$", re.MULTILINE)


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
        self._console.print(Text(text, "bold"))

    def line(self, text: str = "", indent: int = 0) -> None:
        """A line of prose, wrapped under its own indent."""
        self._print(Text(text, overflow="fold"), indent)

    def grid(self, rows: Iterable[Sequence[str | Text]], right: Sequence[int] = (), indent: int = 0) -> None:
        """Aligned columns, those in `right` to the right; the last one wraps."""
        listed = list(rows)
        if not listed:
            return
        grid = Grid.grid(padding=(0, 2, 0, 0))
        last = len(listed[0]) - 1
        for index in range(last + 1):
            grid.add_column(justify="right" if index in right else "left", no_wrap=index < last, overflow="fold")
        for row in listed:
            grid.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        self._print(grid, indent)

    def _print(self, what: RenderableType, indent: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, indent)) if indent else what)

    def text(self) -> str:
        """All of the page, without trailing spaces."""
        return _TRAILING.sub("", self._out.getvalue())


def draw(blocks: Iterable[Block], width: int, *, colour: bool) -> str:
    """A page of blocks as text; sections are set apart by an empty line."""
    page = Page(width, colour=colour)
    inside = False
    for block in blocks:
        if isinstance(block, Heading):
            if block.level != TITLE:
                page.line()
            page.heading(block.text)
            inside = block.level != TITLE
        elif isinstance(block, Lines):
            if inside and not block.listed:
                page.line()
            for line in block.lines:
                page.line(line, indent=2 if block.listed else 0)
        else:
            _grid(page, block)
    return page.text()


def _grid(page: Page, block: Pairs | Rows | Findings | Sources) -> None:
    if isinstance(block, Pairs):
        page.grid(block.rows, indent=2 if block.inset else 0)
    elif isinstance(block, Rows):
        heads: list[Sequence[str | Text]] = [tuple(Text(head, "bold") for head in block.heads)]
        page.grid(heads + list(block.rows), right=block.right)
    elif isinstance(block, Findings):
        page.grid([_finding(finding, text) for finding, text in block.rows])
    elif isinstance(block, Sources):
        page.grid([(grade, f"{name}: {title}") for name, grade, title in block.rows])
    else:
        assert_never(block)


def _finding(finding: Finding, text: str) -> tuple[Text, Text]:
    name = Text(_NAMES[finding.severity], _STYLES[finding.severity])
    about = "" if finding.infusions is None else f" [infusions {_ranges(finding.infusions)}]"
    return name, Text(f"{finding.key}: {text}{about} ({cited(finding.source)})")


def _ranges(numbers: tuple[int, ...]) -> str:
    """Ascending numbers as `1 to 3, 5`; `none` where there are none."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans) or "none"
