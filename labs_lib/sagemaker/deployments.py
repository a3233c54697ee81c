"""What an endpoint is made of while it runs: variants from configurations, with their fleets."""

import itertools
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labs_lib.sagemaker import archives, images, lineage, serverless
from labs_lib.sagemaker.many_models import ManyModels
from labs_lib.sagemaker.models import container_of, require
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import Context
from labs_lib.sagemaker.serving import Group, Variant
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.workers import Container, Fleet, StartFailed

CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_HEALTH_CHECK = 480
_PING_FAILED = (
    "The primary container for production variant {variant} did not pass the ping health "
    "check. Please check CloudWatch logs for this endpoint. On this machine: {reason}{last}"
)
_FOLDERS = itertools.count()

Item = dict[str, Any]
"""A variant of a configuration, as an endpoint keeps it, with its model's container."""


def group_of(name: str) -> str:
    """Return the log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{name}"


def freeze(context: Context, config: Mapping[str, Any]) -> list[Item]:
    """Return what a configuration stands for now.

    It stays, whatever becomes of the configuration and its models.
    """
    items = []
    for kind in ("ProductionVariants", "ShadowProductionVariants"):
        for variant in config.get(kind, []):
            model = require(context, "Model", "model", variant["ModelName"])
            item = {"Variant": variant, "Container": container_of(model)}
            item["Config"] = config["EndpointConfigName"]
            if kind == "ShadowProductionVariants":
                item["Shadow"] = True
            if "DataCaptureConfig" in config:
                item["Capture"] = config["DataCaptureConfig"]
            items.append(item)
    return items


def count_of(item: Item) -> int:
    """Return how many instances a variant should have; serverless, for how many there is room."""
    config = serverless.config_of(item["Variant"])
    if config is not None:
        return config.get("ProvisionedConcurrency", 1)
    return item["Variant"]["InitialInstanceCount"]


def instances(items: list[Item]) -> dict[str, int]:
    """Return how many instances each variant should have."""
    return {item["Variant"]["VariantName"]: count_of(item) for item in items}


def summaries(
    items: list[Item],
    *,
    counts: Mapping[str, int],
    share: float,
    now: float,
    status: Mapping[str, Any] | None = None,
    shadow: bool = False,
) -> list[dict[str, Any]]:
    """Return what DescribeEndpoint says of the variants of one configuration.

    Parameters
    ----------
    items : list of dict
    counts : mapping
        Instances that run, by variant.
    share : float
        Of the traffic, from 0 to 1.
    now : float
    status : mapping, optional
        A ``ProductionVariantStatus``.
    shadow : bool
        Whether the shadow variants are asked for.
    """
    found = []
    for item in items:
        if bool(item.get("Shadow")) != shadow:
            continue
        variant, image = item["Variant"], item["Container"]["Image"]
        weight = variant["InitialVariantWeight"]
        current = counts.get(variant["VariantName"], 0)
        summary = {
            "VariantName": variant["VariantName"],
            "CurrentWeight": weight * share if current else 0.0,
            "DesiredWeight": weight,
            "DeployedImages": [
                {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}
            ],
        }
        config = serverless.config_of(variant)
        if config is None:
            summary |= {
                "CurrentInstanceCount": current,
                "DesiredInstanceCount": count_of(item),
            }
        else:
            summary |= {
                "CurrentServerlessConfig": config,
                "DesiredServerlessConfig": config,
            }
        if "RoutingConfig" in variant:
            summary["RoutingConfig"] = variant["RoutingConfig"]
        if status is not None:
            summary["VariantStatus"] = [dict(status)]
        found.append(summary)
    return found


def settle(site: Site, name: str, status: str, **changes: Any) -> None:
    """Say what an endpoint is from now on; None takes a member away."""
    # A server that is ending leaves what it was doing to the next one.
    if site.closing.is_set():
        return
    now = site.clock.now()
    changes = {"EndpointStatus": status, "LastModifiedTime": now, **changes}
    # Whoever sees that the endpoint serves finds its lineage too.
    with site.state.transaction():
        endpoint = site.state.change("Endpoint", name, changes)
        if endpoint is not None and status == "InService":
            containers = [item["Container"] for item in endpoint["_Deployed"]]
            lineage.of_endpoint(site, endpoint, containers)


def make_group(
    site: Site,
    name: str,
    items: list[Item],
    *,
    counts: Mapping[str, int],
    deployment: int,
    share: float = 1.0,
) -> Group:
    """Prepare the variants of a configuration: their folders and fleets, not started yet."""
    made: list[Variant] = []
    try:
        for item in items:
            count = counts[item["Variant"]["VariantName"]]
            made.append(_variant(site, name, item, count, deployment))
    except BaseException:
        for variant in made:
            end(site, variant)
        raise
    pairs = list(zip(items, made, strict=True))
    return Group(
        share,
        tuple(variant for item, variant in pairs if not item.get("Shadow")),
        tuple(variant for item, variant in pairs if item.get("Shadow")),
    )


def end(site: Site, variant: Variant) -> None:
    """End a variant, when it has answered what it was asked."""
    variant.fleet.close(site.clock)
    site.endpoints.fleets.discard(variant.fleet)


def end_group(site: Site, group: Group) -> None:
    """End the variants of a group, all at a time."""
    threads = [
        threading.Thread(target=end, args=(site, variant), daemon=True)
        for variant in (*group.variants, *group.shadows)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resize(site: Site, name: str, group: Group, counts: Mapping[str, int]) -> None:
    """Give the variants of a group as many workers as they should have.

    Raises
    ------
    StartFailed
        If one cannot be started; its fleet has then as many as before.
    """
    _for_all(
        site,
        name,
        group,
        lambda variant: variant.fleet.resize(counts[variant.name], site.clock),
    )


def start_group(site: Site, name: str, group: Group) -> None:
    """Start all workers of a group; raise `StartFailed` if one fails."""
    _for_all(site, name, group, lambda variant: variant.fleet.start())


def _for_all(site: Site, name: str, group: Group, call: Callable[[Variant], None]) -> None:
    failures: list[StartFailed] = []

    def start(variant: Variant) -> None:
        try:
            call(variant)
        except StartFailed as error:
            last = site.logs.last_line(group_of(name), f"{variant.stream}{error.number}")
            failures.append(
                StartFailed(
                    _PING_FAILED.format(
                        variant=variant.name, reason=error, last=f"; {last}" if last else ""
                    )
                )
            )

    threads = [
        threading.Thread(target=start, args=(variant,), daemon=True)
        for variant in (*group.variants, *group.shadows)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _variant(site: Site, name: str, item: Item, count: int, deployment: int) -> Variant:
    """Prepare the folder of a variant and return it, not started yet."""
    variant, container = item["Variant"], item["Container"]
    folder = site.folder / "endpoints" / f"{name}.{variant['VariantName']}.{next(_FOLDERS)}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "model").mkdir(parents=True)
    command, environment = prepare(site, container, folder)
    stream = f"{variant['VariantName']}/worker-"
    if deployment:
        stream += f"{deployment}."
    timeout = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _HEALTH_CHECK)
    group = group_of(name)
    started = Container(command, folder, environment, float(timeout))

    def on_line(number: int, line: str) -> None:
        site.logs.write(group, f"{stream}{number}", line)

    config = serverless.config_of(variant)
    if config is None:
        fleet = Fleet(started, count, on_line)
    else:
        fleet = serverless.ServerlessFleet(
            started,
            count,
            on_line,
            provisioned=config.get("ProvisionedConcurrency", 0),
            most=config["MaxConcurrency"],
            clock=site.clock,
            more=lambda: site.endpoints.reserve(1),
            less=site.endpoints.free,
            on_setup=lambda seconds: site.metrics.note_setup(
                name, variant["VariantName"], seconds
            ),
        )
    site.endpoints.fleets.add(fleet)
    strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy")
    return Variant(
        variant["VariantName"],
        # What an older version kept has no name of its configuration.
        item.get("Config", ""),
        variant["InitialVariantWeight"],
        fleet,
        strategy == "RANDOM",
        container["Image"],
        stream,
        item.get("Capture"),
        _many(site, name, item, folder),
    )


def _many(site: Site, name: str, item: Item, folder: Path) -> ManyModels | None:
    container = item["Container"]
    if container.get("Mode") != "MultiModel":
        return None
    variant = item["Variant"]["VariantName"]
    setting = container.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
    return ManyModels(
        site.objects,
        site.metrics,
        dimensions=(("EndpointName", name), ("VariantName", variant)),
        uri=container["ModelDataUrl"],
        folder=folder / "models",
        keeps=setting == "Enabled",
    )


def prepare(
    site: Site, container: dict[str, Any], folder: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Fetch model and code; return the command of a worker and its environment."""
    given = dict(container.get("Environment", {}))
    many = container.get("Mode") == "MultiModel"
    if container.get("ModelDataUrl") and not many:
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
    if many:
        paths["SAGEMAKER_MULTI_MODEL"] = "true"
    return command, {**site.environment, **paths, **given}


def fetch_archive(site: Site, uri: str, folder: Path) -> None:
    """Open an archive of S3 into a folder; raise a ValueError if that is not safe."""
    found, file = site.objects.open(*split_uri(uri))
    file.close()
    archives.unpack(found.path, folder, what=uri)
