"""The area under the ROC curve: values of scikit-learn, errors of the formulas, coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from labs_lib import stats
from tests.stats import in_band

scores = st.lists(st.integers(0, 9), min_size=2, max_size=20)


def labelled(a, b):
    return np.repeat([1, 0], [len(a), len(b)]), np.array([*a, *b], dtype=float)


@given(scores, scores)
def test_auc_is_that_of_scikit_learn_and_its_error_that_of_the_formula(a, b):
    y, score = labelled(a, b)
    value, error = stats.auc(y, score)
    assert value == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    wins = np.greater.outer(a, b) + 0.5 * np.equal.outer(a, b)
    by_a, by_b = wins.mean(axis=1), wins.mean(axis=0)
    expected = by_a.var(ddof=1) / len(a) + by_b.var(ddof=1) / len(b)
    assert error == pytest.approx(math.sqrt(expected), abs=1e-12)


@given(scores, scores)
def test_auc_depends_on_the_order_of_the_scores_alone(a, b):
    y, score = labelled(a, b)
    assert stats.auc(y, np.exp(score)) == stats.auc(y, score)
    mirrored, error = stats.auc(1 - y, -score)
    assert (mirrored, error) == pytest.approx(stats.auc(y, score), abs=1e-12)


@pytest.mark.parametrize(
    ("y", "value", "error"),
    [([1, 1], math.nan, math.nan), ([1, 0], 1.0, math.nan), ([1, 1, 0, 0], 1.0, 0.0)],
)
def test_auc_of_few_rows(y, value, error):
    found = stats.auc(y, np.linspace(1, 0, len(y)))
    assert found == pytest.approx((value, error), nan_ok=True)


@pytest.mark.parametrize(("shift", "n"), [(0.0, 60), (0.7, 60), (0.7, 15)])
def test_the_intervals_of_an_auc_cover(shift, n):
    rng = np.random.default_rng(0)
    truth, trials = ndtr(shift / 2**0.5), 1_000
    y = np.repeat([1, 0], [n, 2 * n])
    delong = hanley = 0
    for _ in range(trials):
        value, error = stats.auc(y, rng.normal(size=3 * n) + shift * y)
        low, high = stats.auc_interval(value, error)
        delong += low <= truth <= high
        low, high = stats.auc_interval(value, stats.hanley_mcneil(value, n, 2 * n))
        hanley += low <= truth <= high
    assert in_band(delong, trials, 0.91, 0.95)
    assert in_band(hanley, trials, 0.91, 0.97)


def test_hanley_and_mcneil_by_hand():
    # Q1 = 0.8 / 1.2, Q2 = 1.28 / 1.8.
    variance = 0.16 + 49 * (0.8 / 1.2 - 0.64) + 29 * (1.28 / 1.8 - 0.64)
    assert stats.hanley_mcneil(0.8, 50, 30) == pytest.approx(math.sqrt(variance / 1_500))


def test_the_interval_is_normal_and_stays_between_0_and_1():
    low, high = stats.auc_interval(0.7, 0.05, confidence=0.9)
    assert (low, high) == pytest.approx(norm(0.7, 0.05).interval(0.9))
    assert stats.auc_interval(0.99, 0.05)[1] == 1
    assert stats.auc_interval(0.01, 0.05)[0] == 0


def test_beats_by_hand():
    found = stats.beats([3, 5, 5], [3, 4])
    assert found.mean == pytest.approx((0.5 + 0 + 1 + 1 + 1 + 1) / 6)
    assert found.low < found.mean < found.high < 1
    assert stats.beats([1, 1], [1, 1]).mean == 0.5
    assert repr(found).endswith("3 runs")


@given(scores, scores)
def test_beats_has_two_sides(a, b):
    one, other = stats.beats(a, b), stats.beats(b, a)
    assert one.mean == pytest.approx(1 - other.mean)
    assert 0 <= one.low <= one.mean <= one.high <= 1
    wider = stats.beats(a, b, comparisons=9)
    assert wider.low <= one.low <= one.high <= wider.high


@pytest.mark.parametrize("shift", [0.0, 0.7, 2.0])
def test_beats_covers_the_truth(shift):
    rng = np.random.default_rng(0)
    truth = ndtr(shift / 2**0.5)
    held = 0
    for _ in range(1_000):
        found = stats.beats(rng.normal(shift, 1, 50), rng.normal(0, 1, 50))
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 1_000 <= 0.98


@pytest.mark.parametrize("values", [[1.0], [[1.0, 2.0]], [1.0, np.nan]])
def test_beats_needs_runs(values):
    with pytest.raises(ValueError, match="at least 2 finite scores"):
        stats.beats(values, [1.0, 2.0])
