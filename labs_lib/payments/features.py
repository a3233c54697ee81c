"""Inputs for a model, computed without looking into the future.

Two rules keep them free of leakage. A customer's windows hold only payments of an earlier
second. A terminal's windows hold only labels that were known at an earlier second, whatever
the time of the payment they belong to: labels arrive as a stream of their own, 7 to 30 days
late.
"""

import numpy as np
import pandas as pd

from labs_lib.payments.split import DAY

CUSTOMER_DAYS = (1, 7, 30)
TERMINAL_DAYS = (7, 30)
LONGEST = 30 * DAY

RECORDED = [
    "amount_cents",
    "amount_local",
    "channel",
    "merchant_category",
    "device",
    "distance_km",
    "balance_cents",
    "account_age_days",
    "home_x_km",
    "home_y_km",
    "age_band",
    "usual_amount_cents",
]
"""Columns of a transaction that a model may use as they are."""

FEATURES = [
    *RECORDED,
    "hour",
    "weekday",
    "amount_vs_usual",
    "amount_vs_mean_30d",
    "seconds_since_previous",
    *(f"customer_count_{days}d" for days in CUSTOMER_DAYS),
    *(f"customer_mean_amount_{days}d" for days in CUSTOMER_DAYS),
    *(f"terminal_labels_{days}d" for days in TERMINAL_DAYS),
    *(f"terminal_risk_{days}d" for days in TERMINAL_DAYS),
]
"""Columns of `features`, in order."""

NEEDED = [
    "transaction_id",
    "time",
    "customer",
    "terminal",
    *RECORDED,
    "is_fraud",
    "label_known_at",
]


def features(transactions: pd.DataFrame) -> pd.DataFrame:
    """Compute the inputs of a model for each payment, from what was known before it.

    Give all the history you have and select rows afterwards: windows look back 30 days. The
    order of the rows does not matter, and payments of one second do not see each other.

    Parameters
    ----------
    transactions : DataFrame, shape (n, at least 18)
        As from `labs_lib.data.load_payments` or `simulate`.

    Returns
    -------
    DataFrame, shape (n, 27)
        Same index and order as `transactions`, columns `FEATURES`:

        - the recorded columns `RECORDED`, unchanged;
        - ``hour`` (0 to 23) and ``weekday`` (0 is Monday);
        - ``amount_vs_usual``, ``amount_vs_mean_30d``: the amount divided by the customer's
          usual amount, and by the customer's mean amount of the last 30 days;
        - ``seconds_since_previous``: since the customer's previous payment;
        - ``customer_count_1d`` and ``customer_mean_amount_1d`` (cents), also ``_7d`` and
          ``_30d``: the customer's earlier payments in the window;
        - ``terminal_labels_7d`` and ``terminal_risk_7d``, also ``_30d``: how many labels of
          the terminal became known in the window, and the share of fraud among them.

        A mean, share or gap with nothing to compute it from is missing (NaN), as are
        ``distance_km`` and ``balance_cents`` where nothing was recorded.

    Raises
    ------
    ValueError
        If `transactions` is empty, lacks a column, repeats a ``transaction_id``, or lacks a
        time.

    Notes
    -----
    A window is the difference of two running sums of integers, found by binary search in
    the rows sorted by owner and time: exact, independent of threads, and 0.1 s for the
    customer windows of 300,000 rows where DuckDB's range windows took 0.45 s on two cores
    (terminals: 0.1 s against 1.3 s).
    """
    _check(transactions)
    time = _seconds(transactions["time"])
    known = _seconds(transactions["label_known_at"])
    amount = transactions["amount_cents"].to_numpy(dtype=np.int64)
    customer = pd.factorize(transactions["customer"])[0]
    terminal = pd.factorize(transactions["terminal"])[0]
    columns = {name: transactions[name] for name in RECORDED}

    columns["hour"] = (time // 3600 % 24).astype(np.int8)
    columns["weekday"] = ((time // DAY + 3) % 7).astype(np.int8)  # 1970 began on a Thursday
    columns["amount_vs_usual"] = amount / transactions["usual_amount_cents"].to_numpy()

    payments = _Windows(customer, time, moment=time, value=amount)
    count, mean = {}, {}
    for days in CUSTOMER_DAYS:
        count[days], total = payments.last(days * DAY)
        mean[days] = _share(total, count[days])
    columns["amount_vs_mean_30d"] = amount / mean[30]
    columns["seconds_since_previous"] = payments.seconds_since_previous()
    columns |= {f"customer_count_{days}d": count[days] for days in CUSTOMER_DAYS}
    columns |= {f"customer_mean_amount_{days}d": mean[days] for days in CUSTOMER_DAYS}

    fraud = transactions["is_fraud"].to_numpy(dtype=np.int64)
    labels = _Windows(terminal, time, moment=known, value=fraud)
    for days in TERMINAL_DAYS:
        count[days], total = labels.last(days * DAY)
        columns[f"terminal_labels_{days}d"] = count[days]
        columns[f"terminal_risk_{days}d"] = _share(total, count[days])
    return pd.DataFrame(columns, index=transactions.index)[FEATURES]


class _Windows:
    """Ask, for each row, what its owner had in the seconds before the row.

    Parameters
    ----------
    owner : array of int, shape (n,), at least 0
    asked : array of int, shape (n,)
        Second of each row, from which the window looks back.
    moment, value : arrays of int, shape (n,)
        When each row's value becomes visible (not before the first `asked`), and the value.
    """

    def __init__(
        self, owner: np.ndarray, asked: np.ndarray, *, moment: np.ndarray, value: np.ndarray
    ) -> None:
        # One integer says owner and second. The longest window fits between two owners, so
        # that it never reaches back into the values of another.
        first = asked.min() - LONGEST
        self._span = max(asked.max(), moment.max()) - first + 1
        key = owner * self._span + (moment - first)
        order = np.argsort(key, kind="stable")
        self._keys = key[order]
        self._running = np.concatenate([[0], np.cumsum(value[order])])
        # Binary search is 5 times faster when its questions come in order.
        asked_key = owner * self._span + (asked - first)
        self._order = np.argsort(asked_key, kind="stable")
        self._asked = asked_key[self._order]
        self._end = np.searchsorted(self._keys, self._asked)

    def last(self, seconds: int) -> tuple[np.ndarray, np.ndarray]:
        """Count and sum the values of the last `seconds`, the row's own second excluded."""
        start = np.searchsorted(self._keys, self._asked - seconds)
        count = (self._end - start).astype(np.int32)
        return self._as_given(count), self._as_given(
            self._running[self._end] - self._running[start]
        )

    def seconds_since_previous(self) -> np.ndarray:
        """Seconds since the owner's latest earlier value; NaN where there is none."""
        previous = self._end - 1
        gap = (self._asked - self._keys[previous]).astype(float)
        # Before an owner's first value stands another owner's last one, or nothing at all.
        same_owner = self._keys[previous] // self._span == self._asked // self._span
        gap[~same_owner | (previous < 0)] = np.nan
        return self._as_given(gap)

    def _as_given(self, values: np.ndarray) -> np.ndarray:
        result = np.empty_like(values)
        result[self._order] = values
        return result


def _share(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(count.size, np.nan), where=count > 0)


def _seconds(times: pd.Series) -> np.ndarray:
    return times.to_numpy().astype("datetime64[s]").astype(np.int64)


def _check(transactions: pd.DataFrame) -> None:
    lacking = [name for name in NEEDED if name not in transactions.columns]
    if lacking:
        raise ValueError(
            f"transactions lack {', '.join(lacking)}; expected the columns of "
            "data.load_payments()."
        )
    if transactions.empty:
        raise ValueError("transactions are empty; expected at least one row.")
    repeated = transactions["transaction_id"].duplicated()
    if repeated.any():
        raise ValueError(
            f"transaction_id {transactions['transaction_id'][repeated].iloc[0]} occurs "
            "more than once; counted twice, it would change the windows. Drop duplicates."
        )
    for name in ("time", "label_known_at"):
        if not pd.api.types.is_datetime64_dtype(transactions[name]):
            raise ValueError(
                f"{name} has dtype {transactions[name].dtype}, expected datetime64 "
                "without a time zone; use pd.to_datetime."
            )
        if transactions[name].isna().any():
            raise ValueError(f"{name} is missing in some rows; every payment needs one.")
