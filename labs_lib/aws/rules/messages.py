"""Rules of requests to Kinesis, Firehose, SQS, EventBridge, Step Functions and Lambda."""

import re
from collections.abc import Iterator
from typing import Any

from labs_lib.aws.findings import show
from labs_lib.aws.rules import state_language
from labs_lib.aws.rules.rule import Remark, Rule, read_json

_MIB = 1024 * 1024


def _size(data: Any) -> int:
    return len(data.encode()) if isinstance(data, str) else len(data or b"")


# Kinesis and Firehose


def records_size(request: dict) -> Iterator[Remark]:
    total = sum(
        _size(record.get("Data")) + _size(record.get("PartitionKey"))
        for record in request.get("Records", [])
    )
    if total > 10 * _MIB:
        yield "Records", f"has {total} bytes", f"at most {10 * _MIB} bytes, with the keys"


def hash_key(request: dict) -> Iterator[Remark]:
    records = [("", request)] + [
        (f"Records[{index}].", record)
        for index, record in enumerate(request.get("Records", []))
    ]
    for path, record in records:
        key = record.get("ExplicitHashKey", "0")
        if re.fullmatch("[0-9]{1,39}", key, re.ASCII) and int(key) >= 2**128:
            yield f"{path}ExplicitHashKey", f"is {show(key)}", "at most 2^128 - 1"


def batch_size(request: dict) -> Iterator[Remark]:
    total = sum(_size(record.get("Data")) for record in request.get("Records", []))
    if total > 4 * _MIB:
        yield "Records", f"has {total} bytes", f"at most {4 * _MIB} bytes"


def both_hints(request: dict) -> Iterator[Remark]:
    for kind, destination in request.items():
        if not kind.endswith("DestinationConfiguration") or not isinstance(
            destination, dict
        ):
            continue
        hints = destination.get("BufferingHints")
        if isinstance(hints, dict) and len(hints) == 1:
            (given,) = hints
            missing = ({"SizeInMBs", "IntervalInSeconds"} - {given}).pop()
            path = f"{kind}.BufferingHints.{missing}"
            yield path, "is missing", f"a value, since {given} is given"


# SQS

QUEUE_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, _MIB),
    "MessageRetentionPeriod": (60, 14 * 86_400),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 12 * 3600),
}
"""The least and the largest value of each attribute of a queue."""


def queue_numbers(request: dict) -> Iterator[Remark]:
    for name, text in request.get("Attributes", {}).items():
        if name in QUEUE_RANGES:
            low, high = QUEUE_RANGES[name]
            if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
                allowed = f"a whole number as text, {low} to {high}"
                yield f"Attributes.{name}", f"is {text!r}", allowed


def fifo_name(request: dict) -> Iterator[Remark]:
    name, attributes = request.get("QueueName"), request.get("Attributes", {})
    if name is None:
        return
    fifo = attributes.get("FifoQueue")
    if name.endswith(".fifo") and fifo != "true":
        problem = "is missing" if fifo is None else f"is {fifo!r}"
        yield "Attributes.FifoQueue", problem, "'true', since the name ends with .fifo"
    if fifo == "true" and not name.endswith(".fifo"):
        yield "QueueName", f"is {name!r}", "a name that ends with .fifo for a FIFO queue"


def fifo_limit(request: dict) -> Iterator[Remark]:
    attributes = request.get("Attributes", {})
    scope = attributes.get("DeduplicationScope", "queue")
    if (
        attributes.get("FifoThroughputLimit") == "perMessageGroupId"
        and scope != "messageGroup"
    ):
        allowed = "messageGroup, since FifoThroughputLimit is perMessageGroupId"
        yield "Attributes.DeduplicationScope", f"is {scope!r}", allowed


def _messages(request: dict) -> Iterator[tuple[str, dict]]:
    if "Entries" not in request:
        yield "", request
    for index, entry in enumerate(request.get("Entries", [])):
        yield f"Entries[{index}].", entry


def entry_count(request: dict) -> Iterator[Remark]:
    entries = request.get("Entries")
    if entries is not None and not 1 <= len(entries) <= 10:
        yield "Entries", f"has {len(entries)} entries", "1 to 10 entries"


def entry_names(request: dict) -> Iterator[Remark]:
    seen = set()
    for index, entry in enumerate(request.get("Entries", [])):
        name = entry.get("Id")
        if name is not None and name in seen:
            yield f"Entries[{index}].Id", f"is {name!r} again", "each Id once in a batch"
        seen.add(name)


def message_size(request: dict) -> Iterator[Remark]:
    sizes = [_size(message.get("MessageBody")) for _, message in _messages(request)]
    if sum(sizes) > _MIB:
        path = "Entries" if "Entries" in request else "MessageBody"
        yield path, f"has {sum(sizes)} bytes", f"at most {_MIB} bytes, a whole batch too"


def group_of_a_fifo(request: dict) -> Iterator[Remark]:
    if not request.get("QueueUrl", "").endswith(".fifo"):
        return
    for path, message in _messages(request):
        if "MessageGroupId" not in message:
            yield f"{path}MessageGroupId", "is missing", "a group, for a FIFO queue"
        if message.get("DelaySeconds"):
            problem = f"is {message['DelaySeconds']} for a FIFO queue"
            yield f"{path}DelaySeconds", problem, "nothing; a FIFO queue has one delay"


# EventBridge


def pattern_form(request: dict) -> Iterator[Remark]:
    text = request.get("EventPattern")
    if text is None:
        return
    pattern, problem = read_json(text)
    if problem:
        yield "EventPattern", problem, 'JSON such as {"source": ["aws.s3"]}'
    elif not isinstance(pattern, dict) or not pattern:
        yield "EventPattern", f"is {show(text)}", "an object with at least one field"
    else:
        yield from _leaves(pattern, "EventPattern")


def _leaves(pattern: dict, path: str) -> Iterator[Remark]:
    for name, value in pattern.items():
        where = f"{path}.{name}"
        if name == "$or":
            if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
                yield where, f"is {show(value)}", "a list of patterns"
        elif isinstance(value, dict):
            yield from _leaves(value, where)
        elif not isinstance(value, list) or not value:
            allowed = "a list of values or operators, such as [1] or an object"
            yield where, f"is {show(value)}", allowed


def pattern_length(request: dict) -> Iterator[Remark]:
    size = len(request.get("EventPattern", ""))
    if 2048 < size <= 4096:
        allowed = "by the guide at most 2048, by the service model at most 4096"
        yield "EventPattern", f"is {size} characters long", allowed


def rule_trigger(request: dict) -> Iterator[Remark]:
    if not {"EventPattern", "ScheduleExpression"} & request.keys():
        allowed = "an EventPattern, a ScheduleExpression or both"
        yield "EventPattern", "is missing", allowed


def target_count(request: dict) -> Iterator[Remark]:
    number = len(request.get("Targets", []))
    if number > 5:
        yield "Targets", f"has {number} targets", "at most 5 a rule"


# Step Functions and Lambda


def definition(request: dict) -> Iterator[Remark]:
    if "definition" in request:
        yield from state_language.problems(request["definition"])


def layer_content(request: dict) -> Iterator[Remark]:
    content = request.get("Content")
    if content is None:
        return
    if ("ZipFile" in content) == bool({"S3Bucket", "S3Key"} <= content.keys()):
        allowed = "either ZipFile, or S3Bucket and S3Key"
        yield "Content", "does not say where the .zip file is, or says it twice", allowed


def layer_count(request: dict) -> Iterator[Remark]:
    layers = request.get("Layers", [])
    if len(layers) > 5:
        yield "Layers", f"has {len(layers)} layers", "at most 5 layers a function"


def layers_of_an_image(request: dict) -> Iterator[Remark]:
    if request.get("Layers") and request.get("PackageType") == "Image":
        allowed = "nothing for PackageType Image; layers are for functions from a .zip file"
        yield "Layers", "is given", allowed


_MODEL = "text of the service model, shape"
_SQS = "SQS guide 2026"
_LAMBDA = "Lambda guide 2026"
_SENDS = (
    Rule(message_size, f"{_SQS}, quotas-messages"),
    Rule(group_of_a_fifo, f"{_MODEL} SendMessageRequest"),
)
_ENTRIES = (
    Rule(entry_count, f"{_SQS}, quotas-messages"),
    Rule(entry_names, f"{_MODEL} SendMessageBatchRequestEntry"),
)

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("kinesis", "PutRecord"): (Rule(hash_key, "service model, shape HashKey"),),
    ("kinesis", "PutRecords"): (
        Rule(records_size, "Kinesis guide 2026, service-sizes-and-limits"),
        Rule(hash_key, "service model, shape HashKey"),
    ),
    ("firehose", "PutRecordBatch"): (Rule(batch_size, "Firehose guide 2026, limits"),),
    ("firehose", "CreateDeliveryStream"): (Rule(both_hints, f"{_MODEL} BufferingHints"),),
    ("sqs", "CreateQueue"): (
        Rule(queue_numbers, f"{_MODEL} CreateQueueRequest"),
        Rule(fifo_name, f"{_MODEL} CreateQueueRequest"),
        Rule(fifo_limit, f"{_MODEL} CreateQueueRequest"),
    ),
    ("sqs", "SendMessage"): _SENDS,
    ("sqs", "SendMessageBatch"): (*_ENTRIES, *_SENDS),
    ("sqs", "DeleteMessageBatch"): _ENTRIES,
    ("sqs", "ChangeMessageVisibilityBatch"): _ENTRIES,
    ("events", "PutRule"): (
        Rule(rule_trigger, f"{_MODEL} PutRuleRequest"),
        Rule(pattern_form, "EventBridge guide 2026, eb-create-pattern-operators"),
        Rule(
            pattern_length,
            "EventBridge guide 2026, eb-quota; service model, shape EventPattern",
            "conflict",
        ),
    ),
    ("events", "PutTargets"): (Rule(target_count, "EventBridge guide 2026, eb-quota"),),
    ("stepfunctions", "CreateStateMachine"): (
        Rule(definition, "Amazon States Language specification"),
    ),
    ("lambda", "PublishLayerVersion"): (
        Rule(layer_content, f"{_MODEL} LayerVersionContentInput"),
    ),
    ("lambda", "CreateFunction"): (
        Rule(layer_count, f"{_LAMBDA}, chapter-layers"),
        Rule(layers_of_an_image, f"{_LAMBDA}, chapter-layers"),
    ),
    ("lambda", "UpdateFunctionConfiguration"): (
        Rule(layer_count, f"{_LAMBDA}, chapter-layers"),
    ),
}
