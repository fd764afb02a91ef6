"""Worked examples that others have published, each held against the program's answer."""

import json
import shlex
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from infusecalc.cli import run
from support import HERE, read_yaml

PUBLISHED = read_yaml(HERE / "cases" / "published.yaml")
LISTED = [*PUBLISHED["cases"], *PUBLISHED["waiting"], *PUBLISHED["out_of_reach"]]
RUNS = [
    pytest.param(example, id=f"{case['id']}: {case['name']} ({number})")
    for case in PUBLISHED["cases"]
    for number, example in enumerate(case.get("runs", [case]), start=1)
    for example in [{"table": case.get("table"), **example}]
]
SHARED = {"id", "name", "derived", "table", "because", "source", "runs"}
ASKED = {"run", "expect", "not", "blocks", "findings", "says", "refused"}
HALF_SHOWN = Decimal("0.005")


def same(ours: Any, wanted: Any) -> bool:
    if isinstance(ours, int | float) and isinstance(wanted, int | float):
        return abs(Decimal(str(ours)) - Decimal(str(wanted))) <= HALF_SHOWN
    return ours == wanted


def differences(ours: Any, wanted: Any, path: str = "answer") -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(ours, list):  # a column: one value for every row, or one for each
        for key, value in wanted.items():
            values = value if isinstance(value, list) else [value] * max(1, len(ours))
            yield from differences([row[key] for row in ours], values, f"{path}.{key}")
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from differences(ours[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        if len(ours) != len(wanted):
            yield f"{path}: {ours} are not {len(wanted)} values"
        for one, other in zip(ours, wanted, strict=False):
            yield from differences(one, other, path)
    elif not same(ours, wanted):
        yield f"{path}: {ours} is not {wanted}"


@pytest.mark.parametrize("example", RUNS)
def test_the_program_gives_the_published_figure(example, capsysbinary, monkeypatch):
    monkeypatch.delenv("INFUSECALC_REGIMENS", raising=False)
    table = ["--regimens", str(HERE / "tables" / example["table"])] if example["table"] else []
    code = run([*shlex.split(example["run"]), *table, "--format", "json"])
    text, spoken = (stream.decode() for stream in capsysbinary.readouterr())
    if "refused" in example:
        assert (code, text) == (2, "")
        assert [words for words in example["refused"] if words not in spoken] == []
        return
    answer = json.loads(text)
    blocks = {finding["code"] for finding in answer["findings"] if finding["severity"] == "block"}

    assert list(differences(answer, example["expect"])) == []
    assert blocks == set(example.get("blocks", []))
    assert code == (3 if blocks else 0)
    assert set(example.get("findings", [])) <= {finding["code"] for finding in answer["findings"]}
    assert [words for words in example.get("says", []) if words not in text] == []
    assert "not" not in example or list(differences(answer, example["not"]))


def test_no_example_has_a_key_that_is_not_read():
    assert [case["id"] for case in PUBLISHED["cases"] if case.keys() - SHARED - ASKED] == []
    assert [case["id"] for case in PUBLISHED["cases"] for one in case.get("runs", []) if one.keys() - ASKED] == []
    assert [case["id"] for case in PUBLISHED["cases"] if "runs" in case and case.keys() & ASKED] == []


def test_a_refused_example_expects_no_answer():
    runs = [one for case in PUBLISHED["cases"] for one in case.get("runs", [case])]
    assert [one["run"] for one in runs if "refused" in one and one.keys() & (ASKED - {"run", "refused"})] == []
    assert [one["run"] for one in runs if "refused" not in one and "expect" not in one] == []


def test_every_example_is_accounted_for_once():
    whole = [entry["id"] for entry in LISTED if "part" not in entry]
    assert sorted(whole) == sorted(PUBLISHED["ids"])
    assert len(set(whole)) == len(whole)


def test_a_part_that_is_left_out_belongs_to_an_example_that_is_run():
    parts = [entry["id"] for entry in LISTED if "part" in entry]
    assert len(set(parts)) == len(parts)
    assert set(parts) <= {case["id"] for case in PUBLISHED["cases"]}


def test_every_example_says_why_and_where_it_was_read():
    cited = {id_: entry["source"] for entry in LISTED for id_ in [(entry["id"], entry.get("part"))]}
    used = {name for source in cited.values() for name in ([source] if isinstance(source, str) else source)}
    assert used == PUBLISHED["sources"].keys()
    assert all(set(source) == {"title", "publisher", "url"} for source in PUBLISHED["sources"].values())
    assert all(case["name"] and case["because"] for case in PUBLISHED["cases"])
    assert all(entry["reason"] for entry in [*PUBLISHED["waiting"], *PUBLISHED["out_of_reach"]])
