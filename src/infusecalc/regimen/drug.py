"""The shapes of drugs and products: preparation, infusion times, conditions, vials, billing."""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose
from infusecalc.regimen.sources import Cited, Note


class Condition(Frozen):
    """Something that a patient may have; `read_as` names the worst of several classes."""

    name: str
    read_as: str | None


class Titration(Frozen):
    """Rates in 0.01 mg/h: `start`, and `step` more after every `minutes`, up to `most`."""

    start: int
    step: int
    minutes: int
    most: int
    source: Cited


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
    screening: dict[str, Note]
    conditions: dict[str, ConditionRule]


class Subcutaneous(Frozen):
    """Names of subcutaneous products, which are refused."""

    names: tuple[str, ...]
    text: str
    source: Cited


class Drug(Frozen):
    """A drug: its written name, other names, and its rules under each label."""

    name: str
    aliases: tuple[str, ...]
    tall_man: Note | None
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
    storage: dict[str, Note]


class Product(Frozen):
    """A product by brand, with its suffixed names and its rules under each label."""

    name: str
    drug: str
    aliases: tuple[str, ...]
    us: ProductRules | None
    eu: ProductRules | None
