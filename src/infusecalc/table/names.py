"""What people type, where it is no name that the table uses, to a refusal with the nearest names."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.errors import UnknownName
from infusecalc.spelling import normal

_NEAREST = 4
_ALIKE = 0.6


def unknown(
    what: str, typed: str, known: Iterable[str], also: Iterable[str] = (), *, of: str = "", but: str = ""
) -> UnknownName:
    """The refusal of a name, with the nearest of those `known` and of other spellings; none is picked.

    `of` is the drug or regimen among whose names it is not, and `but` what it is the name of.
    """
    import difflib  # noqa: PLC0415 - only a miss needs it

    names, name = tuple(dict.fromkeys(known)), normal(typed)
    spelled = dict.fromkeys((*names, *also))
    alike = difflib.get_close_matches(name, spelled, _NEAREST, _ALIKE)
    with_it = [each for each in spelled if f"-{name}-" in f"-{each}-"]  # `tb` is a part of `active-tb`
    nearest = tuple(dict.fromkeys((*alike, *with_it)))[:_NEAREST]
    return UnknownName(what, typed, known=names, nearest=nearest, of=of, but=but)
