"""Cohorts in the frames of others; skipped where the extra `frames` is not installed."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from importlib.util import find_spec

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from infusecalc import InfusecalcError
from infusecalc.cohort import expand, rejects
from support import START

pytestmark = pytest.mark.skipif(find_spec("duckdb") is None, reason="needs the extra frames")  # .ci/run installs it
FRAME = pl.DataFrame(
    {
        "patient_id": ["1", "2", "3"],
        "drug": ["infliximab", "rituximab", "rituximab"],
        "indication": ["crohns", "gpa", "ra"],
        "weight_kg": [70.0, 70.255, 154.0],
        "height_cm": [None, 175.0, None],
        "start": [dt.date(2026, 12, 1)] * 3,
    }
)


def test_frames_of_others_give_the_same_through_their_arrow_stream() -> None:
    arrow, pandas, duckdb = map(import_module, ("pyarrow", "pandas", "duckdb"))
    wanted = expand(FRAME)
    table_ = arrow.table(FRAME)
    assert_frame_equal(pl.DataFrame(expand(table_)), wanted)
    frame = pandas.DataFrame(FRAME.to_dict(as_series=False))
    pandas.testing.assert_frame_equal(expand(frame), wanted.to_pandas())
    assert_frame_equal(expand(duckdb.sql("select * from table_")), wanted)
    assert arrow.table(wanted).num_rows == wanted.height > len(FRAME)


def test_a_decimal_of_more_digits_than_a_frame_of_ours_holds_is_refused() -> None:
    arrow = import_module("pyarrow")
    long = arrow.table({"weight_kg": arrow.array([70], arrow.decimal256(39, 2))})
    with pytest.raises(InfusecalcError, match="cast it, a decimal of over 38 digits to a double"):
        rejects(long, drug="infliximab", indication="ra", start=START)
