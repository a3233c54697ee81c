"""Streams as Kinesis Data Streams has them: shards, order within a shard, limits, resharding.

Source: Kinesis Data Streams developer guide (quotas, sizing, resharding) and botocore's model. A
second's worth of records and bytes is modelled as a token bucket a shard, which the guide
does not say.
"""

import base64
import binascii
import hashlib
import itertools
import json
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.token_bucket import TokenBucket

HASH_KEYS = 1 << 128
"""Hash keys of all shards together."""

RECORDS_A_SECOND = 1_000
BYTES_A_SECOND = 1 << 20
"""Of writes to a shard."""

READ_BYTES_A_SECOND = 2 << 20
READS_A_SECOND = 5
"""Of all reads of a shard together; a registered consumer has the bytes for itself."""

READ_RECORDS = 10_000
READ_BYTES = 10 << 20
"""Of one answer."""

BATCH_RECORDS = 500
BATCH_BYTES = 10 << 20
"""Of one PutRecords."""

ITERATOR_SECONDS = 300
CONSUMERS = 20
RESIZES_A_DAY = 10

_FIRST_SEQUENCE = 10**20
_KEPT = (
    "id",
    "start",
    "end",
    "parents",
    "first_sequence",
    "opened",
    "last_sequence",
    "closed",
)
_DAY = 86_400


def hash_key(partition_key: str) -> int:
    """Return where a partition key lies among the `HASH_KEYS`: its MD5 as a number."""
    data = partition_key.encode("utf-8")
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest(), "big")


def even_ranges(count: int) -> list[tuple[int, int]]:
    """Return first and last hash key of `count` equal shards; the last one takes the rest."""
    if count < 1:
        raise ValueError(f"count is {count}, expected at least one shard.")
    width = HASH_KEYS // count
    starts = [number * width for number in range(count)]
    return [(a, b - 1) for a, b in itertools.pairwise([*starts, HASH_KEYS])]


def shards_by_guide(
    records: float, kib: float, *, consumers: int = 1, fan_out: bool = False
) -> int:
    """Return the shards that the guide's formula asks for.

    Parameters
    ----------
    records : float
        Written a second.
    kib : float
        Of a record; rounded up to whole KiB.
    consumers : int, default 1
        Applications that read everything.
    fan_out : bool, default False
        Whether each has its own 2 MB a second, so that reading needs no shards.
    """
    write = records * math.ceil(kib)
    read = 0.0 if fan_out else write * consumers
    return max(1, math.ceil(max(write / 1024, read / 2048)))


def shards_needed(
    records: float, kib: float, *, consumers: int = 1, fan_out: bool = False
) -> int:
    """Return `shards_by_guide`, or more where 1,000 records a second a shard ask for it."""
    by_guide = shards_by_guide(records, kib, consumers=consumers, fan_out=fan_out)
    return max(by_guide, math.ceil(records / RECORDS_A_SECOND))


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """What a producer put.

    Attributes
    ----------
    sequence : int
        Grows within the stream, so within each shard too.
    partition_key : str
    data : bytes
    arrived : float
        Seconds since 1970.
    """

    sequence: int
    partition_key: str
    data: bytes
    arrived: float

    @property
    def size(self) -> int:
        """Bytes that count against the limits: data and partition key."""
        return len(self.data) + len(self.partition_key.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one entry of `Stream.put_many`.

    Attributes
    ----------
    shard : str
        Empty if it failed.
    sequence : int
        0 if it failed.
    arrived : float
        Seconds since 1970.
    error : Refusal or None
    """

    shard: str = ""
    sequence: int = 0
    arrived: float = 0.0
    error: Refusal | None = None


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """An answer to `Stream.read`.

    Attributes
    ----------
    records : list of StreamRecord
    next_iterator : str or None
        None when a closed shard has been read to its end.
    seconds_behind : float
        Age of the next record that waits in the shard; 0 at its tip.
    children : list of Shard
        Shards that go on where this one ended; given with its last answer.
    """

    records: list[StreamRecord]
    next_iterator: str | None
    seconds_behind: float
    children: "list[Shard]"


@dataclass
class Shard:
    """A range of hash keys and the records that fell into it.

    Attributes
    ----------
    id : str
    start, end : int
        First and last hash key.
    parents : tuple of str
        None at the beginning, one after a split, two after a merge.
    first_sequence : int
    opened : float
        Seconds since 1970.
    last_sequence : int or None
        None while it is open.
    closed : float or None
    """

    id: str
    start: int
    end: int
    parents: tuple[str, ...]
    first_sequence: int
    opened: float
    last_sequence: int | None = None
    closed: float | None = None
    records: list[StreamRecord] = field(default_factory=list, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether it takes records."""
        return self.closed is None

    def index_of(self, sequence: int) -> int:
        """Return the index of the first record with at least this sequence number."""
        return bisect_left(self.records, sequence, key=lambda record: record.sequence)


class _Limits:
    """What a shard lets through."""

    def __init__(self, clock: Timekeeper):
        self.records = TokenBucket(RECORDS_A_SECOND, clock)
        self.bytes = TokenBucket(BYTES_A_SECOND, clock)
        self.reads = TokenBucket(READS_A_SECOND, clock)
        self.read_bytes = {"": TokenBucket(READ_BYTES_A_SECOND, clock)}


class Stream:
    """A stream of records.

    Parameters
    ----------
    name : str
    clock : Timekeeper
    shards : int, default 1
    retention_hours : int, default 24
        24 to 8,760.
    record_kib : int, default 1024
        Size of the largest record, 1,024 to 10,240 KiB.

    Raises
    ------
    Refusal
        By every method, with Kinesis's code, before anything is changed.
    """

    def __init__(
        self,
        name: str,
        clock: Timekeeper,
        *,
        shards: int = 1,
        retention_hours: int = 24,
        record_kib: int = 1024,
    ):
        _within("ShardCount", shards, 1, 10_000)
        _within("RetentionPeriodHours", retention_hours, 24, 8_760)
        _within("MaxRecordSizeInKiB", record_kib, 1_024, 10_240)
        self.name = name
        self.clock = clock
        self.retention_hours = retention_hours
        self.record_kib = record_kib
        self.consumers: list[str] = []
        self._next_sequence = _FIRST_SEQUENCE
        self._resized: list[float] = []
        self._shards: dict[str, Shard] = {}
        self._limits: dict[str, _Limits] = {}
        self._open: list[Shard] = []
        self._starts: list[int] = []
        self._numbers = 0
        for start, end in even_ranges(shards):
            self._add(start, end, ())
        self._sort()

    # Shards

    def _add(self, start: int, end: int, parents: tuple[str, ...]) -> Shard:
        shard = Shard(
            f"shardId-{self._numbers:012}",
            start,
            end,
            parents,
            self._next_sequence,
            self.clock.now(),
        )
        self._numbers += 1
        self._shards[shard.id] = shard
        self._limits[shard.id] = _Limits(self.clock)
        return shard

    def _sort(self) -> None:
        self._open = sorted(
            (shard for shard in self._shards.values() if shard.is_open),
            key=lambda shard: shard.start,
        )
        self._starts = [shard.start for shard in self._open]

    @property
    def shards(self) -> list[Shard]:
        """Open shards, and closed ones whose records are still kept, in the order of their ids."""
        limit = self.clock.now() - self.retention_hours * 3600
        for shard in list(self._shards.values()):
            if shard.closed is not None and shard.closed < limit:
                del self._shards[shard.id], self._limits[shard.id]
        return list(self._shards.values())

    @property
    def open_shards(self) -> list[Shard]:
        """Shards that take records, by their hash keys."""
        return list(self._open)

    def shard(self, name: str) -> Shard:
        """Return a shard by its id."""
        for shard in self.shards:
            if shard.id == name:
                return shard
        raise Refusal(
            "ResourceNotFoundException",
            f"Shard {name[:60]} in stream {self.name} does not exist. There are: "
            f"{', '.join(list(self._shards)[:5])}{', ...' if len(self._shards) > 5 else ''}.",
        )

    def _open_shard(self, name: str) -> Shard:
        shard = self.shard(name)
        if not shard.is_open:
            raise _invalid(
                f"{shard.id} is closed; only a shard that takes records can be split or merged."
            )
        return shard

    def split(self, name: str, new_start: int) -> tuple[Shard, Shard]:
        """Close a shard and open two in its place, the second from hash key `new_start` on."""
        shard = self._open_shard(name)
        if not shard.start < new_start <= shard.end:
            raise _invalid(
                f"NewStartingHashKey is {new_start}, expected a hash key of {shard.id} above "
                f"its first: {shard.start + 1} to {shard.end}."
            )
        return self._split(shard, new_start)

    def _split(self, shard: Shard, new_start: int) -> tuple[Shard, Shard]:
        self._close(shard)
        lower = self._add(shard.start, new_start - 1, (shard.id,))
        upper = self._add(new_start, shard.end, (shard.id,))
        self._sort()
        return lower, upper

    def merge(self, name: str, adjacent: str) -> Shard:
        """Close two neighbours and open one in their place."""
        one, other = self._open_shard(name), self._open_shard(adjacent)
        low, high = sorted((one, other), key=lambda shard: shard.start)
        if low.end + 1 != high.start:
            raise _invalid(
                f"{name} and {adjacent} are no neighbours: one ends at hash key {low.end}, "
                f"the other begins at {high.start}. Merge shards whose ranges touch."
            )
        return self._merge(one, other)

    def _merge(self, one: Shard, other: Shard) -> Shard:
        self._close(one)
        self._close(other)
        start, end = min(one.start, other.start), max(one.end, other.end)
        merged = self._add(start, end, (one.id, other.id))
        self._sort()
        return merged

    def _close(self, shard: Shard) -> None:
        shard.closed = self.clock.now()
        shard.last_sequence = self._next_sequence
        self._next_sequence += 1

    def resize(self, count: int) -> None:
        """Make `count` equal shards by splits and merges, at most double or half at a time."""
        now, have = self.clock.now(), len(self._open)
        lately = [moment for moment in self._resized if moment > now - _DAY]
        if len(lately) >= RESIZES_A_DAY:
            raise Refusal(
                "LimitExceededException",
                f"Stream {self.name} was resized {len(lately)} times in 24 hours, the limit. "
                "SplitShard and MergeShards are not counted.",
            )
        if not math.ceil(have / 2) <= count <= 2 * have:
            raise _invalid(
                f"TargetShardCount is {count}, expected {math.ceil(have / 2)} to {2 * have}: at "
                f"least half of the {have} open shards and at most double."
            )
        targets = even_ranges(count)
        for start, _ in targets:
            shard = self._at(start)
            if shard.start != start:
                self._split(shard, start)
        for start, end in targets:
            shard = self._at(start)
            while shard.end != end:
                shard = self._merge(shard, self._at(shard.end + 1))
        self._resized = [*lately, now]

    def _at(self, key: int) -> Shard:
        """Return the open shard of a hash key."""
        return self._open[bisect_left(self._starts, key + 1) - 1]

    # Writing

    def put(
        self, data: bytes, partition_key: str, *, explicit_hash_key: int | None = None
    ) -> Placed:
        """Append a record to the shard of its key.

        Raises
        ------
        Refusal
            ``ProvisionedThroughputExceededException`` if the shard has had its records or its
            bytes of a second; ``InvalidArgumentException`` if key or size are wrong.
        """
        self._check(data, partition_key, explicit_hash_key)
        placed = self._place(data, partition_key, explicit_hash_key)
        if placed.error is not None:
            raise placed.error
        return placed

    def put_many(self, entries: Sequence[tuple[bytes, str, int | None]]) -> list[Placed]:
        """Append each record that its shard has room for; the others fail one by one.

        Parameters
        ----------
        entries : sequence of (data, partition key, explicit hash key or None)
            1 to 500 of at most 10 MiB together.

        Returns
        -------
        list of Placed
            One an entry, in the order of the entries. An entry may fail while a later one of the
            same key succeeds: a resend changes the order.
        """
        if not 1 <= len(entries) <= BATCH_RECORDS:
            raise _invalid(
                f"Records has {len(entries)} entries, expected 1 to {BATCH_RECORDS}. Send the "
                "rest in further requests."
            )
        for entry in entries:
            self._check(*entry)
        total = sum(len(data) + len(key.encode("utf-8")) for data, key, _ in entries)
        if total > BATCH_BYTES:
            raise _invalid(
                f"The records have {total} bytes together, at most {BATCH_BYTES} are allowed."
            )
        return [self._place(*entry) for entry in entries]

    def _check(self, data: bytes, key: str, explicit: int | None) -> None:
        if not 1 <= len(key) <= 256:
            raise _invalid(f"PartitionKey has {len(key)} characters, expected 1 to 256.")
        if explicit is not None and not 0 <= explicit < HASH_KEYS:
            raise _invalid(f"ExplicitHashKey is {explicit}, expected 0 to {HASH_KEYS - 1}.")
        size, limit = len(data) + len(key.encode("utf-8")), self.record_kib * 1024
        if size > limit:
            raise _invalid(
                f"A record has {size} bytes with its partition key, at most {limit} are "
                f"allowed in stream {self.name}."
            )

    def _place(self, data: bytes, key: str, explicit: int | None) -> Placed:
        shard = self._at(hash_key(key) if explicit is None else explicit)
        limits = self._limits[shard.id]
        record = StreamRecord(self._next_sequence, key, data, self.clock.now())
        if limits.records.level < 1 or not limits.bytes.take(record.size):
            return Placed(error=self._exceeded(shard))
        limits.records.take(1)
        self._next_sequence += 1
        shard.records.append(record)
        return Placed(shard.id, record.sequence, record.arrived)

    def _exceeded(self, shard: Shard) -> Refusal:
        return Refusal(
            "ProvisionedThroughputExceededException",
            f"Rate exceeded for shard {shard.id} in stream {self.name}. A shard takes "
            f"{RECORDS_A_SECOND} records and 1 MB a second; send this record again later.",
        )

    # Reading

    def iterator(
        self,
        shard: str,
        kind: str,
        *,
        sequence: int | None = None,
        timestamp: float | None = None,
    ) -> str:
        """Return a place in a shard to read from; it can be used for 5 minutes.

        Parameters
        ----------
        shard : str
            Its id.
        kind : str
            ``TRIM_HORIZON`` (the oldest record), ``LATEST`` (what comes from now on),
            ``AT_SEQUENCE_NUMBER``, ``AFTER_SEQUENCE_NUMBER``, ``AT_TIMESTAMP``.
        sequence : int, optional
            For the two kinds that are named after it.
        timestamp : float, optional
            Seconds since 1970, for ``AT_TIMESTAMP``.
        """
        found = self.shard(shard)
        last = found.last_sequence
        if kind == "TRIM_HORIZON":
            place = found.first_sequence
        elif kind == "LATEST":
            place = self._next_sequence if last is None else last
        elif kind == "AT_TIMESTAMP":
            place = self._sequence_at(found, timestamp)
        elif kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            end = self._next_sequence - 1 if last is None else last
            if sequence is None or not found.first_sequence <= sequence <= max(
                end, found.first_sequence
            ):
                raise _invalid(
                    f"StartingSequenceNumber is {sequence}, expected one of {shard}: "
                    f"{found.first_sequence} to {end}."
                )
            place = sequence + (kind == "AFTER_SEQUENCE_NUMBER")
        else:
            raise _invalid(
                f"ShardIteratorType is {kind[:40]!r}, expected TRIM_HORIZON, LATEST, "
                "AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER or AT_TIMESTAMP."
            )
        return self._token(found, place)

    def _sequence_at(self, shard: Shard, timestamp: float | None) -> int:
        if timestamp is None:
            raise _invalid("AT_TIMESTAMP needs a Timestamp.")
        index = bisect_left(shard.records, timestamp, key=lambda record: record.arrived)
        if index < len(shard.records):
            return shard.records[index].sequence
        return self._next_sequence if shard.last_sequence is None else shard.last_sequence

    def _token(self, shard: Shard, place: int) -> str:
        text = json.dumps([self.name, shard.id, place, self.clock.now()])
        return base64.urlsafe_b64encode(text.encode()).decode("ascii")

    def read(
        self, iterator: str, *, limit: int = READ_RECORDS, consumer: str = ""
    ) -> ReadRecords:
        """Return records from an iterator's place on, in the order in which they came.

        Parameters
        ----------
        iterator : str
            From `iterator` or from the last answer.
        limit : int, default 10,000
            Records at most; an answer has at most 10 MiB too.
        consumer : str, optional
            A registered consumer, which has 2 MB a second of each shard for itself and no limit of
            calls. The others share 2 MB and 5 calls a second.

        Raises
        ------
        Refusal
            ``ExpiredIteratorException``, ``ProvisionedThroughputExceededException``,
            ``InvalidArgumentException``, ``ResourceNotFoundException``.
        """
        if not 1 <= limit <= READ_RECORDS:
            raise _invalid(f"Limit is {limit}, expected 1 to {READ_RECORDS}.")
        stream, name, place, issued = read_iterator(iterator)
        if stream != self.name:
            raise _invalid(
                f"The iterator is one of stream {stream[:128]}, not {self.name}."
            )
        now = self.clock.now()
        if now - issued > ITERATOR_SECONDS:
            raise Refusal(
                "ExpiredIteratorException",
                f"The iterator was given out {now - issued:.0f} s ago; one lives "
                f"{ITERATOR_SECONDS} s. Get a new one after your last sequence number.",
            )
        shard = self.shard(name)
        self._pay_for_call(shard, consumer)
        self._trim(shard)
        begin = shard.index_of(place)
        end, size = begin, 0
        for record in itertools.islice(shard.records, begin, begin + limit):
            size += record.size
            if size > READ_BYTES and end > begin:
                size -= record.size
                break
            end += 1
        self._limits[shard.id].read_bytes[consumer].spend(size)
        found = shard.records[begin:end]
        if found:
            place = found[-1].sequence + 1
        behind = now - shard.records[end].arrived if end < len(shard.records) else 0.0
        if shard.is_open or end < len(shard.records):
            return ReadRecords(found, self._token(shard, place), behind, [])
        children = [child for child in self.shards if shard.id in child.parents]
        return ReadRecords(found, None, 0.0, children)

    def _pay_for_call(self, shard: Shard, consumer: str) -> None:
        limits = self._limits[shard.id]
        if consumer and consumer not in self.consumers:
            raise Refusal(
                "ResourceNotFoundException",
                f"Consumer {consumer[:128]} is not registered with stream {self.name}.",
            )
        if consumer and consumer not in limits.read_bytes:
            limits.read_bytes[consumer] = TokenBucket(READ_BYTES_A_SECOND, self.clock)
        if limits.read_bytes[consumer].is_blocked or not (consumer or limits.reads.take(1)):
            raise Refusal(
                "ProvisionedThroughputExceededException",
                f"Rate exceeded for shard {shard.id} in stream {self.name}. All who read a shard "
                f"share {READS_A_SECOND} calls and 2 MB a second; ask again later, or register a "
                "consumer.",
            )

    def _trim(self, shard: Shard) -> None:
        limit = self.clock.now() - self.retention_hours * 3600
        if shard.records and shard.records[0].arrived < limit:
            kept = bisect_left(shard.records, limit, key=lambda record: record.arrived)
            del shard.records[:kept]

    def register(self, consumer: str) -> None:
        """Register a consumer with enhanced fan-out; a stream has at most 20."""
        if consumer in self.consumers:
            raise Refusal(
                "ResourceInUseException",
                f"Consumer {consumer[:128]} is registered with stream {self.name} already.",
            )
        if len(self.consumers) >= CONSUMERS:
            raise Refusal(
                "LimitExceededException",
                f"Stream {self.name} has {CONSUMERS} consumers, the limit. Deregister one.",
            )
        self.consumers.append(consumer)

    def retain(self, hours: int) -> None:
        """Keep records for another number of hours, 24 to 8,760."""
        _within("RetentionPeriodHours", hours, 24, 8_760)
        for shard in self.shards:
            self._trim(shard)
        self.retention_hours = hours

    # To be kept elsewhere

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the records and what the limits have let through, as JSON."""
        return {
            "name": self.name,
            "retention_hours": self.retention_hours,
            "record_kib": self.record_kib,
            "consumers": self.consumers,
            "next_sequence": self._next_sequence,
            "resized": self._resized,
            "numbers": self._numbers,
            "shards": [[getattr(shard, name) for name in _KEPT] for shard in self.shards],
        }

    @classmethod
    def from_dict(
        cls,
        body: Mapping[str, Any],
        records: Iterable[tuple[str, StreamRecord]],
        clock: Timekeeper,
    ) -> "Stream":
        """Return the stream that `to_dict` was called on; `records` are (shard id, record)."""
        stream = cls(
            body["name"],
            clock,
            retention_hours=body["retention_hours"],
            record_kib=body["record_kib"],
        )
        stream.consumers = list(body["consumers"])
        stream._resized = list(body["resized"])
        stream._numbers = body["numbers"]
        stream._shards = {
            name: Shard(name, start, end, tuple(parents), *rest)
            for name, start, end, parents, *rest in body["shards"]
        }
        stream._limits = {name: _Limits(clock) for name in stream._shards}
        stream._sort()
        last = body["next_sequence"] - 1
        for name, record in sorted(records, key=lambda pair: pair[1].sequence):
            last = max(last, record.sequence)
            if name in stream._shards:
                stream._shards[name].records.append(record)
        stream._next_sequence = last + 1
        return stream

    def __iter__(self) -> Iterator[Shard]:
        return iter(self.shards)


def read_iterator(iterator: str) -> tuple[str, str, int, float]:
    """Return stream, shard, sequence number and time of issue of an iterator."""
    try:
        text = base64.b64decode(iterator.encode("ascii"), altchars=b"-_", validate=True)
        stream, shard, place, issued = json.loads(text)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _invalid("The ShardIterator is not one that was given out.") from None
    kinds = (str, str, int, int | float)
    if not all(map(isinstance, (stream, shard, place, issued), kinds)):
        raise _invalid("The ShardIterator is not one that was given out.")
    return stream, shard, place, issued


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidArgumentException", text)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise _invalid(f"{name} is {value}, expected {low} to {high}.")
