"""A site's settings as an answer: what is in force, where from, and what may be set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infusecalc.errors import escape
from infusecalc.frozen import Frozen
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Rows
from infusecalc.output.flat import Record


class InForce(Frozen):
    """A setting: its value, the file or the variable that it is from, and its line there."""

    key: str
    value: Any
    from_: str
    line: int | None

    def record(self) -> Record:
        """As data have it."""
        return {"key": self.key, "value": self.value, "from": self.from_, "line": self.line}


class KeyTold(Frozen):
    """A key that may be set: an example of its value, and what it is."""

    key: str
    example: str
    means: str


class SettingsAnswer(Answer):
    """What `settings` answers."""

    columns = ("key", "value", "from", "line")

    def __init__(
        self,
        path: Path | None,
        listed: Sequence[InForce],
        keys: Sequence[KeyTold],
        *,
        read: bool,
        there: bool,
        named: bool,
    ) -> None:
        """The place of the file, whether it was read, is there and is named in the environment; what is set."""
        self.path, self.listed, self.keys, self.read, self.there, self.named = path, listed, keys, read, there, named

    def document(self) -> Record:
        """`infusecalc.settings/1`."""
        return {
            "schema": "infusecalc.settings/1",
            "file": None if self.path is None else str(self.path),
            "read": self.read,
            "in_force": [each.record() for each in self.listed],
            "keys": [each.as_dict() for each in self.keys],
        }

    def rows(self) -> Iterator[Record]:
        """A record a setting."""
        yield from ({**each.record(), "value": _text(each.value)} for each in self.listed)

    def page(self) -> Iterator[Block]:
        """What is in force, then what may be set."""
        yield Heading("Settings", TITLE)
        yield Lines((self._place(),))
        yield Heading("In force")
        if self.listed:
            where = (f"{each.from_}, line {each.line}" if each.line else each.from_ for each in self.listed)
            rows = (
                (each.key, escape(_text(each.value)), escape(told))
                for each, told in zip(self.listed, where, strict=True)
            )
            yield Rows(("key", "value", "from"), tuple(rows), folds=(1,))
        else:
            yield Lines(("none: every option has its usual value",))
        yield Heading("What may be set")
        yield Rows(
            ("key", "example", "what it is"),
            tuple((each.key, each.example, each.means) for each in self.keys),
            folds=(1,),
        )
        how = "To set one, write a line KEY = VALUE into the file; docs/settings.md has an example."
        yield Lines((how, "An option that is typed goes before a setting. --no-settings ignores the file."))

    def _place(self) -> str:
        if self.path is None:
            return "No settings: there is no configuration folder; name a file in INFUSECALC_SETTINGS."
        path = escape(str(self.path))
        if not self.read:
            if self.there:
                return f"No settings: --no-settings was given. File: {path}"
            return f"No settings: there is no file. Its place would be: {path}"
        return f"File: {path}" + (", named in INFUSECALC_SETTINGS" if self.named else "")


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
