"""Draws the pictures of the README: python docs/make_pictures.py [FOLDER]."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from infusecalc import Patient, load_table, make_course
from infusecalc.output import terminal
from infusecalc.output.page import page

FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # no fonts from elsewhere


def schedule() -> str:
    """The first command of the README as an SVG."""
    course = make_course(load_table(), "infliximab", "crohns", Patient.of("70kg"), start="2026-12-01")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(terminal.draw(page(course), 80, colour=True)))
    title = "infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01"
    return console.export_svg(title=title, theme=DEFAULT_TERMINAL_THEME, code_format=FORMAT, unique_id="schedule")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    (folder / "schedule.svg").write_text(schedule(), encoding="utf-8")
