"""One command as typer builds it: its options stand in groups, and what is missing is told all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand


class Command(TyperCommand):
    """A command; it refuses what is missing itself (`infusecalc.cli.missing`), not at the first that is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words as parameters; one that is missing is None."""
        try:
            return super().parse_args(ctx, list(args))
        except typer.BadParameter:  # every parameter is text: all that can be wrong with one is that it is missing
            from infusecalc.cli.usage import odd_dash  # noqa: PLC0415 - only a line that lacks something needs it

            if odd_dash(args, self.get_params(ctx)):
                raise  # it may be there, behind a dash that is no hyphen
            ctx.resilient_parsing = True
            rest = super().parse_args(ctx, args)
            ctx.resilient_parsing = False
            return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options, by what they are about."""
        from infusecalc.cli.headings import write_options  # noqa: PLC0415 - only help needs it

        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The exit codes, where a script asks for them."""
        from infusecalc.cli.exit_codes import TOLD_IN, write_codes  # noqa: PLC0415 - only help needs it

        if ctx.command_path.split()[1:] == [self.name] and self.name in TOLD_IN:
            write_codes(formatter, self.name)


def program(name: str, command: Callable[..., Any]) -> typer.Typer:
    """The typer program of one command."""
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    made.command(name, cls=Command)(command)
    return made
