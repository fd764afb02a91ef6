"""Weights and heights by columns to body surface areas, as `bsa.body_surface` gives them for one patient."""

from __future__ import annotations

from typing import Any

import polars as pl

from infusecalc.arithmetic import half_of_root, mosteller_radicand
from infusecalc.bsa import area_of, body_surface

_NEAR = 1e-12  # m2; powers of doubles differ by less between one library and another
_LARGEST = 2_000  # 0.01 m2: above any area of a weight and a height that are taken


def areas(formula: str, weights: pl.Series, heights: pl.Series) -> pl.Series:
    """The BSA in 0.01 m2 of weights (0.01 kg) and heights (0.1 cm), half up; null where either is."""
    sizes = pl.DataFrame({"kg": weights, "cm": heights})
    kg: Any = pl.col("kg")
    cm: Any = pl.col("cm")
    if formula == "mosteller":  # a whole number's root, rounded down, is exact in a double up to 2**52
        radicand: Any = mosteller_radicand(kg, cm)
        root: Any = radicand.cast(pl.Float64).sqrt().floor().cast(pl.Int64)
        return sizes.select(half_of_root(root)).to_series()
    area = sizes.select(area_of(formula, cm / 10, kg / 100, lambda grams: grams.log10())).to_series()
    halves, known = pl.Series([(2 * number - 1) / 200 for number in range(1, _LARGEST)]), area.fill_null(0)
    low, high = (halves.search_sorted(known + off, side="right").cast(pl.Int64) for off in (-_NEAR, _NEAR))
    found = pl.select(pl.when(area.is_not_null()).then(low)).to_series()
    close = (
        (low != high) & area.is_not_null()
    ).arg_true()  # one double more or less would tell: the power of the single patient decides
    one_by_one = [body_surface(formula, kg, cm) for kg, cm in sizes[close].iter_rows()]
    return found.scatter(close, one_by_one) if one_by_one else found
