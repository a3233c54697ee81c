import numpy as np
import pytest

from labs_lib.labs.prepare.balance.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def on_the_line(row, neighbours, rng):
    return row + rng.random() * (neighbours[rng.integers(len(neighbours))] - row)


def from_the_other_end(row, neighbours, rng):
    weight = rng.uniform()
    return weight * row + (1 - weight) * rng.choice(neighbours)


def in_the_box(row, neighbours, rng):
    other = neighbours[rng.integers(len(neighbours))]
    return row + rng.random(len(row)) * (other - row)


def between_neighbours(row, neighbours, rng):
    one, other = rng.permutation(neighbours)[:2]
    return one + rng.random() * (other - one)


def towards_their_mean(row, neighbours, rng):
    return row + rng.random() * (neighbours.mean(axis=0) - row)


def never_the_last(row, neighbours, rng):
    return on_the_line(row, neighbours[:-1], rng)


def never_the_first(row, neighbours, rng):
    return on_the_line(row, neighbours[1:], rng)


def half_way_at_most(row, neighbours, rng):
    return row + rng.random() / 2 * (rng.choice(neighbours) - row)


def only_the_ends(row, neighbours, rng):
    return row + round(rng.random()) * (rng.choice(neighbours) - row)


def unseeded(row, neighbours, rng):
    return on_the_line(row, neighbours, np.random.default_rng())


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(on_the_line,), (from_the_other_end,)],
        wrong={
            "shape": (lambda row, others, rng: rng.random() * (others - row) + row,),
            "box": (in_the_box,),
            "outside": (
                lambda row, others, rng: row + rng.normal() * (rng.choice(others) - row),
            ),
            "one_neighbour": (
                lambda row, others, rng: row + rng.random() * (others[0] - row),
            ),
            "never_drawn": (never_the_last,),
            "middle": (lambda row, others, rng: (row + rng.choice(others)) / 2,),
            "gaps": (half_way_at_most,),
            "not_random": (unseeded,),
            "other": (lambda row, others, rng: row + rng.normal(0, 9, len(row)),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (between_neighbours, "other"),
        (towards_their_mean, "other"),
        (never_the_first, "never_drawn"),
        (only_the_ends, "gaps"),
    ],
)
def test_ex1_tells_mistakes_apart(answer, mistake):
    assert lab.ex1.check(answer).misconception == mistake


def by_odds(score, kept):
    odds = kept * score / (1 - score)
    return odds / (1 + odds)


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_odds,), (lambda s, k: k * s / (k * s + 1 - s),)],
        wrong={
            "multiplied": (lambda s, k: k * s,),
            "forward": (lambda s, k: s / (s + k * (1 - s)),),
            "shifted": (lambda s, k: s * k / s.mean(),),
            "odds": (lambda s, k: k * s / (1 - s),),
            None: (lambda s, k: s**2,),
        },
        stub=(stub,),
    )


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[({"b", "d"},), (["d", "b"],), ("b, d",), ("bd",), ({"B", "D"},)],
        wrong={
            "misses_b": ({"d"},),
            "misses_d": ({"b"},),
            "a_is_clean": ({"a", "b", "d"},),
            "c_is_clean": ({"b", "c", "d"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"e"}, "`e` is none of `a`, `b`, `c`, `d`"),
        (None, "should be a set, such as {'a', 'b'}; it is None"),
        ([["b"], "d"], "one element is a list of 1"),
    ],
)
def test_ex3_asks_for_a_set_of_letters(answer, said):
    outcome = lab.ex3.check(answer)
    assert outcome.status == "error"
    assert said in outcome.text


def test_ex3_wants_the_leak_named():
    assert lab.ex3.check(set()).misconception == "misses_b"
