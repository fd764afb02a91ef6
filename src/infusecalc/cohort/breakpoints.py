"""A rule that is constant between whole numbers to one sorted list: asked at each break once, looked up by columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import gcd
from typing import Any, Generic, TypeVar

import polars as pl

from infusecalc.arithmetic import least_in_range, least_overfilled, most_in_range
from infusecalc.frozen import Frozen
from infusecalc.infusions import largest_within, least_cover
from infusecalc.output.flat import vials_text
from infusecalc.preparation import cost_of, prepare
from infusecalc.statements import Bags, DrugRules, ProductRules

_WIDE = 1 << 40  # above any amount in 0.01 mg
Rule = TypeVar("Rule")


class Steps(Generic[Rule]):
    """Rules of an amount (0.01 mg), each constant from one of its breaks to the next."""

    def __init__(
        self, breaks: Callable[[Rule, int], Iterable[int]], value: Callable[[Rule, int], tuple[Any, ...]], schema: Any
    ) -> None:
        """Keep where a rule breaks up to an amount, what it gives from there on, and the columns of that."""
        self._breaks, self._value, self._schema = breaks, value, schema
        self._rules: dict[Hashable, tuple[int, Rule]] = {}
        self._reach, self._built = 0, 0
        self._keys, self._values = pl.Series(dtype=pl.Int64), pl.DataFrame(schema=schema)

    def place(self, key: Hashable, rule: Rule) -> int:
        """The number of a rule; equal keys are one rule."""
        return self._rules.setdefault(key, (len(self._rules), rule))[0]

    def look_up(self, places: pl.Series, amounts: pl.Series) -> pl.DataFrame:
        """What each rule, by its place, gives for each amount."""
        most: Any = amounts.max() or 0
        if most > self._reach or self._built < len(self._rules):
            self._build(max(2 * most, self._reach))
        keys = places.cast(pl.Int64) * _WIDE + amounts
        return self._values[self._keys.search_sorted(keys, side="right") - 1] if len(keys) else self._values.clear()

    def _build(self, reach: int) -> None:
        keys, values = [], []
        for place, rule in self._rules.values():
            for point in sorted({0, *self._breaks(rule, reach)}):
                keys.append(place * _WIDE + point)
                values.append(self._value(rule, point))
        self._reach, self._built = reach, len(self._rules)
        self._keys = pl.Series(keys, dtype=pl.Int64)
        self._values = pl.DataFrame(values, schema=self._schema, orient="row")


# --- how a dose is made up ------------------------------------------------------------------------------------


class Makeup(Frozen):
    """A product's vials in a drug's and a site's bags (overfill in 0.01 %), with their prices (0.01) where asked."""

    product: ProductRules
    rules: DrugRules
    bags: Bags
    overfill: int
    asked: int | None
    prices: tuple[tuple[int, int], ...]

    @property
    def key(self) -> Hashable:
        """What decides vials, bags and cost."""
        limits, bag = self.rules.preparation.concentration, self.rules.preparation.bag
        vials = self.product.vials
        return vials.sizes, vials.concentration, bag.usual, limits.from_, limits.to, self.prices


def makeups() -> Steps[Makeup]:
    """Vials, what they hold (0.01 mg), the bag (mL), which side of its range is missed, or just met, cost (0.01)."""
    schema = {
        "vials": pl.String, "opened": pl.Int64, "bag": pl.Int64, "outside": pl.String, "marginal": pl.Boolean,
        "cost": pl.Int64,
    }  # set in rows # fmt: skip
    return Steps(_breaks, _made_up, schema)


def _breaks(makeup: Makeup, most: int) -> Iterable[int]:
    """Vials change behind every multiple of what their sizes have in common; bags at the ends of their ranges."""
    common = gcd(*makeup.product.vials.sizes)
    yield from (number * common + 1 for number in range(most // common + 1))
    limits = makeup.rules.preparation.concentration
    for bag in {*makeup.bags.stocked, makeup.rules.preparation.bag.usual, makeup.asked or 1}:
        if limits.from_ is not None:
            yield least_in_range(bag, limits.from_)
            yield least_overfilled(bag, limits.from_, makeup.overfill)
        for high in (limits.to, makeup.product.vials.concentration):
            yield most_in_range(bag, high) + 1


def _made_up(makeup: Makeup, dose: int) -> tuple[Any, ...]:
    made = prepare(dose, makeup.product, makeup.rules, makeup.bags, makeup.overfill, makeup.asked)
    cost = cost_of(made.vials, dict(makeup.prices))
    return vials_text(made.vials), made.opened, made.bag, made.outside, made.marginal, cost


# --- whole vials nearest to a dose --------------------------------------------------------------------------------


def whole_vials() -> Steps[tuple[int, ...]]:
    """The largest sum of vials within an amount, and the smallest that covers it, both in 0.01 mg."""
    return Steps(_sums, _around, {"within": pl.Int64, "cover": pl.Int64})


def _sums(sizes: tuple[int, ...], most: int) -> Iterable[int]:
    common = gcd(*sizes)
    for multiple in range(0, most + common, common):
        yield from (multiple, multiple + 1)


def _around(sizes: tuple[int, ...], amount: int) -> tuple[int, int]:
    return largest_within(amount, sizes), least_cover(amount, sizes)
