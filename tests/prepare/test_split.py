from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from labs_lib.prepare.split import (
    MAX_STRATA,
    key_split,
    ordered_split,
    randomized_split,
    stratified_split,
)

THREE = {"train": 0.6, "validation": 0.2, "test": 0.2}
TWO = {"train": 0.8, "test": 0.2}

fractions = st.sampled_from(
    [TWO, THREE, {"a": 0.5, "b": 0.5}, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}]
)
seeds = st.integers(0, 2**31)


def assert_partition(parts, wanted, rows):
    assert list(parts) == list(wanted)
    together = np.concatenate(list(parts.values()))
    assert sorted(together.tolist()) == list(range(rows))
    for positions in parts.values():
        assert (np.diff(positions) > 0).all()


def assert_exact(parts, wanted, rows):
    for name, positions in parts.items():
        assert abs(len(positions) - wanted[name] * rows) < 1


# Partition, sizes, order, keys


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 300), fractions, seeds)
def test_randomized_is_a_partition_of_exact_sizes(rows, wanted, seed):
    frame = pd.DataFrame({"x": np.zeros(rows)})
    parts = randomized_split(frame, wanted, seed=seed)
    assert_partition(parts, wanted, rows)
    assert_exact(parts, wanted, rows)
    again = randomized_split(frame, wanted, seed=seed)
    assert all(np.array_equal(parts[name], again[name]) for name in wanted)


def test_randomized_depends_on_the_seed_and_treats_rows_alike():
    frame = pd.DataFrame({"x": range(10)})
    tests = [randomized_split(frame, TWO, seed=seed)["test"] for seed in range(1000)]
    share = np.bincount(np.concatenate(tests), minlength=10) / 1000
    assert np.abs(share - 0.2).max() < 0.06  # 4.7 standard errors


def test_ten_thousand_rows_are_split_as_in_the_guide():
    parts = randomized_split(pd.DataFrame({"x": range(10_000)}), TWO)
    assert [len(rows) for rows in parts.values()] == [8000, 2000]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=20, max_size=200), fractions, seeds)
def test_stratified_splits_each_value_by_the_fractions(values, wanted, seed):
    frame = pd.DataFrame({"class": values})
    parts = stratified_split(frame, wanted, column="class", error_threshold=1, seed=seed)
    assert_partition(parts, wanted, len(frame))
    for name, positions in parts.items():
        in_part = frame.iloc[positions]["class"].value_counts()
        for value, count in frame["class"].value_counts().items():
            assert abs(in_part.get(value, 0) - wanted[name] * count) < 1


def test_stratified_counts_agree_with_scikit_learn():
    frame = pd.DataFrame({"class": np.repeat(["a", "b", "c"], [700, 250, 50])})
    parts = stratified_split(frame, TWO, column="class")
    _, expected = train_test_split(
        frame, test_size=0.2, stratify=frame["class"], random_state=0
    )
    counts = frame.iloc[parts["test"]]["class"].value_counts()
    assert counts.to_dict() == expected["class"].value_counts().to_dict()


def test_a_rare_value_goes_to_each_part_by_its_fraction():
    # scikit-learn refuses a value with one row.
    frame = pd.DataFrame({"class": ["rare"] + ["common"] * 99})
    in_test = [
        0
        in stratified_split(frame, TWO, column="class", error_threshold=1, seed=seed)[
            "test"
        ]
        for seed in range(400)
    ]
    assert np.mean(in_test) == pytest.approx(0.2, abs=0.09)


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 200), fractions)
def test_ordered_without_a_column_keeps_the_order_of_the_rows(rows, wanted):
    parts = ordered_split(pd.DataFrame({"x": np.zeros(rows)}), wanted)
    assert_partition(parts, wanted, rows)
    assert_exact(parts, wanted, rows)
    assert np.concatenate(list(parts.values())).tolist() == list(range(rows))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-30, 30), min_size=10, max_size=200), fractions, seeds)
def test_ordered_with_duplicates_handled_is_exact(values, wanted, seed):
    frame = pd.DataFrame({"t": values})
    options = {"column": "t", "handle_duplicates": True, "error_threshold": 0}
    parts = ordered_split(frame, wanted, seed=seed, **options)
    assert_partition(parts, wanted, len(frame))
    assert_exact(parts, wanted, len(frame))
    for earlier, later in pairwise(parts.values()):
        assert frame["t"].iloc[earlier].max() <= frame["t"].iloc[later].min()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=30, max_size=60), fractions, seeds)
def test_ordered_keeps_equal_values_together(repeats, wanted, seed):
    values = np.repeat(np.arange(len(repeats)), repeats)
    frame = pd.DataFrame({"t": np.random.default_rng(seed).permutation(values)})
    parts = ordered_split(frame, wanted, column="t", error_threshold=0.1)
    assert_partition(parts, wanted, len(frame))
    for earlier, later in pairwise(parts.values()):
        assert frame["t"].iloc[earlier].max() < frame["t"].iloc[later].min()


def test_ordered_by_a_constant():
    with pytest.raises(ValueError, match=r"gets none of the 20 rows.* or set handle_dup"):
        ordered_split(pd.DataFrame({"t": [1] * 20}), TWO, column="t")


def test_ordered_splits_dates_and_meets_at_the_nearest_change():
    day = pd.to_datetime(["2025-01-01"] * 7 + ["2025-01-02"] * 3)
    frame = pd.DataFrame({"day": day[::-1]})
    parts = ordered_split(frame, TWO, column="day", error_threshold=0.1)
    assert parts["test"].tolist() == [0, 1, 2]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=40, max_size=150),
    st.sampled_from([TWO, THREE]),
    seeds,
)
def test_keys_never_cross_and_sizes_stay_within_the_threshold(sizes, wanted, seed):
    keys = np.repeat(np.arange(len(sizes)), sizes)
    frame = pd.DataFrame({"customer": np.random.default_rng(seed).permutation(keys)})
    parts = key_split(frame, wanted, columns="customer", error_threshold=0.05, seed=seed)
    assert_partition(parts, wanted, len(frame))
    owners = [set(frame["customer"].iloc[positions]) for positions in parts.values()]
    assert sum(map(len, owners)) == len(set().union(*owners))
    for name, positions in parts.items():
        assert abs(len(positions) / len(frame) - wanted[name]) <= 0.05 + 1e-9


def test_several_columns_make_one_key():
    frame = pd.DataFrame({"customer": [1, 1, 2, 2] * 25, "month": ["a", "b"] * 50})
    parts = key_split(
        frame, {"train": 0.5, "test": 0.5}, columns=["customer", "month"], error_threshold=0
    )
    pairs = [
        set(frame.iloc[rows].itertuples(index=False, name=None)) for rows in parts.values()
    ]
    assert [len(pair) for pair in pairs] == [2, 2]
    assert not pairs[0] & pairs[1]


def test_large_keys_are_not_collected_by_one_part():
    keys = np.repeat(np.arange(200), [50] * 20 + [5] * 180)
    frame = pd.DataFrame({"customer": keys})
    shares = []
    for seed in range(200):
        rows = key_split(frame, TWO, columns="customer", error_threshold=0.02, seed=seed)
        shares.append((np.unique(keys[rows["test"]]) < 20).sum() / 20)
    assert np.mean(shares) == pytest.approx(0.2, abs=0.02)


def test_a_large_key_finds_a_part_where_it_fits():
    frame = pd.DataFrame({"customer": np.repeat(np.arange(51), [50] + [1] * 50)})
    for seed in range(20):
        parts = key_split(frame, TWO, columns="customer", error_threshold=0, seed=seed)
        assert [len(rows) for rows in parts.values()] == [80, 20]
        assert 0 in parts["train"]


def test_the_frame_is_not_changed():
    frame = pd.DataFrame({"g": [1, 2] * 10, "t": range(20)}, index=range(100, 120))
    before = frame.copy(deep=True)
    randomized_split(frame, TWO)
    stratified_split(frame, TWO, column="g")
    ordered_split(frame, TWO, column="t")
    key_split(frame, TWO, columns="t")
    pd.testing.assert_frame_equal(frame, before)


# Bad input

FRAME = pd.DataFrame({"g": ["a", "b"] * 50, "t": range(100)})
SPLITS = {
    "randomized": lambda frame, wanted: randomized_split(frame, wanted),
    "stratified": lambda frame, wanted: stratified_split(frame, wanted, column="g"),
    "ordered": lambda frame, wanted: ordered_split(frame, wanted, column="t"),
    "key": lambda frame, wanted: key_split(frame, wanted, columns="t"),
}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"train": 0.8, "test": 0.3}, "sum to 1.1, expected 1; divide each of them by 1.1"),
        ({"train": 80, "test": 20}, "sum to 100, expected 1"),
        ({"train": 1.2, "test": -0.2}, "fraction of test is -0.2, expected more than 0"),
        ({"train": 1.0, "test": 0}, "fraction of test is 0, expected more than 0"),
        ({"train": float("nan"), "test": 0.2}, "fraction of train is nan"),
        ({"train": "0.8", "test": 0.2}, "fraction of train is '0.8'"),
        ({"train": 1.0}, "expected two or three parts"),
        ({"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}, "expected two or three parts"),
        ([0.8, 0.2], "expected two or three parts"),
    ],
)
def test_wrong_fractions(split, wanted, message):
    with pytest.raises(ValueError, match=message):
        split(FRAME, wanted)


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_an_empty_frame_or_no_frame(split):
    with pytest.raises(ValueError, match="frame is empty, expected a DataFrame with rows"):
        split(FRAME.iloc[:0], TWO)
    with pytest.raises(ValueError, match="frame is ndarray"):
        split(FRAME.to_numpy(), TWO)


def test_a_part_without_rows():
    with pytest.raises(ValueError, match="test gets none of the 2 rows"):
        randomized_split(FRAME.head(2), {"train": 0.9, "test": 0.1})


def test_an_unknown_column():
    with pytest.raises(ValueError, match="there is no column 'x'; there are g, t"):
        stratified_split(FRAME, TWO, column="x")
    with pytest.raises(ValueError, match="there is no column 'x'"):
        key_split(FRAME, TWO, columns=["g", "x"])
    with pytest.raises(ValueError, match="columns is empty"):
        key_split(FRAME, TWO, columns=[])


@pytest.mark.parametrize("name", ["stratified", "ordered", "key"])
def test_missing_values_in_the_column(name):
    frame = FRAME.assign(
        g=FRAME["g"].where(FRAME["t"] > 2), t=FRAME["t"].where(FRAME["t"] > 2)
    )
    with pytest.raises(
        ValueError, match="has 3 missing values, so their rows belong to no"
    ):
        SPLITS[name](frame, TWO)


def test_stratified_takes_a_hundred_values_and_no_more():
    frame = pd.DataFrame({"g": np.tile(np.arange(MAX_STRATA), 10)})
    assert_partition(stratified_split(frame, TWO, column="g"), TWO, 1000)
    frame = pd.DataFrame({"g": np.tile(np.arange(MAX_STRATA + 1), 10)})
    with pytest.raises(ValueError, match="101 different values, expected at most 100"):
        stratified_split(frame, TWO, column="g")


def test_ordered_needs_numbers_or_dates():
    with pytest.raises(ValueError, match="expected numbers or dates"):
        ordered_split(FRAME, TWO, column="g")


def test_equal_values_that_miss_the_threshold():
    frame = pd.DataFrame({"t": [0] * 50 + [1] * 50})
    with pytest.raises(ValueError, match=r"0.5000 instead of 0.8000: .* handle_duplicates"):
        ordered_split(frame, TWO, column="t")
    parts = ordered_split(frame, TWO, column="t", handle_duplicates=True)
    assert [len(rows) for rows in parts.values()] == [80, 20]


def test_keys_that_miss_the_threshold():
    frame = pd.DataFrame({"customer": np.repeat(np.arange(10), 10)})
    with pytest.raises(ValueError, match=r"off by more than the error_threshold 0\.01"):
        key_split(frame, {"train": 0.75, "test": 0.25}, columns="customer")


def test_a_key_larger_than_any_part():
    frame = pd.DataFrame({"customer": ["big"] * 90 + list("abcdefghij")})
    with pytest.raises(ValueError, match=r"key \['big'\] has 90.0% of the rows"):
        key_split(frame, TWO, columns="customer")


def test_fewer_keys_than_parts():
    frame = pd.DataFrame({"customer": ["a"] * 50 + ["b"] * 50})
    with pytest.raises(ValueError, match="2 different keys cannot fill 3 parts"):
        key_split(frame, THREE, columns="customer", error_threshold=1)


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), "0.1"])
def test_a_wrong_threshold(threshold):
    with pytest.raises(ValueError, match="error_threshold is"):
        key_split(FRAME, TWO, columns="t", error_threshold=threshold)
    with pytest.raises(ValueError, match="error_threshold is"):
        stratified_split(FRAME, TWO, column="g", error_threshold=threshold)


def test_a_threshold_above_one_counts_as_one():
    frame = pd.DataFrame({"customer": np.repeat(np.arange(3), [60, 30, 10])})
    parts = key_split(frame, {"a": 0.5, "b": 0.5}, columns="customer", error_threshold=7)
    assert_partition(parts, {"a": 0.5, "b": 0.5}, 100)


# A value is what it is in every type of column


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=40, max_size=60).filter(lambda n: len(set(n)) > 1)
)
def test_a_key_is_its_value_in_every_type_of_column(numbers):
    plain = pd.DataFrame({"k": numbers})
    fractions = {"a": 0.5, "b": 0.5}
    expected = [
        stratified_split(plain, fractions, column="k", error_threshold=1),
        key_split(plain, fractions, columns="k", error_threshold=1),
    ]
    for column in (
        pd.Series(numbers, dtype="Int64"),
        pd.Series(numbers, dtype="float32"),
        pd.Series(numbers, dtype=object),
        pd.Series([n if i % 2 else float(n) for i, n in enumerate(numbers)], dtype=object),
        pd.Series([Decimal(n) for n in numbers]),
        pd.Series([str(n) for n in numbers]),
        pd.Series(pd.Categorical(numbers, sorted(set(numbers), reverse=True))),
    ):
        frame = pd.DataFrame({"k": column})
        found = [
            stratified_split(frame, fractions, column="k", error_threshold=1),
            key_split(frame, fractions, columns="k", error_threshold=1),
        ]
        for one, other in zip(found, expected, strict=True):
            assert all(np.array_equal(one[name], other[name]) for name in fractions)


def test_columns_that_are_no_key():
    fractions = {"a": 0.5, "b": 0.5}
    lists = pd.DataFrame({"k": [[1], [2]] * 4})
    with pytest.raises(ValueError, match="cannot be compared, such as lists"):
        stratified_split(lists, fractions, column="k")
    twice = pd.DataFrame(np.eye(4), columns=["k", "k", "a", "b"])
    levels = twice.set_axis(pd.MultiIndex.from_product([["k", "l"], [1, 2]]), axis=1)
    for frame in (twice, levels):
        with pytest.raises(ValueError, match="'k' names 2 columns, expected one"):
            key_split(frame, fractions, columns="k")
