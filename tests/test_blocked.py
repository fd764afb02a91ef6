"""Blocked plans in every format: no patient sheet, tentative events, the block above all else; reasons in no title."""

from __future__ import annotations

import json
import re
import shlex

import icalendar
import pytest

import pdf_pages
from infusecalc.cli import run
from infusecalc.errors import Blocked
from infusecalc.output.patient_sheet import patient_page
from support import START, cases, course, fifth

CASES = cases("blocked", "run blocks how reasons")
PLAN = ["schedule", "infliximab", "crohns", "--weight", "70kg", "--start", START]
SHEETS = ("txt", "md", "html", "pdf")
CHECKED = "Your team has checked this plan."


def schedule(case, *more):
    return run([*shlex.split(case["run"]), *more])


def words(content: bytes, form: str) -> str:
    """What a page says, in one line: Markdown's and HTML's marks aside."""
    if form == "pdf":
        return " ".join(pdf_pages.texts(content))
    text = content.decode().replace("\\", "").replace("**", "")
    if form == "html":
        text = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text).replace("&lt;", "<").replace("&gt;", ">")
    return " ".join(text.split())


def events(case, folder, *more):
    path = folder / "plan.ics"
    code = schedule(case, "-o", str(path), "--patient-id", "A-17", "--quiet", *more)
    return code, icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")


@pytest.mark.parametrize("form", SHEETS)
@pytest.mark.parametrize("case", CASES)
def test_no_patient_sheet_is_made_from_a_plan_that_blocks(case, form, tmp_path, capfd):
    path = tmp_path / f"mine.{form}"
    path.write_text("as it was", encoding="utf-8")
    code = schedule(case, "--sheet", "patient", "-o", str(path), "--quiet")
    out, err = capfd.readouterr()
    assert out == ""
    if not case.get("blocks"):
        assert (code, err) == (0, "")
        text = words(path.read_bytes(), form)
        assert (CHECKED in text) is bool(case.get("reasons"))
        assert [reason for reason in case.get("reasons", []) if reason in text] == []
        return
    assert code == 3
    assert path.read_text(encoding="utf-8") == "as it was"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    listed = ", ".join(case["blocks"])
    said = f"infusecalc: A patient sheet is not made from a plan that is blocked by {listed}; {case['how']}\n"
    assert err == said


@pytest.mark.parametrize("case", CASES)
def test_nothing_of_a_blocked_patient_sheet_goes_to_standard_output(case, capfd):
    code = schedule(case, "--sheet", "patient")
    out = capfd.readouterr().out
    assert code == (3 if case.get("blocks") else 0)
    assert bool(out) is not bool(case.get("blocks"))


@pytest.mark.parametrize("form", SHEETS)
@pytest.mark.parametrize("case", fifth(CASES))
def test_a_page_of_the_clinic_begins_with_what_blocks(case, form, tmp_path):
    path = tmp_path / f"plan.{form}"
    assert schedule(case, "-o", str(path), "--quiet") == (3 if case.get("blocks") else 0)
    text = words(path.read_bytes(), form)
    blocks, reasons = case.get("blocks", []), case.get("reasons", [])
    above, _, rest = text.partition("inFLIXimab - " if "infliximab" in case["run"] else "riTUXimab - ")
    assert rest
    if blocks:
        assert above.startswith(f"BLOCKED: {blocks[0]}: ")
        assert [key for key in blocks if f"BLOCKED: {key}: " not in above] == []
    else:
        assert "BLOCKED" not in text
    assert [reason for reason in reasons if f"accepted: {reason}" not in rest or reason in above] == []


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_every_page_on_paper_says_that_the_plan_is_blocked(form, tmp_path):
    for blocked in (False, True):
        path = tmp_path / f"{blocked}.{form}"
        run([*PLAN, "--quiet", *(["--has", "active-tb"] if blocked else []), "-o", str(path)])
        if form == "pdf":
            pages = pdf_pages.texts(path.read_bytes())
        else:
            pages = [path.read_text(encoding="utf-8").partition("<footer>")[2]]
        assert ["BLOCKED. Regimen table" in page for page in pages] == [blocked] * len(pages)


@pytest.mark.parametrize("line", [
    "check infliximab crohns --weight 70kg --ordered 350mg --has active-tb",
    "next infliximab crohns --weight 70kg --given 2026-12-01 --has active-tb",
    "rate infliximab crohns --weight 70kg --has active-tb",
    "dose infliximab crohns --weight 70kg --has active-tb",
])  # set in rows # fmt: skip
@pytest.mark.parametrize("form", SHEETS)
def test_the_pages_of_every_command_begin_with_what_blocks(line, form, tmp_path):
    path = tmp_path / f"page.{form}"
    assert run([*line.split(), "-o", str(path), "--quiet"]) == 3
    text = words(path.read_bytes(), form).replace("- ", "-")
    assert text.startswith("BLOCKED: contraindicated:active-tb: active tuberculosis: ")


# --- calendars ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_events_of_a_blocked_plan_are_tentative_and_say_so_first(case, tmp_path, capfd):
    schedule(case, "--format", "json", "--quiet")
    found = json.loads(capfd.readouterr().out)
    code, listed = events(case, tmp_path)
    blocks, reasons = case.get("blocks", []), case.get("reasons", [])
    assert code == (3 if blocks else 0)
    assert len(listed) == len(found["infusions"]) > 0
    for event, infusion in zip(listed, found["infusions"], strict=True):
        assert event["status"] == ("TENTATIVE" if blocks or infusion["optional"] else "CONFIRMED")
        assert event["class"] == "PRIVATE"
        title, text = str(event["summary"]), str(event["description"])
        assert title.startswith("BLOCKED: " if blocks else ("inFLIXimab", "riTUXimab"))
        assert "A-17" not in title + text
        assert text.startswith(f"BLOCKED: {blocks[0]}: ") if blocks else "BLOCKED" not in text
        assert [key for key in blocks if f"BLOCKED: {key}: " not in text or key in title] == []
        assert [reason for reason in reasons if f"- accepted: {reason}" not in text or reason in title] == []


@pytest.mark.parametrize("case", CASES)
def test_a_private_event_of_a_blocked_plan_says_that_alone(case, tmp_path):
    _, listed = events(case, tmp_path, "--private", "--remind", "1w")
    title = "BLOCKED: Appointment" if case.get("blocks") else "Appointment"
    for event in listed:
        assert (event["summary"], event["class"]) == (title, "PRIVATE")
        assert "description" not in event
        assert [alarm["description"] for alarm in event.walk("VALARM")] == [title]
        assert str(event["status"]) == "TENTATIVE" or not case.get("blocks")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("private", [False, True])
def test_an_id_is_shown_in_the_title_and_text_where_it_is_asked_for(case, private, tmp_path):
    _, listed = events(case, tmp_path, "--show-id", *(["--private"] if private else []))
    for event in listed:
        title = str(event["summary"]).removeprefix("BLOCKED: ")
        assert title.startswith("A-17: ")
        assert title.endswith(": Appointment") is private
        assert private is ("description" not in event)
        assert private or "\npatient A-17\n" in f"\n{event['description']}"


def test_an_id_that_would_reorder_a_title_is_spelled_out(tmp_path):
    path = tmp_path / "plan.ics"
    assert run([*PLAN, "--doses", "1", "--show-id", "--patient-id", "1\u202e7", "-o", str(path)]) == 0
    (event,) = icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    assert event["summary"] == "1\\u202e7: inFLIXimab 350 mg, infusion 1"


def test_an_id_is_shown_by_no_other_format(capfd):
    assert run([*PLAN, "--show-id"]) == 2
    assert capfd.readouterr().err == "infusecalc: --show-id is only for ics; give -o, as in plan.ics\n"


# --- as a library -----------------------------------------------------------------------------------------------


def test_a_library_is_refused_a_patient_sheet_too():
    with pytest.raises(Blocked) as refused:
        list(patient_page(course("infliximab/crohns", has=["active-tb"])))
    assert refused.value.keys == ("contraindicated:active-tb",)
    assert refused.value.exit_code == 3
