"""Rejected rows that are read again: which of them nobody can have repaired yet."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

CODE, RAW = "code", "raw"
_UNREAD = ("ragged", "not-json")  # the codes of rows whose cells may stand under the wrong columns
NOT_UTF8 = "not-utf8"
_SPELLED = r"\\x[0-9a-f]{2}"  # how a byte that is not UTF-8 is written out


def still_broken(frame: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """The columns of a cohort with `code` and `raw` of the rows that are as they were rejected, where there are any.

    Such a row did not fit the columns, and its line still stands in `raw` (or, without that column, its `code` says
    so); or one of its cells still has a byte that is no UTF-8, spelled out.
    """
    mine = frame.select(own)
    if CODE not in frame.columns or CODE in mine.columns:
        return mine
    code, raw = (_text(frame, name) for name in (CODE, RAW))
    unfit = raw.is_not_null() if RAW in frame.columns else code.is_in(_UNREAD)
    texts = [name for name, kind in mine.schema.items() if kind == pl.String]
    spelled = mine.select(pl.any_horizontal(pl.lit(value=False), *(pl.col(texts).str.contains(_SPELLED),)))
    broken = unfit | (spelled.to_series() & (code == NOT_UTF8))  # null where neither is known: not broken
    if not broken.any():
        return mine
    kept = pl.DataFrame({CODE: code.fill_null(""), RAW: raw, "broken": broken})
    return mine.with_columns(kept.select(pl.when("broken").then(pl.col(CODE, RAW))))


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column as texts, empty ones null; one that is not there, or holds none, is empty."""
    nothing = pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias(name)
    column = frame[name] if name in frame.columns and frame[name].dtype == pl.String else nothing
    return column.to_frame().select(pl.when(pl.first().str.strip_chars() != "").then(pl.first())).to_series()
