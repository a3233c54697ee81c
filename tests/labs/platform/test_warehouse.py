from labs_lib.labs.platform.warehouse.exercises import lab

from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def share(values):
    return len([value for value in values if value > 0]) / max(len(values), 1)


def test_ex1():
    # The mistakes of a function are tried by themselves.
    assert_exercise(lab.ex1, right=[(share,)], wrong={}, stub=(stub,))


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[({"a", "c"},), ("ac",)],
        wrong={
            "misses_a": ({"c"},),
            "misses_c": ({"a"},),
            "takes_b": ({"a", "b", "c"},),
        },
    )
