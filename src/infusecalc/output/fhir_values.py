"""What resources of FHIR R4 are made of: references, concepts with their codes, quantities in UCUM units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from infusecalc.course import Course
from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record
from infusecalc.output.ical import uid
from infusecalc.quantities import number
from infusecalc.statements import KnownCode
from infusecalc.table import Table

SPACE = UUID("30a9b7df-5e76-5a1d-bc4f-b3b38c098e14")
"""The namespace of what we give an identity to; its URN names the system of our identifiers and finding codes."""
OWN = SPACE.urn
_UCUM = "http://unitsofmeasure.org"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_SYSTEMS = {
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}


def entry(url: str, kind: str, **parts: object) -> Record:
    """One resource of a bundle; parts that are None or empty are left out, as FHIR has no empty ones."""
    told = {name: part for name, part in parts.items() if part is not None and part not in ([], {})}
    return {"fullUrl": url, "resource": {"resourceType": kind} | told}


def pointer(url: str, kind: str) -> Record:
    """A reference to what has a URL in the same bundle."""
    return {"reference": url, "type": kind}


def reference(made: Record) -> Record:
    """A reference to an entry of the same bundle."""
    return pointer(made["fullUrl"], made["resource"]["resourceType"])


def references(made: Iterable[Record]) -> list[Record]:
    """References to entries."""
    return [reference(each) for each in made]


def quantity(scaled: int, unit: str, places: int = 2) -> Record:
    """A scaled integer with its UCUM unit; ours (`mg`, `mg/m2`, `mg/h`, `cm`, `min`) are written as UCUM has them."""
    return {"value": number(scaled, places), "unit": unit, "system": _UCUM, "code": unit}


def coding(system: str, code: str) -> Record:
    """A code of FHIR's own terminology, with its name in text beside it."""
    name = code.replace("-", " ").title()
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code, "display": name}], "text": name}


def concept(text: str, codes: Iterable[KnownCode]) -> Record:
    """A concept in words, with the codes that the table has for it."""
    listed = [
        {"system": _SYSTEMS[each.system], "code": each.code} | ({"display": each.display} if each.display else {})
        for each in codes
    ]
    return ({"coding": listed} if listed else {}) | {"text": text}


class CodeBook:
    """The codes that a table has, and the ids of the sources of those that were asked for."""

    def __init__(self, table: Table) -> None:
        """Nothing has been asked for yet."""
        self._table = table
        self.sources: dict[str, None] = {}

    def of(self, section: str, name: str, *systems: str) -> list[KnownCode]:
        """The codes of a drug or a product in some code systems, in the order of the table."""
        found: Mapping[str, KnownCode] = self._table.get(section, name, "codes") or {}
        return [self._noted(code) for code in found.values() if code.system in systems]

    def named(self, name: str) -> list[KnownCode]:
        """The code of something that is neither a drug nor a product; none where the table has none."""
        return [self._noted(self._table.get("codes", name))] if self._table.has("codes", name) else []

    def _noted(self, code: KnownCode) -> KnownCode:
        self.sources |= dict.fromkeys(citation.id for citation in code.source)
        return code


class Shared(Frozen):
    """What the entries of one bundle share: the course, the table's codes, the moment at which it was made."""

    course: Course
    codes: CodeBook
    stamp: str

    @property
    def start(self) -> str:
        """The start of the course, on which a size without a day of its own was measured."""
        return str(self.course.day)

    @property
    def subject(self) -> Record:
        """The patient, by the identifier alone."""
        return {"type": "Patient", "identifier": {"value": self.course.patient.id}}

    @property
    def group(self) -> str:
        """The course in words: patient, regimen, label, variant where there is one, start."""
        regimen = self.course.regimen
        names = (self.course.patient.id, regimen.id, regimen.label, regimen.variant, self.start)
        return "|".join(name for name in names if name)

    def url(self, what: str | int) -> str:
        """The `fullUrl` of an infusion by its number, as the calendar knows it, or of another part of the bundle."""
        return uuid5(SPACE, uid(self.course, what)).urn

    @property
    def plan(self) -> Record:
        """A reference to the plan that all else belongs to."""
        return pointer(self.url("care-plan"), "CarePlan")

    def identified(self, *more: object) -> Record:
        """An identifier of ours: of the course, or of a part of it."""
        return {"system": OWN, "value": "|".join((self.group, *map(str, more)))}
