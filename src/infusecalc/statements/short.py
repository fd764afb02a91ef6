"""What the first screen says of a rule: a short text, of at most two lines with the code in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infusecalc.statements.statement import Statement

LINE, LINES = 80, 2
"""The columns of a screen, and the lines that a short text takes at most."""
_ENDS = 14
"""The columns that may stay empty where a line ends before a long word, and before the inset of the next."""
_DATE = len(" (2026-12-01)")
_CODES = {"screening": "screening:{}", "companions": "companion:{}", "premedication": "companion:premedication"}


class HasShorts(Statement):
    """A statement whose rules have short texts: they fit two lines of a screen, code and date included."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Each short text fits."""
        for part, code in _CODES.items():
            for name, rule in (getattr(self, part, None) or {}).items():
                yield from _too_long(f"{part}.{name}.short", code.format(name), rule)
        for rule in getattr(self, "judgement", None) or ():
            yield from _too_long("judgement", rule.finding, rule, _DATE if rule.at else 0)


def room(code: str, taken: int = 0) -> int:
    """The columns that a code leaves to its text."""
    return LINES * LINE - _ENDS - len(f"{code}: ") - taken


def _too_long(path: str, code: str, rule: Any, taken: int = 0) -> Iterator[tuple[str, str]]:
    left = room(code, taken)
    if rule.short is not None and len(rule.short) > left:
        problem = f"has a short text of {len(rule.short)} characters, which does not fit two lines (allowed: {left})"
        yield path, f"{problem}: {rule.short}"
