"""The parts of the experiments of prepare/explore that could be wrong without a crash."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from labs_lib import payments, stats
from labs_lib.labs.prepare.explore.experiments import correlation, crashes, positives


def test_the_interval_is_that_of_rows_up_to_the_number_of_resamples():
    rng = np.random.default_rng(0)
    customer = np.repeat(np.arange(300), 5)
    y = (rng.random(1_500) < 0.1).astype(int)
    score, other = y + rng.normal(size=1_500), rng.normal(size=1_500)
    low, high = positives.interval(y, score, other, customer)
    same = stats.rows(average_precision_score, y, score, other, groups=customer)
    assert (low, high) == pytest.approx((same.low, same.high), abs=0.03)


def test_frauds_of_one_customer_give_no_interval():
    y, customer = np.array([0, 1, 1, 0]), np.array([7, 8, 8, 9])
    assert positives.interval(y, y * 1.0, -y * 1.0, customer) == (-1.0, 1.0)


def test_the_causes_are_those_of_the_formula():
    X, _, _ = payments.causes(n=1_000, seed=3)
    logit = payments.causes_logit(X)
    for name in X:
        moved = X.assign(**{name: X[name].to_numpy()[::-1]})
        if isinstance(X[name].dtype, pd.CategoricalDtype):
            moved[name] = pd.Categorical(moved[name], dtype=X[name].dtype)
        changed = not np.allclose(payments.causes_logit(moved), logit)
        assert changed == (name in correlation.CAUSES), name


def test_occupants_of_one_crash_have_one_number():
    table = pd.DataFrame(
        {
            "yearacc": [1997, 1997, 1997, 1998],
            "caseid": ["2:3:1", "2:3:2", "2:30:1", "2:3:1"],
        }
    )
    assert crashes.crash_numbers(table).tolist() == [0, 0, 1, 2]
