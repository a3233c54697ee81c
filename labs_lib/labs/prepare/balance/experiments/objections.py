"""Was SMOTE tried fairly? The worlds of prepare/balance at 1 %, with what one might object.

Objections: nobody balances to one half, so one fraud to ten honest payments; and distances
between raw columns follow the column with the largest unit, so SMOTE for mixed types on scaled
numbers.
"""

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTENC
from imblearn.under_sampling import RandomUnderSampler
from sklearn.metrics import average_precision_score

from labs_lib import payments
from labs_lib.labs.prepare.balance import shared
from labs_lib.labs.prepare.balance.experiments.worlds import FRAUD_RATE, N_TRANSACTIONS
from labs_lib.train.encoding import encoder

REPEATS = 20

RATE = 0.01
RATIO = 0.1
"""Frauds for each honest payment, after balancing."""


def repeat(seed: int) -> list[dict]:
    """Judge each variant in one world; one row a method."""
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS,
        days=150,
        seed=seed,
        fraud_rate=FRAUD_RATE,
        events=(),
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    place = shared.RATES.index(RATE)
    rng = np.random.default_rng(seed * len(shared.RATES) + place)
    train, _, test = (
        np.flatnonzero(part)[shared.thinned(y[part], RATE, rng)]
        for part in payments.split_by_time(table)
    )
    X = shared.filled(X, np.isin(np.arange(len(y)), train))
    encode = encoder().fit(X.iloc[train])
    matrix = encode.transform(X).astype(np.float32)
    options = {"sampling_strategy": RATIO, "random_state": 0}
    made = {
        "none": (matrix[train], y[train]),
        "SMOTE, one to ten": SMOTE(**options).fit_resample(matrix[train], y[train]),
        "random under, one to ten": RandomUnderSampler(**options).fit_resample(
            matrix[train], y[train]
        ),
        "SMOTE, mixed types, scaled": _mixed_scaled(encode, X.iloc[train], y[train]),
    }
    rows = []
    for method, (inputs, labels) in made.items():
        model = shared.boosted().fit(inputs, labels)
        score = model.predict_proba(matrix[test])[:, 1]
        value = average_precision_score(y[test], score)
        rows.append({"method": method, "average precision": float(value)})
    return rows


def _mixed_scaled(
    encode, X: pd.DataFrame, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows made by SMOTENC on scaled numbers, encoded as `encode` does."""
    numbers = X.select_dtypes("number").columns
    kinds = X.columns.difference(numbers, sort=False)
    parts = encode.named_transformers_
    scaled = pd.DataFrame(parts["numbers"].transform(X[numbers]), columns=numbers)
    scaled = scaled.join(X[kinds].reset_index(drop=True))
    places = [scaled.columns.get_loc(name) for name in kinds]
    rows, labels = SMOTENC(places, random_state=0).fit_resample(scaled, y)
    encoded = np.hstack(
        [rows[numbers].to_numpy(), parts["categories"].transform(rows[kinds])]
    )
    return encoded.astype(np.float32), labels
