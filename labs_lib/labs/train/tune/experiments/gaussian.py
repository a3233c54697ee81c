"""Bayesian search with a Gaussian process on the two stored grids, with 50 search seeds.

100 jobs, one at a time and ten at a time; rows as in `train/tune/searches`.
"""

from labs_lib.labs.train.tune import replays

REPEATS = 50


def repeat(seed: int) -> list[dict]:
    """Run the searches of one seed; one row each."""
    rows = []
    for table in replays.TABLES:
        for parallel in (1, 10):
            found = replays.search(
                table, "Bayesian", seed=seed, parallel=parallel, surrogate="gp"
            )
            rows.append(
                replays.trace(
                    table, found, search="Gaussian process", parallel=parallel
                )
            )
    return rows
