"""The contenders of the lab train/ensembles, on a small table."""

import numpy as np
import pytest

from labs_lib.labs.train.ensembles import shared as contenders


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4)).astype(np.float32)
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    return X, y


def memory(X, y):
    """A learner that knows its own rows and says one half about all others."""
    known = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
    return lambda rows: np.array([known.get(row.tobytes(), 0.5) for row in rows])


def test_the_budget_is_spent_equally():
    assert contenders.TREES * contenders.DEEP == contenders.BUDGET
    assert contenders.ROUNDS * contenders.SHALLOW == contenders.BUDGET
    assert 2 * contenders.SHARE * contenders.FOLDS == contenders.BUDGET


def test_no_row_is_predicted_by_a_model_that_has_seen_it(table):
    said = contenders.out_of_fold({"memory": memory}, *table)
    assert (said == 0.5).all()


def test_a_bag_says_probabilities_near_the_share(table):
    X, y = table
    said = contenders.bag(20)(X, y)(X)
    assert said.min() >= 0
    assert said.max() <= 1
    assert said.mean() == pytest.approx(y.mean(), abs=0.05)


def test_the_leaking_stack_trusts_the_memory(table):
    X, y = table
    learners = {"linear": contenders.linear(), "memory": memory}
    scores, weights = contenders.stack(learners, X[:300], y[:300], X[300:])
    assert list(weights.columns) == ["out of fold", "own rows"]
    assert abs(weights.loc["memory", "out of fold"]) < 1e-6
    assert weights.loc["memory", "own rows"] > weights.loc["linear", "own rows"]
    assert set(scores) >= {"average", "stack, out of fold", "stack, own rows"}
    assert all(len(score) == 100 for score in scores.values())
