"""What the labels say of infliximab: each value as it was read, and how much of the table rests on memory alone."""

import json
from functools import cache

import pytest

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.output.table_rows import statements
from infusecalc.output.topics import sheet
from infusecalc.statements import grades_said
from support import HERE, course, only, read_yaml

RULES = read_yaml(HERE / "cases" / "infliximab_labels.yaml")["rules"]
KEYS = "regimen label row expect says cites rests"
CASES = [
    pytest.param(only(case, KEYS), id=case["name"])
    for rule in RULES
    for case in only(rule, "rule source cases")["cases"]
]
FOUR = ("us-remicade-pi-2026", "us-inflectra-pi-2026", "us-renflexis-pi-2026", "us-avsola-pi-2026")
RECALLED_AT_MOST = {"infliximab": 19, "rituximab": 2}  # Ixifi's market, once a regimen; PCP in PV
CLINICAL = ("phases", "allowed", "preparation", "infusion_time", "premedication", "reaction", "vials", "handling")


@cache
def rows(drug, indication, label):
    return tuple(statements(load_table(), drug, indication, (label,)))


def cited(case):
    """The sources of a case; FOUR stands for the four us labels with one section."""
    section = case.removeprefix("FOUR ")
    if section == case:
        return case
    section, _, rest = section.partition("; ")
    return "; ".join([*(f"{name} {section}" for name in FOUR), *([rest] if rest else [])])


@pytest.mark.parametrize("case", CASES)
def test_a_value_is_what_the_label_says(case):
    found = [
        row
        for row in rows("infliximab", case["regimen"], case.get("label", "us"))
        if f":{row.id}".endswith((f".{case['row']}", f":{case['row']}"))
    ]
    assert [row.id for row in found] == [found[0].id]
    row = found[0]
    assert case.keys() & {"expect", "says"}
    if "expect" in case:
        assert row.value == case["expect"]
    words = case.get("says", [])
    for word in [words] if isinstance(words, str) else words:
        assert word in row.value
    if "cites" in case:
        assert row.source == cited(case["cites"])
    assert set(case.get("rests", [])) <= set(row.source.split("; "))
    assert "cites" in case or case["rests"]


def every_row(drug, label):
    table = load_table()
    return [row for indication in table.indications(drug) for row in rows(drug, indication, label)]


def test_no_us_dose_rate_or_preparation_of_a_labelled_infliximab_regimen_is_without_a_label():
    table = load_table()
    off = {
        f"regimens/infliximab/{name}"
        for name in table.indications("infliximab")
        if table.regimen("infliximab", name, "us").rules.status.is_ == "off-label"
    }
    entries = ("regimens/", "drugs/", "products/")
    found = [
        row
        for row in every_row("infliximab", "us")
        if row.entry.startswith(entries) and row.path.startswith(CLINICAL)
        and not any(row.id.startswith(f"{name}:") for name in off)
    ]  # set in rows # fmt: skip
    assert {row.path.partition(".")[0].partition("[")[0] for row in found} == set(CLINICAL)
    assert [row.id for row in found if "label" not in row.grade.split(", ")] == []


@pytest.mark.parametrize("drug", RECALLED_AT_MOST)
def test_few_values_rest_on_memory_alone(drug):
    found = [row.id for label in load_table().labels for row in every_row(drug, label) if row.grade == "recalled"]
    assert len(found) <= RECALLED_AT_MOST[drug], sorted(set(found))


def test_both_drugs_together_have_at_most_150_values_that_rest_on_memory_alone():
    labels = load_table().labels
    found = [row for drug in RECALLED_AT_MOST for label in labels for row in every_row(drug, label)]
    assert sum(row.grade == "recalled" for row in found) <= 150


def test_no_source_of_infliximab_is_an_ai_site_or_a_blog():
    found = {
        part.partition(" ")[0]
        for label in ("us", "eu")
        for row in every_row("infliximab", label)
        for part in row.source.split("; ")
    }
    assert [name for name in found if name.startswith(("droracle", "blog"))] == ["droracle-669550"]
    for name in load_table().indications("infliximab"):  # no better source has a dose for checkpoint-inhibitor colitis
        cited = {row.source.partition(" ")[0] for row in rows("infliximab", name, "us")}
        assert ("droracle-669550" in cited) == (name == "ici-colitis")


@pytest.mark.parametrize(
    ("product", "label", "name", "says"),
    [
        ("renflexis", "us", "start-within", "within 4 hours"),
        ("remicade", "us", "start-within", "within 3 hours"),
        ("remsima", "eu", "reconstitution", "The liquid"),
        ("remicade", "eu", "start-within", "within 3 hours"),
    ],
)
def test_the_sheet_has_the_product_s_own_word_for_the_drug_s(product, label, name, says):
    made = course("infliximab/ra", product=product, label=label)
    found = [topic for topic in sheet(made) if (topic.section, topic.name) == ("Preparation", name)]
    assert [says in topic.text for topic in found] == [True]
    assert {citation.id for topic in found for citation in topic.source} <= set(made.sources)


def test_what_is_shown_ends_with_each_source_once(capfd):
    assert run(["regimens", "show", "infliximab", "ra", "--label", "eu"]) == 0
    values, _, shown = capfd.readouterr().out.partition("\nSources\n")
    assert "drugs/infliximab, eu" in values
    words = " ".join(shown.split())
    cited = dict.fromkeys(
        part.partition(" ")[0] for row in rows("infliximab", "ra", "eu") for part in row.source.split("; ")
    )
    for name in cited:
        assert words.count(f"{name} [{grades_said(load_table().source(name).grade)}]: ") == 1
    assert words.count(" address: ") == len(cited)
    assert "eu-remicade-leaflet [label]: Remicade package leaflet EU/1/99/116/001" in words
    assert "TA134 chapter 2, psoriasis. NICE; date: 23 Jan 2008; address: https://www.nice.org.uk" in words


def test_data_of_what_is_shown_has_each_source_once(capfd):
    assert run(["regimens", "show", "infliximab", "ra", "--label", "us", "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    ids = [source["id"] for source in found["sources"]]
    assert ids == list(
        dict.fromkeys(part.partition(" ")[0] for row in found["rows"] for part in row["source"].split("; "))
    )
    first = next(source for source in found["sources"] if source["id"] == "us-remicade-pi-2026")
    assert first["grade"] == "label"
    assert first["title"].startswith("Remicade US prescribing information")
    assert first["date"].startswith("retrieved 8 Jan 2026")
    assert first["url"] == "unknown"


def test_a_page_in_markdown_ends_with_the_sources(capfd):
    assert run(["regimens", "show", "infliximab", "ra", "--label", "us", "--format", "md"]) == 0
    text = capfd.readouterr().out
    assert text.index("## drugs/infliximab, us") < text.index("## Sources") < text.index("us-remicade-pi-2026 \\[label")


def test_a_variant_s_name_needs_no_source(capfd):
    assert run(["regimens", "show", "rituximab", "pv", "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert "" in {row["source"] for row in found["rows"]}
    assert all(source["title"] for source in found["sources"])


def test_a_list_of_regimens_has_no_sources(capfd):
    assert run(["regimens", "list", "--format", "json"]) == 0
    assert "sources" not in json.loads(capfd.readouterr().out)
    assert run(["regimens", "list", "--format", "md"]) == 0
    assert "## Sources" not in capfd.readouterr().out


def test_a_remark_with_a_semicolon_is_no_source(tmp_path, capfd):
    text = (
        "sources: {ours: {title: Ours, publisher: us, date: unknown, section: unknown, url: unknown, grade: house}}\n"
        "drugs: {infliximab: {us: {late: {call: {text: Call us, source: ours by day; at night the ward}}}}}\n"
    )
    site = tmp_path / "site.yaml"
    site.write_text(text, encoding="utf-8")
    for words in (["regimens", "show", "infliximab", "ra"], ["info", "infliximab", "--full"]):
        assert run([*words, "--regimens", str(site)]) == 0
        assert "ours by day; at night" in " ".join(capfd.readouterr().out.split())
