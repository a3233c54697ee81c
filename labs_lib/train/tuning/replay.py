"""Training jobs that were run before: a grid of settings, and the curve of each."""

import math
import re
from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from labs_lib.train.tuning.search import COLUMNS

SCALES = ("Linear", "Logarithmic")

_VALIDATION = re.compile(r"validation_\d+")
_CURVE = re.compile(r"(validation|test)_\d+")


class Replay:
    """A training job that costs a look-up, for `labs_lib.train.tuning.tune`.

    Called with hyperparameters, it returns the validation curve of the nearest setting of the
    grid. Nearest is meant on each hyperparameter's own scale; half-way, the lower value is
    taken. Categories may be numbers written as text.

    Parameters
    ----------
    rows : DataFrame
        One row a setting, every combination of values once: a column a hyperparameter, and
        columns ``validation_1``, ``test_1`` and so on with the objective after each epoch.
    scales : mapping of str to {"Linear", "Logarithmic"}
        The hyperparameters and their scales.

    Attributes
    ----------
    validation, test : ndarray, shape (settings, epochs)
        All curves. The settings come in the order of the hyperparameters' values, the last
        hyperparameter fastest.
    settings : DataFrame, shape (settings, hyperparameters)
        The settings in that order.

    Raises
    ------
    ValueError
        If a scale is unknown, a hyperparameter has the name of a curve's column, a column is
        missing, a combination is missing or stands twice, or a logarithmic scale has values
        that are not above 0.
    """

    def __init__(self, rows: pd.DataFrame, *, scales: Mapping[str, str]):
        names = list(scales)
        taken = [name for name in names if _CURVE.fullmatch(name)]
        if taken:
            raise ValueError(
                f"the hyperparameter {taken[0]} is called like the columns of the curves, "
                "validation_1, test_1 and so on. Rename it, in rows and in scales."
            )
        epochs = sum(bool(_VALIDATION.fullmatch(str(c))) for c in rows.columns)
        curves = [
            f"{part}_{e + 1}" for part in ("validation", "test") for e in range(epochs)
        ]
        missing = [
            c for c in [*names, *(curves or ["validation_1"])] if c not in rows.columns
        ]
        if missing:
            raise ValueError(f"rows has no column {', '.join(missing[:3])}.")
        rows = rows.sort_values(names, ignore_index=True)
        self._values = {name: sorted(rows[name].unique().tolist()) for name in names}
        size = math.prod(map(len, self._values.values()))
        if size != len(rows) or rows.duplicated(names).any():
            raise ValueError(
                f"rows has {len(rows)} settings; expected each of the {size} combinations "
                "of values once."
            )
        self._middles = {
            name: _middles(name, values, scales[name])
            for name, values in self._values.items()
        }
        self.settings = rows[names]
        self.validation = rows[curves[:epochs]].to_numpy(float)
        self.test = rows[curves[epochs:]].to_numpy(float)
        self._curves = self.validation.tolist()

    def __call__(self, hyperparameters: Mapping[str, float | str]) -> list[float]:
        """Return the validation objective after each epoch."""
        return self._curves[self.place(hyperparameters)]

    def place(self, hyperparameters: Mapping[str, float | str]) -> int:
        """Return the row of the nearest setting; other hyperparameters are left alone."""
        place = 0
        for name, middles in self._middles.items():
            place = place * (len(middles) + 1)
            place += bisect_left(middles, float(hyperparameters[name]))
        return place


def chosen(jobs: pd.DataFrame, replay: Replay, budgets: list[int]) -> pd.DataFrame:
    """Return what a search would have chosen after each budget of training.

    Parameters
    ----------
    jobs : DataFrame
        `TuningJob.jobs` of a search that maximizes, replayed on `replay`.
    replay : Replay
        The grid.
    budgets : list of int
        In whole trainings: the epochs of all jobs together, divided by the epochs of one that
        is not stopped.

    Returns
    -------
    DataFrame, indexed by budget
        ``validation`` and ``test``, the objective of the job that was best on validation among
        those paid for by then, as it was when it ended; and ``jobs``, how many those are.

    Raises
    ------
    ValueError
        If a budget does not pay for a single job, the search ended before the largest, or a
        hyperparameter has the name of another column of `jobs`.
    """
    names = list(replay.settings.columns)
    taken = [name for name in names if name in COLUMNS]
    if taken:
        raise ValueError(
            f"the hyperparameter {taken[0]} is called like a column that every table of jobs "
            "has, so its values are not in jobs. Rename it, in the rows and the scales of the "
            "Replay and in the configuration."
        )
    epochs = jobs["epochs"].to_numpy()
    paid = np.cumsum(epochs) / replay.validation.shape[1]
    if budgets[0] < paid[0] or paid[-1] < budgets[-1] * (1 - 1e-9):
        raise ValueError(
            f"The search used {paid[0]:g} to {paid[-1]:g} trainings; expected budgets between."
        )
    rows = []
    for budget in budgets:
        count = int(np.searchsorted(paid, budget + 1e-9, side="right"))
        best = int(jobs["value"].to_numpy()[:count].argmax())
        place = replay.place(jobs.iloc[best][names])
        test = float(replay.test[place, epochs[best] - 1])
        rows.append({"validation": jobs["value"].iloc[best], "test": test, "jobs": count})
    return pd.DataFrame(rows, index=pd.Index(budgets, name="budget"))


def _middles(name: str, values: list[float], scale: str) -> list[float]:
    """Return where one value of the grid ends and the next begins."""
    if scale not in SCALES:
        raise ValueError(f"The scale of {name} is {scale!r}, expected one of {SCALES}.")
    if scale == "Linear":
        return [(a + b) / 2 for a, b in pairwise(values)]
    if values[0] <= 0:
        raise ValueError(f"{name} is logarithmic and has the value {values[0]}.")
    return [math.sqrt(a * b) for a, b in pairwise(values)]
