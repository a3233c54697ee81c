"""Batch transform: objects of S3 through a model, and back to S3."""

import gzip
import http.client
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from labs_lib.sagemaker import deployments, jobs, lineage, models, records, tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.jobs import JobFailed, list_keys
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken
from labs_lib.sagemaker.workers import Container, Fleet, StartFailed, Worker

GROUP = "/aws/sagemaker/TransformJobs"
_MEGABYTE = 1024 * 1024
_SOURCE = "TransformInput.DataSource.S3DataSource"


@dataclass(eq=False)
class Run:
    """A job that runs in this process."""

    stopping: threading.Event = field(default_factory=threading.Event)
    fleet: Fleet | None = None


@operation(
    "sagemaker",
    "CreateTransformJob",
    uses="TransformJobName ModelName MaxConcurrentTransforms MaxPayloadInMB BatchStrategy "
    f"Environment {_SOURCE}.S3DataType {_SOURCE}.S3Uri TransformInput.ContentType "
    "TransformInput.CompressionType TransformInput.SplitType TransformOutput.S3OutputPath "
    "TransformOutput.Accept TransformOutput.AssembleWith DataProcessing.InputFilter "
    "DataProcessing.OutputFilter DataProcessing.JoinSource "
    "ModelClientConfig.InvocationsTimeoutInSeconds "
    "ModelClientConfig.InvocationsMaxRetries Tags",
    refuses={
        f"{_SOURCE}.S3DataType=AugmentedManifestFile": "give S3Prefix.",
        f"{_SOURCE}.S3DataType=Converse": "give S3Prefix.",
        "TransformInput.SplitType=RecordIO": "give Line or None.",
        "TransformInput.SplitType=TFRecord": "give Line or None.",
        "DataCaptureConfig": "data capture is not here yet.",
    },
    differs=(
        "One instance, a process of this machine; its type is kept, without effect.",
        "A request is tried again after a status of 500 or more, and not after a timeout.",
        "Filters are $, .name, ['name'], [0], [0,2] and [1:].",
        "GET /execution-parameters is not asked.",
        "The timeout of a request is in real seconds.",
    ),
)
def create_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["TransformJobName"]
    if request["TransformResources"]["InstanceCount"] != 1:
        raise invalid("InstanceCount: a job on this machine has one instance.")
    model = models.require(context, "Model", "model", request["ModelName"])
    if models.container_of(model).get("Mode") == "MultiModel":
        raise invalid(f"Model {request['ModelName']} is a container of many models.")
    for uri in (
        request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"],
        request["TransformOutput"]["S3OutputPath"],
    ):
        bucket, _ = split_uri(uri)
        if not site.objects.has_bucket(bucket):
            raise invalid(f"{uri} names the bucket {bucket}, which does not exist.")
    try:
        _check_processing(request)
    except ValueError as error:
        raise invalid(f"DataProcessing: {error}.") from None
    arn, now = context.arn(f"transform-job/{name}"), site.clock.now()
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": 6,
        "BatchStrategy": "MultiRecord",
        **request,
        "TransformJobArn": arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    try:
        with site.state.transaction():
            site.state.add("TransformJob", name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise ApiError(
            "ResourceInUse", f"A transform job with the name {name} already exists ({arn})."
        ) from None
    run = site.transforms[arn] = Run()
    site.run(_run, site, name, arn, run)
    return {"TransformJobArn": arn}


def _check_processing(request: Mapping[str, Any]) -> None:
    """Raise a ValueError if records cannot be filtered or joined as asked."""
    asked = request.get("DataProcessing") or {}
    for name in ("InputFilter", "OutputFilter"):
        records.check_path(asked.get(name, "$"))
    if not _takes_apart(asked):
        return
    records.kind_of(request["TransformInput"].get("ContentType"))
    if request["TransformInput"].get("SplitType") != "Line":
        raise ValueError("filters and JoinSource need SplitType Line")
    assembled = request["TransformOutput"].get("AssembleWith")
    if asked.get("JoinSource") == "Input" and assembled != "Line":
        raise ValueError("JoinSource Input needs AssembleWith Line")


def _takes_apart(asked: Mapping[str, Any]) -> bool:
    filters = {asked.get("InputFilter", "$"), asked.get("OutputFilter", "$")}
    return filters != {"$"} or asked.get("JoinSource") == "Input"


@operation(
    "sagemaker",
    "DescribeTransformJob",
    uses="TransformJobName",
    waits_while=lambda answer: answer["TransformJobStatus"] in jobs.RUNNING,
)
def describe_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return jobs.find(context, "TransformJob", request["TransformJobName"])


@operation(
    "sagemaker",
    "ListTransformJobs",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals",
)
def list_transform_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("TransformJob"),
        request,
        key="TransformJobSummaries",
        name="TransformJobName",
        status="TransformJobStatus",
        summary=(
            "TransformJobName",
            "TransformJobArn",
            "CreationTime",
            "TransformEndTime",
            "LastModifiedTime",
            "TransformJobStatus",
            "FailureReason",
        ),
    )


@operation("sagemaker", "StopTransformJob", uses="TransformJobName")
def stop_transform_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["TransformJobName"]
    found = jobs.stopping(context, "TransformJob", name, "transform job")
    run = site.transforms.get(found["TransformJobArn"])
    if run is not None:
        run.stopping.set()
        if run.fleet is not None:
            run.fleet.kill()
    return {}


def _run(site: Site, name: str, arn: str, run: Run) -> None:
    job = site.state.get("TransformJob", name)
    assert job is not None
    folder = site.folder / "jobs" / f"transform.{name}"
    status = "Failed"
    end: dict[str, Any] = {}
    try:
        site.state.change("TransformJob", name, {"TransformStartTime": site.clock.now()})
        model = site.state.get("Model", job["ModelName"])
        if model is None:
            raise JobFailed(f"ClientError: the model {job['ModelName']} was deleted.")
        container = dict(models.container_of(model))
        container["Environment"] = {
            **container.get("Environment", {}),
            **_batch_environment(job),
            **job.get("Environment", {}),
        }
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "model").mkdir(parents=True)
        command, environment = deployments.prepare(site, container, folder)
        run.fleet = Fleet(
            Container(command, folder, environment, 600.0),
            1,
            lambda number, line: site.logs.write(GROUP, f"{name}/worker-{number}", line),
        )
        if run.stopping.is_set():
            run.fleet.kill()
        run.fleet.start()
        _transform(site, job, run)
        status = "Completed"
    except StartFailed as error:
        end["FailureReason"] = f"ClientError: the container did not start: {error}."
    except JobFailed as error:
        end["FailureReason"] = str(error)
    except ApiError as error:
        end["FailureReason"] = f"ClientError: {error.message}"
    except (ValueError, OSError, EOFError) as error:
        end["FailureReason"] = f"ClientError: {error}"
    finally:
        if run.fleet is not None:
            run.fleet.kill()
            run.fleet.close(site.clock)
        shutil.rmtree(folder, ignore_errors=True)
        site.logs.flush()
        if run.stopping.is_set():
            status, end = "Stopped", {}
        if not site.closing.is_set():
            if "FailureReason" in end:
                end["FailureReason"] = end["FailureReason"][:1024]
            with site.state.transaction():
                done = jobs.settle(
                    site,
                    "TransformJob",
                    name,
                    status,
                    TransformEndTime=site.clock.now(),
                    **end,
                )
                if done is not None:
                    lineage.of_transform_job(site, done)
        site.transforms.pop(arn, None)


def _batch_environment(job: Mapping[str, Any]) -> dict[str, str]:
    strategy = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(job["MaxPayloadInMB"]),
        "SAGEMAKER_BATCH_STRATEGY": strategy[job["BatchStrategy"]],
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(job["MaxConcurrentTransforms"]),
    }


def _transform(site: Site, job: Mapping[str, Any], run: Run) -> None:
    """Send every object through the worker; what is done is stored, object by object."""
    source = job["TransformInput"]["DataSource"]["S3DataSource"]
    bucket, prefix = split_uri(source["S3Uri"])
    keys = list_keys(site, bucket, prefix, source["S3DataType"])
    if not keys:
        raise JobFailed(f"ClientError: there are no objects under {source['S3Uri']}.")
    out_bucket, out_prefix = split_uri(job["TransformOutput"]["S3OutputPath"])
    base = f"{out_prefix.rstrip('/')}/" if out_prefix.strip("/") else ""
    assert run.fleet is not None
    (worker,) = run.fleet.workers
    count = max(1, job["MaxConcurrentTransforms"])
    with ThreadPoolExecutor(count) as pool:
        for key, relative in keys:
            data = site.objects.read(bucket, key)
            if job["TransformInput"].get("CompressionType") == "Gzip":
                data = gzip.decompress(data)
            try:
                result = _of_object(job, data, worker, pool, run)
            except (ValueError, JobFailed) as error:
                text = str(error).removeprefix("ClientError: ")
                raise JobFailed(f"ClientError: s3://{bucket}/{key}: {text}.") from None
            site.objects.put(out_bucket, f"{base}{relative}.out", result)


def _of_object(
    job: Mapping[str, Any], data: bytes, worker: Worker, pool: ThreadPoolExecutor, run: Run
) -> bytes:
    limit = job["MaxPayloadInMB"] * _MEGABYTE
    if job["TransformInput"].get("SplitType", "None") == "None":
        if len(data) > limit > 0:
            raise ValueError(
                f"it has {len(data)} bytes, more than MaxPayloadInMB allows; SplitType Line "
                "would send it in parts"
            )
        return _post(job, data, worker, run)
    asked = job.get("DataProcessing") or {}
    apart = _takes_apart(asked)
    kind = records.kind_of(job["TransformInput"].get("ContentType")) if apart else ""
    lines = records.split(data)
    parsed = [records.read(line, kind) for line in lines] if apart else []
    path = asked.get("InputFilter", "$")
    if path != "$":
        lines = [records.write(records.select(item, path), kind) for item in parsed]
    single = job["BatchStrategy"] == "SingleRecord"
    batches = list(records.gather(lines, size=limit or len(data) + 1, single=single))
    answers = list(
        pool.map(lambda batch: _post(job, b"\n".join(batch) + b"\n", worker, run), batches)
    )
    if apart:
        return _joined(asked, kind, parsed, batches, answers)
    if job["TransformOutput"].get("AssembleWith", "None") == "None":
        return b"".join(answers)
    return b"".join(answer.rstrip(b"\r\n") + b"\n" for answer in answers)


def _joined(
    asked: Mapping[str, Any],
    kind: str,
    parsed: list[Any],
    batches: list[list[bytes]],
    answers: list[bytes],
) -> bytes:
    """Return one line a record: the prediction, with its record if asked, filtered."""
    found: list[Any] = []
    for batch, answer in zip(batches, answers, strict=True):
        lines = [answer] if kind == "json" and len(batch) == 1 else records.split(answer)
        if len(lines) != len(batch):
            raise ValueError(
                f"the model answered {len(batch)} records with {len(lines)} predictions"
            )
        found += [records.read(line, kind) for line in lines]
    if asked.get("JoinSource") == "Input":
        pairs = zip(parsed, found, strict=True)
        found = [records.join(record, prediction, kind) for record, prediction in pairs]
    path = asked.get("OutputFilter", "$")
    shown = [records.write(records.select(item, path), kind) for item in found]
    return b"".join(line + b"\n" for line in shown)


def _post(job: Mapping[str, Any], body: bytes, worker: Worker, run: Run) -> bytes:
    headers = {}
    if job["TransformInput"].get("ContentType"):
        headers["Content-Type"] = job["TransformInput"]["ContentType"]
    if job["TransformOutput"].get("Accept"):
        headers["Accept"] = job["TransformOutput"]["Accept"]
    config = job.get("ModelClientConfig") or {}
    timeout = float(config.get("InvocationsTimeoutInSeconds", 600))
    for _ in range(config.get("InvocationsMaxRetries", 3) + 1):
        if run.stopping.is_set():
            raise JobFailed("ClientError: the job was stopped")
        try:
            status, _, answer = worker.post("/invocations", body, headers, timeout=timeout)
        except (OSError, http.client.HTTPException) as error:
            raise JobFailed(
                f"ClientError: the container gave no answer: {error!r}"
            ) from None
        if status < 500:
            break
    if status >= 300:
        text = answer[:200].decode("utf-8", "replace")
        raise JobFailed(f"ClientError: the container answered with {status}: {text}")
    return answer


# Begin and end


def recover(site: Site) -> None:
    """Say of the jobs that a server left running that they have failed."""
    for job in site.state.all("TransformJob"):
        if job["TransformJobStatus"] in jobs.RUNNING:
            jobs.settle(
                site,
                "TransformJob",
                job["TransformJobName"],
                "Failed",
                TransformEndTime=site.clock.now(),
                FailureReason="InternalServerError: the server on this machine ended while "
                "the job ran.",
            )


def close(site: Site) -> None:
    """End all jobs at once; the next server says that they failed."""
    for run in list(site.transforms.values()):
        if run.fleet is not None:
            run.fleet.kill()
