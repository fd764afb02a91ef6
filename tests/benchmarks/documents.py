"""How much longer a PDF takes than JSON, in one run: python tests/benchmarks/documents.py [ROUNDS]."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("infusecalc")
PLAN = [
    "schedule",
    "infliximab",
    "crohns",
    "--weight",
    "70kg",
    "--start",
    "2026-12-01",
    "--patient-id",
    "17",
    "--quiet",
]
LIMIT = 0.5  # seconds


def seconds(*options: str) -> float:
    """The time of one whole run."""
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run([PROGRAM, *PLAN, *options], check=True, stdout=subprocess.DEVNULL, env=surroundings)
    return time.perf_counter() - begun


def main() -> None:
    """Print the medians of paired runs, and what each document takes beyond JSON."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        forms = {"json": ["--format", "json"]}
        forms |= {name: ["-o", str(Path(folder) / f"plan.{name}")] for name in ("pdf", "html", "ics")}
        times: dict[str, list[float]] = {name: [] for name in forms}
        for _ in range(rounds + 1):
            for name, options in forms.items():
                times[name].append(seconds(*options))
    medians = {name: statistics.median(found[1:]) for name, found in times.items()}
    for name, median in medians.items():
        more = median - medians["json"]
        limit = f" (limit {LIMIT} s)" if name == "pdf" else ""
        print(f"{name}: {median * 1000:.0f} ms, {more * 1000:.0f} ms beyond json{limit}, median of {rounds}")


if __name__ == "__main__":
    main()
