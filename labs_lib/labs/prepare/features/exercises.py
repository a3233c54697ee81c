"""Exercises of the lab prepare/features."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("prepare/features")

_COUNTS = ("none", "one", "two", "three")
lab.predict("standardize", options=_COUNTS)
lab.predict("bins", options=_COUNTS)


# Exercise 1: from z-scores to raw units --------------------------------------------------


def _for_raw_units(weights, intercept, mean, spread):
    raw = weights / spread
    return raw, intercept - (raw * mean).sum()


lab.function(
    "from z-scores to raw units",
    cases=(
        (np.array([2.0, -1.0]), 0.5, np.array([10.0, 4.0]), np.array([5.0, 0.5])),
        (np.array([3.0]), -2.0, np.array([-7.0]), np.array([100.0])),
        (np.array([0.0, 1.5]), 1.0, np.array([8.0, 0.0]), np.array([2.0, 3.0])),
        (np.array([1.0, -2.0, 0.3]), 0.0, np.array([1.0, 2.0, -5.0]), np.ones(3)),
    ),
    right=_for_raw_units,
    mistakes={
        "multiplied": (
            "You multiplied by the spread. A column with large numbers needs a small weight.",
            lambda w, b, mean, spread: (w * spread, b - (w * mean).sum()),
            lambda w, b, mean, spread: (w * spread, b - (w * spread * mean).sum()),
            lambda w, b, mean, spread: (w * spread, b),
        ),
        "intercept_kept": (
            "The weights are right, but a row at the mean has z-scores of zero and raw values that are "
            "not. The intercept has to take back what these add.",
            lambda w, b, mean, spread: (w / spread, b),
        ),
        "intercept_not_scaled": (
            "The intercept takes back `weights * mean` with the old weights. In raw units the weights "
            "are others.",
            lambda w, b, mean, spread: (w / spread, b - (w * mean).sum()),
        ),
        "sign": (
            "A z-score subtracts the mean. You added its part to the intercept.",
            lambda w, b, mean, spread: (w / spread, b + (w / spread * mean).sum()),
        ),
        "not_summed": (
            "There is one intercept for the whole row: sum what all columns add.",
            lambda w, b, mean, spread: (w / spread, b - w / spread * mean),
        ),
        "variance": (
            "You divided by the variance. A z-score divides by the standard deviation.",
            lambda w, b, mean, spread: (
                w / spread**2,
                b - (w / spread**2 * mean).sum(),
            ),
        ),
    },
    hints=(
        "Write out the score of one row with one column, and put `(x - mean) / spread` in place of z.",
        "What is multiplied by x is the new weight. What is left is the new intercept.",
        "`weights / spread`, and `intercept - (weights / spread * mean).sum()`.",
    ),
    praise="Every unit has its own weights for the same scores. That is why only a penalty or a solver "
    "can tell the units apart.",
)


# Exercise 2: what helps which model? -----------------------------------------------------

lab.match(
    "what helps which model?",
    right={"a": "nothing", "b": "standardize", "c": "logarithm", "d": "bins"},
    options=("standardize", "logarithm", "bins", "nothing"),
    mistakes={
        "trees": (
            "Boosted trees cut a column somewhere. With `{got}` they could at best make the cuts that "
            "they make already.",
            "a",
        ),
        "penalty": (
            "The age in seconds needs a tiny weight, the balance in thousands a large one, and the "
            "penalty makes the large one dear. `{got}` does not give both one scale.",
            "b",
        ),
        "tail": (
            "If the log odds rise with each doubling, they are a straight line in one certain form of "
            "the amount. `{got}` does not give that form.",
            "c",
        ),
        "bumps": (
            "A straight line through the hours cannot have two peaks. After `{got}` it still has "
            "one weight for the hour.",
            "d",
        ),
    },
    hints=(
        "What does each model do with a number: add it up with a weight, or cut it?",
        "Two of the four are about the shape of an effect, one about the size of weights.",
        "A logarithm turns doublings into steps of equal length. Bins give each stretch its own weight.",
    ),
    praise="Ask what the model does with a number, and which shape the effect has.",
)
