"""What is said of a cohort: its rejected rows, and what it came to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infusecalc.cli.reply import say
from infusecalc.errors import escape
from infusecalc.output.entered import entered
from infusecalc.output.phrases import blocked_among
from infusecalc.quantities import people
from infusecalc.spelling import counted

if TYPE_CHECKING:
    from infusecalc.cohort.files.batch import Batch, LineOf, Refuser
    from infusecalc.cohort.tally import Tally

NO_CONDITIONS = f"conditions: {entered((), 'in any row (column has, --has)')}"
"""What stands where no row of a cohort has a condition: nothing that blocks is not the same as clear."""


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


def summary(tally: Tally, *, columns: bool, history: bool) -> Iterator[str]:
    """What a cohort came to, line by line; an infusion that was given, or is given only if needed, is in no sum.

    `columns`: the result has some, and not bundles. `history`: there is a file of what was given.
    """
    left = (tally.given, "already given"), (tally.infusions - tally.needed - tally.given, "as needed")
    told = " and ".join(f"{count:,} {what}" for count, what in left if count)
    beside = f" ({told}, left out of the totals)" if told else ""
    counts = (tally.planned, "row"), (tally.infusions, "infusion"), (tally.rejected, "row")
    planned, infusions, rejected = (counted(count, word) for count, word in counts)
    yield f"{planned} planned, {infusions}{beside}, {rejected} rejected"
    if tally.lines:
        yield f"{counted(tally.lines, 'line')} of --given and --weights rejected"
    if history:
        yield "infusions not entered in --given count as to be given, past dates too: agenda has what is overdue"
        yield from _without_given(tally)
    for product, (_, stopped, dose, stopped_dose, waste) in sorted(tally.products.items()):
        blocked = f"; {blocked_among(stopped, stopped_dose)}" if stopped else ""
        total = f"total dose {people(dose)} mg, total waste {people(waste)} mg"
        yield f"{product}: {_opened(tally.opened(product))}; {total}{blocked}"
    if tally.cost or tally.unpriced:
        lack = "infusion that lacks" if tally.unpriced == 1 else "infusions that lack"
        without = f", without {tally.unpriced:,} {lack} a price" if tally.unpriced else ""
        yield f"cost of the vials: {people(tally.cost)}{without}"
    if tally.findings:
        whose = "whose they are: columns findings and cautions; " if columns else ""
        whose += "what each means: docs/findings.md"
        yield f"findings, each with the number of infusions that carry it: {_by_frequency(tally.findings)} ({whose})"
    if tally.accepted:
        yield f"accepted blocks, each with the number of infusions: {_by_frequency(tally.agreed())}"
    for acceptance in tally.unmet():
        yield f"--accept {escape(str(acceptance))} met no blocking finding in any row"
    if tally.planned and not tally.has:
        yield NO_CONDITIONS
    if tally.blocks:
        from infusecalc.findings import how_to_go_on  # noqa: PLC0415 - only a block needs it

        blocks = f"BLOCKED, each finding with the number of infusions: {_by_frequency(tally.blocks)}"
        yield f"{blocks}; {how_to_go_on(tally.blocks, many=True)}"


def _by_frequency(findings: Mapping[str, int]) -> str:
    """Findings with the number of their infusions, the most frequent first."""
    return ", ".join(f"{key} {n:,}" for key, n in sorted(findings.items(), key=lambda each: (-each[1], each[0])))


def _opened(vials: dict[str, int]) -> str:
    return " + ".join(f"{count:,} x {size} mg" for size, count in vials.items())


def _without_given(tally: Tally) -> Iterator[str]:
    """The rows of which nothing that was given is known."""
    if tally.without_given:
        rows = counted(tally.without_given, "row")
        yield f"{rows} without a line in --given: all their infusions count as to be given"
