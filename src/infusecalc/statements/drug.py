"""What the table says of a drug under one label, of its products, and of the ways to run it."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.quantities import Dose, Span
from infusecalc.statements.house import in_order
from infusecalc.statements.kinds import (
    CODE,
    DOSE,
    HELD,
    HOURS,
    MG,
    MG_PER_ML,
    MINUTES,
    ML,
    NAME,
    NUMBER,
    PACE,
    PERCENT,
    SPAN,
    WORDS,
    Held,
    ListOf,
    MapOf,
    Named,
    Pace,
    choice,
)
from infusecalc.statements.short import HasShorts
from infusecalc.statements.statement import SHORT, Note, Screening, Sourced, Statement, may, need

_WHOLE = 10_000  # 100 % in 0.01 %
ALIASES = ListOf(NAME)
NOTES = MapOf(Note)


# --- rates --------------------------------------------------------------------------------------------------


class Titration(Sourced):
    """How a rate rises: `start`, and `step` more after `every` so many minutes, up to `most`; or its `steps`.

    It starts at `start_most` at the most, and no step raises it by more than `step_most`. Paces in mL/h hold for a bag
    of their own size (`bag`, mL).
    """

    start: Pace | None = may(PACE, "the first rate")
    step: Pace | None = may(PACE, "how much it rises")
    every: int | None = may(MINUTES, "how long each rate is held")
    most: Pace | None = may(PACE, "the highest rate")
    start_most: Pace | None = may(PACE, "the most that it starts at")
    step_most: Pace | None = may(PACE, "the most by which a step raises the rate")
    steps: tuple[Held, ...] = may(ListOf(HELD), "the rates one by one, each with its time", ())
    bag: int | None = may(ML, "the bag for which rates in mL/h hold")

    def __str__(self) -> str:
        """In words: `50 mg/h, +50 mg/h every 30 min, at most 400 mg/h`."""
        if self.steps:
            return ", ".join(map(str, self.steps))
        begins = f" (at most {self.start_most})" if self.start_most else ""
        limit = f" (no step above {self.step_most})" if self.step_most else ""
        return f"{self.start}{begins}, +{self.step} every {self.every} min{limit}, at most {self.most}"

    def faults(self) -> Iterator[tuple[str, str]]:
        """Either rates that rise by steps, or the steps one by one; paces in mL/h hold for their own bag alone."""
        rise = (self.start, self.step, self.every, self.most)
        if self.steps:
            if any(part is not None for part in (*rise, self.start_most, self.step_most)):
                yield "steps", "cannot be combined with a rate that rises"
            if [held.minutes is None for held in self.steps] != [False] * (len(self.steps) - 1) + [True]:
                yield "steps", "must have 'to the end' in its last step, and only there"
        elif None in rise or self.every == 0:
            yield "source", "needs either 'steps', or 'start', 'step', 'every' and 'most'"
        paces = [held.pace for held in self.steps] or [pace for pace in (self.start, self.step, self.most) if pace]
        volumes = [pace.unit == "mL/h" for pace in paces]
        if any(volumes) != (self.bag is not None) or any(volumes) != all(volumes):
            yield ("bag" if self.bag else "source"), "is needed with rates in mL/h, and only with them"


class InfusionTime(Sourced):
    """The label's least time in minutes, or the names of its titrations."""

    least: int | None = may(MINUTES, "the least time")
    first: str | None = may(Named("titrations"), "the rates of a first infusion")
    subsequent: str | None = may(Named("titrations"), "the rates of a later one")

    def faults(self) -> Iterator[tuple[str, str]]:
        """A time, or two titrations."""
        if (self.least is None) != (self.first is not None and self.subsequent is not None) or self.least == 0:
            yield "source", "needs either 'least', or both 'first' and 'subsequent'"


class DoseLimit(Sourced):
    """A dose above which a protocol was not studied."""

    dose: Dose = need(DOSE, "the dose")
    text: str = need(WORDS, "what is said above it")


class Protocol(InfusionTime):
    """A named way to run the infusion: beside the label's usual one (`label`, `reported`), of a `trial`, or `practice`.

    One that a site's file gives or changes is the `site`'s, whatever it says of itself. It runs in `least` minutes or
    by the titrations `first` and `subsequent`; it fits the labels, regimens and population that it names (all, where it
    names none), from infusion number `from_infusion` on, in the bag that it names, not in a patient with a condition
    of `not_with`. A protocol that is `refused` fits no regimen of this table.
    """

    name: str = need(WORDS, "what people call it")
    drug: str = need(Named("drugs"), "the drug that it runs")
    is_: str = need(choice("label", "reported", "trial", "practice"), "what it rests on")
    labels: tuple[str, ...] = may(ListOf(Named("labels")), "the labels that it fits; all, where it names none", ())
    regimens: tuple[str, ...] = may(ListOf(NAME), "the indications that it fits; all, where it names none", ())
    population: str | None = may(choice("adult", "paediatric"), "the population that it fits; both, if it names none")
    from_infusion: int = may(NUMBER, "the number of the infusion that it begins with", 1)
    bag: int | None = may(ML, "the bag of all infusions of its course; the usual one, where it names none")
    studied: DoseLimit | None = may(DoseLimit, "the dose above which it was not studied")
    not_with: tuple[str, ...] = may(ListOf(Named("conditions")), "the conditions in which it must not be used", ())
    text: str = need(WORDS, "what it is, and its conditions")
    refused: Note | None = may(Note, "why no regimen of this table may use it")

    def faults(self) -> Iterator[tuple[str, str]]:
        """One that is refused needs no rates."""
        if not self.refused:
            yield from super().faults()


# --- a drug -------------------------------------------------------------------------------------------------


class DefaultProduct(Sourced):
    """The product that is taken unless another one is named."""

    product: str = need(Named("products"), "the product")


class UsualBag(Sourced):
    """The usual bag in mL."""

    usual: int = need(ML, "the bag")


class ConcentrationRange(Sourced):
    """The label's range in the bag, in 0.001 mg/mL; `from_` is None where the label has no minimum."""

    from_: int | None = may(MG_PER_ML, "the least")
    to: int = need(MG_PER_ML, "the most")

    def faults(self) -> Iterator[tuple[str, str]]:
        """The bounds stand in order."""
        yield from in_order(self, "from_", "to")


class PreparationRules(Statement):
    """How the drug is made up under one label."""

    bag: UsualBag = need(UsualBag, "the usual bag")
    concentration: ConcentrationRange = need(ConcentrationRange, "the range of the concentration in the bag")
    handling: dict[str, Note] = may(NOTES, "how it is made up", {})


class Premedication(Sourced):
    """A drug given before each infusion; `before` is in minutes, None where the source gives no time."""

    text: str = need(WORDS, "the drug, and its dose where the source gives one")
    short: str | None = may(WORDS, SHORT)
    before: int | None = may(MINUTES, "how long before the infusion")
    finished: str | None = may(choice("yes"), "yes, where it must be finished by then")


class Reaction(Sourced):
    """How an infusion goes on after a reaction: at a share (0.01 %) of the rate that was running."""

    resume: int = need(PERCENT, "the share of the rate that was running")
    text: str = need(WORDS, "what is done")
    short: str | None = may(WORDS, "what is done at once, in a few words, a severe reaction first")

    def faults(self) -> Iterator[tuple[str, str]]:
        """It goes on, and more slowly."""
        if not 0 < self.resume < _WHOLE:
            yield "resume", "must be above 0 and under 100 %: after a stop an infusion goes on more slowly"


class Observation(Sourced):
    """How long (minutes) a patient is watched after the infusion: at least `least`, or `least` to `most`."""

    least: int = need(MINUTES, "the time")
    most: int | None = may(MINUTES, "the longer time, where the source gives two: it is told, and not counted")


class InUse(Sourced):
    """The longest time (hours) of a diluted bag at room temperature."""

    most: int = need(HOURS, "the time")


class FirstRateAgain(Sourced):
    """How long after the infusion before it an infusion runs at the rate of a first one."""

    after: Span = need(SPAN, "the time since the infusion before")
    text: str = need(WORDS, "what is said")


class UsualMost(Sourced):
    """The highest single dose in our sources."""

    dose: Dose = need(DOSE, "the dose")
    text: str = need(WORDS, "where it comes from")


class UnusualGap(Sourced):
    """A break that no label need speak of: since the infusion before, or after an infusion's own date within a set."""

    most: Span | None = may(SPAN, "the longest usual time since the infusion before")
    late: Span | None = may(SPAN, "how long after its date an infusion of an induction or a pair may usually be")
    text: str = need(WORDS, "what is said of going on after it")

    def faults(self) -> Iterator[tuple[str, str]]:
        """It is one of the two, or both."""
        if self.most is None and self.late is None:
            yield "source", "needs 'most' or 'late'"


class ConditionRule(Sourced):
    """What a label says of a condition; `above`: contraindicated only above that dose."""

    rule: str = need(choice("contraindicated", "precaution"), "contraindicated blocks, precaution is a caution")
    text: str = need(WORDS, "what it says, and what to do")
    above: Dose | None = may(DOSE, "the dose above which it is contraindicated; any dose, where it has none")


class Modifiers(Sourced):
    """The billing modifiers of an infusion with a discarded unit, and of one without."""

    wasted: str = need(CODE, "the modifier where a unit is discarded")
    none: str = need(CODE, "the modifier where none is")
    text: str = need(WORDS, "the rule")


PREMEDICATION, CONDITIONS = MapOf(Premedication), MapOf(ConditionRule)


class DrugRules(HasShorts):
    """What holds for every regimen of a drug under one label."""

    default_product: DefaultProduct = need(DefaultProduct, "the product that is taken unless another is named")
    preparation: PreparationRules = need(PreparationRules, "how it is made up")
    infusion_time: InfusionTime = need(InfusionTime, "how fast it goes in")
    modifiers: Modifiers | None = may(Modifiers, "billing modifiers")
    usual_most: UsualMost | None = may(UsualMost, "the highest single dose in our sources")
    unusual_gap: UnusualGap | None = may(UnusualGap, "the break after which a second look is asked for")
    reaction: Reaction | None = may(Reaction, "how an infusion goes on after a reaction")
    first_rate_again: FirstRateAgain | None = may(FirstRateAgain, "when the rate of a first infusion is used again")
    premedication: dict[str, Premedication] = may(PREMEDICATION, "what is given before each infusion", {})
    observation: Observation | None = may(Observation, "how long a patient is watched after it, where it is stated")
    monitoring: dict[str, Note] = may(NOTES, "what is watched, during the infusion and after", {})
    late: dict[str, Note] = may(NOTES, "what is said of a late or missed infusion", {})
    screening: dict[str, Screening] = may(MapOf(Screening), "what is done before the first infusion", {})
    conditions: dict[str, ConditionRule] = may(CONDITIONS, "what is said of a patient's conditions", {})


class Subcutaneous(Sourced):
    """Names of subcutaneous products, which are refused."""

    names: tuple[str, ...] = need(ListOf(NAME), "their names")
    text: str = need(WORDS, "why they are refused")


class Told(Note):
    """One statement for patients: under some labels or to one population alone, where it names them."""

    labels: tuple[str, ...] = may(ListOf(Named("labels")), "the labels under which it is told; all, if none", ())
    population: str | None = may(choice("adult", "paediatric"), "who is told it; both, where it names none")

    def is_for(self, label: str, population: str) -> bool:
        """Whether it is told under a label to a population."""
        return (not self.labels or label in self.labels) and self.population in (None, population)


_TOLD = ListOf(Told)


class ForPatients(Statement):
    """What a patient is told, in plain words."""

    emergency: tuple[Told, ...] = may(_TOLD, "what needs an emergency number, first and apart from the rest", ())
    expect: tuple[Told, ...] = need(_TOLD, "what to expect")
    tell: tuple[Told, ...] = need(_TOLD, "what to tell the nurse")
    common: tuple[Told, ...] = need(_TOLD, "common reactions")
    call: tuple[Told, ...] = need(_TOLD, "when to call")
    missed: tuple[Told, ...] = need(_TOLD, "what to do about a missed date")


class Drug(Statement):
    """A drug, whatever the label: its written name and its other names."""

    name: str = need(WORDS, "its name as people write it, in tall-man letters")
    aliases: tuple[str, ...] = may(ALIASES, "its other names", ())
    tall_man: Note | None = may(Note, "where the tall-man letters come from")


# --- its products -------------------------------------------------------------------------------------------


class Vials(Sourced):
    """Vial sizes in 0.01 mg, and the concentration of what is drawn up, in 0.001 mg/mL."""

    sizes: tuple[int, ...] = need(ListOf(MG, ascending=True), "the vials")
    concentration: int = need(MG_PER_ML, "the concentration of what is drawn up")

    def faults(self) -> Iterator[tuple[str, str]]:
        """There is something in each vial."""
        if not all(self.sizes) or not self.concentration:
            yield "sizes", "has a vial or a concentration of zero"


class Billing(Sourced):
    """A billing code and the amount (0.01 mg) that one unit stands for."""

    code: str = need(CODE, "the code")
    unit: int = need(MG, "the amount of one unit")


class NotLabelled(Sourced):
    """Indications that the product's own label lacks."""

    regimens: tuple[str, ...] = need(ListOf(NAME), "the indications")
    text: str = need(WORDS, "what is known of them")


class ProductRules(Statement):
    """A product under one label."""

    vials: Vials = need(Vials, "its vials")
    billing: Billing | None = may(Billing, "how it is billed")
    not_labelled: NotLabelled | None = may(NotLabelled, "indications that its own label lacks")
    not_marketed: Note | None = may(Note, "that it is not on the market, and what is known of it")
    in_use: InUse | None = may(InUse, "the longest time of a diluted bag at room temperature")
    handling: dict[str, Note] = may(NOTES, "how it is made up, where its own label differs from what its drug says", {})
    storage: dict[str, Note] = may(NOTES, "how it is stored", {})


class Product(Statement):
    """A product, whatever the label: its brand, its drug, and its suffixed names."""

    name: str = need(WORDS, "its brand")
    drug: str = need(Named("drugs"), "its drug")
    aliases: tuple[str, ...] = may(ALIASES, "its other names", ())
