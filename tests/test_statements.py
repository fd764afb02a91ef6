"""What the table has to say, with its source, and what of it reaches the patient's own sheet."""

from functools import cache

import pytest
import yaml

from infusecalc.cli import run
from infusecalc.output.table_rows import TableRow, statements
from infusecalc.statements import SECTIONS
from support import HERE, table

SILENT = "No statement found in our sources"
CASES = yaml.safe_load((HERE / "cases" / "statements.yaml").read_text(encoding="utf-8"))


def cases(section: str) -> list:
    found = [
        case | {"source": rule["source"], "rule": rule["rule"]} for rule in CASES[section] for case in rule["cases"]
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
    assert case.keys() & {"is", "says"}
    if "is" in case:
        assert row.value == case["is"]
    assert row.source == case["cites"]


def test_where_nothing_was_found_the_text_calls_it_no_clearance_and_the_grade_is_ours():
    told = [value for section in SECTIONS for name in table().names(section)
            for value in table().values(section, name).values()]  # fmt: skip
    silent = [value for value in told if value.text.startswith(SILENT)]
    assert len(silent) >= 5
    for value in silent:
        assert "this is no clearance" in value.text, value.id
        assert {source.partition(" ")[0] for source in value.sources} >= {"house"}, value.id
    assert [value.id for value in told if "say nothing" in value.text] == []
    assert [value.id for value in told for source in value.sources if source.startswith("recalled none")] == []


def sheet(line: str, capfd, *more: str) -> str:
    run(["schedule", *line.split(), "--start", "2026-12-01", "--sheet", "patient", "--format", "table", *more])
    return " ".join(capfd.readouterr().out.split())


@pytest.mark.parametrize("case", cases("sheets"))
def test_the_patients_sheet_follows_the_label_and_the_population(case, capfd):
    text = sheet(case["line"], capfd)
    places = [text.find(words) for words in case["has"]]
    assert [words for words in case["has"] if words not in text] == []
    assert places == sorted(places)
    assert [words for words in case["lacks"] if words in text] == []


def test_what_is_told_under_one_label_leaves_the_sources_of_the_other_out(capfd):
    assert "Riabni label" in sheet("rituximab ra --weight 70kg", capfd)
    assert "Riabni label" not in sheet("rituximab ra --weight 70kg --label eu", capfd)


def test_a_part_of_the_sheet_that_says_nothing_has_no_heading(tmp_path, capfd):
    local = tmp_path / "local.yaml"
    own = '{text: "You bleed.", labels: [eu], source: house}'
    local.write_text(f"drugs: {{rituximab: {{patient: {{emergency: [{own}]}}}}}}\n", encoding="utf-8")
    texts = {label: sheet("rituximab ra --weight 70kg", capfd, "--label", label, "--regimens", str(local))
             for label in ("us", "eu")}  # fmt: skip
    assert "Call an emergency number at once if You bleed. What to expect" in texts["eu"]
    assert "emergency number" not in texts["us"]
    assert "What to expect" in texts["us"]


def test_every_case_of_a_statement_has_a_name_of_its_own_and_the_keys_that_are_read():
    listed = {"rows": {"regimen", "row", "says", "is", "cites", "absent"}, "sheets": {"line", "has", "lacks"}}
    assert CASES.keys() == listed.keys()
    for section, read in listed.items():
        found = [param.values[0] for param in cases(section)]
        assert all(case.keys() <= read | {"name", "rule", "source"} for case in found)
        assert len({(case["rule"], case["name"]) for case in found}) == len(found)
