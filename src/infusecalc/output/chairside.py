"""A pump table, the check of an order, and what is due, to data and to pages."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.due import Bound, Due
from infusecalc.order_check import OUTSIDE, Verdict
from infusecalc.output import after_stop, words
from infusecalc.output.blocks import Block, Heading, Lines, Pairs, Rows
from infusecalc.output.page import cited_below, found, sheet_below, top
from infusecalc.output.records import Record, dose_record, finding_record, heads, sources
from infusecalc.output.working import rates_in_words
from infusecalc.phase_dose import Infusion
from infusecalc.plan import Planned
from infusecalc.pump import Step
from infusecalc.pump_table import PumpTable
from infusecalc.quantities import number, people
from infusecalc.table import cited

# --- the pump table ------------------------------------------------------------------------------------------


def pump_document(table: PumpTable) -> Record:
    """`infusecalc.rate/1`."""
    course, running = table.course, table.course.running
    return (
        {"schema": "infusecalc.rate/1"}
        | heads(course)
        | {"number": table.number, "phase": table.dose.name, "rate_of": "first" if table.first else "subsequent"}
        | dose_record(table.dose, table.duration)
        | {
            "protocol": running.protocol_id,
            "protocol_is": running.protocol.is_ if running.protocol else None,
            "stopped_at_min": number(table.stop.at) if table.stop else None,
            "pause_min": number(table.stop.pause) if table.stop else None,
            "hold": table.stop.hold if table.stop else None,
            "after_stop": after_stop.record(table),
            "steps": list(pump_rows(table)),
            "end_clock": _clock(table, table.duration),
            "findings": [finding_record(finding) for finding in table.findings],
            "sources": sources(course, table.sources),
        }
    )


def pump_rows(table: PumpTable) -> Iterator[Record]:
    """One record for each step."""
    for index, step in enumerate(table.steps, 1):
        yield {
            "step": index,
            "start_min": number(step.start),
            "clock": _clock(table, step.start),
            "minutes": number(step.minutes),
            "rate_mg_per_h": number(step.rate),
            "rate_ml_per_h": number(step.flow, 1),
            "volume_ml": number(step.volume),
            "dose_mg": number(step.dose),
            "cumulative_mg": number(step.cumulative),
            "as_tolerated": step.as_tolerated,
        }


def _clock(table: PumpTable, time: int) -> str | None:
    return None if table.at is None else words.clock(table.at, time)


def pump_page(table: PumpTable) -> Iterator[Block]:
    """The pump table as a nurse reads it."""
    yield from top(table.course)
    grave = tuple(finding for finding in table.findings if finding.severity != "info")
    if grave:
        yield from found(table.course, grave, "Look at first")
    which = "a later infusion" if table.number is None else f"infusion {table.number}"
    how = "first" if table.first else "later"
    yield Heading(
        f"Pump: {which}, {table.dose.name}, {words.mg(table.dose.amount.dose)}, at the rate of a {how} infusion"
    )
    if table.stop:
        yield Lines(tuple(after_stop.before_the_steps(table)), listed=True)
    yield from pump_block(table)
    if table.stop:
        yield Lines((after_stop.resumed(table, table.stop),), listed=True)
    yield from _before(table)
    yield from sheet_below(table.course, ("Monitoring", "Preparation"))
    yield from found(table.course, [finding for finding in table.findings if finding.severity == "info"])
    yield from cited_below(table.course, table.sources)


def pump_block(table: PumpTable) -> Iterator[Block]:
    """The bag, the rates, the steps and the whole time."""
    yield Lines((words.bag(table.dose.preparation), f"rates: {rates_in_words(table.rates)}"), listed=True)
    timed = table.at is not None
    heads_ = ["#", "at min", *(["clock"] if timed else []), "for min", "mg/h", "mL/h", "mL", "dose", "in all"]
    rows = [(step, _step(table, index, step)) for index, step in enumerate(table.steps, 1)]
    yield Rows(tuple(heads_), tuple(row for step, row in rows if not step.as_tolerated), _RIGHT)
    if rows[-1][0].as_tolerated:
        yield Lines((after_stop.as_tolerated(table),))
        yield Rows(tuple(heads_), tuple(row for step, row in rows if step.as_tolerated), _RIGHT)
    end = f", ends at {_clock(table, table.duration)}" if timed else ""
    yield Lines((f"Total: {words.time(table.duration)} ({words.minutes(table.duration)}){end}",))


_RIGHT = range(10)


def _step(table: PumpTable, index: int, step: Step) -> tuple[str, ...]:
    clock = [words.clock(table.at, step.start)] if table.at is not None else []
    cells = [str(index), people(step.start), *clock, people(step.minutes), people(step.rate), people(step.flow, 1)]
    dose = "pause" if step.paused else words.mg(step.dose)
    return (*cells, people(step.volume), dose, words.mg(step.cumulative))


def _before(table: PumpTable) -> Iterator[Block]:
    """The premedication, with the clock where the infusion has one."""
    course = table.course
    drugs = (course.regimen.drug_rules.premedication | course.regimen.rules.premedication).items()
    rows = []
    for name, drug in drugs:
        at = ""
        if drug.before is not None:
            at = f"by {drug.before} min before: "
            if table.at is not None:
                at = f"by {words.clock(table.at, -drug.before * 100)}, {drug.before} min before: "
        rows.append((name, f"{at}{words.tall_man(course, drug.text)}"))
    if rows:
        yield Heading("Premedication")
        yield Pairs(tuple(rows), inset=True)


# --- the check of an order -----------------------------------------------------------------------------------


def check_document(verdict: Verdict) -> Record:
    """`infusecalc.check/1`."""
    return (
        {"schema": "infusecalc.check/1"}
        | heads(verdict.course)
        | check_row(verdict)
        | {
            "notes": list(verdict.notes),
            "mistakes": [
                {"code": mistake.code, "dose_mg": number(mistake.amount), "message": mistake.message}
                for mistake in verdict.mistakes
            ],
            "source": cited(verdict.sources),
            "findings": [finding_record(finding) for finding in verdict.findings],
            "sources": sources(verdict.course),
        }
    )


def check_row(verdict: Verdict) -> Record:
    """The verdict in one flat record."""
    own = verdict.dose.phase.interval
    return {
        "phase": verdict.dose.name,
        "number": verdict.number,
        "dose_basis": str(verdict.dose.asked),
        "ordered_mg": number(verdict.ordered),
        "expected_mg": number(verdict.expected),
        "difference_mg": number(verdict.ordered - verdict.expected),
        "difference_percent": number(verdict.difference, 1),
        "ordered_interval": None if verdict.every is None else str(verdict.every),
        "expected_interval": None if own is None else str(own),
        "dose_verdict": verdict.dose_verdict,
        "interval_verdict": verdict.interval_verdict,
        "verdict": verdict.verdict,
        "mistake": verdict.mistakes[0].code if verdict.mistakes else None,
    }


def check_page(verdict: Verdict) -> Iterator[Block]:
    """The verdict as a pharmacist reads it."""
    yield from top(verdict.course)
    sign = "+" if verdict.ordered > verdict.expected else ""
    difference = f"{sign}{people(verdict.ordered - verdict.expected)} mg, {verdict.percent}"
    own = verdict.dose.phase.interval
    yield Heading(f"{'BLOCK ' if verdict.verdict == OUTSIDE else ''}{verdict.verdict}")
    rows = [
        ("ordered", words.mg(verdict.ordered)),
        ("expected", f"{words.mg(verdict.expected)} ({verdict.dose.name}: {verdict.dose.asked.people})"),
        ("difference", f"{difference}: {verdict.dose_verdict}"),
    ]
    if verdict.every is not None:
        rows.append(("interval", f"every {verdict.every}, expected every {own}: {verdict.interval_verdict}"))
    rows += [("", note) for note in verdict.notes]
    rows += [(f"mistake: {mistake.code}", mistake.message) for mistake in verdict.mistakes]
    yield Pairs(tuple(rows), inset=True)
    yield from found(verdict.course, verdict.findings)
    yield from cited_below(verdict.course)


# --- what is due ----------------------------------------------------------------------------------------------


def due_document(due: Due) -> Record:
    """`infusecalc.next/1`."""
    return (
        {"schema": "infusecalc.next/1"}
        | heads(due.course)
        | {
            "start": str(due.course.plan.start) if due.course.plan else None,
            "given": [_given(due, index) for index in range(len(due.given))],
            "due": None if due.infusion is None else due_row(due) | dose_record(due.infusion.dose, due.infusion.time),
            "label_says": [{"name": name, "text": note.text, "source": cited(note.source)} for name, note in due.late],
            "if_given_on": _if_given(due),
            "findings": [finding_record(finding) for finding in due.findings],
            "sources": sources(due.course, due.sources),
        }
    )


def _if_given(due: Due) -> Record | None:
    """The infusion as it would be on the day that was said, where it is overdue."""
    infusion = due.if_given
    if infusion is None:
        return None
    return {"date": str(infusion.planned.date)} | dose_record(infusion.dose, infusion.time)


def _given(due: Due, index: int) -> Record:
    infusion = due.given[index]
    planned, amount = infusion.planned, infusion.planned.given.amount if infusion.planned.given else None
    return {
        "number": planned.number,
        "phase": planned.phase,
        "date": str(planned.date),
        "planned_date": str(planned.by_plan),
        "late_days": planned.late_days,
        "given_mg": None if amount is None else number(amount),
        "expected_mg": number(infusion.dose.amount.dose),
    }


def due_row(due: Due) -> Record:
    """What is due in one flat record; empty of values where the regimen is complete."""
    infusion, plan = due.infusion, due.infusion.planned if due.infusion else None
    return {
        "number": plan.number if plan else None,
        "phase": plan.phase if plan else None,
        "date": str(plan.date) if plan else None,
        "anchor": due.course.choices.anchor,
        "planned_date": _date(due.planned),
        "due_date": _date(plan.due if plan else None),
        "from_given_date": _date(due.from_given),
        "late_days": due.late_days,
        "moved_days": plan.moved_days if plan else None,
        "earliest_date": _date(due.earliest.date if due.earliest else None),
        "latest_date": _date(due.latest.date if due.latest else None),
        "days_left": due.days_left,
        "optional": plan.optional if plan else None,
        "weight_kg": number(infusion.dose.patient.weight) if infusion else None,
        "dose_mg": number(infusion.dose.amount.dose) if infusion else None,
    }


def _date(value: object) -> str | None:
    return None if value is None else str(value)


def due_page(due: Due) -> Iterator[Block]:
    """What is due, as a nurse reads it."""
    yield from top(due.course)
    yield Heading("Given")
    yield Rows(("#", "planned", "given", "what was given", "expected", "days"), tuple(_given_row(due)), right=(0,))
    if due.infusion is None:
        yield Heading("Nothing is due")
        yield Lines(("The regimen is complete with what was given.",), listed=True)
    else:
        yield from _due(due, due.infusion, due.infusion.planned.number)
    yield Heading("Late or missed")
    yield Pairs(tuple((name, words.tall_man(due.course, note.text)) for name, note in due.late), inset=True)
    yield from found(due.course, due.findings)
    yield from cited_below(due.course, due.sources)


def _given_row(due: Due) -> Iterator[tuple[str, ...]]:
    for infusion in due.given:
        planned = infusion.planned
        amount = planned.given.amount if planned.given else None
        yield (
            str(planned.number),
            words.day(planned.by_plan),
            words.day(planned.date),
            "not said" if amount is None else words.mg(amount),
            words.mg(infusion.dose.amount.dose),
            words.shift(planned.late_days, "late", "early") or "on its day",
        )


def _due(due: Due, infusion: Infusion, place: int) -> Iterator[Block]:
    yield Heading(f"Due: infusion {place}, {infusion.dose.name}, {words.day(infusion.planned.date)}")
    anchor, counted = due.course.choices.anchor, words.day(due.from_given or infusion.planned.due)
    at = f"{infusion.dose.asked.people} at {words.weight(infusion.dose.patient.weight)}"
    late = f", {words.shift(due.late_days, 'later', 'earlier')} than planned" if due.late_days else ""
    moved = words.shift(infusion.planned.moved_days, "later for the clinic", "earlier for the clinic")
    rows = [
        ("by the plan", f"{words.day(infusion.planned.by_plan)}{_taken(infusion.planned, anchor)}"),
        ("from what was given", f"{counted}{' (taken)' if anchor == 'given' else ''}{late}"),
        ("moved", moved or "not moved"),
        ("earliest", _bound(due.earliest)),
        ("latest", _bound(due.latest)),
        ("dose", f"{at}: {words.mg(infusion.dose.amount.dose)}, {words.vials(infusion.dose.preparation.vials)}"),
        ("bag", words.bag(infusion.dose.preparation)),
        ("time", words.time(infusion.time)),
    ]  # fmt: skip
    if due.days_left is not None:
        left = words.shift(due.days_left, "to go", "overdue") or "today"
        rows.insert(0, ("on the day said", f"{due.course.choices.on}: {left}"))
    today = due.if_given
    if today is not None:
        rows.append(("given on that day", f"{words.mg(today.dose.amount.dose)}, {words.time(today.time)}"))
    yield Pairs(tuple(rows), inset=True)


def _taken(item: Planned, anchor: str) -> str:
    """Whether the plan's own date was taken, or which one in its place."""
    if anchor != "planned":
        return ""
    return " (taken)" if item.due == item.by_plan else f" passed over; {words.day(item.due)} (taken)"


def _bound(bound: Bound | None) -> str:
    return (
        "our sources give no date"
        if bound is None
        else f"{words.day(bound.date)}: {bound.text} ({cited(bound.source)})"
    )
