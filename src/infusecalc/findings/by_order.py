"""Findings of an order that differs from the regimen: doses and intervals against what the label allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infusecalc.dates import stretch
from infusecalc.findings.model import Case, Finding
from infusecalc.quantities import Dose, Span
from infusecalc.statements import Allowed, Citation, Phase

Pair = tuple[Dose, Dose]
"""The dose that the table gives, and the one that was asked for."""
Spans = tuple[Span, Span]
"""The interval that the table gives, and the one that was asked for."""


def by_usual(case: Case) -> Iterator[Finding]:
    """The finding about doses above the usual most."""
    usual = case.regimen.drug_rules.usual_most
    if usual and (usual.dose.basis != "mg/m2" or case.patient.bsa is not None):
        over = case.above(usual.dose)
        if over:
            message = f"One infusion is more than {usual.dose.people}, {usual.text}"
            yield case.of_doses("dose-above-usual", over, message, usual.source)


def overrides(case: Case) -> Iterator[Finding]:
    """Every finding about a dose or an interval that is not the table's."""
    for name in case.phases:
        yield from _override(case, name)


def _override(case: Case, name: str) -> Iterator[Finding]:
    """One phase's dose and interval against its own and the alternatives that the label allows."""
    if case.ordered.phases[name] is case.regimen.phases[name] is _own(case, name):
        return
    rows = [row for row in case.shipped.rules.allowed if row.phase in (None, name)]
    off_label = case.shipped.rules.status.is_ == "off-label"
    pairs, spans = _pairs(case, name), _spans(case, name)
    for pair in pairs:
        yield _dose_finding(case, name, pair, rows, off_label=off_label)
    if spans and (case.ordered.interval_changed(name) or spans[0].size != spans[1].size):
        yield _interval_finding(case, name, spans, rows, off_label=off_label)
    for pair in pairs:
        if spans and _combined(spans, pair, rows) and not (off_label and _dose_side(*pair, rows)):
            both, who = f"{pair[1].people} every {spans[1]}", "source" if off_label else "label"
            message = (
                f"{name}: {both} raises the dose and shortens the interval; "
                f"the {who} allows one or the other, and says nothing of both"
            )
            code = "dose-outside-source" if off_label else "escalation-combined"
            yield case.about(code, (name,), message, _sources(_own(case, name), rows))


def _pairs(case: Case, name: str) -> tuple[Pair, ...]:
    """The phase's own dose and the one that was asked for, where it is another one than the table's.

    There are several where weights over time fall into several bands.
    """
    phases = _own(case, name), case.regimen.phases[name], case.ordered.phases[name]
    if phases[0].dose == phases[1].dose == phases[2].dose:
        return ()
    patients = [dose.patient for dose in case.given_doses if dose.name == name] or [case.patient]
    doses = (tuple(phase.dose_of(each.weight, each.bsa) for phase in phases) for each in patients)
    return tuple(dict.fromkeys((own, asked) for own, ours, asked in doses if len({own, ours, asked}) > 1))


def _own(case: Case, name: str) -> Phase:
    """A phase as the shipped table has it, whatever a site's file says; a phase of the site's own as that has it."""
    return case.shipped.phases.get(name, case.regimen.phases[name])


def _spans(case: Case, name: str) -> Spans | None:
    """The phase's own interval and the one that was asked for; None for a phase that is given once."""
    own, asked = _own(case, name).interval or case.regimen.phases[name].interval, case.ordered.phases[name].interval
    return (own, asked) if own and asked else None


def _combined(spans: Spans, pair: Pair, rows: list[Allowed]) -> bool:
    """Whether a higher dose and a shorter interval come together where each is offered, but not the two at once."""
    escalated = pair[1].factor > pair[0].factor and spans[1].size < spans[0].size
    offered = any(row.dose for row in rows) and any(row.every for row in rows)
    return escalated and offered and not any(_fits(row, spans, pair) for row in rows)


# --- the sides of what is allowed -----------------------------------------------------------------------


def _dose_side(own: Dose, asked: Dose, rows: Iterable[Allowed]) -> str | None:
    """`above` or `below` all that the label allows of the dose, or None; more without a figure allows any more.

    A site's dose in another basis (mg for mg/kg) cannot be held against the label: that counts as above, and so does
    a cap above the label's own.
    """
    if asked.basis != own.basis or (own.most is not None and (asked.most is None or asked.most > own.most)):
        return "above"
    value, lows, highs = asked.factor, [own.factor], [own.factor]
    for row in rows:
        if row.dose:
            lows += [row.dose.low.factor] if row.dose.low else []
            highs += [row.dose.high.factor if row.dose.high else value]
    if value > max(highs):
        return "above"
    return "below" if value < min(lows) else None


def _interval_side(own: Span, asked: Span, rows: Iterable[Allowed]) -> str | None:
    """`above` or `below` all that the label allows of the interval, or None; a missing bound allows any.

    Weeks against months: 26 weeks (182 days) are no shorter than 6 months, which have 181 to 184 days.
    """
    value, lows, highs = asked, [own], [own]
    for row in rows:
        if row.every:
            lows.append(row.every.low or value)
            highs.append(row.every.high or value)
    if stretch(value)[0] > max(stretch(high)[1] for high in highs):
        return "above"
    return "below" if stretch(value)[1] < min(stretch(low)[0] for low in lows) else None


def _fits(row: Allowed, spans: Spans, pair: Pair) -> bool:
    """Whether one alternative allows the dose and the interval together."""
    return _dose_side(*pair, [row]) is None and _interval_side(*spans, [row]) is None


def _sources(own: Phase, rows: Iterable[Allowed]) -> tuple[Citation, ...]:
    cited = own.source + tuple(source for row in rows for source in row.source)
    return tuple(dict.fromkeys(cited))


# --- their findings ---------------------------------------------------------------------------------------


def _dose_finding(case: Case, name: str, pair: Pair, rows: list[Allowed], *, off_label: bool) -> Finding:
    (own, asked), side = pair, _dose_side(*pair, rows)
    relevant = [row for row in rows if row.dose]
    message = f"{name}: {asked.people} instead of {own.people}; {_allowed(relevant, 'dose', off_label=off_label)}"
    kept = _kept(case, name)
    if kept:
        message += f"; {' and '.join(kept)} keep{'s' if len(kept) == 1 else ''} the regimen's dose"
    if asked.basis != own.basis:
        message += f"; a dose in {asked.basis} cannot be compared with a limit in {own.basis}"
    code = "dose-override"
    if side:
        code = "dose-outside-source" if off_label else f"dose-{side}-label"
    return case.about(code, (name,), message, _sources(_own(case, name), relevant))


def _kept(case: Case, name: str) -> list[str]:
    """The other phases of the regimen whose dose is the table's."""
    return [each for each in case.phases if each != name and case.ordered.phases[each].dose == _own(case, each).dose]


def _interval_finding(case: Case, name: str, spans: Spans, rows: list[Allowed], *, off_label: bool) -> Finding:
    (own, asked), side = spans, _interval_side(*spans, rows)
    relevant = [row for row in rows if row.every]
    message = f"{name}: every {asked} instead of every {own}; {_allowed(relevant, 'interval', off_label=off_label)}"
    if side and not off_label:
        code = f"interval-{side}-label"
    else:
        code = "interval-override"
        message += f"; {side} the range in the source" if side else ""
    return case.about(code, (name,), message, _sources(_own(case, name), relevant))


def _allowed(rows: list[Allowed], what: str, *, off_label: bool) -> str:
    who = "source" if off_label else "label"
    if not rows:
        return f"the {who} allows no other {what}"
    return f"the {who} allows " + "; ".join(f"{_figures(row)} ({row.when})" for row in rows)


def _figures(row: Allowed) -> str:
    """What one alternative allows, as the table writes it."""
    return " ".join(part.text for part in (row.dose, row.every) if part)
