"""The command line: the command that was called is built, run, and its reply delivered; nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from infusecalc.cli import complete
from infusecalc.cli.flags import sentence
from infusecalc.cli.reply import Reply, say
from infusecalc.errors import BadInput, BadSettings, BadTable, InfusecalcError, escape
from infusecalc.version import __version__

COMMANDS = {
    "dose": "infusecalc.cli.dose",
    "schedule": "infusecalc.cli.schedule",
    "rate": "infusecalc.cli.rate",
    "check": "infusecalc.cli.check",
    "next": "infusecalc.cli.next",
    "batch": "infusecalc.cli.batch",
    "agenda": "infusecalc.cli.agenda",
    "verify": "infusecalc.cli.verify",
    "info": "infusecalc.cli.info",
    "list": "infusecalc.cli.regimens",
    "regimens": "infusecalc.cli.regimens",
    "settings": "infusecalc.cli.settings",
    "ask": "infusecalc.cli.ask",
    "schema": "infusecalc.cli.schema",
    "completion": "infusecalc.cli.completion",
    "help": "infusecalc.cli.help",
}
# ClickException: typer has it under no public name of its own
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
_HELP = {"help_option_names": ["-h", "--help"]}


class _Commands(TyperGroup):
    """The commands by name, each built only when it is called or listed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        name = cmd_name.lower()
        if name not in COMMANDS:
            raise BadInput("command", cmd_name, "is not known", allowed=", ".join(COMMANDS), hint="see: infusecalc -h")
        return _command(name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands in a few words each; none is built for it, unless only its own help has them."""
        from infusecalc.cli.overview import ABOUT  # noqa: PLC0415 - only help needs it

        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, ABOUT[name] if name in ABOUT else self.get_command(ctx, name).get_short_help_str())
                    for name in COMMANDS
                ]
            )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The exit codes."""
        from infusecalc.cli.exit_codes import write_codes  # noqa: PLC0415 - only help needs it

        write_codes(formatter)


def _command(name: str) -> Any:
    """A command by its name."""
    command = typer.main.get_command(import_module(COMMANDS[name]).app(name))
    command.name = name
    return command


def _options() -> dict[str, list[str]]:
    """The options of every command."""
    from infusecalc.cli.usage import options_of  # noqa: PLC0415 - only a line that fits no command needs it

    return options_of({name: _command(name) for name in COMMANDS})


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


_Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")]


def _program() -> Any:
    app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None, context_settings=_HELP)

    @app.callback(invoke_without_command=True)
    def infusecalc(ctx: typer.Context, *, version: _Version = False) -> Reply | None:  # noqa: ARG001 - it is eager
        """Intravenous infliximab and rituximab (not for cancer): doses, vials, pump rates, dates; one patient or many.

        Every number has its source; see: infusecalc regimens show DRUG INDICATION. Check against the current label.
        """
        if ctx.invoked_subcommand is not None:
            return None
        from infusecalc.cli.overview import first_page  # noqa: PLC0415 - no command needs it

        return Reply("\n".join(first_page(COMMANDS)) + "\n")

    return typer.main.get_command(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; a refusal is one sentence on standard error."""
    try:
        if complete.asked():
            complete.prepare()
        reply = _program().main(
            list(arguments), prog_name="infusecalc", standalone_mode=False, complete_var=complete.VARIABLE
        )
        return reply.deliver() if isinstance(reply, Reply) else int(reply or 0)
    except (BadTable, BadSettings) as error:
        say(str(error), whose="")
        return error.exit_code
    except InfusecalcError as error:
        say(sentence(error))
        return error.exit_code
    except _USAGE_ERROR as error:
        from infusecalc.cli import usage  # noqa: PLC0415 - only a line that fits no command needs it

        say(escape(usage.sentence(error, arguments, _options)))
        return 2
    except KeyboardInterrupt:
        return 130


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
