"""Cohorts: the course of one patient for every row of a frame, by columns. Needs the extra `batch`."""

from __future__ import annotations

import importlib.util
from typing import Any, Unpack

from infusecalc.errors import MissingExtra
from infusecalc.options import CohortOptions
from infusecalc.table import Table

if importlib.util.find_spec("polars") is None:
    raise MissingExtra("a cohort", "Polars", "batch")  # pragma: no cover - tested in a process of its own

from infusecalc.cohort.frames import RejectedRows, expand_frame, like, rejects_of

__all__ = ["RejectedRows", "expand", "rejects"]


def expand(
    frame: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Unpack[CohortOptions]
) -> Any:
    """The infusions of every patient of a frame, one a row, in the order of the patients and of their infusions.

    `frame` is a Polars DataFrame or LazyFrame, or anything that hands out an Arrow stream (`__arrow_c_stream__`): a
    pandas DataFrame, a PyArrow table, a DuckDB relation. Its columns are those of `infusecalc batch`: `drug`,
    `indication`, `weight_kg` (kg) or `weight_lb` (lb), `start` (a date), and optionally `patient_id`, `height_cm`
    (cm), `bsa_m2` (m2), `age_years` (years), `label`, `variant`, `product`, and those of an order, `dose`,
    `every`, `has`, `accept`, `protocol`, `from`, `done`. `keep_extra` copies all others, unused, behind the columns of
    the result. `options` are `infusecalc.options.CohortOptions`: those of `make_course` for the whole cohort
    (`for_`, `round_`, `dose`, `has`, ...), `bsa_formula` and `bsa_cap`; `drug`, `indication`, `weight`, `height`,
    `bsa`, `age`, `start`, `label`, `variant` and `product` hold for rows whose cells are empty. `given` and `weights`
    are frames of infusions given (`patient_id`, `date`, `dose_mg` in mg) and of weights over time (`patient_id`,
    `date`, `weight_kg` in kg); a patient of whom one cannot be used is left out. Without `table` it is the shipped one:
    no environment variable and no settings are read.

    Infusions that block are in the result, with their findings in `blocks`, and nothing warns of them. Keep
    `pl.col("blocks").is_null()`, and let somebody decide about the others: they are no plan before that.
    Of a row without a condition in `has` no contraindication was checked, and nothing in the result says so.
    The result has the columns that docs/commands.md lists: numbers as doubles in the unit that
    the name of the column says, whole numbers as integers, dates as dates, ids as texts (7.0 is `7`, NaN is none). It
    is of the kind that was given: a Polars LazyFrame or DataFrame, a pandas DataFrame, a PyArrow table; for others a
    Polars DataFrame.
    Rows that cannot be used are left out, with a RejectedRows warning; `rejects` lists them with their reasons. A row
    of empty cells is no patient.

    Every row is what `make_course` gives for that patient: the values and formulas are the same, each with its source
    in the table. Raises BadInput for columns that are missing, unknown or of another type, and for options;
    MissingExtra where a frame needs PyArrow.
    """
    return like(expand_frame(frame, table, {**options}, keep_extra=keep_extra), frame)


def rejects(
    frame: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Unpack[CohortOptions]
) -> Any:
    """The rows of a frame that cannot be used: their own columns as texts, then `row`, `column`, `code` and `reason`.

    With `given` or `weights` the lines of these that cannot be used are there too, and a column `file` before `row`
    says which is which: `cohort`, `given` or `weights`. There is no `raw`, as `infusecalc batch` has it: a frame is
    never ragged.

    Takes what `expand` takes: give it the same arguments, or it misses rows. Raises what `expand` raises, and gives a
    frame of the kind that was given, never a lazy one. Rows count from 1. `reason` names columns and limits,
    and no value of the row.
    """
    return like(rejects_of(frame, table, {**options}, keep_extra=keep_extra), frame)
