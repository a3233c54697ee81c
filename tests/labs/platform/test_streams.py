import math
import random

import numpy as np
import pandas as pd

from labs_lib.labs.platform.streams.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def shards_for(records, size, applications, fan_out):
    """By trying, from one shard on, until none of the limits is exceeded."""
    count, kib = 1, records * -(-size // 1024)
    readers = 1 if fan_out else applications
    while kib > count * 1024 or kib * readers > count * 2048 or records > count * 1000:
        count += 1
    return count


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(shards_for,), (lambda *given: np.int64(shards_for(*given)),)],
        wrong={
            "guide": (
                lambda records, size, applications, fan_out: max(
                    1,
                    math.ceil(
                        records
                        * math.ceil(size / 1024)
                        * max(1 / 1024, (1 if fan_out else applications) / 2048)
                    ),
                ),
            ),
            "shared_ignored": (lambda r, s, a, f: shards_for(r, s, a, True),),
            "fan_out_ignored": (lambda r, s, a, f: shards_for(r, s, a, False),),
            None: (lambda r, s, a, f: 1,),
        },
        stub=(stub,),
    )


# Exercise 2 --------------------------------------------------------------------------------


def readable(shards, finished):
    """The other way round: take out what has to wait."""
    return [
        name
        for name in shards
        if name not in finished and not (set(shards[name]) & set(shards)) - set(finished)
    ]


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (lambda shards, finished: set(readable(shards, finished)),),
            (lambda shards, finished: frozenset(readable(shards, finished)),),
        ],
        wrong={
            "no_order": (
                lambda shards, finished: {n for n in shards if n not in finished},
            ),
            "gone": (
                lambda shards, finished: {
                    name
                    for name, parents in shards.items()
                    if name not in finished and set(parents) <= set(finished)
                },
            ),
            None: (lambda shards, finished: set(),),
        },
        stub=(stub,),
    )


def test_reading_what_may_be_read_ends_with_every_shard_after_its_parents():
    rng = random.Random(0)
    for _ in range(100):
        shards = {}
        for number in range(rng.randint(1, 12)):
            known = [f"s{i}" for i in range(-3, number)]
            shards[f"s{number}"] = rng.sample(known, min(len(known), rng.randint(0, 2)))
        finished, order = set(), []
        while chosen := sorted(readable(shards, finished)):
            order.append(rng.choice(chosen))
            finished.add(order[-1])
        assert finished == set(shards)
        for name, parents in shards.items():
            kept = [one for one in parents if one in shards]
            assert all(order.index(one) < order.index(name) for one in kept)


# Exercise 3 --------------------------------------------------------------------------------

FIRST = {
    "a": "pack", "b": "shards", "c": "rekey", "d": "fan-out", "e": "workers", "f": "id", "g": "lead",
}  # fmt: skip


def test_ex3():
    names = ("small", "bytes", "hot", "shared_reads", "busy", "sender", "order")
    other = dict(zip(FIRST, [*list(FIRST.values())[1:], "pack"], strict=True))
    assert_exercise(
        lab.ex3,
        right=[(FIRST,), (pd.Series(FIRST),), (list(FIRST.items()),)],
        wrong={
            name: (FIRST | {case: other[case]},)
            for case, name in zip("abcdefg", names, strict=True)
        },
    )
