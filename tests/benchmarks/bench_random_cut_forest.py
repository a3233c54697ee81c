"""Seconds to fit and to score a Random Cut Forest, for each back end.

Run as ``python tests/benchmarks/bench_random_cut_forest.py``: 50,000 rows of 15 columns,
100 trees of 256 rows, median of five.
"""

from statistics import median
from time import perf_counter

import numpy as np

from labs_lib import settings
from labs_lib.train import random_cut_forest
from labs_lib.train.random_cut_forest import RandomCutForest

ROWS, COLUMNS, REPEATS = 50_000, 15, 5


def main() -> None:
    X = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
    jobs = [("numpy", jobs) for jobs in sorted({1, settings.n_jobs()})]
    if random_cut_forest.krcf is not None:
        jobs.append(("krcf", 1))
    for backend, n_jobs in jobs:
        fits, scores = [], []
        for _ in range(REPEATS):
            start = perf_counter()
            forest = RandomCutForest(backend=backend, n_jobs=n_jobs).fit(X)
            fits.append(perf_counter() - start)
            start = perf_counter()
            forest.anomaly_score(X)
            scores.append(perf_counter() - start)
        print(
            f"{backend:5} threads {n_jobs}: fit {median(fits):.2f} s, "
            f"score {ROWS:,} rows {median(scores):.2f} s "
            f"({ROWS / median(scores):,.0f} rows a second)",
            flush=True,
        )


if __name__ == "__main__":
    main()
