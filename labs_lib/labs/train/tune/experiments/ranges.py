"""Narrow ranges and warm starts on the two stored grids, with 50 search seeds.

A narrow box is half as wide as the whole range of each hyperparameter, on its own scale:

- ``holds``: around the true optimum of the validation score;
- ``misses``: the same, except that the range of eta leaves the optimum out;
- ``pilot``: around the best of 10 random jobs, which count as jobs.

Each search has 30 jobs. The warm starts have 20 jobs of TPE after a parent with 20 jobs of TPE,
on the same table (identical) or on the other one (transfer). Rows hold the validation score of
what was chosen and its test score.
"""

import math

import pandas as pd

from labs_lib.labs.train.tune import replays
from labs_lib.train.tuning import TuningJob
from labs_lib.train.tuning.replay import chosen

REPEATS = 50

JOBS, PILOT, CHILD = 30, 10, 20

STRATEGIES = {"random": "Random", "TPE": "Bayesian"}

ETA_STEP = 2.0
"""Factor between two values of eta on the grid."""


def repeat(seed: int) -> list[dict]:
    """Run the searches of one seed; one row each."""
    rows = []
    for table in replays.TABLES:
        for name, strategy in STRATEGIES.items():
            for box in ("holds", "misses", "pilot"):
                jobs = _narrow(table, strategy, box, seed)
                rows.append(_row(table, jobs, search=name, start=box))
        parents = {
            "identical": replays.search(
                table, "Bayesian", seed=seed + 1_000, jobs=CHILD
            ),
            "transfer": replays.search(
                _other(table), "Bayesian", seed=seed + 1_000, jobs=CHILD
            ),
        }
        for start, parent in parents.items():
            child = _warm(table, parent, start, seed)
            rows.append(_row(table, child.jobs, search="TPE", start=start))
            if start == "identical":
                both = pd.concat([parent.jobs, child.jobs], ignore_index=True)
                rows.append(
                    _row(table, both, search="TPE", start="identical, with parent")
                )
    return rows


def around(setting: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return the box of half the width around a setting, moved into the whole range."""
    box = {}
    for name, (low, high) in replays.BOX.items():
        log = replays.SCALES[name] == "Logarithmic"
        a, b, x = (math.log(v) if log else v for v in (low, high, setting[name]))
        start = min(max(x - (b - a) / 4, a), a + (b - a) / 2)
        ends = (start, start + (b - a) / 2)
        ends = tuple(math.exp(v) for v in ends) if log else ends
        if name == "max_depth":
            ends = math.ceil(ends[0]), math.floor(ends[1])
        box[name] = (max(low, ends[0]), min(high, ends[1]))
    return box


def without(setting: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return the same box, with a range of eta that leaves the setting's eta out."""
    low, high = replays.BOX["eta"]
    half, edge = math.sqrt(high / low), math.sqrt(ETA_STEP)
    below, above = setting["eta"] / edge, setting["eta"] * edge
    if high / above >= below / low:
        eta = max(above, high / half), high
    else:
        eta = low, min(below, low * half)
    return around(setting) | {"eta": eta}


def optimum(table: str) -> dict[str, float]:
    """Return the setting with the best validation score of a whole training."""
    grid = replays.replay(table)
    return grid.settings.iloc[int(grid.validation[:, -1].argmax())].to_dict()


def _narrow(table: str, strategy: str, box: str, seed: int) -> pd.DataFrame:
    if box != "pilot":
        ends = around(optimum(table)) if box == "holds" else without(optimum(table))
        return replays.search(table, strategy, seed=seed, jobs=JOBS, box=ends).jobs
    pilot = replays.search(table, "Random", seed=seed, jobs=PILOT)
    rest = replays.search(
        table, strategy, seed=seed, jobs=JOBS - PILOT, box=around(pilot.best)
    )
    return pd.concat([pilot.jobs, rest.jobs], ignore_index=True)


def _warm(table: str, parent: TuningJob, start: str, seed: int) -> TuningJob:
    kinds = {"identical": "IdenticalDataAndAlgorithm", "transfer": "TransferLearning"}
    return replays.search(
        table,
        "Bayesian",
        seed=seed,
        jobs=CHILD,
        parents=[parent],
        warm_start=kinds[start],
    )


def _other(table: str) -> str:
    return next(name for name in replays.TABLES if name != table)


def _row(table: str, jobs: pd.DataFrame, **settings) -> dict:
    last = chosen(jobs, replays.replay(table), [len(jobs)]).iloc[0]
    return {
        "table": table,
        **settings,
        "validation": last["validation"],
        "test": last["test"],
    }
