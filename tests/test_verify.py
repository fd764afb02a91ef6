"""`verify`: a stored plan is found right where it is, and each fault in it is found and named."""

from __future__ import annotations

import copy
import csv
import io
import itertools
import json
import shlex
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks import verify_plans
from infusecalc import arithmetic
from infusecalc.cli import run
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.formats import FORMATS, Look
from infusecalc.output.request import content_sha256
from infusecalc.verify import rules
from support import HERE, cases, course, someone

FAULTS = cases("verify_faults", "path value field recomputed stored csv")
SURFACE = "schedule rituximab aiha --weight 70kg --height 175cm --start 2026-12-01"
PLAN = "schedule infliximab crohns --weight 70kg --start 2026-12-01"


def written(capfd, form: str, line: str = PLAN) -> str:
    assert run([*line.split(), "--format", form]) in (0, 3)
    return capfd.readouterr().out


def verified(capfd, path: Path | str, text: str | None = None, *more: str) -> dict[str, Any]:
    if text is not None:
        Path(path).write_text(text, encoding="utf-8", newline="")
    code = run(["verify", str(path), "--format", "json", *more])
    found = json.loads(capfd.readouterr().out)
    assert code == (0 if found["verdict"] == "agrees" else 3)
    return found


def resealed(document: dict[str, Any]) -> str:
    """A document whose hash fits: what is wrong in it must be found otherwise."""
    return json.dumps(document | {"content_sha256": content_sha256(document)})


def fields(found: dict[str, Any]) -> list[tuple[int | None, str]]:
    return [(each["infusion"], each["field"]) for each in found["differences"]]


# --- what is right agrees ---------------------------------------------------------------------------------


def test_random_plans_agree_in_json_and_csv(tmp_path):
    """`python tests/benchmarks/verify_plans.py` does the same for 2,000."""
    for form in verify_plans.FORMS:
        answers = (verify_plans.verdict(line, form, tmp_path) for line in verify_plans.plans(1000, 5))
        for found in itertools.islice((each for each in answers if each), 30):
            assert (found["verdict"], found["differences"], found["exit"]) == ("agrees", [], 0)


def test_a_csv_says_what_it_cannot_tell(capfd, tmp_path):
    """`not_compared` lists what a CSV cannot tell: height, findings, horizon ...; the verdict may still be `agrees`."""
    found = verified(capfd, tmp_path / "plan.csv", written(capfd, "csv"))
    assert found["verdict"] == "agrees"
    assert {"height", "findings", "horizon", "table"} <= set(found["not_compared"])
    assert verified(capfd, tmp_path / "plan.json", written(capfd, "json"))["not_compared"] == []


ORDERED = {
    "another dose": ("--dose 10mg/kg", "dose bases of maintenance: another dose was ordered"),
    "another interval": ("--every 6w --dose 6mg/kg", "days of maintenance: another interval was ordered"),
    "given": ("--given 2026-12-01 --given 2026-12-20", "moved and given dates"),
}


@pytest.mark.parametrize("name", ORDERED)
def test_what_was_ordered_or_given_is_not_compared_in_a_csv_and_said(name, capfd, tmp_path):
    options, left_out = ORDERED[name]
    found = verified(capfd, tmp_path / "plan.csv", written(capfd, "csv", f"{PLAN} {options}"))
    assert (found["verdict"], left_out in found["not_compared"]) == ("agrees", True)


def test_a_start_of_maintenance_that_was_asked_for_is_taken_from_a_csv(capfd, tmp_path):
    """From the day itself, and from months after induction, which count from an end of a month that has no such day."""
    gpa = "schedule rituximab gpa --weight 70kg --height 175cm --start 2026-12-01 --for 2y --maintenance-start"
    ms = "schedule rituximab ms --weight 70kg --start 2027-10-31 --for 2y --maintenance-start 4m"
    for line in (f"{gpa} 25w", f"{gpa} 2027-06-30", ms):
        found = verified(capfd, tmp_path / "plan.csv", written(capfd, "csv", line))
        assert (found["verdict"], found["differences"]) == ("agrees", [])
        assert (
            "first day of maintenance: any allowed day passes, for the file does not say which was asked for"
            in found["not_compared"]
        )
    text = written(capfd, "csv", ms).replace(",305,2028-08-31,", ",312,2028-09-07,")
    assert (3, "date") in fields(verified(capfd, tmp_path / "plan.csv", text)), "the days after it are held to it"


def test_a_cohorts_result_is_verified_patient_by_patient(capfd, tmp_path):
    rows = [
        "patient_id,drug,indication,weight_kg,height_cm,start,label",
        "=a,infliximab,crohns,70,,2026-12-01,us",
        "b,rituximab,gpa,71.5,175,2026-12-31,us",
        "b,rituximab,ra,71.5,175,2026-12-31,eu",
        "c,rituximab,pv,71.5,175,2026-10-31,eu",
        "c,rituximab,pv,71.5,175,2026-10-31,eu",
    ]
    cohort, path = tmp_path / "cohort.csv", tmp_path / "plans.csv"
    cohort.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert run(["batch", str(cohort), "-o", str(path), "--quiet", "--round", "vial"]) == 0
    capfd.readouterr()
    found = verified(capfd, path)
    assert (found["verdict"], found["courses"], found["infusions"]) == ("agrees", 5, 22)
    lines = path.read_text("utf-8").splitlines()
    lines[12] = lines[12].replace("2027", "2028", 1)
    found = verified(capfd, path, "\n".join(lines) + "\n")
    assert found["verdict"] == "differs"
    assert {each["line"] for each in found["differences"]} == {13}, "the line of the file"


def test_a_document_of_the_library_is_compared_by_its_rows(capfd, tmp_path):
    """It has no request."""
    for made in (
        course("infliximab/crohns", round_="vial"),
        course("rituximab/gpa", someone(weight=["70kg", "2027-06-01=80kg"])),
        course("rituximab/ra", protocol="ra-120", label="eu"),
    ):
        text, _ = FORMATS["json"].write(CourseAnswer(made), Look(80, False, {}))
        found = verified(capfd, tmp_path / "plan.json", text)
        assert (found["verdict"], found["differences"]) == ("agrees", [])
        assert "horizon" in found["not_compared"]


def test_a_document_of_an_older_program_has_neither_request_nor_hash(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    for name in ("request", "settings", "content_sha256"):
        del document[name]
    found = verified(capfd, tmp_path / "plan.json", json.dumps(document))
    assert found["verdict"] == "agrees"
    assert "content_sha256" in found["not_compared"]
    assert found["content"]["stored"] is None


def test_a_file_that_was_written_out_anew_still_agrees(capfd, tmp_path):
    """The hash is of the content: keys in another order and other spaces are the same content."""
    document = json.loads(written(capfd, "json"))
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    assert verified(capfd, tmp_path / "plan.json", text)["verdict"] == "agrees"


def test_standard_input_is_read(capfd, monkeypatch):
    text = written(capfd, "json").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert verified(capfd, "-")["file"] == {"name": "-", "format": "json"}


# --- what is wrong is found and named -----------------------------------------------------------------------


def spoilt(document: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(document)
    place: Any = found
    for key in case["path"][:-1]:
        place = place[key]
    if case["value"] is None:
        del place[case["path"][-1]]
    else:
        assert place[case["path"][-1]] != case["value"]
        place[case["path"][-1]] = case["value"]
    return found


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_in_a_json_document_is_found_and_named(case, capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    found = verified(capfd, tmp_path / "plan.json", resealed(spoilt(document, case)))
    assert found["verdict"] == "differs"
    mine = [each for each in found["differences"] if each["field"] == case["field"]]
    assert len(mine) == 1
    for name in ("recomputed", "stored"):
        assert mine[0][name] == case.get(name, mine[0][name])
    others = {each["field"] for each in found["differences"]} - {case["field"]}
    assert all(name.startswith("totals") for name in others), "one fault is told once, and in the sums"


@pytest.mark.parametrize("case", [each for each in FAULTS if each.values[0]["csv"]])
def test_a_fault_in_a_csv_is_found_and_named(case, capfd, tmp_path):
    rows = list(csv.DictReader(io.StringIO(written(capfd, "csv"))))
    row, name = (rows[case["path"][1]], case["path"][2]) if case["path"][0] == "infusions" else (rows[1], case["csv"])
    value = case["value"]
    row[name] = "+".join(f"{each['count']}x{each['size_mg']}" for each in value) if name == "vials" else str(value)
    if isinstance(value, bool):
        row[name] = str(value).lower()
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    found = verified(capfd, tmp_path / "plan.csv", out.getvalue())
    assert found["verdict"] == "differs"
    assert case["csv"] in {each["field"] for each in found["differences"]}
    assert {each["line"] for each in found["differences"]} == {rows.index(row) + 2}


def test_the_hash_alone_changed_differs(capfd, tmp_path):
    """That hash alone changed is `differs`, field `content_sha256`."""
    document = json.loads(written(capfd, "json")) | {"content_sha256": "0" * 64}
    found = verified(capfd, tmp_path / "plan.json", json.dumps(document))
    assert (found["verdict"], fields(found)) == ("differs", [(None, "content_sha256")])
    assert found["differences"][0]["found_by"] == "identity"
    assert found["content"]["stored"] == "0" * 64


def test_an_infusion_that_is_left_out_or_added_is_found(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    fewer = document | {"infusions": document["infusions"][:-1]}
    found = verified(capfd, tmp_path / "plan.json", resealed(fewer))
    assert (8, "infusion") in fields(found)
    more = document | {"infusions": [*document["infusions"], document["infusions"][-1] | {"number": 9}]}
    assert (9, "infusion") in fields(verified(capfd, tmp_path / "plan.json", resealed(more)))
    lines = written(capfd, "csv").splitlines(keepends=True)
    found = verified(capfd, tmp_path / "plan.csv", "".join(lines[:3] + lines[4:]))
    assert fields(found) == [(4, "number")], "a gap is told where it is"
    ra = "schedule rituximab aiha --weight 70kg --bsa 1.9 --start 2026-12-01"
    last = written(capfd, "csv", ra).splitlines(keepends=True)
    extra = last[-1].replace(",4,21,2026-12-22", ",5,28,2026-12-29")
    assert fields(verified(capfd, tmp_path / "plan.csv", "".join([*last, extra]))) == [(5, "infusion")]


def test_two_findings_of_one_key_are_told_apart(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    twice = document | {"findings": [document["findings"][0], *document["findings"]]}
    found = verified(capfd, tmp_path / "plan.json", resealed(twice))
    assert fields(found) == [(None, "findings.age-unknown#2")]


def test_a_surface_is_calculated_from_height_and_weight_by_each_formula(capfd, tmp_path):
    for formula in ("mosteller", "dubois", "haycock", "gehan-george", "boyd", "fujimoto", "takahira"):
        line = f"schedule rituximab aiha --weight 70kg --height 175cm --start 2026-12-01 --bsa-formula {formula}"
        text = written(capfd, "json", line)
        assert verified(capfd, tmp_path / "plan.json", text)["verdict"] == "agrees"
        document = json.loads(text)
        del document["request"]
        for infusion in document["infusions"]:
            infusion["bsa_m2"] = 2.2
        found = verified(capfd, tmp_path / "plan.json", resealed(document))
        named = {each["infusion"]: each["recomputed"] for each in found["differences"] if each["field"] == "bsa_m2"}
        assert named == dict.fromkeys((1, 2, 3, 4), json.loads(text)["patient"]["bsa_m2"])


def test_the_cap_of_a_surface_is_taken_from_the_request(capfd, tmp_path):
    line = "schedule rituximab aiha --weight 90kg --height 185cm --start 2026-12-01 --bsa-cap 2.0m2"
    assert verified(capfd, tmp_path / "plan.json", written(capfd, "json", line))["verdict"] == "agrees"


def test_a_dose_by_surface_without_a_surface_cannot_be_calculated(capfd, tmp_path):
    document = json.loads(written(capfd, "json", SURFACE)) | {"request": None}
    document["infusions"][0]["bsa_m2"] = None
    assert (1, "exact_dose_mg") in fields(verified(capfd, tmp_path / "plan.json", resealed(document)))


def test_what_the_second_calculation_does_not_know_it_leaves_to_the_plan(capfd, tmp_path):
    """A formula without a name of ours, sums that are no list, a day before any calendar."""
    document = json.loads(written(capfd, "json", SURFACE)) | {"request": None}
    document["patient"]["bsa_formula"] = "another"
    document["totals"]["by_month"] = document["chair"] = None
    assert fields(verified(capfd, tmp_path / "plan.json", resealed(document))) == []
    for infusion in document["infusions"]:
        infusion["day"] += 900_000
    found = verified(capfd, tmp_path / "plan.json", resealed(document))
    assert (found["verdict"], (1, "date") in fields(found)) == ("differs", True)


def test_vials_that_would_take_too_long_to_try_are_left_to_the_plan():
    sizes = (Decimal("0.01"), Decimal(500))
    assert rules.opened(Decimal(9000), sizes) is None
    assert rules.rounded(Decimal(9000), "vial", Decimal("0.1"), sizes) == 9000
    assert rules.opened(Decimal(690), (Decimal(100), Decimal(500))) == {Decimal(500): 1, Decimal(100): 2}


# --- a fault in the engine ------------------------------------------------------------------------------------


def down(numerator: int, denominator: int) -> int:
    return numerator // denominator


ODD = "schedule infliximab crohns --weight 70.33kg --start 2026-12-01"
CAPPED = f"{PLAN} --dose 'maintenance=8 mg/kg, at most 500 mg'"
PLANTED = {
    "half up rounds down": ("half_up", down, ODD, {"drug_volume_ml", "concentration_mg_per_ml"}),
    "a dose is 0.01 mg more": ("dose_of", lambda factor, size: (factor * size) // 1000 + 1, PLAN, {"exact_dose_mg"}),
    "a cap does not hold": ("at_most", lambda value, _: value, CAPPED, {"exact_dose_mg"}),
    "a tie goes to the higher dose": (
        "half_down",
        lambda one, other: (2 * one + other) // (2 * other),
        "schedule infliximab crohns --weight 71kg --start 2026-12-01 --round 10mg",
        {"dose_mg"},
    ),
    "units are rounded down": ("billing_units", down, ODD, {"billing_units"}),
    "waste is forgotten": ("waste", lambda opened, dose: 0 * (opened + dose), PLAN, {"waste_mg"}),
    "the area is too large": ("half_of_root", lambda root: root // 2 + 2, SURFACE, {"bsa_m2"}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_in_the_engine_is_found_in_its_own_output(name, capfd, tmp_path, monkeypatch):
    """The arithmetic is a second one: a fault in the first is a difference, though plan and hash agree with it."""
    formula, broken, line, expected = PLANTED[name]
    old = getattr(arithmetic, formula)
    for module in [each for key, each in sys.modules.items() if key.startswith("infusecalc.")]:
        if getattr(module, formula, None) is old:
            monkeypatch.setattr(module, formula, broken)
    path = tmp_path / "plan.json"
    assert run([*shlex.split(line), "-o", str(path), "--quiet"]) in (0, 3)
    capfd.readouterr()
    found = verified(capfd, path)
    assert found["verdict"] == "differs"
    assert expected <= {each["field"] for each in found["differences"]}
    assert {each["found_by"] for each in found["differences"]} == {"arithmetic"}


def test_vials_that_waste_more_are_found_in_the_engines_own_output(capfd, tmp_path, monkeypatch):
    """Least waste included: 690 mg is 1 x 500 + 2 x 100 mg, and not 2 x 500 mg."""
    from infusecalc import preparation  # noqa: PLC0415 - only here

    monkeypatch.setattr(preparation, "choose_vials", lambda dose, sizes: ((max(sizes), -(-dose // max(sizes))),))
    path = tmp_path / "plan.json"
    assert run([*SURFACE.split(), "-o", str(path), "--quiet"]) == 0
    capfd.readouterr()
    best = [{"size_mg": 500, "count": 1}, {"size_mg": 100, "count": 2}]
    found = verified(capfd, path)
    assert [each["recomputed"] for each in found["differences"] if each["field"] == "vials"] == [best] * 4


# --- the table ------------------------------------------------------------------------------------------------

SITE = "drugs: {infliximab: {us: {infusion_time: {least: 150 min, source: house}}}}\n"


def test_another_version_of_the_table_is_named(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    document["table"] |= {"version": "1999-01-01", "sha256": "0" * 64}
    found = verified(capfd, tmp_path / "plan.json", resealed(document))
    assert (found["verdict"], found["table"]["is"]) == ("table-differs", "another version")
    assert fields(found) == [(None, "table.version"), (None, "table.sha256")]
    document["infusions"][0]["duration_min"] = 100
    found = verified(capfd, tmp_path / "plan.json", resealed(document))
    assert found["verdict"] == "table-differs", "another plan is explained by another table"
    assert (1, "duration_min") in fields(found)
    document["infusions"][0]["waste_mg"] = 51
    document["request"] = None
    assert verified(capfd, tmp_path / "plan.json", resealed(document))["verdict"] == "differs", "a sum is not"


def test_a_sites_table_is_named_anew_and_a_path_in_the_file_is_never_opened(capfd, tmp_path, monkeypatch):
    site = tmp_path / "site.yaml"
    site.write_text(SITE, encoding="utf-8")
    text = written(capfd, "json", f"{PLAN} --regimens {site}")
    monkeypatch.chdir(tmp_path)
    found = verified(capfd, "plan.json", text)
    assert (found["verdict"], found["table"]["is"]) == ("table-differs", "a site's")
    assert (1, "duration_min") in fields(found)
    assert verified(capfd, "plan.json", None, "--regimens", "site.yaml")["verdict"] == "agrees"
    site.write_text(SITE.replace("150", "180"), encoding="utf-8")
    again = verified(capfd, "plan.json", None, "--regimens", "site.yaml")
    assert (again["verdict"], again["table"]["is"]) == ("table-differs", "a site's")
    plain = verified(capfd, "plain.json", written(capfd, "json"), "--regimens", "site.yaml")
    assert plain["table"]["is"] == "another version"


def test_a_history_of_a_request_is_not_read_again(capfd, tmp_path):
    """The infusions that its file told stand in the request."""
    told = tmp_path / "given.csv"
    told.write_text("date,dose_mg\n2026-12-01,350\n2026-12-20,340\n", encoding="utf-8")
    text = written(capfd, "json", f"{PLAN} --history {told}")
    told.unlink()
    assert verified(capfd, tmp_path / "plan.json", text)["verdict"] == "agrees"


NOT_CHECKABLE = {
    "a regimen that the table does not have": lambda document: (
        document["regimen"].update(indication="gout") or document["request"]["options"].update(indication="gout")
    ),
    "a product that it does not have": lambda document: document["product"].update(name="Nonesuch"),
    "a request of another command": lambda document: document["request"].update(command="dose"),
    "a request without options": lambda document: document["request"].update(options=None),
    "a request without a weight": lambda document: document["request"]["options"].pop("weight"),
    "an option that is no text": lambda document: document["request"]["options"].update(bag=[500]),
    "an option that cannot be used": lambda document: document["request"]["options"].update(bag="a bag"),
    "an option of another kind": lambda document: document["request"]["options"].update(weight=True),
    "a start that is no text": lambda document: document["request"]["options"].update(start=["2026-12-01"]),
}


@pytest.mark.parametrize("name", NOT_CHECKABLE)
def test_what_cannot_be_planned_again_is_not_checkable_and_says_why(name, capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    NOT_CHECKABLE[name](document)
    found = verified(capfd, tmp_path / "plan.json", resealed(document))
    assert (found["verdict"], found["differences"]) == ("not-checkable", [])
    assert found["reason"].startswith("the plan cannot be made")
    assert "plan" in found["not_compared"]


def test_what_cannot_be_planned_again_is_still_calculated(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    document["request"]["options"]["bag"] = "a bag"
    document["infusions"][0]["waste_mg"] = 51
    found = verified(capfd, tmp_path / "plan.json", resealed(document))
    assert (found["verdict"], (1, "waste_mg") in fields(found)) == ("differs", True)


def test_another_answer_of_ours_has_no_dates_to_check(capfd, tmp_path):
    found = verified(capfd, tmp_path / "dose.json", written(capfd, "json", "dose infliximab crohns --weight 70kg"))
    assert (found["verdict"], found["infusions"]) == ("not-checkable", 0)
    assert found["reason"] == "the file is infusecalc.dose/1, and only a schedule has dates to check"


def test_a_time_that_no_label_gives_stays_null(capfd, tmp_path):
    line = "schedule rituximab gpa-pediatric --weight 30kg --height 130cm --start 2026-12-01"
    document = json.loads(written(capfd, "json", line))
    assert document["infusions"][0]["chair_min"] is None
    assert verified(capfd, tmp_path / "plan.json", json.dumps(document))["verdict"] == "agrees"


def test_an_optional_infusion_is_in_no_sum(capfd, tmp_path):
    made = course("rituximab/pv", label="eu", for_="2y")
    text, _ = FORMATS["json"].write(CourseAnswer(made), Look(80, False, {}))
    assert any(each["optional"] for each in json.loads(text)["infusions"])
    assert verified(capfd, tmp_path / "plan.json", text)["verdict"] == "agrees"


BANDED = {
    "a cap": "schedule bandumab capped --weight 110kg --start 2026-12-01",
    "a band at its end": "schedule bandumab weight --weight 100kg --start 2026-12-01",
    "bands over time": "schedule bandumab weight --weight 59.99kg --weight 2027-03-01=60kg --start 2026-12-01",
    "a band by surface": "schedule bandumab surface --weight 70kg --bsa 1.5 --start 2026-12-01",
}
LOCAL = ("--regimens", str(HERE / "tables" / "bands.yaml"))


@pytest.mark.parametrize("name", BANDED)
def test_caps_and_bands_hold(name, capfd, tmp_path):
    for form in ("json", "csv"):
        text = written(capfd, form, " ".join((BANDED[name], *LOCAL)))
        assert verified(capfd, tmp_path / f"plan.{form}", text, *LOCAL)["verdict"] == "agrees"


def test_a_band_that_does_not_hold_the_patient_is_found(capfd, tmp_path):
    document = json.loads(written(capfd, "json", " ".join((BANDED["a band at its end"], *LOCAL))))
    document["request"] = None
    document["infusions"][1]["band"] |= {"to": 90}
    assert fields(verified(capfd, tmp_path / "plan.json", resealed(document), *LOCAL)) == [(2, "band")]


# --- what cannot be read ------------------------------------------------------------------------------------

UNREADABLE = {
    "an empty file": (b"", "is empty"),
    "a file of spaces": (b" \n\n", "is empty"),
    "another program's JSON": (b'{"plan": "Bundle"}', "is JSON, but not of infusecalc"),
    "FHIR": (b'{"resourceType": "Bundle"}', "is FHIR, which verify does not read"),
    "Parquet": (b"PAR1\x15\xff\x00", "is Parquet, which verify does not read; give the JSON or CSV of schedule"),
    "a spreadsheet": (b"PK\x03\x04\x14", "is a spreadsheet, which verify does not read"),
    "a JSON that is cut off in its second line": (
        b'{"schema":\n{"a"',
        "is not a whole JSON document: it is cut off or damaged at line 2",
    ),
    "a list": (b"[1, 2]", "is JSON, but not of infusecalc"),
    "another program's CSV": (
        b"name,dose\nA,350\n",
        "its header lacks the columns phase, number, day, date and 23 more",
    ),
    "bytes": (b"\xff\xfe\x00", "is not UTF-8 at byte 0"),
    "a NUL": (b"a\0b\n", "is not text"),
    "a number that is none": (b'{"schema": "infusecalc.schedule/1", "a": NaN}', "NaN is not a number in JSON"),
    "a name twice": (b'{"schema": "infusecalc.schedule/1", "schema": "x"}', "a name stands twice in one object"),
    "NDJSON": (
        b'{"schema": "infusecalc.schedule/1"}\n{}\n',
        "is NDJSON, which verify does not read; give the JSON or CSV of schedule, or the CSV of batch",
    ),
    "a deep nest": (b"[" * 100_000, "is not a whole JSON document"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_plan_of_ours_is_refused(name, capfd, tmp_path):
    """2 if the file cannot be read, with a plain sentence; nothing on standard output."""
    content, reason = UNREADABLE[name]
    path = tmp_path / "plan"
    path.write_bytes(content)
    assert run(["verify", str(path)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert reason in err


def refused(capfd, path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8", newline="")
    assert run(["verify", str(path)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_part_of_a_file_is_refused_wherever_it_breaks_off(form, capfd, tmp_path):
    text = written(capfd, form)
    step = 997 if form == "json" else 211
    for end in range(1, len(text) - 1, step):
        if form == "csv" and text[end - 1] == "\n":
            continue
        assert "plan" in refused(capfd, tmp_path / f"plan.{form}", text[:end])


def test_an_extension_that_lies_is_refused(capfd, tmp_path):
    assert "is not what its extension .csv says" in refused(capfd, tmp_path / "plan.csv", written(capfd, "json"))
    assert "is not what its extension .json says" in refused(capfd, tmp_path / "plan.json", written(capfd, "csv"))


def second(document: dict[str, Any]) -> Any:
    return document["infusions"][1]


PARTS = {
    "no infusions": (lambda document: document.update(infusions=[]), "has no infusions"),
    "an infusion that is a text": (lambda document: document["infusions"].append("x"), "has no infusions"),
    "no totals": (lambda document: document.pop("totals"), "has no totals"),
    "a finding about no list": (lambda it: it["findings"][0].update(infusions="x"), "infusions 'x' in finding 1"),
    "a finding that is a text": (lambda document: document["findings"].append("x"), "has no code in finding"),
    "an infusion without a dose": (lambda it: second(it).pop("dose_mg"), "has no dose_mg in infusion 2"),
    "a dose that is a text": (lambda it: second(it).update(dose_mg="350"), "dose_mg '350' in infusion 2"),
    "a dose beyond any": (lambda it: second(it).update(dose_mg=1e300), "dose_mg '1e+300'"),
    "a date that is none": (lambda it: second(it).update(date="2026-02-30"), "date '2026-02-30'"),
    "a date of another form": (lambda it: second(it).update(date="1/2/2026"), "date '1/2/2026'"),
    "a basis that is none": (lambda it: second(it).update(dose_basis="5 mg"[:-1]), "dose_basis '5 m'"),
    "vials that are none": (lambda it: second(it).update(vials=[4]), "vials '[4]'"),
    "a product without a name": (lambda document: document["product"].update(name=None), "product 'None'"),
}  # set in rows # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_a_document_that_is_not_whole_is_refused(name, capfd, tmp_path):
    change, reason = PARTS[name]
    document = json.loads(written(capfd, "json"))
    change(document)
    assert reason in refused(capfd, tmp_path / "plan.json", json.dumps(document))


ROWS = {
    "a short row": (lambda lines: [*lines, "a,b"], "has 2 cells in line 10"),
    "a header alone": (lambda lines: lines[:1], "has a header and no infusion"),
    "a column twice": (lambda lines: [f"{line},x" if n else f"{line},date" for n, line in enumerate(lines)], "twice"),
    "a number with a comma": (lambda lines: [lines[0], lines[1].replace(",350,", ',"3,5",', 1)], "exact_dose_mg '3,5'"),
    "a date of a spreadsheet": (lambda lines: [lines[0], lines[1].replace("2026-12-01", "1/12/26")], "date '1/12/26'"),
    "a flag that is none": (lambda lines: [lines[0], lines[1].replace("false", "0")], "optional '0'"),
    "vials that are none": (lambda lines: [lines[0], lines[1].replace("4x100", "four")], "vials 'four'"),
    "an open quote": (lambda lines: [*lines, '"'], "is not a whole CSV file"),
}  # set in rows # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_csv_that_is_not_whole_is_refused(name, capfd, tmp_path):
    change, reason = ROWS[name]
    lines = change(written(capfd, "csv").splitlines())
    assert reason in refused(capfd, tmp_path / "plan.csv", "\n".join(lines) + "\n")


def test_a_file_that_is_not_there_is_refused(capfd, tmp_path, monkeypatch):
    assert run(["verify", str(tmp_path / "none.json")]) == 2
    assert "cannot be read: No such file or directory; check its name and its folder" in capfd.readouterr().err
    assert run(["verify", "a\0b"]) == 2
    assert "cannot be read: it is not a file name" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["verify", "-"]) == 2
    assert "standard input is closed" in capfd.readouterr().err


def test_a_date_at_the_end_of_the_calendar_is_no_bug(capfd, tmp_path):
    text = written(capfd, "csv").replace("2026-12-01", "9999-12-31")
    found = verified(capfd, tmp_path / "plan.csv", text.replace("2026-12-15", "9999-12-31"))
    assert (found["verdict"], found["reason"] is None) == ("differs", True)
    lines = written(capfd, "csv").splitlines(keepends=True)
    found = verified(capfd, tmp_path / "plan.csv", "".join((lines[0], lines[1].replace("2026-12-01", "9999-12-31"))))
    assert found["verdict"] == "not-checkable"


def test_a_result_is_not_written_over_the_plan(capfd, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(written(capfd, "json"), encoding="utf-8")
    assert run(["verify", str(path), "-o", str(path)]) == 2
    assert "is a file that is read: the plan" in capfd.readouterr().err


# --- how it is shown ------------------------------------------------------------------------------------------


def test_every_format_names_the_difference(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    document["patient"]["id"] = "=A"
    document["infusions"][1]["dose_mg"] = 360
    path = tmp_path / "plan.json"
    path.write_text(resealed(document), encoding="utf-8")
    for form in ("table", "md", "html", "csv", "ndjson"):
        assert run(["verify", str(path), "--format", form]) == 3
        out, err = capfd.readouterr()
        plain = " ".join(out.replace("\\_", "_").split())
        assert all(word in plain for word in ("differs", "dose_mg", "360", "350"))
        assert err.startswith("infusecalc: differs: ")
        if form == "table":
            assert "infusion 2, dose_mg: 360 in the file, recomputed 350 (arithmetic and plan)" in plain
            assert "does not protect against deliberate ones" in plain
            assert max(map(len, out.splitlines())) <= 80
        if form == "csv":
            assert '"""=A"""' in out, "no spreadsheet takes it for a formula"
    assert run(["verify", str(path), "-o", str(tmp_path / "a.pdf")]) == 3
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_a_plan_that_agrees_is_one_row(capfd, tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text(written(capfd, "csv"), encoding="utf-8")
    assert run(["verify", str(path), "--format", "csv"]) == 0
    assert next(iter(csv.DictReader(io.StringIO(capfd.readouterr().out))))["verdict"] == "agrees"
    assert run(["verify", str(path)]) == 0
    page = capfd.readouterr().out
    said = "partly checked: nothing differs in what could be compared; what was NOT compared stands below"
    assert " ".join(page.split()).startswith(said)
    assert "\nNOT compared: a CSV does not hold what these are calculated from (the JSON of\nschedule does)\n" in page
    assert "\n  bag size (only its concentration is compared)\n" in page
    assert "\n  length of the plan\n" in page
    assert "beyond" not in page


def test_a_page_says_that_nothing_was_left_out_or_why(capfd, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(written(capfd, "json"), encoding="utf-8")
    assert run(["verify", str(path)]) == 0
    page = capfd.readouterr().out
    assert page.startswith("agrees: nothing differs when it is calculated and planned again\n")
    assert "NOT compared" not in page
    document = json.loads(path.read_text("utf-8"))
    for name in ("request", "settings", "content_sha256"):
        del document[name]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert run(["verify", str(path)]) == 0
    page = capfd.readouterr().out
    assert "\nNOT compared, because this file does not hold all of it\n" in page
    assert "\n  hash of the content\n" in page


def test_a_page_says_why_and_what_to_do(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    document["table"]["sha256"] = "0" * 64
    document["request"]["options"]["bag"] = "a bag"
    document["infusions"][0]["dose_basis"] = "5 mg/kg"
    path = tmp_path / "plan.json"
    path.write_text(resealed(document), encoding="utf-8")
    assert run(["verify", str(path)]) == 3
    text = " ".join(capfd.readouterr().out.split())
    assert "the plan cannot be made: bag 'a bag'" in text
    assert "Differences in the plan may come from the table" in text
    assert "NOT compared plan" in text, "it is the plan as a whole: why is said above"


def test_what_is_read_cannot_act_on_a_terminal(capfd, tmp_path):
    document = json.loads(written(capfd, "json"))
    document["findings"][0]["message"] = "\x1b[31m" + "x" * 100
    path = tmp_path / "plan.json"
    path.write_text(resealed(document), encoding="utf-8")
    assert run(["verify", str(path)]) == 3
    out = capfd.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[31mxxx" in out


# --- a blocked plan may agree ---------------------------------------------------------------------------------

BLOCKS = "contraindicated:active-tb"
PERMISSION = f"the stored plan is blocked by {BLOCKS}: it agrees, that is no permission"


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_blocked_plan_that_agrees_says_in_every_format_that_it_is_blocked(form, capfd, tmp_path):
    """The exit code is that of `agrees`: whether the file is right is another question."""
    path = tmp_path / f"plan.{form}"
    path.write_text(written(capfd, form, f"{PLAN} --has active-tb"), encoding="utf-8")
    for shown in ("table", "md", "html"):
        assert run(["verify", str(path), "--format", shown]) == 0
        out, err = capfd.readouterr()
        assert f"BLOCKED: {PERMISSION}" in " ".join(out.split())
        assert err == f"infusecalc: {PERMISSION}\n"
    found = verified(capfd, path)
    assert (found["verdict"], found["blocks"]) == ("agrees", [BLOCKS])
    for shown in ("csv", "ndjson"):
        assert run(["verify", str(path), "--format", shown]) == 0
        out, err = capfd.readouterr()
        row = next(csv.DictReader(io.StringIO(out))) if shown == "csv" else json.loads(out)
        assert (row["verdict"], row["blocks"]) == ("agrees", BLOCKS)
        assert err == f"infusecalc: {PERMISSION}\n"


def test_a_blocked_plan_that_differs_says_so_without_a_word_of_agreeing(capfd, tmp_path):
    document = json.loads(written(capfd, "json", f"{PLAN} --has active-tb"))
    document["infusions"][0]["dose_mg"] = 360
    path = tmp_path / "plan.json"
    path.write_text(resealed(document), encoding="utf-8")
    assert run(["verify", str(path)]) == 3
    out, err = capfd.readouterr()
    assert f"BLOCKED: the stored plan is blocked by {BLOCKS}\n" in out
    assert "permission" not in out + err


def test_a_plan_that_nothing_blocks_says_nothing_of_a_block(capfd, tmp_path):
    """Neither does one whose block was accepted, nor another answer of ours, nor a CSV without the column."""
    accepted = ("--has", "active-tb", "--accept", f"{BLOCKS}=treated for 2 months")
    for form in ("json", "csv"):
        for more in ((), accepted):
            assert run([*PLAN.split(), *more, "--format", form]) == 0
            text = capfd.readouterr().out
            assert verified(capfd, tmp_path / f"plan.{form}", text)["blocks"] == []
            assert run(["verify", str(tmp_path / f"plan.{form}")]) == 0
            out, err = capfd.readouterr()
            assert ("BLOCKED" in out, err) == (False, "")
    rows = list(csv.DictReader(io.StringIO(written(capfd, "csv", f"{PLAN} --has active-tb"))))
    out = io.StringIO()
    writer = csv.DictWriter(out, [name for name in rows[0] if name != "blocks"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    assert verified(capfd, tmp_path / "plan.csv", out.getvalue())["blocks"] == []
    line = "dose infliximab crohns --weight 70kg --has active-tb"
    assert verified(capfd, tmp_path / "dose.json", written(capfd, "json", line))["blocks"] == []


def test_blocks_with_and_without_a_detail_are_each_named_once(capfd, tmp_path):
    line = f"{PLAN} --days tue --has active-tb --has active-infection --every 4w"
    for form in ("json", "csv"):
        found = verified(capfd, tmp_path / f"plan.{form}", written(capfd, form, line))
        said = {"interval-below-label", "contraindicated:active-tb", "contraindicated:active-infection"}
        assert set(found["blocks"]) == said
        assert len(found["blocks"]) == len(said)


def test_a_block_in_a_file_cannot_act_on_a_terminal(capfd, tmp_path):
    text = written(capfd, "csv", f"{PLAN} --has active-tb").replace(BLOCKS, "contraindicated:\x1b[31m")
    path = tmp_path / "plan.csv"
    path.write_text(text, encoding="utf-8")
    run(["verify", str(path)])
    out, err = capfd.readouterr()
    assert "contraindicated:\\x1b[31m" in out
    assert "contraindicated:\\x1b[31m" in err
    assert "\x1b" not in out + err


def test_flat_data_say_what_was_not_compared(capfd, tmp_path):
    """A plan that was checked in part does not look as one that was checked wholly; the columns stand behind all."""
    for form in ("csv", "json"):
        path = tmp_path / f"plan.{form}"
        path.write_text(written(capfd, form), encoding="utf-8")
        told = verified(capfd, path)["not_compared"]
        assert bool(told) == (form == "csv")
        for shown in ("csv", "ndjson"):
            assert run(["verify", str(path), "--format", shown]) == 0
            out = capfd.readouterr().out
            row = next(csv.DictReader(io.StringIO(out))) if shown == "csv" else json.loads(out)
            assert list(row)[-3:] == ["found_by", "not_compared", "blocks"]
            assert (row["not_compared"] or "") == ";".join(told)


def test_the_help_of_verify_says_what_its_0_is_not(capfd):
    assert run(["verify", "--help"]) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert "Exit codes: 0 what could be compared agrees (of a CSV a part: see not_compared)," in said
    assert "also if the plan is blocked: that is no permission;" in said
    assert "nothing blocks" not in said
    assert run(["dose", "--help"]) == 0
    assert "Exit codes: 0 done, nothing blocks;" in capfd.readouterr().out
