"""infusecalc as a library: its options are typed, a course shows itself, and the page of examples runs."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import infusecalc
from infusecalc import BadInput, Patient, load_table, make_course
from infusecalc.choices import Choices
from infusecalc.cli.options import CHOICE, DATES, ON, PATIENT, TOTALS, TURNOVER
from infusecalc.cohort import RejectedRows, expand, rejects
from infusecalc.cohort.frames import like
from infusecalc.errors import UnknownName
from infusecalc.options import OF_PATIENT, CohortOptions, CourseOptions
from infusecalc.output.records import columns, records
from support import table

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs" / "library.md"
START = "2026-12-01"


def course(**options):
    return make_course(table(), "infliximab", "crohns", Patient.of("70kg"), **options)


# --- names -----------------------------------------------------------------------------------------------------


def test_a_public_name_is_that_of_its_module_and_any_other_is_refused(monkeypatch):
    monkeypatch.delattr(infusecalc, "make_course", raising=False)
    assert infusecalc.make_course is make_course
    with pytest.raises(AttributeError, match="module 'infusecalc' has no attribute 'make_curse'"):
        _ = infusecalc.make_curse


# --- options ---------------------------------------------------------------------------------------------------

SNIPPET = """\
from infusecalc import Patient, load_table, make_course
from infusecalc.cohort import expand, rejects

patient = Patient.of("70kg")
make_course(load_table(), "infliximab", "crohns", patient, start="2026-12-01", for_="1y", has=["pregnancy"])
make_course(load_table(), "infliximab", "crohns", patient, strat="2026-12-01")
make_course(load_table(), "infliximab", "crohns", patient, start=2026)
expand([], weight=70, for_="1y")
expand([], wieght="70")
expand([], bsa_cap=[2])
"""
SAYS = [
    (6, 'Unexpected keyword argument "strat" for "make_course"'),
    (7, 'Argument "start" to "make_course" has incompatible type "int"'),
    (9, 'Unexpected keyword argument "wieght" for "expand"'),
    (10, 'Argument "bsa_cap" to "expand" has incompatible type "list[int]"'),
]


def test_a_type_checker_knows_the_options(tmp_path):
    pytest.importorskip("mypy", reason="needs the package mypy")
    source = tmp_path / "snippet.py"
    source.write_text(SNIPPET, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "kept"), source],
        capture_output=True, text=True, check=False, cwd=HERE.parent,
    )  # set in rows # fmt: skip
    found = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(found) == len(SAYS), done.stdout + done.stderr
    for line, (number, words) in zip(found, SAYS, strict=True):
        assert f"snippet.py:{number}: error: {words}" in line


def test_an_option_of_another_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match=r"^option 'strat' is not known \(allowed: start, on, label, .*; nearest: s"):
        course(strat=START)
    with pytest.raises(BadInput, match=r"^option 'bsa_kap' is not known .*; nearest: bsa_cap"):
        expand(pl.DataFrame(), bsa_kap=2)
    with pytest.raises(BadInput, match=r"^option 'nothing_like_it' is not known .*; no similar name$"):
        Choices.of(nothing_like_it=1)


ASKED = {
    "start": START, "on": START, "label": "us", "variant": None, "product": "Remicade", "for_": "1y",
    "until": "2027-12-01", "doses": 3, "courses": 2, "from_": "maintenance", "maintenance_start": "20w",
    "dose": "5mg/kg", "every": "8w", "round_": "vial", "round_within": "5%", "bag": 250, "protocol": "steps-250",
    "weight_change": "0%", "anchor": None, "days": "mon-fri", "holidays": "US", "tolerance": (), "price": "100mg=2",
    "turnover": 15, "has": "pregnancy", "accept": (), "done": "tuberculosis", "given": START, "history": None,
}  # set in rows # fmt: skip
FOR_DATES = (
    "for_", "until", "doses", "courses", "maintenance_start", "weight_change", "days", "holidays", "price",
)  # set in rows # fmt: skip


def test_every_option_of_a_course_is_tried_without_a_start():
    assert ASKED.keys() == CourseOptions.__annotations__.keys()


@pytest.mark.parametrize(("name", "value"), ASKED.items())
def test_an_option_that_only_changes_dates_is_refused_without_a_start(name, value):
    if name not in FOR_DATES:
        course(**{name: value})
        return
    with pytest.raises(BadInput, match=rf"^`{name}` has no effect without `start`; give `start`, or what was given"):
        course(**{name: value})
    with pytest.raises(BadInput) as refused:
        course(choices=Choices.of(**{name: value}))
    assert refused.value.field == name
    if name != "courses":  # which infliximab has not
        course(given=START, **{name: value} if name != "maintenance_start" else {})


def test_the_number_of_courses_goes_with_an_interval_that_asks_for_it():
    patient = Patient.of(70)
    made = make_course(table(), "rituximab", "ra", patient, every="30w", courses=2)
    assert str(made.phases[0].phase.interval) == "30 weeks"
    with pytest.raises(BadInput, match=r"^`courses` has no effect without `start`"):
        make_course(table(), "rituximab", "ra", patient, courses=2)


def test_an_option_that_is_an_argument_of_the_patient_says_so():
    assert inspect.signature(Patient.of).parameters.keys() == {*OF_PATIENT}
    for name in OF_PATIENT:
        with pytest.raises(
            BadInput, match=rf"^option '{name}' belongs to the patient; give it to Patient.of$"
        ) as refused:
            course(**{name: "70kg"})
        assert refused.value.field == name
    several = r'give several to Patient.of in place of one: \["2026-12-01=70kg", "2027-02-01=90kg"\]'
    for name, how in (("weights", several), ("patient_id", "give it to Patient.of, as id")):
        with pytest.raises(BadInput, match=rf"^option '{name}' belongs to the patient; {how}$"):
            course(**{name: "70kg"})
    as_it_says = Patient.of(["2026-12-01=70kg", "2027-02-01=90kg"], id="a")
    made = make_course(table(), "infliximab", "crohns", as_it_says, start=START)
    assert [each.dose.amount.dose for each in (made.infusions[0], made.infusions[-1])] == [35000, 45000]  # 5 mg/kg
    with pytest.raises(UnknownName, match=r"^option 'born' is not known"):  # which no cohort takes
        expand(pl.DataFrame(), born="1990-01-01")


def test_an_unknown_option_of_a_cohort_lists_all_that_the_call_takes():
    with pytest.raises(UnknownName, match=r", table, keep_extra\); nearest: keep_extra$"):
        expand(pl.DataFrame(), keep_extras=True)
    taken = {*inspect.signature(expand).parameters, *CohortOptions.__annotations__} - {"frame", "options"}
    with pytest.raises(UnknownName) as refused:
        rejects(pl.DataFrame(), strict=True)
    assert {*refused.value.allowed.split(", ")} == taken


def test_no_name_is_near_where_none_is():
    for name in ("format", "duration"):
        with pytest.raises(UnknownName, match=rf"^option '{name}' is not known .*; no similar name$") as refused:
            course(**{name: "1y"})
        assert (refused.value.nearest, refused.value.field) == ((), name)


# --- the help of the options ------------------------------------------------------------------------------------


def lines_of(kind):
    """The line of help of each option of a kind."""
    return dict(re.findall(r"^    (\w+): (.+)$", kind.__doc__, re.MULTILINE))


@pytest.mark.parametrize("kind", [CourseOptions, CohortOptions])
def test_every_option_has_a_line_of_help(kind):
    assert lines_of(kind).keys() == kind.__annotations__.keys()


UNITS = {"ML": "mL", "MIN": "minutes", "PERCENT": "per cent", "DATE": "date", "M2": "m2", "YYYY-MM-DD|today": "date"}


def unlike(said, flag):
    """What the command line says of an option, and its line of help does not: unit, default, whether it is a list."""
    info = flag.annotation.__metadata__[0]
    default = re.search(r"default:? (.+?)(, or your site's setting)?\.$", info.help)
    wanted = [UNITS[info.metavar]] if info.metavar in UNITS else []
    wanted += [default[1]] if default else []
    wanted += ["or a list"] if info.help.endswith("more than once.") else []
    return [words for words in wanted if words not in said]


def test_the_help_of_the_library_says_the_unit_and_the_default_that_the_command_line_says():
    known = {each.name: each for each in (*CHOICE, *ON, *DATES, *TURNOVER, *TOTALS, *PATIENT)}
    said = lines_of(CohortOptions) | lines_of(CourseOptions)
    of_rows = {"weight", "height", "bsa", "age"}  # whose help has its own words
    shared = (said.keys() & known.keys()) - of_rows
    assert said.keys() - shared == of_rows | {"drug", "indication", "weights"}
    assert {name: unlike(said[name], known[name]) for name in shared if unlike(said[name], known[name])} == {}
    assert unlike("the bag; default: the usual one", known["bag"]) == ["mL"]
    assert unlike("minutes", known["turnover"]) == ["0"]
    assert unlike("a condition", known["has"]) == ["or a list"]


# --- types -----------------------------------------------------------------------------------------------------

HALF_PAST_NINE = dt.datetime(2026, 12, 1, 9, 30)  # noqa: DTZ001 - as a frame has it
WRONG = [
    ("start", HALF_PAST_NINE, ("`start` '2026-12-01 09:30:00' is a date with a time (allowed: text or a date); give the"
                              " date alone")),
    ("start", dt.datetime(2026, 12, 1, tzinfo=dt.UTC), ("`start` '2026-12-01 00:00:00+00:00' is a date with a time"
                                                       " (allowed: text or a date); give the date alone")),
    ("start", 20261201, "start '20261201' is not a date (must be YYYY-MM-DD or today)"),
    ("start", float("nan"), "`start` is missing (nan) (allowed: text or a date)"),
    ("start", [START], "`start` '['2026-12-01']' is a list (allowed: text or a date)"),
    ("given", [HALF_PAST_NINE], ("`given` '2026-12-01 09:30:00' is a date with a time (allowed: text or a date); give"
                                " the date alone")),
    ("given", dt.date(2026, 12, 1), ("`given` '2026-12-01' is a date (allowed: text, or a list of these); write each"
                                          " as DATE or DATE:MG, as in 2026-12-01:350mg")),
    ("given", "2026-12-01=350mg", ("`given` '2026-12-01=350mg' is neither a date nor a date with a dose (allowed: DATE"
                                   " or DATE:MG, as in 2026-12-01:350mg)")),
    ("given", ["2026-12-01 350mg"], ("`given` '2026-12-01 350mg' is neither a date nor a date with a dose (allowed:"
                                     " DATE or DATE:MG, as in 2026-12-01:350mg)")),
    ("given", "2026-12-01:", ("`given` '2026-12-01:' has no dose after the colon (allowed: DATE or DATE:MG, as in"
                              " 2026-12-01:350mg)")),
    ("given", "2026-12-01T08:00", ("`given` '2026-12-01T08' is not a date (must be YYYY-MM-DD or today); it has a time:"
                                   " write the date alone")),
    ("given", [(START, 350)], ("`given` '('2026-12-01', 350)' is a tuple (allowed: text or a date); write each as DATE"
                               " or DATE:MG, as in 2026-12-01:350mg")),
    ("given", "2026-13-01", ("`given` '2026-13-01' does not exist as a date (must be YYYY-MM-DD or today); check the"
                            " day and the month")),
    ("for_", 12, ("`for_` '12' has no unit (allowed: a whole number of days, weeks, months or years, as in 14d, 8w, 6m"
                 " or 2y)")),
    ("dose", 10, "`dose` '10' has no unit (allowed: a number with mg/kg, mg/m2 or mg, as in 5mg/kg)"),
    ("dose", None, "`dose` is missing (None) (allowed: text, or a list of texts)"),
    ("every", {"maintenance": "8w"}, ("`every` '{'maintenance': '8w'}' is a dict (allowed: text, or a list of texts);"
                                     " write each entry as text, NAME=VALUE")),
    ("doses", 2.5, "`doses` '2.5' is not a whole number above zero (allowed: as in 8)"),
    ("label", b"us", "`label` 'b'us'' is a bytes (allowed: text)"),
    ("label", True, "`label` 'True' is a bool (allowed: text)"),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("name", "value", "says"), WRONG, ids=[f"{name}: {value}" for name, value, _ in WRONG])
def test_an_option_of_another_type_is_refused_with_what_is_allowed(name, value, says):
    with pytest.raises(BadInput) as refused:
        course(**{name: value})
    assert (str(refused.value), refused.value.field) == (says, name)


PATIENTS = [
    ("weight", {"weight": float("nan")}, "`weight` is missing (nan) (allowed: text or a number, or a list of texts)"),
    ("weight", {"weight": None}, "`weight` is missing (None) (allowed: text or a number, or a list of texts)"),
    ("weight", {"weight": {START: 70}}, ("`weight` '{'2026-12-01': 70}' is a dict (allowed: text, or a list of texts);"
                                        " write each entry as text, NAME=VALUE")),
    ("height", {"weight": 70, "height": [175]}, "`height` '[175]' is a list (allowed: text or a number)"),
    ("born", {"weight": 70, "born": 19900101}, "date of birth '19900101' is not a date (must be YYYY-MM-DD or today)"),
    ("id", {"weight": 70, "id": ["a"]}, "`id` '['a']' is a list (allowed: text or a whole number)"),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("field", "given", "says"), PATIENTS, ids=[f"{given}" for _, given, _ in PATIENTS])
def test_an_argument_of_a_patient_of_another_type_is_refused(field, given, says):
    with pytest.raises(BadInput) as refused:
        Patient.of(**given)
    assert (str(refused.value), refused.value.field) == (says, field)


OTHERS = [
    ("table", lambda: make_course("site.yaml", "infliximab", "crohns", Patient.of(70)),
     "`table` 'site.yaml' is a str (allowed: a Table); read it first: load_table() or load_table(FILE)"),
    ("table", lambda: make_course(None, "infliximab", "crohns", Patient.of(70)),
     "`table` is missing (allowed: a Table); read it first: load_table() or load_table(FILE)"),
    ("patient", lambda: make_course(table(), "infliximab", "crohns", {"weight": 70}),
     "`patient` '{'weight': 70}' is a dict (allowed: a Patient); make one first: Patient.of(...)"),
    ("choices", lambda: course(choices=3),
     "`choices` '3' is an int (allowed: a Choices); give options by their names, as in start='2026-12-01'"),
    ("indication", lambda: make_course(table(), "infliximab", None, Patient.of(70)),
     "`indication` is missing (None) (allowed: text)"),
    ("drug", lambda: make_course(table(), 5, "crohns", Patient.of(70)),
     "drug '5' is not known (allowed: infliximab, rituximab); no similar name"),
    ("regimens", lambda: load_table({}),
     "regimen table '{}' is not the name of a file (allowed: the path of a YAML file)"),
    ("table", lambda: expand(pl.DataFrame(), table="site.yaml"),
     "`table` 'site.yaml' is a str (allowed: a Table); read it first: load_table(FILE)"),
    ("start", lambda: expand(pl.DataFrame(), start=HALF_PAST_NINE),
     "`start` '2026-12-01 09:30:00' is a date with a time (allowed: text or a date); give the date alone"),
    ("drug", lambda: expand(pl.DataFrame(), drug=None), "`drug` is missing (None) (allowed: text)"),
]  # set in rows # fmt: skip


@pytest.mark.parametrize(("field", "call", "says"), OTHERS, ids=[says[:40] for _, _, says in OTHERS])
def test_another_argument_of_another_type_is_refused(field, call, says):
    with pytest.raises(BadInput) as refused:
        call()
    assert (str(refused.value), refused.value.field) == (says, field)


ODD = (None, True, 3, 2.5, float("nan"), b"x", [], [None], [[1]], {"a": 1}, {3}, object(), Decimal("7.5"),
       dt.date(2026, 12, 1), HALF_PAST_NINE, dt.time(9), range(2), lambda: 1, "", "x")  # set in rows # fmt: skip


def outcome(call):
    """What an odd value comes to: nothing, or the field of its refusal; all else is a bug."""
    try:
        call()
    except BadInput as error:
        return error.field
    return None


@pytest.mark.parametrize("name", [*CourseOptions.__annotations__, *OF_PATIENT])
def test_no_value_of_any_argument_ends_in_another_error(name):
    for value in ODD:
        if name in OF_PATIENT:
            found = outcome(lambda value=value: Patient.of(**({"weight": 70} | {name: value})))
        else:
            also = {} if name in ("start", "given", "history") else {"start": START}
            found = outcome(lambda value=value, also=also: course(**also, **{name: value}))
        assert found in (None, name), value


def test_a_midnight_is_its_date():
    assert course(start=dt.datetime(2026, 12, 1)) == course(start="2026-12-01")  # noqa: DTZ001 - as a frame has it


def test_dates_and_numbers_of_a_frame_are_taken():
    pandas = pytest.importorskip("pandas", reason="needs the package pandas")
    plain = course(start=START, doses=3)
    frame = pandas.DataFrame({"start": pandas.to_datetime([START]), "doses": [3.0], "id": [7.0], "weight": [70]})
    row = frame.iloc[0]
    assert course(start=row["start"], doses=row["doses"]) == plain
    assert course(start=frame["start"].to_numpy()[0].astype("M8[D]"), doses=frame["weight"].clip(3, 3)[0]) == plain
    assert course(given=frame["start"], doses=3) == course(given=START, doses=3)
    assert course(given=(START,), doses=3) == course(given=START, doses=3)
    assert Patient.of(row["weight"], id=row["id"]) == Patient.of(70, id="7")
    with pytest.raises(BadInput, match=r"^`start` is missing \(NaT\)"):
        course(start=pandas.NaT)
    with pytest.raises(BadInput, match=r"^`start` is missing \(<NA>\)"):
        course(start=pandas.NA)


def test_choices_that_were_read_are_taken_alone():
    choices = Choices.of(start=START, doses=2)
    assert course(choices=choices) == course(start=START, doses=2)
    with pytest.raises(BadInput, match=r"^options 'start' cannot be combined with `choices`; give one of the two$"):
        course(choices=choices, start=START)


def test_the_options_of_a_cohort_are_those_of_a_course_and_its_own():
    own = {"given", "history"}  # a cohort has those of its patients in frames or files of their own
    assert CourseOptions.__annotations__.keys() - own <= CohortOptions.__annotations__.keys()
    assert {"given", "weights"} <= CohortOptions.__annotations__.keys()


# --- a course shows itself -------------------------------------------------------------------------------------


def test_a_course_in_a_few_lines():
    assert repr(course(start=START)) == (
        "Course(infliximab/crohns, us label, Remicade\n  weight 70 kg, dose 350 mg\n"
        "  start 2026-12-01, 8 infusions, 2026-12-01 to 2027-10-19\n"
        "  conditions: none entered, so contraindications were not checked\n  nothing blocks; no cautions)"
    )
    assert repr(course(has="active-tb", dose="10mg/kg", label="eu")) == (
        "Course(infliximab/crohns, eu label, Remicade\n  weight 70 kg, doses 350 mg, 700 mg\n"
        "  no dates: no start was given\n  conditions: active-tb entered, no other was checked\n"
        "  blocked by contraindicated:active-tb; 1 caution)"
    )
    low = make_course(table(), "rituximab", "aiha", Patient.of(70, height=175), variant="low-dose")
    assert repr(low).startswith("Course(rituximab/aiha, low-dose, us label, Rituxan\n")


def test_a_table_shows_its_version_its_hash_and_the_site_s_file(tmp_path):
    shown = repr(table())
    assert shown == f"Table(version {table().version}, sha256 {table().files[0].sha256[:12]}...)"
    site = tmp_path / "site.yaml"
    site.write_text("house: {bags: {stocked: [250 mL, 500 mL], from: 10 mL, to: 3000 mL, source: house}}\n", "utf-8")
    assert repr(load_table(site)) == f"{shown[:-1]}, with {site})"


def test_an_unknown_condition_says_where_those_of_the_drug_are():
    with pytest.raises(UnknownName, match=r"; for the names see: infusecalc info rituximab; a condition that is not"):
        make_course(table(), "Rituxan", "ra", Patient.of(70), has="nonsense")


def test_a_course_shows_itself_wherever_it_was_imported_from():
    code = (
        "from infusecalc.course import make_course; from infusecalc.patient import Patient; from infusecalc.table"
        " import load_table; print(make_course(load_table(), 'infliximab', 'crohns', Patient.of('70kg')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Course(infliximab/crohns, us label, Remicade\n")


def test_a_course_stays_short_however_much_blocks():
    conditions = [
        "active-tb", "active-infection", "hepatitis-b-active", "drug-hypersensitivity", "murine-allergy",
        "heart-failure-nyha-3", "heart-failure-nyha-4", "severely-immunocompromised", "other-biologic", "pregnancy",
        "live-vaccine", "uncontrolled-heart-disease",
    ]  # set in rows # fmt: skip
    weights = [f"{dt.date(2026, 12, 1) + dt.timedelta(days=28 * step)}={60 + step}kg" for step in range(26)]
    patient = Patient.of(weights, age=3, id="x" * 500)
    long = make_course(
        table(), "infliximab", "ra", patient, start=START, for_="2y", has=conditions, dose="20mg/kg", every="2w",
    )  # set in rows # fmt: skip
    assert len(long.infusions) > 40
    assert len(repr(long)) <= 1500
    assert "blocked by " in repr(long)
    assert re.search(r" and [0-9]+ more; [0-9]+ cautions\)$", repr(long)) or len(long.blocks) <= 8


def test_a_notebook_shows_the_page_of_a_course():
    page = course(start=START)._repr_html_()
    assert page.startswith("<h1>")
    assert "<html" not in page
    assert "<style" not in page
    assert page.count("<section") == page.count("</section>") > 2
    assert "Tuesday 19 October 2027" in page
    assert "<footer>" in page


@pytest.mark.parametrize(
    "options",
    [
        {"start": START}, {}, {"start": START, "given": "2026-12-01:350mg", "days": "mon-fri", "tolerance": "3d"},
        {"start": START, "price": "100mg=174.63"}, {"start": START, "given": "2026-12-01"},
    ],
    ids=["dated", "without dates", "with a history", "with prices", "with a history without a dose"],
)  # set in rows # fmt: skip
def test_a_course_becomes_a_frame(options):
    made = course(**options)
    frame = made.to_frame()
    assert frame.columns == list(columns(made))
    for name in ("date", "planned_date"):
        if name in frame.columns:
            assert frame.schema[name] == pl.Date
            frame = frame.with_columns(pl.col(name).dt.to_string("%Y-%m-%d"))
    assert frame.to_dicts() == list(records(made))


def test_the_frame_of_a_course_is_its_row_of_a_cohort():
    frame = pl.DataFrame({"patient_id": ["a"], "drug": ["infliximab"], "indication": ["crohns"], "weight_kg": [70.0],
                          "start": [dt.date(2026, 12, 1)]})  # set in rows # fmt: skip
    one = make_course(table(), "infliximab", "crohns", Patient.of("70kg", id="a"), start=START)
    assert one.to_frame().equals(expand(frame))


def test_a_frame_without_polars_is_refused_with_what_to_install(tmp_path):
    (tmp_path / "polars.py").write_text("raise ImportError('no polars')\n", encoding="utf-8")
    code = (
        "import importlib.util, sys\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'polars' else real(name, *more)\n"
        "from infusecalc import Patient, load_table, make_course\n"
        "made = make_course(load_table(), 'infliximab', 'crohns', Patient.of('70kg'))\n"
        "try:\n    made.to_frame()\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtra a cohort needs Polars; install it with: python -m pip install")


# --- frames of other kinds -------------------------------------------------------------------------------------

COHORT = {
    "patient_id": ["a", "b", "c"],
    "drug": ["infliximab", "rituximab", "aspirin"],
    "indication": ["crohns", "ra", "crohns"],
    "weight_kg": [70.0, 80.5, 70.0],
    "start": ["2026-12-01"] * 3,
}


def test_a_pandas_frame_gives_a_pandas_frame():
    pandas = pytest.importorskip("pandas", reason="needs the package pandas")
    pytest.importorskip("pyarrow", reason="needs the package pyarrow")
    frame = pandas.DataFrame(COHORT)
    with pytest.warns(RejectedRows):
        plan = expand(frame)
    assert type(plan) is pandas.DataFrame
    assert list(plan["patient_id"]) == ["a"] * 8 + ["b"] * 6
    assert str(plan["date"].iloc[0])[:10] == START
    bad = rejects(frame)
    assert type(bad) is pandas.DataFrame
    assert list(bad["code"]) == ["unknown"]


def test_a_pyarrow_table_gives_a_pyarrow_table():
    pyarrow = pytest.importorskip("pyarrow", reason="needs the package pyarrow")
    frame = pyarrow.table(COHORT)
    with pytest.warns(RejectedRows):
        plan = expand(frame)
    assert isinstance(plan, pyarrow.Table)
    assert plan.num_rows == 14
    assert isinstance(rejects(frame), pyarrow.Table)


def test_a_result_is_of_the_kind_that_was_given():
    class Result:
        def to_pandas(self):
            return "pandas"

        def to_arrow(self):
            return "pyarrow"

    result = Result()
    for module, wanted in {"pandas.core.frame": "pandas", "pyarrow.lib": "pyarrow", "duckdb": result}.items():
        frame = type("Frame", (), {"__module__": module})()
        assert like(result, frame) == wanted


# --- the page of examples --------------------------------------------------------------------------------------


def blocks():
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_of_the_library_run(tmp_path, monkeypatch):
    """Each example goes on from the one before, as in a notebook; what stands behind `# ` on a last line is checked."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    wrong = []
    for block in blocks():
        for source, expected in examples(block):
            if expected is None:
                exec(source, names)  # noqa: S102 - the examples of our own page
            elif (found := str(eval(source, names))) != expected:  # noqa: S307 - the same
                wrong.append((source, expected, found))
    assert wrong == []
    assert len(blocks()) >= 9


def examples(block):
    """The statements of a block, and its expressions with what they come to: `EXPRESSION  # RESULT`."""
    pending = []
    for line in block.splitlines():
        found = re.fullmatch(r"([^#\s][^#]*?)  # (.+)", line)
        if found:
            yield "\n".join(pending), None
            pending = []
            yield found[1], found[2]
        else:
            pending.append(line)
    yield "\n".join(pending), None


def test_an_example_that_is_wrong_is_seen():
    assert list(examples("x = 1\nx + 1  # 2")) == [("x = 1", None), ("x + 1", "2"), ("", None)]


def test_the_readme_names_the_page():
    assert "docs/library.md" in (HERE.parent / "README.md").read_text(encoding="utf-8")


# --- what the page says of options and errors -------------------------------------------------------------------

PAGE = DOCS.read_text(encoding="utf-8")
UNDATED = re.findall("`([a-z_]+)`", PAGE.partition("about dates alone (")[2].partition(")")[0])
LISTS = re.findall("`([a-z_]+)`", PAGE.partition("where a list may stand (")[2].partition(")")[0])
VALUES = {"doses": 3, "courses": 2, "weight_change": 5, "for_": "1y", "maintenance_start": "20w", "anchor": "planned",
          "days": "mon-fri", "holidays": "US", "tolerance": "3d", "price": "100mg=2", "from_": "maintenance",
          "dose": "6mg/kg", "every": "6w", "round_": "vial", "round_within": 5, "bag": 250, "protocol": "steps-250",
          "turnover": 5, "has": "pregnancy", "done": "tuberculosis", "label": "eu", "product": "Inflectra",
          "variant": None, "start": None, "history": None, "given": [], "accept": [], "until": "2027-01-01",
          "on": START}  # set in rows # fmt: skip


def refused_field(**options):
    """The field of the refusal of a course; nothing where it is none."""
    try:
        course(**options)
    except BadInput as error:
        return error.field
    return ""


@pytest.mark.parametrize("name", CourseOptions.__annotations__)
def test_without_dates_exactly_the_options_are_refused_that_the_page_lists(name):
    assert refused_field(**{name: VALUES[name]}) == (name if name in UNDATED else "")


@pytest.mark.parametrize("name", CourseOptions.__annotations__)
def test_none_is_refused_exactly_where_the_page_says_so(name):
    assert refused_field(**{name: None}) == (name if name in {*LISTS, "round_"} else "")


def test_a_course_of_what_was_given_alone_has_dates_and_one_without_either_has_none():
    begun = course(given="2026-12-04:350mg")
    assert begun.plan is not None
    assert len(begun.infusions) == 8
    assert (course().plan, course().infusions) == (None, ())


@pytest.mark.parametrize("option", ["given", "weights"])
def test_a_column_of_lines_that_has_a_wrong_type_is_told_as_one_of_them(option):
    """Of the cohort's own columns none is: there `field` is None, and `value` the column."""
    cohort = pl.DataFrame({"patient_id": ["a"], "drug": ["infliximab"], "indication": ["crohns"], "weight_kg": [70.0],
                           "start": [START]})  # set in rows # fmt: skip
    value = {"given": "dose_mg", "weights": "weight_kg"}[option]
    lines = pl.DataFrame({"patient_id": ["a"], "date": [1.5], value: [70]})
    with pytest.raises(BadInput) as refused:
        expand(cohort, **{option: lines})
    assert (refused.value.field, refused.value.value) == (option, "date")
    assert str(refused.value).startswith(f"column of `{option}` 'date' has the type Float64 (allowed: dates")
    with pytest.raises(BadInput) as refused:
        expand(cohort.with_columns(start=pl.lit(1.5)))
    assert (refused.value.field, refused.value.what, refused.value.value) == (None, "column", "start")


def test_an_unknown_argument_of_a_patient_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'has'"):
        Patient.of(70, has="chf")
