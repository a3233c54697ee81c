"""How a frozen model fares during each event, against the same dates without it.

One repeat draws five worlds of one seed, as in monitor/data_drift. The model is judged by the
truth: its log loss less that of the true probability, both taken over the labels that this
probability can give, so that the luck of the labels plays no part.
"""

import numpy as np
from sklearn.metrics import average_precision_score

from labs_lib.payments import event_worlds

REPEATS = 20


def repeat(seed: int) -> list[dict]:
    """Return two rows an event: its dates in the world with it, and in the one without."""
    rows = []
    quiet = event_worlds.world(seed, ())
    for event, days in event_worlds.EVENTS.items():
        for kind, tables in (
            ("none", quiet),
            (event, event_worlds.world(seed, (event,))),
        ):
            X, truth = (event_worlds.between(table, days) for table in tables)
            rows.append({"event": event, "kind": kind} | judged(seed, X, truth))
    return rows


def judged(seed: int, X, truth) -> dict[str, float]:
    """Judge the model on some rows by the true probability of each."""
    p = event_worlds.score(seed, X)
    q, fraud = truth["probability"].to_numpy(dtype=float), truth["fraud"].to_numpy()
    floor = loss(q, q)
    return {
        "rows": len(X),
        "excess": (loss(q, p) - floor).mean(),
        "constant": (loss(q, np.full(len(q), q.mean())) - floor).mean(),
        "average_precision": average_precision_score(fraud, p) if fraud.any() else 0.0,
        "fraud_rate": q.mean(),
    }


def loss(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the expected log loss of probabilities p where the truth is q, in nats."""
    return -(q * np.log(p) + (1 - q) * np.log1p(-p))
