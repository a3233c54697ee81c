"""Monitoring of data quality: what to analyze, when, and what became of it."""

import json
import math
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from labs_lib.sagemaker import images, operations, processing, tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.objects import Object, split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

_DEFINITION = "DataQualityJobDefinition"
_SCHEDULE = "MonitoringSchedule"
_EXECUTION = "MonitoringExecution"
_CONFIG = "MonitoringScheduleConfig"
_STATUS = "MonitoringScheduleStatus"
_INPUT = "DataQualityJobInput.BatchTransformInput"
_APPLICATION = "DataQualityAppSpecification"
_TYPE = "DataQuality"
_ROOT = processing.ROOT
_HOUR = 3600.0
_POLL = 1.0
"""Real seconds between two looks at whether the server closes."""

_CRON = re.compile(r"cron\(0 (\*|\d{1,2})(?:/(\d{1,2}))? \? \* \* \*\)")
_OFFSET = re.compile(r"(-?)P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?")

_CAPTURED = "DataQualityJobInput.EndpointInput"

_REFUSED_INPUT = {
    f"{_CAPTURED}.S3InputMode=Pipe": "give File.",
    f"{_CAPTURED}.ExcludeFeaturesAttribute": "every column is analyzed.",
    f"{_CAPTURED}.FeaturesAttribute": "every column is analyzed.",
    f"{_CAPTURED}.InferenceAttribute": "every column is analyzed.",
    f"{_CAPTURED}.ProbabilityAttribute": "every column is analyzed.",
    f"{_INPUT}.DatasetFormat.Json": "give Csv with a header, or Parquet.",
    f"{_INPUT}.DatasetFormat.Csv.Header=False": "the columns need their names.",
    f"{_INPUT}.S3InputMode=Pipe": "give File.",
    f"{_INPUT}.ExcludeFeaturesAttribute": "every column is analyzed.",
}


# Job definitions


@operation(
    "sagemaker",
    "CreateDataQualityJobDefinition",
    uses="JobDefinitionName DataQualityBaselineConfig.BaseliningJobName "
    "DataQualityBaselineConfig.ConstraintsResource "
    "DataQualityBaselineConfig.StatisticsResource DataQualityAppSpecification.ImageUri "
    f"{_INPUT}.DataCapturedDestinationS3Uri {_INPUT}.DatasetFormat {_INPUT}.LocalPath "
    f"{_INPUT}.StartTimeOffset {_INPUT}.EndTimeOffset "
    f"{_CAPTURED}.EndpointName {_CAPTURED}.LocalPath "
    f"{_CAPTURED}.StartTimeOffset {_CAPTURED}.EndTimeOffset "
    "DataQualityJobOutputConfig.MonitoringOutputs[].S3Output.S3Uri "
    "DataQualityJobOutputConfig.MonitoringOutputs[].S3Output.LocalPath "
    "JobResources.ClusterConfig RoleArn StoppingCondition Tags",
    refuses={
        **_REFUSED_INPUT,
        f"{_APPLICATION}.ContainerEntrypoint": "the analyzer has its own.",
        f"{_APPLICATION}.ContainerArguments": "the analyzer takes none.",
        f"{_APPLICATION}.RecordPreprocessorSourceUri": "records are not prepared.",
        f"{_APPLICATION}.PostAnalyticsProcessorSourceUri": "nothing runs after the analysis.",
    },
    differs=(
        "The analyzer is `labs_lib.monitor`, in the same files as AWS's.",
        "DataCapturedDestinationS3Uri holds the files themselves, of which the names of the "
        "columns are known; AWS puts manifests there.",
        "Of an endpoint, what its variants captured as CSV is analyzed. A row is the answer's "
        "values and then the request's, and has the baseline's names in their order, or "
        "`_c0`, `_c1` and so on if there are more or fewer: assumptions.",
        "No metrics are published to CloudWatch.",
        "Without a baseline an execution writes statistics and the constraints that they "
        "suggest.",
    ),
)
def create_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["JobDefinitionName"]
    image = request[_APPLICATION]["ImageUri"]
    images.require(images.find(site, image), "process", image)
    if len(request["DataQualityJobInput"]) != 1:
        raise invalid(
            "Give one of EndpointInput and BatchTransformInput in DataQualityJobInput."
        )
    captured = request["DataQualityJobInput"].get("EndpointInput")
    if captured is not None:
        _captured_at(site, captured["EndpointName"])
    place = _output(request)
    bucket, _ = split_uri(place["S3Uri"])
    if not site.objects.has_bucket(bucket):
        raise invalid(f"{place['S3Uri']} names the bucket {bucket}, which does not exist.")
    _baseline(site, request)
    arn = context.arn(f"data-quality-job-definition/{name}")
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {**request, "JobDefinitionArn": arn, "CreationTime": site.clock.now()}
    _add(context, _DEFINITION, name, arn, body, given)
    return {"JobDefinitionArn": arn}


def _captured_at(site: Site, endpoint: str) -> str:
    """Return where an endpoint's captured data are."""
    found = site.state.get("Endpoint", endpoint)
    if found is None:
        raise invalid(f"There is no endpoint {endpoint}.")
    config = found.get("DataCaptureConfig")
    if config is None:
        raise invalid(f"Endpoint {endpoint} does not capture data.")
    return f"{config['DestinationS3Uri'].rstrip('/')}/{endpoint}"


def _data(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of a definition, of either kind."""
    (only,) = definition["DataQualityJobInput"].values()
    return only


def _endpoint(definition: Mapping[str, Any]) -> str:
    """Return the endpoint that a definition is about, or nothing."""
    return _data(definition).get("EndpointName", "")


def _add(
    context: Context, kind: str, name: str, arn: str, body: Mapping[str, Any], given: Any
) -> None:
    try:
        with context.site.state.transaction():
            context.site.state.add(kind, name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise ApiError("ResourceInUse", f"{name} already exists ({arn}).") from None


def _output(definition: Mapping[str, Any]) -> dict[str, Any]:
    (only,) = definition["DataQualityJobOutputConfig"]["MonitoringOutputs"]
    return only["S3Output"]


def _baseline(site: Site, definition: Mapping[str, Any]) -> dict[str, str]:
    """Return where constraints and statistics are; nothing if there is no baseline."""
    config = definition.get("DataQualityBaselineConfig", {})
    found = {
        kind: config[f"{kind.title()}Resource"]["S3Uri"]
        for kind in ("constraints", "statistics")
        if "S3Uri" in config.get(f"{kind.title()}Resource", {})
    }
    job = config.get("BaseliningJobName")
    if job is not None and not found:
        made = site.state.get("ProcessingJob", job)
        if made is None or made["ProcessingJobStatus"] != "Completed":
            raise invalid(f"BaseliningJobName: there is no completed processing job {job}.")
        (place,) = made["ProcessingOutputConfig"]["Outputs"]
        base = place["S3Output"]["S3Uri"].rstrip("/")
        found = {kind: f"{base}/{kind}.json" for kind in ("constraints", "statistics")}
    if len(found) == 1:
        raise invalid(
            "DataQualityBaselineConfig: ConstraintsResource and StatisticsResource belong "
            "together; give both."
        )
    return found


def _find(context: Context, kind: str, name: str) -> dict[str, Any]:
    found = context.site.state.get(kind, name)
    if found is None:
        raise ApiError("ResourceNotFound", f"There is no {kind} {name}.")
    return found


@operation("sagemaker", "DescribeDataQualityJobDefinition", uses="JobDefinitionName")
def describe_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _find(context, _DEFINITION, request["JobDefinitionName"])


@operation(
    "sagemaker",
    "ListDataQualityJobDefinitions",
    uses=f"{LIST_FIELDS} EndpointName",
    differs=("EndpointName is empty for a definition that is about no endpoint.",),
)
def list_job_definitions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = [
        {
            "MonitoringJobDefinitionName": body["JobDefinitionName"],
            "MonitoringJobDefinitionArn": body["JobDefinitionArn"],
            "CreationTime": body["CreationTime"],
            "EndpointName": _endpoint(body),
        }
        for body in context.site.state.all(_DEFINITION)
        if request.get("EndpointName") in (None, _endpoint(body))
    ]
    return listing(
        found,
        request,
        key="JobDefinitionSummaries",
        name="MonitoringJobDefinitionName",
        summary=(
            "MonitoringJobDefinitionName",
            "MonitoringJobDefinitionArn",
            "CreationTime",
            "EndpointName",
        ),
    )


@operation(
    "sagemaker",
    "DeleteDataQualityJobDefinition",
    uses="JobDefinitionName",
    differs=("Refused while a schedule uses it: an assumption.",),
)
def delete_job_definition(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["JobDefinitionName"]
    _find(context, _DEFINITION, name)
    for schedule in context.site.state.all(_SCHEDULE):
        if schedule[_CONFIG]["MonitoringJobDefinitionName"] == name:
            raise invalid(f"The schedule {schedule['MonitoringScheduleName']} uses {name}.")
    context.site.state.remove(_DEFINITION, name)
    return {}


# Schedules

_SCHEDULE_FIELDS = (
    f"MonitoringScheduleName {_CONFIG}.ScheduleConfig "
    f"{_CONFIG}.MonitoringJobDefinitionName {_CONFIG}.MonitoringType"
)
_SCHEDULE_REFUSES = {
    f"{_CONFIG}.MonitoringJobDefinition": "give MonitoringJobDefinitionName.",
    **{
        f"{_CONFIG}.MonitoringType={kind}": "data quality alone is monitored."
        for kind in ("ModelQuality", "ModelBias", "ModelExplainability")
    },
}


@operation(
    "sagemaker",
    "CreateMonitoringSchedule",
    uses=f"{_SCHEDULE_FIELDS} Tags",
    refuses=_SCHEDULE_REFUSES,
    differs=(
        "A schedule is Scheduled at once, and executions begin on the hour of the clock, "
        "without AWS's delay of up to 20 minutes.",
        "Executions of a schedule run one after the other; those that were due while no server "
        "ran are left out.",
        "An execution reads the files that came to S3 in its window: by default the time from "
        "one execution to the next. Captured data belong to the hour that their folder names.",
        "Without ScheduleConfig a schedule runs at midnight UTC; AWS picks a time.",
        "Results are at S3Uri/SCHEDULE/yyyy/mm/dd/hh; the list of the files that were read "
        "is beside their folder, in FOLDER.manifests. Assumptions, as are the words of an "
        "execution without data.",
    ),
)
def create_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, now = request["MonitoringScheduleName"], context.site.clock.now()
    arn = context.arn(f"monitoring-schedule/{name}")
    given = request.get("Tags") or []
    tags.check(given)
    body = {
        "MonitoringScheduleName": name,
        "MonitoringScheduleArn": arn,
        "CreationTime": now,
        "_Region": context.region,
        **_scheduled(context, request[_CONFIG]),
    }
    body = {key: value for key, value in body.items() if value is not None}
    _add(context, _SCHEDULE, name, arn, body, given)
    _arm(context.site, name, now)
    return {"MonitoringScheduleArn": arn}


def _scheduled(context: Context, config: dict[str, Any]) -> dict[str, Any]:
    """Check a MonitoringScheduleConfig; return the members that it sets."""
    name = config.get("MonitoringJobDefinitionName")
    if name is None:
        raise invalid(f"{_CONFIG}.MonitoringJobDefinitionName is missing.")
    definition = context.site.state.get(_DEFINITION, name)
    if definition is None:
        raise invalid(f"There is no data quality job definition {name}.")
    when = config.get("ScheduleConfig", {})
    _hours(when)
    begin, end = _window(config, {})
    if not 0 < end - begin <= 24 * _HOUR:
        raise invalid(
            f"The window of the data is {end - begin:.0f} seconds long, expected more than 0 "
            "and at most 24 hours: see DataAnalysisStartTime and DataAnalysisEndTime."
        )
    return {
        _CONFIG: config,
        "MonitoringType": _TYPE,
        _STATUS: "Scheduled",
        "EndpointName": _endpoint(definition) or None,
        "LastModifiedTime": context.site.clock.now(),
        "_Timer": secrets.token_hex(8),
    }


def _hours(when: Mapping[str, Any]) -> list[int] | None:
    """Return the hours of the day at which a schedule runs; None for NOW."""
    text = when.get("ScheduleExpression", "cron(0 0 ? * * *)")
    if text == "NOW":
        return None
    match = _CRON.fullmatch(text)
    assert match is not None, "labs_lib.aws has checked it"
    if match[1] == "*":
        return list(range(24))
    first, every = int(match[1]), int(match[2] or 24)
    if every == 0:
        raise invalid(
            f"ScheduleExpression is {text!r}; expected 1 to 24 hours between runs."
        )
    return sorted({(first + n * every) % 24 for n in range(math.ceil(24 / every))})


def _seconds(text: str) -> float:
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise invalid(f"The offset is {text!r}, expected such as -PT5H or -P1D.")
    days, hours, minutes = (int(part or 0) for part in match.groups()[1:])
    seconds = float(days * 86_400 + hours * 3600 + minutes * 60)
    return -seconds if match[1] else seconds


def _window(
    config: Mapping[str, Any], definition: Mapping[str, Any]
) -> tuple[float, float]:
    """Return where the data of an execution begin and end, in seconds after it is due."""
    when = config.get("ScheduleConfig", {})
    hours = _hours(when)
    step = 24 * _HOUR if hours is None else 24 * _HOUR / len(hours)
    begin = _seconds(when["DataAnalysisStartTime"]) if _START in when else -step
    end = _seconds(when["DataAnalysisEndTime"]) if _END in when else 0.0
    given = _data(definition) if definition else {}
    if "StartTimeOffset" in given:
        begin += _seconds(given["StartTimeOffset"])
    if "EndTimeOffset" in given:
        end += _seconds(given["EndTimeOffset"])
    return begin, end


_START, _END = "DataAnalysisStartTime", "DataAnalysisEndTime"


def next_after(when: Mapping[str, Any], now: float) -> float:
    """Return the next time at which a cron expression is due, after `now`."""
    hours = _hours(when)
    assert hours is not None
    at = math.floor(now / _HOUR) * _HOUR + _HOUR
    while datetime.fromtimestamp(at, UTC).hour not in hours:
        at += _HOUR
    return at


@operation("sagemaker", "DescribeMonitoringSchedule", uses="MonitoringScheduleName")
def describe_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["MonitoringScheduleName"]
    body = _find(context, _SCHEDULE, name)
    found = {key: value for key, value in body.items() if not key.startswith("_")}
    executions = _executions(context.site, name)
    if executions:
        latest = max(executions, key=lambda one: one["CreationTime"])
        found["LastMonitoringExecutionSummary"] = latest
    return found


@operation(
    "sagemaker",
    "ListMonitoringSchedules",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals "
    "EndpointName MonitoringJobDefinitionName MonitoringTypeEquals",
)
def list_schedules(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = [
        {
            **body,
            "MonitoringJobDefinitionName": body[_CONFIG]["MonitoringJobDefinitionName"],
        }
        for body in context.site.state.all(_SCHEDULE)
    ]
    return listing(
        [body for body in found if _is_asked(body, request)],
        request,
        key="MonitoringScheduleSummaries",
        name="MonitoringScheduleName",
        status=_STATUS,
        summary=(
            "MonitoringScheduleName",
            "MonitoringScheduleArn",
            "CreationTime",
            "LastModifiedTime",
            _STATUS,
            "MonitoringJobDefinitionName",
            "MonitoringType",
            "EndpointName",
        ),
    )


def _is_asked(body: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    return (
        request.get("EndpointName") in (None, body.get("EndpointName"))
        and request.get("MonitoringTypeEquals") in (None, body["MonitoringType"])
        and request.get("MonitoringJobDefinitionName")
        in (None, body["MonitoringJobDefinitionName"])
    )


@operation(
    "sagemaker",
    "UpdateMonitoringSchedule",
    uses=_SCHEDULE_FIELDS,
    refuses=_SCHEDULE_REFUSES,
    differs=("A stopped schedule is Scheduled again by an update: an assumption.",),
)
def update_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["MonitoringScheduleName"]
    body = _find(context, _SCHEDULE, name)
    # What holds for a new schedule holds for a changed one.
    operations.check("CreateMonitoringSchedule", request)
    context.site.state.change(_SCHEDULE, name, _scheduled(context, request[_CONFIG]))
    _arm(context.site, name, context.site.clock.now())
    return {"MonitoringScheduleArn": body["MonitoringScheduleArn"]}


@operation(
    "sagemaker",
    "StartMonitoringSchedule",
    uses="MonitoringScheduleName",
    differs=("Starting one that is Scheduled does nothing: an assumption.",),
)
def start_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["MonitoringScheduleName"]
    if _find(context, _SCHEDULE, name)[_STATUS] == "Stopped":
        _turn(site, name, "Scheduled")
        _arm(site, name, site.clock.now())
    return {}


@operation(
    "sagemaker",
    "StopMonitoringSchedule",
    uses="MonitoringScheduleName",
    differs=("An execution that runs goes on to its end: an assumption.",),
)
def stop_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["MonitoringScheduleName"]
    _find(context, _SCHEDULE, name)
    _turn(context.site, name, "Stopped")
    return {}


def _turn(site: Site, name: str, status: str) -> None:
    changes = {"LastModifiedTime": site.clock.now(), "_Timer": secrets.token_hex(8)}
    site.state.change(_SCHEDULE, name, {_STATUS: status, **changes})


@operation(
    "sagemaker",
    "DeleteMonitoringSchedule",
    uses="MonitoringScheduleName",
    differs=("Its executions are forgotten with it; their processing jobs stay.",),
)
def delete_schedule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    state, name = context.site.state, request["MonitoringScheduleName"]
    _find(context, _SCHEDULE, name)
    with state.transaction():
        state.remove(_SCHEDULE, name)
        for one in state.all(_EXECUTION):
            if one["MonitoringScheduleName"] == name:
                state.remove(_EXECUTION, one["_Name"])
    return {}


@operation(
    "sagemaker",
    "ListMonitoringExecutions",
    uses="MonitoringScheduleName EndpointName SortBy SortOrder NextToken MaxResults "
    "ScheduledTimeBefore ScheduledTimeAfter CreationTimeBefore CreationTimeAfter "
    "LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals MonitoringJobDefinitionName "
    "MonitoringTypeEquals",
)
def list_executions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = [
        one
        for one in _executions(context.site, request.get("MonitoringScheduleName"))
        if _is_asked(one, request)
        and request.get("StatusEquals") in (None, one["MonitoringExecutionStatus"])
        and all(
            request.get(f"{time}After", one[time])
            <= one[time]
            < request.get(f"{time}Before", math.inf)
            for time in ("ScheduledTime", "CreationTime", "LastModifiedTime")
        )
    ]
    by = request.get("SortBy", "CreationTime").replace(
        "Status", "MonitoringExecutionStatus"
    )
    descending = request.get("SortOrder", "Descending") == "Descending"
    found.sort(key=lambda one: (one[by], one["CreationTime"]), reverse=descending)
    return page(found, request, key="MonitoringExecutionSummaries")


def _executions(site: Site, schedule: str | None) -> list[dict[str, Any]]:
    """Return the executions as lists show them: their status is that of their jobs."""
    found = []
    for body in site.state.all(_EXECUTION):
        if schedule not in (None, body["MonitoringScheduleName"]):
            continue
        shown = {key: value for key, value in body.items() if not key.startswith("_")}
        job = site.state.get("ProcessingJob", body["_Name"])
        if job is not None:
            status = job["ProcessingJobStatus"]
            if job.get("ExitMessage", "").startswith("CompletedWithViolations"):
                status = "CompletedWithViolations"
            shown["MonitoringExecutionStatus"] = status
            shown["LastModifiedTime"] = job["LastModifiedTime"]
            if "FailureReason" in job:
                shown["FailureReason"] = job["FailureReason"]
        found.append(shown)
    return found


# An execution


def _arm(site: Site, name: str, after: float) -> None:
    """Let a schedule run when it is next due."""
    body = site.state.get(_SCHEDULE, name)
    if body is None or body[_STATUS] != "Scheduled":
        return
    when = body[_CONFIG].get("ScheduleConfig", {})
    due = after if _hours(when) is None else next_after(when, after)
    timer = body["_Timer"]
    site.clock.call_at(due, lambda: _due(site, name, timer, due))


def _due(site: Site, name: str, timer: str, due: float) -> None:
    body = site.state.get(_SCHEDULE, name)
    # A schedule that was stopped, changed or deleted meanwhile has another timer.
    if body is None or body["_Timer"] != timer or site.closing.is_set():
        return
    job = _execute(Context(site, body["_Region"], None), body, due)
    if _hours(body[_CONFIG].get("ScheduleConfig", {})) is None:
        return

    def has_ended() -> bool:
        found = site.state.get("ProcessingJob", job)
        return found is None or found["ProcessingJobStatus"] not in (
            "InProgress",
            "Stopping",
        )

    while not site.closing.is_set():
        if site.state.wait_for(has_ended, seconds=_POLL):
            break
    now = site.state.get(_SCHEDULE, name)
    if now is not None and now["_Timer"] == timer and not site.closing.is_set():
        _arm(site, name, due)


def _execute(context: Context, schedule: Mapping[str, Any], due: float) -> str:
    """Begin an execution; return the name of its processing job."""
    site, now = context.site, context.site.clock.now()
    name = schedule["MonitoringScheduleName"]
    moment = datetime.fromtimestamp(due, UTC)
    job = f"model-monitoring-{moment:%Y%m%d%H%M}-{secrets.token_hex(12)}"
    body: dict[str, Any] = {
        "MonitoringScheduleName": name,
        "ScheduledTime": due,
        "CreationTime": now,
        "LastModifiedTime": now,
        "MonitoringExecutionStatus": "Pending",
        "MonitoringJobDefinitionName": schedule[_CONFIG]["MonitoringJobDefinitionName"],
        "MonitoringType": _TYPE,
        "_Name": job,
    }
    if "EndpointName" in schedule:
        body["EndpointName"] = schedule["EndpointName"]
    site.state.add(_EXECUTION, job, "", body)
    try:
        request = _request(context, schedule, job, due)
        answer = operations.call(context, "CreateProcessingJob", request)
        changes = {"ProcessingJobArn": answer["ProcessingJobArn"]}
    except ApiError as error:
        changes = {"MonitoringExecutionStatus": "Failed", "FailureReason": error.message}
    site.state.change(_EXECUTION, job, changes)
    return job


def _request(
    context: Context, schedule: Mapping[str, Any], job: str, due: float
) -> dict[str, Any]:
    """Return the request of the processing job that analyzes the data of one window."""
    site, config = context.site, schedule[_CONFIG]
    definition = _find(context, _DEFINITION, config["MonitoringJobDefinitionName"])
    data = _data(definition)
    begin, end = (due + part for part in _window(config, definition))
    place = _output(definition)
    moment = datetime.fromtimestamp(due, UTC)
    target = place["S3Uri"].rstrip("/")
    target += f"/{schedule['MonitoringScheduleName']}/{moment:%Y/%m/%d/%H}"
    if "EndpointName" in data:
        source, form = _captured_at(site, data["EndpointName"]), _CAPTURE_FORMAT
    else:
        source, form = data["DataCapturedDestinationS3Uri"], _format(data["DatasetFormat"])
    manifest = _manifest(site, source, begin, end, target)
    environment = {
        "dataset_format": form,
        "dataset_source": data["LocalPath"],
        "output_path": place["LocalPath"],
        "publish_cloudwatch_metrics": "Disabled",
        "sagemaker_monitoring_schedule_name": schedule["MonitoringScheduleName"],
        "start_time": _iso(begin),
        "end_time": _iso(end),
    }
    inputs = [_input("data", manifest, data["LocalPath"], "ManifestFile")]
    for kind, uri in _baseline(site, definition).items():
        folder = f"{_ROOT}/baseline/{kind}"
        inputs.append(_input(kind, uri, folder, "S3Prefix"))
        environment[f"baseline_{kind}"] = f"{folder}/{PurePosixPath(uri).name}"
    output = {"S3Uri": target, "LocalPath": place["LocalPath"], "S3UploadMode": "EndOfJob"}
    request = {
        "ProcessingJobName": job,
        "RoleArn": definition["RoleArn"],
        "AppSpecification": {"ImageUri": definition[_APPLICATION]["ImageUri"]},
        "Environment": environment,
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "result", "S3Output": output}]
        },
        "ProcessingResources": definition["JobResources"],
    }
    if "StoppingCondition" in definition:
        request["StoppingCondition"] = definition["StoppingCondition"]
    return request


def _input(name: str, uri: str, path: str, kind: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": place}


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


_CAPTURE_FORMAT = json.dumps(
    {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
)


def _format(given: Mapping[str, Any]) -> str:
    return '{"csv": {"header": true}}' if "Csv" in given else '{"parquet": {}}'


_HOUR_FOLDER = re.compile(r"/(\d{4}/\d\d/\d\d/\d\d)/[^/]+\.jsonl$")


def _lies_in(item: Object, begin: float, end: float) -> bool:
    """Say whether an object is of a window: captured data by its folder, others by its time."""
    match = _HOUR_FOLDER.search(item.key)
    if match is None:
        return begin <= item.modified < end
    hour = datetime.strptime(match[1], "%Y/%m/%d/%H").replace(tzinfo=UTC).timestamp()
    return begin < hour + _HOUR and hour < end


def _manifest(site: Site, uri: str, begin: float, end: float, target: str) -> str:
    """Store the list of the files that came in a window; return its address."""
    bucket, prefix = split_uri(uri)
    base = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    site.objects.require_bucket(bucket)
    # It lies beside the data: a manifest lists objects of its own bucket.
    beside = f"{base.rstrip('/')}.manifests/"
    names = [
        item.key.removeprefix(base)
        for item in site.objects.iterate(bucket, prefix=base)
        if not item.key.startswith(beside) and _lies_in(item, begin, end)
    ]
    if not names:
        raise invalid(f"Job inputs had no data: {uri} from {_iso(begin)} to {_iso(end)}.")
    key = beside + target.partition("://")[2].replace("/", "-")
    text = json.dumps([{"prefix": f"s3://{bucket}/{base}"}, *names])
    site.objects.put(bucket, key, text.encode())
    return f"s3://{bucket}/{key}"


# Begin


def recover(site: Site) -> None:
    """Let the schedules of a folder run again; what was due meanwhile is left out."""
    now = site.clock.now()
    for body in site.state.all(_SCHEDULE):
        if _hours(body[_CONFIG].get("ScheduleConfig", {})) is not None:
            _arm(site, body["MonitoringScheduleName"], now)
    for one in site.state.all(_EXECUTION):
        begun = site.state.get("ProcessingJob", one["_Name"]) is not None
        if not begun and one["MonitoringExecutionStatus"] == "Pending":
            reason = "InternalServerError: the server on this machine ended."
            changes = {"MonitoringExecutionStatus": "Failed", "FailureReason": reason}
            site.state.change(_EXECUTION, one["_Name"], changes)
