"""Time and memory of the quality report on 1,000,000 rows x 30 columns of mixed types.

Run: ``python tests/benchmarks/bench_quality.py``. Target on 2 cores: 30 s and 2 GB, reading
the file included. Prints the median of five fresh processes; processor time includes the
imports and tells a slow program from a busy machine.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 1_000_000
RUNS = 5


def make(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Return a table of 30 columns: numbers, codes, texts, dates, an id, a rare target."""
    rng = np.random.default_rng(seed)
    columns = {"row_id": np.arange(rows)}
    columns |= {f"float_{i}": rng.normal(size=rows) for i in range(8)}
    columns |= {f"amount_{i}": rng.lognormal(3, 1.5, rows).round(2) for i in range(4)}
    for i in range(2):
        columns[f"amount_{i}"][rng.random(rows) < 0.05] = np.nan
    columns |= {f"code_{i}": rng.integers(0, 12, rows) for i in range(3)}
    columns |= {f"count_{i}": rng.poisson(200, rows) for i in range(3)}
    words = np.array([f"category {i}" for i in range(40)] + ["?"], dtype=object)
    columns |= {
        f"word_{i}": words[rng.zipf(1.6, rows).clip(max=len(words)) - 1] for i in range(4)
    }
    columns["as_text"] = rng.normal(size=rows).round(2).astype(str).astype(object)
    columns["token"] = np.char.add("tx", rng.permutation(rows).astype(str)).astype(object)
    columns["flag"] = rng.random(rows) < 0.3
    columns["grade"] = pd.Categorical.from_codes(rng.integers(0, 5, rows), list("abcde"))
    columns["constant"] = np.ones(rows, dtype=np.int8)
    columns["time"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        rng.integers(0, 365 * 86_400, rows), unit="s"
    )
    risk = columns["float_0"] + columns["float_1"] * columns["float_2"] - 5
    columns["target"] = (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype(np.int8)
    return pd.DataFrame(columns)


def run(path: str) -> None:
    from labs_lib.prepare import quality

    start = time.perf_counter()
    report = quality.report(pd.read_parquet(path), target="target")
    assert report.quick_model is not None
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} {time.process_time():.2f} {peak:.0f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame = make()
        frame.to_parquet(path)
        shape = f"{len(frame):,} rows x {frame.shape[1]} columns"
        del frame
        results = []
        for _ in range(RUNS):
            command = [sys.executable, __file__, str(path)]
            output = subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout
            results.append([float(number) for number in output.split()[-3:]])
    seconds, cpu, peak = (
        statistics.median(column) for column in zip(*results, strict=True)
    )
    times = ", ".join(f"{result[0]:.1f}" for result in results)
    print(
        f"{shape}: {seconds:.1f} s (runs: {times}), {cpu:.1f} s of processor time, "
        f"peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    run(sys.argv[1]) if len(sys.argv) > 1 else main()
