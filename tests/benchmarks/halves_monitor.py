"""False alarms of the monitor: ``python tests/benchmarks/halves_monitor.py [DRAWS]``.

Random halves of six real tables of the course and of its simulated payments, whole (at most
60,000 rows) and of 4,000 rows: one half is the baseline, the other the batch. Nothing has moved, so every violation is a false alarm. Prints
the table of docs/monitor.md; takes 10 minutes of processor time.
"""

import sys

import numpy as np
import pandas as pd

from labs_lib import monitor, settings

FILES = {
    "flights": "nyc_flights_2013_sample20",
    "adult": "adult_income_1994",
    "credit": "credit_default",
    "houses": "king_county_houses",
    "crashes": "nass_cds_crashes",
    "novels": "jane_austen_paragraphs",
    "payments": "payments",
}
MOST = 60_000


def alarms(table: pd.DataFrame, rows: int, draws: int, share_method: str) -> int:
    """Return in how many draws the two halves of so many rows raise an alarm."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(draws):
        some = rng.permutation(len(table))[:rows]
        half = len(some) // 2
        base = monitor.baseline(table.iloc[some[:half]], share_method=share_method)
        found += not monitor.check(table.iloc[some[half:]], base).ok
    return found


def main(draws: int) -> None:
    print("| table | columns | rows of a half | alarms, Robust | alarms, Simple |")
    print("|---|---|---|---|---|")
    for name, file in FILES.items():
        table = pd.read_parquet(settings.ROOT / "data" / f"{file}.parquet")
        table = table.sample(min(len(table), MOST), random_state=0)
        for rows in (len(table), 4_000):
            counted = [
                f"{alarms(table, rows, n, method)} of {n}"
                for method, n in (("Robust", draws), ("Simple", max(1, draws // 4)))
            ]
            cells = [name, table.shape[1], f"{rows // 2:,}", *counted]
            print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
