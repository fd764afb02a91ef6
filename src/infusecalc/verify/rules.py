"""The rules of a dose in decimal arithmetic, written a second time: nothing here comes from the engine.

Everything is in mg, kg, m2, mL and mg/mL. Rounding is half up, at the place that each rule names.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from math import gcd
from typing import Any

_EXACT = Context(prec=60)
_CENT, _NEAR = Decimal("0.01"), Decimal("1e-9")
_MOST_UNITS = 200_000  # of the common measure of the vials: what is above takes too long to try
ROUNDING_STEPS = {f"{step}mg": Decimal(step) for step in (1, 5, 10, 50, 100)}


def exact(value: Any) -> Decimal:
    """A number of data as it is written."""
    return Decimal(str(value))


def as_data(value: Decimal | None) -> int | float | None:
    """A decimal as JSON has it: a whole number without a point."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def half_up_to(value: Decimal, place: str) -> Decimal:
    """A value rounded half up, away from zero, at a place as in `0.01`."""
    return value.quantize(Decimal(place), ROUND_HALF_UP, _EXACT)


def divided(one: Decimal, other: Decimal) -> Decimal:
    """A quotient with far more digits than any that is shown; a tie is exact in it."""
    return _EXACT.divide(one, other)


# --- body surface area ------------------------------------------------------------------------------------


def _mosteller(cm: Decimal, kg: Decimal) -> Decimal:
    return _EXACT.sqrt(divided(cm * kg, Decimal(3600)))


def _boyd(cm: Decimal, kg: Decimal) -> Decimal:
    grams = kg * 1000
    return Decimal("0.0003207") * cm ** Decimal("0.3") * grams ** (
        Decimal("0.7285") - Decimal("0.0188") * grams.log10()
    )  # set in rows # fmt: skip


def _powers(factor: str, of_height: str, of_weight: str) -> Callable[[Decimal, Decimal], Decimal]:
    return lambda cm, kg: Decimal(factor) * cm ** Decimal(of_height) * kg ** Decimal(of_weight)


_AREAS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "mosteller": _mosteller,
    "boyd": _boyd,
    "dubois": _powers("0.007184", "0.725", "0.425"),
    "haycock": _powers("0.024265", "0.3964", "0.5378"),
    "gehan-george": _powers("0.0235", "0.42246", "0.51456"),
    "fujimoto": _powers("0.008883", "0.663", "0.444"),
    "takahira": _powers("0.007241", "0.725", "0.425"),
}


def areas(formula: str, cm: Decimal, kg: Decimal) -> set[Decimal]:
    """The area to 0.01 m2; two where a power comes so close to a tie that a double may fall on either side."""
    if formula not in _AREAS or cm <= 0 or kg <= 0:
        return set()
    with localcontext(_EXACT):
        area = _AREAS[formula](cm, kg)
    slack = Decimal(0) if formula == "mosteller" else _NEAR
    return {half_up_to(area - slack, "0.01"), half_up_to(area + slack, "0.01")}


# --- dose -------------------------------------------------------------------------------------------------


def dose_of(factor: Decimal, size: Decimal, most: Decimal | None) -> Decimal:
    """Factor x size to 0.01 mg, and no more than the cap."""
    dose = half_up_to(factor * size, "0.01")
    return dose if most is None else min(dose, most)


def rounded(dose: Decimal, how: str, within: Decimal, sizes: tuple[Decimal, ...]) -> Decimal:
    """The dose as rounding makes it: to a step or to whole vials, a tie down; as it is where that changes too much."""
    near = dose
    if how in ROUNDING_STEPS:
        step = ROUNDING_STEPS[how]
        near = divided(dose, step).quantize(Decimal(1), ROUND_HALF_DOWN, _EXACT) * step
    elif how == "vial":
        near = _nearest_sum(dose, sizes)
    return near if near > 0 and abs(near - dose) <= within * dose else dose


# --- vials ------------------------------------------------------------------------------------------------


def opened(dose: Decimal, sizes: tuple[Decimal, ...]) -> dict[Decimal, int] | None:
    """The vials that cover a dose with the least waste, of these the fewest; None where too many would be tried."""
    unit, measures = _measures(sizes)
    need = int(divided(dose * 100, Decimal(unit)).quantize(Decimal(1), ROUND_CEILING, _EXACT))
    if not 0 < need <= _MOST_UNITS:
        return None
    fewest, last = _sums(need + max(measures), measures)
    total = next(total for total in range(need, len(fewest)) if fewest[total] is not None)
    found: dict[Decimal, int] = {}
    while total:
        size = Decimal(last[total] * unit) / 100
        found[size], total = found.get(size, 0) + 1, total - last[total]
    return found


def _nearest_sum(dose: Decimal, sizes: tuple[Decimal, ...]) -> Decimal:
    """The sum of whole vials that is nearest to a dose; a tie goes to the lower."""
    unit, measures = _measures(sizes)
    whole = int(divided(dose * 100, Decimal(unit)).quantize(Decimal(1), ROUND_FLOOR, _EXACT))
    if whole > _MOST_UNITS:
        return dose
    fewest, _ = _sums(whole + 1 + max(measures), measures)
    sums = [Decimal(total * unit) / 100 for total, count in enumerate(fewest) if count is not None]
    return min(sums, key=lambda total: (abs(total - dose), total))


def _measures(sizes: tuple[Decimal, ...]) -> tuple[int, tuple[int, ...]]:
    """The largest common measure of vials in 0.01 mg, and each vial in it."""
    hundredths = [int(size * 100) for size in sizes]
    unit = gcd(*hundredths)
    return unit, tuple(sorted((size // unit for size in hundredths), reverse=True))


@lru_cache(maxsize=64)
def _sums(most: int, measures: tuple[int, ...]) -> tuple[list[int | None], list[int]]:
    """For every total up to one: the fewest vials that make it up (None: none do), and one of these vials."""
    fewest: list[int | None] = [0] + [None] * most
    last = [0] * (most + 1)
    for total in range(1, most + 1):
        for size in measures:
            before = fewest[total - size] if size <= total else None
            if before is not None and (fewest[total] is None or before + 1 < (fewest[total] or 0)):
                fewest[total], last[total] = before + 1, size
    return fewest, last


# --- billing ----------------------------------------------------------------------------------------------


def units(dose: Decimal, held: Decimal, unit: Decimal) -> tuple[int, int]:
    """The billing units that are given, rounded up, and the whole ones that are discarded of what the vials held."""
    given = int(divided(dose, unit).quantize(Decimal(1), ROUND_CEILING, _EXACT))
    left = int(divided(held - given * unit, unit).quantize(Decimal(1), ROUND_FLOOR, _EXACT))
    return given, max(0, left)
