"""`schema`: the JSON Schema of what a command answers."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of
from infusecalc.cli.command import program
from infusecalc.cli.options import result, takes
from infusecalc.cli.parameters import argument
from infusecalc.cli.reply import Reply
from infusecalc.output.answer import DOCUMENT
from infusecalc.output.flat import as_json
from infusecalc.output.schemas import DOCUMENTS, schema_of
from infusecalc.spelling import one_of


@takes(
    argument("command", f"One of {', '.join(DOCUMENTS)} (totals: of batch --totals).", words=DOCUMENTS),
    *result((DOCUMENT,)),
)
def schema(**given: Any) -> Reply:
    """The JSON Schema of the JSON that a command writes.

    \b
    Examples:
      infusecalc schema schedule
      infusecalc schema verify -o verify.schema.json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    format_of(given, (DOCUMENT,))
    named = one_of("command", given["command"], DOCUMENTS, "has no JSON Schema")
    return Reply(as_json(schema_of(named)), given["output"], given["quiet"])


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, schema)
