"""Processor seconds for explanations: ``python tests/benchmarks/bench_explain.py``.

Targets: ``analysis.json`` of 100 rows and 14 columns, 500 sets of columns a row, one row of
baseline, in at most 15 s; curves of one column for 2,000 rows and 20 values in at most 1 s;
LIME of 10 rows, with its 5,000 draws each, in at most 5 s. One thread; the first includes
reading the rows from Parquet.
"""

import os
import statistics
import time

os.environ.setdefault("LABS_JOBS", "1")

import numpy as np

from labs_lib import data
from labs_lib.payments.causes import causes_as_numbers
from labs_lib.train import explain
from labs_lib.train.boosted import boosted

RUNS = 5


def seconds(run) -> float:
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


def filled(X):
    return X.fillna({"distance_km": -1.0, "balance_cents": -1.0})


def main() -> None:
    X, y, _ = data.load_causes()
    seen, asked = filled(X.head(10_000)), filled(X.tail(2_000))
    model = boosted().fit(causes_as_numbers(seen), y.head(10_000))

    def margin(table):
        return model.predict(causes_as_numbers(table), output_margin=True)

    def probability(table):
        return model.predict_proba(causes_as_numbers(table))[:, 1]

    def analysis():
        table = filled(data.load_causes()[0]).tail(100)
        explain.analyze(
            probability, table, baseline=seen.head(1), num_samples=500
        ).to_json()

    def curves():
        explain.ice(margin, asked, "hour", np.arange(20))

    def lime():
        explain.lime_weights(margin, asked.head(10), data=seen)

    print(f"analysis.json of 100 rows: {seconds(analysis):.2f} s (target 15 s)")
    print(f"curves of 2,000 rows, 20 values: {seconds(curves):.2f} s (target 1 s)")
    print(f"LIME of 10 rows: {seconds(lime):.2f} s (target 5 s)")


if __name__ == "__main__":
    main()
