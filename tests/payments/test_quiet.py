import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import payments


@settings(max_examples=60, deadline=None)
@given(
    st.integers(5, 200),
    st.integers(50, 2_000),
    st.floats(0.002, 0.9),
    st.integers(0, 99),
)
def test_thin_reaches_the_share_and_thins_one_class_only(ones, zeros, rate, seed):
    y = np.random.default_rng(seed).permutation(np.repeat([1, 0], [ones, zeros]))
    if round(zeros * rate / (1 - rate)) == 0:
        with pytest.raises(ValueError, match="too few of one"):
            payments.thin(y, rate, seed=seed)
        return
    kept = payments.thin(y, rate, seed=seed)
    assert (np.diff(kept) > 0).all()
    left = y[kept]
    assert left.sum() == ones or (left == 0).sum() == zeros
    assert abs(left.sum() - rate * len(left)) <= 1
    assert np.array_equal(kept, payments.thin(y.tolist(), rate, seed=seed))


def test_thin_draws_other_rows_with_another_seed():
    y = np.repeat([0, 1], [500, 500])
    first, second = (payments.thin(y, 0.1, seed=seed) for seed in (0, 1))
    assert len(first) == len(second) == 556
    assert not np.array_equal(first, second)


def test_thin_swaps_with_the_classes():
    y = np.repeat([0, 1], [300, 100])
    a, b = payments.thin(y, 0.5), payments.thin(1 - y, 0.5)
    assert y[a].mean() == (1 - y)[b].mean() == 0.5


@pytest.mark.parametrize(
    ("y", "rate", "said"),
    [
        ([0, 1, 2], 0.5, "labels 0 and 1"),
        ([[0, 1]], 0.5, "labels 0 and 1"),
        ([0, 1], 0, "above 0 and below 1"),
        ([0, 1], 1.0, "above 0 and below 1"),
        ([0, 1], float("nan"), "above 0 and below 1"),
        ([0, 0, 0], 0.5, "0 ones and 3 zeros, too few"),
        ([1, 1, 1], 0.5, "3 ones and 0 zeros, too few"),
    ],
)
def test_thin_refuses(y, rate, said):
    with pytest.raises(ValueError, match=said):
        payments.thin(y, rate)


def test_quiet_world_has_five_months_and_no_event():
    world = payments.quiet_world(3, n=5_000)
    assert len(world.transactions) == 5_000
    assert world.events.empty
    assert sorted(payments.month(world.transactions).unique()) == [1, 2, 3, 4, 5]
    again = payments.quiet_world(3, n=5_000).transactions
    assert again.equals(world.transactions)


def test_quiet_world_has_the_rate_that_was_asked_for():
    frauds = payments.quiet_world(n=20_000, fraud_rate=0.1).transactions["is_fraud"]
    assert frauds.mean() == pytest.approx(0.1, abs=0.01)


def test_ready_to_fit_is_features_labels_and_split():
    table = payments.quiet_world(3, n=3_000).transactions
    X, y, *parts = payments.ready_to_fit(table)
    assert X.equals(payments.features(table))
    assert np.array_equal(y, table["is_fraud"])
    assert np.array_equal(parts, payments.split_by_time(table))
    assert np.sum(parts, axis=0).tolist() == [1] * len(table)


def test_ready_to_fit_leaves_later_months_to_no_part():
    table = payments.simulate(n_transactions=3_000, days=210, events=()).transactions
    X, _, train, valid, test = payments.ready_to_fit(table)
    assert len(X) == len(table)
    assert np.array_equal(train | valid | test, payments.month(table) <= 5)


def test_ready_to_fit_needs_five_months():
    table = payments.quiet_world(n=3_000).transactions
    with pytest.raises(ValueError, match=r"no payments for test in months \[5\]"):
        payments.ready_to_fit(table[payments.month(table) <= 4])
