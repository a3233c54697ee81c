"""Which columns of the credit defaults matter? No truth is known, so a model has to say.

One repeat splits the customers, fits XGBoost, asks every method for the importance of each
column on training rows, fits again on each method's first five columns, and judges that
model on the test rows: whoever named better columns has the better model. Beside it: how
far two methods agree.
"""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.train.explain.shared import Boosted, importances

REPEATS = 15

N_TRAIN, N_TEST = 12_000, 6_000

KEPT = 5


def repeat(seed: int) -> list[dict]:
    """Name five columns by each method in one split; one row a method and measure."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    seen, X_test, y_seen, y_test = train_test_split(
        X, y, train_size=N_TRAIN, test_size=N_TEST, stratify=y, random_state=seed
    )
    boosted = Boosted(n_estimators=80).fit(seen, y_seen)
    found = importances(
        boosted,
        seen=seen,
        asked=seen.head(1_000),
        y_asked=y_seen[:1_000],
        seed=seed,
        lime_rows=12,
    )
    rng = np.random.default_rng(seed)
    chosen = {
        name: list(importance.nlargest(KEPT).index)
        for name, importance in found.items()
    }
    chosen["all columns"] = list(X.columns)
    chosen["at random"] = list(rng.choice(X.columns, KEPT, replace=False))
    rows = [
        {
            "measure": "average precision",
            "method": name,
            "value": _average_precision(seen[columns], y_seen, X_test[columns], y_test),
        }
        for name, columns in chosen.items()
    ]
    return rows + [
        {
            "measure": "agreement with SHAP",
            "method": name,
            "value": float(spearmanr(importance, found["SHAP, mean_abs"]).statistic),
        }
        for name, importance in found.items()
    ]


def _average_precision(
    X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, y_test: np.ndarray
) -> float:
    model = Boosted(n_estimators=80).fit(X, y)
    return float(average_precision_score(y_test, model.probability(X_test)))
