from labs_lib.exercises.prepare.split import lab
from tests.exercises.contract import assert_exercise


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(1,)],
        wrong={"first": (0,), "second": (-1,), "third": (2,)},
    )
