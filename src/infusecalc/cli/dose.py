"""`dose`: one look-up, with its working."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.command import program
from infusecalc.cli.options import CHOICE, ON, PATIENT, REGIMEN, TABLE, result, takes
from infusecalc.cli.plan import check_day, course_reply
from infusecalc.cli.reply import Reply


@takes(*REGIMEN, *PATIENT, *ON, *CHOICE, *TABLE, *result(findings=True))
def dose(**given: Any) -> Reply:
    """Dose, vials, waste, preparation and infusion time of each phase, with the calculation.

    \b
    Examples:
      infusecalc dose infliximab crohns --weight 70kg
      infusecalc dose rituximab gpa --weight 70kg --height 175cm --label eu
    """  # noqa: D301 - \b keeps the lines of the examples apart
    check_day(given)
    return course_reply(given)


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, dose)
