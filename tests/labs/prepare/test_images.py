import numpy as np

from labs_lib.labs.prepare.images.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def test_ex1():
    right = {"b", "e", "f"}
    assert_exercise(
        lab.ex1,
        right=[(right,), (list(right),), ("bef",), (("f", "e", "b"),)],
        wrong={
            "turned": (right | {"a"},),
            "bend": (right | {"c"},),
            "grey": (right | {"d"},),
            "half": (right | {"g"},),
            "mirror": (right - {"b"},),
            "blurred": (right - {"e"},),
            "pale": (right - {"f"},),
        },
    )


def by_a_loop(source, test):
    training = {s for s, t in zip(source.tolist(), test.tolist(), strict=True) if not t}
    held = [s in training for s, t in zip(source.tolist(), test.tolist(), strict=True) if t]
    return sum(held) / len(held) if held else 0


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_a_loop,)],
        wrong={None: (lambda source, test: 0.5,)},
        stub=(stub,),
    )


def from_the_largest(alike, limit):
    best = sorted(np.asarray(alike).max(axis=1).tolist(), reverse=True)
    allowed = int(np.floor(limit * len(best) + 1e-9))
    if allowed >= len(best):
        return 0
    return int(np.floor(best[allowed])) + 1


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(from_the_largest,), (lambda a, x: np.int64(from_the_largest(a, x)),)],
        wrong={None: (lambda alike, limit: 80,)},
        stub=(stub,),
    )
