"""Is A better than B? Paired comparisons with an interval that holds what it promises.

Three designs, named by what varies from one value to the next:

- `worlds`: independent draws of a simulated world. Preferred wherever data are simulated.
- `splits`: repeated splits of one data set, whose training sets overlap.
- `rows`: one fixed split, resampled by customer or by row.

Each returns a `Comparison`, and `table` turns several into the one results table of the
course.

All differences are a - b: "higher" means that a is above b. Whether higher is better
depends on the metric.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score

from labs_lib.stats import bootstrap, checks
from labs_lib.stats.intervals import level_text, rounded, t_interval

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
        mean, low, high = rounded(self.mean, self.low, self.high)
        sign = "" if mean.startswith("-") else "+"
        text = f"{sign}{mean} ({low} to {high}): {self.verdict}, {self.n:,} "
        text += _DESIGNS[self.design][1]
        if self.margin is not None:
            text += f", margin {self.margin:g}"
        if self.comparisons > 1:
            text += f", corrected for {self.comparisons} comparisons"
        return text + level_text(self.confidence)


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
    level = checks.level(confidence, comparisons)
    checks.margin(margin)
    mean, low, high = t_interval(difference, 1 / len(difference), level)
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
    level = checks.level(confidence, comparisons)
    checks.margin(margin)
    factor = 1 / len(difference) + n_test / n_train
    mean, low, high = t_interval(difference, factor, level)
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
        Bootstrap repeats.
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
    y = checks.numbers(y, "y")
    score_a = checks.numbers(score_a, "score_a")
    score_b = checks.numbers(score_b, "score_b")
    checks.same_length({"y": y, "score_a": score_a, "score_b": score_b})
    if not np.isin(y, (0, 1)).all():
        raise ValueError("y holds values other than 0 and 1, expected labels 0 and 1.")
    y = y.astype(np.int64)
    if groups is None:
        group = np.arange(len(y))
    else:
        group = pd.factorize(np.asarray(groups), use_na_sentinel=True)[0]
        checks.same_length({"y": y, "groups": group})
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
    level = checks.level(confidence, comparisons)
    checks.margin(margin)
    needed = bootstrap.repeats_needed(level)
    if repeats < needed:
        raise ValueError(
            f"repeats is {repeats}, expected at least {needed} for a {level:.4%} interval. "
            "Raise repeats, or make fewer comparisons."
        )

    value_a = _metric_of_weights(metric, y, score_a)
    value_b = _metric_of_weights(metric, y, score_b)
    ones = np.ones((1, len(y)), dtype=np.int64)
    mean = float(value_a(ones)[0] - value_b(ones)[0])
    resampled = np.concatenate(
        [value_a(w) - value_b(w) for w in _resampled(y, group, repeats, seed)]
    )
    if not np.isfinite(resampled).all():
        raise ValueError(
            "metric returned values that are not finite on resampled rows. "
            "Use a metric that is defined whenever both classes are present."
        )
    low, high = bootstrap.percentiles(resampled, level)
    return Comparison(mean, low, high, repeats, "rows", confidence, comparisons, margin)


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


def _resampled(
    y: NDArray[np.int64], group: NDArray[np.int64], repeats: int, seed: int
) -> Iterator[NDArray[np.int64]]:
    """Yield blocks of row weights, shape (block, n_rows), `repeats` rows in all.

    A draw that misses a class is drawn again, because rank metrics are not defined on it.
    """
    rng = np.random.default_rng(seed)
    block = max(1, 1_000_000 // len(y))
    positive = y == 1
    done = 0
    while done < repeats:
        size = min(block, repeats - done)
        weights = bootstrap.resampled_weights(group, size, rng)
        both = weights[:, positive].any(axis=1) & weights[:, ~positive].any(axis=1)
        yield weights[both]
        done += int(both.sum())


def _metric_of_weights(
    metric: Callable[..., float], y: NDArray[np.int64], score: NDArray[np.float64]
) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    """Return a function from weights, shape (k, n_rows), to k values of the metric."""
    if metric is average_precision_score:
        return bootstrap.weighted_average_precision(y, score)
    return lambda weights: np.array(
        [float(metric(y, score, sample_weight=weight)) for weight in weights]
    )


def _differences(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    a, b = checks.numbers(a, "a"), checks.numbers(b, "b")
    checks.same_length({"a": a, "b": b})
    checks.at_least_two(a, "a")
    # A difference in the last bits is rounding, not a finding.
    return np.where(np.isclose(a, b, rtol=1e-12, atol=0), 0.0, a - b)
