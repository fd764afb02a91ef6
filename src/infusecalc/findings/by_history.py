"""What was given, against what was to be given: too early after the infusion before, or another dose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from infusecalc.arithmetic import within
from infusecalc.dates import add
from infusecalc.findings.model import Case, Finding
from infusecalc.infusions import Amount
from infusecalc.plan import Planned
from infusecalc.quantities import people, plain
from infusecalc.spelling import counted
from infusecalc.statements import Cited


def by_history(case: Case) -> Iterator[Finding]:
    """Every finding about infusions that were given; none where there is no history."""
    yield from _early(case)
    yield from _differs(case)


def _early(case: Case) -> Iterator[Finding]:
    """Infusions given too long before the date that the plan had for them after the infusion before."""
    limits = case.house.given_early
    for before, item in pairwise(infusion.planned for infusion in case.infusions):
        due = item.given.due if item.given else None
        if due is None or due <= item.date:
            continue
        days, between = (due - item.date).days, (due - before.date).days
        if item.head and not within(days, limits.interval, between):
            limit = f"{plain(limits.interval)} % of the {counted(between, 'day')} planned between the two"
        elif not item.head and add(item.date, limits.induction) < due:
            limit = str(limits.induction)
        else:
            continue
        message = (
            f"{item.phase}: infusion {item.number} was given {counted(days, 'day')} early: on {item.date}, and was due "
            f"on {due}, counted from the infusion before it (limit: {limit}); ask the prescriber"
        )
        yield _about("given-early", [item], message, limits.source)


def _differs(case: Case) -> Iterator[Finding]:
    """Doses given that are too far from the expected ones; infusions of one phase with the same two come together."""
    found: dict[tuple[str, int, int], list[Planned]] = {}
    limits = case.house.given_differs
    for infusion in case.infusions:
        item, expected = infusion.planned, infusion.dose.amount.dose
        amount = item.given.amount if item.given else None
        if amount is not None and not within(amount - expected, limits.over, expected):
            found.setdefault((item.phase, expected, amount), []).append(item)
    for (phase, expected, amount), items in found.items():
        change = Amount(expected, expected, amount).change(limits.over)
        told = f"{people(amount)} mg was given, and {people(expected)} mg is expected ({change})"
        message = f"{phase}: {told}: tell the prescriber before the next one"
        yield _about("given-differs", items, message, limits.source)


def _about(code: str, items: list[Planned], message: str, source: Cited) -> Finding:
    numbers = tuple(item.number for item in items)
    return Finding(code, message, source, infusions=numbers, phases=(items[0].phase,))
