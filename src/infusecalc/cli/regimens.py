"""`regimens list | show | validate | schema`: the table itself, its values, its faults and its shape."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.options import REGIMEN, TABLE, argument, option, regimen_typed, result, takes
from infusecalc.cli.reply import Reply, site_table
from infusecalc.cli.usage import AnyCase
from infusecalc.output.answer import DOCUMENT
from infusecalc.output.flat import as_json
from infusecalc.output.table_answer import Checked, CheckedAnswer, ListAnswer, ShowAnswer
from infusecalc.output.table_rows import listing, sources_of, statements
from infusecalc.table import load_table
from infusecalc.table.layers import KINDS

_LABELS = load_table().labels
_WHICH = [option("--label", f"Only this label: {' or '.join(_LABELS)}.", "LABEL", words=_LABELS)]
_FILE = [argument("file", "Table file; default: the shipped one.", needed=False)]


@takes(*TABLE, *result())
def list_(**given: Any) -> Reply:
    """All regimens: status under each label, doses, other names.

    \b
    Examples:
      infusecalc regimens list
      infusecalc regimens list --format csv -o regimens.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    return reply(given, form, ListAnswer(table.version, list(listing(table))))


@takes(*REGIMEN, *_WHICH, *TABLE, *result())
def show(**given: Any) -> Reply:
    """Every value of a regimen, with source and grade.

    \b
    Examples:
      infusecalc regimens show infliximab crohns --label us
      infusecalc regimens show rituximab/gpa --format json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    typed, indication = regimen_typed(table, given)
    drug, _ = table.find_drug(typed)
    labels = table.labels if given["label"] is None else (table.find_label(given["label"]),)
    found = table.find_indication(drug, indication)
    rows = list(statements(table, drug, found, labels))
    sources = list(sources_of(table, (row.source for row in rows)))
    return reply(given, form, ShowAnswer(table.version, rows, f"{drug}/{found}", sources))


@takes(*_FILE, *result())
def validate(**given: Any) -> Reply:
    """Check a table: all faults at once, with file and line; and what a site's file changes.

    \b
    Examples:
      infusecalc regimens validate
      infusecalc regimens validate site.yaml
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), load_table(given["file"], whole=True)
    counts = {section: len(table.names(section)) for section in ("regimens", "products", "sources")}
    done = {kind: sum(change.kind == kind for change in table.changes) for kind in KINDS}
    row = Checked(given["file"] or table.files[0].name, table.version, 0, **counts, **done)
    return reply(given, form, CheckedAnswer(row, table.changes))


@takes(*result((DOCUMENT,)))
def schema(**given: Any) -> Reply:
    """The JSON Schema of a regimen table, for an editor that checks as you type.

    \b
    Examples:
      infusecalc regimens schema
      infusecalc regimens schema -o regimens.schema.json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from infusecalc.table.schema import json_schema  # noqa: PLC0415 - only this command needs it

    format_of(given, (DOCUMENT,))
    return Reply(as_json(json_schema(load_table().labels)), given["output"], given["quiet"])


_ABOUT = """The regimen table: list, values and sources, faults, schema.

\b
Examples:
  infusecalc regimens list
  infusecalc regimens show infliximab crohns
"""


def app(_: str) -> typer.Typer:
    """The typer program of the group."""
    program = typer.Typer(cls=AnyCase, add_completion=False, rich_markup_mode=None, help=_ABOUT)
    for name, command in {"list": list_, "show": show, "validate": validate, "schema": schema}.items():
        program.command(name)(command)
    return program
