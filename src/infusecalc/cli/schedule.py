"""`schedule`: the dated course."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import PLAIN
from infusecalc.cli.options import CHOICE, DATES, PATIENT, REGIMEN, SHEET, TABLE, TOTALS, TURNOVER, result, takes
from infusecalc.cli.plan import course_reply
from infusecalc.cli.reply import Reply
from infusecalc.errors import BadInput
from infusecalc.output.answer import BUNDLE
from infusecalc.output.answer import DATES as DATED

_KINDS = (*PLAIN, DATED, BUNDLE)


@takes(*REGIMEN, *PATIENT, *DATES, *CHOICE, *TURNOVER, *TOTALS, *SHEET, *TABLE, *result(_KINDS))
def schedule(**given: Any) -> Reply:
    """Dated plan: every infusion with dose, vials, waste, bag and time.

    \b
    Examples:
      infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01
      infusecalc schedule rituximab ra --weight 154lb --start 2026-12-01 --for 2y -o plan.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if given["start"] is None and not given["given"] and given["history"] is None:
        hint = "or give the infusions so far, with `given` or `history`"
        raise BadInput("`start`", None, "is missing", how="must be", allowed="YYYY-MM-DD or today", hint=hint)
    return course_reply(given, _KINDS)


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command(command)(schedule)
    return program
