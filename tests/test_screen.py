"""The first screen: what must be on it, how long it may be, and that the full page denies nothing of it."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from infusecalc import make_course
from infusecalc.cli import run
from infusecalc.errors import BadInput, BadTable
from infusecalc.output.answer import Answer
from infusecalc.output.blocks import Lines
from infusecalc.table import load_table
from support import HERE, cases, fifth, read_yaml, someone, table

EVERYWHERE = read_yaml(HERE / "cases" / "findings_everywhere.yaml")
LINES = {"dose": 24, "schedule": 40, "rate": 32, "check": 24, "next": 24}
"""How many lines each command may have, of an adult with a labelled regimen."""
ASKED = {
    "dose": "",
    "schedule": "--start 2026-12-01",
    "rate": "--at 09:30",
    "check": "--ordered 350mg --number 1",
    "next": "--start 2026-01-05 --given 2026-01-05",
}
WIDE = 80


def squeezed(text: str) -> str:
    return " ".join(text.split())


def shown(line: str, capfd: pytest.CaptureFixture[str], *more: str) -> str:
    assert run([*shlex.split(line), *more]) in (0, 3)
    return capfd.readouterr().out


@pytest.mark.parametrize("case", cases("first_screen", "run shows not order"))
def test_what_must_be_on_the_first_screen(case, capfd):
    text = squeezed(shown(case["run"].replace("TABLES", str(HERE / "tables")), capfd))
    place = 0
    for words in case["shows"]:
        found = text.find(words, place if case.get("order", True) else 0)
        assert found >= 0, (words, text)
        place = found
    assert [words for words in case.get("not", ()) if words in text] == []


def labelled_for_adults() -> Iterator[tuple[str, str]]:
    for id_ in table().names("regimens"):
        drug, _, indication = id_.partition("/")
        for label in table().labels:
            found = table().regimen(drug, indication, label)
            if found.population == "adult" and found.rules.status.is_ == "labelled":
                yield f"{drug} {indication}", label


@pytest.mark.parametrize("command", LINES)
@pytest.mark.parametrize(("regimen", "label"), fifth(labelled_for_adults()))
def test_an_answer_is_one_screen(command, regimen, label, capfd):
    line = f"{command} {regimen} --label {label} --weight 70kg --height 175cm {ASKED[command]}"
    lines = shown(line, capfd).splitlines()
    assert len(lines) <= LINES[command]
    assert max(map(len, lines)) <= WIDE


@pytest.mark.parametrize("command", LINES)
@pytest.mark.parametrize(("regimen", "label"), list(labelled_for_adults())[::5])
def test_no_line_ends_between_a_number_and_its_unit(command, regimen, label, capfd):
    # ISMP: a number and its unit are read as one; '51' at the end of a line is anything
    line = f"{command} {regimen} --label {label} --weight 71.3kg --height 175cm {ASKED[command]}"
    for more in ([], ["--full"]):
        text = shown(line, capfd, *more)
        assert re.findall(r"\d\n *(?:mg|mL|kg|m2|h|min|hours?|days?|weeks?|months?|years?|%)(?!\w)", text) == []
        assert "\ue000" not in text


def test_a_reaction_without_short_words_names_the_option_of_a_stop_alone(tmp_path, capfd):
    site = tmp_path / "site.yaml"
    site.write_text('drugs: {infliximab: {us: {reaction: {resume: 60 %, text: "Our words", source: house ours}}}}\n')
    text = squeezed(shown(f"rate infliximab crohns --weight 70kg --regimens {site}", capfd))
    assert "(paracetamol), corticosteroid # start min" in text
    assert "Total: 2 h (120 min); if stopped, add --stopped-at MIN" in text


@pytest.mark.parametrize(("times", "told"), [
    ("least: 90 min", "at least 1 h 30 min"),
    ("least: 60 min, most: 90 min", "at least 1 h to 1 h 30 min"),
    ("least: 60 min, most: 120 min", "at least 1 to 2 h"),  # one unit for both
    ("least: 30 min, most: 60 min", "at least 30 min to 1 h"),
])  # set in rows # fmt: skip
def test_how_long_a_patient_is_watched_is_told_as_the_source_has_it(times, told, tmp_path, capfd):
    site = tmp_path / "site.yaml"
    site.write_text(f"drugs: {{rituximab: {{us: {{observation: {{{times}, source: house ours}}}}}}}}\n")
    text = squeezed(shown(f"dose rituximab ra --weight 70kg --regimens {site}", capfd))
    assert text.partition(", then watched for ")[2].startswith(f"{told} local:")


@pytest.mark.parametrize(
    ("stop", "head"),
    [
        (
            "--at 10:00 --stopped-at 100 --hold",
            "# start min        clock   minutes mg/h  mL/h     mL      dose cumulative",
        ),
        ("--stopped-at 100 --hold", "#   start min    minutes  mg/h   mL/h      mL       dose  cumulative"),
    ],
    ids=["one space between columns where two would break the last head", "two where there is room"],
)
def test_no_head_of_a_pump_table_is_broken(stop, head, capfd):
    # 690 mg in 500 mL; with two spaces the table of the first is 81 columns wide
    shown_ = shown(f"rate rituximab gpa --label eu --weight 70kg --height 175cm {stop}", capfd).splitlines()
    assert head in shown_
    assert max(map(len, shown_)) <= WIDE


def test_a_later_phase_of_a_site_with_three_days_names_them(tmp_path, capfd):
    site = tmp_path / "site.yaml"
    starts = "{after: last induction infusion, wait: 24 weeks, source: house ours}"
    phase = f"{{dose: 500 mg, days: [0, 7, 14], starts: {starts}, source: house ours}}"
    site.write_text(f"regimens: {{rituximab/gpa: {{us: {{phases: {{maintenance: {phase}}}}}}}}}\n")
    text = squeezed(shown(f"dose rituximab gpa --weight 70kg --height 175cm --regimens {site}", capfd))
    assert "days 0, 7 and 14 from its first infusion" in text


@pytest.mark.parametrize("drug", ["infliximab", "rituximab"])
def test_the_page_of_a_drug_is_short(drug, capfd):
    lines = shown(f"info {drug}", capfd).splitlines()
    assert len(lines) <= 70
    assert max(map(len, lines)) <= WIDE


def test_the_list_has_a_line_a_regimen(capfd):
    lines = shown("regimens list", capfd).splitlines()
    assert len(lines) <= len(list(table().names("regimens"))) + 11
    assert max(map(len, lines)) <= WIDE


# --- short texts ------------------------------------------------------------------------------------------------


def rules() -> Iterator[tuple[str, str, Any, int]]:
    """Every rule that may be told on a first screen: where it is, its code, itself, and the columns of its date."""
    for id_ in table().names("regimens"):
        drug, _, indication = id_.partition("/")
        for label in table().labels:
            for variant in (None, *table().regimen(drug, indication, label).rules.variants):
                found = table().regimen(drug, indication, label, variant)
                where = f"{found.title}, {label}"
                for name, note in found.drug_rules.screening.items():
                    yield where, f"screening:{name}", note, 0
                for name, note in found.rules.companions.items():
                    yield where, f"companion:{name}", note, 0
                for given in found.rules.premedication.values():
                    yield where, "companion:premedication", given, 0
                for row in found.rules.judgement:
                    yield where, row.finding, row, len(" (2026-12-01)") if row.at else 0
                for phase in found.phases.values():
                    if phase.starts and phase.starts.other_agent:
                        yield where, "start-window", phase.starts.other_agent, 0


WHOLE = {
    ("rituximab/gpa-pediatric", "companion:premedication"), ("rituximab/mpa-pediatric", "companion:premedication"),
    ("rituximab/gpa-pediatric", "companion:methylprednisolone-pulse"),
    ("rituximab/mpa-pediatric", "companion:methylprednisolone-pulse"),
}  # set in rows # fmt: skip
"""Rules of children with more doses than fit a line: they are told whole."""


def test_every_rule_of_a_first_screen_fits_two_lines_by_its_text_or_by_a_short_one():
    for where, code, rule, date in rules():
        text = rule.short or rule.text
        fits = len(textwrap.wrap(f"{code}: {text}{'x' * date}", WIDE, subsequent_indent="  ")) <= 2
        assert fits or (where.partition(",")[0], code) in WHOLE, (where, code, text)


NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
DRUGS = (
    "methotrexate", "methylprednisolone", "prednisone", "dexamethasone", "glucocorticoid", "paracetamol",
    "acetaminophen", "diphenhydramine", "antihistamine", "IVIG", "infliximab", "rituximab",
)  # set in rows # fmt: skip


def test_no_dose_time_or_drug_of_a_rule_is_missing_in_its_short_text():
    for where, code, rule, _ in rules():
        if rule.short is None:
            continue
        assert set(NUMBERS.findall(rule.text)) == set(NUMBERS.findall(rule.short)), (where, code, rule.short)
        named = [drug for drug in DRUGS if drug.lower() in rule.text.lower()]
        told = f"{code} {rule.short}".lower() + where.partition("/")[0]
        alternative = {"antihistamine"} if "diphenhydramine" in told else set()
        assert [drug for drug in named if drug.lower() not in told and drug not in alternative] == [], (where, code)


def test_a_short_text_that_does_not_fit_is_refused_with_its_line(tmp_path):
    path = tmp_path / "site.yaml"
    long, fits = "x" * 123, "x" * 122  # 2 x 80 - 14 - 24, of 'screening:tuberculosis: '
    text = (
        "drugs: {{infliximab: {{us: {{screening: {{tuberculosis: {{text: Test, short: {0}, source: house}}}}}}}}}}\n"
        "regimens: {{infliximab/uc: {{us: {{judgement: [\n"
        "  {{finding: stop-rule, phase: induction, at: 8 weeks, text: Stop, short: {1}, source: house}}]}}}}}}\n"
    )
    most = 122  # 2 x 80 - 14 - 11 - 13, of 'stop-rule: ' and ' (2026-12-01)'
    path.write_text(text.format(long, "y" * (most + 1)), encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_table(str(path), whole=True)
    faults = str(refused.value).splitlines()
    assert "screening.tuberculosis.short: has a short text of 123 characters, which does not fit two lines" in faults[0]
    assert "(allowed: 122)" in faults[0]
    assert "judgement: has a short text of 123 characters" in faults[1]
    path.write_text(text.format(fits, "y" * most), encoding="utf-8")
    assert load_table(str(path), whole=True)


# --- the screen and the full page ---------------------------------------------------------------------------------


def key_of(finding: dict[str, Any]) -> str:
    return f"{finding['code']}:{finding['detail']}" if finding["detail"] else finding["code"]


ON_SCREEN = [case for case in EVERYWHERE if not case["run"].startswith("batch")]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in ON_SCREEN])
def test_the_screen_and_the_full_page_tell_the_same_findings(case, capfd):
    told = json.loads(shown(case["run"], capfd, "--format", "json"))["findings"]
    screen, page = (shown(case["run"], capfd, *more) for more in ((), ("--full",)))
    whole = page.splitlines()
    short, full = (re.sub(r"\s", "", text).lower() for text in (screen, page))
    quiet = re.sub(r"\s", "", shown(case["run"], capfd, "--quiet")).lower()
    for each in told:
        named = {"block": "blocked:", "caution": "caution", "info": ""}[each["severity"]] + key_of(each) + ":"
        message = re.sub(r"\s", "", each["message"]).lower()
        assert named in short
        assert message in full
        if each["severity"] != "info":
            reason = f"accepted: {each['reason']}; before that, this blocked: " if each["accepted"] else ""
            assert message in short
            assert named + re.sub(r"\s", "", reason).lower() + message in quiet
            first = page.startswith("BLOCKED:") or "Needs attention" in whole[:10]
            assert first, "what is grave stands before the answer"
            assert f"{each['severity']}{key_of(each)}:" in full
        else:
            assert named + (re.sub(r"\s", "", each["short"]).lower() if each["short"] else message) in short
            assert f"{named}{message}" not in quiet
            assert key_of(each) in quiet, "it is named"


def test_quiet_hides_what_is_only_to_be_known_in_the_table_alone(capfd):
    line = "schedule infliximab crohns --weight 70kg --start 2026-12-01"
    assert "screening:tuberculosis: " not in shown(line, capfd, "--quiet")
    page = shown(line, capfd, "--quiet", "--full")
    assert "stop-rule: " not in page
    assert "Findings" not in page
    assert "Preparation" in page
    assert "Needs attention" in shown(f"{line} --has pregnancy", capfd, "--quiet", "--full")
    for form in ("md", "json", "csv"):
        assert shown(line, capfd, "--quiet", "--format", form) == shown(line, capfd, "--format", form)


def test_full_is_for_pages_and_always_on_but_on_a_screen(capfd):
    line = "dose infliximab crohns --weight 70kg"
    assert shown(line, capfd, "--full", "--format", "md") == shown(line, capfd, "--format", "md")
    assert run([*shlex.split(line), "--full", "--format", "json"]) == 2
    assert "--full cannot be combined with --format json" in capfd.readouterr().err


def test_an_answer_without_a_screen_of_its_own_is_shown_whole():
    class Plain(Answer):
        def document(self):
            return {}

        def rows(self):
            return iter(())

        def page(self):
            return iter((Lines(("all of it",)),))

    assert list(Plain().screen()) == [Lines(("all of it",))]


def test_a_sheet_for_the_patient_has_no_shorter_screen(capfd):
    line = "schedule infliximab crohns --weight 70kg --start 2026-12-01 --sheet patient"
    assert shown(line, capfd) == shown(line, capfd, "--full")


# --- what was done before the start -------------------------------------------------------------------------------

PLAN = "schedule infliximab crohns --weight 70kg --start 2026-12-01"


def test_what_was_done_stands_as_done_everywhere_but_on_the_screen(capfd):
    done = ("--done", "tuberculosis=2026-11-20", "--done", "Hepatitis-B")
    assert "screening" not in shown(PLAN, capfd, *done)
    for more in (("--full",), ("--format", "md")):
        text = squeezed(shown(PLAN, capfd, *done, *more)).replace("\\", "")
        assert text.count("Done on 2026-11-20: Test for latent") == 2, (
            "among the findings, and before the first infusion"
        )
        assert text.count("Done: Test for hepatitis B") == 2
    found = json.loads(shown(PLAN, capfd, *done, "--format", "json"))["findings"]
    told = {each["detail"]: (each["done"], each["message"][:8]) for each in found if each["code"] == "screening"}
    assert told == {"tuberculosis": ({"date": "2026-11-20"}, "Done on "), "hepatitis-b": ({"date": None}, "Done: Te")}
    assert {each["done"] for each in found if each["code"] != "screening"} == {None}
    assert "screening:tuberculosis" in shown(PLAN, capfd, *done, "--format", "csv")


@pytest.mark.parametrize(
    ("done", "start", "said"),
    [
        (["chest-x-ray"], "2026-12-01", "allowed: tuberculosis, hepatitis-b"),
        (["tuberculosis=2026-12-02"], "2026-12-01", "is after the start, 2026-12-01"),
        (["tuberculosis=2026-11-01", "tuberculosis=2026-11-02"], "2026-12-01", "gives a second day for one screening"),
        (["=2026-11-01"], "2026-12-01", "has no screening"),
        (["tuberculosis=1.11.2026"], "2026-12-01", "`done` '1.11.2026' is not a date"),
        (["tuberculosis=2026-12-02"], None, "is after the start, 2026-12-01"),
    ],
)
def test_what_cannot_have_been_done_is_refused(done, start, said):
    given = {"given": ["2026-12-01"]} if start is None else {"start": start}
    with pytest.raises(BadInput, match=re.escape(said)):
        make_course(table(), "infliximab", "crohns", someone(), done=done, **given)


def test_what_was_done_on_the_day_of_the_start_is_taken_and_twice_the_same_too():
    found = make_course(
        table(), "infliximab", "crohns", someone(), start="2026-12-01", done=["tuberculosis=2026-12-01"] * 2
    )
    assert [finding.done.told for finding in found.findings if finding.done] == ["Done on 2026-12-01"]
