"""Exercises of the lab train/debug."""

from collections.abc import Callable

from labs_lib import stats
from labs_lib.course.lab import Lab

lab = Lab("train/debug")

lab.predict("stopping", options=("higher", "lower", "tie", "undecided"))
lab.predict("healthy", options=("0", "1 to 9", "10 to 20", "21 to 30"))


# Exercise 1: silent so far -------------------------------------------------------------------


def _may_stop(alarms: int, runs: int, most: float) -> bool:
    return stats.share_interval(alarms, runs).high <= most


_EDGE = stats.share_interval(2, 40).high

lab.function(
    "silent so far",
    cases=(
        (0, 30, 0.2),
        (0, 5, 0.2),
        (0, 1, 0.2),
        (1, 30, 0.2),
        (3, 30, 0.2),
        (6, 30, 0.2),
        (8, 30, 0.2),
        (30, 30, 0.2),
        (5, 100, 0.1),
        (10, 200, 0.1),
        (1, 200, 0.01),
        (0, 400, 0.01),
        (2, 40, _EDGE),
        (2, 40, _EDGE - 1e-6),
        (4, 4, 1.0),
        # Between the upper ends at 90, 95 and 99 of 100.
        (0, 30, 0.11),
        (0, 30, 0.12),
    ),
    right=_may_stop,
    mistakes={
        "share": (
            "You compare the share that was seen. No alarm in 5 runs agrees with one in every "
            "third; ask for the upper end of the interval.",
            lambda alarms, runs, most: alarms / runs <= most,
        ),
        "low_end": (
            "You compare the lower end. False alarms at least so frequent would be a reason not "
            "to trust the rule; to trust it you need the upper end.",
            lambda alarms, runs, most: stats.share_interval(alarms, runs).low <= most,
        ),
        "inverted": (
            "The other way round: True if the rule may stop a run.",
            lambda alarms, runs, most: stats.share_interval(alarms, runs).high > most,
            lambda alarms, runs, most: stats.share_interval(alarms, runs).high >= most,
        ),
        "none_only": (
            "You ask for no alarm at all. One in many runs may be little enough, and none in few "
            "runs too little to know.",
            lambda alarms, runs, most: alarms == 0,
        ),
        "border": (
            "At most `most`: an upper end that equals it still passes.",
            lambda alarms, runs, most: stats.share_interval(alarms, runs).high < most,
        ),
    },
    hints=(
        "A rule that was silent in 5 runs, and one that was silent in 500: which do you trust?",
        "`stats.share_interval(alarms, runs)` has `low`, `mean` and `high`.",
        "`return stats.share_interval(alarms, runs).high <= most`.",
    ),
    praise="With this question, a rule that never saw a healthy run may stop nothing.",
)


# Exercise 2: the rule itself -----------------------------------------------------------------


def _ratio(train: float, valid: float) -> float:
    return (valid - train) / train


def _overfit(
    train: list[float],
    valid: list[float],
    patience: int,
    *,
    ratio: Callable[[float, float], float] = _ratio,
    reset: bool = True,
) -> int:
    count = 0
    for place, (t, v) in enumerate(zip(train, valid, strict=True)):
        over = ratio(t, v) > 0.1
        count = count + 1 if over else (0 if reset else count)
        if count >= patience:
            return place
    return -1


def _last(train: list[float], valid: list[float], patience: int) -> int:
    fires = [
        place
        for place in range(len(train))
        if _overfit(train[: place + 1], valid[: place + 1], patience) >= 0
        and (valid[place] - train[place]) / train[place] > 0.1
    ]
    return fires[-1] if fires else -1


def _start(train: list[float], valid: list[float], patience: int) -> int:
    place = _overfit(train, valid, patience)
    return place - patience + 1 if place >= 0 else -1


lab.function(
    "the rule itself",
    cases=(
        ([2.0, 1.0, 0.5, 0.25], [2.0, 1.05, 0.6, 0.4], 1),
        ([2.0, 1.0, 0.5, 0.25], [2.0, 1.05, 0.6, 0.4], 2),
        ([2.0, 1.0, 0.5, 0.25], [2.0, 1.05, 0.6, 0.4], 3),
        # Above, below, above, above, below: in a row or in all.
        ([1.0, 1.0, 1.0, 1.0, 1.0], [1.2, 1.0, 1.2, 1.2, 1.0], 2),
        ([1.0, 1.0, 1.0, 1.0], [1.2, 1.0, 1.2, 1.0], 2),
        # A difference of less than 0.1 that is more than a tenth, and the other way round.
        ([0.05, 0.05], [0.05, 0.08], 1),
        ([4.0, 4.0], [4.0, 4.2], 1),
        # By the validation loss it would be less than a tenth.
        ([1.0, 1.0], [1.105, 1.0], 1),
        # Validation below training.
        ([2.0, 2.0], [1.0, 1.0], 1),
        # Exactly at the limit, in numbers that are exact.
        ([10.0, 10.0], [11.0, 11.5], 1),
        ([1.0], [5.0], 1),
        ([], [], 1),
        # It goes on above: first, not last.
        ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], 2),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 1.0, 2.0, 2.0], 3),
    ),
    right=_overfit,
    mistakes={
        "difference": (
            "You compare the difference itself with 0.1. The rule divides it by the training loss.",
            lambda t, v, p: _overfit(t, v, p, ratio=lambda a, b: b - a),
        ),
        "by_validation": (
            "You divide by the validation loss; the rule divides by the training loss.",
            lambda t, v, p: _overfit(t, v, p, ratio=lambda a, b: (b - a) / b),
        ),
        "either_side": (
            "You take the size of the difference. A validation loss below the training loss is no "
            "sign of overfitting.",
            lambda t, v, p: _overfit(t, v, p, ratio=lambda a, b: abs(b - a) / a),
        ),
        "in_all": (
            "You count all evaluations above the limit. They have to follow each other: start "
            "again from 0 after one below.",
            lambda t, v, p: _overfit(t, v, p, reset=False),
        ),
        "last": (
            "You return the last evaluation at which it fires. An alarm rings at the first.",
            _last,
        ),
        "start": (
            "You return where the row of evaluations begins. The rule only knows at its end.",
            _start,
        ),
        "no_patience": (
            "You fire at the first evaluation above the limit, whatever the patience.",
            lambda t, v, p: _overfit(t, v, 1),
        ),
    },
    hints=(
        "Go through the evaluations in their order, and keep one number.",
        "The number counts evaluations above the limit in a row. What becomes of it after one "
        "that is not above?",
        "`count = count + 1 if (v - t) / t > 0.1 else 0`, and return the place once it reaches "
        "the patience.",
    ),
    praise="As the training loss nears zero, any gap is more than a tenth of it. So this rule "
    "fires in many runs that are still getting better.",
)


# Exercise 3: what would you change? ----------------------------------------------------------

lab.match(
    "what would you change?",
    right={
        "a": "leave it",
        "b": "lower the rate",
        "c": "leave it",
        "d": "raise the rate",
        "e": "raise the rate",
    },
    options=("leave it", "lower the rate", "raise the rate"),
    mistakes={
        "noise": (
            "In a the loss of all rows falls in each epoch. What swings is the difference between "
            "16 images and the next 16.",
            "a",
        ),
        "stuck": (
            "In b the loss of all rows swings too, and has not come down: each step goes too far.",
            "b",
        ),
        "swings_well": (
            "In c the loss of all rows swings, and yet it comes down further than at the lower "
            "rate. A swing alone is no reason.",
            "c",
        ),
        "slow": ("In d nothing swings, and nothing moves either.", "d"),
        "grown": (
            "In e the batch grew to eight times its size, and there are an eighth of the steps, each "
            "as long as before.",
            "e",
        ),
    },
    hints=(
        "Look at the loss of all rows first. Only that tells you whether the network gets better.",
        "If it does not come down and swings, the steps are too long. If it crawls, they are too "
        "short or too few.",
        "Two are left alone, one gets a lower rate, two a higher one.",
    ),
    praise="The loss of batches alone could not have told a from b.",
)
