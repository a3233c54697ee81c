"""A mean, a share, a count: equal to scipy's, and exact intervals that are exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, chi2, poisson, ttest_1samp

from labs_lib import stats


def ends(interval):
    return interval.low, interval.high


def test_mean_interval_equals_scipy():
    values = [0.52, 0.49, 0.55]
    result = stats.mean_interval(values, confidence=0.9)
    expected = ttest_1samp(values, 0).confidence_interval(0.9)
    assert ends(result) == pytest.approx(tuple(expected))


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.999))
def test_share_interval_equals_scipy(hits, misses, confidence):
    n = hits + misses or 1
    hits = min(hits, n)
    found = stats.share_interval(hits, n, confidence=confidence)
    expected = binomtest(hits, n).proportion_ci(confidence, method="exact")
    assert ends(found) == pytest.approx(tuple(expected), abs=1e-9)
    assert found.mean == hits / n
    mirrored = stats.share_interval(n - hits, n, confidence=confidence)
    assert ends(found) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@given(st.integers(0, 500), st.floats(0.5, 0.999))
def test_count_interval_equals_the_chi_square_form(count, confidence):
    tail = (1 - confidence) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = chi2.isf(tail, 2 * count + 2) / 2
    found = stats.count_interval(count, confidence=confidence)
    assert ends(found) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("n", [5, 20, 100])
def test_share_intervals_cover_whatever_the_chance(n):
    """No simulation: the chance of each number of hits is known."""
    chance = np.linspace(0.001, 0.999, 499)
    found = np.array([ends(stats.share_interval(k, n)) for k in range(n + 1)])
    hits = np.arange(n + 1)[:, None]
    holds = (found[:, :1] <= chance) & (chance <= found[:, 1:])
    covered = (binom.pmf(hits, n, chance) * holds).sum(axis=0)
    assert covered.min() >= 0.95 - 1e-12
    assert covered.min() < 0.98, "wider than it has to be"


def test_count_intervals_cover_whatever_the_mean():
    mean = np.linspace(0.05, 30, 600)
    counts = np.arange(120)
    found = np.array([ends(stats.count_interval(k)) for k in counts.tolist()])
    holds = (found[:, :1] <= mean) & (mean <= found[:, 1:])
    covered = (poisson.pmf(counts[:, None], mean) * holds).sum(axis=0)
    assert covered.min() >= 0.95 - 1e-9
    assert covered.min() < 0.97, "wider than it has to be"


@given(st.integers(0, 40), st.integers(1, 9))
def test_more_comparisons_widen(hits, k):
    for one, corrected in (
        (stats.share_interval(hits, 40), stats.share_interval(hits, 40, comparisons=k + 1)),
        (stats.count_interval(hits), stats.count_interval(hits, comparisons=k + 1)),
    ):
        assert corrected.low <= one.low <= one.mean <= one.high <= corrected.high
        assert corrected.high - corrected.low > one.high - one.low


def test_a_count_in_an_exposure_is_a_rate():
    whole, daily = stats.count_interval(12), stats.count_interval(12, exposure=30)
    assert ends(daily) == pytest.approx((whole.low / 30, whole.high / 30))
    assert daily.mean == 0.4
    assert daily.n == 12


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (stats.mean_interval([0.50, 0.52, 0.54]), "0.520 (0.470 to 0.570), 3 worlds"),
        (stats.share_interval(5, 20), "0.250 (0.087 to 0.491), 20 trials"),
        (
            stats.count_interval(0, confidence=0.9),
            "0.000 (0.000 to 2.996), 0 events, 90% interval",
        ),
    ],
)
def test_one_line_of_text(interval, text):
    assert repr(interval) == text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stats.mean_interval([1]), "values has length 1"),
        (lambda: stats.mean_interval([1, 2], confidence=95), "confidence is 95"),
        (lambda: stats.share_interval(3, 2), "hits is 3 of 2"),
        (lambda: stats.share_interval(-1, 2), "hits is -1 of 2"),
        (lambda: stats.share_interval(0, 0), "at least 1 trial"),
        (lambda: stats.share_interval(0.5, 2), "hits is 0.5, expected a whole number"),
        (lambda: stats.share_interval(1, np.nan), "n is nan, expected a whole number"),
        (lambda: stats.share_interval("a", 2), "hits is 'a'"),
        (lambda: stats.share_interval(1, 2, confidence=1), "confidence is 1"),
        (lambda: stats.share_interval(1, 2, comparisons=0), "comparisons is 0"),
        (lambda: stats.count_interval(-1), "count is -1"),
        (lambda: stats.count_interval(1.5), "count is 1.5, expected a whole number"),
        (lambda: stats.count_interval(np.inf), "count is inf"),
        (lambda: stats.count_interval(1, exposure=0), "exposure is 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
