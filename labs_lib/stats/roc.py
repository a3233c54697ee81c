"""The area under the ROC curve: how often one kind of value ends above another."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from labs_lib.stats.intervals import Interval


def auc(y: ArrayLike, score: ArrayLike) -> tuple[float, float]:
    """Return the area under the ROC curve, and DeLong's standard error of it.

    Parameters
    ----------
    y : array-like of 0/1, shape (n_rows,)
        1 for what should have the higher score.
    score : array-like of finite numbers, shape (n_rows,)

    Returns
    -------
    value : float
        0 to 1, ties count half; NaN if `y` holds one class only.
    error : float
        For independent rows; NaN if a class has fewer than 2. It is 0 where no pair is out
        of order, however few there are.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837.
    """
    y, score = np.asarray(y), np.asarray(score)
    positive, negative = score[y == 1], score[y == 0]
    if not len(positive) or not len(negative):
        return math.nan, math.nan
    value, variance = _wins(positive, negative)
    return value, math.sqrt(variance)


def hanley_mcneil(value: float, n_positive: int, n_negative: int) -> float:
    """Return the standard error of an AUC from its value and the two numbers of rows alone.

    Parameters
    ----------
    value : float
        The AUC, 0 to 1.
    n_positive, n_negative : int
        Independent rows of each class, at least 1.

    Notes
    -----
    Hanley and McNeil (1982), Radiology 143, 29. It takes the scores as exponential; `auc`
    does not, and needs the scores.
    """
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    variance = (
        value * (1 - value)
        + (n_positive - 1) * (q1 - value**2)
        + (n_negative - 1) * (q2 - value**2)
    )
    return math.sqrt(max(0.0, variance) / (n_positive * n_negative))


def auc_interval(
    value: float, error: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the normal interval of an AUC, kept between 0 and 1.

    Parameters
    ----------
    value, error : float
        An AUC and its standard error, as from `auc` or `hanley_mcneil`.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
    """
    half = -float(ndtri((1 - confidence) / 2)) * error
    return max(0.0, value - half), min(1.0, value + half)


def beats(a: ArrayLike, b: ArrayLike, *, comparisons: int = 1) -> Interval:
    """Return the probability that a run of kind a ends higher than one of kind b.

    Every run of one kind is set against every run of the other; a tie counts half. That is
    an AUC, and its interval is the one of DeLong, DeLong and Clarke-Pearson (1988), kept
    between 0 and 1, with the logit of the probability taken as normal.

    Parameters
    ----------
    a, b : array-like of shape (runs,)
        The score with which each run ended, for instance searches with different seeds; at
        least 2.
    comparisons : int
        How many such intervals stand in one map; each is then made wider (Bonferroni).

    Returns
    -------
    Interval
        `n` is the number of runs of kind a.

    Raises
    ------
    ValueError
        If there are fewer than 2 runs of a kind, or a score is not finite.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    for name, values in (("a", a), ("b", b)):
        if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
            raise ValueError(f"{name} should hold at least 2 finite scores, one a run.")
    mean, variance = _wins(a, b)
    # Half a win more and less: an interval too where every run of a kind won.
    held = float(np.clip(mean, 0.5 / len(a), 1 - 0.5 / len(a)))
    floor = held * (1 - held) / len(a) / 4
    error = math.sqrt(max(variance, floor)) / (held * (1 - held))
    half = -float(ndtri(0.025 / comparisons)) * error
    logit = math.log(held / (1 - held))
    low, high = (1 / (1 + math.exp(-(logit + side * half))) for side in (-1, 1))
    return Interval(mean, min(low, mean), max(high, mean), len(a), 0.95, of="runs")


def _wins(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of pairs in which a wins, ties as half, and DeLong's variance."""
    m, n = len(a), len(b)
    ranks = rankdata(np.concatenate([a, b]))
    # Counts of the other kind; ranks are halves, so that these are exact.
    beaten = ranks[:m] - rankdata(a)
    beating = m - (ranks[m:] - rankdata(b))
    variances = [
        float(np.var(count / pairs, ddof=1)) / len(count) if len(count) > 1 else math.nan
        for count, pairs in ((beaten, n), (beating, m))
    ]
    return float(beaten.sum() / (m * n)), sum(variances)
