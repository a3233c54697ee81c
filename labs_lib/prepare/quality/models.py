"""What the columns say about the target: prediction power, a quick model, odd rows.

All of it works on a sample of the rows, because a model of a sample answers the question.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier, XGBRegressor

from labs_lib.columns import read
from labs_lib.prepare.quality import columns

MIN_ROWS = 100
MAX_CLASSES = 100
VALIDATION_SHARE = 0.2
EARLY_STOPPING = 10
POWER_ROUNDS = 50
QUICK_ROUNDS = 1000
QUICK_RATE = 0.025
WORDS = 100
TASKS = ("binary", "multiclass", "regression")
BASE_METRIC = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
_EVAL_METRIC = {"binary": "logloss", "multiclass": "mlogloss", "regression": "rmse"}


@dataclass(frozen=True)
class QuickModel:
    """XGBoost on all features against a model that ignores them.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a metric, columns "model" and "trivial", on the validation rows.
    confusion : pandas.DataFrame or None
        Rows: true class; columns: predicted class (classification only).
    trees : int
        Boosting rounds that were kept.
    train_rows, validation_rows : int
    """

    scores: pd.DataFrame
    confusion: pd.DataFrame | None
    trees: int
    train_rows: int
    validation_rows: int


def encode(series: pd.Series, column_type: str) -> np.ndarray:
    """Return a column as the numbers that the models see.

    `column_type` is one of `columns.TYPES`.

    Returns
    -------
    ndarray of float32, shape (n, k)
        Numeric: the number. Binary and categorical: the position in the sorted values.
        Datetime: year, month, day, weekday (Monday 0), hour, minute. Text: TF-IDF weights
        of the 100 most frequent words, of equally frequent ones the first in the alphabet.
        NaN for missing or invalid values.
    """
    if column_type == "numeric":
        limits = np.finfo(np.float32)
        values = np.clip(columns.to_numbers(series), limits.min, limits.max)[:, None]
    elif column_type == "datetime":
        values = _date_parts(series)
    elif column_type == "text":
        values = _word_weights(series)
    else:
        values = category_codes(series)[0][:, None]
    return values.astype(np.float32)


def category_codes(series: pd.Series) -> tuple[np.ndarray, list]:
    """Return each value's position in the sorted values, and those values.

    Returns
    -------
    codes : ndarray of float64, shape (n,)
        NaN for missing values.
    values : list
        Numbers in a numeric column, else text.
    """
    column = read(series)
    if columns.is_number(column.values.dtype):
        there = np.isfinite(column.numbers)
        # As they are: two whole numbers may be one float.
        numbers = columns.number_values(read(column.values[there]))
        values, places = np.unique(numbers, return_inverse=True)
        codes = np.full(len(series), np.nan)
        codes[there] = places
        return codes, [int(v) if v == round(v) else v for v in values.tolist()]
    codes, labels = columns.to_labels(column)
    there = (labels.str.strip() != "").to_numpy(dtype=bool)
    labels = labels.to_numpy(dtype=object)
    values = sorted(labels[there])
    place = {label: position for position, label in enumerate(values)}
    positions = np.array([place.get(label, np.nan) for label in labels] + [np.nan])
    return positions[codes], values


def prediction_power(
    values: np.ndarray, target: np.ndarray, *, task: str, seed: int = 0
) -> tuple[float, float]:
    """Return how well one column alone predicts the target.

    XGBoost with 50 rounds, stopped early, is trained on 80 % of the rows and scored on the
    rest. As in Data Wrangler, the same rest decides when to stop, so a weak score is a
    little too high.

    Parameters
    ----------
    values : ndarray of float32, shape (n, k)
        The column, from `encode`.
    target : ndarray of shape (n,)
        Classes 0, 1, ..., or numbers.
    task : str
        One of `TASKS`.
    seed : int
        Decides the split.

    Returns
    -------
    power : float
        0 (no better than without the column) to 1 (perfect): ``normalised(score, base)``.
    score : float
        ROC AUC (binary), accuracy (multiclass) or R2 (regression). Both NaN if the
        validation rows hold one class only.
    """
    train, validation = split(target, task=task, share=VALIDATION_SHARE, seed=seed)
    true = target[validation]
    if len(np.unique(true)) < 2:
        return np.nan, np.nan
    model = _boosting(task, n_estimators=POWER_ROUNDS, random_state=seed)
    model.fit(
        values[train], target[train], eval_set=[(values[validation], true)], verbose=False
    )
    if task == "binary":
        score, base = _roc_auc(true, model.predict_proba(values[validation])), 0.5
    elif task == "multiclass":
        score = metrics.accuracy_score(true, model.predict(values[validation]))
        base = np.bincount(true).max() / len(true)
    else:
        score, base = metrics.r2_score(true, model.predict(values[validation])), 0.0
    return normalised(score, base), float(score)


def normalised(score: float, base: float) -> float:
    """Return ``max(0, (score - base) / (1 - base))``: 0 at the base, 1 for a perfect score.

    Parameters
    ----------
    score : float
        At most 1.
    base : float
        Score without any feature, below 1: 0.5 for ROC AUC, the share of the most frequent
        class for accuracy, 0 for R2.
    """
    return max(0.0, float((score - base) / (1 - base)))


def pearson(values: np.ndarray, target: np.ndarray) -> float:
    """Return Pearson's correlation, -1 to 1, over the rows where both have a number.

    NaN if one of them is constant there.
    """
    there = ~(np.isnan(values) | np.isnan(target))
    values, target = values[there], target[there]
    if len(values) < 2:
        return np.nan
    centered = []
    for side in (values, target):
        scaled = side / columns.power_of_two(side)
        scaled = scaled - scaled.mean()
        reach = np.abs(scaled).max()
        if side.min() == side.max() or reach == 0:
            return np.nan
        centered.append(scaled / reach)
    one, other = centered
    return float(
        (one * other).mean() / np.sqrt((one * one).mean() * (other * other).mean())
    )


def quick_model(
    features: np.ndarray, target: np.ndarray, labels: list, *, task: str, seed: int = 0
) -> QuickModel | None:
    """Train XGBoost with Data Wrangler's settings and score it beside a trivial model.

    1,000 rounds with learning rate 0.025, stopped after 10 rounds without a better log loss
    (regression: RMSE) on the 20 % of rows on which it is then scored, as Data Wrangler
    does: the scores are a little too high. The trivial model predicts the most frequent
    class or the mean.

    Parameters
    ----------
    features : ndarray of float32, shape (n, k)
        All features side by side, from `encode`.
    target : ndarray of shape (n,)
        Classes 0, 1, ... (binary: 1 is the rarer one), or numbers.
    labels : list
        Names of the classes; empty for regression.
    task : str
        One of `TASKS`.
    seed : int
        Decides the split.

    Returns
    -------
    QuickModel or None
        None if the validation rows hold one class only.
    """
    train, validation = split(target, task=task, share=VALIDATION_SHARE, seed=seed)
    true = target[validation]
    if len(np.unique(true)) < 2:
        return None
    model = _boosting(
        task, n_estimators=QUICK_ROUNDS, learning_rate=QUICK_RATE, random_state=seed
    )
    model.fit(
        features[train],
        target[train],
        eval_set=[(features[validation], true)],
        verbose=False,
    )
    if task == "regression":
        trivial = DummyRegressor(strategy="mean")
    else:
        trivial = DummyClassifier(strategy="most_frequent")
    trivial.fit(features[train], target[train])
    score = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}[task]
    scores = {
        name: score(true, fitted, features[validation])
        for name, fitted in (("model", model), ("trivial", trivial))
    }
    confusion = None
    if task != "regression":
        counts = metrics.confusion_matrix(
            true, model.predict(features[validation]), labels=range(len(labels))
        )
        names = [str(label) for label in labels]
        confusion = pd.DataFrame(
            counts,
            index=pd.Index(names, name="true"),
            columns=pd.Index(names, name="predicted"),
        )
    return QuickModel(
        scores=pd.DataFrame(scores).rename_axis("metric"),
        confusion=confusion,
        trees=model.best_iteration + 1,
        train_rows=len(train),
        validation_rows=len(validation),
    )


def anomaly_scores(features: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Return the isolation forest's score of each row; negative is anomalous.

    Parameters
    ----------
    features : ndarray of float32, shape (n, k)
        NaN counts as the median of its column.
    seed : int
        Decides which rows and columns each tree sees.

    Returns
    -------
    ndarray of float64, shape (n,)
        -0.5 to 0.5.
    """
    filled = features.copy()
    for column in filled.T:
        gaps = np.isnan(column)
        if gaps.any():
            column[gaps] = 0.0 if gaps.all() else np.median(column[~gaps])
    forest = IsolationForest(random_state=seed)
    return forest.fit(filled).decision_function(filled)


def split(
    target: np.ndarray, *, task: str, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows in two, stratified by class; a class of one row is in the first part.

    Returns
    -------
    first, second : ndarray of int
        Sorted row numbers; the second part holds about `share` of the rows.
    """
    rows = np.arange(len(target))
    if task == "regression":
        parts = train_test_split(rows, test_size=share, random_state=seed)
        return np.sort(parts[0]), np.sort(parts[1])
    alone = np.bincount(target)[target] == 1
    several = rows[~alone]
    # scikit-learn stratifies only if each class can have a row on both sides.
    size = max(round(share * len(several)), len(np.unique(target[several])))
    first, second = train_test_split(
        several, test_size=size, random_state=seed, stratify=target[several]
    )
    return np.sort(np.append(first, rows[alone])), np.sort(second)


def _boosting(task, **options):
    kind = XGBRegressor if task == "regression" else XGBClassifier
    return kind(
        eval_metric=_EVAL_METRIC[task],
        early_stopping_rounds=EARLY_STOPPING,
        n_jobs=1,
        **options,
    )


def _roc_auc(true, probability):
    return float(metrics.roc_auc_score(true, probability[:, 1]))


def _binary(true, model, features):
    probability = model.predict_proba(features)
    predicted = model.predict(features)
    return {
        "roc_auc": _roc_auc(true, probability),
        "average_precision": float(
            metrics.average_precision_score(true, probability[:, 1])
        ),
        "f1": float(metrics.f1_score(true, predicted, zero_division=0)),
        "accuracy": float(metrics.accuracy_score(true, predicted)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(true, predicted)),
        "precision": float(metrics.precision_score(true, predicted, zero_division=0)),
        "recall": float(metrics.recall_score(true, predicted, zero_division=0)),
    }


def _multiclass(true, model, features):
    predicted = model.predict(features)
    macro = {"average": "macro", "labels": np.unique(true), "zero_division": 0}
    recall = float(metrics.recall_score(true, predicted, **macro))
    return {
        "accuracy": float(metrics.accuracy_score(true, predicted)),
        # The mean recall of the classes; scikit-learn's function of this name warns when a
        # class is predicted that has no validation row.
        "balanced_accuracy": recall,
        "f1_macro": float(metrics.f1_score(true, predicted, **macro)),
        "precision_macro": float(metrics.precision_score(true, predicted, **macro)),
    }


def _regression(true, model, features):
    predicted = model.predict(features)
    mse = float(metrics.mean_squared_error(true, predicted))
    return {
        "r2": float(metrics.r2_score(true, predicted)),
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(metrics.mean_absolute_error(true, predicted)),
        "median_absolute_error": float(metrics.median_absolute_error(true, predicted)),
        "max_error": float(metrics.max_error(true, predicted)),
    }


def _date_parts(series):
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        codes, labels = columns.to_labels(read(series))
        dates = columns.read_dates(labels)
        dates = pd.concat([dates, pd.Series([pd.NaT], dtype=dates.dtype)])
        series = dates.iloc[codes]
    parts = ("year", "month", "day", "day_of_week", "hour", "minute")
    return np.column_stack(
        [getattr(series.dt, part).to_numpy(dtype=float, na_value=np.nan) for part in parts]
    )


def _word_weights(series):
    codes, labels = columns.to_labels(read(series))
    texts = np.append(labels.to_numpy(dtype=object), "")[codes]
    # The pattern keeps words of one character, which the default drops.
    counter = CountVectorizer(token_pattern=r"(?u)\w+")
    try:
        counts = counter.fit_transform(texts)
    except ValueError:
        # No word characters at all: how long the text is remains.
        return np.array([[len(text)] for text in texts])
    # Words stand in alphabetical order, and so do equally frequent ones: scikit-learn's own
    # `max_features` takes those that the processor's way of sorting puts first.
    total = np.asarray(counts.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-total, kind="stable")[:WORDS])
    return TfidfTransformer().fit_transform(counts[:, kept]).toarray()
