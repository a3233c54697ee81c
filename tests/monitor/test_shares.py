"""Shares of missing, unknown and negative values: false alarms counted, faults found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labs_lib import data, monitor
from labs_lib.monitor import shares


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_the_exact_test_is_fishers(n, m, draw):
    k = draw.draw(st.integers(0, n))
    before = draw.draw(st.integers(0, m))
    table = [[k, n - k], [before, m - before]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue < shares.LEVEL
    assert shares.exceeds(k, n, before, m) == (expected and k * m > before * n)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_the_excess_is_less_than_the_difference_and_grows(n, m, p, q):
    k, before = round(p * n), round(q * m)
    found = shares.excess(k, n, before, m)
    assert -1 <= found <= k / n - before / m + 1e-12
    if k < n:
        assert shares.excess(k + 1, n, before, m) >= found
    assert shares.excess(10 * k, 10 * n, 10 * before, 10 * m) >= found - 1e-12


@pytest.mark.parametrize("share", [0.0005, 0.02, 0.3])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (3000, 500), (500, 3000)])
def test_chance_alone_exceeds_as_rarely_as_is_said(share, n, m):
    rng = np.random.default_rng(0)
    drawn = zip(rng.binomial(n, share, 4000), rng.binomial(m, share, 4000), strict=True)
    fired = sum(shares.exceeds(int(k), n, int(before), m) for k, before in drawn)
    assert fired <= stats.binom.ppf(0.9999, 4000, shares.LEVEL)


TABLES = {
    "adult": data.load_adult_income,
    "credit": data.load_credit_default,
    "crashes": data.load_crashes,
    "flights": data.load_flights,
    "houses": data.load_houses,
    "novels": data.load_novels,
}


def whole(name):
    """Return a table of the course with all its columns."""
    loaded = TABLES[name]()
    if isinstance(loaded, tuple):
        loaded = pd.concat([pd.DataFrame(part) for part in loaded], axis="columns")
    return loaded.loc[:, ~loaded.columns.duplicated()]


@pytest.mark.parametrize("name", TABLES)
def test_random_halves_of_real_tables_hold(name):
    table, rng = whole(name), np.random.default_rng(1)
    alarms = 0
    for _ in range(5):
        rows = rng.permutation(len(table))[:6000]
        before, now = table.iloc[rows[:3000]], table.iloc[rows[3000:]]
        alarms += not monitor.check(now, monitor.baseline(before)).ok
    assert alarms == 0


@pytest.mark.parametrize("name", ["flights", "crashes", "houses"])
def test_faults_in_real_tables_are_found(name):
    table, rng = whole(name), np.random.default_rng(2)
    rows = rng.permutation(len(table))[:6000]
    base = monitor.baseline(table.iloc[rows[:3000]])
    now = table.iloc[rows[3000:]].reset_index(drop=True)
    for column in [c for c in now if now[c].notna().mean() > 0.9][:5]:
        lost = now.assign(**{column: now[column].where(rng.random(3000) > 0.1)})
        kinds = {v["constraint_check_type"] for v in monitor.check(lost, base).violations}
        assert kinds == {"completeness_check"}, column


def test_texts_that_are_nearly_all_different_are_no_list():
    names = [f"customer {i}" for i in range(6000)]
    base = monitor.baseline(pd.DataFrame({"id": names[:3000]}))
    assert monitor.check(pd.DataFrame({"id": names[3000:]}), base).ok
    strict = monitor.baseline(pd.DataFrame({"id": names[:3000]}), share_method="Simple")
    assert not monitor.check(pd.DataFrame({"id": names[3000:]}), strict).ok
