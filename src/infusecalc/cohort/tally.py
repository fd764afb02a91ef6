"""What a cohort adds up to: rows, infusions, mg, vials, findings by code; and what to order by period where asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta

import polars as pl

from infusecalc.arithmetic import share_of_cost
from infusecalc.choices import Acceptance
from infusecalc.cohort.lookup_tables import Events
from infusecalc.course import Course
from infusecalc.errors import UnknownName
from infusecalc.findings import Finding, block_keys, carries
from infusecalc.output.flat import vials_text
from infusecalc.output.totals_answer import PERIODS, Row, TotalsAnswer
from infusecalc.phase_dose import Infusion
from infusecalc.preparation import cost_of

_TIMES = (("dose", pl.col("needed")), ("dose", pl.col("blocked")), ("waste", pl.col("needed")))
"""What the infusions of a stretch come to, times how many."""
_STEPS = {"day": "1d", "week": "1w", "month": "1mo"}


class Tally:
    """Sums over a cohort as it goes by.

    An infusion that was given already, or is given only if needed, is in no sum but its own count.
    """

    def __init__(self, events: Events) -> None:
        """Begin with nothing."""
        self._events = events
        self.planned = self.infusions = self.needed = self.given = self.rejected = 0
        self.lines = 0
        """Lines about patients that were rejected."""
        self.without_given = 0
        """Rows planned of which nothing was given."""
        self.has = bool(events.compiler.choices.conditions)
        """Whether a row has a condition."""
        self.cost = 0  # 0.01
        self.unpriced = 0
        """Infusions of which the cost is not known."""
        self.blocked = False
        self.by: str | None = None
        """The period for which sums are kept: `day`, `week` or `month`."""
        self.periods: dict[tuple[date, str], list[int]] = {}
        """What is to be ordered: sums by the first day of a period and by product, as `Row` has them."""
        self.findings: Counter[str] = Counter()
        self.blocks: Counter[str] = Counter()
        """Infusions by finding: all, and those that block."""
        self.vials: Counter[tuple[str, str]] = Counter()
        """Combinations of vials, by product."""
        self.products: dict[str, list[int]] = {}
        """Of each product: infusions, those that block, dose, dose of those, and waste, in 0.01 mg."""
        self.accepted: Counter[tuple[str, str | None, str | None]] = Counter()
        """The blocks that were accepted, each with its infusions: code, detail and reason."""
        self.ordered: Counter[tuple[date, str, str]] = Counter()
        """The same, by the first day of a period and by product."""

    def opened(self, product: str) -> dict[str, int]:
        """All vials of a product by size in mg, the largest first."""
        return _by_size((vials, count) for (name, vials), count in self.vials.items() if name == product)

    def agreed(self) -> Counter[str]:
        """Infusions by block that was accepted, whatever the reason was."""
        found: Counter[str] = Counter()
        for (code, detail, _), count in self.accepted.items():
            found[f"{code}:{detail}" if detail else code] += count
        return found

    def unmet(self) -> list[Acceptance]:
        """What is accepted for the whole cohort, and blocks in no row."""
        return [each for each in self._events.compiler.choices.acceptances if not self._is_met(each)]

    def _is_met(self, acceptance: Acceptance) -> bool:
        details, table = {acceptance.detail}, self._events.compiler.table
        with suppress(UnknownName):
            named = table.find_condition(acceptance.detail or "")
            details.add(table.get("conditions", named).read_as or named)
        return any(
            (code, reason) == (acceptance.code, acceptance.reason) and (acceptance.detail is None or detail in details)
            for code, detail, reason in self.accepted
        )

    def add(self, stretches: pl.DataFrame) -> None:
        """Add a chunk: its stretches with their patients, variants, doses and vials."""
        rows = stretches["place"].n_unique()
        self.planned, self.without_given = self.planned + rows, self.without_given + rows
        for variant, count in stretches["variant"].value_counts().iter_rows():
            self.infusions += count * len(self._events.codes[variant])
            for codes in self._events.codes[variant]:
                self.blocked |= bool(codes.blocks)
                for each in dict.fromkeys(codes.accepted):
                    self.accepted[each] += count
                for key in codes.keys:
                    self.findings[key] += count
                for key in codes.blocks:
                    self.blocks[key] += count
        needed = self._events.needed[stretches["variant"]]
        kept = stretches.select("start", "dose", "waste", "vials", "cost", "time", "chair", _waste_cost(stretches))
        whole = pl.concat([kept, needed], how="horizontal")
        if self._events.compiler.choices.prices:
            counted = (pl.col("cost"), pl.col("cost").is_null().cast(pl.Int64).alias("unpriced"))
            cost, missing = whole.select((each * pl.col("needed")).sum() for each in counted).row(0)
            self.cost, self.unpriced = self.cost + cost, self.unpriced + missing
        self.needed += int(whole["needed"].sum())
        self._add_vials(whole)

    def add_courses(self, courses: Iterable[Course]) -> None:
        """Add courses that were planned one by one."""
        for course in courses:
            self.planned += 1
            self.without_given += not course.choices.history
            self.has |= bool(course.choices.conditions)
            self.accepted.update(dict.fromkeys(_accepted(course.findings), 0))
            self.blocked |= course.blocked
            shown = {infusion.planned.number for infusion in course.infusions}
            for infusion in course.infusions:
                self._add_infusion(course, infusion, shown)

    def _add_infusion(self, course: Course, infusion: Infusion, shown: set[int]) -> None:
        self.infusions += 1
        number, made_up = infusion.planned.number, infusion.dose.preparation
        found = [each for each in course.findings if carries((number,), each.infusions, shown)]
        blocks = block_keys(found)
        self.findings.update(dict.fromkeys((each.key for each in found), 1))
        self.blocks.update(dict.fromkeys(blocks, 1))
        self.accepted.update(dict.fromkeys(_accepted(found), 1))
        if infusion.planned.optional:
            return
        if infusion.planned.given:  # what was given is ordered no more
            self.given += 1
            return
        self.needed += 1
        dose, stops = infusion.dose.amount.dose, bool(blocks)
        self._add_product(course.product_name, (1, stops, dose, stops * dose, made_up.waste))
        self.vials[course.product_name, vials_text(made_up.vials)] += 1
        spent = wasted = None
        if course.choices.prices:
            spent = cost_of(made_up.vials, dict(course.case.prices))
            wasted = None if spent is None else share_of_cost(spent, made_up.waste, made_up.opened)
            self.cost, self.unpriced = self.cost + (spent or 0), self.unpriced + (spent is None)
        if self.by:
            first, product = first_day(infusion.planned.date, self.by), course.product_name
            self.ordered[first, product, vials_text(made_up.vials)] += 1
            times = infusion.time, course.chair.time(infusion.time)
            sums = (dose, made_up.waste, *times, spent, wasted, stops, stops * dose)
            self._add_period(first, product, [1, *(each or 0 for each in sums), times[0] is None, spent is None])

    def _add_vials(self, whole: pl.DataFrame) -> None:
        """Count combinations of vials; with all other sums by period and product where that is asked."""
        needed, blocked = pl.col("needed"), pl.col("blocked")
        made = (needed, blocked, *(pl.col(one) * many for one, many in _TIMES))
        named = (each.sum().alias(str(place)) for place, each in enumerate(made))
        for product, vials, *found in whole.group_by("product", "vials").agg(*named).iter_rows():
            self.vials[product, vials] += found[0]
            self._add_product(product, found)
        if not self.by:
            return
        dated = whole.filter(pl.col("needed") > 0).explode("days", "stops")
        day = pl.col("start") + pl.duration(days=pl.col("days"))
        dated = dated.with_columns(first=day.dt.truncate(_STEPS[self.by]), stopped=pl.col("stops") * pl.col("dose"))
        for first, name, vials, count in dated.group_by("first", "product", "vials").len().iter_rows():
            self.ordered[first, name, vials] += count
        summed = "dose", "waste", "time", "chair", "cost", "waste_cost", "stops", "stopped"
        sums = (pl.col(name).sum() for name in summed)
        missing = (pl.col(name).null_count().alias(f"no_{name}") for name in ("time", "cost"))
        for first, name, *found in dated.group_by("first", "product").agg(pl.len(), *sums, *missing).iter_rows():
            self._add_period(first, name, found)

    def _add_product(self, product: str, found: Sequence[int]) -> None:
        known = self.products.setdefault(product, [0] * len(found))
        self.products[product] = [one + other for one, other in zip(known, found, strict=True)]

    def _add_period(self, first: date, product: str, found: list[int]) -> None:
        known = self.periods.setdefault((first, product), [0] * len(found))
        self.periods[first, product] = [one + other for one, other in zip(known, found, strict=True)]


def _accepted(findings: Iterable[Finding]) -> Iterator[tuple[str, str | None, str | None]]:
    """The blocks among findings that were accepted."""
    return ((each.code, each.detail, each.reason) for each in findings if each.accepted)


def first_day(day: date, by: str) -> date:
    """The first day of the period in which a day lies; weeks begin on Monday."""
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[by]


def _waste_cost(stretches: pl.DataFrame) -> pl.Expr:
    """What the waste costs; not known without prices."""
    known = "waste_cost" in stretches.columns
    return pl.col("waste_cost") if known else pl.lit(None, dtype=pl.Int64).alias("waste_cost")


def _by_size(combinations: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Vials by size in mg, the largest first, from combinations and how often each is opened."""
    found: Counter[str] = Counter()
    for combination, times in combinations:
        for part in combination.split("+"):
            count, size = part.split("x")
            found[size] += int(count) * times
    return dict(sorted(found.items(), key=lambda each: -float(each[0])))


def totals_of(tally: Tally, *, priced: bool, version: str) -> TotalsAnswer:
    """What to order, by the periods for which sums were kept."""
    whole: dict[str, list[int]] = {}
    vials: dict[tuple[date | None, str], list[tuple[str, int]]] = {}
    for (_, product), found in sorted(tally.periods.items()):
        known = whole.setdefault(product, [0] * len(found))
        whole[product] = [one + other for one, other in zip(known, found, strict=True)]
    for (first, product, combination), times in tally.ordered.items():
        for period in (first, None):
            vials.setdefault((period, product), []).append((combination, times))
    keyed: list[tuple[date | None, str, list[int]]] = [(*key, found) for key, found in sorted(tally.periods.items())]
    keyed += [(None, product, found) for product, found in whole.items()]
    rows = [
        Row(first, product, tuple(_by_size(vials[first, product]).items()), *found) for first, product, found in keyed
    ]
    return TotalsAnswer(tally.by or PERIODS[0], rows, priced=priced, version=version)
