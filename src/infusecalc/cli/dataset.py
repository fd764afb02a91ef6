"""`batch --to nonmem`: a cohort to a dataset, and to the key of its ids; both files appear, or none."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infusecalc.cli.options import check_written
from infusecalc.cli.reply import say
from infusecalc.errors import BadInput, escape
from infusecalc.output.files import check_apart, whole_file

if TYPE_CHECKING:
    from infusecalc.cohort.files.batch import Batch, Refuser, Watcher

NONMEM = "nonmem"
"""The form of a result that is a dataset."""


def check_dataset(given: dict[str, Any], target: str | None) -> None:
    """Refuse with BadInput an option that only a dataset has, or that it cannot have."""
    if target == NONMEM:
        if given["keep_extra"]:
            hint = "leave one of them out"
            raise BadInput(
                "`keep_extra`", None, "cannot be combined with a dataset, which has numbers alone", hint=hint
            )
        return
    for name in ("steps", "key"):
        if given[name]:
            told = None if given[name] is True else given[name]
            raise BadInput(f"`{name}`", told, "is for a dataset", hint="give `to` nonmem, or leave it out")


def _check_key(name: str, given: dict[str, Any]) -> None:
    """Refuse with BadInput a key over another file of this run."""
    check_written({"`key`": name}, given)
    check_apart({"`key`": name}, {f"`{each}`": given[each] for each in ("given", "weights")})
    for each in ("rejects", "totals"):
        if given[each] and os.path.realpath(name) == os.path.realpath(given[each]):
            raise BadInput("`key`", name, f"is the file of `{each}`", hint="give another")


def write_dataset(work: Batch, refuse: Refuser, watch: Watcher, given: dict[str, Any]) -> None:
    """Plan the cohort, and write the dataset and its key; raises BadInput, and Blocked where a plan blocks."""
    from infusecalc.cohort.dataset import SCHEMA, Dataset  # noqa: PLC0415 - a frame library
    from infusecalc.cohort.files.writing import write_rows  # noqa: PLC0415 - a frame library
    from infusecalc.output.dataset import key_file, key_name  # noqa: PLC0415 - only a dataset needs it

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        made = Dataset(work.expansion, Path(folder), watch, steps=given["steps"])
        work.each(made.take, refuse)
        made.check()
        pairs, needed = made.number()
        name = key_name(given["key"], given["output"], needed=needed)
        if name:
            _check_key(name, given)
            stack.enter_context(whole_file(name, "`key`")).write_bytes(key_file(pairs))
        write_rows(made.frames(), SCHEMA, "csv", given["output"], spooled=True)
    if given["quiet"]:
        return
    for file in (given["output"], name):
        if file and file != "-":
            say(f"wrote {escape(file)}")
    for regimen, phases in made.phases.items():
        say(f"PHASE of {regimen}: {phases}")
    if made.left_out:
        say(f"{made.left_out:,} left out of the dataset: every infusion is as needed")
