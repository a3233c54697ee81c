"""True importance: Shapley values by the book, by enumeration and by simulation."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from labs_lib import payments
from labs_lib.payments import importance

ACTIVE = ("hour", "amount_cents", "customer_count_1d", "channel", "distance_km")


def by_permutations(X: pd.DataFrame, row: int) -> pd.Series:
    """Interventional Shapley values of one row: the mean gain over all orders of columns."""
    gains = pd.Series(0.0, index=X.columns)
    orders = list(permutations(ACTIVE))
    for order in orders:
        mixed = X.copy()
        before = payments.causes_logit(mixed).mean()
        for column in order:
            mixed[column] = X[column].iloc[[row] * len(X)].to_numpy()
            after = payments.causes_logit(mixed).mean()
            gains[column] += after - before
            before = after
    return gains / len(orders)


@pytest.mark.parametrize("correlated", [False, True])
def test_interventional_values_equal_the_definition(correlated):
    X = payments.causes(n=100, correlated=correlated, seed=5)[0].head(12)
    actual = payments.true_shapley(X)
    expected = by_permutations(X, 7)
    assert actual.iloc[7].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)


@pytest.mark.parametrize("correlated", [False, True])
def test_values_add_up_to_the_log_odds(correlated):
    X, _, _ = payments.causes(n=2_000, correlated=correlated)
    logit = payments.causes_logit(X)
    total = payments.true_shapley(X).sum(axis=1)
    assert total.to_numpy() == pytest.approx(logit - logit.mean())
    if correlated:
        rest = logit - payments.conditional_shapley(X).sum(axis=1)
        assert np.ptp(rest) < 1e-9
        assert rest.mean() == pytest.approx(logit.mean(), abs=0.1)


@pytest.fixture(scope="module")
def many():
    X, _, _ = payments.causes(n=400_000, correlated=True, seed=1)
    return X, payments.causes_logit(X)


@pytest.mark.parametrize(
    ("known", "bands"),
    [
        ((), {}),
        (("age_band",), {}),
        (("channel", "age_band"), {}),
        (("customer_count_1d", "channel"), {}),
        (("amount_local",), {"amount_local": (2_500, 2_560)}),
        (("amount_cents", "customer_count_1d"), {"amount_cents": (3_000, 3_120)}),
        (("distance_km", "channel"), {"distance_km": (5.9, 6.2)}),
        (("balance_cents",), {"balance_cents": (200_000, 208_000)}),
        (("usual_amount_cents", "age_band"), {"usual_amount_cents": (4_000, 4_500)}),
    ],
)
def test_conditional_expectations_equal_simulated_means(many, known, bands):
    """The mean log odds of all rows that agree in what is known, 400,000 rows drawn."""
    X, logit = many
    alike = pd.Series(True, index=X.index)
    for column, (low, high) in bands.items():
        alike &= X[column].between(low, high)
    for column in set(known) - set(bands):
        common = {"age_band": "25-34", "channel": "chip", "customer_count_1d": 2}[column]
        alike &= X[column] == common
    rows = X[alike]
    assert len(rows) > 800
    expected = importance._conditional_value(rows.head(2_000))(frozenset(known)).mean()
    error = logit[alike].std() / np.sqrt(alike.sum())
    assert expected == pytest.approx(logit[alike].mean(), abs=4 * error + 0.005)


def test_the_table_says_what_has_an_effect():
    table = payments.true_importance(n=5_000)
    assert list(table) == ["interventional", "conditional"]
    assert set(table.index[table["interventional"] > 0]) == set(ACTIVE)
    assert (table["interventional"] == table["conditional"]).all()


def test_the_twin_gets_conditional_importance_only():
    table = payments.true_importance(correlated=True, n=5_000, rows=500)
    assert table.loc["amount_local", "interventional"] == 0
    assert table.loc["amount_local", "conditional"] > 0.1
    assert (
        table.loc["amount_cents", "conditional"]
        < table.loc["amount_cents", "interventional"]
    )
    without = ["device", "merchant_category", "account_age_days", "home_x_km", "home_y_km"]
    assert (table.loc[without] == 0).all(axis=None)


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="rows is 0, expected at least 1"):
        payments.true_importance(rows=0)
