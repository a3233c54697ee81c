"""No variable of the environment changes a number: each public function, in each mode."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from labs_lib import stats
from labs_lib.course.mode import MODES

A, B = np.random.default_rng(0).normal(size=(2, 12))
Y = np.tile([0, 1, 0], 4)
COUNTS = np.array([[3, 1], [2, 6]])


def drawn(make, *arguments):
    return make(*arguments, np.random.default_rng(0))


CALLS = {
    "adjust": lambda: stats.adjust([0.01, 0.2, 0.03]),
    "auc": lambda: stats.auc(Y, A),
    "auc_interval": lambda: stats.auc_interval(0.7, 0.1),
    "beats": lambda: stats.beats(A, B),
    "count_interval": lambda: stats.count_interval(3),
    "hanley_mcneil": lambda: stats.hanley_mcneil(0.7, 20, 30),
    "mean_interval": lambda: stats.mean_interval(A),
    "percentiles": lambda: stats.percentiles(A, 0.95),
    "repeats_needed": lambda: stats.repeats_needed(0.95),
    "resampled_counts": lambda: list(
        drawn(stats.resampled_counts, 12, COUNTS / COUNTS.sum(), 30)
    ),
    "resampled_weights": lambda: drawn(stats.resampled_weights, np.arange(12), 30),
    "rows": lambda: stats.rows(average_precision_score, Y, A, B, repeats=300),
    "share_interval": lambda: stats.share_interval(3, 20),
    "splits": lambda: stats.splits(A, B, n_train=70, n_test=30),
    "table": lambda: stats.table({"a - b": stats.worlds(A, B)}),
    "weighted_average_precision": lambda: stats.weighted_average_precision(Y, A)(
        np.ones((1, 12), dtype=int)
    ),
    "worlds": lambda: stats.worlds(A, B),
}


def test_every_public_function_is_called():
    functions = {name for name in stats.__all__ if not name[0].isupper()}
    assert set(CALLS) == functions


@pytest.mark.parametrize("name", CALLS)
def test_the_same_in_each_mode_and_with_any_number_of_threads(name, monkeypatch):
    monkeypatch.delenv("LABS_MODE", raising=False)
    monkeypatch.delenv("LABS_JOBS", raising=False)
    expected = repr(CALLS[name]())
    for mode in (*MODES, "test", "anything"):
        monkeypatch.setenv("LABS_MODE", mode)
        for jobs in ("1", "8"):
            monkeypatch.setenv("LABS_JOBS", jobs)
            assert repr(CALLS[name]()) == expected


def test_a_bootstrap_makes_the_repeats_it_is_asked_for(monkeypatch):
    for mode in MODES:
        monkeypatch.setenv("LABS_MODE", mode)
        assert CALLS["rows"]().n == 300
