"""`info`: a drug's page from the table."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.options import TABLE, argument, result, takes
from infusecalc.cli.reply import Reply, colour, draw, site_table, width
from infusecalc.errors import BadInput
from infusecalc.output import about
from infusecalc.output.files import FORMATS, choose_format
from infusecalc.output.flat import as_csv, as_json, as_ndjson

_FORMATS = (*FORMATS, "html")


@takes(argument("drug", "infliximab, rituximab, or a brand or suffixed name."), *TABLE, *result(_FORMATS))
def info(**given: Any) -> Reply:
    """A drug's page: what it is and is for, reactions, warnings, precautions, what is unknown, all with sources.

    \b
    Examples:
      infusecalc info infliximab
      infusecalc info rituximab --format html -o rituximab.html
    """  # noqa: D301 - \b keeps the lines of the examples apart
    output, table = given["output"], site_table(given)
    form = choose_format(given["format_"], output, _FORMATS)
    typed, slash, _ = given["drug"].partition("/")
    drug, _ = table.find_drug(typed)
    if slash:
        hint = f"give the drug alone; for a regimen: infusecalc regimens show {drug}/INDICATION"
        raise BadInput("drug", given["drug"], "names an indication, and this page is about a drug", hint=hint)
    rows = list(about.facts(table, drug))
    if form == "json":
        text = as_json({"schema": "infusecalc.info/1", "drug": drug, "facts": rows})
    elif form == "csv":
        text = as_csv(tuple(rows[0]), iter(rows))
    elif form == "ndjson":
        text = as_ndjson(iter(rows))
    elif form == "html":
        from infusecalc.output import html  # noqa: PLC0415 - only this format needs it

        text = html.draw(about.page(table, drug), f"Regimen table {table.version}", "clinic")
    else:
        text = draw(about.page(table, drug), form, width(output), coloured=colour(output, no_color=given["no_color"]))
    return Reply(text, output, given["quiet"])


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command(command)(info)
    return program
