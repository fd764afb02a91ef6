"""`rate`: the pump table of one infusion."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.choices import parse_count
from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import (
    CHOICE,
    ON,
    PATIENT,
    PUMP,
    REGIMEN,
    START,
    TABLE,
    result,
    takes,
)
from infusecalc.cli.plan import check_day, course_of
from infusecalc.cli.reply import Reply
from infusecalc.output.pump_page import PumpAnswer
from infusecalc.pump_table import make_pump_table

_PUMP = ("number", "first", "subsequent", "phase", "at", "stopped_at", "pause", "hold", "accept")


@takes(*REGIMEN, *PATIENT, *ON, *START, *PUMP, *CHOICE, *TABLE, *result(findings=True))
def rate(**given: Any) -> Reply:
    """Pump table of one infusion, step by step: clock, mg/h, mL/h, volume and cumulative dose.

    \b
    Examples:
      infusecalc rate rituximab ra --weight 70kg --first --at 09:30
      infusecalc rate infliximab crohns --weight 70kg --number 5 \\
          --protocol steps-250
    """  # noqa: D301 - \b keeps the lines of the examples apart
    check_day(given)
    form = format_of(given)
    asked = {name: given.pop(name) for name in _PUMP}
    number = parse_count(asked["number"], "`number`")
    span = {"doses": number} if number and given["start"] is not None else {}
    return reply(given, form, PumpAnswer(make_pump_table(course_of(given, **span), **asked)))


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, rate)
