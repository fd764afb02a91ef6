"""What was given so far, from options or a CSV file, to a history: dates and amounts, in order."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterable
from itertools import pairwise

from infusecalc.dates import parse_date
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.options import GIVEN as FORM
from infusecalc.quantities import parse_amount, plain

_LARGEST = 1_000_000  # bytes: no patient's history is as long
_MORE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[^0-9T].*", re.ASCII)  # and behind a date something that is no time
COLUMNS = ("date", "dose_mg")
"""The columns of a history file; the second may be absent or empty."""


class Given(Frozen):
    """One infusion that was given: its date, and its amount in 0.01 mg where it was said.

    `due` is the date that it had in the plan counted from the infusion before it; None for the first, and before there
    is a plan.
    """

    date: dt.date
    amount: int | None
    due: dt.date | None = None

    def __str__(self) -> str:
        """As `--given` has it: `2026-01-05`, or `2026-01-05:350mg`."""
        return str(self.date) if self.amount is None else f"{self.date}:{plain(self.amount)}mg"


def read_given(texts: Iterable[str | dt.date]) -> tuple[Given, ...]:
    """Infusions from dates, `DATE` or `DATE:MG`, as in 2026-01-05:350mg, in order of their dates; raises BadInput."""
    found = []
    for text in map(str, texts):
        day, colon, amount = text.partition(":")
        if colon and not amount.strip(" "):
            raise BadInput("`given`", text, "has no dose after the colon", allowed=FORM)
        if _MORE.fullmatch(day.strip(" ")):
            raise BadInput("`given`", text, "is neither a date nor a date with a dose", allowed=FORM)
        found.append(Given(parse_date(day.strip(" "), "`given`"), parse_amount(amount, "`given`") if colon else None))
    return _in_order(found, "`given`")


def read_history(name: str) -> tuple[Given, ...]:
    """Infusions from a CSV file, or standard input (`-`), with `date` and, where known, `dose_mg`; raises BadInput."""
    import csv  # noqa: PLC0415 - only a file needs it

    hint = f"give a CSV file with the header {','.join(COLUMNS)}"
    try:
        rows = list(csv.reader(_text(name, hint).splitlines()))
    except csv.Error as error:
        raise BadInput("`history`", name, "is not a CSV file", detail=f": {error}", hint=hint) from None
    header = [head.strip(" ").lower() for head in rows[0]] if rows else []
    if "date" not in header or not set(header) <= set(COLUMNS) or len(set(header)) != len(header):
        detail = f": {','.join(header) or 'nothing'}"
        allowed = " or ".join(("date", ",".join(COLUMNS)))
        raise BadInput("`history`", name, "has a wrong header", detail=detail, allowed=allowed)
    found = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip(" ") for cell in row):
            continue
        if len(row) != len(header):
            problem = f"has {len(row)} cells in line {number}"
            raise BadInput("`history`", name, problem, allowed=str(len(header)))
        cells = dict(zip(header, (cell.strip(" ") for cell in row), strict=True))
        amount = cells.get("dose_mg")
        what = f"`history` line {number}"
        found.append(Given(parse_date(cells["date"], what), parse_amount(amount, what) if amount else None))
    if not found:
        raise BadInput("`history`", name, "has no infusion", hint=hint)
    return _in_order(found, "`history`")


def _text(name: str, hint: str) -> str:
    try:
        content = _bytes(name)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("`history`", name, f"is not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'it is not a file name'}"
        raise BadInput("`history`", name, problem, hint=hint) from None
    if len(content) > _LARGEST or "\0" in text:
        raise BadInput("`history`", name, "is over 1 MB, or not text", hint=hint)
    return text


def _bytes(name: str) -> bytes:
    """What a file, or standard input (`-`), holds, up to one byte more than is taken."""
    if name != "-":
        with open(name, "rb") as file:  # noqa: PTH123 - a name may be no path at all
            return file.read(_LARGEST + 1)
    if sys.stdin is None:
        raise BadInput("standard input", None, "is closed", hint="name a file")
    return sys.stdin.buffer.read(_LARGEST + 1)


def _in_order(found: list[Given], what: str) -> tuple[Given, ...]:
    listed = sorted(found, key=lambda given: given.date)
    for one, other in pairwise(listed):
        if one.date == other.date:
            raise BadInput(what, one.date, "is given twice", hint="give one infusion for each date")
    return tuple(listed)
