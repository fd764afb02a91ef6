"""The JSON Schemas of the documents that commands answer, from one declaration: each value once, under its name.

A document may have more than its schema names: fields are added, and never renamed. What it names is always there.
"""

from __future__ import annotations

from typing import Any

from infusecalc.output.request import IGNORED

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT, _FLAG, _NUMBER, _WHOLE = ({"type": name} for name in ("string", "boolean", "number", "integer"))
_AMOUNT, _COUNT = {"type": "number", "minimum": 0}, {"type": "integer", "minimum": 0}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SEVERITY, _STATUS = {"enum": ["block", "caution", "info"]}, {"enum": ["labelled", "off-label"]}
_DAY = "Days from the start of the plan; for days since the first infusion, subtract the day of number 1."
_PLANNED = "The date in the original plan, counted from the start, as if nothing was given and no day was closed."
_COURSE = (
    "Sums over all infusions, those that were given (with the planned dose) and those that block among them, and "
    "without the optional ones. by_month and by_year are sums of the same infusions."
)
_AGENDA = "Sums over the infusions of the days: overdue and optional ones are in none; those that block are."
_OVERDUE = "How many are overdue; they are in none of the sums."
_ORDER = "What is still to be given: by period, and last with the period all, which is the sum of the others."
_VIALS_TEXT = {"type": "string", "pattern": "^([0-9]+x[0-9.]+(\\+[0-9]+x[0-9.]+)*)?$"}


def _object(**properties: Schema) -> Schema:
    """An object that has all of some properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _said(schema: Schema, *, meaning: str) -> Schema:
    """A value with what a reader could take it for, and what it is."""
    return schema | {"description": meaning}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    """A value that may be null."""
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _of(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _both(*schemas: Schema) -> Schema:
    """An object that is of several kinds at once."""
    return {"allOf": list(schemas)}


_DEFS: dict[str, Schema] = {
    "regimen": _object(
        id=_TEXT, drug=_TEXT, indication=_TEXT, label=_TEXT, status=_STATUS, variant=_or_null(_TEXT), local=_FLAG,
        name=_TEXT,
    ),
    "patient": _object(
        id=_or_null(_TEXT), weight_kg=_AMOUNT, height_cm=_or_null(_AMOUNT), bsa_m2=_or_null(_AMOUNT),
        bsa_formula=_or_null(_TEXT), age_years=_or_null(_AMOUNT), age_months=_or_null(_COUNT),
        weights=_list(_object(**{"from": _or_null(_DATE)}, weight_kg=_AMOUNT)),
    ),
    "product": _object(name=_TEXT, billing_code=_or_null(_TEXT)),
    "chair": _object(premedication_min=_or_null(_AMOUNT), observation_min=_or_null(_AMOUNT), turnover_min=_AMOUNT),
    "table": _object(version=_TEXT, sha256=_HASH, local_sha256=_or_null(_HASH)),
    "request": _object(command=_TEXT, options={"type": "object"}, program=_TEXT),
    "settings": {"type": "object", "additionalProperties": _object(**{"value": {}, "from": _TEXT})},
    "settings_ignored": {
        "type": "object", "additionalProperties": _object(**{"value": {}, "from": _TEXT, "why": _TEXT}),
    },
    "vials": _list(_object(size_mg=_AMOUNT, count=_COUNT)),
    "dose": _object(
        dose_basis=_TEXT,
        band=_or_null(_object(**{"by": _TEXT, "from": _or_null(_AMOUNT), "to": _or_null(_AMOUNT)})),
        exact_dose_mg=_AMOUNT, dose_mg=_AMOUNT, vials=_of("vials"), waste_mg=_AMOUNT, drug_volume_ml=_AMOUNT,
        bag_ml=_COUNT, final_volume_ml=_COUNT, concentration_mg_per_ml=_AMOUNT, duration_min=_or_null(_AMOUNT),
        chair_min=_or_null(_AMOUNT), billing_units=_or_null(_COUNT), wasted_units=_or_null(_COUNT),
        modifier=_or_null(_TEXT),
        billing_lines=_list(_object(code=_TEXT, modifier=_or_null(_TEXT), units=_COUNT)),
    ),
    "infusion": _both(
        _object(
            number=_COUNT, phase=_TEXT, day=_said(_WHOLE, meaning=_DAY), date=_DATE, optional=_FLAG, weight_kg=_AMOUNT,
            bsa_m2=_or_null(_AMOUNT), planned_date=_said(_DATE, meaning=_PLANNED), moved_days=_WHOLE, given=_FLAG,
            given_mg=_or_null(_AMOUNT),
        ),
        _of("dose"),
    ),
    "due": _object(
        patient_id=_or_null(_TEXT), date=_DATE, days_late=_COUNT, number=_COUNT, drug=_TEXT, indication=_TEXT,
        label=_TEXT, phase=_TEXT, product=_TEXT, optional=_FLAG, dose_mg=_AMOUNT, vials=_of("vials"), waste_mg=_AMOUNT,
        bag_ml=_COUNT, premedication_min=_or_null(_AMOUNT), duration_min=_or_null(_AMOUNT),
        chair_min=_or_null(_AMOUNT), blocks=_list(_TEXT), cautions=_list(_TEXT), accepted=_or_null(_TEXT),
        latest_date=_or_null(_DATE), dose_on_mg=_or_null(_AMOUNT),
    ),
    "share": _object(
        infusion_count=_COUNT, blocked=_COUNT, dose_mg=_AMOUNT, blocked_dose_mg=_AMOUNT, waste_mg=_AMOUNT,
    ),
    "refused": _object(
        file=_or_null(_TEXT), row=_COUNT, line=_or_null(_COUNT), patient_id=_or_null(_TEXT), column=_or_null(_TEXT),
        code=_TEXT, reason=_TEXT,
    ),
    "load": _said(_object(
        infusion_count=_COUNT, if_needed=_COUNT, dose_mg=_AMOUNT, waste_mg=_AMOUNT,
        products={"type": "object", "additionalProperties": _of("share")},
        vials={"type": "object", "additionalProperties": _of("vials")}, duration_min=_or_null(_AMOUNT),
        chair_min=_or_null(_AMOUNT), without_time=_COUNT,
    ), meaning=_AGENDA),
    "sums": _object(infusions=_COUNT, dose_mg=_AMOUNT, waste_mg=_AMOUNT, duration_min=_or_null(_AMOUNT),
                    chair_min=_or_null(_AMOUNT), cost=_or_null(_AMOUNT), waste_cost=_or_null(_AMOUNT)),
    "period": _both(_of("sums"), _object(period=_TEXT, vials=_VIALS_TEXT)),
    "finding": _object(
        code=_TEXT, detail=_or_null(_TEXT), severity=_SEVERITY, message=_TEXT, short=_or_null(_TEXT),
        done=_or_null(_object(date=_or_null(_DATE))), infusions=_or_null(_list(_COUNT)),
        phases=_or_null(_list(_TEXT)), accepted=_FLAG, reason=_or_null(_TEXT), source=_TEXT,
    ),
    "source": _object(id=_TEXT, title=_TEXT, publisher=_TEXT, date=_TEXT, section=_TEXT, url=_TEXT, grade=_TEXT,
                      local=_FLAG),
    "topic": _object(section=_TEXT, name=_TEXT, text=_TEXT, before_min=_or_null(_COUNT), source=_TEXT),
    "step": _object(
        step=_COUNT, start_min=_AMOUNT, clock=_or_null(_TEXT), minutes=_AMOUNT, rate_mg_per_h=_AMOUNT,
        rate_ml_per_h=_AMOUNT, volume_ml=_AMOUNT, dose_mg=_AMOUNT, cumulative_mg=_AMOUNT, as_tolerated=_FLAG,
    ),
    "difference": _object(line=_or_null(_COUNT), infusion=_or_null(_WHOLE), field=_TEXT, stored={}, recomputed={},
                          found_by=_TEXT),
}  # set in rows # fmt: skip
"""What several documents share."""
_HEADS = {name: _of(name) for name in ("regimen", "patient", "product", "table")}
_FOUND = {"findings": _list(_of("finding")), "sources": _list(_of("source"))}
_SHEET = {"sheet": _list(_of("topic"))}
_SEAL = {"request": _or_null(_of("request")), "settings": _of("settings"), "content_sha256": _HASH}
_WITHIN = {"enum": ["match", "within-rounding", "within-range", "outside"]}
_DUE = _object(
    number=_or_null(_COUNT), phase=_or_null(_TEXT), date=_or_null(_DATE), anchor=_TEXT, planned_date=_or_null(_DATE),
    due_date=_or_null(_DATE), from_given_date=_or_null(_DATE), late_days=_or_null(_WHOLE),
    moved_days=_or_null(_WHOLE), earliest_date=_or_null(_DATE), latest_date=_or_null(_DATE),
    days_left=_or_null(_WHOLE), optional=_or_null(_FLAG), weight_kg=_or_null(_AMOUNT),
)  # set in rows # fmt: skip
_CHAIR = {"chair": _of("chair")}
_DOCUMENTS: dict[str, list[Schema]] = {
    "dose": [
        _object(
            **_HEADS,
            **_CHAIR,
            phases=_list(
                _both(
                    _object(phase=_TEXT, optional=_FLAG, later_duration_min=_or_null(_AMOUNT), working=_list({})),
                    _of("dose"),
                )
            ),
            **_SHEET,
            **_FOUND,
        )
    ],
    "schedule": [
        _object(
            **_HEADS,
            **_CHAIR,
            start=_DATE,
            infusions=_list(_of("infusion")) | {"minItems": 1},
            totals=_said(
                _both(
                    _of("sums"),
                    _object(vials=_of("vials"), by_month=_list(_of("period")), by_year=_list(_of("period"))),
                ),
                meaning=_COURSE,
            ),
            phase_starts=_list(
                _object(phase=_TEXT, planned=_DATE, usual=_DATE, earliest=_or_null(_DATE), latest=_or_null(_DATE))
            ),
            **_SHEET,
            **_FOUND,
        )
    ],
    "rate": [
        _object(
            **_HEADS,
            number=_or_null(_COUNT),
            phase=_TEXT,
            rate_of={"enum": ["first", "subsequent"]},
            protocol=_or_null(_TEXT),
            protocol_is=_or_null(_TEXT),
            stopped_at_min=_or_null(_AMOUNT),
            pause_min=_or_null(_AMOUNT),
            hold=_or_null(_FLAG),
            after_stop=_or_null({"type": "object"}),
            steps=_list(_of("step")) | {"minItems": 1},
            end_clock=_or_null(_TEXT),
            **_FOUND,
        ),
        _of("dose"),
    ],
    "check": [
        _object(
            **_HEADS,
            phase=_TEXT,
            number=_or_null(_COUNT),
            dose_basis=_TEXT,
            ordered_mg=_AMOUNT,
            ordered_basis=_or_null(_TEXT),
            expected_mg=_AMOUNT,
            difference_mg=_NUMBER,
            difference_percent=_NUMBER,
            ordered_interval=_or_null(_TEXT),
            expected_interval=_or_null(_TEXT),
            dose_verdict=_WITHIN,
            interval_verdict=_or_null(_TEXT),
            verdict=_WITHIN,
            sentence=_TEXT,
            mistake=_or_null(_TEXT),
            notes=_list(_TEXT),
            mistakes=_list(_object(code=_TEXT, dose_mg=_or_null(_AMOUNT), message=_TEXT)),
            source=_TEXT,
            **_FOUND,
        )
    ],
    "next": [
        _object(
            **_HEADS,
            start=_or_null(_DATE),
            given=_list(
                _object(
                    number=_COUNT,
                    phase=_TEXT,
                    date=_DATE,
                    planned_date=_DATE,
                    late_days=_WHOLE,
                    given_mg=_or_null(_AMOUNT),
                    expected_mg=_AMOUNT,
                )
            ),
            due=_or_null(_both(_DUE, _of("dose"))),
            label_says=_list(_object(name=_TEXT, text=_TEXT, source=_TEXT)),
            if_given_on=_or_null(_both(_object(date=_DATE), _of("dose"))),
            **_FOUND,
        )
    ],
    "info": [
        _object(
            drug=_TEXT,
            facts=_list(_object(section=_TEXT, label=_TEXT, name=_TEXT, text=_TEXT, source=_TEXT, grade=_TEXT)),
        )
    ],
    "agenda": [
        _object(
            on=_DATE,
            until=_DATE,
            without_given=_COUNT,
            rejected=_list(_of("refused")),
            capacity=_or_null(_object(chairs=_COUNT, open_min=_COUNT)),
            overdue=_list(_of("due")),
            days=_list(_both(_object(date=_DATE, infusions=_list(_of("due")), cautions=_list(_TEXT)), _of("load"))),
            totals=_both(
                _of("load"),
                _object(
                    overdue=_said(_COUNT, meaning=_OVERDUE),
                    rows={"type": "object", "additionalProperties": _COUNT},
                ),
            ),
            label_says=_list(_object(drug=_TEXT, label=_TEXT, name=_TEXT, text=_TEXT, source=_TEXT)),
            findings=_list(_of("finding")),
            table=_of("table"),
        )
    ],
    "totals": [
        _object(
            by={"enum": ["day", "week", "month"]},
            rows=_said(
                _list(
                    _both(
                        _object(**{"from": _or_null(_DATE)}, period=_TEXT, product=_TEXT, infusions=_COUNT),
                        _object(dose_mg=_AMOUNT, vials=_VIALS_TEXT, waste_mg=_AMOUNT),
                        _object(duration_min=_or_null(_AMOUNT), chair_min=_or_null(_AMOUNT)),
                        _object(blocked=_COUNT, blocked_dose_mg=_AMOUNT),
                    )
                ),
                meaning=_ORDER,
            ),
        )
    ],
    "verify": [
        _object(
            verdict={"enum": ["agrees", "differs", "table-differs", "not-checkable"]},
            reason=_or_null(_TEXT),
            file=_object(name=_TEXT, format={"enum": ["json", "csv"]}),
            courses=_COUNT,
            infusions=_COUNT,
            table=_both(
                _of("table"),
                _object(**{"is": {"enum": ["same", "another version", "a site's", "unknown"]}, "stored": {}}),
            ),
            content=_or_null(_object(stored={}, recomputed=_HASH)),
            blocks=_list(_TEXT),
            differences=_list(_of("difference")),
            not_compared=_list(_TEXT),
        )
    ],
    "settings": [
        _object(
            file=_or_null(_TEXT),
            read=_FLAG,
            in_force=_list(_object(**{"key": _TEXT, "value": {}, "from": _TEXT, "line": _or_null(_COUNT)})),
            keys=_list(_object(key=_TEXT, example=_TEXT, means=_TEXT)),
        )
    ],
}
DOCUMENTS = tuple(_DOCUMENTS)
"""The documents that have a schema, by the command that answers them; `totals` is what `batch --totals` writes."""


def schema_of(name: str) -> Schema:
    """The JSON Schema of a document, with those definitions that it refers to."""
    own = _object(schema={"const": f"infusecalc.{name}/1"}, **_SEAL)
    own["properties"][IGNORED] = _of(IGNORED)  # only where there is one
    found = {"$schema": _DIALECT, "title": f"infusecalc.{name}/1", "allOf": [own, *_DOCUMENTS[name]]}
    used: dict[str, Schema] = {}
    _collect(found, used)
    return found | {"$defs": {each: used[each] for each in _DEFS if each in used}}


def _collect(schema: Any, used: dict[str, Schema]) -> None:
    """Every definition that a schema refers to, and those that these do."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for each in parts:
        _collect(each, used)
    target = schema.get("$ref") if isinstance(schema, dict) else None
    name = str(target).rpartition("/")[2] if isinstance(target, str) else ""
    if name in _DEFS and name not in used:
        used[name] = _DEFS[name]
        _collect(_DEFS[name], used)
