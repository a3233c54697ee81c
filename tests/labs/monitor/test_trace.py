from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.monitor.trace.exercises import lab
from labs_lib.monitor import call_graph
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_walking(span, calls):
    now, end = span
    own = 0
    for begin, stop in sorted(calls):
        own += max(min(begin, end) - now, 0)
        now = max(now, stop)
    return own + max(end - now, 0)


def by_pieces(span, calls):
    """Cut the span at every start and end, and keep the pieces that no call covers."""
    start, end = span
    cuts = sorted({start, end} | {min(max(t, start), end) for c in calls for t in c})
    return sum(
        b - a
        for a, b in pairwise(cuts)
        if not any(begin <= a and b <= stop for begin, stop in calls)
    )


def by_engine(span, calls):
    names = [f"call {at}" for at in range(len(calls))]
    parents = {"entry": None, **dict.fromkeys(names, "entry")}
    times = np.array([span, *calls], dtype=float)
    return call_graph.Traces(parents, times[None, :, 0], times[None, :, 1]).own()["entry"]


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_walking,), (by_pieces,), (by_engine,)],
        wrong={
            "summed": (lambda s, calls: s[1] - s[0] - sum(b - a for a, b in calls),),
            "longest": (
                lambda s, calls: (
                    s[1]
                    - s[0]
                    - max((min(b, s[1]) - min(a, s[1]) for a, b in calls), default=0)
                ),
            ),
            "whole": (lambda s, calls: s[1] - s[0],),
            "covered": (lambda s, calls: s[1] - s[0] - by_pieces(s, calls),),
            None: (lambda s, calls: 0.0,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("seed", range(5))
def test_three_ways_to_own_time_agree(seed):
    rng = np.random.default_rng(seed)
    calls = [tuple(sorted(pair)) for pair in rng.integers(0, 40, (6, 2)).tolist()]
    expected = by_pieces((5, 30), [(max(a, 5), max(b, 5)) for a, b in calls])
    cut = [(max(a, 5), max(b, 5)) for a, b in calls]
    assert by_walking((5, 30), cut) == expected
    assert float(by_engine((5, 30), cut)[0]) == pytest.approx(expected)


# Exercise 2 --------------------------------------------------------------------------------


def by_branches(per_second, reservoir, rate):
    if per_second <= reservoir:
        return 1.0
    return reservoir / per_second + rate * (1 - reservoir / per_second)


def by_number(per_second, reservoir, rate):
    kept = min(per_second, reservoir) + rate * max(per_second - reservoir, 0)
    return np.array([kept / per_second])


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_branches,), (by_number,)],
        wrong={
            "rate_of_all": (lambda n, r, p: (min(n, r) + p * n) / n,),
            "reservoir_always_full": (lambda n, r, p: (r + p * (n - r)) / n,),
            "number": (lambda n, r, p: by_branches(n, r, p) * n,),
            "percent": (lambda n, r, p: by_branches(n, r, p) * 100,),
            "lost": (lambda n, r, p: 1 - by_branches(n, r, p),),
            "rate_alone": (lambda n, r, p: p,),
            None: (lambda n, r, p: 0.3,),
        },
        stub=(stub,),
    )


# Exercise 3 --------------------------------------------------------------------------------

RIGHT = {
    "a": "X-Ray",
    "b": "Lambda Insights",
    "c": "metric",
    "d": "X-Ray",
    "e": "Lambda Insights",
    "f": "metric",
}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            "between": (RIGHT | {"a": "metric"},),
            "memory": (RIGHT | {"b": "X-Ray"},),
            "count": (RIGHT | {"c": "X-Ray"},),
            "order": (RIGHT | {"d": "Lambda Insights"},),
            "tmp": (RIGHT | {"e": "metric"},),
            "rare": (RIGHT | {"f": "X-Ray"},),
        },
        stub=(...,),
    )
