"""What differs between two tables as data and as a page: the clinical values first, then what they do to patients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from infusecalc.errors import escape
from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines
from infusecalc.output.flat import Record, vials_text
from infusecalc.quantities import number
from infusecalc.table import Table
from infusecalc.table_diff import KINDS, PATIENTS, START, Difference, Effect

_HEADINGS = {
    "clinical": "Clinical: values, limits and rules; texts whose figures, or words such as 'not' and 'before', differ",
    "source": "Sources",
    "wording": "Wording: names, and texts with the same figures. Read them: a word can matter",
}
_CALLED = {"times": "infusion times"}
"""What people call what differs, where data have another word."""
_DATA: dict[str, Callable[[Any], Any]] = {"dates": str, "doses": number, "vials": vials_text, "times": number}
_WORDS: dict[str, Callable[[Any], str]] = {
    "dates": str,
    "doses": phrases.mg,
    "vials": vials_text,
    "bags": lambda value: f"{value} mL",
    "times": lambda value: "unknown" if value is None else f"{number(value)} min",
    "findings": str,
    "refused": str,
}


class DiffAnswer(Answer):
    """What `regimens diff` answers."""

    def __init__(
        self,
        tables: tuple[Table, Table],
        names: tuple[str, str],
        paths: Sequence[Difference],
        effects: Sequence[Effect],
        fail_on: str | None,
    ) -> None:
        """Two tables by the names that were typed, and what differs; `fail_on` is the kind that fails."""
        self.tables, self.names, self.paths, self.effects = tables, names, paths, effects
        found = sum(each.kind == fail_on for each in paths)
        if found:
            self.failed = f"{found} {fail_on} value{'s' if found > 1 else ''} differ{'' if found > 1 else 's'}"

    def document(self) -> Record:
        """`infusecalc.diff/1`."""
        sides = zip(("old", "new"), self.names, self.tables, strict=True)
        return {
            "schema": "infusecalc.diff/1",
            **{side: _table(name, table) for side, name, table in sides},
            "counts": {kind: sum(each.kind == kind for each in self.paths) for kind in KINDS},
            "paths": [each.as_dict() for each in self.paths],
            "patients": {"start": START} | PATIENTS,
            "effects": [
                each.as_dict() | {"old": _data(each.what, each.old), "new": _data(each.what, each.new)}
                for each in self.effects
            ],
        }

    def rows(self) -> Iterator[Record]:
        """A record a path, then one an effect."""
        for path in self.paths:
            place = {"kind": path.kind, "id": path.id, "label": None, "variant": None, "patient": None, "what": None}
            yield place | {"old": path.old, "new": path.new}
        for each in self.effects:
            sides = {"old": _flat(each.what, each.old), "new": _flat(each.what, each.new)}
            yield {"kind": "effect"} | each.as_dict() | sides

    def page(self) -> Iterator[Block]:
        """The paths by kind, then the effects by regimen, label and patient."""
        old, new = (escape(name) for name in self.names)
        yield Heading(f"From {old} to {new}", TITLE)
        lent = (
            f"{each} is missing in {name}: this program's is used"
            for name, table in zip((old, new), self.tables, strict=True)
            for each in table.lent
        )
        counts = ", ".join(f"{sum(each.kind == kind for each in self.paths)} {kind}" for kind in KINDS)
        yield Lines((f"Values that differ: {counts}", *lent))
        for kind in KINDS:
            mine = [each for each in self.paths if each.kind == kind]
            if mine:
                yield Heading(_HEADINGS[kind])
                yield Lines(tuple(f"{each.id}: {_arrow(each.old, each.new)}" for each in mine), listed=True)
        yield from self._effects()

    def _effects(self) -> Iterator[Block]:
        yield Heading(f"Effect on an adult and a child, in every regimen, first infusion on {START}")
        told = "; ".join(f"{name}: {', '.join(each.values())}" for name, each in PATIENTS.items())
        yield Lines((told,))
        if not self.effects:
            yield Lines(("No dose, date, vial, bag, time or finding differs.",), listed=True)
        for place, own in groupby(self.effects, key=lambda each: (each.id, each.label, each.variant, each.patient)):
            id_, label, variant, patient = place
            yield Heading(f"{id_}{f', variant {variant}' if variant else ''}, {label}, {patient}")
            both = ((_CALLED.get(each.what, each.what), _arrow(*said(each))) for each in own)
            yield Lines(tuple(f"{what}: {sides}" for what, sides in both), listed=True)


def _table(name: str, table: Table) -> Record:
    local = [file.sha256 for file in table.files if file.local]
    own = {"sha256": table.files[0].sha256, "local_sha256": local[0] if local else None}
    return {"name": name, "version": table.version} | own | {"lent": list(table.lent)}


def _arrow(old: str | None, new: str | None) -> str:
    if old is None:
        return f"added: {new}"
    return f"removed: {old}" if new is None else f"{old} -> {new}"


def said(effect: Effect) -> tuple[str | None, str | None]:
    """Both sides of an effect in words; of findings only those that the other side does not have."""
    old, new = effect.old, effect.new
    if effect.what == "findings" and old is not None and new is not None:
        gone = tuple(each for each in old if each not in new)
        come = tuple(each for each in new if each not in old)
        old, new = (gone or None, come or None) if gone or come else (old, new)
    return _in_words(effect.what, old), _in_words(effect.what, new)


def _in_words(what: str, values: tuple[Any, ...] | None) -> str | None:
    """The values of the infusions, equal ones that follow each other as one; None where there is no such course."""
    if values is None:
        return None
    texts = [_WORDS[what](value) for value in values]
    groups = ((text, sum(1 for _ in same)) for text, same in groupby(texts))
    return ", ".join(text if count == 1 else f"{text} ({count} infusions)" for text, count in groups)


def _data(what: str, values: Iterable[Any] | None) -> list[Any] | None:
    """The values of the infusions as data has them."""
    if values is None:
        return None
    return [value if value is None else _DATA.get(what, _as_it_is)(value) for value in values]


def _flat(what: str, values: Iterable[Any] | None) -> str | None:
    """The values of the infusions in one text."""
    told = _data(what, values)
    return None if told is None else ";".join("" if value is None else str(value) for value in told)


def _as_it_is(value: Any) -> Any:
    return value
