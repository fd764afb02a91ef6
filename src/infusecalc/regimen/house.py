"""The shapes of our own limits and defaults."""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.quantities import Span
from infusecalc.regimen.sources import Cited


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


class Share(Frozen):
    """A share in 0.01 %, and what it decides."""

    share: int
    text: str
    source: Cited


class LongestPause(Frozen):
    """The longest pause (minutes) after which an infusion is gone on with."""

    most: int
    source: Cited


class LongestInfusion(Frozen):
    """The longest time (hours) of an infusion with its stops, and what to do before a longer one."""

    most: int
    text: str
    source: Cited


class AfterStop(Frozen):
    """What is said of the steps after a stop: after a severe reaction, and of those that go above the reduced rate."""

    severe: str
    as_tolerated: str
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
    weight_change: Share
    doubled: Share
    longest_pause: LongestPause
    longest_infusion: LongestInfusion
    after_stop: AfterStop
