"""A Course to one screen, what a nurse reads first: blocks, cautions, doses, make-up, times and dates, then the rest.

Nothing is worked out here that the full page does not have: it is told in fewer words, from the same data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from infusecalc.arithmetic import hundredths_of_minutes
from infusecalc.course import Course
from infusecalc.errors import escape
from infusecalc.findings import Finding, together
from infusecalc.output import phrases
from infusecalc.output.blocks import PART, SECTION, TITLE, Block, Findings, Heading, Lines, Rows
from infusecalc.output.entered import NOT_CHECKED, conditions
from infusecalc.output.page import blocked, changes, more, timed, told, when
from infusecalc.phase_dose import Infusion, PhaseDose, last_number
from infusecalc.pump import Rates
from infusecalc.quantities import people, plain
from infusecalc.statements import GRADES, SITE, Note

_NO_READING = ("derived", "house")
"""Grades of what was not read anywhere: arithmetic, and our own limits."""
GOING_UP, LATER_RATE = "going-up", "later-rate"
"""The rules of when a rate may rise, and of when that of a later infusion is used."""
RECONSTITUTION = "reconstitution"
"""The rule of how a powder is dissolved: it stands first, beside the vials."""


def course_screen(
    course: Course, *, totals: bool = False, view: str = "table", first_weekday: int = 0
) -> Iterator[Block]:
    """The first screen of a look-up, or of a dated course; `view` and `totals` add what was asked for."""
    yield from head(course, course.findings)
    shown = groups(course.phases if course.plan is None else [infusion.dose for infusion in course.infusions])
    alone = len(shown) == 1
    grave = any(finding.severity == "caution" for finding in course.findings)
    for index, group in enumerate(shown):
        yield Heading(_what_and_when(course, group), SECTION if alone or (grave and index == 0) else PART)
        made, time = made_up(course, group[0], blocked=course.blocked), _runs(course, group, alone=alone)
        lines = (made + ending(course), time) if alone else (f"{made}; {time}",)
        yield Lines(lines, listed=True)
    if not alone and cannot_wait(course):
        yield Lines((f"Each bag: {cannot_wait(course)}",), listed=True)
    if course.plan:
        rows = tuple(_row(course, infusion) for infusion in course.infusions)
        cause = " (!: those that cause it)" if any(row[0] for row in rows) else ""
        yield Heading(f"Dates: BLOCKED, do not book or give any{cause}" if course.blocked else "Dates")
        yield Rows(_HEADS, rows, right=(1, 3, 5))
        yield Lines((f"{phrases.totals(course)}; {phrases.horizon(course)}",), listed=True)
        yield from changes(course)
        yield from more(course, totals=totals, view=view, first_weekday=first_weekday)
    yield from infos(course, _not_above(course), tight=not (alone or course.plan))
    yield from foot(course)


def _not_above(course: Course) -> list[Finding]:
    """The findings but for the window of a phase, where there are no dates: with its code it is in the phase, above."""
    undated = course.plan is None and not course.choices.from_maintenance
    above = [(dose.name,) for dose in course.phases if undated and phrases.begun(dose) != dose.name]
    return [each for each in course.findings if each.code != "start-window" or each.phases not in above]


_HEADS = ("", "#", "date", "day", "phase", "dose", "duration")


def groups(doses: Iterable[PhaseDose]) -> list[list[PhaseDose]]:
    """Doses that are the same but for their phase, told once."""
    found: dict[object, list[PhaseDose]] = {}
    for dose in doses:
        group = found.setdefault((dose.asked, dose.place, dose.amount, dose.preparation, dose.patient), [])
        if dose not in group:
            group.append(dose)
    return list(found.values())


def head(course: Course, findings: Iterable[Finding]) -> Iterator[Block]:
    """What blocks, above all else; who and what; and what asks for a second look: both told whole."""
    listed = list(findings)
    yield from blocked(course, listed)
    title, about = phrases.regimen(course)
    about = (
        about.removeprefix(course.regimen.id).removeprefix(", ").replace(", labelled,", ",").removesuffix(", labelled")
    )
    yield Heading(f"{title} ({about}; {course.product_name})", TITLE)
    named = f"{escape(course.patient.id)}: " if course.patient.id is not None else ""
    lines = [named + phrases.patient(course.patient, course.day)]
    if len(course.patient.weights) > 1:
        lines.append(f"weights: {phrases.weights(course.patient)}")
    unaged = [f"{each.key}: {each.short}" for each in listed if each.code == _UNAGED and not course.conditions]
    lines.append("; ".join((NOT_CHECKED, *unaged)) if unaged else conditions(course))
    yield Lines(tuple(lines))
    rows = tuple((each, told(course, each)) for each in together(listed) if each.severity == "caution")
    if rows:
        yield Findings(rows, brief=True)


_UNAGED = "age-unknown"


def infos(course: Course, findings: Iterable[Finding], *, tight: bool = False) -> Iterator[Block]:
    """What else is to be known, by its short text; what was done before the start, or stands above, is left out."""
    above = () if course.conditions else (_UNAGED,)
    listed = [each for each in findings if each.severity == "info" and not each.done and each.code not in above]
    rows = tuple((each, phrases.tall_man(course, each.short or each.message)) for each in listed)
    if rows:
        yield Findings(rows, brief=True, tight=tight)


def foot(course: Course, sources: Iterable[str] | None = None) -> Iterator[Block]:
    """What the dose was read in with its date, the weakest grade of all sources, the table's version, where more is."""
    grades = {course.table.source(each).grade for each in (course.sources if sources is None else sources)}
    lowest = max(grades.difference(_NO_READING) or {GRADES[-1]}, key=(*GRADES, SITE).index)
    least = f"weakest source: {lowest}{_MEANT.get(lowest, '')}"
    if lowest == "recalled":
        parts = ", ".join(course.unread)
        least = f"{'' if parts else 'in part '}assumed, in no label (pharmacist to confirm){parts and f': {parts}'}"
    version = course.table.version + (" with a site's file" if any(file.local for file in course.table.files) else "")
    signed = f", {course.site.whole.said}" if course.site.whole else ""
    yield Lines((f"{_behind(course)}; {least}{signed}; table {version}; more: --full",), tight=True)


_MEANT = {"secondary": " (a text about a label or trial)"}


def _behind(course: Course) -> str:
    """What the dose was read in: the label, or off-label what its schedule comes from; another brand's is called so."""
    rules, table = course.regimen.rules, course.table
    off_label = rules.status.is_ == "off-label"
    cited = [*(each for dose in course.phases for each in dose.phase.source)] if off_label else [*rules.status.source]
    grade = {each.id: table.source(each.id).grade for each in cited}
    wanted = (lambda id_: grade[id_] not in _NO_READING) if off_label else (lambda id_: grade[id_] == "label")
    source = table.source(next(filter(wanted, grade), cited[0].id))
    title = re.split(r"[:,(]", source.title)[0].strip()
    told = f"{title} ({'undated' if source.date == 'unknown' else source.date})"
    if off_label:
        return f"Schedule from: {told}; not on the {course.regimen.label} label"
    if course.product_name in title:
        return told
    others = (table.text("products", each, "name") for each in table.names("products"))
    brand = any(name in title for name in others)
    return f"From {'the text of another brand' if brand else 'the text'}: {told}"


# --- one dose ---------------------------------------------------------------------------------------------


def formula(course: Course, dose: PhaseDose) -> str:
    """A dose with its arithmetic: `350 mg = 5 mg/kg x 70 kg`."""
    asked, amount, patient = dose.asked, dose.amount, dose.patient
    text = phrases.mg(amount.exact)
    if asked.basis == "mg":
        text += "" if dose.place else " (flat dose)"
    else:
        size = f"{people(patient.weight)} kg" if asked.basis == "mg/kg" else f"{plain(patient.bsa or 0)} m2"
        uncapped = asked.uncapped(patient.weight, patient.bsa)
        text = f"{phrases.mg(uncapped)} = {asked.but(most=None).people} x {size}"
        if uncapped != amount.exact:
            text = f"{phrases.mg(amount.exact)}, the cap ({text})"
    if amount.applied:
        change = amount.change(course.choices.rounding.most(course.house.rounding.within))
        text = f"{phrases.mg(amount.dose)}, rounded ({change}) from {text}"
    return f"{text} ({dose.place})" if dose.place else text


def _what_and_when(course: Course, doses: list[PhaseDose]) -> str:
    """A dose with its arithmetic, and where there are no dates when it is given."""
    follows = not course.choices.from_maintenance
    named = ((phrases.begun(dose) if follows else dose.name, dose.phase) for dose in doses)
    when = "; ".join(f"{name}: {phrases.rhythm(phase, follows=follows)}" for name, phase in named)
    if course.plan:
        numbers = tuple(each.planned.number for each in course.infusions if each.dose in doses)
        when = "" if len(numbers) == len(course.infusions) else phrases.numbered(numbers)
    return phrases.marked(formula(course, doses[0]), blocked=course.blocked) + (f", {when}" if when else "")


def made_up(course: Course, dose: PhaseDose, *, blocked: bool = False, told: str = "make up ") -> str:
    """What one infusion is made up from: `make up 4 x 100 mg, each vial dissolved in ...: 35 mL of drug into ...`.

    Where the vials are a powder, what they are dissolved in stands beside them, or at the least their strength.
    It is `told` to be made up, or that it was, unless the plan is blocked.
    """
    made, powder = dose.preparation, course.handling.get(RECONSTITUTION)
    waste = f", {phrases.mg(made.waste)} waste" if made.waste else ""
    dissolved = "" if powder is None else f", {dissolving(course, powder)}"
    text = f"{phrases.vials(made.vials)}{dissolved}: {phrases.bag(made)}{waste}"
    return phrases.marked(text, blocked=True) if blocked else f"{told}{text}"


def dissolving(course: Course, powder: Note) -> str:
    """What the powder in a vial is dissolved in; a site's file may have no short words for it."""
    strength = f"{plain(course.product.vials.concentration, 3)} mg/mL"
    return f"{powder.short}, {strength}" if powder.short else f"reconstituted to {strength}"


def ending(course: Course) -> str:
    """The end of a line that says how a bag is made up."""
    return f"; {cannot_wait(course)}" if cannot_wait(course) else ""


def cannot_wait(course: Course) -> str:
    """What must be known as the bag is made up, beside what it is made from: the rules that have a short text."""
    return "; ".join(note.short for name, note in course.handling.items() if note.short and name != RECONSTITUTION)


def _runs(course: Course, doses: list[PhaseDose], *, alone: bool) -> str:
    """How long an infusion takes, the first of the course apart, and how long the patient is watched."""
    later, first = doses[0].later_time, doses[0].first_time
    rates = course.running.rates(last_number(course.ordered, doses[0].name), first=False)
    condition = if_tolerated(course, rates)
    if doses[0].name == course.phases[0].name and first is not None and first != later:
        both = phrases.time(first), phrases.time(later)
        if not alone:
            told = condition and f" {condition}"
            return f"run {both[0]} (later: {both[1]}{told}){watched(course)}"
        return f"run over {both[0]} for the first infusion, {both[1]} for later ones{_only(condition)}{watched(course)}"
    return run_over(later, rates, condition) + watched(course)


def if_tolerated(course: Course, rates: Rates | None) -> str:
    """On what the rates of a later infusion hang, where they rise; nothing, where they hang on nothing."""
    rises = rates is not None and rates.titration is not None
    stated = rises and LATER_RATE in course.regimen.drug_rules.monitoring
    return "if the one before was tolerated" if stated else ""


def _only(condition: str) -> str:
    return condition and f" (only {condition})"


def run_over(time: int | None, rates: Rates | None, condition: str) -> str:
    """How long an infusion runs, and on what condition: `run over 2 h (only if ...)`.

    Where the source has a least time alone, that: `run over at least 2 h`.
    """
    if time is None:
        return "time not labelled"
    least = "" if rates is None or rates.titration else "at least "
    return f"run over {least}{phrases.time(time)}{_only(condition)}"


def watched(course: Course) -> str:
    """The end of a line that says how long it runs: how long the patient is watched then, where it is stated."""
    told = observed(course)
    return f", then {told}" if told else ""


def observed(course: Course) -> str:
    """How long a patient is watched after an infusion, where it is stated: `watched for at least 1 to 2 h`."""
    rule = course.regimen.drug_rules.observation
    if rule is None:
        return ""
    least = phrases.time(hundredths_of_minutes(rule.least))
    if rule.most is not None:
        most = phrases.time(hundredths_of_minutes(rule.most))
        least = f"{least.removesuffix(' h') if most.endswith(' h') else least} to {most}"
    return f"watched for at least {least}"


def _row(course: Course, infusion: Infusion) -> tuple[str, ...]:
    repeat, planned = infusion.dose.phase.repeat, infusion.planned
    phase = f"{planned.phase} {planned.block + 1}" if repeat else planned.phase
    return (*when(course, infusion), phase, phrases.mg(infusion.dose.amount.dose), timed(infusion))
