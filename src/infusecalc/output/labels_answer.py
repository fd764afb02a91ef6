"""A regimen under two labels, side by side: what differs, what one of them has alone, what is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Rows
from infusecalc.output.table_answer import ShowAnswer
from infusecalc.output.table_rows import TableRow, TableSource

DIFFERS, SAME = "differs", "same"
Both = dict[str, TableRow]
"""A value under each label that has it."""


class LabelsAnswer(ShowAnswer):
    """What `regimens show` answers for two labels; its data are the rows of both, as of one."""

    def __init__(
        self, version: str, rows: Sequence[TableRow], id_: str, sources: Sequence[TableSource], labels: Sequence[str]
    ) -> None:
        """The rows of a regimen under two labels, and the documents that they rest on."""
        super().__init__(version, rows, id_, sources)
        self.labels = labels
        self._both: dict[str, dict[str, Both]] = {}
        for row in rows:
            self._both.setdefault(row.entry, {}).setdefault(row.path, {})[row.label] = row

    def _kind(self, both: Both) -> str:
        """How a value stands under the two: `differs`, `us only`, `same`."""
        if len(both) == 1:
            return f"{next(iter(both))} only"
        return SAME if len({row.value for row in both.values()}) == 1 else DIFFERS

    def screen(self) -> Iterator[Block]:
        """How many values differ, and those that do."""
        yield from self._head()
        yield from self._apart()
        yield Lines(("What is the same, and the sources: --full",))

    def page(self) -> Iterator[Block]:
        """The values that differ, side by side; then those that are the same, once; then the sources."""
        yield from self._head()
        yield from self._apart()
        for entry, values in self._both.items():
            rows = [row for both in values.values() for row in both.values() if self._kind(both) == SAME]
            mine = [row for row in rows if row.label == self.labels[0]]
            if mine:
                yield Heading(f"{entry}, the same under both labels")
                yield Lines(tuple(f"{row.path}: {row.value}" for row in mine), listed=True)
        yield from self._documents()

    def _head(self) -> Iterator[Block]:
        kinds = [self._kind(both) for values in self._both.values() for both in values.values()]
        alone = ", ".join(f"{kinds.count(f'{label} only')} are only under {label}" for label in self.labels)
        yield Heading(f"{self.id}: {' beside '.join(self.labels)}", TITLE)
        yield Lines((f"{kinds.count(DIFFERS)} values differ, {alone}, {kinds.count(SAME)} are the same.",))
        yield Lines(("Items of a list ([1], [2]) are paired by their place.",))

    def _apart(self) -> Iterator[Block]:
        """What is not the same, entry by entry; each row says in words how it differs."""
        for entry, values in self._both.items():
            rows = [(self._kind(both), path, both) for path, both in values.items() if self._kind(both) != SAME]
            if rows:
                yield Heading(entry)
                cells = tuple(
                    (kind, path.replace(".", " "), *map(_cell, self._pair(both))) for kind, path, both in rows
                )
                yield Rows(("compared", "value", *self.labels), cells, folds=(1, 2))

    def _pair(self, both: Both) -> list[TableRow | None]:
        return [both.get(label) for label in self.labels]


def _cell(row: TableRow | None) -> str:
    """A value with its grade; a dash where the label has none."""
    return "-" if row is None else f"{row.value} [{row.graded}{', local' if row.local else ''}]"
