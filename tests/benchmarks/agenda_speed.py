"""How long an agenda takes, and how much memory: patients, each with six infusions given.

python tests/benchmarks/agenda_speed.py [PATIENTS] [batch]

Most infusions are given on their day, one in five a few days off; one patient in ten has weights over time. CPU seconds
of the whole process are what counts on a machine that does other things as well; with `batch`, the same files through
`batch --given`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.cohorts import patients

GIVEN = 6
ON, UNTIL = "2027-03-01", "2027-03-07"


def write(number: int, folder: Path) -> tuple[Path, Path, Path]:
    """The files of a cohort: patients, infusions given, weights."""
    made = patients(number).filter(pl.col("drug") == "infliximab")
    while made.height < number:
        more = patients(number, seed=made.height).filter(pl.col("drug") == "infliximab")
        made = pl.concat([made, more])
    endless = ("crohns", "uc", "ra", "as", "psa", "psoriasis", "crohns-fistulizing")
    row = pl.int_range(pl.len())
    made = made.head(number).with_columns(
        patient_id=pl.format("P{}", row),
        indication=pl.Series([endless[place % len(endless)] for place in range(number)]),
        weight_kg=pl.col("weight_kg").clip(45),
        start=pl.lit(date.fromisoformat(ON)) - pl.duration(days=214 + row.hash(1) % 60),  # the next is due about then
        variant=pl.lit(None, dtype=pl.String),
        age_years=pl.lit(40),
    )
    days = (0, 14, 42, 98, 154, 210)
    jitter = pl.when(pl.col("row").hash(2) % 5 == 0).then((pl.col("row").hash(3) % 9).cast(pl.Int64) - 4).otherwise(0)
    given = pl.concat(
        made.select("patient_id", "start", n=pl.lit(place), off=pl.lit(day)) for place, day in enumerate(days)
    )
    given = given.with_columns(row=pl.int_range(pl.len()))
    day = pl.col("start") + pl.duration(days=pl.col("off") + pl.when(pl.col("n") == 0).then(0).otherwise(jitter))
    given = given.select("patient_id", date=day, dose_mg=pl.lit(None, dtype=pl.Int64)).sample(
        fraction=1.0, shuffle=True, seed=1
    )
    weights = made.filter(row % 10 == 0).select(
        "patient_id", date=pl.lit(date(2026, 9, 1)), weight_kg=pl.col("weight_kg") + 1
    )
    names = folder / "cohort.csv", folder / "given.csv", folder / "weights.csv"
    for frame, name in zip((made, given, weights), names, strict=True):
        frame.write_csv(name)
    return names


def main(number: int, command: str) -> None:
    """Write the files, run the command, and say what it took."""
    with tempfile.TemporaryDirectory() as folder:
        cohort, given, weights = write(number, Path(folder))
        span = ["--on", ON, "--until", UNTIL] if command == "agenda" else ["--until", UNTIL]
        line = [
            sys.executable,
            "-m",
            "infusecalc",
            command,
            str(cohort),
            "--given",
            str(given),
            "--weights",
            str(weights),
        ]
        begun = time.monotonic()
        done = subprocess.run(
            [*line, *span, "-o", str(Path(folder) / ("out.json" if command == "agenda" else "out.csv"))], check=False
        )
        took, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime
        print(f"{command}, {number:,} patients, {number * GIVEN:,} given: exit {done.returncode}")
        print(f"{cpu:.1f} s CPU, {took:.1f} s by the clock, {used.ru_maxrss / 1024 / 1024:.2f} GiB at most")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2] if len(sys.argv) > 2 else "agenda")
