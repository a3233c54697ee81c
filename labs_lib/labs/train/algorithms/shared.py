"""The models of the lab train/algorithms, fitted on any table."""

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from labs_lib import settings
from labs_lib.train.encoding import encoded
from labs_lib.train.random_cut_forest import RandomCutForest

SAMPLE_SIZE = 10_000
"""Rows that k-NN keeps: SageMaker's required hyperparameter of this name."""

MADE_OF_LABELS = [
    "terminal_labels_7d",
    "terminal_labels_30d",
    "terminal_risk_7d",
    "terminal_risk_30d",
]
"""Columns that nobody has before the first label: no input of a model without labels."""


def boosted(
    X: pd.DataFrame,
    y: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    **parameters: object,
) -> xgb.XGBClassifier:
    """Fit XGBoost on `train`; the average precision on `valid` says when to stop.

    Depth, learning rate and least child weight were chosen on the worlds of seeds 100 to
    104, which no comparison uses.

    Parameters
    ----------
    X : DataFrame of shape (n, columns)
    y : array of shape (n,), 0 or 1
    train, valid : boolean arrays of shape (n,)
    sample_weight : array of shape (n,), optional
    **parameters
        Of `xgboost.XGBClassifier`, over those of the lab.
    """
    model = xgb.XGBClassifier(
        **{
            "n_estimators": 400,
            "max_depth": 4,
            "learning_rate": 0.05,
            "min_child_weight": 3,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "enable_categorical": True,
            "eval_metric": "aucpr",
            "early_stopping_rounds": 30,
            "n_jobs": settings.n_jobs(),
            "random_state": 0,
        }
        | parameters
    )
    weight = None if sample_weight is None else sample_weight[train]
    return model.fit(
        X[train],
        y[train],
        sample_weight=weight,
        eval_set=[(X[valid], y[valid])],
        verbose=False,
    )


def on_trial(y: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the settings of XGBoost that the lab compares, for these training labels."""
    ratio = float((y == 0).sum() / (y == 1).sum())
    return {
        "weight 1": {"scale_pos_weight": 1.0},
        "weight root of ratio": {"scale_pos_weight": ratio**0.5},
        "weight ratio": {"scale_pos_weight": ratio},
        "weight ratio, bounded": {"scale_pos_weight": ratio, "max_delta_step": 1},
    }


def scores(
    X: pd.DataFrame,
    y: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    test: np.ndarray,
) -> dict[str, np.ndarray]:
    """Fit every model; return its scores on the validation and test rows, else NaN."""
    found = {}
    for name, parameters in on_trial(y[train]).items():
        model = boosted(X, y, train, valid, **parameters)
        found[f"XGBoost, {name}"] = model.predict_proba
    few = np.random.default_rng(0).permutation(np.flatnonzero(train))[:SAMPLE_SIZE]
    linear = encoded(LogisticRegression(solver="newton-cholesky"))
    balanced = encoded(
        LogisticRegression(solver="newton-cholesky", class_weight="balanced")
    )
    neighbors = encoded(KNeighborsClassifier(n_neighbors=50, n_jobs=settings.n_jobs()))
    found["Linear Learner"] = linear.fit(X[train], y[train]).predict_proba
    found["Linear Learner, balanced"] = balanced.fit(X[train], y[train]).predict_proba
    found["k-NN"] = neighbors.fit(X.iloc[few], y[few]).predict_proba
    result = {name: np.full(len(y), np.nan) for name in [*found, "Random Cut Forest"]}
    judged = valid | test
    for name, predict in found.items():
        result[name][judged] = predict(X[judged])[:, 1]
    # No threshold is chosen for the forest, so only the test rows get its slow scores.
    numbers = X.select_dtypes("number").drop(columns=MADE_OF_LABELS, errors="ignore")
    forest = encoded(RandomCutForest(num_trees=50, random_state=0)).fit(numbers[train])
    result["Random Cut Forest"][test] = -forest.score_samples(numbers[test])
    return result
