"""Small samples of what tests/benchmarks/cohort_faults.py checks in full: kills, full disks, closed pipes, canaries.

Each starts processes. What is slow here has a quick test within one process in test_batch.py: a device that is full,
and bad rows whose values are told nowhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cohort_faults
from support import slow


@pytest.mark.parametrize("times", [2, slow(20)])  # twenty runs take a minute
def test_a_killed_run_leaves_no_part_under_the_final_name(times: int, tmp_path: Path) -> None:
    assert cohort_faults.kills(tmp_path, 5_000, times) == []


@pytest.mark.slow  # kills runs over and over; a sample is quick
def test_a_full_disk_is_a_refusal_that_leaves_nothing(tmp_path: Path) -> None:
    assert cohort_faults.disk_full(tmp_path, 5_000, "200k") == []


def test_a_reader_that_goes_away_ends_the_run_quietly(tmp_path: Path) -> None:
    assert cohort_faults.closed_pipe(tmp_path, 1_000) == []


@pytest.mark.slow  # kills runs over and over; a sample is quick
def test_no_cell_of_a_bad_row_reaches_standard_error(tmp_path: Path) -> None:
    assert cohort_faults.canary(tmp_path, 2_000) == []
