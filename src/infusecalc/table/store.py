"""A Table: the entries of `regimens.yaml`, and of a site's file over it, by the names that people type."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path

from yaml.nodes import MappingNode

from infusecalc.errors import BadInput, BadTable, UnknownName, escape
from infusecalc.regimen import Regimen
from infusecalc.spelling import normal
from infusecalc.statements import (
    SITE,
    AgeRange,
    Citation,
    Confirmation,
    Drug,
    DrugRules,
    Indication,
    Product,
    ProductRules,
    Protocol,
    RegimenRules,
    Source,
    Subcutaneous,
)
from infusecalc.table.confirmed import Void
from infusecalc.table.entries import Entries, ordered
from infusecalc.table.files import open_document, shipped_path
from infusecalc.table.names import unknown, unknown_condition


class Table(Entries):
    """The regimen table. Look-ups check what they read; `faults` checks everything."""

    def __repr__(self) -> str:
        """Its version, its hash, and the site's file where there is one."""
        site = f", with {escape(self.files[-1].name)}" if self.files[-1].local else ""
        return f"Table(version {self.version}, sha256 {self.files[0].sha256[:12]}...{site})"

    @cached_property
    def _shipped(self) -> Table:
        return Table(self.files[0])

    def shipped_names(self, section: str) -> tuple[str, ...]:
        """The entries of a section without the site's file."""
        return self._shipped.names(section)

    def shipped_regimen(self, regimen: Regimen) -> Regimen | None:
        """A regimen as it is without the site's file; None where the shipped table does not have it."""
        if not self._shipped.has("regimens", regimen.id):
            return None
        try:
            return self._shipped.regimen(regimen.drug_id, regimen.indication, regimen.label, regimen.variant)
        except BadInput:  # a label or a variant of the site
            return None

    # --- what the site has checked ---------------------------------------------------------------------

    def is_known(self, id_: str) -> bool:
        """Whether a value of that id is in the table, or is in the shipped one and removed by the site's file."""
        return self.value(id_) is not None or self._shipped.value(id_) is not None

    def confirmation(self, id_: str) -> Confirmation | None:
        """What the site says of a value that it has checked; None where it has not, or the value is another now."""
        found, value = self.confirmed.get(id_), self.value(id_)
        return found if found and value and value.text == found.value else None

    def confirmation_of(self, section: str, name: str, *path: str) -> Confirmation | None:
        """The oldest confirmation of the values at and below a path; None unless every one of them is confirmed."""
        if not self.confirmed:
            return None
        own = (each for each in self.values(section, name).values() if each.path[: len(path)] == path)
        found = [self.confirmation(each.id) for each in own if not each.cites]
        return min((each for each in found if each), key=lambda each: each.on, default=None) if all(found) else None

    @cached_property
    def void(self) -> tuple[Void, ...]:
        """The confirmations whose value is no longer the one in force."""
        found = []
        for id_, made in self.confirmed.items():
            value, shipped = self.value(id_), self._shipped.value(id_)
            known = value or shipped
            if known and (value is None or value.text != made.value):
                found.append(Void(known.section, known.name, known.path, made, value.text if value else None))
        return tuple(found)

    # --- sources and products --------------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """The document behind a citation, graded `site` where a site's file names it; raises BadTable for none."""
        if not self.has("sources", name):
            raise BadTable((f"{self.files[-1].name}:1: sources: '{name}' is cited but not defined",))
        found: Source = self.get("sources", name)
        return found.but(grade=SITE) if self.is_local("sources", name) else found

    def product(self, name: str, label: str) -> tuple[Product, ProductRules]:
        """A product by its id, with its rules under a label; raises BadInput where it has none."""
        product: Product = self.get("products", name)
        rules: ProductRules | None = self.get("products", name, label)
        if rules is None:
            offered = ", ".join(self.get("products", other).name for other in self.products(product.drug, label))
            detail, hint = self._elsewhere("products", name, label, "a product of this one")
            problem = "is not in the table under this label"
            raise BadInput("product", product.name, problem, detail=detail, allowed=offered, hint=hint)
        return product, rules

    def _elsewhere(self, section: str, name: str, label: str, otherwise: str) -> tuple[str, str]:
        """Which labels have an entry that one does not have, and what to do about it."""
        others = [other for other in self.labels if self.has_part(section, name, other)]
        hint = f"give `label` {' or '.join(others)}, or {otherwise}" if others else f"give {otherwise}"
        return f": it is under {' and '.join(others) or 'no label'}, not under {label}", hint

    def products(self, drug: str, label: str) -> list[str]:
        """The ids of a drug's products under a label."""
        return [
            name
            for name in self.names("products")
            if self.text("products", name, "drug") == drug and self.has_part("products", name, label)
        ]

    # --- finding entries by the names that people type --------------------------------------------

    def find_drug(self, typed: str) -> tuple[str, str | None]:
        """The drug, and the product where a brand or a suffixed name was typed; raises BadInput, UnknownName."""
        name = normal(typed)
        also: dict[str, str] = {}
        for drug in self.names("drugs"):
            if name in (drug, *self.aliases("drugs", drug)):
                return drug, None
            self._refuse_subcutaneous(drug, name, typed)
        for product in self.names("products"):
            spelled = (product, normal(self.text("products", product, "name")), *self.aliases("products", product))
            if name in spelled:
                return self.text("products", product, "drug"), product
            also |= {each: each for each in spelled}
        others = self._drugs_for(name)
        but = f"it is an indication of {' and '.join(others)}" if others else ""
        raise unknown("drug", typed, self.names("drugs"), also, but=but)

    def _refuse_subcutaneous(self, drug: str, name: str, typed: str) -> None:
        refused: Subcutaneous | None = self.get("drugs", drug, "subcutaneous")
        if refused and name in refused.names:
            hint = f"give an intravenous product of {drug}"
            raise BadInput("product", typed, "is subcutaneous: only intravenous products are covered", hint=hint)

    def find_product(self, typed: str, drug: str) -> str:
        """The id of a product of a drug; raises BadInput, UnknownName."""
        try:
            found, product = self.find_drug(typed)
        except UnknownName:
            found, product = "", None
        if product is not None and found == drug:
            return product
        mine = [name for name in self.names("products") if self.text("products", name, "drug") == drug]
        but = found and (f"it is a product of {found}" if product else "it is a drug")
        raise unknown("product", typed, mine, of=drug, but=but)

    def indications(self, drug: str) -> list[str]:
        """The indications of a drug."""
        return [id_.partition("/")[2] for id_ in self.names("regimens") if id_.partition("/")[0] == drug]

    def find_indication(self, drug: str, typed: str) -> str:
        """The indication that a name or an alias stands for; raises UnknownName."""
        name = normal(typed)
        also = self._indications_by_name(drug)
        if name in also:
            return also[name]
        others = self._drugs_for(name)
        but = f"it is a regimen of {' and '.join(others)}" if others else self._no_regimen(name)
        raise unknown(
            "indication", typed, self.indications(drug), also, of=drug, but=but, hint="all names: infusecalc list"
        )

    def _no_regimen(self, name: str) -> str:
        """What is said of a condition that was typed as an indication; nothing of most, and of what is none."""
        named = (each for each in self.names("conditions") if name in (each, *self.aliases("conditions", each)))
        return next((self.get("conditions", each).no_regimen or "" for each in named), "")

    def _indications_by_name(self, drug: str) -> dict[str, str]:
        """The indications of a drug under every name that they have."""
        mine = self.indications(drug)
        also = {alias: each for each in mine for alias in self.aliases("regimens", f"{drug}/{each}")}
        return {each: each for each in mine} | also

    def _drugs_for(self, name: str) -> list[str]:
        """The drugs that have an indication of that name."""
        return [drug for drug in self.names("drugs") if name in self._indications_by_name(drug)]

    def find_label(self, typed: str | None) -> str:
        """The label of that name, or the usual one where none is named; raises BadInput."""
        if typed is None:
            return self.labels[0]
        if normal(typed) not in self.labels:
            hint = ", ".join(f"{each} is the {self.get('labels', each).name}" for each in self.labels)
            raise BadInput("label", typed, "is not known", allowed=", ".join(self.labels), hint=hint)
        return normal(typed)

    def find_condition(self, typed: str, drug: str = "DRUG") -> str:
        """The condition that a name or an alias stands for; raises UnknownName, with where those of a `drug` are."""
        name, also = normal(typed), dict[str, str]()
        if self.has("conditions", name):
            return name
        for condition in self.names("conditions"):
            aliases = self.aliases("conditions", condition)
            if name in aliases:
                return condition
            also |= dict.fromkeys(aliases, condition)
        raise unknown_condition(typed, self.names("conditions"), also, drug)

    def find_protocol(self, typed: str, regimen: Regimen) -> tuple[str, Protocol]:
        """The protocol of that name, for a regimen that it fits; raises BadInput, UnknownName."""
        name, fitting = normal(typed), self.protocols(regimen)
        rules: Protocol | None = self.get("protocols", name) if self.has("protocols", name) else None
        if rules is None or rules.drug != regimen.drug_id:
            raise unknown("protocol", typed, fitting, of=regimen.id)
        misfit = _misfit(rules, regimen)
        if misfit:
            allowed = ", ".join(fitting) or "none for this regimen"
            raise BadInput("protocol", typed, misfit, allowed=allowed)
        return name, rules

    def protocols(self, regimen: Regimen) -> tuple[str, ...]:
        """The protocols that fit a regimen."""
        known = {id_: self.get("protocols", id_) for id_ in self.names("protocols")}
        mine = (id_ for id_, rules in known.items() if rules.drug == regimen.drug_id and not _misfit(rules, regimen))
        return tuple(mine)

    def regimen(self, drug: str, indication: str, label: str, variant: str | None = None) -> Regimen:
        """One regimen with all that holds for it, by the table's own names; raises BadInput, BadTable."""
        if label not in self.labels:
            raise BadInput("label", label, "is not known", allowed=", ".join(self.labels))
        id_ = f"{drug}/{indication}"
        head: Indication = self.get("regimens", id_)
        rules: RegimenRules | None = self.get("regimens", id_, label)
        if rules is None:
            detail, hint = self._elsewhere("regimens", id_, label, "another regimen (see: infusecalc list)")
            raise BadInput("label", label, "does not have this regimen", detail=f"({id_}){detail}", hint=hint)
        name, rules = self._variant(id_, rules, variant)
        known: Drug = self.get("drugs", drug)
        drug_rules: DrugRules | None = self.get("drugs", drug, label)
        if drug_rules is None:
            raise BadTable((f"{self.files[-1].name}:1: drugs.{drug}: '{label}' is missing, and {id_} has it",))
        people, others = (head.name, head.population), self._ages(drug, head.other_ages, label)
        return Regimen(drug, indication, label, name, *people, rules, rules.phases, known, drug_rules, others)

    def _ages(self, drug: str, indications: tuple[str, ...], label: str) -> dict[str, AgeRange]:
        """The ages that other indications of a drug are for under a label, by the regimen's id."""
        rules = {id_: self.get("regimens", id_, label) for id_ in (f"{drug}/{name}" for name in indications)}
        return {id_: other.age for id_, other in rules.items() if other and other.age}

    def _variant(self, id_: str, rules: RegimenRules, typed: str | None) -> tuple[str | None, RegimenRules]:
        """The variant of that name, with the rules as it has them; the regimen's own where none is named."""
        if typed is None:
            return None, rules
        if not rules.variants:
            problem, detail = "is not known: this regimen has no variants", f"({id_})"
            raise BadInput("variant", typed, problem, detail=detail, hint="leave it out")
        if normal(typed) not in rules.variants:
            raise unknown("variant", typed, rules.variants, of=id_)
        return normal(typed), rules.variants[normal(typed)].over(rules)

    # --- everything at once -----------------------------------------------------------------------

    def faults(self) -> tuple[str, ...]:
        """Every fault of every entry, each `file:line: path: what (allowed: ...)`."""
        from infusecalc.table.audit import audit  # noqa: PLC0415 - a look-up never needs it

        return ordered((*self.frame, *audit(self)))


def _misfit(protocol: Protocol, regimen: Regimen) -> str:
    """Why a protocol does not fit a regimen; empty where it does."""
    if protocol.refused:
        return f"is refused for this regimen: {protocol.refused.text}"
    if protocol.labels and regimen.label not in protocol.labels:
        return f"is not for this label, but for {', '.join(protocol.labels)}"
    if protocol.regimens and regimen.indication not in protocol.regimens:
        return f"is not for this regimen, but for {', '.join(protocol.regimens)}"
    if protocol.population not in (None, regimen.population):
        return f"is not for a {regimen.population} regimen, but for {protocol.population} ones"
    counts = [phase.count for phase in regimen.phases.values()]
    whole = sum(count or 0 for count in counts)
    if None not in counts and whole < protocol.from_infusion:
        return f"begins with infusion {protocol.from_infusion}, and this regimen has {whole}"
    return ""


def load_table(regimens: str | os.PathLike[str] | None = None, *, whole: bool = False) -> Table:
    """The regimen table, with a site's own file on top where one is named.

    `regimens` is the path of the site's file, of YAML; its entries are laid over the shipped ones key by key. The
    shipped table is read and checked entry by entry as it is asked for; with `whole`, or with a site's file,
    everything is read and checked at once. Every clinical value has its source on itself. Raises BadInput (`field` is
    `regimens`) for a file that cannot be read, BadTable with all faults.
    """
    shipped = shipped_path()
    if regimens is None and not whole:
        return _piecewise(shipped, shipped.stat().st_mtime_ns if shipped.exists() else 0)
    files = [open_document(shipped, shipped.name)]
    if regimens is not None:
        if not isinstance(regimens, str | os.PathLike):
            allowed = "the path of a YAML file"
            raise BadInput("regimen table", regimens, "is not the name of a file", allowed=allowed)
        files.append(open_document(Path(regimens), os.fspath(regimens), local=True))
    table = Table(*files)
    faults = table.faults()
    if faults:
        raise BadTable(faults)
    return table


SHIPPED = "shipped"
"""What stands for the shipped table where a table is named."""
_WHOLE = frozenset({"version", "labels", "sources", "house", "drugs", "products", "regimens"})


def load_either(named: str) -> Table:
    """The shipped table, a whole one, or a site's file over the shipped one; checked as a whole.

    A whole table has all sections that one needs; the limits of ours that it lacks are those of the shipped table.
    Raises BadInput for a file that cannot be read, BadTable with all faults.
    """
    if named == SHIPPED:
        return load_table(whole=True)
    root = open_document(Path(named), named, local=True).root
    if not isinstance(root, MappingNode) or not {key.value for key, _ in root.value} >= _WHOLE:
        return load_table(named)
    table = Table(open_document(Path(named), named))
    table.lend(load_table())
    faults = table.faults()
    if faults:
        raise BadTable(faults)
    return table


@lru_cache(maxsize=1)
def _piecewise(shipped: Path, _changed: int) -> Table:
    """The shipped table, to be read entry by entry; kept for the process until its file changes."""
    return Table(open_document(shipped, shipped.name, whole=False))


def cited(citations: Iterable[Citation]) -> str:
    """Citations as one line: `us-inflectra-pi 2.1; us-inflectra-hcp`."""
    return "; ".join(map(str, citations))
