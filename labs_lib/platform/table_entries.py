"""The items of a table or an index in order: by the hash of the partition key, then by sort key."""

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labs_lib.platform import attribute_values as values
from labs_lib.platform.attribute_values import Item, Value, refuse
from labs_lib.platform.expressions import KeyCondition

Position = tuple[bytes, tuple, bytes, tuple]
"""Hash and sort key; in an index, those of the table behind them, so that each item has its own."""


@dataclass(frozen=True)
class Key:
    """The attributes of a key.

    Attributes
    ----------
    hash, sort : tuple of str
        Names; a table has one of each at most, a global index up to four.
    """

    hash: tuple[str, ...]
    sort: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.hash + self.sort

    def of(self, item: Item) -> dict[str, Value]:
        """Return the attributes of the key that an item has."""
        return {name: item[name] for name in self.names if name in item}


def digest(found: list[Value]) -> bytes:
    """Return the hash of a partition key's values, as MD5: equal values have equal ones."""
    text = []
    for value in found:
        ((kind, content),) = value.items()
        plain = values.write_number(values.number(content)) if kind == "N" else content
        data = plain if isinstance(plain, bytes) else plain.encode()
        text.append(kind.encode() + len(data).to_bytes(4, "big") + data)
    return hashlib.md5(b"".join(text), usedforsecurity=False).digest()


def partition_of(found: bytes, partitions: int) -> int:
    """Return which of equal ranges of the hash a key falls into."""
    return int.from_bytes(found, "big") * partitions >> 128


class Entries:
    """Items in order.

    Parameters
    ----------
    key : Key
        What they are sorted by.
    primary : Key, optional
        Of an index: the table's key.
    """

    def __init__(self, key: Key, primary: Key | None = None):
        self.key = key
        self.primary = primary
        self.items: dict[Position, Item] = {}
        self._order: list[Position] = []

    def position(self, item: Item) -> Position | None:
        """Return where an item stands, None if it lacks an attribute of the key."""
        if any(name not in item for name in self.key.names):
            return None
        first = _half(self.key, item)
        return (*first, *(_half(self.primary, item) if self.primary else (b"", ())))

    def put(self, position: Position, item: Item) -> None:
        """Put an item in its place."""
        if position not in self.items:
            insort(self._order, position)
        self.items[position] = item

    def remove(self, position: Position) -> None:
        """Take an item out, if it is there."""
        if self.items.pop(position, None) is not None:
            del self._order[bisect_left(self._order, position)]

    def between(
        self,
        bounds: tuple[int, int] | None = None,
        *,
        forward: bool = True,
        after: Position | None = None,
    ) -> Iterator[tuple[Position, Item]]:
        """Yield positions and items in order.

        Parameters
        ----------
        bounds : (int, int), optional
            Places in the order, from `bounds`.
        forward : bool
        after : Position, optional
            Only what comes behind it (before it, backwards).
        """
        low, high = bounds or (0, len(self._order))
        if after is not None and forward:
            low = max(low, bisect_right(self._order, after))
        elif after is not None:
            high = min(high, bisect_left(self._order, after))
        places = range(low, high) if forward else range(high - 1, low - 1, -1)
        for place in places:
            position = self._order[place]
            yield position, self.items[position]

    def bounds(self, conditions: list[KeyCondition]) -> tuple[int, int]:
        """Return the first place, and the one behind the last, that a query's key leaves.

        Raises
        ------
        Refusal
            ValidationException, if the conditions are no question to this key.
        """
        given = {condition.name: condition for condition in conditions}
        if len(given) < len(conditions):
            raise refuse("KeyConditionExpressions must only contain one condition per key")
        for name in self.key.hash:
            if name not in given or given[name].sign != "=":
                raise refuse(f"Query condition missed key schema element: {name} (with =)")
        hashed = digest([given.pop(name).values[0] for name in self.key.hash])
        sort = [given.pop(name) for name in self.key.sort if name in given]
        if given:
            raise refuse(f"Query key condition not supported: {', '.join(sorted(given))} is not "
                         "in the key.")  # fmt: skip
        names = [condition.name for condition in sort]
        if names != list(self.key.sort[: len(names)]):
            raise refuse("Query key condition not supported: the sort key's attributes are "
                         "given from the left, without a gap.")  # fmt: skip
        if any(condition.sign != "=" for condition in sort[:-1]):
            raise refuse("Query key condition not supported: only the last condition of the "
                         "sort key may be other than =.")  # fmt: skip
        low = bisect_left(self._order, (hashed,))
        high = bisect_left(self._order, (hashed + b"\0",))
        for depth, condition in enumerate(sort):
            low, high = self._narrow(condition, depth, low, high)
        return low, high

    def _narrow(
        self, condition: KeyCondition, depth: int, low: int, high: int
    ) -> tuple[int, int]:
        """Return the part of a range, equal in all sort keys before, that a condition leaves."""

        def key(position: Position) -> Any:
            return position[1][depth]

        first, last = (values.order(v) for v in (condition.values[0], condition.values[-1]))
        if condition.sign in ("=", ">=", "between", "begins_with"):
            low = bisect_left(self._order, first, low, high, key=key)
        elif condition.sign == ">":
            low = bisect_right(self._order, first, low, high, key=key)
        if condition.sign in ("=", "<=", "between"):
            high = bisect_right(self._order, last, low, high, key=key)
        elif condition.sign == "<":
            high = bisect_left(self._order, last, low, high, key=key)
        elif condition.sign == "begins_with":
            if not isinstance(first, bytes):
                raise refuse("Query key condition not supported: begins_with of a number")
            high = bisect_left(
                self._order, True, low, high, key=lambda p: not key(p).startswith(first)
            )
        return low, high


def _half(key: Key, item: Item) -> tuple[bytes, tuple]:
    return (
        digest([item[name] for name in key.hash]),
        tuple(values.order(item[name]) for name in key.sort),
    )
