"""Processing jobs: data in, a script, data out."""

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .conftest import ONCE

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPT = """
import os, pathlib, sys, time
source, target, how = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
print("working on", sorted(path.name for path in source.iterdir()))
if how == "fail":
    sys.exit("no such luck")
if how == "sleep":
    time.sleep(60)
for path in source.iterdir():
    (target / "deep").mkdir(exist_ok=True)
    (target / "deep" / path.name).write_text(path.read_text().upper())
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
(base / "output" / "message").write_text(os.environ["WHERE"].rpartition("/")[2])
"""


@pytest.fixture(scope="module")
def bucket(local, s3):
    s3.put_object(Bucket=local.bucket, Key="code/run.py", Body=SCRIPT.encode())
    s3.put_object(Bucket=local.bucket, Key="in/a.txt", Body=b"a")
    s3.put_object(Bucket=local.bucket, Key="in/b.txt", Body=b"b")
    return f"s3://{local.bucket}"


def request(local, bucket, name, how="", **options):
    root = "/opt/ml/processing"

    def place(uri, path):
        return {"S3Uri": f"{bucket}/{uri}", "LocalPath": f"{root}/{path}"}

    return {
        "ProcessingJobName": name,
        "RoleArn": local.role,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{root}/code/run.py"],
            "ContainerArguments": [f"{root}/in", f"{root}/out", how or "well"],
        },
        "Environment": {"WHERE": f"{root}/here"},
        "ProcessingInputs": [
            {"InputName": key, "S3Input": {**place(key, key), "S3DataType": "S3Prefix"}}
            for key in ("code", "in")
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "result",
                    "S3Output": {**place(f"out/{name}", "out"), "S3UploadMode": "EndOfJob"},
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            }
        },
        **options,
    }


def ended(client, name):
    client.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name)
    return client.describe_processing_job(ProcessingJobName=name)


def test_data_go_in_and_come_out(local, client, s3, bucket):
    client.create_processing_job(**request(local, bucket, "well"))
    found = ended(client, "well")
    assert found["ProcessingJobStatus"] == "Completed", found.get("FailureReason")
    assert found["ExitMessage"] == "here"
    listed = s3.list_objects_v2(Bucket=local.bucket, Prefix="out/well/")["Contents"]
    assert [item["Key"] for item in listed] == [
        "out/well/deep/a.txt",
        "out/well/deep/b.txt",
    ]
    body = s3.get_object(Bucket=local.bucket, Key="out/well/deep/b.txt")["Body"].read()
    assert body == b"B"
    (component,) = client.list_trial_components(SourceArn=found["ProcessingJobArn"])[
        "TrialComponentSummaries"
    ]
    answer = client.query_lineage(
        StartArns=[component["TrialComponentArn"]], Direction="Descendants"
    )
    assert {vertex["Type"] for vertex in answer["Vertices"]} == {
        "SageMakerProcessingJob",
        "DataSet",
    }


def test_a_script_that_fails_says_its_last_words(local, client, s3, bucket):
    client.create_processing_job(**request(local, bucket, "fails", "fail"))
    with pytest.raises(Exception, match="terminal failure"):
        ended(client, "fails")
    found = client.describe_processing_job(ProcessingJobName="fails")
    assert found["ProcessingJobStatus"] == "Failed"
    assert "no such luck" in found["FailureReason"]
    assert s3.list_objects_v2(Bucket=local.bucket, Prefix="out/fails/")["KeyCount"] == 0
    logs = local.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamName="fails/algo-1"
    )
    assert "working on" in logs["events"][0]["message"]


def test_a_job_is_stopped_and_runs_out_of_time(local, client, bucket, tmp_path):
    client.create_processing_job(**request(local, bucket, "stopped", "sleep"))
    client.stop_processing_job(ProcessingJobName="stopped")
    assert ended(client, "stopped")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="status Stopped"):
        client.stop_processing_job(ProcessingJobName="stopped")
    limit = {"MaxRuntimeInSeconds": 2}
    client.create_processing_job(
        **request(local, bucket, "slow", "sleep", StoppingCondition=limit)
    )
    assert ended(client, "slow")["ProcessingJobStatus"] == "Stopped"


def test_a_job_of_a_server_that_ended_has_failed(tmp_path):
    with sagemaker.start(tmp_path) as local:
        s3 = local.client("s3")
        s3.create_bucket(Bucket=local.bucket)
        s3.put_object(Bucket=local.bucket, Key="code/run.py", Body=SCRIPT.encode())
        s3.put_object(Bucket=local.bucket, Key="in/a.txt", Body=b"a")
        client = local.client("sagemaker", config=ONCE)
        client.create_processing_job(
            **request(local, f"s3://{local.bucket}", "left", "sleep")
        )
    with sagemaker.start(tmp_path) as local:
        client = local.client("sagemaker", config=ONCE)
        found = client.describe_processing_job(ProcessingJobName="left")
        assert found["ProcessingJobStatus"] == "Failed"
        assert "server on this machine ended" in found["FailureReason"]


def test_what_is_refused(local, client, bucket):
    def refused(said, **options):
        with pytest.raises(ClientError, match=said):
            client.create_processing_job(**request(local, bucket, "bad") | options)
        with pytest.raises(client.exceptions.ResourceNotFound):
            client.describe_processing_job(ProcessingJobName="bad")

    refused("ContainerEntrypoint is missing", AppSpecification={"ImageUri": IMAGE})
    for path in ("/tmp/x", "/opt/ml/processing", "/opt/ml/processing/../../x"):
        place = {"S3Uri": f"{bucket}/in", "LocalPath": path, "S3DataType": "S3Prefix"}
        refused("LocalPath", ProcessingInputs=[{"InputName": "i", "S3Input": place}])
    place = {
        "S3Uri": "s3://nothing-here/in",
        "LocalPath": "/opt/ml/processing/in",
        "S3DataType": "S3Prefix",
    }
    refused("does not exist", ProcessingInputs=[{"InputName": "i", "S3Input": place}])
    refused("needs S3Input", ProcessingInputs=[{"InputName": "i"}])
    cluster = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    refused("one instance", ProcessingResources={"ClusterConfig": cluster})
    client.create_processing_job(**request(local, bucket, "taken"))
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_processing_job(**request(local, bucket, "taken"))
    ended(client, "taken")


def test_an_input_that_holds_nothing_fails_the_job(local, client, bucket):
    options = request(local, bucket, "empty")
    options["ProcessingInputs"][1]["S3Input"]["S3Uri"] = f"{bucket}/nothing/"
    client.create_processing_job(**options)
    with pytest.raises(Exception, match="terminal failure"):
        ended(client, "empty")
    found = client.describe_processing_job(ProcessingJobName="empty")
    assert "No S3 objects found" in found["FailureReason"]
