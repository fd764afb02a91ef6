"""Help by headings: what a patient is, what is ordered, when, where, and how the answer looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_PLAIN = 12  # up to so many options stand under one heading
_WIDEST = 32  # the widest option that may keep its text beside it
_LAST = "Output"
_HEADINGS = {
    "Cohort": "weights rejects strict keep_extra to totals_by totals_as",
    "Patient": "drug indication weight height age born bsa bsa_formula bsa_cap has done patient_id",
    "Order": "ordered ordered_every label variant product dose every phase number from_ round_ round_within bag "
    "protocol accept",
    "Infusion": "first subsequent stopped_at pause hold",
    "Dates": "start on for_ until doses courses maintenance_start given history anchor",
    "Clinic": "days holidays tolerance chairs open weight_change turnover price regimens",
    "Dataset (--format nonmem)": "steps key",
    "Calendar (--format ics)": "at tz revision remind private show_id",
    _LAST: "format_ output full sheet view paper totals quiet no_color no_settings help",
}
"""The options by name, under their headings, the usual ones first; one that stands nowhere is under the last."""
_OTHERWISE = {
    "batch": {"Cohort": "given weights from_ to steps key rejects strict keep_extra totals totals_by totals_as"},
    "agenda": {"Cohort": "given weights from_ rejects strict keep_extra"},
    "rate": {"Infusion": "number first subsequent phase at stopped_at pause hold"},
}
"""Commands that have an option of that name under another heading."""


def headings(command: str) -> dict[str, list[str]]:
    """The names of options under each heading of a command."""
    moved = {heading: names.split() for heading, names in _OTHERWISE.get(command, {}).items()}
    gone = {name for names in moved.values() for name in names}
    return {
        heading: moved.get(heading) or [name for name in names.split() if name not in gone]
        for heading, names in _HEADINGS.items()
    }


def grouped(command: Any, ctx: Any) -> Iterator[tuple[str, list[Any]]]:
    """The options of a command under their headings; few options stand under one."""
    options = [each for each in command.get_params(ctx) if each.param_type_name == "option"]
    if len(options) <= _PLAIN:
        yield "Options", options
        return
    known = headings(command.name)
    placed = {name: heading for heading, names in known.items() for name in names}
    for heading, names in known.items():
        mine = [each for each in options if placed.get(each.name, _LAST) == heading]
        if mine:
            yield heading, sorted(mine, key=lambda each: names.index(each.name) if each.name in names else len(names))


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """The arguments, then the options under their headings."""
    arguments = [each for each in command.get_params(ctx) if each.param_type_name == "argument"]
    formatter.width += 2  # typer leaves two columns empty
    for heading, parameters in [("Arguments", arguments), *grouped(command, ctx)]:
        if parameters:
            rows = list(filter(None, (each.get_help_record(ctx) for each in parameters)))  # a hidden one has none
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=_column(rows, formatter))


def _column(rows: list[tuple[str, str]], formatter: Any) -> int:
    """How wide the options stand, so that all takes the fewest lines; a wider one has its text below it.

    The first, which is the usual one, has its text beside it.
    """

    def lines(widest: int) -> int:
        tried = type(formatter)(width=formatter.width)
        tried.indent()
        tried.write_dl(rows, col_max=widest)
        return str(tried.getvalue()).count("\n")

    widths = {len(option) for option, _ in rows if len(rows[0][0]) <= len(option) <= _WIDEST}
    return min(sorted(widths, reverse=True), key=lines)
