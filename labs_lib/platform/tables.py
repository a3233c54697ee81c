"""Tables like DynamoDB's: keys, indexes, conditions, transactions, capacity, time to live.

Sources: DynamoDB guide 2026, SecondaryIndexes, GSI.DesignPattern.MultiAttributeKeys, Constraints,
Streams; guide 2023, GSI, ProvisionedThroughput; service model dynamodb.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from labs_lib.clock import Timekeeper
from labs_lib.platform import attribute_values as values
from labs_lib.platform import capacity
from labs_lib.platform.attribute_values import Item, Value, refuse
from labs_lib.platform.errors import Refusal
from labs_lib.platform.expressions import (
    KeyCondition,
    Names,
    Node,
    Path,
    holds,
    project,
    update,
)
from labs_lib.platform.table_entries import Entries, Key, Position, partition_of
from labs_lib.platform.table_streams import ItemChange, TableStream
from labs_lib.platform.token_bucket import TokenBucket

PAGE_BYTES = 1024 * 1024
"""Bytes that a query or a scan reads at most."""
MOST_IN_TRANSACTION = 100
TRANSACTION_BYTES = 4 * 1024 * 1024
LONGEST_HASH = 2048
LONGEST_SORT = 1024
INDEX_LAG = 0.1
"""Seconds until a global index shows a change: an assumption, no guide names a number."""


class ConditionFailed(Refusal):
    """A condition that does not hold; `item` is what was there, None if nothing was."""

    def __init__(self, item: Item | None):
        super().__init__(
            "ConditionalCheckFailedException", "The conditional request failed"
        )
        self.item = item


class TransactionCanceled(Refusal):
    """A transaction of which nothing was carried out.

    `reasons` has a code and a message for each action, and the item that was there; the code is
    ``None`` (as text) for an action that would have succeeded.
    """

    def __init__(self, reasons: list[tuple[str, str, Item | None]]):
        codes = ", ".join(code for code, _, _ in reasons)
        super().__init__(
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            f"[{codes}]",
        )
        self.reasons = reasons


@dataclass(frozen=True)
class Index:
    """A secondary index.

    Attributes
    ----------
    name : str
    key : Key
    is_global : bool
    attributes : frozenset of str or None
        What it holds beside the keys; None for everything.
    reads, writes : float or None
        Provisioned units a second of a global index; None on demand.
    """

    name: str
    key: Key
    is_global: bool = True
    attributes: frozenset[str] | None = None
    reads: float | None = None
    writes: float | None = None


@dataclass
class Consumed:
    """Capacity units: of the table, and of each index by its name."""

    table: float = 0.0
    indexes: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.table + sum(self.indexes.values())


@dataclass(frozen=True)
class WriteResult:
    """What a write has done: the item before and after (None: none), and its units."""

    old: Item | None
    new: Item | None
    consumed: Consumed
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Page:
    """What a query or a scan has found.

    Attributes
    ----------
    items : list
        After filter and projection.
    scanned : int
        Items read, before the filter.
    last : dict or None
        The key to go on behind; None at the end.
    consumed : Consumed
    """

    items: list[dict[str, Value]]
    scanned: int
    last: dict[str, Value] | None
    consumed: Consumed


@dataclass(frozen=True)
class Condition:
    """A condition, with what its names stand for."""

    node: Node
    names: Names


@dataclass(frozen=True)
class WritePlan:
    """A write that was checked and not yet carried out."""

    position: Position
    partition: int
    key: dict[str, Value]
    old: Item | None
    new: Item | None
    consumed: Consumed
    paths: tuple[Path, ...] = ()


Kind = Literal["put", "update", "delete", "check"]


@dataclass(frozen=True)
class ItemWrite:
    """One write of a transaction, or by itself.

    Attributes
    ----------
    kind : {"put", "update", "delete", "check"}
    item : mapping
        The whole item of a put, otherwise the key.
    condition : Condition, optional
    changes : (tuple of Node, Names), optional
        Of an update.
    """

    kind: Kind
    item: Item
    condition: Condition | None = None
    changes: tuple[tuple[Node, ...], Names] | None = None


class _GlobalIndex:
    """Entries of a global index, and the changes that have not reached it."""

    def __init__(self, index: Index, primary: Key, throughputs: dict[str, Any]):
        self.index = index
        self.entries = Entries(index.key, primary)
        self.waiting: deque[tuple[float, Position | None, Position | None, Item | None]] = (
            deque()
        )
        self.throughputs = throughputs

    def drain(self, now: float) -> None:
        while self.waiting and self.waiting[0][0] <= now:
            _, old, new, item = self.waiting.popleft()
            if old is not None and old != new:
                self.entries.remove(old)
            if new is not None and item is not None:
                self.entries.put(new, item)


class KeyedTable:
    """Items by their keys.

    Parameters
    ----------
    name : str
    key : Key
    types : mapping of str to str
        S, N or B for each attribute of a key, the indexes' too.
    clock : Timekeeper
    indexes : iterable of Index
    reads, writes : float, optional
        Provisioned units a second; on demand without.
    partitions : int
        Equal ranges of the hash; each gives 3,000 reads and 1,000 writes a second at most.
    is_adaptive : bool
        See `labs_lib.platform.capacity.Throughput`.
    index_lag : float
        Seconds until a global index shows a change.
    stream : TableStream, optional
        Takes the changes; it has a shard for each partition.

    Attributes
    ----------
    journal : callable or None
        Told of every change: key, new item (None: removed), partition, record of the stream.
    """

    def __init__(
        self,
        name: str,
        key: Key,
        types: Mapping[str, str],
        *,
        clock: Timekeeper,
        indexes: Iterable[Index] = (),
        reads: float | None = None,
        writes: float | None = None,
        partitions: int = 1,
        is_adaptive: bool = True,
        index_lag: float = INDEX_LAG,
        stream: TableStream | None = None,
    ):
        if partitions < 1:
            raise ValueError(f"partitions is {partitions}, expected 1 or more.")
        if len(key.hash) != 1 or len(key.sort) > 1:
            raise ValueError(
                "a table's key has one hash attribute and at most one sort attribute."
            )
        missing = sorted(set(key.names) - set(types))
        if missing:
            raise ValueError(
                f"types has no {', '.join(missing)}; expected each key attribute."
            )
        self.name = name
        self.key = key
        self.types = dict(types)
        self.stream = stream
        self.partitions = partitions
        self.ttl: str | None = None
        self.journal: (
            Callable[[dict[str, Value], Item | None, int, ItemChange | None], None] | None
        ) = None
        self._clock = clock
        self._lag = index_lag
        self._adaptive = is_adaptive
        self._entries = Entries(key)
        self._expiring: list[tuple[float, Position]] = []
        self._local: dict[str, tuple[Index, Entries]] = {}
        self._global: dict[str, _GlobalIndex] = {}
        self._throughputs = self._buckets(name, reads, writes)
        for index in indexes:
            self.add_index(index)

    def _buckets(
        self, name: str, reads: float | None, writes: float | None
    ) -> dict[str, capacity.Throughput]:
        return {
            way: capacity.Throughput(
                self._clock,
                rate=rate,
                most=most,
                partitions=self.partitions,
                is_adaptive=self._adaptive,
                name=name,
            )
            for way, rate, most in (
                ("read", reads, capacity.PARTITION_READS),
                ("write", writes, capacity.PARTITION_WRITES),
            )
        }

    def add_index(self, index: Index) -> None:
        """Add an index and fill it; a local one only while the table is empty."""
        if index.is_global:
            throughputs = self._buckets(
                f"{self.name}/{index.name}", index.reads, index.writes
            )
            found = _GlobalIndex(index, self.key, throughputs)
            self._global[index.name] = found
            for item in self._entries.items.values():
                entry = self._entry(index, item)
                position = found.entries.position(item)
                if position is not None and entry is not None:
                    found.entries.put(position, entry)
            return
        if self._entries.items:
            raise refuse("A local secondary index is made with its table, and not later.")
        if index.key.hash != self.key.hash:
            raise refuse(
                f"A local secondary index has the table's hash key, {self.key.hash[0]}."
            )
        self._local[index.name] = (index, Entries(index.key, self.key))

    def set_throughput(self, reads: float | None, writes: float | None) -> None:
        """Provision other units a second, or None on demand; unused ones are forgotten."""
        self._throughputs = self._buckets(self.name, reads, writes)

    def remove_index(self, name: str) -> None:
        """Remove a global index; a local one stays as long as its table."""
        if name not in self._global:
            raise Refusal("ResourceNotFoundException", f"There is no global index {name}.")
        del self._global[name]

    @property
    def indexes(self) -> list[Index]:
        """The indexes, local ones first."""
        return [i for i, _ in self._local.values()] + [
            g.index for g in self._global.values()
        ]

    def __len__(self) -> int:
        return len(self._entries.items)

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(map(values.item_size, self._entries.items.values()))

    def items(self) -> list[Item]:
        """Return all items, in the order of a scan; costs no capacity."""
        return [item for _, item in self._entries.between()]

    # Keys

    def position(self, key: Item) -> Position:
        """Return where a key stands, or refuse what is no key of this table."""
        if set(key) != set(self.key.names):
            raise refuse("The provided key element does not match the schema: expected "
                         f"{', '.join(self.key.names)}")  # fmt: skip
        self._check_key(key)
        position = self._entries.position(key)
        assert position is not None
        return position

    def _check_key(self, item: Item) -> None:
        for names, most in ((self.key.hash, LONGEST_HASH), (self.key.sort, LONGEST_SORT)):
            for name in names:
                value = item.get(name)
                if value is None:
                    raise refuse("One or more parameter values were invalid: Missing the key "
                                 f"{name} in the item")  # fmt: skip
                values.check(value)
                self._check_type(name, value)
                size = values.size(value)
                if size == 0 or size > most:
                    raise refuse("One or more parameter values were invalid: the value of the "
                                 f"key {name} has {size} bytes; expected 1 to {most}")  # fmt: skip

    def _check_type(self, name: str, value: Value) -> None:
        wanted = self.types[name]
        if wanted not in value:
            (given,) = value
            raise refuse("One or more parameter values were invalid: Type mismatch for key "
                         f"{name} expected: {wanted} actual: {given}")  # fmt: skip

    def _check_item(self, item: Item) -> None:
        for value in item.values():
            values.check(value)
        self._check_key(item)
        for index in self.indexes:
            for name in index.key.names:
                if name in item:
                    self._check_type(name, item[name])
        if values.item_size(item) > values.LARGEST:
            raise refuse("Item size has exceeded the maximum allowed size of "
                         f"{values.LARGEST} bytes")  # fmt: skip

    # Writes

    def write(self, action: ItemWrite) -> WriteResult:
        """Carry out one write.

        Raises
        ------
        ConditionFailed
            The condition does not hold; its units are consumed all the same.
        Refusal
            ValidationException; ProvisionedThroughputExceededException, of the table or of an
            index that cannot follow.
        """
        try:
            plan = self.plan(action)
        except ConditionFailed as failed:
            size = values.item_size(failed.item) if failed.item else 0
            position = self.position(self.key.of(action.item))
            units = capacity.write_units(size)
            part = partition_of(position[0], self.partitions)
            capacity.pay(self._throughputs["write"].needs(part, units), self.name)
            raise
        capacity.pay(self.needs(plan), self.name)
        self.carry_out(plan)
        return WriteResult(plan.old, plan.new, plan.consumed, plan.paths)

    def plan(self, action: ItemWrite, *, transactional: bool = False) -> WritePlan:
        """Check a write and say what it would do and cost; nothing is changed."""
        self.expire()
        key = self.key.of(action.item)
        if action.kind == "put":
            self._check_item(action.item)
        position = self.position(key if action.kind == "put" else action.item)
        old = self._entries.items.get(position)
        condition = action.condition
        if condition is not None and not holds(condition.node, old, condition.names):
            raise ConditionFailed(old)
        new: Item | None = old
        paths: list[Path] = []
        if action.kind == "put":
            new = action.item
        elif action.kind == "delete":
            new = None
        elif action.kind == "update":
            changes, names = action.changes or ((), Names())
            new, paths = update(changes, old if old is not None else dict(key), names)
            if any(path[0] in self.key.names for path in paths):
                raise refuse("One or more parameter values were invalid: Cannot update attribute "
                             f"of the key ({', '.join(self.key.names)})")  # fmt: skip
            self._check_item(new)
        size = max(values.item_size(item) if item else 0 for item in (old, new))
        consumed = Consumed(capacity.write_units(size, transactional=transactional))
        if action.kind != "check":
            for index in self.indexes:
                units = self._index_units(index, old, new, transactional)
                if units:
                    consumed.indexes[index.name] = units
        part = partition_of(position[0], self.partitions)
        return WritePlan(position, part, key, old, new, consumed, tuple(paths))

    def _index_units(
        self, index: Index, old: Item | None, new: Item | None, transactional: bool
    ) -> float:
        """Return the units of keeping an index: an entry that moves is removed and written."""
        before, after = self._entry(index, old), self._entry(index, new)
        if values.equal_items(before, after):
            return 0.0
        sizes = [values.item_size(entry) for entry in (before, after) if entry is not None]
        if before is None or after is None or _same_key(index.key, before, after):
            return capacity.write_units(max(sizes), transactional=transactional)
        return sum(
            capacity.write_units(size, transactional=transactional) for size in sizes
        )

    def _entry(self, index: Index, item: Item | None) -> Item | None:
        """Return what an index holds of an item; None without the attributes of its key."""
        if item is None or any(name not in item for name in index.key.names):
            return None
        if index.attributes is None:
            return item
        kept = index.attributes.union(index.key.names, self.key.names)
        return {name: value for name, value in item.items() if name in kept}

    def needs(self, plan: WritePlan) -> list[tuple[TokenBucket, float]]:
        """Return the buckets that pay for a plan, those of global indexes too."""
        found = self._throughputs["write"].needs(plan.partition, plan.consumed.table)
        for name, units in plan.consumed.indexes.items():
            if name in self._local:
                found += self._throughputs["write"].needs(plan.partition, units)
                continue
            indexed = self._global[name]
            entry = self._entry(indexed.index, plan.new) or self._entry(
                indexed.index, plan.old
            )
            position = indexed.entries.position({**plan.key, **(entry or {})})
            assert position is not None
            part = partition_of(position[0], self.partitions)
            found += indexed.throughputs["write"].needs(part, units)
        return found

    def carry_out(self, plan: WritePlan, *, is_expiry: bool = False) -> None:
        """Do what a plan says."""
        old, new = plan.old, plan.new
        if new is None:
            self._entries.remove(plan.position)
        else:
            self._entries.put(plan.position, new)
            self._note_expiry(plan.position, new)
        for index, entries in self._local.values():
            before, after = self._entry(index, old), self._entry(index, new)
            _move(entries, before, after)
        due = self._clock.now() + self._lag
        for indexed in self._global.values():
            before, after = self._entry(indexed.index, old), self._entry(indexed.index, new)
            if not values.equal_items(before, after):
                where = [
                    None if e is None else indexed.entries.position(e)
                    for e in (before, after)
                ]
                indexed.waiting.append((due, where[0], where[1], after))
        change = None
        if self.stream is not None:
            change = self.stream.add(
                plan.partition, plan.key, old, new, is_expiry=is_expiry
            )
        if self.journal is not None:
            self.journal(plan.key, new, plan.partition, change)

    def restore(self, items: Iterable[Item]) -> None:
        """Put items in without capacity, stream and journal: what an earlier table has held."""
        for item in items:
            position = self.position(self.key.of(item))
            self._entries.put(position, item)
            self._note_expiry(position, item)
            for index in self.indexes:
                entry = self._entry(index, item)
                if entry is not None:
                    _move(self._index_entries(index.name), None, entry)

    def _index_entries(self, name: str) -> Entries:
        return self._local[name][1] if name in self._local else self._global[name].entries

    # Time to live

    def _note_expiry(self, position: Position, item: Item) -> None:
        at = _expiry(item, self.ttl)
        if at is not None:
            heapq.heappush(self._expiring, (at, position))

    def set_ttl(self, name: str | None) -> None:
        """Let an attribute (a number, seconds since 1970) say when an item goes; None ends that."""
        self.ttl = name
        self._expiring.clear()
        for position, item in self._entries.items.items():
            self._note_expiry(position, item)

    def expire(self) -> None:
        """Remove the items whose time has come; costs no capacity."""
        now = self._clock.now()
        while self._expiring and self._expiring[0][0] <= now:
            _, position = heapq.heappop(self._expiring)
            item = self._entries.items.get(position)
            at = None if item is None else _expiry(item, self.ttl)
            # It may have been written again with another time.
            if item is not None and at is not None and at <= now:
                part = partition_of(position[0], self.partitions)
                plan = WritePlan(position, part, self.key.of(item), item, None, Consumed())
                self.carry_out(plan, is_expiry=True)

    # Reads

    def get(
        self, key: Item, *, consistent: bool = False, transactional: bool = False
    ) -> tuple[Item | None, Consumed]:
        """Return an item, None if there is none, and the units of reading it."""
        self.expire()
        position = self.position(key)
        item = self._entries.items.get(position)
        size = 0 if item is None else values.item_size(item)
        units = capacity.read_units(
            size, consistent=consistent, transactional=transactional
        )
        part = partition_of(position[0], self.partitions)
        capacity.pay(self._throughputs["read"].needs(part, units), self.name)
        return item, Consumed(units)

    def query(
        self,
        conditions: list[KeyCondition],
        *,
        index: str | None = None,
        consistent: bool = False,
        forward: bool = True,
        limit: int | None = None,
        start: Item | None = None,
        condition: Condition | None = None,
        projection: tuple[tuple[Path, ...], Names] | None = None,
    ) -> Page:
        """Return the items of one partition key, in the order of the sort key.

        Parameters
        ----------
        conditions : list of KeyCondition
            One with = on each hash attribute, and some on the sort key from its left.
        index : str, optional
            Reads the index in place of the table.
        consistent : bool
            Strongly; not on a global index.
        forward : bool
            Whether the sort key goes up.
        limit : int, optional
            Items read at most, before the filter.
        start : mapping, optional
            `Page.last` of the page before.
        condition : Condition, optional
            A filter: what it drops has been read, and costs.
        projection : (tuple of Path, Names), optional
        """
        spec, entries = self._reading(index, consistent)
        for each in conditions:
            for value in each.values:
                values.check(value)
                if each.name in self.types:
                    self._check_type(each.name, value)
        return self._page(
            spec,
            entries,
            entries.bounds(conditions),
            consistent=consistent,
            forward=forward,
            limit=limit,
            start=start,
            condition=condition,
            projection=projection,
        )

    def scan(
        self,
        *,
        index: str | None = None,
        consistent: bool = False,
        limit: int | None = None,
        start: Item | None = None,
        segment: tuple[int, int] = (0, 1),
        condition: Condition | None = None,
        projection: tuple[tuple[Path, ...], Names] | None = None,
    ) -> Page:
        """Return all items, or a segment of them (its number and how many there are).

        The other parameters are those of `query`.
        """
        spec, entries = self._reading(index, consistent)
        number, total = segment
        if not 0 <= number < total:
            raise refuse(
                f"The Segment {number} is not from 0 to TotalSegments ({total}) - 1."
            )
        return self._page(
            spec,
            entries,
            None,
            consistent=consistent,
            limit=limit,
            start=start,
            condition=condition,
            projection=projection,
            of_segment=lambda position: partition_of(position[0], total) == number,
        )

    def _reading(self, name: str | None, consistent: bool) -> tuple[Index | None, Entries]:
        self.expire()
        if name is None:
            return None, self._entries
        if name in self._local:
            return self._local[name]
        found = self._global.get(name)
        if found is None:
            raise refuse(f"The table does not have the specified index: {name}")
        if consistent:
            raise refuse("Consistent reads are not supported on global secondary indexes")
        found.drain(self._clock.now())
        return found.index, found.entries

    def _page(
        self,
        index: Index | None,
        entries: Entries,
        bounds: tuple[int, int] | None,
        *,
        consistent: bool,
        forward: bool = True,
        limit: int | None,
        start: Item | None,
        condition: Condition | None,
        projection: tuple[tuple[Path, ...], Names] | None,
        of_segment: Callable[[Position], bool] = lambda position: True,
    ) -> Page:
        if limit is not None and limit < 1:
            raise refuse(f"Limit is {limit}, expected 1 or more.")
        names = {*self.key.names, *(index.key.names if index else ())}
        after = None
        if start is not None:
            if set(start) != names:
                raise refuse("The provided starting key is invalid: expected "
                             f"{', '.join(sorted(names))}")  # fmt: skip
            after = entries.position(start)
        fetches = self._fetches(index, projection)
        found: list[dict[str, Value]] = []
        scanned, size, last = 0, 0, None
        extra = 0.0
        part = 0
        for position, entry in entries.between(bounds, forward=forward, after=after):
            if not of_segment(position):
                continue
            if scanned == limit or (
                scanned and size + values.item_size(entry) > PAGE_BYTES
            ):
                break
            part = partition_of(position[0], self.partitions)
            scanned += 1
            size += values.item_size(entry)
            last = position
            item: Item = entry
            if fetches:
                item = self._entries.items[self.position(self.key.of(entry))]
                extra += capacity.read_units(values.item_size(item), consistent=consistent)
            if condition is None or holds(condition.node, item, condition.names):
                found.append(
                    project(projection[0], item, projection[1])
                    if projection
                    else dict(item)
                )
        else:
            last = None
        units = capacity.read_units(size, consistent=consistent)
        consumed = Consumed(units + extra)
        throughputs = self._throughputs
        if index is not None:
            consumed = Consumed(extra, {index.name: units})
            if index.is_global:
                throughputs = self._global[index.name].throughputs
        capacity.pay(throughputs["read"].needs(part, consumed.total), self.name)
        key = None
        if last is not None:
            key = {name: entries.items[last][name] for name in sorted(names)}
        return Page(found, scanned, key, consumed)

    def _fetches(
        self, index: Index | None, projection: tuple[tuple[Path, ...], Names] | None
    ) -> bool:
        """Say whether a local index has to fetch from the table what it does not hold."""
        if index is None or index.attributes is None or projection is None:
            return False
        kept = index.attributes.union(index.key.names, self.key.names)
        wanted = {projection[1].path(path)[0] for path in projection[0]}
        if wanted <= kept:
            return False
        if index.is_global:
            lacks = ", ".join(sorted(map(str, wanted - kept)))
            raise refuse("One or more parameter values were invalid: Global secondary index "
                         f"{index.name} does not project [{lacks}]")  # fmt: skip
        return True


def _same_key(key: Key, left: Item, right: Item) -> bool:
    return all(values.equal(left[name], right[name]) for name in key.names)


def _move(entries: Entries, before: Item | None, after: Item | None) -> None:
    if before is not None:
        position = entries.position(before)
        if position is not None:
            entries.remove(position)
    if after is not None:
        position = entries.position(after)
        if position is not None:
            entries.put(position, after)


def _expiry(item: Item, name: str | None) -> float | None:
    value = item.get(name) if name else None
    return None if value is None or "N" not in value else float(values.number(value["N"]))


def transact_write(actions: list[tuple[KeyedTable, ItemWrite]]) -> list[WriteResult]:
    """Carry out all writes, or none.

    Parameters
    ----------
    actions : list of (KeyedTable, ItemWrite)
        At most 100, of items that are all different.

    Raises
    ------
    TransactionCanceled
        With a reason for each action. A cancelled transaction is not charged here.
    Refusal
        ValidationException; ProvisionedThroughputExceededException.
    """
    if not 1 <= len(actions) <= MOST_IN_TRANSACTION:
        raise refuse(f"The transaction has {len(actions)} actions, expected 1 to "
                     f"{MOST_IN_TRANSACTION}.")  # fmt: skip
    seen = set()
    for table, action in actions:
        place = table.name, table.position(table.key.of(action.item))
        if place in seen:
            raise refuse(
                "Transaction request cannot include multiple operations on one item"
            )
        seen.add(place)
    plans: list[tuple[KeyedTable, WritePlan]] = []
    reasons: list[tuple[str, str, Item | None]] = []
    for table, action in actions:
        try:
            plans.append((table, table.plan(action, transactional=True)))
            reasons.append(("None", "", None))
        except ConditionFailed as failed:
            reasons.append(("ConditionalCheckFailed", failed.message, failed.item))
        except Refusal as refusal:
            reasons.append(("ValidationError", refusal.message, None))
    if len(plans) < len(actions):
        raise TransactionCanceled(reasons)
    total = sum(values.item_size(plan.new) for _, plan in plans if plan.new is not None)
    if total > TRANSACTION_BYTES:
        raise refuse(f"The items of the transaction have {total} bytes, expected at most "
                     f"{TRANSACTION_BYTES}.")  # fmt: skip
    capacity.pay(
        [need for table, plan in plans for need in table.needs(plan)], "transaction"
    )
    done = []
    for (table, plan), (_, action) in zip(plans, actions, strict=True):
        if action.kind != "check":
            table.carry_out(plan)
        done.append(WriteResult(plan.old, plan.new, plan.consumed, plan.paths))
    return done


def transact_get(keys: list[tuple[KeyedTable, Item]]) -> list[tuple[Item | None, Consumed]]:
    """Return items as they are at one moment; each costs 2 units for 4 KB."""
    if not 1 <= len(keys) <= MOST_IN_TRANSACTION:
        raise refuse(f"The transaction has {len(keys)} items, expected 1 to "
                     f"{MOST_IN_TRANSACTION}.")  # fmt: skip
    return [table.get(key, transactional=True) for table, key in keys]
