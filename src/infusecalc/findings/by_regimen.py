"""Findings of the regimen itself: status, companions, screening, judgement, starts, product, completeness."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.findings.model import HOUSE, Case, Finding
from infusecalc.plan import PhaseStart
from infusecalc.spelling import counted
from infusecalc.statements import Citation, Judgement, Starts


def by_regimen(case: Case) -> Iterator[Finding]:
    """Every finding that the regimen gives, whoever the patient is."""
    regimen, rules = case.regimen, case.regimen.rules
    if rules.status.is_ == "off-label":
        more = f": {rules.status.text}" if rules.status.text else ""
        what = regimen.title + ("," if regimen.variant else "")
        message = f"{what} is not on the {regimen.label} label{more}"
        yield Finding("off-label", message, rules.status.source)
    yield from _incomplete(case)
    yield from _companions(case)
    yield from _screening(case)
    for row in rules.judgement:
        if case.planned(row.phase):
            when = _when(case, row)
            short_ = row.short and row.short + when
            yield Finding(row.finding, row.text + when, row.source, phases=(row.phase,), short=short_)
    yield from _starts(case)
    lacks = case.product.not_labelled
    if rules.status.is_ == "labelled" and lacks and regimen.indication in lacks.regimens:
        message = f"{regimen.name} is not on the {regimen.label} label of {case.product_name}: {lacks.text}"
        yield Finding("product-not-labelled", message, lacks.source)
    absent = case.product.not_marketed
    if absent:
        message = f"{case.product_name} is not on the market under the {regimen.label} label: {absent.text}"
        yield Finding("product-not-marketed", message, absent.source)
    if case.plan and case.plan.ended:
        last = case.plan.infusions[-1]
        phase = case.ordered.phases[last.phase]
        message = (
            f"The regimen is complete with infusion {last.number} on {last.date}, before the end of the planned time"
        )
        message += "; --courses plans more" if phase.repeat else ""
        short = f"Complete with infusion {last.number} on {last.date}" + (
            "; --courses plans more" if phase.repeat else ""
        )
        yield Finding("course-complete", message, phase.source, short=short)


def _companions(case: Case) -> Iterator[Finding]:
    """The drugs that are given with it, and what is given before each infusion."""
    for name, note in case.companions.items():
        whose = (note.phase,) if note.phase else None
        yield Finding("companion", note.text, note.source, name, phases=whose, short=note.short)
    drugs = case.regimen.rules.premedication.values()
    if drugs:
        texts = "; ".join(drug.text for drug in drugs)
        cited = dict.fromkeys(citation for drug in drugs for citation in drug.source)
        short = "before each infusion: " + "; ".join(drug.short or drug.text for drug in drugs)
        yield Finding("companion", texts, tuple(cited), "premedication", short=short)


def _screening(case: Case) -> Iterator[Finding]:
    """What is to be done before the first infusion, and what was done of it."""
    done = {each.name: each for each in case.choices.done}
    for name, note in case.regimen.drug_rules.screening.items():
        was = done.get(name)
        message = f"{was.told}: {note.text}" if was else note.text
        yield Finding("screening", message, note.source, name, short=note.short, done=was)


def _when(case: Case, row: Judgement) -> str:
    """The dates of a judgement: its time after the first infusion of its phase, and of every repeat of a course."""
    if case.plan is None or row.at is None:
        return ""
    heads = [item for item in case.plan.of_phase(row.phase) if item.head]
    if row.finding == "stop-rule" or not case.ordered.phases[row.phase].repeat:
        heads = heads[:1]
    on, told = case.choices.on, []
    for item in heads:
        day = item.position.later(row.at).date
        since = f"from {item.phase} {item.block + 1}: " if len(heads) > 1 else ""
        told.append(f"{since}{day}{' is past' if on and day < on else ''}")
    return f" ({f'{row.at} ' if len(heads) > 1 else ''}{', '.join(told)})"


def _incomplete(case: Case) -> Iterator[Finding]:
    """A label under which the table has no safety rules of the drug."""
    regimen, rules = case.regimen, case.regimen.drug_rules
    blocking = [rule for rule in rules.conditions.values() if rule.rule == "contraindicated"]
    lacking = [*([] if blocking else ["contraindications"]), *([] if rules.screening else ["screening"])]
    if lacking:
        what = " and no ".join(lacking)
        message = f"The table has no {what} for {regimen.drug.name} under the {regimen.label} label: read the label"
        yield Finding("label-incomplete", message, HOUSE)


def _starts(case: Case) -> Iterator[Finding]:
    """The window in which a later phase may start, and whether its start lies in it."""
    for name, phase in case.ordered.phases.items():
        rule = phase.starts
        if rule and rule.other_agent and case.choices.from_maintenance:
            other = rule.other_agent
            yield Finding("start-window", other.text, other.source, phases=(name,), short=other.short)
        if rule and rule.window and case.plan is None and not case.choices.from_maintenance:
            when = f"{phase.wait} after the {rule.after}"
            earliest, latest = rule.window.earliest or "not stated", rule.window.latest or "not stated"
            message = f"{name.capitalize()} starts {when} (earliest {earliest}, latest {latest})"
            bounds = f"{earliest} to {latest}" if rule.window.latest else f"no sooner than {earliest}"
            short = f"{name.capitalize()} {bounds} after {rule.after}"
            yield Finding("start-window", message, _cited(rule), phases=(name,), short=short)
    for start in case.plan.starts if case.plan else ():
        if start.chosen or case.planned(start.phase):
            yield from _start(case, start)


def _cited(rule: Starts) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys((*(rule.window.source if rule.window else ()), *rule.source)))


def _start(case: Case, start: PhaseStart) -> Iterator[Finding]:
    bounds = f"earliest {start.earliest or 'not stated'}, latest {start.latest or 'not stated'}"
    if not start.rule.window:
        bounds = f"the regimen starts it on {start.earliest}"
    short = f"{start.phase.capitalize()} on {start.planned} ({bounds})"
    last = start.planned == start.latest
    if last and start.earliest:
        short = f"{start.phase.capitalize()} on {start.planned}, the last allowed day (from {start.earliest})"
    planned = f"{start.phase.capitalize()} starts on {start.planned}"
    if start.rule.window:
        usual = "our default" if start.latest is None else "by default"
        choice = {"asked": "as requested", "given": "as given"}.get(start.how, usual)
        choice += ", the last allowed day" if last else ""
        message = f"{planned}, {choice} ({bounds}, counted from the {start.rule.after})"
        yield case.about("start-window", (start.phase,), message, _cited(start.rule), short=short)
    if start.earliest and start.planned < start.earliest:
        message = f"{planned}, {counted((start.earliest - start.planned).days, 'day')} too early ({bounds})"
        severity = "caution" if case.shipped.rules.status.is_ == "off-label" else "block"
        yield case.about("start-outside-window", (start.phase,), message, _cited(start.rule), severity=severity)
    if start.latest and start.planned > start.latest:
        message = f"{planned}, {counted((start.planned - start.latest).days, 'day')} too late ({bounds})"
        yield case.about("start-outside-window", (start.phase,), message, _cited(start.rule), severity="caution")
