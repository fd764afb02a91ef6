"""How fast cohorts are: `infusecalc batch` as ratios to other ways to the same rows, each in one run.

(a) Parquet to Parquet, against a query written by hand that knows the days already and checks nothing;
(b) a small cohort CSV to CSV, start-up included, against the mere import of typer and polars;
(c) the time per infusion, against pharmpy's expand_additional_doses.

Run it as: python tests/benchmarks/cohort_speed.py [--patients N] [--few N] [--runs N] [--pharmpy PYTHON], where PYTHON
is an interpreter that has pharmpy-core; it may be of another environment.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BATCH = [sys.executable, "-m", "infusecalc", "batch"]
PASSES = (0, 3)  # exit codes: 3 says that a finding blocks
QUERY_LIMIT, IMPORT_LIMIT, PHARMPY_LIMIT = 2.0, 2.0, 100.0

EVENTS = """
import sys
import polars as pl
from infusecalc import Patient, load_table, make_course

table, patient = load_table(), Patient.of("50kg", height="150cm")
rows = []
for name in table.names("regimens"):
    drug, indication = name.split("/")
    for label in ("us", "eu"):
        for variant in (None, "low-dose") if name == "rituximab/aiha" else (None,):
            course = make_course(table, drug, indication, patient, start="2026-01-01", label=label, variant=variant,
                                 for_="12m")
            for infusion in course.infusions:
                dose, planned = infusion.dose.phase.dose, infusion.planned
                rows.append((drug, indication, label, variant or "", planned.phase, planned.number, planned.day,
                             dose.factor / 1000, dose.basis, str(dose)))
columns = ["drug", "indication", "label", "variant", "phase", "number", "day", "factor", "basis", "dose_basis"]
pl.DataFrame(rows, schema=columns, orient="row").write_parquet(sys.argv[1])
"""
"""Writes the events of every regimen as a small table: what the query by hand joins."""

# The days of one start are taken for all: a regimen counted in months moves by a day or so, and the query leaves that
# out. It also leaves out vials, bags, times, billing and findings: each is one constant.
QUERY = """
import sys
import polars as pl

patients, events, out = sys.argv[1:]
size = (
    pl.when(pl.col("basis") == "mg/kg").then(pl.col("weight_kg"))
    .when(pl.col("basis") == "mg/m2").then(pl.col("bsa_m2"))
    .otherwise(1.0)
)
dose = (size * pl.col("factor")).round(2)
(
    pl.scan_parquet(patients)
    .with_columns(
        pl.col("variant").fill_null(""),
        (pl.col("weight_kg") * pl.col("height_cm") / 3600).sqrt().round(2).alias("bsa_m2"),
    )
    .join(pl.scan_parquet(events), on=["drug", "indication", "label", "variant"], maintain_order="left")
    .select(
        "patient_id", "drug", "indication", "label", pl.lit("labelled").alias("status"), "variant",
        pl.lit("Remicade").alias("product"), "phase", "number", "day",
        (pl.col("start") + pl.duration(days="day")).alias("date"), pl.lit(False).alias("optional"), "weight_kg",
        "bsa_m2", "dose_basis", dose.alias("exact_dose_mg"),
        dose.alias("dose_mg"), pl.lit("4x100").alias("vials"), pl.lit(0.0).alias("waste_mg"),
        pl.lit(40.0).alias("drug_volume_ml"), pl.lit(250.0).alias("bag_ml"),
        pl.lit(1.6).alias("concentration_mg_per_ml"), pl.lit(120.0).alias("duration_min"),
        pl.lit("J1745").alias("billing_code"), pl.lit(40, pl.Int64).alias("billing_units"),
        pl.lit(0, pl.Int64).alias("wasted_units"), pl.lit("JZ").alias("modifier"),
        pl.lit("companion:premedication;screening:hepatitis-b").alias("findings"), pl.lit("").alias("accepted"),
    )
    .sink_parquet(out)
)
"""

PHARMPY = """
import sys
import time
import warnings

warnings.simplefilter("ignore")
import pandas as pd
from pharmpy.model import ColumnInfo, DataInfo, DataVariable
from pharmpy.modeling import create_basic_pk_model, expand_additional_doses

frame = pd.read_csv(sys.argv[1]).astype({"ADDL": int})
kinds = {"ID": "id", "TIME": "idv", "AMT": "dose", "DV": "dv", "ADDL": "additional", "II": "ii"}
info = DataInfo.create([ColumnInfo.create(name, DataVariable.create(name, type=kind)) for name, kind in kinds.items()])
model = create_basic_pk_model("iv").replace(dataset=frame, datainfo=info)
begun = time.perf_counter()
expanded = expand_additional_doses(model)
print(time.perf_counter() - begun, len(expanded.dataset))
"""
"""Times the one call alone: no import, no reading; prints the seconds and the doses."""

RECORDS = """
import sys
import polars as pl

patients, events, out = sys.argv[1:]
size = (
    pl.when(pl.col("basis") == "mg/kg").then(pl.col("weight_kg"))
    .when(pl.col("basis") == "mg/m2").then((pl.col("weight_kg") * pl.col("height_cm") / 3600).sqrt())
    .otherwise(1.0)
)
course = ["drug", "indication", "label", "variant"]
listed = pl.read_parquet(events).sort(*course, "number")
# a maintenance phase with one interval is one record with ADDL and II; every other infusion is a record of its own
gaps = pl.col("day").diff().over(*course, "phase")
even = (gaps.n_unique().over(*course, "phase") <= 2) & (pl.col("phase") == "maintenance")
listed = listed.with_columns(
    pl.when(even).then(pl.len().over(*course, "phase") - 1).otherwise(0).alias("ADDL"),
    pl.when(even).then(gaps.max().over(*course, "phase")).otherwise(0).fill_null(0).alias("II"),
    (even & (pl.col("number") > pl.col("number").min().over(*course, "phase"))).alias("more"),
).filter(~pl.col("more"))
(
    pl.read_parquet(patients)
    .with_row_index("ID", offset=1)
    .with_columns(pl.col("variant").fill_null(""))
    .join(listed, on=course)
    .select("ID", pl.col("day").cast(pl.Float64).alias("TIME"), (size * pl.col("factor")).round(2).alias("AMT"),
            pl.lit(0.0).alias("DV"), "ADDL", pl.col("II").cast(pl.Float64))
    .sort("ID", "TIME")
    .write_csv(out)
)
"""
"""Writes the same courses as dose records: what pharmpy expands."""

EXPAND = """
import sys
import time
import polars as pl
from infusecalc.cohort import expand

frame = pl.read_parquet(sys.argv[1])
for _ in range(2):  # the first call warms up
    begun = time.perf_counter()
    found = expand(frame)
    found = getattr(found, "infusions", found)
    found = found.collect() if hasattr(found, "collect") else found
    taken = time.perf_counter() - begun
print(taken, len(found))
"""


def seconds(command: Sequence[str | Path], passes: Sequence[int] = (0,)) -> float:
    """The time of one whole run, with compiled modules, as an installed program has them."""
    begun = time.perf_counter()
    ended = subprocess.run(
        [str(part) for part in command], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    taken = time.perf_counter() - begun
    if ended.returncode not in passes:
        raise SystemExit(f"exit code {ended.returncode} of {command[-1]}: {ended.stderr.decode()[-2000:]}")
    return taken


def medians(lines: Mapping[str, Sequence[str | Path]], runs: int) -> dict[str, float]:
    """The median of each command, run in turn, so that a slow moment slows all alike; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(runs + 1):
        for name, line in lines.items():
            times[name].append(seconds(line, PASSES))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def script(text: str, *arguments: str | Path, python: str = sys.executable) -> list[str]:
    """A command that runs a program given as text."""
    return [python, "-c", text, *map(str, arguments)]


def answer(command: Sequence[str]) -> tuple[float, int]:
    """The seconds and the rows that a program prints."""
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout
    taken, rows = printed.split()[-2:]
    return float(taken), int(rows)


def make(n: int, path: Path) -> Path:
    """A cohort in a file, made by a process of its own."""
    seconds([sys.executable, Path(__file__).with_name("cohorts.py"), str(n), path])
    return path


def rows(path: Path) -> int:
    """The rows of a Parquet file."""
    text = "import sys, polars as pl; print(0, pl.scan_parquet(sys.argv[1]).select(pl.len()).collect().item())"
    return answer(script(text, path))[1]


def against_query(folder: Path, n: int, runs: int) -> float:
    """(a) Parquet to Parquet as a ratio to the query by hand."""
    patients, events = make(n, folder / "patients.parquet"), folder / "events.parquet"
    seconds(script(EVENTS, events))
    outs = {"batch": folder / "batch.parquet", "query": folder / "query.parquet"}
    lines = {
        "batch": [*BATCH, patients, "-o", outs["batch"]],
        "query": script(QUERY, patients, events, outs["query"]),
    }
    found = medians(lines, runs)
    for name, median in found.items():
        size = outs[name].stat().st_size
        print(f"{name}: {n} patients in {median:.2f} s (median of {runs}), {rows(outs[name])} rows, {size} bytes")
    ratio = found["batch"] / found["query"]
    print(f"batch to a query by hand: ratio {ratio:.2f} (limit {QUERY_LIMIT})")
    return ratio


def against_import(folder: Path, n: int, runs: int) -> float:
    """(b) CSV to CSV, start-up included, as a ratio to the import of what it needs."""
    patients = make(n, folder / "patients.csv")
    lines = {
        "batch": [*BATCH, patients, "-o", folder / "batch.csv"],
        "import": script("import typer, polars"),
    }
    found = medians(lines, runs)
    ratio = found["batch"] / found["import"]
    print(f"import of typer and polars: {1000 * found['import']:.0f} ms (median of {runs})")
    print(
        f"batch of {n} patients, CSV to CSV: {1000 * found['batch']:.0f} ms, ratio {ratio:.2f} (limit {IMPORT_LIMIT})"
    )
    return ratio


def pharmpy_time(folder: Path, n: int, python: str) -> tuple[float, int] | None:
    """The seconds and the doses of one expand_additional_doses; None where the interpreter has no pharmpy."""
    found = subprocess.run(script("import pharmpy.modeling", python=python), check=False, capture_output=True)
    if found.returncode:
        return None
    patients, events, records = make(n, folder / "few.parquet"), folder / "few-events.parquet", folder / "records.csv"
    seconds(script(EVENTS, events))
    seconds(script(RECORDS, patients, events, records))
    return answer(script(PHARMPY, records, python=python))


def against_pharmpy(folder: Path, n: int, runs: int, python: str) -> float | None:
    """(c) The time per infusion of pharmpy as a multiple of ours; None where it cannot be had."""
    found = pharmpy_time(folder, n, python)
    if found is None:
        print("pharmpy: skipped, the interpreter does not have it; name one that does with --pharmpy")
        return None
    theirs, doses = found
    print(f"pharmpy: {n} patients in {theirs:.2f} s, {doses} doses, {1e6 * theirs / doses:.1f} us each")
    patients, out = folder / "few.parquet", folder / "few-out.parquet"
    whole = medians({"batch": [*BATCH, patients, "-o", out]}, runs)["batch"] / rows(out)
    times, counts = zip(*(answer(script(EXPAND, patients)) for _ in range(runs)), strict=True)
    within = statistics.median(times) / counts[0]
    for name, each in {"batch, start-up included": whole, "expand alone": within}.items():
        ratio = theirs / doses / each
        print(f"{name}: {1e6 * each:.2f} us an infusion, {ratio:.0f} times as fast (limit {PHARMPY_LIMIT:.0f})")
    return theirs / doses / whole


def main() -> None:
    """Print each ratio beside its limit."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--patients", type=int, default=1_000_000)
    reader.add_argument("--few", type=int, default=10_000)
    reader.add_argument("--runs", type=int, default=5)
    reader.add_argument("--pharmpy", default=sys.executable, metavar="PYTHON")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        against_query(folder, asked.patients, asked.runs)
        against_import(folder, asked.few, asked.runs)
        against_pharmpy(folder, asked.few, asked.runs, asked.pharmpy)


if __name__ == "__main__":
    main()
