"""Whole numbers by columns to doubles."""

from __future__ import annotations

import polars as pl


def divided(whole: pl.Expr, one: int) -> pl.Expr:
    """Whole numbers divided by a number, each as the nearest double: 163 by 100 is 1.63.

    Polars divides by a single number as it multiplies with its inverse, and that is 1.6300000000000001; so the divisor
    is made a column.
    """
    return whole.cast(pl.Float64) / (whole * 0 + one).cast(pl.Float64)
