"""Small payment worlds, each with one event or none."""

import numpy as np
import pandas as pd

from labs_lib import payments, schema

N_TRANSACTIONS = 40_000

TRAINING = (0, 90)
BASELINE = (90, 120)
LIVE = (120, 270)
"""Days: months 1 to 3 train the model, month 4 is the baseline, months 5 to 9 are watched."""

EVENTS = {"a": (150, 180), "c": (185, 195), "b": (210, 270), "d": (240, 270)}
"""First day of each event, and the day after its last."""

PAYMENT = [
    *(name for name in payments.FEATURES[:12] if name != "account_age_days"),
    "hour",
    "amount_vs_usual",
]
"""What one payment says by itself: nothing that is counted over days, no age, no weekday."""


def world(seed: int, events: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and truth of a world, with the day of each row as the index."""
    drawn = payments.simulate(
        n_transactions=N_TRANSACTIONS, days=270, seed=seed, events=events
    )
    table = drawn.transactions
    day = (table["time"] - schema.PAYMENTS_START).dt.days.to_numpy()
    truth = drawn.truth.assign(is_fraud=table["is_fraud"])
    index = pd.Index(day, name="day")
    return payments.features(table).set_axis(index), truth.set_axis(index)


def between(table: pd.DataFrame, days: tuple[int, int]) -> pd.DataFrame:
    """Return the rows from the first of two days to before the second."""
    first, last = np.searchsorted(table.index.to_numpy(), days)
    return table.iloc[first:last]
