"""A pump table to data and to its page: step by step, with a stop in it where there was one."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.findings import Finding
from infusecalc.output import after_stop, phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import PART, SECTION, Block, Heading, Lines, Pairs, Rows
from infusecalc.output.flat import Record, finding_record, with_findings
from infusecalc.output.page import attention, cited_below, informed, sheet_below, top
from infusecalc.output.records import dose_record, heads, sources
from infusecalc.output.screen import GOING_UP, LATER_RATE, ending, foot, head, infos, made_up, watched
from infusecalc.output.working import rates_in_words
from infusecalc.pump import Step, Stop
from infusecalc.pump_table import PumpTable
from infusecalc.quantities import number, people, to_the_second
from infusecalc.statements import Premedication

_PREMEDICATION = "companion:premedication"


class PumpAnswer(Answer):
    """What `rate` answers."""

    def __init__(self, table: PumpTable) -> None:
        """A pump table."""
        self.table, self.blocks = table, table.blocks
        self.foot, self.patient_id = phrases.footer(table.course), table.course.patient.id

    def document(self) -> Record:
        """`infusecalc.rate/1`."""
        return pump_document(self.table)

    def rows(self) -> Iterator[Record]:
        """A record a step."""
        return with_findings(pump_rows(self.table), self.document())

    def page(self) -> Iterator[Block]:
        """The pump table in full."""
        return pump_page(self.table)

    def screen(self) -> Iterator[Block]:
        """The pump table as a nurse reads it first."""
        return pump_screen(self.table)


def pump_document(table: PumpTable) -> Record:
    """`infusecalc.rate/1`."""
    course, running = table.course, table.course.running
    return (
        {"schema": "infusecalc.rate/1"}
        | heads(course)
        | {"number": table.number, "phase": table.dose.name, "rate_of": "first" if table.first else "subsequent"}
        | dose_record(table.dose, table.duration, course.chair)
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
    return None if table.at is None else phrases.clock(table.at, time)


def pump_page(table: PumpTable) -> Iterator[Block]:
    """The pump table in full."""
    yield from top(table.course, table.findings)
    yield from attention(table.course, table.findings)
    yield Heading(pump_heading(table))
    if table.stop:
        yield Lines(tuple(after_stop.before_the_steps(table, sources=True)), listed=True)
    yield Lines(tuple(_conditions(table)), listed=True)
    yield from pump_block(table)
    if table.stop:
        yield Lines((after_stop.resumed(table, table.stop),), listed=True)
    yield from _before(table)
    yield from sheet_below(table.course, ("Monitoring", "Preparation"))
    yield from informed(table.course, table.findings)
    yield from cited_below(table.course, table.sources)


def _conditions(table: PumpTable) -> Iterator[str]:
    """On what the rates below hang, and what a reaction asks for; after a stop that stands beside the steps."""
    rules = table.course.regimen.drug_rules
    later = None if table.first else rules.monitoring.get(LATER_RATE)
    rises = rules.monitoring.get(GOING_UP) if table.rates.titration and not table.stop else None
    if later and table.rates.titration:
        yield later.short or later.text
    told = [] if rises is None else [rises.short or rises.text]
    if rules.reaction and rules.reaction.short and not table.stop:
        told.append(rules.reaction.short)
    if told:
        yield "; ".join(told)


def pump_heading(table: PumpTable) -> str:
    """Which infusion it is, and at which rate; that it is blocked, where it is."""
    dose = phrases.mg(table.dose.amount.dose)
    mark = ("BLOCKED, do not go on" if table.stop else "BLOCKED, do not run") if table.blocks else "Pump"
    if table.number is None:
        return f"{mark}: a later infusion of {table.dose.name}, {dose}{_other_phases(table)}"
    how = "first" if table.first else "later"
    told = f"{mark}: infusion {table.number}, {table.dose.name}, {dose}, at the rate of a {how} infusion"
    assumed = table.first and table.course.choices.from_maintenance and table.rates.titration
    return f"{told} (no earlier one was entered; after a tolerated one: --subsequent)" if assumed else told


def _other_phases(table: PumpTable) -> str:
    """How to have the phases with another dose: a later infusion may be meant to be one of theirs."""
    others = [each.name for each in table.course.phases if each.amount.dose != table.dose.amount.dose]
    return f" (or --phase {' or '.join(others)})" if others else ""


def pump_block(table: PumpTable) -> Iterator[Block]:
    """The bag, the rates, the steps and the whole time."""
    rates = f"rates: {rates_in_words(table.rates)}; start and duration in minutes"
    yield Lines((phrases.bag(table.dose.preparation), rates), listed=True)
    yield from steps_block(table)


def steps_block(table: PumpTable, after: str = "", *, tight: bool = False) -> Iterator[Block]:
    """The steps and the whole time, and what comes `after` it; `tight`: on a screen, where the heads have the unit."""
    timed = table.at is not None
    start, lasts = ("start min", "minutes") if tight else ("start", "duration")
    heads_ = [
        "#",
        start,
        *(["clock"] if timed else []),
        lasts,
        "mg/h",
        "mL/h",
        "mL",
        "dose",
        "cumulative",
    ]
    open_ = table.stop if table.stop and not table.stop.pause else None
    rows = [(step, _step(table, index, step, open_)) for index, step in enumerate(table.steps, 1)]
    sure = [(step.start, row) for step, row in rows if not step.as_tolerated]
    if open_:
        sure.insert(sum(start < open_.at for start, _ in sure), (open_.at, _stopped(table, open_)))
    yield Rows(tuple(heads_), tuple(row for _, row in sure), _RIGHT)
    if rows[-1][0].as_tolerated:
        yield Lines((after_stop.as_tolerated(table),))
        yield Rows(tuple(heads_), tuple(row for step, row in rows if step.as_tolerated), _RIGHT)
    more = _PLUS if open_ else ""
    end = f", ends at {_clock(table, table.duration)}{more}" if timed else ""
    total = f"Total: {phrases.time(table.duration)} ({phrases.minutes(table.duration)}){more}{end}{after}"
    yield Lines((total,), tight=tight)


_RIGHT = range(10)
_PLUS = " plus the stop"
"""What stands behind a time after a stop of which nobody has said how long it was."""


def _stopped(table: PumpTable, stop: Stop) -> tuple[str, ...]:
    """The row of a stop of which nobody has said how long it was."""
    clock = [phrases.clock(table.at, stop.at)] if table.at is not None else []
    return ("", people(stop.at), *clock, "not known", "STOP", "", "", "", "")


def _step(table: PumpTable, index: int, step: Step, open_: Stop | None) -> tuple[str, ...]:
    """A row of a step; after a stop whose length is `open_` its time is that without the stop, and says so."""
    later = " + stop" if open_ and step.start >= open_.at else ""
    clock = [phrases.clock(table.at, step.start) + later] if table.at is not None else []
    cells = [
        str(index),
        people(step.start) + ("" if clock else later),
        *clock,
        to_the_second(step.minutes),
        people(step.rate),
        people(step.flow, 1),
    ]
    dose = "pause" if step.paused else phrases.mg(step.dose)
    return (*cells, people(step.volume), dose, phrases.mg(step.cumulative))


def premedicated(table: PumpTable) -> str:
    """The premedication, each drug with the time by which it is given, if known.

    Without a clock it is left to the finding of the premedication, where there is one.
    """
    drugs = table.course.regimen.premedication.values()
    found = any(finding.key == _PREMEDICATION for finding in table.findings)
    if not drugs or (table.at is None and found):
        return ""
    told = (phrases.tall_man(table.course, drug.short or drug.text) + _by(table.at, drug) for drug in drugs)
    return f"premedication: {'; '.join(told)}"


def _by(at: int | None, drug: Premedication) -> str:
    """By when a drug is given, where that is known: ` (by 09:00)`, ` (finished by 09:00)`."""
    if at is None or drug.before is None:
        return ""
    finished = "finished " if drug.finished else ""
    return f" ({finished}by {phrases.clock(at, -drug.before * 100)})"


def _before(table: PumpTable) -> Iterator[Block]:
    """The premedication, with the clock where the infusion has one."""
    course = table.course
    drugs = (course.regimen.drug_rules.premedication | course.regimen.rules.premedication).items()
    rows = []
    for name, drug in drugs:
        rows.append((name, f"{phrases.tall_man(course, drug.text)}{_by(table.at, drug)}"))
    if rows:
        yield Heading(f"Premedication{': BLOCKED, do not give yet' if table.blocks else ''}")
        yield Pairs(tuple(rows), inset=True)


def pump_screen(table: PumpTable) -> Iterator[Block]:
    """The first screen of a pump table."""
    course = table.course
    yield from head(course, table.findings)
    grave = any(finding.severity == "caution" for finding in table.findings)
    yield Heading(pump_heading(table), SECTION if grave else PART)
    if table.stop:
        yield Lines(tuple(after_stop.before_the_steps(table, sources=False)), listed=True)
    before = premedicated(table) if table.stop is None else ""
    if before and table.blocks:
        before = f"BLOCKED, do not give yet: {before}"
    told = "made up before the stop: " if table.stop else "make up "
    made = made_up(course, table.dose, blocked=bool(table.blocks) and not table.stop, told=told) + ending(course)
    yield Lines((made, *([before] if before else []), *_conditions(table)), listed=True)
    stopped = "; if stopped, add --stopped-at MIN" if course.regimen.drug_rules.reaction and not table.stop else ""
    yield from steps_block(table, watched(course) + stopped, tight=True)
    if table.stop:
        yield Lines((after_stop.resumed(table, table.stop),), listed=True)
    found = [_told_above(each) for each in table.findings] if before else table.findings
    yield from infos(course, found, tight=bool(before) and table.at is not None)
    yield from foot(course, table.sources)


def _told_above(finding: Finding) -> Finding:
    """The finding of the premedication without its words, which stand above it with the clock; any other as it is."""
    return finding.but(short="see above the pump table") if finding.key == _PREMEDICATION else finding
