"""Bagging, boosting and stacking at one budget of training, on any table.

The budget counts what growing trees costs: one level of one tree over all training rows is
one unit, and each contender may use `BUDGET`. Linear model, naive Bayes and what a fit costs
before its first tree are not counted, which favours stacking.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

BUDGET = 1_000
FOLDS = 5
"""Stacking trains each member on four fifths five times, and once on all: five times over."""

DEEP, SHALLOW = 10, 4
"""Levels of a tree in a bag, and in boosting."""

TREES, ROUNDS = BUDGET // DEEP, BUDGET // SHALLOW
SHARE = BUDGET // FOLDS // 2
"""Units for each of the two tree members of the stack, one fit."""

DIALS = {
    "bagging": ("colsample_bynode", (1.0, 0.5, 0.25)),
    "boosting": ("eta", (0.02, 0.05, 0.1)),
    "stacking": ("eta", (0.05, 0.1, 0.2)),
}
"""One setting a method, three values each; the validation rows choose."""

MEMBERS = ("boosting", "forest", "linear", "naive Bayes")

_COMMON = {"max_bin": 64, "nthread": 1, "seed": 0}

Fit = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
"""From training rows and labels to a function from rows to probabilities."""


def bag(trees: int, *, colsample_bynode: float = 0.25) -> Fit:
    """Return a learner of deep trees, each on a random 63 % of the rows, averaged.

    That share of different rows is what a bootstrap sample holds on average.
    """

    def fit(X, y):
        # With squared error and no penalty a leaf says its share of positives.
        settings = _COMMON | {
            "objective": "reg:squarederror",
            "lambda": 0,
            "num_parallel_tree": trees,
            "max_depth": DEEP,
            "subsample": 0.632,
            "colsample_bynode": colsample_bynode,
            "eta": 1,
        }
        booster = xgb.train(settings, xgb.DMatrix(X, y), 1)
        # Sums in single precision may miss 0 and 1 by a hair.
        return lambda rows: np.clip(booster.predict(xgb.DMatrix(rows)), 0, 1).astype(
            float
        )

    return fit


def boost(rounds: int, *, eta: float) -> Fit:
    """Return a learner that adds shallow trees one by one."""

    def fit(X, y):
        settings = _COMMON | {
            "objective": "binary:logistic",
            "max_depth": SHALLOW,
            "eta": eta,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "min_child_weight": 3,
        }
        booster = xgb.train(settings, xgb.DMatrix(X, y), rounds)
        return lambda rows: booster.predict(xgb.DMatrix(rows)).astype(float)

    return fit


def linear() -> Fit:
    """Return a logistic regression."""

    def fit(X, y):
        model = LogisticRegression(C=0.1, solver="newton-cholesky").fit(X, y)
        return lambda rows: model.predict_proba(rows)[:, 1]

    return fit


def naive_bayes() -> Fit:
    """Return Gaussian naive Bayes."""

    def fit(X, y):
        model = GaussianNB().fit(X, y)
        return lambda rows: model.predict_proba(rows)[:, 1]

    return fit


def members(*, eta: float, times: int = 1) -> dict[str, Fit]:
    """Return the four models of a stack; `times` 5 gives each tree member half the budget.

    Parameters
    ----------
    eta : float
        Learning rate of the boosted member.
    times : int
        Factor on the sizes that fit the budget.
    """
    return {
        "boosting": boost(times * SHARE // SHALLOW, eta=eta),
        "forest": bag(times * SHARE // DEEP),
        "linear": linear(),
        "naive Bayes": naive_bayes(),
    }


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Return log odds, with probabilities cut at a millionth from 0 and 1."""
    return logit(np.clip(probability, 1e-6, 1 - 1e-6))


def out_of_fold(learners: dict[str, Fit], X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return what each learner says about rows that it was not trained on.

    Returns
    -------
    array of shape (n, learners)
    """
    said = np.zeros((len(y), len(learners)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for own, other in folds.split(X, y):
        for place, learner in enumerate(learners.values()):
            said[other, place] = learner(X[own], y[own])(X[other])
    return said


def stack(
    learners: dict[str, Fit], X: np.ndarray, y: np.ndarray, rows: np.ndarray
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Train members and two meta-models; return scores for `rows`, and the weights.

    Returns
    -------
    scores : dict of str to array of shape (rows,)
        Each member, their average (of log odds), the stack on out-of-fold predictions, and
        the stack on predictions for the members' own training rows (the leak).
    weights : DataFrame of shape (members, 2)
        Of the meta-model, a logistic regression on the members' log odds.
    """
    honest = log_odds(out_of_fold(learners, X, y))
    models = {name: learner(X, y) for name, learner in learners.items()}
    own = log_odds(np.column_stack([model(X) for model in models.values()]))
    new = np.column_stack([model(rows) for model in models.values()])
    scores = {f"member {name}": new[:, place] for place, name in enumerate(models)}
    scores["average"] = expit(log_odds(new).mean(axis=1))
    weights = {}
    for name, inputs in (("out of fold", honest), ("own rows", own)):
        meta = LogisticRegression(solver="newton-cholesky").fit(inputs, y)
        scores[f"stack, {name}"] = meta.predict_proba(log_odds(new))[:, 1]
        weights[name] = meta.coef_[0]
    return scores, pd.DataFrame(weights, index=list(models))


def contenders(
    X: np.ndarray, y: np.ndarray, train: np.ndarray, valid: np.ndarray
) -> dict[str, np.ndarray]:
    """Train everything; return the score of every row, by name.

    Parameters
    ----------
    X : array of shape (n, columns)
    y : array of shape (n,), 0 or 1
    train, valid : boolean arrays of shape (n,)
        The validation rows choose among the three values of each method's dial.

    Returns
    -------
    dict of str to array of shape (n,)
        "one tree", "bagging", "boosting", the members, average and stacks within the
        budget, and ", five times" those whose members each have the size that five times
        the budget pays for.
    """
    own, labels = X[train], y[train]

    def best(found):
        judged = [average_precision_score(y[valid], scores[valid]) for scores in found]
        return int(np.argmax(judged))

    scores = {}
    found = [bag(1, colsample_bynode=1.0)(own, labels)(X)]
    scores["one tree"] = found[0]
    _, values = DIALS["bagging"]
    found = [bag(TREES, colsample_bynode=value)(own, labels)(X) for value in values]
    scores["bagging"] = found[best(found)]
    _, etas = DIALS["boosting"]
    found = [boost(ROUNDS, eta=eta)(own, labels)(X) for eta in etas]
    scores["boosting"] = found[best(found)]
    stacks = [
        stack(members(eta=eta), own, labels, X)[0] for eta in DIALS["stacking"][1]
    ]
    scores |= stacks[best([found["stack, out of fold"] for found in stacks])]
    eta = etas[1]
    large, _ = stack(members(eta=eta, times=FOLDS), own, labels, X)
    return scores | {f"{name}, five times": score for name, score in large.items()}
