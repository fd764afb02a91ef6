"""What each exit code means: in full for the pages, and in a line for helps."""

from __future__ import annotations

from typing import Any

EXIT_CODES = {
    0: "done, nothing blocks; verify: the stored plan agrees, also if it is blocked",
    2: "bad input or table: why, on standard error (a line for each fault); no standard output, no file touched",
    3: "a finding blocks, an order is outside, a plan differs or cannot be checked, or two tables differ (--fail-on)",
    4: "batch, agenda: some rows (of the cohort, --given or --weights) were rejected, with reasons; the others are "
    "written, and may block: 4 goes before 3",
    130: "interrupted with Ctrl-C",
    1: "a bug: a traceback",
}
"""What each exit code means, in the order in which a script meets them."""
IN_SHORT = (
    "Exit codes: 0 done, nothing blocks; 2 bad input, nothing written; 3 something blocks, is outside or differs; "
    "4 (batch, agenda) rows of the cohort or of --given or --weights were rejected, the others are written and may "
    "block."
)
OF_VERIFY = (
    "Exit codes: 0 what could be compared agrees (of a CSV a part: see not_compared), also if the plan is blocked: "
    "that is no permission; 2 bad input, or no plan that it reads; 3 it differs or cannot be checked (JSON of dose)."
)
TOLD_IN = ("dose", "schedule", "rate", "check", "next", "batch", "agenda", "verify")
"""The commands whose help has the line: those that can end with 3."""


def write_codes(formatter: Any, command: str | None = None) -> None:
    """The line, as the last of a help."""
    formatter.write_paragraph()
    formatter.write_text(OF_VERIFY if command == "verify" else IN_SHORT)
