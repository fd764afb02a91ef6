"""The shape of `regimens.yaml`: which keys an entry has, what each may hold, and what must agree within it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infusecalc import regimen as made
from infusecalc.errors import BadInput
from infusecalc.quantities import Dose, parse_dose, parse_span
from infusecalc.table.nodes import NAME, WORDS, ListOf, MapOf, Ref, Shape, Text, choice, may, measure, need, written

_AFTER = re.compile(r"(first|last) ([a-z]+) infusion", re.ASCII)
_MONTHS = {"y": 12, "mo": 1}

DOSE = written(parse_dose, "5 mg/kg, 375 mg/m2 or 1000 mg")
SPAN = written(parse_span, "8 weeks, 14 days or 6 months")
CITED = ListOf(Ref("sources", made.Citation), lone=True)
SOURCE = need(CITED)
PHASES = ("induction", "maintenance", "course")


def _age(text: str) -> int:
    number, _, unit = text.partition(" ")
    if unit not in _MONTHS:
        raise BadInput("age", text, "is not an age")
    return int(measure("").parse(number)) * _MONTHS[unit]


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
    return made.DoseRange(lower, upper, text)


def _span_range(text: str) -> made.SpanRange:
    if text == "not stated":
        return made.SpanRange(None, None, "an interval without a figure")
    if text.endswith(" or more"):
        return made.SpanRange(SPAN.parse(text.removesuffix(" or more")), None, f"every {text}")
    low, to, high = text.partition(" to ")
    lower = SPAN.parse(f"{low} {high.partition(' ')[2]}" if to else low)
    return made.SpanRange(lower, SPAN.parse(high if to else low), f"every {text}")


AGE = Text(_age, "an age such as 18 y or 8 mo")
AFTER = Text(_after, "first or last, a phase, infusion: as in last induction infusion")
DOSE_RANGE = Text(_dose_range, "10 mg/kg, 3 to 10 mg/kg, or not stated")
SPAN_RANGE = Text(_span_range, "8 weeks, 4 to 8 weeks, 16 weeks or more, or not stated")
WAIT = Text(lambda text: () if text == "interval" else SPAN.parse(text), "interval, or a time such as 24 weeks")


def _ordered(low: str, high: str, attributes: tuple[str, str] = ("low", "high")) -> Any:
    """A check that one bound is not above the other."""

    def check(value: Any) -> Iterator[tuple[str, str]]:
        bounds = [getattr(value, name) for name in attributes]
        if None not in bounds and bounds[0] > bounds[1]:
            yield high, f"is below '{low}'"

    return check


NOTE = Shape(made.Note, {"text": need(WORDS), "source": SOURCE})


def _limits(kind: Text) -> Shape:
    fields = {"from": need(kind, "low"), "to": need(kind, "high"), "source": SOURCE}
    return Shape(made.Limits, fields, _ordered("from", "to"))


# --- sources, conditions, titrations, house rules ---------------------------------------------------

SOURCES = Shape(
    made.Source,
    {key: need(WORDS) for key in ("title", "publisher", "date", "section", "url")}
    | {"grade": need(choice(*made.GRADES))},
)
CONDITION = Shape(made.Condition, {"name": need(WORDS), "read_as": may(Ref("conditions", lambda name, _: name))})
RATE = measure("mg/h", 2)
TITRATION = Shape(
    made.Titration,
    {
        "start": need(RATE),
        "step": need(RATE),
        "every": need(measure("min"), "minutes"),
        "most": need(RATE),
        "source": SOURCE,
    },
    _ordered("start", "most", ("start", "most")),
)
BMI = measure("")
ML = measure("mL")
HOUSE = {
    "weight": _limits(measure("kg", 2)),
    "height": _limits(measure("cm", 1)),
    "age": _limits(AGE),
    "bsa": _limits(measure("m2", 2)),
    "bmi": Shape(
        made.BmiLimits,
        {
            "from": need(BMI, "low"),
            "to": need(BMI, "high"),
            "unusual_to": need(BMI),
            "unusual_from": need(BMI),
            "source": SOURCE,
        },
        _ordered("unusual_to", "unusual_from", ("unusual_to", "unusual_from")),
    ),
    "usual_weight": Shape(
        dict, {"adult": need(_limits(measure("kg", 2))), "paediatric": need(_limits(measure("kg", 2)))}
    ),
    "bags": Shape(
        made.Bags,
        {
            "stocked": need(ListOf(ML, ascending=True)),
            "from": need(ML, "low"),
            "to": need(ML, "high"),
            "source": SOURCE,
        },
        _ordered("from", "to"),
    ),
    "rounding": Shape(made.RoundingLimit, {"within": need(measure("%", 2)), "source": SOURCE}),
    "horizon": Shape(
        made.HorizonLimits,
        {"default": need(SPAN), "infusions": need(measure("")), "to": need(SPAN, "longest"), "source": SOURCE},
    ),
}

# --- drugs and products -----------------------------------------------------------------------------

CONCENTRATION = measure("mg/mL", 3)
MG = measure("mg", 2)
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
NOTES = may(MapOf(NOTE), absent={})


def _time(value: made.InfusionTime) -> Iterator[tuple[str, str]]:
    if (value.least is None) != (value.first is not None and value.subsequent is not None):
        yield "source", "needs either 'least', or both 'first' and 'subsequent'"


_TITRATED = may(Ref("titrations", lambda name, _: name))
DRUG_RULES = Shape(
    made.DrugRules,
    {
        "default_product": need(
            Shape(made.Named, {"product": need(Ref("products", lambda name, _: name)), "source": SOURCE})
        ),
        "preparation": need(
            Shape(
                made.PreparationRules,
                {
                    "bag": need(Shape(made.UsualBag, {"usual": need(ML), "source": SOURCE})),
                    "concentration": need(
                        Shape(
                            made.ConcentrationRange,
                            {"from": may(CONCENTRATION, "low"), "to": need(CONCENTRATION, "high"), "source": SOURCE},
                            _ordered("from", "to"),
                        )
                    ),
                    "handling": NOTES,
                },
            )
        ),
        "infusion_time": need(
            Shape(
                made.InfusionTime,
                {"least": may(measure("min")), "first": _TITRATED, "subsequent": _TITRATED, "source": SOURCE},
                _time,
            )
        ),
        "modifiers": may(
            Shape(
                made.Modifiers,
                {"wasted": need(WORDS), "none": need(WORDS), "text": need(WORDS), "source": SOURCE},
            )
        ),
        "usual_most": may(Shape(made.UsualMost, {"dose": need(DOSE), "text": need(WORDS), "source": SOURCE})),
        "screening": NOTES,
        "conditions": CONDITIONS,
    },
)
ALIASES = may(ListOf(NAME), absent=())
DRUG = Shape(
    made.Drug,
    {
        "name": need(WORDS),
        "aliases": ALIASES,
        "tall_man": may(NOTE),
        "subcutaneous": may(
            Shape(made.Subcutaneous, {"names": need(ListOf(NAME)), "text": need(WORDS), "source": SOURCE})
        ),
        "us": may(DRUG_RULES),
        "eu": may(DRUG_RULES),
    },
)


def _vials(value: made.Vials) -> Iterator[tuple[str, str]]:
    if not all(value.sizes) or not value.concentration:
        yield "sizes", "has a vial or a concentration of zero"


PRODUCT_RULES = Shape(
    made.ProductRules,
    {
        "vials": need(
            Shape(
                made.Vials,
                {"sizes": need(ListOf(MG, ascending=True)), "concentration": need(CONCENTRATION), "source": SOURCE},
                _vials,
            )
        ),
        "billing": may(Shape(made.Billing, {"code": need(WORDS), "unit": need(MG), "source": SOURCE})),
        "not_labelled": may(
            Shape(made.NotLabelled, {"regimens": need(ListOf(NAME)), "text": need(WORDS), "source": SOURCE})
        ),
        "storage": NOTES,
    },
)
PRODUCT = Shape(
    made.Product,
    {
        "name": need(WORDS),
        "drug": need(Ref("drugs", lambda name, _: name)),
        "aliases": ALIASES,
        "us": may(PRODUCT_RULES),
        "eu": may(PRODUCT_RULES),
    },
)

# --- regimens ---------------------------------------------------------------------------------------

STATUS = Shape(made.Status, {"is": need(choice("labelled", "off-label"), "name"), "text": may(WORDS), "source": SOURCE})
AGES = Shape(
    made.AgeRange,
    {"from": need(AGE, "low"), "under": may(AGE), "source": SOURCE},
    _ordered("from", "under", ("low", "under")),
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
    for key, phase in named:
        if phase and phase not in value.phases:
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
        "conditions": CONDITIONS,
        "rate_not_labelled": may(NOTE),
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

ENTRIES = {
    "sources": SOURCES,
    "conditions": CONDITION,
    "titrations": TITRATION,
    "drugs": DRUG,
    "products": PRODUCT,
    "regimens": REGIMEN,
}
"""The sections with named entries of one shape."""

LABELLED = frozenset({"drugs", "products", "regimens"})
"""The sections whose entries a local file overrides key by key (name, aliases, us, eu), not whole."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a regimen table."""
    sections: dict[str, Any] = {"version": WORDS.schema()}
    sections["house"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: shape.schema() for key, shape in HOUSE.items()},
    }
    for section, shape in ENTRIES.items():
        sections[section] = {"type": "object", "additionalProperties": shape.schema()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "infusecalc regimen table",
        "type": "object",
        "additionalProperties": False,
        "properties": sections,
    }
