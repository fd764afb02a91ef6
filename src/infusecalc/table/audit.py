"""A whole Table to all its faults: what one entry cannot see of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infusecalc.regimen import LABELS, Drug, Product, Protocol, RegimenEntry
from infusecalc.table.kinds import NAME, is_name
from infusecalc.table.nodes import Fault, Reading, file_of
from infusecalc.table.shapes import ENTRIES, HOUSE

if TYPE_CHECKING:
    from infusecalc.table.store import Table

_ALL: frozenset[str] = frozenset()


def audit(table: Table) -> Iterator[Fault]:
    """Every fault of every entry, and of what entries say of each other."""
    readings = dict(table.layering)
    values: dict[tuple[str, str], Any] = {}
    for section in (*ENTRIES, "house"):
        for name in table.names(section):
            if section == "house" and name not in HOUSE:
                yield _at(table, section, name, f"is an unknown key (allowed: {', '.join(HOUSE)})")
            else:
                values[section, name] = table.fill(section, name, _ALL, readings)
    missing = [name for name in HOUSE if not table.has("house", name)]
    yield from (Fault(table.files[-1].name, 1, "house", f"'{name}' is missing") for name in missing)
    yield from table.noted(readings)
    yield from _unused(table, readings)
    yield from _names(table)
    for (section, name), value in values.items():
        if section == "drugs" and value is not None:
            yield from _drug(table, name, value)
        if section == "products" and value is not None:
            yield from _product(table, name, value)
        if section == "protocols" and value is not None:
            yield from _protocol(table, name, value)
        if section == "regimens":
            yield from _regimen(table, name, value)


def _at(table: Table, section: str, name: str, what: str) -> Fault:
    entry = table.entry(section, name)
    file = file_of(entry.node) or entry.file.name
    return Fault(file, entry.node.start_mark.line + 1, f"{section}.{name}", what)


def _unused(table: Table, readings: dict[str, Reading]) -> Iterator[Fault]:
    used = {use.id for reading in readings.values() for use in reading.references if use.section == "sources"}
    last = table.files[-1]
    for name in table.names("sources"):
        if table.entry("sources", name).file is last and name not in used:
            yield _at(table, "sources", name, "is a source that no statement cites")


def _names(table: Table) -> Iterator[Fault]:
    """Names are plain, and no two drugs, products or indications of a drug answer to one name."""
    for section in ENTRIES:
        for name in table.names(section):
            if not all(is_name(part) for part in name.split("/")):
                yield _at(table, section, name, f"is not a plain name (allowed: {NAME.allowed})")
    taken: dict[tuple[str, str], str] = {}
    for section in ("drugs", "products", "regimens"):
        for name in table.names(section):
            room, _, own = name.rpartition("/")
            for spelled in {own, *table.aliases(section, name)}:
                other = taken.setdefault((room, spelled), name)
                if other != name:
                    yield _at(table, section, name, f"answers to '{spelled}', and so does {other}")


def _conditions(table: Table, section: str, name: str, rules: Any) -> Iterator[Fault]:
    for condition in rules.conditions:
        if not table.has("conditions", condition):
            yield _at(table, section, name, f"names the condition '{condition}', which is not defined under conditions")


def _drug(table: Table, name: str, drug: Drug) -> Iterator[Fault]:
    for label in LABELS:
        rules = getattr(drug, label)
        if rules is None:
            continue
        yield from _conditions(table, "drugs", name, rules)
        product = rules.default_product.product
        if product not in table.products(name, label):
            yield _at(table, "drugs", name, f"has the default product '{product}', which has no {label} entry")


def _product(table: Table, name: str, product: Product) -> Iterator[Fault]:
    for label in LABELS:
        rules = getattr(product, label)
        for indication in rules.not_labelled.regimens if rules and rules.not_labelled else ():
            if not table.has("regimens", f"{product.drug}/{indication}"):
                yield _at(
                    table, "products", name, f"names '{product.drug}/{indication}', which is not defined under regimens"
                )


def _protocol(table: Table, name: str, protocol: Protocol) -> Iterator[Fault]:
    for indication in protocol.regimens:
        if not table.has("regimens", f"{protocol.drug}/{indication}"):
            what = f"names '{protocol.drug}/{indication}', which is not defined under regimens"
            yield _at(table, "protocols", name, what)


def _regimen(table: Table, name: str, entry: RegimenEntry | None) -> Iterator[Fault]:
    drug, _, indication = name.partition("/")
    if not indication or not table.has("drugs", drug):
        yield _at(table, "regimens", name, "is not named after a drug of this table, as in infliximab/crohns")
    for label in LABELS if entry else ():
        rules = getattr(entry, label)
        if rules is not None:
            yield from _conditions(table, "regimens", name, rules)
