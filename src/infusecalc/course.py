"""The stages composed: a table, a regimen, a patient and choices to one immutable Course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infusecalc.choices import Choices
from infusecalc.errors import BadInput, shown
from infusecalc.findings import Case, Finding, HasCondition, find
from infusecalc.frozen import Frozen
from infusecalc.ordered import order_phases
from infusecalc.patient import Patient
from infusecalc.phase_dose import PhaseDose, Rates, dose_phases
from infusecalc.plan import Plan, Planned, make_plan
from infusecalc.regimen import Citation, House, Phase, ProductRules, Regimen
from infusecalc.table import Table


class Infusion(Frozen):
    """One dated infusion: where it stands in the plan, and what it is. `time` is in 0.01 min."""

    planned: Planned
    dose: PhaseDose
    time: int | None


class Totals(Frozen):
    """Sums over the infusions that are not optional: mg in 0.01 mg, time in 0.01 min (None where one is unknown)."""

    infusions: int
    dose: int
    waste: int
    vials: tuple[tuple[int, int], ...]
    time: int | None


class Course(Frozen):
    """One patient's course: the regimen as planned, dosed and made up, with all its findings.

    `phases` holds what each infusion of a phase is; `infusions` is empty where no start was given.
    """

    table: Table
    regimen: Regimen
    patient: Patient
    choices: Choices
    product_name: str
    product: ProductRules
    rates: Rates
    plan: Plan | None
    phases: tuple[PhaseDose, ...]
    infusions: tuple[Infusion, ...]
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """Whether a finding blocks."""
        return any(finding.severity == "block" for finding in self.findings)

    @property
    def local(self) -> bool:
        """Whether the regimen comes from a site's own file."""
        return self.table.is_local("regimens", self.regimen.id, self.regimen.label)

    @property
    def totals(self) -> Totals:
        """The sums over the course; an infusion that is given only if needed is left out."""
        counted = [infusion for infusion in self.infusions if not infusion.planned.optional]
        vials: dict[int, int] = {}
        for infusion in counted:
            for size, number in infusion.dose.preparation.vials:
                vials[size] = vials.get(size, 0) + number
        times = [infusion.time for infusion in counted]
        return Totals(
            infusions=len(counted),
            dose=sum(infusion.dose.amount.dose for infusion in counted),
            waste=sum(infusion.dose.preparation.waste for infusion in counted),
            vials=tuple(sorted(vials.items(), reverse=True)),
            time=None if None in times else sum(time for time in times if time is not None),
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every source that this course rests on, in the order of use."""
        return tuple(dict.fromkeys(citation.id for citation in self._citations()))

    def _citations(self) -> Iterator[Citation]:
        rules, preparation = self.regimen.rules, self.regimen.drug_rules.preparation
        yield from rules.status.source
        for dose in self.phases:
            yield from _phase_citations(dose.phase)
        for cited in (
            self.product.vials,
            self.product.billing,
            self.product.billing and self.regimen.drug_rules.modifiers,
            preparation.bag,
            preparation.concentration,
            self.rates.first,
        ):
            yield from cited.source if cited else ()
        if any(dose.first_time is not None for dose in self.phases):
            yield from self.regimen.drug_rules.infusion_time.source
        for finding in self.findings:
            yield from finding.source


def _phase_citations(phase: Phase) -> Iterator[Citation]:
    yield from phase.source
    for cited in (phase.starts, phase.repeat):
        yield from cited.source if cited else ()


def make_course(
    table: Table, drug: str, indication: str, patient: Patient, choices: Choices | None = None, **options: Any
) -> Course:
    """Look up, plan, dose, make up and check one patient's course.

    `drug` and `indication` are names as people type them. The options are those of `Choices.of`; with `start`
    the course is dated, without it there is one entry for each phase and no date. Raises BadInput for what
    cannot be used and BadTable for a faulty entry of the table.
    """
    choices = choices or Choices.of(**options)
    regimen, product_id = _look_up(table, drug, indication, choices)
    product, product_rules = table.product(product_id, choices.label)
    house = table.house()
    patient.check(house, choices.start or choices.on)
    ordered = order_phases(regimen, choices)
    plan = None if choices.start is None else make_plan(ordered, choices, house.horizon)
    rates = _rates(table, regimen)
    within = house.rounding.within if choices.rounding.within is None else choices.rounding.within
    doses = dose_phases(ordered, patient, choices, product_rules, house.bags, within, rates)
    conditions = _conditions(table, regimen, choices.conditions)
    case = Case(
        regimen=regimen,
        ordered=ordered,
        product_name=product.name,
        not_labelled=product_rules.not_labelled,
        house=house,
        patient=patient,
        choices=choices,
        conditions=conditions,
        doses=doses,
        plan=plan,
        local=_local(table, regimen, product_id, conditions),
    )
    return Course(
        table=table,
        regimen=regimen,
        patient=patient,
        choices=choices,
        product_name=product.name,
        product=product_rules,
        rates=rates,
        plan=plan,
        phases=tuple(doses.values()),
        infusions=_infusions(plan, doses),
        findings=find(case),
    )


def _look_up(table: Table, drug: str, indication: str, choices: Choices) -> tuple[Regimen, str]:
    """The regimen, and the product: named as the drug, named as the product, or the drug's usual one."""
    drug_id, named = table.find_drug(drug)
    regimen = table.regimen(drug_id, table.find_indication(drug_id, indication), choices.label, choices.variant)
    chosen = table.find_product(choices.product, drug_id) if choices.product is not None else None
    if named and chosen and named != chosen:
        raise BadInput(
            "product", choices.product, f"is not the product that {shown(drug)} names", hint="give one of the two"
        )
    return regimen, chosen or named or regimen.drug_rules.default_product.product


def _rates(table: Table, regimen: Regimen) -> Rates:
    """How fast the drug goes in under this regimen; nothing where no rate is labelled."""
    time = regimen.drug_rules.infusion_time
    if regimen.rules.rate_not_labelled:
        return Rates(None, None, None)
    if time.first is None or time.subsequent is None:
        return Rates(time.least, None, None)
    return Rates(None, table.get("titrations", time.first), table.get("titrations", time.subsequent))


def _conditions(table: Table, regimen: Regimen, typed: tuple[str, ...]) -> tuple[HasCondition, ...]:
    """What was said of the patient, each with what the regimen, or else the drug, says of it."""
    found: dict[str, HasCondition] = {}
    for text in typed:
        named = table.find_condition(text)
        read_as = table.get("conditions", named).read_as or named
        rule = regimen.rules.conditions.get(read_as) or regimen.drug_rules.conditions.get(read_as)
        found.setdefault(read_as, HasCondition(named, read_as, table.get("conditions", read_as).name, rule))
    return tuple(found.values())


def _local(table: Table, regimen: Regimen, product: str, conditions: tuple[HasCondition, ...]) -> tuple[str, ...]:
    """The entries behind this course that come from a site's own file."""
    label, time = regimen.label, regimen.drug_rules.infusion_time
    entries = [("regimens", regimen.id, label), ("drugs", regimen.drug_id, label), ("products", product, label)]
    entries += [("titrations", name, "") for name in (time.first, time.subsequent) if name]
    entries += [("conditions", condition.id, "") for condition in conditions]
    entries += [("conditions", condition.typed, "") for condition in conditions]
    entries += [("house", name, "") for name in House.part_names()]
    local = (f"{section}/{name}" for section, name, key in entries if table.is_local(section, name, key))
    return tuple(dict.fromkeys(local))


def _infusions(plan: Plan | None, doses: dict[str, PhaseDose]) -> tuple[Infusion, ...]:
    """The planned infusions, each with its phase's dose; the first of the course at the first rate."""
    if plan is None:
        return ()
    return tuple(
        Infusion(
            item, doses[item.phase], doses[item.phase].first_time if item.number == 1 else doses[item.phase].later_time
        )
        for item in plan.infusions
    )
