"""A full grid of XGBoost settings on one table, with the learning curve of each.

Searches replay on it: the true optimum is known, and a training job costs a look-up.
"""

import itertools

import numpy as np
import pandas as pd
import xgboost as xgb

GRID = {
    "eta": (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
    "max_depth": (2, 3, 4, 5, 6, 8),
    "min_child_weight": (1, 3, 10, 30),
    "subsample": (0.5, 0.75, 1.0),
    "colsample_bytree": (0.4, 0.7, 1.0),
    "lambda": (1, 10),
}
"""Values of each hyperparameter; every combination is trained, 3,024 in all."""

EPOCHS = 27
ROUNDS_AN_EPOCH = 2
SETTINGS_A_REPEAT = 8

SETTINGS = list(itertools.product(*GRID.values()))
REPEATS = len(SETTINGS) // SETTINGS_A_REPEAT


def settings_of(seed: int) -> list[dict[str, float]]:
    """Return the settings of one repeat: a random sample of the grid, each in one repeat."""
    order = np.random.default_rng(0).permutation(len(SETTINGS))
    return [
        dict(zip(GRID, SETTINGS[place], strict=True))
        for place in order[seed * SETTINGS_A_REPEAT : (seed + 1) * SETTINGS_A_REPEAT]
    ]


class Trainer:
    """Trains every setting on one table, with validation and test beside it.

    Parameters
    ----------
    X : DataFrame of shape (n, columns)
    y : array of shape (n,), 0 or 1
    train, valid, test : boolean arrays of shape (n,)
    metric : str
        XGBoost's name of the objective metric, larger is better.
    """

    def __init__(
        self,
        X: pd.DataFrame,
        y: np.ndarray,
        train: np.ndarray,
        valid: np.ndarray,
        test: np.ndarray,
        *,
        metric: str,
    ):
        common = {"enable_categorical": True, "max_bin": 64, "nthread": 1}
        self._train = xgb.QuantileDMatrix(X[train], y[train], **common)
        self._watched = [
            (xgb.QuantileDMatrix(X[part], y[part], ref=self._train, **common), name)
            for name, part in (("validation", valid), ("test", test))
        ]
        self._metric = metric

    def rows(self, seed: int) -> list[dict]:
        """Train each setting of a repeat; one row a setting, one column an epoch and set."""
        return [setting | self._curves(setting) for setting in settings_of(seed)]

    def _curves(self, setting: dict[str, float]) -> dict[str, float]:
        curves: dict[str, dict[str, list[float]]] = {}
        xgb.train(
            {
                "objective": "binary:logistic",
                "eval_metric": self._metric,
                "max_bin": 64,
                "nthread": 1,
                "seed": 0,
            }
            | setting,
            self._train,
            EPOCHS * ROUNDS_AN_EPOCH,
            evals=self._watched,
            evals_result=curves,
            verbose_eval=False,
        )
        return {
            f"{name}_{epoch}": round(value, 5)
            for name in ("validation", "test")
            for epoch, value in enumerate(
                curves[name][self._metric][ROUNDS_AN_EPOCH - 1 :: ROUNDS_AN_EPOCH],
                start=1,
            )
        }
