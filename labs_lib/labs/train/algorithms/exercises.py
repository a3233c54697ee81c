"""Exercises of the lab train/algorithms."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("train/algorithms")

lab.predict("claim", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: who sees the unit? ----------------------------------------------------------

lab.match(
    "who sees the unit?",
    right={"a", "d"},
    options="abcd",
    mistakes={
        "neighbours": (
            "Think of k-NN again: which neighbours are the nearest, if one input counts a thousand "
            "times as much in every distance?",
            "a",
        ),
        "cuts": (
            "Think of the forest again: it cuts a wide input more often than a narrow one. Where do "
            "its cuts go now?",
            "d",
        ),
        "sum": (
            "Linear Learner standardizes first. What is left of the unit when each input has mean "
            "0 and standard deviation 1?",
            "b",
        ),
        "trees": (
            "A tree of XGBoost asks whether an input is above a border. If input and border are "
            "both multiplied, which payments change sides?",
            "c",
        ),
    },
    hints=(
        "Ask of each algorithm: does it compare inputs with one another, or each input only with "
        "itself?",
        "Distances and boxes mix the inputs. A border in one input does not.",
        "Two of the four see it.",
    ),
    praise="Distances and random cuts depend on the width of an input; borders and standardized "
    "sums do not. So standardize before k-NN and Random Cut Forest, with the numbers of the "
    "training rows.",
)


# Exercise 2: choose here, judge there ----------------------------------------------------


def _recall(y: np.ndarray, score: np.ndarray, threshold: float) -> float:
    return float((score[y == 1] >= threshold).mean())


def _good(y: np.ndarray, score: np.ndarray, target: float) -> list[float]:
    return [float(t) for t in np.unique(score) if y[score >= t].mean() >= target]


def _right(y_valid, score_valid, y_test, score_test, target) -> float:
    found = _good(y_valid, score_valid, target)
    return _recall(y_test, score_test, min(found)) if found else 0.0


def _first_dip(y_valid, score_valid, y_test, score_test, target) -> float:
    recall = 0.0
    for t in np.unique(score_valid)[::-1]:
        if y_valid[score_valid >= t].mean() < target:
            break
        recall = _recall(y_test, score_test, t)
    return recall


def _highest(y_valid, score_valid, y_test, score_test, target) -> float:
    found = _good(y_valid, score_valid, target)
    return _recall(y_test, score_test, max(found)) if found else 0.0


def _row_by_row(y_valid, score_valid, y_test, score_test, target) -> float:
    order = np.argsort(-score_valid, kind="stable")
    precision = np.cumsum(y_valid[order]) / np.arange(1, len(order) + 1)
    found = score_valid[order][precision >= target]
    return _recall(y_test, score_test, found.min()) if len(found) else 0.0


def _precision_there(y_valid, score_valid, y_test, score_test, target) -> float:
    found = _good(y_valid, score_valid, target)
    return float(y_test[score_test >= min(found)].mean()) if found else 0.0


def _above_only(y_valid, score_valid, y_test, score_test, target) -> float:
    found = _good(y_valid, score_valid, target)
    return float((score_test[y_test == 1] > min(found)).mean()) if found else 0.0


_SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
_LATER = np.array([0.95, 0.85, 0.7, 0.65, 0.45, 0.4, 0.15, 0.05])
# In each case the last payment above the right threshold is a fraud: whoever takes the highest of
# the thresholds with the largest recall comes to the same one.
_CASES = (
    # The precision falls below the target and recovers; the threshold is a score of both months.
    (
        np.array([1, 0, 1, 1, 1, 0, 0, 1]),
        _SCORES,
        np.array([1, 0, 0, 1, 0, 1, 1, 0]),
        _LATER,
        0.75,
    ),
    # Reached exactly at 0.6; the test month would allow another threshold.
    (
        np.array([1, 1, 0, 0, 1, 0, 0, 0]),
        _SCORES,
        np.array([1, 1, 1, 1, 0, 1, 1, 0]),
        _LATER,
        0.6,
    ),
    # Equal scores: payments are alerted together or not at all.
    (
        np.array([1, 1, 0, 0, 0, 1, 0, 0]),
        np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1]),
        np.array([1, 0, 1, 1, 0, 0, 1, 0]),
        np.array([0.95, 0.85, 0.7, 0.5, 0.45, 0.4, 0.15, 0.05]),
        0.6,
    ),
    # No threshold reaches the target, though one would in the test month.
    (
        np.array([0, 0, 0, 0, 1, 0, 0, 0]),
        _SCORES,
        np.array([1, 1, 0, 0, 0, 0, 0, 0]),
        _LATER,
        0.5,
    ),
    # Every score is far below one half, and the payments are in no order.
    (
        np.array([0, 1, 0, 1, 0, 0]),
        np.array([0.01, 0.06, 0.05, 0.04, 0.02, 0.03]),
        np.array([0, 1, 0, 1, 1, 0]),
        np.array([0.04, 0.05, 0.06, 0.03, 0.02, 0.01]),
        0.65,
    ),
)

lab.function(
    "choose here, judge there",
    cases=_CASES,
    right=_right,
    mistakes={
        "on_test": (
            "You chose the threshold on the test month. There it fits by construction; at work you "
            "will not know the labels when you choose.",
            lambda yv, sv, yt, st, target: _right(yt, st, yt, st, target),
        ),
        "judged_here": (
            "You judge on the month on which you chose. Choose there, and return the recall of the "
            "test month.",
            lambda yv, sv, yt, st, target: _right(yv, sv, yv, sv, target),
        ),
        "first_dip": (
            "You stop where the precision first falls below the target. It may recover at a lower "
            "threshold, where more frauds are found. Look at every threshold.",
            _first_dip,
        ),
        "highest": (
            "You take the highest of the thresholds that suffice. It is the most careful one; the "
            "lowest finds more frauds at a precision that is still good enough.",
            _highest,
        ),
        "half": (
            "You use one half. The question is which threshold reaches the precision.",
            lambda yv, sv, yt, st, target: _recall(yt, st, 0.5),
        ),
        "ties": (
            "Payments with equal scores are alerted together or not at all. You cut between them.",
            _row_by_row,
        ),
        "precision": (
            "That is the precision in the test month. Return the recall: of its frauds, the share "
            "that is alerted.",
            _precision_there,
        ),
        "at_least": (
            "A payment whose score equals the threshold is alerted too.",
            _above_only,
        ),
    },
    hints=(
        "Each score of the validation month is a possible threshold. What is the precision of its "
        "alerts?",
        "Keep the thresholds whose precision is at least the target, and take the lowest. What if "
        "none is left?",
        "`[t for t in np.unique(score_valid) if y_valid[score_valid >= t].mean() >= target]`, then "
        "`min`; the recall is `(score_test[y_test == 1] >= t).mean()`.",
    ),
    praise="This is Linear Learner's criterion `recall_at_target_precision`.",
)


# Exercise 3: looks for the unusual -------------------------------------------------------


def _shared(known, strange, looks, reserved) -> set:
    chosen = [int(i) for i in np.argsort(-known, kind="stable")[: looks - reserved]]
    left = [int(i) for i in np.argsort(-strange, kind="stable") if i not in chosen]
    return {*chosen, *left[:reserved]}


def _overlapping(known, strange, looks, reserved) -> set:
    first, second = (
        np.argsort(-known, kind="stable")[: looks - reserved],
        np.argsort(-strange, kind="stable")[:reserved],
    )
    return {*map(int, first), *map(int, second)}


_RNG = np.random.default_rng(0)
_KNOWN = np.array([0.9, 0.1, 0.8, 0.3, 0.7, 0.2, 0.05, 0.6])
_STRANGE = np.array([1.6, 0.9, 0.5, 1.5, 0.6, 1.2, 0.8, 1.4])

lab.function(
    "looks for the unusual",
    cases=(
        (_KNOWN, _STRANGE, 4, 2),
        (_KNOWN, _STRANGE, 5, 1),
        (_KNOWN, _STRANGE, 3, 0),
        (_KNOWN, _STRANGE, 3, 3),
        (_KNOWN, _STRANGE, 8, 3),
        (_RNG.permutation(40) / 40, _RNG.permutation(40) / 40 - 0.9, 15, 6),
        (_RNG.permutation(40) / 40, _RNG.permutation(40) - 20.0, 30, 20),
    ),
    right=_shared,
    mistakes={
        "overlap": (
            "Some payments stand high in both rankings, and yours are then looked at twice: a look "
            "is lost. Leave out what the first score has taken.",
            _overlapping,
        ),
        "forest_first": (
            "You let the second score choose first. What both would choose then uses up its looks.",
            lambda known, strange, looks, reserved: _shared(
                strange, known, looks, looks - reserved
            ),
        ),
        "sum": (
            "You add two scores of different kinds. A probability and an anomaly score have no "
            "common unit: the one that spreads more decides alone.",
            lambda known, strange, looks, reserved: _shared(
                known + strange, strange, looks, 0
            ),
        ),
        "exchanged": (
            "You gave the reserved looks to the first score, and the rest to the second.",
            lambda known, strange, looks, reserved: _shared(
                known, strange, looks, looks - reserved
            ),
        ),
        "too_many": (
            "You return more payments than there are looks: the reserved ones are part of them.",
            lambda known, strange, looks, reserved: _shared(
                known, strange, looks + reserved, reserved
            ),
        ),
        "lowest": (
            "You take the payments with the lowest scores. In both, high means suspicious.",
            lambda known, strange, looks, reserved: _shared(
                -known, -strange, looks, reserved
            ),
        ),
    },
    hints=(
        "`looks - reserved` payments by the first score. Which of the others are the strangest?",
        "`np.argsort(-score)` gives positions from the highest score down.",
        "Set `strange` to minus infinity at the positions that are taken, in a copy; then the "
        "reserved looks go to its highest values.",
    ),
    praise="Each score is compared only with itself, so their units do not matter.",
)
