"""Immutable values: built whole or not at all, equal by their parts, changed only into another value."""

import pytest

from infusecalc.clinic import Clinic
from infusecalc.errors import escape, shown
from infusecalc.frozen import Frozen, write_out


class Pair(Frozen):
    left: int
    right: int = 7


class Other(Frozen):
    left: int
    right: int = 7


class Written(Frozen):
    left: int
    right: int | None = 7


write_out(Written)


def test_a_value_has_its_parts():
    assert Pair(1) == Pair(1, 7) == Pair(left=1) == Pair(1, right=7)
    assert Pair.part_names() == ("left", "right")
    assert Pair(1).as_dict() == {"left": 1, "right": 7}
    assert Pair(1).but(left=3) == Pair(3)
    assert repr(Pair(1)) == "Pair(left=1, right=7)"


def test_values_are_equal_only_to_their_own_kind():
    assert Pair(1) != Pair(2)
    assert Pair(1) != Other(1)
    assert len({Pair(1), Pair(1, 7), Pair(2), Other(1)}) == 3


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"middle": 2}), ((), {"right": 1})])
def test_a_value_cannot_be_built_wrong(values, named):
    with pytest.raises(TypeError, match="Pair takes left, right"):
        Pair(*values, **named)


def test_a_value_that_is_built_by_of_says_so():
    with pytest.raises(TypeError, match=r"^Clinic takes weekdays, holidays, tolerances; build it with Clinic\.of$"):
        Clinic(1)


def test_a_value_whose_initialiser_is_written_out_is_made_in_the_same_ways():
    assert Written(1) == Written(1, 7) == Written(left=1) == Written(right=7, left=1)
    assert (Written(1).right, Written(1, None).right) == (7, None)
    assert Written(1).but(left=3) == Written(3)
    assert Written(1).as_dict() == {"left": 1, "right": 7}
    assert (repr(Written(1)), hash(Written(1)) == hash(Written(1, 7))) == ("Written(left=1, right=7)", True)
    with pytest.raises(AttributeError, match="Written cannot be changed"):
        Written(1).left = 2


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"middle": 2}), ((), {"right": 1}),
                                               ((1,), {"left": 1})])  # set in rows # fmt: skip
def test_a_value_whose_initialiser_is_written_out_cannot_be_built_wrong(values, named):
    with pytest.raises(TypeError, match="Written"):
        Written(*values, **named)


def test_a_written_out_value_cannot_be_changed_into_one_with_other_parts():
    with pytest.raises(TypeError, match="Written"):
        Written(1).but(middle=2)


def test_a_value_cannot_be_changed():
    pair = Pair(1)
    with pytest.raises(AttributeError, match="Pair cannot be changed"):
        pair.left = 2
    with pytest.raises(AttributeError, match="Pair cannot be changed"):
        del pair.left
    assert pair == Pair(1)


@pytest.mark.parametrize(("text", "spelled"), [
    ("70 kg", "70 kg"), ("a\x1b[31m", "a\\x1b[31m"), ("a\nb", "a\\nb"), ("\u202eb", "\\u202eb"),
    ("\udcff", "\\xff"), ("\ud800", "\\ud800"), ("\u00fc", "\u00fc"), ("\\", "\\"),
])  # set in rows # fmt: skip
def test_what_could_act_on_a_terminal_is_spelled_out(text, spelled):
    assert escape(text) == spelled


def test_a_refused_value_is_shown_quoted_and_short():
    assert shown("x" * 80) == "'" + "x" * 80 + "'"
    assert shown("x" * 81) == "'" + "x" * 80 + "...'"
