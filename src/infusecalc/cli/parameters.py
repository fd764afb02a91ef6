"""How typer reads an option: a word, a value, a list of values, a flag; each is entered under its flag."""

from __future__ import annotations

from collections.abc import Collection
from inspect import Parameter
from typing import Annotated

import typer

from infusecalc.cli.complete import for_option
from infusecalc.cli.flags import FLAGS


def argument(name: str, text: str, *, needed: bool = True, words: Collection[str] = ()) -> Parameter:
    """A word without a flag; `words` are those that a shell offers, where it is one of a few."""
    FLAGS.setdefault(name, name)
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
    return listed(flag, f"{text} May be given more than once.", metavar)


def listed(flag: str, text: str, metavar: str) -> Parameter:
    """An option whose values are a list; its text says how often it may be given."""
    complete = for_option(_name(flag))
    info = typer.Option(flag, help=text, metavar=metavar, show_default=False, autocompletion=complete)
    return Parameter(_name(flag), Parameter.KEYWORD_ONLY, annotation=Annotated[list[str], info], default=[])


def flag(flags: str, text: str, *, hidden: bool = False) -> Parameter:
    """An option without a value; a `hidden` one is taken, and in no help."""
    names = flags.split()
    info = typer.Option(*names, help=text, show_default=False, hidden=hidden)
    return Parameter(_name(names[-1]), Parameter.KEYWORD_ONLY, annotation=Annotated[bool, info], default=False)


def _name(flag: str) -> str:
    """A flag as a keyword: `--for` is `for_`, because Python keeps some words for itself."""
    name = flag.lstrip("-").replace("-", "_")
    name = f"{name}_" if name in ("for", "from", "round", "format") else name
    FLAGS[name] = "-o" if name == "output" else flag
    return name
