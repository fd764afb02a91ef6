"""A command line that fits no command to the sentence that says what to do: which word, which option, and whose."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from typer.core import TyperGroup

from infusecalc.errors import shown
from infusecalc.spelling import plain_marks

_ALIKE = 0.75  # how near an option has to be to be offered for another
_OPTION = re.compile(r"--?[A-Za-z][A-Za-z-]*", re.ASCII)
_UNIT = re.compile(
    r"[0-9.]*(kg|lbs?|st|stones?|cm|m|in|ft|mg|mg/kg|mg/m2|ml|y|years?|mo|months?|w|weeks?|d|days?|h|hours?|min)",
    re.ASCII | re.IGNORECASE,
)

Options = Callable[[], Mapping[str, Sequence[str]]]
"""The options of every command, gathered when they are asked for."""


class AnyCase(TyperGroup):
    """Commands by name, in any case."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name."""
        return super().get_command(ctx, cmd_name.lower())


def sentence(error: Any, words: Sequence[str], options: Options) -> str:
    """What a person can do about a line that the parser refused."""
    return f"{_what(error, words, options)} (see: {_command(error, words, options)} -h)"


def _command(error: Any, words: Sequence[str], options: Options) -> str:
    """The command whose help says more; of an option without its value the parser does not tell it."""
    if error.ctx:
        path: str = error.ctx.command_path.lower()
        return path
    named = (" ".join(words[:many]).lower() for many in (2, 1))
    known = options()
    return " ".join(("infusecalc", *[name for name in named if name in known][:1]))


def _what(error: Any, words: Sequence[str], options: Options) -> str:
    parameters = error.ctx.command.get_params(error.ctx) if error.ctx else []
    word = odd_dash(words, parameters)
    if word:
        plain = plain_marks(word)
        return f"{shown(word)} begins with a dash that is not a hyphen; type --{plain.lstrip('-')}"
    if hasattr(error, "possibilities"):
        return _no_option(error, words, _flags(parameters), options)
    message: str = error.format_message()
    extra = re.fullmatch(r"Got (unexpected extra argument)\(s\) \((.*)\)", message, re.DOTALL)
    if extra:
        return f"{extra[1]} {shown(extra[2])}{_extra(words, extra[2], parameters)}"
    if message.startswith(("Missing command", "No such command")):
        told = message.rstrip(".").replace("Missing command", "command is missing")
        return f"{told} (allowed: {', '.join(error.ctx.command.list_commands(error.ctx))})"
    return re.sub(r"^Option '(.*)' requires an argument\.$", r"\1 has no value", message)


def odd_dash(words: Sequence[str], parameters: Sequence[Any]) -> str | None:
    """A word that is meant as an option, and begins with another dash than a hyphen."""
    valued = _flags(parameters, valued=True)
    for before, word in zip(("", *words), words, strict=False):
        if not word.startswith("-") and _OPTION.match(plain_marks(word)) and before not in valued:
            return word
    return None


def _no_option(error: Any, words: Sequence[str], mine: Sequence[str], options: Options) -> str:
    """An option that the command does not have: with one hyphen, in capitals, another command's, or misspelt."""
    import difflib  # noqa: PLC0415 - only a miss needs it

    name = error.option_name
    for word in (*(word for word in words if word.startswith(name)), name.lower()):
        for meant in (word, f"-{word}"):
            if meant in mine:
                return f"No such option: {word if meant != word else name}; type {meant}"
    others = [command for command, flags in options().items() if name in flags]
    if others:
        where = "" if error.ctx.parent else "; put it after the command"
        return f"No such option: {name}; it is an option of {', '.join(others)}{where}"
    near = difflib.get_close_matches(name, mine, cutoff=_ALIKE)
    return str(error.message) + (f" (Possible options: {', '.join(near)})" if near else "")


def _extra(words: Sequence[str], extra: str, parameters: Sequence[Any]) -> str:
    """Why there is a word too many: the value of a flag, which takes none, the unit of a number, the rest of a name."""
    switches = _flags(parameters, valued=False)
    for before, word in pairwise(words):
        if before in switches and extra.startswith(word):
            return f": {before} takes no value"
    if _UNIT.fullmatch(extra):
        return "; write number and unit without a space, as in 70kg"
    named = any(parameter.name == "indication" for parameter in parameters)
    return "; put a name of several words in quotes" if named else ""


def _flags(parameters: Sequence[Any], *, valued: bool | None = None) -> list[str]:
    """The options among some parameters, as they are typed: all, or just those with a value, or without one."""
    options = [each for each in parameters if each.param_type_name == "option"]
    return [name for each in options if valued in (None, not each.is_flag) for name in each.opts]


def options_of(commands: Mapping[str, Any]) -> dict[str, list[str]]:
    """The options of commands, and of those in a group."""
    found: dict[str, list[str]] = {}
    for name, command in commands.items():
        parts = {f"{name} {part}": each for part, each in getattr(command, "commands", {}).items()}
        found |= {each: _flags(made.params) for each, made in (parts or {name: command}).items()}
    return found
