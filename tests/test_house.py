"""Our own limits stand in the table, where a site may change them, and hold for one patient and for a cohort alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from infusecalc import InfusecalcError, Patient, load_table, make_course
from infusecalc.cohort.expansion import Expansion
from infusecalc.order_check import check_order
from infusecalc.table import Table

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

OURS = "sources: {ours: {title: A, publisher: B, date: unknown, section: unknown, url: unknown, grade: house}}\n"
CAPPED = """
regimens:
  infliximab/crohns:
    us:
      phases:
        induction: {dose: "8 mg/kg, at most 300 mg", weeks: [0, 2, 6], source: ours}
        maintenance: {dose: "8 mg/kg, at most 300 mg", every: 8 weeks, source: ours}
"""


def site(text: str, folder: Path) -> Table:
    """The table with a site's file over it."""
    path = folder / "site.yaml"
    path.write_text(OURS + text, encoding="utf-8")
    return load_table(path)


def taken(table: Table, weight: str, **options: Any) -> tuple[str | None, str | None]:
    """What one patient and a row of a cohort are refused with; None for what is taken."""
    single = None
    try:
        make_course(table, "infliximab", "crohns", Patient.of(weight), start="2026-12-01", **options)
    except InfusecalcError as error:
        single = str(error)
    row = {"drug": "infliximab", "indication": "crohns", "weight_kg": weight, "start": "2026-12-01"}
    expansion = Expansion(table, **options)
    infusions, bad = expansion.expand(pl.DataFrame([row]))
    assert (infusions.height == 0) is (bad.height == 1)
    return single, expansion.faults.known[bad.item(0, "fault")].reason if bad.height else None


@pytest.mark.parametrize(
    ("weight", "dose", "single"),
    [
        ("500", "2000mg/kg", None),  # 500 x 2,000 = 1,000,000 mg
        ("500", "2000.001mg/kg", "dose '2000.001 mg/kg' comes to more than 1,000,000 mg; check `dose` and the weight"),
        ("70", "100000mg/kg", "dose '100000 mg/kg' comes to more than 1,000,000 mg; check `dose` and the weight"),
    ],
)
def test_a_dose_over_a_kilogram_is_refused(weight: str, dose: str, single: str | None) -> None:
    cohort = single and "dose comes to more than 1,000,000 mg; check `dose` and the weight"
    assert taken(load_table(), weight, dose=[dose]) == (single, cohort)


@pytest.mark.parametrize(("weight", "refused"), [("60", False), ("60.01", True)])
def test_a_site_may_lower_the_largest_dose(weight: str, refused: bool, tmp_path: Path) -> None:
    table = site("house: {largest_dose: {most: 300 mg, source: ours}}\n", tmp_path)
    single, cohort = taken(table, weight)  # 5 x 60 = 300 mg, 5 x 60.01 = 300.05 mg
    assert bool(single) is bool(cohort) is refused
    assert not refused or "comes to more than 300 mg" in (single or "") + (cohort or "")


def test_a_cap_keeps_a_dose_from_being_too_large(tmp_path: Path) -> None:
    table = site("house: {largest_dose: {most: 300 mg, source: ours}}\n" + CAPPED, tmp_path)
    assert taken(table, "70") == (None, None)  # 8 x 70 = 560 mg, at most 300 mg


def test_a_cap_above_the_largest_dose_keeps_nothing(tmp_path: Path) -> None:
    table = site("house: {largest_dose: {most: 299 mg, source: ours}}\n" + CAPPED, tmp_path)
    assert all(taken(table, "70"))
    assert taken(table, "30") == (None, None)  # 8 x 30 = 240 mg


@pytest.mark.parametrize(("near", "named"), [("1", False), ("2", True)])
def test_how_near_an_order_comes_to_a_mistake_is_the_tables(near: str, named: bool, tmp_path: Path) -> None:
    table = site(f"house: {{near_mistake: {{outside: {near} %, in_range: 0.5 %, source: ours}}}}\n", tmp_path)
    course = make_course(table, "infliximab", "uc", Patient.of("70kg"))
    # 70 kg are 154.3 lb: 5 x 154.3 = 771.5 mg, and 783 mg are 1.49 % more
    checked = check_order(course, "783mg")
    assert ("pounds-for-kilograms" in [mistake.code for mistake in checked.mistakes]) is named
