"""Findings of the dates: gaps between infusions, dates passed over, and closed days of the clinic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from infusecalc.clinic import Clinic
from infusecalc.dates import add, stretch
from infusecalc.findings.model import HOUSE, Case, Finding
from infusecalc.plan import Plan, Planned
from infusecalc.quantities import Span
from infusecalc.spelling import counted
from infusecalc.statements import Citation, Gap, Phase


def by_calendar(case: Case) -> Iterator[Finding]:
    """Every finding about the dates of a plan; where there is no plan, about the intervals alone."""
    if case.plan is None:
        for name, phase in case.ordered.phases.items():
            if phase.interval:
                yield from repeats_too_soon(name, phase, phase.interval)
        return
    for name in case.ordered.phases:
        yield from _too_soon(case, name, case.plan)
        yield from _too_late(case, name, case.plan)
    yield from _unusual(case, case.plan)
    yield from _began(case)
    yield from _passed(case, case.plan)
    yield from _clinic(case, case.plan)


# --- gaps -------------------------------------------------------------------------------------------------


def _too_soon(case: Case, name: str, plan: Plan) -> Iterator[Finding]:
    """Repeats of a phase that come too soon after the infusion before them."""
    gap, least = case.regimen.phases[name].gap, case.ordered.least_gap(name)
    if least is None:
        return
    stated = gap is not None and gap.least is not None
    pairs = [pair for pair in pairwise(plan.infusions) if pair[1].phase == name and pair[1].head]
    early = [item for before, item in pairs if item.date < add(before.date, least) and (stated or _off(before, item))]
    if early:
        text, source = _least(case, name, gap)
        message = f"{name}: less than {least} after the previous infusion: {text}"
        # no label can be broken where the regimen has none
        severity = "block" if stated or case.shipped.rules.status.is_ == "labelled" else "caution"
        yield _about("gap-below-label", name, early, message, source, severity)


def repeats_too_soon(name: str, phase: Phase, every: Span) -> Iterator[Finding]:
    """The finding where a phase that starts again after an interval leaves less than its gap, whatever the dates."""
    gap = phase.gap
    if gap and gap.least and stretch(every)[1] - phase.offsets[-1] < stretch(gap.least)[0]:
        between = ", from first infusion to first infusion," if len(phase.offsets) > 1 else ""
        message = f"{name}: every {every}{between} leaves less than {gap.least} after the previous one: {gap.text}"
        yield Finding("gap-below-label", message, gap.source, phases=(name,), severity="block")


def _off(before: Planned, item: Planned) -> bool:
    """Whether one of two infusions is not where the plan had it; what the plan itself has is an interval."""
    return any(each.given or each.date != each.by_plan for each in (before, item))


def _least(case: Case, name: str, gap: Gap | None) -> tuple[str, tuple[Citation, ...]]:
    """What the source says of the least time: as a gap, or as the shortest interval that it allows."""
    if gap and gap.least:
        return gap.text, gap.source
    rows = [row for row in case.regimen.rules.allowed if row.every and row.every.low and row.phase in (None, name)]
    return "; ".join(f"{row.every.text} ({row.when})" for row in rows if row.every), rows[0].source


def _too_late(case: Case, name: str, plan: Plan) -> Iterator[Finding]:
    """Infusions of a phase that come later than the window for giving the drug again."""
    gap = case.regimen.phases[name].gap
    if gap is None or gap.most is None:
        return
    late = [
        item for before, item in pairwise(plan.infusions) if _counts(item, name) and _beyond(before, item, gap.most)
    ]
    if late:
        message = f"{name}: more than {gap.most} after the previous infusion: {gap.text}"
        yield _about("gap-above-label", name, late, message, gap.source)


def _counts(item: Planned, name: str) -> bool:
    """A repeat of the phase, or any infusion given after a break, whatever its phase."""
    return (item.phase == name and item.head) or item.given is not None


def _beyond(before: Planned, item: Planned, most: Span) -> bool:
    return item.date > add(before.date, most)


def _unusual(case: Case, plan: Plan) -> Iterator[Finding]:
    """Infusions after a break that the drug's rule calls unusual, where no window of the phase's own speaks of them."""
    rule = case.regimen.drug_rules.unusual_gap
    if rule is None:
        return
    windows = tuple(_with_window(case))
    pairs = [
        pair for pair in pairwise(plan.infusions) if not any(_counts(pair[1], name) for name in windows)
    ]  # of which no label's window for giving the drug again speaks
    far = [item for before, item in pairs if rule.most and _beyond(before, item, rule.most)]
    late = [item for _, item in pairs if rule.late and not item.head and item.date > add(_own_date(item), rule.late)]
    for name in case.ordered.phases:
        for items, what in ((far, f"{rule.most} after the previous infusion"), (late, f"{rule.late} after its date")):
            mine = [item for item in items if item.phase == name]
            if mine:
                message = f"{name}: more than {what}: {rule.text}"
                yield _about("gap-unusual", name, mine, message, rule.source)


def _with_window(case: Case) -> Iterator[str]:
    """The phases for which a label has a window for giving the drug again."""
    for name in case.ordered.phases:
        gap = case.regimen.phases[name].gap
        if gap and gap.most:
            yield name


def _own_date(item: Planned) -> date:
    """The date of an infusion after what was given before it."""
    return item.given.due if item.given and item.given.due else item.due


def _about(
    code: str,
    name: str,
    items: list[Planned],
    message: str,
    source: tuple[Citation, ...],
    severity: str | None = None,
) -> Finding:
    numbers = tuple(item.number for item in items)
    return Finding(code, message, source, infusions=numbers, phases=(name,), severity=severity)


# --- what was given, and the clinic's days ------------------------------------------------------------------


def _began(case: Case) -> Iterator[Finding]:
    """What the first date given was taken for: infusion 1, where no start was said, or another day than the start."""
    history, start = case.choices.history, case.choices.start
    if not history or history[0].date == start:
        return
    first = history[0].date
    maintenance = case.regimen.phases.get(case.regimen.maintenance or "")
    goes_on = maintenance is not None and maintenance.count is None and not case.choices.from_maintenance
    other = f"; if {first} was an infusion of maintenance, give --from maintenance" if goes_on else ""
    if start is not None:
        days, late = counted(abs((first - start).days), "day"), first > start
        side = f"{days} {'after' if late else 'before'} --start, {start}"
        hint = (
            f"there were infusions before it, give every date{other and f'{other} without --start'}"
            if late
            else f"treatment began then, give --start {first}"
        )
        place = f"it is counted as infusion 1, given {'late' if late else 'early'}"
        message = f"The first date given, {first}, is {side}: {place}; if {hint}"
        yield Finding("history-start-differs", message, HOUSE)
    elif not case.choices.from_maintenance:
        message = (
            f"The first date given, {first}, is counted as infusion 1; if treatment began earlier, give --start and"
        )
        yield Finding("history-start-assumed", f"{message} every date since{other}", HOUSE)


def _passed(case: Case, plan: Plan) -> Iterator[Finding]:
    if plan.passed:
        days = ", ".join(map(str, plan.passed))
        why = "before an infusion given or overdue, or too close to it"
        message = f"Planned dates left out, {why}: {days}; nothing is given in their place, and no dose is doubled"
        yield Finding("planned-date-passed", message, case.house.doubled.source)


def _clinic(case: Case, plan: Plan) -> Iterator[Finding]:
    clinic = case.choices.clinic
    if clinic is None:
        return
    moved = tuple(item.number for item in plan.infusions if item.moved_days)
    yield Finding("clinic-days", f"The clinic is {clinic}", HOUSE, infusions=moved)
    for item in plan.infusions:
        if item.shut:
            shut = f"{_why(item.due, clinic.holiday(item.due))} is a closed day"
            why = _why_it_stays(clinic, item.phase)
            whose = f" of {item.phase}" if clinic.phases else ""
            finding = _about("no-open-day", item.phase, [item], f"{item.phase}: {shut}, {why}", HOUSE)
            yield finding.but(many=f"infusions{whose} fall on a closed day, {why}")


def _why_it_stays(clinic: Clinic, phase: str) -> str:
    """Why an infusion of a phase on a closed day is not moved, and what to do."""
    if not clinic.has_tolerance(phase):
        other = " for this phase" if clinic.phases else ""
        return f"and no tolerance is given{other}: no infusion may move; give a tolerance, as in 3d, or other days"
    days = counted(clinic.tolerance(phase), "day")
    return f"and no open day is within the tolerance of {days}; give a longer tolerance, or other days"


def _why(day: date, holiday: str | None) -> str:
    return f"{day} ({holiday})" if holiday else str(day)
