"""A result never takes the place of a file that it is made from: refused with exit code 2, and nothing is touched."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from infusecalc.cli import run

COHORT = "patient_id,drug,indication,weight_kg,start\n17,infliximab,crohns,70,2026-12-01\n"
HISTORY = "date,dose_mg\n2026-12-01,350\n"
SITE = (
    "sources: {site: {title: Site, publisher: Site, date: unknown, section: unknown, url: unknown, grade: house}}\n"
    "house: {bags: {stocked: [250 mL, 500 mL], from: 50 mL, to: 1000 mL, source: site}}\n"
)
PATIENT = "infliximab crohns --weight 70kg"
FILES = {"c.csv": COHORT, "h.csv": HISTORY, "site.yaml": SITE, "site.csv": SITE}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that may be lost, and other names of them."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name in ("c.csv", "h.csv"):
        (tmp_path / f"soft-{name}").symlink_to(name)
        (tmp_path / f"hard-{name}").hardlink_to(name)
    return tmp_path


def untouched(folder: Path) -> bool:
    """Whether every file is as it was, and none is new."""
    names = {*FILES, "soft-c.csv", "soft-h.csv", "hard-c.csv", "hard-h.csv"}
    return {path.name for path in folder.iterdir()} == names and all(
        (folder / name).read_text(encoding="utf-8") == content for name, content in FILES.items()
    )


@pytest.mark.parametrize(
    "line",
    [
        "batch c.csv -o c.csv",
        "batch c.csv -o ./c.csv",
        "batch c.csv -o soft-c.csv",
        "batch soft-c.csv -o c.csv",
        "batch c.csv -o hard-c.csv",
        "batch c.csv -o out.csv --rejects c.csv",
        "batch c.csv -o out.csv --rejects hard-c.csv",
        "batch c.csv -o site.csv --regimens site.csv",
        f"schedule {PATIENT} --history h.csv -o h.csv",
        f"next {PATIENT} --history h.csv -o soft-h.csv",
        f"next {PATIENT} --history soft-h.csv -o hard-h.csv",
        f"dose {PATIENT} --regimens site.csv -o site.csv",
        f"check {PATIENT} --ordered 350mg --regimens site.csv -o site.csv",
        "regimens list --regimens site.csv -o site.csv",
        "regimens validate site.csv -o site.csv",
    ],
)
def test_a_result_over_a_file_that_is_read_is_refused(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shlex.split(line)) == 2
    assert "is a file that is read: " in capsys.readouterr().err
    assert untouched(folder)


def test_the_table_that_the_environment_names_is_a_file_that_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFUSECALC_REGIMENS", "site.csv")
    assert run(shlex.split(f"dose {PATIENT} -o site.csv")) == 2
    said = "infusecalc: -o 'site.csv' is a file that is read: --regimens; nothing was written; give another file\n"
    assert capsys.readouterr().err == said
    assert untouched(folder)
    assert run(shlex.split(f"dose {PATIENT} --regimens site.yaml -o site.csv")) == 0  # the option's is read instead


@pytest.mark.parametrize(
    "line",
    [
        "batch c.csv -o out.csv --rejects bad.csv",
        "batch c.csv -o h.csv",
        f"schedule {PATIENT} --history h.csv -o c.csv",
        f"schedule {PATIENT} --history h.csv",
        "batch c.csv -o /dev/null --to csv",
        "regimens validate site.yaml -o out.csv",
    ],
)
def test_a_result_beside_what_is_read_is_written(line: str, folder: Path) -> None:
    assert run(shlex.split(line)) == 0
    assert untouched(folder) == (" -o " not in line or "/dev/null" in line)


def test_standard_streams_that_lead_to_one_file_are_seen(folder: Path) -> None:
    program = [sys.executable, "-m", "infusecalc", "batch"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with (folder / "c.csv").open("rb") as source:
        line = [*program, "-", "--from", "csv", "-o", "hard-c.csv"]
        done = subprocess.run(line, check=False, stdin=source, capture_output=True, text=True, env=environment)
    assert (done.returncode, "is a file that is read: the cohort" in done.stderr) == (2, True)
    with (folder / "c.csv").open("ab") as target:
        line = [*program, "c.csv", "-o", "-", "--to", "csv"]
        done = subprocess.run(line, check=False, stdout=target, stderr=subprocess.PIPE, text=True, env=environment)
    assert (done.returncode, "-o '-' is a file that is read: the cohort" in done.stderr) == (2, True)
    assert untouched(folder)
