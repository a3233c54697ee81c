"""Nothing reaches AWS or a proxy, however hostile the environment."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from labs_lib import sagemaker
from labs_lib.sagemaker.environment import environment

PROGRAM = """
import json, socket, sys
reached = []

def guard(call):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            reached.append([str(address[0]), address[1]])
            if not str(address[0]).startswith("127."):
                raise OSError(f"tried to reach {address}")
        return call(self, address)
    return connect

socket.socket.connect = guard(socket.socket.connect)
socket.socket.connect_ex = guard(socket.socket.connect_ex)
look = socket.getaddrinfo

def lookup(host, *arguments, **options):
    if host not in ("127.0.0.1", "localhost", None):
        reached.append([str(host), 0])
        raise OSError(f"tried to look up {host}")
    return look(host, *arguments, **options)

socket.getaddrinfo = lookup
"""

UNCHANGED = """
import boto3
account = boto3.client("sts").get_caller_identity()["Account"]
s3 = boto3.client("s3")
s3.create_bucket(Bucket="hostile")
s3.put_object(Bucket="hostile", Key="k", Body=b"1")
assert s3.get_object(Bucket="hostile", Key="k")["Body"].read() == b"1"
boto3.client("sagemaker").list_models()
runtime = boto3.client("sagemaker-runtime")
try:
    runtime.invoke_endpoint(EndpointName="none", Body=b"")
except runtime.exceptions.ValidationError as error:
    assert "not found" in str(error)
boto3.client("logs").describe_log_groups()
for service, call in (("ec2", "describe_instances"), ("iam", "list_users"),
                      ("rds", "describe_db_instances"), ("lambda", "list_functions")):
    try:
        getattr(boto3.client(service), call)()
    except Exception as error:
        assert "has no service" in str(error), error
    else:
        raise AssertionError(service)
print(json.dumps([account, reached]))
"""

EXPLICIT = """
from labs_lib import sagemaker
with sagemaker.start(FOLDER) as local:
    clients = {name: local.client(name) for name in
               ("sts", "s3", "sagemaker", "sagemaker-runtime", "logs")}
    account = clients["sts"].get_caller_identity()["Account"]
    clients["s3"].create_bucket(Bucket="hostile")
    clients["s3"].put_object(Bucket="hostile", Key="k", Body=b"1")
    assert clients["s3"].get_object(Bucket="hostile", Key="k")["Body"].read() == b"1"
    assert clients["s3"].list_objects_v2(Bucket="hostile")["KeyCount"] == 1
    clients["sagemaker"].list_models()
    clients["logs"].describe_log_groups()
    try:
        clients["sagemaker-runtime"].invoke_endpoint(EndpointName="none", Body=b"")
    except clients["sagemaker-runtime"].exceptions.ValidationError as error:
        assert "not found" in str(error)
print(json.dumps([account, reached]))
"""


class Trap:
    """A listener on the loopback that notes whoever comes: the proxy, the foreign endpoint."""

    def __init__(self):
        self.visits = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.visits.append(connection.recv(200))

    def close(self):
        self._socket.close()


@pytest.fixture
def trap():
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture
def hostile(tmp_path, trap):
    """Everything in an environment and in files that leads elsewhere."""
    home = tmp_path / "home"
    models = home / ".aws" / "models" / "sts" / "2011-06-15"
    models.mkdir(parents=True)
    (models / "service-2.json").write_text("{ not a model")
    profile = (
        f"endpoint_url = {trap.address}\nregion = eu-central-1\nuse_fips_endpoint = true\n"
        "role_arn = arn:aws:iam::999988887777:role/other\nsource_profile = default\n"
        f"s3 =\n  addressing_style = virtual\n  endpoint_url = {trap.address}\n"
    )
    config = f"[default]\n{profile}[profile work]\n{profile}"
    credentials = "[default]\naws_access_key_id=AKIAREAL\naws_secret_access_key=real\n"
    for folder in (home / ".aws", tmp_path):
        (folder / "config").write_text(config)
        (folder / "credentials").write_text(credentials)
    return {
        **os.environ,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "work",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_REGION": "cn-north-1",
        "AWS_ENDPOINT_URL": trap.address,
        "AWS_ENDPOINT_URL_S3": trap.address,
        "AWS_ENDPOINT_URL_STS": trap.address,
        "AWS_ENDPOINT_URL_SAGEMAKER": trap.address,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": trap.address,
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": trap.address,
        "AWS_ENDPOINT_URL_EC2": trap.address,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_CSM_ENABLED": "true",
        "AWS_DATA_PATH": str(home / ".aws" / "models"),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap.address,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "config"),
        "AWS_ROLE_ARN": "arn:aws:iam::999988887777:role/other",
        "AWS_CA_BUNDLE": str(tmp_path / "nothing.pem"),
        "AWS_S3_USE_ARN_REGION": "maybe",
        **{
            name: trap.address
            for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
            for name in (proxy, proxy.lower())
        },
        "NO_PROXY": "example.com",
        "no_proxy": "",
    }


def run(program, variables):
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_clients_that_carry_everything(hostile, trap, tmp_path):
    program = EXPLICIT.replace("FOLDER", repr(str(tmp_path / "site")))
    account, reached = run(program, hostile)
    assert account == "111122223333"
    assert {host for host, _ in reached} == {"127.0.0.1"}
    assert trap.visits == []


def test_unchanged_code_in_the_environment(hostile, trap, tmp_path, monkeypatch):
    with sagemaker.start(tmp_path / "site") as local:
        found = environment(
            hostile, endpoint=local.endpoint, key=local._owner["key"], folder=local.folder
        )
        # boto3 looks for models in the home folder whatever the environment says.
        found["HOME"] = found["USERPROFILE"] = str(tmp_path)
        account, reached = run(UNCHANGED, found)
    assert account == "111122223333"
    port = int(local.endpoint.rpartition(":")[2])
    assert {tuple(address) for address in reached} == {("127.0.0.1", port)}
    assert trap.visits == []


def test_the_environment_keeps_what_is_not_about_aws(tmp_path):
    base = {"PATH": "/bin", "AWS_X": "1", "BOTO_CONFIG": "x", "No_Proxy": "a.b, c.d"}
    found = environment(base, endpoint="http://127.0.0.1:1", key="k", folder=tmp_path)
    assert found["PATH"] == "/bin"
    assert {"AWS_X", "BOTO_CONFIG", "No_Proxy"}.isdisjoint(found)
    assert found["NO_PROXY"] == found["no_proxy"] == "a.b,c.d,127.0.0.1,localhost"
    assert base["AWS_X"] == "1"


def test_a_job_finds_this_sagemaker_and_no_other(tmp_path, hostile, trap, monkeypatch):
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    image = "own:1"
    code = (
        "import boto3, os\n"
        "found = boto3.client('sts').get_caller_identity()['Account']\n"
        "open(os.path.join(os.environ['SM_MODEL_DIR'], 'account'), 'w').write(found)\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with sagemaker.start(tmp_path / "site") as local:
        local.register(image, train=[sys.executable, "-c", code])
        local.client("s3").create_bucket(Bucket="out")
        client = local.client("sagemaker")
        client.create_training_job(
            TrainingJobName="job",
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            RoleArn=local.role,
            OutputDataConfig={"S3OutputPath": "s3://out/"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")
        job = client.describe_training_job(TrainingJobName="job")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert trap.visits == []
