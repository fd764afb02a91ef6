"""What patients ask of a drug, and what is answered."""

from __future__ import annotations

from infusecalc.statements.drug import Told
from infusecalc.statements.kinds import NAME, WORDS, ListOf, choice
from infusecalc.statements.statement import may, need


class Question(Told):
    """A question that patients ask, and its answer in plain words; the answer to one indication may be of its own."""

    question: str = need(WORDS, "the question; entries with the same one answer it together")
    text: str = need(WORDS, "the answer")
    regimens: tuple[str, ...] = may(ListOf(NAME), "the indications that it is an answer for; all, if none", ())
    sheet: str | None = may(choice("yes"), "yes, where it stands on the patient sheet too")

    def is_asked(self, label: str, population: str, indication: str) -> bool:
        """Whether it stands on the sheet of a patient with an indication, under a label."""
        mine = not self.regimens or indication in self.regimens
        return self.sheet is not None and mine and self.is_for(label, population)
