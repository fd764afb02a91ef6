"""Findings about a site's own file: what it touches, each rule that it replaces or removes, what is void."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.findings.model import HOUSE, Case, Finding
from infusecalc.table import Change, Void

_SAID = {
    "adds": "Added by the site: {what}: {new}; the shipped table has none",
    "replaces": "Changed by the site: {what}: {new} (shipped: {old})",
    "removes": "Removed by the site: {what}. Shipped: {old}. Reason: {why}",
}


def by_site(case: Case) -> Iterator[Finding]:
    """Every finding about the site's file."""
    for entry in case.site.entries:
        yield Finding("local", f"From a site's own file, not from the shipped table: {entry}", HOUSE, entry)
    for change in case.site.changes:
        yield from _rule(case, change)
    for void in case.site.void:
        yield from _void(case, void)


def _rule(case: Case, change: Change) -> Iterator[Finding]:
    """A rule or a value of the shipped table that does not hold at this site."""
    message = _SAID[change.kind].format(what=_what(case, change), old=change.old, new=change.new, why=change.why)
    source = change.source or HOUSE
    phase = _phase(change.section, change.path)
    if phase is None or phase not in case.ordered.phases or change.kind == "removes":
        yield Finding("site-rule", message, source, change.id)
    elif case.planned(phase):
        yield case.about("site-rule", (phase,), message, source, change.id)


def _void(case: Case, void: Void) -> Iterator[Finding]:
    """A confirmation of the site whose value is no longer the one in force."""
    made = void.confirmation
    now = "is removed now" if void.now is None else f"is '{void.now}' now"
    message = f"Confirmed by the site as '{made.value}' on {made.on} ({made.by}), and {now}: to be confirmed again"
    phase = _phase(void.section, void.path)
    if phase is None or phase not in case.ordered.phases or void.now is None:
        yield Finding("confirmation-void", message, HOUSE, void.id)
    elif case.planned(phase):
        yield case.about("confirmation-void", (phase,), message, HOUSE, void.id)


def _what(case: Case, change: Change) -> str:
    """The place of a change in words: `maintenance`, `infliximab preparation bag`, `house bags`."""
    path = [key for key in change.path if key not in (case.regimen.label, "phases", "variants", case.regimen.variant)]
    head = {"regimens": [], "house": ["house", change.name]}.get(change.section, [change.name])
    return " ".join((*head, *path)).replace("_", " ")


def _phase(section: str, path: tuple[str, ...]) -> str | None:
    """The phase that a place of the table is about."""
    if section != "regimens" or "phases" not in path:
        return None
    return (*path, "")[path.index("phases") + 1]
