"""CloudWatch: metrics and alarms, as boto3 asks for them."""

import math
import re
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.metrics import Metric, Points, dimensions_of
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site

_PERCENTILE = re.compile(r"p(100|\d{1,2}(\.\d{1,10})?)", re.ASCII)
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_MOST_POINTS = 1440
_LONGEST = 366 * 86_400
_LARGEST = 2.0**360
_TWO_WEEKS, _TWO_HOURS = 14 * 86_400, 7_200


def _wrong(text: str) -> ApiError:
    return ApiError("InvalidParameterValue", text)


def _both(text: str) -> ApiError:
    return ApiError("InvalidParameterCombination", text)


def _check_period(period: int) -> None:
    if (period not in (1, 5, 10, 20, 30) and period % 60) or period > _LONGEST:
        raise _wrong(f"Period is {period}, expected 1, 5, 10, 20, 30 or a multiple of 60.")


def _check_percentile(name: str) -> None:
    if not _PERCENTILE.fullmatch(name):
        raise _wrong(
            f"The extended statistic {name[:60]!r} is none of the SageMaker on this machine; it "
            "has percentiles such as p50, p99 and p99.9."
        )


# Metrics


@operation(
    "cloudwatch",
    "PutMetricData",
    uses="Namespace MetricData[].MetricName MetricData[].Dimensions MetricData[].Timestamp "
    "MetricData[].Value MetricData[].Values MetricData[].Counts MetricData[].StatisticValues "
    "MetricData[].Unit",
    refuses={"EntityMetricData": "there are no entities."},
    differs=(
        "A metric can be read at once.",
        "Every metric is kept by the second, whatever its StorageResolution.",
        "Percentiles are of values rounded to three digits.",
    ),
)
def put_metric_data(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site = context.site
    if request["Namespace"].startswith("AWS/"):
        raise _wrong(
            'The value AWS/ for parameter Namespace is invalid: "AWS/" is reserved.'
        )
    now = site.clock.now()
    found = []
    for datum in request.get("MetricData", []):
        at = datum.get("Timestamp", now)
        if not now - _TWO_WEEKS <= at <= now + _TWO_HOURS:
            raise _wrong(
                "Timestamp is outside of the two weeks before and the two hours after now, on "
                "the server's clock."
            )
        metric = Metric(
            request["Namespace"],
            datum["MetricName"],
            dimensions_of(datum.get("Dimensions")),
            datum.get("Unit", "None"),
        )
        found.append((metric, at, _points(datum)))
    for metric, at, points in found:
        site.metrics.put(metric, at, points)
    return {}


def _points(datum: Mapping[str, Any]) -> Points:
    given = [key for key in ("Value", "Values", "StatisticValues") if datum.get(key)]
    if len(given) > 1:
        raise _both(f"Give one of {' and '.join(given)} for {datum['MetricName'][:60]}.")
    points = Points()
    summary = datum.get("StatisticValues")
    if summary:
        if summary["SampleCount"] <= 0 or summary["Minimum"] > summary["Maximum"]:
            raise _wrong(
                "StatisticValues needs SampleCount above 0, Minimum up to Maximum."
            )
        _check_size(*summary.values())
        return Points(
            summary["SampleCount"], summary["Sum"], summary["Minimum"], summary["Maximum"]
        )
    if datum.get("Values"):
        values = datum["Values"]
        counts = datum.get("Counts") or [1.0] * len(values)
        if len(values) != len(counts) or len(values) > 150:
            raise _wrong("Values and Counts need the same length, at most 150.")
        if min(counts) <= 0:
            raise _wrong("Counts need to be above 0.")
        _check_size(*values, *counts)
        for value, count in zip(values, counts, strict=True):
            points.add(float(value), float(count))
    elif "Value" in datum:
        _check_size(datum["Value"])
        points.add(float(datum["Value"]))
    else:
        raise ApiError(
            "MissingParameter", f"{datum['MetricName'][:60]} has no Value to be put."
        )
    return points


def _check_size(*values: float) -> None:
    if max(map(abs, values)) > _LARGEST:
        raise _wrong("A value is not between -2^360 and 2^360.")


def _range(start: float, end: float, period: int) -> tuple[float, float]:
    if start >= end:
        raise _wrong("StartTime must be before EndTime.")
    _check_period(period)
    start = start // period * period
    # The last period is whole, as CloudWatch's are.
    end = math.ceil(end / period) * period
    return start, end


@operation(
    "cloudwatch",
    "GetMetricStatistics",
    uses="Namespace MetricName Dimensions StartTime EndTime Period Statistics "
    "ExtendedStatistics Unit",
    differs=(
        "Datapoints come in the order of their times.",
        "Of the extended statistics there are percentiles.",
    ),
)
def get_metric_statistics(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("Statistics", [])
    extended = request.get("ExtendedStatistics", [])
    if bool(wanted) == bool(extended):
        raise _both("Give either Statistics or ExtendedStatistics.")
    for name in extended:
        _check_percentile(name)
    period = request["Period"]
    start, end = _range(request["StartTime"], request["EndTime"], period)
    if (end - start) / period > _MOST_POINTS:
        raise _both(
            f"You have requested up to {(end - start) / period:.0f} datapoints, which exceeds "
            f"the limit of {_MOST_POINTS}. Reduce the range or raise the period."
        )
    metric = Metric(
        request["Namespace"],
        request["MetricName"],
        dimensions_of(request.get("Dimensions")),
        request.get("Unit", ""),
    )
    found = context.site.metrics.periods(
        metric, start=start, end=end, period=period, any_unit="Unit" not in request
    )
    datapoints = []
    for (begin, unit), points in sorted(found.items()):
        point: dict[str, Any] = {"Timestamp": begin, "Unit": unit}
        point |= {name: points.statistic(name) for name in wanted}
        if extended:
            values = {name: points.statistic(name) for name in extended}
            point["ExtendedStatistics"] = {k: v for k, v in values.items() if v is not None}
        datapoints.append(point)
    return {"Label": request["MetricName"], "Datapoints": datapoints}


@operation(
    "cloudwatch",
    "GetMetricData",
    uses="MetricDataQueries[].Id MetricDataQueries[].MetricStat MetricDataQueries[].Label "
    "MetricDataQueries[].ReturnData StartTime EndTime ScanBy NextToken MaxDatapoints",
    refuses={"MetricDataQueries[].Expression": "there is no metric math."},
    differs=("All data come in one page.",),
)
def get_metric_data(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("NextToken"):
        raise ApiError("InvalidNextToken", "The NextToken is not one that was given out.")
    results = []
    seen: set[str] = set()
    for query in request["MetricDataQueries"]:
        asked = query.get("MetricStat")
        if asked is None or query["Id"] in seen:
            raise ApiError(
                "ValidationError", "Each query needs an Id of its own and a MetricStat."
            )
        seen.add(query["Id"])
        metric, statistic = asked["Metric"], asked["Stat"]
        if statistic not in _STATISTICS:
            _check_percentile(statistic)
        if "Namespace" not in metric or "MetricName" not in metric:
            raise ApiError("ValidationError", "A metric needs Namespace and MetricName.")
        period = asked["Period"]
        start, end = _range(request["StartTime"], request["EndTime"], period)
        if (end - start) / period > 100_800:
            raise ApiError("ValidationError", "A query has at most 100,800 datapoints.")
        found = context.site.metrics.periods(
            Metric(
                metric["Namespace"],
                metric["MetricName"],
                dimensions_of(metric.get("Dimensions")),
                asked.get("Unit", ""),
            ),
            start=start,
            end=end,
            period=period,
            any_unit="Unit" not in asked,
        )
        points = [
            (begin, value)
            for (begin, _), each in sorted(found.items())
            if (value := each.statistic(statistic)) is not None
        ]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            points.reverse()
        points = points[: request.get("MaxDatapoints", 100_800)]
        if query.get("ReturnData", True):
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label", metric["MetricName"]),
                    "Timestamps": [begin for begin, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
    return {"MetricDataResults": results, "Messages": []}


@operation(
    "cloudwatch",
    "ListMetrics",
    uses="Namespace MetricName Dimensions NextToken",
    differs=("A metric is listed as long as the folder lives.",),
)
def list_metrics(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    known = context.site.metrics.known(request.get("Namespace"), request.get("MetricName"))
    filters = [(item["Name"], item.get("Value")) for item in request.get("Dimensions", [])]
    found = []
    for metric in dict.fromkeys(Metric(m.namespace, m.name, m.dimensions) for m in known):
        has = dict(metric.dimensions)
        if all(k in has and value in (None, has[k]) for k, value in filters):
            found.append(
                {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in metric.dimensions],
                }
            )
    return _page(found, request, "Metrics", size=500)


def _page(
    items: list[Any], request: Mapping[str, Any], key: str, *, size: int
) -> dict[str, Any]:
    try:
        return page(items, request, key=key, default=size)
    except ApiError as error:
        raise ApiError("InvalidNextToken", error.message) from None


# Alarms

_LACKS = {
    "Metrics": "there is no metric math; give MetricName and Namespace.",
    "ThresholdMetricId": "there are no anomaly models.",
    "EvaluationCriteria": "there is no PromQL.",
    "EvaluationWindow.WallClockWindow": "windows slide.",
    "WarmUpConfiguration": "alarms have no warm-up.",
    "EvaluateLowSampleCountPercentile": "percentiles are always evaluated.",
    **{
        f"ComparisonOperator={name}": "there are no anomaly models."
        for name in (
            "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold",
            "GreaterThanUpperThreshold",
        )
    },
}


@operation(
    "cloudwatch",
    "PutMetricAlarm",
    uses="AlarmName AlarmDescription MetricName Namespace Statistic ExtendedStatistic "
    "Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold "
    "ComparisonOperator TreatMissingData",
    refuses=_LACKS,
    differs=(
        "Actions are kept and reach nobody: there is no SNS.",
        "An alarm is evaluated at each full minute of the clock (each ten seconds if its period "
        "is shorter, each hour if it looks back more than a day), with all data up to then; AWS "
        "does it some seconds later.",
        "Two data points more than EvaluationPeriods are looked at where some are missing; AWS "
        "does not say how many it takes.",
        "With `missing`, an alarm whose few data points all breach and are too young for ALARM "
        "stays as it is.",
    ),
)
def put_metric_alarm(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["AlarmName"]
    for field in ("MetricName", "Namespace", "Period", "EvaluationPeriods", "Threshold",
                  "ComparisonOperator"):  # fmt: skip
        if field not in request:
            raise ApiError("ValidationError", f"{field} is missing for alarm {name[:60]}.")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise ApiError("ValidationError", "Give either Statistic or ExtendedStatistic.")
    if "ExtendedStatistic" in request and not _PERCENTILE.fullmatch(
        request["ExtendedStatistic"]
    ):
        raise ApiError(
            "ValidationError", "ExtendedStatistic has to be a percentile, such as p99."
        )
    period, of = request["Period"], request["EvaluationPeriods"]
    if period not in (10, 20, 30) and period % 60:
        raise ApiError(
            "ValidationError",
            f"Period is {period}, expected 10, 20, 30 or a multiple of 60.",
        )
    if period * of > 7 * 86_400 or (period * of > 86_400 and period < 3600):
        raise ApiError(
            "ValidationError",
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must "
            "be <= 86400), with periods of an hour and more than seven days.",
        )
    if request.get("DatapointsToAlarm", of) > of:
        raise ApiError(
            "ValidationError", "DatapointsToAlarm must be at most EvaluationPeriods."
        )
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    if request.get("TreatMissingData", "missing") not in treatments:
        raise ApiError(
            "ValidationError", f"TreatMissingData must be one of {', '.join(treatments)}."
        )
    now = site.clock.now()
    # The others are evaluated up to here before there is one more.
    site.alarms.catch_up(now)
    arn = context.arn(f"alarm:{name}", "cloudwatch")
    body = {
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        **request,
        "AlarmArn": arn,
        "AlarmConfigurationUpdatedTimestamp": now,
        "_Since": now,
    }
    body.pop("Tags", None)
    state = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp",
             "StateTransitionedTimestamp", "_Alarmed")  # fmt: skip
    with site.state.transaction():
        old = site.state.remove("Alarm", name)
        new = {
            "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "Unchecked: Initial alarm creation",
            "StateUpdatedTimestamp": now,
            "StateTransitionedTimestamp": now,
        }
        kept = new if old is None else {key: old[key] for key in state if key in old}
        site.state.add("Alarm", name, arn, {**body, **kept})
    site.alarms.wake()
    return {}


def _requested(context: Context, names: list[str]) -> None:
    """Refuse if one of the alarms does not exist."""
    missing = [name for name in names if context.site.state.get("Alarm", name) is None]
    if missing:
        raise ApiError(
            "ResourceNotFound", f"Unknown alarm: {', '.join(missing)[:200]}.", status=404
        )


@operation(
    "cloudwatch",
    "DescribeAlarms",
    uses="AlarmNames AlarmNamePrefix AlarmTypes StateValue ActionPrefix MaxRecords NextToken",
    refuses={
        "ChildrenOfAlarmName": "there are no composite alarms.",
        "ParentsOfAlarmName": "there are no composite alarms.",
    },
)
def describe_alarms(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("AlarmNames") and request.get("AlarmNamePrefix"):
        raise ApiError("ValidationError", "Give either AlarmNames or AlarmNamePrefix.")
    site = context.site
    site.alarms.catch_up(site.clock.now())
    names = request.get("AlarmNames")
    found = []
    for alarm in site.state.all("Alarm"):
        actions = [
            action
            for kind in ("OKActions", "AlarmActions", "InsufficientDataActions")
            for action in alarm[kind]
        ]
        prefix = request.get("ActionPrefix")
        if (
            (not names or alarm["AlarmName"] in names)
            and alarm["AlarmName"].startswith(request.get("AlarmNamePrefix", ""))
            and request.get("StateValue", alarm["StateValue"]) == alarm["StateValue"]
            and "MetricAlarm" in request.get("AlarmTypes", ["MetricAlarm"])
            and (prefix is None or any(action.startswith(prefix) for action in actions))
        ):
            found.append(alarm)
    asked = {key: value for key, value in request.items() if key != "MaxRecords"}
    size = request.get("MaxRecords", 50)
    return {"CompositeAlarms": [], **_page(found, asked, "MetricAlarms", size=size)}


@operation("cloudwatch", "DeleteAlarms", uses="AlarmNames")
def delete_alarms(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _requested(context, request["AlarmNames"])
    for name in request["AlarmNames"]:
        context.site.state.remove("Alarm", name)
    return {}


@operation(
    "cloudwatch",
    "SetAlarmState",
    uses="AlarmName StateValue StateReason StateReasonData",
    differs=("The next evaluation puts the alarm back, as on AWS.",),
)
def set_alarm_state(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _requested(context, [request["AlarmName"]])
    site = context.site
    site.alarms.set_state(
        request["AlarmName"],
        request["StateValue"],
        request["StateReason"],
        data=request.get("StateReasonData"),
        at=site.clock.now(),
    )
    return {}


# Begin and end


def recover(site: Site) -> None:
    """Evaluate the alarms that there are."""
    site.alarms.wake()


def close(site: Site) -> None:
    """Store the metrics that wait."""
    site.metrics.flush()
