"""Five ways to balance classes against none, on credit defaults, over repeated splits.

One repeat thins the defaults, or the others, to one share of positives, splits the rows 60, 20
and 20 of 100 with the share kept, and judges as in prepare/balance. A missed default costs the
same for every customer.
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.prepare.balance import shared

SPLITS = 15
REPEATS = SPLITS * len(shared.RATES)

MISSED_CENTS = 20_000
"""What a missed default costs besides its handling, in cents: an assumption."""

CATEGORIES = ["SEX", "EDUCATION", "MARRIAGE"]


def repeat(seed: int) -> list[dict]:
    """Judge every method on one split at one rate; one row a method and measure."""
    number, place = divmod(seed, len(shared.RATES))
    rate = shared.RATES[place]
    table = data.load_credit_default()
    y = table["DEFAULT"].to_numpy()
    X = table.drop(columns=["ID", "DEFAULT"])
    X = X.astype(float).assign(
        **{name: pd.Categorical(table[name].astype(str)) for name in CATEGORIES}
    )
    cents = np.full(len(y), MISSED_CENTS)
    kept = shared.thinned(y, rate, np.random.default_rng(seed))
    options = {"test_size": 0.2, "random_state": number}
    rest, test = train_test_split(kept, stratify=y[kept], **options)
    options["test_size"] = 0.25
    train, valid = train_test_split(rest, stratify=y[rest], **options)
    rows = []
    for method, score in shared.fitted(X.iloc[train], y[train], shared.boosted()):
        measures = shared.judged(
            (y[valid], score(X.iloc[valid]), cents[valid]),
            (y[test], score(X.iloc[test]), cents[test]),
        )
        rows += [
            {
                "split": number,
                "rate": rate,
                "method": method,
                "measure": measure,
                "value": float(value),
            }
            for measure, value in measures.items()
        ]
    return rows
