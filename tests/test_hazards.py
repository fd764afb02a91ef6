"""The hazard log: its tests and findings exist, every finding that can block has a hazard, and no claim is made."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from infusecalc.findings import CATALOGUE
from support import HERE, read_yaml

DOCS = HERE.parent / "docs"
LOG = read_yaml(DOCS / "hazards.yaml")
KEYS = ["id", "hazard", "causes", "effect", "harm", "controls", "tests", "findings", "status"]
STATUSES = {"controlled", "told", "partly", "site"}
HAZARDS = [pytest.param(each, id=each["id"]) for each in LOG]
TEST = re.compile(r"tests/(test_\w+\.py)::(test_\w+)(?:\[(.+)\])?")


@cache
def functions(name):
    """The tests of a file."""
    path = HERE / name
    if not path.exists():
        return set()
    return {each.name for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if hasattr(each, "name")}


@cache
def case_names():
    """The names of all cases, in lists and in lists of lists."""

    def names(found):
        if isinstance(found, dict):
            yield from [found["name"]] if isinstance(found.get("name"), str) else []
            found = list(found.values())
        for each in found if isinstance(found, list) else []:
            yield from names(each)

    files = sorted((HERE / "cases").glob("*.yaml"))
    return {name for path in files for name in names(read_yaml(path))}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_hazard_says_all_and_names_tests_and_findings_that_exist(hazard):
    assert list(hazard) == KEYS
    assert all(hazard[key] for key in KEYS if key != "findings")
    assert all(isinstance(hazard[key], list) for key in ("causes", "controls", "tests", "findings"))
    assert hazard["status"] in STATUSES
    assert [code for code in hazard["findings"] if code not in CATALOGUE] == []
    assert [name for name in hazard["tests"] if not exists(name)] == []
    assert len(set(hazard["tests"])) == len(hazard["tests"])


def exists(name):
    found = TEST.fullmatch(name)
    return bool(found) and found[2] in functions(found[1]) and (found[3] is None or found[3] in case_names())


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("tests/test_hazards.py::test_every_hazard_has_its_own_number", True),
        ("tests/test_hazards.py::test_no_such_thing", False),
        ("tests/test_no_such_file.py::test_every_hazard_has_its_own_number", False),
        ("test_every_hazard_has_its_own_number", False),
        ("tests/test_check.py::test_an_order_has_its_verdict_and_its_mistake[the exact dose matches]", True),
        ("tests/test_check.py::test_an_order_has_its_verdict_and_its_mistake[no such case]", False),
    ],
)
def test_a_test_that_is_not_there_is_seen(name, there):
    assert exists(name) is there


def test_every_hazard_has_its_own_number():
    assert [each["id"] for each in LOG] == [f"H{number:02}" for number in range(1, len(LOG) + 1)]
    assert len({each["hazard"] for each in LOG}) == len(LOG) >= 20


@pytest.mark.parametrize("code", [code for code, entry in CATALOGUE.items() if "block" in entry.severities])
def test_every_finding_that_can_block_belongs_to_a_hazard(code):
    assert [each["id"] for each in LOG if code in each["findings"]]


def test_the_page_claims_no_conformity_and_leaves_owner_and_scores_to_the_site():
    page = (DOCS / "hazards.md").read_text(encoding="utf-8")
    assert "**This log claims no conformity to any standard**" in page
    assert page.count("Owner, severity, likelihood, residual risk: to be assigned by the site") == len(LOG)
    assert all(f"### {each['id']}: {each['hazard']}\n" in page for each in LOG)
