import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from labs_lib import aws
from labs_lib.labs.monitor.cost.exercises import lab
from labs_lib.monitor import costs
from tests.labs.contract import assert_exercise

_LINE = "overlooked = round((100 - percentile) / 100 * 24 * days, 6)"
EQUIVALENT = {
    f"ex2: {_LINE} → {_LINE.replace('6)', digit)}": "only the noise of floats is rounded away"
    for digit in ("5)", "7)")
}


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_loop(spent, active, backfilled):
    if backfilled is not None:
        active = backfilled
    total = 0.0
    for day, tag, cost in spent:
        if not (tag is not None and day >= active):
            total += cost
    return total


def by_table(spent, active, backfilled):
    table = pd.DataFrame(spent, columns=["day", "tag", "cost"])
    since = active if backfilled is None else backfilled
    return table.loc[table["tag"].isna() | (table["day"] < since), "cost"].sum()


def by_difference(spent, active, backfilled):
    since = min(active, math.inf if backfilled is None else backfilled)
    owned = sum(c for d, t, c in spent if t is not None and d >= since)
    return sum(c for _, _, c in spent) - owned


def by_arrays(spent, active, backfilled):
    if not len(spent):
        return np.float64(0)
    days, tags, paid = (np.array(part, dtype=object) for part in zip(*spent, strict=True))
    since = [backfilled, active][backfilled is None]
    nobody = np.array([tag is None for tag in tags]) | (days.astype(int) < since)
    return np.array(paid[nobody].sum(), dtype=float)  # 0-d


def by_owner(spent, active, backfilled):
    left = {}
    for day, tag, cost in spent:
        owner = tag if day >= (active if backfilled is None else backfilled) else None
        left[owner] = left.get(owner, 0) + cost
    return left.get(None, 0)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_loop,), (by_table,), (by_difference,), (by_arrays,), (by_owner,)],
        wrong={
            "first_day": (
                lambda s, a, b: sum(
                    c for d, t, c in s if t is None or d <= (a if b is None else b)
                ),
            ),
            "no_backfill": (lambda s, a, b: by_loop(s, a, None),),
            "zero_is_none": (lambda s, a, b: by_loop(s, b or a, None),),
            "untagged_only": (lambda s, a, b: sum(c for _, t, c in s if t is None),),
            "early_only": (
                lambda s, a, b: sum(c for d, _, c in s if d < (a if b is None else b)),
            ),
            "backfill_from_the_start": (
                lambda s, a, b: by_loop(s, a if b is None else -math.inf, None),
            ),
            "both": (
                lambda s, a, b: sum(
                    c for d, t, c in s if t is None and d < (a if b is None else b)
                ),
            ),
            "added_twice": (
                lambda s, a, b: (
                    sum(c for _, t, c in s if t is None)
                    + sum(c for d, _, c in s if d < (a if b is None else b))
                ),
            ),
            "owned": (lambda s, a, b: sum(c for _, _, c in s) - by_loop(s, a, b),),
            "empty_value": (
                lambda s, a, b: sum(
                    c for d, t, c in s if not t or d < (a if b is None else b)
                ),
            ),
            "records": (
                lambda s, a, b: len(
                    [c for d, t, c in s if t is None or d < (a if b is None else b)]
                ),
            ),
            None: (lambda s, a, b: 1.5,),
        },
        stub=(stub,),
    )


def test_ex1_counts_equal_costs_each_time():
    def each_cost_once(spent, active, backfilled):
        since = active if backfilled is None else backfilled
        return sum({c for d, t, c in spent if t is None or d < since})

    assert lab.ex1.check(each_cost_once).status == "wrong"


def test_ex1_is_what_cost_explorer_says():
    spent = [(1, "x", 1.0), (2, None, 2.0), (3, "x", 4.0), (4, "y", 8.0), (5, None, 16.0)]
    table = pd.DataFrame(spent, columns=["day", "team", "cost"])
    table["day"] = pd.to_datetime(table["day"], unit="D", origin="2026-04-30")
    request = {
        "TimePeriod": {"Start": "2026-05-01", "End": "2026-06-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "team"}],
    }
    aws.validate("GetCostAndUsage", request, service="ce")
    for since in (1, 3, 4):
        answer = costs.cost_and_usage(
            table, request, active={"team": pd.Timestamp(2026, 5, since)}
        )
        groups = answer["ResultsByTime"][0]["Groups"]
        nobody = next(g for g in groups if g["Keys"] == ["team$"])
        amount = float(nobody["Metrics"]["UnblendedCost"]["Amount"])
        assert amount == by_loop(spent, since, None) == by_loop(spent, 9, since)


# Exercise 2 --------------------------------------------------------------------------------


def exactly(days, percentile):
    """Without rounding, in fractions."""
    share = 1 - Fraction(str(percentile)) / 100
    return math.floor(share * 24 * days) + 1


def by_floor(days, percentile):
    return math.floor(24 * days * (100 - percentile) / 100 + 1e-9) + 1


def by_count(days, percentile):
    hours = 24 * days
    kept = math.ceil(round(hours * percentile / 100, 9))
    return hours - kept + 1


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(exactly,), (by_floor,), (by_count,), (lambda d, p: float(exactly(d, p)),)],
        wrong={
            "rounded_up": (lambda d, p: math.ceil(24 * d * (100 - p) / 100 - 1e-9),),
            "overlooked": (lambda d, p: exactly(d, p) - 1,),
            "in_days": (lambda d, p: math.floor(d * (100 - p) / 100 + 1e-9) + 1,),
            "kept": (lambda d, p: math.floor(24 * d * p / 100 + 1e-9) + 1,),
            "rounded": (lambda d, p: round(24 * d * (100 - p) / 100 + 1e-9) + 1,),
            "share": (lambda d, p: math.floor(24 * d * (100 - p) + 1e-6) + 1,),
            "not_whole": (lambda d, p: 24 * d * (100 - p) / 100 + 1,),
            None: (lambda d, p: 4,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("days", [14, 32, 93])
@pytest.mark.parametrize("percentile", [90, 95, 99.5])
def test_ex2_is_where_the_finding_turns(days, percentile):
    hours = exactly(days, percentile)
    load = [20.0] * (24 * days)
    for n, expected in ((hours - 1, "Overprovisioned"), (hours, "Underprovisioned")):
        peak = load[n:] + [95.0] * n
        assert costs.finding(peak, days=days, percentile=percentile) == expected


# Exercise 3 --------------------------------------------------------------------------------

RIGHT = {
    "a": "Cost Explorer",
    "b": "Budgets",
    "c": "Cost Anomaly Detection",
    "d": "Compute Optimizer",
    "e": "Trusted Advisor",
    "f": "Budgets",
}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            "looks": (RIGHT | {"a": "Budgets"},),
            "sends": (RIGHT | {"b": "Cost Explorer"},),
            "no_limit": (RIGHT | {"c": "Budgets"},),
            "sizes": (RIGHT | {"d": "Trusted Advisor"},),
            "limits": (RIGHT | {"e": "Budgets"},),
            "acts": (RIGHT | {"f": "Trusted Advisor"},),
        },
        stub=(...,),
    )
