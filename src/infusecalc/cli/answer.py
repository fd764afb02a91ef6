"""An answer to the reply: the format is chosen, its options are checked, and it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infusecalc.cli.options import check_written
from infusecalc.cli.reply import Reply, colour, width
from infusecalc.output.answer import DOCUMENT, PAGE, ROWS, Answer
from infusecalc.output.formats import Format, Look, check_options, choose_format, written_from

PLAIN = (PAGE, DOCUMENT, ROWS)
"""What every answer has."""


def format_of(
    given: dict[str, Any], kinds: tuple[str, ...] = PLAIN, also: Mapping[str, tuple[str, ...]] | None = None
) -> Format:
    """The format that was asked for, of those that a command has; raises BadInput, also for another format's option.

    `also`: options of another format that these formats of the command show too.
    """
    formats = written_from(kinds)
    form = choose_format(given["format_"], given["output"], formats)
    check_options(form, given, formats, also)
    return form


def reply(given: dict[str, Any], form: Format, answer: Answer) -> Reply:
    """The answer as it is delivered."""
    output = given["output"]
    options = {name: given.get(name) for name in form.options}
    coloured = colour(output, no_color=given["no_color"])
    look = Look(width(output), coloured, options, given["request"], given["quiet"])
    content, note = form.write(answer, look)
    beside = form.beside(answer, output, options) if form.beside else None
    if beside:
        check_written({"`key`": beside[0]}, given)
    noted = "; ".join(part for part in (answer.note, note) if part) or None
    return Reply(content, output, given["quiet"], answer.blocks, answer.failed, noted, beside=beside)
