"""The true risk of a payment, given what is recorded and what is hidden.

Each scenario contributes a rate. The rates add up, and the probability of fraud is
``1 - exp(-scale * sum of rates)``: a noisy-or, where each scenario alone may be the cause.
At a fraud rate of 1 % the scale is about 1, so that a small rate is a probability.
"""

import numpy as np

from labs_lib.payments.rows import ONLINE
from labs_lib.schema import MERCHANT_CATEGORIES

HIGH_AMOUNT_RATE = 1.8
HIGH_AMOUNT_TIMES_USUAL = 7.5
HIGH_AMOUNT_SOFTNESS = 0.1
"""Rate well above the threshold; the threshold in usual amounts; its width in logs."""

HIGH_AMOUNT_RISK = 0.5
"""Share of the high-amount rate that is proportional to the customer's latent risk."""

COMPROMISED_RATE = 0.56
BURST_RATE = 3.0

STOLEN_RATE = 2.5
STOLEN_DISTANCE = 500
"""On a stolen card, so many tenths of a km count as much as an amount e times higher."""

BASE_RATE = 0.0020
NIGHT_FACTOR = 2.0
NIGHT_HOURS = 6
"""Of an average customer by day; higher from midnight on for so many hours."""

TAKEOVER_RATE = 0.3
TAKEOVER_ACCOUNT_DAYS = 730
GROCERIES = MERCHANT_CATEGORIES.index("groceries")
"""New in event b: online groceries of everyday size, on accounts older than two years."""

# By channel: chip, swipe, online, phone. Online and phone are equal everywhere, so that the
# shift between them in event a leaves the risk alone.
HIGH_AMOUNT_BY_CHANNEL = np.array([0.3, 0.8, 1.6, 1.6])
COMPROMISED_BY_CHANNEL = np.array([0.6, 1.5, 1.0, 1.0])
BASE_BY_CHANNEL = np.array([0.5, 1.0, 1.6, 1.6])

# By merchant category, in the order of `labs_lib.schema.MERCHANT_CATEGORIES`.
BASE_BY_CATEGORY = np.array([0.6, 0.8, 0.7, 0.8, 1.0, 0.6, 1.4, 0.5, 1.5, 2.4, 2.0, 1.2])


def scenario_rates(
    *,
    hour: np.ndarray,
    channel: np.ndarray,
    category: np.ndarray,
    distance: np.ndarray,
    amount: np.ndarray,
    usual: np.ndarray,
    account_age: np.ndarray,
    customer_risk: np.ndarray,
    compromised: np.ndarray,
    stolen: np.ndarray,
    burst: np.ndarray,
    takeover: slice,
) -> list[np.ndarray]:
    """Compute the rate of each scenario for each payment.

    Parameters
    ----------
    hour, channel, category, distance, amount, usual, account_age : arrays of int
        Shape (n,); inputs before any fault in the record: hour of the day, codes of channel
        and of the terminal's merchant category, tenths of a km (-1 when remote), cents,
        days.
    customer_risk : array of int, shape (n,)
        In thousandths.
    compromised, stolen, burst : arrays of bool, shape (n,)
        Hidden states of the terminal, the card and the payment.
    takeover : slice
        The rows of event b.

    Returns
    -------
    list of arrays of float, shape (n,)
        As in `labs_lib.schema.SCENARIOS`, from "high_amount" to "account_takeover".
    """
    times_usual = amount / usual
    excess = np.log(times_usual / HIGH_AMOUNT_TIMES_USUAL) / HIGH_AMOUNT_SOFTNESS
    high_amount = HIGH_AMOUNT_RATE * HIGH_AMOUNT_BY_CHANNEL[channel] * _sigmoid(excess)
    high_amount *= 1 - HIGH_AMOUNT_RISK + HIGH_AMOUNT_RISK / 1000 * customer_risk

    stolen_card = np.zeros(amount.size)
    far = np.maximum(distance[stolen], 0) / STOLEN_DISTANCE
    unusual = np.log(times_usual[stolen]) + far - 1
    stolen_card[stolen] = STOLEN_RATE * _sigmoid(2 * unusual)

    base = BASE_RATE / 1000 * BASE_BY_CHANNEL[:, None] * BASE_BY_CATEGORY
    customer = base[channel, category] * customer_risk
    customer[hour < NIGHT_HOURS] *= NIGHT_FACTOR

    account_takeover = np.zeros(amount.size)
    everyday = (times_usual[takeover] >= 0.5) & (times_usual[takeover] <= 2)
    groceries = (category[takeover] == GROCERIES) & (channel[takeover] == ONLINE)
    old = account_age[takeover] > TAKEOVER_ACCOUNT_DAYS
    account_takeover[takeover] = TAKEOVER_RATE * (everyday & groceries & old)
    return [
        high_amount,
        COMPROMISED_RATE * COMPROMISED_BY_CHANNEL[channel] * compromised,
        stolen_card,
        BURST_RATE * burst,
        customer,
        account_takeover,
    ]


def solve_scale(rates: np.ndarray, target: float) -> float:
    """Find the scale at which the mean of ``1 - exp(-scale * rates)`` is `target`.

    The mean is concave in the scale, so Newton's steps from below approach the solution
    from below and cannot overshoot.

    Parameters
    ----------
    rates : array of float, shape (n,)
        At least 0, not all 0.
    target : float
        Between 0 and the share of rates above 0.

    Raises
    ------
    RuntimeError
        If no scale reaches the target.
    """
    scale = target / rates.mean()
    for _ in range(200):
        survival = np.exp(-scale * rates)
        slope = (rates * survival).mean()
        if slope == 0:
            break
        step = (target - 1 + survival.mean()) / slope
        scale += step
        if step <= 1e-12 * scale:
            return scale
    raise RuntimeError(f"no scale found for a fraud rate of {target}")


def draw_scenario(
    rates: list[np.ndarray], fraud: np.ndarray, uniform: np.ndarray
) -> np.ndarray:
    """Name the cause of each fraud, drawn by its share of the rate; 0 where there is none.

    Returns
    -------
    array of int8, shape (n,)
        Codes of `labs_lib.schema.SCENARIOS`.
    """
    scenario = np.zeros(fraud.size, np.int8)
    running = np.cumsum([rate[fraud] for rate in rates], axis=0)
    scenario[fraud] = 1 + (running <= uniform[fraud] * running[-1]).sum(axis=0)
    return scenario


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))
