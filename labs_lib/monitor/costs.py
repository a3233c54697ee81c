"""Who spends what, and when is somebody told? Bills, cost tags, budgets and right-sizing.

AWS's rules are in `cost_and_usage` (tags count from their activation), `sent` (an alert on
actual cost goes out once a period, one on forecast cost each time it comes back) and
`finding` (a percentile of utilization with headroom). The bills are invented, by `bills`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

KINDS = ("steady", "left on", "growth", "late spike")
"""What happens in the month of `bills`."""


def bills(seed: int, kind: str = "steady", *, history: int = 56) -> pd.DataFrame:
    """Draw the daily cost records of an account: some weeks of history, then one month.

    Two endpoints run at all hours, two sets of notebooks on weekdays, training jobs of
    random size on weekdays. In the last month something is added: an endpoint "left on"
    (15 to 45 EUR a day from one of the first 20 days), "growth" of everything (0.5 to 2.5 %
    a day) or a "late spike" (three days of tuning after the 18th, 200 to 1,000 EUR). All
    else is the same for each kind. The numbers are invented.

    Parameters
    ----------
    seed : int
        0 or more. It also chooses the month, one of 2026.
    kind : {"steady", "left on", "growth", "late spike"}
    history : int
        Days before the month, at least 0.

    Returns
    -------
    DataFrame
        One row a resource and day, in order of day: `day`; `arrives`, the day on which the
        record can be read, one day later or, for 3 of 10 records, two; `project`; `service`;
        `cost` in EUR; `extra`, the part of it in EUR that the kind has added.

    Raises
    ------
    ValueError
        If the kind is unknown, or `history` or `seed` is not a whole number of 0 or more.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    for name, value in (("seed", seed), ("history", history)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise ValueError(f"{name} is {value!r}, expected a whole number of 0 or more.")
    rng = np.random.default_rng([seed, 40])
    first = pd.Timestamp(2026, int(rng.integers(1, 13)), 1)
    n = first.days_in_month
    days = pd.date_range(first - pd.Timedelta(days=history), periods=history + n)
    weekday = (days.day_of_week < 5).astype(float)
    level = np.exp(rng.normal(0, 0.01, len(days)).cumsum())  # usage wanders
    usual = {
        ("fraud", "endpoint"): 40 * np.exp(rng.normal(0, 0.05, len(days))),
        ("churn", "endpoint"): 20 * np.exp(rng.normal(0, 0.05, len(days))),
        ("fraud", "notebook"): 12 * weekday * rng.uniform(0.8, 1.2, len(days)),
        ("churn", "notebook"): 8 * weekday * rng.uniform(0.8, 1.2, len(days)),
        ("research", "training"): weekday * rng.gamma(2.0, 12.0, len(days)),
    }
    usual = {name: cost * level for name, cost in usual.items()}
    late = rng.random((len(usual) + 1, len(days))) < 0.3
    t = np.arange(len(days)) - history  # 0 is the first of the month
    start, price = rng.integers(0, 20), rng.uniform(15, 45)
    rate = rng.uniform(0.005, 0.025)
    spike, size = rng.integers(18, n - 3), rng.uniform(200, 1000)
    more = dict.fromkeys(usual, np.zeros(len(days)))
    if kind == "growth":
        grown = (1 + rate) ** np.clip(t + 1, 0, None) - 1
        more = {name: cost * grown for name, cost in usual.items()}
    elif kind == "left on":
        usual["research", "endpoint"] = np.zeros(len(days))
        more["research", "endpoint"] = np.where(t >= start, price, 0.0)
    elif kind == "late spike":
        tuned = np.where((t >= spike) & (t < spike + 3), size / 3, 0.0)
        more["research", "training"] = tuned
    tables = []
    for (project, service), base in usual.items():
        row = list(usual).index((project, service))
        added = more[project, service]
        table = {"day": days, "arrives": days + pd.to_timedelta(1 + late[row], unit="D")}
        table |= {"project": project, "service": service}
        # To the cent, so that each processor draws the same bills.
        base, added = base.round(2), added.round(2)
        table |= {"cost": (base + added).round(2), "extra": added}
        tables.append(pd.DataFrame(table))
    records = pd.concat(tables)
    records = records[records["cost"] > 0]
    return records.sort_values("day", kind="stable", ignore_index=True)


def last_month(
    records: pd.DataFrame,
) -> tuple[pd.Timestamp, np.ndarray, np.ndarray, np.ndarray]:
    """Return the last month of some records, day by day, and what was spent before it.

    Parameters
    ----------
    records : DataFrame
        As `bills` returns them.

    Returns
    -------
    first : Timestamp
        The first day of the month.
    before : array of shape (n_days_before,)
        The cost of each day before it, in EUR.
    cost, extra : array of shape (n_days,)
        Cost of each day of the month, and what the kind has added to it, in EUR.

    Raises
    ------
    ValueError
        If a column is missing, or there is no record.
    """
    _table(records, ("day", "cost", "extra"))
    if records.empty:
        raise ValueError("records are empty, expected at least one day.")
    first = records["day"].max().replace(day=1)
    daily = records.groupby("day")[["cost", "extra"]].sum().round(2)
    cost, extra = daily[daily.index >= first].to_numpy().T
    return first, daily["cost"][daily.index < first].to_numpy(), cost, extra


def arrived(records: pd.DataFrame, mornings: Sequence[pd.Timestamp]) -> np.ndarray:
    """Return what the records add up to that can be read by each morning.

    Parameters
    ----------
    records : DataFrame
        Columns `arrives` and `cost`, as `bills` returns them.
    mornings : sequence of Timestamp, shape (n_mornings,)

    Returns
    -------
    array of shape (n_mornings,)
        In the unit of `cost`.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    _table(records, ("arrives", "cost"))
    ordered = records.sort_values("arrives", kind="stable")
    totals = np.concatenate([[0.0], ordered["cost"].to_numpy().cumsum()])
    places = np.searchsorted(ordered["arrives"], pd.DatetimeIndex(mornings), side="right")
    return totals[places].round(2)


def cost_and_usage(
    records: pd.DataFrame,
    request: Mapping[str, Any],
    *,
    active: Mapping[str, str | pd.Timestamp] | None = None,
) -> dict[str, Any]:
    """Answer a request of Cost Explorer's `GetCostAndUsage` from records.

    A tag counts from the day on which it became active; what was spent before has no tag in
    the answer, whatever the resource carried. Backfilling a tag moves that day back.

    Parameters
    ----------
    records : DataFrame
        Columns `day` and `cost`, and one column for each key that is grouped by. In a tag's
        column, a missing value is a resource without the tag.
    request : dict
        `TimePeriod` (`End` is not included), `Granularity` DAILY or MONTHLY, `Metrics`
        ["UnblendedCost"] and at most one `GroupBy` of `Type` TAG or DIMENSION. Other fields
        are refused.
    active : mapping of str to date, optional
        Since when each tag counts. A tag that is not in it was never activated.

    Returns
    -------
    dict
        `ResultsByTime`, in the shape of the service. The key of a group is its name, for a
        tag ``"key$value"``, and ``"key$"`` for what has no tag.

    Raises
    ------
    ValueError
        If a field is not supported or missing, or a column is missing.
    """
    _table(records, ("day", "cost"))
    known = {"TimePeriod", "Granularity", "Metrics", "GroupBy"}
    if not isinstance(request, Mapping) or request.keys() - known:
        raise ValueError(
            f"request has {', '.join(map(str, request))}; this engine answers only "
            f"{', '.join(sorted(known))}. Leave the others out."
        )
    missing = known - {"GroupBy"} - request.keys()
    if missing:
        raise ValueError(f"request lacks {', '.join(sorted(missing))}.")
    step = {"DAILY": "D", "MONTHLY": "M"}.get(request["Granularity"])
    if step is None or list(request["Metrics"]) != ["UnblendedCost"]:
        raise ValueError(
            f"request has Granularity {request['Granularity']!r} and Metrics "
            f"{request['Metrics']!r}; expected DAILY or MONTHLY, and ['UnblendedCost']."
        )
    start, end = (pd.Timestamp(request["TimePeriod"][name]) for name in ("Start", "End"))
    if not start < end:
        raise ValueError(
            f"TimePeriod is {start:%F} to {end:%F}; Start has to be before End."
        )
    groups = list(request.get("GroupBy", ()))
    if len(groups) > 1:
        raise ValueError(f"GroupBy has {len(groups)} entries; this engine knows one.")
    rows = records[(records["day"] >= start) & (records["day"] < end)]
    names = _groups(rows, groups[0], active or {}) if groups else None
    results = []
    for period, inside in rows.groupby(rows["day"].dt.to_period(step)):
        result: dict[str, Any] = {
            "TimePeriod": {
                "Start": f"{max(period.start_time, start):%F}",
                "End": f"{min((period + 1).start_time, end):%F}",
            },
            "Total": {},
            "Groups": [],
            "Estimated": False,
        }
        if names is None:
            result["Total"] = _metric(inside["cost"].sum())
        else:
            totals = inside["cost"].groupby(names[inside.index]).sum()
            result["Groups"] = [
                {"Keys": [key], "Metrics": _metric(cost)} for key, cost in totals.items()
            ]
        results.append(result)
    return {"ResultsByTime": results}


def _table(records: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in records]
    if missing:
        raise ValueError(
            f"records have no column {', '.join(missing)}; expected {', '.join(columns)}, "
            "as costs.bills returns them."
        )


def _metric(cost: float) -> dict[str, dict[str, str]]:
    return {"UnblendedCost": {"Amount": f"{cost:.10g}", "Unit": "EUR"}}


def _groups(
    rows: pd.DataFrame,
    group: Mapping[str, str],
    active: Mapping[str, str | pd.Timestamp],
) -> pd.Series:
    """Return the key of each record's group."""
    kind, key = group.get("Type"), group.get("Key", "")
    column = key if kind == "TAG" else key.lower()
    if kind not in ("TAG", "DIMENSION") or column not in rows:
        raise ValueError(
            f"GroupBy is {dict(group)}; expected Type TAG or DIMENSION, and as Key a column "
            f"of the records: {', '.join(map(str, rows))}."
        )
    if kind == "DIMENSION":
        return rows[column].astype(str)
    counts = rows["day"] >= pd.Timestamp(active.get(key, pd.Timestamp.max))
    return key + "$" + rows[column].where(counts).fillna("").astype(str)


def sent(
    notifications: Sequence[Mapping[str, Any]],
    limit: float,
    actual: ArrayLike,
    forecast: ArrayLike,
) -> list[list[int]]:
    """Return on which mornings of one period each notification of a budget goes out.

    An ACTUAL notification goes out once in a period. A FORECASTED one goes out each time
    that the forecast rises above its threshold again. A morning without a forecast changes
    nothing.

    Parameters
    ----------
    notifications : list of dict
        As in `CreateBudget`: `NotificationType` ACTUAL or FORECASTED, `ComparisonOperator`
        GREATER_THAN, `Threshold`, and `ThresholdType` PERCENTAGE (the default) or
        ABSOLUTE_VALUE.
    limit : float
        The budget of the period, above 0.
    actual : array-like of shape (n_mornings,)
        What the records that have arrived by each morning add up to, in the unit of `limit`.
    forecast : array-like of shape (n_mornings,)
        What the whole period is forecast to cost, by each morning; NaN where there is none.

    Returns
    -------
    list of list of int
        For each notification the positions of its mornings, from 0.

    Raises
    ------
    ValueError
        If a notification has another type or operator, `limit` is not above 0, the arrays
        differ in length, or `actual` is not finite.
    """
    if not limit > 0 or not math.isfinite(limit):
        raise ValueError(f"limit is {limit}, expected a number above 0.")
    seen, ahead = np.asarray(actual, dtype=float), np.asarray(forecast, dtype=float)
    if seen.ndim != 1 or seen.shape != ahead.shape or not np.isfinite(seen).all():
        raise ValueError(
            f"actual has shape {seen.shape} and forecast {ahead.shape}; expected one number "
            "a morning in each, and no missing one in actual."
        )
    return [_mornings(notice, limit, seen, ahead) for notice in notifications]


def _mornings(
    notice: Mapping[str, Any], limit: float, seen: np.ndarray, ahead: np.ndarray
) -> list[int]:
    kind, unit = notice.get("NotificationType"), notice.get("ThresholdType", "PERCENTAGE")
    if (
        kind not in ("ACTUAL", "FORECASTED")
        or unit not in ("PERCENTAGE", "ABSOLUTE_VALUE")
        or notice.get("ComparisonOperator") != "GREATER_THAN"
        or "Threshold" not in notice
    ):
        raise ValueError(
            f"notification is {dict(notice)}; expected NotificationType ACTUAL or "
            "FORECASTED, ComparisonOperator GREATER_THAN, a Threshold, and ThresholdType "
            "PERCENTAGE or ABSOLUTE_VALUE."
        )
    threshold = float(notice["Threshold"])
    line = threshold * limit / 100 if unit == "PERCENTAGE" else threshold
    values = seen if kind == "ACTUAL" else ahead
    known = np.flatnonzero(~np.isnan(values))
    above = values[known] > line
    rising = above & ~np.concatenate([[False], above[:-1]])
    mornings = known[rising].tolist()
    return mornings[:1] if kind == "ACTUAL" else mornings


def finding(
    cpu: ArrayLike,
    memory: ArrayLike | None = None,
    *,
    days: int = 14,
    percentile: float = 99.5,
    headroom: float = 20,
) -> str:
    """Say whether a machine has the right size, by the rule of AWS Compute Optimizer.

    In the window, utilization has to stay at or below 100 - `headroom` for `percentile`
    percent of the hours. If CPU or memory does not, the machine is under-provisioned. If
    neither is too small, and one of them would keep to it with half the capacity, it is
    over-provisioned. Half the capacity is our reading: AWS compares with the instance types
    that it sells. Memory is not judged where nobody measures it.

    Parameters
    ----------
    cpu, memory : array-like of shape (n_hours,)
        Utilization an hour, in percent of what the machine has, oldest first.
    days : {14, 32, 93}
        How far the rule looks back.
    percentile : float
        Above 0, at most 100.
    headroom : float
        In percent, from 0 to below 100.

    Returns
    -------
    str
        "Underprovisioned", "Overprovisioned", "Optimized", or "no finding" with less than
        30 hours in the window.

    Raises
    ------
    ValueError
        If a value is outside of its range, or `memory` has another length than `cpu`.
    """
    if days not in (14, 32, 93):
        raise ValueError(f"days is {days}; AWS offers 14, 32 and 93.")
    if not 0 < percentile <= 100 or not 0 <= headroom < 100:
        raise ValueError(
            f"percentile is {percentile} and headroom {headroom}; expected above 0 and at "
            "most 100, and from 0 to below 100."
        )
    measured = [_window(cpu, "cpu", days)]
    if memory is not None:
        measured.append(_window(memory, "memory", days))
        if np.size(cpu) != np.size(memory):
            raise ValueError(
                f"cpu has {np.size(cpu)} hours and memory {np.size(memory)}; expected the "
                "same hours. Without memory, leave it out."
            )
    if len(measured[0]) < 30:
        return "no finding"
    room = 100 - headroom
    kept = [percentile_of(values, percentile) for values in measured]
    if max(kept) > room:
        return "Underprovisioned"
    return "Overprovisioned" if 2 * min(kept) <= room else "Optimized"


def _window(values: ArrayLike, name: str, days: int) -> np.ndarray:
    hours = np.asarray(values, dtype=float)
    if hours.ndim != 1 or not ((hours >= 0) & (hours <= 100)).all():
        raise ValueError(
            f"{name} has shape {hours.shape} or values outside 0 to 100; expected one "
            "percentage an hour."
        )
    return hours[-24 * days :]


def percentile_of(values: np.ndarray, percentile: float) -> float:
    """Return the smallest value that `percentile` percent of the values do not exceed.

    Parameters
    ----------
    values : array of shape (n,)
        At least one.
    percentile : float
        Above 0, at most 100.

    Raises
    ------
    ValueError
        If there is no value.
    """
    if len(values) == 0:
        raise ValueError("values is empty, expected at least one.")
    rank = math.ceil(round(percentile / 100 * len(values), 9))
    return float(np.sort(values)[rank - 1])
