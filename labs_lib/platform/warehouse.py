"""A warehouse's slices and workload queues, modelled and never timed.

Sources: Redshift guide 2026, c_best-practices-use-multiple-files, cm-c-defining-query-queues,
concurrency-scaling.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_QUEUES = 8
MOST_SLOTS = 50
DEFAULT_SLOTS = 5
SPLIT_BYTES = 128 * 1024 * 1024
"""From this size on a COPY splits uncompressed CSV, Parquet and ORC by itself."""


# Slices


def makespan(sizes: Iterable[float], slices: int) -> float:
    """Return the time of loading files on slices, in the units of `sizes`.

    Parameters
    ----------
    sizes : iterable of float
        Work of each file. A file is read by one slice; the next file goes to the slice that is
        free first.
    slices : int
    """
    work = list(sizes)
    if slices < 1 or any(not 0 <= size < math.inf for size in work):
        raise ValueError(
            f"slices is {slices} and sizes {work[:3]}...; expected 1 or more slices, and sizes "
            "from 0 on."
        )
    free = [0.0] * slices
    for size in work:
        heapq.heappush(free, heapq.heappop(free) + size)
    return max(free)


def split_files(sizes: Iterable[float], slices: int, *, splits: bool) -> list[float]:
    """Return the pieces that slices read.

    Parameters
    ----------
    sizes : iterable of float
        Bytes of each file.
    slices : int
    splits : bool
        Whether the format can be split: CSV without compression, Parquet, ORC; not gzip, not JSON.
        A file of 128 MB or more is then read in equal pieces, one a slice.
    """
    if slices < 1:
        raise ValueError(f"slices is {slices}, expected 1 or more.")
    return [
        piece
        for size in sizes
        for piece in (
            [size / slices] * slices if splits and size >= SPLIT_BYTES else [size]
        )
    ]


# Workload queues


@dataclass(frozen=True)
class WorkloadQueue:
    """A queue of manual workload management.

    Attributes
    ----------
    name : str
    slots : int
        Queries that run at a time.
    memory : float
        Percent of the cluster's memory.
    """

    name: str
    slots: int = DEFAULT_SLOTS
    memory: float = 100.0

    @property
    def memory_per_slot(self) -> float:
        """Percent of the cluster's memory that one query gets."""
        return self.memory / self.slots


def check_queues(queues: Sequence[WorkloadQueue]) -> None:
    """Raise if queues exceed what a cluster has: 8 queues, 50 slots, all of its memory.

    Raises
    ------
    ValueError
    """
    names = [queue.name for queue in queues]
    slots = sum(queue.slots for queue in queues)
    memory = sum(queue.memory for queue in queues)
    if not 1 <= len(queues) <= MOST_QUEUES or len(set(names)) < len(names):
        raise ValueError(f"queues are {names}, expected 1 to {MOST_QUEUES} with own names.")
    if any(queue.slots < 1 for queue in queues) or slots > MOST_SLOTS:
        raise ValueError(
            f"queues have {slots} slots, expected 1 each and {MOST_SLOTS} at most."
        )
    if any(not queue.memory >= 0 for queue in queues) or memory > 100:
        raise ValueError(
            f"queues share {memory} percent of the memory, expected 100 at most."
        )


@dataclass(frozen=True)
class QueuedQuery:
    """A query that comes to a queue.

    Attributes
    ----------
    arrival : float
        Seconds.
    work : float
        Seconds that it runs alone, with enough memory.
    memory : float
        Percent of the cluster's memory that it needs.
    queue : str
    priority : int
        Higher goes first among those that wait.
    uses_temporary : bool
        Whether it reads a temporary table: no scaling cluster takes it.
    """

    arrival: float
    work: float
    memory: float = 0.0
    queue: str = "default"
    priority: int = 0
    uses_temporary: bool = False


@dataclass(frozen=True)
class QueryRun:
    """When a query began and ended, on which cluster (0: the main one), and whether it spilled."""

    query: QueuedQuery
    begin: float
    end: float
    cluster: int
    spilled: bool

    @property
    def waited(self) -> float:
        """Seconds in the queue."""
        return self.begin - self.query.arrival

    @property
    def latency(self) -> float:
        """Seconds from arrival to end."""
        return self.end - self.query.arrival


@dataclass
class _Running:
    query: QueuedQuery
    place: int
    begin: float
    left: float
    spilled: bool


_Waiting = dict[tuple[str, bool], list[tuple[int, int, QueuedQuery]]]
"""Those who wait, in a heap for each queue, and for temporary tables or not."""


class _Cluster:
    """Queries that share the processors of one cluster equally."""

    def __init__(self, number: int, queues: Sequence[WorkloadQueue], cores: int):
        self.number = number
        self.queues = {queue.name: queue for queue in queues}
        self.cores = cores
        self.running: list[_Running] = []

    def has_slot(self, name: str) -> bool:
        busy = sum(each.query.queue == name for each in self.running)
        return busy < self.queues[name].slots

    def speed(self) -> float:
        return min(1.0, self.cores / len(self.running)) if self.running else 1.0

    def next_end(self, now: float) -> float:
        if not self.running:
            return math.inf
        return now + min(each.left for each in self.running) / self.speed()

    def advance(self, seconds: float) -> None:
        done = seconds * self.speed()
        for each in self.running:
            each.left -= done


def run_queries(
    queries: Iterable[QueuedQuery],
    queues: Sequence[WorkloadQueue],
    *,
    cores: int,
    spill: float,
    scaling_clusters: int = 0,
) -> list[QueryRun]:
    """Run queries through the queues of a cluster, and return the runs in order of arrival.

    Parameters
    ----------
    queries : iterable of QueuedQuery
    queues : sequence of WorkloadQueue
    cores : int
        Queries that run at full speed at a time; more share it equally.
    spill : float
        How many times as much work a query is that gets less memory than it needs and writes to
        disk. A parameter of the model, at least 1.
    scaling_clusters : int
        Further clusters like the first, for queries that would wait.

    Raises
    ------
    ValueError
        If the queues are more than a cluster has, or a query names none of them.
    """
    check_queues(queues)
    todo = sorted(enumerate(queries), key=lambda item: (item[1].arrival, item[0]))
    known = [queue.name for queue in queues]
    if cores < 1 or not spill >= 1 or scaling_clusters < 0:
        raise ValueError(
            f"cores is {cores}, spill {spill}, scaling_clusters {scaling_clusters}; expected "
            "cores and spill from 1 on, and 0 or more clusters."
        )
    for _, query in todo:
        if query.queue not in known or not (query.work > 0 and query.memory >= 0):
            raise ValueError(
                f"{query} is no query of these queues: expected one of {sorted(known)}, work "
                "above 0 and memory from 0 on."
            )
    clusters = [_Cluster(n, queues, cores) for n in range(scaling_clusters + 1)]
    arriving = deque(todo)
    waiting: _Waiting = {(name, kind): [] for name in known for kind in (False, True)}
    done: dict[int, QueryRun] = {}
    now = todo[0][1].arrival if todo else 0.0
    while len(done) < len(todo):
        while arriving and arriving[0][1].arrival <= now:
            place, query = arriving.popleft()
            line = waiting[query.queue, query.uses_temporary]
            heapq.heappush(line, (-query.priority, place, query))
        for name in known:
            _start(name, waiting, clusters, now, spill)
        following = arriving[0][1].arrival if arriving else math.inf
        end = min(following, *(cluster.next_end(now) for cluster in clusters))
        for cluster in clusters:
            finishes = cluster.next_end(now) <= end
            cluster.advance(end - now)
            if finishes:
                _finish(cluster, end, done)
        now = end
    return [done[place] for place in sorted(done)]


def _start(
    name: str, waiting: _Waiting, clusters: Sequence[_Cluster], now: float, spill: float
) -> None:
    """Give a queue's slots to those that wait in it, the highest priority first."""
    while True:
        ready = []
        for kind, allowed in ((False, clusters), (True, clusters[:1])):
            line = waiting[name, kind]
            cluster = next((c for c in allowed if c.has_slot(name)), None)
            if line and cluster is not None:
                ready.append((line[0][:2], kind, cluster))
        if not ready:
            return
        _, kind, cluster = min(ready, key=lambda item: item[0])
        _, place, query = heapq.heappop(waiting[name, kind])
        spilled = query.memory > cluster.queues[name].memory_per_slot
        work = query.work * (spill if spilled else 1.0)
        cluster.running.append(_Running(query, place, now, work, spilled))


def _finish(cluster: _Cluster, now: float, done: dict[int, QueryRun]) -> None:
    """Take out what has ended: what had the least left, and whatever ended with it."""
    least = min(each.left for each in cluster.running)
    ended = [each for each in cluster.running if each.left <= max(least, 1e-9)]
    cluster.running = [each for each in cluster.running if each not in ended]
    for each in ended:
        done[each.place] = QueryRun(
            each.query, each.begin, now, cluster.number, each.spilled
        )


def busy_seconds(runs: Iterable[QueryRun], cluster: int) -> float:
    """Return the seconds in which a cluster had at least one query: what scaling bills."""
    spans = sorted((run.begin, run.end) for run in runs if run.cluster == cluster)
    total, covered = 0.0, -math.inf
    for begin, end in spans:
        total += max(0.0, end - max(begin, covered))
        covered = max(covered, end)
    return total
