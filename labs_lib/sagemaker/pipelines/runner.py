"""An execution of a pipeline: which step may begin, and what comes of all of them.

Everything that is known stands in the state before it is done: a server that comes back goes on
where the last one ended.
"""

import threading
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker import events
from labs_lib.sagemaker.operations import Context
from labs_lib.sagemaker.pipelines import steps as step_module
from labs_lib.sagemaker.pipelines import values
from labs_lib.sagemaker.pipelines.definition import JOBS, Definition, PipelineStep, read
from labs_lib.sagemaker.pipelines.steps import Scope, StepFailed
from labs_lib.sagemaker.site import Site

RUNNING = ("Executing", "Stopping")
"""An execution that is not over."""

_ACTIVE = ("Starting", "Executing", "Stopping")
_REASON = 1024
_LOOK = 0.5


def key_of(execution: str, step: str) -> str:
    """Return the name of a step's record in the state."""
    return f"{execution.rpartition('/')[2]}/{step}"


class PipelineRunner:
    """The running of one execution, in this process.

    Parameters
    ----------
    site : Site
    arn : str
    """

    def __init__(self, site: Site, arn: str):
        self.site = site
        self.arn = arn
        self._name = arn.rpartition("/")[2]
        body = self.body
        self.context = Context(site, body["_Region"], None)
        self.definition: Definition = read(body["_Definition"])
        self.wake = threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    @property
    def body(self) -> dict[str, Any]:
        """The execution as it stands in the state."""
        found = self.site.state.get("PipelineExecution", self._name)
        assert found is not None
        return found

    def record(self, step: str) -> dict[str, Any] | None:
        """Return what is known of a step: None if it has not begun."""
        return self.site.state.get("PipelineStep", key_of(self.arn, step))

    def seen(self, step: str) -> dict[str, Any] | None:
        """Return a step's record, that of the source where this execution left it out."""
        own = self.record(step)
        if own is not None:
            return own
        source = self.body.get("_Source")
        key = key_of(source, step) if source else ""
        return self.site.state.get("PipelineStep", key) if source else None

    def _note(self, step: str, **changes: Any) -> dict[str, Any]:
        found = self.site.state.change("PipelineStep", key_of(self.arn, step), changes)
        assert found is not None
        return found

    # The whole

    def run(self) -> None:
        """Begin what may begin, again and again, until nothing is left."""
        while not self.site.closing.is_set():
            self.wake.clear()
            body = self.body
            if body["PipelineExecutionStatus"] not in RUNNING:
                break
            failure = self._failure()
            stopping = body["PipelineExecutionStatus"] == "Stopping"
            # What has begun goes on in any case; a server that came back takes it up.
            ready = self._ready(body, only_begun=stopping or failure is not None)
            self._begin(ready, body)
            with self._lock:
                idle = not self._busy
            if idle and not ready:
                self._end(failure, stopping)
                break
            self.wake.wait(_LOOK)
        self.site.executions.pop(self.arn, None)

    def _failure(self) -> str | None:
        for name in self.definition.steps:
            record = self.record(name)
            if record is not None and record["StepStatus"] == "Failed":
                return f"Step failure: {name}: {record.get('FailureReason', '')}"[:_REASON]
        return None

    def _ready(self, body: Mapping[str, Any], *, only_begun: bool) -> list[PipelineStep]:
        selected = body.get("_Selected")
        found = []
        for step in self.definition.steps.values():
            record = self.record(step.name)
            if record is None and only_begun:
                continue
            if record is not None and record["StepStatus"] not in _ACTIVE:
                continue
            if selected is not None and step.name not in selected:
                continue
            if self._may_begin(step):
                found.append(step)
        return found

    def _may_begin(self, step: PipelineStep) -> bool:
        if step.branch is not None:
            condition, outcome = step.branch
            record = self.seen(condition)
            if record is None or record["StepStatus"] != "Succeeded":
                return False
            if record["Metadata"]["Condition"]["Outcome"] != str(outcome):
                return False
        needed = [self.seen(name) for name in step.needs]
        return all(r is not None and r["StepStatus"] == "Succeeded" for r in needed)

    def _begin(self, ready: list[PipelineStep], body: Mapping[str, Any]) -> None:
        limit = body.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        for step in ready:
            with self._lock:
                if step.name in self._busy:
                    continue
                if limit is not None and len(self._busy) >= limit:
                    return
                self._busy.add(step.name)
            self.site.run(self._carry, step)

    def _end(self, failure: str | None, stopping: bool) -> None:
        status = "Failed" if failure else "Stopped" if stopping else "Succeeded"
        now = self.site.clock.now()
        changes = {
            "PipelineExecutionStatus": status,
            "LastModifiedTime": now,
            "FailureReason": failure,
        }
        with self.site.state.transaction():
            body = self.site.state.change("PipelineExecution", self._name, changes)
            announce(self.context, body or {}, status)

    # One step

    def _carry(self, step: PipelineStep) -> None:
        """Bring a step from where it is to its end."""
        try:
            self._attempt(step)
        except StepFailed as error:
            if not self.site.closing.is_set():
                self._settle(step, "Failed", FailureReason=str(error)[:_REASON])
        except Exception as error:
            if not self.site.closing.is_set():
                self._settle(
                    step, "Failed", FailureReason=f"InternalServerError: {error!r}"
                )
            raise
        finally:
            with self._lock:
                self._busy.discard(step.name)
            self.wake.set()

    def _settle(self, step: PipelineStep, status: str, **changes: Any) -> None:
        self._note(step.name, StepStatus=status, EndTime=self.site.clock.now(), **changes)

    def _start(self, step: PipelineStep) -> dict[str, Any]:
        record = self.record(step.name)
        if record is not None:
            return record
        body: dict[str, Any] = {
            "StepName": step.name,
            "StepStatus": "Starting",
            "StartTime": self.site.clock.now(),
            "StepDisplayName": step.body.get("DisplayName"),
            "StepDescription": step.body.get("Description"),
            "Metadata": {},
            "_Type": step.type,
            "_Execution": self.arn,
            "_PropertyFiles": step.body.get("PropertyFiles") or [],
            "_Attempts": 0,
        }
        body = {key: value for key, value in body.items() if value is not None}
        self.site.state.add("PipelineStep", key_of(self.arn, step.name), "", body)
        return body

    def _attempt(self, step: PipelineStep) -> None:
        record = self._start(step)
        scope = Scope(self.context, self.body, self.seen)
        try:
            if step.type == "Condition":
                self._decide(step, scope)
            elif step.type == "Fail":
                text = str(scope.resolve(step.arguments["ErrorMessage"]))
                self._note(step.name, Metadata={"Fail": {"ErrorMessage": text}})
                raise StepFailed(text)
            else:
                if "_Arguments" not in record:
                    arguments = scope.resolve(step.arguments)
                    record = self._note(
                        step.name, StepStatus="Executing", _Arguments=arguments
                    )
                if step.type == "Callback":
                    self._call_back(step, scope, record)
                else:
                    self._make(step, record)
        except values.Unknown as error:
            raise StepFailed(f"ClientError: {error}.") from None

    def _decide(self, step: PipelineStep, scope: Scope) -> None:
        conditions = scope.resolve(step.arguments["Conditions"])
        outcome = all(values.holds(condition) for condition in conditions)
        self._settle(step, "Succeeded", Metadata={"Condition": {"Outcome": str(outcome)}})

    def _call_back(self, step: PipelineStep, scope: Scope, record: dict[str, Any]) -> None:
        if not record["Metadata"]:
            callback = {
                "CallbackToken": step_module.new_token(),
                "SqsQueueUrl": scope.resolve(step.body["SqsQueueUrl"]),
            }
            # Token and message together: neither is there without the other.
            with self.site.state.transaction():
                record = self._note(step.name, Metadata={"Callback": callback})
                step_module.send_callback(self.context, step, record)
        told = False
        while not self.site.closing.is_set():
            record = self.record(step.name) or record
            if record["StepStatus"] not in _ACTIVE:
                return
            if self._is_stopping() and not told:
                step_module.send_callback(self.context, step, record, stopping=True)
                self._note(step.name, StepStatus="Stopping")
                told = True
            self.site.state.wait_for(lambda: self._answered(step.name), seconds=_LOOK)

    def _answered(self, step: str) -> bool:
        record = self.record(step)
        return record is None or record["StepStatus"] not in _ACTIVE or self._is_stopping()

    def _is_stopping(self) -> bool:
        return self.body["PipelineExecutionStatus"] == "Stopping"

    def _make(self, step: PipelineStep, record: dict[str, Any]) -> None:
        """Make what the step makes, or take what an earlier execution made."""
        key = step_module.cache_key(step, record["_Arguments"])
        if step.expires is not None and "_Made" not in record:
            found = self._cached(step, key)
            if found is not None:
                self._settle(
                    step,
                    "Succeeded",
                    _Made=found["_Made"],
                    Metadata=found["Metadata"],
                    CacheHitResult={"SourcePipelineExecutionArn": found["_Execution"]},
                )
                return
        while True:
            if "_Made" not in record:
                name = step_module.job_name(self._name, step)
                record = self._note(step.name, _Made=name)
            try:
                self._follow(step, record)
            except StepFailed as error:
                pause = self._pause(step, record, error)
                if pause is None:
                    raise
                if not self._sleep(pause):
                    if not self.site.closing.is_set():
                        self._settle(step, "Stopped")
                    return
                attempts = record["_Attempts"] + 1
                record = self._note(
                    step.name, _Made=None, _HasBegun=None, _Attempts=attempts
                )
                continue
            return

    def _follow(self, step: PipelineStep, record: Mapping[str, Any]) -> None:
        name = record["_Made"]
        if "_HasBegun" not in record:
            name = step_module.begin(self.context, step, name, record["_Arguments"])
        resource = step_module.RESOURCES[step.type]
        body = self.site.state.get(resource.kind, name)
        shown = step_module.metadata(step, body) if body else {}
        self._note(step.name, _Made=name, _HasBegun=True, Metadata=shown)
        stopped = False
        while not self.site.closing.is_set():
            try:
                found = self.site.state.wait_for(
                    lambda: step_module.is_over(self.context, step, name), seconds=_LOOK
                )
            except StepFailed:
                if stopped:
                    self._settle(step, "Stopped")
                    return
                raise
            if found is not None:
                key = step_module.cache_key(step, record["_Arguments"])
                self._settle(step, "Succeeded", _CacheKey=key)
                return
            if self._is_stopping() and not stopped and step.type in JOBS:
                self._note(step.name, StepStatus="Stopping")
                step_module.stop(self.context, step, name)
                stopped = True

    def _cached(self, step: PipelineStep, key: str) -> dict[str, Any] | None:
        """Return the newest result of the step with the same arguments, if it is not old."""
        assert step.expires is not None
        pipeline, now = self.body["PipelineArn"], self.site.clock.now()
        found = [
            record
            for record in self.site.state.all("PipelineStep")
            if record["StepName"] == step.name
            and record.get("_CacheKey") == key
            and record["StepStatus"] == "Succeeded"
            and record["_Execution"].startswith(f"{pipeline}/")
            and now - record["EndTime"] <= step.expires
        ]
        return max(found, key=lambda record: record["EndTime"], default=None)

    def _pause(
        self, step: PipelineStep, record: Mapping[str, Any], error: StepFailed
    ) -> float | None:
        """Return the seconds to wait before the step is tried again; None if it is not."""
        attempts = record["_Attempts"]
        for policy in step.body.get("RetryPolicies") or []:
            if error.kind not in policy["ExceptionType"]:
                continue
            waited = self.site.clock.now() - record["StartTime"]
            if "MaxAttempts" in policy and attempts >= policy["MaxAttempts"]:
                return None
            if "ExpireAfterMin" in policy and waited >= 60 * policy["ExpireAfterMin"]:
                return None
            first, rate = policy.get("IntervalSeconds", 1), policy.get("BackoffRate", 2.0)
            return first * rate**attempts
        return None

    def _sleep(self, seconds: float) -> bool:
        """Wait on the clock; False if the server ends or the execution is stopped."""
        until = self.site.clock.now() + seconds
        due = threading.Event()
        cancel = self.site.clock.call_at(until, due.set)
        while not due.wait(_LOOK / 5):
            if self.site.closing.is_set() or self._is_stopping():
                cancel()
                return False
        return True


def announce(context: Context, body: Mapping[str, Any], status: str) -> None:
    """Send the event of an execution's new status."""
    events.publish(
        context,
        "SageMaker Model Building Pipeline Execution Status Change",
        {
            "pipelineExecutionArn": body["PipelineExecutionArn"],
            "pipelineArn": body["PipelineArn"],
            "currentPipelineExecutionStatus": status,
        },
        resources=[body["PipelineArn"], body["PipelineExecutionArn"]],
    )


def start(site: Site, arn: str) -> None:
    """Run an execution in the background; one that runs already is only woken."""
    running = site.executions.get(arn)
    if running is not None:
        running.wake.set()
        return
    site.executions[arn] = execution = PipelineRunner(site, arn)
    site.run(execution.run)
