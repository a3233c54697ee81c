"""SQS: standard queues, for callbacks and for events."""

import hashlib
import json
import secrets
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

BODY_LIMIT = 1 << 20
"""Bytes of a message."""

_DEFAULTS = {
    "VisibilityTimeout": ("30", 0, 43_200),
    "DelaySeconds": ("0", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("0", 0, 20),
    "MessageRetentionPeriod": ("345600", 60, 1_209_600),
}
_LACKS = ("FifoQueue", "RedrivePolicy", "RedriveAllowPolicy", "ContentBasedDeduplication")
_POLL = 0.05
_LONGEST_WAIT = 20.0


def arn(context: Context, name: str) -> str:
    """Return the ARN of a queue."""
    return context.arn(name, "sqs")


def put(
    site: Site, queue: str, body: str, *, delay: float = 0, attributes: str = "{}"
) -> str:
    """Put a message into a queue that exists and return its id."""
    now, name = site.clock.now(), str(uuid.uuid4())
    site.state.execute(
        "insert into messages (id, queue, body, attributes, sent, visible, received) "
        "values (?, ?, ?, ?, ?, ?, 0)",
        name,
        queue,
        body,
        attributes,
        now,
        now + delay,
    )
    return name


def named_by(site: Site, target: str) -> str | None:
    """Return the name of the queue that an ARN or an address names, if there is one."""
    name = target.rpartition("/")[2].rpartition(":")[2]
    return name if site.state.get("Queue", name) is not None else None


def _find(context: Context, request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["QueueUrl"].rpartition("/")[2]
    found = context.site.state.get("Queue", name)
    if found is None:
        raise ApiError("QueueDoesNotExist", "The specified queue does not exist.")
    # What is older than the queue keeps is gone, whoever looks first.
    limit = context.site.clock.now() - int(found["Attributes"]["MessageRetentionPeriod"])
    context.site.state.execute(
        "delete from messages where queue = ? and sent < ?", name, limit
    )
    return found


def _address(context: Context, name: str) -> dict[str, str]:
    return {"QueueUrl": f"{context.site.endpoint}/{context.site.account}/{name}"}


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    """Return attributes that a queue can have, or raise."""
    for name, value in given.items():
        if name in _LACKS:
            raise ApiError(
                "UnsupportedOperation",
                f"{name} is not carried out by the SageMaker on this machine: queues are "
                "standard ones, without a queue for dead letters. Leave it out.",
            )
        if name not in _DEFAULTS:
            raise ApiError(
                "InvalidAttributeName",
                f"Queues of the SageMaker on this machine have no {name[:60]}. They have: "
                f"{', '.join(_DEFAULTS)}.",
            )
        _, low, high = _DEFAULTS[name]
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ApiError(
                "InvalidAttributeValue",
                f"Invalid value for the parameter {name}: {value[:60]!r}, expected a whole "
                f"number from {low} to {high}, as text.",
            )
    return dict(given)


@operation(
    "sqs",
    "CreateQueue",
    uses="QueueName Attributes",
    differs=(
        "Standard queues only: FIFO queues and queues for dead letters are refused.",
        "A deleted name may be taken again at once; AWS wants a minute.",
    ),
)
def create_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["QueueName"]
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    if not 1 <= len(name) <= 80 or set(name) - allowed:
        raise ApiError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. "
            "1 to 80 in length.",
        )
    given = _checked(request.get("Attributes") or {})
    attributes = {key: default for key, (default, _, _) in _DEFAULTS.items()} | given
    now = context.site.clock.now()
    body = {"QueueName": name, "Attributes": attributes, "Created": now}
    try:
        context.site.state.add("Queue", name, arn(context, name), body)
    except Taken:
        found = context.site.state.get("Queue", name) or body
        if any(found["Attributes"][key] != value for key, value in given.items()):
            raise ApiError(
                "QueueNameExists",
                "A queue already exists with the same name and a different value for "
                "an attribute.",
            ) from None
    return _address(context, name)


@operation("sqs", "GetQueueUrl", uses="QueueName")
def get_queue_url(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, {"QueueUrl": request["QueueName"]})
    return _address(context, found["QueueName"])


@operation("sqs", "ListQueues", uses="QueueNamePrefix MaxResults NextToken")
def list_queues(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    prefix = request.get("QueueNamePrefix", "")
    names = [queue["QueueName"] for queue in context.site.state.all("Queue")]
    urls = [_address(context, n)["QueueUrl"] for n in names if n.startswith(prefix)]
    return page(urls, request, key="QueueUrls", default=1000)


@operation("sqs", "DeleteQueue", uses="QueueUrl")
def delete_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = _find(context, request)["QueueName"]
    with context.site.state.transaction():
        context.site.state.execute("delete from messages where queue = ?", name)
        context.site.state.remove("Queue", name)
    return {}


@operation("sqs", "PurgeQueue", uses="QueueUrl")
def purge_queue(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = _find(context, request)["QueueName"]
    context.site.state.execute("delete from messages where queue = ?", name)
    return {}


@operation("sqs", "SetQueueAttributes", uses="QueueUrl Attributes")
def set_queue_attributes(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    attributes = found["Attributes"] | _checked(request["Attributes"])
    context.site.state.change("Queue", found["QueueName"], {"Attributes": attributes})
    return {}


@operation("sqs", "GetQueueAttributes", uses="QueueUrl AttributeNames")
def get_queue_attributes(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    name, now = found["QueueName"], context.site.clock.now()
    waiting, hidden, delayed = context.site.state.rows(
        "select coalesce(sum(visible <= ?), 0), coalesce(sum(visible > ? and received), 0), "
        "coalesce(sum(visible > ? and not received), 0) from messages where queue = ?",
        now,
        now,
        now,
        name,
    )[0]
    known = found["Attributes"] | {
        "QueueArn": arn(context, name),
        "CreatedTimestamp": str(int(found["Created"])),
        "ApproximateNumberOfMessages": str(waiting),
        "ApproximateNumberOfMessagesNotVisible": str(hidden),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
    }
    asked = request.get("AttributeNames") or []
    return {"Attributes": {k: v for k, v in known.items() if k in asked or "All" in asked}}


@operation(
    "sqs",
    "SendMessage",
    uses="QueueUrl MessageBody DelaySeconds MessageAttributes",
    differs=("Attributes of a message are text or numbers, without a checksum.",),
)
def send_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    body, given = request["MessageBody"], request.get("MessageAttributes") or {}
    if any("StringValue" not in value for value in given.values()):
        raise ApiError(
            "UnsupportedOperation", "Give attributes of messages as StringValue."
        )
    size = len(body.encode("utf-8", "replace"))
    if not 1 <= size <= BODY_LIMIT:
        raise ApiError(
            "InvalidParameterValue",
            f"One or more parameters are invalid. Reason: Message must be 1 to {BODY_LIMIT} "
            f"bytes; it has {size}.",
        )
    delay = request.get("DelaySeconds", int(found["Attributes"]["DelaySeconds"]))
    _within("DelaySeconds", delay)
    name = put(
        context.site,
        found["QueueName"],
        body,
        delay=delay,
        attributes=json.dumps(given),
    )
    return {"MessageId": name, "MD5OfMessageBody": _md5(body)}


def _within(name: str, value: int) -> None:
    _, low, high = _DEFAULTS[name]
    if not low <= value <= high:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} "
            f"and {high}, if provided.",
        )


def _md5(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@operation(
    "sqs",
    "ReceiveMessage",
    uses="QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds "
    "MessageAttributeNames AttributeNames MessageSystemAttributeNames",
    differs=(
        "Messages come in the order in which they became visible, all from one place; AWS "
        "promises no order, and may answer with fewer than there are.",
        f"A wait is on the server's clock, and {_LONGEST_WAIT:.0f} real seconds at most.",
        "The visibility timeout is on the server's clock.",
    ),
)
def receive_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    count = request.get("MaxNumberOfMessages", 1)
    if not 1 <= count <= 10:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: Must be "
            "between 1 and 10, if provided.",
        )
    attributes = found["Attributes"]
    hidden = request.get("VisibilityTimeout", int(attributes["VisibilityTimeout"]))
    _within("VisibilityTimeout", hidden)
    wait = request.get("WaitTimeSeconds", int(attributes["ReceiveMessageWaitTimeSeconds"]))
    _within("ReceiveMessageWaitTimeSeconds", wait)
    clock, closing = context.site.clock, context.site.closing
    end = clock.now() + wait
    for _ in range(int(_LONGEST_WAIT / _POLL)):
        taken = _take(context.site, found["QueueName"], count, hidden)
        if taken or clock.now() >= end or closing.wait(_POLL):
            break
    if not taken:
        return {}
    return {"Messages": [_shown(message, request, context) for message in taken]}


_TAKING = threading.Lock()


def _take(site: Site, queue: str, count: int, hidden: float) -> list[dict[str, Any]]:
    """Return messages that nobody else gets until they are visible again."""
    columns = "id, body, attributes, sent, received, first_received"
    with _TAKING, site.state.transaction():
        now = site.clock.now()
        rows = site.state.rows(
            f"select {columns} from messages where queue = ? and visible <= ? "
            "order by visible, rowid limit ?",
            queue,
            now,
            count,
        )
        taken = []
        for row in rows:
            message = dict(zip(columns.split(", "), row, strict=True))
            message["handle"] = f"{message['id']}.{secrets.token_hex(8)}"
            message["received"] += 1
            message["first_received"] = message["first_received"] or now
            site.state.execute(
                "update messages set visible = ?, received = ?, first_received = ?, "
                "handle = ? where id = ?",
                now + hidden,
                message["received"],
                message["first_received"],
                message["handle"],
                message["id"],
            )
            taken.append(message)
    return taken


def _shown(
    message: dict[str, Any], request: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    shown = {
        "MessageId": message["id"],
        "ReceiptHandle": message["handle"],
        "MD5OfBody": _md5(message["body"]),
        "Body": message["body"],
    }
    asked = {
        *(request.get("AttributeNames") or []),
        *(request.get("MessageSystemAttributeNames") or []),
    }
    known = {
        "SenderId": "AIDALABSLEARNER",
        "SentTimestamp": str(int(message["sent"] * 1000)),
        "ApproximateReceiveCount": str(message["received"]),
        "ApproximateFirstReceiveTimestamp": str(int(message["first_received"] * 1000)),
    }
    system = {k: v for k, v in known.items() if k in asked or "All" in asked}
    if system:
        shown["Attributes"] = system
    wanted = request.get("MessageAttributeNames") or []
    given = json.loads(message["attributes"])
    own = {k: v for k, v in given.items() if _wants(wanted, k)}
    if own:
        shown["MessageAttributes"] = own
    return shown


def _wants(asked: list[str], name: str) -> bool:
    prefixes = [a.removesuffix("*").removesuffix(".") for a in asked if a.endswith(".*")]
    return name in asked or "All" in asked or any(name.startswith(p) for p in prefixes)


def _by_handle(context: Context, request: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the id in a handle, and whether it is the message's last handle."""
    queue, handle = _find(context, request)["QueueName"], request["ReceiptHandle"]
    name, _, secret = handle.partition(".")
    if len(name) != 36 or len(secret) != 16:
        raise ApiError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
    row = context.site.state.row(
        "select handle from messages where id = ? and queue = ?", name, queue
    )
    return name, row is not None and row[0] == handle


@operation(
    "sqs",
    "DeleteMessage",
    uses="QueueUrl ReceiptHandle",
    differs=(
        "The handle of an earlier receive deletes nothing, and is no error; AWS may delete.",
    ),
)
def delete_message(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, is_last = _by_handle(context, request)
    if is_last:
        context.site.state.execute("delete from messages where id = ?", name)
    return {}


@operation(
    "sqs", "ChangeMessageVisibility", uses="QueueUrl ReceiptHandle VisibilityTimeout"
)
def change_message_visibility(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _within("VisibilityTimeout", request["VisibilityTimeout"])
    name, is_last = _by_handle(context, request)
    now = context.site.clock.now()
    changed = is_last and context.site.state.execute(
        "update messages set visible = ? where id = ? and visible > ?",
        now + request["VisibilityTimeout"],
        name,
        now,
    )
    if not changed:
        raise ApiError("MessageNotInflight", "The message referred to is not in flight.")
    return {}
