"""The rules of the table applied to one patient's course: every finding, gravest first."""

from __future__ import annotations

from infusecalc.choices import Acceptance
from infusecalc.errors import BadInput
from infusecalc.findings.by_calendar import by_calendar
from infusecalc.findings.by_order import by_order
from infusecalc.findings.by_patient import by_patient
from infusecalc.findings.by_preparation import by_preparation
from infusecalc.findings.by_rate import by_rate
from infusecalc.findings.by_regimen import by_regimen
from infusecalc.findings.case import SEVERITIES, Case, Finding, HasCondition, block_keys

__all__ = ["SEVERITIES", "Case", "Finding", "HasCondition", "block_keys", "find"]


def find(case: Case) -> tuple[Finding, ...]:
    """Every finding of a case, blocks before cautions before info; accepted blocks have become cautions.

    Raises BadInput for an acceptance that meets no block.
    """
    rules = (by_patient, by_order, by_calendar, by_preparation, by_regimen, by_rate)
    found = [finding for rule in rules for finding in rule(case)]
    for acceptance in case.choices.acceptances:
        found = _accept(found, acceptance, {has.typed: has.id for has in case.conditions})
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _accept(found: list[Finding], acceptance: Acceptance, read_as: dict[str, str]) -> list[Finding]:
    """The findings with the blocks that an acceptance names turned into cautions."""
    detail = read_as.get(acceptance.detail or "", acceptance.detail)
    met = [finding for finding in found if _meets(finding, acceptance.code, detail)]
    if not met:
        raise BadInput(
            "--accept", acceptance, "meets no block", allowed=", ".join(block_keys(found)) or "there is none"
        )
    return [
        finding.but(severity="caution", reason=acceptance.reason) if finding in met else finding for finding in found
    ]


def _meets(finding: Finding, code: str, detail: str | None) -> bool:
    return finding.severity == "block" and finding.code == code and detail in (None, finding.detail)
