import random

import pandas as pd

from labs_lib.labs.platform.catalog.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def newest(rows, changes):
    """The other way round: for each key the change with the highest number."""
    after = dict(rows)
    for key in {change[2] for change in changes}:
        last = max(change for change in changes if change[2] == key)
        after.pop(key, None)
        if last[1] != "D":
            after[key] = last[3]
    return after


def as_they_come(rows, changes):
    after = dict(rows)
    for _, operation, key, amount in changes:
        if operation == "D":
            after.pop(key, None)
        else:
            after[key] = amount
    return after


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (newest,),
            (lambda rows, c: pd.Series(newest(rows, c), dtype=object),),
            (lambda rows, changes: as_they_come(rows, sorted(changes)),),
        ],
        wrong={
            "arrival": (as_they_come,),
            "oldest_wins": (lambda rows, c: as_they_come(rows, sorted(c)[::-1]),),
            "once_each": (lambda rows, c: as_they_come(rows, list(dict.fromkeys(c))),),
            "delete_writes": (lambda rows, c: rows | {x[2]: x[3] for x in sorted(c)},),
            "only_changed": (lambda rows, c: newest({}, c),),
            None: (lambda rows, changes: {},),
        },
        stub=(stub,),
    )


def test_repeated_and_shuffled_changes_give_the_source():
    rng = random.Random(0)
    for _ in range(200):
        source, log = {}, []
        for number in range(1, 20):
            key, amount = rng.randint(0, 4), rng.randint(0, 99)
            operation = rng.choice("UD") if key in source else "I"
            log.append((number, operation, key, amount))
            source = as_they_come(source, log[-1:])
        sent = log + rng.choices(log, k=10)
        rng.shuffle(sent)
        assert newest({}, sent) == source


# Exercise 2 --------------------------------------------------------------------------------

FIRST = {
    "a": "combine", "b": "exclude", "c": "log", "d": "delay", "e": "key", "f": "type",
}  # fmt: skip


def test_ex2():
    names = (
        "two_years",
        "old_logs",
        "seen_only",
        "in_flight",
        "nothing_compared",
        "digits",
    )
    assert_exercise(
        lab.ex2,
        right=[(FIRST,), (pd.Series(FIRST),), (list(FIRST.items()),)],
        wrong={
            name: (FIRST | {case: "restart"},)
            for case, name in zip("abcdef", names, strict=True)
        },
    )
