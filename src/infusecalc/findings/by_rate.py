"""Findings of the rates: a protocol beside the label's own way, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infusecalc.arithmetic import hundredths_of_minutes, too_quick
from infusecalc.findings.model import Case, Finding
from infusecalc.phase_dose import PhaseDose, last_number, run_as_first
from infusecalc.quantities import hours, people
from infusecalc.regimen import Regimen
from infusecalc.statements import SITE, Cited, House, ProductRules, Protocol

_HOUR = 6_000  # 0.01 min
_STANDING = {
    "label": ("info", "an alternative on the label, under conditions"),
    "reported": ("caution", "reported to be on a label; we have not seen that text"),
    "trial": ("caution", "rates of a trial, not on the label"),
    "practice": ("caution", "used in practice, not on the label"),
    SITE: ("caution", "a protocol of the site, not on the label"),
}


def by_protocol(case: Case) -> Iterator[Finding]:
    """Every finding about doses that a protocol runs: above those studied, or quicker than the label."""
    protocol = case.running.protocol
    if protocol and protocol.studied:
        over, text, source = case.above(protocol.studied.dose), protocol.studied.text, protocol.studied.source
        yield from _run(case, protocol, "protocol-not-studied", over, text, source)
    if protocol:
        yield from _below_label(case, protocol)


def rates(case: Case) -> Iterator[Finding]:
    """Every finding about the rates, whatever the doses are."""
    note, protocol = case.regimen.rules.rate_not_labelled, case.running.protocol
    if note:
        fitting = " or ".join(case.running.fitting)
        choose = f": choose a protocol: --protocol {fitting}" if fitting else ""
        yield Finding("rate-not-labelled", note.text + choose, note.source)
    yield from _again(case)
    if protocol is None:
        return
    severity, standing = _STANDING[protocol.is_]
    since = f" from infusion {protocol.from_infusion} on" if protocol.from_infusion > 1 else ""
    message = f"{protocol.name}{since}: {standing}. {protocol.text}"
    yield Finding("protocol", message, protocol.source, case.running.protocol_id, severity=severity)
    met = [condition.id for condition in case.conditions if condition.id in protocol.not_with]
    if met:
        message = f"{protocol.name} is not for a patient with {', '.join(met)}: {protocol.text}"
        yield Finding("protocol-outside-conditions", message, protocol.source)


def _run(
    case: Case, protocol: Protocol, code: str, doses: Sequence[PhaseDose], message: str, source: Cited
) -> Iterator[Finding]:
    """A finding about the infusions with some doses that the protocol runs, if there are any."""
    phases = tuple(dict.fromkeys(dose.name for dose in doses if _reaches(case, dose, protocol)))
    if case.plan is None:
        numbers = None
    else:
        run = [each for each in case.infusions if each.planned.number >= protocol.from_infusion]
        numbers = tuple(each.planned.number for each in run if any(each.dose is dose for dose in doses))
    if phases and numbers != ():
        yield Finding(code, message, source, infusions=numbers, phases=phases)


def _reaches(case: Case, dose: PhaseDose, protocol: Protocol) -> bool:
    """Whether a phase goes on until the protocol begins."""
    last = last_number(case.ordered, dose.name)
    return last is None or last >= protocol.from_infusion


def least_time(regimen: Regimen, protocol: Protocol) -> int:
    """The label's least time in 0.01 min, below which a practice is not to go; 0 where there is none."""
    least = regimen.drug_rules.infusion_time.least
    return 0 if least is None or protocol.is_ in ("label", "reported") else hundredths_of_minutes(least)


def _below_label(case: Case, protocol: Protocol) -> Iterator[Finding]:
    """A practice that is quicker than the label's least time."""
    time, least = case.shipped.drug_rules.infusion_time, least_time(case.shipped, protocol)
    quick = [dose for dose in case.given_doses if dose.later_time is not None and too_quick(dose.later_time, least)]
    if quick:
        shortest = min(dose.later_time or 0 for dose in quick)
        message = f"{protocol.name} takes {people(shortest)} min; the label's minimum is {time.least} min"
        yield from _run(case, protocol, "time-below-label", quick, message, time.source)


def too_long(time: int, house: House, product_name: str, product: ProductRules) -> Iterator[Finding]:
    """A time (0.01 min) of an infusion with its stop over our own limit, or over what its bag keeps."""
    limits = [(house.longest_infusion.most, "", house.longest_infusion.source)]
    if product.in_use:
        keeps = f" for which a diluted bag of {product_name} may be kept at room temperature"
        limits.append((product.in_use.most, keeps, product.in_use.source))
    passed = [limit for limit in limits if time > limit[0] * _HOUR]
    if passed:
        over = " and ".join(f"over {'the ' if keeps else ''}{most} h{keeps}" for most, keeps, _ in passed)
        message = f"The infusion takes {hours(time)} with its stop, {over}: {house.longest_infusion.text}"
        cited = dict.fromkeys(citation for _, _, source in passed for citation in source)
        yield Finding("infusion-too-long", message, tuple(cited))


def _again(case: Case) -> Iterator[Finding]:
    """Later infusions that run at the rate of a first one, so long after the one before."""
    again = case.running.again
    if again is None or case.plan is None:
        return
    run = zip(case.plan.infusions, run_as_first(case.plan, again), strict=True)
    numbers = tuple(item.number for item, first in run if item.number > 1 and first)
    if numbers:
        yield Finding("first-rate-again", again.text, again.source, infusions=numbers)
