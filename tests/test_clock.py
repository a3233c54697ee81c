import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.clock import Clock, SimulatedClock


def test_a_faster_clock_runs_faster():
    clock = Clock(speed=1000, start=0)
    time.sleep(0.05)
    assert 50 <= clock.now() < 100_000


def test_a_clock_that_stands_still_moves_only_by_a_step():
    clock = Clock(speed=0, start=100)
    time.sleep(0.02)
    assert clock.now() == 100
    assert clock.step(60) == 160


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_clock_does_not_run_backwards(seconds):
    with pytest.raises(ValueError, match="forward"):
        Clock(start=0).step(seconds)


def test_calls_come_when_they_are_due_and_in_order():
    clock, called, done = Clock(speed=0, start=0), [], threading.Event()
    clock.call_at(20, done.set)
    clock.call_at(10, lambda: called.append(10))
    cancel = clock.call_at(15, lambda: called.append(15))
    cancel()
    cancel()
    clock.step(12)
    assert not done.wait(0.05)
    assert called == [10]
    clock.step(10)
    assert done.wait(5)
    assert called == [10]


def test_a_call_that_is_due_in_the_past_comes_at_once():
    done = threading.Event()
    Clock(speed=0, start=100).call_at(1, done.set)
    assert done.wait(5)


# Simulated


@given(st.lists(st.integers(0, 50), max_size=20), st.lists(st.integers(0, 20), max_size=8))
def test_simulated_calls_come_in_order_and_see_their_moment(moments, steps):
    clock, seen = SimulatedClock(), []
    for number, due in enumerate(moments):
        clock.call_at(due, lambda asked=(due, number): seen.append((clock.now(), *asked)))
    for seconds in [0, *steps]:
        clock.step(seconds)
    assert clock.now() == sum(steps)
    assert seen == [
        (d, d, n)
        for d, n in sorted(zip(moments, range(99), strict=False))
        if d <= sum(steps)
    ]
    clock.run()
    assert len(seen) == len(moments)
    assert clock.now() == max([sum(steps), *moments])


def test_a_simulated_call_may_ask_for_another_and_be_cancelled():
    clock, seen = SimulatedClock(start=100), []

    def again():
        seen.append(clock.now())
        if len(seen) < 3:
            clock.call_at(clock.now() + 10, again)

    clock.call_at(0, again)
    cancel = clock.call_at(105, lambda: seen.append("never"))
    cancel()
    cancel()
    clock.step(15)
    assert seen == [100, 110]
    assert clock.run() == 120
    assert seen == [100, 110, 120]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_simulated_clock_does_not_run_backwards(seconds):
    with pytest.raises(ValueError, match="forward"):
        SimulatedClock().step(seconds)
