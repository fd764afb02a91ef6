"""One regimen under one label and variant, with all that the table says for it."""

from __future__ import annotations

from infusecalc.frozen import Frozen
from infusecalc.statements import MAINTENANCE, AgeRange, Drug, DrugRules, Phase, Premedication, RegimenRules


class Regimen(Frozen):
    """A regimen as it is looked up: the indication's name, its rules and phases, and those of its drug."""

    drug_id: str
    indication: str
    label: str
    variant: str | None
    name: str
    population: str
    rules: RegimenRules
    phases: dict[str, Phase]
    drug: Drug
    drug_rules: DrugRules
    other_ages: dict[str, AgeRange] = {}  # noqa: RUF012 - never changed; regimens of the disease at other ages, by id

    @property
    def id(self) -> str:
        """As the table writes it: `infliximab/crohns`."""
        return f"{self.drug_id}/{self.indication}"

    @property
    def title(self) -> str:
        """The id with the variant, where there is one: `rituximab/gpa, variant flat`."""
        return self.id if self.variant is None else f"{self.id}, variant {self.variant}"

    def place(self, part: str) -> tuple[str, ...]:
        """Where the table has one of its parts: under the variant, where that has it for itself."""
        variant = self.rules.variants.get(self.variant or "")
        return ("variants", self.variant or "", part) if variant and part in variant.own else (part,)

    def in_bands(self, weight: int, bsa: int | None) -> Regimen:
        """The regimen as it is for a patient of a size; raises BadInput for a BSA that is missing."""
        return self.but(phases={name: phase.in_band(weight, bsa) for name, phase in self.phases.items()})

    @property
    def premedication(self) -> dict[str, Premedication]:
        """What is given before each infusion: the drug's, and the regimen's own in its place or beside it."""
        return self.drug_rules.premedication | self.rules.premedication

    @property
    def maintenance(self) -> str | None:
        """The phase that a bare dose or interval is for: by its role, or by its name."""
        by_role = (name for name, phase in self.phases.items() if phase.role == MAINTENANCE)
        return next(by_role, MAINTENANCE if MAINTENANCE in self.phases else None)
