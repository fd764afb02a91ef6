"""What a page is made of: headings, lines, pairs, tables and findings, before anything decides how they look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from infusecalc.findings import Finding
from infusecalc.frozen import Frozen

TITLE, SECTION, PART = 1, 2, 3
"""How a heading stands out; a part is not set apart by an empty line."""
_UNITS = r"(?:mg|mL|kg|lb|cm|m2|h|min|hours?|minutes?|days?|weeks?|months?|years?|micrometre)\b"
_WITHIN = re.compile(rf"(?<=\d) (?={_UNITS}|%|x \d)|(?<=\d x) (?=\d)|(?<=\d h) (?=\d+ min\b)")


def unbroken(text: str, space: str = "\u00a0") -> str:
    """Text in which no line ends between a number and its unit: the `space` there is one that keeps them together."""
    return _WITHIN.sub(space, text)


class Heading(Frozen):
    """A line that stands out: a title, or the head of a section.

    On paper the sections from one that is `beside` stand in two columns, up to one that is not; one that is
    `overleaf` begins a page, and it and all below are in small print, in columns too.
    """

    text: str
    level: int = SECTION
    beside: bool = False
    overleaf: bool = False


class Banner(Frozen):
    """What stands above all else, even the title: that a plan is blocked, and by what."""

    lines: tuple[str, ...]


class Lines(Frozen):
    """Lines of prose; `listed` ones belong to the heading above them, one by one; `tight` ones are not set apart."""

    lines: tuple[str, ...]
    listed: bool = False
    tight: bool = False


class Pairs(Frozen):
    """Names, each with what there is to say of it."""

    rows: tuple[tuple[str, str], ...]
    inset: bool = False


class Rows(Frozen):
    """A table: heads, rows, and the columns to the right; `boxes` are cells to write in, `large` is set large.

    Where it is `narrow`, the last column has the room: the others are as wide as their heads.
    On a terminal the last column wraps, and those in `folds` do; the others keep their width.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: Sequence[int] = ()
    boxes: bool = False
    large: bool = False
    narrow: bool = False
    folds: Sequence[int] = ()

    def without_empty(self) -> Rows:
        """The table without columns that have neither a head nor a word."""
        full = [index for index, head in enumerate(self.heads) if head or any(row[index] for row in self.rows)]
        return Rows(
            tuple(self.heads[index] for index in full),
            tuple(tuple(row[index] for index in full) for row in self.rows),
            tuple(place for place, index in enumerate(full) if index in self.right),
            self.boxes,
            self.large,
            self.narrow,
            tuple(place for place, index in enumerate(full) if index in self.folds),
        )


class Findings(Frozen):
    """Findings, gravest first, each with the text that people read; `brief` ones are those of a first screen.

    `tight` ones are not set apart.
    """

    rows: tuple[tuple[Finding, str], ...]
    brief: bool = False
    tight: bool = False


class Sources(Frozen):
    """Sources: id, grade (with `local` where a site's own file brought it), title."""

    rows: tuple[tuple[str, str, str], ...]


class Mark(Frozen):
    """A day of an infusion: its date, its number, what it is, and whether it is only given if needed."""

    date: date
    number: int
    text: str
    optional: bool


class Timeline(Frozen):
    """The infusions of a course along a line of time."""

    marks: tuple[Mark, ...]


class Months(Frozen):
    """The months of a course, with the days of its infusions marked; weeks begin on a weekday, 0 for Monday."""

    marks: tuple[Mark, ...]
    first_weekday: int = 0


Block = Banner | Heading | Lines | Pairs | Rows | Findings | Sources | Timeline | Months
