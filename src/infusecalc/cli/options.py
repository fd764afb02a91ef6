"""Every option that commands share, once, with its help; and how a command takes what was typed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from inspect import Parameter, Signature
from typing import Any

from infusecalc.bsa import BSA_FORMULAS
from infusecalc.choices import ANCHORS, MAINTENANCE, ROUNDING
from infusecalc.cli.missing import Needs, nothing, refuse_missing
from infusecalc.cli.parameters import argument, flag, option, repeated
from infusecalc.cli.reply import say
from infusecalc.cli.taken import NOTHING, Taken
from infusecalc.dates import TODAY, parse_date
from infusecalc.errors import BadInput, shown
from infusecalc.output.answer import DOCUMENT, PAGE, ROWS
from infusecalc.output.files import check_apart
from infusecalc.output.formats import FORMATS, PAPERS, choose_format, written_from
from infusecalc.output.phrases import COURSE_TO_COURSE
from infusecalc.output.request import Request
from infusecalc.table import Table, load_table

LABELS = load_table().labels


REGIMEN = [
    argument("drug", "infliximab, rituximab, a brand, or a name with suffix (infliximab-dyyb); or DRUG/INDICATION."),
    argument("indication", "Indication, unless DRUG is DRUG/INDICATION; for the names see: list.", needed=False),
]
PATIENT = [
    option(
        "--weight", "Body weight; a bare number is kg. Several: each with its date.", "[DATE=]70kg|154lb", needed=True
    ),
    option("--height", "Height; a bare number is cm. Needed for mg/m2.", "175cm|1.75m|5ft9in"),
    option("--bsa", "Body surface area, in place of a height.", "M2"),
    option("--bsa-formula", f"One of {', '.join(BSA_FORMULAS)}; default mosteller.", "NAME", words=BSA_FORMULAS),
    option("--bsa-cap", "Cap the body surface area (adds a caution).", "M2"),
    option("--age", "Age on the day of the first infusion; a bare number is years.", "34y|8mo"),
    option("--born", "Date of birth, in place of an age.", "DATE"),
    option("--patient-id", "Patient id, printed on the result; calendars (ics) and fhir need one.", "TEXT"),
    repeated(
        "--has",
        "A condition of the patient; a wide name (heart-failure) counts as the worst it can mean; names: info DRUG.",
        "CONDITION",
    ),
    repeated(
        "--done",
        "A screening that was done, such as tuberculosis. Its result is not asked: the short answer leaves out "
        "its line even if the test was positive. If it was, ask the prescriber first. For the names see: info DRUG.",
        "SCREENING[=DATE]",
    ),
]
FOR_PHASE = "Without PHASE= it is for maintenance; in a regimen without maintenance, for every infusion."
FOR_REPEATS = "Without PHASE= it is for maintenance; where courses repeat, from the start of one to that of the next."
CHOICE = [
    option("--label", f"The label to follow: {' or '.join(LABELS)}; default {LABELS[0]}.", "LABEL", words=LABELS),
    option("--variant", "Variant of the regimen; for the names see: list --full.", "NAME"),
    option("--product", "Product; for the names see: info DRUG --full; default: the drug's usual one.", "NAME"),
    repeated("--dose", f"Another dose than the regimen's, in its unit (as in 10mg/kg). {FOR_PHASE}", "[PHASE=]DOSE"),
    repeated("--every", f"Another interval than the regimen's (as in 6w). {FOR_REPEATS}", "[PHASE=]TIME"),
    option(
        "--from",
        "Plan maintenance alone: --start, --given and --number are then of maintenance infusions. Leave it out if you "
        "give the dates of induction.",
        "maintenance",
        words=(MAINTENANCE,),
    ),
    option(
        "--round",
        f"Round the dose to the nearest: {', '.join(ROUNDING)} (whole vials); half-way goes down.",
        "HOW",
        words=ROUNDING,
    ),
    option("--round-within", "Largest change by rounding; default: the limit in the regimen table.", "PERCENT"),
    option("--bag", "Bag size, in mL.", "ML"),
    option("--protocol", "Rates by a named protocol; for the names see: list --full; rate shows its steps.", "NAME"),
    repeated(
        "--accept",
        "Accept a blocking finding, if the prescriber decides so: CODE:DETAIL accepts that one, CODE alone all with "
        "that code. Give who decided, and why. It is then shown as a caution, with this reason.",
        "CODE[:DETAIL]=REASON",
    ),
]
ON = [
    option(
        "--on",
        "Day of treatment: gives the weight of dated weights and, with --born, the age at the first infusion.",
        "DATE",
    )
]
START = [option("--start", "Date of the first infusion.", "YYYY-MM-DD|today")]
HISTORY = [
    repeated("--given", "Infusion already given, with its dose.", "DATE[:MG]"),
    option("--history", "CSV file of infusions given, with columns date and dose_mg; - for standard input.", "FILE"),
    option(
        "--anchor",
        "given: later dates follow what was given (one late by 5 days moves them by 5 days); planned: keep the planned "
        "dates; default given.",
        "WORD",
        words=ANCHORS,
    ),
]
CLINIC = [
    option("--days", "The clinic's open weekdays.", "mon-fri|mon,wed"),
    option("--holidays", "Closed on the public holidays of a country or a part of it.", "US|US-CA|DE-BY"),
    repeated(
        "--tolerance",
        "How many days, earlier or later, an infusion (the first one too) may move to an open day; without it, none "
        "moves.",
        "3d|PHASE=3d",
    ),
    option("--weight-change", "Least weight change for a caution; default: the limit in the regimen table.", "PERCENT"),
]
TURNOVER = [option("--turnover", "Minutes between two patients in a chair, for the chair time; default 0.", "MIN")]
TOTALS = [
    repeated("--price", "Price of a vial, for the cost of infusions and course.", "[PRODUCT:]100mg=174.63"),
    flag(
        "--totals",
        "Totals by month, by year, and of the whole plan (row course): do not add up all three. Infusions given are "
        "in them, with the planned dose. In CSV and NDJSON, only these rows.",
    ),
]
PUMP = [
    option(
        "--number",
        "Number of the infusion, counted from the very first one (with --from maintenance, from the first one of "
        "maintenance); default 1.",
        "N",
    ),
    flag("--first", "The very first infusion, with its own dose, at the first-infusion rate; the default."),
    flag("--subsequent", "A later infusion, at the later-infusion rate, whatever its number."),
    option("--phase", "With --subsequent: the phase, if doses differ.", "NAME"),
    option("--at", "Start time, to show clock times.", "09:30"),
    option("--stopped-at", "Minutes from the start to the stop: shows what went in and how to continue.", "MIN"),
    option("--pause", "Length of the stop, in minutes.", "MIN"),
    flag("--hold", "After the stop, keep the lower rate to the end."),
]
CHECK = [
    option("--ordered", "Ordered dose of one infusion; a bare number is mg.", "350mg|5mg/kg", needed=True),
    option("--ordered-every", f"Ordered interval; where courses repeat, {COURSE_TO_COURSE}.", "8w"),
    option(
        "--phase", "Phase of the order; without it maintenance if an interval is entered, else the first one.", "NAME"
    ),
    option("--number", "Number of the infusion that the order is for.", "N"),
]
HORIZON = [
    option(
        "--for",
        "How long to plan from the start, last day included. Without it: 12 months from the last infusion given, or "
        "from the start if none was given; or your site's setting.",
        "12m|52w|2y",
    ),
    option("--until", "Plan up to and including a date.", "DATE"),
    option("--doses", "Number of infusions to plan, in all: those given are counted.", "N"),
    option("--courses", "Number of courses in all, where courses repeat.", "N"),
    option(
        "--maintenance-start",
        "Start of maintenance: a date. A time, as in 20w, counts from the last infusion of induction, in some regimens "
        "from the first: look at the date in the answer.",
        "DATE|20w",
    ),
]
DATES = [*START, *HORIZON, *HISTORY, *CLINIC]
TABLE = [
    option(
        "--regimens",
        "Your site's regimen table: a file with only the entries that it changes or adds. An entry is a whole block, "
        "such as a phase with its dose, interval and source: write all of it (regimens validate shows what it "
        "replaces). Default: the file that the environment variable INFUSECALC_REGIMENS names (also with "
        "--no-settings), else that of your site's settings, else none.",
        "FILE",
    ),
]


NO_SETTINGS = flag("--no-settings", "Ignore your site's settings (see: infusecalc settings).")
_FULL = "Every detail and source, not only the short answer."
_QUIET = "; on the screen, premedication, screening and the like are named without their texts."


def result(
    kinds: tuple[str, ...] = (PAGE, DOCUMENT, ROWS), *, findings: bool = False, short: bool = False
) -> list[Parameter]:
    """The options of an answer that is of some kinds: the formats that are written from them.

    It may have findings; with findings, or where it says so, it has a `short` form. Elsewhere --full changes nothing,
    and is taken without a word.
    """
    formats = written_from(kinds)
    text = f"Paper size of a PDF: {' or '.join(PAPERS)}; default {next(iter(PAPERS))}."
    named = " (NAME.nonmem.csv, NAME.fhir.json)" if "nonmem" in formats else ""
    paper = [option("--paper", text, "PAPER", words=PAPERS)] if "pdf" in formats else []
    return [
        option("--format", f"One of {', '.join(formats)}.", "FORMAT", words=formats),
        *paper,
        *([flag("--full", _FULL, hidden=not (findings or short))] if "table" in formats else []),
        option("-o --output", f"Write to a file; the extension sets the format{named}.", "FILE"),
        flag("--quiet", "Nothing but errors beside the answer" + (_QUIET if findings else ".")),
        flag("--no-color", "No colour."),
        *([NO_SETTINGS] if "table" in formats else []),
    ]


_READ = {
    "cohort": "the cohort",
    "history": "`history`",
    "regimens": "`regimens`",
    "file": "the table",
    "plan": "the plan",
    "old": "OLD",
    "new": "NEW",
}
"""The files that commands read: none may be written over."""


def regimen_typed(table: Table, given: dict[str, Any]) -> tuple[str, str]:
    """The drug and the indication as they were typed: as two words, or as DRUG/INDICATION in one; raises BadInput."""
    drug, slash, second = given["drug"].partition("/")
    first = given["indication"]
    if slash and first is not None:
        problem, detail = "is given twice", f": the drug is {shown(given['drug'])}"
        raise BadInput("indication", first, problem, detail=detail, hint="give one of the two")
    found: str | None = second if slash else first
    if found is None or (slash and not found.strip(" ")):
        known = ", ".join(table.indications(table.find_drug(drug)[0]))
        raise BadInput("indication", None, "is missing", hint=f"give one of {known} (see: infusecalc list)")
    return drug, found


def takes(*parameters: Parameter, needs: Needs = nothing) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command that reads keywords the signature that typer builds its options from.

    `needs` says what the command lacks beyond its required parameters.
    """
    many = {parameter.name for parameter in parameters if parameter.default == []}
    many |= {"weight"} & {parameter.name for parameter in PATIENT if parameter in parameters}  # repeatable with dates

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(**given: Any) -> Any:
            unset = given.pop("no_settings", True)
            values = {name: _dated(name, _one(name, value, many)) for name, value in given.items()}
            taken = NOTHING if unset else _taken(_name_of(command), values)
            refuse_missing(parameters, values | {"settings": taken}, needs, _name_of(command))
            _check_files(values, taken)
            request = _request(command, values, taken)
            try:
                made = command(**values, request=request, settings=taken)
            except BadInput as error:
                raise taken.explained(error) from None
            _tell(values, request)
            return made

        called.__signature__ = Signature(list(parameters))  # type: ignore[attr-defined]  # inspect reads it
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


_DATED = {"start": "", "on": "", "until": "", "born": "", "maintenance_start": "", "given": ":", "weight": "="}
"""The options that take a date, and what stands behind the date where more does."""
_LOOKS = ("output", "format_", "paper", "full", "quiet", "no_color", "steps", "key")
"""The options that say where and how an answer is written: they are no part of what was asked."""


def _dated(name: str, value: Any) -> Any:
    """The value of an option with the day for `today`, so that it means the same tomorrow."""
    if isinstance(value, list):
        return [_dated(name, each) for each in value]
    day, mark, rest = value.partition(_DATED[name] or "\0") if name in _DATED and value else ("", "", "")
    return f"{parse_date(TODAY)}{mark}{rest}" if day.strip(" ").lower() == TODAY else value


def _name_of(command: Callable[..., Any]) -> str:
    """The name of a command, with that of its group."""
    group, name = command.__module__.rpartition(".")[2], command.__name__.rstrip("_")
    return name if name == group else f"{group} {name}"


def _taken(command: str, values: dict[str, Any]) -> Taken:
    """The site's settings, put into the options that were not typed."""
    from infusecalc.cli.settings_file import read_settings  # noqa: PLC0415 - --no-settings needs none of it

    found = read_settings()
    if found is None:
        return NOTHING
    from infusecalc.cli.settings_use import take  # noqa: PLC0415 - only a file needs it

    return take(found, command, values)


def _tell(values: dict[str, Any], request: Request) -> None:
    """Say on standard error what came from the settings, where the answer does not, and what was passed over."""
    if not (request.settings or request.ignored) or values["quiet"]:
        return
    from infusecalc.output.settings_line import settings_line  # noqa: PLC0415 - only a site's settings need it

    form = choose_format(values["format_"], values["output"], tuple(FORMATS)) if "format_" in values else None
    line = settings_line(request.but(settings={}) if form and form.needs in (PAGE, DOCUMENT) else request)
    if line:
        say(line)


def _request(command: Callable[..., Any], values: dict[str, Any], taken: Taken) -> Request:
    """What was asked: every option but those of its look, a file by its name alone; what came from the settings."""
    asked = {name: value for name, value in values.items() if name not in _LOOKS}
    if "regimens" in asked and asked["regimens"] is None:
        asked["regimens"] = os.environ.get("INFUSECALC_REGIMENS") or None
    asked |= {name: os.path.basename(asked[name]) for name in _READ if asked.get(name)}  # noqa: PTH119 - no path
    options = {name.rstrip("_"): asked[name] for name in asked}
    return Request(_name_of(command), options, taken.used, taken.unused)


def _check_files(values: dict[str, Any], taken: Taken) -> None:
    """Refuse with BadInput a result over a file that it is made from."""
    written = {f"`{name}`": values.get(name) for name in ("rejects", "key")}
    check_written({"`output`": values.get("output") or "-"} | written, values | {"settings": taken})


def check_written(written: Mapping[str, str | None], values: Mapping[str, Any]) -> None:
    """Refuse with BadInput to write over a file that the options of a command name to be read, or the settings."""
    file = values["settings"].file
    read: dict[str, str | None] = {"the settings": str(file.path)} if file else {}
    read |= {what: values.get(name) for name, what in _READ.items()}
    read["`regimens`"] = read["`regimens`"] or os.environ.get("INFUSECALC_REGIMENS")
    check_apart(written, read)


def _one(name: str, value: Any, many: Collection[str]) -> Any:
    """The one value of an option that may be given once; raises BadInput for a second."""
    if not isinstance(value, list) or name in many:
        return value
    if len(value) > 1:
        raise BadInput(f"`{name}`", None, "is given twice", hint="give it once")
    return value[0] if value else None
