"""What a command answers, before a format is chosen: a document, flat rows, and a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from infusecalc.output.blocks import Block
from infusecalc.output.flat import Record

DOCUMENT, ROWS, PAGE, DATES, COURSE, BUNDLE = "document", "rows", "page", "dates", "course", "bundle"
"""What a format is written from."""


class Answer(ABC):
    """What every kind of answer has; one with dates has a `calendar` as well, one of a patient a `bundle`."""

    columns: tuple[str, ...] = ()
    """The columns of the records where there may be none; else the records tell them."""
    foot = ""
    """What stands at the foot of a page on paper."""
    patient_id: str | None = None
    reader = "clinic"
    """Whom a page is for: it decides how large it is set."""
    blocks: tuple[str, ...] = ()
    """The keys of the findings that block."""
    failed: str | None = None
    """Why a check failed."""
    note: str | None = None
    """What to know of it beside what it says, on standard error."""

    @abstractmethod
    def document(self) -> Record:
        """The answer as one JSON document."""

    @abstractmethod
    def rows(self) -> Iterator[Record]:
        """The answer as flat records, all with the same keys."""

    @abstractmethod
    def page(self) -> Iterator[Block]:
        """The answer in full, as people read it."""

    def screen(self) -> Iterator[Block]:
        """The answer on one screen, what is read first; the whole page, where there is nothing shorter."""
        return self.page()

    def paper(self) -> Iterator[Block]:
        """The answer as it is printed or opened in a browser."""
        return self.page()
