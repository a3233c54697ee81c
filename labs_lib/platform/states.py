"""State machines as Step Functions runs them: on a clock, with retries and a history.

Source: Amazon States Language; Step Functions developer guide (error handling, quotas). On a
`SimulatedClock` an execution of days takes milliseconds, and every run is the same.
"""

import dataclasses
import json
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labs_lib.clock import Timekeeper
from labs_lib.platform.errors import Refusal
from labs_lib.platform.state_data import StateError, fill, holds, read, seconds_of, write
from labs_lib.platform.state_machines import MOST_SECONDS, RETRY, WAITS

EVENTS = 25_000
"""Of the history of a Standard execution."""

PAYLOAD_BYTES = 256 * 1024
STANDARD_SECONDS = 365 * 86_400
EXPRESS_SECONDS = 300

POLL_SECONDS = 1.0
"""Between two looks at whether a job of ``.sync`` is done: ours, AWS does not say."""

_NOT_IN_ALL = {"States.Runtime", "States.DataLimitExceeded"}


@dataclass(frozen=True)
class Work:
    """What a task does, known from its beginning: for simulations.

    Attributes
    ----------
    seconds : float
        On the clock, until it ends.
    output : object
        JSON.
    error, cause : str
        The name of the error with which it ends instead, and its reason.
    """

    seconds: float = 0.0
    output: Any = None
    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Job:
    """What a task has begun and asks for until it is done: ``.sync``.

    Attributes
    ----------
    ask : callable
        Returns None while it runs, then its output; raises `StateError` if it has failed.
    """

    ask: Callable[[], Any]


Resource = Callable[[Any], Any]
"""Carries out a task: from its input to its output, to a `Work` or to a `Job`."""


@dataclass(frozen=True)
class HistoryEvent:
    """One event of an execution's history.

    Attributes
    ----------
    id, previous : int
        `previous` is 0 for the first one.
    time : float
        Seconds since 1970.
    type : str
        Step Functions' own, such as ``"TaskStateEntered"``.
    details : mapping
        JSON.
    """

    id: int
    previous: int
    time: float
    type: str
    details: Mapping[str, Any]


def retry_delay(
    retrier: Mapping[str, Any], attempt: int, rng: random.Random | None = None
) -> float:
    """Return the seconds before a retry.

    Parameters
    ----------
    retrier : mapping
        One entry of Retry.
    attempt : int
        0 before the first retry.
    rng : random.Random, optional
        For the JitterStrategy FULL: a time between 0 and the delay.
    """
    options = {name: retrier.get(name, default) for name, (default, _, _) in RETRY.items()}
    limit = options["MaxDelaySeconds"]
    try:
        delay = float(options["IntervalSeconds"] * options["BackoffRate"] ** attempt)
    except OverflowError:
        delay = float("inf")
    delay = min(delay, float("inf") if limit is None else float(limit))
    if options["JitterStrategy"] == "FULL":
        return (rng or random.Random(0)).uniform(0.0, delay)
    return delay


def takes(names: Sequence[str], error: str) -> bool:
    """Say whether ErrorEquals of a retrier or a catcher takes an error."""
    if error in names:
        return True
    if error in _NOT_IN_ALL:
        return False
    return "States.ALL" in names or (
        "States.TaskFailed" in names and error != "States.Timeout"
    )


@dataclass
class _Scope:
    """Something that ends as a whole: the execution, a branch, an attempt at a task."""

    outer: "_Scope | None" = None
    ended: bool = False
    cancels: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.outer is not None:
            self.outer.cancels.append(self.end)

    @property
    def is_over(self) -> bool:
        return self.ended or (self.outer is not None and self.outer.is_over)

    def end(self) -> None:
        self.ended = True
        for cancel in self.cancels:
            cancel()


Done = Callable[[Any], None]
Failed = Callable[[StateError], None]


@dataclass(frozen=True)
class _Frame:
    """Where a state runs: its machine, and who learns how that ends."""

    states: Mapping[str, Any]
    scope: _Scope
    done: Done
    failed: Failed
    context: Mapping[str, Any]


class MachineRun:
    """One run of a state machine; `start` begins it.

    Parameters
    ----------
    machine : mapping
        A definition that `labs_lib.platform.state_machines.parse` accepts.
    data : object
        The input, JSON.
    clock : Timekeeper
    resources : mapping of str to callable
        What carries out the tasks, by their Resource.
    name : str, default "execution"
    express : bool, default False
        Five minutes at most, and no limit of events.
    seed : int, default 0
        Of the jitter.
    on_end : callable, optional
        Called with the execution when it has ended.

    Attributes
    ----------
    status : str
        RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    output : object
        If it succeeded.
    error, cause : str
        If it did not.
    history : list of HistoryEvent
    started, stopped : float
        Seconds since 1970; `stopped` is 0 while it runs.
    """

    def __init__(
        self,
        machine: Mapping[str, Any],
        data: Any,
        clock: Timekeeper,
        resources: Mapping[str, Resource],
        *,
        name: str = "execution",
        express: bool = False,
        seed: int = 0,
        on_end: "Callable[[MachineRun], None] | None" = None,
    ):
        self.machine = machine
        self.data = data
        self.clock = clock
        self.name = name
        self.express = express
        self.status = "RUNNING"
        self.output: Any = None
        self.error = self.cause = ""
        self.history: list[HistoryEvent] = []
        self.started = self.stopped = 0.0
        self._resources = resources
        self._rng = random.Random(seed)
        self._on_end = on_end
        self._scope = _Scope()
        self._todo: deque[Callable[[], None]] = deque()
        self._guard = threading.RLock()
        self._busy = False

    def start(self) -> "MachineRun":
        """Begin, and go on until everything waits for the clock; return the execution."""
        with self._guard:
            self.started = self.clock.now()
            if self.status != "RUNNING":
                return self
            self._event("ExecutionStarted", input=self.data)
            limit = EXPRESS_SECONDS if self.express else STANDARD_SECONDS
            limit = min(limit, self.machine.get("TimeoutSeconds", limit))
            self._later(self._scope, limit, self._time_out)
            context = {"Execution": {"Name": self.name, "Input": self.data}}
            frame = _Frame(
                self.machine["States"], self._scope, self._succeed, self._fail, context
            )
            self._soon(
                self._scope, lambda: self._enter(frame, self.machine["StartAt"], self.data)
            )
            self._work()
        return self

    def stop(self, error: str = "", cause: str = "") -> None:
        """Abort it, if it still runs."""
        with self._guard:
            if self.status == "RUNNING":
                self._finish("ABORTED", "ExecutionAborted", error, cause)

    # The machinery: what can be done now is done in turn, the rest when the clock says so

    def _soon(self, scope: _Scope, call: Callable[[], None]) -> None:
        self._todo.append(lambda: None if scope.is_over else call())

    def _later(self, scope: _Scope, seconds: float, call: Callable[[], None]) -> None:
        def due() -> None:
            with self._guard:
                self._soon(scope, call)
                self._work()

        scope.cancels.append(self.clock.call_at(self.clock.now() + seconds, due))

    def _work(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            while self._todo:
                self._todo.popleft()()
        finally:
            self._busy = False

    def _event(self, kind: str, **details: Any) -> None:
        if self.status != "RUNNING":
            return
        number = len(self.history) + 1
        full = not self.express and number >= EVENTS and not kind.startswith("Execution")
        if full:
            text = f"The execution reached the maximum number of history events ({EVENTS})."
            self._fail(StateError("States.Runtime", text))
            return
        self.history.append(
            HistoryEvent(number, number - 1, self.clock.now(), kind, details)
        )

    # Its end

    def _succeed(self, output: Any) -> None:
        if self.status == "RUNNING":
            self.output = output
            self._finish("SUCCEEDED", "ExecutionSucceeded", output=output)

    def _fail(self, error: StateError) -> None:
        if self.status == "RUNNING":
            self._finish("FAILED", "ExecutionFailed", error.error, error.cause)

    def _time_out(self) -> None:
        self._finish("TIMED_OUT", "ExecutionTimedOut", "States.Timeout", "")

    def _finish(
        self, status: str, kind: str, error: str = "", cause: str = "", **details: Any
    ) -> None:
        self.error, self.cause = error, cause
        if status != "SUCCEEDED":
            details = {"error": error, "cause": cause}
        self._event(kind, **details)
        self.status, self.stopped = status, self.clock.now()
        self._scope.end()
        self._todo.clear()
        if self._on_end is not None:
            self._on_end(self)

    # States

    def _enter(self, frame: _Frame, name: str, data: Any) -> None:
        state = frame.states[name]
        self._event(f"{state['Type']}StateEntered", name=name, input=data)
        if frame.scope.is_over:
            return
        entered = {"State": {"Name": name, "EnteredTime": _iso(self.clock.now())}}
        _Visit(
            self,
            dataclasses.replace(frame, context={**frame.context, **entered}),
            state,
            name,
            data,
        ).begin()

    def _leave(self, frame: _Frame, name: str, data: Any, to: str | None) -> None:
        state = frame.states[name]
        self._event(f"{state['Type']}StateExited", name=name, output=data)
        following = to or state.get("Next")
        if following is None:
            self._soon(frame.scope, lambda: frame.done(data))
        else:
            self._soon(frame.scope, lambda: self._enter(frame, following, data))

    def _pass(self, visit: "_Visit", given: Any) -> None:
        visit.result(visit.state.get("Result", given))

    def _succeed_state(self, visit: "_Visit", given: Any) -> None:
        visit.leave(given)

    def _fail_state(self, visit: "_Visit", given: Any) -> None:
        raise StateError(visit.state.get("Error", ""), visit.state.get("Cause", ""))

    def _choice(self, visit: "_Visit", given: Any) -> None:
        for rule in visit.state["Choices"]:
            if holds(rule, given, visit.frame.context):
                visit.leave(given, to=rule["Next"])
                return
        if "Default" not in visit.state:
            text = f"No rule of {visit.name} holds, and there is no Default."
            raise StateError("States.NoChoiceMatched", text)
        visit.leave(given, to=visit.state["Default"])

    def _wait(self, visit: "_Visit", given: Any) -> None:
        state = visit.state
        ((kind, value),) = ((name, state[name]) for name in WAITS if name in state)
        if kind.endswith("Path"):
            value = read(value, given, visit.frame.context, error="States.Runtime")
        try:
            if kind.startswith("Seconds"):
                seconds = float(value)
            else:
                seconds = seconds_of(value) - self.clock.now()
            if not 0 <= max(0.0, seconds) <= MOST_SECONDS:
                raise ValueError(f"{seconds} is more than {MOST_SECONDS} seconds")
        except (TypeError, ValueError) as error:
            raise StateError("States.Runtime", f"{visit.name}: {error}.") from None
        self._later(visit.frame.scope, max(0.0, seconds), lambda: visit.leave(given))

    def _task(self, visit: "_Visit", given: Any) -> None:
        name = visit.state["Resource"]
        resource = self._resources.get(name)
        if resource is None:
            raise StateError("States.Runtime", f"Nothing here carries out {name}.")
        self._event("TaskScheduled", resource=name, parameters=given)
        self._event("TaskStarted", resource=name)
        attempt = _Attempt(self, visit, _Scope(visit.frame.scope))
        if attempt.scope.is_over:
            return
        limit = visit.state.get("TimeoutSeconds")
        if limit is not None:
            late = StateError("States.Timeout", f"The task took longer than {limit} s.")
            self._later(attempt.scope, limit, lambda: attempt.fails(late))
        try:
            work = resource(given)
        except StateError as error:
            attempt.fails(error)
        except Refusal as refusal:
            attempt.fails(StateError(refusal.code, refusal.message))
        else:
            if isinstance(work, Job):
                self._event("TaskSubmitted", resource=name)
                attempt.ask(work)
            elif not isinstance(work, Work):
                attempt.succeeds(work)
            elif work.error:
                failure = StateError(work.error, work.cause)
                self._later(attempt.scope, work.seconds, lambda: attempt.fails(failure))
            else:
                done = work.output
                self._later(attempt.scope, work.seconds, lambda: attempt.succeeds(done))

    def _parallel(self, visit: "_Visit", given: Any) -> None:
        self._event("ParallelStateStarted", name=visit.name)
        runs = [_Run(branch, given, {}) for branch in visit.state["Branches"]]
        _Several(self, visit, runs, at_once=0).go_on()

    def _map(self, visit: "_Visit", given: Any) -> None:
        state, context = visit.state, visit.frame.context
        items = _at(state.get("ItemsPath", "$"), given, context)
        if not isinstance(items, list):
            text = f"{visit.name} needs a list, ItemsPath names {json.dumps(items)[:80]}."
            raise StateError("States.Runtime", text)
        self._event("MapStateStarted", name=visit.name, length=len(items))
        machine = state.get("ItemProcessor") or state["Iterator"]
        template = state.get("ItemSelector", state.get("Parameters"))
        runs = []
        for index, item in enumerate(items):
            more = {"Map": {"Item": {"Index": index, "Value": item}}}
            own = item if template is None else fill(template, given, {**context, **more})
            runs.append(_Run(machine, own, more))
        _Several(self, visit, runs, at_once=state.get("MaxConcurrency", 0)).go_on()


_CARRY_OUT: dict[str, Callable[[MachineRun, "_Visit", Any], None]] = {
    "Task": MachineRun._task,
    "Choice": MachineRun._choice,
    "Wait": MachineRun._wait,
    "Pass": MachineRun._pass,
    "Parallel": MachineRun._parallel,
    "Map": MachineRun._map,
    "Succeed": MachineRun._succeed_state,
    "Fail": MachineRun._fail_state,
}


class _Visit:
    """One stay in a state: how it goes on after a result, and after an error."""

    def __init__(
        self,
        execution: MachineRun,
        frame: _Frame,
        state: Mapping[str, Any],
        name: str,
        data: Any,
    ):
        self.frame, self.state, self.name = frame, state, name
        self._execution = execution
        self._data = data
        self._attempts: dict[int, int] = {}

    def begin(self) -> None:
        """Carry the state out, for the first time or again."""
        state, context = self.state, self.frame.context
        try:
            _check_size(self._data)
            given = _at(state.get("InputPath", "$"), self._data, context)
            if "Parameters" in state and state["Type"] != "Map":
                given = fill(state["Parameters"], given, context)
            _CARRY_OUT[state["Type"]](self._execution, self, given)
        except StateError as error:
            self.failed(error)

    def leave(self, data: Any, *, to: str | None = None) -> None:
        """Leave the state with what OutputPath lets through."""
        try:
            shown = _at(self.state.get("OutputPath", "$"), data, self.frame.context)
            _check_size(shown)
        except StateError as error:
            self.frame.failed(error)
        else:
            self._execution._leave(self.frame, self.name, shown, to)

    def result(self, output: Any) -> None:
        """Leave the state with a result, where ResultSelector and ResultPath put it."""
        try:
            if "ResultSelector" in self.state:
                output = fill(self.state["ResultSelector"], output, self.frame.context)
            path = self.state.get("ResultPath", "$")
            data = self._data if path is None else write(path, self._data, output)
        except StateError as error:
            self.failed(error)
        else:
            self.leave(data)

    def failed(self, error: StateError) -> None:
        """Try again, go where a catcher says, or fail."""
        execution = self._execution
        for number, retrier in enumerate(self.state.get("Retry", ())):
            if takes(retrier["ErrorEquals"], error.error):
                attempt = self._attempts.get(number, 0)
                if attempt < retrier.get("MaxAttempts", RETRY["MaxAttempts"][0]):
                    self._attempts[number] = attempt + 1
                    delay = retry_delay(retrier, attempt, execution._rng)
                    execution._later(self.frame.scope, delay, self.begin)
                    return
                break
        for catcher in self.state.get("Catch", ()):
            if takes(catcher["ErrorEquals"], error.error):
                output = {"Error": error.error, "Cause": error.cause}
                path = catcher.get("ResultPath", "$")
                try:
                    data = self._data if path is None else write(path, self._data, output)
                except StateError as another:
                    self.frame.failed(another)
                else:
                    execution._leave(self.frame, self.name, data, catcher["Next"])
                return
        self.frame.failed(error)


class _Attempt:
    """One attempt at a task; it ends once."""

    def __init__(self, execution: MachineRun, visit: _Visit, scope: _Scope):
        self._execution, self._visit, self.scope = execution, visit, scope

    def _end(self, kind: str, **details: Any) -> None:
        self.scope.end()
        self._execution._event(kind, resource=self._visit.state["Resource"], **details)

    def fails(self, error: StateError) -> None:
        kind = "TaskTimedOut" if error.error == "States.Timeout" else "TaskFailed"
        self._end(kind, error=error.error, cause=error.cause)
        self._visit.failed(error)

    def succeeds(self, output: Any) -> None:
        try:
            _check_size(output)
        except StateError as error:
            self.fails(error)
        else:
            self._end("TaskSucceeded", output=output)
            self._visit.result(output)

    def ask(self, job: Job) -> None:
        """Ask whether a job is done, and again later if it is not."""
        try:
            output = job.ask()
        except StateError as error:
            self.fails(error)
            return
        if output is None:
            self._execution._later(self.scope, POLL_SECONDS, lambda: self.ask(job))
        else:
            self.succeeds(output)


@dataclass(frozen=True)
class _Run:
    """A machine inside a state: a branch, or the processor of an item."""

    machine: Mapping[str, Any]
    data: Any
    context: Mapping[str, Any]


class _Several:
    """Machines that run side by side; the first that fails ends the others."""

    def __init__(
        self, execution: MachineRun, visit: _Visit, runs: list[_Run], *, at_once: int
    ):
        self._execution, self._visit, self._runs = execution, visit, runs
        self._scope = _Scope(visit.frame.scope)
        self._outputs: list[Any] = [None] * len(runs)
        self._left = len(runs)
        self._begun = 0
        self._free = at_once or len(runs)
        self._is_map = visit.state["Type"] == "Map"

    def go_on(self) -> None:
        """Begin as many as may run, and leave the state when all are done."""
        execution, kind = self._execution, self._visit.state["Type"]
        if not self._left:
            execution._event(f"{kind}StateSucceeded", name=self._visit.name)
            try:
                _check_size(self._outputs)
            except StateError as error:
                self._visit.failed(error)
            else:
                self._visit.result(self._outputs)
            return
        while self._free and self._begun < len(self._runs):
            number, self._begun = self._begun, self._begun + 1
            self._free -= 1
            self._begin(number)

    def _begin(self, number: int) -> None:
        execution, run = self._execution, self._runs[number]
        if self._is_map:
            execution._event("MapIterationStarted", name=self._visit.name, index=number)
        frame = _Frame(
            run.machine["States"],
            self._scope,
            lambda output: self._done(number, output),
            lambda error: self._failed(number, error),
            {**self._visit.frame.context, **run.context},
        )
        start = run.machine["StartAt"]
        execution._soon(self._scope, lambda: execution._enter(frame, start, run.data))

    def _done(self, number: int, output: Any) -> None:
        if self._is_map:
            execution, name = self._execution, self._visit.name
            execution._event("MapIterationSucceeded", name=name, index=number)
        self._outputs[number] = output
        self._left -= 1
        self._free += 1
        self.go_on()

    def _failed(self, number: int, error: StateError) -> None:
        self._scope.end()
        execution, name = self._execution, self._visit.name
        if self._is_map:
            execution._event("MapIterationFailed", name=name, index=number)
        kind = self._visit.state["Type"]
        execution._event(f"{kind}StateFailed", error=error.error, cause=error.cause)
        self._visit.failed(error)


def _at(path: str | None, data: Any, context: Mapping[str, Any]) -> Any:
    return {} if path is None else read(path, data, context, error="States.Runtime")


def _check_size(data: Any) -> None:
    size = len(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    if size > PAYLOAD_BYTES:
        text = f"The data have {size} bytes, at most {PAYLOAD_BYTES} are allowed."
        raise StateError("States.DataLimitExceeded", text)


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    )
