"""Every format, once: its name, its extensions, what it is written from, the options it has, and its writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infusecalc.errors import BadInput, shown
from infusecalc.frozen import Frozen
from infusecalc.output.answer import BUNDLE, COURSE, DATES, DOCUMENT, PAGE, ROWS
from infusecalc.output.blocks import Block, Lines
from infusecalc.output.flat import as_csv, as_json, as_ndjson
from infusecalc.output.request import Request, sealed
from infusecalc.spelling import listed, one_of

PAPERS = {"a4": "a4", "letter": "us-letter"}
"""Papers, and what the typesetter calls them."""


class Look(Frozen):
    """How an answer is written: columns, colour, and the format's own options as they were typed.

    `request` is what was asked on the command line. `quiet` leaves out what is only to be known, on a screen alone.
    """

    width: int
    colour: bool
    options: Mapping[str, Any]
    request: Request | None = None
    quiet: bool = False


Content = str | bytes
Writer = Callable[[Any, Look], tuple[Content, str | None]]
"""An answer and its look to the content, and what to know of it beside."""
Beside = Callable[[Any, str | None, Mapping[str, Any]], tuple[str, bytes] | None]
"""An answer, the file's name and the format's options to a second file, its name and content, where one is needed."""


class Format(Frozen):
    """A format; `options` are those that only some formats have, each with its usual value.

    `beside` makes a second file, which appears with the first, or not at all.
    """

    name: str
    needs: str
    extensions: tuple[str, ...]
    write: Writer
    options: Mapping[str, Any] = {}
    beside: Beside | None = None


def _json(answer: Any, look: Look) -> tuple[Content, None]:
    return as_json(sealed(answer.document(), look.request)), None


def _ndjson(answer: Any, _: Look) -> tuple[Content, None]:
    return as_ndjson(answer.rows()), None


def _csv(answer: Any, _: Look) -> tuple[Content, None]:
    return as_csv(answer.rows(), answer.columns), None


def _terminal(answer: Any, look: Look) -> tuple[Content, None]:
    from infusecalc.output import terminal  # noqa: PLC0415 - rich is imported only to draw a table

    blocks = answer.page() if look.options.get("full") else answer.screen()
    shown = terminal.without_infos(blocks) if look.quiet else blocks
    return terminal.draw(_with_settings(shown, look), look.width, colour=look.colour), None


def _markdown(answer: Any, look: Look) -> tuple[Content, None]:
    from infusecalc.output import markdown  # noqa: PLC0415 - only this format needs it

    return markdown.draw(_with_settings(answer.page(), look)), None


def _with_settings(blocks: Iterable[Block], look: Look) -> Iterable[Block]:
    """A page with what came from a site's settings, in a line at its end."""
    if look.request is None or not (look.request.settings or look.request.ignored):
        return blocks
    from infusecalc.output.settings_line import settings_line  # noqa: PLC0415 - only a site's settings need it

    return (*blocks, Lines((settings_line(look.request),), tight=True))


def _foot(answer: Any) -> str:
    """What stands on every page: also that the plan is blocked, for a page may be read without the first."""
    return ("BLOCKED. " if answer.blocks else "") + str(answer.foot)


def _html(answer: Any, look: Look) -> tuple[Content, None]:
    from infusecalc.output import html  # noqa: PLC0415 - only this format needs it

    return html.draw(_with_settings(answer.paper(), look), _foot(answer), answer.reader), None


def _pdf(answer: Any, look: Look) -> tuple[Content, None]:
    from infusecalc.output import pdf  # noqa: PLC0415 - only this format needs it

    paper = PAPERS[one_of("`paper`", look.options["paper"] or next(iter(PAPERS)), PAPERS)]
    return pdf.draw(_with_settings(answer.paper(), look), _foot(answer), answer.reader, paper, answer.patient_id), None


def _ics(answer: Any, look: Look) -> tuple[Content, str | None]:
    found: tuple[Content, str | None] = answer.calendar(look.options)
    return found


def _xlsx(answer: Any, _: Look) -> tuple[Content, None]:
    from infusecalc.output import xlsx  # noqa: PLC0415 - only this format needs it

    return xlsx.workbook(answer), None


def _nonmem(answer: Any, look: Look) -> tuple[Content, str]:
    from infusecalc.output import dataset  # noqa: PLC0415 - only this format needs it

    if answer.totals:
        raise BadInput("`totals`", None, "cannot be combined with `format_` nonmem", hint="leave one of them out")
    return dataset.dataset(answer.course, look.options)


def _nonmem_key(answer: Any, output: str | None, options: Mapping[str, Any]) -> tuple[str, bytes] | None:
    from infusecalc.output import dataset  # noqa: PLC0415 - only this format needs it

    return dataset.key_of(answer.course, output, options)


def _fhir(answer: Any, _: Look) -> tuple[Content, None]:
    return as_json(answer.bundle()), None


_PAGES = {"full": False, "sheet": "clinic", "view": "table"}
_EVENTS = {"at": None, "tz": None, "revision": None, "remind": None, "private": False, "show_id": False}
FORMATS = {
    each.name: each
    for each in (
        Format("table", PAGE, (".txt",), _terminal, _PAGES),
        Format("json", DOCUMENT, (".json",), _json),
        Format("ndjson", ROWS, (".ndjson", ".jsonl"), _ndjson),
        Format("csv", ROWS, (".csv",), _csv),
        Format("md", PAGE, (".md",), _markdown, _PAGES),
        Format("html", PAGE, (".html", ".htm"), _html, _PAGES),
        Format("pdf", PAGE, (".pdf",), _pdf, _PAGES | {"paper": None}),
        Format("ics", DATES, (".ics",), _ics, _EVENTS),
        Format("xlsx", COURSE, (".xlsx",), _xlsx),
        Format("nonmem", COURSE, (".nonmem.csv",), _nonmem, {"steps": False, "key": None}, _nonmem_key),
        Format("fhir", BUNDLE, (".fhir.json",), _fhir),
    )
}
"""The formats by name, the usual one first."""
_ELSEWHERE = (".fhir.ndjson", ".parquet", ".yaml", ".xls", ".docx", ".png", ".svg")


def written_from(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the formats that are written from answers of some kinds."""
    return tuple(name for name, each in FORMATS.items() if each.needs in kinds)


def _extension(name: str) -> str:
    """The longest known ending of a file's name, or else what stands behind its last dot."""
    file = Path(name).name.lower()
    known = (*_ELSEWHERE, *(end for each in FORMATS.values() for end in each.extensions))
    ends = (end for end in known if file.endswith(end) and file != end)
    return max(ends, key=len, default=Path(file).suffix)


def choose_format(
    asked: str | None, output: str | None, formats: tuple[str, ...], options: tuple[str, str] = ("format_", "output")
) -> Format:
    """The format that was asked for or that the file's extension names; raises BadInput where they clash.

    `options` are those by which the two were given.
    """
    format_, file = (f"`{name}`" for name in options)
    if asked is not None:
        asked = one_of(format_, asked, formats, "is not a format of this command")
    if output in (None, "-"):
        return FORMATS[asked or formats[0]]
    extension = _extension(str(output))
    named = next((name for name, each in FORMATS.items() if extension in each.extensions), None)
    if asked and (named or extension in _ELSEWHERE) and asked != named:
        own = ", ".join(FORMATS[asked].extensions)
        problem, detail = "does not match the file name", f", {shown(output)}"
        hint = f"give the file one of these extensions, or leave {format_} out"
        raise BadInput(format_, asked, problem, detail=detail, allowed=own, hint=hint)
    extensions = ", ".join(end for name in formats for end in FORMATS[name].extensions)
    if not asked and (named or extension in _ELSEWHERE) and named not in formats:
        problem = f"has the extension {extension}, which this command does not write"
        raise BadInput(file, output, problem, allowed=extensions)
    if not asked and named is None:
        hint = f"or give {format_}"
        raise BadInput(file, output, "has no known extension", allowed=extensions, hint=hint)
    return FORMATS[str(asked or named)]


def check_options(
    form: Format,
    typed: Mapping[str, Any],
    formats: tuple[str, ...],
    also: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """Refuse with BadInput an option that another of the command's formats has, and this one has no use for.

    `also`: by option the formats in which the command's answer shows it all the same.
    """
    shown_in = also or {}
    for name, usual in {name: usual for each in formats for name, usual in FORMATS[each].options.items()}.items():
        value = typed.get(name)
        if name in form.options or form.name in shown_in.get(name, ()) or value in (None, False, usual):
            continue
        having = [each for each in formats if name in FORMATS[each].options or each in shown_in.get(name, ())]
        told = None if value is True else value  # a flag has no value to show
        problem, hint = _no_use(form, having, typed)
        raise BadInput(f"`{name}`", told, problem, hint=hint)


def _no_use(form: Format, having: Sequence[str], typed: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with an option that is for other formats, in the words of what was typed, and what to do."""
    if typed.get("format_"):
        return f"cannot be combined with `format_` {form.name}", f"it is for `format_` {' or '.join(having)}"
    others = [f"plan{FORMATS[each].extensions[0]}" for each in having]
    unlike = "" if typed.get("output") in (None, "-") else f", not for {form.name}"
    return f"is only for {listed(having)}{unlike}", f"give `output`, as in {listed(others)}"
