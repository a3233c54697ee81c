"""Every setting of the tuning grid on credit defaults, judged by the area under the ROC curve.

6,000 customers at random train, 3,000 validate, the other 21,000 test, so that the test score
is nearly the true one. Repeat k holds the k-th eight settings of the grid in a random order;
together they are the whole grid.
"""

import functools

import numpy as np

from labs_lib import data
from labs_lib.labs.train.tune import grid

REPEATS = grid.REPEATS

N_TRAIN, N_VALID = 6_000, 3_000


def repeat(seed: int) -> list[dict]:
    """Train eight settings; one row each."""
    return _table().rows(seed)


@functools.cache
def _table() -> grid.Trainer:
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    place = np.random.default_rng(0).permutation(len(y))
    train, rest = place < N_TRAIN, place >= N_TRAIN + N_VALID
    return grid.Trainer(X, y, train, ~train & ~rest, rest, metric="auc")
