"""Bagging, boosting and stacking at one budget, in independent worlds of payments.

One repeat draws a world of five quiet months, trains on months 1 to 3, chooses on month 4
and judges on month 5.
"""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss

from labs_lib import payments
from labs_lib.labs.train.ensembles.shared import contenders
from labs_lib.train.encoding import encoder

REPEATS = 20

N_TRANSACTIONS = 30_000
FRAUD_RATE = 0.01


def repeat(seed: int) -> list[dict]:
    """Train and judge every contender; one row a model and measure."""
    X, y, train, valid, test = world(seed)
    return [
        {"model": name, "measure": measure, "value": value}
        for name, score in contenders(X, y, train, valid).items()
        for measure, value in (
            ("valid", average_precision_score(y[valid], score[valid])),
            ("average precision", average_precision_score(y[test], score[test])),
            ("brier", 1_000 * brier_score_loss(y[test], score[test])),
        )
    ]


def world(seed: int) -> tuple[np.ndarray, ...]:
    """Return features as numbers, labels, and the rows of train, validation and test."""
    drawn = payments.quiet_world(seed, n=N_TRANSACTIONS, fraud_rate=FRAUD_RATE)
    X, y, train, valid, test = payments.ready_to_fit(drawn.transactions)
    numbers = encoder().fit(X[train]).transform(X).astype(np.float32)
    return numbers, y, train, valid, test
