"""A plan as a bundle of FHIR: what no reader looks at holds, and planted faults are found."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from fhir_checks import BLOCKED, BY_READERS, CASES, PLANTED, SYSTEMS, faults, known_codes, made, of_type
from infusecalc import Patient
from infusecalc.cli import run
from infusecalc.output.fhir import bundle
from infusecalc.output.ical import uid
from infusecalc.table import load_table
from support import course, every_regimen, sampled, someone

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")
QUICK = [("infliximab/crohns", "us"), ("rituximab/gpa", "eu"), ("rituximab/pv", "us"), ("infliximab/kawasaki", "us")]
GPA = "schedule rituximab gpa --weight 70kg --height 175cm --start 2026-12-01 --patient-id 17"


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    """The same moment for all, where nothing else is said."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795651200")


def written(line: str, path: Path, code: int = 0) -> dict[str, Any]:
    assert run([*line.split(), "--quiet", "-o", str(path)]) == code
    return json.loads(path.read_text("utf-8"))


# --- what holds of every bundle ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", sampled(every_regimen(), QUICK), ids="-".join)
def test_every_regimen_is_told_without_fault_and_with_the_numbers_of_its_json(place):
    regimen, label = place
    assert faults(*made(regimen, label=label)) == []


@pytest.mark.parametrize("name", CASES)
def test_what_else_a_plan_has_is_told_without_fault(name):
    regimen, options = CASES[name]
    assert faults(*made(regimen, **options)) == []


@pytest.mark.parametrize(
    ("known", "sizes"),
    [
        ({"bsa": "1.8"}, [70, 1.8]),
        ({"bsa": "2.2", "bsa_cap": "2"}, [70, 2]),
        ({"height": "175cm", "bsa_cap": "1.8"}, [70, 175, 1.8]),
        ({"weight": ["2026-11-01=70", "2026-12-10=78", "2030-01-01=80"], "height": "175"}, [70, 175, 1.84, 78, 1.95]),
    ],
    ids=["a BSA that was given", "one with a cap", "a BSA by a formula with a cap", "weights over time"],
)
def test_each_measurement_that_an_infusion_rests_on_is_told_once(known, sizes):
    """sqrt(175 x 70 / 3600) = 1.84 and sqrt(175 x 78 / 3600) = 1.95; nothing rests on the weight of 2030."""
    told, plan = made("rituximab/gpa", Patient.of(**({"weight": "70kg"} | known)))
    assert [each["valueQuantity"]["value"] for each in of_type(told, "Observation")] == sizes
    assert faults(told, plan) == []


def test_a_weight_of_the_day_of_the_start_is_none_of_a_first_infusion_that_the_clinic_moved_before_it():
    """Start on Tuesday 1 December, moved to Monday: the first infusion rests on the weight without a day."""
    patient = Patient.of(["70", "2026-12-01=78"])
    told, plan = made("infliximab/crohns", patient, days="mon", tolerance="3d")
    assert (plan["infusions"][0]["date"], plan["infusions"][0]["weight_kg"]) == ("2026-11-30", 70)
    days = [(each["effectiveDateTime"], each["valueQuantity"]["value"]) for each in of_type(told, "Observation")]
    assert days == [("2026-12-01", 70), ("2026-12-01", 78)]
    assert faults(told, plan) == []


# --- what is told -----------------------------------------------------------------------------------------------


def test_the_file_has_the_plan_of_the_example():
    """Rituxan in GPA: 375 mg/m2 x 1.84 m2 = 690 mg weekly, 4 times; 500 mg after 24 and 26 weeks of maintenance."""
    told, _ = made("rituximab/gpa")
    requests = of_type(told, "MedicationRequest")
    assert [each["dosageInstruction"][0]["doseAndRate"][-1]["doseQuantity"]["value"] for each in requests] == [
        690, 690, 690, 690, 500, 500,
    ]  # set in rows # fmt: skip
    assert [each["dispenseRequest"]["quantity"]["value"] for each in requests] == [700] * 4 + [500] * 2
    assert requests[0]["groupIdentifier"]["value"] == "17|rituximab/gpa|us|2026-12-01"
    assert [each["type"] for each in requests[0]["supportingInformation"]] == ["Observation"] * 3


def test_a_rate_stands_in_its_field_where_one_runs_and_in_words_where_it_rises():
    flat, rising = (of_type(made(name)[0], "MedicationRequest")[0] for name in ("infliximab/crohns", "rituximab/gpa"))
    dosage = flat["dosageInstruction"][0]
    assert dosage["doseAndRate"][1]["rateQuantity"]["value"] == 175  # 350 mg in 120 min
    assert dosage["timing"] == {"event": ["2026-12-01"], "repeat": {"duration": 120, "durationUnit": "min"}}
    assert "rateQuantity" not in str(rising)
    told = "first infusion: 50 mg/h, +50 mg/h every 30 min, at most 400 mg/h"
    assert rising["dosageInstruction"][0]["text"].endswith(told)


def test_what_is_given_only_if_needed_and_what_has_no_rate_are_told_as_such():
    listed = of_type(made("infliximab/ici-colitis")[0], "MedicationRequest")
    needed = [each["dosageInstruction"][0].get("asNeededBoolean") for each in listed]
    assert needed == [None, *[True] * (len(listed) - 1)]
    slow = of_type(made("rituximab/gpa-pediatric")[0], "MedicationRequest")[0]["dosageInstruction"][0]
    assert slow["timing"] == {"event": ["2026-12-01"]}
    assert "time not labelled" in slow["text"]


def test_a_cap_is_told_beside_the_dose_by_size():
    """5 mg/kg x 70 kg = 350 mg, at most 300 mg in maintenance."""
    regimen, options = CASES["a dose with a cap"]
    dosage = of_type(made(regimen, **options)[0], "MedicationRequest")[-1]["dosageInstruction"][0]
    assert [each["doseQuantity"]["value"] for each in dosage["doseAndRate"]] == [5, 300]
    assert dosage["maxDosePerAdministration"]["value"] == 300


def test_an_infusion_is_known_by_the_key_of_the_calendar_and_the_rest_beside_it():
    """The URN of version 5 of the UID that its event has in the calendar, which has no id of a patient in it."""
    from uuid import UUID, uuid5  # noqa: PLC0415 - only here

    found = course("rituximab/gpa", someone().but(id="17"))
    urls = [each["fullUrl"] for each in bundle(found)["entry"] if "dosageInstruction" in each["resource"]]
    space = UUID("30a9b7df-5e76-5a1d-bc4f-b3b38c098e14")
    assert urls == [uuid5(space, uid(found, each.planned.number)).urn for each in found.infusions]
    other = course("rituximab/gpa", someone().but(id="18"))
    assert not {each["fullUrl"] for each in bundle(other)["entry"]} & {e["fullUrl"] for e in bundle(found)["entry"]}


def test_equal_input_gives_equal_bytes_and_the_moment_is_that_of_the_environment(tmp_path, monkeypatch):
    one = written(GPA, tmp_path / "one.fhir.json")
    written(GPA, tmp_path / "two.fhir.json")
    assert (tmp_path / "one.fhir.json").read_bytes() == (tmp_path / "two.fhir.json").read_bytes()
    assert one["timestamp"] == "2026-11-26T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    again = written(GPA, tmp_path / "three.fhir.json")
    assert again["timestamp"] == "1970-01-01T00:00:00Z"
    assert [each["fullUrl"] for each in again["entry"]] == [each["fullUrl"] for each in one["entry"]]


def test_a_blocked_plan_is_told_as_a_draft_with_its_block_first_of_all(tmp_path):
    told = written(f"{GPA} --has active-infection", tmp_path / "plan.fhir.json", code=3)
    plan = told["entry"][0]["resource"]
    assert plan["title"].startswith("BLOCKED: ")
    assert plan["note"][0]["text"].startswith("BLOCKED by contraindicated:active-infection")
    assert {each["status"] for each in of_type(told, "MedicationRequest")} == {"draft"}
    high = [each["fullUrl"] for each in told["entry"] if each["resource"].get("severity") == "high"]
    assert len(high) == 1
    for each in of_type(told, "MedicationRequest"):
        assert high[0] in [issue["reference"] for issue in each["detectedIssue"]]


def test_an_acceptance_and_what_was_done_are_mitigations():
    accepted, _ = made("rituximab/gpa", **CASES["an accepted block"][1])
    taken = [each["mitigation"] for each in of_type(accepted, "DetectedIssue") if "mitigation" in each]
    assert taken == [[{"action": {"text": "Accepted: treated for 2 weeks"}}]]
    done, _ = made("infliximab/crohns", **CASES["a screening that was done"][1])
    taken = [each["mitigation"][0] for each in of_type(done, "DetectedIssue") if "mitigation" in each]
    assert sorted(taken, key=str) == [
        {"action": {"text": "Done on 2026-11-20"}, "date": "2026-11-20"},
        {"action": {"text": "Done"}},
    ]


def test_the_hash_of_a_sites_table_and_each_source_with_its_grade_are_told(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text(
        "sources:\n"
        "  board: {title: Board, publisher: us, date: '2026', section: all, url: unknown, grade: house}\n"
        "codes:\n  weight: {removed: not used here, source: board}\n",
        "utf-8",
    )
    found = load_table(str(site))
    told, plan = made("infliximab/crohns", table=found)
    entity = of_type(told, "Provenance")[0]["entity"]
    hashes = [each["what"]["identifier"]["value"] for each in entity[:2]]
    assert hashes == [f"urn:sha256:{file.sha256}" for file in found.files]
    names = {each["what"]["display"].partition(": ")[0] for each in entity[2:]}
    assert {each["id"] for each in plan["sources"]} < names
    assert names - {each["id"] for each in plan["sources"]} == {
        "ahdis-chmed", "atc-public", "hl7-vital-signs", "mcode-examples", "nlm-bulletin-2017",
    }  # set in rows # fmt: skip
    assert of_type(told, "Observation")[0]["code"] == {"text": "Body weight"}


# --- codes --------------------------------------------------------------------------------------------------------


def test_the_codes_are_those_of_the_evidence_and_no_others():
    """RxNorm: NLM Technical Bulletin Nov-Dec 2017, openFDA NDC, CIBMTR value set; the rest as the table cites them."""
    wanted = {
        "rxnorm": "191831 1927283 1927285 1927290 1790541 310994 121191 2105824 2273510 2472325 226754 2105827 2273513 "
        "2472328",
        "atc": "L04AB02 L01FA01",
        "snomed": "386919002 47625008",
        "loinc": "29463-7 8302-2 3140-1",
    }
    assert known_codes() == {(SYSTEMS[name], code) for name, codes in wanted.items() for code in codes.split()}


@pytest.mark.parametrize(
    ("regimen", "product", "codes"),
    [
        ("infliximab/crohns", "Renflexis", ["1927290", "1927285", "1927283", "191831", "L04AB02"]),
        ("infliximab/crohns", "Remicade", ["191831", "L04AB02"]),
        ("rituximab/ra", "Riabni", ["2472328", "2472325", "121191", "L01FA01"]),
    ],
)
def test_a_product_has_its_own_codes_first_and_then_those_of_its_drug(regimen, product, codes):
    drug = of_type(made(regimen, product=product)[0], "Medication")[0]
    assert [each["code"] for each in drug["code"]["coding"]] == codes
    assert "L0" not in str(drug["ingredient"])


def test_regimens_show_has_the_codes_with_their_sources(capfd):
    assert run(["regimens", "show", "rituximab", "gpa", "--label", "us", "--format", "csv"]) == 0
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(capfd.readouterr().out))}
    ours = rows["drugs/rituximab:codes:atc.code"]
    assert (ours["path"], ours["value"], ours["source"]) == (
        "codes.atc.code", "L01FA01", "atc-public it was L01XC02; ruxience-monograph",
    )  # set in rows # fmt: skip
    assert rows["products/truxima:codes:brand.code"]["source"] == "cibmtr-rituximab-vs"
    assert rows["codes/weight:code"]["value"] == "29463-7"


# --- on the command line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (GPA.removesuffix(" --patient-id 17") + " --format fhir", "a FHIR bundle needs it"),
        (f"{GPA} --format json -o plan.fhir.json", "--format 'json' does not match the file name, 'plan.fhir.json'"),
        (f"{GPA} --format fhir -o plan.json", "--format 'fhir' does not match the file name, 'plan.json'"),
        (f"{GPA} -o plan.fhir.ndjson", "has the extension .fhir.ndjson, which this command does not write"),
        (f"{GPA} --sheet patient --format fhir", "cannot be combined with --format fhir"),
        ("dose infliximab crohns --weight 70kg -o x.fhir.json", "has the extension .fhir.json, which this command"),
        ("dose infliximab crohns --weight 70kg --format fhir", "is not a format of this command"),
    ],
)
def test_what_cannot_be_is_refused(line, said, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run(line.split()) == 2
    assert said in " ".join(capfd.readouterr().err.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["plan.FHIR.json", "of 2026.12.01.fhir.json", "plan.fhir.json"])
def test_the_extension_of_two_parts_goes_before_that_of_one(name, tmp_path):
    assert run([*GPA.split(), "--quiet", "-o", str(tmp_path / name)]) == 0
    assert json.loads((tmp_path / name).read_text("utf-8"))["resourceType"] == "Bundle"


@pytest.mark.parametrize("name", ["plan.r4.json", ".fhir.json"])
def test_another_name_before_json_is_part_of_the_name(name, tmp_path):
    assert run([*GPA.split(), "--quiet", "-o", str(tmp_path / name)]) == 0
    assert json.loads((tmp_path / name).read_text("utf-8"))["schema"] == "infusecalc.schedule/1"


# --- cohorts ------------------------------------------------------------------------------------------------------

HEADER = "patient_id,drug,indication,weight_kg,height_cm,age_years,start,label\n"
ROWS = [
    "p1,infliximab,crohns,70,,34,2026-12-01,us\n",
    "p2,rituximab,gpa,68.5,175,51,2026-12-08,eu\n",
    ",infliximab,ra,80,,,2027-01-04,us\n",
    "p4,infliximab,nothing,80,,,2027-01-04,us\n",
    "p5,infliximab,crohns,heavy,,,2027-01-04,us\n",
]
ALONE = [
    "infliximab crohns --weight 70kg --age 34 --start 2026-12-01 --patient-id p1",
    "rituximab gpa --weight 68.5kg --height 175 --age 51 --start 2026-12-08 --label eu --patient-id p2",
]


@pytest.fixture
def cohort(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text(HEADER + "".join(ROWS), "utf-8")
    return path


def bundles(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", ["out.fhir.ndjson", "out.fhir.ndjson.gz"])
def test_a_cohort_has_the_bundle_of_each_patient_and_rejects_the_rest(name, cohort, tmp_path, capfd):
    out, bad = tmp_path / name, tmp_path / "bad.csv"
    assert run(["batch", str(cohort), "-o", str(out), "--rejects", str(bad)]) == 4
    assert bundles(out) == [written(f"schedule {line}", tmp_path / "one.fhir.json") for line in ALONE]
    rejected = list(csv.DictReader(io.StringIO(bad.read_text("utf-8"))))
    assert [(row["row"], row["column"]) for row in rejected] == [
        ("3", "patient_id"), ("4", "indication"), ("5", "weight_kg"),
    ]  # set in rows # fmt: skip
    assert "a FHIR bundle needs it" in rejected[0]["reason"]
    assert "2 rows planned, 14 infusions, 3 rows rejected" in capfd.readouterr().err


@pytest.mark.parametrize("form", ["csv", "ndjson", "fhir", "nonmem"])
@pytest.mark.parametrize("regimen", ["gpa,eu", "gpa-pediatric,us"])
def test_a_height_that_is_missing_is_told_alike_in_every_form_and_no_option_for_all_rows_is_advised(
    form, regimen, tmp_path, capfd
):
    path, (indication, label) = tmp_path / "cohort.csv", regimen.split(",")
    path.write_text(
        f"patient_id,drug,indication,weight_kg,start,label\n1,rituximab,{indication},30,2026-12-01,{label}\n"
    )
    assert run(["batch", str(path), "--to", form]) == 4
    said = capfd.readouterr().err.splitlines()[0]
    assert said == (
        "infusecalc: row 1 (line 2 of the file), column height_cm: missing: height is missing: the dose depends on the "
        "BSA, which needs height_cm or bsa_m2"
    )


def test_a_cohort_with_histories_has_what_was_given_in_its_bundles(cohort, tmp_path):
    given, out = tmp_path / "given.csv", tmp_path / "out.fhir.ndjson"
    given.write_text("patient_id,date,dose_mg\np2,2026-12-08,680\n", "utf-8")
    line = [
        "batch",
        str(cohort),
        "--given",
        str(given),
        "-o",
        str(out),
        "--quiet",
        "--rejects",
        str(tmp_path / "b.csv"),
    ]
    assert run(line) == 4
    alone = f"schedule {ALONE[1]} --given 2026-12-08:680"
    assert bundles(out)[1] == written(alone, tmp_path / "one.fhir.json")
    assert [len(of_type(each, "MedicationAdministration")) for each in bundles(out)] == [0, 1]


def test_a_strict_run_writes_nothing_where_a_row_is_bad_and_all_where_none_is(cohort, tmp_path, capfd):
    assert run(["batch", str(cohort), "--to", "fhir", "--strict"]) == 2
    assert capfd.readouterr().out == ""
    cohort.write_text(HEADER + "".join(ROWS[:2]), "utf-8")
    totals = tmp_path / "order.csv"
    assert run(["batch", str(cohort), "--to", "fhir", "--strict", "--quiet", "--totals", str(totals)]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 2
    assert "Remicade" in totals.read_text("utf-8")


def test_the_bundles_of_a_cohort_go_to_standard_output_line_by_line(cohort, capfd):
    assert run(["batch", str(cohort), "--to", "fhir", "--quiet"]) == 4
    assert [json.loads(line)["resourceType"] for line in capfd.readouterr().out.splitlines()] == ["Bundle"] * 2


@pytest.mark.parametrize(("to", "whose"), [("csv", "whose they are: columns findings and cautions; "), ("fhir", "")])
def test_what_is_said_of_findings_names_columns_only_where_the_result_has_them(to, whose, cohort, capfd):
    assert run(["batch", str(cohort), "--to", to]) == 4
    [said] = [line for line in capfd.readouterr().err.splitlines() if "carry it: " in line]
    assert said.endswith(f" ({whose}what each means: docs/findings.md)")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--to", "fhir", "--keep-extra"], "--keep-extra cannot be combined with --to fhir"),
        (["--to", "fhir", "-o", "out.ndjson"], "--to 'fhir' does not match the file name, 'out.ndjson'"),
        (["--to", "json"], "is not a format for cohorts (allowed: csv, ndjson, parquet, nonmem, fhir)"),
        (["--from", "fhir"], "is not a format for cohorts (allowed: csv, ndjson, parquet)"),
    ],
)
def test_what_a_cohort_cannot_be_written_as_is_refused(more, said, cohort, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run(["batch", str(cohort), *more]) == 2
    assert said in " ".join(capfd.readouterr().err.split())


# --- planted faults -----------------------------------------------------------------------------------------------


def test_there_are_eighteen_planted_faults():
    assert len(PLANTED) == 18
    assert set(PLANTED) > BY_READERS


@pytest.mark.parametrize("name", [name for name in PLANTED if name not in BY_READERS])
def test_a_planted_fault_is_found_by_the_checks(name):
    told, plan = made("rituximab/gpa", **BLOCKED)
    assert faults(told, plan) == []
    planted = copy.deepcopy(told)
    PLANTED[name](planted)
    assert planted != told
    assert faults(planted, plan)
