"""Whether a cohort gives what single patients get, field by field: random rows over every regimen, label and option.

Caps and bands are among them, in a made-up table: the shipped one has none.

python tests/benchmarks/cohort_equality.py [PATIENTS] [SEED]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from infusecalc import Course, InfusecalcError, Patient, load_table, make_course
from infusecalc.cohort.expansion import Expansion
from infusecalc.output.records import records
from infusecalc.table import Table

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"round_": "vial"},
    {"round_": "1mg"},
    {"round_": "5mg"},
    {"round_": "10mg", "for_": "2y"},
    {"round_": "50mg", "round_within": "100"},
    {"round_": "100mg", "round_within": "5"},
    {"bsa_formula": "dubois", "bsa_cap": "2.0"},
    {"bsa_formula": "haycock"},
    {"bsa_formula": "gehan-george"},
    {"bsa_formula": "boyd", "doses": "7"},
    {"bsa_formula": "fujimoto", "for_": "3w"},
    {"bsa_formula": "takahira"},
    {"until": "2027-03-01"},
    {"for_": "52w", "bag": "250"},
    {"for_": "10y"},
    {"for_": "20y"},
    {"doses": "60"},
    {"courses": "3"},
    {"from_": "maintenance"},
    {"dose": ["6mg/kg"]},
    {"dose": ["maintenance=10mg/kg"], "every": ["4w"]},
    {"dose": ["0.01mg/kg"]},
    {"every": ["6w"]},
    {"every": ["5m"], "for_": "3y"},
    {"maintenance_start": "20w"},
    {"maintenance_start": "5m"},
    {"maintenance_start": "2027-03-01"},
    {"has": ["heart-failure", "hepatitis-b-past"]},
    {"has": ["heart-failure-nyha-3", "pregnancy"], "dose": ["5.5mg/kg"]},
    {"has": ["latent-tb-untreated", "hepatitis-b-active", "drug-hypersensitivity", "murine-allergy"]},
    {"dose": ["1000mg"]},
    {"protocol": "steps-250"},
    {"protocol": "rapid-250"},
    {"protocol": "shortened", "has": ["heart-failure"]},
    {"protocol": "ra-120"},
    {"protocol": "peprs"},
    {"protocol": "children-mg-per-kg"},
    {"days": "mon-fri", "holidays": "US-CA", "tolerance": ["3d"]},
    {"days": "mon,thu", "tolerance": ["induction=0d,maintenance=2d"], "for_": "2y"},
    {"price": ["100mg=174.63", "500mg=873.15"]},
    {"price": ["100mg=174.63"]},
    {"price": ["Remicade:100mg=174.63", "Inflectra:100mg=90.5", "500mg=873.15", "Truxima:500mg=600"], "for_": "2y"},
    {"turnover": "15"},
    {"turnover": 12.5, "protocol": "shortened", "has": ["heart-failure"]},
    {"bag": "40"},
    {"bag": "500", "dose": ["3mg/kg"]},
    {"bag": "450mL"},
    {"bag": "80", "round_": "vial", "dose": ["12mg/kg"]},
    {"maintenance_start": "15w", "doses": "4"},
    {"protocol": "shortened", "dose": ["induction=7mg/kg"], "doses": "3"},
    {"days": "mon-sun", "doses": "2"},
    {
        "bag": "60",
        "has": ["active-tb"],
        "maintenance_start": "15w",
        "doses": "4",
        "accept": [
            "concentration-high=central line",
            "concentration-low=as agreed",
            "contraindicated=letter of 3 June",
            "start-outside-window=relapse",
            "age-outside-regimen=agreed = so",
        ],
    },
)
"""Options for a whole cohort, one set after the other."""

BANDED = Path(__file__).parent.parent / "tables" / "bands.yaml"
BANDED_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"round_": "vial"},
    {"round_": "100mg", "round_within": "5"},
    {"bsa_formula": "dubois", "bsa_cap": "1.5"},
    {"bsa_formula": "haycock", "bsa_cap": "2.0", "for_": "2y"},
    {"dose": ["6mg/kg"]},
    {"dose": ["750mg"]},
    {"dose": ["620mg/m2"], "round_": "50mg"},
    {"dose": ["8mg/kg, at most 700mg"]},
    {"dose": ["10mg/kg, at most 900mg"], "has": ["active-infection"]},
    {"dose": ["600mg/m2, at most 900mg"], "doses": "5"},
    {"dose": ["start=8mg/kg"], "every": ["3w"]},
    {"from_": "maintenance", "round_": "10mg"},
    {"maintenance_start": "5w", "for_": "52w"},
    {"days": "mon,thu", "tolerance": ["3d"]},
    {"price": ["250mg=99.5"], "until": "2027-03-01"},
    {"bag": "50", "accept": ["concentration-high=central line", "dose-above-label=agreed"], "dose": ["9mg/kg"]},
)
"""Options for cohorts of the table of `BANDED`."""

_OF_PATIENT = ("bsa_formula", "bsa_cap")
_PRODUCTS = {
    "infliximab": ("Remicade", "Inflectra", "Renflexis", "Avsola", "Ixifi", "Remsima"),
    "rituximab": ("Rituxan", "MabThera", "Truxima", "Ruxience", "Riabni"),
}
_ODD = {
    "weight_kg": (None, "70,5", "154lb", "nan", "1e2", "0", "0.4", "501", "70 kg"),
    "start": (None, "2026-08-31", "2024-02-29", "2026-12-31", "2027-02-30", "12/01/2026", "2200-12-31"),
    "label": (None, "EU", "uk"),
    "indication": ("wegener", "crohn", "nothing"),
    "patient_id": ("=1+1", "@x", None, "a\tb"),
}
"""What a cell may hold beside the usual, good and bad."""

_KG_ENDS, _M2_ENDS = (6000, 10000), (150, 200)
"""Where the bands of `BANDED` end, in 0.01 kg and 0.01 m2."""


def rows(number: int, seed: int, table: Table) -> Iterator[dict[str, str | None]]:
    """Rows of made-up patients; about one in ten has something odd in it."""
    dice = random.Random(seed)  # noqa: S311 - made-up patients
    for place in range(number):
        drug, indication = dice.choice(table.names("regimens")).split("/")
        variants = tuple(table.regimen(drug, indication, "us").rules.variants)
        child = "pediatric" in indication or indication in ("jia", "kawasaki")
        weight = dice.randint(1000, 6000) if child else dice.randint(3000, 26000)
        tall = dice.random()
        height = dice.randint(900, 1700) if child else dice.randint(1400, 2050)
        age = dice.choice([None, f"{dice.randint(0, 90)}", f"{dice.randint(0, 200) / 10}", f"{dice.randint(1, 250)}mo"])
        row: dict[str, str | None] = {
            "patient_id": f"p{place}",
            "drug": drug,
            "indication": indication,
            "weight_kg": str(weight / 100),
            "height_cm": str(height / 10) if tall < 0.7 else None,
            "bsa_m2": str(dice.randint(30, 300) / 100) if tall > 0.8 else None,
            "age_years": age,
            "start": f"{dice.choice([1999, 2023, 2024, 2026, 2027])}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
            "label": dice.choice(["us", "eu"]),
            "variant": dice.choice(variants) if variants and dice.random() < 0.5 else None,
            "product": dice.choice([None, None, None, *_PRODUCTS[drug]]),
        }
        yield _odd(dice, row)


def banded_rows(number: int, seed: int) -> Iterator[dict[str, str | None]]:
    """Rows of made-up patients of the drug of `BANDED`, about half of them on an end of a band or just beside it."""
    dice = random.Random(seed)  # noqa: S311 - made-up patients
    for place in range(number):
        weight, area = (
            dice.choice(ends) + dice.randint(-1, 1) if dice.random() < 0.5 else dice.randint(*between)
            for ends, between in ((_KG_ENDS, (3000, 16000)), (_M2_ENDS, (100, 280)))
        )
        tall = dice.random()
        height = 36 * area**2 / weight  # in cm; of that area, by Mosteller
        row: dict[str, str | None] = {
            "patient_id": f"p{place}",
            "drug": "bandumab",
            "indication": dice.choice(("capped", "weight", "surface", "weight-caps", "surface-caps", "surface-flat")),
            "weight_kg": str(weight / 100),
            "height_cm": f"{height:.1f}" if tall < 0.5 else None,
            "bsa_m2": str(area / 100) if 0.4 < tall < 0.95 else None,  # some have neither
            "age_years": dice.choice((None, "17", "18", "60")),
            "start": f"{dice.choice([2023, 2026])}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
            "label": dice.choice((None, "us")),
            "variant": None,
            "product": dice.choice((None, "Bandorix")),
        }
        yield _odd(dice, row)


def _odd(dice: random.Random, row: dict[str, str | None]) -> dict[str, str | None]:
    """One row in ten with something odd in it."""
    if dice.random() < 0.1:
        column = dice.choice(list(_ODD))
        row[column] = dice.choice(_ODD[column])
    return row


def one_by_one(row: dict[str, str | None], options: dict[str, Any], table: Table) -> list[dict[str, Any]] | None:
    """The records of a single patient, None where the patient is refused."""
    of_patient = {name: options[name] for name in _OF_PATIENT if name in options}
    if row["bsa_m2"] is not None or row["height_cm"] is None:
        of_patient.pop("bsa_formula", None)  # it belongs to heights: a row without one has no use for it
    chosen = {name: value for name, value in options.items() if name not in (*_OF_PATIENT, "accept")}
    accepted = options.get("accept", [])
    try:
        if row["weight_kg"] is None or row["start"] is None:
            return None
        weight = row["weight_kg"]
        patient = Patient.of(
            f"{weight}kg" if weight[-1:].isdigit() else weight,  # the name of the column is the unit
            height=row["height_cm"],
            bsa=row["bsa_m2"],
            age=row["age_years"],
            id=row["patient_id"],
            **of_patient,
        )
        names = {name: row[name] for name in ("label", "variant", "product") if row[name] is not None}

        def made(accept: list[str]) -> Course:
            asked = {"start": row["start"], "accept": accept} | names | chosen
            return make_course(table, row["drug"] or "", row["indication"] or "", patient, **asked)

        blocks = made([]).blocks if accepted else ()  # a single patient accepts only what blocks
        met = [text for text in accepted if any(key.partition(":")[0] == text.partition("=")[0] for key in blocks)]
        return list(records(made(met)))
    except InfusecalcError:
        return None


def differences(listed: list[dict[str, str | None]], options: dict[str, Any], table: Table) -> Iterator[str]:
    """Every row whose infusions differ from those of the single patient, and how."""
    expansion = Expansion(table, **options)
    frame = pl.DataFrame(listed, schema=dict.fromkeys(listed[0], pl.String))
    infusions, bad = expansion.expand(frame)
    dates = [name for name in ("date", "planned_date") if name in infusions.columns]
    infusions = infusions.with_columns(pl.col(dates).cast(pl.String))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in infusions.iter_rows(named=True):
        found.setdefault(row.pop("place"), []).append(row)
    rejected = dict(bad.iter_rows())
    for place, row in enumerate(listed):
        wanted, got = one_by_one(row, options, table), found.get(place)
        if wanted is None and place not in rejected:
            yield f"{options}: {row}: is not rejected"
        elif wanted is not None and place in rejected:
            yield f"{options}: {row}: is rejected: {expansion.faults.known[rejected[place]]}"
        elif wanted is not None and got != wanted:
            yield f"{options}: {row}: {first_unlike(got or [], wanted)}"


def first_unlike(got: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> str:
    """The first fields that differ."""
    for mine, theirs in zip(got, wanted, strict=False):
        unlike = {name: (mine.get(name), theirs[name]) for name in theirs if mine.get(name) != theirs[name]}
        if unlike:
            return str(unlike)
    return f"{len(got)} infusions, not {len(wanted)}"


def main(number: int, seed: int) -> int:
    """Compare so many patients, shared out among the options."""
    shipped, banded = load_table(), load_table(BANDED)
    each, wrong, rejected = number // (len(OPTIONS) + len(BANDED_OPTIONS)), 0, 0
    passes = [(shipped, options) for options in OPTIONS] + [(banded, options) for options in BANDED_OPTIONS]
    for place, (table, options) in enumerate(passes):
        made = banded_rows(each, seed + place) if table is banded else rows(each, seed + place, table)
        listed = list(made)
        for line in differences(listed, options, table):
            wrong += 1
            print(line)
        rejected += sum(one_by_one(row, options, table) is None for row in listed[:100])
        print(f"{options}: {each} patients{' of bands and caps' if table is banded else ''} compared", flush=True)
    print(f"{each * len(passes)} patients, {wrong} differ; of the first hundreds {rejected} are refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(int(each) for each in (*sys.argv[1:], "200000", "1")[:2] if each)))
