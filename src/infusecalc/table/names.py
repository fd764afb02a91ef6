"""What people type, where it is no name that the table uses, to a refusal with the nearest names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infusecalc.errors import UnknownName
from infusecalc.spelling import normal

_NEAREST = 4
_ALIKE = 0.6
_ALIKE_KEY = 0.7
_ALIKE_UNSEEN = 0.75
"""How near another spelling has to be whose name is offered for it: that name need not look like what was typed."""
_AS_GOOD = 0.85
"""How near another name has to be, against the nearest one, to be offered beside it."""


def nearest(key: str, known: Iterable[str]) -> str:
    """The known key that is nearest to one that is not known; empty where none is near."""
    import difflib  # noqa: PLC0415 - only a miss needs it

    return next(iter(difflib.get_close_matches(key, tuple(known), 1, _ALIKE_KEY)), "")


def nearest_said(key: str, known: Iterable[str]) -> str:
    """What a fault says of the nearest key; empty where none is near."""
    near = nearest(key, known)
    return f"nearest: {near}" if near else ""


def unknown(
    what: str,
    typed: str,
    known: Iterable[str],
    also: Mapping[str, str] | None = None,
    *,
    of: str = "",
    but: str = "",
    see: str = "",
    hint: str = "",
    alone: str = "",
) -> UnknownName:
    """The refusal of a name, with the nearest of those `known`; none is picked.

    `also` has other spellings, each with the name that is shown for it. `of` is the drug or regimen among whose names
    it is not, and `but` says what it is the name of; `see` says where the names are, where they are too many to list.
    `hint` is what else to do, and `alone` what to do where no name is similar.
    """
    import difflib  # noqa: PLC0415 - only a miss needs it

    names, name = tuple(dict.fromkeys(known)), normal(typed)
    spelled = dict(also or {}) | {each: each for each in names}
    near = difflib.get_close_matches(name, spelled, _NEAREST, _ALIKE)
    likeness = {each: difflib.SequenceMatcher(None, each, name).ratio() for each in near}
    least = {each: _ALIKE if spelled[each] == each else _ALIKE_UNSEEN for each in near}
    near = [each for each in near if likeness[each] >= least[each]]
    alike = [each for each in near if likeness[each] >= _AS_GOOD * likeness[near[0]]]
    with_it = [each for each in spelled if f"-{name}-" in f"-{each}-"]  # `tb` is a part of `active-tb`
    nearest = tuple(dict.fromkeys(spelled[each] for each in (*alike, *with_it)))[:_NEAREST]
    hint = hint or ("" if nearest or not name else alone)
    return UnknownName(what, typed, known=names, nearest=nearest, of=of, but=but, see=see, hint=hint)


def unknown_condition(typed: str, known: Iterable[str], also: Mapping[str, str], drug: str) -> UnknownName:
    """The refusal of a condition's name, with where those of a `drug` are; `none` is what is left out."""
    alone = "a condition that is not among them cannot be checked here: ask the prescriber or a pharmacist"
    if normal(typed) in _NOTHING:
        alone = "if the patient has none of them, leave it out: here is no place to record who went through the list"
    return unknown("condition", typed, known, also, see=f"infusecalc info {drug}", alone=alone)


_NOTHING = ("none", "no", "nil")
"""What is typed for a patient who has no condition."""
