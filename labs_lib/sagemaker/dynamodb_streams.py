"""DynamoDB Streams: the changes of tables, spoken to through boto3."""

import base64
import json
from typing import Any

from labs_lib.platform.errors import Refusal
from labs_lib.platform.table_streams import (
    MOST_RECORDS,
    ItemChange,
    StreamIterator,
    TableStream,
)
from labs_lib.sagemaker import table_store
from labs_lib.sagemaker.dynamodb import stream_arn, stream_label
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.table_store import KIND, used

_DIGITS = 21
"""Of a sequence number as it is shown."""


def _table_of(context: Context, arn: str) -> dict[str, Any]:
    found = context.site.state.get(KIND, table_store.table_name(arn))
    if found is None or "StreamSince" not in found or stream_arn(found) != arn:
        raise ApiError(
            "ResourceNotFoundException",
            f"Requested resource not found: Stream: {arn[:300]} not found",
        )
    return found


def _shard_id(number: int) -> str:
    return f"shardId-{number:020d}"


def _sequence(number: int) -> str:
    return f"{number:0{_DIGITS}d}"


def _number(text: str, prefix: str, code: str) -> int:
    digits = text.removeprefix(prefix)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 40:
        raise ApiError(code, f"{text[:60]!r} is not one that was given out.")
    return int(digits)


@operation("dynamodbstreams", "ListStreams", uses="TableName Limit ExclusiveStartStreamArn")
def list_streams(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("TableName")
    found = {
        stream_arn(table): table
        for table in context.site.state.all(KIND)
        if "StreamSince" in table and wanted in (None, table["TableName"])
    }
    arns = sorted(arn for arn in found if arn > request.get("ExclusiveStartStreamArn", ""))
    size = min(request.get("Limit", 100), 100)
    answer: dict[str, Any] = {
        "Streams": [
            {
                "StreamArn": arn,
                "TableName": found[arn]["TableName"],
                "StreamLabel": stream_label(found[arn]),
            }
            for arn in arns[:size]
        ]
    }
    if len(arns) > size:
        answer["LastEvaluatedStreamArn"] = arns[size - 1]
    return answer


@operation(
    "dynamodbstreams",
    "DescribeStream",
    uses="StreamArn Limit ExclusiveStartShardId",
    differs=("A shard stays open as long as its table.",),
)
def describe_stream(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _table_of(context, request["StreamArn"])
    with used(context.site, found["TableName"]) as (table,):
        stream = _stream(table)
        shards = range(len(stream.shards))
        firsts = [s[0].sequence if s else 0 for s in stream.shards]
    after = request.get("ExclusiveStartShardId", "")
    size = min(request.get("Limit", 100), 100)
    ids = [number for number in shards if _shard_id(number) > after]
    shown: dict[str, Any] = {
        "StreamArn": request["StreamArn"],
        "StreamLabel": stream_label(found),
        "StreamStatus": "ENABLED",
        "StreamViewType": stream.view,
        "CreationRequestDateTime": found["StreamSince"],
        "TableName": found["TableName"],
        "KeySchema": found["KeySchema"],
        "Shards": [
            {
                "ShardId": _shard_id(number),
                "SequenceNumberRange": {
                    "StartingSequenceNumber": _sequence(firsts[number])
                },
            }
            for number in ids[:size]
        ],
    }
    if len(ids) > size:
        shown["LastEvaluatedShardId"] = _shard_id(ids[size - 1])
    return {"StreamDescription": shown}


def _stream(table: Any) -> TableStream:
    stream: TableStream = table.stream
    return stream


@operation(
    "dynamodbstreams",
    "GetShardIterator",
    uses="StreamArn ShardId ShardIteratorType SequenceNumber",
)
def get_shard_iterator(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _table_of(context, request["StreamArn"])
    number = _number(request["ShardId"], "shardId-", "ResourceNotFoundException")
    sequence = None
    if "SequenceNumber" in request:
        sequence = _number(request["SequenceNumber"], "", "ValidationException")
    with used(context.site, found["TableName"]) as (table,):
        kind = request["ShardIteratorType"]
        place = _stream(table).iterator(number, kind, sequence)
    return {"ShardIterator": _write(request["StreamArn"], place)}


def _write(arn: str, place: StreamIterator) -> str:
    text = json.dumps([arn, place.shard, place.begin, place.given])
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def _read(text: str) -> tuple[str, StreamIterator]:
    try:
        arn, shard, begin, given = json.loads(base64.urlsafe_b64decode(text.encode()))
        return str(arn), StreamIterator(int(shard), int(begin), float(given))
    except (ValueError, TypeError):
        message = "The ShardIterator is not one that was given out."
        raise Refusal("ValidationException", message) from None


@operation("dynamodbstreams", "GetRecords", uses="ShardIterator Limit")
def get_records(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn, place = _read(request["ShardIterator"])
    found = _table_of(context, arn)
    with used(context.site, found["TableName"]) as (table,):
        table.expire()
        stream = _stream(table)
        if not 0 <= place.shard < len(stream.shards):
            raise Refusal("ValidationException", "The ShardIterator names no shard.")
        records, after = stream.read(place, limit=request.get("Limit", MOST_RECORDS))
    return {
        "Records": [_shown(context, record, stream.view) for record in records],
        "NextShardIterator": _write(arn, after),
    }


def _shown(context: Context, record: ItemChange, view: str) -> dict[str, Any]:
    inside: dict[str, Any] = {
        "ApproximateCreationDateTime": record.at,
        "Keys": record.keys,
        "NewImage": record.new,
        "OldImage": record.old,
        "SequenceNumber": _sequence(record.sequence),
        "SizeBytes": record.size,
        "StreamViewType": view,
    }
    shown: dict[str, Any] = {
        "eventID": f"{record.sequence:032x}",
        "eventName": record.event,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": context.region,
        "dynamodb": inside,
    }
    if record.is_expiry:
        shown["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    return shown
