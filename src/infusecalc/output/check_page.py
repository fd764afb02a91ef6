"""An order that was checked to data and to its page: the difference, the verdict, the likely mistake."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.order_check import MATCH, OUTSIDE, WITHIN_ROUNDING, Verdict
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import PART, Banner, Block, Heading, Pairs, Rows
from infusecalc.output.flat import Record, finding_record, with_findings
from infusecalc.output.page import attention, cited_below, informed, top
from infusecalc.output.records import heads, sources
from infusecalc.output.screen import foot, head, infos
from infusecalc.quantities import number, people, plain
from infusecalc.statements import Phase
from infusecalc.table import cited

_SIGNED = ("person", "name", "initials", "date", "time")


class CheckAnswer(Answer):
    """What `check` answers."""

    def __init__(self, verdict: Verdict) -> None:
        """A verdict."""
        self.verdict, self.blocks = verdict, verdict.blocks
        self.failed = f"the order is outside {_giver(verdict)}" if verdict.failed else None
        self.foot, self.patient_id = phrases.footer(verdict.course), verdict.course.patient.id

    def document(self) -> Record:
        """`infusecalc.check/1`."""
        return check_document(self.verdict)

    def rows(self) -> Iterator[Record]:
        """One record."""
        return with_findings([check_row(self.verdict)], self.document())

    def page(self) -> Iterator[Block]:
        """The verdict in full."""
        return check_page(self.verdict)

    def paper(self) -> Iterator[Block]:
        """The verdict in full, with lines for two people to sign."""
        return check_page(self.verdict, signed=True)

    def screen(self) -> Iterator[Block]:
        """The verdict as a pharmacist reads it first."""
        return check_screen(self.verdict)


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
        "ordered_basis": None if verdict.basis is None else str(verdict.basis),
        "sentence": sentence(verdict),
    }


def sentence(verdict: Verdict) -> str:
    """The verdict as a sentence; where the plan is blocked, both in one: no order is right there without that."""
    if not verdict.blocks:
        return f"{_told(verdict)}.{_unchecked(verdict)}"
    joined = "and" if verdict.failed else "but"
    return f"{_told(verdict)}, {joined} the plan is blocked: {', '.join(verdict.blocks)}."


def _unchecked(verdict: Verdict) -> str:
    """What was not checked, where an order is right as far as it was: no interval was entered, or it has days alone."""
    if verdict.every is not None or verdict.failed:
        return ""
    phase = verdict.dose.phase
    if phase.interval or (not verdict.told and any(dose.phase.interval for dose in verdict.course.phases)):
        return " The interval was not entered, so not checked (--ordered-every)."
    return f" Its days ({phrases.block(phase)}) were not checked." if len(phase.offsets) > 1 else ""


def _told(verdict: Verdict) -> str:
    """The verdict without what blocks: the order, and what it is held against where it is not that."""
    ordered, expected = phrases.mg(verdict.ordered), phrases.mg(verdict.expected)
    every = "" if verdict.every is None else f" every {verdict.every}"
    where = "" if verdict.told or len(verdict.course.phases) == 1 else f" for {verdict.dose.name}"
    of_a_block = verdict.every is not None and len(verdict.dose.phase.offsets) > 1
    if verdict.verdict == MATCH and verdict.blocks:
        return f"The dose matches{where} ({ordered})"
    what, held = "dose" if verdict.every is None else "order", _held_against(verdict)
    if verdict.verdict == MATCH:
        meant = f", where that means {expected}{_regimen_gives(verdict)}" if of_a_block else ""
        return f"The {what} matches {held}{where}: {ordered}{every}{meant}"
    against = f"{ordered}{every}; {_giver(verdict)} gives {expected}{_regimen_gives(verdict)}"
    if verdict.verdict == WITHIN_ROUNDING:
        share = plain(verdict.course.choices.rounding.most(verdict.course.house.rounding.within))
        return f"The {what} is within rounding (up to {share} %) of {held}{where}: {against}"
    if verdict.failed:
        likely = f" (likely mistake: {verdict.mistakes[0].message})" if verdict.mistakes else ""
        return f"The order is outside {held}{where}: {against}{likely}"
    if verdict.conditions:
        return f"IN RANGE ON A CONDITION: {_on_condition(verdict, where)}"
    alone = f", for {phrases.block(verdict.dose.phase)} alone" if verdict.within_block else ""
    return f"The {what} is within what the source allows{alone}: {against}"


def _held_against(verdict: Verdict) -> str:
    """What the order is held against: the regimen, or what was entered in its place, told with the regimen's own."""
    if not verdict.entered:
        return "the regimen"
    entered, own = (" ".join(each) for each in zip(*verdict.entered, strict=True))
    return f"what was entered ({entered}; the regimen has {own})"


def _giver(verdict: Verdict) -> str:
    """What the expected dose comes from."""
    return "what was entered" if verdict.entered else "the regimen"


def _on_condition(verdict: Verdict, where: str) -> str:
    """An order that is right on a condition alone: how far from the regimen it is, who decides, and the condition."""
    more = "" if verdict.dose_verdict == MATCH else f" ({verdict.percent})"
    every = "" if verdict.every is None else f" every {verdict.every}"
    regimen = f"{_giver(verdict)} gives {phrases.mg(verdict.expected)}{_regimen_gives(verdict)}{where}"
    labelled = verdict.course.regimen.rules.status.is_ == "labelled"
    how = "only on this condition" if labelled else "as the source has it"
    conditions = "; ".join(verdict.conditions)
    asked = f"Ask the prescriber; it is in range {how}: {conditions}"
    return f"ordered {phrases.mg(verdict.ordered)}{more}{every}; {regimen}. {asked}"


def _regimen_gives(verdict: Verdict) -> str:
    """The rhythm of the regimen, where an interval was ordered: ` every 8 weeks`, ` on days 0 and 14; ...`."""
    phase = verdict.dose.phase
    if verdict.every is None:
        return ""
    if len(phase.offsets) == 1:
        return f" every {phase.interval}"
    if phase.repeat:
        return f" on {phrases.block(phase)}; {_apart(phase)}"
    return f" on {phrases.block(phase)}" + (f", then every {phase.interval}" if phase.interval else "")


def _apart(phase: Phase) -> str:
    """How far the courses of a phase are apart."""
    which = "further courses, if any," if phase.repeat and phase.repeat.planned == "asked" else "courses"
    return f"{which} start {phase.interval} apart"


def check_page(verdict: Verdict, *, signed: bool = False) -> Iterator[Block]:
    """The verdict in full; `signed`: with lines for two people."""
    yield from _outside(verdict)
    yield from top(verdict.course, verdict.findings)
    yield from attention(verdict.course, verdict.findings)
    yield Heading(sentence(verdict))
    yield Pairs(_verdict_rows(verdict), inset=True)
    if signed:
        yield Heading("Checked by")
        yield Rows(_SIGNED, (("1", "", "", "", ""), ("2", "", "", "", "")), boxes=True)
    yield from informed(verdict.course, verdict.findings)
    yield from cited_below(verdict.course)


def _outside(verdict: Verdict) -> Iterator[Block]:
    """That the order is outside, above all else; nothing where it is not."""
    if verdict.failed:
        yield Banner((f"OUTSIDE: {sentence(verdict)}",))


def _verdict_rows(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """The order against the regimen, row by row."""
    sign = "+" if verdict.ordered > verdict.expected else ""
    difference = f"{sign}{people(verdict.ordered - verdict.expected)} mg, {verdict.percent}"
    own = verdict.dose.phase.interval
    basis = "" if verdict.basis is None else f" ({verdict.basis.people})"
    entered = ", as entered" if verdict.entered else ""
    rows = [
        ("verdict", f"{'BLOCK ' if verdict.verdict == OUTSIDE else ''}{verdict.verdict}"),
        ("ordered", f"{phrases.mg(verdict.ordered)}{basis}"),
        ("expected", f"{phrases.mg(verdict.expected)} ({verdict.dose.name}: {verdict.dose.asked.people}{entered})"),
        ("difference", f"{difference}: {verdict.dose_verdict}"),
    ]
    if verdict.every is not None:
        expected = f"every {own}" if own else phrases.block(verdict.dose.phase)
        rows.append(("interval", f"every {verdict.every}, expected {expected}: {verdict.interval_verdict}"))
        if verdict.dose.phase.repeat:
            rows.append(("", f"--ordered-every: {phrases.COURSE_TO_COURSE}; expected here: {own}"))
    rows += [("", note) for note in verdict.notes]
    if not verdict.told and len(verdict.course.phases) > 1:
        others = " or ".join(dose.name for dose in verdict.course.phases if dose.name != verdict.dose.name)
        rows.append(("", f"no --phase was given: checked as {verdict.dose.name} (others: --phase {others})"))
    rows += [(f"mistake: {mistake.code}", mistake.message) for mistake in verdict.mistakes]
    return tuple(rows)


def check_screen(verdict: Verdict) -> Iterator[Block]:
    """The first screen of an order that was checked."""
    yield from _outside(verdict)
    yield from head(verdict.course, verdict.findings)
    said = {"verdict", "ordered"}
    if verdict.failed:
        said |= {f"mistake: {each.code}" for each in verdict.mistakes[:1]}  # in the sentence above
    else:
        yield Heading(sentence(verdict), PART)
    yield Pairs(tuple(row for row in _verdict_rows(verdict) if row[0] not in said), inset=True)
    yield from infos(verdict.course, verdict.findings)
    yield from foot(verdict.course)
