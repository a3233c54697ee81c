"""Rates by prefix: a burst of one second, splits under load, what a split cannot cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform.errors import Refusal
from labs_lib.platform.prefixes import READS, WRITES, PrefixRates


def made(clock, **more):
    return PrefixRates(clock, **({"sustained": 3, "reads": 50, "writes": 35} | more))


def second(rates, clock, keys, kind="read"):
    """Send one request for each key in one second, and return how many go through."""
    done, codes = 0, set()
    for key in keys:
        try:
            rates.request(key, kind)
            done += 1
        except Refusal as refusal:
            codes.add(refusal.code)
    clock.step(1)
    assert codes <= {"SlowDown"}
    return done


def test_a_prefix_gives_what_the_guide_says():
    for kind, rate in (("read", READS), ("write", WRITES)):
        clock = SimulatedClock()
        rates = PrefixRates(clock, sustained=600)
        assert second(rates, clock, ["a/1"] * 6000, kind) == rate
        assert second(rates, clock, ["a/1"] * 6000, kind) == rate


def test_ten_prefixes_give_ten_times_only_after_they_have_split():
    clock = SimulatedClock()
    rates = made(clock, depth=2)
    keys = [f"{prefix}/{number}" for number in range(60) for prefix in "0123456789"]
    through = [second(rates, clock, keys) for _ in range(60)]
    assert through[0] == 50
    assert through[-1] == 500
    # It grows step by step.
    assert len(set(through)) > 3


def test_one_hot_prefix_stays_at_the_rate_of_one():
    clock = SimulatedClock()
    rates = made(clock)
    through = [second(rates, clock, ["same/key"] * 200) for _ in range(30)]
    assert set(through) == {50}
    assert rates.partitions == [""]


def test_a_load_that_stops_does_not_split():
    clock = SimulatedClock()
    rates = made(clock)
    keys = [f"{prefix}/x" for prefix in "abcd"] * 50
    for _ in range(10):
        second(rates, clock, keys)
        clock.step(10)
    assert rates.partitions == [""]


@given(
    st.lists(st.lists(st.text("abc/", min_size=1, max_size=4), max_size=80), max_size=12)
)
def test_no_partition_gives_more_than_its_rate(seconds):
    clock = SimulatedClock()
    rates = made(clock, reads=10)
    for keys in seconds:
        before = len(rates.partitions)
        done = second(rates, clock, keys)
        assert done <= 10 * len(rates.partitions)
        assert done >= min(len(keys), 10) or before > 1
        assert rates.partitions == sorted(set(rates.partitions))


@pytest.mark.parametrize("options", [{"sustained": 0}, {"depth": 0}])
def test_rates_that_are_none(options):
    with pytest.raises(ValueError, match="expected"):
        made(SimulatedClock(), **options)
    with pytest.raises(ValueError, match="expected"):
        made(SimulatedClock()).request("a", "list")
