"""A Course to its sheet: how it is made up and kept, what is done before, during and after each infusion."""

from __future__ import annotations

from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.frozen import Frozen
from infusecalc.output import phrases
from infusecalc.preparation import Preparation
from infusecalc.quantities import people, plain
from infusecalc.statements import Cited, Note


class Topic(Frozen):
    """One statement of the sheet; `before` is in minutes before the infusion, None where no time is said."""

    section: str
    name: str
    text: str
    source: Cited
    before: int | None = None


def sheet(course: Course) -> Iterator[Topic]:
    """Every statement, section by section, in the order of the work."""
    rules, product = course.regimen.drug_rules, course.product
    done = {each.name: f"{each.told}: " for each in course.choices.done}
    note: Note
    for name, note in rules.screening.items():
        yield Topic("Before the first infusion", name, done.get(name, "") + note.text, note.source)
    for name, drug in course.regimen.premedication.items():
        yield Topic("Premedication", name, drug.text, drug.source, drug.before)
    for name, note in course.handling.items():
        yield Topic("Preparation", name, note.text, note.source)
    yield Topic("Preparation", "concentration", _concentration(course), rules.preparation.concentration.source)
    for name, note in product.storage.items():
        yield Topic(f"Storage of {course.product_name}", name, note.text, note.source)
    if course.product.billing and rules.modifiers:
        yield Topic("Billing", "lines", _billing(course), product.billing.source if product.billing else ())
    for name, note in rules.monitoring.items():
        yield Topic("Monitoring", name, note.text, note.source)
    if rules.reaction:
        yield Topic("Monitoring", "reaction", rules.reaction.text, rules.reaction.source)
    for name, note in course.case.companions.items():
        yield Topic("Other drugs to give", name, note.text, note.source)


def _concentration(course: Course) -> str:
    """The label's range, and where each dose lies in it."""
    limits = course.regimen.drug_rules.preparation.concentration
    allowed = f"{plain(limits.from_, 3)} to {plain(limits.to, 3)}" if limits.from_ else f"at most {plain(limits.to, 3)}"
    lies = "; ".join(f"{dose.name} {_lies(dose.preparation)}" for dose in course.phases)
    return f"{allowed} mg/mL; {lies}"


def _lies(made_up: Preparation) -> str:
    if made_up.too_much is not None:
        return phrases.bag(made_up)
    return f"{people(made_up.concentration)} mg/mL in {people(made_up.bag, 0)} mL"


def _billing(course: Course) -> str:
    """The lines of a claim for one infusion of each dose."""
    parts = []
    for dose in course.phases:
        lines = " and ".join(phrases.billing_line(*line) for line in dose.preparation.billing_lines)
        parts.append(f"{dose.name} {lines}")
    return "; ".join(parts)
