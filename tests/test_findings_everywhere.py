"""A finding never hides in one format: what the JSON document tells, every other format of every command tells too."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import icalendar
import polars as pl
import pytest

import pdf_pages
from fhir_checks import faults
from infusecalc.cli import COMMANDS, run
from infusecalc.cli.answer import PLAIN
from infusecalc.output.answer import BUNDLE, DATES
from infusecalc.output.formats import written_from
from support import cases, fifth, in_columns

CASES = [param.values[0] for param in cases("findings_everywhere", "run findings")]
WITHOUT = {
    "info", "list", "regimens", "settings", "ask", "completion", "schema", "help", "verify", "agenda",
}  # set in rows # fmt: skip
"""The commands that answer for no patient; `verify` and `agenda` tell the findings of plans, in tests of their own."""
DATA = ("csv", "ndjson", "parquet")


def command_of(line: str) -> str:
    return line.partition(" ")[0]


def forms_of(line: str) -> tuple[str, ...]:
    """The formats of a line beside JSON."""
    own = {"schedule": written_from((*PLAIN, DATES, BUNDLE)), "batch": (*DATA, "fhir")}
    known = own.get(command_of(line), written_from(PLAIN))
    return tuple(form for form in known if form != "json")


def marks(case: dict[str, Any], form: str) -> Any:
    """A PDF takes as long as all other formats together: one of each command is quick."""
    firsts = {command_of(each["run"]): each["name"] for each in reversed(CASES)}
    return pytest.mark.slow if form == "pdf" and case["name"] not in firsts.values() else ()


WALK = [
    pytest.param(case, form, id=f"{case['name']}, {form}", marks=marks(case, form))
    for case in CASES
    for form in forms_of(case["run"])
]


def answer(line: str, form: str, folder: Path) -> tuple[int, bytes]:
    """The exit code of a line, and what it writes in a format; a batch is that of one patient.

    A screen is told in full: the first screen, and what `--quiet` leaves of it, are in test_screen.
    """
    command, *words = shlex.split(line)
    ends = {"table": "txt", "fhir": "fhir.ndjson" if command == "batch" else "fhir.json"}
    path = folder / f"answer.{ends.get(form, form)}"
    if command == "batch":
        cohort = folder / "cohort.csv"
        cohort.write_text(f"patient_id,drug,indication\n17,{words[0]},{words[1]}\n", encoding="utf-8")
        words = [str(cohort), *words[2:]]
    elif command == "schedule":
        words += ["--patient-id", "17"]
    code = run([command, *words, "-o", str(path), "--full" if form == "table" else "--quiet"])
    return code, path.read_bytes()


def document(line: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON document of a line; that of a batch is the schedule of its patient."""
    code, content = answer(re.sub("^batch ", "schedule ", line), "json", folder)
    return code, json.loads(content)


def rows_of(form: str, content: bytes) -> list[dict[str, Any]]:
    if form == "csv":
        found = list(csv.DictReader(io.StringIO(content.decode())))
        return [{name: cell or None for name, cell in row.items()} for row in found]
    if form == "ndjson":
        return [json.loads(line) for line in content.decode().splitlines()]
    return pl.read_parquet(io.BytesIO(content)).to_dicts()


def squeezed(text: str) -> str:
    """A text without blanks and hyphens: lines may be broken anywhere between words, and at hyphens."""
    return re.sub(r"[\s\u00ad\u2010\\-]", "", text)


def pages_of(form: str, content: bytes) -> list[str]:
    """The text of a page; of a calendar, that of each event."""
    if form == "ics":
        return [str(event["description"]) for event in icalendar.Calendar.from_ical(content).walk("VEVENT")]
    if form == "pdf":
        return ["".join(pdf_pages.texts(content))]
    text = content.decode()
    return [html.unescape(re.sub(r"<[^>]+>", " ", text)) if form == "html" else text]


def about(line: str, row: dict[str, Any], told: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of a document that a row carries; of one infusion, or of an order, all."""
    findings = told["findings"]
    if command_of(line) in ("rate", "check", "next"):
        return findings
    if "infusions" not in told:
        return [each for each in findings if each["phases"] is None or row["phase"] in each["phases"]]
    if "period" not in row:
        return [each for each in findings if each["infusions"] is None or int(row["number"]) in each["infusions"]]
    counted = [each for each in told["infusions"] if not each["optional"]]
    mine = {each["number"] for each in counted if row["period"] in ("course", each["date"][:4], each["date"][:7])}
    others = {each["number"] for each in counted} - mine
    named = ((each, set(each["infusions"] or ())) for each in findings)
    return [each for each, numbers in named if numbers & mine or not numbers & others]


def parts(cells: list[str | None]) -> set[str]:
    return {part for cell in cells if cell for part in cell.split(";")}


def key_of(finding: dict[str, Any]) -> str:
    return f"{finding['code']}:{finding['detail']}" if finding["detail"] else finding["code"]


def check_rows(line: str, rows: list[dict[str, Any]], told: dict[str, Any]) -> None:
    """Each row carries what is about it, and the rows together all that the document tells."""
    assert rows
    for row in rows:
        wanted = in_columns(about(line, row, told))
        assert {name: row[name] for name in wanted} == wanted
    for column, cell in in_columns(told["findings"]).items():
        if column == "severity":
            continue  # of each row, the gravest
        assert parts([row[column] for row in rows]) == parts([cell])


def check_pages(pages: list[str], told: dict[str, Any]) -> None:
    """Each finding stands there with severity and reason: on all of several pages, or on those that it is about."""
    texts = [squeezed(text) for text in pages]
    assert texts
    for each in told["findings"]:
        said = rf"(?i){each['severity']}[:|]*{re.escape(squeezed(key_of(each)))}"
        reason = squeezed(f"accepted: {each['reason']}") if each["accepted"] else ""
        seen = [bool(re.search(said, text)) and reason in text for text in texts]
        assert all(seen) if each["infusions"] is None else any(seen), key_of(each)


@pytest.mark.parametrize(("case", "form"), fifth(WALK))
def test_what_the_document_tells_every_other_format_tells(case, form, tmp_path):
    line, wanted = case["run"], case["findings"]
    code, told = document(line, tmp_path)
    keys = {key_of(each): each["reason"] for each in told["findings"]}
    assert {key: keys.get(key, "missing") for key in wanted} == wanted
    assert all(each["infusions"] != [] and each["phases"] != [] for each in told["findings"])
    blocked = any(each["severity"] == "block" for each in told["findings"])
    found, content = answer(line, form, tmp_path)
    assert found == code == (3 if blocked or told.get("verdict") == "outside" else 0)
    if form in DATA:
        check_rows(line, rows_of(form, content), told)
    elif form == "fhir":
        assert faults(json.loads(content), told) == []
    else:
        check_pages(pages_of(form, content), told)


def test_the_walk_goes_through_every_command_that_answers_for_a_patient():
    assert {command_of(case["run"]) for case in CASES} | WITHOUT == set(COMMANDS)
    kinds = {f"{command}, {kind}" for command in COMMANDS.keys() - WITHOUT for kind in ("the course", "accepted")}
    assert kinds <= {case["name"] for case in CASES}
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("form", ["table", "html", "pdf", "ics"])
def test_the_infusions_of_a_finding_are_told_in_the_same_words_on_every_page(form, tmp_path):
    line = "schedule infliximab crohns --start 2026-01-05 --weight 2026-01-01=70kg --weight 2026-06-01=78kg"
    _, content = answer(f"{line} --dose 20mg/kg", form, tmp_path)
    text = " ".join(map(squeezed, pages_of(form, content)))
    assert "[infusions4to8]" in text  # 20 mg/kg in maintenance blocks
    # day 154 is 2026-06-08; an event has what blocks, and no other infusions' cautions
    assert ("[infusion5]" in text) is (form != "ics")


FOUND = ("findings", "blocks", "cautions", "accepted")
OF_ROWS = {
    "dose infliximab crohns --weight 70kg": FOUND,
    "schedule infliximab crohns --weight 70kg --start 2026-12-01": FOUND,
    "schedule infliximab crohns --weight 70kg --start 2026-12-01 --totals": FOUND,
    "rate rituximab ra --weight 70kg": FOUND,
    "check infliximab crohns --weight 70kg --ordered 350mg": FOUND,
    "next infliximab crohns --weight 70kg --given 2026-12-01": FOUND,
    "batch COHORT": FOUND,
    "agenda COHORT --on 2026-12-01": FOUND[1:],
    "batch COHORT -o OUT --totals -": (),
    "verify PLAN": ("blocks",),
    "info infliximab": (),
    "list": (),
    "regimens show infliximab crohns": (),
    "settings --no-settings": (),
}


@pytest.mark.parametrize("line", OF_ROWS)
def test_the_rows_of_a_command_have_those_columns_of_findings_that_the_page_on_commands_says(line, tmp_path, capfd):
    cohort, plan = tmp_path / "cohort.csv", tmp_path / "plan.json"
    cohort.write_text("patient_id,drug,indication,weight_kg,start\na,infliximab,crohns,70,2026-12-01\n")
    made = "schedule infliximab crohns --weight 70kg --start 2026-12-01 -o PLAN"
    assert run([*made.replace("PLAN", str(plan)).split()]) == 0
    words = {"COHORT": str(cohort), "PLAN": str(plan), "OUT": str(tmp_path / "out.csv")}
    asked = [words.get(word, word) for word in line.split()]
    form = "--format" if not line.startswith("batch") else "--totals-as" if "--totals" in line else "--to"
    assert run([*asked, form, "csv"]) == 0
    header = next(csv.reader(io.StringIO(capfd.readouterr().out)))
    assert tuple(name for name in FOUND if name in header) == OF_ROWS[line]
