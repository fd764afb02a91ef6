"""`dose` and `schedule`: options to a course, and the course to the format that was asked for."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.options import CHOICE, DATES, ON, PATIENT, REGIMEN, RESULT, TABLE, TOTALS, takes
from infusecalc.cli.reply import Reply, colour, draw, site_table, width
from infusecalc.course import Course, make_course
from infusecalc.errors import BadInput
from infusecalc.output.files import choose_format
from infusecalc.output.page import page
from infusecalc.output.records import as_csv, as_json, as_ndjson, columns, document, records
from infusecalc.patient import Patient

_OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born")
_NO_CHOICE = {
    "drug", "indication", "patient_id", "regimens", "format_", "output", "quiet", "no_color", "totals", *_OF_PATIENT,
}  # fmt: skip


@takes(*REGIMEN, *PATIENT, *ON, *CHOICE, *TABLE, *RESULT)
def dose(**given: Any) -> Reply:
    """One look-up: dose, vials, waste, preparation and time of each phase, with the working.

    \b
    Examples:
      infusecalc dose infliximab crohns --weight 70kg
      infusecalc dose rituximab gpa --weight 70kg --height 175cm --label eu
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if given["on"] is not None and given["born"] is None and not any("=" in text for text in given["weight"]):
        hint = "it is the day for which --born gives the age, or dated weights the weight"
        raise BadInput("--on", given["on"], "stands alone", hint=hint)
    return _answer(given)


@takes(*REGIMEN, *PATIENT, *DATES, *CHOICE, *TOTALS, *TABLE, *RESULT)
def schedule(**given: Any) -> Reply:
    """The dated course: every infusion with its dose, vials, waste, bag and time.

    \b
    Examples:
      infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01
      infusecalc schedule rituximab ra --weight 154lb --start 2026-12-01 --for 2y -o plan.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if given["start"] is None and not given["given"] and given["history"] is None:
        hint = "or say what was given, with --given or --history"
        raise BadInput("--start", None, "is missing", allowed="YYYY-MM-DD or today", hint=hint)
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
    course = course_of(given)
    coloured = colour(output, no_color=given["no_color"])
    text = render(course, form, width(output), coloured=coloured, totals=given.get("totals", False))
    return Reply(text, output, given["quiet"], course.blocks)


def course_of(given: dict[str, Any], **also: Any) -> Course:
    """The course that the options ask for."""
    patient, asked = options_of(given)
    return make_course(site_table(given), given["drug"], given["indication"], patient, **(asked | also))


def options_of(given: dict[str, Any]) -> tuple[Patient, dict[str, Any]]:
    """The patient, and the choices under the names of the library."""
    patient = Patient.of(id=given["patient_id"], **{name: given[name] for name in _OF_PATIENT})
    return patient, {name: value for name, value in given.items() if name not in _NO_CHOICE and value is not None}


def render(course: Course, form: str, columns_wide: int, *, coloured: bool, totals: bool = False) -> str:
    """A course in one of the formats; with `totals`, rows of data are months and years, not infusions."""
    if form == "json":
        return as_json(document(course))
    if form in ("csv", "ndjson"):
        names, rows = columns(course), records(course)
        if totals:
            from infusecalc.output import periods  # noqa: PLC0415 - only --totals needs it

            rows = periods.rows(course)
            names = tuple(periods.record(periods.whole(course)))
        return as_csv(names, rows) if form == "csv" else as_ndjson(rows)
    return draw(page(course, totals=totals), form, columns_wide, coloured=coloured)
