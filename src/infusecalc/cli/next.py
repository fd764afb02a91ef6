"""`next`: what is due after what was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import CHOICE, CLINIC, HISTORY, PATIENT, REGIMEN, START, TABLE, regimen_typed, result, takes
from infusecalc.cli.parameters import option
from infusecalc.cli.plan import options_of
from infusecalc.cli.reply import Reply, site_table
from infusecalc.due import find_due
from infusecalc.output.due_page import DueAnswer

_JUDGED = "Day as of which it is due or overdue; without it, lateness is not judged."
_ON = option("--on", f"{_JUDGED} Also for the age (from --born) and dated weights.", "DATE")


def _needs(given: Mapping[str, Any]) -> dict[str, str]:
    """The infusions that were given."""
    told = given["given"] or given["history"] is not None
    return {} if told else {"given": "DATE or DATE:MG, or a file of them with `history`"}


@takes(*REGIMEN, *PATIENT, _ON, *START, *HISTORY, *CLINIC, *CHOICE, *TABLE, *result(findings=True), needs=_needs)
def next_(**given: Any) -> Reply:
    """The next infusion: when it was first planned, when it is due after what was given, earliest and latest date.

    \b
    Examples:
      infusecalc next infliximab crohns --weight 70kg \\
          --given 2026-01-05:350mg --given 2026-01-19:350mg
      infusecalc next rituximab ra --weight 70kg --history given.csv \\
          --days mon-fri --tolerance 3d
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form = format_of(given)
    patient, options = options_of(given)
    table = site_table(given)
    return reply(given, form, DueAnswer(find_due(table, *regimen_typed(table, given), patient, **options)))


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, next_)
