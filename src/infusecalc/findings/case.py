"""The Finding, and the Case that the rules look at: everything known of one patient's course."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.choices import Choices
from infusecalc.frozen import Frozen
from infusecalc.ordered import Ordered
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose
from infusecalc.plan import Plan
from infusecalc.regimen import Citation, ConditionRule, House, NotLabelled, Regimen

SEVERITIES = ("block", "caution", "info")


class Finding(Frozen):
    """Something that the user must see. `infusions` and `phases` are None where it is about the whole course."""

    code: str
    severity: str
    message: str
    source: tuple[Citation, ...]
    detail: str | None = None
    infusions: tuple[int, ...] | None = None
    phases: tuple[str, ...] | None = None
    reason: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether a block was taken on, with a reason."""
        return self.reason is not None

    @property
    def key(self) -> str:
        """The code with its detail, as CSV writes it."""
        return f"{self.code}:{self.detail}" if self.detail else self.code


class HasCondition(Frozen):
    """A condition that was said of the patient, and what the label says of it."""

    typed: str
    id: str
    name: str
    rule: ConditionRule | None


class Case(Frozen):
    """One patient's course before anybody has looked at it; `plan` is None where no start was given."""

    regimen: Regimen
    ordered: Ordered
    product_name: str
    not_labelled: NotLabelled | None
    house: House
    patient: Patient
    choices: Choices
    conditions: tuple[HasCondition, ...]
    doses: dict[str, PhaseDose]
    plan: Plan | None
    local: tuple[str, ...]

    def planned(self, phase: str) -> bool:
        """Whether a phase has infusions in this course."""
        return phase in self.doses and (self.plan is None or bool(self.plan.of_phase(phase)))

    def about(
        self, code: str, severity: str, phases: Iterable[str], message: str, source: tuple[Citation, ...]
    ) -> Finding:
        """A finding about some phases, with the numbers of their infusions."""
        names = tuple(phases)
        numbers: tuple[int, ...] | None = None
        if self.plan is not None:
            numbers = tuple(item.number for item in self.plan.infusions if item.phase in names)
        return Finding(code, severity, message, source, infusions=numbers, phases=names)


HOUSE = (Citation("house"),)
