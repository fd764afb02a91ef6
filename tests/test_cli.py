"""The command line as a person or a pipe meets it: files, streams, exit codes, colour, imports, help."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from infusecalc.cli import COMMANDS, run
from infusecalc.cli.exit_codes import IN_SHORT, OF_VERIFY, TOLD_IN
from infusecalc.cli.reply import Reply, colour, say, width
from infusecalc.errors import BadInput
from infusecalc.output import files, terminal
from infusecalc.output.formats import FORMATS, check_options
from infusecalc.output.page import page
from support import HERE, course, someone

LOOK_UP = ["dose", "infliximab", "crohns", "--weight", "70kg"]
PLAN = ["schedule", "infliximab", "crohns", "--weight", "70kg", "--start", "2026-12-01"]
TALL = [*LOOK_UP, "--height", "175"]
BLOCKED = [*LOOK_UP, "--has", "active-tb"]
PYTHON = [sys.executable, "-m", "infusecalc"]


def program(*line: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*PYTHON, *line], capture_output=True, text=True, check=False, timeout=60, **options)


# --- exit codes and streams -----------------------------------------------------------------------------


def test_a_command_without_a_schema_says_which_have_one(capfd):
    assert run(["schema", "batch"]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("infusecalc: command 'batch' has no JSON Schema (allowed: dose, schedule, rate, check, ")
    assert run(["schema"]) == 2
    assert capfd.readouterr().err.startswith("infusecalc: command is missing; give command: one of dose, schedule, ")


def test_a_missing_table_of_a_comparison_says_what_it_may_be(capfd):
    assert run(["regimens", "diff", "shipped"]) == 2
    form = "give new: a table file, a site's file, or the word shipped, as the table after the change"
    assert capfd.readouterr().err == f"infusecalc: new is missing; {form} (see: infusecalc regimens diff -h)\n"


def test_the_first_command_of_the_readme_prints_eight_infusions(capfd):
    assert run(PLAN) == 0
    out, err = capfd.readouterr()
    assert len([line for line in out.splitlines() if line.endswith("  350 mg  2 h")]) == 8
    made = (
        "make up 4 x 100 mg, each vial dissolved in 10 mL sterile water for injection (swirl, do not shake), 10 mg/mL: "
    )
    bag = "35 mL of drug into 250 mL after taking out 35 mL: 1.4 mg/mL, 50 mg waste"
    assert made + bag in " ".join(out.split())
    assert "Tue 2026-12-01" in out
    assert err == ""


def test_a_blocked_plan_is_shown_and_ends_with_3(capfd):
    assert run(BLOCKED) == 3
    out, err = capfd.readouterr()
    assert "BLOCK" in out
    assert "350 mg" in out
    how = "if the prescriber decides to go on, record the reason: --accept CODE:DETAIL=REASON"
    assert err == f"infusecalc: blocked by contraindicated:active-tb; {how}\n"


def test_an_accepted_block_ends_with_0_and_leaves_its_reason(capfd):
    assert run([*BLOCKED, "--accept", "contraindicated:active-tb=treated since May", "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["findings"]
    assert [(each["severity"], each["reason"]) for each in found if each["accepted"]] == [
        ("caution", "treated since May")
    ]


def test_bad_input_ends_with_2_and_one_sentence(capfd):
    assert run([*LOOK_UP[:-1], "70,5"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "infusecalc: weight '70,5' has a comma, which can be read in two ways (allowed: 70, 70kg, 70.25kg or 154lb); "
        "write a decimal point, and no thousands separator\n"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            ["dosis"],
            "'dosis' is not known (allowed: dose, schedule, rate, check, next, batch, agenda, verify, info, list, ",
        ),
        (["dose", "infliximab", "crohns"], "--weight is missing; give --weight 70kg or 154lb (see: "),
        ([*LOOK_UP, "--wieght", "1"], "No such option: --wieght"),
        ([*LOOK_UP, "extra"], "unexpected extra argument 'extra'; put a name of several words in quotes"),
        ([*LOOK_UP, "kg"], "unexpected extra argument 'kg'; write number and unit without a space, as in 70kg"),
        ([*LOOK_UP, "3lb"], "unexpected extra argument '3lb'; write number and unit without a space, as in 70kg"),
        ([*LOOK_UP, "kgs"], "unexpected extra argument 'kgs'; put a name of several words in quotes"),
        ([*LOOK_UP, "--weight", "80"], "--weight '80' is given twice without a date; give one weight for each date"),
        ([*LOOK_UP, "--born", "1990-01-01"], "--born '1990-01-01' needs a reference date"),
        ([*LOOK_UP, "--on", "2026-01-01"], "--on '2026-01-01' needs --born or weights with dates"),
        (
            ["regimens", "shwo"],
            "No such command 'shwo'. Did you mean 'show'? (allowed: list, show, review, diff, ",
        ),
        (["regimens"], "command is missing (allowed: list, show, review, diff, validate, schema)"),
        (["regimens", "list", "x"], "unexpected extra argument 'x' (see: infusecalc regimens list -h)"),
        (["regimens", "show", "infliximab"], "indication is missing; give one of crohns, crohns-fistulizing, "),
        (
            ["regimens", "show", "infliximab/ra", "ra"],
            "indication 'ra' is given twice: the drug is 'infliximab/ra'; give one of the two",
        ),
        ([*PLAN, "--private", "True"], "unexpected extra argument 'True': --private takes no value"),
        ([*PLAN, "--private=True"], "Option '--private' does not take a value."),
        (
            ["dose", "infliximab", "plaque", "psoriasis", "--weight", "70"],
            "unexpected extra argument 'psoriasis'; put a name of several words in quotes (see: infusecalc dose -h)",
        ),
        (
            ["dose", "infliximab", "crohns", "-weight", "70"],
            "No such option: -weight; type --weight (see: infusecalc dose -h)",
        ),
        ([*LOOK_UP, "--HEIGHT", "175"], "No such option: --HEIGHT; type --height"),
        (
            [*LOOK_UP, "--start", "today"],
            "No such option: --start; it is an option of schedule, rate, next, batch, agenda (see: ",
        ),
        (
            ["regimens", "list", "--label", "us"],
            "it is an option of dose, schedule, rate, check, next, batch, agenda, regimens show",
        ),
        (
            ["--weight", "70", "dose"],
            "it is an option of dose, schedule, rate, check, next, batch, agenda; put it after the command (see: infus",
        ),
        ([*LOOK_UP, "-x"], "No such option: -x (see: infusecalc dose -h)"),
        ([*LOOK_UP, "--hieght", "175"], "No such option: --hieght (Possible options: --height, --weight)"),
        (
            ["dose", "infliximab", "crohns", "\u2014weight", "70"],
            "'\u2014weight' begins with a dash that is not a hyphen; type --weight (see: infusecalc dose -h)",
        ),
        ([*LOOK_UP, "\u2013\u2013quiet"], "'\u2013\u2013quiet' begins with a dash that is not a hyphen; type --quiet"),
        ([*LOOK_UP, "--patient-id", "\u2014x", "--hieght", "1"], "No such option: --hieght"),
        (
            ["rate", *LOOK_UP[1:], "--paper", "a4"],
            "--paper 'a4' is only for pdf; give -o, as in plan.pdf",
        ),
        (["rate", *LOOK_UP[1:], "--on", "2026-12-01"], "--on '2026-12-01' needs --born or weights with dates"),
        (
            ["rate", *PLAN[1:], "--on", "2026-12-01"],
            "--on '2026-12-01' cannot be combined with --start; leave it out: the start is the reference date",
        ),
        (
            ["check", *LOOK_UP[1:], "--ordered", "350", "--on", "2026-12-01"],
            "--on '2026-12-01' needs --born or weights with dates",
        ),
        (["dose", "remicad", "ra", "--weight", "70"], "nearest: remicade\n"),
        (
            [*LOOK_UP, "--has", "hepatitis"],
            "is not known; nearest: hepatitis-b, hepatitis-b-active, hepatitis-b-past; ",
        ),
        ([*LOOK_UP, "--has", "tbc"], "nearest: tuberculosis; for the names see: infusecalc info infliximab\n"),
        (
            ["dose", "rituximab", "crhons", "--weight", "70"],
            "sjogren); no similar name; all names: infusecalc list\n",
        ),  # `frns` is not like it
        (["dose", "crohns", "--weight", "70"], "'crohns' is not known: it is an indication of infliximab (allowed: "),
        (["dose", "ra", "--weight", "70"], "is not known: it is an indication of infliximab and rituximab (allowed: "),
        ([*LOOK_UP, "--has", ""], "condition '' is empty; for the names see: infusecalc info infliximab\n"),
        (
            [*LOOK_UP, "--has", "activetb"],
            "condition 'activetb' is not known; nearest: active-tb; for the names see: infusecalc info infliximab\n",
        ),
        (
            [*LOOK_UP, "--has", "aspirin"],
            (
                "condition 'aspirin' is not known; no similar name; for the names see: infusecalc info infliximab; "
                "a condition that is not among them cannot be checked here: ask the prescriber or a pharmacist\n"
            ),
        ),
        (
            [*LOOK_UP, "--accept", "foo=bar"],
            "--accept 'foo' names no blocking finding here; nothing blocks here: leave it out\n",
        ),
        (["regimens", "show", "infliximab/ra", "--label", "uk"], "label 'uk' is not known"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what(line, message, capfd):
    assert run(line) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1


# words that are one of a few, each in another case, and the line that means the same
ANY_CASE = [
    ([*LOOK_UP, "--round", "VIAL"], [*LOOK_UP, "--round", "vial"]),
    ([*LOOK_UP, "--round", "100 MG"], [*LOOK_UP, "--round", "100mg"]),
    ([*LOOK_UP, "--label", "EU"], [*LOOK_UP, "--label", "eu"]),
    ([*LOOK_UP, "--format", "JSON"], [*LOOK_UP, "--format", "json"]),
    ([*LOOK_UP, "--from", "Maintenance"], [*LOOK_UP, "--from", "maintenance"]),
    ([*LOOK_UP, "--dose", "MAINTENANCE=10mg/kg"], [*LOOK_UP, "--dose", "maintenance=10mg/kg"]),
    ([*TALL, "--bsa-formula", "DuBois"], [*TALL, "--bsa-formula", "dubois"]),
    ([*TALL, "--bsa-formula", "Du Bois"], [*TALL, "--bsa-formula", "dubois"]),
    ([*TALL, "--bsa-formula", "Gehan\u2013George"], [*TALL, "--bsa-formula", "gehan-george"]),
    (["DOSE", *LOOK_UP[1:]], LOOK_UP),
    (["Regimens", "List"], ["regimens", "list"]),
    (["regimens", "show", "Remicade/CD", "--label", "US"], ["regimens", "show", "infliximab/crohns", "--label", "us"]),
    ([*PLAN, "--sheet", "Patient"], [*PLAN, "--sheet", "patient"]),
    ([*PLAN, "--view", "Calendar"], [*PLAN, "--view", "calendar"]),
    ([*PLAN, "--given", "2026-12-02", "--anchor", "Planned"], [*PLAN, "--given", "2026-12-02", "--anchor", "planned"]),
    ([*PLAN, "--days", "Mon\u2013FRI", "--tolerance", "INDUCTION=3d"],
     [*PLAN, "--days", "mon-fri", "--tolerance", "induction=3d"]),
    ([*PLAN, "--holidays", "de\u2011by"], [*PLAN, "--holidays", "DE-BY"]),
    ([*PLAN[:-1], "TODAY"], [*PLAN[:-1], "today"]),
    (["rate", *LOOK_UP[1:], "--phase", "Maintenance", "--subsequent"],
     ["rate", *LOOK_UP[1:], "--phase", "maintenance", "--subsequent"]),
    (["check", *LOOK_UP[1:], "--ordered", "350", "--phase", "Induction"],
     ["check", *LOOK_UP[1:], "--ordered", "350", "--phase", "induction"]),
    ([*BLOCKED, "--accept", "Contraindicated:ACTIVE TB=treated"],
     [*BLOCKED, "--accept", "contraindicated:active-tb=treated"]),
    ([*BLOCKED, "--accept", "contraindicated:active\u2011tb=treated"],
     [*BLOCKED, "--accept", "contraindicated:active-tb=treated"]),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), ANY_CASE)
def test_a_word_may_be_typed_in_any_case(typed, meant, capfd):
    code = run(typed)
    assert code in (0, 3)
    assert run(meant) == code
    both = capfd.readouterr()
    half = len(both.out) // 2
    assert both.out[:half] == both.out[half:]
    assert len(both.err) % 2 == 0


def test_a_paper_may_be_typed_in_any_case(tmp_path):
    for name, paper in (("one.pdf", "LETTER"), ("two.pdf", "letter")):
        assert run([*LOOK_UP, "--paper", paper, "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@pytest.mark.parametrize("command", ["dose", "schedule", "rate", "check", "next", "regimens show"])
@pytest.mark.parametrize("word", ["infliximab/crohns", "Remicade/CD", "infliximab / Crohn\u2019s"])
def test_drug_and_indication_may_be_typed_in_one_word(command, word, capfd):
    more = {
        "schedule": ["--start", "2026-12-01"], "check": ["--ordered", "350mg"], "next": ["--given", "2026-12-01"],
    }.get(command, [])  # set in rows # fmt: skip
    more += [] if command == "regimens show" else ["--weight", "70kg"]
    drug, _, indication = word.partition("/")
    for names in ([word], [drug, indication]):
        assert run([*command.split(), *names, *more, "--format", "csv"]) == 0
    out = capfd.readouterr().out
    assert out[: len(out) // 2] == out[len(out) // 2 :]


@pytest.mark.parametrize(("names", "message"), [
    (["infliximab"], "indication is missing; give one of crohns, crohns-fistulizing, crohns-pediatric, uc, "),
    (["infliximab/"], "indication is missing; give one of crohns, crohns-fistulizing, crohns-pediatric, uc, "),
    (["aspirin"], "drug 'aspirin' is not known"),
    (["/crohns"], "drug '' is empty (allowed: infliximab, rituximab)"),
    (["infliximab/crohns", "uc"], "indication 'uc' is given twice: the drug is 'infliximab/crohns'; "),
    (["infliximab/aspirin"], "indication 'aspirin' is not known"),
])  # set in rows # fmt: skip
@pytest.mark.parametrize("command", [["dose"], ["check", "--ordered", "350"], ["next", "--given", "2026-12-01"]])
def test_a_drug_without_its_indication_is_refused(command, names, message, capfd):
    assert run([*command, *names, "--weight", "70"]) == 2
    assert message in capfd.readouterr().err


def test_an_option_after_two_dashes_is_no_option():
    assert run([*LOOK_UP, "--", "--weight"]) == 2


def test_help_names_two_worked_examples(capfd):
    for command in ("dose", "schedule", "regimens list", "regimens show", "regimens validate", "regimens schema"):
        assert run([*command.split(), "--help"]) == 0
        out = capfd.readouterr().out
        assert out.count(f"  infusecalc {'list' if command == 'regimens list' else command}") == 2, command
    assert run(["regimens", "-h"]) == 0
    assert capfd.readouterr().out.count("  infusecalc regimens ") == 2
    assert run(["-h"]) == 0
    assert "regimens" in capfd.readouterr().out


def test_the_examples_of_the_help_work(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.yaml").write_text('version: "site 1"\n', encoding="utf-8")
    tried = 0
    for command in ("dose", "schedule", "regimens list", "regimens show", "regimens validate", "regimens schema"):
        run([*command.split(), "-h"])
        for line in capfd.readouterr().out.replace("\\\n", "").splitlines():
            if line.strip().startswith("infusecalc "):
                assert run(line.split()[1:]) == 0, line
                tried += 1
    assert tried == 12


def test_the_version_is_the_packages(capfd):
    assert run(["--version"]) == 0
    assert capfd.readouterr().out.strip() == version("infusecalc")


def test_the_script_and_the_module_behave_alike():
    script = Path(sys.executable).parent / "infusecalc"
    one = subprocess.run([script, *BLOCKED], capture_output=True, text=True, check=False)
    two = program(*BLOCKED)
    assert (one.returncode, one.stdout, one.stderr) == (two.returncode, two.stdout, two.stderr)
    assert one.returncode == 3


def test_an_interrupt_ends_with_130(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("infusecalc.cli.plan.make_course", interrupted)
    assert run(LOOK_UP) == 130
    monkeypatch.undo()
    monkeypatch.setattr(Reply, "deliver", interrupted)
    assert run(LOOK_UP) == 130


def test_a_bug_keeps_its_traceback(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("infusecalc.cli.plan.make_course", broken)
    with pytest.raises(ZeroDivisionError):
        run(LOOK_UP)


# --- where the answer goes --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "begins"), [
    ("plan.json", "{"), ("plan.ndjson", '{"patient_id"'), ("plan.jsonl", '{"patient_id"'), ("plan.csv", "patient_id,"),
    ("plan.md", "# inF"), ("plan.txt", "inFLIXimab"),
])  # set in rows # fmt: skip
def test_the_extension_of_a_file_names_its_format(name, begins, tmp_path, capfd):
    path = tmp_path / name
    assert run([*PLAN, "-o", str(path)]) == 0
    assert path.read_text(encoding="utf-8").startswith(begins)
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"infusecalc: wrote {path}\n")
    assert run([*PLAN, "--output", str(path), "--quiet"]) == 0
    assert capfd.readouterr().err == ""
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_format_may_be_named_for_an_extension_that_names_none(tmp_path):
    assert run([*PLAN, "-o", str(tmp_path / "plan.out"), "--format", "csv"]) == 0
    assert run([*PLAN, "-o", str(tmp_path / "plan.JSON")]) == 0
    assert run([*PLAN, "-o", str(tmp_path / "plan.csv"), "--format", "csv"]) == 0


@pytest.mark.parametrize(("options", "message"), [
    (["-o", "plan.out"], "has no known extension (allowed: .txt, .json, .ndjson, .jsonl, .csv, .md, "),
    (["-o", "plan.csv", "--format", "json"], "--format 'json' does not match the file name, 'plan.csv'"),
    (["-o", "plan.txt", "--format", "md"], "does not match the file name, 'plan.txt'"),
    (["-o", "plan.jsonl", "--format", "json"], "does not match the file name, 'plan.jsonl'"),
    (["-o", "plan.pdf", "--format", "md"], "does not match the file name, 'plan.pdf'"),
    (["-o", "plan.xlsx", "--format", "md"], "does not match the file name, 'plan.xlsx'"),
    (["-o", "plan.docx"], "-o 'plan.docx' has the extension .docx, which this command does not write (allowed: .txt, "),
    (["-o", "plan.csv", "--format", "json"], "does not match the file name, 'plan.csv' (allowed: .json); give "),
    (["--format", "xml"], "--format 'xml' is not a format of this command"),
    (["--format", "JSON5"], "is not a format"),
])  # set in rows # fmt: skip
def test_a_format_that_is_not_clear_is_refused(options, message, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run([*PLAN, *options]) == 2
    assert message in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_dash_is_standard_output(capfd):
    assert run([*PLAN, "-o", "-", "--format", "csv"]) == 0
    assert capfd.readouterr().out.startswith("patient_id,")


def test_an_existing_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("x" * 100_000, encoding="utf-8")
    path.chmod(0o600)
    assert run([*PLAN, "-o", str(path)]) == 0
    assert len(path.read_text(encoding="utf-8").splitlines()) == 9
    assert path.stat().st_mode & 0o777 == 0o600
    fresh = tmp_path / "fresh.csv"
    mask = os.umask(0o027)
    try:
        assert run([*PLAN, "-o", str(fresh)]) == 0
    finally:
        os.umask(mask)
    assert fresh.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    assert run([*PLAN, "-o", str(link)]) == 0
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith("patient_id")


def test_a_device_is_written_to_and_not_replaced():
    assert run([*PLAN, "-o", "/dev/null", "--format", "csv"]) == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(("output", "message"), [
    ("{}/absent/plan.csv", "No such file or directory"), ("{}", "Is a directory"), ("/dev/full", "No space left"),
    ("a\0b.csv", "it is not a file name"),
])  # set in rows # fmt: skip
def test_a_file_that_cannot_be_written_ends_with_2(output, message, tmp_path, capfd):
    assert run([*PLAN, "-o", output.format(tmp_path), "--format", "csv"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path, monkeypatch, capfd):
    path = tmp_path / "plan.csv"
    path.write_text("old", encoding="utf-8")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    assert run([*PLAN, "-o", str(path)]) == 2
    assert "No space left on device" in capfd.readouterr().err
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.csv"]


def test_a_full_disk_behind_standard_output_ends_with_2():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PYTHON, *PLAN], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "infusecalc: standard output cannot be written: No space left on device; free some room\n"


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.Popen([*PYTHON, *PLAN], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done.stdout.close()
    assert done.wait(timeout=60) == 0
    assert done.stderr.read() == b""
    done.stderr.close()


def test_nobody_listening_on_standard_error_is_no_error(monkeypatch):
    class Deaf:
        def write(self, _):
            raise OSError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Deaf())
    say("hello")
    assert run(BLOCKED) == 3


def test_ctrl_c_ends_the_program_with_130():
    code = f"""
import sys, time
import infusecalc.cli as cli
import infusecalc.cli.plan as plan
plan.make_course = lambda *_, **__: time.sleep(30)
print("ready", flush=True)
sys.exit(cli.run({LOOK_UP!r}))
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=20) == 130
    child.communicate()


# --- what it looks like -----------------------------------------------------------------------------------


class Terminal:
    def isatty(self):
        return True


def test_colour_only_on_a_terminal_and_not_against_the_users_wish(monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert not colour(None, no_color=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert colour(None, no_color=False)
    assert colour("-", no_color=False)
    assert not colour("plan.txt", no_color=False)
    assert not colour(None, no_color=True)
    monkeypatch.setenv("TERM", "dumb")
    assert not colour(None, no_color=False)
    monkeypatch.delenv("TERM")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour(None, no_color=False)


def test_the_width_is_the_terminals_between_80_and_100(monkeypatch):
    assert width(None) == 80
    monkeypatch.setattr(sys, "stdout", Terminal())
    for columns, expected in ((60, 80), (80, 80), (93, 93), (200, 100)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert width(None) == width("-") == expected
        assert width("plan.txt") == 80


def test_colour_changes_no_word():
    for start in ("2026-12-01", None):
        found = course("infliximab/crohns", someone(id="7"), start=start, has=["active-tb"])
        plain, bright = (terminal.draw(page(found), 80, colour=on) for on in (False, True))
        assert "\x1b[" in bright
        assert "\x1b" not in plain
        stripped = re.sub(r"\x1b\[[0-9;]*m", "", bright)
        assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


TEXTS = ("table", "json", "ndjson", "csv", "md")


@pytest.mark.parametrize("form", TEXTS)
def test_an_id_with_markup_comes_out_as_text(form, capfd):
    for name in ("[red]x[/red]", "=1+1", "<b>x</b>", "#eval(1)", 'a,b;"c"', "\u202egnirts", "\U0001f600"):
        assert run([*PLAN, "--patient-id", name, "--format", form]) == 0
        out = capfd.readouterr().out
        assert "\x1b" not in out
        shown = f"'{name}" if name == "=1+1" and form == "csv" else name  # only a spreadsheet takes it for a formula
        if form == "json":
            assert json.loads(out)["patient"]["id"] == shown
        elif form == "ndjson":
            assert json.loads(out.splitlines()[0])["patient_id"] == shown
        elif form == "csv":
            assert next(csv.DictReader(out.splitlines()))["patient_id"] == shown
        elif name.startswith("\u202e"):
            assert "\u202e" not in out
            assert "202egnirts" in out
        else:
            assert name[-1] in out


# --- what is imported ---------------------------------------------------------------------------------------

HEAVY = (
    "polars", "pandas", "pyarrow", "typst", "icalendar", "holidays", "jsonschema_rs", "pydantic", "pyspark", "numpy",
)  # set in rows # fmt: skip


@pytest.mark.parametrize(("line", "also"), [
    ([*LOOK_UP, "--format", "json"], ("rich", "csv", "tempfile")),
    ([*PLAN, "--format", "table"], ()),
    ([*PLAN, "--format", "csv"], ("rich",)),
])  # set in rows # fmt: skip
def test_a_look_up_imports_nothing_heavy(line, also):
    code = f"import sys\nfrom infusecalc.cli import run\nrun({line!r})\nprint(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {*HEAVY, *also}
    assert "infusecalc" in loaded


def test_the_environment_names_a_sites_table(monkeypatch, capfd):
    monkeypatch.setenv("INFUSECALC_REGIMENS", str(HERE / "tables" / "third_drug.yaml"))
    assert run(["dose", "fictumab", "hiccups", "--weight", "60", "--bsa", "1.7", "--format", "csv"]) == 0
    assert "fictumab" in capfd.readouterr().out


def test_a_reply_knows_its_exit_code():
    assert Reply("x").exit_code == 0
    assert Reply("x", blocks=("a",)).exit_code == 3


# --- the table on the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("line", [["list"], ["show", "rituximab", "gpa"], ["show", "Remicade/CD", "--label", "EU"]])
def test_the_table_is_shown_in_every_format(line, form, capfd):
    assert run(["regimens", *line, "--format", form]) == 0
    out = capfd.readouterr().out
    for word in {"list": ("infliximab/crohns", "off-label"), "show": ("375 mg/m2", "trial")}.get(line[0], ()):
        if line[-1] != "EU":
            assert word in out.replace("\\", "").lower()
    assert out.isascii()


def test_what_is_recalled_is_shown_as_general_knowledge(capfd):
    assert run(["regimens", "show", "rituximab", "pv"]) == 0
    assert "[general knowledge: " in capfd.readouterr().out


def test_a_sites_values_are_shown_as_local(tmp_path, capfd):
    path = tmp_path / "site.yaml"
    path.write_text(
        "sources: {site: {title: A, publisher: B, date: unknown, section: unknown, url: unknown, grade: house}}\n"
        "regimens: {infliximab/uc: {us: {phases: {induction: {dose: 4 mg/kg, weeks: [0, 3], source: site}}}}}\n",
        encoding="utf-8",
    )
    assert run(["regimens", "list", "--regimens", str(path)]) == 0
    assert "Labelled, local (us); labelled (eu)" in capfd.readouterr().out
    assert run(["regimens", "list", "--full", "--regimens", str(path)]) == 0
    assert "us labelled local" in capfd.readouterr().out
    assert run(["regimens", "show", "infliximab", "uc", "--regimens", str(path)]) == 0
    assert "[site: site, local]" in capfd.readouterr().out


def test_a_table_without_faults_is_said_to_be_so(capfd, tmp_path):
    assert run(["regimens", "validate"]) == 0
    assert capfd.readouterr().out.startswith("shipped table: no faults in form; 37 regimens, ")
    path = tmp_path / "site.yaml"
    path.write_text('version: "1"\n', encoding="utf-8")
    assert run(["regimens", "validate", str(path)]) == 0
    assert capfd.readouterr().out.startswith("site.yaml: no faults in form")


def test_validating_a_faulty_shipped_table_ends_with_2(tmp_path, monkeypatch, capfd):
    broken = tmp_path / "regimens.yaml"
    broken.write_text("version: '1'\nhouse:\n  weight: {from: 1 kg}\n", encoding="utf-8")
    monkeypatch.setattr("infusecalc.table.store.shipped_path", lambda: broken)
    assert run(["regimens", "validate"]) == 2
    assert "regimens.yaml:3: house.weight: 'to' is missing" in capfd.readouterr().err


class Broken:
    """A standard output that breaks when it is written to."""

    def __init__(self, error):
        self.buffer, self.error = self, error

    def write(self, _):
        raise self.error

    def isatty(self):
        return False

    def fileno(self):
        raise OSError(9, "Bad file descriptor")


def test_standard_output_that_breaks(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError(32, "Broken pipe")))
    assert run([*LOOK_UP, "--format", "json"]) == 0
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    assert run([*LOOK_UP, "--format", "json"]) == 2
    assert "No space left on device" in capfd.readouterr().err


def test_a_blocked_plan_for_a_reader_that_has_gone_away_ends_quietly(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError(32, "Broken pipe")))
    assert run(BLOCKED) == 0
    assert capfd.readouterr().err == ""


def test_a_closed_standard_output_is_refused_in_words(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", None)
    assert run(LOOK_UP) == 2
    assert capfd.readouterr().err.startswith("infusecalc: standard output is closed; leave it open")


def test_the_same_acceptance_twice_is_one(capfd):
    accept = ["--accept", "contraindicated=treated"]
    assert run([*BLOCKED, *accept, *accept]) == 0
    assert run([*BLOCKED, "--accept", "contraindicated=treated; see letter"]) == 2
    assert "has a semicolon" in capfd.readouterr().err


def test_an_evaluation_is_counted_from_the_anchor_and_not_from_a_clamped_date(capfd):
    line = ["schedule", "rituximab", "pv", "--weight", "70", "--start", "2024-02-29", "--for", "2y"]
    assert run(line) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "2025-08-29" in out
    assert "2025-08-28" not in out


def test_a_start_of_maintenance_beyond_the_horizon_is_shown(capfd):
    line = [
        "schedule",
        "rituximab",
        "gpa",
        "--weight",
        "70",
        "--height",
        "175",
        "--start",
        "2026-12-01",
        "--doses",
        "2",
    ]
    assert run([*line, "--maintenance-start", "14w", "--format", "json"]) == 3
    found = {each["code"]: each for each in json.loads(capfd.readouterr().out)["findings"]}
    assert found["start-outside-window"]["infusions"] is None
    assert "2027-03-30, 14 days too early" in found["start-outside-window"]["message"]


def test_the_views_of_uncommon_courses(capfd):
    assert run([*PLAN, "--doses", "2"]) == 0
    shown = capfd.readouterr().out
    assert "planned for 2 infusions; maintenance goes on" in " ".join(shown.split())
    assert "maintenance" not in shown.partition("planned for")[0]
    line = ["dose", "rituximab", "gpa-pediatric", "--full", "--weight", "154lbs", "--height", "180", "--bsa-cap", "1.5"]
    assert run([*line, "--age", "8mo", "--bsa-formula", "dubois"]) == 3
    out = capfd.readouterr().out
    assert "age 8 mo" in out
    assert "154 lb x 0.45359237 kg/lb = 69.85 kg" in out
    assert "BSA by dubois: 180 cm and 69.85 kg = 1.88 m2" in out
    assert "BSA capped as requested: 1.5 m2" in out
    assert "1.5 m2 (dubois, capped)" in out
    assert run([*LOOK_UP, "--bsa", "1.9", "--age", "34"]) == 0
    assert "BSA 1.9 m2 (given), age 34 y" in capfd.readouterr().out


def test_a_drug_is_written_in_tall_man_letters_for_people_and_in_lower_case_in_data(capfd):
    line = ["dose", "infliximab", "ra", "--weight", "70", "--has", "drug-hypersensitivity"]
    for form in ("table", "md"):
        run([*line, "--full", "--format", form])
        out = capfd.readouterr().out.replace("\\", "")
        assert "inFLIXimab" in out
        assert "reaction to inFLIXimab" in " ".join(out.split())
        assert "infliximab/ra" in out
    run([*line, "--format", "json"])
    assert "inFLIXimab" not in capfd.readouterr().out


def test_one_text_stands_for_a_list_of_one():
    one, several = (
        course("infliximab/ra", dose=dose, every=every) for dose, every in (("6mg/kg", "7w"), (["6mg/kg"], ["7w"]))
    )
    assert one.infusions == several.infusions


def test_a_dose_that_comes_to_nothing_is_refused(capfd):
    assert run(["dose", "infliximab", "crohns", "--weight", "0.5", "--dose", "0.001mg/kg"]) == 2
    assert "dose '0.001 mg/kg' comes to less than 0.01 mg" in capfd.readouterr().err


def test_a_drug_under_one_label_is_shown_under_that_label(capfd):
    site = str(HERE / "tables" / "third_drug.yaml")
    assert run(["regimens", "show", "fictumab", "hiccups", "--regimens", site]) == 0
    out = capfd.readouterr().out
    assert "products/fictorix, us" in out
    assert "eu" not in out


def test_an_output_that_takes_a_part_at_a_time_gets_all(monkeypatch, capfdbinary):
    class Sipping(io.BytesIO):
        def write(self, content):
            return super().write(content[:100])

    line = [*LOOK_UP, "--format", "json"]
    assert run(line) == 0
    whole, slow = capfdbinary.readouterr().out, Sipping()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(slow))
    assert run(line) == 0
    assert slow.getvalue() == whole


def test_a_command_is_one_module_and_one_entry(monkeypatch, capfd):
    module = types.ModuleType("made_up_command")

    def app(name: str) -> typer.Typer:
        program = typer.Typer(add_completion=False)

        @program.command(name)
        def hello() -> None:
            """Say hello."""
            typer.echo("hello")

        return program

    module.app = app
    monkeypatch.setitem(sys.modules, "made_up_command", module)
    monkeypatch.setitem(COMMANDS, "hello", "made_up_command")
    assert run(["hello"]) == 0
    assert capfd.readouterr().out == "hello\n"
    assert run(["--help"]) == 0
    assert "Say hello." in capfd.readouterr().out


MADE_UP_FORMAT = """
import sys
from infusecalc.cli import run
from infusecalc.output.answer import DOCUMENT
from infusecalc.output.formats import FORMATS, Format

def shout(answer, look):
    return answer.document()["schema"].upper() + (look.options["loud"] or ""), None

FORMATS["shout"] = Format("shout", DOCUMENT, (".shout",), shout, {"loud": None})
sys.exit(run(sys.argv[1:]))
"""


def test_a_format_is_one_entry(tmp_path):
    """By its entry alone a made-up format is offered, written and known by its extension."""

    def with_it(*line: str) -> str:
        words = [sys.executable, "-c", MADE_UP_FORMAT, *line]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout

    assert with_it(*LOOK_UP, "--format", "shout") == "INFUSECALC.DOSE/1"
    with_it(*LOOK_UP, "-o", str(tmp_path / "x.shout"), "--quiet")
    assert (tmp_path / "x.shout").read_text(encoding="utf-8") == "INFUSECALC.DOSE/1"
    assert "One of json, shout." in with_it("regimens", "schema", "-h")


@pytest.mark.parametrize(
    ("form", "options", "words"),
    [
        (
            "json",
            {"paper": "a4", "format_": "json"},
            "`paper` 'a4' cannot be combined with `format_` json; it is for `format_` pdf",
        ),
        ("json", {"sheet": "patient", "format_": "json"}, "it is for `format_` table or md or html or pdf"),
        (
            "json",
            {"sheet": "patient", "output": "x.json"},
            "`sheet` 'patient' is only for table, md, html or pdf, not for json; give `output`, as in plan.txt, ",
        ),
        ("table", {"private": True}, "`private` is only for ics; give `output`, as in plan.ics"),
        ("table", {"at": "09:30", "output": "-"}, "`at` '09:30' is only for ics; give `output`, as in plan.ics"),
    ],
)
def test_an_option_of_another_format_is_refused(form, options, words):
    with pytest.raises(BadInput, match=re.escape(words)):
        check_options(FORMATS[form], options, tuple(FORMATS))
    check_options(FORMATS[form], {"sheet": "clinic", "paper": None, "private": False}, tuple(FORMATS))


@pytest.mark.parametrize("command", ["", *COMMANDS, "regimens diff"])
def test_the_help_of_a_command_that_can_end_with_3_tells_the_exit_codes_last(command, capfd):
    assert run([*command.split(), "--help"]) == 0
    told = " ".join(capfd.readouterr().out.split())
    ending = OF_VERIFY if command == "verify" else IN_SHORT
    assert told.endswith(ending) == (command in ("", *TOLD_IN))
    assert [int(code) for code in re.findall(r"(?<!\w)[0-9](?= )", IN_SHORT)] == [0, 2, 3, 4]


@pytest.mark.parametrize("command", ["batch", "agenda"])
def test_the_help_of_a_cohort_says_of_which_rows_an_option_is(command, capfd):
    assert run([command, "--help"]) == 0
    parts = re.split(r"^(?:  --|\w+:$)", capfd.readouterr().out, flags=re.MULTILINE)
    told = {part.split()[0]: " ".join(part.split()) for part in parts if part.strip()}
    for name in ("drug", "indication", "weight", "height", "age", "bsa", "label", "variant", "product", "start"):
        assert told[name].endswith("Default for empty cells."), name
    for name in ("has", "done", "dose", "every", "protocol", "accept"):
        assert "EVERY" in told[name], name
        assert f"column {name}" in told[name], name


@pytest.mark.parametrize(("command", "has"), [("dose", True), ("next", True), ("list", False), ("settings", False)])
def test_only_an_answer_with_findings_says_what_quiet_does_with_them(command, has, capfd):
    assert run([command, "--help"]) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert ("on the screen, premedication, screening and the like are named" in told) == has
