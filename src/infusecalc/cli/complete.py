"""What a shell may complete: the names of the table, and the words of the options that take one of a few."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

VARIABLE = "_INFUSECALC_COMPLETE"
"""The environment variable by which a shell's script asks for completions."""

Completer = Callable[..., list[str]]


def asked() -> bool:
    """Whether a shell asks for completions, and no command is to run."""
    return VARIABLE in os.environ


def for_option(name: str, words: Iterable[str] = ()) -> Completer | None:
    """The completer of a word or an option that takes a name, or one of a few words."""
    known = tuple(words)
    return (lambda incomplete: _starting(known, incomplete)) if known else _COMPLETERS.get(name)


def for_command(ctx: Any, incomplete: str) -> list[str]:
    """The commands that help may be asked for; behind a group, its own."""
    group: Any = ctx.find_root().command
    for name in ctx.params.get("command") or ():
        group = group.get_command(ctx, name) if name.lower() in _commands(group, ctx) else None
    return _starting(_commands(group, ctx), incomplete)


def _commands(group: Any, ctx: Any) -> list[str]:
    return list(group.list_commands(ctx)) if hasattr(group, "list_commands") else []


def prepare() -> None:
    """Make the shells known whose scripts may ask."""
    from typer import completion  # noqa: PLC0415 - only a shell's script needs it

    completion.completion_init()  # type: ignore[attr-defined]  # typer has it there


def script(shell: str) -> str:
    """The script that a shell sources."""
    from typer import completion  # noqa: PLC0415 - only a shell's script needs it

    text: str = completion.get_completion_script(  # type: ignore[attr-defined]  # typer has it there
        prog_name="infusecalc", complete_var=VARIABLE, shell=shell
    )
    return text


def _table() -> Any:
    from infusecalc.table import load_table  # noqa: PLC0415 - only when a name is to be completed

    return load_table()


def _starting(names: Iterable[str], typed: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.lower().startswith(typed.lower())]


def _typed(ctx: Any, name: str) -> str:
    """A word that was typed before: as it was parsed, or, behind an option that lacks its value, as it stands."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    command, *words = line.split()[1:] or [""]
    named = dict(zip(("drug", "indication"), words[command == "regimens" :], strict=False))
    drug, slash, indication = str(ctx.params.get("drug") or named.get("drug") or "").partition("/")
    if name == "drug":
        return drug
    return indication if slash else str(ctx.params.get(name) or named.get(name) or "")


def _drug(typed: str) -> str | None:
    """The drug of a name, where it is known."""
    from infusecalc.errors import InfusecalcError  # noqa: PLC0415 - only when a name is to be completed

    try:
        found: str = _table().find_drug(typed)[0]
    except InfusecalcError:
        return None
    return found


def _drugs(ctx: Any, incomplete: str) -> list[str]:
    """Drugs and products; behind a slash, the regimens of the drug, where a command takes them in one word."""
    table = _table()
    drug, slash, _ = incomplete.partition("/")
    if slash and any(parameter.name == "indication" for parameter in ctx.command.params):
        return _starting((f"{drug}/{name}" for name in table.indications(_drug(drug))), incomplete)
    return _starting((*table.names("drugs"), *table.names("products")), incomplete)


def _indications(ctx: Any, incomplete: str) -> list[str]:
    return _starting(_table().indications(_drug(_typed(ctx, "drug"))), incomplete)


def _products(ctx: Any, incomplete: str) -> list[str]:
    table, drug = _table(), _drug(_typed(ctx, "drug"))
    return _starting((name for label in table.labels for name in table.products(drug, label)), incomplete)


def _conditions(incomplete: str) -> list[str]:
    return _starting(_table().names("conditions"), incomplete)


def _variants(ctx: Any, incomplete: str) -> list[str]:
    regimen = _regimen(ctx)
    return _starting(regimen.rules.variants if regimen else (), incomplete)


def _protocols(ctx: Any, incomplete: str) -> list[str]:
    regimen = _regimen(ctx)
    return _starting(_table().protocols(regimen) if regimen else (), incomplete)


def _phases(ctx: Any, incomplete: str) -> list[str]:
    regimen = _regimen(ctx)
    return _starting(regimen.phases if regimen else (), incomplete)


def _zones(incomplete: str) -> list[str]:
    from zoneinfo import available_timezones  # noqa: PLC0415 - only when a name is to be completed

    return _starting(sorted(available_timezones()), incomplete)


def _regimen(ctx: Any) -> Any:
    from infusecalc.errors import InfusecalcError  # noqa: PLC0415 - only when a name is to be completed

    label = ctx.params.get("label")
    label = label[0] if isinstance(label, (list, tuple)) and label else label or None
    try:
        drug, indication = _drug(_typed(ctx, "drug")) or "", _typed(ctx, "indication")
        return _table().regimen(drug, _table().find_indication(drug, indication), _table().find_label(label))
    except InfusecalcError:
        return None


_COMPLETERS: dict[str, Completer] = {
    "drug": _drugs,
    "indication": _indications,
    "product": _products,
    "has": _conditions,
    "variant": _variants,
    "protocol": _protocols,
    "phase": _phases,
    "tz": _zones,
}
