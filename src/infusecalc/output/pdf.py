"""The blocks of a page to a PDF: accessible (PDF/UA-1), the same bytes for the same input, named on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, assert_never

from infusecalc.errors import BadInput, escape
from infusecalc.findings import Finding
from infusecalc.output import phrases
from infusecalc.output.blocks import (
    TITLE,
    Banner,
    Block,
    Findings,
    Heading,
    Lines,
    Mark,
    Months,
    Pairs,
    Rows,
    Sources,
    Timeline,
    unbroken,
)
from infusecalc.output.calendar import months, places, weekdays

_LINE, _LABEL, _NUMBER = 1000, 130, 30
_LONGEST_ID = 500  # characters: it stands on every page, and must leave room for the rest
# what the fonts in the typesetter's own package surely have: Latin, Greek and Cyrillic letters, accents, common marks
_IN_FONT = r"\x00-\u0482\u048a-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u20ac\u2122\u2212\u2260-\u2265"
_BEYOND_FONT = re.compile(f"[^{_IN_FONT}]")


def draw(blocks: Iterable[Block], foot: str, sheet: str, paper: str, id_: str | None = None) -> bytes:
    """A document on a paper as the typesetter calls it (`a4`, `us-letter`); foot and id stand on every page.

    Raises BadInput where the typesetter cannot set it.
    """
    import typst  # noqa: PLC0415 - the typesetter is imported only to typeset

    id_ = None if id_ is None else _short(escape(id_))
    listed = list(blocks)
    title = next(block.text for block in listed if isinstance(block, Heading) and block.level == TITLE)
    data = {
        "title": title,
        "foot": escape(foot),
        "id": id_,
        "sheet": sheet,
        "paper": paper,
        "parts": _parts(listed),
    }
    template, text = (
        files("infusecalc.output").joinpath("document.typ").read_bytes(),
        json.dumps(data, ensure_ascii=False),
    )

    def typeset(text: str) -> bytes:
        made: bytes = typst.compile(
            template,
            format="pdf",
            sys_inputs={"data": text},
            pdf_standards=["ua-1"],
            ignore_system_fonts=True,
            timestamp=0,
        )
        return made

    try:
        return typeset(text)
    except (
        typst.TypstError
    ):  # a character that the font lacks: an accessible document may not show a blank in its place
        _short(_spelled_out(id_ or "").replace("\\\\", "\\"))
        return typeset(_spelled_out(text))


def _parts(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """The blocks by how they are set: one below the other, in two columns, or overleaf in small print."""
    parts: list[dict[str, Any]] = [{"kind": "below", "blocks": []}]
    for block in blocks:
        kind = parts[-1]["kind"]
        if isinstance(block, Heading) and kind != "overleaf":
            kind = "overleaf" if block.overleaf else "beside" if block.beside else "below"
        if kind != parts[-1]["kind"]:
            parts.append({"kind": kind, "blocks": []})
        parts[-1]["blocks"].append(_data(block))
    return parts


def _short(id_: str) -> str:
    """The id as it is shown; raises BadInput where it would leave a page no room for anything else."""
    if len(id_) > _LONGEST_ID:
        problem = f"is too long for a PDF: {len(id_):,} characters"
        raise BadInput("patient id", id_, problem, allowed=f"up to {_LONGEST_ID}")
    return id_


def _spelled_out(text: str) -> str:
    """JSON in which the characters that the font may lack are spelled out, for them to be read as text."""
    return _BEYOND_FONT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii").replace("\\", "\\\\"), text)


def _data(block: Block) -> dict[str, Any]:  # noqa: PLR0911 - one return for each kind of block
    """A block as the template reads it."""
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": escape(block.text)}
    if isinstance(block, Banner):
        return {"kind": "banner", "lines": _texts(block.lines)}
    if isinstance(block, Lines):
        return {"kind": "lines", "listed": block.listed, "lines": _texts(block.lines)}
    if isinstance(block, Pairs):
        return {"kind": "pairs", "rows": [_texts(row) for row in block.rows]}
    if isinstance(block, Rows):
        full = block.without_empty()
        return _rows(full.heads, full.rows, list(full.right), boxes=full.boxes, large=full.large, narrow=full.narrow)
    if isinstance(block, Sources):
        return _rows(("source", "grade", "title"), block.rows, []) | {"kind": "sources"}
    if isinstance(block, Findings):
        return {"kind": "findings", "rows": [_finding(finding, text) for finding, text in block.rows]}
    if isinstance(block, Timeline):
        return _timeline(block.marks)
    if isinstance(block, Months):
        return _months(block)
    assert_never(block)


def _texts(texts: Iterable[str]) -> list[str]:
    return [unbroken(escape(text)) for text in texts]


def _rows(
    heads: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    right: list[int],
    *,
    boxes: bool = False,
    large: bool = False,
    narrow: bool = False,
) -> dict[str, Any]:
    return {
        "kind": "rows",
        "heads": list(heads),
        "rows": [_texts(row) for row in rows],
        "right": right,
        "blank": [not any(row[index] for row in rows) for index in range(len(heads))],
        "boxes": boxes,
        "large": large,
        "narrow": narrow,
    }


def _finding(finding: Finding, text: str) -> dict[str, str]:
    return {
        "severity": finding.severity,
        "key": finding.key,
        "text": unbroken(escape(text) + phrases.about(finding)),
        "source": phrases.cited(finding.source),
    }


def _timeline(marks: tuple[Mark, ...]) -> dict[str, Any]:
    said = "; ".join(f"infusion {mark.number} on {phrases.long_date(mark.date)}" for mark in marks)
    points: list[dict[str, Any]] = []
    numbered = dated = -_LINE
    for mark, place in zip(marks, places(marks, _LINE), strict=True):
        # a label that would run into the one before is left out
        number, day = place - numbered >= _NUMBER, place - dated >= _LABEL
        numbered, dated = place if number else numbered, place if day else dated
        points.append(
            {
                "place": place / _LINE,
                "number": str(mark.number) if number else "",
                "date": phrases.short_date(mark.date) if day else "",
                "optional": mark.optional,
            }
        )
    return {"kind": "timeline", "said": f"{len(marks)} infusions over time: {said}", "points": points}


def _months(block: Months) -> dict[str, Any]:
    listed = [
        {
            "name": month.name,
            "weeks": [
                [{"day": str(day.day or ""), "marked": day.mark is not None} for day in week] for week in month.weeks
            ],
        }
        for month in months(block)
    ]
    return {"kind": "months", "months": listed, "weekdays": [day[:2] for day in weekdays(block)]}
