"""An agenda as an answer: data, a page to read or to pin up, a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infusecalc.output.agenda import ITEM, Agenda, Sums
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import Block
from infusecalc.output.flat import Record, finding_record


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
            "without_given": agenda.without_given,
            "rejected": list(agenda.rejected),
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
            "table": agenda.table,
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
