"""A drug of the table to its page: what it is and is for, how it is given, reactions, precautions, questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from infusecalc.output import phrases
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Pairs, Rows, Sources
from infusecalc.output.flat import Record
from infusecalc.output.table_rows import flat, listing, nested, sources_of
from infusecalc.statements import (
    OURS,
    OWN_RULE,
    SITE,
    Cited,
    ConditionRule,
    Confirmation,
    Drug,
    DrugRules,
    Note,
    Question,
    grades_said,
)
from infusecalc.table import Table, cited

_HEADINGS = {"late": "late or missed"}
_QUESTIONS = "questions that patients ask"


def facts(table: Table, drug_id: str) -> Iterator[Record]:
    """Every statement as a record: section, label, name, text, source, grade, and the site's confirmation or None."""
    notes: dict[str, Note] = table.get("drugs", drug_id, "about") or {}
    for name, note in notes.items():
        made = table.confirmation_of("drugs", drug_id, "about", name)
        yield _fact(table, "about", "", name, note.text, note.source, made)
    for row in listing(table):
        if row.id.partition("/")[0] == drug_id:
            rules = table.regimen(drug_id, row.id.partition("/")[2], row.label).rules
            made = table.confirmation_of("regimens", row.id, row.label, "status")
            yield _fact(table, row.status, row.label, row.id, f"{row.name}: {row.phases}", rules.status.source, made)
    for label in table.labels:
        rules_: DrugRules | None = table.get("drugs", drug_id, label)
        if rules_ is not None:
            yield from _of_label(table, drug_id, label, rules_)
    for name, asked in _questions(table, drug_id).items():
        made = table.confirmation_of("drugs", drug_id, "questions", name)
        text = f"{asked.question} {asked.text}"
        yield _fact(table, _QUESTIONS, ", ".join(asked.labels), name, text, asked.source, made)
    for change in table.changes:
        if change.section == "drugs" and change.name == drug_id and change.kind in ("replaces", "removes"):
            yield _fact(table, "changed by the site", "", change.id, str(change), change.source, None)


def _of_label(table: Table, drug_id: str, label: str, rules: DrugRules) -> Iterator[Record]:
    for name, rule in rules.conditions.items():
        made = table.confirmation_of("drugs", drug_id, label, "conditions", name)
        yield _fact(table, _section(rule), label, name, rule.text, rule.source, made)
    notes: dict[str, Mapping[str, Note]] = {
        "screening": rules.screening,
        "monitoring": rules.monitoring,
        "late": rules.late,
    }
    for key, listed in notes.items():
        for name, note in listed.items():
            made = table.confirmation_of("drugs", drug_id, label, key, name)
            yield _fact(table, _HEADINGS.get(key, key), label, name, note.text, note.source, made)


def _questions(table: Table, drug_id: str) -> dict[str, Question]:
    return table.get("drugs", drug_id, "questions") or {}


def _section(rule: ConditionRule) -> str:
    return "contraindications" if rule.rule == "contraindicated" else "precautions"


def _fact(
    table: Table, section: str, label: str, name: str, text: str, source: Cited, made: Confirmation | None
) -> Record:
    graded = (SITE if citation.local else table.source(citation.id).grade for citation in source)
    grades = ", ".join(dict.fromkeys(graded))
    told = {"section": section, "label": label, "name": name, "text": text, "source": cited(source), "grade": grades}
    return told | {"confirmed": made}


def _said(row: Record) -> str:
    made: Confirmation | None = row["confirmed"]
    return f"{row['text']} ({phrases.cited_text(row['source'])}{f'; {made.said}' if made else ''})"


class DrugAnswer(Answer):
    """What `info` answers."""

    def __init__(self, table: Table, drug_id: str) -> None:
        """A drug of a table."""
        self.table, self.drug_id = table, drug_id
        self.foot = f"Regimen table {table.version}"

    def document(self) -> Record:
        """`infusecalc.info/1`."""
        told = [nested(fact) for fact in facts(self.table, self.drug_id)]
        return {"schema": "infusecalc.info/1", "drug": self.drug_id, "facts": told}

    def rows(self) -> Iterator[Record]:
        """A record a statement."""
        return map(flat, facts(self.table, self.drug_id))

    def page(self) -> Iterator[Block]:
        """The drug's page in full."""
        return page(self.table, self.drug_id)

    def screen(self) -> Iterator[Block]:
        """The drug's page as it is read first."""
        return screen(self.table, self.drug_id)


def screen(table: Table, drug_id: str) -> Iterator[Block]:
    """What it is, what for, how given, warnings, reactions, what patients ask; of the conditions their names alone."""
    drug: Drug = table.get("drugs", drug_id)
    rows = list(facts(table, drug_id))
    yield Heading(drug.name, TITLE)
    for section in dict.fromkeys(row["section"] for row in rows if row["section"] not in _IN_FULL):
        mine = [row for row in rows if row["section"] == section]
        told = tuple((row["name"], row["text"]) for row in mine)
        if section != "about":
            yield Heading(section[0].upper() + section[1:] + _ALSO.get(section, ""))
        if section == _QUESTIONS:
            yield Lines(tuple(_asked(table, drug_id)), listed=True)
        else:
            yield Pairs(told if section in _WHOLE else tuple(_named(table, drug_id, mine)), inset=True)
    yield Lines((f"Details, sources and products: --full; regimen table {table.version}",))


_ALSO = {
    "contraindications": " (what infusecalc blocks; names for --has)",
    "precautions": " (what it cautions about; names for --has)",
    "screening": " (names for --done)",
}
"""What stands behind the head of a section: a label's warning may block too; and where its names are used."""
_IN_FULL = ("monitoring", "late or missed")
"""Sections that a first screen leaves to the full page."""
_WHOLE = ("about", "changed by the site")
"""Sections that it tells whole; of the others it has the names."""


def _asked(table: Table, drug_id: str) -> Iterator[str]:
    """Each question once, with its short answers."""
    for question, answers in groupby(_questions(table, drug_id).values(), lambda each: each.question):
        yield f"{question} {'; '.join(each.short or each.text for each in answers)}"


def _named(table: Table, drug_id: str, rows: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """The names of a section under each label, or under several that have the same."""
    named: dict[str, list[str]] = {}
    ours: dict[str, list[str]] = {}
    for row in rows:
        rules: DrugRules | None = table.get("drugs", drug_id, row["label"])
        rule = rules.conditions.get(row["name"]) if rules else None
        into = ours if rule and _is_ours(rule) else named
        remark = _limit(rule) if rule else _each(rules, row)
        into.setdefault(row["label"], []).append(row["name"].rpartition("/")[2] + remark)
    told = {label: [", ".join(own)] for label, own in named.items()}
    for label, own in ours.items():
        told.setdefault(label, []).append(f"by {OWN_RULE}: {', '.join(own)}")
    yield from _by_labels({label: "; ".join(parts) for label, parts in told.items()})


def _by_labels(named: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names by the label that they are for, or the labels that have the same."""
    for names in dict.fromkeys(named.values()):
        yield ", ".join(label for label, own in named.items() if own == names), names


def _products(table: Table, drug_id: str) -> Iterator[Block]:
    """The products of a drug under each label, or under several that have the same."""
    named = {label: _names_of(table, table.products(drug_id, label)) for label in table.labels}
    yield Heading("Products")
    yield Pairs(tuple(_by_labels({label: names for label, names in named.items() if names})), inset=True)


def _names_of(table: Table, products: Iterable[str]) -> str:
    return ", ".join(table.text("products", each, "name") for each in products)


def _is_ours(rule: ConditionRule) -> bool:
    """Whether it is our own rule that it blocks, and no label's."""
    return rule.rule == "contraindicated" and rule.source[0].id == OURS


def _limit(rule: ConditionRule) -> str:
    """The dose above which it holds."""
    return f" (above {rule.above.people})" if rule.above else ""


def _each(rules: DrugRules | None, row: Record) -> str:
    """That a screening is done before each infusion."""
    screening = rules.screening.get(row["name"]) if rules and row["section"] == "screening" else None
    return " (each time; not for --done)" if screening and screening.each else ""


def page(table: Table, drug_id: str) -> Iterator[Block]:
    """The drug's page in full."""
    drug: Drug = table.get("drugs", drug_id)
    rows = list(facts(table, drug_id))
    yield Heading(drug.name, TITLE)
    for section in dict.fromkeys(row["section"] for row in rows):
        mine = [row for row in rows if row["section"] == section]
        yield Heading(section)
        if section == "about":
            yield Pairs(tuple((row["name"], _said(row)) for row in mine), inset=True)
        else:
            cells = tuple((row["label"], row["name"], _said(row)) for row in mine)
            yield Rows(("label", "name", "what is said"), cells)
    yield from _products(table, drug_id)
    yield Heading("Sources")
    found = sources_of(table, ((row["source"], row["confirmed"]) for row in rows))
    yield Sources(tuple((each.id, grades_said(each.grade), f"{each.title}{each.confirmed}") for each in found))
