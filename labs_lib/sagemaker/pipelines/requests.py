"""The operations of Pipelines."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker import tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.pipelines import definition, runner
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

_IDS = string.ascii_lowercase + string.digits
_VERSIONS = {
    "PipelineVersionId": "a pipeline has its last definition only.",
    "PipelineVersionAlias": "a pipeline has its last definition only.",
}


def _not_found(what: str) -> ApiError:
    return ApiError("ResourceNotFound", f"{what} does not exist.")


def _pipeline(context: Context, name: str) -> dict[str, Any]:
    found = context.site.state.get("Pipeline", name.rpartition(":pipeline/")[2])
    if found is None:
        raise _not_found(f"Pipeline {name[:300]}")
    return found


def _execution(context: Context, arn: str) -> dict[str, Any]:
    found = context.site.state.get("PipelineExecution", arn.rpartition("/")[2])
    if found is None:
        raise _not_found(f"Pipeline execution {arn[:300]}")
    return found


def _executions(context: Context, pipeline: str) -> list[dict[str, Any]]:
    every = context.site.state.all("PipelineExecution")
    found = [item for item in every if item["PipelineArn"] == pipeline]
    return sorted(
        found, key=lambda item: (item["CreationTime"], item["PipelineExecutionArn"])
    )


def _made(context: Context) -> dict[str, Any]:
    now = context.site.clock.now()
    return {
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": context.user,
        "LastModifiedBy": context.user,
    }


# Pipelines

_TEXT = (
    "PipelineName PipelineDisplayName PipelineDescription PipelineDefinition "
    "PipelineDefinitionS3Location.Bucket PipelineDefinitionS3Location.ObjectKey "
    "ParallelismConfiguration.MaxParallelExecutionSteps"
)
_STEPS = (
    f"Steps: {', '.join(definition.TYPES)}. Another type is refused.",
    "A step that depends on a Condition step begins when the condition is decided, and does "
    "not wait for its branch: an assumption. A step whose condition went the other way, and "
    "what depends on it, is left out.",
    "When a step fails, no further step begins; those that run come to their end.",
    "A step is taken from the cache if the arguments are the same that the guide's page "
    "pipelines-default-keys lists for its type; the data at an address are not looked at. Its "
    "age counts from the end of the run that made it, a hit does not renew it: an assumption.",
)
_ONCE = (
    "A second answer for a token is refused; a retried step has a new token: assumptions."
)


def _text(context: Context, request: Mapping[str, Any]) -> str | None:
    """Return the definition that a request gives, checked; None if it gives none."""
    text, place = (
        request.get("PipelineDefinition"),
        request.get("PipelineDefinitionS3Location"),
    )
    if text is not None and place is not None:
        raise invalid("Give either PipelineDefinition or PipelineDefinitionS3Location.")
    if place is not None:
        read = context.site.objects.read(place["Bucket"], place["ObjectKey"])
        text = read.decode("utf-8", "replace")
    if text is not None:
        definition.read(text)
    return text


@operation(
    "sagemaker",
    "CreatePipeline",
    uses=f"{_TEXT} ClientRequestToken Tags",
    refuses={
        "PipelineVersionAliases": "a pipeline has its last definition only.",
        "PipelineDefinitionS3Location.VersionId": "objects have no versions.",
    },
    differs=_STEPS,
)
def create_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    text = _text(context, request)
    if text is None:
        raise invalid("PipelineDefinition is missing.")
    name = request["PipelineName"]
    arn = context.arn(f"pipeline/{name}")
    given = request.get("Tags") or []
    tags.check(given)
    kept = {k: v for k, v in request.items() if k not in ("Tags", "ClientRequestToken")}
    body = {
        "PipelineDisplayName": name,
        **kept,
        "PipelineDefinition": text,
        "PipelineArn": arn,
        "PipelineStatus": "Active",
        **_made(context),
        "_Token": request["ClientRequestToken"],
    }
    try:
        with context.site.state.transaction():
            context.site.state.add("Pipeline", name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        found = _pipeline(context, name)
        if found["_Token"] != request["ClientRequestToken"]:
            raise invalid(
                f"Pipeline names must be unique within an AWS account and region. Pipeline "
                f"with name ({name}) already exists."
            ) from None
    return {"PipelineArn": arn}


@operation(
    "sagemaker",
    "UpdatePipeline",
    uses=_TEXT,
    refuses={
        "PipelineVersionAliases": "a pipeline has its last definition only.",
        "PipelineDefinitionS3Location.VersionId": "objects have no versions.",
    },
    differs=("An execution that runs keeps the definition with which it began.",),
)
def update_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _pipeline(context, request["PipelineName"])
    text = _text(context, request)
    names = (
        "PipelineDisplayName",
        "PipelineDescription",
        "RoleArn",
        "ParallelismConfiguration",
    )
    changes = {name: request[name] for name in names if name in request}
    if text is not None:
        changes["PipelineDefinition"] = text
    changes["LastModifiedTime"] = context.site.clock.now()
    context.site.state.change("Pipeline", found["PipelineName"], changes)
    return {"PipelineArn": found["PipelineArn"]}


@operation("sagemaker", "DescribePipeline", uses="PipelineName", refuses=_VERSIONS)
def describe_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _pipeline(context, request["PipelineName"])


@operation(
    "sagemaker",
    "ListPipelines",
    uses="PipelineNamePrefix CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults",
)
def list_pipelines(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    prefix = request.get("PipelineNamePrefix", "")
    found = [
        item | {"LastExecutionTime": item.get("LastRunTime")}
        for item in context.site.state.all("Pipeline")
        if item["PipelineName"].startswith(prefix) and _in_time(item, request)
    ]
    _sort(found, request, by={"Name": "PipelineName"})
    return page(found, request, key="PipelineSummaries")


def _in_time(item: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    moment = item["CreationTime"]
    return (
        request.get("CreatedAfter", moment)
        <= moment
        < request.get("CreatedBefore", moment + 1)
    )


def _sort(
    items: list[dict[str, Any]], request: Mapping[str, Any], *, by: Mapping[str, str]
) -> None:
    field = by.get(request.get("SortBy", ""), "CreationTime")
    descending = request.get("SortOrder", "Descending") == "Descending"
    items.sort(key=lambda item: item[field], reverse=descending)


@operation("sagemaker", "DeletePipeline", uses="PipelineName")
def delete_pipeline(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _pipeline(context, request["PipelineName"])
    state = context.site.state
    with state.transaction():
        executions = _executions(context, found["PipelineArn"])
        for item in executions:
            if item["PipelineExecutionStatus"] in runner.RUNNING:
                raise ApiError(
                    "ConflictException",
                    f"The execution {item['PipelineExecutionArn']} is running; stop it first.",
                )
        for item in executions:
            _forget(context, item)
        state.remove("Pipeline", found["PipelineName"])
    return {"PipelineArn": found["PipelineArn"]}


def _forget(context: Context, execution: Mapping[str, Any]) -> None:
    name = execution["PipelineExecutionArn"].rpartition("/")[2]
    for step in definition.read(execution["_Definition"]).steps:
        context.site.state.remove("PipelineStep", f"{name}/{step}")
    context.site.state.remove("PipelineExecution", name)


# Executions


@operation(
    "sagemaker",
    "StartPipelineExecution",
    uses="PipelineName PipelineExecutionDisplayName PipelineExecutionDescription "
    "PipelineParameters[].Name PipelineParameters[].Value ClientRequestToken "
    "ParallelismConfiguration.MaxParallelExecutionSteps "
    "SelectiveExecutionConfig.SourcePipelineExecutionArn "
    "SelectiveExecutionConfig.SelectedSteps[].StepName",
    refuses={**_VERSIONS, "MlflowExperimentName": "there is no MLflow here."},
    differs=(
        "A selective execution without a source takes the newest execution that succeeded; "
        "parameters that it is not given are the source's: assumptions.",
    ),
)
def start_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = _pipeline(context, request["PipelineName"])
    state, token = context.site.state, request["ClientRequestToken"]
    earlier = _executions(context, pipeline["PipelineArn"])
    for item in earlier:
        if item["_Token"] == token:
            return {"PipelineExecutionArn": item["PipelineExecutionArn"]}
    text = pipeline["PipelineDefinition"]
    plan = definition.read(text)
    texts = {p["Name"]: p["Value"] for p in request.get("PipelineParameters") or []}
    values = definition.given(plan, texts) if not _selects(request) else {}
    name = "".join(secrets.choice(_IDS) for _ in range(12))
    arn = f"{pipeline['PipelineArn']}/execution/{name}"
    body = {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionArn": arn,
        "PipelineExecutionDisplayName": request.get(
            "PipelineExecutionDisplayName", f"execution-{name}"
        ),
        "PipelineExecutionDescription": request.get("PipelineExecutionDescription"),
        "PipelineExecutionStatus": "Executing",
        "ParallelismConfiguration": request.get("ParallelismConfiguration")
        or pipeline.get("ParallelismConfiguration"),
        **_made(context),
        "_Token": token,
        "_Region": context.region,
        "_PipelineName": pipeline["PipelineName"],
        "_Definition": text,
        "_Parameters": values,
    }
    if _selects(request):
        body |= _selection(context, plan, request, texts, earlier)
    body = {key: value for key, value in body.items() if value is not None}
    with state.transaction():
        state.add("PipelineExecution", name, arn, body)
        changes = {"LastRunTime": body["CreationTime"]}
        state.change("Pipeline", pipeline["PipelineName"], changes)
        runner.announce(context, body, "Executing")
    runner.start(context.site, arn)
    return {"PipelineExecutionArn": arn}


def _selects(request: Mapping[str, Any]) -> bool:
    return "SelectiveExecutionConfig" in request


def _selection(
    context: Context,
    plan: definition.Definition,
    request: Mapping[str, Any],
    texts: Mapping[str, str],
    earlier: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what a selective execution keeps, or raise if it cannot run."""
    config = request["SelectiveExecutionConfig"]
    selected = [item["StepName"] for item in config["SelectedSteps"]]
    unknown = sorted(set(selected) - set(plan.steps))
    if unknown:
        raise invalid(f"The pipeline has no step {', '.join(unknown)}.")
    good = [e for e in earlier if e["PipelineExecutionStatus"] == "Succeeded"]
    if "SourcePipelineExecutionArn" in config:
        source = _execution(context, config["SourcePipelineExecutionArn"])
    elif good:
        source = good[-1]
    else:
        raise invalid("No earlier execution succeeded; name SourcePipelineExecutionArn.")
    of = source["PipelineExecutionArn"]
    for name in selected:
        for need in sorted(plan.steps[name].needs - set(selected)):
            record = context.site.state.get("PipelineStep", runner.key_of(of, need))
            if record is None or record["StepStatus"] != "Succeeded":
                raise invalid(
                    f"Step {name} needs the result of {need}, which did not succeed in {of}."
                )
    known = {k: v for k, v in source["_Parameters"].items() if k in plan.parameters}
    unset = {k: p for k, p in plan.parameters.items() if k not in known or k in texts}
    partial = definition.Definition(unset, plan.steps)
    return {
        "SelectiveExecutionConfig": config,
        "_Selected": selected,
        "_Source": of,
        "_Parameters": known | definition.given(partial, texts),
    }


@operation("sagemaker", "DescribePipelineExecution", uses="PipelineExecutionArn")
def describe_pipeline_execution(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    return _execution(context, request["PipelineExecutionArn"])


@operation(
    "sagemaker", "DescribePipelineDefinitionForExecution", uses="PipelineExecutionArn"
)
def describe_pipeline_definition_for_execution(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    found = _execution(context, request["PipelineExecutionArn"])
    return {
        "PipelineDefinition": found["_Definition"],
        "CreationTime": found["CreationTime"],
    }


@operation(
    "sagemaker",
    "ListPipelineExecutions",
    uses="PipelineName CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults",
    refuses={"PipelineVersionAlias": "a pipeline has its last definition only."},
)
def list_pipeline_executions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pipeline = _pipeline(context, request["PipelineName"])
    found = [
        item
        | {
            "StartTime": item["CreationTime"],
            "PipelineExecutionFailureReason": item.get("FailureReason"),
        }
        for item in _executions(context, pipeline["PipelineArn"])
        if _in_time(item, request)
    ]
    _sort(found, request, by={"PipelineExecutionArn": "PipelineExecutionArn"})
    return page(found, request, key="PipelineExecutionSummaries")


@operation(
    "sagemaker",
    "UpdatePipelineExecution",
    uses="PipelineExecutionArn PipelineExecutionDescription PipelineExecutionDisplayName "
    "ParallelismConfiguration.MaxParallelExecutionSteps",
)
def update_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["PipelineExecutionArn"])
    arn = found["PipelineExecutionArn"]
    changes = {k: v for k, v in request.items() if k != "PipelineExecutionArn"}
    context.site.state.change("PipelineExecution", arn.rpartition("/")[2], changes)
    return {"PipelineExecutionArn": arn}


@operation(
    "sagemaker",
    "ListPipelineParametersForExecution",
    uses="PipelineExecutionArn NextToken MaxResults",
)
def list_pipeline_parameters(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["PipelineExecutionArn"])["_Parameters"]
    shown = [
        {
            "Name": name,
            "Value": str(value).lower() if value in (True, False) else str(value),
        }
        for name, value in found.items()
    ]
    return page(shown, request, key="PipelineParameters")


@operation(
    "sagemaker",
    "ListPipelineExecutionSteps",
    uses="PipelineExecutionArn NextToken MaxResults SortOrder",
)
def list_pipeline_execution_steps(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    arn = request.get("PipelineExecutionArn")
    if arn is None:
        raise invalid("PipelineExecutionArn is missing.")
    execution = _execution(context, arn)
    plan = definition.read(execution["_Definition"])
    records = [
        context.site.state.get("PipelineStep", runner.key_of(arn, name))
        for name in plan.steps
    ]
    found = [record for record in records if record is not None]
    descending = request.get("SortOrder", "Descending") == "Descending"
    found.sort(key=lambda record: record["StartTime"], reverse=descending)
    return page(found, request, key="PipelineExecutionSteps")


@operation(
    "sagemaker",
    "StopPipelineExecution",
    uses="PipelineExecutionArn",
    differs=(
        "The message to a callback's queue has the field `status`, as the guide writes it; the "
        "API reference writes `Status`.",
    ),
)
def stop_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["PipelineExecutionArn"])
    arn = found["PipelineExecutionArn"]
    if found["PipelineExecutionStatus"] == "Executing":
        _change_status(context, arn, "Stopping", only_from=("Executing",))
        runner.start(context.site, arn)
    elif found["PipelineExecutionStatus"] != "Stopping":
        raise ApiError(
            "ConflictException",
            f"The execution is {found['PipelineExecutionStatus']}; only one that is Executing "
            "can be stopped.",
        )
    return {"PipelineExecutionArn": arn}


def _change_status(
    context: Context, arn: str, status: str, *, only_from: tuple[str, ...]
) -> None:
    with context.site.state.transaction():
        body = context.site.state.change(
            "PipelineExecution",
            arn.rpartition("/")[2],
            {
                "PipelineExecutionStatus": status,
                "LastModifiedTime": context.site.clock.now(),
                "FailureReason": None,
            },
            only_if=lambda found: found["PipelineExecutionStatus"] in only_from,
        )
        if body is not None:
            runner.announce(context, body, status)


@operation(
    "sagemaker",
    "RetryPipelineExecution",
    uses="PipelineExecutionArn ParallelismConfiguration.MaxParallelExecutionSteps",
)
def retry_pipeline_execution(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _execution(context, request["PipelineExecutionArn"])
    arn, state = found["PipelineExecutionArn"], context.site.state
    plan = definition.read(found["_Definition"])
    records = {n: state.get("PipelineStep", runner.key_of(arn, n)) for n in plan.steps}
    open_ = {n: r for n, r in records.items() if r and r["StepStatus"] != "Succeeded"}
    if found["PipelineExecutionStatus"] not in ("Failed", "Stopped"):
        raise ApiError(
            "ConflictException",
            f"The execution is {found['PipelineExecutionStatus']}; only one that is Failed or "
            "Stopped can be retried.",
        )
    if any(record["_Type"] == "Fail" for record in open_.values()):
        raise ApiError(
            "ConflictException", "The execution ended in a Fail step; it cannot be retried."
        )
    with state.transaction():
        for name in open_:
            state.remove("PipelineStep", runner.key_of(arn, name))
        if "ParallelismConfiguration" in request:
            config = {"ParallelismConfiguration": request["ParallelismConfiguration"]}
            state.change("PipelineExecution", arn.rpartition("/")[2], config)
        _change_status(context, arn, "Executing", only_from=("Failed", "Stopped"))
    runner.start(context.site, arn)
    return {"PipelineExecutionArn": arn}


# Callbacks


def _of_token(context: Context, token: str) -> dict[str, Any]:
    for record in context.site.state.all("PipelineStep"):
        callback = record["Metadata"].get("Callback")
        if callback is not None and callback["CallbackToken"] == token:
            return record
    raise _not_found(f"Callback token {token}")


def _answer(
    context: Context, request: Mapping[str, Any], status: str, **changes: Any
) -> dict[str, Any]:
    state = context.site.state
    with state.transaction():
        record = _of_token(context, request["CallbackToken"])
        arn = record["_Execution"]
        if record["StepStatus"] not in ("Executing", "Stopping"):
            raise ApiError(
                "ConflictException",
                f"The step {record['StepName']} is {record['StepStatus']}; it was answered.",
            )
        if record["StepStatus"] == "Stopping":
            status, changes = "Stopped", {}
        outputs = request.get("OutputParameters") or []
        callback = {**record["Metadata"]["Callback"], "OutputParameters": outputs}
        state.change(
            "PipelineStep",
            runner.key_of(arn, record["StepName"]),
            {
                "StepStatus": status,
                "EndTime": context.site.clock.now(),
                "Metadata": {"Callback": callback},
                **changes,
            },
        )
    return {"PipelineExecutionArn": arn}


@operation(
    "sagemaker",
    "SendPipelineExecutionStepSuccess",
    uses="CallbackToken OutputParameters[].Name OutputParameters[].Value",
    differs=(_ONCE,),
)
def send_success(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _answer(context, request, "Succeeded")


@operation(
    "sagemaker",
    "SendPipelineExecutionStepFailure",
    uses="CallbackToken FailureReason",
    differs=(_ONCE,),
)
def send_failure(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    reason = request.get("FailureReason", "The callback answered with a failure.")
    return _answer(context, request, "Failed", FailureReason=reason)


def recover(site: Site) -> None:
    """Go on with the executions that a server left."""
    for body in site.state.all("PipelineExecution"):
        if body["PipelineExecutionStatus"] in runner.RUNNING:
            runner.start(site, body["PipelineExecutionArn"])
