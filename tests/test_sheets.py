"""The sheets on paper and page: how many pages, what stands in front and overleaf, boxes, signatures, weeks, dates."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise, product

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

import pdf_pages
from infusecalc.cli import run
from infusecalc.output import html, markdown, pdf, terminal
from infusecalc.output.blocks import TITLE, Heading, Lines, Mark, Months, Pairs, Rows, Timeline
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.phrases import long_date, short_date, tall_man
from infusecalc.output.topics import sheet
from support import HERE, course, fifth, someone

CROHNS = "schedule infliximab crohns --weight 70kg --start 2026-12-01"
GPA = "schedule rituximab gpa --weight 70kg --height 175cm --start 2026-12-01"
PLANS = {
    "crohns": CROHNS,
    "crohns eu": f"{CROHNS} --label eu",
    "ten infusions": "schedule infliximab as --weight 70kg --start 2026-12-01",
    "arthritis": "schedule rituximab ra --weight 70kg --start 2026-12-01",
    "gpa us": GPA,
    "gpa eu": f"{GPA} --label eu",
    "blocked": f"{CROHNS} --has active-tb --patient-id A-17",
    "given and moved": (
        f"{CROHNS} --patient-id A-17 --given 2026-12-01:350mg --given 2026-12-18 --days mon,wed-fri --holidays US "
        "--tolerance 3d"
    ),
}
PAPERS = {"a4": (595, 842), "letter": (612, 792)}
BOXES = "given dose time given lot initials 1 initials 2"


def printed(line: str, folder, *more: str) -> list[str]:
    """The text of each page of a PDF, in one line; the paper is checked beside."""
    path = folder / "sheet.pdf"
    assert run([*line.split(), *more, "-o", str(path), "--quiet"]) in (0, 3)
    content = path.read_bytes()
    asked = more[more.index("--paper") + 1] if "--paper" in more else "a4"
    assert {(round(wide), round(high)) for wide, high, _ in pdf_pages.letters(content)} == {PAPERS[asked]}
    return pdf_pages.texts(content)


def shown(line: str, folder, *more: str) -> str:
    path = folder / "sheet.html"
    assert run([*line.split(), *more, "-o", str(path), "--quiet"]) in (0, 3)
    return path.read_text(encoding="utf-8")


# --- the clinic's sheet -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plan", "paper"), fifth(product(PLANS, PAPERS)))
def test_a_plan_of_twelve_months_is_two_pages(plan, paper, tmp_path):
    front, overleaf = printed(PLANS[plan], tmp_path, "--paper", paper)
    places = [
        front.index(word)
        for word in ("weight 70 kg", "Plan ", "Make up", "Infusions", BOXES, "waste, infusion time", "Findings")
    ]
    assert places == sorted(places)
    assert "BLOCKED" not in front or (plan == "blocked" and front.startswith("BLOCKED: contraindicated:active-tb: "))
    places = [overleaf.index(word) for word in ("Preparation", "Pump, infusion", "Monitoring", "Working,", "Sources")]
    assert places == sorted(places)
    assert not any(word in front for word in ("Pump, infusion", "Monitoring", "Sources"))
    pumps = overleaf.count("Pump, infusion")  # the heads of a table that is too wide run into each other
    assert overleaf.count("# start duration mg/h mL/h mL dose cumulative 1 0 ") == pumps > 0


@pytest.mark.parametrize(("regimen", "known", "options"), [
    ("infliximab/crohns", {}, {}),
    ("infliximab/ra", {}, {"done": ["tuberculosis=2026-11-02"]}),
    ("rituximab/gpa", {"height": "175cm"}, {"label": "eu"}),
    ("rituximab/ra", {}, {"label": "us"}),
])  # set in rows # fmt: skip
def test_every_statement_of_the_sheet_stands_on_the_clinics(regimen, known, options):
    """What is left out overleaf, because findings say it, is said by them word for word."""
    planned = course(regimen, someone(regimen, **known), **options)
    text = html.draw(CourseAnswer(planned).paper(), "foot", "clinic")
    missing = [each.text for each in sheet(planned) if html.plain(tall_man(planned, each.text)) not in text]
    assert missing == []


def test_a_plan_that_fits_on_no_two_pages_goes_on(tmp_path):
    dates = [f"20{year}-{month:02}-01" for year in range(27, 31) for month in (2, 5, 8, 11)]
    weighed = [word for kg, day in enumerate(dates, 71) for word in ("--weight", f"{day}={kg}kg")]
    pages = printed(f"{CROHNS} --for 4y", tmp_path, *weighed)
    assert len(pages) > 2
    text = " ".join(pages)
    last = text.rindex("Working, infusion")
    assert text.index("Infusions #") < text.index("Pump, infusion") < last < text.index("Sources")
    assert "mg/kg x 83 kg" in text


@pytest.mark.parametrize(("body", "size"), [
    # short lines shrink in height alone: from 64 of them on, none of these fits in the next larger size
    (Pairs((("name", "x"),) * 40), 9.5), (Pairs((("name", "x"),) * 64), 9), (Pairs((("name", "x"),) * 76), 7.75),
    (Pairs((("name", "x"),) * 88), 6.75),
    # prose shrinks in both directions
    (Lines(("some words and some more " * 80,)), 9.5), (Lines(("some words and some more " * 160,)), 8.5),
    (Lines(("some words and some more " * 224,)), 7),
    # what is too long for a column goes on in the next one, and what is too long for two on another page
    (Lines(("some words and some more " * 304,)), 8.5), (Lines(("some words and some more " * 560,)), 6.5),
    (Lines(("some words and some more " * 640,)), 7.5),
])  # set in rows # fmt: skip
def test_what_stands_overleaf_has_the_largest_letters_with_which_it_fits_one_page(body, size):
    blocks = [Heading("Title", 1), Lines(("front",)), Heading("Overleaf", overleaf=True), body]
    _, (_, _, letters), *_ = pdf_pages.letters(pdf.draw(blocks, "foot", "clinic", "a4"))
    highest = max(letter.top - letter.bottom for letter in letters if letter.bottom > 80)  # above the foot
    assert highest == pytest.approx(size * 0.978, abs=0.02)  # the f of the heading, which is larger by 15 %


def test_what_was_given_stands_in_its_box(tmp_path):
    front = printed(PLANS["given and moved"], tmp_path)[0]
    assert (
        "1 Tuesday 1 December 2026 350 mg 2 h (given) 350 mg 2 Friday 18 December 2026 350 mg 2 h (given) 3 " in front
    )


def test_a_view_sums_and_costs_are_on_the_clinics_sheet_where_they_are_asked_for(tmp_path):
    text = " ".join(printed(f"{CROHNS} --view calendar --price 100mg=2 --totals", tmp_path))
    assert "Calendar December 2026" in text
    assert "Costs # infusion or period vials of that waste 1 Tuesday 1 December 2026 8.00 1.00" in text
    assert "Timeline" in shown(f"{CROHNS} --view timeline", tmp_path)
    assert "Calendar" not in shown(CROHNS, tmp_path)


def test_observation_stands_with_what_to_make_up(tmp_path):
    """The EU labels of infliximab state an observation of 1 to 2 hours; the US ones state none."""
    assert "Afterwards watched for" in printed(PLANS["crohns eu"], tmp_path)[0]
    assert "Afterwards" not in printed(CROHNS, tmp_path)[0]


def test_a_drug_whose_bags_have_no_short_rules_has_a_sheet_all_the_same(tmp_path):
    local = ("--regimens", str(HERE / "tables" / "third_drug.yaml"))
    line = "schedule fictumab hiccups --weight 70kg --height 170cm --age 40 --start 2026-12-01 --doses 2"
    page = shown(line, tmp_path, *local)
    assert "Make up" in page
    assert "Each bag" not in page


# --- the patient's sheet -----------------------------------------------------------------------------------------

EIGHT = {
    "infliximab": "schedule infliximab crohns --weight 70kg --doses 8",
    "rituximab": "schedule rituximab ra --weight 70kg --courses 4",
}


@pytest.mark.parametrize(
    ("start", "drug", "label", "paper"),
    fifth(product(["2026-12-01", "2026-12-25"], EIGHT, ["us", "eu"], PAPERS)),  # in seven months, and in eight
)
def test_eight_dates_are_one_page_for_the_patient(drug, label, paper, start, tmp_path):
    more = ("--label", label, "--start", start, "--paper", paper, "--sheet", "patient", "--at", "9:30")
    (page,) = printed(EIGHT[drug], tmp_path, *more, "--patient-id", "A-17")
    assert len(re.findall(r"day \d+ [A-Z][a-z]+ 20\d\d 09:30", page)) == 8
    assert f"1 {long_date(date.fromisoformat(start))} 09:30 2 " in page
    assert page.index("If you miss a date") < page.index("Your calendar")


SITE = ClinicDetails("Day Clinic <North>", "030 123 456", "112")


@pytest.mark.parametrize("clinic", [ClinicDetails(), SITE])
def test_a_sheet_names_the_clinic_or_leaves_a_line(clinic):
    answer = CourseAnswer(course("infliximab/crohns"), sheet="patient", clinic=clinic)
    text = " ".join(terminal.draw(answer.page(), 80, colour=False).split())
    line = "_" * 28
    said = [value or line for value in (clinic.name, clinic.telephone, clinic.emergency)]
    assert "Clinic {} Telephone {} Emergency number {} ".format(*said) in text
    assert ("&lt;North&gt;" in html.draw(answer.page(), "foot", "patient")) is (clinic is SITE)


def test_the_clinics_own_sheet_names_the_clinic_where_that_is_set():
    named = html.draw(CourseAnswer(course("infliximab/crohns"), clinic=SITE).paper(), "foot", "clinic")
    assert "<dt>Clinic</dt><dd>Day Clinic &lt;North&gt;</dd>" in named
    assert "<dt>Telephone</dt><dd>030 123 456</dd>" in named
    assert "<dt>Clinic</dt>" not in html.draw(CourseAnswer(course("infliximab/crohns")).paper(), "foot", "clinic")


def test_the_months_come_after_the_words_and_a_timeline_in_their_place(tmp_path):
    page = shown(CROHNS, tmp_path, "--sheet", "patient")
    assert page.index("If you miss a date") < page.index("Your calendar") < page.index('class="month"')
    assert "<svg" not in page
    page = shown(CROHNS, tmp_path, "--sheet", "patient", "--view", "timeline")
    assert page.index("If you miss a date") < page.index("Your calendar") < page.index("<svg")
    assert 'class="month"' not in page


@pytest.mark.parametrize("sheet_", ["clinic", "patient"])
def test_the_time_of_day_is_on_both_sheets(sheet_, tmp_path):
    page = shown(CROHNS, tmp_path, "--sheet", sheet_, "--at", "9:30")
    assert page.count("<td>09:30</td>") == 8
    assert "09:30" not in shown(CROHNS, tmp_path, "--sheet", sheet_)


def test_a_date_that_was_kept_has_no_time(tmp_path):
    page = shown(PLANS["given and moved"], tmp_path, "--sheet", "patient", "--at", "9:30")
    assert page.count("<td>09:30</td>") == 7  # of 9, two of them given


@pytest.mark.parametrize(("more", "said"), [
    (["--at", "9:3", "-o", "{}.html"], "--at '9:3' is not a time of day"),
    (["--at", "09:30", "--format", "json"], "combined with --format json; it is for --format html or pdf or ics"),
    (["--at", "09:30", "--tz", "UTC", "-o", "{}.pdf"], "--tz 'UTC' is only for ics, not for pdf; give -o"),
])  # set in rows # fmt: skip
def test_a_time_that_no_sheet_can_show_is_refused(more, said, tmp_path, capfd):
    assert run([*CROHNS.split(), *(word.format(tmp_path / "plan") for word in more)]) == 2
    assert said in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


# --- a check ------------------------------------------------------------------------------------------------------

CHECK = "check infliximab crohns --weight 70kg --ordered 350mg"


@pytest.mark.parametrize("paper", PAPERS)
def test_two_people_sign_a_check(paper, tmp_path):
    (page,) = printed(CHECK, tmp_path, "--paper", paper)
    assert "Checked by person name initials date time 1 2 Findings" in page
    text = re.sub(r"\s*<[^>]*>\s*", " ", shown(CHECK, tmp_path))
    assert "person name initials date time 1 2 " in " ".join(text.split())


def test_a_check_on_a_screen_has_no_lines_to_sign(capfd):
    assert run([*CHECK.split(), "--full"]) == 0
    assert "Checked by" not in capfd.readouterr().out


# --- weeks and dates ----------------------------------------------------------------------------------------------

TUESDAY = (Mark(date(2026, 12, 1), 1, "induction, 350 mg", optional=False),)


@pytest.mark.parametrize(("first", "names", "weeks"), [
    # 1 December 2026 is a Tuesday: the second day of a week from Monday, the third of one from Sunday
    (0, "Mo Tu We Th Fr Sa Su", "[ 1] 2  3  4  5  6"),
    (6, "Su Mo Tu We Th Fr Sa", "[ 1] 2  3  4  5"),
    (5, "Sa Su Mo Tu We Th Fr", "[ 1] 2  3  4"),
])  # set in rows # fmt: skip
def test_weeks_begin_on_the_day_that_is_asked_for(first, names, weeks):
    block = Months(TUESDAY, first)
    blocks = [Heading("December", 1), block]
    lines = terminal.draw(blocks, 80, colour=False).splitlines()
    assert names in lines[2]
    assert weeks == lines[3].strip()
    row = "| " + " | ".join([""] * names.split().index("Tu") + ["**1**", "2"])
    assert row.replace("|  |", "|  |") in markdown.draw(blocks)
    assert re.findall(r"<abbr[^>]*>(\w+)<", html.draw(blocks, "foot", "clinic")) == names.split()
    [page] = pdf_pages.texts(pdf.draw(blocks, "foot", "clinic", "a4"))
    assert f"{names} 1 2 3" in page


@pytest.mark.parametrize("sheet_", ["clinic", "patient"])
def test_every_calendar_of_a_plan_has_the_weeks_of_the_site(sheet_):
    answer = CourseAnswer(course("infliximab/crohns"), sheet=sheet_, view="calendar", first_weekday=6)
    for blocks in (answer.page(), answer.screen(), answer.paper()):
        assert [block.first_weekday for block in blocks if isinstance(block, Months)] == [6]


def test_dates_are_as_people_say_them():
    assert long_date(date(2026, 12, 1)) == "Tuesday 1 December 2026"
    assert short_date(date(2026, 12, 1)) == "1 Dec 2026"


def test_on_paper_and_page_no_line_ends_between_a_number_and_its_unit():
    blocks = [Heading("Title", TITLE), Lines(("take 35 mL: 4 x 100 mg over 2 h 15 min, 10 % more",))]
    kept = "take 35\u00a0mL: 4\u00a0x\u00a0100\u00a0mg over 2\u00a0h\u00a015\u00a0min, 10\u00a0% more"
    assert kept in html.draw(blocks, "foot", "clinic")
    many = Lines(tuple(" ".join(["ab"] * each + ["35 mL"] * 40) for each in range(9)))
    lines = pdf_pages.lines(pdf.draw([Heading("Title", TITLE), many], "foot", "clinic", "a4"))
    assert sum("35" in line for line in lines) > 2 * 9
    assert [line for line in lines if line.endswith("35") or line.startswith("mL")] == []


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_dates_on_paper_and_page_are_long(form, tmp_path):
    line = f"{PLANS['given and moved']} --weight 2027-03-01=78kg"
    text = shown(line, tmp_path) if form == "html" else " ".join(printed(line, tmp_path))
    text = text.replace("\u00a0", " ")
    for said in (
        "Tuesday 1 December 2026", "Friday 18 December 2026", "Tuesday 15 December 2026",
        "70 kg (154.3 lb), from Monday 1 March 2027 78 kg", "planned to Saturday 18 December 2027",
    ):  # set in rows # fmt: skip
        assert said in text
    assert "Fri 2026-12-18" not in text


# --- the page in a browser ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheet", "settings", "told"),
    [
        (
            "patient",
            "",
            "infusecalc: before you hand it out, write the clinic's name, telephone, emergency on it, or set",
        ),
        (
            "patient",
            "[clinic]\nname = 'C'\ntelephone = '1'\n",
            "set them once, as settings (clinic.emergency)\n",
        ),
        ("patient", '[clinic]\nname = "C"\ntelephone = "1"\nemergency = "999"\n', None),
        ("clinic", "", None),
    ],
)
def test_what_a_patient_sheet_lacks_of_the_clinic_is_said(sheet, settings, told, tmp_path, capfd, monkeypatch):
    path = tmp_path / "infusecalc.toml"
    path.write_text(settings, encoding="utf-8")
    monkeypatch.setenv("INFUSECALC_SETTINGS", str(path))
    assert run([*CROHNS.split(), "--sheet", sheet, "-o", str(tmp_path / "sheet.html")]) == 0
    err = capfd.readouterr().err
    assert ("before you hand it out" in err) is (told is not None)
    assert told is None or told in err


@pytest.mark.parametrize("line", [CROHNS, f"{CROHNS} --sheet patient", PLANS["gpa eu"], CHECK])
def test_headings_are_in_order_and_every_column_has_one(line, tmp_path):
    page = shown(line, tmp_path)
    levels = re.findall(r"<h(\d)", page)
    assert levels[0] == "1"
    assert set(levels[1:]) == {"2"}
    for head in re.findall(r"<thead>(.*?)</thead>", page, re.DOTALL):
        assert re.findall(r"<t[hd][^>]*></t[hd]>", head) == []
        assert '<th scope="col"' in head
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_box_to_write_in_is_for_paper_and_what_is_written_is_for_all():
    rows = Rows(("#", "given dose", "lot"), (("1", "350 mg", ""), ("2", "", "")), (0,), boxes=True)
    blocks = [Heading("Title", 1), rows]
    page = html.draw(blocks, "foot", "clinic")
    heads = '<th scope="col" class="right">#</th><th scope="col">given dose</th><th scope="col" class="box">lot</th>'
    assert heads in page
    assert '<td class="box"></td>' in page
    assert 'class="box"' not in html.draw([blocks[0], rows.but(narrow=True)], "foot", "clinic")


def test_on_a_telephone_a_timeline_tells_every_date():
    close = tuple(Mark(date(2026, 12, day), day, "5 mg/kg", optional=day == 3) for day in (1, 2, 3, 31))
    page = html.draw([Heading("Title", 1), Timeline(close)], "foot", "clinic")
    across, down = page.split('class="timeline down"')
    for mark in close:
        assert f"{mark.number}: {long_date(mark.date)}{', if needed' if mark.optional else ''}<" in down
    heights = [int(found) for found in re.findall(r'<text x="48" y="(\d+)"', down)]
    assert min(later - one for one, later in pairwise(heights)) >= 22
    assert re.findall(r'y="72">([^<]+)<', across) == ["1 Dec 2026", "31 Dec 2026"]
    assert re.findall(r'y="22">([^<]+)<', across) == ["1", "2", "3", "31"]  # 33 of 1,000 apart: a number fits from 30
    years = (*close[:2], Mark(date(2030, 12, 1), 4, "5 mg/kg", optional=False))
    across = html.draw([Heading("Title", 1), Timeline(years)], "foot", "clinic").partition('class="timeline down"')[0]
    assert re.findall(r'y="22">([^<]+)<', across) == ["1", "4"]  # 1 of 1,000 apart: no room for the 2
    content = pdf.draw([Heading("Title", 1), Timeline(close)], "foot", "clinic", "a4")
    [text] = pdf_pages.texts(content)
    assert "1 Dec 2026" in text
    assert "2 Dec 2026" not in text
    assert "31 Dec 2026" in text


# --- as a person reads them ---------------------------------------------------------------------------------------


class Text(SingleFileSnapshotExtension):
    """One readable file for each sheet."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


SHEETS = {
    "clinic_crohns": ("clinic", "infliximab/crohns", {}, {}),
    "clinic_gpa_eu_blocked": ("clinic", "rituximab/gpa", {}, {"label": "eu", "has": ["heart-failure"]}),
    "patient_crohns": ("patient", "infliximab/crohns", {}, {}),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet(name, snapshot):
    reader, regimen, known, options = SHEETS[name]
    planned = course(regimen, someone(regimen, **known), **options)
    answer = CourseAnswer(planned, sheet=reader, at="09:30", clinic=SITE)
    text = re.sub(r"\([0-9a-f]{12}\b", "(DIGEST", markdown.draw(answer.paper()))
    assert text == snapshot(extension_class=Text)
