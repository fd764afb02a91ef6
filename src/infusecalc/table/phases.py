"""The shape of a regimen in `regimens.yaml`: its phases, its alternatives, and what must agree between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infusecalc import regimen as made
from infusecalc.table.kinds import WORDS, ListOf, MapOf, Shape, choice, may, measure, need
from infusecalc.table.values import (
    AFTER,
    AGE,
    ALIASES,
    CONDITIONS,
    DOSE,
    DOSE_RANGE,
    NOTE,
    NOTES,
    PHASES,
    PREMEDICATION,
    SOURCE,
    SPAN,
    SPAN_RANGE,
    WAIT,
    ordered,
)

STATUS = Shape(made.Status, {"is": need(choice("labelled", "off-label"), "name"), "text": may(WORDS), "source": SOURCE})
AGES = Shape(
    made.AgeRange,
    {"from": need(AGE, "low"), "under": may(AGE), "source": SOURCE},
    ordered("from", "under", ("low", "under")),
)
WINDOW = Shape(made.Window, {"earliest": may(SPAN), "latest": may(SPAN), "source": SOURCE})


def _starts(after: made.After, wait: Any, **rest: Any) -> made.Starts:
    return made.Starts(after, wait or None, **rest)


STARTS = Shape(
    _starts,
    {
        "after": need(AFTER),
        "wait": need(WAIT),
        "source": SOURCE,
        "window": may(WINDOW),
        "other_agent": may(NOTE),
    },
)
GAP = Shape(made.Gap, {"least": may(SPAN), "most": may(SPAN), "text": need(WORDS), "source": SOURCE})
REPEAT = Shape(made.Repeat, {"every": need(SPAN), "planned": need(choice("always", "asked")), "source": SOURCE})
_OFFSETS = may(ListOf(measure(""), ascending=True))


def _phase(value: made.Phase) -> Iterator[tuple[str, str]]:
    if value.weeks and value.days:
        yield "days", "stands beside 'weeks': one of the two"
    if value.every and value.repeat:
        yield "every", "stands beside 'repeat': one of the two"
    if value.offsets[0] != 0:
        yield ("weeks" if value.weeks else "days"), "does not begin with 0"
    if value.starts and value.starts.wait is None and not value.interval:
        yield "starts", "waits for an interval, and the phase has none"


PHASE = Shape(
    made.Phase,
    {
        "dose": need(DOSE),
        "weeks": _OFFSETS,
        "days": _OFFSETS,
        "every": may(SPAN),
        "repeat": may(REPEAT),
        "if_needed_from": may(measure("")),
        "source": SOURCE,
        "starts": may(STARTS),
        "gap": may(GAP),
    },
    _phase,
)
_PHASE_NAME = choice(*PHASES)


def _in_order(phases: dict[str, made.Phase]) -> Iterator[tuple[str, str]]:
    """Each later phase starts after an earlier one, which comes to an end."""
    names = list(phases)
    for index, (name, phase) in enumerate(phases.items()):
        if index == 0 and phase.starts:
            yield name, "is the first phase, and starts after another"
        if index and not (phase.starts and phase.starts.after.phase in names[:index]):
            yield name, "does not start after an infusion of an earlier phase"
        if index and phases[names[index - 1]].interval:
            yield name, "follows a phase that goes on without an end"


PHASE_MAP = Shape(
    lambda **phases: {name: phase for name, phase in phases.items() if phase is not None},
    {name: may(PHASE) for name in PHASES},
    _in_order,
)
VARIANT = Shape(made.Variant, {"name": need(WORDS), "phases": need(PHASE_MAP)})
ALLOWED = Shape(
    made.Allowed,
    {
        "phase": may(_PHASE_NAME),
        "dose": may(DOSE_RANGE),
        "every": may(SPAN_RANGE),
        "when": need(WORDS),
        "source": SOURCE,
    },
)
JUDGEMENT = Shape(
    made.Judgement,
    {
        "finding": need(choice("evaluate", "stop-rule", "interval-range")),
        "phase": need(_PHASE_NAME),
        "at": may(SPAN),
        "text": need(WORDS),
        "source": SOURCE,
    },
)


def _rules(value: made.RegimenRules) -> Iterator[tuple[str, str]]:
    if not value.phases:
        yield "phases", "is empty"
    named = [("allowed", row.phase) for row in value.allowed] + [("judgement", row.phase) for row in value.judgement]
    planned = {*value.phases, *(phase for variant in value.variants.values() for phase in variant.phases)}
    for key, phase in named:
        if phase and phase not in planned:
            yield key, f"names the absent phase '{phase}'"


REGIMEN_RULES = Shape(
    made.RegimenRules,
    {
        "status": need(STATUS),
        "age": may(AGES),
        "phases": need(PHASE_MAP),
        "allowed": may(ListOf(ALLOWED), absent=()),
        "judgement": may(ListOf(JUDGEMENT), absent=()),
        "companions": NOTES,
        "premedication": PREMEDICATION,
        "conditions": CONDITIONS,
        "rate_not_labelled": may(NOTE),
        "first_rate_again": may(
            Shape(made.FirstRateAgain, {"after": need(SPAN), "text": need(WORDS), "source": SOURCE})
        ),
        "variants": may(MapOf(VARIANT), absent={}),
    },
    _rules,
)
REGIMEN = Shape(
    made.RegimenEntry,
    {
        "name": need(WORDS),
        "aliases": ALIASES,
        "population": need(choice("adult", "paediatric")),
        "us": may(REGIMEN_RULES),
        "eu": may(REGIMEN_RULES),
    },
)
