"""Which columns matter: what correlation, prediction power and a whole model say.

One repeat draws both variants of the table of known causes. Every column gets three scores:
the size of its correlation with the label, its prediction power alone, and how much a model
of all columns loses when the column is shuffled. Five columns have a true effect.
"""

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance

from labs_lib import payments
from labs_lib.prepare.quality import models
from labs_lib.train.boosted import boosted

REPEATS = 24

ROWS = 10_000
FIRST_SEED = 100
"""The shipped table has seed 0."""

CAUSES = ("amount_cents", "channel", "distance_km", "hour", "customer_count_1d")
"""The columns in `payments.causes_logit`."""


def repeat(seed: int) -> list[dict]:
    """Score every column of both variants; one row a variant, column and score."""
    rows = []
    for variant in ("independent", "correlated"):
        X, y, _ = payments.causes(
            n=ROWS, correlated=variant == "correlated", seed=FIRST_SEED + seed
        )
        for name, scores in column_scores(X, y.to_numpy(), seed=seed).items():
            rows += [
                {
                    "variant": variant,
                    "column": column,
                    "score": name,
                    "value": float(value),
                }
                for column, value in zip(X.columns, scores, strict=True)
            ]
    return rows


def column_scores(
    X: pd.DataFrame, y: np.ndarray, *, seed: int
) -> dict[str, list[float]]:
    """Return three scores a column, in the order of the columns; high means important."""
    codes = X.copy()
    for name in codes.select_dtypes("category"):
        codes[name] = codes[name].cat.codes
    codes = codes.to_numpy(dtype=np.float32)
    train, valid = models.split(y, task="binary", share=0.2, seed=seed)
    model = boosted().fit(codes[train], y[train])
    shuffled = permutation_importance(
        model, codes[valid], y[valid], scoring="roc_auc", n_repeats=3, random_state=seed
    )
    return {
        "correlation": [abs(models.pearson(c, y.astype(float))) for c in codes.T],
        "prediction power": [
            models.prediction_power(c[:, None], y, task="binary", seed=seed)[0]
            for c in codes.T
        ],
        "loss when shuffled": list(shuffled.importances_mean),
    }
