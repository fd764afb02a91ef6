"""Schedules as spreadsheets, read back by openpyxl and by a frame library."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from infusecalc import Patient, load_table, make_course
from infusecalc.cli import run
from infusecalc.errors import BadInput
from infusecalc.output import xlsx
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.version import __version__
from support import cases, only

CASES = cases("spreadsheets", "run blocked cells")
PLAN = "schedule infliximab crohns --weight 70kg --start 2026-12-01"
TYPES = {"s": "text", "n": "number", "d": "date", "b": "boolean", "f": "formula"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


def opened(line: str, code: int = 0) -> Any:
    assert run([*shlex.split(line), "-o", "plan.xlsx", "--quiet"]) == code
    return openpyxl.load_workbook("plan.xlsx")


def told(cell: Any) -> tuple[str, Any]:
    if cell.value is None:
        return "empty", None
    value = cell.value.date().isoformat() if isinstance(cell.value, dt.datetime) else cell.value
    return TYPES[cell.data_type], value


@pytest.mark.parametrize("case", CASES)
def test_cells_are_typed_and_none_is_a_formula(case):
    book = opened(case["run"], 3 if case.get("blocked") else 0)
    sheet = book["plan"]
    heads = [cell.value for cell in sheet[1]]
    for wanted in case["cells"]:
        only(wanted, "column row type value")
        found = told(sheet.cell(wanted["row"], heads.index(wanted["column"]) + 1))
        assert found == (wanted["type"], wanted["value"]), wanted
    assert ("BLOCKED" in heads) == bool(case.get("blocked"))
    for each in book:
        for row in each:
            for cell in row:
                assert cell.data_type != "f"
                assert (cell.number_format == "@") == (cell.data_type == "s"), "typed again, a text stays one"
                assert cell.hyperlink is None
    with zipfile.ZipFile("plan.xlsx") as file:
        assert not any(b"<f>" in file.read(name) for name in file.namelist())


@pytest.mark.parametrize("engine", ["calamine", "openpyxl"])
@pytest.mark.parametrize("case", CASES)
def test_a_frame_library_reads_what_the_csv_says(case, engine):
    run([*shlex.split(case["run"]), "-o", "plan.xlsx", "--quiet"])
    run([*shlex.split(case["run"]), "-o", "plan.csv", "--quiet"])
    read: Any = pl.read_excel("plan.xlsx", sheet_name="plan", engine=engine, infer_schema_length=None)
    found = read.drop("BLOCKED", strict=False)
    wanted = list(csv.DictReader(io.StringIO(Path("plan.csv").read_text(encoding="utf-8"))))
    assert found.columns == list(wanted[0])
    assert found.height == len(wanted)
    for mine, theirs in zip(found.iter_rows(named=True), wanted, strict=True):
        for name, text in theirs.items():
            assert in_csv(name, mine[name]) == text, name


def in_csv(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return f"'{text}" if name == "patient_id" and text[:1] in "=-" else text


def test_there_is_a_sheet_for_the_plan_one_for_findings_and_one_for_sources():
    book = opened(f"{PLAN} --done tuberculosis=2026-11-02 --done hepatitis-b --dose maintenance=10mg/kg")
    assert book.sheetnames == ["plan", "findings", "sources"]
    assert [each.freeze_panes for each in book] == ["A2", "A2", "A2"]
    assert [each.print_title_rows for each in book] == ["$1:$1"] * 3
    heads, *rows = book["findings"].values
    assert heads == ("severity", "code", "detail", "message", "infusions", "done", "accepted", "reason", "source")
    keyed = {(row[1], row[2]): dict(zip(heads, row, strict=True)) for row in rows}
    assert keyed["screening", "tuberculosis"]["done"] == dt.datetime(2026, 11, 2)  # noqa: DTZ001 - a day
    assert keyed["screening", "hepatitis-b"]["done"] == "yes"
    assert keyed["dose-override", None]["infusions"] == "4;5;6;7;8"
    assert keyed["age-unknown", None]["infusions"] is None
    ids = [row[0] for row in list(book["sources"].values)[1:]]
    assert "us-remicade-pi-2026" in ids
    assert len(ids) == len(set(ids))


def test_sums_that_were_asked_for_have_a_sheet_of_their_own():
    book = opened(f"{PLAN} --totals")
    assert book.sheetnames == ["plan", "totals", "findings", "sources"]
    heads, *rows = book["totals"].values
    assert (heads[0], rows[0][0]) == ("period", "2026-12")
    assert book["plan"].max_row == 9


def test_the_properties_say_which_program_and_which_table():
    book = opened(PLAN)
    known = {each.name: each.value for each in book.custom_doc_props.props}
    assert known == {
        "program": f"infusecalc {__version__}",
        "table version": load_table().version,
        "table sha256": load_table().files[0].sha256,
    }
    assert book.properties.title == "Infusion plan"
    assert book.properties.creator == f"infusecalc {__version__}"
    assert load_table().version in book.properties.description


def test_a_plan_that_blocks_is_marked_in_its_title_its_tabs_and_on_paper():
    book = opened(f"{PLAN} --has active-tb", 3)
    assert book.properties.title == "BLOCKED: infusion plan"
    for each in book:
        assert each.sheet_properties.tabColor.rgb == "FFFF0000"
        assert each.oddHeader.center.text == "BLOCKED by contraindicated:active-tb"
    assert [each.freeze_panes for each in book] == ["B2", "A2", "A2"]
    assert book["plan"]["A1"].value == "BLOCKED"
    assert book["plan"]["A2"].fill.fgColor.rgb == "FFFFC7CE"


def test_equal_input_gives_equal_bytes_and_the_day_is_the_one_that_was_named(monkeypatch):
    assert opened(PLAN).properties.created == dt.datetime(1980, 1, 1)  # noqa: DTZ001 - as openpyxl has it
    first = Path("plan.xlsx").read_bytes()
    assert run([*shlex.split(PLAN), "-o", "other.xlsx", "--quiet"]) == 0
    assert Path("other.xlsx").read_bytes() == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764028800")
    assert opened(PLAN).properties.created == dt.datetime(2025, 11, 25)  # noqa: DTZ001 - 1764028800 / 86400 = 20417 d
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    assert run([*shlex.split(PLAN), "-o", "third.xlsx"]) == 2
    assert not Path("third.xlsx").exists()


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert run([*shlex.split(PLAN), "-o", "plan.xlsx"]) == 2
    how = "python -m pip install 'infusecalc[xlsx]' (in a clone: python -m pip install '.[xlsx]')"
    wanted = f"a spreadsheet needs XlsxWriter; install it with: {how}"
    assert wanted in capfd.readouterr().err
    assert not Path("plan.xlsx").exists()


def test_a_text_that_is_too_long_for_a_cell_is_refused_and_not_cut():
    def made(length: int) -> bytes:
        course = make_course(
            load_table(), "infliximab", "crohns", Patient.of("70kg", id="x" * length), start="2026-12-01"
        )
        return xlsx.workbook(CourseAnswer(course))

    assert made(32_767)
    with pytest.raises(
        BadInput, match=r"a text is too long for a cell: patient_id \(allowed: up to 32,767 characters\)"
    ):
        made(32_768)


def test_other_commands_write_no_spreadsheet(capfd):
    assert run(shlex.split("dose infliximab crohns --weight 70kg -o plan.xlsx")) == 2
    assert "has the extension .xlsx, which this command does not write" in capfd.readouterr().err
    assert run([*shlex.split(PLAN), "--format", "xlsx", "--sheet", "patient"]) == 2
    assert "--sheet 'patient' cannot be combined with --format xlsx" in capfd.readouterr().err
