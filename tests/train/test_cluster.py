import os
import time

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from xgboost import collective

from labs_lib.train import cluster
from labs_lib.train.cluster import together

PARAMS = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}


def table(n=400):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + X[:, 1] ** 2 + rng.normal(size=n) > 1).astype(int)


def fit(X, y, cuts=None):
    rows = xgb.QuantileDMatrix(X, y, ref=cuts, nthread=1)
    return xgb.train(PARAMS, rows, num_boost_round=5)


def test_workers_have_ranks_in_the_order_of_the_parts():
    found = together(
        lambda p: (p, collective.get_rank(), collective.get_world_size()), "abc"
    )
    assert found == [("a", 0, 3), ("b", 1, 3), ("c", 2, 3)]


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), min_size=1, max_size=4)
)
def test_an_all_reduce_gives_everybody_the_sum(parts):
    def add(part):
        return collective.allreduce(np.array(part, dtype=float), collective.Op.SUM)

    for total in together(add, parts):
        assert total.tolist() == np.sum(parts, axis=0).tolist()


@pytest.mark.parametrize("workers", [2, 3])
def test_shared_cuts_give_the_trees_of_one_machine(workers):
    X, y = table()
    cuts = xgb.QuantileDMatrix(X, y, nthread=1)
    shards = np.array_split(np.argsort(y, kind="stable"), workers)
    models = together(lambda s: fit(X[s], y[s], cuts), shards)
    alone = fit(X, y).inplace_predict(X)
    for model in models:
        np.testing.assert_allclose(model.inplace_predict(X), alone, atol=1e-5)


def test_a_worker_that_fails_stops_the_others():
    X, y = table()

    def work(part):
        if part:
            raise RuntimeError("no memory left")
        return fit(X, y)

    with pytest.raises(RuntimeError, match="no memory left"):
        together(work, [0, 1], timeout=20)


def test_gradients_of_shards_of_any_size_make_the_gradient_of_all_rows():
    X, y = table()

    def gradient(rows):
        return X[rows].T @ (X[rows] @ np.ones(4) - y[rows])

    def work(rows):
        total = np.append(gradient(rows), len(rows))
        total = collective.allreduce(total, collective.Op.SUM)
        return total[:-1] / total[-1]

    everyone = np.arange(len(y))
    shards = [everyone[:0], everyone[:7], everyone[7:300], everyone[300:]]
    for mean in together(work, shards):
        np.testing.assert_allclose(mean, gradient(everyone) / len(y), rtol=1e-12)


def test_rows_on_every_worker_are_half_the_penalty():
    X, y = table()
    cuts = xgb.QuantileDMatrix(X, y, nthread=1)
    doubled = together(lambda s: fit(X, y, cuts), [0, 1])[0]
    halved = PARAMS | {"lambda": 0.5, "min_child_weight": 0.5}
    alone = xgb.train(halved, xgb.QuantileDMatrix(X, y, nthread=1), num_boost_round=5)
    np.testing.assert_allclose(
        doubled.inplace_predict(X), alone.inplace_predict(X), atol=1e-5
    )


def test_after_an_error_it_can_be_called_again():
    with pytest.raises(ZeroDivisionError):
        together(lambda part: 1 / part, [1, 0], timeout=20)
    assert together(lambda part: part, [1, 0]) == [1, 0]
    assert collective.get_world_size() == 1


def add(part):
    return collective.allreduce(np.ones(3), collective.Op.SUM).tolist()


@pytest.mark.parametrize("last", [add, lambda part: part])
def test_a_worker_that_hangs_keeps_nobody_waiting(monkeypatch, last):
    monkeypatch.setattr(cluster, "GRACE", 0.5)

    def work(part):
        if part == "hangs":
            time.sleep(600)
        return last(part)

    with pytest.raises(TimeoutError, match=r"workers \[1\] did not answer"):
        together(work, ["answers", "hangs"], timeout=2)
    assert together(add, [0, 1]) == [[2.0, 2.0, 2.0]] * 2


def test_standard_error_is_as_before(capfd):
    together(lambda part: part, [1, 2])
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_wrong_arguments():
    with pytest.raises(ValueError, match="parts is empty"):
        together(print, [])
    with pytest.raises(ValueError, match="timeout is 0"):
        together(print, [1], timeout=0)
