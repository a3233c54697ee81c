"""Endpoints: models as servers, and the invocations that reach them."""

import http.client
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from labs_lib.sagemaker import archives, images
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.models import container_of, keep, require
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.serving import WORKERS, Serving, Variant
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.workers import Container, Fleet, StartFailed

TIME_LIMIT = 60.0
"""Real seconds that a container has for an answer."""

CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_HEALTH_CHECK = 480
_PING_FAILED = (
    "The primary container for production variant {variant} did not pass the ping health "
    "check. Please check CloudWatch logs for this endpoint. On this machine: {reason}{last}"
)


def group_of(name: str) -> str:
    """Return the log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{name}"


# Operations


def _summary_of(variant: dict[str, Any], *, current: int, image: str, now: float) -> dict:
    wanted, weight = variant["InitialInstanceCount"], variant["InitialVariantWeight"]
    found: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight if current else 0.0,
        "DesiredWeight": weight,
        "CurrentInstanceCount": current,
        "DesiredInstanceCount": wanted,
        "DeployedImages": [
            {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}
        ],
    }
    if "RoutingConfig" in variant:
        found["RoutingConfig"] = variant["RoutingConfig"]
    return found


@operation(
    "sagemaker",
    "CreateEndpoint",
    uses="EndpointName EndpointConfigName Tags",
    differs=(
        f"At most {WORKERS} instances of all endpoints together.",
        "A container that ends before its first ping fails the endpoint at once; AWS starts it "
        "again until the time for the health check is over.",
        "Containers listen on the port in SAGEMAKER_BIND_TO_PORT, not on 8080, and find "
        "`/opt/ml` in the folder SAGEMAKER_BASE_DIR. One that finds its port taken and ends with "
        "exit code 98 is started again with another.",
        "DeploymentConfig has a meaning only for updates, which are not here yet.",
    ),
)
def create_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    config = require(
        context, "EndpointConfig", "endpoint configuration", request["EndpointConfigName"]
    )
    arn, now = context.arn(f"endpoint/{name}"), site.clock.now()
    variants, summaries = config["ProductionVariants"], []
    frozen = []
    for variant in variants:
        model = require(context, "Model", "model", variant["ModelName"])
        container = container_of(model)
        summary = _summary_of(variant, current=0, image=container["Image"], now=now)
        summaries.append({**summary, "VariantStatus": [{"Status": "Creating"}]})
        frozen.append({"Variant": variant, "Container": container})
    workers = sum(variant["InitialInstanceCount"] for variant in variants)
    site.endpoints.reserve(workers)
    try:
        keep(
            context,
            "Endpoint",
            "endpoint",
            name,
            {
                "EndpointName": name,
                "EndpointArn": arn,
                "EndpointConfigName": request["EndpointConfigName"],
                "EndpointStatus": "Creating",
                "CreationTime": now,
                "LastModifiedTime": now,
                "ProductionVariants": summaries,
                "Tags": request.get("Tags"),
                # What it serves stays, whatever becomes of its configuration and models.
                "_Deployed": frozen,
            },
        )
    except BaseException:
        site.endpoints.free(workers)
        raise
    site.run(_bring_up, site, name)
    return {"EndpointArn": arn}


@operation(
    "sagemaker",
    "DescribeEndpoint",
    uses="EndpointName",
    waits_while=lambda answer: answer["EndpointStatus"] in CHANGING,
)
def describe_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return require(context, "Endpoint", "endpoint", request["EndpointName"])


@operation(
    "sagemaker",
    "ListEndpoints",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals",
)
def list_endpoints(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("Endpoint"),
        request,
        key="Endpoints",
        name="EndpointName",
        status="EndpointStatus",
        summary=(
            "EndpointName",
            "EndpointArn",
            "CreationTime",
            "LastModifiedTime",
            "EndpointStatus",
        ),
    )


@operation(
    "sagemaker",
    "DeleteEndpoint",
    uses="EndpointName",
    differs=("An endpoint that is being created or changed cannot be deleted.",),
)
def delete_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    found = require(context, "Endpoint", "endpoint", name)
    changed = site.state.change(
        "Endpoint",
        name,
        {"EndpointStatus": "Deleting", "LastModifiedTime": site.clock.now()},
        only_if=lambda endpoint: endpoint["EndpointStatus"] not in CHANGING,
    )
    if changed is None:
        raise invalid(f'Cannot update in-progress endpoint "{found["EndpointArn"]}".')
    site.run(_take_down, site, name)
    return {}


# What runs


def _workers_of(endpoint: dict[str, Any]) -> int:
    return sum(item["Variant"]["InitialInstanceCount"] for item in endpoint["_Deployed"])


def _bring_up(site: Site, name: str) -> None:
    """Start all workers of an endpoint; it is then InService or Failed."""
    endpoint = site.state.get("Endpoint", name)
    assert endpoint is not None
    variants: list[Variant] = []
    try:
        for item in endpoint["_Deployed"]:
            variants.append(_variant(site, name, item["Variant"], item["Container"]))
        _start_all(site, name, variants)
    except (StartFailed, ValueError, ApiError, OSError) as error:
        for variant in variants:
            variant.fleet.close(site.clock)
            site.endpoints.fleets.discard(variant.fleet)
        site.endpoints.free(_workers_of(endpoint))
        text = error.message if isinstance(error, ApiError) else str(error)
        _settle(site, name, "Failed", FailureReason=text[:1024])
        return
    site.endpoints.serving[name] = Serving(tuple(variants))
    now = site.clock.now()
    summaries = [
        _summary_of(
            item["Variant"],
            current=item["Variant"]["InitialInstanceCount"],
            image=item["Container"]["Image"],
            now=now,
        )
        for item in endpoint["_Deployed"]
    ]
    _settle(site, name, "InService", ProductionVariants=summaries)


def _settle(site: Site, name: str, status: str, **changes: Any) -> None:
    # A server that is ending leaves what it was doing to the next one.
    if site.closing.is_set():
        return
    now = site.clock.now()
    changes = {"EndpointStatus": status, "LastModifiedTime": now, **changes}
    site.state.change("Endpoint", name, changes)


def _start_all(site: Site, name: str, variants: list[Variant]) -> None:
    failures: list[StartFailed] = []

    def start(variant: Variant) -> None:
        try:
            variant.fleet.start()
        except StartFailed as error:
            last = site.logs.last_line(group_of(name), f"{variant.name}/worker-0")
            failures.append(
                StartFailed(
                    _PING_FAILED.format(
                        variant=variant.name, reason=error, last=f"; {last}" if last else ""
                    )
                )
            )

    threads = [threading.Thread(target=start, args=(v,), daemon=True) for v in variants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _variant(
    site: Site, name: str, variant: dict[str, Any], container: dict[str, Any]
) -> Variant:
    """Prepare the folder of a variant and return it, not started yet."""
    folder = site.folder / "endpoints" / f"{name}.{variant['VariantName']}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "model").mkdir(parents=True)
    command, environment = _prepare(site, container, folder)
    group, stream = group_of(name), variant["VariantName"]
    timeout = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _HEALTH_CHECK)
    fleet = Fleet(
        Container(command, folder, environment, float(timeout)),
        variant["InitialInstanceCount"],
        lambda number, line: site.logs.write(group, f"{stream}/worker-{number}", line),
    )
    site.endpoints.fleets.add(fleet)
    strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy")
    return Variant(
        variant["VariantName"],
        variant["InitialVariantWeight"],
        fleet,
        strategy == "RANDOM",
        container["Image"],
    )


def _prepare(
    site: Site, container: dict[str, Any], folder: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Fetch model and code; return the command of a worker and its environment."""
    given = dict(container.get("Environment", {}))
    if container.get("ModelDataUrl"):
        fetch_archive(site, container["ModelDataUrl"], folder / "model")
    runner = images.find(site, container["Image"])
    program = given.get("SAGEMAKER_PROGRAM")
    if program and runner.has_script_mode:
        source = given.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if source.startswith("s3://"):
            fetch_archive(site, source, folder / "code")
        elif (folder / "model" / "code").is_dir():
            shutil.copytree(folder / "model" / "code", folder / "code")
        else:
            raise ValueError(
                "SAGEMAKER_SUBMIT_DIRECTORY names no archive in S3, and the model's archive "
                "has no folder code."
            )
        command = images.script_server()
    elif runner.needs_script:
        raise ValueError(
            f"{runner.name} serves with a script: name it in SAGEMAKER_PROGRAM, its archive in "
            "SAGEMAKER_SUBMIT_DIRECTORY."
        )
    else:
        command = images.require(runner, "serve", container["Image"])
    paths = {
        "SAGEMAKER_BASE_DIR": str(folder),
        "SM_MODEL_DIR": str(folder / "model"),
        "PYTHONUNBUFFERED": "1",
    }
    return command, {**site.environment, **paths, **given}


def fetch_archive(site: Site, uri: str, folder: Path) -> None:
    """Open an archive of S3 into a folder; raise a ValueError if that is not safe."""
    found, file = site.objects.open(*split_uri(uri))
    file.close()
    archives.unpack(found.path, folder, what=uri)


def _take_down(site: Site, name: str) -> None:
    serving = site.endpoints.serving.pop(name, None)
    for variant in serving.variants if serving else ():
        variant.fleet.close(site.clock)
        site.endpoints.fleets.discard(variant.fleet)
    found = site.state.get("Endpoint", name)
    if found is not None and serving is not None:
        site.endpoints.free(_workers_of(found))
    if not site.closing.is_set():
        site.state.remove("Endpoint", name)


# Invocations

_PASSED_ON = {
    "Accept": "Accept",
    "ContentType": "Content-Type",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}


@operation(
    "sagemaker-runtime",
    "InvokeEndpoint",
    uses="EndpointName Body ContentType Accept CustomAttributes TargetVariant InferenceId",
    refuses={
        "TargetModel": "endpoints of many models are not here yet.",
        "TargetContainerHostname": "a model has one container.",
        "EnableExplanations": "endpoints explain nothing.",
        "InferenceComponentName": "there are no inference components.",
        "SessionId": "there are no sessions.",
    },
    differs=(
        "The limit of a body is the guide's 25 MB, not the service model's 6 MB.",
        "A worker that ends while it has a request is answered with ModelError and "
        "OriginalStatusCode 500; the request is not sent again.",
        "Variants are drawn by a generator with a seed: the same requests, the same variants.",
    ),
)
def invoke_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    serving = site.endpoints.serving.get(name)
    if serving is None:
        raise _not_serving(context, name)
    target = request.get("TargetVariant")
    variant = serving.choose(target)
    if variant is None:
        text = f"Variant {target} is not one of" if target else "No variant has a weight in"
        raise ApiError("ValidationError", f"{text} endpoint {name}.")
    headers = {
        header: request[field] for field, header in _PASSED_ON.items() if request.get(field)
    }
    worker = variant.fleet.pick(at_random=variant.at_random, chance=serving.chance)
    if worker is None:
        raise ApiError(
            "ServiceUnavailable",
            f"Variant {variant.name} of endpoint {name} has no worker at this moment.",
            status=503,
        )
    status, begun = 0, time.perf_counter()
    try:
        status, answered, body = worker.post(
            "/invocations", request.get("Body", b""), headers, timeout=TIME_LIMIT
        )
    except TimeoutError:
        raise _model_error(
            context,
            name,
            0,
            "Your invocation timed out while waiting for a response from container primary. "
            "Review the latency metrics for each container in Amazon CloudWatch, resolve the "
            "issue, and try again.",
        ) from None
    except (OSError, http.client.HTTPException):
        raise _model_error(context, name, 500, "The container hung up.") from None
    finally:
        variant.fleet.release(worker)
        ended = time.perf_counter()
        site.metrics.note(
            name,
            variant.name,
            status=status,
            model=ended - begun,
            overhead=begun - context.wire.begun,
            instances=max(1, len(variant.fleet.workers)),
        )
    if not 200 <= status < 300:
        raise _model_error(context, name, status, body.decode("utf-8", "replace"))
    return {
        "Body": body,
        "ContentType": answered.get("Content-Type"),
        "InvokedProductionVariant": variant.name,
        "CustomAttributes": answered.get("X-Amzn-SageMaker-Custom-Attributes"),
    }


def _not_serving(context: Context, name: str) -> ApiError:
    found = context.site.state.get("Endpoint", name)
    if found is None:
        account = context.site.account
        text = f"Endpoint {name} of account {account} not found."
    else:
        text = f"Endpoint {name} is {found['EndpointStatus']}, not InService."
    return ApiError("ValidationError", text)


def _model_error(context: Context, name: str, status: int, text: str) -> ApiError:
    kind = "client" if 400 <= status < 500 else "server"
    region, account = context.region, context.site.account
    url = (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={group_of(name)} in account {account}"
    )
    return ApiError(
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{text[:1024]}". See '
        f"{url} for more information.",
        status=424,
        OriginalStatusCode=status,
        OriginalMessage=text[:1024],
        LogStreamArn=context.arn(f"log-group:{group_of(name)}", "logs"),
    )


# Begin and end


def recover(site: Site) -> None:
    """Bring up again what served, and finish what was being deleted."""
    shutil.rmtree(site.folder / "endpoints", ignore_errors=True)
    for endpoint in site.state.all("Endpoint"):
        name, status = endpoint["EndpointName"], endpoint["EndpointStatus"]
        if status == "Deleting":
            site.state.remove("Endpoint", name)
        elif status != "Failed":
            site.endpoints.reserve(_workers_of(endpoint), limit=None)
            if status == "InService":
                site.state.change("Endpoint", name, {"EndpointStatus": "SystemUpdating"})
            site.run(_bring_up, site, name)


def close(site: Site) -> None:
    """End all workers."""
    fleets = list(site.endpoints.fleets)
    workers = [worker for fleet in fleets for worker in fleet.workers]
    for fleet in fleets:
        fleet.kill()
    for worker in workers:
        worker.process.wait(5.0)
