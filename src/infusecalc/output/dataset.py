"""A dated Course to the rows of a dataset for pharmacometric programs (NONMEM and its like): numbers alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from infusecalc.arithmetic import hours_after, rate_of
from infusecalc.course import Course
from infusecalc.errors import BadInput, Blocked
from infusecalc.findings import how_to_go_on
from infusecalc.output.flat import Record, as_csv
from infusecalc.phase_dose import Infusion
from infusecalc.pump import Load, pump_steps
from infusecalc.quantities import plain

COLUMNS = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "MDV", "DV", "WT", "BSA", "NUMBER", "PHASE")
"""The columns, in their order."""
KEY = ("ID", "patient_id")
"""The columns of a key."""
ENDINGS = (".nonmem.csv", ".nonmem.csv.gz")
_NONE = "."
_NUMBER = re.compile("[1-9][0-9]{0,8}", re.ASCII)  # longer ones lose digits in programs that keep them in 32 bits
WHAT = "a dataset"


def is_number(id_: str) -> bool:
    """Whether an id can be an ID as it is: a whole number of up to nine digits that does not begin with 0."""
    return _NUMBER.fullmatch(id_) is not None


def refuse_blocked(keys: tuple[str, ...], *, many: bool = False) -> None:
    """Refuse with Blocked a plan that blocks, or `many`: its numbers could not say so."""
    if keys:
        which = "; to see which rows, write CSV: column blocks" if many else ""
        raise Blocked(WHAT, keys, how_to_go_on(keys, many=many) + which)


def unrated(course: Course) -> bool:
    """Whether an infusion of the dataset has no rate."""
    return any(each.time is None for each in infusions_of(course))


def infusions_of(course: Course) -> list[Infusion]:
    """The infusions of a dataset: not those that are given only if needed (one that was given is none of them)."""
    return [each for each in course.infusions if not each.planned.optional]


def rows(course: Course, id_: str, *, steps: bool) -> Iterator[Record]:
    """A row an infusion, or a titration step; raises BadInput for an infusion without a rate, or one of nothing."""
    infusions = infusions_of(course)
    phases = {name: place for place, name in enumerate(course.regimen.phases, 1)}
    for infusion in infusions:
        patient = infusion.dose.patient
        own = {"EVID": "1", "CMT": "1", "MDV": "1", "DV": _NONE, "WT": plain(patient.weight)}
        own["BSA"] = _NONE if patient.bsa is None else plain(patient.bsa)
        own |= {"NUMBER": str(infusion.planned.number), "PHASE": str(phases[infusion.planned.phase])}
        for time, amount, rate in _doses(course, infusion, infusions[0].planned.date, steps=steps):
            if not amount or not rate:
                problem = f"comes to nothing in a dataset: infusion {infusion.planned.number}"
                raise BadInput("dose", infusion.dose.asked, problem, allowed="from 0.01 mg, and 0.01 mg/h")
            yield {"ID": id_, "TIME": plain(time, 4), "AMT": plain(amount), "RATE": plain(rate)} | own


def _doses(course: Course, infusion: Infusion, first: date, *, steps: bool) -> Iterator[tuple[int, int, int]]:
    """When (0.0001 h), how much (0.01 mg) and how fast (0.01 mg/h): what was given, where its amount is known."""
    planned = infusion.planned
    if infusion.time is None:
        problem = "is missing: the label gives no rate, and a dataset needs one for every infusion"
        known = ", ".join(course.table.protocols(course.regimen))
        raise BadInput("`protocol`", None, problem, allowed=known, hint="choose one")
    days, amount = (planned.date - first).days, infusion.dose.amount.dose
    if planned.given and planned.given.amount is not None:
        amount = planned.given.amount
    rates = course.running.rates(planned.number, first=infusion.first)
    if not steps or rates is None or rates.titration is None:
        yield hours_after(days, 0), amount, rate_of(amount, infusion.time) if infusion.time else 0
        return
    load = infusion.dose.load
    for step in pump_steps(Load(amount, load.bag, load.weight), rates):
        yield hours_after(days, step.start), step.dose, step.rate


def dataset(course: Course, options: Any) -> tuple[str, str]:
    """The file of one course, and what its phases are; raises Blocked for a plan that blocks, and as `rows`."""
    refuse_blocked(course.blocks)
    id_ = course.patient.id
    found = list(rows(course, id_ if id_ and is_number(id_) else "1", steps=bool(options["steps"])))
    if not found:
        raise BadInput("`format_`", "nonmem", "has nothing to hold", detail=": every infusion is as needed")
    return as_csv(iter(found)), "; ".join(_told(course))


def phases_told(course: Course) -> str:
    """What the numbers of PHASE are: `1 induction, 2 maintenance`."""
    return ", ".join(f"{place} {name}" for place, name in enumerate(course.regimen.phases, 1))


def _told(course: Course) -> Iterator[str]:
    """What the numbers do not say: the phases, and the cautions."""
    yield f"PHASE: {phases_told(course)}"
    cautions = ", ".join(dict.fromkeys(each.key for each in course.findings if each.severity == "caution"))
    if cautions:
        yield f"the dataset does not hold these cautions: {cautions}"


def key_of(course: Course, output: str | None, options: Any) -> tuple[str, bytes] | None:
    """The file that says whose number an ID is, and its content, where one is needed or asked for; raises BadInput."""
    id_, asked = course.patient.id, options["key"]
    text = id_ is not None and not is_number(id_)
    name = key_name(asked, output, needed=text)
    if name is None:
        return None
    if id_ is None:
        raise BadInput("`key`", asked, "needs `id`", hint="give the patient one, or leave the key out")
    return name, key_file([("1" if text else id_, id_)])


def key_name(asked: str | None, output: str | None, *, needed: bool) -> str | None:
    """Where the key goes: as asked, else beside a named file where it is needed; raises BadInput where neither is."""
    if asked == "-":
        raise BadInput("`key`", asked, "is standard output, where the dataset may go", hint="give a file")
    if asked is not None and output and os.path.realpath(asked) == os.path.realpath(output):
        raise BadInput("`key`", asked, "is the file of `output`", hint="give another")
    if asked is not None or not needed:
        return asked
    if output in (None, "-"):
        problem = "is missing: an id that is not a whole number gets a number, and the key says whose number it is"
        raise BadInput("`key`", None, problem, allowed="a file", hint="or write the dataset to a file, with `output`")
    name = str(output)
    ends = [len(end) for end in ENDINGS if name.lower().endswith(end)]
    return f"{name[: -ends[0]] if ends else name}.key.csv"


def key_file(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The key as CSV."""
    return as_csv((dict(zip(KEY, pair, strict=True)) for pair in pairs), KEY).encode()
