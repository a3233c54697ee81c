"""One machine and two joined threads: ``python tests/benchmarks/bench_cluster.py``.

Prints the median of five; a thread computes with one core each. What is measured is the
training with its cuts, once with own cuts and once with those of all rows. No target: a
machine whose cores are busy shows that two are slower than one.
"""

import statistics
import time

import numpy as np
import xgboost as xgb

from labs_lib.train.cluster import together

RUNS = 5
PARAMS = {"objective": "binary:logistic", "max_depth": 6, "nthread": 1}


def make(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return 20 columns and labels that depend on two of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 20)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + rng.normal(size=rows) > 0).astype(int)


def seconds(work) -> str:
    """Return the median of the wall-clock seconds over `RUNS` runs."""
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return f"{statistics.median(took):6.2f} s"


def main() -> None:
    for rows in (5_000, 50_000, 500_000):
        X, y = make(rows)
        cuts = xgb.QuantileDMatrix(X, y, nthread=1)
        shards = np.array_split(np.arange(rows), 2)

        def train(part, ref=None, X=X, y=y):
            matrix = xgb.QuantileDMatrix(X[part], y[part], ref=ref, nthread=1)
            return xgb.train(PARAMS, matrix, num_boost_round=20)

        ways = {
            "one machine": lambda train=train: train(slice(None)),
            "two, own cuts": lambda train=train, s=shards: together(train, s),
            "two, shared cuts": lambda train=train, s=shards, cuts=cuts: together(
                lambda part: train(part, cuts), s
            ),
        }
        for name, way in ways.items():
            print(f"{rows:>8,} rows  {name:<17} {seconds(way)}")


if __name__ == "__main__":
    main()
