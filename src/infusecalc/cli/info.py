"""`info`: a drug's page from the table."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import TABLE, result, takes
from infusecalc.cli.parameters import argument
from infusecalc.cli.reply import Reply, site_table
from infusecalc.errors import BadInput
from infusecalc.output.drug_page import DrugAnswer


@takes(
    argument("drug", "infliximab, rituximab, a brand, or a name with suffix (infliximab-dyyb)."),
    *TABLE,
    *result(short=True),
)
def info(**given: Any) -> Reply:
    """About a drug: what it is for, warnings, precautions, reactions and what is not known, with sources.

    \b
    Examples:
      infusecalc info infliximab
      infusecalc info rituximab --format html -o rituximab.html
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    typed, slash, _ = given["drug"].partition("/")
    drug, _ = table.find_drug(typed)
    if slash:
        hint = f"give the drug alone; for a regimen: infusecalc regimens show {drug}/INDICATION"
        raise BadInput("drug", given["drug"], "has an indication, and this page is for a drug", hint=hint)
    return reply(given, form, DrugAnswer(table, drug))


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, info)
