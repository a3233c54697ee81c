import math

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.deploy.ab_test.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_error(rate_a, rate_b, share, daily):
    """Take the standard error of one day, and ask how many days shrink it enough."""
    if rate_a == rate_b:
        return math.inf
    n_a, n_b = daily * (1 - share), daily * share
    error = np.sqrt(rate_a * (1 - rate_a) / n_a + rate_b * (1 - rate_b) / n_b)
    return np.ceil((2.8 * error / abs(rate_b - rate_a)) ** 2)


def by_trying(rate_a, rate_b, share, daily):
    """Wait day by day."""
    if rate_a == rate_b:
        return float("inf")
    for days in range(1, 10_000):
        of_a = rate_a * (1 - rate_a) / (daily * days * (1 - share))
        of_b = rate_b * (1 - rate_b) / (daily * days * share)
        if abs(rate_a - rate_b) >= 2.8 * math.sqrt(of_a + of_b):
            return days
    return None


def by_sizes(rate_a, rate_b, share, daily):
    """Return the size of group B first, with the ratio of the groups."""
    gap = rate_a - rate_b
    if not gap:
        return np.inf
    ratio = (1 - share) / share
    of_b = 7.84 * (rate_b * (1 - rate_b) + rate_a * (1 - rate_a) / ratio) / gap**2
    return math.ceil(of_b / share / daily)


def with_exact_quantiles(rate_a, rate_b, share, daily):
    """1.95996 + 0.84162 in place of 2.8: the same whole days in every case."""
    if rate_a == rate_b:
        return math.inf
    one = rate_a * (1 - rate_a) / (1 - share) + rate_b * (1 - rate_b) / share
    return math.ceil(2.80158**2 * one / (rate_a - rate_b) ** 2 / daily)


def pooled(rate_a, rate_b, share, daily):
    """Take one rate over both groups, as the dashboard's z does."""
    if rate_a == rate_b:
        return math.inf
    rate = (1 - share) * rate_a + share * rate_b
    of_one_payment = rate * (1 - rate) * (1 / (1 - share) + 1 / share)
    return math.ceil(7.84 * of_one_payment / (rate_a - rate_b) ** 2 / daily)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (answer,)
            for answer in (
                by_error,
                by_trying,
                by_sizes,
                with_exact_quantiles,
                lambda *case: float(by_trying(*case)),
                lambda *case: np.array([by_sizes(*case)]),
                lambda *case: pd.Series([by_error(*case)]),
            )
        ],
        wrong={
            "even": (lambda a, b, share, daily: by_error(a, b, 0.5, daily),),
            "swapped": (lambda a, b, share, daily: by_error(a, b, 1 - share, daily),),
            "payments": (lambda a, b, share, daily: by_error(a, b, share, 1),),
            # within 7.84 payments of "swapped": only a case of few payments tells them apart
            "one_variance": (pooled,),
            None: (lambda a, b, share, daily: 28,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("other", [by_error, by_sizes])
def test_ex1_is_symmetric_in_the_groups(other):
    """Exchange the models and their shares: the days stay."""
    rng = np.random.default_rng(0)
    for rate_a, rate_b, share in rng.uniform(0.05, 0.95, size=(50, 3)):
        assert other(rate_a, rate_b, share, 40) == other(rate_b, rate_a, 1 - share, 40)


def test_ex1_finds_four_of_five():
    """Simulate the test that the answer plans: about 80 % of the tests find the difference."""
    rates, share, daily = (0.2, 0.24), 0.3, 200
    days = by_trying(*rates, share, daily)
    rng = np.random.default_rng(0)
    n = np.array([daily * days * (1 - share), daily * days * share]).round().astype(int)
    a, b = (rng.binomial(m, r, size=20_000) / m for m, r in zip(n, rates, strict=True))
    error = np.sqrt(a * (1 - a) / n[0] + b * (1 - b) / n[1])
    assert 0.78 < (np.abs(b - a) > 1.96 * error).mean() < 0.83


# Exercise 2 --------------------------------------------------------------------------------

RIGHT = {
    "a": "by payment",
    "b": "by customer",
    "c": "none",
    "d": "by customer",
    "e": "none",
    "f": "by week",
}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({key: value.upper() for key, value in RIGHT.items()},),
        ],
        wrong={
            "alike": (RIGHT | {"a": "by customer"},),
            "too_narrow": (RIGHT | {"b": "by payment"},),
            "met_both": (RIGHT | {"c": "by customer"},),
            "counted_customers": (RIGHT | {"d": "by payment"},),
            "peeked": (RIGHT | {"e": "by payment"},),
            "pooled": (RIGHT | {"f": "by payment"},),
        },
        stub=(...,),
    )


def test_ex2_says_what_cannot_be_read():
    outcome = lab.ex2.check(RIGHT | {"c": "nothing"})
    assert outcome.status == "error"
    assert "`nothing` at `c` is none of" in outcome.text
