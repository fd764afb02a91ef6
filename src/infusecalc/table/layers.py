"""A shipped entry and a site's entry of the same name to the merged entry, and what the site's file changes in it.

Maps merge key by key, at every depth. A statement (a map with its own `source`), a text or a list of the site takes the
place of the shipped one; a statement within a statement stays until it is replaced or removed itself. A statement is
removed only by saying so: `{removed: WHY, source: ...}`.
"""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.frozen import Frozen
from infusecalc.statements.kinds import WORDS
from infusecalc.statements.statement import CITED, Cited
from infusecalc.table.nodes import At, pairs
from infusecalc.table.reading import read

ADDS, REPLACES, RESTATES, REMOVES = KINDS = ("adds", "replaces", "restates", "removes")
_SOURCE, _REMOVED = "source", "removed"

Keys = dict[str, tuple[Node, Node]]
"""The key node and the value node of each key of a map."""


class Change(Frozen):
    """What a site's file does to one statement, text or list: `old` and `new` are its values in words, or None.

    `kind` is `adds`, `replaces`, `restates` (the shipped value, from a source of the site) or `removes`; `path` holds
    the keys below the entry; `why` is the reason of a removal. `drops` are the values of a replaced statement that the
    new one does not repeat.
    """

    kind: str
    section: str
    name: str
    path: tuple[str, ...]
    old: str | None
    new: str | None
    why: str | None
    source: Cited
    line: int
    drops: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of the place: `drugs/infliximab:us:preparation.bag`."""
        return statement_id(self.section, self.name, self.path)

    def __str__(self) -> str:
        """In one line: `replaces drugs/infliximab:us:preparation.bag: usual 250 mL -> usual 500 mL`."""
        said = {
            ADDS: f"{self.new}",
            REPLACES: f"{self.old} -> {self.new}{'; drops ' if self.drops else ''}{', '.join(self.drops)}",
            RESTATES: f"{self.new} (the shipped value)",
            REMOVES: f"{self.old} (reason: {self.why})",
        }
        return f"{self.kind} {self.id}: {said[self.kind]}"


def statement_id(section: str, name: str, path: tuple[str, ...]) -> str:
    """The name of a place in the table: the entry, then its label or other first key, then the rest of the path."""
    rest = ".".join(path[1:])
    return ":".join((f"{section}/{name}", *path[:1], *([rest] if rest else [])))


def is_statement(node: Node | None) -> bool:
    """Whether a node is a map with a source of its own."""
    return isinstance(node, MappingNode) and any(key.value == _SOURCE for key, _ in node.value)


def in_words(node: Node | None) -> str | None:
    """The own values of a statement, a text or a list, without its source and the statements within it."""
    if isinstance(node, ScalarNode):
        return str(node.value)
    if isinstance(node, SequenceNode):
        listed = [in_words(item) or "" for item in node.value]
        return ("; " if any(isinstance(item, MappingNode) for item in node.value) else ", ").join(listed)
    if isinstance(node, MappingNode):
        return ", ".join(_own_words(node).values())
    return None


def _own_words(node: Node | None) -> dict[str, str]:
    """The own values of a statement in words, by their keys."""
    own = node.value if isinstance(node, MappingNode) else ()
    return {
        key.value: f"{'' if key.value == 'text' else f'{key.value} '}{in_words(value)}"
        for key, value in own
        if key.value != _SOURCE and not is_statement(value)
    }


class Layer:
    """A site's entry over a shipped one: `merge` gives the merged node, `changes` what was met on the way."""

    def __init__(self, section: str, name: str) -> None:
        """Start with no changes."""
        self.section, self.name = section, name
        self.changes: list[Change] = []

    def merge(self, shipped: Node | None, site: Node, at: At, path: tuple[str, ...] = ()) -> Node | None:
        """The site's node over the shipped one, or None where it is removed; faults are noted."""
        if not isinstance(site, MappingNode):
            self._change(shipped, site, path, at)
            return site
        found = {key: (named, value) for key, named, value in pairs(site, at)}
        if _REMOVED in found and isinstance(found[_REMOVED][1], ScalarNode):
            self._remove(shipped, site, found, path, at)
            return None
        return self._merged(shipped, site, found, path, at)

    def _merged(self, before: Node | None, site: MappingNode, found: Keys, path: tuple[str, ...], at: At) -> Node:
        shipped = _keys(before)
        if self.section == "sources" and not shipped:
            self._remember(ADDS, path, None, in_words(found.get("title", (site, None))[1]), None, (), site)
            return site
        statement = _SOURCE in found
        result = {key: pair for key, pair in shipped.items() if not statement or is_statement(pair[1])}
        if statement:
            self._change(before, site, path, at)
        elif _SOURCE in shipped and any(not isinstance(value, MappingNode) for _, value in found.values()):
            at.note(site, "changes a statement, and its 'source' is missing", "'source' beside what is changed")
        for key, (named, value) in found.items():
            if statement and not isinstance(value, MappingNode):
                result[key] = named, value
                continue
            below = self.merge(result.get(key, (None, None))[1], value, at.below(key), (*path, key))
            result.pop(key, None)
            if below is not None:
                result[key] = named, below
        ordered = {key: result[key] for key in (*shipped, *result) if key in result}
        return MappingNode(site.tag, list(ordered.values()), site.start_mark, site.end_mark)

    def _change(self, shipped: Node | None, site: Node, path: tuple[str, ...], at: At) -> None:
        """Remember a statement, a text or a list of the site."""
        old, new = in_words(shipped), in_words(site)
        kind = ADDS if old is None else RESTATES if old == new else REPLACES
        cited = _keys(site).get(_SOURCE)
        source = read(CITED, cited[1], at.unnoted()) if cited else ()
        kept, before = _own_words(site), _own_words(shipped)
        drops = tuple(words for key, words in before.items() if key not in kept) if kind == REPLACES else ()
        self._remember(kind, path, old, new, None, source, site, drops)

    def _remove(self, shipped: Node | None, site: Node, found: Keys, path: tuple[str, ...], at: At) -> None:
        """Remember a removal, if it is one of a single statement, with its reason and its source."""
        if set(found) != {_REMOVED, _SOURCE}:
            at.note(site, "removes a statement", "'removed' with the reason, and 'source'")
        elif shipped is None:
            at.note(site, "removes what the shipped table does not have")
        elif not is_statement(shipped):
            at.note(site, "has several statements", "remove each of them by its own name")
        else:
            why = read(WORDS, found[_REMOVED][1], at.below(_REMOVED))
            source = read(CITED, found[_SOURCE][1], at.below(_SOURCE))
            self._remember(REMOVES, path, in_words(shipped), None, why, source, site)

    def _remember(
        self,
        kind: str,
        path: tuple[str, ...],
        old: str | None,
        new: str | None,
        why: str | None,
        source: Cited | None,
        node: Node,
        drops: tuple[str, ...] = (),
    ) -> None:
        line = node.start_mark.line + 1
        self.changes.append(Change(kind, self.section, self.name, path, old, new, why, source or (), line, drops))


def _keys(node: Node | None) -> Keys:
    return {key.value: (key, value) for key, value in node.value} if isinstance(node, MappingNode) else {}
