"""The dated events: each can be switched off, and each does what it says and no more."""

import numpy as np
import pandas as pd
import pytest

from labs_lib import payments, schema
from labs_lib.payments import events
from labs_lib.payments.features import RECORDED


@pytest.fixture(scope="module")
def without():
    """The shipped world without one event each."""
    return {
        letter: payments.simulate(events=tuple(e for e in "abcd" if e != letter))
        for letter in "abcd"
    }


def stability(before: pd.Series, after: pd.Series) -> float:
    """Population stability index, deciles of `before`; missing is a bin of its own."""
    if isinstance(before.dtype, pd.CategoricalDtype):
        bins = [s.astype(object) for s in (before, after)]
    else:
        edges = np.unique(before.quantile(np.linspace(0, 1, 11)[1:-1]))
        bins = [
            pd.Series(np.searchsorted(edges, s), s.index).where(s.notna(), -1)
            for s in (before, after)
        ]
    p, q = (b.value_counts(normalize=True) for b in bins)
    p, q = p.align(q, fill_value=1e-4)
    return float(((q - p) * np.log(q / p)).sum())


def in_month(world, number: int) -> pd.DataFrame:
    return world.transactions[payments.month(world.transactions) == number]


@pytest.mark.parametrize(
    ("letter", "months"), [("a", {6}), ("b", {8, 9}), ("c", {7}), ("d", {9})]
)
def test_an_event_changes_its_own_dates_only(world, without, letter, months):
    left, right = world.transactions, without[letter].transactions
    assert len(left) == len(right)
    same = (left == right) | (left.isna() & right.isna())
    month = payments.month(left)
    assert set(month[~same.all(axis=1)]) == months
    changed = (world.truth != without[letter].truth).any(axis=1)
    assert set(month[changed]) == (set() if letter == "c" else months)
    dates = world.events.set_index("event").loc[letter]
    time = left.loc[~same.all(axis=1) | changed, "time"]
    assert time.between(dates["start"], dates["end"], inclusive="left").all()


def test_without_events_all_months_are_quiet(world):
    quiet = payments.simulate(events=())
    assert quiet.events.empty
    first = payments.month(quiet.transactions) <= 5
    assert quiet.transactions[first].equals(world.transactions[first])
    assert quiet.truth[first].equals(world.truth[first])
    by_month = quiet.truth["probability"].groupby(payments.month(quiet.transactions)).mean()
    assert by_month.to_numpy() == pytest.approx(np.full(9, 0.01), rel=0.005)


def test_the_order_of_the_letters_does_not_matter(world):
    other = payments.simulate(events=("d", "c", "b", "a"))
    assert world.transactions.equals(other.transactions)


def test_festival_moves_inputs_but_not_risk(world, without):
    """Event a: inputs drift; the probability of each payment stays within 5 %."""
    month5, month6 = in_month(world, 5), in_month(world, 6)
    for column in ("amount_cents", "usual_amount_cents", "channel", "merchant_category"):
        assert stability(month5[column], month6[column]) > 0.1, column
    assert (month6["merchant_category"] == "tickets").mean() > 0.05
    with_, off = (w.truth["probability"][month6.index] for w in (world, without["a"]))
    assert with_.mean() == pytest.approx(off.mean(), rel=0.05)
    assert with_.mean() == pytest.approx(
        world.truth["probability"][month5.index].mean(), rel=0.05
    )
    assert (abs(with_ / off - 1) < 0.05).mean() > 0.98


def test_takeover_changes_the_labels_but_hardly_the_inputs(world, without):
    """Event b: a new scenario; no input moves by what a drift detector would notice."""
    month5, month8 = in_month(world, 5), in_month(world, 8)
    for column in RECORDED:
        assert stability(month5[column], month8[column]) < 0.05, column
    scenario = world.truth["scenario"]
    month = payments.month(world.transactions)
    share = (scenario == "account_takeover").groupby(month).mean()
    assert (share[:7] == 0).all()
    assert (share[7:] > 0.002).all()
    probability = [
        w.truth.loc[month == 8, "probability"].mean() for w in (world, without["b"])
    ]
    assert probability[0] / probability[1] > 1.2
    columns = [c for c in world.transactions if c not in ("is_fraud", "balance_cents")]
    off = without["b"].transactions
    assert world.transactions.loc[month == 8, columns].equals(off.loc[month == 8, columns])


def test_fault_is_in_the_record_only(world, without):
    """Event c: ten days of one channel in the wrong unit and without balance."""
    assert world.truth.equals(without["c"].truth)
    dates = world.events.set_index("event").loc["c"]
    assert (dates["end"] - dates["start"]).days == 10
    time = world.transactions["time"]
    during = (time >= dates["start"]) & (time < dates["end"])
    swipe = during & (world.transactions["channel"] == "swipe")
    right = without["c"].transactions
    recorded = world.transactions
    assert recorded.loc[swipe, "balance_cents"].isna().all()
    assert recorded.loc[swipe, "distance_km"].to_numpy() == pytest.approx(
        1_000 * right.loc[swipe, "distance_km"].to_numpy()
    )
    assert recorded[~swipe].equals(right[~swipe])


def test_holidays_swing_the_inputs_and_do_no_harm(world, without):
    """Event d: inputs move, the mean risk stays within 5 %."""
    month = payments.month(world.transactions)
    probability = [
        w.truth.loc[month == 9, "probability"].mean() for w in (world, without["d"])
    ]
    assert probability[0] == pytest.approx(probability[1], rel=0.05)
    month5, month9 = in_month(world, 5), in_month(world, 9)
    assert stability(month5["balance_cents"], month9["balance_cents"]) > 0.05
    far = [(m["distance_km"].dropna() > 40).mean() for m in (month5, month9)]
    assert far[1] > 1.5 * far[0]


def test_the_table_of_events_is_in_order_of_time_and_complete():
    table = events.event_table()
    assert set(table["event"]) == set("abcd")
    assert table["start"].is_monotonic_increasing
    assert (table["start"] >= schema.PAYMENTS_START + pd.Timedelta(days=150)).all()
    assert (table["end"] <= schema.PAYMENTS_START + pd.Timedelta(days=270)).all()
    assert table["what"].str.len().min() > 20


def test_the_table_ends_with_the_calendar():
    table = events.event_table(days=190, events=("a", "b", "c"))
    assert list(table["event"]) == ["a", "c"]
    assert table["end"].iloc[1] == schema.PAYMENTS_START + pd.Timedelta(days=190)
