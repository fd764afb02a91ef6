"""Cohorts by columns give what single patients get, for every carrier."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from benchmarks.cohort_equality import OPTIONS, differences, rows
from infusecalc import InfusecalcError, Patient, make_course
from infusecalc.bsa import BSA_FORMULAS, body_surface
from infusecalc.cohort import RejectedRows, expand, rejects
from infusecalc.cohort.breakpoints import Makeup, makeups
from infusecalc.cohort.expansion import Expansion
from infusecalc.cohort.finding_bits import Slot, places_about
from infusecalc.cohort.frames import Frame, lazily
from infusecalc.cohort.memo import Known
from infusecalc.cohort.surfaces import areas
from infusecalc.errors import MissingExtra
from infusecalc.findings import Finding
from infusecalc.output.records import COLUMNS, records
from infusecalc.quantities import parse_weight
from infusecalc.statements import Vials
from infusecalc.table import load_table
from strategies import ADULT, cm, examples, heights, kg, roundings, starts, weights
from support import HERE, START, Streaming, slow, table

pytestmark = pytest.mark.usefixtures("seen_in_engine_threads")

FRAME = pl.DataFrame(
    {
        "patient_id": ["1", "2", "3"],
        "drug": ["infliximab", "rituximab", "rituximab"],
        "indication": ["crohns", "gpa", "ra"],
        "weight_kg": [70.0, 70.255, 154.0],
        "height_cm": [None, 175.0, None],
        "start": [dt.date(2026, 12, 1)] * 3,
    }
)


# --- the single patient, field by field ------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [30, slow(125)])  # more than 5,000 in all
@pytest.mark.parametrize("place", range(len(OPTIONS)), ids=[str(options) for options in OPTIONS])
def test_every_row_gets_what_the_single_patient_gets(place: int, many: int) -> None:
    listed = list(rows(many, 1000 + place, table()))
    assert list(differences(listed, OPTIONS[place], table())) == []


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    regimen=st.sampled_from(ADULT),
    weight=weights,
    height=heights,
    start=starts,
    how=roundings,
    formula=st.sampled_from(BSA_FORMULAS),
    label=st.sampled_from(["us", "eu"]),
)
def test_a_random_row_gets_what_the_single_patient_gets(
    regimen: str, weight: int, height: int, start: dt.date, how: str, formula: str, label: str
) -> None:
    drug, indication = regimen.split("/")
    row = {
        "drug": drug,
        "indication": indication,
        "weight_kg": kg(weight),
        "height_cm": cm(height),
        "start": start,
        "label": label,
    }
    try:
        patient = Patient.of(kg(weight), height=cm(height), bsa_formula=formula)
        course = make_course(table(), drug, indication, patient, start=start, round_=how, label=label)
        wanted = [each | {"date": dt.date.fromisoformat(each["date"])} for each in records(course)]
    except InfusecalcError:
        wanted = []
    infusions, bad = Expansion(table(), round_=how, bsa_formula=formula).expand(pl.DataFrame([row]))
    assert infusions.drop("place").to_dicts() == wanted
    assert bad.height == (0 if wanted else 1)


@pytest.mark.parametrize("formula", BSA_FORMULAS)
def test_a_surface_by_columns_is_that_of_the_single_patient(formula: str) -> None:
    sizes = [(weight, height) for weight in range(50, 50_001, 777) for height in range(300, 2501, 71)]
    weights_, heights_ = zip(*sizes, strict=True)
    found = areas(formula, pl.Series(weights_), pl.Series(heights_)).to_list()
    assert found == [body_surface(formula, *size) for size in sizes]


def test_a_surface_that_one_double_would_decide_is_asked_of_the_single_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every area close to a limit, all of them are asked one by one, and are the same."""
    monkeypatch.setattr("infusecalc.cohort.surfaces._NEAR", 0.01)
    found = areas("dubois", pl.Series([7000, None, 8000]), pl.Series([1750, 1750, 1800])).to_list()
    assert found == [body_surface("dubois", 7000, 1750), None, body_surface("dubois", 8000, 1800)]


def test_a_sites_own_regimen_reaches_a_cohort_and_is_marked(tmp_path: Path) -> None:
    local = tmp_path / "local.yaml"
    local.write_text(
        "sources: {site: {title: Site, publisher: Site, date: unknown, section: unknown, url: unknown, grade: house}}\n"
        "house: {bags: {stocked: [250 mL, 500 mL], from: 50 mL, to: 1000 mL, source: site}}\n",
        encoding="utf-8",
    )
    infusions = expand(FRAME.head(1), table=load_table(local))
    assert infusions["findings"].str.contains("local:house/bags").all()


@pytest.mark.parametrize(("protocol", "bags"), [(None, {500}), ("ra-120", {250})])
def test_the_own_bag_of_a_protocol_reaches_a_cohort(protocol: str | None, bags: set[int]) -> None:
    frame = FRAME.head(1).with_columns(drug=pl.lit("rituximab"), indication=pl.lit("ra"), label=pl.lit("eu"))
    found = expand(frame, protocol=protocol)
    [row] = frame.to_dicts()
    course = make_course(
        table(), "rituximab", "ra", Patient.of(str(row["weight_kg"])), start=row["start"], label="eu", protocol=protocol
    )
    assert set(found["bag_ml"]) == bags
    assert found["bag_ml"].to_list() == [each["bag_ml"] for each in records(course)]
    assert found["duration_min"].to_list() == [each["duration_min"] for each in records(course)]


@pytest.mark.parametrize(("bag", "fits"), [("34", False), ("35", True)])
def test_drug_that_is_more_than_the_bag_holds_does_not_fit_it(bag: str, fits: bool) -> None:
    # 5 mg/kg x 70 kg = 350 mg, 35 mL at 10 mg/mL
    found = expand(FRAME.head(1), bag=bag)
    assert set(found["findings"].str.contains("bag-too-small")) == {not fits}
    assert found["findings"].str.contains("concentration-high").all()


def test_the_small_bags_of_a_site_are_too_small_for_a_cohort_as_well() -> None:
    frame = FRAME.head(2).with_columns(weight_kg=pl.Series([100.0, 100.01]), drug=pl.lit("infliximab"))
    found = expand(frame.with_columns(indication=pl.lit("crohns")), table=load_table(HERE / "tables/small_bags.yaml"))
    assert set(found["bag_ml"]) == {50}
    full, over = (found.filter(pl.col("patient_id") == number)["findings"] for number in ("1", "2"))
    assert not full.str.contains("bag-too-small").any()  # 500 mg are 50 mL
    assert over.str.contains("bag-too-small").all()  # 500.05 mg are 50.005 mL


def test_a_drug_with_a_limit_above_its_vials_is_made_up_as_for_the_single_patient() -> None:
    made_up = load_table(HERE / "tables" / "findings.yaml")
    listed = [row | {"drug": "findumab", "indication": "hiccups", "product": None} for row in rows(150, 8, table())]
    listed += [listed[0] | {"weight_kg": kg, "height_cm": None} for kg in ("250", "250.01", "312.5", "312.51")]
    for options in ({}, {"bag": "79"}):
        assert list(differences(listed, options, made_up)) == []


def test_vials_of_another_strength_fill_bags_with_another_dose() -> None:
    # 12.5 mg/mL at most; 1,000 mg are 100 mL at 10 mg/mL and 50 mL at 20 mg/mL
    made_up, found = load_table(HERE / "tables" / "findings.yaml"), makeups()
    rules, product = made_up.regimen("findumab", "hiccups", "us").drug_rules, made_up.product("findorix", "us")[1]
    for strength, bags in ((10_000, [100, 250, 250]), (20_000, [100, 100, 250])):
        vials = Vials((30_000,), strength, ())
        makeup = Makeup(product.but(vials=vials), rules, made_up.house().bags, 1000, None, ())
        places = pl.Series([found.place(makeup.key, makeup)] * 3)
        assert found.look_up(places, pl.Series([100_000, 100_001, 125_001]))["bag"].to_list() == bags


def test_a_bag_that_is_too_small_is_accepted_for_no_cohort() -> None:
    with pytest.raises(InfusecalcError, match="`accept` 'bag-too-small' cannot be accepted: what does not fit"):
        expand(FRAME, accept="bag-too-small=agreed")


def test_a_finding_about_no_infusion_of_the_course_is_about_every_one() -> None:
    found = expand(FRAME.slice(1, 1), maintenance_start="15w", doses="4")
    assert found["findings"].str.starts_with("start-outside-window;").all()
    slot = Slot(0, False, Finding("companion", "", (), infusions=(99,)))
    assert places_about((slot,), 1, range(1, 9)) == (0,)
    assert places_about((slot,), 1, range(1, 100)) == ()


# --- carriers -----------------------------------------------------------------------------------------------------


def test_an_eager_frame_gives_the_columns_of_schedule_with_their_types() -> None:
    found = expand(FRAME)
    assert found.columns == list(COLUMNS)
    kinds = {pl.String, pl.Int64, pl.Float64, pl.Date, pl.Boolean}
    assert set(found.dtypes) == kinds
    assert found.filter(number=1)["date"].to_list() == [dt.date(2026, 12, 1)] * 3


def test_a_lazy_frame_gives_a_lazy_frame_of_the_same() -> None:
    found = expand(FRAME.lazy())
    assert isinstance(found, pl.LazyFrame)
    assert_frame_equal(found.collect(), expand(FRAME))
    picked = found.filter(pl.col("number") == 2).select("patient_id", "date").head(2)
    assert picked.collect().to_dicts() == [
        {"patient_id": "1", "date": dt.date(2026, 12, 15)},
        {"patient_id": "2", "date": dt.date(2026, 12, 8)},
    ]
    assert found.head(3).collect().height == 3


def test_a_lazy_frame_is_read_as_far_as_it_is_asked_for() -> None:
    whole = expand(FRAME)
    work = Frame(tuple(FRAME.columns), None, {}, keep_extra=False)
    [found] = lazily(FRAME.lazy(), work, ["patient_id", "number"], pl.col("number") > 1, 3)
    assert_frame_equal(found, whole.head(3).filter(pl.col("number") > 1).select("patient_id", "number"))
    [found] = lazily(FRAME.lazy(), Frame(tuple(FRAME.columns), None, {}, keep_extra=False), most=10**6)
    assert_frame_equal(found, whole)


def test_names_with_typographic_marks_are_those_of_the_single_patient() -> None:
    typed = FRAME.with_columns(
        drug=pl.Series(["Inflectra\u00ae", "RITUXIMAB\u2011abbs", "\u201crituximab\u201d"]),
        indication=pl.Series(["Crohn\u2019s\u00a0disease", "GPA", "Rheumatoid\u2013Arthritis"]),
    )
    plain = FRAME.with_columns(
        drug=pl.Series(["inflectra", "rituximab-abbs", "rituximab"]), indication=pl.Series(["crohns", "gpa", "ra"])
    )
    assert_frame_equal(expand(typed, label="US", round_="Vial"), expand(plain, label="us", round_="vial"))
    with pytest.warns(RejectedRows):
        expand(FRAME.with_columns(weight_kg=pl.Series(["70\u2011kg", "70", "70"])))
    [reason] = rejects(FRAME.with_columns(weight_kg=pl.Series(["70\u2011kg", "70", "70"])))["reason"]
    assert reason.startswith("weight has characters that are not plain ASCII (allowed: ")


def test_a_variant_that_is_known_is_not_made_again() -> None:
    expansion = Expansion(table())
    first, _ = expansion.expand(FRAME)
    again, _ = expansion.expand(FRAME)
    assert_frame_equal(first, again)
    assert expansion.tally.infusions == 2 * first.height


def test_extra_columns_stay_with_their_patients() -> None:
    with_ward = FRAME.with_columns(ward=pl.Series([5, 6, 7]))
    found = expand(with_ward, keep_extra=True)
    assert found.columns == [*COLUMNS, "ward"]
    assert found.group_by("patient_id", maintain_order=True).agg(pl.col("ward").unique())["ward"].to_list() == [
        [5],
        [6],
        [7],
    ]
    assert_frame_equal(expand(with_ward.lazy(), keep_extra=True).collect(), found)
    with pytest.raises(InfusecalcError, match="column 'ward' is not known"):
        expand(with_ward)


def test_a_column_that_no_frame_of_ours_can_hold_is_refused() -> None:
    class Odd:
        """A frame that hands out what cannot be read."""

        def __init__(self, error: type[BaseException]) -> None:
            self.error = error

        def __arrow_c_stream__(self, _: object = None) -> object:
            raise self.error("no such type `Int256`. Hint: none")

    for error in (pl.exceptions.PanicException, pl.exceptions.ComputeError):
        said = "frame 'Odd' has a column of a type that cannot be used: no such type `Int256` .allowed: texts, numbers"
        with pytest.raises(InfusecalcError, match=said):
            expand(Odd(error))


def test_a_frame_that_needs_a_package_for_its_arrow_stream_names_the_extra() -> None:
    class Lacking:
        """A frame of pandas where there is no PyArrow."""

        def __arrow_c_stream__(self, _: object = None) -> object:
            message = "Missing optional dependency 'pyarrow'"
            raise ImportError(message)

    Lacking.__module__ = "pandas.core.frame"
    with pytest.raises(MissingExtra, match=r"^a frame of pandas needs PyArrow; install .*'infusecalc\[frames\]'"):
        expand(Lacking())


def test_categories_are_read_as_texts() -> None:
    texts = FRAME.with_columns(pl.col("weight_kg", "start").cast(pl.String))
    assert_frame_equal(expand(texts.with_columns(pl.col(pl.String).cast(pl.Categorical))), expand(FRAME))
    kinds = texts.with_columns(pl.col("weight_kg").cast(pl.Enum(["70.0", "70.255", "154.0"])))
    assert_frame_equal(expand(kinds), expand(FRAME))


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(InfusecalcError, match="is not a frame"):
        expand([{"drug": "infliximab"}])


def test_rows_that_cannot_be_used_are_left_out_with_a_warning_and_listed_with_their_reasons() -> None:
    bad = FRAME.with_columns(weight_kg=pl.Series([70.0, -1.0, float("nan")]))
    with pytest.warns(RejectedRows, match="^2 rows of the frame cannot be used and were left out;"):
        found = expand(bad)
    assert_frame_equal(found, expand(FRAME.head(1)))
    listed = rejects(bad)
    assert listed.columns == [*FRAME.columns, "row", "column", "code", "reason"]
    assert listed.select("row", "column", "code").rows() == [
        (2, "weight_kg", "unreadable"),
        (3, "weight_kg", "unreadable"),
    ]
    assert_frame_equal(rejects(bad.lazy()), listed)
    with pytest.warns(RejectedRows):
        assert_frame_equal(expand(bad.lazy()).collect(), found)


def test_values_for_all_rows_and_options_are_those_of_the_single_patient() -> None:
    found = expand(
        FRAME.select("patient_id"),
        drug="infliximab",
        indication="ra",
        weight="70kg",
        start=START,
        round_="100mg",
        for_="6w",
    )
    assert set(found["dose_mg"]) == {200.0}  # 3 mg/kg x 70 kg = 210 mg, rounded by 4.8 %
    assert found.height == 3 * 3


def test_every_weight_in_pounds_is_that_of_the_single_patient() -> None:
    pounds = [f"{tenths / 10}" for tenths in range(500, 8000)]
    frame = pl.DataFrame({"weight_lb": pounds}).with_columns(patient_id="weight_lb")
    found = expand(frame, drug="infliximab", indication="ra", start=START, doses="1")
    assert found["weight_kg"].to_list() == [parse_weight(f"{each}lb") / 100 for each in pounds]


def test_a_course_is_complete_where_the_horizon_goes_beyond_it_and_not_where_it_ends_with_it() -> None:
    # AIHA: days 0, 7, 14 and 21; 22 December is day 21 from the 1st, and day 22 from 30 November
    starts_ = [dt.date(2026, 12, 1), dt.date(2026, 11, 30)]
    for listed in (starts_, starts_[::-1]):
        frame = pl.DataFrame({"start": listed, "bsa_m2": ["1.9", "1.9"]})
        found = expand(frame, drug="rituximab", indication="aiha", weight="70kg", until="2026-12-22")
        complete = found.filter(number=1).select("date", pl.col("findings").str.contains("course-complete"))
        assert sorted(complete.rows()) == [(dt.date(2026, 11, 30), True), (dt.date(2026, 12, 1), False)]


def test_a_tie_goes_to_the_lower_dose() -> None:
    # 5 mg/kg x 110 kg = 550 mg lies between 500 mg and 600 mg; 5 mg/kg x 71 kg = 355 mg between 350 mg and 360 mg
    for weight, how, dose in (("110kg", "vial", 500.0), ("71kg", "10mg", 350.0)):
        found = expand(
            FRAME.select("patient_id"), drug="infliximab", indication="crohns", weight=weight, start=START, round_=how
        )
        assert set(found["dose_mg"]) == {dose}


def test_rounding_goes_as_far_as_it_may_and_no_farther() -> None:
    # 5 mg/kg x 125 kg = 625 mg; 600 mg is 25 mg less, which is 4 % exactly
    for within, dose in (("4", 600.0), ("3.99", 625.0)):
        rounding = {"round_": "50mg", "round_within": within}
        found = expand(
            FRAME.select("patient_id"),
            drug="infliximab",
            indication="ra",
            dose="5mg/kg",
            weight="125kg",
            start=START,
            **rounding,
        )
        assert found.filter(phase="maintenance")["dose_mg"][0] == dose


def test_no_dose_is_rounded_to_nothing() -> None:
    # 0.005 mg/kg x 70 kg = 0.35 mg; the nearest whole milligram is none
    rounding = {"dose": "0.005mg/kg", "round_": "1mg", "round_within": "100"}
    found = expand(FRAME.head(1), **rounding)
    assert found.filter(phase="maintenance")["dose_mg"][0] == 0.35


def test_a_cap_that_is_just_met_caps_nothing() -> None:
    found = expand(FRAME.slice(1, 1).drop("height_cm").with_columns(bsa_m2=pl.lit("2.0")), bsa_cap="2.0")
    assert not found["findings"].str.contains("bsa-capped").any()


@pytest.mark.parametrize("day", ["2026-12-01", "2026-11-30", "2024-02-29"])
def test_a_birthday_in_the_course_is_seen_as_the_single_patient_sees_it(day: str) -> None:
    # pemphigus vulgaris, us: the last of twelve months is on the day of the start, a year on
    ages = [f"{months}mo" for months in range(198, 220)]
    frame = pl.DataFrame({"age_years": ages, "patient_id": ages})
    found = expand(frame, drug="rituximab", indication="pv", weight="70kg", start=day).filter(number=1)
    for age, codes in zip(ages, found["findings"], strict=True):
        course = make_course(table(), "rituximab", "pv", Patient.of("70kg", age=age), start=day)
        assert codes == next(records(course))["findings"]


def test_whatever_hands_out_an_arrow_stream_is_a_frame() -> None:
    assert_frame_equal(expand(Streaming(FRAME)), expand(FRAME))


def test_what_lies_on_a_limit_is_taken() -> None:
    # 0.5 kg and 30 cm are 5.6 kg/m2, 500 kg and 250 cm are 80 kg/m2
    frame = pl.DataFrame({"weight_kg": ["0.5", "500"], "height_cm": ["30", "250"], "age_years": ["0", "120"]})
    assert rejects(frame, drug="infliximab", indication="crohns", start=START).height == 0


def test_a_bag_is_full_at_the_limit_of_its_concentration_and_not_before() -> None:
    # at most 4 mg/mL: 2,000 mg in 500 mL is just that
    for dose, bag in (("course=2000mg", 500), ("course=2000.01mg", 1000)):
        assert expand(FRAME.slice(2, 1), dose=dose)["bag_ml"][0] == bag


def test_dates_may_come_as_days_or_as_midnights() -> None:
    midnight = FRAME.with_columns(pl.col("start").cast(pl.Datetime("us")))
    assert_frame_equal(expand(midnight), expand(FRAME))
    listed = rejects(midnight.with_columns(pl.col("start") + pl.duration(hours=9)))
    assert listed["column"].to_list() == ["start"] * 3
    with pytest.raises(InfusecalcError, match="column 'start' has the type"):
        expand(FRAME.with_columns(pl.col("start").cast(pl.Datetime("us", "UTC"))))


def test_a_value_for_all_rows_changes_no_row_that_has_its_own() -> None:
    single = FRAME.select(
        "patient_id", "drug", "indication", "start", weight_kg=pl.Series([70.005, 81.235, 1.1], dtype=pl.Float32)
    )
    found = rejects(single.with_columns(bsa_m2=pl.lit(1.805, dtype=pl.Float32)), weight="50kg")
    assert found["reason"].to_list() == []
    plain, asked = (expand(single, bsa="1.8", **more) for more in ({}, {"weight": "50kg", "age": "34"}))
    assert plain["weight_kg"].unique(maintain_order=True).to_list() == [70.01, 81.24, 1.1]
    assert asked["weight_kg"].to_list() == plain["weight_kg"].to_list()
    empty = single.with_columns(age_years=pl.Series([float("nan"), None, 34.0]))
    for more in ({}, {"age": "34"}):
        listed = rejects(empty, bsa="1.8", **more)
        assert listed.select("row", "column").rows() == [(1, "age_years")]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_midnight_of_any_unit_of_time_is_a_date_and_a_bad_row_beside_it_is_rejected_alone(unit: Any) -> None:
    times = ["2026-12-01 00:00:00.000", "2026-12-01 09:00:00.000", None, "1960-02-29 00:00:00.000"]
    start = pl.Series([*times, "1969-12-31 23:59:59.999"]).str.to_datetime().cast(pl.Datetime(unit))
    frame = pl.DataFrame({"patient_id": list("abcde"), "drug": "infliximab", "indication": "crohns", "weight_kg": 70.0})
    frame = frame.with_columns(start=start)
    with pytest.warns(RejectedRows, match="3 rows"):
        found = expand(frame).filter(number=1)
    assert found.select("patient_id", "date").rows() == [("a", dt.date(2026, 12, 1)), ("d", dt.date(1960, 2, 29))]
    listed = rejects(frame)
    assert listed.select("row", "column", "code").rows() == [
        (2, "start", "unreadable"), (3, "start", "missing"), (5, "start", "unreadable"),
    ]  # set in rows # fmt: skip
    assert [text and text[:16] for text in listed["start"]] == ["2026-12-01T09:00", None, "1969-12-31T23:59"]
    assert rejects(frame.head(1)).height == 0


def test_a_rejected_start_at_midnight_is_written_as_the_date_that_can_be_read_again() -> None:
    frame = FRAME.with_columns(pl.col("start").cast(pl.Datetime("ns")), weight_kg=pl.lit(-1.0))
    assert rejects(frame)["start"].to_list() == ["2026-12-01"] * 3


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_time_of_any_kind_is_kept_beside_good_rows_and_told_of_bad_ones(unit: Any, zone: str | None) -> None:
    times = pl.Series([0, None, -1], dtype=pl.Int64).cast(pl.Datetime(unit)).dt.replace_time_zone(zone)
    frame = FRAME.with_columns(seen=times, height_cm=pl.lit(175), weight_kg=pl.Series([70.0, 70.0, -1.0]))
    with pytest.warns(RejectedRows):
        found = expand(frame, keep_extra=True)
    assert found.filter(number=1)["seen"].to_list() == times.head(2).to_list()
    assert found["seen"].dtype == times.dtype
    [told] = rejects(frame, keep_extra=True)["seen"]
    assert told.startswith("1969-12-31T23:59:59.999")
    assert told.endswith({None: "9", "UTC": "9+00:00", "Europe/Berlin": "9+01:00"}[zone])


def test_a_start_with_a_time_zone_is_refused_with_what_to_do() -> None:
    zoned = FRAME.with_columns(pl.col("start").cast(pl.Datetime("us", "UTC")))
    with pytest.raises(InfusecalcError, match="time zone of the clinic"):
        expand(zoned)
    with pytest.raises(InfusecalcError, match=r"has the type Time \(allowed: [a-z, ]+\)$"):
        expand(FRAME.with_columns(start=pl.lit(dt.time(9))))


def test_rows_of_a_frame_in_which_nothing_stands_are_no_patients_and_keep_the_numbers_of_the_others() -> None:
    empty = pl.DataFrame(schema=FRAME.schema).clear(n=2)
    frame = pl.concat([FRAME.head(1), empty, FRAME.tail(1).with_columns(weight_kg=pl.lit(-1.0)), empty])
    for more in ({}, {"weight": "70kg"}, {"weight": "70kg", "drug": "infliximab", "indication": "ra", "start": START}):
        assert rejects(frame, **more).select("patient_id", "row").rows() == [("3", 4)]
        with pytest.warns(RejectedRows, match="^1 row of the frame cannot be used and was left out;"):
            assert set(expand(frame, **more)["patient_id"]) == {"1"}
    assert expand(empty).height == 0


def test_rejected_rows_of_a_frame_that_were_repaired_are_a_frame() -> None:
    listed = rejects(FRAME.with_columns(weight_kg=pl.lit(-1.0)))
    repaired = listed.with_columns(FRAME["weight_kg"])
    assert_frame_equal(expand(repaired), expand(FRAME))
    assert_frame_equal(expand(repaired.lazy(), keep_extra=True).collect(), expand(FRAME))
    assert rejects(repaired).height == 0
    assert_frame_equal(rejects(listed), listed)


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (pl.Series([-7, 7, None]), ["-7", "7", None]),
        (pl.Series([-7.0, 7.5, float("nan")]), ["-7", "7.5", None]),
        (pl.Series([2.0**53 - 1, -0.0, 1e300]), ["9007199254740991", "0", "1e+300"]),
        (pl.Series([7.0, 7.5, float("nan")], dtype=pl.Float32), ["7", "7.5", None]),
        (pl.Series(["7.00", "-7.50", None]).cast(pl.Decimal(9, 2)), ["7", "-7.50", None]),
        (pl.Series(["-7", "=1+1", "7.0"]), ["-7", "=1+1", "7.0"]),
        (pl.Series(["@x", "NaN", " "], dtype=pl.Categorical), ["@x", "NaN", None]),
    ],
)
def test_an_id_comes_out_of_a_frame_as_it_went_in(ids: pl.Series, wanted: list[str | None]) -> None:
    frame = FRAME.with_columns(ids.alias("patient_id"))
    assert expand(frame).filter(number=1)["patient_id"].to_list() == wanted
    told = rejects(frame.with_columns(weight_kg=pl.lit(-1.0)))["patient_id"].to_list()
    assert [text if text and text.strip() else None for text in told] == wanted


def test_days_beyond_any_calendar_reject_their_row_alone() -> None:
    days = pl.Series([20_788, 2**31 - 1, -(2**31)], dtype=pl.Int32).cast(pl.Date)
    times = pl.Series([20_788 * 86_400_000, 2**62, -(2**62)], dtype=pl.Int64).cast(pl.Datetime("ms"))
    for listed in (days, times):
        found = rejects(FRAME.with_columns(start=listed), height="175")
        assert found["row"].to_list() == [2, 3]


def test_a_start_for_all_rows_hides_no_time_of_day() -> None:
    times = pl.Series(["2026-12-01 09:00:00", None, "2026-12-02 00:00:00"]).str.to_datetime()
    timed = FRAME.with_columns(start=times)
    with pytest.warns(RejectedRows):
        found = expand(timed, start=START)
    assert found.filter(number=1).select("patient_id", "date").rows() == [
        ("2", dt.date(2026, 12, 1)),
        ("3", dt.date(2026, 12, 2)),
    ]


def test_labels_that_bill_nothing_leave_billing_empty() -> None:
    found = expand(FRAME, label="eu")
    assert (
        found.select("billing_code", "billing_units", "wasted_units", "modifier").null_count().row(0)
        == (found.height,) * 4
    )
    assert found.schema == expand(FRAME).schema


def test_shuffled_rows_give_shuffled_infusions() -> None:
    listed = pl.DataFrame(list(rows(150, 5, table())), schema_overrides={"bsa_m2": pl.String})
    listed = listed.with_columns(patient_id=pl.int_range(pl.len()).cast(pl.String))
    mixed = listed.sample(fraction=1, shuffle=True, seed=3)
    with pytest.warns(RejectedRows):
        straight, shuffled = expand(listed), expand(mixed)
    by_id = ["patient_id", "number"]
    order = pl.col("patient_id").cast(pl.Int64), pl.col("number")
    assert_frame_equal(shuffled.sort(*order), straight)
    assert shuffled["patient_id"].unique(maintain_order=True).to_list() == [
        each for each in mixed["patient_id"] if each in set(straight["patient_id"])
    ]
    assert straight.select(by_id).is_unique().all()


def test_a_cohort_is_the_same_however_many_threads_the_engine_has(tmp_path: Path) -> None:
    """Workers of the tests give the engine one thread (`conftest.py`); a run on its own has several."""
    listed = pl.DataFrame(list(rows(150, 5, table())), schema_overrides={"bsa_m2": pl.String})
    listed.write_csv(tmp_path / "in.csv")
    found = []
    for threads in ("1", "4"):
        line = ["batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--quiet"]
        line += ["--rejects", str(tmp_path / "bad.csv")]
        surroundings = os.environ | {"POLARS_MAX_THREADS": threads}
        done = subprocess.run([sys.executable, "-m", "infusecalc", *line], check=False, env=surroundings)
        assert done.returncode == 4
        found.append([(tmp_path / name).read_bytes() for name in ("out.csv", "bad.csv")])
    assert found[0] == found[1]


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = pl.DataFrame(list(rows(80, 9, table())), schema_overrides={"bsa_m2": pl.String})
    with pytest.warns(RejectedRows):
        whole = expand(listed)
    monkeypatch.setattr("infusecalc.cohort.frames.ROWS", 23)  # 80 rows are 3 times 23 and 11
    with pytest.warns(RejectedRows):
        assert_frame_equal(expand(listed), whole)
    assert rejects(listed)["row"].is_sorted()


def test_what_is_known_is_forgotten_when_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infusecalc.cohort.memo._MOST", 2)
    asked: list[int] = []

    def double(number: int) -> tuple[int]:
        asked.append(number)
        return (2 * number,)

    known = Known(["n"], {"doubled": pl.Int64}, double)
    for numbers in ([1, 2, 1], [3, 3, 2], [1, 4]):
        found = known.look_up(pl.DataFrame({"n": numbers}))
        assert found["doubled"].to_list() == [2 * number for number in numbers]
    assert sorted(asked) == [1, 1, 2, 3, 4]


def test_numbers_with_many_decimals_are_read_as_they_are_written() -> None:
    frame = FRAME.head(1).with_columns(weight_kg=pl.Series([70.00499999]))
    assert expand(frame)["weight_kg"][0] == 70.0
    assert expand(frame.with_columns(weight_kg=pl.lit("70.005")))["weight_kg"][0] == 70.01
    whole = frame.with_columns(weight_kg=pl.lit(70), age_years=pl.lit(34.0))
    assert expand(whole)["findings"][0] == expand(whole.with_columns(age_years=pl.lit("34")))["findings"][0]


# --- without the extra ------------------------------------------------------------------------------------------------


def without(module: str, program: str) -> subprocess.CompletedProcess[str]:
    """A program run where a module is not installed."""
    hidden = (
        "import importlib.util as u; find = u.find_spec; "
        f"u.find_spec = lambda name, *rest: None if name == {module!r} else find(name, *rest); "
    )
    return subprocess.run([sys.executable, "-c", hidden + program], capture_output=True, text=True, check=False)


def test_without_the_extra_one_sentence_says_how_to_install_it() -> None:
    found = without(
        "polars", "from infusecalc.cli import run; import sys; sys.exit(run(['batch', 'x.csv', '-o', 'y.csv']))"
    )
    said = (
        "infusecalc: a cohort needs Polars; install it with: python -m pip install 'infusecalc[batch]' (in a clone: "
        "python -m pip install '.[batch]')\n"
    )
    assert (found.returncode, found.stdout, found.stderr) == (2, "", said)
    for module in ("pyspark", "pyarrow", "pandas"):
        found = without(module, "import infusecalc.cohort.spark")
        said = "MissingExtra: a Spark cohort needs PySpark, PyArrow and pandas; install it with: "
        assert f"{said}python -m pip install 'infusecalc[spark]' (in a clone: " in found.stderr


def test_a_missing_extra_is_a_refusal_and_a_failed_import() -> None:
    error = MissingExtra("this", "That", "extra")
    how = "python -m pip install 'infusecalc[extra]' (in a clone: python -m pip install '.[extra]')"
    assert str(error) == f"this needs That; install it with: {how}"
    assert isinstance(error, ImportError)
    assert error.exit_code == 2


def test_a_look_up_imports_no_frame_library() -> None:
    program = (
        "import sys; from infusecalc.cli import run; "
        "run('schedule infliximab crohns --weight 70kg --start 2026-12-01 --format csv'.split()); "
        "sys.exit(any(name in sys.modules for name in ('polars', 'pyarrow', 'pandas', 'infusecalc.cohort')))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_the_start_of_maintenance_is_the_one_that_is_asked_for() -> None:
    # GPA: the last of weeks 0 to 3 is day 21; 20 weeks on is day 161
    found = expand(FRAME.slice(1, 1), maintenance_start="20w")
    assert found.filter(pl.col("phase") == "maintenance")["day"][0] == 161
