"""`schedule`: the dated course."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from infusecalc.cli.answer import PLAIN
from infusecalc.cli.command import program
from infusecalc.cli.options import (
    CHOICE,
    DATES,
    PATIENT,
    REGIMEN,
    TABLE,
    TOTALS,
    TURNOVER,
    result,
    takes,
)
from infusecalc.cli.plan import course_reply
from infusecalc.cli.reply import Reply
from infusecalc.cli.written_options import DATASET, SHEET
from infusecalc.errors import BadInput
from infusecalc.output.answer import BUNDLE, COURSE
from infusecalc.output.answer import DATES as DATED
from infusecalc.output.formats import FORMATS

_KINDS = (*PLAIN, DATED, COURSE, BUNDLE)
"""What a dated course is written as."""
_OPTIONS = [
    *REGIMEN, *PATIENT, *DATES, *CHOICE, *TURNOVER, *TOTALS, *SHEET, *DATASET, *TABLE, *result(_KINDS, findings=True),
]  # set in rows # fmt: skip


def _needs(given: Mapping[str, Any]) -> dict[str, str]:
    """A start, or what was given; of a calendar the id, and the zone of a time."""
    lacking = (
        {} if _begins(given) else {"start": "YYYY-MM-DD or today, or the infusions so far with `given` or `history`"}
    )
    ends = Path(given["output"] or "").suffix.lower()
    if (given["format_"] or "").lower() == "ics" or (given["format_"] is None and ends in FORMATS["ics"].extensions):
        lacking |= {} if given["patient_id"] else {"patient_id": "ID, so that the events can be moved later"}
        if (given["at"] is None) != (given["tz"] is None):
            lacking |= {"at": ""} if given["at"] is None else {"tz": "the name of a place, as in Europe/Berlin, or UTC"}
    return lacking


def _begins(given: Mapping[str, Any]) -> bool:
    return given["start"] is not None or bool(given["given"]) or given["history"] is not None


@takes(*_OPTIONS, needs=_needs)
def schedule(**given: Any) -> Reply:
    """Dated plan: every infusion with dose, vials, waste, bag and time.

    \b
    Examples:
      infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01
      infusecalc schedule rituximab ra --weight 154lb --start 2026-12-01 \\
          --for 2y -o plan.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if not _begins(given):
        hint = "give it as YYYY-MM-DD or today, or give the infusions so far, with `given` or `history`"
        raise BadInput("`start`", None, "is missing", hint=hint)
    return course_reply(given, _KINDS)


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, schedule)
