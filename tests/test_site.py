"""A site's own file over the shipped table: it merges at every depth, and what it changes is said in every output."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.errors import BadTable
from infusecalc.output import drug_page
from infusecalc.output.table_rows import statements
from infusecalc.table.layers import in_words
from support import cases, course

OURS = """
sources:
  ours: {title: Our own list, publisher: A clinic, date: 2026-01-05, section: unknown, url: unknown, grade: label}
"""


def written(text: str, folder: Path) -> str:
    path = folder / "site.yaml"
    path.write_text((OURS if "source: ours" in text else "\n\n\n") + text, encoding="utf-8")
    return str(path)


def at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    return found


@pytest.mark.parametrize("case", cases("site", "site run exit expect findings without because"))
def test_a_sites_file(case, tmp_path, capfdbinary):
    line = [*shlex.split(case["run"]), "--regimens", written(case["site"], tmp_path), "--format", "json"]
    assert run(line) == case["exit"], case["because"]
    found = json.loads(capfdbinary.readouterr().out)
    assert {path: at(found, path) for path in case.get("expect", {})} == case.get("expect", {}), case["because"]
    severities = {_key(each): each["severity"] for each in found["findings"]}
    expected = case.get("findings", {})
    assert {key: severities.get(key) for key in expected} == expected
    assert not severities.keys() & set(case.get("without", ()))


def _key(finding: dict[str, Any]) -> str:
    return f"{finding['code']}:{finding['detail']}" if finding["detail"] else finding["code"]


REMOVED = "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: done elsewhere, source: ours}}}}}\n"
KEY = "site-rule:drugs/infliximab:us:screening.hepatitis-b"


@pytest.mark.parametrize("form", ["table", "md", "json", "csv", "ndjson", "html", "ics"])
def test_a_removed_rule_is_said_in_every_format(form, tmp_path, capfdbinary):
    line = f"schedule infliximab uc --weight 70kg --start 2026-12-01 --patient-id a --format {form}".split()
    assert run([*line, "--regimens", written(REMOVED, tmp_path)]) == 0
    out = capfdbinary.readouterr().out.decode().replace("\r\n ", "").replace("&#8203;", "")
    assert "site-rule" in out
    assert "screening.hepatitis-b" in out.replace("\n         ", "")


def test_what_a_replaced_statement_does_not_repeat_is_dropped_and_said(tmp_path, capfd):
    gap = "gap: {text: Ours, source: ours}"
    path = written(f"regimens: {{infliximab/crohns: {{eu: {{phases: {{maintenance: {{{gap}}}}}}}}}}}\n", tmp_path)
    assert run(["regimens", "validate", path]) == 0
    assert "-> Ours; drops most 16 weeks" in " ".join(capfd.readouterr().out.split())
    assert run(["regimens", "validate", path, "--format", "json"]) == 0
    changes = json.loads(capfd.readouterr().out)["changes"]
    assert [each["drops"] for each in changes if each["kind"] == "replaces"] == [["most 16 weeks"]]


def test_what_a_sites_file_adds_replaces_restates_and_removes_is_listed(tmp_path, capfd):
    text = REMOVED + (
        "house: {rounding: {within: 5 %, source: ours}, doubled: {under: 50 %, text: x, source: ours}}\n"
        "titrations: {slow: {start: 10 mg/h, step: 10 mg/h, every: 30 min, most: 50 mg/h, source: ours}}\n"
        "products: {remicade: {us: {vials: {sizes: [100 mg], concentration: 10 mg/mL, source: ours}}}}\n"
    )
    path = written(text, tmp_path)
    assert run(["regimens", "validate", path]) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "This file adds 2, replaces 2, restates 1, removes 1 values and rules of the shipped table" in out
    assert "adds sources/ours: Our own list" in out
    assert "adds titrations/slow: start 10 mg/h, step 10 mg/h, every 30 min, most 50 mg/h" in out
    assert "replaces house/rounding: within 10 % -> within 5 %" in out
    assert "restates products/remicade:us:vials: sizes 100 mg, concentration 10 mg/mL (the shipped value)" in out
    assert "removes drugs/infliximab:us:screening.hepatitis-b: " in out
    assert "(reason: done elsewhere)" in out
    assert run(["regimens", "validate", path, "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [each["kind"] for each in found["changes"]].count("replaces") == found["rows"][0]["replaces"] == 2
    removed = next(each for each in found["changes"] if each["kind"] == "removes")
    assert (removed["why"], removed["new"], removed["source"]) == ("done elsewhere", None, "site: ours")
    assert [each["drops"] for each in found["changes"]] == [[]] * len(found["changes"])
    assert removed["line"] == 4, "the line in the site's file"
    assert {each["source"] for each in found["changes"] if each["section"] != "sources"} == {"site: ours"}
    assert run(["regimens", "validate", path, "--format", "csv"]) == 0
    assert next(csv.DictReader(io.StringIO(capfd.readouterr().out)))["removes"] == "1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("250 mL", "250 mL"),
        ("[100 mg, 500 mg]", "100 mg, 500 mg"),
        ("[100 mg, '', 500 mg]", "100 mg, , 500 mg"),
        ("[{under: 60 kg, dose: 300 mg}, {dose: 400 mg}]", "under 60 kg, dose 300 mg; dose 400 mg"),
        ("{text: Call us, every: 8 weeks, source: ours}", "Call us, every 8 weeks"),
        ("{every: 8 weeks, gap: {least: 4 weeks, source: ours}, source: ours}", "every 8 weeks"),
        ("", None),
    ],
)
def test_a_change_says_the_own_values_of_a_statement_a_text_or_a_list(text, words):
    assert in_words(yaml.compose(text)) == words


def test_the_shipped_table_changes_nothing(capfd):
    assert run(["regimens", "validate"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 1


def test_a_value_of_a_site_is_never_graded_label(tmp_path):
    found = load_table(written("drugs: {infliximab: {us: {infusion_time: {least: 60 min, source: ours}}}}\n", tmp_path))
    rows = {row.id: row for row in statements(found, "infliximab", "uc", ("us",))}
    ours = rows["drugs/infliximab:us:infusion_time.least"]
    assert (ours.value, ours.grade, ours.local) == ("60 min", "site", True)
    theirs = rows["drugs/infliximab:us:preparation.bag.usual"]
    assert (theirs.local, theirs.grade != "site") == (False, True)
    assert found.source("ours").grade == "site"


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_sites_time_and_range_are_said_to_be_the_sites(form, tmp_path, capfd):
    text = (
        "drugs: {infliximab: {us: {infusion_time: {least: 60 min, source: ours}, "
        "preparation: {concentration: {to: 5 mg/mL, source: ours}}}}}\n"
    )
    path = written(text, tmp_path)
    assert run(["dose", "infliximab", "uc", "--full", "--weight", "70kg", "--regimens", path, "--format", form]) == 0
    out = capfd.readouterr().out
    assert "at least 60 min by the site" in out
    assert "site: at most 5 mg/mL" in out
    assert "by the label" not in out


def test_a_regimen_with_a_changed_phase_says_so_in_its_heading(tmp_path, capfd):
    text = (
        "regimens: {infliximab/uc: {us: {phases: {maintenance: {dose: 6 mg/kg, every: 8 weeks, source: ours}}, "
        "status: {is: labelled, source: ours, text: ours}}}}\n"
    )
    path = written(text, tmp_path)
    run(["dose", "infliximab", "uc", "--full", "--weight", "70kg", "--regimens", path])
    lines = capfd.readouterr().out.splitlines()
    heads = [line for line in lines if "Ulcerative colitis" in line or line.startswith("infliximab/uc")]
    assert heads[0].endswith("(maintenance changed by the site)")
    assert heads[1].endswith("us label, labelled by the site, local")


def test_the_page_of_a_drug_tells_what_the_site_changes(tmp_path):
    rows = list(drug_page.facts(load_table(written(REMOVED, tmp_path)), "infliximab"))
    changed = [row for row in rows if row["section"] == "changed by the site"]
    assert [row["name"] for row in changed] == ["drugs/infliximab:us:screening.hepatitis-b"]
    text = "drugs: {infliximab: {us: {late: {ours: {text: call us, source: ours}}}}}\n"
    rows = list(drug_page.facts(load_table(written(text, tmp_path)), "infliximab"))
    assert [row["grade"] for row in rows if row["text"] == "call us"] == ["site"]


def test_a_finding_that_rests_on_a_sites_statement_says_so(tmp_path):
    text = "drugs: {infliximab: {us: {screening: {ours: {text: count cells, source: us-infliximab-pi}}}}}\n"
    found = course("infliximab/uc", table=load_table(written(text, tmp_path)))
    sources = [str(finding.source[0]) for finding in found.findings if finding.detail == "ours"]
    assert sources == ["site: us-infliximab-pi"]


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        (
            "drugs: {infliximab: {us: {preparation: {bag: {usual: 500 mL}}}}}",
            4,
            "bag: changes a statement, and its 'source' is missing (allowed: 'source' beside what is changed)",
        ),
        (
            "drugs: {infliximab: {us: {screening: {removed: all, source: ours}}}}",
            4,
            "drugs.infliximab.us.screening: has several statements (allowed: remove each of them by its own name)",
        ),
        (
            "drugs: {infliximab: {us: {screening: {plague: {removed: none, source: ours}}}}}",
            4,
            "drugs.infliximab.us.screening.plague: removes what the shipped table does not have",
        ),
        (
            "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: none}}}}}",
            4,
            "removes a statement (allowed: 'removed' with the reason, and 'source')",
        ),
        (
            "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: none, text: x, source: ours}}}}}",
            4,
            "removes a statement (allowed: 'removed' with the reason, and 'source')",
        ),
        ("drugs: {infliximab: {us: {preparation: {bag: {removed: no bag, source: ours}}}}}", 4, "'bag' is missing"),
        (
            "drugs:\n infliximab:\n  us:\n   preparation:\n    bag:\n     removed: no bag\n     source: ours\n",
            8,  # where the map of the preparation begins
            "drugs.infliximab.us.preparation: 'bag' is missing",
        ),
        (
            "regimens: {rituximab/ra: {us: {phases: {course: {dose: 900 mg, gap: {removed: x, source: ours}}}}}}",
            4,
            "regimens.rituximab/ra.us.phases.course: changes a statement, and its 'source' is missing",
        ),
        ("house: {bags: {removed: none here, source: ours}}", 1, "house: 'bags' is missing"),
        (
            "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: none, source: nowhere}}}}}",
            4,
            "drugs.infliximab.us.screening.hepatitis-b.source: 'nowhere' is not defined under sources",
        ),
        (
            "drugs: {infliximab: {us: {screening: {hepatitis-b: {removed: '', source: ours}}}}}",
            4,
            "drugs.infliximab.us.screening.hepatitis-b.removed: is empty",
        ),
        (
            "drugs: {infliximab: {us: {preparation: {bag: {usual: 500 mL, usual: 250 mL, source: ours}}}}}",
            4,
            "drugs.infliximab.us.preparation.bag.usual: is a duplicate key, first on line 4",
        ),
        (
            "sources: {theirs: {publisher: A, date: unknown, section: unknown, url: unknown, grade: label}}",
            4,
            "sources.theirs: 'title' is missing",
        ),
        ("drugs: {infliximab: {us: {preparation: {bag: 500 mL}}}}", 4, "is '500 mL' (allowed: a mapping"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused_with_its_line(text, line, fault, tmp_path):
    path = written(text + "\n", tmp_path)
    with pytest.raises(BadTable) as refused:
        load_table(path)
    assert any(each.startswith(f"{path}:{line}: ") and fault in each for each in refused.value.faults), refused.value


def test_one_source_of_a_site_can_be_corrected_key_by_key(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("sources: {us-infliximab-pi: {date: 2026-11-01}}\n", encoding="utf-8")
    found = load_table(path).source("us-infliximab-pi")
    assert (found.date, found.grade) == ("2026-11-01", "site")
    assert found.title == load_table().source("us-infliximab-pi").title


def test_a_label_and_a_regimen_of_the_site_alone_have_no_shipped_limits(tmp_path):
    text = (Path(__file__).parent / "tables" / "third_drug.yaml").read_text(encoding="utf-8")
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    found = course("fictumab/hiccups", table=load_table(path))
    assert found.site.shipped is None
    assert not [finding for finding in found.findings if finding.code == "site-rule"]


def test_what_was_read_under_a_label_is_a_fault_in_a_table_without_it(tmp_path):
    load_table(whole=True)  # its entries are read with both labels, and kept
    path = written("labels: {eu: {removed: not used here, source: ours}}\n", tmp_path)
    with pytest.raises(BadTable) as refused:
        load_table(path)
    assert any("regimens.infliximab/crohns.eu: is an unknown key" in each for each in refused.value.faults)
