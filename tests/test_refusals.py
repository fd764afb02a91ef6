"""What infusecalc refuses is told with the argument's name; the command line shows its option, a cohort no value."""

from __future__ import annotations

import ast
import datetime as dt
import re
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import infusecalc
from infusecalc import Patient, make_course
from infusecalc.cli import run
from infusecalc.cli.flags import FLAGS, flag_of, with_flags
from infusecalc.cli.options import PATIENT
from infusecalc.cohort import expand, rejects
from infusecalc.due import find_due
from infusecalc.errors import BadInput, UnknownName
from infusecalc.order_check import check_order
from infusecalc.pump_table import make_pump_table
from support import table

SOURCE = Path(infusecalc.__file__).parent
START = "2026-12-01"


def course(**options: Any) -> Any:
    regimen = options.pop("regimen", "infliximab/crohns").split("/")
    patient = options.pop("patient", {"weight": "70kg", "height": "175cm"})
    return make_course(table(), *regimen, Patient.of(**patient), **options)


def dated(**options: Any) -> Any:
    return course(start=START, **options)


# --- the argument that a refusal is about ---------------------------------------------------------------------

FIELDS = [
    ("weight", "70x", lambda: Patient.of("70x")),
    ("weight", "given twice", lambda: Patient.of(["70", "80"])),
    ("weight", "a date of a weight", lambda: Patient.of(["2026-02-30=70"])),
    ("weight", "none", lambda: Patient.of([])),
    ("weight", "dated, and no date", lambda: course(patient={"weight": ["2026-01-01=70kg"]})),
    ("weight", "too light", lambda: course(patient={"weight": "0.1kg"})),
    ("height", "tall", lambda: Patient.of(70, height="tall")),
    ("height", "missing", lambda: course(regimen="rituximab/gpa", patient={"weight": 70})),
    ("bsa", "with a height", lambda: Patient.of(70, height=175, bsa=1.9)),
    ("bsa_cap", "in feet", lambda: Patient.of(70, bsa_cap="2ft")),
    ("bsa_formula", "unknown", lambda: Patient.of(70, height=175, bsa_formula="nobody")),
    ("bsa_formula", "without a height", lambda: Patient.of(70, bsa_formula="dubois")),
    ("age", "with a date of birth", lambda: Patient.of(70, age=30, born="1990-01-01")),
    ("age", "too old", lambda: course(patient={"weight": 70, "age": 130})),
    ("born", "no date", lambda: Patient.of(70, born="1/2/1990")),
    ("born", "without a reference date", lambda: course(patient={"weight": 70, "born": "1990-01-01"})),
    ("born", "after the start", lambda: dated(patient={"weight": 70, "born": "2027-01-01"})),
    ("id", "empty", lambda: Patient.of(70, id=" ")),
    ("drug", "unknown", lambda: course(regimen="aspirin/crohns")),
    ("indication", "unknown", lambda: course(regimen="infliximab/gout")),
    ("label", "unknown", lambda: course(label="uk")),
    ("variant", "none here", lambda: course(variant="low-dose")),
    ("product", "of another drug", lambda: course(product="Rituxan")),
    ("protocol", "unknown", lambda: course(protocol="quick")),
    ("start", "a local date", lambda: course(start="1/2/2026")),
    ("on", "no day", lambda: course(on="2026-02-30")),
    ("for_", "no unit", lambda: dated(for_="12")),
    ("for_", "without a start", lambda: course(for_="1y")),
    ("for_", "too far", lambda: dated(for_="30y")),
    ("until", "before the start", lambda: dated(until="2025-01-01")),
    ("doses", "none", lambda: dated(doses=0)),
    ("courses", "no repeats", lambda: dated(courses=2)),
    ("from_", "another phase", lambda: dated(from_="induction")),
    ("maintenance_start", "too early", lambda: dated(regimen="rituximab/gpa", maintenance_start=START)),
    ("maintenance_start", "with from_", lambda: dated(from_="maintenance", maintenance_start="1w")),
    ("dose", "another unit", lambda: dated(dose="350mg")),
    ("dose", "another phase", lambda: dated(dose="loading=5mg/kg")),
    ("every", "a phase given once", lambda: dated(every="induction=2w")),
    ("round_", "unknown", lambda: dated(round_="2mg")),
    ("round_within", "over 100 %", lambda: dated(round_within="101")),
    ("bag", "litres", lambda: dated(bag="1L")),
    ("weight_change", "in kg", lambda: dated(weight_change="5kg")),
    ("given", "no dose", lambda: dated(given="2026-12-01:")),
    ("given", "twice", lambda: dated(given=["2026-12-01", "2026-12-01"])),
    ("given", "nothing", lambda: find_due(table(), "infliximab", "crohns", Patient.of(70))),
    ("history", "no file", lambda: dated(history="there-is-no-such-file.csv")),
    ("anchor", "without a history", lambda: dated(anchor="given")),
    ("days", "no weekdays", lambda: dated(days="always")),
    ("holidays", "no country", lambda: dated(holidays="ZZ")),
    ("tolerance", "without days", lambda: dated(tolerance="3d")),
    ("price", "no vial", lambda: dated(price="174.63")),
    ("has", "unknown", lambda: dated(has="sneezing")),
    ("accept", "no reason", lambda: dated(accept="off-label")),
    ("accept", "no block", lambda: dated(accept="off-label=because")),
    ("number", "too high", lambda: make_pump_table(course(), number=601)),
    ("phase", "unknown", lambda: make_pump_table(course(), phase="loading")),
    ("pause", "without a stop", lambda: make_pump_table(course(), pause="5")),
    ("at", "no time", lambda: make_pump_table(course(), at="9 pm")),
    ("ordered", "no number", lambda: check_order(course(), "many")),
    ("ordered_every", "a phase given once", lambda: check_order(course(), 350, ordered_every="8w", phase="induction")),
    ("regimens", "no file", lambda: infusecalc.load_table("there-is-no-such-file.yaml")),
    ("frame", "a list", lambda: expand([1, 2])),
    (None, "two horizons", lambda: dated(for_="12m", doses=3)),
    (None, "two infusions", lambda: make_pump_table(course(), number=2, first=True)),
    (None, "weight and height", lambda: course(patient={"weight": 175, "height": 70})),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("field", "call"), [(field, call) for field, _, call in FIELDS],
                         ids=[f"{field}: {why}" for field, why, _ in FIELDS])  # set in rows # fmt: skip
def test_a_refusal_says_which_argument_it_is_about(field, call):
    with pytest.raises(BadInput) as refused:
        call()
    assert refused.value.field == field
    assert "--" not in str(refused.value)


# --- words -----------------------------------------------------------------------------------------------------


@cache
def nodes(file: Path) -> list[ast.AST]:
    """All that stands in a file of source."""
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@cache
def refusing(file: Path) -> list[ast.Call]:
    """The calls in a file that make a refusal."""
    names = ("BadInput", "UnknownName", "RowFault", "one_of")
    return [node for node in nodes(file) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names]


LIBRARY = [file for file in sorted(SOURCE.rglob("*.py")) if "cli" not in file.relative_to(SOURCE).parts]


@pytest.mark.parametrize("file", LIBRARY, ids=[str(file.relative_to(SOURCE)) for file in LIBRARY])
def test_the_library_names_no_option_of_the_command_line_in_a_refusal(file):
    functions = [node for node in nodes(file) if isinstance(node, ast.FunctionDef)]
    whole = [node for node in functions if any("BadInput" in ast.dump(call.func) for call in calls(node))]
    texts = [text for node in (*refusing(file), *whole) for text in strings(node)]
    assert [text for text in texts if re.search(r"--[a-z]|(^| )-o\b", text)] == []


def calls(node: ast.AST) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def strings(node: ast.AST) -> list[str]:
    """The texts in a piece of source, docstrings apart."""
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return [text for text in texts if text != (ast.get_docstring(node, clean=False) if is_function(node) else None)]


def is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef)


def test_the_walk_over_the_source_finds_what_it_looks_for():
    code = 'def f():\n    """Takes --this."""\n    hint = "give --start"\n    raise BadInput("x", 1, "y", hint=hint)\n'
    (found,) = ast.parse(code).body
    assert [text for text in strings(found) if "--" in text] == ["give --start"]
    assert sum(len(refusing(file)) for file in LIBRARY) > 150


PRIVATE = ("stands beside", "stands alone", "two horizons", "is taken", "are taken", "none is near", "meets no",
           "fits no", "fits nothing", "names no", "is no ", "gives an age")  # set in rows # fmt: skip


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_refusal_has_the_usual_words(file):
    texts = [text for node in refusing(file) for text in strings(node)]
    assert [text for text in texts for words in PRIVATE if words in text] == []


def test_the_command_line_shows_the_option_for_an_argument(capsys):
    line = ["schedule", "infliximab", "crohns", "--weight", "70", "--from", "maintenance", "--maintenance-start"]
    assert run([*line, "20w`start`", "--start", START]) == 2
    assert capsys.readouterr().err == (
        "infusecalc: --maintenance-start '20w`start`' cannot be combined with --from; with --from maintenance, "
        "--start is the first maintenance infusion\n"  # a value stays as it was typed
    )
    assert run(["schedule", "infliximab", "crohns", "--weight", "70", "--start", START, "-o", "plan.what"]) == 2
    assert capsys.readouterr().err.startswith("infusecalc: -o 'plan.what' has no known extension")


def test_every_option_has_its_flag():
    assert {FLAGS[each.name] for each in PATIENT} == {"--" + str(each.name).replace("_", "-") for each in PATIENT}
    assert (flag_of("id"), flag_of("for_"), flag_of("drug")) == ("--patient-id", "--for", FLAGS["drug"])
    assert with_flags("give `start` or `nothing_of_ours`") == "give --start or `nothing_of_ours`"


def test_a_sentence_is_put_together_from_its_parts():
    error = BadInput("`until`", "x", "is too early", detail=", 2026", allowed="later", hint="wait", how="must be")
    assert str(error) == "`until` 'x' is too early, 2026 (must be later); wait"
    assert (error.fault, error.reason) == ("is too early, 2026", "`until` is too early (must be later); wait")
    name = UnknownName("variant", "x", known=("a", "b"), nearest=(), of="rituximab/pv")
    assert str(name) == "variant 'x' is not known for rituximab/pv (allowed: a, b); no similar name"
    assert name.reason == "variant is not known (allowed: a, b); no similar name"


# --- what is told of a row among many ---------------------------------------------------------------------------

ROW = {
    "patient_id": "canary-7Q3", "drug": "infliximab", "indication": "crohns", "weight_kg": "71.37",
    "height_cm": "173.3", "age_years": "47", "start": "2031-03-07", "label": "us", "variant": "", "product": "",
}  # set in rows # fmt: skip
CANARIES = ("canary", "7Q3", "71.37", "173.3", "2031", "2030", "2032")
WAYS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"weight_kg": "canary"}, {}), ({"weight_kg": "71.37 canaries"}, {}), ({"weight_kg": "71,37"}, {}),
    ({"weight_kg": "-71.37"}, {}), ({"weight_kg": "7173.3"}, {}), ({"weight_kg": "71\u2011canary"}, {}),
    ({"weight_kg": "2030=71.37"}, {}), ({"weight_kg": "0.0000002030"}, {}), ({"weight_kg": "70kg, 71.37kg"}, {}),
    ({"height_cm": "canary"}, {}), ({"height_cm": "2031"}, {}), ({"height_cm": "5ft2031in"}, {}),
    ({"weight_kg": "173.3", "height_cm": "71.37"}, {}), ({"bsa_m2": "71.37"}, {}),
    ({"bsa_m2": "71.37", "height_cm": ""}, {}), ({"age_years": "2031"}, {}), ({"age_years": "canary"}, {}),
    ({"start": "canary"}, {}), ({"start": "03/07/2031"}, {}), ({"start": "2031-02-30"}, {}),
    ({"start": "20310307"}, {}),
    ({"start": "2031\u20112-1"}, {}), ({"start": "2301-03-07"}, {}), ({"drug": "canary"}, {}),
    ({"indication": "canary"}, {}), ({"label": "canary"}, {}), ({"variant": "canary"}, {}), ({"product": "canary"}, {}),
    ({"drug": "rituximab", "indication": "pv", "variant": "canary"}, {}), ({"patient_id": "canary\t7Q3"}, {}),
    ({"drug": "remicade", "product": "inflectra"}, {}), ({"product": "Rituxan"}, {}),
    ({"drug": "rituximab", "indication": "gpa", "height_cm": ""}, {}),
    ({}, {"until": "2025-01-01"}), ({}, {"until": "2100-01-01"}), ({}, {"dose": "5mg/m2"}), ({}, {"courses": 2}),
    ({}, {"dose": "loading=5mg/kg"}), ({}, {"every": "induction=2w"}),
    ({"drug": "rituximab", "indication": "ra"}, {"maintenance_start": "20w"}),
    ({"drug": "rituximab", "indication": "gpa"}, {"maintenance_start": "2031-03-09"}),
    ({"drug": "rituximab", "indication": "sle"}, {"from_": "maintenance"}), ({}, {"protocol": "ra-120"}),
    ({"drug": "rituximab", "indication": "gpa"}, {"protocol": "ra-120"}),
    ({"weight_kg": "4.031", "height_cm": ""}, {"dose": "0.001mg/kg"}), ({}, {"dose": "999999mg/kg"}),
    ({"start": "2199-03-07"}, {"holidays": "US"}),
    ({}, {"protocol": "steps-250", "bag": "500"}), ({}, {"days": "mon", "tolerance": "loading=3d"}),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("cells", "options"), WAYS, ids=[f"{cells} {options}" for cells, options in WAYS])
def test_the_reason_of_a_rejected_row_holds_no_value_of_it(cells, options):
    row = ROW | cells
    found = rejects(pl.DataFrame([{name: text or None for name, text in row.items()}]), **options)
    assert found.height == 1, "the row is good"
    (reason,) = found["reason"].to_list()
    typed = [text for text in cells.values() if len(text) > 3 and text != "rituximab"]
    assert [text for text in (*CANARIES, *typed) if text in reason] == [], reason
    assert not re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", reason), reason
    assert "  " not in reason, reason
    assert not re.search(r"(?<!=)''", reason), reason


def test_a_batch_names_its_options_in_the_reasons(tmp_path, capsys):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    pl.DataFrame([ROW]).write_csv(source)
    for options in ([], ["--strict"], ["--rejects", str(tmp_path / "bad.csv")]):
        run(["batch", str(source), "-o", str(out), "--until", "2025-01-01", *options])
    err = capsys.readouterr().err
    assert err.count("--until is before the start; give a later date") == 2
    bad = (tmp_path / "bad.csv").read_text("utf-8")
    assert "--until is before the start" in bad
    assert "`" not in err + bad


def test_a_day_of_a_frame_is_no_part_of_a_reason():
    frame = pl.DataFrame([ROW]).with_columns(start=pl.lit(dt.datetime(2031, 3, 7, 9, 30)))  # noqa: DTZ001 - a frame's
    assert rejects(frame)["reason"].to_list() == [
        "start is not a date (must be YYYY-MM-DD or today); it has a time: write the date alone"
    ]
