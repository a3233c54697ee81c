"""Exercises of the lab prepare/enough."""

import math
from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("prepare/enough")

lab.predict("pilots", options=("go", "no", "not yet"))


# Exercise 1: how many frauds would decide? -----------------------------------------------


def _needed(frauds: float, low: float, high: float, gain: float) -> float:
    middle, half = (low + high) / 2, (high - low) / 2
    if middle <= gain:
        return math.inf
    return math.ceil(frauds * (half / (middle - gain)) ** 2)


def _unguarded(frauds: float, low: float, high: float, gain: float) -> float:
    middle, half = (low + high) / 2, (high - low) / 2
    return (
        math.inf
        if middle == gain
        else math.ceil(frauds * (half / (middle - gain)) ** 2)
    )


def _scaled(power: float, width: float = 1.0) -> Callable:
    def needed(frauds: float, low: float, high: float, gain: float) -> float:
        middle, half = (low + high) / 2, width * (high - low) / 2
        if middle <= gain:
            return math.inf
        return math.ceil(frauds * (half / (middle - gain)) ** power)

    return needed


def _exact(frauds: float, low: float, high: float, gain: float) -> float:
    middle, half = (low + high) / 2, (high - low) / 2
    return frauds * (half / (middle - gain)) ** 2 if middle > gain else math.inf


def _rounded(how: Callable) -> Callable:
    def needed(*pilot: float) -> float:
        exact = _exact(*pilot)
        return how(exact) if math.isfinite(exact) else exact

    return needed


lab.function(
    "how many frauds would decide?",
    cases=(
        (200, -0.1, 0.52, 0.05),
        (50, -0.21, 0.6, 0.1),
        (400, 0.1, 0.3, 0.02),
        (120, 0.13, 0.4, 0.1),
        (100, -0.3, 0.11, 0.05),
        (100, -0.25, 0.5, 0.125),
        (100, -0.25, 0.75, 0.125),
        (100, -0.9, -0.125, -0.7),
    ),
    right=_needed,
    mistakes={
        "unguarded": (
            "For {arguments} your formula gives {got}. But the middle of this interval is not "
            "above the gain: the narrower it gets, the surer the no. A square does not notice "
            "the sign.",
            _unguarded,
        ),
        "no_gain": (
            "Your number brings the low end to zero. It has to reach the gain that pays for the "
            "model.",
            lambda frauds, low, high, gain: _needed(frauds, low, high, 0.0),
        ),
        "linear": (
            "You let the width fall in proportion to the number. It falls with the square root: "
            "half the width costs four times the frauds.",
            _scaled(1),
        ),
        "root": (
            "You took a square root where a square belongs: the width falls with the root, so "
            "the number grows with the square.",
            _scaled(0.5),
        ),
        "full_width": (
            "You took the whole width. Only its lower half has to fit between the middle and "
            "the gain.",
            _scaled(2, 2.0),
        ),
        "down": (
            "With that many the low end lies just below the gain. Round up.",
            _rounded(math.floor),
            _rounded(round),
        ),
        "not_whole": (
            "{got} frauds cannot be collected. Round up to a whole number.",
            _exact,
        ),
    },
    hints=(
        "The interval reaches from its middle down to `low`. How much shorter must that half be "
        "for its end to lie at `gain`, if the middle stays?",
        "Half of the width is `(high - low) / 2`, the middle `(low + high) / 2`. The half has to "
        "shrink to `middle - gain`. What if that is zero, or less?",
        "The width falls with the square root of the number: "
        "`frauds * (half / (middle - gain)) ** 2`, and `math.inf` unless `middle > gain`.",
    ),
    praise="It is a plan, not a promise: the middle moves too, and with more frauds the model "
    "learns more.",
)


# Exercise 2: what exists without labels? -------------------------------------------------

lab.match(
    "what exists without labels?",
    right={"a", "c", "g"},
    options="abcdefg",
    mistakes={
        "terminal": (
            "`b` counts frauds at a terminal. Somebody has to have found them: it is made of "
            "labels.",
            "b",
        ),
        "charged_back": (
            "`d` looks like a fact about the customer. But a payment is charged back when "
            "somebody says that it was a fraud: that is a label, and it comes late.",
            "d",
        ),
        "blocked": (
            "`e` is a list that your investigators make of what they found. On the first day "
            "it is empty.",
            "e",
        ),
        "known_fraud": (
            "`f` needs a known fraud to be close to. On the first day there is none.",
            "f",
        ),
        "strict": (
            "You left out something that is there with the payment itself: amount, place and "
            "time need no label.",
            lambda letters: not letters >= {"a", "c", "g"},
        ),
    },
    hints=(
        "For each input: must anybody have found a fraud before it can be computed?",
        "Four of the seven are made of frauds that were found, each under another name.",
    ),
    praise="Labels hide in inputs under many names. What was made of them has to be left out when "
    "you compare a method without labels.",
)
