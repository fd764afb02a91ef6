"""The README: its blocks are fresh, its commands work, its examples are true."""

from __future__ import annotations

import gc
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from infusecalc import load_table
from infusecalc.cli import EXIT_CODES, run
from support import HERE

ROOT = HERE.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    infusecalc (.+)$", README.partition("## Commands")[0], re.MULTILINE)


def test_the_generated_blocks_are_fresh():
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-P", "--check", "README.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_quick_start_has_exactly_two_lines():
    block = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = block.group(1).splitlines()
    assert len(lines) == 2
    assert "infusecalc schedule infliximab crohns --weight 70kg --start 2026-12-01" in lines[0]
    assert lines[1].endswith("-m pytest --cov -n auto")
    assert all("-m venv" in line for line in lines)


def test_every_command_and_every_exit_code_is_in_the_readme():
    regimens = [f"regimens {name}" for name in ("list", "show", "validate", "schema")]
    for command in ("dose", "schedule", "rate", "check", "next", "batch", *regimens):
        assert f"### {command}\n" in README
    for code in EXIT_CODES:
        assert f"| {code} |" in README


def test_there_are_examples():
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("line", dict.fromkeys(COMMANDS))
def test_an_example_of_the_readme_works(line, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path)
    assert run(shlex.split(line)) == 0
    assert "Traceback" not in capfd.readouterr().err


def write_cohort(folder):
    (folder / "cohort.csv").write_text(re.search(r"```csv\n(.*?)```", README, re.DOTALL).group(1), encoding="utf-8")


def test_the_example_of_frames_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path)
    code = re.search(r"```py\n(.*?)```", README, re.DOTALL).group(1)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert "shape: (0, 12)" in capsys.readouterr().out


def test_the_python_example_works(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert "2026-12-01 690.0 mg" in capsys.readouterr().out


def test_the_table_example_is_a_table(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", README, re.DOTALL).group(1), encoding="utf-8")
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
