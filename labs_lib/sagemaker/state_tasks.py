"""What the tasks of state machines do here: operations that this machine carries out."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from labs_lib.aws import RequestError, validate
from labs_lib.aws.request import service_model
from labs_lib.platform.errors import Refusal
from labs_lib.platform.state_data import StateError
from labs_lib.platform.states import Job, Resource
from labs_lib.sagemaker import wire
from labs_lib.sagemaker.errors import ApiError, from_findings
from labs_lib.sagemaker.operations import (
    OPERATIONS,
    Context,
    Operation,
    refuse_what_is_missing,
)

PREFIX = "arn:aws:states:::"

INTEGRATED = {"sqs": ("SendMessage",), "events": ("PutEvents",), "sagemaker": None}
"""Services that a task names without ``aws-sdk:``, and which of their operations; None: Create."""

JOBS = {
    "CreateTrainingJob": ("DescribeTrainingJob", "TrainingJobName", "TrainingJobStatus"),
    "CreateProcessingJob": (
        "DescribeProcessingJob",
        "ProcessingJobName",
        "ProcessingJobStatus",
    ),
    "CreateTransformJob": (
        "DescribeTransformJob",
        "TransformJobName",
        "TransformJobStatus",
    ),
    "CreateHyperParameterTuningJob": (
        "DescribeHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
    ),
}
"""What ``.sync`` waits for: how a job is described, by which name, and its status."""


class Tasks(Mapping[str, Resource]):
    """The resources of state machines, by their ARN.

    Parameters
    ----------
    context : Context
        Of the request that started the execution.
    """

    def __init__(self, context: Context):
        self._context = context

    def __getitem__(self, arn: str) -> Resource:
        found = _operation_of(arn)
        if found is None:
            raise KeyError(arn)
        operation, waits = found
        return lambda given: self._carry_out(operation, given, waits)

    def __iter__(self) -> Iterator[str]:
        for (service, name), operation in OPERATIONS.items():
            if not operation.streams:
                yield f"{PREFIX}aws-sdk:{service.replace('-', '')}:{name[0].lower()}{name[1:]}"

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _carry_out(self, operation: Operation, given: Any, waits: bool) -> Any:
        # What an operation does to its request is not done to the execution's data.
        request = copy.deepcopy(dict(given)) if isinstance(given, Mapping) else {}
        body = request.get("MessageBody")
        if operation.service == "sqs" and isinstance(body, dict | list):
            request["MessageBody"] = wire.compact(body)
        for entry in request.get("Entries", ()) if operation.service == "events" else ():
            if isinstance(entry, dict) and isinstance(entry.get("Detail"), dict):
                entry["Detail"] = wire.compact(entry["Detail"])
        answer = self._call(operation, request)
        if not waits:
            return answer
        describe, name, status = JOBS[operation.name]
        job = {name: request[name]}

        def ask() -> Any:
            described = self._call(OPERATIONS["sagemaker", describe], dict(job))
            if described[status] in ("InProgress", "Stopping"):
                return None
            if described[status] != "Completed":
                raise StateError("States.TaskFailed", wire.compact(described))
            return described

        return Job(ask)

    def _call(self, operation: Operation, request: dict[str, Any]) -> Any:
        model = service_model(operation.service).operation_model(operation.name)
        service = operation.service.replace("-", " ").title().replace(" ", "")
        try:
            validate(operation.name, request, service=operation.service)
            refuse_what_is_missing(operation, request)
            answer = operation.run(self._context, request)
        except RequestError as error:
            text = from_findings(error, request)
            raise StateError(f"{service}.ValidationException", text) from None
        except (ApiError, Refusal) as error:
            raise StateError(f"{service}.{error.code}", error.message) from None
        except Exception as error:
            # As the server answers a request: whatever fails, the execution goes on or ends.
            raise StateError(f"{service}.InternalFailure", repr(error)) from error
        return wire.write_json(answer, model.output_shape)


def _operation_of(arn: str) -> tuple[Operation, bool] | None:
    """Return the operation that a task's Resource names, and whether it waits for its job."""
    name, waits = arn.removesuffix(".sync"), arn.endswith(".sync")
    if not name.startswith(PREFIX):
        return None
    service, _, action = name.removeprefix(PREFIX).rpartition(":")
    action = action[:1].upper() + action[1:]
    by_sdk = service.startswith("aws-sdk:")
    service = service.removeprefix("aws-sdk:")
    found = next(
        (
            operation
            for (of, name), operation in OPERATIONS.items()
            if of.replace("-", "") == service and name == action and not operation.streams
        ),
        None,
    )
    if found is None or (waits and (by_sdk or action not in JOBS)):
        return None
    if not by_sdk:
        if service not in INTEGRATED:
            return None
        allowed = INTEGRATED[service]
        if not (action.startswith("Create") if allowed is None else action in allowed):
            return None
    return found, waits
