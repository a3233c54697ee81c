"""Time of a recipe of 26 actions: ``python tests/benchmarks/bench_recipe.py``.

Targets on 2 cores: 1,000,000 rows in at most 3 s, reading Parquet included; one row, made
from a dict as a service gets it, well under 10 ms.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from labs_lib.prepare.recipe import Recipe, action

ROWS = 1_000_000
RUNS = 5
NUMBERS = [f"x{i}" for i in range(10)]


def make(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Return a table of 17 columns: numbers, texts, a compound column and a time."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, len(NUMBERS))), columns=NUMBERS)
    return frame.assign(
        amount=rng.lognormal(3, 1, rows),
        age=rng.integers(18, 90, rows),
        distance=np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows) * 100),
        channel=rng.choice(["chip", "swipe", "online", "phone"], rows),
        category=rng.choice([f"category {i}" for i in range(13)], rows),
        room=rng.choice([f"Office_{year}" for year in range(1990, 2020)], rows),
        time=pd.Timestamp("2025-01-01")
        + pd.to_timedelta(rng.integers(0, 365 * 86_400, rows), unit="s"),
    )


def steps() -> list[dict]:
    scaled = [
        action("NORMALIZATION", sourceColumn=name, targetColumn=name, strategy="Z_SCORE")
        for name in NUMBERS
    ]
    unused = ["band", "channel", "category", "room", "time"]
    return [
        *scaled,
        action("LN", sourceColumn="amount", targetColumn="ln_amount"),
        action(
            "NORMALIZATION",
            sourceColumn="amount",
            targetColumn="amount",
            strategy="MIN_MAX",
        ),
        action(
            "BUCKETIZATION",
            sourceColumn="age",
            targetColumn="band",
            bucketNames=["a", "b", "c", "d"],
            strategy="QUANTILE",
        ),
        action("ONE_HOT_ENCODING", sourceColumn="band"),
        action("ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy="KEEP"),
        action("ONE_HOT_ENCODING", sourceColumn="category"),
        action("SPLIT_COLUMN_SINGLE_DELIMITER", sourceColumn="room", pattern="_", limit=1),
        action("CHANGE_DATA_TYPE", sourceColumn="room_2", columnDataType="double"),
        action(
            "FEATURIZE_DATE_TIME", sourceColumn="time", parts=["month", "weekday", "hour"]
        ),
        action(
            "FLAG_COLUMN_FROM_NULL", sourceColumn="distance", targetColumn="no_distance"
        ),
        action("FILL_WITH_MEDIAN", sourceColumn="distance"),
        *(action("DELETE", sourceColumn=name) for name in unused),
    ]


def measure(run, repeats: int = 1) -> str:
    """Return the medians of wall-clock and of processor seconds over `RUNS` runs."""
    wall, processor = [], []
    for _ in range(RUNS):
        start, busy = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            run()
        wall.append((time.perf_counter() - start) / repeats)
        processor.append((time.process_time() - busy) / repeats)
    return (
        f"{statistics.median(wall):.4f} s (processor {statistics.median(processor):.4f} s)"
    )


def main() -> None:
    train = make()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        train.to_parquet(file)
        recipe = Recipe(steps()).fit(train)
        result = recipe.transform(train)
        print(f"{len(recipe.steps)} actions, {train.shape[1]} columns to {result.shape[1]}")
        print("fit, 1,000,000 rows:                 ", measure(lambda: recipe.fit(train)))
        print(
            "transform, 1,000,000 rows, with read:",
            measure(lambda: recipe.transform(pd.read_parquet(file))),
        )
    row = train.iloc[0].to_dict()
    live = measure(lambda: recipe.transform(pd.DataFrame([row])), repeats=50)
    print("transform, one row from a dict:      ", live)


if __name__ == "__main__":
    main()
