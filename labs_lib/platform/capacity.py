"""DynamoDB's capacity units, and the buckets that hold a table to its rate.

Sources: DynamoDB guide 2026, burst-adaptive-capacity, bp-partition-key-design, Constraints; guide
2023, ProvisionedThroughput.
"""

import math
from collections.abc import Iterable

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.token_bucket import TokenBucket

READ_BYTES = 4096
WRITE_BYTES = 1024
BURST_SECONDS = 300
"""Seconds of unused capacity that a table keeps."""
PARTITION_READS = 3000.0
PARTITION_WRITES = 1000.0
"""Units a second that one partition gives at most."""
PARTITION_BYTES = 10 * 1024**3


def read_units(
    size: int, *, consistent: bool = False, transactional: bool = False
) -> float:
    """Return the units of reading some bytes: 4 KB each, at least one.

    Parameters
    ----------
    size : int
        Bytes; 0 for an item that does not exist.
    consistent : bool
        A strongly consistent read costs 1 for each 4 KB, an eventually consistent one half.
    transactional : bool
        In a transaction it costs 2.
    """
    blocks = max(1, math.ceil(size / READ_BYTES))
    return blocks * (2.0 if transactional else 1.0 if consistent else 0.5)


def write_units(size: int, *, transactional: bool = False) -> float:
    """Return the units of writing some bytes: 1 KB each, at least one; in a transaction twice.

    Parameters
    ----------
    size : int
        Bytes of the item before or after, whichever is larger.
    transactional : bool
    """
    return max(1, math.ceil(size / WRITE_BYTES)) * (2.0 if transactional else 1.0)


def partitions_by_the_old_formula(reads: float, writes: float, gigabytes: float) -> int:
    """Return the partitions of a table by the formula that the guide no longer has.

    Parameters
    ----------
    reads, writes : float
        Provisioned units a second.
    gigabytes : float
        Size of the table.
    """
    for name, value in (("reads", reads), ("writes", writes), ("gigabytes", gigabytes)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}, expected a number from 0 on.")
    by_rate = math.ceil(reads / PARTITION_READS + writes / PARTITION_WRITES)
    return max(1, by_rate, math.ceil(gigabytes / 10))


class Throughput:
    """The buckets of a table or an index, for reads or for writes.

    Parameters
    ----------
    clock : Timekeeper
    rate : float or None
        Provisioned units a second; None on demand, where partitions alone limit.
    most : float
        What one partition gives: `PARTITION_READS` or `PARTITION_WRITES`.
    partitions : int
    is_adaptive : bool
        Whether a hot partition may use what the others leave unused. Without, each has its equal
        share of the rate, as before adaptive capacity.
    name : str
        Whose it is, for the error.

    Notes
    -----
    A table begins with the units of one second, and keeps what it does not use for up to 300 s.
    """

    def __init__(
        self,
        clock: Timekeeper,
        *,
        rate: float | None,
        most: float,
        partitions: int = 1,
        is_adaptive: bool = True,
        name: str = "table",
    ):
        self.name = name
        self._shared = None
        if rate is not None and is_adaptive:
            self._shared = _bucket(rate, clock)
        self._partitions = [TokenBucket(most, clock) for _ in range(partitions)]
        self._shares = (
            [_bucket(rate / partitions, clock) for _ in range(partitions)]
            if rate is not None and not is_adaptive
            else []
        )

    def needs(self, partition: int, units: float) -> list[tuple[TokenBucket, float]]:
        """Return the buckets that pay for units of a partition."""
        shared = [self._shared] if self._shared is not None else []
        shares = [self._shares[partition]] if self._shares else []
        return [
            (bucket, units) for bucket in (*shared, *shares, self._partitions[partition])
        ]


def _bucket(rate: float, clock: Timekeeper) -> TokenBucket:
    bucket = TokenBucket(rate, clock, capacity=rate * BURST_SECONDS)
    bucket.take(rate * (BURST_SECONDS - 1))
    return bucket


def pay(needs: Iterable[tuple[TokenBucket, float]], name: str) -> None:
    """Take units from all buckets, or from none if one has too few.

    Parameters
    ----------
    needs : iterable of (TokenBucket, float)
        Of one bucket several amounts add up.
    name : str
        Whose request it is, for the error.

    Raises
    ------
    Refusal
        ProvisionedThroughputExceededException.
    """
    total: dict[int, tuple[TokenBucket, float]] = {}
    for bucket, units in needs:
        before = total.get(id(bucket), (bucket, 0.0))[1]
        total[id(bucket)] = bucket, before + units
    if any(b.level < min(units, b.capacity) for b, units in total.values()):
        raise Refusal(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table or one of its indexes "
            f"was exceeded ({name}). Wait and try again, or provision more.",
        )
    for bucket, units in total.values():
        bucket.take(units)
