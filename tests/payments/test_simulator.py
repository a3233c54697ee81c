"""The world: its rates, rhythms, hidden states and labels."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from labs_lib import payments, schema


def test_same_seed_same_world_and_other_seed_another(small):
    again = payments.simulate(n_transactions=20_000, days=150, seed=1)
    other = payments.simulate(n_transactions=20_000, days=150, seed=2)
    assert small.transactions.equals(again.transactions)
    assert small.truth.equals(again.truth)
    assert not small.transactions["time"].equals(other.transactions["time"])
    assert not small.truth["probability"].equals(other.truth["probability"])


def test_the_shape_is_as_asked(world):
    transactions = world.transactions
    assert len(transactions) == 300_000
    assert (transactions["transaction_id"] == np.arange(300_000)).all()
    assert (world.truth["transaction_id"] == transactions["transaction_id"]).all()
    assert transactions["time"].is_monotonic_increasing
    assert transactions["time"].min() >= schema.PAYMENTS_START
    assert transactions["time"].max() < schema.PAYMENTS_START + pd.Timedelta(days=270)
    assert set(payments.month(transactions)) == set(range(1, 10))
    assert not {"probability", "scenario", "fraud", "customer_risk"} & set(transactions)


@pytest.mark.parametrize("days", [30, 45, 150])
def test_a_short_calendar_has_no_later_rows_nor_events(days):
    world = payments.simulate(n_transactions=5_000, days=days)
    last = schema.PAYMENTS_START + pd.Timedelta(days=days)
    assert len(world.transactions) == 5_000
    assert world.transactions["time"].between(schema.PAYMENTS_START, last).all()
    assert world.events.empty
    assert list(world.events) == ["event", "name", "start", "end", "what"]
    assert "tickets" not in set(world.transactions["merchant_category"])


def test_small_and_large_worlds_are_equally_dense(world, small):
    """Payments a customer and a day, so that windows mean the same in both."""
    for column in ("customer", "terminal"):
        dense = [
            len(w.transactions) / w.transactions[column].nunique() / days
            for w, days in ((world, 270), (small, 150))
        ]
        assert dense[1] == pytest.approx(dense[0], rel=0.25)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.2])
def test_the_mean_probability_is_the_rate_in_each_month(rate):
    world = payments.simulate(n_transactions=30_000, days=150, fraud_rate=rate)
    by_month = world.truth["probability"].groupby(payments.month(world.transactions)).mean()
    assert by_month.to_numpy() == pytest.approx(np.full(5, rate), rel=0.005)


def test_fraud_is_drawn_from_the_probability(world):
    """In tenths of the risk, the share of fraud agrees with the mean probability."""
    truth = world.truth
    tenth = pd.qcut(truth["probability"].rank(method="first"), 10, labels=False)
    tenth[truth["probability"] > 0.3] = 10
    groups = truth.groupby(tenth)
    spread = np.sqrt(
        groups["probability"].agg(lambda p: (p * (1 - p)).sum()) / groups.size() ** 2
    )
    z = (groups["fraud"].mean() - groups["probability"].mean()) / spread
    assert len(z) == 11
    assert z.abs().max() < 4


def test_every_fraud_has_one_scenario_and_nothing_else_has(world):
    reported = world.transactions["is_fraud"] == 1
    fraud = world.truth["fraud"] == 1
    scenario = world.truth["scenario"]
    assert (scenario[fraud] != "none").all()
    assert (scenario[fraud] != "label_noise").all()
    assert (scenario[reported & ~fraud] == "label_noise").all()
    assert (scenario[~reported & ~fraud] == "none").all()
    quiet = payments.month(world.transactions) <= 5
    shares = scenario[quiet & fraud].value_counts(normalize=True)
    causes = [s for s in schema.SCENARIOS[1:-1] if s != "account_takeover"]
    assert (shares[causes] > 0.05).all()
    assert shares["account_takeover"] == 0


def test_hidden_states_cause_their_scenarios(world):
    truth = world.truth
    for scenario, state in (
        ("compromised_terminal", "terminal_compromised"),
        ("stolen_card", "card_stolen"),
        ("card_testing", "in_burst"),
    ):
        assert truth.loc[truth["scenario"] == scenario, state].all()
        assert truth.loc[truth[state], "probability"].mean() > 0.15
    assert truth.loc[truth["in_burst"], "probability"].min() > 0.7


def test_labels_are_wrong_in_both_directions_by_a_small_share(world):
    reported, fraud = world.transactions["is_fraud"], world.truth["fraud"]
    missed = ((fraud == 1) & (reported == 0)).sum() / fraud.sum()
    invented = ((fraud == 0) & (reported == 1)).sum() / fraud.sum()
    assert 0.015 < missed < 0.05
    assert 0.015 < invented < 0.05
    quiet = payments.month(world.transactions) <= 5
    assert reported[quiet].mean() == pytest.approx(0.01, rel=0.1)


def test_labels_are_known_after_7_to_30_days(world):
    transactions = world.transactions
    delay = (
        transactions["label_known_at"] - transactions["time"]
    ).dt.total_seconds() / 86_400
    assert delay.min() == 7
    assert delay.max() == 30
    assert (delay == 7).mean() == pytest.approx(0.8, abs=0.005)
    assert transactions["label_known_at"].notna().all()


def test_latent_risk_is_gamma_with_shape_0_3(world):
    by_customer = world.truth.groupby(world.transactions["customer"])["customer_risk"]
    assert (by_customer.nunique() == 1).all()
    risk = by_customer.first()
    assert risk.mean() == pytest.approx(1, abs=0.15)
    assert risk.var() == pytest.approx(1 / 0.3, rel=0.25)


def test_knowing_a_customer_leaks():
    """Share of frauds of a customer's other rows ranks its rows: random rows leak."""
    lifts = []
    for seed in range(3):
        world = payments.simulate(n_transactions=166_000, days=150, seed=seed)
        customer, fraud = world.transactions["customer"], world.truth["fraud"]
        # Without the dated states: this is the lasting risk alone.
        plain = ~world.truth[["in_burst", "card_stolen", "terminal_compromised"]].any(
            axis=1
        )
        half = np.random.default_rng(seed).random(len(fraud)) < 0.5
        seen = fraud[half & plain].groupby(customer[half & plain]).sum()
        known = customer.isin(seen.index[seen > 0])
        rest = ~half & plain
        lifts.append(fraud[rest & known].mean() / fraud[rest & ~known].mean())
    assert np.mean(lifts) > 1.6


def test_the_twin_follows_the_amount(world):
    amounts = world.transactions[["amount_cents", "amount_local"]]
    assert amounts.corr().iloc[0, 1] == pytest.approx(0.99, abs=0.003)


def test_twin_and_device_have_no_effect(world):
    transactions, fraud = world.transactions, world.truth["fraud"]
    assert set(transactions["device"]) == set(range(5_000))
    by_device = fraud.groupby(transactions["device"]).sum()
    # If devices do not matter, frauds a device are Poisson: variance over mean is about 1.
    assert by_device.var() / by_device.mean() == pytest.approx(1, abs=0.1)
    ratio = transactions["amount_local"] / transactions["amount_cents"]
    usual = transactions["amount_cents"] > 1_000  # small amounts are rounded more
    assert abs(np.corrcoef(ratio[usual], fraud[usual])[0, 1]) < 0.01


def test_balance_is_missing_twice_as_often_in_fraud(world):
    quiet = payments.month(world.transactions) <= 5
    missing = world.transactions.loc[quiet, "balance_cents"].isna()
    assert missing.mean() == pytest.approx(0.05, abs=0.002)
    share = missing.groupby(world.truth.loc[quiet, "fraud"]).mean()
    assert share[1] / share[0] == pytest.approx(2, abs=0.4)


def test_distance_is_missing_online_and_by_phone_only(world):
    missing = world.transactions["distance_km"].isna()
    remote = world.transactions["channel"].isin(["online", "phone"])
    assert (missing == remote).all()
    assert 0.2 < remote.mean() < 0.4


def test_customers_stay_within_reach(world):
    quiet = payments.month(world.transactions) <= 5
    normal = quiet & ~world.truth["card_stolen"]
    assert (world.transactions.loc[normal, "distance_km"] < 40).sum() / normal.sum() > 0.6
    near = world.transactions.loc[normal, "distance_km"].dropna() < 40
    assert near.mean() > 0.94
    far = world.transactions.loc[quiet & world.truth["card_stolen"], "distance_km"].dropna()
    assert (far >= 40).mean() > 0.4


def test_days_and_weeks_have_a_rhythm(world):
    time = world.transactions["time"]
    by_hour = time.dt.hour.value_counts(normalize=True)
    assert by_hour[range(2, 5)].sum() < 0.01
    assert by_hour[range(11, 20)].sum() > 0.5
    by_weekday = time.dt.day_of_week.value_counts(normalize=True)
    assert by_weekday.idxmax() == 5
    assert by_weekday.max() / by_weekday.min() > 1.3


def test_bursts_are_small_amounts_within_minutes(world):
    burst = world.transactions[world.truth["in_burst"]]
    assert burst["amount_cents"].quantile(0.95) < 1_000
    assert burst["channel"].isin(["online", "phone"]).all()
    gaps = burst.groupby("customer")["time"].diff().dt.total_seconds()
    assert gaps.median() < 120


def test_account_ages_keep_their_mix(world):
    ages = world.transactions["account_age_days"].groupby(
        payments.month(world.transactions)
    )
    assert ages.min().min() == 0
    assert ages.median()[9] == pytest.approx(ages.median()[1], rel=0.1)


def test_customers_have_fixed_properties(world):
    quiet = world.transactions[payments.month(world.transactions) <= 5]
    fixed = ["home_x_km", "home_y_km", "age_band", "usual_amount_cents"]
    assert (quiet.groupby("customer", observed=True)[fixed].nunique() == 1).all(axis=None)


def test_memory_grows_with_rows_not_faster():
    peaks = []
    for n in (50_000, 200_000):
        tracemalloc.start()
        payments.features(payments.simulate(n_transactions=n).transactions)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] / peaks[0] < 4.4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_transactions": 1_999}, "n_transactions is 1999, expected at least 2000"),
        ({"n_transactions": 1e5}, "n_transactions is 100000.0, expected a whole number"),
        ({"n_transactions": True}, "n_transactions is True, expected a whole number"),
        ({"days": 29}, "days is 29, expected 30 to 270"),
        ({"days": 271}, "days is 271, expected 30 to 270"),
        ({"seed": -1}, "seed is -1, expected at least 0"),
        ({"seed": None}, "seed is None, expected a whole number"),
        ({"fraud_rate": 0.0}, "fraud_rate is 0.0, expected a share from 0.001 to 0.2"),
        ({"fraud_rate": 0.5}, "fraud_rate is 0.5, expected a share from 0.001 to 0.2"),
        ({"fraud_rate": float("nan")}, "fraud_rate is nan, expected a share"),
        ({"fraud_rate": "1 %"}, "fraud_rate is '1 %', expected a share"),
        ({"events": None}, "unknown event None, expected letters among a, b, c, d"),
        ({"events": ("a", "e")}, "unknown event 'e', expected letters among a, b, c, d"),
    ],
)
def test_bad_parameters_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        payments.simulate(**wrong)
