"""The arithmetic of a stored plan from the file alone, by rules of its own: nothing of the engine is used.

What the file does not say (the product's vials, its concentration, the billing unit, how far rounding may go) is
`ProductFacts` from the table in force; without it, what hangs on it is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from infusecalc.frozen import Frozen
from infusecalc.verify import rules
from infusecalc.verify.kinds import BASIS, is_number
from infusecalc.verify.rules import as_data, exact, half_up_to
from infusecalc.verify.stored import Record, StoredCourse

_BY_KG, _BY_M2 = "mg/kg", "mg/m2"
_APPLIED = "rounding-applied"


class ProductFacts(Frozen):
    """What the table says of a product under a label, in mg and mg/mL; `unit` is None where nothing is billed.

    `within` is the share of the dose by which rounding may change it; `modifiers` are those with and without a
    discarded unit.
    """

    sizes: tuple[Decimal, ...]
    strength: Decimal
    unit: Decimal | None
    modifiers: tuple[str, str] | None
    within: Decimal


class Deviation(Frozen):
    """A value of the file that is not what it should be; `line` is that of a CSV, `infusion` a number in the course."""

    line: int | None
    infusion: int | None
    field: str
    stored: Any
    recomputed: Any
    found_by: str = "arithmetic"


class Asked(Frozen):
    """What the request says that calculation needs: rounding and its limit, the cap of the area; None: not said."""

    rounding: str | None = None
    within: Decimal | None = None
    bsa_cap: Decimal | None = None


def asked_in(document: Record | None) -> Asked:
    """What a document's request says of calculation; nothing where there is none."""
    request = document.get("request") if document else None
    options = request.get("options") if isinstance(request, dict) else None
    if not isinstance(options, dict):
        return Asked()
    how = str(options.get("round") or "none").strip().lower().replace(" mg", "mg")
    return Asked(how, _number_of(options.get("round_within"), "%"), _number_of(options.get("bsa_cap"), "m2"))


def _number_of(value: Any, unit: str) -> Decimal | None:
    text = str(value).strip().lower().removesuffix(unit).strip()
    if not text.replace(".", "", 1).isdecimal():
        return None
    number = exact(text)
    return number / 100 if unit == "%" else half_up_to(number, "0.01")


def check_course(course: StoredCourse, document: Record | None, known: ProductFacts | None) -> Iterator[Deviation]:
    """Every difference in one course: infusion by infusion, then dates, then the sums of a document."""
    asked = asked_in(document)
    origin = _origin(course)
    place = 1
    for index, (row, line) in enumerate(zip(course.infusions, course.lines, strict=True), 1):
        expected = _expected(row, document, known, asked)
        expected |= {"number": place, "date": _date(origin, row["day"])}
        place = row["number"] + 1
        for field, value in expected.items():
            if field in row and row[field] != value:
                yield Deviation(line, index if document else row["number"], field, row[field], value)
    start = [("start", document.get("start"), _date(origin, 0))] if document else []
    for field, stored, value in (*start, *_sums(course, document)) if document else ():
        if stored != value:
            yield Deviation(None, None, field, stored, value)


# --- one infusion -----------------------------------------------------------------------------------------


def _expected(row: Record, document: Record | None, known: ProductFacts | None, asked: Asked) -> Record:
    """What the values of one infusion should be: each from those before it, so that one fault is told once."""
    whole = _exact_dose(row)
    found: Record = {"exact_dose_mg": as_data(whole), "final_volume_ml": row["bag_ml"]}
    if document:
        found |= _area(row, document["patient"], asked) | _band(row) | _chair(row, document.get("chair"))
    dose, vials, bag = exact(row["dose_mg"]), row["vials"], exact(row["bag_ml"])
    if known is not None:
        dose = exact(_dose(row, whole, document, known, asked))
        vials = _vials(vials, dose, known)
        found |= {"dose_mg": as_data(dose), "vials": vials}
    held = sum((exact(each["size_mg"]) * each["count"] for each in vials), Decimal(0))
    found["waste_mg"] = as_data(held - dose)
    found["concentration_mg_per_ml"] = as_data(half_up_to(rules.divided(dose, bag), "0.01")) if bag > 0 else None
    if known is not None:
        found["drug_volume_ml"] = as_data(half_up_to(rules.divided(dose, known.strength), "0.1"))
        found |= _billing(row, dose, held, known)
    return found


def _exact_dose(row: Record) -> Decimal | None:
    """Factor x size; None where the size is not said."""
    (factor, basis, most), *_ = BASIS.findall(row["dose_basis"])
    size = {_BY_KG: row["weight_kg"], _BY_M2: row["bsa_m2"]}.get(basis, 1)
    if size is None:
        return None
    return rules.dose_of(exact(factor), exact(size), exact(most) if most else None)


def _dose(row: Record, whole: Decimal | None, document: Record | None, known: ProductFacts, asked: Asked) -> Any:
    """The dose that follows from the exact one, as it is stored or should be: the stored one where it is of these."""
    wholes = [each for each in (whole, exact(row["exact_dose_mg"])) if each is not None]
    doses = [as_data(each) for one in wholes for each in _ways(one, row, document, known, asked)]
    return row["dose_mg"] if row["dose_mg"] in doses else doses[0]


def _ways(whole: Decimal, row: Record, document: Record | None, known: ProductFacts, asked: Asked) -> list[Decimal]:
    """What rounding makes of an exact dose: by the way that was asked for, or by any where none is said."""
    within = known.within if asked.within is None else asked.within
    if asked.rounding is not None:
        return [rules.rounded(whole, asked.rounding, within, known.sizes)]
    if not _was_rounded(row, document):
        return [whole]
    ways = [rules.rounded(whole, how, within, known.sizes) for how in (*rules.ROUNDING_STEPS, "vial")]
    return [each for each in ways if each != whole] or [whole]


def _was_rounded(row: Record, document: Record | None) -> bool:
    if document is None:
        return _APPLIED in (row.get("findings") or "").split(";")
    about = [each.get("infusions") for each in document["findings"] if each["code"] == _APPLIED]
    return any(numbers is None or row["number"] in numbers for numbers in about)


def _vials(stored: list[Record], dose: Decimal, known: ProductFacts) -> Any:
    """The vials with the least waste, of these the fewest; the stored ones where they are no worse."""
    best = rules.opened(dose, known.sizes)
    mine = {exact(each["size_mg"]): each["count"] for each in stored}
    whole = len(mine) == len(stored) and mine.keys() <= set(known.sizes) and all(count > 0 for count in mine.values())
    if best is None or (whole and _total(mine) == _total(best) and sum(mine.values()) == sum(best.values())):
        return stored
    return [{"size_mg": as_data(size), "count": count} for size, count in sorted(best.items(), reverse=True)]


def _total(vials: dict[Decimal, int]) -> Decimal:
    return sum((size * count for size, count in vials.items()), Decimal(0))


def _billing(row: Record, dose: Decimal, held: Decimal, known: ProductFacts) -> Record:
    if known.unit is None:
        return dict.fromkeys(("billing_units", "wasted_units", "modifier"))
    given, left = rules.units(dose, held, known.unit)
    modifier = None if known.modifiers is None else known.modifiers[0 if left else 1]
    found: Record = {"billing_units": given, "wasted_units": left, "modifier": modifier}
    lines = row.get("billing_lines")
    if isinstance(lines, list) and lines and all(isinstance(line, dict) for line in lines):
        code = lines[0].get("code")
        amounts = [(None, given), (modifier, left)] if left else [(modifier, given)]
        found["billing_lines"] = [{"code": code, "modifier": mark, "units": count} for mark, count in amounts]
    return found


def _area(row: Record, patient: Record, asked: Asked) -> Record:
    """The body surface area from height and weight, where the file says by which formula."""
    formula, height = patient.get("bsa_formula"), patient.get("height_cm")
    if not isinstance(formula, str) or not is_number(height) or row["bsa_m2"] is None:
        return {}
    found = rules.areas(formula, exact(height), exact(row["weight_kg"]))
    if asked.bsa_cap is not None:
        found = {min(area, asked.bsa_cap) for area in found}
    if not found or exact(row["bsa_m2"]) in found:
        return {}
    return {"bsa_m2": as_data(min(found))}


def _chair(row: Record, beside: Any) -> Record:
    """The chair time: that of the infusion, and what the document says beside it; null where there is no time."""
    names = ("premedication_min", "observation_min", "turnover_min")
    parts = [beside.get(name) for name in names] if isinstance(beside, dict) else [""]
    if not all(part is None or is_number(part) for part in parts):
        return {}
    if row["duration_min"] is None:
        return {"chair_min": None}
    return {"chair_min": as_data(sum((exact(part) for part in parts if part), exact(row["duration_min"])))}


def _band(row: Record) -> Record:
    """The band of the dose, where it has one: null where the size does not lie in it, for the others are not told."""
    band = row.get("band")
    if not isinstance(band, dict):
        return {}
    size = row["weight_kg"] if band.get("by") == "weight" else row["bsa_m2"]
    low, high = band.get("from"), band.get("to")
    within = is_number(size) and all(end is None or is_number(end) for end in (low, high))
    inside = within and (low is None or low <= size) and (high is None or size <= high)
    return {} if inside else {"band": None}


# --- dates ------------------------------------------------------------------------------------------------


def _origin(course: StoredCourse) -> int:
    """The ordinal of day 0: that from which most infusions count."""
    starts: Counter[int] = Counter(date.fromisoformat(row["date"]).toordinal() - row["day"] for row in course.infusions)
    start, _ = starts.most_common(1)[0]
    return start


def _date(origin: int, day: int) -> str | None:
    try:
        return str(date.fromordinal(origin) + timedelta(days=day))
    except (ValueError, OverflowError):
        return None


# --- sums -------------------------------------------------------------------------------------------------


def _sums(course: StoredCourse, document: Record) -> Iterator[tuple[str, Any, Any]]:
    """Every sum of a document: its name, as stored, and from the infusions that are not optional."""
    counted = [row for row in course.infusions if not row["optional"]]
    totals = document["totals"]
    yield from _of(totals, counted, "totals")
    for name, letters in (("by_month", 7), ("by_year", 4)):
        periods = totals.get(name)
        if not isinstance(periods, list) or not all(isinstance(each, dict) for each in periods):
            continue
        names = list(dict.fromkeys(row["date"][:letters] for row in counted))
        yield f"totals.{name}", [each.get("period") for each in periods], names
        for period in periods:
            mine = [row for row in counted if row["date"][:letters] == period.get("period")]
            yield from _of(period, mine, f"totals.{name}.{period.get('period')}")


def _of(sums: Record, rows: list[Record], name: str) -> Iterator[tuple[str, Any, Any]]:
    for key, stored in sums.items():
        if key == "infusions":
            yield f"{name}.{key}", stored, len(rows)
        elif key == "vials":
            yield f"{name}.{key}", stored, _all_vials(rows, as_text=isinstance(stored, str))
        elif rows and all(key in row and (row[key] is None or is_number(row[key])) for row in rows):
            values = [row[key] for row in rows]
            whole = None if None in values else as_data(sum((exact(value) for value in values), Decimal(0)))
            yield f"{name}.{key}", stored, whole


def _all_vials(rows: list[Record], *, as_text: bool) -> Any:
    counts: Counter[Decimal] = Counter()
    for each in (each for row in rows for each in row["vials"]):
        counts[exact(each["size_mg"])] += each["count"]
    listed = [(as_data(size), counts[size]) for size in sorted(counts, reverse=True)]
    if as_text:
        return "+".join(f"{count}x{size}" for size, count in listed)
    return [{"size_mg": size, "count": count} for size, count in listed]
