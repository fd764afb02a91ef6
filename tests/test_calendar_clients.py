"""The calendar in the hands of real clients: the same dates and times, one event an infusion, known when it moves.

khal (a program), ics, vobject and recurring-ical-events (packages) and ical.js (ICAL_JS names its folder, run by
node); each is skipped where it is not there.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infusecalc.cli import run

KHAL, NODE = shutil.which("khal"), shutil.which("node")
ICAL_JS = Path(os.environ.get("ICAL_JS", "node_modules/ical.js"))
PLAN = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 4"
MOVED = f"{PLAN} --given 2026-12-01 --given 2026-12-20"
DAYS = ["2026-12-01", "2026-12-15", "2027-01-12", "2027-03-09"]
MOVED_DAYS = ["2026-12-01", "2026-12-20", "2027-01-17", "2027-03-14"]
IDS = ["17", "a,b;c", "two\\nlines", "\U0001f600 smile", "x" * 200]

# the programs are tried where the packages are: together they are a stage of .ci/run
pytestmark = pytest.mark.skipif(find_spec("recurring_ical_events") is None, reason="needs the extra clients")


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


@pytest.fixture(params=["Europe/Berlin", "America/Los_Angeles", "Africa/Casablanca"])
def timed(request, tmp_path):
    """The calendar of a plan with times of day in a zone, and the moments that they are."""
    path = written(PLAN, tmp_path / "timed.ics", "--patient-id", "17", "--at", "09:30", "--tz", request.param)
    at, zone = dt.time(9, 30), ZoneInfo(request.param)
    moments = [dt.datetime.combine(dt.date.fromisoformat(day), at, zone).astimezone(dt.UTC) for day in DAYS]
    return path, moments


def test_ics_reads_the_same_moments(timed):
    ics = pytest.importorskip("ics", reason="needs the package ics")
    path, moments = timed
    found = [event.begin.datetime for event in ics.Calendar(path.read_text("utf-8")).events]
    assert sorted(found) == moments


def test_vobject_reads_the_same_moments(timed):
    vobject = pytest.importorskip("vobject", reason="needs the package vobject")
    path, moments = timed
    assert [event.dtstart.value for event in vobject.readOne(path.read_text("utf-8")).vevent_list] == moments


def test_recurring_ical_events_finds_each_event_at_its_moment(timed):
    recurring = pytest.importorskip("recurring_ical_events", reason="needs the package recurring-ical-events")
    from icalendar import Calendar  # noqa: PLC0415 - beside what needs it

    path, moments = timed
    found = recurring.of(Calendar.from_ical(path.read_bytes())).between(dt.date(2026, 1, 1), dt.date(2029, 1, 1))
    assert sorted(event.start for event in found) == moments


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


def by_ical_js(folder: Path, *files: Path) -> list:
    """Of each event of some files: its day or time, its moment in seconds, and what it is known by."""
    script = folder / "read.mjs"
    main = ICAL_JS.resolve() / json.loads((ICAL_JS / "package.json").read_text("utf-8")).get("module", "dist/ical.js")
    script.write_text(
        f"import ICAL from {json.dumps(main.as_uri())};\n"
        "import {readFileSync} from 'node:fs';\n"
        "const found = process.argv.slice(2).map(name => new ICAL.Component(ICAL.parse(readFileSync(name, 'utf8')))\n"
        "  .getAllSubcomponents('vevent').map(each => new ICAL.Event(each))\n"
        "  .map(event => [event.startDate.toString(), event.startDate.toUnixTime(), event.uid]));\n"
        "console.log(JSON.stringify(found));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, script, *files], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not (NODE and ICAL_JS.exists()), reason="needs node, and ical.js named by ICAL_JS")
def test_ical_js_reads_the_same_days_and_the_same_events(files, tmp_path):
    one, two = by_ical_js(tmp_path, *files)
    assert [day for day, _, _ in one] == DAYS
    assert [day for day, _, _ in two] == MOVED_DAYS
    assert [uid for _, _, uid in one] == [uid for _, _, uid in two]


@pytest.mark.skipif(not (NODE and ICAL_JS.exists()), reason="needs node, and ical.js named by ICAL_JS")
def test_ical_js_reads_the_same_moments(timed, tmp_path):
    path, moments = timed
    (found,) = by_ical_js(tmp_path, path)
    assert [seconds for _, seconds, _ in found] == [moment.timestamp() for moment in moments]


@pytest.fixture
def khal(tmp_path):
    """The program with a calendar of its own, on the clocks of Berlin."""
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

    def listed(path: Path, form: str) -> list[str]:
        """What is in the calendar, a line an event, when a file was imported."""
        for words in (
            ("import", "--batch", "-a", "clinic", str(path)),
            ("list", "--format", form, "--day-format", "", "2026-11-30", "600d"),
        ):
            command = [KHAL, "-c", str(config), *words]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings)
        return [line for line in done.stdout.splitlines() if line]

    return listed


@pytest.mark.skipif(not KHAL, reason="needs khal")
def test_khal_moves_the_events_of_a_re_planned_course(files, khal):
    for path, days in zip(files, (DAYS, MOVED_DAYS), strict=True):
        assert khal(path, "{start-date}") == days


@pytest.mark.skipif(not KHAL, reason="needs khal")
def test_khal_shows_the_same_moments(timed, khal):
    path, moments = timed
    berlin = [f"{moment.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M}" for moment in moments]
    assert khal(path, "{start-date} {start-time}") == berlin
