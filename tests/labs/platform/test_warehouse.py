import random

import numpy as np
import pandas as pd

from labs_lib.labs.platform.warehouse.exercises import lab
from labs_lib.platform.warehouse import QueuedQuery, WorkloadQueue, run_queries
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_sorting(target, source):
    """The other way round: order all rows, and let the last of each key stay."""
    rows = [(version, -1, key, value) for key, (version, value) in target.items()]
    rows += [
        (version, place, key, value) for place, (key, version, value) in enumerate(source)
    ]
    return {key: value for _, _, key, value in sorted(rows)}


def without_versions(target, source):
    before = {key: value for key, (_, value) in target.items()}
    return before | {key: value for key, _, value in source}


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (by_sorting,),
            (lambda *given: pd.Series(by_sorting(*given)),),
        ],
        wrong={
            "last_row": (without_versions,),
            None: (lambda target, source: {},),
        },
        stub=(stub,),
    )


def random_night(rng):
    target = {key: (rng.randint(0, 3), rng.randint(0, 9)) for key in rng.sample("abcd", 2)}
    source = [
        (rng.choice("abcd"), rng.randint(0, 3), rng.randint(0, 9))
        for _ in range(rng.randint(0, 6))
    ]
    return target, source


def test_each_key_has_its_newest_value():
    rng = random.Random(0)
    right = lab.ex1._judge.right
    for _ in range(300):
        target, source = random_night(rng)
        once = right(target, source)
        assert once == by_sorting(target, source)
        assert right(target, source + source) == once
        assert once.keys() == target.keys() | {key for key, _, _ in source}


# Exercise 2 --------------------------------------------------------------------------------


def from_the_sorted(needs, most):
    """Let the largest needs spill, as many as may, and give the next one its memory."""
    if not needs:
        return 50
    spilling = int(np.floor(most * len(needs) + 1e-9))
    if spilling >= len(needs):
        return 50
    return min(50, int(100 // sorted(needs, reverse=True)[spilling]))


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (from_the_sorted,),
            (lambda *given: np.int64(from_the_sorted(*given)),),
            (lambda *given: float(from_the_sorted(*given)),),
        ],
        wrong={
            "largest": (lambda needs, most: from_the_sorted(needs, 0.0),),
            "one_at_least": (lambda *given: max(1, from_the_sorted(*given)),),
            None: (lambda needs, most: 5,),
        },
        stub=(stub,),
    )


def test_the_slots_are_those_of_the_engine():
    rng = random.Random(0)
    for _ in range(100):
        needs = [rng.choice([1, 2, 4, 5, 10, 20, 25, 50, 120]) for _ in range(6)]
        most = rng.choice([0, 0.5, 1])
        load = [QueuedQuery(0, 1, memory=need) for need in needs]

        def spilled(slots, load=load):
            runs = run_queries(load, [WorkloadQueue("default", slots)], cores=8, spill=2)
            return sum(run.spilled for run in runs)

        found = lab.ex2._judge.right(needs, most)
        assert found == 0 or spilled(found) <= most * len(needs)
        assert found == 50 or spilled(found + 1) > most * len(needs)


# Exercise 3 --------------------------------------------------------------------------------

FIRST = {
    "a": "split", "b": "last rows", "c": "scaling", "d": "fewer slots", "e": "grant",
    "f": "transaction",
}  # fmt: skip


def test_ex3():
    names = ("one_slice", "refused", "peak", "spilled", "key_of_region", "half_done")
    assert_exercise(
        lab.ex3,
        right=[(FIRST,), (pd.Series(FIRST),), (list(FIRST.items()),)],
        wrong={
            name: (FIRST | {case: "more slots"},)
            for case, name in zip("abcdef", names, strict=True)
        },
    )
