"""Seconds for a join as of two times: ``python tests/benchmarks/bench_feature_store.py``.

Target: 1,000,000 records as of 200,000 moments in about 2 s, with entities drawn evenly, and
by Zipf's law (one entity has a quarter of the records), where memory has to stay in proportion
to the rows: at most 400 MB above the tables. Beside it `pandas.merge_asof`, which looks at
one time.
"""

import statistics
import time
import tracemalloc

import numpy as np
import pandas as pd

from labs_lib.prepare.point_in_time import positions

RUNS = 5
N_RECORDS, N_QUESTIONS, N_ENTITIES = 1_000_000, 200_000, 50_000


def tables(law: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)

    def entities(n: int) -> np.ndarray:
        if law == "uniform":
            return rng.integers(0, N_ENTITIES, n)
        return rng.zipf(1.3, n) % N_ENTITIES

    event = rng.integers(0, 10**7, N_RECORDS)
    records = pd.DataFrame(
        {
            "entity": entities(N_RECORDS),
            "event_time": event,
            "write_time": event + rng.exponential(10**5, N_RECORDS).astype(int),
        }
    )
    asked = rng.integers(0, 10**7, N_QUESTIONS)
    return pd.DataFrame({"entity": entities(N_QUESTIONS), "at": asked}), records


def seconds(run) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak(run) -> float:
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def main() -> None:
    for law in ("uniform", "Zipf"):
        questions, records = tables(law)
        largest = records["entity"].value_counts().iloc[0]
        print(f"{law}: {len(records):,} records, the largest entity has {largest:,}")

        def two(questions=questions, records=records):
            positions(questions, records, entity="entity", at="at")

        def one(questions=questions, records=records):
            positions(questions, records, entity="entity", at="at", write_time=None)

        def peer(questions=questions, records=records):
            left, right = questions.sort_values("at"), records.sort_values("event_time")
            pd.merge_asof(left, right, left_on="at", right_on="event_time", by="entity")

        print(f"  two times: {seconds(two):.2f} s (target 2 s), {peak(two):.0f} MB")
        print(f"  one time: {seconds(one):.2f} s; merge_asof: {seconds(peer):.2f} s")


if __name__ == "__main__":
    main()
