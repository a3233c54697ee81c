"""The calendar and the split by time."""

import numpy as np
import pandas as pd
import pytest

from labs_lib import payments, schema


def test_months_have_30_days(small):
    month = payments.month(small.transactions)
    assert month.name == "month"
    assert month.index.equals(small.transactions.index)
    days = (small.transactions["time"] - schema.PAYMENTS_START).dt.days
    assert set(zip(month, days // 30, strict=True)) == {(m, m - 1) for m in range(1, 6)}


def test_the_default_split_is_months_1_to_3_then_4_then_5(world):
    parts = payments.split_by_time(world.transactions)
    month = payments.month(world.transactions).to_numpy()
    assert [sorted(set(month[part])) for part in parts] == [[1, 2, 3], [4], [5]]
    assert all(part.dtype == bool and len(part) == len(month) for part in parts)
    assert not (parts[0] & parts[1]).any()
    time = world.transactions["time"]
    assert time[parts[0]].max() < time[parts[1]].min()
    assert time[parts[1]].max() < time[parts[2]].min()


def test_masks_fit_any_table_with_the_same_rows(small):
    train, _, test = payments.split_by_time(
        small.transactions, train=[1, 2], valid=[3], test=[5]
    )
    shuffled_index = small.transactions.set_axis(small.transactions.index[::-1])
    assert len(shuffled_index[train]) == train.sum()
    assert np.arange(len(test))[test].min() > np.arange(len(train))[train].max()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"test": (6,)}, r"no payments for test in months \[6\]; there are months 1 to 5"),
        ({"train": ()}, r"no payments for train in months \[\]"),
        ({"valid": (3,)}, "valid has month 3, but an earlier part reaches month 3"),
        (
            {"test": (4,), "valid": (5,)},
            "test has month 4, but an earlier part reaches month 5",
        ),
    ],
)
def test_parts_in_the_wrong_order_are_named(small, parts, message):
    with pytest.raises(ValueError, match=message):
        payments.split_by_time(small.transactions, **parts)


def test_a_table_without_calendar_is_named(small):
    with pytest.raises(ValueError, match="no column time"):
        payments.month(small.transactions.drop(columns="time"))
    early = small.transactions.assign(time=pd.Timestamp("2024-12-31"))
    with pytest.raises(ValueError, match="lies before 2025-01-01"):
        payments.month(early)
