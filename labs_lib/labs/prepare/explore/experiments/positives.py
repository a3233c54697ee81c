"""How many frauds are enough, and how many labels beat none?

One repeat draws companies of several sizes. Each trains XGBoost on its months 1 to 3, with
about six in ten of its frauds, and judges it on months 4 and 5, beside a rule and a Random
Cut Forest that need no labels. Each model is also judged at another, larger company, where
luck with few frauds plays less of a role.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from labs_lib import payments, stats
from labs_lib.train.boosted import boosted
from labs_lib.train.encoding import encoded
from labs_lib.train.random_cut_forest import RandomCutForest

REPEATS = 25

FRAUDS = (25, 50, 100, 200, 400, 800)
FRAUD_RATE = 0.01
"""Expected frauds of a company in all five months, and their share of its payments."""

FOREST_FRAUDS = (50, 200)
"""Sizes with a forest: its scoring is slow, and what it learns does not hang on labels."""

FOREST_ROWS = 3_000
ELSEWHERE_PAYMENTS = 50_000
ELSEWHERE_SEED = 1_000

FROM_LABELS = [
    "terminal_labels_7d",
    "terminal_labels_30d",
    "terminal_risk_7d",
    "terminal_risk_30d",
]
"""Features made of the labels of earlier payments: nothing without labels may use them."""

RESAMPLES = 200


def repeat(seed: int) -> list[dict]:
    """Draw and judge a company of each size; one row a size, model and measure."""
    elsewhere = company(ELSEWHERE_PAYMENTS, ELSEWHERE_SEED + seed)
    X_other, y_other = (
        elsewhere["X"][elsewhere["test"]],
        elsewhere["y"][elsewhere["test"]],
    )
    rows = []
    for frauds in FRAUDS:
        own = company(round(frauds / FRAUD_RATE), seed)
        X, y, train, test = own["X"], own["y"], own["train"], own["test"]
        model = boosted().fit(X[train], y[train])
        score = model.predict_proba(X[test])[:, 1]
        rule = X["amount_vs_usual"].to_numpy()[test]
        low, high = interval(y[test], score, rule, own["customer"][test])
        other = model.predict_proba(X_other)[:, 1]
        found = {
            ("XGBoost", "own"): average_precision_score(y[test], score),
            ("XGBoost", "elsewhere"): average_precision_score(y_other, other),
            ("rule", "own"): average_precision_score(y[test], rule),
            ("rule", "elsewhere"): average_precision_score(
                y_other, X_other["amount_vs_usual"]
            ),
            ("XGBoost - rule", "low"): low,
            ("XGBoost - rule", "high"): high,
        }
        if frauds in FOREST_FRAUDS:
            unusual = anomaly_scores(X, train, test)
            found[("Random Cut Forest", "own")] = average_precision_score(
                y[test], unusual
            )
        rows += [
            {
                "frauds": frauds,
                "model": model,
                "measure": measure,
                "value": float(value),
            }
            for (model, measure), value in found.items()
        ]
    return rows


def company(n_transactions: int, seed: int) -> dict:
    """Return five quiet months of a company: inputs, labels, customers and the two parts."""
    world = payments.quiet_world(seed, n=n_transactions, fraud_rate=FRAUD_RATE)
    table = world.transactions
    X, y, train, valid, test = payments.ready_to_fit(table)
    customer = table["customer"].to_numpy()
    return {"X": X, "y": y, "customer": customer, "train": train, "test": valid | test}


def anomaly_scores(X: pd.DataFrame, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return how unusual each test row is, by a forest that sees nothing made of labels."""
    numbers = X.drop(columns=FROM_LABELS).select_dtypes("number")
    known = numbers[train]
    few = np.random.default_rng(0).permutation(len(known))[:FOREST_ROWS]
    forest = encoded(RandomCutForest(num_trees=50, random_state=0)).fit(known.iloc[few])
    return -forest.score_samples(numbers[test])


def interval(
    y: np.ndarray, score: np.ndarray, other: np.ndarray, customer: np.ndarray
) -> tuple[float, float]:
    """Return the 95 % interval of a difference in average precision, drawn by customer.

    The percentile bootstrap of `labs_lib.stats.rows`, with fewer resamples. Where a single
    customer has all the frauds there is no interval: -1 to 1.
    """
    group = pd.factorize(customer)[0]
    if len(np.unique(group[y == 1])) < 2:
        return -1.0, 1.0
    weights = stats.resampled_weights(group, RESAMPLES, np.random.default_rng(0))
    weights = weights[weights[:, y == 1].any(axis=1)]
    ours, others = (
        stats.weighted_average_precision(y, s)(weights) for s in (score, other)
    )
    return stats.percentiles(ours - others, 0.95)
