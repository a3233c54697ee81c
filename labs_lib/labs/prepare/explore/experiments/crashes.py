"""What the leaks of the crash data are worth, over repeated splits by crash.

One repeat splits the crashes at random, so that the occupants of one crash stay together,
and fits the same model with all columns, without the injury, and without what the survey
made afterwards.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from labs_lib import data
from labs_lib.prepare.quality import columns, models
from labs_lib.train.boosted import boosted

REPEATS = 20
TEST_SHARE = 0.25

LEFT_OUT = {
    "all columns": [],
    "without injSeverity": ["injSeverity"],
    "also without weight": ["injSeverity", "weight"],
    "also without caseid": ["injSeverity", "weight", "caseid"],
}
"""`weight` is the inverse of the chance to be drawn into the survey; severe crashes are drawn
more often. `caseid` numbers sampling unit, case and vehicle."""


def repeat(seed: int) -> list[dict]:
    """Split by crash with this seed; one row a set of columns and measure."""
    crashes = data.load_crashes()
    y = (crashes["dead"] == "dead").to_numpy().astype(int)
    splitter = GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed)
    train, test = next(splitter.split(crashes, y, crash_numbers(crashes)))
    encoded = {
        name: models.encode(crashes[name], columns.profile(crashes[name]).type)
        for name in crashes.columns.drop("dead")
    }
    rows = []
    for name, left_out in LEFT_OUT.items():
        X = np.hstack([values for c, values in encoded.items() if c not in left_out])
        model = boosted().fit(X[train], y[train])
        score = model.predict_proba(X[test])[:, 1]
        measures = {
            "average precision": average_precision_score(y[test], score),
            "ROC AUC": roc_auc_score(y[test], score),
        }
        rows += [
            {"columns": name, "measure": measure, "value": float(value)}
            for measure, value in measures.items()
        ]
    return rows


def crash_numbers(crashes: pd.DataFrame) -> np.ndarray:
    """Number the crashes: year, sampling unit and case, without the vehicle."""
    case = crashes["caseid"].astype(str).str.rsplit(":", n=1).str[0]
    return pd.factorize(crashes["yearacc"].astype(str) + ":" + case)[0]
