import numpy as np
import pytest

from labs_lib.labs.prepare.features.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_the_zero_row(weights, intercept, mean, spread):
    raw = weights / spread
    return raw.tolist(), float(intercept + weights @ (np.zeros_like(mean) - mean / spread))


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_the_zero_row,)],
        wrong={None: (lambda w, b, mean, spread: (w, b),)},
        stub=(stub,),
    )


GOOD = {"a": "nothing", "b": "standardize", "c": "logarithm", "d": "bins"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(GOOD,)],
        wrong={
            "trees": (GOOD | {"a": "standardize"},),
            "penalty": (GOOD | {"b": "nothing"},),
            "tail": (GOOD | {"c": "bins"},),
            "bumps": (GOOD | {"d": "logarithm"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    "answer", [dict.fromkeys("abcd", "circle"), dict.fromkeys("abcd", 1)]
)
def test_ex2_asks_for_its_own_words(answer):
    assert lab.ex2.check(answer).status == "error"
