"""The values that regimens rest on to the sheet that a pharmacist signs: the least certain first, with boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from infusecalc.frozen import Frozen
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Rows, Sources
from infusecalc.output.flat import Record
from infusecalc.output.table_rows import TableRow, behind, flat, nested, own_values, row_of
from infusecalc.statements import LOWEST_FIRST, Confirmation, grades_said
from infusecalc.table import Table, Value

_UNKNOWN = "unknown"
_SCHEMA = "infusecalc.regimens/1"
_HEADS = ("agrees", "initials", "date (YYYY-MM-DD)", "place and value")
_BOXES = ("agrees", "initials", "checked_on")
MEANING = {
    "site": "from the site's own file: only the site has read it",
    "recalled": "of the label: no document with it was found",
    "secondary": "read in a text about a label, a trial or a guideline",
    "derived": "arithmetic from other statements",
    "house": "our own choice: no label says it; decide whether it suits your clinic",
    "guideline": "read in a guideline",
    "trial": "read in a trial or a study",
    "agency": "read at an authority or payer",
    "manufacturer": "read on the company's own pages",
    "label": "read in a copy of a label, which may not be the current one",
}
"""What each grade asks of whoever reviews."""
_HOW = (
    "Hold each value against the current label, from the top: what is least certain comes first.",
    "A value with several sources stands under the lowest of their grades: a part of it may rest on that source alone.",
    "What agrees goes into your site's file under 'confirmed', by its place: value, on, by, against (text and date).",
    "What does not agree: change it in your site's file, with its source.",
)


class CitedAt(Frozen):
    """A source of a value, and the place in it."""

    id: str
    section: str
    date: str
    grade: str
    title: str

    def __str__(self) -> str:
        """In one line; the title stands at the end of the sheet."""
        if self.id == self.grade:  # no document: there is neither a date nor a section
            return grades_said(self.grade) + ("" if self.section == _UNKNOWN else f": {self.section}")
        section = "section unknown" if self.section == _UNKNOWN else self.section
        return f"{self.id} ({grades_said(self.grade)}; date: {self.date}): {section}"


class ReviewRow(Frozen):
    """A value to be held against the current label: what it is, where it was read, and the regimens that rest on it.

    `void` is what the site said of another value that stood there.
    """

    row: TableRow
    cited: tuple[CitedAt, ...]
    regimens: tuple[str, ...]
    void: Confirmation | None

    @property
    def lowest(self) -> str:
        """The lowest grade of its sources."""
        return LOWEST_FIRST[self.ranks[0]]

    @property
    def ranks(self) -> list[int]:
        """How low it ranks: by the lowest of its grades, and where those are equal by the next."""
        return sorted(LOWEST_FIRST.index(grade) for grade in self.row.grade.split(", "))

    @property
    def said(self) -> str:
        """The value, with what was confirmed before it."""
        made = self.void
        return self.row.value + (f" (confirmed as '{made.value}' on {made.on}: void)" if made else "")


def list_values(table: Table, regimens: Iterable[str], label: str) -> list[ReviewRow]:
    """Every value that some regimens rest on, each once, our own limits included; the lowest grade first."""
    used: dict[str, list[str]] = {}
    values: dict[str, Value] = {}
    limits = [value for name in table.names("house") for value in own_values(table, "house", name)]
    for regimen in regimens:
        drug, _, indication = regimen.partition("/")
        for value in (*behind(table, drug, indication, label), *limits):
            if value.sources and value.path[-1] != "name":  # what people call it
                values[value.id] = value
                used.setdefault(value.id, []).append(regimen)
    void = {each.id: each.confirmation for each in table.void}
    rows = [
        ReviewRow(row_of(table, label, value), tuple(_cited(table, value)), tuple(used[id_]), void.get(id_))
        for id_, value in values.items()
    ]
    return sorted(rows, key=lambda row: row.ranks)


def _cited(table: Table, value: Value) -> Iterator[CitedAt]:
    for source in value.sources:
        name, _, place = source.partition(" ")
        found = table.source(name)
        yield CitedAt(name, place or found.section, found.date, found.grade, found.title)


class ReviewAnswer(Answer):
    """What `regimens review` answers."""

    def __init__(self, table: Table, title: str, label: str, rows: Sequence[ReviewRow]) -> None:
        """The values to be reviewed, in their order."""
        self.table, self.title, self.label, self.listed = table, title, label, rows
        digests = ", site's file ".join(file.sha256[:12] for file in table.files)
        self.foot = f"Regimen table {table.version} ({digests})"

    def document(self) -> Record:
        """`infusecalc.regimens/1`."""
        rows = [
            nested(each.row.as_dict())
            | {
                "cited": [cited.as_dict() for cited in each.cited],
                "regimens": list(each.regimens),
                "void": each.void.as_dict() if each.void else None,
            }
            for each in self.listed
        ]
        return {"schema": _SCHEMA, "rows": rows}

    def rows(self) -> Iterator[Record]:
        """A record a value, with columns to fill in."""
        for each in self.listed:
            sections, dates = (" | ".join(getattr(cited, key) for cited in each.cited) for key in ("section", "date"))
            told = {"section": sections, "date": dates, "regimens": " ".join(each.regimens)}
            void = {"void": each.void.value if each.void else None}
            yield flat(each.row.as_dict()) | told | void | dict.fromkeys(_BOXES)

    def page(self) -> Iterator[Block]:
        """Each value on a line with boxes, by grade and sources."""
        return self._sheet(lambda same: Lines(tuple(map(_line, same)), listed=True))

    def paper(self) -> Iterator[Block]:
        """A table with boxes for the values of each grade and sources."""
        return self._sheet(lambda same: Rows(_HEADS, tuple(map(_cells, same)), boxes=True, narrow=True))

    def _sheet(self, drawn: Callable[[list[ReviewRow]], Block]) -> Iterator[Block]:
        """What is asked for, the values by grade and sources, each group drawn, and the sources."""
        yield Heading(f"Review: {self.title}, {self.table.get('labels', self.label).name}", TITLE)
        done = sum(each.row.confirmed is not None for each in self.listed)
        yield Lines((*_HOW, f"{len(self.listed):,} values, {done:,} of them confirmed by the site."))
        groups: dict[tuple[str, tuple[CitedAt, ...]], list[ReviewRow]] = {}
        for row in self.listed:
            groups.setdefault((row.row.grade, row.cited), []).append(row)
        for grade, own in groupby(groups.values(), key=lambda same: same[0].lowest):
            yield Heading(f"{grades_said(grade).capitalize()}: {MEANING[grade]}")
            for same in own:
                yield Lines(("; ".join(map(str, same[0].cited)),))
                yield drawn(same)
        yield Heading("Sources")
        cited = dict.fromkeys(
            (each.id, grades_said(each.grade), each.title) for row in self.listed for each in row.cited
        )
        yield Sources(tuple(cited))


def _line(row: ReviewRow) -> str:
    made = row.row.confirmed
    box = f"[x] {row.row.id}: {row.said} ({made.said}, {made.by})" if made else f"[ ] {row.row.id}: {row.said}"
    return box if made else f"{box} | initials ____ date __________"


def _cells(row: ReviewRow) -> tuple[str, ...]:
    made = row.row.confirmed
    return (*(("yes", made.by, made.on) if made else ("", "", "")), f"{row.row.id}: {row.said}")
