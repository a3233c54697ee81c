import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.train.explain.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: return table.T.groupby(level=0).sum().T.abs().mean() → return table.T.groupby(level=-1).sum().T.abs().mean()": "an index of one level: the first is the last",
}


def stub(*answers):
    raise NotImplementedError


def with_groupby(contributions, owner):
    table = pd.DataFrame(contributions, columns=owner)
    return table.T.groupby(level=0).sum().T.abs().mean()


def with_a_loop(contributions, owner):
    return {
        name: np.abs(contributions[:, [o == name for o in owner]].sum(axis=1)).mean()
        for name in set(owner)
    }


def abs_first(contributions, owner):
    return pd.Series(np.abs(contributions).mean(axis=0), owner).groupby(level=0).sum()


def signed(contributions, owner):
    return pd.Series(contributions.mean(axis=0), owner).groupby(level=0).sum()


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (with_groupby,),
            (with_a_loop,),
            (lambda c, o: with_groupby(c, o).to_frame(),),
            (lambda c, o: with_groupby(c, o).to_frame().T,),
            (lambda c, o: list(with_groupby(c, o).items()),),
            (lambda c, o: {n: [v] for n, v in with_groupby(c, o).items()},),
        ],
        wrong={
            "not_joined": (lambda c, o: dict(enumerate(np.abs(c).mean(axis=0))),),
            "abs_first": (abs_first,),
            "no_abs": (signed,),
            "sum": (lambda c, o: with_groupby(c, o) * len(c),),
            "other": (lambda c, o: with_groupby(c, o) ** 2,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "misconception"),
    [
        (lambda c, o: signed(c, o).abs(), "no_abs"),
        (lambda c, o: pd.Series(np.abs(c).mean(axis=0), o), "not_joined"),
        (lambda c, o: [1, 2, 3], "not_joined"),
        (lambda c, o: with_groupby(c, o).to_numpy(), "not_joined"),
        (lambda c, o: {name: [0.1, 0.2] for name in o}, "not_joined"),
    ],
)
def test_ex1_sees_variants_of_the_same_mistakes(answer, misconception):
    assert lab.ex1.check(answer).misconception == misconception


def hidden_share(curves):
    return 1 - curves.mean(axis=0).var() / curves.var(axis=1).mean()


def by_centring(curves):
    centred = curves - curves.mean(axis=1, keepdims=True)
    rest = centred - centred.mean(axis=0)
    return (rest**2).sum() / (centred**2).sum()


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (hidden_share,),
            (by_centring,),
            (lambda c: np.array([hidden_share(c)]),),
            (lambda c: pd.Series([hidden_share(c)]),),
        ],
        wrong={
            "levels": (lambda c: c.var(axis=0).mean() / c.var(),),
            "shown": (lambda c: 1 - hidden_share(c),),
            "spread": (lambda c: 1 - c.mean(axis=0).std() / c.std(axis=1).mean(),),
            "axes": (lambda c: hidden_share(c.T),),
            "other": (lambda c: float(hidden_share(c) > 0.5),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    "answer",
    [
        lambda c: 1.0,
        lambda c: 1 - c.mean(axis=0).var() / c.var(axis=1).sum(),
        lambda c: 1 - c.mean(axis=0).var(ddof=1) / c.var(axis=1).mean(),
        lambda c: float("nan"),
    ],
)
def test_ex2_blames_levels_only_for_levels(answer):
    assert lab.ex2.check(answer).misconception == "other"


GOOD = {"a": "SHAP", "b": "ICE", "c": "PDP", "d": "none", "e": "LIME"}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(GOOD,), ({k: v.lower() for k, v in GOOD.items()},)],
        wrong={
            "sum": (GOOD | {"a": "LIME"},),
            "flat": (GOOD | {"b": "PDP"},),
            "shape": (GOOD | {"c": "SHAP"},),
            "world": (GOOD | {"d": "ICE"},),
            "line": (GOOD | {"e": "SHAP"},),
        },
        stub=(...,),
    )
