"""The shapes of drugs and products: preparation, infusion times, conditions, vials, billing."""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, people
from infusecalc.regimen.sources import Cited, Note


class Condition(Frozen):
    """Something that a patient may have; `read_as` names the worst of several classes."""

    name: str
    read_as: str | None


class Pace(Frozen):
    """How fast a drug goes in: a number in 0.01 of its unit, `mg/h`, `mg/kg/h` or `mL/h`."""

    number: int
    unit: str

    def __str__(self) -> str:
        """As people read it: `1,000 mg/h`."""
        return f"{people(self.number)} {self.unit}"


class Held(Frozen):
    """A pace held for some minutes, or to the end of the dose (None)."""

    pace: Pace
    minutes: int | None

    def __str__(self) -> str:
        """As the table writes it: `10 mL/h for 15 min`, `250 mL/h to the end`."""
        return f"{self.pace} to the end" if self.minutes is None else f"{self.pace} for {self.minutes} min"


class Titration(Frozen):
    """How a rate rises: `start`, and `step` more after every `minutes`, up to `most`; or the `steps` one by one.

    No step raises the rate by more than `step_most`. Paces in mL/h hold for a bag of their own size (`bag`, mL).
    """

    start: Pace | None
    step: Pace | None
    minutes: int | None
    most: Pace | None
    step_most: Pace | None
    steps: tuple[Held, ...]
    bag: int | None
    source: Cited

    def __str__(self) -> str:
        """In words: `50 mg/h, +50 mg/h every 30 min, at most 400 mg/h`."""
        if self.steps:
            return ", ".join(map(str, self.steps))
        limit = f" (no step above {self.step_most})" if self.step_most else ""
        return f"{self.start}, +{self.step} every {self.minutes} min{limit}, at most {self.most}"


class Named(Frozen):
    """The id of another entry, cited."""

    product: str
    source: Cited


class UsualBag(Frozen):
    """The usual bag in mL."""

    usual: int
    source: Cited


class ConcentrationRange(Frozen):
    """The label's range in the bag, in 0.001 mg/mL; `low` is None where the label has no minimum."""

    low: int | None
    high: int
    source: Cited


class PreparationRules(Frozen):
    """How the drug is made up under one label."""

    bag: UsualBag
    concentration: ConcentrationRange
    handling: dict[str, Note]


class InfusionTime(Frozen):
    """The label's least time in minutes, or the names of its titrations."""

    least: int | None
    first: str | None
    subsequent: str | None
    source: Cited


class DoseLimit(Frozen):
    """A dose above which a protocol was not studied."""

    dose: Dose
    text: str
    source: Cited


class Protocol(Frozen):
    """A named way to run the infusion: beside the label's usual one (`label`, `reported`), of a `trial`, or `practice`.

    One that a site's file gives or changes is the `site`'s, whatever it says of itself.

    It runs in `least` minutes or by the titrations `first` and `subsequent`; it fits the labels, regimens and
    population that it names (all, where it names none), from infusion number `from_infusion` on, not in a
    patient with a condition of `not_with`. A protocol that is `refused` fits no regimen of this table.
    """

    name: str
    drug: str
    standing: str
    labels: tuple[str, ...]
    regimens: tuple[str, ...]
    population: str | None
    least: int | None
    first: str | None
    subsequent: str | None
    from_infusion: int
    studied: DoseLimit | None
    not_with: tuple[str, ...]
    text: str
    refused: Note | None
    source: Cited


class Premedication(Frozen):
    """A drug given before each infusion; `before` is in minutes, None where the source gives no time."""

    text: str
    before: int | None
    source: Cited


class Reaction(Frozen):
    """How an infusion goes on after a reaction: at a share (0.01 %) of the rate that was running."""

    resume: int
    text: str
    source: Cited


class UsualMost(Frozen):
    """The highest single dose in our sources."""

    dose: Dose
    text: str
    source: Cited


class ConditionRule(Frozen):
    """What a label says of a condition; `above`: contraindicated only above that dose."""

    rule: str
    text: str
    above: Dose | None
    source: Cited


class Modifiers(Frozen):
    """The billing modifiers of an infusion with a discarded unit, and of one without."""

    wasted: str
    none: str
    text: str
    source: Cited


class DrugRules(Frozen):
    """What holds for every regimen of a drug under one label."""

    default_product: Named
    preparation: PreparationRules
    infusion_time: InfusionTime
    modifiers: Modifiers | None
    usual_most: UsualMost | None
    reaction: Reaction | None
    premedication: dict[str, Premedication]
    monitoring: dict[str, Note]
    late: dict[str, Note]
    screening: dict[str, Note]
    conditions: dict[str, ConditionRule]


class Subcutaneous(Frozen):
    """Names of subcutaneous products, which are refused."""

    names: tuple[str, ...]
    text: str
    source: Cited


class ForPatients(Frozen):
    """What a patient is told, in plain words: what to expect, what to tell the nurse, reactions, a missed date."""

    expect: tuple[Note, ...]
    tell: tuple[Note, ...]
    common: tuple[Note, ...]
    call: tuple[Note, ...]
    missed: tuple[Note, ...]


class Drug(Frozen):
    """A drug: its written name, other names, what it is, what patients are told, and its rules under each label."""

    name: str
    aliases: tuple[str, ...]
    tall_man: Note | None
    about: dict[str, Note]
    patient: ForPatients | None
    subcutaneous: Subcutaneous | None
    us: DrugRules | None
    eu: DrugRules | None


class Vials(Frozen):
    """Vial sizes in 0.01 mg, and the concentration of what is drawn up, in 0.001 mg/mL."""

    sizes: tuple[int, ...]
    concentration: int
    source: Cited


class Billing(Frozen):
    """A billing code and the amount (0.01 mg) that one unit stands for."""

    code: str
    unit: int
    source: Cited


class InUse(Frozen):
    """The longest time (hours) of a diluted bag at room temperature."""

    most: int
    source: Cited


class NotLabelled(Frozen):
    """Indications that the product's own label lacks."""

    regimens: tuple[str, ...]
    text: str
    source: Cited


class ProductRules(Frozen):
    """A product under one label."""

    vials: Vials
    billing: Billing | None
    not_labelled: NotLabelled | None
    in_use: InUse | None
    storage: dict[str, Note]


class Product(Frozen):
    """A product by brand, with its suffixed names and its rules under each label."""

    name: str
    drug: str
    aliases: tuple[str, ...]
    us: ProductRules | None
    eu: ProductRules | None
