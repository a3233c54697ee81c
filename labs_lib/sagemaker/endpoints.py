"""Endpoints: models as servers, from their creation to their end."""

import shutil
from typing import Any

from labs_lib.sagemaker import rollouts
from labs_lib.sagemaker.deployments import (
    CHANGING,
    count_of,
    end_group,
    freeze,
    instances,
    make_group,
    settle,
    start_group,
)
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.models import keep, require
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.serving import WORKERS, Serving
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.workers import StartFailed


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
        "DeploymentConfig is kept for an update with RetainDeploymentConfig.",
    ),
)
def create_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    config = require(
        context, "EndpointConfig", "endpoint configuration", request["EndpointConfigName"]
    )
    arn, now = context.arn(f"endpoint/{name}"), site.clock.now()
    items = freeze(context, config)
    rollouts.check_policy(context, request.get("DeploymentConfig"), items)
    workers = sum(map(count_of, items))
    body = {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": request["EndpointConfigName"],
        "EndpointStatus": "Creating",
        "CreationTime": now,
        "LastModifiedTime": now,
        **rollouts.variants_of(items, now=now, counts={}, status="Creating"),
        "LastDeploymentConfig": request.get("DeploymentConfig"),
        "AsyncInferenceConfig": config.get("AsyncInferenceConfig"),
        "Tags": request.get("Tags"),
        "_Deployed": items,
        "_Number": 0,
    }
    body = {key: value for key, value in body.items() if value is not None}
    site.endpoints.reserve(workers)
    try:
        keep(context, "Endpoint", "endpoint", name, body)
    except BaseException:
        site.endpoints.free(workers)
        raise
    site.run(_bring_up, site, name)
    return {"EndpointArn": arn}


@operation(
    "sagemaker",
    "DescribeEndpoint",
    uses="EndpointName",
    differs=(
        "CurrentWeight is the variant's weight times the share of the traffic that its "
        "configuration has at that moment.",
        "PendingDeploymentSummary is there while an endpoint is updated, not while it is created.",
    ),
    waits_while=lambda endpoint: endpoint["EndpointStatus"] in CHANGING,
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


def _bring_up(site: Site, name: str) -> None:
    """Start all workers of an endpoint; it is then InService or Failed."""
    endpoint = site.state.get("Endpoint", name)
    assert endpoint is not None
    items = endpoint["_Deployed"]
    group = None
    try:
        group = make_group(
            site, name, items, counts=instances(items), deployment=endpoint["_Number"]
        )
        start_group(site, name, group)
    except Exception as error:
        if group is not None:
            end_group(site, group)
        site.endpoints.free(sum(map(count_of, items)))
        text = error.message if isinstance(error, ApiError) else str(error)
        settle(site, name, "Failed", FailureReason=text[:1024])
        if isinstance(error, StartFailed | ValueError | ApiError | OSError):
            return
        raise  # a fault of ours: nobody waits for the endpoint, and the log says why
    waits = "AsyncInferenceConfig" in endpoint
    site.endpoints.serving[name] = Serving((group,), waits)
    variants = rollouts.variants_of(items, now=site.clock.now(), counts=instances(items))
    settle(site, name, "InService", **variants)


def _take_down(site: Site, name: str) -> None:
    serving = site.endpoints.serving.pop(name, None)
    for group in serving.groups if serving else ():
        end_group(site, group)
    found = site.state.get("Endpoint", name)
    if found is not None and serving is not None:
        site.endpoints.free(rollouts.reserved(found))
    if not site.closing.is_set():
        site.state.remove("Endpoint", name)


# Begin and end


def recover(site: Site) -> None:
    """Bring up again what served, go on with what was changing, finish what was deleted."""
    shutil.rmtree(site.folder / "endpoints", ignore_errors=True)
    for endpoint in site.state.all("Endpoint"):
        name, status = endpoint["EndpointName"], endpoint["EndpointStatus"]
        if status == "Deleting":
            site.state.remove("Endpoint", name)
        elif status != "Failed":
            site.endpoints.reserve(rollouts.reserved(endpoint), limit=None)
            if "_Rollout" in endpoint:
                site.run(rollouts.go_on, site, name)
                continue
            if status == "InService":
                site.state.change("Endpoint", name, {"EndpointStatus": "SystemUpdating"})
            site.run(_bring_up, site, name)


def close(site: Site) -> None:
    """End all workers."""
    fleets = list(site.endpoints.fleets)
    workers = [worker for fleet in fleets for worker in (*fleet.workers, *fleet.leaving)]
    for fleet in fleets:
        fleet.kill()
    for worker in workers:
        worker.process.wait(5.0)
