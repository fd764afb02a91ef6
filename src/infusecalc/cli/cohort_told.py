"""What is said of a cohort: its rejected rows, and what it came to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infusecalc.cli.reply import say
from infusecalc.errors import escape
from infusecalc.quantities import people

if TYPE_CHECKING:
    from infusecalc.cohort.files.batch import Batch, LineOf, Refuser
    from infusecalc.cohort.tally import Tally


@contextlib.contextmanager
def rejects_of(work: Batch, name: str | None) -> Iterator[Refuser]:
    """Where rejected rows go: to a file, or to standard error by row, column and reason."""
    if name is None:
        yield _tell
        return
    from infusecalc.cohort.files.reading import choose_form  # noqa: PLC0415 - no other command needs it
    from infusecalc.cohort.files.writing import rejects_file  # noqa: PLC0415 - no other command needs it

    with rejects_file(name, str(choose_form(None, name, "rejects")), work.rejects_schema) as refuse:
        yield refuse


def _tell(rows: Any, line_of: LineOf) -> None:
    from infusecalc.cohort.files.batch import where_of  # noqa: PLC0415 - a frame library

    for told in rows.iter_rows(named=True):
        say(escape(f"{where_of(told, line_of)}: {told['code']}: {told['reason']}"))


def summary(tally: Tally) -> Iterator[str]:
    """What a cohort came to, line by line; an infusion that is given only if needed is in no sum."""
    optional = tally.infusions - tally.needed
    beside = f" ({optional:,} as needed, left out of the totals)" if optional else ""
    counts = (tally.planned, "row"), (tally.infusions, "infusion"), (tally.rejected, "row")
    planned, infusions, rejected = (f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts)
    yield f"{planned} planned, {infusions}{beside}, {rejected} rejected"
    if tally.lines:
        yield f"{tally.lines:,} line{'' if tally.lines == 1 else 's'} of --given and --weights rejected"
    opened = _opened(tally.opened())
    yield f"{people(tally.dose)} mg, waste {people(tally.waste)} mg" + (f", vials {opened}" if opened else "")
    if tally.cost or tally.unpriced:
        lack = "infusion that lacks" if tally.unpriced == 1 else "infusions that lack"
        without = f", without {tally.unpriced:,} {lack} a price" if tally.unpriced else ""
        yield f"cost of the vials: {people(tally.cost)}{without}"
    if tally.findings:
        yield f"infusions by finding: {_counted(tally.findings)}"
    if tally.blocks:
        from infusecalc.findings import how_to_go_on  # noqa: PLC0415 - only a block needs it

        yield f"BLOCKED infusions by finding: {_counted(tally.blocks)}; {how_to_go_on(tally.blocks)}"


def _counted(findings: Mapping[str, int]) -> str:
    """Findings with the number of their infusions, the most frequent first."""
    return ", ".join(f"{key} {n:,}" for key, n in sorted(findings.items(), key=lambda each: (-each[1], each[0])))


def _opened(vials: dict[str, int]) -> str:
    return " + ".join(f"{count:,} x {size} mg" for size, count in vials.items())
