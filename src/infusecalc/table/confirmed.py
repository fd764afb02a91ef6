"""What a site has confirmed: confirmations that are void, and how much of what rests on a source is confirmed."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.frozen import Frozen
from infusecalc.statements import Confirmation
from infusecalc.table.layers import statement_id


class Void(Frozen):
    """A confirmation whose value is no longer the one in force; `now` is that, None where it was removed."""

    section: str
    name: str
    path: tuple[str, ...]
    confirmation: Confirmation
    now: str | None

    @property
    def id(self) -> str:
        """The name of the place, as the site's file has it."""
        return statement_id(self.section, self.name, self.path)

    def __str__(self) -> str:
        """In one line: `regimens/x:us:age.from: confirmed as '18 y' on 2026-11-20 (AB), now '16 y'`."""
        made = self.confirmation
        now = "removed by the site" if self.now is None else f"'{self.now}'"
        return f"{self.id}: confirmed as '{made.value}' on {made.on} ({made.by}), now {now}"


class Share(Frozen):
    """How many of the values that rest on a source the site has confirmed, and the day of the oldest confirmation."""

    source: str
    values: int
    confirmed: int
    on: str

    @property
    def said(self) -> str:
        """As people read it beside a grade."""
        if self.confirmed == self.values:
            return f"confirmed by the site on {self.on}"
        return f"{self.confirmed} of {self.values} values confirmed by the site, the oldest on {self.on}"


def shares(values: Iterable[tuple[Iterable[str], Confirmation | None]]) -> dict[str, Share]:
    """Values, each as its sources and its confirmation, to the share of each source; none for nothing confirmed."""
    found: dict[str, list[str | None]] = {}
    for sources, made in values:
        for name in dict.fromkeys(source.partition(" ")[0] for source in sources):
            found.setdefault(name, []).append(made.on if made else None)
    dated = {name: [on for on in each if on] for name, each in found.items()}
    return {name: Share(name, len(found[name]), len(days), min(days)) for name, days in dated.items() if days}
