"""YAML text to nodes with their lines: composed without any guessing of types, faults noted where they stand."""

from __future__ import annotations

import io
from collections.abc import Iterator

import yaml
from yaml.constructor import BaseConstructor
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.resolver import BaseResolver

from infusecalc.errors import escape, shown
from infusecalc.frozen import Frozen

_DEPTH = 12  # nesting below which a table never goes


class Fault(Frozen):
    """One thing that is wrong in a table, and where."""

    file: str
    line: int
    path: str
    what: str

    def __str__(self) -> str:
        """As it is reported: `file:line: path: what (allowed: ...)`."""
        return escape(f"{self.file}:{self.line}: {self.path}: {self.what}")


class Reference:
    """The use of another entry's id, to be looked up once everything has been read."""

    def __init__(self, section: str, name: str, node: Node, at: At) -> None:
        """Keep what is used, and where."""
        self.section, self.id, self._node, self._at = section, name, node, at

    @property
    def fault(self) -> Fault:
        """What is wrong where there is no such entry."""
        return self._at.fault(self._node, f"'{self.id}' is not defined under {self.section}")


class Reading:
    """What has been noted while one file was read: its faults, and the entries that it refers to."""

    def __init__(self, file: str) -> None:
        """Start with nothing noted."""
        self.file = file
        self.faults: list[Fault] = []
        self.references: list[Reference] = []


class At:
    """A place in a file: where faults of the node being read are noted."""

    def __init__(self, reading: Reading, path: str) -> None:
        """Keep both; there is one for every value that is read, so it is made in the plainest way."""
        self.reading, self.path = reading, path

    def below(self, key: str | int) -> At:
        """The place of an entry of this one."""
        if isinstance(key, int):
            return At(self.reading, f"{self.path}[{key}]")
        return At(self.reading, f"{self.path}.{key}" if self.path else key)

    def fault(self, node: Node, problem: str, allowed: str = "", hint: str = "") -> Fault:
        """A fault at a node of this place."""
        what = f"{problem} (allowed: {allowed})" if allowed else problem
        what = f"{what}; {hint}" if hint else what
        return Fault(file_of(node) or self.reading.file, node.start_mark.line + 1, self.path or "the file", what)

    def note(self, node: Node, problem: str, allowed: str = "", hint: str = "") -> None:
        """Note a fault at a node of this place."""
        self.reading.faults.append(self.fault(node, problem, allowed, hint))

    def unnoted(self) -> At:
        """The same place, for a value that is read a second time: nothing is noted twice."""
        return At(Reading(self.reading.file), self.path)


# --- YAML ---------------------------------------------------------------------------------------


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _Loader(CParser, BaseConstructor, BaseResolver):
        """libyaml's parser, without any resolving of types."""

        def __init__(self, stream: io.StringIO | str) -> None:
            CParser.__init__(self, stream)
            BaseConstructor.__init__(self)
            BaseResolver.__init__(self)

        def resolve(self, *_: object) -> str:
            return ""

else:  # pragma: no cover - PyYAML built without libyaml: the same values, more slowly
    _Loader = yaml.BaseLoader  # type: ignore[misc,assignment]  # another class, same use


class _Site(io.StringIO):
    """A site's file, whose name the marks of its nodes carry: merged with others, they can still be told apart."""

    name: str


_SHIPPED = "<unicode string>"  # what PyYAML calls a stream that has no name


def file_of(node: Node) -> str | None:
    """The site's file that a node stands in; None for the shipped one."""
    name: str = node.start_mark.name
    return None if name == _SHIPPED else name


def compose(text: str, file: str, *, local: bool = False) -> Node | Fault:
    """The root node of one YAML document, or why there is none; the nodes of a `local` file remember its name."""
    stream: str | _Site = text
    if local:
        stream = _Site(text)
        stream.name = file
    try:
        root: Node | None = _Loader(stream).get_single_node()
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
    if not isinstance(node, MappingNode) and not at.path:  # it may be any file: what it holds is not shown
        allowed = "YAML, a mapping of keys to values: see infusecalc regimens schema"
        at.note(node, "is not a regimen table", allowed)
        return
    if not isinstance(node, MappingNode):
        at.note(node, f"is {kind_of(node)}", "a mapping of keys to values")
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


def kind_of(node: Node) -> str:
    """What a node is, in a word."""
    if isinstance(node, ScalarNode):
        return shown(node.value) if node.value else "empty"
    return "a mapping" if isinstance(node, MappingNode) else "a list"
