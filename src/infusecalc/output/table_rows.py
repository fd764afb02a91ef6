"""The regimen table to rows: what regimens there are, and every value of one with its source and grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infusecalc.frozen import Frozen
from infusecalc.output.phrases import rhythm
from infusecalc.regimen import Regimen
from infusecalc.statements import SITE
from infusecalc.table import Table, file_of, statement_id


class Listed(Frozen):
    """One regimen under one label."""

    id: str
    name: str
    label: str
    status: str
    phases: str
    variants: str
    variants_off_label: str
    aliases: str
    local: bool


class TableRow(Frozen):
    """One value of the table: where it stands, what it is, and what it rests on."""

    label: str
    entry: str
    path: str
    value: str
    source: str
    grade: str
    local: bool
    id: str


def listing(table: Table) -> Iterator[Listed]:
    """Every regimen under every label that has it."""
    for id_ in table.names("regimens"):
        drug, _, indication = id_.partition("/")
        for label in table.labels:
            if table.has_part("regimens", id_, label):
                found = table.regimen(drug, indication, label)
                doses = "; ".join(f"{name} {each.people}, {rhythm(each)}" for name, each in found.phases.items())
                aliases = " ".join(table.aliases("regimens", id_))
                status, variants = found.rules.status.is_, found.rules.variants
                off = (name for name, each in variants.items() if each.over(found.rules).status.is_ == "off-label")
                local = table.is_local("regimens", id_, label)
                yield Listed(id_, found.name, label, status, doses, " ".join(variants), " ".join(off), aliases, local)


def statements(table: Table, drug: str, indication: str, labels: tuple[str, ...]) -> Iterator[TableRow]:
    """Every value behind a regimen: its own, the drug's, the products', and how it may be run."""
    entries = [("regimens", f"{drug}/{indication}"), ("drugs", drug)]
    for label in labels:
        for section, name in entries + [("products", product) for product in table.products(drug, label)]:
            found = table.entry(section, name).keys.get(label)
            if found:
                yield from _values(table, label, (section, name, label), found[1], ())
        if table.has_part("regimens", f"{drug}/{indication}", label):
            for section, name in _running(table, table.regimen(drug, indication, label)):
                yield from _values(table, label, (section, name), table.entry(section, name).node, ())


class TableSource(Frozen):
    """A document that values rest on."""

    id: str
    grade: str
    title: str
    publisher: str
    date: str
    url: str


def sources_of(table: Table, cited: Iterable[str]) -> Iterator[TableSource]:
    """The documents behind lines of citations, each once, in the order of use; a remark may have a semicolon, too."""
    parts = (part.partition(" ")[0] for line in cited for part in line.split("; "))
    for name in dict.fromkeys(part for part in parts if table.has("sources", part)):
        found = table.source(name)
        yield TableSource(name, found.grade, found.title, found.publisher, found.date, found.url)


def _running(table: Table, regimen: Regimen) -> Iterator[tuple[str, str]]:
    """The protocols that fit a regimen, and the titrations behind it and them."""
    protocols = table.protocols(regimen)
    times = [regimen.drug_rules.infusion_time, *(table.get("protocols", name) for name in protocols)]
    titrations = dict.fromkeys(name for time in times for name in (time.first, time.subsequent) if name)
    yield from (("titrations", name) for name in titrations)
    yield from (("protocols", name) for name in protocols)


def _values(
    table: Table, label: str, place: tuple[str, ...], node: Node, sources: tuple[str, ...]
) -> Iterator[TableRow]:
    """The values below a node, each with the sources of the nearest statement that it stands in."""
    if isinstance(node, MappingNode):
        own = next((value for key, value in node.value if key.value == "source"), None)
        sources = _texts(own) if own else sources
        for key, value in node.value:
            if key.value != "source":
                yield from _values(table, label, (*place, key.value), value, sources)
    elif isinstance(node, SequenceNode) and any(isinstance(item, MappingNode) for item in node.value):
        for index, item in enumerate(node.value, 1):
            yield from _values(table, label, (*place[:-1], f"{place[-1]}[{index}]"), item, sources)
    else:
        local = file_of(node) is not None
        grades = dict.fromkeys(table.source(source.partition(" ")[0]).grade for source in sources)
        entry, path = "/".join(place[:2]), ".".join(place[3:] if place[2:3] == (label,) else place[2:])
        grade = SITE if local else ", ".join(grades)
        id_ = statement_id(place[0], place[1], place[2:])
        yield TableRow(label, entry, path, ", ".join(_texts(node)), "; ".join(sources), grade, local, id_)


def _texts(node: Node) -> tuple[str, ...]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return tuple(item.value for item in items if isinstance(item, ScalarNode))
