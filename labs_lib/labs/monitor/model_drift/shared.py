"""Small payment worlds that are lived through day by day: who knew which label, and when."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost as xgb

from labs_lib import payments, schema, settings

N_TRANSACTIONS = 100_000
"""In nine months; 370 a day, of which three or four are fraud."""

START, END = 120, 270
"""Days: the first model is trained on day 120 and live from then on, to the end of month 9."""

MEMORY = 120
"""A model is trained on payments of so many days."""

HONEST_SHARE = 4
"""It sees all frauds and one in so many of the other payments, which counts as often."""

FAULT, TAKEOVER = (185, 195), (210, 270)
"""First day of event c, and of event b; and the day after its last."""

MISSED_FIXED = 15.0
"""What a missed fraud costs on top of its amount, in euros: `labs_lib.payments.cost`."""

PRICES = {"phone call": (5.0, 10.0), "message": (0.5, 2.0)}
"""What an alert costs, and how much more if the payment was honest, in euros.

A phone call has the prices of `labs_lib.payments.cost`; a message is an invented, cheaper way.
"""


@dataclass(frozen=True)
class World:
    """A world as a company sees it, sorted by time.

    Attributes
    ----------
    X : DataFrame of shape (n, 27)
        Features of each payment.
    numbers : array of float32, shape (n, 27)
        The same; categories as codes, missing as NaN.
    day, known : arrays of int, shape (n,)
        Day of the payment, and the first day on whose morning its label is known.
    y, fraud : arrays of int, shape (n,)
        The label as it will be reported, and the truth.
    probability : array of float, shape (n,)
        The true probability of fraud.
    euros : array of float, shape (n,)
        Amounts.
    """

    X: pd.DataFrame
    numbers: np.ndarray
    day: np.ndarray
    known: np.ndarray
    y: np.ndarray
    fraud: np.ndarray
    probability: np.ndarray
    euros: np.ndarray


def draw(seed: int, events: tuple[str, ...]) -> World:
    """Simulate a world of nine months."""
    drawn = payments.simulate(n_transactions=N_TRANSACTIONS, seed=seed, events=events)
    table = drawn.transactions
    since = {
        name: (table[name] - schema.PAYMENTS_START).dt.days.to_numpy()
        for name in ("time", "label_known_at")
    }
    X = payments.features(table)
    return World(
        X=X,
        numbers=as_numbers(X),
        day=since["time"],
        known=since["label_known_at"] + 1,
        y=table["is_fraud"].to_numpy().astype(int),
        fraud=drawn.truth["fraud"].to_numpy().astype(int),
        probability=drawn.truth["probability"].to_numpy(dtype=float),
        euros=table["amount_cents"].to_numpy() / 100,
    )


def as_numbers(X: pd.DataFrame) -> np.ndarray:
    """Return a table as numbers: XGBoost reads this in a fifth of the time."""
    columns = [X[c].cat.codes if X[c].dtype == "category" else X[c] for c in X]
    numbers = np.column_stack([c.to_numpy(dtype=np.float32) for c in columns])
    categories = [X[c].dtype == "category" for c in X]
    # A missing category has the code -1.
    numbers[:, categories] = np.where(
        numbers[:, categories] < 0, np.nan, numbers[:, categories]
    )
    return numbers


def fit(world: World, rows: np.ndarray, y: np.ndarray) -> xgb.XGBClassifier:
    """Train the model of all policies on some rows of a world, a boolean mask."""
    fraud = y == 1
    chosen = np.flatnonzero(rows & (fraud | (np.arange(len(y)) % HONEST_SHARE == 0)))
    categories = [world.X[c].dtype == "category" for c in world.X]
    return xgb.XGBClassifier(
        n_estimators=60,
        max_depth=3,
        max_bin=64,
        min_child_weight=3,
        learning_rate=0.1,
        enable_categorical=True,
        feature_types=["c" if category else "q" for category in categories],
        n_jobs=settings.n_jobs(),
        random_state=0,
    ).fit(
        world.numbers[chosen],
        y[chosen],
        sample_weight=np.where(fraud[chosen], 1, HONEST_SHARE),
    )


def first_model(world: World) -> xgb.XGBClassifier:
    """Train on what is known when the first model goes live."""
    return fit(world, (world.day < START) & (world.known <= START), world.y)


def score(model: xgb.XGBClassifier, numbers: np.ndarray) -> np.ndarray:
    """Return the probability of fraud of each row."""
    return model.predict_proba(numbers)[:, 1].astype(float)


def loss(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the log loss of each row, in nats."""
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def doubt(p: np.ndarray) -> np.ndarray:
    """Return the log loss that the model expects of itself, in nats."""
    return -(p * np.log(p) + (1 - p) * np.log1p(-p))


def alerts(p: np.ndarray, euros: np.ndarray, price: str = "phone call") -> np.ndarray:
    """Return for which payments an alert is cheaper than letting them pass, by p."""
    alert, blocked = PRICES[price]
    return p * (euros + MISSED_FIXED - alert) > (1 - p) * (alert + blocked)


def costs(
    fraud: np.ndarray, alert: np.ndarray, euros: np.ndarray, price: str = "phone call"
) -> np.ndarray:
    """Return what the decision on each payment costs, in euros."""
    alert_cost, blocked = PRICES[price]
    missed = fraud * (euros + MISSED_FIXED)
    return np.where(alert, alert_cost + blocked * (1 - fraud), missed)
