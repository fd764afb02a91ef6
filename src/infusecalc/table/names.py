"""What people type to the names that the table uses: spelling forms, and the nearest names of a miss."""

from __future__ import annotations

import re
from collections.abc import Iterable

from infusecalc.errors import UnknownName

_SPACES = re.compile(r"[ _-]+", re.ASCII)
_NEAREST = 4
_ALIKE = 0.6


def normal(name: str) -> str:
    """A typed name in the table's spelling: lower case, hyphens for spaces, no apostrophes; nothing else changes."""
    folded = "".join(char.lower() if char.isascii() else char for char in name.strip(" "))
    return _SPACES.sub("-", folded.replace("'", ""))


def unknown(what: str, typed: str, known: Iterable[str], also: Iterable[str] = ()) -> UnknownName:
    """The refusal of a name, with the nearest of those `known` and of other spellings; none is picked."""
    import difflib  # noqa: PLC0415 - only a miss needs it

    names = tuple(dict.fromkeys(known))
    nearest = difflib.get_close_matches(normal(typed), (*names, *also), _NEAREST, _ALIKE)
    return UnknownName(what, typed, known=names, nearest=tuple(nearest))
