"""`regimens list | show | review | diff | validate | schema`: the table, its values, their sign-off, its faults."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import Command
from infusecalc.cli.command import program as one
from infusecalc.cli.options import REGIMEN, TABLE, regimen_typed, result, takes
from infusecalc.cli.parameters import argument, option
from infusecalc.cli.reply import Reply, site_table
from infusecalc.cli.usage import AnyCase
from infusecalc.errors import BadInput
from infusecalc.output.answer import DOCUMENT
from infusecalc.output.flat import as_json
from infusecalc.output.labels_answer import LabelsAnswer
from infusecalc.output.review_page import ReviewAnswer, list_values
from infusecalc.output.table_answer import Checked, CheckedAnswer, ListAnswer, ShowAnswer
from infusecalc.output.table_rows import listing, names_of, sources_of, statements
from infusecalc.spelling import one_of
from infusecalc.table import SHIPPED, Table, load_either, load_table
from infusecalc.table.layers import KINDS

_LABELS = load_table().labels
_SIDES = 2
_PAIR = ",".join(_LABELS[:_SIDES])
_WHICH = [
    option(
        "--label",
        f"Only this label: {' or '.join(_LABELS)}; two side by side: {_PAIR}.",
        "LABEL",
        words=(*_LABELS, _PAIR),
    )
]
_FOLLOWED = [
    option("--label", f"The label to follow: {' or '.join(_LABELS)}; default {_LABELS[0]}.", "LABEL", words=_LABELS)
]
_SOME = [
    argument("drug", "infliximab, rituximab, or DRUG/INDICATION; default: all regimens.", needed=False),
    argument("indication", "Indication; default: all of the drug.", needed=False),
]
_FAILING = ("clinical",)
_TWO = [
    argument(name, f"A table file, a site's file, or the word {SHIPPED}, as the table {which} the change.")
    for name, which in (("old", "before"), ("new", "after"))
]
_FILE = [argument("file", "Table file; default: the shipped one, whatever your settings name.", needed=False)]


@takes(*TABLE, *result(short=True))
def list_(**given: Any) -> Reply:
    """All regimens and their status; --full: doses, protocols, names.

    \b
    Examples:
      infusecalc list
      infusecalc list --format csv -o regimens.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    return reply(given, form, ListAnswer(table.version, list(listing(table)), names_of(table)))


@takes(*REGIMEN, *_WHICH, *TABLE, *result())
def show(**given: Any) -> Reply:
    """Every value of a regimen, with source and grade.

    \b
    Examples:
      infusecalc regimens show infliximab crohns --label us
      infusecalc regimens show rituximab/gpa --format json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    typed, indication = regimen_typed(table, given)
    drug, _ = table.find_drug(typed)
    labels = _labels(table, given["label"])
    found = table.find_indication(drug, indication)
    rows = list(statements(table, drug, found, labels))
    sources = list(sources_of(table, ((row.source, row.confirmed) for row in rows)))
    id_ = f"{drug}/{found}"
    if given["label"] is None or len(labels) == 1:
        return reply(given, form, ShowAnswer(table.version, rows, id_, sources))
    return reply(given, form, LabelsAnswer(table.version, rows, id_, sources, labels))


def _labels(table: Table, typed: str | None) -> tuple[str, ...]:
    """The labels that are shown: all, one, or two side by side; raises BadInput."""
    if typed is None:
        return table.labels
    found = tuple(map(table.find_label, typed.split(",")))
    if len(found) > _SIDES or len(set(found)) < len(found):
        allowed = f"one label, or two different ones, as in {','.join(table.labels[:_SIDES])}"
        raise BadInput("label", typed, "does not name one or two labels", allowed=allowed)
    return found


@takes(*_SOME, *_FOLLOWED, *TABLE, *result())
def review(**given: Any) -> Reply:
    """The sheet to sign: every value, the least certain first.

    \b
    Examples:
      infusecalc regimens review infliximab crohns -o review.pdf
      infusecalc regimens review rituximab --label eu --format csv -o review.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), site_table(given)
    label = table.find_label(given["label"])
    title, regimens = _reviewed(table, given)
    mine = [id_ for id_ in regimens if table.has_part("regimens", id_, label)]
    if not mine:
        raise BadInput("label", label, f"has no entry for {title}", hint="see: infusecalc regimens list")
    return reply(given, form, ReviewAnswer(table, title, label, list_values(table, mine, label)))


def _reviewed(table: Table, given: dict[str, Any]) -> tuple[str, list[str]]:
    """What is reviewed, in words, and its regimens: all, those of a drug, or one."""
    every = table.names("regimens")
    if given["drug"] is None:
        return "all regimens", list(every)
    if given["indication"] is None and "/" not in given["drug"]:
        drug, _ = table.find_drug(given["drug"])
        return f"all regimens of {drug}", [id_ for id_ in every if id_.partition("/")[0] == drug]
    typed, indication = regimen_typed(table, given)
    drug, _ = table.find_drug(typed)
    id_ = f"{drug}/{table.find_indication(drug, indication)}"
    return id_, [id_]


@takes(*_FILE, *result())
def validate(**given: Any) -> Reply:
    """Check a table: all faults, and what a site's file changes.

    \b
    Examples:
      infusecalc regimens validate
      infusecalc regimens validate site.yaml
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, table = format_of(given), load_table(given["file"], whole=True)
    counts = {section: len(table.names(section)) for section in ("regimens", "products", "sources")}
    done = {kind: sum(change.kind == kind for change in table.changes) for kind in KINDS}
    signed = {"confirmed": len(table.confirmed), "void": len(table.void)}
    row = Checked(given["file"] or table.files[0].name, table.version, 0, **counts, **done, **signed)
    return reply(given, form, CheckedAnswer(row, table.changes, table.void, shipped=not given["file"]))


@takes(*_TWO, option("--fail-on", "Exit with 3 if a clinical value differs.", "clinical", words=_FAILING), *result())
def diff(**given: Any) -> Reply:
    """What differs between two tables, and what that does to doses.

    \b
    Examples:
      infusecalc regimens diff shipped site.yaml
      infusecalc regimens diff old.yaml shipped --fail-on clinical --format md
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from infusecalc import table_diff  # noqa: PLC0415 - only this command plans courses
    from infusecalc.output.diff_page import DiffAnswer  # noqa: PLC0415 - the same

    form, kind = format_of(given), given["fail_on"]
    if kind is not None:
        kind = one_of("--fail-on", kind, _FAILING)
    old, new = (load_either(given[name]) for name in ("old", "new"))
    names = given["old"], given["new"]
    found = list(table_diff.differences(old, new)), list(table_diff.effects(old, new))
    return reply(given, form, DiffAnswer((old, new), names, *found, kind))


@takes(*result((DOCUMENT,)))
def schema(**given: Any) -> Reply:
    """JSON Schema of a regimen table, for editors that check it.

    \b
    Examples:
      infusecalc regimens schema
      infusecalc regimens schema -o regimens.schema.json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from infusecalc.table.schema import json_schema  # noqa: PLC0415 - only this command needs it

    format_of(given, (DOCUMENT,))
    return Reply(as_json(json_schema(load_table().labels)), given["output"], given["quiet"])


_ABOUT = """The regimen table: list, values and sources, the sheet to sign, differences, faults, schema.

\b
Examples:
  infusecalc regimens list
  infusecalc regimens show infliximab crohns
"""


def app(command: str) -> typer.Typer:
    """The typer program of the group; that of `list` alone, which is a command of its own, too."""
    if command == "list":
        return one(command, list_)
    program = typer.Typer(cls=AnyCase, add_completion=False, rich_markup_mode=None, help=_ABOUT)
    for each in (list_, show, review, diff, validate, schema):
        program.command(each.__name__.rstrip("_"), cls=Command)(each)
    return program
