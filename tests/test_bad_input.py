"""Bad command lines are refused in one sentence, and good ones mean what they say."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import yaml

from infusecalc import Patient, load_table, make_course
from infusecalc.cli import run
from infusecalc.output.records import document
from infusecalc.spelling import normal
from support import fifth, only, sampled

HERE = Path(__file__).parent
BIDI = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C}
ACTING = ("Cc", "Cs", "Zl", "Zp")  # categories of characters that act on a terminal or break a line
UNTOUCHED = '{"mine": 1}\n'

SITE = """\
sources:
  test: {title: Made up for the tests, publisher: unknown, date: unknown, section: unknown, url: unknown, grade: house}
drugs:
  ketamine:
    name: ketamine
    aliases: [ket]
    us:
      default_product: {product: ketalor, source: test}
      preparation:
        bag: {usual: 100 mL, source: test}
        concentration: {to: 20 mg/mL, source: test}
      infusion_time: {least: 60 min, source: test}
products:
  ketalor:
    name: Ketalor
    drug: ketamine
    us:
      vials: {sizes: [10 mg], concentration: 10 mg/mL, source: test}
regimens:
  ketamine/pain:
    name: Made-up indication
    population: adult
    us:
      status: {is: labelled, source: test}
      phases:
        course: {dose: 1 mg/kg, days: [0], source: test}
"""
FILES: dict[str, bytes] = {
    "existing.json": UNTOUCHED.encode(),
    "site.yaml": SITE.encode(),
    "latin1.yaml": b'# caf\xe9\nversion: "1"\n',
    "utf8.yaml": b'# caf\xc3\xa9\nversion: "1"\n',
    "utf16.yaml": 'version: "1"\n'.encode("utf-16"),
    "empty.yaml": b"",
    "unknown_key.yaml": b'version: "1"\nregimes: {}\n',
    "duplicate.yaml": b'version: "1"\nversion: "2"\n',
    "unsourced.yaml": SITE.replace("days: [0], source: test", "days: [0]").encode(),
    "tag.yaml": b"version: !!str 1\n",
    "broken.yaml": b"version: [\n",
    "control.yaml": b"version: \x1b[31m\n",
    "control_key.yaml": b'"red\\e[31m": 1\n',
    "condition.yaml": b"conditions:\n  snow-blindness: {name: snow blindness}\n",
    "control_name.yaml": b'conditions:\n  "red\\e[31m": {name: snow blindness}\n',
    "capital_name.yaml": b"conditions:\n  Snow-Blindness: {name: snow blindness}\n",
    "red\x1b[31m.yaml": b"regimes: {}\n",
}


class Answer(NamedTuple):
    """What one command line came to; `touched` names the files that it made, changed or removed."""

    code: Any
    out: str
    err: str
    touched: tuple[str, ...]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad files."""
    path = tmp_path_factory.mktemp("bad_input")
    (path / "folder").mkdir()
    for name, content in FILES.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture(autouse=True)
def folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every test runs in that folder, as it was at first, and without a table from the environment."""
    monkeypatch.delenv("INFUSECALC_REGIMENS", raising=False)
    monkeypatch.chdir(shared)
    yield shared
    for made in (*shared.glob("folder/*"), *shared.iterdir()):
        if made.is_file() and made.name not in FILES:
            made.unlink()
    (shared / "existing.json").write_bytes(FILES["existing.json"])


@pytest.fixture
def ask(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[[list[str]], Answer]:
    """Run a command line in this process; a traceback becomes the code."""

    def call(arguments: list[str]) -> Answer:
        before = _files()
        try:
            code: Any = run(arguments)
        except Exception as error:  # noqa: BLE001 - any traceback at all is the fault that is looked for
            code = repr(error)
        captured = capsysbinary.readouterr()
        after = _files()
        touched = tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))
        return Answer(code, captured.out.decode("utf-8", "replace"), captured.err.decode("utf-8", "replace"), touched)

    return call


def _files() -> dict[str, bytes]:
    """Every file here whose content can change, with its content; the others by name."""
    found: dict[str, bytes] = {}
    with os.scandir() as entries:
        for entry in entries:
            watched = entry.is_file() and entry.name not in FILES
            found[entry.name] = Path(entry.name).read_bytes() if watched or entry.name == "existing.json" else b""
    return found | {f"folder/{name}": b"" for name in os.listdir("folder")}  # noqa: PTH208 - a name is enough


def refusal_faults(answer: Answer, names: list[str], begins: str = "infusecalc: ") -> list[str]:
    """What is wrong with a refusal: nothing, where it keeps the contract."""
    err = answer.err
    said = "" if begins == "infusecalc: " else "infusecalc: "  # a fault of a table may stand without the name
    acting = sorted({ascii(char) for char in err[:-1] if unicodedata.category(char) in ACTING or ord(char) in BIDI})
    wrong = {
        f"exit code {answer.code}, not 2": answer.code != 2,
        f"{len(answer.out)} characters on standard output": bool(answer.out),
        f"files touched: {answer.touched}": bool(answer.touched),
        f"{err.count(chr(10))} lines on standard error": err.count("\n") != 1 or not err.endswith("\n"),
        f"does not begin with '{ascii(begins)[1:-1]}'": not err.removeprefix(said).startswith(begins),
        "says nothing": not err.removeprefix("infusecalc: ").strip(),
        "a traceback": "Traceback" in err,
        f"characters that act on a terminal: {acting}": bool(acting),
    }
    wrong |= {f"does not name {name!a}": name.lower() not in err.lower() for name in names}
    return [what for what, is_so in wrong.items() if is_so]


def told(arguments: list[str], answer: Answer, faults: list[str]) -> str:
    """A command line with what was wrong, in ASCII."""
    return f"{arguments!a}: {'; '.join(faults)}; standard error: {answer.err[:300]!a}"


# --- (1) the cases ---------------------------------------------------------------------------------------


@cache
def table() -> Any:
    """The shipped table."""
    return load_table()


ID = ["dose", "infliximab", "crohns", "--weight", "70", "--patient-id"]
KEYS = "bad refused begins good exit same_as because"
NOT_UTF_8 = {
    "name": "a patient id that is not UTF-8 is refused, and its bytes shown",
    "bad": [*ID, "P\udcff1"],  # as Python has a byte of the line that is none; YAML has no such character
    "refused": ["patient id", "P\\xff1"],
    "good": [*ID, "P\u00e91"],
}


@cache
def cases() -> list[Any]:
    """The written cases, each under its sentence; every scalar is read as the text that stands there."""
    text = (HERE / "cases" / "bad_input.yaml").read_text(encoding="ascii")
    found = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - this loader makes text only
    return [pytest.param(only(case, KEYS), id=case["name"]) for case in (*found, NOT_UTF_8)]


def words(line: str | list[str]) -> list[str]:
    """A command line as a list of words."""
    return shlex.split(line) if isinstance(line, str) else line


def in_json(arguments: list[str]) -> list[str]:
    """The line in JSON, which takes less time to make than a table, unless it says where or in what it is written."""
    written = any(word.startswith(("-o", "--output", "--format")) for word in arguments)
    return arguments if written or arguments[0] not in ("dose", "schedule") else [*arguments, "--format", "json"]


def numbers(result: Any) -> Any:
    """What a JSON result says in numbers: all of it but the findings, the age, and the working with its words."""
    kept = {key: result.get(key) for key in ("regimen", "product", "start", "infusions", "totals")}
    kept["patient"] = {key: value for key, value in result["patient"].items() if key != "age_years"}
    kept["phases"] = [
        {key: value for key, value in phase.items() if key != "working"} for phase in result.get("phases", ())
    ]
    return kept


@pytest.mark.parametrize("case", cases())
def test_a_bad_command_line_is_refused(case, ask):
    arguments = words(case["bad"])
    answer = ask(arguments)
    faults = refusal_faults(answer, case["refused"], case.get("begins", "infusecalc: "))
    assert not faults, told(arguments, answer, faults)


@pytest.mark.parametrize("case", fifth(cases()))
def test_its_near_neighbour_is_good(case, ask):
    arguments = in_json(words(case["good"]))
    answer = ask(arguments)
    assert answer.code == int(case.get("exit", 0)), told(arguments, answer, [f"exit code {answer.code}"])
    if "same_as" in case:
        plain = ask(in_json(words(case["same_as"])))
        assert numbers(json.loads(answer.out)) == numbers(json.loads(plain.out))


def test_there_are_enough_cases_and_no_two_alike():
    found = [case.values[0] for case in cases()]
    assert len(found) >= 100
    assert len({str(case["bad"]) for case in found}) == len(found)


def test_a_table_named_in_the_environment_is_refused_like_one_on_the_command_line(ask, monkeypatch):
    arguments = ["dose", "infliximab", "crohns", "--weight", "70"]
    for name, begins in {
        "missing.yaml": "infusecalc: ",
        "latin1.yaml": "infusecalc: ",
        "tag.yaml": "tag.yaml:1: ",
    }.items():
        monkeypatch.setenv("INFUSECALC_REGIMENS", name)
        answer = ask(arguments)
        faults = refusal_faults(answer, [name], begins)
        assert not faults, told(arguments, answer, faults)
    monkeypatch.setenv("INFUSECALC_REGIMENS", "site.yaml")
    assert ask(["dose", "ketamine", "pain", "--weight", "70"]).code == 0


def test_a_table_with_several_faults_reports_them_all_a_line_each(ask):
    Path("faults.yaml").write_text('version: "1"\nregimes: {}\ndrug: {}\nversion: "2"\n', encoding="ascii")
    answer = ask(["regimens", "validate", "faults.yaml"])
    assert (answer.code, answer.out) == (2, "")
    lines = answer.err.removeprefix("infusecalc: ").splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"faults.yaml:{number}" for number in (2, 3, 4)]


def test_a_long_value_is_refused_at_once(ask):
    # a pattern that tries every split of the digits takes minutes for a value ten times as long
    arguments = ["dose", "infliximab", "crohns", "--weight", "1," + "1" * 12_000 + "!"]
    answer = ask(arguments)
    assert not refusal_faults(answer, ["weight"])
    assert len(answer.err) < 1000


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="no endless device here")
def test_a_table_without_an_end_is_refused():
    # the device says that it holds 0 bytes, and never ends: what is read must have an end of its own
    limited = 'ulimit -v 1000000 && exec "$0" -m infusecalc regimens validate /dev/zero'
    done = subprocess.run(
        ["sh", "-c", limited, sys.executable], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)


# --- (2) generated command lines -------------------------------------------------------------------------

BATCHES, LINES = 20, 100
KEYWORDS = {"--for": "for_", "--round": "round_", "--patient-id": "id"}
REPEATED = ("has", "dose", "every")
OF_PATIENT = ("weight", "height", "age", "id")
Option = tuple[str, str]


class Line(NamedTuple):
    """A good command line: its words, its options, and what the plain spelling of the same quantities is."""

    command: str
    names: tuple[str, str]
    plain_names: tuple[str, str]
    options: dict[str, list[str]]
    plain: dict[str, list[str]]
    size: dict[str, Decimal]

    def arguments(self, random: Random) -> list[str]:
        """The line with its options in any order, joined by a space or by `=`."""
        groups = [[flag, value] for flag, values in self.options.items() for value in values]
        groups = [group if random.random() < 0.7 else ["=".join(group)] for group in groups]
        groups += [[name] for name in self.names]
        order = list(range(len(groups)))
        random.shuffle(order)
        places = sorted(order[-2:])  # the drug stays before the indication
        others = groups[:-2]
        random.shuffle(others)
        for place, name in zip(places, self.names, strict=True):
            others.insert(place, [name])
        return [self.command, *(word for group in others for word in group)]

    def plainly(self) -> tuple[int, Any]:
        """What the same line comes to in the plainest spelling: the exit code and the JSON document."""
        given = {KEYWORDS.get(flag) or flag.strip("-").replace("-", "_"): value for flag, value in self.plain.items()}
        options = {name: values if name in REPEATED else values[0] for name, values in given.items()}
        patient = Patient.of(**{name: options.pop(name) for name in OF_PATIENT if name in options})
        course = make_course(table(), *self.plain_names, patient, **options)
        return 3 if any(finding.severity == "block" for finding in course.findings) else 0, document(course)


def half_up(value: Decimal, place: str) -> Decimal:
    """A decimal rounded half up at a place, as text of the plainest form would have it."""
    return value.quantize(Decimal(place), ROUND_HALF_UP)


def cased(random: Random, text: str) -> str:
    """A text in any mixture of cases."""
    return "".join(random.choice((char.lower(), char.upper())) for char in text)


def decimal(random: Random, low: float, high: float, places: int) -> Decimal:
    """A random decimal of so many places."""
    one = 10**places
    return Decimal(random.randint(int(low * one), int(high * one))) / one


def some_weight(random: Random, low: float, high: float) -> tuple[str, Decimal]:
    """A weight in any spelling, and its value in kg to 0.01."""
    if random.random() < 0.4:
        pounds = decimal(random, low / 0.4535, high / 0.4536, random.randint(0, 2))
        text = f"{pounds}{random.choice(('', ' '))}{cased(random, random.choice(('lb', 'lbs')))}"
        return text, half_up(pounds * Decimal("0.45359237"), "0.01")
    kilograms = decimal(random, low, high, random.randint(0, 4))
    unit = random.choice(("", "kg", " kg", "Kg", "KG", " kG"))
    return f"{kilograms}{unit}", half_up(kilograms, "0.01")


def some_height(random: Random, low: float, high: float) -> tuple[str, Decimal]:
    """A height in any spelling, and its value in cm to 0.1."""
    kind = random.randrange(4)
    if kind == 0:
        metres = decimal(random, low / 100, high / 100, random.randint(2, 4))
        return f"{metres}{random.choice(('m', ' m', 'M'))}", half_up(metres * 100, "0.1")
    if kind == 1:
        inches = decimal(random, low / 2.53, high / 2.55, random.randint(0, 2))
        return f"{inches}{random.choice(('in', ' in', 'IN', chr(34)))}", half_up(inches * Decimal("2.54"), "0.1")
    if kind == 2:
        feet, inches = divmod(decimal(random, low / 2.53, high / 2.55, random.randint(0, 1)), 12)
        form = random.choice(
            ("{}ft{}in", "{}'{}\"", "{} ft {} in", "{}FT {}IN", "{}' {}\"", "{}\u2019{}\u201d", "{}\u2032 {}\u2033")
        )
        return form.format(feet, inches), half_up((feet * 12 + inches) * Decimal("2.54"), "0.1")
    centimetres = decimal(random, low, high, random.randint(0, 3))
    return f"{centimetres}{random.choice(('', 'cm', ' cm', 'CM'))}", half_up(centimetres, "0.1")


# drug, its other spellings; indication, its other spellings; options in every spelling, the plainest first
REGIMENS: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        ("infliximab", "ifx", "inFLIXimab"),
        ("crohns", "CD", "crohn", "Crohn's disease", "CROHNS", "Crohn\u2019s"),
        "mg/kg",
    ),
    (
        ("infliximab", "Infliximab", "INFLIXIMAB "),
        ("ra", "RA", "rheumatoid-arthritis", "rheumatoid arthritis"),
        "mg/kg",
    ),
    (("infliximab", "IFX"), ("as", "AS"), "mg/kg"),
    (("rituximab", "riTUXimab"), ("gpa", "GPA", "wegener", "Wegener"), "mg/m2"),
    (("rituximab", "RITUXIMAB", "rituximab\u00ae"), ("aiha", "AIHA"), "mg/m2"),
    (("rituximab", " rituximab"), ("ra", "Rheumatoid_Arthritis", "rheumatoid\u2013arthritis"), "mg"),
)
SPELLINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "--label": (("us", "US", "Us"), ("eu", "EU")),
    "--age": (("34", "34y", "34 y", "34 years", "34YR", "408mo", "408 months"), ("70", "70y", "840mo")),
    "--has": (
        ("pregnancy", "Pregnancy", "PREGNANCY"),
        ("active-tb", "active tb", "Active_TB", "active\u2011TB"),
        ("heart-failure",),
    ),
    "--bag": (("250", "250mL", "250 ml", "250ML"), ("500", "500 mL")),
    "--round": (("none", "NONE"), ("100mg", "100 mg", "100MG"), ("vial", "Vial", "VIAL"), ("1mg",)),
    "--round-within": (("10", "10%", "10 %", "10.0"), ("5", "5%", "5.00 %")),
    "--patient-id": (("P-1",), ("=1+1",), ("-1",), ("<b>",)),
    "--for": (("12m", "12 months", "1y", "12mo", "1 YEAR"), ("52w", "52 weeks", "364d", "364 days"), ("2y", "24m")),
    "--until": (("2027-12-01",), ("2028-02-29",)),
    "--doses": (("1",), ("8",)),
    "--every": (("8w", "8 weeks", "56d", "maintenance=8w", "MAINTENANCE=56 days"), ("6w", "42d")),
}
DOSES = {
    "infliximab": (("5mg/kg", "5 mg/kg", "5.0MG/KG", "5.000 mg/kg", "maintenance=5mg/kg"), ("10mg/kg", "10 Mg/Kg")),
    "gpa": (("500mg", "500 mg", "maintenance=500mg", "500.00MG"), ("induction=375mg/m2", "Induction=375.0 MG/M2")),
    "aiha": (("375mg/m2", "375 mg/m2", "course=375mg/m2", "375.0MG/M2"),),
    "ra": (("1000mg", "1000 mg", "course=1000mg", "1000.0 MG"), ("500mg", "500.0mg")),
}
STARTS = ("2026-12-01", "2028-02-29", "1900-01-01", "2200-12-31", "2026-08-31")


def good_line(random: Random) -> Line:
    """A good command line of made-up quantities."""
    drugs, indications, basis = random.choice(REGIMENS)
    drug, indication = random.choice(drugs), random.choice(indications)
    command = random.choice(("dose", "schedule"))
    weight, kilograms = some_weight(random, 12, 200)
    options, plain = {"--weight": [weight]}, {"--weight": [str(kilograms)]}
    size = {"weight_kg": kilograms}
    if basis == "mg/m2" or random.random() < 0.3:
        # a body mass index from 11 to 55 takes a height between sqrt(kg / 55) and sqrt(kg / 11) metres
        shortest, tallest = (float(kilograms) / 55) ** 0.5 * 100, (float(kilograms) / 11) ** 0.5 * 100
        height, centimetres = some_height(random, max(shortest, 40), min(tallest, 240))
        options["--height"], plain["--height"] = [height], [str(centimetres)]
        size["height_cm"] = centimetres
    if command == "schedule":
        options["--start"] = plain["--start"] = [random.choice(STARTS)]
    _choose(random, command, drugs[0], indications[0], (options, plain))
    return Line(command, (drug, indication), (drugs[0], indications[0]), options, plain, size)


def _choose(
    random: Random, command: str, drug: str, indication: str, both: tuple[dict[str, list[str]], dict[str, list[str]]]
) -> None:
    """Some more options that go together."""
    may = ["--label", "--age", "--has", "--bag", "--round", "--round-within", "--patient-id"]
    may += ["--every"] if drug == "infliximab" else []
    wanted = [flag for flag in may if random.random() < 0.2]
    if command == "schedule" and random.random() < 0.5:
        wanted.append(random.choice(("--for", "--until", "--doses")))
    for flag in wanted:
        if flag == "--until" and both[0]["--start"][0] > "2027":
            continue
        if flag == "--until" and both[0]["--start"][0] < "2000":
            continue
        spelled = random.choice(SPELLINGS[flag])
        both[0][flag], both[1][flag] = [random.choice(spelled)], [spelled[0]]
    if random.random() < 0.25:
        spelled = random.choice(DOSES[drug if drug in DOSES else indication])
        both[0]["--dose"], both[1]["--dose"] = [random.choice(spelled)], [spelled[0]]


# --- how a good line goes bad: each of these changes it, and returns what the refusal must name -----------

NUMERIC = ("--weight", "--height", "--age", "--bag", "--round-within", "--for", "--doses", "--dose", "--every")
NOUNS = {"--weight": "weight", "--height": "height", "--age": "age", "--bag": "bag", "--start": "start"}
DIGITS = ("\uff10", "\u0660", "\u0966", "\u06f0", "\U0001d7ce")  # the zeros of five other scripts
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"


def runs(value: str) -> list[str]:
    """The stretches of printable ASCII in the beginning of a value: a message must repeat each."""
    shown = "".join(char if char.isascii() and char.isprintable() else "\0" for char in value[:60])
    return [run for run in shown.split("\0") if run.strip()]


def _first_number(value: str) -> tuple[str, str, str]:
    """A value as what stands before its number, the number, and what stands behind it."""
    phase, equals, rest = value.rpartition("=")
    end = next((index for index, char in enumerate(rest) if not (char.isdigit() or char == ".")), len(rest))
    return phase + equals, rest[:end], rest[end:]


def other_digits(random: Random, _: str, number: str, unit: str) -> str:
    """One digit, or all of them, in another script."""
    zero = random.choice(DIGITS)
    which = random.choice([index for index, char in enumerate(number) if char.isdigit()])
    every = random.random() < 0.5
    changed = [
        chr(ord(zero) + int(char)) if char.isdigit() and (every or index == which) else char
        for index, char in enumerate(number)
    ]
    return "".join(changed) + unit


def superscript(random: Random, _: str, number: str, unit: str) -> str:
    """A superscript digit behind the number."""
    return number + random.choice(SUPERSCRIPTS) + unit


def comma(random: Random, _: str, number: str, unit: str) -> str:
    """A comma for the decimal point, or in the thousands."""
    return (number.replace(".", ",") if "." in number else number + random.choice((",5", ",000", ","))) + unit


def exponent(random: Random, _: str, number: str, unit: str) -> str:
    """An exponent."""
    return number + random.choice(("e0", "E1", "e+0", "e-0", "e1", "E+01", "e400")) + unit


def no_number(random: Random, _: str, __: str, unit: str) -> str:
    """A word that some languages read as a number."""
    return random.choice(("nan", "NaN", "inf", "-inf", "Infinity", "+infinity", "one", "None", "true")) + unit


def empty(random: Random, *_: str) -> str:
    """Nothing, or spaces only."""
    return random.choice(("", " ", "   "))


def zero_or_less(random: Random, flag: str, number: str, unit: str) -> str:
    """Zero or a negative number; an age and a rounding limit may be zero."""
    zeros = () if flag in ("--age", "--round-within") else ("0", "0.0", "000", "0.00")
    return random.choice((f"-{number}", "-0", "-1", "\u2212" + number, "+" + number, *zeros)) + unit


def malformed(random: Random, _: str, number: str, unit: str) -> str:
    """A number with something too much, or too little."""
    wrongs = (f"{number}..0", f".{number.replace('.', '')}", f"{number}.", f"{number}_0", f"0x{number}", f"{number}/1")
    wrongs += (f"{number} {number}", f"({number})", f"~{number}", f">{number}", f"{number};{number}", f"'{number}")
    return random.choice(wrongs) + unit


def wrong_unit(random: Random, _: str, number: str, __: str) -> str:
    """A unit that no option takes, or a good one with something in it."""
    units = ("g", "st", "stone", "kgs", "kilograms", "mm", "km", "mg/l", "IU", "k g", "h", "hours", "min", "#", "kg.")
    units += ("\u212ag", "k\u200bg", "\u33cf", "kg\u00b2", "mg/m\u00b2", "m\u0131", "kgkg", "cl", "L", "mcg/kg", "$")
    return number + random.choice(units)


def control(random: Random, _: str, number: str, unit: str) -> str:
    """A control character, or a mark that does not print, somewhere."""
    value = number + unit
    place = random.randint(0, len(value))
    marks = ("\n", "\t", "\r", "\x1b[31m", "\x1b]0;x\x07", "\x00", "\x7f", "\x9b1m", "\u202e", "\u2028", "\u200b")
    return value[:place] + random.choice((*marks, "\u00a0", "\ufeff", "\udcff", "\u0085")) + value[place:]


def huge(random: Random, _: str, __: str, unit: str) -> str:
    """Far too many digits."""
    return str(random.randint(1, 9)) * random.choice((100, 1000, 5000)) + unit


MANGLERS = (
    other_digits, superscript, comma, exponent, no_number, empty, zero_or_less, malformed, wrong_unit, control, huge
)  # set in rows # fmt: skip


def bad_number(random: Random, line: Line) -> list[str]:
    """Any number goes bad."""
    flag = random.choice([flag for flag in NUMERIC if flag in line.options])
    phase, number, unit = _first_number(line.options[flag][0])
    if flag == "--doses" or any(char.isdigit() for char in unit.replace("m2", "")):
        unit = ""  # inches behind feet: zero feet would still be a height
    mangled = random.choice(MANGLERS)(random, flag, number, unit)
    line.options[flag] = [phase + mangled]
    return [NOUNS.get(flag, flag), *runs(mangled)]


def out_of_range(random: Random, line: Line) -> list[str]:
    """A weight, a height, an age or a bag that is out of range, close to the limit and far from it."""
    ranges = {
        "--weight": ("500.01", "501", "9999", "0.49", "0.1", "0.01"),
        "--height": ("250.1", "251", "1750", "29.9", "17", "2"),
        "--age": ("121", "999", "150"),
        "--bag": ("9", "5001", "100000"),
        "--round-within": ("100.01", "101", "1000"),
    }
    flag = random.choice([flag for flag in ranges if flag in line.options])
    value = random.choice(ranges[flag])
    line.options[flag] = [value]
    return [NOUNS.get(flag, flag), value.rstrip("0").rstrip(".") if "." in value else value]


def bad_size(random: Random, line: Line) -> list[str]:
    """A weight and a height, each possible, that give a body mass index outside 4 to 100."""
    kilograms = decimal(random, 20, 200, 2)
    low, high = (float(kilograms) / 4) ** 0.5 * 100, (float(kilograms) / 100) ** 0.5 * 100
    tall = [value for value in (low * 1.001, low * 1.2, low * 1.01) if 30 <= value <= 250]
    short = [value for value in (high * 0.999, high * 0.8, high * 0.99) if 30 <= value <= 250]
    centimetres = half_up(Decimal(str(round(random.choice([*tall, *short]), 4))), "0.1")
    line.options["--weight"], line.options["--height"] = [str(kilograms)], [str(centimetres)]
    return [f"{kilograms.normalize():f} kg", f"{centimetres.normalize():f} cm", "swapped"]


def bad_date(random: Random, line: Line) -> list[str]:
    """A date in any form but the one that is taken, or one that is on no calendar."""
    year, month, day = random.randint(1900, 2200), random.randint(1, 12), random.randint(1, 28)
    forms = (
        f"{year}{month:02}{day:02}", f"{year}-W{month:02}-1", f"{year}W{month:02}1", f"{year}-{day:03}",
        f"{year}-{month:02}-{day:02}T00:00", f"{year}-{month:02}-{day:02} 08:30", f"{year}-{month:02}-{day:02}Z",
        f"{month:02}/{day:02}/{year}", f"{day:02}.{month:02}.{year}", f"{day}-{month}-{year}", f"{day:02}/{month:02}",
        f"{year}/{month:02}/{day:02}", f"{year}.{month:02}.{day:02}", f"{year}-{month}-1", f"{year % 100:02}-01-02",
        f"{year}-{month:02}", f"{year}", f"{year}-02-30", f"{year}-13-{day:02}", f"{year}-00-{day:02}",
        f"{year}-{month:02}-00", f"{year}-{month:02}-32", f"{year}-06-31", f"{year // 4 * 4 + 1}-02-29",
        f"{random.randint(1, 1899):04}-{month:02}-{day:02}", f"{random.randint(2201, 9999)}-{month:02}-{day:02}",
        f"-{year}-{month:02}-{day:02}", f"+{year}-{month:02}-{day:02}", f"{year}-{month:02}-{day:02}\n",
        f"{year}-{month:02}-{day:02} ", f" {year}-{month:02}-{day:02}", "tomorrow", "To-day", "now", "1764547200",
        f"{year}\u2010{month:02}\u2010{day:02}", f"{year}-{month:02}-\uff10{day % 10}", f"1 May {year}", "12m",
        f"\u0662{year}"[:4] + f"-{month:02}-{day:02}", "0000-01-01", f"{year}-{month:02}-{day:02}\x1b[0m",
    )  # set in rows # fmt: skip
    flag = random.choice([flag for flag in ("--start", "--until") if flag in line.options] or ["--born"])
    value = random.choice(forms)
    line.options[flag] = [value]
    if flag == "--born":
        line.options.pop("--age", None)
        if line.command == "dose":
            line.options["--on"] = ["2026-12-01"]
    return [{"--start": "start", "--born": "date of birth"}.get(flag, flag), *runs(value)]


@cache
def known_names() -> frozenset[str]:
    """Every name that the shipped table knows, as it spells it, with the names of products as people write them."""
    found: set[str] = {"us", "eu", "low-dose", "json"}
    for section in ("drugs", "products", "regimens", "conditions"):
        for name in table().names(section):
            found |= {name, name.rpartition("/")[2]}
            found |= set(table().aliases(section, name)) if section != "conditions" else set()
    found |= {name.lower() for name in ("Remsima SC", "MabThera SC", "Rituxan Hycela")}
    return frozenset(found)


def misspelt(random: Random, name: str) -> str:
    """A known name with one slip of the finger, which makes it no other known name."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.*?%/\u00e9\u0131\u017f\uff41\x1b\n\u202e"
    while True:
        place, slip = random.randrange(len(name)), random.randrange(4)
        wrong = {
            0: name[:place] + name[place + 1 :],
            1: name[:place] + random.choice(letters) + name[place:],
            2: name[:place] + random.choice(letters) + name[place + 1 :],
            3: name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
        }[slip]
        if normal(wrong).strip("-") not in known_names() and not wrong.startswith("-"):
            return wrong


def bad_name(random: Random, line: Line) -> list[str]:
    """A name that the table does not know."""
    names = {"--has": "pregnancy", "--label": "us", "--product": "remicade", "--variant": "low-dose"}
    which = random.choice(("drug", "indication", "--format", *names))
    if which in ("drug", "indication"):
        wrong = misspelt(random, line.plain_names[which == "indication"])
        words = (wrong, line.names[1]) if which == "drug" else (line.names[0], wrong)
        # `_replace` makes another line: the caller's own is changed through its options alone
        line.options["names"] = list(words)
        return [which, *runs(wrong)]
    wrong = misspelt(random, "json" if which == "--format" else names[which])
    if which == "--format" and wrong in ("md", "csv"):
        wrong = "xml"
    line.options[which] = [wrong]
    return [{"--has": "condition"}.get(which, which.lstrip("-")), *runs(wrong)]


def bad_text(random: Random, line: Line) -> list[str]:
    """A patient id or a reason with control characters, an empty id, an acceptance without reason or block."""
    mark = random.choice(("\x00", "\x1b[2J", "\n", "\r", "\t", "\x7f", "\x85", "\x9b", "\udcff"))
    kind = random.randrange(5)
    if kind == 0:
        line.options["--patient-id"] = [f"P{mark}1"]
        return ["patient id", "P", "1", "control"]
    if kind == 1:
        line.options["--patient-id"] = [random.choice(("", " ", "   "))]
        return ["patient id", "empty"]
    if kind == 2:
        value = random.choice(("off-label", "contraindicated:", "contraindicated:active-tb", "="))
        value += random.choice(("", "=", "= ")) if value != "=" else ""
        line.options["--accept"] = [value]
        return ["--accept", "reason", *runs(value)]
    if kind == 3:
        line.options["--accept"] = ["off-label=discussed"]  # a caution or nothing, never a block
        return ["--accept", "off-label", "names no blocking finding"]
    line.options["--has"], line.options["--accept"] = ["active-tb"], [f"contraindicated=dis{mark}cussed"]
    return ["--accept", "contraindicated=dis", "cussed", "control"]


# without these options, and with those, a line is refused by these names; `dose` and `schedule` differ
Pair = tuple[tuple[str, ...], dict[str, str], list[str]]
HORIZONS = {"--for": "12m", "--until": "2199-12-01", "--doses": "4", "--courses": "2"}
PAIRS: tuple[Pair, ...] = (
    (("--height",), {"--bsa": "1.8", "--height": "175"}, ["BSA '1.8'"]),
    (("--height",), {"--bsa": "1.8", "--bsa-formula": "dubois"}, ["BSA '1.8'"]),
    (("--weight",), {}, ["--weight"]),
    *(((), {flag: "1"}, [flag]) for flag in ("--frequency", "--weigth", "--Weight", "--we", "--regimen", "--no-quiet")),
)
OF_DOSE: tuple[Pair, ...] = (
    ((), {"--age": "34", "--born": "1992-01-01", "--on": "2026-12-01"}, ["age '34'", "date of birth"]),
    (("--age",), {"--on": "2026-12-01"}, ["--on", "2026-12-01"]),
    (("--age",), {"--born": "1992-01-01"}, ["--born", "1992-01-01"]),
    ((), {"--start": "2026-12-01"}, ["--start"]),
)
OF_SCHEDULE: tuple[Pair, ...] = (
    ((), {"--age": "34", "--born": "1992-01-01"}, ["age '34'", "date of birth"]),
    ((), {"--from": "maintenance", "--maintenance-start": "20w"}, ["--maintenance-start", "20w"]),
    (("--start",), {}, ["--start"]),
    ((), {"--on": "2026-12-01"}, ["--on"]),
    *(
        (tuple(HORIZONS), {one: HORIZONS[one], other: HORIZONS[other]}, [one, other, "cannot be combined"])
        for one, other in combinations(HORIZONS, 2)
    ),
)


def bad_pair(random: Random, line: Line) -> list[str]:
    """Two options that cannot stand together, one that lacks another, or one that the command does not know."""
    without, beside, must_name = random.choice((*PAIRS, *(OF_DOSE if line.command == "dose" else OF_SCHEDULE)))
    for flag in without:
        line.options.pop(flag, None)
    line.options.update({flag: [value] for flag, value in beside.items()})
    return must_name


def given_twice(random: Random, line: Line) -> list[str]:
    """An option given twice, with the same value or another."""
    single = [flag for flag in line.options if flag not in ("--has", "--dose", "--every", "--accept")]
    flag = random.choice(single)
    line.options[flag] = [*line.options[flag], random.choice((line.options[flag][0], "1"))]
    return [flag, "twice"]


def bad_output(random: Random, line: Line) -> list[str]:
    """A result that has nowhere to go, or a clash of its format with its file's extension."""
    clashes = (("json", "existing.csv"), ("csv", "existing.json"), ("md", "new.json"), ("table", "new.ndjson"))
    nowhere = ("folder", "missing/new.json", "existing.json/new.json", "new\0.json", "")
    if random.random() < 0.5:
        form, name = random.choice(clashes)
        line.options.update({"--format": [form], "-o": [name]})
        return ["--format", form, name]
    name = random.choice(nowhere)
    line.options.update({"--format": ["json"], "-o": [name]})
    return ["-o", *runs(name)]


def bad_table(random: Random, line: Line) -> list[str]:
    """A site's own table that cannot be read, or is none."""
    name = random.choice(("missing.yaml", "folder", "latin1.yaml", "utf16.yaml", "", "a\0b", "no\x1b[31m.yaml"))
    line.options["--regimens"] = [name]
    return runs(name) or ["table"]


SPOILERS = (
    *[bad_number] * 8, *[bad_date] * 4, *[bad_name] * 4, *[bad_text] * 2, *[bad_pair] * 3, *[given_twice] * 2,
    out_of_range, out_of_range, bad_size, bad_output, bad_table,
)  # set in rows # fmt: skip


def bad_line(random: Random) -> tuple[list[str], list[str]]:
    """A good line spoilt in one way, as words, with what the refusal must name."""
    line = good_line(random)
    must_name = random.choice(SPOILERS)(random, line)
    names = line.options.pop("names", None)
    line = line._replace(names=tuple(names)) if names else line
    if "-o" not in line.options and "--format" not in line.options and random.random() < 0.3:
        line.options["-o"] = [random.choice(("existing.json", "new.json"))]
    if "-o" in line.options:  # `-o=NAME` would name a file `=NAME`
        line.options["--output"] = line.options.pop("-o")
    return line.arguments(random), must_name


def generated(batch: int) -> Iterator[tuple[list[str], list[str] | None, Line | None]]:
    """A batch of lines: words, what the refusal must name or None, and the good line that it is or None."""
    random = Random(f"infusecalc bad input {batch}")  # noqa: S311 - the same lines in every run, no secret
    for _ in range(LINES):
        if random.random() < 0.75:
            arguments, must_name = bad_line(random)
            yield arguments, must_name, None
        else:
            line = good_line(random)
            yield line.arguments(random), None, line


def good_faults(answer: Answer, line: Line) -> list[str]:
    """What is wrong with the answer to a good line."""
    code, plain = line.plainly()
    if answer.code != code:
        return [f"exit code {answer.code}, and {code} in plain spelling"]
    found = json.loads(answer.out)
    wrong = {
        f"{name} is {found['patient'][name]}, not {value}": Decimal(str(found["patient"][name])) != value
        for name, value in line.size.items()
    }
    wrong["the numbers are not those of the plain spelling"] = numbers(found) != numbers(plain)
    blocked = answer.err.startswith("infusecalc: blocked by")
    wrong["standard error does not fit the exit code"] = blocked != (code == 3) or bool(answer.err) != blocked
    wrong[f"files touched: {answer.touched}"] = bool(answer.touched)
    return [what for what, is_so in wrong.items() if is_so]


@pytest.mark.parametrize("batch", sampled(range(BATCHES), range(4)))
def test_generated_lines_are_refused_or_mean_what_their_plain_spelling_means(batch, ask):
    found: list[str] = []
    for arguments, must_name, line in generated(batch):
        if line is None:
            answer = ask(arguments)
            faults = refusal_faults(answer, must_name or [])
        else:
            arguments += ["--format", "json"]
            answer = ask(arguments)
            faults = good_faults(answer, line)
        if faults:
            found.append(told(arguments, answer, faults))
    assert not found, "\n".join([f"{len(found)} of {LINES} lines:", *found])


# --- (3) a miss suggests, and picks nothing ----------------------------------------------------------------


@pytest.mark.parametrize("miss", ["esketamine", "ketamin", "ketamine-s", "s-ketamine", "ketamines"])
def test_a_miss_of_a_made_up_drug_suggests_it_and_is_refused(miss, ask):
    arguments = ["dose", miss, "pain", "--weight", "70", "--regimens", "site.yaml"]
    answer = ask(arguments)
    faults = refusal_faults(answer, [f"drug '{miss}'", "nearest: ", "ket"])
    assert not faults, told(arguments, answer, faults)


@pytest.mark.parametrize("hit", ["ketamine", "Ketamine", "KET", "ketalor", "Ketalor"])
def test_the_made_up_drug_itself_answers_to_its_names(hit, ask):
    answer = ask(["dose", hit, "pain", "--weight", "70", "--regimens", "site.yaml", "--format", "json"])
    assert answer.code == 0
    assert [phase["dose_mg"] for phase in json.loads(answer.out)["phases"]] == [70]  # 1 mg/kg x 70 kg


def test_without_its_table_the_made_up_drug_is_unknown(ask):
    answer = ask(["dose", "ketamine", "pain", "--weight", "70"])
    assert not refusal_faults(answer, ["drug 'ketamine'"])


SLIPS: dict[str, Callable[[str], str]] = {
    "lacks its last letter": lambda name: name[:-1],
    "has its first letter twice": lambda name: name[0] + name,
    "has two letters swapped": lambda name: name[:1] + name[2:3] + name[1:2] + name[3:],
    "is followed by more": lambda name: f"{name}s",
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_known_name_with_a_slip_is_refused_and_the_name_suggested(slip, ask):
    lines: list[tuple[str, list[str]]] = []
    for name in (*table().names("drugs"), *table().names("products")):
        wrong = SLIPS[slip](name)
        lines.append((name, ["dose", wrong, "crohns", "--weight", "70"]))
    for regimen in table().names("regimens"):
        drug, _, name = regimen.partition("/")
        lines.append((name, ["dose", drug, SLIPS[slip](name), "--weight", "70"]))
    lines += [
        (name, ["dose", "infliximab", "crohns", "--weight", "70", "--has", SLIPS[slip](name)])
        for name in table().names("conditions")
    ]
    lines.append(("low-dose", ["dose", "rituximab", "aiha", "--weight", "70", "--variant", SLIPS[slip]("low-dose")]))
    found: list[str] = []
    for name, arguments in lines:
        wrong = SLIPS[slip](name)
        if wrong in known_names() or len(name) < 4:  # two letters with one wrong are near to nothing
            continue
        answer = ask(arguments)
        nearest = answer.err.partition("nearest: ")[2]
        faults = refusal_faults(answer, [f"'{wrong}'"]) + ([] if name in nearest else [f"does not suggest {name}"])
        if faults:
            found.append(told(arguments, answer, faults))
    assert not found, "\n".join(found)
