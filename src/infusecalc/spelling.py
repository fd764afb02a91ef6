"""What keyboards and word processors make of a text to the plain characters that are meant: in names and heights alone.

A curly apostrophe, a non-breaking hyphen, a no-break space or an accent makes no other name, and a prime is a foot.
Numbers and their units are never folded: what is not plain ASCII there is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from infusecalc.errors import BadInput

_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u02b9\u02bc\u00b4\u0060"  # quotes, prime, apostrophe, acute and grave
_DOUBLE = "\u201c\u201d\u201e\u201f\u2033\u02ba"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, figure, en and em dash, minus
_SPACES = "\u00a0\u202f\u2007\u2009"  # no-break spaces, narrow and wide, figure and thin space
_SILENT = "\u00ad\u00ae\u2122\u2120"  # the soft hyphen, and marks of trade

_PLAIN = {
    **str.maketrans(_DASHES, "-" * len(_DASHES)),
    **str.maketrans(_SPACES, " " * len(_SPACES)),
    **str.maketrans("", "", _SILENT + _SINGLE + _DOUBLE),
}
_HEIGHT = {**str.maketrans(_SINGLE, "'" * len(_SINGLE)), **str.maketrans(_DOUBLE, '"' * len(_DOUBLE))}
_GAPS = re.compile(r"[ _-]+", re.ASCII)
# fillers, blanks and variation selectors: Unicode counts them as letters, marks or symbols, and nothing of them shows
_BLANK = (
    *(("\u034f", "\u034f"), ("\u115f", "\u1160"), ("\u17b4", "\u17b5"), ("\u180b", "\u180f"), ("\u2800", "\u2800")),
    *(("\u3164", "\u3164"), ("\ufe00", "\ufe0f"), ("\uffa0", "\uffa0"), ("\U000e0100", "\U000e01ef")),
)
_NAMED = 3  # odd characters that a message names


def normal(typed: str) -> str:
    """A typed name in the table's spelling: lower case, hyphens for spaces, without accents, quotes and trade marks.

    No letter of another script becomes one of ours.
    """
    name = typed.lower() if typed.isascii() else "".join(map(_plain_letter, plain_marks(typed)))
    return _GAPS.sub("-", name.replace("'", "").replace('"', "").replace("`", "").strip(" "))


def plain_marks(text: str) -> str:
    """A text with hyphens for dashes of every kind, and ordinary spaces; typographic quotes and trade marks go."""
    return text.translate(_PLAIN)


def _plain_letter(char: str) -> str:
    """A letter in lower case without its accents; nothing for an accent that follows its letter."""
    parts = unicodedata.normalize("NFD", char)
    if len(parts) > 1 and parts[0].isascii():
        return parts[0].lower()
    return char.lower() if char.isascii() else "" if unicodedata.category(char) == "Mn" else char


def feet_and_inches(text: str) -> str:
    """A height with plain marks for feet and inches; two apostrophes are the mark of inches."""
    return text.translate(_HEIGHT).replace("''", '"')


def one_of(what: str, typed: str, words: Iterable[str], problem: str = "is not known") -> str:
    """The one of a few words that was typed, in any case; raises BadInput."""
    known = tuple(words)
    found = normal(typed)
    if found not in known:
        raise BadInput(what, typed, problem, allowed=", ".join(known))
    return found


def odd_characters(text: str) -> str:
    """The names of the first characters of a text that are not plain ASCII, each once: `non-breaking hyphen`."""
    return _named(char for char in text if not char.isascii())


def hidden_characters(text: str) -> str:
    """The names of the first characters of a text that do not print, or print nothing; empty where all of them show."""
    return "" if text.isascii() and text.isprintable() else _named(char for char in text if _hidden(char))


def _hidden(char: str) -> bool:
    return not char.isprintable() or any(first <= char <= last for first, last in _BLANK)


def _named(chars: Iterable[str]) -> str:
    found = list(dict.fromkeys(chars))[:_NAMED]
    return ", ".join(unicodedata.name(char, f"U+{ord(char):04X}").lower() for char in found)


def listed(names: Sequence[str], last: str = "or") -> str:
    """Names in a sentence, with a word before the last: `html, pdf or ics`."""
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def counted(number: int, noun: str) -> str:
    """A number of things for people: `1 infusion`, `1,200 infusions`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
