import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.deploy.multi_model.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT: dict[str, str] = {}


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

NINE = ["fuel", "home", "fuel", "travel", "digital", "fuel", "all", "digital", "all"]


def hits(order="used", *, count=False):
    """The letters of the hits among the nine, if models go in some order."""
    loaded, found = [], set()
    size = {"all": 1 if count else 2}
    for letter, model in zip("abcdefghi", NINE, strict=True):
        if model in loaded:
            found.add(letter)
            if order == "used":
                loaded.remove(model)
                loaded.append(model)
            continue
        while sum(size.get(m, 1) for m in [*loaded, model]) > 3:
            large = [m for m in loaded if m == "all" and order == "largest"]
            loaded.remove((large or loaded)[0])
        loaded.append(model)
    return found


def test_ex1():
    assert hits() == {"c", "f", "i"}
    assert_exercise(
        lab.ex1,
        right=[
            ({"c", "f", "i"},),
            ("cfi",),
            (["I", "F", "C"],),
            (np.array(["c", "f", "i"]),),
        ],
        wrong={
            "first_asked": ({"f", "i"},),
            "oldest_load": (hits("loaded"),),
            "by_number": (hits(count=True),),
            "largest_first": (hits("used") - {"i"},),
            None: ({"a", "c", "f", "i"},),
        },
    )


# Exercise 2 --------------------------------------------------------------------------------


def by_cumulative_sum(counts, one_in):
    kept = np.cumsum(sorted(counts, reverse=True))
    total = kept[-1] if len(kept) else 0
    enough = (total - np.concatenate([[0], kept])) * one_in <= total
    return int(np.argmax(enough))


def by_series(counts, one_in):
    left = pd.Series(counts, dtype=int).sort_values().cumsum()
    return np.int64(len(left) - (left * one_in <= left.max()).sum())


def from_the_rare_end(counts, one_in):
    room, out = sum(counts), 0
    for number, _ in enumerate(sorted(counts), start=1):
        if sum(sorted(counts)[:number]) * one_in <= room:
            out = number
    return len(counts) - out


def by_share_kept(counts, one_in):
    counts = sorted(counts, reverse=True)
    kept = range(len(counts) + 1)
    done = [1 - sum(counts[:n]) / max(sum(counts), 1) <= 1 / one_in for n in kept]
    return 0 if sum(counts) == 0 else done.index(True)


def by_share_waiting(counts, one_in):
    total, left = sum(counts), sorted(counts)
    while total and sum(left) / total > 1 / one_in:
        left.pop()
    return len(counts) - len(left) if total else 0


def by_quantile(counts, one_in):
    kept, total = np.cumsum(np.sort(np.asarray(counts, float))[::-1]), sum(counts)
    return int(np.searchsorted(np.r_[0, kept], total * (1 - 1 / one_in)))


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (by_cumulative_sum,),
            (by_series,),
            (from_the_rare_end,),
            (by_share_kept,),
            (by_share_waiting,),
            (by_quantile,),
            (lambda counts, one_in=100: float(by_cumulative_sum(counts, one_in)),),
            (lambda counts, one_in=100: np.array([by_cumulative_sum(counts, one_in)]),),
        ],
        wrong={
            "strict": (lambda c, n: by_cumulative_sum(c, n + 1e-9),),
            "always_99": (lambda c, n: by_cumulative_sum(c, 100),),
            None: (lambda c, n: len(c),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("seed", range(20))
def test_right_answers_agree_on_random_counts(seed):
    rng = np.random.default_rng(seed)
    counts, one_in = rng.integers(0, 30, rng.integers(0, 12)), int(rng.integers(1, 30))
    assert lab.ex2._judge.right(counts, one_in) == by_cumulative_sum(counts, one_in)
    assert by_series(counts, one_in) == by_cumulative_sum(counts, one_in)
    assert from_the_rare_end(counts, one_in) == by_cumulative_sum(counts, one_in)
