"""Whether a change leaves every answer as it was: random command lines, their output kept, and compared later.

python tests/benchmarks/same_answers.py keep FILE [LINES] [SEED]
python tests/benchmarks/same_answers.py compare FILE [FILE]

`keep` runs the lines of a seed in this process and writes one JSON object a line. `compare` runs the kept lines again,
or reads a second file, and prints each line whose exit code or output differs, and the count.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import os
import random
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infusecalc import load_table
from infusecalc.cli import run

_HASH = re.compile("[0-9a-f]{64}")  # that of the table: a word in it changes it
COMMANDS = (
    "dose",
    "schedule",
    "schedule",
    "schedule",
    "rate",
    "check",
    "next",
    "batch",
    "batch",
    "regimens",
    "info",
    "bad",
)
DATA = ("json", "csv", "ndjson")
ADULT, CHILD = ("70kg", "175cm"), ("30kg", "130cm")
_VARIANTS = {
    "aiha": "--variant low-dose",
    "gpa": "--variant mainritsan",
    "mpa": "--variant ritazarem",
    "gpa-pediatric": "--variant flat",
    "pv": "--variant relapse",
}
SITES = (
    "house: {bags: {stocked: [100 mL, 250 mL], from: 10 mL, to: 5000 mL, source: house}}\n",
    "drugs: {infliximab: {us: {infusion_time: {least: 60 min, source: house}}}}\n",
    "regimens: {infliximab/uc: {us: {phases: {maintenance: {dose: 50 mg/kg, every: 8 weeks, source: house}}}}}\n",
)
BAD = (
    "dose infliximab crohns --weight 0",
    "dose infliximab nothing --weight 70",
    "dose aspirin ra --weight 70",
    "schedule rituximab gpa --weight 70 --start 2026-12-01",
    "dose infliximab ra --weight 70,5 --format json",
    "schedule infliximab uc --weight 70 --start 12/01/2026",
    "dose infliximab uc --weight 70 --dose 375mg/m2",
    "schedule infliximab uc --weight 70 --start 2026-12-01 --for 2y --doses 3",
    "dose infliximab uc --weight nan",
    "dose infliximab uc --weight 70 --accept contraindicated=x",
    "dose infliximab uc --weight 70 --height 10cm",
    "schedule infliximab uc --weight 70 --start 2026-12-01 --until 2026-11-01",
    "rate rituximab gpa-pediatric --weight 30 --height 130",
    "check infliximab uc --weight 70 --ordered 0mg",
    "dose inflectra uc --weight 70 --product remicade",
)


_SHARED = (
    "--round vial",
    "--round 50mg",
    "--round 10mg --round-within 5",
    "--bsa-formula dubois",
    "--bag 500",
    "--bag 100",
    "--bsa-cap 1.8",
    "--from maintenance",
    "--dose 6mg/kg",
    "--dose 10mg/kg --every 4w",
    "--every 6w",
    "--has active-tb",
    "--has heart-failure --has hepatitis-b-past",
    "--has active-tb --accept contraindicated=agreed",
    "--dose maintenance=500mg",
)


def lines(number: int, seed: int) -> Iterator[str]:
    """Random command lines over every command, regimen and data format; about one in ten is refused."""
    dice, names = random.Random(seed), load_table().names("regimens")  # noqa: S311 - made-up patients
    for _ in range(number):
        yield line_of(dice, names)


def line_of(dice: random.Random, names: tuple[str, ...]) -> str:
    """One random command line."""
    command = dice.choice(COMMANDS)
    if command == "bad":
        return dice.choice(BAD)
    drug, indication = dice.choice(names).split("/")
    form = f"--format {dice.choice(DATA)}"
    if command == "info":
        return f"info {drug} {form}"
    if command == "regimens":
        return dice.choice((f"regimens list {form}", f"regimens show {drug} {indication} {form}", "regimens validate"))
    if command == "batch":
        return f"batch {dice.choice(('a', 'b'))}.csv -o - --to {dice.choice(('csv', 'ndjson'))} {_shared(dice, drug)}"
    words = [command, drug, indication, *_patient(dice, indication), _shared(dice, drug), *_own(dice, command), form]
    return " ".join(word for word in words if word)


def _patient(dice: random.Random, indication: str) -> Iterator[str]:
    child = "pediatric" in indication or indication in ("jia", "kawasaki")
    weight, height = CHILD if child else ADULT
    yield f"--weight {dice.choice([weight, f'{dice.randint(900, 16000) / 100}kg', f'{dice.randint(60, 300)}lb'])}"
    yield f"--height {dice.choice([height, f'{dice.randint(900, 2000) / 10}cm'])}"
    yield dice.choice(["", f"--age {dice.randint(1, 90)}y", f"--age {dice.randint(2, 230)}mo"])
    yield dice.choice(["", "", "--label eu", "--label eu", _VARIANTS.get(indication, "")])


def _shared(dice: random.Random, drug: str) -> str:
    """Options that both one patient and a cohort take."""
    protocol = {"infliximab": ("steps-250", "flat-250", "shortened"), "rituximab": ("ra-120", "peprs")}[drug]
    return dice.choice(("", "", "", *_SHARED, f"--protocol {dice.choice(protocol)}"))


def _own(dice: random.Random, command: str) -> Iterator[str]:
    """Options of one command."""
    start = f"--start 20{dice.randint(24, 30)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    if command == "schedule":
        yield start
        yield dice.choice(["", "--for 2y", "--for 26w", "--doses 7", "--until 2031-03-01"])
        yield dice.choice(["", "", "--days mon-fri --tolerance 3d", "--price 100mg=174.63", "--totals"])
    if command == "rate":
        yield dice.choice(["", "--first", "--subsequent", "--number 4", "--at 09:30"])
    if command == "check":
        yield f"--ordered {dice.choice([350, 385, 500, 1000, dice.randint(50, 1500)])}mg"
        yield dice.choice(["", "--phase induction", "--phase maintenance --ordered-every 8w", "--number 2"])
    if command == "next":
        yield " ".join(f"--given 2026-{month:02}-{dice.randint(1, 28):02}" for month in range(1, dice.randint(2, 6)))
        yield dice.choice(["", "--on 2026-12-01", "--anchor planned"])
    if dice.random() < 0.1:
        yield f"--regimens site{dice.randrange(len(SITES))}.yaml"


def prepare() -> None:
    """The files that lines name, in the folder that they run in."""
    for place, text in enumerate(SITES):
        Path(f"site{place}.yaml").write_text(text, encoding="utf-8")
    dice, names = random.Random(5), load_table().names("regimens")  # noqa: S311 - made-up patients
    for name in "ab":
        rows = ["patient_id,drug,indication,weight_kg,height_cm,age_years,start,label"]
        for place in range(40):
            drug, indication = dice.choice(names).split("/")
            rows.append(
                f"p{place},{drug},{indication},{dice.randint(900, 15000) / 100},{dice.randint(1000, 1950) / 10},"
                f"{dice.randint(1, 90)},20{dice.randint(24, 28)}-{dice.randint(1, 12):02}-11,"
                f"{dice.choice(('us', 'eu'))}"
            )
        Path(f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


class _Out(io.TextIOWrapper):
    """Standard output that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]  # it is a BytesIO


def answer(line: str) -> dict[str, Any]:
    """What a line answers: its exit code, standard output and standard error."""
    out, err = _Out(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run(shlex.split(line))
        except Exception as error:  # noqa: BLE001 - a bug: kept as what a shell would see
            code = 1
            err.write(f"{type(error).__name__}: {error}")
    return {"line": line, "exit": code, "out": out.text(), "err": err.getvalue()}


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The lines in which two answers differ."""
    found = [] if old["exit"] == new["exit"] else [f"exit {old['exit']} -> {new['exit']}"]
    for part in ("out", "err"):
        pair = (_HASH.sub("hash", old[part]).splitlines(), _HASH.sub("hash", new[part]).splitlines())
        found += [
            each for each in difflib.unified_diff(*pair, lineterm="", n=0) if not each.startswith(("---", "+++", "@@"))
        ]
    return found


def main() -> None:
    """Keep or compare."""
    what, name, *more = sys.argv[1:]
    place = Path(name).resolve()
    other = Path(more[0]).resolve() if what == "compare" and more else None
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ["NO_COLOR"] = "1"
        prepare()
        if what == "keep":
            number, seed = (*map(int, more), 1000, 7)[:2] if len(more) != 1 else (int(more[0]), 7)
            answers = map(answer, lines(number, seed))
            place.write_text("".join(json.dumps(each) + "\n" for each in answers), encoding="utf-8")
            return
        before = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
        after = (
            [json.loads(line) for line in other.read_text(encoding="utf-8").splitlines()]
            if other
            else [answer(each["line"]) for each in before]
        )
        changed = 0
        for old, new in zip(before, after, strict=True):
            found = differences(old, new)
            changed += bool(found)
            if found:
                print("\n".join([f"== {old['line']}", *found[:12]]))
        print(f"{len(before)} lines, {changed} differ")


if __name__ == "__main__":
    main()
