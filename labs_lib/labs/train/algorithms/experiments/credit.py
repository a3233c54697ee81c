"""The models of the lab train/algorithms on real credit defaults, over repeated splits."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.train.algorithms.shared import scores

REPEATS = 20
N_VALID = N_TEST = 6_000


def repeat(seed: int) -> list[dict]:
    """Split the customers at random with this seed; fit and judge every model."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    rows = np.arange(len(y))
    rest, test = train_test_split(rows, test_size=N_TEST, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=N_VALID, stratify=y[rest], random_state=seed
    )
    train, valid, test = (np.isin(rows, part) for part in (train, valid, test))
    found = []
    for name, score in scores(X, y, train, valid, test).items():
        measures = {
            "average_precision": average_precision_score(y[test], score[test]),
            "roc_auc": roc_auc_score(y[test], score[test]),
        }
        if name != "Random Cut Forest":
            measures["brier"] = brier_score_loss(y[test], score[test])
        found += [
            {"model": name, "measure": m, "value": v} for m, v in measures.items()
        ]
    return found
