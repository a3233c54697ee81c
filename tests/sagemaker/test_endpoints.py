"""Models, configurations, endpoints, invocations."""

import contextlib
import io
import json
import socket
import sys
import tarfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest
import xgboost
from botocore.exceptions import ClientError, WaiterError

from labs_lib import sagemaker
from labs_lib.clock import Clock
from labs_lib.sagemaker import archives, workers

from .conftest import ONCE, have_ended

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/worker:1"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SKLEARN = (
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
)


def archive(files):
    """A tar.gz of names and bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def code(error):
    return error.value.response["Error"]["Code"]


class Site:
    """Clients of one server, and the calls that every test makes."""

    def __init__(self, local):
        self.local = local
        self.sagemaker = local.client("sagemaker", config=ONCE)
        self.runtime = local.client("sagemaker-runtime", config=ONCE)
        self.s3 = local.client("s3", config=ONCE)
        local.register(
            IMAGE, serve=[sys.executable, str(Path(__file__).with_name("worker.py"))]
        )
        self.s3.create_bucket(Bucket=local.bucket)

    def model(self, name, *, image=IMAGE, files=None, **environment):
        container = {"Image": image, "Environment": environment}
        if files is not None:
            key = f"{name}/model.tar.gz"
            self.s3.put_object(Bucket=self.local.bucket, Key=key, Body=archive(files))
            container["ModelDataUrl"] = f"s3://{self.local.bucket}/{key}"
        return self.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=self.local.role, PrimaryContainer=container
        )

    def variant(self, name, model, count=1, **more):
        return {
            "VariantName": name,
            "ModelName": model,
            "InitialInstanceCount": count,
            "InstanceType": "ml.m5.large",
            **more,
        }

    def endpoint(self, name, *variants, wait=True):
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants)
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        if wait:
            waiter = self.sagemaker.get_waiter("endpoint_in_service")
            waiter.wait(EndpointName=name, WaiterConfig={"MaxAttempts": 3})

    def invoke(self, name, body=b"", **more):
        return self.runtime.invoke_endpoint(EndpointName=name, Body=body, **more)

    def said(self, name, body=b"", **more):
        return json.loads(self.invoke(name, body, **more)["Body"].read())

    def delete(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        waiter = self.sagemaker.get_waiter("endpoint_deleted")
        waiter.wait(EndpointName=name, WaiterConfig={"MaxAttempts": 3})


@pytest.fixture(scope="module")
def site(local):
    return Site(local)


@pytest.fixture(scope="module")
def served(site):
    """An endpoint with one worker that answers what it saw."""
    site.model("plain", files={"weights": b"1"}, NAME="plain")
    site.endpoint("plain", site.variant("only", "plain"))
    return site


# Models and configurations


def test_a_model_from_its_creation_to_its_end(site):
    tags = [{"Key": "team", "Value": "a"}]
    arn = site.sagemaker.create_model(
        ModelName="short", ExecutionRoleArn=site.local.role,
        Containers=[{"Image": IMAGE}], Tags=tags,
    )["ModelArn"]  # fmt: skip
    assert arn == "arn:aws:sagemaker:us-east-1:111122223333:model/short"
    found = site.sagemaker.describe_model(ModelName="short")
    assert found["Containers"] == [{"Image": IMAGE}]
    assert abs(found["CreationTime"].timestamp() - time.time()) < 60
    assert site.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        site.model("short")
    site.sagemaker.delete_model(ModelName="short")
    for call in (site.sagemaker.describe_model, site.sagemaker.delete_model):
        with pytest.raises(ClientError, match='Could not find model "arn:aws:') as error:
            call(ModelName="short")
        assert code(error) == "ValidationException"
    with pytest.raises(ClientError, match="Could not find a resource"):
        site.sagemaker.list_tags(ResourceArn=arn)


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"Image": "unknown/image:1"},
            "It runs ACCOUNT.dkr.ecr.REGION.amazonaws.com/sagemaker",
        ),
        ({"Image": IMAGE, "Mode": "MultiModel"}, "a prefix under which the models are"),
        (
            {"Image": IMAGE, "MultiModelConfig": {"ModelCacheSetting": "Enabled"}},
            "whose Mode is MultiModel",
        ),
        (
            {"Image": IMAGE, "ModelDataUrl": "s3://no-bucket/x"},
            "Could not find model data at",
        ),
        ({"ModelPackageName": "p"}, 'model-package/p" does not exist|p does not exist'),
        ({"Environment": {}}, "either Image or ModelPackageName"),
    ],
)
def test_models_that_cannot_be(site, container, message):
    with pytest.raises(ClientError, match=message) as error:
        site.sagemaker.create_model(
            ModelName="wrong", ExecutionRoleArn=site.local.role, PrimaryContainer=container
        )
    assert code(error) == "ValidationException"


def test_lists_are_filtered_sorted_and_paged(site):
    for number in range(12):
        site.model(f"listed-{number:02}")
    listed = {"NameContains": "LISTED"}
    pages = site.sagemaker.get_paginator("list_models").paginate(**listed)
    pages = list(pages)
    assert [len(page["Models"]) for page in pages] == [10, 2]
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    assert names == [f"listed-{number:02}" for number in reversed(range(12))]
    by_name = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 100}
    first = site.sagemaker.list_models(**listed, **by_name)["Models"][0]
    assert first["ModelName"] == "listed-00"
    later = site.sagemaker.list_models(**listed, CreationTimeAfter=first["CreationTime"])
    earlier = site.sagemaker.list_models(**listed, CreationTimeBefore=first["CreationTime"])
    assert (len(later["Models"]), len(earlier["Models"])) == (10, 0)


def test_configurations(site):
    site.model("configured")
    variant = site.variant("v", "configured")
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="c", ProductionVariants=[variant]
    )
    found = site.sagemaker.describe_endpoint_config(EndpointConfigName="c")
    assert found["ProductionVariants"] == [{**variant, "InitialVariantWeight": 1.0}]
    for variants, message in (
        ([site.variant("v", "nothing")], 'Could not find model "arn'),
        ([variant, variant], "must be unique"),
        (
            [{"VariantName": "v", "ModelName": "configured"}],
            "InitialInstanceCount is missing",
        ),
    ):
        with pytest.raises(ClientError, match=message):
            site.sagemaker.create_endpoint_config(
                EndpointConfigName="wrong", ProductionVariants=variants
            )
    site.sagemaker.delete_endpoint_config(EndpointConfigName="c")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        site.sagemaker.describe_endpoint_config(EndpointConfigName="c")


@pytest.mark.parametrize(
    ("production", "shadows"), [("p", "st"), ("pq", "s"), ("pq", "st")]
)
def test_a_shadow_stands_beside_one_variant_alone(site, production, shadows):
    """botocore: with ShadowProductionVariants "you can only specify one variant" of each."""
    name = f"shadowed-{production}-{shadows}"
    site.model(name)

    def create(config, production, shadows):
        site.sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[site.variant(v, name) for v in production],
            ShadowProductionVariants=[site.variant(v, name) for v in shadows],
        )

    create(name, "p", "s")
    with pytest.raises(ClientError, match="with a shadow variant one of each kind"):
        create("more", production, shadows)


# Endpoints


def test_an_endpoint_serves_and_shows_what_it_is(served):
    found = served.sagemaker.describe_endpoint(EndpointName="plain")
    assert found["EndpointStatus"] == "InService"
    (variant,) = found["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (1, 1.0)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    answer = served.invoke(
        "plain", b"12345", ContentType="text/csv", Accept="a/b", CustomAttributes="x=1",
        InferenceId="id-1",
    )  # fmt: skip
    assert answer["InvokedProductionVariant"] == "only"
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "from-the-worker"
    seen = json.loads(answer["Body"].read())
    assert (seen["size"], seen["files"], seen["name"]) == (5, ["weights"], "plain")
    for header, value in {
        "content-type": "text/csv",
        "accept": "a/b",
        "x-amzn-sagemaker-custom-attributes": "x=1",
        "x-amzn-sagemaker-inference-id": "id-1",
    }.items():
        assert seen["headers"][header] == value


def test_creation_can_be_seen_and_the_end_too(site):
    site.model("seen")
    site.endpoint("seen", site.variant("v", "seen", 2), wait=False)
    found = site.sagemaker.describe_endpoint(EndpointName="seen")
    assert found["EndpointStatus"] == "Creating"
    (status,) = found["ProductionVariants"][0]["VariantStatus"]
    assert status == {"Status": "Creating", "StartTime": found["CreationTime"]}
    with pytest.raises(ClientError, match="is Creating, not InService"):
        site.invoke("seen")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        site.sagemaker.delete_endpoint(EndpointName="seen")
    begun = time.monotonic()
    site.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="seen")
    assert time.monotonic() - begun < 25, (
        "a waiter sleeps for 30 s if Describe does not hold"
    )
    pids = {site.said("seen", b"sleep 0.2")["pid"]}
    threads = [
        threading.Thread(target=lambda: pids.add(site.said("seen", b"sleep 0.3")["pid"]))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 2, "the worker with the fewest requests is taken"
    site.delete("seen")
    assert not any(map(psutil.pid_exists, pids))
    with pytest.raises(ClientError, match='Could not find endpoint "arn'):
        site.sagemaker.describe_endpoint(EndpointName="seen")
    with pytest.raises(
        ClientError, match="Endpoint seen of account 111122223333 not found"
    ):
        site.invoke("seen")


def test_an_endpoint_that_cannot_start_fails_with_a_reason_and_can_be_deleted(site):
    site.model("broken", MODE="exit")
    with pytest.raises(WaiterError):
        site.endpoint("broken", site.variant("v", "broken"))
    found = site.sagemaker.describe_endpoint(EndpointName="broken")
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "exit code 3; nothing to serve" in found["FailureReason"]
    site.delete("broken")


def test_a_sick_container_fails_when_its_time_is_over(site):
    worker = workers.Container((sys.executable, str(Path(__file__).with_name("worker.py"))),
                               site.local.folder, {**site.local.environment(), "MODE": "sick",
                                                   "SM_MODEL_DIR": "."}, 1.5)  # fmt: skip
    fleet = workers.Fleet(worker, 1, lambda number, line: None)
    with pytest.raises(workers.StartFailed, match="in time"):
        fleet.start()
    assert fleet.workers == []


def test_a_port_that_is_taken_is_not_the_end(site, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], workers._free_port()])
        monkeypatch.setattr(workers, "_free_port", lambda: next(ports))
        command = (sys.executable, str(Path(__file__).with_name("worker.py")))
        environment = {**site.local.environment(), "SM_MODEL_DIR": "."}
        container = workers.Container(command, tmp_path, environment, 20.0)
        fleet = workers.Fleet(container, 1, lambda number, line: print(line))
        # Whoever has the port must not be taken for the worker.
        fleet.start()
        assert fleet.workers[0].ping()
        assert fleet.workers[0].port != taken.getsockname()[1]
        fleet.close(Clock())


def test_names_limits_and_lists_of_endpoints(served):
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        served.sagemaker.create_endpoint(EndpointName="plain", EndpointConfigName="plain")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        served.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="nothing")
    served.sagemaker.create_endpoint_config(
        EndpointConfigName="huge", ProductionVariants=[served.variant("v", "plain", 17)]
    )
    limit = served.sagemaker.exceptions.ResourceLimitExceeded
    with pytest.raises(limit, match="The limit for instances of endpoints is 16"):
        served.sagemaker.create_endpoint(EndpointName="huge", EndpointConfigName="huge")
    listed = served.sagemaker.list_endpoints(StatusEquals="InService", NameContains="plain")
    assert [item["EndpointName"] for item in listed["Endpoints"]] == ["plain"]
    assert served.sagemaker.list_endpoints(StatusEquals="Failed")["Endpoints"] == []


# Invocations


def test_errors_of_a_model_are_model_errors(served):
    error_class = served.runtime.exceptions.ModelError
    with pytest.raises(
        error_class, match=r"Received client error \(418\) from primary"
    ) as error:
        served.invoke("plain", b"status 418")
    response = error.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 418
    assert response["OriginalMessage"] == "as you wished"
    assert "/aws/sagemaker/Endpoints/plain" in response["LogStreamArn"]


@pytest.mark.parametrize("size", [0, 6 * 2**20 + 1, 25 * 2**20])
def test_bodies_up_to_the_guide_s_limit(served, size):
    assert served.said("plain", bytes(size))["size"] == size


def test_bodies_over_the_limit(served):
    with pytest.raises(ClientError, match="26214400 bytes") as error:
        served.invoke("plain", bytes(25 * 2**20 + 1))
    assert code(error) == "ValidationError"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert served.said("plain")["size"] == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"TargetVariant": "none"}, "Variant none is not one of endpoint plain"),
        ({"TargetModel": "a.tar.gz"}, "takes no TargetModel"),
        ({"CustomAttributes": "x" * 1025}, "customAttributes"),
    ],
)
def test_invocations_that_cannot_be(served, more, message):
    with pytest.raises(ClientError, match=message):
        served.invoke("plain", **more)


def test_traffic_goes_by_weight_and_a_target_overrides_it(site):
    site.model("left", NAME="left")
    site.model("right", NAME="right")
    site.endpoint(
        "two",
        site.variant("l", "left", InitialVariantWeight=3.0),
        site.variant("r", "right", InitialVariantWeight=1.0),
    )
    counts = Counter(site.invoke("two")["InvokedProductionVariant"] for _ in range(400))
    # Five standard deviations around 300.
    assert abs(counts["l"] - 300) < 5 * np.sqrt(400 * 0.75 * 0.25)
    assert site.said("two", TargetVariant="r")["name"] == "right"
    site.delete("two")


def test_a_worker_that_dies_is_replaced(site):
    site.model("mortal")
    site.endpoint("mortal", site.variant("v", "mortal"))
    before = site.said("mortal")["pid"]
    with pytest.raises(site.runtime.exceptions.ModelError, match="hung up"):
        site.invoke("mortal", b"die")
    after = None
    deadline = time.monotonic() + 20
    while after is None and time.monotonic() < deadline:
        time.sleep(0.05)
        with contextlib.suppress(ClientError):
            after = site.said("mortal")["pid"]
    assert after is not None
    assert after != before
    site.delete("mortal")


def test_what_a_worker_started_ends_with_it(site):
    site.model("parent", MODE="child")
    site.endpoint("parent", site.variant("v", "parent"))
    worker = psutil.Process(site.said("parent")["pid"])
    family = [worker, *worker.children(recursive=True)]
    assert len(family) >= 3
    site.delete("parent")
    assert have_ended(*family)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to ignore")
def test_a_stubborn_worker_is_killed_after_30_seconds_on_the_clock(site):
    site.model("stubborn", MODE="stubborn")
    site.endpoint("stubborn", site.variant("v", "stubborn"))
    worker = psutil.Process(site.said("stubborn")["pid"])
    site.sagemaker.delete_endpoint(EndpointName="stubborn")
    time.sleep(0.3)
    assert worker.is_running()
    found = site.sagemaker.describe_endpoint(EndpointName="stubborn")
    assert found["EndpointStatus"] == "Deleting"
    site.local.step(31)
    site.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="stubborn")
    assert have_ended(worker)


def test_the_log_of_an_endpoint_can_be_read(served):
    logs = served.local.client("logs")
    group = "/aws/sagemaker/Endpoints/plain"
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"] == "only/worker-0"
    found = logs.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
    )
    assert found["events"][0]["message"].startswith("worker starts")


# The images of AWS


@pytest.fixture(scope="module")
def booster():
    table = np.random.default_rng(0).normal(size=(300, 3))
    data = xgboost.DMatrix(table, label=(table[:, 0] > 0).astype(float))
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 5)


def test_the_built_in_xgboost_serves(site, booster):
    files = {"xgboost-model": bytes(booster.save_raw("ubj"))}
    site.model("boosted", image=XGBOOST, files=files)
    site.endpoint("boosted", site.variant("v", "boosted"))
    rows = np.array([[1, 0, 0], [-1, 0, np.nan]], dtype=np.float32)
    expected = booster.inplace_predict(rows)
    answer = site.invoke("boosted", b"1,0,0\n-1,0,\n", ContentType="text/csv")
    assert np.allclose([float(x) for x in answer["Body"].read().split()], expected)
    answer = site.said(
        "boosted", b"0:1 1:0 2:0", ContentType="text/libsvm", Accept="application/json"
    )
    assert np.allclose(answer["predictions"][0]["score"], expected[0])
    for body, kind, status in ((b"1,2", "text/csv", 400), (b"1,2,3", "image/png", 415)):
        with pytest.raises(site.runtime.exceptions.ModelError) as error:
            site.invoke("boosted", body, ContentType=kind)
        assert error.value.response["OriginalStatusCode"] == status
    site.delete("boosted")


def test_a_pickle_is_not_opened(site, tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "exploded",)

    site.model("bomb", image=XGBOOST, files={"xgboost-model": pickle.dumps(Bomb())})
    with pytest.raises(WaiterError):
        site.endpoint("bomb", site.variant("v", "bomb"))
    reason = site.sagemaker.describe_endpoint(EndpointName="bomb")["FailureReason"]
    assert "no model that XGBoost has saved itself" in reason
    assert not (tmp_path / "exploded").exists()
    site.delete("bomb")


def test_a_script_serves(site):
    script = (
        b"import json, os\n"
        b"def model_fn(folder): return json.load(open(os.path.join(folder, 'm.json')))\n"
        b"def predict_fn(data, model): return data.sum(axis=1) * model['factor']\n"
    )
    files = {"m.json": b'{"factor": 2}', "code/serve.py": script}
    site.model("scripted", image=SKLEARN, files=files, SAGEMAKER_PROGRAM="serve.py")
    site.endpoint("scripted", site.variant("v", "scripted"))
    answer = site.invoke("scripted", b"1,2\n3,4\n", ContentType="text/csv")
    assert answer["Body"].read() == b"6.0\n14.0\n"
    answer = site.invoke(
        "scripted", b"[[1, 2]]", ContentType="application/json", Accept="application/json"
    )
    assert json.loads(answer["Body"].read()) == [6]
    site.delete("scripted")


def test_scikit_learn_without_a_script_says_what_it_needs(site):
    site.model("unscripted", image=SKLEARN)
    with pytest.raises(WaiterError):
        site.endpoint("unscripted", site.variant("v", "unscripted"))
    reason = site.sagemaker.describe_endpoint(EndpointName="unscripted")["FailureReason"]
    assert "SAGEMAKER_PROGRAM" in reason


# Archives


@pytest.mark.parametrize("name", ["../up", "/root", "a/../../up", "c:/x"])
def test_an_archive_that_leads_out_is_refused_whole(tmp_path, name):
    (tmp_path / "a.tar.gz").write_bytes(archive({"good": b"1", name: b"2"}))
    with pytest.raises(ValueError, match="leads out of its folder"):
        archives.unpack(tmp_path / "a.tar.gz", tmp_path / "out", what="it")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_an_archive_with_links_is_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(ValueError, match="no plain file"):
        archives.unpack(tmp_path / "a.tar", tmp_path / "out", what="it")


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", archive({"a": b"1" * 9999})[:60]],
    ids=["empty", "nonsense", "cut"],
)
def test_what_is_no_archive_is_refused(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ValueError, match="not a tar.gz"):
        archives.unpack(tmp_path / "a", tmp_path / "out", what="it")


def test_equal_files_make_an_equal_archive(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "f").write_bytes(b"x" * 1000)
        archives.pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
    one, two = ((tmp_path / f"{name}.tar.gz").read_bytes() for name in ("one", "two"))
    assert one == two
    archives.unpack(tmp_path / "one.tar.gz", tmp_path / "out", what="it")
    assert (tmp_path / "out" / "sub" / "f").read_bytes() == b"x" * 1000


# Restart


def test_endpoints_serve_again_after_a_kill_of_the_server(tmp_path):
    first = sagemaker.start(tmp_path)
    site = Site(first)
    site.model("again", files={"w": b"1"})
    site.endpoint("again", site.variant("v", "again"))
    worker = psutil.Process(site.said("again")["pid"])
    psutil.Process(first._owner["pid"]).kill()
    first._process.wait()
    assert have_ended(worker)
    with sagemaker.start(tmp_path) as second:
        client = second.client("sagemaker")
        client.get_waiter("endpoint_in_service").wait(EndpointName="again")
        runtime = second.client("sagemaker-runtime", config=ONCE)
        answer = runtime.invoke_endpoint(EndpointName="again", Body=b"")
        assert json.loads(answer["Body"].read())["files"] == ["w"]
    first.close()
