"""Where statements were read, the labels that regimens follow, and what a patient may have."""

from __future__ import annotations

from infusecalc.statements.kinds import NAME, WORDS, ListOf, Named, choice
from infusecalc.statements.statement import Cited, Sourced, Statement, may, need

OURS, OWN_RULE = "house", "infusecalc's own rule"
"""The source of our own rules, and what people read in its place."""
GRADES = (
    "label", "manufacturer", "agency", "trial", "guideline", "secondary", "recalled", "derived", "house",
)  # set in rows # fmt: skip
_SAID = {
    "recalled": "general knowledge",  # beside a brand, 'recalled' reads as a product that was called back
    "house": "own rule",  # in a hospital a 'house rule' is that of the hospital
}
SITE = "site"
"""The grade of what a site's file says, whatever it says of itself."""


LOWEST_FIRST = (
    SITE, "recalled", "secondary", "derived", "house", "guideline", "trial", "agency", "manufacturer", "label",
)  # set in rows # fmt: skip
"""The grades as a reviewer looks at them: what only the site has read, what nobody has read in a document, what was
read about a document and not in it, what we have computed or chosen, and last what stands in documents themselves."""


def grades_said(grades: str) -> str:
    """Grades, joined with commas, as people read them."""
    return ", ".join(_SAID.get(grade, grade) for grade in grades.split(", "))


class Source(Statement):
    """A document in which statements were read, with the grade of what it says."""

    title: str = need(WORDS, "its title")
    publisher: str = need(WORDS, "who published it, or unknown")
    date: str = need(WORDS, "its date, or unknown")
    section: str = need(WORDS, "the part that was read, or unknown")
    url: str = need(WORDS, "where it stands, or unknown")
    grade: str = need(choice(*GRADES), "how far to trust it")


class Label(Sourced):
    """An authority whose text a regimen may follow. The first one of the table is the usual one."""

    name: str = need(WORDS, "what people call its text")
    authority: str = need(WORDS, "who approves it")
    language: str = need(WORDS, "the language in which it was read")


class Condition(Statement):
    """Something that a patient may have; `read_as` names the worst of several classes."""

    name: str = need(WORDS, "what it is")
    aliases: tuple[str, ...] = may(ListOf(NAME), "its other names", ())
    read_as: str | None = may(Named("conditions"), "the condition that a name which leaves something open is read as")
    no_regimen: str | None = may(WORDS, "what is said where it is typed as an indication: that no regimen is for it")


def is_ours(cited: Cited) -> bool:
    """Whether a statement rests on our own rules alone."""
    return {each.id for each in cited} == {OURS}
