"""Intervals hold what they promise: coverage by simulation, properties, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from sklearn.metrics import average_precision_score, brier_score_loss

from labs_lib import stats
from tests.stats import in_band

number = st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 6))
pairs = st.lists(st.tuples(number, number), min_size=2, max_size=30).map(
    lambda values: tuple(np.array(values).T)
)


def holds(result, truth: float) -> bool:
    return result.low <= truth <= result.high


# Coverage: nominal against actual -----------------------------------------------------


def test_the_band_itself_rejects_a_wrong_coverage():
    assert in_band(1900, 2000, 0.95, 0.95)
    assert not in_band(1860, 2000, 0.95, 0.95)
    assert not in_band(1940, 2000, 0.95, 0.95)


@pytest.mark.parametrize(
    ("shape", "low", "high"),
    [("normal", 0.95, 0.95), ("skewed", 0.91, 0.95)],
)
def test_worlds_cover_95_percent(shape, low, high):
    rng = np.random.default_rng(0)
    trials, n = 2000, 20
    shared = rng.normal(0.5, 0.1, (trials, n))
    draws = {"normal": rng.normal, "skewed": lambda size: rng.exponential(size=size) - 1}
    difference = 0.02 + 0.03 * draws[shape](size=(trials, n))
    hits = sum(
        holds(stats.worlds(a, b), 0.02)
        for a, b in zip(shared + difference, shared, strict=True)
    )
    assert in_band(hits, trials, low, high)


def test_comparisons_in_one_map_hold_together_95_percent():
    rng = np.random.default_rng(0)
    maps, k, n = 500, 8, 10
    values = rng.normal(0, 1, (maps, k, n))
    together = sum(
        all(holds(stats.worlds(v, np.zeros(n), comparisons=k), 0) for v in one)
        for one in values
    )
    assert in_band(together, maps, 0.95, 0.953)  # exact for independent ones: 0.951


def split_differences(rng, trials, repeats, trained, *, n=100, n_train=70):
    """Test error of a mean minus that of a line, over random splits of each data set.

    Shape (trials, repeats); each trial is a new data set of n rows with slope 0.3. Mean and
    line are fitted to the training rows, or are the true ones and never change.
    """
    x = rng.normal(size=(trials, 1, n))
    y = 0.3 * x + rng.normal(size=(trials, 1, n))
    order = rng.random((trials, repeats, n)).argsort(axis=2)
    x = np.take_along_axis(np.broadcast_to(x, order.shape), order, axis=2)
    y = np.take_along_axis(np.broadcast_to(y, order.shape), order, axis=2)
    x_mean, y_mean, slope = 0.0, 0.0, 0.3
    if trained:
        x_train, y_train = x[..., :n_train], y[..., :n_train]
        x_mean, y_mean = x_train.mean(2, keepdims=True), y_train.mean(2, keepdims=True)
        slope = ((x_train - x_mean) * (y_train - y_mean)).sum(2, keepdims=True)
        slope /= ((x_train - x_mean) ** 2).sum(2, keepdims=True)
    x_test, y_test = x[..., n_train:], y[..., n_train:]
    error_mean = (y_test - y_mean) ** 2
    error_line = (y_test - y_mean - slope * (x_test - x_mean)) ** 2
    return (error_mean - error_line).mean(2)


@pytest.mark.parametrize(
    ("trained", "low", "high"), [(True, 0.90, 0.95), (False, 0.95, 0.99)]
)
def test_splits_cover_and_a_bootstrap_over_splits_does_not(trained, low, high):
    rng = np.random.default_rng(0)
    trials, repeats = 1000, 10
    truth = split_differences(rng, 4000, 4, trained).mean()
    difference = split_differences(rng, trials, repeats, trained)
    zero = np.zeros(repeats)
    corrected = sum(
        holds(stats.splits(d, zero, n_train=70, n_test=30), truth) for d in difference
    )
    draws = rng.integers(0, repeats, (trials, 400, repeats))
    means = np.take_along_axis(difference[:, None, :], draws, axis=2).mean(2)
    ends = np.quantile(means, [0.025, 0.975], axis=1)
    bootstrap = int(((ends[0] <= truth) & (truth <= ends[1])).sum())
    assert in_band(corrected, trials, low, high)
    assert in_band(bootstrap, trials, 0.50, 0.70)


def customers(rng, trials, n_groups, per_group):
    """Labels and two scores; what a customer's rows share spoils both scores."""
    y = rng.random((trials, n_groups, 1)) < 0.3
    y = np.broadcast_to(y, (trials, n_groups, per_group)).astype(int)
    own = rng.normal(size=(2, trials, n_groups, 1))
    noise = rng.normal(0, 0.3, size=(2, trials, n_groups, per_group))
    score_a, score_b = y + 0.8 * own[0] + noise[0], y + 1.0 * own[1] + noise[1]
    return tuple(v.reshape(trials, -1) for v in (y, score_a, score_b))


def test_rows_cover_by_group_and_single_rows_do_not():
    rng = np.random.default_rng(0)
    trials, n_groups, per_group = 150, 60, 6
    large = [v[0] for v in customers(rng, 1, 30_000, per_group)]
    truth = average_precision_score(large[0], large[1])
    truth -= average_precision_score(large[0], large[2])
    groups = np.repeat(np.arange(n_groups), per_group)
    by_group = by_row = 0
    for sample in zip(*customers(rng, trials, n_groups, per_group), strict=True):
        arguments = (average_precision_score, *sample)
        by_group += holds(stats.rows(*arguments, groups=groups, repeats=400), truth)
        by_row += holds(stats.rows(*arguments, repeats=400), truth)
    assert in_band(by_group, trials, 0.92, 0.96)
    assert in_band(by_row, trials, 0.40, 0.75)


# Values against an independent calculation --------------------------------------------


def test_worlds_equals_the_paired_t_interval_of_scipy():
    a, b = np.array([0.51, 0.49, 0.55, 0.60]), np.array([0.50, 0.45, 0.56, 0.52])
    expected = ttest_rel(a, b).confidence_interval(0.95)
    result = stats.worlds(a, b)
    assert (result.low, result.high) == pytest.approx(tuple(expected))
    assert result.mean == pytest.approx(0.03)


def test_splits_equals_the_formula_by_hand():
    # Differences 1, 2, 3: mean 2, s = 1; variance 1/3 + 1/3; t(0.975, 2) = 4.302653.
    result = stats.splits([1, 2, 3], [0, 0, 0], n_train=300, n_test=100)
    half = 4.302653 * np.sqrt(1 / 3 + 1 / 3)
    assert (result.low, result.high) == pytest.approx((2 - half, 2 + half), rel=1e-6)


def test_rows_gives_the_same_with_the_replaced_and_the_called_metric():
    y, a, b = (v[0] for v in customers(np.random.default_rng(1), 1, 30, 4))

    def called(y, score, sample_weight):
        return average_precision_score(y, score, sample_weight=sample_weight)

    fast = stats.rows(average_precision_score, y, a, b, repeats=200)
    slow = stats.rows(called, y, a, b, repeats=200)
    assert (fast.mean, fast.low, fast.high) == pytest.approx(
        (slow.mean, slow.low, slow.high), abs=1e-12
    )
    assert fast.mean == pytest.approx(
        average_precision_score(y, a) - average_precision_score(y, b)
    )


def test_a_draw_with_one_class_only_is_drawn_again():
    y = np.array([1, 1] + [0] * 10)  # without positives in 1 of 9 draws
    score = np.arange(12.0)
    result = stats.rows(average_precision_score, y, -score, score, repeats=200)
    assert 0 < result.low <= result.high <= 1


def test_rows_repeats_itself_and_depends_on_the_seed():
    y, a, b = (v[0] for v in customers(np.random.default_rng(1), 1, 30, 4))
    first = stats.rows(average_precision_score, y, a, b, repeats=200)
    assert stats.rows(average_precision_score, y, a, b, repeats=200) == first
    assert stats.rows(average_precision_score, y, a, b, repeats=200, seed=1) != first


def test_inputs_stay_as_they_are():
    y, a, b = (v[0].copy() for v in customers(np.random.default_rng(1), 1, 30, 4))
    before = [v.copy() for v in (y, a, b)]
    stats.rows(brier_loss_of_score, y, a, b, repeats=200)
    stats.worlds(a, b)
    assert all((new == old).all() for new, old in zip((y, a, b), before, strict=True))


def brier_loss_of_score(y, score, sample_weight):
    return brier_score_loss(y, (score > 0.5).astype(float), sample_weight=sample_weight)


# Properties ---------------------------------------------------------------------------

SWAPPED = {"higher": "lower", "lower": "higher"}


def both_designs(a, b, **options):
    return (
        stats.worlds(a, b, **options),
        stats.splits(a, b, n_train=70, n_test=30, **options),
    )


@given(pairs, st.none() | st.floats(0.01, 100))
def test_swapping_a_and_b_flips_everything(values, margin):
    a, b = values
    for one, other in zip(
        both_designs(a, b, margin=margin), both_designs(b, a, margin=margin), strict=True
    ):
        assert (one.mean, one.low, one.high) == (-other.mean, -other.high, -other.low)
        assert SWAPPED.get(one.verdict, one.verdict) == other.verdict


@given(pairs, st.floats(-1e3, 1e3))
def test_adding_the_same_to_both_changes_nothing(values, shift):
    a, b = values
    for one, other in zip(
        both_designs(a, b), both_designs(a + shift, b + shift), strict=True
    ):
        assert (other.mean, other.low, other.high) == pytest.approx(
            (one.mean, one.low, one.high), abs=1e-6
        )


@given(pairs, st.integers(1, 20))
def test_more_comparisons_and_more_confidence_widen(values, k):
    a, b = values
    assume(np.ptp(a - b) > 1e-3)
    for one, corrected, confident in zip(
        both_designs(a, b),
        both_designs(a, b, comparisons=k + 1),
        both_designs(a, b, confidence=0.99),
        strict=True,
    ):
        assert corrected.low < one.low <= one.mean <= one.high < corrected.high
        assert confident.low < one.low <= one.mean <= one.high < confident.high


@given(pairs)
def test_splits_are_wider_than_worlds(values):
    a, b = values
    assume(np.ptp(a - b) > 1e-3)
    world, split = both_designs(a, b)
    assert split.low < world.low
    assert world.high < split.high


def test_bootstrap_of_rows_flips_and_widens():
    y, a, b = (v[0] for v in customers(np.random.default_rng(1), 1, 60, 4))
    groups = np.repeat(np.arange(60), 4)

    def run(*scores, **options):
        return stats.rows(
            average_precision_score, y, *scores, groups=groups, repeats=2000, **options
        )

    one, swapped, corrected = run(a, b), run(b, a), run(a, b, comparisons=9)
    assert (one.low, one.high) == pytest.approx((-swapped.high, -swapped.low))
    assert corrected.low < one.low <= one.mean <= one.high < corrected.high


def test_groups_are_drawn_as_a_whole_whatever_their_names():
    y, a, b = (v[0] for v in customers(np.random.default_rng(1), 1, 30, 4))
    numbers = np.repeat(np.arange(30), 4)
    names = pd.Series([f"customer {g}" for g in numbers], index=numbers)
    one = stats.rows(average_precision_score, y, a, b, groups=numbers, repeats=200)
    assert stats.rows(average_precision_score, y, a, b, groups=names, repeats=200) == one


# Verdicts, text and table -------------------------------------------------------------


def result(low, high, margin=None, **options):
    values = {"n": 20, "design": "worlds", "confidence": 0.95, "comparisons": 1} | options
    return stats.Comparison((low + high) / 2, low, high, margin=margin, **values)


@pytest.mark.parametrize(
    ("low", "high", "margin", "verdict"),
    [
        (0.003, 0.021, None, "higher"),
        (-0.021, -0.003, None, "lower"),
        (-0.001, 0.021, None, "no difference shown"),
        (0.0, 0.021, None, "no difference shown"),
        (0.011, 0.021, 0.01, "higher"),
        (-0.021, -0.011, 0.01, "lower"),
        (-0.01, 0.01, 0.01, "tie"),
        (0.002, 0.008, 0.01, "tie"),
        (0.003, 0.021, 0.01, "undecided"),
        (-0.02, 0.02, 0.01, "undecided"),
    ],
)
def test_verdict(low, high, margin, verdict):
    assert result(low, high, margin).verdict == verdict


@pytest.mark.parametrize(
    ("comparison", "text"),
    [
        (result(0.003, 0.021), "+0.012 (0.003 to 0.021): higher, 20 worlds"),
        (
            result(-0.021, -0.003, design="splits", n=10),
            "-0.012 (-0.021 to -0.003): lower, 10 splits, corrected for overlap",
        ),
        (
            result(-0.01, 0.02, design="rows", n=1000),
            "+0.005 (-0.010 to 0.020): no difference shown, 1,000 resamples of one split, "
            "without variation of training",
        ),
        (
            result(0.003, 0.021, 0.01, comparisons=9, confidence=0.9),
            "+0.012 (0.003 to 0.021): undecided, 20 worlds, margin 0.01, "
            "corrected for 9 comparisons, 90% interval",
        ),
        (result(0.00012, 0.00018), "+0.00015 (0.00012 to 0.00018): higher, 20 worlds"),
        (result(1200, 1400), "+1,300 (1,200 to 1,400): higher, 20 worlds"),
        (
            result(-0.0002, 0.00021),
            "+0.0000 (-0.0002 to 0.0002): no difference shown, 20 worlds",
        ),
        (result(0, 0), "+0.000 (0.000 to 0.000): no difference shown, 20 worlds"),
    ],
)
def test_one_line_of_text(comparison, text):
    assert repr(comparison) == text


def test_results_table():
    table = stats.table(
        {
            "weight 99": result(-0.0214, -0.0037),
            "weight 10": result(-0.0052, 0.0031, 0.01, design="splits", n=10),
            "one split": result(-0.0001, 0.0001, design="rows", n=1000),
        }
    )
    assert tuple(table.columns) == stats.COLUMNS
    assert table.to_numpy().tolist() == [
        ["weight 99", -0.013, -0.021, -0.004, "lower", "worlds", 20],
        [
            "weight 10", -0.001, -0.005, 0.003, "tie", "splits, corrected for overlap", 10,
        ],
        [
            "one split", 0.0, -0.0, 0.0, "no difference shown",
            "rows of one split, without variation of training", 1000,
        ],
    ]  # fmt: skip
    assert stats.table({}).columns.tolist() == list(stats.COLUMNS)


def test_results_table_without_decimals_has_whole_numbers():
    table = stats.table({"cost": result(-2456.4, 12.6)}, digits=0)
    assert table[["difference", "low", "high"]].to_numpy().tolist() == [[-1222, -2456, 13]]
    assert table.select_dtypes("integer").columns.tolist() == [
        "difference",
        "low",
        "high",
        "n",
    ]


def test_equal_differences_give_a_point():
    a = np.full(20, 0.5)
    same, better = stats.worlds(a, a), stats.worlds(a, a - 0.25)
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    assert same.verdict == "no difference shown"
    assert stats.worlds(a, a, margin=0.01).verdict == "tie"
    assert (better.mean, better.low, better.high) == (0.25, 0.25, 0.25)
    assert better.verdict == "higher"


def test_a_difference_in_the_last_bit_is_no_finding():
    a = np.full(20, 0.1 + 0.2)
    assert (a != 0.3).all()
    assert stats.worlds(a, np.full(20, 0.3)).verdict == "no difference shown"


def test_result_cannot_be_changed():
    with pytest.raises(AttributeError):
        result(0, 1).mean = 5


# Bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2, 3], [1, 2], "lengths differ: a 3, b 2"),
        ([1], [2], "a has length 1, expected at least 2"),
        ([], [], "a has length 0, expected at least 2"),
        ([1, np.nan], [1, 2], "a has 1 of 2 values that are missing or infinite"),
        ([1, 2], [np.inf, 2], "b has 1 of 2 values that are missing or infinite"),
        ([1, None], [1, 2], "a has 1 of 2 values that are missing"),
        (["x", "y"], [1, 2], "a is not made of numbers"),
        ([[1, 2], [3, 4]], [1, 2], r"a has shape \(2, 2\), expected one dimension"),
        (1, 2, r"a has shape \(\), expected one dimension"),
    ],
)
def test_bad_values(a, b, message):
    with pytest.raises(ValueError, match=message):
        stats.worlds(a, b)
    with pytest.raises(ValueError, match=message):
        stats.splits(a, b, n_train=70, n_test=30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 95}, "confidence is 95, expected between 0 and 1"),
        ({"confidence": np.nan}, "confidence is nan"),
        ({"comparisons": 0}, "comparisons is 0, expected the number"),
        ({"comparisons": 1.5}, "comparisons is 1.5"),
        ({"margin": 0}, "margin is 0, expected a number above 0"),
        ({"margin": -0.01}, "margin is -0.01"),
        ({"margin": np.nan}, "margin is nan"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        stats.worlds([1, 2], [1, 3], **options)
    with pytest.raises(ValueError, match=message):
        stats.splits([1, 2], [1, 3], n_train=70, n_test=30, **options)
    with pytest.raises(ValueError, match=message):
        stats.rows(average_precision_score, [0, 0, 1, 1], range(4), range(4), **options)


@pytest.mark.parametrize(
    ("n_train", "n_test", "message"),
    [
        (0, 30, "n_train is 0, expected the number of rows"),
        (70, -1, "n_test is -1"),
        (70, np.nan, "n_test is nan"),
        (0.7, 0.3, "n_train is 0.7"),
    ],
)
def test_bad_sizes_of_splits(n_train, n_test, message):
    with pytest.raises(ValueError, match=message):
        stats.splits([1, 2], [1, 3], n_train=n_train, n_test=n_test)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": [0, 1, 1]}, "lengths differ: y 3, score_a 4, score_b 4"),
        ({"y": [0, 0, 0, 0]}, "label 1 stands in 0 rows, expected at least 2"),
        ({"y": [1, 1, 1, 1]}, "label 0 stands in 0 rows"),
        ({"y": [0, 0, 0, 1]}, "label 1 stands in 1 row, expected"),
        ({"y": [0, 1, 2, 1]}, "y holds values other than 0 and 1"),
        ({"y": [0, 1, np.nan, 1]}, "y has 1 of 4 values that are missing"),
        ({"score_a": [0, np.nan, 1, 1]}, "score_a has 1 of 4 values"),
        ({"score_b": list("abcd")}, "score_b is not made of numbers"),
        ({"groups": [1, 2, 3]}, "lengths differ: y 4, groups 3"),
        ({"groups": [1, 2, 3, None]}, "groups has missing values"),
        ({"groups": [1, 2, 3, 3]}, "label 1 stands in 1 group, expected"),
        ({"repeats": 100}, "repeats is 100, expected at least 200 for a 95.0000% interval"),
        ({"comparisons": 9}, "repeats is 1000, expected at least 1800"),
    ],
)
def test_bad_rows(changes, message):
    arguments = {"y": [0, 0, 1, 1], "score_a": [1, 2, 3, 4], "score_b": [2, 1, 3, 4]}
    with pytest.raises(ValueError, match=message):
        stats.rows(average_precision_score, **arguments | changes)


def test_metric_without_a_value_is_an_error():
    with pytest.raises(ValueError, match="not finite on resampled rows"):
        stats.rows(lambda y, score, sample_weight: np.nan, [0, 0, 1, 1], range(4), range(4))


def test_table_of_anything_else():
    with pytest.raises(ValueError, match="'x' is float, expected a Comparison"):
        stats.table({"x": 0.5})
