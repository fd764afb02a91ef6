"""The shapes of the regimen table: what a statement holds once it has been read and checked.

Each shape mirrors one kind of entry in `regimens.yaml`, key for field.
"""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, Span

LABELS = ("us", "eu")
GRADES = (
    "label", "manufacturer", "agency", "trial", "guideline", "secondary", "recalled", "derived", "house",
)  # fmt: skip


class Source(Frozen):
    """A document in which statements were read, with the grade of what it says."""

    title: str
    publisher: str
    date: str
    section: str
    url: str
    grade: str


class Citation(Frozen):
    """Where one statement was read: the id of a source, and the place in it."""

    id: str
    section: str = ""

    def __str__(self) -> str:
        """As the table writes it: `us-inflectra-pi 2.1`."""
        return f"{self.id} {self.section}".strip()


Cited = tuple[Citation, ...]


class Note(Frozen):
    """One statement in words."""

    text: str
    source: Cited


# --- house rules ----------------------------------------------------------------------------------


class Limits(Frozen):
    """A closed range of a scaled quantity."""

    low: int
    high: int
    source: Cited


class BmiLimits(Frozen):
    """The body mass indexes (kg/m2) that are taken, and those that are taken with a caution."""

    low: int
    high: int
    unusual_to: int
    unusual_from: int
    source: Cited


class Bags(Frozen):
    """The bags (mL) in stock, ascending, and the range that `--bag` may name."""

    stocked: tuple[int, ...]
    low: int
    high: int
    source: Cited


class RoundingLimit(Frozen):
    """The largest difference (0.01 %) that rounding may make unless told otherwise."""

    within: int
    source: Cited


class HorizonLimits(Frozen):
    """How far a plan goes unless told otherwise, and how far it may go at most."""

    default: Span
    infusions: int
    longest: Span
    source: Cited


class House(Frozen):
    """Our own limits and defaults."""

    weight: Limits
    height: Limits
    age: Limits
    bsa: Limits
    bmi: BmiLimits
    usual_weight: dict[str, Limits]
    bags: Bags
    rounding: RoundingLimit
    horizon: HorizonLimits


# --- drugs and products ---------------------------------------------------------------------------


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


# --- regimens -------------------------------------------------------------------------------------


class Status(Frozen):
    """`labelled` or `off-label`, under one label."""

    name: str
    text: str | None
    source: Cited


class AgeRange(Frozen):
    """Ages in completed months: from `low`, and under `under`."""

    low: int
    under: int | None
    source: Cited


class Window(Frozen):
    """How soon and how late a phase may start, from the infusion that `Starts` names."""

    earliest: Span | None
    latest: Span | None
    source: Cited


class After(Frozen):
    """The first or last infusion of a phase."""

    which: str
    phase: str

    def __str__(self) -> str:
        """As the table writes it: `last induction infusion`."""
        return f"{self.which} {self.phase} infusion"


class Starts(Frozen):
    """When a phase starts after another; `wait` is None where it is the phase's own interval."""

    after: After
    wait: Span | None
    source: Cited
    window: Window | None
    other_agent: Note | None


class Gap(Frozen):
    """The least and the most time from the previous infusion to the next repeat of a phase."""

    least: Span | None
    most: Span | None
    text: str
    source: Cited


class Repeat(Frozen):
    """The whole block of a phase again, `always` or only when `asked` for."""

    every: Span
    planned: str
    source: Cited


class Phase(Frozen):
    """A named stretch of a regimen: a dose, its offsets from the anchor, and how it goes on."""

    dose: Dose
    weeks: tuple[int, ...] | None
    days: tuple[int, ...] | None
    every: Span | None
    repeat: Repeat | None
    if_needed_from: int | None
    starts: Starts | None
    gap: Gap | None
    source: Cited

    @property
    def offsets(self) -> tuple[int, ...]:
        """The days of one block, from the phase's anchor."""
        return tuple(7 * week for week in self.weeks) if self.weeks else self.days or (0,)

    @property
    def interval(self) -> Span | None:
        """The time between repeats, or None for a phase that is given once."""
        return self.repeat.every if self.repeat else self.every


class DoseRange(Frozen):
    """Doses that a label allows; a bound is None where it gives no figure."""

    low: Dose | None
    high: Dose | None
    text: str


class SpanRange(Frozen):
    """Intervals that a label allows; a bound is None where it gives no figure."""

    low: Span | None
    high: Span | None
    text: str


class Allowed(Frozen):
    """One alternative to a phase's own dose and interval; a part left out is the phase's own."""

    phase: str | None
    dose: DoseRange | None
    every: SpanRange | None
    when: str
    source: Cited


class Judgement(Frozen):
    """What a label leaves to judgement, `at` a time after the first infusion of a phase."""

    finding: str
    phase: str
    at: Span | None
    text: str
    source: Cited


class Variant(Frozen):
    """Another way of giving the same regimen."""

    name: str
    phases: dict[str, Phase]


class RegimenRules(Frozen):
    """A regimen under one label."""

    status: Status
    age: AgeRange | None
    phases: dict[str, Phase]
    allowed: tuple[Allowed, ...]
    judgement: tuple[Judgement, ...]
    companions: dict[str, Note]
    conditions: dict[str, ConditionRule]
    rate_not_labelled: Note | None
    variants: dict[str, Variant]


class RegimenEntry(Frozen):
    """A regimen as the table lists it: its name, other names, and its rules under each label."""

    name: str
    aliases: tuple[str, ...]
    population: str
    us: RegimenRules | None
    eu: RegimenRules | None


class Regimen(Frozen):
    """One regimen under one label and variant, with all that the table says for it."""

    drug_id: str
    indication: str
    label: str
    variant: str | None
    name: str
    population: str
    rules: RegimenRules
    phases: dict[str, Phase]
    drug: Drug
    drug_rules: DrugRules

    @property
    def id(self) -> str:
        """As the table writes it: `infliximab/crohns`."""
        return f"{self.drug_id}/{self.indication}"
