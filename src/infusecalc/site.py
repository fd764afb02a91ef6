"""A site's own file to what it changes for one course: the entries it touches, its changes, and the shipped regimen."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.frozen import Frozen
from infusecalc.phase_dose import Running
from infusecalc.regimen import Regimen
from infusecalc.statements import House, InfusionTime, Protocol
from infusecalc.table import Change, Table

_NO_RULE = ("default_product", "modifiers", "billing")
"""What a site may choose for itself: which product it buys, and how it bills."""

Place = tuple[str, str, str]
"""Section, entry, and the label or other first key that a course uses; empty where it uses all of the entry."""


class Site(Frozen):
    """What a site's file says of one course.

    `entries` are those that it touches, `changes` the rules and values that it replaces or removes, and `shipped` is
    the regimen without it; None where there is no site's file, or the regimen is its own.
    """

    entries: tuple[str, ...]
    changes: tuple[Change, ...]
    shipped: Regimen | None


NO_SITE = Site((), (), None)


def site_of(table: Table, regimen: Regimen, product: str, conditions: dict[str, str], running: Running) -> Site:
    """What the site's file says of a course; `conditions` are those of the patient, by the name that was typed."""
    if not table.changes:
        return NO_SITE
    places = tuple(_places(regimen, product, conditions, running))
    entries = (f"{section}/{name}" for section, name, key in places if table.is_local(section, name, *key.split()))
    shipped = table.shipped_regimen(regimen)
    changes = tuple(
        change
        for change in table.changes
        if (change.kind != "adds" or shipped) and any(_counts(change, place, regimen, conditions) for place in places)
    )
    return Site(tuple(dict.fromkeys(entries)), changes, shipped)


def _places(regimen: Regimen, product: str, conditions: dict[str, str], running: Running) -> Iterator[Place]:
    """The entries that a course rests on."""
    label = regimen.label
    yield from (("regimens", regimen.id, label), ("drugs", regimen.drug_id, label), ("products", product, label))
    times: list[InfusionTime | Protocol] = [regimen.drug_rules.infusion_time]
    times += [running.protocol] if running.protocol else []
    yield from (("titrations", name, "") for time in times for name in (time.first, time.subsequent) if name)
    if running.protocol_id:
        yield "protocols", running.protocol_id, ""
    yield from (("conditions", name, "") for name in dict.fromkeys((*conditions.values(), *conditions)))
    yield from (("house", name, "") for name in House.part_names())


def _counts(change: Change, place: Place, regimen: Regimen, conditions: dict[str, str]) -> bool:
    """Whether a change is one of a rule or a value that holds for this course."""
    section, name, key = place
    if (change.section, change.name) != (section, name) or (key and change.path[:1] != (key,)):
        return False
    path = change.path[1:] if key else change.path
    first, second = (*path, "", "")[:2]
    if section == "regimens":
        mine = second == regimen.variant if first == "variants" else regimen.place(first) == (first,)
        if not mine or first in ("phases", "variants"):
            return mine and change.kind != "restates"
    if change.kind not in ("replaces", "removes") or first in _NO_RULE:
        return False
    if section == "conditions":
        return first == "read_as" and name in conditions
    return first != "conditions" or second in conditions.values()
