"""A dose in its bag and the rates that it goes in at to the pump's steps: when, how fast, how much.

Every rate is a whole number of parts, `per` parts to 0.01 mg/h, so that nothing is rounded before it is shown;
times are in 0.01 min. The last step ends when the dose is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from infusecalc.arithmetic import WHOLE, half_up, hundredths_of_minutes
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import people
from infusecalc.statements import Pace, Titration

_HOUR = 6_000  # 0.01 min

Stretches = Iterator[tuple[int, int | None]]
"""Rates in parts, each with the time that it is held for; None: to the end."""


class Rates(Frozen):
    """How an infusion runs: over a time in minutes, or by a titration; one of the two."""

    minutes: int | None
    titration: Titration | None


class Load(Frozen):
    """What is on the pump: a dose (0.01 mg) in a bag (mL), for a weight (0.01 kg)."""

    dose: int
    bag: int
    weight: int


class Stop(Frozen):
    """An infusion stopped `at` a time and paused (0.01 min), then resumed at a share (0.01 %, under 100 %) of its rate.

    `hold`: at that share to the end; else for one step's time, and then up by the steps of the protocol.
    """

    at: int
    pause: int
    resume: int
    hold: bool


class Step(Frozen):
    """One row of the pump table.

    Times in 0.01 min, `rate` in 0.01 mg/h, `flow` in 0.1 mL/h, `volume` in 0.01 mL, `dose` and `cumulative` in
    0.01 mg. Volume and dose are differences of rounded sums, so that they add up to the bag and to the dose.
    `paused`: nothing runs. `as_tolerated`: a step after a stop that goes above the reduced rate.
    """

    start: int
    minutes: int
    rate: int
    flow: int
    volume: int
    dose: int
    cumulative: int
    paused: bool
    as_tolerated: bool


def run_time(load: Load, rates: Rates) -> int:
    """The time in 0.01 min in which the dose goes in; raises BadInput for rates of another bag."""
    stretches, per = _stretches(load, rates)
    return sum(minutes for _, minutes, _ in _run(load.dose, stretches, per))


def pump_steps(load: Load, rates: Rates, stop: Stop | None = None) -> tuple[Step, ...]:
    """The pump table of one infusion, with a stop in it where there was one; raises BadInput."""
    stretches, per = _stretches(load, rates)
    if stop:
        whole = run_time(load, rates)
        if not 0 < stop.at < whole:
            allowed = f"above 0 and under {people(whole)} min, the time of the whole infusion"
            raise BadInput("`stopped_at`", f"{people(stop.at)} min", "is not within the infusion", allowed=allowed)
        stretches, per = _stopped(_own_steps(load, rates), stop), per * WHOLE
    found: list[Step] = []
    clock = taken = given = volume = 0
    for parts, minutes, amount in _run(load.dose, stretches, per):
        taken += amount
        sum_given = half_up(taken, per * _HOUR)
        sum_volume = half_up(taken * load.bag * 100, per * _HOUR * load.dose)
        flow = half_up(parts * load.bag * 10, per * load.dose)
        rate, more = half_up(parts, per), sum_given - given
        up = stop is not None and clock > stop.at + stop.pause
        found.append(Step(clock, minutes, rate, flow, sum_volume - volume, more, sum_given, parts == 0, up))
        clock, given, volume = clock + minutes, sum_given, sum_volume
    return tuple(found)


def _run(dose: int, stretches: Stretches, per: int) -> Iterator[tuple[int, int, int]]:
    """Each rate with its time and the amount (in parts x 0.01 min) that goes in, until the dose is in."""
    left = dose * per * _HOUR
    parts, minutes = next(stretches)
    while minutes is not None and parts * minutes < left:
        yield parts, minutes, parts * minutes
        left -= parts * minutes
        parts, minutes = next(stretches)
    yield parts, half_up(left, parts), left


def _stretches(load: Load, rates: Rates) -> tuple[Stretches, int]:
    """The rates in turn, and how many parts make 0.01 mg/h."""
    if rates.titration is None:
        minutes = rates.minutes or 0
        return iter([(load.dose * 60, None)]), minutes
    rise = rates.titration
    if rise.bag not in (None, load.bag):
        hint = f"its rates are in mL/h; give `bag` {rise.bag}"
        raise BadInput("bag", f"{load.bag} mL", "is not the bag of this protocol", allowed=f"{rise.bag} mL", hint=hint)
    if rise.bag is not None:
        return ((held.pace.number * load.dose, _hundredths(held.minutes)) for held in rise.steps), load.bag * 100
    if rise.steps:
        return ((_per_hour(held.pace, load), _hundredths(held.minutes)) for held in rise.steps), 1
    return _rising(load, rise), 1


def _rising(load: Load, rise: Titration) -> Stretches:
    """The start, then a step up after every so many minutes, then the most."""
    if rise.start is None or rise.step is None or rise.most is None:  # pragma: no cover - the table is checked for it
        return
    rate = min(_per_hour(pace, load) for pace in (rise.start, rise.start_most, rise.step_most) if pace)
    step = min(_per_hour(pace, load) for pace in (rise.step, rise.step_most) if pace)
    most = _per_hour(rise.most, load)
    while True:
        yield min(rate, most), _hundredths(rise.every)
        rate += step


def _hundredths(minutes: int | None) -> int | None:
    return None if minutes is None else hundredths_of_minutes(minutes)


def _per_hour(pace: Pace, load: Load) -> int:
    """A pace in 0.01 mg/h; one by weight is rounded there, half up, so that the shown rate is the one used."""
    return half_up(pace.number * load.weight, 100) if pace.unit == "mg/kg/h" else pace.number


# --- after a stop -----------------------------------------------------------------------------------------


def _own_steps(load: Load, rates: Rates) -> list[tuple[int, int | None]]:
    """The rates in turn, each with the time that the protocol has for it; those that rise, until the dose is in."""
    stretches, per = _stretches(load, rates)
    if rates.titration is None or rates.titration.steps:
        return list(stretches)
    found: list[tuple[int, int | None]] = []
    left = load.dose * per * _HOUR
    while left > 0:
        parts, minutes = next(stretches)
        found.append((parts, minutes))
        left -= parts * (minutes or 0)
    return found


def _stopped(steps: list[tuple[int, int | None]], stop: Stop) -> Stretches:
    """The rates up to the stop, the pause, and how it goes on (in finer parts).

    A stop just as a step ends is a stop in that step.
    """
    place = clock = 0
    parts, minutes = steps[place]
    while minutes is not None and clock + minutes < stop.at:
        yield parts * WHOLE, minutes
        place, clock = place + 1, clock + minutes
        parts, minutes = steps[place]
    yield parts * WHOLE, stop.at - clock
    if stop.pause:
        yield 0, stop.pause
    yield from _resumed(steps, place, stop)


def _resumed(steps: list[tuple[int, int | None]], place: int, stop: Stop) -> Stretches:
    """A share of the rate that was running for one step's time, then each step above it, in order, for its own time.

    One step's time is that of the step that was running; of the last one, which has none of its own, the longest of
    the others, as the slowest. Where there are no others the rate is flat, and the share runs to the end, as with
    `hold`. Then comes the lowest rate of the protocol above the share: the step that was running comes again, and
    whole, however little of it was left. So no rate comes sooner than the protocol had it, and no rise is larger.
    Where the rates of a protocol fall, each counts as the lowest that is still to come, or it would be passed later.
    """
    lowest = list(accumulate((parts for parts, _ in reversed(steps)), min))[::-1]
    reduced = lowest[place] * stop.resume
    times = [minutes for _, minutes in steps if minutes is not None]
    held = steps[place][1] or max(times, default=None)
    higher = [
        (parts * WHOLE, minutes) for parts, (_, minutes) in zip(lowest, steps, strict=True) if parts * WHOLE > reduced
    ]
    yield reduced, None if stop.hold else held
    yield from higher  # these take in what was left at the stop, and more
