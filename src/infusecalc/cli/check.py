"""`check`: an ordered dose and interval against the regimen."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import (
    CHECK,
    CHOICE,
    ON,
    PATIENT,
    REGIMEN,
    TABLE,
    result,
    takes,
)
from infusecalc.cli.plan import check_day, course_of
from infusecalc.cli.reply import Reply
from infusecalc.order_check import check_order
from infusecalc.output.check_page import CheckAnswer


@takes(*REGIMEN, *PATIENT, *ON, *CHECK, *CHOICE, *TABLE, *result(findings=True))
def check(**given: Any) -> Reply:
    """Check an ordered dose and interval against the regimen: difference, verdict, likely mistake.

    The order to check goes into --ordered. Enter --dose or --every only for what was agreed on before in place of the
    regimen's: the order is then checked against that.

    \b
    Examples:
      infusecalc check infliximab crohns --weight 70kg --ordered 350mg
      infusecalc check rituximab gpa --weight 70kg --height 175cm \\
          --ordered 375mg/m2 --phase induction
    """  # noqa: D301 - \b keeps the lines of the examples apart
    check_day(given)
    form = format_of(given)
    asked = {name: given.pop(name) for name in ("ordered", "ordered_every", "phase", "number", "accept")}
    verdict = check_order(course_of(given), **asked)
    return reply(given, form, CheckAnswer(verdict))


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, check)
