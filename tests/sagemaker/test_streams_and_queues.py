"""Answers in parts, and requests that wait for their turn."""

import itertools
import json
import time

import psutil
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.sagemaker.streams import message

from .conftest import ONCE, have_ended
from .test_endpoints import Site


@given(
    st.dictionaries(
        st.text("abc:-", min_size=1, max_size=9), st.text("xyz/ ", max_size=30), max_size=4
    ),
    st.binary(max_size=300),
)
def test_botocore_reads_a_message(headers, payload):
    buffer = EventStreamBuffer()
    buffer.add_data(message(headers, payload) * 2)
    for found in buffer:
        assert (found.headers, found.payload) == (headers, payload)


@pytest.fixture(scope="module")
def site(still):
    return Site(still)


# Streams


@pytest.fixture(scope="module")
def streaming(site):
    site.model("streams")
    site.endpoint("streams", site.variant("v", "streams"))
    return site


def stream(site, body):
    return site.runtime.invoke_endpoint_with_response_stream(
        EndpointName="streams", Body=body
    )


def test_parts_arrive_as_the_container_writes_them(streaming):
    begun = time.monotonic()
    answer = stream(streaming, b"stream 3 0.5 ")
    assert answer["InvokedProductionVariant"] == "v"
    assert answer["ContentType"] == "text/plain"
    times, parts = [], []
    for event in answer["Body"]:
        parts.append(event["PayloadPart"]["Bytes"])
        times.append(time.monotonic() - begun)
    assert parts == [b"part 0", b"part 1", b"part 2"]
    assert times[2] - times[0] > 0.9
    # The connection to the container, and the client's, are used again.
    again = b"".join(e["PayloadPart"]["Bytes"] for e in stream(streaming, b"")["Body"])
    assert json.loads(again)["size"] == 0


def test_a_container_that_ends_in_the_middle(streaming):
    events = iter(stream(streaming, b"stream 2 0 die")["Body"])
    assert next(events)["PayloadPart"]["Bytes"] == b"part 0"
    with pytest.raises(EventStreamError, match="ModelStreamError.*hung up"):
        list(events)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert list(stream(streaming, b"")["Body"])
            return
        except ClientError:
            time.sleep(0.05)
    pytest.fail("the worker was not replaced")


def test_errors_before_a_stream_begins(streaming):
    with pytest.raises(streaming.runtime.exceptions.ModelError) as error:
        stream(streaming, b"status 418")
    assert error.value.response["OriginalStatusCode"] == 418
    with pytest.raises(ClientError, match="not found"):
        streaming.runtime.invoke_endpoint_with_response_stream(EndpointName="x", Body=b"")


def test_a_client_that_leaves_a_stream_leaves_the_worker_free(streaming):
    for _ in range(3):
        answer = stream(streaming, b"stream 50 0.02 ")
        next(iter(answer["Body"]))
        answer["Body"].close()
    # A worker that is believed busy would not be counted free again.
    assert json.loads(streaming.invoke("streams")["Body"].read())["size"] == 0


# Queues


NUMBERS = itertools.count()


class Queue:
    """An asynchronous endpoint, and what becomes of its requests."""

    def __init__(self, site, count=1, *, each=1, fails_to=True, **environment):
        self.site, self.name = site, f"queue-{next(NUMBERS)}"
        bucket = site.local.bucket
        output = {"S3OutputPath": f"s3://{bucket}/{self.name}/out"}
        if fails_to:
            output["S3FailurePath"] = f"s3://{bucket}/{self.name}/failed/"
        site.model(self.name, **environment)
        site.sagemaker.create_endpoint_config(
            EndpointConfigName=self.name,
            ProductionVariants=[site.variant("v", self.name, count)],
            AsyncInferenceConfig={
                "OutputConfig": output,
                "ClientConfig": {"MaxConcurrentInvocationsPerInstance": each},
            },
        )
        site.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        self.wait()

    def wait(self):
        waiter = self.site.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=self.name)

    def ask(self, body=b"", **more):
        given = {} if body is None else {"Body": body}
        return self.site.runtime.invoke_endpoint_async(
            EndpointName=self.name, **given, **more
        )

    def read(self, uri):
        key = uri.split("/", 3)[3]
        found = self.site.s3.get_object(Bucket=self.site.local.bucket, Key=key)
        return found["Body"].read()

    def arrived(self, uri, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.read(uri)
            except self.site.s3.exceptions.NoSuchKey:
                assert time.monotonic() < deadline, uri
                time.sleep(0.03)

    def instances(self, count):
        self.site.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=self.name,
            DesiredWeightsAndCapacities=[
                {"VariantName": "v", "DesiredInstanceCount": count}
            ],
        )
        self.wait()


@pytest.fixture(scope="module")
def queue(site):
    return Queue(site)


def test_a_result_lies_where_the_answer_said(queue):
    found = queue.ask(b"1234", ContentType="text/csv", InferenceId="mine")
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert found["InferenceId"] == "mine"
    seen = json.loads(queue.arrived(found["OutputLocation"]))
    assert seen["size"] == 4
    assert seen["headers"]["content-type"] == "text/csv"
    assert seen["headers"]["x-amzn-sagemaker-inference-id"] == "mine"


def test_an_input_from_s3_and_a_name_of_ones_own(queue):
    bucket = queue.site.local.bucket
    queue.site.s3.put_object(Bucket=bucket, Key="input", Body=b"x" * 200_000)
    found = queue.ask(
        None,
        InputLocation=f"s3://{bucket}/input",
        S3OutputPathExtension="today",
        Filename="result.json",
    )
    assert found["OutputLocation"] == f"s3://{bucket}/{queue.name}/out/today/result.json"
    assert json.loads(queue.arrived(found["OutputLocation"]))["size"] == 200_000


@pytest.mark.parametrize(
    ("body", "more", "message"),
    [
        (b"status 500", {}, b"as you wished"),
        (b"sleep 5", {"InvocationTimeoutSeconds": 1}, b"timed out"),
        (None, {"InputLocation": "s3://nothing/here"}, b"bucket does not exist"),
        (b"die", {}, b"hung up"),
    ],
)
def test_a_failure_lies_where_the_answer_said(queue, body, more, message):
    found = queue.ask(body, **more)
    assert message in queue.arrived(found["FailureLocation"])
    with pytest.raises(queue.site.s3.exceptions.NoSuchKey):
        queue.read(found["OutputLocation"])


@pytest.mark.parametrize(
    ("body", "more", "message"),
    [
        (None, {}, "either InputLocation or Body"),
        (b"x", {"InputLocation": "s3://b/k"}, "either InputLocation or Body"),
        (None, {"InputLocation": "https://b/k"}, "not of the form s3"),
        (b"x" * 128_001, {}, "128000"),
        (b"x", {"RequestTTLSeconds": 21_601}, "21600"),
    ],
)
def test_requests_that_do_not_get_into_the_queue(queue, body, more, message):
    with pytest.raises(ClientError, match=message):
        queue.ask(body, **more)


def test_each_kind_of_endpoint_has_its_call(queue, streaming):
    with pytest.raises(ClientError, match="is asynchronous. Use InvokeEndpointAsync"):
        queue.site.invoke(queue.name)
    with pytest.raises(ClientError, match="is not asynchronous. Use InvokeEndpoint"):
        queue.site.runtime.invoke_endpoint_async(EndpointName="streams", Body=b"x")


def test_requests_wait_while_there_is_no_instance_and_expire(site):
    queue = Queue(site)
    queue.instances(0)
    early = queue.ask(b"1", RequestTTLSeconds=60)
    late = queue.ask(b"22", RequestTTLSeconds=3600)
    time.sleep(0.5)
    for found in (early, late):
        with pytest.raises(site.s3.exceptions.NoSuchKey):
            queue.read(found["OutputLocation"])
    site.local.step(61)
    assert b"expired" in queue.arrived(early["FailureLocation"])
    watch = site.local.client("cloudwatch", config=ONCE)
    time.sleep(1.2)
    (point,) = watch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="HasBacklogWithoutCapacity", Period=3600,
        StartTime=site.local.now() - 3600, EndTime=site.local.now(), Statistics=["Maximum"],
        Dimensions=[{"Name": "EndpointName", "Value": queue.name}],
    )["Datapoints"]  # fmt: skip
    assert point["Maximum"] == 1
    queue.instances(1)
    assert json.loads(queue.arrived(late["OutputLocation"]))["size"] == 2
    queue.instances(0)
    last = queue.ask(b"333")
    site.delete(queue.name)
    assert b"no longer there" in queue.arrived(last["FailureLocation"])


def test_an_instance_has_as_many_at_a_time_as_it_may(site):
    queue = Queue(site, 2, each=2)
    begun = time.monotonic()
    asked = [queue.ask(b"sleep 0.5") for _ in range(8)]
    pids = {json.loads(queue.arrived(each["OutputLocation"]))["pid"] for each in asked}
    assert len(pids) == 2
    # Two rounds of four.
    assert time.monotonic() - begun > 0.9
    site.delete(queue.name)


def test_nothing_that_was_accepted_is_lost_by_a_kill(tmp_path):
    first = sagemaker.start(tmp_path)
    queue = Queue(Site(first), each=1)
    asked = [queue.ask(b"sleep 0.2 %d" % number) for number in range(10)]
    queue.arrived(asked[1]["OutputLocation"])
    server = psutil.Process(first._owner["pid"])
    family = server.children(recursive=True)
    server.kill()
    first._process.wait()
    assert have_ended(*family)
    with sagemaker.start(tmp_path) as second:
        queue.site.local = second
        queue.site.s3 = second.client("s3", config=ONCE)
        for each in asked:
            assert json.loads(queue.arrived(each["OutputLocation"]))["name"] is None
    first.close()


def test_nothing_runs_on_when_a_server_is_closed_while_requests_run(tmp_path):
    with sagemaker.start(tmp_path) as local:
        queue = Queue(Site(local))
        queue.ask(b"sleep 60")
        queue.site.model("slow")
        queue.site.endpoint("slow", queue.site.variant("v", "slow"))
        answer = queue.site.runtime.invoke_endpoint_with_response_stream(
            EndpointName="slow", Body=b"stream 600 0.1 "
        )
        assert next(iter(answer["Body"]))
        server = psutil.Process(local._owner["pid"])
        family = [server, *server.children(recursive=True)]
        assert len(family) >= 5
        begun = time.monotonic()
    assert have_ended(*family)
    assert time.monotonic() - begun < 20
