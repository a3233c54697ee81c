"""Monitoring of data quality: a baseline, a schedule, and executions on its hours."""

import datetime
import json
import sys
import time

import numpy as np
import pytest
from botocore.exceptions import ClientError

from labs_lib import monitor, sagemaker
from labs_lib.sagemaker.monitoring import next_after

from .conftest import ONCE

IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROOT = "/opt/ml/processing"
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
NOW = {
    "ScheduleExpression": "NOW",
    "DataAnalysisStartTime": "-PT1H",
    "DataAnalysisEndTime": "PT1H",
}
CLUSTER = {
    "ClusterConfig": {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 1,
    }
}


def table(seed, shift=0.0):
    """Return 2,000 rows of two columns as CSV."""
    draws = np.random.default_rng(seed).normal((shift, 0), size=(2000, 2))
    return "a,b\n" + "\n".join(f"{a:.6f},{b:.6f}" for a, b in draws)


def baseline(local, name):
    """Make a baseline as the SDK does: the analyzer as a processing job."""
    client = local.client("sagemaker", config=ONCE)
    local.client("s3").put_object(
        Bucket=local.bucket, Key="reference/part.csv", Body=table(1).encode()
    )
    places = {
        "source": (
            f"s3://{local.bucket}/reference",
            f"{ROOT}/input/baseline_dataset_input",
        ),
        "out": (f"s3://{local.bucket}/baseline/{name}", f"{ROOT}/output"),
    }
    uris = {key: {"S3Uri": uri, "LocalPath": path} for key, (uri, path) in places.items()}
    client.create_processing_job(
        ProcessingJobName=name,
        RoleArn=local.role,
        AppSpecification={"ImageUri": IMAGE},
        Environment={
            "dataset_format": '{"csv": {"header": true}}',
            "dataset_source": places["source"][1],
            "output_path": places["out"][1],
            "publish_cloudwatch_metrics": "Disabled",
        },
        ProcessingInputs=[
            {"InputName": "data", "S3Input": {**uris["source"], "S3DataType": "S3Prefix"}}
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "result",
                    "S3Output": {**uris["out"], "S3UploadMode": "EndOfJob"},
                }
            ]
        },
        ProcessingResources=CLUSTER,
    )
    client.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    # The clock stands still, so that no hour begins by itself.
    with sagemaker.start(tmp_path_factory.mktemp("sagemaker"), speed=0) as local:
        yield local


@pytest.fixture(scope="module")
def client(local, s3):
    baseline(local, "base")
    return local.client("sagemaker", config=ONCE)


def definition(local, name, **changes):
    data = {
        "DataCapturedDestinationS3Uri": f"s3://{local.bucket}/{name}",
        "DatasetFormat": {"Csv": {"Header": True}},
        "LocalPath": f"{ROOT}/input",
    }
    place = {"S3Uri": f"s3://{local.bucket}/results", "LocalPath": f"{ROOT}/output"}
    return {
        "JobDefinitionName": name,
        "DataQualityBaselineConfig": {"BaseliningJobName": "base"},
        "DataQualityAppSpecification": {"ImageUri": IMAGE},
        "DataQualityJobInput": {"BatchTransformInput": data},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": place}]},
        "JobResources": CLUSTER,
        "RoleArn": local.role,
        **changes,
    }


def config(name, when=None):
    found = {"MonitoringJobDefinitionName": name, "MonitoringType": "DataQuality"}
    return found if when is None else {**found, "ScheduleConfig": when}


def executions(client, name, count, seconds=120, **more):
    """Return the executions of a schedule, first first, once so many have ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = client.list_monitoring_executions(
            MonitoringScheduleName=name,
            SortBy="ScheduledTime",
            SortOrder="Ascending",
            **more,
        )["MonitoringExecutionSummaries"]
        running = [e for e in found if e["MonitoringExecutionStatus"] in PENDING]
        if len(found) == count and not running:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


PENDING = ("Pending", "InProgress")


def to_the_hour(local):
    """Step to the beginning of the next hour."""
    local.step(3600 - local.now() % 3600)


def test_each_hour_is_held_against_the_baseline(local, client, s3):
    client.create_data_quality_job_definition(**definition(local, "hourly"))
    to_the_hour(local)
    arn = client.create_monitoring_schedule(
        MonitoringScheduleName="hourly", MonitoringScheduleConfig=config("hourly", HOURLY)
    )["MonitoringScheduleArn"]
    for hour, shift in enumerate((0, 1)):
        local.step(60)
        body = table(hour + 2, shift).encode()
        s3.put_object(Bucket=local.bucket, Key=f"hourly/deep/{hour}.csv", Body=body)
        to_the_hour(local)
        executions(client, "hourly", hour + 1)
    to_the_hour(local)
    good, bad, empty = executions(client, "hourly", 3)
    statuses = [one["MonitoringExecutionStatus"] for one in (good, bad, empty)]
    assert statuses == ["Completed", "CompletedWithViolations", "Failed"]
    assert "had no data" in empty["FailureReason"]
    assert (bad["ScheduledTime"] - good["ScheduledTime"]).total_seconds() == 3600
    prefix = f"results/hourly/{bad['ScheduledTime'].astimezone(datetime.UTC):%Y/%m/%d/%H}"

    def written(name):
        found = s3.get_object(Bucket=local.bucket, Key=f"{prefix}/{name}")
        return json.loads(found["Body"].read())

    # Only the file of this hour was read, and what it violates is what the monitor says.
    assert written("statistics.json")["dataset"]["item_count"] == 2000
    (violation,) = written("constraint_violations.json")["violations"]
    assert violation["feature_name"] == "a"
    assert violation["constraint_check_type"] == "baseline_drift_check"
    job = bad["ProcessingJobArn"].rpartition("/")[2]
    described = client.describe_processing_job(ProcessingJobName=job)
    assert described["ExitMessage"].startswith("CompletedWithViolations")
    assert executions(client, "hourly", 1, StatusEquals="CompletedWithViolations") == [bad]
    found = client.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert found["MonitoringScheduleArn"] == arn
    assert found["LastMonitoringExecutionSummary"] == empty
    client.stop_monitoring_schedule(MonitoringScheduleName="hourly")
    to_the_hour(local)
    executions(client, "hourly", 3)
    with pytest.raises(ClientError, match="schedule hourly uses"):
        client.delete_data_quality_job_definition(JobDefinitionName="hourly")
    client.delete_monitoring_schedule(MonitoringScheduleName="hourly")
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.describe_monitoring_schedule(MonitoringScheduleName="hourly")


def test_every_hour_that_a_step_passes_is_executed(local, client):
    client.create_data_quality_job_definition(**definition(local, "passed"))
    to_the_hour(local)
    client.create_monitoring_schedule(
        MonitoringScheduleName="passed", MonitoringScheduleConfig=config("passed", HOURLY)
    )
    local.step(3 * 3600)
    found = executions(client, "passed", 3)
    times = [one["ScheduledTime"].timestamp() for one in found]
    assert np.diff(times).tolist() == [3600, 3600]
    client.delete_monitoring_schedule(MonitoringScheduleName="passed")


def test_once_at_once_with_resources_of_the_baseline(local, client, s3):
    place = f"s3://{local.bucket}/baseline/base"
    resources = {
        f"{kind}Resource": {"S3Uri": f"{place}/{kind.lower()}.json"}
        for kind in ("Constraints", "Statistics")
    }
    client.create_data_quality_job_definition(
        **definition(local, "once", DataQualityBaselineConfig=resources)
    )
    body = "a,b\n" + "\n".join("1,x" for _ in range(100))
    s3.put_object(Bucket=local.bucket, Key="once/data.csv", Body=body.encode())
    client.create_monitoring_schedule(
        MonitoringScheduleName="once", MonitoringScheduleConfig=config("once", NOW)
    )
    (found,) = executions(client, "once", 1)
    assert found["MonitoringExecutionStatus"] == "CompletedWithViolations", found
    to_the_hour(local)
    executions(client, "once", 1)


def test_without_a_baseline_an_execution_suggests_one(local, client, s3, tmp_path):
    asked = definition(local, "first")
    del asked["DataQualityBaselineConfig"]
    client.create_data_quality_job_definition(**asked)
    s3.put_object(Bucket=local.bucket, Key="first/data.csv", Body=table(5).encode())
    client.create_monitoring_schedule(
        MonitoringScheduleName="first", MonitoringScheduleConfig=config("first", NOW)
    )
    (found,) = executions(client, "first", 1)
    assert found["MonitoringExecutionStatus"] == "Completed", found
    listed = s3.list_objects_v2(Bucket=local.bucket, Prefix="results/first/")["Contents"]
    for item in listed:
        s3.download_file(
            local.bucket, item["Key"], str(tmp_path / item["Key"].rpartition("/")[2])
        )
    assert set(monitor.read_baseline(tmp_path).features) == {"a", "b"}


def test_a_schedule_goes_on_with_the_next_server(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        local.client("s3").create_bucket(Bucket=local.bucket)
        client = local.client("sagemaker", config=ONCE)
        asked = definition(local, "left")
        del asked["DataQualityBaselineConfig"]
        client.create_data_quality_job_definition(**asked)
        client.create_monitoring_schedule(
            MonitoringScheduleName="left", MonitoringScheduleConfig=config("left", HOURLY)
        )
    with sagemaker.start(tmp_path, speed=0) as local:
        client = local.client("sagemaker", config=ONCE)
        to_the_hour(local)
        (found,) = executions(client, "left", 1)
        assert "had no data" in found["FailureReason"]


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", range(1, 25)),
        ("cron(0 12 ? * * *)", [12, 36]),
        ("cron(0 0 ? * * *)", [24, 48]),
        ("cron(0 17/12 ? * * *)", [5, 17, 29]),
        ("cron(0 0/6 ? * * *)", [6, 12, 18, 24]),
    ],
)
def test_when_an_expression_is_due(expression, hours):
    at, found = 0.0, []
    for _ in hours:
        at = next_after({"ScheduleExpression": expression}, at)
        found.append(at / 3600)
    assert found == list(hours)


def test_what_is_refused(local, client):
    def refused(said, **changes):
        with pytest.raises(ClientError, match=said):
            client.create_data_quality_job_definition(**definition(local, "bad", **changes))
        with pytest.raises(client.exceptions.ResourceNotFound):
            client.describe_data_quality_job_definition(JobDefinitionName="bad")

    endpoint = {"EndpointName": "e", "LocalPath": f"{ROOT}/input"}
    refused("no endpoint e", DataQualityJobInput={"EndpointInput": endpoint})
    refused("Give one of", DataQualityJobInput={})
    refused("Nothing runs", DataQualityAppSpecification={"ImageUri": "other"})
    refused("no completed", DataQualityBaselineConfig={"BaseliningJobName": "nothing"})
    half = {"ConstraintsResource": {"S3Uri": "s3://b/constraints.json"}}
    refused("give both", DataQualityBaselineConfig=half)
    client.create_data_quality_job_definition(**definition(local, "good"))
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_data_quality_job_definition(**definition(local, "good"))
    unbounded = {"ScheduleExpression": "NOW"}
    long = {**NOW, "DataAnalysisStartTime": "-P2D"}
    for said, asked in (
        ("no data quality job definition", config("nothing", HOURLY)),
        ("Allowed: NOW", config("good", {"ScheduleExpression": "rate(1 hour)"})),
        ("1 to 24 hours", config("good", {"ScheduleExpression": "cron(0 5/0 ? * * *)"})),
        ("DataAnalysisStartTime", config("good", unbounded)),
        ("at most 24 hours", config("good", long)),
        ("alone is monitored", {**config("good"), "MonitoringType": "ModelBias"}),
    ):
        with pytest.raises(ClientError, match=said):
            client.create_monitoring_schedule(
                MonitoringScheduleName="bad", MonitoringScheduleConfig=asked
            )
    client.create_monitoring_schedule(
        MonitoringScheduleName="kept", MonitoringScheduleConfig=config("good", HOURLY)
    )
    with pytest.raises(ClientError, match="Allowed: NOW"):
        client.update_monitoring_schedule(
            MonitoringScheduleName="kept",
            MonitoringScheduleConfig=config("good", {"ScheduleExpression": "rate(1 hour)"}),
        )
    found = client.describe_monitoring_schedule(MonitoringScheduleName="kept")
    assert found["MonitoringScheduleConfig"] == config("good", HOURLY)


DOUBLE = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import os

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"])).decode().split()
        body = "".join(f"{2 * float(row.split(',')[0])}\\n" for row in rows).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def test_an_endpoint_is_monitored_over_what_it_captured(local, client, tmp_path):
    script = tmp_path / "double.py"
    script.write_text(DOUBLE)
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/double:1"
    local.register(image, serve=[sys.executable, "-S", str(script)])
    client.create_model(
        ModelName="double",
        ExecutionRoleArn=local.role,
        PrimaryContainer={"Image": image},
    )
    client.create_endpoint_config(
        EndpointConfigName="double",
        ProductionVariants=[
            {
                "VariantName": "only",
                "ModelName": "double",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
        DataCaptureConfig={
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{local.bucket}/seen",
            "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    client.create_endpoint(EndpointName="double", EndpointConfigName="double")
    client.get_waiter("endpoint_in_service").wait(EndpointName="double")
    about = {"EndpointName": "double", "LocalPath": f"{ROOT}/input"}
    asked = definition(
        local,
        "seen",
        DataQualityBaselineConfig={},
        DataQualityJobInput={"EndpointInput": about},
    )
    client.create_data_quality_job_definition(**asked)
    (listed,) = client.list_data_quality_job_definitions(EndpointName="double")[
        "JobDefinitionSummaries"
    ]
    assert listed["EndpointName"] == "double"
    to_the_hour(local)
    client.create_monitoring_schedule(
        MonitoringScheduleName="seen", MonitoringScheduleConfig=config("seen", HOURLY)
    )
    runtime = local.client("sagemaker-runtime", config=ONCE)
    body = "\n".join(table(5).splitlines()[1:])
    runtime.invoke_endpoint(EndpointName="double", Body=body, ContentType="text/csv")
    deadline = time.monotonic() + 20
    while not local.client("s3").list_objects_v2(Bucket=local.bucket, Prefix="seen/")[
        "KeyCount"
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    to_the_hour(local)
    (execution,) = executions(client, "seen", 1)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert execution["EndpointName"] == "double"
    job = client.describe_processing_job(
        ProcessingJobName=execution["ProcessingJobArn"].rpartition("/")[2]
    )
    place = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    key = place.partition(f"s3://{local.bucket}/")[2] + "/statistics.json"
    content = json.loads(
        local.client("s3").get_object(Bucket=local.bucket, Key=key)["Body"].read()
    )
    assert content["dataset"]["item_count"] == 2000
    means = [f["numerical_statistics"]["mean"] for f in content["features"]]
    assert [f["name"] for f in content["features"]] == ["_c0", "_c1", "_c2"]
    assert means[0] == pytest.approx(2 * means[1])
    client.delete_monitoring_schedule(MonitoringScheduleName="seen")
    variant = client.describe_endpoint_config(EndpointConfigName="double")
    client.create_endpoint_config(
        EndpointConfigName="blind", ProductionVariants=variant["ProductionVariants"]
    )
    client.create_endpoint(EndpointName="blind", EndpointConfigName="blind")
    blind = {"EndpointInput": {**about, "EndpointName": "blind"}}
    with pytest.raises(ClientError, match="does not capture"):
        client.create_data_quality_job_definition(
            **definition(local, "blind", DataQualityJobInput=blind)
        )
