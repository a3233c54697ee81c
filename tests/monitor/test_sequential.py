import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import monitor

STEPS = st.lists(st.integers(-20, 20), max_size=60)


def test_by_hand():
    sums, alarms = monitor.cusum([-1, 2, 2, -1, 3], limit=3)
    assert sums.tolist() == [0, 2, 4, 0, 3]
    assert alarms.tolist() == [False, False, True, False, False]


@given(STEPS)
def test_without_a_limit_it_is_the_rise_above_the_lowest_point(steps):
    """S(t) = P(t) - min over s <= t of P(s), for the running sum P from P(0) = 0."""
    running = np.concatenate([[0], np.cumsum(steps)])
    expected = (running - np.minimum.accumulate(running))[1:]
    sums, alarms = monitor.cusum(steps)
    assert np.array_equal(sums, expected)
    assert not alarms.any()


@given(STEPS, st.integers(1, 40))
def test_after_an_alarm_it_starts_again(steps, limit):
    sums, alarms = monitor.cusum(steps, limit=limit)
    assert np.array_equal(alarms, sums > limit)
    if alarms.any():
        first = int(alarms.argmax()) + 1
        rest, later = monitor.cusum(steps[first:], limit=limit)
        assert np.array_equal(sums[first:], rest)
        assert np.array_equal(alarms[first:], later)


def test_a_lasting_shift_is_seen_after_limit_over_excess():
    _, alarms = monitor.cusum([-0.5] * 100 + [0.5] * 100, limit=10)
    assert alarms.argmax() == 100 + 20


@pytest.mark.parametrize(
    ("excess", "limit", "said"),
    [
        ([1, math.nan], 3, "missing"),
        ([[1, 2]], 3, r"shape \(1, 2\)"),
        ([1], 0, "above 0"),
        ([1], math.nan, "above 0"),
    ],
)
def test_bad_input(excess, limit, said):
    with pytest.raises(ValueError, match=said):
        monitor.cusum(excess, limit=limit)
