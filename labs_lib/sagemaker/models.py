"""Models and endpoint configurations: what an endpoint is made of."""

from typing import Any

from labs_lib.sagemaker import capture, images, packages, serverless, tags
from labs_lib.sagemaker.errors import invalid
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation
from labs_lib.sagemaker.state import Taken

_NO_VPC = "There is no network here: VpcConfig and isolation are kept, without effect."


def container_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return a model's one container; one from the registry as its package has it."""
    return model.get("_Container") or _given(model)


def _given(model: dict[str, Any]) -> dict[str, Any]:
    # An empty one is still the one that was given.
    return (
        model["PrimaryContainer"] if "PrimaryContainer" in model else model["Containers"][0]
    )


def keep(context: Context, kind: str, words: str, name: str, body: dict[str, Any]) -> None:
    """Keep a new resource with its tags, or refuse a name that is taken."""
    arn = body[f"{kind}Arn"]
    given = body.pop("Tags", None) or []
    tags.check(given)
    try:
        with context.site.state.transaction():
            context.site.state.add(kind, name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise invalid(f'Cannot create already existing {words} "{arn}".') from None


def require(context: Context, kind: str, words: str, name: str) -> dict[str, Any]:
    """Return a resource, or refuse as SageMaker does where no error is modelled."""
    found = context.site.state.get(kind, name)
    if found is None:
        arn = context.arn(f"{words.replace('uration', '').replace(' ', '-')}/{name}")
        raise invalid(f'Could not find {words} "{arn}".')
    return found


# Models

_CONTAINERS = ("PrimaryContainer", "Containers[]")
_MODEL_LACKS = {
    "ModelDataSource": "give the archive in ModelDataUrl.",
    "AdditionalModelDataSources": "give one archive in ModelDataUrl.",
    "InferenceSpecificationName": "a package has one specification here.",
}


@operation(
    "sagemaker",
    "CreateModel",
    uses="ModelName PrimaryContainer.Image PrimaryContainer.ModelDataUrl "
    "PrimaryContainer.Environment PrimaryContainer.Mode "
    "PrimaryContainer.MultiModelConfig.ModelCacheSetting "
    "Containers[].MultiModelConfig.ModelCacheSetting "
    "PrimaryContainer.ModelPackageName Containers[].Image Containers[].ModelDataUrl "
    "Containers[].Environment Containers[].Mode Containers[].ModelPackageName Tags",
    refuses={f"{at}.{k}": why for at in _CONTAINERS for k, why in _MODEL_LACKS.items()},
    differs=(
        "One container: a pipeline of several is refused.",
        "The archive has to exist when the model is created, those of a container of many when "
        "they are asked for.",
        "A version of a package has to be approved when the model is created; what becomes of "
        "the package later does not matter.",
        "The role is kept; what it may do is not checked.",
        _NO_VPC,
    ),
)
def create_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    containers = request.get("Containers", [])
    if bool(containers) == ("PrimaryContainer" in request):
        raise invalid("Give either PrimaryContainer or Containers.")
    if len(containers) > 1:
        raise invalid(
            "CreateModel: Containers with several members are not carried out by the "
            "SageMaker on this machine; give one."
        )
    container = _given(request)
    package = container.get("ModelPackageName")
    if (package is None) == ("Image" not in container):
        raise invalid(
            "Give either Image or ModelPackageName in the container's definition."
        )
    if package is not None:
        if "ModelDataUrl" in container:
            raise invalid("ModelDataUrl comes from the model package; leave it out.")
        own = packages.container(context, package)
        environment = own.get("Environment", {}) | container.get("Environment", {})
        container = {**container, **own, "Environment": environment}
    runner = images.find(context.site, container["Image"])
    script = container.get("Environment", {}).get("SAGEMAKER_PROGRAM")
    if not (runner.has_script_mode and (script or runner.needs_script)):
        images.require(runner, "serve", container["Image"])
    url = container.get("ModelDataUrl")
    if container.get("Mode") == "MultiModel":
        if url is None:
            raise invalid("ModelDataUrl is missing: a prefix under which the models are.")
        split_uri(url)
    elif "MultiModelConfig" in container:
        raise invalid("MultiModelConfig is for a container whose Mode is MultiModel.")
    elif url is not None and context.site.objects.find(*split_uri(url)) is None:
        raise invalid(f"Could not find model data at {url}.")
    name = request["ModelName"]
    arn = context.arn(f"model/{name}")
    body = {**request, "ModelArn": arn, "CreationTime": context.site.clock.now()}
    if package is not None:
        body["_Container"] = container
    keep(context, "Model", "model", name, body)
    return {"ModelArn": arn}


@operation("sagemaker", "DescribeModel", uses="ModelName")
def describe_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = require(context, "Model", "model", request["ModelName"])
    return {"EnableNetworkIsolation": False, **found}


@operation("sagemaker", "ListModels", uses=LIST_FIELDS)
def list_models(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("Model"),
        request,
        key="Models",
        name="ModelName",
        summary=("ModelName", "ModelArn", "CreationTime"),
    )


@operation(
    "sagemaker",
    "DeleteModel",
    uses="ModelName",
    differs=("A model in use may be deleted: endpoints have their own copy.",),
)
def delete_model(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    require(context, "Model", "model", request["ModelName"])
    context.site.state.remove("Model", request["ModelName"])
    return {}


# Endpoint configurations

_VARIANT_LACKS = {
    "ManagedInstanceScaling": "there is no scaling of instances without their model.",
    "InstancePools": "there are no pools of instances.",
    "RoutingConfig.RoutingStrategy=PREFIX_AWARE": "nothing caches prefixes.",
    "RoutingConfig.RoutingStrategy=KV_AWARE": "nothing caches keys.",
}


@operation(
    "sagemaker",
    "CreateEndpointConfig",
    uses="EndpointConfigName ProductionVariants[].VariantName "
    "ProductionVariants[].ModelName ProductionVariants[].InitialInstanceCount "
    "ProductionVariants[].InitialVariantWeight "
    "ProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds "
    "ProductionVariants[].RoutingConfig ProductionVariants[].ServerlessConfig "
    "ShadowProductionVariants[].VariantName "
    "ShadowProductionVariants[].ModelName ShadowProductionVariants[].InitialInstanceCount "
    "ShadowProductionVariants[].InitialVariantWeight "
    "ShadowProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds "
    "ShadowProductionVariants[].RoutingConfig AsyncInferenceConfig.ClientConfig "
    "DataCaptureConfig.EnableCapture DataCaptureConfig.InitialSamplingPercentage "
    "DataCaptureConfig.DestinationS3Uri DataCaptureConfig.CaptureOptions "
    "DataCaptureConfig.CaptureContentTypeHeader "
    "AsyncInferenceConfig.OutputConfig.S3OutputPath "
    "AsyncInferenceConfig.OutputConfig.S3FailurePath Tags",
    refuses={
        **{
            f"{kind}.{field}": reason
            for kind in ("ProductionVariants[]", "ShadowProductionVariants[]")
            for field, reason in _VARIANT_LACKS.items()
        },
        "ShadowProductionVariants[].ServerlessConfig": "a serverless variant is the only one.",
        "ExplainerConfig": "endpoints explain nothing.",
    },
    differs=(
        "An instance is one process; its type is kept, without effect.",
        "A variant needs a model: inference components are not here.",
        "A serverless variant's memory is kept, without effect. Each of its workers has one "
        "request at a time and ends when it has had none for 5 minutes on the clock; AWS does not "
        "say how long it keeps one.",
        "A shadow variant gets copies of as many of the requests as its weight is of the "
        "production variant's, at most all; copies that cannot be made at once are left out.",
        "Of data capture: answers with success are captured, each variant's as an object a second "
        "whose hour is the clock's; AWS gathers for longer. A kill loses what the last second "
        "captured. Which requests are drawn is decided by a generator with a seed. Without "
        "CaptureContentTypeHeader everything is in base64. The bucket has to exist. Answers of "
        "streams and of asynchronous endpoints are not captured.",
        "Nobody is notified of asynchronous results: there is no SNS.",
        _NO_VPC,
    ),
)
def create_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointConfigName"]
    shadows = request.get("ShadowProductionVariants", [])
    variants = [*request["ProductionVariants"], *shadows]
    given = [variant["VariantName"] for variant in variants]
    if len(set(given)) < len(given):
        raise invalid(f"Production variant names must be unique: {', '.join(given)}.")
    for variant in variants:
        needed = ["ModelName"]
        if "ServerlessConfig" not in variant:
            needed += ["InitialInstanceCount", "InstanceType"]
        for field in needed:
            if field not in variant:
                raise invalid(f"{field} is missing in variant {variant['VariantName']}.")
        model = require(context, "Model", "model", variant["ModelName"])
        if container_of(model).get("Mode") == "MultiModel":
            _check_many(variant, request)
    serverless.check(variants, request)
    if "DataCaptureConfig" in request:
        capture.check(context.site, request["DataCaptureConfig"])
    output = request.get("AsyncInferenceConfig", {}).get("OutputConfig")
    if output is not None:
        if "S3OutputPath" not in output:
            raise invalid("S3OutputPath is missing in OutputConfig: results go there.")
        for field in ("S3OutputPath", "S3FailurePath"):
            if field in output:
                split_uri(output[field])
    arn = context.arn(f"endpoint-config/{name}")
    filled: dict[str, Any] = {
        kind: [{"InitialVariantWeight": 1.0, **variant} for variant in request[kind]]
        for kind in ("ProductionVariants", "ShadowProductionVariants")
        if kind in request
    }
    body = {
        **request,
        **filled,
        "EndpointConfigArn": arn,
        "CreationTime": context.site.clock.now(),
    }
    keep(context, "EndpointConfig", "endpoint configuration", name, body)
    return {"EndpointConfigArn": arn}


def _check_many(variant: dict[str, Any], request: dict[str, Any]) -> None:
    given = [field for field in ("AsyncInferenceConfig",) if field in request]
    given += [field for field in ("ServerlessConfig",) if field in variant]
    if given:
        raise invalid(
            f"The model of variant {variant['VariantName']} is a container of many models: "
            f"leave out {given[0]}."
        )


@operation("sagemaker", "DescribeEndpointConfig", uses="EndpointConfigName")
def describe_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointConfigName"]
    return require(context, "EndpointConfig", "endpoint configuration", name)


@operation("sagemaker", "ListEndpointConfigs", uses=LIST_FIELDS)
def list_endpoint_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("EndpointConfig"),
        request,
        key="EndpointConfigs",
        name="EndpointConfigName",
        summary=("EndpointConfigName", "EndpointConfigArn", "CreationTime"),
    )


@operation("sagemaker", "DeleteEndpointConfig", uses="EndpointConfigName")
def delete_endpoint_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointConfigName"]
    require(context, "EndpointConfig", "endpoint configuration", name)
    context.site.state.remove("EndpointConfig", name)
    return {}
