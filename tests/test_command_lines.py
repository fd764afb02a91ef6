"""What the command line says by itself: the first page, help by headings, what is missing, two labels side by side."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shlex

import pytest
import typer

from infusecalc import Patient
from infusecalc.cli import COMMANDS, _command, overview, run
from infusecalc.cli.headings import grouped, headings
from infusecalc.cli.missing import needs_bsa
from infusecalc.errors import BadInput
from support import HERE, cases, course, every_regimen, table


def said(run_line: str, capfd) -> tuple[int, str, str]:
    code = run(shlex.split(run_line))
    return code, *capfd.readouterr()


@pytest.mark.parametrize("case", cases("command_lines", "run shows not same_as refused begins because"))
def test_the_command_line_says(case, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(case["run"], capfd)
    told = case.get("refused") or case.get("begins")
    if told:
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert err[: len(told) + 12] == f"infusecalc: {told}"
        assert "begins" in case or err == f"infusecalc: {told}\n"
        return
    assert (code, err) == (0, "")
    if "same_as" in case:
        assert said(case["same_as"], capfd)[1] == out != ""
        return
    words, place = " ".join(out.split()), 0
    for each in case["shows"]:
        assert each in words[place:], each
        place = words.index(each, place) + 1
    assert [each for each in case.get("not", ()) if each in words] == []


def names() -> list[str]:
    """Every command, those of the groups by two words."""
    found = []
    for name in COMMANDS:
        parts = getattr(_command(name), "commands", {})
        found += [f"{name} {part}" for part in parts] or [name]
    return found


@pytest.mark.parametrize("name", names())
def test_help_fits_80_columns_in_a_pipe_and_has_two_examples(name, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = said(f"{name} -h", capfd)
    assert code == 0
    examples = [line for line in out.splitlines() if line.startswith("    infusecalc ")]
    assert len(examples) == 2
    lines = out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line.endswith("\\") and line not in examples] == [], "a long example goes on"
    first = [after for line, after in itertools.pairwise(lines) if line.endswith(":") and after.startswith("  -")]
    assert [line for line in first if not re.match(r"  -\S+( \S+)*  +\S", line)] == [], (
        "no text beside the first option"
    )


@pytest.mark.parametrize("line", ["-h", *(f"{name} -h" for name in COMMANDS if hasattr(_command(name), "commands"))])
def test_a_list_of_commands_says_of_each_a_whole_sentence(line, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = said(line, capfd)
    assert code == 0
    assert [each for each in out.splitlines() if len(each) > 80 or (each.endswith("...") and "Usage" not in each)] == []


@pytest.mark.parametrize("name", names())
def test_every_option_has_a_heading_of_its_own(name):
    command = _command(name.partition(" ")[0])
    command = getattr(command, "commands", {}).get(name.partition(" ")[2], command)
    ctx = typer.Context(command, info_name=name, help_option_names=["-h", "--help"])
    listed = [each.name for _, options in grouped(command, ctx) for each in options]
    known = [each for names_ in headings(command.name).values() for each in names_]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(each.name for each in command.get_params(ctx) if each.param_type_name == "option")
    assert len(known) == len(set(known))
    if len(listed) > 12:
        assert set(listed) <= set(known), set(listed) - set(known)


def test_an_option_without_a_heading_stands_with_the_output_last():
    command = _command("dose")
    ctx = typer.Context(command, info_name="dose", help_option_names=["-h", "--help"])
    next(each for each in command.params if each.name == "variant").name = "made_up"
    heading, options = list(grouped(command, ctx))[-1]
    assert (heading, options[-1].name) == ("Output", "made_up")


@pytest.mark.parametrize(("name", "label"), every_regimen())
def test_a_height_is_missing_just_where_the_dose_needs_one(name, label):
    drug, _, indication = name.partition("/")
    if not table().has_part("regimens", name, label):
        return
    for variant in (None, *table().regimen(drug, indication, label).rules.variants):
        regimen = table().regimen(drug, indication, label, variant)
        try:
            course(name, Patient.of("70kg"), label=label, variant=variant, start=None)
            needed = False
        except BadInput as error:
            needed = error.field == "height"
        assert needs_bsa(regimen) is needed, variant


def test_the_first_page_is_short_and_names_every_command(capfd):
    _, out, _ = said("", capfd)
    lines = out.splitlines()
    assert len(lines) <= 28
    assert max(map(len, lines)) <= 80
    assert [
        line.split()[0] for line in lines[lines.index("Commands:") + 1 : lines.index("", lines.index("Commands:"))]
    ] == list(COMMANDS)
    assert COMMANDS.keys() <= overview.ABOUT.keys()
    examples = [shlex.split(line)[1:] for line in lines if line.startswith("  infusecalc ")]
    assert len(examples) == 3
    assert [run(line) for line in examples if line != ["ask"]] == [0, 0]


def test_a_command_that_the_first_page_does_not_know_is_named_without_words():
    assert list(overview.first_page(["dose", "made-up"]))[-4:-2] == [
        "  dose     Dose, vials and bag of each phase",
        "  made-up",
    ]


def test_two_labels_stand_side_by_side_at_80_columns(capfd):
    _, out, _ = said("regimens show rituximab gpa-pediatric --label us,eu --full", capfd)
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = said("regimens show rituximab gpa-pediatric --label us,eu --format csv", capfd)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == sorted((row["label"] for row in rows), reverse=True)


def test_the_document_of_two_labels_is_that_of_both(capfd):
    two, both = (
        json.loads(said(f"regimens show rituximab gpa {label} --format json", capfd)[1])
        for label in ("--label us,eu", "")
    )
    assert two["request"]["options"]["label"] == "us,eu"
    assert (two["rows"], two["sources"]) == (both["rows"], both["sources"])


def test_a_drug_under_one_label_alone_stands_beside_nothing(capfd):
    site = HERE / "tables" / "third_drug.yaml"
    _, out, _ = said(f"regimens show fictumab hiccups --label us,eu --full --regimens {site}", capfd)
    assert "0 values differ" in out
    assert "0 are only under eu, 0 are the same." in " ".join(out.split())
    assert "us only" in out
    assert "[site, local]" in " ".join(out.split())
