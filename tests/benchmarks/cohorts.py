"""Cohorts of made-up patients over every regimen, in any number, the same ones for the same seed.

Run it as: python tests/benchmarks/cohorts.py N FILE [--seed 1] [--bad SHARE]; FILE ends in .csv, .ndjson or .parquet.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

import infusecalc

CHUNK = 500_000  # rows that are in memory at once
FIRST_DAY, DAYS = date(2026, 1, 1), 730
AREA = ("gpa", "mpa", "gpa-pediatric", "mpa-pediatric", "aiha", "itp", "nmosd", "nephrotic-pediatric", "ssc")
"""Indications with a dose in mg/m2, which needs a height."""
MILLION = 1_000_000
SCHEMA = {
    "patient_id": pl.String,
    "drug": pl.String,
    "indication": pl.String,
    "weight_kg": pl.Float64,
    "height_cm": pl.Float64,
    "age_years": pl.Int64,
    "start": pl.Date,
    "label": pl.String,
    "variant": pl.String,
}
FAULTS: dict[str, pl.Expr] = {
    "weight_kg": pl.lit(-70.0),
    "drug": pl.lit("no-such-drug"),
    "start": pl.lit(None, pl.Date),
    "indication": pl.lit("no-such-indication"),
    "height_cm": pl.lit(9999.0),
    "label": pl.lit("no-such-label"),
    "age_years": pl.lit(999),
    "variant": pl.lit("no-such-variant"),
}
"""What a bad row has in one of its columns: in turn, one column a row."""


def bad_rows(n: int, share: float) -> int:
    """How many of the first `n` patients are bad ones."""
    return n * round(share * MILLION) // MILLION


def patients(n: int, seed: int = 1, *, bad: float = 0.0, first: int = 0) -> pl.DataFrame:
    """Patients number `first` to `first + n - 1` of the cohort with this seed; a share of them may be bad."""
    names = pl.Series([name.split("/") for name in infusecalc.load_table().names("regimens")], dtype=pl.List(pl.String))
    row = pl.int_range(first, first + n, dtype=pl.UInt64)

    def draw(which: int, size: int) -> pl.Expr:
        """A number from 0 to `size - 1` for each row, independent for each `which`."""
        return (row.hash(100 * seed + which) % size).cast(pl.Int64)

    drug, indication = pl.col("regimen").list.get(0), pl.col("regimen").list.get(1)
    child = indication.str.ends_with("-pediatric") | indication.is_in(["jia", "kawasaki"])
    weight = pl.when(child).then(1500 + draw(1, 4501)).otherwise(4000 + draw(1, 10_001)) / 100
    bmi = 14 + (weight - 15) * 6 / 45 + draw(2, 501) / 100  # of a child: 14 to 25, more where it weighs more
    height = pl.when(child).then((weight / bmi).sqrt() * 100).otherwise((1500 + draw(3, 451)) / 10).round(1)
    age = pl.when(child).then(6 + ((weight - 15) / 4.5).floor().cast(pl.Int64)).otherwise(18 + draw(4, 68))
    made = pl.select(
        row.alias("row"), names.gather(pl.select(draw(0, names.len())).to_series()).alias("regimen")
    ).with_columns(
        pl.format("P{}", pl.col("row").cast(pl.String).str.zfill(8)).alias("patient_id"),
        drug.alias("drug"),
        indication.alias("indication"),
        weight.alias("weight_kg"),
        pl.when(indication.is_in(AREA) | (draw(5, 10) < 6)).then(height).alias("height_cm"),
        pl.when(draw(6, 10) < 8).then(age).alias("age_years"),
        (pl.lit(FIRST_DAY) + pl.duration(days=draw(7, DAYS))).alias("start"),
        pl.when(draw(8, 2) == 0).then(pl.lit("us")).otherwise(pl.lit("eu")).alias("label"),
        pl.when((indication == "aiha") & (draw(9, 4) == 0)).then(pl.lit("low-dose")).alias("variant"),
    )
    if bad:
        made = _spoil(made, round(bad * MILLION))
    return made.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _spoil(made: pl.DataFrame, share: int) -> pl.DataFrame:
    """Put a fault into `share` of a million rows, evenly spread."""
    count = pl.col("row").cast(pl.Int64) * share // MILLION  # bad rows before this one
    is_bad = (pl.col("row").cast(pl.Int64) + 1) * share // MILLION > count
    faults = enumerate(FAULTS.items())
    spoilt = (
        pl.when(is_bad & (count % len(FAULTS) == place)).then(fault).otherwise(pl.col(name)).alias(name)
        for place, (name, fault) in faults
    )
    return made.with_columns(*spoilt)


def cohort(n: int, seed: int = 1, *, bad: float = 0.0) -> pl.LazyFrame:
    """The same patients as a query that never holds more than a chunk of them."""

    def chunks(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        step, end = min(size or CHUNK, CHUNK), n if rows is None else min(n, rows)
        for first in range(0, end, step):
            made = patients(min(step, end - first), seed, bad=bad, first=first)
            made = made if predicate is None else made.filter(predicate)
            yield made.select(columns) if columns else made

    return register_io_source(chunks, schema=SCHEMA)


def write(n: int, path: Path, seed: int = 1, *, bad: float = 0.0) -> None:
    """Write a cohort in the format that the extension names; none at all is a header without rows."""
    if path.suffix not in {".csv", ".ndjson", ".parquet"}:
        raise SystemExit(f"{path.suffix or 'no extension'} is not one of .csv, .ndjson, .parquet")
    made = cohort(n, seed, bad=bad) if n else pl.LazyFrame(schema=SCHEMA)
    {".csv": made.sink_csv, ".ndjson": made.sink_ndjson, ".parquet": made.sink_parquet}[path.suffix](path)


def main() -> None:
    """Write the cohort that the command line asks for."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("n", type=int)
    reader.add_argument("file", type=Path)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--bad", type=float, default=0.0, metavar="SHARE")
    asked = reader.parse_args()
    write(asked.n, asked.file, asked.seed, bad=asked.bad)
    print(f"{asked.n} patients, {bad_rows(asked.n, asked.bad)} of them bad, in {asked.file.name}")


if __name__ == "__main__":
    main()
