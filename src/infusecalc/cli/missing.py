"""What a command line lacks: all of it in one sentence, each with what it may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any

from typer.models import OptionInfo

from infusecalc.cli.reply import site_table
from infusecalc.errors import BadInput
from infusecalc.regimen import Regimen
from infusecalc.spelling import listed

Needs = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""What a command lacks beyond its required parameters, by name: what it may be, or nothing where the help says it."""


def nothing(_: Mapping[str, Any]) -> Mapping[str, str]:
    """The needs of a command that has none of its own."""
    return {}


def needs_bsa(regimen: Regimen, *, from_maintenance: bool = False) -> bool:
    """Whether a dose of a regimen, or of its maintenance alone, hangs on the body surface area, in any of its bands."""
    alone = regimen.maintenance if from_maintenance else None
    phases = (regimen.phases[alone],) if alone else regimen.phases.values()
    return any(each.basis == "mg/m2" for phase in phases for each in phase.doses) or any(
        place.by == "bsa" for phase in phases for place in phase.places
    )


def refuse_missing(parameters: Sequence[Parameter], given: Mapping[str, Any], needs: Needs, command: str) -> None:
    """Refuse with BadInput what is missing; one thing that typer does not require is told by the command itself."""
    by_name = {each.name: each for each in parameters}
    required = [name for name, each in by_name.items() if each.default is Parameter.empty]
    lacking = dict.fromkeys((name for name in required if given[name] in (None, [])), "")
    beyond = dict(needs(given))
    if "drug" in required and "indication" in by_name and not _has_indication(given):
        beyond["indication"] = ""
    if not lacking and not beyond:
        return
    told = _of_table(lacking | beyond, by_name, given) if "drug" in required else {}
    if not lacking and len(beyond | told) == 1:
        return
    lacking |= beyond | told
    names = [name for name in by_name if name in lacking]
    lacked = [f"`{name}`" if _is_option(by_name[name]) else name for name in names]
    forms = "; ".join(_form(by_name[name], lacking[name]) for name in names)
    problem = "are missing" if lacked[1:] else "is missing"
    raise BadInput(listed(lacked, "and"), None, problem, hint=f"give {forms} (see: infusecalc {command} -h)")


def _has_indication(given: Mapping[str, Any]) -> bool:
    _, slash, second = (given["drug"] or "").partition("/")
    return bool(second.strip(" ")) if slash else given["indication"] is not None


def _of_table(lacking: Mapping[str, str], names: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """The drugs or indications that there are, where one is missing; a height, where the regimen needs one."""
    table = site_table(dict(given))
    if "drug" in lacking:
        drugs = {"drug": listed(table.names("drugs"))}
        return drugs | ({"indication": "for the names see: infusecalc list"} if "indication" in lacking else {})
    typed, slash, second = given["drug"].partition("/")
    drug, _ = table.find_drug(typed)
    if "indication" in lacking:
        return {"indication": ", ".join(table.indications(drug))}
    if "height" not in names or given["height"] or given["bsa"]:
        return {}
    label, indication = table.find_label(given["label"]), second if slash else given["indication"]
    regimen = table.regimen(drug, table.find_indication(drug, indication), label, given["variant"])
    return (
        {"height": "175cm or 5ft9in (or `bsa`), for a dose in mg/m2"}
        if needs_bsa(regimen, from_maintenance=bool(given["from_"]))
        else {}
    )


def _is_option(parameter: Parameter) -> bool:
    return isinstance(parameter.annotation.__metadata__[0], OptionInfo)


def _form(parameter: Parameter, text: str) -> str:
    """What is to be given: an option with its value, or a word with what it is."""
    info = parameter.annotation.__metadata__[0]
    if _is_option(parameter):
        value = text or re.sub(r"\[.*?\]", "", str(info.metavar)).replace("|", " or ")
        return f"`{parameter.name}` {value}"
    about = str(info.help).removesuffix(".").removeprefix(f"{parameter.name.capitalize()}: ")
    return f"{parameter.name}: {text or re.sub('^[A-Z](?=[a-z ])', lambda found: found[0].lower(), about)}"
