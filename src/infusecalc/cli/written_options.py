"""The options of what is written: sheets and calendars of a course, and datasets."""

from __future__ import annotations

from infusecalc.cli.parameters import flag, option
from infusecalc.output.course_answer import SHEETS, VIEWS

SHEET = [
    option("--sheet", "Page for the clinic or for the patient; default clinic.", "WHOSE", words=SHEETS),
    option("--view", f"Add a {' or a '.join(VIEWS[1:])} to the table.", "VIEW", words=VIEWS),
    option("--at", "Time of day of every infusion: html, pdf; ics, with --tz.", "09:30"),
    option("--tz", "ics: time zone of --at, as in Europe/Berlin, or UTC.", "Europe/Berlin"),
    option("--revision", "ics: revision number; raise it each time you write this calendar again; default 0.", "N"),
    option("--remind", "ics: reminder this long before, as in 7d.", "7d"),
    flag("--private", "ics: no clinical detail."),
    flag("--show-id", "ics: the patient's id in the title and text of events."),
]
DATASET = [
    flag("--steps", "nonmem: a row for each step of the infusion rate, not for each infusion."),
    option(
        "--key",
        "nonmem: write to this file which ID stands for which patient id; default, if an id is not a whole number (007 "
        "is none): NAME.key.csv, in the folder of -o. Where it is written, every ID may be new: join by this file.",
        "FILE",
    ),
]
