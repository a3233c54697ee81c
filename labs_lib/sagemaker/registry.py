"""The model registry: groups of versions, their approval, and the events that it makes."""

from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker import events, images, lineage, packages, tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.models import keep
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation

EVENT = "SageMaker Model Package State Change"


def _made(context: Context) -> dict[str, Any]:
    return {"CreationTime": context.site.clock.now(), "CreatedBy": context.user}


# Groups


def _group(context: Context, name: str) -> dict[str, Any]:
    found = context.site.state.get("ModelPackageGroup", _last(name))
    if found is None:
        arn = context.arn(f"model-package-group/{_last(name)}")
        raise invalid(f"ModelPackageGroup {arn} does not exist.")
    return found


def _last(name: str) -> str:
    """Return the name in an ARN, or the name itself."""
    return name.rpartition("model-package-group/")[2]


def _versions(context: Context, group: str) -> list[dict[str, Any]]:
    every = context.site.state.all("ModelPackage")
    return [p for p in every if p.get("ModelPackageGroupName") == group]


@operation(
    "sagemaker",
    "CreateModelPackageGroup",
    uses="ModelPackageGroupName ModelPackageGroupDescription Tags",
    refuses={"ManagedConfiguration": "there is no storage that SageMaker manages."},
    differs=("A group is Completed at once.",),
)
def create_model_package_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["ModelPackageGroupName"]
    arn = context.arn(f"model-package-group/{name}")
    body = {
        **request,
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": "Completed",
        **_made(context),
        "_LastVersion": 0,
    }
    keep(context, "ModelPackageGroup", "model package group", name, body)
    return {"ModelPackageGroupArn": arn}


@operation("sagemaker", "DescribeModelPackageGroup", uses="ModelPackageGroupName")
def describe_model_package_group(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    return _group(context, request["ModelPackageGroupName"])


@operation("sagemaker", "ListModelPackageGroups", uses=LIST_FIELDS)
def list_model_package_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return listing(
        context.site.state.all("ModelPackageGroup"),
        request,
        key="ModelPackageGroupSummaryList",
        name="ModelPackageGroupName",
        summary=(
            "ModelPackageGroupName",
            "ModelPackageGroupArn",
            "ModelPackageGroupDescription",
            "CreationTime",
            "ModelPackageGroupStatus",
        ),
        order="Ascending",
    )


@operation("sagemaker", "DeleteModelPackageGroup", uses="ModelPackageGroupName")
def delete_model_package_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with context.site.state.transaction():
        group = _group(context, request["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        count = len(_versions(context, name))
        if count:
            raise ApiError(
                "ConflictException",
                f"ModelPackageGroup {group['ModelPackageGroupArn']} cannot be deleted because "
                f"it has {count} model packages. Delete them first.",
            )
        context.site.state.remove("ModelPackageGroup", name)
    return {}


# Packages


def _describe_change(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return the detail of the event about a package."""
    names = (
        "ModelPackageName",
        "ModelPackageGroupName",
        "ModelPackageVersion",
        "ModelPackageArn",
        "ModelPackageDescription",
        "CreationTime",
        "ModelPackageStatus",
        "ModelApprovalStatus",
        "ApprovalDescription",
        "ModelLifeCycle",
        "InferenceSpecification",
        "CustomerMetadataProperties",
    )
    detail = {name: package[name] for name in names if name in package}
    return detail | {"CreationTime": int(package["CreationTime"] * 1000)}


# What an event calls the fields of an update. The names are those of the guide's example.
_UPDATED = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
}


def _announce(
    context: Context, package: Mapping[str, Any], request: Mapping[str, Any] | None = None
) -> None:
    """Send the event about a package: it was made, or changed by the request."""
    detail = _describe_change(package)
    names = {_UPDATED[name]: None for name in request or () if name in _UPDATED}
    if names:
        detail["UpdatedModelPackageFields"] = list(names)
    events.publish(context, EVENT, detail, resources=[package["ModelPackageArn"]])


def _with_etags(context: Context, specification: dict[str, Any]) -> dict[str, Any]:
    """Return the specification with each archive's ETag, once image and archive are found."""
    containers = []
    for given in specification["Containers"]:
        images.find(context.site, given["Image"])
        url, seen = given.get("ModelDataUrl"), {}
        if url is not None:
            found = context.site.objects.find(*split_uri(url))
            if found is None:
                raise invalid(f"Could not find model data at {url}.")
            seen = {"ModelDataETag": found.etag.strip('"')}
        containers.append({**given, **seen})
    return {**specification, "Containers": containers}


_LACKS = {
    "SourceAlgorithmSpecification": "there are no algorithms of the marketplace; give "
    "InferenceSpecification.",
    "ValidationSpecification": "packages are not validated by transform jobs.",
    "CertifyForMarketplace=True": "there is no marketplace.",
    "AdditionalInferenceSpecifications": "give one InferenceSpecification.",
    "InferenceSpecification.Containers[].ModelDataSource": "give the archive in ModelDataUrl.",
    "ManagedStorageType": "there is no storage that SageMaker manages.",
}


@operation(
    "sagemaker",
    "CreateModelPackage",
    uses="ModelPackageName ModelPackageGroupName ModelPackageDescription "
    "ModelApprovalStatus ModelPackageRegistrationType ClientToken Tags "
    "InferenceSpecification.Containers[].Image "
    "InferenceSpecification.Containers[].ModelDataUrl "
    "InferenceSpecification.Containers[].Environment CustomerMetadataProperties "
    "ModelLifeCycle ModelMetrics DriftCheckBaselines",
    refuses=_LACKS,
    differs=(
        "A versioned package without ModelApprovalStatus is PendingManualApproval: an "
        "assumption, the guide does not give the service's default.",
        "A package is Completed at once.",
        "ModelPackageName of a version is GROUP/VERSION in answers.",
        "One container; its image has to be known, its archive to exist.",
        "A version's number is not given again after the version was deleted.",
    ),
)
def create_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
    if (group is None) == (name is None):
        raise invalid(
            "Give either ModelPackageGroupName, for a new version in a group, or "
            "ModelPackageName, for a package without versions."
        )
    if group is None and "ModelApprovalStatus" in request:
        raise invalid(
            "ModelApprovalStatus is for versions of a group; this package has only a name."
        )
    registered = request.get("ModelPackageRegistrationType", "Registered") == "Registered"
    specification = request.get("InferenceSpecification")
    if registered and specification is None:
        raise invalid("InferenceSpecification is missing.")
    if specification is not None:
        if len(specification["Containers"]) > 1:
            raise invalid(
                "CreateModelPackage: several Containers are not carried out by the "
                "SageMaker on this machine; give one."
            )
        specification = _with_etags(context, specification)
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {
        **request,
        "ModelPackageRegistrationType": "Registered" if registered else "Logged",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CertifyForMarketplace": False,
        **_made(context),
    }
    if specification is not None:
        body["InferenceSpecification"] = specification
    state = context.site.state
    with state.transaction():
        again = _made_before(context, request.get("ClientToken"))
        if again is not None:
            return {"ModelPackageArn": again}
        if group is None:
            body["ModelPackageArn"] = context.arn(f"model-package/{name}")
            keep(context, "ModelPackage", "model package", str(name), body)
        else:
            _add_version(context, group, body)
        tags.keep(context, body["ModelPackageArn"], given)
        lineage.of_package(context.site, body)
        _announce(context, body)
    return {"ModelPackageArn": body["ModelPackageArn"]}


def _made_before(context: Context, token: str | None) -> str | None:
    if token is None:
        return None
    every = context.site.state.all("ModelPackage")
    found = (p["ModelPackageArn"] for p in every if p.get("ClientToken") == token)
    return next(found, None)


def _add_version(context: Context, group: str, body: dict[str, Any]) -> None:
    found = _group(context, group)
    name = found["ModelPackageGroupName"]
    version = found["_LastVersion"] + 1
    context.site.state.change("ModelPackageGroup", name, {"_LastVersion": version})
    arn = context.arn(f"model-package/{name}/{version}")
    body |= {
        "ModelPackageName": f"{name}/{version}",
        "ModelPackageGroupName": name,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelApprovalStatus": body.get("ModelApprovalStatus", "PendingManualApproval"),
    }
    context.site.state.add("ModelPackage", f"{name}/{version}", arn, body)


@operation("sagemaker", "DescribeModelPackage", uses="ModelPackageName")
def describe_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return packages.find(context, request["ModelPackageName"])


@operation("sagemaker", "BatchDescribeModelPackage", uses="ModelPackageArnList")
def batch_describe_model_package(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    found, errors = {}, {}
    for arn in request["ModelPackageArnList"]:
        try:
            package = packages.find(context, arn)
        except ApiError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
            continue
        if "InferenceSpecification" not in package or "ModelPackageVersion" not in package:
            text = f"{arn} is no version with an InferenceSpecification."
            errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": text}
            continue
        names = (
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "ModelPackageDescription",
            "CreationTime",
            "InferenceSpecification",
            "ModelPackageStatus",
            "ModelApprovalStatus",
            "ModelPackageRegistrationType",
        )
        found[arn] = {name: package[name] for name in names if name in package}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@operation(
    "sagemaker",
    "ListModelPackages",
    uses=f"{LIST_FIELDS} ModelPackageGroupName ModelApprovalStatus ModelPackageType",
)
def list_model_packages(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = request.get("ModelPackageGroupName")
    if group is not None:
        listed = _versions(context, _group(context, group)["ModelPackageGroupName"])
    else:
        wanted = request.get("ModelPackageType", "Unversioned")
        listed = [
            package
            for package in context.site.state.all("ModelPackage")
            if wanted == "Both"
            or ("ModelPackageVersion" in package) == (wanted == "Versioned")
        ]
    status = request.get("ModelApprovalStatus")
    kept = [p for p in listed if status in (None, p.get("ModelApprovalStatus"))]
    for package in kept:
        # Version 10 comes after version 9.
        first = package.get("ModelPackageGroupName") or package["ModelPackageName"]
        package["_Order"] = f"{first}/{package.get('ModelPackageVersion', 0):09d}"
    return listing(
        kept,
        request,
        key="ModelPackageSummaryList",
        name="_Order",
        summary=(
            "ModelPackageName",
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "ModelPackageDescription",
            "CreationTime",
            "ModelPackageStatus",
            "ModelApprovalStatus",
            "ModelLifeCycle",
            "ModelPackageRegistrationType",
        ),
        order="Ascending",
    )


@operation(
    "sagemaker",
    "UpdateModelPackage",
    uses="ModelPackageArn ModelApprovalStatus ApprovalDescription "
    "CustomerMetadataProperties CustomerMetadataPropertiesToRemove "
    "ModelPackageRegistrationType InferenceSpecification.Containers[].Image "
    "InferenceSpecification.Containers[].ModelDataUrl "
    "InferenceSpecification.Containers[].Environment ModelLifeCycle SourceUri ModelCard",
    refuses={
        "AdditionalInferenceSpecificationsToAdd": "give one InferenceSpecification.",
    },
    differs=(
        "Any approval status may follow any other. Each update makes an event.",
        "UpdatedModelPackageFields of the event names what the request gave, changed or not: "
        "an assumption, the guide only shows the field.",
        "InferenceSpecification can only be added where there is none.",
        "Nobody's permission to approve is checked.",
    ),
)
def update_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    state = context.site.state
    with state.transaction():
        package = packages.find(context, request["ModelPackageArn"])
        if "ModelPackageVersion" not in package and "ModelApprovalStatus" in request:
            raise invalid(
                "ModelApprovalStatus is for versions of a group; "
                f"{package['ModelPackageArn']} has only a name."
            )
        changes: dict[str, Any] = {
            name: request[name]
            for name in (
                "ModelApprovalStatus",
                "ApprovalDescription",
                "ModelPackageRegistrationType",
                "ModelLifeCycle",
                "SourceUri",
                "ModelCard",
            )
            if name in request
        }
        if "InferenceSpecification" in request:
            if "InferenceSpecification" in package:
                raise invalid("The package has an InferenceSpecification; it stays.")
            given = request["InferenceSpecification"]
            changes["InferenceSpecification"] = _with_etags(context, given)
        properties = package.get("CustomerMetadataProperties", {})
        properties |= request.get("CustomerMetadataProperties") or {}
        for key in request.get("CustomerMetadataPropertiesToRemove") or []:
            properties.pop(key, None)
        changes["CustomerMetadataProperties"] = properties or None
        made = _made(context)
        changes["LastModifiedTime"] = made["CreationTime"]
        changes["LastModifiedBy"] = made["CreatedBy"]
        updated = state.change("ModelPackage", package["ModelPackageName"], changes)
        _announce(context, updated or package, request)
    return {"ModelPackageArn": package["ModelPackageArn"]}


@operation(
    "sagemaker",
    "DeleteModelPackage",
    uses="ModelPackageName",
    differs=("Models that were made of it stay, and can still be deployed.",),
)
def delete_model_package(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    package = packages.find(context, request["ModelPackageName"])
    context.site.state.remove("ModelPackage", package["ModelPackageName"])
    return {}
