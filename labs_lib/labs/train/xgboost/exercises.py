"""Exercises of the lab train/xgboost."""

from collections.abc import Sequence

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("train/xgboost")

lab.predict("ranking", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: two numbers a payment -------------------------------------------------------


def _probability(raw: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-raw))


def _derivatives(y: np.ndarray, raw: np.ndarray, weight: float) -> tuple:
    p, each = _probability(raw), np.where(y == 1, weight, 1.0)
    return each * (p - y), each * p * (1 - p)


_RAW = np.array([-3.0, -0.4, 0.0, 0.0, 1.2, 4.0])
_LABELS = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])

lab.function(
    "two numbers a payment",
    cases=(
        (_LABELS, _RAW, 4.0),
        (1 - _LABELS, _RAW, 99.0),
        (_LABELS.astype(int), _RAW, 1.0),
        (np.zeros(3), _RAW[:3], 10.0),
        (np.ones(1), _RAW[:1], 2.5),
        (_LABELS, _RAW, 0.5),
    ),
    right=_derivatives,
    mistakes={
        "everyone": (
            "You weight honest payments too. Then nothing changes but the size of both numbers. "
            "Only frauds get the weight.",
            lambda y, raw, weight: tuple(
                weight * part for part in _derivatives(y, raw, 1.0)
            ),
        ),
        "hessian_plain": (
            "The first number is right. The second one lacks the weight: it is the slope of the "
            "first, so a factor in one is a factor in both.",
            lambda y, raw, weight: (
                _derivatives(y, raw, weight)[0],
                _derivatives(y, raw, 1.0)[1],
            ),
        ),
        "gradient_plain": (
            "The second number is right, the first one lacks the weight.",
            lambda y, raw, weight: (
                _derivatives(y, raw, 1.0)[0],
                _derivatives(y, raw, weight)[1],
            ),
        ),
        "unweighted": (
            "These are the numbers of the plain log loss: the weight is missing in both.",
            lambda y, raw, weight: _derivatives(y, raw, 1.0),
        ),
        "squared": (
            "The weight stands twice in your second number. Take the slope of the first number "
            "once more: its factor stays as it is.",
            lambda y, raw, weight: (
                _derivatives(y, raw, weight)[0],
                _derivatives(y, raw, weight**2)[1],
            ),
        ),
        "dropped": (
            "Honest payments have become zero: XGBoost would not see them. They keep the weight 1.",
            lambda y, raw, weight: (
                y * _derivatives(y, raw, weight)[0],
                y * _derivatives(y, raw, weight)[1],
            ),
        ),
        "climbs": (
            "The sign of the first number is turned round. With it, the trees would make the loss "
            "larger. For a fraud with a low probability it has to be negative.",
            lambda y, raw, weight: (
                -_derivatives(y, raw, weight)[0],
                _derivatives(y, raw, weight)[1],
            ),
        ),
        "exchanged": (
            "These are the right two numbers in the other order. XGBoost takes the gradients first.",
            lambda y, raw, weight: _derivatives(y, raw, weight)[::-1],
        ),
        "honest": (
            "You gave the weight to the honest payments, and 1 to the frauds. Turn it round.",
            lambda y, raw, weight: tuple(
                np.where(y == 1, 1.0, weight) * part
                for part in _derivatives(y, raw, 1.0)
            ),
        ),
        "only_the_label": (
            "You multiplied the label alone. The weight belongs to the whole loss of a fraud, so it "
            "multiplies the difference `p - y`.",
            lambda y, raw, weight: (
                _probability(raw) - weight * y,
                _derivatives(y, raw, weight)[1],
            ),
            lambda y, raw, weight: (
                _probability(raw) - weight * y,
                _derivatives(y, raw, 1.0)[1],
            ),
        ),
        "no_probability": (
            "You took the raw score for a probability. Turn it into one first: "
            "`p = 1 / (1 + np.exp(-raw))`.",
            lambda y, raw, weight: (
                np.where(y == 1, weight, 1) * (raw - y),
                np.where(y == 1, weight, 1) * raw * (1 - raw),
            ),
        ),
        "by_probability": (
            "You took the slope along the probability. The trees add to the raw score, so XGBoost "
            "needs the slope along that.",
            lambda y, raw, weight: tuple(
                part / (_probability(raw) * (1 - _probability(raw))) ** power
                for power, part in enumerate(_derivatives(y, raw, weight), start=1)
            ),
        ),
    },
    hints=(
        "Give each payment a factor: `weight` for a fraud, 1 for an honest payment. What does a "
        "constant factor of a loss do to its slope?",
        "The first number is the factor times (p - y). The second is the slope of that along the "
        "raw score: y does not move, and p moves by p * (1 - p).",
        "`factor = np.where(y == 1, weight, 1)`; return `factor * (p - y), factor * p * (1 - p)`.",
    ),
    praise="Both numbers of a fraud get the same factor. There is nothing else in "
    "`scale_pos_weight`; the next cell shows it.",
)


# Exercise 2: how much patience? ----------------------------------------------------------


def _records(curve: Sequence[float], *, ties: bool = False) -> list[int]:
    """Return the places of each new best; of equal ones too, if asked for."""
    found = [0]
    for place, value in enumerate(curve):
        best = curve[found[-1]]
        if place and (value > best or (ties and value == best)):
            found.append(place)
    return found


def _waits(curve: Sequence[float], *, ties: bool = False) -> list[int]:
    return np.diff(_records(curve, ties=ties)).tolist()


def _to_the_end(curve: Sequence[float]) -> int:
    return max([*_waits(curve), len(curve) - 1 - _records(curve)[-1], 1])


lab.function(
    "how much patience?",
    cases=tuple(
        (np.array(curve),)
        for curve in (
            [0.47, 0.41, 0.42, 0.49, 0.48],
            [0.1, 0.2, 0.3, 0.4],
            [0.4, 0.3, 0.2, 0.1, 0.1],
            [0.1, 0.2, 0.1, 0.1, 0.1, 0.3, 0.2, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2],
            [0.3, 0.3, 0.3, 0.4, 0.1, 0.4],
            [0.4, 0.3, 0.4, 0.3],
            [0.5],
            [-0.7, -0.6, -0.65, -0.5, -0.55],
            [0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3, 0.4],
            [0.0, -0.1, 0.0, 0.2],
        )
    ),
    right=lambda curve: max(_waits(curve), default=1),
    mistakes={
        "one_less": (
            "You count the trees without a new best between two of them. With a patience of that "
            "many, training has just ended when the next best would come.",
            lambda curve: max(max((w - 1 for w in _waits(curve)), default=1), 1),
            lambda curve: max((w - 1 for w in _waits(curve)), default=0),
            lambda curve: max((w - 1 for w in _waits(curve)), default=1),
        ),
        "one_more": (
            "One less is enough. The tree that brings the new best is the last of its wait, and "
            "training ends only if that one brings none.",
            lambda curve: max(_waits(curve), default=0) + 1,
            lambda curve: max((w + 1 for w in _waits(curve)), default=1),
            lambda curve: max(_waits(curve), default=1) + 1,
        ),
        "to_the_end": (
            "You count the wait after the best tree too. Nothing is lost if training ends there.",
            _to_the_end,
        ),
        "last_wait": (
            "You look at the last wait only. An earlier one may be longer, and training has to "
            "survive each of them.",
            lambda curve: (_waits(curve) or [1])[-1],
        ),
        "first_wait": (
            "You look at the first wait only. Training has to survive each of them.",
            lambda curve: (_waits(curve) or [1])[0],
        ),
        "trees": (
            "That is the number of trees up to the best one. Patience starts again at each new "
            "best, so less is enough.",
            lambda curve: int(np.argmax(curve)) + 1,
            lambda curve: max(int(np.argmax(curve)), 1),
        ),
        "ties": (
            "You take an equal value for a new best. Early stopping does not: it waits on, for a "
            "value that is larger.",
            lambda curve: max(_waits(curve, ties=True), default=1),
        ),
        "nothing": (
            "Your answer is 0 for a curve whose first tree is its best. The least patience that "
            "XGBoost takes is 1.",
            lambda curve: max(_waits(curve), default=0),
        ),
    },
    hints=(
        "Walk along the curve and note each place where it is higher than ever before.",
        "Between two such places training has to wait. Which of these waits is the longest?",
        "From one new best at tree 1 to the next at tree 4 it takes a patience of 3: the "
        "difference of the places. If the first tree is the best, the answer is 1.",
    ),
    praise="Nobody knows the curve beforehand. But a curve of last month tells what this month "
    "may need.",
)


# Exercise 3: what is watched? ------------------------------------------------------------


lab.match(
    "what is watched?",
    right={
        "a": "nothing",
        "b": "logloss",
        "c": "aucpr",
        "d": "nothing",
        "e": "refused",
    },
    options=("aucpr", "auc", "logloss", "nothing", "refused"),
    mistakes={
        "unnamed": (
            "In a nobody named a metric. The container then watches nothing, trains all its "
            "trees, and says nothing about it.",
            "a",
        ),
        "not_the_last": (
            "In b several metrics are named. All are printed, but one is watched: look at the "
            "rule again.",
            "b",
        ),
        "tuning_first": (
            "In c two hyperparameters name a metric. That of the tuning job goes first, and the "
            "container takes what stands after the colon.",
            "c",
        ),
        "no_channel": (
            "In d look at the channels. Is there one called `validation`?",
            "d",
        ),
        "no_colon": (
            "In e look at how the metric is written. Which values does "
            "`_tuning_objective_metric` take?",
            "e",
        ),
    },
    hints=(
        "Ask three questions of each job: would the container take it? Is there a channel called "
        "`validation`? Which metric did somebody name?",
        "`aws.check_xgboost_hyperparameters(..., channels=[...])` raises what the container would "
        "refuse, and its answer holds a note where early stopping does nothing.",
        "Two jobs watch nothing, and one is refused.",
    ),
    praise="A job with `early_stopping_rounds` can train all its trees and report success. Name "
    "the metric, and call the channel `validation`.",
)
