"""SQS: what a message goes through."""

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .conftest import ONCE


@pytest.fixture
def sqs(still):
    return still.client("sqs", config=ONCE)


@pytest.fixture
def url(sqs, request):
    name = request.node.name.replace("[", "-").replace("]", "")[:80]
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def bodies(sqs, url, **options):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options)
    return [message["Body"] for message in found.get("Messages", [])]


def test_a_message_that_is_not_deleted_comes_back(still, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="work")
    assert bodies(sqs, url) == ["work"]
    assert bodies(sqs, url) == []
    still.step(29)
    assert bodies(sqs, url) == []
    still.step(2)
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    still.step(60)
    assert bodies(sqs, url) == []


def test_the_handle_of_an_earlier_receive_deletes_nothing(still, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="work")
    (first,) = sqs.receive_message(QueueUrl=url)["Messages"]
    still.step(31)
    (second,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert second["MessageId"] == first["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    still.step(31)
    assert bodies(sqs, url) == ["work"]


def test_a_worker_may_hold_a_message_longer_or_give_it_back(still, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="work")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    sqs.change_message_visibility(**handle, VisibilityTimeout=100)
    still.step(50)
    assert bodies(sqs, url) == []
    sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    assert bodies(sqs, url, VisibilityTimeout=0) == ["work"]
    with pytest.raises(sqs.exceptions.MessageNotInflight):
        sqs.change_message_visibility(**handle, VisibilityTimeout=0)


def test_delay_and_retention(still, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=10)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesDelayed"] == "1"
    assert bodies(sqs, url) == []
    still.step(11)
    assert bodies(sqs, url) == ["later"]
    still.step(345_601)
    assert bodies(sqs, url) == []
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0"


def test_each_message_goes_to_one_of_many_receivers(sqs, url):
    for number in range(40):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    found = []

    def work():
        while got := bodies(sqs, url):
            found.extend(got)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found, key=int) == [str(number) for number in range(40)]


def test_a_wait_ends_when_a_message_comes(sqs, url):
    late = threading.Timer(
        0.3, lambda: sqs.send_message(QueueUrl=url, MessageBody="at last")
    )
    late.start()
    began = time.monotonic()
    assert bodies(sqs, url, WaitTimeSeconds=20) == ["at last"]
    assert 0.2 < time.monotonic() - began < 15
    late.join()


def test_messages_survive_a_restart(tmp_path):
    with sagemaker.start(tmp_path) as local:
        sqs = local.client("sqs", config=ONCE)
        url = sqs.create_queue(QueueName="kept")["QueueUrl"]
        sqs.send_message(
            QueueUrl=url,
            MessageBody="ä",
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
        )
    with sagemaker.start(tmp_path) as local:
        sqs = local.client("sqs", config=ONCE)
        (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])[
            "Messages"
        ]
        assert message["Body"] == "ä"
        assert message["MessageAttributes"]["kind"]["StringValue"] == "x"


@pytest.mark.parametrize(
    ("call", "request_", "code"),
    [
        ("create_queue", {"QueueName": "a b"}, "InvalidParameterValue"),
        ("create_queue", {"QueueName": "a.fifo"}, "InvalidParameterValue"),
        (
            "create_queue",
            {"QueueName": "a", "Attributes": {"FifoQueue": "true"}},
            "InvalidParameterValue",
        ),
        (
            "create_queue",
            {"QueueName": "a", "Attributes": {"Policy": "{}"}},
            "InvalidAttributeName",
        ),
        (
            "create_queue",
            {"QueueName": "a", "Attributes": {"DelaySeconds": "901"}},
            "InvalidAttributeValue",
        ),
        (
            "get_queue_url",
            {"QueueName": "nothing"},
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
    ],
)
def test_what_is_refused(sqs, call, request_, code):
    with pytest.raises(ClientError) as caught:
        getattr(sqs, call)(**request_)
    assert caught.value.response["Error"]["Code"] == code


def test_an_unknown_queue_is_its_modelled_error(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nothing")


@pytest.mark.parametrize(
    "options",
    [
        {"MessageBody": "x" * (1 << 20) + "x"},
        {"MessageBody": "x", "DelaySeconds": 901},
    ],
)
def test_messages_that_are_refused(sqs, url, options):
    with pytest.raises(ClientError):
        sqs.send_message(QueueUrl=url, **options)
    assert bodies(sqs, url) == []


@pytest.mark.parametrize(
    "options",
    [{"MaxNumberOfMessages": 11}, {"VisibilityTimeout": 43_201}, {"WaitTimeSeconds": 21}],
)
def test_receives_that_are_refused(sqs, url, options):
    with pytest.raises(ClientError):
        sqs.receive_message(QueueUrl=url, **options)


def test_a_handle_that_is_none(sqs, url):
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="x")


# First in, first out


@pytest.fixture
def ordered(sqs, request):
    name = request.node.name[:70] + ".fifo"
    return sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]


def test_a_group_keeps_its_order_and_waits_for_its_receiver(still, sqs, ordered):
    for number in range(12):
        group = {"MessageGroupId": "ab"[number % 2], "MessageDeduplicationId": str(number)}
        sent = sqs.send_message(QueueUrl=ordered, MessageBody=str(number), **group)
        assert len(sent["SequenceNumber"]) == 20
    found = sqs.receive_message(
        QueueUrl=ordered, MaxNumberOfMessages=2, AttributeNames=["All"]
    )["Messages"]
    assert [message["Body"] for message in found] == ["0", "2"]
    assert found[0]["Attributes"]["MessageGroupId"] == "a"
    assert bodies(sqs, ordered) == ["1", "3", "5", "7", "9", "11"]
    assert bodies(sqs, ordered) == []
    answer = sqs.delete_message_batch(
        QueueUrl=ordered,
        Entries=[
            {"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in found
        ],
    )
    assert len(answer["Successful"]) == 2
    assert bodies(sqs, ordered) == ["4", "6", "8", "10"]


def test_a_duplicate_is_known_for_five_minutes_and_over_a_restart(tmp_path):
    kinds = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    message = {"MessageBody": "pay", "MessageGroupId": "g"}
    with sagemaker.start(tmp_path, speed=0) as local:
        sqs = local.client("sqs", config=ONCE)
        url = sqs.create_queue(QueueName="a.fifo", Attributes=kinds)["QueueUrl"]
        first = sqs.send_message(QueueUrl=url, **message)["MessageId"]
        (found,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    with sagemaker.start(tmp_path, speed=0) as local:
        sqs = local.client("sqs", config=ONCE)
        local.step(200)
        assert sqs.send_message(QueueUrl=url, **message)["MessageId"] == first
        assert bodies(sqs, url) == []
        local.step(300)
        assert sqs.send_message(QueueUrl=url, **message)["MessageId"] != first
        assert bodies(sqs, url) == ["pay"]


def test_dead_letters_survive_a_restart(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        sqs = local.client("sqs", config=ONCE)
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = {
            "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
            "maxReceiveCount": "1",
        }
        redrive = {"RedrivePolicy": json.dumps(policy)}
        url = sqs.create_queue(QueueName="q", Attributes=redrive)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        assert bodies(sqs, url) == ["poison"]
        local.step(30)
        assert bodies(sqs, url) == []
    with sagemaker.start(tmp_path, speed=0) as local:
        sqs = local.client("sqs", config=ONCE)
        assert bodies(sqs, dead) == ["poison"]
        assert bodies(sqs, url) == []
        for target in ("arn:aws:sqs:us-east-1:1:nothing", "arn:aws:sqs:us-east-1:1:q"):
            wrong = json.dumps({"deadLetterTargetArn": target})
            with pytest.raises(ClientError, match="does not exist, or is this queue"):
                sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": wrong})
        sqs.delete_queue(QueueUrl=dead)
        local.step(30)
        assert bodies(sqs, url) == []


def test_a_batch_is_refused_whole_or_entry_by_entry(sqs, url):
    def send(*bodies, ids="abcdefghijkl"):
        entries = [
            {"Id": one, "MessageBody": body} for one, body in zip(ids, bodies, strict=False)
        ]
        return sqs.send_message_batch(QueueUrl=url, Entries=entries)

    for bodies_, ids, code in [
        ([], "", "EmptyBatchRequest"),
        (["x"] * 11, "abcdefghijk", "TooManyEntriesInBatchRequest"),
        (["x"] * 2, "aa", "BatchEntryIdsNotDistinct"),
        (["x"], "?", "InvalidBatchEntryId"),
        (["x" * (1 << 20), "x"], "ab", "BatchRequestTooLong"),
    ]:
        with pytest.raises(ClientError) as caught:
            send(*bodies_, ids=ids)
        assert caught.value.response["Error"]["Code"].endswith(code)
    answer = sqs.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "MessageBody": "good"},
            {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
        ],
    )
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [
        ("late", "InvalidParameterValue")
    ]
    assert bodies(sqs, url) == ["good"]
