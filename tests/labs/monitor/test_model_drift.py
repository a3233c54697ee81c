import math

import numpy as np
import pytest

from labs_lib import monitor
from labs_lib.labs.monitor.model_drift import exercises as model_drift
from labs_lib.labs.monitor.model_drift import shared
from labs_lib.labs.monitor.model_drift.exercises import lab
from labs_lib.labs.monitor.model_drift.experiments import daily, policies
from labs_lib.payments import cost
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


# The experiments behind the lab ----------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    return shared.draw(0, ())


def test_costs_and_alerts_are_those_of_the_payments_world(world):
    p = np.clip(world.probability, 1e-6, 1)
    alert = shared.alerts(p, world.euros)
    cents = np.rint(world.euros * 100).astype(int)
    assert shared.costs(world.fraud, alert, world.euros).sum() == pytest.approx(
        cost(world.fraud, alert, cents)
    )
    # By the truth, no payment is decided against its expected cost.
    passing = p * (world.euros + shared.MISSED_FIXED)
    stopping = 5 + (1 - p) * 10
    assert np.array_equal(alert, stopping < passing)


def test_a_model_never_sees_a_label_before_its_morning(world):
    life = policies.Life(world)
    seen = []

    class Spy:
        def __getattr__(self, name):
            return getattr(shared, name)

        def fit(self, w, rows, y):
            seen.append((rows, y))

    original, policies.shared = policies.shared, Spy()
    try:
        life._model(150, 150)
        life._model(150, 122)
        life._model(150, 150, True)
    finally:
        policies.shared = original
    for rows, _ in seen[:2]:
        assert (world.known[rows] <= 150).all()
    assert (world.day[seen[1][0]] < 122).all()
    rows, y = seen[2]
    late = rows & (world.known > 150)
    assert late.any()
    assert not y[late].any()


def test_sums_of_days(world):
    p = np.full(len(world.day), 0.01)
    days = daily.days(world, p)
    assert len(days) == 150
    live = world.day >= shared.START
    assert sum(row["paid_rows"] for row in days) == live.sum()
    arrived = live & (world.known < shared.END)
    assert sum(row["known_frauds"] for row in days) == world.y[arrived].sum()
    assert days[0]["known_rows"] == 0  # no label of a live payment is there yet
    assert all(row["distance"] == 0 for row in days)


def test_numbers_are_the_features(world):
    booster = shared.first_model(world)
    p = shared.score(booster, world.numbers[:5])
    assert p.shape == (5,)
    channel = list(world.X.columns).index("channel")
    codes = world.X["channel"].cat.codes.to_numpy()
    assert np.array_equal(world.numbers[:, channel], codes)
    balance = list(world.X.columns).index("balance_cents")
    missing = world.X["balance_cents"].isna().to_numpy()
    assert np.array_equal(np.isnan(world.numbers[:, balance]), missing)
