"""Warm pools: what the next training job finds of the last one."""

import sys
import time

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker
from labs_lib.sagemaker.warm_pools import match

from .conftest import ONCE

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/cache:1"
SCRIPT = """
import json, os, pathlib, sys, time
ml = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((ml / "input" / "config" / "hyperparameters.json").read_text())
cache = os.environ.get("SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY")
if cache:
    note = pathlib.Path(cache) / "note"
    print("found", note.read_text() if note.exists() else "nothing", flush=True)
    note.write_text(given["note"])
else:
    print("no cache", flush=True)
time.sleep(float(given.get("pause", "0")))
sys.exit(int(given.get("code", "0")))
"""


def set_up(local, folder):
    script = folder / "cache.py"
    script.write_text(SCRIPT)
    local.register(IMAGE, train=[sys.executable, "-S", str(script)])
    local.client("s3").create_bucket(Bucket=local.bucket)
    return local.client("sagemaker", config=ONCE)


@pytest.fixture(scope="module")
def client(local, tmp_path_factory):
    return set_up(local, tmp_path_factory.mktemp("cache"))


def create(local, name, keep=0, *, size=1, **hyperparameters):
    resources = {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": size,
        **({"KeepAlivePeriodInSeconds": keep} if keep else {}),
    }
    local.client("sagemaker", config=ONCE).create_training_job(
        TrainingJobName=name,
        HyperParameters={"note": name, **hyperparameters},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=local.role,
        OutputDataConfig={"S3OutputPath": f"s3://{local.bucket}/out"},
        ResourceConfig=resources,
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def described(client, name):
    return client.describe_training_job(TrainingJobName=name)


def ended(client, name, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = described(client, name)
        if found["TrainingJobStatus"] not in ("InProgress", "Stopping"):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def said(local, name):
    (event,) = local.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=f"{name}/algo-1"
    )["events"]
    return event["message"]


def pool(client, name):
    return described(client, name)["WarmPoolStatus"]


def test_the_next_job_finds_what_the_last_one_left(local, client):
    create(local, "one", 1800)
    assert ended(client, "one")["WarmPoolStatus"] == {"Status": "Available"}
    assert said(local, "one") == "found nothing"
    with pytest.raises(client.exceptions.ResourceInUse):
        client.delete_training_job(TrainingJobName="one")
    local.step(600)
    create(local, "two", 1800, code="3", pause="1")
    assert pool(client, "two") == {"Status": "InUse"}
    first = pool(client, "one")
    assert (first["Status"], first["ReusedByJob"]) == ("Reused", "two")
    assert 600 <= first["ResourceRetainedBillableTimeInSeconds"] < 700
    # A job that fails by its own fault leaves the pool too.
    assert ended(client, "two")["TrainingJobStatus"] == "Failed"
    assert pool(client, "two") == {"Status": "Available"}
    assert said(local, "two") == "found one"
    (listed,) = client.list_training_jobs(WarmPoolStatusEquals="Available")[
        "TrainingJobSummaries"
    ]
    assert listed["TrainingJobName"] == "two"
    create(local, "three")
    assert ended(client, "three")["WarmPoolStatus"]["Status"] == "Terminated"
    assert said(local, "three") == "found two"
    create(local, "four")
    assert "WarmPoolStatus" not in ended(client, "four")
    assert said(local, "four") == "no cache"
    client.delete_training_job(TrainingJobName="one")


def test_another_size_is_another_pool(local, client):
    create(local, "small", 60, size=1)
    ended(client, "small")
    create(local, "large", 60, size=2)
    ended(client, "large")
    assert said(local, "large") == "found nothing"
    assert pool(client, "small") == {"Status": "Available"}
    local.step(60)


def until(client, name, status, seconds=30):
    deadline = time.monotonic() + seconds
    while pool(client, name)["Status"] != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return pool(client, name)


def test_a_pool_ends_with_its_time(local, client):
    create(local, "timed", 1000)
    ended(client, "timed")
    client.update_training_job(
        TrainingJobName="timed", ResourceConfig={"KeepAlivePeriodInSeconds": 3000}
    )
    local.step(2000)
    time.sleep(0.3)
    assert pool(client, "timed") == {"Status": "Available"}
    local.step(1500)
    assert until(client, "timed", "Terminated") == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 3000,
    }
    create(local, "late", 60)
    ended(client, "late")
    assert said(local, "late") == "found nothing"
    client.update_training_job(
        TrainingJobName="late", ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    until(client, "late", "Terminated")
    assert pool(client, "late")["Status"] == "Terminated"
    with pytest.raises(ClientError, match="retains no warm pool"):
        client.update_training_job(
            TrainingJobName="late", ResourceConfig={"KeepAlivePeriodInSeconds": 60}
        )


def test_a_pool_ends_with_its_server(tmp_path):
    folder = tmp_path / "site"
    with sagemaker.start(folder) as local:
        client = set_up(local, tmp_path)
        create(local, "left", 3600)
        ended(client, "left")
    with sagemaker.start(folder) as local:
        client = local.client("sagemaker", config=ONCE)
        assert pool(client, "left")["Status"] == "Terminated"
        create(local, "next", 60)
        ended(client, "next")
        assert said(local, "next") == "found nothing"
        assert len(list((folder / "pools").iterdir())) == 1


JOB = {
    "RoleArn": "arn:aws:iam::111122223333:role/r",
    "ResourceConfig": {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 10,
    },
    "VpcConfig": {"SecurityGroupIds": ["a", "b"], "Subnets": ["c"]},
    "EnableNetworkIsolation": False,
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"HyperParameters": {"a": "1"}, "InputDataConfig": []}, True),
        ({"AlgorithmSpecification": {"TrainingImage": "other"}}, True),
        (
            {"ResourceConfig": {**JOB["ResourceConfig"], "KeepAlivePeriodInSeconds": 9}},
            True,
        ),
        ({"VpcConfig": {"SecurityGroupIds": ["b", "a"], "Subnets": ["c"]}}, True),
        ({"RoleArn": "arn:aws:iam::111122223333:role/s"}, False),
        ({"ResourceConfig": {**JOB["ResourceConfig"], "InstanceCount": 2}}, False),
        (
            {"ResourceConfig": {**JOB["ResourceConfig"], "InstanceType": "ml.m5.xlarge"}},
            False,
        ),
        ({"ResourceConfig": {**JOB["ResourceConfig"], "VolumeSizeInGB": 11}}, False),
        ({"ResourceConfig": {**JOB["ResourceConfig"], "VolumeKmsKeyId": "k"}}, False),
        ({"VpcConfig": {"SecurityGroupIds": ["a"], "Subnets": ["c"]}}, False),
        ({"VpcConfig": {"SecurityGroupIds": ["a", "b"], "Subnets": ["d"]}}, False),
        ({"EnableNetworkIsolation": True}, False),
        ({"EnableInterContainerTrafficEncryption": True}, False),
        ({"SessionChainingConfig": {"EnableSessionTagChaining": True}}, False),
    ],
)
def test_which_jobs_match(change, same):
    assert match(JOB, {**JOB, **change}) is same
    assert match({**JOB, **change}, JOB) is same
