"""`regimens.yaml`, and a site's own file on top of it, to a Table: one entry at a time, checked as it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.errors import BadInput, BadTable, UnknownName
from infusecalc.frozen import Frozen
from infusecalc.regimen import (
    LABELS,
    Citation,
    Drug,
    DrugRules,
    House,
    Product,
    ProductRules,
    Protocol,
    Regimen,
    RegimenEntry,
    Source,
)
from infusecalc.spelling import normal
from infusecalc.table.files import Document, Piece, open_document, shipped_path
from infusecalc.table.kinds import WORDS, Shape
from infusecalc.table.layers import RESTATES, Change, Keys, Layer
from infusecalc.table.names import unknown
from infusecalc.table.nodes import At, Fault, Reading, pairs
from infusecalc.table.shapes import ENTRIES, HOUSE


class Entry(Frozen):
    """A named entry: its key, its node with the site's part in it, the file that defines it, and its parts by key."""

    key: Node
    node: Node
    file: Document
    parts: Keys


def ordered(faults: Iterable[Fault]) -> tuple[str, ...]:
    """Faults as lines, each once, in the order of the files."""
    by_line = sorted(faults, key=lambda fault: (fault.file, fault.line))
    return tuple(dict.fromkeys(map(str, by_line)))


def _entry(key: Node, node: Node, file: Document, at: At) -> Entry:
    parts = {key: (named, value) for key, named, value in pairs(node, at)} if isinstance(node, MappingNode) else {}
    return Entry(key, node, file, parts)


class Table:
    """The regimen table. Look-ups check what they read; `faults` checks everything."""

    def __init__(self, *files: Document) -> None:
        """Index the entries of the files, each over those before it."""
        self.files = files
        self.version = "unknown"
        self.frame: list[Fault] = []  # what is wrong with the files before any entry is read
        self.changes: tuple[Change, ...] = ()  # what a site's file does to the shipped table
        self.layering: dict[str, Reading] = {}  # what was noted while the files were laid over each other
        self._entries: dict[str, dict[str, Entry | Piece]] = {section: {} for section in (*ENTRIES, "house")}
        self._read: dict[tuple[str, str, frozenset[str]], Any] = {}
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
                self.version = WORDS.read(node, at.below("version")) or self.version
            elif section not in self._entries:
                at.below(section).note(key, "is an unknown key", ", ".join(("version", *self._entries)))
            else:
                for name, named, value in pairs(node, at.below(section)):
                    self._add(section, name, named, value, file, at.below(section).below(name))

    def _add(self, section: str, name: str, key: Node, node: Node, file: Document, at: At) -> None:
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
        self._entries[section][name] = _entry(key, node, before.file if before else file, at)

    # --- reading entries ------------------------------------------------------------------------

    def fill(self, section: str, name: str, only: frozenset[str], readings: dict[str, Reading]) -> Any:
        """Read one entry into its shape, noting faults in the reading of the file at fault."""
        entry = self.entry(section, name)
        shape: Shape = HOUSE[name] if section == "house" else ENTRIES[section]
        own = At(readings.setdefault(entry.file.name, Reading(entry.file.name)), f"{section}.{name}")
        if not entry.parts:
            return shape.read(entry.node, own)
        return shape.fill(
            {key: (named, value, own) for key, (named, value) in entry.parts.items()}, entry.node, own, only
        )

    def get(self, section: str, name: str, only: frozenset[str] = frozenset()) -> Any:
        """One entry, or just some keys of it, checked and read once; raises BadTable with all its faults."""
        if (section, name, only) in self._read:
            return self._read[section, name, only]
        readings: dict[str, Reading] = {}
        value = self.fill(section, name, only, readings)
        faults = [*self.frame, *self.noted(readings)]
        if faults:
            raise BadTable(ordered(faults))
        self._read[section, name, only] = value
        return value

    def noted(self, readings: dict[str, Reading]) -> list[Fault]:
        """The faults of some readings, with those of references to what is not there."""
        found = [fault for reading in readings.values() for fault in reading.faults]
        uses = [use for reading in readings.values() for use in reading.references]
        return found + [use.fault for use in uses if not self.has(use.section, use.id)]

    def has(self, section: str, name: str) -> bool:
        """Whether an entry of that name stands in a section."""
        return name in self._entries[section]

    def names(self, section: str) -> tuple[str, ...]:
        """The entries of a section, in the order of the table."""
        return tuple(self._entries[section])

    def entry(self, section: str, name: str) -> Entry:
        """The raw entry, as its file says it."""
        found = self._entries[section][name]
        if isinstance(found, Entry):
            return found
        reading = Reading(found.file)
        [(_, named, value)] = pairs(found.compose(), At(reading, section))
        entry = _entry(named, value, self.files[0], At(reading, f"{section}.{name}"))
        self._entries[section][name] = entry
        self.frame += reading.faults
        return entry

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

    @cached_property
    def _shipped(self) -> Table:
        return Table(self.files[0])

    def shipped_regimen(self, regimen: Regimen) -> Regimen | None:
        """A regimen as it is without the site's file; None where the shipped table does not have it."""
        if not self._shipped.has("regimens", regimen.id):
            return None
        try:
            return self._shipped.regimen(regimen.drug_id, regimen.indication, regimen.label, regimen.variant)
        except BadInput:  # a label or a variant of the site
            return None

    def house(self) -> House:
        """Our own limits and defaults."""
        missing = [name for name in HOUSE if not self.has("house", name)]
        if missing:
            raise BadTable((f"{self.files[0].name}:1: house: '{missing[0]}' is missing",))
        return House(**{name: self.get("house", name) for name in HOUSE})

    def source(self, name: str) -> Source:
        """The document behind a citation, graded `site` where a site's file names it; raises BadTable for none."""
        if not self.has("sources", name):
            raise BadTable((f"{self.files[-1].name}:1: sources: '{name}' is cited and not defined",))
        found: Source = self.get("sources", name)
        return found.but(grade="site") if self.is_local("sources", name) else found

    def product(self, name: str, label: str) -> tuple[Product, ProductRules]:
        """A product by its id, with its rules under a label; raises BadInput where it has none."""
        product: Product = self.get("products", name, frozenset({"name", "drug", "aliases", label}))
        rules: ProductRules | None = getattr(product, label)
        if rules is None:
            offered = ", ".join(
                self.get("products", other, frozenset({"name"})).name for other in self.products(product.drug, label)
            )
            raise BadInput("product", product.name, f"is not in the table under the {label} label", allowed=offered)
        return product, rules

    def products(self, drug: str, label: str) -> list[str]:
        """The ids of a drug's products under a label."""
        return [
            name
            for name in self.names("products")
            if self._text("products", name, "drug") == drug and label in self.entry("products", name).parts
        ]

    def _text(self, section: str, name: str, key: str) -> str:
        _, value = self.entry(section, name).parts.get(key, (None, None))
        return value.value if isinstance(value, ScalarNode) else ""

    def aliases(self, section: str, name: str) -> list[str]:
        """The other names of an entry, as the file spells them."""
        _, value = self.entry(section, name).parts.get("aliases", (None, None))
        items = value.value if isinstance(value, SequenceNode) else []
        return [item.value for item in items if isinstance(item, ScalarNode)]

    # --- finding entries by the names that people type --------------------------------------------

    def find_drug(self, typed: str) -> tuple[str, str | None]:
        """The drug, and the product where a brand or a suffixed name was typed; raises BadInput, UnknownName."""
        name = normal(typed)
        also: list[str] = []
        for drug in self.names("drugs"):
            if name in (drug, *self.aliases("drugs", drug)):
                return drug, None
            self._refuse_subcutaneous(drug, name, typed)
        for product in self.names("products"):
            spelled = (product, normal(self._text("products", product, "name")), *self.aliases("products", product))
            if name in spelled:
                return self._text("products", product, "drug"), product
            also += spelled
        raise unknown("drug", typed, self.names("drugs"), also)

    def _refuse_subcutaneous(self, drug: str, name: str, typed: str) -> None:
        if (
            "subcutaneous" in self.entry("drugs", drug).parts
            and name in self.get("drugs", drug, frozenset({"subcutaneous"})).subcutaneous.names
        ):
            hint = f"name an intravenous product of {drug}"
            raise BadInput("product", typed, "is subcutaneous, and only intravenous ones are covered", hint=hint)

    def find_product(self, typed: str, drug: str) -> str:
        """The id of a product of a drug; raises BadInput, UnknownName."""
        try:
            found, product = self.find_drug(typed)
        except UnknownName:
            found, product = "", None
        if product is None or found != drug:
            mine = [name for name in self.names("products") if self._text("products", name, "drug") == drug]
            raise unknown(f"product of {drug}", typed, mine)
        return product

    def indications(self, drug: str) -> list[str]:
        """The indications of a drug."""
        return [id_.partition("/")[2] for id_ in self.names("regimens") if id_.partition("/")[0] == drug]

    def find_indication(self, drug: str, typed: str) -> str:
        """The indication that a name or an alias stands for; raises UnknownName."""
        name = normal(typed)
        mine, also = self.indications(drug), list[str]()
        for indication in mine:
            aliases = self.aliases("regimens", f"{drug}/{indication}")
            if name in (indication, *aliases):
                return indication
            also += aliases
        raise unknown(f"indication of {drug}", typed, mine, also)

    def find_condition(self, typed: str) -> str:
        """The condition of that name; raises UnknownName."""
        name = normal(typed)
        if not self.has("conditions", name):
            raise unknown("condition", typed, self.names("conditions"))
        return name

    def find_protocol(self, typed: str, regimen: Regimen) -> tuple[str, Protocol]:
        """The protocol of that name, for a regimen that it fits; raises BadInput, UnknownName."""
        name, fitting = normal(typed), self.protocols(regimen)
        rules: Protocol | None = self.get("protocols", name) if self.has("protocols", name) else None
        if rules is None or rules.drug != regimen.drug_id:
            raise unknown(f"protocol of {regimen.id}", typed, fitting)
        problem = _misfit(rules, regimen)
        if problem:
            raise BadInput("protocol", typed, problem, allowed=", ".join(fitting) or "none for this regimen")
        return name, rules

    def protocols(self, regimen: Regimen) -> tuple[str, ...]:
        """The protocols that fit a regimen."""
        known = {id_: self.get("protocols", id_) for id_ in self.names("protocols")}
        mine = (id_ for id_, rules in known.items() if rules.drug == regimen.drug_id and not _misfit(rules, regimen))
        return tuple(mine)

    def regimen(self, drug: str, indication: str, label: str, variant: str | None = None) -> Regimen:
        """One regimen with all that holds for it, by the table's own names; raises BadInput, BadTable."""
        if label not in LABELS:
            raise BadInput("label", label, "is not known", allowed=", ".join(LABELS))
        id_ = f"{drug}/{indication}"
        head = frozenset({"name", "aliases", "population", label})
        entry: RegimenEntry = self.get("regimens", id_, head)
        rules = getattr(entry, label)
        if rules is None:
            raise BadInput("label", label, f"has no entry for {id_}", hint="see: infusecalc regimens list")
        phases = rules.phases
        if variant is not None:
            found = rules.variants.get(normal(variant))
            if found is None and not rules.variants:
                raise BadInput("variant", variant, f"fits nothing: {id_} has no variants", hint="leave --variant out")
            if found is None:
                raise unknown(f"variant of {id_}", variant, rules.variants)
            variant, phases = normal(variant), found.phases
        known: Drug = self.get("drugs", drug, frozenset({"name", "aliases", label}))
        drug_rules: DrugRules | None = getattr(known, label)
        if drug_rules is None:
            raise BadTable((f"{self.files[-1].name}:1: drugs.{drug}: '{label}' is missing, and {id_} has it",))
        return Regimen(drug, indication, label, variant, entry.name, entry.population, rules, phases, known, drug_rules)

    # --- everything at once -----------------------------------------------------------------------

    def faults(self) -> tuple[str, ...]:
        """Every fault of every entry, each `file:line: path: what (allowed: ...)`."""
        from infusecalc.table.audit import audit  # noqa: PLC0415 - a look-up never needs it

        return ordered((*self.frame, *audit(self)))


def _on_one_path(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one of two places in an entry holds the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _misfit(protocol: Protocol, regimen: Regimen) -> str:
    """Why a protocol does not fit a regimen; empty where it does."""
    if protocol.refused:
        return f"is refused for {regimen.id}: {protocol.refused.text}"
    if regimen.label not in protocol.labels:
        return f"is not for the {regimen.label} label, but for {', '.join(protocol.labels)}"
    if protocol.regimens and regimen.indication not in protocol.regimens:
        return f"is not for {regimen.id}, but for {', '.join(protocol.regimens)}"
    if protocol.population not in (None, regimen.population):
        return f"is not for a {regimen.population} regimen, but for {protocol.population} ones"
    return ""


def load_table(regimens: str | os.PathLike[str] | None = None, *, whole: bool = False) -> Table:
    """The regimen table, with a site's own file on top where one is named.

    The shipped table is read and checked entry by entry as it is asked for; with `whole`, or with a site's
    file, everything is read and checked at once. Raises BadInput for a file that cannot be read, BadTable with
    all faults.
    """
    shipped = shipped_path()
    if regimens is None and not whole:
        return Table(open_document(shipped, shipped.name, whole=False))
    files = [open_document(shipped, shipped.name)]
    if regimens is not None:
        files.append(open_document(Path(regimens), os.fspath(regimens), local=True))
    table = Table(*files)
    faults = table.faults()
    if faults:
        raise BadTable(faults)
    return table


def cited(citations: Iterable[Citation]) -> str:
    """Citations as one line: `us-inflectra-pi 2.1; us-inflectra-hcp`."""
    return "; ".join(map(str, citations))
