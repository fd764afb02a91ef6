"""What the user asked beyond regimen and patient to Choices: label, product, horizon, overrides, rounding."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar, Unpack

from infusecalc.dates import TODAY, parse_date
from infusecalc.errors import BadInput, has_controls, shown
from infusecalc.frozen import Frozen
from infusecalc.options import CourseOptions, as_declared, check_names
from infusecalc.quantities import (
    Dose,
    Span,
    parse_amount,
    parse_dose,
    parse_minutes,
    parse_percent,
    parse_price,
    parse_span,
    parse_volume,
)
from infusecalc.spelling import normal, one_of

if TYPE_CHECKING:
    from infusecalc.clinic import Clinic
    from infusecalc.history import Given

Value = TypeVar("Value", Dose, Span)
"""What an override gives: a dose, or an interval."""
Item = TypeVar("Item")

_COUNT = re.compile(r"0*([0-9]+)", re.ASCII)
_MOST_DIGITS = 6
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_STEPS = {"1mg": 100, "5mg": 500, "10mg": 1000, "50mg": 5000, "100mg": 10000}
ROUNDING = ("none", *_STEPS, "vial")
ANCHORS = ("given", "planned")
MAINTENANCE = "maintenance"
PRICED_TWICE, ONE_PRICE = "is a second price for one vial", "give one price for each size of a product"


class Horizon(Frozen):
    """How far to plan: for a span, until a date, for a number of infusions, or of courses; one of them."""

    span: Span | None = None
    until: date | None = None
    infusions: int | None = None
    courses: int | None = None


class Rounding(Frozen):
    """How a dose may be rounded: to multiples of `step` (0.01 mg), to whole vials, or not at all."""

    step: int | None = None
    vials: bool = False
    within: int | None = None  # 0.01 %; None: the table's own limit

    def most(self, usual: int) -> int:
        """How far rounding may go, in 0.01 %: as asked, or the `usual`."""
        return usual if self.within is None else self.within


class Acceptance(Frozen):
    """A block that the user takes on, and why."""

    code: str
    detail: str | None
    reason: str

    def __str__(self) -> str:
        """As it was asked for, without the reason."""
        return f"{self.code}:{self.detail}" if self.detail else self.code


class Done(Frozen):
    """A screening that was done before the start, by its name; `on` is None where no day was said."""

    name: str
    on: date | None

    @property
    def told(self) -> str:
        """As people read it: `Done on 2026-11-20`."""
        return f"Done on {self.on}" if self.on else "Done"


class Price(Frozen):
    """What a vial (0.01 mg) costs, in 0.01: of a product, as it was typed, or of each that has no price of its own."""

    product: str | None
    vial: int
    amount: int


class Choices(Frozen):
    """What was asked; `Choices.of` reads it from text. Overrides name a phase, or None for a bare value."""

    start: date | None = None
    on: date | None = None
    label: str | None = None  # None: the usual one of the table
    variant: str | None = None
    product: str | None = None
    horizon: Horizon = Horizon()
    from_maintenance: bool = False
    maintenance_start: date | Span | None = None
    doses: tuple[tuple[str | None, Dose], ...] = ()
    intervals: tuple[tuple[str | None, Span], ...] = ()
    rounding: Rounding = Rounding()
    bag: int | None = None
    protocol: str | None = None
    weight_change: int | None = None  # 0.01 %; None: the table's own limit
    history: tuple[Given, ...] = ()
    anchor: str = "given"
    clinic: Clinic | None = None
    prices: tuple[Price, ...] = ()
    turnover: int = 0  # 0.01 min
    conditions: tuple[str, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    done: tuple[Done, ...] = ()

    @property
    def for_dates(self) -> tuple[str, ...]:
        """The options that were given and only change dates, or what comes of them, by their names."""
        horizon, clinic = self.horizon, self.clinic
        asked = {
            "for_": horizon.span, "until": horizon.until, "doses": horizon.infusions,
            "courses": horizon.courses and not self.intervals,  # which may ask for it
            "maintenance_start": self.maintenance_start, "weight_change": self.weight_change is not None,
            "days": clinic and clinic.holidays is None, "holidays": clinic and clinic.holidays, "price": self.prices,
        }  # set in rows # fmt: skip
        return tuple(name for name, value in asked.items() if value)

    @classmethod
    def of(cls, **given: Unpack[CourseOptions]) -> Choices:
        """Read the choices from text, under the names of the options (`CourseOptions`).

        Raises BadInput for what cannot be used, and UnknownName for an option that there is not.
        """
        check_names(given, CourseOptions.__annotations__)
        options = as_declared(given, CourseOptions.__annotations__)
        from_, maintenance_start, anchor = options.get("from_"), options.get("maintenance_start"), options.get("anchor")
        weight_change, bag, turnover = options.get("weight_change"), options.get("bag"), options.get("turnover")
        if from_ is not None:
            one_of("`from_`", from_, (MAINTENANCE,), "is not a phase to start from")
        if from_ and maintenance_start is not None:
            hint = "with `from_` maintenance, `start` is the first maintenance infusion"
            raise BadInput("`maintenance_start`", maintenance_start, "cannot be combined with `from_`", hint=hint)
        counted_from = ANCHORS[0] if anchor is None else one_of("`anchor`", anchor, ANCHORS)
        return cls(
            start=_date(options.get("start"), "start"),
            on=_date(options.get("on"), "`on`"),
            label=options.get("label"),
            variant=options.get("variant"),
            product=options.get("product"),
            horizon=_horizon(options.get("for_"), options.get("until"), options.get("doses"), options.get("courses")),
            from_maintenance=from_ is not None,
            maintenance_start=_date_or_span(maintenance_start),
            doses=_overrides(options.get("dose", ()), "`dose`", parse_dose),
            intervals=_overrides(options.get("every", ()), "`every`", parse_span),
            rounding=_rounding(options.get("round_", "none"), options.get("round_within")),
            bag=None if bag is None else parse_volume(str(bag), "bag"),
            protocol=options.get("protocol"),
            weight_change=None if weight_change is None else parse_percent(str(weight_change), "`weight_change`"),
            history=_history(_listed(options.get("given", ())), options.get("history"), anchor),
            anchor=counted_from,
            clinic=_clinic(options.get("days"), options.get("holidays"), _listed(options.get("tolerance", ()))),
            prices=_prices(_listed(options.get("price", ()))),
            turnover=0 if turnover is None else parse_minutes(str(turnover), "`turnover`"),
            conditions=tuple(dict.fromkeys(_listed(options.get("has", ())))),
            acceptances=_acceptances(_listed(options.get("accept", ()))),
            done=_done(_listed(options.get("done", ()))),
        )


def _listed(values: str | Sequence[Item]) -> Sequence[str | Item]:
    """One text, or several, as several."""
    return [values] if isinstance(values, str) else values


def _date(value: str | date | None, what: str) -> date | None:
    return parse_date(value, what) if isinstance(value, str) else value


def _date_or_span(value: str | date | None) -> date | Span | None:
    if not isinstance(value, str):
        return value
    if value.lower() == TODAY or "-" in value:
        return parse_date(value, "`maintenance_start`")
    return parse_span(value, "`maintenance_start`")


def parse_count(value: str | int | None, what: str, *, least: int = 1) -> int | None:
    """A whole number, above zero unless zero is the `least`, or None where nothing was said; raises BadInput."""
    if value is None:
        return None
    found = _COUNT.fullmatch(str(value).strip(" "))
    if not found or (least and found[1] == "0"):
        problem, allowed = ("above zero", "as in 8") if least else ("of 0 or more", "as in 0, 1 or 2")
        raise BadInput(what, value, f"is not a whole number {problem}", allowed=allowed)
    if len(found[1]) > _MOST_DIGITS:
        raise BadInput(what, value, "is too large", allowed=f"up to {_MOST_DIGITS} digits")
    return int(found[1])


def parse_clock(text: str | None, what: str) -> int | None:
    """A time of day in minutes, from `09:30` or `9:30`, or None where nothing was said; raises BadInput."""
    if text is None:
        return None
    found = _CLOCK.fullmatch(text.strip(" "))
    if not found:
        raise BadInput(what, text, "is not a time of day", allowed="HH:MM, as in 09:30 or 17:30")
    return int(found[1]) * 60 + int(found[2])


def parse_hours(text: str, what: str) -> int:
    """The minutes from an opening time to a later closing time, as in `08:00-17:00`; raises BadInput."""
    opens, dash, shuts = text.partition("-")
    first, last = (parse_clock(part, what) if part.strip() else None for part in (opens, shuts))
    if not dash or first is None or last is None or last <= first:
        problem = "must be an opening time and a later closing time"
        raise BadInput(what, text, problem, allowed="as in 08:00-17:00")
    return last - first


def _horizon(
    span: str | None, until: str | date | None, infusions: str | int | None, courses: str | int | None
) -> Horizon:
    asked = {"`for_`": span, "`until`": until, "`doses`": infusions, "`courses`": courses}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise BadInput(" and ".join(given), None, "cannot be combined", allowed="one of " + ", ".join(asked))
    return Horizon(
        None if span is None else parse_span(span, "`for_`"),
        _date(until, "`until`"),
        parse_count(infusions, "`doses`"),
        parse_count(courses, "`courses`"),
    )


def _history(given: Sequence[str | date], file: str | None, anchor: str | None) -> tuple[Given, ...]:
    """What was given so far; read only where something was."""
    if given and file is not None:
        raise BadInput("`history`", file, "cannot be combined with `given`", hint="give one of the two")
    if not given and file is None:
        if anchor is not None:
            hint = "it says from which date the rest is counted"
            raise BadInput("`anchor`", anchor, "needs `given` or `history`", hint=hint)
        return ()
    from infusecalc.history import read_given, read_history  # noqa: PLC0415 - a look-up has no history

    return read_given(given) if file is None else read_history(file)


def _clinic(days: str | None, holidays: str | None, tolerances: Sequence[str]) -> Clinic | None:
    if days is None and holidays is None and not tolerances:
        return None
    from infusecalc.clinic import Clinic  # noqa: PLC0415 - a look-up has no clinic days

    return Clinic.of(days, holidays, tolerances)


def _prices(texts: Sequence[str]) -> tuple[Price, ...]:
    """Prices by vial, as in 100mg=174.63 or Remicade:100mg=174.63."""
    found: dict[tuple[str | None, int], Price] = {}
    for text in texts:
        vial, equals, amount = text.partition("=")
        product, colon, size = vial.rpartition(":")
        if not equals or (colon and not product.strip(" ")):
            allowed = "VIAL=PRICE or PRODUCT:VIAL=PRICE, as in 100mg=174.63"
            raise BadInput("`price`", text, "has no product" if equals else "has no vial size", allowed=allowed)
        key = normal(product) if colon else None, parse_amount(size, "`price` vial")
        if key in found:
            raise BadInput("`price`", text, PRICED_TWICE, hint=ONE_PRICE)
        found[key] = Price(product.strip(" ") if colon else None, key[1], parse_price(amount))
    return tuple(found.values())


def _overrides(
    texts: str | Sequence[str], what: str, parse: Callable[[str, str], Value]
) -> tuple[tuple[str | None, Value], ...]:
    """Each text as the phase that it names, or None, and its value."""
    parts = [text.partition("=") if "=" in text else ("", "", text) for text in _listed(texts)]
    return tuple((normal(phase) if equals else None, parse(value, what)) for phase, equals, value in parts)


def _rounding(policy: str, within: str | float | None) -> Rounding:
    how = policy.strip(" ").lower().replace(" mg", "mg")
    if how not in ROUNDING:
        raise BadInput("`round_`", policy, "is not known", allowed=", ".join(ROUNDING))
    limit = None if within is None else parse_percent(str(within), "`round_within`")
    return Rounding(_STEPS.get(how), how == "vial", limit)


def _done(texts: Sequence[str]) -> tuple[Done, ...]:
    """What was done before the start, each once; raises BadInput for a second day."""
    found: dict[str, Done] = {}
    for text in texts:
        name, equals, on = text.partition("=")
        if not name.strip(" "):
            raise BadInput("`done`", text, "has no screening", allowed="SCREENING or SCREENING=DATE")
        done = Done(normal(name), parse_date(on, "`done`") if equals else None)
        if found.setdefault(done.name, done) != done:
            raise BadInput("`done`", text, "gives a second day for one screening", hint="give one")
    return tuple(found.values())


def _acceptances(texts: Sequence[str]) -> tuple[Acceptance, ...]:
    """What is accepted, each once; raises BadInput for a second reason."""
    found: dict[str, Acceptance] = {}
    for acceptance in map(_acceptance, texts):
        first = found.setdefault(str(acceptance), acceptance)
        if first != acceptance:
            detail = f"; the first is {shown(first.reason)}"
            problem = "gives a second reason for one block"
            raise BadInput("`accept`", acceptance, problem, detail=detail, hint="give one reason")
    return tuple(found.values())


def _acceptance(text: str) -> Acceptance:
    what, _, reason = text.partition("=")
    code, colon, detail = what.strip(" ").partition(":")
    allowed = "CODE=REASON or CODE:DETAIL=REASON"
    if not code or bool(colon) != bool(detail):
        raise BadInput("`accept`", text, "has no code, or nothing after the colon", allowed=allowed)
    if not reason.strip():
        raise BadInput("`accept`", text, "has no reason", allowed=allowed)
    if ";" in reason:
        raise BadInput("`accept`", text, "has a semicolon, which separates reasons in files", hint="write a comma")
    if has_controls(reason):
        raise BadInput("`accept`", text, "has control characters", allowed="printable characters")
    return Acceptance(normal(code), normal(detail) or None, reason.strip())
