import botocore.session
import numpy as np
import pandas as pd
import pytest
from botocore.validate import ParamValidator

from labs_lib.monitor import costs

# The bills -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", costs.KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_only_what_the_kind_adds_differs(seed, kind):
    quiet, other = costs.bills(seed), costs.bills(seed, kind)
    assert (quiet["extra"] == 0).all()
    assert (other["cost"] > 0).all()
    assert (other["extra"] >= 0).all()
    assert (other["extra"] <= other["cost"] + 1e-9).all()
    usual = other["cost"] - other["extra"]
    keys = ["day", "project", "service"]
    ours = other.assign(cost=usual)[[*keys, "cost"]]
    both = quiet.merge(ours[ours["cost"] > 1e-9], on=keys, how="outer")
    np.testing.assert_allclose(both["cost_x"], both["cost_y"])
    first = other["day"].max().replace(day=1)
    assert other.loc[other["day"] < first, "extra"].sum() == 0


def test_a_month_of_2026_with_its_history():
    records = costs.bills(3, history=20)
    last = records["day"].max()
    assert last.year == 2026
    assert last.day == last.days_in_month
    assert records["day"].nunique() == 20 + last.days_in_month
    assert records["day"].is_monotonic_increasing
    nothing = records[
        (records["day"].dt.day_of_week > 4) & (records["service"] != "endpoint")
    ]
    assert nothing.empty


def test_records_arrive_one_or_two_days_late():
    late = pd.concat([costs.bills(seed) for seed in range(20)])
    days = (late["arrives"] - late["day"]).dt.days
    assert set(days) == {1, 2}
    assert 0.28 < (days == 2).mean() < 0.32


@pytest.mark.parametrize("seed", range(30))
def test_what_the_kinds_add_is_as_described(seed):
    for kind, low, high in (("left on", 15, 45), ("late spike", 200, 1000)):
        records = costs.bills(seed, kind)
        added = records[records["extra"] > 0].groupby("day")["extra"].sum()
        if kind == "left on":
            assert added.max() - added.min() < 1e-9
            assert low <= added.iloc[0] <= high
            assert added.index[0].day <= 20
            assert added.index[-1] == records["day"].max()
        else:
            assert len(added) == 3
            assert low - 0.02 <= added.sum() <= high + 0.02
            assert added.index[0].day > 18
    records = costs.bills(seed, "growth")
    grown = records[records["day"] == records["day"].max()]
    days = grown["day"].iloc[0].day
    rate = (grown["cost"] / (grown["cost"] - grown["extra"])) ** (1 / days) - 1
    assert rate.between(0.0049, 0.0251).all()
    assert rate.max() - rate.min() < 1e-4


def test_seed_and_kind_decide():
    pd.testing.assert_frame_equal(costs.bills(5, "growth"), costs.bills(5, "growth"))
    assert not costs.bills(5).equals(costs.bills(6))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 0, "kind": "spike"}, "kind is 'spike', expected one of steady"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"seed": True}, "seed is True"),
        ({"seed": 0, "history": -1}, "history is -1"),
    ],
)
def test_bills_refuses(options, said):
    with pytest.raises(ValueError, match=said):
        costs.bills(**options)


@pytest.mark.parametrize("seed", range(4))
def test_last_month(seed):
    records = costs.bills(seed, "left on", history=30)
    first, before, cost, extra = costs.last_month(records)
    assert first.day == 1
    assert (len(before), len(cost)) == (30, first.days_in_month)
    assert len(extra) == len(cost)
    assert before.sum() + cost.sum() == pytest.approx(records["cost"].sum())
    assert extra.sum() == pytest.approx(records["extra"].sum())
    one = records.loc[records["day"] == first, "cost"].sum()
    assert cost[0] == pytest.approx(one)


def test_last_month_refuses():
    with pytest.raises(ValueError, match="no column extra"):
        costs.last_month(costs.bills(0).drop(columns="extra"))
    with pytest.raises(ValueError, match="empty"):
        costs.last_month(costs.bills(0).iloc[:0])


# What has arrived ----------------------------------------------------------------------------


def test_arrived_by_hand():
    days = pd.to_datetime(["2026-05-02", "2026-05-04", "2026-05-03", "2026-05-04"])
    records = pd.DataFrame({"arrives": days, "cost": [1.0, 2.0, 4.0, 8.0]})
    mornings = pd.date_range("2026-05-01", periods=5)
    assert costs.arrived(records, mornings).tolist() == [0, 1, 5, 15, 15]
    assert costs.arrived(records.iloc[:0], mornings).tolist() == [0] * 5


def test_arrived_needs_its_columns():
    with pytest.raises(ValueError, match="no column arrives"):
        costs.arrived(pd.DataFrame({"cost": [1.0]}), [])


# Cost Explorer -------------------------------------------------------------------------------


def report(**options):
    return {
        "TimePeriod": {"Start": "2026-05-01", "End": "2026-06-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
    } | options


def records():
    return pd.DataFrame(
        {
            "day": pd.to_datetime(
                [
                    "2026-04-30",
                    "2026-05-01",
                    "2026-05-10",
                    "2026-05-11",
                    "2026-05-31",
                    "2026-06-01",
                ]
            ),
            "cost": [1.0, 2, 4, 8, 16, 32],
            "service": ["a", "a", "b", "a", "b", "b"],
            "team": ["x", "x", "x", None, "y", "x"],
        }
    )


def amounts(answer):
    return {
        group["Keys"][0]: float(group["Metrics"]["UnblendedCost"]["Amount"])
        for result in answer["ResultsByTime"]
        for group in result["Groups"]
    }


TAG = [{"Type": "TAG", "Key": "team"}]


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        ({}, {"team$": 30}),
        ({"team": "2026-01-01"}, {"team$": 8, "team$x": 6, "team$y": 16}),
        ({"team": "2026-05-10"}, {"team$": 10, "team$x": 4, "team$y": 16}),
        ({"team": "2026-05-11"}, {"team$": 14, "team$y": 16}),
        ({"other": "2026-01-01"}, {"team$": 30}),
    ],
)
def test_a_tag_counts_from_its_activation(active, expected):
    assert (
        amounts(costs.cost_and_usage(records(), report(GroupBy=TAG), active=active))
        == expected
    )


def test_by_service_and_in_all():
    group = [{"Type": "DIMENSION", "Key": "SERVICE"}]
    assert amounts(costs.cost_and_usage(records(), report(GroupBy=group))) == {
        "a": 10,
        "b": 20,
    }
    answer = costs.cost_and_usage(records(), report())["ResultsByTime"]
    assert answer[0]["Total"] == {"UnblendedCost": {"Amount": "30", "Unit": "EUR"}}
    assert answer[0]["TimePeriod"] == {"Start": "2026-05-01", "End": "2026-06-01"}


def test_by_day_and_over_two_months():
    days = costs.cost_and_usage(records(), report(Granularity="DAILY"))["ResultsByTime"]
    assert [d["TimePeriod"]["Start"][-2:] for d in days] == ["01", "10", "11", "31"]
    period = {"Start": "2026-04-30", "End": "2026-06-01"}
    months = costs.cost_and_usage(records(), report(TimePeriod=period))["ResultsByTime"]
    assert [m["TimePeriod"]["Start"] for m in months] == ["2026-04-30", "2026-05-01"]
    assert [m["Total"]["UnblendedCost"]["Amount"] for m in months] == ["1", "30"]


def test_the_answer_has_the_shape_of_the_service():
    service = botocore.session.get_session().get_service_model("ce")
    shape = service.operation_model("GetCostAndUsage").output_shape
    for request in (report(), report(GroupBy=TAG)):
        answer = costs.cost_and_usage(records(), request, active={"team": "2026-05-05"})
        assert not ParamValidator().validate(answer, shape).has_errors()


@pytest.mark.parametrize("seed", range(5))
def test_groups_add_up_to_the_total(seed):
    bill = costs.bills(seed).rename(columns={"project": "team"})
    last = bill["day"].max()
    period = {
        "Start": f"{last.replace(day=1):%F}",
        "End": f"{last + pd.Timedelta(days=1):%F}",
    }
    by_tag = costs.cost_and_usage(
        bill, report(TimePeriod=period, GroupBy=TAG), active={"team": last.replace(day=12)}
    )
    total = bill.loc[bill["day"] >= last.replace(day=1), "cost"].sum()
    assert sum(amounts(by_tag).values()) == pytest.approx(total)
    assert len(amounts(by_tag)) == 4


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (report(Filter={}), "Leave the others out"),
        ({"Granularity": "DAILY"}, "request lacks Metrics, TimePeriod"),
        (report(Granularity="HOURLY"), "expected DAILY or MONTHLY"),
        (report(Metrics=["BlendedCost"]), "UnblendedCost"),
        (report(TimePeriod={"Start": "2026-05-01", "End": "2026-05-01"}), "before End"),
        (report(GroupBy=TAG * 2), "2 entries"),
        (report(GroupBy=[{"Type": "TAG", "Key": "owner"}]), "a column"),
        (report(GroupBy=[{"Type": "COST_CATEGORY", "Key": "team"}]), "TAG or DIMENSION"),
    ],
)
def test_cost_and_usage_refuses(request_, said):
    with pytest.raises(ValueError, match=said):
        costs.cost_and_usage(records(), request_)


def test_cost_and_usage_needs_its_columns():
    with pytest.raises(ValueError, match="no column day"):
        costs.cost_and_usage(pd.DataFrame({"cost": [1.0]}), report())


# Budgets -------------------------------------------------------------------------------------


def notice(kind, threshold, **options):
    return {
        "NotificationType": kind,
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold,
    } | options


def test_actual_goes_out_once_and_forecast_each_time_it_comes_back():
    actual = [50.0, 80, 81, 100, 101]
    forecast = [120.0, 90, 100, 101, 130]
    given = [notice("ACTUAL", 80), notice("ACTUAL", 100), notice("FORECASTED", 100)]
    assert costs.sent(given, 100, actual, forecast) == [[2], [4], [0, 3]]
    assert costs.sent(given, 50, actual, forecast) == [[0], [1], [0]]
    assert costs.sent(given, 1000, actual, forecast) == [[], [], []]
    assert costs.sent([], 100, actual, forecast) == []


def test_a_credit_that_lowers_the_cost_sends_no_second_actual_alert():
    given = [notice("ACTUAL", 100), notice("FORECASTED", 100)]
    moving = [101.0, 99, 102]
    assert costs.sent(given, 100, moving, moving) == [[0], [0, 2]]


def test_no_forecast_no_alert():
    given = [notice("FORECASTED", 100)]
    assert costs.sent(given, 100, [200.0] * 4, [np.nan] * 4) == [[]]
    assert costs.sent(given, 100, [0.0] * 4, [np.nan, 120, np.nan, 130]) == [[1]]


def test_absolute_values():
    given = [notice("ACTUAL", 80, ThresholdType="ABSOLUTE_VALUE"), notice("ACTUAL", 80)]
    assert costs.sent(given, 200, [81.0, 161], [0.0, 0]) == [[0], [1]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([notice("SPENT", 80)], 100, [1.0], [1.0]), "ACTUAL or FORECASTED"),
        (
            ([notice("ACTUAL", 80, ComparisonOperator="LESS_THAN")], 1, [1.0], [1.0]),
            "GREATER",
        ),
        (([notice("ACTUAL", 80, ThresholdType="EURO")], 1, [1.0], [1.0]), "ABSOLUTE_VALUE"),
        (([{"NotificationType": "ACTUAL"}], 1, [1.0], [1.0]), "Threshold"),
        (([], 0, [1.0], [1.0]), "limit is 0"),
        (([], float("nan"), [1.0], [1.0]), "limit is nan"),
        (([], 1, [1.0, 2.0], [1.0]), "one number a morning"),
        (([], 1, [np.nan], [1.0]), "no missing one in actual"),
    ],
)
def test_sent_refuses(arguments, said):
    with pytest.raises(ValueError, match=said):
        costs.sent(*arguments)


# Right-sizing --------------------------------------------------------------------------------


def hours(n, peak=0, base=20.0, height=95.0):
    values = np.full(n, base)
    values[n - peak :] = height
    return values


@pytest.mark.parametrize(
    ("days", "unseen"), [(14, 1), (32, 3), (93, 11)]
)  # 0.5 % of 336, 768 and 2,232 hours
def test_a_peak_of_half_a_percent_of_the_hours_is_not_seen(days, unseen):
    n = 24 * 93
    assert costs.finding(hours(n, unseen), days=days) == "Overprovisioned"
    assert costs.finding(hours(n, unseen + 1), days=days) == "Underprovisioned"


def test_the_window_looks_at_the_last_days():
    before = np.concatenate([hours(24 * 10, 20), hours(24 * 14)])
    assert costs.finding(before, days=14) == "Overprovisioned"
    assert costs.finding(before, days=32) == "Underprovisioned"


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        (40, "Overprovisioned"),
        (40.1, "Optimized"),
        (80, "Optimized"),
        (80.1, "Underprovisioned"),
    ],
)
def test_borders(cpu, expected):
    assert costs.finding([cpu] * 30) == expected


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        (10, None, "Overprovisioned"),
        (10, 90, "Underprovisioned"),
        (10, 60, "Overprovisioned"),
        (60, 10, "Overprovisioned"),
        (60, 60, "Optimized"),
        (90, 10, "Underprovisioned"),
    ],
)
def test_memory_counts_where_it_is_measured(cpu, memory, expected):
    used = None if memory is None else [memory] * 30
    assert costs.finding([cpu] * 30, used) == expected


def test_presets():
    load = hours(100, 8, base=45.0)
    assert costs.finding(load) == "Underprovisioned"
    assert costs.finding(load, percentile=90, headroom=0) == "Overprovisioned"
    assert costs.finding(load, percentile=90, headroom=20) == "Optimized"


def test_thirty_hours_are_needed():
    assert costs.finding([10.0] * 29) == "no finding"
    assert costs.finding([10.0] * 30) == "Overprovisioned"


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (([10.0] * 40,), {"days": 30}, "14, 32 and 93"),
        (([10.0] * 40,), {"percentile": 0}, "percentile is 0"),
        (([10.0] * 40,), {"percentile": 101}, "percentile is 101"),
        (([10.0] * 40,), {"headroom": 100}, "headroom 100"),
        (([10.0] * 40,), {"headroom": -1}, "headroom -1"),
        (([101.0] * 40,), {}, "outside 0 to 100"),
        (([np.nan] * 40,), {}, "outside 0 to 100"),
        (([[10.0]] * 40,), {}, "one percentage an hour"),
        (([10.0] * 40, [10.0] * 39), {}, "the same hours"),
        (([10.0] * 40, [-1.0] * 40), {}, "memory has shape"),
    ],
)
def test_finding_refuses(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        costs.finding(*arguments, **options)


def test_percentile_of():
    assert costs.percentile_of(np.arange(1.0, 201), 99.5) == 199
    assert costs.percentile_of(np.arange(1.0, 201), 100) == 200
    assert costs.percentile_of(np.array([7.0]), 0.1) == 7
    with pytest.raises(ValueError, match="empty"):
        costs.percentile_of(np.array([]), 50)
