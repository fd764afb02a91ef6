"""The stages composed: a table, a regimen, a patient and choices to one immutable Course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from typing import Any, Unpack

from infusecalc.choices import Acceptance, Choices
from infusecalc.errors import BadInput
from infusecalc.findings import Case, Finding, HasCondition, block_keys, find
from infusecalc.frozen import Frozen
from infusecalc.options import CourseOptions, as_declared, check_type
from infusecalc.overrides import Ordered
from infusecalc.patient import Patient
from infusecalc.phase_dose import Chair, Infusion, PhaseDose, Running, dose_phases, dose_plan
from infusecalc.plan import Plan, make_plan
from infusecalc.regimen import Regimen
from infusecalc.setting import Setting, setting_of
from infusecalc.site import Site
from infusecalc.statements import (
    SITE,
    Citation,
    House,
    Note,
    Phase,
    Premedication,
    ProductRules,
    done_once,
)
from infusecalc.table import Table
from infusecalc.totals import Totals, add_up


def _drawn(course: Course, how: str) -> Any:
    """A course as the package draws it (`_lines`, `_page`, `_frame`): what draws lies above this module."""
    return getattr(import_module("infusecalc"), how)(course)


class Course(Frozen):
    """One patient's course, with all its findings; `make_course` makes it.

    A notebook shows its page; `to_frame` gives its rows. Amounts are whole numbers in small units: drug in 0.01 mg,
    weight in 0.01 kg, BSA in 0.01 m2, volume of drug in 0.1 mL, bag in mL, concentration in 0.01 mg/mL, time in
    0.01 min. Look at `blocks` before a course is used.
    """

    table: Table
    case: Case
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        """A few lines: regimen, patient, dates, doses, what blocks, and how many cautions."""
        text: str = _drawn(self, "_lines")
        return text

    def _repr_html_(self) -> str:
        """The page of the course, for a notebook."""
        page: str = _drawn(self, "_page")
        return page

    def to_frame(self) -> Any:
        """The infusions, or without dates the phases, as a Polars frame with the columns that docs/commands.md lists.

        Infusions that block are among them, with their findings in `blocks`. Keep `pl.col("blocks").is_null()`, and let
        somebody decide about the others: they are no plan before that. Without `has` no contraindication was checked.

        Doses are in mg, volumes in mL, times in minutes, dates are dates. Raises MissingExtra without Polars.
        """
        return _drawn(self, "_frame")

    @property
    def regimen(self) -> Regimen:
        """The regimen, composed for its label and variant."""
        return self.case.regimen

    @property
    def ordered(self) -> Ordered:
        """The phases with the doses and intervals that were asked for in them."""
        return self.case.ordered

    @property
    def patient(self) -> Patient:
        """The patient at the weight of the start."""
        return self.case.patient

    @property
    def choices(self) -> Choices:
        """What was asked for."""
        return self.case.choices

    @property
    def house(self) -> House:
        """The program's own limits and defaults (`house` in the table), or those of the site's file."""
        return self.case.house

    @property
    def product_name(self) -> str:
        """The name of the product."""
        return self.case.product_name

    @property
    def product(self) -> ProductRules:
        """What the label says of the product."""
        return self.case.product

    @property
    def handling(self) -> dict[str, Note]:
        """How it is made up: as its drug says, and where the product's own label differs as that does."""
        return self.regimen.drug_rules.preparation.handling | self.product.handling

    @property
    def running(self) -> Running:
        """The infusion rates of a first and of a later infusion, those of a protocol among them."""
        return self.case.running

    @property
    def chair(self) -> Chair:
        """The minutes in the chair beside the infusion, in 0.01 min: premedication lead, observation, turnover."""
        return Chair.of(self.regimen, self.choices)

    @property
    def conditions(self) -> tuple[HasCondition, ...]:
        """The conditions of the patient (`has`), each with what the label says of it."""
        return self.case.conditions

    @property
    def plan(self) -> Plan | None:
        """The dates; None where neither `start` nor what was given was passed."""
        return self.case.plan

    @property
    def site(self) -> Site:
        """What a site's own file changes."""
        return self.case.site

    @property
    def infusions(self) -> tuple[Infusion, ...]:
        """The dated infusions: `dose.amount` in 0.01 mg, `time` in 0.01 min; none where `plan` is None."""
        return self.case.infusions

    @property
    def phases(self) -> tuple[PhaseDose, ...]:
        """The infusion of each phase, once for each weight: `amount` in 0.01 mg, `preparation`, times in 0.01 min."""
        return self.case.doses

    @property
    def blocked(self) -> bool:
        """Whether a finding blocks."""
        return bool(self.blocks)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The findings that block, each as CODE or CODE:DETAIL, as `accept` takes them."""
        return block_keys(self.findings)

    def whose(self, *path: str) -> str:
        """Where a value of the drug comes from, by its path in the table: `label`, or `site` for a site's file."""
        local = self.table.is_local("drugs", self.regimen.drug_id, self.regimen.label, *path)
        return SITE if local else "label"

    @property
    def changed_phases(self) -> tuple[str, ...]:
        """The phases of a shipped regimen whose dose, days or interval a site's file changes."""
        if self.site.shipped is None:
            return ()
        table, id_, label, path = self.table, self.regimen.id, self.regimen.label, self.regimen.place("phases")
        return tuple(name for name in self.regimen.phases if table.is_changed("regimens", id_, label, *path, name))

    @property
    def local(self) -> bool:
        """Whether the regimen comes from a site's own file."""
        return self.table.is_local("regimens", self.regimen.id, self.regimen.label)

    @property
    def day(self) -> date | None:
        """The day for which the age and the weight are shown: the first infusion, or the one that was asked for."""
        return self.case.day

    @property
    def totals(self) -> Totals:
        """The sums over the course: drug in 0.01 mg, times in 0.01 min.

        Infusions that were given are in them, with the planned dose, and so are those that block; as-needed ones are
        not.
        """
        return add_up((infusion for infusion in self.infusions if not infusion.planned.optional), self.chair)

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of every source that this course rests on, in the order of use."""
        return tuple(dict.fromkeys(citation.id for citation in self._citations()))

    @property
    def unread(self) -> tuple[str, ...]:
        """What this course rests on that nobody has read in a document (grade `recalled`), in a few words each."""
        cited = (each for each in self._citations() if self.table.source(each.id).grade == "recalled")
        return tuple(dict.fromkeys(each.section for each in cited if each.section))

    def _citations(self) -> Iterator[Citation]:
        rules, preparation = self.regimen.rules, self.running.making_up(self.regimen.drug_rules).preparation
        yield from rules.status.source
        for dose in self.phases:
            yield from _phase_citations(dose.phase)
        for cited in (
            self.product.vials,
            self.product.billing,
            self.product.billing and self.regimen.drug_rules.modifiers,
            preparation.bag,
            preparation.concentration,
            *(rates.titration for rates in (self.running.first, self.running.protocol_later) if rates),
        ):
            yield from cited.source if cited else ()
        if self.running.first:
            yield from self.regimen.drug_rules.infusion_time.source
        for finding in self.findings:
            yield from finding.source
        notes: list[Mapping[str, Note | Premedication]] = [
            self.handling, self.product.storage, self.regimen.drug_rules.premedication,
            self.regimen.drug_rules.monitoring,
        ]  # set in rows # fmt: skip
        for note in (note for listed in notes for note in listed.values()):
            yield from note.source
        for last in (self.regimen.drug_rules.reaction, self.regimen.drug_rules.observation):
            yield from last.source if last else ()


def _phase_citations(phase: Phase) -> Iterator[Citation]:
    yield from phase.source
    for cited in (phase.starts, phase.repeat):
        yield from cited.source if cited else ()


_NAMES = dict.fromkeys(("drug", "indication"), "str")


def make_course(
    table: Table,
    drug: str,
    indication: str,
    patient: Patient,
    choices: Choices | None = None,
    **options: Unpack[CourseOptions],
) -> Course:
    """Look up, plan, dose, make up and check one patient's course.

    `drug` and `indication` are names as people type them: `remicade`, `Crohn`. The options are those of
    `infusecalc.options.CourseOptions`, or already read as `choices`. With `start`, or what was given, the course is
    dated; without them there is one entry for each phase and no date, and an option that is about dates alone is
    refused. Doses, intervals, limits and findings are those of the table, each with its source (`Course.sources`);
    amounts are whole numbers, a dose in 0.01 mg. Raises BadInput for what cannot be used (`field` names the argument),
    UnknownName for a name or an option that there is not, and BadTable for a faulty entry of the table.
    """
    check_type("table", table, Table, "read it first: load_table() or load_table(FILE)")
    check_type("patient", patient, Patient, "make one first: Patient.of(...)")
    if choices is not None:
        check_type("choices", choices, Choices, "give options by their names, as in start='2026-12-01'")
    drug, indication = as_declared({"drug": drug, "indication": indication}, _NAMES).values()
    if choices is not None and options:
        raise BadInput("options", ", ".join(options), "cannot be combined with `choices`", hint="give one of the two")
    choices = choices or Choices.of(**options)
    if choices.for_dates and not (choices.start or choices.history):
        hint = "give `start`, or what was given; or leave it out"
        raise BadInput(f"`{choices.for_dates[0]}`", None, "has no effect without `start`", hint=hint)
    return course_in(setting_of(table, drug, indication, choices), patient, choices)


def course_in(setting: Setting, patient: Patient, choices: Choices, beside: tuple[Acceptance, ...] = ()) -> Course:
    """One patient's course in a setting that was made of the same choices, its dates and its history aside.

    Acceptances `beside` those of the choices need not meet a block. Raises BadInput for what cannot be used.
    """
    return judged(setting, case_in(setting, patient, choices), beside)


def judged(setting: Setting, case: Case, beside: tuple[Acceptance, ...] = ()) -> Course:
    """The course of a case, with all its findings; raises BadInput as `find` does."""
    return Course(setting.table, case, find(case, beside))


def case_in(setting: Setting, patient: Patient, choices: Choices) -> Case:
    """One patient's course before anybody has looked at it: planned, dosed and made up; raises BadInput."""
    if choices.start or choices.history:
        return case_of(setting, patient, choices, plan_in(setting, patient, choices))
    _check(setting, patient, choices)
    return case_of(setting, patient, choices, None)


def plan_in(setting: Setting, patient: Patient, choices: Choices) -> Plan:
    """When one patient's infusions are; raises BadInput for what cannot be used, but not for a dose."""
    _check(setting, patient, choices)
    return make_plan(setting.ordered, choices, setting.house)


def case_of(setting: Setting, patient: Patient, choices: Choices, plan: Plan | None) -> Case:
    """One patient's course of a plan that was made of the same: dosed and made up; raises BadInput."""
    house, ordered, day = setting.house, setting.ordered, _day(choices)
    doses, infusions = (
        dose_plan(plan, patient, setting.bench) if plan else (dose_phases(patient.weighed_on(day), setting.bench), ())
    )
    return Case(
        regimen=setting.regimen,
        ordered=ordered,
        product_name=setting.product_name,
        product=setting.product,
        house=house,
        patient=patient.weighed_on(day),
        choices=choices,
        conditions=setting.conditions,
        doses=doses,
        infusions=infusions,
        running=setting.running,
        plan=plan,
        site=setting.site,
        prices=setting.prices,
    )


def _day(choices: Choices) -> date | None:
    """The day of the first infusion, or the one that was asked for."""
    return choices.start or (choices.history[0].date if choices.history else choices.on)


def _check(setting: Setting, patient: Patient, choices: Choices) -> None:
    day = _day(choices)
    patient.check(setting.house, day)
    check_done(setting, choices, day)


def check_done(setting: Setting, choices: Choices, day: date | None) -> None:
    """Refuse with BadInput a screening that the regimen's drug has not, and one done after the start."""
    every = setting.regimen.drug_rules.screening
    known = done_once(every)
    for done in choices.done:
        if done.name in every and done.name not in known:
            raise BadInput("`done`", done.name, "is done before each infusion, not once", hint="leave it out")
        if done.name not in known:
            meant = "".join(
                f", but {name} is" for name in known if setting.table.is_called("conditions", name, done.name)
            )
            hint, problem = "it is for what is done before the first infusion", "is not a screening of this drug"
            raise BadInput("`done`", done.name, problem, detail=meant, allowed=", ".join(known), hint=hint)
        if done.on and day and done.on > day:
            hint = "it records what was done before the start"
            raise BadInput("`done`", f"{done.name}={done.on}", f"is after the start, {day}", hint=hint)
