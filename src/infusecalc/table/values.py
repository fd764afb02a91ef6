"""Kinds of the quantities that a table holds: doses, spans, ages, ranges of them, notes and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infusecalc import regimen as made
from infusecalc.errors import BadInput
from infusecalc.quantities import Dose, parse_dose, parse_span
from infusecalc.table.kinds import NAME, WORDS, ListOf, MapOf, Ref, Shape, Text, choice, may, measure, need, written

_PACE = re.compile(r"(\S+) (mg/h|mg/kg/h|mL/h)", re.ASCII)
_HELD = re.compile(rf"({_PACE.pattern}) (?:for (\S+) min|to the end)", re.ASCII)
_AFTER = re.compile(r"(first|last) ([a-z]+) infusion", re.ASCII)
_MONTHS = {"y": 12, "mo": 1}

DOSE = written(parse_dose, "5 mg/kg, 375 mg/m2 or 1000 mg")
SPAN = written(parse_span, "8 weeks, 14 days or 6 months")
CITED = ListOf(Ref("sources", made.Citation, cites=True), lone=True)
SOURCE = need(CITED)
PHASES = ("induction", "maintenance", "course")


def _age(text: str) -> int:
    number, _, unit = text.partition(" ")
    if unit not in _MONTHS:
        raise BadInput("age", text, "is not an age")
    return int(measure("").parse(number)) * _MONTHS[unit]


def _pace(text: str) -> made.Pace:
    found = _PACE.fullmatch(text)
    number = measure("", 2).parse(found[1]) if found else 0
    if not found or not number:
        raise BadInput("rate", text, "is not a rate above zero")
    return made.Pace(number, found[2])


def _held(text: str) -> made.Held:
    found = _HELD.fullmatch(text)
    minutes = measure("").parse(found[4]) if found and found[4] else None
    if not found or minutes == 0:
        raise BadInput("step", text, "is not a rate with its time")
    return made.Held(_pace(found[1]), minutes)


def _after(text: str) -> made.After:
    found = _AFTER.fullmatch(text)
    if not found or found[2] not in PHASES:
        raise BadInput("start", text, "names no infusion")
    return made.After(found[1], found[2])


def _dose_range(text: str) -> made.DoseRange:
    if text == "not stated":
        return made.DoseRange(None, None, "a dose without a figure")
    low, to, high = text.partition(" to ")
    upper: Dose = DOSE.parse(high if to else low)
    lower: Dose = DOSE.parse(f"{low} {upper.basis}") if to else upper
    return made.DoseRange(lower, upper, f"{low} to {upper.people}" if to else upper.people)


def _span_range(text: str) -> made.SpanRange:
    if text == "not stated":
        return made.SpanRange(None, None, "an interval without a figure")
    if text.endswith(" or more"):
        return made.SpanRange(SPAN.parse(text.removesuffix(" or more")), None, f"every {text}")
    low, to, high = text.partition(" to ")
    lower = SPAN.parse(f"{low} {high.partition(' ')[2]}" if to else low)
    return made.SpanRange(lower, SPAN.parse(high if to else low), f"every {text}")


AGE = Text(_age, "an age such as 18 y or 8 mo")
PACE = Text(_pace, "a rate such as 50 mg/h, 0.5 mg/kg/h or 10 mL/h")
HELD = Text(_held, "a rate with its time, such as 10 mL/h for 15 min, or 250 mL/h to the end")
AFTER = Text(_after, "first or last, a phase, infusion: as in last induction infusion")
DOSE_RANGE = Text(_dose_range, "10 mg/kg, 3 to 10 mg/kg, or not stated")
SPAN_RANGE = Text(_span_range, "8 weeks, 4 to 8 weeks, 16 weeks or more, or not stated")
WAIT = Text(lambda text: () if text == "interval" else SPAN.parse(text), "interval, or a time such as 24 weeks")


def ordered(low: str, high: str, attributes: tuple[str, str] = ("low", "high")) -> Any:
    """A check that one bound is not above the other."""

    def check(value: Any) -> Iterator[tuple[str, str]]:
        bounds = [getattr(value, name) for name in attributes]
        if None not in bounds and bounds[0] > bounds[1]:
            yield high, f"is below '{low}'"

    return check


NOTE = Shape(made.Note, {"text": need(WORDS), "source": SOURCE})


def limits(kind: Text) -> Shape:
    """A closed range of a quantity."""
    fields = {"from": need(kind, "low"), "to": need(kind, "high"), "source": SOURCE}
    return Shape(made.Limits, fields, ordered("from", "to"))


NOTES = may(MapOf(NOTE), absent={})
PREMEDICATION = may(
    MapOf(Shape(made.Premedication, {"text": need(WORDS), "before": may(measure("min")), "source": SOURCE})), absent={}
)
ALIASES = may(ListOf(NAME), absent=())
CONDITION_RULE = Shape(
    made.ConditionRule,
    {
        "rule": need(choice("contraindicated", "precaution")),
        "text": need(WORDS),
        "above": may(DOSE),
        "source": SOURCE,
    },
)
CONDITIONS = may(MapOf(CONDITION_RULE), absent={})
