"""The shapes of a regimen: its phases, what its label allows instead, and what it asks for."""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, Span
from infusecalc.regimen.drug import ConditionRule, Drug, DrugRules, Premedication
from infusecalc.regimen.sources import Cited, Note


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


class FirstRateAgain(Frozen):
    """How long after the infusion before it a new course begins at the rate of a first infusion."""

    after: Span
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
    premedication: dict[str, Premedication]
    conditions: dict[str, ConditionRule]
    rate_not_labelled: Note | None
    first_rate_again: FirstRateAgain | None
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
