"""Whether `verify` agrees with what the program writes: random plans in JSON and CSV, each verified.

python tests/benchmarks/verify_plans.py [PLANS] [SEED]

Prints each plan that does not agree with the differences that were found, and the count.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infusecalc import load_table
from infusecalc.cli import run

FORMS = ("json", "csv")
_SHARED = (
    "--round vial", "--round 50mg", "--round 100mg", "--round 10mg --round-within 5", "--round 5mg --round-within 0",
    "--bsa-formula dubois", "--bsa-formula boyd", "--bsa-formula haycock", "--bsa-cap 1.8", "--bag 500", "--bag 100",
    "--from maintenance", "--dose 6mg/kg", "--dose 10mg/kg --every 4w", "--every 6w", "--dose maintenance=500mg",
    "--every 5m", "--maintenance-start 20w", "--maintenance-start 26w", "--has active-tb --age 40",
    "--has active-tb --accept 'contraindicated=agreed; no'", "--has active-tb --accept contraindicated=agreed",
)  # set in rows # fmt: skip
_SPANS = ("", "", "--for 2y", "--for 26w", "--doses 7", "--courses 3", "--until 2031-03-01")
_DAYS = ("", "", "", "--days mon-fri --tolerance 3d", "--days tue,thu --holidays US --tolerance 2d")
_PROTOCOLS = {"infliximab": ("steps-250", "flat-250", "shortened"), "rituximab": ("ra-120", "peprs")}


def plans(number: int, seed: int) -> Iterator[str]:
    """Random command lines of `schedule` over every regimen; some are refused."""
    dice, names = random.Random(seed), load_table().names("regimens")  # noqa: S311 - made-up patients
    for _ in range(number):
        drug, indication = dice.choice(names).split("/")
        yield " ".join(word for word in ("schedule", drug, indication, *_options(dice, drug, indication)) if word)


def _options(dice: random.Random, drug: str, indication: str) -> Iterator[str]:
    child = "pediatric" in indication or indication == "jia"
    kg = dice.randint(900, 9000) / 100 if child else dice.randint(3500, 16000) / 100
    start = f"20{dice.randint(24, 30)}-{dice.randint(1, 12):02}-{dice.randint(1, 31):02}"
    later = f"--weight {kg}kg --weight 2029-01-01={round(kg * dice.uniform(0.7, 1.4), 2)}kg"
    yield dice.choice([f"--weight {kg}kg", f"--weight {kg}kg", f"--weight {round(kg * 2.2, 1)}lb", later])
    tall = dice.randint(900, 1600) if child else dice.randint(1400, 2050)
    yield dice.choice([f"--height {tall / 10}cm", f"--height {tall / 10}cm", "--bsa 1.73", ""])
    yield dice.choice(["", "", "--label eu", "--label eu"])
    yield dice.choice(["", "", "", *_SHARED, f"--protocol {dice.choice(_PROTOCOLS[drug])}"])
    yield dice.choice(_SPANS)
    yield dice.choice(_DAYS)
    yield f"--start {start}"
    if dice.random() < 0.2:
        day = f"20{dice.randint(24, 30)}-{dice.randint(1, 12):02}"
        yield f"--given {start} --given {day}-{dice.randint(1, 28):02}:{dice.randint(1, 9)}00mg"
        yield dice.choice(["", "--anchor planned"])
    yield dice.choice(["", "", "--price 100mg=174.63 --price 500mg=870.01"])


def verdict(line: str, form: str, folder: Path) -> dict[str, Any] | None:
    """What `verify` says of a plan that a command line writes; None where the line is refused."""
    path = folder / f"plan.{form}"
    if _quietly([*shlex.split(line), "-o", str(path)])[0] not in (0, 3):
        return None
    code, text, error = _quietly(["verify", str(path), "--format", "json"])
    found = json.loads(text) if text else {"verdict": error, "differences": [], "reason": None}
    return found | {"exit": code}


def _quietly(words: list[str]) -> tuple[int, str, str]:
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    return code, out.buffer.getvalue().decode(), err.getvalue()  # type: ignore[attr-defined]  # it is a BytesIO


def main() -> None:
    """Verify random plans."""
    number, seed = (*map(int, sys.argv[1:]), 2000, 11)[:2] if len(sys.argv) != 2 else (int(sys.argv[1]), 11)
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for line in plans(number, seed):
            for form in FORMS:
                found = verdict(line, form, Path(folder))
                said = "refused by schedule" if found is None else str(found["verdict"])
                counts[f"{form}: {said[:40]}"] = counts.get(f"{form}: {said[:40]}", 0) + 1
                if found and said != "agrees":
                    print(f"== {form}: {line}\n   {said}; {found['reason']}")
                    for each in found["differences"][:4]:
                        print("  ", {name: value for name, value in each.items() if value is not None})
    print("\n".join(f"{name}: {count:,}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
