"""`rate`, `check` and `next`: what is asked at the chair, to an answer in the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import typer

from infusecalc.choices import parse_count
from infusecalc.cli.options import (
    CHECK,
    CHOICE,
    CLINIC,
    HISTORY,
    ON,
    PATIENT,
    PUMP,
    REGIMEN,
    START,
    TABLE,
    regimen_typed,
    result,
    takes,
)
from infusecalc.cli.plan import check_day, check_paper, course_of, document_of, options_of
from infusecalc.cli.reply import Reply, colour, draw, site_table, width
from infusecalc.due import find_due
from infusecalc.order_check import check_order
from infusecalc.output import chairside
from infusecalc.output.blocks import Block
from infusecalc.output.files import DOCUMENTS, FORMATS, choose_format
from infusecalc.output.records import Record, as_csv, as_json, as_ndjson, flat_findings
from infusecalc.pump_table import make_pump_table

_PUMP = ("number", "first", "subsequent", "phase", "at", "stopped_at", "pause", "hold", "accept")


@takes(*REGIMEN, *PATIENT, *ON, *START, *PUMP, *CHOICE, *TABLE, *result(DOCUMENTS))
def rate(**given: Any) -> Reply:
    """The pump table of one infusion: step by step, with clock, mg/h, mL/h and what has gone in.

    \b
    Examples:
      infusecalc rate rituximab ra --weight 70kg --first --at 09:30
      infusecalc rate infliximab crohns --weight 70kg --number 5 --protocol steps-250
    """  # noqa: D301 - \b keeps the lines of the examples apart
    check_day(given)
    asked = {name: given.pop(name) for name in _PUMP}
    number = parse_count(asked["number"], "--number")
    span = {"doses": number} if number and given["start"] is not None else {}
    table = make_pump_table(course_of(given, **span), **asked)
    rows = list(chairside.pump_rows(table))
    form = choose_format(given["format_"], given["output"], DOCUMENTS)
    check_paper(given, form)
    if form not in FORMATS:
        text = document_of(chairside.pump_page(table), table.course, given, form, "clinic")
        return Reply(text, given["output"], given["quiet"], table.blocks)
    return _answer(given, chairside.pump_document(table), rows, chairside.pump_page(table), table.blocks)


@takes(*REGIMEN, *PATIENT, *ON, *CHECK, *CHOICE, *TABLE, *result())
def check(**given: Any) -> Reply:
    """An ordered dose, and interval, against the regimen: the difference, a verdict, the likely mistake.

    \b
    Examples:
      infusecalc check infliximab crohns --weight 70kg --ordered 350mg
      infusecalc check rituximab gpa --weight 70kg --height 175cm --ordered 690mg --phase induction
    """  # noqa: D301 - \b keeps the lines of the examples apart
    check_day(given)
    asked = {name: given.pop(name) for name in ("ordered", "ordered_every", "phase", "number")}
    verdict = check_order(course_of(given), **asked)
    row, blocks = chairside.check_row(verdict), verdict.blocks
    reply = _answer(given, chairside.check_document(verdict), [row], chairside.check_page(verdict), blocks)
    return reply.but(failed="the order is outside the regimen" if verdict.failed else None)


@takes(*REGIMEN, *PATIENT, *ON, *START, *HISTORY, *CLINIC, *CHOICE, *TABLE, *result())
def next_(**given: Any) -> Reply:
    """What is due after what was given: by the plan, from the last infusion, and within what the label says.

    \b
    Examples:
      infusecalc next infliximab crohns --weight 70kg --given 2026-01-05:350mg --given 2026-01-19:350mg
      infusecalc next rituximab ra --weight 70kg --history given.csv --days mon-fri --tolerance 3d
    """  # noqa: D301 - \b keeps the lines of the examples apart
    patient, options = options_of(given)
    table = site_table(given)
    due = find_due(table, *regimen_typed(table, given), patient, **options)
    row = chairside.due_row(due)
    return _answer(given, chairside.due_document(due), [row], chairside.due_page(due), due.blocks)


def app(command: str) -> typer.Typer:
    """The typer program of one of the three commands."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command()({"rate": rate, "check": check, "next": next_}[command])
    return program


def _answer(
    given: dict[str, Any], document: Record, rows: list[Record], blocks: Iterator[Block], blocked: Iterable[str]
) -> Reply:
    """The answer in the format asked for; every row carries all findings of the document."""
    output, told = given["output"], flat_findings(document["findings"])
    rows = [row | told for row in rows]
    form = choose_format(given["format_"], output)
    if form == "json":
        text = as_json(document)
    elif form == "csv":
        text = as_csv(tuple(rows[0]), iter(rows))
    elif form == "ndjson":
        text = as_ndjson(iter(rows))
    else:
        text = draw(blocks, form, width(output), coloured=colour(output, no_color=given["no_color"]))
    return Reply(text, output, given["quiet"], tuple(blocked))
