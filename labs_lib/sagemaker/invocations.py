"""Invocations: requests that reach the workers of an endpoint."""

import http.client
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from labs_lib.sagemaker.capture import captures_of
from labs_lib.sagemaker.deployments import group_of
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.many_models import NotLoaded
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.serverless import BODY_LIMIT, ServerlessFleet
from labs_lib.sagemaker.serving import Group, Serving, Variant
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.workers import StartFailed, Worker

TIME_LIMIT = 60.0
"""Real seconds that a container has for an answer."""

TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_PASSED_ON = {
    "Accept": "Accept",
    "ContentType": "Content-Type",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}
LACKS = {
    "TargetContainerHostname": "a model has one container.",
    "InferenceComponentName": "there are no inference components.",
    "SessionId": "there are no sessions.",
}


@operation(
    "sagemaker-runtime",
    "InvokeEndpoint",
    uses="EndpointName Body ContentType Accept CustomAttributes TargetVariant TargetModel "
    "InferenceId",
    refuses={
        **LACKS,
        "EnableExplanations": "endpoints explain nothing.",
    },
    differs=(
        "The limit of a body is the guide's 25 MB, not the service model's 6 MB.",
        "A worker that ends while it has a request is answered with ModelError and "
        "OriginalStatusCode 500; the request is not sent again.",
        "Variants are drawn by a generator with a seed: the same requests, the same variants.",
        "Reported are Invocations, InvocationsPerInstance, Invocation4XXErrors, "
        "Invocation5XXErrors, InvocationModelErrors, ModelLatency and OverheadLatency, when the "
        "request ends. No answer in time is an InvocationModelErrors alone. What an instance uses "
        "(CPUUtilization and so on) is not measured.",
        "Each of these is reported twice, without and with the dimension EndpointConfigName. AWS's "
        "guide (deployment-guardrails-configuration) says that it is there once the new instances "
        "of an update get traffic, and shows it for ModelLatency.",
        "Of many models in a container: a model is fetched and loaded by its first request, which "
        "waits for it, at a worker that has it loaded if there is one. When the container answers "
        "507, the model that was asked for longest ago is unloaded, until it fits; AWS says only "
        "`unused models`. A model stays as it was fetched until the endpoint's variant ends, "
        "also when its object is replaced or deleted. Built-in containers answer 507 when the "
        "files of their models have together more than LOCAL_MODEL_MEMORY_BYTES of their "
        "environment. Shadow variants get no copies. LoadedModelCount has the endpoint's other "
        "metrics' namespace.",
        "An asynchronous endpoint takes InvokeEndpointAsync only.",
        "A serverless endpoint whose workers are all busy answers ThrottlingException, also when "
        "this machine has no room for another one; such requests are in no metric. A cold start "
        "counts as OverheadLatency, and ModelSetupTime is reported.",
    ),
)
def invoke_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    headers, body = headers_of(request), request.get("Body", b"")
    serving, model = serving_of(context, name), request.get("TargetModel")
    group, variant, worker = take(
        name, serving, request.get("TargetVariant"), len(body), model
    )
    if group.shadows:
        _copy(site, name, serving, group, variant, body, headers, request)
    status, begun = 0, time.perf_counter()
    try:
        if variant.many is not None and model is not None:
            status, answered, found = variant.many.invoke(
                worker, model, body, headers, timeout=TIME_LIMIT
            )
        else:
            status, answered, found = worker.post(
                "/invocations", body, headers, timeout=TIME_LIMIT
            )
    except NotLoaded as error:
        status = error.status
        raise model_error(context, name, status, error.message) from None
    except TimeoutError:
        raise model_error(context, name, 0, TIMED_OUT) from None
    except (OSError, http.client.HTTPException):
        status = 500
        raise model_error(context, name, 500, "The container hung up.") from None
    finally:
        give_back(
            site,
            name,
            variant,
            worker,
            status=status,
            begun=begun,
            arrived=context.wire.begun,
        )
    if not 200 <= status < 300:
        raise model_error(context, name, status, found.decode("utf-8", "replace"))
    kind = answered.get("Content-Type")
    if variant.capture is not None:
        _capture(site, name, variant, request, body, (kind or "", found))
    return {
        "Body": found,
        "ContentType": kind,
        "InvokedProductionVariant": variant.name,
        "CustomAttributes": answered.get("X-Amzn-SageMaker-Custom-Attributes"),
    }


def _capture(
    site: Site,
    name: str,
    variant: Variant,
    request: Mapping[str, Any],
    body: bytes,
    answered: tuple[str, bytes],
) -> None:
    assert variant.capture is not None
    captures_of(site).note(
        name,
        variant.name,
        variant.capture,
        asked=(request.get("ContentType", ""), body),
        answered=answered,
        inference=request.get("InferenceId"),
    )


def headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that a container gets of a request."""
    return {
        header: request[field] for field, header in _PASSED_ON.items() if request.get(field)
    }


def serving_of(context: Context, name: str, *, waits: bool = False) -> Serving:
    """Return what serves for an endpoint, or refuse.

    Parameters
    ----------
    context : Context
    name : str
    waits : bool
        Whether the request is an asynchronous one.
    """
    serving = context.site.endpoints.serving.get(name)
    if serving is None:
        raise _not_serving(context, name)
    if serving.waits != waits:
        kind = "asynchronous" if serving.waits else "not asynchronous"
        call = "InvokeEndpointAsync" if serving.waits else "InvokeEndpoint"
        raise ApiError("ValidationError", f"Endpoint {name} is {kind}. Use {call}.")
    return serving


def take(
    name: str,
    serving: Serving,
    target: str | None,
    size: int = 0,
    model: str | None = None,
) -> tuple[Group, Variant, Worker]:
    """Return a worker for a request, with its variant and group; give it back afterwards.

    Parameters
    ----------
    name : str
        Of the endpoint.
    serving : Serving
    target : str, optional
        The variant that is wanted.
    size : int
        Bytes of the request.
    model : str, optional
        One of many models of the container: a worker that has it loaded is preferred.
    """
    while True:
        groups = serving.groups
        chosen = serving.choose(groups, target)
        if chosen is None:
            text = (
                f"Variant {target} is not one of"
                if target
                else "No variant has a weight in"
            )
            raise ApiError("ValidationError", f"{text} endpoint {name}.")
        group, variant = chosen
        if (model is None) != (variant.many is None):
            verb = "needs" if model is None else "takes no"
            text = f"Variant {variant.name} of endpoint {name} {verb} TargetModel."
            raise ApiError("ValidationError", text)
        if isinstance(variant.fleet, ServerlessFleet) and size > BODY_LIMIT:
            text = f"The body has {size} bytes; a serverless endpoint takes {BODY_LIMIT}."
            raise ApiError("ValidationError", text)
        try:
            worker = variant.fleet.pick(
                at_random=variant.at_random,
                chance=serving.chance,
                wanted=_has(variant, model),
            )
        except StartFailed as error:
            text = f"Variant {variant.name} of endpoint {name} could not start: {error}."
            raise ApiError("ServiceUnavailable", text, status=503) from None
        if worker is not None:
            return group, variant, worker
        # In between, a rollout may have ended the variant; another serves then.
        if serving.groups is groups:
            if isinstance(variant.fleet, ServerlessFleet):
                raise variant.fleet.throttled(name)
            raise ApiError(
                "ServiceUnavailable",
                f"Variant {variant.name} of endpoint {name} has no worker at this moment.",
                status=503,
            )


def _has(variant: Variant, model: str | None) -> Callable[[Worker], bool] | None:
    many = variant.many
    if many is None or model is None:
        return None
    return lambda worker: many.has(worker, model)


def give_back(
    site: Site,
    name: str,
    variant: Variant,
    worker: Worker,
    *,
    status: int,
    begun: float,
    arrived: float,
) -> None:
    """Say that a worker has answered, and note how long it took.

    Parameters
    ----------
    site, name, variant, worker
    status : int
        What it answered; 0 if it did not.
    begun, arrived : float
        When it was asked, and when the request came, by `time.perf_counter`.
    """
    variant.fleet.release(worker)
    site.metrics.note(
        name,
        variant.name,
        variant.config,
        status=status,
        model=time.perf_counter() - begun,
        overhead=begun - arrived,
        instances=max(1, len(variant.fleet.workers)),
    )


# Shadows


class Copies:
    """Makes copies of requests for shadow variants, a few at a time."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple] = queue.Queue(maxsize=64)
        for _ in range(4):
            threading.Thread(target=self._run, daemon=True).start()

    def add(self, *copy: Any) -> None:
        """Make a copy soon, or never if too many wait: users come first."""
        if not self._waiting.full():
            self._waiting.put(copy)

    def _run(self) -> None:
        while True:
            site, name, serving, variant, body, headers, request = self._waiting.get()
            worker = variant.fleet.pick(at_random=variant.at_random, chance=serving.chance)
            if worker is None:
                continue
            status, begun = 0, time.perf_counter()
            try:
                status, answered, found = worker.post(
                    "/invocations", body, headers, timeout=TIME_LIMIT
                )
                if variant.capture is not None and 200 <= status < 300:
                    kind = answered.get("Content-Type", "")
                    _capture(site, name, variant, request, body, (kind, found))
            except (OSError, http.client.HTTPException):
                status = 500
            finally:
                give_back(
                    site, name, variant, worker, status=status, begun=begun, arrived=begun
                )


def _copy(
    site: Site,
    name: str,
    serving: Serving,
    group: Group,
    variant: Variant,
    body: bytes,
    headers: dict[str, str],
    request: Mapping[str, Any],
) -> None:
    for shadow in group.shadows:
        if shadow.many is None and serving.chance.random() * variant.weight < shadow.weight:
            if site.copies is None:
                site.copies = Copies()
            site.copies.add(site, name, serving, shadow, body, headers, request)


# Errors


def _not_serving(context: Context, name: str) -> ApiError:
    found = context.site.state.get("Endpoint", name)
    if found is None:
        account = context.site.account
        text = f"Endpoint {name} of account {account} not found."
    else:
        text = f"Endpoint {name} is {found['EndpointStatus']}, not InService."
    return ApiError("ValidationError", text)


def model_error(context: Context, name: str, status: int, text: str) -> ApiError:
    """Return the error for a request that the container did not answer with success."""
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
