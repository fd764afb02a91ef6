"""Our own limits and defaults: the entries of `house`, each a statement."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.quantities import Span
from infusecalc.statements.kinds import AGE, CM, HOURS, KG, M2, MG, MINUTES, ML, NUMBER, PERCENT, SPAN, WORDS, ListOf
from infusecalc.statements.statement import Sourced, Statement, need


def in_order(statement: Statement, low: str, high: str) -> Iterator[tuple[str, str]]:
    """The fault of a pair of bounds that stand upside down."""
    bounds = getattr(statement, low), getattr(statement, high)
    if None not in bounds and bounds[0] > bounds[1]:
        yield high.rstrip("_"), f"is below '{low.rstrip('_')}'"


class Limits(Sourced):
    """A closed range of a scaled quantity; each kind of quantity has a class of its own."""

    from_: int = need(NUMBER, "the least")
    to: int = need(NUMBER, "the most")

    def faults(self) -> Iterator[tuple[str, str]]:
        """The bounds stand in order."""
        yield from in_order(self, "from_", "to")


class Weights(Limits):
    """Body weights in 0.01 kg."""

    from_: int = need(KG, "the least")
    to: int = need(KG, "the most")


class Heights(Limits):
    """Heights in 0.1 cm."""

    from_: int = need(CM, "the least")
    to: int = need(CM, "the most")


class Ages(Limits):
    """Ages in completed months."""

    from_: int = need(AGE, "the youngest")
    to: int = need(AGE, "the oldest")


class Surfaces(Limits):
    """Body surface areas in 0.01 m2."""

    from_: int = need(M2, "the least")
    to: int = need(M2, "the most")


class BmiLimits(Limits):
    """The body mass indexes (kg/m2) that are taken, and those that are taken with a caution."""

    unusual_to: int = need(NUMBER, "a caution up to this one")
    unusual_from: int = need(NUMBER, "a caution from this one on")

    def faults(self) -> Iterator[tuple[str, str]]:
        """The bounds stand in order."""
        yield from in_order(self, "from_", "to")
        yield from in_order(self, "unusual_to", "unusual_from")


class UsualWeights(Statement):
    """The weights that are usual in a population; another one is a caution."""

    adult: Weights = need(Weights, "in an adult regimen")
    paediatric: Weights = need(Weights, "in a paediatric regimen")

    def of(self, population: str) -> Weights:
        """Those of `adult` or `paediatric` regimens."""
        return self.paediatric if population == "paediatric" else self.adult


class BareWeights(Sourced):
    """The weights (0.01 kg) from which a number without a unit may have been meant as pounds."""

    adult: int = need(KG, "in an adult regimen, from this one on")
    paediatric: int = need(KG, "in a paediatric regimen, from this one on")

    def of(self, population: str) -> int:
        """That of `adult` or `paediatric` regimens."""
        return self.paediatric if population == "paediatric" else self.adult


class Bags(Limits):
    """The bags (mL) in stock, ascending, and the range that `--bag` may name."""

    stocked: tuple[int, ...] = need(ListOf(ML, ascending=True), "the bags in stock")
    from_: int = need(ML, "the smallest that may be asked for")
    to: int = need(ML, "the largest that may be asked for")


class Overfill(Sourced):
    """The share (0.01 %) by which a bag may hold more than it says."""

    most: int = need(PERCENT, "the share")


class RoundingLimit(Sourced):
    """The largest difference (0.01 %) that rounding may make unless told otherwise."""

    within: int = need(PERCENT, "the largest difference")


class LargestDose(Sourced):
    """The largest dose of one infusion that is taken: a larger one is a slip, and its vials are not counted."""

    most: int = need(MG, "the dose")


class NearMistake(Sourced):
    """How near (0.01 %) an order comes to the dose of a usual mistake to be told as that mistake."""

    outside: int = need(PERCENT, "where the order is outside the regimen")
    in_range: int = need(PERCENT, "where the order is in an allowed range: only pounds for kilograms are named there")


class HorizonLimits(Sourced):
    """How far a plan goes unless told otherwise, and how far it may go at most."""

    default: Span = need(SPAN, "how far a plan goes")
    infusions: int = need(NUMBER, "how many infusions it may have")
    to: Span = need(SPAN, "how far it may go")


class WeightChange(Sourced):
    """The change of weight (0.01 %) from which a second look is asked for."""

    from_: int = need(PERCENT, "the change")
    text: str = need(WORDS, "what it decides")


class Doubled(Sourced):
    """The share of an interval (0.01 %) below which two infusions are too near each other."""

    under: int = need(PERCENT, "the share")
    text: str = need(WORDS, "what it decides")


class GivenEarly(Sourced):
    """How long before its date, counted from the infusion before it, an infusion may have been given."""

    induction: Span = need(SPAN, "in an induction, a pair or another set of infusions")
    interval: int = need(PERCENT, "where it comes after an interval, the share of the time between the two infusions")


class GivenDiffers(Sourced):
    """How far (0.01 %) a dose that was given may be from the expected one."""

    over: int = need(PERCENT, "the largest difference")


class LongestPause(Sourced):
    """The longest pause (minutes) after which an infusion is gone on with."""

    most: int = need(MINUTES, "the pause")


class LongestInfusion(Sourced):
    """The longest time (hours) of an infusion with its stops, and what to do before a longer one."""

    most: int = need(HOURS, "the time")
    text: str = need(WORDS, "what to do")


class AfterStop(Sourced):
    """What is said of the steps after a stop: after a severe reaction, and of those that go above the reduced rate."""

    severe: str = need(WORDS, "what a severe reaction means")
    as_tolerated: str = need(WORDS, "how the rate may rise again")


class House(Statement):
    """Our own limits and defaults; each part is an entry of its own."""

    weight: Weights = need(Weights, "body weights that are taken")
    height: Heights = need(Heights, "heights that are taken")
    age: Ages = need(Ages, "ages that are taken")
    bsa: Surfaces = need(Surfaces, "body surface areas that are taken")
    bmi: BmiLimits = need(BmiLimits, "body mass indexes that are taken, and that are usual")
    usual_weight: UsualWeights = need(UsualWeights, "weights that are usual")
    bare_weight: BareWeights = need(BareWeights, "weights without a unit that may have been meant as pounds")
    bags: Bags = need(Bags, "bags in stock")
    overfill: Overfill = need(Overfill, "how much more a bag may hold than it says")
    rounding: RoundingLimit = need(RoundingLimit, "how far rounding may go")
    largest_dose: LargestDose = need(LargestDose, "the largest dose that is taken")
    near_mistake: NearMistake = need(NearMistake, "how near an order comes to a mistake")
    horizon: HorizonLimits = need(HorizonLimits, "how far a plan goes")
    weight_change: WeightChange = need(WeightChange, "the change of weight that asks for a second look")
    doubled: Doubled = need(Doubled, "when two infusions are too near each other")
    given_early: GivenEarly = need(GivenEarly, "how early an infusion may have been given")
    given_differs: GivenDiffers = need(GivenDiffers, "how far a dose given may be from the expected one")
    longest_pause: LongestPause = need(LongestPause, "the longest pause of an infusion")
    longest_infusion: LongestInfusion = need(LongestInfusion, "the longest infusion with its stops")
    after_stop: AfterStop = need(AfterStop, "what is said of the steps after a stop")
