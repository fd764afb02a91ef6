"""Every way in which infusecalc refuses: one exception tree, with the exit code on the class."""

from __future__ import annotations

import unicodedata

SHOWN = 80  # characters of a refused value that a message repeats
_BYTES = range(0xDC80, 0xDD00)  # how Python keeps bytes that are not UTF-8
_BIDI = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C}


def escape(text: str) -> str:
    """Spell out control characters, lone surrogates and marks that reorder text: they must not act."""
    return "".join(
        char
        if char.isprintable() and ord(char) not in _BIDI
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        if ord(char) not in _BYTES
        else f"\\x{ord(char) - 0xDC00:02x}"
        for char in text
    )


def shown(value: object) -> str:
    """A refused value as a message repeats it: quoted, short, and harmless to a terminal."""
    text = str(value)
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return f"'{escape(cut)}'"


def has_controls(text: str) -> bool:
    """Whether a text holds control characters, or bytes that are not UTF-8."""
    return any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


class InfusecalcError(Exception):
    """A refusal that a person can act on; `exit_code` is what the command line ends with."""

    exit_code = 2


class BadInput(InfusecalcError):
    """One value that cannot be used.

    `what` names the input, `value` is as given, `problem` says what is wrong,
    `allowed` what would be right and `hint` what to do next.
    """

    def __init__(self, what: str, value: object, problem: str, *, allowed: str = "", hint: str = "") -> None:
        """Keep the parts, and build the sentence from them."""
        self.what, self.value, self.problem = what, value, problem
        self.allowed, self.hint = allowed, hint
        parts = [what if value is None else f"{what} {shown(value)}", problem]
        sentence = " ".join(parts)
        if allowed:
            sentence += f" (allowed: {allowed})"
        if hint:
            sentence += f"; {hint}"
        super().__init__(sentence)


class UnknownName(BadInput):
    """A name that is not in the table; `nearest` lists what it may have been meant to be."""

    def __init__(self, what: str, value: object, *, known: tuple[str, ...], nearest: tuple[str, ...]) -> None:
        """Name the nearest names, or all of them where none is near; pick none."""
        self.nearest = nearest
        hint = f"nearest: {', '.join(nearest)}" if nearest else "none is near" if known else "leave it out"
        problem, hint = ("is not known", hint) if str(value).strip() else ("is empty", "")
        super().__init__(what, value, problem, allowed=", ".join(known) or "none here", hint=hint)


class MissingExtra(InfusecalcError, ImportError):
    """A part of the program that an optional package carries, and it is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        """Say what needs which package, and how to install it."""
        self.what, self.package, self.extra = what, package, extra
        super().__init__(f"{what} needs {package}; install it with: python -m pip install 'infusecalc[{extra}]'")


class BadTable(InfusecalcError):
    """A regimen table with faults: all of them, each `file:line: path: what (allowed: ...)`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Keep the faults; the message is one line for each."""
        self.faults = faults
        super().__init__("\n".join(faults))
