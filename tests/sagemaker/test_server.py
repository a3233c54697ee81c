"""The process model, the protocols and the errors."""

import contextlib
import errno
import http.client
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker
from labs_lib.aws import RequestError, validate
from labs_lib.aws.request import service_model
from labs_lib.sagemaker import lock, wire
from labs_lib.sagemaker.errors import from_findings
from labs_lib.sagemaker.objects import Objects
from labs_lib.sagemaker.operations import SERVICES, page
from labs_lib.sagemaker.server import Body, Server
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import State

from .conftest import ONCE, have_ended


def signed(local, service="sagemaker", **headers):
    """Headers of a request that botocore did not write."""
    key = local._owner["key"]
    scope = f"{key}/20260101/us-east-1/{service}/aws4_request"
    found = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=x"}
    return found | {name.replace("_", "-"): value for name, value in headers.items()}


def send(local, method="POST", path="/", body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", local._owner["port"], timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()


# The process model


def test_a_server_lives_in_its_own_process_and_ends_with_the_last_who_holds_it(tmp_path):
    first = sagemaker.start(tmp_path)
    owner = lock.read_owner(tmp_path)
    assert owner["pid"] != os.getpid()
    assert lock.is_alive(owner)
    second = sagemaker.start(tmp_path)
    assert second.endpoint == first.endpoint
    first.close()
    assert second.client("sts").get_caller_identity()["Account"] == "111122223333"
    second.close()
    second.close()
    assert not lock.is_alive(owner)
    with pytest.raises(ValueError, match="closed"):
        second.now()


def test_without_a_folder_nothing_stays():
    with sagemaker.start() as local:
        folder = local.folder
        assert folder.exists()
    assert not folder.exists()


def test_many_at_once_share_one_server(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(sagemaker.start(tmp_path)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({local.endpoint for local in found}) == 1
    for local in found:
        local.close()
    # On a busy machine somebody may have asked twice; the server hears that the first is gone.
    end = time.monotonic() + 60
    while lock.read_owner(tmp_path) is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert lock.read_owner(tmp_path) is None


@pytest.mark.parametrize("options", [{"speed": 2}, {"account": "999900001111"}])
def test_a_server_with_other_options_is_not_taken(tmp_path, options):
    with (
        sagemaker.start(tmp_path),
        pytest.raises(ValueError, match="has a server with"),
    ):
        sagemaker.start(tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account": "12"}, "twelve digits"),
        ({"speed": -1}, "speed is -1"),
        ({"speed": float("nan")}, "speed is nan"),
        ({"folder": __file__}, "cannot be a folder"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        sagemaker.start(**options)


def test_after_a_kill_the_folder_can_be_started_again(tmp_path):
    first = sagemaker.start(tmp_path)
    first.client("s3").create_bucket(Bucket="kept")
    psutil.Process(first._owner["pid"]).kill()
    first._process.wait()
    with sagemaker.start(tmp_path) as second:
        names = [b["Name"] for b in second.client("s3").list_buckets()["Buckets"]]
        assert names == ["kept"]
    first.close()


def test_the_server_ends_when_its_kernel_is_killed(tmp_path):
    code = (
        "import time; from labs_lib import sagemaker\n"
        f"local = sagemaker.start({str(tmp_path)!r})\n"
        "print(local._owner['pid'], flush=True); time.sleep(600)"
    )
    kernel = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    server = psutil.Process(int(kernel.stdout.readline()))
    kernel.kill()
    kernel.wait()
    assert have_ended(server)


def test_an_interrupt_does_not_reach_the_server(tmp_path):
    with sagemaker.start(tmp_path) as local:
        if os.name == "posix":
            assert os.getpgid(local._owner["pid"]) != os.getpgid(os.getpid())
        assert local.client("sts").get_caller_identity()["Account"] == local.account


@pytest.mark.skipif(os.name == "nt", reason="there, a signal ends a process at once")
def test_a_termination_ends_the_server_in_order(tmp_path):
    local = sagemaker.start(tmp_path)
    os.kill(local._owner["pid"], signal.SIGTERM)
    local._process.wait(20)
    assert lock.read_owner(tmp_path) is None
    local.close()


# The clock


def test_the_clock_steps_and_never_goes_back(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        before = local.now()
        assert local.step(3600) == local.now() == pytest.approx(before + 3600, abs=0.002)
        with pytest.raises(ValueError, match="forward"):
            local.step(-1)
    with sagemaker.start(tmp_path, speed=0) as local:
        assert local.now() >= before + 3599.99


def test_a_temporary_folder_goes_even_when_its_server_was_killed():
    local = sagemaker.start()
    psutil.Process(local._owner["pid"]).kill()
    local._process.wait()
    local.close()
    assert not local.folder.exists()


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_said_and_changes_nothing(tmp_path, monkeypatch, failure):
    site = Site(tmp_path, account="111122223333", speed=1)
    server = Server(site)
    server.server_close()
    scope = f"Credential={server.key}/20260101/us-east-1/s3/aws4_request"

    def put(key):
        size = 1 if key else 0
        headers = {"authorization": scope, "content-length": str(size)}
        body = Body(io.BytesIO(b"1"), length=size, chunked=False)
        return server.answer(wire.Request("PUT", f"/bucket{key}", {}, headers, body))

    assert put("").status == 200
    assert put("/before").status == 200

    def fail(*_, **__):
        raise failure

    with monkeypatch.context() as full:
        where = Objects if isinstance(failure, OSError) else State
        full.setattr(where, "receive" if where is Objects else "execute", fail)
        answer = put("/now")
    assert answer.status == 500
    assert b"The disk of this machine is full" in answer.body
    assert [item.key for item in site.objects.iterate("bucket")] == ["before"]
    assert len(list((tmp_path / "s3").iterdir())) == 1
    assert put("/later").status == 200


# How it is found


def test_the_client_carries_everything_and_the_environment_leads_here(local, monkeypatch):
    found = local.environment()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name not in found]:
        monkeypatch.delenv(name)
    session = boto3.Session()
    assert session.client("sts").get_caller_identity()["Account"] == local.account
    assert session.client("sagemaker").meta.endpoint_url == local.endpoint
    with pytest.raises(ClientError, match="no service 'ec2'"):
        session.client("ec2", config=ONCE).describe_instances()


def test_the_names_of_the_services_are_botocore_s():
    for service, name in SERVICES.items():
        known = service_model(service).metadata["serviceId"]
        assert name == known.upper().replace(" ", "_")


# Errors


def test_an_operation_that_is_missing_says_what_there_is(client):
    with pytest.raises(
        ClientError, match="does not have CreateDomain of sagemaker. It has: "
    ):
        client.create_domain(
            DomainName="d",
            AuthMode="IAM",
            DefaultUserSettings={},
            SubnetIds=["s"],
            VpcId="v",
        )


def test_what_is_no_operation_of_aws(local):
    headers = signed(local, X_Amz_Target="SageMaker.CreateNonsense")
    status, _, body = send(local, headers=headers)
    assert status == 400
    assert json.loads(body)["__type"] == "UnknownOperationException"
    assert "AddTags" in json.loads(body)["message"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"X_Amz_Target": "SageMaker.ListTags"}, b"{", 400, "SerializationException"),
        ({"X_Amz_Target": "SageMaker.ListTags"}, b"[]", 400, "SerializationException"),
        (
            {"X_Amz_Target": "SageMaker.ListTags"},
            b"\xff\xfe",
            400,
            "SerializationException",
        ),
        (
            {"X_Amz_Target": "SageMaker.ListTags"},
            b"[" * 99999,
            400,
            "SerializationException",
        ),
        (
            {"X_Amz_Target": "SageMaker.ListTags"},
            b'{"a":NaN}',
            400,
            "SerializationException",
        ),
        ({"X_Amz_Target": "SageMaker.ListTags"}, b"{}", 400, "ValidationException"),
        (
            {"X_Amz_Target": "SageMaker.ListTags"},
            b'{"ResourceArn":[{}]}',
            400,
            "Validation",
        ),
        ({"X_Amz_Target": "Logs.ListTags"}, b"{}", 400, "UnknownOperationException"),
        ({"X_Amz_Target": ""}, b"{}", 400, "UnknownOperationException"),
        ({"X_Amz_Target": "SageMaker."}, b"{}", 400, "UnknownOperationException"),
        ({}, b"{}", 404, "UnknownOperationException"),
    ],
)
def test_malformed_requests(local, headers, body, status, code):
    found, _, text = send(local, body=body, headers=signed(local, **headers))
    assert found == status
    assert json.loads(text)["__type"].startswith(code)


def test_a_body_of_100_megabytes_is_refused_and_read(local):
    headers = signed(local, X_Amz_Target="SageMaker.ListTags")
    status, _, body = send(local, body=b" " * 100_000_000, headers=headers)
    assert status == 413
    assert "26214400 bytes" in json.loads(body)["message"]
    assert local.client("sts").get_caller_identity()


def test_unsigned_and_foreign_requests_are_refused(local):
    status, _, body = send(local, headers={"X-Amz-Target": "SageMaker.ListTags"})
    assert status == 403
    assert json.loads(body)["__type"] == "MissingAuthenticationToken"
    keys = {"aws_access_key_id": "AKIAFOREIGN", "aws_secret_access_key": "secret"}
    foreign = local.client("sagemaker", config=ONCE, **keys)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        foreign.list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:111122223333:model/m")
    foreign = local.client("s3", config=ONCE, **keys)
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        foreign.list_buckets()
    assert send(local, headers={"X-Labs-Key": "x"})[0] == 403


def test_only_the_loopback_listens(local):
    server = psutil.Process(local._owner["pid"])
    listening = [c for c in server.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert [c.laddr.ip for c in listening] == ["127.0.0.1"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are another matter there")
def test_the_key_is_readable_by_its_owner_only(local):
    assert (local.folder / "server.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (
            {"ModelName": "a b", "ExecutionRoleArn": "arn:aws:iam::111122223333:role/abc"},
            "1 validation error detected: Value 'a b' at 'modelName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: ",
        ),
        (
            {"Containers": [{"Mode": "Twin"}], "ModelName": "a"},
            "Value 'Twin' at 'containers.1.member.mode' failed to satisfy constraint: Member "
            "must satisfy enum value set: [SingleModel, MultiModel]",
        ),
        (
            {},
            "Value null at 'modelName' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_validation_errors_have_aws_s_form(request_, text):
    with pytest.raises(RequestError) as error:
        validate("CreateModel", request_)
    assert text in from_findings(error.value, request_)


# Pages


def test_pages_go_through_all_and_a_token_belongs_to_its_request():
    items, seen, token = list(range(25)), [], None
    while True:
        request = {"NameContains": "a", "MaxResults": 7, "NextToken": token}
        answer = page(items, request, key="Items")
        seen += answer["Items"]
        token = answer.get("NextToken")
        if token is None:
            break
        with pytest.raises(Exception, match="another request"):
            page(items, {"NameContains": "b", "NextToken": token}, key="Items")
    assert seen == items
    for wrong in ("x", "e30=", "WzEsMl0=", "ä"):
        with pytest.raises(Exception, match="NextToken"):
            page(items, {"NextToken": wrong}, key="Items")


@pytest.mark.skipif(os.name == "nt", reason="sends an interrupt")
def test_the_command_prints_an_environment_that_leads_here(tmp_path):
    command = [sys.executable, "-m", "labs_lib.cli", "sagemaker", "serve"]
    hostile = {
        **os.environ,
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL_S3": "http://x.invalid",
    }
    served = subprocess.Popen(
        [*command, "--folder", str(tmp_path)],
        env=hostile,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in served.stdout:
        lines.append(line.strip())
        if "Ctrl-C" in line:
            break
    assert "unset AWS_PROFILE" in lines
    assert any("AWS_ENDPOINT_URL_S3" in line and "127.0.0.1" in line for line in lines)
    owner = lock.read_owner(tmp_path)
    served.send_signal(signal.SIGINT)
    assert served.wait(20) == 0
    assert not lock.is_alive(owner)
