"""Two tables to what differs between them: the values, each of a kind, and the effect on fixed reference patients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infusecalc.choices import Choices
from infusecalc.course import course_in
from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.patient import Patient
from infusecalc.setting import Setting, setting_of
from infusecalc.statements import SECTIONS
from infusecalc.statements.kinds import WORDS, ListOf
from infusecalc.table import Table, Value

CLINICAL, SOURCE, WORDING = KINDS = ("clinical", "source", "wording")
PATIENTS = {
    "adult": {"weight": "70 kg", "height": "175 cm", "age": "40y"},
    "child": {"weight": "30 kg", "height": "130 cm", "age": "10y"},
}
"""The reference patients; the first infusion is on `START`, and the horizon is that of each table."""
START = "2026-12-01"
_NAMES, _SHORT = ("name", "aliases"), "short"
_FIGURE = re.compile(r"\d[\d.,]*\s*[^\s.,;:()]*")
_WORD = re.compile(r"[a-z]+")
_TURNING = frozenset((
    "no", "not", "never", "none", "nor", "cannot", "only", "without", "unless", "except", "avoid", "stop", "before",
    "after", "until", "above", "below", "under", "over", "more", "less", "fewer", "least", "most",
))  # set in rows # fmt: skip
"""Words that turn what a text says: where one comes or goes, another rule may stand there."""


class Difference(Frozen):
    """A path whose value is another in the two tables; None where a table does not have it."""

    kind: str
    id: str
    old: str | None
    new: str | None


Told = dict[str, tuple[Any, ...]]
"""A course: its dates, doses, vials, bags, times and findings; or why there is none."""


class Effect(Frozen):
    """What differs in the course of a reference patient; None where a table does not have the regimen."""

    id: str
    label: str
    variant: str | None
    patient: str
    what: str
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None


def differences(old: Table, new: Table) -> Iterator[Difference]:
    """The paths whose value differs, in the order of the new table, then what only the old one has."""
    for section in (*SECTIONS, "house"):
        for name in dict.fromkeys((*new.names(section), *old.names(section))):
            before, after = (_values(table, section, name) for table in (old, new))
            for id_ in dict.fromkeys((*after, *before)):
                one, other = before.get(id_), after.get(id_)
                if (one and one.text) != (other and other.text):
                    kind = _kind(one, other)
                    yield Difference(kind, id_, one.text if one else None, other.text if other else None)


def _values(table: Table, section: str, name: str) -> dict[str, Value]:
    """The values of an entry; none where the table does not have it, or has it only on loan."""
    own = table.has(section, name) and f"{section}/{name}" not in table.lent
    return table.values(section, name) if own else {}


def _kind(old: Value | None, new: Value | None) -> str:
    """Of what kind a difference is; a text whose figures and turning words are the same differs in its wording."""
    value: Any = new or old
    if value.section == "sources" or value.cites:
        return SOURCE
    key = value.path[-1]
    if key in _NAMES:
        return WORDING
    if value.kind not in (WORDS, ListOf(WORDS)):
        return CLINICAL
    if old is None or new is None:
        return WORDING if key == _SHORT else CLINICAL
    return WORDING if _weighty(old.text) == _weighty(new.text) else CLINICAL


def _weighty(text: str) -> tuple[list[str], list[str]]:
    """The figures of a text with their units, and its turning words."""
    lower = text.lower()
    figures = (re.sub(r"[\s,]", "", each).rstrip(".") for each in _FIGURE.findall(lower))
    return sorted(figures), sorted(word for word in _WORD.findall(lower) if word in _TURNING)


def effects(old: Table, new: Table) -> Iterator[Effect]:
    """What differs in the course of each reference patient, in every regimen and variant under every label."""
    places = dict.fromkeys((*_places(new), *_places(old)))
    here = [dict.fromkeys(_places(table)) for table in (old, new)]
    for place in places:
        told = [_told(table, place) if place in own else {} for table, own in zip((old, new), here, strict=True)]
        for patient in PATIENTS:
            before, after = (found.get(patient, {}) for found in told)
            for what in dict.fromkeys((*after, *before)):
                if before.get(what) != after.get(what):
                    yield Effect(*place, patient, what, before.get(what), after.get(what))


Place = tuple[str, str, str | None]
"""A regimen, a label, and a variant or None."""


def _places(table: Table) -> Iterator[Place]:
    for id_ in table.names("regimens"):
        for label in table.labels:
            if table.has_part("regimens", id_, label):
                variants = table.get("regimens", id_, label).variants
                yield from ((id_, label, variant) for variant in (None, *variants))


def _told(table: Table, place: Place) -> dict[str, Told]:
    """What a course is for each of the reference patients."""
    id_, label, variant = place
    drug, _, indication = id_.partition("/")
    choices = Choices.of(label=label, variant=variant, start=START)
    setting = setting_of(table, drug, indication, choices)
    return {name: _facts(setting, Patient.of(**known), choices) for name, known in PATIENTS.items()}


def _facts(setting: Setting, patient: Patient, choices: Choices) -> Told:
    try:
        course = course_in(setting, patient, choices)
    except BadInput as error:
        return {"refused": (str(error),)}
    made = [infusion.dose.preparation for infusion in course.infusions]
    findings = (finding for finding in course.findings if finding.code != "local")
    return {
        "dates": tuple(infusion.planned.date for infusion in course.infusions),
        "doses": tuple(infusion.dose.amount.dose for infusion in course.infusions),
        "vials": tuple(each.vials for each in made),
        "bags": tuple(each.bag for each in made),
        "times": tuple(infusion.time for infusion in course.infusions),
        "findings": tuple(dict.fromkeys(f"{finding.severity} {finding.key}" for finding in findings)),
    }
