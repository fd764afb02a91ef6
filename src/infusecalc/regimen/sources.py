"""What every statement carries: its source, and the grade of that."""

from __future__ import annotations

from infusecalc.frozen import Frozen

LABELS = ("us", "eu")
GRADES = (
    "label", "manufacturer", "agency", "trial", "guideline", "secondary", "recalled", "derived", "house",
)  # fmt: skip


class Source(Frozen):
    """A document in which statements were read, with the grade of what it says."""

    title: str
    publisher: str
    date: str
    section: str
    url: str
    grade: str


class Citation(Frozen):
    """Where one statement was read: the id of a source, and the place in it; `local` where a site's file cites it."""

    id: str
    section: str = ""
    local: bool = False

    def __str__(self) -> str:
        """As the table writes it: `us-inflectra-pi 2.1`; for a statement of a site `site: us-inflectra-pi 2.1`."""
        return f"{'site: ' if self.local else ''}{self.id} {self.section}".strip()


Cited = tuple[Citation, ...]


class Note(Frozen):
    """One statement in words."""

    text: str
    source: Cited
