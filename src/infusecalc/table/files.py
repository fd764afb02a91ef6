"""A table file to its bytes, digest and nodes: whole, or cut into entries that are composed when they are needed."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from yaml.nodes import Node

from infusecalc.errors import BadInput, BadTable
from infusecalc.frozen import Frozen
from infusecalc.table.nodes import Fault, compose, unsafe

_LARGEST = 5_000_000  # bytes: no table that a person reviews is as long
_KEY = re.compile(r"(  )?([a-z][a-z0-9/_-]*):(?: |$)", re.ASCII)


class Piece(Frozen):
    """One entry of a file, before it is composed: where it stands, and its text."""

    file: str
    section: str
    name: str
    line: int
    text: str

    def compose(self) -> Node:
        """The entry as a mapping of its one key, with the lines that it has in the file."""
        return _composed("\n" * self.line + self.text, self.file)


class Document(Frozen):
    """One file of the table, as it was read: composed under `root`, or cut into `pieces`."""

    name: str
    local: bool
    sha256: str
    root: Node
    pieces: tuple[Piece, ...]


def shipped_path() -> Path:
    """The regimen table that belongs to this package: inside an installed one, at the top of a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "regimens.yaml"
    return inside if inside.exists() else package.parent.parent / "regimens.yaml"


def _read(path: Path, name: str) -> bytes:
    """The bytes of a table file; raises BadInput where there is none."""
    hint = "give a YAML file in the form of regimens.yaml"
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}"
        raise BadInput("regimen table", name, problem, hint=hint) from None
    if len(content) > _LARGEST:
        raise BadInput("regimen table", name, "is over 5 MB", hint=hint)
    return content


def open_document(path: Path, name: str, *, local: bool = False, whole: bool = True) -> Document:
    """Read one file, and compose it where it is wanted `whole`; raises BadInput or BadTable."""
    content = _read(path, name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8"
        raise BadInput("regimen table", name, f"is not UTF-8 at byte {error.start}", hint=hint) from None
    digest = sha256(content).hexdigest()
    pieces = () if whole else cut(text, name)
    if pieces:
        head = [piece.text for piece in pieces if not piece.name]
        return Document(name, local, digest, _composed("".join(head) or "{}", name), pieces)
    fault = unsafe(text, name) if local else None
    if fault:
        raise BadTable((str(fault),))
    return Document(name, local, digest, _composed(text, name, local=True) if local else _composed_once(text, name), ())


@lru_cache(maxsize=2)
def _composed_once(text: str, name: str) -> Node:
    """A whole table, composed once for as long as it stays the same: a site's files are laid over one and the same."""
    return _composed(text, name)


def _composed(text: str, name: str, *, local: bool = False) -> Node:
    root = compose(text, name, local=local)
    if isinstance(root, Fault):
        raise BadTable((str(root),))
    return root


def cut(text: str, file: str) -> tuple[Piece, ...]:
    """The pieces of a table whose sections and entries stand in block style, two columns apart; else none.

    A look-up needs a few entries of hundreds: composing just those takes a tenth of the time. Every piece
    keeps its place in the file, so that faults keep their lines.
    """
    lines = text.split("\n")
    section, starts = "", []
    for number, line in enumerate(lines):
        if line[:1] in ("#", "") or line[:3] == "   " or line.lstrip(" ")[:1] in ("#", ""):
            continue
        found = _KEY.match(line)
        if not found or not (found[1] or found[2] == "version" or line.endswith(":")):
            return ()
        section = section if found[1] else found[2]
        starts.append((number, section, found[2] if found[1] else ""))
    ends = [number for number, _, _ in starts[1:]] + [len(lines)]
    return tuple(
        Piece(file, part, name, number, "\n".join(lines[number:end]))
        for (number, part, name), end in zip(starts, ends, strict=True)
        if name or part == "version"
    )
