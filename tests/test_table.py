"""The regimen table: what it takes, every fault that it reports, a site's own file, and a drug by table alone."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from infusecalc import Patient, load_table, make_course
from infusecalc.cli import run
from infusecalc.errors import BadInput, BadTable, UnknownName
from infusecalc.output.records import document, records
from infusecalc.output.table_rows import statements
from infusecalc.statements import SECTIONS
from infusecalc.table.files import cut, open_document, shipped_path
from infusecalc.table.schema import json_schema
from infusecalc.table.store import Table
from support import HERE, LABELS, cases, course, every_regimen, someone, table

SHIPPED = shipped_path()
TABLES = HERE / "tables"


# --- the shipped table ----------------------------------------------------------------------------------


def test_the_shipped_table_has_no_fault():
    assert load_table(whole=True).faults() == ()


def test_reading_entry_by_entry_gives_what_reading_at_once_gives():
    pieces, whole = load_table(), load_table(whole=True)
    assert pieces.files[0].pieces
    assert not whole.files[0].pieces
    for section in (*SECTIONS, "house"):
        assert pieces.names(section) == whole.names(section)
        parts = (None, *pieces.parts_of(section)) if section != "house" else (None,)
        for name, part in product(pieces.names(section), parts):
            readings: list[dict] = [{}, {}]
            values = [
                found.fill(section, name, part, into) for found, into in zip((pieces, whole), readings, strict=True)
            ]
            assert values[0] == values[1]
            lines = [[use.fault for reading in into.values() for use in reading.references] for into in readings]
            assert lines[0] == lines[1], "a fault keeps its line"


@pytest.mark.parametrize(("regimen", "label"), every_regimen())
def test_every_value_shown_has_a_source_and_a_grade(regimen, label):
    drug, _, indication = regimen.partition("/")
    rows = list(statements(table(), drug, indication, (label,)))
    assert rows
    for row in rows:
        if row.path.rpartition(".")[2] != "name":
            assert row.source, row
            assert row.grade, row


def test_off_label_uses_are_off_label_under_both_labels():
    names = {
        "infliximab": "gpp takayasu jia sarcoidosis kawasaki behcet-uveitis hidradenitis pyoderma-gangrenosum "
        "acute-severe-uc ici-colitis",
        "rituximab": "sle ms aiha itp myasthenia nmosd membranous nephrotic-pediatric ssc ctd-ild igg4-rd sjogren",
    }
    off = {f"{drug}/{name}" for drug, listed in names.items() for name in listed.split()}
    assert len(off) == 22
    for regimen, label in every_regimen():
        status = course(regimen, label=label, start=None).regimen.rules.status.is_
        assert status == ("off-label" if regimen in off else "labelled"), (regimen, label)


def test_the_published_schema_takes_the_shipped_table():
    def as_text(value):
        if isinstance(value, dict):
            return {key: as_text(each) for key, each in value.items()}
        if isinstance(value, list):
            return [as_text(each) for each in value]
        return value if isinstance(value, str) else str(value)

    found = as_text(yaml.load(SHIPPED.read_text(encoding="utf-8"), Loader=yaml.BaseLoader))  # noqa: S506 - plain text
    schema = json_schema(table().labels)
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validate(schema, found)
    found["regimens"]["infliximab/crohns"]["us"]["phases"]["induction"]["dosis"] = "5 mg/kg"
    with pytest.raises(jsonschema_rs.ValidationError, match="dosis"):
        jsonschema_rs.validate(schema, found)


def test_a_table_that_is_not_in_block_style_is_read_at_once(tmp_path):
    assert cut("version: '1'\nhouse: {}\n", "x") == ()
    assert cut("- a\n", "x") == ()
    assert cut("house:\n  - a\n", "x") == ()
    text = SHIPPED.read_text(encoding="utf-8").replace("\nsources:\n", "\nsources: # all of them\n")
    other = tmp_path / "regimens.yaml"
    other.write_text(text, encoding="utf-8")
    document_ = open_document(other, "regimens.yaml", whole=False)
    assert document_.pieces == ()
    assert Table(document_).names("regimens") == table().names("regimens")


def test_a_piece_of_an_unknown_section_is_left_to_the_audit(tmp_path):
    other = tmp_path / "regimens.yaml"
    other.write_text(SHIPPED.read_text(encoding="utf-8") + "extras:\n  one: 1\n", encoding="utf-8")
    pieces, whole = (Table(open_document(other, "regimens.yaml", whole=whole)) for whole in (False, True))
    assert pieces.names("regimens") == table().names("regimens")
    assert "extras: is an unknown key" in whole.faults()[0]


# --- faults ---------------------------------------------------------------------------------------------


TEN = {
    3: "grade",
    5: "is not cited by any statement",
    7: "out of order",
    11: "1:30",
    12: "010 mg",
    16: "'nowhere' is not defined under sources",
    18: "out of order",
    20: "must be written '5 mg/kg'",
    22: "duplicate key, first on line 21",
    23: "unknown key",
    24: "'source' is missing",
}


def test_ten_different_faults_are_reported_in_one_run_with_their_lines(capfd):
    path = TABLES / "ten_faults.yaml"
    assert run(["regimens", "validate", str(path)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    for line, what in TEN.items():
        assert any(f"{path}:{line}: " in text and what in text for text in err.splitlines()), (line, what, err)
    assert "(allowed: " in err
    assert len(err.splitlines()) == len(TEN) + 1, "and that the source of the wrong grade is not cited"
    assert all(text.startswith(f"{path}:") for text in err.splitlines())


SITE = """
sources:
  site: {title: Site list, publisher: Clinic, date: 2026-01-05, section: unknown, url: unknown, grade: house}
"""


def test_what_is_no_table_is_refused_without_a_word_of_it(tmp_path):
    """It may be a file of patients, and the fault goes into a log."""
    path = tmp_path / "cohort.csv"
    path.write_text("patient_id,drug\ncanary,infliximab\n", encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(path)
    allowed = "(allowed: YAML, a mapping of keys to values: see infusecalc regimens schema)"
    assert refused.value.faults == (f"{path}:1: the file: is not a regimen table {allowed}",)


def test_a_misspelt_section_is_one_fault_and_not_one_for_each_use_of_it(tmp_path):
    path = tmp_path / "site.yaml"
    source = "ours: {title: a, publisher: a, date: unknown, section: unknown, url: unknown, grade: house}"
    rule = "house: {rounding: {within: 5 %, source: ours}}"
    path.write_text(f"source: {{{source}}}\n{rule}\n", encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(path)
    (fault,) = refused.value.faults
    assert "source: is an unknown key" in fault
    path.write_text(f"nothing_alike: {{{source}}}\n{rule}\n", encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(path)
    assert [each.rpartition(": ")[2] for each in refused.value.faults][1:] == ["'ours' is not defined under sources"]


@pytest.mark.parametrize("case", cases("broken_tables", "given alone refused"))
def test_a_faulty_table_is_refused(case, tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(case["given"] if case.get("alone") else SITE + case["given"], encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(path)
    assert case["refused"] in str(refused.value)
    assert refused.value.exit_code == 2
    assert all(line.startswith(f"{path}:") for line in refused.value.faults)


def test_a_table_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        load_table(tmp_path / "absent.yaml")
    with pytest.raises(BadInput, match="Is a directory"):
        load_table(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"house: \xff\n")
    with pytest.raises(BadInput, match="not UTF-8 at byte 7"):
        load_table(latin)
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * 5_000_001)
    with pytest.raises(BadInput, match="over 5 MB"):
        load_table(huge)
    with pytest.raises(BadInput, match="not a file name"):
        load_table("a\0b")


def test_a_faulty_entry_of_the_shipped_table_is_refused_when_it_is_asked_for(tmp_path, monkeypatch):
    text = SHIPPED.read_text(encoding="utf-8")
    broken = tmp_path / "regimens.yaml"
    broken.write_text(text.replace("dose: 3 mg/kg", "dose: 3mg/kg"), encoding="utf-8")
    monkeypatch.setattr("infusecalc.table.store.shipped_path", lambda: broken)
    found = load_table()
    assert make_course(found, "infliximab", "crohns", someone()).phases
    with pytest.raises(BadTable, match=r"regimens\.yaml:\d+: regimens\.infliximab/ra"):
        make_course(found, "infliximab", "ra", someone())
    broken.write_text(text.replace("\n  horizon:", "\n  horizons:"), encoding="utf-8")
    with pytest.raises(BadTable, match="house: 'horizon' is missing"):
        make_course(load_table(), "infliximab", "crohns", someone())


# --- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drug", "typed", "indication"),
    [
        ("infliximab", "CD", "crohns"),
        ("infliximab", "Crohn's", "crohns"),
        ("infliximab", "crohn", "crohns"),
        ("infliximab", "plaque-psoriasis", "psoriasis"),
        ("infliximab", "Plaque_Psoriasis", "psoriasis"),
        ("infliximab", "rheumatoid arthritis", "ra"),
        ("rituximab", "rheumatoid-arthritis", "ra"),
        ("rituximab", "Wegener", "gpa"),
        ("rituximab", "pemphigus-vulgaris", "pv"),
        ("infliximab", "Sarcoid", "sarcoidosis"),
        ("infliximab", "Kawasaki disease", "kawasaki"),
        ("infliximab", "Beh\u00e7et's disease", "behcet-uveitis"),
        ("infliximab", "HS", "hidradenitis"),
        ("infliximab", "pyoderma", "pyoderma-gangrenosum"),
        ("infliximab", "ASUC", "acute-severe-uc"),
        ("infliximab", "checkpoint colitis", "ici-colitis"),
        ("rituximab", "immune thrombocytopenia", "itp"),
        ("rituximab", "MG", "myasthenia"),
        ("rituximab", "Devic's disease", "nmosd"),
        ("rituximab", "membranous nephropathy", "membranous"),
        ("rituximab", "paediatric nephrotic syndrome", "nephrotic-pediatric"),
        ("rituximab", "Scleroderma", "ssc"),
        ("rituximab", "CTD_ILD", "ctd-ild"),
        ("rituximab", "IgG4-related disease", "igg4-rd"),
        ("rituximab", "Sj\u00f6gren's syndrome", "sjogren"),
    ],
)
def test_an_indication_is_known_by_its_other_names(drug, typed, indication):
    assert course(f"{drug}/{typed}", someone(indication)).regimen.indication == indication


@pytest.mark.parametrize(
    ("typed", "label", "drug", "product"),
    [
        ("remicade", "us", "infliximab", "Remicade"),
        ("Inflectra", "us", "infliximab", "Inflectra"),
        ("infliximab-dyyb", "us", "infliximab", "Inflectra"),
        ("INFLIXIMAB-ABDA", "us", "infliximab", "Renflexis"),
        ("rituximab-abbs", "us", "rituximab", "Truxima"),
        ("Rituxan", "us", "rituximab", "Rituxan"),
        ("MabThera", "eu", "rituximab", "MabThera"),
        ("zessly", "eu", "infliximab", "Zessly"),
    ],
)
def test_a_brand_or_a_suffixed_name_selects_drug_and_product(typed, label, drug, product):
    found = course(f"{typed}/ra", label=label)
    assert (found.regimen.drug_id, found.product_name) == (drug, product)
    same = course(f"{drug}/ra", label=label, product=typed)
    assert same.product_name == product


@pytest.mark.parametrize(("drug", "label", "product"), [
    ("infliximab", "us", "Remicade"), ("infliximab", "eu", "Remicade"),
    ("rituximab", "us", "Rituxan"), ("rituximab", "eu", "MabThera"),
])  # set in rows # fmt: skip
def test_the_usual_product_of_a_label(drug, label, product):
    assert course(f"{drug}/ra", label=label).product_name == product


@pytest.mark.parametrize(
    ("drug", "options", "message"),
    [
        ("inflectra", {"product": "remicade"}, "is not the brand that was given as the drug: 'inflectra' is Inflectra"),
        ("infliximab", {"product": "rituxan"}, "is not known for infliximab: it is a product of rituximab (allowed: "),
        ("infliximab", {"product": "infliximab"}, "is not known for infliximab: it is a drug (allowed: remicade, "),
        ("infliximab", {"product": "nothing"}, "zessly); no similar name"),
        ("infliximab", {"product": "zesslee", "label": "eu"}, "nearest: zessly"),
        ("rituxan", {"label": "eu"}, "'Rituxan' is not in the table under this label: it is under us, not under eu"),
        ("rituxan", {"label": "eu"}, "; give `label` us, or a product of this one"),
        ("infliximab", {"product": "remsima"}, "'Remsima' is not in the table under this label: it is under eu, not "),
        ("zymfentra", {}, "is subcutaneous"),
        ("infliximab", {"product": "Zymfentra"}, "is subcutaneous"),
        ("infliksimab", {}, "nearest: infliximab"),
        ("aspirin", {}, "no similar name"),
        ("infliximab", {"label": "uk"}, "allowed: us, eu"),
        ("infliximab", {"variant": "low-dose"}, "has no variants"),
    ],
)
def test_a_name_that_is_not_in_the_table_is_refused(drug, options, message):
    with pytest.raises(BadInput) as refused:
        course(f"{drug}/ra", **options)
    assert message in str(refused.value)


def test_an_unknown_indication_names_the_nearest_and_picks_none():
    with pytest.raises(UnknownName) as refused:
        course("infliximab/crones")
    assert "crohns" in refused.value.nearest


@pytest.mark.parametrize("typed", ["crohns", "CD", "takayasu"])
def test_an_indication_of_the_other_drug_is_said_to_be_one(typed):
    said = (
        rf"^indication '{typed}' is not known for rituximab: it is a regimen of infliximab \(allowed: ra, gpa, .*\); "
    )
    said += "all names: infusecalc list$"
    with pytest.raises(UnknownName, match=said) as refused:
        course(f"rituximab/{typed}")
    assert refused.value.reason.startswith("indication is not known (allowed: ra, gpa, "), "no regimen is named in it"


@pytest.mark.parametrize("typed", ["malignancy", "Lymphoma", "CLL"])
def test_a_cancer_is_said_to_have_no_regimen(typed):
    # the name that was typed decides what is said of it, so the sentence to log has none of it
    none = "there is no cancer regimen here: use your oncology protocol"
    with pytest.raises(
        UnknownName, match=rf"^indication '{typed}' is not known for rituximab: {none} \(allowed: ra,"
    ) as no:
        course(f"rituximab/{typed}")
    assert "cancer" not in no.value.reason
    assert no.value.reason.endswith("sjogren); all names: infusecalc list")
    with pytest.raises(UnknownName, match=r"no similar name; all names: infusecalc list$"):
        course("rituximab/copd")  # a condition of which nothing is said


def test_the_names_that_are_offered_are_those_of_the_list():
    with pytest.raises(UnknownName) as refused:
        course("infliximab/luminal-crohn")  # `luminal-crohns` is another name of crohns
    assert refused.value.nearest == ("crohns",)


# --- a site's own file ----------------------------------------------------------------------------------


def test_a_drug_can_be_added_by_the_table_alone():
    found = load_table(TABLES / "third_drug.yaml")
    patient = Patient.of("61.2kg", height="1.64m", age="40y")
    made = make_course(found, "fictumab", "Singultus", patient, start="2026-01-31", for_="3m")
    rows = list(records(made))
    # BSA sqrt(164 x 61.2 / 3600) = 1.6697 -> 1.67; 200 x 1.67 = 334 mg; 3 x 120 = 360 wastes less than 120 + 300
    assert [row["dose_mg"] for row in rows] == [334, 334, 244.8, 244.8]
    assert [row["vials"] for row in rows] == ["3x120", "3x120", "1x300", "1x300"]
    assert [row["date"] for row in rows] == ["2026-01-31", "2026-02-10", "2026-03-10", "2026-04-10"]
    assert [row["billing_units"] for row in rows] == [14, 14, 10, 10]
    assert [row["wasted_units"] for row in rows] == [0, 0, 2, 2]
    # 20 mg/h and 60 mg/h for 15 min each are 5 + 15 mg; the other 314 mg at 100 mg/h take 188.4 min
    assert [row["duration_min"] for row in rows] == [218.4, 200.4, 146.88, 146.88]
    assert all("local:regimens/fictumab/hiccups" in row["findings"] for row in rows)
    assert make_course(found, "fictumab-abcd", "hiccups", patient).product_name == "Fictorix"


@pytest.mark.parametrize("command", ["dose", "schedule"])
def test_a_drug_of_a_site_works_on_the_command_line(command, capfdbinary):
    line = [command, "fictumab", "hiccups", "--weight", "61.2", "--height", "164", "--format", "json"]
    line += [
        "--regimens",
        str(TABLES / "third_drug.yaml"),
        *(["--start", "2026-01-31"] if command == "schedule" else []),
    ]
    assert run(line) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert found["regimen"]["local"] is True
    assert found["table"]["local_sha256"]


def test_a_sites_file_overrides_a_label_and_is_marked_local(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(
        SITE
        + """
house:
  bags: {stocked: [200 mL, 400 mL], from: 10 mL, to: 5000 mL, source: site}
regimens:
  infliximab/uc:
    us:
      status: {is: labelled, source: site}
      phases:
        induction: {dose: 7 mg/kg, weeks: [0, 3], source: site}
        maintenance: {removed: once is enough here, source: site}
""",
        encoding="utf-8",
    )
    found = load_table(path)
    ours, theirs = (course("infliximab/uc", table=found, label=label) for label in LABELS)
    assert [infusion.planned.day for infusion in ours.infusions] == [0, 21]
    assert (ours.local, theirs.local) == (True, False)
    assert len(theirs.infusions) == 8
    data = document(ours)
    assert data["regimen"]["local"] is True
    assert {source["id"] for source in data["sources"] if source["local"]} == {"site"}
    assert [item["detail"] for item in data["findings"] if item["code"] == "local"] == [
        "regimens/infliximab/uc",
        "house/bags",
    ]
    assert [item["detail"] for item in data["findings"] if item["code"] == "site-rule"] == [
        "house/bags",
        "regimens/infliximab/uc:us:phases.induction",
        "regimens/infliximab/uc:us:phases.maintenance",
    ]
    assert [item["detail"] for item in document(theirs)["findings"] if item["code"] == "local"] == ["house/bags"]
    # 350 mg in 400 mL is 0.875 mg/mL: the site has no 250 mL bag, and the next larger one fits
    assert course("infliximab/crohns", table=found).phases[0].preparation.bag == 400
    # 1,800 mg pass 4 mg/mL in every bag of the site: the last one tried, with a block
    heavy = course("infliximab/crohns", someone(weight="180kg"), table=found, dose=["10mg/kg"])
    assert heavy.phases[1].preparation.bag == 400
    assert "concentration-high" in {finding.code for finding in heavy.findings}


def test_a_label_that_a_regimen_lacks_is_refused(tmp_path):
    found = load_table(TABLES / "third_drug.yaml")
    with pytest.raises(BadInput, match=r"does not have this regimen \(fictumab/hiccups\): it is under us, not"):
        make_course(found, "fictumab", "hiccups", someone(), label="eu")
    path = tmp_path / "site.yaml"
    text = (TABLES / "third_drug.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("population: adult\n    us:", "population: adult\n    eu:"), encoding="utf-8")
    with pytest.raises(BadTable, match=r"drugs\.fictumab: 'eu' is missing"):
        make_course(load_table(path), "fictumab", "hiccups", someone(), label="eu")


def test_a_regimen_by_an_unknown_label_is_refused():
    with pytest.raises(BadInput, match="allowed: us, eu"):
        table().regimen("infliximab", "crohns", "uk")


def test_a_source_that_is_not_defined_is_a_fault_when_it_is_shown(tmp_path, monkeypatch):
    text = SHIPPED.read_text(encoding="utf-8")
    broken = tmp_path / "regimens.yaml"
    broken.write_text(text.replace("\n  us-truxima-hcp: ", "\n  us-truxima: "), encoding="utf-8")
    monkeypatch.setattr("infusecalc.table.store.shipped_path", lambda: broken)
    with pytest.raises(BadTable, match="'us-truxima-hcp' is cited but not defined"):
        list(statements(load_table(), "rituximab", "ra", ("us",)))


def test_the_version_of_a_sites_file_is_read(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text('version: "site 4"\n', encoding="utf-8")
    assert load_table(path).version == "site 4"
    assert Path(SHIPPED).name == "regimens.yaml"
