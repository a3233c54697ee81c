"""Kinesis through boto3: what is kept, what fails alone, what is refused."""

import re

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .conftest import ONCE

TOP = str((1 << 128) - 1)


@pytest.fixture
def kinesis(still):
    return still.client("kinesis", config=ONCE)


@pytest.fixture
def stream(kinesis, request):
    name = re.sub("[^a-zA-Z0-9_]", "-", request.node.name)[:120]
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return {"StreamName": name}


def shards(kinesis, stream):
    return kinesis.list_shards(**stream)["Shards"]


def read(kinesis, stream, shard, kind="TRIM_HORIZON", **more):
    iterator = kinesis.get_shard_iterator(
        **stream, ShardId=shard, ShardIteratorType=kind, **more
    )
    return kinesis.get_records(ShardIterator=iterator["ShardIterator"])


def test_records_come_back_in_order(kinesis, stream):
    for number in range(5):
        kinesis.put_record(**stream, Data=b"%d \xff" % number, PartitionKey="ä")
    found = [read(kinesis, stream, shard["ShardId"]) for shard in shards(kinesis, stream)]
    (records,) = [answer["Records"] for answer in found if answer["Records"]]
    assert [record["Data"] for record in records] == [b"%d \xff" % n for n in range(5)]
    assert {record["PartitionKey"] for record in records} == {"ä"}
    assert all(answer["MillisBehindLatest"] == 0 for answer in found)


def test_put_records_fails_record_by_record(still, kinesis, stream):
    entry = {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}
    for _ in range(2):
        assert not kinesis.put_records(**stream, Records=[entry] * 500)["FailedRecordCount"]
    other = {**entry, "ExplicitHashKey": TOP}
    answer = kinesis.put_records(**stream, Records=[entry, other, entry])
    assert answer["FailedRecordCount"] == 2
    codes = [record.get("ErrorCode") for record in answer["Records"]]
    limit = "ProvisionedThroughputExceededException"
    assert codes == [limit, None, limit]
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException):
        kinesis.put_record(**stream, **entry)
    still.step(1)
    assert kinesis.put_record(**stream, **entry)["ShardId"] == "shardId-000000000000"


def test_a_split_and_a_merge_over_a_restart(tmp_path):
    stream = {"StreamName": "s"}
    with sagemaker.start(tmp_path, speed=0) as local:
        kinesis = local.client("kinesis", config=ONCE)
        kinesis.create_stream(**stream, ShardCount=1)
        first = kinesis.put_record(**stream, Data=b"1", PartitionKey="k")
        kinesis.split_shard(
            **stream, ShardToSplit=first["ShardId"], NewStartingHashKey=str(1 << 127)
        )
        second = kinesis.put_record(**stream, Data=b"2", PartitionKey="k")
        assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
    with sagemaker.start(tmp_path, speed=0) as local:
        kinesis = local.client("kinesis", config=ONCE)
        parent, *children = shards(kinesis, stream)
        assert {child["ParentShardId"] for child in children} == {parent["ShardId"]}
        ended = read(kinesis, stream, parent["ShardId"])
        assert [record["Data"] for record in ended["Records"]] == [b"1"]
        assert "NextShardIterator" not in ended
        assert [child["ShardId"] for child in ended["ChildShards"]] == [
            child["ShardId"] for child in children
        ]
        assert read(kinesis, stream, second["ShardId"])["Records"][0]["Data"] == b"2"
        kinesis.merge_shards(
            **stream,
            ShardToMerge=children[0]["ShardId"],
            AdjacentShardToMerge=children[1]["ShardId"],
        )
        third = kinesis.put_record(**stream, Data=b"3", PartitionKey="k")
        assert int(third["SequenceNumber"]) > int(second["SequenceNumber"])
        summary = kinesis.describe_stream_summary(**stream)["StreamDescriptionSummary"]
        assert summary["OpenShardCount"] == 1
        local.step(86_401)
        assert [s["ShardId"] for s in shards(kinesis, stream)] == [third["ShardId"]]
        assert read(kinesis, stream, third["ShardId"])["Records"] == []


def test_shards_are_listed_page_by_page_and_resized(kinesis, stream):
    answer = kinesis.update_shard_count(
        **stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 4)
    first = kinesis.list_shards(**stream, MaxResults=4)
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    assert [s["ShardId"] for s in first["Shards"] + rest["Shards"]] == [
        f"shardId-{number:012}" for number in range(6)
    ]
    described = kinesis.describe_stream(**stream, Limit=4)["StreamDescription"]
    assert described["HasMoreShards"]
    assert described["Shards"] == first["Shards"]
    with pytest.raises(ClientError, match="at most double"):
        kinesis.update_shard_count(
            **stream, TargetShardCount=9, ScalingType="UNIFORM_SCALING"
        )


def test_retention_and_iterators_are_on_the_clock(still, kinesis, stream):
    shard = kinesis.put_record(**stream, Data=b"x", PartitionKey="k")["ShardId"]
    iterator = kinesis.get_shard_iterator(
        **stream, ShardId=shard, ShardIteratorType="LATEST"
    )["ShardIterator"]
    still.step(301)
    with pytest.raises(kinesis.exceptions.ExpiredIteratorException):
        kinesis.get_records(ShardIterator=iterator)
    kinesis.increase_stream_retention_period(**stream, RetentionPeriodHours=48)
    still.step(86_400)
    assert len(read(kinesis, stream, shard)["Records"]) == 1
    with pytest.raises(ClientError, match="at least the stream's present 48"):
        kinesis.increase_stream_retention_period(**stream, RetentionPeriodHours=24)
    kinesis.decrease_stream_retention_period(**stream, RetentionPeriodHours=24)
    still.step(1)
    assert read(kinesis, stream, shard)["Records"] == []


def test_streams_are_listed_and_deleted(kinesis, stream):
    paginator = kinesis.get_paginator("list_streams")
    names = [n for page in paginator.paginate(Limit=1) for n in page["StreamNames"]]
    assert stream["StreamName"] in names
    assert len(names) == len(set(names))
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.create_stream(**stream, ShardCount=1)
    kinesis.delete_stream(**stream)
    kinesis.get_waiter("stream_not_exists").wait(**stream)
    kinesis.create_stream(**stream, ShardCount=1)
    assert read(kinesis, stream, "shardId-000000000000")["Records"] == []


ENTRY = {"Data": b"x", "PartitionKey": "k"}


@pytest.mark.parametrize(
    ("call", "request_", "message"),
    [
        ("create_stream", {"StreamName": "x"}, "Give ShardCount"),
        (
            "create_stream",
            {"StreamName": "x", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
            "shards are provisioned",
        ),
        ("put_record", {**ENTRY, "StreamName": "none"}, "not found"),
        ("put_record", {"Data": b"x"}, "PartitionKey"),
        ("put_record", {**ENTRY, "ExplicitHashKey": str(1 << 128)}, "ExplicitHashKey"),
        ("put_record", {**ENTRY, "Data": b"x" * (1 << 20)}, "1048577 bytes"),
        ("put_records", {"Records": [ENTRY] * 501}, "500"),
        ("split_shard", {"ShardToSplit": "shardId-7", "NewStartingHashKey": "1"}, "exist"),
        ("get_records", {"ShardIterator": "x"}, "not one that was given out"),
        ("list_shards", {"NextToken": "x"}, "not one that was given out"),
        ("list_shards", {"ShardFilter": {"Type": "AT_LATEST"}}, "choose among them"),
        (
            "get_shard_iterator",
            {
                "ShardId": "shardId-000000000000",
                "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                "StartingSequenceNumber": "5",
            },
            "StartingSequenceNumber is 5",
        ),
    ],
)
def test_what_is_refused(kinesis, stream, call, request_, message):
    if call not in ("get_records", "create_stream") and "NextToken" not in request_:
        request_ = {**stream, **request_}
    with pytest.raises(ClientError, match=message):
        getattr(kinesis, call)(**request_)


def test_a_stream_has_a_name_or_an_arn(kinesis, stream):
    description = kinesis.describe_stream(**stream)["StreamDescription"]
    by_arn = kinesis.list_shards(StreamARN=description["StreamARN"])
    assert len(by_arn["Shards"]) == 2
    with pytest.raises(ClientError, match="Give StreamName or StreamARN"):
        kinesis.describe_stream_summary()
