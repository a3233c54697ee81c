import math

import numpy as np
import pandas as pd

from labs_lib import monitor
from labs_lib.labs.monitor.model_drift import exercises as model_drift
from labs_lib.labs.monitor.model_drift.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex2: return None → (dropped)": "a function without return returns None",
}


def stub(*answers):
    raise NotImplementedError


def by_sorting(paid, known, first, last, share):
    mornings = np.sort(known[(paid >= first) & (paid < last)])
    return mornings[math.ceil(share * len(mornings)) - 1]


def by_search(paid, known, first, last, share):
    window = known[(paid >= first) & (paid < last)]
    day = first
    while (window <= day).mean() < share:
        day += 1
    return day


def of_window(paid, known, first, last):
    return known[(paid >= first) & (paid < last)]


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (by_sorting,),
            (by_search,),
            (
                lambda p, k, a, b, s: np.quantile(
                    of_window(p, k, a, b), s, method="inverted_cdf"
                ),
            ),
            (lambda *case: np.array([by_sorting(*case)]),),
            (lambda *case: pd.Series([by_search(*case)], index=[7]),),
        ],
        wrong={
            "usual": (lambda p, k, a, b, s: b + 7,),
            "all": (lambda p, k, a, b, s: of_window(p, k, a, b).max(),),
            "everything": (lambda p, k, a, b, s: by_sorting(p, k, 0, 100, s),),
            "end": (lambda p, k, a, b, s: b,),
            "other": (lambda p, k, a, b, s: 1_000,),
        },
        stub=(stub,),
    )


def test_ex1_does_not_take_the_label_after_the_share():
    def one_late(paid, known, first, last, share):
        mornings = np.sort(of_window(paid, known, first, last))
        return mornings[min(int(share * len(mornings)), len(mornings) - 1)]

    assert lab.ex1.check(one_late).misconception == "other"


def one_sum(excess, limit):
    _, alarms = monitor.cusum(excess, limit=limit)
    return int(alarms.argmax()) if alarms.any() else None


def single(excess, limit):
    above = np.flatnonzero(excess > limit)
    return above[0] if len(above) else None


def test_ex2():
    right = model_drift.first_alarm
    assert_exercise(
        lab.ex2,
        right=[
            (one_sum,),
            (right,),
            (lambda e, limit: right(e.tolist(), limit),),
            (
                lambda e, limit: (
                    np.float64("nan") if right(e, limit) is None else right(e, limit)
                ),
            ),
            (
                lambda e, limit: (
                    None if right(e, limit) is None else np.array([right(e, limit)])
                ),
            ),
        ],
        wrong={
            "no_floor": (lambda e, limit: right(e, limit, floor=-np.inf),),
            "no_memory": (single,),
            "reaches": (lambda e, limit: right(e, limit - 1e-9),),
            "none": (lambda e, limit: -1 if right(e, limit) is None else right(e, limit),),
            "count": (
                lambda e, limit: None if right(e, limit) is None else right(e, limit) + 1,
            ),
            "other": (lambda e, limit: 0,),
        },
        stub=(stub,),
    )


def test_ex2_is_not_told_to_return_what_it_returns():
    assert "forget" not in lab.ex2.check(single).text


def test_ex2_does_not_take_false_for_zero():
    right = model_drift.first_alarm
    says_false = lambda e, limit: right(e, limit) or False  # noqa: E731
    assert lab.ex2.check(says_false).misconception == "none"


def test_ex3():
    right = model_drift.break_even
    assert_exercise(
        lab.ex3,
        right=[
            (right,),
            (lambda low, high, n, price: n * price / (low / 1_000) if low > 0 else np.inf,),
            (lambda *offer: np.array([right(*offer)]),),
            (lambda *offer: right(*offer) if offer[0] <= 0 else math.ceil(right(*offer)),),
        ],
        wrong={
            "middle": (lambda low, high, n, price: 1_000 * n * price / ((low + high) / 2),),
            "hope": (lambda low, high, n, price: 1_000 * n * price / high,),
            "negative": (
                lambda low, high, n, price: 1_000 * n * price / low if low else 0.0,
            ),
            "thousand": (
                lambda low, high, n, price: n * price / low if low > 0 else np.inf,
            ),
            "once": (
                lambda low, high, n, price: 1_000 * price / low if low > 0 else np.inf,
            ),
            "other": (lambda low, high, n, price: 7.0,),
        },
        stub=(stub,),
    )


def test_ex3_says_negative_only_where_the_interval_reaches_zero():
    too_careful = lambda low, high, n, price: (  # noqa: E731
        math.inf if low < 1 else 1_000 * n * price / low
    )
    assert lab.ex3.check(too_careful).misconception == "other"
    one_less = lambda *offer: model_drift.break_even(*offer) - 1  # noqa: E731
    assert lab.ex3.check(one_less).misconception == "other"
