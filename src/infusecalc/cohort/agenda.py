"""A cohort and what was given to an agenda: what is overdue and what is due, as `schedule` and `next` say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from infusecalc.choices import Choices
from infusecalc.cohort.expansion import Expansion
from infusecalc.cohort.singles import Single
from infusecalc.due import due_in
from infusecalc.findings import carries
from infusecalc.frozen import Frozen
from infusecalc.output.agenda import REFUSED, STANDS, Agenda, DrugWords, Open, day_of
from infusecalc.output.flat import Record, told_findings
from infusecalc.output.records import dose_record, records, table_record
from infusecalc.phase_dose import Chair
from infusecalc.quantities import number
from infusecalc.table import Table, cited

_OVER = "course-complete"
_COLUMNS = (
    "patient_id", "drug", "indication", "label", "variant", "phase", "product", "number", "day", "date", "optional",
    "dose_mg", "vials", "waste_mg", "drug_volume_ml", "bag_ml", "duration_min", "chair_min", "accepted", "blocks",
    "cautions",
)  # set in rows # fmt: skip
_PATIENTS = "place"


class FromTo(Frozen):
    """The days of an agenda, both included."""

    on: date
    until: date

    def __contains__(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.on <= day <= self.until


def horizon_of(options: Mapping[str, Any], until: date) -> date:
    """How far to plan: the clinic's days may move an infusion back into the span; raises BadInput."""
    told = {name: options[name] for name in ("days", "holidays", "tolerance") if name in options}
    clinic = Choices.of(**told).clinic
    return until + timedelta(days=max((days for _, days in clinic.tolerances), default=0)) if clinic else until


class Collector:
    """Takes a cohort chunk by chunk, and keeps what is listed of it."""

    def __init__(self, expansion: Expansion, table: Table, span: FromTo) -> None:
        """Begin with nothing listed."""
        self._expansion, self._table, self._span = expansion, table, span
        self._told: dict[tuple[Any, ...], tuple[float | None, DrugWords]] = {}
        self.rows = dict.fromkeys(STANDS, 0)
        self._without_given = self._ahead = 0
        self._chunk = 0
        self._overdue: list[Record] = []
        self._listed: list[Record] = []
        self._rejected: list[Record] = []

    def take(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Take a chunk; `place` and `fault` of its bad rows."""
        self._chunk += 1
        read, mine = self._expansion.apart(frame)
        parts, bad = self._expansion.by_columns(read, texts=False)
        self._by_columns(parts)
        unplanned = self._expansion.one_by_one(mine, self._one)
        found = pl.concat([bad, unplanned]).sort(_PATIENTS)
        self.rows["rejected"] += found.height
        return found

    def reject(self, rows: pl.DataFrame, line_of: Callable[[int], int | None]) -> None:
        """Take rejected rows, and the lines of the file that they are; an id is told where it is sure to be one."""
        self.rows["rejected"] = self._expansion.tally.rejected  # with those of which there are no cells
        empty = dict.fromkeys(REFUSED)
        for row in rows.iter_rows(named=True):
            told = {name: value for name, value in row.items() if name in REFUSED}
            unsure = {"patient_id": None} if row["raw"] is not None else {}
            self._rejected.append(empty | told | {"line": line_of(row["row"])} | unsure)

    def agenda(self, hours: Open | None) -> Agenda:
        """The agenda of all that was taken, each list in the order of its days and then of the rows."""
        days: dict[date, list[Record]] = {}
        for item in sorted(self._listed, key=lambda item: (item["on"], item["place"])):
            days.setdefault(item["on"], []).append(item)
        told = {(item["drug"], item["label"]): item["told"] for item in (*self._overdue, *self._listed)}
        return Agenda(
            on=self._span.on,
            until=self._span.until,
            overdue=tuple(sorted(self._overdue, key=lambda item: (-item["days_late"], item["place"]))),
            days=tuple(day_of(day, items, hours) for day, items in days.items()),
            rows=self.rows,
            rejected=tuple(self._rejected),
            without_given=self._without_given,
            told=told,
            open=hours,
            table=table_record(self._table),
            ahead=self._ahead,
        )

    # --- rows without a history: their dates before the first day have passed ----------------------------------------

    def _by_columns(self, parts: Iterable[pl.DataFrame]) -> None:
        span, last = self._span, pl.DataFrame()
        ends = [last]
        day = pl.col("date")
        for part in parts:
            listed = part.filter(day.is_between(span.on, span.until))
            rows = listed.select(_PATIENTS, *_COLUMNS).iter_rows(named=True)
            self._listed += (self._item(row[_PATIENTS], row) for row in rows)
            ends.append(
                part.select(_PATIENTS, "date", over=pl.col("findings").str.contains(_OVER).fill_null(value=False))
            )
        if len(ends) == 1:
            return
        whole = (
            pl.concat(ends[1:])
            .group_by(_PATIENTS)
            .agg(
                due=day.is_between(span.on, span.until).any(),
                over=pl.col("over").any() & (day.max() < span.on),
                before=day.min() < span.on,
            )
        )
        self._without_given += int(whole["before"].sum())
        due, over = int(whole["due"].sum()), int((whole["over"] & ~whole["due"]).sum())
        self.rows["on_a_day"] += due
        self.rows["finished"] += over
        self.rows["beyond"] += whole.height - due - over

    # --- rows that are planned for themselves ---------------------------------------------------------------------

    def _one(self, place: int, single: Single) -> None:
        plan, span = single.plan, self._span
        left = [each for each in plan.infusions if not each.given]
        self._expansion.tally.has |= bool(single.choices.conditions)
        self._ahead += sum(each.date > span.on for each in single.choices.history)
        if not single.choices.history:
            self._without_given += any(each.date < span.on for each in left)
            left = [each for each in left if each.date >= span.on]
        if left and left[0].date < span.on:
            self.rows["overdue"] += 1
            self._overdue.append(self._late(place, single, left[0].number))
            return
        mine = {each.number for each in left if each.date in span}
        if mine:
            self._listed += (self._item(place, record) for record in records(single.course, _COLUMNS, mine))
        over = plan.ended and not left
        self.rows["on_a_day" if mine else "finished" if over else "beyond"] += 1

    def _late(self, place: int, single: Single, number_: int) -> Record:
        """An overdue infusion, with what is found if it is given on the first day."""
        course, on = single.course, self._span.on
        infusion = course.infusions[number_ - 1]
        due = due_in(course, infusion, infusion.planned.due, on, single.again)
        shown = {each.planned.number for each in course.infusions}
        found = [each for each in due.findings if carries((number_,), each.infusions, shown)]
        [record] = records(course, _COLUMNS, (number_,))
        record |= told_findings(found)
        given = due.if_given
        now = dose_record(given.dose, given.time, course.chair) if given else {}
        return self._item(place, record) | {
            "days_late": (on - infusion.planned.date).days,
            "latest_date": str(due.latest.date) if due.latest else None,
            "latest_text": due.latest.text if due.latest else None,
            "dose_on_mg": now.get("dose_mg"),
            "now": now,
        }

    def _item(self, place: int, record: Record) -> Record:
        """A record of an infusion as the agenda has it, with the place of its row in the cohort."""
        lead, told = self._known(record)
        day = date.fromisoformat(str(record["date"]))
        return {name: record[name] for name in _COLUMNS} | {
            "on": day,
            "place": (self._chunk, place),
            "date": str(day),
            "days_late": 0,
            "vials": [_vial(text) for text in record["vials"].split("+")],
            "premedication_min": lead,
            **{name: _whole(record[name]) for name in ("dose_mg", "waste_mg", "duration_min", "chair_min")},
            **{name: record[name].split(";") if record[name] else [] for name in ("blocks", "cautions")},
            "latest_date": None,
            "latest_text": None,
            "dose_on_mg": None,
            "now": {},
            "told": told,
        }

    def _known(self, record: Record) -> tuple[float | None, DrugWords]:
        """The lead of the premedication, and what people read of the drug: the same for all rows of a regimen."""
        key = tuple(record[name] for name in ("drug", "indication", "label", "variant", "product"))
        if key not in self._told:
            regimen = self._table.regimen(*key[:4])
            chair = Chair.of(regimen, self._expansion.choices)
            late = tuple((name, note.text, cited(note.source)) for name, note in regimen.drug_rules.late.items())
            drugs = regimen.premedication.values()
            before = "; ".join(drug.short or drug.text for drug in drugs)
            finished = any(drug.finished for drug in drugs)
            product = self._table.product(self._table.find_product(record["product"], key[0]), key[2])[1]
            rules = (regimen.drug_rules.preparation.handling | product.handling).values()
            made = "; ".join(note.short for note in rules if note.short)
            words = DrugWords(regimen.drug.name, late, before, finished, made, chair.observation is not None)
            self._told[key] = None if chair.lead is None else number(chair.lead), words
        return self._told[key]


def _vial(text: str) -> Record:
    count, size = text.split("x")
    return {"size_mg": _whole(float(size)), "count": int(count)}


def _whole(value: float | None) -> float | None:
    """A number as data has it: an int where it is whole."""
    return int(value) if value is not None and value == int(value) else value
