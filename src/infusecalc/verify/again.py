"""A stored plan made again with the table in force: from its request, or from its rows where it has none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from infusecalc.course import make_course
from infusecalc.errors import BadInput
from infusecalc.options import CourseOptions
from infusecalc.output.flat import Record
from infusecalc.output.records import document as document_of
from infusecalc.patient import Patient
from infusecalc.statements import ProductRules
from infusecalc.table import Table
from infusecalc.verify.arithmetic import Deviation, ProductFacts

_BY = "plan"
_APART = ("request", "settings", "settings_ignored", "content_sha256", "table", "infusions", "findings", "schema")
_NEVER = ("history",)
"""Options that are never taken from a file: it names no file of its own to open."""


def known_of(table: Table, heads: Record) -> ProductFacts:
    """What the table says of a course's product; raises BadInput where it does not know it."""
    drug, _ = table.find_drug(heads["drug"])
    label = table.find_label(heads["label"])
    rules: ProductRules = table.product(table.find_product(heads["product"], drug), label)[1]
    modifiers = table.get("drugs", drug, label).modifiers
    return ProductFacts(
        sizes=tuple(Decimal(size) / 100 for size in rules.vials.sizes),
        strength=Decimal(rules.vials.concentration) / 1000,
        unit=Decimal(rules.billing.unit) / 100 if rules.billing else None,
        modifiers=(modifiers.wasted, modifiers.none) if modifiers else None,
        within=Decimal(table.house().rounding.within) / 10_000,
    )


# --- from a request ---------------------------------------------------------------------------------------


def from_request(document: Record, table: Table) -> Record:
    """The document again, from the options of its request; raises BadInput for what the table no longer takes."""
    options = _options(document["request"])
    patient = Patient.of(id=options.get("patient_id"), **_taken(Patient.of.__annotations__, options))
    choices = _taken(CourseOptions.__annotations__, options)
    made = make_course(table, str(options["drug"]), str(options["indication"]), patient, **choices)
    found: Record = json.loads(json.dumps(document_of(made)))
    return found


def _options(request: Record) -> Record:
    """The options of a request; raises BadInput for what is none of schedule's."""
    options = request.get("options")
    if request.get("command") != "schedule" or not isinstance(options, dict):
        raise BadInput("request", request.get("command"), "is not of schedule, or has no options")
    texts = (each for value in options.values() for each in (value if isinstance(value, list) else [value]))
    if not all(each is None or isinstance(each, str | bool) for each in texts):
        raise BadInput("request", None, "has an option that is not text")
    if not {"drug", "indication", "weight"} <= options.keys():
        raise BadInput("request", None, "lacks the drug, the indication or the weight")
    return options


def _taken(names: Mapping[str, Any], options: Record) -> Record:
    """The options among some names of the library, each with its type; what is null or empty was not said."""
    said = {name: value for name, value in options.items() if value not in (None, []) and name not in _NEVER}
    found: Record = {}
    for each, kind in names.items():
        name = each.rstrip("_")
        if name not in said:
            continue
        if not isinstance(said[name], str | list if "Sequence" in str(kind) else str):
            raise BadInput(f"request: option {name}", said[name], "is not as schedule takes it")
        found[each] = said[name]
    return found


def differences(stored: Record, again: Record) -> Iterator[Deviation]:
    """Every value of a document that is not what it is now: infusions, findings, and the rest."""
    rows, new = stored["infusions"], again["infusions"]
    for place in range(max(len(rows), len(new))):
        yield from _of_infusion(place + 1, rows[place] if place < len(rows) else {}, _at(new, place))
    yield from _in_findings(stored["findings"], again["findings"])
    for name in dict.fromkeys((*stored, *again)):
        if name not in _APART:
            yield from _leaves(name, stored.get(name), again.get(name))


def _at(rows: list[Record], place: int) -> Record:
    return rows[place] if place < len(rows) else {}


def _of_infusion(place: int, stored: Record, again: Record) -> Iterator[Deviation]:
    if not stored or not again:
        yield Deviation(None, place, "infusion", stored.get("date"), again.get("date"), _BY)
        return
    for field in dict.fromkeys((*stored, *again)):
        if stored.get(field) != again.get(field):
            yield Deviation(None, place, field, stored.get(field), again.get(field), _BY)


def _in_findings(stored: list[Record], again: list[Record]) -> Iterator[Deviation]:
    """Findings under their keys, each value apart; one that is there or not as a whole, with its message."""
    one, other = _by_key(stored), _by_key(again)
    for key in dict.fromkeys((*one, *other)):
        mine, new = one.get(key), other.get(key)
        if mine is None or new is None:
            yield Deviation(None, None, f"findings.{key}", _message(mine), _message(new), _BY)
        else:
            yield from _leaves(f"findings.{key}", mine, new)


def _message(finding: Record | None) -> Any:
    return finding and finding.get("message", finding["code"])


def _by_key(findings: list[Record]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for each in findings:
        key = f"{each['code']}:{each['detail']}" if each.get("detail") else str(each["code"])
        number = sum(name == key or name.startswith(f"{key}#") for name in found)
        found[f"{key}#{number + 1}" if number else key] = each
    return found


def _leaves(name: str, stored: Any, again: Any) -> Iterator[Deviation]:
    """The values in which two values differ, each by its path."""
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in dict.fromkeys((*stored, *again)):
            yield from _leaves(f"{name}.{key}", stored.get(key), again.get(key))
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for place, (one, other) in enumerate(zip(stored, again, strict=True)):
            label = one.get("period", place) if isinstance(one, dict) else place
            yield from _leaves(f"{name}.{label}", one, other)
    elif stored != again:
        yield Deviation(None, None, name, stored, again, _BY)


# --- identity ---------------------------------------------------------------------------------------------


def identity(stored: Record, table: Table) -> Iterator[Deviation]:
    """In what the table that a document names is not the one in force."""
    local = [file.sha256 for file in table.files if file.local]
    now = {"version": table.version, "sha256": table.files[0].sha256, "local_sha256": local[0] if local else None}
    for name, value in now.items():
        if stored.get(name) != value:
            yield Deviation(None, None, f"table.{name}", stored.get(name), value, "identity")
