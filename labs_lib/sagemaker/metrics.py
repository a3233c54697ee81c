"""Metrics: what is counted and measured, by namespace, name, dimensions and unit.

A request only appends to a queue. Once a second what was noted is added up and stored, a row a
second of the clock: a kill loses the last second at most.
"""

import collections
import json
import math
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.state import State

ENDPOINTS = "AWS/SageMaker"
"""The namespace of the endpoints' own metrics."""

_FLUSH = 1.0


@dataclass
class Points:
    """Values that were observed: their number, sum and range, and how often each occurred.

    Attributes
    ----------
    count, total, low, high : float
        Exact.
    values : Counter
        From a value, to three digits, to how often it occurred; for percentiles.
    """

    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    values: collections.Counter[float] = field(default_factory=collections.Counter)

    def add(self, value: float, count: float = 1.0) -> None:
        """Add a value that was observed `count` times."""
        self.count += count
        self.total += value * count
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.values[_rounded(value)] += count  # type: ignore[assignment]

    def merge(self, other: "Points") -> None:
        """Add what others have observed."""
        self.count += other.count
        self.total += other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.values.update(other.values)

    def statistic(self, name: str) -> float | None:
        """Return Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99.

        A percentile is None where only a summary was given.
        """
        if name == "Sum":
            return self.total
        if name == "Average":
            return self.total / self.count
        if name == "Minimum":
            return self.low
        if name == "Maximum":
            return self.high
        if name == "SampleCount":
            return self.count
        wanted = float(name[1:]) / 100 * sum(self.values.values())
        seen = 0.0
        for value in sorted(self.values):
            seen += self.values[value]
            if seen >= wanted:
                return value
        return None

    def to_row(self) -> tuple[float, float, float, float, str]:
        """Return what a row of the table holds."""
        values = json.dumps(list(self.values.items()), separators=(",", ":"))
        return self.count, self.total, self.low, self.high, values

    @classmethod
    def from_row(
        cls, count: float, total: float, low: float, high: float, values: str
    ) -> "Points":
        """Read what `to_row` has written."""
        found: collections.Counter[float] = collections.Counter(dict(json.loads(values)))
        return cls(count, total, low, high, found)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


@dataclass(frozen=True)
class Metric:
    """What a value belongs to; `dimensions` are pairs, sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    unit: str = "None"


class Metrics:
    """The metrics of one folder. Threads share it."""

    def __init__(self, state: State, clock: Clock):
        self._state = state
        self._clock = clock
        self._noted: collections.deque[tuple] = collections.deque()
        self._waiting: dict[tuple[Metric, int], Points] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def note(
        self,
        endpoint: str,
        variant: str,
        config: str,
        *,
        status: int,
        model: float,
        overhead: float,
        instances: int,
    ) -> None:
        """Note one invocation.

        Parameters
        ----------
        endpoint, variant, config : str
            The last is the endpoint configuration that the variant is of.
        status : int
            What the container answered; 0 if it did not answer.
        model, overhead : float
            Seconds in the container, and elsewhere.
        instances : int
            How many share the traffic.
        """
        now = self._clock.now()
        self._noted.append(
            (now, endpoint, variant, config, status, model, overhead, instances)
        )

    def note_setup(self, endpoint: str, variant: str, seconds: float) -> None:
        """Note how long a serverless worker took to start."""
        dimensions = (("EndpointName", endpoint), ("VariantName", variant))
        metric = Metric(ENDPOINTS, "ModelSetupTime", dimensions, "Microseconds")
        self.put_now(metric, round(1e6 * seconds))

    def put(self, metric: Metric, at: float, points: Points) -> None:
        """Add observations to the second that a time lies in."""
        with self._lock:
            self._add(metric, at, points)

    def put_value(self, metric: Metric, at: float, value: float) -> None:
        """Add one observation."""
        points = Points()
        points.add(value)
        self.put(metric, at, points)

    def put_now(self, metric: Metric, value: float) -> None:
        """Add one observation of this moment."""
        self.put_value(metric, self._clock.now(), value)

    def _add(self, metric: Metric, at: float, points: Points) -> None:
        self._waiting.setdefault((metric, math.floor(at)), Points()).merge(points)

    def _add_up(self) -> None:
        sums: dict[tuple, Points] = {}
        for _ in range(len(self._noted)):
            now, endpoint, variant, config, status, model, overhead, instances = (
                self._noted.popleft()
            )
            whole = (("EndpointName", endpoint), ("VariantName", variant))
            # During an update, this one tells the new instances from the old ones.
            of_config = (("EndpointConfigName", config), *whole)
            for name, unit, value in (
                ("Invocations", "None", 1.0),
                ("InvocationsPerInstance", "None", 1.0 / instances),
                ("Invocation4XXErrors", "None", float(400 <= status < 500)),
                ("Invocation5XXErrors", "None", float(status >= 500)),
                ("InvocationModelErrors", "None", float(not 200 <= status < 300)),
                ("ModelLatency", "Microseconds", round(1e6 * model)),
                ("OverheadLatency", "Microseconds", round(1e6 * overhead)),
            ):
                for dimensions in (whole, of_config):
                    key = (name, dimensions, unit, math.floor(now))
                    sums.setdefault(key, Points()).add(value)
        for (name, dimensions, unit, second), points in sums.items():
            self._add(Metric(ENDPOINTS, name, dimensions, unit), second, points)

    def flush(self) -> None:
        """Store what waits."""
        with self._lock:
            self._add_up()
            if not self._waiting:
                return
            waiting, self._waiting = self._waiting, {}
            try:
                self._store(waiting)
            except BaseException:
                # A full disk now may have room later.
                for (metric, second), points in waiting.items():
                    self._add(metric, second, points)
                raise

    def _store(self, waiting: Mapping[tuple[Metric, int], Points]) -> None:
        with self._state.transaction():
            for (metric, second), points in waiting.items():
                series = self._series(metric)
                row = self._state.row(
                    "select count, total, low, high, spread from points "
                    "where series = ? and second = ?",
                    series,
                    second,
                )
                if row is not None:
                    whole = Points.from_row(*row)
                    whole.merge(points)
                    points = whole
                self._state.execute(
                    "insert or replace into points values (?, ?, ?, ?, ?, ?, ?)",
                    series,
                    second,
                    *points.to_row(),
                )

    def _series(self, metric: Metric) -> int:
        key = (metric.namespace, metric.name, json.dumps(metric.dimensions), metric.unit)
        self._state.execute(
            "insert or ignore into series (namespace, name, dimensions, unit) "
            "values (?, ?, ?, ?)",
            *key,
        )
        row = self._state.row(
            "select id from series where namespace = ? and name = ? and dimensions = ? "
            "and unit = ?",
            *key,
        )
        assert row is not None
        return row[0]

    def _run(self) -> None:
        while self._state.is_open:
            time.sleep(_FLUSH)
            try:
                self.flush()
            except Exception as error:
                if self._state.is_open:
                    print(f"Metrics wait to be stored: {error!r}", flush=True)

    # Queries

    def known(self, namespace: str | None = None, name: str | None = None) -> list[Metric]:
        """Return the metrics that have values, sorted; every unit for itself."""
        self.flush()
        rows = self._state.rows(
            "select namespace, name, dimensions, unit from series "
            "where (? is null or namespace = ?) and (? is null or name = ?) "
            "order by namespace, name, dimensions, unit",
            namespace,
            namespace,
            name,
            name,
        )
        return [
            Metric(space, found, tuple((k, v) for k, v in json.loads(dimensions)), unit)
            for space, found, dimensions, unit in rows
        ]

    def periods(
        self,
        metric: Metric,
        *,
        start: float,
        end: float,
        period: int,
        any_unit: bool = False,
    ) -> dict[tuple[float, str], Points]:
        """Return the values of each period from `start` to before `end` that has any.

        Parameters
        ----------
        metric : Metric
        start, end : float
            Seconds since 1970.
        period : int
            Seconds; periods are counted from `start`.
        any_unit : bool
            Whether the metric's unit does not matter.

        Returns
        -------
        dict
            From the beginning of a period and the unit to the values.
        """
        self.flush()
        rows = self._state.rows(
            "select unit, second, count, total, low, high, spread from points "
            "join series on series.id = points.series "
            "where namespace = ? and name = ? and dimensions = ? and (? or unit = ?) "
            "and second >= ? and second < ?",
            metric.namespace,
            metric.name,
            json.dumps(metric.dimensions),
            any_unit,
            metric.unit,
            start,
            end,
        )
        found: dict[tuple[float, str], Points] = {}
        for unit, second, *row in rows:
            begin = start + (second - start) // period * period
            found.setdefault((begin, unit), Points()).merge(Points.from_row(*row))
        return found


def dimensions_of(given: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    """Return the dimensions of a request as a metric has them."""
    return tuple(sorted((item["Name"], item["Value"]) for item in given or ()))
