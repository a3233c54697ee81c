from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.capstone import draw_world
from labs_lib.capstone.worlds import KINDS

SMALL = {"payments_a_day": 60, "history_days": 40, "live_days": 20}


def test_a_secret_gives_the_same_world_and_another_one_gives_another():
    one, again, other = (draw_world(secret, **SMALL) for secret in (7, 7, 8))
    pd.testing.assert_frame_equal(one.payments, again.payments)
    assert np.array_equal(one.probability, again.probability)
    assert one.events == again.events
    assert not np.array_equal(one.payments["amount_cents"], other.payments["amount_cents"])
    assert one.events != other.events


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**128 - 1))
def test_worlds_hold_what_they_promise(secret):
    world = draw_world(secret, **SMALL)
    assert world.payments["time"].is_monotonic_increasing
    assert world.day.min() == -40
    assert world.day.max() == 19
    assert ((world.probability > 0) & (world.probability < 1)).all()
    assert (world.known - world.day >= 7).all()
    kinds = [event.kind for event in world.events]
    assert 2 <= len(kinds) <= 4
    assert KINDS[0] in kinds
    assert set(kinds) <= set(KINDS)
    assert all(0 < event.start < event.end <= 20 for event in world.events)
    quiet = world.day < 0
    assert 0.005 < world.probability[quiet].mean() < 0.04


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**128 - 1))
def test_labels_take_up_to_30_days_until_an_event_makes_them_later(secret):
    world = draw_world(secret, **SMALL)
    first = min(event.start for event in world.events)
    days = (world.payments["label_known_at"] - world.payments["time"]).dt.days
    assert days[world.day < first].max() <= 30
    late = any(event.kind == "late labels" for event in world.events)
    assert (days.max() > 30) <= late


def test_fraud_is_drawn_from_the_probability():
    world = draw_world(3)
    edges = [0, 0.01, 0.05, 0.3, 0.7, 1]
    for low, high in pairwise(edges):
        rows = (world.probability >= low) & (world.probability < high)
        expected = world.probability[rows].sum()
        spread = np.sqrt((world.probability * (1 - world.probability))[rows].sum())
        assert abs(world.fraud[rows].sum() - expected) < 4 * spread


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"secret": -1}, "128 bits"),
        ({"secret": 2**128}, "128 bits"),
        ({"secret": 1.0}, "128 bits"),
        ({"payments_a_day": 10}, "payments_a_day"),
        ({"history_days": 39}, "history_days"),
        ({"live_days": 2}, "live_days"),
        ({"live_days": 270}, "270 together"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, text):
    given = {"secret": 1, **SMALL} | change
    with pytest.raises(ValueError, match=text):
        draw_world(given.pop("secret"), **given)
