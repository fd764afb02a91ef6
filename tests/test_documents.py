"""The schedule as people keep it: PDF, HTML, patient sheet and calendar, held against the JSON document."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser

import icalendar
import pytest
from pypdf import PdfReader

import pdf_pages
from infusecalc.cli import run
from infusecalc.cli.answer import PLAIN
from infusecalc.output import html, pdf, terminal
from infusecalc.output.answer import DATES
from infusecalc.output.blocks import TITLE, Findings, Heading, Lines
from infusecalc.output.formats import written_from
from infusecalc.output.phrases import long_date
from infusecalc.quantities import people
from support import HERE, sampled, slow, table

ODD_IDS = [
    "=HYPERLINK(1)", "[red]x[/red]", '#eval("1+1")', "<script>alert(1)</script>", "a,b;c", "x" * 60,
    "\u202eright to left", "\U0001f600 \u4e2d\u6587", "\\begin{x} $1$ *b* _i_ @ref", "&amp; \"quoted\" 'single'",
]  # set in rows # fmt: skip
COURSES = {
    "eight infusions": "infliximab crohns --weight 70kg --start 2026-12-01",
    "two years with findings of all three severities": (
        "rituximab gpa --weight 70kg --height 175cm --age 17 --start 2026-12-01 --for 2y --label eu "
        "--has heart-failure --dose maintenance=1200mg"
    ),
    "sixty infusions": "infliximab as --weight 70kg --start 2026-12-01 --doses 60",
    "if needed": "rituximab pv --weight 70kg --start 2026-08-31 --for 30m --label eu",
    "given, weighed anew, moved and priced": (
        "infliximab ra --weight 70kg --weight 2027-03-01=78kg --given 2026-12-01:210mg --given 2026-12-18 "
        "--days mon,wed-fri --holidays US --tolerance 3d --price 100mg=174.63"
    ),
    "a child without a rate": "rituximab gpa-pediatric --weight 30kg --height 130cm --start 2026-12-01",
}


def schedule(line: str, *more: str) -> int:
    return run(["schedule", *line.split(), *more])


def document(line: str, capfd) -> dict:
    schedule(line, "--format", "json", "--quiet")
    return json.loads(capfd.readouterr().out)


def made(line: str, name: str, folder, *more: str) -> bytes:
    path = folder / name
    assert schedule(line, "-o", str(path), "--quiet", *more) in (0, 3)
    return path.read_bytes()


def words_of(content: bytes) -> str:
    """The text of a PDF in one line, hyphens at line ends and page breaks aside."""
    return " ".join(pdf_pages.texts(content))


class Page(HTMLParser):
    """A page's text, its tags and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.refers: list[str] = []
        self.hidden = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.hidden += tag in ("style", "title")
        known = dict(attrs)
        self.refers += [value for name, value in known.items() if name in ("src", "href", "action", "data")]
        self.refers += [name for name in known if name.startswith("on")]

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "title")

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


# --- PDF ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "paper"),
    [each for name in COURSES for each in ((name, "a4"), slow(name, "letter"))] + [("eight infusions", "letter")],
)
def test_the_pdf_holds_every_date_and_dose_of_the_json_document(name, paper, tmp_path, capfd):
    found = document(COURSES[name], capfd)
    content = made(COURSES[name], "plan.pdf", tmp_path, "--paper", paper)
    text = words_of(content)
    for infusion in found["infusions"]:
        assert long_date(date.fromisoformat(infusion["date"])) in text
        assert f"{people(round(infusion['dose_mg'] * 100))} mg" in text
    for finding in found["findings"]:
        assert f"{finding['severity']}: {finding['code']}" in text.replace("- ", "-")
    sizes = {(round(width), round(height)) for width, height, _ in pdf_pages.letters(content)}
    assert sizes == {{"a4": (595, 842), "letter": (612, 792)}[paper]}


def test_every_page_of_a_pdf_says_whose_it_is_and_of_how_many(tmp_path):
    content = made(COURSES["sixty infusions"], "plan.pdf", tmp_path, "--patient-id", "A-17/" + "9" * 55)
    pages = pdf_pages.texts(content)
    assert len(pages) > 3
    for number, text in enumerate(pages, 1):
        assert f"{number} of {len(pages)}" in text
        assert "A-17/" + "9" * 55 in text.replace("- ", "").replace(" ", "")
        assert f"Regimen table {table().version} ({table().files[0].sha256[:12]})" in text


def test_a_pdf_is_accessible_and_has_title_and_language(tmp_path):
    reader = PdfReader(io.BytesIO(made(COURSES["eight infusions"], "plan.pdf", tmp_path)))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "inFLIXimab - Crohn's disease, adult, luminal"
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data().replace(b" ", b"")


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    for name in ("one.pdf", "other.pdf"):
        made(COURSES["eight infusions"], name, tmp_path, "--patient-id", "17")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "other.pdf").read_bytes()


@pytest.mark.parametrize(
    "command", ["dose rituximab gpa --weight 70kg --height 175cm", "rate rituximab ra --weight 70kg"]
)
def test_look_ups_and_pump_tables_are_documents_too(command, tmp_path):
    for name in ("one.pdf", "one.html"):
        assert run([*command.split(), "-o", str(tmp_path / name), "--quiet"]) == 0
    pages = words_of((tmp_path / "one.pdf").read_bytes()), Page((tmp_path / "one.html").read_text("utf-8")).text
    for text in pages:
        assert "50 mg/h, +50 mg/h every 30 min, at most 400 mg/h" in text
        assert "Regimen table" in text


ALL, DATED = written_from(PLAIN), written_from((*PLAIN, DATES))
NEXT = "next infliximab crohns --weight 70kg --given 2026-12-01 --given 2026-12-15"
COURSE = NEXT.replace("next", "schedule") + " --patient-id 17"
STOPPED = "rate rituximab ra --weight 70kg --stopped-at 30 --hold"
SAID = {  # code: the line, its exit code, the formats of its command, and what it says
    "history-start-assumed": [(NEXT, 0, ALL, "is counted as infusion 1"), (COURSE, 0, DATED, "as infusion 1")],
    "history-start-differs": [(f"{COURSE} --start 2026-11-30", 0, DATED, "1 day after --start, 2026-11-30")],
    "infusion-too-long": [(STOPPED, 3, ALL, "The infusion takes 39 h 30 min with its stop, over 12 h")],
}  # set in rows # fmt: skip
ONLY_CODES = ("csv", "ndjson", "ics")


@pytest.mark.parametrize(
    ("code", "line", "exit_code", "form", "words"),
    [
        pytest.param(code, line, exit_code, form, words, id=f"{line.split()[0]} {code} {form}")
        for code, lines in SAID.items()
        for line, exit_code, forms, words in lines
        for form in forms
    ],
)
def test_a_finding_is_in_every_format_of_its_command(code, line, exit_code, form, words, tmp_path):
    """A finding never hides in one format: the same codes appear in every output."""
    path = tmp_path / "answer"
    assert run([*line.split(), "--format", form, "-o", str(path), "--quiet"]) == exit_code
    content = path.read_bytes()
    text = words_of(content) if form == "pdf" else " ".join(content.decode().replace("\r\n ", "").split())
    assert code in text.replace("\\", "").replace("- ", "-")
    assert form in ONLY_CODES or words in text.replace("\\", "")


@pytest.mark.parametrize("form", [form for form in DATED if form != "ics"])
def test_a_severe_reaction_stands_before_the_steps_after_a_stop(form, tmp_path):
    """That a severe reaction ends the infusion is stated first; the steps that go up are marked as tolerated."""
    path = tmp_path / "answer"
    assert (
        run([*["rate", "rituximab", "ra", "--weight", "70kg", "--stopped-at", "45"], "--format", form, "-o", str(path)])
        == 0
    )
    text = words_of(path.read_bytes()) if form == "pdf" else path.read_text(encoding="utf-8")
    if form in ("csv", "ndjson"):
        assert "as_tolerated" in text
        return
    text = " ".join(unescape(text).split())
    severe = text.index("A severe reaction ends the infusion")
    assert severe < text.index("Severe reaction: discontinue the infusion")
    steps = {"json": '"steps"', "table": "mL/h "}.get(form, "duration")
    mark = "as_tolerated" if form == "json" else "As tolerated (infusecalc's own rule)"
    assert severe < text.index(steps) < text.replace("\\", "").rindex(mark)


@pytest.mark.parametrize(("form", "what"), [("pdf", "a PDF"), ("xlsx", "a spreadsheet")])
def test_what_is_no_text_is_not_written_to_a_terminal(form, what, monkeypatch, capfd):
    monkeypatch.setattr("infusecalc.cli.reply._on_a_terminal", lambda: True)
    assert schedule(COURSES["eight infusions"], "--format", form) == 2
    assert f"{what} cannot be shown on a terminal" in capfd.readouterr().err


def test_a_pdf_goes_through_a_pipe(capfdbinary):
    assert schedule(COURSES["eight infusions"], "--format", "pdf", "-o", "-") == 0
    assert capfdbinary.readouterr().out.startswith(b"%PDF-")


# --- HTML -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COURSES)
def test_the_page_holds_every_date_and_dose_and_finding(name, tmp_path, capfd):
    found = document(COURSES[name], capfd)
    text = Page(made(COURSES[name], "plan.html", tmp_path).decode()).text
    for infusion in found["infusions"]:
        assert long_date(date.fromisoformat(infusion["date"])) in text
        assert f"{people(round(infusion['dose_mg'] * 100))} mg" in text
    for finding in found["findings"]:
        assert f"{finding['severity']}: {finding['code']}" in text
    for source in found["sources"]:
        assert {"house": "infusecalc"}.get(source["id"], source["id"]) in text  # our own rules


@pytest.mark.parametrize("sheet", ["clinic", "patient"])
def test_the_page_needs_nothing_from_outside_and_runs_nothing(sheet, tmp_path):
    text = made(COURSES["eight infusions"], "plan.html", tmp_path, "--sheet", sheet, "--view", "timeline").decode()
    page = Page(text)
    assert page.refers == []
    assert "script" not in page.tags
    assert "url(" not in text
    assert "@import" not in text
    assert {"main", "footer", "h1", "section", "svg", "table"} <= set(page.tags)


# --- the patient's sheet ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COURSES)
def test_the_patient_sheet_shows_every_day_with_its_weekday(name, tmp_path, capfd):
    found = document(COURSES[name], capfd)
    codes = dict.fromkeys(finding["code"] for finding in found["findings"] if finding["severity"] == "block")
    more = ["--sheet", "patient", *(word for code in codes for word in ("--accept", f"{code}=agreed"))]
    pages = [
        words_of(made(COURSES[name], "mine.pdf", tmp_path, *more)),
        Page(made(COURSES[name], "mine.html", tmp_path, *more).decode()).text,
        " ".join(made(COURSES[name], "mine.txt", tmp_path, *more).decode().split()),
        " ".join(made(COURSES[name], "mine.md", tmp_path, *more).decode().split()),
    ]
    for text in pages:
        for infusion in found["infusions"]:
            assert long_date(date.fromisoformat(infusion["date"])) in text
        assert "Call us at once if" in text
        assert "You do not get two doses to make up for one." in text


@pytest.mark.parametrize("drug", ["infliximab", "rituximab"])
def test_the_patient_sheet_is_written_for_a_reader_of_twelve_years(drug):
    told = table().get("drugs", drug, "patient")
    parts = (told.emergency, told.expect, told.tell, told.common, told.call, told.missed)
    asked = [each for each in table().get("drugs", drug, "questions").values() if each.sheet]
    assert asked
    notes = [note.text for part in parts for note in part] + [f"{each.question} {each.text}" for each in asked]
    sentences = [sentence for sentence in re.split(r"[.!?] *", " ".join(notes)) if sentence]
    words = re.findall(r"[A-Za-z]+", " ".join(notes))
    vowels = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower()))) for word in words)  # no fewer than its syllables
    grade = 0.39 * len(words) / len(sentences) + 11.8 * vowels / len(words) - 15.59  # Flesch and Kincaid, 1975
    assert grade < 6, "the sixth year of school, at the age of eleven or twelve"
    assert max(len(sentence.split()) for sentence in sentences) <= 22
    assert all(note.source for part in parts for note in part)


def test_a_drug_without_words_for_patients_has_no_patient_sheet(capfd):
    local = ["--regimens", str(HERE / "tables" / "third_drug.yaml")]
    code = run(
        [
            "schedule",
            "fictumab",
            "hiccups",
            "--weight",
            "70",
            "--height",
            "170",
            "--start",
            "2026-12-01",
            "--sheet",
            "patient",
            *local,
        ]
    )
    assert code == 2
    assert "--sheet 'patient' is not possible here: the table has no words for patients" in capfd.readouterr().err


# --- the calendar -----------------------------------------------------------------------------------------------


def events(content: bytes) -> list:
    return icalendar.Calendar.from_ical(content).walk("VEVENT")


@pytest.mark.parametrize("name", COURSES)
def test_the_calendar_has_one_event_for_each_infusion_on_its_day(name, tmp_path, capfd):
    found = document(COURSES[name], capfd)
    listed = events(made(COURSES[name], "plan.ics", tmp_path, "--patient-id", "17"))
    assert [str(event.decoded("dtstart")) for event in listed] == [item["date"] for item in found["infusions"]]
    assert all(event.decoded("dtend") - event.decoded("dtstart") == timedelta(days=1) for event in listed)
    assert len({str(event["uid"]) for event in listed}) == len(listed)
    blocked = any(finding["severity"] == "block" for finding in found["findings"])
    states = ["TENTATIVE" if blocked or item["optional"] else "CONFIRMED" for item in found["infusions"]]
    assert [str(event["status"]) for event in listed] == states
    for event, item in zip(listed, found["infusions"], strict=True):
        assert f"{people(round(item['dose_mg'] * 100))} mg, infusion {item['number']}" in str(event["summary"])
        assert all(
            finding["code"] in str(event["description"])
            for finding in found["findings"]
            if finding["infusions"] is None
        )


def test_a_timed_event_has_the_length_of_its_infusion(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764028800")
    line = "rituximab ra --weight 70kg --start 2026-12-01 --doses 2"
    more = ["--patient-id", "17", "--at", "09:30", "--tz", "Europe/Berlin", "--remind", "7d", "--revision", "3"]
    one, two = events(made(line, "plan.ics", tmp_path, *more))
    assert [each.decoded("dtstart").isoformat() for each in (one, two)] == [
        "2026-12-01T09:30:00+01:00", "2026-12-15T09:30:00+01:00",
    ]  # set in rows # fmt: skip
    assert [each.decoded("duration") for each in (one, two)] == [timedelta(minutes=255), timedelta(minutes=195)]
    assert one.decoded("dtstamp").isoformat() == "2025-11-25T00:00:00+00:00"
    assert one["sequence"] == 3
    assert one.walk("VALARM")[0].decoded("trigger") == timedelta(days=-7)


def test_the_same_infusion_keeps_its_event_when_it_moves_and_no_other_patient_has_it(tmp_path):
    line = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 4"
    first = events(made(line, "one.ics", tmp_path, "--patient-id", "17"))
    moved = events(made(f"{line} --given 2026-12-01 --given 2026-12-20", "two.ics", tmp_path, "--patient-id", "17"))
    other = events(made(line, "three.ics", tmp_path, "--patient-id", "18"))
    assert [event["uid"] for event in first] == [event["uid"] for event in moved]
    assert [event.decoded("dtstart") for event in first] != [event.decoded("dtstart") for event in moved]
    assert not {event["uid"] for event in first} & {event["uid"] for event in other}


def test_a_private_event_tells_nothing_of_the_treatment(tmp_path):
    text = made(
        COURSES["eight infusions"], "p.ics", tmp_path, "--patient-id", "Mary", "--private", "--remind", "1w"
    ).decode()
    for word in ("FLIX", "mg", "Crohn", "Mary", "DESCRIPTION:infus", "infusion"):
        assert word not in text.replace("@infusecalc", "").replace("infusecalc//", "")
    assert text.count("SUMMARY:Appointment") == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--patient-id is missing; a calendar needs it"),
        (["--patient-id", "1", "--at", "09:30"], "--tz is missing; give --tz with --at"),
        (["--patient-id", "1", "--tz", "Europe/Berlin"], "--at is missing; give --at with --tz"),
        (["--patient-id", "1", "--at", "9:3", "--tz", "Europe/Berlin"], "--at '9:3' is not a time of day"),
        (["--patient-id", "1", "--at", "09:30", "--tz", "Mars/Base"], "--tz 'Mars/Base' is not a known time zone"),
        (
            ["--patient-id", "1", "--remind", "90m"],
            "--remind '90m' has an unknown unit: 'm' (allowed: a whole number of days or weeks, as in 14d or 8w)\n",
        ),
        (
            ["--patient-id", "1", "--remind", "1y"],
            "--remind '1y' has an unknown unit: 'y' (allowed: a whole number of d",
        ),
        (
            ["--patient-id", "1", "--revision", "-1"],
            "--revision '-1' is not a whole number of 0 or more (allowed: as in 0, 1 or 2)\n",
        ),
        (
            ["--patient-id", "1", "--revision", "1234567"],
            "--revision '1234567' is too large (allowed: up to 6 digits)\n",
        ),
    ],
)
def test_a_calendar_that_cannot_be_written_is_refused(options, message, tmp_path, capfd):
    assert schedule(COURSES["eight infusions"], "-o", str(tmp_path / "plan.ics"), *options) == 2
    assert message in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_stamp_that_is_no_number_is_refused(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert schedule(COURSES["eight infusions"], "-o", str(tmp_path / "plan.ics"), "--patient-id", "1") == 2
    assert "SOURCE_DATE_EPOCH 'yesterday' is not a number of seconds" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sheet", "doctor"], "--sheet 'doctor' is not known"),
        (["--view", "year"], "--view 'year' is not known"),
        (["--sheet", "patient", "--format", "csv"], "--sheet 'patient' cannot be combined with --format csv"),
        (["--view", "calendar", "--format", "json"], "--view 'calendar' cannot be combined with --format json"),
        (["--paper", "a4"], "--paper 'a4' is only for pdf; give -o, as in plan.pdf"),
        (["--paper", "a5", "--format", "pdf"], "--paper 'a5' is not known"),
        (
            ["--at", "09:30"],
            "--at '09:30' is only for html, pdf or ics; give -o, as in plan.html, plan.pdf or plan.ics",
        ),
        (["--private"], "infusecalc: --private is only for ics; give -o, as in plan.ics\n"),
        (["--remind", ""], "--remind '' is only for ics; give -o, as in plan.ics"),
        (["--revision", "0"], "--revision '0' is only for ics; give -o, as in plan.ics"),
    ],
)
def test_an_option_that_a_format_has_no_use_for_is_refused(options, message, capfd):
    assert schedule(COURSES["eight infusions"], *options) == 2
    assert message in capfd.readouterr().err


# --- ids, in every format ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD_IDS)
def test_an_id_comes_out_as_text_in_documents(name, tmp_path):
    line = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 2"
    spelled = name if "\u202e" not in name else name.replace("\u202e", "\\u202e")
    assert spelled in Page(made(line, "plan.html", tmp_path, "--patient-id", name).decode()).text
    assert "script" not in Page(made(line, "plan.html", tmp_path, "--patient-id", name).decode()).tags
    path = tmp_path / "next.pdf"  # the shortest page: how an id is written is the same on all
    short = ["next", "infliximab", "crohns", "--weight", "70kg", "--given", "2026-12-01", "--quiet"]
    assert run([*short, "--patient-id", name, "-o", str(path)]) == 0
    in_pdf = words_of(path.read_bytes())
    latin = "".join(char if ord(char) < 0x483 else char.encode("unicode_escape").decode() for char in spelled)
    assert "".join(latin.split()) in "".join(in_pdf.split())
    assert len(events(made(line, "plan.ics", tmp_path, "--patient-id", name))) == 2


# --- letters of any language, in every format -------------------------------------------------------------------------

UMLAUTS = "infliximab uc --weight 70kg --start 2026-12-01 --patient-id M\u00fcller --regimens " + str(
    HERE / "tables" / "umlauts.yaml"
)
CITIES = "\u0141\u00f3d\u017a, \u0395\u03bb\u03bb\u03ac\u03b4\u03b1, \u041a\u0438\u0457\u0432"
"""In Latin, Greek and Cyrillic letters."""
SITE_WORDS = (
    f"Behandlungspfad \u201eMorbus Crohn\u201c \u2013 {CITIES}",
    "Haus 3 \u2013 Gr\u00f6\u00dfe \u00c4",
    "Colitis ulcerosa f\u00fcr Erwachsene",
    "Remicade\u00ae Gr\u00f6\u00dfe 1",
    "M\u00fcller",
    "nach \u00dcberpr\u00fcfung \u2265 7 mg/kg",
)


def test_letters_of_a_sites_table_come_out_in_text(capfdbinary):
    for form in ("table", "md"):
        assert schedule(UMLAUTS, "--full", "--format", form) == 0
        text = " ".join(capfdbinary.readouterr().out.decode("utf-8").replace("\\", "").split())
        assert [words for words in SITE_WORDS if words not in text] == [], form


def test_letters_of_a_sites_table_come_out_in_data(capfdbinary):
    assert schedule(UMLAUTS, "--format", "json") == 0
    out = capfdbinary.readouterr().out
    assert out.isascii()
    text = json.dumps(json.loads(out), ensure_ascii=False)
    assert [words for words in SITE_WORDS if words not in text] == []
    for form in ("csv", "ndjson"):
        assert schedule(UMLAUTS, "--format", form) == 0
        text = capfdbinary.readouterr().out.decode("utf-8")
        if form == "ndjson":
            assert text.isascii()
            text = json.dumps(json.loads(text.splitlines()[0]), ensure_ascii=False)
        assert "Remicade\u00ae Gr\u00f6\u00dfe 1" in text
        assert "M\u00fcller" in text


def test_letters_of_a_sites_table_come_out_in_documents(tmp_path):
    page = Page(made(UMLAUTS, "plan.html", tmp_path).decode("utf-8")).text
    assert [words for words in SITE_WORDS if words not in page] == []
    sheet = "".join(words_of(made(UMLAUTS, "plan.pdf", tmp_path)).split())
    assert [words for words in SITE_WORDS if "".join(words.split()) not in sheet] == []
    (first, *_) = events(made(UMLAUTS, "plan.ics", tmp_path))
    assert "Colitis ulcerosa f\u00fcr Erwachsene" in first["description"]
    assert "Remicade\u00ae Gr\u00f6\u00dfe 1" in first["description"]
    assert "Haus 3 \u2013 Gr\u00f6\u00dfe \u00c4" in first["description"]


def test_letters_of_a_sites_table_come_out_in_listings(capfdbinary):
    path = str(HERE / "tables" / "umlauts.yaml")
    for form in ("table", "json", "csv", "ndjson", "md"):
        assert run(["regimens", "list", "--regimens", path, "--format", form]) == 0
        out = capfdbinary.readouterr().out
        name = "Colitis ulcerosa f\u00fcr Erwachsene"
        assert (json.dumps(name)[1:-1] if "json" in form else name).encode() in out


USUAL = {}


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
)
@pytest.mark.parametrize("form", sampled(["table", "md", "csv", "json"], ["table"]))
def test_an_output_that_knows_ascii_alone_stops_nothing(form, variables):
    line = [sys.executable, "-m", "infusecalc", "schedule", *UMLAUTS.replace("--patient-id M\u00fcller ", "").split()]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}

    def written(more):
        done = subprocess.run([*line, "--format", form], capture_output=True, check=False, env=kept | more)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    if form not in USUAL:
        USUAL[form] = written({"PYTHONUTF8": "1"})
    assert written(variables) == USUAL[form], "a pipe has UTF-8, whatever the terminal"


def test_a_refusal_where_standard_error_knows_ascii_alone_is_spelled_out():
    line = [sys.executable, "-m", "infusecalc", "dose", "infliximab", "M\u00fcller", "--weight", "70"]
    done = subprocess.run(line, capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"indication 'M\\xfcller' is not known" in done.stderr


def test_a_terminal_that_knows_ascii_alone_has_other_letters_spelled_out(monkeypatch):
    class Screen(io.TextIOWrapper):
        def isatty(self):
            return True

    for encoding, spelled in (("ascii", b"M\\xfcller"), ("utf-8", "M\u00fcller".encode())):
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", Screen(out, encoding=encoding))
        assert schedule(UMLAUTS) == 0
        assert spelled in out.getvalue()
        assert out.getvalue().isascii() == (encoding == "ascii")


def test_in_a_pdf_the_letters_that_its_font_lacks_are_spelled_out_and_no_others(tmp_path):
    line = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 2"
    content = made(line, "plan.pdf", tmp_path, "--patient-id", f"M\u00fcller \u2013 \u201e\u4e2d\u201c {CITIES}")
    text = "".join(words_of(content).split())
    assert "".join(f"M\u00fcller \u2013 \u201e\\u4e2d\u201c {CITIES}".split()) in text


# --- sums and costs ------------------------------------------------------------------------------------------------


def test_a_vial_without_a_price_leaves_the_cost_open_and_is_told(capfd):
    line = "rituximab gpa --weight 70kg --height 175cm --start 2026-12-01 --price 100mg=174.63"
    assert schedule(line, "--format", "json") == 0
    document = json.loads(capfd.readouterr().out)
    # 375 mg/m2 x 1.84 m2 = 690 mg: 1 x 500 mg + 2 x 100 mg; 500 mg: 1 x 500 mg; no price of a vial of 500 mg
    assert [each["cost"] for each in document["infusions"]] == [None] * len(document["infusions"])
    assert [each["waste_cost"] for each in document["infusions"]] == [None] * len(document["infusions"])
    totals = document["totals"]
    assert {each["cost"] for each in (totals, *totals["by_month"], *totals["by_year"])} == {None}
    assert totals["waste_cost"] is None
    found = [each for each in document["findings"] if each["code"] == "price-missing"]
    assert [each["phases"] for each in found] == [["induction"], ["maintenance"]]
    assert schedule(line) == 0
    assert re.search(r"course +not known +not known$", capfd.readouterr().out, re.MULTILINE)


def test_what_has_a_price_keeps_its_cost_beside_what_has_none(capfd):
    line = "rituximab ms --weight 70kg --start 2026-12-01 --doses 2 --dose 400mg --price 100mg=10 --format json"
    assert schedule(line) == 0
    document = json.loads(capfd.readouterr().out)
    # 1,000 mg: 2 x 500 mg without a price; 400 mg: 4 x 100 mg
    assert [each["cost"] for each in document["infusions"]] == [None, 40]
    assert [each["cost"] for each in document["totals"]["by_month"]] == [None, 40]
    assert document["totals"]["cost"] is None


def test_a_course_of_infusions_if_needed_alone_costs_nothing_for_certain(tmp_path, capfd):
    (tmp_path / "site.yaml").write_text(
        "sources: {ours: {title: A, publisher: B, date: unknown, section: unknown, url: unknown, grade: house}}\n"
        "regimens: {infliximab/gpp: {us: {phases: {maintenance: {dose: 5 mg/kg, every: 8 weeks, if_needed_from: 1,\n"
        "  source: ours}}}}}\n",
        encoding="utf-8",
    )
    line = "infliximab gpp --weight 70kg --start 2026-12-01 --from maintenance --price 100mg=2 --format json"
    assert schedule(line, "--regimens", str(tmp_path / "site.yaml")) == 0
    totals = json.loads(capfd.readouterr().out)["totals"]
    assert [totals[name] for name in ("infusions", "cost", "waste_cost", "chair_min", "by_month")] == [0, 0, 0, 0, []]


@pytest.mark.parametrize(
    ("asked", "costs"),
    [
        (["Remicade:100mg=2"], 8),  # 350 mg: 4 x 100 mg
        (["remicade:100 mg=2", "100mg=3"], 8),  # its own goes before that of every product
        (["100mg=3", "Inflectra:100mg=2"], 12),
        (["infliximab-dyyb:100mg=2"], None),  # another product's
        (["Rituxan:500mg=2", "100mg=3"], 12),
    ],
)
def test_a_price_belongs_to_its_product(asked, costs, capfd):
    line = "infliximab crohns --weight 70kg --start 2026-12-01 --doses 1 --format json"
    assert schedule(line, *(word for price in asked for word in ("--price", price))) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["totals"]["cost"] == costs
    assert ("price-missing" in {each["code"] for each in document["findings"]}) is (costs is None)


def test_sums_need_no_prices(capfd):
    assert schedule(COURSES["eight infusions"], "--totals") == 0
    text = capfd.readouterr().out
    assert re.search(r"^course +8 +2,800 mg +32 x 100 mg +400 mg +16 h +16 h$", text, re.MULTILINE)
    assert "Costs" not in text


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("174.63", "has no vial size (allowed: VIAL=PRICE or PRODUCT:VIAL=PRICE, as in 100mg=174.63)"),
        ("Remicade:174.63", "--price 'Remicade:174.63' has no vial size (allowed: VIAL=PRICE or PRODUCT:VIAL=PRICE"),
        (":100mg=1", "--price ':100mg=1' has no product (allowed: VIAL=PRICE or PRODUCT:VIAL=PRICE"),
        ("Remicad:100mg=1", "--price product 'Remicad' is not known (allowed: remicade, "),
        ("infliximab:100mg=1", "--price product 'infliximab' is a drug, and products have prices; name a product"),
        ("100mg=1.234", "--price '1.234' has more than two decimals"),
        ("100mg=-1", "--price '-1' is negative"),
        ("0mg=1", "--price vial '0mg' is zero"),
    ],
)
def test_a_price_that_is_none_is_refused(price, message, capfd):
    assert schedule(COURSES["eight infusions"], "--price", price) == 2
    assert message in capfd.readouterr().err


def test_a_vial_has_one_price(capfd):
    assert schedule(COURSES["eight infusions"], "--price", "100mg=1", "--price", "100 mg=2") == 2
    assert "is a second price for one vial" in capfd.readouterr().err


def test_a_vial_has_one_price_whatever_its_product_is_called(capfd):
    for other in ("inflectra", "infliximab-dyyb"):
        twice = ("--price", "Inflectra:100mg=1", "--price", f"{other}:100 mg=2")
        assert schedule(COURSES["eight infusions"], *twice) == 2
        said = capfd.readouterr().err
        assert f"--price '{other}:100" in said
        assert "is a second price for one vial; give one price for each size of a product" in said


# --- views on a terminal -------------------------------------------------------------------------------------------


def test_the_months_mark_every_infusion_and_fit_80_columns(capfd):
    assert schedule(COURSES["eight infusions"], "--view", "calendar") == 0
    text = capfd.readouterr().out
    marked = re.findall(r"\[ ?(\d+)\]", text.partition("Calendar")[2].partition("Findings")[0])
    assert sorted(map(int, marked)) == [1, 4, 9, 12, 15, 19, 24, 29]
    assert max(map(len, text.splitlines())) <= 80


def test_the_line_of_time_has_a_mark_for_each_infusion(capfd):
    assert schedule(COURSES["if needed"], "--view", "timeline") == 0
    line = re.search(r"^  ([*o-]+)$", capfd.readouterr().out, re.MULTILINE).group(1)
    assert (line[0], line[-1], len(line)) == ("*", "o", 61)
    assert line.count("o") == 2


@pytest.mark.parametrize("view", ["calendar", "timeline"])
def test_the_views_are_in_markdown_too(view, capfd):
    assert schedule(COURSES["eight infusions"], "--view", view, "--format", "md") == 0
    text = capfd.readouterr().out
    assert f"## {view.capitalize()}" in text
    assert ("| **1** |" in text) == (view == "calendar")
    assert ("| 8 | 2027-10-19 | maintenance, 350 mg |" in text) == (view == "timeline")


def test_a_block_is_drawn_by_every_document():
    blocks = [Heading("Title", TITLE), Heading("A section"), Lines(("one", "two"), listed=True), Lines(("three",))]
    assert "<li>two</li>" in html.draw(blocks, "foot", "clinic")
    assert "three" in words_of(pdf.draw(blocks, "foot", "clinic", "a4"))
    assert "<section" not in html.draw(blocks[:1], "foot", "clinic")


def test_no_findings_draw_nothing():
    assert terminal.draw([Findings(())], 80, colour=False) == ""


def test_a_drug_without_premedication_has_a_pump_table_without_it(capfd):
    local = ["--regimens", str(HERE / "tables" / "third_drug.yaml")]
    assert run(["rate", "fictumab", "hiccups", "--full", "--weight", "70", "--height", "170", *local]) == 0
    assert "Premedication" not in capfd.readouterr().out


def test_a_timed_event_of_a_child_without_a_rate_has_no_length(tmp_path):
    more = ["--patient-id", "17", "--at", "09:30", "--tz", "Europe/Berlin"]
    listed = events(made(COURSES["a child without a rate"], "plan.ics", tmp_path, *more))
    assert all("duration" not in event and "dtend" not in event for event in listed)
