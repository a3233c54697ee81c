import math

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.train.ensembles import exercises as ensembles
from labs_lib.labs.train.ensembles.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: return max(1, math.ceil((1 - rho) / (rho * share) - 1e-09)) → return max(1, math.ceil((1 - rho) / (rho * share) - 2e-09))": "a guard against rounding, as good at twice the size",
}


def stub(*answers):
    raise NotImplementedError


def solved(rho, share):
    return max(1, math.ceil((1 - rho) / (rho * share) - 1e-9))


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (solved,),
            (ensembles._trees,),
            (lambda rho, s: float(solved(rho, s)),),
            (lambda rho, s: [solved(rho, s)],),
            (lambda rho, s: pd.Series([solved(rho, s)]),),
            (lambda rho, s: np.array(solved(rho, s)),),
        ],
        wrong={
            "independent": (lambda rho, s: math.ceil(1 / s - 1e-9),),
            "absolute": (lambda rho, s: max(1, math.ceil((1 - rho) / s - 1e-9)),),
            "whole variance": (lambda rho, s: math.ceil(1 / (rho * s) - 1e-9),),
            "down": (lambda rho, s: max(1, int((1 - rho) / (rho * s))),),
            "none": (lambda rho, s: math.ceil((1 - rho) / (rho * s) - 1e-9),),
            "whole": (lambda rho, s: (1 - rho) / (rho * s),),
            "other": (lambda rho, s: 100,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(("rho", "share"), ensembles._CASES)
def test_ex1_the_number_is_the_smallest(rho, share):
    def above(trees):
        return rho + (1 - rho) / trees - rho * (1 + share)

    trees = solved(rho, share)
    assert above(trees) <= 1e-12
    assert trees == 1 or above(trees - 1) > 0


@pytest.mark.parametrize("value", [math.nan, math.inf, 1j, "4 trees"])
def test_ex1_what_is_no_number_of_trees(value):
    assert lab.ex1.check(lambda rho, share: value).misconception == "whole"


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(ensembles._held_out,)],
        wrong={
            "own": (ensembles._own_rows,),
            "order": (ensembles._in_order_of_folds,),
            "swapped": (ensembles._swapped,),
            "averaged": (ensembles._averaged,),
            "length": (lambda learner, X, y, folds: np.zeros(3),),
            "other": (lambda learner, X, y, folds: np.zeros(len(y)),),
        },
        stub=(stub,),
    )


def test_ex2_the_folds_cover_every_row_once():
    _, y, folds = ensembles._task()
    assert sorted(np.concatenate([other for _, other in folds])) == list(range(len(y)))
    assert all(not set(own) & set(other) for own, other in folds)
