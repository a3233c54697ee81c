"""A cache in front of a table, like DAX: what it answers without the table, and when it is stale.

Sources: DynamoDB guide 2026, DAX.consistency; guide 2023, DAX.cluster-management.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from labs_lib.clock import Timekeeper
from labs_lib.platform.attribute_values import Item
from labs_lib.platform.expressions import KeyCondition
from labs_lib.platform.tables import Consumed, ItemWrite, KeyedTable, Page, WriteResult

TTL = 300.0
"""Seconds that both caches keep an answer, by default."""


class TimedCache:
    """Values that are kept for some time; of too many, the one not used for longest goes.

    Parameters
    ----------
    clock : Timekeeper
    ttl : float
        Seconds.
    most : int
        Values.
    """

    def __init__(self, clock: Timekeeper, *, ttl: float, most: int):
        if not ttl > 0 or most < 1:
            raise ValueError(
                f"ttl is {ttl}, most {most}; expected seconds above 0, and 1 or more."
            )
        self._clock = clock
        self._ttl = ttl
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Hashable) -> tuple[bool, Any]:
        """Return whether there is a value that has not expired, and the value."""
        kept = self._kept.get(key)
        if kept is None:
            return False, None
        if self._clock.now() - kept[0] >= self._ttl:
            del self._kept[key]
            return False, None
        self._kept.move_to_end(key)
        return True, kept[1]

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value from now on."""
        self._kept[key] = self._clock.now(), value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass
class CacheCounts:
    """How often a cache answered, and how often it asked the table."""

    hits: int = 0
    misses: int = 0


class TableCache:
    """An item cache and a query cache in front of a table.

    A write through it goes to the table and then into the item cache; it does not touch the query
    cache. A write past it is seen when what is kept expires. Strongly consistent reads pass
    through, and are not kept. That there is no such item is kept too.

    Parameters
    ----------
    table : KeyedTable
    clock : Timekeeper
    item_ttl, query_ttl : float
        Seconds.
    most : int
        Items, and answers of queries, that are kept.
    """

    def __init__(
        self,
        table: KeyedTable,
        clock: Timekeeper,
        *,
        item_ttl: float = TTL,
        query_ttl: float = TTL,
        most: int = 10_000,
    ):
        self.table = table
        self.counts = CacheCounts()
        self._items = TimedCache(clock, ttl=item_ttl, most=most)
        self._queries = TimedCache(clock, ttl=query_ttl, most=most)

    def get(self, key: Item, *, consistent: bool = False) -> tuple[Item | None, Consumed]:
        """Return an item, None if there is none, and the units that it took from the table."""
        if consistent:
            return self.table.get(key, consistent=True)
        place = self.table.position(key)
        is_kept, item = self._items.find(place)
        if is_kept:
            self.counts.hits += 1
            return item, Consumed()
        self.counts.misses += 1
        item, consumed = self.table.get(key)
        self._items.put(place, item)
        return item, consumed

    def write(self, action: ItemWrite) -> WriteResult:
        """Write to the table, and keep the item as it is then."""
        written = self.table.write(action)
        self._items.put(self.table.position(self.table.key.of(action.item)), written.new)
        return written

    def query(
        self, conditions: list[KeyCondition], *, consistent: bool = False, **options: Any
    ) -> Page:
        """Return a page of a query; the options are those of `KeyedTable.query`.

        A page that is kept is the one of the very same question.
        """
        if consistent:
            return self.table.query(conditions, consistent=True, **options)
        question = repr((conditions, sorted(options.items())))
        is_kept, page = self._queries.find(question)
        if is_kept:
            self.counts.hits += 1
            return Page(page.items, page.scanned, page.last, Consumed())
        self.counts.misses += 1
        page = self.table.query(conditions, **options)
        self._queries.put(question, page)
        return page
