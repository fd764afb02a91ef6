"""Every key that a site may set, once: what it is, an example, and how its value is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infusecalc.bsa import BSA_FORMULAS, named_formula
from infusecalc.choices import ANCHORS, ROUNDING, Choices, parse_clock, parse_count, parse_hours
from infusecalc.cli.flags import FLAGS
from infusecalc.cli.taken import SettingTold
from infusecalc.errors import BadInput, BadSettings, escape, has_controls, shown
from infusecalc.frozen import Frozen
from infusecalc.output.formats import PAPERS
from infusecalc.quantities import parse_span
from infusecalc.spelling import one_of
from infusecalc.table import load_table

PRODUCT, CLINIC = "product", "clinic"
FIRST_WEEKDAYS = {"mon": 0, "sun": 6}
DETAILS = ("name", "telephone", "emergency")
_TEXT, _NUMBER, _TEXTS = "text", "a number or text", "text, or a list of texts"
_LONGEST = 200
_ALIKE = 0.6
_SEE = "see: infusecalc settings --no-settings"

Check = Callable[[Any], object]
"""Raises BadInput for a value that cannot be used; what hangs on the table, or on a large library, is seen in use."""


class SettingKey(Frozen):
    """A key: what it is, its value in an example, the kind of its value, and its check."""

    means: str
    example: str
    kind: str
    check: Check


def _known_in_use(_: str) -> None:
    """The table, the holiday calendars, the time zones and the disk say whether there is such a one."""


def _chosen(name: str, **with_: str) -> Check:
    """The check of an option as the library reads it."""
    return lambda text: Choices.of(**{name: text, **with_})


def _tolerance(text: str) -> None:
    if "=" in text:
        hint = "give a phase with the command: --tolerance PHASE=3d"
        raise BadInput("tolerance", text, "names a phase, which not every regimen has", allowed="as in 3d", hint=hint)
    _chosen("tolerance", days="mon-fri")(text)


def _detail(text: str) -> None:
    if not text.strip() or len(text) > _LONGEST or has_controls(text):
        raise BadInput("clinic", text, "is not a line to print", allowed=f"printable text, up to {_LONGEST} characters")


def _one(name: str, words: Iterator[str] | tuple[str, ...] | Mapping[str, Any]) -> Check:
    return lambda text: one_of(name, text, words)


KEYS: dict[str, SettingKey] = {
    "label": SettingKey("the label to follow", f'"{load_table().labels[-1]}"', _TEXT, _known_in_use),
    "round": SettingKey(f"how doses are rounded: {', '.join(ROUNDING)}", '"vial"', _TEXT, _chosen("round_")),
    "round_within": SettingKey("the most that rounding may change", '"10%"', _NUMBER, _chosen("round_within")),
    "bsa_formula": SettingKey(f"one of {', '.join(BSA_FORMULAS)}", '"mosteller"', _TEXT, named_formula),
    "weight_change": SettingKey("the weight change that gives a caution", '"10%"', _NUMBER, _chosen("weight_change")),
    "days": SettingKey("the clinic's open weekdays", '"mon-fri"', _TEXT, _chosen("days")),
    "holidays": SettingKey("closed on the public holidays of a country", '"US-CA"', _TEXT, _known_in_use),
    "tolerance": SettingKey("how far an infusion may move to an open day", '"3d"', _NUMBER, _tolerance),
    "for": SettingKey("how long to plan", '"12m"', _TEXT, _chosen("for_")),
    "anchor": SettingKey("what later dates count from: given, planned", '"given"', _TEXT, _one("anchor", ANCHORS)),
    "turnover": SettingKey("minutes between two patients in a chair", "15", _NUMBER, _chosen("turnover")),
    "price": SettingKey("what vials cost", '["Remicade:100mg=174.63", "500mg=800"]', _TEXTS, _chosen("price")),
    "regimens": SettingKey("the site's table; beside this file, or a full path", '"site.yaml"', _TEXT, _known_in_use),
    "paper": SettingKey(f"paper of a PDF: {', '.join(PAPERS)}", '"a4"', _TEXT, _one("paper", PAPERS)),
    "first_weekday": SettingKey(
        "first day of the week in months: mon, sun", '"mon"', _TEXT, _one("first_weekday", FIRST_WEEKDAYS)
    ),
    "at": SettingKey("calendars: time of day", '"09:30"', _TEXT, lambda text: parse_clock(text, "at")),
    "tz": SettingKey("calendars: time zone of the time of day", '"Europe/Berlin"', _TEXT, _known_in_use),
    "remind": SettingKey(
        "calendars: reminder this long before", '"7d"', _TEXT, lambda text: parse_span(text, "remind", months=False)
    ),
    "chairs": SettingKey("agenda: number of chairs", "6", _NUMBER, lambda text: parse_count(text, "chairs")),
    "open": SettingKey("agenda: opening hours", '"08:00-17:00"', _TEXT, lambda text: parse_hours(text, "open")),
}
"""The keys by name. A value that another one decides over stands behind it."""
TABLES: dict[str, dict[str, SettingKey]] = {
    PRODUCT: {"DRUG": SettingKey("the product of a drug, unless another is named", '"Remicade"', _TEXT, _known_in_use)},
    CLINIC: {
        "name": SettingKey("the clinic, on sheets", '"Infusion clinic, Ward 4"', _TEXT, _detail),
        "telephone": SettingKey("its telephone, on sheets", '"555 0100"', _TEXT, _detail),
        "emergency": SettingKey("the emergency number, on sheets", '"112"', _TEXT, _detail),
    },
}
"""The tables, each with its keys."""


def option_of(key: str) -> str:
    """The keyword of the option that a key stands for."""
    return f"{key}_" if key in ("for", "round") else key


def as_typed(key: SettingKey, value: Any) -> Any:
    """A value as the option takes it: text, or a list of texts."""
    return (
        [value] if key.kind is _TEXTS and isinstance(value, str) else value if isinstance(value, list) else str(value)
    )


def checked(path: Path, document: Mapping[str, Any], line_of: Callable[..., int]) -> dict[str, SettingTold]:
    """The values of a file by their keys; raises BadSettings with every fault."""
    told: dict[str, SettingTold] = {}
    faults: list[str] = []
    for names, key, value in _entries(document):
        fault = _unknown(names) if key is None else _wrong(names, key, value)
        line = line_of(*names)
        if fault:
            faults.append(f"{escape(str(path))}:{line}: {fault}")
        else:
            told[".".join(names)] = SettingTold(value, line)
    if faults:
        raise BadSettings(tuple(faults))
    return told


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], SettingKey | None, Any]]:
    """Every value with its names, and its key where it has one."""
    for name, value in document.items():
        if name not in TABLES or not isinstance(value, dict):
            yield (name,), KEYS.get(name), value
            continue
        for own, each in value.items():
            yield (name, own), TABLES[name].get("DRUG" if name == PRODUCT else own), each


def _unknown(names: tuple[str, ...]) -> str:
    """What is said of a key that is none; or of a table that is a plain value."""
    import difflib  # noqa: PLC0415 - only a miss needs it

    name, said = names[-1], escape(".".join(names))
    if name in TABLES:
        below = next(iter(TABLES[name]))
        return f"{name} must be a table: write [{name}] on a line of its own, and below it {below} = ..."
    known = TABLES[names[0]] if len(names) > 1 else {**KEYS, **TABLES}
    right = name.strip().lower().replace("-", "_")
    if right in known:
        return f"{said} is written {right}"
    if len(names) == 1 and (right in FLAGS or f"{right}_" in FLAGS):
        return f"{said} cannot be set: give it with the command, as --{right.replace('_', '-')} ({_SEE})"
    if len(names) == 1 and right in TABLES[CLINIC]:
        return f"{said} belongs below [{CLINIC}]"
    near = difflib.get_close_matches(right, known, 1, _ALIKE)
    hint = f"nearest: {near[0]}" if near else "no similar name"
    return f"{said} is not a setting; {hint} ({_SEE})"


def _wrong(names: tuple[str, ...], key: SettingKey, value: Any) -> str:
    """What is wrong with a value; empty where nothing is."""
    name = escape(".".join(names))
    listed = value if isinstance(value, list) and key.kind is _TEXTS else [value]
    number = key.kind is _NUMBER and isinstance(value, int | float) and not isinstance(value, bool)
    if not listed or not (number or all(isinstance(each, str) for each in listed)):
        return f"{name} {shown(value)} must be {key.kind}, as in {names[-1]} = {key.example}"
    try:
        key.check(as_typed(key, value))
    except BadInput as error:
        return sentence(name, error)
    return ""


def sentence(name: str, error: BadInput) -> str:
    """What a refusal says of the value of a key."""
    allowed = f" ({error.how} {error.allowed})" if error.allowed else ""
    hint = f"; {error.hint}" if error.hint else ""
    return f"{name} {shown(error.value)} {error.fault}{allowed}{hint}"
