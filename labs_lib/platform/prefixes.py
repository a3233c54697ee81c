"""Request rates of S3 by prefix: what one partitioned prefix gives, and how prefixes split.

Source: S3 guide 2026, optimizing-performance: 3,500 writes and 5,500 reads a second for each
*partitioned* prefix, which S3 makes of a busy one gradually, answering 503 Slow Down meanwhile. How
long that takes is not published: it is a parameter here.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.token_bucket import TokenBucket

READS = 5_500.0
WRITES = 3_500.0


@dataclass
class _Partition:
    """Keys from `begin` on, up to the next partition."""

    begin: str
    buckets: dict[str, TokenBucket]
    busy_since: float | None = None
    second: int = -1
    asked: int = 0
    keys: Counter[str] = field(default_factory=Counter)


class PrefixRates:
    """Lets requests through at the rate of the partition that their key is in.

    Parameters
    ----------
    clock : Timekeeper
    sustained : float
        Seconds of more requests than a partition gives, each second, until it splits.
    depth : int
        Characters of a key by which partitions split.
    reads, writes : float
        What one partition gives a second.
    """

    def __init__(
        self,
        clock: Timekeeper,
        *,
        sustained: float,
        depth: int = 8,
        reads: float = READS,
        writes: float = WRITES,
    ):
        if not sustained > 0 or depth < 1:
            raise ValueError(
                f"sustained is {sustained} and depth {depth}; expected seconds above 0, and 1 or "
                "more characters."
            )
        self._clock = clock
        self._sustained = sustained
        self._depth = depth
        self._rates = {"read": reads, "write": writes}
        self._partitions = [self._new("")]

    def _new(self, begin: str) -> _Partition:
        return _Partition(
            begin,
            {kind: TokenBucket(rate, self._clock) for kind, rate in self._rates.items()},
        )

    @property
    def partitions(self) -> list[str]:
        """Where each partition begins, in order; the first begins with the empty text."""
        return [partition.begin for partition in self._partitions]

    def request(self, key: str, kind: Literal["read", "write"]) -> None:
        """Let a request through, or refuse it.

        Raises
        ------
        Refusal
            SlowDown (503), if the partition has had as many in this second as it gives.
        """
        if kind not in self._rates:
            raise ValueError(f"kind is {kind!r}, expected read or write.")
        place = bisect_right(self.partitions, key[: self._depth]) - 1
        partition = self._partitions[place]
        self._count(partition, key)
        if partition.buckets[kind].take():
            return
        if partition.busy_since is None:
            partition.busy_since = self._clock.now()
        elif self._clock.now() - partition.busy_since >= self._sustained:
            self._split(place)
        raise Refusal(
            "SlowDown",
            "Please reduce your request rate. Wait, and ask again later and later.",
        )

    def _count(self, partition: _Partition, key: str) -> None:
        second = int(self._clock.now())
        if second != partition.second:
            # A second in which all went through ends a busy time.
            if second > partition.second + 1 or partition.asked <= min(
                self._rates.values()
            ):
                partition.busy_since = None
            partition.second, partition.asked = second, 0
            partition.keys.clear()
        partition.asked += 1
        partition.keys[key[: self._depth]] += 1

    def _split(self, place: int) -> None:
        """Split a partition at the prefix that halves the requests of this second, if it can."""
        partition = self._partitions[place]
        prefixes = sorted(partition.keys)
        half, seen = partition.asked / 2, 0
        for prefix in prefixes:
            if seen >= half and prefix > partition.begin:
                self._partitions.insert(place + 1, self._new(prefix))
                break
            seen += partition.keys[prefix]
        else:
            # All the load from one prefix on: that prefix by itself is all there is to give.
            last = prefixes[-1]
            if last > partition.begin and len(prefixes) > 1:
                self._partitions.insert(place + 1, self._new(last))
        partition.busy_since = None
