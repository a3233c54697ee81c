"""How hard the world is: what models reach, on the quiet test month and after the events."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from labs_lib import payments, settings


@pytest.fixture(scope="module")
def scores(world):
    """Reported label, true probability, and the scores of two models, by row."""
    transactions = world.transactions
    X, y = payments.features(transactions), transactions["is_fraud"]
    train, valid, _ = payments.split_by_time(transactions)
    boosted = XGBClassifier(
        n_estimators=200,
        max_depth=5,
        learning_rate=0.1,
        subsample=0.8,
        colsample_bytree=0.7,
        enable_categorical=True,
        eval_metric="aucpr",
        early_stopping_rounds=30,
        n_jobs=settings.n_jobs(),
        random_state=0,
    )
    boosted.fit(X[train], y[train], eval_set=[(X[valid], y[valid])], verbose=False)
    numbers = pd.get_dummies(X, dtype=float)
    linear = make_pipeline(
        SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=100)
    )
    linear.fit(numbers[train], y[train])
    return pd.DataFrame(
        {
            "month": payments.month(transactions),
            "y": y,
            "fraud": world.truth["fraud"],
            "truth": world.truth["probability"],
            "boosted": boosted.predict_proba(X)[:, 1].astype(float),
            "linear": linear.predict_proba(numbers)[:, 1],
        }
    )


def test_average_precision_on_the_quiet_test_month(scores):
    test = scores[scores["month"] == 5]
    reached = {
        name: average_precision_score(test["y"], test[name])
        for name in ("boosted", "linear", "truth")
    }
    assert 0.4 < reached["boosted"] < 0.6
    assert 0.1 < reached["linear"] < reached["boosted"] - 0.1
    assert reached["truth"] > reached["boosted"] + 0.1


def test_a_model_falls_behind_the_truth_at_the_new_scenario_only(scores):
    """The gap in log loss to the true probability grows with event b, not with event a."""
    gap = scores.groupby("month")[["fraud", "boosted", "truth"]].apply(
        lambda month: (
            log_loss(month["fraud"], np.clip(month["boosted"], 1e-7, None))
            - log_loss(month["fraud"], month["truth"])
        )
    )
    quiet = gap[[4, 5]].mean()
    assert gap[6] < 1.25 * quiet
    assert gap[8] > 1.25 * quiet
    assert gap[9] > 1.25 * quiet
