"""A whole Table to all its faults: what one entry cannot see of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infusecalc.statements import HOUSE, SECTIONS, DrugRules, Indication, ProductRules, Protocol, Question
from infusecalc.statements.kinds import NAME, is_name
from infusecalc.table.names import nearest, nearest_said
from infusecalc.table.nodes import Fault, Reading, file_of

if TYPE_CHECKING:
    from infusecalc.table.store import Table


def audit(table: Table) -> Iterator[Fault]:
    """Every fault of every entry, and of what entries say of each other."""
    readings = dict(table.layering)
    values: dict[tuple[str, str, str | None], Any] = {}
    for section in (*SECTIONS, "house"):
        for name in table.names(section):
            if section == "house" and name not in HOUSE:
                near = nearest_said(name, HOUSE)
                said = f"is an unknown key (allowed: {', '.join(HOUSE)})"
                yield _at(table, section, name, f"{said}; {near}" if near else said)
                continue
            for part in (None, *(table.parts_of(section) if section in SECTIONS else ())):
                values[section, name, part] = table.fill(section, name, part, readings)
    missing = [name for name in HOUSE if not table.has("house", name)]
    yield from (Fault(table.files[-1].name, 1, "house", f"'{name}' is missing") for name in missing)
    noted = table.noted(readings)
    yield from noted
    yield from _new(table, noted)
    yield from _unused(table, readings)
    yield from _names(table)
    yield from _confirmed(table)
    for (section, name, part), value in values.items():
        if value is not None:
            yield from _between(table, section, name, part, value)


def _between(table: Table, section: str, name: str, part: str | None, value: Any) -> Iterator[Fault]:
    """What one entry says that must agree with another."""
    if isinstance(value, DrugRules) and part:
        yield from _drug(table, name, part, value)
    if isinstance(value, ProductRules):
        yield from _product(table, name, value)
    if isinstance(value, Protocol):
        yield from _protocol(table, name, value)
    if section == "regimens" and part is None:
        yield from _regimen(table, name, value)
    if section in ("drugs", "regimens") and part in table.labels:
        yield from _conditions(table, section, name, value)
    if part == "questions":
        yield from _questions(table, name, value)


def _at(table: Table, section: str, name: str, what: str) -> Fault:
    entry = table.entry(section, name)
    file = file_of(entry.node) or entry.file.name
    return Fault(file, entry.node.start_mark.line + 1, f"{section}.{name}", what)


def _new(table: Table, noted: list[Fault]) -> Iterator[Fault]:
    """Of an entry of a site's file that lacks what a new one needs: the shipped entry that it may be meant to be."""
    lacking = {fault.path for fault in noted if "' is missing" in fault.what}
    for section in SECTIONS:
        for name in table.names(section):
            if f"{section}.{name}" in lacking and name not in table.shipped_names(section):
                room, slash, own = name.rpartition("/")
                alike = [each.rpartition("/") for each in table.shipped_names(section)]
                near = nearest(own, (each for of, _, each in alike if of == room))
                if near:
                    yield _at(table, section, name, f"is a new name; nearest shipped one: {room}{slash}{near}")


def _unused(table: Table, readings: dict[str, Reading]) -> Iterator[Fault]:
    used = {use.id for reading in readings.values() for use in reading.references if use.section == "sources"}
    last = table.files[-1]
    for name in table.names("sources"):
        if table.entry("sources", name).file is last and name not in used:
            yield _at(table, "sources", name, "is not cited by any statement")


def _names(table: Table) -> Iterator[Fault]:
    """Names are plain, and no two drugs, products, indications of a drug or conditions answer to one name."""
    for section in SECTIONS:
        for name in table.names(section):
            if not all(is_name(part) for part in name.split("/")):
                yield _at(table, section, name, f"is not a plain name (allowed: {NAME.allowed})")
    taken: dict[tuple[bool, str, str], str] = {}
    for section in ("drugs", "products", "regimens", "conditions"):
        for name in table.names(section):
            room, _, own = name.rpartition("/")
            for spelled in {own, *table.aliases(section, name)}:
                other = taken.setdefault((section == "conditions", room, spelled), name)
                if other != name:
                    yield _at(table, section, name, f"answers to '{spelled}', and so does {other}")


def _confirmed(table: Table) -> Iterator[Fault]:
    """What a site has checked stands in the table, or stood there before the site's file removed it."""
    for id_, (node, at) in table.confirmed_at.items():
        if not table.is_known(id_):
            entry = id_.partition(":")[0].partition("/")[::2]
            near = _nearest(table, id_, *entry)
            yield at.fault(node, f"is no value of the table: {near}", "the id of a row of 'regimens review'")


def _nearest(table: Table, id_: str, section: str, name: str) -> str:
    """The ids of an entry that are nearest to one that is not there."""
    import difflib  # noqa: PLC0415 - only a fault needs it

    own = table.values(section, name) if section in (*SECTIONS, "house") and table.has(section, name) else ()
    alike = difflib.get_close_matches(id_, [each for each in own if table.value(each)], 3)
    return f"did you mean {' or '.join(alike)}?" if alike else "no similar name"


def _conditions(table: Table, section: str, name: str, rules: Any) -> Iterator[Fault]:
    for condition in rules.conditions:
        if not table.has("conditions", condition):
            yield _at(table, section, name, f"names the condition '{condition}', which is not defined under conditions")


def _questions(table: Table, name: str, asked: dict[str, Question]) -> Iterator[Fault]:
    for own, question in asked.items():
        for indication in question.regimens:
            if not table.has("regimens", f"{name}/{indication}"):
                what = (
                    f"names the indication '{indication}', which is not defined under regimens, in the question '{own}'"
                )
                yield _at(table, "drugs", name, what)


def _drug(table: Table, name: str, label: str, rules: DrugRules) -> Iterator[Fault]:
    product = rules.default_product.product
    if product not in table.products(name, label):
        yield _at(table, "drugs", name, f"has the default product '{product}', which has no {label} entry")


def _product(table: Table, name: str, rules: ProductRules) -> Iterator[Fault]:
    drug = table.text("products", name, "drug")
    for indication in rules.not_labelled.regimens if rules.not_labelled else ():
        if not table.has("regimens", f"{drug}/{indication}"):
            what = f"names '{drug}/{indication}', which is not defined under regimens"
            yield _at(table, "products", name, what)


def _protocol(table: Table, name: str, protocol: Protocol) -> Iterator[Fault]:
    for indication in protocol.regimens:
        if not table.has("regimens", f"{protocol.drug}/{indication}"):
            what = f"names '{protocol.drug}/{indication}', which is not defined under regimens"
            yield _at(table, "protocols", name, what)


def _regimen(table: Table, name: str, head: Indication) -> Iterator[Fault]:
    drug, _, indication = name.partition("/")
    if not indication or not table.has("drugs", drug):
        yield _at(table, "regimens", name, "is not named after a drug of this table, as in infliximab/crohns")
    for other in head.other_ages if head else ():
        if not table.has("regimens", f"{drug}/{other}"):
            yield _at(table, "regimens", name, f"names '{drug}/{other}', which is not defined under regimens")
