"""Data capture: what an endpoint was asked and answered, as lines in S3."""

import base64
import json
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .test_endpoints import Site

TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


@pytest.fixture(scope="module")
def site(local):
    found = Site(local)
    found.model("plain")
    return found


def config(site, name, **more):
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{site.local.bucket}/{name}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": TYPES,
        **more,
    }


def endpoint(site, name, shadows=(), **more):
    site.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[site.variant("only", "plain")],
        DataCaptureConfig=config(site, name, **more),
        **({"ShadowProductionVariants": list(shadows)} if shadows else {}),
    )
    site.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    waiter = site.sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=name, WaiterConfig={"MaxAttempts": 3})


def lines(site, name, count, seconds=20):
    """Return captured lines with their keys, when there are so many."""
    deadline = time.monotonic() + seconds
    while True:
        listed = site.s3.list_objects_v2(Bucket=site.local.bucket, Prefix=f"{name}/")
        found = [
            (item["Key"], json.loads(line))
            for item in listed.get("Contents", [])
            for line in site.s3.get_object(Bucket=site.local.bucket, Key=item["Key"])[
                "Body"
            ]
            .read()
            .decode()
            .splitlines()
        ]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_a_line_holds_both_sides_and_lies_under_its_hour(site):
    endpoint(site, "both")
    before = time.time()
    site.invoke("both", b"1,2\n", ContentType="text/csv; charset=utf-8", InferenceId="mine")
    ((key, line),) = lines(site, "both", 1)
    base, _, file = key.rpartition("/")
    hour = datetime.fromtimestamp(before, UTC)
    assert base.startswith("both/both/only/")
    assert base in {f"both/both/only/{hour:%Y/%m/%d}/{h:02}" for h in range(24)}
    assert file.endswith(".jsonl")
    assert line["eventVersion"] == "0"
    assert line["eventMetadata"]["inferenceId"] == "mine"
    seconds = datetime.strptime(
        line["eventMetadata"]["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ"
    ).replace(tzinfo=UTC)
    assert abs(seconds.timestamp() - before) < 60
    asked = line["captureData"]["endpointInput"]
    assert asked == {
        "observedContentType": "text/csv; charset=utf-8",
        "mode": "INPUT",
        "data": "1,2\n",
        "encoding": "CSV",
    }
    answered = line["captureData"]["endpointOutput"]
    assert answered["encoding"] == "JSON"
    assert json.loads(answered["data"])["size"] == 4
    described = site.sagemaker.describe_endpoint(EndpointName="both")["DataCaptureConfig"]
    assert described == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{site.local.bucket}/both",
        "KmsKeyId": "",
    }
    site.delete("both")


@pytest.mark.parametrize(
    ("data", "kind", "types"),
    [
        (b"1,2", "text/csv", {}),
        (b"\xff\xfe", "text/csv", TYPES),
        (b"a", "image/png", TYPES),
    ],
)
def test_what_is_no_listed_text_is_in_base64(site, data, kind, types):
    name = f"raw{len(data)}{len(types)}"
    more = {"CaptureContentTypeHeader": types} if types else {}
    given = config(site, name, CaptureOptions=[{"CaptureMode": "Input"}], **more)
    if not types:
        del given["CaptureContentTypeHeader"]
    site.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[site.variant("only", "plain")],
        DataCaptureConfig=given,
    )
    site.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    waiter = site.sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=name, WaiterConfig={"MaxAttempts": 3})
    site.invoke(name, data, ContentType=kind)
    ((_, line),) = lines(site, name, 1)
    assert list(line["captureData"]) == ["endpointInput"]
    asked = line["captureData"]["endpointInput"]
    assert asked["encoding"] == "BASE64"
    assert base64.b64decode(asked["data"]) == data
    assert "inferenceId" not in line["eventMetadata"]
    site.delete(name)


def test_a_share_is_captured_and_errors_are_not(site):
    endpoint(site, "half", InitialSamplingPercentage=50)
    for _ in range(60):
        site.invoke("half", b"x", ContentType="text/csv")
    with pytest.raises(ClientError, match="as you wished"):
        site.invoke("half", b"status 500")
    site.delete("half")
    time.sleep(2.5)
    found = lines(site, "half", 1)
    # Binomial, 60 draws: outside of 12 to 48 once in a million.
    assert 12 <= len(found) <= 48
    ids = {line["eventMetadata"]["eventId"] for _, line in found}
    assert len(ids) == len(found)
    assert all(line["captureData"]["endpointInput"]["data"] == "x" for _, line in found)


def test_capture_that_is_off_writes_nothing(site):
    endpoint(site, "off", EnableCapture=False)
    site.invoke("off", b"x", ContentType="text/csv")
    time.sleep(1.5)
    assert lines(site, "off", 1, seconds=0) == []
    described = site.sagemaker.describe_endpoint(EndpointName="off")["DataCaptureConfig"]
    assert described["CaptureStatus"] == "Stopped"
    # An update to a configuration without capture takes it away, unless it is retained.
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="bare", ProductionVariants=[site.variant("only", "plain")]
    )
    for retain in (True, False):
        site.sagemaker.update_endpoint(
            EndpointName="off", EndpointConfigName="bare", RetainAllVariantProperties=retain
        )
        waiter = site.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName="off", WaiterConfig={"MaxAttempts": 3})
        shown = site.sagemaker.describe_endpoint(EndpointName="off")
        assert ("DataCaptureConfig" in shown) == retain
    site.delete("off")


def test_shadow_variants_are_captured_too(site):
    endpoint(site, "twice", shadows=[site.variant("shadow", "plain")])
    site.invoke("twice", b"x", ContentType="text/csv")
    found = lines(site, "twice", 2)
    assert {key.split("/")[2] for key, _ in found} == {"only", "shadow"}
    site.delete("twice")


def test_a_bucket_that_is_not_there_is_refused(site):
    with pytest.raises(ClientError, match="there is no bucket nowhere"):
        endpoint(site, "lost", DestinationS3Uri="s3://nowhere/x")


def test_what_was_captured_is_written_when_the_server_ends(tmp_path):
    with sagemaker.start(tmp_path / "site") as local:
        one = Site(local)
        one.model("plain")
        endpoint(one, "last")
        one.invoke("last", b"x", ContentType="text/csv")
    with sagemaker.start(tmp_path / "site") as local:
        listed = local.client("s3").list_objects_v2(Bucket=local.bucket, Prefix="last/")
        assert listed["KeyCount"] == 1
