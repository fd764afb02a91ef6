"""What a command answers: the text or data, where it goes, and the exit code that it ends with."""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

from infusecalc.errors import BadInput, escape
from infusecalc.frozen import Frozen
from infusecalc.output.files import whole_file, write_file, write_out
from infusecalc.table import Table, load_table

PIPE_WIDTH = 80
_WIDEST = 100
_ZIP = b"PK"  # how a spreadsheet begins


class Reply(Frozen):
    """A finished answer; `blocks` are the keys of the findings that block, `failed` says why a check did.

    `note` is what to know of the answer beside it, `beside` a second file: its name and content. `many`: it is about
    the rows of a cohort.
    """

    text: str | bytes
    output: str | None = None
    quiet: bool = False
    blocks: tuple[str, ...] = ()
    failed: str | None = None
    note: str | None = None
    rejected: bool = False
    many: bool = False
    beside: tuple[str, bytes] | None = None

    @property
    def exit_code(self) -> int:
        """4 where rows were rejected, 3 where a finding blocks or a check failed, else 0."""
        return 4 if self.rejected else 3 if self.blocks or self.failed else 0

    def deliver(self) -> int:
        """Write the answer where it goes, say so, and return the exit code; 0 where the reader has gone away."""
        content = self.text if isinstance(self.text, bytes) else self._encoded(self.text)
        if isinstance(self.text, bytes) and self.output in (None, "-") and _on_a_terminal() and b"\0" in content:
            what = "a spreadsheet" if content.startswith(_ZIP) else "a PDF"
            problem = f"is missing: {what} cannot be shown on a terminal"
            raise BadInput("`output`", None, problem, hint="write to a file, or pipe it")
        with self._second():
            if self.output not in (None, "-"):
                write_file(str(self.output), content)
            elif not write_out(content):
                return 0
        for name in (self.output, self.beside and self.beside[0]):
            if name not in (None, "-"):
                self._say(f"wrote {escape(str(name))}")
        if self.note:
            self._say(self.note)
        if self.failed:
            self._say(self.failed)
        if self.blocks:
            from infusecalc.findings import how_to_go_on  # noqa: PLC0415 - only a block needs it

            self._say(f"blocked by {', '.join(self.blocks)}; {how_to_go_on(self.blocks, many=self.many)}")
        return self.exit_code

    @contextlib.contextmanager
    def _second(self) -> Iterator[None]:
        """The second file, written before the first, which gets its name after it."""
        if self.beside is None:
            yield
            return
        name, content = self.beside
        with whole_file(name, "`key`") as path:
            path.write_bytes(content)
            yield

    def _encoded(self, text: str) -> bytes:
        """Text in UTF-8; on a terminal that takes ASCII alone, other characters are spelled out: they might act."""
        if self.output in (None, "-") and _on_a_terminal() and _only_ascii():
            return text.encode("ascii", "backslashreplace")
        return text.encode("utf-8", "surrogateescape")

    def _say(self, text: str) -> None:
        if not self.quiet:
            say(text)


def say(text: str, whose: str = "infusecalc: ") -> None:
    """Speak to standard error; if nobody listens, that is no reason to fail."""
    try:
        sys.stderr.write(f"{whose}{text}\n")
        sys.stderr.flush()
    except OSError:
        pass


def site_table(given: dict[str, Any]) -> Table:
    """The table, with the site's own file that an option, the environment or the settings name."""
    read: Table | None = given["settings"].table  # where the settings needed it
    if read is not None:
        return read
    named = given["regimens"]
    return load_table(os.environ.get("INFUSECALC_REGIMENS") or None if named is None else named)


def _on_a_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _only_ascii() -> bool:
    return codecs.lookup(sys.stdout.encoding).name == "ascii"


def width(output: str | None) -> int:
    """The columns to write for: a terminal's own, up to a readable line, else 80."""
    if output in (None, "-") and _on_a_terminal():
        return max(PIPE_WIDTH, min(shutil.get_terminal_size().columns, _WIDEST))
    return PIPE_WIDTH


def colour(output: str | None, *, no_color: bool) -> bool:
    """Whether to colour: only on a terminal, and not where NO_COLOR or --no-color says otherwise."""
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return output in (None, "-") and _on_a_terminal() and not plain
