"""Findings of the amounts: rounding, the BSA cap, what fits the bag, its concentration, discarded drug."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.arithmetic import WHOLE, above, waste_below_unit
from infusecalc.findings.model import HOUSE, Case, Finding
from infusecalc.phase_dose import PhaseDose
from infusecalc.quantities import decisive, people, plain


def by_preparation(case: Case) -> Iterator[Finding]:
    """Every finding about what is drawn up, phase by phase."""
    cap, doses = case.patient.bsa_cap, case.given_doses
    for uncapped in dict.fromkeys(dose.patient.bsa_uncapped for dose in doses):
        if uncapped is not None and cap is not None and above(uncapped, cap):
            message = f"BSA {plain(uncapped)} m2 was capped at {plain(cap)} m2 as requested; the labels have no cap"
            yield Finding("bsa-capped", message, HOUSE)
    for dose in doses:
        yield from _capped(case, dose)
    for dose in doses:
        yield from _rounding(case, dose)
        yield from _fit(case, dose)
        yield from _concentration(case, dose)
        yield from _margin(case, dose)
        yield from _waste(case, dose)
        yield from _price(case, dose)


def _capped(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    """A dose that its cap cuts."""
    uncapped = dose.asked.uncapped(dose.patient.weight, dose.patient.bsa)
    if above(uncapped, dose.amount.exact):
        own = dose.asked.but(most=None).people
        message = f"{dose.name}: {people(dose.amount.exact)} mg is the cap; {own} would be {people(uncapped)} mg"
        yield case.of_doses("dose-capped", [dose], message, dose.phase.source)


def _rounding(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    amount, limits = dose.amount, case.house.rounding
    if not amount.applied and not amount.refused:
        return
    within = case.choices.rounding.most(limits.within)
    change = f"{people(amount.exact)} mg to {people(amount.nearest)} mg ({amount.change(within)})"
    if amount.applied:
        yield case.of_doses("rounding-applied", [dose], f"{dose.name}: rounded from {change}", limits.source)
    if amount.refused and amount.nearest == 0:
        message = (
            f"{dose.name}: not rounded, as nothing would be left of {people(amount.exact)} mg; the exact dose is kept"
        )
        yield case.of_doses("rounding-refused", [dose], message, limits.source)
    elif amount.refused:
        message = f"{dose.name}: not rounded from {change}: that is more than {plain(within)} %; the exact dose is kept"
        yield case.of_doses("rounding-refused", [dose], message, limits.source)


def _fit(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    made_up = dose.preparation
    if made_up.too_much is not None:
        volume = f"{people(dose.amount.dose)} mg is {people(made_up.too_much, 4)} mL of drug"
        message = f"{dose.name}: {volume}, which does not fit in a {people(made_up.bag, 0)} mL bag"
        yield case.of_doses("bag-too-small", [dose], message, case.product.vials.source)


def _concentration(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    made_up, limits = dose.preparation, case.regimen.drug_rules.preparation.concentration
    if made_up.outside is None:
        return
    bound = (limits.from_ if made_up.outside == "low" else limits.to) or 0
    exact = decisive(dose.amount.dose, made_up.bag * 100, [(bound, 1000)], 4)  # 0.01 mg/mL would not tell
    where = f"{people(dose.amount.dose)} mg in {people(made_up.bag, 0)} mL is {exact} mg/mL"
    side = "under" if made_up.outside == "low" else "over"
    message = f"{dose.name}: {where}, {side} the limit of {plain(bound, 3)} mg/mL"
    yield case.of_doses(f"concentration-{made_up.outside}", [dose], message, limits.source)


def _margin(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    """A concentration in range that overfill of the bag would take under it."""
    made_up, limits = dose.preparation, case.regimen.drug_rules.preparation.concentration
    if not made_up.marginal:
        return
    bound, more = limits.from_ or 0, case.house.overfill.most
    full = decisive(dose.amount.dose * WHOLE, made_up.bag * 100 * (WHOLE + more), [(bound, 1000)], 2)
    message = (
        f"{dose.name}: {people(dose.amount.dose)} mg in {people(made_up.bag, 0)} mL is in range, but with "
        f"{plain(more)} % more in the bag than it says (overfill) it would be {full} mg/mL, under the limit of "
        f"{plain(bound, 3)} mg/mL"
    )
    yield case.of_doses("concentration-margin", [dose], message, case.house.overfill.source)


def _waste(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    made_up = dose.preparation
    if made_up.charge and waste_below_unit(made_up.waste, made_up.charge.wasted):
        modifiers = case.regimen.drug_rules.modifiers
        message = f"{dose.name}: {plain(made_up.waste)} mg is discarded, less than one billing unit"
        source = modifiers.source if modifiers else HOUSE
        yield case.of_doses("waste-below-unit", [dose], message, source)


def _price(case: Case, dose: PhaseDose) -> Iterator[Finding]:
    """Vials of which no price is known, where there are prices, and so a cost of each infusion."""
    if not case.choices.prices:
        return
    known = dict(case.prices)
    missing = [f"{plain(size)} mg" for size, _ in dose.preparation.vials if size not in known]
    if missing:
        sizes, size = " and ".join(missing), missing[0].replace(" ", "")
        message = (
            f"{dose.name}: no price was given for a vial of {case.product_name} of {sizes}, so the cost is not known: "
            f"add --price {size}=AMOUNT, or --price '{case.product_name}:{size}=AMOUNT'"
        )
        yield case.of_doses("price-missing", [dose], message, HOUSE)
