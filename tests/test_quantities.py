"""Single quantities: read, rounded and printed; body size, dates, the patient, and what is asked for."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusecalc import Patient, load_table
from infusecalc.arithmetic import bmi_at_least, bmi_at_most, ceil_div, half_down, half_up, pounds
from infusecalc.bsa import BSA_FORMULAS, body_surface
from infusecalc.choices import Choices
from infusecalc.dates import Position, add, add_months, completed_months, parse_date, stretch
from infusecalc.errors import BadInput
from infusecalc.quantities import (
    Age,
    Span,
    decisive,
    number,
    parse_age,
    parse_bsa,
    parse_dose,
    parse_height,
    parse_percent,
    parse_span,
    parse_volume,
    parse_weight,
    people,
    plain,
    to_the_second,
)
from support import HERE, only, read_yaml

CASES = read_yaml(HERE / "cases" / "quantities.yaml")
READERS = {
    "weight": parse_weight,
    "height": parse_height,
    "BSA": parse_bsa,
    "per cent": parse_percent,
    "bag": parse_volume,
    "age": parse_age,
    "dose": parse_dose,
    "time": parse_span,
}
PLACES = {"weight": 2, "height": 1, "BSA": 2, "per cent": 2, "bag": 0}


def cases(*sections, keys):
    """The cases of some sections, each under its own sentence and with what the section says for all of them."""
    found = [{**CASES[section], **case} for section in sections for case in CASES[section]["cases"]]
    listed = [only(case, f"{keys} because source cases") for case in found]
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in listed])


def scaled(value, places=2):
    return int(Decimal(str(value)).scaleb(places))


def said(value):
    if isinstance(value, tuple):
        return ", ".join(f"({said(part)})" if isinstance(part, tuple) else said(part) for part in value)
    return str(value)


def message(call, *arguments, **named):
    """What a refusal says, or None where nothing is refused."""
    try:
        call(*arguments, **named)
    except BadInput as error:
        return str(error)
    return None


# --- what people see of a time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hundredths", "shown"),
    [
        (3000, "30"),
        (2625, "26 min 15 s"),  # 0.25 min x 60 = 15 s
        (2601, "26 min 1 s"),  # 0.6 s is half up 1 s
        (2699, "26 min 59 s"),  # 59.4 s
        (120001, "1,200 min 1 s"),
    ],
)
def test_a_time_is_shown_to_the_second_as_a_pump_is_set(hundredths, shown):
    assert to_the_second(hundredths) == shown


# --- what people see of a share ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "limits", "places", "shown"),
    [
        (3500, 350, [(10, 1)], 1, "10"),  # 10 at its limit
        (350010, 35000, [(10, 1)], 1, "10.0003"),  # 10.000286 over it
        (349990, 35000, [(10, 1)], 1, "9.9997"),  # 9.999714 under it
        (1234, 100, [(10, 1)], 1, "12.3"),  # 12.34 is far from it
        (1234, 100, [(1234, 100)], 1, "12.34"),  # 12.34 at a limit of two decimals
        (100, 30, [], 1, "3.3"),  # 3.33 without a limit
        (100001, 25000, [(4, 1)], 4, "4.00004"),
        (99999, 10000, [(10, 1), (60, 1)], 1, "9.9999"),
        (12345678, 10, [(10, 1)], 1, "1,234,567.8"),
    ],
)
def test_a_share_is_shown_with_the_digits_that_decide(part, whole, limits, places, shown):
    assert decisive(part, whole, limits, places) == shown


@given(st.integers(0, 10**7), st.integers(1, 10**5), st.integers(0, 10**5), st.sampled_from([1, 100, 1000]))
def test_a_share_and_its_figure_are_on_the_same_side_of_a_limit(part, whole, limit, one):
    """What a person compares with the limit beside it gives the verdict of the exact share."""
    exact, bound = Fraction(part, whole), Fraction(limit, one)
    figure = Fraction(decisive(part, whole, [(limit, one)]).replace(",", ""))
    assert (figure > bound, figure < bound) == (exact > bound, exact < bound)
    assert abs(figure - exact) <= Fraction(1, 20)


# --- text to quantities ---------------------------------------------------------------------------


@cases("weights", "heights", "areas", "percentages", "volumes", keys="what given expect")
def test_a_text_is_read_as_the_quantity_that_it_names(case):
    assert number(READERS[case["what"]](case["given"]), PLACES[case["what"]]) == case["expect"]


@cases("refusals", keys="what given refused")
def test_what_is_no_quantity_is_refused(case):
    assert message(READERS[case["what"]], case["given"]) == case["refused"]


@pytest.mark.parametrize(("parse", "text"), [(parse_weight, "70kg"), (parse_height, "175cm"), (parse_height, "5ft9in")])
def test_a_text_has_up_to_64_characters(parse, text):
    assert parse(text.zfill(64)) == parse(text)
    assert message(parse, text.zfill(65)).startswith(f"{parse.__name__.removeprefix('parse_')} '{text.zfill(65)}' ")


@pytest.mark.parametrize("parse", [parse_bsa, parse_percent, parse_volume, parse_dose, parse_span])
def test_a_refusal_names_what_was_asked_for(parse):
    assert message(parse, "none", "the asked").startswith("the asked 'none' ")


@pytest.mark.parametrize(("parse", "text"), [(parse_percent, "101"), (parse_volume, "0"), (parse_dose, "0mg")])
def test_a_refusal_of_an_impossible_value_names_what_was_asked_for(parse, text):
    assert message(parse, text, "the asked").startswith(f"the asked '{text}' ")


@cases("ages", keys="given months slack")
def test_an_age_is_read_in_completed_months(case):
    assert parse_age(case["given"]) == Age(case["months"], case["slack"])


@cases("doses", keys="given data people")
def test_a_dose_is_read_and_written(case):
    dose = parse_dose(case["given"])
    assert (str(dose), dose.people) == (case["data"], case["people"])


@cases("amounts", keys="dose kg m2 mg")
def test_an_amount_is_the_dose_times_the_body(case):
    area = scaled(case["m2"]) if "m2" in case else None
    assert number(parse_dose(case["dose"]).amount(scaled(case["kg"]), area)) == case["mg"]


def test_a_dose_by_area_needs_an_area():
    refusal = "height is missing; give `height` or `bsa`: 375 mg/m2 needs a body surface area"
    assert message(parse_dose("375 mg/m2").amount, 7000, None) == refusal


@cases("spans", keys="given text days months")
def test_a_span_is_read_and_written(case):
    span = parse_span(case["given"])
    assert (str(span), span.days, span.months) == (case["text"], case["days"], case["months"])


@cases("lengths", keys="shorter longer")
def test_spans_are_compared_by_mean_months(case):
    assert parse_span(case["shorter"]).size < parse_span(case["longer"]).size


def test_a_unit_may_be_written_in_several_ways():
    assert {parse_age(f"2{unit}") for unit in ("", "y", "yr", " year", " years")} == {Age(24, 12)}
    assert {parse_age(f"2{unit}") for unit in ("mo", " month", " months")} == {Age(2)}
    assert {parse_span(f"2{unit}") for unit in ("d", " day", " days")} == {Span(2, "day")}
    assert {parse_span(f"2{unit}") for unit in ("w", " week", " weeks")} == {Span(2, "week")}
    assert {parse_span(f"2{unit}") for unit in ("m", "mo", " month", " months")} == {Span(2, "month")}
    assert {parse_span(f"2{unit}") for unit in ("y", " year", " years")} == {Span(2, "year")}


# --- rounding and printing ------------------------------------------------------------------------


@cases("rounding", keys="given up down ceil")
def test_rounding_goes_where_its_name_says(case):
    of = case["given"]
    assert [half_up(*of), half_down(*of), ceil_div(*of)] == [case["up"], case["down"], case["ceil"]]


def test_rounding_is_exact_beyond_the_digits_of_a_double():
    assert half_up(10**30 + 1, 2) == half_down(10**30 + 1, 2) + 1 == ceil_div(10**30 + 1, 2) == 5 * 10**29 + 1


@cases("printing", keys="given data people json")
def test_a_number_is_printed_for_data_people_and_json(case):
    of = case["given"]
    assert [plain(*of), people(*of), repr(number(*of))] == [case["data"], case["people"], case["json"]]


def test_a_number_has_two_places_unless_told_otherwise():
    assert [plain(123456), people(123456), repr(number(123456))] == ["1234.56", "1,234.56", "1234.56"]


@pytest.mark.parametrize(("scaled_value", "text"), [(-50, "-0.5"), (-1, "-0.01"), (-12300, "-123"), (1, "0.01")])
def test_a_negative_number_has_its_sign_in_data(scaled_value, text):
    assert plain(scaled_value) == text


# --- body size ------------------------------------------------------------------------------------


@cases("areas_by_formula", keys="formula cm kg m2")
def test_body_surface_by_formula(case):
    assert number(body_surface(case["formula"], scaled(case["kg"]), scaled(case["cm"], 1))) == case["m2"]


def test_every_formula_has_a_case():
    assert {case["formula"] for case in CASES["areas_by_formula"]["cases"]} == set(BSA_FORMULAS)


@pytest.mark.parametrize("height", range(300, 2501, 37))
def test_mosteller_is_the_nearest_hundredth_of_the_exact_root(height):
    for weight in range(50, 50001, 331):
        hundredths = body_surface("mosteller", weight, height)
        # the exact area lies within half a hundredth: (2 x hundredths +- 1)^2 / 4 around height x weight / 360
        assert (2 * hundredths - 1) ** 2 * 90 <= height * weight < (2 * hundredths + 1) ** 2 * 90


@cases("pounds", keys="kg lb")
def test_kilograms_in_pounds(case):
    assert number(pounds(scaled(case["kg"])), 1) == case["lb"]


@cases("body_mass", keys="kg cm limit least most")
def test_the_body_mass_index_on_both_sides_of_a_limit(case):
    body = scaled(case["kg"]), scaled(case["cm"], 1), case["limit"]
    assert [bmi_at_least(*body), bmi_at_most(*body)] == [case["least"], case["most"]]


# --- the calendar ---------------------------------------------------------------------------------


@cases("months_later", keys="from months to")
def test_months_later(case):
    assert add_months(case["from"], case["months"]) == case["to"]
    assert add(case["from"], Span(case["months"], "month")) == case["to"]
    assert Position(case["from"]).later(Span(case["months"], "month")).date == case["to"]


def test_days_and_weeks_later_are_exact_across_a_leap_day():
    assert add(date(2028, 2, 1), Span(30, "day")) == date(2028, 3, 2)
    assert add(date(2028, 2, 1), Span(8, "week")) == date(2028, 3, 28)
    assert add(date(2028, 2, 29), Span(1, "year")) == date(2029, 2, 28)


@cases("stretches", keys="span fewest most")
def test_the_fewest_and_the_most_days_of_a_span(case):
    assert stretch(parse_span(case["span"])) == (case["fewest"], case["most"])


@pytest.mark.parametrize("months", [1, 2, 3, 6, 11, 12, 18, 24])
def test_no_start_in_four_years_takes_fewer_or_more_days(months):
    starts = [date.fromordinal(day) for day in range(date(2000, 1, 1).toordinal(), date(2004, 1, 1).toordinal())]
    taken = [(add_months(start, months) - start).days for start in starts]
    assert stretch(Span(months, "month")) == (min(taken), max(taken))


@cases("completed_months", keys="born day months")
def test_completed_months(case):
    assert completed_months(case["born"], case["day"]) == case["months"]


@cases("dates", keys="given expect refused")
def test_a_date_is_read_in_one_form_alone(case):
    if "refused" in case:
        assert message(parse_date, case["given"]) == case["refused"]
    else:
        assert parse_date(case["given"]) == case["expect"]


def test_today_may_be_said():
    before = date.today()  # noqa: DTZ011 - the user's own calendar
    assert before <= parse_date("today") <= date.today()  # noqa: DTZ011 - the day that the machine shows


def test_a_refused_date_is_named_as_it_was_asked_for():
    for text in ("yesterday", "2026-02-30", "1899-01-01"):
        assert message(parse_date, text, "--until").startswith(f"--until '{text}' ")


def test_a_position_never_counts_from_a_clamped_date():
    month = Span(1, "month")
    step = Position(date(2026, 1, 31)).later(month)
    assert [step.date.day, step.later(month).date.day, step.later(month).later(month).date.day] == [28, 31, 30]


def test_days_after_months_and_months_after_days():
    anchor = Position(date(2026, 8, 31))
    assert anchor.later(Span(6, "month")).later_days(14).date == date(2027, 3, 14)  # 28 February + 14
    assert anchor.later_days(14).later(Span(6, "month")).date == date(2027, 3, 14)  # 14 September + 6 months
    assert anchor.later_days(-3).later_days(3).later(Span(6, "month")).date == date(2027, 2, 28)
    assert anchor.later(Span(2, "week")).later_days(1) == Position(date(2026, 8, 31), 0, 15)
    assert anchor.later(Span(8, "week"), 3) == anchor.later(Span(24, "week"))
    assert anchor.later(Span(1, "month"), 6) == anchor.later(Span(6, "month"))
    assert anchor.later(Span(1, "month"), 0) == anchor.later_days(0) == anchor
    # 31 August + 6 months = 28 February, and 14 days on is 14 March; a month on from there is 14 April
    assert anchor.later(Span(6, "month")).later_days(14).later(Span(1, "month")).date == date(2027, 4, 14)


# --- patients -------------------------------------------------------------------------------------


@cases("patients", keys="given kg text cm m2 uncapped formula")
def test_a_patient_is_read_from_what_people_write(case):
    patient = Patient.of(**case["given"])
    found = {
        "kg": number(patient.weight),
        "text": patient.weight_text,
        "cm": None if patient.height is None else number(patient.height, 1),
        "m2": None if patient.bsa is None else number(patient.bsa),
        "uncapped": None if patient.bsa_uncapped is None else number(patient.bsa_uncapped),
        "formula": patient.bsa_formula,
    }
    assert found == {name: case.get(name) for name in found} | {"uncapped": case.get("uncapped", case.get("m2"))}


@cases("ages_on", keys="given day months slack refused")
def test_an_age_on_a_day(case):
    patient, day = Patient.of("70kg", **case["given"]), case.get("day")
    if "refused" in case:
        assert message(patient.age_on, day) == case["refused"]
    else:
        assert patient.age_on(day) == (Age(case["months"], case["slack"]) if "months" in case else None)


@cases("limits", keys="given refused")
def test_a_patient_within_the_house_limits_is_taken_and_any_other_refused(case):
    assert message(Patient.of(**case["given"]).check, load_table().house(), None) == case.get("refused")


def test_a_date_of_birth_is_held_against_the_limits_on_the_day_of_the_first_infusion():
    patient, house = Patient.of("70kg", born="1906-12-01"), load_table().house()
    assert message(patient.check, house, date(2026, 12, 1)) is None  # 120 years
    over = "age '120.08 years' is out of range (allowed: 0 to 120 years)"
    assert message(patient.check, house, date(2027, 1, 1)) == over  # 120 years and a month


@cases("contradictions", keys="given refused")
def test_a_patient_who_contradicts_himself_is_refused(case):
    assert message(Patient.of, **case["given"]) == case["refused"]


def test_a_date_of_birth_may_be_a_date_and_an_id_is_kept():
    patient = Patient.of("70kg", born=date(1992, 1, 31), id="MRN 0042")
    assert (patient.born, patient.id) == (date(1992, 1, 31), "MRN 0042")


# --- what is asked for ----------------------------------------------------------------------------


@cases("choices", keys="given part expect")
def test_a_choice_is_read_from_its_option(case):
    value = Choices.of(**case["given"])
    for name in case["part"].split("."):
        value = getattr(value, name)
    assert said(value) == case["expect"]


@cases("choices_refused", keys="given refused")
def test_a_choice_that_can_be_misread_is_refused(case):
    assert message(Choices.of, **case["given"]) == case["refused"]


def test_an_acceptance_keeps_its_reason():
    (acceptance,) = Choices.of(accept=["contraindicated:active-tb= treated = for 6 months "]).acceptances
    assert (acceptance.code, acceptance.detail, acceptance.reason) == (
        "contraindicated",
        "active-tb",
        "treated = for 6 months",
    )


def test_a_number_below_zero_keeps_its_sign():
    assert [people(value) for value in (-50, 50, -123456)] == ["-0.5", "0.5", "-1,234.56"]
