"""The modules of operations, and what they do when a server begins and ends.

A module that holds operations is imported here. One that runs something has `recover`, called
once by the owner of a folder, and `close`. `CONTROL` are the requests of `Local`.
"""

from collections.abc import Callable
from typing import Any

from labs_lib.clock import seconds_of
from labs_lib.sagemaker import (
    asynchronous,
    capture,
    cloudwatch,
    dynamodb,
    dynamodb_streams,
    endpoints,
    events,
    feature_store,
    groups,
    images,
    invocations,
    kinesis,
    lineage,
    logs,
    models,
    monitoring,
    processing,
    queues,
    registry,
    request_rates,
    rollouts,
    s3,
    s3_settings,
    scaling,
    step_functions,
    streams,
    sts,
    tags,
    training,
    transform,
    tuning,
)
from labs_lib.sagemaker.pipelines import requests as pipelines
from labs_lib.sagemaker.site import Site

MODULES = (
    s3,
    s3_settings,
    sts,
    tags,
    logs,
    cloudwatch,
    models,
    capture,
    endpoints,
    rollouts,
    invocations,
    streams,
    asynchronous,
    scaling,
    training,
    tuning,
    processing,
    monitoring,
    transform,
    queues,
    kinesis,
    step_functions,
    events,
    registry,
    groups,
    lineage,
    feature_store,
    dynamodb,
    dynamodb_streams,
    pipelines,
)


def recover(site: Site) -> None:
    """Put right what the last server of the folder left when it ended."""
    for module in MODULES:
        if hasattr(module, "recover"):
            module.recover(site)


def close(site: Site) -> None:
    """End everything that runs."""
    for module in reversed(MODULES):
        if hasattr(module, "close"):
            module.close(site)


def _clock(site: Site, asked: dict[str, Any]) -> dict[str, Any]:
    return {"now": site.clock.step(seconds_of(asked, "step"))}


CONTROL: dict[str, Callable[[Site, dict[str, Any]], dict[str, Any]]] = {
    "/clock": _clock,
    "/register": images.register,
    "/interrupt": training.interrupt,
    "/request-rates": request_rates.limit,
}
