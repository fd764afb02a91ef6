"""The pages of a PDF as a reader finds them: their text, and where each letter stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from pypdfium2 import PdfDocument

_AT_LINE_END = "\ufffe"  # what this reader gives for a hyphen at the end of a line


class Letter(NamedTuple):
    """A letter that is seen: the ends of its box, in points from the lower left corner of the page."""

    left: float
    bottom: float
    right: float
    top: float


def texts(content: bytes) -> list[str]:
    """The text of each page, in one line."""
    with closing(PdfDocument(content)) as pages:
        return [" ".join(_text(page).split()) for page in pages]


def lines(content: bytes) -> list[str]:
    """The lines of all pages, one below the other."""
    with closing(PdfDocument(content)) as pages:
        return [line.strip() for page in pages for line in _text(page).splitlines()]


def letters(content: bytes) -> Iterator[tuple[float, float, list[Letter]]]:
    """Width and height of each page, in points, with its letters."""
    with closing(PdfDocument(content)) as pages:
        for page in pages:
            read = page.get_textpage()
            seen = [index for index, letter in enumerate(read.get_text_range()) if not letter.isspace()]
            yield *page.get_size(), [Letter(*read.get_charbox(index)) for index in seen]


def _text(page) -> str:
    return page.get_textpage().get_text_range().replace(_AT_LINE_END, "-")
