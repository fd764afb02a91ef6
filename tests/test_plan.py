"""The dated plan: the phases as ordered, how far they go, where each begins, and the calendar months between."""

from datetime import date

import pytest

from infusecalc import load_table
from infusecalc.choices import Choices
from infusecalc.errors import BadInput
from infusecalc.overrides import order_phases
from infusecalc.plan import make_plan
from infusecalc.quantities import Dose, Span
from infusecalc.statements import After, Phase, Repeat, Starts, Window
from support import HERE, only, read_yaml
from support import course as planned_course

CASES = read_yaml(HERE / "cases" / "plan.yaml")
START = date(2026, 12, 1)


@pytest.fixture(scope="module")
def table():
    return load_table()


@pytest.fixture(scope="module")
def limits(table):
    return table.house()


@pytest.fixture(scope="module")
def crohns(table):
    return table.regimen("infliximab", "crohns", "us")


def planned(regimen, limits, start=START, **options):
    """The phases as ordered, and their plan."""
    choices = Choices.of(start=start, label=regimen.label, **options)
    ordered = order_phases(regimen, choices)
    return ordered, make_plan(ordered, choices, limits)


def facts(ordered, plan):
    """All that a case may state of a plan."""
    infusions = plan.infusions
    return {
        "numbers": [item.number for item in infusions],
        "days": [item.day for item in infusions],
        "dates": [item.date for item in infusions],
        "phases": [item.phase for item in infusions],
        "optional": [item.number for item in infusions if item.optional],
        "blocks": [item.block for item in infusions],
        "heads": [item.number for item in infusions if item.head],
        "count": len(infusions),
        "last": infusions[-1].date,
        "last_day": infusions[-1].day,
        "ended": plan.ended,
        "starts": [
            [found.phase, found.planned, found.usual, found.earliest, found.latest, found.chosen]
            for found in plan.starts
        ],
        "doses": {name: str(phase.dose) for name, phase in ordered.phases.items()},
        "intervals": {name: phase.interval and str(phase.interval) for name, phase in ordered.phases.items()},
        "changed": [name for name in ordered.phases if ordered.phases[name].dose != ordered.regimen.phases[name].dose],
        "moved": [name for name in ordered.phases if ordered.interval_changed(name)],
    }


KEYS = "regimen label variant start asked expect refused because"
ALL = [only(case, KEYS) for section in CASES.values() for case in only(section, "source cases")["cases"]]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in ALL])
def test_a_plan_is_as_the_case_says(case, table, limits):
    regimen = table.regimen(*case["regimen"].split("/"), case.get("label", "us"), case.get("variant"))
    start, options = case.get("start", START), case.get("asked", {})
    if "refused" in case:
        with pytest.raises(BadInput) as refusal:
            planned(regimen, limits, start, **options)
        assert str(refusal.value) == case["refused"]
    else:
        found = facts(*planned(regimen, limits, start, **options))
        assert {key: found[key] for key in case["expect"]} == case["expect"]
        assert found["numbers"] == list(range(1, found["count"] + 1))
        assert [start.toordinal() + day for day in found["days"]] == [day.toordinal() for day in found["dates"]]
        assert found["days"] == sorted(set(found["days"]))


def test_every_case_has_its_own_sentence():
    names = [case["name"] for case in ALL]
    assert len(names) == len(set(names))


def test_a_plan_needs_a_start(crohns, limits):
    with pytest.raises(BadInput, match=r"^`start` is missing; give it as YYYY-MM-DD or today$"):
        make_plan(order_phases(crohns, Choices()), Choices(), limits)


def test_a_plan_keeps_its_start_and_finds_the_infusions_of_a_phase(crohns, limits):
    _, plan = planned(crohns, limits, doses=5)
    assert plan.start == START
    assert [item.day for item in plan.of_phase("induction")] == [0, 14, 42]
    assert [item.day for item in plan.of_phase("maintenance")] == [98, 154]
    assert plan.of_phase("course") == ()


def test_the_regimen_behind_an_order_stays_as_the_table_has_it(crohns):
    ordered = order_phases(crohns, Choices.of(dose=["10mg/kg"], every=["6w"]))
    assert ordered.regimen is crohns
    assert str(crohns.phases["maintenance"].dose) == "5 mg/kg"
    assert crohns.phases["maintenance"].interval == Span(8, "week")


def test_an_override_keeps_the_rest_of_its_phase(table):
    regimen = table.regimen("rituximab", "ra", "us")
    own, asked = regimen.phases["course"], order_phases(regimen, Choices.of(every=["20w"])).phases["course"]
    assert asked == own.but(repeat=own.repeat.but(every=Span(20, "week")))


def test_a_table_may_set_other_limits(crohns, limits):
    few = limits.but(horizon=limits.horizon.but(infusions=3))
    assert planned(crohns, few, for_="42d")[1].infusions[-1].day == 42
    with pytest.raises(BadInput, match=r"^`for_` '98 days' is too far \(allowed: up to 3 infusions and 20 years\)"):
        planned(crohns, few, for_="98d")
    with pytest.raises(BadInput, match=r"^horizon is too far \(allowed: up to 3 infusions and 20 years\)"):
        planned(crohns, few)
    assert len(planned(crohns, limits.but(horizon=limits.horizon.but(default=Span(42, "day"))))[1].infusions) == 3
    with pytest.raises(BadInput, match=r"^`for_` '43 days' is too far \(allowed: up to 600 infusions and 42 days\)"):
        planned(crohns, limits.but(horizon=limits.horizon.but(to=Span(42, "day"))), for_="43d")


# --- phases that the shipped table does not have ---------------------------------------------------


def phase(**parts):
    """A made-up phase of one dose of 5 mg/kg."""
    empty = dict.fromkeys(Phase.part_names())
    return Phase(**(empty | {"dose": Dose(5000, "mg/kg"), "source": ()} | parts))


def starts(which="last", wait=None, window=None):
    return Starts(after=After(which, "induction"), wait=wait or "interval", source=(), window=window)


def test_a_phase_that_says_neither_wait_nor_interval_cannot_start(crohns, limits):
    odd = crohns.but(phases={"induction": phase(days=(0,)), "maintenance": phase(starts=starts())})
    sentence = r"^`maintenance_start` is too early: the infusion before it is on 2026-12-01; give a later date$"
    with pytest.raises(BadInput, match=sentence):
        planned(odd, limits)


def test_a_window_may_lack_its_earliest_day(crohns, limits):
    rule = starts("first", Span(12, "week"), Window(earliest=None, latest=Span(3, "month"), source=()))
    odd = crohns.but(phases={"induction": phase(days=(0, 7)), "maintenance": phase(starts=rule)})
    found = facts(*planned(odd, limits))
    # 12 weeks after the first infusion is day 84 = 2027-02-23, 3 months after it is 2027-03-01
    assert found["days"] == [0, 7, 84]
    assert found["starts"] == [["maintenance", date(2027, 2, 23), date(2027, 2, 23), None, date(2027, 3, 1), False]]


def test_if_needed_is_counted_in_each_phase(crohns, limits):
    odd = crohns.but(
        phases={
            "induction": phase(days=(0, 7), if_needed_from=2),
            "maintenance": phase(every=Span(1, "week"), if_needed_from=1, starts=starts()),
        }
    )
    assert facts(*planned(odd, limits, doses=4))["optional"] == [2, 3, 4]


def test_three_phases_follow_each_other(crohns, limits):
    odd = crohns.but(
        phases={
            "induction": phase(weeks=(0, 1)),
            "bridge": phase(days=(0, 3), starts=starts("last", Span(2, "week"))),
            "maintenance": phase(
                every=Span(4, "week"), starts=Starts(after=After("first", "bridge"), wait=Span(1, "week"), source=())
            ),
        }
    )
    # 7 + 14 = 21 and 24; a week after 21 is 28; 28 + 28 = 56
    assert facts(*planned(odd, limits, doses=6))["days"] == [0, 7, 21, 24, 28, 56]


def test_an_interval_must_pass_the_last_day_of_its_block(crohns, limits):
    repeat = Repeat(Span(8, "week"), "always", ())
    odd = crohns.but(phases={"course": phase(days=(0, 7, 21), repeat=repeat)})
    assert facts(*planned(odd, limits, every=["22d"], doses=5))["days"] == [0, 7, 21, 22, 29]
    with pytest.raises(BadInput, match=r"is too short for this phase; course has infusions up to day 21 before"):
        planned(odd, limits, every=["3w"])


def test_a_regimen_without_maintenance_names_all_its_phases(crohns):
    odd = crohns.but(phases={"induction": phase(), "bridge": phase(starts=starts())})
    with pytest.raises(BadInput, match=r"has induction and bridge; leave it out$"):
        order_phases(odd, Choices.of(from_="maintenance"))


def test_an_infusion_knows_its_place_in_the_calendar():
    planned = planned_course("rituximab/pv", start="2024-02-29", for_="3y").infusions
    assert all(infusion.planned.position.date == infusion.planned.date for infusion in planned)
