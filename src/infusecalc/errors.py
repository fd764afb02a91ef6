"""Every way in which infusecalc refuses: one exception tree, with the exit code on the class.

A sentence names an argument of the library in backticks: `maintenance_start`. The command line shows it as its option.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

SHOWN = 80  # characters of a refused value that a message repeats
_BYTES = range(0xDC80, 0xDD00)  # how Python keeps bytes that are not UTF-8
_ARGUMENT = re.compile(r"`([a-z_]+)`")
_FIELDS = {
    "weight": "weight", "date of a weight": "weight", "height": "height", "BSA": "bsa", "BSA cap": "bsa_cap",
    "BSA formula": "bsa_formula", "age": "age", "date of birth": "born", "patient id": "id", "drug": "drug",
    "indication": "indication", "label": "label", "variant": "variant", "product": "product", "protocol": "protocol",
    "condition": "has", "bag": "bag", "start": "start", "dose": "dose", "frame": "frame", "regimen table": "regimens",
}  # set in rows # fmt: skip
"""What people call an argument, where that is not its name in backticks, and the name of the argument."""
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
    """A refusal that a person can act on: `str` is a sentence. `exit_code` is what the command line ends with.

    Anything else that is raised is a bug, but for the TypeError of an argument that a function does not have.
    """

    exit_code = 2


class BadInput(InfusecalcError):
    """One value that cannot be used; `str` is the whole sentence.

    `reason` is the sentence that is safe to log: it holds no value of a patient. `field` is the argument of the library
    that is at fault (`start`, `weight`, `for_` ...); None where several are, or none is. The parts of the sentence:
    `what` names the input, `value` is as given, `problem` says what is wrong and `detail` with which other values,
    `allowed` is what would be right (behind `how`: `allowed:` or `must be`), and `hint` what to do next. Only `value`
    and `detail` hold what was said of a patient.
    """

    def __init__(
        self,
        what: str,
        value: object,
        problem: str,
        *,
        detail: str = "",
        allowed: str = "",
        hint: str = "",
        how: str = "allowed:",
        field: str | None = None,
    ) -> None:
        """Keep the parts, and build the sentence from them."""
        self.what, self.value, self.problem, self.detail = what, value, problem, detail
        self.allowed, self.hint, self.how = allowed, hint, how
        named = _ARGUMENT.findall(what)
        self.field = field or (named[0] if len(named) == 1 else _FIELDS.get(what))
        super().__init__(self.sentence())

    def sentence(self, argument: Callable[[str], str] = "`{}`".format) -> str:
        """The whole sentence; `argument` says how the name of an argument is shown."""
        what, problem, allowed, hint = _worded(argument, self.what, self.problem, self.allowed, self.hint)
        said = what if self.value is None else f"{what} {shown(self.value)}"
        return self._put_together(said, _beside(problem, self.detail), allowed, hint)

    @property
    def fault(self) -> str:
        """What is wrong, with the values that it is about."""
        return _beside(self.problem, self.detail)

    @property
    def reason(self) -> str:
        """The sentence without any value of a patient: it may be logged, or shown of one among many."""
        return self.reason_with("`{}`".format)

    def reason_with(self, argument: Callable[[str], str]) -> str:
        """The same, where `argument` says how the name of an argument is shown."""
        return self._put_together(*_worded(argument, self.what, self.problem, self.allowed, self.hint))

    def _put_together(self, what: str, problem: str, allowed: str, hint: str) -> str:
        sentence = f"{what} {problem}" + (f" ({self.how} {allowed})" if allowed else "")
        return f"{sentence}; {hint}" if hint else sentence


def _worded(argument: Callable[[str], str], *texts: str) -> list[str]:
    """Texts with each name of an argument shown as `argument` has it."""
    return [_ARGUMENT.sub(lambda found: argument(found[1]), text) for text in texts]


def _beside(problem: str, detail: str) -> str:
    """A problem with what it is about, as a sentence goes on."""
    return problem + (detail if detail[:1] in (":", ",", ";", "") else f" {detail}")


class Blocked(InfusecalcError):
    """What is not made from a plan that blocks; `keys` are those of the findings that block."""

    exit_code = 3

    def __init__(self, what: str, keys: tuple[str, ...], how: str) -> None:
        """Say what is not made, which findings block, and how to go on."""
        self.what, self.keys = what, keys
        super().__init__(f"{what} is not made from a plan that is blocked by {', '.join(keys)}; {how}")


class UnknownName(BadInput):
    """A name that is not in the table; `nearest` lists what it may have been meant to be.

    `of` is the drug or the regimen that has no such name, and `but` says what has it, where something has. `see` says
    where the names are listed, where they are too many for a sentence.
    """

    def __init__(
        self,
        what: str,
        value: object,
        *,
        known: tuple[str, ...],
        nearest: tuple[str, ...],
        of: str = "",
        but: str = "",
        see: str = "",
        hint: str = "",
        field: str | None = None,
    ) -> None:
        """Name the nearest names, and all that are allowed, or where to find these; pick none. `hint` comes last."""
        self.nearest, last = nearest, hint
        hint = f"nearest: {', '.join(nearest)}" if nearest else "no similar name" if known else "leave it out"
        problem, hint = ("is not known", hint) if str(value).strip() else ("is empty", "")
        detail = f"for {of}" if of and hint else ""
        if but:
            detail, hint = f"{detail}: {but}", ""
        allowed = "" if see else ", ".join(known) or "none here"
        hint = "; ".join(part for part in (hint, see and f"for the names see: {see}", last) if part)
        super().__init__(what, value, problem, detail=detail, allowed=allowed, hint=hint, field=field)


class WeightUnknown(BadInput):
    """A day before the first of the weights that were given with dates."""


class MissingExtra(InfusecalcError, ImportError):
    """A part of the program needs a `package` that is not installed; the message says how to install the `extra`."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        """Say what needs which package, and how to install it."""
        self.what, self.package, self.extra = what, package, extra
        how = f"python -m pip install 'infusecalc[{extra}]' (in a clone: python -m pip install '.[{extra}]')"
        super().__init__(f"{what} needs {package}; install it with: {how}")


class BadTable(InfusecalcError):
    """A regimen table with faults: all of them in `faults`, each `file:line: path: what (allowed: ...)`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Keep the faults; the message is one line for each."""
        self.faults = faults
        super().__init__("\n".join(faults))


class BadSettings(InfusecalcError):
    """A file of settings with faults: all of them in `faults`, each `file:line: what (allowed: ...)`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Keep the faults; the message is one line for each."""
        self.faults = faults
        super().__init__("\n".join(faults))
