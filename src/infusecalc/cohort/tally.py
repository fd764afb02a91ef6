"""What a cohort adds up to: patients, infusions, mg, vials, findings by code; and vials by month where asked."""

from __future__ import annotations

from collections import Counter

import polars as pl

from infusecalc.cohort.events import Events


class Tally:
    """Sums over a cohort as it goes by. An infusion that is given only if needed is in no sum but its own count."""

    def __init__(self, events: Events) -> None:
        """Begin with nothing."""
        self._events = events
        self.patients = self.infusions = self.optional = self.rejected = 0
        self.dose = self.waste = 0  # 0.01 mg
        self.cost = 0  # 0.01
        self.blocked = False
        self.by_month = False
        self.findings: Counter[str] = Counter()
        self.vials: Counter[tuple[str, str]] = Counter()
        """Combinations of vials by month, the month empty unless `by_month`."""
        self._optional: list[int] = []

    def add(self, run: pl.DataFrame, variants: pl.Series, infusions: pl.DataFrame, patients: int) -> None:
        """Add a chunk: its stretches with their variants, and its infusions."""
        self.patients += patients
        self.infusions += infusions.height
        for variant, count in variants.value_counts().iter_rows():
            for codes in self._events.codes[variant]:
                self.blocked |= codes.blocked
                for key in codes.keys:
                    self.findings[key] += count
        needed = infusions.filter(~pl.col("optional"))
        self.optional += infusions.height - needed.height
        sums = needed.select(pl.col("dose").sum(), pl.col("waste").sum()).row(0)
        self.dose, self.waste = self.dose + sums[0], self.waste + sums[1]
        if "cost" in needed.columns:
            self.cost += int(needed["cost"].sum())
        month = (
            (pl.col("start") + pl.duration(days=pl.col("day"))).dt.strftime("%Y-%m") if self.by_month else pl.lit("")
        )
        for name, vials, count in needed.group_by(month.alias("month"), "vials").len().iter_rows():
            self.vials[name, vials] += count
