"""What differs between two tables, what it does to reference patients, and whether the changelog names it."""

from __future__ import annotations

import csv
import io
import json
import runpy
import shlex
import subprocess

import pytest

from infusecalc import table_diff
from infusecalc.cli import run
from infusecalc.errors import BadInput, BadTable
from infusecalc.output.diff_page import said
from infusecalc.statements.kinds import WORDS
from infusecalc.table import Value, load_either, load_table
from infusecalc.table.files import shipped_path
from infusecalc.table_diff import _kind, differences, effects
from support import HERE, cases

OURS = """
sources:
  ours: {title: Our own list, publisher: A clinic, date: 2026-01-05, section: unknown, url: unknown, grade: label}
"""
SHIPPED = shipped_path().read_text(encoding="utf-8")
OLD_DOSE, NEW_DOSE = "dose: 375 mg/m2, days: [0, 7, 14, 21]", "dose: 400 mg/m2, days: [0, 7, 14, 21]"


TOLD = {}


@pytest.fixture(autouse=True)
def courses_of_the_shipped_table_are_made_once(monkeypatch):
    """In every test one of the two tables is the shipped one, whose hundreds of courses are always the same.

    Those of a test's own files are kept for its next lines, by the names and the content of the files.
    """
    shipped = load_either("shipped")
    makers = {name: getattr(table_diff, name) for name in ("_values", "_told")}

    def kept(make):
        def found(table, *asked):
            files = () if table is shipped else tuple((each.name, each.sha256) for each in table.files)
            if (make, files, asked) not in TOLD:
                TOLD[make, files, asked] = make(table, *asked)
            return TOLD[make, files, asked]

        return found

    for name, make in makers.items():
        monkeypatch.setattr(table_diff, name, kept(make))
    yield
    for key in [key for key in TOLD if key[1]]:
        del TOLD[key]


@pytest.fixture
def site(tmp_path):
    def write(text, name="site.yaml"):
        path = tmp_path / name
        path.write_text(text + (OURS if "source: ours" in text else ""), encoding="utf-8")
        return str(path)

    return write


def answer(capfd, *line, exit_code=0):
    assert run(["regimens", "diff", *line]) == exit_code
    return capfd.readouterr().out


@pytest.mark.parametrize("case", cases("table_diff", "site paths sourced some_paths effects some refused because"))
def test_what_differs(case, site):
    path = site(case["site"])
    tables = load_table(whole=True), load_either(path)
    paths = {each.id: each for each in differences(*tables) if not each.id.startswith("sources/ours:")}
    if "paths" in case:
        told = {id_: [each.kind, each.old, each.new] for id_, each in paths.items() if each.kind != "source"}
        assert told == case["paths"], case["because"]
        assert [id_ for id_, each in paths.items() if each.kind == "source"] == case["sourced"]
    for id_, kind in case.get("some_paths", {}).items():
        assert paths[id_].kind == kind
    shown = {
        f"{each.id} {each.label} {each.variant or '-'} {each.patient} {each.what}": list(said(each))
        for each in (effects(*tables) if {"effects", "some", "refused"} & set(case) else ())
    }
    if "effects" in case:
        assert shown == case["effects"], case["because"]
    for key, told in case.get("some", {}).items():
        assert shown[key] == told, case["because"]
    for key, words in case.get("refused", {}).items():
        assert words in shown[key][1]


def test_a_table_does_not_differ_from_itself(capfd):
    text = answer(capfd, "shipped", "shipped", "--fail-on", "clinical")
    assert text.splitlines()[:2] == ["From shipped to shipped", "Values that differ: 0 clinical, 0 source, 0 wording"]
    assert "No dose, date, vial, bag, time or finding differs." in text
    assert answer(capfd, str(shipped_path()), "shipped", "--format", "csv") == "", "a whole table, by its file"


def test_a_clinical_difference_fails_where_it_is_asked_to(site, capfd):
    old = site(SHIPPED.replace(OLD_DOSE, NEW_DOSE, 1), "old.yaml")
    assert run(["regimens", "diff", old, "shipped", "--fail-on", "clinical"]) == 3
    out, err = capfd.readouterr()
    assert "rituximab/gpa:us:phases.induction.dose: 400 mg/m2 -> 375 mg/m2" in out
    assert err == "infusecalc: 1 clinical value differs\n"
    assert run(["regimens", "diff", old, "shipped"]) == 0
    wording = site("regimens: {infliximab/crohns: {name: Crohn disease}}", "wording.yaml")
    assert run(["regimens", "diff", "shipped", wording, "--fail-on", "CLINICAL"]) == 0
    capfd.readouterr()
    two = site(SHIPPED.replace(OLD_DOSE, NEW_DOSE), "two.yaml")
    assert run(["regimens", "diff", two, "shipped", "--fail-on", "clinical"]) == 3
    assert " clinical values differ\n" in capfd.readouterr().err


def test_only_what_is_clinical_can_fail(capfd):
    assert run(["regimens", "diff", "shipped", "shipped", "--fail-on", "wording"]) == 2
    assert "--fail-on 'wording' is not known (allowed: clinical)" in capfd.readouterr().err


def test_the_page_tells_kinds_and_then_effects(site, capfd):
    text = " ".join(answer(capfd, "shipped", site("house: {rounding: {within: 5 %, source: ours}}")).split())
    places = [
        text.index(words) for words in ("Clinical: ", "house/rounding:within: 10 % -> 5 %", "Sources", "Effect on")
    ]
    assert places == sorted(places)
    assert "Wording: " not in text, "nothing differs in its wording"
    assert "infliximab/crohns, us, adult findings: added: caution site-rule:house/rounding" in text
    assert "rituximab/gpa, variant flat, us, adult" in text


def test_data_have_the_values_of_each_infusion_and_the_tables(site, capfd):
    path = site(
        "regimens: {infliximab/uc: {us: {phases: {induction: {dose: 4 mg/kg, weeks: [0, 2, 6], source: ours}}}}}"
    )
    found = json.loads(answer(capfd, "shipped", path, "--format", "json"))
    assert found["schema"] == "infusecalc.diff/1"
    assert found["old"] == {
        "name": "shipped", "version": load_table().version, "sha256": load_table().files[0].sha256,
        "local_sha256": None, "lent": [],
    }  # set in rows # fmt: skip
    assert found["new"]["local_sha256"] == load_table(path).files[1].sha256
    assert found["patients"]["child"] == {"weight": "30 kg", "height": "130 cm", "age": "10y"}
    adult = {each["what"]: each for each in found["effects"] if each["patient"] == "adult"}
    assert adult["doses"]["old"] == [350] * 8
    assert adult["doses"]["new"] == [280] * 3 + [350] * 5, "4 x 70 = 280"
    assert adult["vials"]["new"][:4] == ["3x100", "3x100", "3x100", "4x100"]
    assert "dates" not in adult
    kinds = [each["kind"] for each in found["paths"]]
    assert found["counts"] == {kind: kinds.count(kind) for kind in ("clinical", "source", "wording")}
    rows = list(csv.DictReader(io.StringIO(answer(capfd, "shipped", path, "--format", "csv"))))
    assert [row["id"] for row in rows if row["kind"] == "clinical"] == [
        "regimens/infliximab/uc:us:phases.induction.dose"
    ]
    [doses] = [row for row in rows if (row["patient"], row["what"]) == ("adult", "doses")]
    assert (doses["old"], doses["new"]) == (";".join(["350"] * 8), ";".join(["280"] * 3 + ["350"] * 5))
    assert (doses["kind"], doses["label"], doses["variant"]) == ("effect", "us", "")


def test_data_tell_a_time_that_is_not_known_and_a_regimen_that_is_not_there(site, capfd):
    new = (
        "regimens: {rituximab/x: {name: X, population: adult, us: {status: {is: off-label, text: x, source: ours}, "
        "rate_not_labelled: {text: none, source: ours}, phases: {course: {dose: 1000 mg, days: [0], source: ours}}}}}"
    )
    path = site(new)
    found = json.loads(answer(capfd, "shipped", path, "--format", "json"))
    times = next(each for each in found["effects"] if each["what"] == "times")
    assert (times["old"], times["new"]) == (None, [None])
    rows = list(csv.DictReader(io.StringIO(answer(capfd, "shipped", path, "--format", "csv"))))
    assert [(row["old"], row["new"]) for row in rows if row["what"] == "times"] == [("", "")] * 2
    assert [row["new"] for row in rows if row["what"] == "doses"] == ["1000"] * 2
    assert "infusion times: added: unknown" in answer(capfd, "shipped", path)


def test_an_older_table_lacks_limits_that_are_lent_and_told(site, capfd):
    lines = [line for line in SHIPPED.splitlines() if not line.startswith("  overfill:")]
    old = site("\n".join(lines) + "\n", "old.yaml")
    text = "".join(answer(capfd, old, "shipped").split())  # a long path is broken where the line ends
    assert f"house/overfillismissingin{old}:thisprogram'sisused" in text
    assert "house/overfill:most:added:10%" in text
    assert "Nodose,date,vial,bag,timeorfindingdiffers." in text
    assert f"house/overfillismissingin{old}" in "".join(answer(capfd, "shipped", old).split())


@pytest.mark.parametrize(("text", "fault"), [
    (SHIPPED.replace("population: adult", "population: grown", 1), "'grown' is not known"), ("- a\n", "a mapping"),
    ("hosue: {}\n", "is an unknown key"),
])  # set in rows # fmt: skip
def test_a_table_with_faults_is_refused(text, fault, site):
    with pytest.raises(BadTable, match=fault):
        load_either(site(text))


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="cannot be read"):
        load_either("nowhere.yaml")


def test_a_result_never_takes_the_place_of_a_table(site, capfd):
    path = site("regimens: {infliximab/crohns: {name: Crohn disease}}")
    assert run(["regimens", "diff", "shipped", path, "-o", path, "--format", "md"]) == 2
    assert "NEW" in capfd.readouterr().err


@pytest.mark.parametrize(("old", "new", "kind"), [
    (None, "5 mg/kg once", "wording"), ("5 mg/kg once", None, "wording"), ("5 mg/kg", "5 mg/kg once", "wording"),
    ("5 mg/kg", "6 mg/kg", "clinical"),
])  # set in rows # fmt: skip
def test_a_short_text_may_come_and_go_beside_its_text_but_not_change_its_figures(old, new, kind):
    def short(text):
        return (
            Value("drugs", "x", ("us", "screening", "a", "short"), WORDS, text, ("ours",), local=False)
            if text
            else None
        )

    assert _kind(short(old), short(new)) == kind


def test_a_thousands_comma_is_no_other_figure():
    def text(words):
        return Value("drugs", "x", ("us", "screening", "a", "text"), WORDS, words, ("ours",), local=False)

    assert _kind(text("up to 1,000 mg."), text("Up to 1000 mg")) == "wording"
    assert _kind(text("up to 1,000 mg."), text("Up to 1,001 mg")) == "clinical"


def test_the_difference_is_the_same_in_both_directions(site):
    other = load_either(
        site("regimens: {infliximab/uc: {us: {phases: {induction: {dose: 4 mg/kg, weeks: [0, 2], source: ours}}}}}")
    )
    shipped = load_table(whole=True)
    there, back = list(differences(shipped, other)), list(differences(other, shipped))
    assert {(each.id, each.old, each.new) for each in there} == {(each.id, each.new, each.old) for each in back}
    assert {(each.what, each.old, each.new) for each in effects(shipped, other)} == {
        (each.what, each.new, each.old) for each in effects(other, shipped)
    }


# --- the changelog ------------------------------------------------------------------------------------------------

CHECK = runpy.run_path(str(HERE.parent / "docs" / "check_changelog.py"))
HEAD = "# Changelog\n\n## [Unreleased]\n\n### Changed\n\n"
RELEASED = "\n\n## [0.1.0]\n\n- Clinical: `rituximab/gpa` and `rituximab/mpa`, us: long ago.\n"


@pytest.mark.parametrize(("change", "entry", "left"), [
    (("regimens", "rituximab/gpa", "us"), "- Clinical: `rituximab/gpa`, us: 375 mg/m2.", 0),
    (("regimens", "rituximab/gpa", "us"), "- Clinical: all of it, and\n  `rituximab/gpa` under us: 375 mg/m2.", 0),
    (("regimens", "rituximab/gpa", "us"), "- `rituximab/gpa`, us: 375 mg/m2.", 1),
    (("regimens", "rituximab/gpa", "us"), "- Clinical: `rituximab/gpa`, eu: 375 mg/m2.", 1),
    (("regimens", "rituximab/gpa", "us"), "- Clinical: `rituximab/gpa-pediatric`, us: 375 mg/m2.", 1),
    (("regimens", "rituximab/gpa", "us"), "- Clinical: rituximab, all regimens, us and eu: 375 mg/m2.", 1),
    (("regimens", "rituximab/gpa", "us"), "- Clinical: another.\n- `rituximab/gpa`, us.", 1),
    (("regimens", "rituximab/gpa", "us"), "", 1),
    (("drugs", "infliximab", "us"), "- Clinical: infliximab, all regimens, us: a bag of 500 mL.", 0),
    (("drugs", "infliximab", "us"), "- Clinical: `infliximab/crohns`, us: a bag of 500 mL.", 1),
    (("products", "remicade", "us"), "- Clinical: Remicade, us: other vials.", 0),
    (("products", "remicade", "us"), "- Clinical: infliximab, all regimens, us: other vials.", 0),
    (("products", "remicade", "us"), "- Clinical: Inflectra, us: other vials.", 1),
    (("house", "rounding", ""), "- Clinical: `rounding`: 5 %.", 0),
    (("house", "rounding", ""), "- Clinical: limits: 5 %.", 1),
])  # set in rows # fmt: skip
def test_what_changes_clinically_is_named(change, entry, left, site):
    texts = {
        "regimens": "regimens: {rituximab/gpa: {us: {phases: {induction: {dose: 4 mg/kg, days: [0], source: ours}}}}}",
        "drugs": "drugs: {infliximab: {us: {preparation: {bag: {usual: 500 mL, source: ours}}}}}",
        "products": "products: {remicade: {us: {vials: {sizes: [200 mg], concentration: 10 mg/mL, source: ours}}}}",
        "house": "house: {rounding: {within: 5 %, source: ours}}",
    }
    found = list(CHECK["missing"](load_table(), load_either(site(texts[change[0]])), HEAD + entry + RELEASED))
    assert len(found) == left, found
    assert [line for line in found if not line.startswith(f"{change[0]}/{change[1]}")] == []


def test_all_regimens_of_a_drug_may_be_named_at_once_where_all_of_them_change(site):
    mine = [id_ for id_ in load_table().names("regimens") if id_.startswith("infliximab/")]

    def left(ids):
        rules = "".join(f"  {id_}: {{us: {{companions: {{x: {{text: y, source: ours}}}}}}}}\n" for id_ in ids)
        entry = "- Clinical: infliximab, all regimens, us: y."
        return len(list(CHECK["missing"](load_table(), load_either(site(f"regimens:\n{rules}")), HEAD + entry)))

    assert left(mine) == 0
    assert left(mine[1:]) == len(mine) - 1, "one of them does not change: each is to be named"


def test_the_script_tells_what_is_missing_and_returns_1(site, tmp_path, capfd):
    old = site(SHIPPED.replace(OLD_DOSE, NEW_DOSE, 1), "old.yaml")
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(HEAD, encoding="utf-8")
    assert CHECK["main"](old, "shipped", str(changelog)) == 1
    out = capfd.readouterr().out
    assert "not in CHANGELOG.md, as 'Clinical: ...' under Unreleased: regimens/rituximab/gpa, us: " in out
    assert out.endswith("1 missing\n")
    changelog.write_text(f"{HEAD}- Clinical: `rituximab/gpa`, us: x.", encoding="utf-8")
    assert CHECK["main"](old, "shipped", str(changelog)) == 0
    assert CHECK["main"](site("hosue: {}", "bad.yaml"), "shipped", str(changelog)) == 2
    assert "is an unknown key" in capfd.readouterr().err


def test_the_script_takes_a_tag_of_git(monkeypatch, tmp_path, capfd):
    monkeypatch.setitem(CHECK["table_of"].__globals__, "ROOT", tmp_path)
    (tmp_path / "regimens.yaml").write_text(SHIPPED.replace(OLD_DOSE, NEW_DOSE, 1), encoding="utf-8")
    for line in ("init -q", "add regimens.yaml", "-c user.name=a -c user.email=a@example.org commit -qm a", "tag v1"):
        subprocess.run(["git", "-C", str(tmp_path), *shlex.split(line)], check=True)
    (tmp_path / "CHANGELOG.md").write_text(HEAD, encoding="utf-8")
    assert CHECK["main"]("v1") == 1
    assert "400 mg/m2 -> 375 mg/m2" in capfd.readouterr().out
    with pytest.raises(SystemExit, match="v2 is neither a file nor a tag of git"):
        CHECK["main"]("v2")
