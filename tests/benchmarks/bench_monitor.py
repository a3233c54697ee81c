"""Time and memory of the monitor: ``python tests/benchmarks/bench_monitor.py``.

Each figure is the median of five fresh processes, reading included; memory is the peak of
the whole process, imports included. Targets on 2 cores:

- pair: exact KS and PSI of 20 numeric columns, 1,000,000 rows against 1,000,000, read from
  Parquet: 3 s and 1,000 MB;
- all: the same with all measures, imports included: 2.5 s and 1,000 MB;
- stream: a baseline and a check of 10,000,000 x 20 rows in pieces: at most 500 MB, most of
  which are imported libraries, the same as for 1,000,000 rows; time in proportion to rows.

What other libraries need for the same work: ``tests/benchmarks/beside_monitor.py``.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1_000_000
COLUMNS = 20
RUNS = 5


def make(path: Path, rows: int, seed: int) -> None:
    """Write a file of 20 numeric columns: normal, skewed, heavy-tailed, counts, amounts."""
    rng = np.random.default_rng(seed)
    kinds = (
        lambda n: rng.normal(0.01 * seed, 1, n),
        lambda n: rng.lognormal(3, 1, n),
        lambda n: rng.standard_t(3, n),
        lambda n: rng.poisson(20, n).astype(float),
        lambda n: rng.lognormal(3, 1, n).round(2),
    )
    schema = pa.schema([(f"x{i:02}", pa.float64()) for i in range(COLUMNS)])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, ROWS):
            n = min(ROWS, rows - start)
            data = [kinds[i % len(kinds)](n) for i in range(COLUMNS)]
            writer.write_table(
                pa.Table.from_arrays([pa.array(c) for c in data], schema=schema)
            )


def pair(reference: str, current: str) -> None:
    from labs_lib import monitor

    monitor.drift(reference, current, measures=["simple", "psi"])


def all_measures(reference: str, current: str) -> None:
    from labs_lib import monitor

    monitor.drift(reference, current)


def stream(reference: str, current: str) -> None:
    from labs_lib import monitor

    monitor.check(current, monitor.baseline(reference))


def run(work: str, reference: str, current: str) -> None:
    start, before = time.perf_counter(), time.process_time()
    import labs_lib.monitor  # noqa: F401  part of the work of a whole process only

    if work != "all":
        start, before = time.perf_counter(), time.process_time()
    {"pair": pair, "all": all_measures, "stream": stream}[work](reference, current)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - start, time.process_time() - before, peak)


def measure(work: str, *files: Path, runs: int = RUNS) -> str:
    results = []
    for _ in range(runs):
        command = [sys.executable, __file__, work, *map(str, files)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        results.append([float(number) for number in shown.split()[-3:]])
    seconds, cpu, peak = map(statistics.median, zip(*results, strict=True))
    times = ", ".join(f"{result[0]:.1f}" for result in results)
    return f"{seconds:.2f} s (runs: {times}), {cpu:.1f} s of processor time, {peak:,.0f} MB"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = [Path(folder) / f"small_{i}.parquet" for i in range(2)]
        large = [Path(folder) / f"large_{i}.parquet" for i in range(2)]
        for seed, file in enumerate(small):
            make(file, ROWS, seed)
        print(
            f"pair, {ROWS:,} x {COLUMNS} rows twice: {measure('pair', *small)}", flush=True
        )
        print(f"all, {ROWS:,} x {COLUMNS} rows twice: {measure('all', *small)}", flush=True)
        print(f"stream, {ROWS:,} rows twice: {measure('stream', *small)}", flush=True)
        for seed, file in enumerate(large):
            make(file, 10 * ROWS, seed)
        print(f"stream, {10 * ROWS:,} rows twice: {measure('stream', *large)}", flush=True)


if __name__ == "__main__":
    run(*sys.argv[1:]) if len(sys.argv) > 1 else main()
