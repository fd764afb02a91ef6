"""What the table has to say, with its source, and what of it reaches the patient's own sheet."""

import re
from functools import cache

import pytest

from infusecalc.cli import run
from infusecalc.output.drug_page import DrugAnswer
from infusecalc.output.table_rows import TableRow, statements
from infusecalc.statements import SECTIONS
from support import HERE, only, read_yaml, table

SILENT = "No statement found in our sources"
CASES = read_yaml(HERE / "cases" / "statements.yaml")


def cases(section: str) -> list:
    found = [
        case | {"source": rule["source"], "rule": rule["rule"]}
        for rule in CASES[section]
        for case in only(rule, "rule source cases")["cases"]
    ]
    return [pytest.param(case, id=f"{case['rule']}: {case['name']}") for case in found]


@cache
def rows(regimen: str) -> dict[str, TableRow]:
    drug, indication = regimen.split("/")
    return {row.id: row for row in statements(table(), drug, indication, tuple(table().labels))}


@pytest.mark.parametrize("case", cases("rows"))
def test_the_table_says_it_and_names_its_source(case):
    row = rows(case["regimen"]).get(case["row"])
    if case.get("absent"):
        assert row is None
        return
    assert [words for words in case.get("says", []) if words not in row.value] == []
    assert case.keys() & {"expect", "says"}
    if "expect" in case:
        assert row.value == case["expect"]
    assert row.source == case["cites"]


def test_where_nothing_was_found_the_text_does_not_call_it_safe_and_the_grade_is_ours():
    told = [value for section in SECTIONS for name in table().names(section)
            for value in table().values(section, name).values()]  # set in rows # fmt: skip
    silent = [value for value in told if value.text.startswith(SILENT) and value.path[-1] != "short"]
    assert len(silent) >= 5
    for value in silent:
        assert "this does not mean that it is safe" in value.text, value.id
        assert {source.partition(" ")[0] for source in value.sources} >= {"house"}, value.id
    assert [value.id for value in told if "say nothing" in value.text] == []
    assert [value.id for value in told for source in value.sources if source.startswith("recalled none")] == []


@cache
def facts(drug: str) -> dict[str, dict]:
    rows = DrugAnswer(table(), drug).document()["facts"]
    return {row["name"]: row for row in rows if row["section"] == "questions that patients ask"}


@pytest.mark.parametrize("case", cases("asked"))
def test_a_question_that_patients_ask_has_its_answer_and_its_source(case):
    row = facts(case["drug"])[case["row"]]
    assert (row["text"], row["source"]) == (case["expect"], case["cites"])
    assert (row["grade"], row["label"], row["confirmed"]) == (case["grade"], case["label"], None)


def test_what_popular_pages_say_is_graded_secondary():
    assert {name: table().source(name).grade for name in ("mm-infliximab", "rtx-autoimmune")} == {
        "mm-infliximab": "secondary",
        "rtx-autoimmune": "secondary",
    }


@pytest.mark.parametrize(
    ("drug", "question", "indication", "label"),
    [
        ("infliximab", "how-soon-crohns", "crohns", "us"),
        ("infliximab", "how-soon-crohns", "crohns-fistulizing", "us"),
        ("infliximab", "how-soon-uc", "uc", "eu"),
        ("rituximab", "how-soon-ra", "ra", "eu"),
    ],
)
def test_how_soon_it_helps_is_the_figure_of_the_rule_for_stopping(drug, question, indication, label):
    asked = table().get("drugs", drug, "questions")[question]
    rules = [each.text for each in table().get("regimens", f"{drug}/{indication}", label).judgement
             if each.finding == "stop-rule"]  # set in rows # fmt: skip
    weeks = re.findall(r"week 14|14 weeks|16 to 24 weeks", asked.text)
    assert indication in asked.regimens
    assert weeks
    assert any(each in rule for each in weeks for rule in rules)


def test_what_is_called_off_label_is_off_label_under_every_label():
    for name in ("sle", "ms", "aiha"):
        for label in table().labels:
            assert table().regimen("rituximab", name, label).rules.status.is_ == "off-label"


def test_a_site_removes_a_question_from_the_sheet_and_the_page(tmp_path, capfd):
    local = tmp_path / "local.yaml"
    gone = ", ".join(
        f"{name}: {{removed: our own leaflet, source: house}}" for name in ("cure", "how-soon", "how-often")
    )
    local.write_text(f"drugs: {{rituximab: {{questions: {{{gone}}}}}}}\n", encoding="utf-8")
    more = ("--regimens", str(local))
    text = sheet("schedule rituximab pv --weight 70kg", capfd, *more)
    assert "If you miss a date" in text
    assert "What people ask" not in text
    assert "popular page" not in text
    assert "What people ask How soon does it help? Rheumatoid" in sheet(
        "schedule rituximab ra --weight 70kg", capfd, *more
    )
    run(["info", "rituximab", *more])
    page = " ".join(capfd.readouterr().out.split())
    assert "How often? RA (us)" in page
    assert "drugs/rituximab:questions:cure" in page
    assert "Is it a cure? No; it holds" not in page


def sheet(line: str, capfd, *more: str) -> str:
    run([*line.split(), "--start", "2026-12-01", "--sheet", "patient", "--format", "table", *more])
    return " ".join(capfd.readouterr().out.split())


@pytest.mark.parametrize("case", cases("sheets"))
def test_the_patients_sheet_follows_the_label_and_the_population(case, capfd):
    text = sheet(case["run"], capfd)
    places = [text.find(words) for words in case["shows"]]
    assert [words for words in case["shows"] if words not in text] == []
    assert places == sorted(places)
    assert [words for words in case["not"] if words in text] == []


def test_what_is_told_under_one_label_leaves_the_sources_of_the_other_out(capfd):
    assert "Riabni label" in sheet("schedule rituximab ra --weight 70kg", capfd)
    assert "Riabni label" not in sheet("schedule rituximab ra --weight 70kg --label eu", capfd)


def test_a_part_of_the_sheet_that_says_nothing_has_no_heading(tmp_path, capfd):
    local = tmp_path / "local.yaml"
    own = '{text: "You bleed.", labels: [eu], source: house}'
    local.write_text(f"drugs: {{rituximab: {{patient: {{emergency: [{own}]}}}}}}\n", encoding="utf-8")
    texts = {label: sheet("schedule rituximab ra --weight 70kg", capfd, "--label", label, "--regimens", str(local))
             for label in ("us", "eu")}  # set in rows # fmt: skip
    assert "Call an emergency number at once if You bleed. What to expect" in texts["eu"]
    assert "emergency number" not in texts["us"]
    assert "What to expect" in texts["us"]


def test_every_case_of_a_statement_has_a_name_of_its_own_and_the_keys_that_are_read():
    listed = {"rows": {"regimen", "row", "says", "expect", "cites", "absent"}, "sheets": {"run", "shows", "not"},
              "asked": {"drug", "row", "expect", "cites", "grade", "label"}}  # set in rows # fmt: skip
    assert CASES.keys() == listed.keys()
    for section, read in listed.items():
        found = [param.values[0] for param in cases(section)]
        assert all(case.keys() <= read | {"name", "rule", "source"} for case in found)
        assert len({(case["rule"], case["name"]) for case in found}) == len(found)
