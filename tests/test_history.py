"""What was given so far: what is due next, the rest of the plan, and the histories that are refused."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infusecalc import load_table
from infusecalc.choices import Choices
from infusecalc.cli import run
from infusecalc.dates import add
from infusecalc.due import find_due
from infusecalc.errors import BadInput
from infusecalc.overrides import order_phases
from infusecalc.plan import Plan, Planned, make_plan
from lines import CASES, check, sentences
from strategies import WEEKLY, examples
from support import HERE, course, every_regimen, fifth, someone, table

# --- cases: a line as it is typed, and what it answers --------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", sentences(CASES))
def test_what_was_given_is_followed(case, folder, capsys):  # noqa: ARG001 - files of a case are written there
    check(case, capsys)


def test_every_case_is_a_sentence_of_its_own_and_says_why():
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case.get("because") or "refused" in case for case in CASES)


# --- files that are no text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"date\n2026-12-01\xff\n", "is not UTF-8 at byte 15; save it as UTF-8"),
        (b"date\n2026-12-01\n\0", "is over 1 MB, or not text; give a CSV file with the header date,dose_mg"),
        (b"date\n" + b"\n" * 1_000_000, "is over 1 MB, or not text; give a CSV file with the header date,dose_mg"),
    ],
    ids=["not UTF-8", "NUL", "over 1 MB"],
)
def test_a_file_that_is_no_text_is_refused(content, says, folder, capsys):
    (folder / "given.csv").write_bytes(content)
    assert run(["next", "infliximab", "crohns", "--weight", "70kg", "--history", "given.csv"]) == 2
    assert capsys.readouterr() == ("", f"infusecalc: --history 'given.csv' {says}\n")


def test_a_file_of_just_1_mb_is_read(folder, capsys):
    blank = b" " * 99 + b"\n"
    (folder / "given.csv").write_bytes((b"date\n2026-12-01\n" + blank * 10_000)[:1_000_000])
    assert run(["next", "infliximab", "crohns", "--weight", "70kg", "--history", "given.csv", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["due"]["date"] == "2026-12-15"


def test_a_history_may_come_from_standard_input(folder, monkeypatch, capsys):
    (folder / "-").write_text("date\n2020-01-01\n", encoding="utf-8")  # no file is meant
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfdate,dose_mg\n2026-12-01,350\n")))
    assert run(["next", "infliximab", "crohns", "--weight", "70kg", "--history", "-", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["due"]["date"] == "2026-12-15"
    for stdin, says in (
        (None, "standard input is closed; name a file"),
        (
            io.TextIOWrapper(io.BytesIO(b"")),
            "--history '-' has a wrong header: nothing (allowed: date or date,dose_mg)",
        ),
        (io.TextIOWrapper(io.BytesIO(b"date\n\xff")), "--history '-' is not UTF-8 at byte 5; save it as UTF-8"),
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run(["schedule", "infliximab", "crohns", "--weight", "70kg", "--history", "-"]) == 2
        assert capsys.readouterr() == ("", f"infusecalc: {says}\n")


def test_a_cell_beyond_all_measure_is_refused(folder, capsys):
    (folder / "given.csv").write_text("date\n" + "9" * 200_000, encoding="utf-8")
    assert run(["next", "infliximab", "crohns", "--weight", "70kg", "--history", "given.csv"]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


# --- both dates, for people -----------------------------------------------------------------------------------

LATE = ["2026-12-01", "2026-12-15", "2027-01-12", "2027-03-12"]
TOO_LATE = [*LATE[:3], "2027-04-07"]


@pytest.mark.parametrize(
    ("days", "anchor", "lines"),
    [
        (
            LATE,
            "given",
            [
                "Due: infusion 5, maintenance, Fri 2027-05-07",
                "original plan           Tue 2027-05-04",
                "from the last infusion  Fri 2027-05-07 (used), 3 days later than planned",
            ],
        ),
        (
            LATE,
            "planned",
            [
                "Due: infusion 5, maintenance, Tue 2027-05-04",
                "original plan           Tue 2027-05-04 (used)",
                "from the last infusion  Fri 2027-05-07, 3 days later than planned",
            ],
        ),
        (
            TOO_LATE,
            "planned",
            [
                "Due: infusion 5, maintenance, Tue 2027-06-29",
                "original plan           Tue 2027-05-04 left out; Tue 2027-06-29 (used)",
                "from the last infusion  Wed 2027-06-02, 29 days later than planned",
            ],
        ),
    ],
    ids=["given", "planned", "passed over"],
)
def test_both_dates_are_shown_and_which_was_taken(days, anchor, lines, capsys):
    """The date by the plan and the date from the last given: both shown, never mixed in silence."""
    told = [word for day in days for word in ("--given", day)]
    assert run(["next", "infliximab", "crohns", "--full", "--weight", "70kg", "--anchor", anchor, *told]) == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line not in shown] == []


def test_the_page_of_a_complete_regimen_says_that_nothing_is_due(capsys):
    told = [word for day in ("2026-12-01", "2026-12-08", "2026-12-15", "2026-12-22") for word in ("--given", day)]
    assert run(["next", "rituximab", "aiha", "--weight", "70kg", "--height", "175cm", *told]) == 0
    assert "No infusion is due\n  The regimen is complete: nothing more is planned.\n" in capsys.readouterr().out


# --- sources --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [None, "2027-05-05"], ids=["to go", "overdue"])
@pytest.mark.parametrize("label", ["us", "eu"])
def test_every_source_that_is_named_is_listed(label, on, capsys):
    """Every number rests on a source: what a finding or a text of the label names stands among the sources."""
    told = [word for day in LATE[:3] for word in ("--given", day)] + (["--on", on] if on else [])
    assert run(["next", "infliximab", "crohns", "--weight", "70kg", "--label", label, *told, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    listed = {source["id"] for source in document["sources"]}
    cited = [each["source"] for each in (*document["findings"], *document["label_says"])]
    assert {one.split()[0] for each in cited for one in each.split("; ")} <= listed


# --- more than one bound --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "earliest", "latest"),
    [
        ("earliest: 2 weeks, latest: 6 weeks", dt.date(2026, 12, 29), dt.date(2027, 1, 12)),
        ("earliest: 4 weeks, latest: 4 weeks", dt.date(2027, 1, 5), dt.date(2027, 1, 5)),
    ],
    ids=["the gap", "the window"],
)
def test_of_several_bounds_the_narrower_holds(window, earliest, latest, folder):
    """Given on 2026-12-08, a gap of 3 to 5 weeks leaves 2026-12-29 to 2027-01-12; 4 weeks later is 2027-01-05."""
    shipped = (HERE / "tables" / "findings.yaml").read_text(encoding="utf-8")
    (folder / "site.yaml").write_text(shipped.replace("window: {latest: 6 weeks,", f"window: {{{window},"), "utf-8")
    told = ["2026-12-01", "2026-12-08"]
    due = find_due(load_table("site.yaml"), "findumab", "hiccups", someone(), given=told)
    assert (due.earliest.date, due.latest.date) == (earliest, latest)


# --- rules that hold for every history ------------------------------------------------------------------------

REGIMENS = every_regimen()
ANCHORS = ("given", "planned")
starts = st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))


def planned(regimen: str, label: str, **asked: Any) -> Plan:
    """The plan alone, without doses and findings."""
    found = table().regimen(*regimen.split("/"), label)
    choices = Choices.of(label=label, **asked)
    return make_plan(order_phases(found, choices), choices, table().house())


WITH_WINDOW = [pair for pair in REGIMENS if planned(*pair, start="2026-12-01").starts]


def places(plan: Plan) -> list[tuple[Any, ...]]:
    """What a plan says of its infusions."""
    return [(item.number, item.phase, item.date, item.by_plan, item.day, item.head) for item in plan.infusions]


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize(("regimen", "label"), fifth(REGIMENS))
@settings(max_examples=examples(3))
@given(start=starts, said=st.booleans())
@example(start=dt.date(2027, 8, 31), said=False)
def test_a_history_that_follows_the_plan_gives_the_plan_back(regimen, label, anchor, start, said):
    """An infusion given exactly on its date keeps the anchors, so that a history on the plan gives the plan back."""
    plan = planned(regimen, label, start=start, for_="30m")
    for number in range(1, len(plan.infusions) + 1):
        history = {"given": [item.date for item in plan.infusions[:number]], "anchor": anchor}
        again = planned(regimen, label, for_="30m", start=start if said else None, **history)
        assert places(again) == places(plan), number
        assert (again.start, again.passed, again.ended) == (plan.start, (), plan.ended)
        assert [item.number for item in again.infusions if item.given] == list(range(1, number + 1))


@settings(max_examples=examples(60))
@given(
    pair=st.sampled_from([pair for pair in REGIMENS if pair[0] in WEEKLY]),
    start=starts,
    number=st.integers(1, 8),
    late=st.integers(-6, 150),
)
@example(pair=("rituximab/ra", "us"), start=dt.date(2026, 12, 1), number=2, late=3)
def test_an_infusion_on_another_day_moves_the_rest_by_as_much(pair, start, number, late):
    """Counted from what was given: its block's head is the given date minus its offset, and the rest follows."""
    plan = planned(*pair, start=start, doses=12).infusions
    number = min(number, len(plan))
    days = [item.date for item in plan[:number]]
    days[-1] += dt.timedelta(days=late)
    again = planned(*pair, start=start, given=days, doses=12).infusions
    assert [item.by_plan for item in again] == [item.date for item in plan]
    assert [item.late_days for item in again] == [0] * (number - 1) + [late] * (len(plan) - number + 1)


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize(("regimen", "label"), WITH_WINDOW)
def test_a_history_that_follows_the_plan_keeps_its_windows(regimen, label, anchor):
    """Where the source gives a window for the start of a phase, the table holds it, and the output prints it."""
    plan = planned(regimen, label, start="2026-12-01")
    for number in range(1, len(plan.infusions) + 1):
        given_days = [item.date for item in plan.infusions[:number]]
        again = planned(regimen, label, given=given_days, anchor=anchor, until=plan.start + dt.timedelta(days=365))
        assert again.starts == plan.starts, number


@st.composite
def histories(draw) -> tuple[str, str, list[dt.date]]:
    """A regimen under a label, and up to eight infusions of it, 1 to 400 days apart."""
    regimen, label = draw(st.sampled_from(REGIMENS))
    most = min(8, len(planned(regimen, label, start="2026-12-01", doses=8).infusions))
    gaps = draw(st.lists(st.integers(1, 400), max_size=most - 1))
    days = [draw(starts)]
    for gap in gaps:
        days.append(days[-1] + dt.timedelta(days=gap))
    return regimen, label, days


PASSED = [dt.date(2026, 1, 5), dt.date(2026, 1, 19), dt.date(2026, 5, 1)]
AT_THE_GAP = [dt.date(2026, 12, 1) + dt.timedelta(days=days) for days in (0, 14, 42, 98, 126, 153)]
"""Infliximab in arthritis, the last two infusions 28 and 27 days after the one before: 4 weeks, and a day less."""


def _gap(own: tuple[Planned, ...], item: Planned) -> dt.timedelta:
    """The planned gap before an infusion: to the date before its own in the plan, or before that of its number."""
    same = [
        place
        for place, each in enumerate(own)
        if (each.date, each.phase, each.head) == (item.date, item.phase, item.head)
    ]
    place = same[0] if same else item.number - 1
    return own[place].date - own[place - 1].date


@settings(max_examples=examples(100))
@given(told=histories(), anchor=st.sampled_from(ANCHORS), weeks=st.integers(1, 60))
@example(told=("infliximab/crohns", "us", PASSED), anchor="planned", weeks=13)
@example(told=("infliximab/crohns", "us", PASSED), anchor="given", weeks=13)
def test_whatever_was_given_a_start_that_was_asked_for_is_taken_or_refused(told, anchor, weeks):
    """An infusion never moves onto or past another, also where maintenance was asked for on a day of its own."""
    regimen, label, days = told
    asked = {"given": days, "anchor": anchor, "doses": len(days) + 2, "maintenance_start": f"{weeks}w"}
    try:
        infusions = planned(regimen, label, **asked).infusions
    except BadInput as refused:
        if refused.field != "maintenance_start":  # too early, or no phase that it fits
            raise
        return
    assert [item.date for item in infusions[: len(days)]] == days
    assert all(before.date < item.date for before, item in pairwise(infusions))


@settings(max_examples=examples(200))
@given(told=histories(), anchor=st.sampled_from(ANCHORS), more=st.integers(1, 6))
@example(told=("rituximab/ms", "us", [dt.date(2026, 12, 1), dt.date(2027, 9, 1)]), anchor="planned", more=2)
@example(told=("infliximab/ra", "us", AT_THE_GAP), anchor="given", more=2)
@example(told=("rituximab/ra", "us", [dt.date(2026, 12, 1), dt.date(2027, 3, 3)]), anchor="planned", more=4)
def test_whatever_was_given_the_rest_is_in_order_and_nothing_is_doubled(told, anchor, more):
    """Nothing given is moved, lost or reordered; nothing is added or doubled.

    No two infusions are closer than the label's least gap without a finding that names the later one, and a date of
    the plan that leaves less than half of the planned gap to the last given is not taken.
    """
    regimen, label, days = told
    answer = course(regimen, label=label, start=None, given=days, anchor=anchor, doses=len(days) + more)
    infusions = answer.plan.infusions
    own = planned(regimen, label, start=days[0], for_="9y").infusions
    assert [item.date for item in infusions[: len(days)]] == days
    assert [item.date for item in infusions if item.given] == days
    assert [item.given.date for item in infusions if item.given] == days
    assert [item.number for item in infusions] == list(range(1, len(infusions) + 1))
    assert [(item.phase, item.head) for item in infusions] == [
        (item.phase, item.head) for item in own[: len(infusions)]
    ]
    assert all(before.date < item.date for before, item in pairwise(infusions))
    named = {number for found in answer.findings if found.code == "gap-below-label" for number in found.infusions or ()}
    for before, item in pairwise(infusions):
        least = answer.ordered.least_gap(item.phase) if item.head else None
        assert (least is not None and item.date < add(before.date, least)) == (item.number in named)
    assert all((item.date - days[-1]) * 2 >= _gap(own, item) for item in infusions[len(days) :][:1])


@settings(max_examples=100)
@given(told=histories(), anchor=st.sampled_from(ANCHORS), share=st.integers(0, 200))
@example(told=("infliximab/crohns", "us", AT_THE_GAP), anchor="planned", share=100)
def test_what_was_given_is_early_against_what_was_due_before_it(told, anchor, share):
    """Its own date is the one that `next` gave before it was given: what came since changes nothing."""
    regimen, label, days = told
    expected = course(regimen, label=label, start=None, given=days[:1]).infusions[0].dose.amount.dose
    amount = max(1, expected * share // 100)
    texts = [f"{days[0]}:{amount // 100}.{amount % 100:02}mg", *map(str, days[1:])]
    answer = course(regimen, label=label, start=None, given=texts, anchor=anchor)
    early, differs = (
        {number for each in answer.findings if each.code == code for number in each.infusions or ()}
        for code in ("given-early", "given-differs")
    )
    assert differs == ({1} if abs(amount - expected) * 10 > expected else set())
    wanted = set()
    for number in range(2, len(days) + 1):
        drug, indication = regimen.split("/")
        due = find_due(table(), drug, indication, someone(regimen), label=label, given=days[: number - 1])
        item, before = answer.infusions[number - 1].planned, days[number - 2]
        assert item.given.due == due.from_given
        ahead = due.from_given - item.date
        if (ahead * 5 > due.from_given - before) if item.head else ahead.days > 3:
            wanted.add(number)
    assert early == wanted
