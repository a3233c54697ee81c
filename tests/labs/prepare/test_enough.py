"""What the general contracts do not test about prepare/enough."""

import itertools
import math

import pytest

from labs_lib.labs.prepare.enough.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_ends(frauds, low, high, gain):
    if low + high <= 2 * gain:
        return float("inf")
    return math.ceil(frauds * (high - low) ** 2 / (high + low - 2 * gain) ** 2)


def by_middle(frauds, low, high, gain):
    middle = (low + high) / 2
    return frauds * ((high - middle) / (middle - gain)) ** 2


def by_counting(frauds, low, high, gain):
    middle, half = (low + high) / 2, (high - low) / 2
    if middle <= gain:
        return math.inf
    return next(
        n for n in itertools.count(1) if middle - half * (frauds / n) ** 0.5 >= gain
    )


def only_the_border(frauds, low, high, gain):
    if low + high == 2 * gain:
        return math.inf
    return math.ceil(by_middle(frauds, low, high, gain))


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_ends,), (by_counting,), (lambda *pilot: float(by_ends(*pilot)),)],
        wrong={
            "unguarded": (only_the_border,),
            None: (lambda *pilot: 7,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda n, low, high, gain: by_ends(n, low, high, 0), "no_gain"),
        (lambda *p: by_ends(*p) if p[1] + p[2] > 2 * p[3] else 0, None),
        (lambda *p: max(by_ends(*p), p[0]), None),
        (
            lambda *p: by_ends(*p) if p[1] + p[2] <= 2 * p[3] else int(by_middle(*p)) + 1,
            None,
        ),
        (lambda *p: by_middle(*p) if p[1] + p[2] > 2 * p[3] else math.inf, "not_whole"),
    ],
)
def test_ex1_tells_mistakes_apart(answer, mistake):
    assert lab.ex1.check(answer).misconception == mistake


def test_ex1_stops_at_a_formula_that_divides_by_zero():
    outcome = lab.ex1.check(lambda *pilot: math.ceil(by_middle(*pilot)))
    assert "ZeroDivisionError" in outcome.text


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[({"a", "c", "g"},), (["g", "c", "a"],), ("acg",)],
        wrong={
            "terminal": ({"a", "b", "c", "g"},),
            "charged_back": ({"a", "c", "d", "g"},),
            "blocked": ({"a", "c", "e", "g"},),
            "known_fraud": ({"a", "c", "f", "g"},),
            "strict": ({"a", "c"},),
        },
        stub=(...,),
    )
