"""The true risk: its scenarios, their shares, and the scale that meets a rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.payments import risk


def rates(**change):
    """Rates of one plain chip payment of the usual amount at noon, changed as asked."""
    row = {
        "hour": 12,
        "channel": 0,
        "category": 0,
        "distance": 20,
        "amount": 3_000,
        "usual": 3_000,
        "account_age": 1_000,
        "customer_risk": 1_000,
        "compromised": False,
        "stolen": False,
        "burst": False,
    }
    takeover = slice(1) if change.pop("takeover", False) else slice(0)
    row = {name: np.array([value]) for name, value in (row | change).items()}
    names = ("high_amount", "terminal", "stolen", "testing", "customer", "takeover")
    values = risk.scenario_rates(**row, takeover=takeover)
    return dict(zip(names, (float(v[0]) for v in values), strict=True))


def test_a_plain_payment_has_the_base_rate_only():
    plain = rates()
    assert plain["customer"] == pytest.approx(risk.BASE_RATE * 0.5 * 0.6)
    assert plain["high_amount"] < 1e-6
    assert [plain[n] for n in ("terminal", "stolen", "testing", "takeover")] == [0, 0, 0, 0]


def test_the_base_rate_follows_risk_night_and_channel():
    plain = rates()["customer"]
    assert rates(customer_risk=4_000)["customer"] == pytest.approx(4 * plain)
    assert rates(hour=3)["customer"] == pytest.approx(2 * plain)
    assert rates(hour=6)["customer"] == plain
    assert rates(channel=2)["customer"] == rates(channel=3)["customer"] > plain


def test_the_threshold_on_amounts_is_soft_and_relative():
    amounts = [15_000, 22_500, 30_000]
    low, half, high = (rates(channel=2, amount=a)["high_amount"] for a in amounts)
    assert half == pytest.approx(risk.HIGH_AMOUNT_RATE * 1.6 / 2)
    assert low < 0.05 * half
    assert high > 1.8 * half
    doubled = rates(channel=2, amount=45_000, usual=6_000)["high_amount"]
    assert doubled == pytest.approx(half)
    assert rates(amount=22_500)["high_amount"] < half / 4


def test_half_of_the_high_amount_rate_follows_the_latent_risk():
    none, one, three = (
        rates(amount=30_000, customer_risk=r)["high_amount"] for r in (0, 1_000, 3_000)
    )
    assert (none / one, three / one) == pytest.approx((0.5, 2))


@settings(deadline=None)
@given(
    amounts=st.lists(st.integers(50, 10**6), min_size=2, max_size=2, unique=True),
    distance=st.integers(-1, 3_000),
)
def test_on_a_stolen_card_unusual_payments_are_riskier(amounts, distance):
    low, high = sorted(amounts)
    less, more = (
        rates(stolen=True, amount=a, distance=distance)["stolen"] for a in (low, high)
    )
    assert 0 < less <= more < risk.STOLEN_RATE
    farther = rates(stolen=True, amount=low, distance=distance + 100)["stolen"]
    assert farther >= less


def test_takeover_hits_its_slice_only():
    hit = {"takeover": True, "channel": 2, "category": 0, "account_age": 731}
    assert rates(**hit)["takeover"] == risk.TAKEOVER_RATE
    for miss in (
        {"takeover": False},
        {"channel": 3},
        {"category": 1},
        {"account_age": 730},
        {"amount": 6_001},
        {"amount": 1_499},
    ):
        assert rates(**(hit | miss))["takeover"] == 0


@settings(deadline=None)
@given(
    values=st.lists(st.floats(1e-6, 50), min_size=1, max_size=50),
    target=st.floats(0.001, 0.2),
)
def test_the_scale_meets_the_target(values, target):
    values = np.array(values)
    scale = risk.solve_scale(values, target)
    assert (1 - np.exp(-scale * values)).mean() == pytest.approx(target, rel=1e-9)


def test_an_impossible_target_is_an_error():
    with pytest.raises(RuntimeError, match=r"no scale found for a fraud rate of 0\.6"):
        risk.solve_scale(np.array([0.0, 1.0]), 0.6)


def test_causes_are_drawn_by_their_share():
    n = 20_000
    shares = np.array([0.1, 0.0, 0.6, 0.3])
    fraud = np.arange(n) % 2 == 0
    uniform = np.random.default_rng(0).random(n)
    scenario = risk.draw_scenario([np.full(n, s) for s in shares], fraud, uniform)
    assert (scenario[~fraud] == 0).all()
    found = np.bincount(scenario[fraud], minlength=5)[1:] / fraud.sum()
    assert found == pytest.approx(shares, abs=0.02)
    assert found[1] == 0
