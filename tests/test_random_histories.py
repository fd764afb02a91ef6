"""Whatever was given, the findings say all that is odd in it; `benchmarks/random_histories.py` tries 10,000."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.random_histories import NAMING, STARTS, check, differences, histories, made, without_rules
from support import table

NUMBER, SEED = 150, 3


def test_no_gap_early_infusion_differing_dose_or_assumed_first_date_is_left_unsaid(tmp_path: Path) -> None:
    """And none is said without reason, and dates, doses and numbers are the same without these rules."""
    told = Counter[str]()
    for due, found in check(NUMBER, SEED, table(), tmp_path):
        assert found == []
        told += due
    assert {*NAMING, *STARTS} <= told.keys()  # each rule was met


def test_what_is_left_unsaid_is_found(tmp_path: Path) -> None:
    """The plans of a site that removes the rules say nothing of what was given, and the check sees it."""
    bare, found = without_rules(table(), tmp_path), set[str]()
    for history in histories(NUMBER, SEED, table()):
        course = made(history, bare)
        found |= {line.partition(":")[0] for line in differences(history, course, table())} if course else set()
    assert {f"{code} unsaid" for code in NAMING} <= found
