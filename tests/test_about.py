"""A drug's page, the names that a shell completes, and the manual page."""

from __future__ import annotations

import csv
import io
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infusecalc.cli import COMMANDS, run
from infusecalc.cli.complete import VARIABLE
from support import HERE, table

ROOT = HERE.parent
SECTIONS = {
    "infliximab": ["about", "labelled", "off-label", "contraindications", "precautions"],
    "rituximab": ["about", "labelled", "off-label", "contraindications", "precautions"],
}
BELOW = ["screening", "monitoring", "late or missed", "questions that patients ask"]


def answer(capfd, *line: str) -> str:
    assert run(list(line)) == 0
    return capfd.readouterr().out


@pytest.mark.parametrize("drug", SECTIONS)
def test_a_drug_has_its_page_with_a_source_on_every_statement(drug, capfd):
    found = json.loads(answer(capfd, "info", drug, "--format", "json"))
    assert (found["schema"], found["drug"]) == ("infusecalc.info/1", drug)
    assert list(dict.fromkeys(row["section"] for row in found["facts"])) == SECTIONS[drug] + BELOW
    assert all(row["text"] and row["source"] and row["grade"] for row in found["facts"])
    regimens = {row["name"] for row in found["facts"] if row["section"] in ("labelled", "off-label")}
    assert regimens == {name for name in table().names("regimens") if name.startswith(f"{drug}/")}


@pytest.mark.parametrize("drug", SECTIONS)
def test_every_format_of_the_page_says_the_same(drug, capfd):
    facts = json.loads(answer(capfd, "info", drug, "--format", "json"))["facts"]
    lines = [json.loads(line) for line in answer(capfd, "info", drug, "--format", "ndjson").splitlines()]
    table = csv.DictReader(io.StringIO(answer(capfd, "info", drug, "--format", "csv")))

    def said(rows):  # what a site has confirmed is one object in JSON, and three columns in rows; here it is nothing
        rows = list(rows)
        assert {text for row in rows for name, text in row.items() if name.startswith("confirmed")} <= {None, ""}
        return [{name: text for name, text in row.items() if not name.startswith("confirmed")} for row in rows]

    assert said(lines) == said(facts) == said(table)
    pages = [answer(capfd, "info", drug, "--format", form) for form in ("md", "html")]
    for text in pages:
        plain = text.replace("\\", "").replace("&#x27;", "'").replace("&amp;", "&").replace("\u00a0", " ")
        assert all(fact["text"] in plain for fact in facts)
    text = answer(capfd, "info", drug, "--full")
    assert max(map(len, text.splitlines())) <= 80
    assert all(fact["name"] in text for fact in facts)


def test_a_drug_of_one_label_has_a_page_too(capfd):
    local = str(HERE / "tables" / "third_drug.yaml")
    found = json.loads(answer(capfd, "info", "fictumab", "--regimens", local, "--format", "json"))
    assert [(row["section"], row["label"]) for row in found["facts"]] == [("labelled", "us")]


def test_a_brand_leads_to_its_drug_and_a_miss_is_refused(capfd):
    assert json.loads(answer(capfd, "info", "Remicade", "--format", "json"))["drug"] == "infliximab"
    assert run(["info", "aspirin"]) == 2
    assert "drug 'aspirin' is not known" in capfd.readouterr().err
    assert run(["info", "Remicade/CD"]) == 2
    assert capfd.readouterr().err == (
        "infusecalc: drug 'Remicade/CD' has an indication, and this page is for a drug; give the drug alone; "
        "for a regimen: infusecalc regimens show infliximab/INDICATION\n"
    )


# --- completion -------------------------------------------------------------------------------------------------

COMPLETIONS = [
    ("infusecalc sche", ["schedule", "schema"]),
    ("infusecalc dose inf", ["infliximab", "infliximab-unbranded", "inflectra"]),
    ("infusecalc dose Remicade cr", ["crohns", "crohns-fistulizing", "crohns-pediatric"]),
    ("infusecalc dose rituximab g", ["gpa", "gpa-pediatric"]),
    ("infusecalc dose nonsense ", []),
    ("infusecalc dose rituximab aiha --variant ", ["low-dose"]),
    ("infusecalc dose rituximab pv --variant ", ["relapse"]),
    ("infusecalc dose rituximab nonsense --variant ", []),
    ("infusecalc dose rituximab ra --product ru", ["ruxience"]),
    ("infusecalc rate rituximab ra --label eu --protocol ", ["ra-120"]),
    ("infusecalc rate rituximab gpa-pediatric --protocol p", ["peprs"]),
    ("infusecalc rate nonsense ra --protocol ", []),
    (
        "infusecalc dose infliximab uc --has hepat",
        ["hepatitis-b", "hepatitis-b-active", "hepatitis-b-past", "hepatic-impairment"],
    ),
    ("infusecalc dose infliximab uc --label ", ["us", "eu"]),
    ("infusecalc completion ", ["bash", "zsh", "fish"]),
    ("infusecalc completion z", ["zsh"]),
    ("infusecalc dose infliximab/crohns-", ["infliximab/crohns-fistulizing", "infliximab/crohns-pediatric"]),
    ("infusecalc check Remicade/ps", ["Remicade/psa", "Remicade/psoriasis"]),
    ("infusecalc dose nonsense/", []),
    ("infusecalc info infliximab/", []),
    ("infusecalc regimens show rituximab/gp", ["rituximab/gpa", "rituximab/gpa-pediatric"]),
    ("infusecalc regimens show rituximab gp", ["gpa", "gpa-pediatric"]),
    ("infusecalc regimens show rituximab gpa --label ", ["us", "eu", "us,eu"]),
    ("infusecalc a", ["agenda", "ask"]),
    ("infusecalc l", ["list"]),
    ("infusecalc he", ["help"]),
    ("infusecalc help sch", ["schedule", "schema"]),
    ("infusecalc help regimens s", ["show", "schema"]),
    ("infusecalc help Regimens show ", []),
    ("infusecalc help nonsense ", []),
    ("infusecalc help dose dose ", []),
    ("infusecalc list --format h", ["html"]),
    ("infusecalc dose rituximab/aiha --variant ", ["low-dose"]),
    ("infusecalc rate rituximab/gpa-pediatric --protocol p", ["peprs"]),
    ("infusecalc rate rituximab gpa --phase ", ["induction", "maintenance"]),
    ("infusecalc rate rituximab nonsense --phase ", []),
    ("infusecalc dose infliximab uc --format ", ["table", "json", "ndjson", "csv", "md", "html", "pdf"]),
    ("infusecalc check infliximab uc --format ", ["table", "json", "ndjson", "csv", "md", "html", "pdf"]),
    ("infusecalc info infliximab --format h", ["html"]),
    ("infusecalc schedule infliximab uc --format i", ["ics"]),
    ("infusecalc dose infliximab uc --round ", ["none", "1mg", "5mg", "10mg", "50mg", "100mg", "vial"]),
    ("infusecalc dose infliximab uc --bsa-formula ",
     ["mosteller", "dubois", "haycock", "gehan-george", "boyd", "fujimoto", "takahira"]),
    ("infusecalc dose infliximab uc --paper ", ["a4", "letter"]),
    ("infusecalc schedule infliximab uc --sheet ", ["clinic", "patient"]),
    ("infusecalc schedule infliximab uc --view ", ["table", "calendar", "timeline"]),
    ("infusecalc schedule infliximab uc --anchor ", ["given", "planned"]),
    ("infusecalc schedule infliximab uc --from ", ["maintenance"]),
    ("infusecalc schedule infliximab uc --tz Europe/Berl", ["Europe/Berlin"]),
]  # set in rows # fmt: skip


def completed(monkeypatch, capfd, shell: str, line: str) -> str:
    monkeypatch.setenv(VARIABLE, f"complete_{shell}")
    if shell == "bash":
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    else:
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 0
    return capfd.readouterr().out


@pytest.mark.parametrize(("line", "names"), COMPLETIONS)
def test_a_shell_completes_the_names_of_the_table(line, names, monkeypatch, capfd):
    assert completed(monkeypatch, capfd, "bash", line).split() == names


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(("line", "names"), [pair for pair in COMPLETIONS if pair[1]])
def test_the_other_shells_complete_the_same(shell, line, names, monkeypatch, capfd):
    found = completed(monkeypatch, capfd, shell, line)
    assert all(name in found for name in names)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_the_program(shell, capfd):
    assert f"{VARIABLE}=complete_{shell}" in answer(capfd, "completion", shell)


def test_a_shell_that_is_not_known_is_refused(capfd):
    assert run(["completion", "tcsh"]) == 2
    assert "shell 'tcsh' is not known (allowed: bash, zsh, fish)" in capfd.readouterr().err
    assert run(["completion", "BASH"]) == 0


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_takes_the_script(capfd, tmp_path):
    path = tmp_path / "completion.bash"
    path.write_text(answer(capfd, "completion", "bash"), encoding="utf-8")
    program = f"PATH={Path(sys.executable).parent}:$PATH"
    lines = (
        f"{program}; source {path}; COMP_WORDS=(infusecalc dose rit); COMP_CWORD=2; _infusecalc_completion infusecalc"
    )
    done = subprocess.run(
        ["bash", "-c", f'{lines}; echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["rituximab", "rituxan", "ritemvia"]


# --- the manual page -----------------------------------------------------------------------------------------------


def test_the_manual_page_is_fresh_and_holds_every_command(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make_man.py", str(tmp_path)])
    monkeypatch.syspath_prepend(str(ROOT / "docs"))  # as where it is run as a script
    runpy.run_path(str(ROOT / "docs" / "make_man.py"), run_name="__main__")
    text = (tmp_path / "infusecalc.1").read_text("utf-8")
    assert text == (ROOT / "docs" / "infusecalc.1").read_text("utf-8")
    assert all(f'.SH "{command.upper()}"' in text for command in COMMANDS)
