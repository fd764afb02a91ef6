"""The columns of a cohort: which are known, which a header must have, and what an expanded cohort has."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from infusecalc.errors import BadInput, escape
from infusecalc.output.records import COLUMNS as RECORD

NAMES = ("drug", "indication", "label", "variant", "product")
ORDER = ("dose", "every", "has", "accept", "protocol", "from", "done")
"""The columns of an order: each as the option of that name, several values parted by semicolons."""
COLUMNS = (
    "patient_id", "drug", "indication", "weight_kg", "weight_lb", "height_cm", "bsa_m2", "age_years", "start", "label",
    "variant", "product", *ORDER,
)  # set in rows # fmt: skip
"""The columns that are read, in any order."""
REJECTED = ("row", "column", "code", "reason", "raw")
"""The columns that a rejected row has behind its own; a frame of them has no `raw`."""
FILE = "file"
"""The column before them, where rows and lines of several files are rejected."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_NEEDED = ("drug", "indication", "start")
_LIKE, _SAME = 0.75, 0.9  # shares of letters by which a name is nearly another
_OPTIONS = {"weight_kg": "weight"}
"""The options that give one value for all rows, where they have another name than the column."""
_NAMES, _LETTERS = 5, 40  # that a message repeats of a header


def told_of(names: Collection[str]) -> tuple[str, ...]:
    """The columns among some that rejected rows have behind their own: all of these, or none."""
    return (FILE, *REJECTED) if set(names).issuperset(REJECTED[:-1]) else ()


def check_header(
    names: Sequence[str], *, keep_extra: bool, given: Collection[str], reserved: Collection[str] = ()
) -> tuple[str, ...]:
    """The names of a header, in lower case; `given` columns may be absent: they have a value for the whole cohort.

    The columns of rejected rows may be there, all of them: the rows were repaired, and are read again. Extra columns
    cannot have a `reserved` name.
    Raises BadInput for a column that is there twice, that is not known (unless extra ones are kept), or missing.
    """
    plain = [_plain(name) for name in names]
    known = COLUMNS + told_of(plain)
    found = tuple(short if short in known else name for name, short in zip(names, plain, strict=True))
    missing = [name for name in _NEEDED if name not in found and name not in given]
    if not {"weight_kg", "weight_lb"} & {*found, *given}:
        missing.append("weight_kg")
    if missing or not keep_extra:
        _check_separator(names)
    _check_names(found, known, reserved, keep_extra=keep_extra)
    if missing:
        options = " and ".join(f"`{_OPTIONS.get(name, name)}`" for name in missing)
        hint = f"{_meant(found) or 'add the column,'} or give one value for all rows with {options}"
        raise _faulty(missing, "missing", hint=hint)
    return found


def check_lines(names: Sequence[str], option: str, columns: tuple[str, ...], *, optional: bool) -> tuple[str, ...]:
    """The names of the columns of lines about patients, in lower case; the last column may be absent if `optional`.

    Raises BadInput for a column that is missing, not known, or there twice.
    """
    found = tuple(_plain(name) for name in names)
    _check_separator(names, columns)
    needed = columns[:-1] if optional else columns
    missing = [name for name in needed if name not in found]
    for wrong, problem in (
        (missing, "missing"),
        ([name for name in found if name not in columns], "not known"),
        (sorted({name for name in found if found.count(name) > 1}), "there twice"),
    ):
        if wrong:
            hint = "the first line must name the columns"
            raise _faulty(wrong, problem, f" of `{option}`", allowed=", ".join(columns), hint=hint)
    return found


def _plain(name: str) -> str:
    return name.strip().lower()


def _check_separator(names: Sequence[str], columns: Sequence[str] = COLUMNS) -> None:
    """Refuse a header that something else than a comma separates."""
    line = ",".join(names)
    for sign, what in _SEPARATORS.items():
        parts = [_plain(part).strip('"') for part in line.split(sign)]
        if len(parts) > 1 and (len(names) == 1 or not set(parts).isdisjoint(columns)):
            hint = "save it as CSV with commas between the cells, and a point in decimal numbers"
            raise BadInput("header", None, f"is separated by {what}", allowed="commas", hint=hint)


def _check_names(found: Sequence[str], known: Collection[str], reserved: Collection[str], *, keep_extra: bool) -> None:
    """Refuse columns that are there twice, have no name, are not known, or cannot be kept."""
    if not all(map(str.strip, found)):
        raise BadInput("header", None, "has a column without a name", hint="name each column, or delete it")
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise _faulty(twice, "there twice", hint="give each column one name")
    extra = [name for name in found if name not in known]
    meant = _meant(found)
    if extra and not (keep_extra or meant) and set(found).isdisjoint(known):  # no header, it may be: no cell is told
        hint = "the first line must name the columns"
        raise BadInput("header", None, "has no known column", allowed=", ".join(COLUMNS), hint=hint)
    if extra and not keep_extra:
        it = "it" if len(extra) == 1 else "them"
        not_used = "it is not used" if len(extra) == 1 else "they are not used"
        rename = f"{meant} rename {it}, or {not_used}: " if meant else ""
        hint = f"{rename}leave {it} out, or allow {it}, unused, with `keep_extra`"
        raise _faulty(extra, "not known", allowed=", ".join(COLUMNS), hint=hint)
    taken = [name for name in extra if name in (*RECORD, *REJECTED, *reserved) or _is_pattern(name)]
    if taken:
        why = "cannot be kept: the result has a column of that name, or it is a pattern"
        raise BadInput(_named(taken), _shown(taken), why, hint="rename the column")


def _named(names: Sequence[str]) -> str:
    return "column" if len(names) == 1 else "columns"


def _faulty(names: Sequence[str], problem: str, of: str = "", *, allowed: str = "", hint: str) -> BadInput:
    """The refusal of columns by their names: they are missing, not known, or there twice."""
    is_ = "is" if len(names) == 1 else "are"
    return BadInput(_named(names) + of, _shown(names), f"{is_} {problem}", allowed=allowed, hint=hint)


def _meant(found: Sequence[str]) -> str:
    """Which columns the names that are not known were meant to be, as far as each is near one that is not there."""
    near = ((name, _near(name, found)) for name in found if name not in COLUMNS)
    named = [f"{_shown([name])}: did you mean {' or '.join(columns)}?" for name, columns in near if columns]
    return " ".join(named[:_NAMES])


def _near(name: str, found: Sequence[str]) -> list[str]:
    """The columns with which a name shares a word that none of the others has; else one that is spelled nearly so."""
    absent = [column for column in COLUMNS if column not in found]
    words = set(re.findall("[a-z0-9]+", name.lower()))
    taken = any(words & set(column.split("_")) for column in COLUMNS if column in found)
    shared = [] if taken else [column for column in absent if words & set(column.split("_"))]
    return shared or get_close_matches(_plain(name), absent, 1, _SAME if taken else _LIKE)


def _is_pattern(name: str) -> bool:
    """Whether a frame would take a name for a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def _shown(names: Sequence[str]) -> str:
    return ", ".join(escape(name[:_LETTERS]) for name in names[:_NAMES]) + (", ..." if len(names) > _NAMES else "")
