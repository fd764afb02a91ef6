"""The regimen table to rows: what regimens there are, and every value of one with its source and grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record
from infusecalc.output.phrases import rhythm
from infusecalc.regimen import Regimen
from infusecalc.statements import SITE, Confirmation, grades_said
from infusecalc.table import Share, Table, Value, shares


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
    protocols: str


class TableRow(Frozen):
    """One value of the table: where it stands, what it is, what it rests on, and whether the site has confirmed it."""

    label: str
    entry: str
    path: str
    value: str
    source: str
    grade: str
    local: bool
    id: str
    confirmed: Confirmation | None

    @property
    def graded(self) -> str:
        """The grade as people read it, with the confirmation beside it."""
        said = grades_said(self.grade)
        return f"{said}, {self.confirmed.said}" if self.confirmed else said


def nested(row: Record) -> Record:
    """A record whose `confirmed` is a map, or None."""
    made: Confirmation | None = row["confirmed"]
    return row | {"confirmed": made.record if made else None}


def flat(row: Record) -> Record:
    """A record with a column for each part of `confirmed`."""
    made: Confirmation | None = row["confirmed"]
    told = {f"confirmed_{key}": made.record[key] if made else None for key in ("on", "by", "against")}
    return {key: value for key, value in row.items() if key != "confirmed"} | told


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
                local, protocols = table.is_local("regimens", id_, label), " ".join(table.protocols(found))
                names = " ".join(variants), " ".join(off), aliases
                yield Listed(id_, found.name, label, status, doses, *names, local, protocols)


def names_of(table: Table) -> dict[str, str]:
    """What people call each protocol, by its id, and each variant of a regimen, by `REGIMEN LABEL VARIANT`."""
    named: dict[str, str] = {id_: table.text("protocols", id_, "name") for id_ in table.names("protocols")}
    for id_ in table.names("regimens"):
        for label in table.labels:
            rules = table.get("regimens", id_, label) if table.has_part("regimens", id_, label) else None
            named |= {f"{id_} {label} {name}": each.name for name, each in (rules.variants if rules else {}).items()}
    return named


def statements(table: Table, drug: str, indication: str, labels: tuple[str, ...]) -> Iterator[TableRow]:
    """Every value behind a regimen: its own, the drug's, the products', how it may be run, and the codes."""
    for label in labels:
        for value in behind(table, drug, indication, label):
            yield row_of(table, label, value)


def behind(table: Table, drug: str, indication: str, label: str) -> Iterator[Value]:
    """The values behind a regimen under a label."""
    entries = [("regimens", f"{drug}/{indication}"), ("drugs", drug)]
    for section, name in entries + [("products", product) for product in table.products(drug, label)]:
        if table.has_part(section, name, label):
            yield from (value for value in own_values(table, section, name) if value.path[0] == label)
    if table.has_part("regimens", f"{drug}/{indication}", label):
        for section, name in _running(table, table.regimen(drug, indication, label)):
            yield from own_values(table, section, name)
        yield from _codes(table, drug, label)


def _codes(table: Table, drug: str, label: str) -> Iterator[Value]:
    """The codes with which a plan is handed over: of the drug, of its products, and of what is neither."""
    for section, name in (("drugs", drug), *(("products", product) for product in table.products(drug, label))):
        yield from (value for value in own_values(table, section, name) if value.path[0] == "codes")
    for name in table.names("codes"):
        yield from own_values(table, "codes", name)


def own_values(table: Table, section: str, name: str) -> Iterator[Value]:
    """The values of an entry, without the sources of its statements."""
    return (value for value in table.values(section, name).values() if not value.cites)


def row_of(table: Table, label: str, value: Value) -> TableRow:
    """A value as a row, under the label for which it is asked."""
    path = ".".join(value.path[1:] if value.path[0] == label else value.path)
    grade = SITE if value.local else ", ".join(_grades(table, value))
    made = table.confirmation(value.id)
    entry, source = f"{value.section}/{value.name}", "; ".join(value.sources)
    return TableRow(label, entry, path, value.text, source, grade, value.local, value.id, made)


def _grades(table: Table, value: Value) -> dict[str, None]:
    return dict.fromkeys(table.source(source.partition(" ")[0]).grade for source in value.sources)


def _running(table: Table, regimen: Regimen) -> Iterator[tuple[str, str]]:
    """The protocols that fit a regimen, and the titrations behind it and them."""
    protocols = table.protocols(regimen)
    times = [regimen.drug_rules.infusion_time, *(table.get("protocols", name) for name in protocols)]
    titrations = dict.fromkeys(name for time in times for name in (time.first, time.subsequent) if name)
    yield from (("titrations", name) for name in titrations)
    yield from (("protocols", name) for name in protocols)


# --- the sources ------------------------------------------------------------------------------------------------


class TableSource(Frozen):
    """A document that values rest on, and how much of them the site has confirmed."""

    id: str
    grade: str
    title: str
    publisher: str
    date: str
    url: str
    share: Share | None = None

    @property
    def confirmed(self) -> str:
        """What is confirmed, as people read it behind the title; empty for nothing."""
        return f" ({self.share.said})" if self.share else ""


def sources_of(table: Table, rows: Iterable[tuple[str, Confirmation | None]]) -> Iterator[TableSource]:
    """The documents behind citations, each once, in the order of use; a remark may have a semicolon, too."""
    listed = [([part for part in line.split("; ") if _is_cited(table, part)], made) for line, made in rows]
    confirmed = shares(listed)
    for name in dict.fromkeys(part.partition(" ")[0] for parts, _ in listed for part in parts):
        found, share = table.source(name), confirmed.get(name)
        yield TableSource(name, found.grade, found.title, found.publisher, found.date, found.url, share)


def _is_cited(table: Table, text: str) -> bool:
    return table.has("sources", text.partition(" ")[0])


def share_record(share: Share | None) -> Record | None:
    """What is confirmed of what rests on a source, as data has it."""
    return None if share is None else {"values": share.values, "confirmed": share.confirmed, "oldest": share.on}
