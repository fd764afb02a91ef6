"""What the rates give to see: a protocol beside the label's own way, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.findings.case import Case, Finding
from infusecalc.phase_dose import PhaseDose
from infusecalc.quantities import people

_STANDING = {
    "label": ("info", "an alternative on the label, under conditions"),
    "trial": ("caution", "rates of a trial, not on the label"),
    "practice": ("caution", "practice, not on the label"),
}


def by_rate(case: Case) -> Iterator[Finding]:
    """Every finding about how the infusions run."""
    note, protocol = case.regimen.rules.rate_not_labelled, case.running.protocol
    if note:
        choose = "" if protocol else ": choose a protocol (--protocol)"
        yield Finding("rate-not-labelled", "caution", note.text + choose, note.source)
    yield from _again(case)
    if protocol is None:
        return
    severity, standing = _STANDING[protocol.standing]
    doses = [dose for dose in case.given_doses if _runs(case, dose)]
    since = f" from infusion {protocol.from_infusion} on" if protocol.from_infusion > 1 else ""
    message = f"{protocol.name}{since}: {standing}. {protocol.text}"
    yield Finding("protocol", severity, message, protocol.source, case.running.protocol_id)
    met = [condition.id for condition in case.conditions if condition.id in protocol.not_with]
    if met:
        message = f"{protocol.name} is not for a patient with {', '.join(met)}: {protocol.text}"
        yield Finding("protocol-outside-conditions", "block", message, protocol.source)
    if protocol.studied:
        limit = protocol.studied.dose
        over = [dose for dose in doses if dose.amount.dose > limit.amount(dose.patient.weight, dose.patient.bsa)]
        if over:
            yield case.of_doses("protocol-not-studied", "caution", over, protocol.studied.text, protocol.studied.source)
    yield from _below_label(case, doses)


def _runs(case: Case, dose: PhaseDose) -> bool:
    """Whether the protocol runs some infusion with a dose."""
    protocol = case.running.protocol
    if protocol is None or case.plan is None:
        return protocol is not None
    return any(
        infusion.dose is dose and infusion.planned.number >= protocol.from_infusion for infusion in case.infusions
    )


def _below_label(case: Case, doses: list[PhaseDose]) -> Iterator[Finding]:
    """A practice that is quicker than the label's least time."""
    protocol, time = case.running.protocol, case.regimen.drug_rules.infusion_time
    if time.least is None or protocol is None or protocol.standing == "label":
        return
    quick = [dose for dose in doses if dose.later_time is not None and dose.later_time < time.least * 100]
    if quick:
        shortest = min(dose.later_time or 0 for dose in quick)
        message = f"{protocol.name} takes {people(shortest)} min; the label's least time is {time.least} min"
        yield case.of_doses("time-below-label", "block", quick, message, time.source)


def _again(case: Case) -> Iterator[Finding]:
    """Later courses that begin at the rate of a first infusion."""
    again = case.running.again
    numbers = tuple(
        infusion.planned.number for infusion in case.infusions if infusion.planned.number > 1 and infusion.first
    )
    if again and numbers:
        yield Finding("first-rate-again", "info", again.text, again.source, infusions=numbers)
