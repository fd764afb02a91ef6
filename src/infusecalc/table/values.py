"""The nodes of an entry to its values: where each stands, of what kind it is, what it says and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.frozen import Frozen
from infusecalc.statements.kinds import Either, ListOf, MapOf
from infusecalc.statements.statement import CITED, Statement
from infusecalc.table.layers import statement_id
from infusecalc.table.nodes import file_of


class Value(Frozen):
    """One value of the table; `kind` is what its key declares, `sources` are those of the statement it stands in."""

    section: str
    name: str
    path: tuple[str, ...]
    kind: Any
    text: str
    sources: tuple[str, ...]
    local: bool

    @property
    def id(self) -> str:
        """The name of its place: `regimens/infliximab/crohns:us:phases.maintenance.every`."""
        return statement_id(self.section, self.name, self.path)

    @property
    def cites(self) -> bool:
        """Whether it is the source of a statement, and no value of its own."""
        return bool(self.kind == CITED)


def values_of(section: str, name: str, node: Node, kind: Any) -> Iterator[Value]:
    """The values of an entry, the sources of its statements among them, in the order of the table."""
    return _below(section, name, (), node, kind, ())


def _below(
    section: str, name: str, path: tuple[str, ...], node: Node, kind: Any, sources: tuple[str, ...]
) -> Iterator[Value]:
    """The values below a node, each with the sources of the nearest statement that it stands in."""
    if isinstance(node, MappingNode):
        own = next((value for key, value in node.value if key.value == "source"), None)
        sources = _texts(own) if own else sources
        for key, value in node.value:
            yield from _below(section, name, (*path, key.value), value, _kind_at(kind, key.value), sources)
    elif isinstance(node, SequenceNode) and any(isinstance(item, MappingNode) for item in node.value):
        for index, item in enumerate(node.value, 1):
            place = (*path[:-1], f"{path[-1]}[{index}]")
            yield from _below(section, name, place, item, _kind_at(kind, ""), sources)
    else:
        yield Value(section, name, path, kind, ", ".join(_texts(node)), sources, file_of(node) is not None)


def _kind_at(kind: Any, key: str) -> Any:
    """The kind below a key of a map, or of the items of a list; None for what is not declared."""
    if isinstance(kind, Either):
        kind = kind.listed
    if isinstance(kind, (ListOf, MapOf)):
        return kind.kind
    if isinstance(kind, dict):
        return kind.get(key)
    declared = kind.keys.get(key) if isinstance(kind, type) and issubclass(kind, Statement) else None
    return declared.kind if declared else None


def _texts(node: Node) -> tuple[str, ...]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return tuple(item.value for item in items if isinstance(item, ScalarNode))
