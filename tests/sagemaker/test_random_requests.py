"""Whatever is sent, the answer is an error that AWS could give, and the server lives."""

import json
import random
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib.aws.request import service_model
from labs_lib.sagemaker import all_operations
from labs_lib.sagemaker.operations import OPERATIONS

from .test_server import send, signed

assert all_operations.MODULES
JSON_OPERATIONS = sorted(name for service, name in OPERATIONS if service == "sagemaker")
TARGETS = {
    "logs": "Logs_20140328",
    "sqs": "AmazonSQS",
    "events": "AWSEvents",
    "kinesis": "Kinesis_20131202",
    "stepfunctions": "AWSStepFunctions",
}
SMALL = {
    service: sorted(name for of, name in OPERATIONS if of == service) for service in TARGETS
}
WATCH_OPERATIONS = sorted(name for service, name in OPERATIONS if service == "cloudwatch")

ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=9),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["a", "..", "s3://b/k", "s3://", "arn:aws:iam::111122223333:role/abc",
                     "arn:aws:sagemaker:us-east-1:111122223333:model/m", "x" * 300, "\0", "(",
                     "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"]),
)  # fmt: skip


def values(shape, depth=0):
    """Values that mostly fit a shape, and sometimes nothing at all."""
    kind = shape.type_name
    if kind == "structure" and depth < 4:
        members = {
            name: values(member, depth + 1) for name, member in shape.members.items()
        }
        required = {n: s for n, s in members.items() if n in shape.required_members}
        optional = {n: s for n, s in members.items() if n not in shape.required_members}
        # All at once would be long and always refused for the same reason.
        few = dict(list(optional.items())[:6])
        fits = st.fixed_dictionaries(required, optional=few)
    elif kind == "list" and depth < 4:
        fits = st.lists(values(shape.member, depth + 1), max_size=2)
    elif kind == "map" and depth < 4:
        fits = st.dictionaries(TEXTS, values(shape.value, depth + 1), max_size=2)
    elif kind == "string" and shape.enum:
        fits = st.sampled_from(shape.enum)
    elif kind == "string":
        fits = TEXTS
    elif kind in ("integer", "long"):
        fits = st.one_of(st.integers(0, 100), st.integers())
    elif kind == "boolean":
        fits = st.booleans()
    else:
        fits = st.one_of(st.integers(0, 2**33), st.floats(allow_nan=False))
    return st.one_of(fits, fits, fits, fits, ANYTHING)


def is_an_answer(status, headers, body):
    assert status < 500 or status == 501, body
    if status >= 400:
        found = json.loads(body)
        assert found["__type"]
        text = found.get("message", found.get("Message"))
        assert text
        assert "Traceback" not in text
        assert "x-amzn-ErrorType" in headers


SCALING_OPERATIONS = sorted(
    name for service, name in OPERATIONS if service == "application-autoscaling"
)
SCOPES = {"cloudwatch": "monitoring", "stepfunctions": "states"}


def alive(local):
    status, _, _ = send(
        local,
        body=b"{}",
        headers=signed(local, X_Amz_Target="SageMaker.ListModels"),
    )
    return status == 200


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_requests_of_sagemaker(local, data):
    service, target, names = data.draw(
        st.sampled_from(
            [
                ("sagemaker", "SageMaker", JSON_OPERATIONS),
                *[(service, target, SMALL[service]) for service, target in TARGETS.items()],
                ("application-autoscaling", "AnyScaleFrontendService", SCALING_OPERATIONS),
                ("cloudwatch", "GraniteServiceVersion20100801", WATCH_OPERATIONS),
            ]
        )
    )
    name = data.draw(st.sampled_from(names))
    body = data.draw(values(service_model(service).operation_model(name).input_shape))
    scope = SCOPES.get(service, service)
    headers = signed(local, scope, X_Amz_Target=f"{target}.{name}")
    is_an_answer(*send(local, body=json.dumps(body).encode(), headers=headers))
    assert alive(local)


@settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=60),
    target=st.text(string.printable.strip(), max_size=30),
    name=st.sampled_from(JSON_OPERATIONS),
    known=st.booleans(),
)
def test_random_bytes(local, body, target, name, known):
    target = f"SageMaker.{name}" if known else target
    headers = signed(local, X_Amz_Target=target)
    is_an_answer(*send(local, body=body, headers=headers))


@settings(max_examples=150, deadline=None)
@given(
    start=st.sampled_from([b"", b"\xa1", b"\xbf\x69AlarmName", b"\xa1\x6aAlarmNames\x9f"]),
    body=st.binary(max_size=40),
    name=st.sampled_from(WATCH_OPERATIONS),
)
def test_random_cbor(local, start, body, name):
    headers = signed(local, "monitoring", smithy_protocol="rpc-v2-cbor")
    path = f"/service/GraniteServiceVersion20100801/operation/{name}"
    status, found, answer = send(local, "POST", path, start + body, headers)
    assert status < 500, answer
    assert found["smithy-protocol"] == "rpc-v2-cbor"
    assert alive(local)


PATHS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=25
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    path=st.one_of(
        PATHS,
        PATHS.map("b/k?{}".format),
        *(
            PATHS.map(f"endpoints/{{}}/{call}".format)
            for call in ("invocations", "async-invocations", "invocations-response-stream")
        ),
    ),
    service=st.sampled_from(["sagemaker", "s3", "sts", "logs", "monitoring", "application-autoscaling", "ec2", "x"]),
    body=st.binary(max_size=20),
    header=st.sampled_from(
        ["Range", "If-Match", "X-Amz-Copy-Source", "Content-MD5", "X-Amz-Checksum-Crc32",
         "X-Amzn-SageMaker-Target-Variant", "X-Amz-Trailer", "Expect",
         "X-Amzn-SageMaker-InputLocation", "X-Amzn-SageMaker-RequestTTLSeconds"]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)  # fmt: skip
def test_random_paths_and_headers(local, method, path, service, body, header, value):
    headers = {**signed(local, service), header: value}
    status, _, answer = send(local, method, f"/{path}", body, headers)
    assert status < 500 or status in (501, 503), answer
    assert alive(local)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_http(local, seed):
    import socket

    chance = random.Random(seed)
    for text in (
        chance.randbytes(400),
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ):
        with socket.create_connection(("127.0.0.1", local._owner["port"])) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            while connection.recv(4096):
                pass
    assert alive(local)
