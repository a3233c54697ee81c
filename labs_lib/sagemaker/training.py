"""Training jobs: a command in its folders, from input channels to model.tar.gz."""

import contextlib
import json
import math
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labs_lib.clock import seconds_of
from labs_lib.sagemaker import (
    archives,
    checkpoints,
    images,
    jobs,
    lineage,
    tags,
    warm_pools,
)
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.jobs import RUNNING, JobFailed, Running, download
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.patterns import Patterns
from labs_lib.sagemaker.processes import Process
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

GROUP = "/aws/sagemaker/TrainingJobs"
_DAY = 24 * 3600
"""What TrainingJobStatus is before a job has ended."""

OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter in which a tuning job names its objective."""

_HOST = "algo-1"
_REASON = 1024
_POLL = 0.05
_LONGEST_SEARCHED = 4096

_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job runtime exceeded MaxWaitTimeInSeconds provided",
    "Interrupted": "The spot instance was taken back; the job waits for another one",
}


# Operations

_CHANNEL = "InputDataConfig[]"
_SOURCE = f"{_CHANNEL}.DataSource"


@operation(
    "sagemaker",
    "CreateTrainingJob",
    uses="TrainingJobName HyperParameters AlgorithmSpecification.TrainingImage "
    "AlgorithmSpecification.MetricDefinitions AlgorithmSpecification.ContainerEntrypoint "
    "AlgorithmSpecification.ContainerArguments InputDataConfig[].ChannelName "
    f"{_SOURCE}.S3DataSource.S3DataType {_SOURCE}.S3DataSource.S3Uri "
    f"{_SOURCE}.S3DataSource.S3DataDistributionType {_CHANNEL}.ContentType "
    "OutputDataConfig.S3OutputPath OutputDataConfig.CompressionType "
    "ResourceConfig.InstanceCount ResourceConfig.KeepAlivePeriodInSeconds "
    "StoppingCondition.MaxRuntimeInSeconds "
    "StoppingCondition.MaxWaitTimeInSeconds EnableManagedSpotTraining CheckpointConfig "
    "Environment Tags",
    refuses={
        "AlgorithmSpecification.AlgorithmName": "algorithms of the marketplace are not here.",
        "AlgorithmSpecification.TrainingInputMode=Pipe": "give File or FastFile.",
        f"{_CHANNEL}.InputMode=Pipe": "give File or FastFile.",
        f"{_CHANNEL}.RecordWrapperType=RecordIO": "records are not wrapped.",
        f"{_CHANNEL}.ShuffleConfig": "the keys of a channel keep their order.",
        f"{_SOURCE}.FileSystemDataSource": "there are no file systems; give S3DataSource.",
        f"{_SOURCE}.DatasetSource": "there are no data sets of the hub.",
        f"{_SOURCE}.S3DataSource.S3DataType=AugmentedManifestFile": "give S3Prefix.",
        f"{_SOURCE}.S3DataSource.S3DataType=Converse": "give S3Prefix.",
        "RetryStrategy": "nothing fails for reasons of the service here.",
        "ResourceConfig.InstanceGroups": "a job has one instance.",
        "ServerlessJobConfig": "jobs without an image are not here.",
        "ModelPackageConfig": "there is no model registry yet.",
    },
    differs=(
        "One instance, a process of this machine; its type and its disk are kept, without "
        "effect.",
        "`/opt/ml` is the folder in SAGEMAKER_BASE_DIR; the variables SM_... name its parts.",
        "FastFile copies like File, before the script starts.",
        "MaxRuntimeInSeconds, and all times of the job, are on the clock: at speed 60 a job of "
        "one second has run for a minute.",
        "Script mode installs nothing: requirements.txt is ignored.",
        "The bucket of the output has to exist when the job is created.",
        "Regular expressions of metrics are Python's; they see the first 4096 characters of a "
        "line. One that takes more than a second for a line is given up, and the log says so.",
        "The built-in XGBoost stores its model in XGBoost's own format, not as a pickle, and "
        "reads CSV and libsvm only.",
        "All logs of a job are in one stream, without a time in its name.",
        "There is always spot capacity, until `local.interrupt(job)`: the script gets SIGTERM, "
        "two minutes on the clock later SIGKILL; its folders are lost but for the checkpoints. "
        "After the seconds that the call names it starts again.",
        "With spot, BillableTimeInSeconds is the time in which an instance was held, without "
        "a discount; MaxRuntimeInSeconds holds for that time, all runs together. Assumptions.",
        "Checkpoints are copied to S3 each second that changed them, and when the script has "
        "ended; what it deletes stays in S3.",
        "A warm pool keeps the cache folder alone, which "
        "SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY names: there is no instance to wait for. "
        "Among several that match, the one that waited longest is taken; one ends with the "
        "server. Assumptions.",
        "Profiler, debugger, experiments and TensorBoard are kept, without effect.",
    ),
)
def create_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    check(context, request)
    return {"TrainingJobArn": begin(context, request)}


def check(context: Context, request: Mapping[str, Any]) -> None:
    """Raise an `ApiError` if a request that is valid cannot be carried out here."""
    site, specification = context.site, request["AlgorithmSpecification"]
    image = specification["TrainingImage"]
    runner = images.find(site, image)
    if not specification.get("ContainerEntrypoint") and not runner.has_script_mode:
        images.require(runner, "train", image)
    if request.get("ResourceConfig", {}).get("InstanceCount", 1) != 1:
        raise invalid(
            "ResourceConfig.InstanceCount: a job on this machine has one instance."
        )
    bucket, _ = split_uri(request["OutputDataConfig"]["S3OutputPath"])
    if not site.objects.has_bucket(bucket):
        raise invalid(f"S3OutputPath names the bucket {bucket}, which does not exist.")
    for metric in specification.get("MetricDefinitions", []):
        try:
            re.compile(metric["Regex"])
        except (re.error, OverflowError, RecursionError) as error:
            raise invalid(f"The Regex of metric {metric['Name']}: {error}.") from None
    if "CheckpointConfig" in request:
        checkpoints.check(site, request["CheckpointConfig"])
    tags.check(request.get("Tags") or [])


Hear = Callable[[str, float], None]
"""Gets name and value of each metric while a job runs."""


def begin(
    context: Context,
    request: Mapping[str, Any],
    *,
    tuning_job: str | None = None,
    hear: Hear | None = None,
) -> str:
    """Start a job whose request was checked and return its ARN.

    Parameters
    ----------
    context : Context
    request : mapping
        Of CreateTrainingJob.
    tuning_job : str, optional
        ARN of the tuning job to which it belongs.
    hear : callable, optional
    """
    site, name = context.site, request["TrainingJobName"]
    arn, now = context.arn(f"training-job/{name}"), site.clock.now()
    given = request.get("Tags") or []
    stopping = {"MaxRuntimeInSeconds": _DAY, **request.get("StoppingCondition", {})}
    body = {
        **{key: value for key, value in request.items() if key != "Tags"},
        "StoppingCondition": stopping,
        "TrainingJobArn": arn,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": now, "StatusMessage": _MESSAGES["Starting"]}
        ],
        "CreationTime": now,
        "LastModifiedTime": now,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        **({"TuningJobArn": tuning_job} if tuning_job else {}),
    }
    try:
        with site.state.transaction():
            site.state.add("TrainingJob", name, arn, body)
            tags.keep(context, arn, given)
            warm_pools.take(site, body)
    except Taken:
        raise ApiError(
            "ResourceInUse",
            f"Training job names must be unique within an AWS account and region, and a "
            f"training job with this name already exists ({arn})",
        ) from None
    running = site.jobs[arn] = Running()
    site.run(_run, site, name, arn, running, hear)
    return arn


@operation(
    "sagemaker",
    "DescribeTrainingJob",
    uses="TrainingJobName",
    waits_while=lambda answer: answer["TrainingJobStatus"] in RUNNING,
    differs=("Messages of the secondary status are this SageMaker's own words.",),
)
def describe_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return jobs.find(context, "TrainingJob", request["TrainingJobName"])


@operation(
    "sagemaker",
    "ListTrainingJobs",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals "
    "WarmPoolStatusEquals",
    refuses={"TrainingPlanArnEquals": "there are no training plans."},
)
def list_training_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    asked = request.get("WarmPoolStatusEquals")
    return listing(
        [
            job
            for job in context.site.state.all("TrainingJob")
            if asked in (None, job.get("WarmPoolStatus", {}).get("Status"))
        ],
        request,
        key="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
        summary=(
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
            "WarmPoolStatus",
        ),
        order="Ascending",
    )


@operation("sagemaker", "StopTrainingJob", uses="TrainingJobName")
def stop_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["TrainingJobName"]
    found = jobs.find(context, "TrainingJob", name)
    changed = _enter(site, name, "Stopping", only_from=("InProgress",))
    if changed is None:
        raise invalid(
            "The request was rejected because the training job is in status "
            f"{found['TrainingJobStatus']}."
        )
    running = site.jobs.get(found["TrainingJobArn"])
    if running is not None:
        running.stop(site)
    return {}


@operation(
    "sagemaker",
    "UpdateTrainingJob",
    uses="TrainingJobName ResourceConfig.KeepAlivePeriodInSeconds",
    refuses={
        "ProfilerConfig": "there is no profiler.",
        "ProfilerRuleConfigurations": "there is no profiler.",
        "RemoteDebugConfig": "a job is a process of this machine.",
    },
    differs=("The new period counts from the end of the job: an assumption.",),
)
def update_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["TrainingJobName"]
    found = jobs.find(context, "TrainingJob", name)
    status = found.get("WarmPoolStatus", {}).get("Status")
    if found["TrainingJobStatus"] != "InProgress" and status != "Available":
        raise invalid(
            f"The training job is {found['TrainingJobStatus']} and retains no warm pool."
        )
    resources = {**found["ResourceConfig"], **request.get("ResourceConfig", {})}
    if resources.get("KeepAlivePeriodInSeconds") and found.get("EnableManagedSpotTraining"):
        raise invalid("ResourceConfig.KeepAlivePeriodInSeconds: spot has no warm pool.")
    site.state.change("TrainingJob", name, {"ResourceConfig": resources})
    warm_pools.settle(site, name)
    return {"TrainingJobArn": found["TrainingJobArn"]}


@operation("sagemaker", "DeleteTrainingJob", uses="TrainingJobName")
def delete_training_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = jobs.find(context, "TrainingJob", request["TrainingJobName"])
    if found["TrainingJobStatus"] in RUNNING:
        raise ApiError("ResourceInUse", "The training job is still running; stop it first.")
    if found.get("WarmPoolStatus", {}).get("Status") == "Available":
        raise ApiError(
            "ResourceInUse",
            "The training job retains a warm pool; UpdateTrainingJob with "
            "KeepAlivePeriodInSeconds 0 ends it.",
        )
    context.site.state.remove("TrainingJob", request["TrainingJobName"])
    return {}


# Status


def _enter(
    site: Site,
    name: str,
    secondary: str,
    *,
    status: str | None = None,
    only_from: tuple[str, ...] = RUNNING,
    message: str | None = None,
    **changes: Any,
) -> dict[str, Any] | None:
    """Move a job on: the last transition ends and a new one begins."""
    state, now = site.state, site.clock.now()
    with state.transaction():
        job = state.get("TrainingJob", name)
        if job is None or job["TrainingJobStatus"] not in only_from:
            return None
        if secondary == "Stopping":
            status = "Stopping"
        elif status is None:
            # A job that is being stopped goes on to upload what it has; it stays Stopping.
            status = job["TrainingJobStatus"]
        transitions = job["SecondaryStatusTransitions"]
        if "EndTime" not in transitions[-1]:
            transitions[-1]["EndTime"] = now
        entry = {
            "Status": secondary,
            "StartTime": now,
            "StatusMessage": message or _MESSAGES[secondary],
        }
        if status not in RUNNING:
            entry["EndTime"] = now
        return state.change(
            "TrainingJob",
            name,
            {
                "TrainingJobStatus": status,
                "SecondaryStatus": secondary,
                "SecondaryStatusTransitions": [*transitions, entry],
                "LastModifiedTime": now,
                **changes,
            },
        )


# The job itself


def _run(site: Site, name: str, arn: str, running: Running, hear: Hear | None) -> None:
    """Carry a job from Starting to its end."""
    job = site.state.get("TrainingJob", name)
    assert job is not None
    folder = site.folder / "jobs" / f"train.{name}"
    shutil.rmtree(folder, ignore_errors=True)
    ml = folder / "opt" / "ml"
    watch: Watch | None = None
    end: dict[str, Any] = {}
    status = secondary = "Failed"
    begun = begun_run = site.clock.now()
    held = 0.0
    cancel = _end_by_wait_time(site, job, running)
    try:
        watch = Watch(site, job, hear)
        warm = warm_pools.variables(site, job)
        while True:
            begun_run = site.clock.now()
            _enter(site, name, "Downloading", TrainingStartTime=begun)
            command, environment = _prepare(site, job, ml)
            environment = warm | environment
            with checkpoints.Checkpoints(site, job.get("CheckpointConfig"), ml):
                code = None
                if not running.stopping.is_set():
                    _enter(site, name, "Training")
                    until = begun_run + _longest(job) - held
                    code = _execute(
                        site, job, running, watch, command, environment, ml, until
                    )
            was_interrupted = running.interrupted and not running.stopping.is_set()
            if not was_interrupted or site.closing.is_set():
                break
            held += site.clock.now() - begun_run
            begun_run = site.clock.now()
            shutil.rmtree(folder, ignore_errors=True)
            if not _wait_for_capacity(site, name, running):
                break
        if not was_interrupted and not running.stopping.is_set() and code != 0:
            raise JobFailed(_reason(site, name, ml, code))
        if ml.exists():
            _enter(site, name, "Uploading")
            end["ModelArtifacts"] = {"S3ModelArtifacts": _upload(site, job, ml)}
        if running.out_of_wait:
            status, secondary = "Stopped", "MaxWaitTimeExceeded"
        elif running.out_of_time:
            status, secondary = "Stopped", "MaxRuntimeExceeded"
        elif running.stopping.is_set():
            status, secondary = "Stopped", "Stopped"
        else:
            status = secondary = "Completed"
    except JobFailed as error:
        end["FailureReason"] = str(error)[:_REASON]
    except ApiError as error:
        end["FailureReason"] = f"ClientError: {error.message}"[:_REASON]
    except (ValueError, OSError) as error:
        end["FailureReason"] = f"ClientError: {error}"[:_REASON]
    except Exception as error:
        end["FailureReason"] = f"InternalServerError: {error!r}"[:_REASON]
        raise
    finally:
        cancel()
        if watch is not None:
            watch.close()
        site.logs.flush()
        ended = site.clock.now()
        if ml.exists():
            held += ended - begun_run
        lost = end.get("FailureReason", "").startswith("InternalServerError")
        if not site.closing.is_set():
            # Whoever sees that the job has ended finds its lineage too.
            with site.state.transaction():
                done = _enter(
                    site,
                    name,
                    secondary,
                    status=status,
                    message=end.get("FailureReason"),
                    TrainingEndTime=ended,
                    TrainingTimeInSeconds=max(1, math.ceil(ended - begun)),
                    BillableTimeInSeconds=max(1, math.ceil(held)),
                    FinalMetricDataList=(watch.final() if watch else []) or None,
                    WarmPoolStatus=warm_pools.at_end(site, name, lost=lost),
                    **end,
                )
                if done is not None:
                    lineage.of_training_job(site, done)
            warm_pools.settle(site, name)
        site.jobs.pop(arn, None)
        shutil.rmtree(folder, ignore_errors=True)


# Spot


def interrupt(site: Site, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Take the instance of a job with managed spot training away, for a while.

    `asked` has the job's name under ``job``, and under ``seconds`` how long on the clock no
    other instance is free.
    """
    name, seconds = str(asked.get("job", "")), seconds_of(asked, "seconds")
    job = site.state.get("TrainingJob", name)
    if job is None:
        raise ValueError(f"There is no training job {name}.")
    if not job.get("EnableManagedSpotTraining"):
        raise ValueError(
            f"{name} runs on demand; only EnableManagedSpotTraining can lose it."
        )
    running = site.jobs.get(job["TrainingJobArn"])
    if running is None or not running.interrupt(site, seconds):
        raise ValueError(
            f"{name} is in status {job['SecondaryStatus']}; it can be interrupted in Training."
        )
    return {}


def _wait_for_capacity(site: Site, name: str, running: Running) -> bool:
    """Wait until there is an instance again; say whether the job goes on."""
    _enter(site, name, "Interrupted")
    due = site.clock.now() + running.seconds_away
    running.interrupted = False
    back = threading.Event()
    cancel = site.clock.call_at(due, back.set)
    while not (back.is_set() or running.stopping.is_set() or site.closing.is_set()):
        back.wait(_POLL)
    cancel()
    if running.stopping.is_set() or site.closing.is_set():
        return False
    _enter(site, name, "Starting")
    return True


def _end_by_wait_time(
    site: Site, job: Mapping[str, Any], running: Running
) -> Callable[[], None]:
    """Stop a job that has not ended by MaxWaitTimeInSeconds; return what cancels this."""
    seconds = job["StoppingCondition"].get("MaxWaitTimeInSeconds")
    if seconds is None:
        return lambda: None

    def out_of_wait() -> None:
        running.out_of_wait = True
        running.stop(site)

    return site.clock.call_at(job["CreationTime"] + seconds, out_of_wait)


class Watch:
    """Hears a job's output: keeps the log, finds the metrics."""

    def __init__(self, site: Site, job: Mapping[str, Any], hear: Hear | None):
        self._site, self._hear = site, hear
        self._stream = f"{job['TrainingJobName']}/{_HOST}"
        specification = job["AlgorithmSpecification"]
        self._own = images.find(site, specification["TrainingImage"]).metrics
        self._patterns = Patterns(
            specification.get("MetricDefinitions", []),
            lambda line: site.logs.write(GROUP, self._stream, line),
        )
        self._last: dict[str, dict[str, Any]] = {}

    def __call__(self, line: str) -> None:
        self._site.logs.write(GROUP, self._stream, line)
        text = line[:_LONGEST_SEARCHED]
        found = [] if self._own is None else self._own(text)
        for name, value in self._patterns.search(text):
            with contextlib.suppress(ValueError):
                found.append((name, float(value)))
        now = self._site.clock.now()
        for name, number in found:
            # JSON, and with it SageMaker's answer, has no infinity.
            if math.isfinite(number):
                self._last[name] = {"MetricName": name, "Value": number, "Timestamp": now}
                if self._hear is not None:
                    self._hear(name, number)

    def close(self) -> None:
        """Say that no more lines come."""
        self._patterns.close()

    def final(self) -> list[dict[str, Any]]:
        """Return the last value of each metric."""
        return list(self._last.values())


def _prepare(
    site: Site, job: Mapping[str, Any], ml: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Fill the job's folders; return its command and environment."""
    for part in ("input/config", "input/data", "model", "code", "output/data"):
        (ml / part).mkdir(parents=True)
    channels = job.get("InputDataConfig", [])
    for channel in channels:
        target = ml / "input" / "data" / channel["ChannelName"]
        target.mkdir()
        source = channel["DataSource"]["S3DataSource"]
        download(site, source, target, what=f"channel {channel['ChannelName']}")
    _write_configuration(job, ml / "input" / "config")
    given = job.get("HyperParameters", {})
    specification = job["AlgorithmSpecification"]
    runner = images.find(site, specification["TrainingImage"])
    program = _plain(given.get("sagemaker_program", ""))
    arguments = [
        text
        for key, value in sorted(given.items())
        if not _is_own(key)
        for text in (f"--{key}", _plain(value))
    ]
    if specification.get("ContainerEntrypoint"):
        command = (
            *specification["ContainerEntrypoint"],
            *specification.get("ContainerArguments", ["train"]),
        )
    elif program and runner.has_script_mode:
        source = _plain(given.get("sagemaker_submit_directory", ""))
        if not source.startswith("s3://"):
            raise JobFailed(
                "ClientError: sagemaker_submit_directory names no archive in S3; it holds the "
                "script that sagemaker_program names."
            )
        found, file = site.objects.open(*split_uri(source))
        file.close()
        archives.unpack(found.path, ml / "code", what=source)
        if not (ml / "code" / program).is_file():
            raise JobFailed(f"ClientError: {source} holds no script {program}.")
        command = images.script(str(ml / "code" / program), arguments)
    elif runner.needs_script:
        raise JobFailed(
            f"ClientError: {runner.name} trains with a script: name it in the hyperparameter "
            "sagemaker_program, its archive in sagemaker_submit_directory."
        )
    else:
        command = images.require(runner, "train", specification["TrainingImage"])
    environment = {
        **site.environment,
        **_variables(job, ml, program, arguments),
        **job.get("Environment", {}),
    }
    return command, environment


def _is_own(hyperparameter: str) -> bool:
    """Whether the training toolkit keeps a hyperparameter from the script."""
    return hyperparameter.startswith("sagemaker_") or hyperparameter == OBJECTIVE


def _plain(value: str) -> str:
    """Return a hyperparameter as a script sees it: the SDK writes texts as JSON."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, str) else value


def _typed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _write_configuration(job: Mapping[str, Any], folder: Path) -> None:
    default = job["AlgorithmSpecification"]["TrainingInputMode"]
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", default),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in job.get("InputDataConfig", [])
    }
    for name, value in {
        "hyperparameters": job.get("HyperParameters", {}),
        "inputdataconfig": channels,
        "resourceconfig": _resources(job),
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")


def _resources(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "current_host": _HOST,
        "hosts": [_HOST],
        "network_interface_name": "lo",
        "current_instance_type": job.get("ResourceConfig", {}).get("InstanceType", "local"),
    }


def _variables(
    job: Mapping[str, Any], ml: Path, program: str, arguments: list[str]
) -> dict[str, str]:
    """Return the variables of the training toolkit, with the folders of this job."""
    given = {
        key: _typed(value)
        for key, value in job.get("HyperParameters", {}).items()
        if not _is_own(key)
    }
    resources = _resources(job)
    channels = {
        channel["ChannelName"]: str(ml / "input" / "data" / channel["ChannelName"])
        for channel in job.get("InputDataConfig", [])
    }
    configuration = ml / "input" / "config"
    found = {
        "SM_MODEL_DIR": str(ml / "model"),
        "SM_CHANNELS": json.dumps(sorted(channels)),
        **{f"SM_CHANNEL_{name.upper()}": path for name, path in channels.items()},
        "SM_HPS": json.dumps(given),
        **{f"SM_HP_{name.upper()}": _plain(str(v)) for name, v in _texts(given).items()},
        "SM_USER_ARGS": json.dumps(arguments),
        "SM_CURRENT_HOST": _HOST,
        "SM_HOSTS": json.dumps([_HOST]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_NETWORK_INTERFACE_NAME": "lo",
        "SM_INPUT_DIR": str(ml / "input"),
        "SM_INPUT_CONFIG_DIR": str(configuration),
        "SM_INPUT_DATA_CONFIG": (configuration / "inputdataconfig.json").read_text("utf-8"),
        "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_OUTPUT_DIR": str(ml / "output"),
        "SM_OUTPUT_DATA_DIR": str(ml / "output" / "data"),
        "SM_OUTPUT_INTERMEDIATE_DIR": str(ml / "output" / "intermediate"),
        "SM_MODULE_DIR": str(ml / "code"),
        "SM_MODULE_NAME": Path(program).stem,
        "SM_USER_ENTRY_POINT": program,
        "SM_FRAMEWORK_MODULE": "",
        "SM_FRAMEWORK_PARAMS": "{}",
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": json.dumps([_HOST]),
        "SM_INSTANCE_GROUPS": json.dumps(["homogeneousCluster"]),
        "SM_INSTANCE_GROUPS_DICT": "{}",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_IS_HETERO": "false",
    }
    whole = {
        "channel_input_dirs": channels,
        "current_host": _HOST,
        "hosts": [_HOST],
        "hyperparameters": given,
        "job_name": job["TrainingJobName"],
        "model_dir": str(ml / "model"),
        "output_data_dir": str(ml / "output" / "data"),
        "user_entry_point": program,
    }
    return {
        **found,
        "SM_TRAINING_ENV": json.dumps(whole),
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
        "SAGEMAKER_BASE_DIR": str(ml),
        "PYTHONUNBUFFERED": "1",
    }


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}


def _execute(
    site: Site,
    job: Mapping[str, Any],
    running: Running,
    watch: Watch,
    command: tuple[str, ...],
    environment: Mapping[str, str],
    ml: Path,
    until: float,
) -> int | None:
    """Run the command to its end, at most `until` on the clock; return the exit code."""
    process = Process(
        command,
        folder=ml.parent.parent,
        cwd=ml / "code",
        environment=environment,
        on_line=watch,
    )
    return running.to_end(site, process, until=until)


def _longest(job: Mapping[str, Any]) -> float:
    return float(job["StoppingCondition"]["MaxRuntimeInSeconds"])


def _reason(site: Site, name: str, ml: Path, code: int | None) -> str:
    failure = ml / "output" / "failure"
    if failure.is_file():
        with open(failure, encoding="utf-8", errors="replace") as file:
            return f"AlgorithmError: {file.read(_REASON)}"
    last = site.logs.last_line(GROUP, f"{name}/{_HOST}")
    said = f" Its last words: {last}" if last else ""
    return f"AlgorithmError: the command ended with exit code {code}.{said}"


def _upload(site: Site, job: Mapping[str, Any], ml: Path) -> str:
    """Store the model and the other output in S3; return the model's address."""
    config = job["OutputDataConfig"]
    bucket, prefix = split_uri(config["S3OutputPath"])
    base = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    base += f"{job['TrainingJobName']}/output/"
    compressed = config.get("CompressionType", "GZIP") == "GZIP"
    for folder, name in ((ml / "output" / "data", "output"), (ml / "model", "model")):
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        if not files and name == "output":
            continue
        if compressed:
            packed = ml / f"{name}.tar.gz"
            archives.pack(folder, packed)
            with open(packed, "rb") as file:
                site.objects.put(bucket, f"{base}{name}.tar.gz", file)
        else:
            for path in files:
                key = f"{base}{name}/{path.relative_to(folder).as_posix()}"
                with open(path, "rb") as file:
                    site.objects.put(bucket, key, file)
    return f"s3://{bucket}/{base}model" + (".tar.gz" if compressed else "/")


# Begin and end


def recover(site: Site) -> None:
    """Say of the jobs that a server left running that they have failed."""
    shutil.rmtree(site.folder / "jobs", ignore_errors=True)
    warm_pools.recover(site)
    reason = "InternalServerError: the server on this machine ended while the job ran."
    for job in site.state.all("TrainingJob"):
        if job["TrainingJobStatus"] in RUNNING:
            now = site.clock.now()
            seconds = max(1, math.ceil(now - job.get("TrainingStartTime", now)))
            _enter(
                site,
                job["TrainingJobName"],
                "Failed",
                status="Failed",
                message=reason,
                FailureReason=reason,
                TrainingEndTime=now,
                TrainingTimeInSeconds=seconds,
                BillableTimeInSeconds=seconds,
            )


def close(site: Site) -> None:
    """End all jobs at once; the next server says that they failed."""
    processes = [job.process for job in list(site.jobs.values()) if job.process is not None]
    for process in processes:
        process.kill()
    for process in processes:
        process.wait(5.0)
