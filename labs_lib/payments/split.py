"""The calendar of the payments world, and splits that respect it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labs_lib.schema import PAYMENTS_START

DAY = 86_400
"""Seconds in a day."""

MONTH_DAYS = 30


def month(transactions: pd.DataFrame) -> pd.Series:
    """Return the month of each payment; month 1 is the 30 days from 1 January 2025.

    Parameters
    ----------
    transactions : DataFrame
        Needs a column ``time``.

    Returns
    -------
    Series of int, named "month", same index

    Raises
    ------
    ValueError
        If there is no column ``time``, or a payment lies before the start.
    """
    if "time" not in transactions.columns:
        raise ValueError(
            "no column time; expected transactions as from data.load_payments(), not "
            "their features."
        )
    days = (transactions["time"] - PAYMENTS_START).dt.days
    if (days < 0).any() or days.isna().any():
        raise ValueError(
            f"a payment has no time or lies before {PAYMENTS_START:%Y-%m-%d}, where the "
            "calendar starts."
        )
    return (days // MONTH_DAYS + 1).astype("int8").rename("month")


def split_by_time(
    transactions: pd.DataFrame,
    *,
    train: Sequence[int] = (1, 2, 3),
    valid: Sequence[int] = (4,),
    test: Sequence[int] = (5,),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split payments by month: train on the past, choose in between, judge on the future.

    Parameters
    ----------
    transactions : DataFrame, n rows
        Needs a column ``time``.
    train, valid, test : sequences of int
        Months of each part. Later months than the last test month belong to no part.

    Returns
    -------
    train, valid, test : three boolean arrays of shape (n,)
        Masks for any table with the same rows: ``X[train]``, ``y[train]``.

    Raises
    ------
    ValueError
        If a part has no payments, or the parts are not in order of time.

    Examples
    --------
    >>> train, valid, test = split_by_time(transactions)        # doctest: +SKIP
    >>> model.fit(X[train], y[train], eval_set=[(X[valid], y[valid])])  # doctest: +SKIP
    """
    months = month(transactions).to_numpy()
    masks = []
    latest = 0
    for name, wanted in (("train", train), ("valid", valid), ("test", test)):
        mask = np.isin(months, list(wanted))
        if not mask.any():
            raise ValueError(
                f"no payments for {name} in months {list(wanted)}; there are months "
                f"{months.min()} to {months.max()}."
            )
        if min(wanted) <= latest:
            raise ValueError(
                f"{name} has month {min(wanted)}, but an earlier part reaches month "
                f"{latest}; expected each part to lie after the one before."
            )
        latest = max(wanted)
        masks.append(mask)
    in_train, in_valid, in_test = masks
    return in_train, in_valid, in_test
