"""The phases as ordered and a patient to what each infusion is: amount, preparation, rates and time."""

from __future__ import annotations

from itertools import pairwise

from infusecalc.arithmetic import above, comes_to_nothing
from infusecalc.choices import Choices
from infusecalc.dates import add
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.infusions import Amount, round_dose
from infusecalc.overrides import Ordered
from infusecalc.patient import Patient
from infusecalc.plan import Plan, Planned
from infusecalc.preparation import Preparation, prepare
from infusecalc.pump import Load, Rates, run_time
from infusecalc.quantities import Dose, people, plain
from infusecalc.statements import Bags, FirstRateAgain, Phase, Place, ProductRules, Protocol


class Running(Frozen):
    """How a drug goes in under a regimen: the usual rates of a first and of a later infusion, None where there is none.

    From infusion `protocol.from_infusion` on the rates of the protocol, where one was chosen, stand in their place.
    """

    first: Rates | None
    later: Rates | None
    protocol: Protocol | None
    protocol_id: str | None
    protocol_first: Rates | None
    protocol_later: Rates | None
    again: FirstRateAgain | None

    def rates(self, number: int | None, *, first: bool) -> Rates | None:
        """The rates of an infusion by its number in the course; None stands for one late enough for any protocol."""
        if self.protocol and (number is None or number >= self.protocol.from_infusion):
            return self.protocol_first if first else self.protocol_later
        return self.first if first else self.later


class Making(Frozen):
    """What doses are made with: the product, the bags, how far rounding may go, the largest dose, choices, rates.

    Rounding is in 0.01 %, the largest dose in 0.01 mg.
    """

    product: ProductRules
    bags: Bags
    within: int
    largest: int
    choices: Choices
    running: Running


class PhaseDose(Frozen):
    """One infusion of a phase for a patient at one weight; times in 0.01 min, None where no rate is labelled.

    `asked` is the dose that the phase has for the patient: that of the `place` among its bands, where it has bands.
    """

    name: str
    phase: Phase
    asked: Dose
    place: Place | None
    patient: Patient
    amount: Amount
    preparation: Preparation
    first_time: int | None
    later_time: int | None

    @property
    def load(self) -> Load:
        """What is on the pump."""
        return Load(self.amount.dose, self.preparation.bag, self.patient.weight)


class Infusion(Frozen):
    """One dated infusion: where it stands in the plan, what it is, and how it runs. `time` is in 0.01 min.

    `first`: it runs as a first infusion.
    """

    planned: Planned
    dose: PhaseDose
    first: bool
    time: int | None


def dose_phases(ordered: Ordered, patient: Patient, making: Making) -> tuple[PhaseDose, ...]:
    """Dose and make up every phase once; raises BadInput where a BSA is missing or a dose is nothing or too much."""
    check_bag(making.choices.bag, making.bags)
    return tuple(_dose(name, ordered, patient, making) for name in ordered.phases)


def dose_plan(
    plan: Plan, ordered: Ordered, patient: Patient, making: Making
) -> tuple[tuple[PhaseDose, ...], tuple[Infusion, ...]]:
    """Dose and make up every infusion at the weight of its day; the distinct doses in the order of the phases."""
    check_bag(making.choices.bag, making.bags)
    found: dict[tuple[str, int], PhaseDose] = {}
    infusions: list[Infusion] = []
    for item, first in zip(plan.infusions, run_as_first(plan, making.running.again), strict=True):
        weighed = patient.weighed_on(item.date)
        key = item.phase, weighed.weight
        if key not in found:
            found[key] = _dose(item.phase, ordered, weighed, making)
        rates = making.running.rates(item.number, first=first)
        time = None if rates is None else run_time(found[key].load, rates)
        infusions.append(Infusion(item, found[key], first, time))
    planned = {name for name, _ in found}
    last = patient.weighed_on(plan.infusions[-1].date)
    beyond = [_dose(name, ordered, last, making) for name in ordered.phases if name not in planned]
    doses = sorted((*found.values(), *beyond), key=lambda dose: list(ordered.phases).index(dose.name))
    return tuple(doses), tuple(infusions)


def _dose(name: str, ordered: Ordered, patient: Patient, making: Making) -> PhaseDose:
    phase, rules = ordered.phases[name], ordered.regimen.drug_rules
    asked = phase.dose_of(patient.weight, patient.bsa)
    exact = asked.amount(patient.weight, patient.bsa)
    if comes_to_nothing(exact):
        raise BadInput("dose", asked, "comes to less than 0.01 mg", hint="check `dose` and the weight")
    if above(exact, making.largest):
        problem = f"comes to more than {people(making.largest)} mg"
        raise BadInput("dose", asked, problem, hint="check `dose` and the weight")
    amount = round_dose(exact, making.choices.rounding, making.within, making.product.vials.sizes)
    made_up = prepare(amount.dose, making.product, rules, making.bags, making.choices.bag)
    load = Load(amount.dose, made_up.bag, patient.weight)
    number = first_number(ordered, name)
    last = None if phase.interval else number + len(phase.offsets) - 1
    first, later = making.running.rates(number, first=True), making.running.rates(last, first=False)
    times = [None if rates is None else run_time(load, rates) for rates in (first, later)]
    place = phase.place_of(patient.weight, patient.bsa)
    return PhaseDose(name, phase, asked, place, patient, amount, made_up, *times)


def first_number(ordered: Ordered, name: str) -> int:
    """The number of the first infusion of a phase in the course."""
    names = list(ordered.phases)
    return 1 + sum(len(ordered.phases[before].offsets) for before in names[: names.index(name)])


def run_as_first(plan: Plan, again: FirstRateAgain | None) -> tuple[bool, ...]:
    """Which infusions run as a first one: the first, and those that come long enough after the one before them."""
    later = (
        again is not None and item.date >= add(before.date, again.after) for before, item in pairwise(plan.infusions)
    )
    return (True, *later)


def check_bag(asked: int | None, bags: Bags) -> None:
    """Refuse with BadInput a bag (mL) outside what is taken."""
    if asked is not None and not bags.from_ <= asked <= bags.to:
        allowed = f"{plain(bags.from_, 0)} to {plain(bags.to, 0)} mL"
        raise BadInput("bag", f"{asked} mL", "is out of range", allowed=allowed)
