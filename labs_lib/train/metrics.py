"""The metrics that Autopilot reports, in its own names and shape.

Which metrics belong to a problem type, their names and the shape of `MetricDatum`: Amazon
SageMaker Developer Guide, page autopilot-metrics-validation, and the service model
(`AutoMLMetricExtendedEnum`, `MetricDatum`). The numbers come from scikit-learn.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import ArrayLike
from sklearn import metrics as sk

PROBLEM_TYPES = {
    "BinaryClassification": (
        "Accuracy",
        "AUC",
        "BalancedAccuracy",
        "F1",
        "LogLoss",
        "Precision",
        "Recall",
    ),
    "MulticlassClassification": (
        "Accuracy",
        "BalancedAccuracy",
        "F1macro",
        "LogLoss",
        "PrecisionMacro",
        "RecallMacro",
    ),
    "Regression": ("MAE", "MSE", "R2", "RMSE"),
}
"""What Autopilot computes by itself for each problem type, `InferenceLatency` apart."""

SETS = ("Train", "Validation", "Test")


def metric_data(
    y: ArrayLike,
    predicted: ArrayLike,
    *,
    problem_type: str,
    set: str = "Validation",
    threshold: float = 0.5,
    latency: float | None = None,
) -> list[dict]:
    """Return Autopilot's metrics of a model as a list of `MetricDatum`.

    Parameters
    ----------
    y : array-like, shape (n,)
        What was observed: 0 or 1; class numbers 0 to k - 1; or finite numbers.
    predicted : array-like, shape (n,), or (n, k) for several classes
        Probability of class 1; probability of each class, each row summing to 1; or the
        predicted numbers.
    problem_type : {"BinaryClassification", "MulticlassClassification", "Regression"}
        Decides which metrics are computed.
    set : {"Train", "Validation", "Test"}
        Where the rows come from.
    threshold : float, 0 to 1
        Of two classes, the positive one is predicted from this probability on.
    latency : float, optional
        Seconds a request takes, see `inference_latency`; added as `InferenceLatency`.

    Returns
    -------
    list of dict
        ``{"MetricName", "StandardMetricName", "Set", "Value"}``, sorted by name. Precision
        without a positive prediction is 0, and so is F1.

    Raises
    ------
    ValueError
        If the problem type or set is unknown, lengths differ, a value is missing or
        infinite, a probability lies outside 0 to 1, or one class only was observed.
    """
    if problem_type not in PROBLEM_TYPES:
        raise ValueError(
            f"problem_type is {problem_type!r}, expected one of {list(PROBLEM_TYPES)}."
        )
    if set not in SETS:
        raise ValueError(f"set is {set!r}, expected one of {list(SETS)}.")
    y, predicted = _numbers("y", y), _numbers("predicted", predicted)
    if len(y) != len(predicted) or y.ndim != 1 or not len(y):
        raise ValueError(
            f"y has shape {y.shape} and predicted {predicted.shape}; expected one prediction "
            "for each observed value, at least one."
        )
    values = _COMPUTE[problem_type](y, predicted, threshold)
    if latency is not None:
        values["InferenceLatency"] = _latency(latency)
    return [
        {"MetricName": name, "StandardMetricName": name, "Set": set, "Value": float(value)}
        for name, value in sorted(values.items())
    ]


def inference_latency(
    predict: Callable[[object], object], rows: object, *, requests: int = 20
) -> float:
    """Return the seconds that one call of `predict` takes, median over requests.

    Autopilot's `InferenceLatency` is measured at a real-time endpoint and includes the
    network; this is the model alone.

    Parameters
    ----------
    predict : callable
        Called with `rows`.
    rows : object
        What one request carries.
    requests : int
        How often to ask, at least 1. One more call goes before and is not counted.

    Raises
    ------
    ValueError
        If `requests` is below 1.
    """
    if requests < 1:
        raise ValueError(f"requests is {requests}, expected at least 1.")
    predict(rows)
    seconds = []
    for _ in range(requests):
        start = perf_counter()
        predict(rows)
        seconds.append(perf_counter() - start)
    return float(np.median(seconds))


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} holds something that is no number; expected numbers. Give class numbers "
            "instead of names, for instance with LabelEncoder."
        ) from None
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{name} has {(~np.isfinite(numbers)).sum()} missing or infinite values; expected "
            "none. Leave those rows out, and say how many."
        )
    return numbers


def _latency(seconds: float) -> float:
    if not np.isfinite(seconds) or seconds < 0:
        raise ValueError(f"latency is {seconds}, expected seconds, 0 or more.")
    return seconds


def _probabilities(values: np.ndarray) -> None:
    outside = (values < 0) | (values > 1)
    if outside.any():
        raise ValueError(
            f"predicted has {outside.sum()} values outside 0 to 1; expected probabilities. "
            "A margin becomes one by 1 / (1 + exp(-margin))."
        )


def _binary(y: np.ndarray, predicted: np.ndarray, threshold: float) -> dict[str, float]:
    if predicted.ndim != 1:
        raise ValueError(
            f"predicted has shape {predicted.shape}; expected the probability of class 1 only, "
            "shape (n,). Use predict_proba(X)[:, 1]."
        )
    _probabilities(predicted)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}, expected 0 to 1.")
    if not np.array_equal(np.unique(y), [0, 1]):
        raise ValueError(
            f"y holds the classes {np.unique(y)[:5].tolist()}; expected 0 and 1, both of them. "
            "With one class only, AUC and BalancedAccuracy have no value."
        )
    label = predicted >= threshold
    return {
        "Accuracy": sk.accuracy_score(y, label),
        "AUC": sk.roc_auc_score(y, predicted),
        "BalancedAccuracy": sk.balanced_accuracy_score(y, label),
        "F1": sk.f1_score(y, label, zero_division=0),
        "LogLoss": sk.log_loss(y, predicted),
        "Precision": sk.precision_score(y, label, zero_division=0),
        "Recall": sk.recall_score(y, label),
    }


def _multiclass(y: np.ndarray, predicted: np.ndarray, _: float) -> dict[str, float]:
    if predicted.ndim != 2 or predicted.shape[1] < 2:
        raise ValueError(
            f"predicted has shape {predicted.shape}; expected a column for each class. "
            "Use predict_proba(X)."
        )
    _probabilities(predicted)
    if not np.allclose(predicted.sum(axis=1), 1, atol=1e-4):
        raise ValueError("predicted has rows that do not sum to 1; expected probabilities.")
    classes = np.arange(predicted.shape[1])
    if not np.isin(y, classes).all():
        raise ValueError(
            f"y holds the classes {np.unique(y)[:5].tolist()}; expected whole numbers 0 to "
            f"{classes[-1]}, one for each column of predicted."
        )
    if len(np.unique(y)) < 2:
        raise ValueError("y holds one class only; expected at least two.")
    label = predicted.argmax(axis=1)
    # A class that nobody observed has no recall, so averages go over the observed ones.
    macro = {"labels": np.unique(y), "average": "macro", "zero_division": 0}
    recall = sk.recall_score(y, label, **macro)
    return {
        "Accuracy": sk.accuracy_score(y, label),
        "BalancedAccuracy": recall,
        "F1macro": sk.f1_score(y, label, **macro),
        "LogLoss": sk.log_loss(
            y, predicted / predicted.sum(axis=1, keepdims=True), labels=classes
        ),
        "PrecisionMacro": sk.precision_score(y, label, **macro),
        "RecallMacro": recall,
    }


def _regression(y: np.ndarray, predicted: np.ndarray, _: float) -> dict[str, float]:
    if predicted.ndim != 1:
        raise ValueError(
            f"predicted has shape {predicted.shape}; expected one number a row, shape (n,)."
        )
    if np.ptp(y) == 0:
        raise ValueError("y has one value only; R2 needs at least two different ones.")
    mse = sk.mean_squared_error(y, predicted)
    return {
        "MAE": sk.mean_absolute_error(y, predicted),
        "MSE": mse,
        "R2": sk.r2_score(y, predicted),
        "RMSE": mse**0.5,
    }


_COMPUTE = {
    "BinaryClassification": _binary,
    "MulticlassClassification": _multiclass,
    "Regression": _regression,
}
