"""The dose of one infusion to how it is made up: vials, waste, drug volume, bag, concentration, billing."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.arithmetic import (
    billing_units,
    concentration,
    drug_volume,
    passes_bag,
    too_strong,
    too_thin,
    too_thin_overfilled,
    waste,
    wasted_units,
)
from infusecalc.choices import ONE_PRICE, PRICED_TWICE, Price
from infusecalc.errors import BadInput, UnknownName
from infusecalc.frozen import Frozen
from infusecalc.infusions import fills, total
from infusecalc.quantities import plain
from infusecalc.statements import Bags, Billing, ConcentrationRange, DrugRules, Modifiers, ProductRules
from infusecalc.table import Table
from infusecalc.table.names import unknown


class Charge(Frozen):
    """Billing units of one infusion, and the modifier that says whether drug was discarded."""

    code: str
    units: int
    wasted: int
    modifier: str | None


class Preparation(Frozen):
    """How one infusion is made up.

    Vials are (size in 0.01 mg, count), waste is in 0.01 mg, the drug volume in 0.1 mL, the bag in mL and the
    concentration in 0.01 mg/mL; `outside` is `low` or `high` where the label's range is missed, and `marginal` whether
    it is met, but would not be in a bag that holds more than it says. `too_much` is the drug volume in 0.0001 mL where
    it does not fit the bag: close to it, 0.1 mL would not tell.
    """

    vials: tuple[tuple[int, int], ...]
    waste: int
    drug_volume: int
    bag: int
    concentration: int
    outside: str | None
    marginal: bool
    charge: Charge | None
    too_much: int | None

    @property
    def billing_lines(self) -> tuple[tuple[str, str | None, int], ...]:
        """The lines of a claim: code, modifier and units; a discarded amount has a line of its own."""
        charge = self.charge
        if charge is None:
            return ()
        if charge.wasted:
            return (charge.code, None, charge.units), (charge.code, charge.modifier, charge.wasted)
        return ((charge.code, charge.modifier, charge.units),)

    @property
    def opened(self) -> int:
        """What the opened vials hold, in 0.01 mg."""
        return sum(size * number for size, number in self.vials)


def prepare(
    dose: int, product: ProductRules, rules: DrugRules, bags: Bags, overfill: int, asked: int | None
) -> Preparation:
    """Make up a dose (0.01 mg) from a product's vials in the usual bag, the asked one, or the next that is in range.

    `overfill` is the share (0.01 %) by which a bag may hold more than it says.
    """
    vials = choose_vials(dose, product.vials.sizes)
    opened = sum(size * number for size, number in vials)
    limits, strength = rules.preparation.concentration, product.vials.concentration
    fitting = tuple(bag for bag in bags.stocked if not passes_bag(dose, strength, bag))
    bag = asked or choose_bag(dose, rules.preparation.bag.usual, limits, fitting or bags.stocked, overfill)
    outside = _side(dose, bag, limits)
    return Preparation(
        vials=vials,
        waste=waste(opened, dose),
        drug_volume=drug_volume(dose, strength),
        bag=bag,
        concentration=concentration(dose, bag),
        outside=outside,
        marginal=outside is None and not _has_margin(dose, bag, limits, overfill),
        charge=charge(dose, opened, product.billing, rules.modifiers) if product.billing else None,
        too_much=drug_volume(dose, strength, 10_000) if passes_bag(dose, strength, bag) else None,
    )


def choose_vials(dose: int, sizes: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The combination of vials that covers the dose with the least waste; among equals, the fewest vials."""
    falling = tuple(sorted(sizes, reverse=True))
    best = min(fills(dose, falling), key=lambda counts: (total(counts, falling), sum(counts)))
    return tuple((size, number) for size, number in zip(falling, best, strict=True) if number)


def prices_of(table: Table, prices: Iterable[Price], product: str) -> tuple[tuple[int, int], ...]:
    """The price (0.01) of each vial (0.01 mg) of a product (its id): its own, or the one for every product.

    Raises BadInput for a price of what is no product, or a second one of the same vial.
    """
    found: dict[tuple[str | None, int], int] = {}
    for price in prices:
        key = None if price.product is None else _priced(table, price.product), price.vial
        if key in found:
            typed = f"{price.product}:{plain(price.vial)}mg"
            raise BadInput("`price`", typed, PRICED_TWICE, hint=ONE_PRICE)
        found[key] = price.amount
    shared = {vial: amount for (name, vial), amount in found.items() if name is None}
    own = {vial: amount for (name, vial), amount in found.items() if name == product}
    return tuple(sorted((shared | own).items(), reverse=True))


def _priced(table: Table, typed: str) -> str:
    """The id of the product that a price names."""
    try:
        product = table.find_drug(typed)[1]
    except UnknownName:
        raise unknown("`price` product", typed, table.names("products")) from None
    if product is None:
        hint = "name a product, as in Remicade:100mg=174.63"
        raise BadInput("`price` product", typed, "is a drug, and products have prices", hint=hint)
    return product


def cost_of(vials: Iterable[tuple[int, int]], prices: dict[int, int]) -> int | None:
    """What vials (size in 0.01 mg, count) cost by the price of each size, in 0.01; None where one has no price."""
    counted = list(vials)
    return None if any(size not in prices for size, _ in counted) else sum(prices[size] * n for size, n in counted)


def _side(dose: int, bag: int, limits: ConcentrationRange) -> str | None:
    """On which side of the range dose / bag lies, unrounded (limits in 0.001 mg/mL)."""
    if limits.from_ is not None and too_thin(dose, bag, limits.from_):
        return "low"
    return "high" if too_strong(dose, bag, limits.to) else None


def _has_margin(dose: int, bag: int, limits: ConcentrationRange, overfill: int) -> bool:
    """Whether the least concentration is met even if the bag holds more than it says."""
    return limits.from_ is None or not too_thin_overfilled(dose, bag, limits.from_, overfill)


def choose_bag(dose: int, usual: int, limits: ConcentrationRange, stocked: tuple[int, ...], overfill: int) -> int:
    """The usual bag; else, of the next larger or smaller ones, the first with dose / bag in range, or the last tried.

    A bag that is in range even if it holds more than it says, by the overfill, goes before one that is just in range:
    where the usual one is just in range, it gives way to such a smaller one. A usual bag that a site does not stock is
    replaced by the next one that fits, larger before smaller.
    """
    side = _side(dose, usual, limits)
    larger = [bag for bag in stocked if bag > usual]
    smaller = [bag for bag in reversed(stocked) if bag < usual]
    own = [usual] if usual in stocked else larger
    tried = smaller if side == "low" else larger if side == "high" else own + smaller
    fitting = [bag for bag in tried if _side(dose, bag, limits) is None]
    sure = (bag for bag in fitting if _has_margin(dose, bag, limits, overfill))
    return next(sure, (fitting[:1] or tried[-1:] or [usual])[0])


def charge(dose: int, opened: int, billing: Billing, modifiers: Modifiers | None) -> Charge:
    """Whole units: given rounded up, discarded rounded down, and the modifier for whether a unit is discarded."""
    units = billing_units(dose, billing.unit)
    wasted = wasted_units(opened, units, billing.unit)
    if modifiers is None:
        return Charge(billing.code, units, wasted, None)
    return Charge(billing.code, units, wasted, modifiers.wasted if wasted else modifiers.none)
