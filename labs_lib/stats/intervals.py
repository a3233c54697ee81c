"""The interval of a single quantity: a mean, a share, a count."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv, gammainccinv, gammaincinv, stdtrit

from labs_lib.stats import checks


@dataclass(frozen=True, repr=False)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    mean, low, high : float
        In the unit of the values.
    n : int
        Number of values.
    confidence : float
        Share of such intervals that hold the true mean.
    of : str
        What the values are, as the text says it.
    """

    mean: float
    low: float
    high: float
    n: int
    confidence: float
    of: str = "worlds"

    def __repr__(self) -> str:
        mean, low, high = rounded(self.mean, self.low, self.high)
        return (
            f"{mean} ({low} to {high}), {self.n:,} {self.of}{level_text(self.confidence)}"
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
    values = checks.numbers(values, "values")
    checks.at_least_two(values, "values")
    mean, low, high = t_interval(values, 1 / len(values), checks.level(confidence))
    return Interval(mean, low, high, len(values), confidence)


def share_interval(
    hits: int, n: int, *, confidence: float = 0.95, comparisons: int = 1
) -> Interval:
    """Return a share of independent trials with its exact interval.

    The interval of Clopper and Pearson (1934), Biometrika 26, 404: it holds the true chance
    with at least the given confidence, whatever that chance is, and for few trials with
    more. It never leaves 0 to 1, and has a width also where none or all of the trials hit.

    Parameters
    ----------
    hits : int
        Trials that hit, 0 to n.
    n : int
        Trials, at least 1. They have to be independent: rows of one customer are not.
    confidence : float
        Between 0 and 1.
    comparisons : int
        Number of intervals that stand in one map; each is made wider, so that all of them
        hold together (Bonferroni).

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the counts are not whole, `n` is below 1, `hits` lies outside 0 to n, or an
        option is out of its range.

    Examples
    --------
    >>> share_interval(0, 20)
    0.000 (0.000 to 0.168), 20 trials
    """
    for name, value in (("hits", hits), ("n", n)):
        _whole(value, name)
    if not 0 <= hits <= n or n < 1:
        raise ValueError(
            f"hits is {hits} of {n}; expected 0 to n hits of at least 1 trial. "
            "Without a trial nothing is known of the share."
        )
    tail = (1 - checks.level(confidence, comparisons)) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betainccinv(hits + 1, n - hits, tail)) if hits < n else 1.0
    return Interval(hits / n, low, high, int(n), confidence, of="trials")


def count_interval(
    count: int, *, exposure: float = 1.0, confidence: float = 0.95, comparisons: int = 1
) -> Interval:
    """Return how many independent events to expect, given how many there were.

    The exact interval of the mean of a Poisson distribution (Garwood 1936, Biometrika 28,
    437): it holds the true mean with at least the given confidence. Where one event brings
    others with it, the count varies more than that, and the interval is too narrow.

    Parameters
    ----------
    count : int
        Events that were seen, 0 or more.
    exposure : float
        In how much they were seen, above 0: with 30 days, mean, low and high are events a
        day.
    confidence, comparisons
        As in `share_interval`.

    Returns
    -------
    Interval
        `n` is the number of events.

    Raises
    ------
    ValueError
        If the count is not whole or below 0, the exposure is not above 0, or an option is
        out of its range.

    Examples
    --------
    >>> count_interval(3)
    3.000 (0.619 to 8.767), 3 events
    """
    _whole(count, "count")
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 events or more.")
    if not (exposure > 0 and math.isfinite(exposure)):
        raise ValueError(f"exposure is {exposure}, expected a number above 0, as 30 days.")
    tail = (1 - checks.level(confidence, comparisons)) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammainccinv(count + 1, tail))
    mean, low, high = (value / exposure for value in (count, low, high))
    return Interval(mean, low, high, int(count), confidence, of="events")


def t_interval(
    values: NDArray[np.float64], factor: float, level: float
) -> tuple[float, float, float]:
    """Return mean, low, high, where the variance of the mean is factor * s^2."""
    mean = float(np.mean(values))
    error = math.sqrt(factor * np.var(values, ddof=1))
    half = float(stdtrit(len(values) - 1, (1 + level) / 2)) * error  # quantile of t
    return mean, mean - half, mean + half


def rounded(mean: float, low: float, high: float) -> list[str]:
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


def level_text(confidence: float) -> str:
    """Return what a text adds for any other confidence than the usual one."""
    return "" if confidence == 0.95 else f", {confidence:.0%} interval"


def _whole(value: float, name: str) -> None:
    try:
        whole = value == int(value)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise ValueError(f"{name} is {value!r}, expected a whole number: counts are exact.")
