"""Queues as SQS has them: standard and first in, first out.

Source: SQS developer guide (quotas of messages and of FIFO queues) and botocore's model. Of
standard queues AWS promises no order and may deliver twice; here messages come in the order in
which they became visible, and a second time only after their visibility timeout.
"""

import hashlib
import heapq
import json
import uuid
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.token_bucket import TokenBucket

MESSAGE_BYTES = 1 << 20
"""Of a message, and of all messages of a batch."""

BATCH = 10
DEDUPLICATION_SECONDS = 300
CALLS_A_SECOND = 300
MESSAGES_A_SECOND = 3_000
"""Of each action on a FIFO queue, or on a partition of one with high throughput."""

IN_FLIGHT = 120_000
"""Messages of a FIFO queue that are received and not yet deleted."""

PARTITIONS = 8
"""Of a FIFO queue with high throughput: 2,400 calls a second, the quota of the smallest Region."""

NUMBERS = {
    "VisibilityTimeout": ("30", 0, 43_200),
    "DelaySeconds": ("0", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("0", 0, 20),
    "MessageRetentionPeriod": ("345600", 60, 1_209_600),
    "MaximumMessageSize": (str(MESSAGE_BYTES), 1_024, MESSAGE_BYTES),
}
"""Attributes that are whole numbers: default, least, most."""

WORDS = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("false", "true"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
"""Attributes of FIFO queues: their values, the default first."""

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_PUNCTUATED = _NAME | frozenset("!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~")
_FIRST_SEQUENCE = 10**19


@dataclass
class QueuedMessage:
    """A message in a queue.

    Attributes
    ----------
    number : int
        Grows in the order of sending.
    id, body : str
    sent, visible : float
        Seconds since 1970; whoever receives before `visible` does not get it.
    attributes : dict
        What the sender added.
    group, deduplication : str
        Empty where the queue or the sender has none.
    received : int
        Times it was received.
    first_received : float
        Seconds since 1970, 0 before.
    """

    number: int
    id: str
    body: str
    sent: float
    visible: float
    attributes: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    deduplication: str = ""
    received: int = 0
    first_received: float = 0.0

    @property
    def handle(self) -> str:
        """What its last receiver deletes it by."""
        return f"{self.id}.{self.received:016x}"

    @property
    def sequence_number(self) -> str:
        """Twenty digits."""
        return str(_FIRST_SEQUENCE + self.number)


@dataclass(frozen=True)
class Entry:
    """A message to be sent.

    Attributes
    ----------
    body : str
    attributes : mapping
        JSON; counted with the body.
    delay : int or None
        Seconds; None for the queue's own. A FIFO queue has only its own.
    group, deduplication : str
        For FIFO queues; `group` may be given to a standard queue.
    """

    body: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    delay: int | None = None
    group: str = ""
    deduplication: str = ""

    @property
    def size(self) -> int:
        """Bytes of body and attributes."""
        size = len(self.body.encode("utf-8", "replace"))
        for name, value in self.attributes.items():
            texts = [name, *(str(part) for part in value.values())]
            size += sum(len(text.encode("utf-8", "replace")) for text in texts)
        return size


class _Group:
    """The messages of one group in their order, and which of them are in flight."""

    def __init__(self) -> None:
        self.messages: OrderedDict[int, QueuedMessage] = OrderedDict()
        self.in_flight: set[int] = set()

    def ready_at(self) -> float:
        """Return when its first message can be received: order waits for whoever has some."""
        head = next(iter(self.messages.values()))
        return max([head.visible, *(self.messages[n].visible for n in self.in_flight)])


class MessageQueue:
    """A queue of messages.

    Parameters
    ----------
    name : str
        A FIFO queue's ends in ``.fifo``.
    clock : Timekeeper
    attributes : mapping of str to str, optional
        SQS's own: `NUMBERS`, `WORDS` and ``RedrivePolicy``.
    dead_letters : MessageQueue, optional
        The queue that the redrive policy names.

    Raises
    ------
    Refusal
        By every method, with SQS's code, before anything is changed.
    """

    def __init__(
        self,
        name: str,
        clock: Timekeeper,
        attributes: Mapping[str, str] | None = None,
        *,
        dead_letters: "MessageQueue | None" = None,
    ):
        given = dict(attributes or {})
        self.is_fifo = given.get("FifoQueue") == "true"
        check_name(name, is_fifo=self.is_fifo)
        check_attributes(given, is_fifo=self.is_fifo)
        self.name = name
        self.clock = clock
        self.dead_letters = dead_letters
        self.attributes = {key: default for key, (default, _, _) in NUMBERS.items()}
        if self.is_fifo:
            self.attributes |= {key: values[0] for key, values in WORDS.items()}
        self.attributes |= given
        self.created = clock.now()
        self._next_number = int(self.created * 1000) << 20
        self._messages: OrderedDict[int, QueuedMessage] = OrderedDict()
        self._by_id: dict[str, QueuedMessage] = {}
        self._groups: dict[str, _Group] = {}
        # What may be ready: of a standard queue messages, of a FIFO queue groups.
        self._ready: list[tuple[float, int]] = []
        self._flying = 0
        self._changed: set[int] = set()
        self._seen: OrderedDict[str, QueuedMessage] = OrderedDict()
        self._buckets: dict[str, tuple[TokenBucket, TokenBucket]] = {}

    # Attributes

    def _number(self, name: str) -> int:
        return int(self.attributes[name])

    @property
    def max_receives(self) -> int | None:
        """Receives after which a message goes to the dead letters; None without a policy."""
        policy = self.attributes.get("RedrivePolicy")
        return redrive_policy(policy)[1] if policy else None

    def change(
        self, attributes: Mapping[str, str], *, dead_letters: "MessageQueue | None" = None
    ) -> None:
        """Change attributes; whether a queue is FIFO cannot be changed."""
        kind = attributes.get("FifoQueue", "true" if self.is_fifo else "false")
        if (kind == "true") is not self.is_fifo:
            raise Refusal(
                "InvalidAttributeValue",
                "A queue cannot be converted to FIFO or back. Create a new one.",
            )
        check_attributes(self.attributes | dict(attributes), is_fifo=self.is_fifo)
        self.attributes |= dict(attributes)
        self._buckets.clear()
        if "RedrivePolicy" in attributes:
            self.dead_letters = dead_letters

    # Sending

    def send(self, entry: Entry) -> QueuedMessage:
        """Put a message into the queue.

        Returns
        -------
        QueuedMessage
            A FIFO queue returns the earlier message if one with the same deduplication id was sent
            less than 5 minutes before, whether or not that is deleted by now.
        """
        self._pay("send", [entry])
        self._check(entry)
        return self._put(entry)

    def send_many(self, entries: Sequence[Entry]) -> list[QueuedMessage | Refusal]:
        """Put up to 10 messages into the queue; each succeeds or fails alone."""
        check_batch(len(entries))
        total = sum(entry.size for entry in entries)
        if total > MESSAGE_BYTES:
            raise Refusal(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {MESSAGE_BYTES} bytes. You have sent "
                f"{total} bytes.",
            )
        self._pay("send", entries)
        found: list[QueuedMessage | Refusal] = []
        for entry in entries:
            try:
                self._check(entry)
            except Refusal as refusal:
                found.append(refusal)
            else:
                found.append(self._put(entry))
        return found

    def _check(self, entry: Entry) -> None:
        limit = self._number("MaximumMessageSize")
        if not entry.body or entry.size > limit:
            raise _invalid(
                f"One or more parameters are invalid. Reason: Message must be 1 to {limit} "
                f"bytes; it has {entry.size if entry.body else 0}."
            )
        if entry.delay is not None:
            check_number("DelaySeconds", entry.delay)
        for name, value in (
            ("MessageGroupId", entry.group),
            ("MessageDeduplicationId", entry.deduplication),
        ):
            if len(value) > 128 or set(value) - _PUNCTUATED:
                raise _invalid(
                    f"{name} is {value[:60]!r}, expected at most 128 letters, digits and "
                    "punctuation marks."
                )
        if not self.is_fifo:
            if entry.deduplication:
                raise _invalid(
                    "A standard queue has no MessageDeduplicationId. Leave it out."
                )
            return
        if not entry.group:
            raise Refusal(
                "MissingParameter", "The request must contain the parameter MessageGroupId."
            )
        if entry.delay is not None:
            raise _invalid(
                f"Value {entry.delay} for parameter DelaySeconds is invalid. Reason: The "
                "request include parameter that is not valid for this queue type. A FIFO "
                "queue has a delay for all its messages: its attribute DelaySeconds."
            )
        if not entry.deduplication and not self._is("ContentBasedDeduplication", "true"):
            raise _invalid(
                "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )

    def _is(self, name: str, value: str) -> bool:
        return self.attributes.get(name) == value

    def _put(self, entry: Entry) -> QueuedMessage:
        now, key = self.clock.now(), ""
        if self.is_fifo:
            text = entry.body.encode("utf-8", "replace")
            key = entry.deduplication or hashlib.sha256(text).hexdigest()
            self._forget(now)
            earlier = self._seen.get(self._scoped(entry.group, key))
            if earlier is not None:
                return earlier
        delay = self._number("DelaySeconds") if entry.delay is None else entry.delay
        name = f"{self.name} {self.created} {self._next_number}"
        message = QueuedMessage(
            self._next_number,
            str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            entry.body,
            now,
            now + delay,
            dict(entry.attributes),
            entry.group,
            key,
        )
        self._next_number += 1
        self._keep(message)
        if self.is_fifo:
            self._seen[self._scoped(message.group, key)] = message
        return message

    def _scoped(self, group: str, key: str) -> str:
        # A group's name has no space.
        return f"{group} {key}" if self._is("DeduplicationScope", "messageGroup") else key

    def _forget(self, now: float) -> None:
        while self._seen:
            key, message = next(iter(self._seen.items()))
            if now - message.sent < DEDUPLICATION_SECONDS:
                return
            del self._seen[key]

    def _keep(self, message: QueuedMessage) -> None:
        self._changed.add(message.number)
        self._messages[message.number] = message
        self._by_id[message.id] = message
        if not self.is_fifo:
            heapq.heappush(self._ready, (message.visible, message.number))
            return
        group = self._groups.setdefault(message.group, _Group())
        group.messages[message.number] = message
        if message.received and message.visible > self.clock.now():
            group.in_flight.add(message.number)
            self._flying += 1
        if len(group.messages) == 1:
            self._offer(group)

    def _offer(self, group: _Group) -> None:
        if group.messages:
            head = next(iter(group.messages))
            heapq.heappush(self._ready, (group.ready_at(), head))

    # Limits of FIFO queues

    def _pay(
        self, action: str, entries: Sequence[Entry] = (), *, messages: int = 1
    ) -> None:
        """Pay for a call and its messages, or refuse both."""
        if not self.is_fifo:
            return
        partitions, wanted = 1, {action: len(entries) or messages}
        if self._is("FifoThroughputLimit", "perMessageGroupId"):
            if entries:
                wanted = Counter(f"{action} {_partition(entry.group)}" for entry in entries)
            else:
                partitions = PARTITIONS
        for where, count in wanted.items():
            calls, numbers = self._buckets_of(where, partitions)
            if calls.level < 1 or numbers.level < count:
                raise Refusal(
                    "RequestThrottled",
                    f"The rate of {action} exceeds {CALLS_A_SECOND * partitions} calls or "
                    f"{MESSAGES_A_SECOND * partitions} messages a second. Put {BATCH} messages "
                    "into a call, or set FifoThroughputLimit to perMessageGroupId.",
                )
        for where, count in wanted.items():
            calls, numbers = self._buckets_of(where, partitions)
            calls.take(1)
            numbers.take(count)

    def _buckets_of(self, where: str, partitions: int) -> tuple[TokenBucket, TokenBucket]:
        if where not in self._buckets:
            self._buckets[where] = (
                TokenBucket(CALLS_A_SECOND * partitions, self.clock),
                TokenBucket(MESSAGES_A_SECOND * partitions, self.clock),
            )
        return self._buckets[where]

    # Receiving

    def receive(self, count: int = 1, *, hidden: int | None = None) -> list[QueuedMessage]:
        """Return messages that nobody else gets until they are visible again.

        Parameters
        ----------
        count : int, default 1
            At most, 1 to 10.
        hidden : int, optional
            Seconds, by default the queue's visibility timeout.

        Returns
        -------
        list of QueuedMessage
            Of a FIFO queue the first messages of groups of which nobody has one, in their order.
        """
        if not 1 <= count <= BATCH:
            raise _invalid(
                f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: Must be "
                f"between 1 and {BATCH}, if provided."
            )
        if hidden is None:
            hidden = self._number("VisibilityTimeout")
        check_number("VisibilityTimeout", hidden)
        self._pay("receive")
        self.expire()
        if self.is_fifo:
            self._check_in_flight()
        now, found = self.clock.now(), list[QueuedMessage]()
        # What comes back at once is received by the next call, not twice by this one.
        again: list[tuple[float, int]] = []
        while len(found) < count and self._ready and self._ready[0][0] <= now:
            due, number = heapq.heappop(self._ready)
            message = self._messages.get(number)
            if message is None:
                continue
            if self.is_fifo:
                taken = self._from_group(message, due, count - len(found), hidden)
            else:
                taken = self._from_all(message, due, hidden)
            again += [
                (one.visible, one.number) for one in taken[: 1 if self.is_fifo else None]
            ]
            found += taken
        for entry in again:
            heapq.heappush(self._ready, entry)
        return found

    @property
    def is_ready(self) -> bool:
        """Whether a `receive` may find something; it costs no call."""
        return bool(self._ready) and self._ready[0][0] <= self.clock.now()

    def _from_all(
        self, message: QueuedMessage, due: float, hidden: float
    ) -> list[QueuedMessage]:
        if message.visible != due or self._to_dead_letters(message):
            return []
        self._hide(message, hidden)
        return [message]

    def _from_group(
        self, head: QueuedMessage, due: float, count: int, hidden: float
    ) -> list[QueuedMessage]:
        group = self._groups[head.group]
        # Whoever changes a group offers it anew; an offer that is not its last one is void.
        if next(iter(group.messages)) != head.number or group.ready_at() != due:
            return []
        self._flying -= len(group.in_flight)
        group.in_flight.clear()
        found: list[QueuedMessage] = []
        for message in list(group.messages.values()):
            if len(found) == count or message.visible > self.clock.now():
                break
            if not self._to_dead_letters(message):
                self._hide(message, hidden)
                found.append(message)
                group.in_flight.add(message.number)
                self._flying += 1
        if not found:
            self._offer(group)
        return found

    def _hide(self, message: QueuedMessage, hidden: float) -> None:
        now = self.clock.now()
        self._changed.add(message.number)
        message.received += 1
        message.first_received = message.first_received or now
        message.visible = now + hidden

    def _check_in_flight(self) -> None:
        # Some that are counted may be visible again: looked at one by one only near the limit.
        if self._flying < IN_FLIGHT:
            return
        now = self.clock.now()
        flying = sum(
            group.messages[number].visible > now
            for group in self._groups.values()
            for number in group.in_flight
        )
        if flying >= IN_FLIGHT:
            raise Refusal(
                "OverLimit",
                f"The queue has {flying} messages in flight, the limit is {IN_FLIGHT}. Delete "
                "those that are done.",
            )

    def _to_dead_letters(self, message: QueuedMessage) -> bool:
        limit = self.max_receives
        if limit is None or self.dead_letters is None or message.received < limit:
            return False
        self._drop(message)
        target = self.dead_letters
        moved = QueuedMessage(
            target._next_number,
            message.id,
            message.body,
            self.clock.now() if self.is_fifo else message.sent,
            self.clock.now(),
            message.attributes,
            message.group,
            message.deduplication,
            message.received,
            message.first_received,
        )
        target._next_number += 1
        target._keep(moved)
        return True

    def _drop(self, message: QueuedMessage) -> None:
        self._changed.add(message.number)
        del self._messages[message.number], self._by_id[message.id]
        group = self._groups.get(message.group) if self.is_fifo else None
        if group is None:
            return
        del group.messages[message.number]
        self._flying -= message.number in group.in_flight
        group.in_flight.discard(message.number)
        if not group.messages:
            del self._groups[message.group]

    # Deleting

    def find(self, handle: str) -> QueuedMessage | None:
        """Return the message of a handle, None if it is deleted or was received again since."""
        name, _, times = handle.partition(".")
        if len(name) != 36 or len(times) != 16:
            raise Refusal("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        message = self._by_id.get(name)
        return message if message is not None and message.handle == handle else None

    def delete(self, handle: str) -> QueuedMessage | None:
        """Delete the message of a handle; the handle of an earlier receive deletes nothing."""
        message = self.find(handle)
        self._pay("delete")
        return self._delete(message)

    def _delete(self, message: QueuedMessage | None) -> QueuedMessage | None:
        if message is not None:
            group = self._groups.get(message.group) if self.is_fifo else None
            self._drop(message)
            if group is not None:
                self._offer(group)
        return message

    def delete_many(self, handles: Sequence[str]) -> list[QueuedMessage | Refusal | None]:
        """Delete up to 10 messages; each succeeds or fails alone."""
        check_batch(len(handles))
        self._pay("delete", messages=len(handles))
        found: list[QueuedMessage | Refusal | None] = []
        for handle in handles:
            try:
                found.append(self._delete(self.find(handle)))
            except Refusal as refusal:
                found.append(refusal)
        return found

    def change_visibility(self, handle: str, seconds: int) -> QueuedMessage:
        """Hide a message that is in flight for `seconds` from now on; 0 gives it back."""
        check_number("VisibilityTimeout", seconds)
        message, now = self.find(handle), self.clock.now()
        if message is None or message.visible <= now:
            raise Refusal("MessageNotInflight", "The message referred to is not in flight.")
        message.visible = now + seconds
        self._changed.add(message.number)
        if self.is_fifo:
            self._offer(self._groups[message.group])
        else:
            heapq.heappush(self._ready, (message.visible, message.number))
        return message

    def purge(self) -> None:
        """Delete all messages; what was sent in the last 5 minutes is still a duplicate."""
        self._changed.update(self._messages)
        for held in (self._messages, self._by_id, self._groups):
            held.clear()
        self._ready.clear()
        self._flying = 0

    def expire(self) -> list[QueuedMessage]:
        """Delete and return messages that are older than the queue keeps them."""
        limit = self.clock.now() - self._number("MessageRetentionPeriod")
        gone = []
        while self._messages:
            message = next(iter(self._messages.values()))
            if message.sent >= limit:
                break
            gone.append(message)
            self._delete(message)
        return gone

    # Looking

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages can be received, are in flight, are delayed."""
        self.expire()
        now = self.clock.now()
        later = [message for message in self._messages.values() if message.visible > now]
        hidden = sum(message.received > 0 for message in later)
        return len(self._messages) - len(later), hidden, len(later) - hidden

    @property
    def messages(self) -> list[QueuedMessage]:
        """All messages in the order in which they were sent."""
        return list(self._messages.values())

    @property
    def remembered(self) -> list[QueuedMessage]:
        """Messages of the last 5 minutes whose deduplication ids are taken, deleted ones too."""
        self._forget(self.clock.now())
        return list(self._seen.values())

    def changes(self) -> tuple[list[QueuedMessage], list[int]]:
        """Return what another process has to keep and to forget since the last call.

        Returns
        -------
        kept : list of QueuedMessage
            New and changed ones.
        gone : list of int
            Numbers of messages that are no longer there.
        """
        changed, self._changed = self._changed, set()
        kept = [self._messages[number] for number in changed if number in self._messages]
        return kept, [number for number in changed if number not in self._messages]

    def restore(
        self, messages: Sequence[QueuedMessage], remembered: Sequence[QueuedMessage] = ()
    ) -> None:
        """Put back what another process has kept of `messages` and `remembered`."""
        for message in sorted(messages, key=lambda one: one.number):
            self._keep(message)
        for message in sorted(remembered, key=lambda one: one.sent):
            self._seen[self._scoped(message.group, message.deduplication)] = message
        numbers = [message.number + 1 for message in (*messages, *remembered)]
        self._next_number = max([self._next_number, *numbers])
        for group in self._groups.values():
            self._offer(group)
        self._changed.clear()


def _partition(group: str) -> int:
    digest = hashlib.sha256(group.encode("utf-8", "replace")).digest()
    return digest[0] % PARTITIONS


def check_name(name: str, *, is_fifo: bool) -> None:
    """Raise a `Refusal` if a queue cannot have this name."""
    stem = name.removesuffix(".fifo") if is_fifo else name
    if is_fifo and stem == name:
        raise _invalid("The name of a FIFO queue can only include alphanumeric characters, "
                       "hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in "
                       "length.")  # fmt: skip
    if not stem or len(name) > 80 or set(stem) - _NAME:
        raise _invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. "
            "1 to 80 in length."
            + (" A name with .fifo needs FifoQueue true." if name.endswith(".fifo") else "")
        )


def check_attributes(given: Mapping[str, str], *, is_fifo: bool) -> None:
    """Raise a `Refusal` if a queue cannot have these attributes."""
    for name, value in given.items():
        if name in NUMBERS:
            _, low, high = NUMBERS[name]
            if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
                raise _wrong(name, value, f"a whole number from {low} to {high}, as text")
        elif name in WORDS:
            if not is_fifo:
                raise Refusal(
                    "InvalidAttributeName",
                    f"Unknown Attribute {name}. Only a queue with FifoQueue true has it.",
                )
            if value not in WORDS[name]:
                raise _wrong(name, value, " or ".join(WORDS[name]))
        elif name == "RedrivePolicy":
            if value:
                redrive_policy(value)
        else:
            known = ", ".join([*NUMBERS, *WORDS, "RedrivePolicy"])
            raise Refusal(
                "InvalidAttributeName",
                f"Queues of this machine have no {name[:60]}. They have: {known}.",
            )
    per_group = given.get("FifoThroughputLimit") == "perMessageGroupId"
    if per_group and given.get("DeduplicationScope") != "messageGroup":
        raise _wrong(
            "FifoThroughputLimit",
            "perMessageGroupId",
            "DeduplicationScope messageGroup beside it",
        )


def redrive_policy(text: str) -> tuple[str, int]:
    """Return ARN of the dead letters' queue and receives after which a message goes there."""
    try:
        policy = json.loads(text)
        target = policy["deadLetterTargetArn"]
        count = int(policy.get("maxReceiveCount", 10))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        target, count = None, 0
    if not isinstance(target, str) or not 1 <= count <= 1_000:
        raise _wrong(
            "RedrivePolicy",
            text,
            "JSON with deadLetterTargetArn and maxReceiveCount, 1 to 1,000",
        )
    return target, count


def check_batch(size: int) -> None:
    """Raise a `Refusal` unless a batch has 1 to 10 entries."""
    if not size:
        raise Refusal(
            "EmptyBatchRequest", "There should be at least one entry in the request."
        )
    if size > BATCH:
        raise Refusal(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {BATCH}. You have sent {size}.",
        )


def check_number(name: str, value: int) -> None:
    """Raise a `Refusal` unless a parameter lies in the range of its attribute."""
    _, low, high = NUMBERS[name]
    if not low <= value <= high:
        raise _invalid(
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} "
            f"and {high}, if provided."
        )


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidParameterValue", text)


def _wrong(name: str, value: str, expected: str) -> Refusal:
    return Refusal(
        "InvalidAttributeValue",
        f"Invalid value for the parameter {name}: {value[:60]!r}, expected {expected}.",
    )
