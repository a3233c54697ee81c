"""Searches on the two stored grids, replayed: what each would have chosen, and when."""

import functools

from labs_lib.course import store
from labs_lib.labs.train.tune.experiments import credit, payments
from labs_lib.train.tuning import TuningJob, tune
from labs_lib.train.tuning.replay import Replay, chosen

GRIDS = {"payments": payments, "credit": credit}
"""The experiments whose rows are replayed; when their code changes, so do these searches."""

TABLES = tuple(GRIDS)
JOBS = 100

BUDGETS = [1, 2, 3, 5, 7, 10, 14, 20, 30, 40, 50, 70, 100]
"""In whole trainings, at which a search is looked at."""

SCALES = {
    "eta": "Logarithmic",
    "max_depth": "Linear",
    "min_child_weight": "Logarithmic",
    "subsample": "Linear",
    "colsample_bytree": "Linear",
    "lambda": "Logarithmic",
}
BOX = {
    "eta": (0.01, 0.64),
    "max_depth": (2, 8),
    "min_child_weight": (1, 30),
    "subsample": (0.5, 1),
    "colsample_bytree": (0.4, 1),
    "lambda": (1, 10),
}
"""The whole range of each hyperparameter: from the lowest to the highest value of the grid."""

CATEGORIES = {
    "eta": (0.02, 0.08, 0.32),
    "max_depth": (3, 6),
    "min_child_weight": (1, 10),
    "subsample": (0.5, 1),
    "colsample_bytree": (0.4, 1),
    "lambda": (1, 10),
}
"""What strategy Grid tries: 96 combinations, typed before any search was run."""


@functools.cache
def replay(table: str) -> Replay:
    """Return the grid of a table as a training job."""
    name = GRIDS[table].__name__.rpartition(".")[2]
    return Replay(store.load(f"train/tune/{name}"), scales=SCALES)


def ranges(box: dict[str, tuple[float, float]]) -> dict[str, list[dict]]:
    """Return the ParameterRanges of a box."""
    kinds: dict[str, list[dict]] = {
        "IntegerParameterRanges": [],
        "ContinuousParameterRanges": [],
    }
    for name, (low, high) in box.items():
        kind = "Integer" if name == "max_depth" else "Continuous"
        kinds[f"{kind}ParameterRanges"].append(
            {
                "Name": name,
                "MinValue": str(low),
                "MaxValue": str(high),
                "ScalingType": SCALES[name],
            }
        )
    return kinds


def search(
    table: str,
    strategy: str,
    *,
    seed: int,
    jobs: int = JOBS,
    parallel: int = 1,
    box: dict[str, tuple[float, float]] = BOX,
    config: dict | None = None,
    **options,
) -> TuningJob:
    """Run one search on a grid; `options` are those of `tune`."""
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}
    request = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {
            "Type": "Maximize",
            "MetricName": "validation:score",
        },
        "ResourceLimits": limits,
        "ParameterRanges": ranges(box),
        "RandomSeed": seed,
    }
    if strategy == "Grid":
        request["ParameterRanges"] = {
            "CategoricalParameterRanges": [
                {"Name": name, "Values": [str(value) for value in values]}
                for name, values in CATEGORIES.items()
            ]
        }
        del limits["MaxNumberOfTrainingJobs"]
    if strategy == "Hyperband":
        request["StrategyConfig"] = {
            "HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 27}
        }
    return tune(request | (config or {}), replay(table), **options)


def trace(table: str, found: TuningJob, **settings) -> dict:
    """Return one row: settings, and after each budget what the search would have chosen.

    A search that ended earlier keeps its choice.
    """
    grid = replay(table)
    whole = int(found.jobs["epochs"].sum()) // grid.validation.shape[1]
    then = chosen(found.jobs, grid, [min(budget, whole) for budget in BUDGETS])
    row = {"table": table, **settings}
    for part in ("validation", "test", "jobs"):
        for budget, value in zip(BUDGETS, then[part], strict=True):
            row[f"{part}_{budget}"] = value
    return row
