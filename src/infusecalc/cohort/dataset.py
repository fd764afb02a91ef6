"""A cohort to a dataset for pharmacometric programs: its rows wait in files until it is known what every id gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import polars as pl

from infusecalc.cohort.expansion import Expansion
from infusecalc.course import Course
from infusecalc.errors import BadInput
from infusecalc.output.dataset import COLUMNS, is_number, phases_told, refuse_blocked, rows, unrated
from infusecalc.spelling import counted

SCHEMA = dict.fromkeys(COLUMNS, pl.String)
"""The columns of a dataset, as they are written."""
_TAKEN = 10_000  # rows of the dataset that are kept in memory


class Dataset:
    """Takes chunk after chunk of a cohort, each patient planned by the single patient's code."""

    def __init__(
        self, expansion: Expansion, folder: Path, watch: Callable[[int, float | None], None], *, steps: bool
    ) -> None:
        """`folder` is where rows wait, `watch` is told the rows taken; the expansion plans every row for itself."""
        self._expansion, self._folder, self._watch, self._steps = expansion, folder, watch, steps
        self._numbers: dict[str, str] = {}
        self._kept: list[dict[str, str]] = []
        self._files: list[Path] = []
        self._blocks: dict[str, None] = {}
        self.phases: dict[str, str] = {}
        """What PHASE counts, by regimen, label and variant."""
        self._taken = self._again = self._nameless = self._unrated = self._empty = 0

    def take(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Take a chunk; `place` and `fault` of its bad rows."""
        read, mine = self._expansion.apart(frame)
        _, bad = self._expansion.by_columns(read, texts=False)
        unplanned = self._expansion.one_by_one(mine, lambda _, single: self._add(single.course))
        self._taken += frame.height
        self._watch(self._taken, None)
        return pl.concat([bad, unplanned]).sort("place")

    def _add(self, course: Course) -> None:
        self._expansion.tally.add_courses([course])
        self._blocks |= dict.fromkeys(course.blocks)
        regimen = course.regimen
        variant = f", variant {regimen.variant}" if regimen.variant else ""
        self.phases.setdefault(f"{regimen.id}, label {regimen.label}{variant}", phases_told(course))
        id_ = course.patient.id
        self._nameless += id_ is None
        self._again += id_ is not None and id_ in self._numbers
        self._numbers[id_ or ""] = ""
        self._unrated += unrated(course)
        if self._wrong:
            return
        found = list(rows(course, id_ or "", steps=self._steps))
        self._empty += not found
        self._kept += found
        if len(self._kept) >= _TAKEN:
            self._put_aside()

    @property
    def _wrong(self) -> bool:
        """Whether no dataset is made, so that no more rows need be kept."""
        return bool(self._blocks or self._nameless or self._again or self._unrated)

    def _put_aside(self) -> None:
        self._files.append(self._folder.joinpath(f"{len(self._files):08}.parquet"))
        pl.DataFrame(self._kept, schema=SCHEMA).write_parquet(self._files[-1])
        self._kept = []

    def check(self) -> None:
        """Refuse a cohort of which no dataset can be made: BadInput, or Blocked where a plan blocks."""
        what = "`to`", "nonmem"
        if self._nameless:
            problem = f"needs a patient_id in every row; {_there_are(self._nameless, 'row')} without one"
            raise BadInput(*what, problem, hint="give every patient one")
        if self._again:
            problem = f"needs an id of its own for every row; {_there_are(self._again, 'row')} with an earlier row's id"
            raise BadInput(*what, problem, hint="give every row its own, or split the cohort")
        if self._unrated:
            problem = f"needs a rate for every infusion; {_there_are(self._unrated, 'row')} without one on the label"
            raise BadInput(*what, problem, hint="name a `protocol`, or take them out")
        refuse_blocked(tuple(self._blocks), many=True)

    @property
    def left_out(self) -> int:
        """Patients of whom every infusion is only if needed, so that the dataset has no row."""
        return self._empty

    def number(self) -> tuple[list[tuple[str, str]], bool]:
        """Give every id its number: the key, and whether it is needed.

        An id that is a number keeps it; the others get, in the order of their rows, the least ones that are free.
        """
        free = (text for text in map(str, count(1)) if text not in self._numbers)
        found = {id_: id_ if is_number(id_) else next(free) for id_ in self._numbers}
        needed = any(id_ != number for id_, number in found.items())
        self._numbers = found
        return [(number, id_) for id_, number in found.items()], needed

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows of the dataset, part by part."""
        if self._kept:
            self._put_aside()
        for file in self._files:
            yield pl.read_parquet(file).with_columns(pl.col("ID").replace_strict(self._numbers, return_dtype=pl.String))


def _there_are(count: int, word: str) -> str:
    return f"{counted(count, word)} {'is' if count == 1 else 'are'}"
