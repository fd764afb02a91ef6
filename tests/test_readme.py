"""The README and the pages: blocks are fresh, commands work, examples are true, links lead somewhere."""

from __future__ import annotations

import gc
import re
import runpy
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from infusecalc import load_table
from infusecalc.cli import COMMANDS, run
from infusecalc.cli.exit_codes import EXIT_CODES
from infusecalc.findings import CATALOGUE
from infusecalc.output.agenda import STANDS, Agenda
from infusecalc.output.agenda_answer import AgendaAnswer
from infusecalc.output.schemas import DOCUMENTS
from infusecalc.statements import GRADES, SECTIONS, SITE, Confirmation, House, Section
from infusecalc.statements.kinds import Either, ListOf, MapOf
from support import HERE

ROOT = HERE.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^    infusecalc (.+)$", re.MULTILINE)


def blocks(page, language):
    """The fenced blocks of a text in a language."""
    return [text for named, text in FENCED.findall(page) if named == language]


def page(name):
    return TEXTS[ROOT / "docs" / name]


def sections(text):
    """The parts of a page between its headings of the second level."""
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


def anchors(text):
    """What a link to a page may name: its headings, in small letters, without marks, with hyphens for spaces."""
    heads = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


EXAMPLES = dict.fromkeys(
    (line, "".join(blocks(section, "yaml")))
    for text in TEXTS.values()
    for section in sections(text)
    for line in EXAMPLE.findall(FENCED.sub("", section))
)
"""The command lines of all pages, each with the site's file of its section."""


def test_the_generated_blocks_are_fresh():
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-P", "--check", *map(str, PAGES)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # set in rows # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_generated_block_is_empty():
    for path, text in TEXTS.items():
        made = re.findall(r"\[\[\[cog.*?\]\]\] -->\n(.*?)<!-- \[\[\[end\]\]\]", text, re.DOTALL)
        assert all(map(str.strip, made)), path.name
        assert len(made) == text.count("[[[cog"), path.name


def test_the_readme_has_at_most_200_lines():
    assert len(TEXTS[README].splitlines()) <= 200


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(path):
    links = re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[path]))
    own = [link for link in links if not link.startswith("https://")]
    for link in own:
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(TEXTS[target]), link


def test_the_readme_links_every_page():
    links = re.findall(r"\]\(docs/([a-z]+\.md)\)", TEXTS[README])
    assert sorted(links) == sorted(path.name for path in PAGES if path != README)


def test_headings_begin_with_a_capital():
    listed = {"commands.md": "## Help", "tables.md": "## Every key"}  # below these, headings are names
    for path, text in TEXTS.items():
        prose = FENCED.sub("", text).partition(f"\n{listed.get(path.name, '#' * 9)}\n")[0]
        heads = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
        assert heads == [head for head in heads if head[0].isupper() or head == "infusecalc"], path.name


def test_the_quick_start_has_exactly_two_lines():
    lines = blocks(TEXTS[README], "sh")[0].splitlines()
    assert len(lines) == 2
    assert "infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01" in lines[0]
    assert lines[1].endswith("-m pytest --cov -n auto")
    assert all("-m venv" in line for line in lines)


def test_every_command_and_every_exit_code_is_on_the_page_on_commands(capfd):
    for command in COMMANDS:
        assert run([command, "--help"]) == 0
        told = capfd.readouterr().out
        assert f"### {command}\n\n```text\nUsage: infusecalc {command} " in page("commands.md")
        for name in re.findall(r"^  (\w+) ", told.partition("\nCommands:\n")[2], re.MULTILINE):
            assert f"### {command} {name}\n\n```text\nUsage: infusecalc {command} {name} " in page("commands.md")
    for code in EXIT_CODES:
        assert f"| {code} |" in page("commands.md")


def test_every_column_of_an_agenda_is_on_the_page_on_cohorts():
    _, _, rest = page("cohorts.md").partition("\n### Columns of the agenda\n")
    rows = re.findall(r"^\| (`.+?) \|", rest.partition("\n##")[0], re.MULTILINE)
    told = [name for row in rows for name in re.findall("`([a-z_]+)`", row)]
    assert sorted(told) == sorted(AgendaAnswer.columns)


@pytest.mark.parametrize("command", ["next", "verify"])
def test_every_column_of_next_and_of_verify_is_on_the_page_on_commands(command, tmp_path, capfd):
    asked = "infliximab crohns --weight 70kg"
    plan = tmp_path / "plan.json"
    assert run(["schedule", *asked.split(), "--start", "2026-12-01", "-o", str(plan)]) == 0
    line = f"verify {plan}" if command == "verify" else f"next {asked} --given 2026-12-01"
    assert run([*line.split(), "--format", "csv"]) == 0
    header = capfd.readouterr().out.splitlines()[0].split(",")
    same = {"number", "phase", "optional", "weight_kg", "dose_mg", "findings", "accepted", "severity", "cautions"}
    _, _, rest = page("commands.md").partition(f"\n### Columns of {command}\n")
    rows = re.findall(r"^\| (`.+?) \|", rest.partition("\n##")[0], re.MULTILINE)
    told = [name for row in rows for name in re.findall("`([a-z_]+)`", row)]
    expected = [name for name in header if name not in same and (command, name) != ("next", "blocks")]
    assert sorted(told) == sorted(expected)


def test_every_name_that_only_the_json_of_an_agenda_has_is_on_the_page_on_cohorts():
    _, _, rest = page("cohorts.md").partition("\n### JSON of the agenda\n")
    rows = re.findall(r"^\| (`.+?) \|", rest.partition("\n##")[0], re.MULTILINE)
    told = {name for row in rows for name in re.findall("`([a-z_]+)`", row)}
    day, stands = date(2026, 12, 1), dict.fromkeys(STANDS, 0)
    empty = Agenda(day, day, (), (), stands, (), 0, {}, None, {"version": "1"})
    document = AgendaAnswer(empty).document()
    plain = {*AgendaAnswer.columns, "schema", "on", "until", "overdue", "days", "totals", "findings", "table"}
    assert told - plain == {*document, *document["totals"]} - plain
    assert rest.partition("`rows` of `totals`")[2].partition(" |\n")[0].count("`") == 2 * len(STANDS)


def test_every_document_without_a_schema_is_named_on_the_page_on_commands():
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "src" / "infusecalc" / "output").glob("*.py")]
    written = {name for text in files for name in re.findall(r'"infusecalc\.([a-z]+)/1"', text)}
    without = {f"`infusecalc.{name}/1`" for name in written - {*DOCUMENTS}}
    _, _, rest = page("commands.md").partition(" has the schema of each JSON but two: ")
    assert set(re.findall(r"`infusecalc\.[a-z]+/1`", rest.partition("\n")[0])) == without


def test_every_finding_is_on_the_page_on_findings():
    for code in CATALOGUE:
        assert f"| `{code}` |" in page("findings.md")


def test_every_regimen_is_on_the_page_on_regimens():
    for name in load_table().names("regimens"):
        assert f"| `{name}` |" in page("regimens.md")


def test_every_key_and_every_grade_of_the_table_is_on_the_page_on_tables():
    told = page("tables.md")
    for name, section in {**SECTIONS, "house": Section(House), "confirmed": Section(Confirmation)}.items():
        _, _, rest = told.partition(f"\n### {name}\n")
        rows = set(re.findall(r"^\| `([^`]+)` \|", rest.partition("\n### ")[0], re.MULTILINE))
        parts = section.by_label.keys if section.by_label else ()
        assert {*section.head.keys} - {"source"} | {f"LABEL.{key}" for key in parts} <= rows, name
    for grade in (*GRADES, SITE):
        assert f"| `{grade}` |" in told


def every_statement(kind, found):
    """The statements below a kind, each once."""
    if isinstance(kind, Either):
        kind = kind.listed
    if isinstance(kind, ListOf | MapOf):
        every_statement(kind.kind, found)
    elif isinstance(kind, type) and kind not in found:
        found.append(kind)
        for declared in kind.keys.values():
            every_statement(declared.kind, found)


def test_every_key_of_every_statement_is_on_the_page_with_its_meaning():
    found = []
    for section in SECTIONS.values():
        for kind in (section.head, *section.parts.values(), section.by_label):
            every_statement(kind, found)
    every_statement(House, found)
    every_statement(Confirmation, found)
    _, _, listed = page("tables.md").partition("\n## Every key\n")
    rows = re.findall(r"^\| `([^`]+)` \| .* \| (?:yes|no) \| (.+) \|$", listed, re.MULTILINE)
    told = {(name.rpartition(".")[2], meaning.partition("; default ")[0]) for name, meaning in rows}
    asked = {(key, declared.meaning) for kind in found for key, declared in kind.keys.items()}
    assert asked - told == set()
    assert {"Note", "Question", "Band", "Window"} <= {kind.__name__ for kind in found}


def test_there_are_examples():
    assert len(EXAMPLES) > 30


@pytest.mark.parametrize(("line", "site"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_an_example_works(line, site, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path)
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    if line.startswith("verify "):
        plan = "schedule infliximab crohns --weight 70kg --start 2026-12-01"
        assert run([*plan.split(), "-o", line.split()[1]]) == 0
    assert run(shlex.split(line)) == (2 if line == "ask" else 0)  # it asks on a terminal alone: tests/test_ask.py
    assert "Traceback" not in capfd.readouterr().err


def write_cohort(folder):
    (folder / "cohort.csv").write_text(blocks(TEXTS[README], "csv")[0], encoding="utf-8")
    for name, text in zip(("given.csv", "weights.csv"), blocks(page("cohorts.md"), "csv")[1:], strict=True):
        (folder / name).write_text(text, encoding="utf-8")


def test_the_example_of_frames_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path)
    code = blocks(page("cohorts.md"), "py")[0]
    exec(compile(code, "cohorts.md", "exec"), {})  # noqa: S102 - our own page
    assert "shape: (0, 13)" in capsys.readouterr().out  # 8 columns of its own, `file`, and four more


def test_the_python_example_works(capsys):
    code = blocks(TEXTS[README], "python")[0]
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert "2026-12-01 690.0 mg" in capsys.readouterr().out


@pytest.mark.parametrize("path", PAGES[1:], ids=lambda path: path.name)
def test_the_python_of_a_page_works(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path)
    exec(compile("".join(blocks(TEXTS[path], "python")), path.name, "exec"), {})  # noqa: S102 - our own page


def test_every_file_of_a_site_that_the_page_shows_is_validated():
    shown = {"".join(blocks(section, "yaml")) for section in sections(page("tables.md"))} - {""}
    assert len(shown) == 5
    assert shown == {site for line, site in EXAMPLES if line == "regimens validate site.yaml"}


def test_the_first_file_of_a_site_changes_the_bags_in_stock(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(blocks(page("tables.md"), "yaml")[0], encoding="utf-8")
    assert load_table(path).house().bags.stocked == (100, 250, 500)


def test_the_picture_is_fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make_pictures.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "docs" / "make_pictures.py"), run_name="__main__")
    assert (tmp_path / "schedule.svg").read_text(encoding="utf-8") == (ROOT / "docs" / "schedule.svg").read_text(
        encoding="utf-8"
    )


def test_the_module_is_the_program(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["infusecalc", "dose", "infliximab", "crohns", "--weight", "70"])
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("infusecalc", run_name="__main__")
    finally:
        gc.enable()  # the program switches it off, because it ends soon
    assert ended.value.code == 0
    assert "350 mg" in capfd.readouterr().out


def test_the_project_speaks_of_no_machine():
    for path in (ROOT / "src").rglob("*.py"):
        assert str(Path.home()) not in path.read_text(encoding="utf-8")
