"""Builds the manual page from the program's own help: python docs/make_man.py [FOLDER]."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from make_pages import commands

from infusecalc.cli import run
from infusecalc.cli.exit_codes import EXIT_CODES


def helped(*command: str) -> str:
    """The help of a command."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run([*command, "--help"])
    return out.getvalue().rstrip()


def roff(text: str) -> str:
    """Text that the typesetter of manual pages shows as it is."""
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"), flags=re.MULTILINE)


def page() -> Iterator[str]:
    """The lines of the page."""
    yield '.TH INFUSECALC 1 "" infusecalc "User Commands"'
    yield from (".SH NAME", roff("infusecalc - dated, dosed, vial-counted infliximab and rituximab infusions"))
    yield from (".SH SYNOPSIS", ".B infusecalc", ".I COMMAND", "[OPTIONS]")
    for command in ("", *commands()):
        yield f'.SH "{roff(command.upper() or "DESCRIPTION")}"'
        yield from (".nf", roff(helped(*command.split())), ".fi")
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from (".TP", str(code), roff(meaning))
    yield from (
        ".SH ENVIRONMENT",
        ".TP",
        "INFUSECALC_REGIMENS",
        roff("A site's own table, unless --regimens names one."),
    )
    yield from (".TP", "INFUSECALC_SETTINGS", roff("A site's settings, in place of infusecalc.toml of the user."))
    yield from (".TP", "NO_COLOR", "No colour, also on a terminal.")
    yield from (".TP", "SOURCE_DATE_EPOCH", "The stamp of calendar events, in seconds since 1970.")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    (folder / "infusecalc.1").write_text("\n".join(page()) + "\n", encoding="utf-8")
