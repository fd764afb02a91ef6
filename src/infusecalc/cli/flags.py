"""The arguments that a sentence of the library names to the flags that people type."""

from __future__ import annotations

import re

from infusecalc.errors import BadInput, InfusecalcError

FLAGS = {"id": "--patient-id"}
"""Every option of the commands that were built, by its name in the library; a word without a flag is there too."""


def flag_of(name: str) -> str:
    """An argument as it is typed; in backticks, as it stands, where no command has it."""
    return FLAGS.get(name, f"`{name}`")


def with_flags(text: str) -> str:
    """A text with the flag for every argument that it names in backticks."""
    return re.sub(r"`([a-z_]+)`", lambda found: flag_of(found[1]), text)


def sentence(error: InfusecalcError) -> str:
    """What is said of a refusal; values that were given stay as they are."""
    return error.sentence(flag_of) if isinstance(error, BadInput) else str(error)
