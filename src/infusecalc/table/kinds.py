"""Kinds of values: each reads one node, notes every fault, and describes itself as JSON Schema.

Every kind has `read(node, at)`, which returns the value, or None after noting a fault, and `schema()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from yaml.nodes import Node, ScalarNode, SequenceNode

from infusecalc.errors import BadInput, shown
from infusecalc.frozen import Frozen
from infusecalc.spelling import hidden_characters
from infusecalc.table.nodes import At, Reference, file_of, kind_of, pairs

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


class Kind(Protocol):
    """Something that reads one node."""

    def read(self, node: Node, at: At) -> Any:
        """The value, or None after a fault was noted."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what is read."""


class Text(Frozen):
    """A scalar; `parse` turns its text into the value or raises BadInput."""

    parse: Callable[[str], Any]
    allowed: str
    pattern: str = ""

    def read(self, node: Node, at: At) -> Any:
        """Read a scalar."""
        if not isinstance(node, ScalarNode) or not node.value:
            at.note(node, f"is {kind_of(node)}", self.allowed)
            return None
        try:
            return self.parse(node.value)
        except BadInput as error:
            at.note(node, f"{shown(node.value)} {error.problem}", self.allowed)
            return None

    def schema(self) -> dict[str, Any]:
        """Text with a pattern where there is one; numbers and dates are read as their text."""
        what: dict[str, Any] = {"type": ["string", "number"], "description": self.allowed}
        return what | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


def _printable(text: str) -> str:
    """A text of printable characters: any letter, and nothing that acts, reorders text or does not show."""
    hidden = hidden_characters(text)
    if hidden:
        raise BadInput("text", text, f"has characters that do not show or that act: {hidden}")
    return text


def _code(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise BadInput("code", text, "has characters outside printable ASCII")
    return text


def is_name(text: str) -> bool:
    """Whether a text is a name: lower-case letters, digits and hyphens."""
    return _ID.fullmatch(text) is not None


def _id(text: str) -> str:
    if not is_name(text):
        raise BadInput("name", text, "is not a plain name")
    return text


WORDS = Text(_printable, "printable text, in any letters, with ordinary spaces")
CODE = Text(_code, "printable ASCII text")
NAME = Text(_id, "lower-case letters, digits and hyphens", _ID.pattern)


def choice(*words: str) -> Text:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise BadInput("word", text, "is not known")
        return text

    return Text(parse, ", ".join(words), "|".join(map(re.escape, words)))


_MEASURE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]*[1-9]))?(?: (\S+))?", re.ASCII)


def measure(unit: str, places: int = 0) -> Text:
    """A number with its unit after one space, scaled by 10 to the `places`; without a unit, a bare number."""

    def parse(text: str) -> int:
        found = _MEASURE.fullmatch(text)
        if not found or (found[3] or "") != unit or len(found[2] or "") > places:
            raise BadInput("number", text, "is not such a number")
        return int(found[1] + (found[2] or "").ljust(places, "0"))

    example = f"{'2.5' if places else '2'}{' ' if unit else ''}{unit}"
    decimals = rf"(\.[0-9]{{0,{places - 1}}}[1-9])?" if places else ""
    pattern = f"(0|[1-9][0-9]{{0,8}}){decimals}{' ' if unit else ''}{unit}"
    return Text(parse, f"a number such as {example}, without leading or trailing zeros", pattern)


def written(parse: Callable[[str], Any], example: str) -> Text:
    """A quantity in just the form in which we would write it."""

    def strict(text: str) -> Any:
        value = parse(text)
        if str(value) != text:
            raise BadInput("quantity", text, f"would be written '{value}'")
        return value

    return Text(strict, f"as in {example}")


class Ref(Frozen):
    """The id of an entry of another section; with `section_text`, words may follow it."""

    section: str
    make: Callable[..., Any]
    cites: bool = False  # whether it matters that a site's file says it

    def read(self, node: Node, at: At) -> Any:
        """Read an id and remember that it was used."""
        text = WORDS.read(node, at)
        if text is None:
            return None
        name, _, rest = text.partition(" ")
        at.reading.references.append(Reference(self.section, name, node, at))
        return self.make(name, rest, file_of(node) is not None) if self.cites else self.make(name, rest)

    def schema(self) -> dict[str, Any]:
        """A name, and words after it."""
        return {"type": "string", "pattern": f"^{_ID.pattern}( .+)?$"}


class ListOf(Frozen):
    """A list of one kind, read as a tuple; `ascending` values must grow."""

    kind: Kind
    ascending: bool = False
    lone: bool = False  # whether a single value may stand without brackets

    def read(self, node: Node, at: At) -> Any:
        """Read a list."""
        if self.lone and isinstance(node, ScalarNode):
            value = self.kind.read(node, at)
            return None if value is None else (value,)
        if not isinstance(node, SequenceNode) or not node.value:
            at.note(node, f"is {kind_of(node)}" if not isinstance(node, SequenceNode) else "is an empty list", "a list")
            return None
        values = [self.kind.read(item, at.below(index)) for index, item in enumerate(node.value)]
        if None in values:
            return None
        for index in range(1, len(values)):
            if self.ascending and values[index] <= values[index - 1]:
                at.below(index).note(
                    node.value[index], f"{shown(node.value[index].value)} is out of order", "ascending"
                )
        return tuple(values)

    def schema(self) -> dict[str, Any]:
        """An array, or its one item."""
        array = {"type": "array", "items": self.kind.schema(), "minItems": 1}
        return {"anyOf": [self.kind.schema(), array]} if self.lone else array


class MapOf(Frozen):
    """A mapping from names to one kind."""

    kind: Kind

    def read(self, node: Node, at: At) -> Any:
        """Read a mapping."""
        found = {
            key: self.kind.read(value, at.below(key)) for key, named, value in pairs(node, at) if _named(named, at)
        }
        return None if None in found.values() else found

    def schema(self) -> dict[str, Any]:
        """An object with free keys."""
        return {
            "type": "object",
            "additionalProperties": self.kind.schema(),
            "propertyNames": {"pattern": f"^{_ID.pattern}$"},
        }


def _named(node: Node, at: At) -> bool:
    return NAME.read(node, at) is not None


class Field(Frozen):
    """One key of a shape: its kind, the attribute that it fills, and what holds where it is absent."""

    kind: Kind
    attribute: str
    needed: bool
    absent: Any


def need(kind: Kind, attribute: str = "") -> Field:
    """A key that must be there."""
    return Field(kind, attribute, needed=True, absent=None)


def may(kind: Kind, attribute: str = "", absent: Any = None) -> Field:
    """A key that may be there."""
    return Field(kind, attribute, needed=False, absent=absent)


class Shape(Frozen):
    """A mapping with known keys, read into `make`; `check` yields a key and what is wrong with its value."""

    make: Callable[..., Any]
    fields: Mapping[str, Field]
    check: Callable[[Any], Iterator[tuple[str, str]]] | None = None

    def read(self, node: Node, at: At) -> Any:
        """Read every key, and note every fault of it."""
        return self.fill({key: (named, value, at) for key, named, value in pairs(node, at)}, node, at)

    def fill(
        self, found: Mapping[str, tuple[Node, Node, At]], node: Node, at: At, only: frozenset[str] = frozenset()
    ) -> Any:
        """Read the keys found, each at its own place; with `only`, just those."""
        before = len(at.reading.faults)
        values: dict[str, Any] = {}
        for key, (named, value, place) in found.items():
            if key not in self.fields:
                place.below(key).note(named, "is an unknown key", ", ".join(self.fields))
            elif not only or key in only:
                values[key] = self.fields[key].kind.read(value, place.below(key))
        for key, field in self.fields.items():
            if field.needed and key not in found:
                at.note(node, f"'{key}' is missing", ", ".join(self.fields))
            values.setdefault(key, field.absent)
        if len(at.reading.faults) > before:
            return None
        made = self.make(**{self.fields[key].attribute or key: value for key, value in values.items()})
        for key, problem in self.check(made) if self.check else ():
            named = found[key][0] if key in found else node
            at.below(key).note(
                node if file_of(node) else named, problem
            )  # a site's part made the fault, if there is one
        return made

    def schema(self) -> dict[str, Any]:
        """An object with these keys and no others."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: field.kind.schema() for key, field in self.fields.items()},
            "required": [key for key, field in self.fields.items() if field.needed],
        }
