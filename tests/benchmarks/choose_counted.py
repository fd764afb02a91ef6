"""Which tests are counted for coverage: those that together reach every branch in the least time (tests/README.md).

python tests/benchmarks/choose_counted.py

Runs the quick tests with each branch told by its tests, which takes some minutes, and writes tests/counted.txt. Tests
that need an extra, and properties, whose examples are random, are not chosen where they are needed for no branch.
"""

from __future__ import annotations

import heapq
import re
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_OVERHEAD = 0.005  # seconds: what a test takes beside its own time
_MODULES_WITH_EXTRAS = re.compile(r"test_(browser|fhir_readers|calendar_clients|frames|spark|pharmpy)\.py")

Branch = tuple[int, int, int]
"""File, line that is left, line that is reached."""


class Times:
    """A plugin that adds up the seconds of each test."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test."""
        self.seconds[report.nodeid] += report.duration


def main() -> int:
    """Run the tests, choose, and write the list."""
    times = Times()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        data = Path(folder) / "coverage"
        patch.setenv("COVERAGE_FILE", str(data))
        options = [
            "--cov",
            "--cov-context=test",
            "--cov-report=",
            "--cov-fail-under=0",
            "--count-all",
            "-n",
            "auto",
            "-q",
        ]
        code = pytest.main([*options, str(TESTS)], plugins=[times])
        if code:
            return int(code)
        reached = branches(data)
    chosen = choose(reached, times.seconds)
    (TESTS / "counted.txt").write_text("".join(f"{test}\n" for test in sorted(chosen)), encoding="utf-8")
    spent, whole = sum(times.seconds[test] for test in chosen), times.seconds.total()
    sys.stdout.write(f"{len(chosen):,} of {len(times.seconds):,} tests, {spent:.0f} of {whole:.0f} s\n")
    return 0


def branches(data: Path) -> dict[str, set[Branch]]:
    """The branches that each test reaches; under the empty name those of modules as they are imported."""
    found: dict[str, set[Branch]] = defaultdict(set)
    with closing(sqlite3.connect(data)) as rows:
        names = {key: name.rpartition("|")[0] for key, name in rows.execute("select id, context from context")}
        for file, context, left, to in rows.execute("select file_id, context_id, fromno, tono from arc"):
            found[names[context]].add((file, left, to))
    return found


def choose(reached: dict[str, set[Branch]], seconds: Counter[str]) -> list[str]:
    """Tests that reach every branch: again and again the one that reaches most of the others for its time."""
    needed = set().union(*reached.values()) - reached.get("", set())
    properties = _properties()

    def worth(test: str) -> float:
        unsteady = _MODULES_WITH_EXTRAS.search(test) or test.partition("[")[0] in properties
        return -len(reached[test] & needed) / (seconds[test] + _OVERHEAD) / (1e6 if unsteady else 1)

    chosen: list[str] = []
    queue = [(worth(test), test) for test in reached if test]
    heapq.heapify(queue)
    while needed:
        test = heapq.heappop(queue)[1]
        now = worth(test)
        if queue and now > queue[0][0]:
            heapq.heappush(queue, (now, test))
        else:
            chosen.append(test)
            needed -= reached[test]
    return chosen


def _properties() -> set[str]:
    """The tests that hypothesis gives examples to."""
    return {
        f"{TESTS.name}/{path.name}::{name}"
        for path in TESTS.glob("test_*.py")
        for part in path.read_text(encoding="utf-8").split("\n\n\n")
        if "@given" in part
        for name in re.findall(r"^def (test\w+)", part, re.MULTILINE)
    }


if __name__ == "__main__":
    sys.exit(main())
