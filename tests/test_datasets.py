"""Datasets for pharmacometric programs, of one patient and of a cohort, and the key of their ids."""

from __future__ import annotations

import csv
import gzip
import io
import math
import shlex
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infusecalc.cli import run
from infusecalc.cohort import dataset as cohort_dataset
from support import cases

CASES = cases("datasets", "run count rows")
TINY = "--weight 10kg --dose induction=0.001mg/kg --doses 1 --accept concentration-low=x"
HEAD = ["ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "DV", "WT", "BSA", "NUMBER", "PHASE"]
PLAN = "schedule infliximab crohns --weight 70kg --start 2026-12-01"
COHORT = "patient_id,drug,indication,weight_kg,height_cm,start,label,protocol\n"
ROWS = {
    "7": "7,infliximab,crohns,70,,2026-12-01,,",
    "MX-1": "MX-1,rituximab,ra,82.5,,2026-12-03,,",
    "1": "1,rituximab,gpa,70,175,2027-01-04,,",
    "007": "007,infliximab,uc,61.25,,2026-12-01,eu,",
    "=1+1": "=1+1,rituximab,gpa-pediatric,30,135,2026-12-01,,peprs",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str) -> list[list[str]]:
    head, *rows = csv.reader(io.StringIO(text))
    assert head == HEAD
    return rows


def planned(line: str, capfd: Any) -> list[list[str]]:
    assert run([*shlex.split(line), "--format", "nonmem", "--quiet"]) == 0
    return read(capfd.readouterr().out)


def cohort(*ids: str) -> None:
    Path("c.csv").write_text(COHORT + "".join(f"{ROWS[each]}\n" for each in ids or ROWS), encoding="utf-8")


def refused(line: str, capfd: Any, code: int = 2) -> str:
    before = sorted(Path().iterdir())
    assert run(shlex.split(line)) == code
    said = capfd.readouterr()
    assert said.out == ""
    assert sorted(Path().iterdir()) == before
    return str(said.err)


# --- one patient ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_plan_is_written_as_numbers(case, capfd):
    found = planned(case["run"], capfd)
    assert len(found) == case["count"]
    assert {place: ",".join(found[place]) for place in case["rows"]} == case["rows"]


@pytest.mark.parametrize("case", CASES)
def test_rates_times_and_sums_are_those_of_the_records(case, capfd):
    """What stands in the CSV of the same plan, by arithmetic of its own: Decimal, not whole numbers."""
    found = planned(case["run"], capfd)
    plain = case["run"].replace(" --steps", "")
    assert run([*shlex.split(plain), "--format", "csv", "--quiet"]) == 0
    records = [
        row
        for row in csv.DictReader(io.StringIO(capfd.readouterr().out))
        if row["optional"] == "false" or row.get("given") == "true"
    ]
    assert list(dict.fromkeys(row[10] for row in found)) == [each["number"] for each in records]
    for record in records:
        mine = [row for row in found if row[10] == record["number"]]
        amount = Decimal(record.get("given_mg") or record["dose_mg"])
        hours = (int(record["day"]) - int(records[0]["day"])) * 24
        assert sum(Decimal(row[2]) for row in mine) == amount
        assert mine[0][1] == str(hours)
        assert all(row[8:10] == [record["weight_kg"], record["bsa_m2"] or "."] for row in mine)
        if len(mine) == 1:
            rate = amount / Decimal(record["duration_min"]) * 60
            assert Decimal(mine[0][3]) == rate.quantize(Decimal("0.01"), ROUND_HALF_UP)
        for row, after in pairwise(mine):  # each step ends as the next begins
            assert math.isclose(float(row[1]) + float(row[2]) / float(row[3]), float(after[1]), abs_tol=0.001)


@pytest.mark.parametrize(
    "line",
    [
        "schedule rituximab ra --weight 70kg --start 2026-12-01 --steps",
        "schedule infliximab crohns --weight 70kg --start 2026-12-01 --protocol steps-250 --steps",
        "schedule rituximab gpa-pediatric --weight 30kg --height 135cm --start 2026-12-01 --protocol peprs --steps",
    ],
)
def test_every_value_is_a_number_and_no_amount_or_rate_is_nothing(line, capfd):
    found = planned(line, capfd)
    assert len(found) > 10
    for row in found:
        assert [row[place] for place in (4, 5, 6, 7)] == ["1", "1", "1", "."]
        assert float(row[2]) > 0 < float(row[3])
        assert all(each == "." or math.isfinite(float(each)) for each in row)
        assert "." not in (row[0], row[1], row[2], row[3], row[8], row[10], row[11])
    assert [float(row[1]) for row in found] == sorted(float(row[1]) for row in found)


def test_what_the_numbers_do_not_say_is_said_beside_them(capfd):
    assert run([*shlex.split(PLAN), "--format", "nonmem", "--has", "heart-failure-nyha-3"]) == 0
    said = capfd.readouterr().err
    assert "PHASE: 1 induction, 2 maintenance; the dataset does not hold these cautions: " in said
    assert "precaution:heart-failure-nyha-3" in said


@pytest.mark.parametrize("id_", ["MX-7", "007", "0", "1000000000", "1.5", "-7", "\u0663"])
def test_an_id_that_is_no_number_gets_one_and_a_key(id_, capfd):
    assert run([*shlex.split(PLAN), "--patient-id", id_, "-o", "plan.nonmem.csv"]) == 0
    assert {row[0] for row in read(Path("plan.nonmem.csv").read_text())} == {"1"}
    quoted = f"'{id_}" if id_.startswith("-") else id_
    assert Path("plan.key.csv").read_text(encoding="utf-8") == f"ID,patient_id\n1,{quoted}\n"
    assert "wrote plan.nonmem.csv\ninfusecalc: wrote plan.key.csv\n" in capfd.readouterr().err


@pytest.mark.parametrize(("options", "key"), [
    ("--patient-id 42 -o x.NONMEM.CSV", None),
    ("--patient-id 42 -o x.nonmem.csv --key k.csv", "k.csv"),
    ("--patient-id a -o x.nonmem.csv --key k.csv", "k.csv"),
    ("--patient-id a -o x.dat --format nonmem", "x.dat.key.csv"),
    ("--patient-id a -o x.NONMEM.CSV", "x.key.csv"),
    ("--patient-id a --format nonmem --key k.csv", "k.csv"),
])  # set in rows # fmt: skip
def test_a_key_is_written_where_it_is_needed_or_asked_for(options, key):
    assert run([*shlex.split(f"{PLAN} {options}"), "--quiet"]) == 0
    names = {each.name for each in Path().iterdir()}
    assert {name for name in names if not name.startswith("x.") or "key" in name} == ({key} if key else set())


@pytest.mark.parametrize(("options", "message"), [
    ("--patient-id MX-7 --format nonmem", "--key is missing: an id that is not a whole number gets a number, and"),
    ("--patient-id MX-7 --format nonmem --key -", "--key '-' is standard output"),
    ("--patient-id a -o x.nonmem.csv --key x.nonmem.csv", "--key 'x.nonmem.csv' is the file of -o"),
    ("--patient-id a -o x.nonmem.csv --key none/k.csv", "--key 'none/k.csv' cannot be written"),
    ("--patient-id a -o none/x.nonmem.csv --key k.csv", "-o 'none/x.nonmem.csv' cannot be written"),
    ("--format nonmem --key k.csv", "--key 'k.csv' needs --patient-id"),
    ("--format nonmem --totals", "--totals cannot be combined with --format nonmem"),
    ("--format csv --steps", "--steps cannot be combined with --format csv; it is for --format nonmem"),
    ("-o x.csv --key k.csv", "--key 'k.csv' is only for nonmem, not for csv; give -o, as in plan.nonmem.csv"),
    ("-o x.nonmem.csv --format csv", "--format 'csv' does not match the file name, 'x.nonmem.csv' (allowed: .csv)"),
    ("-o x.csv --format nonmem", "--format 'nonmem' does not match the file name, 'x.csv' (allowed: .nonmem.csv)"),
    (f"{TINY} --protocol steps-250 --bag 250 --format nonmem",
     "comes to nothing in a dataset: infusion 1 (allowed: from 0.01 mg, and 0.01 mg/h"),
])  # set in rows # fmt: skip
def test_what_cannot_be_a_dataset_is_refused(options, message, capfd):
    line = PLAN.replace("--weight 70kg", "") if "--weight" in options else PLAN
    assert message in refused(f"{line} {options}", capfd)


def test_an_infusion_without_a_rate_is_refused(capfd):
    line = "schedule rituximab gpa-pediatric --weight 30kg --height 135cm --start 2026-12-01 --format nonmem"
    said = refused(line, capfd)
    assert "--protocol is missing: the label gives no rate, and a dataset needs one for every infusion" in said
    assert "(allowed: peprs, children-mg-per-kg)" in said


def test_a_plan_that_blocks_is_no_dataset_because_its_numbers_cannot_say_so(capfd):
    said = refused(f"{PLAN} --has active-tb -o plan.nonmem.csv", capfd, 3)
    assert "a dataset is not made from a plan that is blocked by contraindicated:active-tb; if the " in said


def test_no_file_that_is_read_is_taken_for_the_key(capfd):
    history = "date,dose_mg\n2026-12-01,350\n"
    Path("plan.key.csv").write_text(history)
    line = "schedule infliximab crohns --weight 70kg --history plan.key.csv --patient-id a -o plan.nonmem.csv"
    assert "--key 'plan.key.csv' is a file that is read: --history" in refused(line, capfd)
    assert "--key './plan.key.csv' is a file" in refused(f"{line} --key ./plan.key.csv", capfd)
    assert Path("plan.key.csv").read_text() == history


def test_a_command_without_dates_writes_no_dataset(capfd):
    said = refused("dose infliximab crohns --weight 70kg -o x.nonmem.csv", capfd)
    assert "has the extension .nonmem.csv, which this command does not write" in said


def test_a_plan_of_which_all_is_as_needed_is_refused_and_left_out_of_a_cohort(capfd):
    Path("site.yaml").write_text(SITE)
    line = "rituximab trial --weight 70kg --start 2026-12-01 --regimens site.yaml"
    said = refused(f"schedule {line} --format nonmem", capfd)
    assert "--format 'nonmem' has nothing to hold: every infusion is as needed" in said
    Path("c.csv").write_text(COHORT + f"{ROWS['7']}\n8,rituximab,trial,70,,2026-12-01,,\n")
    assert run(shlex.split("batch c.csv --regimens site.yaml -o x.nonmem.csv")) == 0
    assert "1 left out of the dataset: every infusion is as needed" in capfd.readouterr().err
    assert {row[0] for row in read(Path("x.nonmem.csv").read_text())} == {"7"}


SITE = """
sources: {site: {title: Site, publisher: Site, date: unknown, section: unknown, url: unknown, grade: house}}
regimens:
  rituximab/trial:
    name: Trial
    population: adult
    us:
      status: {is: off-label, text: made up, source: site}
      phases: {course: {dose: 1000 mg, days: [0, 14], if_needed_from: 1, source: site}}
"""


# --- a cohort ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", ["", " --steps"])
@pytest.mark.parametrize("kept", [1, 10_000])
def test_a_cohort_is_the_plans_of_its_patients(steps, kept, capfd, monkeypatch):
    monkeypatch.setattr(cohort_dataset, "_TAKEN", kept)
    cohort()
    assert run(shlex.split(f"batch c.csv -o x.nonmem.csv{steps}")) == 0
    said = capfd.readouterr().err
    assert "wrote x.nonmem.csv\ninfusecalc: wrote x.key.csv\n" in said
    assert "PHASE of infliximab/crohns, label us: 1 induction, 2 maintenance\n" in said
    assert "5 rows planned" in said
    assert Path("x.key.csv").read_text() == "ID,patient_id\n7,7\n2,MX-1\n1,1\n3,007\n4,'=1+1\n"
    wanted = []
    for number, row in zip("72134", ROWS.values(), strict=True):
        _, drug, indication, weight, height, start, label, protocol = row.split(",")
        line = f"schedule {drug} {indication} --weight {weight} --start {start} --patient-id {number}{steps}"
        line += f" --height {height}" if height else ""
        line += f" --label {label}" if label else ""
        wanted += planned(f"{line} --protocol {protocol}" if protocol else line, capfd)
    assert read(Path("x.nonmem.csv").read_text()) == wanted


def test_ids_that_are_numbers_need_no_key(capfd):
    cohort("7", "1")
    assert run(shlex.split("batch c.csv --to nonmem --quiet")) == 0
    assert {row[0] for row in read(capfd.readouterr().out)} == {"7", "1"}
    assert run(shlex.split("batch c.csv --to nonmem -o x.nonmem.csv.gz --quiet --key k.csv")) == 0
    assert {row[0] for row in read(gzip.decompress(Path("x.nonmem.csv.gz").read_bytes()).decode())} == {"7", "1"}
    assert Path("k.csv").read_text() == "ID,patient_id\n7,7\n1,1\n"
    assert capfd.readouterr() == ("", "")


def test_a_cohort_with_what_was_given_is_as_the_single_plan(capfd):
    cohort("7")
    Path("g.csv").write_text("patient_id,date,dose_mg\n7,2026-12-01,210\n7,2026-12-20,\n")
    assert run(shlex.split("batch c.csv --given g.csv --to nonmem --quiet")) == 0
    found = read(capfd.readouterr().out)
    line = "schedule infliximab crohns --weight 70kg --given 2026-12-01:210mg --given 2026-12-20 --start 2026-12-01"
    assert found == planned(f"{line} --patient-id 7", capfd)
    assert found[0][2] == "210"


def test_a_bad_row_is_set_aside_and_the_others_are_written(capfd):
    cohort("7", "1")
    with Path("c.csv").open("a") as file:
        file.write("9,infliximab,crohns,0,,2026-12-01,,\n10,infliximab,crohns,70,,2026-12-01,,none\n")
    assert run(shlex.split("batch c.csv -o x.nonmem.csv --rejects bad.csv")) == 4
    assert {row[0] for row in read(Path("x.nonmem.csv").read_text())} == {"7", "1"}
    assert [row["patient_id"] for row in csv.DictReader(io.StringIO(Path("bad.csv").read_text()))] == ["9", "10"]
    assert "row 3 (line 4 of the file), column weight_kg cannot be used" in refused(
        "batch c.csv -o y.nonmem.csv --strict", capfd
    )


def test_a_cohort_of_nobody_is_a_header():
    cohort("7")
    Path("c.csv").write_text(COHORT)
    assert run(shlex.split("batch c.csv -o x.nonmem.csv --key k.csv --quiet")) == 0
    assert Path("x.nonmem.csv").read_text() == ",".join(HEAD) + "\n"
    assert Path("k.csv").read_text() == "ID,patient_id\n"


@pytest.mark.parametrize(("more", "options", "message"), [
    ("MX-1", "", "--key is missing: an id that is not a whole number gets a number"),
    ("MX-1", "--key -", "--key '-' is standard output"),
    ("MX-1", "--key c.csv", "--key 'c.csv' is a file that is read: the cohort"),
    ("MX-1", "-o x.nonmem.csv --key x.nonmem.csv", "--key 'x.nonmem.csv' is the file of -o"),
    ("MX-1", "-o none/x.nonmem.csv", "--key 'none/x.key.csv' cannot be written"),
    ("MX-1", "-o none/x.nonmem.csv --key k.csv", "-o 'none/x.nonmem.csv' cannot be written"),
    ("MX-1", "-o x.nonmem.csv --key k.csv --rejects k.csv", "--key 'k.csv' is the file of --rejects"),
    ("MX-1", "-o x.nonmem.csv --totals x.key.csv", "--key 'x.key.csv' is the file of --totals"),
    ("MX-1", "--keep-extra", "--keep-extra cannot be combined with a dataset, which has numbers alone"),
    ("7", "", "--to 'nonmem' needs an id of its own for every row; 1 row is with an earlier row's id"),
    (",infliximab,crohns,70,,2026-12-01,,", "", "needs a patient_id in every row; 1 row is without one"),
    ("8,rituximab,gpa-pediatric,30,135,2026-12-01,,\n9,rituximab,gpa-pediatric,31,135,2026-12-01,,", "",
     "needs a rate for every infusion; 2 rows are without one on the label; name a --protocol"),
])  # set in rows # fmt: skip
def test_a_cohort_that_cannot_be_a_dataset_is_refused_whole(more, options, message, capfd):
    cohort("7")
    with Path("c.csv").open("a") as file:
        file.write(f"{ROWS.get(more, more)}\n")
    assert message in refused(f"batch c.csv --to nonmem {options}", capfd)


@pytest.mark.parametrize("option", ["--given", "--weights"])
def test_no_file_beside_a_cohort_is_taken_for_the_key(option, capfd):
    cohort("MX-1")
    Path("x.key.csv").write_text("patient_id,date,dose_mg\n" if option == "--given" else "patient_id,date,weight_kg\n")
    before = Path("x.key.csv").read_text()
    said = refused(f"batch c.csv {option} x.key.csv -o x.nonmem.csv", capfd)
    assert f"--key 'x.key.csv' is a file that is read: {option}" in said
    assert Path("x.key.csv").read_text() == before


def test_a_cohort_in_which_a_plan_blocks_is_no_dataset(capfd):
    Path("c.csv").write_text(f"patient_id,drug,indication,weight_kg,start,has\n{BLOCKED}")
    said = refused("batch c.csv -o x.nonmem.csv", capfd, 3)
    assert "a dataset is not made from a plan that is blocked by contraindicated:active-tb; if the" in said
    assert run(shlex.split("batch c.csv -o x.nonmem.csv --quiet --accept contraindicated:active-tb=simulation")) == 0


BLOCKED = (
    "7,infliximab,crohns,70,2026-12-01,\n8,infliximab,crohns,70,2026-12-01,active-tb\n9,infliximab,ra,70,2026-12-01,\n"
)


@pytest.mark.parametrize(("options", "message"), [
    ("--steps", "--steps is for a dataset; give --to nonmem, or leave it out"),
    ("--key k.csv", "--key 'k.csv' is for a dataset; give --to nonmem"),
    ("--to xml", "--to 'xml' is not a format for cohorts (allowed: csv, ndjson, parquet, nonmem, fhir)"),
    ("--from nonmem", "--from 'nonmem' is not a format for cohorts (allowed: csv, ndjson, parquet)"),
    ("-o x.nonmem.csv --to csv", "--to 'csv' does not match the file name, 'x.nonmem.csv' (allowed: nonmem)"),
    ("-o x.csv --to nonmem", "--to 'nonmem' does not match the file name, 'x.csv' (allowed: csv)"),
])  # set in rows # fmt: skip
def test_an_option_of_a_dataset_is_for_a_dataset(options, message, capfd):
    cohort("7")
    assert message in refused(f"batch c.csv {options}", capfd)
