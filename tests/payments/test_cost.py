"""Costs, the cheapest threshold and card precision, against their definitions row by row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import payments

rows = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 1), st.integers(0, 10**6), st.integers(0, 5)
    ),
    min_size=1,
    max_size=30,
)
prices = st.fixed_dictionaries(
    {name: st.integers(0, 50) for name in ("missed_fixed", "alert_cost", "blocked_cost")}
)


def by_hand(fraud, alert, cents, *, missed_fixed=15, alert_cost=5, blocked_cost=10):
    total = 0.0
    for f, a, c in zip(fraud, alert, cents, strict=True):
        if a:
            total += alert_cost if f else alert_cost + blocked_cost
        elif f:
            total += c / 100 + missed_fixed
    return total


def test_the_four_cases_cost_what_the_docstring_says():
    assert payments.cost([1], [0], [2_550]) == 25.50 + 15
    assert payments.cost([1], [1], [2_550]) == 5
    assert payments.cost([0], [1], [2_550]) == 15
    assert payments.cost([0], [0], [2_550]) == 0


@settings(deadline=None)
@given(rows=rows, prices=prices)
def test_cost_is_the_sum_over_rows(rows, prices):
    fraud, alert, cents, _ = map(list, zip(*rows, strict=True))
    actual = payments.cost(fraud, alert, cents, **prices)
    assert actual == pytest.approx(by_hand(fraud, alert, cents, **prices))
    whole = [payments.cost([f], [a], [c], **prices) for f, a, c, _ in rows]
    assert actual == pytest.approx(sum(whole))


@settings(deadline=None)
@given(rows=rows, prices=prices)
def test_no_threshold_is_cheaper_than_the_best(rows, prices):
    fraud, _, cents, score = map(np.array, zip(*rows, strict=True))
    best = payments.best_threshold(fraud, score, cents, **prices)
    costs = {
        t: payments.cost(fraud, score >= t, cents, **prices) for t in [np.inf, *set(score)]
    }
    assert costs[best] == pytest.approx(min(costs.values()))
    # Of equally cheap ones, the highest.
    higher = [c for t, c in costs.items() if t > best]
    assert all(c > costs[best] - 1e-9 for c in higher)
    assert not any(c < costs[best] + 1e-9 for c in higher) or best == np.inf


def test_no_alert_at_all_can_be_cheapest():
    assert payments.best_threshold([0, 0], [0.1, 0.9], [100, 100]) == np.inf
    free = payments.best_threshold([1, 1], [0.1, 0.9], [0, 0], missed_fixed=0)
    assert free == np.inf


def test_equal_scores_are_alerted_together():
    fraud, score, cents = [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.1], [1_000] * 4
    # 25 saved by one alert, 5 + 2 * 15 paid for it: not worth it.
    assert payments.best_threshold(fraud, score, cents) == np.inf
    assert payments.best_threshold(fraud, [0.6, 0.5, 0.5, 0.1], cents) == 0.6


def handbook(frame: pd.DataFrame, k: int) -> float:
    """Card precision as the Fraud Detection Handbook writes it, day by day."""
    found, precisions = [], []
    for day in sorted(frame["day"].unique()):
        today = frame[(frame["day"] == day) & ~frame["customer"].isin(found)]
        cards = today.groupby("customer")[["score", "fraud"]].max()
        cards = cards.sort_values("score", ascending=False, kind="stable").head(k)
        hits = cards.index[cards["fraud"] == 1]
        found.extend(hits)
        precisions.append(len(hits) / k)
    return float(np.mean(precisions))


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 1), st.integers(0, 9), st.integers(1, 6), st.integers(0, 3)
        ),
        min_size=1,
        max_size=40,
    ),
    k=st.integers(1, 4),
)
def test_card_precision_agrees_with_the_handbook(rows, k):
    fraud, score, customer, day = map(np.array, zip(*rows, strict=True))
    time = np.datetime64("2025-01-01T10:00:00") + day.astype("timedelta64[D]")
    frame = pd.DataFrame({"fraud": fraud, "score": score, "customer": customer, "day": day})
    actual = payments.card_precision(fraud, score, customer, time, k=k)
    assert actual == pytest.approx(handbook(frame, k))
    assert 0 <= actual <= 1


def test_a_found_card_is_left_out_afterwards():
    days = pd.to_datetime(["2025-01-01", "2025-01-02", "2025-01-02"])
    score, customer = [0.9, 0.8, 0.1], [7, 7, 8]
    assert payments.card_precision([1, 1, 0], score, customer, days, k=1) == 0.5
    assert payments.card_precision([1, 1, 1], score, customer, days, k=1) == 1
    assert payments.card_precision([0, 1, 0], score, customer, days, k=1) == 0.5


def test_card_precision_orders_the_world(small):
    x, truth = small.transactions, small.truth
    random = np.random.default_rng(0).random(len(x))
    scores = [
        payments.card_precision(x["is_fraud"], s, x["customer"], x["time"], k=5)
        for s in (random, truth["probability"])
    ]
    assert scores[0] < 0.1 < scores[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_fraud": [0, 2]}, "is_fraud has shape .* other than 0 and 1"),
        ({"is_fraud": [0, np.nan]}, "is_fraud has shape"),
        ({"is_fraud": [0, 1, 0]}, "expected columns of one length above 0, got"),
        ({"amount_cents": [-1, 5]}, "amount_cents goes down to -1"),
        ({"amount_cents": [np.nan, 5]}, "amount_cents has shape .* missing"),
        ({"alert_cost": -5}, "alert_cost is -5, expected a price of at least 0"),
        ({"blocked_cost": np.inf}, "blocked_cost is inf"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"is_fraud": [0, 1], "amount_cents": [100, 200]}
    with pytest.raises(ValueError, match=message):
        payments.cost(alert=[0, 1], **(good | change))
    with pytest.raises(ValueError, match=message):
        payments.best_threshold(score=[0.1, 0.2], **(good | change))


def test_a_two_column_score_is_named():
    with pytest.raises(ValueError, match=r"score has shape \(2, 2\).*predict_proba"):
        payments.best_threshold([0, 1], [[0.1, 0.9], [0.2, 0.8]], [1, 2])


def test_alerts_must_be_decisions():
    with pytest.raises(ValueError, match="alert has shape"):
        payments.cost([0, 1], [0.2, 0.7], [1, 2])


def test_card_precision_names_bad_input():
    good = ([0, 1], [0.1, 0.2], [1, 2], pd.to_datetime(["2025-01-01"] * 2))
    with pytest.raises(ValueError, match="k is 0, expected at least 1"):
        payments.card_precision(*good, k=0)
    with pytest.raises(ValueError, match="a time is missing"):
        payments.card_precision(*good[:3], [pd.NaT, good[3][0]])
    with pytest.raises(ValueError, match="time has dtype int64, expected datetime64"):
        payments.card_precision(*good[:3], [1, 2])
    with pytest.raises(ValueError, match="expected columns of one length"):
        payments.card_precision([0], *good[1:])
