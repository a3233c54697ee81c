import numpy as np
import pytest

from labs_lib.labs.prepare.recipe.exercises import BROKEN, LIVE_ROWS, lab
from labs_lib.prepare.recipe import action
from tests.labs.contract import assert_exercise

RIGHT = "np.allclose(transform(rows[i:i + 1]), together[i:i + 1])"
SWAPPED = "np.allclose(together[i:i + 1], transform(rows[i:i + 1]))"
WHOLE = "return all(({} for i in range(len(rows))))"
EQUIVALENT = {
    f"ex3: {WHOLE.format(RIGHT)} → {WHOLE.format(SWAPPED)}": "the two are compared either way",
}


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
            (lambda train, live: ((v - train.mean()) / train.std() for v in live),),
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


def keep(strategy="KEEP"):
    return action(
        "ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy=strategy
    )


Z, LN, FILL, FLAG, _, DELETE = BROKEN
MENDED = [LN, Z, FLAG, FILL, keep(), DELETE]


def test_ex2():
    assert_exercise(
        lab.ex2,
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


def test_the_broken_recipe_is_broken_in_three_ways():
    assert lab.ex2.check(BROKEN).misconception == "order"
    assert lab.ex2.check([LN, Z, *BROKEN[2:]]).misconception == "rows_lost"
    assert lab.ex2.check([LN, Z, FILL, FLAG, keep(), DELETE]).misconception == "flag_late"
    assert len(LIVE_ROWS) == 3


def by_a_loop(transform, rows):
    for i, value in enumerate(transform(rows)):
        if abs(transform(rows[[i]])[0] - value) > 1e-9:
            return False
    return True


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(by_a_loop,)],
        wrong={
            None: (lambda transform, rows: len(rows) == 4,),
            "same_company": (lambda f, x: np.allclose(f(x[::-1]), f(x)[::-1]),),
        },
        stub=(stub,),
    )


def by_halves(f, x):
    middle = len(x) // 2
    parts = [f(part) for part in (x[:middle], x[middle:]) if len(part)]
    return np.allclose(np.concatenate(parts), f(x))


def each_in_front(f, x):
    return all(np.isclose(f(np.append(v, x))[0], f(x)[i]) for i, v in enumerate(x))


@pytest.mark.parametrize("test", [by_halves, each_in_front])
def test_ex3_says_one_row_only_of_nothing_else(test):
    outcome = lab.ex3.check(test)
    assert (outcome.status, outcome.misconception) == ("wrong", None)
