"""Every formula once, over whole numbers and over columns of whole numbers alike: one patient and a cohort share it.

The integers count as in `quantities`: weight in 0.01 kg, height in 0.1 cm, BSA in 0.01 m2, a factor in 0.001 of its
basis, drug and vials in 0.01 mg, a concentrate and limits of concentration in 0.001 mg/mL, bags in mL, percentages in
0.01 %, ages in completed months, money in 0.01. A column (a Polars expression) comes in as `Any`. So there are only
`+ - * //`, comparisons, `&` and `|` here, and nobody calls round(), which goes half to even. `where` and what is made
of it are all the difference between a number and a column.
"""

from __future__ import annotations

from typing import Any

WHOLE = 10_000  # 100 % in 0.01 %
ONE = 100  # the size that a dose in mg is multiplied by: its factor stays as it is
POUND = 45_359_237  # 0.01 mg: exact by international agreement (1959)
_YEAR = 12  # months


# --- numbers and columns ----------------------------------------------------------------------------------


def where(condition: Any, one: int, other: int) -> int:
    """One of two values by a condition, row by row in columns; the other one where it is not known."""
    if isinstance(condition, bool):
        return one if condition else other
    import polars as pl  # noqa: PLC0415 - who brings a column has it loaded

    column: Any = pl.when(condition).then(one).otherwise(other)
    return column  # type: ignore[no-any-return]  # a column stands for a number here


def at_most(value: int, most: int) -> int:
    """A value, or the most where it passes that."""
    return where(value > most, most, value)


def at_least(value: int, least: int) -> int:
    """A value, or the least where it is under that."""
    return where(value < least, least, value)


# --- named rounding ---------------------------------------------------------------------------------------


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative integers as the nearest integer; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def half_down(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative integers as the nearest integer; a half goes down."""
    return (2 * numerator + denominator - 1) // (2 * denominator)


def ceil_div(numerator: int, denominator: int) -> int:
    """The quotient of two integers, rounded up."""
    return -(-numerator // denominator)


def tenths_of_percent(change: int, whole: int) -> int:
    """The size of a change in 0.1 % of a whole, half away from zero."""
    return half_up(abs(change) * 1000, whole)


def within(change: int, share: int, whole: int) -> bool:
    """Whether a change, up or down, is at most a share (0.01 %) of a whole, exactly."""
    return abs(change) * WHOLE <= share * whole


def moved(change: int, share: int, whole: int) -> bool:
    """Whether a change, up or down, is at least a share (0.01 %) of a whole, exactly."""
    return abs(change) * WHOLE >= share * whole


def outside(value: int, low: int, high: int) -> bool:
    """Whether a value is outside a closed range."""
    return (value < low) | (value > high)


# --- the patient ------------------------------------------------------------------------------------------


def pounds(weight: int) -> int:
    """A weight in 0.1 lb, half up."""
    return half_up(weight * 10_000_000, POUND)


def read_as_pounds(weight: int) -> int:
    """What a weight would be had its number been pounds; half up."""
    return half_up(weight * POUND, 100_000_000)


def weight_of_pounds(pounds_: int, one: int) -> int:
    """The weight of so many pounds, `one` of which count as one pound; half up."""
    return half_up(pounds_ * POUND, one * 1_000_000)


def bmi(weight: int, height: int) -> int:
    """The body mass index in 0.1 kg/m2, half up."""
    return half_up(weight * 100_000, height * height)


def bmi_at_least(weight: int, height: int, limit: int) -> bool:
    """Whether the body mass index is at least `limit` kg/m2, exactly."""
    return weight * 10_000 >= limit * height * height


def bmi_at_most(weight: int, height: int, limit: int) -> bool:
    """Whether the body mass index is at most `limit` kg/m2, exactly."""
    return weight * 10_000 <= limit * height * height


def bmi_within(weight: int, height: int, low: int, high: int) -> bool:
    """Whether the body mass index lies in a closed range (kg/m2), exactly."""
    return bmi_at_least(weight, height, low) & bmi_at_most(weight, height, high)


def bmi_unusual(weight: int, height: int, to: int, from_: int) -> bool:
    """Whether the body mass index is up to one limit or from another one on (kg/m2), exactly."""
    return bmi_at_most(weight, height, to) | bmi_at_least(weight, height, from_)


def mosteller_radicand(weight: int, height: int) -> int:
    """The whole number whose root, rounded down, is twice the area of Mosteller's formula; see `half_of_root`."""
    return height * weight // 90


def half_of_root(root: int) -> int:
    """The area by Mosteller, half up, from the root of its radicand, which was rounded down."""
    return (root + 1) // 2


def hundredths_of_years(months: int) -> int:
    """An age in 0.01 years, half up."""
    return half_up(months * 100, _YEAR)


def years_and_months(months: int) -> tuple[int, int]:
    """Months as whole years and the months beyond them."""
    return months // _YEAR, months % _YEAR


def months_begun(start: tuple[int, int, int], last: tuple[int, int, int]) -> int:
    """The calendar months from one day (year, month, day) to a later one, of which the last need not be complete."""
    return (last[0] - start[0]) * _YEAR + last[1] - start[1] + where(last[2] > start[2], 1, 0)


def too_young(months: int, low: int) -> bool:
    """Whether an age is under the youngest of a regimen."""
    return months < low


def too_old(months: int, under: int) -> bool:
    """Whether an age is beyond a regimen's, whose end is exclusive."""
    return months >= under


def may_cross(months: int, slack: int, begun: int, limit: int) -> bool:
    """Whether an age that is known to `slack` months may pass a limit in a course in which so many months begin."""
    return (months < limit) & (months + slack + begun > limit)


def past(size: int, end: int, *, included: bool) -> bool:
    """Whether a size is past the end of a band, which the band includes or not."""
    return size > end if included else size >= end


# --- the dose ---------------------------------------------------------------------------------------------


def dose_of(factor: int, size: int) -> int:
    """A dose without its cap: factor x weight, x BSA, or x `ONE` for a dose in mg, half up."""
    return half_up(factor * size, 1000)


def comes_to_nothing(dose: int) -> bool:
    """Whether a dose comes to less than 0.01 mg."""
    return dose < 1


def to_step(exact: int, step: int) -> int:
    """The multiple of a step that is nearest to a dose; a tie goes to the lower one."""
    return half_down(exact, step) * step


def nearer(exact: int, low: int, high: int) -> int:
    """Which of two sums of vials around a dose is nearer to it; a tie goes to the lower one."""
    return where(exact - low <= high - exact, low, high)


def rounded(exact: int, nearest: int, share: int) -> int:
    """The nearest dose, if it changes the exact one by at most a share (0.01 %) and leaves something; else that."""
    return where((nearest > 0) & within(nearest - exact, share, exact), nearest, exact)


def rounding_applied(exact: int, dose: int) -> bool:
    """Whether rounding changed the dose."""
    return dose != exact


def rounding_refused(exact: int, dose: int, nearest: int) -> bool:
    """Whether rounding was asked for, and would have changed the dose by too much."""
    return (dose == exact) & (nearest != exact)


def above(value: int, limit: int) -> bool:
    """Whether a value is above a limit: a dose, or an area above its cap."""
    return value > limit


def hundredths_of_minutes(minutes: int) -> int:
    """Minutes in 0.01 min, as times count."""
    return minutes * 100


def rate_of(dose: int, time: int) -> int:
    """The rate at which a dose goes in evenly over a time (0.01 min), in 0.01 mg/h, half up."""
    return half_up(dose * 6_000, time)


def hours_after(days: int, time: int) -> int:
    """So many days and a time (0.01 min), in 0.0001 h, half up."""
    return days * 240_000 + half_up(time * 5, 3)


def chair_time(time: int, beside: int) -> int:
    """The time in the chair: that of the infusion, and what there is beside it."""
    return time + beside


def too_quick(time: int, least: int) -> bool:
    """Whether a time is under the least one."""
    return time < least


# --- how it is made up ------------------------------------------------------------------------------------


def drug_volume(dose: int, strength: int, parts: int = 10) -> int:
    """The volume of a dose in a concentrate in so many parts of a mL, half up."""
    return half_up(dose * (10 * parts), strength)


def concentration(dose: int, bag: int) -> int:
    """The concentration of a dose in a bag in 0.01 mg/mL, half up."""
    return half_up(dose, bag)


def passes_bag(dose: int, strength: int, bag: int) -> bool:
    """Whether a dose takes up more of a concentrate than a bag holds, unrounded."""
    return dose * 10 > strength * bag


def too_thin(dose: int, bag: int, low: int) -> bool:
    """Whether a dose in a bag is under the least concentration, unrounded."""
    return dose * 10 < low * bag


def too_thin_overfilled(dose: int, bag: int, low: int, more: int) -> bool:
    """Whether a dose is under the least concentration in a bag that holds more than it says by a share (0.01 %)."""
    return dose * 10 * WHOLE < low * bag * (WHOLE + more)


def too_strong(dose: int, bag: int, high: int) -> bool:
    """Whether a dose in a bag is over the largest concentration, unrounded."""
    return dose * 10 > high * bag


def least_in_range(bag: int, low: int) -> int:
    """The least dose that is not too thin in a bag."""
    return ceil_div(low * bag, 10)


def least_overfilled(bag: int, low: int, more: int) -> int:
    """The least dose that is not too thin in a bag that holds more than it says by a share (0.01 %)."""
    return ceil_div(low * bag * (WHOLE + more), 10 * WHOLE)


def most_in_range(bag: int, high: int) -> int:
    """The largest dose that is not too strong in a bag, or that a bag holds."""
    return high * bag // 10


def waste(opened: int, dose: int) -> int:
    """What is left of the opened vials."""
    return opened - dose


def billing_units(dose: int, unit: int) -> int:
    """The billing units of a dose, rounded up."""
    return ceil_div(dose, unit)


def wasted_units(opened: int, units: int, unit: int) -> int:
    """The whole billing units that are discarded."""
    return at_least((opened - units * unit) // unit, 0)


def waste_below_unit(left: int, wasted: int) -> bool:
    """Whether something is discarded, and makes no whole billing unit."""
    return (left > 0) & (wasted == 0)


def share_of_cost(cost: int, left: int, opened: int) -> int:
    """What the waste costs: its share of what the opened vials cost, half up."""
    return half_up(cost * left, opened)
