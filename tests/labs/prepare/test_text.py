from zlib import crc32

import numpy as np
import pytest

from labs_lib.labs.prepare.text.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_bincount(words, width):
    columns = [crc32(word.encode("utf-8")) % width for word in words]
    return np.bincount(np.array(columns, dtype=int), minlength=width)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_bincount,)],
        wrong={None: (lambda words, width: [len(words)] + [0] * (width - 1),)},
        stub=(stub,),
    )


def test_ex1_knows_a_salted_hash():
    def salted(words, width):
        found = [0] * width
        for word in words:
            found[hash(word) % width] += 1
        return found

    assert lab.ex1.check(salted).misconception == "salted"


def one_by_one(others, width):
    chance = 1.0
    for _ in range(others):
        chance *= (width - 1) / width
    return chance


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(one_by_one,)],
        wrong={None: (lambda others, width: 1 / width,)},
        stub=(stub,),
    )


def by_difference(counts):
    stands = (counts != 0).sum(axis=0)
    return np.log(1 + counts.shape[0]) - np.log(1 + stands) + 1


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(by_difference,), (lambda c: by_difference(c).tolist(),)],
        wrong={None: (lambda c: np.ones(c.shape[1]),)},
        stub=(stub,),
    )


@pytest.mark.parametrize("base", [2, 10])
def test_ex3_wants_the_natural_logarithm(base):
    def other(counts):
        return 1 + (by_difference(counts) - 1) / np.log(base)

    assert lab.ex3.check(other).status == "wrong"


def test_ex2_knows_the_limit_of_wide_tables():
    def limit(others, width):
        return np.exp(-others / width)

    assert lab.ex2.check(limit).misconception == "limit"
