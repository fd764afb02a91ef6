"""What a page is made of: headings, lines, pairs, tables and findings, before anything decides how they look."""

from __future__ import annotations

from collections.abc import Sequence

from infusecalc.findings import Finding
from infusecalc.frozen import Frozen

TITLE, SECTION = 1, 2


class Heading(Frozen):
    """A line that stands out: a title, or the head of a section."""

    text: str
    level: int = SECTION


class Lines(Frozen):
    """Lines of prose; `listed` ones belong to the heading above them, one by one."""

    lines: tuple[str, ...]
    listed: bool = False


class Pairs(Frozen):
    """Names, each with what there is to say of it."""

    rows: tuple[tuple[str, str], ...]
    inset: bool = False


class Rows(Frozen):
    """A table: heads, rows, and the columns that stand to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: Sequence[int] = ()


class Findings(Frozen):
    """Findings, gravest first, each with the text that people read."""

    rows: tuple[tuple[Finding, str], ...]


class Sources(Frozen):
    """Sources: id, grade (with `local` where a site's own file brought it), title."""

    rows: tuple[tuple[str, str, str], ...]


Block = Heading | Lines | Pairs | Rows | Findings | Sources
