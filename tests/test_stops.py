"""After a stop: every row held against a little model in fractions, and the times that block.

INFUSECALC_STOPS sets how many stops the slow stage tries: 10,000 take some minutes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import accumulate, count, pairwise
from typing import Any

import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from infusecalc import Course, load_table, make_course
from infusecalc.errors import BadInput
from infusecalc.output import after_stop
from infusecalc.pump import Load, Rates, Step, Stop, pump_steps, run_time
from infusecalc.pump_table import PumpTable, make_pump_table
from infusecalc.quantities import plain
from infusecalc.statements import Held, Pace, Titration
from strategies import examples, kg
from support import HERE, every_regimen, someone, table

STOPS = examples(int(os.environ.get("INFUSECALC_STOPS", "150")))
TWELVE_HOURS = 72_000  # 0.01 min
Timed = tuple[Fraction, Fraction | None]
"""A rate in mg/h with its time in min; None: to the end."""
Row = tuple[Fraction, Fraction, bool]
"""A rate, its time, and whether it is one that goes up again, as tolerated."""


# --- the model --------------------------------------------------------------------------------------------
# It knows of the program what the table holds, and nothing of `pump.py`.


def nearest(value: Fraction) -> int:
    """The nearest integer, half up."""
    return math.floor(value + Fraction(1, 2))


def rate_of(pace: Pace, load: Load) -> Fraction:
    each = Fraction(pace.number, 100)
    if pace.unit == "mL/h":
        return each * Fraction(load.dose, 100) / load.bag
    return Fraction(nearest(each * load.weight), 100) if pace.unit == "mg/kg/h" else each


def protocol(load: Load, rates: Rates) -> list[Timed]:
    """The steps of the protocol; one that rises ends with its highest, which comes again and again."""
    rise = rates.titration
    if rise is None:
        return [(Fraction(load.dose * 60, 100 * rates.minutes), None)]
    if rise.steps:
        return [(rate_of(held.pace, load), held.minutes and Fraction(held.minutes)) for held in rise.steps]
    start, step, most = (rate_of(pace, load) for pace in (rise.start, rise.step, rise.most))
    if rise.step_most:
        start, step = min(start, rate_of(rise.step_most, load)), min(step, rate_of(rise.step_most, load))
    if rise.start_most:
        start = min(start, rate_of(rise.start_most, load))
    found = [min(start + turn * step, most) for turn in range(math.ceil(max(0, (most - start) / step)) + 1)]
    return [(rate, Fraction(rise.every)) for rate in found]


def forever(steps: list[Timed]) -> Iterator[Timed]:
    yield from steps
    yield from (steps[-1] for _ in count())


def after(steps: list[Timed], running: int, share: Fraction, *, hold: bool) -> Iterator[Timed]:
    """A share of the rate for one step's time, then each step above it for its own; held, the share to the end."""
    lowest = [min(rate for rate, _ in steps[place:]) for place in range(len(steps))]
    lower, times = share * lowest[running], [time for _, time in steps if time is not None]
    own = steps[running][1]
    time = own if own is not None else max(times) if times else None
    above = [(rate, steps[place][1]) for place, rate in enumerate(lowest) if rate > lower]
    if hold or time is None:
        yield lower, None
    else:
        yield lower, time
        yield from forever(above)


def expected(load: Load, rates: Rates, stop: Stop) -> list[Row]:
    """The whole pump table."""
    at, left, rows = Fraction(stop.at, 100), Fraction(load.dose, 100), []
    steps = protocol(load, rates)
    before = forever(steps)
    while at:
        rate, own = next(before)
        ran = at if own is None else min(own, at)
        rows.append((rate, ran, False))
        at, left = at - ran, left - rate * ran / 60
    running = min(len(rows), len(steps)) - 1
    if stop.pause:
        rows.append((Fraction(0), Fraction(stop.pause, 100), False))
    resumed = after(steps, running, Fraction(stop.resume, 10_000), hold=stop.hold)
    for turn, (rate, time) in enumerate(resumed):
        rest = left * 60 / rate
        ran = rest if time is None else min(time, rest)
        rows.append((rate, ran, turn > 0))
        left -= rate * ran / 60
        if left == 0:
            return rows
    raise AssertionError(rows)


def had_at_most(steps: list[Timed], start: Fraction, end: Fraction) -> Fraction:
    """The lowest rate that the protocol would have had between two times: what may run there at most."""
    clock, found = Fraction(0), []
    for rate, own in forever(steps):
        over = own is None or clock + own >= end
        if over or clock + own > start:
            found.append(rate)
        if over:
            return min(found)
        clock += own
    raise AssertionError(steps)


# --- what holds for every stop ----------------------------------------------------------------------------


def check_rows(load: Load, rates: Rates, stop: Stop, steps: tuple[Step, ...]) -> None:
    """Every cell is the model's, rounded half up once, and all adds up exactly."""
    rows = expected(load, rates, stop)
    assert len(steps) == len(rows)
    given_ = Fraction(0)
    per_ml, volume = Fraction(load.dose, 100 * load.bag), 0
    for step, (rate, ran, tolerated) in zip(steps, rows, strict=True):
        given_ += rate * ran / 60
        volume += step.volume
        assert (step.rate, step.flow) == (nearest(rate * 100), nearest(rate / per_ml * 10))
        assert (step.minutes, step.as_tolerated, step.paused) == (nearest(ran * 100), tolerated, rate == 0)
        assert (step.cumulative, volume) == (nearest(given_ * 100), nearest(given_ / per_ml * 100))
    assert (sum(step.dose for step in steps), volume) == (load.dose, load.bag * 100)
    assert [step.start for step in steps] == [0, *accumulate(step.minutes for step in steps)][:-1]
    assert all(step.minutes >= 0 and step.dose >= 0 and step.volume >= 0 for step in steps)


def check_rates(load: Load, rates: Rates, stop: Stop, steps: tuple[Step, ...]) -> None:
    """No rate is above the protocol's: not above its highest, and not above what it would have had by then."""
    own = protocol(load, rates)
    assert max(step.rate for step in steps) <= nearest(max(rate for rate, _ in own) * 100)
    resumed = [step for step in steps if step.start >= stop.at + stop.pause]
    for step in resumed:
        start, end = Fraction(step.start, 100), Fraction(step.start + max(1, step.minutes), 100)
        assert step.rate <= nearest(had_at_most(own, start, end) * 100)
    assert all(one.rate <= other.rate for one, other in pairwise(resumed))
    if stop.hold:
        assert not any(step.as_tolerated for step in steps)
        assert len(resumed) == 1
    rise = rates.titration
    if rise and rise.step_most:
        most = nearest(rate_of(rise.step_most, load) * 100)
        assert all(other.rate - one.rate <= most + 1 for one, other in pairwise(resumed))  # both are rounded


def check_stop(load: Load, rates: Rates, stop: Stop, steps: tuple[Step, ...]) -> None:
    check_rows(load, rates, stop, steps)
    check_rates(load, rates, stop, steps)


# --- stops of the table's own infusions -------------------------------------------------------------------


@cache
def ways() -> list[tuple[str, str, str | None]]:
    """Every way to run an infusion: each regimen under each label, by its labelled rate and by its protocols."""
    found: list[tuple[str, str, str | None]] = []
    for regimen, label in every_regimen():
        drug, _, indication = regimen.partition("/")
        rules = table().regimen(drug, indication, label)
        usual: list[str | None] = [] if rules.rules.rate_not_labelled else [None]
        found += [(regimen, label, name) for name in [*usual, *table().protocols(rules)]]
    return found


def bag_of(name: str | None) -> int | None:
    """The bag of a protocol in mL/h."""
    first = table().get("protocols", name).first if name else None
    return table().get("titrations", first).bag if first else None


@st.composite
def stopped(draw: Any) -> tuple[PumpTable, Course]:
    """An infusion of any regimen, by any of its rates, with a stop anywhere in it."""
    regimen, label, name = draw(st.sampled_from(ways()))
    bag = bag_of(name)
    drug, _, indication = regimen.partition("/")
    weight = draw(st.integers(500, 25_000))
    rules = table().regimen(drug, indication, label)
    phase = draw(st.sampled_from(sorted(rules.phases)))
    basis = rules.phases[phase].dose.basis
    most = {"mg/kg": 2_000, "mg/m2": 80_000, "mg": 200_000}[basis]
    dose = f"{phase}={plain(draw(st.integers(100, most)))}{basis}"
    if basis == "mg/kg":
        dose = f"{phase}={plain(draw(st.integers(10, most)))}{basis}"
    course = make_course(
        table(), drug, indication, someone(regimen, weight=kg(weight), bsa=plain(draw(st.integers(10, 300)))),
        label=label, protocol=name, bag=bag or draw(st.sampled_from([None, 100, 250, 1000])), dose=[dose],
    )  # set in rows # fmt: skip
    last = 1 + max(0, sum(len(each.offsets) for each in rules.phases.values()) - 1)
    first = table().get("protocols", name).from_infusion if name else 1
    endless = any(each.interval and not each.repeat for each in rules.phases.values())
    number = draw(st.integers(first, first + 9 if endless else max(first, last)))
    whole = make_pump_table(course, number=number)
    if whole.duration <= 1:
        return whole, course
    at = draw(st.integers(1, whole.duration - 1) | st.integers(1, min(whole.duration - 1, 3_000)))
    ends = [step.start for step in whole.steps[1:]]
    at = draw(st.sampled_from(ends) | st.just(at)) if ends else at
    pause = draw(st.just(0) | st.integers(0, 24_000))
    hold = draw(st.booleans())
    keys = {"infusion-too-long"}
    made = make_pump_table(course, number=number, stopped_at=plain(at), pause=plain(pause), hold=hold)
    assert {finding.key for finding in whole.findings}.isdisjoint(keys)
    return made, course


@settings(max_examples=STOPS)
@given(stopped())
def test_any_stop_is_as_the_model_has_it_and_none_is_too_long_in_silence(both):
    """Half of the rate for one step's time, then each step above it; over 12 h in all blocks, pauses included."""
    made, course = both
    assume(made.stop is not None)
    assert made.stop.resume == 5000
    check_stop(made.dose.load, made.rates, made.stop, made.steps)
    long = [finding for finding in made.findings if finding.code == "infusion-too-long"]
    event(f"too long: {bool(long)}, held: {made.stop.hold}")
    assert len(long) == (sum(step.minutes for step in made.steps) > TWELVE_HOURS)
    assert [finding.severity for finding in long] == ["block"] * len(long)
    assert [finding.infusions for finding in long] == [(made.number,)] * len(long)
    left_out = set(course.findings) - set(made.findings)
    assert set(made.findings) - set(long) == set(course.findings) - left_out
    assert [
        each for each in left_out if each.severity == "block" or made.dose.name in (each.phases or [made.dose.name])
    ] == []
    assert ("infusion-too-long" in made.blocks) == bool(long)


def test_every_way_to_run_an_infusion_is_tried():
    names = {name for _, _, name in ways()}
    known = {name for name in table().names("protocols") if not table().get("protocols", name).refused}
    assert names - {None} == known
    assert {regimen for regimen, _, _ in ways()} == set(table().names("regimens"))


# --- stops of made-up titrations, and of any share --------------------------------------------------------

doses, bags, weights = st.integers(1, 200_000), st.integers(10, 5000), st.integers(500, 25_000)
per_hour = st.builds(Pace, st.integers(500, 60_000), st.just("mg/h"))
by_weight = st.builds(Pace, st.integers(10, 500), st.just("mg/kg/h"))
paces = per_hour | by_weight
rising = st.builds(
    Titration, paces, paces, st.integers(5, 60), st.builds(Pace, st.integers(10_000, 40_000), st.just("mg/h")),
    st.none() | per_hour, st.none() | per_hour, st.just(()), st.none(), st.just(()),
)  # set in rows # fmt: skip


def of_steps(steps: list[tuple[Pace, int]], last: Pace) -> Titration:
    held = (*(Held(pace, minutes) for pace, minutes in steps), Held(last, None))
    return Titration(None, None, None, None, None, None, held, None, ())


listed = st.builds(of_steps, st.lists(st.tuples(paces, st.integers(1, 60)), max_size=5), paces)
"""Steps one by one, which may fall."""
FALLS = of_steps([(Pace(10_000, "mg/h"), 30), (Pace(2000, "mg/h"), 30)], Pace(20_000, "mg/h"))
HARDLY_RISES = of_steps([(Pace(500, "mg/h"), 1), (Pace(500, "mg/h"), 1)], Pace(501, "mg/h"))
FALLS_AFTER_ALL = of_steps([(Pace(10_000, "mg/h"), 30), (Pace(20_000, "mg/h"), 30)], Pace(2000, "mg/h"))


@settings(max_examples=STOPS)
@given(
    st.builds(Load, doses, bags, weights), rising | listed, st.integers(0, 999_999), st.integers(0, 24_000),
    st.integers(1, 9_999) | st.just(5000), st.booleans(),
)  # set in rows # fmt: skip
@example(Load(20_000, 500, 7000), FALLS, 1499, 0, 5000, False)
@example(Load(6_000, 500, 7000), FALLS_AFTER_ALL, 99, 0, 5000, False)
@example(Load(9, 10, 500), HARDLY_RISES, 0, 0, 9_999, False)
def test_any_titration_goes_on_after_a_stop_as_the_model_has_it(load, rise, place, pause, share, hold):
    """Half of the rate for one step's time, then each step above it; never above what the protocol would have had."""
    rates = Rates(None, rise)
    whole = run_time(load, rates)
    for outside in {0, whole, max(1, whole), whole + 1}:
        with pytest.raises(BadInput, match="is not within the infusion"):
            pump_steps(load, rates, Stop(outside, pause, share, hold))
    if whole > 1:
        stop = Stop(1 + place % (whole - 1), pause, share, hold)
        check_stop(load, rates, stop, pump_steps(load, rates, stop))


# --- what a site may set ----------------------------------------------------------------------------------

SITE = """
sources:
  site: {title: A site, publisher: unknown, date: unknown, section: unknown, url: unknown, grade: house}
"""
IN_USE = f"""{SITE}
products:
  remicade:
    us:
      vials: {{sizes: [100 mg], concentration: 10 mg/mL, source: site}}
      in_use: {{most: 3 h, source: site}}
"""


def of_a_site(text: str, folder: Any, **options: Any) -> PumpTable:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    course = make_course(load_table(folder / "site.yaml"), "infliximab", "crohns", someone())
    return make_pump_table(course, **options)


@pytest.mark.parametrize(("pause", "blocks"), [("0", ()), ("0.01", ("infusion-too-long",))])
def test_an_infusion_may_not_take_longer_than_its_bag_keeps(pause, blocks, tmp_path):
    made = of_a_site(IN_USE, tmp_path, stopped_at="60", pause=pause)
    assert made.duration == 18_000 + int(float(pause) * 100)  # 60 + 175 / 87.5 h = 180 min
    assert made.blocks == blocks
    found = [finding for finding in made.findings if finding.code == "infusion-too-long"]
    assert len(found) == len(blocks)
    for finding in found:
        assert finding.message == (
            "The infusion takes 3 h 1 min with its stop, over the 3 h for which a diluted bag of Remicade may be"
            " kept at room temperature: before a longer one ask the pharmacist how long the bag keeps, and the"
            " prescriber whether to go on"
        )
        assert [citation.id for citation in finding.source] == ["site"]
        assert (finding.infusions, finding.phases) == ((1,), ("induction",))


def test_an_infusion_over_both_limits_names_both():
    made = make_pump_table(make_course(table(), "rituximab", "ra", someone()), stopped_at="1", hold=True)
    (finding,) = [each for each in made.findings if each.severity == "block"]
    assert (
        "takes 39 h 59 min with its stop, over 12 h and over the 24 h for which a diluted bag of Rituxan"
        in finding.message
    )
    assert [citation.id for citation in finding.source] == ["house", "rituximab-storage"]


def test_a_site_may_have_another_limit(tmp_path):
    text = f"{SITE}house:\n  longest_infusion: {{most: 2 h, text: ask first, source: site}}\n"
    (finding,) = [each for each in of_a_site(text, tmp_path, stopped_at="60").findings if each.severity == "block"]
    assert finding.message == "The infusion takes 3 h with its stop, over 2 h: ask first"


def test_a_drug_without_a_rule_for_reactions_is_held_to_none():
    course = make_course(load_table(HERE / "tables" / "other_drug.yaml"), "examplimab", "little", someone())
    with pytest.raises(BadInput, match=r"`stopped_at` '10' cannot be used: the table does not say how"):
        make_pump_table(course, stopped_at="10", hold=True)


# --- what is said of it -----------------------------------------------------------------------------------

GONE = "Stopped after 45 min: 50 mg in 25 mL had gone in, 950 mg in 475 mL were left; if it goes on: "
UP = "for 30 min at 50 % of the rate at the stop, then go up as tolerated"
TO_THE_END = "to the end at 50 % of the rate at the stop"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"stopped_at": "45"}, GONE + UP),
        ({"stopped_at": "45", "pause": "20"}, GONE + UP),
        ({"stopped_at": "45", "hold": True}, GONE + TO_THE_END),
        ({"stopped_at": "45", "pause": "20", "hold": True}, GONE + TO_THE_END),
    ],
    ids=["stopped", "paused", "held", "paused and held"],
)
def test_what_had_gone_in_and_how_it_goes_on_is_said(options, says):
    """25 + 100 x 0.25 = 50 mg in 45 min, at 2 mg/mL."""
    made = make_pump_table(make_course(table(), "rituximab", "ra", someone()), **options)
    assert after_stop.resumed(made, made.stop) == says
