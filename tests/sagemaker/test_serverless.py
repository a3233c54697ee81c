"""Serverless endpoints: workers that come with the requests and go without them."""

import threading
import time

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker
from labs_lib.sagemaker.serverless import BODY_LIMIT, IDLE

from .test_endpoints import Site, code


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    # The clock stands still: nothing idle ends unless a test says so.
    with sagemaker.start(tmp_path_factory.mktemp("site"), speed=0) as local:
        found = Site(local)
        found.model("plain", NAME="plain")
        yield found


def variant(most=2, model="plain", **more):
    config = {"MemorySizeInMB": 1024, "MaxConcurrency": most, **more}
    return {"VariantName": "only", "ModelName": model, "ServerlessConfig": config}


def pids(site, name, count):
    """Ask as many times at once and return which workers answered, and the errors."""
    found, errors = [], []

    def ask():
        try:
            found.append(site.said(name, b"sleep 1.5")["pid"])
        except ClientError as error:
            errors.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, errors


def test_a_worker_comes_with_a_request_and_goes_when_idle(site):
    site.endpoint("cold", variant())
    first = site.said("cold")["pid"]
    assert site.said("cold")["pid"] == first
    site.local.step(IDLE - 1)
    assert site.said("cold")["pid"] == first
    site.local.step(IDLE - 1)
    assert site.said("cold")["pid"] == first
    site.local.step(IDLE)
    deadline = time.monotonic() + 20
    while (other := site.said("cold")["pid"]) == first and time.monotonic() < deadline:
        site.local.step(IDLE)
    assert other != first
    described = site.sagemaker.describe_endpoint(EndpointName="cold")
    (shown,) = described["ProductionVariants"]
    assert shown["CurrentServerlessConfig"] == variant()["ServerlessConfig"]
    assert "CurrentInstanceCount" not in shown
    assert shown["CurrentWeight"] == 1
    site.delete("cold")


def test_more_requests_than_allowed_are_throttled(site):
    site.endpoint("narrow", variant(2))
    found, errors = pids(site, "narrow", 4)
    assert len(found) == len(set(found)) == 2
    assert errors == ["ThrottlingException"] * 2
    # What came is kept for the next ones.
    assert site.said("narrow")["pid"] in found
    site.delete("narrow")


def test_provisioned_workers_are_there_before_the_first_request(site):
    site.endpoint("warm", variant(2, ProvisionedConcurrency=1))
    first = site.said("warm")["pid"]
    site.local.step(3 * IDLE)
    assert site.said("warm")["pid"] == first
    found, errors = pids(site, "warm", 2)
    assert first in found
    assert len(set(found)) == 2
    assert not errors
    site.delete("warm")


def test_cold_starts_are_measured(site):
    site.endpoint("timed", variant())
    site.said("timed")
    site.said("timed")
    site.delete("timed")
    now = time.time()
    watch = site.local.client("cloudwatch")
    for _ in range(40):
        points = watch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="ModelSetupTime",
            Dimensions=[
                {"Name": "EndpointName", "Value": "timed"},
                {"Name": "VariantName", "Value": "only"},
            ],
            StartTime=now - 86400,
            EndTime=now + 86400,
            Period=172800,
            Statistics=["SampleCount", "Average"],
        )["Datapoints"]
        if points:
            break
        time.sleep(0.1)
    (point,) = points
    assert point["SampleCount"] == 1
    assert 1e3 < point["Average"] < 60e6
    assert point["Unit"] == "Microseconds"


def test_a_model_that_does_not_start_fails_the_endpoint(site):
    site.model("bad", MODE="exit")
    site.endpoint("bad", variant(model="bad"), wait=False)
    for _ in range(200):
        found = site.sagemaker.describe_endpoint(EndpointName="bad")
        if found["EndpointStatus"] != "Creating":
            break
        time.sleep(0.1)
    assert found["EndpointStatus"] == "Failed"
    assert "exit code 3" in found["FailureReason"]
    site.sagemaker.delete_endpoint(EndpointName="bad")


def test_the_room_of_the_machine_is_given_back(site):
    before = site_room(site)
    site.endpoint("room", variant(3))
    assert site_room(site) == before - 1
    assert len(pids(site, "room", 3)[0]) == 3
    assert site_room(site) == before - 3
    site.delete("room")
    assert site_room(site) == before


def site_room(site):
    """How many instances there is room for, from the message of a refusal."""
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="too-many",
        ProductionVariants=[site.variant("a", "plain", 99)],
    )
    try:
        with pytest.raises(ClientError) as refused:
            site.sagemaker.create_endpoint(
                EndpointName="too-many", EndpointConfigName="too-many"
            )
    finally:
        site.sagemaker.delete_endpoint_config(EndpointConfigName="too-many")
    text = refused.value.response["Error"]["Message"]
    return 16 - int(text.partition("utilization of ")[2].split()[0])


def test_what_is_refused(site):
    with pytest.raises(ClientError, match="the only one"):
        site.endpoint("refused", variant(), site.variant("b", "plain"), wait=False)
    output = {"OutputConfig": {"S3OutputPath": f"s3://{site.local.bucket}/out"}}
    with pytest.raises(ClientError, match="leave out AsyncInferenceConfig"):
        site.sagemaker.create_endpoint_config(
            EndpointConfigName="refused",
            ProductionVariants=[variant()],
            AsyncInferenceConfig=output,
        )
    site.endpoint("big", variant())
    with pytest.raises(ClientError, match="a serverless endpoint takes") as error:
        site.invoke("big", b"x" * (BODY_LIMIT + 1))
    assert code(error) == "ValidationError"
    with pytest.raises(ClientError, match="is serverless"):
        site.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="big",
            DesiredWeightsAndCapacities=[{"VariantName": "only", "DesiredWeight": 2}],
        )
    scaling = site.local.client("application-autoscaling")
    with pytest.raises(ClientError, match="no variant with instances"):
        scaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId="endpoint/big/variant/only",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=2,
        )


def test_an_update_to_another_serverless_configuration_and_to_instances(site):
    site.endpoint("moves", variant(1))
    first = site.said("moves")["pid"]
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="moves-2", ProductionVariants=[variant(2)]
    )
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="moves-3", ProductionVariants=[site.variant("only", "plain")]
    )
    seen = {first}
    for config in ("moves-2", "moves-3"):
        site.sagemaker.update_endpoint(EndpointName="moves", EndpointConfigName=config)
        waiter = site.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName="moves", WaiterConfig={"MaxAttempts": 3})
        seen.add(site.said("moves")["pid"])
    assert len(seen) == 3
    with pytest.raises(ClientError, match="cannot become serverless"):
        site.sagemaker.update_endpoint(EndpointName="moves", EndpointConfigName="moves-2")
    site.delete("moves")
