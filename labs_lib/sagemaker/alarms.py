"""Alarms: metrics held against thresholds, evaluated on the clock."""

import json
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.metrics import Metric, Metrics, dimensions_of
from labs_lib.sagemaker.state import State
from labs_lib.sagemaker.wire import iso_time

_EXTRA = 2
"""Data points beyond the evaluation periods, in case some are missing: AWS's tables."""

_DAY = 86_400
_SENTENCES = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def decide(
    points: Sequence[bool | None], *, needed: int, of: int, missing: str
) -> str | None:
    """Return the state of an alarm, or None if it stays as it is.

    Parameters
    ----------
    points : sequence
        The evaluation range, the oldest first: whether a data point breaches the threshold,
        None where it is missing.
    needed, of : int
        Datapoints to alarm, evaluation periods.
    missing : {"missing", "ignore", "breaching", "notBreaching"}

    Notes
    -----
    The tables of "Configuring how CloudWatch alarms treat missing data" (CloudWatch user
    guide) are its test.
    """
    real = [point for point in points if point is not None]
    if len(real) >= of:
        return "ALARM" if sum(real[-of:]) >= needed else "OK"
    breaching = sum(real)
    if missing == "breaching":
        breaching += of - len(real)
    if breaching >= needed:
        return "ALARM"
    if missing in ("breaching", "notBreaching") or False in real:
        return "OK"
    if missing == "ignore":
        return None
    if not real:
        return "INSUFFICIENT_DATA"
    # Only breaching points, too few: it is an alarm if the oldest is old enough.
    age = len(points) - list(points).index(True)
    return "ALARM" if age >= needed else None


def seconds_between(alarm: dict[str, Any]) -> int:
    """Return how often an alarm is evaluated."""
    if alarm["Period"] * alarm["EvaluationPeriods"] > _DAY:
        return 3600
    return 10 if alarm["Period"] < 60 else 60


class Alarms:
    """Evaluates the alarms of one folder when they are due.

    Attributes
    ----------
    after : list of callable
        Get the time of each evaluation, when it is over.
    """

    def __init__(self, state: State, clock: Clock, metrics: Metrics):
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._lock = threading.Lock()
        self._evaluated = clock.now()
        self._cancel: Callable[[], None] | None = None
        self.after: list[Callable[[float], None]] = []

    def wake(self) -> None:
        """Look when the next evaluation is due: there is another alarm."""
        with self._lock:
            self._schedule()

    def _schedule(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        found = self._state.all("Alarm")
        if found:
            step = min(map(seconds_between, found))
            due = (self._evaluated // step + 1) * step
            self._cancel = self._clock.call_at(due, self._tick)

    def _tick(self) -> None:
        try:
            self.catch_up(self._clock.now())
        except Exception:
            # At the end of the server its state is closed; there is nothing left to evaluate.
            if self._state.is_open:
                traceback.print_exc()

    def catch_up(self, now: float) -> None:
        """Evaluate all alarms at each of their moments up to `now`, in order."""
        with self._lock:
            try:
                while self._evaluate_next(now):
                    pass
            finally:
                if self._state.is_open:
                    self._schedule()

    def _evaluate_next(self, now: float) -> bool:
        """Evaluate what is due first; say whether anything was."""
        # A step over days is not worth a million evaluations.
        self._evaluated = max(self._evaluated, now - 2 * _DAY)
        alarms = self._state.all("Alarm")
        steps = {seconds_between(alarm) for alarm in alarms}
        if not steps:
            self._evaluated = max(self._evaluated, now)
            return False
        due = min((self._evaluated // step + 1) * step for step in steps)
        if due > now:
            return False
        self._evaluated = due
        for alarm in alarms:
            if due % seconds_between(alarm) == 0:
                self._evaluate(alarm, due)
        for call in self.after:
            call(due)
        return True

    def _evaluate(self, alarm: dict[str, Any], now: float) -> None:
        if alarm["_Since"] > now:
            return
        period, of = alarm["Period"], alarm["EvaluationPeriods"]
        count = of + _EXTRA
        start = now - count * period
        metric = Metric(
            alarm["Namespace"],
            alarm["MetricName"],
            dimensions_of(alarm.get("Dimensions")),
            alarm.get("Unit", ""),
        )
        found = self._metrics.periods(
            metric, start=start, end=now, period=period, any_unit="Unit" not in alarm
        )
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        values: list[float | None] = [None] * count
        for (begin, _), points in found.items():
            values[int((begin - start) // period)] = points.statistic(statistic)
        breaches = BREACHES[alarm["ComparisonOperator"]]
        threshold = alarm["Threshold"]
        needed = alarm.get("DatapointsToAlarm", of)
        state = decide(
            [None if value is None else breaches(value, threshold) for value in values],
            needed=needed,
            of=of,
            missing=alarm.get("TreatMissingData", "missing"),
        )
        if state is None or state == alarm["StateValue"]:
            return
        times = [start + index * period for index in range(count)]
        recent = [(t, v) for t, v in zip(times, values, strict=True) if v is not None][-of:]
        self.set_state(
            alarm["AlarmName"],
            state,
            _reason(alarm, state, recent, needed),
            data=json.dumps(
                {
                    "version": "1.0",
                    "queryDate": iso_time(now),
                    "startDate": iso_time(recent[0][0] if recent else start),
                    "statistic": statistic,
                    "period": period,
                    "recentDatapoints": [value for _, value in recent],
                    "threshold": threshold,
                }
            )[:4000],
            at=now,
        )

    def set_state(
        self, name: str, state: str, reason: str, *, data: str | None, at: float
    ) -> dict[str, Any] | None:
        """Change the state of an alarm; return the alarm, or None if there is none."""
        changes = {
            "StateValue": state,
            "StateReason": reason[:1023],
            "StateReasonData": data,
            "StateUpdatedTimestamp": at,
            "StateTransitionedTimestamp": at,
        }
        if state == "ALARM":
            # A rollout sees an alarm that is over by the time it looks.
            changes["_Alarmed"] = at
        return self._state.change("Alarm", name, changes)

    def tripped(self, names: Sequence[str], since: float) -> str | None:
        """Return the first of these alarms that is, or was since then, in state ALARM."""
        for name in names:
            alarm = self._state.get("Alarm", name)
            if alarm is not None and (
                alarm["StateValue"] == "ALARM" or alarm.get("_Alarmed", 0.0) >= since
            ):
                return name
        return None


def _reason(
    alarm: dict[str, Any], state: str, recent: list[tuple[float, float]], needed: int
) -> str:
    if not recent:
        if state == "INSUFFICIENT_DATA":
            return "Insufficient Data: no data points were received."
        return (
            f"Threshold Crossed: no datapoints were received for "
            f"{alarm['EvaluationPeriods']} periods and missing data is treated as "
            f"[{'Breaching' if state == 'ALARM' else 'NonBreaching'}]."
        )
    breaches, threshold = BREACHES[alarm["ComparisonOperator"]], alarm["Threshold"]
    counted = [(t, v) for t, v in recent if breaches(v, threshold) == (state == "ALARM")]
    shown = ", ".join(
        f"{value} ({datetime.fromtimestamp(time, UTC):%d/%m/%y %H:%M:%S})"
        for time, value in counted[::-1]
    )
    was = "was" if len(counted) == 1 else "were"
    negated = "" if state == "ALARM" else "not "
    plural = "s" if needed > 1 else ""
    return (
        f"Threshold Crossed: {len(counted)} out of the last {len(recent)} datapoints "
        f"[{shown}] {was} {negated}{_SENTENCES[alarm['ComparisonOperator']]} the threshold "
        f"({threshold}) (minimum {needed} datapoint{plural} for OK -> ALARM transition)."
    )
