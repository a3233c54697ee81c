"""Exercises of the lab train/metrics."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/metrics")

lab.predict("cost_of_f1", options=("higher", "lower", "no difference shown"))


# Exercise 1: precision from a ROC curve --------------------------------------------------

_POINTS = [(0.8, 0.1, 0.5), (0.8, 0.1, 0.01), (0.5, 0.02, 0.2), (1.0, 1.0, 0.3)]


@lab.exercise(
    "precision from a ROC curve",
    hints=(
        "Imagine 10,000 payments. How many are fraud, and how many of those are found? How many "
        "honest ones are alerted?",
        "Found frauds are a share `tpr * rate` of all payments, false alerts a share "
        "`fpr * (1 - rate)`.",
        "Precision is found frauds divided by all alerts: "
        "`tpr * rate / (tpr * rate + fpr * (1 - rate))`.",
    ),
    misconceptions={
        "no_rate": "Your answer does not change with the fraud rate. A ROC curve does not know the "
        "rate; a precision does: with few frauds, the same `fpr` means many more false alerts.",
        "fpr_of_all": "You took `fpr` as a share of all payments. It is a share of the honest ones, "
        "and those are `1 - rate` of all.",
        "complement": "You took 1 - `fpr`. That is the share of honest payments left in peace; "
        "precision compares found frauds with false alerts.",
        "other": "At tpr {tpr:g}, fpr {fpr:g} and a rate of {rate:g}, expected {expected:.3f}; "
        "yours gave {got:.3f}.",
    },
    praise="The same point of a ROC curve means a different precision for every fraud rate.",
)
def ex1(precision_at: Callable) -> Wrong | None:
    """Any function with the right values passes."""
    got = np.array([float(precision_at(*point)) for point in _POINTS])
    tpr, fpr, rate = np.array(_POINTS).T
    expected = tpr * rate / (tpr * rate + fpr * (1 - rate))
    if np.allclose(got, expected):
        return None
    if np.isclose(got[0], got[1]):
        return wrong("no_rate")
    if np.allclose(got, tpr * rate / (tpr * rate + fpr)):
        return wrong("fpr_of_all")
    with np.errstate(divide="ignore", invalid="ignore"):
        if np.allclose(got, tpr * rate / (tpr * rate + (1 - fpr) * (1 - rate))):
            return wrong("complement")
    bad = int(np.flatnonzero(~np.isclose(got, expected))[0])
    place = dict(zip(("tpr", "fpr", "rate"), _POINTS[bad], strict=True))
    return wrong("other", expected=expected[bad], got=got[bad], **place)


# Exercise 2: precision at a target recall ------------------------------------------------

_SCORE = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.55, 0.3, 0.2, 0.15, 0.1])
_CASES = [
    (np.array([0, 1, 1, 0, 1, 1, 0, 0, 0, 1]), _SCORE, 0.6),
    (np.array([1, 1, 0, 0, 1, 0, 1, 0, 0, 0]), _SCORE, 0.75),
    (np.array([0, 0, 1, 1, 0, 0, 0, 1, 0, 0]), _SCORE, 0.3),
]


def _at(y: np.ndarray, score: np.ndarray, threshold: float) -> tuple[float, float]:
    """Return precision and recall of the alerts at a threshold."""
    alert = score >= threshold
    hits = (alert & (y == 1)).sum()
    return hits / max(alert.sum(), 1), hits / (y == 1).sum()


def _highest_threshold(y: np.ndarray, score: np.ndarray, target: float) -> float:
    return max(t for t in score if _at(y, score, t)[1] >= target)


def _recall_at_precision(y: np.ndarray, score: np.ndarray, target: float) -> float:
    enough = [t for t in score if _at(y, score, t)[0] >= target]
    return max(enough, key=lambda t: _at(y, score, t)[1]) if enough else np.inf


@lab.exercise(
    "precision at a target recall",
    hints=(
        "Which thresholds find enough frauds? Among those, which has the highest precision?",
        "`precision_recall_curve` returns one more precision and recall than thresholds; the last "
        "pair belongs to no threshold.",
        "Keep `thresholds[recall[:-1] >= target]`, and take the one where `precision[:-1]` is "
        "largest.",
    ),
    misconceptions={
        "value": "You return the precision. Linear Learner needs the threshold that gives it.",
        "other_criterion": "This is `recall_at_target_precision`: it keeps a precision and "
        "maximizes recall. Here recall is kept, and precision is maximized.",
        "first": "You take the highest threshold whose recall suffices. Precision may be higher "
        "further down, where more frauds follow: look at all of them.",
        "recall": "At your threshold {got:g} the recall is {recall:.2f}, which is below the target "
        "{target:g}.",
        "other": "At your threshold {got:g} the precision is {precision:.3f}; {best:.3f} is "
        "possible with enough recall.",
    },
    praise="Any threshold with that precision passes; Linear Learner searches the same way.",
)
def ex2(precision_at_target_recall: Callable) -> Wrong | None:
    """Any threshold with the best precision at enough recall passes."""
    got = [
        float(precision_at_target_recall(y.copy(), score.copy(), target))
        for y, score, target in _CASES
    ]
    best = [
        max(_at(y, score, t)[0] for t in score if _at(y, score, t)[1] >= target)
        for y, score, target in _CASES
    ]
    reached = [_at(y, score, g) for (y, score, _), g in zip(_CASES, got, strict=True)]
    if all(
        r >= case[2] and np.isclose(p, b)
        for (p, r), case, b in zip(reached, _CASES, best, strict=True)
    ):
        return None
    if np.allclose(got, best):
        return wrong("value")
    if np.allclose(got, [_recall_at_precision(*case) for case in _CASES]):
        return wrong("other_criterion")
    if np.allclose(got, [_highest_threshold(*case) for case in _CASES]):
        return wrong("first")
    for (precision, recall), case, b, g in zip(reached, _CASES, best, got, strict=True):
        if recall < case[2]:
            return wrong("recall", got=g, recall=recall, target=case[2])
        if not np.isclose(precision, b):
            return wrong("other", got=g, precision=precision, best=b)
    return None


# Exercise 3: which metric for which decision? --------------------------------------------

lab.match(
    "which metric for which decision?",
    right={
        # A cost may price a premium or a place in the queue just as well.
        "a": {"LogLoss", "cost"},
        "b": {"precision in the top", "cost"},
        "c": "cost",
        "d": "AUC",
    },
    options=("Recall", "Accuracy"),
    mistakes={
        "price": (
            "The premium uses the probability itself, so its level has to be right. {got} "
            "judges only an order, or decisions at one threshold.",
            "a",
        ),
        "queue": (
            "The investigators see the 200 highest scores and nothing else. {got} also counts "
            "what happens below.",
            "b",
        ),
        "money": (
            "What each mistake costs is known. {got} prices all mistakes alike, or not at all.",
            "c",
        ),
        "rates": (
            "Only the order is compared, and the two fraud rates differ. {got} needs a threshold, "
            "or changes with the rate even if the models order equally well, or both.",
            "d",
        ),
    },
    hints=(
        "Ask of each decision: is a probability used, an order, or a yes and no? And who pays?",
        "A price uses the probability itself. A queue of fixed length uses the top of the order. A "
        "yes or no with known prices uses money.",
        "What compares orders and does not change with the fraud rate?",
    ),
    praise="A metric is the question that a decision asks.",
)
