"""What a statement of the table is: a map with known keys, each declared once with its kind and its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any, ClassVar, dataclass_transform

from infusecalc.frozen import Frozen
from infusecalc.statements.kinds import NAME, WORDS, ListOf, Named, choice


class Key(Frozen):
    """One key of a statement: the kind of its value, what it means, and what holds where it is absent."""

    kind: Any
    meaning: str
    needed: bool
    absent: Any


def need(kind: Any, meaning: str) -> Any:
    """A key that must be there."""
    return Key(kind, meaning, needed=True, absent=None)


def may(kind: Any, meaning: str, absent: Any = None) -> Any:
    """A key that may be there; `absent` holds where it is not."""
    return Key(kind, meaning, needed=False, absent=absent)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Statement(Frozen):
    """A map of the table. Its parts are its keys; a key that Python keeps for itself has an underscore (`from_`)."""

    keys: ClassVar[dict[str, Key]] = {}

    def __init_subclass__(cls) -> None:
        own = [name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")]
        declared = {name.rstrip("_"): vars(cls)[name] for name in own}
        inherited = cls.keys
        super().__init_subclass__()
        cls.keys = declared | {key: value for key, value in inherited.items() if key not in declared}
        cls._names = tuple(part_of(key) for key in cls.keys)
        cls._known = frozenset(cls._names)
        cls._absent = {part_of(key): value.absent for key, value in cls.keys.items() if not value.needed}
        for name in own:
            delattr(cls, name)

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong between its values: a key, and the problem."""
        yield from ()


def part_of(key: str) -> str:
    """The part of a statement that a key fills."""
    return f"{key}_" if iskeyword(key) else key


class Citation(Frozen):
    """Where one statement was read: the id of a source, and the place in it; `local` where a site's file cites it."""

    id: str
    section: str = ""
    local: bool = False

    def __str__(self) -> str:
        """As the table writes it: `us-inflectra-pi 2.1`; for a statement of a site `site: us-inflectra-pi 2.1`."""
        return f"{'site: ' if self.local else ''}{self.id} {self.section}".strip()


Cited = tuple[Citation, ...]
CITED = ListOf(Named("sources", cites=True), lone=True)


class Sourced(Statement):
    """A statement with a source of its own."""

    source: Cited = need(CITED, "where it was read: the id of a source, and words on the place in it")


SHORT = "the same in one line or two, for the first screen: no drug, dose or time is left out"


class Note(Sourced):
    """One statement in words."""

    text: str = need(WORDS, "what it says")
    short: str | None = may(WORDS, SHORT)


class Screening(Note):
    """What is done before the first infusion; `each`: it is done before each one, so it is never done for good."""

    each: str | None = may(choice("yes"), "yes, where it is done before each infusion")


def done_once(screenings: Mapping[str, Screening]) -> list[str]:
    """The names of the screenings that are done for good when they were done."""
    return [name for name, rule in screenings.items() if not rule.each]


class Companion(Note):
    """A drug that is given with it: in one phase alone where it names one."""

    phase: str | None = may(NAME, "the phase in which it is given; every one, where it names none")
