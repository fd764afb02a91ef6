"""The exact dose of one infusion to its amount: as it is, or rounded where asked, to steps or to whole vials."""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm

from infusecalc.arithmetic import (
    ceil_div,
    nearer,
    rounded,
    rounding_applied,
    rounding_refused,
    to_step,
)
from infusecalc.choices import Rounding
from infusecalc.frozen import Frozen
from infusecalc.quantities import decisive


class Amount(Frozen):
    """The dose of one infusion in 0.01 mg: exact, as given, and what rounding would have made of it."""

    exact: int
    dose: int
    nearest: int

    @property
    def applied(self) -> bool:
        """Whether rounding changed the dose."""
        return rounding_applied(self.exact, self.dose)

    @property
    def refused(self) -> bool:
        """Whether rounding was asked for, and would have changed the dose by too much."""
        return rounding_refused(self.exact, self.dose, self.nearest)

    def change(self, within: int) -> str:
        """The difference of the rounded from the exact dose, with the digits that show its side of a limit: `+10 %`."""
        size = decisive(abs(self.nearest - self.exact) * 100, self.exact, [(within, 100)])
        sign = "" if size == "0" else "+" if self.nearest > self.exact else "-"
        return f"{sign}{size} %"


def round_dose(exact: int, rounding: Rounding, within: int, sizes: tuple[int, ...]) -> Amount:
    """The exact dose (0.01 mg) rounded to a step or to whole vials, if that changes it by at most `within` (0.01 %).

    A tie goes to the lower dose; a dose is never rounded to nothing.
    """
    nearest = exact
    if rounding.step:
        nearest = to_step(exact, rounding.step)
    elif rounding.vials:
        nearest = nearer(exact, largest_within(exact, sizes), least_cover(exact, sizes))
    return Amount(exact, rounded(exact, nearest, within), nearest)


# --- sums of vials ------------------------------------------------------------------------------------


def fills(amount: int, sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Counts of each size that together cover an amount, among them every one with the least waste.

    The last size fills up what the others leave. Smaller vials never need to make up a common multiple
    with a larger one, because the larger vial does it with fewer: so few counts of it need trying.
    """
    first, *rest = sizes
    most = ceil_div(amount, first)
    if not rest:
        yield (most,)
        return
    spare = sum(lcm(first, size) for size in rest)
    for number in range(max(0, (amount - spare) // first), most + 1):
        for others in fills(max(0, amount - number * first), tuple(rest)):
            yield (number, *others)


def total(counts: tuple[int, ...], sizes: tuple[int, ...]) -> int:
    """What a number of vials of each size hold together."""
    return sum(number * size for number, size in zip(counts, sizes, strict=True))


def least_cover(amount: int, sizes: tuple[int, ...]) -> int:
    """The smallest sum of whole vials that covers an amount."""
    return min(total(counts, sizes) for counts in fills(amount, sizes))


def largest_within(amount: int, sizes: tuple[int, ...]) -> int:
    """The largest sum of whole vials that does not pass an amount."""
    first, *rest = sizes
    if not rest:
        return amount // first * first
    spare = sum(lcm(first, size) for size in rest)
    numbers = range(max(0, (amount - spare) // first), amount // first + 1)
    return max(number * first + largest_within(amount - number * first, tuple(rest)) for number in numbers)
