"""A running sum that remembers: many small deviations in one direction raise an alarm."""

import math

import numpy as np
from numpy.typing import ArrayLike


def cusum(excess: ArrayLike, *, limit: float = math.inf) -> tuple[np.ndarray, np.ndarray]:
    """Add up what lies above expectation, never below zero, and alarm above a limit.

    S(t) = max(0, S(t - 1) + excess(t)). Where S exceeds the limit there is an alarm, and the
    sum starts again from 0. Source: Page (1954), Continuous inspection schemes, Biometrika
    41, 100.

    Parameters
    ----------
    excess : array-like of shape (n,)
        In order of time: what was observed less what was expected and less the slack that is
        let pass, such as a day's frauds less 1.25 times those that the model expected. In a
        quiet time its mean should be below 0, else the sum grows by itself.
    limit : float
        Above 0. Choose it from the alarms in quiet time; infinity only adds up.

    Returns
    -------
    sums : array of shape (n,)
        S(t), before it starts again; 0 or more.
    alarms : array of bool, shape (n,)

    Raises
    ------
    ValueError
        If `excess` is not one column of finite numbers, or the limit is not above 0.

    Examples
    --------
    >>> sums, alarms = cusum([-1, 2, 2, -1, 3], limit=3)
    >>> sums.tolist(), alarms.tolist()
    ([0.0, 2.0, 4.0, 0.0, 3.0], [False, False, True, False, False])
    """
    steps = np.asarray(excess, dtype=float)
    if steps.ndim != 1 or not np.isfinite(steps).all():
        raise ValueError(
            f"excess has shape {steps.shape} or missing or infinite values; expected one "
            "finite number a step. Give 0 where nothing was observed."
        )
    if not limit > 0:
        raise ValueError(f"limit is {limit}, expected a number above 0.")
    sums, alarms = np.zeros(len(steps)), np.zeros(len(steps), dtype=bool)
    now = 0.0
    for t, step in enumerate(steps.tolist()):
        now = max(0.0, now + step)
        sums[t], alarms[t] = now, now > limit
        if alarms[t]:
            now = 0.0
    return sums, alarms
