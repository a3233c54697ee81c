"""Recipes that differ in one technique each, and the three kinds of models they feed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from labs_lib import settings
from labs_lib.prepare.recipe import action

N_BINS = 10
BINS = [f"bin {k:02}" for k in range(1, N_BINS + 1)]

VARIANTS = {
    # technique: (the recipe with it, the recipe without it)
    "standardize": ("anchor", "raw units"),
    "one-hot": ("anchor", "codes"),
    "missing flags": ("flags", "anchor"),
    "logarithms": ("logarithms", "anchor"),
    "cyclic dates": ("cyclic", "anchor"),
    "quantile bins": ("quantile bins", "anchor"),
    "uniform bins": ("uniform bins", "anchor"),
}
"""What each technique is compared with; the anchor fills, encodes one-hot and standardizes."""


def steps(
    variant: str,
    *,
    numbers: Sequence[str],
    gaps: Sequence[str],
    skewed: Sequence[str],
    continuous: Sequence[str],
    categories: Sequence[str],
    dates: Mapping[str, Sequence[str]],
    drop: Sequence[str] = (),
) -> list[dict]:
    """Return the steps of a recipe: the anchor, with one thing changed.

    Parameters
    ----------
    variant : str
        One of the names in `VARIANTS`.
    numbers, gaps : sequence of str
        Columns of numbers, and those among them with missing values.
    skewed : sequence of str
        Columns of numbers above -1 whose logarithm is worth trying.
    continuous : sequence of str
        Columns of numbers with many different values, to put into bins.
    categories : sequence of str
        Columns of text, or of numbers that are names.
    dates : mapping of str to sequence of str
        Columns of dates, with the parts to take.
    drop : sequence of str
        Columns that no model gets.
    """
    made = [action("DELETE", sourceColumn=name) for name in drop]
    if variant == "flags":
        made += [
            action("FLAG_COLUMN_FROM_NULL", sourceColumn=c, targetColumn=f"{c} missing")
            for c in gaps
        ]
    binned = list(continuous) if variant.endswith("bins") else []
    for name in binned:
        made += _bins(name, "QUANTILE" if variant == "quantile bins" else "UNIFORM")
    numbers = [name for name in numbers if name not in binned]
    made += [action("FILL_WITH_MEDIAN", sourceColumn=c) for c in gaps if c in numbers]
    if variant == "logarithms":
        made += [action("LN", sourceColumn=c, targetColumn=c, offset=1) for c in skewed]
    for name, parts in dates.items():
        mode = "CYCLIC" if variant == "cyclic" else "ORDINAL"
        made.append(
            action(
                "FEATURIZE_DATE_TIME",
                sourceColumn=name,
                parts=parts,
                embeddingMode=mode,
            )
        )
        made.append(action("DELETE", sourceColumn=name))
        if mode == "ORDINAL":
            numbers = [*numbers, *(f"{name}_{part}" for part in parts)]
    for name in categories:
        if variant == "codes":
            numbers = [*numbers, name]
        else:
            made += _one_hot(name)
    if variant != "raw units":
        made += [
            action("NORMALIZATION", sourceColumn=c, targetColumn=c, strategy="Z_SCORE")
            for c in numbers
        ]
    return made


def as_codes(
    frame: pd.DataFrame, variant: str, columns: Mapping[str, object]
) -> pd.DataFrame:
    """Return the frame with numbers in place of categories where the variant asks for it.

    Codes number the categories in the order of their names, which is what somebody gets who
    does not think about it.
    """
    if variant != "codes":
        return frame
    codes = {
        name: pd.Categorical(frame[name], categories=sorted(set(frame[name]))).codes
        for name in columns["categories"]
    }
    return frame.assign(**codes)


def classifiers() -> dict[str, object]:
    """Return the three kinds of models for a yes or no; none was tuned."""
    return {
        "linear": LogisticRegression(solver="newton-cholesky"),
        "k-NN": KNeighborsClassifier(n_neighbors=30, n_jobs=settings.n_jobs()),
        "trees": xgb.XGBClassifier(**_BOOSTED, n_jobs=settings.n_jobs()),
    }


def regressors() -> dict[str, object]:
    """Return the three kinds of models for a number; none was tuned."""
    return {
        "linear": Ridge(solver="svd"),
        "k-NN": KNeighborsRegressor(n_neighbors=10, n_jobs=settings.n_jobs()),
        "trees": xgb.XGBRegressor(**_BOOSTED, n_jobs=settings.n_jobs()),
    }


def descend(Z: np.ndarray, y: np.ndarray, *, steps: int = 200) -> np.ndarray:
    """Return the weights of a logistic regression after so many steps of gradient descent.

    The step is the longest that is safe, 1 / L with L the largest curvature of the log loss.

    Parameters
    ----------
    Z : array of shape (n, columns)
    y : array of shape (n,), 0 or 1

    Returns
    -------
    array of shape (columns + 1,)
        The last weight is the intercept.
    """
    Z = with_ones(Z)
    curvature = np.linalg.eigvalsh(Z.T @ Z)[-1] / len(Z) / 4
    weights = np.zeros(Z.shape[1])
    for _ in range(steps):
        weights -= Z.T @ (expit(Z @ weights) - y) / len(Z) / curvature
    return weights


def with_ones(Z: np.ndarray) -> np.ndarray:
    """Return a matrix with a column of ones at its end, for the intercept."""
    return np.column_stack([Z, np.ones(len(Z))])


_BOOSTED = {
    "n_estimators": 60,
    "max_depth": 4,
    "learning_rate": 0.2,
    "max_bin": 64,
    "random_state": 0,
}


def _bins(name: str, strategy: str) -> list[dict]:
    bucket = action(
        "BUCKETIZATION",
        sourceColumn=name,
        targetColumn=name,
        bucketNames=BINS,
        strategy=strategy,
    )
    if strategy == "UNIFORM":
        return [action("FILL_WITH_MEDIAN", sourceColumn=name), bucket, *_one_hot(name)]
    # The bin that starts at the median; filled before, equal values would spoil the cuts.
    middle = action(
        "FILL_WITH_CUSTOM",
        sourceColumn=name,
        value=BINS[N_BINS // 2],
        columnDataType="string",
    )
    return [bucket, middle, *_one_hot(name)]


def _one_hot(name: str) -> list[dict]:
    return [
        action("ONE_HOT_ENCODING", sourceColumn=name, invalidHandlingStrategy="KEEP"),
        action("DELETE", sourceColumn=name),
    ]
