"""Laws of the forms of an answer: whatever holds the same values is the same answer."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.course import answers

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)
FORMS = (
    list,
    tuple,
    np.array,
    pd.Series,
    pd.Index,
    iter,
    lambda v: pd.DataFrame({"x": v}),
    lambda v: np.array(v, dtype=object),
    lambda v: np.reshape(v, (-1, 1)),
    lambda v: pd.Series(v, index=range(7, 7 + len(v)), dtype="Float64"),
)
SCALARS = (
    float,
    np.float64,
    np.array,
    lambda x: np.array([x]),
    lambda x: pd.Series([x], index=["a"]),
    lambda x: pd.Index([x]),
    lambda x: pd.DataFrame({"x": [x]}),
)
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers() | st.just(pd.NA),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.sampled_from(FORMS))
def test_an_array_is_the_same_in_every_form(values, form):
    expected = np.array(values)
    found = answers.in_form_of(expected, form(values))
    assert answers.same(expected, found)


@given(NUMBERS, st.sampled_from(SCALARS))
def test_a_number_is_the_same_in_every_form(value, form):
    assert answers.same(value, answers.in_form_of(value, form(value)))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        (np.int8(3), 3),
        (Decimal("3"), 3),
        (pd.Series([2]), 2),
    ],
)
def test_numbers_of_other_types(value, plain):
    assert answers.number(value) == plain


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.integers(0, 7))
def test_another_value_is_another_answer(values, place):
    expected = np.array(values)
    other = expected.copy()
    place = min(place, len(values) - 1)
    other[place] = 1.0 if math.isnan(other[place]) else math.nan
    assert not answers.same(expected, answers.in_form_of(expected, other))


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_exact(n):
    assert answers.same(n, answers.in_form_of(n, float(n)))
    assert not answers.same(n, answers.in_form_of(n, float(n + 1)))


@given(st.sets(st.sampled_from("abcd")))
def test_a_set_of_letters_is_the_same_in_every_form(letters):
    some = sorted(letters)
    for value in (
        letters,
        some,
        tuple(some),
        np.array(some, dtype=str),
        pd.Series(some, dtype=str),
        pd.Series(some, dtype="category"),
        ", ".join(some),
        " ".join(some).upper(),
        "".join(some),
        {letter: letter in letters for letter in "abcd"},
    ):
        assert answers.members(value, "abcd") == letters


def test_a_mapping_is_the_same_in_every_form():
    plain = {"a": 1.0, "b": 2.0}
    for value in (
        plain,
        pd.Series(plain),
        list(plain.items()),
        {"a": np.array([1.0]), "b": 2},
    ):
        assert answers.mapping(value) == plain


@given(
    NONSENSE,
    st.sampled_from(
        [
            0.5,
            3,
            True,
            "x",
            None,
            {"a": 1.0},
            {"a"},
            [1.0, 2.0],
            np.zeros((2, 2)),
            ([1], [2]),
        ]
    ),
)
def test_nonsense_gets_a_sentence_and_no_other_exception(value, expected):
    said = ""
    try:
        answers.same(expected, answers.in_form_of(expected, value))
    except ValueError as error:
        said = str(error)
    assert said == "" or said.startswith(("should ", "has "))


@pytest.mark.parametrize(
    ("expected", "value", "said"),
    [
        (0.5, None, "should be a number; it is None"),
        (0.5, pd.NA, "it is a missing value"),
        (0.5, True, "it is True"),
        (0.5, "0.5", "Leave out the quotes"),
        (0.5, [0.5], "it is a list of 1"),
        (True, 1, "should be True or False; it is an int"),
        ({"a": 1}, {"a": [1]}, "`a` is a list of 1. Give one value there."),
        ({"a": 1}, {"a": None}, "`a` is None"),
        ([1.0, 2.0], [1.0], r"should have the shape \(2,\); it has \(1,\)"),
        ([1.0, 2.0], [1.0, [2.0]], "its rows have different lengths"),
        ([1.0, 2.0], {1.0, 2.0}, "it is a set of 2"),
        (([1], [2]), [1], "should have 2 parts; it has 1"),
    ],
)
def test_what_cannot_be_used_is_named(expected, value, said):
    with pytest.raises(ValueError, match=said):
        answers.in_form_of(expected, value)


@given(NUMBERS, NUMBERS)
def test_two_numbers_that_differ_look_different(a, b):
    if a != b and not (math.isnan(a) and math.isnan(b)):
        one, other = answers.told_apart(a, b)
        assert one != other


def test_a_long_answer_is_shown_at_its_first_difference():
    expected, found = np.zeros(50), np.zeros(50)
    found[30] = 0.25
    assert answers.told_apart(expected, found) == ("0 at place 30", "0.25")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(8 / 9), "0.8889"),
        ([1, 0.5], "[1, 0.5]"),
        ({"a": "x"}, "{'a': 'x'}"),
        (set(), "set()"),
        ({"b", "a"}, "{'a', 'b'}"),
        (np.arange(20), "[0, 1, 2, 3, 4, 5, 6, 7, … 20 in all]"),
        (pd.DataFrame({"x": [1, 2], "y": 1}), "<table of 2 rows: x, y>"),
        (np.zeros((6, 10)), "<array of shape (6, 10)>"),
        (np.eye(2), "[[1, 0], [0, 1]]"),
        (len, "a function"),
        (None, "None"),
        (12345.6, "12,346"),
        (math.inf, "inf"),
    ],
)
def test_values_are_shown_shortly(value, text):
    assert answers.shown(value) == text
