"""Datasets in a program that reads them as NONMEM does: Pharmpy takes each row for the infusion that it is."""

from __future__ import annotations

import csv
import io
import shlex
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from infusecalc.cli import run
from support import cases

pytestmark = [
    pytest.mark.skipif(find_spec("pharmpy") is None, reason="needs the extra pharmpy"),  # .ci/run installs it
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Pharmpy and what it imports
]
MODEL = """$PROBLEM a plan
$INPUT {columns}
$DATA {path} IGNORE=@
$SUBROUTINE ADVAN1 TRANS2
$PK
CL=THETA(1)*EXP(ETA(1))
V=THETA(2)
S1=V
$ERROR
Y=F+EPS(1)
$THETA (0,1)
$THETA (0,1)
$OMEGA 0.1
$SIGMA 0.1
$ESTIMATION METHOD=1
"""
SAMPLE = ["99999", ".", ".", "0", "1", "0", "5", "70", ".", "1", "1"]


@pytest.mark.parametrize("case", cases("datasets", "run count rows"))
def test_a_row_is_an_infusion_at_its_time_with_its_amount_and_rate(case, tmp_path):
    path = tmp_path / "plan.nonmem.csv"
    assert run([*shlex.split(case["run"]), "-o", str(path), "--quiet"]) == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    read_as_nonmem(path, rows)


def test_a_cohort_is_one_individual_for_each_patient(tmp_path):
    cohort, path = tmp_path / "c.csv", tmp_path / "c.nonmem.csv"
    lines = [f"{name},infliximab,crohns,{weight},2026-12-01" for name, weight in (("x", 70), ("1", 80), ("y", 62.5))]
    cohort.write_text("\n".join(["patient_id,drug,indication,weight_kg,start", *lines, ""]))
    assert run(["batch", str(cohort), "-o", str(path), "--quiet", "--steps"]) == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert list(dict.fromkeys(row["ID"] for row in rows)) == ["2", "1", "3"]
    read_as_nonmem(path, rows)


def with_samples(lines: list[str]) -> list[str]:
    """The lines with a sample behind the infusions of each ID: who has none is left out of a model's data."""
    ids = [line.partition(",")[0] for line in lines]
    found = [lines[0]]
    for id_, after, line in zip(ids[1:], [*ids[2:], ""], lines[1:], strict=True):
        found += [line] if id_ == after else [line, ",".join([id_, *SAMPLE])]
    return found


def read_as_nonmem(path: Path, rows: list[dict[str, str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pharmpy.modeling import read_model_from_string  # noqa: PLC0415 - where it is installed

        path.write_text("\n".join(with_samples(path.read_text().splitlines())))
        model = read_model_from_string(MODEL.format(columns=" ".join(rows[0]), path=path))
        data = model.dataset
    infusions = data[data["EVID"] == 1]
    for name in rows[0]:
        assert infusions[name].to_list() == [0 if row[name] == "." else float(row[name]) for row in rows], name
    [dose] = model.statements.ode_system.dosing_compartments[0].doses
    assert (type(dose).__name__, str(dose.rate)) == ("Infusion", "RATE")
