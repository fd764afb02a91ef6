"""YAML bytes to checked values: kinds of values that read a node, collect every fault, and describe themselves.

Scalars are read as the text that stands in the file: no YAML type guessing changes a value. Each kind has
`read(node, at)`, which returns the value, or None after noting a fault, and `schema()`, its JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import yaml
from yaml.constructor import BaseConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from infusecalc.errors import BadInput, escape, shown
from infusecalc.frozen import Frozen

_DEPTH = 12  # nesting below which a table never goes
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


class Fault(Frozen):
    """One thing that is wrong in a table, and where."""

    file: str
    line: int
    path: str
    what: str

    def __str__(self) -> str:
        """As it is reported: `file:line: path: what (allowed: ...)`."""
        return escape(f"{self.file}:{self.line}: {self.path}: {self.what}")


class Reference(Frozen):
    """The use of another entry's id, to be looked up once everything has been read."""

    section: str
    id: str
    fault: Fault


class Reading:
    """What has been noted while one file was read: its faults, and the entries that it refers to."""

    def __init__(self, file: str) -> None:
        """Start with nothing noted."""
        self.file = file
        self.faults: list[Fault] = []
        self.references: list[Reference] = []


class At(Frozen):
    """A place in a file: where faults of the node being read are noted."""

    reading: Reading
    path: str

    def below(self, key: str | int) -> At:
        """The place of an entry of this one."""
        if isinstance(key, int):
            return At(self.reading, f"{self.path}[{key}]")
        return At(self.reading, f"{self.path}.{key}" if self.path else key)

    def fault(self, node: Node, problem: str, allowed: str = "") -> Fault:
        """A fault at a node of this place."""
        what = f"{problem} (allowed: {allowed})" if allowed else problem
        return Fault(self.reading.file, node.start_mark.line + 1, self.path or "the file", what)

    def note(self, node: Node, problem: str, allowed: str = "") -> None:
        """Note a fault at a node of this place."""
        self.reading.faults.append(self.fault(node, problem, allowed))


class Kind(Protocol):
    """Something that reads one node."""

    def read(self, node: Node, at: At) -> Any:
        """The value, or None after a fault was noted."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what is read."""


# --- YAML ---------------------------------------------------------------------------------------


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _Loader(CParser, BaseConstructor, BaseResolver):
        """libyaml's parser, without any resolving of types."""

        def __init__(self, stream: bytes | str) -> None:
            CParser.__init__(self, stream)
            BaseConstructor.__init__(self)
            BaseResolver.__init__(self)

        def resolve(self, *_: object) -> str:
            return ""

else:  # pragma: no cover - PyYAML built without libyaml: the same values, more slowly
    _Loader = yaml.BaseLoader  # type: ignore[misc,assignment]


def compose(text: str, file: str) -> Node | Fault:
    """The root node of one YAML document, or why there is none."""
    try:
        root: Node | None = _Loader(text).get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        return Fault(file, mark.line + 1 if mark else 1, "the file", f"is not YAML: {problem}")
    return root or Fault(file, 1, "the file", "is empty")


def unsafe(text: str, file: str) -> Fault | None:
    """The first anchor, alias, tag, second document or absurd depth, none of which a table may use."""
    depth = documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                return Fault(file, line, "the file", "has an anchor, an alias or a tag")
            if depth > _DEPTH or documents > 1:
                return Fault(file, line, "the file", "is nested too deep, or has two documents")
    except yaml.YAMLError:
        return None  # compose() reports it, with its line
    return None


def pairs(node: Node, at: At) -> Iterator[tuple[str, Node, Node]]:
    """Key, key node and value node of each entry of a mapping; anything else, and a second key, is a fault."""
    if not isinstance(node, MappingNode):
        at.note(node, f"is {_what(node)}", "a mapping of keys to values")
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            at.note(key, "has a key that is not text")
        elif key.value in seen:
            at.below(key.value).note(key, f"is a duplicate key, first on line {seen[key.value]}")
        else:
            seen[key.value] = key.start_mark.line + 1
            yield key.value, key, value


def _what(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return shown(node.value) if node.value else "empty"
    return "a mapping" if isinstance(node, MappingNode) else "a list"


# --- kinds of values ------------------------------------------------------------------------------


class Text(Frozen):
    """A scalar; `parse` turns its text into the value or raises BadInput."""

    parse: Callable[[str], Any]
    allowed: str
    pattern: str = ""

    def read(self, node: Node, at: At) -> Any:
        """Read a scalar."""
        if not isinstance(node, ScalarNode) or not node.value:
            at.note(node, f"is {_what(node)}", self.allowed)
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


def _no_controls(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise BadInput("text", text, "has characters outside printable ASCII")
    return text


def is_name(text: str) -> bool:
    """Whether a text is a name: lower-case letters, digits and hyphens."""
    return _ID.fullmatch(text) is not None


def _id(text: str) -> str:
    if not is_name(text):
        raise BadInput("name", text, "is not a plain name")
    return text


WORDS = Text(_no_controls, "printable ASCII text")
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
    make: Callable[[str, str], Any]

    def read(self, node: Node, at: At) -> Any:
        """Read an id and remember that it was used."""
        text = WORDS.read(node, at)
        if text is None:
            return None
        name, _, rest = text.partition(" ")
        fault = at.fault(node, f"'{name}' is not defined under {self.section}")
        at.reading.references.append(Reference(self.section, name, fault))
        return self.make(name, rest)

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
            at.note(node, f"is {_what(node)}" if not isinstance(node, SequenceNode) else "is an empty list", "a list")
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
            at.below(key).note(named, problem)
        return made

    def schema(self) -> dict[str, Any]:
        """An object with these keys and no others."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: field.kind.schema() for key, field in self.fields.items()},
            "required": [key for key, field in self.fields.items() if field.needed],
        }
