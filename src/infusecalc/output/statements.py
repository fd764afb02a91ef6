"""The regimen table to rows: what regimens there are, and every value of one with its source and grade."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.frozen import Frozen
from infusecalc.output.words import rhythm
from infusecalc.regimen import LABELS, Regimen
from infusecalc.table import Table


class Listed(Frozen):
    """One regimen under one label."""

    id: str
    name: str
    label: str
    status: str
    phases: str
    variants: str
    aliases: str
    local: bool


class Statement(Frozen):
    """One value of the table: where it stands, what it is, and what it rests on."""

    label: str
    entry: str
    path: str
    value: str
    source: str
    grade: str
    local: bool


def listing(table: Table) -> Iterator[Listed]:
    """Every regimen under every label that has it."""
    for id_ in table.names("regimens"):
        drug, _, indication = id_.partition("/")
        for label in LABELS:
            if label in table.entry("regimens", id_).parts:
                found = table.regimen(drug, indication, label)
                doses = "; ".join(f"{name} {each.dose.people}, {rhythm(each)}" for name, each in found.phases.items())
                aliases = " ".join(table.aliases("regimens", id_))
                status, variants = found.rules.status.name, " ".join(found.rules.variants)
                yield Listed(
                    id_, found.name, label, status, doses, variants, aliases, table.is_local("regimens", id_, label)
                )


def statements(table: Table, drug: str, indication: str, labels: tuple[str, ...]) -> Iterator[Statement]:
    """Every value behind a regimen: its own, the drug's, the products', and how it may be run."""
    entries = [("regimens", f"{drug}/{indication}"), ("drugs", drug)]
    for label in labels:
        for section, name in entries + [("products", product) for product in table.products(drug, label)]:
            part = table.entry(section, name).parts.get(label)
            if part:
                yield from _values(table, label, f"{section}/{name}", "", part.value, (), local=part.file.local)
        if label in table.entry("regimens", f"{drug}/{indication}").parts:
            for section, name in _running(table, table.regimen(drug, indication, label)):
                entry = table.entry(section, name)
                yield from _values(table, label, f"{section}/{name}", "", entry.node, (), local=entry.file.local)


def _running(table: Table, regimen: Regimen) -> Iterator[tuple[str, str]]:
    """The protocols that fit a regimen, and the titrations behind it and them."""
    protocols = table.protocols(regimen)
    times = [regimen.drug_rules.infusion_time, *(table.get("protocols", name) for name in protocols)]
    titrations = dict.fromkeys(name for time in times for name in (time.first, time.subsequent) if name)
    yield from (("titrations", name) for name in titrations)
    yield from (("protocols", name) for name in protocols)


def _values(
    table: Table, label: str, entry: str, path: str, node: Node, sources: tuple[str, ...], *, local: bool
) -> Iterator[Statement]:
    """The values below a node, each with the sources of the nearest statement that it stands in."""
    if isinstance(node, MappingNode):
        own = next((value for key, value in node.value if key.value == "source"), None)
        sources = _texts(own) if own else sources
        for key, value in node.value:
            if key.value != "source":
                below = f"{path}.{key.value}" if path else key.value
                yield from _values(table, label, entry, below, value, sources, local=local)
    elif isinstance(node, SequenceNode) and any(isinstance(item, MappingNode) for item in node.value):
        for index, item in enumerate(node.value, 1):
            yield from _values(table, label, entry, f"{path}[{index}]", item, sources, local=local)
    else:
        grades = dict.fromkeys(table.source(source.partition(" ")[0]).grade for source in sources)
        yield Statement(label, entry, path, ", ".join(_texts(node)), "; ".join(sources), ", ".join(grades), local)


def _texts(node: Node) -> tuple[str, ...]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return tuple(item.value for item in items if isinstance(item, ScalarNode))
