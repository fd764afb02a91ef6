"""A site's own file to what it changes for one course: the entries it touches, its changes, and the shipped regimen."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.frozen import Frozen
from infusecalc.phase_dose import Running
from infusecalc.regimen import Regimen
from infusecalc.statements import Confirmation, House, InfusionTime, Protocol
from infusecalc.table import Change, Share, Table, Value, Void, shares

_NO_RULE = ("default_product", "modifiers", "billing")
"""What a site may choose for itself: which product it buys, and how it bills."""

Place = tuple[str, str, str]
"""Section, entry, and the label or other first key that a course uses; empty where it uses all of the entry."""


class Site(Frozen):
    """What a site's file says of one course.

    `entries` are those that it touches, `changes` the rules and values that it replaces or removes, and `shipped` is
    the regimen without it; None where there is no site's file, or the regimen is its own. `void` are confirmations
    whose value is another now, `shares` how much of what the course rests on is confirmed, by source, and `whole` how
    much of all of it.
    """

    entries: tuple[str, ...]
    changes: tuple[Change, ...]
    shipped: Regimen | None
    void: tuple[Void, ...] = ()
    shares: tuple[Share, ...] = ()
    whole: Share | None = None

    def share(self, source: str) -> Share | None:
        """How much of what rests on a source is confirmed; None for nothing."""
        return next((each for each in self.shares if each.source == source), None)


NO_SITE = Site((), (), None)
_ALL = "all"


def site_of(table: Table, regimen: Regimen, product: str, conditions: dict[str, str], running: Running) -> Site:
    """What the site's file says of a course; `conditions` are those of the patient, by the name that was typed."""
    if not table.changes and not table.confirmed:
        return NO_SITE
    places = tuple(_places(regimen, product, conditions, running))
    entries = (f"{section}/{name}" for section, name, key in places if table.is_local(section, name, *key.split()))
    shipped = table.shipped_regimen(regimen)
    changes = tuple(
        change
        for change in table.changes
        if (change.kind != "adds" or shipped) and any(_counts(change, place, regimen, conditions) for place in places)
    )
    void = (each for each in table.void if any(_in_use(each, place, regimen, conditions) for place in places))
    used = list(_used(table, places, regimen, conditions)) if table.confirmed else []
    whole = shares(((_ALL,), made) for _, made in used).get(_ALL)
    by_source = tuple(shares(used).values())
    return Site(tuple(dict.fromkeys(entries)), changes, shipped, tuple(void), by_source, whole)


def _used(
    table: Table, places: tuple[Place, ...], regimen: Regimen, conditions: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], Confirmation | None]]:
    """The values that a course rests on: the sources of each, and its confirmation; what rests on nothing is a name."""
    for place in places:
        for value in table.values(*place[:2]).values() if table.has(*place[:2]) else ():
            if value.sources and not value.cites and _in_use(value, place, regimen, conditions):
                yield value.sources, table.confirmation(value.id)


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
    if not _in_use(change, place, regimen, conditions):
        return False
    section, _, key = place
    first = (*(change.path[1:] if key else change.path), "")[0]
    if section == "regimens" and first in ("phases", "variants"):
        return change.kind != "restates"
    return change.kind in ("replaces", "removes") and first not in _NO_RULE


def _in_use(what: Change | Void | Value, place: Place, regimen: Regimen, conditions: dict[str, str]) -> bool:
    """Whether what stands at a path of the table holds for this course, which uses this place of it."""
    section, name, key = place
    if (what.section, what.name) != (section, name) or (key and what.path[:1] != (key,)):
        return False
    first, second = (*(what.path[1:] if key else what.path), "", "")[:2]
    first = first.partition("[")[0]  # an item of a list
    if section == "regimens" and first == "variants":
        return second == regimen.variant
    if section == "regimens" and regimen.place(first) != (first,):
        return False
    if section == "conditions":
        return first == "read_as" and name in conditions
    return first != "conditions" or second in conditions.values()
