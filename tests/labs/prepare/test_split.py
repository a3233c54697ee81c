import hashlib
import zlib

import numpy as np
import pytest

from labs_lib.labs.prepare.split.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: return np.array(draw) < 1000 * share → return np.array(draw) <= 1000 * share": "another rule by the number alone, with a share one in a thousand larger",
    "ex1: draw = [zlib.crc32(str(customer).encode()) % 1000 for customer in customers] → draw = [zlib.crc32(str(customer).encode()) % 1001 for customer in customers]": "another rule by the number alone, with nearly the same share",
    "ex1: draw = [zlib.crc32(str(customer).encode()) % 1000 for customer in customers] → draw = [zlib.crc32(str(customer).encode()) % 999 for customer in customers]": "another rule by the number alone, with nearly the same share",
    "ex1: return np.array(draw) < 1000 * share → return np.array(draw) < 1001 * share": "another rule by the number alone, with nearly the same share",
    "ex1: return np.array(draw) < 1000 * share → return np.array(draw) < 999 * share": "another rule by the number alone, with nearly the same share",
}


def stub(*answers):
    raise NotImplementedError


# Exercise 1


def by_checksum(customers, share):
    return np.array([zlib.crc32(str(c).encode()) % 1000 < 1000 * share for c in customers])


def by_md5(customers, share):
    def draw(customer):
        return int(hashlib.md5(str(customer).encode()).hexdigest(), 16) % 10_000 / 10_000

    return [draw(customer) < share for customer in customers]


def by_generator(customers, share):
    return np.array([np.random.default_rng(int(c)).random() < share for c in customers])


def by_last_digits(customers, share):
    return customers % 100 < 100 * share


def by_row(customers, share):
    return np.random.default_rng(0).random(len(customers)) < share


def by_hash(customers, share):
    return np.array([hash(str(c)) % 1000 < 1000 * share for c in customers])


def by_list(customers, share):
    people = np.unique(customers)
    drawn = np.random.default_rng(0).permutation(people)[: round(share * len(people))]
    return np.isin(customers, drawn)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_checksum,), (by_md5,), (by_generator,), (by_last_digits,)],
        wrong={
            "shape": (lambda customers, share: by_checksum(np.unique(customers), share),),
            "rows": (by_row,),
            "share": (lambda customers, share: by_checksum(customers, 1 - share),),
            "order": (lambda customers, share: customers < np.quantile(customers, share),),
            "depends": (by_list,),
            "salted": (by_hash,),
        },
        stub=(stub,),
    )


# Exercise 2


def pick(test, fresh):
    picks = test.argmax(axis=1)
    return np.mean([t.max() - f[k] for t, f, k in zip(test, fresh, picks, strict=True)])


def by_index(test, fresh):
    every = np.arange(len(test))
    return (test.max(axis=1) - fresh[every, test.argmax(axis=1)]).mean()


def on_fresh(test, fresh):
    every, late = np.arange(len(test)), fresh.argmax(axis=1)
    return (test[every, late] - fresh[every, late]).mean()


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(pick,), (by_index,), (lambda t, f: np.array([pick(t, f)]),)],
        wrong={
            "both_maxima": (lambda t, f: (t.max(axis=1) - f.max(axis=1)).mean(),),
            "no_pick": (lambda t, f: (t - f).mean(),),
            "picked_on_fresh": (on_fresh,),
            "sign": (lambda t, f: -pick(t, f),),
            "per_world": (lambda t, f: t.max(axis=1) - f.max(axis=1),),
            "other": (lambda t, f: t.max() - f.max(),),
        },
        stub=(stub,),
    )


# Exercise 3

RIGHT = {"a": "ordered", "b": "by key", "c": "stratified", "d": "randomized"}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (RIGHT | {"d": "stratified"},)],
        wrong={
            "time": (RIGHT | {"a": "stratified"},),
            "people": (RIGHT | {"b": "randomized"},),
            "few": (RIGHT | {"c": "randomized"},),
            "nothing": (RIGHT | {"d": "ordered"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [RIGHT | {"a": "shuffled"}, ["ordered"], {}])
def test_ex3_asks_for_a_dictionary(answer):
    assert lab.ex3.check(answer).status == "error"
