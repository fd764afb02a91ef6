"""The phases as ordered and a patient to what each infusion is: amount, preparation, rates and time."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from infusecalc.arithmetic import above, chair_time, comes_to_nothing, hundredths_of_minutes
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
from infusecalc.regimen import Regimen
from infusecalc.statements import Bags, Band, DrugRules, FirstRateAgain, Phase, Place, ProductRules, Protocol

Key = TypeVar("Key")
Value = TypeVar("Value")
_MOST = 10_000
"""What is kept of each kind of work for the next patient."""


class Running(Frozen):
    """How a drug goes in under a regimen: the usual rates of a first and of a later infusion, None where there is none.

    From infusion `protocol.from_infusion` on the rates of the protocol, where one was chosen, stand in their place.
    `fitting` names the protocols that can be chosen where none was, and no rate is labelled.
    """

    first: Rates | None
    later: Rates | None
    protocol: Protocol | None
    protocol_id: str | None
    protocol_first: Rates | None
    protocol_later: Rates | None
    again: FirstRateAgain | None
    fitting: tuple[str, ...] = ()

    def rates(self, number: int | None, *, first: bool) -> Rates | None:
        """The rates of an infusion by its number in the course; None stands for one late enough for any protocol."""
        if self.protocol and (number is None or number >= self.protocol.from_infusion):
            return self.protocol_first if first else self.protocol_later
        return self.first if first else self.later

    @property
    def every(self) -> tuple[Rates, ...]:
        """All rates that there are."""
        known = (self.first, self.later, self.protocol_first, self.protocol_later)
        return tuple(rates for rates in known if rates)

    def making_up(self, rules: DrugRules) -> DrugRules:
        """How the drug is made up for it: in the protocol's own bag, where it has one, as the usual one."""
        if self.protocol is None or self.protocol.bag is None:
            return rules
        bag = rules.preparation.bag.but(usual=self.protocol.bag, source=self.protocol.source)
        return rules.but(preparation=rules.preparation.but(bag=bag))


class Chair(Frozen):
    """What an infusion takes in the chair beside its own time, in 0.01 min.

    The longest lead of the premedication and the least observation after it (None: our sources state none), and what
    the site needs between two patients.
    """

    lead: int | None
    observation: int | None
    turnover: int

    @classmethod
    def of(cls, regimen: Regimen, choices: Choices) -> Chair:
        """That of a regimen, with the site's own turnover."""
        leads = [
            hundredths_of_minutes(drug.before) for drug in regimen.premedication.values() if drug.before is not None
        ]
        watched = regimen.drug_rules.observation
        observation = None if watched is None else hundredths_of_minutes(watched.least)
        return cls(max(leads, default=None), observation, choices.turnover)

    @property
    def beside(self) -> int:
        """All of it together."""
        return (self.lead or 0) + (self.observation or 0) + self.turnover

    def time(self, infusion: int | None) -> int | None:
        """The chair time of an infusion by its own time; None where that is not known."""
        return None if infusion is None else chair_time(infusion, self.beside)


class Making(Frozen):
    """What doses are made with: product, bags, overfill, how far rounding may go, the largest dose, choices, rates.

    Overfill and rounding are in 0.01 %, the largest dose in 0.01 mg.
    """

    product: ProductRules
    bags: Bags
    overfill: int
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


def dose_phases(patient: Patient, bench: Bench) -> tuple[PhaseDose, ...]:
    """Dose and make up every phase once; raises BadInput where a BSA is missing or a dose is nothing or too much."""
    bench.check()
    return tuple(bench.dose(name, patient) for name in bench.ordered.phases)


def dose_plan(plan: Plan, patient: Patient, bench: Bench) -> tuple[tuple[PhaseDose, ...], tuple[Infusion, ...]]:
    """Dose and make up every infusion at the weight of its day; the distinct doses in the order of the phases."""
    bench.check()
    running, names = bench.making.running, list(bench.ordered.phases)
    found: dict[tuple[str, int], tuple[PhaseDose, Load]] = {}
    infusions: list[Infusion] = []
    for item, first in zip(plan.infusions, run_as_first(plan, running.again), strict=True):
        weighed = patient.weighed_on(item.date)
        key = item.phase, weighed.weight
        if key not in found:
            made = bench.dose(item.phase, weighed)
            found[key] = made, made.load
        dose, load = found[key]
        time = bench.time(load, running.rates(item.number, first=first))
        infusions.append(Infusion(item, dose, first, time))
    planned = {name for name, _ in found}
    last = patient.weighed_on(plan.infusions[-1].date)
    beyond = [bench.dose(name, last) for name in names if name not in planned]
    doses = sorted((*(dose for dose, _ in found.values()), *beyond), key=lambda dose: names.index(dose.name))
    return tuple(doses), tuple(infusions)


def check_plan(plan: Plan, patient: Patient, bench: Bench) -> None:
    """Refuse with BadInput what `dose_plan` refuses, and make nothing up unless it hangs on that."""
    if patient.dated or bench.bagged:
        dose_plan(plan, patient, bench)
        return
    bench.check()
    size = patient.weight, patient.bsa
    for name in bench.unlike:  # those of the plan come first, in this order
        bench.asked(name, *size)


class Made(Frozen):
    """What an infusion of a phase is for any patient of a size: the parts of `PhaseDose` after the patient."""

    asked: Dose
    place: Place | None
    amount: Amount
    preparation: Preparation
    first_time: int | None
    later_time: int | None


class Bench:
    """Makes up what the patients of one setting are given: each amount, and the time of each load, once.

    `bagged`: some of its rates hold for one bag alone, and are refused for another. `unlike`: its phases, but those
    with the dose of one before them.
    """

    def __init__(self, ordered: Ordered, making: Making) -> None:
        """Begin with nothing made."""
        self.ordered, self.making = ordered, making
        self._rules = making.running.making_up(ordered.regimen.drug_rules)
        self._rates = {name: self._rates_of(name) for name in ordered.phases}
        self.bagged = any(rates.titration.bag is not None for rates in making.running.every if rates.titration)
        first: dict[Dose | tuple[Band, ...], str] = {}
        for name, phase in ordered.phases.items():
            first.setdefault(phase.dose, name)
        self.unlike = tuple(first.values())
        self._known: dict[tuple[str, int, int | None], Made] = {}
        self._made: dict[int, tuple[Amount, Preparation]] = {}
        self._times: dict[tuple[int, int, int, int], int] = {}

    def check(self) -> None:
        """Refuse with BadInput a bag that was asked for and is not taken."""
        check_bag(self.making.choices.bag, self.making.bags)

    def dose(self, name: str, patient: Patient) -> PhaseDose:
        """One infusion of a phase for a patient at one weight."""
        key = name, patient.weight, patient.bsa
        made = self._known.get(key) or _keep(self._known, key, self._make(*key))
        return PhaseDose(
            name, self.ordered.phases[name], made.asked, made.place, patient, made.amount, made.preparation,
            made.first_time, made.later_time,
        )  # set in rows # fmt: skip

    def time(self, load: Load, rates: Rates | None) -> int | None:
        """The time in which a load goes in; None where no rate is labelled."""
        if rates is None:
            return None
        key = load.dose, load.bag, load.weight, id(rates)  # the rates are those of the setting, and outlive this
        return self._times.get(key) or _keep(self._times, key, run_time(load, rates))

    def asked(self, name: str, weight: int, bsa: int | None) -> tuple[Dose, int]:
        """The dose of a phase for patients of a size, and what it comes to; raises BadInput as `dose_phases` does."""
        asked = self.ordered.phases[name].dose_of(weight, bsa)
        exact = asked.amount(weight, bsa)
        if comes_to_nothing(exact):
            raise BadInput("dose", asked, "comes to less than 0.01 mg", hint="check `dose` and the weight")
        if above(exact, self.making.largest):
            problem = f"comes to more than {people(self.making.largest)} mg"
            raise BadInput("dose", asked, problem, hint="check `dose` and the weight")
        return asked, exact

    def _make(self, name: str, weight: int, bsa: int | None) -> Made:
        asked, exact = self.asked(name, weight, bsa)
        place = self.ordered.phases[name].place_of(weight, bsa)
        amount, made_up = self._made.get(exact) or _keep(self._made, exact, self._made_up(exact))
        load = Load(amount.dose, made_up.bag, weight)
        first, later = self._rates[name]
        return Made(asked, place, amount, made_up, self.time(load, first), self.time(load, later))

    def _rates_of(self, name: str) -> tuple[Rates | None, Rates | None]:
        """The rates of the first and of the last infusion of a phase."""
        running, ordered = self.making.running, self.ordered
        first, last = first_number(ordered, name), last_number(ordered, name)
        return running.rates(first, first=True), running.rates(last, first=False)

    def _made_up(self, exact: int) -> tuple[Amount, Preparation]:
        making, product = self.making, self.making.product
        amount = round_dose(exact, making.choices.rounding, making.within, product.vials.sizes)
        return amount, prepare(amount.dose, product, self._rules, making.bags, making.overfill, making.choices.bag)


def _keep(known: dict[Key, Value], key: Key, value: Value) -> Value:
    """Keep what was worked out; where that is too much, what is known is forgotten, and worked out again."""
    if len(known) >= _MOST:
        known.clear()
    known[key] = value
    return value


def first_number(ordered: Ordered, name: str) -> int:
    """The number of the first infusion of a phase in the course."""
    names = list(ordered.phases)
    return 1 + sum(len(ordered.phases[before].offsets) for before in names[: names.index(name)])


def last_number(ordered: Ordered, name: str) -> int | None:
    """The number of the last infusion of a phase in the course, or None for a phase that goes on without an end."""
    count = ordered.phases[name].count
    return None if count is None else first_number(ordered, name) + count - 1


def run_as_first(plan: Plan, again: FirstRateAgain | None) -> tuple[bool, ...]:
    """Which infusions run as a first one: the first, and those that come long enough after the one before them."""
    later = (
        again is not None and item.date >= add(before.date, again.after) for before, item in pairwise(plan.infusions)
    )
    return (True, *later)


def check_bag(asked: int | None, bags: Bags) -> None:
    """Refuse with BadInput a bag (mL) that is out of range."""
    if asked is not None and not bags.from_ <= asked <= bags.to:
        allowed = f"{plain(bags.from_, 0)} to {plain(bags.to, 0)} mL"
        raise BadInput("bag", f"{asked} mL", "is out of range", allowed=allowed)
