"""Worlds for the capstone: everything that could be known beforehand is drawn.

A world begins as a quiet world of `labs_lib.payments`: people, places, amounts, hidden states.
What makes a payment dangerous, how often, and what changes when, is drawn here from one secret
number, so that neither the constants of the course's own world nor another world give it away.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labs_lib import schema
from labs_lib.payments import risk
from labs_lib.payments.simulator import draw
from labs_lib.payments.split import DAY

HISTORY_DAYS = 90
LIVE_DAYS = 90
PAYMENTS_A_DAY = 300
SECRET_BITS = 128

FRAUD_RATES = (0.01, 0.02)
"""Mean probability of fraud in the quiet days."""

SPREAD = 0.6
"""Log standard deviation of each coefficient around the course's own world."""

NEW_FRAUDS = (0.4, 1.2)
"""Frauds that a new kind adds, as a share of the usual frauds."""

KINDS = ("new fraud", "prices", "fault", "fraud ends", "late labels")
_BROKEN = ("distance_km", "balance_cents", "amount_local")


@dataclass(frozen=True)
class DatedEvent:
    """What changes in a world; days are counted from the first live day, the end excluded."""

    kind: str
    start: int
    end: int
    what: str


@dataclass(frozen=True)
class CapstoneWorld:
    """A world and its truth; only the parent has it.

    Attributes
    ----------
    payments : DataFrame, shape (n, 18)
        As `labs_lib.payments.simulate` makes it, in order of time, labels included.
    day : array of int, shape (n,)
        Day of each payment: below 0 is history, 0 is the first live day.
    known : array of int, shape (n,)
        Day on which the label of each payment arrives.
    fraud : array of bool, shape (n,)
        What each payment was, whatever was reported.
    probability : array of float, shape (n,)
        True probability of fraud from inputs and hidden states.
    events : tuple of DatedEvent
    """

    payments: pd.DataFrame
    day: np.ndarray
    known: np.ndarray
    fraud: np.ndarray
    probability: np.ndarray
    events: tuple[DatedEvent, ...]


def draw_world(
    secret: int,
    *,
    payments_a_day: int = PAYMENTS_A_DAY,
    history_days: int = HISTORY_DAYS,
    live_days: int = LIVE_DAYS,
) -> CapstoneWorld:
    """Draw the world of a secret number.

    Parameters
    ----------
    secret : int
        0 to 2**128 - 1; the same number gives the same world.
    payments_a_day : int
        At least 30.
    history_days, live_days : int
        At least 40 and 20; together at most 270.

    Returns
    -------
    CapstoneWorld

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    _check(secret, payments_a_day, history_days, live_days)
    days = history_days + live_days
    inputs, coefficients, dates, labels = (
        np.random.default_rng(child) for child in np.random.SeedSequence(secret).spawn(4)
    )
    columns, truth = draw(
        n_transactions=payments_a_day * days,
        days=days,
        seed=int.from_bytes(inputs.bytes(16), "little"),
        events=(),
    )
    day = columns["time"] // DAY - history_days
    rates = _rates(coefficients, columns, truth)
    quiet = FRAUD_RATES[0] + (FRAUD_RATES[1] - FRAUD_RATES[0]) * coefficients.random()
    scale = risk.solve_scale(np.sum(rates, axis=0), quiet)
    changes = _Changes(columns, scale * np.array(rates), day)
    events = _draw_events(dates, changes, live_days=live_days)
    probability = np.clip(1 - np.exp(-changes.rates.sum(axis=0)), 1e-6, 1 - 1e-6)
    fraud = labels.random(day.size) < probability
    reported = _reported(labels, fraud, quiet)
    columns |= {
        "is_fraud": reported.astype(np.int8),
        "label_days": changes.label_days.astype(np.int16),
    }
    return CapstoneWorld(
        payments=schema.payments_frame(columns),
        day=day,
        known=day + changes.label_days,
        fraud=fraud,
        probability=probability,
        events=events,
    )


class _Changes:
    """What events change: the record, the rates by scenario, the days until a label."""

    def __init__(self, columns: dict[str, np.ndarray], rates: np.ndarray, day: np.ndarray):
        self.columns = columns
        self.rates = rates
        self.day = day
        self.label_days = columns["label_days"].astype(int)

    def during(self, start: int, end: int) -> np.ndarray:
        return (self.day >= start) & (self.day < end)


def _rates(
    rng: np.random.Generator,
    columns: dict[str, np.ndarray],
    truth: dict[str, np.ndarray],
) -> list[np.ndarray]:
    """Return the rate of each scenario under coefficients that are drawn."""
    hour = columns["time"] // 3600 % 24
    rates = risk.scenario_rates(
        hour=hour,
        channel=columns["channel"],
        category=columns["merchant_category"],
        distance=columns["distance"],
        amount=columns["amount_cents"],
        usual=columns["usual_amount_cents"],
        account_age=columns["account_age_days"],
        customer_risk=truth["customer_risk"],
        compromised=truth["terminal_compromised"].astype(bool),
        stolen=truth["card_stolen"].astype(bool),
        burst=truth["in_burst"].astype(bool),
        takeover=slice(0),
    )[:-1]
    by_channel = np.exp(rng.normal(0, SPREAD, 4))[columns["channel"]]
    by_category = np.exp(rng.normal(0, SPREAD, 13))[columns["merchant_category"]]
    by_age = np.where(
        columns["account_age_days"] < rng.integers(60, 400),
        np.exp(rng.normal(0, SPREAD)),
        1,
    )
    hours = (hour - rng.integers(24)) % 24 < rng.integers(4, 9)
    by_hour = np.where(hours, np.exp(rng.normal(0, SPREAD)), 1)
    common = by_channel * by_category * by_age * by_hour
    return [rate * common * np.exp(rng.normal(0, SPREAD)) for rate in rates]


def _draw_events(
    rng: np.random.Generator, changes: _Changes, *, live_days: int
) -> tuple[DatedEvent, ...]:
    """Draw two to four events, a new kind of fraud among them, and carry them out."""
    others = rng.permutation(KINDS[1:])[: rng.integers(1, 4)]
    kinds = rng.permutation([KINDS[0], *others])
    events = []
    for kind in kinds:
        # Early enough that it can be seen and answered before the last day.
        start = int(rng.integers(live_days // 9, 2 * live_days // 3))
        end = live_days
        if kind in ("prices", "fault", "late labels"):
            end = min(live_days, start + int(rng.integers(7, 22)))
        what = _CARRY_OUT[str(kind)](rng, changes, start, end)
        events.append(DatedEvent(kind=str(kind), start=start, end=end, what=what))
    return tuple(sorted(events, key=lambda event: event.start))


def _new_fraud(rng: np.random.Generator, changes: _Changes, start: int, end: int) -> str:
    columns = changes.columns
    channel = int(rng.integers(4))
    categories = rng.choice(12, int(rng.integers(2, 5)), replace=False)
    times_usual = columns["amount_cents"] / columns["usual_amount_cents"]
    low = float(np.exp(rng.uniform(np.log(0.3), np.log(1.2))))
    old = bool(rng.integers(2))
    age = columns["account_age_days"]
    hit = (columns["channel"] == channel) & np.isin(
        columns["merchant_category"], categories
    )
    hit &= (times_usual >= low) & (times_usual <= 4 * low)
    hit &= (age >= 500) if old else (age < 900)
    during = changes.during(start, end)
    usual = (1 - np.exp(-changes.rates[:, during].sum(axis=0))).sum()
    wanted = usual * rng.uniform(*NEW_FRAUDS)
    # The few that it touches cannot all be frauds, however strong it is.
    share = min(0.8, wanted / max(1, (hit & during).sum()))
    changes.rates[-1, hit & during] += -np.log(1 - share)
    names = ", ".join(
        schema.MERCHANT_CATEGORIES[category] for category in sorted(categories)
    )
    return f"a new kind of fraud by {schema.CHANNELS[channel]} in {names}"


def _prices(rng: np.random.Generator, changes: _Changes, start: int, end: int) -> str:
    factor = float(rng.uniform(1.2, 1.8))
    during = changes.during(start, end)
    for name in ("amount_cents", "amount_local", "usual_amount_cents"):
        values = changes.columns[name]
        values[during] = np.rint(values[during] * factor).astype(values.dtype)
    return f"all amounts {factor:.2f} times higher; the risk stays"


def _fault(rng: np.random.Generator, changes: _Changes, start: int, end: int) -> str:
    column = _BROKEN[int(rng.integers(len(_BROKEN)))]
    channel = int(rng.integers(2))
    hit = changes.during(start, end) & (changes.columns["channel"] == channel)
    if column == "distance_km":
        changes.columns["distance"][hit] *= 1000
    elif column == "balance_cents":
        changes.columns["balance_cents"][hit] = -1
    else:
        changes.columns["amount_local"][hit] = 0
    return f"{column} is wrong in payments by {schema.CHANNELS[channel]}; the risk stays"


def _fraud_ends(rng: np.random.Generator, changes: _Changes, start: int, end: int) -> str:
    # The largest kinds only: the end of a rare one would be no event.
    sizes = changes.rates[:, changes.day < 0].sum(axis=1)
    scenario = int(rng.choice(np.argsort(-sizes, kind="stable")[:2]))
    changes.rates[scenario, changes.during(start, end)] *= 0.2
    return f"most fraud of the kind {schema.SCENARIOS[1 + scenario]} ends"


def _late_labels(rng: np.random.Generator, changes: _Changes, start: int, end: int) -> str:
    more = int(rng.integers(7, 15))
    changes.label_days[changes.during(start, end)] += more
    return f"labels of these days arrive {more} days later"


_CARRY_OUT = dict(
    zip(KINDS, (_new_fraud, _prices, _fault, _fraud_ends, _late_labels), strict=True)
)


def _reported(rng: np.random.Generator, fraud: np.ndarray, rate: float) -> np.ndarray:
    """Say what is reported: 3 % of frauds are not, as many honest payments are."""
    error = rng.random(fraud.size)
    return np.where(fraud, error >= 0.03, error < 0.03 * rate / (1 - rate))


def _check(secret: int, payments_a_day: int, history_days: int, live_days: int) -> None:
    if not isinstance(secret, int) or not 0 <= secret < 2**SECRET_BITS:
        raise ValueError(f"secret is {secret!r}, expected a whole number of 128 bits.")
    for name, value, low in (
        ("payments_a_day", payments_a_day, 30),
        ("history_days", history_days, 40),
        ("live_days", live_days, 20),
    ):
        if not isinstance(value, int) or value < low:
            raise ValueError(f"{name} is {value!r}, expected a whole number from {low}.")
    if history_days + live_days > 270:
        raise ValueError(
            f"history_days and live_days are {history_days} and {live_days}; expected at "
            "most 270 together."
        )
