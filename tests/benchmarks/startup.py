"""Start-up: whole commands as ratios to an empty typer program, in one run, in one environment.

Run it with the interpreter that has infusecalc installed: python tests/benchmarks/startup.py [RUNS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    print(name)
app()
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
LIMITS = {"dose": 1.8, "schedule": 2.4}
COMMANDS = {
    "dose": "dose infliximab crohns --weight 70kg --format json",
    "schedule": "schedule infliximab crohns --weight 70kg --start 2026-12-01 --format table",
}


def seconds(command: list[str]) -> float:
    """The time of one whole run, with compiled modules, as an installed program has them."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - begun


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "empty.py")
        program.write_text(EMPTY, encoding="utf-8")
        lines = {"empty": [sys.executable, str(program)]}
        lines |= {name: [sys.executable, "-m", "infusecalc", *text.split()] for name, text in COMMANDS.items()}
        times: dict[str, list[float]] = {name: [] for name in lines}
        for _ in range(runs + 1):  # in turn, so that a slow moment slows all alike; the first round warms up
            for name, line in lines.items():
                times[name].append(seconds(line))
    empty = statistics.median(times["empty"][1:])
    print(f"empty typer program: {1000 * empty:.0f} ms (median of {runs})")
    for name in COMMANDS:
        median = statistics.median(times[name][1:])
        print(f"{name}: {1000 * median:.0f} ms, ratio {median / empty:.2f} (limit {LIMITS[name]})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
