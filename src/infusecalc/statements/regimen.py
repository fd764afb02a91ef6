"""What the table says of a regimen under one label: its phases, what is allowed instead, and what it asks for."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from infusecalc.arithmetic import past
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, Span, in_days, plain
from infusecalc.statements.drug import (
    ALIASES,
    CONDITIONS,
    PREMEDICATION,
    ConditionRule,
    FirstRateAgain,
    Premedication,
)
from infusecalc.statements.house import in_order
from infusecalc.statements.kinds import (
    AFTER,
    AGE,
    DOSE,
    DOSE_RANGE,
    INTERVAL,
    NAME,
    NUMBER,
    SIZE,
    SPAN,
    SPAN_RANGE,
    WAIT,
    WORDS,
    After,
    DoseRange,
    Either,
    ListOf,
    MapOf,
    Size,
    SpanRange,
    choice,
)
from infusecalc.statements.short import HasShorts
from infusecalc.statements.statement import SHORT, Companion, Note, Sourced, Statement, may, need

MAINTENANCE = "maintenance"
"""The role of a phase that goes on, and its usual name: a bare dose or interval is for it."""


class Status(Sourced):
    """`labelled` or `off-label`, under one label."""

    is_: str = need(choice("labelled", "off-label"), "whether the label carries the indication")
    text: str | None = may(WORDS, "what it rests on, where it is off-label")


class AgeRange(Sourced):
    """Ages in completed months: from `from_`, and under `under`."""

    from_: int = need(AGE, "the youngest")
    under: int | None = may(AGE, "the age that ends it, not included")

    def faults(self) -> Iterator[tuple[str, str]]:
        """The bounds stand in order."""
        yield from in_order(self, "from_", "under")


class Window(Sourced):
    """How soon and how late a phase may start, from the infusion that `Starts` names."""

    earliest: Span | None = may(SPAN, "how soon")
    latest: Span | None = may(SPAN, "how late")


class Starts(Sourced):
    """When a phase starts after another."""

    after: After = need(AFTER, "the infusion that it is counted from")
    wait: str | Span = need(WAIT, "how long after it")
    window: Window | None = may(Window, "how soon and how late it may start")
    other_agent: Note | None = may(Note, "what is said after an induction with another agent")


class Gap(Sourced):
    """The least and the most time from the previous infusion to the next repeat of a phase."""

    least: Span | None = may(SPAN, "the least time")
    most: Span | None = may(SPAN, "the most time")
    text: str = need(WORDS, "what is said of it")


class Repeat(Sourced):
    """The whole block of a phase again, `always` or only when `asked` for."""

    every: Span = need(SPAN, "the time from block to block")
    planned: str = need(choice("always", "asked"), "whether later blocks are planned always or only if asked for")


class Band(Statement):
    """The dose of patients up to a size: `under` leaves it out, `to` takes it in; the last band takes the rest."""

    under: Size | None = may(SIZE, "the weight or BSA that ends it, not included")
    to: Size | None = may(SIZE, "the weight or BSA that ends it, included")
    dose: Dose = need(DOSE, "the dose of one infusion")

    @property
    def end(self) -> Size | None:
        """Where it ends; None for the last."""
        return self.under or self.to

    def holds(self, weight: int, bsa: int | None) -> bool:
        """Whether a patient's size does not pass its end; raises BadInput for a BSA that is missing."""
        if self.end is None:
            return True
        size = weight if self.end.by == "weight" else bsa
        if size is None:
            hint = "give `height` or `bsa`: the dose depends on the body surface area"
            raise BadInput("height", None, "is missing", hint=hint)
        return not past(size, self.end.number, included=self.to is not None)


class Place(Frozen):
    """A band among its neighbours: the one before it, and itself."""

    before: Band | None
    band: Band

    @property
    def by(self) -> str:
        """What decides: `weight` or `bsa`."""
        end = self.band.end or (self.before.end if self.before else None)
        return end.by if end else ""

    def __str__(self) -> str:
        """As people read it: `under 60 kg`, `60 to 100 kg`, `over 100 kg`."""
        low, high = (each.end if each else None for each in (self.before, self.band))
        since = "" if self.before is None or low is None else "over " if self.before.to else "from "
        if low is None:
            return f"{'under' if self.band.under else 'up to'} {high}"
        if high is None:
            return f"{since}{low}"
        ends = f"under {high}" if self.band.under else str(high)
        return f"{since}{plain(low.number)} to {ends}"


def _bands(bands: tuple[Band, ...]) -> Iterator[tuple[str, str]]:
    """Bands are by one size, end one after the other, and the last one has no end."""
    ends = [band.end for band in bands]
    sizes = [end.number for end in ends if end]
    if None in ends[:-1] or ends[-1] is not None or any(band.under and band.to for band in bands):
        yield "dose", "must have one end in each band but the last (allowed: 'under' or 'to')"
    elif len({end.by for end in ends if end}) > 1 or sizes != sorted(set(sizes)) or not sizes:
        yield "dose", "needs several bands in ascending order, all by weight or all by BSA"


_OFFSETS = ListOf(NUMBER, ascending=True)


class Phase(Sourced):
    """A named stretch of a regimen: a dose, its offsets from the anchor, and how it goes on."""

    dose: Dose | tuple[Band, ...] = need(Either(DOSE, ListOf(Band)), "the dose of one infusion, or a list of bands")
    weeks: tuple[int, ...] | None = may(_OFFSETS, "the weeks of its infusions, from 0")
    days: tuple[int, ...] | None = may(_OFFSETS, "the days of its infusions, from 0, instead of weeks")
    every: Span | None = may(SPAN, "the time between its infusions, where they go on")
    repeat: Repeat | None = may(Repeat, "how its whole block comes again")
    infusions: int | None = may(NUMBER, "how many infusions it has in all, where it goes on and comes to an end")
    if_needed_from: int | None = may(NUMBER, "the infusion from which on they are given only if needed")
    starts: Starts | None = may(Starts, "when it starts after another phase")
    gap: Gap | None = may(Gap, "the least and the most time since the infusion before")
    role: str | None = may(choice(MAINTENANCE), "maintenance, for a phase of another name that goes on")

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Its dose, or that of each band."""
        return (self.dose,) if isinstance(self.dose, Dose) else tuple(band.dose for band in self.dose)

    @property
    def places(self) -> tuple[Place, ...]:
        """Its bands, each with the one before; none where all patients have one dose."""
        bands = () if isinstance(self.dose, Dose) else self.dose
        return tuple(Place(before, band) for before, band in zip((None, *bands), bands, strict=False))

    @property
    def people(self) -> str:
        """Its dose as people read it: `1,000 mg`; `500 mg under 60 kg, 750 mg from 60 kg`."""
        if isinstance(self.dose, Dose):
            return self.dose.people
        return ", ".join(f"{place.band.dose.people} {place}" for place in self.places)

    def place_of(self, weight: int, bsa: int | None) -> Place | None:
        """The band of a patient; None where all have one dose. Raises BadInput for a BSA that is missing."""
        return next((place for place in self.places if place.band.holds(weight, bsa)), None)

    def dose_of(self, weight: int, bsa: int | None) -> Dose:
        """The dose of a patient: that of the band, where there are bands; raises BadInput for a BSA that is missing."""
        if isinstance(self.dose, Dose):
            return self.dose
        return next((band.dose for band in self.dose if band.holds(weight, bsa)), self.doses[0])

    def in_band(self, weight: int, bsa: int | None) -> Phase:
        """The phase as it is for a patient: without bands, at the dose of the patient's; raises BadInput for no BSA."""
        return self if isinstance(self.dose, Dose) else self.but(dose=self.dose_of(weight, bsa))

    @property
    def offsets(self) -> tuple[int, ...]:
        """The days of one block, from the phase's anchor."""
        return in_days(self.weeks) if self.weeks else self.days or (0,)

    @property
    def interval(self) -> Span | None:
        """The time between repeats, or None for a phase that is given once."""
        return self.repeat.every if self.repeat else self.every

    @property
    def count(self) -> int | None:
        """How many infusions it has, or None for a phase that goes on without an end."""
        return self.infusions or (None if self.interval else len(self.offsets))

    @property
    def wait(self) -> Span | None:
        """How long after the infusion that `starts` names it begins: a time of its own, or its interval."""
        wait = self.starts.wait if self.starts else None
        return self.interval if wait == INTERVAL else wait if isinstance(wait, Span) else None

    def faults(self) -> Iterator[tuple[str, str]]:
        """What says when does so once."""
        if not isinstance(self.dose, Dose):
            yield from _bands(self.dose)
        if self.weeks and self.days:
            yield "days", "cannot be combined with 'weeks'"
        if self.every and self.repeat:
            yield "every", "cannot be combined with 'repeat'"
        if self.infusions is not None and (not self.every or self.infusions <= len(self.offsets)):
            yield "infusions", "is not more than the infusions before the first repeat of 'every'"
        if self.offsets[0] != 0:
            yield ("weeks" if self.weeks else "days"), "does not begin with 0"
        if self.starts and self.wait is None:
            yield "starts", "waits for an interval, but the phase has none (a site's phase is whole: add 'every')"


def phases_in_order(phases: dict[str, Phase]) -> Iterator[tuple[str, str]]:
    """Each later phase starts after an earlier one, which is given once."""
    names = list(phases)
    for index, (name, phase) in enumerate(phases.items()):
        if index == 0 and phase.starts:
            yield f"phases.{name}", "is the first phase, and cannot start after another"
        if index and not (phase.starts and phase.starts.after.phase in names[:index]):
            yield f"phases.{name}", "does not start after an infusion of an earlier phase"
        if index and phases[names[index - 1]].interval:
            yield f"phases.{name}", "follows a phase that is repeated"


class Allowed(Sourced):
    """One alternative to a phase's own dose and interval; a part left out is the phase's own."""

    phase: str | None = may(NAME, "the phase; every one, where it names none")
    dose: DoseRange | None = may(DOSE_RANGE, "the doses that are allowed")
    once: str | None = may(choice("yes"), "yes, where the dose is for one infusion alone")
    every: SpanRange | None = may(SPAN_RANGE, "the intervals that are allowed")
    when: str = need(WORDS, "the condition")


class Judgement(Sourced):
    """What a label leaves to judgement, `at` a time after the first infusion of a phase."""

    finding: str = need(choice("evaluate", "stop-rule", "interval-range"), "the finding that it gives")
    phase: str = need(NAME, "the phase")
    at: Span | None = may(SPAN, "when")
    text: str = need(WORDS, "what is said")
    short: str | None = may(WORDS, SHORT)


class Variant(HasShorts):
    """Another way of giving the same regimen: each part that it has takes the place of the regimen's, as a whole."""

    name: str = need(WORDS, "what people call it")
    status: Status | None = may(Status, "its own: labelled or off-label")
    age: AgeRange | None = may(AgeRange, "its own: the ages that it is for")
    phases: dict[str, Phase] | None = may(MapOf(Phase), "its own phases, in their order")
    allowed: tuple[Allowed, ...] | None = may(ListOf(Allowed), "its own: what is allowed instead")
    judgement: tuple[Judgement, ...] | None = may(ListOf(Judgement), "its own: what is left to judgement")
    companions: dict[str, Companion] | None = may(MapOf(Companion), "its own: drugs that are given with it")
    premedication: dict[str, Premedication] | None = may(PREMEDICATION, "its own: what is given before each infusion")
    conditions: dict[str, ConditionRule] | None = may(CONDITIONS, "its own: what is said of a patient's conditions")
    rate_not_labelled: Note | None = may(Note, "its own: why there is no rate on the label")
    first_rate_again: FirstRateAgain | None = may(FirstRateAgain, "its own: when a first rate is used again")

    @property
    def own(self) -> dict[str, Any]:
        """The parts that it has, by their names."""
        return {part: value for part, value in self.as_dict().items() if part != "name" and value is not None}

    def over(self, rules: RegimenRules) -> RegimenRules:
        """The regimen's rules, with the variant's parts in the place of theirs."""
        return rules.but(**self.own)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Its phases follow each other, and what names one names one of them."""
        yield from super().faults()
        if self.phases is not None:
            yield from phases_in_order(self.phases)
            yield from _absent(self, self.phases)


class RegimenRules(HasShorts):
    """A regimen under one label."""

    status: Status = need(Status, "labelled or off-label")
    age: AgeRange | None = may(AgeRange, "the ages that it is for")
    phases: dict[str, Phase] = need(MapOf(Phase), "its phases, in their order")
    allowed: tuple[Allowed, ...] = may(ListOf(Allowed), "what is allowed instead of its doses and intervals", ())
    judgement: tuple[Judgement, ...] = may(ListOf(Judgement), "what is left to judgement", ())
    companions: dict[str, Companion] = may(MapOf(Companion), "drugs that are given with it", {})
    premedication: dict[str, Premedication] = may(PREMEDICATION, "what is given before each infusion", {})
    conditions: dict[str, ConditionRule] = may(CONDITIONS, "what is said of a patient's conditions", {})
    rate_not_labelled: Note | None = may(Note, "why there is no rate on the label")
    first_rate_again: FirstRateAgain | None = may(
        FirstRateAgain, "when the rate of a first infusion is used again, where it differs from the drug's"
    )
    variants: dict[str, Variant] = may(MapOf(Variant), "other ways of giving it", {})

    def faults(self) -> Iterator[tuple[str, str]]:
        """There are phases, they follow each other, and what names one names one of them."""
        yield from super().faults()
        if not self.phases:
            yield "phases", "is empty"
        yield from phases_in_order(self.phases)
        planned = {*self.phases, *(phase for variant in self.variants.values() for phase in variant.phases or ())}
        yield from _absent(self, planned)
        for name, variant in self.variants.items():
            if variant.phases is None:
                yield from ((f"variants.{name}.{key}", problem) for key, problem in _absent(variant, self.phases))


def _absent(rules: RegimenRules | Variant, planned: Container[str]) -> Iterator[tuple[str, str]]:
    """What is allowed, left to judgement, or given with it in a phase that is not planned."""
    given = tuple((rules.companions or {}).values())
    for key, rows in (("allowed", rules.allowed), ("judgement", rules.judgement), ("companions", given)):
        absent = (row.phase for row in rows or () if row.phase and row.phase not in planned)
        yield from ((key, f"names the absent phase '{phase}'") for phase in absent)


class Indication(Statement):
    """A regimen, whatever the label: the indication's name, its other names, and who is treated."""

    name: str = need(WORDS, "what people call the indication")
    aliases: tuple[str, ...] = may(ALIASES, "its other names", ())
    population: str = need(choice("adult", "paediatric"), "who is treated")
    other_ages: tuple[str, ...] = may(ListOf(NAME), "the drug's indications for the same disease at other ages", ())
