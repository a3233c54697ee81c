"""The stream of a table's changes: shards, sequence numbers, iterators.

Sources: DynamoDB guide 2026, Streams; service model dynamodbstreams.
"""

import itertools
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal

from labs_lib.clock import Timekeeper
from labs_lib.platform.attribute_values import Item, Value, equal_items, item_size
from labs_lib.platform.errors import Refusal

RETENTION = 24 * 3600.0
"""Seconds that a record is kept."""
ITERATOR_LIFE = 15 * 60.0
MOST_RECORDS = 1000
VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")


@dataclass(frozen=True)
class ItemChange:
    """One record of a stream.

    Attributes
    ----------
    sequence : int
        Grows with every change of the table.
    event : {"INSERT", "MODIFY", "REMOVE"}
    at : float
        Seconds since 1970.
    keys : dict of str to Value
    old, new : mapping or None
        Images, as far as the view shows them.
    is_expiry : bool
        Whether time to live removed the item, not a request.
    size : int
        Bytes of keys and images.
    """

    sequence: int
    event: Literal["INSERT", "MODIFY", "REMOVE"]
    at: float
    keys: dict[str, Value]
    old: Item | None
    new: Item | None
    is_expiry: bool
    size: int


@dataclass(frozen=True)
class StreamIterator:
    """A place in a shard: the next sequence number to read, and when it was given out."""

    shard: int
    begin: int
    given: float


class TableStream:
    """Changes of a table, in one open shard for each of its partitions.

    Parameters
    ----------
    clock : Timekeeper
    view : str
        One of `VIEWS`; cannot be changed later.
    shards : int
        The table's partitions.
    created : float, optional
        Seconds since 1970; by default now.
    """

    def __init__(
        self, clock: Timekeeper, *, view: str, shards: int, created: float | None = None
    ):
        if view not in VIEWS:
            raise ValueError(f"view is {view!r}, expected one of {', '.join(VIEWS)}.")
        self.view = view
        self.created = clock.now() if created is None else created
        self._clock = clock
        self._numbers = itertools.count(1)
        self.shards: list[list[ItemChange]] = [[] for _ in range(shards)]

    def add(
        self,
        shard: int,
        keys: dict[str, Value],
        old: Item | None,
        new: Item | None,
        *,
        is_expiry: bool = False,
    ) -> ItemChange | None:
        """Note a change and return its record; one that changes nothing leaves none."""
        if equal_items(old, new):
            return None
        event: Literal["INSERT", "MODIFY", "REMOVE"] = (
            "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        )
        old = old if self.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") else None
        new = new if self.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES") else None
        size = sum(item_size(image) for image in (keys, old, new) if image)
        found = ItemChange(
            next(self._numbers), event, self._clock.now(), keys, old, new, is_expiry, size
        )
        self.shards[shard].append(found)
        return found

    def restore(self, shard: int, records: list[ItemChange], *, next_number: int) -> None:
        """Put back what an earlier stream of the table has noted."""
        self.shards[shard] = sorted(records, key=lambda record: record.sequence)
        self._numbers = itertools.count(next_number)

    def iterator(
        self, shard: int, kind: str, sequence: int | None = None
    ) -> StreamIterator:
        """Return a place in a shard.

        Parameters
        ----------
        shard : int
        kind : {"TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"}
        sequence : int, optional
            For the last two.

        Raises
        ------
        Refusal
            ResourceNotFoundException for a shard that is none, TrimmedDataAccessException for
            a record that is gone.
        """
        if not 0 <= shard < len(self.shards):
            raise Refusal("ResourceNotFoundException", f"There is no shard {shard}.")
        records = self._kept(shard)
        oldest = records[0].sequence if records else 0
        if kind == "TRIM_HORIZON":
            begin = 0
        elif kind == "LATEST":
            begin = records[-1].sequence + 1 if records else 0
        elif (
            kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER") and sequence is not None
        ):
            if sequence < oldest:
                raise Refusal(
                    "TrimmedDataAccessException",
                    "The operation attempted to read past the oldest stream record in a shard.",
                )
            begin = sequence + (kind == "AFTER_SEQUENCE_NUMBER")
        else:
            raise Refusal(
                "ValidationException",
                f"{kind} needs a sequence number, and only it has one.",
            )
        return StreamIterator(shard, begin, self._clock.now())

    def read(
        self, place: StreamIterator, *, limit: int = MOST_RECORDS
    ) -> tuple[list[ItemChange], StreamIterator]:
        """Return records from a place on, and the place behind them.

        Raises
        ------
        Refusal
            ExpiredIteratorException after 15 minutes.
        """
        now = self._clock.now()
        if now - place.given > ITERATOR_LIFE:
            raise Refusal(
                "ExpiredIteratorException",
                "Iterator expired; ask for a new one behind the last sequence number.",
            )
        records = self._kept(place.shard)
        first = bisect_left(records, place.begin, key=lambda record: record.sequence)
        found = records[first : first + min(limit, MOST_RECORDS)]
        begin = found[-1].sequence + 1 if found else place.begin
        return found, StreamIterator(place.shard, begin, now)

    def _kept(self, shard: int) -> list[ItemChange]:
        records = self.shards[shard]
        gone = bisect_right(records, self._clock.now() - RETENTION, key=lambda r: r.at)
        del records[:gone]
        return records
