"""Leases on shards, as the Kinesis Client Library shares a stream among workers.

Source: Kinesis Data Streams developer guide, pages on the client library and on resharding. A
worker takes a lease by a conditional write, so a shard has one owner; children are leased once
their parents have been read to the end, which keeps the order of each key.
"""

import math
from dataclasses import dataclass

from labs_lib.clock import Timekeeper
from labs_lib.platform.streams import Stream

SHARD_END = "SHARD_END"


@dataclass
class Lease:
    """Who reads a shard, and how far.

    Attributes
    ----------
    shard : str
    owner : str or None
    expires : float
        Seconds since 1970; then another worker may take it.
    checkpoint : int, str or None
        Sequence number of the last record that was dealt with, `SHARD_END`, or None.
    counter : int
        Grows with every change of owner, so that a late worker is noticed.
    """

    shard: str
    owner: str | None = None
    expires: float = 0.0
    checkpoint: int | str | None = None
    counter: int = 0


class Leases:
    """The table of leases of one application.

    Parameters
    ----------
    stream : Stream
    clock : Timekeeper
    lasts : float, default 10
        Seconds that a lease holds without being renewed.
    """

    def __init__(self, stream: Stream, clock: Timekeeper, *, lasts: float = 10.0):
        if not 0 < lasts < float("inf"):
            raise ValueError(f"lasts is {lasts}, expected seconds above 0.")
        self._stream = stream
        self._clock = clock
        self._lasts = lasts
        self._leases: dict[str, Lease] = {}

    @property
    def leases(self) -> list[Lease]:
        """All leases, those of finished shards too."""
        self._add_new()
        return list(self._leases.values())

    def _add_new(self) -> None:
        known = {shard.id for shard in self._stream}
        for shard in self._stream:
            before = [self._leases.get(name) for name in shard.parents if name in known]
            ready = all(lease and lease.checkpoint == SHARD_END for lease in before)
            if shard.id not in self._leases and ready:
                self._leases[shard.id] = Lease(shard.id)

    def owned_by(self, worker: str) -> list[str]:
        """Return the shards whose leases a worker holds now."""
        now = self._clock.now()
        return [
            lease.shard
            for lease in self.leases
            if lease.owner == worker and lease.expires > now and not _is_done(lease)
        ]

    def renew(self, worker: str) -> list[str]:
        """Renew a worker's leases, take what is its share, and return the shards it now has.

        Its share is the leases over the workers that hold or seek one, rounded up. It takes what
        nobody holds first; then one lease from the worker with the most, if that has two more.
        """
        now = self._clock.now()
        todo = [lease for lease in self.leases if not _is_done(lease)]
        mine = [lease for lease in todo if lease.owner == worker and lease.expires > now]
        free = [lease for lease in todo if lease.owner is None or lease.expires <= now]
        others: dict[str, list[Lease]] = {}
        for lease in todo:
            if lease.owner and lease.owner != worker and lease.expires > now:
                others.setdefault(lease.owner, []).append(lease)
        share = math.ceil(len(todo) / (len(others) + 1))
        for lease in mine:
            lease.expires = now + self._lasts
        for lease in free[: max(0, share - len(mine))]:
            self._give(lease, worker, now)
            mine.append(lease)
        most = max(others.values(), key=len, default=[])
        if len(mine) < share and len(most) >= len(mine) + 2:
            self._give(most[-1], worker, now)
        return self.owned_by(worker)

    def _give(self, lease: Lease, worker: str, now: float) -> None:
        lease.owner, lease.expires = worker, now + self._lasts
        lease.counter += 1

    def checkpoint(self, worker: str, shard: str, at: int | str) -> None:
        """Note how far a worker has read a shard.

        Parameters
        ----------
        worker, shard : str
        at : int or str
            A sequence number, or `SHARD_END` for a closed shard that has been read to its end.

        Raises
        ------
        ValueError
            If the worker does not hold the lease any more: another one reads on from the
            checkpoint before, and gets what this one has read a second time.
        """
        if shard not in self.owned_by(worker):
            lease = self._leases.get(shard)
            owner = lease.owner if lease else None
            raise ValueError(
                f"{worker} does not hold the lease of {shard} (its last owner is {owner}). "
                "Renew, and read on only what is yours."
            )
        if at == SHARD_END and self._stream.shard(shard).is_open:
            raise ValueError(f"{shard} is open, so it has no end. Give a sequence number.")
        self._leases[shard].checkpoint = at


def _is_done(lease: Lease) -> bool:
    return lease.checkpoint == SHARD_END
