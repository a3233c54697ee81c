"""Volumes: every table of the guides recomputed, and what holds for any bucket."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.platform import volumes
from labs_lib.platform.volumes import BurstBucket, Prices


@pytest.mark.parametrize(
    ("gib", "baseline", "burst", "refill"),
    [(1, 100, 1862, 54_000), (33.33, 100, 1862, 54_000), (100, 300, 2000, 18_000), (334, 1002, 2703, 5389), (750, 2250, 7200, 2400)],
)  # fmt: skip
def test_gp2_s_table(gib, baseline, burst, refill):
    bucket = volumes.gp2_bucket(gib)
    assert bucket.baseline == baseline
    assert bucket.burst_seconds == pytest.approx(burst, abs=0.6)
    assert bucket.refill_seconds == pytest.approx(refill, abs=0.6)


def test_gp2_s_limits():
    assert volumes.gp2_bucket(1000).burst_seconds == math.inf
    assert volumes.gp2_baseline(6000) == 16_000
    assert [volumes.gp2_throughput(gib) for gib in (170, 171, 334)] == [128, 250, 250]


@pytest.mark.parametrize(
    ("kind", "tib", "hours"),
    [("st1", 1, 1.17), ("st1", 5, 2.91), ("st1", 16, 9.32), ("sc1", 1, 3.64), ("sc1", 5, 5.83), ("sc1", 16, 18.64)],
)  # fmt: skip
def test_the_full_scans_of_the_guide(kind, tib, hours):
    assert volumes.scan_hours(kind, tib) == pytest.approx(hours, abs=0.006)


def test_small_requests_cost_64_times():
    assert volumes.counted_mib(1000, 16) == 64 * 1000 * 16 / 1024
    assert volumes.counted_mib(10, 2048) == 20


def test_the_day_of_a_file_system():
    bucket = volumes.efs_bucket(100)
    bucket.serve(0, 86_400)
    assert bucket.level == pytest.approx(432_000)
    assert volumes.efs_burst_minutes(100, earns=False) == pytest.approx(72)
    assert volumes.efs_burst_minutes(100, earns=True) == pytest.approx(75.8, abs=0.05)
    assert volumes.efs_bucket(1).baseline == 1
    assert volumes.efs_bucket(2048).burst == 200
    assert volumes.efs_metered(300, 100) == 200
    assert [volumes.suits_elastic(a, 100) for a in (5, 6)] == [True, False]


@pytest.mark.parametrize(
    ("gib", "baseline", "burst", "hours"),
    [(100, 5, 100, 1.2), (1024, 50, 100, 12), (10_240, 500, 1000, 12)],
)
def test_the_guide_s_table_of_file_systems(gib, baseline, burst, hours):
    """The guide rounds 50 KiB/s to 5 MiB/s for 100 GiB: 2.4 % for 1 TiB."""
    bucket = volumes.efs_bucket(gib)
    assert bucket.baseline == pytest.approx(baseline, rel=0.025)
    assert bucket.burst == pytest.approx(burst)
    assert volumes.efs_burst_minutes(gib, earns=False) / 60 == pytest.approx(
        hours, rel=0.025
    )
    # Three times as much, if all of it is read.
    assert volumes.efs_metered(3 * baseline, 0) == baseline


def test_a_file_system_saves_2_1_tib_and_no_more():
    small, large = volumes.efs_bucket(100), volumes.efs_bucket(10_240)
    for bucket, tib in ((small, 2.1), (large, 21)):
        bucket.serve(0, 30 * 86_400)
        assert bucket.level == pytest.approx(tib * volumes.MIB_PER_TIB)


def test_the_worst_scan_of_the_guide():
    """Nine tenths of the burst, 99 percent of the time."""
    assert volumes.scan_hours("st1", 1) / (0.9 * 0.99) == pytest.approx(1.31, abs=0.01)


def test_gp3_s_limits():
    prices = Prices(1)
    assert volumes.gp3_cost(160, 80_000, 2_000, prices) == 160
    assert volumes.gp3_cost(16, 8_000, 2_000, prices) == 16
    assert volumes.io1_cost(1280, 64_000, prices) == 1280


def test_a_nightly_job_on_three_sizes():
    minutes = {}
    for gib in (100, 334, 750):
        served = volumes.gp2_bucket(gib).run([3000] * 120, 60)
        minutes[gib] = sum(step.amount >= 3000 * 60 for step in served)
    assert minutes == {100: 33, 334: 45, 750: 120}


def test_gp3_costs_extra_above_what_it_has():
    prices = Prices(gib=0.1, iops=0.01, throughput=0.1)
    assert volumes.gp3_cost(100, 3000, 125, prices) == pytest.approx(10)
    assert volumes.gp3_cost(100, 4000, 225, prices) == pytest.approx(10 + 10 + 10)
    assert volumes.gp2_cost(100, 3000, Prices(0.1)) == pytest.approx(100)
    assert volumes.gp2_cost(2000, 300, Prices(0.1)) == pytest.approx(200)
    assert volumes.io1_cost(100, 5000, prices) == pytest.approx(60)
    assert volumes.gp3_cost(1, 3000, 125, prices) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: volumes.gp3_cost(10, 5001, 125, Prices(1)),
        lambda: volumes.gp3_cost(1000, 80_001, 125, Prices(1)),
        lambda: volumes.gp3_cost(100, 4000, 1001, Prices(1)),
        lambda: volumes.io1_cost(100, 5001, Prices(1)),
        lambda: volumes.gp2_baseline(0),
        lambda: volumes.hdd_bucket("st2", 1),
        lambda: volumes.hdd_bucket("st1", math.nan),
        lambda: volumes.counted_mib(-1, 1),
        lambda: volumes.efs_metered(-1, 0),
        lambda: volumes.suits_elastic(2, 1),
        lambda: BurstBucket(baseline=2, burst=1, capacity=1),
        lambda: BurstBucket(baseline=1, burst=1, capacity=1, level=2),
        lambda: volumes.gp2_bucket(1).serve(-1, 1),
    ],
)
def test_what_is_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()


def test_gp2_has_no_more_than_16_000():
    with pytest.raises(ValueError, match="at most 16000"):
        volumes.gp2_size_for(16_001)


BUCKETS = st.builds(
    lambda baseline, more, capacity, share: BurstBucket(
        baseline=baseline, burst=baseline + more, capacity=capacity, level=capacity * share
    ),
    st.floats(0.5, 50),
    st.floats(0, 100),
    st.floats(1, 5000),
    st.floats(0, 1),
)
DEMANDS = st.lists(st.floats(0, 200), min_size=1, max_size=20)


@given(BUCKETS, DEMANDS, st.floats(0.1, 100))
def test_credits_are_neither_made_nor_lost(bucket, demands, seconds):
    begin, total, time = bucket.level, 0.0, 0.0
    for demand in demands:
        served = bucket.serve(demand, seconds)
        total += served.amount
        time += seconds
        assert 0 <= bucket.level <= bucket.capacity * (1 + 1e-9)
        assert served.amount <= min(demand, bucket.burst) * seconds * (1 + 1e-9)
        assert served.amount >= min(demand, bucket.baseline) * seconds * (1 - 1e-9)
    assert total <= (begin + bucket.baseline * time) * (1 + 1e-9) + 1e-6


@given(BUCKETS, st.floats(0, 200), st.floats(0.1, 100), st.integers(2, 10))
def test_many_short_steps_are_one_long_step(bucket, demand, seconds, parts):
    copy = BurstBucket(
        baseline=bucket.baseline,
        burst=bucket.burst,
        capacity=bucket.capacity,
        level=bucket.level,
    )
    whole = bucket.serve(demand, seconds).amount
    split = sum(copy.serve(demand, seconds / parts).amount for _ in range(parts))
    assert split == pytest.approx(whole, rel=1e-6, abs=1e-6)
    assert copy.level == pytest.approx(bucket.level, rel=1e-6, abs=1e-6 * bucket.capacity)
