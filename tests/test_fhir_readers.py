"""The bundle in the hands of two readers of FHIR: fhirkit (R4) and fhir.resources (R4B), and what they find.

They are the extra `exchange`; without it all of this is skipped.
"""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec
from typing import Any

import pytest

from fhir_checks import BLOCKED, BY_READERS, CASES, PLANTED, Bundle, faults, made
from support import every_regimen

pytestmark = pytest.mark.skipif(  # the two are tried together, in a stage of .ci/run
    find_spec("fhirkit") is None or find_spec("fhir") is None, reason="needs the extra exchange"
)


def by_fhirkit(told: Bundle) -> list[str]:
    """What the reader of R4 finds."""
    import fhirkit  # noqa: PLC0415 - where it is there

    assert fhirkit.FHIR_VERSION.startswith("4.0")
    return [str(issue) for issue in fhirkit.validate(json.dumps(told))]


def by_resources(told: Bundle) -> list[str]:
    """What the reader of R4B finds, in which these resources are as in R4."""
    from fhir.resources.R4B.bundle import Bundle as Read  # noqa: PLC0415 - where it is there
    from pydantic import ValidationError  # noqa: PLC0415 - where it is there

    try:
        again = Read.model_validate_json(json.dumps(told))
    except ValidationError as error:
        return [str(each) for each in error.errors()]
    return [] if json.loads(again.model_dump_json()) == told else ["it is not written as it was read"]


READERS = [by_fhirkit, by_resources]


@pytest.mark.parametrize("reads", READERS)
def test_a_reader_takes_every_regimen(reads):
    found = {(name, label): reads(made(name, label=label)[0]) for name, label in every_regimen()}
    assert len(found) > 70
    assert [place for place, told in found.items() if told] == []


@pytest.mark.parametrize("reads", READERS)
@pytest.mark.parametrize("name", CASES)
def test_a_reader_takes_what_else_a_plan_has(reads, name):
    regimen, options = CASES[name]
    assert reads(made(regimen, **options)[0]) == []


def planted(name: str) -> tuple[Bundle, dict[str, Any]]:
    told, plan = made("rituximab/gpa", **BLOCKED)
    found = copy.deepcopy(told)
    PLANTED[name](found)
    return found, plan


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_fault_is_found_by_the_checks_or_by_a_reader(name):
    """The checks need parts that a reader asks for: what a reader finds need not be tried with them."""
    found, plan = planted(name)
    told = any(reads(found) for reads in READERS)
    assert told if name in BY_READERS else faults(found, plan)
