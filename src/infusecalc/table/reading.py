"""Nodes to the values of their kinds: one reader for each sort of kind; every fault is noted, none ends the reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.errors import BadInput, shown
from infusecalc.statements.kinds import NAME, WORDS, Either, ListOf, MapOf, Named, Text
from infusecalc.statements.statement import Citation, Statement, part_of
from infusecalc.table.names import nearest_said
from infusecalc.table.nodes import At, Reference, file_of, kind_of, pairs

Keys = Mapping[str, tuple[Node, Node]]
"""The key node and the value node of each key of a map."""


def read(kind: Any, node: Node, at: At) -> Any:
    """The value of a node by its kind, or None after a fault was noted."""
    if isinstance(kind, Text):
        return _text(kind, node, at)
    if isinstance(kind, Named):
        return _named(kind, node, at)
    if isinstance(kind, ListOf):
        return _list(kind, node, at)
    if isinstance(kind, Either):
        return read(kind.text if isinstance(node, ScalarNode) else kind.listed, node, at)
    if isinstance(kind, MapOf):
        return _map(kind, node, at)
    return statement(kind, {key: (named, value) for key, named, value in pairs(node, at)}, node, at)


def statement(kind: type[Statement], found: Keys, node: Node, at: At, beside: Iterable[str] = ()) -> Any:
    """A statement of the keys found, each read at its own place; None after a fault was noted.

    `beside` are the keys that may stand beside its own, and are read elsewhere.
    """
    before = len(at.reading.faults)
    values: dict[str, Any] = {}
    for key, (named, value) in found.items():
        if key in kind.keys:
            values[part_of(key)] = read(kind.keys[key].kind, value, at.below(key))
        else:
            known = (*kind.keys, *beside)
            at.below(key).note(named, "is an unknown key", ", ".join(known), nearest_said(key, known))
    for key, declared in kind.keys.items():
        if declared.needed and key not in found:
            at.note(node, f"'{key}' is missing", ", ".join((*kind.keys, *beside)))
    if len(at.reading.faults) > before:
        return None
    made = kind(**values)
    for path, problem in made.faults():
        at.below(path).note(_blamed(path, found, node), problem)
    return made


def _blamed(path: str, found: Keys, node: Node) -> Node:
    """The node at fault: a key, or one below it; the map itself where a site's part of it made the fault."""
    named, keys = node, dict(found)
    for key in path.split("."):
        named, below = keys[key]
        keys = {each.value: (each, value) for each, value in below.value} if isinstance(below, MappingNode) else {}
    return node if file_of(node) and not file_of(named) else named


def _text(kind: Text, node: Node, at: At) -> Any:
    if not isinstance(node, ScalarNode) or not node.value:
        at.note(node, f"is {kind_of(node)}", kind.allowed)
        return None
    try:
        return kind.parse(node.value)
    except BadInput as error:
        at.note(node, f"{shown(node.value)} {error.fault}", kind.allowed)
        return None


def _named(kind: Named, node: Node, at: At) -> Any:
    """The name of an entry; that it was used is remembered."""
    text = _text(WORDS, node, at)
    if text is None:
        return None
    name, _, words = text.partition(" ")
    at.reading.references.append(Reference(kind.section, name, node, at))
    return Citation(name, words, file_of(node) is not None) if kind.cites else name


def _list(kind: ListOf, node: Node, at: At) -> Any:
    if kind.lone and isinstance(node, ScalarNode):
        value = read(kind.kind, node, at)
        return None if value is None else (value,)
    if not isinstance(node, SequenceNode) or not node.value:
        at.note(node, f"is {kind_of(node)}" if not isinstance(node, SequenceNode) else "is an empty list", "a list")
        return None
    values = [read(kind.kind, item, at.below(index)) for index, item in enumerate(node.value)]
    if None in values:
        return None
    for index in range(1, len(values)):
        if kind.ascending and values[index] <= values[index - 1]:
            at.below(index).note(node.value[index], f"{shown(node.value[index].value)} is out of order", "ascending")
    return tuple(values)


def _map(kind: MapOf, node: Node, at: At) -> Any:
    found = {
        key: read(kind.kind, value, at.below(key))
        for key, named, value in pairs(node, at)
        if _text(NAME, named, at) is not None
    }
    return None if None in found.values() else found
