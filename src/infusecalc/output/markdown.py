"""The blocks of a page to Markdown: the same facts as the terminal view, as a wiki or a mail shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from infusecalc.errors import escape
from infusecalc.findings import Finding
from infusecalc.output import phrases
from infusecalc.output.blocks import Banner, Block, Findings, Heading, Lines, Months, Pairs, Rows, Sources, Timeline
from infusecalc.output.calendar import months, weekdays

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~!&])")


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", escape(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def draw(blocks: Iterable[Block]) -> str:
    """A page of blocks as Markdown, each set apart by an empty line."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {block.text}"
    elif isinstance(block, Banner | Lines):
        yield from _prose(block)
    elif isinstance(block, Pairs):
        yield from (f"- {name}: {plain(text)}" for name, text in block.rows)
    elif isinstance(block, Rows):
        yield from table([head or "!" for head in block.heads], ([plain(cell) for cell in row] for row in block.rows))
    elif isinstance(block, Findings):
        heads = ("severity", "finding", "message", "infusions", "source")
        yield from table(heads, (_finding(finding, text) for finding, text in block.rows))
    elif isinstance(block, Timeline):
        rows = ((str(mark.number), str(mark.date), plain(mark.text)) for mark in block.marks)
        yield from table(("#", "date", "infusion"), rows)
    elif isinstance(block, Months):
        for month in months(block):
            cells = ((f"**{day.day}**" if day.mark else str(day.day or "") for day in week) for week in month.weeks)
            yield from (month.name, "", *table(weekdays(block), (list(week) for week in cells)), "")
    elif isinstance(block, Sources):
        yield from table(("id", "grade", "title"), ((name, grade, plain(title)) for name, grade, title in block.rows))
    else:
        assert_never(block)


def _prose(block: Banner | Lines) -> Iterator[str]:
    if isinstance(block, Banner):
        yield "\n\n".join(f"**{plain(line)}**" for line in block.lines)
    else:
        yield from (f"- {plain(line)}" if block.listed else plain(line) for line in block.lines)


def _finding(finding: Finding, text: str) -> tuple[str, ...]:
    numbers = "all" if finding.infusions is None else ", ".join(map(str, finding.infusions))
    return finding.severity, plain(finding.key), plain(text), numbers, plain(phrases.cited(finding.source))
