"""Whether a cohort with histories, weights over time and orders gives what `schedule` gives, field by field.

Random patients over every regimen: histories sorted and not, dates twice, far in the future or unreadable, lines of
patients who are not in the cohort or stand there twice. Nobody is lost and nobody doubled: each row has the infusions
of the single patient, or is rejected where that patient is refused.

python tests/benchmarks/histories.py [PATIENTS] [SEED]
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import polars as pl

from benchmarks.cohort_equality import first_unlike, one_by_one, rows
from infusecalc import InfusecalcError, Patient, load_table, make_course
from infusecalc.choices import Choices
from infusecalc.cohort.agenda import Collector, FromTo
from infusecalc.cohort.beside import GIVEN, WEIGHTS, Beside, PatientLines
from infusecalc.cohort.expansion import Expansion
from infusecalc.cohort.result_columns import columns
from infusecalc.output.agenda import STANDS, Sums
from infusecalc.output.records import records
from infusecalc.table import Table

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"anchor": "planned"},
    {"round_": "vial", "turnover": "15"},
    {"until": "2028-01-31"},
    {"doses": "9", "has": ["hepatitis-b-past"], "accept": ["contraindicated=letter", "gap-below-label=agreed"]},
    {"days": "mon-fri", "tolerance": ["3d"], "for_": "2y"},
    {"price": ["100mg=174.63"], "bsa_cap": "2.0", "weight_change": "5"},
)
"""Options for a whole cohort, one set after the other."""
_ORDERS: dict[str, tuple[str, ...]] = {
    "dose": ("10mg/kg", "6 mg/kg", "maintenance=7.5mg/kg", "1000mg", "ten"),
    "every": ("6w", "4w", "maintenance=5w", "8"),
    "has": ("tb", "heart-failure;pregnancy", "hepatitis-b-past; ms", "no-such-condition"),
    "accept": ("dose-above-label=agreed", "contraindicated=seen;interval-below-label=seen", "off-label", "nothing=so"),
    "protocol": ("shortened", "rapid-250", "nothing"),
    "from": ("maintenance", "induction"),
}
"""Orders of rows, good and bad."""
_SEVERAL = ("has", "accept", "dose", "every")

Line = dict[str, str | None]


def cohort(number: int, seed: int, table: Table) -> tuple[list[Line], list[Line], list[Line]]:
    """Made-up patients, lines of infusions given and lines of weights, the lines in no order."""
    dice = random.Random(seed)  # noqa: S311 - made-up patients
    listed, given, weights = [], [], []
    for place, row in enumerate(rows(number, seed, table)):
        if row["patient_id"] in (None, "a\tb", "=1+1", "@x"):
            row["patient_id"] = f"odd{place}"
        order = {name: dice.choice(texts) if dice.random() < 0.05 else None for name, texts in _ORDERS.items()}
        start = row["start"]
        if dice.random() < 0.6:
            given += _history(dice, row)
            row["start"] = None if dice.random() < 0.2 else row["start"]
        if dice.random() < 0.3:
            weights += _weights(dice, row, start)
        listed.append(row | order)
        if dice.random() < 0.01:
            listed.append(row | order)  # a second row of the same patient
    nobody = {"patient_id": "nobody", "date": "2026-01-05"}
    given.append(nobody | {"dose_mg": "300"})
    weights.append(nobody | {"weight_kg": "70"})
    dice.shuffle(given)
    dice.shuffle(weights)
    return listed, given, weights


def _history(dice: random.Random, row: Line) -> Iterator[Line]:
    """What was given to a patient, about as it is planned; now and then something odd."""
    try:
        day = date.fromisoformat(row["start"] or "")
    except ValueError:
        day = date(2026, 1, 5)
    for number in range(dice.randint(1, 8)):
        jitter = dice.choice((0, 0, 0, dice.randint(-6, 20)))
        day += timedelta(days=(0 if number == 0 else dice.choice((14, 28, 56))) + jitter)
        text, dose = str(day), dice.choice((None, "350", "350 mg", "1000", "400.25"))
        if dice.random() < 0.01:
            text = dice.choice(("2026-02-30", "12/01/2026", "", "2250-01-01", "2199-01-01"))
        if dice.random() < 0.005:
            dose = dice.choice(("-1", "x", "0"))
        yield {"patient_id": row["patient_id"], "date": text or None, "dose_mg": dose}
        if dice.random() < 0.005:
            yield {"patient_id": row["patient_id"], "date": text or None, "dose_mg": dose}


def _weights(dice: random.Random, row: Line, start: str | None) -> Iterator[Line]:
    """Weights over time; now and then one for the day of the start, or none that is a weight."""
    for number in range(1, dice.randint(2, 4)):
        day = str(date(2025 + dice.randint(0, 2), dice.randint(1, 12), number)) if dice.random() < 0.95 else start
        weight = dice.choice(("70", "72.5", "80kg", "45", "x", "0.2")) if dice.random() < 0.05 else row["weight_kg"]
        yield {"patient_id": row["patient_id"], "date": day, "weight_kg": weight}


def single(
    row: Line, given: list[Line], weights: list[Line], options: dict[str, Any], table: Table, names: tuple[str, ...]
) -> list[dict[str, Any]] | None:
    """The records that `schedule` has for a patient with that history, those weights and that order; None: refused."""
    order = {f"{name}_" if name == "from" else name: row[name] for name in _ORDERS if row[name] is not None}
    if not (given or weights or order):
        found = one_by_one(row, options | {"anchor": None}, table)
        return found and [{"given": False, "given_mg": None, "planned_date": each["date"]} | each for each in found]
    asked = {name: text.split(";") if name in _SEVERAL else text for name, text in order.items() if text}
    texts = [f"{line['date']}:{line['dose_mg']}" if line["dose_mg"] else f"{line['date']}" for line in given]
    try:
        if row["start"] is None and not texts:
            return None
        patient = _patient(row, texts, weights, options)
        chosen = {name: value for name, value in options.items() if name not in ("bsa_cap", "accept")}
        if not texts:
            chosen.pop("anchor", None)
        chosen |= {name: row[name] for name in ("label", "variant", "product") if row[name] is not None}
        chosen |= {name: value for name, value in asked.items() if name not in ("has", "accept")}
        chosen["has"] = [*options.get("has", []), *asked.get("has", [])]
        chosen |= {"given": texts} | ({"start": row["start"]} if row["start"] else {})

        def made(accept: list[str]) -> Any:
            return make_course(table, row["drug"] or "", row["indication"] or "", patient, accept=accept, **chosen)

        own = asked.get("accept", [])
        blocks = made(own).blocks
        usual = [
            each
            for each in options.get("accept", [])
            if each.partition("=")[0] not in {o.partition("=")[0] for o in own}
        ]
        met = [each for each in usual if any(key.partition(":")[0] == each.partition("=")[0] for key in blocks)]
        return list(records(made([*own, *met]), names))
    except InfusecalcError:
        return None


def _patient(row: Line, texts: list[str], weights: list[Line], options: dict[str, Any]) -> Patient:
    weight = row["weight_kg"] or ""
    weight = f"{weight}kg" if weight[-1:].isdigit() else weight
    if weights:
        since = row["start"] or min(texts)[:10]
        found = {f"{line['date']}": f"{line['weight_kg']}" for line in weights}
        texts = [f"{day}={text}{'kg' if text[-1:].isdigit() else ''}" for day, text in found.items()]
        if len(found) < len(weights):
            raise InfusecalcError
        same = since in found and Patient.of(found[since]).weight == Patient.of(weight).weight
        texts += [] if same else [f"{since}={weight}"]  # another weight on that day is refused
    return Patient.of(
        texts if weights else weight,
        height=row["height_cm"],
        bsa=row["bsa_m2"],
        age=row["age_years"],
        id=row["patient_id"],
        bsa_cap=options.get("bsa_cap"),
    )


def differences(number: int, seed: int, options: dict[str, Any], table: Table) -> Iterator[str]:
    """Every row whose infusions are not those of the single patient, and how."""
    listed, given, weights = cohort(number, seed, table)
    expansion, frame, beside = _expansion(listed, given, weights, options, table)
    infusions, bad = expansion.expand(frame)
    names = tuple(expansion.columns)
    infusions = infusions.with_columns(pl.col("date", "planned_date").cast(pl.String))
    got: dict[int, list[dict[str, Any]]] = {}
    for each in infusions.iter_rows(named=True):
        got.setdefault(each.pop("place"), []).append(each)
    if infusions["place"].to_list() != sorted(infusions["place"]):
        yield f"{options}: the rows are not in order"
    rejected = dict(bad.iter_rows())
    ids = [row["patient_id"] for row in listed]
    mine = [_by_patient(found) for found in (given, weights)]
    for place, row in enumerate(listed):
        own = [found.get(row["patient_id"], []) for found in mine]
        twice = ids.count(row["patient_id"]) > 1 and any(own)
        wanted = None if twice or any(map(_unfit, own)) else single(row, *own, options, table, names)
        if (wanted is None) != (place in rejected) or (place in rejected) == (place in got):
            why = expansion.faults.known[rejected[place]] if place in rejected else ""
            yield f"{options}: {row} {own}: rejected: {place in rejected} {why}, wanted: {wanted is not None}"
        elif wanted is not None and got[place] != wanted:
            yield f"{options}: {row} {own}: {first_unlike(got[place], wanted)}"
    if beside.rejected and any(line[5] and "2026" in line[5] and "allowed" not in line[5] for line in beside.rejected):
        yield "a reason holds a value"


ON, UNTIL = date(2026, 9, 1), date(2026, 12, 31)
AGENDA_OPTIONS: tuple[dict[str, Any], ...] = ({}, {"anchor": "planned", "turnover": "15"}, {"round_": "vial"})
"""Options for agendas, one set after the other."""


def agenda_differences(number: int, seed: int, options: dict[str, Any], table: Table) -> Iterator[str]:
    """Every row that stands elsewhere in the agenda than `schedule` and `next` say, and sums that do not add up."""
    listed, given, weights = cohort(number, seed, table)
    expansion, frame, _ = _expansion(listed, given, weights, options | {"until": str(UNTIL)}, table, beyond=True)
    collector = Collector(expansion, table, FromTo(ON, UNTIL))
    for chunk in frame.iter_slices(max(1, number // 3)):
        collector.take(chunk)
    agenda = collector.agenda(None)
    rows, got = dict.fromkeys(STANDS, 0), Counter[tuple[Any, ...]]()
    for item in (*agenda.overdue, *(item for day in agenda.days for item in day.items)):
        marks = frozenset((*item["blocks"], *item["cautions"])) if not item["days_late"] else frozenset()
        got[item["patient_id"], item["date"], item["number"], item["dose_mg"], item["days_late"], marks] += 1
    wanted = Counter[tuple[Any, ...]]()
    mine, ids = [_by_patient(found) for found in (given, weights)], [row["patient_id"] for row in listed]
    for row in listed:
        own = [found.get(row["patient_id"], []) for found in mine]
        unfit = (ids.count(row["patient_id"]) > 1 and any(own)) or any(map(_unfit, own))
        found = None if unfit else _of_agenda(row, own, options, table)
        if found is None:
            rows["rejected"] += 1
            continue
        rows[found[0]] += 1
        wanted.update(found[1])
    if got != wanted:
        more, less = (list((one - other).items())[:3] for one, other in ((got, wanted), (wanted, got)))
        yield f"{options}: listed and not due: {more}; due and not listed: {less}"
    if rows != agenda.rows or sum(rows.values()) != len(listed):
        yield f"{options}: {dict(agenda.rows)}, not {rows}"
    whole = Sums.of(item for day in agenda.days for item in day.items)
    if whole.infusions != sum(day.sums.infusions for day in agenda.days):
        yield f"{options}: the days do not add up to the sums"


def _of_agenda(
    row: Line, own: list[list[Line]], options: dict[str, Any], table: Table
) -> tuple[str, list[tuple[Any, ...]]] | None:
    """Where a row stands, and what is listed of it, by `schedule`; None where it is refused."""
    firsts = [line["date"] or "" for line in own[0]]
    until = max(str(UNTIL), row["start"] or min(firsts, default=""))
    names = columns(Choices(), history=True)
    found = single(row, *own, options | {"until": until}, table, names)
    if found is None:
        return None
    left = [each for each in found if not each["given"] and (firsts or each["date"] >= str(ON))]
    if left and left[0]["date"] < str(ON):
        late = (ON - date.fromisoformat(left[0]["date"])).days
        return "overdue", [_told(row, left[0], late, frozenset())]
    listed = [_told(row, each, 0, _codes(each)) for each in left if each["date"] <= str(UNTIL)]
    if listed:
        return "on_a_day", listed
    return ("beyond" if left or "course-complete" not in found[-1]["findings"] else "finished"), []


def _codes(record: dict[str, Any]) -> frozenset[str]:
    return frozenset(";".join(filter(None, (record["blocks"], record["cautions"]))).split(";")) - {""}


def _told(row: Line, record: dict[str, Any], late: int, marks: frozenset[str]) -> tuple[Any, ...]:
    return row["patient_id"], record["date"], record["number"], record["dose_mg"], late, marks


def _expansion(
    listed: list[Line], given: list[Line], weights: list[Line], options: dict[str, Any], table: Table, **how: Any
) -> tuple[Expansion, pl.DataFrame, Beside]:
    lines = [
        PatientLines.of(kind, pl.DataFrame(found, schema=dict.fromkeys(kind.columns, pl.String)))
        for kind, found in ((GIVEN, given), (WEIGHTS, weights))
    ]
    frame = pl.DataFrame(listed, schema=dict.fromkeys(listed[0], pl.String))
    beside = Beside(*lines, frame["patient_id"], table.house())
    return Expansion(table, beside=beside, **options, **how), frame, beside


def _by_patient(lines: list[Line]) -> dict[str | None, list[Line]]:
    found: dict[str | None, list[Line]] = {}
    for line in lines:
        found.setdefault(line["patient_id"], []).append(line)
    return found


def _unfit(lines: list[Line]) -> bool:
    """Whether lines are two of one day, or lack what they need."""
    days = [line["date"] for line in lines]
    return len(set(days)) < len(days) or None in days or any(line.get("weight_kg", "") is None for line in lines)


def main(number: int, seed: int) -> int:
    """Compare so many patients, shared out among the options."""
    table, wrong, each = load_table(), 0, number // (len(OPTIONS) + len(AGENDA_OPTIONS))
    for place, options in enumerate(OPTIONS):
        for line in differences(each, seed + place, options, table):
            wrong += 1
            print(line)
        print(f"{options}: {each} patients compared", flush=True)
    for place, options in enumerate(AGENDA_OPTIONS):
        for line in agenda_differences(each, seed + 100 + place, options, table):
            wrong += 1
            print(line)
        print(f"agenda, {options}: {each} patients compared", flush=True)
    print(f"{each * (len(OPTIONS) + len(AGENDA_OPTIONS))} patients, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(int(each) for each in (*sys.argv[1:], "20000", "1")[:2] if each)))
