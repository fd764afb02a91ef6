"""The JSON Schemas that we publish: `conftest` holds every document that tests make against them."""

from __future__ import annotations

import copy
import json

import pytest
from jsonschema_rs import Draft202012Validator, ValidationError, meta

from infusecalc.cli import run
from infusecalc.output import formats
from infusecalc.output.schemas import DOCUMENTS
from support import HERE

LINES = {
    "dose": "dose rituximab gpa --weight 70kg --height 175cm",
    "schedule": "schedule infliximab crohns --weight 70kg --start 2026-12-01 --price 100mg=174.63",
    "rate": "rate rituximab ra --weight 70kg --first --at 09:30 --stopped-at 60",
    "check": "check infliximab crohns --weight 70kg --ordered 700mg --ordered-every 8w",
    "next": "next infliximab crohns --weight 70kg --given 2026-01-05:350mg --on 2026-02-01",
    "info": "info infliximab",
    "agenda": "agenda COHORT --on 2026-12-01 --chairs 1 --open 08:00-09:00",
    "settings": "settings",
    "totals": "batch COHORT -o OUT --quiet --totals - --totals-as json",
    "verify": "verify PLAN",
}


def printed(capfd, name):
    assert run(["schema", name]) == 0
    return json.loads(capfd.readouterr().out)


def document(capfd, tmp_path, name):
    path = tmp_path / "plan.json"
    assert run([*LINES["schedule"].split(), "-o", str(path), "--quiet"]) == 0
    cohort = tmp_path / "cohort.csv"
    cohort.write_text("patient_id,drug,indication,weight_kg,start\na,infliximab,crohns,70,2026-12-01\n")
    line = LINES[name].replace("PLAN", str(path)).replace("COHORT", str(cohort))
    line = line.replace("OUT", str(tmp_path / "out.csv"))
    asked = [] if name == "totals" else ["--format", "json"]
    assert run([*line.split(), *asked]) in (0, 3)
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_one_and_its_document_fits_it(name, capfd, tmp_path):
    schema = printed(capfd, name)
    meta.validate(schema)
    Draft202012Validator(schema).validate(document(capfd, tmp_path, name))
    assert schema["title"] == f"infusecalc.{name}/1"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_without_one_of_its_parts_or_with_one_of_another_kind_does_not_fit(name, capfd, tmp_path):
    holds = Draft202012Validator(printed(capfd, name)).is_valid
    whole = document(capfd, tmp_path, name)
    assert holds(whole | {"added": 1}), "a document may have more"
    for part in whole:
        assert not holds({key: value for key, value in whole.items() if key != part}), f"{part} is missing"
    for part in set(whole) - {"reason"}:
        assert not holds(whole | {part: {"another": "kind"} if isinstance(whole[part], list) else [[]]}), part


@pytest.mark.parametrize(("part", "value"), [("dose_mg", "350"), ("dose_mg", -1), ("date", "1/12/2026"), ("given", 0)])
def test_a_value_of_an_infusion_that_is_of_another_kind_does_not_fit(part, value, capfd, tmp_path):
    holds = Draft202012Validator(printed(capfd, "schedule")).is_valid
    whole = document(capfd, tmp_path, "schedule")
    spoilt = copy.deepcopy(whole)
    spoilt["infusions"][3][part] = value
    assert holds(whole)
    assert not holds(spoilt)


def test_a_document_that_does_not_fit_fails_the_test_that_makes_it():
    with pytest.raises(ValidationError):
        formats.sealed({"schema": "infusecalc.info/1", "drug": 7}, None)


def test_a_schema_holds_no_definition_that_it_does_not_need(capfd):
    for name in DOCUMENTS:
        text = json.dumps(printed(capfd, name))
        schema = json.loads(text)
        assert all(f'"#/$defs/{each}"' in text for each in schema["$defs"])
        assert len(text) < 12_000


def test_a_name_without_a_schema_is_refused(capfd):
    assert run(["schema", "nothing"]) == 2
    assert "allowed: dose, schedule, rate, check, next, info, agenda, totals, verify" in capfd.readouterr().err


def test_an_answer_of_every_kind_has_a_schema():
    """`regimens` is the table itself: its shape is `regimens schema`."""
    assert set(LINES) == set(DOCUMENTS)
    assert HERE.exists()


SAID = {
    "schedule": ("those that were given (with the planned dose)", "Days from the start of the plan", "original plan"),
    "agenda": ("overdue and optional ones are in none", "in none of the sums"),
    "totals": ("with the period all, which is the sum of the others",),
}


@pytest.mark.parametrize("name", SAID)
def test_a_schema_says_what_is_in_a_sum_and_what_a_day_is_counted_from(name, capfd):
    text = json.dumps(printed(capfd, name))
    assert [words for words in SAID[name] if words not in text] == []


def test_the_totals_of_a_schedule_count_what_was_given_at_the_planned_dose_and_say_so(capfd):
    """8 x 350 mg, although the first was 100 mg; `batch --totals` is the one that leaves it out."""
    line = "schedule infliximab crohns --weight 70kg --given 2026-12-04:100mg --totals --quiet"
    assert run([*line.split(), "--format", "json"]) == 0
    totals = json.loads(capfd.readouterr().out)["totals"]
    assert (totals["infusions"], totals["dose_mg"]) == (8, 2800)
    said = "Infusions that were given are in these totals, with the dose as planned."
    assert run(line.split()) == 0
    assert said in capfd.readouterr().out
    assert run(line.replace("--given 2026-12-04:100mg", "--start 2026-12-04").split()) == 0
    assert said not in capfd.readouterr().out


def test_an_overdue_infusion_is_in_no_sum_of_an_agenda(capfd, tmp_path):
    cohort = tmp_path / "cohort.csv"
    rows = "a,infliximab,crohns,70,2026-12-01\nb,rituximab,ra,70,2026-12-16\n"
    cohort.write_text(f"patient_id,drug,indication,weight_kg,start\n{rows}")
    given = tmp_path / "given.csv"
    given.write_text("patient_id,date,dose_mg\na,2026-12-01,\n")
    assert run(["agenda", str(cohort), "--given", str(given), "--on", "2026-12-16", "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    totals = found["totals"]
    assert (len(found["overdue"]), totals["overdue"], totals["infusion_count"], totals["dose_mg"]) == (1, 1, 1, 1000)
    assert list(totals["products"]) == list(totals["vials"]) == ["Rituxan"]
