import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform.token_bucket import TokenBucket

ASKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=40)


@given(ASKS, st.integers(1, 5), st.integers(1, 8))
def test_no_token_is_made_and_none_is_lost(asks, rate, capacity):
    """What was let through is paid for by the first filling and by what came since."""
    clock = SimulatedClock()
    bucket = TokenBucket(rate, clock, capacity=capacity)
    passed = 0.0
    for tenths, amount in asks:
        before = bucket.level
        clock.step(tenths / 10)
        assert bucket.level == pytest.approx(min(capacity, before + rate * tenths / 10))
        held = bucket.level
        if bucket.take(amount):
            passed += amount
            assert held >= min(amount, capacity)
            assert bucket.level == pytest.approx(held - amount)
        else:
            assert bucket.level == held < min(amount, capacity)
        owed = max(0.0, -bucket.level)
        assert passed <= capacity + rate * clock.now() + owed + 1e-6


@given(st.integers(1, 100), st.integers(1, 50))
def test_an_answer_larger_than_the_bucket_is_paid_before_the_next(size, rate):
    clock = SimulatedClock()
    bucket = TokenBucket(rate, clock)
    bucket.spend(size)
    assert bucket.is_blocked is (size > rate)
    if bucket.is_blocked:
        seconds = size / rate
        clock.step(seconds - 0.001)
        assert bucket.is_blocked
        clock.step(0.002)
        assert not bucket.is_blocked


def test_ten_megabytes_at_two_a_second_block_five_seconds():
    clock = SimulatedClock()
    bucket = TokenBucket(2, clock)
    bucket.spend(10)
    clock.step(4.999)
    assert bucket.is_blocked
    clock.step(0.001)
    assert not bucket.is_blocked


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_a_rate_and_a_capacity_are_above_zero(wrong):
    with pytest.raises(ValueError, match="rate is .* above 0"):
        TokenBucket(wrong, SimulatedClock())
    with pytest.raises(ValueError, match="capacity is .* above 0"):
        TokenBucket(1, SimulatedClock(), capacity=wrong)
