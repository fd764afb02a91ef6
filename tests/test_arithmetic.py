"""Every formula stands once, and gives the same for a number and for a column of numbers."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import infusecalc
from infusecalc import arithmetic
from support import cases, only

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

CASES = cases("arithmetic", "formula cases")
SOURCE = Path(infusecalc.__file__).parent
WEIGHT, HEIGHT, MONTHS, DOSE, BAG, STRENGTH = (
    (50, 50_000),
    (300, 2_500),
    (0, 1_440),
    (1, 10_000_000),
    (10, 5_000),
    (1_000, 50_000),
)
NUMBER, SHARE, LIMIT, DAY = (-5_000, 5_000), (0, 20_000), (1, 100), ((1900, 2200), (1, 12), (1, 31))
FORMULAS: dict[str, tuple[Any, ...]] = {
    "at_most": (NUMBER, NUMBER),
    "at_least": (NUMBER, NUMBER),
    "half_up": (DOSE, BAG),
    "half_down": (DOSE, BAG),
    "ceil_div": (DOSE, BAG),
    "tenths_of_percent": (NUMBER, BAG),
    "within": (NUMBER, SHARE, BAG),
    "moved": (NUMBER, SHARE, BAG),
    "outside": (NUMBER, NUMBER, NUMBER),
    "pounds": (WEIGHT,),
    "read_as_pounds": (WEIGHT,),
    "weight_of_pounds": (WEIGHT, (1, 10_000)),
    "bmi": (WEIGHT, HEIGHT),
    "bmi_at_least": (WEIGHT, HEIGHT, LIMIT),
    "bmi_at_most": (WEIGHT, HEIGHT, LIMIT),
    "bmi_within": (WEIGHT, HEIGHT, LIMIT, LIMIT),
    "bmi_unusual": (WEIGHT, HEIGHT, LIMIT, LIMIT),
    "mosteller_radicand": (WEIGHT, HEIGHT),
    "half_of_root": (WEIGHT,),
    "hundredths_of_years": (MONTHS,),
    "too_young": (MONTHS, MONTHS),
    "too_old": (MONTHS, MONTHS),
    "may_cross": (MONTHS, (1, 12), (0, 240), MONTHS),
    "dose_of": (DOSE, (1, 600)),
    "comes_to_nothing": ((0, 2),),
    "to_step": (DOSE, BAG),
    "nearer": (DOSE, DOSE, DOSE),
    "rounded": (DOSE, (0, 10_000_000), SHARE),
    "rounding_applied": (LIMIT, LIMIT),
    "rounding_refused": ((1, 3), (1, 3), (1, 3)),
    "above": (NUMBER, NUMBER),
    "hundredths_of_minutes": (MONTHS,),
    "rate_of": (DOSE, BAG),
    "hours_after": (MONTHS, MONTHS),
    "chair_time": (MONTHS, MONTHS),
    "too_quick": (NUMBER, NUMBER),
    "drug_volume": (DOSE, STRENGTH),
    "concentration": (DOSE, BAG),
    "passes_bag": (DOSE, STRENGTH, BAG),
    "too_thin": (DOSE, BAG, STRENGTH),
    "too_thin_overfilled": (DOSE, BAG, STRENGTH, SHARE),
    "too_strong": (DOSE, BAG, STRENGTH),
    "least_in_range": (BAG, STRENGTH),
    "least_overfilled": (BAG, STRENGTH, SHARE),
    "most_in_range": (BAG, STRENGTH),
    "waste": (DOSE, DOSE),
    "billing_units": (DOSE, BAG),
    "wasted_units": (DOSE, (1, 1_000), BAG),
    "waste_below_unit": ((0, 2), (0, 2)),
    "share_of_cost": (DOSE, DOSE, DOSE),
}
"""Every formula that numbers and columns share, with the ends of its arguments."""

APART = {
    "where": "what all others are made of",
    "years_and_months": "for what people read",
    "months_begun": "takes days, below",
    "past": "takes a truth value, below",
}


def declared() -> Iterator[str]:
    """The functions of arithmetic.py."""
    tree = ast.parse((SOURCE / "arithmetic.py").read_text(encoding="utf-8"))
    return (each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def made_up(ends: tuple[Any, ...], number: int) -> list[tuple[int, ...]]:
    """Random arguments, the ends of their ranges among them."""
    dice = random.Random(7)  # noqa: S311 - made-up numbers
    rows = [tuple(dice.choice((low, high, dice.randint(low, high))) for low, high in ends) for _ in range(number)]
    return [tuple(end[0] for end in ends), tuple(end[1] for end in ends), *rows]


def by_columns(formula: Callable[..., Any], rows: list[tuple[int | None, ...]]) -> list[Any]:
    names = [f"c{place}" for place in range(len(rows[0]))]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")
    return frame.select(formula(*map(pl.col, names))).to_series().to_list()


def test_every_formula_is_held_against_columns() -> None:
    assert {*FORMULAS, *APART} == set(declared())


@pytest.mark.parametrize("case", CASES)
def test_a_formula_gives_what_is_calculated_by_hand(case: Any) -> None:
    formula = getattr(arithmetic, case["formula"])
    for each in case["cases"]:
        only(each, "given expect because")
        found, wanted = formula(*each["given"]), each["expect"]
        assert (list(found) if isinstance(found, tuple) else found) == wanted, (each["given"], each["because"])


def test_every_formula_is_calculated_by_hand_in_a_case() -> None:
    by_hand = {case["formula"] for [case] in (each.values for each in CASES)}
    assert by_hand | {"where", "months_begun", "past"} == set(declared()), "the last two have their cases below"


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_gives_the_same_for_numbers_and_for_columns(name: str) -> None:
    formula, rows = getattr(arithmetic, name), made_up(FORMULAS[name], 400)
    assert by_columns(formula, [*rows]) == [formula(*row) for row in rows]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("at_most", 0),  # a BSA that is not known
        ("bmi_within", 1),  # a height
        ("bmi_unusual", 1),
        ("mosteller_radicand", 1),
        ("outside", 0),  # an age, a BSA
        ("too_young", 0),
        ("too_old", 0),
        ("may_cross", 0),
        ("dose_of", 1),  # a BSA
        ("comes_to_nothing", 0),
        ("above", 0),
        ("past", 0),
        ("billing_units", 1),  # a billing unit
        ("wasted_units", 2),
        ("waste_below_unit", 1),
        ("share_of_cost", 0),  # a price
    ],
)
def test_what_may_be_missing_in_a_column_stays_missing(name: str, place: int) -> None:
    formula: Any = getattr(arithmetic, name)
    if name == "past":
        assert by_columns(lambda size: formula(size, 100, included=True), [(None,)]) == [None]
        return
    row: list[int | None] = [low for low, _ in FORMULAS[name]]
    row[place] = None
    if name == "waste_below_unit":
        row[0] = 1
    assert by_columns(formula, [tuple(row)]) == [None], name


def test_months_begin_the_same_for_days_and_for_columns_of_days() -> None:
    rows = made_up((*DAY, *DAY), 400)
    assert by_columns(lambda *day: arithmetic.months_begun(day[:3], day[3:]), [*rows]) == [
        arithmetic.months_begun(row[:3], row[3:]) for row in rows
    ]


@pytest.mark.parametrize(
    ("start", "last", "begun"),
    [
        ((2026, 1, 15), (2026, 2, 15), 1),  # complete to the day
        ((2026, 1, 15), (2026, 2, 16), 2),  # one complete, the next begun
        ((2026, 1, 15), (2026, 2, 14), 1),  # none complete, one begun
        ((2026, 1, 31), (2026, 2, 28), 1),
        ((2025, 12, 31), (2026, 1, 1), 1),
        ((2025, 12, 31), (2025, 12, 31), 0),
    ],
)
def test_a_month_that_is_not_complete_has_begun(start: Any, last: Any, begun: int) -> None:
    assert arithmetic.months_begun(start, last) == begun


@pytest.mark.parametrize(("size", "included", "past"), [(99, True, 0), (100, True, 0), (101, True, 1), (99, False, 0),
                                                        (100, False, 1), (101, False, 1)])  # set in rows # fmt: skip
def test_a_band_includes_its_end_or_not(size: int, included: bool, past: bool) -> None:
    assert arithmetic.past(size, 100, included=included) == past
    assert by_columns(lambda column: arithmetic.past(column, 100, included=included), [(size,)]) == [past]


# --- nowhere else -----------------------------------------------------------------------------------------------

READ_AND_WRITTEN = {"parse_columns", "numbers", "result_columns"}
"""Modules that count lines, and numbers in the units that people write."""

NO_RULE = {
    "surfaces": {"(2 * number - 1) / 200", "2 * number", "cm / 10", "kg / 100"},  # doubles, for powers
    "compiler": {"limits.to.size // MEAN_MONTH[1]"},  # days of the horizon
    "doses": {"_ROWS * run.height", "_ROWS * run.height // int(run['events'].sum())"},  # rows at a time
    "patients": {
        "_BANDS ** (band.end is not None and band.end.by == 'bsa')",
        "_passes(band) * _BANDS ** (band.end is not None and band.end.by == 'bsa')",
    },  # the number of a band
    "breakpoints": {"2 * most", "most // common", "number * common", "place * _WIDE", "places.cast(pl.Int64) * _WIDE"},
    "tally": {
        "[0] * len(found)",
        "count * len(self._events.codes[variant])",
        "each * pl.col('needed')",
        "int(count) * times",
        "stops * dose",
        "pl.col('stops') * pl.col('dose')",
        "pl.col(one) * many",
    },  # counts, and what of a sum blocks
}
"""What cohorts multiply or divide that is no rule of the single patient, by module."""

ROUNDING = {"half_up", "half_down"}
ROUNDED_IN = {
    "arithmetic.py": "every formula",
    "quantities.py": "what people write, in its units",
    "cohort/parse_columns.py": "the same by columns",
    "cohort/beside.py": "the same of a file of weights",
    "bsa.py": "a double to a whole number",
    "pump.py": "rates, which only one infusion has",
    "order_mistakes.py": "mistakes, which only one order has",
}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Each module with its tree; the second calculation has arithmetic of its own."""
    return [
        (path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(SOURCE.rglob("*.py"))
        if "verify" not in path.parts
    ]


def test_cohorts_multiply_and_divide_nothing_of_a_patient() -> None:
    operators = ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow
    found: dict[str, set[str]] = {}
    for path, tree in modules():
        folder, _, name = path.removesuffix(".py").rpartition("/")
        if folder == "cohort" and name not in READ_AND_WRITTEN:
            told = {ast.unparse(each) for each in ast.walk(tree)
                    if isinstance(each, ast.BinOp) and isinstance(each.op, operators)}  # set in rows # fmt: skip
            found |= {name: told} if told else {}
    assert found == NO_RULE


def test_rounding_stands_where_the_formulas_stand() -> None:
    found = {
        name
        for name, tree in modules()
        for each in ast.walk(tree)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in ROUNDING
    }
    assert found == ROUNDED_IN.keys()
    rounds = [
        name
        for name, tree in modules()
        for each in ast.walk(tree)
        if isinstance(each, ast.Call)
        and ((isinstance(each.func, ast.Name) and each.func.id == "round")
             or (isinstance(each.func, ast.Attribute) and each.func.attr == "round"))
    ]  # set in rows # fmt: skip
    assert rounds == []
