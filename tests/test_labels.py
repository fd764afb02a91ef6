"""Labels are data: a third one is added by the table alone, and no module names one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import infusecalc
from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.errors import BadInput
from infusecalc.output.records import records
from infusecalc.output.table_rows import listing
from support import HERE, course, table

THIRD = HERE / "tables" / "third_label.yaml"


def test_a_label_can_be_added_by_the_table_alone():
    found = course("infliximab/ra", table=load_table(THIRD), label="ZZ", start="2026-12-01", for_="12w")
    rows = list(records(found))
    # 4 x 70 = 280 mg in 300 mg of vials; 2 x 70 = 140 mg in 150 mg; days 0 and 10, then 10 + 35 = 45 and 80
    assert [(row["day"], row["dose_mg"], row["vials"], row["bag_ml"], row["duration_min"]) for row in rows] == [
        (0, 280, "3x100", 100, 90),
        (10, 280, "3x100", 100, 90),
        (45, 140, "1x100+1x50", 100, 90),
        (80, 140, "1x100+1x50", 100, 90),
    ]
    assert rows[0]["label"] == "zz"
    assert rows[0]["billing_code"] is None


def test_a_label_without_safety_rules_says_so():
    found = course("infliximab/ra", table=load_table(THIRD), label="zz")
    [finding] = [each for each in found.findings if each.code == "label-incomplete"]
    assert finding.severity == "caution"
    assert finding.message == (
        "The table has no contraindications and no screening for inFLIXimab under the zz label: read the label"
    )
    assert not [each for label in table().labels for each in course("infliximab/ra", label=label).findings
                if each.code == "label-incomplete"]  # set in rows # fmt: skip


def test_a_bare_dose_and_interval_are_for_the_phase_with_the_role_of_maintenance():
    made = course("infliximab/ra", table=load_table(THIRD), label="zz", dose=["3mg/kg"], every=["4w"])
    assert [(dose.name, str(dose.phase.dose)) for dose in made.phases] == [("start", "4 mg/kg"), ("upkeep", "3 mg/kg")]
    assert str(made.ordered.phases["upkeep"].interval) == "4 weeks"
    past = course("infliximab/ra", table=load_table(THIRD), label="zz", from_="maintenance")
    assert {infusion.planned.phase for infusion in past.infusions} == {"upkeep"}


def test_the_labels_are_those_of_the_table(capfd):
    assert run(["dose", "infliximab", "ra", "--weight", "70", "--label", "zz"]) == 2
    assert "label 'zz' is not known (allowed: us, eu)" in capfd.readouterr().err
    line = ["dose", "infliximab", "ra", "--weight", "70", "--label", "zz", "--regimens", str(THIRD), "--format", "json"]
    assert run(line) == 0
    assert json.loads(capfd.readouterr().out)["regimen"]["label"] == "zz"
    assert "zz" in {row.label for row in listing(load_table(THIRD))}
    with pytest.raises(BadInput, match=r"does not have this regimen \(infliximab/uc\)"):
        course("infliximab/uc", table=load_table(THIRD), label="zz")


def test_no_module_names_a_label():
    named = re.compile(r"""["'](?:us|eu)["']""")
    units = re.compile(r"""["']us["']: 1|["']us["'], ["']ns["']""")  # microseconds
    for path in Path(infusecalc.__file__).parent.rglob("*.py"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if named.search(line)]
        assert [line for line in lines if not re.search(r"""["']ms["']""", line) and not units.search(line)] == [], path


@pytest.mark.parametrize(("typed", "label"), [(None, "us"), ("EU", "eu"), ("Us", "us")])
def test_a_label_is_known_in_any_case_and_the_first_of_the_table_is_the_usual_one(typed, label):
    assert table().find_label(typed) == label
