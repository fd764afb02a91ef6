"""The shape of `regimens.yaml`: its sections, which keys an entry has, and what each may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infusecalc import regimen as made
from infusecalc.table.kinds import CODE, NAME, WORDS, ListOf, Ref, Shape, choice, may, measure, need
from infusecalc.table.phases import REGIMEN
from infusecalc.table.values import (
    AGE,
    ALIASES,
    CONDITIONS,
    DOSE,
    HELD,
    NOTE,
    NOTES,
    PACE,
    PREMEDICATION,
    SOURCE,
    SPAN,
    limits,
    ordered,
)

# --- sources, conditions, titrations, house rules ---------------------------------------------------

SOURCES = Shape(
    made.Source,
    {key: need(WORDS) for key in ("title", "publisher", "date", "section", "url")}
    | {"grade": need(choice(*made.GRADES))},
)
CONDITION = Shape(made.Condition, {"name": need(WORDS), "read_as": may(Ref("conditions", lambda name, _: name))})


def _rising(value: made.Titration) -> Iterator[tuple[str, str]]:
    """Either rates that rise by steps, or the steps one by one; paces in mL/h hold for their own bag alone."""
    rise = (value.start, value.step, value.minutes, value.most)
    if value.steps:
        if any(part is not None for part in (*rise, value.step_most)):
            yield "steps", "stands beside a rate that rises: one of the two"
        if [held.minutes is None for held in value.steps] != [False] * (len(value.steps) - 1) + [True]:
            yield "steps", "does not run to the end with its last step, and with that alone"
    elif None in rise or value.minutes == 0:
        yield "source", "needs either 'steps', or 'start', 'step', 'every' and 'most'"
    paces = [held.pace for held in value.steps] or [pace for pace in (value.start, value.step, value.most) if pace]
    volumes = [pace.unit == "mL/h" for pace in paces]
    if any(volumes) != (value.bag is not None) or any(volumes) != all(volumes):
        yield ("bag" if value.bag else "source"), "goes with rates in mL/h alone, and they need it"


TITRATION = Shape(
    made.Titration,
    {
        "start": may(PACE),
        "step": may(PACE),
        "every": may(measure("min"), "minutes"),
        "most": may(PACE),
        "step_most": may(PACE),
        "steps": may(ListOf(HELD), absent=()),
        "bag": may(measure("mL")),
        "source": SOURCE,
    },
    _rising,
)
PERCENT = measure("%", 2)
_WHOLE = 10_000  # 100 % in 0.01 %
BMI = measure("")
ML = measure("mL")
HOURS = measure("h")
HOUSE = {
    "weight": limits(measure("kg", 2)),
    "height": limits(measure("cm", 1)),
    "age": limits(AGE),
    "bsa": limits(measure("m2", 2)),
    "bmi": Shape(
        made.BmiLimits,
        {
            "from": need(BMI, "low"),
            "to": need(BMI, "high"),
            "unusual_to": need(BMI),
            "unusual_from": need(BMI),
            "source": SOURCE,
        },
        ordered("unusual_to", "unusual_from", ("unusual_to", "unusual_from")),
    ),
    "usual_weight": Shape(
        dict, {"adult": need(limits(measure("kg", 2))), "paediatric": need(limits(measure("kg", 2)))}
    ),
    "bags": Shape(
        made.Bags,
        {
            "stocked": need(ListOf(ML, ascending=True)),
            "from": need(ML, "low"),
            "to": need(ML, "high"),
            "source": SOURCE,
        },
        ordered("from", "to"),
    ),
    "rounding": Shape(made.RoundingLimit, {"within": need(PERCENT), "source": SOURCE}),
    "horizon": Shape(
        made.HorizonLimits,
        {"default": need(SPAN), "infusions": need(measure("")), "to": need(SPAN, "longest"), "source": SOURCE},
    ),
    "weight_change": Shape(made.Share, {"from": need(PERCENT, "share"), "text": need(WORDS), "source": SOURCE}),
    "longest_pause": Shape(made.LongestPause, {"most": need(measure("min")), "source": SOURCE}),
    "longest_infusion": Shape(made.LongestInfusion, {"most": need(HOURS), "text": need(WORDS), "source": SOURCE}),
    "after_stop": Shape(made.AfterStop, {"severe": need(WORDS), "as_tolerated": need(WORDS), "source": SOURCE}),
    "doubled": Shape(made.Share, {"under": need(PERCENT, "share"), "text": need(WORDS), "source": SOURCE}),
}

# --- drugs and products -----------------------------------------------------------------------------

CONCENTRATION = measure("mg/mL", 3)
MG = measure("mg", 2)


def _time(value: made.InfusionTime | made.Protocol) -> Iterator[tuple[str, str]]:
    if (value.least is None) != (value.first is not None and value.subsequent is not None) or value.least == 0:
        yield "source", "needs either 'least', or both 'first' and 'subsequent'"


def _protocol(value: made.Protocol) -> Iterator[tuple[str, str]]:
    if not value.refused:
        yield from _time(value)


def _resume(value: made.Reaction) -> Iterator[tuple[str, str]]:
    if not 0 < value.resume < _WHOLE:
        yield "resume", "is not above 0 and under 100 %: after a stop an infusion goes on, and more slowly"


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
                            ordered("from", "to"),
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
                {"wasted": need(CODE), "none": need(CODE), "text": need(WORDS), "source": SOURCE},
            )
        ),
        "usual_most": may(Shape(made.UsualMost, {"dose": need(DOSE), "text": need(WORDS), "source": SOURCE})),
        "reaction": may(
            Shape(made.Reaction, {"resume": need(PERCENT), "text": need(WORDS), "source": SOURCE}, _resume)
        ),
        "premedication": PREMEDICATION,
        "monitoring": NOTES,
        "late": NOTES,
        "screening": NOTES,
        "conditions": CONDITIONS,
    },
)
DRUG = Shape(
    made.Drug,
    {
        "name": need(WORDS),
        "aliases": ALIASES,
        "tall_man": may(NOTE),
        "about": NOTES,
        "patient": may(
            Shape(
                made.ForPatients,
                {key: need(ListOf(NOTE)) for key in ("expect", "tell", "common", "call", "missed")},
            )
        ),
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
        "billing": may(Shape(made.Billing, {"code": need(CODE), "unit": need(MG), "source": SOURCE})),
        "not_labelled": may(
            Shape(made.NotLabelled, {"regimens": need(ListOf(NAME)), "text": need(WORDS), "source": SOURCE})
        ),
        "in_use": may(Shape(made.InUse, {"most": need(HOURS), "source": SOURCE})),
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

PROTOCOL = Shape(
    made.Protocol,
    {
        "name": need(WORDS),
        "drug": need(Ref("drugs", lambda name, _: name)),
        "is": need(choice("label", "reported", "trial", "practice"), "standing"),
        "labels": may(ListOf(choice(*made.LABELS)), absent=made.LABELS),
        "regimens": may(ListOf(NAME), absent=()),
        "population": may(choice("adult", "paediatric")),
        "least": may(measure("min")),
        "first": _TITRATED,
        "subsequent": _TITRATED,
        "from_infusion": may(measure(""), absent=1),
        "studied": may(Shape(made.DoseLimit, {"dose": need(DOSE), "text": need(WORDS), "source": SOURCE})),
        "not_with": may(ListOf(Ref("conditions", lambda name, _: name)), absent=()),
        "text": need(WORDS),
        "refused": may(NOTE),
        "source": SOURCE,
    },
    _protocol,
)

ENTRIES = {
    "sources": SOURCES,
    "conditions": CONDITION,
    "titrations": TITRATION,
    "protocols": PROTOCOL,
    "drugs": DRUG,
    "products": PRODUCT,
    "regimens": REGIMEN,
}
"""The sections with named entries of one shape."""


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
