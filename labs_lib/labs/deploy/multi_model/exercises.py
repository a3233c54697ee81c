"""Exercises of the lab deploy/multi_model."""

from collections.abc import Iterable

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("deploy/multi_model")

lab.predict("pings", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: who finds the model loaded? -------------------------------------------------


lab.match(
    "who finds the model loaded?",
    right={"c", "f", "i"},
    options="abcdefghi",
    mistakes={
        "first_asked": (
            "Look at c. Its model was loaded by an earlier request, and nothing had to make room "
            "since then.",
            "c",
        ),
        "oldest_load": (
            "Look at f. At e something has to go. The one that was *loaded* first was asked for "
            "again at c; another one was asked for longest ago.",
            "f",
        ),
        "by_number": (
            "Look at h. At g, `all` needs as much memory as two others. How many have to go, and "
            "which?",
            "h",
        ),
        "largest_first": (
            "Look at i. At h something has to go. It is not the largest model that goes, but the "
            "one that was asked for longest ago.",
            "i",
        ),
    },
    hints=(
        "Write down what is loaded after each request, the one asked for longest ago first. A hit "
        "moves its model to the end of the line.",
        "After e the line is: fuel, travel, digital, and home has gone. What does f change?",
        "At g two models go. Three of the nine requests are hits.",
    ),
    praise="Bytes make room, not numbers: one large model throws out several small ones.",
)


# Exercise 2: the fewest models ------------------------------------------------------------


def _fewest(
    counts: Iterable[int],
    one_in: int,
    *,
    order: str = "descending",
    strict: bool = False,
) -> int:
    """Return how many models are kept when they are taken in some order."""
    counts = [int(count) for count in counts]
    if order != "as given":
        counts.sort(reverse=order == "descending")
    total, kept = sum(counts), 0
    wait = total
    while kept < len(counts):
        if wait * one_in < total or (wait * one_in == total and not strict):
            break
        wait -= counts[kept]
        kept += 1
    return kept


lab.function(
    "the fewest models",
    cases=(
        # The borders are fractions of a power of two: shares computed with decimals are right too.
        ([40, 16, 6, 1, 1], 32),
        ([40, 16, 6, 1, 1], 8),
        ([1, 1, 6, 16, 40], 64),
        ([8, 8, 8, 8], 4),
        ([8, 8, 8, 8], 5),
        ([3, 0, 7, 0, 90], 100),
        ([2, 500, 40, 500, 8, 9], 50),
        ([0, 0, 0], 10),
        ([], 10),
        ([7], 1),
        ([7], 2),
        ([5, 3, 1], 2),
        ([4, 3, 2, 1], 3),
        (np.array([1200, 500, 248, 80, 12, 4, 4]), 256),
        (np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 979]), 1_024),
    ),
    right=_fewest,
    mistakes={
        "unsorted": (
            "You keep the models in the order in which they are given. Keep the most popular ones "
            "first, else it takes more.",
            lambda counts, one_in: _fewest(counts, one_in, order="as given"),
        ),
        "rare_first": (
            "You keep the least popular models first. Which order needs fewest?",
            lambda counts, one_in: _fewest(counts, one_in, order="ascending"),
        ),
        "strict": (
            "Exactly 1 in `one_in` may wait. You ask for fewer than that.",
            lambda counts, one_in: _fewest(counts, one_in, strict=True),
            lambda counts, one_in: _fewest(counts, one_in, strict=sum(counts) > 0),
        ),
        "models_not_requests": (
            "You count models. What may be left out is a share of the *requests*; a rare model "
            "gets few of them.",
            lambda counts, one_in: len(counts) - len(counts) // one_in,
            lambda counts, one_in: int(np.ceil(len(counts) * (1 - 1 / one_in))),
        ),
        "always_99": (
            "You do not use `one_in`: 1 in 100 is only one of the cases.",
            lambda counts, one_in: _fewest(counts, 100),
        ),
        "left_out": (
            "That is how many models are left out. The question is how many are kept.",
            lambda counts, one_in: len(counts) - _fewest(counts, one_in),
        ),
        "one_short": (
            "With one model less than needed, too many requests wait. Stop when the share is "
            "reached, not before.",
            lambda counts, one_in: max(_fewest(counts, one_in) - 1, 0),
        ),
    },
    hints=(
        "Which model spares most users a wait, if you may keep only one? And which one next?",
        "Begin with no model kept: all requests wait. Keep the next most popular one as long as "
        "too many wait.",
        "Too many wait as long as `waiting * one_in > total`. With whole numbers there is no "
        "rounding at the border.",
    ),
    praise="If all models have the same size and requests are independent, no order of unloading "
    "does better without sight of the future.",
)
