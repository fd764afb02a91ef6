"""What is due in a clinic as an answer: overdue first, then day by day, with sums; data, a page, a calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from infusecalc.findings import Finding
from infusecalc.frozen import Frozen
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import Block
from infusecalc.output.flat import Record, finding_record
from infusecalc.quantities import number

ITEM = (
    "patient_id", "date", "days_late", "number", "drug", "indication", "label", "phase", "product", "optional",
    "dose_mg", "vials", "waste_mg", "bag_ml", "premedication_min", "duration_min", "chair_min", "blocks", "cautions",
    "accepted", "latest_date", "dose_on_mg",
)  # fmt: skip
"""What data tells of an infusion. `latest_date` is the last day that the label's window leaves for an overdue one, and
`dose_on_mg` its dose if it is given on the first day of the agenda."""
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


class Told(Frozen):
    """What people read of a regimen's drug: its name, and what the label says of a dose that is late."""

    drug: str
    late: tuple[tuple[str, str, str], ...]


class Sums(Frozen):
    """Sums over infusions, those if needed aside: vials by product and size in mg, times in minutes.

    `untimed` infusions have no time that is known: the times are those of the others.
    """

    infusions: int
    if_needed: int
    dose: float
    waste: float
    vials: dict[str, dict[float, int]]
    time: float
    chair: float
    untimed: int

    @classmethod
    def of(cls, items: Iterable[Record]) -> Sums:
        """The sums over some infusions."""
        listed = list(items)
        needed = [item for item in listed if not item["optional"]]
        vials: dict[str, dict[float, int]] = {}
        for item in needed:
            mine = vials.setdefault(item["product"], {})
            for vial in item["vials"]:
                mine[vial["size_mg"]] = mine.get(vial["size_mg"], 0) + vial["count"]
        timed = [item for item in needed if item["duration_min"] is not None]
        return cls(
            infusions=len(needed),
            if_needed=len(listed) - len(needed),
            dose=_sum(needed, "dose_mg"),
            waste=_sum(needed, "waste_mg"),
            vials={name: dict(sorted(mine.items(), reverse=True)) for name, mine in sorted(vials.items())},
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
            "duration_min": None if self.untimed else self.time,
            "chair_min": None if self.untimed else self.chair,
            "without_time": self.untimed,
        }


def _sum(items: Iterable[Record], name: str) -> float:
    """A sum of numbers of at most two decimals."""
    return number(sum(round(item[name] * 100) for item in items))


class Day(Frozen):
    """A day of the agenda: its infusions, their sums, and whether they take more time than there is."""

    date: date
    items: tuple[Record, ...]
    sums: Sums
    finding: Finding | None


class Agenda(Frozen):
    """What is due from `on` to `until`: overdue infusions, days, where every row stands, and what there is to say.

    `start` of an infusion, in its record, is that of its course; it is in no data.
    """

    on: date
    until: date
    overdue: tuple[Record, ...]
    days: tuple[Day, ...]
    rows: Mapping[str, int]
    told: Mapping[tuple[str, str], Told]
    open: Open | None
    version: str


def day_of(day: date, items: Iterable[Record], hours: Open | None) -> Day:
    """A day with its sums; over capacity where its chair time, as far as it is known, is more than there is."""
    listed = tuple(items)
    sums, finding = Sums.of(listed), None
    if hours and sums.chair > hours.capacity:
        there = (
            f"{hours.chairs} chair{'' if hours.chairs == 1 else 's'} x {hours.minutes:,} min = {hours.capacity:,} min"
        )
        finding = Finding("over-capacity", f"{day}: {sums.chair:,} min of chair time, more than {there}", (), str(day))
    return Day(day, listed, sums, finding)


class AgendaAnswer(Answer):
    """What `agenda` answers."""

    columns = ("list", *ITEM)

    def __init__(self, agenda: Agenda) -> None:
        """The agenda; what is listed and blocks, decides the exit code."""
        self.agenda = agenda
        listed = [*agenda.overdue, *(item for day in agenda.days for item in day.items)]
        self.blocks = tuple(dict.fromkeys(code for item in listed for code in item["blocks"]))
        check = "Check against the current label; this is a calculation, not a prescription."
        self.foot = f"Regimen table {agenda.version}. As of {agenda.on}. {check}"

    def document(self) -> Record:
        """`infusecalc.agenda/1`."""
        agenda = self.agenda
        items = [item for day in agenda.days for item in day.items]
        hours = agenda.open and {"chairs": agenda.open.chairs, "open_min": agenda.open.minutes}
        return {
            "schema": "infusecalc.agenda/1",
            "on": str(agenda.on),
            "until": str(agenda.until),
            "capacity": hours,
            "overdue": [_item(item) for item in agenda.overdue],
            "days": [
                {"date": str(day.date), "infusions": [_item(item) for item in day.items]}
                | day.sums.record()
                | {"cautions": [day.finding.code] if day.finding else []}
                for day in agenda.days
            ],
            "totals": Sums.of(items).record() | {"overdue": len(agenda.overdue), "rows": dict(agenda.rows)},
            "label_says": [
                {"drug": drug, "label": label, "name": name, "text": text, "source": source}
                for (drug, label), told in agenda.told.items()
                for name, text, source in told.late
            ],
            "findings": [finding_record(day.finding) for day in agenda.days if day.finding],
            "table": {"version": agenda.version},
        }

    def rows(self) -> Iterator[Record]:
        """One record an infusion; overdue ones first."""
        listed = [("overdue", item) for item in self.agenda.overdue]
        listed += [("day", item) for day in self.agenda.days for item in day.items]
        for name, item in listed:
            flat = {"vials": _vials(item), "blocks": ";".join(item["blocks"]), "cautions": ";".join(item["cautions"])}
            yield {"list": name} | _item(item) | {key: text or None for key, text in flat.items()}

    def page(self) -> Iterator[Block]:
        """The agenda to read, or to pin up."""
        from infusecalc.output.agenda_page import agenda_page  # noqa: PLC0415 - only a page needs it

        return agenda_page(self.agenda)

    def calendar(self, options: Mapping[str, Any]) -> tuple[bytes, str | None]:
        """One calendar for the clinic."""
        from infusecalc.output.agenda_calendar import agenda_calendar  # noqa: PLC0415 - only this format needs it

        return agenda_calendar(self.agenda, options), None


def _item(item: Record) -> Record:
    return {name: item[name] for name in ITEM}


def _vials(item: Record) -> str:
    return "+".join(f"{vial['count']}x{vial['size_mg']}" for vial in item["vials"])
