"""Kinesis Data Streams: `labs_lib.platform.streams`, spoken to through boto3."""

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs_lib.platform.streams import (
    READ_RECORDS,
    Placed,
    Shard,
    Stream,
    StreamRecord,
    read_iterator,
)
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

_SHARDS = 1_000
"""Of one answer of ListShards, unless it is asked for others."""

_NAMED = "StreamName StreamARN"

Put = tuple[bytes, str, int | None]
"""Data, partition key, explicit hash key."""


@contextlib.contextmanager
def _used(context: Context, request: Mapping[str, Any]) -> Iterator[Stream]:
    """Give the stream that a request names to one thread at a time."""
    with _by_name(context.site, _name(request)) as stream:
        yield stream


@contextlib.contextmanager
def _by_name(site: Site, name: str) -> Iterator[Stream]:
    with site.engines.use():
        yield _loaded(site, name)


def _name(request: Mapping[str, Any]) -> str:
    found = request.get("StreamName") or request.get("StreamARN", "").rpartition("/")[2]
    if not found:
        raise ApiError("InvalidArgumentException", "Give StreamName or StreamARN.")
    return found


def _loaded(site: Site, name: str) -> Stream:
    if name in site.engines.streams:
        return site.engines.streams[name]
    found = site.state.get("Stream", name)
    if found is None:
        raise ApiError(
            "ResourceNotFoundException",
            f"Stream {name[:128]} under account {site.account} not found.",
        )
    rows = site.state.rows(
        "select shard, sequence, partition_key, data, arrived from stream_records "
        "where stream = ?",
        name,
    )
    records = [
        (shard, StreamRecord(int(sequence), *rest)) for shard, sequence, *rest in rows
    ]
    stream = Stream.from_dict(found["Engine"], records, site.clock)
    site.engines.streams[name] = stream
    _keep(site, stream)
    return stream


def _keep(site: Site, stream: Stream) -> None:
    """Store a stream as it is, and forget the records that it no longer keeps."""
    limit = site.clock.now() - stream.retention_hours * 3600
    with site.state.transaction():
        site.state.change("Stream", stream.name, {"Engine": stream.to_dict()})
        site.state.execute(
            "delete from stream_records where stream = ? and arrived < ?",
            stream.name,
            limit,
        )


def _arn(context: Context, name: str) -> str:
    return context.arn(f"stream/{name}", "kinesis")


# Streams


@operation(
    "kinesis",
    "CreateStream",
    uses="StreamName ShardCount MaxRecordSizeInKiB StreamModeDetails",
    refuses={
        "StreamModeDetails.StreamMode=ON_DEMAND": "shards are provisioned; give ShardCount.",
        "RecordDistributionStrategy=AUTO": "records go to the shard of their partition key.",
        "WarmThroughputMiBps": "shards are provisioned; give ShardCount.",
    },
    differs=(
        "ShardCount has to be given, and the stream is ACTIVE at once.",
        "A shard's 1,000 records and 1 MB a second are held by token buckets of one second's "
        "size, on the clock; AWS does not say how.",
    ),
)
def create_stream(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["StreamName"]
    if "ShardCount" not in request:
        raise ApiError(
            "InvalidArgumentException", "Give ShardCount: shards are provisioned."
        )
    with site.engines.use():
        stream = Stream(
            name,
            site.clock,
            shards=request["ShardCount"],
            record_kib=request.get("MaxRecordSizeInKiB", 1024),
        )
        body = {"StreamName": name, "Created": site.clock.now(), "Engine": stream.to_dict()}
        try:
            site.state.add("Stream", name, _arn(context, name), body)
        except Taken:
            raise ApiError(
                "ResourceInUseException",
                f"Stream {name} under account {site.account} already exists.",
            ) from None
        site.engines.streams[name] = stream
    return {}


@operation("kinesis", "DeleteStream", uses=_NAMED)
def delete_stream(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site = context.site
    with _used(context, request) as stream:
        with site.state.transaction():
            site.state.execute("delete from stream_records where stream = ?", stream.name)
            site.state.remove("Stream", stream.name)
        del site.engines.streams[stream.name]
    return {}


@operation("kinesis", "ListStreams", uses="Limit ExclusiveStartStreamName NextToken")
def list_streams(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    after = request.get("NextToken", request.get("ExclusiveStartStreamName", ""))
    streams = [s for s in context.site.state.all("Stream") if s["StreamName"] > after]
    shown = streams[: request.get("Limit", 100)]
    answer: dict[str, Any] = {
        "StreamNames": [stream["StreamName"] for stream in shown],
        "HasMoreStreams": len(shown) < len(streams),
        "StreamSummaries": [_described(context, stream) for stream in shown],
    }
    if shown and answer["HasMoreStreams"]:
        answer["NextToken"] = shown[-1]["StreamName"]
    return answer


def _described(context: Context, stream: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "StreamName": stream["StreamName"],
        "StreamARN": _arn(context, stream["StreamName"]),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "StreamCreationTimestamp": stream["Created"],
    }


def _description(context: Context, stream: Stream) -> dict[str, Any]:
    body = context.site.state.get("Stream", stream.name)
    assert body is not None
    return {
        **_described(context, body),
        "RetentionPeriodHours": stream.retention_hours,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }


@operation("kinesis", "DescribeStream", uses=f"{_NAMED} Limit ExclusiveStartShardId")
def describe_stream(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context, request) as stream:
        shards, more = _some(stream, request, request.get("Limit", 100))
        description = _description(context, stream)
    return {"StreamDescription": {**description, "Shards": shards, "HasMoreShards": more}}


@operation("kinesis", "DescribeStreamSummary", uses=_NAMED)
def describe_stream_summary(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context, request) as stream:
        summary = {
            **_description(context, stream),
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": stream.record_kib,
            "RecordDistributionStrategy": "USER_PARTITION_KEY",
        }
    return {"StreamDescriptionSummary": summary}


def _hours(context: Context, request: Mapping[str, Any], *, sign: int) -> dict[str, Any]:
    hours = request["RetentionPeriodHours"]
    with _used(context, request) as stream:
        if (hours - stream.retention_hours) * sign < 0:
            kind = "at least" if sign > 0 else "at most"
            raise ApiError(
                "InvalidArgumentException",
                f"RetentionPeriodHours is {hours}, expected {kind} the stream's present "
                f"{stream.retention_hours}.",
            )
        stream.retain(hours)
        _keep(context.site, stream)
    return {}


@operation(
    "kinesis", "IncreaseStreamRetentionPeriod", uses=f"{_NAMED} RetentionPeriodHours"
)
def increase_retention(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _hours(context, request, sign=1)


@operation(
    "kinesis", "DecreaseStreamRetentionPeriod", uses=f"{_NAMED} RetentionPeriodHours"
)
def decrease_retention(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _hours(context, request, sign=-1)


# Shards


def _some(
    stream: Stream, request: Mapping[str, Any], limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return shards after the one that a request names, and whether there are more."""
    after = request.get("ExclusiveStartShardId", "")
    shards = [shard for shard in stream if shard.id > after]
    return [_shown(shard) for shard in shards[:limit]], len(shards) > limit


def _shown(shard: Shard) -> dict[str, Any]:
    parents = dict(
        zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False)
    )
    sequences = {"StartingSequenceNumber": str(shard.first_sequence)}
    if shard.last_sequence is not None:
        sequences["EndingSequenceNumber"] = str(shard.last_sequence)
    return {
        "ShardId": shard.id,
        **parents,
        "HashKeyRange": _range(shard),
        "SequenceNumberRange": sequences,
    }


def _range(shard: Shard) -> dict[str, str]:
    return {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end)}


@operation(
    "kinesis",
    "ListShards",
    uses=f"{_NAMED} NextToken ExclusiveStartShardId MaxResults",
    refuses={"ShardFilter": "all shards are listed; choose among them yourself."},
)
def list_shards(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    if "NextToken" in request:
        try:
            token = json.loads(base64.b64decode(request["NextToken"], validate=True))
            name, after = (str(part) for part in token)
        except (binascii.Error, ValueError, TypeError, RecursionError):
            text = "The NextToken is not one that was given out."
            raise ApiError("InvalidArgumentException", text) from None
        request = {**request, "StreamName": name, "ExclusiveStartShardId": after}
    with _used(context, request) as stream:
        shards, more = _some(stream, request, request.get("MaxResults", _SHARDS))
        answer: dict[str, Any] = {"Shards": shards}
        if more:
            token = json.dumps([stream.name, shards[-1]["ShardId"]]).encode("ascii")
            answer["NextToken"] = base64.b64encode(token).decode("ascii")
    return answer


@operation("kinesis", "SplitShard", uses=f"{_NAMED} ShardToSplit NewStartingHashKey")
def split_shard(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context, request) as stream:
        stream.split(request["ShardToSplit"], int(request["NewStartingHashKey"]))
        _keep(context.site, stream)
    return {}


@operation("kinesis", "MergeShards", uses=f"{_NAMED} ShardToMerge AdjacentShardToMerge")
def merge_shards(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context, request) as stream:
        stream.merge(request["ShardToMerge"], request["AdjacentShardToMerge"])
        _keep(context.site, stream)
    return {}


@operation(
    "kinesis",
    "UpdateShardCount",
    uses=f"{_NAMED} TargetShardCount ScalingType",
    differs=("It is done at once; AWS takes minutes, and the stream is UPDATING.",),
)
def update_shard_count(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context, request) as stream:
        before = len(stream.open_shards)
        stream.resize(request["TargetShardCount"])
        _keep(context.site, stream)
        return {
            "StreamName": stream.name,
            "CurrentShardCount": before,
            "TargetShardCount": request["TargetShardCount"],
            "StreamARN": _arn(context, stream.name),
        }


# Records


def _put(entry: Mapping[str, Any]) -> Put:
    try:
        data = base64.b64decode(entry["Data"], validate=True)
    except (binascii.Error, ValueError):
        raise ApiError("SerializationException", "Data is not in base64.") from None
    explicit = entry.get("ExplicitHashKey")
    key = entry.get("PartitionKey")
    if key is None:
        raise ApiError("InvalidArgumentException", "Give each record a PartitionKey.")
    return data, key, None if explicit is None else int(explicit)


def _store(
    site: Site, stream: Stream, entries: Sequence[Put], placed: Sequence[Placed]
) -> None:
    site.state.execute_many(
        "insert into stream_records values (?, ?, ?, ?, ?, ?)",
        [
            (stream.name, str(one.sequence), one.shard, key, data, one.arrived)
            for (data, key, _), one in zip(entries, placed, strict=True)
            if one.error is None
        ],
    )


def append(site: Site, name: str, data: bytes, key: str) -> None:
    """Put a record into a stream that exists."""
    with _by_name(site, name) as stream:
        _store(site, stream, [(data, key, None)], [stream.put(data, key)])


@operation(
    "kinesis",
    "PutRecord",
    uses=f"{_NAMED} Data PartitionKey ExplicitHashKey",
    refuses={"DryRun=True": "nothing is tried without being done."},
    differs=(
        "Sequence numbers have 21 digits, and records of a shard are in strict order.",
    ),
)
def put_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    entry = _put(request)
    with _used(context, request) as stream:
        placed = stream.put(entry[0], entry[1], explicit_hash_key=entry[2])
        _store(context.site, stream, [entry], [placed])
    return {"ShardId": placed.shard, "SequenceNumber": str(placed.sequence)}


@operation(
    "kinesis",
    "PutRecords",
    uses=f"{_NAMED} Records[].Data Records[].PartitionKey Records[].ExplicitHashKey",
    refuses={"DryRun=True": "nothing is tried without being done."},
)
def put_records(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    entries = [_put(entry) for entry in request["Records"]]
    with _used(context, request) as stream:
        placed = stream.put_many(entries)
        _store(context.site, stream, entries, placed)
    return {
        "FailedRecordCount": sum(one.error is not None for one in placed),
        "Records": [_outcome(one) for one in placed],
    }


def _outcome(placed: Placed) -> dict[str, str]:
    if placed.error is not None:
        return {"ErrorCode": placed.error.code, "ErrorMessage": placed.error.message}
    return {"ShardId": placed.shard, "SequenceNumber": str(placed.sequence)}


@operation(
    "kinesis",
    "GetShardIterator",
    uses=f"{_NAMED} ShardId ShardIteratorType StartingSequenceNumber Timestamp",
)
def get_shard_iterator(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    sequence = request.get("StartingSequenceNumber")
    with _used(context, request) as stream:
        found = stream.iterator(
            request["ShardId"],
            request["ShardIteratorType"],
            sequence=None if sequence is None else int(sequence),
            timestamp=request.get("Timestamp"),
        )
    return {"ShardIterator": found}


@operation(
    "kinesis",
    "GetRecords",
    uses="ShardIterator Limit",
    differs=(
        "After an answer of more bytes than the shard's 2 MB a second have paid for, calls are "
        "refused until it is paid: 5 s for one of 10 MiB.",
        "MillisBehindLatest is the age of the next record that waits in the shard.",
    ),
)
def get_records(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = read_iterator(request["ShardIterator"])[0]
    with _by_name(context.site, name) as stream:
        found = stream.read(
            request["ShardIterator"], limit=request.get("Limit", READ_RECORDS)
        )
    answer = {
        "Records": [
            {
                "SequenceNumber": str(record.sequence),
                "ApproximateArrivalTimestamp": record.arrived,
                "Data": record.data,
                "PartitionKey": record.partition_key,
                "EncryptionType": "NONE",
            }
            for record in found.records
        ],
        "MillisBehindLatest": round(found.seconds_behind * 1000),
    }
    if found.next_iterator is not None:
        return {**answer, "NextShardIterator": found.next_iterator}
    children = [
        {"ShardId": child.id, "ParentShards": child.parents, "HashKeyRange": _range(child)}
        for child in found.children
    ]
    return {**answer, "ChildShards": children}
