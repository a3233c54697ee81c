"""SQS: queues, for callbacks, for events and for themselves."""

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labs_lib.platform.errors import Refusal
from labs_lib.platform.queues import (
    Entry,
    MessageQueue,
    QueuedMessage,
    check_batch,
    check_number,
    redrive_policy,
)
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import State, Taken

_POLL = 0.05
_LONGEST_WAIT = 20.0


def arn(context: Context, name: str) -> str:
    """Return the ARN of a queue."""
    return context.arn(name, "sqs")


def put(site: Site, queue: str, body: str, *, group: str = "") -> str:
    """Put a message into a queue that exists and return its id.

    Parameters
    ----------
    site : Site
    queue, body : str
    group : str, optional
        What a FIFO queue needs.
    """
    with _used(site, queue) as found:
        return found.send(Entry(body, group=group)).id


def named_by(site: Site, target: str) -> str | None:
    """Return the name of the queue that an ARN or an address names, if there is one."""
    name = target.rpartition("/")[2].rpartition(":")[2]
    return name if site.state.get("Queue", name) is not None else None


# Engines and what is stored of them


@contextlib.contextmanager
def _used(site: Site, name: str) -> Iterator[MessageQueue]:
    """Give a queue to one thread at a time, and store what it changed."""
    with site.engines.use():
        queue = _loaded(site, name)
        try:
            yield queue
        finally:
            _store(site, queue)


def _loaded(site: Site, name: str) -> MessageQueue:
    if name in site.engines.queues:
        return site.engines.queues[name]
    found = site.state.get("Queue", name)
    if found is None:
        raise ApiError("QueueDoesNotExist", "The specified queue does not exist.")
    attributes, target = found["Attributes"], None
    # The queue of its dead letters may have been deleted since.
    with contextlib.suppress(ApiError):
        target = _dead_letters(site, name, attributes)
    queue = MessageQueue(name, site.clock, attributes, dead_letters=target)
    queue.created = found["Created"]
    queue.restore(
        *(
            [
                QueuedMessage(**json.loads(text))
                for (text,) in site.state.rows(
                    f"select message from {of} where queue = ?", name
                )
            ]
            for of in ("queued", "deduplicated")
        )
    )
    site.engines.queues[name] = queue
    return queue


def _store(site: Site, queue: MessageQueue) -> None:
    queues = [one for one in (queue, queue.dead_letters) if one is not None]
    changes = [(one, *one.changes()) for one in queues]
    if not any(kept or gone for _, kept, gone in changes):
        return
    state = site.state
    with state.transaction():
        for one, kept, gone in changes:
            rows = _rows(one, kept)
            numbers = [(one.name, number) for number in gone]
            state.execute_many("insert or replace into queued values (?, ?, ?)", rows)
            state.execute_many("delete from queued where queue = ? and number = ?", numbers)
        if queue.is_fifo:
            _store_deduplicated(state, queue)


def _store_deduplicated(state: State, queue: MessageQueue) -> None:
    """Store the messages whose ids are taken, and forget those of more than 5 minutes ago."""
    (newest,) = state.rows(
        "select coalesce(max(number), -1) from deduplicated where queue = ?", queue.name
    )[0]
    remembered = queue.remembered
    fresh = [message for message in remembered if message.number > newest]
    state.execute_many("insert into deduplicated values (?, ?, ?)", _rows(queue, fresh))
    oldest = min((message.number for message in remembered), default=newest + 1)
    state.execute(
        "delete from deduplicated where queue = ? and number < ?", queue.name, oldest
    )


def _rows(queue: MessageQueue, messages: list[QueuedMessage]) -> list[tuple]:
    return [
        (queue.name, message.number, json.dumps(dataclasses.asdict(message)))
        for message in messages
    ]


def _dead_letters(
    site: Site, name: str, attributes: Mapping[str, str]
) -> MessageQueue | None:
    """Return the queue that a redrive policy names."""
    policy = attributes.get("RedrivePolicy")
    if not policy:
        return None
    target = redrive_policy(policy)[0].rpartition(":")[2]
    is_fifo = attributes.get("FifoQueue") == "true"
    known = target != name and site.state.get("Queue", target)
    if not known:
        reason = "Dead letter target does not exist, or is this queue."
    elif (known["Attributes"].get("FifoQueue") == "true") is not is_fifo:
        reason = (
            "Dead letters of a FIFO queue go to a FIFO queue, others to a standard one."
        )
    else:
        return _loaded(site, target)
    raise ApiError(
        "InvalidParameterValue",
        f"Value {policy[:200]} for parameter RedrivePolicy is invalid. Reason: {reason}",
    )


def _name(request: Mapping[str, Any]) -> str:
    return request["QueueUrl"].rpartition("/")[2]


def _address(context: Context, name: str) -> dict[str, str]:
    return {"QueueUrl": f"{context.site.endpoint}/{context.site.account}/{name}"}


@operation(
    "sqs",
    "CreateQueue",
    uses="QueueName Attributes",
    differs=(
        "A FIFO queue has 8 partitions with FifoThroughputLimit perMessageGroupId, whatever its "
        "traffic; a group belongs to one by a hash. AWS splits them as it needs.",
        "There is no RedriveAllowPolicy, no encryption and no Policy.",
        "A deleted name may be taken again at once; AWS wants a minute.",
    ),
)
def create_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name, given = context.site, request["QueueName"], request.get("Attributes") or {}
    with site.engines.use():
        queue = MessageQueue(
            name, site.clock, given, dead_letters=_dead_letters(site, name, given)
        )
        body = {
            "QueueName": name,
            "Attributes": queue.attributes,
            "Created": site.clock.now(),
        }
        try:
            site.state.add("Queue", name, arn(context, name), body)
        except Taken:
            found = _loaded(site, name).attributes
            if any(found.get(key) != value for key, value in given.items()):
                raise ApiError(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for "
                    "an attribute.",
                ) from None
    return _address(context, name)


@operation("sqs", "GetQueueUrl", uses="QueueName")
def get_queue_url(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, request["QueueName"]) as queue:
        return _address(context, queue.name)


@operation("sqs", "ListQueues", uses="QueueNamePrefix MaxResults NextToken")
def list_queues(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    prefix = request.get("QueueNamePrefix", "")
    names = [queue["QueueName"] for queue in context.site.state.all("Queue")]
    urls = [_address(context, n)["QueueUrl"] for n in names if n.startswith(prefix)]
    return page(urls, request, key="QueueUrls", default=1000)


@operation("sqs", "DeleteQueue", uses="QueueUrl")
def delete_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, _name(request)
    with site.engines.use():
        _loaded(site, name)
        with site.state.transaction():
            for table in ("queued", "deduplicated"):
                site.state.execute(f"delete from {table} where queue = ?", name)
            site.state.remove("Queue", name)
        # Others may hold it as the place of their dead letters.
        site.engines.queues.clear()
    return {}


@operation("sqs", "PurgeQueue", uses="QueueUrl")
def purge_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        queue.purge()
    return {}


@operation("sqs", "SetQueueAttributes", uses="QueueUrl Attributes")
def set_queue_attributes(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site = context.site
    with _used(site, _name(request)) as queue:
        given = request["Attributes"]
        target = _dead_letters(site, queue.name, queue.attributes | given)
        queue.change(given, dead_letters=target)
        site.state.change("Queue", queue.name, {"Attributes": queue.attributes})
    return {}


@operation("sqs", "GetQueueAttributes", uses="QueueUrl AttributeNames")
def get_queue_attributes(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        waiting, hidden, delayed = queue.counts()
        known = queue.attributes | {
            "QueueArn": arn(context, queue.name),
            "CreatedTimestamp": str(int(queue.created)),
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
    asked = request.get("AttributeNames") or []
    return {"Attributes": {k: v for k, v in known.items() if k in asked or "All" in asked}}


# Sending


def _entry(given: Mapping[str, Any]) -> Entry:
    attributes = given.get("MessageAttributes") or {}
    if any("StringValue" not in value for value in attributes.values()):
        raise ApiError(
            "UnsupportedOperation", "Give attributes of messages as StringValue."
        )
    return Entry(
        given["MessageBody"],
        attributes,
        given.get("DelaySeconds"),
        given.get("MessageGroupId", ""),
        given.get("MessageDeduplicationId", ""),
    )


def _sent(queue: MessageQueue, message: QueuedMessage, body: str) -> dict[str, Any]:
    answer = {"MessageId": message.id, "MD5OfMessageBody": _md5(body)}
    return answer | ({"SequenceNumber": message.sequence_number} if queue.is_fifo else {})


@operation(
    "sqs",
    "SendMessage",
    uses="QueueUrl MessageBody DelaySeconds MessageAttributes MessageGroupId "
    "MessageDeduplicationId",
    differs=(
        "Attributes of a message are text or numbers, without a checksum.",
        "The MessageGroupId of a message in a standard queue changes no order.",
    ),
)
def send_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    entry = _entry(request)
    with _used(context.site, _name(request)) as queue:
        return _sent(queue, queue.send(entry), entry.body)


def _ids(request: Mapping[str, Any]) -> list[str]:
    """Return the ids of a batch, 1 to 10 different ones."""
    ids = [entry["Id"] for entry in request["Entries"]]
    check_batch(len(ids))
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ApiError("BatchEntryIdsNotDistinct", f"Id {twice[:80]} repeated.")
    if not all(re.fullmatch("[A-Za-z0-9_-]{1,80}", one) for one in ids):
        raise ApiError(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and "
            "underscores. It can be at most 80 letters long.",
        )
    return ids


def _batch(
    ids: list[str], outcomes: list[Any], succeeded: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the answer of a batch: what succeeded, and why the rest did not."""
    pairs = list(zip(ids, outcomes, succeeded, strict=True))
    return {
        "Successful": [
            {"Id": one, **answer}
            for one, outcome, answer in pairs
            if not isinstance(outcome, Refusal)
        ],
        "Failed": [
            {
                "Id": one,
                "SenderFault": True,
                "Code": outcome.code,
                "Message": outcome.message,
            }
            for one, outcome, _ in pairs
            if isinstance(outcome, Refusal)
        ],
    }


@operation(
    "sqs",
    "SendMessageBatch",
    uses="QueueUrl Entries[].Id Entries[].MessageBody Entries[].DelaySeconds "
    "Entries[].MessageAttributes Entries[].MessageGroupId Entries[].MessageDeduplicationId",
)
def send_message_batch(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        ids, entries = _ids(request), [_entry(entry) for entry in request["Entries"]]
        outcomes = queue.send_many(entries)
    answers = [
        {} if isinstance(one, Refusal) else _sent(queue, one, entry.body)
        for one, entry in zip(outcomes, entries, strict=True)
    ]
    return _batch(ids, outcomes, answers)


def _md5(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


# Receiving


@operation(
    "sqs",
    "ReceiveMessage",
    uses="QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds "
    "MessageAttributeNames AttributeNames MessageSystemAttributeNames",
    differs=(
        "Messages of a standard queue come in the order in which they became visible, all from "
        "one place; AWS promises no order, and may answer with fewer than there are.",
        f"A wait is on the server's clock, and {_LONGEST_WAIT:.0f} real seconds at most.",
        "The visibility timeout is on the server's clock.",
    ),
)
def receive_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, _name(request)
    with _used(site, name) as queue:
        default = int(queue.attributes["ReceiveMessageWaitTimeSeconds"])
    wait = request.get("WaitTimeSeconds", default)
    check_number("ReceiveMessageWaitTimeSeconds", wait)
    end = site.clock.now() + wait
    shown: list[dict[str, Any]] = []
    for poll in range(int(_LONGEST_WAIT / _POLL)):
        with _used(site, name) as queue:
            # Only the first look is a call that a FIFO queue counts.
            if not poll or queue.is_ready:
                taken = queue.receive(
                    request.get("MaxNumberOfMessages", 1),
                    hidden=request.get("VisibilityTimeout"),
                )
                shown = [_shown(message, request) for message in taken]
        if shown or site.clock.now() >= end or site.closing.wait(_POLL):
            break
    return {"Messages": shown} if shown else {}


def _shown(message: QueuedMessage, request: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": _md5(message.body),
        "Body": message.body,
    }
    asked = {
        *(request.get("AttributeNames") or []),
        *(request.get("MessageSystemAttributeNames") or []),
    }
    known = {
        "SenderId": "AIDALABSLEARNER",
        "SentTimestamp": str(int(message.sent * 1000)),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(int(message.first_received * 1000)),
    }
    if message.group:
        known["MessageGroupId"] = message.group
    if message.deduplication:
        known["MessageDeduplicationId"] = message.deduplication
        known["SequenceNumber"] = message.sequence_number
    system = {k: v for k, v in known.items() if k in asked or "All" in asked}
    if system:
        shown["Attributes"] = system
    wanted = request.get("MessageAttributeNames") or []
    own = {k: v for k, v in message.attributes.items() if _wants(wanted, k)}
    if own:
        shown["MessageAttributes"] = own
    return shown


def _wants(asked: list[str], name: str) -> bool:
    prefixes = [a.removesuffix("*").removesuffix(".") for a in asked if a.endswith(".*")]
    return name in asked or "All" in asked or any(name.startswith(p) for p in prefixes)


# Afterwards


@operation(
    "sqs",
    "DeleteMessage",
    uses="QueueUrl ReceiptHandle",
    differs=(
        "The handle of an earlier receive deletes nothing, and is no error; AWS may delete.",
    ),
)
def delete_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        queue.delete(request["ReceiptHandle"])
    return {}


@operation(
    "sqs",
    "DeleteMessageBatch",
    uses="QueueUrl Entries[].Id Entries[].ReceiptHandle",
    differs=("The handle of an earlier receive deletes nothing, and is no error.",),
)
def delete_message_batch(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        ids = _ids(request)
        outcomes = queue.delete_many(
            [entry["ReceiptHandle"] for entry in request["Entries"]]
        )
    return _batch(ids, outcomes, [{}] * len(ids))


@operation(
    "sqs", "ChangeMessageVisibility", uses="QueueUrl ReceiptHandle VisibilityTimeout"
)
def change_message_visibility(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with _used(context.site, _name(request)) as queue:
        queue.change_visibility(request["ReceiptHandle"], request["VisibilityTimeout"])
    return {}
