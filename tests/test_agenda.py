"""`agenda`: what is due in a clinic, overdue first, then day by day, in every format, with its sums and exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infusecalc.cli import run
from support import cases

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

ROW = {"patient_id": "a", "drug": "infliximab", "indication": "crohns", "weight_kg": "70", "height_cm": "",
       "start": "2026-01-05", "has": "", "accept": "", "every": ""}  # set in rows # fmt: skip
Captured = pytest.CaptureFixture[str]


def files(folder: Path, rows: list[dict[str, str]], given: list[str] | None = None) -> list[str]:
    """The files of a clinic, and the words that name them; a line of `given` is `patient_id,date,dose_mg`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(ROW), lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROW | row for row in rows)
    (folder / "cohort.csv").write_text(out.getvalue())
    if given is None:
        return [str(folder / "cohort.csv")]
    (folder / "given.csv").write_text("\n".join(("patient_id,date,dose_mg", *given)) + "\n")
    return [str(folder / "cohort.csv"), "--given", str(folder / "given.csv")]


def listed(words: list[str], capsys: Captured, code: int = 0, *options: str) -> dict[str, Any]:
    """The agenda as data."""
    assert run(["agenda", *words, "--format", "json", *options]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("case", cases("agenda", "cells options given as_of until overdue days stands"))
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with a history of another"])
def test_where_a_patient_stands(case: dict[str, Any], beside: bool, tmp_path: Path, capsys: Captured) -> None:
    if not (case["given"] or beside):
        words = files(tmp_path, [case.get("cells", {})])
    else:
        rows = [case.get("cells", {}), {"patient_id": "other", "start": "2100-01-01"}]
        words = files(tmp_path, rows, [*(f"a,{day}," for day in case["given"]), "other,2100-01-01,"])
    span = ["--on", str(case["as_of"]), "--until", str(case["until"])]
    found = listed(words, capsys, 0, *span, *case.get("options", []))
    mine = [each for each in found["overdue"] if each["patient_id"] == "a"]
    assert [[date.fromisoformat(e["date"]), e["number"], e["days_late"]] for e in mine] == case["overdue"]
    days = [[date.fromisoformat(day["date"]), e["number"]] for day in found["days"] for e in day["infusions"]]
    assert days == case["days"]
    stands = found["totals"]["rows"]
    others = 1 if case["given"] or beside else 0
    assert stands[case["stands"]] - (others if case["stands"] == "beyond" else 0) == 1
    assert sum(stands.values()) == 1 + others


@pytest.mark.parametrize(
    ("starts", "given", "says"),
    [
        # a: planned from 2026-02-09, the day before the first day; b: from the first day on, and needs no line
        ({"a": "2026-02-09", "b": "2026-02-10"}, None, "1 row"),
        ({"a": "2026-02-09", "b": "2026-01-05"}, None, "2 rows"),
        ({"a": "2026-02-09", "b": "2026-01-05"}, "b", "1 row"),
        ({"a": "2026-02-09", "b": "2026-01-05"}, "both", ""),
        ({"a": "2026-02-10", "b": "2026-02-10"}, None, ""),
    ],
    ids=["the day before", "without the file", "one has a line", "each has a line", "all begin on the first day"],
)
@pytest.mark.parametrize("every", ["", "10w"], ids=["by columns", "one by one"])
def test_of_how_many_it_is_not_known_what_was_given_is_said(
    starts: dict[str, str], given: str | None, says: str, every: str, tmp_path: Path, capsys: Captured
) -> None:
    lines = [f"{name},{day}," for name, day in starts.items() if given in (name, "both")] if given else None
    words = files(tmp_path, [{"patient_id": n, "start": day, "every": every} for n, day in starts.items()], lines)
    words += ["--on", "2026-02-10"]
    assert listed(words, capsys)["without_given"] == int(says[:1] or 0)
    assert run(["agenda", *words]) == 0
    page = " ".join(capsys.readouterr().out.split())
    has = f"{says} with infusions before 2026-02-10 {'has' if says == '1 row' else 'have'} no line in --given"
    assert (f"{has}: these infusions are taken as given, so none of them is overdue here." in page) == bool(says)
    assert ("known to be overdue." in page) == bool(says)
    assert ("no line in --given" in page) == bool(says)


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (["2026-01-05", "2026-02-09", "2026-02-10"], ""),  # the first day itself is no later one
        (["2026-01-05", "2026-02-11"], "CAUTION: 1 line of --given is dated after 2026-02-10, and taken as given"),
        (["2026-02-11", "2026-04-11"], "CAUTION: 2 lines of --given are dated after 2026-02-10, and taken as given"),
    ],
    ids=["up to the first day", "one later", "two later"],
)
def test_what_is_told_as_given_after_the_first_day_is_a_caution(
    dates: list[str], said: str, tmp_path: Path, capsys: Captured
) -> None:
    words = files(tmp_path, [{"start": "2026-01-05"}], [f"a,{day}," for day in dates])
    assert run(["agenda", *words, "--on", "2026-02-10"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert said in page
    assert ("Put no bookings there" in page) == bool(said)


def test_every_number_of_an_infusion_is_that_of_schedule(tmp_path: Path, capsys: Captured) -> None:
    words = files(tmp_path, [{}], ["a,2026-01-05,350", "a,2026-01-19,350"])
    found = listed(words, capsys, 0, "--on", "2026-02-16", "--turnover", "15")
    # 350 mg: 4 x 100 mg, 50 mg of waste; 120 min, no premedication or observation stated, 15 min of turnover
    assert found["days"] == [
        {
            "date": "2026-02-16",
            "infusions": [
                {
                    "patient_id": "a", "date": "2026-02-16", "days_late": 0, "number": 3, "drug": "infliximab",
                    "indication": "crohns", "label": "us", "phase": "induction", "product": "Remicade",
                    "optional": False, "dose_mg": 350, "vials": [{"size_mg": 100, "count": 4}], "waste_mg": 50,
                    "bag_ml": 250, "premedication_min": None, "duration_min": 120, "chair_min": 135, "blocks": [],
                    "cautions": [], "accepted": None, "latest_date": None, "dose_on_mg": None,
                }
            ],
            "infusion_count": 1, "if_needed": 0, "dose_mg": 350, "waste_mg": 50,
            "vials": {"Remicade": [{"size_mg": 100, "count": 4}]}, "duration_min": 120, "chair_min": 135,
            "products": {"Remicade": {"infusion_count": 1, "blocked": 0, "dose_mg": 350, "blocked_dose_mg": 0,
                                      "waste_mg": 50}},
            "without_time": 0, "cautions": [],
        }
    ]  # set in rows # fmt: skip
    assert (found["on"], found["until"], found["schema"]) == ("2026-02-16", "2026-02-22", "infusecalc.agenda/1")


def test_an_overdue_infusion_has_what_the_label_says_of_the_gap(tmp_path: Path, capsys: Captured) -> None:
    rows = [{}, {"patient_id": "r", "drug": "rituximab", "indication": "ra"}]
    words = files(tmp_path, rows, ["a,2026-01-05,", "r,2026-01-05,"])
    # infliximab: 16 weeks after 01-05 is 04-27; rituximab: 14 days after its date, 01-19, is 02-02
    early = listed(words, capsys, 0, "--on", "2026-02-02")
    assert [each["cautions"] for each in early["overdue"]] == [[], []]
    late = listed(words, capsys, 0, "--on", "2026-04-28")
    assert [each["cautions"] for each in late["overdue"]] == [["gap-unusual"], ["gap-unusual"]]
    assert {each["drug"] for each in late["label_says"]} == {"infliximab", "rituximab"}
    eu = listed(words, capsys, 0, "--on", "2026-06-30", "--label", "eu")
    # eu, Crohn's disease: within 16 weeks of the last infusion, 2026-01-05 + 112 days
    assert [each["latest_date"] for each in eu["overdue"] if each["patient_id"] == "a"] == ["2026-04-27"]


def test_what_the_label_says_of_a_late_infusion_has_the_drug_in_tall_man_letters(
    tmp_path: Path, capsys: Captured
) -> None:
    words = files(tmp_path, [{}], ["a,2026-01-05,350"])
    assert run(["agenda", *words, "--on", "2026-03-01"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "Late or missed, inFLIXimab, label us:" in page
    assert "reports more antibodies to inFLIXimab in Crohn" in page


def test_an_overdue_dose_follows_the_weight_of_the_first_day(tmp_path: Path, capsys: Captured) -> None:
    words = files(tmp_path, [{}], ["a,2026-01-05,"])
    (tmp_path / "weights.csv").write_text("patient_id,date,weight_kg\na,2026-02-01,80\n")
    words += ["--weights", str(tmp_path / "weights.csv"), "--on", "2026-02-02"]
    [found] = listed(words, capsys)["overdue"]
    # due on 01-19 at 70 kg: 350 mg; on 02-02 at 80 kg: 400 mg
    assert (found["date"], found["dose_mg"], found["dose_on_mg"]) == ("2026-01-19", 350, 400)
    assert "weight-changed" in found["cautions"]
    assert run(["agenda", *words]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^a +2  inFLIXimab 400 mg  2026-01-19 ", shown, re.MULTILINE)
    assert "a: 400 mg if given on 2026-02-02; 350 mg was planned for 2026-01-19" in shown
    assert run(["agenda", *words, "--format", "ics"]) == 0
    event = capsys.readouterr().out
    assert "OVERDUE 14 days: a\\, inFLIXimab 400 mg\\, infusion 2" in event
    assert "Remicade 4 x 100 mg" in event


def test_an_overdue_infusion_is_told_with_the_vials_and_the_chair_time_of_the_first_day(
    tmp_path: Path, capsys: Captured
) -> None:
    # rituximab ra, 52 weeks or more after the infusion before: the first rate again, 255 min in place of 195
    words = files(tmp_path, [{"drug": "rituximab", "indication": "ra"}], ["a,2026-01-05,1000"])
    words += ["--on", "2027-01-04"]
    [found] = listed(words, capsys)["overdue"]
    assert (found["days_late"], found["duration_min"]) == (350, 195)
    assert run(["agenda", *words, "--format", "ics"]) == 0
    # the longest premedication lead of the regimen is 30 min: 255 + 30 = 285 min
    assert "chair time: 4 h 45 min" in capsys.readouterr().out.replace("\r\n ", "")


def test_a_page_tells_what_to_make_up_for_an_overdue_infusion_and_when_it_is_latest(
    tmp_path: Path, capsys: Captured
) -> None:
    words = files(tmp_path, [{}, {"patient_id": "b", "start": "2026-02-10"}], ["a,2026-01-05,", "b,2026-01-27,"])
    assert run(["agenda", *words, "--on", "2026-02-10", "--turnover", "15"]) == 0
    page = capsys.readouterr().out
    # 5 mg/kg x 70 kg = 350 mg: 4 x 100 mg, 35 mL at 10 mg/mL; 120 min and 15 min of turnover
    assert "\n  a #2: Remicade 4 x 100 mg, 35 mL into 250 mL, chair time 2 h 15 min\n" in page
    assert re.search(r" planned +late +latest by label +mark\n", page)
    assert "us-remicade-pi" not in page, "the ids of sources are in the data"
    assert run(["agenda", *words, "--on", "2026-02-10", "--format", "json"]) == 0
    assert "us-remicade-pi" in capsys.readouterr().out


def test_the_sums_of_one_day_are_told_once(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"start": "2026-02-10"}, {"patient_id": "b", "start": "2026-02-10"}]
    assert run(["agenda", *files(tmp_path, rows), "--on", "2026-02-10"]) == 0
    page = capsys.readouterr().out
    assert page.count("2 infusions; infusion time 4 h, chair time 4 h") == 1
    assert "In all" not in page
    rows[1]["start"] = "2026-02-11"
    assert run(["agenda", *files(tmp_path, rows), "--on", "2026-02-10"]) == 0
    assert "Total, 2 days: 2 infusions" in capsys.readouterr().out


def test_the_longest_overdue_comes_first_and_days_keep_the_order_of_the_rows(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"patient_id": name} for name in "abc"]
    rows += [{"patient_id": "p", "start": "2026-02-13"}, {"patient_id": "d"}]
    words = files(tmp_path, rows, ["a,2026-01-05,", "b,2025-12-20,", "c,2026-01-30,", "d,2026-01-30,"])
    found = listed(words, capsys, 0, "--on", "2026-02-10")
    assert [(each["patient_id"], each["days_late"]) for each in found["overdue"]] == [("b", 38), ("a", 22)]
    assert [each["patient_id"] for day in found["days"] for each in day["infusions"]] == ["c", "p", "d"]


@pytest.mark.parametrize(
    ("chairs", "hours", "turnover", "over"),
    [
        ("1", "08:00-10:00", "0", False),  # 120 min of chair time, 1 x 120 min
        ("1", "08:00-10:00", "0.01", True),  # 120.01 min
        ("2", "08:00-09:00", "0", False),  # 2 x 60 min
        ("1", "08:00-09:59", "0", True),
    ],
)
def test_a_day_over_the_capacity_of_the_clinic_is_marked(
    tmp_path: Path, capsys: Captured, chairs: str, hours: str, turnover: str, over: bool
) -> None:
    words = [*files(tmp_path, [{"start": "2026-03-02"}]), "--on", "2026-03-02", "--chairs", chairs, "--open", hours]
    found = listed([*words, "--turnover", turnover], capsys)
    assert [day["cautions"] for day in found["days"]] == [["over-capacity"] if over else []]
    told = [(each["code"], each["detail"], each["severity"]) for each in found["findings"]]
    assert told == ([("over-capacity", "2026-03-02", "caution")] if over else [])
    assert run(["agenda", *words, "--turnover", turnover]) == 0
    assert ("CAUTION over-capacity: 2026-03-02: " in capsys.readouterr().out) == over


def test_infusions_if_needed_and_without_a_time_stand_apart_in_the_sums(tmp_path: Path, capsys: Captured) -> None:
    rows = [
        {"patient_id": "needed", "indication": "ici-colitis", "start": "2026-02-16"},  # a second one if needed, day 14
        {"patient_id": "untimed", "drug": "rituximab", "indication": "gpa-pediatric", "weight_kg": "30",
         "height_cm": "130", "start": "2026-03-02"},
    ]  # set in rows # fmt: skip
    words = [*files(tmp_path, rows), "--on", "2026-03-02"]
    found = listed(words, capsys)
    [day] = [each for each in found["days"] if each["date"] == "2026-03-02"]
    assert (day["infusion_count"], day["if_needed"], day["without_time"], day["chair_min"]) == (1, 1, 1, None)
    assert set(day["vials"]) == {"Rituxan"}
    assert run(["agenda", *words]) == 0
    said = capsys.readouterr().out
    assert ", as needed" in said
    assert "at least, 1 infusion without a known time" in " ".join(said.split())
    assert "not known" in said


def test_exit_codes_are_those_of_batch(tmp_path: Path, capsys: Captured) -> None:
    blocked = {"patient_id": "b", "has": "tb", "start": "2026-03-02"}
    span = ["--on", "2026-03-02", "--quiet"]
    assert run(["agenda", *files(tmp_path, [blocked]), *span]) == 3
    assert "BLOCKED contraindicated:active-tb: b #1" in capsys.readouterr().out
    assert run(["agenda", *files(tmp_path, [blocked]), *span[:-1]]) == 3
    how = "write CODE:DETAIL=REASON into the column accept of that row; "
    how += "--accept CODE:DETAIL=REASON accepts it for all rows that have it"
    assert f"blocked by contraindicated:active-tb; if the prescriber decides to go on with a patient, {how}\n" in (
        capsys.readouterr().err
    )
    assert run(["agenda", *files(tmp_path, [blocked | {"accept": "contraindicated=seen"}]), *span]) == 0
    assert "CAUTION contraindicated:active-tb, accepted (seen): b #1" in capsys.readouterr().out
    assert run(["agenda", *files(tmp_path, [blocked | {"start": "2027-03-02"}]), *span]) == 0, "it is not listed"
    words = files(tmp_path, [blocked, {"patient_id": "x", "weight_kg": ""}])
    bad = tmp_path / "bad.csv"
    assert run(["agenda", *words, *span, "--rejects", str(bad)]) == 4
    assert "x," in bad.read_text()
    assert capsys.readouterr().err == ""
    assert run(["agenda", *words, *span, "--strict"]) == 2
    assert capsys.readouterr().out == ""


def test_an_agenda_of_rows_without_a_condition_says_that_contraindications_were_not_checked(
    tmp_path: Path, capsys: Captured
) -> None:
    none = "conditions: none entered in any row (column has, --has), so contraindications were not checked\n"
    for cells, more, says in (
        (({}, {"patient_id": "b"}), (), True),
        (({}, {"patient_id": "b", "has": "pregnancy"}), (), False),
        (({}, {"patient_id": "b"}), ("--has", "pregnancy"), False),
        (({"every": "6w"},), (), True),
        (({"weight_kg": ""},), (), False),  # nothing was planned
        (({},), ("--quiet",), False),
    ):
        run(["agenda", *files(tmp_path, [*cells]), "--on", "2026-01-05", *more])
        assert (none in capsys.readouterr().err) == says, (cells, more)


def test_every_format_tells_the_same_patients(tmp_path: Path) -> None:
    rows = [
        {"patient_id": "late one"},
        {"patient_id": "=due", "start": "2026-03-02", "has": "tb"},
        {"patient_id": "<b>x", "start": "2026-03-03"},
    ]
    words = [*files(tmp_path, rows, ["late one,2026-01-05,"]), "--on", "2026-03-02", "--quiet"]
    for form in ("csv", "ndjson", "md", "html", "ics", "table", "pdf"):
        out = tmp_path / f"agenda.{'txt' if form == 'table' else form}"
        assert run(["agenda", *words, "-o", str(out)]) == 3
        text = out.read_bytes().decode("latin-1")
        if form == "pdf":
            assert text.startswith("%PDF-")
            continue
        for name in ("late one", "due", "b>x" if form not in ("html", "md") else "x"):
            assert name in text, form
        assert "<b>x" not in text or form in ("csv", "ndjson", "ics", "table")
    found = list(csv.DictReader(io.StringIO((tmp_path / "agenda.csv").read_text())))
    assert [(row["list"], row["patient_id"], row["blocks"]) for row in found] == [
        ("overdue", "late one", ""), ("day", "'=due", "contraindicated:active-tb"), ("day", "<b>x", ""),
    ]  # set in rows # fmt: skip
    assert {row["vials"] for row in found} == {"4x100"}
    events = (tmp_path / "agenda.ics").read_text().replace("\r\n ", "")
    assert events.count("BEGIN:VEVENT") == 3
    assert "SUMMARY:OVERDUE 42 days: late one\\, inFLIXimab 350 mg\\, infusion 2" in events
    assert "SUMMARY:BLOCKED: =due\\, inFLIXimab 350 mg\\, infusion 1" in events
    assert events.count("STATUS:TENTATIVE") == 2


def test_the_events_of_the_clinic_are_those_of_the_patients(tmp_path: Path, capsys: Captured) -> None:
    words = files(tmp_path, [{}, {"patient_id": "r", "drug": "rituximab", "indication": "gpa", "height_cm": "170"}])
    assert (
        run(
            [
                "agenda",
                *words,
                "--on",
                "2026-01-05",
                "--until",
                "2026-01-19",
                "--format",
                "ics",
                "--private",
                "--revision",
                "2",
            ]
        )
        == 0
    )
    mine = capsys.readouterr().out
    assert "inFLIXimab" not in mine
    assert "SEQUENCE:2" in mine
    line = ["schedule", "infliximab", "crohns", "--weight", "70kg", "--start", "2026-01-05", "--patient-id", "a"]
    assert run([*line, "--format", "ics"]) == 0
    uids = [text for text in capsys.readouterr().out.splitlines() if text.startswith("UID:")]
    assert [uid in mine for uid in uids[:3]] == [True, True, False]
    assert run(["agenda", *files(tmp_path, [{"patient_id": ""}]), "--on", "2026-01-05", "--format", "ics"]) == 2
    assert "patient_id is missing in a row" in capsys.readouterr().err


def test_an_empty_agenda_is_one_too(tmp_path: Path, capsys: Captured) -> None:
    words = [*files(tmp_path, [{"start": "2027-01-05"}]), "--on", "2026-02-01"]
    assert run(["agenda", *words, "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("list,patient_id,date,days_late,number,drug,")
    assert run(["agenda", *words]) == 0
    said = capsys.readouterr().out
    assert "As of 2026-02-01: 0 infusions overdue." in said
    assert "Total, 0 days: 0 infusions" in said
    header = tmp_path / "none.csv"
    header.write_text(",".join(ROW) + "\n")
    assert run(["agenda", str(header), "--on", "2026-02-01"]) == 0


def test_sums_keep_drugs_apart_and_tell_what_of_them_blocks(tmp_path: Path, capsys: Captured) -> None:
    other = {"patient_id": "c", "drug": "rituximab", "indication": "gpa", "height_cm": "175", "weight_kg": "68.5"}
    rows = [{"patient_id": "a"}, {"patient_id": "b", "has": "active-tb"}, other]
    words = [*files(tmp_path, rows), "--on", "2026-01-05", "--until", "2026-01-05"]
    found = listed(words, capsys, 3)["totals"]
    # 2 x 350 mg from 4 x 100 mg; 375 mg/m2 x 1.82 m2 (Mosteller) = 682.5 mg from 500 + 2 x 100 mg
    assert found["products"] == {
        "Remicade": {"infusion_count": 2, "blocked": 1, "dose_mg": 700, "blocked_dose_mg": 350, "waste_mg": 100},
        "Rituxan": {"infusion_count": 1, "blocked": 0, "dose_mg": 682.5, "blocked_dose_mg": 0, "waste_mg": 17.5},
    }
    assert (found["dose_mg"], found["waste_mg"]) == (1382.5, 117.5)
    assert run(["agenda", *words]) == 3
    page = capsys.readouterr().out
    said = " ".join(page.split())
    blocked = "BLOCKED among these: 1 infusion, 350 mg"
    assert f"Remicade: 8 x 100 mg; total dose 700 mg, total waste 100 mg; {blocked} " in said
    assert "Rituxan: 1 x 500 + 2 x 100 mg; total dose 682.5 mg, total waste 17.5 mg Rows" in said
    assert "1,382.5" not in said, "milligrams of two drugs are no sum"
    assert re.search(r"^b +1 +BLOCKED +inFLIXimab 350 mg", page, re.MULTILINE), "the mark stands before the dose"
    assert re.search(r"^a +1 +inFLIXimab 350 mg", page, re.MULTILINE)


def test_a_page_tells_the_premedication_and_when_it_starts(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"patient_id": "a"}, {"patient_id": "c", "drug": "rituximab", "indication": "ra", "height_cm": "175"}]
    assert run(["agenda", *files(tmp_path, rows), "--on", "2026-01-05"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "premedication, inFLIXimab: Optional: antihistamine" in said, "no time is stated: the words alone"
    assert "premedication, inFLIXimab: Optional: antihistamine (H1 or H2), acetaminophen (paracetamol), cort" in said
    assert "premedication, riTUXimab: methylprednisolone 100 mg IV or equivalent 30 min prior" in said
    assert said.count(" (chair time begins 30 min before the infusion)") == 1, "of the one whose time is stated"
    words = [*files(tmp_path, rows), "--label", "eu"]  # whose text says: completed 30 minutes before
    assert run(["agenda", *words, "--on", "2026-01-05"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "premedication, riTUXimab: methylprednisolone 100 mg IV, completed 30 min before" in said
    assert "(chair time begins 30 min before the infusion; start earlier what has to be finished by then)" in said


def test_a_page_tells_once_what_is_not_on_it(tmp_path: Path, capsys: Captured) -> None:
    words = files(tmp_path, [{"patient_id": "a"}, {"patient_id": "b", "start": "2026-01-06"}])
    assert run(["agenda", *words, "--on", "2026-01-05"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("Not on this page: screening, other drugs to give (premedication is here), and what") == 1
    assert run(["agenda", *words, "--on", "2025-01-05"]) == 0
    assert "Not on this page" not in capsys.readouterr().out, "nobody is on it"


def test_a_page_has_the_volume_of_drug_beside_the_bag(tmp_path: Path, capsys: Captured) -> None:
    # 5 mg/kg x 70 kg = 350 mg at 10 mg/mL is 35 mL
    assert run(["agenda", *files(tmp_path, [{"patient_id": "a"}]), "--on", "2026-01-05"]) == 0
    page = capsys.readouterr().out
    assert re.search(r"^a +1 +inFLIXimab 350 mg +35 into 250 +2 h +Remicade 4 x 100 mg$", page, re.MULTILINE)
    assert "\n  each bag: first take out as much fluid as drug goes in\n" in page


def test_a_page_says_of_which_drug_no_time_of_observation_is_counted(tmp_path: Path, capsys: Captured) -> None:
    words = [*files(tmp_path, [{"patient_id": "a"}]), "--on", "2026-01-05"]
    assert run(["agenda", *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "No observation time found for inFLIXimab, us label: none is counted." in said
    assert run(["agenda", *words, "--label", "eu"]) == 0  # 60 min are stated
    assert "No observation time" not in capsys.readouterr().out


def test_a_page_tells_what_each_product_is_made_up_with(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"patient_id": "a"}, {"patient_id": "b", "drug": "renflexis"}]
    rows += [{"patient_id": "c", "drug": "rituximab", "indication": "ra", "height_cm": "175"}]
    assert run(["agenda", *files(tmp_path, rows), "--on", "2026-01-05"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    powder = "each vial dissolved in 10 mL sterile water for injection (swirl, do not shake)"
    assert f"make up Remicade: {powder}; dilute in 0.9% sodium chloride only; start within 3 hours of making up" in said
    assert f"make up Renflexis: {powder}; dilute in 0.9% sodium chloride only;" in said
    assert "start within 4 hours of making up; filter" not in said.partition("make up Renflexis")[0]
    assert "make up Rituxan: 0.9% sodium chloride or 5% dextrose" in said


def test_a_page_marks_what_is_made_up_for_an_overdue_infusion_that_blocks(tmp_path: Path, capsys: Captured) -> None:
    words = files(tmp_path, [{"has": "active-tb"}], ["a,2026-01-05,"])
    assert run(["agenda", *words, "--on", "2026-02-10"]) == 3
    assert "\n  BLOCKED, do not make up: a #2: Remicade 4 x 100 mg" in capsys.readouterr().out


def test_rows_that_cannot_be_used_are_counted_and_named_on_the_page_without_their_values(
    tmp_path: Path, capsys: Captured
) -> None:
    words = files(tmp_path, [{"patient_id": "a"}, {"patient_id": "b", "weight_kg": "77777"}, {"patient_id": "c"}])
    with Path(words[0]).open("a") as file:
        file.write("d,infliximab,crohns,70,,2026-01-05,,,,more\n")  # which cell is the id, nobody knows
    words += ["--on", "2026-01-05"]
    found = listed(words, capsys, 4)
    assert found["totals"]["rows"] == {"overdue": 0, "on_a_day": 2, "beyond": 0, "finished": 0, "rejected": 2}
    names = ("file", "row", "line", "patient_id", "column", "code")
    told = [tuple(row[name] for name in names) for row in found["rejected"]]
    assert told == [(None, 2, 3, "b", "weight_kg", "out-of-range"), (None, 4, 5, None, None, "ragged")]
    assert run(["agenda", *words, "--rejects", str(tmp_path / "bad.csv")]) == 4
    page = capsys.readouterr().out
    assert "77777" not in page
    assert "NOT in this agenda: 2 rows of the cohort\n" in page
    assert re.search(r"^2 \(line 3\) +b +weight_kg +weight is ", page, re.MULTILINE)
    assert re.search(r"^4 \(line 5\) +not known +the row has 10 cells", page, re.MULTILINE)
    assert (tmp_path / "bad.csv").read_text().count("\n") == 3
    run(["agenda", *files(tmp_path, [{}]), "--on", "2026-01-05"])
    assert "NOT in" not in capsys.readouterr().out


def test_a_page_names_50_rejected_rows_and_lines_with_their_file(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"patient_id": str(n), "weight_kg": "much"} for n in range(50)]
    words = [*files(tmp_path, rows, []), "--on", "2026-01-05"]
    assert run(["agenda", *words]) == 4
    page = capsys.readouterr().out
    assert "50 (line 51)" in " ".join(page.split())
    assert "more: see --rejects" not in page
    words = [*files(tmp_path, rows, ["x,2026-01-05,"]), "--on", "2026-01-05"]
    assert run(["agenda", *words]) == 4
    page = capsys.readouterr().out
    assert "NOT in this agenda: 50 rows of the cohort; 1 line of --given or --weights\n" in page
    assert "and 1 more: see --rejects FILE" in page
    run(["agenda", *files(tmp_path, [{}], ["x,2026-01-05,", "y,2026-01-05,"]), "--on", "2026-01-05"])
    assert "NOT in this agenda: 2 lines of --given or --weights\n" in capsys.readouterr().out


def test_a_page_keeps_80_columns_with_long_ids(tmp_path: Path, capsys: Captured) -> None:
    long = "patient-with-a-long-identifier-0001"
    other = {"drug": "rituximab", "indication": "gpa", "height_cm": "170", "start": "2026-03-02", "has": "tb"}
    rows = [{"patient_id": long}, {"patient_id": f"{long}2"} | other]
    words = [*files(tmp_path, rows, [f"{long},2026-01-05,"]), "--on", "2026-03-02", "--until", "2026-03-09"]
    assert run(["agenda", *words]) == 3
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    joined = said.replace("\n", "").replace(" ", "")
    for text in ("2026-01-19", "42 days", "BLOCKED", "into 500", "1 x 500"):
        assert text.replace(" ", "") in joined


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--on is missing"),
        (["--on", "2026-02-30"], "--on"),
        (["--on", "2026-02-02", "--until", "2026-02-01"], "is before the first day"),
        (["--on", "2026-02-02", "--until", "2027-02-03"], "is too far"),
        (["--on", "2026-02-02", "--chairs", "6"], "--open is missing; give --open with --chairs, or neither"),
        (
            ["--on", "2026-02-02", "--open", "08:00-17:00"],
            "--chairs is missing; give --chairs with --open, or neither",
        ),
        (["--on", "2026-02-02", "--chairs", "0", "--open", "08:00-17:00"], "--chairs"),
        (
            ["--on", "2026-02-02", "--chairs", "6", "--open", "17:00-08:00"],
            "must be an opening time and a later closing time",
        ),
        (
            ["--on", "2026-02-02", "--chairs", "6", "--open", "08:00"],
            "must be an opening time and a later closing time",
        ),
        (["--on", "2026-02-02", "--chairs", "6", "--open", "8-17"], "--open"),
        (["--on", "2026-02-02", "--rejects", "-"], "--rejects"),
        (["--on", "2026-02-02", "--private"], "--private"),
    ],
)
def test_an_agenda_that_cannot_be_made_is_refused(
    options: list[str], says: str, tmp_path: Path, capsys: Captured
) -> None:
    assert run(["agenda", *files(tmp_path, [{}]), *options]) == 2
    said = capsys.readouterr()
    assert (says in said.err, said.out) == (True, "")


def test_an_unknown_column_that_is_let_in_is_shown_in_no_format_and_the_help_says_so(
    tmp_path: Path, capsys: Captured
) -> None:
    path = Path(files(tmp_path, [{}])[0])
    head, row = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{head},ward\n{row},W-17\n", encoding="utf-8")
    for form in ("table", "csv", "ndjson", "json", "md", "html"):
        line = ["agenda", str(path), "--on", "2026-01-05", "--format", form, "--no-settings"]
        assert run([*line, "--keep-extra"]) == 0
        out = capsys.readouterr().out
        assert ("Remicade" in out, "ward" in out, "W-17" in out) == (True, False, False)
    assert run(["agenda", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "--keep-extra Take a file with unknown columns; they are neither used nor shown." in said
