"""What a site has signed: the sheet, what is confirmed, shown beside its grade, and void where the value is another."""

from __future__ import annotations

import csv
import io
import json
import shlex

import jsonschema_rs
import polars as pl
import pytest

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.cohort import expand
from infusecalc.errors import BadTable
from infusecalc.output import review_page
from infusecalc.output.html import draw
from infusecalc.output.review_page import ReviewAnswer, list_values
from infusecalc.statements import GRADES, LOWEST_FIRST, SITE
from infusecalc.table.files import open_document, shipped_path
from infusecalc.table.schema import json_schema
from infusecalc.table.store import Table
from support import HERE, cases, course, table

OURS = """
sources:
  ours: {title: Ours, publisher: A clinic, date: 2026-01-05, section: unknown, url: unknown, grade: label}
"""
EVERY = "regimens/infliximab/crohns:us:phases.maintenance.every"
DOSE = "regimens/infliximab/crohns:us:phases.maintenance.dose"
SAID = "confirmed by the site on 2026-11-20"


def confirmed(values):
    """The part of a site's file that confirms values."""
    return json.dumps(
        {
            id_: {"value": value, "on": "2026-11-20", "by": "AB", "against": "label of May 2025"}
            for id_, value in values.items()
        }
    )


@pytest.fixture
def signed(tmp_path):
    """The name of a site's file that confirms values."""

    def write(values, site=""):
        path = tmp_path / "site.yaml"
        text = site if values is None else f"confirmed: {confirmed(values)}\n{site}"
        path.write_text(text + "\n" + (OURS if "source: ours" in site else ""), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("case", cases("sign_off", "confirmed site text run exit stands void refused"))
def test_what_a_site_confirms(case, signed, capfd):
    path = signed(case.get("confirmed"), case.get("text", case.get("site", "")))
    if "refused" in case:
        with pytest.raises(BadTable) as refused:
            load_table(path)
        assert any(each.startswith(f"{path}:") and case["refused"] in each for each in refused.value.faults), str(
            refused.value
        )
        return
    assert run([*shlex.split(case["run"]), "--regimens", path, "--format", "json"]) == case.get("exit", 0)
    found = [each for each in json.loads(capfd.readouterr().out)["findings"] if each["code"] == "confirmation-void"]
    assert [each["detail"] for each in found] == case["void"]
    assert {each["severity"] for each in found} <= {"caution"}
    known = load_table(path)
    assert [id_ for id_ in known.confirmed if known.confirmation(id_)] == case["stands"]


def test_an_unknown_place_has_its_line(signed):
    path = signed(None, "confirmed:\n\n  house/none:x: {value: a, on: 2026-11-20, by: AB, against: b}")
    with pytest.raises(BadTable, match=r"site.yaml:3: confirmed\.house/none:x: is no value of the table"):
        load_table(path)


def test_the_shipped_table_confirms_nothing_and_only_a_sites_file_may(tmp_path):
    assert table().confirmed == {}
    path = tmp_path / "whole.yaml"
    path.write_text(
        shipped_path().read_text(encoding="utf-8") + f"confirmed: {confirmed({EVERY: '8 weeks'})}\n", encoding="utf-8"
    )
    faults = Table(open_document(path, "whole.yaml")).faults()
    assert len(faults) == 1
    assert ": confirmed: is an unknown key (allowed: version, labels, " in faults[0]
    assert faults[0].endswith("house)"), "'confirmed' is not allowed here"


def test_the_schema_takes_a_confirmation_and_wants_all_of_it():
    schema = json_schema(("us", "eu"))
    jsonschema_rs.validate(schema, {"confirmed": json.loads(confirmed({EVERY: "8 weeks"}))})
    for key in ("value", "on", "by", "against"):
        part = json.loads(confirmed({EVERY: "8 weeks"}))
        del part[EVERY][key]
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(schema, {"confirmed": part})


# --- shown beside the grade -----------------------------------------------------------------------------------


def told(line, path, capfd):
    """What a command says, in one line."""
    assert run([*shlex.split(line), "--regimens", path]) == 0
    return " ".join(capfd.readouterr().out.replace("\\", "").split())  # Markdown marks brackets with a backslash


def test_a_row_that_is_confirmed_says_so_beside_its_grade_and_a_void_one_does_not(signed, capfd):
    path = signed({EVERY: "8 weeks", DOSE: "6 mg/kg"})
    text = told("regimens show infliximab crohns --label us", path, capfd)
    assert f"phases.maintenance.every: 8 weeks [label, {SAID}: us-remicade" in text
    assert "phases.maintenance.dose: 5 mg/kg [label: us-remicade" in text
    rows = {
        row["id"]: row for row in json.loads(told("regimens show infliximab crohns --format json", path, capfd))["rows"]
    }
    assert rows[EVERY]["confirmed"] == {"on": "2026-11-20", "by": "AB", "against": "label of May 2025"}
    assert rows[DOSE]["confirmed"] is None
    run(["regimens", "show", "infliximab", "crohns", "--regimens", path, "--format", "csv"])
    flat = {row["id"]: row for row in csv.DictReader(io.StringIO(capfd.readouterr().out))}
    assert [flat[EVERY][f"confirmed_{key}"] for key in ("on", "by", "against")] == [
        "2026-11-20",
        "AB",
        "label of May 2025",
    ]
    assert flat[DOSE]["confirmed_on"] == ""


def test_a_source_says_how_much_of_what_rests_on_it_is_confirmed(signed, capfd):
    known = load_table(signed({EVERY: "8 weeks"}))
    rows = [each for each in list_values(known, ["infliximab/crohns"], "us") if each.row.entry == "products/remicade"]
    vials = {each.row.id: each.row.value for each in rows if each.row.source == "medmio"}
    assert list(vials) == ["products/remicade:us:billing.code", "products/remicade:us:billing.unit"]
    path = signed(vials)
    for form in ("table", "md", "html"):
        line = f"dose infliximab crohns --weight 70kg --full --format {form}"
        assert f"HCPCS J-codes ({SAID})" in told(line, path, capfd), "both values of the source"
    sources = json.loads(told("dose infliximab crohns --weight 70kg --format json", path, capfd))["sources"]
    shares = {each["id"]: each["confirmed"] for each in sources}
    assert shares["medmio"] == {"values": 2, "confirmed": 2, "oldest": "2026-11-20"}
    assert shares["us-remicade-pi-2026"] is None
    path = signed({"products/remicade:us:billing.code": "J1745"})
    line = "dose infliximab crohns --weight 70kg --full"
    assert "HCPCS J-codes (1 of 2 values confirmed by the site, the oldest on 2026-11-20)" in told(line, path, capfd)
    assert "confirmed by the site" not in told(f"{line} --product Inflectra", path, capfd)
    text = told("regimens show infliximab crohns --label us", path, capfd)
    assert "medmio [secondary]: HCPCS J-codes (1 of 2 values confirmed by the site, the oldest on 2026-11-20). " in text
    rows = json.loads(told("regimens show infliximab crohns --label us --format json", path, capfd))["sources"]
    assert next(each for each in rows if each["id"] == "medmio")["confirmed"]["values"] == 2


def test_the_first_screen_says_beside_the_lowest_grade_how_much_is_confirmed(signed, capfd):
    known = load_table(signed({EVERY: "8 weeks", DOSE: "6 mg/kg"}))
    whole = course("infliximab/crohns", table=known).site.whole
    assert (whole.confirmed, whole.on) == (1, "2026-11-20"), "the dose is void"
    path = signed({EVERY: "8 weeks"})
    line = "dose infliximab crohns --weight 70kg"
    text = f", 1 of {whole.values} values confirmed by the site, the oldest on 2026-11-20; table "
    assert text in told(line, path, capfd)
    assert "confirmed by the site" not in told("dose infliximab uc --weight 70kg", path, capfd), "of another regimen"
    assert run(shlex.split(line)) == 0
    assert "confirmed" not in capfd.readouterr().out


def test_the_sources_of_an_answer_without_confirmations_say_nothing_of_them(capfd):
    assert run(["dose", "infliximab", "crohns", "--weight", "70kg", "--format", "json"]) == 0
    assert not [each for each in json.loads(capfd.readouterr().out)["sources"] if "confirmed" in each]


def test_a_statement_of_a_drugs_page_is_confirmed_where_each_of_its_values_is(signed, capfd):
    whole = {row.id: row.value for row in (each.row for each in list_values(table(), ["infliximab/crohns"], "us"))}
    place = "drugs/infliximab:us:conditions.breastfeeding"
    both = {f"{place}.{key}": whole[f"{place}.{key}"] for key in ("rule", "text")}
    about = next(each for each in table().values("drugs", "infliximab").values() if each.path[:1] == ("about",))
    more = {
        about.id: about.text,
        "drugs/infliximab:us:late.missed.text": whole["drugs/infliximab:us:late.missed.text"],
        "regimens/infliximab/crohns:us:status.is": "labelled",
    }
    path = signed(both | more)
    text = told("info infliximab --full", path, capfd)
    assert f"no US label text read (acr-repro-2020; {SAID})" in text
    assert text.count(f"; {SAID})") == 1 + len(more)
    facts = json.loads(told("info infliximab --format json", path, capfd))["facts"]
    found = [(each["label"], each["name"]) for each in facts if each["confirmed"]]
    assert set(found) == {("us", "breastfeeding"), ("", about.path[1]), ("us", "missed"), ("us", "infliximab/crohns")}
    run(["info", "infliximab", "--regimens", path, "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert {row["confirmed_by"] for row in rows} == {"", "AB"}
    del both[f"{place}.rule"]
    assert SAID not in told("info infliximab --full", signed(both), capfd).partition("Sources")[0]


def test_the_oldest_day_of_a_statement_counts(signed):
    path = signed(None, "confirmed:\n" + "".join(
        f"  drugs/infliximab:us:conditions.breastfeeding.{key}: {{value: '{value}', on: {day}, by: AB, against: b}}\n"
        for key, value, day in (
            ("rule", "precaution", "2026-11-20"),
            ("text", "ACR guideline: compatible with breast-feeding; no US label text read", "2026-10-01"),
        )
    ))  # set in rows # fmt: skip
    found = load_table(path).confirmation_of("drugs", "infliximab", "us", "conditions", "breastfeeding")
    assert (found.on, found.said) == ("2026-10-01", "confirmed by the site on 2026-10-01")


def test_a_regimen_of_one_label_has_rows_under_that_label_alone(capfd):
    path = str(HERE / "tables" / "third_drug.yaml")
    assert run(["regimens", "show", "fictumab", "hiccups", "--regimens", path, "--format", "json"]) == 0
    assert {row["label"] for row in json.loads(capfd.readouterr().out)["rows"]} == {"us"}
    for words, told in (("fictumab", "all regimens of fictumab"), ("fictumab/hiccups", "fictumab/hiccups")):
        assert run(["regimens", "review", words, "--regimens", path, "--label", "us", "--format", "json"]) == 0
        assert json.loads(capfd.readouterr().out)["rows"]
        assert run(["regimens", "review", words, "--regimens", path, "--label", "eu"]) == 2, "an empty sheet misleads"
        out, err = capfd.readouterr()
        assert (out, f"label 'eu' has no entry for {told}" in err) == ("", True)


# --- void -----------------------------------------------------------------------------------------------------


def test_a_confirmation_stands_until_the_value_is_changed(signed, capfd):
    path = signed({EVERY: "8 weeks"})
    assert run(["regimens", "validate", path]) == 0
    assert "It confirms 1 value; none is void" in capfd.readouterr().out
    change = (
        "regimens: {infliximab/crohns: {us: {phases: {maintenance: {dose: 5 mg/kg, every: 9 weeks, source: ours}}}}}"
    )
    path = signed({EVERY: "8 weeks"}, change)
    assert run(["regimens", "validate", path]) == 0, "void is no fault"
    text = " ".join(capfd.readouterr().out.split())
    assert "It confirms 1 value; 1 void, because the value is another now" in text
    assert text.endswith("and what then blocks: infusecalc regimens diff shipped site.yaml")
    assert (
        f"confirmation-void {EVERY}: confirmed as '8 weeks' on 2026-11-20 (AB), now '9 weeks': confirm it again" in text
    )
    assert run(["regimens", "validate", path, "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["rows"][0]["confirmed"], found["rows"][0]["void"]) == (1, 1)
    assert found["void"] == [
        {
            "id": EVERY,
            "now": "9 weeks",
            "value": "8 weeks",
            "on": "2026-11-20",
            "by": "AB",
            "against": "label of May 2025",
        }
    ]


def test_validate_says_that_a_confirmed_rule_was_removed(signed, capfd):
    site = "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: done elsewhere, source: ours}}}}}"
    assert run(["regimens", "validate", signed({"drugs/infliximab:us:screening.hepatitis-b.text": "Test"}, site)]) == 0
    assert "confirmed as 'Test' on 2026-11-20 (AB), now removed by the site" in " ".join(capfd.readouterr().out.split())


def test_a_cohort_tells_a_void_confirmation_as_one_patient_does(signed):
    row = {"drug": "infliximab", "indication": "crohns", "weight_kg": "70", "start": "2026-12-01"}
    found = expand(pl.DataFrame([row]), table=load_table(signed({DOSE: "6 mg/kg"})))
    assert (
        found["findings"].str.contains(f"confirmation-void:{DOSE}", literal=True).to_list() == [False] * 3 + [True] * 5
    )


# --- the sheet --------------------------------------------------------------------------------------------------


def test_the_order_of_grades_names_each_once():
    assert sorted(LOWEST_FIRST) == sorted((*GRADES, SITE))
    order = "site recalled secondary derived house guideline trial agency manufacturer label"
    assert tuple(order.split()) == LOWEST_FIRST


def test_the_lowest_grade_comes_first_and_each_value_once(capfd):
    assert run(["regimens", "review", "infliximab", "--format", "json"]) == 0
    rows = json.loads(capfd.readouterr().out)["rows"]
    ranks = [sorted(LOWEST_FIRST.index(grade) for grade in row["grade"].split(", ")) for row in rows]
    assert ranks == sorted(ranks)
    assert len({row["id"] for row in rows}) == len(rows)
    every = next(row for row in rows if row["id"] == EVERY)
    assert every["regimens"] == ["infliximab/crohns"]
    assert every["cited"][0] == {
        "id": "us-remicade-pi-2026", "section": "2.1", "date": table().source("us-remicade-pi-2026").date,
        "grade": "label", "title": table().source("us-remicade-pi-2026").title,
    }  # set in rows # fmt: skip
    vials = next(row for row in rows if row["id"] == "products/remicade:us:vials.sizes")
    assert len(vials["regimens"]) == len([id_ for id_ in table().names("regimens") if id_.startswith("infliximab/")])


@pytest.mark.parametrize("label", ["us", "eu"])
def test_the_sheet_has_every_value_of_show_but_names_and_our_own_limits_too(label, capfd):
    assert run(["regimens", "show", "rituximab", "gpa", "--label", label, "--format", "json"]) == 0
    shown = {
        row["id"]
        for row in json.loads(capfd.readouterr().out)["rows"]
        if row["source"] and row["path"].split(".")[-1] != "name"
    }
    assert run(["regimens", "review", "rituximab", "gpa", "--label", label, "--format", "json"]) == 0
    listed = {row["id"] for row in json.loads(capfd.readouterr().out)["rows"]}
    assert listed - shown == {each for each in listed if each.startswith("house/")} != set()
    assert shown <= listed


@pytest.mark.parametrize(("words", "regimens"), [
    ("", {"infliximab/crohns", "rituximab/gpa"}), ("infliximab", {"infliximab/crohns"}),
    ("remicade cd", {"infliximab/crohns"}), ("rituximab/gpa", {"rituximab/gpa"}),
])  # set in rows # fmt: skip
def test_all_regimens_those_of_a_drug_or_one_are_reviewed(words, regimens, capfd):
    assert run(["regimens", "review", *words.split(), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    seen = {id_ for row in rows for id_ in row["regimens"].split()}
    assert seen & {"infliximab/crohns", "rituximab/gpa"} == regimens
    assert {row["label"] for row in rows} == {"us"}
    assert {row[box] for row in rows for box in ("agrees", "initials", "checked_on")} == {""}
    every = next((row for row in rows if row["id"] == EVERY), None)
    if "infliximab/crohns" in regimens:
        assert every["section"] == "2.1 | 2.1 | 2.1 | 2.1"
        assert every["date"].split(" | ")[0] == table().source("us-remicade-pi-2026").date


def test_what_no_document_says_is_cited_by_its_grade_alone_and_data_keep_the_code(capfd):
    assert run(["regimens", "review", "rituximab", "pv"]) == 0
    text = " ".join(capfd.readouterr().out.split())
    assert "General knowledge: of the label: no document with it was found" in text
    assert (
        " own rule: not confirmed in the texts read; general knowledge: the end of the exclusivity [ ] products/truxima"
        in text
    )
    assert " general knowledge: the prophylaxis [ ] " in text
    assert [words for words in ("(recalled;", "(house;", "(derived;") if words in text] == []
    assert run(["regimens", "review", "rituximab", "pv", "--format", "json"]) == 0
    cited = [each for row in json.loads(capfd.readouterr().out)["rows"] for each in row["cited"]]
    assert {each["grade"] for each in cited if each["id"] == "recalled"} == {"recalled"}


def test_what_a_site_says_is_reviewed_first(signed, capfd):
    change = (
        "regimens: {infliximab/crohns: {us: {phases: {maintenance: {dose: 5 mg/kg, every: 9 weeks, source: ours}}}}}"
    )
    path = signed({EVERY: "8 weeks", DOSE: "5 mg/kg"}, change)
    text = told("regimens review infliximab crohns", path, capfd)
    assert (
        "Site: from the site's own file: only the site has read it ours (site; date: 2026-01-05): section unknown"
        in text
    )
    assert f"[x] {DOSE}: 5 mg/kg ({SAID}, AB)" in text
    assert f"[ ] {EVERY}: 9 weeks (confirmed as '8 weeks' on 2026-11-20: void) | initials ____ date __________" in text
    assert text.index("Site: ") < text.index("General knowledge: ") < text.index("Secondary: ") < text.index("Label: ")
    rows = json.loads(told("regimens review infliximab crohns --format json", path, capfd))["rows"]
    assert rows[0]["id"] == DOSE
    void = {row["id"]: row["void"] for row in rows if row["void"]}
    assert void == {EVERY: {"value": "8 weeks", "on": "2026-11-20", "by": "AB", "against": "label of May 2025"}}
    run(["regimens", "review", "infliximab", "crohns", "--regimens", path, "--format", "csv"])
    assert [row["void"] for row in csv.DictReader(io.StringIO(capfd.readouterr().out)) if row["void"]] == ["8 weeks"]


def test_the_printed_sheet_has_boxes_to_write_in_and_those_that_are_filled(signed, tmp_path):
    known = load_table(signed({EVERY: "8 weeks"}))
    answer = ReviewAnswer(known, "infliximab/crohns", "us", list_values(known, ["infliximab/crohns"], "us"))
    text = draw(answer.paper(), answer.foot, answer.reader)
    assert "<h1>Review: infliximab/crohns, US prescribing information</h1>" in text
    assert '<table class="boxes narrow">' in text
    assert f"<td>yes</td><td>AB</td><td>2026-11-20</td><td>{EVERY}: 8\u00a0weeks</td>" in text.replace("&#8203;", "")
    assert f"<td></td><td></td><td></td><td>{DOSE}: 5\u00a0mg/kg</td>" in text.replace("&#8203;", "")
    assert "of them confirmed by the site" in text
    assert known.files[1].sha256[:12] in text, "the sheet says which files were reviewed"
    out = tmp_path / "sheet.pdf"
    assert run(["regimens", "review", "infliximab", "ra", "-o", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF")


def test_every_grade_has_a_meaning_on_the_sheet():
    assert set(review_page.MEANING) == set(LOWEST_FIRST)
    known = table()
    rows = list_values(known, known.names("regimens"), "us") + list_values(known, known.names("regimens"), "eu")
    assert {row.lowest for row in rows} >= {"recalled", "secondary", "house", "label"}
    for label in ("us", "eu"):
        assert list(ReviewAnswer(known, "all", label, list_values(known, known.names("regimens"), label)).page())


def test_a_course_of_a_site_that_confirms_all_has_no_other_finding(signed):
    rows = [each.row for each in list_values(table(), ["infliximab/crohns"], "us")]
    known = load_table(signed({row.id: row.value for row in rows}))
    assert known.void == ()
    shipped = course("infliximab/crohns")
    assert course("infliximab/crohns", table=known).findings == shipped.findings, "a confirmation alone changes nothing"
