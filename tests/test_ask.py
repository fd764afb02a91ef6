"""`ask`: the questions on a terminal, what ends them, and the line that gives the answer again."""

from __future__ import annotations

import io
import os
import select
import shlex
import subprocess
import sys
from datetime import date

import pytest

from infusecalc.cli import run
from infusecalc.cli.ask import quoted
from support import HERE, cases

CASES = cases("ask", "answers shows same_as not exit")
REAL = (
    "a drug, an indication by its number and a weight give the doses",
    "a bare weight is asked for its unit",
    "Ctrl-D at a later question ends with a sentence",
    "Ctrl-C ends with 130",
)
"""The cases that are tried on a pseudo-terminal, too."""
CONTROLLED = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that its Ctrl-C interrupts
runpy.run_module("infusecalc", run_name="__main__")
"""


class Typed(io.StringIO):
    """A terminal's input: lines as they are typed; Ctrl-D ends it, Ctrl-C interrupts."""

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:
        line = super().readline()
        sys.stdout.write(line if line > " " else "\n")  # a terminal shows what is typed
        if line == "\x03\n":
            raise KeyboardInterrupt
        return "" if line == "\x04\n" else line


def on_a_terminal(monkeypatch, answers: list[object]) -> None:
    monkeypatch.setattr("sys.stdin", Typed("".join(f"{each}\n" for each in answers)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def check(case: dict, code: int, said: str) -> None:
    assert code == case.get("exit", 0), said
    place = 0
    for words in case.get("shows", ()):
        assert words in said[place:], words
        place = said.index(words, place) + 1
    assert [words for words in case.get("not", ()) if words in said.replace("infusecalc: input", "")] == []


@pytest.mark.parametrize("case", CASES)
def test_the_questions_and_what_comes_of_them(case, monkeypatch, capsys):
    on_a_terminal(monkeypatch, case["answers"])
    code = run(["ask"])
    out, err = capsys.readouterr()
    check(case, code, out + err)
    assert sys.stdin.read() == "", "an answer was not asked for"
    assert "\x1b" not in out
    if "same_as" in case:
        line = case["same_as"].replace("TODAY", str(date.today()))  # noqa: DTZ011 - the day of this computer is meant
        dialogue, _, answer = out.partition("\n\n")
        assert all(len(each) <= 80 for each in dialogue.splitlines() if not each.startswith("infusecalc: "))
        assert answer.endswith(f"\nThe same again:\n  infusecalc {line}\n"), answer
        assert run(shlex.split(line)) == code
        assert capsys.readouterr().out == answer.removesuffix(f"\nThe same again:\n  infusecalc {line}\n")


def typed_on_a_pseudo_terminal(answers: list[object]) -> tuple[int, str]:
    """What the program says on a terminal of its own, and its exit code."""
    import pty  # noqa: PLC0415 - no such thing on Windows

    ours, theirs = pty.openpty()
    line = [sys.executable, "-c", CONTROLLED, "ask"]
    with subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=os.environ | {"NO_COLOR": "1"}
    ) as child:
        os.close(theirs)
        try:
            said = b""
            for answer in answers:
                said += _until(ours, b": ")
                os.write(ours, str(answer).encode() + (b"" if answer in ("\x03", "\x04") else b"\n"))
            # a Ctrl-C between a question and the reading of its answer is seen when the reading ends: press it again
            said += _until(ours, None, b"\x03" if "\x03" in answers else b"")
            code = child.wait(timeout=60)
        finally:
            child.kill()
            os.close(ours)
    return code, said.decode().replace("\r\n", "\n")


def _until(terminal: int, end: bytes | None, again: bytes = b"") -> bytes:
    """What is said up to an end, or to the end of all; a minute is too long. `again` is pressed after each second."""
    said, waited = b"", 0
    while end is None or not said.endswith(end):
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            waited += 1
            assert waited < 60, said
            os.write(terminal, again)
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:  # on Linux the end of a terminal is an error
            part = b""
        if not part:
            assert end is None, said
            break
        said += part
    return said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminal; the same cases are tried above")
@pytest.mark.parametrize("case", [each for each in CASES if each.id in REAL])
def test_the_questions_on_a_real_terminal(case):
    case = case if isinstance(case, dict) else case.values[0]
    code, said = typed_on_a_pseudo_terminal(case["answers"])
    check(case, code, said)
    if "same_as" in case:
        assert max(map(len, said.splitlines())) <= 80
        assert said.endswith(f"\nThe same again:\n  infusecalc {case['same_as']}\n")


def test_the_cases_of_the_real_terminal_are_there():
    assert {each.id for each in CASES} >= set(REAL)


class Elsewhere(io.StringIO):
    """An input or output that is no terminal."""


@pytest.mark.parametrize("away", ["stdin", "stdout"])
@pytest.mark.parametrize("what", ["a pipe", "nothing"])
def test_without_a_terminal_it_says_what_to_use(away, what, monkeypatch, capsys):
    on_a_terminal(monkeypatch, ["infliximab"])
    monkeypatch.setattr(f"sys.{away}", Elsewhere("infliximab\n") if what == "a pipe" else None)
    assert run(["ask"]) == 2
    words = "needs a terminal to ask on; in a script or a pipe use: infusecalc dose, or infusecalc schedule"
    assert capsys.readouterr().err == f"infusecalc: ask {words}\n"


def test_a_pipe_is_no_terminal():
    line = [sys.executable, "-m", "infusecalc", "ask"]
    done = subprocess.run(line, input="infliximab\n", capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("infusecalc: ask needs a terminal")


def test_an_answer_that_is_no_text_is_asked_again(monkeypatch, capsys):
    on_a_terminal(monkeypatch, ["infliximab/ra", "", "70kg", "", ""])
    usual, first = sys.stdin.readline, [True]

    def odd(*_: object) -> str:
        if first.pop() if first else False:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return usual()

    monkeypatch.setattr(sys.stdin, "readline", odd)
    assert run(["ask"]) == 0
    assert "infusecalc: the answer is not UTF-8 text; type it again\nDrug (" in capsys.readouterr().out


def test_a_sites_table_is_asked_from_and_stands_in_the_line(monkeypatch, capsys):
    site = HERE / "tables" / "third_drug.yaml"
    on_a_terminal(monkeypatch, ["fictumab", "1", "", "70kg", "175cm", "", ""])
    assert run(["ask", "--regimens", str(site)]) == 0
    out = capsys.readouterr().out
    assert "Drug (infliximab, rituximab, fictumab, or a brand): " in out
    assert "Label (us; press Enter for us): " in out
    asked = "--label us --weight 70kg --height 175cm"
    assert out.endswith(f"  infusecalc dose fictumab hiccups {asked} --regimens {shlex.quote(str(site))}\n")


def test_an_interrupt_while_the_answer_is_worked_out_ends_with_130(monkeypatch, capsys):
    on_a_terminal(monkeypatch, ["infliximab/ra", "", "70kg", "", ""])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infusecalc.cli.plan.make_course", interrupted)
    assert run(["ask"]) == 130
    assert "The same again" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "system", "line"),
    [
        (["dose", "--height", "5'9\""], "posix", "dose --height '5'\"'\"'9\"'"),
        (["dose", "--height", "5'9\""], "nt", "dose --height 5'9\\\""),
        (["dose", "--weight", "70 kg"], "nt", 'dose --weight "70 kg"'),
        (["dose", "--weight", "70kg"], "posix", "dose --weight 70kg"),
    ],
)
def test_the_line_is_quoted_for_the_shell(words, system, line):
    assert quoted(words, system) == line
