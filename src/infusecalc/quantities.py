"""Text to scaled integers and back: weight, height, BSA, dose, age and spans, with named rounding.

The integers count: weight in 0.01 kg, height in 0.1 cm, BSA in 0.01 m2, a dose factor in 0.001 of its
basis, an amount of drug in 0.01 mg, an age in completed months, a percentage in 0.01 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from infusecalc.arithmetic import ONE, POUND, at_most, ceil_div, dose_of, half_up
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.spelling import feet_and_inches, odd_characters

_NUMBER = r"([0-9]+)(?:\.([0-9]+))?"
_QUANTITY = re.compile(rf"{_NUMBER} ?([a-z%\"][a-z0-9/%]*)?", re.ASCII | re.IGNORECASE)
_FEET = re.compile(rf"([0-9]+) ?(?:ft|') ?(?:{_NUMBER} ?(?:in|\")?)?", re.ASCII | re.IGNORECASE)
_SEVERAL = re.compile(r"[0-9] ?[a-z%]+ *, *[0-9]", re.ASCII | re.IGNORECASE)  # a comma behind a unit
_LONGEST_TEXT = 64  # longer texts are refused: no quantity here needs them

# exact by international agreement (1959): 1 in = 2.54 cm
_WEIGHT_UNITS = {"": (100, 1), "kg": (100, 1), "lb": (POUND, 1_000_000), "lbs": (POUND, 1_000_000)}
_HEIGHT_UNITS = {"": (10, 1), "cm": (10, 1), "m": (1000, 1), "in": (254, 10), '"': (254, 10)}
_BSA_UNITS = {"": (100, 1), "m2": (100, 1)}
_PERCENT_UNITS = {"": (100, 1), "%": (100, 1)}
_YEAR = dict.fromkeys(("", "y", "yr", "year", "years"), (12, 1))
_AGE_UNITS = _YEAR | dict.fromkeys(("mo", "month", "months"), (1, 1))
_SPAN_UNITS = {
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "week", "weeks"), "week"),
    **dict.fromkeys(("m", "mo", "month", "months"), "month"),
    **dict.fromkeys(("y", "year", "years"), "year"),
}
_DAYS, _MONTHS = {"day": 1, "week": 7}, {"month": 1, "year": 12}
_INCHES_PER_FOOT, _MOST_DAYS, _FACTOR_PLACES = 12, 366, 3
MEAN_MONTH = (146_097, 4_800)  # days: 400 Gregorian years are 146,097 days and 4,800 months


# --- integers to text -----------------------------------------------------------------------------


def plain(scaled: int, places: int = 2) -> str:
    """A scaled integer as data writes it: no trailing zero, a leading zero, no thousands comma."""
    whole, part = divmod(abs(scaled), 10**places)
    digits = f"{part:0{places}d}".rstrip("0") if places else ""
    return f"{'-' if scaled < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def people(scaled: int, places: int = 2) -> str:
    """A scaled integer as people read it (ISMP): as `plain`, with a comma in thousands."""
    whole, dot, part = plain(abs(scaled), places).partition(".")
    return f"{'-' if scaled < 0 else ''}{int(whole):,}{dot}{part}"


def hours(hundredths: int) -> str:
    """A time of 0.01 min in whole minutes, rounded up: `4 h 15 min`."""
    whole, rest = divmod(ceil_div(hundredths, 100), 60)
    return " ".join(part for part in (f"{whole:,} h" if whole else "", f"{rest} min" if rest else "") if part)


def to_the_second(hundredths: int) -> str:
    """A time of 0.01 min as a pump is set: whole minutes, or with the seconds, half up: `26 min 15 s`."""
    minutes, rest = divmod(hundredths, 100)
    return people(hundredths) if rest == 0 else f"{minutes:,} min {half_up(rest * 60, 100)} s"


def decisive(part: int, whole: int, limits: Iterable[tuple[int, int]], places: int = 1) -> str:
    """A share of non-negative integers, half up at `places` or as many more as it takes to show its side of limits.

    Each limit is a numerator and a denominator of at most a few decimals. 10.003 against 10 is `10.003`, and not `10`.
    """
    sides = [(limit, one, _side(part, whole, limit, one)) for limit, one in limits]
    while True:
        shown = half_up(part * 10**places, whole)
        if all(_side(shown, 10**places, limit, one) == side for limit, one, side in sides):
            return people(shown, places)
        places += 1


def _side(part: int, whole: int, limit: int, one: int) -> int:
    """Whether a share is under a limit (-1), at it (0) or over it (1)."""
    difference = part * one - limit * whole
    return (difference > 0) - (difference < 0)


def number(scaled: int, places: int = 2) -> int | float:
    """A scaled integer as a JSON number: an int where it is whole, else the nearest double."""
    one: int = 10**places
    return scaled // one if scaled % one == 0 else scaled / one


# --- text to integers -----------------------------------------------------------------------------


def _refuse(what: str, text: str, allowed: str) -> BadInput:
    """The refusal of a text that is no quantity, with the likeliest mistake named."""
    if not text.strip(" "):
        return BadInput(what, text, "is empty", allowed=allowed)
    if not text.isascii():
        detail = f": '{odd_characters(text)}'"
        return BadInput(what, text, "has characters that are not plain ASCII", detail=detail, allowed=allowed)
    if "," in text and _SEVERAL.search(text):
        return BadInput(what, text, "is more than one value", allowed=allowed, hint="give one value")
    if "," in text and text.lstrip(" +-")[:1].isdigit():
        hint = "write a decimal point, and no thousands separator"
        return BadInput(what, text, "has a comma, which can be read in two ways", allowed=allowed, hint=hint)
    if text.lstrip(" ").startswith("-"):
        return BadInput(what, text, "is negative", allowed=allowed)
    return BadInput(what, text, "is not a number with a known unit", allowed=allowed)


def _scaled(what: str, text: str, units: dict[str, tuple[int, int]], allowed: str) -> tuple[int, int, str]:
    """Read `text` as numerator and denominator in the scale that its unit names, and the unit."""
    found = _QUANTITY.fullmatch(text.strip(" ")) if len(text) <= _LONGEST_TEXT else None
    if not found:
        raise _refuse(what, text, allowed)
    whole, part, typed = found[1], found[2] or "", found[3] or ""
    unit = typed.lower()
    if unit not in units:
        problem, detail = ("has an unknown unit", f": '{typed}'") if unit else ("has no unit", "")
        stones = "stones are not read: 1 stone is 14 lb" if "lb" in units and unit.startswith("st") else ""
        raise BadInput(what, text, problem, detail=detail, allowed=allowed, hint=stones)
    numerator, denominator = units[unit]
    return int(whole + part) * numerator, denominator * 10 ** len(part), unit


def _positive(what: str, text: str, units: dict[str, tuple[int, int]], allowed: str) -> int:
    """Read `text` as a scaled integer above zero, rounded half up at the scale's own place."""
    numerator, denominator, _ = _scaled(what, text, units, allowed)
    if numerator == 0:
        raise BadInput(what, text, "is zero", allowed=allowed)
    scaled = half_up(numerator, denominator)
    if scaled == 0:
        raise BadInput(what, text, "is too small", allowed=allowed)
    return scaled


def parse_weight(text: str) -> int:
    """A weight in 0.01 kg from `70`, `70kg`, `70.25 kg`, `154lb`; a bare number is kg. Raises BadInput."""
    return _positive("weight", text, _WEIGHT_UNITS, "70, 70kg, 70.25kg or 154lb")


def parse_height(text: str) -> int:
    """A height in 0.1 cm from `175`, `1.75m`, `69in`, `5ft9in`, `5'9"` (any quotes); bare is cm. Raises BadInput."""
    allowed = "175, 175cm, 1.75m, 69in, 5ft9in or 5'9\""
    marked = feet_and_inches(text)
    feet = _FEET.fullmatch(marked.strip(" ")) if len(text) <= _LONGEST_TEXT else None
    if not feet:
        return _positive("height", marked if marked.isascii() else text, _HEIGHT_UNITS, allowed)
    part = feet[3] or ""
    inches, scale = int((feet[2] or "0") + part), 10 ** len(part)
    if inches >= _INCHES_PER_FOOT * scale:
        raise BadInput("height", text, "has 12 or more inches", allowed=allowed)
    if int(feet[1]) == inches == 0:
        raise BadInput("height", text, "is zero", allowed=allowed)
    return half_up((int(feet[1]) * _INCHES_PER_FOOT * scale + inches) * 254, scale * 10)


def parse_bsa(text: str, what: str = "BSA") -> int:
    """A body surface area in 0.01 m2 from `1.93` or `1.93 m2`. Raises BadInput."""
    return _positive(what, text, _BSA_UNITS, "m2, as in 1.93 or 1.93m2")


def parse_percent(text: str, what: str = "per cent") -> int:
    """A percentage in 0.01 % from `10` or `10%`. Raises BadInput."""
    allowed = "0 to 100 %, as in 10%"
    numerator, denominator, _ = _scaled(what, text, _PERCENT_UNITS, allowed)
    if numerator > 10_000 * denominator:
        raise BadInput(what, text, "is over 100 %", allowed=allowed)
    return half_up(numerator, denominator)


def parse_volume(text: str, what: str = "bag") -> int:
    """A volume in whole mL from `250` or `250 mL`. Raises BadInput."""
    allowed = "whole mL, as in 500 or 500mL"
    numerator, denominator, _ = _scaled(what, text, {"": (1, 1), "ml": (1, 1)}, allowed)
    if denominator != 1 or numerator == 0:
        raise BadInput(what, text, "is not a whole number of mL above zero", allowed=allowed)
    return numerator


def parse_minutes(text: str, what: str) -> int:
    """A time in 0.01 min from `90`, `117.5` or `90 min`. Raises BadInput."""
    units = {"": (100, 1), "min": (100, 1)}
    return half_up(*_scaled(what, text, units, "minutes, as in 90 or 90min")[:2])


def parse_price(text: str, what: str = "`price`") -> int:
    """An amount of money in 0.01, without a currency, from `174.63`. Raises BadInput."""
    allowed = "a plain amount, as in 174.63"
    numerator, denominator, _ = _scaled(what, text, {"": (100, 1)}, allowed)
    if numerator % denominator:
        raise BadInput(what, text, "has more than two decimals", allowed=allowed)
    return numerator // denominator


def parse_amount(text: str, what: str, allowed: str = "mg, as in 350mg") -> int:
    """An amount of drug in 0.01 mg from `350`, `350mg` or `350.25 mg`. Raises BadInput, with what is `allowed`."""
    return _positive(what, text, {"": (100, 1), "mg": (100, 1)}, allowed)


class Age(Frozen):
    """An age in completed months, and for how many months on from that it may already have gone."""

    months: int
    slack: int = 1


def parse_age(text: str) -> Age:
    """An age from `34y`, `8mo` or `34` (a bare number is years), in completed months. Raises BadInput."""
    allowed = "34y, 34 or 8mo"
    numerator, denominator, unit = _scaled("age", text, _AGE_UNITS, allowed)
    months = numerator // denominator
    return Age(months, 12 if unit in _YEAR and numerator % (12 * denominator) == 0 else 1)


# --- doses ----------------------------------------------------------------------------------------

BASES = ("mg/kg", "mg/m2", "mg")


_AT_MOST = ", at most "


class Dose(Frozen):
    """What one infusion calls for: a factor (0.001) of its basis (`mg/kg`, `mg/m2`, `mg`), at most `most` (0.01 mg)."""

    factor: int
    basis: str
    most: int | None = None

    def __str__(self) -> str:
        """As data writes it: `5 mg/kg`, `1000 mg`, `8 mg/kg, at most 800 mg`."""
        most = "" if self.most is None else f"{_AT_MOST}{plain(self.most)} mg"
        return f"{plain(self.factor, _FACTOR_PLACES)} {self.basis}{most}"

    @property
    def people(self) -> str:
        """As people read it: `1,000 mg`."""
        most = "" if self.most is None else f"{_AT_MOST}{people(self.most)} mg"
        return f"{people(self.factor, _FACTOR_PLACES)} {self.basis}{most}"

    def amount(self, weight: int, bsa: int | None) -> int:
        """The exact dose in 0.01 mg: the uncapped one, or the cap where that is passed."""
        amount = self.uncapped(weight, bsa)
        return amount if self.most is None else at_most(amount, self.most)

    def uncapped(self, weight: int, bsa: int | None) -> int:
        """The dose in 0.01 mg without its cap: factor x weight (0.01 kg) or x BSA (0.01 m2), half up."""
        if self.basis == "mg":
            return dose_of(self.factor, ONE)
        size = weight if self.basis == "mg/kg" else bsa
        if size is None:
            hint = f"give `height` or `bsa`: {self} needs a body surface area"
            raise BadInput("height", None, "is missing", hint=hint)
        return dose_of(self.factor, size)


def parse_dose(text: str, what: str = "dose") -> Dose:
    """A dose from `5 mg/kg`, `375mg/m2`, `1000mg` or `8 mg/kg, at most 800 mg`, exact to 0.001. Raises BadInput."""
    allowed = "a number with mg/kg, mg/m2 or mg, as in 5mg/kg"
    own, capped, cap = text.partition(",")
    if capped and not cap[:1].isdigit():  # a comma between digits is no cap
        words = cap.strip(" ")
        if not words.lower().startswith(_AT_MOST.strip(", ")):
            raise BadInput(what, text, "is not a dose with a cap", allowed="as in 8 mg/kg, at most 800 mg")
        dose = parse_dose(own, what)
        if dose.basis == "mg":
            raise BadInput(what, text, "has a cap, and is in mg already", allowed="a cap on mg/kg or mg/m2")
        return dose.but(most=parse_amount(words[len(_AT_MOST) - 2 :].strip(" "), what))
    numerator, denominator, basis = _scaled(what, text, dict.fromkeys(BASES, (10**_FACTOR_PLACES, 1)), allowed)
    if numerator % denominator:
        raise BadInput(what, text, "has more than three decimals", allowed=allowed)
    if numerator == 0:
        raise BadInput(what, text, "is zero", allowed=allowed)
    return Dose(numerator // denominator, basis)


# --- spans of time --------------------------------------------------------------------------------


class Span(Frozen):
    """A stretch of the calendar: whole days and weeks, or calendar months and years."""

    number: int
    unit: str

    def __str__(self) -> str:
        """As people say it: `8 weeks`, `1 month`."""
        return f"{self.number} {self.unit}{'' if self.number == 1 else 's'}"

    @property
    def days(self) -> int:
        """The days that it counts; 0 for a span of months."""
        return self.number * _DAYS.get(self.unit, 0)

    @property
    def months(self) -> int:
        """The calendar months that it counts; 0 for a span of days."""
        return self.number * _MONTHS.get(self.unit, 0)

    @property
    def size(self) -> int:
        """A number to compare spans by, in 1/4,800 day; a month counts as the mean Gregorian month."""
        return self.days * MEAN_MONTH[1] + self.months * MEAN_MONTH[0]


_LONGEST = Span(100, "year")


@cache
def in_days(weeks: tuple[int, ...]) -> tuple[int, ...]:
    """Weeks as days."""
    return tuple(_DAYS["week"] * week for week in weeks)


def parse_span(text: str, what: str = "time", *, months: bool = True) -> Span:
    """A span from `8w`, `8 weeks`, `6m`, `6 months`, `14d`, `2y`: a whole number above zero. Raises BadInput.

    Without `months` it counts days or weeks alone.
    """
    allowed = "a whole number of days or weeks, as in 14d or 8w"
    if months:
        allowed = "a whole number of days, weeks, months or years, as in 14d, 8w, 6m or 2y"
    units = {unit: (1, 1) for unit, counted in _SPAN_UNITS.items() if months or counted in _DAYS}
    numerator, denominator, unit = _scaled(what, text, units, allowed)
    if denominator != 1 or numerator == 0:
        raise BadInput(what, text, "is not a whole number above zero", allowed=allowed)
    span = Span(numerator, _SPAN_UNITS[unit])
    if span.size > _LONGEST.size:
        raise BadInput(what, text, f"is over {_LONGEST}", allowed=allowed)
    return span


def parse_days(text: str, what: str) -> int:
    """A number of days, zero among them, from `3d` or `3 days`. Raises BadInput."""
    allowed = "whole days, as in 3d or 0d"
    numerator, denominator, _ = _scaled(what, text, dict.fromkeys(("", "d", "day", "days"), (1, 1)), allowed)
    if denominator != 1 or numerator > _MOST_DAYS:
        raise BadInput(what, text, f"is not a whole number up to {_MOST_DAYS}", allowed=allowed)
    return numerator


KG_PER_POUND = plain(POUND, 8)
"""The exact factor, for the working."""
