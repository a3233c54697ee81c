# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["evidently==0.7.23", "pandas<3", "pyarrow"]
# ///
"""What evidently and a plain loop over scipy need for the work of ``bench_monitor.py pair``.

Run: ``uv run tests/benchmarks/beside_monitor.py [ROWS]``. uv makes an environment for it from
the lines above, apart from the course's: evidently does not import beside pandas 3. Default
1,000,000 rows of 20 numeric columns, twice; KS and PSI both, reading included, once each
(evidently takes minutes).
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from bench_monitor import COLUMNS, make
from evidently import Report
from evidently.presets import DataDriftPreset
from scipy import stats


def evidently(reference: Path, current: Path) -> None:
    presets = [DataDriftPreset(method="ks"), DataDriftPreset(method="psi")]
    Report(presets).run(pd.read_parquet(current), pd.read_parquet(reference)).dict()


def scipy_loop(reference: Path, current: Path) -> None:
    before, now = pd.read_parquet(reference), pd.read_parquet(current)
    for name in before:
        stats.ks_2samp(before[name], now[name], method="asymp")
        edges = np.unique(np.quantile(before[name], np.arange(1, 10) / 10))
        p, q = (
            np.bincount(np.searchsorted(edges, side[name]), minlength=len(edges) + 1)
            / len(side)
            for side in (before, now)
        )
        p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
        ((q - p) * np.log(q / p)).sum()


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{seed}.parquet" for seed in range(2)]
        for seed, file in enumerate(files):
            make(file, rows, seed)
        for work in (scipy_loop, evidently):
            start, before = time.perf_counter(), time.process_time()
            work(*files)
            seconds, cpu = time.perf_counter() - start, time.process_time() - before
            print(
                f"{work.__name__}, {rows:,} x {COLUMNS} rows twice: {seconds:.1f} s, "
                f"{cpu:.1f} s of processor time",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
