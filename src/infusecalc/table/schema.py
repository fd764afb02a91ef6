"""What the table can say to its JSON Schema (draft 2020-12), for an editor that checks as you type."""

from __future__ import annotations

from typing import Any

from infusecalc.statements import HOUSE, SECTIONS, Confirmation, Section, Sourced, Statement
from infusecalc.statements.kinds import NAME, WORDS, Either, ListOf, MapOf, Named, Text

Schema = dict[str, Any]


def json_schema(labels: tuple[str, ...]) -> Schema:
    """The JSON Schema of a regimen table, or of a site's file, with these labels."""
    definitions: Schema = {"Removed": _removed()}
    sections: Schema = {"version": _kind(WORDS, definitions)}
    house = {key: _kind(kind, definitions) for key, kind in HOUSE.items()}
    sections["house"] = {"type": "object", "additionalProperties": False, "properties": house}
    sections["confirmed"] = {"type": "object", "additionalProperties": _kind(Confirmation, definitions)}
    for name, section in SECTIONS.items():
        entry = _entry(section, labels, definitions)
        sections[name] = {"type": "object", "additionalProperties": entry}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "infusecalc regimen table",
        "type": "object",
        "additionalProperties": False,
        "properties": sections,
        "$defs": definitions,
    }


def _removed() -> Schema:
    """How a site's file removes a statement."""
    return {
        "type": "object",
        "description": "removes the statement of the shipped table, with the reason",
        "additionalProperties": False,
        "properties": {"removed": {"type": "string"}, "source": {"type": ["string", "array"]}},
        "required": ["removed", "source"],
    }


def _entry(section: Section, labels: tuple[str, ...], definitions: Schema) -> Schema:
    """An entry: the keys of its head, its other parts, and those of each label."""
    head = _object(section.head, definitions)
    parts = dict(section.parts) | (dict.fromkeys(labels, section.by_label) if section.by_label else {})
    head["properties"] |= {key: _kind(kind, definitions) for key, kind in parts.items()}
    return head


def _kind(kind: Any, definitions: Schema) -> Schema:
    if isinstance(kind, Text):
        what: Schema = {"type": ["string", "number"], "description": kind.allowed}
        return what | ({"pattern": f"^(?:{kind.pattern})$"} if kind.pattern else {})
    if isinstance(kind, Named):
        return {"type": "string", "pattern": f"^{NAME.pattern}{'( .+)?' if kind.cites else ''}$"}
    if isinstance(kind, ListOf):
        item = _kind(kind.kind, definitions)
        array = {"type": "array", "items": item, "minItems": 1}
        return {"anyOf": [item, array]} if kind.lone else array
    if isinstance(kind, Either):
        return {"anyOf": [_kind(kind.text, definitions), _kind(kind.listed, definitions)]}
    if isinstance(kind, MapOf):
        names = {"pattern": f"^{NAME.pattern}$"}
        return {"type": "object", "additionalProperties": _kind(kind.kind, definitions), "propertyNames": names}
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # it may hold itself
        definitions[kind.__name__] = _object(kind, definitions)
    own = {"$ref": f"#/$defs/{kind.__name__}"}
    return {"anyOf": [own, {"$ref": "#/$defs/Removed"}]} if issubclass(kind, Sourced) else own


def _object(kind: type[Statement], definitions: Schema) -> Schema:
    """A map with these keys and no others; a site may leave out what stands in no statement of its own."""
    properties = {
        key: _kind(declared.kind, definitions) | {"description": declared.meaning}
        for key, declared in kind.keys.items()
    }
    needed = [key for key, declared in kind.keys.items() if declared.needed]
    return {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "additionalProperties": False,
        "properties": properties,
    } | ({"required": needed} if issubclass(kind, (Sourced, Confirmation)) else {})
