"""Which rejected rows, read again, nobody can have repaired: their columns `code` and `raw` come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from infusecalc.cli import run
from infusecalc.cohort.repaired import still_broken

CELL = {"patient_id": ["1", "2"], "weight_kg": ["70", "80"]}
SPELLED = {"patient_id": ["1", r"caf\xe9"], "weight_kg": ["70", "80"]}


@pytest.mark.parametrize(
    ("listed", "broken"),
    [
        pytest.param(CELL, [], id="a cohort without a code"),
        pytest.param(CELL | {"code": ["ragged", None]}, [("ragged", None), (None, None)], id="ragged, no raw"),
        pytest.param(CELL | {"code": [None, "not-json"]}, [(None, None), ("not-json", None)], id="no JSON, no raw"),
        pytest.param(CELL | {"code": ["out-of-range", None]}, [], id="a row that fits, without raw"),
        pytest.param(
            CELL | {"code": ["ragged", "ragged"], "raw": ["1,70,x", "  "]},
            [("ragged", "1,70,x"), (None, None)],
            id="a row whose raw holds no more than blanks is repaired",
        ),
        pytest.param(CELL | {"code": ["ragged", "not-json"], "raw": [None, ""]}, [], id="both rows are repaired"),
        pytest.param(
            CELL | {"code": [None, "ragged"], "raw": ["1,70,x", None]},
            [("", "1,70,x"), (None, None)],
            id="a row with its line still there, whose code was emptied",
        ),
        pytest.param(
            SPELLED | {"code": [None, "not-utf8"], "raw": [None, None]},
            [(None, None), ("not-utf8", None)],
            id="a byte that is still spelled out",
        ),
        pytest.param(SPELLED | {"code": ["not-utf8", None]}, [], id="a text that only looks so, in another row"),
        pytest.param(SPELLED | {"code": [None, "out-of-range"]}, [], id="a text that only looks so, of another code"),
        pytest.param(CELL | {"code": [1, 2]}, [], id="a code of somebody else: numbers"),
    ],
)
def test_a_rejected_row_is_repaired_once_its_line_is_gone_from_raw(listed: dict[str, Any], broken: list[Any]) -> None:
    found = still_broken(pl.DataFrame(listed), ["patient_id", "weight_kg"])
    assert found.columns == ["patient_id", "weight_kg", *(["code", "raw"] if broken else [])]
    assert [row[2:] for row in found.iter_rows() if broken] == broken


def test_a_cohort_whose_own_column_is_called_code_is_as_it_was() -> None:
    mine = pl.DataFrame(CELL | {"code": ["ragged", "x"]})
    assert still_broken(mine, mine.columns).equals(mine)


def test_the_message_of_a_row_that_is_as_it_was_rejected_names_the_one_cell_to_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `raw` empty the row is read again, whatever its `code` is; without a column `raw`, with `code` empty."""
    head, row = "drug,indication,weight_kg,start", "infliximab,crohns,70,2026-12-01"
    told = "row,column,code,reason"
    source, out = tmp_path / "in.csv", str(tmp_path / "out.csv")

    def code(*lines: str) -> int:
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run(["batch", str(source), "-o", out, "--quiet"])

    assert code(f"{head},{told},raw", f"{row},1,,ragged,x,a line") == 4
    said = "then empty the cell in the column raw (in code, if the file has no column raw)"
    assert said in capsys.readouterr().err
    assert code(f"{head},{told},raw", f"{row},1,,ragged,x,") == 0
    assert code(f"{head},{told}", f"{row},1,,ragged,x") == 4
    assert said in capsys.readouterr().err
    assert code(f"{head},{told}", f"{row},1,,,x") == 0
    assert code(f"{head},row,code,reason,raw", f"{row},1,,x,") == 2, "if one is missing, the others are not known"
