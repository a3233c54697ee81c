"""EventBridge: rules, targets, events."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from .conftest import ONCE


@pytest.fixture
def bus(local):
    return local.client("events", config=ONCE)


@pytest.fixture
def queue(local, request):
    sqs = local.client("sqs", config=ONCE)
    name = request.node.name[:80]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])

    def read():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"]) for m in messages.get("Messages", [])]

    read.arn = found["Attributes"]["QueueArn"]
    return read


def rule(bus, queue, name, pattern, **target):
    bus.put_rule(Name=name, EventPattern=json.dumps(pattern))
    bus.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn, **target}])


def test_an_event_goes_to_the_rules_that_take_it(bus, queue):
    rule(
        bus,
        queue,
        "mine",
        {"source": ["shop"], "detail": {"total": [{"numeric": [">", 9]}]}},
    )
    entry = {"Source": "shop", "DetailType": "order"}
    answer = bus.put_events(
        Entries=[
            {**entry, "Detail": '{"total": 10}'},
            {**entry, "Detail": '{"total": 9}'},
            {**entry, "Detail": "["},
            {**entry, "Source": "aws.s3", "Detail": "{}"},
        ]
    )
    assert answer["FailedEntryCount"] == 2
    codes = [item.get("ErrorCode") for item in answer["Entries"]]
    assert codes == [None, None, "MalformedDetail", "NotAuthorizedForSource"]
    (event,) = queue()
    assert event["detail"] == {"total": 10}
    assert event["detail-type"] == "order"
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (
        abs(time.time() - time.mktime(time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")))
        < 1e5
    )


def test_a_target_may_want_a_part_or_a_constant(bus, queue):
    rule(bus, queue, "part", {"source": ["part"]}, InputPath="$.detail.inner")
    rule(bus, queue, "constant", {"source": ["constant"]}, Input='{"do": "it"}')
    entry = {"DetailType": "t", "Detail": '{"inner": [1]}'}
    bus.put_events(Entries=[{**entry, "Source": name} for name in ("part", "constant")])
    assert queue() == [[1], {"do": "it"}]


def test_a_disabled_rule_is_quiet_and_a_changed_one_keeps_its_targets(bus, queue):
    rule(bus, queue, "switch", {"source": ["switch"]})
    entry = [{"Source": "switch", "DetailType": "t", "Detail": "{}"}]
    bus.disable_rule(Name="switch")
    bus.put_events(Entries=entry)
    assert queue() == []
    bus.put_rule(Name="switch", EventPattern='{"source": ["switch"]}')
    assert bus.describe_rule(Name="switch")["State"] == "ENABLED"
    bus.put_events(Entries=entry)
    assert len(queue()) == 1


def test_what_is_refused(bus, queue):
    rule(bus, queue, "full", {"source": ["x"]})
    with pytest.raises(ClientError, match="has targets"):
        bus.delete_rule(Name="full")
    with pytest.raises(bus.exceptions.LimitExceededException):
        bus.put_targets(
            Rule="full", Targets=[{"Id": str(n), "Arn": queue.arn} for n in range(9)]
        )
    with pytest.raises(
        bus.exceptions.ResourceNotFoundException, match="only queues, streams"
    ):
        bus.put_targets(Rule="full", Targets=[{"Id": "2", "Arn": "arn:aws:lambda:x"}])
    with pytest.raises(bus.exceptions.InvalidEventPatternException):
        bus.put_rule(Name="bad", EventPattern='{"a": "b"}')
    with pytest.raises(ClientError, match="timetable"):
        bus.put_rule(Name="bad", ScheduleExpression="rate(1 day)")
    with pytest.raises(bus.exceptions.ResourceNotFoundException):
        bus.describe_rule(Name="bad")


def test_targets_of_other_kinds(local, bus, queue):
    """A stream, a FIFO queue and a state machine get the event each in its own way."""
    kinesis, sqs = local.client("kinesis", config=ONCE), local.client("sqs", config=ONCE)
    machines = local.client("stepfunctions", config=ONCE)
    kinesis.create_stream(StreamName="targets", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="targets")[
        "StreamDescriptionSummary"
    ]
    kinds = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="targets.fifo", Attributes=kinds)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name="targets", definition=json.dumps(definition), roleArn=local.role
    )["stateMachineArn"]
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["all"]}))
    fifo = {"Id": "2", "Arn": found["QueueArn"]}
    with pytest.raises(ClientError, match="SqsParameters must be specified"):
        bus.put_targets(Rule="all", Targets=[fifo])
    by_card = {"PartitionKeyPath": "$.detail.card"}
    bus.put_targets(
        Rule="all",
        Targets=[
            {"Id": "1", "Arn": stream["StreamARN"], "KinesisParameters": by_card},
            {**fifo, "SqsParameters": {"MessageGroupId": "g"}},
            {"Id": "3", "Arn": machine, "InputPath": "$.detail"},
        ],
    )
    bus.put_events(
        Entries=[{"Source": "all", "DetailType": "t", "Detail": '{"card": "c1"}'}]
    )
    iterator = kinesis.get_shard_iterator(
        StreamName="targets",
        ShardId="shardId-000000000000",
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert record["PartitionKey"] == "c1"
    assert json.loads(record["Data"])["detail"] == {"card": "c1"}
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "g"
    (execution,) = machines.list_executions(stateMachineArn=machine)["executions"]
    described = machines.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"card": "c1"}


def test_a_bus_has_so_many_rules(bus):
    before = len(bus.list_rules(Limit=100)["Rules"])
    assert before < 100
    rule = {"EventPattern": '{"source": ["x"]}'}
    names = [f"many-{number}" for number in range(300 - before)]
    for name in names:
        bus.put_rule(Name=name, **rule)
    with pytest.raises(bus.exceptions.LimitExceededException, match="at most 300"):
        bus.put_rule(Name="one-more", **rule)
    # A rule that is there may change; 30 may have wildcards.
    for name in names[:30]:
        bus.put_rule(Name=name, EventPattern='{"source": [{"wildcard": "a*b"}]}')
    bus.put_rule(Name=names[0], EventPattern='{"source": [{"wildcard": "*"}]}')
    with pytest.raises(bus.exceptions.LimitExceededException, match="Use prefix"):
        bus.put_rule(Name=names[30], EventPattern='{"source": [{"wildcard": "*"}]}')
    for name in names:
        bus.delete_rule(Name=name)
