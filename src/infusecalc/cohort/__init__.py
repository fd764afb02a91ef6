"""Cohorts: the course of one patient for every row of a frame, by columns. Needs the extra `infusecalc[batch]`."""

from __future__ import annotations

import importlib.util
from typing import Any

from infusecalc.errors import MissingExtra
from infusecalc.table import Table

if importlib.util.find_spec("polars") is None:
    raise MissingExtra("a cohort", "Polars", "batch")  # pragma: no cover - tested in a process of its own

from infusecalc.cohort.frames import RejectedRows, expand_frame, rejects_of

__all__ = ["RejectedRows", "expand", "rejects"]


def expand(frame: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The infusions of every patient of a frame, one a row, in the order of the patients and of their infusions.

    `frame` is a Polars DataFrame or LazyFrame, or anything that hands out an Arrow stream (`__arrow_c_stream__`): a
    pandas DataFrame, a PyArrow table, a DuckDB relation. Its columns are those of `infusecalc batch`: `drug`,
    `indication`, `weight_kg` (kg) or `weight_lb` (lb), `start` (a date), and optionally `patient_id`, `height_cm`
    (cm), `bsa_m2` (m2), `age_years` (years), `label`, `variant`, `product`. `keep_extra` keeps all others behind the
    columns of the result. `options` are those of `infusecalc.make_course` for the whole cohort (`for_`, `round_`,
    `dose`, `has`, ...), `bsa_formula` and `bsa_cap`; `drug`, `indication`, `weight`, `height`, `bsa`, `age`, `start`,
    `label`, `variant` and `product` hold for rows whose cells are empty.

    The result has the columns of the CSV of `infusecalc schedule`: numbers as doubles in the unit that the name of the
    column says, whole numbers as integers, dates as dates, ids as texts (7.0 is `7`, NaN is none). It is a LazyFrame
    where a LazyFrame was given, else a DataFrame. Rows that cannot be used are left out, with a RejectedRows warning;
    `rejects` lists them with their reasons. A row in which nothing stands is no patient. Raises
    BadInput for columns that are missing, unknown or of another type, and for options.
    """
    return expand_frame(frame, table, options, keep_extra=keep_extra)


def rejects(frame: Any, *, table: Table | None = None, keep_extra: bool = False, **options: Any) -> Any:
    """The rows of a frame that cannot be used: their own columns as texts, then `row`, `column`, `code` and `reason`.

    Takes what `expand` takes, and raises what it raises. Rows count from 1.
    """
    return rejects_of(frame, table, options, keep_extra=keep_extra)
