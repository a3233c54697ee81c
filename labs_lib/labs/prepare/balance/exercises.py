"""Exercises of the lab prepare/balance."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("prepare/balance")

lab.predict("smote", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: one synthetic fraud ---------------------------------------------------------

_ROW = np.array([1.0, 2.0, 4.0])
_NEIGHBOURS = np.array([[2.0, 2.0, 2.0], [1.0, 6.0, 4.0], [-3.0, 1.0, 5.0]])


def _places(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each point the neighbour whose line it is on (-1 for none) and its weight."""
    step = _NEIGHBOURS - _ROW
    weight = (points - _ROW) @ step.T / (step**2).sum(axis=1)
    off = np.abs(points[:, None] - (_ROW + weight[..., None] * step)).max(axis=2)
    nearest = off.argmin(axis=1)
    every = np.arange(len(points))
    which = np.where(off[every, nearest] < 1e-9, nearest, -1)
    return which, weight[every, nearest]


def _in_boxes(points: np.ndarray) -> bool:
    """Say whether each point lies in the box between the row and one of its neighbours."""
    low, high = np.minimum(_ROW, _NEIGHBOURS), np.maximum(_ROW, _NEIGHBOURS)
    inside = (points[:, None] >= low - 1e-9) & (points[:, None] <= high + 1e-9)
    return bool(inside.all(axis=2).any(axis=1).all())


@lab.exercise(
    "one synthetic fraud",
    hints=(
        "A point on a line from a to b is a + w * (b - a). Which values may w have?",
        "Draw one neighbour with `rng.integers(len(neighbours))`, and one number with "
        "`rng.random()` for the whole row.",
        "`row + rng.random() * (neighbours[i] - row)`",
    ),
    misconceptions={
        "shape": "The answer should be one row like the given one, with {columns} numbers; yours has "
        "the shape {shape}.",
        "box": "Each column has its own weight, so the point lies in the box between the two rows, "
        "not on the line. SMOTE draws one weight for the whole row.",
        "outside": "Some of your points lie beyond the row or its neighbour: weights from {low:.2f} "
        "to {high:.2f}. They should be between 0 and 1.",
        "one_neighbour": "All of your points go to the same neighbour. Draw one each time.",
        "never_drawn": "In 300 draws, neighbour {missing} was never chosen (the first is number 0). "
        "Look at the range of your draw.",
        "middle": "All of your points have the same weight, {weight:.2f}. Draw it each time.",
        "gaps": "In 300 draws, no point has a weight between {low:.1f} and {high:.1f}. Any place on the "
        "line should be possible.",
        "not_random": "You do not use the generator that is given: the same seed has to give the same "
        "point, and another seed another one.",
        "other": "Your points lie on no line between the row and one of its neighbours.",
    },
    praise="This is all that SMOTE knows: two frauds, and everything between them.",
)
def ex1(synthetic: Callable) -> Wrong | None:
    """Any point on the line to a random neighbour passes."""

    def draw(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return np.asarray(synthetic(_ROW.copy(), _NEIGHBOURS.copy(), rng), dtype=float)

    first = draw(0)
    if first.shape != _ROW.shape:
        return wrong("shape", columns=len(_ROW), shape=first.shape)
    points = np.array([draw(seed) for seed in range(300)])
    if not np.array_equal(first, points[0]):
        return wrong("not_random")
    which, weight = _places(points)
    if (which < 0).any():
        spread = len(np.unique(points.round(9), axis=0)) > 150
        return wrong("box" if spread and _in_boxes(points) else "other")
    if (weight < -1e-9).any() or (weight > 1 + 1e-9).any():
        return wrong("outside", low=weight.min(), high=weight.max())
    if len(np.unique(weight.round(6))) == 1:
        return wrong("middle", weight=weight[0])
    drawn = set(which.tolist())
    if len(drawn) == 1:
        return wrong("one_neighbour")
    if len(drawn) < len(_NEIGHBOURS):
        return wrong("never_drawn", missing=min(set(range(len(_NEIGHBOURS))) - drawn))
    tenths, _ = np.histogram(weight, bins=10, range=(0, 1))
    if not tenths.all():
        empty = int(tenths.argmin())
        return wrong("gaps", low=empty / 10, high=(empty + 1) / 10)
    return None


# Exercise 2: back to a probability -------------------------------------------------------


def _corrected(score: np.ndarray, kept: float) -> np.ndarray:
    return kept * score / (kept * score + 1 - score)


_SCORES = np.linspace(0.01, 0.99, 40)

lab.function(
    "back to a probability",
    cases=(
        (_SCORES, 0.1),
        (_SCORES, 0.01),
        (_SCORES[:1], 0.1),
        (np.array([0.0, 0.5]), 0.25),
        (_SCORES, 1.0),
    ),
    right=_corrected,
    mistakes={
        "multiplied": (
            "You multiplied the score by `kept`. A score of 1 would become `kept`: but what is "
            "certain in the sample is certain outside it. Multiply the odds.",
            lambda score, kept: score * kept,
        ),
        "forward": (
            "You made the score larger. Undersampling made honest rows look rarer, so the real "
            "probability is smaller.",
            lambda score, kept: score / (score + kept * (1 - score)),
            lambda score, kept: score / kept,
            lambda score, kept: np.minimum(score / kept, 1),
        ),
        "shifted": (
            "Your answer depends on the other scores. A probability does not: correct each one by "
            "itself.",
            lambda score, kept: score * kept / score.mean(),
            lambda score, kept: score * kept / score.sum(),
            lambda score, kept: score * kept / (score * kept).max(),
        ),
        "odds": (
            "These are odds, not probabilities. Turn them back: odds divided by one plus odds.",
            lambda score, kept: kept * score / (1 - score),
        ),
    },
    hints=(
        "Think in odds: p / (1 - p). Keeping a tenth of the honest rows multiplies the odds of fraud "
        "by ten.",
        "Multiply the odds of the score by `kept`, then turn the odds into a probability again.",
        "`odds = kept * score / (1 - score)`, then `odds / (1 + odds)`; or "
        "`kept * score / (kept * score + 1 - score)`.",
    ),
    praise="The order does not change, so neither does average precision; only the level comes back.",
)


# Exercise 3: which of these leak? ---------------------------------------------------------


lab.match(
    "which of these leak?",
    right={"b", "d"},
    options="abcd",
    mistakes={
        "misses_b": (
            "In b the test month holds children of training frauds, and training months children of "
            "test frauds: time does not separate what was made from both sides.",
            "b",
        ),
        "misses_d": (
            "In d the test set is clean, but look at the cross-validation: the fold that is held out "
            "holds children of rows in the other folds. The depth is chosen by scores of such rows.",
            "d",
        ),
        "a_is_clean": (
            "a is clean: the test month is split off before anything is made.",
            "a",
        ),
        "c_is_clean": (
            "c is clean: in each fold, only the training part is balanced.",
            "c",
        ),
    },
    hints=(
        "For each recipe, find every row that is judged, in a test set or in a fold. Was its copy, "
        "parent or child among the rows that trained?",
        "In a cross-validation the part that is held out plays the test set. Was anything made from "
        "it before it was held out?",
        "Two of the four balance before something is held out.",
    ),
    praise="b leaks into the test set, d into the folds that choose the depth. A pipeline avoids "
    "both: imbalanced-learn's `make_pipeline` resamples inside each fold.",
)
