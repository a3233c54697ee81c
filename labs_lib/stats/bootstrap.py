"""Resampling: how rows, groups and counts are drawn again, and what the draws say.

Drawing rows with replacement means drawing how often each row is used, its weight; where
only the counts of a table matter, it means drawing those counts from one multinomial
distribution. Both are done for all repeats at once.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

TAIL = 5
"""Repeats that must lie beyond each end of an interval for it to be stable."""

_BLOCK = 4_000_000
"""Counts that are drawn at once, so that many repeats of a large table fit into memory."""


def repeats_needed(level: float) -> int:
    """Return how many repeats an interval of a level needs: `TAIL` beyond each end.

    Parameters
    ----------
    level : float
        Of a single interval, between 0 and 1.
    """
    return math.ceil(2 * TAIL / (1 - level) - 1e-9)


def percentiles(
    draws: ArrayLike, level: float, *, method: str = "linear"
) -> tuple[float, float]:
    """Return the ends of the percentile interval of resampled values.

    Parameters
    ----------
    draws : array-like of shape (n_repeats,)
        The value of each repeat; NaN where it had none. Those are left out.
    level : float
        The share of the draws between the ends.
    method : str
        As in `numpy.quantile`. Infinite values cannot be interpolated; take
        "inverted_cdf" if there may be some.

    Returns
    -------
    low, high : float
        NaN if no repeat had a value.
    """
    values = np.asarray(draws, dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return math.nan, math.nan
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(values, tails, method=method)  # type: ignore[call-overload]
    return float(low), float(high)


def resampled_weights(
    group: NDArray[np.int64], repeats: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw whole groups with replacement; return how often each row was drawn.

    Parameters
    ----------
    group : array of int, shape (n_rows,)
        The group of each row, 0 to n_groups - 1, for instance the customer; each row its
        own to draw single rows.
    repeats : int
        How often to draw n_groups groups.
    rng : Generator
        Where the draws come from.

    Returns
    -------
    array of int, shape (repeats, n_rows)
    """
    n_groups = int(group.max()) + 1
    draws = rng.integers(0, n_groups, size=(repeats, n_groups))
    draws += np.arange(repeats)[:, None] * n_groups
    counts = np.bincount(draws.ravel(), minlength=repeats * n_groups)
    return counts.reshape(repeats, n_groups)[:, group]


def resampled_counts(
    n: int, chance: NDArray[np.float64], repeats: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Draw the cells of a table of counts: yield blocks of tables, `repeats` in all.

    Parameters
    ----------
    n : int
        Rows behind each table.
    chance : array of any shape
        Of each cell; sums to 1. A cell without a chance stays empty in every draw.
    repeats : int
        How many tables to draw.
    rng : Generator
        Where the draws come from.

    Yields
    ------
    array of int, shape (block, *chance.shape)
    """
    filled = np.flatnonzero(chance)
    block = max(1, _BLOCK // chance.size)
    for start in range(0, repeats, block):
        size = min(block, repeats - start)
        drawn = np.zeros((size, chance.size), dtype=np.int64)
        drawn[:, filled] = rng.multinomial(n, chance.ravel()[filled], size=size)
        yield drawn.reshape(size, *chance.shape)


def weighted_average_precision(
    y: ArrayLike, score: ArrayLike
) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    """Return a function from weights of rows to average precisions that sorts only once.

    The same value as scikit-learn's: sum of (R_i - R_(i-1)) P_i over the distinct scores
    from high to low. Only scores at which a positive stands add to the sum.

    Parameters
    ----------
    y : array-like of 0/1, shape (n_rows,)
    score : array-like, shape (n_rows,)

    Returns
    -------
    callable
        From weights, shape (k, n_rows), to k average precisions; NaN where no positive was
        drawn.
    """
    y, score = np.asarray(y), np.asarray(score)
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    is_positive = np.flatnonzero(y[order] == 1)
    ends = ends[np.unique(np.searchsorted(ends, is_positive))]
    positive_before = np.searchsorted(is_positive, ends, side="right") - 1

    def values(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        weights = weights[:, order]
        drawn = np.cumsum(weights, axis=1)[:, ends]
        found = np.cumsum(weights[:, is_positive], axis=1)[:, positive_before]
        gained = np.diff(found, axis=1, prepend=0)
        # Where nothing was drawn yet, nothing is gained either.
        total = (gained * found / np.maximum(drawn, 1)).sum(axis=1)
        precision: NDArray[np.float64] = total / found[:, -1]
        return precision

    return values
