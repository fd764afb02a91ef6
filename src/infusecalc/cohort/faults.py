"""What is wrong with a row to a fault: column, code and a reason that holds no value of the row."""

from __future__ import annotations

from collections.abc import Callable

from infusecalc.errors import BadInput, UnknownName
from infusecalc.frozen import Frozen

MISSING, UNREADABLE, OUTSIDE = "missing", "unreadable", "out-of-range"
UNKNOWN, CONFLICT, NOT_PLANNED = "unknown", "conflict", "not-planned"


class RowFault(Frozen):
    """Why a row is rejected: the column (empty where it is no single one), a short code, and the reason in words."""

    column: str
    code: str
    reason: str


NO_HEIGHT = RowFault(
    "height_cm", MISSING, "height is missing: the dose depends on the BSA, which needs height_cm or bsa_m2"
)


def fault_of(error: BadInput, column: str, code: str = UNREADABLE) -> RowFault:
    """A refusal of one value as the fault of a row, without the values."""
    return RowFault(column, UNKNOWN if isinstance(error, UnknownName) else code, error.reason)


class Faults:
    """Every kind of fault that was met, known by its place: a column of small numbers marks the rows."""

    def __init__(self) -> None:
        """Begin with none."""
        self.known: list[RowFault] = []
        self.worded: Callable[[str], str] = str  # how reasons are told: the command line names its options
        self._places: dict[RowFault, int] = {}

    def place(self, fault: RowFault) -> int:
        """The number that marks a fault."""
        if fault not in self._places:
            self._places[fault] = len(self.known)
            self.known.append(fault)
        return self._places[fault]
