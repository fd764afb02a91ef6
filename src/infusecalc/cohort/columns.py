"""The columns of a cohort: which are known, which a header must have, and what an expanded cohort has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from infusecalc.errors import BadInput, escape
from infusecalc.output.records import COLUMNS as RECORD

NAMES = ("drug", "indication", "label", "variant", "product")
COLUMNS = (
    "patient_id", "drug", "indication", "weight_kg", "weight_lb", "height_cm", "bsa_m2", "age_years", "start", "label",
    "variant", "product",
)  # fmt: skip
"""The columns that are read, in any order."""
REJECTED = ("row", "column", "code", "reason", "raw")
"""The columns that a rejected row has behind its own; a frame of them has no `raw`."""
_NEEDED = ("drug", "indication", "start")
_NAMES, _LETTERS = 5, 40  # that a message repeats of a header


def check_header(names: Sequence[str], *, keep_extra: bool, given: Collection[str]) -> tuple[str, ...]:
    """The names of a header, in lower case; `given` columns have a value for the whole cohort, so may be absent.

    The columns of rejected rows may be there, all of them: the rows were repaired, and are read again.
    Raises BadInput for a column that is there twice, that is not known (unless extra ones are kept), or missing.
    """
    plain = {name.strip(" ").lower() for name in names}
    known = COLUMNS + (REJECTED if plain.issuperset(REJECTED[:-1]) else ())
    found = tuple(name.strip(" ").lower() if name.strip(" ").lower() in known else name for name in names)
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise BadInput("header", _shown(twice), "stands there twice", hint="give each column one name")
    extra = [name for name in found if name not in known]
    if extra and not keep_extra:
        hint = "leave them out, or keep them with --keep-extra"
        raise BadInput("header", _shown(extra), "is not known", allowed=", ".join(COLUMNS), hint=hint)
    taken = [name for name in extra if name in (*RECORD, *REJECTED) or not name.strip() or _is_pattern(name)]
    if taken:
        problem = "cannot be kept: the result has that name, or it stands for other names"
        raise BadInput("header", _shown(taken), problem, hint="rename the column")
    missing = [name for name in _NEEDED if name not in found and name not in given]
    if not {"weight_kg", "weight_lb"} & {*found, *given}:
        missing.append("weight_kg")
    if missing:
        hint = "the first line names the columns; or give one value for all with an option"
        raise BadInput("header", ", ".join(missing), "is missing", hint=hint)
    return found


def _is_pattern(name: str) -> bool:
    """Whether a frame would take a name for a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def _shown(names: Sequence[str]) -> str:
    return ", ".join(escape(name[:_LETTERS]) for name in names[:_NAMES]) + (", ..." if len(names) > _NAMES else "")
