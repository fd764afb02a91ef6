"""`completion`: the script by which a shell completes names."""

from __future__ import annotations

from typing import Any

import typer

from infusecalc.cli import complete
from infusecalc.cli.command import program
from infusecalc.cli.options import takes
from infusecalc.cli.parameters import argument
from infusecalc.cli.reply import Reply
from infusecalc.spelling import one_of

_SHELLS = ("bash", "zsh", "fish")


@takes(argument("shell", f"One of {', '.join(_SHELLS)}.", words=_SHELLS))
def completion(**given: Any) -> Reply:
    """Script that lets a shell complete drugs, indications, variants, products, protocols and conditions.

    Write it to the folder that your shell reads; make that first if it is not there (mkdir -p). For zsh, write it to
    ~/.zfunc/_infusecalc, and name that folder in ~/.zshrc before compinit is called: fpath+=(~/.zfunc).

    \b
    Examples:
      infusecalc completion bash \\
          > ~/.local/share/bash-completion/completions/infusecalc
      infusecalc completion fish > ~/.config/fish/completions/infusecalc.fish
    """  # noqa: D301 - \b keeps the lines of the examples apart
    return Reply(complete.script(one_of("shell", given["shell"], _SHELLS)) + "\n")


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, completion)
