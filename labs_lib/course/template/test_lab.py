from labs_lib.labs.@PART@.@NAME@.exercises import lab

from tests.labs.contract import assert_exercise


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(1,)],
        wrong={"first": (0,), "second": (-1,), "third": (2,)},
    )
