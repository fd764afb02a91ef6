"""A verified plan as an answer: the verdict, the differences, and what was not compared, as data and as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infusecalc.errors import escape
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Pairs
from infusecalc.output.flat import FORMULA_STARTS, Record
from infusecalc.output.request import HASH, content_sha256
from infusecalc.table import Table
from infusecalc.verify.arithmetic import Deviation
from infusecalc.verify.checked import AGREES, ANOTHER, DIFFERS, NOT_CHECKABLE, SITE, TABLE_DIFFERS, Verified

_PARTS = ";"  # between what several values share a cell
_LONGEST = 60  # characters of a value on a page
_SAYS = {
    AGREES: "nothing differs when it is calculated and planned again",
    DIFFERS: "values differ when they are calculated or planned again",
    TABLE_DIFFERS: "the plan was made with another table than the one in force",
    NOT_CHECKABLE: "the plan cannot be checked against the table in force",
}
_HINTS = {
    SITE: "It was made with a site's table: name that file with --regimens.",
    ANOTHER: "Differences in the plan may come from the table; see: infusecalc regimens show.",
}
_IN_PART = "partly checked: nothing differs in what could be compared; what was NOT compared stands below"
_IN_WORDS = {
    "bag, beyond its concentration": "bag size (only its concentration is compared)",
    "rounding, beyond what the findings say": "rounding (only what the findings say of it is compared)",
    "weights, beyond the doses that follow from them": "weights (only the doses that follow from them are compared)",
    "horizon": "length of the plan",
    "table": "table that the plan was made with",
    HASH: "hash of the content",
}
"""What data calls a thing that was not compared, where people read it in other words."""
_BECAUSE = {
    "csv": "NOT compared: a CSV does not hold what these are calculated from (the JSON of schedule does)",
    "json": "NOT compared, because this file does not hold all of it",
}
_NO_SEAL = (
    "The check number (hash) of the content finds accidental changes; it does not protect against deliberate ones."
)


class VerifyAnswer(Answer):
    """What `verify` answers."""

    def __init__(self, verified: Verified, table: Table) -> None:
        """A verified plan, and the table in force."""
        self.verified, self.table = verified, table
        self.failed = None if verified.verdict == AGREES else f"{verified.verdict}: {_SAYS[verified.verdict]}"
        self.foot = f"Regimen table {table.version}"
        self.note = _blocked(verified)

    def document(self) -> Record:
        """`infusecalc.verify/1`."""
        found, stored = self.verified, self.verified.file.document
        table = stored.get("table") if stored else None
        local = [file.sha256 for file in self.table.files if file.local]
        return {
            "schema": "infusecalc.verify/1",
            "verdict": found.verdict,
            "reason": found.reason,
            "file": {"name": found.file.name, "format": found.file.form},
            "courses": len(found.file.courses),
            "infusions": sum(len(course.infusions) for course in found.file.courses),
            "table": {
                "is": found.table,
                "stored": table if isinstance(table, dict) else None,
                "version": self.table.version,
                "sha256": self.table.files[0].sha256,
                "local_sha256": local[0] if local else None,
            },
            "content": {"stored": stored.get(HASH), "recomputed": content_sha256(stored)} if stored else None,
            "blocks": list(found.file.blocks),
            "differences": [each.as_dict() for each in found.differences],
            "not_compared": list(found.not_compared),
        }

    def rows(self) -> Iterator[Record]:
        """A record a difference, or one without; each with what was not compared, and what blocks in the plan."""
        none = Deviation(None, None, "", None, None, "")
        beside = {"not_compared": self.verified.not_compared, "blocks": self.verified.file.blocks}
        told = {name: _cell(_PARTS.join(values)) if values else None for name, values in beside.items()}
        for each in self.verified.differences or (none,):
            row = {name: _cell(value) for name, value in each.as_dict().items()}
            yield {"verdict": self.verified.verdict} | row | told

    def page(self) -> Iterator[Block]:
        """The verdict as a pharmacist reads it."""
        found = self.verified
        counted = sum(len(course.infusions) for course in found.file.courses)
        in_part = found.verdict == AGREES and found.not_compared
        yield Heading(_IN_PART if in_part else f"{found.verdict}: {_SAYS[found.verdict]}", TITLE)
        if self.note:
            yield Lines((f"BLOCKED: {self.note}",))
        rows = [("file", escape(found.file.name)), ("infusions", f"{counted:,}"), ("table", found.table)]
        rows += [("reason", escape(found.reason))] if found.reason else []
        yield Pairs(tuple(rows), inset=True)
        if found.differences:
            yield Heading("Differences")
            yield Lines(tuple(map(_shown, found.differences)), listed=True)
        if found.table in _HINTS:
            yield Lines((_HINTS[found.table],))
        if found.not_compared:
            yield Heading("NOT compared" if found.reason else _BECAUSE[found.file.form])
            yield Lines(tuple(escape(_IN_WORDS.get(each, each)) for each in found.not_compared), listed=True)
        if found.file.document is not None:
            yield Lines((_NO_SEAL,))


def _blocked(found: Verified) -> str | None:
    """That the plan itself says that it is blocked, where it does: whether it agrees is another question."""
    if not found.file.blocks:
        return None
    told = f"the stored plan is blocked by {escape(', '.join(found.file.blocks))}"
    return f"{told}: it agrees, that is no permission" if found.verdict == AGREES else told


def _cell(value: Any) -> Any:
    """A value for a flat record: what is no plain value, or what a spreadsheet might take for a formula, as JSON."""
    plain = not isinstance(value, dict | list) and not str(value).startswith(FORMULA_STARTS)
    return value if plain or isinstance(value, int | float) else json.dumps(value)


def _shown(each: Deviation) -> str:
    """A difference in one line."""
    places = (("line", each.line), ("infusion", each.infusion))
    where = "".join(f"{name} {value}, " for name, value in places if value is not None)
    told = f"{_told(each.stored)} in the file, recomputed {_told(each.recomputed)}"
    return f"{where}{escape(each.field)}: {told} ({each.found_by})"


def _told(value: Any) -> str:
    """A value on a page, cut where it is long."""
    text = "nothing" if value is None else escape(value if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
