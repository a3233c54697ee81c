"""A cluster of Amazon EMR that is scaled by a policy of its instance group, as a small model.

The policy is the member `AutoScalingPolicy` of the request PutAutoScalingPolicy. Containers wait
in one queue, in order of arrival; metrics are looked at every five minutes.
Source: EMR guide 2026, emr-automatic-scaling.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labs_lib import aws

STEP = 5
"""Minutes between two values of a metric."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "LESS_THAN": lambda value, limit: value < limit,
    "LESS_THAN_OR_EQUAL": lambda value, limit: value <= limit,
    "GREATER_THAN": lambda value, limit: value > limit,
    "GREATER_THAN_OR_EQUAL": lambda value, limit: value >= limit,
}


@dataclass(frozen=True)
class ClusterJob:
    """Work that arrives at one time.

    Attributes
    ----------
    minute : int
        Of its arrival, from 0.
    containers : int
        How many it needs; they may run one after the other.
    minutes : int
        That each of them runs.
    gb : float
        What it keeps in HDFS from its arrival until its last container has ended.
    """

    minute: int
    containers: int
    minutes: int
    gb: float = 0.0

    def __post_init__(self) -> None:
        least = {"minute": 0, "containers": 1, "minutes": 1, "gb": 0}
        for name, low in least.items():
            value = getattr(self, name)
            whole = name == "gb" or value == int(value)
            if not (low <= value < math.inf and whole):
                kind = "a number" if name == "gb" else "a whole number"
                raise ValueError(f"{name} is {value}, expected {kind} of {low} or more.")


@dataclass(frozen=True)
class ClusterNode:
    """What one node has.

    Attributes
    ----------
    containers : int
        That its memory holds.
    gb : float
        Of HDFS, after replication.
    launch : int
        Minutes from its order until it takes containers; it is paid from the order on.
    """

    containers: int = 8
    gb: float = 64.0
    launch: int = 5

    def __post_init__(self) -> None:
        if not (self.containers >= 1 and 0 < self.gb < math.inf and self.launch >= 0):
            raise ValueError(
                f"node is {self}, expected containers >= 1, gb > 0, launch >= 0."
            )


@dataclass
class ClusterRun:
    """What happened in a window.

    Attributes
    ----------
    waits : list of int
        Minutes in the queue, one a container, in order of arrival. One that has not begun is
        counted to the end of the window.
    nodes : list of int
        Nodes that are paid for, one a minute.
    running, pending : list of int
        Containers, one a minute.
    metrics : list of dict
        One a step: name of EMR to value.
    """

    waits: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    metrics: list[dict[str, float]] = field(default_factory=list)

    @property
    def mean_wait(self) -> float:
        """Minutes; 0 without containers."""
        return sum(self.waits) / len(self.waits) if self.waits else 0.0

    @property
    def node_hours(self) -> float:
        """Hours of all nodes."""
        return sum(self.nodes) / 60


def fixed(nodes: int) -> dict[str, Any]:
    """Return a policy that keeps a number of nodes."""
    return {"Constraints": {"MinCapacity": nodes, "MaxCapacity": nodes}, "Rules": []}


def rule(
    name: str,
    metric: str,
    comparison: str,
    threshold: float,
    nodes: int,
    *,
    cooldown: int = 300,
) -> dict[str, Any]:
    """Return a rule of a policy: how many nodes come (or go) if a metric passes a threshold.

    Parameters
    ----------
    name, metric, comparison : str
        As in the request, such as ``"YARNMemoryAvailablePercentage"`` and ``"LESS_THAN"``.
    threshold : float
    nodes : int
        Below 0 they go.
    cooldown : int, default 300
        Seconds after the change in which no rule acts.
    """
    change = {
        "AdjustmentType": "CHANGE_IN_CAPACITY",
        "ScalingAdjustment": nodes,
        "CoolDown": cooldown,
    }
    alarm = {
        "ComparisonOperator": comparison,
        "EvaluationPeriods": 1,
        "MetricName": metric,
        "Period": 300,
        "Threshold": threshold,
    }
    return {
        "Name": name,
        "Action": {"SimpleScalingPolicyConfiguration": change},
        "Trigger": {"CloudWatchAlarmDefinition": alarm},
    }


def default_policy() -> dict[str, Any]:
    """Return the default of the guide for scaling out: 2 to 10 nodes, by available memory."""
    out = rule("Default-scale-out", "YARNMemoryAvailablePercentage", "LESS_THAN", 15.0, 1)
    return {"Constraints": {"MinCapacity": 2, "MaxCapacity": 10}, "Rules": [out]}


def metrics(*, slots: int, running: int, pending: int, space: float, used: float) -> dict:
    """Return the metrics of EMR for a state of the cluster.

    Parameters
    ----------
    slots, running, pending : int
        Containers that the memory holds, that run, and that wait.
    space, used : float
        GB of HDFS.

    Notes
    -----
    All containers have the same memory, so available memory is the share of free places. With
    no container allocated, the pending ratio is the number that waits.
    """
    if not (slots > 0 and running >= 0 and pending >= 0 and space > 0 and used >= 0):
        raise ValueError(
            f"slots is {slots}, running {running}, pending {pending}, space {space}, used "
            f"{used}; expected slots and space above 0, the others 0 or more."
        )
    return {
        "YARNMemoryAvailablePercentage": 100 * max(0, slots - running) / slots,
        "ContainerPendingRatio": pending / max(1, running),
        "HDFSUtilization": 100 * min(1.0, used / space),
        "CapacityRemainingGB": max(0.0, space - used),
    }


_KNOWN = set(metrics(slots=1, running=0, pending=0, space=1, used=0))


def _checked(policy: Mapping[str, Any]) -> tuple[int, int, list[tuple[dict, dict]]]:
    """Return least and most nodes, and for each rule its alarm and its change."""
    request = {"ClusterId": "j-1", "InstanceGroupId": "ig-1", "AutoScalingPolicy": policy}
    aws.validate("PutAutoScalingPolicy", request, service="emr")
    rules = []
    for one in policy["Rules"]:
        alarm = one["Trigger"]["CloudWatchAlarmDefinition"]
        change = one["Action"]["SimpleScalingPolicyConfiguration"]
        name, kind = alarm["MetricName"], change.get("AdjustmentType", "CHANGE_IN_CAPACITY")
        if name not in _KNOWN:
            raise ValueError(
                f"MetricName is {name!r}, expected {', '.join(sorted(_KNOWN))}."
            )
        if kind != "CHANGE_IN_CAPACITY":
            raise ValueError(f"AdjustmentType is {kind}, expected CHANGE_IN_CAPACITY here.")
        if alarm["Period"] != 60 * STEP:
            raise ValueError(f"Period is {alarm['Period']}, expected {60 * STEP}.")
        rules.append((alarm, change))
    limits = policy["Constraints"]
    if limits["MinCapacity"] < 1:
        raise ValueError(
            "MinCapacity is 0, expected 1 or more: a group without nodes has no HDFS."
        )
    return limits["MinCapacity"], limits["MaxCapacity"], rules


def run(
    jobs: Iterable[ClusterJob],
    policy: Mapping[str, Any],
    *,
    minutes: int = 1440,
    node: ClusterNode | None = None,
) -> ClusterRun:
    """Let jobs run on a group of nodes that begins with its least capacity.

    Parameters
    ----------
    jobs : iterable of ClusterJob
    policy : mapping
        `AutoScalingPolicy` of the request. The first rule whose alarm holds acts.
    minutes : int, default 1440
        The window.
    node : ClusterNode, optional

    Returns
    -------
    ClusterRun

    Raises
    ------
    ValueError
        If AWS would refuse the policy, or the model does not know a part of it.

    Notes
    -----
    Nodes that go are idle ones, and containers lie on as few nodes as possible: real clusters
    wait longer for that. Data in HDFS neither hold a node nor move.
    """
    node = node or ClusterNode()
    low, high, rules = _checked(policy)
    waiting = deque(sorted(jobs, key=lambda job: job.minute))
    if not minutes >= 1 or (waiting and waiting[-1].minute >= minutes):
        raise ValueError(f"minutes is {minutes}, expected more than the last arrival.")
    found, ready, quiet, used = ClusterRun(), low, 0, 0.0
    ordered: deque[int] = deque()  # minutes at which nodes are ready
    queue: deque[list] = deque()  # job, containers that wait
    ends: list[tuple[int, int]] = []  # minute, number of the job
    left: dict[int, int] = {}  # containers that have not ended
    all_jobs: list[ClusterJob] = []
    for now in range(minutes):
        while ends and ends[0][0] == now:
            number = heapq.heappop(ends)[1]
            left[number] -= 1
            used -= 0.0 if left[number] else all_jobs[number].gb
        while ordered and ordered[0] <= now:
            ordered.popleft()
            ready += 1
        while waiting and waiting[0].minute == now:
            job = waiting.popleft()
            queue.append([len(all_jobs), job.containers])
            left[len(all_jobs)] = job.containers
            all_jobs.append(job)
            used += job.gb
        while queue and len(ends) < ready * node.containers:
            number = queue[0][0]
            job = all_jobs[number]
            heapq.heappush(ends, (now + job.minutes, number))
            found.waits.append(now - job.minute)
            queue[0][1] -= 1
            if not queue[0][1]:
                queue.popleft()
        pending = sum(count for _, count in queue)
        if now % STEP == 0:
            found.metrics.append(
                metrics(
                    slots=ready * node.containers,
                    running=len(ends),
                    pending=pending,
                    space=ready * node.gb,
                    used=max(0.0, used),
                )
            )
            for alarm, change in rules:
                if now < quiet or not _alarmed(alarm, found.metrics):
                    continue
                paid = ready + len(ordered)
                wanted = min(high, max(low, paid + change["ScalingAdjustment"]))
                idle = ready - math.ceil(len(ends) / node.containers)
                if wanted > paid:
                    ordered.extend([now + node.launch] * (wanted - paid))
                elif wanted < paid:
                    gone = min(paid - wanted, idle, ready - 1)
                    ready -= gone
                    if not gone:
                        continue
                else:
                    continue
                done = now + (node.launch if wanted > paid else 0)
                quiet = done + math.ceil(change.get("CoolDown", 0) / 60)
                break
        found.nodes.append(ready + len(ordered))
        found.running.append(len(ends))
        found.pending.append(pending)
    for number, count in queue:
        found.waits.extend([minutes - all_jobs[number].minute] * count)
    return found


def _alarmed(alarm: Mapping[str, Any], seen: list[dict[str, float]]) -> bool:
    """Say whether the last values of the metric are all beyond the threshold."""
    periods = alarm.get("EvaluationPeriods", 1)
    holds = _COMPARE[alarm["ComparisonOperator"]]
    return len(seen) >= periods and all(
        holds(one[alarm["MetricName"]], alarm["Threshold"]) for one in seen[-periods:]
    )
