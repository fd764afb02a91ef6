"""Caps and bands: one patient, weights over time, cohorts, and what a table may say of them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import polars as pl
import pytest

from benchmarks.cohort_equality import BANDED as TABLE
from benchmarks.cohort_equality import BANDED_OPTIONS, banded_rows, differences
from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.cohort import RejectedRows, expand, rejects
from infusecalc.errors import BadTable
from support import cases, course, sampled


def at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    return found


@pytest.mark.parametrize("case", cases("bands", "run expect findings without exit refused because"))
def test_a_cap_or_a_band(case, capfdbinary):
    code = run([*shlex.split(case["run"]), "--regimens", str(TABLE), "--format", "json"])
    out, err = capfdbinary.readouterr()
    if "refused" in case:
        assert (code, err.decode()) == (2, f"infusecalc: {case['refused']}\n"), case["because"]
        return
    assert code == case.get("exit", 0), case["because"]
    found = json.loads(out)
    expect = {path: value if isinstance(value, (dict, int, float, type(None))) else str(value)
              for path, value in case.get("expect", {}).items()}  # set in rows # fmt: skip
    assert {path: at(found, path) for path in expect} == expect, case["because"]
    severities = {each["code"]: each["severity"] for each in found["findings"]}
    assert {code: severities.get(code) for code in case.get("findings", {})} == case.get("findings", {})
    assert not severities.keys() & set(case.get("without", ()))


@pytest.mark.parametrize("place", sampled(range(len(BANDED_OPTIONS)), range(0, len(BANDED_OPTIONS), 4)))
def test_a_cohort_gets_the_caps_and_bands_of_single_patients(place):
    listed, options = list(banded_rows(125, 3000 + place)), BANDED_OPTIONS[place]
    assert list(differences(listed, options, load_table(TABLE))) == []


@pytest.mark.parametrize("indication", ["surface", "surface-flat"])
@pytest.mark.parametrize("areas", [(1.2, None), (None, 1.2), (1.6, None), (None, 1.6)])
def test_a_patient_of_a_cohort_without_a_surface_is_in_no_band_whoever_comes_before(areas, indication):
    # the band of the first patient is known when the second comes: it is not lent to one whose size is missing
    listed = [
        {"patient_id": id_, "drug": "bandumab", "indication": indication, "weight_kg": "50", "start": "2026-12-01"}
        | {"bsa_m2": area}
        for id_, area in zip("ab", areas, strict=True)
    ]
    frame = pl.DataFrame(listed, schema_overrides={"bsa_m2": pl.Float64})
    found = rejects(frame, table=load_table(TABLE))
    told = "height is missing: the dose depends on the BSA, which needs height_cm or bsa_m2"
    assert found.select("patient_id", "reason").rows() == [("ab"[areas.index(None)], told)]


def test_the_made_up_cohort_lies_on_both_sides_of_every_end_and_of_every_cap():
    frame = pl.DataFrame(list(banded_rows(1500, 3000)))
    with pytest.warns(RejectedRows):
        got = expand(frame, table=load_table(TABLE))
    sizes, capped = pl.col("weight_kg", "bsa_m2"), pl.col("findings").str.contains("dose-capped")
    beside = got.group_by("indication").agg(sizes.unique())
    ends = {"weight": "weight_kg", "weight-caps": "weight_kg", "surface": "bsa_m2", "surface-caps": "bsa_m2"}
    for indication, size in ends.items():
        [found] = beside.filter(indication=indication)[size]
        for end in (60, 100) if size == "weight_kg" else (1.5, 2):
            assert {round(end + step, 2) for step in (-0.01, 0, 0.01)} <= set(found), (indication, end)
    told = got.filter(number=1).group_by("indication", "dose_basis").agg(capped.any(), uncapped=(~capped).any())
    caps = told.filter(pl.col("dose_basis").str.contains("at most"))
    assert caps.select("indication", "findings", "uncapped").sort("indication", "findings").rows() == [
        ("capped", True, True),
        ("surface", True, False),  # 750 x 1.51 = 1132.5 > 1000: the cap cuts the whole band
        ("surface-caps", True, True),
        *[("weight-caps", True, True)] * 3,
    ]


@pytest.mark.parametrize(
    ("dose", "fault"),
    [
        ("[{under: 60 kg, dose: 5 mg}, {to: 90 kg, dose: 6 mg}]", "must have one end in each band but the last"),
        ("[{dose: 5 mg}, {to: 90 kg, dose: 6 mg}, {dose: 7 mg}]", "must have one end in each band but the last"),
        ("[{under: 60 kg, to: 70 kg, dose: 5 mg}, {dose: 6 mg}]", "must have one end in each band but the last"),
        ("[{to: 90 kg, dose: 5 mg}, {to: 60 kg, dose: 6 mg}, {dose: 7 mg}]", "needs several bands in ascending order"),
        ("[{to: 60 kg, dose: 5 mg}, {to: 2 m2, dose: 6 mg}, {dose: 7 mg}]", "needs several bands in ascending order"),
        ("[{dose: 7 mg}]", "needs several bands in ascending order"),
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
    assert run(["dose", "bandumab", "weight", "--full", "--weight", "80kg", "--regimens", str(TABLE)]) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert "upkeep, 2 weeks after the last start infusion: 750 mg (from 60 to 100 kg), every 4 weeks" in said
    assert run(["regimens", "list", "--full", "--regimens", str(TABLE)]) == 0
    assert "500 mg under 60 kg, 750 mg from 60 to 100 kg, 1,000 mg over 100 kg" in " ".join(
        capfd.readouterr().out.split()
    )


def test_the_working_of_a_capped_dose_shows_what_the_cap_cut(capfd):
    assert run(["dose", "bandumab", "capped", "--full", "--weight", "110kg", "--regimens", str(TABLE)]) == 0
    out = capfd.readouterr().out
    assert "  8 mg/kg x 110 kg = 880 mg\n  capped: 800 mg\n" in out
