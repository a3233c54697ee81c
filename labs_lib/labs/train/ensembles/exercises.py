"""Exercises of the lab train/ensembles."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/ensembles")

lab.predict("stacking", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: how many trees? -----------------------------------------------------------------

_CASES = [
    (0.05, 0.1),
    (0.3, 0.05),
    (0.5, 0.25),
    (0.9, 0.5),
    (1.0, 0.1),
    (0.02, 0.01),
    (0.3, 0.7),
]


def _trees(rho: float, share: float) -> int:
    trees = 1
    while rho + (1 - rho) / trees > rho * (1 + share) * (1 + 1e-12):
        trees += 1
    return trees


def _one(value: object) -> object:
    """Return one number, in whatever form, as a float or int, and all else as it is."""
    try:
        number = float(np.asarray(value, dtype=float).reshape(()))
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number


@lab.exercise(
    "how many trees?",
    hints=(
        "`V` stands in both parts, so it cancels. Compare the part that goes away with the part "
        "that stays.",
        "The part that goes away, `(1 - rho) / B`, may be at most `share * rho`. Solve for `B`.",
        "`(1 - rho) / (rho * share)`, rounded up, and at least 1.",
    ),
    misconceptions={
        "independent": "You let the variance fall like one over the number of trees, as if they "
        "were independent. Part of it never falls: compare with the floor.",
        "absolute": "You compare the part that goes away with `share` itself. It is a share of the "
        "floor, and the floor is `rho`.",
        "down": "You round down, so the last bag is still above the limit. Round up.",
        "none": "Trees that are perfectly correlated gain nothing, but a bag has at least 1 tree. "
        "Yours returned {got}.",
        "whole": "Return a whole number of trees. Yours returned {got}.",
        "whole variance": "You let the whole variance go away, and then compare it with the floor. "
        "Only the part `1 - rho` of it goes away.",
        "other": "For rho = {rho:g} and share = {share:g} expected {expected} trees; yours gave "
        "{got}.",
    },
    praise="The less alike the trees, the lower the floor and the more trees it takes to reach it.",
)
def ex1(trees_needed: Callable) -> Wrong | None:
    """Compare with counting upwards."""
    got = [_one(trees_needed(rho, share)) for rho, share in _CASES]
    expected = [_trees(rho, share) for rho, share in _CASES]
    if got == expected:
        return None
    for value in got:
        if not isinstance(value, int):
            return wrong("whole", got=value)
    others = [i for i, (rho, _) in enumerate(_CASES) if rho < 1]
    if all(got[i] == expected[i] for i in others):
        return wrong("none", got=got[4])

    def matches(mistake: Callable[[float, float], float]) -> bool:
        return all(got[i] == mistake(*_CASES[i]) for i in others)

    if matches(lambda rho, share: np.ceil(1 / share - 1e-9)) or matches(
        lambda rho, share: np.ceil(1 / (rho * (1 + share)) - 1e-9)
    ):
        return wrong("independent")
    if matches(lambda rho, share: max(1, np.ceil((1 - rho) / share - 1e-9))):
        return wrong("absolute")
    if matches(lambda rho, share: np.ceil(1 / (rho * share) - 1e-9)):
        return wrong("whole variance")
    if matches(lambda rho, share: max(1, (1 - rho) / (rho * share) // 1)) or matches(
        lambda rho, share: (1 - rho) / (rho * share) // 1
    ):
        return wrong("down")
    bad = next(i for i in range(len(_CASES)) if got[i] != expected[i])
    rho, share = _CASES[bad]
    return wrong("other", rho=rho, share=share, expected=expected[bad], got=got[bad])


# Exercise 2: out of fold -----------------------------------------------------------------------


def _nearest(X: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A learner that memorizes: the label of the nearest row."""

    def predict(rows: np.ndarray) -> np.ndarray:
        distance = np.abs(np.asarray(rows)[:, None, 0] - X[None, :, 0])
        return y[np.argmin(distance, axis=1)].astype(float)

    return predict


def _task() -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    rng = np.random.default_rng(0)
    X, y = rng.random((24, 1)), rng.normal(size=24)
    order = rng.permutation(24)
    return X, y, [(np.setdiff1d(order, part), part) for part in np.split(order, 4)]


def _held_out(learner, X, y, folds):
    said = np.zeros(len(y))
    for own, other in folds:
        said[other] = learner(X[own], y[own])(X[other])
    return said


def _own_rows(learner, X, y, folds):
    return learner(X, y)(X)


def _in_order_of_folds(learner, X, y, folds):
    return np.concatenate([learner(X[own], y[own])(X[other]) for own, other in folds])


def _swapped(learner, X, y, folds):
    said = np.zeros(len(y))
    for own, other in folds:
        said[own] = learner(X[other], y[other])(X[own])
    return said


def _averaged(learner, X, y, folds):
    return np.mean([learner(X[own], y[own])(X) for own, _ in folds], axis=0)


@lab.exercise(
    "out of fold",
    hints=(
        "One model a fold. It is trained on the first part of the pair and asked about the second.",
        "Make an array of zeros, one a row, and fill in the places of the second part.",
        "`said[other_rows] = learner(X[train_rows], y[train_rows])(X[other_rows])`.",
    ),
    misconceptions={
        "own": "Each row is predicted by a model that has seen it: that is the leak. A learner "
        "that memorizes looks perfect in your answer.",
        "order": "The predictions are right but stand in the order of the folds. The labels are in "
        "the order of the rows: write each prediction to its row.",
        "swapped": "You train on the small part and predict the large one, and most rows are "
        "predicted more than once.",
        "averaged": "You average the models of all folds for each row; most of them have seen it. "
        "Take the one that has not.",
        "length": "Return one prediction for each of the {n} rows. Yours has the shape {got}.",
        "other": "Row {row} should be predicted by the model of the fold in which it is left out.",
    },
    praise="No row was predicted by a model that has seen it.",
)
def ex2(out_of_fold: Callable) -> Wrong | None:
    """Use a learner that memorizes, so that every leak shows."""
    X, y, folds = _task()
    got = np.asarray(
        out_of_fold(_nearest, X.copy(), y.copy(), list(folds)), dtype=float
    )
    if got.shape != y.shape:
        return wrong("length", n=len(y), got=got.shape)
    expected = _held_out(_nearest, X, y, folds)
    if np.allclose(got, expected):
        return None
    for key, mistake in (
        ("own", _own_rows),
        ("order", _in_order_of_folds),
        ("swapped", _swapped),
        ("averaged", _averaged),
    ):
        if np.allclose(got, mistake(_nearest, X, y, folds)):
            return wrong(key)
    return wrong("other", row=int(np.argmax(~np.isclose(got, expected))))
