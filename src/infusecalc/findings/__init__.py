"""The rules of the table applied to one patient's course: every finding, gravest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from infusecalc.choices import Acceptance
from infusecalc.errors import BadInput, shown
from infusecalc.findings.by_calendar import by_calendar
from infusecalc.findings.by_history import by_history
from infusecalc.findings.by_order import by_usual, overrides
from infusecalc.findings.by_patient import by_condition, by_size, by_weights, of_condition
from infusecalc.findings.by_preparation import by_preparation
from infusecalc.findings.by_rate import by_protocol, least_time, rates, too_long
from infusecalc.findings.by_regimen import by_regimen
from infusecalc.findings.by_site import by_site
from infusecalc.findings.catalogue import CATALOGUE, SEVERITIES, entry_of, never_accepted, of_numbers
from infusecalc.findings.model import (
    Case,
    Finding,
    HasCondition,
    block_keys,
    carries,
    concerns,
    how_to_go_on,
    in_data,
    together,
)
from infusecalc.table.names import unknown

__all__ = [
    "CATALOGUE",
    "RULES",
    "SEVERITIES",
    "Case",
    "Finding",
    "HasCondition",
    "block_keys",
    "by_condition",
    "carries",
    "check_acceptances",
    "check_codes",
    "concerns",
    "entry_of",
    "find",
    "how_to_go_on",
    "in_data",
    "least_time",
    "never_accepted",
    "of_condition",
    "of_numbers",
    "overrides",
    "rates",
    "settle",
    "together",
    "too_long",
]

_STANDING = {"caution": "a caution", "info": "for information"}
RULES: dict[str, Callable[[Case], Iterator[Finding]]] = {
    "size": by_size,
    "weights": by_weights,
    "conditions": by_condition,
    "overrides": overrides,
    "usual": by_usual,
    "site": by_site,
    "calendar": by_calendar,
    "history": by_history,
    "preparation": by_preparation,
    "regimen": by_regimen,
    "rates": rates,
    "protocol": by_protocol,
}
"""What finds, in order, for one patient and for a cohort.

A rule that no entry of the catalogue names by `numbers` looks at no number of a patient, but for weights over time,
which no cohort has: a cohort asks it once for all patients whose course has one shape.
"""


def find(case: Case, beside: Iterable[Acceptance] = ()) -> tuple[Finding, ...]:
    """Every finding of a case, blocks before cautions before info; accepted blocks have become cautions.

    Raises BadInput for an acceptance that matches no blocking finding, or one that cannot be accepted. Those `beside`
    the patient's own are meant for many patients, and need not match one.
    """
    check_acceptances((*case.choices.acceptances, *beside))
    found = [finding for rule in RULES.values() for finding in rule(case)]
    return settle(found, case.choices.acceptances, case.conditions, beside)


def check_acceptances(acceptances: Iterable[Acceptance]) -> None:
    """Refuse with BadInput to accept what cannot be accepted, whether or not it blocks."""
    for acceptance in acceptances:
        final = never_accepted(acceptance.code)
        if final:
            why, hint = final
            raise BadInput("`accept`", acceptance, f"cannot be accepted: {why}", hint=hint)


def check_codes(acceptances: Iterable[Acceptance]) -> None:
    """Refuse with UnknownName a code that no finding has: where many patients are planned, nobody would see it."""
    for acceptance in acceptances:
        if acceptance.code not in CATALOGUE:
            known = (code for code, entry in CATALOGUE.items() if "block" in entry.severities and not entry.final)
            raise unknown("`accept`", acceptance.code, known)


def settle(
    found: Sequence[Finding],
    acceptances: Iterable[Acceptance],
    conditions: Iterable[HasCondition],
    beside: Iterable[Acceptance] = (),
) -> tuple[Finding, ...]:
    """Findings in the order of the rules to blocks before cautions before info, accepted blocks among the cautions.

    Raises BadInput for an acceptance that matches no blocking finding; those `beside` may be meant for another patient.
    """
    read_as = {name: has.id for has in conditions for name in (has.typed, has.named)}
    for listed, must_meet in ((acceptances, True), (beside, False)):
        for acceptance in sorted(listed, key=lambda each: each.detail is None):  # one block's own reason goes first
            found = _accept(found, acceptance, read_as, must_meet=must_meet)
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _accept(
    found: Sequence[Finding], acceptance: Acceptance, read_as: dict[str, str], *, must_meet: bool
) -> list[Finding]:
    """The findings with the blocks that an acceptance names turned into cautions."""
    detail = read_as.get(acceptance.detail or "", acceptance.detail)
    met = [finding for finding in found if _meets(finding, acceptance.code, detail)]
    if must_meet and not met:
        raise _meets_none(found, acceptance, detail)
    return [finding.but(reason=acceptance.reason) if finding in met else finding for finding in found]


def _meets(finding: Finding, code: str, detail: str | None) -> bool:
    return finding.severity == "block" and not never_accepted(code) and _is(finding, code, detail)


def _is(finding: Finding, code: str, detail: str | None) -> bool:
    return finding.code == code and detail in (None, finding.detail)


def _meets_none(found: Sequence[Finding], acceptance: Acceptance, detail: str | None) -> BadInput:
    """The refusal of an acceptance that matches no blocking finding: another met it, it is none, or none is."""
    blocks = ", ".join(block_keys(finding for finding in found if not never_accepted(finding.code)))
    problem, about = "names no blocking finding here", ""
    hint = "" if blocks else "nothing blocks here: leave it out"
    met = next((finding for finding in found if _is(finding, acceptance.code, detail)), None)
    if met and met.accepted:
        problem, about = "gives a second reason for one block", f", {met.key}; the first is {shown(met.reason)}"
        blocks, hint = "", "give one reason"
    elif met:
        about = f": {met.key} is {_STANDING[met.severity]}, and needs no acceptance"
        blocks, hint = "", "leave it out"
    return BadInput("`accept`", acceptance, problem, detail=about, allowed=blocks, hint=hint)
