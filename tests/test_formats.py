"""The same facts in every format: one walk over all of them, number by number."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from typing import Any

import pytest

from documents import schema_faults, schemas
from infusecalc import Course
from infusecalc.cli import run
from infusecalc.cli.answer import PLAIN
from infusecalc.findings import together
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.formats import FORMATS, Look, written_from
from infusecalc.output.records import COLUMNS, UNDATED, columns
from support import course, every_regimen, fifth, in_columns, someone, table

ROW = re.compile(
    r"^ *(?:! )? *(\d+)  (?:\w{3}) (\d{4}-\d{2}-\d{2}) +([\d,]+) +([\d,.]+) mg  (.+? mg) +([\d,.]+) mg  (.+)$",
    re.MULTILINE,
)
COURSES = {
    "plain": lambda start: course("infliximab/crohns", start=start),
    "blocked": lambda start: course("infliximab/ra", start=start, has=["active-tb"], dose=["10mg/kg"], every=["4w"]),
    "accepted": lambda start: course(
        "infliximab/uc", start=start, has=["murine-allergy"], accept=["contraindicated=desensitised, see letter"]
    ),
    "by surface": lambda start: course("rituximab/gpa", start=start, round_="100mg"),
    "child without a rate": lambda start: course("rituximab/gpa-pediatric", start=start),
    "optional": lambda start: course("rituximab/pv", start=start, label="eu"),
    "odd id": lambda start: course("infliximab/as", someone(id="=HYPERLINK(1)|[red] <b>*x*"), start=start, label="eu"),
    "weights over time": lambda start: course(
        "rituximab/gpa", someone(weight=["70kg", "2026-12-10=78kg", "2027-06-01=71kg"]), start=start, on="2026-12-01"
    ),
    "re-planned": lambda start: course(
        "infliximab/ra", start=start, given=["2026-12-01:210mg", "2026-12-20"] if start else [], dose=["4mg/kg"]
    ),
    "clinic days": lambda start: course(
        "infliximab/as",
        start=start,
        **({"days": "mon,wed-fri", "holidays": "US", "tolerance": ["induction=0d,maintenance=3d"]} if start else {}),
    ),
    "priced": lambda start: course(
        "rituximab/ra", start=start, **({"price": ["100mg=174.63", "500mg=873.15"]} if start else {})
    ),
    "protocol": lambda start: course(
        "infliximab/psoriasis", start=start, label="eu", protocol="shortened", dose=["6.5mg/kg"]
    ),
    "off-label": lambda start: course("rituximab/sle", someone(weight="154lb", age="34y"), start=start),
}


def plain(number: str) -> float:
    return float(number.replace(",", ""))


def in_csv(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def vials(counts: list[dict[str, Any]]) -> str:
    """Vials of the JSON as people read them."""
    return " + ".join(f"{each['count']} x {each['size_mg']}" for each in counts) + " mg"


def people(minutes: float | None) -> str:
    if minutes is None:
        return "not labelled"
    whole = -int(-minutes // 1)
    hours, rest = divmod(whole, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def listed_in_markdown(text: str) -> list[list[str]]:
    """The infusions of the page, each with the phase and the bag that stand above its table."""
    found, phase, bag = [], "", ""
    for line in text.replace("\\!", "!").splitlines():
        if line.startswith("## "):
            phase, bag = line.removeprefix("## ").partition(":")[0], ""
        elif line.startswith("- ") and not bag:
            bag = line
        elif bag and re.match(r"\| !? ?\| \d+ \|", line):
            found.append([phase, bag, *(cell.strip() for cell in line[1:-1].split("|"))])
    return found


TEXTS = [name for name in written_from(PLAIN) if name not in ("html", "pdf")]


COURSES = {name: cache(make) for name, make in COURSES.items()}
RENDERED: dict[tuple[int, str], tuple[Course, str]] = {}


def rendered(found: Course, form: str) -> str:
    """A course in a format; it is written once, for each rule looks at the same one."""
    if (id(found), form) not in RENDERED:
        content = FORMATS[form].write(CourseAnswer(found), Look(80, False, {"full": True}))[0]
        RENDERED[id(found), form] = found, content  # kept with it, so that no other has its identity
    return RENDERED[id(found), form][1]


@pytest.mark.parametrize("name", COURSES)
def test_data_formats_agree_with_the_json_document(name):
    for start in ("2026-12-01", None):
        found = COURSES[name](start)
        document = json.loads(rendered(found, "json"))
        entries = document["infusions" if start else "phases"]
        lines = [json.loads(line) for line in rendered(found, "ndjson").splitlines()]
        table = list(csv.DictReader(io.StringIO(rendered(found, "csv"))))
        assert len(entries) == len(lines) == len(table)
        for entry, line, row in zip(entries, lines, table, strict=True):
            names = [column for column in columns(found) if start or column not in UNDATED]
            assert list(line) == list(row) == names
            assert names[: len(COLUMNS)] == [column for column in COLUMNS if start or column not in UNDATED]
            shared = {key: value for key, value in entry.items() if key in line and key != "vials"}
            assert shared == {key: line[key] for key in shared}
            assert line["vials"] == "+".join(f"{each['count']}x{each['size_mg']}" for each in entry["vials"])
            someone_ = entry if start else document["patient"]
            assert (line["weight_kg"], line["bsa_m2"]) == (someone_["weight_kg"], someone_["bsa_m2"])
            assert line["billing_code"] == document["product"]["billing_code"]
            # a spreadsheet would take this id for a formula, so it begins with a quote in CSV, and there alone
            quoted = {"patient_id": "'=HYPERLINK(1)|[red] <b>*x*"} if name == "odd id" else {}
            assert row == {key: in_csv(value) for key, value in line.items()} | quoted
            assert line["patient_id"] == document["patient"]["id"]


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("start", ["2026-12-01", None])
def test_the_json_document_of_a_course_has_what_its_schema_says_and_no_more(name, start):
    assert schema_faults(json.loads(rendered(COURSES[name](start), "json"))) == []


@pytest.mark.parametrize(("regimen", "label"), fifth(every_regimen()))
def test_the_json_document_of_every_regimen_is_as_its_schema_says(regimen, label):
    for start in ("2026-12-01", None):
        assert schema_faults(json.loads(rendered(course(regimen, start=start, label=label), "json"))) == []


SPOILT = {
    "a key that is missing": lambda document: document["regimen"].pop("status"),
    "a key too many": lambda document: document["infusions"][2].update(dose=350),
    "a number as text": lambda document: document["infusions"][0].update(dose_mg="350"),
    "a date in another form": lambda document: document.update(start="01.12.2026"),
    "a severity that is none": lambda document: document["findings"][0].update(severity="warning"),
    "no infusion": lambda document: document.update(infusions=[]),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_document_that_is_spoilt_is_not_as_its_schema_says(fault):
    """What the schemas are worth."""
    document = json.loads(rendered(COURSES["plain"]("2026-12-01"), "json"))
    SPOILT[fault](document)
    assert len(schema_faults(document)) == 1


def texts_of(value: Any) -> list[str]:
    """Every text of a part of a document."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [value] if isinstance(value, str) else []


def squeezed(text: str) -> str:
    """A text without blanks and the escapes of Markdown, in one case: drugs are in tall-man letters for people."""
    return re.sub(r"[\s\\]", "", text).casefold()


@pytest.mark.parametrize("name", COURSES)
def test_the_words_of_the_json_document_stand_on_the_page(name):
    for start in ("2026-12-01", None):
        found = COURSES[name](start)
        document = json.loads(rendered(found, "json"))
        page = squeezed(rendered(found, "md"))
        said = texts_of([document["regimen"]["name"], document["product"], document.get("phase_starts", [])])
        said += [row["text"] for row in document["sheet"]] + [each.message for each in together(found.findings)]
        said += [text for phase in document.get("phases", []) for text in phase["working"]]
        said += [row["title"] for row in document["sources"]]
        assert len(said) > 20
        assert [text for text in said if squeezed(text) not in page] == []


@pytest.mark.parametrize("name", COURSES)
def test_the_sources_of_the_json_document_are_those_of_the_table(name):
    document = json.loads(rendered(COURSES[name]("2026-12-01"), "json"))
    assert document["table"]["version"] == table().version
    for row in document["sources"]:
        source = table().source(row["id"])
        assert {key: row[key] for key in row if key not in ("id", "local")} == {
            key: str(getattr(source, key)) for key in ("title", "publisher", "date", "section", "url", "grade")
        }


@pytest.mark.parametrize("name", COURSES)
def test_the_views_for_people_show_the_numbers_and_dates_of_the_json_document(name):
    found = COURSES[name]("2026-12-01")
    infusions = json.loads(rendered(found, "json"))["infusions"]
    terminal = ROW.findall(rendered(found, "table"))
    cells = listed_in_markdown(rendered(found, "md"))
    assert len(terminal) == len(cells) == len(infusions)
    for infusion, seen, listed in zip(infusions, terminal, cells, strict=True):
        number, date, day, dose, opened, waste, time = seen
        assert (int(number), date, plain(day)) == (infusion["number"], infusion["date"], infusion["day"])
        assert (plain(dose), plain(waste)) == (infusion["dose_mg"], infusion["waste_mg"])
        assert opened.strip() == vials(infusion["vials"])
        other = "" if infusion["given_mg"] in (None, infusion["dose_mg"]) else f" {infusion['given_mg']:,} mg"
        note = f" (given{other})" if infusion["given"] else " (if needed)" if infusion["optional"] else ""
        expected = people(infusion["duration_min"]) + note
        assert time == expected
        phase, bag, *row = listed
        assert phase == infusion["phase"]
        assert f"into {infusion['bag_ml']:,} mL" in bag
        assert f": {infusion['concentration_mg_per_ml']} mg/mL" in bag
        assert row[1] == number
        assert row[2].endswith(date)
        assert row[3] == day
        assert row[4:7] == [f"{dose} mg", opened.strip(), f"{waste} mg"]
        assert row[7] == time.replace("(", "\\(").replace(")", "\\)")


@pytest.mark.parametrize("name", COURSES)
def test_every_finding_is_in_every_format(name):
    for start in ("2026-12-01", None):
        found = COURSES[name](start)
        document = json.loads(rendered(found, "json"))
        keys = [item["code"] + (f":{item['detail']}" if item["detail"] else "") for item in document["findings"]]
        texts = {form: rendered(found, form) for form in TEXTS}
        rows = [json.loads(line) for line in texts["ndjson"].splitlines()]
        assert set(keys) == {key for row in rows for key in row["findings"].split(";")}
        words = " ".join(texts["table"].split())
        for key, item in zip(keys, document["findings"], strict=True):
            assert f"{key}: " in words
            assert key in texts["csv"]
            assert key.replace("_", "\\_") in texts["md"]
            assert not item["accepted"] or item["reason"] in words


@pytest.mark.parametrize("name", COURSES)
def test_the_numbers_for_people_are_written_as_ismp_asks(name):
    for start in ("2026-12-01", None):
        text = rendered(COURSES[name](start), "table")
        assert not re.search(r"\d\.\d*0 (?:mg|mL|kg|m2)\b", text), "a trailing zero"
        assert not re.search(r"(?<![\d])\.\d", text.replace("'", "")), "no leading zero"
        assert not re.search(r"\d(?:mg|mL)\b", text), "no space between number and unit"
        assert not re.search(r"(?<![\d.,-])\d{4,}(?:\.\d+)? (?:mg|mL)\b", text), "no comma in thousands"


def test_the_terminal_view_is_ascii_and_fits_80_columns():
    for make in COURSES.values():
        for start in ("2026-12-01", None):
            text = rendered(make(start), "table")
            assert text.isascii()
            assert max(map(len, text.splitlines())) <= 80


def test_whole_numbers_in_json_have_no_decimal_point():
    assert not re.search(r"\d\.0\b", rendered(COURSES["plain"]("2026-12-01"), "json"))


def test_the_columns_of_a_schedule_are_the_ones_that_were_promised():
    assert rendered(COURSES["plain"]("2026-12-01"), "csv").splitlines()[0] == (
        "patient_id,drug,indication,label,status,variant,product,phase,number,day,date,optional,weight_kg,bsa_m2,"
        "dose_basis,exact_dose_mg,dose_mg,vials,waste_mg,drug_volume_ml,bag_ml,concentration_mg_per_ml,duration_min,"
        "billing_code,billing_units,wasted_units,modifier,findings,accepted,severity,blocks,cautions,chair_min"
    )


# --- what the chair asks: every format of rate, check and next, and the sums of a schedule ---------------------

CHAIR = {
    "rate with a clock": ("rate rituximab gpa --weight 70.55kg --height 175.3cm --at 22:30", 0),
    "rate stopped": ("rate rituximab ra --weight 70kg --subsequent --stopped-at 100.5 --pause 20 --at 09:30", 0),
    "rate held for too long": ("rate rituximab ra --weight 70kg --stopped-at 30 --hold --at 09:30", 3),
    "rate stopped and accepted": (
        "rate rituximab ra --weight 70kg --stopped-at 30 --hold --accept infusion-too-long=agreed",
        0,
    ),
    "rate stopped by a protocol": ("rate infliximab crohns --weight 70kg --protocol steps-250 --stopped-at 75", 0),
    "rate flat": ("rate infliximab crohns --weight 73.13kg", 0),
    "rate of a large dose": ("rate rituximab sle --weight 70kg --dose 9999.99mg --bag 5000 --at 23:59", 0),
    "check": ("check infliximab crohns --weight 70kg --ordered 350mg", 0),
    "check far out": ("check rituximab gpa --weight 70kg --height 175cm --ordered 26250mg --phase induction", 3),
    "check of an interval": ("check infliximab ra --weight 70kg --ordered 700mg --ordered-every 4w", 3),
    "next": ("next infliximab crohns --weight 70kg --given 2026-01-05:350mg --given 2026-01-25 --on 2026-03-01", 0),
    "next on a plan": ("next rituximab ra --weight 70kg --given 2026-01-05 --given 2026-03-01 --anchor planned", 0),
    "next after the last": ("next rituximab aiha --weight 70kg --bsa 1.9 " + "--given 2026-01-0{} " * 4, 0),
    "sums": ("schedule rituximab ra --weight 70kg --start 2026-12-01 --totals --price 500mg=873.15", 0),
}
CHAIR["next after the last"] = (CHAIR["next after the last"][0].format(1, 2, 3, 4), 0)
LEFT_OUT = {
    "check": {"schema", "source", "content_sha256"},
    "next": {
        "band", "bag_ml", "billing_units", "chair_min", "concentration_mg_per_ml", "dose_basis", "drug_volume_ml",
        "duration_min", "exact_dose_mg", "final_volume_ml", "modifier", "waste_mg", "wasted_units",
    },
}  # set in rows # fmt: skip
"""What a row of a command leaves out of the JSON document, lists and objects aside."""


ANSWERS: dict[str, dict[str, str]] = {}


def answers(line: str, code: int, capfd: Any) -> dict[str, str]:
    """What a line answers in each format; it is run once, for each rule looks at the same answers."""
    found = ANSWERS.setdefault(line, {})
    for form in [each for each in TEXTS if each not in found]:
        assert run([*line.split(), "--format", form]) == code
        found[form] = capfd.readouterr().out
    return found


def flat(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What CSV and NDJSON carry of a document; each row of the chair carries all its findings."""
    findings = in_columns(document["findings"])
    if "steps" in document:
        return [step | findings for step in document["steps"]]
    if "by_month" in document.get("totals", {}):
        sums = document["totals"]
        vials_ = "+".join(f"{each['count']}x{each['size_mg']}" for each in sums["vials"])
        names = ("infusions", "dose_mg", "waste_mg", "duration_min", "cost", "waste_cost", "chair_min")
        whole = {"period": "course", "vials": vials_} | {name: sums[name] for name in names}
        return [*sums["by_month"], *sums["by_year"], whole]
    return [((document["due"] or {}) if "due" in document else document) | findings]


@pytest.mark.parametrize("name", CHAIR)
def test_the_json_document_of_the_chair_has_what_its_schema_says_and_no_more(name, capfd):
    line, code = CHAIR[name]
    assert run([*line.split(), "--format", "json"]) == code
    assert schema_faults(json.loads(capfd.readouterr().out)) == []


def test_every_schema_is_of_a_document_that_is_made(capfd):
    made = {"infusecalc.dose/1"}  # of COURSES without dates
    for line, code in CHAIR.values():
        assert run([*line.split(), "--format", "json"]) == code
        made.add(json.loads(capfd.readouterr().out)["schema"])
    assert made == set(schemas())


@pytest.mark.parametrize("name", CHAIR)
def test_every_format_of_the_chair_carries_the_same_values(name, capfd):
    line, code = CHAIR[name]
    found = answers(line, code, capfd)
    entries = flat(json.loads(found["json"]))
    lines = [json.loads(text) for text in found["ndjson"].splitlines()]
    table = list(csv.DictReader(io.StringIO(found["csv"])))
    assert len(entries) == len(lines) == len(table)
    for entry, one, row in zip(entries, lines, table, strict=True):
        assert list(one) == list(row)
        assert {key: in_csv(value) for key, value in one.items()} == row
        own = {key: value for key, value in one.items() if key not in in_columns([])}
        due = name != "next after the last"
        wanted = entry if due else dict.fromkeys(own) | {"anchor": "given"}  # the only part where nothing is due
        assert {key: wanted[key] for key in own} == own
        single = {key for key, value in entry.items() if not isinstance(value, list | dict)}
        assert single - one.keys() == (
            LEFT_OUT.get(line.partition(" ")[0], set()) if name != "next after the last" else set()
        )


@pytest.mark.parametrize("name", CHAIR)
def test_every_number_and_date_of_the_chair_is_on_the_pages(name, capfd):
    line, code = CHAIR[name]
    found = answers(line, code, capfd)
    for form in ("table", "md"):
        text = " ".join(found[form].replace("\\", "").split())
        for entry in flat(json.loads(found["json"])):
            for key, value in entry.items():
                if isinstance(value, int | float) and not isinstance(value, bool) and key.endswith("_mg"):
                    assert f"{value:,} mg" in text, (form, key)
                if key.endswith(("_date", "clock", "verdict")) and value is not None:
                    assert str(value) in text, (form, key)
        for finding in json.loads(found["json"])["findings"]:
            assert finding["code"] in text


@pytest.mark.parametrize("name", CHAIR)
def test_the_pages_of_the_chair_are_ascii_and_fit_80_columns(name, capfd):
    line, code = CHAIR[name]
    found = answers(line, code, capfd)
    text = found["table"]
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"\d\.\d*0 (?:mg|mL|kg|m2)\b", text), "a trailing zero"
    assert not re.search(r"\d(?:mg|mL)\b", text), "no space between number and unit"
    for step in json.loads(found["json"]).get("steps", []):
        row = rf"^ *{step['step']} +{step['start_min']:,} .* {step['cumulative_mg']:,} mg$"
        assert re.search(row, text, re.MULTILINE), "a step stands in one line"


@pytest.mark.parametrize("name", CHAIR)
def test_every_step_that_goes_up_after_a_stop_is_marked_in_every_format(name, capfd):
    """Rows marked `as_tolerated` (people: 'as tolerated', our own rule); a severe reaction is told of first."""
    line, code = CHAIR[name]
    found = answers(line, code, capfd)
    document_ = json.loads(found["json"])
    up = [str(step["step"]) for step in document_.get("steps", []) if step["as_tolerated"]]
    for form in ("table", "md"):
        text = found[form].replace("\\", "")
        lower, mark, higher = text.partition("As tolerated (infusecalc's own rule): ")
        assert bool(mark) == bool(up)
        for number in up:
            row = re.compile(rf"^(?:\| )? *{number} +(?:\| +)?[0-9]", re.MULTILINE)
            assert row.search(higher)
            assert not row.search(lower)
        severe = (document_.get("after_stop") or {}).get("severe", "A severe one ends")
        told = " ".join(text.split())
        assert (severe in told) == ("--stopped-at" in line)
        if "--stopped-at" in line:
            assert told.index(severe) < told.index("cumulative")


@pytest.mark.parametrize("name", [name for name in CHAIR if name != "sums"])  # whose rows are periods
def test_every_finding_of_the_chair_is_in_every_row_of_data(name, capfd):
    """A finding never hides in one format: the same codes appear in every output."""
    line, code = CHAIR[name]
    found = answers(line, code, capfd)
    told = json.loads(found["json"])["findings"]
    keys = [f"{each['code']}:{each['detail']}" if each["detail"] else each["code"] for each in told]
    reasons = [f"{key}={each['reason']}" for key, each in zip(keys, told, strict=True) if each["accepted"]]
    rows = [json.loads(text) for text in found["ndjson"].splitlines()]
    assert rows
    for row in rows:
        assert row["findings"] == (";".join(dict.fromkeys(keys)) or None)
        assert row["accepted"] == (";".join(reasons) or None)
