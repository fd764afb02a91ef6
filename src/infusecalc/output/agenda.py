"""What is due in a clinic between two days: overdue infusions, days, sums, and where every row stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from infusecalc.findings import Finding
from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record
from infusecalc.quantities import number
from infusecalc.spelling import counted

ITEM = (
    "patient_id", "date", "days_late", "number", "drug", "indication", "label", "phase", "product", "optional",
    "dose_mg", "vials", "waste_mg", "bag_ml", "premedication_min", "duration_min", "chair_min", "blocks", "cautions",
    "accepted", "latest_date", "dose_on_mg",
)  # set in rows # fmt: skip
"""What data tells of an infusion. `latest_date` is the last day that the label's window leaves for an overdue one, and
`dose_on_mg` its dose if it is given on the first day of the agenda."""
REFUSED = ("file", "row", "line", "patient_id", "column", "code", "reason")
"""What data tells of a row that cannot be used: no cell of it but the id."""
STANDS = ("overdue", "on_a_day", "beyond", "finished", "rejected")
"""Where a patient's course may stand: each stands in one of these."""


class Open(Frozen):
    """How much time a clinic has a day: chairs, and the minutes for which it is open."""

    chairs: int
    minutes: int

    @property
    def capacity(self) -> int:
        """All chairs together, in minutes."""
        return self.chairs * self.minutes


class DrugWords(Frozen):
    """What people read of a regimen's drug: its name, what the label says of a dose that is late, the premedication.

    What has the longest lead may have to be `finished` by then; `made` is what each product is made up with, and
    `watched` whether a time of observation is stated.
    """

    drug: str
    late: tuple[tuple[str, str, str], ...]
    premedication: str
    finished: bool
    made: str
    watched: bool


class OfProduct(Frozen):
    """What one product comes to: its infusions, those that block among them, and their doses and waste in mg."""

    infusions: int
    blocked: int
    dose: float
    blocked_dose: float
    waste: float

    @classmethod
    def of(cls, items: list[Record]) -> OfProduct:
        """The share of some infusions of one product."""
        blocked = [item for item in items if item["blocks"]]
        dose, waste = (_sum(items, name) for name in ("dose_mg", "waste_mg"))
        return cls(len(items), len(blocked), dose, _sum(blocked, "dose_mg"), waste)

    def record(self) -> Record:
        """The share as data."""
        return {
            "infusion_count": self.infusions,
            "blocked": self.blocked,
            "dose_mg": self.dose,
            "blocked_dose_mg": self.blocked_dose,
            "waste_mg": self.waste,
        }


class Sums(Frozen):
    """Sums over infusions, as-needed ones aside: vials by product and size in mg, times in minutes.

    `dose` and `waste` add up all drugs, and `products` tells them apart. `untimed` infusions have no time that is
    known: the times are those of the others.
    """

    infusions: int
    if_needed: int
    dose: float
    waste: float
    vials: dict[str, dict[float, int]]
    products: dict[str, OfProduct]
    time: float
    chair: float
    untimed: int

    @classmethod
    def of(cls, items: Iterable[Record]) -> Sums:
        """The sums over some infusions."""
        listed = list(items)
        needed = [item for item in listed if not item["optional"]]
        vials: dict[str, dict[float, int]] = {}
        by_product: dict[str, list[Record]] = {}
        for item in needed:
            by_product.setdefault(item["product"], []).append(item)
            mine = vials.setdefault(item["product"], {})
            for vial in item["vials"]:
                mine[vial["size_mg"]] = mine.get(vial["size_mg"], 0) + vial["count"]
        shares = {name: OfProduct.of(mine) for name, mine in sorted(by_product.items())}
        timed = [item for item in needed if item["duration_min"] is not None]
        return cls(
            infusions=len(needed),
            if_needed=len(listed) - len(needed),
            dose=number(sum(hundredths(each.dose) for each in shares.values())),
            waste=number(sum(hundredths(each.waste) for each in shares.values())),
            vials={name: dict(sorted(mine.items(), reverse=True)) for name, mine in sorted(vials.items())},
            products=shares,
            time=_sum(timed, "duration_min"),
            chair=_sum(timed, "chair_min"),
            untimed=len(needed) - len(timed),
        )

    def record(self) -> Record:
        """The sums as data; a time is null where that of one infusion is not known."""
        vials = {name: [{"size_mg": s, "count": n} for s, n in mine.items()] for name, mine in self.vials.items()}
        return {
            "infusion_count": self.infusions,
            "if_needed": self.if_needed,
            "dose_mg": self.dose,
            "waste_mg": self.waste,
            "vials": vials,
            "products": {name: share.record() for name, share in self.products.items()},
            "duration_min": None if self.untimed else self.time,
            "chair_min": None if self.untimed else self.chair,
            "without_time": self.untimed,
        }


def hundredths(value: float) -> int:
    """A number of data, of at most two decimals, in hundredths."""
    return int(Decimal(str(value)) * 100)


def _sum(items: Iterable[Record], name: str) -> float:
    """A sum of numbers of at most two decimals."""
    return number(sum(hundredths(item[name]) for item in items))


class AgendaDay(Frozen):
    """A day of the agenda: its infusions, their sums, and whether they take more time than there is."""

    date: date
    items: tuple[Record, ...]
    sums: Sums
    finding: Finding | None


class Agenda(Frozen):
    """What is due from `on` to `until`: overdue infusions, days, where every row stands, and what there is to say.

    `rejected` are the rows, and the lines about patients, that cannot be used, as `REFUSED` has them.

    `start` of an infusion, in its record, is that of its course; it is in no data. `without_given` are the courses
    with infusions planned before `on` of which nothing is known to be given: these are taken to have been. `ahead` are
    infusions that are told as given, and dated after `on`.
    """

    on: date
    until: date
    overdue: tuple[Record, ...]
    days: tuple[AgendaDay, ...]
    rows: Mapping[str, int]
    rejected: tuple[Record, ...]
    without_given: int
    told: Mapping[tuple[str, str], DrugWords]
    open: Open | None
    table: Record
    ahead: int = 0

    @property
    def version(self) -> str:
        """The version of the regimen table."""
        return str(self.table["version"])


def day_of(day: date, items: Iterable[Record], hours: Open | None) -> AgendaDay:
    """A day with its sums; over capacity where its chair time, as far as it is known, is more than there is."""
    listed = tuple(items)
    sums, finding = Sums.of(listed), None
    if hours and sums.chair > hours.capacity:
        there = f"{counted(hours.chairs, 'chair')} x {hours.minutes:,} min = {hours.capacity:,} min"
        finding = Finding("over-capacity", f"{day}: {sums.chair:,} min of chair time, more than {there}", (), str(day))
    return AgendaDay(day, listed, sums, finding)
