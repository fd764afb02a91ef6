"""An order against the regimen: a table of orders, right and wrong, in every format, and properties of any order."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from infusecalc import load_table
from infusecalc.cli import run
from infusecalc.order_check import MATCH, OUTSIDE, VERDICTS, WITHIN_RANGE, WITHIN_ROUNDING, check_order
from infusecalc.output.check_page import check_row
from strategies import cm, examples, heights, kg, weights
from support import HERE, course, every_regimen, fifth, in_columns, only, read_yaml, someone, table

ORDERS = read_yaml(HERE / "cases" / "orders.yaml")
TABLE = [order for rule in ORDERS["rules"] for order in rule["cases"]]
KEYS = "run expect because parts says mistakes also shown sentence"
COMPARED = ("ordered_mg", "expected_mg", "difference_mg", "difference_percent", "verdict", "mistake")
MISTAKES = {
    "tenfold", "pounds-for-kilograms", "kg-for-m2", "m2-for-kg", "flat-dose-multiplied", "other-regimen", "other-drug",
    "unit-left-out", "unit-added",
}  # set in rows # fmt: skip
NEEDED = 60  # orders in the table

# what a page shows, for a terminal or as Markdown: its marks aside, the same words in the same order
PAGE = re.compile(
    r"(?:- )?verdict:? (?P<block>BLOCK )?(?P<verdict>[a-z-]+) "
    r"(?:- )?ordered:? (?P<ordered>\S+) mg (?:\((?P<given>[^)]+)\) )?"
    r"(?:- )?expected:? (?P<expected>\S+) mg \((?P<phase>\w+): (?P<basis>\S+ [^ ,)]+)(?P<entered>, as entered)?\) "
    r"(?:- )?difference:? (?P<difference>\S+) mg, (?P<percent>\S+) %: (?P<dose>[a-z-]+)"
    r"(?: (?:- )?interval:? every (?P<every>\d+ \w+), expected (?:every (?P<own>\d+ \w+)|\w+ [^:]+): "
    r"(?P<interval>[a-z-]+))?"
)
NAMED = re.compile(r"(?<!likely )mistake: ([a-z0-9-]+)")


def sentences(orders):
    return [pytest.param(order, id=order["name"]) for order in orders]


def asked(order, form):
    return [*shlex.split(order["run"]), "--format", form]


@pytest.fixture(scope="module", autouse=True)
def one_table():
    """The shipped table is read once, and not for every order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infusecalc.cli.reply.load_table", lambda site: table() if site is None else load_table(site))
        yield


def value(shown: str) -> Decimal:
    """A number as people read it."""
    return Decimal(shown.replace(",", ""))


# --- the table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", sentences(TABLE))
def test_an_order_has_its_verdict_and_its_mistake(order, capfd):
    *wanted, code = order["expect"]
    assert run(asked(order, "json")) == code
    out, err = capfd.readouterr()
    answer = json.loads(out)
    assert [answer[name] for name in COMPARED] == wanted
    assert [answer["dose_verdict"], answer["interval_verdict"]] == order.get("parts", [answer["verdict"], None])
    assert (answer["ordered_interval"] is None) is ("parts" not in order)
    named = [mistake["code"] for mistake in answer["mistakes"]]
    assert named == order.get("mistakes", [answer["mistake"]] if answer["mistake"] else [])
    told = [*answer["notes"], *(mistake["message"] for mistake in answer["mistakes"])]
    assert [words for words in order.get("says", []) if not any(words in text for text in told)] == []
    assert {name: answer[name] for name in order.get("also", {})} == order.get("also", {})
    if "sentence" in order:
        assert answer["sentence"] == order["sentence"]
    assert answer["schema"] == "infusecalc.check/1"
    assert answer["source"]
    assert ("the order is outside " in err) is (answer["verdict"] == OUTSIDE)


def shown_percent_is_right(order, row, shown):
    """Whether people see the per cent of the data to 0.1, or with more digits its side of the limit of rounding."""
    exact = Fraction(str(row["difference_mg"])) / Fraction(str(row["expected_mg"])) * 100
    limit = Fraction((re.search(r"--round-within ([0-9.]+)", order["run"]) or [0, "10"])[1])
    sides = [(abs(each) > limit, abs(each) < limit) for each in (exact, Fraction(shown))]
    tenths = Fraction(str(row["difference_percent"]))
    near = all(abs(each - exact) <= Fraction(1, 20) for each in (Fraction(shown), tenths))
    return near and sides[0] == sides[1]


@pytest.mark.parametrize("order", fifth(sentences(TABLE)))
def test_every_format_carries_the_same_verdict(order, capfd):
    texts = {}
    for form in ("json", "ndjson", "csv", "table", "md"):
        in_full = ["--full"] if form == "table" else []
        assert run([*asked(order, form), *in_full]) == order["expect"][-1]
        texts[form] = capfd.readouterr().out
    answer = json.loads(texts["json"])
    (line,) = texts["ndjson"].splitlines()
    row = json.loads(line)
    assert row == {name: (answer | in_columns(answer["findings"]))[name] for name in row}
    assert {*COMPARED, "dose_verdict", "interval_verdict", "ordered_interval", "expected_interval"} <= row.keys()
    (cells,) = csv.DictReader(io.StringIO(texts["csv"]))
    assert cells == {name: "" if value is None else str(value) for name, value in row.items()}
    for form in ("table", "md"):
        words = " ".join(texts[form].replace("\\", "").split())
        shown = PAGE.search(words)
        assert shown, words
        numbers = [value(shown[name]) for name in ("ordered", "expected", "difference", "percent")]
        assert numbers[:3] == [Decimal(str(row[name])) for name in COMPARED[:3]]
        assert shown_percent_is_right(order, row, numbers[3])
        plain = row["difference_percent"]
        assert shown["percent"] == order.get("shown", f"{plain:+,g}" if plain else "0")
        assert (shown["phase"], shown["basis"].replace(",", "")) == (row["phase"], row["dose_basis"])
        assert (shown["verdict"], shown["dose"]) == (row["verdict"], row["dose_verdict"])
        assert f" {answer['sentence']} " in words
        assert bool(shown["entered"]) is ("what was entered" in answer["sentence"])
        assert (shown["given"] or "").replace(",", "") == (row["ordered_basis"] or "")
        assert bool(shown["block"]) is (row["verdict"] == OUTSIDE)
        assert shown["interval"] == row["interval_verdict"]
        if "parts" in order:
            assert (shown["every"], shown["own"]) == (row["ordered_interval"], row["expected_interval"])
        assert shown["difference"].startswith("+") is (row["difference_mg"] > 0)
        assert NAMED.findall(words) == [mistake["code"] for mistake in answer["mistakes"]]
        assert all(text in words for text in answer["notes"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ra --ordered 1000mg --ordered-every 25w", True),
        ("ra --ordered 1000mg --ordered-every 24w", True),
        ("ra --ordered 1000mg", False),
        ("pv --phase maintenance --ordered 500mg --ordered-every 6m", False),  # no courses: an interval alone
    ],
)
def test_where_courses_repeat_the_page_says_what_an_ordered_interval_means(line, told, capfd):
    assert run(["check", "rituximab", *line.split(), "--weight", "70kg"]) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert (
        "--ordered-every: from the first infusion of a course to that of the next; expected here: 24 weeks" in shown
    ) is told


@pytest.mark.parametrize("order", sentences(ORDERS["refused"]))
def test_what_is_no_order_is_refused(order, capfd):
    assert run(asked(order, "json")) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"infusecalc: {order['refused']}") or order["refused"] in err
    assert len(err.splitlines()) == 1


def test_the_table_has_orders_of_every_kind():
    assert len(TABLE) >= NEEDED
    assert len({order["name"] for order in TABLE}) == len(TABLE)
    assert len({order["run"] for order in TABLE}) == len(TABLE)
    assert len({order["name"] for order in ORDERS["refused"]}) == len(ORDERS["refused"])
    assert all(only(order, KEYS)["because"] for order in TABLE)
    assert all(only(order, "run refused") for order in ORDERS["refused"])
    assert all(rule["rule"] and only(rule, "rule source cases")["source"] for rule in ORDERS["rules"])
    verdicts, mistakes, codes = ([order["expect"][place] for order in TABLE] for place in (4, 5, 6))
    assert set(verdicts) == set(VERDICTS)
    assert set(mistakes) == {None, *MISTAKES}
    assert set(codes) == {0, 3}


def test_the_table_has_both_drugs_and_both_labels():
    labels = {(line[0].lower(), "eu" if "--label eu" in " ".join(line) else "us") for line in given_lines()}
    assert {(drug, label) for drug in ("infliximab", "rituximab") for label in ("us", "eu")} <= labels
    assert len({line[1] for line in given_lines()}) >= 12


def given_lines():
    return [shlex.split(order["run"])[1:] for order in TABLE]


# --- a site's own table -----------------------------------------------------------------------------------

SITE = """
version: site 1
regimens:
  infliximab/psa:
    name: Psoriatic arthritis
    population: adult
    us:
      status: {is: labelled, source: house}
      phases:
        maintenance: {dose: 5 mg/kg, every: 8 weeks, source: house}
      allowed:
        - {dose: 5 to 7 mg/kg, when: the site says so, source: house}
        - {every: 4 to 12 weeks, when: the site says so, source: house}
"""


@pytest.mark.parametrize(
    ("ordered", "every", "verdict"),
    [
        ("490mg", "12w", "within-range"),  # 7 mg/kg at a longer interval: the dose alone is escalated
        ("490mg", "7w", "outside"),  # both are
        ("350mg", "4w", "within-range"),  # the interval alone
        ("350mg", "13w", "outside"),
    ],
)
def test_a_higher_dose_goes_with_a_longer_interval(ordered, every, verdict, tmp_path, capfd):
    site = tmp_path / "site.yaml"
    site.write_text(SITE, encoding="utf-8")
    line = f"check infliximab psa --weight 70kg --ordered {ordered} --ordered-every {every} --format json".split()
    assert run([*line, "--regimens", str(site)]) == (3 if verdict == "outside" else 0)
    assert json.loads(capfd.readouterr().out)["verdict"] == verdict


@pytest.mark.parametrize(("label", "mistake"), [("us", "other-drug"), ("eu", None)])
def test_the_doses_of_a_sites_own_drug_are_known_under_its_label(label, mistake, capfd):
    site = str(HERE / "tables" / "other_drug.yaml")
    line = f"check infliximab uc --weight 70kg --label {label} --ordered 1600mg --format json".split()
    assert run([*line, "--regimens", site]) == 3
    answer = json.loads(capfd.readouterr().out)
    assert answer["mistake"] == mistake
    told = [each["message"] for each in answer["mistakes"]]
    assert told == (["the course dose of examplimab/much is 1,600 mg"] if mistake else [])


# --- properties -------------------------------------------------------------------------------------------


@st.composite
def patients(draw):
    """A regimen under a label, and the weight (0.01 kg) and height (0.1 cm) of one whom it may be for."""
    name, label = draw(st.sampled_from(every_regimen()))
    child = table().regimen(*name.split("/"), label).population == "paediatric"
    weight, height = (
        (draw(st.integers(1000, 10_000)), draw(st.integers(800, 1800))) if child else (draw(weights), draw(heights))
    )
    assume(40 * height**2 <= weight * 10**5 <= 900 * height**2)  # a body mass index of 4 to 90
    return name, label, weight, height


def amount(dose, name, weight, height) -> int:
    """A dose in 0.01 mg, calculated in decimals from its text."""
    area = Decimal(someone(name, weight=kg(weight), height=cm(height)).bsa) / 100
    factor, basis = str(dose).split()
    size = {"mg/kg": Decimal(weight) / 100, "mg/m2": area, "mg": Decimal(1)}[basis]
    return int((Decimal(factor) * size * 100).quantize(Decimal(1), ROUND_HALF_UP))


def doses(name, label, weight, height):
    """Each phase with its exact dose in 0.01 mg."""
    for phase, rules in table().regimen(*name.split("/"), label).phases.items():
        yield phase, amount(rules.dose, name, weight, height)


def verdict_of(patient, phase, exact, ordered):
    """The verdict on a dose in 0.01 mg, by fractions: a match, rounding, a range with both figures, or outside."""
    name, label, weight, height = patient
    if abs(ordered - exact) <= 1:
        return MATCH
    if Fraction(abs(ordered - exact), exact) <= Fraction(1, 10):
        return WITHIN_ROUNDING
    rows = table().regimen(*name.split("/"), label).rules.allowed
    ranges = [row.dose for row in rows if row.dose and row.dose.low and row.dose.high and row.phase in (None, phase)]
    bounds = [[amount(bound, name, weight, height) for bound in (each.low, each.high)] for each in ranges]
    whole = ordered % 10_000 == 0  # every product has vials of 100 mg, or of 100 and 500 mg
    rounded = any(whole and abs(ordered - each) * 10 <= each for bound in bounds for each in bound)
    return WITHIN_RANGE if rounded or any(low - 1 <= ordered <= high + 1 for low, high in bounds) else OUTSIDE


@pytest.fixture(scope="session")
def checked(tmp_path_factory):
    """The exit code and the JSON of an order, as the command writes it to a file."""
    path = tmp_path_factory.mktemp("check") / "answer.json"

    def check(patient, phase, ordered, *more):
        name, label, weight, height = patient
        who = ["--label", label, "--weight", kg(weight), "--height", cm(height)]
        what = ["--phase", phase, "--ordered", str(Decimal(ordered) / 100), "--quiet", "-o", str(path)]
        code = run(["check", *name.split("/"), *who, *what, *more])
        return code, json.loads(path.read_text(encoding="utf-8"))

    return check


@given(patients(), st.sampled_from([[], ["--has", "active-tb"], ["--age", "30y"], ["--age", "7y"]]))
def test_the_expected_dose_matches_and_only_a_block_of_the_course_ends_with_3(checked, patient, more):
    for phase, exact in doses(*patient):
        code, answer = checked(patient, phase, exact, *more)
        assert answer["verdict"] == MATCH
        assert (answer["difference_mg"], answer["difference_percent"]) == (0, 0)
        assert (answer["mistake"], answer["mistakes"], answer["notes"]) == (None, [], [])
        blocked = any(finding["severity"] == "block" for finding in answer["findings"])
        assert code == (3 if blocked else 0)


@settings(max_examples=examples(30))
@given(patients())
def test_ten_times_and_a_tenth_of_the_dose_are_outside_and_tenfold_first(checked, patient):
    for phase, exact in doses(*patient):
        for ordered, percent in ((exact * 10, 900), ((exact + 5) // 10, None)):
            code, answer = checked(patient, phase, ordered)
            assert (code, answer["verdict"], answer["mistake"]) == (3, OUTSIDE, "tenfold")
            assert answer["mistakes"][0]["code"] == "tenfold"
            assert answer["mistakes"][0]["dose_mg"] == ordered / 100
            assert percent is None or answer["difference_percent"] == percent


def planned(name, label, weight, height):
    return course(name, someone(name, weight=kg(weight), height=cm(height)), label=label, start=None)


shares = st.one_of(st.sampled_from([-1000, 1000, -5000, 10_000]), st.integers(-9999, 30_000))
"""How far an order is from the dose, in 0.01 %."""


@given(patients(), shares, st.integers(-3, 3))
def test_a_verdict_and_a_difference_are_those_of_exact_fractions(patient, share, hundredths):
    known = planned(*patient)
    for phase, exact in doses(*patient):
        ordered = max(1, exact + exact * share // 10_000 + hundredths)
        verdict = check_order(known, str(Decimal(ordered) / 100), phase=phase)
        assert verdict.verdict == verdict.dose_verdict == verdict_of(patient, phase, exact, ordered)
        percent = (Decimal(ordered - exact) * 100 / exact).quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert Decimal(str(check_row(verdict)["difference_percent"])) == percent


@given(patients(), st.integers(-9999, 120_000))
@example(("infliximab/gpp", "us", 11571, 1936), 6072)  # 929.84 mg: 0.02 % from 375 mg/m2 x 2.48 m2 of rituximab
def test_only_an_order_that_is_outside_is_called_a_mistake(patient, share):
    known = planned(*patient)
    for phase, exact in doses(*patient):
        ordered = max(1, exact + exact * share // 10_000)
        verdict = check_order(known, str(Decimal(ordered) / 100), phase=phase)
        codes = [mistake.code for mistake in verdict.mistakes]
        assert len(set(codes)) == len(codes)
        assert set(codes) <= MISTAKES
        met = {each.code for each in verdict.mistakes if abs(each.amount - ordered) <= 1}
        assert verdict.verdict in (WITHIN_RANGE, OUTSIDE) or not codes
        assert verdict.verdict == OUTSIDE or set(codes) - met <= {"pounds-for-kilograms"}
        assert verdict.verdict == OUTSIDE or "other-regimen" not in codes
        off = [Fraction(abs(mistake.amount - ordered), mistake.amount) for mistake in verdict.mistakes]
        assert all(distance <= Fraction(1, 10) for distance in off)
        assert off == sorted(off)
        assert met == set(codes[: len(met)]), "what it is exactly stands first"


# --- as a library -----------------------------------------------------------------------------------------


def test_an_order_may_be_a_number():
    verdict = check_order(course("infliximab/ra"), 350, number=4)
    assert (verdict.dose.name, verdict.ordered, verdict.verdict) == ("maintenance", 35_000, "within-range")
    assert not verdict.failed


def test_what_an_ordered_dose_makes_contraindicated_is_about_its_phase():
    verdict = check_order(course("infliximab/ra", has="heart-failure-nyha-3"), "490mg", phase="maintenance")
    assert [(each.key, each.phases) for each in verdict.findings if each.severity == "block"] == [
        ("contraindicated:heart-failure-nyha-3", ("maintenance",))
    ]  # 490 / 70 = 7 mg/kg > 5 mg/kg
