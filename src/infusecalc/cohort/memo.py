"""Combinations of cells to what was worked out for them in Python: each once, then looked up by columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

_MOST = 500_000
"""Combinations that are kept; beyond that, what is known is forgotten, and worked out again where it is met."""


class Known:
    """What some work gives for combinations of columns, kept from chunk to chunk."""

    def __init__(self, on: Sequence[str], gives: dict[str, Any], work: Callable[..., tuple[Any, ...]]) -> None:
        """`work` takes the cells of a combination, and of the columns beside it; it gives the columns of `gives`."""
        self._on, self._gives, self._work = list(on), gives, work
        self._found: pl.DataFrame | None = None

    def look_up(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What is known for every row of a frame, which has the columns that it hangs on first, others beside them."""
        if self._found is not None and self._found.height > _MOST:
            self._found = None
        if self._found is None:
            self._add(frame)
        found = self._joined(frame)
        unmet = found["met"].is_null()
        if unmet.any():
            self._add(frame.filter(unmet))
            found = self._joined(frame)
        return found.drop("met")

    def _joined(self, frame: pl.DataFrame) -> pl.DataFrame:
        keys = frame.select(self._on)
        known: Any = self._found
        return keys.join(known, on=self._on, how="left", nulls_equal=True, maintain_order="left").drop(self._on)

    def _add(self, frame: pl.DataFrame) -> None:
        new = frame.unique(self._on, keep="any")
        rows = [self._work(*row) for row in new.iter_rows()]
        gives = pl.DataFrame(rows, schema=self._gives, orient="row").with_columns(met=pl.lit(value=True))
        found = pl.concat([new.select(self._on), gives], how="horizontal")
        self._found = found if self._found is None else pl.concat([self._found, found])
