"""Queues: order within a group, visibility, the window of deduplication, limits."""

import json
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform.errors import Refusal
from labs_lib.platform.queues import Entry, MessageQueue


def make(name="q", **attributes):
    clock = SimulatedClock(start=1_000_000)
    return MessageQueue(name, clock, attributes), clock


def fifo(**attributes):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
    return make("q.fifo", **attributes)


def bodies(queue, count=10, **options):
    return [message.body for message in queue.receive(count, **options)]


# Laws

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from("ab"), st.integers(0, 3)),
        st.tuples(st.just("receive"), st.integers(1, 4), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("hide"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(0, 9), st.just(0)),
    ),
    max_size=40,
)


class Player:
    """Plays steps and checks what must hold after each."""

    def __init__(self, queue, clock):
        self.queue, self.clock = queue, clock
        self.sent, self.deleted = [], set()
        self.held, self.group = {}, {}
        self.received = defaultdict(list)

    def play(self, steps):
        for number, (kind, a, b) in enumerate(steps):
            getattr(self, kind)(a, b, number)

    def send(self, group, delay, number):
        later = None if self.queue.is_fifo else delay
        entry = Entry(str(number), group=group, delay=later)
        self.sent.append(self.queue.send(entry).body)
        self.group[str(number)] = group

    def receive(self, count, seconds, _):
        now = self.clock.now()
        taken = self.queue.receive(count, hidden=seconds)
        assert len({message.id for message in taken}) == len(taken) <= count
        for message in taken:
            # Nobody else holds it, it is not deleted, and its group has nothing in flight.
            assert self.until(message.body) <= now
            assert message.body not in self.deleted
            if self.queue.is_fifo:
                others = [one for one in self.sent if self.group[one] == message.group]
                mine = [one.body for one in taken]
                assert all(self.until(one) <= now for one in others if one not in mine)
        for message in taken:
            self.held[message.body] = (now + seconds, message.handle, message.group)
            self.received[message.group].append(message.body)
        # A group's messages come in the order in which they were sent, the first first.
        if self.queue.is_fifo:
            for group in "ab":
                got = [message.body for message in taken if message.group == group]
                left = [one for one in self.sent if one not in self.deleted]
                left = [one for one in left if self.group[one] == group]
                assert got == left[: len(got)]

    def until(self, body):
        return self.held[body][0] if body in self.held and body not in self.deleted else 0.0

    def delete(self, which, _, __):
        bodies = sorted(set(self.held) - self.deleted)
        if bodies:
            body = bodies[which % len(bodies)]
            assert self.queue.delete(self.held[body][1]).body == body
            self.deleted.add(body)

    def hide(self, which, seconds, _):
        now = self.clock.now()
        bodies = [
            b for b in sorted(self.held) if b not in self.deleted and self.until(b) > now
        ]
        if bodies:
            body = bodies[which % len(bodies)]
            handle, group = self.held[body][1:]
            self.queue.change_visibility(handle, seconds)
            self.held[body] = (now + seconds, handle, group)

    def wait(self, seconds, _, __):
        self.clock.step(seconds)

    def drain(self):
        """Receive and delete all that is left, and return it."""
        self.clock.step(100)
        left = []
        while taken := self.queue.receive(10):
            for message in taken:
                self.queue.delete(message.handle)
                left.append(message.body)
        return left


@settings(deadline=None, max_examples=200)
@given(STEPS, st.booleans())
def test_no_message_is_lost_nor_held_by_two(steps, is_fifo):
    player = Player(*(fifo() if is_fifo else make()))
    player.play(steps)
    alive = [body for body in player.sent if body not in player.deleted]
    assert [message.body for message in player.queue.messages] == alive
    assert sum(player.queue.counts()) == len(alive)
    left = player.drain()
    assert sorted(left) == sorted(alive)
    if is_fifo:
        for group in "ab":
            own = [body for body in alive if player.group[body] == group]
            assert [body for body in left if body in own] == own


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_what_another_process_has_kept_is_the_same_queue(steps, is_fifo):
    queue, clock = fifo() if is_fifo else make()
    kept = {}
    player = Player(queue, clock)
    for number, (kind, a, b) in enumerate(steps):
        getattr(player, kind)(a, b, number)
        changed, gone = queue.changes()
        kept |= {message.number: message for message in changed}
        for one in gone:
            kept.pop(one, None)
    assert sorted(kept) == [message.number for message in queue.messages]
    again = MessageQueue(queue.name, clock, queue.attributes)
    again.restore(list(kept.values()), queue.remembered)
    assert again.messages == queue.messages
    assert again.counts() == queue.counts()
    assert again.changes() == ([], [])
    # The messages are the same objects; compare what each queue gives, one after the other.
    visible = [message.id for message in again.receive(10)]
    for message in again.messages:
        if message.id in visible:
            message.visible = clock.now()
    assert len(visible) == len(set(visible))


# Deduplication


@given(st.integers(0, 600_000))
@settings(deadline=None)
def test_the_window_is_five_minutes_exactly(milliseconds):
    queue, clock = fifo()
    first = queue.send(Entry("pay", group="g"))
    # It holds after the message was deleted too.
    queue.delete(queue.receive()[0].handle)
    clock.step(milliseconds / 1000)
    again = queue.send(Entry("pay", group="g"))
    assert (again.id == first.id) is (milliseconds < 300_000)
    assert len(queue.messages) == (milliseconds >= 300_000)


def test_what_is_a_duplicate():
    queue, _ = fifo()
    with_id = {"group": "g", "deduplication": "1"}
    assert queue.send(Entry("a", **with_id)).id == queue.send(Entry("b", **with_id)).id
    # Without an id it is the body alone that counts, whatever its attributes and its group.
    first = queue.send(Entry("c", {"k": {"StringValue": "1"}}, group="g"))
    assert queue.send(Entry("c", group="h")).id == first.id
    scoped, _ = fifo(DeduplicationScope="messageGroup")
    assert scoped.send(Entry("c", group="g")).id != scoped.send(Entry("c", group="h")).id
    assert scoped.send(Entry("c", group="g")).group == "g"


def test_a_consumer_slower_than_the_timeout_processes_twice():
    queue, clock = fifo(VisibilityTimeout="30")
    queue.send(Entry("pay", group="g"))
    (first,) = queue.receive()
    handle = first.handle
    clock.step(30)
    (second,) = queue.receive()
    assert second.received == 2
    assert queue.delete(handle) is None
    assert queue.delete(second.handle).body == "pay"


# Groups


def test_a_group_with_messages_in_flight_gives_no_more_and_others_proceed():
    queue, _ = fifo()
    for number in range(12):
        queue.send(Entry(f"g{number}", group="g"))
    queue.send(Entry("h0", group="h"))
    first = queue.receive(10)
    assert [message.body for message in first] == [f"g{number}" for number in range(10)]
    assert bodies(queue) == ["h0"]
    assert bodies(queue) == []
    for message in first[1:]:
        queue.delete(message.handle)
    assert bodies(queue) == []
    queue.change_visibility(first[0].handle, 0)
    assert bodies(queue) == ["g0", "g10", "g11"]


def test_a_message_that_comes_back_at_once_is_not_received_twice_by_one_call():
    for queue, _ in (make(), fifo()):
        queue.send(Entry("a", group="g"))
        assert bodies(queue, hidden=0) == ["a"]
        assert bodies(queue, hidden=0) == ["a"]


def test_a_queue_of_dead_letters_gets_what_was_received_too_often():
    clock = SimulatedClock()
    policy = json.dumps({"deadLetterTargetArn": "arn", "maxReceiveCount": 2})
    for suffix, kind in (("", {}), (".fifo", {"FifoQueue": "true"})):
        dead = MessageQueue("dead" + suffix, clock, kind)
        queue = MessageQueue(
            "q" + suffix, clock, {**kind, "RedrivePolicy": policy}, dead_letters=dead
        )
        one = {"deduplication": "1", "group": "g"} if kind else {}
        two = {"deduplication": "2", "group": "g"} if kind else {}
        queue.send(Entry("poison", **one))
        queue.send(Entry("fine", **two))
        assert bodies(queue, 1) == ["poison"]
        clock.step(30)
        assert bodies(queue, 1) == ["poison"] if kind else ["fine"]
        clock.step(30)
        clock.step(30)
        left = bodies(queue)
        assert "fine" in left
        clock.step(30)
        bodies(queue)
        clock.step(30)
        bodies(queue)
        assert "poison" in bodies(dead)
        assert dead.changes()[0]
    default = json.dumps({"deadLetterTargetArn": "arn"})
    assert make(RedrivePolicy=default)[0].max_receives == 10
    assert make()[0].max_receives is None


# Time


def test_delay_retention_and_counts():
    queue, clock = make(MessageRetentionPeriod="60", DelaySeconds="5")
    queue.send(Entry("late"))
    queue.send(Entry("now", delay=0))
    assert queue.counts() == (1, 0, 1)
    assert bodies(queue) == ["now"]
    assert queue.counts() == (0, 1, 1)
    clock.step(5)
    assert bodies(queue) == ["late"]
    clock.step(55.001)
    assert queue.counts() == (0, 0, 0)
    assert bodies(queue) == []
    delayed, clock = fifo(DelaySeconds="5")
    delayed.send(Entry("a", group="g"))
    assert bodies(delayed) == []
    clock.step(5)
    assert bodies(delayed) == ["a"]


def test_a_purge_leaves_the_window_of_deduplication():
    queue, _ = fifo()
    queue.send(Entry("a", group="g"))
    queue.purge()
    assert queue.counts() == (0, 0, 0)
    queue.send(Entry("a", group="g"))
    assert bodies(queue) == []


# Limits


def test_a_fifo_queue_has_three_hundred_calls_a_second_and_ten_messages_in_each():
    queue, clock = fifo()
    sent = 0
    for number in range(400):
        entries = [Entry(f"{number} {n}", group="g") for n in range(8)]
        try:
            sent += len(queue.send_many(entries))
        except Refusal as refusal:
            throttled = refusal
    # 2,400 a second need batches of 8.
    assert sent == 2_400
    assert throttled.code == "RequestThrottled"
    clock.step(1 / 300)
    queue.send(Entry("one more", group="g"))
    # Each action has its own.
    assert len(queue.receive(10)) == 10


def test_high_throughput_counts_a_partition():
    high, _ = fifo(
        FifoThroughputLimit="perMessageGroupId", DeduplicationScope="messageGroup"
    )
    sent = 0
    for number in range(20_000):
        try:
            high.send(Entry(str(number), group=f"g{number % 1000}"))
            sent += 1
        except Refusal:
            continue
    assert sent == 2_400
    with pytest.raises(Refusal, match="perMessageGroupId"):
        high.send(Entry("x", group="g1"))


def test_a_standard_queue_is_not_throttled():
    queue, _ = make()
    for _ in range(5_000):
        queue.send(Entry("x"))
    assert queue.counts() == (5_000, 0, 0)


def test_a_fifo_queue_has_so_many_messages_in_flight(monkeypatch):
    monkeypatch.setattr("labs_lib.platform.queues.IN_FLIGHT", 10)
    queue, _ = fifo()
    for number in range(12):
        queue.send(Entry(str(number), group=str(number)))
    assert len(queue.receive(10)) == 10
    with pytest.raises(Refusal, match="10 messages in flight") as caught:
        queue.receive()
    assert caught.value.code == "OverLimit"


# Refusals


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry(""), "InvalidParameterValue"),
        (Entry("x" * ((1 << 20) + 1)), "InvalidParameterValue"),
        (Entry("x" * (1 << 20), {"k": {"StringValue": "v"}}), "InvalidParameterValue"),
        (Entry("x", delay=901), "InvalidParameterValue"),
        (Entry("x", deduplication="1"), "InvalidParameterValue"),
        (Entry("x", group="g" * 129), "InvalidParameterValue"),
        (Entry("x", group="a b"), "InvalidParameterValue"),
    ],
)
def test_messages_that_a_standard_queue_refuses(entry, code):
    queue, _ = make()
    with pytest.raises(Refusal) as caught:
        queue.send(entry)
    assert caught.value.code == code
    assert queue.messages == []


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry("x"), "MissingParameter"),
        (Entry("x", group="g", delay=1), "InvalidParameterValue"),
        (Entry("x", group="g"), "InvalidParameterValue"),
    ],
)
def test_messages_that_a_fifo_queue_refuses(entry, code):
    queue, _ = fifo(ContentBasedDeduplication="false")
    with pytest.raises(Refusal) as caught:
        queue.send(entry)
    assert caught.value.code == code


def test_each_entry_of_a_batch_succeeds_or_fails_alone():
    queue, _ = make()
    found = queue.send_many([Entry("a"), Entry(""), Entry("b")])
    assert [getattr(one, "body", None) for one in found] == ["a", None, "b"]
    for entries, code in [
        ([], "EmptyBatchRequest"),
        ([Entry("x")] * 11, "TooManyEntriesInBatchRequest"),
        ([Entry("x" * (1 << 19))] * 3, "BatchRequestTooLong"),
    ]:
        with pytest.raises(Refusal) as caught:
            queue.send_many(entries)
        assert caught.value.code == code
    handles = [message.handle for message in queue.receive(10)]
    gone = queue.delete_many([handles[0], "nonsense"])
    assert gone[0].body == "a"
    assert gone[1].code == "ReceiptHandleIsInvalid"
    assert len(queue.messages) == 1


@pytest.mark.parametrize(
    ("name", "attributes", "code"),
    [
        ("", {}, "InvalidParameterValue"),
        ("a b", {}, "InvalidParameterValue"),
        ("a" * 81, {}, "InvalidParameterValue"),
        ("a.fifo", {}, "InvalidParameterValue"),
        ("a", {"FifoQueue": "true"}, "InvalidParameterValue"),
        (".fifo", {"FifoQueue": "true"}, "InvalidParameterValue"),
        ("a", {"FifoQueue": "false"}, "InvalidAttributeName"),
        ("a", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
        ("a", {"Policy": "{}"}, "InvalidAttributeName"),
        ("a", {"DelaySeconds": "901"}, "InvalidAttributeValue"),
        ("a", {"DelaySeconds": "five"}, "InvalidAttributeValue"),
        ("a", {"RedrivePolicy": "["}, "InvalidAttributeValue"),
        ("a", {"RedrivePolicy": "{}"}, "InvalidAttributeValue"),
        ("a", {"RedrivePolicy": '{"deadLetterTargetArn": "a", "maxReceiveCount": 0}'}, "InvalidAttributeValue"),
        ("a.fifo", {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}, "InvalidAttributeValue"),
        ("a.fifo", {"FifoQueue": "true", "DeduplicationScope": "group"}, "InvalidAttributeValue"),
    ],
)  # fmt: skip
def test_queues_that_are_refused(name, attributes, code):
    with pytest.raises(Refusal) as caught:
        make(name, **attributes)
    assert caught.value.code == code


def test_attributes_change_but_not_the_kind():
    queue, _ = make()
    queue.change({"DelaySeconds": "3"})
    assert queue.attributes["DelaySeconds"] == "3"
    with pytest.raises(Refusal, match="cannot be converted"):
        queue.change({"FifoQueue": "true"})
    ordered, _ = fifo()
    ordered.change({"DeduplicationScope": "messageGroup"})
    ordered.change({"FifoThroughputLimit": "perMessageGroupId"})
    with pytest.raises(Refusal, match="beside it"):
        ordered.change({"DeduplicationScope": "queue"})


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 11}, {"hidden": -1}])
def test_receives_that_are_refused(wrong):
    with pytest.raises(Refusal, match="Must be between"):
        make()[0].receive(**wrong)


def test_handles():
    queue, clock = make()
    with pytest.raises(Refusal, match="receipt handle"):
        queue.delete("x")
    queue.send(Entry("a"))
    (message,) = queue.receive()
    clock.step(31)
    with pytest.raises(Refusal) as caught:
        queue.change_visibility(message.handle, 5)
    assert caught.value.code == "MessageNotInflight"
    for wrong in (-1, 43_201):
        with pytest.raises(Refusal, match="Must be between"):
            queue.change_visibility(message.handle, wrong)


def test_looking_costs_no_call():
    queue, clock = fifo(DelaySeconds="5")
    queue.send(Entry("a", group="g"))
    assert not any(queue.is_ready for _ in range(1000))
    clock.step(5)
    assert queue.is_ready
    assert bodies(queue) == ["a"]
    assert not queue.is_ready
