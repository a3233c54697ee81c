"""Volumes and file systems that save up credits: gp2, gp3, st1, sc1 and EFS, as published.

Nothing here is a disk: these are the formulas of the guides, and their tables are the tests.
Sources: EBS guide 2026, general-purpose and hdd-vols; EFS guide 2026, performance.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

MIB_PER_TIB = 1024 * 1024.0
GP2_CREDITS = 5.4e6
"""I/O credits that a gp2 volume holds at most, and at the beginning."""
GP2_BURST = 3_000.0
GP3_IOPS = 3_000.0
GP3_THROUGHPUT = 125.0
"""What a gp3 volume has without extra charge, in IOPS and MiB/s."""
GP3_MOST_IOPS = 80_000.0
GP3_MOST_THROUGHPUT = 2_000.0
IO1_MOST_IOPS = 64_000.0
EFS_CREDITS = 2.1
"""TiB of credits that a file system holds at most; above 1 TiB of data, for each TiB."""
EFS_BASE = 0.05
"""MiB/s for each GiB: the guide writes 50 KiB/s, and counts 100 GiB as 5 MiB/s."""


@dataclass(frozen=True)
class Served:
    """What a bucket let through in one step.

    Attributes
    ----------
    amount : float
        Units in all.
    balance : float
        Share of the bucket that is full at the end, 0 to 1.
    """

    amount: float
    balance: float


class BurstBucket:
    """Credits that come at the baseline, and are spent at the rate of use.

    Parameters
    ----------
    baseline, burst : float
        Units a second that always go, and that go while there are credits.
    capacity : float
        Credits that it holds at most.
    level : float, optional
        Credits at the beginning; by default it is full.
    """

    def __init__(
        self, *, baseline: float, burst: float, capacity: float, level: float | None = None
    ):
        level = capacity if level is None else level
        if not (0 < baseline < math.inf and baseline <= burst and 0 <= level <= capacity):
            raise ValueError(
                f"baseline is {baseline}, burst {burst}, level {level}, capacity {capacity}; "
                "expected 0 < baseline <= burst and 0 <= level <= capacity."
            )
        self.baseline = baseline
        self.burst = burst
        self.capacity = capacity
        self.level = level

    @property
    def burst_seconds(self) -> float:
        """Seconds that a full bucket bursts; infinite if burst and baseline are equal."""
        spent = self.burst - self.baseline
        return self.capacity / spent if spent else math.inf

    @property
    def refill_seconds(self) -> float:
        """Seconds until an empty bucket without use is full."""
        return self.capacity / self.baseline

    def serve(self, demand: float, seconds: float) -> Served:
        """Let a constant demand through for some seconds.

        Parameters
        ----------
        demand : float
            Units a second.
        seconds : float

        Notes
        -----
        Credits that run out within the step end the burst there: steps of any length give the
        same sum.
        """
        if not (demand >= 0 and 0 <= seconds < math.inf):
            raise ValueError(f"demand is {demand}, seconds {seconds}; expected 0 or more.")
        rate = min(demand, self.burst)
        spent = rate - self.baseline
        if spent <= 0:
            self.level = min(self.capacity, self.level - spent * seconds)
            amount = rate * seconds
        else:
            fast = min(seconds, self.level / spent)
            amount = rate * fast + self.baseline * (seconds - fast)
            self.level = max(0.0, self.level - spent * fast)
            if fast < seconds:
                self.level = 0.0
        return Served(amount, self.level / self.capacity)

    def run(self, demands: Iterable[float], seconds: float) -> list[Served]:
        """Serve one demand after the other, each for some seconds."""
        return [self.serve(demand, seconds) for demand in demands]


def _require(**found: float) -> None:
    for name, value in found.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}, expected a number above 0.")


# General purpose


def gp2_baseline(gib: float) -> float:
    """Return the IOPS that a gp2 volume always has: 3 a GiB, 100 to 16,000.

    A volume below 33.34 GiB earns credits at 100 a second, by the guide's table; its text says
    3 for each GiB.
    """
    _require(gib=gib)
    return min(16_000.0, max(100.0, 3.0 * gib))


def gp2_bucket(gib: float, *, level: float | None = None) -> BurstBucket:
    """Return the bucket of a gp2 volume; from 1,000 GiB on it needs none."""
    baseline = gp2_baseline(gib)
    burst = max(GP2_BURST, baseline)
    return BurstBucket(baseline=baseline, burst=burst, capacity=GP2_CREDITS, level=level)


def gp2_throughput(gib: float) -> float:
    """Return the MiB/s of a gp2 volume at most; between 170 and 334 GiB only with credits."""
    _require(gib=gib)
    return 128.0 if gib <= 170 else 250.0


@dataclass(frozen=True)
class Prices:
    """Prices a month: of a GiB, of an IOPS and of a MiB/s that cost extra.

    No guide page holds prices: they are the caller's.
    """

    gib: float
    iops: float = 0.0
    throughput: float = 0.0


def gp2_size_for(iops: float, gib: float = 1.0) -> float:
    """Return the GiB of a gp2 volume that has some IOPS for ever and holds some data."""
    _require(iops=iops, gib=gib)
    if iops > 16_000:
        raise ValueError(
            f"iops is {iops}; a gp2 volume has at most 16000. Take gp3 or io1."
        )
    return max(gib, math.ceil(iops / 3.0) if iops > 100 else 1.0)


def gp3_cost(gib: float, iops: float, throughput: float, prices: Prices) -> float:
    """Return what a gp3 volume costs a month.

    Parameters
    ----------
    gib, iops, throughput : float
        What it has; 3,000 IOPS and 125 MiB/s cost nothing extra.
    prices : Prices

    Raises
    ------
    ValueError
        If no gp3 volume has that: 500 IOPS a GiB up to 80,000, 0.25 MiB/s an IOPS up to 2,000.
    """
    _require(gib=gib, iops=iops, throughput=throughput)
    most = max(GP3_IOPS, min(GP3_MOST_IOPS, 500.0 * gib))
    if iops > most:
        raise ValueError(
            f"iops is {iops}, expected at most {most:.0f} for {gib} GiB of gp3."
        )
    widest = max(GP3_THROUGHPUT, min(GP3_MOST_THROUGHPUT, 0.25 * max(iops, GP3_IOPS)))
    if throughput > widest:
        raise ValueError(
            f"throughput is {throughput}, expected at most {widest:.0f} MiB/s with {iops} IOPS."
        )
    extra = max(0.0, iops - GP3_IOPS) * prices.iops
    return (
        gib * prices.gib + extra + max(0.0, throughput - GP3_THROUGHPUT) * prices.throughput
    )


def gp2_cost(gib: float, iops: float, prices: Prices) -> float:
    """Return what the smallest gp2 volume costs a month that has some IOPS for ever."""
    return gp2_size_for(iops, gib) * prices.gib


def io1_cost(gib: float, iops: float, prices: Prices) -> float:
    """Return what an io1 volume costs a month; it has at most 50 IOPS a GiB and 64,000."""
    _require(gib=gib, iops=iops)
    most = min(IO1_MOST_IOPS, 50.0 * gib)
    if iops > most:
        raise ValueError(
            f"iops is {iops}, expected at most {most:.0f} for {gib} GiB of io1."
        )
    return gib * prices.gib + iops * prices.iops


# Hard disks

_HDD = {"st1": (40.0, 250.0, 500.0), "sc1": (12.0, 80.0, 250.0)}
"""MiB/s for each TiB: baseline and burst; then the MiB/s of a volume at most."""


def hdd_bucket(kind: str, tib: float, *, level: float | None = None) -> BurstBucket:
    """Return the bucket of an st1 or sc1 volume, in MiB: 1 TiB of credits for each TiB."""
    _require(tib=tib)
    if kind not in _HDD:
        raise ValueError(f"kind is {kind!r}, expected st1 or sc1.")
    base, burst, cap = _HDD[kind]
    return BurstBucket(
        baseline=min(cap, base * tib),
        burst=min(cap, burst * tib),
        capacity=MIB_PER_TIB * tib,
        level=level,
    )


def scan_hours(kind: str, tib: float) -> float:
    """Return the hours of reading a whole st1 or sc1 volume with a full bucket.

    The worst that the guide expects is this divided by 0.9 x 0.99.
    """
    bucket = hdd_bucket(kind, tib)
    fast = bucket.burst * min(bucket.burst_seconds, MIB_PER_TIB * tib / bucket.burst)
    slow = (MIB_PER_TIB * tib - fast) / bucket.baseline
    return (fast / bucket.burst + slow) / 3600


def counted_mib(requests: float, kib: float) -> float:
    """Return the MiB that requests of a size cost on st1 and sc1: at least 1 MiB each."""
    _require(kib=kib)
    if not requests >= 0:
        raise ValueError(f"requests is {requests}, expected 0 or more.")
    return requests * max(1.0, kib / 1024)


# File systems


def efs_bucket(gib: float, *, level: float = 0.0) -> BurstBucket:
    """Return the bucket of a file system in mode bursting, in MiB: up to 2.1 TiB of credits.

    Parameters
    ----------
    gib : float
        Of data in Standard storage.
    level : float, default 0
        Credits at the beginning.
    """
    _require(gib=gib)
    baseline = max(1.0, EFS_BASE * gib)
    burst = max(100.0, 100.0 * gib / 1024, baseline)
    capacity = EFS_CREDITS * MIB_PER_TIB * max(1.0, gib / 1024)
    return BurstBucket(baseline=baseline, burst=burst, capacity=capacity, level=level)


def efs_burst_minutes(gib: float, *, earns: bool) -> float:
    """Return the minutes a day that a file system may burst on a day's income.

    Parameters
    ----------
    gib : float
    earns : bool
        Whether the baseline keeps earning while it bursts; the guide's table counts without.
    """
    bucket = efs_bucket(gib)
    earned = 86_400 * bucket.baseline
    return earned / (bucket.burst - (bucket.baseline if earns else 0.0)) / 60


def efs_metered(read: float, written: float) -> float:
    """Return the MiB that count against the credits: a third of what is read."""
    if not (read >= 0 and written >= 0):
        raise ValueError(f"read is {read}, written {written}; expected 0 or more.")
    return read / 3 + written


def suits_elastic(average: float, peak: float) -> bool:
    """Say whether elastic throughput suits a load: its average is at most 5 % of its peak."""
    _require(peak=peak)
    if not 0 <= average <= peak:
        raise ValueError(f"average is {average}, expected 0 to the peak ({peak}).")
    return average <= 0.05 * peak
