"""Worked examples of the documentation, scipy as oracle, and properties."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from labs_lib.monitor import distances
from labs_lib.monitor.distribution import (
    Distribution,
    exact,
    from_levels,
    from_sketch,
    same_precision,
)

A, B = {"a": 50, "b": 30, "c": 20}, {"a": 30, "b": 30, "c": 30, "d": 10}

# Few different values, so that ties are common.
numbers = st.lists(
    st.integers(-9, 9).map(float) | st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200
).map(np.array)
counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1)


def weighted(values, weights):
    order = np.argsort(values)
    return Distribution(values[order], np.cumsum(weights[order]))


# Documented numbers ----------------------------------------------------------------------


def test_numbers_of_the_worked_example():
    a, b = exact(np.arange(1.0, 11)), exact(np.arange(3.0, 13))
    assert distances.simple(a, b) == pytest.approx(0.2, abs=1e-15)
    assert distances.robust(0.2, 10, 10) == 0


def test_categories_of_the_worked_example():
    assert distances.simple(A, B) == pytest.approx(0.2, abs=1e-15)
    assert distances.robust(0.2, 100, 100) == 0


@pytest.mark.parametrize(
    ("rows", "correction"),
    [(50, 0.36), (100, 0.255), (200, 0.18), (650, 0.0998), (1000, 0.0805), (5000, 0.036)],
)
def test_what_robust_subtracts(rows, correction):
    assert distances.robust(1, rows, rows) == pytest.approx(1 - correction, abs=5e-4)


def test_with_100_rows_robust_cannot_fire_below_0355():
    assert distances.robust(0.354, 100, 100) < 0.1 < distances.robust(0.3547, 100, 100)


def test_18_is_an_alpha_of_0003():
    assert 2 * math.exp(-2 * distances.C_ALPHA**2) == pytest.approx(0.003, abs=1e-4)


# Numbers against scipy ---------------------------------------------------------------------


@given(numbers, numbers)
def test_kolmogorov_smirnov_by_its_definition(x, y):
    expected = max(abs((x <= z).mean() - (y <= z).mean()) for z in {*x, *y})
    assert distances.simple(exact(x), exact(y)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shift", [0, 1e-3, 0.01, 1])
@pytest.mark.parametrize("digits", [0, 2, 12])
def test_kolmogorov_smirnov_of_many_values(shift, digits):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20_000).round(digits), rng.normal(shift, 1, 7_001).round(digits)
    found = distances.simple(exact(x), exact(y))
    assert found == pytest.approx(stats.ks_2samp(x, y).statistic, abs=1e-12)
    assert distances.simple(exact(x), exact(x)) == 0


@given(numbers, numbers, st.data())
def test_a_weight_is_as_good_as_repeated_values(x, y, data):
    weights = np.array(
        data.draw(st.lists(st.integers(1, 4), min_size=len(x), max_size=len(x)))
    )
    a, same, b = weighted(x, weights), exact(np.repeat(x, weights)), exact(y)
    for measure in (distances.simple, distances.psi, distances.wasserstein):
        assert measure(a, b) == pytest.approx(measure(same, b), rel=1e-9, abs=1e-12)
        assert measure(b, a) == pytest.approx(measure(b, same), rel=1e-9, abs=1e-12)


@given(numbers, numbers)
def test_wasserstein_is_that_of_scipy(x, y):
    assert distances.wasserstein(exact(x), exact(y)) == pytest.approx(
        stats.wasserstein_distance(x, y), rel=1e-9, abs=1e-9
    )


@given(numbers, numbers)
def test_the_p_value_is_that_of_scipy(x, y):
    found = distances.p_value(exact(x), exact(y))
    method = "exact" if len(x) * len(y) <= distances.EXACT else "asymp"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        expected = stats.ks_2samp(x, y, method=method).pvalue
    if not caught:  # or else scipy's exact method failed
        # scipy's statistic differs in the last digit, which the p-value near 1 can feel.
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rows", [4_100, 20_000])
@pytest.mark.parametrize("scaled", [0.5, 0.8, 1, 1.36, 1.63, 2.2])
def test_the_p_value_of_many_rows_is_that_of_scipy(rows, scaled):
    a = exact(np.arange(float(rows)))
    distance = scaled / math.sqrt(rows / 2)
    expected = stats.kstwo.sf(distance, rows // 2)
    found = distances.p_value(a, a, distance=distance)
    assert found == pytest.approx(expected, abs=0.003)
    assert found == pytest.approx(expected, rel=0.05)


def test_the_exact_p_value_by_counting_all_orders():
    for n, m in ((1, 1), (2, 3), (4, 4), (3, 5)):
        orders = list(itertools.combinations(range(n + m), n))
        found = []
        for chosen in orders:
            rest = [i for i in range(n + m) if i not in chosen]
            found.append(distances.simple(exact(np.array(chosen)), exact(np.array(rest))))
        for chosen, distance in zip(orders, found, strict=True):
            rest = [i for i in range(n + m) if i not in chosen]
            share = np.mean(np.array(found) >= distance - 1e-9)
            p = distances.p_value(exact(np.array(chosen)), exact(np.array(rest)))
            assert p == pytest.approx(share)


def test_a_p_value_of_two_rows_says_nothing():
    assert distances.p_value(exact(np.array([0.0])), exact(np.array([1.0]))) == 1


@given(numbers, numbers)
def test_numbers_have_the_usual_properties(x, y):
    a, b = exact(x), exact(y)
    assert 0 <= distances.simple(a, b) <= 1
    assert distances.simple(a, b) == pytest.approx(distances.simple(b, a), abs=1e-12)
    assert 0 <= distances.jensen_shannon(a, b) <= 1 + 1e-12
    assert distances.psi(a, b) >= 0
    for measure in (distances.simple, distances.psi, distances.jensen_shannon):
        assert measure(a, a) == 0
    # Order is all that counts for these.
    stretched, moved = exact(2 * x), exact(2 * y)
    assert distances.simple(a, b) == pytest.approx(
        distances.simple(stretched, moved), abs=1e-12
    )
    assert distances.wasserstein(stretched, moved) == pytest.approx(
        2 * distances.wasserstein(a, b), rel=1e-6, abs=1e-6
    )


def test_distances_grow_with_the_shift():
    rng = np.random.default_rng(0)
    x, y = exact(rng.normal(size=3000)), rng.normal(size=3000)
    for measure in (
        distances.simple,
        distances.psi,
        distances.jensen_shannon,
        distances.wasserstein,
    ):
        found = [measure(x, exact(y + shift)) for shift in (0, 0.5, 1, 2)]
        assert found == sorted(found)


def test_bins_are_the_deciles_of_the_baseline():
    p, q = distances.shares(exact(np.arange(1.0, 101)), exact(np.arange(51.0, 151)))
    assert p == pytest.approx([0.1] * 10)
    assert q == pytest.approx([0] * 5 + [0.1] * 4 + [0.6])
    expected = 5 * (1e-4 - 0.1) * np.log(1e-4 / 0.1) + 0.5 * np.log(6)
    a, b = exact(np.arange(1.0, 101)), exact(np.arange(51.0, 151))
    assert distances.psi(a, b) == pytest.approx(expected)


def test_by_chance_psi_is_about_bins_over_rows():
    rng = np.random.default_rng(0)
    n, m = 2000, 1000
    found = [
        distances.psi(exact(rng.normal(size=n)), exact(rng.normal(size=m)))
        for _ in range(200)
    ]
    assert np.mean(found) == pytest.approx(9 * (1 / n + 1 / m), rel=0.1)


# Categories ------------------------------------------------------------------------------


@given(counts, counts)
def test_categories_against_the_definition_and_scipy(x, y):
    names = sorted({*x, *y})
    p = np.array([x.get(name, 0) for name in names]) / sum(x.values())
    q = np.array([y.get(name, 0) for name in names]) / sum(y.values())
    assert distances.simple(x, y) == pytest.approx(np.abs(p - q).max(), abs=1e-12)
    assert distances.jensen_shannon(x, y) == pytest.approx(
        jensenshannon(p, q, base=2), abs=1e-6
    )
    assert distances.psi(x, y) == pytest.approx(distances.psi(y, x))


@given(counts, counts)
def test_the_p_value_of_categories_is_that_of_scipy_if_no_cell_is_small(x, y):
    x, y = ({name: side.get(name, 0) + 100 for name in "abc"} for side in (x, y))
    table = [list(x.values()), list(y.values())]
    assert distances.p_value(x, y) == pytest.approx(stats.chi2_contingency(table).pvalue)


def test_rare_categories_are_taken_together():
    x = {"a": 500, "b": 500, **{str(i): 1 for i in range(6)}}
    y = {"a": 480, "b": 520, "new": 1}
    together = [[500, 500, 6], [480, 520, 1]]
    # Six rare ones and a new one are one category of 7 rows, still below 5 expected.
    assert distances.p_value(x, y) == pytest.approx(
        stats.chi2_contingency(together, correction=False).pvalue
    )
    assert math.isnan(distances.p_value({"a": 5}, {"a": 7}))


def test_chi_square_is_goodness_of_fit_to_the_baseline():
    statistic, p = distances.chi_square(
        {"a": 500, "b": 300, "c": 200}, {"a": 40, "b": 30, "c": 30}
    )
    expected = stats.chisquare([40, 30, 30], [50, 30, 20])
    assert (statistic, p) == pytest.approx((expected.statistic, expected.pvalue))


def test_chi_square_does_not_count_unknown_categories():
    known = distances.chi_square({"a": 50, "b": 50}, {"a": 30, "b": 20})
    assert distances.chi_square({"a": 50, "b": 50}, {"a": 30, "b": 20, "new": 99}) == known


def test_chi_square_joins_the_smallest_with_the_second_smallest():
    # Three categories: none may be below 5 (a fifth of 3 is 0), so c joins b.
    found = distances.chi_square({"a": 60, "b": 36, "c": 4}, {"a": 50, "b": 40, "c": 10})
    expected = stats.chisquare([50, 50], [60, 40])
    assert found == pytest.approx((expected.statistic, expected.pvalue))
    # Six categories: one of them may be below 5.
    baseline = dict(zip("abcdef", [40, 20, 16, 12, 8, 4], strict=True))
    batch = dict(zip("abcdef", [30, 30, 16, 12, 8, 4], strict=True))
    expected = stats.chisquare(list(batch.values()), list(baseline.values()))
    assert distances.chi_square(baseline, batch) == pytest.approx(
        (expected.statistic, expected.pvalue)
    )


def test_chi_square_has_no_value_with_one_category_left():
    for baseline, batch in (
        ({"a": 5}, {"a": 9}),
        ({"a": 95, "b": 5}, {"a": 90, "b": 10}),  # two: both have to be 10 or more
        ({"a": 5, "b": 5}, {"new": 100}),
    ):
        assert np.isnan(distances.chi_square(baseline, batch)).all()


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_p_values_are_uniform_if_nothing_moved(kind):
    rng = np.random.default_rng(0)

    def draw(n):
        if kind == "numbers":
            return exact(rng.normal(size=n))
        return dict(zip("abcd", rng.multinomial(n, [0.4, 0.3, 0.2, 0.1]), strict=True))

    p = np.array([distances.p_value(draw(800), draw(500)) for _ in range(1000)])
    for level in (0.01, 0.05, 0.2):
        spread = 3 * np.sqrt(level * (1 - level) / len(p))
        assert (p <= level).mean() <= level + spread
        assert (p <= level).mean() >= 0.8 * level - spread


# Distributions ----------------------------------------------------------------------------


def test_counts_below_and_quantiles():
    d = Distribution(np.array([1.0, 2, 5]), np.array([2, 3, 7]))
    assert d.n == 7
    assert d.below(np.array([0, 1, 1.5, 2, 9])).tolist() == [0, 2, 2, 3, 7]
    assert d.below(np.array([1, 2, 5, 9]), strictly=True).tolist() == [0, 2, 3, 7]
    assert d.quantile([0, 2 / 7, 0.3, 0.5, 1]).tolist() == [1, 1, 2, 5, 5]


def test_levels_and_back():
    d = from_levels([[3, 1], [], [2]], k=8)
    assert d.values.tolist() == [1, 2, 3]
    assert d.ranks.tolist() == [1, 5, 6]
    assert d.levels() == [[1, 3], [], [2]]
    assert d.error > 0
    assert from_levels([[3, 1]], k=2).error == 0


@pytest.mark.parametrize("n", [1, 2, 8, 200, 201, 5_000, 300_000])
def test_what_a_sketch_retains_gives_the_shares_of_the_library(n):
    import datasketches

    sketch = datasketches.kll_doubles_sketch(200)
    sketch.update(np.random.default_rng(0).normal(size=n))
    found = from_sketch(sketch)
    assert found.n == sketch.n == n
    assert len(found.values) == sketch.num_retained
    points = np.linspace(-3, 3, 50)
    assert found.below(points) / n == pytest.approx(
        sketch.get_cdf(points.tolist(), True)[:-1]
    )
    assert found.error == (sketch.normalized_rank_error(False) if n > 200 else 0)


# Laws: turned round, stretched, renamed ------------------------------------------------------

few = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=60).map(np.array)


@given(numbers | few, numbers | few)
def test_a_column_that_is_turned_round_is_as_far_away(x, y):
    a, b, back, there = exact(x), exact(y), exact(-x), exact(-y)
    for measure in (
        distances.simple,
        distances.psi,
        distances.jensen_shannon,
        distances.wasserstein,
        distances.p_value,
    ):
        assert measure(back, there) == pytest.approx(measure(a, b), rel=1e-9, abs=1e-9)


@given(few, few)
def test_a_column_that_is_stretched_has_the_same_bins(x, y):
    a, b, long, other = exact(x), exact(y), exact(np.exp(x)), exact(np.exp(y))
    for measure in (distances.simple, distances.psi, distances.jensen_shannon):
        assert measure(long, other) == measure(a, b)


@given(few, few, st.permutations(range(7)))
def test_categories_that_are_renamed_are_as_far_away(x, y, names):
    def counted(values, name):
        found, counts = np.unique(values, return_counts=True)
        return {str(name(int(v) + 3)): int(n) for v, n in zip(found, counts, strict=True)}

    a, b = counted(x, int), counted(y, int)
    c, d = counted(x, names.__getitem__), counted(y, names.__getitem__)
    for measure in (
        distances.simple,
        distances.psi,
        distances.jensen_shannon,
        distances.p_value,
        lambda p, q: distances.chi_square(p, q)[1],
    ):
        assert measure(c, d) == pytest.approx(measure(a, b), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("to", [3.0, 7.0])
def test_a_constant_that_moves_has_moved_either_way(to):
    a, b = exact(np.full(500, 5.0)), exact(np.full(400, to))
    assert distances.jensen_shannon(a, b) == pytest.approx(1)
    assert distances.psi(a, b) == pytest.approx(17.72, abs=0.01)
    assert distances.psi(a, a) == distances.jensen_shannon(a, a) == 0


def test_a_flag_has_the_distances_of_its_categories():
    a, b = np.repeat([0.0, 1.0], [250, 4750]), np.repeat([0.0, 1.0], [2500, 2500])
    names = {"0": 250, "1": 4750}, {"0": 2500, "1": 2500}
    for measure in (distances.psi, distances.jensen_shannon):
        for sign in (1, -1):
            found = measure(exact(sign * a), exact(sign * b))
            assert found == pytest.approx(measure(*names))


# Precision ----------------------------------------------------------------------------------


def test_float32_and_float64_of_the_same_values_are_the_same():
    values = np.resize([0.1, 0.2, 0.3], 300)
    double, single = exact(values), exact(values.astype("float32").astype(float))
    for pair in ((double, single), (single, double)):
        assert distances.simple(*same_precision(*pair)) == 0


@pytest.mark.parametrize(
    "values",
    [
        np.arange(100.0),
        np.arange(100) / 4,
        np.random.default_rng(0).normal(size=100),
        np.array([1e300, -1e300, 0.5]),
    ],
)
def test_other_numbers_are_left_as_they_are(values):
    one, other = exact(values), exact(np.random.default_rng(1).normal(size=50))
    assert same_precision(one, other) == (one, other)
    assert same_precision(other, one) == (other, one)
