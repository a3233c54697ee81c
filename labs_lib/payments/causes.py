"""A table whose causes are known: independent rows, and a published formula for the risk.

The columns are those of the payments world; nothing is hidden. The log odds of fraud are
`causes_logit`, so that an explanation of a model can be scored against the truth:

- ``hour`` is U-shaped: no correlation with fraud, but a real effect;
- ``amount_cents`` saturates;
- ``distance_km`` raises the risk of a chip payment and lowers that of a swipe as much, so
  that its average effect (its partial dependence) is flat;
- ``customer_count_1d`` matters from a threshold on;
- everything else has no effect, ``device`` (5,000 values) and the twin ``amount_local``
  included.

Two variants. In the independent one each column is drawn on its own, also the twin and the
distance (which online and phone payments have, too, without effect). In the correlated one
``age_band`` moves amount, count, distance, balance and usual amount together, the twin
follows the amount (correlation 0.99), and the distance is missing online and by phone.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from labs_lib import schema
from labs_lib.payments.checks import check_whole
from labs_lib.payments.rows import AMOUNT_CENTS, ONLINE, TWIN_RATE, TWIN_SPREAD
from labs_lib.payments.simulator import MISSING_BALANCE, N_DEVICES
from labs_lib.schema import AGE_BANDS, MILLION

INTERCEPT = -3.4
HOUR_EFFECT = 1.6
AMOUNT_EFFECT = 2.0
AMOUNT_SCALE_CENTS = 5_000
DISTANCE_EFFECT = 0.8
DISTANCE_SCALE_KM = 5.0
COUNT_EFFECT = 1.5
COUNT_THRESHOLD = 4

# Chip and swipe are equally frequent: that is what makes the effect of distance cancel.
CHANNEL_SHARES = np.array([0.3, 0.3, 0.25, 0.15])
N_CATEGORIES = 12
MIN_ROWS = 100

LOADING = 0.8
"""Correlation of `age_band` with the logs of what it moves, in the correlated variant."""

BAND_SCORE = np.linspace(-1, 1, len(AGE_BANDS))
BAND_SCORE = BAND_SCORE / BAND_SCORE.std()
"""Mean 0 and variance 1 over the six equally frequent age bands."""

MEDIANS = {
    "amount_cents": 3_000.0,
    "distance": 60.0,
    "balance_cents": 100_000.0,
    "usual_amount_cents": 3_000.0,
}
"""Of the lognormal columns, as stored: cents, and tenths of a km."""

SPREADS = {
    "amount_cents": 0.9,
    "distance": 0.9,
    "balance_cents": 1.0,
    "usual_amount_cents": 0.6,
}
COUNT_MEAN = 1.5
COUNT_SPREAD = 0.5
"""Of the Poisson mean of the count: its median and the log spread that `age_band` gives."""

Causes = tuple[pd.DataFrame, pd.Series, pd.Series]


def causes(*, n: int = 50_000, correlated: bool = False, seed: int = 0) -> Causes:
    """Draw the table of known causes.

    Parameters
    ----------
    n : int
        Rows, at least 100.
    correlated : bool
        Which of the two variants; see the top of the module.
    seed : int
        At least 0.

    Returns
    -------
    X : DataFrame, shape (n, 14)
        The recorded columns of a payment, with ``hour`` and ``customer_count_1d``.
    y : Series of 0 and 1, named "is_fraud"
        Drawn with `probability`; about one row in five is 1.
    probability : Series
        ``sigmoid(causes_logit(X))``, in whole millionths. Its mean log loss on `y` is the
        noise floor, which no model beats.

    Raises
    ------
    ValueError
        If a parameter is outside its range.
    """
    return schema.causes_frames(draw_causes(n=n, correlated=correlated, seed=seed))


def draw_causes(
    *, n: int = 50_000, correlated: bool = False, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draw the table of `causes` as integers, as they are stored."""
    check_whole("n", n, low=MIN_ROWS)
    check_whole("seed", seed, low=0)
    rng = np.random.default_rng(seed)
    band = rng.integers(0, len(AGE_BANDS), n)
    score = BAND_SCORE[band] if correlated else np.zeros(n)
    own = np.sqrt(1 - LOADING**2) if correlated else 1.0
    moved = {
        name: MEDIANS[name]
        * np.exp(SPREADS[name] * (LOADING * score + own * rng.standard_normal(n)))
        for name in MEDIANS
    }
    amount = np.clip(moved["amount_cents"], *AMOUNT_CENTS)
    followed = amount if correlated else rng.permutation(amount)
    twin = followed * TWIN_RATE * np.exp(TWIN_SPREAD * rng.standard_normal(n))
    channel = rng.choice(len(CHANNEL_SHARES), n, p=CHANNEL_SHARES)
    distance = np.maximum(moved["distance"], 1)
    if correlated:
        distance[channel >= ONLINE] = -1
    balance = moved["balance_cents"]
    balance[rng.random(n) < MISSING_BALANCE] = -1
    columns = {
        "amount_cents": amount,
        "amount_local": twin,
        "channel": channel,
        "merchant_category": rng.integers(0, N_CATEGORIES, n),
        "device": rng.integers(0, N_DEVICES, n),
        "distance": distance,
        "balance_cents": balance,
        "account_age_days": rng.exponential(900, n),
        "home_x": rng.integers(0, 3_000, n),
        "home_y": rng.integers(0, 3_000, n),
        "age_band": band,
        "usual_amount_cents": moved["usual_amount_cents"],
        "hour": rng.integers(0, 24, n),
        "customer_count_1d": rng.poisson(COUNT_MEAN * np.exp(COUNT_SPREAD * score)),
    }
    small = ("channel", "merchant_category", "age_band", "hour", "customer_count_1d")
    columns = {
        name: np.rint(values).astype(np.int8 if name in small else np.int32)
        for name, values in columns.items()
    }
    exact = expit(causes_logit(schema.causes_inputs(columns)))
    probability = np.clip(np.rint(MILLION * exact), 1, MILLION - 1).astype(np.int32)
    y = rng.random(n) * MILLION < probability
    return columns | {"is_fraud": y.astype(np.int8), "probability": probability}


def causes_logit(X: pd.DataFrame) -> np.ndarray:
    """Return the log odds of fraud: the published truth behind `causes`.

    Parameters
    ----------
    X : DataFrame, shape (n, 14)
        As from `causes`.

    Returns
    -------
    array of float, shape (n,)
    """
    return (
        INTERCEPT
        + hour_effect(X["hour"].to_numpy())
        + amount_effect(X["amount_cents"].to_numpy())
        + count_effect(X["customer_count_1d"].to_numpy())
        + channel_sign(X["channel"]) * distance_effect(X["distance_km"].to_numpy())
    )


def hour_effect(hour: np.ndarray) -> np.ndarray:
    """U-shaped: highest at midnight, lowest at noon."""
    return HOUR_EFFECT * ((hour - 11.5) / 11.5) ** 2


def amount_effect(amount_cents: np.ndarray) -> np.ndarray:
    """Rises and saturates: two thirds of the effect are reached at 50 currency units."""
    return AMOUNT_EFFECT * (1 - np.exp(-amount_cents / AMOUNT_SCALE_CENTS))


def count_effect(count: np.ndarray) -> np.ndarray:
    """A step: nothing below four payments in the last 24 hours, all from there on."""
    return COUNT_EFFECT * (count >= COUNT_THRESHOLD)


def distance_effect(distance_km: np.ndarray) -> np.ndarray:
    """Grows with distance; 0 where it is missing. `channel_sign` gives the direction."""
    effect = DISTANCE_EFFECT * np.log1p(distance_km / DISTANCE_SCALE_KM)
    return np.where(np.isnan(effect), 0.0, effect)


def channel_sign(channel: pd.Series) -> np.ndarray:
    """Direction of the effect of distance: chip 1, swipe -1, online and phone 0."""
    return (channel == "chip").to_numpy() * 1.0 - (channel == "swipe").to_numpy()


def causes_as_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs of `causes` as numbers, for models that take nothing else.

    Parameters
    ----------
    X : DataFrame
        Inputs as `causes` returns them, or some of their columns with ``age_band``, ``channel``
        and ``merchant_category`` among them.

    Returns
    -------
    DataFrame
        ``age_band`` as its place in the order, a column for each channel and merchant category,
        gaps as NaN.
    """
    ordered = X.assign(age_band=X["age_band"].cat.codes)
    return pd.get_dummies(ordered, columns=["channel", "merchant_category"])
