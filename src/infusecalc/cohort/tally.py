"""What a cohort adds up to: rows, infusions, mg, vials, findings by code; and vials by month where asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import polars as pl

from infusecalc.cohort.lookup_tables import Events
from infusecalc.course import Course
from infusecalc.findings import carries
from infusecalc.output.flat import vials_text
from infusecalc.phase_dose import Infusion
from infusecalc.preparation import cost_of


class Tally:
    """Sums over a cohort as it goes by. An infusion that is given only if needed is in no sum but its own count."""

    def __init__(self, events: Events) -> None:
        """Begin with nothing."""
        self._events = events
        self.planned = self.infusions = self.needed = self.rejected = 0
        self.lines = 0
        """Lines about patients that were rejected."""
        self.dose = self.waste = 0  # 0.01 mg
        self.cost = 0  # 0.01
        self.unpriced = 0
        """Infusions of which the cost is not known."""
        self.blocked = False
        self.by_month = False
        self.findings: Counter[str] = Counter()
        self.vials: Counter[tuple[str, str]] = Counter()
        """Combinations of vials by month, the month empty unless `by_month`."""

    @property
    def months(self) -> list[str]:
        """The months that have infusions, in order."""
        return sorted({month for month, _ in self.vials})

    def vials_of(self, month: str | None) -> dict[str, int]:
        """The vials of a month, or of all, by size in mg, the largest first."""
        found: Counter[str] = Counter()
        for (name, combination), times in self.vials.items():
            if month in (None, name):
                for part in combination.split("+"):
                    count, size = part.split("x")
                    found[size] += int(count) * times
        return dict(sorted(found.items(), key=lambda each: -float(each[0])))

    def add(self, stretches: pl.DataFrame) -> None:
        """Add a chunk: its stretches with their patients, variants, doses and vials."""
        self.planned += stretches["place"].n_unique()
        for variant, count in stretches["variant"].value_counts().iter_rows():
            self.infusions += count * len(self._events.codes[variant])
            for codes in self._events.codes[variant]:
                self.blocked |= codes.blocked
                for key in codes.keys:
                    self.findings[key] += count
        needed = self._events.needed[stretches["variant"]].rename({"days": "day"})
        kept = stretches.select("start", "dose", "waste", "vials", "cost")
        whole = pl.concat([kept, needed], how="horizontal")
        counted = (*map(pl.col, ("dose", "waste", "cost")), pl.col("cost").is_null().cast(pl.Int64).alias("unpriced"))
        dose, waste, cost, missing = whole.select((each * pl.col("needed")).sum() for each in counted).row(0)
        self.dose, self.waste, self.cost = self.dose + dose, self.waste + waste, self.cost + cost
        self.unpriced += missing if self._events.compiler.choices.prices else 0
        self.needed += int(whole["needed"].sum())
        self._add_vials(whole)

    def add_courses(self, courses: Iterable[Course]) -> None:
        """Add courses that were planned one by one."""
        for course in courses:
            self.planned += 1
            self.blocked |= course.blocked
            shown = {infusion.planned.number for infusion in course.infusions}
            for infusion in course.infusions:
                self._add_infusion(course, infusion, shown)

    def _add_infusion(self, course: Course, infusion: Infusion, shown: set[int]) -> None:
        self.infusions += 1
        number, made_up = infusion.planned.number, infusion.dose.preparation
        found = (finding.key for finding in course.findings if carries((number,), finding.infusions, shown))
        for key in dict.fromkeys(found):
            self.findings[key] += 1
        if infusion.planned.optional:
            return
        self.needed += 1
        self.dose += infusion.dose.amount.dose
        self.waste += made_up.waste
        month = str(infusion.planned.date)[:7] if self.by_month else ""
        self.vials[month, vials_text(made_up.vials)] += 1
        if course.choices.prices:
            spent = cost_of(made_up.vials, dict(course.case.prices))
            self.cost, self.unpriced = self.cost + (spent or 0), self.unpriced + (spent is None)

    def _add_vials(self, whole: pl.DataFrame) -> None:
        """Count combinations of vials, by month where that is asked."""
        if not self.by_month:
            for vials, count in whole.group_by("vials").agg(pl.col("needed").sum()).iter_rows():
                self.vials["", vials] += count
            return
        dated = whole.filter(pl.col("needed") > 0).explode("day")
        month = (pl.col("start") + pl.duration(days=pl.col("day"))).dt.strftime("%Y-%m").alias("month")
        for name, vials, count in dated.group_by(month, "vials").len().iter_rows():
            self.vials[name, vials] += count
