"""`help`: the help of a command, as its own -h shows it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from infusecalc.cli.command import program
from infusecalc.cli.complete import for_command


def help_(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]...", help="A command; without one, the list of commands.", autocompletion=for_command
        ),
    ] = None,
) -> Any:
    """Show the help of a command, as its -h does.

    \b
    Examples:
      infusecalc help dose
      infusecalc help regimens show
    """  # noqa: D301 - \b keeps the lines of the examples apart
    root: Any = ctx.find_root().command
    return root.main([*(word.lower() for word in command or ()), "-h"], prog_name="infusecalc", standalone_mode=False)


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, help_)
