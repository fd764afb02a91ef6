"""A pump table with a stop in it to what is said of it: a severe reaction first, what had gone in, how it goes on."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.output import phrases
from infusecalc.output.flat import Record
from infusecalc.pump import Stop
from infusecalc.pump_table import PumpTable
from infusecalc.quantities import people, plain
from infusecalc.statements import is_ours
from infusecalc.table import cited


def record(table: PumpTable) -> Record | None:
    """What is said of the steps after a stop, a severe reaction first; None where there was no stop."""
    said, reaction = table.course.house.after_stop, table.course.regimen.drug_rules.reaction
    if table.stop is None or reaction is None:
        return None
    return {
        "severe": said.severe,
        "reaction": reaction.text,
        "as_tolerated": said.as_tolerated,
        "source": cited((*said.source, *reaction.source)),
    }


def before_the_steps(table: PumpTable, *, sources: bool) -> Iterator[str]:
    """What is to be known before the steps after a stop are read; without `sources`, what is our own rule says so."""
    said, reaction = table.course.house.after_stop, table.course.regimen.drug_rules.reaction
    told = [(said.severe, said.source), *([(reaction.text, reaction.source)] if reaction else [])]
    for text, source in told:
        named = phrases.cited(source) if sources or is_ours(source) else ""
        yield phrases.tall_man(table.course, text) + (f" ({named})" if named else "")
    if table.stop and not table.stop.pause:
        yield "No --pause was given: add the length of the stop to every time below marked + stop or plus the stop"


def as_tolerated(table: PumpTable) -> str:
    """What stands above the steps that go up again."""
    said = table.course.house.after_stop
    return f"As tolerated ({phrases.cited(said.source)}): {said.as_tolerated}"


def resumed(table: PumpTable, stop: Stop) -> str:
    """What had gone in when it was stopped, and how it goes on."""
    gone = [step for step in table.steps if step.start < stop.at]
    volume, dose = sum(step.volume for step in gone), gone[-1].cumulative
    left, bag = table.dose.amount.dose - dose, table.dose.preparation.bag * 100
    lower = next(step for step in table.steps if step.start == stop.at + stop.pause)
    goes_up = table.steps[-1].as_tolerated
    how_long = f"for {phrases.minutes(lower.minutes)}" if goes_up else "to the end"
    then = ", then go up as tolerated" if goes_up else ""
    given = f"Stopped after {phrases.minutes(stop.at)}: {phrases.mg(dose)} in {people(volume)} mL had gone in"
    rest = f"{phrases.mg(left)} in {people(bag - volume)} mL were left"
    return f"{given}, {rest}; if it goes on: {how_long} at {plain(stop.resume)} % of the rate at the stop{then}"
