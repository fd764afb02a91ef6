"""A site's settings into the options of one command: each where it has a use, and nothing else was typed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from infusecalc.cli.settings_file import SettingsText, line_of
from infusecalc.cli.settings_keys import (
    CLINIC,
    DETAILS,
    FIRST_WEEKDAYS,
    KEYS,
    PRODUCT,
    as_typed,
    checked,
    option_of,
    sentence,
)
from infusecalc.cli.taken import SettingsFile, Taken
from infusecalc.errors import BadInput, BadSettings, escape
from infusecalc.output.answer import PAGE
from infusecalc.output.clinic_details import ClinicDetails
from infusecalc.output.formats import FORMATS, Format, choose_format
from infusecalc.table import Table, load_table

Options = dict[str, Any]
_PAPER = ("html", "pdf")
_NO_USE = {("regimens show", "label")}
"""Options of a command that only narrow what it lists: a setting would hide the rest."""


def take(read: SettingsText, command: str, typed: Options) -> Taken:
    """Put the settings into the options that were not typed; raises BadSettings with every fault."""
    found = SettingsFile(read.path, checked(read.path, read.document, lambda *names: line_of(read.text, names)))
    taken, form = Taken(found), _format_of(typed)
    for key, kind in KEYS.items():
        name = option_of(key)
        if key not in found.told or name not in typed or typed[name] not in (None, []) or (command, key) in _NO_USE:
            continue
        fits = _FITS.get(key)
        why = fits(typed, found, form) if fits else True
        if why and isinstance(why, str):
            taken.pass_over(key, why)
        elif why:
            typed[name] = table_path(found) if key == "regimens" else as_typed(kind, found.told[key].value)
            taken.use(key)
            taken.options[name] = key
    _take_product(taken, typed)
    if command == "schedule":
        _take_sheet(taken, typed, form)
    return taken


def _format_of(typed: Options) -> Format | None:
    """The format of the answer; None where the command has none, or will refuse it."""
    if "format_" not in typed:
        return None
    try:
        return choose_format(typed["format_"], typed["output"], tuple(FORMATS))
    except BadInput:
        return None


def table_path(found: SettingsFile) -> str:
    """The site's table: a relative path is counted from the folder of the settings, wherever a command is run."""
    return str(found.path.parent / os.path.expanduser(found.told["regimens"].value))  # noqa: PTH111 - it may be no path


# --- what goes with what ------------------------------------------------------------------------------------

Fits = Callable[[Options, SettingsFile, Format | None], bool | str]
"""Whether a setting has a use beside what was typed, and what is set; a text says why it is passed over."""


def _of_format(key: str) -> Fits:
    return lambda _typed, _found, form: form is not None and key in form.options


def _of_calendar(key: str, other: str, why: str = "") -> Fits:
    """A part of the time of day of calendars: it takes both; `rate` has another `at`, without a zone."""

    def fits(typed: Options, found: SettingsFile, form: Format | None) -> bool | str:
        if "tz" not in typed or form is None or key not in form.options:
            return False
        return typed[other] is not None or other in found.told or why

    return fits


def _with(other: str) -> Fits:
    """A half of the opening hours: it takes both."""
    return lambda typed, found, _form: (
        typed[other] is not None or other in found.told or f"it takes --{other} too, typed or set"
    )


def _of_surface(typed: Options, _found: SettingsFile, _form: Format | None) -> bool:
    """The formula of a body surface area that is worked out from a height."""
    return typed["height"] is not None or "cohort" in typed


_FITS: dict[str, Fits] = {
    "round_within": lambda typed, _found, _form: typed["round_"] not in (None, "none"),
    "bsa_formula": _of_surface,
    "tolerance": lambda typed, _found, _form: typed["days"] is not None or typed["holidays"] is not None,
    "for": lambda typed, _found, _form: all(typed[name] is None for name in ("until", "doses", "courses")),
    "anchor": lambda typed, _found, _form: bool(typed.get("given") or typed.get("history")),
    "regimens": lambda _typed, _found, _form: not os.environ.get("INFUSECALC_REGIMENS"),
    "paper": _of_format("paper"),
    "at": _of_calendar("at", "tz", "it takes --tz too, typed or set"),
    "tz": _of_calendar("tz", "at"),
    "remind": _of_format("remind"),
    "chairs": _with("open"),
    "open": _with("chairs"),
}


# --- products -------------------------------------------------------------------------------------------------


def products_of(found: SettingsFile, table: Table) -> tuple[dict[str, str], tuple[str, ...]]:
    """The products that are set, as their ids by drug, and every fault of them."""
    products: dict[str, str] = {}
    faults: list[str] = []
    for key in (key for key in found.told if key.startswith(f"{PRODUCT}.")):
        drug, typed = key.removeprefix(f"{PRODUCT}."), found.told[key].value
        if drug not in table.names("drugs"):
            allowed = ", ".join(table.names("drugs"))
            faults.append(found.fault(key, f"{escape(key)} names no drug of the table (allowed: {allowed})"))
            continue
        try:
            products[drug] = table.find_product(typed, drug)
        except BadInput as error:
            faults.append(found.fault(key, sentence(key, error)))
    return products, tuple(faults)


def _take_product(taken: Taken, typed: Options) -> None:
    """The product of the drug, unless one was typed, as product or as brand, or the label has no such one."""
    if "product" not in typed or not any(key.startswith(f"{PRODUCT}.") for key in taken.file.told):
        return
    table = taken.table = load_table(typed["regimens"] or os.environ.get("INFUSECALC_REGIMENS") or None)
    products, faults = products_of(taken.file, table)
    own = typed["regimens"] is None or "regimens" in taken.options
    if faults and own:  # a table that was typed may be another's, and the settings yield to it
        raise BadSettings(faults)
    if typed["product"] is not None:
        return
    taken.products = products
    if "cohort" in typed:
        return  # row by row
    try:
        drug, brand = table.find_drug(typed["drug"].partition("/")[0])
        product = taken.product_of(drug, brand, table.find_label(typed["label"]))
    except BadInput:
        return  # the command says so
    if product:
        typed["product"] = product
        taken.options["product"] = f"{PRODUCT}.{drug}"


# --- sheets -----------------------------------------------------------------------------------------------------


def _take_sheet(taken: Taken, typed: Mapping[str, Any], form: Format | None) -> None:
    """What sheets and pictures of months say of the clinic; it stands in no data."""
    told, own = taken.file.told, typed["sheet"] == "patient"
    if form is None or form.needs != PAGE:
        return
    paper = own or form.name in _PAPER
    if "first_weekday" in told and (paper or typed["view"] == "calendar"):
        taken.first_weekday = FIRST_WEEKDAYS[told["first_weekday"].value.strip().lower()]
        taken.use("first_weekday")
    details = {name: told[f"{CLINIC}.{name}"].value for name in DETAILS if f"{CLINIC}.{name}" in told}
    if details and paper:
        taken.clinic = ClinicDetails(**details)
        for name in details:
            taken.use(f"{CLINIC}.{name}")
