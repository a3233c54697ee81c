"""Every setting of the tuning grid on a small payments world, judged by average precision.

Months 1 to 3 train, month 4 validates, month 5 tests. Repeat k holds the k-th eight settings of
the grid in a random order; together they are the whole grid.
"""

import functools

from labs_lib import payments
from labs_lib.labs.train.tune import grid

REPEATS = grid.REPEATS

N_TRANSACTIONS = 40_000


def repeat(seed: int) -> list[dict]:
    """Train eight settings; one row each."""
    return _table().rows(seed)


@functools.cache
def _table() -> grid.Trainer:
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS, days=150, seed=0, events=()
    )
    X = payments.features(world.transactions)
    y = world.transactions["is_fraud"].to_numpy()
    parts = payments.split_by_time(world.transactions)
    return grid.Trainer(X, y, *parts, metric="aucpr")
