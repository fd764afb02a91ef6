"""What a cohort leaves behind where things go wrong: killed runs, full disks, closed pipes, bad rows.

Run it as: python tests/benchmarks/cohort_faults.py [--kills N] [--patients N] [--seed N]; it ends with 1 if a check
fails. The full disk is a small tmpfs, which only root may mount; without that it is left out, with a line saying so.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import filecmp
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BATCH = [sys.executable, "-m", "infusecalc", "batch"]
COMPUTED = (0, 3)  # exit codes: 3 says that a finding blocks
BAD_FILE, REJECTED = 2, 4
OLD = b"what stood here before\n"
FULL_DEVICE = (1, 7)  # Linux: /dev/full
CANARY, CANARY_NUMBER = "CANARY7Q3X", "8675309.25"
CANARY_PARTS = (CANARY.lower(), "8675309", "8,675,309")


def make(n: int, path: Path) -> Path:
    """A cohort in a file, made by a process of its own."""
    script = Path(__file__).with_name("cohorts.py")
    subprocess.run([sys.executable, script, str(n), path], check=True, stdout=subprocess.DEVNULL)
    return path


def batch(*options: str | Path, out: int | None = subprocess.DEVNULL) -> tuple[int, str]:
    """The exit code of one whole run, and what it said on standard error."""
    ended = subprocess.run(
        [*BATCH, *map(str, options)], check=False, stdout=out, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    return ended.returncode, ended.stderr


def report(what: str, faults: Sequence[str], more: str = "") -> list[str]:
    """Print how a check went, and give its faults back."""
    print(f"{what}: {'FAILED' if faults else 'passed'}{more and ', '}{more}")
    for fault in faults:
        print(f"  {fault}")
    return [f"{what}: {fault}" for fault in faults]


# --- killed in the middle -----------------------------------------------------------------------------


def kills(folder: Path, n: int, times: int, seed: int = 1) -> list[str]:
    """Kill runs at random moments: the output is whole, or what was there before is unchanged."""
    chance = random.Random(seed)  # noqa: S311 - no secret hangs on it
    patients = make(n, folder / "patients.csv")
    place = folder / "place"
    place.mkdir()
    usual: dict[str, float] = {}
    wholes = {kind: folder / f"whole.{kind}" for kind in ("parquet", "csv")}
    for whole in wholes.values():
        begun = time.perf_counter()
        code, said = batch(patients, "-o", whole)
        usual[whole.suffix] = time.perf_counter() - begun
        if code not in COMPUTED:
            return report("kills", [f"the undisturbed run ended with {code}: {said[-300:]}"])
    faults: list[str] = []
    finished = leftovers = 0
    for turn in range(times):
        whole = list(wholes.values())[turn % 2]
        out, before = place / f"out{whole.suffix}", turn // 2 % 2 == 1
        if before:
            out.write_bytes(OLD)
        moment = chance.uniform(0, usual[whole.suffix])
        _killed(patients, out, moment)
        state = _state(out, whole, before=before)
        finished += state == "whole"
        if state not in {"whole", "as before"}:
            faults.append(f"killed after {moment:.3f} s, {out.name} is {state}")
        out.unlink(missing_ok=True)
        leftovers += _cleared(place, faults)
    more = f"{times} runs of {n} patients, {finished} finished first, {leftovers} leftovers removed"
    return report("kills", faults, more)


def _killed(patients: Path, out: Path, moment: float) -> None:
    """Start a run, and end it without warning after so many seconds."""
    with subprocess.Popen(
        [*BATCH, str(patients), "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    ) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()


def _state(out: Path, whole: Path, *, before: bool) -> str:
    """How an output stands: as before, whole, or in which way neither."""
    if not out.exists():
        return "gone" if before else "as before"
    if before and out.read_bytes() == OLD:
        return "as before"
    if filecmp.cmp(out, whole, shallow=False):
        return "whole"
    try:
        found, expected = _rows(out), _rows(whole)
    except (pl.exceptions.PolarsError, OSError) as error:
        return f"not readable: {type(error).__name__}"
    return "whole" if found == expected else f"a part: {found} of {expected} rows"


def _rows(path: Path) -> int:
    if path.suffix == ".csv":
        return path.read_bytes().count(b"\n")
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _cleared(place: Path, faults: list[str]) -> int:
    """Remove what a killed run left; only hidden parts are allowed."""
    left = list(place.iterdir())
    for path in left:
        if not (path.name.startswith(".") and path.name.endswith(".part")):
            faults.append(f"left beside the output: {path.name}")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(left)


# --- no room ------------------------------------------------------------------------------------------


def disk_full(folder: Path, n: int, size: str = "2m") -> list[str]:
    """Write where there is no room: exit code 2, one sentence, and no output."""
    return [*_device_full(folder, n), *_tmpfs_full(folder, n, size)]


def _refused(code: int, said: str) -> list[str]:
    """What is wrong with a refusal."""
    faults = [] if code == BAD_FILE else [f"exit code {code} in place of {BAD_FILE}"]
    if "Traceback" in said or len(said.splitlines()) != 1 or not said.startswith("infusecalc: "):
        faults.append(f"standard error is not one sentence: {said[-500:]!r}")
    return faults


def _device_full(folder: Path, n: int) -> list[str]:
    full = Path("/dev/full")
    if not full.exists():
        print("full device: skipped, there is none here")
        return []
    patients = make(n, folder / "device.csv")
    with full.open("wb") as device:
        faults = report(
            "full standard output", _refused(*batch(patients, "-o", "-", "--to", "csv", out=device.fileno()))
        )
    node = folder / "full-device.csv"  # a node of its own: a faulty program must not replace the system's
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(*FULL_DEVICE))
        node.open("wb").close()
    except OSError:
        print("full device as output: skipped, no device may be made here")
        return faults
    found = _refused(*batch(patients, "-o", node))
    found += [] if node.is_char_device() else ["the device was replaced"]
    return [*faults, *report("full device as output", found)]


@contextlib.contextmanager
def _tmpfs(place: Path, size: str) -> Iterator[bool]:
    """A small file system for a while; False where it may not be mounted."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = (
        shutil.which("mount") is not None and not subprocess.run(command, check=False, capture_output=True).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


def _tmpfs_full(folder: Path, n: int, size: str) -> list[str]:
    patients = make(n, folder / "tmpfs.csv")
    faults: list[str] = []
    with _tmpfs(folder / "small", size) as mounted:
        if not mounted:
            print("full disk: skipped, a tmpfs may not be mounted here")
            return []
        for kind in ("parquet", "csv", "ndjson"):
            for before in (False, True):
                out = folder / "small" / f"out.{kind}"
                if before:
                    out.write_bytes(OLD)
                found = _refused(*batch(patients, "-o", out))
                if before and (not out.exists() or out.read_bytes() != OLD):
                    found.append("the old file is not as it was")
                left = [path for path in out.parent.iterdir() if not (before and path == out)]
                found += [f"left behind: {path.name}" for path in left]
                for path in {*left, out}:
                    path.unlink(missing_ok=True)
                faults += report(f"full disk, {kind}{' over an old file' * before}", found)
    return faults


# --- a reader that goes away --------------------------------------------------------------------------


def closed_pipe(folder: Path, n: int) -> list[str]:
    """Read three lines and go away: the run ends with 0 and says nothing."""
    patients = make(n, folder / "pipe.csv")
    with subprocess.Popen(
        [*BATCH, str(patients), "-o", "-", "--to", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        read = subprocess.run(["head", "-n", "3"], check=True, stdin=process.stdout, capture_output=True).stdout
        if process.stdout:
            process.stdout.close()
        said = process.stderr.read().decode() if process.stderr else ""
    faults = [] if process.returncode == 0 else [f"exit code {process.returncode} in place of 0"]
    lines = len(read.splitlines())
    faults += [] if lines == 3 else [f"{lines} lines were read"]
    faults += [f"standard error is not silent: {said[-500:]!r}"] if said else []
    return report("closed pipe", faults)


# --- what a bad row may not give away -----------------------------------------------------------------


def _sown(source: Path, target: Path, share: float) -> int:
    """Copy a cohort with a canary in its bad rows; how many there are.

    In turn all cells are texts, all are numbers, or one cell beside the id is, so that each check of a row meets one.
    """
    with source.open(encoding="utf-8", newline="") as file:
        head, *body = csv.reader(file)
    places = [place for place in range(len(head)) if head[place] != "patient_id"]
    step, count = round(1 / share), 0
    for index in range(0, len(body), step):
        (place, kind), row = divmod(count % (2 + 2 * len(places)), 2), body[index]
        word = (CANARY, CANARY_NUMBER)[kind]
        if place == len(places):
            body[index] = [word for _ in row]
        else:
            row[places[place]] = word
            row[head.index("patient_id")] = f"{word}-{index}"
        count += 1
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *body])
    return count


def canary(folder: Path, n: int, share: float = 0.01) -> list[str]:
    """What stands in bad rows never comes out on standard error, with and without a file for them."""
    patients = folder / "canary.csv"
    bad = _sown(make(n, folder / "sound.csv"), patients, share)
    faults: list[str] = []
    for kind in ("csv", "ndjson", "parquet"):
        given = folder / f"canary-in.{kind}"
        frame = pl.read_csv(patients, infer_schema=False)
        {"csv": frame.write_csv, "ndjson": frame.write_ndjson, "parquet": frame.write_parquet}[kind](given)
        rejects = folder / f"rejects-{kind}.csv"
        for options in ((), ("--rejects", rejects)):
            code, said = batch(given, "-o", "-", "--to", "csv", *options)
            found = [] if code == REJECTED else [f"exit code {code} in place of {REJECTED}: {said[-300:]!r}"]
            seen = [part for part in CANARY_PARTS if part in said.lower()]
            found += [f"on standard error: {said[-500:]!r}"] if seen else []
            if options and rejects.exists():
                with rejects.open(encoding="utf-8", newline="") as file:
                    rows = len({row["row"] for row in csv.DictReader(file)})
                found += [] if rows == bad else [f"{rows} rows were rejected of {bad} bad ones"]
            elif options:
                found.append("there are no rejects")
            faults += report(f"canary in {kind}{' with --rejects' * bool(options)}", found)
    return faults


def main() -> None:
    """Print each check, and end with 1 if one fails."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--kills", type=int, default=50)
    reader.add_argument("--patients", type=int, default=300_000)
    reader.add_argument("--seed", type=int, default=1)
    asked = reader.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faults += kills(folder, asked.patients, asked.kills, asked.seed)
        faults += disk_full(folder, min(asked.patients, 100_000))
        faults += closed_pipe(folder, min(asked.patients, 100_000))
        faults += canary(folder, min(asked.patients, 10_000))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
