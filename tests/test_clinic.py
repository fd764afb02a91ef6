"""The clinic's days: an infusion on a closed day moves to an open one near it, and no shift adds up."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from itertools import cycle, pairwise, product
from typing import Any

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infusecalc.choices import Choices
from infusecalc.cli import run
from infusecalc.clinic import WEEKDAYS, Clinic
from infusecalc.dates import add
from infusecalc.overrides import Ordered, order_phases
from infusecalc.plan import Plan, Planned, make_plan
from lines import check, read, sentences
from strategies import examples
from support import course, every_regimen, sampled, table

CASES = read("clinic")


@pytest.mark.parametrize("case", sentences(CASES))
def test_an_infusion_is_on_an_open_day(case, capsys):
    check(case, capsys)


def test_every_case_is_a_sentence_of_its_own_and_says_why():
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case.get("because") or "refused" in case for case in CASES)


@pytest.mark.parametrize("code", ["DE-BY", "TH"])
def test_holidays_are_named_the_same_in_every_locale(code):
    """The same input gives the same output: no environment decides a word of a finding."""
    start = {"DE-BY": "2027-01-06", "TH": "2027-04-06"}[code]  # Epiphany, Chakri Memorial Day
    line = [
        "schedule",
        "infliximab",
        "crohns",
        "--weight",
        "70kg",
        "--start",
        start,
        "--doses",
        "1",
        "--holidays",
        code,
    ]
    told = [
        subprocess.run(
            [sys.executable, "-m", "infusecalc", *line, "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"LANG": locale, "LC_ALL": locale, "LANGUAGE": ""},
        ).stdout
        for locale in ("C.UTF-8", "de_DE.UTF-8")
    ]
    assert "is a closed day, and no tolerance is given" in told[0]
    assert told[0] == told[1]


def test_without_days_or_holidays_there_is_no_clinic():
    assert Clinic.of(None, None, []) is None


def test_a_year_beyond_the_calendar_is_refused(capsys):
    """A holiday that is not known is not taken for an open day."""
    known = holidays.country_holidays("US")
    line = ["schedule", "infliximab", "crohns", "--weight", "70kg", "--holidays", "US", "--doses", "1", "--start"]
    assert run([*line, f"{known.end_year}-11-30"]) == 0
    capsys.readouterr()
    assert run([*line, f"{known.end_year + 1}-11-30"]) == 2
    allowed = f"(allowed: {known.start_year} to {known.end_year})"
    problem = f"--holidays 'US' are not known for that year: {known.end_year + 1}"
    assert capsys.readouterr() == ("", f"infusecalc: {problem} {allowed}\n")


# --- two infusions on one day ---------------------------------------------------------------------------------


def test_two_infusions_never_fall_on_one_day_or_change_places():
    """An infusion moves to an open day after the one before it, and the ones after it stay after it.

    Mondays alone, over Christmas 2023, New Year 2024 and Martin Luther King Jr. Day: days 7, 14 and 21 of a weekly
    course are closed, closed and open, and 2024-01-15 is closed as well.
    """
    asked = {"start": "2023-12-18", "days": "mon", "holidays": "US", "tolerance": ["14d"], "doses": 4}
    dates = [infusion.planned.date for infusion in course("rituximab/gpa", **asked).infusions]
    assert all(one < other for one, other in pairwise(dates)), dates


# --- 20 years, 10 countries -----------------------------------------------------------------------------------

COUNTRIES = ["US", "US-CA", "GB-ENG", "DE-BY", "FR", "ES-MD", "IT", "JP", "BR-SP", "AU-NSW"]
YEARS = range(2025, 2049)
TOLERANCES = (0, 1, 3, 7)
OPEN = {
    "mon-fri": {0, 1, 2, 3, 4},
    "mon,wed,fri": {0, 2, 4},
    "tue": {1},
    "sun-thu": {6, 0, 1, 2, 3},
    "mon-tue": {0, 1},
}
LONG = (
    ("infliximab/ra", {"every": ["4w"]}),  # as often as the label's least gap
    ("rituximab/ra", {"every": ["18w"]}),  # the same: 16 weeks after the second infusion
    ("rituximab/gpa", {}),  # weeks, then months
)


def calendar_of(code: str) -> set[dt.date]:
    """The holidays of a calendar, asked of the library in one go."""
    country, _, part = code.partition("-")
    return set(holidays.country_holidays(country, subdiv=part or None, years=YEARS))


def nearest_open(due: dt.date, soonest: dt.date, tolerance: int, closed: set[dt.date], weekdays: set[int]) -> Any:
    """The nearest open day, found by looking at every day in reach; None where there is none."""
    reach = [due + dt.timedelta(days=away) for away in range(-tolerance, tolerance + 1)]
    good = [day for day in reach if day >= soonest and day.weekday() in weekdays and day not in closed]
    return min(good, key=lambda day: (abs((day - due).days), due - day), default=None)


def soonest_after(before: Planned | None, item: Planned, ordered: Ordered) -> dt.date:
    """The day after the infusion before, or the label's least gap after it."""
    if before is None:
        return dt.date.min
    least = ordered.least_gap(item.phase) if item.head else None
    return add(before.date, least) if least else before.date + dt.timedelta(days=1)


def plain_and_moved(regimen: str, label: str, clinic: dict[str, Any], asked: dict[str, Any]) -> tuple[Any, Plan, Plan]:
    """The phases, the plan without clinic days, and the plan with them."""
    found = table().regimen(*regimen.split("/"), label)
    plain, choices = Choices.of(label=label, **asked), Choices.of(label=label, **asked, **clinic)
    ordered, house = order_phases(found, choices), table().house()
    return ordered, make_plan(ordered, plain, house), make_plan(ordered, choices, house)


@pytest.mark.parametrize("code", sampled(COUNTRIES, ["US"]))
def test_no_shift_passes_the_tolerance_or_adds_up_in_20_years(code):
    """An infusion on a closed day moves to the nearest open day inside the tolerance; shifts never add up."""
    closed, moved = calendar_of(code), 0
    varied = zip(product(range(7), TOLERANCES, LONG), cycle(OPEN), strict=False)  # 5 of these: not a part of 12
    for (weekday, tolerance, (regimen, asked)), days in varied:
        start = dt.date(2026, 1, 5) + dt.timedelta(days=weekday)
        clinic = {"days": days, "holidays": code, "tolerance": [f"{tolerance}d"]}
        ordered, plain, plan = plain_and_moved(regimen, "us", clinic, asked | {"start": start, "for_": "20y"})
        assert [item.due for item in plan.infusions] == [item.date for item in plain.infusions]
        assert [item.by_plan for item in plan.infusions] == [item.date for item in plain.infusions]
        weekdays = OPEN[days]
        for before, item in pairwise((None, *plan.infusions)):
            soonest = soonest_after(before, item, ordered)
            assert before is None or before.date < item.date
            best = nearest_open(item.due, soonest, tolerance, closed, weekdays)
            is_open = item.date.weekday() in weekdays and item.date not in closed
            planned_open = item.due.weekday() in weekdays and item.due not in closed
            assert item.date == (best or item.due)
            assert abs(item.moved_days) <= tolerance
            assert is_open or item.shut
            assert item.shut == (best is None and not planned_open)
            assert not planned_open or item.date == item.due or item.due < soonest
            assert item.day == (item.date - start).days
            moved += item.moved_days != 0
    assert moved > 100


# --- any history, any clinic ----------------------------------------------------------------------------------

clinics = st.fixed_dictionaries(
    {
        "days": st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(lambda days: ",".join(sorted(days))),
        "tolerance": st.integers(0, 3).map(lambda days: [f"{days}d"]),
    }
)


@settings(max_examples=examples(100))
@given(
    pair=st.sampled_from(every_regimen()),
    clinic=clinics,
    start=st.dates(dt.date(2000, 1, 1), dt.date(2060, 1, 1)),
    late=st.lists(st.integers(-3, 20), max_size=4),
    anchor=st.sampled_from(["given", "planned"]),
)
def test_whatever_was_given_only_what_is_to_come_moves(pair, clinic, start, late, anchor):
    """The planned date stays visible with the days moved; impossible: no-open-day, block, date unchanged."""
    regimen, label = pair
    own = course(regimen, label=label, start=start, for_="1y").plan.infusions
    given_days = sorted({item.date + dt.timedelta(days=days) for item, days in zip(own, late, strict=False)})
    asked = {"start": None, "given": given_days, "anchor": anchor} if given_days else {"start": start}
    plain = course(regimen, label=label, **asked).plan
    answer = course(regimen, label=label, **asked, **clinic)
    plan, tolerance = answer.plan, int(clinic["tolerance"][0][:-1])
    weekdays = {WEEKDAYS.index(day) for day in clinic["days"].split(",")}
    assert [item.due for item in plan.infusions] == [item.date for item in plain.infusions]
    assert [item.date for item in plan.infusions if item.given] == given_days
    shut = [number for found in answer.findings if found.code == "no-open-day" for number in found.infusions]
    told = [found.infusions for found in answer.findings if found.code == "clinic-days"]
    assert told == [tuple(item.number for item in plan.infusions if item.date != item.due) or None]
    assert answer.blocked or not shut
    for before, item in pairwise((None, *plan.infusions)):
        assert before is None or before.date < item.date
        if item.given:
            continue
        best = nearest_open(item.due, soonest_after(before, item, answer.ordered), tolerance, set(), weekdays)
        assert item.date == (best or item.due)
        assert (item.number in shut) == (best is None and item.due.weekday() not in weekdays)
