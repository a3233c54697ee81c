"""Buffers: by size or by time, transforms, what is billed."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform.buffers import DeliveryBuffer, billed_bytes
from labs_lib.platform.errors import Refusal

MIB = 1 << 20
START = 1_772_366_399  # 2026-03-01T11:59:59Z


def make(**options):
    clock, objects = SimulatedClock(start=START), []

    def deliver(key, data):
        objects.append((clock.now() - START, key, data))

    return DeliveryBuffer("s", clock, deliver, **options), clock, objects


def data_of(objects):
    return b"".join(data for _, _, data in objects)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 400)), max_size=40),
    st.integers(1, 3),
    st.integers(0, 900),
)
def test_each_record_is_delivered_once_in_time_and_in_order(steps, mebibytes, seconds):
    buffer, clock, objects = make(mebibytes=mebibytes, seconds=seconds)
    sent, arrived = [], []
    for number, (wait, kib) in enumerate(steps):
        clock.step(wait)
        sent.append(b"%08d" % number + b"x" * (kib * 1024 - 8))
        arrived.append(clock.now() - START)
        buffer.put(sent[-1])
    clock.run()
    assert data_of(objects) == b"".join(sent)
    assert all(len(data) < (mebibytes << 20) + 400 * 1024 for _, _, data in objects)
    ends = [moment for moment, _, _ in objects]
    delivered = []
    for moment, _, data in objects:
        at = 0
        while at < len(data):
            number = int(data[at : at + 8])
            delivered.append((number, moment))
            at += steps[number][1] * 1024
    assert all(moment - arrived[number] <= seconds for number, moment in delivered)
    assert ends == sorted(ends)


def test_whichever_comes_first():
    buffer, clock, objects = make(mebibytes=1, seconds=60)
    buffer.put(b"x" * 600_000)
    clock.step(10)
    buffer.put(b"x" * 600_000)
    assert [moment for moment, _, _ in objects] == [10]
    buffer.put(b"late")
    clock.step(59)
    assert len(objects) == 1
    clock.step(1)
    assert [moment for moment, _, _ in objects] == [10, 70]
    buffer.flush()
    assert len(objects) == 2


def test_a_key_has_the_hour_of_its_first_record_in_utc():
    buffer, clock, objects = make(prefix="payments/", seconds=0)
    buffer.put(b"a")
    clock.step(1)
    buffer.put(b"b")
    keys = [key for _, key, _ in objects]
    assert keys[0].startswith("payments/2026/03/01/11/s-1-")
    assert keys[1].startswith("payments/2026/03/01/12/s-1-")


def answer(record, result="Ok", data=None):
    raw = base64.b64decode(record["data"]) if data is None else data
    return {
        "recordId": record["recordId"],
        "result": result,
        "data": base64.b64encode(raw).decode(),
    }


def test_what_a_transform_answers_decides():
    def transform(records):
        a, b, c, d, e, _ = records
        wrong = {"recordId": e["recordId"], "result": "Ok", "data": "?"}
        return [answer(a, data=b"A"), answer(b, "Dropped"), answer(c, "ProcessingFailed"), answer(d, "Fine"), wrong]  # fmt: skip

    buffer, _, objects = make(transform=transform)
    buffer.put_many([b"a", b"b", b"c", b"d", b"e", b"f"])
    buffer.flush()
    (good, failed) = objects
    assert good[2] == b"A"
    assert failed[1].startswith("processing-failed/2026/03/01/11/")
    told = [json.loads(line) for line in failed[2].splitlines()]
    assert [base64.b64decode(one["rawData"]) for one in told] == [b"c", b"d", b"e", b"f"]
    reasons = [one["errorMessage"] for one in told]
    assert ["ProcessingFailed" in reasons[0], "expected Ok" in reasons[1]] == [True, True]
    assert ["base64" in reasons[2], "0 times" in reasons[3]] == [True, True]


@pytest.mark.parametrize("fails", [0, 2, 3])
def test_a_transform_has_three_tries(fails):
    tries = []

    def transform(records):
        tries.append(len(records))
        if len(tries) <= fails:
            raise RuntimeError("away")
        return [answer(record) for record in records]

    buffer, _, objects = make(transform=transform)
    buffer.put(b"a")
    buffer.flush()
    ((_, key, data),) = objects
    if fails < 3:
        assert (data, len(tries)) == (b"a", fails + 1)
    else:
        assert key.startswith("processing-failed/")
        assert (json.loads(data)["attemptsMade"], len(tries)) == (3, 3)


@pytest.mark.parametrize(
    ("sizes", "kib"),
    [
        ([1049] * 5000, 25_000),
        ([5243] * 1000, 10_000),
        ([5120] * 1024, 5_120),
        ([1], 5),
        ([], 0),
    ],
)
def test_each_record_is_billed_by_five_kib(sizes, kib):
    assert billed_bytes(sizes) == kib * 1024


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "0 entries"),
        ([b""] * 501, "501 entries, expected 1 to 500"),
        ([b"x" * (1000 * 1024 + 1)], "1024001 bytes"),
        ([b"x" * (1000 * 1024)] * 5, "together"),
    ],
)
def test_a_wrong_batch_is_refused_whole(records, message):
    buffer, clock, objects = make()
    with pytest.raises(Refusal, match=message) as caught:
        buffer.put_many(records)
    assert caught.value.code == "InvalidArgumentException"
    clock.run()
    assert objects == []


@pytest.mark.parametrize("wrong", [{"mebibytes": 0}, {"mebibytes": 129}, {"seconds": 901}])
def test_wrong_hints_are_refused(wrong):
    with pytest.raises(Refusal, match="expected"):
        make(**wrong)


def test_direct_writes_have_a_rate():
    buffer, clock, _ = make()
    for _ in range(5):
        buffer.put_many([b"x" * (1 << 18)] * 4)
    with pytest.raises(Refusal, match="Slow down") as caught:
        buffer.put(b"x")
    assert caught.value.code == "ServiceUnavailableException"
    clock.step(1)
    buffer.put(b"x")
    small, _, _ = make()
    for _ in range(2000):
        small.put(b"")
    with pytest.raises(Refusal, match="2000 requests"):
        small.put(b"")
