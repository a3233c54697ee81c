"""The true importance of each column of the table of causes."""

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import norm, poisson

from labs_lib.payments.causes import (
    BAND_SCORE,
    COUNT_EFFECT,
    COUNT_MEAN,
    COUNT_SPREAD,
    COUNT_THRESHOLD,
    INTERCEPT,
    LOADING,
    MEDIANS,
    SPREADS,
    amount_effect,
    causes,
    channel_sign,
    count_effect,
    distance_effect,
    hour_effect,
)
from labs_lib.payments.checks import check_whole
from labs_lib.payments.rows import TWIN_RATE, TWIN_SPREAD
from labs_lib.schema import AGE_BANDS

DEPENDENT = (
    "age_band",
    "amount_cents",
    "amount_local",
    "customer_count_1d",
    "distance_km",
    "balance_cents",
    "usual_amount_cents",
    "channel",
)
"""Columns of the correlated variant that tell something about each other."""

# The law of the correlated variant, given the age band: means and spreads of logs.
MIDDLE = {c: np.log(MEDIANS[c]) + LOADING * SPREADS[c] * BAND_SCORE for c in MEDIANS}
OWN_SPREAD = {c: SPREADS[c] * np.sqrt(1 - LOADING**2) for c in MEDIANS}
MEAN_COUNT = COUNT_MEAN * np.exp(COUNT_SPREAD * BAND_SCORE)


def true_shapley(X: pd.DataFrame) -> pd.DataFrame:
    """Interventional Shapley values of `causes_logit`, exact, with `X` as background.

    The value of a set of columns is the mean of the log odds when they are fixed and all
    others are taken from the rows of the background, whatever the fixed ones are. The terms
    of one column give their deviation from the mean; the product of channel and distance is
    a game of two players.

    Parameters
    ----------
    X : DataFrame, shape (n, 14)
        Rows of either variant.

    Returns
    -------
    DataFrame, shape (n, 14)
        Log odds; each row sums to its log odds less their mean over `X`.

    Notes
    -----
    Janzing, Minorics and Bloebaum (2020), Feature relevance quantification in explainable
    AI: a causal problem. AISTATS.
    """
    shapley = pd.DataFrame(0.0, index=X.index, columns=X.columns)
    for name, effect in (
        ("hour", hour_effect),
        ("amount_cents", amount_effect),
        ("customer_count_1d", count_effect),
    ):
        values = effect(X[name].to_numpy())
        shapley[name] = values - values.mean()
    sign = channel_sign(X["channel"])
    distance = distance_effect(X["distance_km"].to_numpy())
    both, neither = sign * distance, (sign * distance).mean()
    only_channel, only_distance = sign * distance.mean(), sign.mean() * distance
    shapley["channel"] = (only_channel - neither + both - only_distance) / 2
    shapley["distance_km"] = (only_distance - neither + both - only_channel) / 2
    return shapley


def conditional_shapley(X: pd.DataFrame) -> pd.DataFrame:
    """Conditional Shapley values of `causes_logit` in the correlated variant, exact.

    The value of a set of columns is the expected log odds given what they are: knowing the
    twin tells the amount, knowing the age band tells a little of everything it moves.

    Parameters
    ----------
    X : DataFrame, shape (n, 14)
        Rows of the correlated variant.

    Returns
    -------
    DataFrame, shape (n, 14)
        Log odds; each row sums to its log odds less their expectation.

    Notes
    -----
    The expectations follow from the published law. Given the age band, the logs of amount,
    distance, balance and usual amount are independent normals and the count is Poisson;
    the log twin is the log amount plus a normal. So a set of known columns gives each age
    band a probability by Bayes' rule, and within a band each term has its own expectation
    (by Gauss-Hermite quadrature for the smooth ones). All 256 sets of the eight columns
    that depend on each other are enumerated; the hour stands alone, the others have no
    effect. Rounding to cents and tenths of a km is neglected.
    Aas, Jullum and Loland (2021), Explaining individual predictions when features are
    dependent. Artificial Intelligence 298.
    """
    shapley = pd.DataFrame(0.0, index=X.index, columns=X.columns)
    shapley["hour"] = hour_effect(X["hour"].to_numpy()) - hour_effect(np.arange(24)).mean()
    value = _conditional_value(X)
    values = {
        frozenset(known): value(frozenset(known))
        for size in range(len(DEPENDENT) + 1)
        for known in combinations(DEPENDENT, size)
    }
    players = len(DEPENDENT)
    for name in DEPENDENT:
        for known, without in values.items():
            if name not in known:
                weight = factorial(len(known)) * factorial(players - len(known) - 1)
                gain = values[known | {name}] - without
                shapley[name] += weight / factorial(players) * gain
    return shapley


def _conditional_value(X: pd.DataFrame) -> Callable[[frozenset], np.ndarray]:
    """Return the function from a set of known columns to the expected log odds by row.

    The set is part of `DEPENDENT`; the hour counts as unknown. Inside, arrays of shape
    (n, 6) or (6,) have one column an age band.
    """
    amount = amount_effect(X["amount_cents"].to_numpy())
    distance = distance_effect(X["distance_km"].to_numpy())
    count = count_effect(X["customer_count_1d"].to_numpy())
    sign = channel_sign(X["channel"])
    log_likelihood = _log_likelihood(X)
    no_evidence = np.zeros((len(X), len(AGE_BANDS)))

    # Given band and twin, the log amount is normal: two measurements weighed by precision.
    spread = OWN_SPREAD["amount_cents"]
    trust = spread**2 / (spread**2 + TWIN_SPREAD**2)
    amount_by_twin = _expected(
        amount_effect,
        (1 - trust) * MIDDLE["amount_cents"] + trust * _log_twin(X),
        np.sqrt(trust) * TWIN_SPREAD,
    )
    amount_by_band = _expected(amount_effect, MIDDLE["amount_cents"], spread)
    distance_by_band = _expected(
        lambda tenths: distance_effect(tenths / 10),
        MIDDLE["distance"],
        OWN_SPREAD["distance"],
    )
    count_by_band = COUNT_EFFECT * poisson.sf(COUNT_THRESHOLD - 1, MEAN_COUNT)
    constant = INTERCEPT + hour_effect(np.arange(24)).mean()

    def value(known: frozenset) -> np.ndarray:
        # The channel tells nothing about the band, nor does the twin beside the amount.
        telling = known - {"channel"}
        if "amount_cents" in known:
            telling = telling - {"amount_local"}
        bands = softmax(sum((log_likelihood[c] for c in telling), no_evidence), axis=1)
        total = np.full(len(X), constant)
        if "amount_cents" in known:
            total += amount
        elif "amount_local" in known:
            total += (bands * amount_by_twin).sum(axis=1)
        else:
            total += bands @ amount_by_band
        total += count if "customer_count_1d" in known else bands @ count_by_band
        # Without the channel, chip and swipe are equally likely and cancel.
        if "channel" in known:
            total += sign * (
                distance if "distance_km" in known else bands @ distance_by_band
            )
        return total

    return value


def _log_likelihood(X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Log density of each column's cell by age band; a missing cell tells nothing."""
    stored = {
        "amount_cents": X["amount_cents"],
        "distance": X["distance_km"] * 10,
        "balance_cents": X["balance_cents"],
        "usual_amount_cents": X["usual_amount_cents"],
    }
    densities = {}
    for name, column in stored.items():
        logs = np.log(column.to_numpy(float))[:, None]
        densities[name] = np.nan_to_num(norm.logpdf(logs, MIDDLE[name], OWN_SPREAD[name]))
    densities["distance_km"] = densities.pop("distance")
    densities["amount_local"] = norm.logpdf(
        _log_twin(X),
        MIDDLE["amount_cents"],
        np.hypot(OWN_SPREAD["amount_cents"], TWIN_SPREAD),
    )
    count = X["customer_count_1d"].to_numpy()[:, None]
    densities["customer_count_1d"] = poisson.logpmf(count, MEAN_COUNT)
    band = X["age_band"].cat.codes.to_numpy()[:, None]
    densities["age_band"] = np.where(band == np.arange(len(AGE_BANDS)), 0, -np.inf)
    return densities


def _log_twin(X: pd.DataFrame) -> np.ndarray:
    """Log of the twin at the rate of the amount, shape (n, 1)."""
    return np.log(X["amount_local"].to_numpy(float) / TWIN_RATE)[:, None]


def _expected(
    effect: Callable[[np.ndarray], np.ndarray], mean: np.ndarray, spread: float
) -> np.ndarray:
    """Expectation of `effect` of a lognormal, given mean and spread of its log."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return effect(np.exp(mean[..., None] + spread * nodes)) @ (weights / weights.sum())


def true_importance(
    *, correlated: bool = False, n: int = 50_000, rows: int = 5_000, seed: int = 0
) -> pd.DataFrame:
    """Mean absolute Shapley value of each column: the importance an explainer should find.

    Parameters
    ----------
    correlated : bool
        Which variant of `causes`.
    n, seed : int
        As in `causes`.
    rows : int
        Conditional values are averaged over so many rows from the top, at least 1.

    Returns
    -------
    DataFrame, shape (14, 2), index: column of X
        ``interventional`` and ``conditional``, in log odds. In the independent variant the
        two are the same.

    Raises
    ------
    ValueError
        If a parameter is outside its range.
    """
    check_whole("rows", rows, low=1)
    X, _, _ = causes(n=n, correlated=correlated, seed=seed)
    interventional = true_shapley(X).abs().mean()
    conditional = (
        conditional_shapley(X.head(rows)).abs().mean() if correlated else interventional
    )
    return pd.DataFrame({"interventional": interventional, "conditional": conditional})
