"""`regimens list | show | validate | schema`: the table itself, its values, its faults and its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from infusecalc.cli.options import REGIMEN, TABLE, argument, option, regimen_typed, result, takes
from infusecalc.cli.reply import Reply, colour, site_table, width
from infusecalc.cli.usage import AnyCase
from infusecalc.errors import escape
from infusecalc.frozen import Frozen
from infusecalc.output import flat
from infusecalc.output.files import choose_format
from infusecalc.output.statements import Listed, TableRow, listing, statements
from infusecalc.table import Change, cited, load_table
from infusecalc.table.layers import KINDS


class Checked(Frozen):
    """A table that was found to be without faults."""

    file: str
    version: str
    faults: int
    regimens: int
    products: int
    sources: int
    adds: int
    replaces: int
    restates: int
    removes: int


_LABELS = load_table().labels
_WHICH = [option("--label", f"Only this label: {' or '.join(_LABELS)}.", "LABEL", words=_LABELS)]
_FILE = [argument("file", "A table; the shipped one unless given.", needed=False)]


@takes(*TABLE, *result())
def list_(**given: Any) -> Reply:
    """Every regimen, with its status under each label, its doses and its other names.

    \b
    Examples:
      infusecalc regimens list
      infusecalc regimens list --format csv -o regimens.csv
    """  # noqa: D301 - \b keeps the lines of the examples apart
    rows = list(listing(site_table(given)))
    return _answer(given, Listed.part_names(), rows, _list_page(rows))


@takes(*REGIMEN, *_WHICH, *TABLE, *result())
def show(**given: Any) -> Reply:
    """Every value behind a regimen, with its source and grade.

    \b
    Examples:
      infusecalc regimens show infliximab crohns --label us
      infusecalc regimens show rituximab/gpa --format json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    table = site_table(given)
    typed, indication = regimen_typed(table, given)
    drug, _ = table.find_drug(typed)
    labels = table.labels if given["label"] is None else (table.find_label(given["label"]),)
    found = table.find_indication(drug, indication)
    rows = list(statements(table, drug, found, labels))
    return _answer(given, TableRow.part_names(), rows, _show_page(f"{drug}/{found}", rows))


@takes(*_FILE, *result())
def validate(**given: Any) -> Reply:
    """Check a table whole: every fault at once, with file, line and path; and what a site's file changes.

    \b
    Examples:
      infusecalc regimens validate
      infusecalc regimens validate site.yaml
    """  # noqa: D301 - \b keeps the lines of the examples apart
    table = load_table(given["file"], whole=True)
    counts = {section: len(table.names(section)) for section in ("regimens", "products", "sources")}
    done = {kind: sum(change.kind == kind for change in table.changes) for kind in KINDS}
    row = Checked(given["file"] or table.files[0].name, table.version, 0, **counts, **done)
    form = choose_format(given["format_"], given["output"])
    if form == "json":
        changes = [change.as_dict() | {"id": change.id, "source": cited(change.source)} for change in table.changes]
        found = {"schema": "infusecalc.regimens/1", "rows": [row.as_dict()], "changes": changes}
        return Reply(flat.as_json(found), given["output"], given["quiet"])
    return _answer(given, Checked.part_names(), [row], lambda *_: _checked(row, table.changes))


def _checked(row: Checked, changes: Sequence[Change]) -> str:
    """That a table has no faults, and what a site's file does to the shipped one, change by change."""
    lines = [f"{row.file}: no faults; {row.regimens} regimens, {row.products} products, {row.sources} sources"]
    if changes:
        counts = ", ".join(f"{kind} {getattr(row, kind)}" for kind in KINDS)
        lines += [f"This file {counts} values and rules of the shipped table:", *map(str, changes)]
    return "".join(f"{escape(line)}\n" for line in lines)


@takes(*result())
def schema(**given: Any) -> Reply:
    """The JSON Schema of a regimen table, for an editor that checks as you type.

    \b
    Examples:
      infusecalc regimens schema
      infusecalc regimens schema -o regimens.schema.json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from infusecalc.table.schema import json_schema  # noqa: PLC0415 - only this command needs it

    choose_format(given["format_"], given["output"], ("json",))
    return Reply(flat.as_json(json_schema(load_table().labels)), given["output"], given["quiet"])


_ABOUT = """The regimen table: what it holds, what it rests on, and whether it is sound.

\b
Examples:
  infusecalc regimens list
  infusecalc regimens show infliximab crohns
"""


def app(_: str) -> typer.Typer:
    """The typer program of the group."""
    program = typer.Typer(cls=AnyCase, add_completion=False, rich_markup_mode=None, help=_ABOUT)
    for name, command in {"list": list_, "show": show, "validate": validate, "schema": schema}.items():
        program.command(name)(command)
    return program


def _answer(given: dict[str, Any], names: Sequence[str], rows: Sequence[Any], page: Any) -> Reply:
    """Rows in the format asked for; `page` draws the view for people."""
    output = given["output"]
    form = choose_format(given["format_"], output)
    dicts = [row.as_dict() for row in rows]
    if form == "json":
        text = flat.as_json({"schema": "infusecalc.regimens/1", "rows": dicts})
    elif form == "csv":
        text = flat.as_csv(tuple(names), iter(dicts))
    elif form == "ndjson":
        text = flat.as_ndjson(iter(dicts))
    elif form == "md":
        from infusecalc.output import markdown  # noqa: PLC0415 - only this format needs it

        text = (
            "\n".join(markdown.table(names, ([markdown.plain(_cell(cell)) for cell in row.values()] for row in dicts)))
            + "\n"
        )
    else:
        text = page(width(output), colour(output, no_color=given["no_color"]))
    return Reply(text, output, given["quiet"])


def _cell(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _list_page(rows: Sequence[Listed]) -> Any:
    def draw(columns: int, coloured: bool) -> str:  # noqa: FBT001 - two drawing settings
        from infusecalc.output.terminal import Page  # noqa: PLC0415 - rich is imported only to draw a table

        page = Page(columns, colour=coloured)
        for id_ in dict.fromkeys(row.id for row in rows):
            mine = [row for row in rows if row.id == id_]
            page.heading(f"{id_}: {mine[0].name}")
            labels = ((f"{row.label} {row.status}{' local' if row.local else ''}", row.phases) for row in mine)
            page.grid(labels, indent=2)
            for text, under in _variants(mine).items():
                page.line(f"variants, {' and '.join(under)}: {text}", indent=2)
            page.line("also: " + ", ".join(mine[0].aliases.split()) if mine[0].aliases else "", indent=2)
        return page.text()

    return draw


def _variants(rows: Sequence[Listed]) -> dict[str, list[str]]:
    """The variants of a regimen, the off-label ones marked, each list with the labels that have it."""
    found: dict[str, list[str]] = {}
    for row in rows:
        off = row.variants_off_label.split()
        names = [f"{name} (off-label)" if name in off else name for name in row.variants.split()]
        if names:
            found.setdefault(", ".join(names), []).append(row.label)
    return found


def _show_page(id_: str, rows: Sequence[TableRow]) -> Any:
    def draw(columns: int, coloured: bool) -> str:  # noqa: FBT001 - two drawing settings
        from infusecalc.output.terminal import Page  # noqa: PLC0415 - rich is imported only to draw a table

        page = Page(columns, colour=coloured)
        page.heading(id_)
        for label, entry in dict.fromkeys((row.label, row.entry) for row in rows):
            page.line()
            page.heading(f"{entry}, {label}")
            for row in rows:
                if (row.label, row.entry) == (label, entry):
                    page.line(f"{row.path}: {row.value}", indent=2)
                    page.line(f"[{row.grade}] {row.source}{' (local)' if row.local else ''}", indent=6)
        return page.text()

    return draw
