import numpy as np
import pytest

from labs_lib.labs.prepare.features import exercises as features
from labs_lib.labs.prepare.features.exercises import BROKEN, lab
from labs_lib.prepare.recipe import action
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def test_ex1():
    def z(train, live):
        return (live - train.mean()) / train.std()

    def joint(train, live):
        both = np.concatenate([train, live])
        return (live - both.mean()) / both.std()

    def on_live(train, live):
        return (live - live.mean()) / (live.std() or 1)

    assert_exercise(
        lab.ex1,
        right=[
            (z,),
            (lambda train, live: [(v - train.mean()) / train.std(ddof=1) for v in live],),
        ],
        wrong={
            "live_statistics": (on_live,),
            "joint": (joint,),
            "min_max": (lambda t, x: (x - t.min()) / (t.max() - t.min()),),
            "not_divided": (lambda t, x: x - t.mean(),),
            "variance": (lambda t, x: (x - t.mean()) / t.var(),),
            "train_returned": (lambda t, x: z(t, t),),
            "other": (lambda t, x: z(t, x) + 1,),
        },
        stub=(stub,),
    )


def test_ex1_knows_the_mean_of_training_with_the_spread_of_the_batch():
    outcome = lab.ex1.check(lambda t, x: (x - t.mean()) / (x.std() or 1))
    assert outcome.misconception == "live_statistics"


def on_circle(period, turn=2 * np.pi):
    return lambda hour: (np.sin(turn * hour / period), np.cos(turn * hour / period))


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (on_circle(24),),
            (lambda h: np.column_stack(on_circle(24)(-h - 6)) * 3,),
        ],
        wrong={
            "shape": (lambda h: np.sin(2 * np.pi * h / 24),),
            "period": (on_circle(23),),
            "degrees": (on_circle(24, 360),),
            "half": (on_circle(24, np.pi),),
            "one": (lambda h: (np.sin(h / 4), np.sin(h / 4)),),
            "other": (lambda h: (h, h**2),),
        },
        stub=(stub,),
    )


def keep(strategy="KEEP"):
    return action(
        "ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy=strategy
    )


Z, LN, FILL, FLAG, _, DELETE = BROKEN
MENDED = [LN, Z, FLAG, FILL, keep(), DELETE]


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(MENDED,), ([FLAG, FILL, keep(), DELETE, LN, Z],)],
        wrong={
            "steps": (["DELETE"],),
            "order": (BROKEN,),
            "rows_lost": ([LN, Z, FLAG, FILL, keep("SKIP"), DELETE],),
            "refused": ([LN, Z, FLAG, FILL, keep("ERROR"), DELETE],),
            "flag_late": ([LN, Z, FILL, FLAG, keep(), DELETE],),
            "gaps": ([LN, Z, FLAG, keep(), DELETE],),
            "columns": ([LN, Z, FLAG, FILL, keep()],),
            "amount": ([Z, FLAG, FILL, keep(), DELETE],),
        },
        stub=(...,),
    )


GOOD = {"a": "nothing", "b": "standardize", "c": "logarithm", "d": "circle"}


def test_ex4():
    assert_exercise(
        lab.ex4,
        right=[(GOOD,)],
        wrong={
            "trees": (GOOD | {"a": "standardize"},),
            "distance": (GOOD | {"b": "nothing"},),
            "tail": (GOOD | {"c": "standardize"},),
            "clock": (GOOD | {"d": "logarithm"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    "answer", [dict.fromkeys("abcd", "bins"), dict.fromkeys("abcd", 1)]
)
def test_ex4_asks_for_its_own_words(answer):
    assert lab.ex4.check(answer).status == "error"


def test_the_broken_recipe_is_broken_in_three_ways():
    assert lab.ex3.check(BROKEN).misconception == "order"
    assert lab.ex3.check([LN, Z, *BROKEN[2:]]).misconception == "rows_lost"
    assert lab.ex3.check([LN, Z, FILL, FLAG, keep(), DELETE]).misconception == "flag_late"
    assert len(features.LIVE_ROWS) == 3
