"""The rows of a plan without a request against the table in force: phases, days, dose bases and times by number.

A row does not tell what was ordered, moved or given; where its findings say that something was, that is left out and
said to be not compared.
"""

from __future__ import annotations

from datetime import date, timedelta

from infusecalc.choices import Choices, Horizon
from infusecalc.frozen import Frozen
from infusecalc.overrides import Ordered, order_phases
from infusecalc.phase_dose import Running
from infusecalc.plan import Planned, make_plan
from infusecalc.pump import Load, run_time
from infusecalc.quantities import Span, number
from infusecalc.regimen import Regimen
from infusecalc.setting import running_of
from infusecalc.table import Table
from infusecalc.verify.arithmetic import Deviation
from infusecalc.verify.stored import Record, StoredCourse

_BY = "plan"
_DOSE = ("dose-above-label", "dose-below-label", "dose-outside-source", "dose-override")
_INTERVAL = ("interval-below-label", "interval-above-label", "interval-override")
_STARTS = ("start-window", "start-outside-window")
_AGAIN, _PROTOCOL = "first-rate-again", "protocol"


class RowCodes(Frozen):
    """What the findings of the rows say: the codes by phase, and the details of all codes."""

    by_phase: dict[str, set[str]]
    details: set[tuple[str, str]]

    def of(self, codes: tuple[str, ...], phase: str) -> bool:
        """Whether one of some codes is told of a phase."""
        return bool(self.by_phase.get(phase, set()) & set(codes))


def told_in(infusions: list[Record], findings: list[str | None]) -> RowCodes:
    """What the findings of each infusion, as a cell of CSV has them, come to."""
    by_phase: dict[str, set[str]] = {}
    details: set[tuple[str, str]] = set()
    for row, cell in zip(infusions, findings, strict=True):
        parts = [each.partition(":") for each in (cell or "").split(";")]
        by_phase.setdefault(row["phase"], set()).update(code for code, _, _ in parts)
        details.update((code, detail) for code, _, detail in parts)
    return RowCodes(by_phase, details)


class Compared(Frozen):
    """What came of a plan made again: the differences, and what was not compared; `whole`: every value was compared."""

    differences: tuple[Deviation, ...]
    left_out: tuple[str, ...]
    whole: bool = False


def compare(course: StoredCourse, findings: list[str | None], table: Table) -> Compared:
    """The rows of a course against its regimen in the table in force; raises BadInput for what that does not know."""
    heads = course.heads
    drug, _ = table.find_drug(heads["drug"])
    indication = table.find_indication(drug, heads["indication"])
    regimen = table.regimen(drug, indication, table.find_label(heads["label"]), heads["variant"])
    told = told_in(course.infusions, findings)
    ordered, planned = _plan(course, regimen, told, table)
    running = _running(table, regimen, told)
    moved = any(row.get("given") or row.get("planned_date", row["date"]) != row["date"] for row in course.infusions)
    left_out = _left_out(ordered, told) | ({"moved and given dates"} if moved else set())
    found: list[Deviation] = []
    billing = table.product(table.find_product(heads["product"], drug), regimen.label)[1].billing
    once = {"status": regimen.rules.status.is_, "billing_code": billing.code if billing else None}
    for row, line, cell in zip(course.infusions, course.lines, findings, strict=True):
        item = planned.get(row["number"])
        if item is None:
            found.append(Deviation(line, row["number"], "infusion", row["date"], None, _BY))
            continue
        expected = _expected(row, item, ordered, told) | _time(row, running, cell) | once
        wrong = ((field, value) for field, value in expected.items() if row.get(field, value) != value)
        found += [Deviation(line, row["number"], field, row[field], value, _BY) for field, value in wrong]
    return Compared(tuple(found), tuple(sorted(left_out)))


def _plan(course: StoredCourse, regimen: Regimen, told: RowCodes, table: Table) -> tuple[Ordered, dict[int, Planned]]:
    """As many infusions as the rows have, by number, from the day that most of them count from."""
    rows = course.infusions
    first = next((name for name in regimen.phases), "")
    late = regimen.maintenance is not None and rows[0]["phase"] == regimen.maintenance != first
    days = [date.fromisoformat(row["date"]) - timedelta(days=row["day"]) for row in rows]
    start = max(set(days), key=days.count)
    repeats = next((phase for phase in regimen.phases.values() if phase.repeat), None)
    last = max(row["number"] for row in rows)
    horizon = Horizon(courses=-(-last // len(repeats.offsets))) if repeats else Horizon(infusions=last)
    usual = Choices(start=start, horizon=horizon, from_maintenance=late)
    begins = next((_planned(row) for row in rows if row["phase"] == regimen.maintenance), None)
    followed = any("given" in row for row in rows) and any(phase.starts for phase in regimen.phases.values())
    made = [_made(regimen, table, usual)]
    asked = begins and not late and (followed or told.of(_STARTS, str(regimen.maintenance)))
    if begins and asked and _first(made[0][1], regimen) != begins:
        day = date.fromisoformat(begins)
        most = (day.year - start.year) * 12 + day.month - start.month
        starts = (day, *(Span(months, "month") for months in range(1, most + 1)))
        others = [_made(regimen, table, usual.but(maintenance_start=each)) for each in starts]
        made = [each for each in others if _first(each[1], regimen) == begins] or made
    return max(made, key=lambda each: sum(_fits(row, each[1]) for row in rows))


def _made(regimen: Regimen, table: Table, choices: Choices) -> tuple[Ordered, dict[int, Planned]]:
    ordered = order_phases(regimen, choices)
    return ordered, {item.number: item for item in make_plan(ordered, choices, table.house()).infusions}


def _planned(row: Record) -> str:
    """The date of a row in the original plan, as far as the row tells."""
    return str(row.get("planned_date", row["date"]))


def _first(plan: dict[int, Planned], regimen: Regimen) -> str | None:
    return next((str(item.by_plan) for item in plan.values() if item.phase == regimen.maintenance), None)


def _fits(row: Record, plan: dict[int, Planned]) -> bool:
    return row["number"] in plan and str(plan[row["number"]].by_plan) == _planned(row)


def _left_out(ordered: Ordered, told: RowCodes) -> set[str]:
    found = {f"dose bases of {name}: another dose was ordered" for name in ordered.phases if told.of(_DOSE, name)}
    found |= {f"days of {name}: another interval was ordered" for name in ordered.phases if told.of(_INTERVAL, name)}
    return found | {
        f"first day of {name}: any allowed day passes, for the file does not say which was asked for"
        for name in ordered.phases
        if told.of(_STARTS, name)
    }


def _expected(row: Record, item: Planned, ordered: Ordered, told: RowCodes) -> Record:
    """What the table says of an infusion of this number."""
    phase = ordered.phases[item.phase]
    found: Record = {"phase": item.phase}
    as_planned = not row.get("given") and row.get("planned_date", row["date"]) == row["date"]
    if as_planned:
        found["optional"] = item.optional
    if not told.of(_INTERVAL, item.phase):
        if "planned_date" in row:
            found["planned_date"] = str(item.by_plan)
        else:
            found |= {"day": item.day, "date": str(item.date)}
    if not told.of(_DOSE, item.phase):
        weight, bsa = (None if row[name] is None else round(row[name] * 100) for name in ("weight_kg", "bsa_m2"))
        found["dose_basis"] = str(phase.dose_of(weight or 0, bsa))
    return found


def _running(table: Table, regimen: Regimen, told: RowCodes) -> Running:
    """How it runs: as the label has it, or by the protocol that the findings name."""
    named = sorted(detail for code, detail in told.details if code == _PROTOCOL and detail)
    return running_of(table, regimen, named[0] if named else None)


def _time(row: Record, running: Running, findings: str | None) -> Record:
    """How long it runs: at the first rate where it is the first, or where its findings say so."""
    first = row["number"] == 1 or _AGAIN in (findings or "").split(";")
    rates = running.rates(row["number"], first=first)
    load = Load(round(row["dose_mg"] * 100), round(row["bag_ml"]), round(row["weight_kg"] * 100))
    return {"duration_min": None if rates is None else number(run_time(load, rates))}
