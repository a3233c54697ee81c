"""Metrics of endpoints and of one's own, and alarms on them."""

import contextlib
import datetime
import io
import itertools
import json
import math
import sqlite3
import time

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.aws.request import service_model
from labs_lib.sagemaker.alarms import decide
from labs_lib.sagemaker.metrics import Points

from .conftest import ONCE
from .test_endpoints import Site, code
from .test_server import send, signed

NAMES = ("missing", "ignore", "breaching", "notBreaching")


# The rules


def points(text):
    return [{"0": False, "X": True, "-": None}[sign] for sign in text.split()]


@pytest.mark.parametrize(
    ("text", "needed", "expected"),
    [
        # The two tables of the CloudWatch user guide, "alarms and missing data".
        ("0 - X - X", 3, ("OK", "OK", "OK", "OK")),
        ("0 - - - -", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - -", 3, ("INSUFFICIENT_DATA", None, "ALARM", "OK")),
        ("0 X X - X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", 3, ("ALARM", None, "ALARM", "OK")),
        ("0 - X - X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", 2, ("ALARM", None, "ALARM", "OK")),
        # Its text on premature transitions.
        ("- - - - X", 3, (None, None, "ALARM", "OK")),
        ("- - - X -", 3, (None, None, "ALARM", "OK")),
        ("- - - X 0", 3, ("OK", "OK", "OK", "OK")),
        ("- - X - 0", 3, ("OK", "OK", "OK", "OK")),
    ],
)
def test_the_tables_of_the_guide(text, needed, expected):
    found = tuple(
        decide(points(text), needed=needed, of=3, missing=treatment) for treatment in NAMES
    )
    assert found == expected


@given(
    st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5),
    st.integers(1, 3),
    st.sampled_from(NAMES),
)
def test_more_breaching_points_never_calm_an_alarm(given_points, needed, treatment):
    calm = ("OK", "INSUFFICIENT_DATA", None, "ALARM")
    before = decide(given_points, needed=needed, of=3, missing=treatment)
    for index, point in enumerate(given_points):
        if point is False:
            worse = [*given_points[:index], True, *given_points[index + 1 :]]
            after = decide(worse, needed=needed, of=3, missing=treatment)
            assert before != "ALARM" or after == "ALARM"
            assert after in calm


@given(st.lists(st.integers(-999, 999), min_size=1, max_size=30), st.integers(0, 30))
def test_points_added_in_two_parts_are_points_added_at_once(values, cut):
    whole, left, right = Points(), Points(), Points()
    for index, value in enumerate(values):
        whole.add(value)
        (left if index < cut else right).add(value)
    left.merge(Points.from_row(*right.to_row()))
    ordered = sorted(values)
    for name, expected in {
        "Sum": sum(values), "SampleCount": len(values), "Minimum": min(values),
        "Maximum": max(values), "p100": max(values),
        "p50": ordered[math.ceil(len(values) / 2) - 1],
    }.items():  # fmt: skip
        assert whole.statistic(name) == left.statistic(name) == expected


# Over boto3, on a clock that stands still


@pytest.fixture(scope="module")
def watch(still):
    return still.client("cloudwatch", config=ONCE)


NUMBERS = itertools.count()


class Gauge:
    """A metric with an alarm on it, at full minutes of the clock."""

    def __init__(self, local, watch, **alarm):
        self.local, self.watch, self.name = local, watch, f"gauge-{next(NUMBERS)}"
        # Just after a full minute.
        local.step(60 - local.now() % 60 + 1)
        watch.put_metric_alarm(
            **{
                "AlarmName": self.name,
                "Namespace": "own",
                "MetricName": self.name,
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 10.0,
                "ComparisonOperator": "GreaterThanThreshold",
                **alarm,
            }
        )

    def put(self, value):
        self.watch.put_metric_data(
            Namespace="own", MetricData=[{"MetricName": self.name, "Value": value}]
        )

    def minute(self, value=None):
        if value is not None:
            self.put(value)
        self.local.step(60)
        return self.found()["StateValue"]

    def found(self):
        (alarm,) = self.watch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return alarm


def test_an_alarm_follows_its_metric(still, watch):
    gauge = Gauge(still, watch)
    first = gauge.found()
    assert (first["StateValue"], first["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Unchecked: Initial alarm creation",
    )
    assert gauge.minute(5.0) == "OK"
    assert gauge.minute(11.0) == "ALARM"
    found = gauge.found()
    assert "1 out of the last 1 datapoints [11.0 (" in found["StateReason"]
    assert "was greater than the threshold (10.0)" in found["StateReason"]
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == [11.0]
    assert found["StateUpdatedTimestamp"].timestamp() % 60 == 0
    assert gauge.minute(10.0) == "OK"
    # Data points beyond the last period are looked at while the metric is silent.
    assert gauge.minute(11.0) == "ALARM"
    assert gauge.minute() == "ALARM"
    assert gauge.minute() == "ALARM"
    assert gauge.minute() == "INSUFFICIENT_DATA"


def test_two_of_three_with_missing_data_as_breaching(still, watch):
    gauge = Gauge(
        still, watch, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="breaching"
    )
    assert gauge.minute(1.0) == "ALARM"
    assert gauge.minute(1.0) == "OK"
    assert gauge.minute(11.0) == "OK"
    assert gauge.minute(11.0) == "ALARM"
    assert gauge.minute(1.0) == "ALARM"
    assert gauge.minute(1.0) == "OK"


def test_one_step_over_many_minutes_evaluates_each(still, watch):
    gauge = Gauge(still, watch, TreatMissingData="notBreaching")
    gauge.put(99.0)
    still.step(3600)
    found = gauge.found()
    assert found["StateValue"] == "OK"
    # It was in ALARM in between, for as long as the data point was in its range.
    assert 3300 < still.now() - found["StateUpdatedTimestamp"].timestamp() < 3600


def test_an_alarm_of_ten_seconds(still, watch):
    gauge = Gauge(still, watch, Period=10)
    gauge.put(11.0)
    still.step(10)
    assert gauge.found()["StateValue"] == "ALARM"


def test_an_alarm_of_ten_seconds_need_not_wait_for_one_of_a_minute(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        watch = local.client("cloudwatch", config=ONCE)
        Gauge(local, watch)
        quick = Gauge(local, watch, Period=10)
        quick.put(11.0)
        local.step(10)
        # Nobody asks, which would evaluate it: it has to happen by itself.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.closing(sqlite3.connect(tmp_path / "state.sqlite")) as file:
                row = file.execute(
                    "select body from resources where kind = 'Alarm' and name = ?",
                    (quick.name,),
                ).fetchone()
            if json.loads(row[0])["StateValue"] == "ALARM":
                return
            time.sleep(0.05)
        pytest.fail("it was not evaluated")


def test_a_state_that_is_set_holds_until_the_next_evaluation(still, watch):
    gauge = Gauge(still, watch)
    assert gauge.minute(1.0) == "OK"
    watch.set_alarm_state(
        AlarmName=gauge.name, StateValue="ALARM", StateReason="to see what happens"
    )
    assert gauge.found()["StateReason"] == "to see what happens"
    assert gauge.minute(1.0) == "OK"
    with pytest.raises(watch.exceptions.ResourceNotFound) as error:
        watch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_alarm_that_is_put_again_keeps_its_state(still, watch):
    gauge = Gauge(still, watch)
    assert gauge.minute(11.0) == "ALARM"
    watch.put_metric_alarm(
        AlarmName=gauge.name, Namespace="own", MetricName=gauge.name, Period=60,
        ExtendedStatistic="p90", EvaluationPeriods=2, Threshold=1,
        ComparisonOperator="LessThanOrEqualToThreshold",
    )  # fmt: skip
    found = gauge.found()
    assert found["StateValue"] == "ALARM"
    assert "Statistic" not in found
    assert found["ExtendedStatistic"] == "p90"
    watch.delete_alarms(AlarmNames=[gauge.name])
    assert watch.describe_alarms(AlarmNames=[gauge.name])["MetricAlarms"] == []
    with pytest.raises(watch.exceptions.ResourceNotFound):
        watch.delete_alarms(AlarmNames=[gauge.name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Period": 45}, "Period is 45"),
        ({"EvaluationPeriods": 100_000}, "across more than a day"),
        ({"DatapointsToAlarm": 2}, "at most EvaluationPeriods"),
        ({"TreatMissingData": "never"}, "TreatMissingData must be"),
        ({"ExtendedStatistic": "p99"}, "either Statistic or ExtendedStatistic"),
        ({"Statistic": "Mean"}, "statistic"),
        ({"Metrics": [{"Id": "m"}]}, "metric math"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "anomaly"),
    ],
)
def test_alarms_that_cannot_be(still, watch, change, message):
    with pytest.raises(ClientError, match=message):
        Gauge(still, watch, **change)


def test_alarms_are_listed_in_pages(still, watch):
    for _ in range(3):
        Gauge(still, watch)
    pages = watch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="gauge-", PaginationConfig={"PageSize": 1}
    )
    names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
    assert len(names) == len(set(names)) >= 3
    assert watch.describe_alarms(AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    with pytest.raises(watch.exceptions.InvalidNextToken):
        watch.describe_alarms(NextToken="nonsense")


# Metrics


def test_what_is_put_can_be_read(still, watch):
    begin = still.now() // 60 * 60
    dimensions = [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]
    watch.put_metric_data(
        Namespace="own",
        MetricData=[
            {"MetricName": "m", "Dimensions": dimensions, "Value": 3.0, "Unit": "Bytes"},
            {"MetricName": "m", "Dimensions": dimensions, "Values": [1.0, 2.0],
             "Counts": [2.0, 1.0], "Unit": "Bytes"},
            {"MetricName": "m", "Dimensions": dimensions, "Value": 9.0,
             "Timestamp": datetime.datetime.fromtimestamp(begin - 90)},
        ],
    )  # fmt: skip
    asked = {
        "Namespace": "own", "MetricName": "m", "Dimensions": dimensions[::-1],
        "StartTime": begin - 120, "EndTime": begin + 60, "Period": 60,
    }  # fmt: skip
    found = watch.get_metric_statistics(**asked, Statistics=["Sum", "Average", "Minimum"])
    early, late = found["Datapoints"]
    assert (early["Timestamp"].timestamp(), early["Sum"]) == (begin - 120, 9.0)
    assert (late["Sum"], late["Average"], late["Minimum"]) == (7.0, 1.75, 1.0)
    assert late["Unit"] == "Bytes"
    (late,) = watch.get_metric_statistics(
        **asked, ExtendedStatistics=["p50", "p100"], Unit="Bytes"
    )["Datapoints"]
    assert late["ExtendedStatistics"] == {"p50": 1.0, "p100": 3.0}
    (data,) = watch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "q",
                "MetricStat": {
                    "Metric": {
                        k: asked[k] for k in ("Namespace", "MetricName", "Dimensions")
                    },
                    "Period": 300,
                    "Stat": "SampleCount",
                },
            }
        ],
        StartTime=begin - 600,
        EndTime=begin + 60,
    )["MetricDataResults"]
    assert sum(data["Values"]) == 5
    listed = watch.list_metrics(Namespace="own", Dimensions=[{"Name": "a"}])["Metrics"]
    assert listed == [
        {"Namespace": "own", "MetricName": "m", "Dimensions": dimensions[::-1]}
    ]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Period": 7}, "InvalidParameterValueException", "Period is 7"),
        ({"EndTime": 0}, "InvalidParameterValueException", "before EndTime"),
        ({"EndTime": 10**8}, "InvalidParameterCombinationException", "limit of 1440"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombinationException", "either"),
        ({"Period": 10**12}, "InvalidParameterValueException", "Period is"),
        ({"Namespace": ":x"}, "ClientError", "namespace"),
    ],
)
def test_questions_that_have_no_answer(watch, change, error, message):
    asked = {
        "Namespace": "own", "MetricName": "m", "StartTime": 0, "EndTime": 60,
        "Period": 60, "Statistics": ["Sum"],
    }  # fmt: skip
    kind = ClientError if error == "ClientError" else getattr(watch.exceptions, error)
    with pytest.raises(kind, match=message):
        watch.get_metric_statistics(**asked | change)


@pytest.mark.parametrize(
    "datum",
    [{"Value": float("nan")}, {"Value": 1e200}, {"Values": [1.0], "Counts": [1.0, 2.0]},
     {"Value": 1.0, "Timestamp": 0}, {}],
)  # fmt: skip
def test_values_that_are_refused(watch, datum):
    with pytest.raises(ClientError) as error:
        watch.put_metric_data(Namespace="own", MetricData=[{"MetricName": "bad", **datum}])
    assert code(error) in ("InvalidParameterValue", "MissingParameter", "ValidationError")
    with pytest.raises(ClientError, match="reserved"):
        watch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[])


# The other protocol of the service


def cbor(local, name, **members):
    """Call as a client does that prefers CBOR; return status, headers and members."""
    shape = service_model("cloudwatch").operation_model(name).input_shape
    body = bytearray()
    RpcV2CBORSerializer()._serialize_data_item(body, members, shape)
    headers = signed(local, "monitoring", smithy_protocol="rpc-v2-cbor")
    path = f"/service/GraniteServiceVersion20100801/operation/{name}"
    status, headers, answer = send(local, "POST", path, bytes(body), headers)
    stream = io.BufferedReader(io.BytesIO(answer))
    return status, headers, RpcV2CBORParser().parse_data_item(stream)


def test_cbor_says_what_json_says(still, watch):
    gauge = Gauge(still, watch, AlarmDescription="caf\u00e9", Threshold=2.5)
    gauge.put(4.0)
    status, headers, found = cbor(still, "DescribeAlarms", AlarmNames=[gauge.name])
    assert (status, headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    same = {k: v for k, v in gauge.found().items() if k in found["MetricAlarms"][0]}
    assert found["MetricAlarms"] == [same]
    assert set(same) == set(gauge.found())
    begin = still.now() // 60 * 60
    _, _, found = cbor(
        still, "GetMetricStatistics", Namespace="own", MetricName=gauge.name,
        StartTime=begin, EndTime=begin + 60, Period=60, Statistics=["Sum"],
    )  # fmt: skip
    (point,) = found["Datapoints"]
    assert (point["Timestamp"].timestamp(), point["Sum"]) == (begin, 4.0)
    name = [{"MetricName": gauge.name, "Value": 1.0}]
    assert cbor(still, "PutMetricData", Namespace="own", MetricData=name)[2] == {}


def test_errors_in_cbor(still):
    status, headers, found = cbor(still, "DeleteAlarms", AlarmNames=["none"])
    assert (status, found["__type"]) == (404, "ResourceNotFound")
    name = [{"MetricName": "m", "Value": math.inf}]
    status, headers, found = cbor(still, "PutMetricData", Namespace="own", MetricData=name)
    assert (status, found["__type"]) == (400, "InvalidParameterValueException")
    assert headers["x-amzn-query-error"] == "InvalidParameterValue;Sender"


# What endpoints report


def test_an_endpoint_counts_what_it_answers(still, watch):
    site = Site(still)
    site.model("counted")
    site.endpoint("counted", site.variant("v", "counted", 2))
    begin = still.now() // 60 * 60
    for body in (b"", b"", b"sleep 0.05", b"status 404", b"status 503"):
        with contextlib.suppress(site.runtime.exceptions.ModelError):
            site.invoke("counted", body)

    def read(name, statistic):
        (point,) = watch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=name, StartTime=begin, EndTime=begin + 60,
            Period=60, Statistics=[statistic],
            Dimensions=[{"Name": "VariantName", "Value": "v"},
                        {"Name": "EndpointName", "Value": "counted"}],
        )["Datapoints"]  # fmt: skip
        return point[statistic]

    assert read("Invocations", "Sum") == 5
    assert read("InvocationsPerInstance", "Sum") == 2.5
    assert read("Invocation4XXErrors", "Sum") == 1
    assert read("Invocation5XXErrors", "Average") == 0.2
    assert read("InvocationModelErrors", "Sum") == 2
    assert 50_000 <= read("ModelLatency", "Maximum") < 5_000_000
    assert read("OverheadLatency", "Minimum") > 0
    site.delete("counted")


def test_metrics_and_alarms_survive_a_restart(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        watch = local.client("cloudwatch", config=ONCE)
        gauge = Gauge(local, watch)
        assert gauge.minute(11.0) == "ALARM"
        gauge.put(1.0)
    with sagemaker.start(tmp_path, speed=0) as local:
        gauge.local, gauge.watch = local, local.client("cloudwatch", config=ONCE)
        assert gauge.found()["StateValue"] == "ALARM"
        # A folder's clock is no slower than the wall clock, which has moved on.
        gauge.put(2.0)
        local.step(60 - local.now() % 60)
        deadline = time.monotonic() + 5
        while gauge.found()["StateValue"] != "OK" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert gauge.found()["StateValue"] == "OK"
