"""What to order, as an answer: the sums of a cohort by period and product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Rows
from infusecalc.output.flat import Record
from infusecalc.quantities import number, people

PERIODS = ("day", "week", "month")
"""The periods for which there are sums."""
ALL = "all"
"""The period that is the whole."""
_COLUMNS = ("period", "from", "product", "infusions", "dose_mg", "vials", "waste_mg", "duration_min", "chair_min")
_BLOCKED = ("blocked", "blocked_dose_mg")
"""Behind all others: how much of the sums are infusions that block."""
_ORDER = ("period", "product", "infusions", "dose", "waste", "vials")
_TIMES = ("period", "product", "infusion time", "chair time")


class Row(Frozen):
    """The sums of a period (by its first day; None: the whole) and a product: 0.01 mg, 0.01 min, 0.01 of money.

    Times and costs are those that are known: `untimed` infusions have no time, `unpriced` ones no cost. `blocked`
    infusions are among the others, and `blocked_dose` is theirs.
    """

    first: date | None
    product: str
    vials: tuple[tuple[str, int], ...]
    infusions: int
    dose: int
    waste: int
    time: int
    chair: int
    cost: int
    waste_cost: int
    blocked: int
    blocked_dose: int
    untimed: int
    unpriced: int

    def name(self, by: str) -> str:
        """The period as data has it: `2026-12-01`, `2026-W49` or `2026-12`."""
        if self.first is None:
            return ALL
        year, week, _ = self.first.isocalendar()
        return {"day": str(self.first), "week": f"{year}-W{week:02}", "month": str(self.first)[:7]}[by]


class TotalsAnswer(Answer):
    """What `batch --totals` answers."""

    def __init__(self, by: str, rows: Sequence[Row], *, priced: bool, version: str) -> None:
        """Rows in the order of periods and products, those of the whole last."""
        self.by, self.listed, self.priced, self.version = by, rows, priced, version
        self.foot = f"Regimen table {version}"
        added = ("cost", "waste_cost") if priced else ()
        self.columns = (*_COLUMNS, *added, *_BLOCKED)

    def document(self) -> Record:
        """`infusecalc.totals/1`."""
        return {"schema": "infusecalc.totals/1", "by": self.by, "rows": list(self.rows())}

    def rows(self) -> Iterator[Record]:
        """A record a period and product; a time or a cost of which a part is not known is null."""
        for row in self.listed:
            found = {
                "period": row.name(self.by),
                "from": None if row.first is None else str(row.first),
                "product": row.product,
                "infusions": row.infusions,
                "dose_mg": number(row.dose),
                "vials": "+".join(f"{count}x{size}" for size, count in row.vials),
                "waste_mg": number(row.waste),
                "duration_min": None if row.untimed else number(row.time),
                "chair_min": None if row.untimed else number(row.chair),
                "cost": None if row.unpriced else number(row.cost),
                "waste_cost": None if row.unpriced else number(row.waste_cost),
                "blocked": row.blocked,
                "blocked_dose_mg": number(row.blocked_dose),
            }
            yield {name: found[name] for name in self.columns}

    def page(self) -> Iterator[Block]:
        """The sums as a table, to order by."""
        yield Heading(f"What to order, by {self.by} and product", TITLE)
        stopped = [row for row in self.listed if row.first is None and row.blocked]
        if stopped:
            yield Lines(
                tuple(f"{row.product}: {phrases.blocked_among(row.blocked, row.blocked_dose)}" for row in stopped)
            )
        yield Rows(_ORDER, tuple(map(self._order, self.listed)), right=(2, 3, 4))
        yield Heading("Time and cost" if self.priced else "Time")
        heads = (*_TIMES, "cost of vials", "of that waste") if self.priced else _TIMES
        yield Rows(heads, tuple(map(self._times, self.listed)), right=(4, 5))
        left_out = "Totals leave out infusions entered as given, and as-needed ones (column optional)"
        yield Lines((f"{left_out}; all others are in them, past dates too.",))

    def _order(self, row: Row) -> tuple[str, ...]:
        opened = " + ".join(f"{count:,} x {size}" for size, count in row.vials)
        amounts = f"{people(row.dose)} mg", f"{people(row.waste)} mg", f"{opened} mg"
        return (row.name(self.by), row.product, f"{row.infusions:,}", *amounts)

    def _times(self, row: Row) -> tuple[str, ...]:
        times = ("not known" if row.untimed else phrases.time(each) or "0 min" for each in (row.time, row.chair))
        money = (phrases.money(None if row.unpriced else each) for each in (row.cost, row.waste_cost))
        return (row.name(self.by), row.product, *times, *(money if self.priced else ()))
