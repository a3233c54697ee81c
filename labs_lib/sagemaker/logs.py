"""CloudWatch Logs: what jobs and containers say, kept by group and stream."""

import threading
import time
from typing import Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.state import State

_PAGE = 10_000
_WAIT = 0.2


class Logs:
    """Collects lines and stores them together, several times a second."""

    def __init__(self, state: State, clock: Clock):
        self._state = state
        self._clock = clock
        self._waiting: list[tuple[str, str, float, str]] = []
        self._lock = threading.Lock()
        self._storing = threading.Lock()
        threading.Thread(target=self._run, daemon=True).start()

    def write(self, group: str, stream: str, line: str) -> None:
        """Keep a line of a stream, at this moment of the clock."""
        with self._lock:
            self._waiting.append((group, stream, self._clock.now(), line))

    def flush(self) -> None:
        """Store what waits."""
        with self._storing:
            with self._lock:
                lines, self._waiting = self._waiting, []
            if lines:
                now = self._clock.now()
                self._state.execute_many(
                    "insert into log_events (log_group, stream, time, ingested, message) "
                    "values (?, ?, ?, ?, ?)",
                    [(group, stream, at, now, line) for group, stream, at, line in lines],
                )

    def last_line(self, group: str, stream: str) -> str:
        """Return the last line of a stream that is not empty, or nothing."""
        self.flush()
        row = self._state.row(
            "select message from log_events where log_group = ? and stream = ? and "
            "trim(message) != '' order by id desc limit 1",
            group,
            stream,
        )
        return row[0] if row else ""

    def _run(self) -> None:
        while True:
            time.sleep(_WAIT)
            try:
                self.flush()
            except Exception as error:  # a full disk now may have room later
                print(f"Log lines were lost: {error!r}", flush=True)


def _group(request: dict[str, Any]) -> str:
    name = request.get("logGroupName")
    if not name:
        raise ApiError("InvalidParameterException", "Name the group by logGroupName.")
    return name


_BY_NAME = {"logGroupIdentifier": "name the group by logGroupName."}


@operation("logs", "DescribeLogGroups", uses="logGroupNamePrefix nextToken limit")
def describe_log_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    rows = context.site.state.rows(
        "select log_group, min(time) from log_events group by log_group"
    )
    prefix = request.get("logGroupNamePrefix", "")
    groups = [
        {
            "logGroupName": name,
            "creationTime": _milliseconds(first),
            "arn": context.arn(f"log-group:{name}:*", "logs"),
        }
        for name, first in rows
        if name.startswith(prefix)
    ]
    return _page(groups, request, "logGroups")


@operation(
    "logs",
    "DescribeLogStreams",
    uses="logGroupName logStreamNamePrefix orderBy descending nextToken limit",
    refuses=_BY_NAME,
)
def describe_log_streams(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _group(request)
    context.site.logs.flush()
    rows = context.site.state.rows(
        "select stream, min(time), max(time), max(ingested) from log_events "
        "where log_group = ? group by stream",
        group,
    )
    if not rows:
        raise _no_group()
    prefix = request.get("logStreamNamePrefix", "")
    streams = [
        {
            "logStreamName": name,
            "creationTime": _milliseconds(first),
            "firstEventTimestamp": _milliseconds(first),
            "lastEventTimestamp": _milliseconds(last),
            "lastIngestionTime": _milliseconds(ingested),
            "arn": context.arn(f"log-group:{group}:log-stream:{name}", "logs"),
        }
        for name, first, last, ingested in rows
        if name.startswith(prefix)
    ]
    by_time = request.get("orderBy") == "LastEventTime"
    key = "lastEventTimestamp" if by_time else "logStreamName"
    streams.sort(key=lambda item: item[key], reverse=request.get("descending", False))
    return _page(streams, request, "logStreams")


def _page(items: list[Any], request: dict[str, Any], key: str) -> dict[str, Any]:
    token = request.get("nextToken") or "0"
    if not token.isascii() or not token.isdigit():
        raise ApiError("InvalidParameterException", "The specified nextToken is invalid.")
    begin, size = int(token), request.get("limit") or 50
    answer: dict[str, Any] = {key: items[begin : begin + size]}
    if begin + size < len(items):
        answer["nextToken"] = str(begin + size)
    return answer


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _no_group() -> ApiError:
    return ApiError("ResourceNotFoundException", "The specified log group does not exist.")


@operation(
    "logs",
    "GetLogEvents",
    uses="logGroupName logStreamName startTime endTime nextToken limit startFromHead",
    refuses=_BY_NAME,
    differs=("A group and a stream exist once something was written to them.",),
)
def get_log_events(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group, stream, state = _group(request), request["logStreamName"], context.site.state
    context.site.logs.flush()
    if state.row("select 1 from log_events where log_group = ? limit 1", group) is None:
        raise _no_group()
    bounds = state.row(
        "select min(id), max(id) from log_events where log_group = ? and stream = ?",
        group,
        stream,
    )
    if bounds is None or bounds[0] is None:
        raise ApiError(
            "ResourceNotFoundException", "The specified log stream does not exist."
        )
    kind, _, position = (request.get("nextToken") or "").partition("/")
    if kind not in ("", "f", "b") or (kind and not position.isdigit()):
        raise ApiError("InvalidParameterException", "The specified nextToken is invalid.")
    size = min(request.get("limit") or _PAGE, _PAGE)
    forward = kind == "f" or (not kind and request.get("startFromHead", False))
    after = int(position) if kind == "f" else -1
    before = int(position) if kind == "b" else bounds[1] + 1
    rows = state.rows(
        "select id, time, ingested, message from log_events where log_group = ? and "
        "stream = ? and id > ? and id < ? and time >= ? and time < ? "
        f"order by id {'asc' if forward else 'desc'} limit ?",
        group,
        stream,
        after,
        before,
        request.get("startTime", 0) / 1000,
        request.get("endTime", 1 << 53) / 1000,
        size,
    )
    rows.sort()
    first = rows[0][0] if rows else (int(position) if kind == "b" else after + 1)
    last = rows[-1][0] if rows else (int(position) if kind == "f" else before - 1)
    return {
        "events": [
            {
                "timestamp": _milliseconds(at),
                "message": message,
                "ingestionTime": _milliseconds(ingested),
            }
            for _, at, ingested, message in rows
        ],
        "nextForwardToken": f"f/{last}",
        "nextBackwardToken": f"b/{first}",
    }
