"""The phases as ordered and a patient to what each infusion of a phase is: amount, preparation, time."""

from __future__ import annotations

from infusecalc.choices import Choices
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.infusions import Amount, round_dose, titration_time
from infusecalc.ordered import Ordered
from infusecalc.patient import Patient
from infusecalc.preparation import Preparation, prepare
from infusecalc.quantities import plain
from infusecalc.regimen import Bags, Phase, ProductRules, Titration


class Rates(Frozen):
    """How fast a drug goes in: a least time in minutes, titrations for the first and later infusions, or nothing."""

    least: int | None
    first: Titration | None
    later: Titration | None


class PhaseDose(Frozen):
    """One infusion of a phase; times in 0.01 min, None where no rate is labelled."""

    name: str
    phase: Phase
    amount: Amount
    preparation: Preparation
    first_time: int | None
    later_time: int | None


def dose_phases(
    ordered: Ordered, patient: Patient, choices: Choices, product: ProductRules, bags: Bags, within: int, rates: Rates
) -> dict[str, PhaseDose]:
    """Dose and make up every planned phase; raises BadInput where a BSA is missing or a dose comes to nothing."""
    rules = ordered.regimen.drug_rules
    _check_bag(choices.bag, bags)
    found: dict[str, PhaseDose] = {}
    for name, phase in ordered.phases.items():
        exact = phase.dose.amount(patient.weight, patient.bsa)
        if exact == 0:
            raise BadInput("dose", phase.dose, "comes to less than 0.01 mg", hint="check --dose and the weight")
        amount = round_dose(exact, choices.rounding, within, product.vials.sizes)
        made_up = prepare(amount.dose, product, rules, bags, choices.bag)
        first, later = _time(amount.dose, rates.first, rates), _time(amount.dose, rates.later, rates)
        found[name] = PhaseDose(name, phase, amount, made_up, first, later)
    return found


def _time(dose: int, titration: Titration | None, rates: Rates) -> int | None:
    if titration:
        return titration_time(dose, titration)
    return None if rates.least is None else rates.least * 100


def _check_bag(asked: int | None, bags: Bags) -> None:
    if asked is not None and not bags.low <= asked <= bags.high:
        allowed = f"{plain(bags.low, 0)} to {plain(bags.high, 0)} mL"
        raise BadInput("bag", f"{asked} mL", "is outside what is taken", allowed=allowed)
