"""A bucket whose prefixes take so many requests a second, through boto3, on a stepped clock."""

import threading
import zlib

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .conftest import ONCE


@pytest.fixture(scope="module")
def client(still):
    return still.client("s3", config=ONCE)


@pytest.fixture
def bucket(still, client, request):
    name = f"r-{zlib.crc32(request.node.name.encode())}"
    client.create_bucket(Bucket=name)
    for prefix in "ab":
        client.put_object(Bucket=name, Key=f"{prefix}/1", Body=b"1")
    # Whole seconds, so that one second's requests are counted together.
    still.step(1 - still.now() % 1)
    return name


def refused(call, **request):
    """Say whether a call is answered with SlowDown; anything else that fails is raised."""
    try:
        call(**request)
    except ClientError as error:
        answer = error.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503
        # An answer to HEAD has no body, so boto3 only has the status.
        assert answer["Error"]["Code"] in ("SlowDown", "503")
        return True
    return False


def through(client, bucket, keys):
    return sum(not refused(client.get_object, Bucket=bucket, Key=key) for key in keys)


def test_a_prefix_that_has_had_its_second_is_slow(still, client, bucket):
    still.limit_requests(bucket, sustained=60, reads=3, writes=2)
    for _ in range(2):
        assert through(client, bucket, ["a/1", "b/1"] * 4) == 3
        assert refused(client.head_object, Bucket=bucket, Key="a/1")
        # Writes have a rate of their own; an object that is refused is not there.
        puts = [
            refused(client.put_object, Bucket=bucket, Key=f"new/{n}", Body=b"1" * 10**6)
            for n in range(4)
        ]
        assert puts == [False, False, True, True]
        assert refused(client.delete_object, Bucket=bucket, Key="a/1")
        still.step(1)
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["a/1", "b/1", "new/0", "new/1"]


def test_two_prefixes_give_twice_as_much_once_they_have_split(still, client, bucket):
    still.limit_requests(bucket, sustained=2, reads=5, depth=2)
    seconds = []
    for _ in range(6):
        seconds.append(through(client, bucket, ["a/1", "b/1"] * 8))
        still.step(1)
    assert seconds[0] == 5
    assert seconds[-1] == 10


def test_nothing_else_is_throttled(still, client, bucket):
    still.limit_requests(bucket, sustained=60, reads=1, writes=1)
    other = f"{bucket}-other"
    client.create_bucket(Bucket=other)
    for _ in range(3):
        assert not refused(client.list_objects_v2, Bucket=bucket)
        assert not refused(client.put_object, Bucket=other, Key="a", Body=b"")
    # Anew, with the rates of the guide.
    still.limit_requests(bucket, sustained=60)
    assert through(client, bucket, ["a/1"] * 20) == 20
    # A bucket of the same name that comes later has no limit.
    still.limit_requests(other, sustained=60, reads=1, writes=1)
    assert not refused(client.delete_object, Bucket=other, Key="a")
    client.delete_bucket(Bucket=other)
    client.create_bucket(Bucket=other)
    assert not any(
        refused(client.put_object, Bucket=other, Key="a", Body=b"") for _ in range(3)
    )


def test_boto3_asks_again_and_gets_it_when_tokens_have_come(still, client, bucket):
    still.limit_requests(bucket, sustained=60, reads=1)
    assert not refused(client.get_object, Bucket=bucket, Key="a/1")
    patient = still.client("s3", config=Config(retries={"total_max_attempts": 2}))

    def second(**_):
        still.step(1)

    patient.meta.events.register("needs-retry.s3.GetObject", second)
    answer = patient.get_object(Bucket=bucket, Key="a/1")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert answer["Body"].read() == b"1"


def test_many_at_once_get_no_more_than_the_rate(still, client, bucket):
    still.limit_requests(bucket, sustained=60, reads=7)
    found = []

    def ask():
        found.append(through(client, bucket, ["a/1"] * 5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(found) == 7


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sustained", {"sustained": 0}),
        ("sustained", {"sustained": -1}),
        ("sustained", {"sustained": "long"}),
        ("rate", {"sustained": 1, "reads": 0}),
        ("writes", {"sustained": 1, "writes": True}),
        ("depth", {"sustained": 1, "depth": 0}),
        ("depth", {"sustained": 1, "depth": 1.5}),
    ],
)
def test_numbers_that_are_none(still, bucket, name, options):
    with pytest.raises(ValueError, match=f"{name} .*expected"):
        still.limit_requests(bucket, **options)


def test_a_bucket_that_is_not_there(still):
    with pytest.raises(ValueError, match="no bucket 'nowhere'"):
        still.limit_requests("nowhere", sustained=1)
