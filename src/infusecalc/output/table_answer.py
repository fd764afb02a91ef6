"""The regimen table as answers: its regimens, the values behind one, and what a check of a file found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infusecalc.errors import escape
from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Pairs
from infusecalc.output.flat import Record
from infusecalc.output.table_rows import Listed, TableRow, TableSource, flat, nested, share_record
from infusecalc.statements import grades_said
from infusecalc.table import SHIPPED, Change, Void, cited
from infusecalc.table.layers import KINDS

_SCHEMA = "infusecalc.regimens/1"


class _TableAnswer(Answer):
    """Rows of one kind, and the version that they are of."""

    def __init__(self, version: str, rows: Sequence[Frozen]) -> None:
        self.foot, self.listed = f"Regimen table {version}", rows

    def document(self) -> Record:
        """`infusecalc.regimens/1`."""
        return {"schema": _SCHEMA, "rows": list(self.rows())}

    def rows(self) -> Iterator[Record]:
        """A record each."""
        return (row.as_dict() for row in self.listed)


class ListAnswer(_TableAnswer):
    """What `regimens list` answers."""

    listed: Sequence[Listed]

    def __init__(self, version: str, rows: Sequence[Listed], names: Mapping[str, str]) -> None:
        """The regimens, and what people call their variants and protocols."""
        super().__init__(version, rows)
        self.names = names

    def screen(self) -> Iterator[Block]:
        """One line a regimen, by status: all labels together where they agree."""
        yield Heading("Regimens", TITLE)
        found: dict[str, dict[str, str]] = {}
        for id_ in dict.fromkeys(row.id for row in self.listed):
            mine = [row for row in self.listed if row.id == id_]
            under: dict[str, list[str]] = {}
            for row in mine:
                under.setdefault(f"{row.status}{', local' if row.local else ''}", []).append(row.label)
            status = "; ".join(f"{status} ({', '.join(labels)})" for status, labels in under.items())
            found.setdefault(status, {})[id_] = mine[0].name
        for status, named in found.items():
            yield Heading(status[0].upper() + status[1:])
            yield Pairs(tuple(named.items()), inset=True)
        yield Lines(("Doses, variants, protocols and other names: --full",))

    def page(self) -> Iterator[Block]:
        """Each regimen with its status, phases, variants and protocols under each label; what the protocols are."""
        yield Heading("Regimens", TITLE)
        for id_ in dict.fromkeys(row.id for row in self.listed):
            mine = [row for row in self.listed if row.id == id_]
            yield Heading(f"{id_}: {mine[0].name}")
            labels = ((f"{row.label} {row.status}{' local' if row.local else ''}", row.phases) for row in mine)
            yield Pairs((*labels, *self._variants(mine)), inset=True)
            yield Lines(tuple(_protocols(mine)), listed=True)
            if mine[0].aliases:
                yield Lines((f"also: {', '.join(mine[0].aliases.split())}",), listed=True)
        protocols = dict.fromkeys(name for row in self.listed for name in row.protocols.split())
        yield Heading("Protocols (--protocol)")
        yield Pairs(tuple((name, self.names[name]) for name in protocols), inset=True)

    def _variants(self, rows: Sequence[Listed]) -> Iterator[tuple[str, str]]:
        """Each variant of a regimen: what it is, and the labels that have it."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            off = row.variants_off_label.split()
            for name in row.variants.split():
                told = f"{self.names[f'{row.id} {row.label} {name}']}{' (off-label)' if name in off else ''}"
                found.setdefault((name, told), []).append(row.label)
        return ((f"variant {name}", f"{' and '.join(under)}: {told}") for (name, told), under in found.items())


def _protocols(rows: Sequence[Listed]) -> Iterator[str]:
    """The protocols that a regimen may be run by, a line for each list of them, with the labels that have it."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.protocols:
            found.setdefault(", ".join(row.protocols.split()), []).append(row.label)
    return (f"protocols, {' and '.join(under)}: {names}" for names, under in found.items())


class ShowAnswer(_TableAnswer):
    """What `regimens show` answers."""

    listed: Sequence[TableRow]

    def __init__(self, version: str, rows: Sequence[TableRow], id_: str, sources: Sequence[TableSource]) -> None:
        """The rows of a regimen, and the documents that they rest on."""
        super().__init__(version, rows)
        self.id, self.sources = id_, sources

    def document(self) -> Record:
        """`infusecalc.regimens/1`, with each source once."""
        rows = [nested(row.as_dict()) for row in self.listed]
        return super().document() | {"rows": rows, "sources": list(map(_source_record, self.sources))}

    def rows(self) -> Iterator[Record]:
        """A record a value."""
        return (flat(row.as_dict()) for row in self.listed)

    def page(self) -> Iterator[Block]:
        """Every value with its grade and source, entry by entry, then each source once."""
        yield Heading(self.id, TITLE)
        for label, entry in dict.fromkeys((row.label, row.entry) for row in self.listed):
            yield Heading(f"{entry}, {label}")
            mine = (row for row in self.listed if (row.label, row.entry) == (label, entry))
            yield Lines(tuple(_value(row) for row in mine), listed=True)
        yield from self._documents()

    def _documents(self) -> Iterator[Block]:
        yield Heading("Sources")
        yield Lines(tuple(_source(each) for each in self.sources), listed=True)


def _source_record(source: TableSource) -> Record:
    return {key: value for key, value in source.as_dict().items() if key != "share"} | {
        "confirmed": share_record(source.share)
    }


def _value(row: TableRow) -> str:
    return f"{row.path}: {row.value} [{row.graded}: {phrases.cited_text(row.source)}{', local' if row.local else ''}]"


def _source(source: TableSource) -> str:
    where = f"{source.publisher}; date: {source.date}; address: {source.url}"
    return f"{source.id} [{grades_said(source.grade)}]: {source.title}{source.confirmed}. {where}"


class Checked(Frozen):
    """A table that was found to be without faults."""

    file: str
    version: str
    faults: int
    regimens: int
    products: int
    sources: int
    adds: int
    replaces: int
    restates: int
    removes: int
    confirmed: int
    void: int


class CheckedAnswer(_TableAnswer):
    """What `regimens validate` answers for a table without faults."""

    def __init__(self, row: Checked, changes: Sequence[Change], void: Sequence[Void], *, shipped: bool) -> None:
        """The counts, what a site's file changes, and its confirmations that are void; whether no file was named."""
        super().__init__(row.version, [row])
        self.row, self.changes, self.void, self.shipped = row, changes, void, shipped

    def document(self) -> Record:
        """`infusecalc.regimens/1`, with the changes of a site's file."""
        changes = [change.as_dict() | {"id": change.id, "source": cited(change.source)} for change in self.changes]
        void = [{"id": each.id, "now": each.now} | each.confirmation.as_dict() for each in self.void]
        return super().document() | {"changes": changes, "void": void}

    def page(self) -> Iterator[Block]:
        """That there are no faults, and what a site's file does to the shipped table, change by change."""
        row = self.row
        counts = f"{row.regimens} regimens, {row.products} products, {row.sources} sources"
        name = "shipped table" if self.shipped else Path(row.file).name
        yield Heading(escape(f"{name}: no faults in form; {counts}"), TITLE)
        if self.changes:
            done = ", ".join(f"{kind} {getattr(row, kind)}" for kind in KINDS)
            yield Lines((f"This file {done} values and rules of the shipped table:",))
            yield Lines(tuple(escape(str(change)) for change in self.changes), listed=True)
        if row.confirmed:
            several = "value" if row.confirmed == 1 else "values"
            void = f"{row.void} void, because the value is another now" if row.void else "none is void"
            yield Lines((f"It confirms {row.confirmed} {several}; {void}",))
            told = (escape(f"confirmation-void {each}: confirm it again") for each in self.void)
            yield Lines(tuple(told), listed=True)
        if self.changes:
            see = f"infusecalc regimens diff {SHIPPED} {Path(row.file).name}"
            yield Lines((escape(f"What it does to doses, dates and findings, and what then blocks: {see}"),))
