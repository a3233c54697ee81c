"""Late arrivals of 2013: the next month judged honestly, and the same rows shuffled.

One repeat takes one month, 5 to 12. Honest: all earlier months train, this month tests. By day:
whole days of all months up to this one are drawn for the test. Shuffled: rows are drawn. The
numbers of training and test rows are the same in all three; the share of late flights is not, so
the area under the ROC curve judges, which does not depend on it.
"""

import numpy as np
import xgboost as xgb
from sklearn.metrics import roc_auc_score

from labs_lib import data, settings

REPEATS = 8
FIRST_MONTH = 5

LATE_MINUTES = 30


def repeat(seed: int) -> list[dict]:
    """Judge one month three ways; one row a way."""
    flights = data.load_flights().dropna(subset=["arr_delay"])
    month = flights["date"].dt.month.to_numpy()
    flights, month = (
        flights[month <= FIRST_MONTH + seed],
        month[month <= FIRST_MONTH + seed],
    )
    # Known before the flight leaves: the timetable and the weather at the airport.
    X = flights.drop(columns=["date", "dep_delay", "arr_delay", "air_time", "dest"])
    X = X.assign(
        day_of_year=flights["date"].dt.day_of_year, weekday=flights["date"].dt.weekday
    )
    y = (flights["arr_delay"] > LATE_MINUTES).to_numpy().astype(int)
    test = np.flatnonzero(month == FIRST_MONTH + seed)
    rng = np.random.default_rng(seed)
    days = flights["date"].to_numpy()
    order = rng.permutation(np.unique(days))
    by_day = np.concatenate([np.flatnonzero(days == day) for day in order])
    ways = {
        "next month": np.concatenate(
            [test, np.flatnonzero(month < FIRST_MONTH + seed)]
        ),
        "whole days": by_day,
        "shuffled rows": rng.permutation(len(y)),
    }
    rows = []
    for way, places in ways.items():
        judge, fit = places[: len(test)], places[len(test) :]
        model = xgb.XGBClassifier(
            n_estimators=80,
            max_depth=7,
            learning_rate=0.2,
            max_bin=64,
            enable_categorical=True,
            n_jobs=settings.n_jobs(),
            random_state=0,
        ).fit(X.iloc[fit], y[fit])
        score = model.predict_proba(X.iloc[judge])[:, 1]
        rows.append(
            {
                "month": FIRST_MONTH + seed,
                "way": way,
                "train": len(fit),
                "test": len(judge),
                "late": float(y[judge].mean()),
                "AUC": roc_auc_score(y[judge], score),
            }
        )
    return rows
