"""Exercises of the lab train/fine_tune."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("train/fine_tune")

lab.predict("gain", options=("higher", "lower", "tie", "undecided"))
lab.predict("kept", options=("more than 0.9", "0.5 to 0.9", "less than 0.5"))


# Exercise 1: only these answers --------------------------------------------------------------


def _among(scores, y, allowed):
    allowed = np.asarray(allowed)
    return float(np.mean(allowed[np.asarray(scores)[:, allowed].argmax(axis=1)] == y))


def _kept_rows(scores, y, allowed):
    answers = np.asarray(scores).argmax(axis=1)
    keep = np.isin(answers, allowed)
    return float(np.mean(answers[keep] == np.asarray(y)[keep])) if keep.any() else 0.0


def _digits_of(scores, y, allowed):
    keep = np.isin(y, allowed)
    if not keep.any():
        return 0.0
    return _among(np.asarray(scores)[keep], np.asarray(y)[keep], allowed)


_SCORES = np.array(
    [
        [0.1, 0.3, 0.0, 0.6],
        [0.2, 0.1, 0.3, 0.4],
        [0.5, 0.3, 0.1, 0.1],
        [0.0, 0.2, 0.7, 0.1],
        [-2.0, -1.0, -3.0, -0.5],
    ]
)

lab.function(
    "only these answers",
    cases=(
        (_SCORES, np.array([1, 2, 0, 2, 1]), [0, 1, 2]),
        (_SCORES, np.array([1, 2, 1, 2, 1]), [1, 2]),
        (_SCORES, np.array([3, 3, 0, 2, 3]), [2, 3]),
        (_SCORES, np.array([3, 3, 0, 2, 3]), [0, 1, 2, 3]),
        (_SCORES, np.array([3, 3, 0, 1, 1]), [3, 1]),
        (_SCORES[:1], np.array([0]), [0]),
    ),
    right=_among,
    mistakes={
        "any_answer": (
            "You let it answer any digit, also those that are not allowed.",
            lambda s, y, a: float(np.mean(np.asarray(s).argmax(axis=1) == y)),
        ),
        "column_as_digit": (
            "`argmax` over some columns gives a place among these columns. Turn it into a digit.",
            lambda s, y, a: float(np.mean(np.asarray(s)[:, a].argmax(axis=1) == y)),
        ),
        "rows_left_out": (
            "You leave out the images whose first answer is not allowed. They are to be asked again.",
            _kept_rows,
        ),
        "labels_left_out": (
            "You leave out images whose true digit is not allowed. They count, as wrong answers.",
            _digits_of,
        ),
        "count": (
            "That is a number of images. Give the share.",
            lambda s, y, a: float(len(y) * _among(s, y, a)),
        ),
    },
    hints=(
        "Which columns may be looked at? And what does the number mean that argmax gives?",
        "`best = scores[:, allowed].argmax(axis=1)`; then `allowed[best]` is the digit, if `allowed` is an array.",
        "`np.mean(np.asarray(allowed)[best] == y)`.",
    ),
    praise="Report both numbers: what it says when asked freely, and what it knows when told the task.",
)


# Exercise 2: on an equal footing -------------------------------------------------------------


def _old_at(history, level):
    return next((old for new, old in history if new >= level), None)


def _after(history, level):
    return next((old for new, old in history if new > level), None)


def _swapped(history, level):
    return next((new for new, old in history if old >= level), None)


# The best old accuracy is at neither the first nor the last pass that gets there, nor at the best new one.
_PATH = [
    (0.40, 0.95),
    (0.70, 0.80),
    (0.90, 0.55),
    (0.85, 0.60),
    (0.96, 0.40),
    (0.93, 0.97),
    (0.95, 0.30),
]


lab.function(
    "on an equal footing",
    cases=(
        (_PATH, 0.9),
        (_PATH, 0.8),
        (_PATH, 0.95),
        (_PATH, 0.97),
        (_PATH, 0.0),
        (_PATH[:1], 0.4),
        ([], 0.9),
        ([(0.5, 0.0), (0.9, 0.7)], 0.5),
    ),
    right=_old_at,
    mistakes={
        "last": (
            "You take the last pass. By then each method has learned a different amount.",
            lambda h, level: h[-1][1] if h and h[-1][0] >= level else None,
            lambda h, level: h[-1][1] if h else None,
        ),
        "above": (
            "*At least* the level: an accuracy equal to it has reached it.",
            _after,
        ),
        "new_returned": (
            "You return the new accuracy. The old one is asked for.",
            lambda h, level: next((new for new, _ in h if new >= level), None),
        ),
        "swapped": (
            "The pairs are (new, old): the new accuracy has to reach the level.",
            _swapped,
        ),
        "best_old": (
            "You take the best old accuracy of all passes that reach the level. A later pass may "
            "recover by chance; take the first.",
            lambda h, level: max((old for new, old in h if new >= level), default=None),
        ),
        "closest": (
            "You take the pass that is closest to the level. It may lie below.",
            lambda h, level: min(h, key=lambda p: abs(p[0] - level))[1] if h else None,
        ),
        "zero": (
            "Never reached is not an accuracy of 0. Return None.",
            lambda h, level: next((old for new, old in h if new >= level), 0.0),
        ),
    },
    hints=(
        "Go through the passes in their order. When do you stop?",
        "`for new, old in history:` and return as soon as new is large enough; after the loop, None.",
    ),
    praise="An arm that never gets there has no old accuracy to be proud of: it is counted, not averaged.",
)


# Exercise 3: where did it forget? ------------------------------------------------------------

lab.match(
    "where did it forget?",
    right={"a": "outputs", "b": "hidden", "c": "not learned", "d": "fine"},
    options=("outputs", "hidden", "not learned", "fine"),
    mistakes={
        "put_back_overlooked": (
            "Model a: with the old outputs put back, it reads 95 of 100. Can the hidden layer have lost it?",
            "a",
        ),
        "put_back_fell_too": (
            "Model b: the old outputs are back, and still it reads 38 of 100. What has changed lies below them.",
            "b",
        ),
        "new_overlooked": (
            "Model c: look at the last column. What has it learned?",
            "c",
        ),
        "perfect_expected": (
            "Model d reads both tasks nearly as well as can be.",
            "d",
        ),
    },
    hints=(
        "Look at the new accuracy first: a model that has learned nothing has nothing to forget for.",
        "Then compare the two old numbers. Old outputs that read well when put back find what they need.",
    ),
    praise="Three numbers, and you know where to mend. The old outputs bring a back; b is changed below them.",
)
