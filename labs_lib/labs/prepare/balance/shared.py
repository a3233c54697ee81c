"""Ways to balance two classes, and one model trained on what each of them makes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xgboost as xgb
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
)

from labs_lib import payments, settings
from labs_lib.train.encoding import encoder

RATES = (0.002, 0.01, 0.05, 0.2)
"""Shares of positives at which everything is repeated."""

METHODS = ("random over", "random under", "SMOTE", "SMOTE, mixed types", "weights")


def thinned(y: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Return positions at which positives have a share of `rate`: one class is thinned.

    Parameters
    ----------
    y : array of 0/1, shape (n,)
    rate : float
        Above 0, below 1.
    rng : Generator
        Draws which rows of the class that is too large stay.
    """
    positive, negative = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wanted = round(len(negative) * rate / (1 - rate))
    if wanted <= len(positive):
        positive = rng.permutation(positive)[:wanted]
    else:
        negative = rng.permutation(negative)[: round(len(positive) * (1 - rate) / rate)]
    return np.sort(np.concatenate([positive, negative]))


def filled(X: pd.DataFrame, train: np.ndarray) -> pd.DataFrame:
    """Fill missing numbers with the median of the training rows; SMOTE knows no gaps."""
    numbers = X.select_dtypes("number")
    return X.assign(**numbers.fillna(numbers[train].median()).astype(float))


def boosted() -> xgb.XGBClassifier:
    """Return the model that every method gets; it was not tuned."""
    return xgb.XGBClassifier(
        n_estimators=60,
        max_depth=4,
        learning_rate=0.15,
        max_bin=128,
        n_jobs=settings.n_jobs(),
        random_state=0,
    )


def linear() -> LogisticRegression:
    """Return a weighted sum, the model for which balancing is most often advised."""
    return LogisticRegression(solver="newton-cholesky")


def fitted(
    X: pd.DataFrame,
    y: np.ndarray,
    model: ClassifierMixin,
    methods: tuple[str, ...] = METHODS,
) -> Iterator[tuple[str, object]]:
    """Yield each method's name and a function from rows to scores, "none" first.

    Parameters
    ----------
    X : DataFrame of shape (n, columns)
        Training rows without gaps, balanced here and nowhere else.
    y : array of 0/1, shape (n,)
    model : classifier
        Unfitted; fitted anew for each method.
    methods : tuple of str
        Some of `METHODS`.
    """
    encode = encoder().fit(X)
    matrix = encode.transform(X).astype(np.float32)
    weight = np.where(y == 1, (y == 0).sum() / (y == 1).sum(), 1.0)
    categories = [not pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes]
    samplers = {
        "random over": RandomOverSampler(random_state=0),
        "random under": RandomUnderSampler(random_state=0),
        "SMOTE": SMOTE(random_state=0),
    }
    for name in ("none", *methods):
        if name in samplers:
            rows, labels = samplers[name].fit_resample(matrix, y)
            used = model.fit(rows, labels)
        elif name == "SMOTE, mixed types":
            if any(categories):
                rows, labels = SMOTENC(categories, random_state=0).fit_resample(X, y)
                used = model.fit(encode.transform(rows).astype(np.float32), labels)
            else:
                continue
        else:
            used = model.fit(
                matrix, y, sample_weight=weight if name == "weights" else None
            )
        yield (
            name,
            lambda rows, used=used: used.predict_proba(
                encode.transform(rows).astype(np.float32)
            )[:, 1].astype(float),
        )


def judged(
    valid: tuple[np.ndarray, np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> dict[str, float]:
    """Judge scores on test rows, thresholds being chosen on validation rows.

    Parameters
    ----------
    valid, test : (labels, scores, amounts in cents)

    Returns
    -------
    dict of str to float
        Cost is per 1,000 rows.
    """
    y, score, cents = test
    threshold = payments.best_threshold(*valid)
    precision, recall, _ = precision_recall_curve(y, score)
    return {
        "average precision": average_precision_score(y, score),
        "recall at precision 0.5": recall[precision >= 0.5].max(),
        "Brier score": brier_score_loss(y, score),
        "cost": 1000 * payments.cost(y, score >= threshold, cents) / len(y),
        "cost at one half": 1000 * payments.cost(y, score >= 0.5, cents) / len(y),
        "recall at one half": float((score[y == 1] >= 0.5).mean()),
        "recall at own threshold": float((score[y == 1] >= threshold).mean()),
        "positives": float(y.sum()),
    }
