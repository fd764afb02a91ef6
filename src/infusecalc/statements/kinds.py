"""What one value of the table may be: a kind of text, a list or a map of a kind, or the name of another entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, Span, parse_dose, parse_span, people, plain
from infusecalc.spelling import hidden_characters

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


class Text(Frozen):
    """A text; `parse` turns it into the value or raises BadInput. `allowed` says what it may be, for people."""

    parse: Callable[[str], Any]
    allowed: str
    pattern: str = ""


class Named(Frozen):
    """The name of an entry of another section; where it `cites`, words may follow it, and it is read as a Citation."""

    section: str
    cites: bool = False


class ListOf(Frozen):
    """A list of one kind, read as a tuple; `ascending` values must grow; a `lone` one may stand without brackets."""

    kind: Any
    ascending: bool = False
    lone: bool = False


class Either(Frozen):
    """A text of one kind, or a list."""

    text: Text
    listed: ListOf


class MapOf(Frozen):
    """A map from plain names to one kind."""

    kind: Any


# --- words and numbers --------------------------------------------------------------------------------------


def is_name(text: str) -> bool:
    """Whether a text is a plain name: lower-case letters, digits and hyphens."""
    return _ID.fullmatch(text) is not None


def _words(text: str) -> str:
    """A text of printable characters: any letter, and nothing that acts, reorders text or does not show."""
    hidden = hidden_characters(text)
    if hidden:
        raise BadInput("text", text, f"has hidden or control characters: {hidden}")
    return text


def _code(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise BadInput("code", text, "has characters outside printable ASCII")
    return text


def _name(text: str) -> str:
    if not is_name(text):
        raise BadInput("name", text, "is not a plain name")
    return text


def _day(text: str) -> str:
    """A day of the calendar in its one form."""
    try:
        known = _DAY.fullmatch(text) and date.fromisoformat(text)
    except ValueError:
        known = None
    if not known:
        raise BadInput("date", text, "is not a day of the calendar")
    return text


WORDS = Text(_words, "printable text, in any letters, with ordinary spaces")
CODE = Text(_code, "printable ASCII text")
NAME = Text(_name, "lower-case letters, digits and hyphens", _ID.pattern)
DAY = Text(_day, "a date as YYYY-MM-DD", _DAY.pattern)


def choice(*words: str) -> Text:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise BadInput("word", text, "is not known")
        return text

    return Text(parse, ", ".join(words), "|".join(map(re.escape, words)))


_LOOSE = re.compile(r"0*(0|[1-9][0-9]{0,8})(?:\.([0-9]*?)0*)? *([^\s0-9]\S*)?", re.ASCII)
_MEASURE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]*[1-9]))?(?: (\S+))?", re.ASCII)


def measure(unit: str, places: int = 0) -> Text:
    """A number with its unit after one space, scaled by 10 to the `places`; without a unit, a bare number."""

    def parse(text: str) -> int:
        found = _MEASURE.fullmatch(text)
        if not found or (found[3] or "") != unit or len(found[2] or "") > places:
            raise BadInput("number", text, _misread(text, unit, places))
        return int(found[1] + (found[2] or "").ljust(places, "0"))

    example = f"{'2.5' if places else '2'}{' ' if unit else ''}{unit}"
    number = "a number" if places else "a whole number"
    decimals = rf"(\.[0-9]{{0,{places - 1}}}[1-9])?" if places else ""
    pattern = f"(0|[1-9][0-9]{{0,8}}){decimals}{' ' if unit else ''}{unit}"
    return Text(parse, f"{number} such as {example}", pattern)


def _misread(text: str, unit: str, places: int) -> str:
    """What is wrong with a text that is no number of a unit as the table writes it."""
    found = _LOOSE.fullmatch(text)
    if not found:
        return "is not a number" if not unit else f"is not a number with the unit {unit}"
    whole, part, said = found[1], found[2] or "", found[3] or ""
    if said.lower() != unit.lower():
        return "has no unit" if not said else "has another unit" if unit else "has a unit"
    if len(part) > places:
        return f"has more than {places} decimals" if places else "is not a whole number"
    return f"must be written '{whole}{'.' if part else ''}{part}{' ' if unit else ''}{unit}'"


def written(parse: Callable[[str], Any], example: str) -> Text:
    """A quantity in just the form in which we would write it."""

    def strict(text: str) -> Any:
        value = parse(text)
        if str(value) != text:
            raise BadInput("quantity", text, f"must be written '{value}'")
        return value

    return Text(strict, f"as in {example}")


NUMBER, PERCENT, MINUTES, HOURS = measure(""), measure("%", 2), measure("min"), measure("h")
_BY = {"kg": "weight", "m2": "bsa"}


class Size(Frozen):
    """A weight in 0.01 kg, or a BSA in 0.01 m2."""

    number: int
    unit: str

    @property
    def by(self) -> str:
        """What it is a size of: `weight` or `bsa`."""
        return _BY[self.unit]

    def __str__(self) -> str:
        """As the table writes it: `60 kg`, `1.5 m2`."""
        return f"{plain(self.number)} {self.unit}"


def _size(text: str) -> Size:
    number, _, unit = text.partition(" ")
    if unit not in _BY:
        raise BadInput("size", text, "is neither a weight nor a BSA")
    return Size(measure("", 2).parse(number), unit)


SIZE = Text(_size, "a weight such as 60 kg, or a BSA such as 1.5 m2")
KG, CM, M2 = measure("kg", 2), measure("cm", 1), measure("m2", 2)
ML, MG, MG_PER_ML = measure("mL"), measure("mg", 2), measure("mg/mL", 3)
DOSE = written(parse_dose, "5 mg/kg, 375 mg/m2 or 1000 mg")
SPAN = written(parse_span, "8 weeks, 14 days or 6 months")


# --- ages, rates, ranges ------------------------------------------------------------------------------------

_MONTHS = {"y": 12, "mo": 1}
_PACE = re.compile(r"(\S+) (mg/h|mg/kg/h|mL/h)", re.ASCII)
_HELD = re.compile(rf"({_PACE.pattern}) (?:for (\S+) min|to the end)", re.ASCII)
_AFTER = re.compile(rf"(first|last) ({_ID.pattern}) infusion", re.ASCII)


class Pace(Frozen):
    """How fast a drug goes in: a number in 0.01 of its unit, `mg/h`, `mg/kg/h` or `mL/h`."""

    number: int
    unit: str

    def __str__(self) -> str:
        """As people read it: `1,000 mg/h`."""
        return f"{people(self.number)} {self.unit}"


class Held(Frozen):
    """A pace held for some minutes, or to the end of the dose (None)."""

    pace: Pace
    minutes: int | None

    def __str__(self) -> str:
        """As the table writes it: `10 mL/h for 15 min`, `250 mL/h to the end`."""
        return f"{self.pace} to the end" if self.minutes is None else f"{self.pace} for {self.minutes} min"


class After(Frozen):
    """The first or last infusion of a phase."""

    which: str
    phase: str

    def __str__(self) -> str:
        """As the table writes it: `last induction infusion`."""
        return f"{self.which} {self.phase} infusion"


class DoseRange(Frozen):
    """Doses that a label allows; a bound is None where it gives no figure."""

    low: Dose | None
    high: Dose | None
    text: str


class SpanRange(Frozen):
    """Intervals that a label allows; a bound is None where it gives no figure."""

    low: Span | None
    high: Span | None
    text: str


def _age(text: str) -> int:
    number, _, unit = text.partition(" ")
    if unit not in _MONTHS:
        raise BadInput("age", text, "is not an age")
    return int(NUMBER.parse(number)) * _MONTHS[unit]


def _pace(text: str) -> Pace:
    found = _PACE.fullmatch(text)
    number = measure("", 2).parse(found[1]) if found else 0
    if not found or not number:
        raise BadInput("rate", text, "is not a rate above zero")
    return Pace(number, found[2])


def _held(text: str) -> Held:
    found = _HELD.fullmatch(text)
    minutes = NUMBER.parse(found[4]) if found and found[4] else None
    if not found or minutes == 0:
        raise BadInput("step", text, "is not a rate with a time")
    return Held(_pace(found[1]), minutes)


def _after(text: str) -> After:
    found = _AFTER.fullmatch(text)
    if not found:
        raise BadInput("start", text, "is not an infusion of a phase")
    return After(found[1], found[2])


def _dose_range(text: str) -> DoseRange:
    if text == "not stated":
        return DoseRange(None, None, "another dose, without a figure")
    low, to, high = text.partition(" to ")
    upper: Dose = DOSE.parse(high if to else low)
    lower: Dose = DOSE.parse(f"{low} {upper.basis}") if to else upper
    return DoseRange(lower, upper, f"{low} to {upper.people}" if to else upper.people)


def _span_range(text: str) -> SpanRange:
    if text == "not stated":
        return SpanRange(None, None, "another interval, without a figure")
    if text.endswith(" or more"):
        return SpanRange(SPAN.parse(text.removesuffix(" or more")), None, f"every {text}")
    low, to, high = text.partition(" to ")
    lower = SPAN.parse(f"{low} {high.partition(' ')[2]}" if to else low)
    return SpanRange(lower, SPAN.parse(high if to else low), f"every {text}")


AGE = Text(_age, "an age such as 18 y or 8 mo")
PACE = Text(_pace, "a rate such as 50 mg/h, 0.5 mg/kg/h or 10 mL/h")
HELD = Text(_held, "a rate with its time, such as 10 mL/h for 15 min, or 250 mL/h to the end")
AFTER = Text(_after, "first or last, a phase, infusion: as in last induction infusion")
DOSE_RANGE = Text(_dose_range, "10 mg/kg, 3 to 10 mg/kg, or not stated")
SPAN_RANGE = Text(_span_range, "8 weeks, 4 to 8 weeks, 16 weeks or more, or not stated")
INTERVAL = "interval"
"""The wait of a phase that starts after its own interval."""
WAIT = Text(lambda text: text if text == INTERVAL else SPAN.parse(text), "interval, or a time such as 24 weeks")
