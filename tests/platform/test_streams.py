"""Shards: routing, order, limits, resharding; leases."""

import contextlib
import itertools
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.clock import SimulatedClock
from labs_lib.platform import streams
from labs_lib.platform.errors import Refusal
from labs_lib.platform.leases import SHARD_END, Leases
from labs_lib.platform.streams import HASH_KEYS, Stream

MIB = 1 << 20


def make(shards=1, **more):
    clock = SimulatedClock(start=1_000_000)
    return Stream("s", clock, shards=shards, **more), clock


def drain(stream, clock, shard):
    """Return all records of a shard, from the oldest one on."""
    found, iterator = [], stream.iterator(shard, "TRIM_HORIZON")
    while iterator is not None:
        answer = stream.read(iterator, limit=7)
        found += answer.records
        clock.step(1)
        if not answer.records and answer.seconds_behind == 0:
            break
        iterator = answer.next_iterator
    return found


# Where a key goes


def test_the_ranges_of_the_guide():
    thirds = [
        113427455640312821154458202477256070484,
        226854911280625642308916404954512140969,
    ]
    assert [end for _, end in streams.even_ranges(3)] == [*thirds, HASH_KEYS - 1]
    assert streams.even_ranges(2)[1][0] == 1 << 127
    # Of RFC 1321.
    assert streams.hash_key("abc") == int("900150983cd24fb0d6963f7d28e17f72", 16)


@given(st.integers(1, 300))
def test_equal_shards_partition_all_hash_keys(count):
    ranges = streams.even_ranges(count)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == HASH_KEYS - 1
    assert all(a[1] + 1 == b[0] for a, b in itertools.pairwise(ranges))
    assert {end - start + 1 for start, end in ranges[:-1]} <= {HASH_KEYS // count}


def test_a_hash_key_of_ones_own_overrides_the_partition_key():
    stream, _ = make(4)
    assert stream.put(b"", "k", explicit_hash_key=0).shard == "shardId-000000000000"
    assert stream.put(b"", "k", explicit_hash_key=HASH_KEYS - 1).shard[-1] == "3"


@pytest.mark.parametrize(
    ("records", "kib", "consumers", "fan_out", "by_guide", "needed"),
    [
        (5120, 1, 5, False, 13, 13),
        (5120, 1, 5, True, 5, 6),
        (1010, 1, 1, False, 1, 2),
        (1, 0.1, 1, False, 1, 1),
        (100, 1.5, 1, False, 1, 1),
    ],
)
def test_the_guide_s_formula_forgets_the_records(
    records, kib, consumers, fan_out, by_guide, needed
):
    options = {"consumers": consumers, "fan_out": fan_out}
    assert streams.shards_by_guide(records, kib, **options) == by_guide
    assert streams.shards_needed(records, kib, **options) == needed


# Laws

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 15), st.integers(1, 9)),
        st.tuples(st.just("split"), st.integers(0, 9), st.integers(1, 9)),
        st.tuples(st.just("merge"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("resize"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 9), st.just(0)),
    ),
    max_size=25,
)


def play(stream, clock, steps):
    """Carry out steps and return what was put, by key."""
    put = defaultdict(list)
    for number, (kind, a, b) in enumerate(steps):
        shards = stream.open_shards
        if kind == "put":
            for _ in range(b):
                data = str(number).encode()
                placed = stream.put(data, f"key {a}")
                put[f"key {a}"].append((placed.sequence, data))
        elif kind == "split":
            shard = shards[a % len(shards)]
            stream.split(
                shard.id, shard.start + max(1, (shard.end - shard.start) * b // 10)
            )
        elif kind == "merge" and len(shards) > 1:
            at = a % (len(shards) - 1)
            stream.merge(shards[at].id, shards[at + 1].id)
        elif kind == "resize":
            with contextlib.suppress(Refusal):
                stream.resize(a)
        else:
            clock.step(a / 10)
    return put


@settings(deadline=None)
@given(STEPS, st.integers(1, 4))
def test_no_record_is_lost_and_each_key_keeps_its_order(steps, count):
    stream, clock = make(count)
    put = play(stream, clock, steps)
    # Open shards always partition the hash keys.
    shards = stream.open_shards
    assert (shards[0].start, shards[-1].end) == (0, HASH_KEYS - 1)
    assert all(a.end + 1 == b.start for a, b in itertools.pairwise(shards))
    # Parents before children: each key in the order in which it was put, nothing twice.
    read = defaultdict(list)
    for shard in stream.shards:
        found = drain(stream, clock, shard.id)
        assert [r.sequence for r in found] == sorted({r.sequence for r in found})
        for record in found:
            assert shard.start <= streams.hash_key(record.partition_key) <= shard.end
            read[record.partition_key].append((record.sequence, record.data))
    assert read == put


@settings(deadline=None)
@given(STEPS, st.integers(1, 4))
def test_what_is_kept_elsewhere_is_the_same_stream(steps, count):
    stream, clock = make(count)
    play(stream, clock, steps)
    records = [(shard.id, record) for shard in stream for record in shard.records]
    again = Stream.from_dict(stream.to_dict(), records, clock)
    assert again.to_dict() == stream.to_dict()
    assert again.shards == stream.shards
    assert again.put(b"x", "k").sequence == stream.put(b"x", "k").sequence


def test_resizing_makes_equal_shards_with_one_or_two_parents():
    stream, _ = make(5)
    for count in (3, 6, 4, 5):
        stream.resize(count)
        found = [(shard.start, shard.end) for shard in stream.open_shards]
        assert found == streams.even_ranges(count)
    assert {len(shard.parents) for shard in stream.shards[5:]} <= {1, 2}


def test_resizing_has_its_limits():
    stream, clock = make(4)
    for wrong in (1, 9, 0):
        with pytest.raises(Refusal, match="expected 2 to 8"):
            stream.resize(wrong)
    for _ in range(10):
        stream.resize(4)
    with pytest.raises(Refusal, match="10 times in 24 hours"):
        stream.resize(4)
    clock.step(86_400)
    stream.resize(8)
    assert len(stream.open_shards) == 8


# Limits


@given(st.integers(1, 3000), st.floats(0, 3))
@settings(max_examples=30, deadline=None)
def test_a_shard_takes_a_thousand_records_a_second(count, seconds):
    stream, clock = make()
    taken = 0
    for number in range(count):
        clock.step(seconds / count)
        with contextlib.suppress(Refusal):
            stream.put(b"", str(number))
            taken += 1
    assert taken <= 1000 + 1000 * seconds + 1e-6
    assert taken >= min(count, 1000)


def test_a_shard_takes_a_mebibyte_a_second():
    stream, clock = make()
    half = b"x" * (MIB // 2 - 1)
    assert stream.put(half, "a").sequence < stream.put(half, "a").sequence
    with pytest.raises(Refusal, match="Rate exceeded"):
        stream.put(b"", "a")
    clock.step(0.5)
    stream.put(half, "a")
    # The record limit of another shard is its own.
    other, _ = make(2)
    other.put(half, "a", explicit_hash_key=0)
    other.put(half, "a", explicit_hash_key=0)
    assert other.put(half, "a", explicit_hash_key=HASH_KEYS - 1).sequence


def test_a_large_record_is_paid_for_by_the_seconds_after_it():
    stream, clock = make(record_kib=10_240)
    stream.put(b"x" * (10 * MIB - 1), "a")
    clock.step(9)
    with pytest.raises(Refusal):
        stream.put(b"x", "a")
    clock.step(0.01)
    assert stream.put(b"x", "a").sequence


def test_put_many_fails_one_by_one_and_batches_end_no_throttling():
    stream, clock = make(2)
    entries = [(b"x", "k", 0)] * 500
    first = stream.put_many(entries) + stream.put_many(entries)
    assert all(placed.error is None for placed in first)
    mixed = stream.put_many([(b"", "k", 0), (b"", "k", HASH_KEYS - 1)])
    assert mixed[0].error.code == "ProvisionedThroughputExceededException"
    assert (mixed[0].sequence, mixed[0].shard) == (0, "")
    assert mixed[1].error is None
    # As many single records are let through as records in batches.
    alone, _ = make()
    count = 0
    while count < 2000:
        try:
            alone.put(b"x", "k")
        except Refusal:
            break
        count += 1
    assert count == 1000
    clock.step(1)
    assert stream.put_many(entries)[-1].error is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "0 entries, expected 1 to 500"),
        ([(b"", "k", None)] * 501, "501 entries"),
        ([(b"", "", None)], "PartitionKey has 0"),
        ([(b"", "k" * 257, None)], "PartitionKey has 257"),
        ([(b"", "k", -1)], "ExplicitHashKey is -1"),
        ([(b"", "k", HASH_KEYS)], "ExplicitHashKey"),
        ([(b"x" * MIB, "k", None)], "1048577 bytes with its partition key"),
        ([(b"x" * (MIB - 1), "k", None)] * 11, "together"),
    ],
)
def test_a_wrong_batch_is_refused_whole(entries, message):
    stream, _ = make()
    with pytest.raises(Refusal, match=message) as caught:
        stream.put_many([(b"", "fine", None), *entries] if len(entries) == 1 else entries)
    assert caught.value.code == "InvalidArgumentException"
    assert stream.shards[0].records == []


# Reading


def test_an_answer_of_ten_mebibytes_blocks_a_shard_for_five_seconds():
    stream, clock = make()
    for _ in range(11):
        stream.put(b"x" * (MIB - 1), "k")
        clock.step(1)
    answer = stream.read(stream.iterator("shardId-000000000000", "TRIM_HORIZON"))
    assert len(answer.records) == 10
    clock.step(4.999)
    with pytest.raises(Refusal, match="Rate exceeded") as caught:
        stream.read(answer.next_iterator)
    assert caught.value.code == "ProvisionedThroughputExceededException"
    clock.step(0.001)
    assert len(stream.read(answer.next_iterator).records) == 1


def test_all_who_read_a_shard_share_five_calls_and_a_consumer_has_its_own():
    stream, clock = make()
    iterator = stream.iterator("shardId-000000000000", "LATEST")
    for _ in range(5):
        stream.read(iterator)
    with pytest.raises(Refusal, match="5 calls"):
        stream.read(iterator)
    stream.register("mine")
    for _ in range(20):
        stream.read(iterator, consumer="mine")
    clock.step(0.2)
    stream.read(iterator)
    with pytest.raises(Refusal, match="not registered"):
        stream.read(iterator, consumer="theirs")
    with pytest.raises(Refusal, match="already"):
        stream.register("mine")
    for number in range(19):
        stream.register(f"c{number}")
    with pytest.raises(Refusal, match="20 consumers"):
        stream.register("one more")


def test_an_iterator_lives_five_minutes():
    stream, clock = make()
    iterator = stream.iterator("shardId-000000000000", "LATEST")
    clock.step(300)
    iterator_2 = stream.read(iterator).next_iterator
    clock.step(0.001)
    with pytest.raises(Refusal) as caught:
        stream.read(iterator)
    assert caught.value.code == "ExpiredIteratorException"
    assert stream.read(iterator_2).records == []


def test_the_kinds_of_iterators():
    stream, clock = make()
    shard = stream.shards[0].id
    sequences = []
    for number in range(5):
        sequences.append(stream.put(str(number).encode(), "k").sequence)
        clock.step(10)
    begun = clock.now() - 50

    def first(kind, **more):
        clock.step(1)
        found = stream.read(stream.iterator(shard, kind, **more)).records
        return found[0].data if found else None

    assert first("TRIM_HORIZON") == b"0"
    assert first("LATEST") is None
    assert first("AT_SEQUENCE_NUMBER", sequence=sequences[2]) == b"2"
    assert first("AFTER_SEQUENCE_NUMBER", sequence=sequences[2]) == b"3"
    assert first("AT_TIMESTAMP", timestamp=begun + 20) == b"2"
    assert first("AT_TIMESTAMP", timestamp=begun + 20.5) == b"3"
    assert first("AT_TIMESTAMP", timestamp=begun + 99) is None
    latest = stream.iterator(shard, "LATEST")
    stream.put(b"new", "k")
    assert [r.data for r in stream.read(latest).records] == [b"new"]


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("OLDEST", {}, "expected TRIM_HORIZON"),
        ("AT_TIMESTAMP", {}, "needs a Timestamp"),
        ("AT_SEQUENCE_NUMBER", {}, "StartingSequenceNumber is None"),
        ("AT_SEQUENCE_NUMBER", {"sequence": 1}, "StartingSequenceNumber is 1"),
        ("AFTER_SEQUENCE_NUMBER", {"sequence": 10**30}, "StartingSequenceNumber"),
    ],
)
def test_wrong_iterators_are_refused(kind, more, message):
    stream, _ = make()
    with pytest.raises(Refusal, match=message):
        stream.iterator(stream.shards[0].id, kind, **more)


@given(st.text(max_size=40))
def test_what_is_no_iterator_is_refused(text):
    stream, _ = make()
    with pytest.raises(Refusal) as caught:
        stream.read(text)
    assert caught.value.code == "InvalidArgumentException"


def test_another_stream_s_iterator_and_an_unknown_shard_are_refused():
    stream, clock = make()
    other = Stream("other", clock)
    with pytest.raises(Refusal, match="one of stream other"):
        stream.read(other.iterator(other.shards[0].id, "LATEST"))
    with pytest.raises(Refusal, match="There are: shardId-000000000000"):
        stream.iterator("shardId-000000000009", "LATEST")
    for wrong in (0, 10_001):
        with pytest.raises(Refusal, match="Limit"):
            stream.read(stream.iterator(stream.shards[0].id, "LATEST"), limit=wrong)


def test_records_age_and_are_gone_after_the_retention():
    stream, clock = make()
    shard = stream.shards[0].id
    stream.put(b"old", "k")
    clock.step(3600)
    stream.put(b"new", "k")
    answer = stream.read(stream.iterator(shard, "TRIM_HORIZON"), limit=1)
    assert answer.seconds_behind == 0
    clock.step(60)
    oldest = stream.iterator(shard, "TRIM_HORIZON")
    assert stream.read(oldest, limit=1).seconds_behind == 60
    clock.step(23 * 3600)
    after = stream.read(stream.iterator(shard, "TRIM_HORIZON")).records
    assert [record.data for record in after] == [b"new"]
    stream.retain(48)
    clock.step(24 * 3600)
    clock.step(1)
    assert len(stream.read(stream.iterator(shard, "TRIM_HORIZON")).records) == 1
    with pytest.raises(Refusal, match="RetentionPeriodHours is 23"):
        stream.retain(23)


def test_a_closed_shard_ends_with_its_children_and_is_gone_after_the_retention():
    stream, clock = make(2)
    stream.put(b"x", "k", explicit_hash_key=5)
    first = stream.shards[0]
    stream.split(first.id, 100)
    with pytest.raises(Refusal, match="is closed"):
        stream.split(first.id, 50)
    with pytest.raises(Refusal, match="is closed"):
        stream.merge(first.id, "shardId-000000000001")
    answer = stream.read(stream.iterator(first.id, "TRIM_HORIZON"))
    assert answer.next_iterator is None
    assert [(c.start, c.end, c.parents) for c in answer.children] == [
        (0, 99, (first.id,)),
        (100, first.end, (first.id,)),
    ]
    end = stream.read(stream.iterator(first.id, "LATEST"))
    assert (end.records, end.next_iterator) == ([], None)
    clock.step(86_401)
    assert first.id not in [shard.id for shard in stream.shards]
    with pytest.raises(Refusal, match="does not exist"):
        stream.iterator(first.id, "LATEST")


@pytest.mark.parametrize("key", [0, 1 << 127, HASH_KEYS])
def test_a_shard_is_split_above_its_first_key_only(key):
    stream, _ = make(2)
    with pytest.raises(Refusal, match="above its first"):
        stream.split(stream.shards[0].id, key)


def test_only_neighbours_are_merged():
    stream, _ = make(3)
    names = [shard.id for shard in stream.shards]
    with pytest.raises(Refusal, match="no neighbours"):
        stream.merge(names[0], names[2])
    with pytest.raises(Refusal, match="no neighbours"):
        stream.merge(names[0], names[0])
    merged = stream.merge(names[2], names[1])
    assert merged.parents == (names[2], names[1])


@pytest.mark.parametrize(
    "wrong", [{"shards": 0}, {"retention_hours": 8761}, {"record_kib": 1023}]
)
def test_a_wrong_stream_is_refused(wrong):
    with pytest.raises(Refusal, match="expected") as caught:
        make(**wrong)
    assert caught.value.code == "InvalidArgumentException"


# Leases


def test_two_workers_share_four_shards_and_then_five():
    stream, clock = make(4)
    leases = Leases(stream, clock)
    assert len(leases.renew("a")) == 4
    for _ in range(3):
        leases.renew("b")
        leases.renew("a")
    assert [len(leases.owned_by(name)) for name in "ab"] == [2, 2]
    parent = stream.shards[0]
    stream.split(parent.id, 1 << 120)
    # The parent is read to its end before its children are leased.
    assert len(leases.leases) == 4
    owner = next(lease.owner for lease in leases.leases if lease.shard == parent.id)
    leases.checkpoint(owner, parent.id, SHARD_END)
    for _ in range(3):
        for name in "ab":
            leases.renew(name)
    assert sorted(len(leases.owned_by(name)) for name in "ab") == [2, 3]


def test_a_worker_that_falls_silent_loses_its_leases_and_a_late_one_is_told():
    stream, clock = make(2)
    leases = Leases(stream, clock)
    leases.renew("a")
    first = stream.shards[0].id
    leases.checkpoint("a", first, stream.put(b"", "k").sequence)
    clock.step(10)
    assert leases.owned_by("a") == []
    assert len(leases.renew("b")) == 2
    with pytest.raises(ValueError, match="a does not hold the lease.*owner is b"):
        leases.checkpoint("a", first, SHARD_END)
    with pytest.raises(ValueError, match="has no end"):
        leases.checkpoint("b", first, SHARD_END)
    with pytest.raises(ValueError, match="lasts is 0"):
        Leases(stream, clock, lasts=0)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.sampled_from(["renew", "wait", "split", "end"])
        ),
        max_size=40,
    )
)
def test_a_shard_has_one_owner_and_children_wait_for_their_parents(steps):
    stream, clock = make(3)
    leases = Leases(stream, clock)
    for worker, kind in steps:
        if kind == "renew":
            leases.renew(worker)
        elif kind == "wait":
            clock.step(4)
        elif kind == "split" and len(stream.open_shards) < 8:
            shard = stream.open_shards[0]
            stream.split(shard.id, (shard.start + shard.end) // 2)
        elif kind == "end":
            for name in leases.owned_by(worker):
                if not stream.shard(name).is_open:
                    leases.checkpoint(worker, name, SHARD_END)
        held = Counter(name for one in "abcd" for name in leases.owned_by(one))
        assert set(held.values()) <= {1}
        done = {lease.shard for lease in leases.leases if lease.checkpoint == SHARD_END}
        for name in held:
            assert set(stream.shard(name).parents) <= done


def read_on(stream, clock, leases, worker, count):
    """Take over the lease, and read so many records after its checkpoint."""
    clock.step(10)
    leases.renew(worker)
    (lease,) = leases.leases
    kind = "TRIM_HORIZON" if lease.checkpoint is None else "AFTER_SEQUENCE_NUMBER"
    iterator = stream.iterator(lease.shard, kind, sequence=lease.checkpoint)
    return stream.read(iterator, limit=count).records


def test_the_guide_s_reader_that_crashes():
    stream, clock = make()
    for number in range(20_000):
        stream.put(b"%d" % number, "k")
        clock.step(0.001)
    leases = Leases(stream, clock)
    shard = stream.shards[0].id
    appended, files = [], {}

    def write(records):
        appended.extend(record.data for record in records)
        for begin in range(0, len(records), 5_000):
            part = records[begin : begin + 5_000]
            files[f"{shard}-{part[0].sequence}"] = [record.data for record in part]

    first = read_on(stream, clock, leases, "a", 10_000)
    write(first)
    leases.checkpoint("a", shard, first[-1].sequence)
    write(read_on(stream, clock, leases, "a", 10_000))
    # It crashes before its next checkpoint, and another worker goes on.
    again = read_on(stream, clock, leases, "b", 10_000)
    assert [again[0].data, again[-1].data] == [b"10000", b"19999"]
    write(again)
    times = Counter(appended)
    assert sorted(times.values()) == [1] * 10_000 + [2] * 10_000
    # Files of 5,000, named by their first record, have replaced themselves.
    assert len(files) == 4
    assert list(itertools.chain(*files.values())) == [b"%d" % n for n in range(20_000)]


def test_a_sender_s_repeat_is_another_record_and_a_reader_s_is_the_same():
    stream, _ = make()
    sent = [stream.put(b"no. 1", "k").sequence for _ in range(2)]
    assert sent[0] < sent[1]
    read = [
        stream.read(stream.iterator(stream.shards[0].id, "TRIM_HORIZON")).records
        for _ in range(2)
    ]
    assert read[0] == read[1]
    assert [record.sequence for record in read[0]] == sent


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"BatchSize": 10_001}, "BatchSize"),
        ({"ParallelizationFactor": 11}, "ParallelizationFactor"),
        ({"MaximumRetryAttempts": -2}, "MaximumRetryAttempts"),
        ({"FunctionResponseTypes": ["ReportItems"]}, "FunctionResponseTypes"),
    ],
)
def test_a_function_s_mapping_to_a_stream_has_the_documented_ranges(wrong, path):
    right = {
        "FunctionName": "score",
        "EventSourceArn": "arn:aws:kinesis:eu-west-1:111122223333:stream/payments",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10_000,
        "ParallelizationFactor": 10,
        "MaximumRetryAttempts": -1,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    aws.validate("CreateEventSourceMapping", right, service="lambda")
    with pytest.raises(aws.RequestError, match=path):
        aws.validate("CreateEventSourceMapping", right | wrong, service="lambda")
