"""One infusion: rounding, vials held against an exhaustive search, the bag, billing units, and its time."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pdf_pages
from infusecalc.choices import Choices
from infusecalc.cli import run
from infusecalc.infusions import Amount, fills, largest_within, least_cover, round_dose, total
from infusecalc.preparation import Charge, charge, choose_bag, choose_vials, prepare
from infusecalc.pump import Load, Rates, run_time
from infusecalc.quantities import number
from infusecalc.statements import (
    Bags,
    Billing,
    ConcentrationRange,
    DrugRules,
    Modifiers,
    Pace,
    PreparationRules,
    ProductRules,
    Titration,
    UsualBag,
    Vials,
)
from support import HERE, only, read_yaml

CASES = read_yaml(HERE / "cases" / "preparation.yaml")
ALL_BAGS = ("infliximab_bags", "rituximab_bags", "bags_without_a_least", "odd_bags")
BAG_KEYS = "usual range stocked dose bag_asked bag shown outside marginal"
OVERFILL = 1_000  # 0.01 %: 10 %, as `house` has it
MODIFIERS = Modifiers("JW", "JZ", "", ())
SIZES = [
    (100,),
    (500, 100),
    (300, 120),
    (400, 250, 100),
    (90, 60),
    (13, 11, 7),
    (110, 70, 50, 30),
    (64, 48, 20),
]


def cases(*sections, keys, without=None):
    """The cases of some sections, each under its own sentence and with what the section says for all of them."""
    found = [{**CASES[section], **case} for section in sections for case in CASES[section]["cases"]]
    listed = [only(case, f"{keys} because source cases") for case in found if without not in case]
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in listed])


def scaled(value, places=2):
    return int(Decimal(str(value)).scaleb(places))


# --- rounding -------------------------------------------------------------------------------------


@cases("rounding", keys="exact round within vials dose nearest percent rounding_refused")
def test_a_dose_is_rounded(case):
    within = case.get("within", "10%")
    rounding = Choices.of(round_=case["round"], round_within=within).rounding
    sizes = tuple(scaled(size) for size in case.get("vials", [100]))
    amount = round_dose(scaled(case["exact"]), rounding, rounding.within, sizes)
    assert number(amount.exact) == case["exact"]
    assert number(amount.dose) == case["dose"]
    assert number(amount.nearest) == case["nearest"]
    assert amount.change(rounding.within) == (f"{case['percent']:+g} %" if case["percent"] else "0 %")
    assert amount.refused == case.get("rounding_refused", False)
    assert amount.applied == (case["dose"] != case["exact"])


@pytest.mark.parametrize(
    ("nearest", "shown"),
    [(200100, "+0.1 %"), (199900, "-0.1 %"), (200099, "0 %"), (199901, "0 %"), (200000, "0 %"), (240000, "+20 %")],
)
def test_a_change_is_shown_in_tenths_of_a_per_cent_half_away_from_nothing(nearest, shown):
    assert Amount(200000, 200000, nearest).change(1000) == shown  # 1 mg of 2,000 mg is 0.05 %


@pytest.mark.parametrize(
    ("nearest", "shown"),
    # of 350 mg: 35.01 mg is 10.00286 %, 34.99 mg is 9.99714 %
    [(38500, "+10 %"), (38501, "+10.003 %"), (38499, "+9.997 %"), (31500, "-10 %"), (31499, "-10.003 %")],
)
def test_a_change_near_its_limit_is_shown_with_the_digits_that_decide(nearest, shown):
    assert Amount(35000, 35000, nearest).change(1000) == shown


# --- vials ----------------------------------------------------------------------------------------


def fewest_vials(sizes, most):
    """For every sum of whole vials up to `most`, the fewest vials that make it up, by trying them all."""
    fewest = {0: 0}
    for amount in range(1, most + 1):
        before = [fewest[amount - size] for size in sizes if amount - size in fewest]
        if before:
            fewest[amount] = min(before) + 1
    return fewest


@cases("vials", keys="sizes dose vials waste")
def test_vials_for_a_dose(case):
    sizes = tuple(scaled(size) for size in case["sizes"])
    vials = choose_vials(scaled(case["dose"]), sizes)
    assert {size // 100: count for size, count in vials} == case["vials"]
    assert list(vials) == sorted(vials, reverse=True)
    assert number(sum(size * count for size, count in vials) - scaled(case["dose"])) == case["waste"]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_no_other_vials_waste_less_nor_do_fewer_waste_as_little(sizes):
    most = 3 * max(sizes) + 2 * min(sizes)
    sums = fewest_vials(sizes, most + max(sizes))
    for dose in range(1, most):
        vials = choose_vials(dose, sizes)
        opened = sum(size * count for size, count in vials)
        best = min(amount for amount in sums if amount >= dose)
        assert (opened, sum(count for _, count in vials)) == (best, sums[best])
        assert all(count > 0 for _, count in vials)


@pytest.mark.parametrize("sizes", [*SIZES, *(sizes[::-1] for sizes in SIZES)], ids=str)
def test_the_sums_of_whole_vials_on_both_sides_of_a_dose(sizes):
    most = 3 * max(sizes) + 2 * min(sizes)
    sums = fewest_vials(sizes, most + max(sizes))
    for dose in range(1, most):
        assert least_cover(dose, sizes) == min(amount for amount in sums if amount >= dose)
        assert largest_within(dose, sizes) == max(amount for amount in sums if amount <= dose)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_filling_covers_the_dose_and_would_not_with_a_vial_less(sizes):
    for dose in range(1, 2 * max(sizes)):
        for counts in fills(dose, sizes):
            least = min(size for size, count in zip(sizes, counts, strict=True) if count)
            assert total(counts, sizes) - least < dose <= total(counts, sizes)


def test_a_count_is_needed_for_every_size():
    with pytest.raises(ValueError, match="longer than"):
        total((1,), (500, 100))


@pytest.mark.parametrize("sizes", [(500, 100), (300, 120), (400, 250, 100)], ids=str)
def test_a_large_dose_is_filled_by_few_trials(sizes):
    assert sum(1 for _ in fills(100_000, sizes)) < 100


# --- the bag --------------------------------------------------------------------------------------


def product(sizes=(100,), concentration=10, unit=10):
    """A made-up product; no billing where there is no unit."""
    billing = None if unit is None else Billing("X0000", scaled(unit), ())
    vials = Vials(tuple(scaled(size) for size in sizes), scaled(concentration, 3), ())
    return ProductRules(vials=vials, billing=billing)


def limits(case):
    low, high = case["range"]
    return ConcentrationRange(None if low is None else scaled(low, 3), scaled(high, 3), ())


def bagged(case, rules=None):
    """A case made up under rules of which only the bag, the range and the modifiers count."""
    preparation = PreparationRules(UsualBag(case["usual"], ()), limits(case), {})
    drug = DrugRules(**(dict.fromkeys(DrugRules.part_names()) | {"preparation": preparation, "modifiers": MODIFIERS}))
    bags = Bags(tuple(case["stocked"]), 10, 5000, ())
    return prepare(scaled(case["dose"]), rules or product(), drug, bags, OVERFILL, case.get("bag_asked"))


@cases(*ALL_BAGS, keys=BAG_KEYS)
def test_the_bag_and_its_concentration(case):
    made_up = bagged(case)
    found = [made_up.bag, number(made_up.concentration), made_up.outside, made_up.marginal]
    assert found == [case["bag"], case["shown"], case.get("outside"), case.get("marginal", False)]


@cases(*ALL_BAGS, keys=BAG_KEYS, without="bag_asked")
def test_the_choice_of_a_bag(case):
    stocked = tuple(case["stocked"])
    assert choose_bag(scaled(case["dose"]), case["usual"], limits(case), stocked, OVERFILL) == case["bag"]


@given(
    dose=st.integers(1, 500_000),
    usual=st.sampled_from([100, 250, 500]),
    low=st.one_of(st.none(), st.integers(1, 2_000)),
    span=st.integers(0, 4_000),
    stocked=st.sets(st.sampled_from([50, 100, 250, 500, 1000])),
    overfill=st.integers(0, 2_000),
)
@example(dose=21_000, usual=500, low=400, span=0, stocked={500}, overfill=1_000)  # 0.42 and, 10 % more in it, 0.38
@example(dose=35_000, usual=250, low=400, span=3_000, stocked={250}, overfill=1_000)
def test_a_bag_just_in_range_is_taken_only_where_none_smaller_has_a_margin(dose, usual, low, span, stocked, overfill):
    """Of the bags that are tried, one with a margin goes before one without; a margin of nothing changes nothing."""
    range_ = ConcentrationRange(low, (low or 0) + span + 1, ())
    least, most = Decimal(low or 0) / 1000, Decimal(range_.to) / 1000

    def held(bag, more):
        """Whether the dose in so much fluid is in range."""
        return dose / (bag * (100 + Decimal(more) / 100)) >= least and Decimal(dose) / (bag * 100) <= most

    bag = choose_bag(dose, usual, range_, tuple(sorted(stocked)), overfill)
    assert bag in {usual, *stocked}
    if held(bag, 0) and not held(bag, overfill):
        assert not [other for other in stocked if other < usual and held(other, overfill)]
    if usual in stocked and held(usual, overfill):
        assert bag == usual
    if held(bag, overfill):
        assert choose_bag(dose, bag, range_, tuple(sorted({bag, *stocked})), 0) == bag


@cases("full_bags", keys="usual range stocked dose bag_asked bag shown outside too_much")
def test_drug_that_does_not_fit_the_bag(case):
    made_up = bagged(case)
    found = [made_up.bag, number(made_up.concentration), made_up.outside]
    assert found == [case["bag"], case["shown"], case.get("outside")]
    assert (None if made_up.too_much is None else number(made_up.too_much, 4)) == case.get("too_much")


@pytest.mark.parametrize(
    ("line", "forms"),
    [
        ("dose infliximab crohns --weight 70 --bag {}", ["txt", "md", "html", "pdf", "json"]),
        ("schedule infliximab crohns --weight 70 --bag {} --start 2026-12-01", ["txt", "md", "html", "pdf", "ics"]),
        ("rate infliximab crohns --weight 70 --bag {}", ["txt", "md", "html", "pdf"]),
        ("next infliximab crohns --weight 70 --bag {} --given 2026-12-01", ["txt", "md"]),
    ],
)
def test_a_page_says_that_drug_does_not_fit_where_nothing_can_be_taken_out(line, forms, tmp_path):
    # 5 mg/kg x 70 kg = 350 mg are 35 mL: more than 34 mL, and no more than 35 mL
    for bag, out in ((34, False), (35, True)):
        for form in forms:
            path = tmp_path / f"{bag}.{form}"
            assert run([*line.format(bag).split(), "--patient-id", "17", "-o", str(path), "--quiet"]) == 3
            text = path.read_bytes()
            if form == "pdf":
                text = "".join(pdf_pages.texts(text)).encode()
            squeezed = re.sub(r"\s|-", "", text.decode())
            assert ("35mLofdrugdoesnotfitina34mLbag" in squeezed) is not out
            assert "into34mL" not in squeezed
            assert "34mLbag:" not in squeezed
            assert "mg/mLin34mL" not in squeezed
            assert ("aftertakingout35mL" in squeezed or "35mLbag:takeout35mL" in squeezed) is out


def test_beside_a_bag_that_is_too_small_it_is_said_that_it_cannot_be_accepted(capsys):
    for bag, said in (
        ("34", "bag-too-small, concentration-high; bag-too-small cannot be accepted"),
        ("35", "concentration-high; if the prescriber decides to go on, record the reason: --accept CODE=REASON"),
    ):
        assert run(["dose", "infliximab", "crohns", "--weight", "70", "--bag", bag]) == 3
        assert capsys.readouterr().err == f"infusecalc: blocked by {said}\n"


@cases("drug_volumes", keys="dose concentration ml")
def test_the_drug_volume(case):
    bag = {"usual": 250, "range": [None, 4], "stocked": [], "dose": case["dose"]}
    assert number(bagged(bag, product(concentration=case["concentration"])).drug_volume, 1) == case["ml"]


def test_an_infusion_made_up_from_two_sizes():
    bag = {"usual": 500, "range": [1, 4], "stocked": [250, 500], "dose": 745}
    made_up = bagged(bag, product(sizes=(100, 500)))
    # 500 + 3 x 100 = 800; 800 - 745 = 55; 74.5 mL; 745 / 500 = 1.49; 74.5 units are given as 75, 80 - 75 = 5
    assert made_up.vials == ((50000, 1), (10000, 3))
    assert made_up.opened == 80000
    assert made_up.waste == 5500
    assert made_up.drug_volume == 745
    assert (made_up.bag, made_up.concentration, made_up.outside) == (500, 149, None)
    assert made_up.charge == Charge("X0000", 75, 5, "JW")


def test_without_a_billing_code_nothing_is_charged():
    bag = {"usual": 250, "range": [None, 4], "stocked": [], "dose": 350}
    assert bagged(bag, product(unit=None)).charge is None


# --- billing --------------------------------------------------------------------------------------


@cases("billing", keys="dose opened unit units wasted modifier")
def test_billing_units(case):
    billing, modifiers = Billing("J1745", scaled(case["unit"]), ()), MODIFIERS if case["modifier"] else None
    found = charge(scaled(case["dose"]), scaled(case["opened"]), billing, modifiers)
    assert found == Charge("J1745", case["units"], case["wasted"], case["modifier"])


# --- time -----------------------------------------------------------------------------------------


def rising(start, step, minutes, most):
    """A titration in mg/h."""
    return Rates(
        None, titration(*(Pace(scaled(rate), "mg/h") for rate in (start, step)), minutes, Pace(scaled(most), "mg/h"))
    )


def titration(start, step, minutes, most):
    return Titration(start, step, minutes, most, None, None, (), None, ())


@cases("titrations", keys="dose rates minutes")
def test_the_time_of_a_titration(case):
    assert number(run_time(Load(scaled(case["dose"]), 500, 7000), rising(*case["rates"]))) == case["minutes"]


@pytest.mark.parametrize("start", [50, 100])
def test_a_larger_dose_never_takes_less_time(start):
    rates = rising(start, start, 30, 400)
    times = [run_time(Load(scaled(dose), 500, 7000), rates) for dose in range(1, 1200)]
    assert times == sorted(times)
