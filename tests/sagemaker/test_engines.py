"""Engines in memory and what is stored of them never part."""

import threading

import pytest

from labs_lib.platform.errors import Refusal
from labs_lib.sagemaker import kinesis, queues
from labs_lib.sagemaker.operations import Context
from labs_lib.sagemaker.site import Site


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, account="111122223333", speed=0)
    context = Context(site, "us-east-1", None)
    queues.create_queue(context, {"QueueName": "q"})
    kinesis.create_stream(context, {"StreamName": "s", "ShardCount": 1})
    yield site
    site.state.close()


def received(site):
    found = queues.receive_message(
        Context(site, "us-east-1", None),
        {"QueueUrl": "q", "MaxNumberOfMessages": 10, "VisibilityTimeout": 0},
    )
    return [message["Body"] for message in found.get("Messages", [])]


def read(site):
    context = Context(site, "us-east-1", None)
    asked = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(context, {"StreamName": "s", **asked})
    return [record["Data"] for record in kinesis.get_records(context, iterator)["Records"]]


def test_a_message_of_a_transaction_that_fails_was_never_sent(site):
    queues.put(site, "q", "before")
    kinesis.append(site, "s", b"before", "k")

    def send_and_fail():
        with site.state.transaction():
            queues.put(site, "q", "never")
            kinesis.append(site, "s", b"never", "k")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        send_and_fail()
    queues.put(site, "q", "after")
    kinesis.append(site, "s", b"after", "k")
    assert received(site) == ["before", "after"]
    assert read(site) == [b"before", b"after"]


def test_what_cannot_be_stored_did_not_happen(site, monkeypatch):
    def full(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(site.state, "execute_many", full)
        with pytest.raises(OSError, match="full"):
            queues.put(site, "q", "never")
        with pytest.raises(OSError, match="full"):
            kinesis.append(site, "s", b"never", "k")
    assert received(site) == []
    assert read(site) == []


def test_a_refusal_leaves_everything_as_it_was(site):
    queues.put(site, "q", "a")
    with pytest.raises(Refusal):
        queues.put(site, "q", "x" * (1 << 21))
    assert received(site) == ["a"]


def test_who_sends_in_a_transaction_and_who_receives_do_not_wait_for_each_other(site):
    def send():
        for number in range(100):
            with site.state.transaction():
                queues.put(site, "q", str(number))

    def receive():
        for _ in range(100):
            received(site)

    threads = [threading.Thread(target=call, daemon=True) for call in (send, receive) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
