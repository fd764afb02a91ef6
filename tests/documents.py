"""The JSON documents of the commands, held against tests/cases/documents.yaml: JSON Schema with every object closed."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator, meta

from support import HERE, read_yaml


def closed(schema: Any) -> Any:
    """A schema in which each object has all of its properties, those aside that `optional` lists, and no other."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" not in schema:
        return {name: closed(each) for name, each in schema.items()}
    optional = schema.get("optional", [])
    assert set(optional) <= schema["properties"].keys()
    whole = {name: each for name, each in schema.items() if name not in ("properties", "optional")}
    return {"type": "object"} | whole | {
        "properties": {name: closed(each) for name, each in schema["properties"].items()},
        "required": [name for name in schema["properties"] if name not in optional],
        "additionalProperties": False,
    }  # set in rows # fmt: skip


@cache
def schemas() -> dict[str, Draft202012Validator]:
    """By the name of a document what it must be."""
    told = read_yaml(HERE / "cases" / "documents.yaml")
    parts = {name: closed(part) for name, part in told.pop("$defs").items() if name != "made_up"}
    whole = {name: closed(schema) | {"$defs": parts} for name, schema in told.items()}
    for schema in whole.values():
        meta.validate(schema)
    return {name: Draft202012Validator(schema) for name, schema in whole.items()}


def schema_faults(document: dict[str, Any]) -> list[str]:
    """What is wrong with a document, each with its place."""
    return [f"{error.instance_path}: {error.message}" for error in schemas()[document["schema"]].iter_errors(document)]
