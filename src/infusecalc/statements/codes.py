"""Codes under which other programs know a drug, a product, a measurement or a route."""

from __future__ import annotations

from infusecalc.statements.kinds import CODE, WORDS, MapOf, choice
from infusecalc.statements.statement import Sourced, may, need


class KnownCode(Sourced):
    """A code of a code system; `display` is its name there, None where only the code was read."""

    system: str = need(choice("rxnorm", "atc", "snomed", "loinc"), "the code system")
    code: str = need(CODE, "the code")
    display: str | None = may(WORDS, "its name in that system, where it was read")


CODES = MapOf(KnownCode)
