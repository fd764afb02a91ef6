"""The Finding, and the Case that the rules look at: everything known of one patient's course."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

from infusecalc.arithmetic import above
from infusecalc.choices import Choices, Done
from infusecalc.findings.catalogue import ACCEPTED, GOING_ON, SEVERITIES, never_accepted, severity_of
from infusecalc.frozen import Frozen
from infusecalc.overrides import Ordered
from infusecalc.patient import Patient
from infusecalc.phase_dose import Infusion, PhaseDose, Running
from infusecalc.plan import Plan
from infusecalc.quantities import Dose
from infusecalc.regimen import Regimen
from infusecalc.site import Site
from infusecalc.statements import Citation, Companion, ConditionRule, House, ProductRules


class Finding(Frozen):
    """Something that the user must see. `infusions` and `phases` are None where it is about the whole course.

    A finding that no infusion of the course has part in is about the whole course, or no row of data would carry it.
    `short` says the same in one line, for the first screen; `done` is what was done about it before the start. `many`
    is what people read of several with the same `many`, behind the number of their infusions.
    """

    code: str
    message: str
    source: tuple[Citation, ...]
    detail: str | None = None
    infusions: tuple[int, ...] | None = None
    phases: tuple[str, ...] | None = None
    reason: str | None = None
    severity: str = ""
    short: str | None = None
    done: Done | None = None
    many: str | None = None

    def __init__(
        self,
        code: str,
        message: str,
        source: tuple[Citation, ...],
        detail: str | None = None,
        infusions: tuple[int, ...] | None = None,
        phases: tuple[str, ...] | None = None,
        reason: str | None = None,
        severity: str | None = None,
        short: str | None = None,
        done: Done | None = None,
        many: str | None = None,
    ) -> None:
        """Keep all, with None for what names no infusion or no phase; with a reason, it is an accepted block.

        The severity is that of the catalogue; one of several is named. Raises LookupError for an undeclared one.
        """
        grave = severity_of(code, severity) if reason is None else ACCEPTED
        self.__dict__.update(
            code=code, message=message, source=source, detail=detail, infusions=infusions or None,
            phases=phases or None, reason=reason, severity=grave, short=short, done=done, many=many,
        )  # set in rows # fmt: skip

    @property
    def accepted(self) -> bool:
        """Whether a block was taken on, with a reason."""
        return self.reason is not None

    @property
    def key(self) -> str:
        """The code with its detail, as CSV writes it."""
        return f"{self.code}:{self.detail}" if self.detail else self.code


class HasCondition(Frozen):
    """A condition that was said of the patient, and what the label says of it, or else what others do."""

    typed: str
    named: str  # the condition of that name; where it leaves something open, `id` is the worst that it can mean
    id: str
    name: str
    rule: ConditionRule | None
    removed: bool = False  # whether the site's file removed what the shipped table says of it
    elsewhere: tuple[tuple[str, ConditionRule], ...] = ()  # other labels, each with its rule

    @property
    def above(self) -> Dose | None:
        """The dose above which the label speaks of it; None where any dose will do, or it says nothing."""
        return self.rule.above if self.rule else None


class Case(Frozen):
    """One patient's course before anybody has looked at it; `plan` is None where no start was given.

    `doses` are the distinct doses, by phase and weight; `infusions` are empty where there is no plan. `prices` are
    those of the product's vials, by size.
    """

    regimen: Regimen
    ordered: Ordered
    product_name: str
    product: ProductRules
    house: House
    patient: Patient
    choices: Choices
    conditions: tuple[HasCondition, ...]
    doses: tuple[PhaseDose, ...]
    infusions: tuple[Infusion, ...]
    running: Running
    plan: Plan | None
    site: Site
    prices: tuple[tuple[int, int], ...]

    @property
    def shipped(self) -> Regimen:
        """The regimen of the shipped table, whose limits hold for a site's doses too; else the site's own."""
        return self.site.shipped or self.regimen

    @property
    def day(self) -> date | None:
        """The day for which an age counts: the first infusion, or the one that was asked for."""
        return self.plan.start if self.plan else self.choices.on

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that have infusions in this course."""
        if self.plan is None:
            return tuple(dict.fromkeys(dose.name for dose in self.doses))
        return tuple(dict.fromkeys(item.phase for item in self.plan.infusions))

    @property
    def given_doses(self) -> tuple[PhaseDose, ...]:
        """The doses that infusions of this course have; all of them where it has no dates."""
        if self.plan is None:
            return self.doses
        used = {id(infusion.dose) for infusion in self.infusions}
        return tuple(dose for dose in self.doses if id(dose) in used)

    def above(self, limit: Dose) -> tuple[PhaseDose, ...]:
        """The doses that infusions have, after rounding, above a limit at the weight of each."""
        return tuple(
            dose
            for dose in self.given_doses
            if above(dose.amount.dose, limit.amount(dose.patient.weight, dose.patient.bsa))
        )

    @property
    def companions(self) -> dict[str, Companion]:
        """The drugs that are given with it, but for those of a phase of which no infusion is still to be given."""
        every, left = self.regimen.rules.companions.items(), self.phases
        if self.plan is not None:
            left = tuple(item.phase for item in self.plan.infusions if not item.given)
        return {name: drug for name, drug in every if drug.phase is None or drug.phase in left}

    def planned(self, phase: str) -> bool:
        """Whether a phase has infusions in this course."""
        if self.plan is None:
            return phase in self.phases
        return any(item.phase == phase for item in self.plan.infusions)

    def about(
        self,
        code: str,
        phases: Iterable[str],
        message: str,
        source: tuple[Citation, ...],
        detail: str | None = None,
        severity: str | None = None,
        short: str | None = None,
    ) -> Finding:
        """A finding about some phases, with the numbers of their infusions."""
        names = tuple(phases)
        numbers: tuple[int, ...] | None = None
        if self.plan is not None:
            numbers = tuple(item.number for item in self.plan.infusions if item.phase in names)
        return Finding(code, message, source, detail, numbers, names, severity=severity, short=short)

    def of_doses(self, code: str, doses: Iterable[PhaseDose], message: str, source: tuple[Citation, ...]) -> Finding:
        """A finding about some doses, with the numbers of the infusions that have them."""
        listed = list(doses)
        phases = tuple(dict.fromkeys(dose.name for dose in listed))
        numbers: tuple[int, ...] | None = None
        if self.plan is not None:
            numbers = tuple(
                infusion.planned.number for infusion in self.infusions if any(infusion.dose is dose for dose in listed)
            )
        return Finding(code, message, source, infusions=numbers, phases=phases)


_IN_DETAIL = "CODE:DETAIL=REASON"
HOUSE = (Citation("house"),)


def carries(row: Collection[Any], about: Collection[Any] | None, shown: Collection[Any]) -> bool:
    """Whether a row of data carries a finding: about one of its infusions (or phases), or about none that is shown."""
    return not about or any(each in row for each in about) or not any(each in shown for each in about)


def in_data(told: Iterable[tuple[str, str, str | None]]) -> dict[str, str | None]:
    """Findings, by key, severity and the reason where one was accepted, as the columns that data has of them."""
    listed = list(told)
    reasons = (f"{key}={reason}" for key, _, reason in listed if reason is not None)
    keys = {grave: _joined(key for key, own, _ in listed if own == grave) for grave in SEVERITIES}
    return {
        "findings": _joined(key for key, _, _ in listed),
        "accepted": _joined(reasons),
        "severity": next((grave for grave in SEVERITIES if keys[grave]), None),
        "blocks": keys["block"],
        "cautions": keys["caution"],
    }


def _joined(texts: Iterable[str]) -> str | None:
    """Texts, each once, as one; None where there are none."""
    return ";".join(dict.fromkeys(texts)) or None


def together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings as people read them: those that say the same of several infusions once, of all of them."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        said = (finding.code, finding.many, finding.severity, finding.reason)
        groups.setdefault(said if finding.many else finding, []).append(finding)
    for same in groups.values():
        if len(same) == 1:
            yield same[0]
        else:
            numbers = tuple(sorted(number for each in same for number in each.infusions or ()))
            yield same[0].but(message=f"{len(numbers)} {same[0].many}", infusions=numbers)


def concerns(finding: Finding, phase: str) -> bool:
    """Whether a finding is told beside an infusion of a phase: of others only what blocks, or says how it goes on."""
    of_others = finding.phases and phase not in finding.phases
    return not of_others or finding.severity == "block" or finding.code in GOING_ON


def block_keys(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The keys of the findings that block, each once."""
    return tuple(dict.fromkeys(finding.key for finding in findings if finding.severity == "block"))


def how_to_go_on(keys: Iterable[str], *, many: bool = False) -> str:
    """What to do about findings that block: accept them with a reason, or know those that cannot be accepted.

    Of `many` patients one is accepted in the row, because the option accepts it in all rows. The detail is named where
    there is one: a code alone accepts all with that code.
    """
    listed = list(keys)
    final = [key for key in listed if never_accepted(key)]
    if final:
        return f"{', '.join(final)} cannot be accepted"
    days = set(listed) == {"no-open-day"}
    detailed = {":" in key for key in listed}
    form = "CODE=REASON" if True not in detailed else "CODE[:DETAIL]=REASON" if False in detailed else _IN_DETAIL
    if many:
        one = "to keep the dates of a patient" if days else "if the prescriber decides to go on with a patient"
        own = f"{one}, write {form} into the column accept of that row"
        told = f"{own}; --accept {form} accepts it for all rows that have it"
        return f"give a tolerance or other days; {told}" if days else told
    if days:
        return "give a tolerance or other days; to keep the dates, record the reason: --accept CODE=REASON"
    return f"if the prescriber decides to go on, record the reason: --accept {form}"
