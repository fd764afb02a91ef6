"""The calendar in the hands of real clients: the same dates, one event an infusion, moved when it is imported again.

khal (a program), ics, vobject and recurring-ical-events (packages) and ical.js (ICAL_JS names its folder, run by
node); each is skipped where it is not there.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infusecalc.cli import run

KHAL, NODE = shutil.which("khal"), shutil.which("node")
ICAL_JS = Path(os.environ.get("ICAL_JS", "node_modules/ical.js"))
PLAN = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 4"
MOVED = f"{PLAN} --given 2026-12-01 --given 2026-12-20"
DAYS = ["2026-12-01", "2026-12-15", "2027-01-12", "2027-03-09"]
MOVED_DAYS = ["2026-12-01", "2026-12-20", "2027-01-17", "2027-03-14"]
IDS = ["17", "a,b;c", "two\\nlines", "\U0001f600 smile", "x" * 200]


def written(line: str, path: Path, *more: str) -> Path:
    assert run(["schedule", *line.split(), "-o", str(path), "--quiet", *more]) == 0
    return path


@pytest.fixture(params=IDS, ids=["plain", "commas", "a backslash", "emoji", "200 characters"])
def files(request, tmp_path):
    """The calendar of a plan, and of the same course re-planned."""
    id_ = ["--patient-id", request.param]
    return (
        written(PLAN, tmp_path / "one.ics", *id_),
        written(MOVED, tmp_path / "two.ics", *id_, "--revision", "1"),
    )


def test_ics_reads_the_same_days_and_the_same_events(files):
    ics = pytest.importorskip("ics", reason="needs the package ics")
    one, two = (sorted(ics.Calendar(path.read_text("utf-8")).events, key=lambda each: each.begin) for path in files)
    assert [str(event.begin.date()) for event in one] == DAYS
    assert [str(event.begin.date()) for event in two] == MOVED_DAYS
    assert [event.uid for event in one] == [event.uid for event in two]


def test_vobject_reads_the_same_days_and_the_same_events(files):
    vobject = pytest.importorskip("vobject", reason="needs the package vobject")
    one, two = (vobject.readOne(path.read_text("utf-8")).vevent_list for path in files)
    assert [str(event.dtstart.value) for event in one] == DAYS
    assert [str(event.dtstart.value) for event in two] == MOVED_DAYS
    assert [event.uid.value for event in one] == [event.uid.value for event in two]
    assert [event.sequence.value for event in two] == ["1"] * 4


def test_recurring_ical_events_finds_one_event_on_each_day(files):
    recurring = pytest.importorskip("recurring_ical_events", reason="needs the package recurring-ical-events")
    from icalendar import Calendar  # noqa: PLC0415 - beside what needs it

    for path, days in zip(files, (DAYS, MOVED_DAYS), strict=True):
        query = recurring.of(Calendar.from_ical(path.read_bytes()))
        found = query.between(dt.date(2026, 1, 1), dt.date(2029, 1, 1))
        assert sorted(str(event.start) for event in found) == days
        assert len(query.at(dt.date.fromisoformat(days[1]))) == 1


@pytest.mark.skipif(not (NODE and ICAL_JS.exists()), reason="needs node, and ical.js named by ICAL_JS")
def test_ical_js_reads_the_same_days_and_the_same_events(files, tmp_path):
    script = tmp_path / "read.mjs"
    main = ICAL_JS.resolve() / json.loads((ICAL_JS / "package.json").read_text("utf-8")).get("module", "dist/ical.js")
    script.write_text(
        f"import ICAL from {json.dumps(main.as_uri())};\n"
        "import {readFileSync} from 'node:fs';\n"
        "const found = process.argv.slice(2).map(name => new ICAL.Component(ICAL.parse(readFileSync(name, 'utf8')))\n"
        "  .getAllSubcomponents('vevent').map(each => new ICAL.Event(each))\n"
        "  .map(event => [event.startDate.toString(), event.uid]));\n"
        "console.log(JSON.stringify(found));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, script, *files], capture_output=True, text=True, check=True)
    one, two = json.loads(done.stdout)
    assert [day for day, _ in one] == DAYS
    assert [day for day, _ in two] == MOVED_DAYS
    assert [uid for _, uid in one] == [uid for _, uid in two]


@pytest.mark.skipif(not KHAL, reason="needs khal")
def test_khal_moves_the_events_of_a_re_planned_course(files, tmp_path):
    config = tmp_path / "khal.conf"
    (tmp_path / "cal").mkdir()
    config.write_text(
        f"[calendars]\n[[clinic]]\npath = {tmp_path / 'cal'}\n[sqlite]\npath = {tmp_path / 'khal.db'}\n"
        "[locale]\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        "local_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n",
        encoding="utf-8",
    )
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def khal(*words: str) -> str:
        command = [KHAL, "-c", str(config), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings).stdout

    for path, days in zip(files, (DAYS, MOVED_DAYS), strict=True):
        khal("import", "--batch", "-a", "clinic", str(path))
        listed = khal("list", "--format", "{start-date}", "--day-format", "", "2026-11-30", "600d").split()
        assert listed == days
