"""The patient's size, the drug, and each infusion as planned and as given, as resources of FHIR R4."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.output import phrases
from infusecalc.output.fhir_values import Shared, coding, concept, entry, pointer, quantity, reference, references
from infusecalc.output.flat import Record
from infusecalc.patient import Patient
from infusecalc.phase_dose import Infusion
from infusecalc.pump import Rates, pump_steps
from infusecalc.quantities import people

_VITAL = [coding("observation-category", "vital-signs")]
_FACTOR_PLACES = 3


def medication(shared: Shared) -> Record:
    """The product: its own codes, then those of the drug; the strength is that of what is drawn up."""
    course, codes = shared.course, shared.codes
    drug = course.regimen.drug_id
    offered = course.table.products(drug, course.regimen.label)
    product = next(name for name in offered if course.table.text("products", name, "name") == course.product_name)
    known = [*codes.of("products", product, "rxnorm", "atc"), *codes.of("drugs", drug, "rxnorm", "atc")]
    strength = {"numerator": quantity(course.product.vials.concentration, "mg", 3), "denominator": quantity(1, "mL", 0)}
    return entry(
        shared.url("medication"),
        "Medication",
        code=concept(f"{course.regimen.drug.name} ({course.product_name})", known),
        ingredient=[
            {
                "itemCodeableConcept": concept(drug, codes.of("drugs", drug, "rxnorm", "snomed")),
                "isActive": True,
                "strength": strength,
            }
        ],
    )


# --- the patient's size ---------------------------------------------------------------------------------------


class Sizes:
    """The measurements that infusions rest on, each made once: weights over time, height, BSA."""

    def __init__(self, shared: Shared) -> None:
        """None are made yet."""
        self._shared = shared
        self.entries: dict[str, Record] = {}

    def of(self, infusion: Infusion) -> list[Record]:
        """The measurements that one infusion rests on."""
        patient, on = infusion.dose.patient, infusion.planned.date
        held = [each for each in patient.weights if each.since is None or each.since <= on][-1]
        day, key = str(held.since or self._shared.start), f"{held.since or 'of the start'}"
        weight = self._made(f"weight {key}", "weight", "Body weight", day, quantity(held.weight, "kg"), _VITAL)
        if patient.height is None:
            return [weight, *self._area(patient, "as given", self._shared.start, [])]
        size = quantity(patient.height, "cm", 1)
        height = self._made("height", "height", "Body height", self._shared.start, size, _VITAL)
        return [weight, height, *self._area(patient, key, day, [weight, height])]

    def _area(self, patient: Patient, key: str, day: str, measured: list[Record]) -> list[Record]:
        """The BSA, where there is one: by a formula, with its name, or as it was given, without a code."""
        if patient.bsa is None:
            return []
        capped = "" if patient.bsa == patient.bsa_uncapped else f", capped at {people(patient.bsa)} m2"
        size = quantity(patient.bsa, "m2")
        if not measured:
            return [self._made(f"bsa {key}", "", f"Body surface area, as given{capped}", day, size, [])]
        named = f"Body surface area derived from a formula{capped}"
        how = {"method": {"text": f"{patient.bsa_formula}{capped}"}, "derivedFrom": references(measured)}
        return [self._made(f"bsa {key}", "bsa", named, day, size, [], **how)]

    def _made(
        self, key: str, name: str, text: str, day: str, value: Record, category: list[Record], **more: object
    ) -> Record:
        url = self._shared.url(key)
        if url not in self.entries:
            self.entries[url] = entry(
                url,
                "Observation",
                status="final",
                category=category,
                code=concept(text, self._shared.codes.named(name)),
                subject=self._shared.subject,
                effectiveDateTime=day,
                valueQuantity=value,
                **more,
            )
        return self.entries[url]


# --- an infusion ----------------------------------------------------------------------------------------------


def request(shared: Shared, infusion: Infusion, drug: Record, sizes: list[Record], issues: Iterable[Record]) -> Record:
    """One infusion as it is planned: one dosage with its day and its length, and no rhythm of any kind."""
    course, planned, made_up = shared.course, infusion.planned, infusion.dose.preparation
    vials = f"{phrases.vials(made_up.vials)} of {course.product_name}, waste {phrases.mg(made_up.waste)}"
    return entry(
        shared.url(planned.number),
        "MedicationRequest",
        identifier=[shared.identified(planned.number)],
        groupIdentifier=shared.identified(),
        status="draft",
        intent="plan",
        medicationReference=reference(drug),
        subject=shared.subject,
        supportingInformation=references(sizes),
        reasonCode=[{"text": course.regimen.name}],
        basedOn=[shared.plan],
        note=[{"text": f"Vials {vials}; phase {planned.phase}; regimen table {course.table.version}"}],
        dosageInstruction=[_dosage(shared, infusion)],
        dispenseRequest={"quantity": quantity(made_up.opened, "mg")},
        detectedIssue=references(issues),
    )


def _dosage(shared: Shared, infusion: Infusion) -> Record:
    planned, time = infusion.planned, infusion.time
    rates = shared.course.running.rates(planned.number, first=infusion.first)
    timing: Record = {"event": [str(planned.date)]}
    if time is not None:
        length = quantity(time, "min")
        timing["repeat"] = {"duration": length["value"], "durationUnit": length["code"]}
    needed: Record = {"asNeededBoolean": True} if planned.optional else {}
    most = infusion.dose.asked.most
    capped = {} if most is None else {"maxDosePerAdministration": quantity(most, "mg")}
    return {
        "text": _in_words(shared, infusion, rates),
        "timing": timing,
        **needed,
        "route": concept("Intravenous", shared.codes.named("intravenous")),
        "doseAndRate": _doses(infusion, rates),
        **capped,
    }


def _doses(infusion: Infusion, rates: Rates | None) -> list[Record]:
    """The dose that the regimen has for the patient's size, and the one in mg, with its rate where one runs."""
    dose = infusion.dose
    ordered = {"type": coding("dose-rate-type", "ordered"), "doseQuantity": quantity(dose.amount.dose, "mg")}
    if rates and rates.titration is None:
        ordered["rateQuantity"] = quantity(pump_steps(dose.load, rates)[0].rate, "mg/h")
    if dose.asked.basis == "mg":
        return [ordered]
    by_size = quantity(dose.asked.factor, dose.asked.basis, _FACTOR_PLACES)
    return [{"type": coding("dose-rate-type", "calculated"), "doseQuantity": by_size}, ordered]


def _in_words(shared: Shared, infusion: Infusion, rates: Rates | None) -> str:
    """The whole of it for a reader, that the plan is blocked first of all, and the rates that no field has."""
    planned, dose = infusion.planned, infusion.dose
    blocked = "BLOCKED: " if shared.course.blocks else ""
    needed = " only if needed" if planned.optional else ""
    parts = [
        f"{blocked}{phrases.mg(dose.amount.dose)} ({dose.asked.people}) intravenously on {planned.date}{needed}",
        phrases.bag(dose.preparation),
        f"time {phrases.time(infusion.time)}",
    ]
    if rates and rates.titration:
        parts.append(f"{'first' if infusion.first else 'subsequent'} infusion: {rates.titration}")
    if planned.given:
        parts.append(f"was given on {planned.given.date}")
    return "; ".join(parts)


def administration(shared: Shared, infusion: Infusion, drug: Record) -> Record | None:
    """One infusion as it was given, where it was; without its dose where nobody said it."""
    number, given = infusion.planned.number, infusion.planned.given
    if given is None:
        return None
    dosage: Record = {}
    if given.amount is not None:
        route = concept("Intravenous", shared.codes.named("intravenous"))
        dosage = {"text": f"{phrases.mg(given.amount)} given", "route": route, "dose": quantity(given.amount, "mg")}
    return entry(
        shared.url(f"given {number}"),
        "MedicationAdministration",
        status="completed",
        medicationReference=reference(drug),
        subject=shared.subject,
        effectiveDateTime=str(given.date),
        request=pointer(shared.url(number), "MedicationRequest"),
        dosage=dosage,
    )
