"""What each value of a stored infusion may be, in JSON and as a cell of CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

_MOST, _COUNTS = 10**9, 10**6  # beyond any plan: what is larger is no value of ours
_NUMBER = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
BASIS = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,3})?) (mg/kg|mg/m2|mg)(?:, at most ([0-9]{1,9}(?:\.[0-9]{1,2})?) mg)?", re.ASCII
)
"""A dose basis: the factor, its unit, and the cap where there is one."""


def is_number(value: Any) -> bool:
    """Whether a value is a plain number of a size that occurs."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value) and abs(value) < _MOST


def is_count(value: Any) -> bool:
    """Whether a value is a whole number of a size that occurs."""
    return isinstance(value, int) and is_number(value) and abs(value) <= _COUNTS


def is_text(value: Any) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_date(value: Any) -> bool:
    """Whether a value is a day of the calendar, as YYYY-MM-DD."""
    try:
        return isinstance(value, str) and bool(_ISO.fullmatch(value)) and date.fromisoformat(value).year > 1
    except ValueError:
        return False


def _is_basis(value: Any) -> bool:
    return isinstance(value, str) and bool(BASIS.fullmatch(value))


def _is_vials(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and is_number(each.get("size_mg")) and is_count(each.get("count")) for each in value
    )


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


Kinds = dict[str, Callable[[Any], bool]]
INFUSION: Kinds = {
    "phase": is_text, "number": is_count, "day": is_count, "date": is_date,
    "optional": lambda value: isinstance(value, bool), "weight_kg": is_number, "bsa_m2": _or_null(is_number),
    "dose_basis": _is_basis, "exact_dose_mg": is_number, "dose_mg": is_number, "vials": _is_vials,
    "waste_mg": is_number, "drug_volume_ml": is_number, "bag_ml": is_number, "concentration_mg_per_ml": is_number,
    "duration_min": _or_null(is_number), "billing_units": _or_null(is_count), "wasted_units": _or_null(is_count),
    "modifier": _or_null(is_text),
}  # set in rows # fmt: skip
"""What every infusion has."""
HEADS: Kinds = {
    "patient_id": _or_null(is_text), "drug": is_text, "indication": is_text, "label": is_text,
    "variant": _or_null(is_text), "product": is_text,
}  # set in rows # fmt: skip
"""What every course has, and tells it from the next; in CSV, every row has it."""
CSV_ALONE: Kinds = {"status": is_text, "billing_code": _or_null(is_text)}
"""What every row of CSV has beyond them; in JSON these stand once."""
FINDING: Kinds = {
    "code": is_text, "detail": _or_null(is_text), "reason": _or_null(is_text),
    "infusions": _or_null(lambda value: isinstance(value, list) and all(map(is_count, value))),
}  # set in rows # fmt: skip
"""What every finding of a document has."""
EXTRA: Kinds = {
    "findings": _or_null(is_text), "blocks": _or_null(is_text), "planned_date": is_date,
    "given": lambda value: isinstance(value, bool),
}  # set in rows # fmt: skip
"""What a row of CSV may have."""
_TEXTS = {"phase", "date", "dose_basis", "modifier", "planned_date", "findings", "blocks", *HEADS, *CSV_ALONE}
_FLAGS = {"optional", "given"}


def from_text(key: str, cell: str) -> Any:
    """The value of a cell of CSV as JSON has it; raises ValueError."""
    if key in _TEXTS or not cell:
        return cell or None
    if key in _FLAGS:
        return {"true": True, "false": False}.get(cell, cell)
    if key == "vials":
        return [_vial(text) for text in cell.split("+")]
    return _number(cell)


def _vial(text: str) -> dict[str, Any]:
    count, _, size = text.partition("x")
    return {"size_mg": _number(size), "count": _number(count)}


def _number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text) if "." in text else int(text)
