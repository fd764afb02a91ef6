"""A Regimen and the doses and intervals asked for to the phases as ordered, with what was overridden."""

from __future__ import annotations

from infusecalc.choices import Choices, Value
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.quantities import Dose, Span
from infusecalc.regimen import Regimen
from infusecalc.statements import Phase, Place


class Ordered(Frozen):
    """The phases to plan, each as the table has it (`regimen`) and as it was asked for (`phases`)."""

    regimen: Regimen
    phases: dict[str, Phase]

    def in_bands(self, weight: int, bsa: int | None) -> Ordered:
        """The phases as they are for a patient of a size; raises BadInput for a BSA that is missing."""
        phases = {name: phase.in_band(weight, bsa) for name, phase in self.phases.items()}
        return Ordered(self.regimen.in_bands(weight, bsa), phases)

    @property
    def places(self) -> tuple[Place, ...]:
        """The bands of all phases, as ordered and as the table has them."""
        phases = (*self.phases.values(), *self.regimen.phases.values())
        return tuple(place for phase in phases for place in phase.places)

    def interval_changed(self, name: str) -> bool:
        """Whether a phase's interval is not the table's."""
        asked, own = self.phases[name].interval, self.regimen.phases[name].interval
        return asked is not None and own is not None and asked.size != own.size

    def least_gap(self, name: str) -> Span | None:
        """The least time before a repeat of a phase for which the source gives a figure; None where it gives none."""
        own, phase = self.regimen.phases[name], self.phases[name]
        if own.gap and own.gap.least:
            return own.gap.least
        offered = [row.every.low for row in self.regimen.rules.allowed if row.every and row.phase in (None, name)]
        least = min((low for low in offered if low), key=lambda low: low.size, default=None)
        return least if least and phase.interval and least.size <= phase.interval.size else None


def order_phases(regimen: Regimen, choices: Choices) -> Ordered:
    """The phases that are planned, with the overrides in them; raises BadInput for one that fits no phase."""
    phases = dict(regimen.phases)
    if choices.from_maintenance:
        if regimen.maintenance is None:
            detail = f": {regimen.id} ({regimen.label}) has {' and '.join(phases)}"
            problem = "cannot be taken: this regimen has no maintenance phase"
            raise BadInput("`from_`", "maintenance", problem, detail=detail, hint="leave it out")
        phases = {regimen.maintenance: phases[regimen.maintenance]}
    for name, dose in _by_phase("`dose`", choices.doses, regimen, phases).items():
        phases[name] = _with_dose(name, phases[name], dose, regimen)
    for name, every in _by_phase("`every`", choices.intervals, regimen, phases).items():
        phases[name] = _with_interval(name, phases[name], every, choices)
    return Ordered(regimen, phases)


def _by_phase(
    what: str, asked: tuple[tuple[str | None, Value], ...], regimen: Regimen, phases: dict[str, Phase]
) -> dict[str, Value]:
    """Each override under the phase that it is for; a bare one is for maintenance, or for every phase."""
    found: dict[str, Value] = {}
    for phase, value in asked:
        if phase is not None and phase not in phases:
            raise BadInput(f"{what} phase", phase, "is not in this plan", allowed=", ".join(phases))
        bare = [regimen.maintenance] if regimen.maintenance in phases else list(phases)
        for name in [phase] if phase else bare:
            if name in found:
                raise BadInput(what, value, f"is a second value for {name}", hint="give one value for each phase")
            found[name] = value
    return found


def _with_dose(name: str, phase: Phase, dose: Dose, regimen: Regimen) -> Phase:
    """The phase at another dose, under its own cap unless the dose has one (where all bands have the same)."""
    bases = tuple(dict.fromkeys(each.basis for each in phase.doses))
    if dose.basis not in bases:
        detail = f": the {name} dose of {regimen.id} is {phase.people}"
        allowed = " or ".join(bases)
        raise BadInput("`dose`", dose, "has another unit than the phase", detail=detail, allowed=allowed)
    caps = {each.most for each in phase.doses}
    if dose.most is None and dose.basis != "mg" and len(caps) == 1:
        dose = dose.but(most=caps.pop())
    return phase.but(dose=dose)


def _with_interval(name: str, phase: Phase, every: Span, choices: Choices) -> Phase:
    """The phase at another interval."""
    if phase.interval is None:
        hint = f"leave it out: {name} does not repeat"
        raise BadInput("`every`", every, "is for a phase that repeats", hint=hint)
    if phase.repeat and phase.repeat.planned == "asked" and not choices.horizon.courses:
        raise BadInput("`every`", every, "needs `courses`", hint="without it, one course is planned")
    if every.size <= Span(phase.offsets[-1], "day").size:
        hint = f"{name} has infusions up to day {phase.offsets[-1]} before it repeats"
        raise BadInput("`every`", every, "is too short for this phase", hint=hint)
    return phase.but(repeat=phase.repeat.but(every=every)) if phase.repeat else phase.but(every=every)
