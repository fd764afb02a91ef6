"""Typographic marks: folded in names and heights, never in numbers; and words that are one of a few."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusecalc.errors import BadInput
from infusecalc.quantities import number, parse_amount, parse_dose, parse_height, parse_span, parse_weight
from infusecalc.spelling import hidden_characters, normal, odd_characters, one_of, plain_marks
from support import HERE, course, only, read_yaml, table

CASES = read_yaml(HERE / "cases" / "spelling.yaml")
QUOTES = "\u2018\u2019\u201c\u201d\u2032\u2033\u00b4"
TYPOGRAPHIC = f"\u2010\u2011\u2012\u2013\u2014\u2212\u00a0\u202f\u00ad\u00ae\u2122{QUOTES}"


def named(section):
    return [pytest.param(only(case, "given expect"), id=case["name"]) for case in CASES[section]]


@pytest.mark.parametrize("case", named("names"))
def test_a_name_is_spelled_as_the_table_does(case):
    assert normal(case["given"]) == case["expect"]


@pytest.mark.parametrize("case", named("heights"))
def test_the_marks_of_feet_and_inches_may_be_typographic(case):
    assert number(parse_height(case["given"]), 1) == case["expect"]


@given(st.text())
def test_a_name_in_the_tables_spelling_stays_as_it_is(text):
    assert normal(normal(text)) == normal(text).strip(" ")


@given(st.text(alphabet="abcxyz0189-"))
def test_no_plain_name_is_changed_but_in_its_hyphens(text):
    assert normal(text).replace("-", "") == text.replace("-", "")


def test_every_name_of_the_table_is_in_its_own_spelling():
    for section in ("drugs", "products", "regimens", "conditions", "protocols"):
        for name in table().names(section):
            for part in (*name.split("/"), *table().aliases(section, name)):
                assert normal(part) == part


@pytest.mark.parametrize("mark", list(TYPOGRAPHIC), ids=[unicodedata.name(mark).lower() for mark in TYPOGRAPHIC])
def test_a_typographic_mark_in_a_number_is_refused_and_named(mark):
    for parse, text in (
        (parse_weight, f"70{mark}kg"), (parse_weight, f"{mark}70"), (parse_weight, f"7{mark}0"),
        (parse_height, f"175{mark}cm"), (parse_height, f"1{mark}75"),
    ):  # set in rows # fmt: skip
        feet_or_inches = parse is parse_height and mark in QUOTES
        with pytest.raises(BadInput) as refused:
            parse(text)
        assert feet_or_inches or f"plain ASCII: '{unicodedata.name(mark).lower()}'" in str(refused.value)
    for parse, text in ((parse_dose, f"5{mark}mg/kg"), (parse_span, f"8{mark}w"), (parse_amount, f"350{mark}mg")):
        with pytest.raises(BadInput, match="plain ASCII"):
            parse(text, "it")


def test_a_phase_and_a_variant_are_names_too():
    plain = course("rituximab/aiha", variant="low-dose", dose="course=100mg")
    typed = course("rituximab/aiha", variant="Low\u2011Dose", dose="\u201cCourse\u201d=100mg")
    assert typed.infusions == plain.infusions
    fast = course("infliximab/crohns", protocol="rapid\u2013250")
    assert fast.running.protocol_id == "rapid-250"


def test_one_of_a_few_words_is_found_in_any_case_and_any_other_refused():
    assert one_of("--round", "\u201cVial\u201d", ("none", "vial")) == "vial"
    with pytest.raises(BadInput, match=r"^--round 'vials' is not known \(allowed: none, vial\)$"):
        one_of("--round", "vials", ("none", "vial"))


def test_marks_are_made_plain_and_letters_kept():
    assert plain_marks("Mon\u2013Fri, \u201cM\u00fcller\u201d\u00ae\u00a0x") == "Mon-Fri, M\u00fcller x"


def test_the_odd_characters_of_a_text_are_named_each_once_and_no_more_than_three():
    assert odd_characters("70 kg") == ""
    assert odd_characters("70\u2011kg\u2011") == "non-breaking hyphen"
    assert odd_characters("\u2011\u2212\u00a0\u2013") == "non-breaking hyphen, minus sign, no-break space"
    assert odd_characters("\x85\udcff") == "u+0085, u+dcff"


def test_what_shows_is_not_hidden():
    for text in (
        "plain",
        "M\u00fcller",
        "u\u0308",
        "\u0141\u00f3d\u017a",
        "\u201e\u2013\u201c",
        "\u4e2d\u6587",
        "\u20ac \u00b5 \u2265",
    ):
        assert hidden_characters(text) == ""


@pytest.mark.parametrize(("char", "name"), [
    ("\t", "u+0009"), ("\u00a0", "no-break space"), ("\u00ad", "soft hyphen"), ("\u200b", "zero width space"),
    ("\u202e", "right-to-left override"), ("\u2066", "left-to-right isolate"), ("\ufeff", "zero width no-break space"),
    ("\u034f", "combining grapheme joiner"), ("\u2800", "braille pattern blank"), ("\u3164", "hangul filler"),
    ("\ufe0f", "variation selector-16"), ("\U000e0101", "variation selector-18"), ("\ue000", "u+e000"),
])  # set in rows # fmt: skip
def test_what_does_not_show_or_acts_is_hidden(char, name):
    assert hidden_characters(f"a{char}b") == name
