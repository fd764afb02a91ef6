"""The file of a site's settings: where it is, and what it says; nothing is imported or read where there is none."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infusecalc.errors import BadInput, BadSettings, escape
from infusecalc.frozen import Frozen

VARIABLE, NAME = "INFUSECALC_SETTINGS", "infusecalc.toml"
_HEAD = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class SettingsText(Frozen):
    """A file that was read: its place, its text, and what TOML makes of it."""

    path: Path
    text: str
    document: Mapping[str, Any]


def place(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> tuple[Path | None, bool]:
    """Where the file is, or would be, and whether the environment names it; None where there is no such folder."""
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE]), True
    if platform == "win32":
        return (Path(environ["APPDATA"], "infusecalc", NAME) if environ.get("APPDATA") else None), False
    folder = Path(environ.get("XDG_CONFIG_HOME") or "")
    if not folder.is_absolute():  # such a one is to be ignored, by the XDG Base Directory Specification
        home = Path(environ.get("HOME") or "")
        folder = home / ".config"
    return (folder / "infusecalc" / NAME if folder.is_absolute() else None), False


def read_settings() -> SettingsText | None:
    """The file; None where there is none. Raises BadInput, and BadSettings for what is no TOML."""
    path, named = place()
    if path is None:
        return None
    try:
        path.stat()
    except (OSError, ValueError) as error:
        if named:
            raise _unread(path, error) from None
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unread(path, error) from None
    return SettingsText(path, *_parsed(path, content))


def _unread(path: Path, error: OSError | ValueError) -> BadInput:
    reason = getattr(error, "strerror", None) or "it is not a file name"
    hint = f"mend it or the variable {VARIABLE}, or give --no-settings"
    return BadInput("settings file", path, f"cannot be read: {reason}", hint=hint)


def _parsed(path: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    """The text and what it says, as TOML; raises BadSettings."""
    import tomllib  # noqa: PLC0415 - only a file needs it

    place_ = escape(str(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadSettings((f"{place_}:{line}: is not UTF-8; save the file as UTF-8",)) from None
    try:
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number that is too long, or lists in lists without end
        found, what = _AT.search(str(error)), _AT.sub("", str(error))
        line = int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1 if found else 1
        allowed = 'KEY = VALUE, with text in quotes, as in paper = "a4"'
        raise BadSettings((f"{place_}:{line}: is not TOML: {what} (allowed: {allowed})",)) from None


def line_of(text: str, names: tuple[str, ...]) -> int:
    """The line of a key, or of the table that it is in: TOML's reader does not say it."""
    around, here = 1, tuple[str, ...]()
    for number, line in enumerate(text.split("\n"), 1):
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            here = _parts(head[1])
        whole = here if head else (*here, *_parts(key[1])) if key else ()
        if whole == names:
            return number
        if whole and whole == names[: len(whole)]:
            around = number
    return around


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip(" \t\"'") for part in dotted.split("."))
