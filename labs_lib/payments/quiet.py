"""Worlds without events, ready to fit, and thinned to a share: plumbing of many trials."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from labs_lib.payments.features import features
from labs_lib.payments.simulator import World, simulate
from labs_lib.payments.split import split_by_time

QUIET_DAYS = 150
"""Months 1 to 5: as many as `split_by_time` uses."""


def quiet_world(seed: int = 0, *, n: int = 60_000, fraud_rate: float = 0.03) -> World:
    """Simulate five quiet months, in which nothing happens but payments and frauds.

    Parameters
    ----------
    seed : int
        At least 0.
    n : int
        Number of payments, at least 2,000.
    fraud_rate : float
        Mean true probability of fraud in each month, 0.001 to 0.2. By default there are more
        frauds than in `simulate`, so that enough are left after `thin`.

    Returns
    -------
    World

    Raises
    ------
    ValueError
        As `simulate`.
    """
    return simulate(
        n_transactions=n, days=QUIET_DAYS, seed=seed, fraud_rate=fraud_rate, events=()
    )


def ready_to_fit(
    transactions: pd.DataFrame,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs and labels of payments, and which of them train, choose and judge.

    Parameters
    ----------
    transactions : DataFrame, n rows
        Of five months or more, as from `quiet_world` or ``data.load_payments()``.

    Returns
    -------
    X : DataFrame of shape (n, 27)
        `features` of each payment.
    y : array of 0/1, shape (n,)
        The label as it was reported.
    train, valid, test : three boolean arrays of shape (n,)
        Months 1 to 3, 4 and 5: `split_by_time`.

    Raises
    ------
    ValueError
        As `features` and `split_by_time`.

    Examples
    --------
    >>> X, y, train, valid, test = ready_to_fit(quiet_world().transactions)  # doctest: +SKIP
    """
    labels = transactions["is_fraud"].to_numpy()
    train, valid, test = split_by_time(transactions)
    return features(transactions), labels, train, valid, test


def thin(y: ArrayLike, rate: float, *, seed: int = 0) -> NDArray[np.int64]:
    """Choose rows among which the ones have a given share; one class is thinned at random.

    Parameters
    ----------
    y : array-like of 0/1, shape (n,)
        Labels, both classes among them.
    rate : float
        Wanted share of ones, above 0 and below 1.
    seed : int
        Seed of the draw.

    Returns
    -------
    array of int, shape (at most n,)
        Positions in `y`, ascending. All rows of one class are among them.

    Raises
    ------
    ValueError
        If a label is not 0 or 1, a class is missing, the rate is outside its range, or so
        extreme that no row of a class would be left.
    """
    label = np.asarray(y)
    if label.ndim != 1 or not np.isin(label, (0, 1)).all():
        raise ValueError(
            "y is no column of labels 0 and 1; expected one label for each row."
        )
    if not 0 < rate < 1:
        raise ValueError(f"rate is {rate!r}, expected a share above 0 and below 1.")
    ones, zeros = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
    wanted = round(len(zeros) * rate / (1 - rate))
    rng = np.random.default_rng(seed)
    if wanted <= len(ones):
        ones = rng.permutation(ones)[:wanted]
    else:
        zeros = rng.permutation(zeros)[: round(len(ones) * (1 - rate) / rate)]
    if not len(ones) or not len(zeros):
        raise ValueError(
            f"y holds {(label == 1).sum()} ones and {(label == 0).sum()} zeros, too few of one "
            f"class for a rate of {rate:g}. Take more rows, or a less extreme rate."
        )
    return np.sort(np.concatenate([ones, zeros]))
