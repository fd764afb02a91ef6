"""Caps and bands: one patient, weights over time, cohorts, and what a table may say of them."""

from __future__ import annotations

import json
import random
import shlex
from typing import Any

import polars as pl
import pytest

from infusecalc import InfusecalcError, Patient, load_table, make_course
from infusecalc.cli import run
from infusecalc.cohort import expand, rejects
from infusecalc.cohort.frames import RejectedRows
from infusecalc.errors import BadTable
from infusecalc.output.records import records
from support import HERE, cases, course

TABLE = HERE / "tables" / "bands.yaml"


def at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    return found


@pytest.mark.parametrize("case", cases("bands"))
def test_a_cap_or_a_band(case, capfdbinary):
    code = run([*shlex.split(case["run"]), "--regimens", str(TABLE), "--format", "json"])
    out, err = capfdbinary.readouterr()
    if "refused" in case:
        assert (code, err.decode()) == (2, f"infusecalc: {case['refused']}\n"), case["because"]
        return
    assert code == case.get("exit", 0), case["because"]
    found = json.loads(out)
    expect = {path: value if isinstance(value, (dict, int, float, type(None))) else str(value)
              for path, value in case.get("expect", {}).items()}  # fmt: skip
    assert {path: at(found, path) for path in expect} == expect, case["because"]
    severities = {each["code"]: each["severity"] for each in found["findings"]}
    assert {code: severities.get(code) for code in case.get("findings", {})} == case.get("findings", {})
    assert not severities.keys() & set(case.get("absent", ()))


@pytest.mark.parametrize("options", [{}, {"dose": ["6mg/kg"]}, {"dose": ["750mg"]}, {"round_": "vial"}], ids=str)
def test_a_cohort_gets_the_caps_and_bands_of_single_patients(options):
    dice, table = random.Random(3), load_table(TABLE)  # noqa: S311 - made-up patients
    edges = (59.99, 60, 60.01, 99.99, 100, 100.01, 45, 130)
    people = [
        {
            "patient_id": str(place),
            "drug": "bandumab",
            "indication": dice.choice(("capped", "weight", "surface")),
            "weight_kg": dice.choice((*edges, dice.randint(3000, 16000) / 100)),
            "bsa_m2": dice.choice((None, 1.49, 1.5, 1.51, dice.randint(100, 250) / 100)),
            "start": f"2026-12-{dice.randint(1, 28):02}",
        }
        for place in range(300)
    ]
    frame = pl.DataFrame(people)
    with pytest.warns(RejectedRows):
        got = expand(frame, table=table, **options)
    bad = rejects(frame, table=table, **options)
    refused = 0
    for person in people:
        mine = got.filter(pl.col("patient_id") == person["patient_id"]).to_dicts()
        bsa = None if person["bsa_m2"] is None else str(person["bsa_m2"])
        patient = Patient.of(str(person["weight_kg"]), bsa=bsa, id=person["patient_id"])
        try:
            made = make_course(table, "bandumab", person["indication"], patient, start=person["start"], **options)
        except InfusecalcError:
            refused += 1
            assert mine == []
            continue
        assert [(row["dose_mg"], row["dose_basis"], row["findings"]) for row in mine] == [
            (row["dose_mg"], row["dose_basis"], row["findings"]) for row in records(made)
        ]
    assert len(bad) == refused > 0


@pytest.mark.parametrize(
    ("dose", "fault"),
    [
        ("[{under: 60 kg, dose: 5 mg}, {to: 90 kg, dose: 6 mg}]", "do not end one after the other"),
        ("[{dose: 5 mg}, {to: 90 kg, dose: 6 mg}, {dose: 7 mg}]", "do not end one after the other"),
        ("[{under: 60 kg, to: 70 kg, dose: 5 mg}, {dose: 6 mg}]", "do not end one after the other"),
        ("[{to: 90 kg, dose: 5 mg}, {to: 60 kg, dose: 6 mg}, {dose: 7 mg}]", "not by one size, ascending"),
        ("[{to: 60 kg, dose: 5 mg}, {to: 2 m2, dose: 6 mg}, {dose: 7 mg}]", "not by one size, ascending"),
        ("[{dose: 7 mg}]", "not by one size, ascending"),
        ("[{to: 60 lb, dose: 5 mg}, {dose: 7 mg}]", "'60 lb' is neither a weight nor a BSA"),
        ('"8 mg/kg, at most 800mg"', "must be written '8 mg/kg, at most 800 mg'"),
    ],
)
def test_bands_that_cannot_be_meant_are_refused(dose, fault, tmp_path):
    path = tmp_path / "site.yaml"
    text = TABLE.read_text(encoding="utf-8")
    path.write_text(text.replace('dose: "8 mg/kg, at most 800 mg"', f"dose: {dose}"), encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(path)
    assert any(fault in each for each in refused.value.faults), refused.value.faults


def test_a_site_may_not_lift_a_cap_unseen(tmp_path):
    # the shipped regimen has no cap; laid over it, a capped dose of the site is held against the label's factor
    path = tmp_path / "site.yaml"
    text = (
        'regimens: {infliximab/crohns: {us: {phases: {maintenance: {dose: "5 mg/kg, at most 300 mg", every: 8 weeks, '
    )
    path.write_text(text + "source: house}}}}}\n", encoding="utf-8")
    found = course("infliximab/crohns", table=load_table(path))
    assert [dose.amount.exact for dose in found.phases] == [35000, 30000]
    codes = {finding.code: finding.severity for finding in found.findings}
    assert (codes["site-rule"], codes["dose-override"], codes["dose-capped"]) == ("caution", "caution", "info")


def test_bands_are_said_in_the_views_for_people(capfd):
    assert run(["dose", "bandumab", "weight", "--weight", "80kg", "--regimens", str(TABLE)]) == 0
    assert "upkeep: 750 mg (from 60 to 100 kg), every 4 weeks" in capfd.readouterr().out
    assert run(["regimens", "list", "--regimens", str(TABLE)]) == 0
    assert "500 mg under 60 kg, 750 mg from 60 to 100 kg, 1,000 mg over 100 kg" in " ".join(
        capfd.readouterr().out.split()
    )


def test_the_working_of_a_capped_dose_shows_what_the_cap_cut(capfd):
    assert run(["dose", "bandumab", "capped", "--weight", "110kg", "--regimens", str(TABLE)]) == 0
    out = capfd.readouterr().out
    assert "  8 mg/kg x 110 kg = 880 mg\n  more than the cap: 800 mg\n" in out
