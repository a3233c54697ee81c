"""Exercises of the lab prepare/images."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("prepare/images")

_OUTCOMES = ("higher", "lower", "no difference shown")
for _name in ("seen", "unseen", "clean"):
    lab.predict(_name, options=_OUTCOMES)


# Exercise 1: may it keep its label? -------------------------------------------------------

lab.match(
    "may it keep its label?",
    right={"b", "e", "f"},
    options=set("abcdefg"),
    mistakes={
        "turned": (
            "`a`: a 6 that is turned by half a circle is a 9, and still called 6.",
            "a",
        ),
        "bend": ("`c`: in the mirror a left bend is a right bend.", "c"),
        "grey": (
            "`d`: whether a tomato is ripe is in its colour, and the colour is gone.",
            "d",
        ),
        "half": (
            "`g`: those in the lower half are cut off, and the label still counts them.",
            "g",
        ),
        "mirror": ("`b`: a coat in the mirror is a coat.", "b"),
        "blurred": ("`e`: a 6 that is a little blurred is a 6.", "e"),
        "pale": ("`f`: a pale sign allows the same speed.", "f"),
    },
    hints=(
        "Imagine the copy without its original. Would somebody who sees it give it the same label?",
        "Four of the copies change, or lose, just what the label is about.",
    ),
    praise="Whether a change keeps the label depends on the label, not on the change.",
)


# Exercise 2: how much has leaked? ---------------------------------------------------------


def _leaked(source: np.ndarray, test: np.ndarray) -> float:
    return float(np.isin(source[test], source[~test]).mean()) if test.any() else 0.0


def _source_share(source: np.ndarray, test: np.ndarray) -> float:
    held = set(source[test].tolist())
    return len(held & set(source[~test].tolist())) / len(held) if held else 0.0


def _of_training(source: np.ndarray, test: np.ndarray) -> float:
    return _leaked(source, ~test)


def _of_all(source: np.ndarray, test: np.ndarray) -> float:
    return float((np.isin(source, source[~test]) & test).mean())


def _copies_within(source: np.ndarray, test: np.ndarray) -> float:
    held = source[test]
    if not len(held):
        return 0.0
    return float(np.mean([np.sum(held == s) > 1 for s in held]))


_NO, _YES = False, True

lab.function(
    "how much has leaked?",
    cases=(
        (np.array([0, 0, 0, 1, 1, 2]), np.array([_YES, _YES, _NO, _YES, _NO, _YES])),
        (np.array([0, 1, 2, 0, 1, 2]), np.array([_YES, _NO, _NO, _YES, _NO, _NO])),
        (np.array([0, 1, 2, 0, 1, 2]), np.array([_YES, _YES, _YES, _NO, _NO, _NO])),
        (np.array([5, 7, 5, 7]), np.array([_NO, _NO, _NO, _NO])),
        (np.array([5, 7, 5, 7]), np.array([_YES, _YES, _YES, _YES])),
        (np.array([3, 9, 3, 4]), np.array([_NO, _NO, _YES, _NO])),
        (
            np.array([8, 8, 6, 6, 6, 2, 1]),
            np.array([_YES, _NO, _YES, _YES, _YES, _NO, _YES]),
        ),
    ),
    right=_leaked,
    mistakes={
        "sources": (
            "You count images. Asked is the share of test rows: an image may stand in the test "
            "several times.",
            _source_share,
        ),
        "training": (
            "The other way round: you return the share of training rows that have a relative in "
            "the test.",
            _of_training,
        ),
        "all_rows": (
            "You divide by all rows. Divide by the rows of the test.",
            _of_all,
        ),
        "within": (
            "You look for copies within the test. Two copies there do no harm; the relative "
            "that counts is in training.",
            _copies_within,
        ),
        "complement": (
            "You return the share without a relative. Asked is the share with one.",
            lambda source, test: 1 - _leaked(source, test),
        ),
    },
    hints=(
        "Two sets of sources: those of the test rows, and those of the training rows.",
        "`source[test]` and `source[~test]`. For each of the first, is it among the second?",
        "`np.isin(source[test], source[~test]).mean()`, and 0 if no row is in the test.",
    ),
    praise="Keep the source of each copy, and this is a check of one line.",
)


# Exercise 3: set the threshold ------------------------------------------------------------


def _lowest(values: np.ndarray, limit: float, *, strict: bool = False) -> int:
    for threshold in range(101):
        share = (values >= threshold).mean()
        if share < limit or (share == limit and not strict):
            return threshold
    return 101


def _right(alike: np.ndarray, limit: float) -> int:
    return _lowest(np.max(alike, axis=1), limit)


def _above(alike: np.ndarray, limit: float) -> int:
    best = np.max(alike, axis=1)
    return next(t for t in range(101) if (best > t).mean() <= limit)


lab.function(
    "set the threshold",
    cases=(
        (np.array([[70.5, 20.0], [60.5, 91.5], [88.5, 30.0], [50.5, 40.0]]), 0.25),
        (np.array([[70.5, 20.0], [60.5, 91.5], [88.5, 30.0], [50.5, 40.0]]), 0.0),
        (np.array([[70.5, 20.0], [60.5, 91.5], [88.5, 30.0], [50.5, 40.0]]), 0.6),
        (np.array([[80.0, 79.0], [10.0, 90.0]]), 0.5),
        (np.array([[80.0, 79.0], [10.0, 90.0]]), 0.0),
        (np.array([[80.0, 79.0], [10.0, 90.0]]), 1.0),
        (np.array([[99.5]]), 0.0),
        (np.array([[0.0], [0.0]]), 0.0),
        (np.array([[41.2, 60.7, 75.1], [33.3, 20.2, 9.1], [75.1, 97.0, 96.9]]), 0.34),
    ),
    right=_right,
    mistakes={
        "pairs": (
            "You take the share of pairs. A search fails as soon as one of its pairs does, so look at "
            "the best match of each stranger.",
            lambda alike, limit: _lowest(np.asarray(alike).ravel(), limit),
        ),
        "mean": (
            "You take the mean over the stored faces. A search returns whoever reaches the threshold: "
            "the best match decides.",
            lambda alike, limit: _lowest(np.mean(alike, axis=1), limit),
        ),
        "columns": (
            "You take the best of each column. Each row is a stranger who searches.",
            lambda alike, limit: _lowest(np.max(alike, axis=0), limit),
        ),
        "above": (
            "A face that reaches the threshold exactly is found: `>=`, not `>`.",
            _above,
        ),
        "below_limit": (
            "A share that equals the limit is allowed: at most, not below.",
            lambda alike, limit: _lowest(np.max(alike, axis=1), limit, strict=True),
        ),
    },
    hints=(
        "When does a search find somebody? As soon as one stored face reaches the threshold.",
        "Reduce each row to its best match. Then try the thresholds from 0 upwards.",
        "`best = alike.max(axis=1)`; return the first `threshold` of `range(101)` with "
        "`(best >= threshold).mean() <= limit`.",
    ),
    praise="Set it on strangers, in a collection as large as the real one, and count the members "
    "who are missed.",
)
