"""Resampling: what is drawn, how often, and what stays empty."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from labs_lib import stats

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 3)),
    min_size=2,
    max_size=40,
)


@given(rows)
def test_weighted_average_precision_is_that_of_scikit_learn(data):
    y, score, weight = np.array(data).T
    assume((weight * y).any() and (weight * (1 - y)).any())
    expected = average_precision_score(y, score, sample_weight=weight)
    ours = stats.weighted_average_precision(y, score.astype(float))(weight[None, :])
    assert ours == pytest.approx([expected], abs=1e-12)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 99))
def test_groups_are_drawn_as_a_whole_and_as_many_as_there_are(groups, seed):
    group = np.unique(groups, return_inverse=True)[1]
    weights = stats.resampled_weights(group, 20, np.random.default_rng(seed))
    assert weights.shape == (20, len(group))
    n_groups = group.max() + 1
    first = [np.flatnonzero(group == g)[0] for g in range(n_groups)]
    assert (weights == weights[:, first][:, group]).all()
    assert (weights[:, first].sum(axis=1) == n_groups).all()


def test_every_row_is_drawn_once_on_average():
    weights = stats.resampled_weights(np.arange(20), 5_000, np.random.default_rng(0))
    assert weights.mean(axis=0) == pytest.approx(np.ones(20), abs=0.06)
    assert (weights == 0).mean() == pytest.approx(math.exp(-1), abs=0.02)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(0, 99))
def test_counts_keep_their_sum_and_empty_cells(counts, seed):
    table = np.array(counts)
    assume(table.any())
    n = table.sum()
    drawn = stats.resampled_counts(n, table / n, 30, np.random.default_rng(seed))
    tables = np.concatenate(list(drawn))
    assert tables.shape == (30, len(counts))
    assert (tables.sum(axis=1) == n).all()
    assert (tables[:, table == 0] == 0).all()


def test_counts_vary_as_rows_do():
    table = np.array([[40, 10], [5, 45]])
    drawn = stats.resampled_counts(100, table / 100, 4_000, np.random.default_rng(0))
    tables = np.concatenate(list(drawn))
    assert tables.mean(axis=0) == pytest.approx(table, abs=0.4)
    p = table / 100
    assert tables.std(axis=0) == pytest.approx(np.sqrt(100 * p * (1 - p)), rel=0.06)


def test_large_tables_come_in_blocks_and_are_the_same(monkeypatch):
    chance = np.arange(1, 9) / 36
    whole = next(stats.resampled_counts(50, chance, 40, np.random.default_rng(3)))
    monkeypatch.setattr("labs_lib.stats.bootstrap._BLOCK", 8 * 7)
    blocks = list(stats.resampled_counts(50, chance, 40, np.random.default_rng(3)))
    assert [len(block) for block in blocks] == [7, 7, 7, 7, 7, 5]
    assert (np.concatenate(blocks) == whole).all()


@pytest.mark.parametrize(("level", "needed"), [(0.5, 20), (0.95, 200), (0.99, 1_000)])
def test_five_repeats_lie_beyond_each_end(level, needed):
    assert stats.repeats_needed(level) == needed


def test_percentiles_leave_out_what_has_no_value():
    draws = np.arange(201.0)
    assert stats.percentiles(draws, 0.95) == pytest.approx((5, 195))
    assert stats.percentiles([*draws, np.nan], 0.95) == stats.percentiles(draws, 0.95)
    assert np.isnan(stats.percentiles([np.nan], 0.95)).all()
    infinite = np.append(draws, np.inf)
    assert stats.percentiles(infinite, 0.999, method="inverted_cdf") == (0, math.inf)
