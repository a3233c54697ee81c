"""Bagging, boosting and stacking at one budget on real credit defaults, over splits."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss
from sklearn.model_selection import train_test_split

from labs_lib import data
from labs_lib.labs.train.ensembles.shared import contenders
from labs_lib.train.encoding import encoder

REPEATS = 20

N_VALID = N_TEST = 6_000


def repeat(seed: int) -> list[dict]:
    """Split the customers at random with this seed; train and judge every contender."""
    table = data.load_credit_default()
    X, y = table.drop(columns=["ID", "DEFAULT"]), table["DEFAULT"].to_numpy()
    rows = np.arange(len(y))
    rest, test = train_test_split(rows, test_size=N_TEST, stratify=y, random_state=seed)
    train, valid = train_test_split(
        rest, test_size=N_VALID, stratify=y[rest], random_state=seed
    )
    train, valid, test = (np.isin(rows, part) for part in (train, valid, test))
    numbers = encoder().fit(X[train]).transform(X).astype(np.float32)
    return [
        {"model": name, "measure": measure, "value": value}
        for name, score in contenders(numbers, y, train, valid).items()
        for measure, value in (
            ("valid", average_precision_score(y[valid], score[valid])),
            ("average precision", average_precision_score(y[test], score[test])),
            ("brier", 1_000 * brier_score_loss(y[test], score[test])),
        )
    ]
