"""`settings`: a site's settings in force, where each comes from, and what may be set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

from infusecalc.choices import Choices
from infusecalc.cli.answer import format_of, reply
from infusecalc.cli.command import program
from infusecalc.cli.options import result, takes
from infusecalc.cli.reply import Reply
from infusecalc.cli.settings_file import place
from infusecalc.cli.settings_keys import KEYS, TABLES, sentence
from infusecalc.cli.settings_use import products_of, table_path
from infusecalc.cli.taken import SettingsFile
from infusecalc.errors import BadInput, BadSettings
from infusecalc.output.settings_page import InForce, KeyTold, SettingsAnswer
from infusecalc.table import Table, load_table

_TABLE = "INFUSECALC_REGIMENS"


@takes(*result())
def settings(**given: Any) -> Reply:
    """Your site's settings: what is set, from which file, and every key that may be set.

    To set one, write a line KEY = VALUE into that file (TOML); docs/settings.md has an example.

    \b
    Examples:
      infusecalc settings
      infusecalc settings --format json
    """  # noqa: D301 - \b keeps the lines of the examples apart
    form, found = format_of(given), given["settings"].file
    if found:
        check_whole(found)
    path, named = place()
    keys = {**KEYS, **{f"{table}.{name}": key for table, own in TABLES.items() for name, key in own.items()}}
    told = [KeyTold(name, key.example, key.means) for name, key in keys.items()]
    answer = SettingsAnswer(path, in_force(found), told, read=bool(found), there=_there(path), named=named)
    return reply(given, form, answer)


def _there(path: Path | None) -> bool:
    """Whether there is a file; one that is there is not read with --no-settings."""
    return path is not None and path.is_file()


def in_force(found: SettingsFile | None) -> list[InForce]:
    """The settings, each with where it is from; a table that the environment names goes before that of the file."""
    listed = {key: InForce(key, told.value, found.name, told.line) for key, told in found.told.items()} if found else {}
    if os.environ.get(_TABLE):
        listed["regimens"] = InForce("regimens", os.environ[_TABLE], _TABLE, None)
    return list(listed.values())


def check_whole(found: SettingsFile) -> None:
    """Check what hangs on the table, on calendars and on the disk, too; raises BadSettings with every fault."""
    faults: list[str] = []

    def tried(key: str, work: Any) -> Any:
        if key in found.told:
            try:
                return work(found.told[key].value)
            except BadInput as error:
                faults.append(found.fault(key, sentence(key, error)))
        return None

    own: Table | None = tried("regimens", lambda _: load_table(table_path(found)))
    named = os.environ.get(_TABLE)
    table = load_table(named) if named else own or load_table()
    tried("label", table.find_label)
    tried("holidays", lambda text: Choices.of(holidays=text))
    tried("tz", _zone)
    faults += products_of(found, table)[1]
    if faults:
        raise BadSettings(tuple(faults))


def _zone(text: str) -> None:
    from datetime import date  # noqa: PLC0415 - only a zone needs it

    from infusecalc.output.zones import place_of  # noqa: PLC0415 - only a zone needs it

    place_of(text, 12 * 60, [date(2026, 12, 1)])


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, settings)
