"""Processing jobs: a command over folders that come from S3 and go back to it."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labs_lib.sagemaker import images, jobs, lineage, tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.jobs import JobFailed, Running, download
from labs_lib.sagemaker.objects import local_path, split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.processes import Process
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

GROUP = "/aws/sagemaker/ProcessingJobs"
ROOT = "/opt/ml/processing"
"""Where a request's LocalPath lies; here it is a folder of the job's own."""

_DAY = 24 * 3600
_REASON = 1024
_INPUT = "ProcessingInputs[]"
_OUTPUT = "ProcessingOutputConfig.Outputs[]"


@operation(
    "sagemaker",
    "CreateProcessingJob",
    uses="ProcessingJobName ProcessingInputs[].InputName "
    f"{_INPUT}.S3Input.S3Uri {_INPUT}.S3Input.LocalPath {_INPUT}.S3Input.S3DataType "
    f"{_OUTPUT}.OutputName {_OUTPUT}.S3Output.S3Uri {_OUTPUT}.S3Output.LocalPath "
    "AppSpecification.ImageUri AppSpecification.ContainerEntrypoint "
    "AppSpecification.ContainerArguments Environment "
    "StoppingCondition.MaxRuntimeInSeconds Tags",
    refuses={
        f"{_INPUT}.DatasetDefinition": "there is no Athena and no Redshift; give S3Input.",
        f"{_INPUT}.S3Input.S3InputMode=Pipe": "give File.",
        f"{_INPUT}.S3Input.S3CompressionType=Gzip": "files are copied as they are.",
        f"{_OUTPUT}.FeatureStoreOutput": "give S3Output.",
    },
    differs=(
        "One instance, a process of this machine; its type and its disk are kept, without "
        "effect.",
        "`/opt/ml` is the folder in SAGEMAKER_BASE_DIR. Where the entry point, its arguments "
        "or the environment name `/opt/ml/processing`, the job's own folder is put; inside a "
        "script it is not: take the paths as arguments.",
        "`python` and `python3` as the entry point are the interpreter of the course.",
        "ContainerEntrypoint is needed: but for Model Monitor's analyzer, an image has no "
        "command of its own to process.",
        "Continuous outputs are stored at the end, as EndOfJob; those of a job that failed are "
        "not stored.",
    ),
)
def create_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["ProcessingJobName"]
    application = request["AppSpecification"]
    runner = images.find(site, application["ImageUri"])
    if not application.get("ContainerEntrypoint") and runner.process is None:
        raise invalid(
            "AppSpecification.ContainerEntrypoint is missing: name the command, for instance "
            '["python3", "/opt/ml/processing/input/code/run.py"].'
        )
    if request["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1) != 1:
        raise invalid("InstanceCount: a job on this machine has one instance.")
    for _, place in _places(request):
        _inside(Path(), place["LocalPath"])
        bucket, _ = split_uri(place["S3Uri"])
        if not site.objects.has_bucket(bucket):
            raise invalid(
                f"{place['S3Uri']} names the bucket {bucket}, which does not exist."
            )
    arn, now = context.arn(f"processing-job/{name}"), site.clock.now()
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {
        **request,
        "StoppingCondition": {"MaxRuntimeInSeconds": _DAY}
        | request.get("StoppingCondition", {}),
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    try:
        with site.state.transaction():
            site.state.add("ProcessingJob", name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise ApiError(
            "ResourceInUse",
            f"A processing job with the name {name} already exists ({arn}).",
        ) from None
    running = site.jobs[arn] = Running()
    site.run(_run, site, name, arn, running)
    return {"ProcessingJobArn": arn}


def _places(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the S3 half of every input and output, refusing what lacks one."""
    for item in request.get("ProcessingInputs") or []:
        place = item.get("S3Input")
        if place is None or "LocalPath" not in place:
            raise invalid(f"Input {item['InputName']} needs S3Input with LocalPath.")
        yield item["InputName"], place
    yield from _outputs(request)


def _outputs(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in (request.get("ProcessingOutputConfig") or {}).get("Outputs", []):
        place = item.get("S3Output")
        if place is None or "LocalPath" not in place:
            raise invalid(f"Output {item['OutputName']} needs S3Output with LocalPath.")
        yield item["OutputName"], place


def output_uri(job: Mapping[str, Any], name: str) -> str | None:
    """Return the address of a job's output of this name, if it has one."""
    return next((p["S3Uri"] for n, p in _outputs(job) if n == name), None)


def _inside(root: Path, path: str) -> Path:
    """Return where a LocalPath of a request is below the job's folder."""
    relative = path.removeprefix(ROOT).strip("/")
    if not (path == ROOT or path.startswith(f"{ROOT}/")) or not relative:
        raise invalid(f"LocalPath is {path!r}, expected a folder below {ROOT}.")
    try:
        return local_path(root, relative)
    except ValueError as error:
        raise invalid(f"LocalPath: {error}.") from None


@operation(
    "sagemaker",
    "DescribeProcessingJob",
    uses="ProcessingJobName",
    waits_while=lambda answer: answer["ProcessingJobStatus"] in jobs.RUNNING,
)
def describe_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return jobs.find(context, "ProcessingJob", request["ProcessingJobName"])


@operation(
    "sagemaker",
    "ListProcessingJobs",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals",
)
def list_processing_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("ProcessingJob"),
        request,
        key="ProcessingJobSummaries",
        name="ProcessingJobName",
        status="ProcessingJobStatus",
        summary=(
            "ProcessingJobName",
            "ProcessingJobArn",
            "CreationTime",
            "ProcessingEndTime",
            "LastModifiedTime",
            "ProcessingJobStatus",
            "FailureReason",
            "ExitMessage",
        ),
        order="Ascending",
    )


@operation("sagemaker", "StopProcessingJob", uses="ProcessingJobName")
def stop_processing_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["ProcessingJobName"]
    found = jobs.stopping(context, "ProcessingJob", name, "processing job")
    running = site.jobs.get(found["ProcessingJobArn"])
    if running is not None:
        running.stop(site)
    return {}


# The job itself


def _run(site: Site, name: str, arn: str, running: Running) -> None:
    job = site.state.get("ProcessingJob", name)
    assert job is not None
    folder = site.folder / "jobs" / f"process.{name}"
    shutil.rmtree(folder, ignore_errors=True)
    ml = folder / "opt" / "ml"
    end: dict[str, Any] = {}
    status = "Failed"
    begun = site.clock.now()
    try:
        site.state.change("ProcessingJob", name, {"ProcessingStartTime": begun})
        command, environment = _prepare(site, job, ml)
        code: int | None = None
        if not running.stopping.is_set():
            code = _execute(site, job, running, command, environment, ml, begun)
        end["ExitMessage"] = _message(ml)
        if running.stopping.is_set():
            status = "Stopped"
        elif code != 0:
            raise JobFailed(_reason(site, name, code))
        else:
            _upload(site, job, ml)
            status = "Completed"
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
        site.logs.flush()
        if not site.closing.is_set():
            ended = site.clock.now()
            # Whoever sees that the job has ended finds its lineage too.
            with site.state.transaction():
                done = jobs.settle(
                    site, "ProcessingJob", name, status, ProcessingEndTime=ended, **end
                )
                if done is not None:
                    lineage.of_processing_job(site, done)
        site.jobs.pop(arn, None)
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(
    site: Site, job: Mapping[str, Any], ml: Path
) -> tuple[list[str], dict[str, str]]:
    """Fill the job's folders; return its command and environment."""
    root = ml / "processing"
    for part in (root, ml / "config", ml / "output"):
        part.mkdir(parents=True)
    for item in job.get("ProcessingInputs") or []:
        target = _inside(root, item["S3Input"]["LocalPath"])
        target.mkdir(parents=True, exist_ok=True)
        download(site, item["S3Input"], target, what=f"input {item['InputName']}")
    for _, place in _outputs(job):
        _inside(root, place["LocalPath"]).mkdir(parents=True, exist_ok=True)
    host = {"current_host": "algo-1", "hosts": ["algo-1"]}
    for name, value in (("processingjobconfig", dict(job)), ("resourceconfig", host)):
        text = json.dumps(value)
        (ml / "config" / f"{name}.json").write_text(text, encoding="utf-8")
    application = job["AppSpecification"]
    own = images.find(site, application["ImageUri"]).process
    words = [
        *(application.get("ContainerEntrypoint") or own or ()),
        *application.get("ContainerArguments", []),
    ]
    command = [word.replace(ROOT, str(root)) for word in words]
    if command[0] in ("python", "python3"):
        command[:1] = [sys.executable, "-u"]
    given = {k: v.replace(ROOT, str(root)) for k, v in job.get("Environment", {}).items()}
    environment = {
        **site.environment,
        "PROCESSING_JOB_NAME": job["ProcessingJobName"],
        "PROCESSING_JOB_ARN": job["ProcessingJobArn"],
        "SAGEMAKER_BASE_DIR": str(ml),
        "PYTHONUNBUFFERED": "1",
        **given,
    }
    return command, environment


def _execute(
    site: Site,
    job: Mapping[str, Any],
    running: Running,
    command: list[str],
    environment: Mapping[str, str],
    ml: Path,
    begun: float,
) -> int | None:
    stream = f"{job['ProcessingJobName']}/algo-1"
    process = Process(
        command,
        folder=ml.parent.parent,
        cwd=ml / "processing",
        environment=environment,
        on_line=lambda line: site.logs.write(GROUP, stream, line),
    )
    limit = job["StoppingCondition"]["MaxRuntimeInSeconds"]
    return running.to_end(site, process, until=begun + limit)


def _message(ml: Path) -> str | None:
    file = ml / "output" / "message"
    if not file.is_file():
        return None
    with open(file, encoding="utf-8", errors="replace") as text:
        return text.read(_REASON)


def _reason(site: Site, name: str, code: int | None) -> str:
    last = site.logs.last_line(GROUP, f"{name}/algo-1")
    said = f" Its last words: {last}" if last else ""
    return f"AlgorithmError: the command ended with exit code {code}.{said}"


def _upload(site: Site, job: Mapping[str, Any], ml: Path) -> None:
    """Store what lies in the folders of the outputs."""
    for _, place in _outputs(job):
        folder = _inside(ml / "processing", place["LocalPath"])
        bucket, prefix = split_uri(place["S3Uri"])
        base = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with open(path, "rb") as file:
                    key = base + path.relative_to(folder).as_posix()
                    site.objects.put(bucket, key, file)


# Begin


def recover(site: Site) -> None:
    """Say of the jobs that a server left running that they have failed."""
    for job in site.state.all("ProcessingJob"):
        if job["ProcessingJobStatus"] in jobs.RUNNING:
            jobs.settle(
                site,
                "ProcessingJob",
                job["ProcessingJobName"],
                "Failed",
                ProcessingEndTime=site.clock.now(),
                FailureReason="InternalServerError: the server on this machine ended while "
                "the job ran.",
            )
