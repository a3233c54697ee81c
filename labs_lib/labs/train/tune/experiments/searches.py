"""Random search, grid, TPE and Hyperband on the two stored grids, with 50 search seeds.

Each search gets the compute of 100 whole trainings. One row holds what validation would have
chosen after each budget, and the test score of that choice. The test score and the seeds are
those of two fixed tables: what varies is the search.
"""

from labs_lib.labs.train.tune import replays

REPEATS = 50

MOST_JOBS = 500
"""Of a search that stops jobs: more than 100 whole trainings pay for."""


def repeat(seed: int) -> list[dict]:
    """Run the searches of one seed; one row each."""
    rows = []
    for table in replays.TABLES:
        for name, parallel, strategy, options in (
            ("random", 1, "Random", {}),
            ("grid", 1, "Grid", {}),
            ("TPE", 1, "Bayesian", {}),
            ("TPE", 10, "Bayesian", {}),
            ("Hyperband", 1, "Hyperband", {"jobs": MOST_JOBS}),
            (
                "random, median rule",
                1,
                "Random",
                {
                    "jobs": MOST_JOBS // 2,
                    "config": {"TrainingJobEarlyStoppingType": "Auto"},
                },
            ),
        ):
            found = replays.search(
                table, strategy, seed=seed, parallel=parallel, **options
            )
            rows.append(replays.trace(table, found, search=name, parallel=parallel))
    return rows
