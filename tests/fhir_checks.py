"""What must hold of a bundle of FHIR, which no reader of FHIR looks at; and faults that are planted to try it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from infusecalc import Patient
from infusecalc.output.fhir import bundle
from infusecalc.output.records import document
from support import course, someone, table

Bundle = dict[str, Any]

BLOCKED = {"has": ["active-infection"], "given": ["2026-12-01:700", "2026-12-09"]}
CASES = {
    "a blocked plan with infusions given, of one of which the dose is not known": ("rituximab/gpa", BLOCKED),
    "an accepted block": (
        "rituximab/gpa",
        {"has": ["active-infection"], "accept": ["contraindicated=treated for 2 weeks"]},
    ),
    "a screening that was done": ("infliximab/crohns", {"done": ["tuberculosis=2026-11-20", "hepatitis-b"]}),
    "a dose with a cap": ("infliximab/crohns", {"dose": ["5 mg/kg, at most 300 mg"]}),
    "infusions that are given only if needed": ("infliximab/ici-colitis", {}),
    "a rate that no label gives": ("rituximab/gpa-pediatric", {}),
    "clinic days": ("infliximab/crohns", {"days": "mon,wed"}),
}
"""Plans that have what the usual one of a regimen has not."""

# where a reference may stand, by the resource and the key that holds it, and what it may refer to
REFERS = {
    ("CarePlan", "contributor"): {"Device"},
    ("CarePlan", "supportingInfo"): {"Observation"},
    ("CarePlan", "activity"): {"MedicationRequest"},
    ("Observation", "derivedFrom"): {"Observation"},
    ("MedicationRequest", "medicationReference"): {"Medication"},
    ("MedicationRequest", "supportingInformation"): {"Observation"},
    ("MedicationRequest", "basedOn"): {"CarePlan"},
    ("MedicationRequest", "detectedIssue"): {"DetectedIssue"},
    ("DetectedIssue", "author"): {"Device"},
    ("DetectedIssue", "implicated"): {"CarePlan", "MedicationRequest"},
    ("Provenance", "target"): {"CarePlan", "MedicationRequest"},
    ("Provenance", "agent"): {"Device"},
    ("MedicationAdministration", "medicationReference"): {"Medication"},
    ("MedicationAdministration", "request"): {"MedicationRequest"},
}
UNITS = {
    "doseQuantity": {"mg", "mg/kg", "mg/m2"},
    "rateQuantity": {"mg/h"},
    "maxDosePerAdministration": {"mg"},
    "quantity": {"mg"},
    "dose": {"mg"},
    "valueQuantity": {"kg", "cm", "m2"},
    "numerator": {"mg"},
    "denominator": {"mL"},
}
OWN = "urn:uuid:30a9b7df-5e76-5a1d-bc4f-b3b38c098e14"
FHIR = "http://terminology.hl7.org/CodeSystem/"
SYSTEMS = {
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}
SEVERITY = {"block": "high", "caution": "moderate", "info": "low"}
SIZES = {"kg": "29463-7", "cm": "8302-2", "m2": "3140-1"}


def made(regimen: str, patient: Patient | None = None, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A bundle as it is read again, and the JSON document of the same plan."""
    found = course(regimen, (patient or someone(regimen)).but(id="17"), **options)
    return json.loads(json.dumps(bundle(found))), json.loads(json.dumps(document(found)))


def of_type(bundle: Bundle, kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]


def walk(part: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every part below a part, with the keys that lead to it; a place in a list is no key."""
    yield path, part
    if isinstance(part, dict):
        for key, each in part.items():
            yield from walk(each, *path, key)
    elif isinstance(part, list):
        for each in part:
            yield from walk(each, *path)


def known_codes() -> set[tuple[str, str]]:
    """The codes that the table has."""
    own, shipped = set(), table()
    for section, part in (("codes", None), ("drugs", "codes"), ("products", "codes")):
        for name in shipped.names(section):
            found = shipped.get(section, name, part) or {}
            own |= {(SYSTEMS[each.system], each.code) for each in (found.values() if part else [found])}
    return own


def faults(bundle: Bundle, document: dict[str, Any]) -> list[str]:
    """What is wrong with a bundle, held against the JSON document of the same plan."""
    return [
        *_whole(bundle),
        *_references(bundle),
        *_values(bundle),
        *_dosages(bundle),
        *_numbers(bundle, document),
        *_findings(bundle, document),
        *_carried(bundle, document),
        *_given(bundle, document),
    ]


def _whole(bundle: Bundle) -> Iterator[str]:
    if bundle["type"] != "collection":
        yield "the bundle is more than a collection"
    urls = [each["fullUrl"] for each in bundle["entry"]]
    if len(set(urls)) < len(urls):
        yield "two entries have one fullUrl"
    for url in urls:
        if not url.startswith("urn:uuid:") or UUID(url[9:]).version != 5:
            yield f"{url} is no urn:uuid of version 5"
    if of_type(bundle, "Patient"):
        yield "there is a Patient"
    for each in (*of_type(bundle, "CarePlan"), *of_type(bundle, "MedicationRequest")):
        if (each["status"], each["intent"]) != ("draft", "plan"):
            yield f"{each['resourceType']} is not a draft of a plan"
    subjects = {str(each) for path, each in walk(bundle) if path[-1:] in (("subject",), ("patient",))}
    if len(subjects) != 1:
        yield "not all is of one subject"
    moments = {
        each for path, each in walk(bundle)
        if path[-1:] and path[-1] in ("timestamp", "created", "recorded", "identifiedDateTime")
    }  # set in rows # fmt: skip
    if len(moments) != 1 or not datetime.fromisoformat(min(moments)).tzinfo:
        yield "not all is of one moment with a zone"


def _references(bundle: Bundle) -> Iterator[str]:
    kinds = {each["fullUrl"]: each["resource"]["resourceType"] for each in bundle["entry"]}
    for entry in bundle["entry"]:
        holder = entry["resource"]["resourceType"]
        for path, each in walk(entry["resource"]):
            if not isinstance(each, dict) or not isinstance(each.get("reference"), str):
                continue
            found = kinds.get(each["reference"])
            if found is None:
                yield f"{holder}.{'.'.join(path)} refers to nothing in the bundle"
            elif each.get("type") != found:
                yield f"{holder}.{'.'.join(path)} says {each.get('type')} of a {found}"
            if found and found not in REFERS.get((holder, path[0]), set()):
                yield f"{holder}.{'.'.join(path)} may not refer to a {found}"


def _values(bundle: Bundle) -> Iterator[str]:
    known = known_codes()
    for path, each in walk(bundle):
        where = ".".join(path)
        if each is None or each in ("", [], {}):
            yield f"{where} is empty"
        if path[-1:] == ("sequence",):
            yield f"{where} is a sequence"
        if isinstance(each, dict) and "code" in each and isinstance(each.get("system"), str):
            yield from (f"{where} {what}" for what in (_quantity if "value" in each else _coding)(each, path, known))


def _quantity(told: dict[str, Any], path: tuple[str, ...], _: Any) -> Iterator[str]:
    if told["system"] != "http://unitsofmeasure.org" or told["unit"] != told["code"]:
        yield "has no unit of UCUM"
    if told["code"] not in UNITS.get(path[-1], ()):
        yield f"is in {told['code']}"


def _coding(told: dict[str, Any], _: tuple[str, ...], known: set[tuple[str, str]]) -> Iterator[str]:
    if not told["system"].startswith((OWN, FHIR)) and (told["system"], told["code"]) not in known:
        yield f"has the code {told['code']}, which the table does not have"
    if not re.fullmatch(r"\S+( \S+)*", told["code"]):
        yield "has a code with blanks"


def _dosages(bundle: Bundle) -> Iterator[str]:
    for each in of_type(bundle, "MedicationRequest"):
        if len(each["dosageInstruction"]) != 1:
            yield "a request has several dosages"
        for dosage in each["dosageInstruction"]:
            timing = dosage["timing"]
            if len(timing.get("event", ())) != 1:
                yield "a dosage is not on one day"
            if set(timing) - {"event", "repeat"} or set(timing.get("repeat", ())) - {"duration", "durationUnit"}:
                yield "a dosage has a rhythm"
            if timing.get("repeat", {"durationUnit": "min"}).get("durationUnit") != "min":
                yield "a duration is not in minutes"
            types = [rate["type"]["coding"][0]["code"] for rate in dosage["doseAndRate"]]
            if types not in (["calculated", "ordered"], ["ordered"]):
                yield "a dosage has other doses than the calculated and the ordered one"


def _numbers(bundle: Bundle, document: dict[str, Any]) -> Iterator[str]:
    requests, infusions = of_type(bundle, "MedicationRequest"), document["infusions"]
    plan = of_type(bundle, "CarePlan")[0]
    urls = [each["fullUrl"] for each in bundle["entry"] if each["resource"]["resourceType"] == "MedicationRequest"]
    if [each["reference"]["reference"] for each in plan["activity"]] != urls or len(urls) != len(infusions):
        yield "the plan has other infusions"
    if (plan["period"]["start"], plan["period"]["end"]) != (infusions[0]["date"], infusions[-1]["date"]):
        yield "the plan has another period"
    if len({each["groupIdentifier"]["value"] for each in requests}) != 1:
        yield "the requests are not of one course"
    by_url = {each["fullUrl"]: each["resource"] for each in bundle["entry"]}
    for each, infusion in zip(requests, infusions, strict=False):
        dosage, number = each["dosageInstruction"][0], infusion["number"]
        sizes = [by_url.get(one["reference"], {}) for one in each["supportingInformation"]]
        told = {
            "number": int(each["identifier"][0]["value"].rpartition("|")[2]),
            "date": dosage["timing"]["event"][0],
            "duration_min": dosage["timing"].get("repeat", {}).get("duration"),
            "dose_mg": dosage["doseAndRate"][-1]["doseQuantity"]["value"],
            "optional": dosage.get("asNeededBoolean", False),
            "vials_mg": each["dispenseRequest"]["quantity"]["value"],
            "basis": _basis(dosage),
            "rate": dosage["doseAndRate"][-1].get("rateQuantity", {}).get("value"),
            **{one["valueQuantity"]["code"]: one["valueQuantity"]["value"] for one in sizes if one},
        }
        wanted = {name: infusion[name] for name in ("number", "date", "duration_min", "dose_mg", "optional")}
        wanted["vials_mg"] = sum(vial["size_mg"] * vial["count"] for vial in infusion["vials"])
        wanted["basis"] = infusion["dose_basis"].partition(",")[0]
        minutes = infusion["duration_min"]
        # a rate that rises stands in words alone, which end with the titration
        flat = minutes is not None and " infusion: " not in dosage["text"]
        wanted["rate"] = round(infusion["dose_mg"] * 60 / minutes, 2) if flat else None
        height = document["patient"]["height_cm"]
        measured = {"kg": infusion["weight_kg"], "cm": height, "m2": infusion["bsa_m2"]}
        wanted |= {unit: value for unit, value in measured.items() if value is not None}
        yield from (f"infusion {number}: {name} {told.get(name)}, not {wanted.get(name)}"
                    for name in told | wanted if told.get(name) != wanted.get(name))  # set in rows # fmt: skip
    for each in of_type(bundle, "Observation"):
        unit, coded = each["valueQuantity"]["code"], each["code"].get("coding", [{}])[0].get("code")
        given = document["patient"]["bsa_formula"] == "given" and unit == "m2"
        if coded != (None if given else SIZES[unit]) or ("method" in each) != (unit == "m2" and not given):
            yield f"the measurement in {unit} is told as another"


def _basis(dosage: dict[str, Any]) -> str:
    first = dosage["doseAndRate"][0]["doseQuantity"]
    return f"{first['value']} {first['code']}"


def _findings(bundle: Bundle, document: dict[str, Any]) -> Iterator[str]:
    issues, told = of_type(bundle, "DetectedIssue"), document["findings"]
    if len(issues) != len(told):
        yield "not every finding is an issue"
    for issue, finding in zip(issues, told, strict=False):
        key = f"{finding['code']}:{finding['detail']}" if finding["detail"] else finding["code"]
        if issue["code"]["coding"][0]["code"] != key or not issue["detail"].startswith(finding["message"]):
            yield f"{key} is told as another finding"
        if issue["severity"] != SEVERITY[finding["severity"]]:
            yield f"{key} is {issue['severity']}"
        taken = [each["action"]["text"] for each in issue.get("mitigation", ())]
        if (f"Accepted: {finding['reason']}" in taken) != finding["accepted"]:
            yield f"{key} is accepted in one of the two"
    blocked = any(each["severity"] == "block" for each in told)
    plan, requests = of_type(bundle, "CarePlan")[0], of_type(bundle, "MedicationRequest")
    if plan["title"].startswith("BLOCKED: ") != blocked:
        yield "the title does not say whether the plan is blocked"
    if any(each["dosageInstruction"][0]["text"].startswith("BLOCKED: ") != blocked for each in requests):
        yield "a dosage does not say whether the plan is blocked"


def _carried(bundle: Bundle, document: dict[str, Any]) -> Iterator[str]:
    """An issue names the infusions that its finding is about, or the plan; a request the blocks and cautions it has."""
    urls = {kind: [each["fullUrl"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]
            for kind in ("CarePlan", "MedicationRequest", "DetectedIssue")}  # set in rows # fmt: skip
    infusions = dict(zip((each["number"] for each in document["infusions"]), urls["MedicationRequest"], strict=False))
    told = list(zip(document["findings"], of_type(bundle, "DetectedIssue"), urls["DetectedIssue"], strict=False))
    for finding, issue, _ in told:
        about = [infusions.get(number) for number in finding["infusions"] or ()] or urls["CarePlan"]
        if [each["reference"] for each in issue.get("implicated", ())] != about:
            yield f"{finding['code']} is told of other infusions"
    for number, request in zip(infusions, of_type(bundle, "MedicationRequest"), strict=False):
        grave = [
            url
            for finding, _, url in told
            if finding["severity"] != "info" and number in (finding["infusions"] or infusions)
        ]
        if [each["reference"] for each in request.get("detectedIssue", ())] != grave:
            yield f"infusion {number} does not name its findings"


def _given(bundle: Bundle, document: dict[str, Any]) -> Iterator[str]:
    told = [
        (each["effectiveDateTime"], each.get("dosage", {}).get("dose", {}).get("value"))
        for each in of_type(bundle, "MedicationAdministration")
    ]
    if told != [(each["date"], each["given_mg"]) for each in document["infusions"] if each["given"]]:
        yield "other infusions were given"


# --- faults to be found -----------------------------------------------------------------------------------------


def _first(bundle: Bundle, kind: str) -> dict[str, Any]:
    return of_type(bundle, kind)[0]


def _dosage(bundle: Bundle) -> dict[str, Any]:
    return _first(bundle, "MedicationRequest")["dosageInstruction"][0]


def _drop(part: dict[str, Any], key: str) -> None:
    del part[key]


def _put(part: dict[str, Any], **values: Any) -> None:
    part |= values


PLANTED: dict[str, Callable[[Bundle], Any]] = {
    "a reference to nothing": lambda b: _put(
        _first(b, "MedicationRequest")["medicationReference"], reference="urn:uuid:30a9b7df-5e76-5a1d-bc4f-b3b38c098e14"
    ),
    "a reference to a resource of another type": lambda b: _put(
        _first(b, "MedicationRequest")["medicationReference"],
        reference=next(e["fullUrl"] for e in b["entry"] if e["resource"]["resourceType"] == "Device"),
        type="Device",
    ),
    "two entries with one fullUrl": lambda b: _put(b["entry"][1], fullUrl=b["entry"][0]["fullUrl"]),
    "a second dosage": lambda b: _first(b, "MedicationRequest")["dosageInstruction"].append(_dosage(b)),
    "a frequency with a period": lambda b: _put(_dosage(b)["timing"]["repeat"], frequency=1, period=8, periodUnit="wk"),
    "a part that FHIR does not have": lambda b: _put(_dosage(b), bagMl=250),
    "a duration without its unit": lambda b: _drop(_dosage(b)["timing"]["repeat"], "durationUnit"),
    "a dose ten times as high": lambda b: _put(
        _dosage(b)["doseAndRate"][-1]["doseQuantity"], value=10 * _dosage(b)["doseAndRate"][-1]["doseQuantity"]["value"]
    ),
    "a dose in g": lambda b: _put(_dosage(b)["doseAndRate"][-1]["doseQuantity"], unit="g", code="g"),
    "a unit that is none of UCUM": lambda b: _put(
        _dosage(b)["doseAndRate"][0]["doseQuantity"], unit="mg/m²", code="mg/m²"
    ),
    "an infusion on another day": lambda b: _put(_dosage(b)["timing"], event=["2026-12-02"]),
    "an active order": lambda b: _put(_first(b, "MedicationRequest"), status="active", intent="order"),
    "a status that FHIR does not have": lambda b: _put(_first(b, "CarePlan"), status="planned"),
    "no subject": lambda b: _drop(_first(b, "MedicationRequest"), "subject"),
    "a Patient": lambda b: b["entry"].append(
        {"fullUrl": "urn:uuid:16fd2706-8baf-533b-82eb-8c7fada847da", "resource": {"resourceType": "Patient"}}
    ),
    "a code that nobody has read": lambda b: _put(_first(b, "Medication")["code"]["coding"][0], code="999999"),
    "a block as a small matter": lambda b: _put(
        next(each for each in of_type(b, "DetectedIssue") if each["severity"] == "high"), severity="low"
    ),
    "an infusion that is missing": lambda b: b["entry"].remove(
        next(each for each in b["entry"] if each["resource"]["resourceType"] == "MedicationRequest")
    ),
}
"""A fault by its name, and what plants it in a bundle of a blocked plan of rituximab by m2."""
BY_READERS = {"a part that FHIR does not have", "no subject"}
"""Those that the readers of FHIR find; every other one is found by the checks, and some by both."""
