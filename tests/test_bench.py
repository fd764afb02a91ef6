"""What a setting keeps for the next patient hangs on all that it was made of, and grows no further than so much."""

from __future__ import annotations

import polars as pl
import pytest

from infusecalc import phase_dose
from infusecalc.choices import Choices
from infusecalc.cohort import singles
from infusecalc.cohort.expansion import Expansion
from infusecalc.course import course_in
from infusecalc.errors import BadInput
from infusecalc.patient import Patient
from infusecalc.phase_dose import check_plan, dose_plan
from infusecalc.plan import make_plan
from infusecalc.pump import Load, Rates, run_time
from infusecalc.setting import setting_of
from support import table

GPA = ("rituximab", "gpa", Choices.of(start="2026-12-01", for_="1y"))  # 4 x 375 mg/m2, then 500 mg each
CROHNS = ("infliximab", "crohns", Choices.of(start="2026-12-01", protocol="rapid-250", round_="vial"))
PATIENTS = [
    Patient.of("70kg", height="175", age="40"),
    Patient.of("70kg", height="160", age="40"),  # the same weight, another BSA
    Patient.of("80kg", bsa="1.84", age="40"),  # another weight, the BSA of the first: sqrt(175 x 70 / 3600) = 1.84
    Patient.of(["70kg", "2026-12-10=90kg"], height="175", age="40"),
    Patient.of("70kg", height="175", bsa_cap="1.5", age="40"),
]


def courses(asked):
    """The courses of the patients, one after the other in one setting."""
    drug, indication, choices = asked
    setting = setting_of(table(), drug, indication, choices)
    made = [course_in(setting, patient, choices) for patient in (*PATIENTS, *reversed(PATIENTS))]
    return [(each.phases, each.infusions, each.findings) for each in made]


@pytest.mark.parametrize("most", [10_000, 1, 2])
@pytest.mark.parametrize("asked", [GPA, CROHNS], ids=["by BSA", "by weight"])
def test_patients_of_one_setting_are_dosed_as_where_nothing_is_kept(asked, most, monkeypatch):
    monkeypatch.setattr(phase_dose, "_MOST", most)
    kept = courses(asked)
    monkeypatch.setattr(phase_dose, "_keep", lambda known, key, value: value)  # noqa: ARG005 - as the real one
    assert kept == courses(asked)


def test_a_patient_without_a_bsa_is_refused_after_one_of_the_same_weight_who_has_one():
    drug, indication, choices = GPA
    setting = setting_of(table(), drug, indication, choices)
    course_in(setting, PATIENTS[0], choices)
    with pytest.raises(BadInput, match="body surface area"):
        course_in(setting, Patient.of("70kg", age="40"), choices)


def test_no_more_than_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(phase_dose, "_MOST", 3)
    drug, indication, choices = GPA
    bench = setting_of(table(), drug, indication, choices).bench
    for weight in range(60, 80):
        bench.dose("induction", Patient.of(f"{weight}kg", bsa="1.8"))
    assert max(len(kept) for kept in vars(bench).values() if isinstance(kept, dict)) <= 3


def test_a_time_hangs_on_dose_weight_and_rates():
    bench = setting_of(table(), *GPA).bench
    rates = [Rates(None, table().get("titrations", name)) for name in table().names("titrations")]
    loads = [(70000, 7000), (60000, 7000), (70000, 3500)]
    met = set()
    for each in rates:
        for dose, weight in loads:
            load = Load(dose, each.titration.bag or 500, weight)
            assert bench.time(load, each) == run_time(load, each)
            met.add((dose, weight, bench.time(load, each)))
    assert len(met) > len(loads)


def test_rates_of_one_bag_are_refused_for_another_after_they_were_used():
    bench = setting_of(table(), *GPA).bench
    rises = (table().get("titrations", name) for name in table().names("titrations"))
    rates = next(Rates(None, rise) for rise in rises if rise.bag)
    bench.time(Load(70000, rates.titration.bag, 7000), rates)
    with pytest.raises(BadInput, match="bag"):
        bench.time(Load(70000, rates.titration.bag * 2, 7000), rates)


START = "2026-12-01"
GRANULOMA, CROHN = ("rituximab", "gpa"), ("infliximab", "crohns")
REFUSED = {
    "a BSA that is missing": (GRANULOMA, {}, ["70kg"], "height is missing"),
    "a BSA that is missing before too much": (
        GRANULOMA, {"dose": "maintenance=9000000 mg"}, ["70kg"], "height is missing",
    ),
    "a dose of nothing": (CROHN, {"dose": "0.001 mg/kg"}, ["1.4kg"], "less than 0.01 mg"),
    "too much": (CROHN, {"dose": "90000 mg/kg"}, ["70kg"], "more than"),
    "too much in one phase": (CROHN, {"dose": "induction=90000 mg/kg"}, ["70kg"], "more than"),
    "a bag that is not taken": (CROHN, {"bag": "50000"}, ["70kg"], "'50000 mL' is out of range"),
    "a bag that is not the protocol's": (CROHN, {"protocol": "rapid-250", "bag": "500"}, ["70kg"], "not the bag of"),
    "a weight from a later day": (CROHN, {}, ["2026-12-02=70kg"], "missing for that day"),
    "a later weight that comes to too much": (
        CROHN, {"dose": "maintenance=9000 mg/kg"}, ["2026-12-01=30kg", "2027-02-01=200kg"], "more than",
    ),
}  # set in rows # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_plan_is_refused_before_it_is_made_up_as_where_it_is(name):
    names, options, weights, message = REFUSED[name]
    patient, choices = Patient.of(weights), Choices.of(start=START, **options)
    setting = setting_of(table(), *names, choices)
    plan = make_plan(setting.ordered, choices, setting.house)
    with pytest.raises(BadInput, match=message) as made_up:
        dose_plan(plan, patient, setting.bench)
    with pytest.raises(BadInput, match=message) as checked:
        check_plan(plan, patient, setting.bench)
    assert str(checked.value) == str(made_up.value)


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_plan_that_can_be_made_up_is_not_refused(patient):
    for drug, indication, choices in (GPA, CROHNS):
        setting = setting_of(table(), drug, indication, choices)
        check_plan(make_plan(setting.ordered, choices, setting.house), patient, setting.bench)


def test_orders_of_rows_are_kept_up_to_so_many_and_read_again(monkeypatch):
    rows = [("a", "6w"), ("b", "5w"), ("c", None), ("d", "6w"), ("e", "5w")]
    frame = pl.DataFrame(
        [["infliximab", "crohns", id_, 70, START, every] for id_, every in rows],
        schema=["drug", "indication", "patient_id", "weight_kg", "start", "every"],
        orient="row",
    )
    kept, _ = Expansion(table()).expand(frame)
    alone = [Expansion(table()).expand(frame[place])[0] for place in range(len(rows))]
    assert kept.drop("place").equals(pl.concat(alone).drop("place"))
    monkeypatch.setattr(singles, "_MOST", 1)
    expansion = Expansion(table())
    assert expansion.expand(frame)[0].equals(kept)
    assert kept.height > len(rows)
    assert len(vars(vars(expansion)["_singles"])["_known"]) == 1
