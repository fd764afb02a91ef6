"""`agenda`: what is due in a clinic between two days, over a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import typer

from infusecalc.choices import parse_count, parse_hours
from infusecalc.cli.answer import PLAIN, format_of, reply
from infusecalc.cli.batch import check_rejects, opened, options_of
from infusecalc.cli.cohort_options import COHORT
from infusecalc.cli.cohort_told import NO_CONDITIONS, rejects_of
from infusecalc.cli.command import program
from infusecalc.cli.options import HORIZON, result, takes
from infusecalc.cli.parameters import flag, option
from infusecalc.cli.reply import Reply, say
from infusecalc.cli.written_options import SHEET
from infusecalc.dates import parse_date
from infusecalc.errors import BadInput
from infusecalc.output.agenda import Agenda, Open
from infusecalc.output.agenda_answer import AgendaAnswer
from infusecalc.output.answer import DATES

if TYPE_CHECKING:
    from infusecalc.cohort.files.batch import LineOf

_FORMATTED = result((*PLAIN, DATES))
_LEFT_OUT = {"full", *(known.name for known in COHORT)}
"""Options of an answer that the cohort's has already, or that an agenda has no use for: it is whole on a screen."""
_GIVEN = option(
    "--given",
    "File of infusions given: patient_id, date, dose_mg. A patient without a line is taken to have had every infusion "
    "planned before --on; in batch, to have had none.",
    "FILE",
)
_EXTRA = flag("--keep-extra", "Take a file with unknown columns; they are neither used nor shown.")
_OTHERWISE = {each.name: each for each in (_GIVEN, _EXTRA)}
"""Options of a cohort that mean something else here than in `batch`."""
_OPTIONS = [
    *(_OTHERWISE.get(each.name, each) for each in COHORT),
    option("--on", "First day; what is overdue is counted as of this day. Required.", "YYYY-MM-DD|today"),
    option("--until", "Last day, included; default: 6 days after the first.", "YYYY-MM-DD"),
    option("--chairs", "Number of chairs, with --open: marks a day that needs more chair time.", "N"),
    option("--open", "Opening hours, with --chairs.", "08:00-17:00"),
    *(each for each in HORIZON if each.name == "maintenance_start"),
    *(each for each in SHEET if each.name in ("revision", "private")),
    *(each for each in _FORMATTED if each.name not in _LEFT_OUT),
]
_OWN = ("on", "until", "chairs", "open", "revision", "private", "format_", "paper")
_MOST_DAYS = 366


def _needs(given: Mapping[str, Any]) -> dict[str, str]:
    """The first day; chairs and hours together."""
    lacking = {"on": ""} if given["on"] is None else {}
    if (given["chairs"] is None) != (given["open"] is None):
        lacking["chairs" if given["chairs"] is None else "open"] = ""
    return lacking


@takes(*_OPTIONS, needs=_needs)
def agenda(**given: Any) -> Reply | int:
    """What is due in a clinic, day by day, overdue first: dose, vials, bag, premedication, chair time, totals.

    Of a patient with an overdue infusion only that one is listed: what follows depends on when it is given. Overdue
    infusions are in no total: add their vials.

    \b
    Examples:
      infusecalc agenda cohort.csv --given given.csv \\
          --on 2026-12-01 --until 2026-12-07
      infusecalc agenda cohort.csv --on 2026-12-01 \\
          --chairs 6 --open 08:00-17:00 -o week.pdf
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form = format_of(given, (*PLAIN, DATES))
    hours, (on, until) = _hours(given), _days(given)
    check_rejects(given)
    own = {name: given[name] for name in _OWN}
    found, rejected = collect({name: value for name, value in given.items() if name not in own}, on, until, hours)
    made = reply(given, form, AgendaAnswer(found))
    return made.but(rejected=rejected, many=True)


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, agenda)


def _days(given: dict[str, Any]) -> tuple[date, date]:
    """The first and the last day; raises BadInput."""
    if given["on"] is None:
        raise BadInput("`on`", None, "is missing", hint="give the first day of the agenda, as YYYY-MM-DD or today")
    on = parse_date(given["on"], "`on`")
    until = on + timedelta(days=6) if given["until"] is None else parse_date(given["until"], "`until`")
    if until < on:
        raise BadInput("`until`", until, f"is before the first day, {on}", hint="give a later date")
    if (until - on).days >= _MOST_DAYS:
        raise BadInput(
            "`until`", until, "is too far", allowed=f"up to {_MOST_DAYS} days", hint="list a shorter stretch"
        )
    return on, until


def _hours(given: dict[str, Any]) -> Open | None:
    """The chairs and the hours of the clinic; raises BadInput."""
    chairs, hours = parse_count(given["chairs"], "`chairs`"), given["open"]
    if (chairs is None) != (hours is None):
        missing, other = ("`chairs`", "`open`") if chairs is None else ("`open`", "`chairs`")
        raise BadInput(missing, None, "is missing", hint=f"give {missing} with {other}, or neither")
    if chairs is None:
        return None
    return Open(chairs, parse_hours(str(hours), "`open`"))


def collect(given: dict[str, Any], on: date, until: date, hours: Open | None) -> tuple[Agenda, bool]:
    """The agenda of a cohort, and whether rows or lines of it were rejected."""
    from infusecalc.cohort.agenda import Collector, FromTo, horizon_of  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.files.batch import Batch  # noqa: PLC0415 - a frame library

    options = options_of(given)
    expansion, cohort, beside = opened(given, options | {"until": str(horizon_of(options, until))}, beyond=True)
    work = Batch(expansion, cohort, strict=given["strict"], form="ndjson", beside=beside)
    collector = Collector(expansion, expansion.table, FromTo(on, until))
    with rejects_of(work, given["rejects"]) as refuse:

        def told(rows: Any, line_of: LineOf) -> None:
            collector.reject(rows, line_of)
            refuse(rows, line_of)

        work.each(collector.take, told)
    tally = expansion.tally
    if not (tally.has or given["quiet"] or collector.rows["rejected"] == sum(collector.rows.values())):
        say(NO_CONDITIONS)
    return collector.agenda(hours), bool(tally.rejected or tally.lines)
