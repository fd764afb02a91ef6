"""What a site's file says of a value that it has checked: the value, when, by whom, and against which text."""

from __future__ import annotations

from infusecalc.statements.kinds import DAY, WORDS
from infusecalc.statements.statement import Statement, need


class Confirmation(Statement):
    """A value that the site has held against the current label; it counts as long as that value is in force."""

    value: str = need(WORDS, "the value that was checked, as `regimens show` and `regimens review` have it")
    on: str = need(DAY, "the day on which it was checked")
    by: str = need(WORDS, "the initials of whoever checked it")
    against: str = need(WORDS, "the text that it was held against, with its date")

    @property
    def record(self) -> dict[str, str]:
        """As data has it beside the value."""
        return {"on": self.on, "by": self.by, "against": self.against}

    @property
    def said(self) -> str:
        """As people read it beside a grade."""
        return f"confirmed by the site on {self.on}"
