"""Seconds for all bias metrics: ``python tests/benchmarks/bench_bias.py``.

Targets: 1,000,000 rows with three facets in at most 2 s, the data read from Parquet; the
flip test on 10,000 rows in at most 5 s.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from labs_lib.prepare import bias

RUNS = 5


def people(n_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sex": rng.choice(["Female", "Male"], n_rows, p=[0.33, 0.67]),
            "age": rng.integers(17, 91, n_rows),
            "race": rng.choice(list("ABCDE"), n_rows, p=[0.85, 0.1, 0.03, 0.01, 0.01]),
            "occupation": rng.choice([f"job {i}" for i in range(15)], n_rows),
            "income": rng.choice(["<=50K", ">50K"], n_rows, p=[0.76, 0.24]),
            "predicted": rng.choice(["<=50K", ">50K"], n_rows, p=[0.8, 0.2]),
            **{f"x{i}": rng.normal(size=n_rows) for i in range(6)},
        }
    )


def seconds(run) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    facets = {"sex": "Female", "age": bias.Above(40), "race": ["D", "E"]}
    question = {
        "label": "income",
        "positive": ">50K",
        "predicted": "predicted",
        "group_variable": "occupation",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        people(1_000_000).to_parquet(path)
        columns = ["sex", "age", "race", "occupation", "income", "predicted"]

        def million(**options):
            data = pd.read_parquet(path, columns=columns)
            bias.report(data, facets=facets, **question, **options)

        print(f"1,000,000 rows, 3 facets: {seconds(million):.2f} s (target 2 s)")
        taken = seconds(lambda: million(repeats=2000))
        print(f"the same with intervals, 2,000 repeats: {taken:.2f} s")

    data = people(10_000)
    features = [f"x{i}" for i in range(6)]

    def flip():
        bias.report(
            data, facets={"sex": "Female"}, methods=["FT"], features=features, **question
        )

    print(f"flip test, 10,000 rows, 6 features: {seconds(flip):.2f} s (target 5 s)")


if __name__ == "__main__":
    main()
