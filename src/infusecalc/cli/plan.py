"""`dose` and `schedule`: options to a course, and the course to the format that was asked for."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.options import CHOICE, DATES, ON, PATIENT, REGIMEN, RESULT, TABLE, takes
from infusecalc.cli.reply import Reply, colour, site_table, width
from infusecalc.course import Course, make_course
from infusecalc.errors import BadInput
from infusecalc.output.files import choose_format
from infusecalc.output.records import as_csv, as_json, as_ndjson, columns, document, records
from infusecalc.patient import Patient

_OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born")
_ELSEWHERE = {"drug", "indication", "patient_id", "regimens", "format_", "output", "quiet", "no_color", *_OF_PATIENT}


@takes(*REGIMEN, *PATIENT, *ON, *CHOICE, *TABLE, *RESULT)
def dose(**given: Any) -> Reply:
    """One look-up: dose, vials, waste, preparation and time of each phase, with the working.

    \b
    Examples:
      infusecalc dose infliximab crohns --weight 70kg
      infusecalc dose rituximab gpa --weight 70kg --height 175cm --label eu
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if given["on"] is not None and given["born"] is None:
        raise BadInput("--on", given["on"], "stands alone", hint="it is the day for which --born gives the age")
    return _answer(given)


@takes(*REGIMEN, *PATIENT, *DATES, *CHOICE, *TABLE, *RESULT)
def schedule(**given: Any) -> Reply:
    """The dated course: every infusion with its dose, vials, waste, bag and time.

    \b
    Examples:
      infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01
      infusecalc schedule rituximab ra --weight 154lb --start 2026-12-01 --for 2y -o plan.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    return _answer(given)


def app(command: str) -> typer.Typer:
    """The typer program of one of the two commands."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command()({"dose": dose, "schedule": schedule}[command])
    return program


def _answer(given: dict[str, Any]) -> Reply:
    """Read the options, make the course, and carry it in the format asked for."""
    output = given["output"]
    form = choose_format(given["format_"], output)
    patient = Patient.of(id=given["patient_id"], **{name: given[name] for name in _OF_PATIENT})
    asked = {name: value for name, value in given.items() if name not in _ELSEWHERE and value is not None}
    course = make_course(site_table(given), given["drug"], given["indication"], patient, **asked)
    blocks = dict.fromkeys(finding.key for finding in course.findings if finding.severity == "block")
    text = render(course, form, width(output), coloured=colour(output, no_color=given["no_color"]))
    return Reply(text, output, given["quiet"], tuple(blocks))


def render(course: Course, form: str, columns_wide: int, *, coloured: bool) -> str:
    """A course in one of the formats."""
    if form == "json":
        return as_json(document(course))
    if form == "csv":
        return as_csv(columns(course), records(course))
    if form == "ndjson":
        return as_ndjson(records(course))
    if form == "md":
        from infusecalc.output import markdown  # noqa: PLC0415 - only this format needs it

        return markdown.page(course)
    from infusecalc.output import terminal  # noqa: PLC0415 - rich is imported only to draw a table

    view = terminal.schedule if course.plan else terminal.dose
    return view(course, columns_wide, colour=coloured)
