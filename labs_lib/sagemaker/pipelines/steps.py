"""One step of an execution: begun, followed to its end, and what it leaves for others."""

import hashlib
import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labs_lib.sagemaker import processing, queues
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import OPERATIONS, Context, call
from labs_lib.sagemaker.pipelines import values
from labs_lib.sagemaker.pipelines.definition import JOBS, PipelineStep

_LETTERS = string.ascii_letters + string.digits


class StepFailed(Exception):
    """A step that has failed. `kind` is what a retry policy calls the failure, if it may."""

    def __init__(self, reason: str, kind: str | None = None):
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class Resource:
    """What a type of step makes: the operation, and how SageMaker names what it made."""

    operation: str
    kind: str
    status: str | None = None
    named: bool = True

    @property
    def arn(self) -> str:
        """The member that holds the ARN."""
        return f"{self.kind}Arn"

    @property
    def name(self) -> str:
        """The member that holds the name."""
        return f"{self.kind}Name"


RESOURCES = {
    "Training": Resource("CreateTrainingJob", "TrainingJob", "TrainingJobStatus"),
    "Processing": Resource("CreateProcessingJob", "ProcessingJob", "ProcessingJobStatus"),
    "Tuning": Resource(
        "CreateHyperParameterTuningJob",
        "HyperParameterTuningJob",
        "HyperParameterTuningJobStatus",
    ),
    "Transform": Resource("CreateTransformJob", "TransformJob", "TransformJobStatus"),
    "Model": Resource("CreateModel", "Model"),
    "RegisterModel": Resource("CreateModelPackage", "ModelPackage", named=False),
    "EndpointConfig": Resource("CreateEndpointConfig", "EndpointConfig"),
    "Endpoint": Resource("CreateEndpoint", "Endpoint", "EndpointStatus"),
}

_METADATA = {kind: resource.kind for kind, resource in RESOURCES.items()} | {
    "RegisterModel": "RegisterModel",
    "Tuning": "TuningJob",
}
_GOOD = ("Completed", "InService")
_BAD = ("Failed", "Stopped", "OutOfService", "UpdateRollbackFailed")


class Scope:
    """What references of one execution stand for.

    Parameters
    ----------
    context : Context
    execution : mapping
        With its parameters.
    records : callable
        From the name of a step to its record in this execution, or in the one whose results
        a selective execution takes.
    """

    def __init__(
        self,
        context: Context,
        execution: Mapping[str, Any],
        records: Callable[[str], Mapping[str, Any] | None],
    ):
        self.context = context
        self.execution = execution
        self.records = records

    def resolve(self, value: Any) -> Any:
        """Return a part of the definition with its references replaced."""
        return values.resolve(value, self.get, self.read_file)

    def get(self, path: list[Any]) -> Any:
        """Return what one reference stands for."""
        shown = ".".join(map(str, path))
        if path[0] == "Parameters" and len(path) == 2:
            return self.execution["_Parameters"][path[1]]
        if path[0] == "Execution" and len(path) == 2:
            return values.pick(self._execution(), path[1:], "Execution")
        if path[0] == "Steps" and len(path) > 2:
            return values.pick(self._described(path[1]), path[2:], shown)
        raise values.Unknown(
            f"{shown} is no reference; expected Parameters.NAME, Steps.NAME.... or "
            "Execution.NAME"
        )

    def _execution(self) -> dict[str, Any]:
        clock = self.context.site.clock

        def iso(seconds: float) -> str:
            return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")

        arn = self.execution["PipelineExecutionArn"]
        return {
            "PipelineName": self.execution["_PipelineName"],
            "PipelineArn": self.execution["PipelineArn"],
            "PipelineExecutionId": arn.rpartition("/")[2],
            "PipelineExecutionArn": arn,
            "StartDateTime": iso(self.execution["CreationTime"]),
            "CurrentDateTime": iso(clock.now()),
        }

    def _described(self, name: str) -> Any:
        """Return what Describe says of what a step made; a callback's own outputs."""
        record = self.records(name)
        if record is None:
            raise values.Unknown(f"step {name} has not run")
        if record["_Type"] == "Callback":
            outputs = record["Metadata"]["Callback"].get("OutputParameters", [])
            return {"OutputParameters": {o["Name"]: o["Value"] for o in outputs}}
        resource = RESOURCES.get(record["_Type"])
        found = resource and self.context.site.state.get(resource.kind, record["_Made"])
        if not found:
            raise values.Unknown(f"what step {name} made is not there any more")
        return found

    def read_file(self, step: str, name: str) -> bytes:
        """Return the bytes of a property file."""
        record, job = self.records(step), self._described(step)
        files = {f["PropertyFileName"]: f for f in (record or {})["_PropertyFiles"]}
        if name not in files:
            raise values.Unknown(f"step {step} has no property file {name}")
        uri = processing.output_uri(job, files[name]["OutputName"])
        if uri is None:
            raise values.Unknown(f"step {step} has no output {files[name]['OutputName']}")
        bucket, key = split_uri(uri)
        path = "/".join([*([key.rstrip("/")] if key else []), files[name]["FilePath"]])
        try:
            return self.context.site.objects.read(bucket, path)
        except ApiError:
            raise values.Unknown(f"there is no s3://{bucket}/{path}") from None


_KEYS: dict[str, tuple[str, ...]] = {
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Tuning": (
        "HyperParameterTuningJobConfig",
        "TrainingJobDefinition",
        "TrainingJobDefinitions",
    ),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
}
_TUNED = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)


def cache_key(step: PipelineStep, arguments: Any) -> str:
    """Return what has to be the same for a result to be taken again.

    Source: developer guide, page `pipelines-default-keys`. Whatever is not listed there, such
    as the instances, the output or a limit of time, may change.
    """
    looked_at = {name: arguments.get(name) for name in _KEYS.get(step.type, arguments)}
    if looked_at.get("TrainingJobDefinition"):
        one = looked_at["TrainingJobDefinition"]
        looked_at["TrainingJobDefinition"] = {name: one.get(name) for name in _TUNED}
    text = json.dumps([step.type, looked_at], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def job_name(execution_id: str, step: PipelineStep) -> str:
    """Return a name of a job as Pipelines makes them: at most 63 characters, 32 of a tuning."""
    tail = "".join(secrets.choice(_LETTERS) for _ in range(10))
    if step.type == "Tuning":
        return f"{execution_id}-{step.name[:8].strip('-_')}-{tail}".replace("_", "-")
    shown = step.name[:29].strip("-_")
    return f"pipelines-{execution_id}-{shown}-{tail}".replace("_", "-")


def begin(
    context: Context, step: PipelineStep, name: str, arguments: dict[str, Any]
) -> str:
    """Make what a step makes and return its name; one that is there is left as it is.

    Raises
    ------
    StepFailed
    """
    resource = RESOURCES[step.type]
    state = context.site.state
    request = dict(arguments)
    operation = resource.operation
    if step.type in ("EndpointConfig", "Endpoint"):
        name = request.get(resource.name, name)
    elif step.type == "RegisterModel":
        request["ClientToken"] = hashlib.sha256(name.encode()).hexdigest()[:32]
    if resource.named:
        request[resource.name] = name
    there = state.get(resource.kind, name)
    if there is not None and step.type != "Endpoint":
        return name
    if there is not None:
        if there["EndpointStatus"] in ("Creating", "Updating") and there[
            "EndpointConfigName"
        ] == request.get("EndpointConfigName"):
            return name
        request.pop("Tags", None)
        operation = "UpdateEndpoint"
        if ("sagemaker", operation) not in OPERATIONS:
            raise StepFailed(f"ClientError: the endpoint {name} exists.")
    try:
        answer = call(context, operation, request)
    except ApiError as error:
        raise StepFailed(f"ClientError: {error.message}", _retried_error(error)) from None
    if step.type == "RegisterModel":
        return answer["ModelPackageArn"].rpartition("model-package/")[2]
    return name


def _retried_error(error: ApiError) -> str | None:
    if error.code == "ResourceLimitExceeded":
        return "SageMaker.RESOURCE_LIMIT"
    if error.code == "ThrottlingException":
        return "Step.THROTTLING"
    return "Step.SERVICE_FAULT" if error.status >= 500 else None


def metadata(step: PipelineStep, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ListPipelineExecutionSteps shows of what a step made."""
    return {_METADATA[step.type]: {"Arn": body[RESOURCES[step.type].arn]}}


def is_over(context: Context, step: PipelineStep, name: str) -> dict[str, Any] | None:
    """Return what a step made if it is finished, None as long as it is not.

    Raises
    ------
    StepFailed
        If it ended badly.
    """
    resource = RESOURCES[step.type]
    body = context.site.state.get(resource.kind, name)
    if body is None:
        raise StepFailed(f"{resource.kind} {name} was deleted.")
    status = _GOOD[0] if resource.status is None else body[resource.status]
    if status in _GOOD:
        return body
    if status in _BAD:
        reason = body.get("FailureReason") or f"{resource.kind} {name} is {status}."
        internal = reason.startswith("InternalServerError")
        raise StepFailed(reason, "SageMaker.JOB_INTERNAL_ERROR" if internal else None)
    return None


def stop(context: Context, step: PipelineStep, name: str) -> None:
    """Ask a job to end; one that has ended is left alone."""
    if step.type in JOBS:
        resource = RESOURCES[step.type]
        try:
            call(context, f"Stop{resource.kind}", {resource.name: name})
        except ApiError:
            return


def send_callback(
    context: Context,
    step: PipelineStep,
    record: Mapping[str, Any],
    *,
    stopping: bool = False,
) -> None:
    """Send the message with the token to the step's queue.

    Raises
    ------
    StepFailed
        If there is no such queue.
    """
    body = {
        "token": record["Metadata"]["Callback"]["CallbackToken"],
        "pipelineExecutionArn": record["_Execution"],
        "arguments": record["_Arguments"],
    }
    if stopping:
        body["status"] = "Stopping"
    url = record["Metadata"]["Callback"]["SqsQueueUrl"]
    queue = queues.named_by(context.site, url)
    if queue is None:
        raise StepFailed(f"ClientError: there is no queue {url}.")
    queues.put(context.site, queue, json.dumps(body))


def new_token() -> str:
    """Return a callback's token: ten characters."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))
