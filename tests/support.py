"""What the tests share: cases from YAML, and courses of made-up patients."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infusecalc import Course, Patient, load_table, make_course
from infusecalc.table import Table

HERE = Path(__file__).parent
START = "2026-12-01"
LABELS = ("us", "eu")


def read_yaml(path: Path) -> Any:
    """A file of cases, by the quick reader: every worker reads them all."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def only(case: dict[str, Any], keys: str) -> dict[str, Any]:
    """A case, refused if it has a key beside its name that its tests do not read: such a key could not fail."""
    unread = case.keys() - {"name", *keys.split()}
    assert not unread, f"{case.get('name', case)}: no test reads {', '.join(sorted(unread))} (allowed: name {keys})"
    return case


def cases(name: str, keys: str) -> list[Any]:
    """The cases of a file as pytest parameters, each under its sentence; `keys` are those that its tests read."""
    found = read_yaml(HERE / "cases" / f"{name}.yaml")
    return [pytest.param(only(case, keys), id=case["name"]) for case in found]


def slow(*places: Any) -> Any:
    """A place of a parametrized scan that only the slow stage goes to."""
    return pytest.param(*places, marks=pytest.mark.slow)


def sampled(places: Iterable[Any], quick: Collection[Any]) -> list[Any]:
    """The places of a scan: those of a sample in every run, the others in the slow stage alone."""
    listed = list(places)
    assert set(quick) <= set(listed)
    return [place if place in quick else slow(place) for place in listed]


def fifth(params: Iterable[Any]) -> list[Any]:
    """Every fifth place of a scan in every run, the others in the slow stage alone."""
    listed = [each if isinstance(each, type(pytest.param())) else pytest.param(*each) for each in params]
    return [
        each if place % 5 == 0 else pytest.param(*each.values, id=each.id, marks=(*each.marks, pytest.mark.slow))
        for place, each in enumerate(listed)
    ]


@cache
def table() -> Table:
    """The shipped table."""
    return load_table()


def someone(regimen: str = "", **known: Any) -> Patient:
    """A made-up patient who fits the regimen: an adult, or a child for a paediatric one."""
    child = "pediatric" in regimen or regimen.endswith(("jia", "kawasaki"))
    usual = {"weight": "30kg", "height": "130cm"} if child else {"weight": "70kg", "height": "175cm"}
    if "bsa" in known:
        del usual["height"]
    return Patient.of(**(usual | known))


def course(regimen: str, patient: Patient | None = None, **options: Any) -> Course:
    """A course of the shipped table, dated unless `start` is None."""
    drug, _, indication = regimen.partition("/")
    options.setdefault("start", START)
    return make_course(options.pop("table", None) or table(), drug, indication, patient or someone(regimen), **options)


def in_columns(findings: list[dict[str, Any]]) -> dict[str, str | None]:
    """The findings of a JSON document as the columns of CSV and NDJSON that tell of them have them."""
    keys = [f"{each['code']}:{each['detail']}" if each["detail"] else each["code"] for each in findings]
    keyed = list(zip(keys, findings, strict=True))
    columns = {"findings": keys, "accepted": [f"{key}={each['reason']}" for key, each in keyed if each["accepted"]]}
    for column, severity in (("blocks", "block"), ("cautions", "caution")):
        columns[column] = [key for key, each in keyed if each["severity"] == severity]
    graves = [severity for severity in ("block", "caution", "info") if severity in {e["severity"] for e in findings}]
    return {"severity": (graves or [None])[0]} | {
        name: ";".join(dict.fromkeys(all_)) or None for name, all_ in columns.items()
    }


def every_regimen() -> list[tuple[str, str]]:
    """Every regimen under every label."""
    return [(name, label) for name in table().names("regimens") for label in LABELS]


class Streaming:
    """A frame of nobody's, which hands out an Arrow stream."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def __arrow_c_stream__(self, schema: object = None) -> object:
        return self.frame.__arrow_c_stream__(schema)
