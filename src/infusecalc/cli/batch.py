"""`batch`: a cohort's file to the file of its infusions, with a bar on a terminal and the sums at the end."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from infusecalc.cli.cohort_options import COHORT
from infusecalc.cli.cohort_told import rejects_of, summary
from infusecalc.cli.command import program
from infusecalc.cli.dataset import NONMEM, check_dataset, write_dataset
from infusecalc.cli.flags import with_flags
from infusecalc.cli.options import HORIZON, takes
from infusecalc.cli.parameters import option
from infusecalc.cli.reply import colour, say, site_table, width
from infusecalc.cli.written_options import DATASET
from infusecalc.errors import BadInput
from infusecalc.output.files import check_apart, write_file, write_out
from infusecalc.output.formats import Look, choose_format
from infusecalc.output.totals_answer import PERIODS
from infusecalc.spelling import one_of

if TYPE_CHECKING:
    from infusecalc.cohort.beside import Beside
    from infusecalc.cohort.expansion import Expansion
    from infusecalc.cohort.files.batch import Batch, Watcher
    from infusecalc.cohort.files.reading import Cohort

_OWN = {
    "cohort", "output", "rejects", "strict", "keep_extra", "to", "regimens", "quiet", "no_color", "totals", "from_",
    "request", "settings", "given", "weights", "totals_by", "totals_as", "steps", "key",
}  # set in rows # fmt: skip
"""What is no option of a course."""
_MAINTENANCE = "maintenance"
_TOTALS, _TOTALS_OPTIONS = ("table", "csv", "json"), ("totals_as", "totals")
_BESIDE = ("given", "weights")
_ROWS = 200_000  # patients that are expanded at a time
_ONE_BY_ONE = 20_000  # the same, where each may have a history
_PLANNED_ALONE = 1_000  # the same, where each is planned for itself, as a dataset or a bundle is


_OPTIONS = [
    *COHORT,
    option("-o --output", "File for the infusions; default standard output.", "FILE"),
    option(
        "--to",
        "Format of the result, if its name does not show it: csv, ndjson, parquet, nonmem, fhir; default: that of the "
        "cohort. A file of nonmem must be called NAME.nonmem.csv (nothing is written if a plan blocks), one of fhir "
        "NAME.fhir.ndjson (a bundle a line).",
        "FORM",
    ),
    *HORIZON,
    *DATASET,
    option(
        "--totals",
        "File for what to order, by product and period (infusions not in --given, past dates too); its last rows, "
        "period all, are sums of the others; - for standard output.",
        "FILE",
    ),
    option("--totals-by", f"Period of --totals: {', '.join(PERIODS)}; default month.", "PERIOD", words=PERIODS),
    option("--totals-as", f"Format of --totals: {', '.join(_TOTALS)}; default: by extension.", "FORMAT", words=_TOTALS),
]


@takes(*_OPTIONS)
def batch(**given: Any) -> int:
    """Plans for many patients, one a row: CSV, NDJSON or Parquet in and out.

    \b
    Examples:
      infusecalc batch cohort.csv -o infusions.parquet --rejects bad.csv
      infusecalc batch - --to ndjson --for 2y < cohort.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from infusecalc.cohort.files.batch import Batch  # noqa: PLC0415 - no other command needs a frame library
    from infusecalc.cohort.files.reading import BUNDLES, choose_form  # noqa: PLC0415 - no other command needs a frame library

    given["output"] = given["output"] or "-"
    by = _totals_by(given)
    target = choose_form(given["to"], given["output"], "to")
    _check_names(given, target)
    check_dataset(given, target)
    if target == BUNDLES and given["keep_extra"]:
        raise BadInput("`keep_extra`", None, "cannot be combined with `to` fhir", hint="a bundle has no room for them")
    rows = _PLANNED_ALONE if target in (NONMEM, BUNDLES) else None
    how = {"singly": True} if target == NONMEM else {}
    expansion, cohort, beside = opened(given, options_of(given), rows, **how)
    expansion.tally.by = by
    target = target or ("csv" if cohort.form == "parquet" and _on_a_terminal(given) else cohort.form)
    return _run(Batch(expansion, cohort, strict=given["strict"], form=target, beside=beside), given)


def _totals_by(given: dict[str, Any]) -> str | None:
    """The period of what to order, None where it is not asked for; raises BadInput."""
    name, by, form = given["totals"], given["totals_by"], given["totals_as"]
    if name is None:
        for option_, value in (("`totals_by`", by), ("`totals_as`", form)):
            if value is not None:
                raise BadInput(option_, value, "needs `totals`", hint="give a file for the totals, or -")
        return None
    choose_format(form, name, _TOTALS, _TOTALS_OPTIONS)
    if name == "-" and given["output"] == "-":
        raise BadInput(
            "`totals`", name, "is standard output, where the result goes", hint="give a file for one of them"
        )
    check_apart({"`totals`": name}, {"the cohort": given["cohort"], **{f"`{each}`": given[each] for each in _BESIDE}})
    for option_, other in (("output", given["output"]), ("rejects", given["rejects"])):
        if name != "-" and other and os.path.realpath(name) == os.path.realpath(other):
            raise BadInput("`totals`", name, f"is the file of `{option_}`", hint="give another")
    return one_of("`totals_by`", by or "month", PERIODS)


def _write_totals(work: Batch, given: dict[str, Any]) -> None:
    """Write what to order."""
    from infusecalc.cohort.tally import totals_of  # noqa: PLC0415 - a frame library

    name = given["totals"]
    form = choose_format(given["totals_as"], name, _TOTALS, _TOTALS_OPTIONS)
    expansion = work.expansion
    found = totals_of(expansion.tally, priced=bool(expansion.choices.prices), version=expansion.table.version)
    content, _ = form.write(found, Look(width(name), colour(name, no_color=given["no_color"]), {}))
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    if name == "-":
        write_out(data)
    else:
        write_file(name, data, "`totals`")


def options_of(given: dict[str, Any]) -> dict[str, Any]:
    """The options of a course that hold for the whole cohort."""
    options = {name: value for name, value in given.items() if name not in _OWN and value not in (None, [])}
    if _MAINTENANCE in given["from_"]:
        options["from_"] = _MAINTENANCE
    return options


def opened(
    given: dict[str, Any], options: dict[str, Any], rows: int | None = None, **how: Any
) -> tuple[Expansion, Cohort, Beside | None]:
    """The cohort, what stands beside it, and what expands it, so many rows at a time; raises BadInput."""
    from infusecalc.cohort.beside import GIVEN, WEIGHTS, Beside  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.expansion import Expansion, cells_of  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.files.batch import ids_of, read_lines  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.files.reading import choose_form, open_cohort  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.header import COLUMNS, FILE, check_header  # noqa: PLC0415 - a frame library

    forms = [text for text in given["from_"] if text != _MAINTENANCE]
    if len(forms) > 1:
        raise BadInput(
            "`from_`", " and ".join(forms), "are two formats", hint="give one, and maintenance where it is meant"
        )
    form = choose_form(forms[0] if forms else None, given["cohort"], "from_")
    usual = given["settings"].product_of if given["settings"].products else None
    table, stands = site_table(given), bool(given["given"] or given["weights"])
    expansion = None if stands else Expansion(table, usual=usual, **options, **how)
    dated = {"start"} if given["given"] else set()

    def check(names: Any) -> tuple[str, ...]:
        absent = cells_of(options).keys() | dated
        return check_header(names, keep_extra=given["keep_extra"], given=absent, reserved=(FILE,) if stands else ())

    rows = rows or (_ONE_BY_ONE if stands else _ROWS)
    cohort = open_cohort(given["cohort"], form, rows, check, frozenset(COLUMNS))
    if expansion:
        expansion.faults.worded = with_flags
        return expansion, cohort, None
    told = read_lines(GIVEN, given["given"]) if given["given"] else None
    weighed = read_lines(WEIGHTS, given["weights"]) if given["weights"] else None
    beside = Beside(told, weighed, ids_of(cohort.keep()), table.house())
    expansion = Expansion(table, beside=beside, usual=usual, **options, **how)
    expansion.faults.worded = with_flags
    return expansion, cohort, beside


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, batch)


def _on_a_terminal(given: dict[str, Any]) -> bool:
    return given["output"] == "-" and sys.stdout is not None and sys.stdout.isatty()


def _check_names(given: dict[str, Any], target: str | None) -> None:
    """Refuse results that would be written over each other, and Parquet on a terminal."""
    if target == "parquet" and _on_a_terminal(given):
        raise BadInput(
            "`to`", target, "cannot be shown on a terminal", hint="write to a file with `output`, or to a pipe"
        )
    check_rejects(given)


def check_rejects(given: dict[str, Any]) -> None:
    """Refuse a file for rejected rows, or for the result, that is another one of this run."""
    rejects, output = given["rejects"], given["output"] or "-"
    if rejects == "-":
        raise BadInput("`rejects`", rejects, "is standard output, where the result may go", hint="give a file")
    check_apart({"`output`": output, "`rejects`": rejects}, {f"`{name}`": given[name] for name in _BESIDE})
    if rejects is not None and os.path.realpath(rejects) == os.path.realpath(output):
        raise BadInput("`rejects`", rejects, "is the file of the result", hint="give another")


def _run(work: Batch, given: dict[str, Any]) -> int:
    """Write the infusions, set rejected rows aside, and say what it came to."""
    from infusecalc.cohort.files.reading import BUNDLES  # noqa: PLC0415 - no other command needs a frame library
    from infusecalc.cohort.files.writing import ReaderGone, write_rows  # noqa: PLC0415 - no other command needs it

    tally = work.expansion.tally
    try:
        with rejects_of(work, given["rejects"]) as refuse, _progress(given) as watch:
            if work.form == NONMEM:
                write_dataset(work, refuse, watch, given)
            else:
                rows = work.infusions(refuse, watch)
                write_rows(rows, work.schema, work.form, given["output"], spooled=given["strict"])
    except ReaderGone:
        return 0
    if not given["quiet"]:
        for line in summary(tally, columns=work.form != BUNDLES, history=bool(given["given"])):
            say(line)
    if given["totals"]:
        _write_totals(work, given)
    if tally.rejected or tally.lines:
        return 4
    return 3 if tally.blocked else 0


@contextlib.contextmanager
def _progress(given: dict[str, Any]) -> Iterator[Watcher]:
    """A bar on a terminal: rows, rows a second, the time left; nothing in a pipe."""
    if given["quiet"] or sys.stderr is None or not sys.stderr.isatty() or _on_a_terminal(given):
        yield lambda _rows, _share: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - only a terminal needs it

    console = Console(stderr=True, no_color=given["no_color"] or None)
    text = TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f} rows/s")
    with Progress(text, BarColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rows=0, speed=0)
        begun = time.monotonic()

        def watch(rows: int, share: float | None) -> None:
            speed = rows / max(time.monotonic() - begun, 0.001)
            bar.update(task, rows=rows, speed=speed, total=None if share is None else 1, completed=share or 0)

        yield watch
