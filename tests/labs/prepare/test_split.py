import hashlib
import zlib

import numpy as np
import pandas as pd
import pytest

from labs_lib.course.exercise import PASSED, WRONG
from labs_lib.labs.prepare.split.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: draw = [zlib.crc32(str(customer).encode()) % 1000 for customer in customers] → draw = [zlib.crc32(str(customer).encode()) % 999 for customer in customers]": "another rule by the number alone, with nearly the same share",
    "ex1: return np.array(draw) < 1000 * share → return np.array(draw) < 1001 * share": "another rule by the number alone, with nearly the same share",
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


def by_table(customers, share):
    side = {c: zlib.adler32(bytes(f"{c}" * 9, "ascii")) % 997 / 997 for c in set(customers)}
    return pd.Series(customers).map(side) < share


def by_zeros_and_ones(customers, share):
    return by_checksum(customers, share).astype(int)


def by_multiplication(customers, share):
    return (customers.astype("uint64") * np.uint64(2654435761)) % 2**32 / 2**32 < share


def by_hash_of_numbers(customers, share):
    return tuple(hash((int(c), 7)) % 1000 < 1000 * share for c in customers)


def by_pandas(customers, share):
    return pd.util.hash_array(customers) % 1000 < 1000 * share


def by_comparing_in_a_column(customers, share):
    return pd.DataFrame({"test": by_checksum(customers, share)})


def one_at_a_time(customers, share):
    return (zlib.crc32(b"%d" % c) / 2**32 < share for c in customers)


def with_rest_swapped(customers, share):
    return ~(by_md5_array(customers) < 1 - share)


def by_md5_array(customers):
    numbers = [int(hashlib.sha256(b"%d" % c).hexdigest()[:8], 16) for c in customers]
    return np.array(numbers) / 2**32


def by_row(customers, share):
    return np.random.default_rng(0).random(len(customers)) < share


def by_hash(customers, share):
    return np.array([hash(str(c)) % 1000 < 1000 * share for c in customers])


def keeping(draw):
    """Return a rule that keeps a list of who is where; `draw` decides about new ones."""
    sides = {}

    def rule(customers, share):
        return [sides.setdefault((int(c), share), draw() < share) for c in customers]

    return rule


def by_list(customers, share):
    people = np.unique(customers)
    drawn = np.random.default_rng(0).permutation(people)[: round(share * len(people))]
    return np.isin(customers, drawn)


def by_md5_draws(customers, share):
    return by_md5_array(customers)


RIGHT_RULES = [
    by_checksum,
    by_md5,
    by_generator,
    by_last_digits,
    by_table,
    by_zeros_and_ones,
    by_multiplication,
    by_hash_of_numbers,
    by_pandas,
    by_comparing_in_a_column,
    one_at_a_time,
    with_rest_swapped,
]


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(rule,) for rule in RIGHT_RULES],
        wrong={
            "shape": (lambda customers, share: by_checksum(np.unique(customers), share),),
            "values": (by_md5_draws,),
            "rows": (by_row,),
            "share": (lambda customers, share: by_checksum(customers, 1 - share),),
            "order": (lambda customers, share: customers < np.quantile(customers, share),),
            "depends": (by_list,),
            "salted": (by_hash,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        (lambda c, share: np.arange(len(c)) < share * len(c), "rows"),
        (lambda c, share: c >= np.quantile(c, 1 - share), "order"),
        (lambda c, share: by_checksum(c, 0.2), "share"),
        (lambda c, share: by_checksum(c, share)[:-1], "shape"),
        (
            lambda c, share: np.array([hash(f"{n}") % 997 / 997 < share for n in c]),
            "salted",
        ),
        (lambda c, share: by_md5_array(c) <= max(share, 0.01), "share"),
        (lambda c, share: by_checksum(np.searchsorted(np.unique(c), c), share), "depends"),
        (lambda c, share: np.where(by_checksum(c, share), "test", "train"), "values"),
        (keeping(np.random.default_rng().random), "salted"),
        (keeping(np.random.default_rng(0).random), "salted"),
    ],
)
def test_ex1_names_the_mistake(rule, mistake):
    outcome = lab.ex1.check(rule)
    assert (outcome.status, outcome.misconception) == (WRONG, mistake), outcome


# Exercise 2

RIGHT = {"a": "ordered", "b": "by key", "c": "stratified", "d": "ordered and by key"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            "time": (RIGHT | {"a": "stratified"},),
            "people": (RIGHT | {"b": "randomized"},),
            "few": (RIGHT | {"c": "by key"},),
            "both": (RIGHT | {"d": "ordered"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [RIGHT | {"a": "shuffled"}, ["ordered"], {}])
def test_ex2_asks_for_a_dictionary(answer):
    assert lab.ex2.check(answer).status == "error"


@pytest.mark.parametrize("letter", RIGHT)
@pytest.mark.parametrize("way", ["randomized", *RIGHT.values()])
def test_ex2_has_one_right_way_for_each_letter(letter, way):
    outcome = lab.ex2.check(RIGHT | {letter: way})
    assert (outcome.status == PASSED) == (way == RIGHT[letter])


# Exercise 3


def pick(test, fresh):
    picks = test.argmax(axis=1)
    return np.mean([t.max() - f[k] for t, f, k in zip(test, fresh, picks, strict=True)])


def by_index(test, fresh):
    every = np.arange(len(test))
    return (test.max(axis=1) - fresh[every, test.argmax(axis=1)]).mean()


def by_frame(test, fresh):
    picks = pd.DataFrame(test).idxmax(axis=1)
    return sum(test[w, k] - fresh[w, k] for w, k in picks.items()) / len(picks)


def by_sorting(test, fresh):
    last = np.argsort(test, axis=1)[:, -1:]
    return np.take_along_axis(test - fresh, last, axis=1).mean()


def by_masks(test, fresh):
    picked = test == test.max(axis=1, keepdims=True)
    return (test - fresh)[picked].mean()


def in_a_loop(test, fresh):
    total = 0
    for reported, later in zip(test.tolist(), fresh.tolist(), strict=True):
        total += max(reported) - later[reported.index(max(reported))]
    return total / len(test)


def difference_of_means(test, fresh):
    every = range(len(test))
    return test.max(axis=1).mean() - fresh[every, test.argmax(axis=1)].mean()


def on_fresh(test, fresh):
    every, late = np.arange(len(test)), fresh.argmax(axis=1)
    return (test[every, late] - fresh[every, late]).mean()


def test_ex3_keeps_the_sign_of_the_mean():
    outcome = lab.ex3.check(lambda t, f: abs(pick(t, f)))
    assert (outcome.status, outcome.misconception) == (WRONG, "size_only"), outcome


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (pick,),
            (by_index,),
            (by_frame,),
            (by_sorting,),
            (by_masks,),
            (in_a_loop,),
            (difference_of_means,),
            (lambda t, f: np.array([pick(t, f)]),),
            (lambda t, f: pd.Series(pick(t, f)),),
            (lambda t, f: np.float32(pick(t, f)),),
        ],
        wrong={
            "both_maxima": (lambda t, f: (t.max(axis=1) - f.max(axis=1)).mean(),),
            "no_pick": (lambda t, f: (t - f).mean(),),
            "picked_on_fresh": (on_fresh,),
            "one_pick": (lambda t, f: t.max() - f.max(),),
            "sign": (lambda t, f: -pick(t, f),),
            "size_only": (
                lambda t, f: np.abs((t - f)[t == t.max(1, keepdims=True)]).mean(),
            ),
            "crossed": (lambda t, f: (t.max(axis=1) - f[:, t.argmax(axis=1)]).mean(),),
            "per_world": (lambda t, f: (t - f)[t == t.max(axis=1, keepdims=True)],),
            None: (lambda t, f: t.max(axis=1).mean(),),
        },
        stub=(stub,),
    )
