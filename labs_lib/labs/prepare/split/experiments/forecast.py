"""Which way of splitting foretells the next month, for known customers and for new ones?

In each payments world a quarter of the customers is kept out as new. From the first four months
of the others, each way of splitting makes a forecast of average precision. Then a model trained
on months 2 to 4 meets month 5. All models train on about three months.
"""

import numpy as np
import xgboost as xgb
from sklearn.metrics import average_precision_score

from labs_lib import payments, settings
from labs_lib.prepare.split import key_split, randomized_split, stratified_split

REPEATS = 20

N_TRANSACTIONS = 90_000
FRAUD_RATE = 0.02
FRACTIONS = {"train": 0.75, "test": 0.25}


def repeat(seed: int) -> list[dict]:
    """Make the forecasts and meet the month; one row each."""
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS,
        days=150,
        seed=seed,
        fraud_rate=FRAUD_RATE,
        events=(),
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    month = payments.month(table).to_numpy()

    def precision(train: np.ndarray, test: np.ndarray) -> float:
        model = _model().fit(X.iloc[train], y[train])
        return average_precision_score(y[test], model.predict_proba(X.iloc[test])[:, 1])

    people = key_split(
        table, {"known": 0.75, "new": 0.25}, columns="customer", error_threshold=0.02
    )
    known = np.isin(np.arange(len(y)), people["known"])
    past = np.flatnonzero(known & (month <= 4))
    ways = {
        "randomized": randomized_split(table.iloc[past], FRACTIONS),
        "stratified": stratified_split(table.iloc[past], FRACTIONS, column="is_fraud"),
        "by key": key_split(
            table.iloc[past], FRACTIONS, columns="customer", error_threshold=0.02
        ),
    }
    found = {
        f"forecast: {way}": precision(past[parts["train"]], past[parts["test"]])
        for way, parts in ways.items()
    }
    found["forecast: ordered"] = precision(
        past[month[past] <= 3], past[month[past] == 4]
    )
    strangers = np.isin(np.arange(len(past)), ways["by key"]["test"])
    found["forecast: ordered and by key"] = precision(
        past[(month[past] <= 3) & ~strangers], past[(month[past] == 4) & strangers]
    )
    trained = past[month[past] >= 2]
    for who, mask in (("known", known), ("new", ~known)):
        met = np.flatnonzero(mask & (month == 5))
        found[f"month 5: {who} customers"] = precision(trained, met)
    return [{"way": way, "average precision": float(ap)} for way, ap in found.items()]


def _model() -> xgb.XGBClassifier:
    return xgb.XGBClassifier(
        n_estimators=60,
        max_depth=4,
        learning_rate=0.15,
        enable_categorical=True,
        n_jobs=settings.n_jobs(),
        random_state=0,
    )
