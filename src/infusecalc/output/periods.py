"""A dated Course to its sums by month and year, and what its vials cost, waste apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from infusecalc.arithmetic import share_of_cost
from infusecalc.course import Course
from infusecalc.findings import carries
from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.output.blocks import Block, Heading, Lines, Rows
from infusecalc.output.flat import told_findings, vials_text
from infusecalc.phase_dose import Infusion, PhaseDose
from infusecalc.preparation import cost_of
from infusecalc.quantities import number, people
from infusecalc.totals import Totals, add_up

_WITH_GIVEN = "Infusions that were given are in these totals, with the dose as planned."
_MONTH, _YEAR = 7, 4  # characters of 2026-12-01


class Period(Frozen):
    """The sums of one month or year; costs in 0.01, None where no prices were given, or one is missing."""

    name: str
    sums: Totals
    cost: int | None
    waste_cost: int | None


def cost(dose: PhaseDose, prices: tuple[tuple[int, int], ...]) -> tuple[int | None, int | None]:
    """What the vials of one infusion cost, and what part of that is thrown away; both in 0.01, None without a price.

    Waste costs its share of what the opened vials cost.
    """
    made_up = dose.preparation
    whole = cost_of(made_up.vials, dict(prices))
    return whole, None if whole is None else share_of_cost(whole, made_up.waste, made_up.opened)


def periods(course: Course, letters: int) -> Iterator[Period]:
    """The sums of every month (7 letters of a date) or year (4); infusions if needed are left out."""
    found: dict[str, list[Infusion]] = {}
    for infusion in course.infusions:
        if not infusion.planned.optional:
            found.setdefault(str(infusion.planned.date)[:letters], []).append(infusion)
    for name, infusions in found.items():
        yield _period(course, name, infusions)


def whole(course: Course) -> Period:
    """The sums of the whole course."""
    return _period(course, "course", [each for each in course.infusions if not each.planned.optional])


def _period(course: Course, name: str, infusions: list[Infusion]) -> Period:
    if not course.choices.prices:
        return Period(name, add_up(infusions, course.chair), None, None)
    costs = [cost(infusion.dose, course.case.prices) for infusion in infusions]
    spent, wasted = _sum(one for one, _ in costs), _sum(waste for _, waste in costs)
    return Period(name, add_up(infusions, course.chair), spent, wasted)


def _sum(costs: Iterable[int | None]) -> int | None:
    """A sum of costs; not known where one of them is not."""
    listed = list(costs)
    return None if None in listed else sum(each for each in listed if each is not None)


# --- data and pages ----------------------------------------------------------------------------------------


def records(course: Course) -> dict[str, Any]:
    """The sums by month and by year, and the cost of the course, as the JSON document has them."""
    found = whole(course)
    return {
        "cost": None if found.cost is None else number(found.cost),
        "waste_cost": None if found.waste_cost is None else number(found.waste_cost),
        "by_month": [record(period) for period in periods(course, _MONTH)],
        "by_year": [record(period) for period in periods(course, _YEAR)],
    }


def record(period: Period) -> dict[str, Any]:
    """One period as data; vials as in CSV."""
    sums = period.sums
    return {
        "period": period.name,
        "infusions": sums.infusions,
        "dose_mg": number(sums.dose),
        "vials": vials_text(sums.vials),
        "waste_mg": number(sums.waste),
        "duration_min": None if sums.time is None else number(sums.time),
        "chair_min": None if sums.chair is None else number(sums.chair),
        "cost": None if period.cost is None else number(period.cost),
        "waste_cost": None if period.waste_cost is None else number(period.waste_cost),
    }


def rows(course: Course) -> Iterator[dict[str, Any]]:
    """Every month, then every year, then the course: what `--totals` writes as CSV and NDJSON.

    Each carries the findings about its infusions; an infusion that is given only if needed is in no period, so what is
    about such ones alone is in every row.
    """
    counted = [infusion.planned for infusion in course.infusions if not infusion.planned.optional]
    shown = {planned.number for planned in counted}
    for letters in (_MONTH, _YEAR):
        for period in periods(course, letters):
            row = {planned.number for planned in counted if str(planned.date).startswith(period.name)}
            yield _row(course, period, row, shown)
    yield _row(course, whole(course), shown, shown)


def _row(course: Course, period: Period, row: set[int], shown: set[int]) -> dict[str, Any]:
    """A period with the findings that it carries, and its chair time behind them, as in all flat data."""
    found = (finding for finding in course.findings if carries(row, finding.infusions, shown))
    sums = record(period)
    chair = {"chair_min": sums.pop("chair_min")}
    return sums | told_findings(found) | chair


def blocks(course: Course, said: Callable[[date], str] = phrases.day) -> Iterator[Block]:
    """The sums as tables, and the cost of each infusion where prices were given."""
    listed = [*periods(course, _MONTH), *periods(course, _YEAR), whole(course)]
    heads: tuple[str, ...] = ("period", "infusions", "dose", "vials", "waste", "infusion time", "chair time")
    priced = bool(course.choices.prices)
    yield Heading("Totals")
    yield Rows(heads, tuple(_cells(period) for period in listed), right=(1, 2, 4))
    given = any(infusion.planned.given for infusion in course.infusions)
    yield Lines((phrases.chair(course.chair), *((_WITH_GIVEN,) if given else ())))
    if not priced:
        return
    yield Heading("Costs")
    lines = [
        (str(infusion.planned.number), said(infusion.planned.date), *cost(infusion.dose, course.case.prices))
        for infusion in course.infusions
    ]
    totals = [("", period.name, period.cost, period.waste_cost) for period in listed]
    table = tuple(
        (place, name, phrases.money(spent), phrases.money(wasted)) for place, name, spent, wasted in lines + totals
    )
    yield Rows(("#", "infusion or period", "vials", "of that waste"), table, right=(0, 2, 3))


def _cells(period: Period) -> tuple[str, ...]:
    sums = period.sums
    opened = " + ".join(f"{count:,} x {people(size)}" for size, count in sums.vials)
    dose, waste = phrases.mg(sums.dose), phrases.mg(sums.waste)
    times = phrases.time(sums.time), phrases.time(sums.chair)
    return period.name, f"{sums.infusions:,}", dose, f"{opened} mg" if opened else "none", waste, *times
