"""What is wrong with a row to a fault: column, code and a reason that holds no value of the row."""

from __future__ import annotations

import re

from infusecalc.errors import BadInput, UnknownName
from infusecalc.frozen import Frozen

MISSING, UNREADABLE, OUTSIDE = "missing", "unreadable", "out-of-range"
UNKNOWN, CONFLICT, NOT_PLANNED = "unknown", "conflict", "not-planned"

_QUOTED = re.compile(r":? ?'.*'")
_OF_DRUG = re.compile(r" of \S+$")
_HOLES = {"the product that names": "the one that the column drug names", "the unknown unit": "an unknown unit"}
"""How a sentence goes on where a value was taken out of it."""
_DAY = re.compile(r",? [0-9]{4}-[0-9]{2}-[0-9]{2}")


class RowFault(Frozen):
    """Why a row is rejected: the column (empty where it is no single one), a short code, and the reason in words."""

    column: str
    code: str
    reason: str


def fault_of(error: BadInput, column: str, code: str = UNREADABLE) -> RowFault:
    """A refusal of one value as the fault of a row; what the value was is left out, and every date."""
    problem = _DAY.sub("", _QUOTED.sub("", error.problem))
    for hole, mended in _HOLES.items():
        problem = problem.replace(hole, mended)
    reason = f"{_OF_DRUG.sub('', error.what)} {problem}" + (f" (allowed: {error.allowed})" if error.allowed else "")
    if error.hint and not _DAY.search(f" {error.hint}"):
        reason += f"; {error.hint}"
    return RowFault(column, UNKNOWN if isinstance(error, UnknownName) else code, reason)


class Faults:
    """Every kind of fault that was met, known by its place: a column of small numbers marks the rows."""

    def __init__(self) -> None:
        """Begin with none."""
        self.known: list[RowFault] = []
        self._places: dict[RowFault, int] = {}

    def place(self, fault: RowFault) -> int:
        """The number that marks a fault."""
        if fault not in self._places:
            self._places[fault] = len(self.known)
            self.known.append(fault)
        return self._places[fault]
