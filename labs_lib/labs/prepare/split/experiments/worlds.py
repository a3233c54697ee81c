"""What each way of splitting pretends, in independent payments worlds.

Each world serves four repeats, one a question: stratification, the same customer on both sides,
shuffled time, and the best of 50 settings picked on the test set. All measure average precision.
"""

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from labs_lib import payments, settings
from labs_lib.prepare.split import key_split, randomized_split
from labs_lib.train.encoding import encoder

QUESTIONS = ("stratify", "customer", "time", "best of 50")
WORLDS = 20
REPEATS = WORLDS * len(QUESTIONS)

N_TRANSACTIONS = 45_000

IDENTITY = [
    "home_x_km",
    "home_y_km",
    "age_band",
    "usual_amount_cents",
    "account_age_days",
]
"""What is known of a customer before the first payment; enough to recognize one."""

N_SETTINGS = 50
N_DRAWS = 12
"""Splits of one world whose spread is taken."""


def repeat(seed: int) -> list[dict]:
    """Answer one question in one world; one row a measure."""
    number, place = divmod(seed, len(QUESTIONS))
    question = QUESTIONS[place]
    world = payments.simulate(
        n_transactions=N_TRANSACTIONS, days=150, seed=number, events=()
    )
    table = world.transactions
    X, y = payments.features(table), table["is_fraud"].to_numpy()
    measures = _ANSWERS[question](table, X, y)
    return [
        {"world": number, "question": question, "measure": name, "value": float(value)}
        for name, value in measures.items()
    ]


def _boosted(**options: object) -> xgb.XGBClassifier:
    return xgb.XGBClassifier(
        **{
            "n_estimators": 60,
            "max_depth": 4,
            "learning_rate": 0.15,
            "enable_categorical": True,
            "n_jobs": settings.n_jobs(),
            "random_state": 0,
        }
        | options
    )


def _precision(model, X, y, train, test) -> float:
    model.fit(X.iloc[train], y[train])
    return average_precision_score(y[test], model.predict_proba(X.iloc[test])[:, 1])


def _stratify(table: pd.DataFrame, X: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Spread of test frauds and of the metric over splits of 2,000 and of 20,000 rows."""
    matrix = encoder().fit_transform(X)
    found = {}
    for rows in (2_000, 20_000):
        rng = np.random.default_rng(0)
        some = rng.permutation(len(y))[:rows]
        for name, labels in (("random", None), ("stratified", y[some])):
            counts, scores = [], []
            for draw in range(N_DRAWS):
                train, test = train_test_split(
                    some, test_size=0.25, stratify=labels, random_state=draw
                )
                model = LogisticRegression(solver="newton-cholesky")
                model.fit(matrix[train], y[train])
                counts.append(y[test].sum())
                if y[test].any():
                    score = model.predict_proba(matrix[test])[:, 1]
                    scores.append(average_precision_score(y[test], score))
            found[f"{rows} rows, {name}: test frauds"] = np.std(counts, ddof=1)
            found[f"{rows} rows, {name}: fewest test frauds"] = min(counts)
            found[f"{rows} rows, {name}: average precision"] = np.std(scores, ddof=1)
    return found


def _customer(table: pd.DataFrame, X: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Random rows against whole customers, with identity columns and with all."""
    fractions = {"train": 0.7, "test": 0.3}
    rows = randomized_split(table, fractions)
    people = key_split(table, fractions, columns="customer", error_threshold=0.02)
    found = {}
    for columns, name in ((IDENTITY, "identity"), (list(X), "all columns")):
        for parts, way in ((rows, "random rows"), (people, "new customers")):
            score = _precision(_boosted(), X[columns], y, parts["train"], parts["test"])
            found[f"{name}: {way}"] = score
    return found


def _time(table: pd.DataFrame, X: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Months 1 to 3 judged on month 5, against shuffled rows in the same numbers."""
    train, _, test = (np.flatnonzero(m) for m in payments.split_by_time(table))
    order = np.random.default_rng(0).permutation(len(y))
    shuffled = order[: len(train)], order[len(train) : len(train) + len(test)]
    return {
        "ordered": _precision(_boosted(), X, y, train, test),
        "shuffled": _precision(_boosted(), X, y, *shuffled),
    }


def _best_of_many(
    table: pd.DataFrame, X: pd.DataFrame, y: np.ndarray
) -> dict[str, float]:
    """Pick one of 50 settings on the test rows, or on validation rows; judge on fresh ones."""
    train, valid, test = (np.flatnonzero(m) for m in payments.split_by_time(table))
    rng = np.random.default_rng(0)
    later = rng.permutation(np.concatenate([valid, test]))
    quarter = len(later) // 4
    parts = {
        "validation": later[:quarter],
        "test": later[quarter : 2 * quarter],
        "fresh": later[2 * quarter :],
    }
    matrix = pd.DataFrame(encoder().fit(X.iloc[train]).transform(X)).astype(np.float32)
    some = rng.permutation(train)[:12_000]
    scores = []
    for _ in range(N_SETTINGS):
        model = _boosted(
            n_estimators=int(rng.integers(10, 50)),
            max_depth=int(rng.integers(2, 7)),
            learning_rate=float(np.exp(rng.uniform(np.log(0.03), np.log(0.5)))),
            min_child_weight=float(rng.choice([1, 3, 10])),
            subsample=float(rng.uniform(0.5, 1)),
            colsample_bytree=float(rng.uniform(0.3, 1)),
            max_bin=64,
        ).fit(matrix.iloc[some], y[some])
        scores.append(
            {
                name: average_precision_score(
                    y[part], model.predict_proba(matrix.iloc[part])[:, 1]
                )
                for name, part in parts.items()
            }
        )
    table = pd.DataFrame(scores)
    on_test, on_validation = table["test"].idxmax(), table["validation"].idxmax()
    return {
        "picked on test: reported": table["test"][on_test],
        "picked on test: fresh": table["fresh"][on_test],
        "picked on validation: reported": table["test"][on_validation],
        "picked on validation: fresh": table["fresh"][on_validation],
        "validation score of the pick": table["validation"][on_validation],
    }


_ANSWERS = {
    "stratify": _stratify,
    "customer": _customer,
    "time": _time,
    "best of 50": _best_of_many,
}
