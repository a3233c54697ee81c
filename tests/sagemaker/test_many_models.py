"""Multi-model endpoints: many models behind one container."""

import json
import threading
import time

import numpy as np
import pytest
import xgboost
from botocore.exceptions import ClientError

from .test_endpoints import SKLEARN, XGBOOST, Site, archive, code

SCRIPT = """
import os, time

def model_fn(folder):
    given = open(os.path.join(folder, "factor")).read().split()
    time.sleep(float(given[1]) if len(given) > 1 else 0)
    return float(given[0])

def predict_fn(rows, factor):
    time.sleep(float(os.environ.get("PAUSE", "0")))
    return rows * factor
"""


@pytest.fixture(scope="module")
def site(local):
    found = Site(local)
    found.s3.put_object(
        Bucket=local.bucket, Key="code.tar.gz", Body=archive({"s.py": SCRIPT.encode()})
    )
    return found


def endpoint(site, name, *, count=1, setting=None, image=SKLEARN, **environment):
    container = {
        "Image": image,
        "Mode": "MultiModel",
        "ModelDataUrl": f"s3://{site.local.bucket}/{name}/",
        "Environment": environment,
    }
    if image == SKLEARN:
        place = f"s3://{site.local.bucket}/code.tar.gz"
        container["Environment"] |= {
            "SAGEMAKER_PROGRAM": "s.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": place,
        }
    if setting:
        container["MultiModelConfig"] = {"ModelCacheSetting": setting}
    site.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=site.local.role, PrimaryContainer=container
    )
    site.endpoint(name, site.variant("only", name, count))


def put(site, name, target, text, size=0):
    files = {"factor": text.encode(), "weights": bytes(size)}
    site.s3.put_object(
        Bucket=site.local.bucket, Key=f"{name}/{target}", Body=archive(files)
    )


def ask(site, name, target, row="1,2"):
    answer = site.invoke(name, row.encode(), ContentType="text/csv", TargetModel=target)
    return [float(x) for x in answer["Body"].read().decode().strip().split(",")]


def total(site, name, metric, statistic="Sum", seconds=10):
    """Return a statistic of all that an endpoint has reported, when it is stored."""
    watch = site.local.client("cloudwatch")
    deadline = time.monotonic() + seconds
    time.sleep(1.5)
    while True:
        points = watch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[
                {"Name": "EndpointName", "Value": name},
                {"Name": "VariantName", "Value": "only"},
            ],
            StartTime=time.time() - 86400,
            EndTime=time.time() + 86400,
            Period=172800,
            Statistics=[statistic],
        )["Datapoints"]
        if points or time.monotonic() > deadline:
            return points[0][statistic] if points else None
        time.sleep(0.1)


def test_each_model_answers_for_itself_and_is_loaded_once(site):
    for number in range(3):
        put(site, "basic", f"m{number}.tar.gz", str(number + 1))
    put(site, "basic", "team/deep.tar.gz", "10")
    endpoint(site, "basic")
    for _ in range(2):
        for number in range(3):
            assert ask(site, "basic", f"m{number}.tar.gz") == [number + 1, 2 * (number + 1)]
    assert ask(site, "basic", "team/deep.tar.gz") == [10, 20]
    assert total(site, "basic", "ModelCacheHit") == 3
    assert total(site, "basic", "ModelCacheHit", "SampleCount") == 7
    assert total(site, "basic", "LoadedModelCount", "Maximum") == 4
    for metric in ("ModelLoadingTime", "ModelDownloadingTime", "ModelLoadingWaitTime"):
        assert total(site, "basic", metric, "SampleCount") == 4
        assert total(site, "basic", metric, "Average") > 0
    # An object that changes or goes away does not reach what was fetched.
    put(site, "basic", "m0.tar.gz", "99")
    site.s3.delete_object(Bucket=site.local.bucket, Key="basic/m1.tar.gz")
    assert ask(site, "basic", "m0.tar.gz") == [1, 2]
    assert ask(site, "basic", "m1.tar.gz") == [2, 4]
    site.delete("basic")


def test_the_one_asked_for_longest_ago_makes_room(site):
    for name in "abc":
        put(site, "tight", f"{name}.tar.gz", "1", size=1000)
    put(site, "tight", "huge.tar.gz", "1", size=5000)
    endpoint(site, "tight", LOCAL_MODEL_MEMORY_BYTES="2100")
    for name in ("a", "b", "a", "c"):
        ask(site, "tight", f"{name}.tar.gz")
    # b had to go; a and c are there.
    for name in ("a", "c"):
        ask(site, "tight", f"{name}.tar.gz")
    assert total(site, "tight", "ModelCacheHit") == 3
    assert total(site, "tight", "ModelUnloadingTime", "SampleCount") == 1
    with pytest.raises(ClientError) as error:
        ask(site, "tight", "huge.tar.gz")
    assert code(error) == "ModelError"
    assert error.value.response["OriginalStatusCode"] == 507
    assert "2100" in error.value.response["OriginalMessage"]
    # All made room in vain; the others load again.
    assert ask(site, "tight", "b.tar.gz") == [1, 2]
    site.delete("tight")


def test_without_a_cache_nothing_stays_loaded(site):
    put(site, "bare", "a.tar.gz", "3")
    endpoint(site, "bare", setting="Disabled")
    for _ in range(3):
        assert ask(site, "bare", "a.tar.gz") == [3, 6]
    assert total(site, "bare", "ModelCacheHit") == 0
    assert total(site, "bare", "ModelUnloadingTime", "SampleCount") == 3
    site.delete("bare")


def test_requests_at_the_same_time_load_a_model_once_and_keep_it(site):
    put(site, "busy", "slow.tar.gz", "2 1", size=1000)
    put(site, "busy", "other.tar.gz", "5", size=1000)
    endpoint(site, "busy", LOCAL_MODEL_MEMORY_BYTES="1500", PAUSE="0.2")
    found, errors = [], []

    def one(target, wanted):
        try:
            found.append(ask(site, "busy", target)[0] == wanted)
        except ClientError as error:
            errors.append(error.response.get("OriginalStatusCode"))

    threads = [threading.Thread(target=one, args=("slow.tar.gz", 2)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
    assert not errors
    assert total(site, "busy", "ModelLoadingTime", "SampleCount") == 1
    # One that is in use is not unloaded: the other is refused, or comes after it.
    threads = [
        threading.Thread(target=one, args=pair)
        for pair in (("slow.tar.gz", 2), ("other.tar.gz", 5)) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found)
    assert set(errors) <= {507}
    site.delete("busy")


def test_a_request_goes_to_the_worker_that_has_the_model(site):
    for number in range(2):
        put(site, "pair", f"{number}.tar.gz", "1")
    endpoint(site, "pair", count=2)
    for _ in range(5):
        for number in range(2):
            ask(site, "pair", f"{number}.tar.gz")
    assert total(site, "pair", "ModelCacheHit") == 8
    site.delete("pair")


def test_the_built_in_xgboost_serves_many(site):
    rows = np.arange(20.0).reshape(10, 2)
    for sign in (1, -1):
        data = xgboost.DMatrix(rows, sign * rows[:, 0])
        raw = xgboost.train({"max_depth": 2}, data, 5).save_raw("ubj")
        site.s3.put_object(
            Bucket=site.local.bucket,
            Key=f"trees/{sign}.tar.gz",
            Body=archive({"xgboost-model": bytes(raw)}),
        )
    site.s3.put_object(
        Bucket=site.local.bucket, Key="trees/0.tar.gz", Body=archive({"a": b"1"})
    )
    endpoint(site, "trees", image=XGBOOST)
    up, down = (ask(site, "trees", f"{sign}.tar.gz", "18,19")[0] for sign in (1, -1))
    assert up > 5
    assert down < -5
    with pytest.raises(ClientError, match="holds no file xgboost-model"):
        ask(site, "trees", "0.tar.gz")
    site.delete("trees")


def site_stream(site):
    def call(name, body, **more):
        return site.runtime.invoke_endpoint_with_response_stream(
            EndpointName=name, Body=body, **more
        )

    return call


def test_what_is_refused(site):
    put(site, "strict", "a.tar.gz", "1")
    site.s3.put_object(Bucket=site.local.bucket, Key="strict/no.tar.gz", Body=b"no archive")
    endpoint(site, "strict")
    for call in (site.invoke, site_stream(site)):
        with pytest.raises(ClientError, match="needs TargetModel"):
            call("strict", b"1", ContentType="text/csv")
    for target, said in (("none.tar.gz", "Failed to download"), ("no.tar.gz", "tar.gz")):
        with pytest.raises(ClientError, match=said) as error:
            ask(site, "strict", target)
        assert code(error) == "ValidationError"
    site.model("single")
    site.endpoint("single", site.variant("only", "single"))
    with pytest.raises(ClientError, match="takes no TargetModel"):
        ask(site, "single", "a.tar.gz")
    with pytest.raises(ClientError, match="leave out ServerlessConfig"):
        site.sagemaker.create_endpoint_config(
            EndpointConfigName="refused",
            ProductionVariants=[
                {
                    "VariantName": "v",
                    "ModelName": "strict",
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
            ],
        )
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{site.local.bucket}/strict/"}
    with pytest.raises(ClientError, match="is a container of many models"):
        site.sagemaker.create_transform_job(
            TransformJobName="refused",
            ModelName="strict",
            TransformInput={"DataSource": {"S3DataSource": place}},
            TransformOutput={"S3OutputPath": f"s3://{site.local.bucket}/out"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
    container = {"Image": SKLEARN, "Mode": "MultiModel"}
    with pytest.raises(ClientError, match="a prefix under which"):
        site.sagemaker.create_model(
            ModelName="refused",
            ExecutionRoleArn=site.local.role,
            PrimaryContainer=container,
        )
    assert json.loads(site.invoke("single", b"12")["Body"].read())["size"] == 2
