"""Rows a second of the payments world, and seconds for 20 small worlds.

Run as ``python tests/benchmarks/bench_payments.py``; median of five. Reading the shipped
files is included where a figure says so. Targets on two cores: 1,000,000 transactions a second
simulated, 200,000 a second for features, 20 small worlds in 10 s.
"""

import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter

from labs_lib import data, payments

REPEATS = 5
SIZES = (300_000, 1_000_000)


def seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times)


def peak_bytes(run: Callable[[], object]) -> int:
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def small_worlds() -> None:
    for seed in range(20):
        world = payments.simulate(n_transactions=30_000, days=150, seed=seed)
        payments.features(world.transactions)


def main() -> None:
    loaded = seconds(lambda: payments.features(data.load_payments()))
    print(f"load and features of the shipped world: {loaded:.2f} s", flush=True)
    print(
        f"20 worlds of 30,000 rows with features: {seconds(small_worlds):.2f} s", flush=True
    )
    for n in SIZES:
        simulated = seconds(lambda n=n: payments.simulate(n_transactions=n))
        transactions = payments.simulate(n_transactions=n).transactions
        windows = seconds(lambda t=transactions: payments.features(t))
        memory = [
            peak_bytes(run) / n
            for run in (
                lambda n=n: payments.simulate(n_transactions=n),
                lambda t=transactions: payments.features(t),
            )
        ]
        print(
            f"{n:>9,} rows: simulate {n / simulated:,.0f} rows a second, features "
            f"{n / windows:,.0f}; peak bytes a row {memory[0]:.0f} and {memory[1]:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
