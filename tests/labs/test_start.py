from labs_lib.labs.start.exercises import lab
from tests.labs.contract import assert_exercise


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(0.99,), (1 - 11 / 1100,), (0.9901,)],
        wrong={
            "recall": (0.0,),
            "fraud_rate": (0.01,),
            "percent": (99,),
            "elsewhere": (0.9,),
        },
    )


def test_ex1_does_not_take_one_for_rounded():
    assert lab.ex1.check(1.0).misconception == "elsewhere"
