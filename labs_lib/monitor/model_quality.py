"""Model quality: metrics with intervals, thresholds, and labels that come late.

Metric names and files as in Model Monitor. Source: Amazon SageMaker Developer Guide, page
model-monitor-model-quality-metrics.
"""

import datetime as dt
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib import columns, stats

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]

_NAMES = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}

HIGHER_IS_WORSE = ("mae", "mse", "rmse", "false_positive_rate", "false_negative_rate")
"""Metrics whose threshold is an upper one."""

SAMPLES, SHARE, LEAST = 5, 0.8, 200
"""Model Monitor's standard deviation: over 5 random samples of 80 %, from 200 rows on."""


@dataclass(frozen=True, repr=False, eq=False)
class Quality:
    """Metrics of a model on rows whose labels are known.

    Attributes
    ----------
    problem_type : str
        "BinaryClassification", "MulticlassClassification" or "Regression".
    rows : int
        Rows that were judged.
    table : DataFrame
        Indexed by metric: `value`; `low`, `high`: bootstrap interval; `standard_deviation`:
        Model Monitor's, see `quality`.
    curves : dict
        Confusion matrix, and for two classes the two curves, as in Model Monitor's file.
    """

    problem_type: ProblemType
    rows: int
    table: pd.DataFrame
    curves: dict

    def to_dict(self) -> dict:
        """Return the content of Model Monitor's ``statistics.json`` for model quality."""
        found = {
            name: {
                "value": _plain(row.value),
                "standard_deviation": _plain(row.standard_deviation),
            }
            for name, row in self.table.iterrows()
        }
        name = f"{_NAMES[self.problem_type]}_metrics"
        return {
            "version": 0.0,
            "dataset": {"item_count": self.rows},
            name: self.curves | found,
        }

    def _repr_html_(self) -> str:
        return self.table.to_html()

    def __repr__(self) -> str:
        return self.table.to_string()


def join_labels(
    predictions: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    on: Hashable,
    arrived: Hashable,
    until: object,
) -> pd.DataFrame:
    """Return the predictions whose labels had arrived by a moment, with their labels.

    Labels that come late leave the newest predictions unjudged, and often not at random: a
    chargeback arrives after weeks, "no chargeback" only when time is up. Compare the share
    that is judged (``len(joined) / len(predictions)``) by age before you trust a metric.

    Parameters
    ----------
    predictions : DataFrame
        One row for each prediction.
    labels : DataFrame
        One row for each label; several of one prediction are corrections, of which the
        newest that had arrived counts.
    on : column name
        The id that both have, such as ``inferenceId``; missing in neither. 7, 7.0 and, beside
        numbers, "7" are one id, "07" is another.
    arrived : column name in `labels`
        When the label became known.
    until : time or number, comparable with `arrived`
        Labels that arrived later are not used. A date stands for its first moment.

    Returns
    -------
    DataFrame
        The rows of `predictions` in their order with the columns of `labels` added.

    Raises
    ------
    ValueError
        If a column is missing, an id is missing or stands twice in `predictions`, both tables
        share another column, the ids of the two are of different kinds, or `until` cannot be
        compared with `arrived`.
    """
    for name, table, wanted in (
        ("predictions", predictions, [on]),
        ("labels", labels, [on, arrived]),
    ):
        lacking = [column for column in wanted if column not in table.columns]
        if lacking:
            raise ValueError(
                f"{name} has no column {lacking}; it has {list(table.columns)}."
            )
        if table[on].isna().any():
            raise ValueError(f"{name} has rows without {on!r}; expected an id in each.")
    both = sorted(map(str, (set(predictions.columns) & set(labels.columns)) - {on}))
    if both:
        raise ValueError(f"both tables have {both}; rename or leave out one of each.")
    of_predictions, of_labels, _ = columns.codes(
        predictions[on], labels[on], names=(f"{on!r} of predictions", f"{on!r} of labels")
    )
    if len(np.unique(of_predictions)) < len(of_predictions):
        raise ValueError(f"predictions has an {on!r} twice; expected each once.")
    known = np.flatnonzero(_arrived(labels[arrived], until, arrived))
    newest = labels[arrived].iloc[known].reset_index(drop=True)
    order = known[newest.sort_values(kind="stable").index.to_numpy()]
    place = pd.Series(order, index=of_labels[order])
    place = place[~place.index.duplicated(keep="last")].reindex(of_predictions)
    has = place.notna().to_numpy()
    right = labels.drop(columns=on).iloc[place[has].to_numpy(dtype=np.int64)]
    joined = pd.concat(
        [side.reset_index(drop=True) for side in (predictions[has], right)], axis="columns"
    )
    return joined


def _arrived(times: pd.Series, until: object, name: Hashable) -> np.ndarray:
    """Return which labels had arrived, or say why the times cannot be compared."""
    moment = until
    if pd.api.types.is_datetime64_any_dtype(times) and isinstance(until, dt.date | str):
        moment = pd.Timestamp(until)
    try:
        if pd.isna(moment):
            raise TypeError
        return (times <= moment).fillna(False).to_numpy(dtype=bool)
    except TypeError:
        raise ValueError(
            f"until is {until!r} ({type(until).__name__}), which cannot be compared with the "
            f"times in {name!r} ({times.dtype}); expected the same kind, and a time zone in "
            "both or in neither. Turn texts into times with pandas.to_datetime."
        ) from None


def quality(
    y: ArrayLike,
    predicted: ArrayLike,
    *,
    problem_type: ProblemType,
    score: ArrayLike | None = None,
    repeats: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Quality:
    """Return Model Monitor's metrics with intervals.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Observed: 0 and 1; class labels, at least two; or numbers.
    predicted : array-like of shape (n_rows,)
        Predicted, coded like `y` (1 and 1.0 are one label, and so are 1 and "1" if all labels
        of the texts are numbers). Not probabilities: give those as `score`.
    problem_type : {"BinaryClassification", "MulticlassClassification", "Regression"}
        Decides which metrics are computed.
    score : array-like of shape (n_rows,), optional
        Of two classes, the score of class 1; without it there is no `auc` and no curve.
    repeats : int
        Bootstrap repeats of the intervals, by row; at least 200, or 0 for no intervals.
    confidence : float, 0 to 1
        Level of the intervals.
    seed : int
        Seed of the bootstrap and of the samples behind the standard deviation.

    Returns
    -------
    Quality

    Raises
    ------
    ValueError
        If there are no rows, lengths differ, a value is missing or infinite, values do not
        suit the problem type, or an option is out of its range.

    Notes
    -----
    Values are those of scikit-learn. A ratio without cases (recall without positives) is NaN;
    in the weighted averages of many classes it counts as 0, as there. The best constant
    classifier predicts the most frequent label; the guide's own examples show a rarer one.

    The standard deviation is that of the metric on 5 random samples of 80 % of the rows, NaN
    below 200 rows. It is no standard error: such samples share most of their rows, so that
    it is about half of one. The intervals are percentiles of a bootstrap, for which drawing
    rows means drawing the counts of the confusion matrix; for `auc` they are DeLong's
    (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837). Rows have to be
    independent, and what varies from one training of the model to the next is not in them.
    """
    if problem_type not in _NAMES:
        raise ValueError(
            f"problem_type is {problem_type!r}, expected one of {list(_NAMES)}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected between 0 and 1.")
    if repeats < 200 and repeats != 0:
        raise ValueError(
            f"repeats is {repeats}, expected at least 200, or 0 for no intervals."
        )
    observed, forecast, scores, labels = _checked(y, predicted, score, problem_type)
    rows = len(observed)
    rng = np.random.default_rng(seed)
    samples = [_sample(rows, rng) for _ in range(SAMPLES)] if rows >= LEAST else []
    if problem_type == "Regression":
        values, ends, spread = _of_numbers(
            observed, forecast, samples, repeats, confidence, rng
        )
        curves: dict = {}
    else:
        values, ends, spread, curves = _of_classes(
            observed, forecast, labels, problem_type, samples, repeats, confidence, rng
        )
        if scores is not None:
            values["auc"], error = stats.auc(observed, scores)
            interval = stats.auc_interval(values["auc"], error, confidence=confidence)
            ends["auc"] = interval if repeats else (math.nan, math.nan)
            spread["auc"] = _spread([stats.auc(observed[i], scores[i])[0] for i in samples])
            curves |= _curves(observed, scores)
    table = pd.DataFrame(
        {
            "value": values,
            "low": {name: float(ends[name][0]) for name in values},
            "high": {name: float(ends[name][1]) for name in values},
            "standard_deviation": spread,
        }
    ).rename_axis("metric")
    return Quality(problem_type, rows, table, curves)


def suggest_constraints(
    baseline: Quality, *, margin: float = 0.0, metrics: list[str] | None = None
) -> dict:
    """Return ``constraints.json`` of model quality: the baseline's values as thresholds.

    Parameters
    ----------
    baseline : Quality
        Metrics on data that the model has not seen, before it went live.
    margin : float
        By how much a metric may be worse before it violates, in units of the metric.
    metrics : list of str, optional
        Default: all that have a value, but those of the constant classifier.

    Raises
    ------
    ValueError
        If the margin is negative, or a metric has no value.

    Notes
    -----
    Field names and operators agree across public examples; no page of the guide has them.
    """
    if not margin >= 0:
        raise ValueError(f"margin is {margin}, expected 0 or more.")
    values = baseline.table["value"].dropna()
    if metrics is None:
        metrics = [name for name in values.index if "constant" not in name]
    lacking = [name for name in metrics if name not in values.index]
    if lacking:
        raise ValueError(
            f"the baseline has no value of {lacking}; it has {list(values.index)}."
        )
    constraints = {}
    for name in metrics:
        worse = name in HIGHER_IS_WORSE
        constraints[name] = {
            "threshold": float(values[name] + (margin if worse else -margin)),
            "comparison_operator": "GreaterThanThreshold" if worse else "LessThanThreshold",
        }
    return {"version": 0.0, f"{_NAMES[baseline.problem_type]}_constraints": constraints}


def check_quality(
    current: Quality,
    constraints: dict,
    *,
    rule: Literal["value", "interval"] = "value",
) -> tuple[list[dict], pd.DataFrame]:
    """Return violations of model quality, and a table of what was checked.

    Parameters
    ----------
    current : Quality
        Metrics of a window of live data.
    constraints : dict
        As from `suggest_constraints`, or read from a file.
    rule : {"value", "interval"}
        "value": the metric is worse than its threshold, as in Model Monitor; where the
        threshold is the baseline's value, half of all healthy windows violate. "interval":
        its whole interval is.

    Returns
    -------
    violations : list of dict
        ``metric_name``, ``constraint_check_type``, ``description``.
    table : DataFrame
        Indexed by metric: `value`, `low`, `high`, `threshold`, `operator`, `violated`, and
        `note`: why a metric could not be checked.

    Raises
    ------
    ValueError
        If the constraints are of another problem type or not of the schema, or the rule is
        unknown.
    """
    if rule not in ("value", "interval"):
        raise ValueError(f"rule is {rule!r}, expected value or interval.")
    key = f"{_NAMES[current.problem_type]}_constraints"
    if not isinstance(constraints.get(key), dict):
        raise ValueError(f"the constraints have no {key}; they have {list(constraints)}.")
    rows, violations = {}, []
    for name, constraint in constraints[key].items():
        try:
            threshold = float(constraint["threshold"])
            operator = constraint["comparison_operator"]
            greater = {"GreaterThanThreshold": True, "LessThanThreshold": False}[operator]
        except (KeyError, TypeError, ValueError):
            raise ValueError(
                f"the constraint of {name!r} is {constraint}; expected a number as threshold "
                "and GreaterThanThreshold or LessThanThreshold as comparison_operator."
            ) from None
        found = dict.fromkeys(("value", "low", "high"), math.nan)
        if name in current.table.index:
            found = current.table.loc[name, ["value", "low", "high"]].to_dict()
        judged = found["value"]
        if rule == "interval":
            judged = found["low" if greater else "high"]
        violated = judged > threshold if greater else judged < threshold
        rows[name] = found | {
            "threshold": threshold,
            "operator": operator,
            "violated": bool(violated),
            "note": "no value in this window" if math.isnan(judged) else "",
        }
        if violated:
            described = f"{found['value']:.4g}"
            if rule == "interval":
                described += f" ({found['low']:.4g} to {found['high']:.4g})"
            violations.append(
                {
                    "constraint_check_type": operator,
                    "description": f"Metric {name} with {described} was {operator} "
                    f"'{threshold:.4g}'",
                    "metric_name": name,
                }
            )
    return violations, pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")


# Two classes and more: everything follows from the confusion matrix ---------------------


def _of_classes(
    y: np.ndarray,
    predicted: np.ndarray,
    labels: list,
    problem_type: ProblemType,
    samples: list[np.ndarray],
    repeats: int,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[dict, dict, dict, dict]:
    """`y` and `predicted` are positions in `labels`."""
    codes = y * len(labels) + predicted

    def cells(rows: slice | np.ndarray = slice(None)) -> np.ndarray:
        counts = np.bincount(codes[rows], minlength=len(labels) ** 2)
        return counts.reshape(len(labels), len(labels))

    matrix = cells()
    constant = int(matrix.sum(axis=1).argmax())
    compute = _binary if problem_type == "BinaryClassification" else _multiclass

    def metrics(matrices: np.ndarray) -> dict[str, np.ndarray]:
        """Return each metric of matrices of shape (..., k, k): rows observed."""
        always = np.zeros_like(matrices)
        always[..., constant] = matrices.sum(axis=-1)
        fixed = compute(always)
        keep = {name: fixed[name] for name in fixed if "rate" not in name}
        named = {f"{name}_best_constant_classifier": v for name, v in keep.items()}
        return compute(matrices) | named

    values = {name: float(value) for name, value in metrics(matrix).items()}
    ends = dict.fromkeys(values, (math.nan, math.nan))
    if repeats:
        drawn = stats.resampled_counts(len(y), matrix / matrix.sum(), repeats, rng)
        of_drawn = metrics(np.concatenate(list(drawn)))
        ends = {name: stats.percentiles(of_drawn[name], confidence) for name in values}
    of_samples = [metrics(cells(rows)) for rows in samples]
    spread = {name: _spread([s[name] for s in of_samples]) for name in values}
    names = [columns.text(label) for label in labels]
    curves = {
        "confusion_matrix": {
            name: dict(zip(names, row, strict=True))
            for name, row in zip(names, matrix.tolist(), strict=True)
        }
    }
    return values, ends, spread, curves


def _binary(cells: np.ndarray) -> dict[str, np.ndarray]:
    (tn, fp), (fn, tp) = np.moveaxis(cells, (-2, -1), (0, 1))
    recall = _ratio(tp, tp + fn)
    return {
        "recall": recall,
        "precision": _ratio(tp, tp + fp),
        "accuracy": _ratio(tp + tn, tp + tn + fp + fn),
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(tn, tn + fp),
        "false_positive_rate": _ratio(fp, tn + fp),
        "false_negative_rate": _ratio(fn, tp + fn),
        **{
            name: _ratio((1 + b2) * tp, (1 + b2) * tp + b2 * fn + fp)
            for name, b2 in (("f0_5", 0.25), ("f1", 1), ("f2", 4))
        },
    }


def _multiclass(cells: np.ndarray) -> dict[str, np.ndarray]:
    right = np.diagonal(cells, axis1=-2, axis2=-1)
    observed, predicted = cells.sum(axis=-1), cells.sum(axis=-2)
    share = observed / observed.sum(axis=-1, keepdims=True)

    def weighted(top: np.ndarray, below: np.ndarray) -> np.ndarray:
        return (share * np.nan_to_num(_ratio(top, below))).sum(axis=-1)

    return {
        "accuracy": right.sum(axis=-1) / observed.sum(axis=-1),
        "weighted_recall": weighted(right, observed),
        "weighted_precision": weighted(right, predicted),
        **{
            name: weighted((1 + b2) * right, b2 * observed + predicted)
            for name, b2 in (
                ("weighted_f0_5", 0.25),
                ("weighted_f1", 1),
                ("weighted_f2", 4),
            )
        },
    }


def _curves(y: np.ndarray, score: np.ndarray) -> dict:
    """Return ROC and precision-recall curve, each thinned to at most 200 points."""
    if len(np.unique(y)) < 2:
        return {}
    from sklearn import metrics as sk  # takes half a second to import

    false, true, _ = sk.roc_curve(y, score)
    precision, recall, _ = sk.precision_recall_curve(y, score)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thinned(false),
            "true_positive_rates": _thinned(true),
        },
        "precision_recall_curve": {
            "precisions": _thinned(precision),
            "recalls": _thinned(recall),
        },
    }


# Numbers ---------------------------------------------------------------------------------


def _of_numbers(
    y: np.ndarray,
    predicted: np.ndarray,
    samples: list[np.ndarray],
    repeats: int,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[dict, dict, dict]:
    error = y - predicted

    def metrics(rows: slice | np.ndarray = slice(None)) -> dict[str, float]:
        e, observed = error[rows], y[rows]
        mse = float(np.mean(e**2))
        variance = float(np.var(observed))
        return {
            "mae": float(np.mean(np.abs(e))),
            "mse": mse,
            "rmse": mse**0.5,
            "r2": 1 - mse / variance if variance else math.nan,
        }

    values = metrics()
    ends = dict.fromkeys(values, (math.nan, math.nan))
    if repeats:
        drawn = [metrics(rng.integers(0, len(y), len(y))) for _ in range(repeats)]
        ends = {
            name: stats.percentiles([d[name] for d in drawn], confidence) for name in values
        }
    of_samples = [metrics(rows) for rows in samples]
    return values, ends, {n: _spread([s[n] for s in of_samples]) for n in values}


# Shared ----------------------------------------------------------------------------------


def _checked(
    y: ArrayLike, predicted: ArrayLike, score: ArrayLike | None, problem_type: ProblemType
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, list]:
    """Return the arrays and the labels, or raise a ValueError that says what is wrong.

    Of classes the arrays are positions in the labels, and not what was given.
    """
    given = {"y": y, "predicted": predicted}
    if score is not None:
        if problem_type != "BinaryClassification":
            raise ValueError("score is for two classes only; leave it out.")
        given["score"] = score
    # Not before: numpy makes an object array of a Categorical, and texts of mixed lists.
    shapes = {name: np.shape(values) for name, values in given.items()}
    rows = shapes["y"]
    if len(set(shapes.values())) > 1 or len(rows) != 1 or not rows[0]:
        raise ValueError(
            f"shapes are {shapes}; expected one value a row, at least one row."
        )
    read = {name: columns.read(_series(values)) for name, values in given.items()}
    for name, column in read.items():
        if column.present < len(column):
            raise ValueError(
                f"{name} has {len(column) - column.present} missing values; expected none. "
                "Join only labels that have arrived, see join_labels."
            )
    if problem_type == "MulticlassClassification":
        observed, forecast, labels = columns.codes(
            read["y"].values, read["predicted"].values, names=("y", "predicted")
        )
        if len(labels) < 2:
            raise ValueError("y and predicted hold one class only; expected at least two.")
        return observed, forecast, None, labels
    arrays = {name: column.numbers for name, column in read.items()}
    for name, array in arrays.items():
        if np.isnan(array).any():
            raise ValueError(f"{name} holds something that is no number.")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has infinite values; expected finite numbers.")
        if problem_type == "BinaryClassification" and name != "score":
            other = np.setdiff1d(array, [0, 1])
            if len(other):
                raise ValueError(
                    f"{name} holds {other[:3].tolist()}; expected 0 and 1. Give probabilities "
                    "as score, and the decision taken from them as predicted."
                )
            arrays[name] = array.astype(np.int64)
    return arrays["y"], arrays["predicted"], arrays.get("score"), [0, 1]


def _series(values: ArrayLike) -> pd.Series:
    """Return values as a column, mixed ones each as it is."""
    if isinstance(values, pd.Series):
        return values
    return pd.Series(values if hasattr(values, "dtype") else list(values))  # type: ignore[arg-type]


def _sample(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(n, round(SHARE * n), replace=False)


def _spread(values: Sequence[ArrayLike]) -> float:
    return float(np.std(np.asarray(values, dtype=float), ddof=1)) if values else math.nan


def _ratio(top: np.ndarray, below: np.ndarray) -> np.ndarray:
    top, below = np.asarray(top, dtype=float), np.asarray(below, dtype=float)
    return np.divide(top, below, out=np.full_like(below, math.nan), where=below > 0)


def _thinned(values: np.ndarray, most: int = 200) -> list[float]:
    places = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
    return values[places].tolist()


def _plain(value: float) -> float | str:
    return float(value) if math.isfinite(value) else "NaN"
