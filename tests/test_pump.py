"""Pump rates: times and steps by hand, refusals, and rules that hold for every dose, bag, weight and titration."""

import json
import math
import random
import shlex
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, count, pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.errors import BadInput
from infusecalc.pump import Load, Rates, Step, Stop, pump_steps, run_time
from infusecalc.pump_table import make_pump_table
from infusecalc.quantities import number
from infusecalc.statements import Held, Pace, Titration
from support import HERE, START, course, read_yaml, slow, someone, table

RATES = read_yaml(HERE / "cases" / "rates.yaml")
COLUMNS = {
    "start": ("start", 2), "held": ("minutes", 2), "rate": ("rate", 2), "flow": ("flow", 1), "volume": ("volume", 2),
    "step_dose": ("dose", 2), "cumulative": ("cumulative", 2),
}  # set in rows # fmt: skip
GROUP = {"rule", "source", "cases", "name", "because"}
PUMP = {*COLUMNS, "titration", "over", "made", "dose", "bag", "weight", "stop", "minutes", "refused", "as_tolerated"}
OF_TABLE = {"number", "phase", "first"}
TABLES = {
    *COLUMNS, *OF_TABLE, "regimen", "patient", "asked", "pump", "dose", "bag", "minutes", "findings", "without",
    "refused", "as_tolerated",
}  # set in rows # fmt: skip
COURSES = {"regimen", "patient", "asked", "times", "bags", "first", "phases", "findings", "without"}
LINES = {"run", "exit", "expect", "says", "refused"}
HALF = 5000  # 50 % in 0.01 %


def listed(section: str) -> list[dict[str, Any]]:
    """The cases of a section, each with what its rule says for all of them."""
    return [{**rule, **case} for rule in RATES[section] for case in rule["cases"]]


def cases(section: str):
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in listed(section)])


def scaled(value: float | str) -> int:
    return int(Decimal(str(value)).scaleb(2))


def columns(case: dict[str, Any]) -> dict[str, list[float]]:
    return {name: case[name] for name in COLUMNS if name in case}


def shown(steps: tuple[Step, ...], names: Iterator[str]) -> dict[str, list[float]]:
    """The columns of a pump table, as people and data have them."""
    asked = {name: COLUMNS[name] for name in names}
    return {name: [number(getattr(step, field), places) for step in steps] for name, (field, places) in asked.items()}


def titration(name: str) -> Titration:
    return table().get("titrations", name)


def made_up(told: dict[str, Any]) -> Titration:
    """A titration that is in no table: `every` in minutes, paces as in 20 mg/h; or steps, each a pace and minutes."""
    if "steps" in told:
        steps = tuple(Held(Pace(scaled(pace.split(" ")[0]), pace.split(" ")[1]), held) for pace, held in told["steps"])
        return Titration(None, None, None, None, None, None, steps, None, ())
    paces = {name: text.split(" ") for name, text in told.items() if name != "every"}
    found = {name: Pace(scaled(value), unit) for name, (value, unit) in paces.items()}
    limits = found.get("start_most"), found.get("step_most")
    return Titration(found["start"], found["step"], told["every"], found["most"], *limits, (), None, ())


# --- a dose, a bag and rates to steps ---------------------------------------------------------------------


def asked(case: dict[str, Any]) -> tuple[Load, Rates, Stop | None]:
    name, made = case.get("titration"), case.get("made")
    rise = titration(name) if name else made_up(made) if made else None
    rates = Rates(None, rise) if rise else Rates(case["over"], None)
    load = Load(scaled(case["dose"]), case.get("bag", 500), scaled(case.get("weight", 70)))
    stop = case.get("stop")
    if stop is None:
        return load, rates, None
    share, hold = scaled(stop.get("share", 50)), stop.get("hold", False)
    return load, rates, Stop(scaled(stop["at"]), scaled(stop.get("pause", 0)), share, hold)


def marked(steps: tuple[Step, ...]) -> list[int]:
    """The numbers of the rows that are marked 'as tolerated'."""
    return [index for index, step in enumerate(steps, 1) if step.as_tolerated]


@cases("pump")
def test_the_steps_of_an_infusion(case):
    load, rates, stop = asked(case)
    if "refused" in case:
        with pytest.raises(BadInput) as refused:
            pump_steps(load, rates, stop)
        assert str(refused.value) == case["refused"]
        return
    steps = pump_steps(load, rates, stop)
    assert number(sum(step.minutes for step in steps)) == case["minutes"]
    assert shown(steps, columns(case)) == columns(case)
    assert [step.rate for step in steps if step.paused] == [0] * bool(stop and stop.pause)
    if stop is None:
        assert number(run_time(load, rates)) == case["minutes"]
    assert marked(steps) == case.get("as_tolerated", [])


def test_rates_of_another_bag_have_no_time_either():
    with pytest.raises(BadInput, match="is not the bag of this protocol"):
        run_time(Load(35000, 500, 7000), Rates(None, titration("steps-250")))


# --- one infusion of a course -----------------------------------------------------------------------------


def course_of(case: dict[str, Any]):
    known, options = case.get("patient", {}), case.get("asked", {})
    return course(case["regimen"], someone(case["regimen"], **known), **({"start": None} | options))


def check_findings(case: dict[str, Any], findings: Any, told: str) -> None:
    found = {finding.key: getattr(finding, told) for finding in findings}
    found = {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
    wanted = case.get("findings", {})
    assert {key: found.get(key, "missing") for key in wanted} == wanted
    assert {finding.code for finding in findings}.isdisjoint(case.get("without", []))


@cases("tables")
def test_the_pump_table_of_one_infusion(case):
    options = case.get("pump", {})
    if "refused" in case:
        with pytest.raises(BadInput) as refused:
            make_pump_table(course_of(case), **options)
        assert [words for words in case["refused"] if words not in str(refused.value)] == []
        return
    made = make_pump_table(course_of(case), **options)
    dose = made.dose
    found = {"number": made.number, "phase": dose.name, "first": made.first, "minutes": number(made.duration)}
    found |= {"dose": number(dose.amount.dose), "bag": dose.preparation.bag}
    assert {name: value for name, value in found.items() if name in case} == {
        name: case[name] for name in found if name in case
    }
    assert shown(made.steps, columns(case)) == columns(case)
    assert marked(made.steps) == case.get("as_tolerated", [])
    check_findings(case, made.findings, "severity")


def test_a_drug_without_a_rule_for_reactions_is_not_gone_on_with():
    other = load_table(HERE / "tables" / "other_drug.yaml")
    little = course("examplimab/little", table=other, start=None)
    assert number(make_pump_table(little).duration) == 60
    with pytest.raises(
        BadInput, match=r"`stopped_at` '10' cannot be used: the table does not say how to go on after a stop"
    ):
        make_pump_table(little, stopped_at="10")


def test_the_clock_of_a_pump_table_is_in_minutes_of_the_day():
    made = [make_pump_table(course("rituximab/ra", start=None), at=at).at for at in (None, "00:00", "09:30", "23:59")]
    assert made == [None, 0, 570, 1439]


# --- every infusion of a course ---------------------------------------------------------------------------


@cases("courses")
def test_the_times_of_a_course(case):
    made = course_of({**case, "asked": {"start": START} | case["asked"]})
    if "phases" in case:
        times = {dose.name: [dose.first_time, dose.later_time] for dose in made.phases}
        found = {name: [time and number(time) for time in both] for name, both in times.items()}
        assert found == case["phases"]
        assert made.infusions == ()
    else:
        assert [infusion.time and number(infusion.time) for infusion in made.infusions] == case["times"]
    if "bags" in case:
        assert [infusion.dose.preparation.bag for infusion in made.infusions] == case["bags"]
    if "first" in case:
        assert [infusion.planned.number for infusion in made.infusions if infusion.first] == case["first"]
    check_findings(case, made.findings, "infusions")


# --- the command line -------------------------------------------------------------------------------------


def differences(ours: Any, wanted: Any, path: str = "answer") -> Iterator[str]:
    """Where an answer is not as wanted; a map against a list speaks of every row, a list in it goes row by row."""
    if isinstance(wanted, dict) and isinstance(ours, list):
        for key, value in wanted.items():
            values = value if isinstance(value, list) else [value] * max(1, len(ours))
            yield from differences([row[key] for row in ours], values, f"{path}.{key}")
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from differences(ours[key], value, f"{path}.{key}")
    elif ours != wanted or type(ours) is not type(wanted):
        yield f"{path}: {ours} is not {wanted}"


@cases("lines")
def test_the_answer_of_the_command_line(case, capsysbinary, monkeypatch):
    monkeypatch.delenv("INFUSECALC_REGIMENS", raising=False)
    code = run([*shlex.split(case["run"]), "--format", "json"])
    out, err = (text.decode() for text in capsysbinary.readouterr())
    assert code == case["exit"]
    assert [words for words in (*case.get("says", []), *case.get("refused", [])) if words not in err] == []
    assert bool(err) == (code != 0)
    assert (code == 2) is ("refused" in case)
    if code == 2:
        assert out == ""
        assert err.count("\n") == 1
    else:
        assert list(differences(json.loads(out), case["expect"])) == []


# --- rules that hold for every infusion -------------------------------------------------------------------
# `Exact` walks the rates in fractions of mg and min, with nothing of the program but the table.

TITRATIONS = tuple(table().names("titrations"))


def nearest(value: Fraction) -> int:
    """The nearest integer, half up."""
    return math.floor(value + Fraction(1, 2))


class Exact:
    """What goes in by a titration, in exact mg and min: its rates in turn, each with its time (None: to the end)."""

    def __init__(self, load: Load, rise: Titration) -> None:
        self.dose, self.weight, self.bag, self.rise = Fraction(load.dose, 100), load.weight, load.bag, rise

    def rate(self, pace) -> Fraction:
        """A pace in mg/h."""
        each = Fraction(pace.number, 100)
        if pace.unit == "mL/h":
            return each * self.dose / self.bag
        if pace.unit == "mg/kg/h":
            return Fraction(nearest(each * self.weight), 100)  # weight is in 0.01 kg
        return each

    @property
    def most(self) -> Fraction:
        """The highest rate that the titration names."""
        return self.rate(self.rise.most) if self.rise.most else max(self.rate(held.pace) for held in self.rise.steps)

    def rates(self) -> Iterator[tuple[Fraction, Fraction | None]]:
        rise = self.rise
        if rise.steps:
            yield from ((self.rate(held.pace), held.minutes and Fraction(held.minutes)) for held in rise.steps)
            return
        start, step = self.rate(rise.start), self.rate(rise.step)
        if rise.step_most:
            start, step = (min(each, self.rate(rise.step_most)) for each in (start, step))
        if rise.start_most:
            start = min(start, self.rate(rise.start_most))
        for times in count():
            yield min(start + times * step, self.most), Fraction(rise.every)

    def walk(self) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
        """Each rate, how long it runs, and what is in when it ends; the last ends when the dose is in."""
        inside = Fraction(0)
        for rate, held in self.rates():
            rest = (self.dose - inside) * 60 / rate
            if held is None or rest <= held:
                yield rate, rest, self.dose
                return
            inside += rate * held / 60
            yield rate, held, inside


def fitting(name: str, bag: int) -> int:
    """The titration's own bag, or any other."""
    return titration(name).bag or bag


def infusion(name: str, dose: int, bag: int, weight: int) -> tuple[Load, Rates]:
    return Load(dose, fitting(name, bag), weight), Rates(None, titration(name))


doses, bags, weights = st.integers(1, 200_000), st.integers(10, 5000), st.integers(50, 50_000)
per_hour = st.builds(Pace, st.integers(500, 60_000), st.just("mg/h"))
by_weight = st.builds(Pace, st.integers(10, 500), st.just("mg/kg/h"))
highest = st.builds(Pace, st.integers(10_000, 100_000), st.just("mg/h"))
paces = per_hour | by_weight
rising = st.builds(
    Titration,
    paces,
    paces,
    st.integers(5, 60),
    highest,
    st.none() | per_hour,
    st.none() | per_hour,
    st.just(()),
    st.none(),
    st.just(()),
)
infusions = st.builds(infusion, st.sampled_from(TITRATIONS), doses, bags, weights) | st.builds(
    lambda load, rise: (load, Rates(None, rise)), st.builds(Load, doses, bags, weights), rising
)
"""Every titration of the table, and made-up ones whose start and step differ."""


def total(steps: tuple[Step, ...]) -> int:
    return sum(step.minutes for step in steps)


def check_sums(load: Load, steps: tuple[Step, ...]) -> None:
    """Whatever the rates were: the steps add up to the dose, to the bag and to the time."""
    assert sum(step.dose for step in steps) == load.dose
    assert sum(step.volume for step in steps) == load.bag * 100
    assert [step.cumulative for step in steps] == list(accumulate(step.dose for step in steps))
    assert [step.start for step in steps] == [0, *accumulate(step.minutes for step in steps)][:-1]
    assert all(step.minutes >= 0 and step.dose >= 0 and step.volume >= 0 for step in steps)


def check_exactly(load: Load, steps: tuple[Step, ...], walked: list[tuple[Fraction, Fraction, Fraction]]) -> None:
    """Every cell is the exact value, rounded half up once."""
    per_ml = Fraction(load.dose, 100 * load.bag)
    assert len(steps) == len(walked)
    for step, (rate, held, inside) in zip(steps, walked, strict=True):
        assert step.rate == nearest(rate * 100)
        assert step.flow == nearest(rate / per_ml * 10)
        assert step.minutes == nearest(held * 100)
        assert step.cumulative == nearest(inside * 100)
    volumes = [0, *accumulate(step.volume for step in steps)][1:]
    assert volumes == [nearest(inside / per_ml * 100) for _, _, inside in walked]


@given(infusions)
def test_the_steps_add_up_to_the_dose_the_bag_and_the_time(asked_):
    """Cumulative mg and mL are rounded to 0.01, step values are their differences, so they add up."""
    load, rates = asked_
    steps = pump_steps(load, rates)
    check_sums(load, steps)
    assert run_time(load, rates) == total(steps)


@given(infusions)
def test_no_step_passes_the_highest_rate_and_none_is_slower_than_the_one_before(asked_):
    """A titration rises to its most, and not above it."""
    load, rates = asked_
    most = Exact(load, rates.titration).most
    steps = pump_steps(load, rates)
    assert max(step.rate for step in steps) <= nearest(most * 100)
    assert all(one.rate <= other.rate for one, other in pairwise(steps))


@given(infusions)
@example(infusion("rituximab-first", 90_001, 500, 7000))
@example(infusion("rituximab-first", 90_000, 500, 7000))
@example(infusion("rituximab-first", 15_005, 500, 7000))
@example(infusion("children-mg-per-kg-first", 20_000, 100, 2035))
def test_the_last_step_ends_when_the_dose_is_in(asked_):
    """Steps in mg/h held for their minutes; the last step ends when the dose is in; mL/h = mg/h / concentration."""
    load, rates = asked_
    walked = list(Exact(load, rates.titration).walk())
    check_exactly(load, pump_steps(load, rates), walked)
    assert run_time(load, rates) == nearest(sum(held for _, held, _ in walked) * 100)


@given(st.integers(1, 200_000), st.integers(10, 5000), st.integers(1, 600), st.integers(0, 20_000))
def test_a_flat_infusion_takes_its_time_whatever_the_dose(dose, bag, minutes, pause):
    """Infliximab: the label's least time; half of the rate after half of the time takes as long as the whole."""
    load, rates = Load(dose, bag, 7000), Rates(minutes, None)
    (step,) = pump_steps(load, rates)
    assert run_time(load, rates) == step.minutes == minutes * 100
    assert (step.dose, step.volume) == (dose, bag * 100)
    assert step.rate == nearest(Fraction(dose * 60, minutes))
    assert step.flow == nearest(Fraction(bag * 600, minutes))
    stopped = pump_steps(load, rates, Stop(minutes * 50, pause, HALF, hold=False))
    check_sums(load, stopped)
    assert total(stopped) == minutes * 150 + pause
    assert abs(stopped[0].dose - stopped[-1].dose) <= 1


@pytest.mark.parametrize("times", [1000, slow(10_000)])  # the same property, more doses
def test_doses_and_concentrations_add_up(times):
    """The last step ends when the dose is in; step values are differences, so they add up."""
    some = random.Random(2026)  # noqa: S311 - a fixed seed, so that a failure comes back
    for turn in range(times):
        name = some.choice(TITRATIONS)
        load, rates = infusion(name, some.randint(1, 200_000), some.randint(10, 5000), some.randint(300, 25_000))
        steps = pump_steps(load, rates)
        check_sums(load, steps)
        exact = Exact(load, rates.titration)
        assert run_time(load, rates) == total(steps)
        assert max(step.rate for step in steps) <= nearest(exact.most * 100)
        if turn % 10 == 0:  # fractions take their time
            check_exactly(load, steps, list(exact.walk()))


@given(st.sampled_from([name for name in TITRATIONS if titration(name).bag]), st.integers(10, 5000))
def test_rates_in_ml_run_in_their_own_bag_alone(name, bag):
    """Rates in mL/h hold for their own bag alone."""
    own, rates = titration(name).bag, Rates(None, titration(name))
    if bag != own:
        with pytest.raises(BadInput, match="is not the bag of this protocol") as refused:
            pump_steps(Load(35_000, bag, 7000), rates)
        assert refused.value.allowed == f"{own} mL"
    assert run_time(Load(35_000, own, 7000), rates) == run_time(Load(1, own, 7000), rates)


# --- the cases themselves ---------------------------------------------------------------------------------


def test_every_case_is_a_sentence_of_its_own_and_says_why():
    whole = {section: listed(section) for section in RATES}
    names = [case["name"] for section in whole.values() for case in section]
    assert len(set(names)) == len(names)
    assert all(case["because"] and case["source"] and case["rule"] for section in whole.values() for case in section)


@pytest.mark.parametrize(
    ("section", "read"), [("pump", PUMP), ("tables", TABLES), ("courses", COURSES), ("lines", LINES)]
)
def test_no_case_has_a_key_that_is_not_read(section, read):
    assert RATES.keys() == {"pump", "tables", "courses", "lines"}
    assert [case["name"] for case in listed(section) if case.keys() - read - GROUP] == []


def test_every_case_expects_something():
    told = {
        "pump": {"refused", "minutes"},
        "tables": {*TABLES} - {"regimen", "patient", "asked", "pump"},
        "courses": {"times", "phases"},
        "lines": {"expect", "refused"},
    }
    assert [case["name"] for name, keys in told.items() for case in listed(name) if not case.keys() & keys] == []


def test_every_titration_and_protocol_of_the_table_has_a_case():
    assert {case.get("titration") for case in listed("pump")} - {None} == set(TITRATIONS)
    protocols = {case.get("asked", {}).get("protocol") for case in listed("tables")} - {None}
    assert protocols == set(table().names("protocols"))
