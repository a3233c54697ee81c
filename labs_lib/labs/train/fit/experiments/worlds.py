"""Each remedy against overfitting, alone, together and left out, in independent worlds.

A world is a fresh draw of the table of known causes, in which a payment's true probability
of fraud is known: the error of a model is its squared distance from that.
"""

from dataclasses import replace

import numpy as np
from sklearn.metrics import roc_auc_score

from labs_lib import payments
from labs_lib.labs.train.fit import shared as remedies

REPEATS = 24

N_TRAIN, N_VALID, N_TEST = 1_000, 250, 4_000
MORE = 4
"""Times as many rows to train on: the remedy "more data"."""


def repeat(seed: int) -> list[dict]:
    """Train every combination in the world of this seed; one row a model and measure."""
    task, truth, y, more = world(seed)
    models = {"nothing (overfit)": remedies.fit(remedies.Recipe(), task)}
    gain = models["nothing (overfit)"].gain
    chosen = {}
    for remedy in remedies.REMEDIES:
        recipes = remedies.candidates(remedy, remedies.Recipe(), gain)
        chosen[remedy], models[remedy] = remedies.best(recipes, task)
    everything = remedies.merged(chosen)
    models["more data"] = remedies.fit(remedies.Recipe(), replace(task, train=more))
    models["all"] = remedies.fit(everything, task)
    models["all, more data"] = remedies.fit(everything, replace(task, train=more))
    for remedy in remedies.REMEDIES:
        rest = {name: recipe for name, recipe in chosen.items() if name != remedy}
        models[f"all but {remedy}"] = remedies.fit(remedies.merged(rest), task)
    models["all, tuned together"] = remedies.retuned(task, gain)

    rows = []
    for name, model in models.items():
        measures = {
            "error": 1_000 * float(np.mean((model.test - truth) ** 2)),
            "watched": 1_000 * remedies.watched_error(model, task),
            "brier": 1_000 * float(np.mean((model.test - y) ** 2)),
            "auc": roc_auc_score(y, model.test),
        }
        # The model that saw more data is judged on other training rows.
        if "more data" not in name:
            own = 1_000 * float(np.mean((model.train - task.train[1]) ** 2))
            measures["own"] = own
        rows += [{"model": name, "measure": m, "value": v} for m, v in measures.items()]
    constant = 1_000 * float(np.mean((task.train[1].mean() - truth) ** 2))
    noise = 1_000 * float(np.mean(truth * (1 - truth)))
    return [
        *rows,
        {"model": "always the mean", "measure": "error", "value": constant},
        {"model": "the truth", "measure": "brier", "value": noise},
    ]


def world(seed: int) -> tuple[remedies.Task, np.ndarray, np.ndarray, tuple]:
    """Return the task, truth and labels of its test rows, and the larger training set."""
    first = N_TRAIN + N_VALID
    more = (MORE - 1) * N_TRAIN
    X, y, truth = payments.causes(n=first + more + N_TEST, seed=seed)
    table = payments.causes_as_numbers(X)
    A, y, truth = table.to_numpy(dtype=np.float32), y.to_numpy(float), truth.to_numpy()
    train, valid = slice(0, N_TRAIN), slice(N_TRAIN, first)
    larger = np.r_[0:N_TRAIN, first : first + more]
    test = slice(first + more, None)
    dummies = ("channel_", "merchant_category_")
    numeric = np.array([not name.startswith(dummies) for name in table.columns])
    task = remedies.Task(
        train=(A[train], y[train]),
        valid=(A[valid], y[valid]),
        test=A[test],
        numeric=numeric,
        objective="binary:logistic",
    )
    return task, truth[test], y[test], (A[larger], y[larger])
