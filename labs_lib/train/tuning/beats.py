"""How often does one kind of search beat another?"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from labs_lib.compare import Interval


def beats(a: ArrayLike, b: ArrayLike, *, comparisons: int = 1) -> Interval:
    """Return the probability that a search of kind a ends higher than one of kind b.

    Every search of one kind is set against every search of the other; a tie counts half. That
    is an AUC, and its interval is the one of DeLong, DeLong and Clarke-Pearson (1988), kept
    between 0 and 1, with the logit of the probability taken as normal.

    Parameters
    ----------
    a, b : array-like of shape (searches,)
        The score with which each search ended, searches with different seeds, at least 2.
    comparisons : int
        How many such intervals stand in one map; each is then made wider (Bonferroni).

    Returns
    -------
    Interval
        `n` is the number of searches of kind a.

    Raises
    ------
    ValueError
        If there are fewer than 2 searches of a kind, or a score is not finite.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    for name, values in (("a", a), ("b", b)):
        if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
            raise ValueError(f"{name} should hold at least 2 finite scores, one a search.")
    wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    mean = float(wins.mean())
    variance = wins.mean(axis=1).var(ddof=1) / len(a) + wins.mean(axis=0).var(ddof=1) / len(
        b
    )
    # Half a win more and less: an interval too where every search of a kind won.
    held = float(np.clip(mean, 0.5 / wins.shape[0], 1 - 0.5 / wins.shape[0]))
    floor = held * (1 - held) / len(a) / 4
    error = math.sqrt(max(variance, floor)) / (held * (1 - held))
    half = -float(ndtri(0.025 / comparisons)) * error
    logit = math.log(held / (1 - held))
    low, high = (1 / (1 + math.exp(-(logit + side * half))) for side in (-1, 1))
    return Interval(mean, min(low, mean), max(high, mean), len(a), 0.95)
