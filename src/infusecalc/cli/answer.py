"""An answer of one page or some rows in the format that was asked for; every row carries all of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from infusecalc.cli.reply import Reply, colour, draw, width
from infusecalc.output.blocks import Block
from infusecalc.output.files import choose_format
from infusecalc.output.flat import Record, as_csv, as_json, as_ndjson, flat_findings


def answered(
    given: dict[str, Any], document: Record, rows: list[Record], blocks: Iterator[Block], blocked: Iterable[str]
) -> Reply:
    """The answer in the format asked for; every row carries all findings of the document."""
    output, told = given["output"], flat_findings(document["findings"])
    rows = [row | told for row in rows]
    form = choose_format(given["format_"], output)
    if form == "json":
        text = as_json(document)
    elif form == "csv":
        text = as_csv(tuple(rows[0]), iter(rows))
    elif form == "ndjson":
        text = as_ndjson(iter(rows))
    else:
        text = draw(blocks, form, width(output), coloured=colour(output, no_color=given["no_color"]))
    return Reply(text, output, given["quiet"], tuple(blocked))
