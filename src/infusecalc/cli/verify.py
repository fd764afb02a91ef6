"""`verify`: a stored plan checked a second time."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import TABLE, result, takes
from infusecalc.cli.parameters import argument
from infusecalc.cli.reply import Reply, site_table
from infusecalc.verify.answer import VerifyAnswer
from infusecalc.verify.checked import verify as verify_file
from infusecalc.verify.stored import read_stored


@takes(argument("plan", "Plan: JSON or CSV of schedule, or CSV of batch; - for standard input."), *TABLE, *result())
def verify(**given: Any) -> Reply:
    """Check a stored plan a second time: arithmetic, dates, doses, and whether the regimen table has changed.

    \b
    Examples:
      infusecalc verify plan.json
      infusecalc verify infusions.csv --format json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form = format_of(given)
    stored = read_stored(given["plan"])
    table = site_table(given)
    return reply(given, form, VerifyAnswer(verify_file(stored, table), table))


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, verify)
