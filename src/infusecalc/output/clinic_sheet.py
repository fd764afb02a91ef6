"""A dated Course to the clinic's own sheet: in front what is done and written, overleaf what it rests on.

In front: the patient, blocks and cautions, what to make up, the dates with boxes to write in, and what else is to be
known. Overleaf, in small print: preparation, pump, monitoring, working, sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infusecalc.course import Course
from infusecalc.output import phrases
from infusecalc.output.blocks import Block, Heading, Lines, Pairs, Rows
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.output.page import attention, changes, cited_below, informed, mark, more, sheet_below, timed, top
from infusecalc.output.pump_page import pump_block
from infusecalc.output.screen import cannot_wait, formula, groups, made_up, observed
from infusecalc.output.working import working
from infusecalc.phase_dose import Infusion
from infusecalc.pump import Load
from infusecalc.pump_table import make_pump_table

_BOXES = ("given dose", "time given", "lot", "initials 1", "initials 2")
_TOLD_BY_FINDINGS = ("Before the first infusion", "Other drugs to give")
"""The sections that findings say word for word."""


def clinic_page(
    course: Course,
    clinic: ClinicDetails,
    *,
    at: int | None = None,
    totals: bool = False,
    view: str = "table",
    first_weekday: int = 0,
) -> Iterator[Block]:
    """The blocks of the sheet."""
    yield from _head(course, clinic)
    yield from attention(course)
    yield from _made_up(course)
    yield from _record(course, at)
    yield Lines((f"{phrases.totals(course)}; {phrases.horizon(course, phrases.long_date)}",))
    yield from changes(course, phrases.long_date)
    yield from more(course, totals=totals, view=view, first_weekday=first_weekday, said=phrases.long_date)
    yield from informed(course)
    yield from _overleaf(course)


def _head(course: Course, clinic: ClinicDetails) -> Iterator[Block]:
    """What blocks; who and what; in which rhythm; where, if the clinic has said that."""
    phases = dict.fromkeys(phrases.heading(infusion.dose) for infusion in course.infusions)
    said = (("Clinic", clinic.name), ("Telephone", clinic.telephone), ("Emergency number", clinic.emergency))
    also = ("Plan", "; ".join(phases)), *((name, text) for name, text in said if text)
    yield from top(course, long=True, also=also)


def _made_up(course: Course) -> Iterator[Block]:
    """What each bag is made up from, doses that are the same but for their phase once."""
    rows = []
    for group in groups(infusion.dose for infusion in course.infusions):
        same = [infusion for infusion in course.infusions if infusion.dose in group]
        phases = ", ".join(dict.fromkeys(infusion.planned.phase for infusion in same))
        made = made_up(course, group[0], blocked=course.blocked)
        rows.append((_which(same), f"{phases}: {formula(course, group[0])}; {made}"))
    if cannot_wait(course):
        rows.append(("Each bag", cannot_wait(course)))
    if observed(course):
        rows.append(("Afterwards", observed(course)))
    yield Heading("Make up")
    yield Pairs(tuple(rows))


def _which(infusions: Iterable[Infusion]) -> str:
    """Infusions by their numbers: `Infusions 1 to 8`, `Infusion 3`."""
    numbers = tuple(infusion.planned.number for infusion in infusions)
    return f"Infusion{'' if len(numbers) == 1 else 's'} {phrases.ranges(numbers)}"


def _record(course: Course, at: int | None) -> Iterator[Block]:
    """A row for each infusion: when and how much, and boxes to be filled in by hand."""
    clock = () if at is None else (phrases.clock(at, 0),)
    rows = []
    for infusion in course.infusions:
        planned = infusion.planned
        given = phrases.mg(planned.given.amount) if planned.given and planned.given.amount is not None else ""
        dose = phrases.mg(infusion.dose.amount.dose)
        date = phrases.long_date(planned.date)
        first = (mark(course, planned.number), str(planned.number), date, *clock, dose, timed(infusion))
        rows.append((*first, given, *("" for _ in _BOXES[1:])))
    heads = ("", "#", "date", *("at" for _ in clock), "dose", "duration", *_BOXES)
    yield Heading("Infusions")
    yield Rows(heads, tuple(rows), right=(1, 3 + len(clock)), boxes=True)


# --- overleaf ---------------------------------------------------------------------------------------------


def _overleaf(course: Course) -> Iterator[Block]:
    """What the front rests on, its first heading on a page of its own."""
    first = ("Premedication", "Preparation", f"Storage of {course.product_name}")
    blocks = [
        *sheet_below(course, first),
        *_pumps(course),
        *sheet_below(course, but=(*first, *_TOLD_BY_FINDINGS)),
        *_working(course),
        *cited_below(course),
    ]
    head, *rest = blocks
    yield head.but(overleaf=True)
    yield from rest


def _working(course: Course) -> Iterator[Block]:
    """The working of each dose, once for all infusions that have the same."""
    told: dict[tuple[str, ...], list[Infusion]] = {}
    for infusion in course.infusions:
        told.setdefault(tuple(working(course, infusion.dose)), []).append(infusion)
    for lines, same in told.items():
        which = _which(same)
        yield Heading(f"Working, {which[0].lower()}{which[1:]}")
        yield Lines(lines, listed=True)


def _pumps(course: Course) -> Iterator[Block]:
    """The pump table of each dose and way to run it, once."""
    seen: set[tuple[Load, int | None]] = set()
    for infusion in course.infusions:
        key = infusion.dose.load, infusion.time
        if infusion.time is None or key in seen:
            continue
        seen.add(key)
        table = make_pump_table(course, number=infusion.planned.number)
        same = [each.planned.number for each in course.infusions if (each.dose.load, each.time) == key]
        yield Heading(f"Pump, infusion{'s' if len(same) > 1 else ''} {phrases.ranges(tuple(same))}")
        yield from pump_block(table)
