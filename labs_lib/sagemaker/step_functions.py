"""Step Functions: `labs_lib.platform.states`, spoken to through boto3."""

import dataclasses
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from labs_lib.platform.state_machines import findings, parse
from labs_lib.platform.states import HistoryEvent, MachineRun
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken
from labs_lib.sagemaker.state_tasks import Tasks

_MACHINE, _EXECUTION = "StateMachine", "StateExecution"
_ENDED = "The server ended while the execution ran."


def recover(site: Site) -> None:
    """Fail what ran when the last server of the folder ended."""
    for body in site.state.all(_EXECUTION):
        if body["status"] == "RUNNING":
            end = {"status": "FAILED", "error": "States.Runtime", "cause": _ENDED}
            stopped = {"stopDate": site.clock.now()}
            site.state.change(_EXECUTION, body["executionArn"], {**end, **stopped})


# Machines


def _machine(context: Context, arn: str) -> dict[str, Any]:
    name = arn.rpartition(":")[2]
    found = context.site.state.get(_MACHINE, name)
    if found is None:
        raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return found


@operation(
    "stepfunctions",
    "CreateStateMachine",
    uses="name definition roleArn type",
    refuses={
        "type=EXPRESS": "executions are those of STANDARD.",
        "publish=True": "there are no versions.",
    },
    differs=(
        "JSONPath with reference paths only: intrinsic functions, JSONata, variables, task tokens, "
        "heartbeats and distributed maps are refused with their place.",
    ),
)
def create_state_machine(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    parse(request["definition"])
    name = request["name"]
    arn = context.arn(f"stateMachine:{name}", "states")
    body = {
        "stateMachineArn": arn,
        "name": name,
        "type": "STANDARD",
        "definition": request["definition"],
        "roleArn": request["roleArn"],
        "creationDate": context.site.clock.now(),
    }
    try:
        context.site.state.add(_MACHINE, name, arn, body)
    except Taken:
        found = _machine(context, arn)
        if any(found[key] != request[key] for key in ("definition", "roleArn")):
            raise ApiError(
                "StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'"
            ) from None
        body = found
    return {"stateMachineArn": arn, "creationDate": body["creationDate"]}


@operation(
    "stepfunctions",
    "UpdateStateMachine",
    uses="stateMachineArn definition roleArn",
    refuses={"publish=True": "there are no versions."},
    differs=(
        "Executions that run keep their definition, as on AWS; new ones have the new one.",
    ),
)
def update_state_machine(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _machine(context, request["stateMachineArn"])
    changes: dict[str, Any] = {
        key: request[key] for key in ("definition", "roleArn") if key in request
    }
    if not changes:
        raise ApiError("MissingRequiredParameter", "Give a definition or a roleArn.")
    if "definition" in changes:
        parse(changes["definition"])
    context.site.state.change(_MACHINE, found["name"], changes)
    return {"updateDate": context.site.clock.now()}


@operation("stepfunctions", "DescribeStateMachine", uses="stateMachineArn")
def describe_state_machine(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {**_machine(context, request["stateMachineArn"]), "status": "ACTIVE"}


@operation("stepfunctions", "ListStateMachines", uses="maxResults nextToken")
def list_state_machines(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    shown = ("stateMachineArn", "name", "type", "creationDate")
    machines = [{key: m[key] for key in shown} for m in context.site.state.all(_MACHINE)]
    return _page(machines, request, key="stateMachines", default=100)


def _page(
    items: list[Any], request: Mapping[str, Any], *, key: str, default: int
) -> dict[str, Any]:
    asked = {k: v for k, v in request.items() if k not in ("maxResults", "nextToken")}
    asked["MaxResults"] = request.get("maxResults") or default
    if "nextToken" in request:
        asked["NextToken"] = request["nextToken"]
    try:
        answer = page(items, asked, key=key)
    except ApiError as error:
        raise ApiError("InvalidToken", f"Invalid Token: {error.message}") from None
    if "NextToken" in answer:
        answer["nextToken"] = answer.pop("NextToken")
    return answer


@operation(
    "stepfunctions",
    "DeleteStateMachine",
    uses="stateMachineArn",
    differs=("It is gone at once, and what runs of it runs on.",),
)
def delete_state_machine(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.site.state.remove(_MACHINE, request["stateMachineArn"].rpartition(":")[2])
    return {}


@operation(
    "stepfunctions",
    "ValidateStateMachineDefinition",
    uses="definition",
    differs=("Only errors are found, no warnings.",),
)
def validate_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    try:
        found = findings(json.loads(request["definition"]))
    except (ValueError, RecursionError):
        found = [("", "it is not JSON")]
    diagnostics = [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": what,
            "location": f"/{place}",
        }
        for place, what in found
    ]
    return {"result": "FAIL" if found else "OK", "diagnostics": diagnostics}


# Executions


def start(
    context: Context, machine: str, data: Any, name: str | None = None
) -> dict[str, Any]:
    """Start an execution and return what is known of it.

    Parameters
    ----------
    context : Context
    machine : str
        The ARN of a state machine.
    data : object
        The input, JSON.
    name : str, optional
        By default one that is new.
    """
    site, found = context.site, _machine(context, machine)
    name = name or str(uuid.uuid4())
    arn = context.arn(f"execution:{found['name']}:{name}", "states")
    body = {
        "executionArn": arn,
        "stateMachineArn": found["stateMachineArn"],
        "name": name,
        "status": "RUNNING",
        "startDate": site.clock.now(),
        "input": json.dumps(data),
    }
    try:
        site.state.add(_EXECUTION, arn, arn, body)
    except Taken:
        earlier = site.state.get(_EXECUTION, arn) or body
        if earlier["status"] == "RUNNING" and earlier["input"] == body["input"]:
            return earlier
        raise ApiError(
            "ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'"
        ) from None
    execution = MachineRun(
        json.loads(found["definition"]),
        data,
        site.clock,
        Tasks(context),
        name=name,
        on_end=lambda ended: _keep(site, arn, ended),
    )
    site.machines[arn] = execution
    site.run(execution.start)
    return body


def _keep(site: Site, arn: str, execution: MachineRun) -> None:
    changes: dict[str, Any] = {
        "status": execution.status,
        "stopDate": execution.stopped,
        "history": [dataclasses.asdict(event) for event in execution.history],
    }
    if execution.status == "SUCCEEDED":
        changes["output"] = json.dumps(execution.output)
    elif execution.status != "RUNNING":
        changes |= {"error": execution.error, "cause": execution.cause}
    site.state.change(_EXECUTION, arn, changes)
    site.machines.pop(arn, None)


@operation(
    "stepfunctions",
    "StartExecution",
    uses="stateMachineArn name input",
    differs=(
        "A task's Resource is arn:aws:states:::aws-sdk:SERVICE:ACTION for what is carried out on "
        "this machine, or sqs:sendMessage, events:putEvents and sagemaker:create... without "
        "aws-sdk. There are no Lambda functions.",
        "With .sync a job of SageMaker is asked for each second of the clock; nobody says how "
        "often AWS asks.",
        "The error of a task is the service and AWS's code, such as Sqs.QueueDoesNotExist: an "
        "assumption. A job that fails is States.TaskFailed.",
        "A wait that becomes due while the clock is stepped ends when the step has ended.",
        "An execution that runs when the server ends has failed when it begins again.",
    ),
)
def start_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    try:
        data = json.loads(request.get("input", "{}"))
    except (ValueError, RecursionError):
        raise ApiError(
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: it is not JSON.",
        ) from None
    body = start(context, request["stateMachineArn"], data, request.get("name"))
    return {"executionArn": body["executionArn"], "startDate": body["startDate"]}


def _execution(context: Context, arn: str) -> dict[str, Any]:
    found = context.site.state.get(_EXECUTION, arn)
    if found is None:
        raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return found


@operation("stepfunctions", "DescribeExecution", uses="executionArn")
def describe_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["executionArn"])
    return {key: value for key, value in found.items() if key != "history"}


@operation(
    "stepfunctions",
    "ListExecutions",
    uses="stateMachineArn statusFilter maxResults nextToken",
)
def list_executions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    machine = _machine(context, request.get("stateMachineArn", ""))["stateMachineArn"]
    status = request.get("statusFilter")
    shown = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")
    executions = [
        {key: body[key] for key in shown if key in body}
        for body in context.site.state.all(_EXECUTION)
        if body["stateMachineArn"] == machine and status in (None, body["status"])
    ]
    executions.sort(key=lambda body: (body["startDate"], body["name"]), reverse=True)
    return _page(executions, request, key="executions", default=100)


@operation("stepfunctions", "StopExecution", uses="executionArn error cause")
def stop_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["executionArn"])
    running = context.site.machines.get(found["executionArn"])
    if running is not None:
        running.stop(request.get("error", ""), request.get("cause", ""))
    found = _execution(context, found["executionArn"])
    return {"stopDate": found.get("stopDate", context.site.clock.now())}


@operation(
    "stepfunctions",
    "GetExecutionHistory",
    uses="executionArn maxResults reverseOrder nextToken includeExecutionData",
)
def get_execution_history(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    # In this order: what ends in between is found in the second place.
    running = context.site.machines.get(request["executionArn"])
    found = _execution(context, request["executionArn"])
    if running is not None and "history" not in found:
        events: Sequence[HistoryEvent] = list(running.history)
    else:
        events = [HistoryEvent(**event) for event in found.get("history", ())]
    with_data = request.get("includeExecutionData", True)
    shown = [_shown(context, event, with_data=with_data) for event in events]
    if request.get("reverseOrder"):
        shown.reverse()
    return _page(shown, request, key="events", default=100)


def _shown(context: Context, event: HistoryEvent, *, with_data: bool) -> dict[str, Any]:
    """Return an event as the service's model has it."""
    answer: dict[str, Any] = {
        "id": event.id,
        "previousEventId": event.previous,
        "timestamp": event.time,
        "type": event.type,
    }
    details = {
        key: json.dumps(value) if key in ("input", "output", "parameters") else value
        for key, value in event.details.items()
        if with_data or key not in ("input", "output", "parameters")
    }
    kind = event.type
    if kind.startswith("Task") and "State" not in kind:
        resource = details["resource"].removeprefix("arn:aws:states:::")
        details["resourceType"], _, details["resource"] = resource.rpartition(":")
        if kind == "TaskScheduled":
            details |= {
                "region": context.region,
                "parameters": details.get("parameters", ""),
            }
    if kind.endswith(("StateEntered", "StateExited")):
        kind = "State" + kind.rpartition("State")[2]
    elif kind in ("MapStateSucceeded", "MapStateFailed") or kind.startswith("Parallel"):
        return answer
    elif kind == "MapStateStarted":
        details.pop("name", None)
    member = f"{kind[0].lower()}{kind[1:]}EventDetails"
    return {**answer, member: details}
