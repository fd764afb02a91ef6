"""`ask`: the questions one by one on a terminal, then the answer, and the command line that gives it again."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import typer

from infusecalc.cli.command import program
from infusecalc.cli.flags import sentence
from infusecalc.cli.missing import needs_bsa
from infusecalc.cli.options import TABLE, takes
from infusecalc.cli.reply import Reply, site_table
from infusecalc.dates import parse_date
from infusecalc.errors import BadInput, InfusecalcError, escape
from infusecalc.patient import Patient
from infusecalc.quantities import parse_weight
from infusecalc.regimen import Regimen
from infusecalc.spelling import normal, one_of
from infusecalc.statements import Indication
from infusecalc.table import Table

Item = TypeVar("Item")

_UNITS = ("kg", "lb")
_NONE = "none"


@takes(*TABLE)
def ask(**given: Any) -> int:
    """Questions one by one, then the answer, and the command line that gives it again. On a terminal only.

    \b
    Examples:
      infusecalc ask
      infusecalc ask --regimens site.yaml
    """  # noqa: D301 - \b keeps the lines of the examples apart
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        hint = "in a script or a pipe use: infusecalc dose, or infusecalc schedule"
        raise BadInput("ask", None, "needs a terminal to ask on", hint=hint)
    try:
        words = _Questions(site_table(given)).words()
    except EOFError:
        _write("\n")
        hint = "nothing is worked out; begin again with: infusecalc ask"
        raise BadInput("input", None, "ended before the last question", hint=hint) from None
    except KeyboardInterrupt:
        _write("\n")
        raise
    words += [] if given["regimens"] is None else ["--regimens", given["regimens"]]
    _write("\n")
    code = _answered(words)
    _write(f"\nThe same again:\n  {escape(quoted(['infusecalc', *words]))}\n")
    return code


def app(command: str) -> typer.Typer:
    """The typer program of the command."""
    return program(command, ask)


def quoted(words: list[str], system: str = os.name) -> str:
    """A command line as a shell takes it."""
    if system == "nt":
        from subprocess import list2cmdline  # noqa: PLC0415 - only Windows needs it

        return list2cmdline(words)
    return shlex.join(words)


def _answered(words: list[str]) -> int:
    """Write the answer of a command line, and return its exit code."""
    from infusecalc.cli import dose, schedule  # noqa: PLC0415 - only an answer needs them

    module = {"dose": dose, "schedule": schedule}[words[0]]
    command = typer.main.get_command(module.app(words[0]))
    with command.make_context(f"infusecalc {words[0]}", words[1:]) as context:
        reply: Reply = command.invoke(context)
    return reply.deliver()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _tell(text: str) -> None:
    _write(f"infusecalc: {text}\n")


def _asked(question: str, read: Callable[[str], Item]) -> Item:
    """An answer as `read` takes it; a wrong one is told in the words of its option, and asked again."""
    while True:
        _write(f"{question}: ")
        try:
            return read(input().strip())
        except UnicodeDecodeError:
            _tell("the answer is not UTF-8 text; type it again")
        except InfusecalcError as error:
            _tell(sentence(error))


class _Questions:
    """The questions in their order; each may look at the answers before it."""

    def __init__(self, table: Table) -> None:
        self.table, self.house = table, table.house()
        self.named = self.drug = self.indication = ""
        self.product: str | None = None

    def words(self) -> list[str]:
        """The command line that the answers make."""
        _asked(f"Drug ({', '.join(self.table.names('drugs'))}, or a brand)", self._take_drug)
        if not self.indication:
            self._list_indications()
            _asked("Indication (number or name)", self._take_indication)
        regimen = self._variant(self._regimen())
        person = self._size(regimen)
        age = _asked("Age, as in 34y or 8mo (press Enter if not known)", lambda text: self._age(person["weight"], text))
        person |= {"age": age} if age else {}
        chosen = {"label": regimen.label} | ({"variant": regimen.variant} if regimen.variant else {})
        question = "Start, as in 2026-12-01 or today (press Enter to leave out dates)"
        start = _asked(question, lambda text: str(parse_date(text, "start")) if text else "")
        options = chosen | person | ({"start": start} if start else {})
        told = [word for name, value in options.items() for word in (f"--{name}", value)]
        return ["schedule" if start else "dose", self.named, self.indication, *told]

    def _take_drug(self, text: str) -> None:
        typed, slash, second = text.partition("/")
        self.drug, self.product = self.table.find_drug(typed)
        self.named = self.product or self.drug
        self.indication = self.table.find_indication(self.drug, second) if slash else ""

    def _list_indications(self) -> None:
        listed = self.table.indications(self.drug)
        width = max(map(len, listed))
        for number, name in enumerate(listed, 1):
            known: Indication = self.table.get("regimens", f"{self.drug}/{name}")
            _write(f"  {number:2}  {name:{width}}  {known.name}\n")

    def _take_indication(self, text: str) -> None:
        listed = self.table.indications(self.drug)
        if not (text.isascii() and text.isdigit()):
            self.indication = self.table.find_indication(self.drug, text)
            return
        if not 1 <= int(text) <= len(listed):
            allowed = f"1 to {len(listed)}, or a name"
            raise BadInput("indication", text, "is not in the list", allowed=allowed)
        self.indication = listed[int(text) - 1]

    def _regimen(self) -> Regimen:
        """The regimen under the label that is chosen, of those that have it."""
        id_ = f"{self.drug}/{self.indication}"
        having = [label for label in self.table.labels if self.table.has_part("regimens", id_, label)]

        def under(text: str) -> Regimen:
            label = self.table.find_label(text or having[0])
            if self.product:
                self.table.product(self.product, label)
            return self.table.regimen(self.drug, self.indication, label)

        return _asked(f"Label ({', '.join(having)}; press Enter for {having[0]})", under)

    def _variant(self, regimen: Regimen) -> Regimen:
        """The regimen in the variant that is chosen, where it has any."""
        if not regimen.rules.variants:
            return regimen

        def varied(text: str) -> Regimen:
            if normal(text) in ("", _NONE):
                return regimen
            return self.table.regimen(self.drug, self.indication, regimen.label, text)

        return _asked(f"Variant ({', '.join((_NONE, *regimen.rules.variants))}; press Enter for {_NONE})", varied)

    def _size(self, regimen: Regimen) -> dict[str, str]:
        """The weight, and the height where a dose hangs on it; both are asked again where they do not go together."""
        while True:
            weight = _asked("Weight with its unit, as in 70kg or 154lb", self._weight)
            if not needs_bsa(regimen):
                return {"weight": weight}
            size = {"weight": weight, "height": _asked("Height, as in 175cm or 5ft9in", partial(self._height, weight))}
            try:
                Patient.of(**size).check(self.house, None)
            except BadInput as error:
                _tell(sentence(error))
            else:
                return size

    def _weight(self, text: str) -> str:
        parse_weight(text)
        if text[-1:].isdigit():
            text += _asked(f"{text} of which unit, {' or '.join(_UNITS)}", lambda unit: one_of("unit", unit, _UNITS))
        Patient.of(text).check(self.house, None)
        return text

    def _height(self, weight: str, text: str) -> str:
        try:
            Patient.of(weight, height=text).check(self.house, None)
        except BadInput as error:
            if error.field:  # else of weight and height together
                raise
        return text

    def _age(self, weight: str, text: str) -> str:
        if text:
            Patient.of(weight, age=text).check(self.house, None)
        return text
