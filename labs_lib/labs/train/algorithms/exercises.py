"""Exercises of the lab train/algorithms."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/algorithms")

lab.predict("ranking", options=("higher", "lower", "no difference shown"))


# Exercise 1: recall at a precision -----------------------------------------------------


def _recall_at(y: np.ndarray, score: np.ndarray, target: float) -> float:
    found = [
        (y[score >= threshold] == 1).sum() / (y == 1).sum()
        for threshold in np.unique(score)
        if y[score >= threshold].mean() >= target
    ]
    return max(found, default=0.0)


def _stops_at_the_first_dip(y: np.ndarray, score: np.ndarray, target: float) -> float:
    recall = 0.0
    for threshold in np.unique(score)[::-1]:
        if y[score >= threshold].mean() < target:
            return recall
        recall = (y[score >= threshold] == 1).sum() / (y == 1).sum()
    return recall


def _at_one_half(y: np.ndarray, score: np.ndarray, target: float) -> float:
    return (y[score >= 0.5] == 1).sum() / (y == 1).sum()


def _row_by_row(y: np.ndarray, score: np.ndarray, target: float) -> float:
    hits = np.cumsum(y[np.argsort(-score, kind="stable")] == 1)
    reached = hits / np.arange(1, len(y) + 1) >= target
    return max(hits[reached] / (y == 1).sum(), default=0.0)


def _precision_itself(y: np.ndarray, score: np.ndarray, target: float) -> float:
    found = [
        y[score >= t].mean() for t in np.unique(score) if y[score >= t].mean() >= target
    ]
    return min(found, default=0.0)


_RANKED = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
_CASES = [
    # The precision dips after the second alert and recovers; nobody may stop there.
    (np.array([1, 0, 1, 1, 1, 0, 0, 1]), _RANKED, 0.75),
    (np.array([1, 1, 0, 0, 1, 0, 0, 0]), _RANKED, 0.6),
    # Equal scores: an honest payment cannot be told from a fraud.
    (np.array([1, 1, 0, 0, 0, 1, 0, 0]), np.array([9, 5, 5, 5, 5, 1, 1, 1]) / 10, 0.6),
    (np.array([0, 0, 0, 0, 1, 0, 0, 0]), _RANKED, 0.5),
]


@lab.exercise(
    "recall at a precision",
    hints=(
        "Each distinct score is a possible threshold. What are precision and recall if every "
        "payment with at least this score is an alert?",
        "Precision goes up and down as the threshold falls, so look at every threshold; keep "
        "those whose precision reaches the target.",
        "`precision_recall_curve(y, score)` of scikit-learn returns precision and recall at "
        "every threshold. Take the largest recall where the precision suffices.",
    ),
    misconceptions={
        "first_dip": "You stop where the precision first falls below the target. It may recover "
        "at a lower threshold, where more frauds are found. Look at every threshold.",
        "half": "You use the threshold 0.5 of `predict`. The question is which threshold reaches "
        "the precision; scores of some models never come near one half.",
        "ties": "Payments with equal scores are alerted together or not at all. You cut between "
        "them, and the result depends on the order of the rows.",
        "precision": "That is a precision. Return the recall at the threshold that reaches it.",
        "unreachable": "No threshold reaches this precision, so there is no alert to send: the "
        "recall is zero. Your function gave {got}.",
        "other": "For labels {y} with scores {score} and a target of {target}, expected "
        "{expected:.3f}; yours gave {got}.",
    },
    praise="This is the criterion `recall_at_target_precision` of SageMaker's Linear Learner.",
)
def ex1(recall_at_precision: Callable) -> Wrong | None:
    """Compare with every threshold tried, on cases where the usual mistakes differ."""
    answers = []
    for y, score, target in _CASES:
        try:
            answers.append(float(recall_at_precision(y.copy(), score.copy(), target)))
        except ValueError:
            # An empty maximum: the usual way to overlook that nothing may qualify.
            answers.append(np.nan)
    expected = [_recall_at(*case) for case in _CASES]
    if np.allclose(answers, expected):
        return None
    for key, mistake in (
        ("first_dip", _stops_at_the_first_dip),
        ("half", _at_one_half),
        ("ties", _row_by_row),
        ("precision", _precision_itself),
    ):
        if np.allclose(answers, [mistake(*case) for case in _CASES]):
            return wrong(key)
    if np.allclose(answers[:-1], expected[:-1]):
        return wrong("unreachable", got=answers[-1])
    bad = int(np.flatnonzero(~np.isclose(answers, expected))[0])
    y, score, target = _CASES[bad]
    return wrong(
        "other",
        y=y.tolist(),
        score=score.tolist(),
        target=target,
        expected=expected[bad],
        got=answers[bad],
    )


# Exercise 2: when does the container stop early? -----------------------------------------

_BOTH, _TRAIN_ONLY = ["train", "validation"], ["train"]
_JOBS = {
    # name of the mistake: (hyperparameters, channels, the metric watched)
    "works": ({"early_stopping_rounds": "10", "eval_metric": "auc"}, _BOTH, "auc"),
    "rounds_alone": ({"early_stopping_rounds": "10"}, _BOTH, None),
    "no_validation": (
        {"early_stopping_rounds": "10", "eval_metric": "auc"},
        _TRAIN_ONLY,
        None,
    ),
    "no_rounds": ({"eval_metric": "auc"}, _BOTH, None),
    "first_metric": (
        {"early_stopping_rounds": "10", "eval_metric": "auc,logloss"},
        _BOTH,
        "logloss",
    ),
    "tuning": (
        {
            "early_stopping_rounds": "10",
            "eval_metric": "auc",
            "_tuning_objective_metric": "validation:aucpr",
        },
        _BOTH,
        "aucpr",
    ),
}


@lab.exercise(
    "what does the container watch?",
    hints=(
        "Three things have to be there: the rounds, a channel called `validation`, and a metric "
        "that somebody named.",
        "The metric is the last one of `_tuning_objective_metric` if that is given, else the "
        "last one of `eval_metric`. Values are strings; several metrics are separated by commas.",
        '`named = hp.get("_tuning_objective_metric") or hp.get("eval_metric")`, then check that '
        "all three are there and return `named.split(',')[-1]`.",
    ),
    misconceptions={
        "works": "With rounds, a validation channel and a named metric, early stopping is on: "
        "it should watch {expected!r}. Yours returned {got!r}.",
        "rounds_alone": "With `early_stopping_rounds` but no named metric the container does "
        "nothing, and says nothing. Yours returned {got!r} for {hp}.",
        "no_validation": "There is no validation channel, so nothing can be watched. Yours "
        "returned {got!r} for the channels {channels}.",
        "no_rounds": "Nobody asked for early stopping: `early_stopping_rounds` is missing. Yours "
        "returned {got!r} for {hp}.",
        "first_metric": "Of several metrics the last one counts. Yours returned {got!r} for {hp}.",
        "tuning": "A tuning job's objective goes before `eval_metric`. Yours returned {got!r} "
        "for {hp}.",
    },
    praise="So a job can carry `early_stopping_rounds`, run all its rounds and report success. "
    "Name the metric.",
)
def ex2(watched_metric: Callable) -> Wrong | None:
    """Any function with the container's answers passes."""
    for key, (hyperparameters, channels, expected) in _JOBS.items():
        got = watched_metric(dict(hyperparameters), list(channels))
        # The container cuts the objective at its colon; with or without it, the metric is named.
        watched = got.removeprefix("validation:") if isinstance(got, str) else got
        if (watched or None) != expected:
            details = {"got": got, "hp": hyperparameters, "channels": channels}
            return wrong(key, expected=expected, **details)
    return None


# Exercise 3: a custom objective -----------------------------------------------------------


def _loss(y: np.ndarray, margin: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight * (np.logaddexp(0, margin) - y * margin)


def _derivatives(y: np.ndarray, margin: np.ndarray, weight: np.ndarray) -> tuple:
    """First and second derivative of the loss, by central differences."""
    h = 1e-3
    low, middle, high = (_loss(y, margin + step, weight) for step in (-h, 0, h))
    return (high - low) / (2 * h), (high - 2 * middle + low) / h**2


@lab.exercise(
    "the gradient of money",
    hints=(
        "Start from the plain log loss above: its gradient is `p - y`, its second derivative "
        "`p * (1 - p)`. What does a factor in front of the loss do to its derivatives?",
        "A constant factor of the loss is a factor of both derivatives.",
        "`weight * (p - y)` and `weight * p * (1 - p)`, with `p` the sigmoid of the margin.",
    ),
    misconceptions={
        "shape": "Return two arrays with one value a payment: gradient and second derivative. "
        "Yours have the shapes {shapes}.",
        "sign": "The sign of the gradient is turned round: boosting would climb the loss. For a "
        "fraud with a small probability it has to be negative.",
        "unweighted": "These are the derivatives of the plain log loss: the weight is missing.",
        "hessian_unweighted": "The gradient is right. The second derivative lacks the weight: "
        "each tree would take steps as many times too long.",
        "probability": "You took the derivative with respect to the probability. XGBoost adds "
        "trees to the margin (the log odds), so it needs the derivative with respect to that.",
        "gradient": "The gradient differs from the numerical one by up to {error:.3f}.",
        "hessian": "The gradient is right. The second derivative differs from the numerical one "
        "by up to {error:.3f}.",
    },
    praise="Your derivatives agree with the numerical ones.",
)
def ex3(objective: Callable) -> Wrong | None:
    """Compare with numerical derivatives on random margins."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200).astype(float)
    margin, weight = rng.normal(0, 2, 200), rng.uniform(0.5, 20, 200)
    answer = objective(y.copy(), margin.copy(), weight.copy())
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return wrong("shape", shapes="of one thing, not two")
    gradient, hessian = (np.asarray(part, dtype=float) for part in answer)
    if gradient.shape != y.shape or hessian.shape != y.shape:
        return wrong("shape", shapes=f"{gradient.shape} and {hessian.shape}")
    true_gradient, true_hessian = _derivatives(y, margin, weight)
    p = 1 / (1 + np.exp(-margin))

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return bool(np.allclose(a, b, atol=1e-3))

    if same(gradient, -true_gradient):
        return wrong("sign")
    if same(gradient, p - y):
        return wrong("unweighted")
    if same(gradient, true_gradient / (p * (1 - p))):
        return wrong("probability")
    if not same(gradient, true_gradient):
        return wrong("gradient", error=np.abs(gradient - true_gradient).max())
    if same(hessian, p * (1 - p)):
        return wrong("hessian_unweighted")
    if not same(hessian, true_hessian):
        return wrong("hessian", error=np.abs(hessian - true_hessian).max())
    return None


# Exercise 4: undo the weight ----------------------------------------------------------------


@lab.exercise(
    "undo the weight",
    hints=(
        "Think in odds: p / (1 - p). Weighting each fraud `weight` times multiplies the odds that "
        "the model learns by `weight`.",
        "Divide the odds of the score by `weight`, then turn the odds into a probability again.",
        "`odds = score / (1 - score) / weight`, then `odds / (1 + odds)`. To be safe at a score "
        "of 1, write it as `score / (score + weight * (1 - score))`.",
    ),
    misconceptions={
        "divided": "You divided the score by the weight. That is nearly right for small scores "
        "and wrong for large ones: a score of 1 would become {example:.3f}. Divide the odds.",
        "forward": "You applied the weight once more. The model already learned the inflated "
        "odds; divide them by the weight.",
        "rescaled": "You stretched or shifted the scores so that they fit a range or an average. "
        "That depends on the other payments; a probability does not.",
        "ends": "A score of 0 or 1 has to stay 0 or 1. Yours gave {got}.",
        "other": "For a score of {score:.3f} and a weight of {weight:g}, expected "
        "{expected:.4f}; yours gave {got:.4f}.",
    },
    praise="The order of the payments is the same as before: ranking metrics cannot change.",
)
def ex4(unweight: Callable) -> Wrong | None:
    """Odds divided by the weight, whatever the way to write it."""
    score = np.linspace(0.001, 0.999, 50)
    for weight in (2.0, 100.0):
        expected = score / (score + weight * (1 - score))
        got = np.asarray(unweight(score.copy(), weight), dtype=float)
        if got.shape == score.shape and np.allclose(got, expected, rtol=1e-6):
            continue
        if np.allclose(got, score / weight):
            return wrong("divided", example=1 / weight)
        if np.allclose(got, weight * score / (weight * score + 1 - score)):
            return wrong("forward")
        alone = np.array(
            [np.ravel(unweight(score[i : i + 1], weight))[0] for i in (5, 40)]
        )
        if got.shape != score.shape or not np.allclose(
            alone, got[[5, 40]], equal_nan=True
        ):
            return wrong("rescaled")
        bad = int(np.argmax(np.abs(got - expected)))
        details = {"weight": weight, "expected": expected[bad], "got": got[bad]}
        return wrong("other", score=score[bad], **details)
    ends = np.asarray(unweight(np.array([0.0, 1.0]), 100.0), dtype=float)
    if not np.allclose(ends, [0, 1]):
        return wrong("ends", got=ends.tolist())
    return None
