import math

import numpy as np

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
        right=[(one_sum,), (right,), (lambda e, limit: right(e.tolist(), limit),)],
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


def test_ex3():
    right = model_drift.break_even
    assert_exercise(
        lab.ex3,
        right=[
            (right,),
            (lambda low, high, n, price: n * price / (low / 1_000) if low > 0 else np.inf,),
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
