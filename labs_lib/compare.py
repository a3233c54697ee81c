"""Is A better than B? Paired comparisons with an interval that holds what it promises.

Three designs, named by what varies from one value to the next:

- `worlds`: independent draws of a simulated world. Preferred wherever data are simulated.
- `splits`: repeated splits of one data set, whose training sets overlap.
- `rows`: one fixed split, resampled by customer or by row.

Each returns a `Comparison`, and `table` turns several into the one results table of the
course. `mean_interval` is for a single quantity.

All differences are a - b: "higher" means that a is above b. Whether higher is better
depends on the metric.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from sklearn.metrics import average_precision_score

from labs_lib import settings

COLUMNS = ("what", "difference", "low", "high", "verdict", "design", "n")
"""Columns of the results table, in this order."""

_DESIGNS = {
    # design: (in the table, in one line of text after the number of repeats)
    "worlds": ("worlds", "worlds"),
    "splits": ("splits, corrected for overlap", "splits, corrected for overlap"),
    "rows": (
        "rows of one split, without variation of training",
        "resamples of one split, without variation of training",
    ),
}

_TAIL = 5
"""Bootstrap repeats that must lie beyond each end of an interval for it to be stable."""


@dataclass(frozen=True, repr=False)
class Interval:
    """The mean of one quantity over independent worlds, with its interval.

    Attributes
    ----------
    mean, low, high : float
        In the unit of the values.
    n : int
        Number of values.
    confidence : float
        Share of such intervals that hold the true mean.
    """

    mean: float
    low: float
    high: float
    n: int
    confidence: float

    def __repr__(self) -> str:
        mean, low, high = _rounded(self.mean, self.low, self.high)
        return f"{mean} ({low} to {high}), {self.n:,} worlds{_confidence(self.confidence)}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """The mean difference a - b with its interval.

    Attributes
    ----------
    mean, low, high : float
        The difference and the ends of its interval, in the unit of the metric.
    n : int
        Number of worlds, of splits, or of bootstrap repeats.
    design : {"worlds", "splits", "rows"}
        What varies.
    confidence : float
        Share of such intervals that hold the true difference; with `comparisons` > 1, the
        share of whole maps in which all intervals hold.
    comparisons : int
        Number of comparisons in the map, for which the interval is corrected.
    margin : float or None
        Half-width of the zone around zero that counts as a tie.
    """

    mean: float
    low: float
    high: float
    n: int
    design: str
    confidence: float
    comparisons: int
    margin: float | None

    @property
    def verdict(self) -> str:
        """Where the whole interval lies.

        Without a margin: "higher" (above zero), "lower" (below zero), else
        "no difference shown". With a margin: "higher" (above +margin), "lower" (below
        -margin), "tie" (from -margin to +margin), else "undecided".
        """
        margin = self.margin or 0.0
        if self.low > margin:
            return "higher"
        if self.high < -margin:
            return "lower"
        if self.margin is None:
            return "no difference shown"
        return "tie" if -margin <= self.low and self.high <= margin else "undecided"

    def __repr__(self) -> str:
        mean, low, high = _rounded(self.mean, self.low, self.high)
        sign = "" if mean.startswith("-") else "+"
        text = f"{sign}{mean} ({low} to {high}): {self.verdict}, {self.n:,} "
        text += _DESIGNS[self.design][1]
        if self.margin is not None:
            text += f", margin {self.margin:g}"
        if self.comparisons > 1:
            text += f", corrected for {self.comparisons} comparisons"
        return text + _confidence(self.confidence)


def worlds(
    a: ArrayLike,
    b: ArrayLike,
    *,
    confidence: float = 0.95,
    comparisons: int = 1,
    margin: float | None = None,
) -> Comparison:
    """Compare a and b over independent worlds: the paired t interval of mean(a - b).

    Parameters
    ----------
    a, b : array-like of shape (n_worlds,)
        The metric of each method in each world, paired by position. A world varies
        everything: data, training and test.
    confidence : float
        Between 0 and 1.
    comparisons : int
        Number of comparisons that stand in one map. The interval is then made at
        1 - (1 - confidence) / comparisons (Bonferroni), so that all of them hold together
        with probability `confidence` or more.
    margin : float, optional
        Differences up to this size count as a tie; see `Comparison.verdict`.

    Returns
    -------
    Comparison
        If all differences are equal, the interval is that one value.

    Raises
    ------
    ValueError
        If a and b differ in length, hold fewer than 2 values or values that are not finite
        numbers, or if an option is out of its range.
    """
    difference = _differences(a, b)
    level = _level(confidence, comparisons, margin)
    mean, low, high = _t_interval(difference, 1 / len(difference), level)
    return Comparison(
        mean, low, high, len(difference), "worlds", confidence, comparisons, margin
    )


def splits(
    a: ArrayLike,
    b: ArrayLike,
    *,
    n_train: int,
    n_test: int,
    confidence: float = 0.95,
    comparisons: int = 1,
    margin: float | None = None,
) -> Comparison:
    """Compare a and b over J repeated splits of one data set.

    The splits share rows, so their differences are correlated and the plain t interval is
    too narrow. The corrected resampled t interval takes the variance of the mean as
    (1/J + n_test/n_train) s^2, with J - 1 degrees of freedom (Nadeau and Bengio 2003,
    "Inference for the generalization error", Machine Learning 52, 239-281). It is no exact
    law: in simulations it covers 90 to 98 % instead of 95 %, lowest where the difference
    depends much on the training rows. A bootstrap over splits covers 40 to 70 %.

    Parameters
    ----------
    a, b : array-like of shape (n_splits,)
        The metric of each method on the test rows of each split, paired by position.
    n_train, n_test : int
        Rows in each training and test set.
    confidence, comparisons, margin
        As in `worlds`.

    Returns
    -------
    Comparison
        If all differences are equal, the interval is that one value.

    Raises
    ------
    ValueError
        As `worlds`, or if `n_train` or `n_test` is not at least 1.
    """
    for name, value in (("n_train", n_train), ("n_test", n_test)):
        if not value >= 1:
            raise ValueError(
                f"{name} is {value}, expected the number of rows, at least 1. "
                "Give the sizes of one training set and one test set."
            )
    difference = _differences(a, b)
    level = _level(confidence, comparisons, margin)
    factor = 1 / len(difference) + n_test / n_train
    mean, low, high = _t_interval(difference, factor, level)
    return Comparison(
        mean, low, high, len(difference), "splits", confidence, comparisons, margin
    )


def rows(
    metric: Callable[..., float],
    y: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    repeats: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
    comparisons: int = 1,
    margin: float | None = None,
) -> Comparison:
    """Compare two scores on one fixed test set: bootstrap of metric(a) - metric(b).

    Both scores are judged on the same resampled rows, and the interval runs between the
    percentiles of the resampled differences. The models stay as they are: how much they
    would change with other training data is not in the interval.

    Parameters
    ----------
    metric : callable
        Called as ``metric(y, score, sample_weight=weight)``, where `weight` counts how
        often each row was drawn. scikit-learn's `average_precision_score` is replaced by a
        version with the same value that sorts once for all repeats.
    y : array-like of shape (n_rows,)
        Labels, 0 or 1.
    score_a, score_b : array-like of shape (n_rows,)
        The two scores of each row.
    groups : array-like of shape (n_rows,), optional
        What is drawn as a whole, for instance the customer. Rows of one customer are alike,
        and drawing single rows would then give an interval that is too narrow.
    repeats : int
        Bootstrap repeats; 2 in mode ``test`` (`settings.repeats`).
    seed : int
        Seed of the draws.
    confidence, comparisons, margin
        As in `worlds`.

    Returns
    -------
    Comparison
        `mean` is the difference on the test set itself.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold values that are not finite, `y` holds anything
        but 0 and 1 or one class only, one class stands in a single group, an option is out
        of its range, or `repeats` is too small for the level of the interval.
    """
    y = _numbers(y, "y")
    score_a, score_b = _numbers(score_a, "score_a"), _numbers(score_b, "score_b")
    _same_length({"y": y, "score_a": score_a, "score_b": score_b})
    if not np.isin(y, (0, 1)).all():
        raise ValueError("y holds values other than 0 and 1, expected labels 0 and 1.")
    y = y.astype(np.int64)
    if groups is None:
        group = np.arange(len(y))
    else:
        group = pd.factorize(np.asarray(groups), use_na_sentinel=True)[0]
        _same_length({"y": y, "groups": group})
        if (group < 0).any():
            raise ValueError("groups has missing values, expected one group for each row.")
    for label in (0, 1):
        found = len(np.unique(group[y == label]))
        if found < 2:
            raise ValueError(
                f"label {label} stands in {found} {'row' if groups is None else 'group'}"
                f"{'' if found == 1 else 's'}, expected at least 2. "
                "A test set needs rows of both classes; take a larger one."
            )
    level = _level(confidence, comparisons, margin)
    needed = math.ceil(2 * _TAIL / (1 - level) - 1e-9)
    if repeats < needed:
        raise ValueError(
            f"repeats is {repeats}, expected at least {needed} for a {level:.4%} interval. "
            "Raise repeats, or make fewer comparisons."
        )
    repeats = settings.repeats(repeats)

    value_a = _metric_of_weights(metric, y, score_a)
    value_b = _metric_of_weights(metric, y, score_b)
    ones = np.ones((1, len(y)), dtype=np.int64)
    mean = float(value_a(ones)[0] - value_b(ones)[0])
    resampled = np.concatenate(
        [value_a(w) - value_b(w) for w in _resampled_weights(y, group, repeats, seed)]
    )
    if not np.isfinite(resampled).all():
        raise ValueError(
            "metric returned values that are not finite on resampled rows. "
            "Use a metric that is defined whenever both classes are present."
        )
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Comparison(
        mean, float(low), float(high), repeats, "rows", confidence, comparisons, margin
    )


def mean_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the mean of one quantity over independent worlds, with its t interval.

    Parameters
    ----------
    values : array-like of shape (n_worlds,)
        One value for each independent world.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If there are fewer than 2 values, a value is not a finite number, or `confidence` is
        not between 0 and 1.
    """
    values = _numbers(values, "values")
    _at_least_two(values, "values")
    level = _level(confidence, 1, None)
    mean, low, high = _t_interval(values, 1 / len(values), level)
    return Interval(mean, low, high, len(values), confidence)


def table(results: Mapping[str, Comparison], *, digits: int = 3) -> pd.DataFrame:
    """Return the results table of the course.

    Parameters
    ----------
    results : mapping of str to Comparison
        What was compared, and the result; one row each, in this order.
    digits : int
        Decimals of the numbers; with 0 they are whole numbers.

    Returns
    -------
    DataFrame of shape (n_results, 7)
        Columns as in `COLUMNS`. `design` names what varies.
    """
    for name, result in results.items():
        if not isinstance(result, Comparison):
            raise ValueError(
                f"{name!r} is {type(result).__name__}, expected a Comparison as returned "
                "by worlds, splits or rows."
            )
    table = pd.DataFrame(
        [
            (
                name,
                *(round(v, digits) + 0.0 for v in (r.mean, r.low, r.high)),
                r.verdict,
                _DESIGNS[r.design][0],
                r.n,
            )
            for name, r in results.items()
        ],
        columns=list(COLUMNS),
    )
    numbers = ["difference", "low", "high"]
    return table if digits else table.astype(dict.fromkeys(numbers, int))


# What is drawn and how it is measured -------------------------------------------------


def _resampled_weights(y, group, repeats, seed):
    """Yield blocks of row weights, shape (block, n_rows), `repeats` rows in all.

    A draw that misses a class is drawn again, because rank metrics are not defined on it.
    """
    rng = np.random.default_rng(seed)
    n_groups = int(group.max()) + 1
    block = max(1, 1_000_000 // len(y))
    positive = y == 1
    done = 0
    while done < repeats:
        size = min(block, repeats - done)
        draws = rng.integers(0, n_groups, size=(size, n_groups))
        draws += np.arange(size)[:, None] * n_groups
        counts = np.bincount(draws.ravel(), minlength=size * n_groups)
        weights = counts.reshape(size, n_groups)[:, group]
        both = weights[:, positive].any(axis=1) & weights[:, ~positive].any(axis=1)
        yield weights[both]
        done += int(both.sum())


def _metric_of_weights(metric, y, score):
    """Return a function from weights, shape (k, n_rows), to k values of the metric."""
    if metric is average_precision_score:
        return _average_precision(y, score)
    return lambda weights: np.array(
        [float(metric(y, score, sample_weight=weight)) for weight in weights]
    )


def _average_precision(y, score):
    """Return a function from weights, shape (k, n_rows), to k average precisions.

    The same value as scikit-learn's: sum of (R_i - R_(i-1)) P_i over the distinct scores
    from high to low. Only scores at which a positive stands add to the sum.
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    is_positive = np.flatnonzero(y[order] == 1)
    ends = ends[np.unique(np.searchsorted(ends, is_positive))]
    positive_before = np.searchsorted(is_positive, ends, side="right") - 1

    def values(weights):
        weights = weights[:, order]
        drawn = np.cumsum(weights, axis=1)[:, ends]
        found = np.cumsum(weights[:, is_positive], axis=1)[:, positive_before]
        gained = np.diff(found, axis=1, prepend=0)
        # Where nothing was drawn yet, nothing is gained either.
        return (gained * found / np.maximum(drawn, 1)).sum(axis=1) / found[:, -1]

    return values


# Numbers in, interval out -------------------------------------------------------------


def _numbers(values, name):
    """Return `values` as a 1-d float array, or raise a ValueError that names it."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is not made of numbers, expected a list of them."
        ) from None
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected one dimension.")
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(
            f"{name} has {bad} of {len(array)} values that are missing or infinite, "
            "expected finite numbers. Find out why the metric was not defined there."
        )
    return array


def _same_length(arrays):
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"lengths differ: {lengths}. Values are paired by position.")


def _at_least_two(values, name):
    if len(values) < 2:
        raise ValueError(
            f"{name} has length {len(values)}, expected at least 2 values. "
            "One value says nothing about how much it varies."
        )


def _differences(a, b):
    a, b = _numbers(a, "a"), _numbers(b, "b")
    _same_length({"a": a, "b": b})
    _at_least_two(a, "a")
    # A difference in the last bits is rounding, not a finding.
    return np.where(np.isclose(a, b, rtol=1e-12, atol=0), 0.0, a - b)


def _level(confidence, comparisons, margin):
    """Check the options; return the level of a single interval."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected between 0 and 1, as 0.95.")
    if not (comparisons >= 1 and comparisons == int(comparisons)):
        raise ValueError(
            f"comparisons is {comparisons}, expected the number of comparisons in the map, "
            "a whole number of at least 1."
        )
    if margin is not None and not (margin > 0 and math.isfinite(margin)):
        raise ValueError(
            f"margin is {margin}, expected a number above 0, or None for no margin."
        )
    return 1 - (1 - confidence) / comparisons


def _t_interval(values, factor, level):
    """Return mean, low, high, where the variance of the mean is factor * s^2."""
    mean = float(np.mean(values))
    error = math.sqrt(factor * np.var(values, ddof=1))
    half = float(stdtrit(len(values) - 1, (1 + level) / 2)) * error  # quantile of t
    return mean, mean - half, mean + half


# Numbers as text ----------------------------------------------------------------------


def _rounded(mean, low, high):
    """Return the three numbers as text with three decimals.

    More decimals where the interval is narrower than 0.001, so that it does not print as a
    point; none where it is wider than 100.
    """
    width = high - low
    digits = 3
    if width > 100:
        digits = 0
    elif 0 < width < 0.001:
        digits = min(6, math.ceil(-math.log10(width)))
    return [f"{round(value, digits) + 0.0:,.{digits}f}" for value in (mean, low, high)]


def _confidence(confidence):
    return "" if confidence == 0.95 else f", {confidence:.0%} interval"
