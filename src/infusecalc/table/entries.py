"""The files of a table to its entries by section and name, a site's over the shipped ones, read one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.errors import BadTable
from infusecalc.frozen import Frozen
from infusecalc.statements import HOUSE, SECTIONS, Confirmation, House
from infusecalc.statements.kinds import WORDS
from infusecalc.table.files import Document, Piece
from infusecalc.table.layers import RESTATES, Change, Keys, Layer
from infusecalc.table.names import nearest, nearest_said
from infusecalc.table.nodes import At, Fault, Reading, Reference, pairs
from infusecalc.table.reading import read, statement
from infusecalc.table.values import Value, values_of

CONFIRMED = "confirmed"
_faultless: WeakKeyDictionary[Node, dict[tuple[Any, ...], tuple[Any, list[Reference]]]] = WeakKeyDictionary()
"""What the nodes of entries were read as: those of the shipped table are the same in every table laid over it."""


class Entry(Frozen):
    """A named entry: its node with the site's part in it, the file that defines it, and its keys."""

    node: Node
    file: Document
    keys: Keys


def ordered(faults: Iterable[Fault]) -> tuple[str, ...]:
    """Faults as lines, each once, in the order of the files."""
    by_line = sorted(faults, key=lambda fault: (fault.file, fault.line))
    return tuple(dict.fromkeys(map(str, by_line)))


class Entries:
    """The entries of a table; what is read is checked, and kept."""

    def __init__(self, *files: Document) -> None:
        """Index the entries of the files, each over those before it."""
        self.files = files
        self.version = "unknown"
        self.frame: list[Fault] = []  # what is wrong with the files before any entry is read
        self.changes: tuple[Change, ...] = ()  # what a site's file does to the shipped table
        self.layering: dict[str, Reading] = {}  # what was noted while the files were laid over each other
        self.confirmed: dict[str, Confirmation] = {}  # what the site has checked, by the id of the value
        self.confirmed_at: dict[str, tuple[Node, At]] = {}
        self.lent: tuple[str, ...] = ()  # our own limits that an older table lacks, from another table
        self._values: dict[tuple[str, str], dict[str, Value]] = {}
        self._entries: dict[str, dict[str, Entry | Piece]] = {section: {} for section in (*SECTIONS, "house")}
        self._read: dict[tuple[str, str, str | None], Any] = {}
        self._misspelt: set[str] = set()  # sections under a key that is near to theirs: their entries are not there
        for file in files:
            self.layering[file.name] = reading = Reading(file.name)
            self._index(file, At(reading, ""))
            self.frame += reading.faults

    def _index(self, file: Document, at: At) -> None:
        for piece in file.pieces:
            if piece.section in self._entries:
                self._entries[piece.section][piece.name] = piece
        for section, key, node in pairs(file.root, at):
            if section == "version":
                self.version = read(WORDS, node, at.below("version")) or self.version
            elif section == CONFIRMED and file.local:
                self._confirm(node, at.below(section))
            elif section not in self._entries:
                known = ("version", *self._entries, *((CONFIRMED,) if file.local else ()))
                at.below(section).note(key, "is an unknown key", ", ".join(known), nearest_said(section, known))
                self._misspelt.add(nearest(section, known))
            else:
                for name, _, value in pairs(node, at.below(section)):
                    self._add(section, name, value, file, at.below(section).below(name))

    def _add(self, section: str, name: str, node: Node, file: Document, at: At) -> None:
        """An entry of a file: as it stands, or a site's over the shipped one of that name."""
        before = self.entry(section, name) if self.has(section, name) else None
        if file.local:
            layer = Layer(section, name)
            merged = layer.merge(before.node if before else None, node, at)
            self.changes += tuple(layer.changes)
            if merged is None:
                self._entries[section].pop(name, None)
                return
            node = merged
        self._entries[section][name] = _entry(node, before.file if before else file, at)

    def _confirm(self, node: Node, at: At) -> None:
        """What the site has checked; whether there are such values is seen when all entries are known."""
        for id_, named, value in pairs(node, at):
            made: Confirmation | None = read(Confirmation, value, at.below(id_))
            if made:
                self.confirmed[id_] = made
                self.confirmed_at[id_] = named, at.below(id_)

    # --- reading entries ------------------------------------------------------------------------------------

    def fill(self, section: str, name: str, part: str | None, readings: dict[str, Reading]) -> Any:
        """Read the head of an entry, or one of its parts, noting faults; None for a part that it does not have."""
        entry = self.entry(section, name)
        reading = readings.setdefault(entry.file.name, Reading(entry.file.name))
        known, place = _faultless.setdefault(entry.node, {}), (section, name, part, self.labels)
        if place not in known:
            found = Reading(entry.file.name)
            value = self._filled(entry, section, name, part, At(found, f"{section}.{name}"))
            reading.faults += found.faults
            reading.references += found.references
            if not found.faults:
                known[place] = value, found.references
            return value
        value, references = known[place]
        reading.references += references
        return value

    def _filled(self, entry: Entry, section: str, name: str, part: str | None, at: At) -> Any:
        if section == "house":
            return read(HOUSE[name], entry.node, at)
        shape, parts = SECTIONS[section], self.parts_of(section)
        if part is not None:
            return read(parts[part], entry.keys[part][1], at.below(part)) if part in entry.keys else None
        if not isinstance(entry.node, MappingNode):
            return read(shape.head, entry.node, at)
        own = {key: pair for key, pair in entry.keys.items() if key not in parts}
        return statement(shape.head, own, entry.node, at, parts)

    def parts_of(self, section: str) -> dict[str, Any]:
        """The parts that an entry of a section may have beside its head, each with its kind."""
        shape = SECTIONS[section]
        return shape.parts | (dict.fromkeys(self.labels, shape.by_label) if shape.by_label else {})

    def get(self, section: str, name: str, part: str | None = None) -> Any:
        """The head of an entry, or one of its parts, checked and read once; raises BadTable with all its faults."""
        if (section, name, part) in self._read:
            return self._read[section, name, part]
        readings: dict[str, Reading] = {}
        value = self.fill(section, name, part, readings)
        faults = [*self.frame, *self.noted(readings)]
        if faults:
            raise BadTable(ordered(faults))
        self._read[section, name, part] = value
        return value

    def noted(self, readings: dict[str, Reading]) -> list[Fault]:
        """The faults of some readings, with those of references to what is not there."""
        found = [fault for reading in readings.values() for fault in reading.faults]
        uses = [use for reading in readings.values() for use in reading.references]
        lacking = (use for use in uses if not self.has(use.section, use.id))
        return found + [use.fault for use in lacking if use.section not in self._misspelt]

    def values(self, section: str, name: str) -> dict[str, Value]:
        """The values of an entry by their ids, the sources of its statements among them."""
        if (section, name) not in self._values:
            kind: Any = HOUSE.get(name)
            if section != "house":
                head = {key: declared.kind for key, declared in SECTIONS[section].head.keys.items()}
                kind = head | self.parts_of(section)
            found = values_of(section, name, self.entry(section, name).node, kind)
            self._values[section, name] = {value.id: value for value in found}
        return self._values[section, name]

    def value(self, id_: str) -> Value | None:
        """The value of that id; None where there is none."""
        section, _, name = id_.partition(":")[0].partition("/")
        known = section in self._entries and self.has(section, name)
        found = self.values(section, name).get(id_) if known else None
        return None if found is None or found.cites else found

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that regimens may follow; the first is the usual one."""
        return self.names("labels")

    def has(self, section: str, name: str) -> bool:
        """Whether an entry of that name stands in a section."""
        return name in self._entries[section]

    def has_part(self, section: str, name: str, part: str) -> bool:
        """Whether an entry says something under a label, or in another part."""
        return part in self.entry(section, name).keys

    def names(self, section: str) -> tuple[str, ...]:
        """The entries of a section, in the order of the table."""
        return tuple(self._entries[section])

    def entry(self, section: str, name: str) -> Entry:
        """The raw entry, as its file says it."""
        found = self._entries[section][name]
        if isinstance(found, Entry):
            return found
        reading = Reading(found.file)
        [(_, _, value)] = pairs(found.compose(), At(reading, section))
        entry = _entry(value, self.files[0], At(reading, f"{section}.{name}"))
        self._entries[section][name] = entry
        self.frame += reading.faults
        return entry

    def text(self, section: str, name: str, key: str) -> str:
        """A text of an entry as the file spells it, unread; empty where there is none."""
        _, value = self.entry(section, name).keys.get(key, (None, None))
        return value.value if isinstance(value, ScalarNode) else ""

    def aliases(self, section: str, name: str) -> list[str]:
        """The other names of an entry, as the file spells them."""
        _, value = self.entry(section, name).keys.get("aliases", (None, None))
        items = value.value if isinstance(value, SequenceNode) else []
        return [item.value for item in items if isinstance(item, ScalarNode)]

    def is_called(self, section: str, name: str, alias: str) -> bool:
        """Whether an entry is there, and has that other name."""
        return self.has(section, name) and alias in self.aliases(section, name)

    def house(self) -> House:
        """Our own limits and defaults."""
        missing = [name for name in HOUSE if not self.has("house", name)]
        if missing:
            raise BadTable((f"{self.files[0].name}:1: house: '{missing[0]}' is missing",))
        return House(**{name: self.get("house", name) for name in HOUSE})

    def lend(self, other: Entries) -> None:
        """Take from another table the limits of ours that this one lacks: a table of an older program has fewer."""
        for name in HOUSE:
            if not self.has("house", name):
                self._entries["house"][name] = other.entry("house", name)
                self.lent += (f"house/{name}",)

    # --- what a site's file says ----------------------------------------------------------------------------

    def is_local(self, section: str, name: str, *path: str) -> bool:
        """Whether a site's own file says anything of an entry, or of what stands at a path in it or above."""
        return any(
            (change.section, change.name) == (section, name) and _on_one_path(change.path, path)
            for change in self.changes
        )

    def is_changed(self, section: str, name: str, *path: str) -> bool:
        """Whether a site's own file replaces, removes or adds just what stands at a path of a shipped entry."""
        return any(
            (each.section, each.name, each.path) == (section, name, path) and each.kind != RESTATES
            for each in self.changes
        )


def _entry(node: Node, file: Document, at: At) -> Entry:
    keys = {key: (named, value) for key, named, value in pairs(node, at)} if isinstance(node, MappingNode) else {}
    return Entry(node, file, keys)


def _on_one_path(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one of two places in an entry holds the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
