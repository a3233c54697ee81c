"""Ten models in independent small worlds, each judged by many measures.

One repeat draws a world of five quiet months, fits each model on months 1 to 3, judges it by
every measure on month 4, where thresholds are chosen too, and by its cost on month 5.
"""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from labs_lib import payments, settings
from labs_lib.train import metrics
from labs_lib.train.boosted import boosted
from labs_lib.train.encoding import encoded

REPEATS = 30

N_TRANSACTIONS = 30_000
FRAUD_RATE = 0.01


def repeat(seed: int) -> list[dict]:
    """Fit and judge ten models in the world of this seed; one row a model and measure."""
    world = payments.quiet_world(seed, n=N_TRANSACTIONS, fraud_rate=FRAUD_RATE)
    X, y, train, valid, test = payments.ready_to_fit(world.transactions)
    amount = world.transactions["amount_cents"].to_numpy()
    rows = []
    for name, model in models(y[train]).items():
        score = model.fit(X[train], y[train]).predict_proba(X[valid | test])[:, 1]
        score = score.astype(float)
        judged = _judge(
            score[valid[valid | test]],
            score[test[valid | test]],
            y[valid],
            y[test],
            amount[valid],
            amount[test],
        )
        rows += [{"model": name, "measure": m, "value": v} for m, v in judged.items()]
    return rows


def models(y: np.ndarray) -> dict[str, object]:
    """Return ten models to fit, for these training labels.

    They are what a team would try in a week; none was tuned.
    """
    ratio = float((y == 0).sum() / (y == 1).sum())
    jobs = settings.n_jobs()
    linear = {"solver": "newton-cholesky"}
    return {
        "linear": encoded(LogisticRegression(**linear)),
        "linear, balanced": encoded(
            LogisticRegression(class_weight="balanced", **linear)
        ),
        "linear, strong penalty": encoded(LogisticRegression(C=0.001, **linear)),
        "naive Bayes": encoded(GaussianNB()),
        "k-NN": encoded(KNeighborsClassifier(n_neighbors=25, n_jobs=jobs)),
        "one tree": encoded(
            DecisionTreeClassifier(min_samples_leaf=50, random_state=0)
        ),
        "random forest": encoded(
            RandomForestClassifier(40, min_samples_leaf=5, n_jobs=jobs, random_state=0)
        ),
        "XGBoost": boosted(),
        "XGBoost, weighted": boosted(scale_pos_weight=ratio),
        "XGBoost, shallow": boosted(max_depth=2),
    }


def _judge(valid, test, y_valid, y_test, cents_valid, cents_test) -> dict[str, float]:
    data = metrics.metric_data(y_valid, valid, problem_type="BinaryClassification")
    judged = {datum["StandardMetricName"]: datum["Value"] for datum in data}
    judged["AveragePrecision"] = average_precision_score(y_valid, valid)
    threshold = payments.best_threshold(y_valid, valid, cents_valid)
    judged["Cost"] = payments.cost(y_valid, valid >= threshold, cents_valid)
    judged["test cost"] = payments.cost(y_test, test >= threshold, cents_test)
    judged["test cost at one half"] = payments.cost(y_test, test >= 0.5, cents_test)
    best = payments.best_threshold(y_test, test, cents_test)
    judged["test cost, best threshold"] = payments.cost(
        y_test, test >= best, cents_test
    )
    judged["test average precision"] = average_precision_score(y_test, test)
    return judged
