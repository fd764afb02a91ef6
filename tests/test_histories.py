"""Cohorts with what was given, weights over time and orders: each patient gets what `schedule` gives."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks.histories import AGENDA_OPTIONS, OPTIONS, agenda_differences, cohort, differences
from infusecalc import BadInput, Patient, make_course
from infusecalc.cli import run
from infusecalc.cohort import RejectedRows, expand, rejects
from infusecalc.output.records import records
from support import HERE, Streaming, cases, table

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

DOCS = HERE.parent / "docs"
HEAD = "patient_id,drug,indication,weight_kg,start\n"
ROWS = "a,infliximab,crohns,70,2026-01-05\nb,infliximab,crohns,80,2026-01-05\nk,infliximab,kawasaki,20,2026-01-05\n"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path, given: str | None = "", weights: str | None = None, rows: str = ROWS) -> list[str]:
    """The files of a cohort, and the words that name them."""
    words = [str(folder / "cohort.csv")]
    (folder / "cohort.csv").write_text(HEAD + rows)
    for name, column, lines in (("given", "dose_mg", given), ("weights", "weight_kg", weights)):
        if lines is not None:
            (folder / f"{name}.csv").write_text(f"patient_id,date,{column}\n{lines}\n")
            words += [f"--{name}", str(folder / f"{name}.csv")]
    return words


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_cohort_with_a_history_gives_what_schedule_gives(options: dict[str, Any]) -> None:
    assert list(differences(60, 4242, options, table())) == []


@pytest.mark.parametrize("options", AGENDA_OPTIONS, ids=str)
def test_an_agenda_lists_what_schedule_says_and_loses_nobody(options: dict[str, Any]) -> None:
    assert list(agenda_differences(60, 4343, options, table())) == []


@pytest.mark.parametrize("case", cases("cohort_lines", "given weights row column code reason planned"))
def test_a_line_that_cannot_be_used_is_told_by_file_row_and_column(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {
        name: f"a,2026-01-05,{value}\n{case[name]}"
        for name, value in (("given", ""), ("weights", "70"))
        if name in case
    }
    words = files(tmp_path, given=lines.get("given"), weights=lines.get("weights"))
    out, bad = tmp_path / "out.csv", tmp_path / "bad.csv"
    assert run(["batch", *words, "-o", str(out), "--rejects", str(bad), "--for", "8w", "--quiet"]) == 4
    found = read(bad)
    told = next(row for row in found if not row["file"].endswith("cohort.csv"))
    assert (told["file"], told["row"]) == (words[-1], str(case.get("row", 2)))
    assert (told["column"], told["code"]) == (case["column"], case["code"])
    assert case["reason"] in told["reason"]
    planned = {row["patient_id"] for row in read(out)}
    assert ("b" in planned, "a" in planned) == (case["planned"], True)
    mine = [row for row in found if row["file"].endswith("cohort.csv")]
    assert [row["patient_id"] for row in mine] == sorted({"a", "b", "k"} - planned)
    assert all((row["column"], row["code"]) == ("patient_id", "conflict") for row in mine)
    assert capsys.readouterr().err == ""
    assert run(["batch", *words, "-o", str(out), "--for", "8w"]) == 4
    said = capsys.readouterr().err
    assert f"{words[-1]} row {told['row']}" in said
    assert "1 line of --given and --weights rejected" in said
    for value in ("much", "12/01/2026", "501", "2026-03-05", "nobody"):
        assert value not in said
    assert run(["batch", *words, "-o", str(tmp_path / "none.csv"), "--strict"]) == 2
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize("case", cases("cohort_orders", "given options same column code reason"))
def test_a_column_of_an_order_is_the_option_of_that_name(case: dict[str, Any]) -> None:
    row = {"patient_id": "a", "drug": "infliximab", "indication": "crohns", "weight_kg": "70", "start": "2026-01-05"}
    frame = pl.DataFrame([row | {"label": "us"} | case["given"], row | {"patient_id": "z", "label": "us"}])
    options = case.get("options", {})
    bad = rejects(frame, **options)
    if "column" in case:
        assert bad.select("patient_id", "column", "code").rows() == [("a", case["column"], case["code"])]
        assert bad["reason"][0].startswith(case.get("reason", ""))
        return
    assert bad.height == 0
    found = expand(frame, **options).filter(pl.col("patient_id") == "a").with_columns(pl.col("date").cast(pl.String))
    patient = Patient.of("70kg", id="a")
    course = make_course(table(), "infliximab", "crohns", patient, start="2026-01-05", **case["same"])
    assert found.rows(named=True) == list(records(course))


def test_a_fault_of_an_option_is_told_as_the_option_in_a_row_with_an_order_too() -> None:
    row = {"patient_id": "a", "drug": "infliximab", "indication": "crohns", "weight_kg": "70", "start": "2026-01-05"}
    [bad] = rejects(pl.DataFrame([row | {"has": "tb"}]), dose=["500mg"]).rows(named=True)
    assert (bad["column"], bad["reason"].partition(" (")[0]) == ("dose", "`dose` has another unit than the phase")


def test_ids_of_several_rows_have_no_history_of_their_own(tmp_path: Path) -> None:
    words = files(tmp_path, given="a,2026-01-05,", rows=ROWS + "a,rituximab,ra,70,2026-01-05\n")
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "bad.csv")]) == 4
    told = [(row["patient_id"], row["row"], row["column"], row["code"]) for row in read(tmp_path / "bad.csv")]
    assert told == [("a", row, "patient_id", "conflict") for row in ("1", "1", "4")]
    assert {row["patient_id"] for row in read(tmp_path / "out.csv")} == {"b", "k"}
    how = "for a patient on two drugs: run one cohort, with its own file of lines, for each drug"
    assert [row["reason"].endswith(how) for row in read(tmp_path / "bad.csv")].count(True) == 1
    words = files(tmp_path, given="a,2026-01-05,", rows="a,rituximab,ra,70,2026-01-05\n")
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--quiet"]) == 0, "as it says"
    assert read(tmp_path / "out.csv")[0]["given"] == "true"


def test_a_weight_of_the_cohort_is_that_of_the_start(tmp_path: Path) -> None:
    # 5 mg/kg: 70 kg on 01-05, 80 kg from 02-01, so 350 mg, 350 mg and 400 mg
    words = files(tmp_path, given=None, weights="a,2026-02-01,80")
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--doses", "3", "--quiet"]) == 0
    assert [row["dose_mg"] for row in read(tmp_path / "out.csv") if row["patient_id"] == "a"] == ["350", "350", "400"]
    assert "given" not in read(tmp_path / "out.csv")[0]


@pytest.mark.parametrize(
    ("weights", "code"),
    [("a,2026-01-05,70", 0), ("a,2026-01-05,71", 4), ("a,2025-12-01,60\na,2026-01-05,70", 0)],
    ids=["the same weight on the start", "another one is a conflict", "one before the start"],
)
def test_a_second_weight_for_the_start_must_be_the_same(tmp_path: Path, weights: str, code: int) -> None:
    words = files(tmp_path, given=None, weights=weights)
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "bad.csv")]) == code
    found = [(row["column"], row["code"]) for row in read(tmp_path / "bad.csv")]
    assert found == ([("weight_kg", "conflict")] if code else [])


def test_an_infusion_before_the_first_weight_rejects_the_row(tmp_path: Path) -> None:
    words = files(tmp_path, given="a,2026-01-03,", weights="a,2026-03-01,80")
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--rejects", str(tmp_path / "bad.csv")]) == 4
    [told] = read(tmp_path / "bad.csv")
    assert (told["column"], told["code"]) == ("weight_kg", "missing")
    assert "2026" not in told["reason"]


def test_the_rest_may_keep_the_planned_dates(tmp_path: Path) -> None:
    words = files(tmp_path, given="a,2026-01-05,\na,2026-01-21,")
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--anchor", "planned", "--quiet"]) == 0
    assert [row["date"] for row in read(tmp_path / "out.csv")][:3] == ["2026-01-05", "2026-01-21", "2026-02-16"]
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--anchor", "nearest", "--quiet"]) == 2


def test_every_form_of_a_history_gives_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"patient_id": ["a", "a"], "date": ["2026-01-05", "2026-01-20"], "dose_mg": [350.0, None]})
    frame.write_ndjson(tmp_path / "given.ndjson")
    frame.with_columns(pl.col("date").str.to_date()).write_parquet(tmp_path / "given.parquet")
    words = files(tmp_path, given="a,2026-01-05,350\n,,\na,2026-01-20,")
    made = []
    for name in ("given.csv", "given.ndjson", "given.parquet"):
        line = [
            "batch",
            words[0],
            "--given",
            str(tmp_path / name),
            "-o",
            str(tmp_path / "out.parquet"),
            "--to",
            "parquet",
        ]
        assert run([*line, "--quiet"]) == 0
        made.append(pl.read_parquet(tmp_path / "out.parquet"))
    assert_frame_equal(made[0], made[1])
    assert_frame_equal(made[0], made[2])
    read_back = pl.read_csv(tmp_path / "cohort.csv", try_parse_dates=True)
    assert_frame_equal(expand(read_back, given=frame), made[0])
    assert_frame_equal(expand(read_back.lazy(), given=Streaming(frame)).collect(), made[0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("patient_id;date;dose_mg\n", "is separated by semicolons"),
        ("patient_id,dose_mg\n", "column of --given 'date' is missing"),
        ("patient_id,date,dose\n", "column of --given 'dose' is not known"),
        ("patient_id,date,date\n", "column of --given 'date' is there twice"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_history_is_refused(
    tmp_path: Path, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = files(tmp_path)
    (tmp_path / "given.csv").write_text(text)
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv")]) == 2
    assert says in capsys.readouterr().err
    assert run(["batch", words[0], "--given", str(tmp_path / "none.csv"), "-o", str(tmp_path / "out.csv")]) == 2
    assert "--given" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_is_read_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = files(tmp_path, given="a,2026-01-05,")
    for option in ("-o", "--rejects", "--totals"):
        rest = [] if option == "-o" else ["-o", str(tmp_path / "out.csv")]
        assert run(["batch", *words, option, words[-1], *rest]) == 2
        assert "is a file that is read: --given" in capsys.readouterr().err


def test_an_extra_column_cannot_have_the_name_of_the_rejected_ones(tmp_path: Path) -> None:
    words = files(tmp_path, given="a,2026-01-05,")
    (tmp_path / "cohort.csv").write_text("patient_id,drug,indication,weight_kg,start,file\na,infliximab,crohns,70,,x\n")
    out = ["-o", str(tmp_path / "out.csv"), "--keep-extra", "--quiet"]
    assert run(["batch", *words, *out]) == 2
    (tmp_path / "cohort.csv").write_text(
        "patient_id,drug,indication,weight_kg,start,file\na,infliximab,crohns,70,2026-01-05,x\n"
    )
    assert run(["batch", words[0], *out]) == 0


def test_repaired_rows_are_read_again(tmp_path: Path) -> None:
    words = files(tmp_path, given="a,2026-01-05,\nb,2026-01-05,x")
    bad = tmp_path / "bad.csv"
    assert run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--rejects", str(bad), "--quiet"]) == 4
    kept = [line for line in bad.read_text().splitlines() if ",,," not in line]
    bad.write_text("\n".join(kept) + "\n")
    assert run(["batch", str(bad), "-o", str(tmp_path / "again.csv"), "--quiet"]) == 0
    assert {row["patient_id"] for row in read(tmp_path / "again.csv")} == {"b"}


def test_frames_tell_rejected_lines_too() -> None:
    listed, given, weights = (pl.DataFrame(each) for each in cohort(40, 7, table()))
    found = rejects(listed, given=given, weights=weights)
    assert set(found["file"]) == {"cohort", "given", "weights"}
    assert found.columns[-5:] == ["file", "row", "column", "code", "reason"]
    rows, lines = found.filter(file="cohort").height, found.filter(pl.col("file") != "cohort").height
    with pytest.warns(
        RejectedRows, match=f"^{rows} rows of the frame and {lines} lines of `given` or `weights` cannot"
    ):
        made = expand(listed, given=given, weights=weights)
    assert found.filter(file="cohort").height == listed.height - made["patient_id"].n_unique()
    assert_frame_equal(rejects(listed.lazy(), given=given, weights=weights), found)
    nobody = rejects(listed.drop("patient_id"), given=given)
    assert set(nobody.filter(file="given")["code"]) <= {"unknown", "missing"}
    for name, columns in (("given", "patient_id, date, dose_mg"), ("weights", "patient_id, date, weight_kg")):
        with pytest.raises(BadInput) as refused:
            expand(listed, **{name: ["2026-01-05"]})
        arrow = "a Polars frame, or one with an Arrow stream (pandas, PyArrow, DuckDB)"
        assert str(refused.value) == f"`{name}` 'list' is not a frame (allowed: {arrow}, with {columns})"
        assert refused.value.field == name


# --- what to order ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_what_to_order_leaves_out_what_was_given(tmp_path: Path, by: str) -> None:
    words = files(tmp_path, given="a,2026-01-05,\na,2026-01-19,\nb,2026-01-05,")
    totals = tmp_path / "order.csv"
    line = [
        "batch",
        *words,
        "-o",
        str(tmp_path / "out.csv"),
        "--until",
        "2026-02-28",
        "--totals",
        str(totals),
        "--totals-by",
        by,
    ]
    assert run([*line, "--turnover", "10", "--price", "100mg=2", "--quiet"]) == 0
    found = [
        (row["period"], row["from"], row["infusions"], row["vials"], row["chair_min"], row["cost"])
        for row in read(totals)
    ]
    # a: 350 mg on 02-16; b: 400 mg on 01-19 and 02-16; k: 10 mg/kg x 20 kg = 200 mg on 01-05; 130 min each
    january, february = {
        "day": (("2026-01-19", "2026-01-19"), ("2026-02-16", "2026-02-16")),
        "week": (("2026-W04", "2026-01-19"), ("2026-W08", "2026-02-16")),
        "month": (("2026-01", "2026-01-01"), ("2026-02", "2026-02-01")),
    }[by]
    first = {"day": ("2026-01-05", "2026-01-05"), "week": ("2026-W02", "2026-01-05")}
    rows = [(*january, "1", "4x100", "130", "8")] if by != "month" else [(*january, "2", "6x100", "260", "12")]
    rows = [(*first[by], "1", "2x100", "130", "4"), *rows] if by in first else rows
    assert found == [*rows, (*february, "2", "8x100", "260", "16"), ("all", "", "4", "14x100", "520", "28")]


def test_what_to_order_ends_with_the_sums_of_its_rows_and_the_page_and_the_help_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever adds up all rows orders twice."""
    words, totals = files(tmp_path, given=None), tmp_path / "order.csv"
    run(["batch", *words, "-o", str(tmp_path / "out.csv"), "--quiet", "--totals", str(totals)])
    rows = read(totals)
    whole = [row for row in rows if row["period"] == "all"]
    parts = rows[: -len(whole)]
    assert rows[len(parts) :] == whole
    for name in ("infusions", "dose_mg", "waste_mg"):
        assert sum(float(row[name]) for row in parts) == sum(float(row[name]) for row in whole) > 0
    told = (DOCS / "cohorts.md").read_text(encoding="utf-8").partition("\n## What to order\n")[2].partition("\n## ")[0]
    assert "with `period` `all` and an empty `from`. Leave them out before you sum `dose_mg`" in told
    assert run(["batch", "--help"]) == 0
    assert "its last rows, period all, are sums of the others" in " ".join(capsys.readouterr().out.split())


def test_the_totals_of_a_schedule_tell_the_same_infusions_three_times_and_the_page_and_the_help_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = "schedule infliximab crohns --weight 70kg --start 2026-12-01 --totals --format csv"
    assert run(line.split()) == 0
    found: dict[str, float] = {}
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        kind = {7: "month", 4: "year"}.get(len(row["period"]), row["period"])
        found[kind] = found.get(kind, 0) + float(row["dose_mg"])
    assert found == dict.fromkeys(("month", "year", "course"), 2800)  # 8 x 350 mg
    told = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert "do not sum `dose_mg`, or any other column, over all rows" in told
    assert "the months (`period` `2026-12`), then the years (`2026`), then the course (`course`)" in told
    assert run(["schedule", "--help"]) == 0
    assert (
        "by month, by year, and of the whole plan (row course): do not add up all three. Infusions given are in them,"
        in " ".join(capsys.readouterr().out.split())
    )


@pytest.mark.parametrize("weights", [None, "a,2026-01-05,70"])
def test_what_to_order_says_how_much_of_each_sum_is_blocked(
    tmp_path: Path, weights: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is what the infusions say that block and are to be given, by month and product."""
    rows = ROWS.strip() + "\nc,rituximab,pv,70,2026-01-05\nd,rituximab,aiha,70,2026-01-06\n"
    words = files(tmp_path, given=None, weights=weights, rows=rows)
    out, totals = tmp_path / "out.csv", tmp_path / "order.csv"
    line = ["batch", *words, "-o", str(out), "--label", "eu", "--height", "175cm", "--for", "2y", "--days", "mon"]
    assert run([*line, "--totals", str(totals), "--price", "100mg=2", "--quiet"]) == 3
    expected: dict[tuple[str, str], list[float]] = {}
    listed = read(out)
    for row in listed:
        for period in (row["date"][:7], "all"):
            known = expected.setdefault((period, row["product"]), [0, 0])
            if row["blocks"] and row["optional"] == "false":
                known[0], known[1] = known[0] + 1, known[1] + float(row["dose_mg"])
    assert any(row["blocks"] and row["optional"] == "true" for row in listed), "such a one is in no sum"
    found = read(totals)
    assert list(found[0])[-4:] == ["cost", "waste_cost", "blocked", "blocked_dose_mg"]
    shares = {(row["period"], row["product"]): [float(row["blocked"]), float(row["blocked_dose_mg"])] for row in found}
    assert shares == {key: expected[key] for key in shares}
    # d: 375 mg/m2 x 1.84 m2 = 690 mg on four Tuesdays; c: 500 mg on Tuesday 2027-01-05
    assert shares["all", "MabThera"] == [5, 3260]
    assert shares["all", "Remicade"] == [0, 0]
    assert run([*line, "--totals", "-", "--quiet"]) == 3
    said = capsys.readouterr().out
    assert "MabThera: BLOCKED among these: 5 infusions, 3,260 mg\n" in said
    assert "Remicade: BLOCKED" not in said


def test_one_infusion_that_blocks_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = files(tmp_path, given=None, rows=ROWS.splitlines()[0] + "\n")
    line = ["batch", *words, "-o", str(tmp_path / "out.csv"), "--totals", "-", "--quiet", "--doses", "1"]
    assert run([*line, "--has", "active-tb"]) == 3
    said = capsys.readouterr().out
    assert "BLOCKED among these: 1 infusion, 350 mg\n" in said
    left_out = "Totals leave out infusions entered as given, and as-needed ones (column optional)"
    assert f"{left_out}; all others are in them, past dates too." in " ".join(said.split())


def test_what_to_order_is_the_same_with_and_without_a_history_beside_it(tmp_path: Path) -> None:
    rows = ROWS + "c,rituximab,ra,70,2026-01-05\nd,rituximab,gpa-pediatric,30,2026-01-05\n"
    made = []
    for weights in (
        None,
        "".join(f"{id_},2026-01-05,{kg}\n" for id_, kg in zip("abkc", (70, 80, 20, 70), strict=True)).strip(),
    ):
        words = files(tmp_path, given=None, weights=weights, rows=rows)
        totals = tmp_path / "order.json"
        out = ["-o", str(tmp_path / "out.csv"), "--price", "Remicade:100mg=1", "--rejects", str(tmp_path / "bad.csv")]
        run(["batch", *words, *out, "--totals", str(totals), "--quiet"])
        made.append(totals.read_text())
    assert made[0] == made[1]
    assert '"schema": "infusecalc.totals/1"' in made[0]
    assert '"cost": null' in made[0]


def test_what_to_order_goes_to_standard_output_where_the_result_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, out = files(tmp_path, given=None), str(tmp_path / "out.csv")
    assert run(["batch", *words, "-o", out, "--totals", "-", "--doses", "1", "--price", "100mg=2", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "What to order, by month and product" in said
    assert "2026-01  Remicade          3  950 mg  50 mg  10 x 100 mg" in said
    assert run(["batch", *words, "-o", out, "--totals", "-", "--totals-as", "csv", "--doses", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith(
        "period,from,product,infusions,dose_mg,vials,waste_mg,duration_min,chair_min,blocked,blocked_dose_mg\n"
    )
    for wrong, says in (
        (["--totals", "-"], "is standard output, where the result goes"),
        (["-o", out, "--totals", out], "is the file of -o"),
        (
            ["-o", out, "--totals", str(tmp_path / "b.csv"), "--rejects", str(tmp_path / "b.csv")],
            "is the file of --rejects",
        ),
        (["-o", out, "--totals", "order.xyz"], "extension"),
        (["-o", out, "--totals", "-", "--totals-by", "year"], "--totals-by 'year'"),
        (["-o", out, "--totals-by", "week"], "needs --totals"),
        (["-o", out, "--totals-as", "csv"], "needs --totals"),
    ):
        assert run(["batch", *words, *wrong]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.parametrize("case", cases("columns", "run day date planned_date moved_days"))
def test_day_and_planned_date_are_what_the_page_on_commands_says(
    case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*case["run"].split(), "--format", "ndjson", "--quiet"]) in (0, 3)
    rows = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    names = [name for name in case if name in rows[0]]
    assert len(names) >= 2
    assert {name: [row[name] for row in rows] for name in names} == {name: case[name] for name in names}
