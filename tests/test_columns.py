"""One reading of a column: what is missing, numbers, texts; equal values stay equal."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import columns

DAY = pd.Timestamp("2025-01-01")


@pytest.mark.parametrize(
    ("values", "kind", "numbers", "texts"),
    [
        ([1, 2], "number", [1, 2], ["1", "2"]),
        ([1.0, None], "number", [1, np.nan], ["1", None]),
        (pd.array([1, None], dtype="Int64"), "number", [1, np.nan], ["1", None]),
        (pd.Series([0.1], dtype="float32"), "number", [np.float32(0.1)], ["0.1"]),
        ([True, False], "boolean", [1, 0], ["True", "False"]),
        (pd.array([True, None], dtype="boolean"), "boolean", [1, np.nan], ["True", None]),
        (["a", "7", "", None], "text", [np.nan, 7, np.nan, np.nan], ["a", "7", None, None]),
        (pd.array(["a"], dtype="string"), "text", [np.nan], ["a"]),
        (pd.Categorical([2, 1, None]), "text", [2, 1, np.nan], ["2", "1", None]),
        (pd.Series([1, "a"], dtype=object), "text", [1, np.nan], ["1", "a"]),
        (pd.Series([1, 2.5], dtype=object), "number", [1, 2.5], ["1", "2.5"]),
        (
            pd.Series([Decimal("1.50"), Decimal("1.5"), 1], dtype=object),
            "number",
            [1.5, 1.5, 1],
            ["1.5", "1.5", "1"],
        ),
        ([None, ""], "empty", [np.nan] * 2, [None] * 2),
        ([DAY, None], "date", [np.nan] * 2, ["2025-01-01 00:00:00", None]),
        (pd.to_timedelta([90], unit="s"), "duration", [90], ["0 days 00:01:30"]),
        ([[1], [2]], "other", [np.nan] * 2, ["[1]", "[2]"]),
        (pd.Series([{1}, {"a": 1}]), "other", [np.nan] * 2, ["{1}", "{'a': 1}"]),
        ([b"a"], "other", [np.nan], ["b'a'"]),
        ([1j], "other", [np.nan], ["1j"]),
        (
            pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            "other",
            [np.nan],
            ["[1]"],
        ),
        (pd.cut([1, 3], [0, 2, 4]), "text", [np.nan] * 2, ["(0, 2]", "(2, 4]"]),
    ],
)
def test_kinds(values, kind, numbers, texts):
    column = columns.read(values)
    assert column.kind == kind
    np.testing.assert_array_equal(column.numbers, np.array(numbers, dtype=float))
    assert column.texts.tolist() == texts
    assert column.missing.tolist() == [text is None for text in texts]
    assert column.present == len(texts) - texts.count(None)
    expected = {text: texts.count(text) for text in texts if text is not None}
    assert column.counts == expected


def test_texts_that_stand_for_a_missing_number_are_no_wrong_numbers():
    column = columns.read(["1", "NA", "x", None, ""])
    assert column.no_number.tolist() == [False, False, True, False, False]
    assert columns.read(pd.Categorical(["1", "x", None])).no_number.sum() == 1


def test_whole_numbers_above_float64_stay_apart():
    large = [2**53, 2**53 + 1, None]
    for values in (
        pd.array(large, dtype="Int64"),
        pd.Series(large, dtype=pd.ArrowDtype(pa.int64())),
        columns.from_arrow(pa.chunked_array([large])),
        pd.Series(large, dtype=object),
    ):
        assert list(columns.read(values).counts) == [str(2**53), str(2**53 + 1)]
    first, second, _ = columns.codes([2**53, 2**53 + 1], [float(2**53)], names=("a", "b"))
    assert (first == second[0]).tolist() == [True, False]


def test_numbers_are_spelled_as_the_known_ones():
    found = columns.spelled_as(
        ["1", "1.0", "5411", "10000000000000000"],
        {"1.0": 1, "5411.0": 2, "5411": 1, "1e+16": 3, "007": 4, "x": 5},
    )
    expected = {"1.0": 1, "5411": 3, "10000000000000000": 3, "007": 4, "x": 5}
    assert found == expected


numeric = st.integers(-(2**60), 2**60) | st.booleans()
to_other_kinds = st.sampled_from(
    [
        lambda v: v,
        lambda v: [Decimal(int(x)) for x in v],
        lambda v: [str(int(x)) for x in v],
        lambda v: pd.Categorical(v) if v else v,
        lambda v: pd.array([int(x) for x in v], dtype="Int64"),
        lambda v: [float(x) if float(x) == x else x for x in v],
    ]
)


@given(
    st.lists(numeric, min_size=1, max_size=20),
    st.lists(numeric, min_size=1, max_size=20),
    to_other_kinds,
    to_other_kinds,
)
def test_codes_are_equal_where_values_are(x, y, one, other):
    first, second, values = columns.codes(one(x), other(y), names=("x", "y"))
    equal = np.array([[int(a) == int(b) for b in y] for a in x])
    np.testing.assert_array_equal(first[:, None] == second[None, :], equal)
    assert len(values) == len({int(v) for v in [*x, *y]})


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1], ["01"], "first holds numbers such as 1 and second texts such as '01'"),
        (["x"], [1.5], "second holds numbers such as 1.5 and first texts such as 'x'"),
        ([1], [DAY], "expected the same kind"),
    ],
)
def test_codes_of_kinds_that_cannot_be_compared(first, second, message):
    with pytest.raises(ValueError, match=message):
        columns.codes(first, second, names=("first", "second"))


def test_truth_values_and_their_texts():
    first, second, values = columns.codes(
        [True, False], ["False", "True"], names=("a", "b")
    )
    assert (first.tolist(), second.tolist(), values) == ([1, 0], [0, 1], ["False", "True"])


@pytest.mark.parametrize(
    ("values", "codes", "distinct"),
    [
        (pd.array([3, 1, None, 3], dtype="Int64"), [1, 0, -1, 1], [1, 3]),
        (["b", "", "a", None, "b"], [1, -1, 0, -1, 1], ["a", "b"]),
        (np.array(["b", "", "a"], dtype=object), [1, -1, 0], ["a", "b"]),
        (pd.Categorical(["b", "a", ""], ["z", "b", "", "a"]), [0, 1, -1], ["b", "a"]),
        (pd.Series([2, "x", 2], dtype=object), [0, 1, 0], [2, "x"]),
        (pd.Series([0.1], dtype="float32"), [0], [np.float32(0.1)]),
        ([None, ""], [-1, -1], []),
    ],
)
def test_distinct_values_stay_what_they_are(values, codes, distinct):
    found = columns.read(values).distinct
    assert found[0].tolist() == codes
    assert found[1] == distinct
    assert [type(value) for value in found[1]] == [type(value) for value in distinct]


def test_values_without_a_hash_have_texts_only():
    column = columns.read(pd.Series([[1], [1], {2}], name="x"))
    assert column.coded[0].tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match="column 'x' holds values that cannot be compared"):
        column.distinct  # noqa: B018


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e16, "10000000000000000"),
        (2.0**53, "9007199254740992"),
        (2.0**62, "4.611686018427388e+18"),
        (1e300, "1e+300"),
        (np.float32(3e10), "3e+10"),
        (np.float32(2**24), "16777216"),
        (-0.0, "0"),
        (np.inf, "inf"),
    ],
)
def test_a_whole_number_is_written_in_full_if_its_digits_say_so(value, text):
    assert columns.text(value) == text


def test_texts_that_python_takes_for_numbers_and_no_file_writes():
    column = columns.read(["1_000", "١", "0x10", " 7 ", "-.5", "1e400", "Infinity", "+inf"])
    expected = [np.nan, np.nan, np.nan, 7, -0.5, np.inf, np.inf, np.inf]
    np.testing.assert_array_equal(column.numbers, expected)
