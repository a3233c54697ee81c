"""What alerts and misses cost, and how many cards an investigator finds."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib.payments.checks import check_whole

MISSED_FIXED = 15.0
ALERT_COST = 5.0
BLOCKED_COST = 10.0


def cost(
    is_fraud: ArrayLike,
    alert: ArrayLike,
    amount_cents: ArrayLike,
    *,
    missed_fixed: float = MISSED_FIXED,
    alert_cost: float = ALERT_COST,
    blocked_cost: float = BLOCKED_COST,
) -> float:
    """Add up what a set of decisions costs, in whole currency units.

    A missed fraud costs its amount and `missed_fixed`; every alert costs `alert_cost`; an
    alert on an honest payment costs `blocked_cost` more.

    Parameters
    ----------
    is_fraud, alert : array-like of 0/1 or boolean, shape (n,)
        What a payment is, and what was decided.
    amount_cents : array-like, shape (n,)
        At least 0, in cents.
    missed_fixed, alert_cost, blocked_cost : float
        Prices in currency units, at least 0.

    Returns
    -------
    float
        The total, at least 0.

    Raises
    ------
    ValueError
        If the lengths differ, a value is not 0 or 1, or an amount or price is negative or
        missing.
    """
    fraud = _binary("is_fraud", is_fraud)
    alert = _binary("alert", alert)
    amount = _amounts(amount_cents)
    _same_length(is_fraud=fraud, alert=alert, amount_cents=amount)
    _prices(missed_fixed=missed_fixed, alert_cost=alert_cost, blocked_cost=blocked_cost)
    missed = fraud & ~alert
    blocked = alert & ~fraud
    return float(
        amount[missed].sum() / 100
        + missed_fixed * missed.sum()
        + alert_cost * alert.sum()
        + blocked_cost * blocked.sum()
    )


def best_threshold(
    is_fraud: ArrayLike,
    score: ArrayLike,
    amount_cents: ArrayLike,
    *,
    missed_fixed: float = MISSED_FIXED,
    alert_cost: float = ALERT_COST,
    blocked_cost: float = BLOCKED_COST,
) -> float:
    """Find the threshold with the lowest `cost` for alerts where ``score >= threshold``.

    Every score is tried, and no alert at all (infinity). Payments with equal scores are
    alerted together. Of equally cheap thresholds the highest is taken, which alerts least.
    Choose it on validation data; on the data it was chosen on, its cost looks too low.

    Parameters
    ----------
    is_fraud : array-like of 0/1 or boolean, shape (n,)
        What a payment is.
    score : array-like, shape (n,)
        Finite; higher is more suspicious.
    amount_cents, missed_fixed, alert_cost, blocked_cost
        As in `cost`.

    Returns
    -------
    float
        One of the scores, or infinity.

    Raises
    ------
    ValueError
        As in `cost`, or if a score is not finite.
    """
    fraud = _binary("is_fraud", is_fraud)
    score = _finite("score", score)
    amount = _amounts(amount_cents)
    _same_length(is_fraud=fraud, score=score, amount_cents=amount)
    _prices(missed_fixed=missed_fixed, alert_cost=alert_cost, blocked_cost=blocked_cost)
    order = np.argsort(-score, kind="stable")
    # What an alert changes, against letting the payment pass.
    saved = amount / 100 + missed_fixed - alert_cost
    change = np.where(fraud, -saved, alert_cost + blocked_cost)
    running = np.concatenate([[0.0], np.cumsum(change[order])])
    candidates = np.concatenate([[np.inf], score[order]])
    # Only after the last of equal scores is the running sum one that a threshold can reach.
    last = np.append(candidates[1:] != candidates[:-1], True)
    return float(candidates[last][np.argmin(running[last])])


def card_precision(
    is_fraud: ArrayLike,
    score: ArrayLike,
    customer: ArrayLike,
    time: ArrayLike,
    *,
    k: int = 10,
) -> float:
    """Share of fraud among the `k` cards a day that an investigator looks at.

    For each day, cards are ranked by their highest score of that day, and the `k` highest
    are looked at; a card counts as found if it has a fraud on that day. A found card is
    blocked: its payments of later days are left out. The mean over days of (found / k).
    Cards with equal scores are taken in order of customer.

    Parameters
    ----------
    is_fraud : array-like of 0/1 or boolean, shape (n,)
        What a payment is.
    score : array-like, shape (n,)
        Finite; higher is more suspicious.
    customer : array-like, shape (n,)
        The card holder.
    time : array-like of datetime64, shape (n,)
        When the payment was made.
    k : int
        Cards a day, at least 1. On a day with fewer cards the share is still of `k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the lengths differ, `k` is below 1, or a score or time is missing.

    Notes
    -----
    Card Precision top-k of the Fraud Detection Handbook: Le Borgne, Siblini, Lebichot and
    Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud Detection -
    Practical Handbook, chapter 4, section "Precision top-k metrics".
    """
    check_whole("k", k, low=1)
    fraud = _binary("is_fraud", is_fraud)
    score = _finite("score", score)
    day = _days(time)
    customer = np.asarray(customer)
    _same_length(is_fraud=fraud, score=score, customer=customer, time=day)
    cards = (
        pd.DataFrame({"day": day, "customer": customer, "score": score, "fraud": fraud})
        .groupby(["day", "customer"], as_index=False)
        .max()
        .sort_values(["day", "score", "customer"], ascending=[True, False, True])
    )
    found: set = set()
    precisions = []
    for _, today in cards.groupby("day"):
        looked_at = today[~today["customer"].isin(found)].head(k)
        caught = looked_at.loc[looked_at["fraud"], "customer"]
        found.update(caught)
        precisions.append(len(caught) / k)
    return float(np.mean(precisions))


def _binary(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"{name} has shape {array.shape} and values other than 0 and 1, or is not one "
            "column; expected n values that are 0, 1, False or True."
        )
    return array.astype(bool)


def _finite(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(
            f"{name} has shape {array.shape} or missing or infinite values; expected n "
            "finite numbers (for predict_proba, take the column [:, 1])."
        )
    return array


def _days(time: ArrayLike) -> np.ndarray:
    moments = np.asarray(time)
    if moments.dtype.kind not in "MO":
        raise ValueError(
            f"time has dtype {moments.dtype}, expected datetime64; give the column time."
        )
    days = pd.to_datetime(moments).to_numpy().astype("datetime64[D]")
    if np.isnat(days).any():
        raise ValueError("a time is missing; every payment needs one.")
    return days


def _amounts(values: ArrayLike) -> np.ndarray:
    array = _finite("amount_cents", values)
    if (array < 0).any():
        raise ValueError(f"amount_cents goes down to {array.min()}, expected at least 0.")
    return array


def _same_length(**arrays: np.ndarray) -> None:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(f"expected columns of one length above 0, got {lengths}.")


def _prices(**prices: float) -> None:
    for name, price in prices.items():
        if not np.isfinite(price) or price < 0:
            raise ValueError(f"{name} is {price}, expected a price of at least 0.")
