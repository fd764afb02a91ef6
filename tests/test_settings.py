"""A site's settings: what is set holds where nothing is typed, is said, and is refused with file and line."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

import pdf_pages
from infusecalc import Patient, load_table, make_course
from infusecalc.cli import run, settings_file
from infusecalc.cli.settings_file import line_of, place
from infusecalc.cli.settings_keys import KEYS, TABLES
from infusecalc.output import course_answer
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.output.request import Request
from infusecalc.output.settings_line import settings_line
from support import HERE, cases

CASES = cases("settings", "settings run expect used passed refused lines because")
PLAN = "schedule infliximab crohns --weight 70kg --start 2026-12-01 --doses 2"
COHORT = (
    "patient_id,drug,indication,weight_kg,start,label,product\n"
    "a,infliximab,crohns,70,2026-12-01,,\n"
    "b,remicade,crohns,70,2026-12-01,,\n"
    "c,infliximab,crohns,70,2026-12-01,us,\n"
    "d,infliximab,crohns,70,2026-12-01,,Flixabi\n"
    "e,rituximab,ra,70,2026-12-01,,\n"
    "f,,crohns,70,2026-12-01,,\n"
)
SET = 'label = "eu"\nproduct.infliximab = "Remsima"\nturnover = 15\n'


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Write a file of settings where the program looks for it."""

    def written(text: str, name: str = "infusecalc/infusecalc.toml") -> Path:
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        return path

    return written


def at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    return found


def document(capfd, line: str) -> dict[str, Any]:
    assert run([*shlex.split(line), "--format", "json"]) in (0, 3)
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("case", CASES)
def test_settings(case, site, capfd):
    path = site(case["settings"])
    code = run([*shlex.split(case["run"]), "--format", "json"])
    out, err = capfd.readouterr()
    if "refused" in case:
        assert (code, out) == (2, "")
        assert case["refused"].replace("FILE", str(path)) in err
        assert all(f"{path}:{line}: " in err for line in case.get("lines", ()))
        assert len(err.splitlines()) == 1 + len(case.get("lines", ()))
        return
    assert code == 0, err
    found = json.loads(out)
    expected = case.get("expect", {})
    assert {name: at(found, name) for name in expected} == expected, case.get("because")
    from_ = {"from": "infusecalc.toml"}
    assert found["settings"] == {key: {"value": value} | from_ for key, value in case["used"].items()}
    passed = {key: each["why"] for key, each in found.get("settings_ignored", {}).items()}
    assert passed == case.get("passed", {})
    assert err.count("not used: ") == bool(passed)


def test_every_key_has_a_case_in_which_it_takes_effect():
    """Those of pages and calendars have a test of their own below."""
    used = {key for case in CASES for key in case.values[0].get("used", {})}
    paged = {"paper", "first_weekday", "at", "tz", "remind", "chairs", "open", "regimens"}
    assert used == (set(KEYS) - paged) | {"product.infliximab"}


def test_the_example_of_every_key_is_taken(site, capfd):
    lines = [f"{name} = {key.example}" for name, key in KEYS.items() if name != "regimens"]
    lines.append(f"product.infliximab = {TABLES['product']['DRUG'].example}")
    lines += [f"clinic.{name} = {key.example}" for name, key in TABLES["clinic"].items()]
    site("\n".join(lines))
    found = document(capfd, "settings")
    assert [each["line"] for each in found["in_force"]] == list(range(1, len(lines) + 1))


def test_the_page_has_every_key_and_its_file_and_its_faults_are_true(site, capfd):
    page = (HERE.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    inside = [f"{table}.{name}" for table, keys in TABLES.items() for name in keys]
    rows = re.findall(r"^\| `([^`]+)` \| `", page.partition("## Every key")[2], re.MULTILINE)
    assert rows == [*KEYS, *inside]
    example = re.search(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    site(example[1])
    assert len(document(capfd, "settings")["in_force"]) == example[1].count(" = ")
    faults = re.findall(r"^infusecalc\.toml:(.*)$", page, re.MULTILINE)
    path = site("label = 'eu'\nrond = 1\n\n\nturnover = '1h'\n")
    assert run(["settings"]) == 2
    assert capfd.readouterr().err == "".join(f"{path}:{fault}\n" for fault in faults)


# --- where the file is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"HOME": "/home/n"}, "linux", ("/home/n/.config/infusecalc/infusecalc.toml", False)),
        ({"HOME": "/home/n"}, "darwin", ("/home/n/.config/infusecalc/infusecalc.toml", False)),
        ({"HOME": "/home/n", "XDG_CONFIG_HOME": "/c"}, "linux", ("/c/infusecalc/infusecalc.toml", False)),
        ({"HOME": "/home/n", "XDG_CONFIG_HOME": "c"}, "linux", ("/home/n/.config/infusecalc/infusecalc.toml", False)),
        ({}, "linux", (None, False)),
        ({"HOME": "here"}, "linux", (None, False)),
        ({"APPDATA": "/a", "HOME": "/home/n"}, "win32", ("/a/infusecalc/infusecalc.toml", False)),
        ({"HOME": "/home/n"}, "win32", (None, False)),
        ({"HOME": "/home/n", "INFUSECALC_SETTINGS": "x.toml"}, "linux", ("x.toml", True)),
        ({"APPDATA": "/a", "INFUSECALC_SETTINGS": "x.toml"}, "win32", ("x.toml", True)),
        (
            {"HOME": "/home/n", "INFUSECALC_SETTINGS": ""},
            "linux",
            ("/home/n/.config/infusecalc/infusecalc.toml", False),
        ),
    ],
)
def test_where_the_file_is(environ, platform, expected):
    path, named = place(environ, platform)
    assert (path and path.as_posix(), named) == expected


def test_a_file_that_the_environment_names_goes_before_that_of_the_user(site, monkeypatch, capfd):
    site('label = "eu"\n')
    monkeypatch.setenv("INFUSECALC_SETTINGS", str(site('label = "us"\nround = "vial"\n', "ward.toml")))
    found = document(capfd, "dose infliximab crohns --weight 80kg")
    assert found["settings"] == {
        name: {"value": value, "from": "ward.toml"} for name, value in (("label", "us"), ("round", "vial"))
    }


@pytest.mark.parametrize(
    ("name", "why"), [("none.toml", "No such file"), ("a\0b", "it is not a file name"), ("", "Is a dir")]
)
def test_a_file_that_the_environment_names_must_be_there(name, why, tmp_path, monkeypatch, capfd):
    path = tmp_path / name
    monkeypatch.setattr(settings_file, "place", lambda: (path, True))
    assert run(["dose", "infliximab", "crohns", "--weight", "70kg"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert f"cannot be read: {why}" in err
    assert "mend it or the variable INFUSECALC_SETTINGS, or give --no-settings" in err


def test_without_a_configuration_folder_there_are_no_settings(monkeypatch, capfd):
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert document(capfd, PLAN)["settings"] == {}
    found = document(capfd, "settings")
    assert (found["file"], found["read"], found["in_force"]) == (None, False, [])
    assert run(["settings"]) == 0
    assert "there is no configuration folder; name a file in INFUSECALC_SETTINGS" in " ".join(
        capfd.readouterr().out.split()
    )


def test_where_there_is_no_file_nothing_is_imported_for_it(monkeypatch, capfd):
    for name in ("tomllib", "infusecalc.cli.settings_use", "infusecalc.cli.settings_keys"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    document(capfd, PLAN)
    assert not {"tomllib", "infusecalc.cli.settings_use", "infusecalc.cli.settings_keys"} & set(sys.modules)


@pytest.mark.parametrize("text", ['\ufefflabel = "eu"\n', 'label = "eu"\r\n', 'label="eu"'])
def test_a_file_as_windows_writes_it_is_read(text, site, capfd):
    site(text)
    assert document(capfd, PLAN)["settings"] == {"label": {"value": "eu", "from": "infusecalc.toml"}}


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(site, capfd):
    path = site(b'label = "eu"\n[clinic]\nname = "Klinik S\xfcd"\n')
    assert run(shlex.split(PLAN)) == 2
    assert capfd.readouterr().err == f"{path}:3: is not UTF-8; save the file as UTF-8\n"


@pytest.mark.parametrize("text", ["turnover = " + "9" * 5000, "price = " + "[" * 50_000])
def test_what_no_reader_of_toml_takes_is_refused(text, site, capfd):
    path = site(text)
    assert run(shlex.split(PLAN)) == 2
    assert capfd.readouterr().err.startswith(f"{path}:1: is not TOML: ")


def test_no_result_is_written_over_the_settings(site, capfd):
    path = site('label = "eu"\n')
    assert run([*shlex.split(PLAN), "--format", "json", "-o", str(path)]) == 2
    assert "is a file that is read: the settings; nothing was written" in capfd.readouterr().err
    assert path.read_text() == 'label = "eu"\n'


@pytest.mark.parametrize(
    ("text", "names", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ('"b" = 2', ("b",), 1),
        ("[t]\nb = 1\n[u]\nb = 2", ("u", "b"), 4),
        ("[t]\nb = 1\n\n[u]", ("u",), 4),
        ("\nt.b = 1", ("t", "b"), 2),
        ("\nt = {b = 1}", ("t", "b"), 2),
        ("\n[ t ]\nx = 1\n'b' = 1", ("t", "b"), 4),
        ("a = 1", ("z",), 1),
    ],
)
def test_the_line_of_a_key(text, names, line):
    assert line_of(text, names) == line


def test_the_library_reads_no_settings(site):
    site('label = "eu"\n')
    course = make_course(load_table(), "infliximab", "crohns", Patient.of(weight="70kg"))
    assert course.regimen.label == "us"


# --- where it is said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "page"), [("table", True), ("md", True), ("html", True), ("csv", False), ("ndjson", False), ("ics", False)]
)
def test_what_came_from_the_settings_is_said_once(form, page, site, capfd):
    site(SET + 'at = "09:30"\ntz = "UTC"\nremind = "7d"\n')
    assert run([*shlex.split(PLAN), "--patient-id", "a", "--format", form]) == 0
    out, err = capfd.readouterr()
    more = ", at 09:30, tz UTC, remind 7d" if form == "ics" else ""
    line = f"Settings of infusecalc.toml: label eu, turnover 15 min{more}, product Remsima"
    assert " ".join(out.split()).count(line) == page
    assert err == ("" if page else f"infusecalc: {line}\n")
    assert "Remsima" in out or form == "ics"


def test_a_calendar_has_the_time_the_zone_and_the_reminder_that_are_set(site, capfd):
    site('at = "09:30"\ntz = "UTC"\nremind = "7d"\n')
    line = [*shlex.split(PLAN), "--patient-id", "a", "--format", "ics", "--quiet"]
    assert run(line) == 0
    out, err = capfd.readouterr()
    assert "DTSTART:20261201T093000Z" in out
    assert "TRIGGER:-P7D" in out
    assert err == ""
    assert run([*line, "--at", "10:00"]) == 0
    assert "DTSTART:20261201T100000Z" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "more", "event", "said"),
    [
        ('at = "09:30"\n', "", "DTSTART;VALUE=DATE:20261201", "not used: at 09:30 (it takes --tz too, typed or set)"),
        ('at = "09:30"\n', "--tz UTC", "DTSTART:20261201T093000Z", ": at 09:30"),
        ('tz = "UTC"\n', "", "DTSTART;VALUE=DATE:20261201", ""),
        ('tz = "UTC"\n', "--at 10:00", "DTSTART:20261201T100000Z", ": tz UTC"),
    ],
)
def test_a_time_of_day_goes_with_a_zone(text, more, event, said, site, capfd):
    site(text)
    assert run([*shlex.split(f"{PLAN} {more}"), "--patient-id", "a", "--format", "ics"]) == 0
    out, err = capfd.readouterr()
    assert event in out
    assert err == (f"infusecalc: Settings of infusecalc.toml {said}\n".replace("toml :", "toml:") if said else "")


def test_a_zone_that_is_none_is_refused_with_its_line(site, capfd):
    path = site('at = "09:30"\ntz = "CET"\n')
    assert run([*shlex.split(PLAN), "--patient-id", "a", "--format", "ics"]) == 2
    assert capfd.readouterr().err.endswith(f"; tz is from {path}, line 2\n")


def test_a_pdf_has_the_paper_that_is_set(site, tmp_path, capfd):
    site('paper = "letter"\n')
    for more, width, said in (("", 612, True), (" --paper a4", 595, False)):
        path = tmp_path / f"{width}.pdf"
        assert run([*shlex.split(PLAN + more), "-o", str(path)]) == 0
        content = path.read_bytes()
        assert {round(wide) for wide, _, _ in pdf_pages.letters(content)} == {width}
        text = " ".join(pdf_pages.texts(content))
        assert ("Settings of infusecalc.toml: paper letter" in text) == said
    capfd.readouterr()


def test_a_setting_in_words():
    def told(settings: dict[str, Any], **passed: str) -> str:
        used = {key: {"value": value, "from": "f.toml"} for key, value in settings.items()}
        return settings_line(
            Request("dose", {}, used, {k: {"value": v, "from": "f.toml", "why": "x"} for k, v in passed.items()})
        )

    assert told({}) == ""
    assert told({"turnover": 7.5, "round_within": "5%"}) == "Settings of f.toml: turnover 7.5 min, round within 5%"
    assert told({"turnover": "15 min", "weight_change": 5}) == "Settings of f.toml: turnover 15 min, weight change 5%"
    assert told({"price": ["100mg=1"]}) == "Settings of f.toml: price 100mg=1"
    assert told({"price": ["100mg=1", "500mg=2"]}) == "Settings of f.toml: 2 prices"
    assert told({"clinic.name": "x", "clinic.telephone": "1"}) == "Settings of f.toml: clinic details"
    assert told({}, label="eu") == "Settings of f.toml not used: label eu (x)"
    assert told({"tolerance": 3}, label="eu") == "Settings of f.toml: tolerance 3d; not used: label eu (x)"
    assert told({"label": "\x1b[31m"}) == "Settings of f.toml: label \\x1b[31m"


@pytest.mark.parametrize(
    ("more", "clinic", "weekday"),
    [
        ("--format html", True, True),
        ("--format html --sheet patient", True, True),
        ("--sheet patient", True, True),
        ("--format md --view calendar", False, True),
        ("--format md", False, False),
        ("--format json", False, False),
    ],
)
def test_the_clinic_and_the_first_weekday_reach_the_sheets(more, clinic, weekday, site, monkeypatch, capfd):
    site('first_weekday = "Sun"\n[clinic]\nname = "Ward 4"\ntelephone = "555 0100"\n')
    made = []
    init = course_answer.CourseAnswer.__init__
    monkeypatch.setattr(
        course_answer.CourseAnswer, "__init__", lambda self, *a, **k: made.append(self) or init(self, *a, **k)
    )
    assert run(shlex.split(f"{PLAN} {more}")) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert made[0].clinic == (ClinicDetails("Ward 4", "555 0100") if clinic else ClinicDetails())
    assert made[0].first_weekday == (6 if weekday else 0)
    assert ("clinic details" in out, "first weekday Sun" in out) == (clinic, weekday)


# --- tables, cohorts, verify -----------------------------------------------------------------------------------------


def test_a_table_that_is_set_is_looked_for_beside_the_settings(site, tmp_path, monkeypatch, capfd):
    path = site('regimens = "ours/site.yaml"\n')
    (path.parent / "ours").mkdir()
    bags = "house: {bags: {stocked: [100 mL], from: 10 mL, to: 5000 mL, source: house}}\n"
    (path.parent / "ours" / "site.yaml").write_text(bags, "utf-8")
    monkeypatch.chdir(tmp_path)
    found = document(capfd, PLAN)
    assert found["settings"] == {"regimens": {"value": "ours/site.yaml", "from": "infusecalc.toml"}}
    assert found["request"]["options"]["regimens"] == "site.yaml"
    assert found["table"]["local_sha256"]
    monkeypatch.setenv("INFUSECALC_REGIMENS", str(HERE / "tables" / "bands.yaml"))
    assert document(capfd, PLAN)["settings"] == {}, "the environment goes before the file"
    told = {each["key"]: (each["from"], each["line"]) for each in document(capfd, "settings")["in_force"]}
    assert told == {"regimens": ("INFUSECALC_REGIMENS", None)}
    monkeypatch.delenv("INFUSECALC_REGIMENS")
    (path.parent / "ours" / "site.yaml").unlink()
    assert run(shlex.split(PLAN)) == 2
    assert capfd.readouterr().err.endswith(f"regimens is from {path}, line 1\n")


def test_a_drug_of_the_sites_table_may_be_set_and_yields_to_another_table_that_is_typed(site, capfd):
    tables = HERE / "tables"
    path = site(f"regimens = '{tables / 'bands.yaml'}'\nproduct.bandumab = 'bandorix'\n")
    assert document(capfd, "settings")["in_force"][1]["value"] == "bandorix"
    line = "dose infliximab crohns --weight 70kg"
    assert document(capfd, line)["settings"].keys() == {"regimens"}
    assert document(capfd, f"{line} --regimens {tables / 'small_bags.yaml'}")["settings"] == {}
    path.write_text("product.bandumab = 'bandorix'\n")
    assert run(shlex.split(line)) == 2
    assert f"{path}:1: product.bandumab names no drug of the table" in capfd.readouterr().err


def test_a_verified_plan_agrees_with_the_settings_it_was_made_with_or_without_them(site, tmp_path, capfd):
    site(
        SET
        + 'round = "50mg"\nround_within = 20\ndays = "mon-fri"\ntolerance = 3\n'
        + 'price = ["100mg=2"]\nfor = "6m"\nweight_change = 5'
    )
    plan = str(tmp_path / "plan.json")
    assert run([*shlex.split(PLAN.replace("--doses 2", "--patient-id a")), "-o", plan, "--quiet"]) == 0
    told = json.loads(Path(plan).read_text())
    assert len(told["settings"]) == 10
    for more in ("", " --no-settings"):
        assert document(capfd, f"verify {plan}{more}")["verdict"] == "agrees"


def test_a_plan_with_a_setting_that_was_passed_over_agrees_too(site, tmp_path, capfd):
    site(SET)
    plan = str(tmp_path / "plan.json")
    assert run([*shlex.split(PLAN.replace("infliximab", "remicade")), "-o", plan]) == 0
    assert "not used: product Remsima (Remicade was named)" in capfd.readouterr().err
    assert json.loads(Path(plan).read_text())["settings_ignored"]
    assert document(capfd, f"verify {plan}")["verdict"] == "agrees"


def test_a_cohort_takes_what_its_rows_do_not_say(site, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    site(SET + 'anchor = "planned"\nbsa_formula = "dubois"\n')
    Path("cohort.csv").write_text(COHORT)
    line = "batch cohort.csv --doses 1 --rejects bad.csv"
    assert run(shlex.split(line)) == 4
    out, err = capfd.readouterr()
    rows = {row["patient_id"]: (row["label"], row["product"]) for row in csv.DictReader(io.StringIO(out))}
    assert rows == {
        "a": ("eu", "Remsima"), "b": ("eu", "Remicade"), "c": ("us", "Remicade"), "d": ("eu", "Flixabi"),
        "e": ("eu", "MabThera"),
    }  # set in rows # fmt: skip
    used = "Settings of infusecalc.toml: label eu, bsa formula dubois, turnover 15 min, product Remsima; not used: "
    assert used in err
    assert run([*shlex.split(line), "--quiet"]) == 4
    assert "Settings" not in capfd.readouterr().err
    assert run([*shlex.split(line), "--product", "Remicade", "--label", "us", "--no-settings"]) == 4
    assert "Settings" not in capfd.readouterr().err


def test_a_cohort_with_a_history_takes_the_same(site, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    site(SET + 'anchor = "planned"\n')
    Path("cohort.csv").write_text("".join(COHORT.splitlines(keepends=True)[:2]))
    Path("given.csv").write_text("patient_id,date,dose_mg\na,2026-12-03,350\n")
    assert run(shlex.split("batch cohort.csv --given given.csv --doses 2")) == 0
    out, err = capfd.readouterr()
    rows = [(row["date"], row["product"]) for row in csv.DictReader(io.StringIO(out))]
    assert rows == [("2026-12-03", "Remsima"), ("2026-12-15", "Remsima")]
    assert "label eu, anchor planned, turnover 15 min, product Remsima\n" in err


def test_an_agenda_takes_chairs_and_hours_and_says_it(site, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cohort.csv").write_text("".join(COHORT.splitlines(keepends=True)[:2]))
    line = "agenda cohort.csv --on 2026-12-01"
    path = site(SET + 'chairs = 1\nopen = "08:00-09:00"\nfor = "2m"\n')
    found = document(capfd, line)
    assert found["capacity"] == {"chairs": 1, "open_min": 60}
    assert set(found["settings"]) == {"label", "turnover", "chairs", "open", "product.infliximab"}
    assert found["days"][0]["infusions"][0]["product"] == "Remsima"
    assert document(capfd, f"{line} --chairs 3")["capacity"] == {"chairs": 3, "open_min": 60}
    assert run(shlex.split(line)) == 0
    assert "chairs 1, open 08:00-09:00" in " ".join(capfd.readouterr().out.split())
    for text, more in (("chairs = 1\n", "open"), ('open = "08:00-09:00"\n', "chairs")):
        path.write_text(text)
        found = document(capfd, line)
        assert (found["capacity"], found["settings"]) == (None, {})
        assert [each["why"] for each in found["settings_ignored"].values()] == [f"it takes --{more} too, typed or set"]


def test_a_label_that_only_narrows_a_list_is_not_set(site, capfd):
    site('label = "eu"\n')
    labels = {row["label"] for row in document(capfd, "regimens show infliximab crohns")["rows"]}
    assert labels >= {"us", "eu"}
    assert document(capfd, "regimens review infliximab crohns")["settings"]["label"]["value"] == "eu"


def test_a_command_that_takes_no_setting_reads_no_file(site, capfd):
    site("rond = 1\n")
    assert run(["schema", "dose"]) == 0
    assert run(["dose", "-h"]) == 0
    assert run(["completion", "bash"]) == 0
    capfd.readouterr()


def test_a_format_that_is_none_is_refused_as_without_settings(site, capfd):
    site('paper = "a4"\n')
    assert run([*shlex.split(PLAN), "--format", "docx"]) == 2
    assert "--format 'docx' is not a format of this command" in capfd.readouterr().err
    site('at = "09:30"\ntz = "UTC"\n')
    assert run(shlex.split("rate rituximab ra --weight 70kg --format ics")) == 2
    assert "--format 'ics' is not a format of this command" in capfd.readouterr().err


# --- the command -----------------------------------------------------------------------------------------------------


def test_settings_lists_what_is_in_force_and_what_may_be_set(site, capfd):
    path = site(SET + 'price = ["100mg=1", "500mg=2"]\n[clinic]\nname = "Ward 4"\n')
    assert run(["settings"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert max(map(len, out.replace(str(path), "").splitlines())) <= 80
    flat = " ".join(out.split())
    assert f"File: {path}"[:60] in flat
    assert "product.infliximab Remsima infusecalc.toml, line 2" in flat
    assert "price 100mg=1, 500mg=2 infusecalc.toml, line 4" in flat
    for key in (*KEYS, "product.DRUG", "clinic.name", "clinic.telephone", "clinic.emergency"):
        assert re.search(rf"^{re.escape(key)}  ", out.partition("What may be set")[2], re.MULTILINE), key
    assert run(["settings", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert rows[3] == {"key": "price", "value": "100mg=1, 500mg=2", "from": "infusecalc.toml", "line": "4"}


def test_settings_says_where_the_file_would_be(site, capfd):
    path = site("")
    path.unlink()
    found = document(capfd, "settings")
    assert (found["file"], found["read"], found["in_force"]) == (str(path), False, [])
    assert {each["key"] for each in found["keys"]} >= set(KEYS)
    assert run(["settings"]) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "there is no file. Its place would be: /" in out
    assert "none: every option has its usual value" in out


def test_settings_says_that_the_environment_names_the_file(site, monkeypatch, capfd):
    monkeypatch.setenv("INFUSECALC_SETTINGS", str(site('label = "eu"\n', "x.toml")))
    assert run(["settings"]) == 0
    assert ", named in INFUSECALC_SETTINGS" in " ".join(capfd.readouterr().out.split())


def test_settings_checks_what_others_see_only_in_use(site, monkeypatch, capfd):
    path = site(
        'label = "uk"\nholidays = "XX"\ntz = "CET"\nregimens = "none.yaml"\n'
        'product.infliximab = "Remsina"\nproduct.x = "y"\n'
    )
    assert run(["settings"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(line.partition(": ")[0] for line in err.splitlines()) == [f"{path}:{n}" for n in range(1, 7)]
    assert f"{path}:4: regimens " in err
    path.write_text('product.bandumab = "Other"\n')
    assert run(["settings"]) == 2
    assert "product.bandumab names no drug of the table" in capfd.readouterr().err
    monkeypatch.setenv("INFUSECALC_REGIMENS", str(HERE / "tables" / "bands.yaml"))
    assert run(["settings"]) == 2
    assert "product.bandumab 'Other' is not known" in capfd.readouterr().err
    assert run(["settings", "--no-settings"]) == 0
    assert "No settings: --no-settings was given. File: " in " ".join(capfd.readouterr().out.split())
