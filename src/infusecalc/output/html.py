"""The blocks of a page to one HTML file: no script, nothing from outside; for a screen, a screen reader, and paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape as html_escape
from importlib.resources import files
from typing import assert_never

from infusecalc.course import Course
from infusecalc.errors import escape
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
from infusecalc.output.calendar import Month, months, places, weekdays
from infusecalc.output.course_answer import CourseAnswer

_LINE, _EDGE, _ROW = 1000, 60, 22


def plain(text: str) -> str:
    """Text that HTML shows as it is."""
    return html_escape(unbroken(escape(text)))


def draw(blocks: Iterable[Block], foot: str, sheet: str) -> str:
    """A whole page; `foot` stands at its end, `sheet` (clinic or patient) decides how large it is set."""
    title, main = "", list(_main(blocks))
    for piece in main:
        if piece.startswith("<h1>"):
            title = piece.removeprefix("<h1>").removesuffix("</h1>")
    style = files("infusecalc.output").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body class="{sheet}">\n<main>\n'
        + "\n".join(main)
        + f"\n</main>\n<footer>\n<p>{plain(foot)}</p>\n</footer>\n</body>\n</html>\n"
    )


def fragment(course: Course) -> str:
    """The page of a course as a part of another page, without a style of its own: for a notebook."""
    answer = CourseAnswer(course)
    return "\n".join([*_main(answer.paper()), f"<footer>\n<p>{plain(answer.foot)}</p>\n</footer>"])


def _main(blocks: Iterable[Block]) -> Iterator[str]:
    """The pieces of the page: every heading below the title opens a section."""
    inside = tables = 0
    heading = ""
    for block in blocks:
        if isinstance(block, Heading):
            heading = block.text
        tables += isinstance(block, (Rows, Sources))
        if isinstance(block, Heading) and block.level == TITLE:
            yield f"<h1>{plain(block.text)}</h1>"
        elif isinstance(block, Heading):
            if inside:
                yield "</section>"
            inside += 1
            overleaf = ' class="overleaf"' if block.overleaf else ""
            yield f'<section{overleaf} aria-labelledby="s{inside}">\n<h2 id="s{inside}">{plain(block.text)}</h2>'
        else:
            yield "\n".join(_block(block, f"table {tables}: {heading}"))
    if inside:
        yield "</section>"


def _block(block: Banner | Lines | Pairs | Rows | Findings | Sources | Timeline | Months, label: str) -> Iterator[str]:
    if isinstance(block, Banner):
        yield '<div class="banner">'
        yield from (f"<p><strong>{plain(line)}</strong></p>" for line in block.lines)
        yield "</div>"
    elif isinstance(block, Lines):
        yield from _lines(block)
    elif isinstance(block, Pairs):
        yield "<dl>"
        yield from (f"<dt>{plain(name) or 'also'}</dt><dd>{plain(text)}</dd>" for name, text in block.rows)
        yield "</dl>"
    elif isinstance(block, Rows):
        yield from _table(block.without_empty(), label)
    elif isinstance(block, Findings):
        yield '<ul class="findings">'
        yield from (_finding(finding, text) for finding, text in block.rows)
        yield "</ul>"
    elif isinstance(block, Sources):
        rows = tuple((name, grade, title) for name, grade, title in block.rows)
        yield from _table(Rows(("source", "grade", "title"), rows), label)
    elif isinstance(block, Timeline):
        yield from _timeline(block.marks)
    elif isinstance(block, Months):
        yield '<div class="months">'
        for month in months(block):
            yield from _month(month, weekdays(block))
        yield "</div>"
    else:
        assert_never(block)


def _lines(block: Lines) -> Iterator[str]:
    if block.listed and len(block.lines) > 1:
        yield "<ul>"
        yield from (f"<li>{plain(line)}</li>" for line in block.lines)
        yield "</ul>"
    else:
        yield from (f"<p>{plain(line)}</p>" for line in block.lines)


def _table(block: Rows, label: str) -> Iterator[str]:
    """A table that scrolls by itself on a narrow screen, and can be reached by the keyboard for that."""
    classes = [_class(block, index) for index in range(len(block.heads))]
    kinds = ("large",) if block.large else tuple(name for name in ("boxes", "narrow") if getattr(block, name))
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{plain(label)}"><table{kind}>'
    heads = (
        f'<th scope="col"{kind}>{plain(head) or "note"}</th>' for kind, head in zip(classes, block.heads, strict=True)
    )
    yield f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>"
    for row in block.rows:
        cells = (f"<td{kind}>{plain(cell)}</td>" for kind, cell in zip(classes, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _class(block: Rows, index: int) -> str:
    """Of a column: figures are on the right; a box to write in is for paper, and has no place on a telephone."""
    box = block.boxes and not block.narrow and not any(row[index] for row in block.rows)
    return ' class="right"' if index in block.right else ' class="box"' if box else ""


def _finding(finding: Finding, text: str) -> str:
    return (
        f'<li class="{finding.severity}"><strong>{finding.severity}: {plain(finding.key)}</strong> '
        f"{plain(text)}{phrases.about(finding)} <small>{plain(phrases.cited(finding.source))}</small></li>"
    )


# --- pictures --------------------------------------------------------------------------------------------------


def _timeline(marks: tuple[Mark, ...]) -> Iterator[str]:
    """The infusions on a line, as a picture that also says what it shows: across, and down where there is no room."""
    said = "; ".join(f"infusion {mark.number} on {phrases.long_date(mark.date)}" for mark in marks)
    said = f"{len(marks)} infusions over time: {plain(said)}"
    yield from _across(marks, said)
    yield from _down(marks, said)


def _across(marks: tuple[Mark, ...], said: str) -> Iterator[str]:
    """The line from left to right, for a wide screen and paper."""
    yield f'<svg class="timeline across" role="img" viewBox="0 0 {_LINE + 2 * _EDGE} 90" aria-labelledby="across">'
    yield f'<title id="across">{said}</title>'
    yield f'<line x1="{_EDGE}" y1="40" x2="{_LINE + _EDGE}" y2="40"/>'
    numbered = dated = -_LINE
    for mark, place in zip(marks, places(marks, _LINE), strict=True):
        kind = "if-needed" if mark.optional else "planned"
        yield f'<circle class="{kind}" cx="{place + _EDGE}" cy="40" r="9"/>'
        if place - numbered >= _EDGE // 2:  # a label that would run into the one before is left out
            yield f'<text x="{place + _EDGE}" y="22">{mark.number}</text>'
            numbered = place
        if place - dated >= 2 * _EDGE:
            yield f'<text x="{place + _EDGE}" y="72">{phrases.short_date(mark.date)}</text>'
            dated = place
    yield "</svg>"


def _down(marks: tuple[Mark, ...], said: str) -> Iterator[str]:
    """The line from top to bottom, every infusion with its date, for a telephone."""
    length, row = _ROW * 2 * len(marks), 0
    lines = [f'<line x1="20" y1="{_ROW}" x2="20" y2="{_ROW + length}"/>']
    for mark, place in zip(marks, places(marks, length), strict=True):
        y = place + _ROW
        row = max(y, row + _ROW)  # no label runs into the one above
        kind, note = ("if-needed", ", if needed") if mark.optional else ("planned", "")
        lines.append(f'<line class="to" x1="20" y1="{y}" x2="42" y2="{row}"/>')
        lines.append(f'<circle class="{kind}" cx="20" cy="{y}" r="7"/>')
        lines.append(f'<text x="48" y="{row + 5}">{mark.number}: {phrases.long_date(mark.date)}{note}</text>')
    yield f'<svg class="timeline down" role="img" viewBox="0 0 320 {row + _ROW}" aria-labelledby="down">'
    yield f'<title id="down">{said}</title>'
    yield from lines
    yield "</svg>"


def _month(month: Month, names: Iterable[str]) -> Iterator[str]:
    heads = "".join(f'<th scope="col"><abbr title="{day}">{day[:2]}</abbr></th>' for day in names)
    yield f'<table class="month"><caption>{month.name}</caption><thead><tr>{heads}</tr></thead><tbody>'
    for week in month.weeks:
        cells = []
        for day in week:
            if day.mark is None:
                cells.append(f"<td>{day.day or ''}</td>")
            else:
                note = f"infusion {day.mark.number}: {day.mark.text}"
                cells.append(f'<td class="marked"><strong title="{plain(note)}">{day.day}</strong></td>')
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"
