"""What is due to data and to its page: the next infusion, its bounds, and what was given."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.dates import add
from infusecalc.due import Bound, Due
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import PART, SECTION, Block, Heading, Lines, Pairs, Rows
from infusecalc.output.flat import Record, finding_record, with_findings
from infusecalc.output.page import attention, cited_below, informed, kept, top
from infusecalc.output.records import dose_record, heads, sources
from infusecalc.output.screen import ending, foot, formula, head, if_tolerated, infos, made_up, run_over, watched
from infusecalc.phase_dose import Infusion
from infusecalc.plan import Planned
from infusecalc.quantities import number
from infusecalc.spelling import counted
from infusecalc.statements import OWN_RULE, is_ours
from infusecalc.table import cited


class DueAnswer(Answer):
    """What `next` answers."""

    def __init__(self, due: Due) -> None:
        """What is due."""
        self.due, self.blocks = due, due.blocks
        self.foot, self.patient_id = phrases.footer(due.course), due.course.patient.id

    def document(self) -> Record:
        """`infusecalc.next/1`."""
        return due_document(self.due)

    def rows(self) -> Iterator[Record]:
        """One record."""
        return with_findings([due_row(self.due)], self.document())

    def page(self) -> Iterator[Block]:
        """What is due, in full."""
        return due_page(self.due)

    def screen(self) -> Iterator[Block]:
        """What is due, as a nurse reads it first."""
        return due_screen(self.due)


def due_document(due: Due) -> Record:
    """`infusecalc.next/1`."""
    return (
        {"schema": "infusecalc.next/1"}
        | heads(due.course)
        | {
            "start": str(due.course.plan.start) if due.course.plan else None,
            "given": [_given(due, index) for index in range(len(due.given))],
            "due": None
            if due.infusion is None
            else due_row(due) | dose_record(due.infusion.dose, due.infusion.time, due.course.chair),
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
    return {"date": str(infusion.planned.date)} | dose_record(infusion.dose, infusion.time, due.course.chair)


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


_NOT_JUDGED = "give --on today to see whether it is overdue"
_NO_LIMIT = "none found in our sources: ask before you move the date"
_GAPS = ("gap-unusual", "gap-above-label")
_COMPLETE = "The regimen is complete: nothing more is planned."
_REPEATABLE = "The course is complete. Whether another one follows is the prescriber's decision"


def due_page(due: Due) -> Iterator[Block]:
    """What is due, in full."""
    yield from top(due.course, due.findings)
    yield from attention(due.course, due.findings)
    yield Heading("Given")
    yield Rows(("#", "planned", "given", "what was given", "expected", "days"), tuple(_given_row(due)), right=(0,))
    if due.infusion is None:
        yield Heading("No infusion is due")
        yield Lines((_complete(due),), listed=True)
    else:
        yield from _due(due, due.infusion, due.infusion.planned.number)
    yield Heading("Late or missed")
    rows = [(name, phrases.tall_man(due.course, note.text)) for name, note in due.late]
    yield Pairs((*rows, *(("", said) for said in _interrupted(due))), inset=True)
    yield from informed(due.course, due.findings)
    yield from cited_below(due.course, due.sources)


def _complete(due: Due) -> str:
    """That nothing more is planned; of a course that may be repeated that another one is a decision, and on what."""
    repeats = [phase.repeat for phase in due.course.ordered.phases.values() if phase.repeat]
    if not any(repeat.planned == "asked" for repeat in repeats):
        return _COMPLETE
    told = any(finding.code == "evaluate" for finding in due.findings)
    return f"{_REPEATABLE}{': see evaluate' if told else ''}"


def _given_row(due: Due) -> Iterator[tuple[str, ...]]:
    for infusion in due.given:
        planned = infusion.planned
        amount = planned.given.amount if planned.given else None
        yield (
            str(planned.number),
            phrases.day(planned.by_plan),
            phrases.day(planned.date),
            "not stated" if amount is None else phrases.mg(amount),
            phrases.mg(infusion.dose.amount.dose),
            kept(planned, assumed=due.course.choices.start is None),
        )


def _due(due: Due, infusion: Infusion, place: int) -> Iterator[Block]:
    yield Heading(f"Due: infusion {place}, {infusion.dose.name}, {phrases.day(infusion.planned.date)}")
    anchor, since_last = due.course.choices.anchor, phrases.day(due.from_given or infusion.planned.due)
    late = f", {phrases.shift(due.late_days, 'later', 'earlier')} than planned" if due.late_days else ""
    moved = phrases.shift(infusion.planned.moved_days, f"later {phrases.CLOSED}", f"earlier {phrases.CLOSED}")
    rows = [
        ("original plan", f"{phrases.day(infusion.planned.by_plan)}{_taken(infusion.planned, anchor)}"),
        ("from the last infusion", f"{since_last}{' (used)' if anchor == 'given' else ''}{late}"),
        ("moved", moved or "not moved"),
        ("earliest", _bound(due.earliest)),
        ("latest", _bound(due.latest)),
        ("dose", phrases.marked(_dose(infusion), blocked=bool(due.blocks))),
        ("bag", phrases.bag(infusion.dose.preparation)),
        ("time", phrases.time(infusion.time)),
    ]  # set in rows # fmt: skip
    if due.days_left is None:
        rows.insert(0, ("as of", f"not said; {_NOT_JUDGED}"))
    else:
        left = phrases.shift(due.days_left, "to go", "overdue") or "today"
        rows.insert(0, ("as of", f"{due.course.choices.on}: {left}"))
    then = due.if_given
    if then is not None:
        made = phrases.bag(then.dose.preparation)
        dose = phrases.marked(_dose(then), blocked=bool(due.blocks))
        rows.insert(1, (_if_given_on(due), f"{dose}; {made}; {phrases.time(then.time)}{_only_if(due)}"))
    yield Pairs(tuple(rows), inset=True)


def _dose(infusion: Infusion) -> str:
    """A dose with its weight and its vials: `5 mg/kg at 70 kg (154.3 lb): 350 mg, 4 x 100 mg`."""
    dose = infusion.dose
    at = f"{dose.asked.people} at {phrases.weight(dose.patient.weight)}"
    return f"{at}: {phrases.mg(dose.amount.dose)}, {phrases.vials(dose.preparation.vials)}"


def _if_given_on(due: Due) -> str:
    return f"if given on {due.course.choices.on}"


def _only_if(due: Due) -> str:
    """What stands beside an infusion after a gap that a finding speaks of: it is not to be read without that.

    Where no label was found to speak of a late one, or none of a set that was interrupted, the prescriber is asked.
    """
    codes = [each.code for each in due.findings if each.code in _GAPS and due.place in (each.infusions or ())]
    if codes:
        return f" - only if the prescriber decides so: see {codes[0]}"
    unknown = not due.late or any(is_ours(note.source) for _, note in due.late)
    return " - ask the prescriber first" if unknown or any(_interrupted(due)) else ""


def _taken(item: Planned, anchor: str) -> str:
    """Whether the plan's own date was taken, or which one in its place."""
    if anchor != "planned":
        return ""
    return " (used)" if item.due == item.by_plan else f" left out; {phrases.day(item.due)} (used)"


def _bound(bound: Bound | None) -> str:
    return _NO_LIMIT if bound is None else f"{phrases.day(bound.date)}: {bound.text} ({phrases.cited(bound.source)})"


def due_screen(due: Due) -> Iterator[Block]:
    """The first screen of what is due."""
    course = due.course
    yield from head(course, due.findings)
    yield Lines((_last_given(due),))
    if due.infusion is None:
        yield Heading("No infusion is due")
        yield Lines((_complete(due),), listed=True)
    else:
        yield from _due_first(due, due.infusion)
    if (due.days_left or 0) < 0:
        yield Lines(tuple(_late_first(due)), listed=True)
    yield from infos(course, due.findings)
    yield from foot(course, due.sources)


def _late_first(due: Due) -> Iterator[str]:
    """What is said of a late or a missed infusion, but for what a finding above says word for word."""
    for _, note in due.late:
        if not any(note.text in finding.message for finding in due.findings):
            yield phrases.tall_man(due.course, note.text)
    yield from _interrupted(due)


def _interrupted(due: Due) -> Iterator[str]:
    """That nothing is known of a set of infusions that was interrupted, where the table has no rule for that."""
    rule, infusion = due.course.regimen.drug_rules.unusual_gap, due.infusion
    known = rule is not None and rule.late is not None
    if infusion and not infusion.planned.head and (due.days_left or 0) < 0 and not known:
        nothing = "no statement found in our sources, which does not mean that going on is safe"
        yield f"{infusion.planned.phase} interrupted: {nothing}; ask the prescriber whether to go on or to begin again"


def _last_given(due: Due) -> str:
    """The last infusion given; those that were early, or of another dose, are told by their findings."""
    last = due.given[-1]
    amount = last.planned.given.amount if last.planned.given else None
    what = "dose not entered" if amount is None else phrases.mg(amount)
    when = kept(last.planned, assumed=due.course.choices.start is None)
    number = counted(len(due.given), "infusion")
    return f"Given: {number}, the last on {phrases.day(last.planned.date)} ({when}; {what}){_first_of_pair(due)}"


def _first_of_pair(due: Due) -> str:
    """Where maintenance alone is planned, and begins with several infusions: that the first given is one of them."""
    first = due.given[0]
    if not due.course.choices.from_maintenance or len(first.dose.phase.offsets) == 1:
        return ""
    days = phrases.block(first.dose.phase)
    return (
        f"; {first.planned.date} is counted as the first of maintenance, which begins on {days}: enter all since then"
    )


def _due_first(due: Due, infusion: Infusion) -> Iterator[Block]:
    """The infusion that is due: when, its dose, how it is made up, and the dates that a source gives.

    What has changed since a date that has passed (a newer weight, the first rate again) is told as it is now.
    """
    course, planned = due.course, infusion.planned
    left = "" if due.days_left is None else phrases.shift(due.days_left, "to go", "overdue") or "today"
    as_of = f" ({left}, as of {course.choices.on})" if left else ""
    grave = any(finding.severity == "caution" for finding in due.findings)
    heading = f"Due: infusion {planned.number}, {planned.phase}, {phrases.day(planned.date)}{as_of}"
    yield Heading(heading, SECTION if grave else PART)
    if not left:
        yield Lines((f"({_NOT_JUDGED})",), listed=True)
    lines, told = _making(course, infusion, blocked=bool(due.blocks)), ""
    now = lines if due.if_given is None else _making(course, due.if_given, blocked=bool(due.blocks))
    if now != lines:
        told, lines = f"{_if_given_on(due)}: ", (now[0] + _only_if(due), *now[1:])
    yield Lines((told + lines[0], *lines[1:]), listed=True)
    rows = [("earliest", _bound_first(due.earliest)), ("latest", _bound_first(due.latest))]
    if due.earliest is due.latest is None:
        rows = [("earliest and latest", _bound_first(None))]
    rows = [*_why_that_day(due, infusion), *rows]
    moved = phrases.shift(planned.moved_days, f"later {phrases.CLOSED}", f"earlier {phrases.CLOSED}")
    if moved:
        rows.append(("moved", moved))
    if due.if_given is not None:
        name = f"planned for {planned.date}" if told else _if_given_on(due)
        shown, only = (infusion, "") if told else (due.if_given, _only_if(due))
        rows.append((name, f"{phrases.mg(shown.dose.amount.dose)}, {phrases.time(shown.time)}{only}"))
    yield Pairs(tuple(rows), inset=True)


def _why_that_day(due: Due, infusion: Infusion) -> Iterator[tuple[str, str]]:
    """The original plan's date, and the one from the last infusion, where they differ; from where a course counts."""
    planned, anchor = infusion.planned, due.course.choices.anchor
    if planned.by_plan != planned.date or planned.by_plan != due.from_given:
        yield "original plan", phrases.day(planned.by_plan)
        since_last = phrases.day(due.from_given or planned.due)
        if anchor == "given":
            moved = phrases.shift(due.late_days or 0, "later", "earlier")
            how = f"moved {moved} with the last infusion" if moved else "counted from the last infusion"
            yield "used here", f"{since_last}, {how} ({OWN_RULE}; see --anchor)"
        else:
            yield "from the last infusion", since_last
    repeat = infusion.dose.phase.repeat
    firsts = [each.planned.date for each in due.given if each.planned.head and each.planned.phase == planned.phase]
    if repeat and planned.head and firsts and add(firsts[-1], repeat.every) == planned.due:
        yield "counted from", f"{phrases.day(firsts[-1])}, the first infusion of the course before: {repeat.every}"


def _making(course: Course, infusion: Infusion, *, blocked: bool) -> tuple[str, ...]:
    """The dose with its arithmetic, what it is made up from, and how long it runs."""
    rates = course.running.rates(infusion.planned.number, first=infusion.first)
    condition = "" if infusion.first else if_tolerated(course, rates)
    time = run_over(infusion.time, rates, condition) + watched(course)
    made = made_up(course, infusion.dose, blocked=blocked) + ending(course)
    return phrases.marked(formula(course, infusion.dose), blocked=blocked), made, time


def _bound_first(bound: Bound | None) -> str:
    return _NO_LIMIT if bound is None else f"{phrases.day(bound.date)}: {bound.text}"
