import math
import random

import numpy as np
import pandas as pd

from labs_lib.labs.platform.storage_formats.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def left_out(groups, low, high):
    """The other way round: leave out what cannot match."""
    kept = set(range(len(groups)))
    for place, (least, most, filled) in enumerate(groups):
        if filled == 0 or (least is not None and (most < low or least > high)):
            kept.discard(place)
    return sorted(kept)


def test_ex1():
    right = [(left_out,), (lambda *given: np.array(left_out(*given), dtype=int),)]
    wrong = {
        "inside": (
            lambda groups, low, high: [
                i
                for i, (a, b, n) in enumerate(groups)
                if n and (a is None or (a >= low and b <= high))
            ],
        ),
        "unknown_skipped": (
            lambda groups, low, high: [
                i for i in left_out(groups, low, high) if groups[i][0] is not None
            ],
        ),
        None: (lambda groups, low, high: list(range(len(groups))),),
    }
    assert_exercise(lab.ex1, right=right, wrong=wrong, stub=(stub,))


def test_a_group_is_left_out_only_if_none_of_its_values_match():
    rng = random.Random(0)
    for _ in range(300):
        groups = [[rng.randint(-9, 9) for _ in range(rng.randint(0, 4))] for _ in range(5)]
        low = rng.randint(-9, 9)
        high = rng.randint(low, 9)
        says = [(min(g, default=None), max(g, default=None), len(g)) for g in groups]
        read = set(left_out(says, low, high))
        matching = {
            i for i, g in enumerate(groups) if any(low <= value <= high for value in g)
        }
        assert matching <= read


# Exercise 2 --------------------------------------------------------------------------------


def bill(scans, price, cutoff):
    read = [min(scan, cutoff or math.inf) for scan in scans]
    charged = [max(10_000_000, math.ceil(one / 1e6) * 1_000_000) for one in read]
    return sum(charged) * price / 1e12


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(bill,), (lambda *given: np.float64(bill(*given)),)],
        wrong={
            "together": (
                lambda scans, price, cutoff: bill(
                    [sum(min(scan, cutoff or scan) for scan in scans)], price, None
                ),
            ),
            "goes_on": (lambda scans, price, cutoff: bill(scans, price, None),),
            None: (lambda scans, price, cutoff: 0.0,),
        },
        stub=(stub,),
    )


# Exercise 3 --------------------------------------------------------------------------------

FIRST = {
    "a": "project", "b": "drop", "c": "add", "d": "bucket", "e": "sort", "f": "merge",
}  # fmt: skip


def test_ex3():
    names = (
        "projection",
        "never_removes",
        "no_names",
        "many_values",
        "wide_ranges",
        "footers",
    )
    assert_exercise(
        lab.ex3,
        right=[(FIRST,), (pd.Series(FIRST),), (list(FIRST.items()),)],
        wrong={
            name: (FIRST | {case: "repair"},)
            for case, name in zip("abcdef", names, strict=True)
        },
    )
