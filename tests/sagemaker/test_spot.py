"""Managed spot training and checkpoints: what an interruption costs, and what it does not."""

import io
import sys
import tarfile
import time

import pytest
from botocore.exceptions import ClientError

from .conftest import ONCE

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/epochs:1"
SCRIPT = """
import json, os, pathlib, time
ml = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((ml / "input" / "config" / "hyperparameters.json").read_text())
folder = ml / given.get("folder", "checkpoints")
state = folder / "deep" / "epoch"
begin = int(state.read_text()) if state.exists() else 0
print("begins at", begin, flush=True)
for epoch in range(begin, int(given["epochs"])):
    time.sleep(0.05)
    if folder.exists():
        state.parent.mkdir(exist_ok=True)
        (folder / "next").write_text(str(epoch + 1))
        os.replace(folder / "next", state)
    print("epoch", epoch + 1, flush=True)
    if given.get("hang"):
        time.sleep(600)
(ml / "model" / "begin").write_text(str(begin))
"""
WAITING = "Interrupted"


@pytest.fixture(scope="module")
def client(local, s3, tmp_path_factory):
    script = tmp_path_factory.mktemp("epochs") / "epochs.py"
    script.write_text(SCRIPT)
    local.register(IMAGE, train=[sys.executable, "-S", str(script)])
    return local.client("sagemaker", config=ONCE)


def create(local, name, *, spot=True, to="", path=None, wait=7200, **hyperparameters):
    client = local.client("sagemaker", config=ONCE)
    checkpoint = {"S3Uri": f"s3://{local.bucket}/checkpoints/{to or name}"}
    if path:
        checkpoint["LocalPath"] = path
    stopping = {"MaxRuntimeInSeconds": 3600}
    if spot:
        stopping["MaxWaitTimeInSeconds"] = wait
    client.create_training_job(
        TrainingJobName=name,
        HyperParameters={k: str(v) for k, v in hyperparameters.items()},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=local.role,
        OutputDataConfig={"S3OutputPath": f"s3://{local.bucket}/out"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        StoppingCondition=stopping,
        EnableManagedSpotTraining=spot,
        **({} if to is None else {"CheckpointConfig": checkpoint}),
    )


def until(client, name, *wanted, seconds=60):
    """Return the description of a job as soon as its secondary status is wanted."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = client.describe_training_job(TrainingJobName=name)
        if found["SecondaryStatus"] in wanted:
            return found
        assert found["TrainingJobStatus"] != "Failed", found["FailureReason"]
        time.sleep(0.05)
    raise AssertionError(f"{name} is {found['SecondaryStatus']}")


def said(local, name, text, seconds=60):
    """Return a job's log once it says something."""
    logs = local.client("logs", config=ONCE)
    deadline = time.monotonic() + seconds
    lines = []
    while time.monotonic() < deadline:
        try:
            answer = logs.get_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=f"{name}/algo-1"
            )
            lines = [event["message"] for event in answer["events"]]
        except ClientError:
            pass
        if text in lines:
            return lines
        time.sleep(0.05)
    raise AssertionError(f"no {text!r} in {lines}")


def test_an_interrupted_job_goes_on_from_its_checkpoint(local, client):
    create(local, "spot", epochs=3, hang=1)
    said(local, "spot", "epoch 1")
    local.interrupt("spot", seconds=1800)
    job = until(client, "spot", WAITING)
    assert job["TrainingJobStatus"] == "InProgress"
    with pytest.raises(ValueError, match="is in status Interrupted"):
        local.interrupt("spot")
    local.step(1800)
    said(local, "spot", "begins at 1")
    said(local, "spot", "epoch 2")
    local.interrupt("spot")
    lines = said(local, "spot", "epoch 3")
    assert [line for line in lines if line.startswith("begins")] == [
        "begins at 0",
        "begins at 1",
        "begins at 2",
    ]
    client.stop_training_job(TrainingJobName="spot")
    job = until(client, "spot", "Stopped")
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]] == [
        *["Starting", "Downloading", "Training", "Interrupted"] * 2,
        *["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"],
    ]
    # The half hour without an instance is time of the job, and costs nothing.
    assert job["TrainingTimeInSeconds"] > 1800
    assert job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"] - 1800


def test_an_interrupted_job_completes(local, client, s3):
    create(local, "whole", epochs=60)
    said(local, "whole", "epoch 2")
    local.interrupt("whole")
    job = until(client, "whole", "Completed")
    lines = said(local, "whole", "epoch 60")
    begins = [int(line.rpartition(" ")[2]) for line in lines if line.startswith("begins")]
    zero, begin = begins
    assert zero == 0
    assert 2 <= begin < 60
    # No epoch is trained twice.
    assert len(set(lines)) == len(lines)
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"][5:].partition("/")
    packed = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("begin")
        assert member is not None
        assert int(member.read()) == begin


def test_runs_are_limited_all_together(local, client):
    create(local, "limited", epochs=3, hang=1, wait=100_000)
    said(local, "limited", "epoch 1")
    local.step(2000)
    local.interrupt("limited", seconds=5000)
    until(client, "limited", WAITING)
    local.step(5000)
    said(local, "limited", "epoch 2")
    local.step(1000)
    time.sleep(0.3)
    assert until(client, "limited", "Training")
    local.step(700)
    job = until(client, "limited", "MaxRuntimeExceeded")
    assert 3600 <= job["BillableTimeInSeconds"] < 3800
    assert 8600 <= job["TrainingTimeInSeconds"] < 8800


def test_without_a_checkpoint_it_begins_again(local, client):
    create(local, "forgets", to=None, epochs=2, hang=1)
    said(local, "forgets", "epoch 1")
    local.interrupt("forgets")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = said(local, "forgets", "begins at 0")
        if lines.count("begins at 0") == 2:
            break
    assert lines.count("begins at 0") == 2
    client.stop_training_job(TrainingJobName="forgets")
    until(client, "forgets", "Stopped")


def test_a_job_waits_no_longer_than_it_may(local, client):
    create(local, "patient", epochs=2, hang=1)
    said(local, "patient", "epoch 1")
    local.interrupt("patient", seconds=100_000)
    until(client, "patient", WAITING)
    local.step(7200)
    job = until(client, "patient", "MaxWaitTimeExceeded")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == ""


def test_a_waiting_job_can_be_stopped(local, client):
    create(local, "given-up", epochs=2, hang=1)
    said(local, "given-up", "epoch 1")
    local.interrupt("given-up", seconds=100_000)
    until(client, "given-up", WAITING)
    client.stop_training_job(TrainingJobName="given-up")
    assert until(client, "given-up", "Stopped")["TrainingJobStatus"] == "Stopped"


def test_another_job_goes_on_from_the_same_checkpoints(local, client, s3):
    folder = {
        "path": "/opt/ml/own/place",
        "folder": "own/place",
        "spot": False,
        "to": "same",
    }
    create(local, "first", epochs=2, **folder)
    until(client, "first", "Completed")
    read = s3.get_object(Bucket=local.bucket, Key="checkpoints/same/deep/epoch")["Body"]
    assert read.read() == b"2"
    create(local, "second", epochs=3, **folder)
    job = until(client, "second", "Completed")
    assert "begins at 2" in said(local, "second", "epoch 3")
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"]


def test_checkpoints_are_in_s3_while_the_job_runs(local, client, s3):
    create(local, "runs", epochs=2, hang=1, spot=False)
    key = {"Bucket": local.bucket, "Key": "checkpoints/runs/deep/epoch"}
    deadline = time.monotonic() + 60
    found = None
    while found is None and time.monotonic() < deadline:
        try:
            found = s3.get_object(**key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            time.sleep(0.1)
    assert found == b"1"
    assert (
        client.describe_training_job(TrainingJobName="runs")["SecondaryStatus"]
        == "Training"
    )
    with pytest.raises(ValueError, match="on demand"):
        local.interrupt("runs")
    client.stop_training_job(TrainingJobName="runs")
    until(client, "runs", "Stopped")


def test_what_is_refused(local, client):
    with pytest.raises(ValueError, match="no training job nothing"):
        local.interrupt("nothing")
    with pytest.raises(ValueError, match="from 0 to"):
        local.interrupt("nothing", seconds=-1)
    for path in ("/tmp/x", "/opt/ml/model/x", "/opt/ml/../x"):
        with pytest.raises(ClientError, match="LocalPath"):
            create(local, "bad", path=path, epochs=1)
    with pytest.raises(ClientError, match="does not exist"):
        client.create_training_job(
            **{
                "TrainingJobName": "bad",
                "AlgorithmSpecification": {
                    "TrainingImage": IMAGE, "TrainingInputMode": "File",
                },
                "RoleArn": local.role,
                "OutputDataConfig": {"S3OutputPath": f"s3://{local.bucket}/out"},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1,
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                "CheckpointConfig": {"S3Uri": "s3://nowhere-at-all/x"},
            }
        )  # fmt: skip
