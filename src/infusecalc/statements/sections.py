"""The sections of the table: what the head of an entry is, its other parts, and what it says under each label."""

from __future__ import annotations

from typing import Any

from infusecalc.frozen import Frozen
from infusecalc.statements.codes import CODES, KnownCode
from infusecalc.statements.drug import (
    NOTES,
    Drug,
    DrugRules,
    ForPatients,
    Product,
    ProductRules,
    Protocol,
    Subcutaneous,
    Titration,
)
from infusecalc.statements.house import House
from infusecalc.statements.kinds import MapOf
from infusecalc.statements.question import Question
from infusecalc.statements.regimen import Indication, RegimenRules
from infusecalc.statements.sources import Condition, Label, Source
from infusecalc.statements.statement import Statement


class Section(Frozen):
    """A section: its entries have a head, parts of other kinds, and one part for each label.

    The head and each part are read by themselves, so that a look-up reads no more than it needs.
    """

    head: type[Statement]
    parts: dict[str, Any] = {}  # noqa: RUF012 - never changed
    by_label: type[Statement] | None = None


SECTIONS = {
    "labels": Section(Label),
    "sources": Section(Source),
    "conditions": Section(Condition),
    "titrations": Section(Titration),
    "protocols": Section(Protocol),
    "codes": Section(KnownCode),
    "drugs": Section(
        Drug,
        {
            "codes": CODES,
            "about": NOTES,
            "patient": ForPatients,
            "questions": MapOf(Question),
            "subcutaneous": Subcutaneous,
        },
        DrugRules,
    ),
    "products": Section(Product, {"codes": CODES}, ProductRules),
    "regimens": Section(Indication, {}, RegimenRules),
}
HOUSE = {key: value.kind for key, value in House.keys.items()}
"""The entries of the section `house`, each with its kind."""
