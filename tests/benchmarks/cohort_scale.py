"""How the cost of a cohort grows: with its size, with the horizon, and with threads; CSV to Parquet.

Run it as: python tests/benchmarks/cohort_scale.py [SIZE ...] [--runs N]; by itself 100 thousand, 1 and 10 million.
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
from typing import NamedTuple

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BATCH = [sys.executable, "-m", "infusecalc", "batch"]
PASSES = (0, 3)  # exit codes: 3 says that a finding blocks
SIZES = (100_000, 1_000_000, 10_000_000)
HORIZONS = ("12m", "2y", "5y", "10y")
THREADS = (1, 2)
MOST_RUNS, ROWS_IN_ALL = 5, 3_000_000  # small cohorts are run more often than large ones
GROWTH_LIMIT, PEAK_LIMIT = 1.3, 3.0  # of the time per patient; GiB
GIB = 1024**3


class Cost(NamedTuple):
    """What one run took: seconds, and the most bytes of memory that were its own at one time."""

    seconds: float
    peak: int


def cost(patients: Path, out: Path, *options: str, threads: int | None = None) -> Cost:
    """Run the command once, and measure that one process.

    This process holds little itself: Linux counts what a child holds between its fork and its program as well.
    """
    surroundings = ENVIRONMENT | ({} if threads is None else {"POLARS_MAX_THREADS": str(threads)})
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*BATCH, str(patients), "-o", str(out), *options], stdout=subprocess.DEVNULL, stderr=said, env=surroundings
        )
        _, status, used = os.wait4(process.pid, 0)
        taken = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in PASSES:
            said.seek(0)
            raise SystemExit(f"exit code {process.returncode}: {said.read().decode()[-2000:]}")
    return Cost(taken, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def median(costs: Sequence[Cost]) -> Cost:
    """The median time, and the highest peak."""
    return Cost(statistics.median(each.seconds for each in costs), max(each.peak for each in costs))


def make(n: int, folder: Path) -> Path:
    """A cohort as CSV, made by a process of its own."""
    path = folder / f"patients-{n}.csv"
    script = Path(__file__).with_name("cohorts.py")
    subprocess.run([sys.executable, script, str(n), path], check=True, stdout=subprocess.DEVNULL)
    return path


def runs_of(n: int, most: int) -> int:
    """How often a cohort of a size is run."""
    return max(1, min(most, ROWS_IN_ALL // max(n, 1)))


def by_size(folder: Path, sizes: Sequence[int], most: int = MOST_RUNS) -> float:
    """Print what each size costs; the time per patient at the largest as a ratio to that at the smallest."""
    out = folder / "out.parquet"
    nobody = make(0, folder)
    cost(nobody, out)  # warms up
    empty = median([cost(nobody, out) for _ in range(most)])
    print(f"nobody: {empty.seconds:.2f} s, peak {empty.peak / GIB:.2f} GiB")
    each: dict[int, float] = {}
    for n in sorted(sizes):
        patients = make(n, folder)
        found = median([cost(patients, out) for _ in range(runs_of(n, most))])
        each[n] = (found.seconds - empty.seconds) / n
        size = out.stat().st_size / GIB
        print(
            f"{n} patients: {found.seconds:.2f} s (median of {runs_of(n, most)}), {1e6 * each[n]:.2f} us each beyond "
            f"nobody, peak {found.peak / GIB:.2f} GiB (limit {PEAK_LIMIT:.0f}), {size:.2f} GiB out"
        )
        patients.unlink()
    ratio = each[max(sizes)] / each[min(sizes)]
    print(f"time for each patient, {max(sizes)} to {min(sizes)}: ratio {ratio:.2f} (limit {GROWTH_LIMIT})")
    return ratio


def _compare(folder: Path, n: int, runs: int, ways: Mapping[str, tuple[tuple[str, ...], int | None]]) -> None:
    """Print what each way to run one cohort costs, as a ratio to the first; run in turn."""
    patients, out = make(n, folder), folder / "out.parquet"
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (options, threads) in ways.items():
            found[name].append(cost(patients, out, *options, threads=threads))
    first = median(next(iter(found.values())))
    for name, costs in found.items():
        seconds, peak = median(costs)
        print(
            f"{name}, {n} patients: {seconds:.2f} s (median of {runs}), ratio {seconds / first.seconds:.2f}, "
            f"peak {peak / GIB:.2f} GiB"
        )


def by_horizon(folder: Path, n: int, horizons: Sequence[str] = HORIZONS, runs: int = 3) -> None:
    """Print how the cost grows with the horizon."""
    _compare(folder, n, runs, {f"--for {span}": (("--for", span), None) for span in horizons})


def by_threads(folder: Path, n: int, threads: Sequence[int] = THREADS, runs: int = 3) -> None:
    """Print how the cost falls with threads."""
    _compare(folder, n, runs, {f"{count} thread{'s' * (count > 1)}": ((), count) for count in threads})


def main() -> None:
    """Print all three."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="SIZE")
    reader.add_argument("--runs", type=int, default=MOST_RUNS)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, fewest = Path(name), min(asked.sizes)
        by_size(folder, asked.sizes, asked.runs)
        by_horizon(folder, fewest, runs=min(3, asked.runs))
        by_threads(folder, fewest, runs=min(3, asked.runs))


if __name__ == "__main__":
    main()
