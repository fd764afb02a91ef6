"""What was asked stands in every JSON document: the request, the settings, and the hash of the content."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pytest

from infusecalc import history
from infusecalc.cli import run
from infusecalc.output.course_answer import CourseAnswer
from infusecalc.output.formats import FORMATS, Look
from infusecalc.output.request import content_sha256
from support import HERE, course

COMMANDS = {
    "dose": "dose infliximab crohns --weight 70kg",
    "schedule": "schedule infliximab crohns --weight 70kg --start 2026-12-01",
    "rate": "rate rituximab ra --weight 70kg --first --at 09:30",
    "check": "check infliximab crohns --weight 70kg --ordered 350mg",
    "next": "next infliximab crohns --weight 70kg --given 2026-01-05:350mg",
    "info": "info infliximab",
    "regimens list": "regimens list",
    "regimens show": "regimens show infliximab crohns",
    "regimens validate": "regimens validate",
    "settings": "settings",
}


def document(capfd, line, *more):
    assert run([*line.split(), *more, "--format", "json"]) == 0
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_document_says_what_was_asked_and_carries_the_hash_of_its_content(command, capfd):
    found = document(capfd, COMMANDS[command])
    assert found["request"]["command"] == command
    assert found["request"]["program"] == version("infusecalc")
    assert found["settings"] == {}
    content = {name: value for name, value in found.items() if name != "content_sha256"}
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert found["content_sha256"] == hashlib.sha256(written).hexdigest()


def test_an_option_of_one_command_stands_in_its_request_as_it_was_typed(capfd):
    """Every option as understood: what a command reads for itself too."""
    assert document(capfd, COMMANDS["rate"])["request"]["options"]["at"] == "09:30"
    assert document(capfd, COMMANDS["check"])["request"]["options"]["ordered"] == "350mg"
    assert document(capfd, COMMANDS["schedule"], "--for", "2y")["request"]["options"]["for"] == "2y"


def test_names_stand_in_a_request_as_the_table_found_them(capfd):
    options = document(capfd, "dose inflectra/CD --weight 70kg --height 175cm")["request"]["options"]
    named = {name: options[name] for name in ("drug", "indication", "label", "variant", "product", "bsa_formula")}
    assert named == {
        "drug": "infliximab", "indication": "crohns", "label": "us", "variant": None, "product": "Inflectra",
        "bsa_formula": "mosteller",
    }  # set in rows # fmt: skip


def test_today_stands_in_a_request_as_its_date(capfd):
    """The request means the same tomorrow."""
    line = "schedule infliximab crohns --weight today=70kg --start TODAY --given today:350mg --doses 3"
    options = document(capfd, line)["request"]["options"]
    day = options["start"]
    assert dt.date.fromisoformat(day)
    assert (options["weight"], options["given"]) == ([f"{day}=70kg"], [f"{day}:350mg"])


def test_a_file_stands_in_a_request_by_its_name_alone(capfd, tmp_path, monkeypatch):
    site, told = tmp_path / "site.yaml", tmp_path / "given.csv"
    site.write_text("house: {bags: {stocked: [100 mL, 250 mL], from: 10 mL, to: 5000 mL, source: house}}\n", "utf-8")
    told.write_text("date,dose_mg\n2026-12-15,\n2026-12-01,350.5\n", "utf-8")
    line = f"schedule infliximab crohns --weight 70kg --start 2026-12-01 --history {told} --regimens {site}"
    found = document(capfd, line)
    options = found["request"]["options"]
    assert (options["history"], options["regimens"]) == ("given.csv", "site.yaml")
    assert options["given"] == ["2026-12-01:350.5mg", "2026-12-15"], "what the file says, in the order of its dates"
    assert str(tmp_path) not in json.dumps(found)
    monkeypatch.setenv("INFUSECALC_REGIMENS", str(site))
    assert document(capfd, COMMANDS["dose"])["request"]["options"]["regimens"] == "site.yaml"


def test_a_history_is_read_once(capfd, tmp_path, monkeypatch):
    """It may be standard input."""
    told, read = tmp_path / "given.csv", []
    told.write_text("date\n2026-12-01\n", "utf-8")
    monkeypatch.setattr(history, "_text", lambda *_: read.append(1) or told.read_text("utf-8"))
    document(capfd, "next infliximab crohns --weight 70kg --history -")
    assert read == [1]


def test_where_an_answer_is_written_changes_nothing_in_it(capfd, tmp_path):
    """Equal input, equal bytes."""
    path = tmp_path / "plan.json"
    assert run([*COMMANDS["schedule"].split(), "-o", str(path), "--quiet"]) == 0
    assert run([*COMMANDS["schedule"].split(), "--format", "json", "--no-color"]) == 0
    assert capfd.readouterr().out == path.read_text("utf-8")


def test_a_document_of_the_library_has_no_request():
    text, _ = FORMATS["json"].write(CourseAnswer(course("infliximab/crohns")), Look(80, False, {}))
    found = json.loads(text)
    assert (found["request"], found["settings"]) == (None, {})
    assert found["content_sha256"] == content_sha256(found)


def test_the_hash_does_not_hang_on_the_order_of_keys_or_on_spaces():
    one, other = {"a": 1, "b": {"c": "\u00fc", "d": [1.5, None]}}, {"b": {"d": [1.5, None], "c": "\u00fc"}, "a": 1}
    expected = hashlib.sha256('{"a":1,"b":{"c":"\u00fc","d":[1.5,null]}}'.encode()).hexdigest()
    assert content_sha256(one) == content_sha256(other | {"content_sha256": "x"}) == expected


def test_a_folder_is_nobodys_business(capfd):
    local = HERE / "tables" / "third_drug.yaml"
    found = document(capfd, "info fictumab", "--regimens", str(local))
    assert found["request"]["options"] == {"drug": "fictumab", "regimens": Path(local).name}
