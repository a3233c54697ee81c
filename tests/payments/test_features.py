"""Features: equal to a brute-force reading of their definition, and free of leakage."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import payments
from labs_lib.payments.features import CUSTOMER_DAYS, FEATURES, RECORDED, TERMINAL_DAYS


class BruteForce:
    """Compute the windows of one row by looking at every other row."""

    def __init__(self, transactions: pd.DataFrame) -> None:
        self.columns = {name: transactions[name].to_numpy() for name in transactions}

    def row(self, row: int) -> dict[str, float]:
        c = self.columns
        now = c["time"][row]
        mine = (c["customer"] == c["customer"][row]) & (c["time"] < now)
        known = (c["terminal"] == c["terminal"][row]) & (c["label_known_at"] < now)
        earlier = c["time"][mine]
        result = {
            "hour": pd.Timestamp(now).hour,
            "weekday": pd.Timestamp(now).day_of_week,
            "amount_vs_usual": c["amount_cents"][row] / c["usual_amount_cents"][row],
            "seconds_since_previous": (now - earlier.max()) / np.timedelta64(1, "s")
            if mine.any()
            else np.nan,
        }
        for days in CUSTOMER_DAYS:
            window = mine & (c["time"] >= now - np.timedelta64(days, "D"))
            result[f"customer_count_{days}d"] = window.sum()
            result[f"customer_mean_amount_{days}d"] = mean(c["amount_cents"][window])
        result["amount_vs_mean_30d"] = (
            c["amount_cents"][row] / result["customer_mean_amount_30d"]
        )
        for days in TERMINAL_DAYS:
            window = known & (c["label_known_at"] >= now - np.timedelta64(days, "D"))
            result[f"terminal_labels_{days}d"] = window.sum()
            result[f"terminal_risk_{days}d"] = mean(c["is_fraud"][window])
        return result


def mean(values: np.ndarray) -> float:
    return values.mean() if values.size else np.nan


@pytest.fixture(scope="module")
def transactions(small):
    return small.transactions


@pytest.fixture(scope="module")
def X(transactions):
    return payments.features(transactions)


def test_1000_rows_agree_with_brute_force(transactions, X):
    rows = np.random.default_rng(0).choice(transactions.index, 1_000, replace=False)
    reader = BruteForce(transactions)
    expected = pd.DataFrame([reader.row(row) for row in rows], index=rows)
    actual = X.loc[rows, expected.columns].astype(float)
    pd.testing.assert_frame_equal(actual, expected.astype(float), rtol=1e-12)
    # The sample is worth something: windows are filled, and some frauds are known.
    assert (expected["customer_count_30d"] > 5).sum() > 500
    assert (expected["terminal_risk_30d"] > 0).sum() > 100


def test_every_row_agrees_with_sql(world):
    """DuckDB's range windows over the shipped world give the same counts and means."""
    transactions = world.transactions
    X = payments.features(transactions)
    table = transactions[["transaction_id", "customer", "amount_cents"]].assign(
        second=transactions["time"].astype("int64")
    )
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.register("payments", table)
        result = connection.sql(
            """
            select count(*) over w as n, avg(amount_cents) over w as mean from payments
            window w as (partition by customer order by second
                         range between 604800 preceding and 1 preceding)
            order by transaction_id
            """
        ).df()
    assert (X["customer_count_7d"].to_numpy() == result["n"].to_numpy()).all()
    np.testing.assert_allclose(X["customer_mean_amount_7d"], result["mean"], rtol=1e-12)


def test_columns_index_and_types(transactions, X):
    assert list(X) == FEATURES == payments.FEATURES
    assert X.index.equals(transactions.index)
    assert X[RECORDED].equals(transactions[RECORDED])
    for name, dtype in X.dtypes.items():
        assert isinstance(dtype, pd.CategoricalDtype) or np.issubdtype(dtype, np.number), (
            name
        )
    forbidden = {"customer", "terminal", "transaction_id", "time", "is_fraud"}
    assert not forbidden & set(X)


def test_any_order_and_index_give_the_same_rows(transactions, X):
    shuffled = transactions.sample(frac=1, random_state=0)
    shuffled.index = shuffled.index * 10 + 7
    again = payments.features(shuffled)
    assert again.index.equals(shuffled.index)
    assert again.set_axis((again.index - 7) // 10).sort_index().equals(X)


def test_inputs_are_not_changed(transactions):
    before = transactions.copy(deep=True)
    payments.features(transactions)
    assert transactions.equals(before)


def test_later_rows_change_nothing(transactions, X):
    """Features of the first half are the same when the second half is not there yet."""
    half = len(transactions) // 2
    assert payments.features(transactions.iloc[:half]).equals(X.iloc[:half])


@settings(max_examples=15, deadline=None)
@given(row=st.integers(0, 19_999))
def test_an_unknown_label_changes_nothing(transactions, X, row):
    """Flip a label: only rows after it became known, at its terminal, may change."""
    flipped = transactions.copy()
    flipped.loc[row, "is_fraud"] = 1 - flipped.loc[row, "is_fraud"]
    again = payments.features(flipped)
    same = ((again == X) | (again.isna() & X.isna())).all(axis=1)
    here = transactions.loc[row]
    may_change = (transactions["terminal"] == here["terminal"]) & (
        transactions["time"] > here["label_known_at"]
    )
    assert same[~may_change].all()


def test_a_known_label_does_change_later_rows(transactions, X):
    flipped = transactions.copy()
    flipped["is_fraud"] = 1 - flipped["is_fraud"]
    again = payments.features(flipped)
    known = X["terminal_labels_30d"] > 0
    assert (again["terminal_risk_30d"] != X["terminal_risk_30d"])[known].mean() > 0.9


def test_one_second_decides():
    """A window includes its first second and excludes the row's own; labels likewise."""
    day = pd.Timedelta(days=1)
    start = pd.Timestamp("2025-03-01")
    template = payments.simulate(n_transactions=2_000, days=30).transactions.head(4)
    times = [start, start + day, start + day, start + 2 * day + pd.Timedelta(seconds=1)]
    transactions = template.assign(
        customer=1,
        terminal=1,
        time=times,
        amount_cents=[100, 200, 400, 800],
        is_fraud=[1, 0, 0, 0],
        label_known_at=[start + day, *[start + 40 * day] * 3],
    ).reset_index(drop=True)
    X = payments.features(transactions)
    assert X["customer_count_1d"].tolist() == [0, 1, 1, 0]
    assert X["customer_count_7d"].tolist() == [0, 1, 1, 3]
    assert X["customer_mean_amount_1d"].tolist()[1:3] == [100, 100]
    assert X["seconds_since_previous"].tolist()[1:] == [86_400, 86_400, 86_401]
    assert np.isnan(X["seconds_since_previous"][0])
    assert X["terminal_labels_7d"].tolist() == [0, 0, 0, 1]
    assert X["terminal_risk_7d"].tolist()[3] == 1


def test_one_row_has_no_past():
    one = payments.simulate(n_transactions=2_000, days=30).transactions.head(1)
    X = payments.features(one)
    assert X["customer_count_30d"].tolist() == [0]
    assert X[["seconds_since_previous", "terminal_risk_30d"]].isna().all(axis=None)


def test_bad_frames_are_named(transactions):
    with pytest.raises(ValueError, match="lack terminal, device; expected the columns of"):
        payments.features(transactions.drop(columns=["device", "terminal"]))
    with pytest.raises(ValueError, match="transactions are empty"):
        payments.features(transactions.head(0))
    twice = pd.concat([transactions, transactions.tail(1)])
    with pytest.raises(ValueError, match="transaction_id 19999 occurs more than once"):
        payments.features(twice)
    with pytest.raises(ValueError, match="time has dtype int64, expected datetime64"):
        payments.features(transactions.assign(time=transactions["time"].astype("int64")))
    for column in ("time", "label_known_at"):
        late = transactions.copy()
        late.loc[5, column] = pd.NaT
        with pytest.raises(ValueError, match=f"{column} is missing in some rows"):
            payments.features(late)
