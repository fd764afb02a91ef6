"""Compiled courses to the tables that a cohort is joined with: shapes, their stretches, and the events of each."""

from __future__ import annotations

from typing import Any

import polars as pl

from infusecalc.cohort.breakpoints import Makeup, makeups, whole_vials
from infusecalc.cohort.compiler import Compiler, Shape, Stretch
from infusecalc.cohort.durations import Times
from infusecalc.cohort.faults import Faults
from infusecalc.cohort.finding_bits import Codes, codes_of, places_about
from infusecalc.cohort.memo import Known
from infusecalc.findings import least_time
from infusecalc.phase_dose import Chair, last_number
from infusecalc.quantities import BASES, Dose

NO_LIMIT = -1
NO_CAP = 1 << 40  # above any dose in 0.01 mg
SIZES = dict(zip(("kg", "m2", "mg"), BASES, strict=True))
"""The bases of doses, under short names."""
_EVENT: dict[str, Any] = {
    "drug": pl.String, "indication": pl.String, "label": pl.String, "status": pl.String, "variant": pl.String,
    "product": pl.String, "phase": pl.String, "number": pl.Int64, "day": pl.Int64, "optional": pl.Boolean,
    "dose_basis": pl.String, "billing_code": pl.String, "findings": pl.String, "accepted": pl.String,
    "severity": pl.String, "blocks": pl.String, "cautions": pl.String, "planned_day": pl.Int64, "moved_days": pl.Int64,
}  # set in rows # fmt: skip
_BILLED = {"unit": pl.Int64, "wasted": pl.String, "none": pl.String}  # null for all where no label bills
_OPTIONAL, _DAY = list(_EVENT).index("optional"), list(_EVENT).index("day")


class Events:
    """What the rows of a cohort are joined with; grows with the shapes that they need.

    `shapes` has a row for each shape, with the limits on its patients and where its stretches are; `stretches` a row
    for each stretch, with all that doses follow from; `events` the infusions of a stretch with their findings, once
    for every set of bits that was met (`variants`).
    """

    def __init__(self, compiler: Compiler, faults: Faults) -> None:
        """Begin with no shape."""
        self.compiler = compiler
        self.makeups, self.whole_vials, self.times = makeups(), whole_vials(), Times(faults)
        self.shapes, self.stretches = pl.DataFrame(), pl.DataFrame()
        self.events = pl.DataFrame(schema=_EVENT)
        self.codes: list[tuple[Codes, ...]] = []  # of each variant, one for each of its events
        # how many of a variant's infusions are given whatever happens, how many of these block, and for each its day
        # and whether it blocks
        counted = {"needed": pl.Int64, "blocked": pl.Int64}
        each = pl.List(pl.Int64)
        self.needed = pl.DataFrame(schema={**counted, "days": each, "stops": each, "product": pl.String})
        self._shapes: list[dict[str, Any]] = []
        self._stretches: list[dict[str, Any]] = []
        self._runs: list[tuple[Shape, Stretch]] = []
        kinds = {"variant": pl.Int64, "first_event": pl.Int64, "events": pl.Int64}
        self._variants = Known(["stretch", "bits"], kinds, self._variant)
        self._days: list[list[int]] = []
        self._stops: list[list[int]] = []
        self._products: list[str] = []
        self._events: list[tuple[Any, ...]] = []
        self._said: dict[tuple[Any, ...], Codes] = {}
        self._about: dict[tuple[int, int], tuple[int, ...]] = {}

    # --- shapes and stretches -----------------------------------------------------------------------------------

    def grow(self) -> None:
        """Take in the shapes that the compiler has made since."""
        known = len(self._shapes)
        if known == len(self.compiler.shapes):
            return
        for shape in self.compiler.shapes[known:]:
            self._shapes.append(self._of_shape(shape))
            for stretch in shape.stretches:
                self._stretches.append(self._of_stretch(shape, stretch))
                self._runs.append((shape, stretch))
        self.shapes = pl.DataFrame(self._shapes, infer_schema_length=None)
        self.stretches = pl.DataFrame(self._stretches, schema_overrides=_BILLED, infer_schema_length=None)

    def _of_shape(self, shape: Shape) -> dict[str, Any]:
        """The limits on the patients of a shape, and the least and the most factor of each basis (0.001)."""
        regimen, age = shape.group.regimen, shape.group.regimen.rules.age
        usual = self.compiler.house.usual_weight.of(regimen.population)
        factors, uncut = _factors(shape, 0), _factors(shape, self.compiler.house.largest_dose.most)
        return {
            "age_low": age.from_ if age else NO_LIMIT,
            "age_under": age.under if age and age.under is not None else NO_LIMIT,
            "usual_low": usual.from_,
            "usual_high": usual.to,
            **{f"least_{name}": min(factors[basis], default=NO_LIMIT) for name, basis in SIZES.items()},
            **{f"most_{name}": max(uncut[basis], default=NO_LIMIT) for name, basis in SIZES.items()},
            "last_day": shape.plan.infusions[-1].day,
            "first_stretch": len(self._stretches),
            "stretches": len(shape.stretches),
        }

    def _of_stretch(self, shape: Shape, stretch: Stretch) -> dict[str, Any]:
        """All that the doses of a stretch follow from, but the patient."""
        group, compiler = shape.group, self.compiler
        phase, rules, product = group.ordered.phases[stretch.phase], group.regimen.drug_rules, group.product
        choices, protocol, billing = group.choices, group.running.protocol, group.product.billing
        house, made_up_by = compiler.house, group.running.making_up(rules)
        makeup = Makeup(product, made_up_by, house.bags, house.overfill.most, choices.bag, group.prices)
        modifiers = rules.modifiers if billing else None
        later = group.running.rates(last_number(group.ordered, stretch.phase), first=False)
        limits: dict[str, Dose | None] = {
            f"above{place}": has.above for place, has in enumerate(group.conditions) if has.above
        }
        limits["usual"] = rules.usual_most.dose if rules.usual_most else None
        limits["studied"] = protocol.studied.dose if protocol and protocol.studied else None
        return {
            **_limit("dose", phase.doses[0]),  # a group with bands has been made one group for each
            "makeup": self.makeups.place(makeup.key, makeup),
            "sizes": self.whole_vials.place(product.vials.sizes, product.vials.sizes),
            "strength": product.vials.concentration,
            "unit": billing.unit if billing else None,
            "wasted": modifiers.wasted if modifiers else None,
            "none": modifiers.none if modifiers else None,
            "rates": self.times.place(stretch.rates),
            "beside": Chair.of(group.regimen, choices).beside,
            "later_rates": self.times.place(later),
            "least_time": least_time(group.site.shipped or group.regimen, protocol) if protocol else 0,
            **{key: value for name, dose in limits.items() for key, value in _limit(name, dose).items()},
        }

    # --- events ---------------------------------------------------------------------------------------------------

    def variants(self, met: pl.DataFrame) -> pl.DataFrame:
        """Where the events of each stretch are for the bits that were met with it (`stretch`, `bits`)."""
        found = self._variants.look_up(met)
        if self.events.height < len(self._events):
            more = pl.DataFrame(self._events[self.events.height :], schema=_EVENT, orient="row")
            self.events = pl.concat([self.events, more]).rechunk()
            counted = {"needed": map(len, self._days), "blocked": map(sum, self._stops)}
            needed = {**counted, "days": self._days, "stops": self._stops, "product": self._products}
            self.needed = pl.DataFrame(needed, schema=self.needed.schema)
        return found

    def _variant(self, stretch: int, bits: int) -> tuple[int, int, int]:
        """The number of a variant, its first event and how many it has."""
        shape, run = self._runs[stretch]
        first = len(self._events)
        self._add(shape, run, bits)
        events = self._events[first:]
        self._products.append(shape.group.product_name)
        counted = [each for each in zip(self.codes[-1], events, strict=True) if not each[1][_OPTIONAL]]
        self._days.append([event[_DAY] for _, event in counted])
        self._stops.append([int(bool(codes.blocks)) for codes, _ in counted])
        return len(self.codes) - 1, first, len(events)

    def _add(self, shape: Shape, stretch: Stretch, bits: int) -> None:
        """The events of a stretch for patients with these bits."""
        group = shape.group
        regimen, billing = group.regimen, group.product.billing
        shared = (
            regimen.drug_id, regimen.indication, regimen.label, regimen.rules.status.is_, regimen.variant,
            group.product_name, stretch.phase,
        )  # set in rows # fmt: skip
        dose = str(group.ordered.phases[stretch.phase].dose)
        said = tuple(self._codes(shape, number, bits) for number in stretch.numbers)
        for number, codes in zip(stretch.numbers, said, strict=True):
            item = shape.plan.infusions[number - 1]
            planned = item.day - item.moved_days
            self._events.append(
                (*shared, number, item.day, item.optional, dose, billing.code if billing else None,
                 *codes.columns, planned, item.moved_days)
            )  # set in rows # fmt: skip
        self.codes.append(said)

    def _codes(self, shape: Shape, number: int, bits: int) -> Codes:
        """What an infusion carries; infusions about which the same is said share it."""
        met = id(shape), number
        if met not in self._about:
            shown = range(1, len(shape.plan.infusions) + 1)
            self._about[met] = places_about(shape.slots, number, shown)
        key = id(shape), self._about[met], bits
        if key not in self._said:
            self._said[key] = codes_of([shape.slots[place] for place in self._about[met]], shape.case, bits)
        return self._said[key]


def _factors(shape: Shape, over: int) -> dict[str, list[int]]:
    """The factors of all phases of a shape, by basis, without those that a cap keeps from passing `over`."""
    found: dict[str, list[int]] = {basis: [] for basis in BASES}
    for phase in shape.group.ordered.phases.values():
        for dose in phase.doses:
            if dose.most is None or dose.most > over:
                found[dose.basis].append(dose.factor)
    return found


def _limit(name: str, dose: Dose | None) -> dict[str, int]:
    """A dose as three columns: its factor (0.001), the place of its basis, and its cap (0.01 mg)."""
    if dose is None:
        return {f"{name}_factor": NO_LIMIT, f"{name}_basis": NO_LIMIT, f"{name}_most": NO_CAP}
    most = NO_CAP if dose.most is None else dose.most
    return {f"{name}_factor": dose.factor, f"{name}_basis": BASES.index(dose.basis), f"{name}_most": most}
