"""Kill -9 of the kernel, the server, a worker: nothing answered is lost, nothing runs on."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .conftest import ONCE, have_ended
from .test_endpoints import Site

HERE = Path(__file__).parent
POINTS = 10
KINDS = (
    "object", "model", "job", "message", "record", "processing", "transform", "endpoint",
)  # fmt: skip


def running_in(folder):
    """Processes whose command or environment names a folder, but this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in words):
            found.append(process)
    return found


def wait_until_gone(folder, seconds=20):
    deadline = time.monotonic() + seconds
    while (left := running_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == [], [process.cmdline() for process in left]


def received(local):
    """Return the bodies of all messages of the kernels' queue."""
    client = local.client("sqs", config=ONCE)
    url = client.get_queue_url(QueueName="kept")["QueueUrl"]
    found = set()
    while True:
        answer = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600
        )
        if not answer.get("Messages"):
            return found
        found |= {message["Body"] for message in answer["Messages"]}


def check(folder, journal):
    """Start again and hold what is there against what was answered."""
    with sagemaker.start(folder) as local:
        s3, client = local.client("s3", config=ONCE), local.client("sagemaker", config=ONCE)
        lines = [line.split() for line in journal.read_text(encoding="utf-8").splitlines()]
        assert len(lines) > 0
        messages = received(local) if any(kind == "message" for kind, _ in lines) else set()
        for kind, name in lines:
            if kind == "object":
                body = s3.get_object(Bucket=local.bucket, Key=name)["Body"].read()
                assert body == name.encode() * 1000
            elif kind == "model":
                assert client.describe_model(ModelName=name)["ModelName"] == name
            elif kind == "job":
                job = client.describe_training_job(TrainingJobName=name)
                assert job["TrainingJobStatus"] == "Failed"
                assert "ended while the job ran" in job["FailureReason"]
            elif kind == "message":
                assert name in messages
            elif kind == "record":
                found = local.client("sagemaker-featurestore-runtime").get_record(
                    FeatureGroupName=f"kept-{name[1:].partition('-')[0]}",
                    RecordIdentifierValueAsString=name,
                )
                assert found["Record"][0]["ValueAsString"] == name
            elif kind == "processing":
                job = client.describe_processing_job(ProcessingJobName=name)
                assert job["ProcessingJobStatus"] == "Failed"
                assert job["FailureReason"]
            elif kind == "transform":
                job = client.describe_transform_job(TransformJobName=name)
                assert job["TransformJobStatus"] == "Failed"
                assert job["FailureReason"]
            else:
                waiter = client.get_waiter("endpoint_in_service")
                waiter.wait(EndpointName=name)
                client.delete_endpoint(EndpointName=name)
                client.get_waiter("endpoint_deleted").wait(EndpointName=name)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=local.bucket)
        stored = sum(len(page.get("Contents", [])) for page in pages)
        assert len(list((folder / "s3").iterdir())) == stored
    wait_until_gone(folder)


@pytest.mark.parametrize(
    ("victim", "points"),
    [("kernel", range(POINTS)), ("server", range(POINTS)), ("both", (1, 5, 9))],
)
def test_a_kill_at_any_moment(tmp_path, victim, points):
    folder = tmp_path / "site"
    for point in points:
        journal = tmp_path / f"journal-{point}"
        command = [
            sys.executable, str(HERE / "busy_kernel.py"), str(folder), str(journal),
            str(HERE / "trainer.py"), str(HERE / "worker.py"), str(point),
        ]  # fmt: skip
        kernel = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        word, pid = kernel.stdout.readline().split()
        assert word == "ready"
        server = psutil.Process(int(pid))
        # From before the first answer to well after the endpoint serves.
        time.sleep(0.02 + 0.15 * point)
        if point == points[-1]:
            deadline = time.monotonic() + 120
            while any(f"{kind} " not in journal.read_text() for kind in KINDS):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        if victim in ("server", "both"):
            server.kill()
        if victim in ("kernel", "both"):
            kernel.kill()
        kernel.wait(60)
        kernel.stdout.close()
        wait_until_gone(folder)
    journals = [tmp_path / f"journal-{point}" for point in points]
    whole = tmp_path / "journal"
    whole.write_text("".join(file.read_text() for file in journals if file.exists()))
    check(folder, whole)


@pytest.fixture(scope="module")
def site(local):
    return Site(local)


@pytest.mark.skipif(os.name == "nt", reason="there, a launcher stands between them")
@pytest.mark.parametrize("victim", ["worker", "keeper"])
def test_a_worker_killed_ten_times_is_replaced_ten_times(local, site, victim):
    name = f"killed-{victim}"
    site.model(name)
    site.endpoint(name, site.variant("v", name, 2))
    for _ in range(POINTS):
        worker = psutil.Process(site.said(name)["pid"])
        (worker if victim == "worker" else worker.parent()).kill()
        answered = 0
        deadline = time.monotonic() + 20
        while answered < 20 and time.monotonic() < deadline:
            try:
                assert site.said(name)["name"] is None
                answered += 1
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in ("ModelError", "ServiceUnavailable"):
                    raise
        assert answered == 20
        assert have_ended(worker)
    deadline = time.monotonic() + 20
    pids = set()
    while len(pids) < 2 and time.monotonic() < deadline:
        server = psutil.Process(local._owner["pid"])
        pids = {
            child.pid
            for child in server.children(recursive=True)
            if any("worker.py" in word for word in child.cmdline())
            and not any("keeper.py" in word for word in child.cmdline())
        }
    assert len(pids) == 2
    site.delete(name)
