"""Draws the pictures of the README: python docs/make_pictures.py [FOLDER].

The terminal view needs nothing more; the sheets need pdftoppm (poppler) and chromium, and are left out without them.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from infusecalc import Patient, load_table, make_course
from infusecalc.cli import run
from infusecalc.output import terminal
from infusecalc.output.course_answer import CourseAnswer

FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # no fonts from elsewhere


def schedule() -> str:
    """The first command of the README as an SVG."""
    course = make_course(load_table(), "infliximab", "crohns", Patient.of("70kg"), start="2026-12-01")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(terminal.draw(CourseAnswer(course).screen(), 80, colour=True)))
    title = "infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01"
    return console.export_svg(title=title, theme=DEFAULT_TERMINAL_THEME, code_format=FORMAT, unique_id="schedule")


def sheets(folder: Path) -> None:
    """The first page of the clinic sheet, and the patient sheet as a phone shows it, as small PNGs."""
    plan = [
        "schedule",
        "infliximab",
        "crohns",
        "--weight",
        "70kg",
        "--start",
        "2026-12-01",
        "--patient-id",
        "17",
        "--quiet",
    ]
    poppler, browser = shutil.which("pdftoppm"), shutil.which("chromium")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if poppler:
            run([*plan, "-o", str(scratch / "clinic.pdf")])
            small = ["-r", "72", "-png", "-singlefile", str(scratch / "clinic.pdf"), str(folder / "clinic")]
            subprocess.run([poppler, *small], check=True)  # noqa: S603 - a program that was looked up
        if browser:
            run([*plan, "--sheet", "patient", "-o", str(scratch / "patient.html")])
            flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
            flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            flags += [f"--user-data-dir={scratch}", "--window-size=500,1000", f"--screenshot={folder / 'patient.png'}"]
            page = (scratch / "patient.html").as_uri()
            subprocess.run([browser, *flags, page], check=True, capture_output=True)  # noqa: S603 - as above


if __name__ == "__main__":
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    (into / "schedule.svg").write_text(schedule(), encoding="utf-8")
    if len(sys.argv) == 1:
        sheets(into)
