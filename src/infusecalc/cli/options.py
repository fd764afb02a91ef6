"""Every option of the command line, once: its name, its help, and the parameter that typer reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import wraps
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from infusecalc.bsa import BSA_FORMULAS
from infusecalc.choices import ANCHORS, MAINTENANCE, ROUNDING
from infusecalc.cli.complete import for_option
from infusecalc.errors import BadInput, shown
from infusecalc.output.files import FORMATS, PAPERS, check_apart
from infusecalc.table import Table, load_table

_LABELS = load_table().labels


def argument(name: str, text: str, *, needed: bool = True, words: Collection[str] = ()) -> Parameter:
    """A word without a flag; `words` are those that a shell offers, where it is one of a few."""
    complete = for_option(name, words)
    info = typer.Argument(metavar=name.upper(), help=text, show_default=False, autocompletion=complete)
    kind = Annotated[str, info] if needed else Annotated[str | None, info]
    return Parameter(
        name, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=Parameter.empty if needed else None
    )


def option(flags: str, text: str, metavar: str = "", *, needed: bool = False, words: Collection[str] = ()) -> Parameter:
    """An option that takes one value; read as a list, so that a second value is seen and not taken silently.

    `words` are those that a shell offers, where it takes one of a few.
    """
    names = flags.split()
    complete = for_option(_name(names[-1]), words)
    info = typer.Option(*names, help=text, metavar=metavar or None, show_default=False, autocompletion=complete)
    kind = Annotated[list[str], info] if needed else Annotated[list[str] | None, info]
    return Parameter(
        _name(names[-1]), Parameter.KEYWORD_ONLY, annotation=kind, default=Parameter.empty if needed else None
    )


def repeated(flag: str, text: str, metavar: str) -> Parameter:
    """An option that may be given again and again."""
    complete = for_option(_name(flag))
    info = typer.Option(flag, help=f"{text} Repeatable.", metavar=metavar, show_default=False, autocompletion=complete)
    return Parameter(_name(flag), Parameter.KEYWORD_ONLY, annotation=Annotated[list[str], info], default=[])


def flag(flags: str, text: str) -> Parameter:
    """An option without a value."""
    names = flags.split()
    info = typer.Option(*names, help=text, show_default=False)
    return Parameter(_name(names[-1]), Parameter.KEYWORD_ONLY, annotation=Annotated[bool, info], default=False)


def _name(flag: str) -> str:
    """A flag as a keyword: `--for` is `for_`, because Python keeps some words for itself."""
    name = flag.lstrip("-").replace("-", "_")
    return f"{name}_" if name in ("for", "from", "round", "format") else name


REGIMEN = [
    argument("drug", "infliximab, rituximab, or a brand or suffixed name; or DRUG/INDICATION."),
    argument("indication", "An indication of the drug, see: regimens list.", needed=False),
]
PATIENT = [
    option("--weight", "Body weight; a bare number is kg. Repeatable with dates.", "[DATE=]70kg|154lb", needed=True),
    option("--height", "Height; a bare number is cm. Needed for mg/m2.", "175cm|1.75m|5ft9in"),
    option("--bsa", "A body surface area instead of a height.", "M2"),
    option("--bsa-formula", f"One of {', '.join(BSA_FORMULAS)}; mosteller unless given.", "NAME", words=BSA_FORMULAS),
    option("--bsa-cap", "Cap the body surface area, with a finding.", "M2"),
    option("--age", "Age; a bare number is years.", "34y|8mo"),
    option("--born", "Date of birth, instead of an age.", "DATE"),
    option("--patient-id", "An id to print on the result.", "TEXT"),
    repeated("--has", "A condition of the patient, see: regimens show.", "CONDITION"),
]
CHOICE = [
    option(
        "--label", f"The label to follow: {' or '.join(_LABELS)}; {_LABELS[0]} unless given.", "LABEL", words=_LABELS
    ),
    option("--variant", "A variant of the regimen.", "NAME"),
    option("--product", "A product; the drug's usual one unless given.", "NAME"),
    repeated("--dose", "Another dose for a phase, maintenance unless named.", "[PHASE=]DOSE"),
    repeated("--every", "Another interval for a phase, as in 6w.", "[PHASE=]TIME"),
    option("--from", "Begin with maintenance: the induction is past.", "maintenance", words=(MAINTENANCE,)),
    option("--round", f"Round the dose: {', '.join(ROUNDING)}.", "HOW", words=ROUNDING),
    option("--round-within", "The most that rounding may change; else the table's own limit.", "PERCENT"),
    option("--bag", "The bag to use, in mL.", "ML"),
    option("--protocol", "Run the infusion by a named protocol, see: regimens show.", "NAME"),
    repeated("--accept", "Take on a block, with the reason.", "CODE[:DETAIL]=REASON"),
]
ON = [option("--on", "The day for which --born gives the age, and dated weights the weight.", "DATE")]
START = [option("--start", "The first infusion.", "YYYY-MM-DD|today")]
HISTORY = [
    repeated("--given", "An infusion that was given.", "DATE[:MG]"),
    option("--history", "A CSV file of what was given: date and dose_mg; - for standard input.", "FILE"),
    option(
        "--anchor", f"Count the rest from what was {' or '.join(ANCHORS)}; given unless said.", "WORD", words=ANCHORS
    ),
]
CLINIC = [
    option("--days", "The clinic's open weekdays.", "mon-fri|mon,wed"),
    option("--holidays", "Closed on the public holidays of a country or a part of it.", "US|US-CA|DE-BY"),
    repeated("--tolerance", "How far an infusion may move to an open day.", "3d|PHASE=3d"),
    option("--weight-change", "The change of weight that asks for a second look; else the table's own.", "PERCENT"),
]
TOTALS = [
    repeated("--price", "What a vial costs, for the cost of infusions and course.", "[PRODUCT:]100mg=174.63"),
    flag("--totals", "Sums by month and year; as CSV or NDJSON, these rows alone."),
]
PUMP = [
    option("--number", "The infusion by its number in the course; the first unless said.", "N"),
    flag("--first", "The first infusion of the course."),
    flag("--subsequent", "A later infusion, at the rate of one."),
    option("--phase", "With --subsequent: the phase whose dose it has.", "NAME"),
    option("--at", "When it starts, for the clock.", "09:30"),
    option("--stopped-at", "It was stopped after so many minutes: what has gone in, and how it goes on.", "MIN"),
    option("--pause", "How long it was stopped, in minutes.", "MIN"),
    flag("--hold", "After the stop keep the lower rate to the end."),
]
CHECK = [
    option("--ordered", "The ordered dose of one infusion.", "MG", needed=True),
    option("--ordered-every", "The ordered interval.", "8w"),
    option("--phase", "The phase that the order is for, where phases differ.", "NAME"),
    option("--number", "The infusion that the order is for, by its number.", "N"),
]
HORIZON = [
    option("--for", "Plan so far, the last day included; else the table's own horizon.", "12m|52w|2y"),
    option("--until", "Plan up to a date, inclusive.", "DATE"),
    option("--doses", "Plan so many infusions.", "N"),
    option("--courses", "Plan so many courses in all, where a course repeats.", "N"),
    option("--maintenance-start", "Start maintenance on a date, or so long after the induction.", "DATE|20w"),
]
DATES = [*START, *HORIZON, *HISTORY, *CLINIC]
TABLE = [
    option("--regimens", "A site's own table over the shipped one; else that of INFUSECALC_REGIMENS.", "FILE"),
]


def result(formats: tuple[str, ...] = FORMATS) -> list[Parameter]:
    """The options of an answer in some formats."""
    text = f"The paper of a PDF: {' or '.join(PAPERS)}; {PAPERS[0]} unless given."
    paper = [option("--paper", text, "PAPER", words=PAPERS)] if "pdf" in formats else []
    return [
        option("--format", f"One of {', '.join(formats)}.", "FORMAT", words=formats),
        *paper,
        option("-o --output", "Write to a file; its extension names the format.", "FILE"),
        flag("--quiet", "Say nothing on standard error but errors."),
        flag("--no-color", "No colour, also on a terminal."),
    ]


SHEETS = ("clinic", "patient")
VIEWS = ("table", "calendar", "timeline")
SHEET = [
    option("--sheet", "Whose page: clinic or patient; clinic unless given.", "WHOSE", words=SHEETS),
    option("--view", f"Beside the table: {' or '.join(VIEWS[1:])}.", "VIEW", words=VIEWS),
    option("--at", "ics: the time of day, with --tz; else whole days.", "09:30"),
    option("--tz", "ics: the time zone of --at: that of a place, or UTC.", "Europe/Berlin"),
    option("--revision", "ics: a number, higher each time that this calendar is written; 0 unless given.", "N"),
    option("--remind", "ics: a reminder so long before.", "7d"),
    flag("--private", "ics: no clinical detail."),
]


_READ = {"cohort": "the cohort", "history": "--history", "regimens": "--regimens", "file": "the table"}
"""The files that commands read: none may be written over."""


def regimen_typed(table: Table, given: dict[str, Any]) -> tuple[str, str]:
    """The drug and the indication as they were typed: as two words, or as DRUG/INDICATION in one; raises BadInput."""
    drug, slash, second = given["drug"].partition("/")
    first = given["indication"]
    if slash and first is not None:
        raise BadInput("indication", first, f"stands beside {shown(given['drug'])}", hint="give one of them")
    found: str | None = second if slash else first
    if found is None or (slash and not found.strip(" ")):
        known = ", ".join(table.indications(table.find_drug(drug)[0]))
        raise BadInput("indication", None, "is missing", allowed=known, hint="see: infusecalc regimens list")
    return drug, found


def takes(*parameters: Parameter) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command that reads keywords the signature that typer builds its options from."""
    many = {parameter.name for parameter in parameters if parameter.default == []}
    many |= {"weight"} & {parameter.name for parameter in PATIENT if parameter in parameters}  # repeatable with dates

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(**given: Any) -> Any:
            values = {name: _one(name, value, many) for name, value in given.items()}
            _check_files(values)
            return command(**values)

        called.__signature__ = Signature(list(parameters))  # type: ignore[attr-defined]  # inspect reads it
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def _check_files(values: dict[str, Any]) -> None:
    """Refuse with BadInput a result over a file that it is made from."""
    read = {what: values.get(name) for name, what in _READ.items()}
    read["--regimens"] = read["--regimens"] or os.environ.get("INFUSECALC_REGIMENS")
    check_apart({"-o": values.get("output") or "-", "--rejects": values.get("rejects")}, read)


def _one(name: str, value: Any, many: Collection[str]) -> Any:
    """The one value of an option that may be given once; raises BadInput for a second."""
    if not isinstance(value, list) or name in many:
        return value
    if len(value) > 1:
        flag = "--" + name.rstrip("_").replace("_", "-")
        raise BadInput("option", flag, "is given twice", hint="give it once")
    return value[0] if value else None
