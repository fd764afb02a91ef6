"""Cohorts in files: good rows come through, bad rows are set aside with column and reason, and files are whole."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import functools
import gzip
import io
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from infusecalc.cli import run
from infusecalc.cohort.header import ORDER
from infusecalc.output.records import COLUMNS, records
from infusecalc.patient import Patient
from support import cases, course

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

BAD_ROWS = cases("cohort_rows", "given expect")
GOOD = {
    "patient_id": "17", "drug": "infliximab", "indication": "crohns", "weight_kg": "70", "height_cm": "175",
    "bsa_m2": "", "age_years": "34", "start": "2026-12-01", "label": "us", "variant": "", "product": "",
}  # set in rows # fmt: skip


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(number: str = "17", **options: Any) -> list[dict[str, str]]:
    """The rows that `schedule` gives for the good patient."""
    patient = Patient.of("70", height="175", age="34", id=number)
    rows = records(course("infliximab/crohns", patient, **options))
    return [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]


def texts(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """CSV has `false` where a record has False."""
    return [row | {"optional": row["optional"].capitalize()} for row in rows]


# --- what comes through -----------------------------------------------------------------------------------------


def test_a_row_of_a_cohort_gives_what_the_single_patient_gets(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv")]) == 0
    assert texts(read(tmp_path / "out.csv")) == expected()


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_set_aside_and_its_neighbours_come_through(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [GOOD | {"patient_id": "1"}, GOOD | case["given"], GOOD | {"patient_id": "3"}]
    source, out, bad = write(tmp_path / "in.csv", rows), tmp_path / "out.csv", tmp_path / "bad.csv"
    assert run(["batch", str(source), "-o", str(out), "--rejects", str(bad), "--quiet"]) == 4
    assert texts(read(out)) == expected("1") + expected("3")
    [found] = read(bad)
    assert (found["row"], found["column"], found["code"]) == ("2", case["expect"]["column"], case["expect"]["code"])
    assert case["expect"]["reason"] in found["reason"]
    own = {name: found[name].removeprefix("'") for name in GOOD}
    assert own == rows[1]
    assert capsys.readouterr() == ("", "")


def test_one_bad_row_in_a_hundred_of_every_kind_leaves_all_good_ones_right(tmp_path: Path) -> None:
    kinds = [case.values[0] for case in BAD_ROWS]
    lines, wanted = [",".join(GOOD).encode()], []
    broken = {
        b"x,infliximab": ("", "ragged"),
        b"x,infliximab,crohns,70,175,,34,2026-12-01,us,,,one,more": ("", "ragged"),
        b'"x,infliximab,crohns,70,175,,34,2026-12-01,us,,': ("", "ragged"),
        b"x\xff,infliximab,crohns,70,175,,34,2026-12-01,us,,": ("patient_id", "not-utf8"),
        b"x,infliximab,crohns," + b"7" * 10_000_000 + b",175,,34,2026-12-01,us,,": ("weight_kg", "too-long"),
    }
    bad = [(case["expect"]["column"], case["expect"]["code"], GOOD | case["given"]) for case in kinds]
    for number in range(100 * (len(bad) + len(broken))):
        row = GOOD | {"patient_id": str(number)}
        turn, last = divmod(number, 100)
        if last == 50 and turn < len(bad):
            column, code, row = bad[turn]
            wanted.append((str(number + 1), column, code))
        if last == 50 and turn >= len(bad):
            line, found = list(broken.items())[turn - len(bad)]
            lines.append(line)
            wanted.append((str(number + 1), *found))
            continue
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(row.values())
        lines.append(out.getvalue().encode())
    (tmp_path / "in.csv").write_bytes(b"\n".join(lines) + b"\n")
    line = ["batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "bad.csv")]
    assert run([*line, "--quiet"]) == 4
    usual = csv.field_size_limit(2**31 - 1)
    listed = [(row["row"], row["column"], row["code"]) for row in read(tmp_path / "bad.csv")]
    csv.field_size_limit(usual)
    assert listed == wanted
    one = [{key: value for key, value in row.items() if key != "patient_id"} for row in expected()]
    places = {int(row) - 1 for row, _, _ in wanted}
    good = [str(number) for number in range(len(lines) - 1) if number not in places]
    found = texts(read(tmp_path / "out.csv"))
    assert [row.pop("patient_id") for row in found] == [each for each in good for _ in one]
    assert found == one * len(good)


def test_without_a_file_for_them_bad_rows_are_told_without_their_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.csv", [GOOD, GOOD | {"weight_kg": "71canary"}, GOOD | {"drug": "canarymab"}])
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv")]) == 4
    said = capsys.readouterr().err
    assert "row 2 (line 3 of the file), column weight_kg: unreadable: " in said
    assert "row 3 (line 4 of the file), column drug: unknown: " in said
    assert "canary" not in said
    assert "1 row planned, 8 infusions, 2 rows rejected" in said


def test_a_strict_run_stops_at_the_first_bad_row_and_writes_nothing(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    source, out, bad = (
        write(tmp_path / "in.csv", [GOOD, GOOD | {"weight_kg": ""}]),
        tmp_path / "o.csv",
        tmp_path / "b.csv",
    )
    assert run(["batch", str(source), "-o", str(out), "--rejects", str(bad), "--strict"]) == 2
    assert run(["batch", str(source), "-o", "-", "--to", "csv", "--strict"]) == 2
    said = capsysbinary.readouterr()
    assert said.out == b""
    assert said.err.count(b"row 2 (line 3 of the file), column weight_kg cannot be used: weight is missing") == 2
    assert list(tmp_path.iterdir()) == [source]


def test_a_cohort_without_a_good_row_gives_a_header_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.csv", [GOOD | {"weight_kg": ""}])
    run(["batch", str(source), "-o", str(tmp_path / "out.csv")])
    assert capsys.readouterr().err.endswith("0 rows planned, 0 infusions, 1 row rejected\n")
    assert (
        run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", "--rejects", str(tmp_path / "b.csv")])
        == 4
    )
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"
    for form in ("ndjson", "parquet"):
        assert run(["batch", str(source), "-o", str(tmp_path / f"out.{form}"), "--quiet"]) == 4
    assert (tmp_path / "out.ndjson").read_bytes() == b""
    assert pl.read_parquet(tmp_path / "out.parquet").columns == list(COLUMNS)


def test_a_finding_that_blocks_ends_with_3_and_a_rejected_row_goes_before_that(tmp_path: Path) -> None:
    blocked = GOOD | {"age_years": "3"}
    source = write(tmp_path / "in.csv", [blocked])
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet"]) == 3
    reason = "age-outside-regimen=agreed with the family"
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", "--accept", reason]) == 0
    assert {row["accepted"] for row in read(tmp_path / "out.csv")} == {reason}
    source = write(tmp_path / "in.csv", [GOOD, blocked])  # the good row has no such block, and needs none
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", "--accept", reason]) == 0
    assert [row["accepted"] for row in read(tmp_path / "out.csv")] == [""] * 8 + [reason] * 8
    source = write(tmp_path / "in.csv", [blocked, GOOD | {"drug": ""}])
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet"]) == 4


# --- empty cells --------------------------------------------------------------------------------------------------

FOR_ALL = ["--drug=infliximab", "--indication=crohns", "--weight=70kg", "--start=2026-12-01", "--doses=1"]


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0", "\u3000 "])
def test_a_blank_cell_that_may_be_empty_is_an_empty_one(blank: str, tmp_path: Path) -> None:
    optional = ("patient_id", "height_cm", "bsa_m2", "age_years", "label", "variant", "product")
    rows = [GOOD | dict.fromkeys(optional, cell) for cell in ("", blank)]
    source = write(tmp_path / "in.csv", rows)
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet"]) == 0
    found = read(tmp_path / "out.csv")
    assert found[:8] == found[8:]
    assert found[0]["patient_id"] == ""


@pytest.mark.parametrize("options", [[], ["--weight", "70kg"], FOR_ALL], ids=["none", "weight", "all"])
@pytest.mark.parametrize(
    "line",
    [",,,,", ",", ",,,,,,,", " , ,\t,\u00a0,", '"","","","",""', '" ",,,,"\t"', '"",,', '"\n",,,,'],
)
def test_a_row_of_empty_cells_is_no_patient(line: str, options: list[str], tmp_path: Path) -> None:
    header = ",,,,\npatient_id,drug,indication,weight_kg,start\n"
    rows = [f"{name},infliximab,crohns,{weight},2026-12-01\n" for name, weight in (("a", 70), ("b", -1), ("c", 71))]
    (tmp_path / "in.csv").write_text(header + f"{line}\n".join(["", *rows, ""]), encoding="utf-8")
    line_ = ["batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--quiet", *options]
    assert run([*line_, "--rejects", str(tmp_path / "bad.csv")]) == 4
    assert [row["patient_id"] for row in read(tmp_path / "out.csv") if row["number"] == "1"] == ["a", "c"]
    assert [(row["row"], row["column"]) for row in read(tmp_path / "bad.csv")] == [("4", "weight_kg")]


def test_a_row_of_empty_cells_is_no_patient_in_any_form(tmp_path: Path) -> None:
    rows = [{"patient_id": "a", "weight_kg": "70"}, {"patient_id": None, "weight_kg": ""}, {}, {"patient_id": " "}]
    lines = "".join(f"{json.dumps(row)}\n" for row in [*rows, {"patient_id": "b"}])
    (tmp_path / "in.ndjson").write_text(lines, encoding="utf-8")
    typed = pl.DataFrame({"patient_id": ["a", None, " ", "b"], "weight_kg": [70.0, None, None, None]})
    typed.write_parquet(tmp_path / "in.parquet")
    for name in ("in.ndjson", "in.parquet"):
        assert run(["batch", str(tmp_path / name), "-o", str(tmp_path / "out.csv"), "--quiet", *FOR_ALL]) == 0
        assert [row["patient_id"] for row in read(tmp_path / "out.csv")] == ["a", "b"]


def test_a_row_in_which_an_extra_cell_says_something_is_a_patient(tmp_path: Path) -> None:
    kept = {"ward": ["5 East", None, " ", None, None], "bed": [None, 7, None, None, None]}
    pl.DataFrame({"patient_id": [None] * 4 + ["x"]} | kept).write_parquet(tmp_path / "in.parquet")
    line = ["batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.csv"), "--quiet", "--keep-extra"]
    assert run([*line, *FOR_ALL]) == 0
    found = [(row["patient_id"], row["ward"], row["bed"]) for row in read(tmp_path / "out.csv")]
    assert found == [("", "5 East", ""), ("", "", "7"), ("x", "", "")]


def test_a_block_about_a_phase_without_infusions_ends_with_3(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD | {"drug": "rituximab", "indication": "gpa"}])
    early = ["batch", str(source), "-o", str(tmp_path / "out.csv"), "--doses", "4", "--maintenance-start", "15w"]
    assert run([*early, "--quiet"]) == 3
    assert all(row["findings"].startswith("start-outside-window;") for row in read(tmp_path / "out.csv"))
    assert run([*early, "--quiet", "--accept", "start-outside-window=relapse"]) == 0
    assert {row["accepted"] for row in read(tmp_path / "out.csv")} == {"start-outside-window=relapse"}


def test_a_bag_that_is_too_small_is_accepted_in_no_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    small = ["batch", str(source), "-o", str(tmp_path / "out.csv"), "--bag", "34", "--accept", "concentration-high=x"]
    assert run([*small, "--accept", "bag-too-small=y"]) == 2
    said = "what does not fit in the bag cannot be made up; give a larger bag, with --bag"
    assert capsys.readouterr().err == f"infusecalc: --accept 'bag-too-small' cannot be accepted: {said}\n"
    assert list(tmp_path.iterdir()) == [source]
    assert run(small) == 3
    said = capsys.readouterr().err
    assert "bag-too-small 8, concentration-high 8" in said
    # the accepted one blocks no longer
    assert said.endswith(
        "BLOCKED, each finding with the number of infusions: bag-too-small 8; bag-too-small cannot be accepted\n"
    )


def test_what_blocks_is_said_at_the_end_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = GOOD | {"age_years": "3"}
    source, out = write(tmp_path / "in.csv", [GOOD, blocked, blocked]), tmp_path / "out.csv"
    said = "infusecalc: BLOCKED, each finding with the number of infusions: "
    said += "age-outside-regimen 16; "  # 2 patients x 8 infusions
    said += "if the prescriber decides to go on with a patient, write CODE=REASON into the column accept of that row; "
    said += "--accept CODE=REASON accepts it for all rows that have it"
    assert run(["batch", str(source), "-o", str(out)]) == 3
    assert capsys.readouterr().err.splitlines()[-1] == said
    given = tmp_path / "given.csv"  # with a history, patients are planned one by one
    given.write_text("patient_id,date,dose_mg\n", encoding="utf-8")
    assert run(["batch", str(source), "-o", str(out), "--given", str(given)]) == 3
    assert capsys.readouterr().err.splitlines()[-1] == said
    for beside in ([], ["--given", str(given)]):
        line = ["batch", str(source), "-o", str(out), *beside, "--accept", "age-outside-regimen=agreed"]
        assert run([*line, "--has", "tb", "--accept", "contraindicated:tb=letter"]) == 0
        said = capsys.readouterr().err.splitlines()
        assert not any("BLOCKED" in each for each in said)
        agreed = (
            "contraindicated:active-tb 24, age-outside-regimen 16"  # 3 patients x 8; reasons are in the result alone
        )
        assert said[-1] == f"infusecalc: accepted blocks, each with the number of infusions: {agreed}"


# --- forms --------------------------------------------------------------------------------------------------------


def test_all_forms_in_and_out_agree(tmp_path: Path) -> None:
    rows = [GOOD, GOOD | {"patient_id": "=18", "drug": "rituximab", "indication": "gpa", "weight_kg": "70.255"}]
    source = write(tmp_path / "in.csv", rows)
    frame = pl.DataFrame(rows).with_columns(pl.all().replace("", None))
    frame.write_ndjson(tmp_path / "texts.ndjson")
    numbers = ("weight_kg", "height_cm", "age_years")
    typed = frame.with_columns(pl.col(numbers).cast(pl.Float64), pl.col("start").str.to_date())
    typed.with_columns(pl.col("start").cast(pl.String)).write_ndjson(tmp_path / "numbers.ndjson")
    typed.write_parquet(tmp_path / "in.parquet")
    frame.write_parquet(tmp_path / "texts.parquet")
    with gzip.open(tmp_path / "in.csv.gz", "wb") as file:
        file.write(source.read_bytes())
    written = {}
    one, other = ("csv", "parquet"), ("ndjson", "csv.gz")  # each kind of cell, text and number, in every form
    for name, forms in (
        ("in.csv", one + other), ("in.csv.gz", one), ("texts.ndjson", other), ("texts.parquet", one),
        ("numbers.ndjson", one), ("in.parquet", other),
    ):  # set in rows # fmt: skip
        for form in forms:
            out = tmp_path / f"{name}.out.{form}"
            assert run(["batch", str(tmp_path / name), "-o", str(out), "--quiet"]) == 0
            written.setdefault(form, set()).add(out.read_bytes())
    assert {form: len(found) for form, found in written.items()} == {"csv": 1, "ndjson": 1, "parquet": 1, "csv.gz": 1}
    parquet = pl.read_parquet(io.BytesIO(*written["parquet"]))
    assert parquet["patient_id"].unique().sort().to_list() == ["17", "=18"]
    lines = [json.loads(line) for line in b"".join(written["ndjson"]).splitlines()]
    assert lines == [row | {"date": str(row["date"])} for row in parquet.iter_rows(named=True)]
    assert gzip.decompress(*written["csv.gz"]) == b"".join(written["csv"])
    as_csv = list(csv.DictReader(io.StringIO(b"".join(written["csv"]).decode())))
    plain = [{key: "" if value is None else str(value) for key, value in line.items()} for line in lines]
    unquoted = [row | {"patient_id": row["patient_id"].removeprefix("'")} for row in texts(as_csv)]
    assert unquoted == plain
    assert {row["patient_id"] for row in as_csv} == {"17", "'=18"}  # a spreadsheet takes no id for a formula


def test_whole_numbers_are_written_without_a_decimal(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    assert run(["batch", str(source), "-o", str(tmp_path / "out.ndjson"), "--quiet"]) == 0
    first = (tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()[0]
    assert '"weight_kg": 70, "bsa_m2": 1.84, "dose_basis": "5 mg/kg", "exact_dose_mg": 350, ' in first


def test_standard_input_and_output_take_a_named_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    for form in ("csv", "ndjson", "parquet"):
        assert run(["batch", str(source), "-o", str(tmp_path / f"out.{form}"), "--quiet"]) == 0
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
        assert run(["batch", "-", "--from", "csv", "-o", "-", "--to", form, "--quiet"]) == 0
        assert capsysbinary.readouterr().out == (tmp_path / f"out.{form}").read_bytes()
    pl.read_csv(source, infer_schema=False).write_parquet(tmp_path / "in.parquet")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "in.parquet").read_bytes())))
    assert run(["batch", "-", "--from", "parquet", "-o", "-", "--to", "csv", "--quiet"]) == 0
    assert capsysbinary.readouterr().out == (tmp_path / "out.csv").read_bytes()


def test_an_id_comes_out_as_it_went_in_and_begins_with_a_quote_for_spreadsheets_alone(tmp_path: Path) -> None:
    good = {"drug": "infliximab", "indication": "crohns", "weight_kg": 70, "start": "2026-12-01"}
    given = ("-7", "7.0", "8.0", "NaN", '"7.0"', '"NaN"', '"-7"', '"=1"', "-7.5", "1e3", "null", '""')
    wanted = ["-7", "7", "8", None, "7.0", "NaN", "-7", "=1", "-7.5", "1e3", None, None]
    lines = (f'{{"patient_id": {each}, {json.dumps(good)[1:]}\n' for each in given)
    (tmp_path / "in.ndjson").write_text("".join(lines), encoding="utf-8")
    for form in ("csv", "ndjson", "parquet"):
        line = ["batch", str(tmp_path / "in.ndjson"), "-o", str(tmp_path / f"out.{form}"), "--quiet", "--doses", "1"]
        assert run(line) == 0
    assert pl.read_parquet(tmp_path / "out.parquet")["patient_id"].to_list() == wanted
    listed = (tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(each)["patient_id"] for each in listed] == wanted
    quoted = {"-7": "'-7", "=1": "'=1", "-7.5": "'-7.5", None: ""}
    assert [row["patient_id"] for row in read(tmp_path / "out.csv")] == [quoted.get(each, each) for each in wanted]


def test_numbers_that_json_has_no_text_for_are_null_and_whole_ones_have_no_decimals(tmp_path: Path) -> None:
    numbers = pl.Series([70.0, 70.5, float("nan"), float("inf"), None])
    kept = {"a": numbers, "b": pl.Series([-1, 2, 3, None, 5]), "a32": numbers.cast(pl.Float32)}
    frame = pl.DataFrame([GOOD] * 5).with_columns(pl.all().replace("", None)).with_columns(**kept)
    frame.write_parquet(tmp_path / "in.parquet")
    line = ["batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.ndjson"), "--quiet", "--doses", "1"]
    assert run([*line, "--keep-extra"]) == 0
    lines = (tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()
    tails = [each.partition('"chair_min": 120, ')[2] for each in lines]
    assert tails == [
        f'"a": {a}, "b": {b}, "a32": {a}}}'
        for a, b in (("70", "-1"), ("70.5", "2"), ("null", "3"), ("null", "null"), ("null", "5"))
    ]


def test_without_a_name_the_result_goes_to_standard_output_in_the_form_of_the_cohort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    frame = pl.DataFrame([GOOD]).with_columns(pl.all().replace("", None))
    frame.write_csv(tmp_path / "in.csv")
    frame.write_ndjson(tmp_path / "in.ndjson")
    frame.write_parquet(tmp_path / "in.parquet")
    for form in ("csv", "ndjson", "parquet"):
        source, out = tmp_path / f"in.{form}", tmp_path / f"out.{form}"
        assert run(["batch", str(source), "-o", str(out), "--quiet"]) == 0
        for name, more in ((str(source), []), ("-", []), ("-", ["-o", "-"])):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
            assert run(["batch", name, "--quiet", *more]) == 0
            assert capsysbinary.readouterr().out == out.read_bytes()
    assert run(["batch", str(tmp_path / "in.parquet"), "--to", "ndjson", "--quiet"]) == 0
    assert capsysbinary.readouterr().out == (tmp_path / "out.ndjson").read_bytes()


def test_a_terminal_gets_text_and_no_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    pl.DataFrame([GOOD]).with_columns(pl.all().replace("", None)).write_parquet(tmp_path / "in.parquet")
    seen, told = io.BytesIO(), Screen(io.BytesIO())
    monkeypatch.setattr(sys, "stderr", told)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Screen(seen))
        assert run(["batch", str(tmp_path / "in.parquet")]) == 0
        assert seen.getvalue().startswith(b"patient_id,drug,")
        told.flush()
        assert b"rows/s" not in told.buffer.getvalue()  # no bar among the rows
        assert run(["batch", str(tmp_path / "in.parquet"), "--to", "parquet"]) == 2
        told.flush()
        said = b"--to 'parquet' cannot be shown on a terminal; write to a file with -o, or to a pipe\n"
        assert told.buffer.getvalue().endswith(said)
    assert capsys.readouterr().out == ""


# --- options ------------------------------------------------------------------------------------------------------


def test_options_hold_for_the_rows_that_say_nothing(tmp_path: Path) -> None:
    rows = [
        {"patient_id": "17", "weight_kg": "", "start": "", "label": "", "height_cm": "", "bsa_m2": ""},
        {"patient_id": "18", "weight_kg": "80", "start": "2027-01-01", "label": "eu", "height_cm": "", "bsa_m2": "2.1"},
    ]
    source = write(tmp_path / "in.csv", rows)
    options = "--drug infliximab --indication crohns --weight 154lb --height 175 --age 34 --start 2026-12-01 --label us"
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", *options.split()]) == 0
    found = read(tmp_path / "out.csv")
    first = [(row["weight_kg"], row["bsa_m2"], row["label"], row["date"]) for row in found if row["number"] == "1"]
    assert first == [("69.85", "1.84", "us", "2026-12-01"), ("80", "2.1", "eu", "2027-01-01")]


def test_a_plan_may_begin_with_maintenance_in_a_file_of_any_name(tmp_path: Path) -> None:
    source = write(tmp_path / "cohort.txt", [GOOD])
    line = ["batch", str(source), "--from", "csv", "--from", "maintenance", "-o", str(tmp_path / "out.csv"), "--quiet"]
    assert run(line) == 0
    assert {row["phase"] for row in read(tmp_path / "out.csv")} == {"maintenance"}


def test_pounds_are_read_from_a_column_of_their_own(tmp_path: Path) -> None:
    rows = [
        {key: value for key, value in GOOD.items() if key != "weight_kg"} | {"weight_lb": pounds}
        for pounds in ("154", "154.32")
    ]
    source = write(tmp_path / "in.csv", rows)
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", "--doses", "1"]) == 0
    # 154 x 0.45359237 = 69.853; 154.32 x 0.45359237 = 69.998
    assert [row["weight_kg"] for row in read(tmp_path / "out.csv")] == ["69.85", "70"]
    odd = [row | {"weight_lb": "154 lb"} for row in rows[:1]] + [row | {"weight_lb": "154.00001"} for row in rows[:1]]
    assert (
        run(["batch", str(write(tmp_path / "in.csv", odd)), "-o", str(tmp_path / "out.csv"), "--quiet", "--doses", "1"])
        == 0
    )
    assert [row["weight_kg"] for row in read(tmp_path / "out.csv")] == ["69.85", "69.85"]
    both = write(tmp_path / "in.csv", [GOOD | {"weight_lb": "154"}])
    assert (
        run(["batch", str(both), "-o", str(tmp_path / "o.csv"), "--quiet", "--rejects", str(tmp_path / "b.csv")]) == 4
    )
    assert [row["code"] for row in read(tmp_path / "b.csv")] == ["conflict"]


def test_clinic_days_and_prices_add_their_columns(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    options = ["--days", "mon-fri", "--holidays", "US", "--tolerance", "3d", "--price", "100mg=10.05"]
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", *options]) == 0
    found = texts(read(tmp_path / "out.csv"))
    assert found == expected(days="mon-fri", holidays="US", tolerance="3d", price="100mg=10.05")
    assert list(found[0])[-4:] == ["planned_date", "moved_days", "cost", "waste_cost"]


def test_extra_columns_are_refused_unless_they_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write(tmp_path / "in.csv", [{"ward": '=5 East, "A"\nB'} | GOOD]), tmp_path / "out.csv"
    assert run(["batch", str(source), "-o", str(out), "--quiet"]) == 2
    assert "column 'ward' is not known" in capsys.readouterr().err
    assert run(["batch", str(source), "-o", str(out), "--quiet", "--keep-extra"]) == 0
    assert {row["ward"] for row in read(out)} == {'=5 East, "A"\nB'}
    assert list(read(out)[0]) == [*COLUMNS, "ward"]
    pl.read_csv(source, infer_schema=False).with_columns(ward=pl.lit(2.5)).write_parquet(tmp_path / "in.parquet")
    assert (
        run(["batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "o.parquet"), "--quiet", "--keep-extra"]) == 0
    )
    assert pl.read_parquet(tmp_path / "o.parquet")["ward"].to_list() == [2.5] * 8


def test_extra_times_are_kept_in_every_form_also_beyond_any_calendar(tmp_path: Path) -> None:
    good = pl.DataFrame([GOOD, GOOD | {"weight_kg": "-1"}]).with_columns(pl.all().replace("", None))
    kinds = {
        "seen": pl.Series([20_788, 2**31 - 1], dtype=pl.Int32).cast(pl.Date),  # 2026-12-01
        "ever": pl.Series([2**63 - 1, -(2**63)], dtype=pl.Int64).cast(pl.Datetime("us")),  # as DuckDB has infinity
        "last": pl.Series([dt.date(9999, 12, 31), dt.date(1, 1, 1)]).cast(pl.Datetime("us")),
        "fine": pl.Series([1, None], dtype=pl.Int64).cast(pl.Datetime("ns")),
        "clock": pl.Series([dt.time(9, 30, 0, 5), None]),
    }
    good.with_columns(**kinds).write_parquet(tmp_path / "in.parquet")
    wanted = {
        "seen": "2026-12-01", "ever": str(2**63 - 1), "last": "9999-12-31T00:00:00.000000",
        "fine": "1970-01-01T00:00:00.000000001", "clock": "09:30:00.000005",
    }  # set in rows # fmt: skip
    bad = {"seen": str(2**31 - 1), "ever": str(-(2**63)), "last": "0001-01-01T00:00:00.000000", "fine": "", "clock": ""}
    line = ["batch", str(tmp_path / "in.parquet"), "--quiet", "--keep-extra", "--rejects", str(tmp_path / "bad.csv")]
    for form in ("csv", "ndjson", "parquet"):
        assert run([*line, "-o", str(tmp_path / f"out.{form}")]) == 4
        [row] = read(tmp_path / "bad.csv")
        assert {name: row[name] for name in kinds} == bad
    texts_ = read(tmp_path / "out.csv")[0]
    assert {name: texts_[name] for name in kinds} == wanted
    values = json.loads((tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()[0])
    assert {name: values[name] for name in kinds} == wanted
    frame = pl.read_parquet(tmp_path / "out.parquet").select(list(kinds))
    assert_frame_equal(frame.head(1), pl.DataFrame(kinds).head(1))


def test_an_extra_column_with_the_name_of_a_result_cannot_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dose_mg", "reason", "*", "^d.*$"):
        source = write(tmp_path / "in.csv", [GOOD | {name: "1"}])
        assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--keep-extra"]) == 2
        assert "cannot be kept: the result has a column of that name, or it is a pattern" in capsys.readouterr().err


def test_the_sums_are_said_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [GOOD, GOOD | {"drug": "rituximab", "indication": "pv", "label": "eu", "age_years": "50"}]
    source = write(tmp_path / "in.csv", rows)
    line = [
        "batch",
        str(source),
        "-o",
        str(tmp_path / "out.csv"),
        "--for",
        "2y",
        "--price",
        "100mg=1",
        "--price",
        "500mg=2",
    ]
    run(line)
    said = capsys.readouterr().err.splitlines()
    # infliximab: 15 x 350 mg = 5,250 mg, each 4 x 100 mg with 50 mg of waste; rituximab: 2 x 1,000 mg and 2 x 500 mg,
    # and a fifth if needed; cost 60 x 1 + 6 x 2
    assert said[0].endswith("2 rows planned, 20 infusions (1 as needed, left out of the totals), 0 rows rejected")
    assert said[1] == "infusecalc: MabThera: 6 x 500 mg; total dose 3,000 mg, total waste 0 mg"
    assert said[2] == "infusecalc: Remicade: 60 x 100 mg; total dose 5,250 mg, total waste 750 mg"
    assert said[3].endswith("cost of the vials: 72")
    assert said[4].startswith("infusecalc: findings, each with the number of infusions that carry it: ")


@pytest.mark.parametrize("history", [False, True], ids=["by columns", "one by one"])
def test_the_sums_of_a_product_say_what_of_them_blocks_and_leave_out_what_is_given_as_needed(
    history: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        GOOD | {"has": "tb", "patient_id": "b"},
        GOOD | {"has": "", "patient_id": "a"},
        GOOD | {"has": "tb", "patient_id": "c", "indication": "ici-colitis"},
    ]
    for row in rows:
        row.update({} if history else {"has": ""}, age_years="3" if row["has"] else "34")
    given = tmp_path / "given.csv"
    given.write_text("patient_id,date,dose_mg\n", encoding="utf-8")
    beside = ["--given", str(given)] if history else []
    run(["batch", str(write(tmp_path / "in.csv", rows)), "-o", str(tmp_path / "out.csv"), "--doses", "2", *beside])
    # 350 mg from 4 x 100 mg: two of b, two of a, and one of c, whose second is as needed; b blocks by
    # its age, and b and c by their condition
    blocked = "3 infusions, 1,050 mg" if history else "2 infusions, 700 mg"
    wanted = f"Remicade: 20 x 100 mg; total dose 1,750 mg, total waste 250 mg; BLOCKED among these: {blocked}\n"
    assert wanted in capsys.readouterr().err
    assert (
        run(["batch", str(write(tmp_path / "in.csv", rows[:1])), "-o", "-", "--to", "csv", "--doses", "1", *beside])
        == 3
    )
    assert "BLOCKED among these: 1 infusion, 350 mg\n" in capsys.readouterr().err


def test_the_sums_of_a_product_leave_out_what_was_given_as_the_totals_to_order_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, order = tmp_path / "given.csv", tmp_path / "order.csv"
    given.write_text("patient_id,date,dose_mg\na,2026-12-01,350\nb,2026-12-01,\n", encoding="utf-8")
    rows = [GOOD | {"patient_id": "a"}, GOOD | {"patient_id": "b", "indication": "ici-colitis"}]
    line = ["batch", str(write(tmp_path / "in.csv", rows)), "-o", str(tmp_path / "out.csv"), "--doses", "3"]
    assert run([*line, "--given", str(given), "--totals", str(order)]) == 0
    said = capsys.readouterr().err.splitlines()
    # a: 3 x 350 mg, the first of them given; b: one given, the second as needed
    left = "(2 already given and 1 as needed, left out of the totals)"
    assert said[:3] == [
        f"infusecalc: 2 rows planned, 5 infusions {left}, 0 rows rejected",
        "infusecalc: infusions not entered in --given count as to be given, past dates too: agenda has what is overdue",
        "infusecalc: Remicade: 8 x 100 mg; total dose 700 mg, total waste 100 mg",
    ]
    assert "8x100" in order.read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize("name", ["out.csv", "out.nonmem.csv", "out.fhir.ndjson"])
def test_a_cohort_in_which_no_row_has_a_condition_says_that_contraindications_were_not_checked(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = "conditions: none entered in any row (column has, --has), so contraindications were not checked"

    def said(cells: list[str], *more: str) -> str:
        rows = [GOOD | {"patient_id": f"{place}", "has": has} for place, has in enumerate(cells, 1)]
        run(["batch", str(write(tmp_path / "in.csv", rows)), "-o", str(tmp_path / name), "--doses", "1", *more])
        return capsys.readouterr().err

    assert f"infusecalc: {none}\n" in said(["", ""])
    assert none not in said(["", "pregnancy"])
    assert none not in said(["", ""], "--has", "pregnancy")
    assert none in said(["no-such-condition", ""]), "a rejected row is no row with a condition"
    assert none not in said(["", ""], "--quiet")
    assert none not in said(["no-such-condition"]), "nothing was planned"


@pytest.mark.parametrize("has", ["", "pregnancy"], ids=["by columns", "one by one"])
def test_rows_without_a_line_of_what_was_given_are_counted(
    has: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given.csv"
    given.write_text("patient_id,date,dose_mg\na,2026-12-01,350\n", encoding="utf-8")

    def said(ids: str, *more: str) -> list[str]:
        rows = [GOOD | {"patient_id": id_, "has": has} for id_ in ids]
        run(["batch", str(write(tmp_path / "in.csv", rows)), "-o", str(tmp_path / "out.csv"), "--doses", "2", *more])
        return [line for line in capsys.readouterr().err.splitlines() if "without a line" in line]

    told = "without a line in --given: all their infusions count as to be given"
    assert said("a", "--given", str(given)) == []
    assert said("ab", "--given", str(given)) == [f"infusecalc: 1 row {told}"]
    assert said("abc", "--given", str(given)) == [f"infusecalc: 2 rows {told}"]
    assert said("abc") == [], "nothing says that it knows what was given"


@pytest.mark.parametrize("name", ["out.csv", "out.nonmem.csv"])
def test_a_closed_day_in_a_cohort_is_accepted_in_its_row_or_for_all_rows(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.csv", [GOOD])  # it begins on a Tuesday
    assert run(["batch", str(source), "-o", str(tmp_path / name), "--days", "wed-fri"]) == 3
    how = "give a tolerance or other days; to keep the dates of a patient, write CODE=REASON into the column accept "
    which = "; to see which rows, write CSV: column blocks" if "nonmem" in name else ""
    how += f"of that row; --accept CODE=REASON accepts it for all rows that have it{which}\n"
    assert capsys.readouterr().err.endswith(how)


@pytest.mark.parametrize("ordered", ["", "10w"], ids=["by columns", "one by one"])
def test_a_code_to_accept_that_no_finding_has_is_refused_and_one_that_no_row_meets_is_told(
    ordered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.csv", [GOOD | {"every": ordered}])
    line = ["batch", str(source), "-o", str(tmp_path / "out.csv")]
    assert run([*line, "--accept", "contraindicatd=letter"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("infusecalc: --accept 'contraindicatd' is not known (allowed: age-outside-regimen, ")
    assert said.endswith("; nearest: contraindicated\n")
    assert "bag-too-small" not in said, "it cannot be accepted"
    # `tb` is read as active; the same reason does not make the others met
    asked = ["contraindicated:tb=letter", "contraindicated:pregnancy=letter", "dose-above-label=letter", "evaluate=x"]
    assert run([*line, *(word for each in asked for word in ("--accept", each)), "--has", "tb"]) == 0
    told = [each for each in capsys.readouterr().err.splitlines() if "met no" in each]
    unmet = ("contraindicated:pregnancy", "dose-above-label", "evaluate")
    assert told == [f"infusecalc: --accept {each} met no blocking finding in any row" for each in unmet]
    assert run([*line, "--accept", "contraindicated=letter", "--has", "tb"]) == 0
    assert "met no" not in capsys.readouterr().err


def test_a_missing_price_rejects_nobody_and_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [GOOD, GOOD | {"drug": "rituximab", "indication": "ra", "age_years": "50"}]
    source, out = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    assert run(["batch", str(source), "-o", str(out), "--doses", "2", "--price", "Remicade:100mg=1.5"]) == 0
    found = pl.read_csv(out)
    # infliximab: 350 mg are 4 x 100 mg with 50 mg of waste; rituximab has no price
    assert found["cost"].to_list() == [6, 6, None, None]
    assert found["waste_cost"].to_list() == [0.75, 0.75, None, None]
    assert found["findings"].str.contains("price-missing").to_list() == [False, False, True, True]
    said = capsys.readouterr().err
    assert "2 rows planned, 4 infusions, 0 rows rejected" in said
    assert "cost of the vials: 12, without 2 infusions that lack a price\n" in said
    assert run(["batch", str(source), "-o", str(out), "--doses", "1", "--price", "Remicade:100mg=1.5"]) == 0
    assert "cost of the vials: 6, without 1 infusion that lacks a price\n" in capsys.readouterr().err
    assert run(["batch", str(source), "-o", str(out), "--doses", "1", "--price", "MabThera:100mg=1.5"]) == 0
    assert "cost of the vials: 0, without 2 infusions that lack a price\n" in capsys.readouterr().err


def test_a_price_of_what_is_no_product_is_refused_for_the_cohort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = write(tmp_path / "in.csv", [GOOD]), tmp_path / "out.csv"
    assert run(["batch", str(source), "-o", str(out), "--price", "Remicad:100mg=1"]) == 2
    assert "--price product 'Remicad' is not known" in capsys.readouterr().err
    assert not out.exists()


# --- files that cannot be used ------------------------------------------------------------------------------------


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, *options: str) -> str:
    """What is said of a file that is refused; nothing is written."""
    source, out = tmp_path / name, tmp_path / "out.csv"
    source.write_bytes(content)
    assert run(["batch", str(source), "-o", str(out), "--rejects", str(tmp_path / "bad.csv"), *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [source]
    source.unlink()
    return said.err


def test_a_file_that_is_wrong_as_a_whole_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = b"a,infliximab,crohns,70,2026-12-01\n"
    header = b"patient_id,drug,indication,weight_kg,start\n"
    parquet = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(parquet)
    wrong = {
        ("in.csv", b""): "is empty",
        ("in.csv", line): "header has no known column (allowed: patient_id, ",
        ("in.csv", header.replace(b"start", b"drug") + line): "column 'drug' is there twice",
        ("in.csv", header.replace(b",start", b"") + b"a,infliximab,crohns,70\n"): "column 'start' is missing",
        (
            "in.csv",
            header.replace(b"weight_kg,", b"") + b"a,infliximab,crohns,2026-12-01\n",
        ): "column 'weight_kg' is missing",
        ("in.csv", b'{"drug": "infliximab"}\n'): "is JSON, not CSV",
        ("in.csv", parquet.getvalue()): "is Parquet",
        ("in.csv", gzip.compress(header + line)): "is compressed with gzip",
        ("in.csv", "drug".encode("utf-16")): "is in UTF-16",
        ("in.csv", b"PK\x03\x04"): "is a ZIP file or a spreadsheet",
        ("in.csv.gz", header + line): "is not compressed with gzip",
        ("in.csv.gz", gzip.compress((header + line) * 1000)[:-20]): "is damaged",
        ("in.ndjson", header + line): "has no JSON object",
        ("in.ndjson", b'{"drug": "infliximab"}\n'): "columns 'indication, start, weight_kg' are missing",
        ("in.parquet", header + line): "is not Parquet",
        ("in.parquet", parquet.getvalue()[:-9]): "is damaged",
        ("in.parquet", parquet.getvalue()): "header has no known column",
        ("in.csv", header.replace(b"\n", b",,\n")): "header has a column without a name; name each",
        ("in.csv", b"[\n{}\n"): "is JSON, not CSV; write each object on a line of its own, as jq -c '.[]' does",
        ("in.json", b'[{"drug": "infliximab"}]'): "is a JSON array (allowed: one object a line, {...}); write each",
        ("in.json", b'\n[\n  {"drug": "infliximab"}\n]'): "is a JSON array",
        ("in.ndjson", b'{\n  "drug": "infliximab"\n}\n'): "has a JSON object that runs over several lines",
        ("in.parquet", b"PARE" + parquet.getvalue()[4:]): "is encrypted Parquet; write it without encryption",
        ("in.csv", b"PARE"): "is encrypted Parquet",
        ("in.txt", header + line): "has no known extension",
    }
    for (name, content), problem in wrong.items():
        assert problem in refused(tmp_path, capsys, name, content), (name, content[:40])


def test_a_file_that_cannot_be_written_is_told_by_the_option_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(write(tmp_path / "in.csv", [GOOD]))
    for words, said in {
        ("-o", "x.csv", "--totals", "x.xlsx"): "--totals 'x.xlsx' has the extension .xlsx",
        ("-o", "x.csv", "--totals", "x.what"): "or give --totals-as",
        ("-o", "x.csv", "--totals", "x.csv", "--totals-as", "json"): "--totals-as 'json' does not match the file name",
        ("-o", "x.json"): "; a JSON array is not taken here: name the file .ndjson; or give --to csv",
        ("-o", "x.what"): "); give --to csv",
        ("-o", "x.csv", "--rejects", "r.json"): "name the file .ndjson; or give --rejects a name that ends so",
        ("-o", "x.csv", "--rejects", "csv"): "); give --rejects a name that ends so",
        ("-o", "x.csv", "--given", "given.txt"): "); give --given a name that ends so",
        ("-o", str(tmp_path / "none" / "x.csv")): "; the folder does not exist: make it first",
    }.items():
        assert run(["batch", source, *words]) == 2
        assert said in capsys.readouterr().err, words


@pytest.mark.parametrize("case", cases("cohort_headers", "given options refused"))
def test_a_header_is_taken_or_refused_with_what_was_meant(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text(",".join(case["given"]) + "\n", encoding="utf-8")
    line = ["batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--quiet", *case.get("options", [])]
    assert run(line) == (2 if "refused" in case else 0)
    said = capsys.readouterr().err
    assert case["refused"] in said if "refused" in case else said == ""
    assert "canary" not in said


# written by PyArrow: the column weight_kg, decimal256(39, 2), with the one row 70.00
DECIMAL_OF_39 = (
    b"c-jka3^EjD5Y-da(-CC?GT21fWEdD2m_V430ToC`h_XoPm@-JP6(?t;<|c|VF^KYsDv2^laF(ZLre~DIXQ!)jiL!|L>BN9YpcXMENf}8QH3k_`K1o"
    b"$J21z89qCiQp5U~(74o?}N#SB2xY&6*<)xdTGC79GW#6lP}6bcfH3QJQ<bdw7TbQ6n;^2-&<Qj3Z+^Yavp%=8TO3?*ei4xR<X0YJY10DeXyIs"
)


def test_decimals_that_are_too_long_are_told_and_others_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = zlib.decompress(base64.b85decode(DECIMAL_OF_39))
    said = refused(tmp_path, capsys, "in.parquet", content, *(each for each in FOR_ALL if "weight" not in each))
    problem = "column 'weight_kg' has decimals of 39 digits (allowed: up to 38 digits)"
    assert said == f"infusecalc: {problem}; write it with fewer digits, or as doubles\n"
    good = pl.DataFrame([GOOD]).with_columns(weight_kg=pl.Series(["70.00"]).cast(pl.Decimal(38, 2)))
    good.with_columns(pl.col("bsa_m2", "variant", "product").replace("", None)).write_parquet(tmp_path / "in.parquet")
    assert run(["batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.csv"), "--quiet"]) == 0
    assert texts(read(tmp_path / "out.csv")) == expected()


def test_a_column_of_another_type_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = pl.DataFrame([GOOD])
    kinds = {
        "weight_kg": pl.lit(value=True),
        "start": pl.lit(1.5),
        "drug": pl.lit(b"infliximab"),
        "patient_id": pl.concat_list(pl.lit(1)),
    }
    for column, value in kinds.items():
        content = io.BytesIO()
        good.with_columns(value.alias(column)).write_parquet(content)
        assert f"column '{column}' has the type " in refused(tmp_path, capsys, "in.parquet", content.getvalue())


def test_a_huge_number_rejects_its_row_alone(tmp_path: Path) -> None:
    nines = "9" * 19
    rows = [GOOD, *(GOOD | {column: nines} for column in ("weight_kg", "height_cm", "age_years")), GOOD]
    rows += [
        GOOD | {"height_cm": "", "bsa_m2": nines},
        GOOD | {"weight_kg": "9" * 14},
        GOOD | {"height_cm": nines + "ft"},
    ]
    for formula in ("mosteller", "dubois"):
        line = ["batch", str(write(tmp_path / "in.csv", rows)), "-o", str(tmp_path / "o.csv"), "--bsa-formula", formula]
        assert run([*line, "--quiet", "--rejects", str(tmp_path / "bad.csv")]) == 4
        assert {row["code"] for row in read(tmp_path / "bad.csv")} == {"out-of-range"}
        assert [row["row"] for row in read(tmp_path / "bad.csv")] == ["2", "3", "4", "6", "7", "8"]
        assert len(read(tmp_path / "o.csv")) == 16


def test_a_dose_of_more_than_a_kilogram_of_drug_is_not_counted_in_vials(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    line = ["batch", str(source), "-o", str(tmp_path / "o.csv"), "--quiet", "--rejects", str(tmp_path / "bad.csv")]
    # 14,286 mg/kg x 70 kg = 1,000,020 mg; 14,285 mg/kg x 70 kg = 999,950 mg
    assert run([*line, "--dose", "14286mg/kg"]) == 4
    assert "more than 1,000,000 mg" in read(tmp_path / "bad.csv")[0]["reason"]
    assert run([*line, "--dose", "14285mg/kg"]) == 3
    source = write(tmp_path / "in.csv", [GOOD | {"drug": "rituximab", "indication": "ra"}])
    assert run([*line, "--dose", "course=1000000mg", "--doses", "1"]) == 3
    assert read(tmp_path / "o.csv")[0]["vials"] == "2000x500"
    assert run([*line, "--dose", "course=1000000.1mg", "--doses", "1"]) == 4


def test_a_row_without_maintenance_says_where_maintenance_is_said_of_the_others(tmp_path: Path) -> None:
    rows = [GOOD, GOOD | {"drug": "rituximab", "indication": "sle"}]
    line = ["-o", str(tmp_path / "o.csv"), "--quiet", "--rejects", str(tmp_path / "bad.csv")]
    assert run(["batch", str(write(tmp_path / "in.csv", rows)), *line, "--from", "maintenance"]) == 4
    [found] = read(tmp_path / "bad.csv")
    assert (found["row"], found["column"], found["code"]) == ("2", "", "not-planned")
    assert found["reason"] == (
        "this regimen has no maintenance phase; leave --from out, and put maintenance into the column from of the "
        "other rows"
    )
    rows = [GOOD | {"from": "maintenance"}, rows[1] | {"from": "maintenance"}]
    assert run(["batch", str(write(tmp_path / "in.csv", rows)), *line]) == 4
    [found] = read(tmp_path / "bad.csv")
    assert (found["row"], found["column"], found["code"]) == ("2", "from", "not-planned")
    how = "column from cannot be taken: this regimen has no maintenance phase; leave it out"
    assert found["reason"].endswith(how)


def test_reasons_name_no_regimen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [GOOD | {"indication": "gpa"}, GOOD | {"variant": "x"}]
    source = write(tmp_path / "in.csv", rows)
    assert run(["batch", str(source), "-o", str(tmp_path / "o.csv")]) == 4
    assert (
        run(["batch", str(write(tmp_path / "in.csv", [GOOD])), "-o", str(tmp_path / "o.csv"), "--dose", "500mg"]) == 4
    )
    source = write(tmp_path / "in.csv", [GOOD | {"drug": "rituximab", "indication": "ra"}])
    assert run(["batch", str(source), "-o", str(tmp_path / "o.csv"), "--maintenance-start", "20w"]) == 4
    said = "".join(line for line in capsys.readouterr().err.splitlines(keepends=True) if ": row " in line)
    assert said.count("row ") == 4
    assert "infliximab" not in said
    assert "rituximab" not in said
    assert "this regimen has no variants" in said


def test_extra_columns_of_a_type_without_texts_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {"list": pl.concat_list(pl.lit(1)), "binary": pl.lit(b"\xff"), "span": pl.duration(days=1)}
    for value in kinds.values():
        content = io.BytesIO()
        pl.DataFrame([GOOD]).with_columns(value.alias("more")).write_parquet(content)
        said = refused(tmp_path, capsys, "in.parquet", content.getvalue(), "--keep-extra")
        assert "column 'more' has the type " in said
        assert "texts, numbers, dates or truth values" in said


def test_options_are_refused_before_anything_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = ",".join(GOOD).encode() + b"\n"
    wrong = {
        ("--bag", "5"): "bag '5 mL'",
        ("--has", "nothing"): "condition 'nothing'",
        ("--bsa-formula", "mine"): "BSA formula 'mine'",
        ("--label", "uk"): "label 'uk'",
        ("--weight", "heavy"): "weight 'heavy'",
        ("--height", "175", "--bsa", "1.9"): "BSA '1.9' cannot be combined with a height",
        ("--weight", "600"): "weight '600 kg' is out of range",
        ("--weight", "70", "--height", "20"): "height '20' is out of range: read as 20 cm",
        ("--bsa-cap", "9" * 40): "BSA cap",
        ("--drug", ""): "drug '' is empty",
        ("--drug", "nonsense"): "drug 'nonsense' is not known",
        ("--for", "21y"): "--for '21 years' is too far",
        ("--doses", "601"): "--doses '601' is too far",
        ("--start", "soon"): "start 'soon'",
        ("--round", "7mg"): "--round '7mg'",
        ("--to", "xlsx"): "--to 'xlsx'",
        ("--done", "nonsense"): "--done 'nonsense' is not a screening of any drug (allowed: tuberculosis, ",
        ("--to", "parquet"): "does not match the file name",
        ("--from", "csv", "--from", "ndjson"): "are two formats",
        ("--regimens", "nowhere.yaml"): "nowhere.yaml",
    }
    for options, problem in wrong.items():
        assert problem in refused(tmp_path, capsys, "in.csv", header, *options)


def test_results_are_not_written_over_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    assert run(["batch", str(source), "-o", "same.csv", "--rejects", "./same.csv"]) == 2
    assert run(["batch", str(source), "-o", "out.csv", "--rejects", "-"]) == 2
    assert "is the file of the result" in capsys.readouterr().err
    assert run(["batch", str(tmp_path / "nowhere.csv"), "-o", "out.csv"]) == 2
    assert run(["batch", str(tmp_path), "--from", "csv", "-o", "out.csv"]) == 2
    assert run(["batch", str(source), "-o", str(tmp_path / "no" / "out.csv")]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_device_is_a_refusal_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.csv", [GOOD])
    for form in ("csv", "ndjson", "parquet"):
        assert run(["batch", str(source), "-o", "/dev/full", "--to", form]) == 2
        said = capsys.readouterr().err
        assert said.startswith("infusecalc: -o '/dev/full' cannot be written: ")
        assert said.count("\n") == 1


def test_rejected_rows_come_in_any_form(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [GOOD, GOOD | {"weight_kg": "@x"}])
    with source.open("ab") as file:
        file.write(b"short,row\n")
    found = {}
    for form in ("csv", "ndjson", "parquet", "csv.gz"):
        bad = tmp_path / f"bad.{form}"
        assert run(["batch", str(source), "-o", str(tmp_path / "o.csv"), "--quiet", "--rejects", str(bad)]) == 4
        found[form] = bad
    frame = pl.read_parquet(found["parquet"])
    assert frame["row"].to_list() == [2, 3]
    assert frame["raw"].to_list() == [None, "short,row"]
    assert frame["drug"].to_list() == ["infliximab", "row"]
    lines = [json.loads(line) for line in found["ndjson"].read_text(encoding="utf-8").splitlines()]
    assert_frame_equal(pl.DataFrame(lines, schema=frame.schema), frame)
    assert gzip.decompress(found["csv.gz"].read_bytes()) == found["csv"].read_bytes()
    assert read(found["csv"])[0]["weight_kg"] == "'@x"  # no spreadsheet takes it for a formula


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "csv.gz"])
def test_rejected_rows_that_were_repaired_are_a_cohort(form: str, tmp_path: Path) -> None:
    ids = ["-7", "=1", "'=2", "''@3", "'4", "5"]
    rows = [GOOD | {"patient_id": each, "weight_kg": "-70", "ward": f"+{each}"} for each in ids]
    pl.DataFrame(rows).with_columns(pl.all().replace("", None)).write_parquet(tmp_path / "in.parquet")
    first, again = tmp_path / f"first.{form}", tmp_path / f"again.{form}"
    line = ["--quiet", "--keep-extra", "-o", str(tmp_path / "out.parquet")]
    assert run(["batch", str(tmp_path / "in.parquet"), *line, "--rejects", str(first)]) == 4
    assert run(["batch", str(first), *line, "--rejects", str(again)]) == 4
    # an NDJSON file has every known column, also one that no line names
    absent = ("weight_lb", *ORDER)
    added = [f', "{name}": null'.encode() for name in absent]
    assert (
        functools.reduce(lambda content, each: content.replace(each, b""), added, again.read_bytes())
        == first.read_bytes()
    )
    opened = gzip.open if form == "csv.gz" else open
    with opened(again, "rb") as file:
        content = file.read()
    if form == "parquet":
        pl.read_parquet(again).with_columns(weight_kg=pl.lit("70")).write_parquet(again)
    else:
        with opened(again, "wb") as file:
            file.write(content.replace(b"-70", b"70"))
    assert run(["batch", str(again), *line, "--rejects", str(tmp_path / "last.csv")]) == 0
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.columns == [*COLUMNS, "ward"]
    assert found["ward"].unique(maintain_order=True).to_list() == [f"+{each}" for each in ids]
    assert read(tmp_path / "last.csv") == []


def test_a_rejected_row_that_is_broken_still_has_its_cells_as_they_were(tmp_path: Path) -> None:
    source, bad = write(tmp_path / "in.csv", [GOOD]), tmp_path / "bad.csv"
    with source.open("ab") as file:
        file.write(b"=7,infliximab\n")
    line = ["--quiet", "-o", str(tmp_path / "out.csv"), "--rejects", str(bad)]
    assert run(["batch", str(source), *line]) == 4
    with bad.open("ab") as file:
        file.write(b"'=8,infliximab\n")
    (tmp_path / "once.csv").write_bytes(bad.read_bytes())
    assert run(["batch", str(tmp_path / "once.csv"), *line]) == 4
    assert [row["patient_id"] for row in read(bad)] == ["'=7", "'=8"]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "csv.gz"])
def test_a_rejected_row_that_did_not_fit_its_columns_is_rejected_again_until_somebody_clears_it(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, bad = write(tmp_path / "in.csv", [GOOD]), tmp_path / f"bad.{form}"
    line, quote = ["-o", str(tmp_path / "out.csv"), "--rejects"], "'" if "csv" in form else ""  # no formula in CSV
    with source.open("ab") as file:
        cells = ",".join(str(value) for value in (GOOD | {"patient_id": "=2"}).values())
        file.write(f"{cells},more\n".encode())  # a cell too many: without it, what is left is a whole row
    assert run(["batch", str(source), *line, str(bad), "--quiet"]) == 4
    again = tmp_path / f"again.{form}"
    for _ in range(2):  # as it is, however often; its line is not lost
        assert run(["batch", str(bad), *line, str(again), "--quiet"]) == 4
        found = pl.DataFrame(_rows(again))
        assert found.select("patient_id", "column", "code", "raw").rows() == [
            (f"{quote}=2", "raw", "ragged", f"{quote}{cells},more")
        ]
        bad.write_bytes(again.read_bytes())
    capsys.readouterr()
    rows = pl.DataFrame(_rows(again)).with_columns(pl.lit(None, pl.String).alias("raw"))
    rows.write_csv(tmp_path / "mended.csv")  # checked, and said so
    assert run(["batch", str(tmp_path / "mended.csv"), *line, str(tmp_path / "last.csv")]) == 0
    assert "1 row planned" in capsys.readouterr().err
    rows.drop("raw").write_csv(tmp_path / "mended.csv")  # without the column, the code of the row tells
    assert run(["batch", str(tmp_path / "mended.csv"), *line, str(tmp_path / "last.csv")]) == 4
    rows.drop("raw").with_columns(code=pl.lit("missing")).write_csv(tmp_path / "mended.csv")
    assert run(["batch", str(tmp_path / "mended.csv"), *line, str(tmp_path / "last.csv")]) == 0


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of any form, in which an empty cell is empty."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return pl.read_csv(content, infer_schema=False).to_dicts()


def test_a_rejected_row_with_empty_cells_is_rejected_again_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    told = {"row": "2", "column": "", "code": "ragged", "reason": "it was", "raw": "a,b"}
    empty = dict.fromkeys((*GOOD, *told), "")
    source = write(tmp_path / "in.csv", [empty | GOOD, empty, empty | told])
    usual = ["--drug", "infliximab", "--indication", "ra", "--weight", "70", "--start", "2026-12-01"]
    out = ["-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "bad.csv")]
    assert run(["batch", str(source), *out, *usual]) == 4
    assert [(row["row"], row["raw"]) for row in read(tmp_path / "bad.csv")] == [("3", "a,b")]


def test_a_rejected_cell_that_still_has_bytes_spelled_out_is_rejected_again(tmp_path: Path) -> None:
    source, bad = write(tmp_path / "in.csv", [GOOD | {"patient_id": "M@ller"}]), tmp_path / "bad.csv"
    source.write_bytes(source.read_bytes().replace(b"@", b"\xfc"))
    line = ["-o", str(tmp_path / "out.csv"), "--rejects", str(bad)]
    assert run(["batch", str(source), *line]) == 4
    again = tmp_path / "again.csv"
    again.write_bytes(bad.read_bytes())
    assert run(["batch", str(again), *line]) == 4
    [row] = read(bad)
    assert (row["patient_id"], row["code"]) == ("M\\xfcller", "not-utf8")
    again.write_bytes(bad.read_bytes().replace(b"\\xfcller", "üller".encode()))
    assert run(["batch", str(again), *line]) == 0
    # the same letters in the cell of a row that was rejected for something else are those of its owner
    again.write_bytes(bad.read_bytes().replace(b"not-utf8", b"missing"))
    assert run(["batch", str(again), *line]) == 0


def test_columns_of_rejected_rows_are_left_aside_only_where_all_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"row": "1", "column": "weight_kg", "code": "unreadable", "reason": "it was none"}
    for more, options in ((own, []), (own | {"raw": ""}, ["--keep-extra"]), ({"Row ": "1"} | own | {"row": ""}, None)):
        source = write(tmp_path / "in.csv", [more | GOOD])
        code = run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet", *(options or [])])
        assert code == (2 if options is None else 0)
    assert "column 'row' is there twice" in capsys.readouterr().err
    for name in own:
        source = write(tmp_path / "in.csv", [{key: own[key] for key in own if key != name} | GOOD])
        assert run(["batch", str(source), "-o", str(tmp_path / "out.csv"), "--quiet"]) == 2
        assert "' are not known" in capsys.readouterr().err


# --- standard output, and a terminal --------------------------------------------------------------------------------


class Refusing(io.BytesIO):
    """A stream that takes nothing."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, _: Any) -> int:
        raise self.error


class Standard:
    """Standard output over bytes."""

    def __init__(self, buffer: io.BytesIO) -> None:
        self.buffer = buffer

    def fileno(self) -> int:
        raise OSError

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_standard_output_that_takes_nothing_is_told_from_one_that_nobody_reads(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.csv", [GOOD, GOOD | {"weight_kg": ""}])
    line = ["batch", str(source), "-o", "-", "--to", form, "--rejects", str(tmp_path / "bad.csv")]
    full = "standard output cannot be written: No space left on device; free some room"
    streams = (
        (Standard(Refusing(BrokenPipeError())), 0, ""),
        (Standard(Refusing(OSError(28, "No space left on device"))), 2, f"infusecalc: {full}\n"),
        (None, 2, "infusecalc: standard output is closed; leave it open, or write to a file with -o\n"),
    )
    for stream, code, said in streams:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            assert run(line) == code
        assert capsys.readouterr().err == said
        assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_standard_output_that_takes_a_part_at_a_time_gets_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sipping(io.BytesIO):
        def write(self, content: Any) -> int:
            return super().write(content[:1000])

    source = write(tmp_path / "in.csv", [GOOD])
    for form in ("csv", "parquet"):
        whole, slow = tmp_path / f"out.{form}", Sipping()
        assert run(["batch", str(source), "-o", str(whole), "--quiet"]) == 0
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Standard(slow))
            assert run(["batch", str(source), "-o", "-", "--to", form, "--quiet"]) == 0
        assert slow.getvalue() == whole.read_bytes()


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    source = write(tmp_path / "in.csv", [GOOD])
    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", shown)
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv")]) == 0
    assert "rows/s" in shown.getvalue()
    assert "1 row planned, 8 infusions, 0 rows rejected" in shown.getvalue()
    piped = io.StringIO()
    monkeypatch.setattr(sys, "stderr", piped)
    assert run(["batch", str(source), "-o", str(tmp_path / "out.csv")]) == 0
    assert "rows/s" not in piped.getvalue()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert run(["batch", "-", "--from", "csv", "-o", str(tmp_path / "out.csv"), "--no-color"]) == 0


KINDS = {
    "text": pl.String, "whole number": pl.Int64, "number": pl.Float64, "date": pl.Date, "true or false": pl.Boolean,
}  # set in rows # fmt: skip
"""What the page of the columns calls a type."""


def test_the_page_has_every_column_of_the_result_with_its_type_and_when_it_is_empty(tmp_path: Path) -> None:
    page = Path(__file__).parents[1].joinpath("docs/commands.md").read_text(encoding="utf-8")
    section = page.split("### Columns\n")[1].split("\n### ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    told = {line[0].strip(" `"): [cell.strip() for cell in line[1:]] for line in lines}
    # every kind of row: as needed, without a rate, without a billing code, with a history, moved, with a price
    rows = [
        GOOD | {"patient_id": "a", "indication": "ici-colitis", "has": "tb"},
        GOOD | {"patient_id": "b", "drug": "rituximab", "indication": "gpa-pediatric", "age_years": "8", "has": ""},
        GOOD | {"patient_id": "", "label": "eu", "has": ""},
        GOOD | {"patient_id": "c", "drug": "rituximab", "indication": "itp", "variant": "low-dose", "has": ""},
        GOOD | {"patient_id": "d", "height_cm": "", "has": ""},
    ]
    source, given, out = write(tmp_path / "in.csv", rows), tmp_path / "given.csv", tmp_path / "out.parquet"
    given.write_text("patient_id,date,dose_mg\nd,2026-12-01,\n", encoding="utf-8")
    line = ["--given", str(given), "--days", "mon-fri", "--tolerance", "3d", "--price", "100mg=1"]
    assert run(["batch", str(source), "-o", str(out), *line]) == 3
    found = pl.read_parquet(out)
    assert tuple(told) == tuple(found.columns)
    assert {name: KINDS[cells[0]] for name, cells in told.items()} == dict(found.schema)
    assert all(len(cells) == 4 and cells[2] and cells[3] for cells in told.values())
    never = {name for name, cells in told.items() if cells[3] == "never"}
    assert [name for name in never if found[name].null_count()] == []
    sometimes = [name for name in told if name not in never and not found[name].null_count()]
    assert sometimes == ["findings", "severity"], "no course is without a finding"
