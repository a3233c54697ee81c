"""Exercises of the lab train/threshold."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/threshold")

lab.predict("computed", options=("higher", "lower", "no difference shown"))


# Exercise 1: from which probability does an alert pay? -----------------------------------


def _break_even(amount: float, missed: float, alert: float, blocked: float) -> float:
    return (alert + blocked) / (amount + missed + blocked)


lab.function(
    "from which probability does an alert pay?",
    cases=(
        (100.0, 15.0, 5.0, 10.0),
        (900.0, 15.0, 5.0, 10.0),
        (0.0, 15.0, 5.0, 10.0),
        (20.0, 0.0, 5.0, 0.0),
        (3.0, 0.0, 2.0, 8.0),
        (50.0, 15.0, 0.0, 10.0),
        (1.0, 1.0, 6.0, 0.0),
        (40.0, 7.0, 0.0, 0.0),
    ),
    right=_break_even,
    tolerance=6e-4,  # three decimals are enough
    mistakes={
        "textbook": (
            "You set what a false alert costs against what a missed fraud costs. But an alert on "
            "a fraud is not free: it costs `alert` too. Write down both sides, then solve for p.",
            lambda amount, missed, alert, blocked: (
                (alert + blocked) / (alert + blocked + amount + missed)
            ),
        ),
        "odds": (
            "You divide what a false alert costs by what a missed fraud costs. In the cost of an "
            "alert, `blocked` is paid with probability 1 - p: there is a p on that side too.",
            lambda amount, missed, alert, blocked: (
                (alert + blocked) / (amount + missed)
            ),
        ),
        "always_blocked": (
            "You forgot `blocked`. An alert on an honest payment costs it on top.",
            lambda amount, missed, alert, blocked: alert / (amount + missed),
        ),
        "blocked_if_fraud": (
            "You charge `blocked` if the payment is fraud. It is paid if the payment is honest, "
            "with probability 1 - p.",
            lambda amount, missed, alert, blocked: alert / (amount + missed - blocked),
        ),
        "no_fixed": (
            "A missed fraud costs `missed` beside its amount. You left it out.",
            lambda amount, missed, alert, blocked: (
                (alert + blocked) / (amount + blocked)
            ),
        ),
        "clipped": (
            "You cut the answer at 1. Then a payment that is surely fraud would be alerted, though "
            "here an alert costs more than letting it pass.",
            lambda amount, missed, alert, blocked: min(
                _break_even(amount, missed, alert, blocked), 1.0
            ),
        ),
    },
    hints=(
        "Write down the average cost of an alert and of letting the payment pass, each with p.",
        "An alert costs `alert + blocked * (1 - p)`, letting it pass `p * (amount + missed)`. Set "
        "them equal.",
        "Bring all p to one side: `p * (amount + missed + blocked) = alert + blocked`.",
    ),
    praise="There is no model in it. The prices alone say from which probability to act.",
)


# Exercise 2: precision at a target recall ------------------------------------------------

_SCORE = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.55, 0.3, 0.2, 0.15, 0.1])
_CASES = [
    (np.array([0, 1, 1, 0, 1, 1, 0, 0, 0, 1]), _SCORE, 0.6),
    (np.array([1, 1, 0, 0, 1, 0, 1, 0, 0, 0]), _SCORE, 0.75),
    (np.array([0, 0, 1, 1, 0, 0, 0, 1, 0, 0]), _SCORE, 0.3),
    (np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 1]), _SCORE, 1.0),
    (np.array([1, 0, 1, 1, 0, 0]), np.array([0.9, 0.9, 0.5, 0.5, 0.5, 0.1]), 0.3),
]


def _at(y: np.ndarray, score: np.ndarray, threshold: float) -> tuple[float, float]:
    """Return precision and recall of the alerts at a threshold."""
    alert = score >= threshold
    hits = (alert & (y == 1)).sum()
    return hits / max(alert.sum(), 1), hits / (y == 1).sum()


def _highest_threshold(y: np.ndarray, score: np.ndarray, target: float) -> float:
    return max(t for t in score if _at(y, score, t)[1] >= target)


def _keeps_precision(
    y: np.ndarray, score: np.ndarray, target: float, got: float
) -> bool:
    """Is this a threshold with the highest recall at enough precision, if there is one?"""
    enough = [_at(y, score, t)[1] for t in score if _at(y, score, t)[0] >= target]
    precision, recall = _at(y, score, got)
    return not enough or bool(precision >= target and np.isclose(recall, max(enough)))


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
        "other": "At your threshold {got:g} the precision is {precision:.4g}; {best:.4g} is "
        "possible with enough recall.",
    },
    praise="Any threshold with that precision passes. Nothing in this rule knows a price.",
)
def ex2(precision_at_target_recall: Callable[..., float]) -> Wrong | None:
    """Any threshold with the best precision at enough recall passes."""
    got = [
        precision_at_target_recall(y.copy(), score.copy(), target)
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
    if np.allclose(got, best, atol=6e-4):
        return wrong("value")
    if all(_keeps_precision(*case, g) for case, g in zip(_CASES, got, strict=True)):
        return wrong("other_criterion")
    if np.allclose(got, [_highest_threshold(*case) for case in _CASES]):
        return wrong("first")
    for (precision, recall), case, b, g in zip(reached, _CASES, best, got, strict=True):
        if recall < case[2]:
            return wrong("recall", got=g, recall=recall, target=case[2])
        if not np.isclose(precision, b):
            return wrong("other", got=g, precision=precision, best=b)
    return None
