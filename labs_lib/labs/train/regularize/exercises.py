"""Exercises of the lab train/regularize."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("train/regularize")

lab.predict("together", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: the answer of a leaf --------------------------------------------------------


def _leaf(gradient: float, hessian: float, alpha: float, lam: float) -> float:
    size = max(abs(gradient) - alpha, 0.0)
    return float(-np.sign(gradient) * size / (hessian + lam)) + 0.0  # no -0


lab.function(
    "the answer of a leaf",
    cases=(
        (-6.0, 4.0, 0.0, 1.0),
        (6.0, 4.0, 0.0, 1.0),
        (-6.0, 4.0, 2.0, 1.0),
        (6.0, 4.0, 2.0, 1.0),
        (1.5, 4.0, 2.0, 1.0),
        (-1.5, 4.0, 2.0, 1.0),
        (2.0, 4.0, 2.0, 1.0),
        (0.0, 4.0, 2.0, 1.0),
        (0.0, 4.0, 0.0, 1.0),
        (-9.0, 2.5, 0.5, 10.0),
        (7.0, 2.0, 3.0, 0.0),
        (0.3, 1.0, 0.1, 3.0),
    ),
    right=_leaf,
    mistakes={
        "climbs": (
            "Your answer has the sign of the gradient. A positive gradient says that the raw scores "
            "are too high here: the leaf has to lower them.",
            lambda g, h, a, r: -_leaf(g, h, a, r),
        ),
        "overshoot": (
            "Where the gradients are smaller than alpha, your answer changes its sign. The best "
            "answer is then exactly zero.",
            lambda g, h, a, r: -(g - a * np.sign(g)) / (h + r),
        ),
        "hard": (
            "You keep the whole gradient once it is above alpha. L1 takes alpha off from those that "
            "it keeps, too.",
            lambda g, h, a, r: -g / (h + r) if abs(g) > a else 0.0,
            lambda g, h, a, r: -g / (h + r) if abs(g) >= a else 0.0,
        ),
        "one_sided": (
            "You forget one sign: the penalty charges the size of an answer, whichever way it goes.",
            lambda g, h, a, r: -(g - a) / (h + r),
            lambda g, h, a, r: -max(g - a, 0.0) / (h + r),
            lambda g, h, a, r: max(-g - a, 0.0) / (h + r),
            lambda g, h, a, r: -max(abs(g) - a, 0.0) / (h + r),
            lambda g, h, a, r: max(abs(g) - a, 0.0) / (h + r),
        ),
        "off_the_answer": (
            "You take alpha off the answer. It comes off the sum of gradients, before the division.",
            lambda g, h, a, r: -np.sign(g) * max(abs(g) / (h + r) - a, 0.0),
        ),
        "swapped": (
            "Alpha and lambda are exchanged: L2 stands beside the hessian.",
            lambda g, h, a, r: _leaf(g, h, r, a),
        ),
        "below": (
            "You treat L1 like L2: as a number beside the hessian. Then no answer would ever be "
            "exactly zero.",
            lambda g, h, a, r: -g / (h + r + a),
        ),
        "no_l1": (
            "Your answer does not depend on alpha.",
            lambda g, h, a, r: -g / (h + r),
        ),
        "no_l2": (
            "Your answer does not depend on lambda.",
            lambda g, h, a, r: _leaf(g, h, a, 0.0),
        ),
    },
    hints=(
        "Without penalties the answer is minus gradient divided by hessian. Where does L2 enter the "
        "curve of the loss, and where does L1?",
        "L1: while the answer is positive, its slope adds alpha; while it is negative, it takes "
        "alpha away. What if neither is strong enough?",
        "`-np.sign(gradient) * max(abs(gradient) - alpha, 0) / (hessian + lam)`",
    ),
    praise="L1 takes the same piece off each sum of gradients and stops at zero; L2 takes a share "
    "off, the larger the fewer rows a leaf has.",
)


# Exercise 2: is the split worth it? ------------------------------------------------------


def _score(gradient: float, hessian: float, lam: float) -> float:
    return gradient**2 / (hessian + lam)


def _worth(left: tuple, right: tuple, lam: float, gamma: float) -> float:
    parent = (left[0] + right[0], left[1] + right[1])
    gain = _score(*left, lam) + _score(*right, lam) - _score(*parent, lam)
    return float(gain - gamma)


lab.function(
    "is the split worth it?",
    cases=(
        ((-4.0, 3.0), (5.0, 2.0), 1.0, 0.0),
        ((-4.0, 3.0), (5.0, 2.0), 1.0, 10.0),
        ((2.0, 1.0), (2.0, 1.0), 1.0, 0.5),
        ((2.0, 1.0), (-2.0, 1.0), 1.0, 4.0),
        ((-6.0, 8.0), (-1.0, 2.5), 30.0, 1.0),
        ((0.5, 4.0), (-7.0, 1.0), 0.0, 2.0),
        ((0.0, 5.0), (0.0, 2.0), 3.0, 1.5),
    ),
    right=_worth,
    mistakes={
        "no_parent": (
            "You add what both sides gain, but the rows had an answer before the split: take off "
            "the score of both sides together.",
            lambda one, two, r, g: _score(*one, r) + _score(*two, r) - g,
        ),
        "half": (
            "You have the half of the paper. XGBoost's `gamma` is compared with the scores "
            "without it.",
            lambda one, two, r, g: (_worth(one, two, r, 0.0)) / 2 - g,
        ),
        "twice_l2": (
            "You count lambda twice for both sides together. They would be one leaf, with one "
            "answer.",
            lambda one, two, r, g: (
                _score(*one, r)
                + _score(*two, r)
                - (one[0] + two[0]) ** 2 / (one[1] + two[1] + 2 * r)
                - g
            ),
        ),
        "no_l2": (
            "Your gain does not depend on lambda.",
            lambda one, two, r, g: _worth(one, two, 0.0, g),
        ),
        "no_gamma": (
            "That is the gain itself. Take off the price of the split.",
            lambda one, two, r, g: _worth(one, two, r, 0.0),
        ),
        "plus_gamma": (
            "You add gamma. It is the price of the split: take it off.",
            lambda one, two, r, g: _worth(one, two, r, -g),
        ),
        "sum_of_scores": (
            "You take the two scores of the sides for the score of the parent. Add the gradients and "
            "the hessians first: gradients of opposite sign cancel.",
            lambda one, two, r, g: -g,
        ),
        "not_squared": (
            "The score has the square of the gradients: answer times gradient, and the answer is "
            "made of the gradient.",
            lambda one, two, r, g: (
                abs(one[0]) / (one[1] + r)
                + abs(two[0]) / (two[1] + r)
                - abs(one[0] + two[0]) / (one[1] + two[1] + r)
                - g
            ),
        ),
    },
    hints=(
        "What would one leaf for all these rows score? And two leaves?",
        "The parent's gradient is the sum of both gradients, its hessian the sum of both hessians.",
        "`score(left) + score(right) - score(both) - gamma` with "
        "`score = gradient ** 2 / (hessian + lam)`",
    ),
    praise="Gamma is a price on each split, and lambda makes small leaves gain less. Both prune.",
)
