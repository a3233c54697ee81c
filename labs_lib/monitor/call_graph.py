"""Requests through several services: simulate them, and say where their time went.

A service is called by one other service, or, the entry, by users. Its own work is cut into equal
pieces: one before each stage of calls and one after the last. A stage is a list of services that
are called at once; the caller waits for the slowest of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

Calls = Mapping[str, Sequence[Sequence[str]]]


@dataclass(frozen=True, eq=False)
class Traces:
    """When each service began and ended, for requests of one shape.

    Parameters
    ----------
    parents : mapping of str to (str or None)
        Service to the one that calls it; None for the entry. A caller stands before those it
        calls.
    start, end : array of shape (requests, services)
        Seconds on a common clock, in the order of `parents`; NaN where a request did not reach
        a service.

    Raises
    ------
    ValueError
        If the shapes differ, a span ends before it starts, or the entry is missing.
    """

    parents: Mapping[str, str | None]
    start: np.ndarray
    end: np.ndarray

    def __post_init__(self) -> None:
        for what in ("start", "end"):
            object.__setattr__(self, what, np.asarray(getattr(self, what), dtype=float))
        shape = (len(self.start), len(self.parents))
        if self.start.shape != shape or self.end.shape != shape:
            raise ValueError(
                f"start has shape {self.start.shape} and end {self.end.shape}, expected a row a "
                f"request and {len(self.parents)} columns, one for each of {self.names}."
            )
        entries = [n for n, parent in self.parents.items() if parent is None]
        if len(entries) != 1:
            raise ValueError(
                f"{len(entries)} services have no caller: {entries}. Expected one, the entry."
            )
        seen: set[str | None] = {None}
        for name, parent in self.parents.items():
            if parent not in seen:
                raise ValueError(
                    f"{name!r} stands before its caller {parent!r}: turn round."
                )
            seen.add(name)
        if (np.isnan(self.start) != np.isnan(self.end)).any():
            raise ValueError(
                "a span has a start or an end alone: give both, or NaN for both."
            )
        if (self.end < self.start).any():
            raise ValueError(
                "a span ends before it starts: swap them, or look at the clocks."
            )
        if np.isnan(self.start[:, self.names.index(entries[0])]).any():
            raise ValueError(
                f"a request has no span of the entry {entries[0]!r}: leave such requests out."
            )

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        return f"Traces of {len(self):,} requests through {', '.join(self.names)}"

    @cached_property
    def names(self) -> list[str]:
        """The services, callers first."""
        return list(self.parents)

    @cached_property
    def entry(self) -> str:
        """The service that users call."""
        return next(name for name, parent in self.parents.items() if parent is None)

    @cached_property
    def response(self) -> np.ndarray:
        """Seconds that each user waited: the span of the entry, of shape (requests,)."""
        at = self.names.index(self.entry)
        return self.end[:, at] - self.start[:, at]

    def take(self, rows: Any) -> "Traces":
        """Return some of the requests: a mask or numbers of rows."""
        return Traces(self.parents, self.start[rows], self.end[rows])

    def span(self) -> pd.DataFrame:
        """Return from start to end of each service, in seconds; 0 where it was not reached."""
        return self._table(np.nan_to_num(self.end - self.start))

    def own(self) -> pd.DataFrame:
        """Return each service's own time: its span without the time that any call of it ran.

        Calls that ran at once are counted once, and a call that outlives its caller counts up to
        the caller's end. Time on the way to a called service counts as the caller's.
        """
        found = np.zeros(self.start.shape)
        for at, name in enumerate(self.names):
            lo, hi = self.start[:, at], self.end[:, at]
            covered, reach = np.zeros(len(self)), lo.copy()
            begins, ends = self._calls(name, lo, hi)
            order = np.argsort(np.nan_to_num(begins, nan=np.inf), axis=1, kind="stable")
            for place in range(order.shape[1]):
                pick = order[:, place], np.arange(len(self))
                begin, stop = begins[pick[1], pick[0]], ends[pick[1], pick[0]]
                covered += np.nan_to_num(np.maximum(stop - np.maximum(begin, reach), 0))
                reach = np.fmax(reach, stop)
            found[:, at] = np.nan_to_num(hi - lo - covered)
        return self._table(found)

    def critical(self) -> pd.DataFrame:
        """Return the time of each service on the critical path, in seconds.

        From the entry's end backwards: the call that ended last is what the caller waited for.
        Its time is on the path, and so is what of the caller's time lies after it; from its
        start on, the same question again. A row sums to the time that the user waited. Of calls
        that end at the same moment, the one named first is taken.
        """
        found = np.zeros(self.start.shape)
        low, high = (np.full(self.start.shape, np.nan) for _ in range(2))
        at = self.names.index(self.entry)
        low[:, at], high[:, at] = self.start[:, at], self.end[:, at]
        rows = np.arange(len(self))
        for at, name in enumerate(self.names):
            now, kids = high[:, at].copy(), self._called[name]
            begins, ends = self._calls(name, low[:, at], now)
            free = ~np.isnan(begins)
            for _ in kids:
                latest = np.where(free & (ends <= now[:, None]), ends, -np.inf)
                pick = latest.argmax(axis=1)
                has = latest[rows, pick] > -np.inf
                who, column = rows[has], pick[has]
                stop, begin = ends[who, column], begins[who, column]
                found[who, at] += now[who] - stop
                kid = np.asarray(kids)[column]
                low[who, kid], high[who, kid] = begin, stop
                now[who] = begin
                free[who, column] = False
            found[:, at] += np.nan_to_num(now - low[:, at])
        return self._table(found)

    @cached_property
    def _called(self) -> dict[str, list[int]]:
        return {
            name: [n for n, caller in enumerate(self.parents.values()) if caller == name]
            for name in self.names
        }

    def _calls(
        self, name: str, lo: np.ndarray, hi: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return starts and ends of the calls of a service, cut to the window lo to hi."""
        kids = self._called[name]
        window = lo[:, None], hi[:, None]
        return np.clip(self.start[:, kids], *window), np.clip(self.end[:, kids], *window)

    def _table(self, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, columns=self.names)


def simulate(calls: Calls, work: Mapping[str, np.ndarray]) -> Traces:
    """Return what traces show of requests whose work is known.

    Parameters
    ----------
    calls : mapping of str to sequence of sequence of str
        Service to its stages. A service that calls none may be left out or have none.
    work : mapping of str to array of shape (requests,)
        Own work in seconds, for every service.

    Returns
    -------
    Traces
        All requests start at 0.

    Raises
    ------
    ValueError
        If a service is called twice or by itself, has no work, or negative work.
    """
    parents, amounts = _parents(calls, work), _amounts(work)
    size = len(next(iter(amounts.values())))
    start, end = np.zeros((size, len(parents))), np.zeros((size, len(parents)))
    place = {name: at for at, name in enumerate(parents)}

    def run(name: str, now: np.ndarray) -> np.ndarray:
        stages = calls.get(name, ())
        piece = amounts[name] / (len(stages) + 1)
        start[:, place[name]] = now
        now = now + piece
        for stage in stages:
            ends = [run(called, now) for called in stage]
            now = np.max(ends, axis=0) + piece if ends else now + piece
        end[:, place[name]] = now
        return now

    run(next(iter(parents)), np.zeros(size))
    return Traces(parents, start, end)


def _parents(calls: Calls, services: Iterable[str]) -> dict[str, str | None]:
    """Return each service's caller, callers first."""
    callers: dict[str, str] = {}
    for caller, stages in calls.items():
        if isinstance(stages, str) or any(isinstance(stage, str) for stage in stages):
            raise ValueError(
                f"the stages of {caller!r} are {stages!r}, expected lists of names in a list: "
                'write [["a", "b"]] for two calls at once, [["a"], ["b"]] for one after another.'
            )
        for name in (name for stage in stages for name in stage):
            if name in callers:
                raise ValueError(
                    f"{name!r} is called twice, by {callers[name]!r} and {caller!r}; give each "
                    "call a service of its own."
                )
            callers[name] = caller
    known = list(services)
    if unknown := sorted({*callers, *calls} - set(known)):
        raise ValueError(f"no work is given for {unknown}; give each service its seconds.")
    entries = [name for name in known if name not in callers]
    if len(entries) != 1:
        raise ValueError(
            f"services that nobody calls: {entries}. Expected exactly one, the entry."
        )
    order: dict[str, str | None] = {entries[0]: None}
    for name in below(calls, entries[0]):
        order[name] = callers[name]
    if lost := [name for name in known if name not in order]:
        raise ValueError(
            f"{lost} call each other in a circle; the entry never reaches them."
        )
    return order


def below(calls: Calls, name: str) -> list[str]:
    """Return the services that run within a call of a service, without itself; callers first."""
    called = [other for stage in calls.get(name, ()) for other in stage]
    return [deep for other in called for deep in (other, *below(calls, other))]


def _amounts(work: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    amounts = {name: np.atleast_1d(np.asarray(v, dtype=float)) for name, v in work.items()}
    if (
        len({v.shape for v in amounts.values()}) != 1
        or next(iter(amounts.values())).ndim != 1
    ):
        shapes = {name: v.shape for name, v in amounts.items()}
        raise ValueError(
            f"work has the shapes {shapes}, expected one number a request in each."
        )
    for name, values in amounts.items():
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(
                f"the work of {name!r} has to be seconds, finite and not below 0."
            )
    return amounts


def from_segments(documents: Iterable[Mapping[str, Any]]) -> Traces:
    """Return the traces that segment documents tell of.

    Parameters
    ----------
    documents : iterable of dict
        Segments in X-Ray's form, in any order; of several traces.

    Returns
    -------
    Traces
        A row a trace, in the order of their starts. Seconds count from the trace's start.

    Raises
    ------
    ValueError
        If a trace has no entry or two segments of one service, a parent is missing, or a service
        is called by different ones.

    Notes
    -----
    A segment's `parent_id` is the id of a subsegment, the call, in its caller's document.
    """
    traces: dict[str, list[Mapping[str, Any]]] = {}
    for document in documents:
        traces.setdefault(document["trace_id"], []).append(document)
    if not traces:
        raise ValueError("there is no segment. Was no request sampled?")
    callers: dict[str, str | None] = {}
    rows = []
    for trace, segments in traces.items():
        found = _one_trace(trace, segments)
        for name, (caller, _, _) in found.items():
            if callers.setdefault(name, caller) != caller:
                raise ValueError(
                    f"{name!r} is called by {callers[name]!r} and, in trace {trace}, by "
                    f"{caller!r}: look at traces of one shape at a time."
                )
        rows.append(found)
    parents = _callers_first(callers)
    entry = next(iter(parents))
    rows.sort(key=lambda row: row[entry][1])
    nothing = (None, np.nan, np.nan)
    times = np.array(
        [[row.get(n, nothing)[1:] for n in parents] for row in rows], dtype=float
    )
    times -= times[:, :1, :1]
    return Traces(parents, times[..., 0], times[..., 1])


def _one_trace(
    trace: str, segments: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[str | None, float, float]]:
    """Return service to (caller, start, end)."""
    owner = {
        part["id"]: segment["name"] for segment in segments for part in _with_parts(segment)
    }
    found: dict[str, tuple[str | None, float, float]] = {}
    for segment in segments:
        name, parent = segment["name"], segment.get("parent_id")
        if "end_time" not in segment:
            raise ValueError(f"{name!r} in trace {trace} is in progress: wait for its end.")
        if name in found:
            raise ValueError(
                f"{name!r} has two segments in trace {trace}: these functions take traces in "
                "which each service is called once."
            )
        if parent is not None and parent not in owner:
            raise ValueError(
                f"the parent {parent} of {name!r} in trace {trace} is in no document: wait for "
                "all segments of a trace."
            )
        caller = owner[parent] if parent is not None else None
        found[name] = caller, segment["start_time"], segment["end_time"]
    if sum(caller is None for caller, _, _ in found.values()) != 1:
        raise ValueError(f"trace {trace} has not exactly one segment without a parent.")
    return found


def _with_parts(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield document
    for part in document.get("subsegments", ()):
        yield from _with_parts(part)


def _callers_first(callers: Mapping[str, str | None]) -> dict[str, str | None]:
    order: dict[str, str | None] = {}
    left = dict(callers)
    while left:
        ready = [name for name, caller in left.items() if caller is None or caller in order]
        if not ready:
            raise ValueError(f"{sorted(left)} call each other in a circle.")
        for name in ready:
            order[name] = left.pop(name)
    return order
