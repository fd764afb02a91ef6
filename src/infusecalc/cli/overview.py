"""The first page: what the program is, three lines to begin with, and its commands, each in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

ABOUT = {
    "dose": "Dose, vials and bag of each phase",
    "schedule": "Every infusion with its date",
    "rate": "Pump table of one infusion",
    "check": "An ordered dose against the regimen",
    "next": "What is due after the infusions given",
    "batch": "Plans for many patients, from a file",
    "agenda": "What is due in a clinic, day by day",
    "verify": "A stored plan, checked a second time",
    "info": "A drug: uses, warnings, reactions",
    "list": "All regimens",
    "regimens": "The regimen table: values, sources, sign-off",
    "ask": "Begin here: questions one by one, then the answer",
    "settings": "The settings in force, and their files",
    "schema": "JSON Schema of what a command writes",
    "completion": "Script that completes names in a shell",
    "help": "Show the help of a command",
}
"""Each command in a few words; a command that does not stand here is told by its own help."""
_EXAMPLES = (
    "infusecalc dose infliximab crohns --weight 70kg",
    "infusecalc schedule rituximab ra --weight 70kg --start 2026-12-01",
    "infusecalc ask",
)


def first_page(commands: Iterable[str]) -> Iterator[str]:
    """The lines of the page."""
    yield "infusecalc: infliximab and rituximab doses, vials, bags, pump rates and dates."
    yield from ("", "Examples:", *(f"  {line}" for line in _EXAMPLES))
    listed = list(commands)
    width = max(map(len, listed))
    yield from ("", "Commands:", *(f"  {name:{width}}  {ABOUT.get(name, '')}".rstrip() for name in listed))
    yield from ("", "Options of a command: infusecalc help COMMAND. Check against the current label.")
