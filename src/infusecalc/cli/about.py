"""`info` and `completion`: a drug's page from the table, and the script by which a shell completes names."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli import complete
from infusecalc.cli.options import TABLE, argument, result, takes
from infusecalc.cli.reply import Reply, colour, draw, site_table, width
from infusecalc.errors import BadInput
from infusecalc.output import about
from infusecalc.output.files import FORMATS, choose_format
from infusecalc.output.records import as_csv, as_json, as_ndjson
from infusecalc.spelling import one_of

_FORMATS = (*FORMATS, "html")
_SHELLS = ("bash", "zsh", "fish")


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


@takes(argument("shell", f"One of {', '.join(_SHELLS)}.", words=_SHELLS))
def completion(**given: Any) -> Reply:
    """The script by which a shell completes drugs, indications, variants, products, protocols and conditions.

    \b
    Examples:
      infusecalc completion bash > ~/.local/share/bash-completion/completions/infusecalc
      infusecalc completion fish > ~/.config/fish/completions/infusecalc.fish
    """  # noqa: D301 - \b keeps the lines of the examples apart
    return Reply(complete.script(one_of("shell", given["shell"], _SHELLS)) + "\n")


def app(command: str) -> typer.Typer:
    """The typer program of one of the two commands."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command()({"info": info, "completion": completion}[command])
    return program
